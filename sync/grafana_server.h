/*
 * The Grafana that files are written for: is it there, does it take the datasources of
 * its provisioning folder, and which does it have.
 *
 * Grafana answers a reload that fails with status 500 and "Internal Server Error"; why
 * is in its log alone (its pkg/api/admin_provisioning.go).  A pass ends at the first
 * datasource that is wrong, in whichever file.
 */
#ifndef BNC_SYNC_GRAFANA_SERVER_H
#define BNC_SYNC_GRAFANA_SERVER_H

#include "lib/json.h"
#include "net/world.h"
#include "sync/server.h"

struct bnc_gsync_server; /* opaque */

/* Everything is copied but `world`. */
struct bnc_gsync_server_options {
    struct bnc_world *world;
    const char *url;     /* "http://127.0.0.1:3000"; a path prefix stays; may hold user
                            and password, which are never told */
    const char *ca_file; /* NULL: the system's authorities; read for every call */
    /*
     * A mounted Secret, read for every call: token, or username and password, or
     * admin-user and admin-password.  NULL: $GRAFANA_TOKEN, or $GRAFANA_USERNAME and
     * $GRAFANA_PASSWORD, or what the URL has.
     */
    const char *credentials;
};

/*
 * Owns:   the caller.
 * Errors: INVALID for the URL; the message does not repeat it.
 */
enum bnc_code
bnc_gsync_server_new(const struct bnc_gsync_server_options *options,
                     struct bnc_gsync_server **out, struct bnc_error *err) BNC_MUST_CHECK;
void
bnc_gsync_server_free(struct bnc_gsync_server *server); /* NULL is ignored; cancels */
BNC_DEFINE_AUTO(bnc_gsync_server);

/* "http://127.0.0.1:3000": for messages, without user and password. */
const char *bnc_gsync_server_url(const struct bnc_gsync_server *server);

enum bnc_gsync_call {
    BNC_GSYNC_HEALTH,  /* GET /api/health, without credentials */
    BNC_GSYNC_RELOAD,  /* POST /api/admin/provisioning/datasources/reload */
    BNC_GSYNC_SOURCES, /* GET /api/datasources of an organization */
    BNC_GSYNC_CALL_COUNT
};

enum bnc_gsync_verdict {
    BNC_GSYNC_DONE,
    BNC_GSYNC_REFUSED, /* of a reload: a datasource is wrong, ours or of another file */
    BNC_GSYNC_AWAY,    /* no answer, or it is starting or overloaded: try again */
    BNC_GSYNC_WRONG    /* it may not be done so: credentials, rights, address */
};

/* Borrowed for the call. */
struct bnc_gsync_answer {
    enum bnc_gsync_call call;
    enum bnc_gsync_verdict verdict;
    const char *message;    /* what is in the way; of a refusal: Grafana's own words */
    const cJSON *sources;   /* of SOURCES when it is done: an array */
    int64_t retry_after_ms; /* header Retry-After, at most 60 s; 0: not said */
};
typedef void (*bnc_gsync_answer_fn)(void *arg, const struct bnc_gsync_answer *answer);

/*
 * One at a time: a new call cancels the one before.  `fn` comes once, later, unless it
 * is cancelled; the next call may be made in it.  `org` is not used for the others.
 */
void bnc_gsync_server_ask(struct bnc_gsync_server *server, enum bnc_gsync_call call,
                          int64_t org, bnc_gsync_answer_fn fn, void *arg);
void bnc_gsync_server_cancel(struct bnc_gsync_server *server);

#endif
