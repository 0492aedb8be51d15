/*
 * How often a value fell into which bucket, as Prometheus counts it.  Buckets are
 * fixed, so that adding is cheap and the size is known.
 */
#ifndef BNC_LIB_HISTOGRAM_H
#define BNC_LIB_HISTOGRAM_H

#include "lib/base.h"

#define BNC_BUCKETS_MAX 40

/* Upper bounds, ascending, the last (+Inf) not among them. */
struct bnc_buckets {
    size_t n;
    double bounds[BNC_BUCKETS_MAX];
};

/* Those that dashboards for controller-runtime know, in seconds. */
extern const struct bnc_buckets bnc_buckets_queue;     /* 10 ns to 1 000 s, by tens */
extern const struct bnc_buckets bnc_buckets_reconcile; /* 5 ms to 1 min in 40 steps */
extern const struct bnc_buckets bnc_buckets_request;   /* 5 ms to 1 min in 13 steps */

/* {.buckets = &bnc_buckets_queue} is an empty one. */
struct bnc_histogram {
    const struct bnc_buckets *buckets;
    uint64_t counts[BNC_BUCKETS_MAX + 1]; /* of each bucket by itself; the last: +Inf */
    double sum;
};

/* Units: those of the buckets; below 0 counts as 0. */
void bnc_histogram_add(struct bnc_histogram *histogram, double value);
/* How many values there were. */
uint64_t bnc_histogram_count(const struct bnc_histogram *histogram);

#endif
