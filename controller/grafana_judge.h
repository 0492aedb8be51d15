/*
 * What a look at Grafana says of one datasource, and what is sent to it: pure.
 *
 * Ours have jsonData.binnacle = {owner, hash, version, secrets, keys}: Grafana keeps and
 * shows it, and its forms leave it alone.  `version` is the one that our write makes, so
 * another one tells that somebody wrote since, be it only a secret.
 */
#ifndef BNC_CONTROLLER_GRAFANA_JUDGE_H
#define BNC_CONTROLLER_GRAFANA_JUDGE_H

#include "controller/grafana.h"
#include "lib/json.h"

#define BNC_GAPI_TAG  "binnacle" /* of our dashboards */
#define BNC_GAPI_HASH 17         /* 16 digits and the end */

/* What our mark in a datasource says; borrowed from its tree. */
struct bnc_gapi_mark {
    const char *owner; /* NULL: it has none */
    const char *hash;  /* of the body that was written */
    const char *secrets;
    int64_t version; /* 0: not told */
    const cJSON *keys;
};
struct bnc_gapi_mark bnc_gapi_mark_of(const cJSON *live);

/* Give a dashboard a tag, unless it has it. */
void bnc_gapi_add_tag(struct bnc_arena *arena, cJSON *model, const char *tag);

/*
 * The body as it is compared and sent: keys sorted, uid, name and access set (a
 * dashboard: uid, title and our tag), none that Grafana or secrets are for. Owns:   the
 * arena. Errors: INVALID when it is no JSON object, or has jsonData that is none.
 */
enum bnc_code bnc_gapi_body(const struct bnc_gapi_item *item, struct bnc_arena *arena,
                            struct bnc_bytes *out, char hash[BNC_GAPI_HASH],
                            struct bnc_error *err) BNC_MUST_CHECK;

/*
 * Adds what `live` has otherwise than the body, as "url: \"a\" -> \"b\"; …": at most 5
 * fields, values cut and without passwords.  Only what the body sets counts.  `whole`:
 * live is one datasource, not a row of the list, which lacks some fields.
 */
void bnc_gapi_diff(const cJSON *body, const cJSON *live, bool whole, struct bnc_str *out);

/* Adds the keys of secrets that the item has and `live`, a whole one, has not. */
void bnc_gapi_diff_secrets(const struct bnc_gapi_item *item, const cJSON *live,
                           struct bnc_str *out);

/* What is sent for an item. */
struct bnc_gapi_write {
    const struct bnc_gapi_item *item; /* `body` as bnc_gapi_body() made it */
    const char *hash;
    const char *owner;      /* "NS/NAME" of the Observatory */
    int64_t version;        /* that Grafana has; 0: none, it is to be made */
    const char *const *old; /* keys of secrets that were ours once, ended by NULL */
};
/*
 * Owns:   the caller: wipe and free it with bnc_gapi_wipe().
 * Errors: INVALID for a secret that is no text.
 */
enum bnc_code bnc_gapi_text(const struct bnc_gapi_write *write, struct bnc_str *out,
                            struct bnc_error *err) BNC_MUST_CHECK;
void bnc_gapi_wipe(struct bnc_str *text);

#endif
