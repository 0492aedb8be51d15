/*
 * The job because of which Prometheus refuses a generation: by what it said, else by
 * halves.  A half is tried with a document that can never be loaded, so that what runs
 * goes on running.  When no job is to blame, the same for rule groups
 * (sync/search_rules.h).
 */
#ifndef BNC_SYNC_SEARCH_H
#define BNC_SYNC_SEARCH_H

#include "sync/blame.h"
#include "sync/server.h"
#include "sync/store.h"

#define BNC_SEARCH_PROBES_MAX 40

/* Borrowed for the call. */
struct bnc_search_result {
    const char *job;     /* the culprit, or a rule group; NULL: none was found */
    bool group;          /* the latter */
    const char *message; /* what Prometheus said of it alone; "": nothing */
    bool head;           /* no job is to blame: global, remote_write, ... */
    bool restored;       /* false: `current` may still lead to a probe */
};
typedef void (*bnc_search_fn)(void *arg, const struct bnc_search_result *result);

struct bnc_search_ask {
    struct bnc_world *world;
    struct bnc_server *server; /* not used by others until the end */
    struct bnc_store *store;   /* the same; its current generation is a good one */
    const char *folder;        /* of the refused generation */
    const char *config;        /* name of its main file */
    const char *const *files;  /* all names of its texts, ended by NULL */
    const char *message;       /* of the refusal */
};

struct bnc_search; /* opaque: under way */

/*
 * All is copied but the first three.  `fn` comes once, never inside this call.  What ran
 * before has to be loaded again then: a probe with rule groups may be.
 */
struct bnc_search *
bnc_search_start(const struct bnc_search_ask *ask, bnc_search_fn fn, void *arg);
/* Also in `fn`.  What was swapped for a probe is swapped back.  NULL is ignored. */
void bnc_search_free(struct bnc_search *search);

#endif
