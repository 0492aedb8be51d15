/*
 * Inside sync/server*.c: the address, one request, and what becomes of its answer.
 */
#ifndef BNC_SYNC_SERVER_PRIV_H
#define BNC_SYNC_SERVER_PRIV_H

#include "sync/server.h"
#include "sync/server_scan.h"

#define BNC_SERVER_VERSION_MAX 64

/* Where Prometheus is. */
struct bnc_server_place {
    char *base; /* "http://host:9090/prefix" */
    char *auth; /* "Authorization: Basic .."; NULL: none */
};

/* One request, and what becomes of its answer. */
enum bnc_server_step {
    BNC_STEP_RELOAD,
    BNC_STEP_BUILD,
    BNC_STEP_AGENT,
    BNC_STEP_CONFIG,
    BNC_STEP_RUNTIME,
    BNC_STEP_POOLS,
    BNC_STEP_RULES,
    BNC_STEP_UP,
    BNC_STEP_DOWN,
    BNC_STEP_QUERY,
    BNC_STEP_COUNT
};

struct bnc_server {
    struct bnc_world *world;
    struct bnc_server_place place;
    char *ca_file;
    struct bnc_http_call *call;
    struct bnc_timer *failed; /* tells, later, what kept a request from starting */
    struct bnc_error failure;

    enum bnc_server_step step; /* of the request that is out */
    int status;                /* of its answer; 0: not there yet */
    struct bnc_str text;
    struct bnc_marker_scan marker;
    struct bnc_pools_scan pools;
    struct bnc_jobs_match *match;
    struct bnc_rules_scan rules;
    struct bnc_jobs_match *rules_match;

    union {
        bnc_server_reload_fn reload;
        bnc_server_version_fn version;
        bnc_server_prove_fn prove;
        bnc_server_targets_fn targets;
        bnc_server_query_fn query;
    } fn;
    void *arg;
    bool allow_extra;
    bool by_config;     /* a marker is looked for in the configuration */
    bool reload_failed; /* the last one, as Prometheus says */
    struct bnc_jobs *expected;
    struct bnc_jobs *groups; /* NULL: none */
    char *query;             /* malloc'd, ready for a URL */
    char version[BNC_SERVER_VERSION_MAX];
    int64_t up;
};

/* What is asked: "GET", "/api/v1/…". */
struct bnc_server_request {
    const char *method;
    const char *path;
    int64_t timeout_ms;
    size_t max_bytes;
};
extern const struct bnc_server_request bnc_server_requests[BNC_STEP_COUNT];

/* ---- sync/server.c: requests ----------------------------------------------------- */

void bnc_server_ask(struct bnc_server *server, enum bnc_server_step step);

/* What belongs to the call that is over; before its function is called. */
void bnc_server_end(struct bnc_server *server);

/* ---- sync/server_answer.c: what becomes of them ---------------------------------- */

/* A whole answer to the step that is out.  The server may be freed afterwards. */
void bnc_server_answer(struct bnc_server *server, int status);
/* None. */
void bnc_server_no_answer(struct bnc_server *server, const struct bnc_error *err);

/* ---- sync/server_text.c ---------------------------------------------------------- */

/* Owns: the caller; bnc_server_place_free(). */
enum bnc_code bnc_server_place_parse(const char *url, struct bnc_server_place *out,
                                     struct bnc_error *err) BNC_MUST_CHECK;
void bnc_server_place_free(struct bnc_server_place *place);

/*
 * Prometheus' own words out of an answer to a reload: without what it says each time,
 * printable, at most BNC_SERVER_TEXT_MAX.  False when it is no refusal of its own.
 */
bool bnc_server_refusal(const char *body, char out[BNC_SERVER_TEXT_MAX]);

/* A text as the value of a query's parameter; malloc'd. */
char *bnc_server_escape(const char *text);

/* Any text as one that can be printed. */
void bnc_server_clip(const char *text, char out[BNC_SERVER_TEXT_MAX]);

#endif
