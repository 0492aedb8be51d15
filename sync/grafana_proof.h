/*
 * What a provisioning file gives Grafana, and whether it is there: a reload that is said
 * to have worked has read some folder, perhaps another one.
 */
#ifndef BNC_SYNC_GRAFANA_PROOF_H
#define BNC_SYNC_GRAFANA_PROOF_H

#include "lib/json.h"

#define BNC_GSYNC_ORGS_MAX 64

struct bnc_gsync_source {
    int64_t org;
    const char *uid;
    const char *name;
    char digest[17]; /* of its entry: another one has changed */
};

struct bnc_gsync_list {
    struct bnc_gsync_source *items; /* in the order of the file */
    size_t n;
    int64_t orgs[BNC_GSYNC_ORGS_MAX]; /* each once; those beyond are not looked at */
    size_t n_orgs;
};

/*
 * The datasources of a file.  Values are not kept.
 * Owns:   `out` lives in `arena`.
 * Errors: INVALID when it is none; the message has no content of it.
 */
enum bnc_code
bnc_gsync_list_read(struct bnc_bytes text, struct bnc_arena *arena,
                    struct bnc_gsync_list *out, struct bnc_error *err) BNC_MUST_CHECK;

/*
 * Names of those of `org` that Grafana's answer to GET /api/datasources lacks: as
 * "main-prometheus, Mimir, ..."; NULL: none.
 * Owns: the arena.
 */
const char *bnc_gsync_list_missing(const struct bnc_gsync_list *list, int64_t org,
                                   const cJSON *answer, struct bnc_arena *arena);

/* Names of those of `now` that `before` has not, or not alike; NULL: none. */
const char *
bnc_gsync_list_changed(const struct bnc_gsync_list *before,
                       const struct bnc_gsync_list *now, struct bnc_arena *arena);

#endif
