/*
 * Limits: what a job asks for, what its Observatory says and enforces, combined
 * by prometheus-operator's arithmetic.
 */
#ifndef BNC_RENDER_PROM_LIMITS_H
#define BNC_RENDER_PROM_LIMITS_H

#include "render/prom_gate.h"
#include "render/prometheus.h"

/*
 * The limits that a job has to carry itself.  Where `global` can carry the
 * enforced one (2.45) it is left to that; older releases get the Observatory's own
 * limit job by job.
 */
struct bnc_limits
bnc_prom_job_limits(const struct bnc_limits *job, const struct bnc_profile *profile,
                    const struct bnc_prom_gate *gate);

/* Those of `global`: the smaller of both, whichever is set. */
struct bnc_limits
bnc_prom_global_limits(const struct bnc_limits *own, const struct bnc_limits *enforced);

/* The integer limits as rows: their key in Prometheus and where they stand. */
struct bnc_prom_limit {
    const char *key;
    size_t offset; /* of the struct bnc_opt_int in struct bnc_limits */
};
const struct bnc_prom_limit *bnc_prom_limits(size_t *n);
struct bnc_opt_int *
bnc_prom_limit_at(const struct bnc_prom_limit *limit, struct bnc_limits *limits);
const struct bnc_opt_int *
bnc_prom_limit_get(const struct bnc_prom_limit *limit, const struct bnc_limits *limits);

#endif
