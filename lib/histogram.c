#include "lib/histogram.h"

const struct bnc_buckets bnc_buckets_queue = {
    12, {1e-8, 1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1, 10, 100, 1000}};

const struct bnc_buckets bnc_buckets_reconcile = {
    40, {0.005, 0.01, 0.025, 0.05, 0.1,  0.15, 0.2,  0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.6,
         0.7,   0.8,  0.9,   1,    1.25, 1.5,  1.75, 2,    2.5, 3,    3.5, 4,    4.5, 5,
         6,     7,    8,     9,    10,   15,   20,   25,   30,  40,   50,  60}};

const struct bnc_buckets bnc_buckets_request = {
    13, {0.005, 0.025, 0.1, 0.25, 0.5, 1, 2, 4, 8, 15, 30, 45, 60}};

void
bnc_histogram_add(struct bnc_histogram *histogram, double value)
{
    const struct bnc_buckets *buckets = histogram->buckets;
    double seconds = value > 0 ? value : 0;
    size_t i = 0;
    while (i < buckets->n && seconds > buckets->bounds[i]) {
        i++;
    }
    histogram->counts[i]++;
    histogram->sum += seconds;
}

uint64_t
bnc_histogram_count(const struct bnc_histogram *histogram)
{
    uint64_t n = 0;
    for (size_t i = 0; i <= histogram->buckets->n; i++) {
        n += histogram->counts[i];
    }
    return n;
}
