/*
 * A model of the Kubernetes API server in the simulated world: store, history,
 * list, watch, server-side apply with ownership, garbage collection, and faults
 * drawn from the world's seed.
 *
 * It serves the kinds of model/kind.h and those around them (Event, Lease,
 * ReplicaSet, Node, Endpoints).  A kind is named as in its objects: "ConfigMap".
 * A name that the model does not know ends the program.
 */
#ifndef BNC_TESTS_SIM_APISERVER_H
#define BNC_TESTS_SIM_APISERVER_H

#include "tests/sim/world.h"

struct bnc_sim_api; /* opaque */

#define BNC_SIM_API_ORIGIN "https://10.96.0.1:443"

/* Serves BNC_SIM_API_ORIGIN; has the namespaces default and kube-system. */
struct bnc_sim_api *bnc_sim_api_new(struct bnc_sim *sim);
void bnc_sim_api_free(struct bnc_sim_api *api); /* before the sim; NULL is ignored */
BNC_DEFINE_AUTO(bnc_sim_api);

/* Down: connections are refused, those that are open break.  The store stays. */
void bnc_sim_api_down(struct bnc_sim_api *api, bool down);

/* A bearer token is asked for from now on (401); NULL: none is (as at start). */
void bnc_sim_api_token(struct bnc_sim_api *api, const char *token);

/* Streaming lists (sendInitialEvents); off at start: answered 422. */
void bnc_sim_api_watch_list(struct bnc_sim_api *api, bool on);

/*
 * Lists with a limit have at most this many items a page, those with
 * resourceVersion "0" too (as without a watch cache); 0: as is asked for.
 */
void bnc_sim_api_pages(struct bnc_sim_api *api, int64_t items);

/* A CRD is deleted, its objects with it (404 from then on), or created again. */
void bnc_sim_api_kind_remove(struct bnc_sim_api *api, const char *kind);
void bnc_sim_api_kind_add(struct bnc_sim_api *api, const char *kind);

/* All answers about a kind are `status` (403, 404, 500, ...); 0: as usual. */
void bnc_sim_api_kind_status(struct bnc_sim_api *api, const char *kind, int status);

/* ---- objects, written as if by kubectl (manager "kubectl", operation Update) ---- */

/*
 * Create, or replace all but metadata that the server owns.  The JSON names
 * apiVersion, kind, name and namespace; a missing Namespace is made.  The
 * status that would be answered: 200, 201, 409, 422.
 */
int bnc_sim_api_put(struct bnc_sim_api *api, const char *json);
int bnc_sim_api_put_as(struct bnc_sim_api *api, const char *manager, const char *json);
/* A JSON merge patch: 200, 404, 422. */
int bnc_sim_api_patch(struct bnc_sim_api *api, const char *manager, const char *kind,
                      const char *ns, const char *name, const char *patch);
/* False when there is none. With finalizers it is only marked. */
bool bnc_sim_api_delete(struct bnc_sim_api *api, const char *kind, const char *ns,
                        const char *name);

/* ---- looking ---------------------------------------------------------------------- */

/* JSON text, NULL when there is none.  Borrowed until the object changes. `ns` may be "".
 */
const char *bnc_sim_api_get(struct bnc_sim_api *api, const char *kind, const char *ns,
                            const char *name);
/*
 * A string or number in it by its path, each key ended by '\n' ("data\ntls.crt\n");
 * NULL when it is not there.  Owns: the arena.
 */
const char *
bnc_sim_api_field(struct bnc_sim_api *api, struct bnc_arena *arena, const char *kind,
                  const char *ns, const char *name, const char *path);

struct bnc_sim_api_item {
    const char *ns;
    const char *name;
    const char *uid;
    int64_t resource_version;
    const char *json;
};
typedef void (*bnc_sim_api_item_fn)(void *arg, const struct bnc_sim_api_item *item);
/* All objects of a kind in order of namespace and name; the number of them. */
size_t bnc_sim_api_list(struct bnc_sim_api *api, const char *kind, bnc_sim_api_item_fn fn,
                        void *arg);

int64_t bnc_sim_api_rv(const struct bnc_sim_api *api); /* the last one given */
/* A digest of all objects' names and resourceVersions (Events and Leases apart). */
uint64_t bnc_sim_api_snapshot(const struct bnc_sim_api *api);

struct bnc_sim_api_writes {
    uint64_t changes; /* that gave a new resourceVersion (deletes too) */
    uint64_t noops;   /* that did not */
    uint64_t refused; /* answered 4xx by the rules, not by a fault */
};
/* By manager, over HTTP and by the functions above; NULL: all over HTTP. */
struct bnc_sim_api_writes
bnc_sim_api_writes(const struct bnc_sim_api *api, const char *manager);

uint64_t bnc_sim_api_requests(const struct bnc_sim_api *api); /* refused ones too */
size_t bnc_sim_api_watches(const struct bnc_sim_api *api);    /* that are open */

/* Called after each write over HTTP that was carried out: the place for a crash. */
typedef void (*bnc_sim_api_write_fn)(void *arg, const char *method, const char *kind,
                                     const char *ns, const char *name);
void bnc_sim_api_on_write(struct bnc_sim_api *api, bnc_sim_api_write_fn fn, void *arg);
/* Meanwhile: the User-Agent of the write. */
const char *bnc_sim_api_writer(const struct bnc_sim_api *api);

/*
 * Write down all that is written from now on, and what became of it: a JSON object a
 * line, which tests/sim/replay reads.  NULL: no more.
 */
void bnc_sim_api_trace(struct bnc_sim_api *api, FILE *out);

/* ---- history -------------------------------------------------------------------------
 */

/* Forget all history: watches and pages that go on from before get 410. */
void bnc_sim_api_compact(struct bnc_sim_api *api);
/* Events kept for each kind (default 1 000). */
void bnc_sim_api_history(struct bnc_sim_api *api, size_t events);
/* End all watches cleanly, as a server does that is asked to stop. */
void bnc_sim_api_end_watches(struct bnc_sim_api *api);

/* ---- faults
 * ---------------------------------------------------------------------------- */

enum bnc_sim_fault {
    BNC_SIM_REFUSED,     /* no connection */
    BNC_SIM_RESET,       /* connection reset before the answer; nothing was done */
    BNC_SIM_RESET_BODY,  /* in the middle of a body: a list page, a line of a watch */
    BNC_SIM_CUT_SHORT,   /* a body ends cleanly, but too early */
    BNC_SIM_STALL,       /* no bytes for 60 s, then the connection breaks */
    BNC_SIM_429,         /* without Retry-After */
    BNC_SIM_RETRY_AFTER, /* 429 with Retry-After, 1 to 7 s */
    BNC_SIM_500,
    BNC_SIM_503,
    BNC_SIM_504,
    BNC_SIM_GONE_PAGE,    /* 410 on a page after the first */
    BNC_SIM_GONE_WATCH,   /* 410 as the answer to a watch */
    BNC_SIM_GONE_EVENT,   /* 410 as an ERROR event in a watch */
    BNC_SIM_ERROR_EVENT,  /* 500 as an ERROR event in a watch */
    BNC_SIM_TOO_LARGE,    /* 504, cause ResourceVersionTooLarge, to a list with an RV */
    BNC_SIM_COMPACT,      /* the history is forgotten now and then */
    BNC_SIM_SHORT_WATCH,  /* ends cleanly within a second */
    BNC_SIM_DUPLICATE,    /* an event twice, the second as ADDED */
    BNC_SIM_NO_BOOKMARK,  /* none in this watch */
    BNC_SIM_STALE_LIST,   /* a list with an RV (or "0") from an older state, as allowed */
    BNC_SIM_UNAUTHORIZED, /* 401 once */
    BNC_SIM_KIND_403,     /* a kind is forbidden for 1 to 20 s */
    BNC_SIM_KIND_404,     /* a kind is not there for 1 to 20 s */
    BNC_SIM_SLOW,         /* the answer takes 0.1 to 8 s more */
    BNC_SIM_LOST_ANSWER,  /* a write is carried out, its answer is an error or a reset */
    BNC_SIM_CONFLICT,     /* 409 to a write */
    BNC_SIM_FAULT_COUNT
};
const char *bnc_sim_fault_name(enum bnc_sim_fault fault);

/* How often where it can happen (per request; per event in a watch). 0: never. */
void
bnc_sim_api_fault(struct bnc_sim_api *api, enum bnc_sim_fault fault, unsigned per_mille);
/* A mix for random runs; `scale` 100 is rough weather, 0 is calm. */
void bnc_sim_api_weather(struct bnc_sim_api *api, unsigned scale);
/*
 * No faults from now on: probabilities, rules, forbidden kinds and the n-th are
 * off.  Connections that stall still do so until their 60 s are over.
 */
void bnc_sim_api_heal(struct bnc_sim_api *api);

/*
 * The next `times` requests (-1: all) whose "METHOD path?query" contains `match`
 * meet `fault`; `ms` is for SLOW and STALL (0: the usual).  Rules go before chance.
 */
void bnc_sim_api_rule(struct bnc_sim_api *api, enum bnc_sim_fault fault,
                      const char *match, int times, int64_t ms);

/*
 * The n-th request from now (counted from 1) meets `fault`; 0: none.  Where the
 * fault cannot happen (CONFLICT to a read) nothing does.
 */
void bnc_sim_api_fail_nth(struct bnc_sim_api *api, uint64_t n, enum bnc_sim_fault fault);

uint64_t bnc_sim_api_fault_hits(const struct bnc_sim_api *api, enum bnc_sim_fault fault);

#endif
