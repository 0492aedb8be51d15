/*
 * Writes the text format of Prometheus (version 0.0.4): a family at a time.
 */
#ifndef BNC_CONTROLLER_METRICS_H
#define BNC_CONTROLLER_METRICS_H

#include "lib/histogram.h"
#include "lib/str.h"

#define BNC_METRICS_TYPE "text/plain; version=0.0.4; charset=utf-8"
#define BNC_METRICS_MAX  ((size_t)4 * 1024 * 1024) /* bytes of an answer */

enum bnc_metric_type { BNC_COUNTER, BNC_GAUGE, BNC_HISTOGRAM };

/* A family: what its samples have in common. */
struct bnc_metric {
    const char *name;
    enum bnc_metric_type type;
    const char *help;
};

struct bnc_label {
    const char *name;
    const char *value; /* any text: escaped here; NULL is "" */
};
#define BNC_LABELS(...) ((const struct bnc_label[]){__VA_ARGS__, {NULL, NULL}})

/* HELP and TYPE.  Samples of this family follow, and nothing else in between. */
void bnc_metric_begin(struct bnc_str *out, const struct bnc_metric *metric);
/* One sample; `labels` ends with a NULL name, or is NULL. */
void bnc_metric_sample(struct bnc_str *out, const struct bnc_metric *metric,
                       const struct bnc_label *labels, double value);
/* All samples of one histogram: cumulative buckets, sum and count. */
void bnc_metric_histogram(struct bnc_str *out, const struct bnc_metric *metric,
                          const struct bnc_label *labels,
                          const struct bnc_histogram *histogram);
/* A family of one sample without labels. */
void bnc_metric_one(struct bnc_str *out, const struct bnc_metric *metric, double value);

#endif
