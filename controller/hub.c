#include "controller/hub.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "controller/link.h"
#include "lib/pack.h"

#define PLAN_UNITS 16 /* a step of planning against the lowering of one job */

struct bnc_hub *
bnc_hub_new(struct bnc_cache *cache, const struct bnc_member *member, void *owner)
{
    struct bnc_hub *hub = bnc_alloc(sizeof(*hub));
    hub->member = member;
    hub->reader = bnc_reader_new(cache, owner);
    hub->plan_arena = bnc_arena_new();
    hub->desired_arena = bnc_arena_new();
    hub->diags = bnc_diags_new(hub->desired_arena);
    hub->fragments = bnc_map_new();
    hub->packs = bnc_map_new();
    hub->stage = BNC_HUB_PLAN;
    return hub;
}

static void
free_fragment(struct bnc_fragment *fragment)
{
    free((void *)(uintptr_t)fragment->bytes.ptr);
    bnc_arena_free(fragment->arena);
    free(fragment);
}

void
bnc_hub_free(struct bnc_hub *hub)
{
    if (hub == NULL) {
        return;
    }
    size_t at = 0;
    void *value = NULL;
    while (bnc_map_next(hub->fragments, &at, NULL, &value)) {
        free_fragment(value);
    }
    at = 0;
    while (bnc_map_next(hub->packs, &at, NULL, &value)) {
        bnc_packed_free(value);
    }
    bnc_map_free(hub->fragments);
    bnc_map_free(hub->packs);
    bnc_link_free(hub->link);
    bnc_reader_free(hub->reader);
    if (hub->planner != NULL) {
        hub->planner->drop(&hub->plan);
        hub->planner->memo_free(hub->memo);
    }
    bnc_arena_free(hub->plan_arena);
    bnc_arena_free(hub->desired_arena);
    free(hub);
}

/* ---- plan ---------------------------------------------------------------------- */

static void
begin_plan(struct bnc_hub *hub, const struct bnc_hub_context *context)
{
    if (hub->planner != NULL) {
        hub->planner->drop(&hub->plan);
    }
    bnc_arena_free(hub->plan_arena);
    hub->plan_arena = bnc_arena_new();
    if (hub->planner == NULL) {
        hub->planner = context->planner;
        hub->memo = hub->planner->memo_new();
    }
    hub->planner->begin(hub->member, context->members, context->n_members, hub->memo,
                        hub->plan_arena, &hub->plan);
    context->stats->plans++;
    hub->stage = BNC_HUB_PLANNING;
}

static void
end_plan(struct bnc_hub *hub, const struct bnc_hub_context *context)
{
    hub->shards = hub->plan.n_units == 0 ? 1 : context->planner->shards(&hub->plan);
    hub->lowered =
        bnc_arena_array(hub->plan_arena, hub->plan.n_units * (size_t)hub->shards,
                        sizeof(struct bnc_fragment *));
    hub->next_unit = 0;
    hub->last = NULL;
    hub->stage = BNC_HUB_LOWER;
}

/* ---- lower --------------------------------------------------------------------- */

static void
reject_unit(struct bnc_hub *hub, const struct bnc_unit *unit, const struct bnc_error *err)
{
    struct bnc_diags diags = bnc_diags_new(hub->plan_arena);
    bnc_diag_add(
        &diags, err->code == BNC_TOO_BIG ? BNC_REASON_TOO_BIG : BNC_REASON_INVALID_OBJECT,
        "", NULL, "%s %s: %s", unit->section == BNC_SECTION_RULES ? "rule group" : "job",
        unit->job_name, err->message);
    if (unit->verdict == SIZE_MAX) {
        bnc_diag_add(&hub->plan.diags, diags.items[0].reason, "", NULL, "%s",
                     diags.items[0].message);
        return;
    }
    struct bnc_verdict *verdict = &hub->plan.verdicts[unit->verdict];
    verdict->accepted = false;
    verdict->why = diags.items;
    verdict->n_why = diags.n;
}

/* What was left out of a unit is told with its object, or with the Observatory. */
static void
tell_warnings(struct bnc_hub *hub, const struct bnc_unit *unit,
              const struct bnc_diags *warnings)
{
    if (warnings->n == 0) {
        return;
    }
    if (unit->verdict == SIZE_MAX) {
        bnc_diags_copy(&hub->plan.diags, warnings->items, warnings->n);
        return;
    }
    struct bnc_verdict *verdict = &hub->plan.verdicts[unit->verdict];
    struct bnc_diags all = bnc_diags_new(hub->plan_arena);
    bnc_diags_copy(&all, verdict->why, verdict->n_why);
    bnc_diags_copy(&all, warnings->items, warnings->n);
    verdict->why = all.items;
    verdict->n_why = all.n;
}

struct key {
    char text[1024]; /* "SHARD/JOB", "SHARD#GROUP" */
};

static struct key
key_of(const struct bnc_unit *unit, int64_t shard)
{
    struct key key;
    (void)snprintf(key.text, sizeof(key.text), "%lld%c%s", (long long)shard,
                   unit->section == BNC_SECTION_RULES ? '#' : '/', unit->job_name);
    return key;
}

static struct bnc_fragment *
new_fragment(struct bnc_hub *hub, const struct bnc_unit *unit, int64_t shard)
{
    const struct key key = key_of(unit, shard);
    size_t n = strlen(unit->job_name);
    struct bnc_fragment *fragment = bnc_alloc(sizeof(*fragment) + n + 1);
    fragment->job_name = (char *)(fragment + 1);
    memcpy(fragment->job_name, unit->job_name, n + 1);
    fragment->section = unit->section;
    fragment->shard = shard;
    fragment->place = bnc_pack_hash(unit->job_name, n);
    (void)bnc_map_put(hub->fragments, key.text, fragment);
    return fragment;
}

/* A plan names its jobs in the order of the one before, but for those that are new. */
static struct bnc_fragment **
next_fragment(struct bnc_hub *hub)
{
    return hub->last == NULL ? &hub->first : &hub->last->next;
}

/* The fragment of this unit and shard, as it was lowered before; NULL: it was not. */
static struct bnc_fragment *
find_fragment(struct bnc_hub *hub, const struct bnc_unit *unit, int64_t shard)
{
    struct bnc_fragment *next = *next_fragment(hub);
    if (next != NULL && next->shard == shard && next->section == unit->section &&
        strcmp(next->job_name, unit->job_name) == 0) {
        return next;
    }
    const struct key key = key_of(unit, shard);
    return bnc_map_get(hub->fragments, key.text);
}

/* It comes after those of this plan so far. */
static void
chain_fragment(struct bnc_hub *hub, struct bnc_fragment *fragment)
{
    struct bnc_fragment **next = next_fragment(hub);
    if (*next != fragment) {
        fragment->next = fragment->next == NULL ? *next : fragment->next;
        *next = fragment;
    }
    hub->last = fragment;
}

static void
fill_fragment(struct bnc_fragment *fragment, struct bnc_bytes bytes,
              const struct bnc_diags *warnings)
{
    free((void *)(uintptr_t)fragment->bytes.ptr);
    char *copy = bnc_alloc(bytes.len + 1);
    memcpy(copy, bytes.ptr, bytes.len);
    fragment->bytes = (struct bnc_bytes){copy, bytes.len};
    fragment->sum = bnc_hash64(bytes.ptr, bytes.len, 1);
    bnc_arena_free(fragment->arena);
    fragment->arena = warnings->n == 0 ? NULL : bnc_arena_new();
    fragment->warnings = bnc_diags_new(fragment->arena);
    bnc_diags_copy(&fragment->warnings, warnings->items, warnings->n);
}

/* Rule groups are the same in all shards. */
static bool
is_shared(const struct bnc_hub *hub, size_t index, int64_t shard)
{
    struct bnc_fragment **of_unit = &hub->lowered[index * (size_t)hub->shards];
    if (shard == 0 || hub->plan.units[index].section != BNC_SECTION_RULES) {
        return false;
    }
    of_unit[shard] = of_unit[0];
    return true;
}

/* Lower one unit for one shard unless its bytes are there already.  True when it did. */
static bool
lower(struct bnc_hub *hub, const struct bnc_hub_context *context, size_t index,
      int64_t shard)
{
    const struct bnc_unit *unit = &hub->plan.units[index];
    BNC_AUTO(bnc_arena) arena = NULL;
    struct bnc_fragment *fragment = find_fragment(hub, unit, shard);
    bool fresh = fragment == NULL || fragment->stamp != unit->stamp;

    if (fresh) {
        arena = bnc_arena_new();
        struct bnc_diags diags = bnc_diags_new(arena);
        struct bnc_error err = {0};
        struct bnc_bytes bytes = {0};
        context->stats->lowered++;
        if (context->planner->lower(&hub->plan, index, shard, arena, &bytes, &diags,
                                    &err)) {
            reject_unit(hub, unit, &err);
            return true;
        }
        if (fragment == NULL) {
            fragment = new_fragment(hub, unit, shard);
        }
        fill_fragment(fragment, bytes, &diags);
        fragment->stamp = unit->stamp;
    }
    if (shard == 0) { /* the others say the same */
        tell_warnings(hub, unit, &fragment->warnings);
    }
    fragment->used = context->stats->plans;
    chain_fragment(hub, fragment);
    hub->lowered[index * (size_t)hub->shards + (size_t)shard] = fragment;
    return fresh;
}

/* Fragments of jobs that are no more. */
static void
drop_unused(struct bnc_hub *hub, const struct bnc_hub_context *context)
{
    size_t at = 0;
    const char *key = NULL;
    void *value = NULL;
    *next_fragment(hub) = NULL; /* the rest of the chain is of plans before */
    while (bnc_map_next(hub->fragments, &at, &key, &value)) {
        struct bnc_fragment *fragment = value;
        if (fragment->used != context->stats->plans) {
            (void)bnc_map_take(hub->fragments, key);
            free_fragment(fragment);
        }
    }
}

static void
lower_next(struct bnc_hub *hub, const struct bnc_hub_context *context)
{
    size_t shards = (size_t)hub->shards;
    size_t total = hub->plan.n_units * shards;

    while (hub->next_unit < total) {
        size_t i = hub->next_unit++;
        int64_t shard = (int64_t)(i % shards);
        if (!is_shared(hub, i / shards, shard) &&
            lower(hub, context, i / shards, shard)) {
            return;
        }
    }
    drop_unused(hub, context);
    hub->stage = BNC_HUB_LINK;
}

/* ---- link ---------------------------------------------------------------------- */

static size_t
link_next(struct bnc_hub *hub, const struct bnc_hub_context *context)
{
    uint64_t before = hub->packed;
    size_t units = bnc_link_step(hub, context->planner);
    if (hub->link == NULL) {
        context->stats->linked++;
        hub->stage = BNC_HUB_IDLE;
    }
    context->stats->packed += hub->packed - before;
    return units;
}

/* ---- steps --------------------------------------------------------------------- */

void
bnc_hub_relink(struct bnc_hub *hub)
{
    if (hub->stage == BNC_HUB_IDLE || hub->stage == BNC_HUB_LINK) {
        bnc_link_free(hub->link); /* it has the old value */
        hub->link = NULL;
        hub->stage = BNC_HUB_LINK;
    }
}

size_t
bnc_hub_step(struct bnc_hub *hub, const struct bnc_hub_context *context)
{
    switch (hub->stage) {
    case BNC_HUB_IDLE:
        return 0;
    case BNC_HUB_PLAN:
        bnc_link_free(hub->link); /* it was of another plan */
        hub->link = NULL;
        begin_plan(hub, context);
        return PLAN_UNITS;
    case BNC_HUB_PLANNING:
        if (hub->planner->step(&hub->plan)) {
            end_plan(hub, context);
        }
        return PLAN_UNITS;
    case BNC_HUB_LOWER:
        lower_next(hub, context);
        return 1;
    case BNC_HUB_LINK:
        return link_next(hub, context);
    }
    return 0;
}
