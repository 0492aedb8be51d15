/* Traffic with the API server, by the names of client-go where it has one. */
#include <string.h>

#include "controller/metrics_families.h"
#include "lib/log.h"

static const struct bnc_metric requests = {
    "rest_client_requests_total", BNC_COUNTER,
    "Requests to the API server, by status, method and host."};
static const struct bnc_metric durations = {
    "rest_client_request_duration_seconds", BNC_HISTOGRAM,
    "Until the API server's answer was whole, of a watch until it was open."};
static const struct bnc_metric relists = {
    "binnacle_relists_total", BNC_COUNTER,
    "Lists started after the first one of a resource, by reason."};
static const struct bnc_metric last_event = {
    "binnacle_watch_last_event_timestamp_seconds", BNC_GAUGE,
    "When the last event of a resource came, bookmarks included."};
static const struct bnc_metric tokens = {"binnacle_token_reloads_total", BNC_COUNTER,
                                         "Reads of the token's file, by result."};
static const struct bnc_metric lists = {"binnacle_lists_total", BNC_COUNTER,
                                        "Lists started, by reason."};
static const struct bnc_metric in_flight = {
    "binnacle_writes_in_flight", BNC_GAUGE,
    "Writes sent to the API server, not answered yet."};
static const struct bnc_metric waiting = {"binnacle_writes_waiting", BNC_GAUGE,
                                          "Writes that wait to be sent."};
static const struct bnc_metric refused = {
    "binnacle_writes_refused_total", BNC_COUNTER,
    "Writes that were put off because too many waited."};
static const struct bnc_metric followed = {
    "binnacle_followed_objects", BNC_GAUGE,
    "Single objects that are followed, by a watch or by a read each minute."};

/* Counters without labels. */
static const struct {
    struct bnc_metric metric;
    size_t offset;
} rows[] = {
    {{"binnacle_list_failures_total", BNC_COUNTER, "Lists that failed."},
     offsetof(struct bnc_kube_counters, list_failures)},
    {{"binnacle_watches_total", BNC_COUNTER, "Watches opened."},
     offsetof(struct bnc_kube_counters, watches)},
    {{"binnacle_watch_failures_total", BNC_COUNTER, "Watches refused or not answered."},
     offsetof(struct bnc_kube_counters, watch_failures)},
    {{"binnacle_short_watches_total", BNC_COUNTER,
      "Watches that ended within a second without an event."},
     offsetof(struct bnc_kube_counters, short_watches)},
    {{"binnacle_watch_events_total", BNC_COUNTER, "Events received."},
     offsetof(struct bnc_kube_counters, events)},
    {{"binnacle_skipped_events_total", BNC_COUNTER,
      "Events of watches that were no object, or of an unknown type."},
     offsetof(struct bnc_kube_counters, skipped_events)},
    {{"binnacle_replayed_requests_total", BNC_COUNTER,
      "Requests sent again with newer credentials."},
     offsetof(struct bnc_kube_counters, replays)},
    {{"binnacle_streamed_lists_total", BNC_COUNTER,
      "Lists asked for as the first events of a watch."},
     offsetof(struct bnc_kube_counters, streamed_lists)},
    {{"binnacle_streamed_lists_refused_total", BNC_COUNTER,
      "Streamed lists that were asked for again in pages at once."},
     offsetof(struct bnc_kube_counters, streamed_refused)},
    {{"binnacle_delayed_requests_total", BNC_COUNTER,
      "Requests that waited for their turn."},
     offsetof(struct bnc_kube_counters, gated)},
    {{"binnacle_api_warnings_total", BNC_COUNTER,
      "Warnings of the API server, each text counted once."},
     offsetof(struct bnc_kube_counters, warnings)},
    {{"binnacle_watch_pulses_total", BNC_COUNTER,
      "Questions whether the watches' connection lives, after 30 s without a byte."},
     offsetof(struct bnc_kube_counters, pulses)},
    {{"binnacle_dead_connections_total", BNC_COUNTER,
      "Connections of the watches that did not answer within 15 s and were left."},
     offsetof(struct bnc_kube_counters, dead_connections)},
};

/* "https://host:port/path" -> "host:port" */
static const char *
host_of(const char *server, struct bnc_arena *arena)
{
    const char *at = strstr(server, "://");
    at = at == NULL ? server : at + 3;
    return bnc_arena_strndup(arena, at, strcspn(at, "/"));
}

static void
add_requests(struct bnc_str *out, struct bnc_kube *kube)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    const struct bnc_kube_counters *counters = bnc_kube_counters(kube);
    const char *host = host_of(bnc_kube_config_of(kube)->server, arena);

    bnc_metric_begin(out, &requests);
    for (size_t i = 0; i < counters->n_requests; i++) {
        const struct bnc_kube_request_row *row = &counters->requests[i];
        const char *code = row->status == 0 ? "<error>" : bnc_log_num(row->status);
        bnc_metric_sample(
            out, &requests,
            BNC_LABELS({"code", code}, {"method", row->method}, {"host", host}),
            (double)row->n);
    }
}

static void
add_durations(struct bnc_str *out, struct bnc_kube *kube)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    const struct bnc_kube_counters *counters = bnc_kube_counters(kube);
    const char *host = host_of(bnc_kube_config_of(kube)->server, arena);

    bnc_metric_begin(out, &durations);
    for (size_t i = 0; i < counters->n_methods; i++) {
        const struct bnc_kube_method *row = &counters->methods[i];
        bnc_metric_histogram(out, &durations,
                             BNC_LABELS({"verb", row->method}, {"host", host}),
                             &row->took);
    }
}

/* Of kinds that were listed: by reason, all of them from 0. */
static void
add_relists(struct bnc_str *out, const struct bnc_kube_counters *counters)
{
    bnc_metric_begin(out, &relists);
    for (enum bnc_kind kind = 0; kind < BNC_KIND_COUNT; kind++) {
        const char *resource = bnc_kind_info(kind)->plural;
        bool listed = counters->kind_lists[kind][BNC_RELIST_FIRST] > 0;
        for (enum bnc_relist reason = BNC_RELIST_FIRST + 1;
             listed && reason < BNC_RELIST_COUNT; reason++) {
            bnc_metric_sample(
                out, &relists,
                BNC_LABELS({"resource", resource}, {"reason", bnc_relist_name(reason)}),
                (double)counters->kind_lists[kind][reason]);
        }
    }
}

/* 0 would be a moment in 1970: a kind without events has no sample. */
static void
add_last_events(struct bnc_str *out, const struct bnc_kube_counters *counters)
{
    bnc_metric_begin(out, &last_event);
    for (enum bnc_kind kind = 0; kind < BNC_KIND_COUNT; kind++) {
        if (counters->event_ms[kind] > 0) {
            bnc_metric_sample(out, &last_event,
                              BNC_LABELS({"resource", bnc_kind_info(kind)->plural}),
                              (double)counters->event_ms[kind] / 1000);
        }
    }
}

static void
add_tokens(struct bnc_str *out, const struct bnc_kube_counters *counters)
{
    bnc_metric_begin(out, &tokens);
    bnc_metric_sample(out, &tokens, BNC_LABELS({"result", "success"}),
                      (double)counters->token_reads);
    bnc_metric_sample(out, &tokens, BNC_LABELS({"result", "error"}),
                      (double)counters->token_failures);
}

static void
add_load(struct bnc_str *out, struct bnc_source *source)
{
    struct bnc_source_cluster_load load = {0};
    bnc_source_cluster_load_get(source, &load);
    bnc_metric_one(out, &waiting, (double)load.writes_waiting);
    bnc_metric_one(out, &in_flight, (double)load.writes_in_flight);
    bnc_metric_one(out, &refused, (double)load.writes_refused);
    bnc_metric_begin(out, &followed);
    bnc_metric_sample(out, &followed, BNC_LABELS({"by", "watch"}), (double)load.watched);
    bnc_metric_sample(out, &followed, BNC_LABELS({"by", "read"}), (double)load.polled);
}

void
bnc_metrics_kube(struct bnc_str *out, struct bnc_kube *kube, struct bnc_source *source)
{
    const struct bnc_kube_counters *counters = bnc_kube_counters(kube);

    add_requests(out, kube);
    add_durations(out, kube);
    add_relists(out, counters);
    add_last_events(out, counters);
    add_tokens(out, counters);
    bnc_metric_begin(out, &lists);
    for (enum bnc_relist reason = 0; reason < BNC_RELIST_COUNT; reason++) {
        bnc_metric_sample(out, &lists, BNC_LABELS({"reason", bnc_relist_name(reason)}),
                          (double)counters->lists[reason]);
    }
    for (size_t i = 0; i < BNC_LEN(rows); i++) {
        uint64_t value = 0;
        memcpy(&value, (const char *)counters + rows[i].offset, sizeof(value));
        bnc_metric_one(out, &rows[i].metric, (double)value);
    }
    add_load(out, source);
}
