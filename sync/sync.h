/*
 * binnacle sync: beside Prometheus.  What the controller publishes for one Observatory
 * is written to a folder as whole generations, loaded, proved through the running
 * server, and reported on the Observatory's status.
 *
 *     root changes ─► gather ─► swap ─► reload ─► prove ─► report, tidy
 *                                          └ refused ─► back to the last good one ─►
 * culprit
 */
#ifndef BNC_SYNC_SYNC_H
#define BNC_SYNC_SYNC_H

#include "kube/client.h"

struct bnc_sync; /* opaque */

/* Everything is copied but `world` and `kube`, which outlive it. */
struct bnc_sync_options {
    struct bnc_world *world;
    struct bnc_kube *kube;
    const char *ns; /* of the Observatory */
    const char *observatory;
    const char *instance; /* a name of its own among the instances: of the pod */
    int64_t shard;
    const char *out;     /* folder for generations */
    const char *reload;  /* URL of Prometheus, see sync/server.h */
    const char *ca_file; /* to trust it by; NULL: the system's */
};

/*
 * Owns:   the caller.
 * Errors: INVALID for the URL or the shard; those of the folder.
 */
enum bnc_code bnc_sync_new(const struct bnc_sync_options *options, struct bnc_sync **out,
                           struct bnc_error *err) BNC_MUST_CHECK;
void bnc_sync_free(struct bnc_sync *sync); /* NULL is ignored */
BNC_DEFINE_AUTO(bnc_sync);

/* Begin to follow the Observatory. */
void bnc_sync_start(struct bnc_sync *sync);

/* True once a whole generation is on disk: Prometheus may start. */
bool bnc_sync_ready(const struct bnc_sync *sync);

/* How it is, for people: some lines. */
void bnc_sync_describe(const struct bnc_sync *sync, struct bnc_str *out);

/* The same as metrics in Prometheus' text format. */
void bnc_sync_metrics(const struct bnc_sync *sync, struct bnc_str *out);

#endif
