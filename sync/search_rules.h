/*
 * The rule group because of which Prometheus refuses a generation: it says nothing of
 * that, and its rules stay as they were.  So halves are tried, beside what runs, as
 * groups that are checked and never evaluated.
 */
#ifndef BNC_SYNC_SEARCH_RULES_H
#define BNC_SYNC_SEARCH_RULES_H

#include "sync/server.h"
#include "sync/store.h"

/* All is borrowed until the end. */
struct bnc_rules_search_ask {
    struct bnc_world *world;
    struct bnc_server *server;
    struct bnc_store *store;  /* its `current` leads to probes, until it is put back */
    const char *folder;       /* of the refused generation */
    const char *const *files; /* names of its texts */
    size_t n_files;
    const char *config; /* name of a generation's main file */
    const char *base;   /* path of the one that runs, or that was refused: */
    bool good;          /* the former; its rules stay */
    unsigned probes_max;
};

/* Borrowed for the call. */
struct bnc_rules_search_result {
    const char *group;   /* the culprit; NULL: none was found */
    const char *message; /* what Prometheus' parser says of it; "": nothing */
    unsigned probes;
};
typedef void (*bnc_rules_search_fn)(void *arg,
                                    const struct bnc_rules_search_result *result);

struct bnc_rules_search; /* opaque: under way */

/*
 * `fn` comes once, never inside this call.  NULL: there are no groups, or they cannot be
 * read.  At the end a probe may be loaded: reload.
 */
struct bnc_rules_search *bnc_rules_search_start(const struct bnc_rules_search_ask *ask,
                                                bnc_rules_search_fn fn, void *arg);
/* Also in `fn`.  NULL is ignored. */
void bnc_rules_search_free(struct bnc_rules_search *search);

#endif
