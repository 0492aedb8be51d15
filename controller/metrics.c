#include "controller/metrics.h"

#include <math.h>
#include <stdio.h>

static const char *const type_names[] = {
    [BNC_COUNTER] = "counter",
    [BNC_GAUGE] = "gauge",
    [BNC_HISTOGRAM] = "histogram",
};

void
bnc_metric_begin(struct bnc_str *out, const struct bnc_metric *metric)
{
    bnc_str_fmt(out, "# HELP %s %s\n# TYPE %s %s\n", metric->name, metric->help,
                metric->name, type_names[metric->type]);
}

static void
add_label(struct bnc_str *out, bool first, const char *name, const char *value)
{
    bnc_str_fmt(out, "%c%s=\"", first ? '{' : ',', name);
    for (const char *p = value == NULL ? "" : value; *p != '\0'; p++) {
        if (*p == '\n') {
            bnc_str_puts(out, "\\n");
            continue;
        }
        if (*p == '\\' || *p == '"') {
            bnc_str_putc(out, '\\');
        }
        bnc_str_putc(out, *p);
    }
    bnc_str_putc(out, '"');
}

/* `bound`: of a bucket, NULL elsewhere. */
static void
add_labels(struct bnc_str *out, const struct bnc_label *labels, const char *bound)
{
    bool first = true;
    for (; labels != NULL && labels->name != NULL; labels++) {
        add_label(out, first, labels->name, labels->value);
        first = false;
    }
    if (bound != NULL) {
        add_label(out, first, "le", bound);
        first = false;
    }
    if (!first) {
        bnc_str_putc(out, '}');
    }
}

/* Whole numbers as such, others with what a double can hold and no more. */
static void
add_value(struct bnc_str *out, double value)
{
    char text[40];
    if (fabs(value) < 1e15 && value == floor(value)) {
        (void)snprintf(text, sizeof(text), "%.0f", value);
    } else {
        (void)snprintf(text, sizeof(text), "%.15g", value);
    }
    bnc_str_fmt(out, " %s\n", text);
}

void
bnc_metric_sample(struct bnc_str *out, const struct bnc_metric *metric,
                  const struct bnc_label *labels, double value)
{
    bnc_str_puts(out, metric->name);
    add_labels(out, labels, NULL);
    add_value(out, value);
}

void
bnc_metric_histogram(struct bnc_str *out, const struct bnc_metric *metric,
                     const struct bnc_label *labels,
                     const struct bnc_histogram *histogram)
{
    const struct bnc_buckets *buckets = histogram->buckets;
    uint64_t n = 0;
    for (size_t i = 0; i <= buckets->n; i++) {
        char bound[40] = "+Inf";
        if (i < buckets->n) {
            (void)snprintf(bound, sizeof(bound), "%.15g", buckets->bounds[i]);
        }
        n += histogram->counts[i];
        bnc_str_fmt(out, "%s_bucket", metric->name);
        add_labels(out, labels, bound);
        add_value(out, (double)n);
    }
    bnc_str_fmt(out, "%s_sum", metric->name);
    add_labels(out, labels, NULL);
    add_value(out, histogram->sum);
    bnc_str_fmt(out, "%s_count", metric->name);
    add_labels(out, labels, NULL);
    add_value(out, (double)n);
}

void
bnc_metric_one(struct bnc_str *out, const struct bnc_metric *metric, double value)
{
    bnc_metric_begin(out, metric);
    bnc_metric_sample(out, metric, NULL, value);
}
