#include "controller/report_priv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "controller/budgets.h"
#include "controller/edges.h"
#include "controller/events.h"
#include "controller/grafanas.h"
#include "controller/loaded.h"
#include "controller/patches.h"
#include "controller/status.h"
#include "lib/json.h"
#include "lib/log.h"
#include "lib/time.h"

#define RETRY_MS  2000
#define ROUND_MAX 64 /* statuses: about 2 ms, and more than is sent in the time */

struct bnc_reporter *
bnc_reporter_new(const struct bnc_reporter_options *options)
{
    struct bnc_reporter *reporter = bnc_alloc(sizeof(*reporter));
    reporter->options = *options;
    reporter->retry = bnc_timer_new(options->world, options->wake, options->arg);
    reporter->stale = bnc_timer_new(options->world, options->wake, options->arg);
    reporter->records = bnc_map_new();
    return reporter;
}

void
bnc_reporter_free(struct bnc_reporter *reporter)
{
    if (reporter == NULL) {
        return;
    }
    size_t at = 0;
    void *value = NULL;
    while (bnc_map_next(reporter->records, &at, NULL, &value)) {
        free(value);
    }
    bnc_map_free(reporter->records);
    free(reporter->slots);
    bnc_timer_free(reporter->retry);
    bnc_timer_free(reporter->stale);
    free(reporter);
}

struct bnc_record *
bnc_record_of(struct bnc_reporter *reporter, const struct bnc_object *object)
{
    char key[BNC_FACT_KEY_MAX];
    bnc_fact_key(key, object->kind, object->ns, object->name);
    struct bnc_record *record = bnc_map_get(reporter->records, key);
    if (record == NULL) {
        record = bnc_alloc(sizeof(*record));
        record->reporter = reporter;
        (void)bnc_map_put(reporter->records, key, record);
    }
    return record;
}

/* ---- Events -------------------------------------------------------------------- */

/* Told once for each (reason, message) of an object. */
void
bnc_report_tell(struct bnc_reporter *reporter, struct bnc_record *record,
                const struct bnc_object *object, const char *reason, const char *message)
{
    uint64_t hash = bnc_hash64(message, strlen(message), 7);
    hash = bnc_hash64(reason, strlen(reason), hash);
    if (record->event == hash) {
        return;
    }
    record->event = hash;
    BNC_LOG(BNC_LEVEL_WARN, "object rejected",
            BNC_KV("kind", bnc_kind_info(object->kind)->name),
            BNC_KV("namespace", object->ns), BNC_KV("name", object->name),
            BNC_KV("reason", reason), BNC_KV("message", message));
    bnc_event_write(reporter->options.events, object, reason, message);
}

/* ---- status -------------------------------------------------------------------- */

static void
on_status_written(void *arg, const struct bnc_write_result *result)
{
    struct bnc_record *record = arg;
    struct bnc_reporter *reporter = record->reporter;

    record->in_flight = false;
    record->look = true; /* more may have come meanwhile */
    reporter->in_flight--;
    bool again = record->failing;
    record->failing = result->code != BNC_OK;
    if (result->code == BNC_OK) {
        reporter->status_writes++;
    } else {
        record->stamp = 0;
        record->not_before_ms = bnc_world_mono_ms(reporter->options.world) + RETRY_MS;
        bnc_timer_set(reporter->retry, RETRY_MS);
        if (result->code != BNC_NOT_FOUND && !again) {
            bool refused = result->code == BNC_INVALID;
            BNC_LOG(
                BNC_LEVEL_WARN, "status not written", BNC_KV("error", result->message),
                BNC_KV("remedy", refused ? "apply this version's CRDs: binnacle crds | "
                                           "kubectl apply -f -"
                                         : "it is tried again"));
        }
    }
    reporter->options.wake(reporter->options.arg);
}

void
bnc_report_write(struct bnc_round *round, struct bnc_record *record,
                 const struct bnc_object *object, cJSON *status, struct bnc_arena *arena)
{
    struct bnc_reporter *reporter = round->reporter;
    if (!bnc_status_differs(status, object->status, round->now, arena)) {
        return;
    }
    struct bnc_write write = {.verb = BNC_VERB_APPLY_STATUS,
                              .kind = object->kind,
                              .ns = object->ns,
                              .name = object->name,
                              .body = bnc_status_intent(object, status, arena)};
    record->in_flight = true;
    reporter->in_flight++;
    bnc_source_write(reporter->options.source, &write, on_status_written, record);
}

static struct bnc_publication
publication_of(const struct bnc_reporter *reporter, const struct bnc_result *result,
               struct bnc_arena *arena)
{
    const char *owner =
        bnc_arena_fmt(arena, "%s/%s", result->object->ns, result->object->name);
    struct bnc_publication state =
        bnc_publisher_state(reporter->options.publisher, owner);
    const char *failure = bnc_patcher_failure(reporter->options.patcher, owner);
    if (state.published && failure != NULL) {
        state = (struct bnc_publication){.reason = BNC_REASON_WRITE_FAILED,
                                         .message = failure};
    }
    return state;
}

static bool
is_foreign(const struct bnc_verdict *v)
{
    enum bnc_ir_type type = v->member->ir->type;
    return type == BNC_IR_MONITOR || type == BNC_IR_PROMETHEUS_RULE;
}

static bool
has_no_status(const struct bnc_verdict *v)
{
    enum bnc_ir_type type = v->member->ir->type;
    return type == BNC_IR_WORKLOAD || type == BNC_IR_NAMESPACE || is_foreign(v);
}

/* Of somebody else's kinds only what rejects them, or a part, is told. */
static bool
is_quiet(const struct bnc_verdict *v)
{
    size_t at = 0;
    while (is_foreign(v) && at < v->n_why && v->why[at].warning) {
        at++;
    }
    return at == v->n_why;
}

/* Annotations and kinds of others have no status of ours: an Event. */
static void
report_workloads(struct bnc_round *round, const struct bnc_plan *plan, size_t *at)
{
    while (*at < plan->n_verdicts) {
        const struct bnc_verdict *v = &plan->verdicts[(*at)++];
        struct bnc_record *record;
        if (!has_no_status(v) ||
            (v->n_why == 0 && bnc_map_count(round->reporter->records) == 0)) {
            continue;
        }
        record = bnc_record_of(round->reporter, v->member->object);
        if (is_quiet(v)) {
            record->event = 0;
            continue;
        }
        BNC_AUTO(bnc_arena) arena = bnc_arena_new();
        /* prometheus-operator's own reason, for who looks for it */
        bnc_report_tell(round->reporter, record, v->member->object,
                        is_foreign(v) ? "InvalidConfiguration"
                                      : bnc_reason_name(v->why[0].reason),
                        bnc_diag_text(&v->why[0], arena));
    }
}

/* True when the status has to name objects before they are written. */
static bool
must_record(const struct bnc_result *result)
{
    bool holds = result->plan != NULL && result->plan->n_held > 0;
    bool first = (!result->outside && !holds) || result->held;
    return first && result->ready && !result->suspended && bnc_outputs_told_first(result);
}

static void
report_observatory(struct bnc_round *round, size_t i)
{
    struct bnc_reporter *reporter = round->reporter;
    const struct bnc_result *result = bnc_engine_result(reporter->options.engine, i);
    const struct bnc_loaded *loaded = &round->loaded[i];
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    struct bnc_record *record = bnc_record_of(reporter, result->object);
    const struct bnc_publication state = round->states[i];

    bool record_first = must_record(result);
    bool waits =
        result->pending || (result->ready && !result->suspended && !state.published &&
                            !record_first && state.reason == BNC_REASON_WAITING);
    if (record->in_flight || waits || result->object->deleting ||
        bnc_world_mono_ms(reporter->options.world) < record->not_before_ms) {
        return;
    }
    uint64_t stamp = bnc_hash64_with(5, result->revision * 2 + (uint64_t)state.published);
    stamp = bnc_stamp_text(stamp, result->object->uid); /* another one of that name */
    stamp = bnc_stamp_text(stamp, state.published ? "" : state.message);
    stamp = bnc_hash64(result->object->status.ptr, result->object->status.len, stamp);
    const struct bnc_status_more more = {
        .state = state,
        .loaded = result->plan == NULL || result->n_desired == 0 ? NULL : loaded,
        .outputs = bnc_outputs_json(result, reporter->options.publisher, arena),
        .held = bnc_outputs_held(result, reporter->options.patcher, arena),
        .annotated_pods = bnc_census_annotated(reporter->options.census, result),
        .grafana = result->grafana == NULL ? NULL : &round->standing[i],
        .now_ms = bnc_world_wall_ms(reporter->options.world)};
    stamp = bnc_hash64_with(stamp, (uint64_t)cJSON_GetArraySize(more.outputs));
    stamp = bnc_hash64_with(stamp, (uint64_t)cJSON_GetArraySize(more.held));
    stamp = bnc_hash64_with(stamp, (uint64_t)more.annotated_pods);
    stamp = bnc_stamp_text(stamp, bnc_status_grafana_text(&more, arena));
    stamp = bnc_stamp_text(stamp, loaded->condition.message) | 1;
    if (record->stamp == stamp) {
        return;
    }
    if (record_first && result->object->status.len > 0) {
        record->stamp = stamp;
        bnc_report_write(round, record, result->object,
                         bnc_status_outputs(result, more.outputs, more.held, arena),
                         arena);
        return;
    }
    struct bnc_condition ready = bnc_status_observatory_ready(result, &more, arena);
    if (strcmp(ready.status, "False") == 0 &&
        strcmp(ready.reason, bnc_reason_name(BNC_REASON_SUSPENDED)) != 0) {
        bnc_report_tell(reporter, record, result->object, ready.reason, ready.message);
    } else {
        record->event = 0;
    }
    record->stamp = stamp;
    bnc_report_write(round, record, result->object,
                     bnc_status_observatory(result, &more, arena), arena);
}

/* They have loaded it when they said so after it was published, in whole seconds. */
static void
take_loaded(struct bnc_round *round, const struct bnc_result *result,
            const struct bnc_loaded *loaded)
{
    struct bnc_publisher *publisher = round->reporter->options.publisher;
    int64_t said_ms = loaded->expires_ms - BNC_INSTANCE_FRESH_MS; /* by the first */
    const char *owner =
        bnc_arena_fmt(round->arena, "%s/%s", result->object->ns, result->object->name);
    bnc_publisher_loaded(publisher, owner,
                         loaded->done && result->ready &&
                             bnc_publisher_stood(publisher, owner, result->desired,
                                                 result->n_desired, said_ms));
}

/* Of all that the statuses of many objects are made of. */
static uint64_t
epoch_of(const struct bnc_round *round)
{
    const struct bnc_reporter_options *options = &round->reporter->options;
    const struct bnc_engine_stats stats = bnc_engine_stats(options->engine);
    size_t n = bnc_engine_count(options->engine);
    uint64_t stamp = bnc_hash64_with(stats.plans, bnc_census_rounds(options->census));

    stamp = bnc_hash64_with(stamp, n == 0 ? stats.compiles : 0);
    for (size_t i = 0; i < n; i++) {
        const struct bnc_result *result = bnc_engine_result(options->engine, i);
        const struct bnc_publication *state = &round->states[i];
        stamp = bnc_stamp_text(stamp, result->object->uid);
        stamp = bnc_stamp_text(stamp, result->object->resource_version);
        stamp = bnc_hash64_with(
            stamp, (uint64_t)result->ready * 8 + (uint64_t)result->suspended * 4 +
                       (uint64_t)result->pending * 2 + (uint64_t)state->published);
        stamp = bnc_hash64_with(stamp, (uint64_t)state->reason);
        stamp = bnc_stamp_text(stamp, state->published ? "" : state->message);
        stamp = bnc_stamp_text(stamp, round->loaded[i].condition.message);
        stamp = bnc_hash64_with(stamp, (uint64_t)round->loaded[i].expires_ms);
    }
    return stamp;
}

/* Grafana's state is not in the epoch: with one, every round looks at all. */
static bool
has_grafana(const struct bnc_engine *engine)
{
    for (size_t i = 0; i < bnc_engine_count(engine); i++) {
        if (bnc_engine_result(engine, i)->grafana != NULL) {
            return true;
        }
    }
    return false;
}

/* What runs, for each Observatory; what that allows, and when to look again. */
static void
read_loaded(struct bnc_round *round)
{
    struct bnc_reporter *reporter = round->reporter;
    size_t n = bnc_engine_count(reporter->options.engine);
    int64_t now_ms = bnc_world_wall_ms(reporter->options.world);
    int64_t next_ms = 0;

    round->loaded = bnc_arena_array(round->arena, n, sizeof(*round->loaded));
    round->standing = bnc_arena_array(round->arena, n, sizeof(*round->standing));
    round->states = bnc_arena_array(round->arena, n, sizeof(*round->states));
    for (size_t i = 0; i < n; i++) {
        const struct bnc_result *result = bnc_engine_result(reporter->options.engine, i);
        struct bnc_loaded *loaded = &round->loaded[i];
        round->states[i] = publication_of(reporter, result, round->arena);
        bnc_loaded_read(result, now_ms, round->arena, loaded);
        (void)bnc_grafanas_get(reporter->options.grafanas, result->object, round->arena,
                               &round->standing[i]);
        take_loaded(round, result, loaded);
        if (loaded->expires_ms != 0 && (next_ms == 0 || loaded->expires_ms < next_ms)) {
            next_ms = loaded->expires_ms;
        }
    }
    if (next_ms > now_ms) {
        bnc_timer_set(reporter->stale, next_ms - now_ms + 1);
    }
}

void
bnc_reporter_run(struct bnc_reporter *reporter)
{
    const struct bnc_engine *engine = reporter->options.engine;
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    size_t n = bnc_engine_count(engine);
    BNC_AUTO(bnc_arena) scratch = bnc_arena_new();
    struct bnc_round round = {
        .reporter = reporter, .arena = arena, .scratch = scratch, .left = ROUND_MAX};

    round.at = bnc_arena_array(arena, n, sizeof(*round.at));
    bnc_time_text(bnc_world_wall_ms(reporter->options.world), 0, round.now);
    read_loaded(&round);
    uint64_t epoch = epoch_of(&round);
    round.same = epoch == reporter->epoch && !has_grafana(engine);
    reporter->epoch = epoch;
    for (size_t i = 0; i < n; i++) { /* first: policies may be thousands */
        report_observatory(&round, i);
    }
    bnc_engine_members(engine, BNC_KIND_SCRAPE_POLICY, bnc_report_member, &round);
    bnc_engine_members(engine, BNC_KIND_SAMPLING_POLICY, bnc_report_member, &round);
    bnc_engine_members(engine, BNC_KIND_METRIC_RULE, bnc_report_member, &round);
    bnc_engine_members(engine, BNC_KIND_DATASOURCE, bnc_report_member, &round);
    bnc_engine_members(engine, BNC_KIND_DASHBOARD, bnc_report_member, &round);
    for (size_t i = 0; i < n; i++) {
        const struct bnc_result *result = bnc_engine_result(engine, i);
        if (result->plan != NULL) {
            report_workloads(&round, result->plan, &round.at[i]);
        }
    }
}

bool
bnc_reporter_idle(const struct bnc_reporter *reporter)
{
    return reporter->in_flight == 0 && !bnc_timer_pending(reporter->retry);
}

uint64_t
bnc_reporter_status_writes(const struct bnc_reporter *reporter)
{
    return reporter->status_writes;
}
