/*
 * binnacle explain: where the sidecars of a workload push their statistics, and which of
 * its pods have to be restarted for what is wanted.
 */
#ifndef BNC_CMD_EXPLAIN_STATSD_H
#define BNC_CMD_EXPLAIN_STATSD_H

#include "controller/engine.h"

/*
 * Sets "statsd" of `out` when the Observatory has spec.statsd.address: `address`, that
 * one; `newPods`, what a pod that is made now pushes to; `pods`, those that run, with
 * `restart` where that differs; `note`.  An address that is missing: nothing is pushed.
 * Owns: `arena`; texts may be borrowed from the plan.
 */
void
bnc_explain_statsd(const struct bnc_result *result, const struct bnc_object *workload,
                   cJSON *out, struct bnc_arena *arena);

/* The same for people; `statsd` is what the above has set, NULL: nothing. */
void bnc_explain_statsd_print(const cJSON *statsd);

#endif
