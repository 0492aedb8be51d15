/* Work, results and the cache. */
#include <string.h>

#include "controller/metrics_families.h"

#define OBSERVATORIES_MAX 1000 /* with series of their own */

static const struct bnc_metric build = {"binnacle_build_info", BNC_GAUGE,
                                        "Always 1; labels name the running build."};
static const struct bnc_metric longest = {
    "binnacle_longest_turn_seconds", BNC_GAUGE,
    "The longest slice of work since the start, in seconds."};
static const struct bnc_metric cache_bytes = {"binnacle_cache_bytes", BNC_GAUGE,
                                              "Bytes of cached objects."};
static const struct bnc_metric cache_objects = {"binnacle_cache_objects", BNC_GAUGE,
                                                "Cached objects, by resource."};
static const struct bnc_metric leads = {"leader_election_master_status", BNC_GAUGE,
                                        "1: this replica leads; 0: it stands by."};
static const struct bnc_metric slow = {"leader_election_slowpath_total", BNC_COUNTER,
                                       "Renewals that had to read the Lease first."};
static const struct bnc_metric jobs = {"binnacle_observatory_jobs", BNC_GAUGE,
                                       "Scrape jobs of an Observatory."};

/* Counters of bnc_controller_stats(). */
static const struct {
    struct bnc_metric metric;
    size_t offset;
} rows[] = {
    {{"binnacle_compiles_total", BNC_COUNTER, "Objects compiled."},
     offsetof(struct bnc_controller_stats, engine.compiles)},
    {{"binnacle_plans_total", BNC_COUNTER, "Observatories planned."},
     offsetof(struct bnc_controller_stats, engine.plans)},
    {{"binnacle_jobs_rendered_total", BNC_COUNTER, "Scrape jobs rendered."},
     offsetof(struct bnc_controller_stats, engine.lowered)},
    {{"binnacle_pieces_packed_total", BNC_COUNTER,
      "Pieces compressed: blocks of a document, or parts."},
     offsetof(struct bnc_controller_stats, engine.packed)},
    {{"binnacle_documents_linked_total", BNC_COUNTER, "Documents put together."},
     offsetof(struct bnc_controller_stats, engine.linked)},
    {{"binnacle_output_writes_total", BNC_COUNTER, "Outputs applied."},
     offsetof(struct bnc_controller_stats, writes)},
    {{"binnacle_status_writes_total", BNC_COUNTER, "Statuses applied."},
     offsetof(struct bnc_controller_stats, status_writes)},
    {{"binnacle_events_total", BNC_COUNTER, "Events created or counted up."},
     offsetof(struct bnc_controller_stats, events)},
    {{"binnacle_turns_total", BNC_COUNTER, "Slices of work done."},
     offsetof(struct bnc_controller_stats, turns)},
};

void
bnc_metrics_build(struct bnc_str *out, const char *version, const char *revision)
{
    bnc_metric_begin(out, &build);
    bnc_metric_sample(out, &build,
                      BNC_LABELS({"version", version}, {"revision", revision}), 1);
}

void
bnc_metrics_leader(struct bnc_str *out, const struct bnc_leader *leader,
                   const char *lease)
{
    const struct bnc_leader_state state = bnc_leader_state_get(leader);
    bnc_metric_begin(out, &leads);
    bnc_metric_sample(out, &leads, BNC_LABELS({"name", lease}), state.leads ? 1 : 0);
    bnc_metric_begin(out, &slow);
    bnc_metric_sample(out, &slow, BNC_LABELS({"name", lease}), (double)state.slow);
}

void
bnc_metrics_cert(struct bnc_str *out, uint64_t reads, uint64_t failures)
{
    static const struct bnc_metric read = {"certwatcher_read_certificate_total",
                                           BNC_COUNTER,
                                           "Certificates read for /metrics."};
    static const struct bnc_metric failed = {
        "certwatcher_read_certificate_errors_total", BNC_COUNTER,
        "Certificates that could not be read or are of no use."};
    bnc_metric_one(out, &read, (double)reads);
    bnc_metric_one(out, &failed, (double)failures);
}

static void
add_results(struct bnc_str *out, const struct bnc_engine *engine)
{
    bnc_metric_begin(out, &jobs);
    if (!bnc_engine_idle(engine)) {
        return; /* results hold together only then */
    }
    for (size_t i = 0; i < bnc_engine_count(engine) && i < OBSERVATORIES_MAX; i++) {
        const struct bnc_result *result = bnc_engine_result(engine, i);
        bnc_metric_sample(
            out, &jobs,
            BNC_LABELS({"namespace", result->object->ns}, {"name", result->object->name}),
            (double)result->n_jobs);
    }
}

void
bnc_metrics_controller(struct bnc_str *out, const struct bnc_controller *controller)
{
    const struct bnc_controller_stats stats = bnc_controller_stats(controller);

    for (size_t i = 0; i < BNC_LEN(rows); i++) {
        uint64_t value = 0;
        memcpy(&value, (const char *)&stats + rows[i].offset, sizeof(value));
        bnc_metric_one(out, &rows[i].metric, (double)value);
    }
    bnc_metric_one(out, &longest, (double)stats.longest_turn_us / 1e6);
    bnc_metric_one(out, &cache_bytes, (double)stats.cache_bytes);
    bnc_metric_begin(out, &cache_objects);
    for (enum bnc_kind kind = 0; kind < BNC_KIND_COUNT; kind++) {
        bnc_metric_sample(out, &cache_objects,
                          BNC_LABELS({"resource", bnc_kind_info(kind)->plural}),
                          (double)stats.objects[kind]);
    }
    add_results(out, bnc_controller_engine(controller));
}
