#include "controller/report.h"

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

#define RETRY_MS 2000

/* What was told of one object. */
struct record {
    struct bnc_reporter *reporter;
    uint64_t stamp; /* of what the live status was found to say, or was sent */
    bool in_flight;
    bool failing;          /* the last write did: said in the log already */
    int64_t not_before_ms; /* after a failed write */
    uint64_t event;        /* of the last Event */
};

struct bnc_reporter {
    struct bnc_reporter_options options;
    struct bnc_timer *retry;
    struct bnc_timer *stale; /* when a report of a binnacle sync gets old */
    struct bnc_map *records; /* by fact key */
    size_t in_flight;
    uint64_t status_writes;
};

/* One round. */
struct round {
    struct bnc_reporter *reporter;
    struct bnc_arena *arena;
    size_t *at;                      /* for each Observatory: the next of its verdicts */
    struct bnc_loaded *loaded;       /* for each */
    struct bnc_publication *states;  /* for each: of its outputs */
    struct bnc_arena *scratch;       /* of one object: thousands are looked at */
    struct bnc_gapi_state *standing; /* for each: in Grafana */
    char now[BNC_TIME_MAX];
};

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
    bnc_timer_free(reporter->retry);
    bnc_timer_free(reporter->stale);
    free(reporter);
}

static struct record *
record_of(struct bnc_reporter *reporter, const struct bnc_object *object)
{
    char key[BNC_FACT_KEY_MAX];
    bnc_fact_key(key, object->kind, object->ns, object->name);
    struct record *record = bnc_map_get(reporter->records, key);
    if (record == NULL) {
        record = bnc_alloc(sizeof(*record));
        record->reporter = reporter;
        (void)bnc_map_put(reporter->records, key, record);
    }
    return record;
}

/* ---- Events -------------------------------------------------------------------- */

/* Told once for each (reason, message) of an object. */
static void
tell(struct bnc_reporter *reporter, struct record *record,
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
    struct record *record = arg;
    struct bnc_reporter *reporter = record->reporter;

    record->in_flight = false;
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

static void
write_status(struct round *round, struct record *record, const struct bnc_object *object,
             cJSON *status, struct bnc_arena *arena)
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

static uint64_t
stamp_text(uint64_t stamp, const char *text)
{
    return bnc_hash64(text, strlen(text), stamp);
}

static uint64_t
stamp_number(uint64_t stamp, uint64_t number)
{
    return bnc_hash64(&number, sizeof(number), stamp);
}

/* Everything that a policy's status is made of, and the live one. */
static uint64_t
policy_stamp(const struct bnc_member *member, const struct bnc_opinion *opinions,
             size_t n)
{
    uint64_t stamp = stamp_number(3, member->version);
    stamp = stamp_number(stamp, (uint64_t)member->object->generation);
    stamp = bnc_hash64(member->object->status.ptr, member->object->status.len, stamp);
    for (size_t i = 0; i < n; i++) {
        const struct bnc_verdict *v = opinions[i].verdict;
        stamp = stamp_text(stamp, opinions[i].result->object->ns);
        stamp = stamp_text(stamp, opinions[i].result->object->name);
        stamp = stamp_number(stamp, v->jobs * 8 + (uint64_t)v->selected * 4 +
                                        (uint64_t)v->accepted * 2 + (uint64_t)v->pending);
        for (size_t k = 0; k < v->n_why; k++) {
            stamp = stamp_text(stamp, v->why[k].message);
        }
        stamp = stamp_number(stamp, (uint64_t)opinions[i].result->ready * 4 +
                                        (uint64_t)opinions[i].result->suspended * 2 +
                                        (uint64_t)opinions[i].publication.published);
        if (!opinions[i].publication.published) {
            stamp = stamp_text(stamp, opinions[i].publication.message);
        }
        stamp = stamp_text(stamp, opinions[i].refused == NULL ? "" : opinions[i].refused);
        stamp = stamp_number(stamp, (uint64_t)opinions[i].pods);
        stamp = stamp_number(stamp, v->effective_stamp);
        if (opinions[i].measured != NULL) {
            const char *error = opinions[i].measured->error;
            stamp = stamp_text(stamp, error == NULL ? "" : error);
        }
        stamp = stamp_number(stamp, (uint64_t)v->percent);
    }
    return stamp | 1;
}

/*
 * True while a fact is waited for or an output is being written: what could be
 * said now would be taken back in a moment.
 */
static bool
under_way(const struct bnc_member *member, const struct bnc_opinion *opinions, size_t n)
{
    if (member->ir->pending) {
        return true;
    }
    for (size_t i = 0; i < n; i++) {
        if (opinions[i].result->pending) {
            return true;
        }
        if (opinions[i].verdict->accepted && opinions[i].result->ready &&
            !opinions[i].result->suspended && !opinions[i].publication.published &&
            opinions[i].publication.reason == BNC_REASON_WAITING) {
            return true;
        }
    }
    return false;
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

static const struct bnc_measured *
measured_of(const struct bnc_reporter *reporter, const struct bnc_member *member,
            struct bnc_arena *arena)
{
    struct bnc_measured *out = bnc_arena_alloc(arena, sizeof(*out));
    const struct bnc_object *object = member->object;
    return member->ir->type == BNC_IR_SAMPLING &&
                   bnc_budgets_get(reporter->options.budgets, object->ns, object->name,
                                   out)
               ? out
               : NULL;
}

/* Why it is not loaded where result `i` is; NULL: it is, for all we know. */
static const char *
blame_of(const struct round *round, size_t i, const struct bnc_verdict *v)
{
    const struct bnc_reporter *reporter = round->reporter;
    const struct bnc_result *result = bnc_engine_result(reporter->options.engine, i);
    const char *why = bnc_loaded_blame(&round->loaded[i], result, v);
    return why != NULL || !v->accepted
               ? why
               : bnc_grafanas_blame(&round->standing[i], v->member);
}

static void
report_policy(void *arg, const struct bnc_member *member)
{
    struct round *round = arg;
    struct bnc_reporter *reporter = round->reporter;
    struct bnc_arena *arena = round->scratch;
    bnc_arena_reset(arena);
    struct record *record = record_of(reporter, member->object);
    size_t n_hubs = bnc_engine_count(reporter->options.engine);
    struct bnc_opinion *opinions = bnc_arena_array(arena, n_hubs, sizeof(*opinions));
    size_t n = 0;

    for (size_t i = 0; i < n_hubs; i++) {
        const struct bnc_result *result = bnc_engine_result(reporter->options.engine, i);
        size_t *at = &round->at[i];
        if (result->plan == NULL || *at == result->plan->n_verdicts ||
            result->plan->verdicts[*at].member != member) {
            continue;
        }
        opinions[n++] = (struct bnc_opinion){
            .result = result,
            .verdict = &result->plan->verdicts[*at],
            .publication = round->states[i],
            .refused = blame_of(round, i, &result->plan->verdicts[*at]),
            .pods = bnc_census_member(reporter->options.census, result, member->object),
            .measured = measured_of(reporter, member, arena)};
        (*at)++;
    }
    uint64_t stamp = policy_stamp(member, opinions, n);
    if (record->stamp == stamp || record->in_flight || under_way(member, opinions, n) ||
        member->object->deleting ||
        bnc_world_mono_ms(reporter->options.world) < record->not_before_ms) {
        return;
    }
    struct bnc_condition ready = bnc_status_policy_ready(member, opinions, n, arena);
    if (strcmp(ready.status, "False") == 0) {
        tell(reporter, record, member->object, ready.reason, ready.message);
    } else {
        record->event = 0;
    }
    record->stamp = stamp;
    write_status(round, record, member->object,
                 bnc_status_policy(member, opinions, n, arena), arena);
}

/* Annotations have no status: an Event on the workload. */
static void
report_workloads(struct round *round, const struct bnc_plan *plan, size_t *at)
{
    while (*at < plan->n_verdicts) {
        const struct bnc_verdict *v = &plan->verdicts[(*at)++];
        struct record *record;
        bool annotated = v->member->ir->type == BNC_IR_WORKLOAD ||
                         v->member->ir->type == BNC_IR_NAMESPACE;
        if (!annotated ||
            (v->n_why == 0 && bnc_map_count(round->reporter->records) == 0)) {
            continue;
        }
        record = record_of(round->reporter, v->member->object);
        if (v->n_why == 0) {
            record->event = 0;
            continue;
        }
        BNC_AUTO(bnc_arena) arena = bnc_arena_new();
        tell(round->reporter, record, v->member->object,
             bnc_reason_name(v->why[0].reason), bnc_diag_text(&v->why[0], arena));
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
report_observatory(struct round *round, size_t i)
{
    struct bnc_reporter *reporter = round->reporter;
    const struct bnc_result *result = bnc_engine_result(reporter->options.engine, i);
    const struct bnc_loaded *loaded = &round->loaded[i];
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    struct record *record = record_of(reporter, result->object);
    const struct bnc_publication state = round->states[i];

    bool record_first = must_record(result);
    bool waits =
        result->pending || (result->ready && !result->suspended && !state.published &&
                            !record_first && state.reason == BNC_REASON_WAITING);
    if (record->in_flight || waits || result->object->deleting ||
        bnc_world_mono_ms(reporter->options.world) < record->not_before_ms) {
        return;
    }
    uint64_t stamp = stamp_number(5, result->revision * 2 + (uint64_t)state.published);
    stamp = stamp_text(stamp, result->object->uid); /* another one of that name */
    stamp = stamp_text(stamp, state.published ? "" : state.message);
    stamp = bnc_hash64(result->object->status.ptr, result->object->status.len, stamp);
    const struct bnc_status_more more = {
        .state = state,
        .loaded = result->plan == NULL || result->n_desired == 0 ? NULL : loaded,
        .outputs = bnc_outputs_json(result, reporter->options.publisher, arena),
        .held = bnc_outputs_held(result, reporter->options.patcher, arena),
        .annotated_pods = bnc_census_annotated(reporter->options.census, result),
        .grafana = result->grafana == NULL ? NULL : &round->standing[i],
        .now_ms = bnc_world_wall_ms(reporter->options.world)};
    stamp = stamp_number(stamp, (uint64_t)cJSON_GetArraySize(more.outputs));
    stamp = stamp_number(stamp, (uint64_t)cJSON_GetArraySize(more.held));
    stamp = stamp_number(stamp, (uint64_t)more.annotated_pods);
    stamp = stamp_text(stamp, bnc_status_grafana_text(&more, arena));
    stamp = stamp_text(stamp, loaded->condition.message) | 1;
    if (record->stamp == stamp) {
        return;
    }
    if (record_first && result->object->status.len > 0) {
        record->stamp = stamp;
        write_status(round, record, result->object,
                     bnc_status_outputs(result->object, more.outputs, more.held, arena),
                     arena);
        return;
    }
    struct bnc_condition ready = bnc_status_observatory_ready(result, &more, arena);
    if (strcmp(ready.status, "False") == 0 &&
        strcmp(ready.reason, bnc_reason_name(BNC_REASON_SUSPENDED)) != 0) {
        tell(reporter, record, result->object, ready.reason, ready.message);
    } else {
        record->event = 0;
    }
    record->stamp = stamp;
    write_status(round, record, result->object,
                 bnc_status_observatory(result, &more, arena), arena);
}

/* They have loaded it when they said so after it was published, in whole seconds. */
static void
take_loaded(struct round *round, const struct bnc_result *result,
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

/* What runs, for each Observatory; what that allows, and when to look again. */
static void
read_loaded(struct round *round)
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
    struct round round = {.reporter = reporter, .arena = arena, .scratch = scratch};

    round.at = bnc_arena_array(arena, n, sizeof(*round.at));
    bnc_time_text(bnc_world_wall_ms(reporter->options.world), 0, round.now);
    read_loaded(&round);
    for (size_t i = 0; i < n; i++) { /* first: policies may be thousands */
        report_observatory(&round, i);
    }
    bnc_engine_members(engine, BNC_KIND_SCRAPE_POLICY, report_policy, &round);
    bnc_engine_members(engine, BNC_KIND_SAMPLING_POLICY, report_policy, &round);
    bnc_engine_members(engine, BNC_KIND_METRIC_RULE, report_policy, &round);
    bnc_engine_members(engine, BNC_KIND_DATASOURCE, report_policy, &round);
    bnc_engine_members(engine, BNC_KIND_DASHBOARD, report_policy, &round);
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
