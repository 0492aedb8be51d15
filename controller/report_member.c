/* The statuses of policies, rules, datasources and dashboards. */
#include <stdlib.h>
#include <string.h>

#include "controller/budgets.h"
#include "controller/report_priv.h"
#include "lib/hash.h"

uint64_t
bnc_stamp_text(uint64_t stamp, const char *text)
{
    return bnc_hash64(text, strlen(text), stamp);
}

/* Everything that a policy's status is made of, and the live one. */
static uint64_t
policy_stamp(const struct bnc_report_slot *slot, const struct bnc_opinion *opinions,
             size_t n)
{
    uint64_t stamp = bnc_hash64_with(3, slot->version);
    stamp = bnc_hash64_with(stamp, (uint64_t)slot->member->object->generation);
    stamp = bnc_hash64_with(stamp, slot->status);
    for (size_t i = 0; i < n; i++) {
        const struct bnc_verdict *v = opinions[i].verdict;
        stamp = bnc_stamp_text(stamp, opinions[i].result->object->ns);
        stamp = bnc_stamp_text(stamp, opinions[i].result->object->name);
        stamp =
            bnc_hash64_with(stamp, v->jobs * 8 + (uint64_t)v->selected * 4 +
                                       (uint64_t)v->accepted * 2 + (uint64_t)v->pending);
        for (size_t k = 0; k < v->n_why; k++) {
            const char *remedy = v->why[k].remedy; /* it may change alone */
            stamp = bnc_stamp_text(stamp, v->why[k].field);
            stamp = bnc_stamp_text(stamp, v->why[k].message);
            stamp = bnc_stamp_text(stamp, remedy == NULL ? "" : remedy);
        }
        stamp = bnc_hash64_with(stamp, (uint64_t)opinions[i].result->ready * 4 +
                                           (uint64_t)opinions[i].result->suspended * 2 +
                                           (uint64_t)opinions[i].publication.published);
        if (!opinions[i].publication.published) {
            stamp = bnc_stamp_text(stamp, opinions[i].publication.message);
        }
        stamp =
            bnc_stamp_text(stamp, opinions[i].refused == NULL ? "" : opinions[i].refused);
        stamp = bnc_hash64_with(stamp, (uint64_t)opinions[i].pods);
        stamp = bnc_hash64_with(stamp, v->effective_stamp);
        if (opinions[i].measured != NULL) {
            const char *error = opinions[i].measured->error;
            stamp = bnc_stamp_text(stamp, error == NULL ? "" : error);
        }
        stamp = bnc_hash64_with(stamp, (uint64_t)v->percent);
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
blame_of(const struct bnc_round *round, size_t i, const struct bnc_verdict *v)
{
    const struct bnc_reporter *reporter = round->reporter;
    const struct bnc_result *result = bnc_engine_result(reporter->options.engine, i);
    const char *why = bnc_loaded_blame(&round->loaded[i], result, v);
    return why != NULL || !v->accepted
               ? why
               : bnc_grafanas_blame(&round->standing[i], v->member);
}

/* The next verdict of Observatory `i` if it is on this member; NULL: it has none. */
static const struct bnc_verdict *
next_verdict(struct bnc_round *round, size_t i, const struct bnc_member *member)
{
    const struct bnc_plan *plan =
        bnc_engine_result(round->reporter->options.engine, i)->plan;
    size_t at = round->at[i];
    if (plan == NULL || at == plan->n_verdicts || plan->verdicts[at].member != member) {
        return NULL;
    }
    round->at[i]++;
    return &plan->verdicts[at];
}

/* The slot of a member; `*known`: it was its own in the round before. */
static struct bnc_report_slot *
next_slot(struct bnc_round *round, const struct bnc_member *member, bool *known)
{
    struct bnc_reporter *reporter = round->reporter;
    if (round->slot == reporter->n_slots) {
        size_t n = reporter->n_slots == 0 ? 16 : reporter->n_slots * 2;
        reporter->slots = bnc_realloc(reporter->slots, n * sizeof(*reporter->slots));
        memset(reporter->slots + reporter->n_slots, 0,
               (n - reporter->n_slots) * sizeof(*reporter->slots));
        reporter->n_slots = n;
    }
    struct bnc_report_slot *slot = &reporter->slots[round->slot++];
    *known = slot->member == member && slot->version == member->version;
    return slot;
}

/* True when there can be no news of a member since the round before. */
static bool
is_quiet(struct bnc_round *round, const struct bnc_member *member,
         struct bnc_report_slot **out)
{
    const struct bnc_bytes status = member->object->status;
    const char *version = member->object->resource_version;
    uint64_t object = bnc_hash64(version, strlen(version), 11);
    bool known = false;
    struct bnc_report_slot *slot = next_slot(round, member, &known);
    bool quiet = known && round->same && slot->object == object && !slot->record->look &&
                 member->ir->type != BNC_IR_SAMPLING; /* it is measured as well */
    *slot = (struct bnc_report_slot){
        .member = member,
        .version = member->version,
        .object = object,
        .status = known && slot->object == object ? slot->status
                                                  : bnc_hash64(status.ptr, status.len, 5),
        .record = known ? slot->record : bnc_record_of(round->reporter, member->object)};
    *out = slot;
    for (size_t i = 0; quiet && i < bnc_engine_count(round->reporter->options.engine);
         i++) {
        (void)next_verdict(round, i, member);
    }
    return quiet;
}

void
bnc_report_member(void *arg, const struct bnc_member *member)
{
    struct bnc_round *round = arg;
    struct bnc_reporter *reporter = round->reporter;
    struct bnc_arena *arena = round->scratch;
    struct bnc_report_slot *slot = NULL;
    size_t n_hubs = bnc_engine_count(reporter->options.engine);
    size_t n = 0;

    if (is_quiet(round, member, &slot)) {
        return;
    }
    struct bnc_record *record = slot->record;
    bnc_arena_reset(arena);
    struct bnc_opinion *opinions = bnc_arena_array(arena, n_hubs, sizeof(*opinions));
    for (size_t i = 0; i < n_hubs; i++) {
        const struct bnc_result *result = bnc_engine_result(reporter->options.engine, i);
        const struct bnc_verdict *verdict = next_verdict(round, i, member);
        if (verdict == NULL) {
            continue;
        }
        opinions[n++] = (struct bnc_opinion){
            .result = result,
            .verdict = verdict,
            .publication = round->states[i],
            .refused = blame_of(round, i, verdict),
            .pods = bnc_census_member(reporter->options.census, result, member->object),
            .measured = measured_of(reporter, member, arena)};
    }
    uint64_t stamp = policy_stamp(slot, opinions, n);
    record->look = record->stamp != stamp;
    if (record->stamp == stamp || record->in_flight || under_way(member, opinions, n) ||
        member->object->deleting ||
        bnc_world_mono_ms(reporter->options.world) < record->not_before_ms) {
        return;
    }
    if (round->left == 0) {
        bnc_timer_set(reporter->retry, 0); /* the rest in the next round */
        return;
    }
    round->left--;
    record->look = false;
    struct bnc_condition ready = bnc_status_policy_ready(member, opinions, n, arena);
    if (strcmp(ready.status, "False") == 0) {
        bnc_report_tell(reporter, record, member->object, ready.reason, ready.message);
    } else {
        record->event = 0;
    }
    record->stamp = stamp;
    bnc_report_write(round, record, member->object,
                     bnc_status_policy(member, opinions, n, arena), arena);
}
