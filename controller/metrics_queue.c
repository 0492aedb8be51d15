/* Queues of work, by the names of client-go and controller-runtime. */
#include <math.h>

#include "controller/metrics_families.h"

#define LABEL(queue) BNC_LABELS({"name", (queue)->name}, {"controller", (queue)->name})

static const char *const priorities[] = {
    [BNC_QUEUE_HIGH] = "0", [BNC_QUEUE_LOW] = "-100"};

static const struct bnc_metric depth = {"workqueue_depth", BNC_GAUGE,
                                        "Items that wait for their turn."};
static const struct bnc_metric waited = {"workqueue_queue_duration_seconds",
                                         BNC_HISTOGRAM,
                                         "How long items waited for their turn."};
static const struct bnc_metric worked = {"workqueue_work_duration_seconds", BNC_HISTOGRAM,
                                         "How long items were worked on."};
static const struct bnc_metric time_taken = {"controller_runtime_reconcile_time_seconds",
                                             BNC_HISTOGRAM,
                                             "How long items were worked on."};
static const struct bnc_metric results = {"controller_runtime_reconcile_total",
                                          BNC_COUNTER, "Turns of items, by result."};

static const struct bnc_metric most = {"controller_runtime_max_concurrent_reconciles",
                                       BNC_GAUGE, "Items that are worked on at once."};

static double
adds(const struct bnc_queue_stats *s)
{
    return (double)s->adds;
}

static double
retries(const struct bnc_queue_stats *s)
{
    return (double)s->retries;
}

static double
unfinished(const struct bnc_queue_stats *s)
{
    return s->unfinished_s;
}

static double
longest(const struct bnc_queue_stats *s)
{
    return s->longest_s;
}

static double
working(const struct bnc_queue_stats *s)
{
    return (double)s->working;
}

/* One value for each queue. */
static const struct {
    struct bnc_metric metric;
    bool named; /* has the label "name" as well */
    double (*value)(const struct bnc_queue_stats *s);
} rows[] = {
    {{"workqueue_adds_total", BNC_COUNTER, "Items added."}, true, adds},
    {{"workqueue_retries_total", BNC_COUNTER, "Items that failed and come again."},
     true,
     retries},
    {{"workqueue_unfinished_work_seconds", BNC_GAUGE,
      "How long all items under way have been worked on."},
     true,
     unfinished},
    {{"workqueue_longest_running_processor_seconds", BNC_GAUGE,
      "How long the oldest item under way has been worked on."},
     true,
     longest},
    {{"controller_runtime_reconcile_errors_total", BNC_COUNTER,
      "Turns of items that failed."},
     false,
     retries},
    {{"controller_runtime_active_workers", BNC_GAUGE, "Items under way."},
     false,
     working},
};

static void
add_depth(struct bnc_str *out, const struct bnc_metrics_queue *queue)
{
    for (size_t level = 0; level < BNC_QUEUE_LEVELS; level++) {
        bnc_metric_sample(out, &depth,
                          BNC_LABELS({"name", queue->name}, {"controller", queue->name},
                                     {"priority", priorities[level]}),
                          (double)queue->stats.depth[level]);
    }
}

static void
add_results(struct bnc_str *out, const struct bnc_metrics_queue *queue)
{
    static const char *const names[] = {"success", "error", "requeue", "requeue_after"};
    double all = (double)bnc_histogram_count(&queue->stats.reconciled);
    double failed = (double)queue->stats.retries;
    const double values[] = {all > failed ? all - failed : 0, failed, 0, 0};
    for (size_t i = 0; i < BNC_LEN(names); i++) {
        bnc_metric_sample(out, &results,
                          BNC_LABELS({"controller", queue->name}, {"result", names[i]}),
                          values[i]);
    }
}

void
bnc_metrics_queues(struct bnc_str *out, const struct bnc_metrics_queue *queues, size_t n)
{
    bnc_metric_begin(out, &depth);
    for (size_t i = 0; i < n; i++) {
        add_depth(out, &queues[i]);
    }
    for (size_t r = 0; r < BNC_LEN(rows); r++) {
        bnc_metric_begin(out, &rows[r].metric);
        for (size_t i = 0; i < n; i++) {
            bnc_metric_sample(out, &rows[r].metric,
                              rows[r].named ? LABEL(&queues[i])
                                            : BNC_LABELS({"controller", queues[i].name}),
                              rows[r].value(&queues[i].stats));
        }
    }
    bnc_metric_begin(out, &most);
    for (size_t i = 0; i < n; i++) {
        bnc_metric_sample(out, &most, BNC_LABELS({"controller", queues[i].name}),
                          queues[i].most == 0 ? (double)INFINITY : queues[i].most);
    }
    bnc_metric_begin(out, &waited);
    for (size_t i = 0; i < n; i++) {
        bnc_metric_histogram(out, &waited, LABEL(&queues[i]), &queues[i].stats.waited);
    }
    bnc_metric_begin(out, &worked);
    for (size_t i = 0; i < n; i++) {
        bnc_metric_histogram(out, &worked, LABEL(&queues[i]), &queues[i].stats.worked);
    }
    bnc_metric_begin(out, &time_taken);
    for (size_t i = 0; i < n; i++) {
        bnc_metric_histogram(out, &time_taken, BNC_LABELS({"controller", queues[i].name}),
                             &queues[i].stats.reconciled);
    }
    bnc_metric_begin(out, &results);
    for (size_t i = 0; i < n; i++) {
        add_results(out, &queues[i]);
    }
}
