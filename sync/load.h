/*
 * Prometheus is told to reload, and made to prove that it runs what `current` has.
 */
#ifndef BNC_SYNC_LOAD_H
#define BNC_SYNC_LOAD_H

#include "sync/server.h"

#define BNC_LOAD_PATIENCE_MS 8000 /* until what is not proved is told, and tried anew */
#define BNC_LOAD_DOUBLINGS   5    /* of that, while jobs are missing */
#define BNC_LOAD_AGAIN_MS    300  /* between two tries to prove it */
#define BNC_LOAD_AWAY_MS     1000 /* between two tries to reach it */

enum bnc_load_state {
    BNC_LOAD_PROVED,  /* the end: exactly this runs */
    BNC_LOAD_REFUSED, /* the end: Prometheus does not take it */
    /* told when it changes, and tried on: */
    BNC_LOAD_WAITING, /* it says that it took it, and some pools are not there yet */
    BNC_LOAD_POOLS,   /* the same, after our patience: jobs or rules are missing */
    BNC_LOAD_OTHER,   /* it runs another configuration file */
    BNC_LOAD_AWAY,    /* it does not answer, or not yet */
};

struct bnc_load_missing {
    struct bnc_jobs_diff pools;
    struct bnc_jobs_diff rules; /* known when no pool is missing */
};

/* Borrowed for the call. */
struct bnc_load_news {
    enum bnc_load_state state;
    const char *message;             /* of Prometheus, or about it; "": none */
    struct bnc_load_missing missing; /* of WAITING and POOLS */
};
typedef void (*bnc_load_fn)(void *arg, const struct bnc_load_news *news);

struct bnc_load_ask {
    struct bnc_world *world;
    struct bnc_server *server; /* not used by others until the end */
    const char *marker;        /* one of the jobs, see sync/gather.h; copied */
    struct bnc_jobs *jobs;     /* with rule groups; NULL: not known, a reload is enough */
    bool prove_first;          /* it may run this already */
    bool lazy_pools;           /* before 2.55: no pool until a job's discovery answers */
};

struct bnc_load; /* opaque: under way */

/*
 * `fn` never comes inside this call; in it bnc_load_free() is allowed, and after an end
 * nothing else is.
 */
struct bnc_load *
bnc_load_start(const struct bnc_load_ask *ask, bnc_load_fn fn, void *arg);
void bnc_load_free(struct bnc_load *load); /* also in `fn`; NULL is ignored */

#endif
