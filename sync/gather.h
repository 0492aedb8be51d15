/*
 * One generation: read the root, fetch what the folder lacks, check every hash, write
 * it all beside the current one, swap.
 */
#ifndef BNC_SYNC_GATHER_H
#define BNC_SYNC_GATHER_H

#include "kube/client.h"
#include "sync/instance.h"
#include "sync/jobs.h"
#include "sync/marker.h"
#include "sync/store.h"
#include "sync/target.h"

struct bnc_gather; /* opaque: under way */

/* Borrowed until it ends, but for `id`. */
struct bnc_gather_ask {
    struct bnc_world *world;
    struct bnc_kube *kube;
    struct bnc_store *store;
    const struct bnc_target *target;
    const char *id;            /* of the generation */
    const char *proved_marker; /* of what was proved last; "": not known */
    bool expand; /* it does not expand variables in external labels itself */
};

/* Borrowed for the call. */
struct bnc_gather_result {
    struct bnc_error err;            /* BNC_OK: the generation is the current one */
    enum bnc_instance_reason reason; /* what to say of a failure */
    const char *hash;                /* "sha256:..": of the root that was read */
    const char *config;              /* name of the main file */
    const char *marker;              /* name of the marker, a job without targets */
    const char *const *texts; /* names of the files with jobs and rules, ended by NULL */
    bool same;                /* it was the current one already */
    struct bnc_jobs *jobs;    /* taken by the receiver, who frees it */
    size_t files;             /* all in all, */
    size_t fetched;           /* those that came over the wire, */
    uint64_t bytes;           /* and what they have, unpacked */
};
typedef void (*bnc_gather_fn)(void *arg, const struct bnc_gather_result *result);

/* `fn` comes once, never inside this call; the handle ends with it. */
struct bnc_gather *
bnc_gather_start(const struct bnc_gather_ask *ask, bnc_gather_fn fn, void *arg);
/* Give it up, without a callback.  NULL is ignored. */
void bnc_gather_cancel(struct bnc_gather *gather);

#endif
