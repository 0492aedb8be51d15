/*
 * What /metrics holds, by where it comes from.  docs/operating.md has the table.
 */
#ifndef BNC_CONTROLLER_METRICS_FAMILIES_H
#define BNC_CONTROLLER_METRICS_FAMILIES_H

#include "controller/controller.h"
#include "controller/leader.h"
#include "controller/metrics.h"
#include "controller/queue.h"
#include "source/cluster.h"

/* The running build; work, results and the cache. */
void bnc_metrics_build(struct bnc_str *out, const char *version, const char *revision);
void bnc_metrics_controller(struct bnc_str *out, const struct bnc_controller *controller);

/* A queue as dashboards call it: label "name" of workqueue_*, and "controller". */
struct bnc_metrics_queue {
    const char *name;
    struct bnc_queue_stats stats;
    unsigned most; /* items that are worked on at once; 0: no limit */
};
void
bnc_metrics_queues(struct bnc_str *out, const struct bnc_metrics_queue *queues, size_t n);

/* Requests, lists and watches; writes that wait.  `source` is one of a cluster. */
void
bnc_metrics_kube(struct bnc_str *out, struct bnc_kube *kube, struct bnc_source *source);

/* Who leads; `lease` is the name of the Lease. */
void bnc_metrics_leader(struct bnc_str *out, const struct bnc_leader *leader,
                        const char *lease);

/* The certificate that /metrics is served with: how often it was read, or could not be.
 */
void bnc_metrics_cert(struct bnc_str *out, uint64_t reads, uint64_t failures);

/*
 * When this process began; 0 where nothing tells.
 * Units: seconds since 1970.
 */
double bnc_process_start(struct bnc_world *world);
/* CPU, memory and descriptors of this process; nothing where there is no /proc. */
void bnc_metrics_process(struct bnc_str *out, struct bnc_world *world, double start);

#endif
