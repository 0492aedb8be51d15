/*
 * The Prometheus that runs beside us, over HTTP: told to reload, asked what it is, and
 * made to prove that exactly one configuration is loaded.  No answer is held whole.
 *
 * What was seen on 2.53.3 and 3.16.0, as server and as agent:
 * - a file of scrape_config_files that is missing is no error: the reload succeeds;
 * - one that is wrong, or a rule file that is, fails while applying: the answer names
 *   no reason (the log does), jobs are as before, and /api/v1/status/config shows the
 *   new document all the same, with /api/v1/status/runtimeinfo saying that the last
 *   reload has failed.  So what the configuration shows proves nothing alone;
 * - scrape pools follow up to 5 s later;
 * - before 2.55 a job has a pool only once its discovery has found something or could
 *   say that there is nothing; since then at once;
 * - a job whose ca_file is missing has none in any version, and only the log says so;
 * - /api/v1/status/config is dear: with 19 MB in 20 000 jobs 3.16 took 10 s and grew from
 *   1 to 4.5 GB for one answer, while /api/v1/scrape_pools took a few milliseconds;
 * - a job without any discovery has a pool of its own in both, also in an agent;
 * - rules follow a reload at once.  A file of rule_files that is missing is no error, a
 *   group without rules is not shown, and one that is wrong leaves all rules as they
 *   were, while the jobs are those of the new document.
 *
 * So the better marker is a job that has nothing but a name with the generation in it
 * (sync/local.h adds it): a pool of that name says which generation runs, and that it
 * was applied, in one cheap answer.
 */
#ifndef BNC_SYNC_SERVER_H
#define BNC_SYNC_SERVER_H

#include "net/world.h"
#include "sync/jobs.h"

#define BNC_SERVER_TEXT_MAX                                                              \
    ((size_t)2 * 1024) /* bytes of a message, its end included                           \
                        */

struct bnc_server; /* opaque */

/*
 * `reload_url` is where Prometheus is told to reload, "http://127.0.0.1:9090/-/reload",
 * or what stands before that; a path prefix stays.  User and password in it are sent as
 * basic authentication and never told.  `ca_file` (NULL: the system's authorities) is
 * read again for every call.  Texts are copied.
 * Owns: the caller.
 * Errors: INVALID for the URL; the message does not repeat it.
 */
enum bnc_code
bnc_server_new(struct bnc_world *world, const char *reload_url, const char *ca_file,
               struct bnc_server **out, struct bnc_error *err) BNC_MUST_CHECK;
void bnc_server_free(struct bnc_server *server); /* NULL is ignored; cancels */
BNC_DEFINE_AUTO(bnc_server);

/* "http://127.0.0.1:9090/prefix": for messages, without user and password. */
const char *bnc_server_url(const struct bnc_server *server);

/*
 * Calls.  One at a time: a new one cancels the one before.  Each calls its function
 * once, later, unless it is cancelled; inside it the next call may be made, and the
 * server may be freed.  What is passed to it is borrowed.
 */
void bnc_server_cancel(struct bnc_server *server);

enum bnc_reload_verdict {
    BNC_RELOAD_LOADED,  /* it says so: bnc_server_prove() shows what */
    BNC_RELOAD_REFUSED, /* the configuration is wrong: what ran before still runs */
    BNC_RELOAD_AWAY,    /* no answer, or it is starting or stopping: try again */
    BNC_RELOAD_WRONG    /* it may not be done so: rights, address, lifecycle disabled */
};

struct bnc_reload {
    enum bnc_reload_verdict verdict;
    /* Prometheus' own words without what it says each time, or what is in the way */
    const char *message;
};
typedef void (*bnc_server_reload_fn)(void *arg, const struct bnc_reload *reload);
void bnc_server_reload(struct bnc_server *server, bnc_server_reload_fn fn, void *arg);

/*
 * Of what follows `err` says why there is no answer: UNAVAILABLE, TIMEOUT, DENIED,
 * NOT_FOUND (a server without that API), INVALID (an answer that means nothing),
 * TOO_BIG.  The other argument is then NULL.
 */
struct bnc_server_version {
    const char *version; /* "3.16.0" */
    bool agent;          /* keeps no samples: no queries, no rule_files */
};
typedef void (*bnc_server_version_fn)(void *arg, const struct bnc_server_version *version,
                                      const struct bnc_error *err);
void bnc_server_version(struct bnc_server *server, bnc_server_version_fn fn, void *arg);

enum bnc_proof_verdict {
    BNC_PROOF_LOADED,
    BNC_PROOF_OTHER_CONFIG, /* the marker is not in what is loaded */
    BNC_PROOF_NOT_APPLIED,  /* it is, but the last reload has failed: reload again */
    BNC_PROOF_POOLS,        /* jobs are missing or too many: ask again for up to 5 s */
    BNC_PROOF_RULES         /* all jobs are there, rule groups are missing */
};

struct bnc_proof {
    enum bnc_proof_verdict verdict;
    bool reload_failed;         /* the last one, whatever it was for */
    struct bnc_jobs_diff pools; /* of LOADED, POOLS and RULES */
    struct bnc_jobs_diff rules; /* of LOADED and RULES; surplus: not ours, most likely */
};

/* Texts and `expected` are borrowed until the answer; needs Prometheus 2.42. */
struct bnc_proof_ask {
    /*
     * A file name that the configuration must show, under 120 bytes.  NULL: it is not
     * asked for, and `expected` alone decides, with the job that is a marker in it.
     */
    const char *marker;
    struct bnc_jobs *expected; /* not changed meanwhile */
    bool allow_extra;          /* other jobs may run as well */
    struct bnc_jobs *groups;   /* of rules, as `expected`; NULL or empty: not asked for */
};
typedef void (*bnc_server_prove_fn)(void *arg, const struct bnc_proof *proof,
                                    const struct bnc_error *err);
void bnc_server_prove(struct bnc_server *server, const struct bnc_proof_ask *ask,
                      bnc_server_prove_fn fn, void *arg);

/* By `up` of all that Prometheus holds; -1: not known (an agent). */
struct bnc_server_targets {
    int64_t up;
    int64_t down;
};
typedef void (*bnc_server_targets_fn)(void *arg, const struct bnc_server_targets *targets,
                                      const struct bnc_error *err);
void bnc_server_targets(struct bnc_server *server, bnc_server_targets_fn fn, void *arg);

/* What the parser says of an expression: "" when it takes it. */
typedef void (*bnc_server_query_fn)(void *arg, const char *message,
                                    const struct bnc_error *err);
void bnc_server_query(struct bnc_server *server, const char *query,
                      bnc_server_query_fn fn, void *arg);

#endif
