/*
 * An Observatory and its members become a plan, in steps: whoever is selected, whose
 * word counts, and the jobs that follow from it.
 */
#include "reconcilers/plan_make.h"

#include <stdlib.h>
#include <string.h>

#include "lib/hash.h"
#include "lib/json.h"
#include "lib/map.h"
#include "lib/sort.h"
#include "model/ir_metric_rule.h"
#include "model/spec_from.h"
#include "reconcilers/grafana.h"
#include "reconcilers/mesh_plan.h"
#include "reconcilers/monitor.h"
#include "reconcilers/plan_memo.h"
#include "reconcilers/plan_state.h"
#include "reconcilers/plan_verdict.h"

/* ---- ranks --------------------------------------------------------------------------
 */

/* Higher priority first, then NAMESPACE/NAME in byte order; never age. */
static int
compare_takers(const void *a, const void *b)
{
    const struct bnc_taker *x = a;
    const struct bnc_taker *y = b;
    int64_t px = x->ir->spec.priority.set ? x->ir->spec.priority.value : 0;
    int64_t py = y->ir->spec.priority.set ? y->ir->spec.priority.value : 0;
    if (px != py) {
        return px > py ? -1 : 1;
    }
    int c = strcmp(x->member->object->ns, y->member->object->ns);
    return c != 0 ? c : strcmp(x->member->object->name, y->member->object->name);
}

/* ---- units ----------------------------------------------------------------------------
 */

struct bnc_units {
    struct bnc_plan *plan;
    struct bnc_plan_state *state;
    struct bnc_arena *arena;
    size_t room;
    const struct bnc_member *const *members;
    size_t n_members;
    size_t stage; /* of the plan: a row of `stages` */
    size_t at;    /* what comes next in it */
};

static void
make_room(struct bnc_units *u, size_t room)
{
    struct bnc_plan *plan = u->plan;
    struct bnc_unit *items = bnc_arena_array(u->arena, room, sizeof(*items));
    if (plan->n_units > 0) {
        memcpy(items, plan->units, plan->n_units * sizeof(*items));
    }
    plan->units = items;
    u->room = room;
}

/* For all at once: a table that grows leaves the smaller ones behind in the arena. */
static size_t
count_units(const struct bnc_units *u)
{
    const struct bnc_plan *plan = u->plan;
    size_t n = u->state->n_groups + 16; /* presets */
    for (size_t i = 0; i < plan->n_verdicts; i++) {
        const struct bnc_ir *ir = plan->verdicts[i].member->ir;
        n += ir->type == BNC_IR_POLICY ? ir->as.policy->n_endpoints : 0;
        n += ir->type == BNC_IR_MONITOR ? ir->as.monitor->n_endpoints : 0;
        n += ir->type == BNC_IR_METRIC_RULE || ir->type == BNC_IR_PROMETHEUS_RULE
                 ? ir->as.metric_rule->n_groups
                 : 0;
    }
    return n;
}

static void
add_unit(struct bnc_units *u, const char *job_name, uint64_t stamp, size_t verdict,
         struct bnc_unit_source *source)
{
    struct bnc_plan *plan = u->plan;
    if (plan->n_units == u->room) {
        make_room(u, u->room == 0 ? count_units(u) : u->room * 2);
    }
    plan->units[plan->n_units++] = (struct bnc_unit){
        .job_name = job_name, .stamp = stamp, .verdict = verdict, .source = source};
    if (verdict != SIZE_MAX) {
        plan->verdicts[verdict].jobs++;
    }
}

static uint64_t
stamp_text(uint64_t stamp, const char *text)
{
    return bnc_hash64(text, strlen(text), stamp);
}

/* Everything of the exclusions that shapes bytes. */
static uint64_t
stamp_exclusions(uint64_t stamp, const struct bnc_unit_source *source)
{
    for (size_t i = 0; i < source->n_exclusions; i++) {
        stamp = stamp_text(stamp, source->exclusions[i].taker->member->object->ns);
        stamp = stamp_text(stamp, source->exclusions[i].taker->member->object->name);
        stamp = bnc_hash64_with(stamp, source->exclusions[i].taker->member->version);
        stamp = bnc_hash64_with(stamp, source->exclusions[i].endpoint);
    }
    for (size_t i = 0; i < source->n_pods; i++) {
        stamp = stamp_text(stamp, source->pods[i]->ns);
        stamp = stamp_text(stamp, source->pods[i]->controller_kind);
        stamp = stamp_text(stamp, source->pods[i]->name);
    }
    return stamp;
}

/* The names, which never change while this row is kept. */
static const char **
name_jobs(const struct bnc_taker *taker)
{
    struct bnc_memo_row *row = taker->row;
    const struct bnc_object *object = taker->member->object;
    size_t n = taker->ir->n_endpoints;

    const char **jobs = bnc_arena_array(row->arena, n, sizeof(*jobs));
    row->stamps = bnc_arena_array(row->arena, n, sizeof(*row->stamps));
    for (size_t k = 0; k < n; k++) {
        jobs[k] = bnc_arena_fmt(row->arena, "scrapePolicy/%s/%s/%s", object->ns,
                                object->name, taker->ir->endpoints[k].name);
    }
    return jobs;
}

/* Gives how many policies it was compared with. */
static size_t
add_policy_units(struct bnc_units *u, const struct bnc_taker *taker)
{
    struct bnc_memo_row *row = taker->row;
    uint64_t near = u->state->near.stamps[taker - u->state->takers];
    bool stale = row->is_near && row->near == near;
    size_t work = 1;
    if (!taker->scope.all && taker->scope.names.n == 0) {
        return work; /* no namespace matches (yet): Prometheus would take that for all */
    }
    if (row->jobs == NULL) {
        row->jobs = name_jobs(taker);
    }
    const char **jobs = row->jobs;
    for (size_t k = 0; k < taker->ir->n_endpoints; k++) {
        struct bnc_unit_source *source = bnc_arena_alloc(u->arena, sizeof(*source));
        *source = (struct bnc_unit_source){
            .type = BNC_UNIT_POLICY, .taker = taker, .endpoint = k, .stale = stale};
        if (!stale) {
            uint64_t stamp =
                bnc_hash64_with(bnc_plan_stamp(u->plan), taker->member->version);
            work += bnc_plan_exclude(u->state, source, u->arena);
            row->stamps[k] = stamp_exclusions(stamp, source);
        }
        add_unit(u, jobs[k], row->stamps[k], taker->verdict, source);
    }
    row->near = near;
    row->is_near = true;
    return work;
}

static void
add_monitor_units(struct bnc_units *u, const struct bnc_scraper *scraper)
{
    struct bnc_memo_row *row = scraper->row;
    size_t n = scraper->ir->n_endpoints;

    if (row->jobs == NULL) {
        row->jobs = bnc_arena_array(row->arena, n, sizeof(*row->jobs));
        for (size_t i = 0; i < n; i++) {
            row->jobs[i] = bnc_monitor_job_name(scraper->member->object, i, row->arena);
        }
    }
    for (size_t i = 0; i < n; i++) {
        struct bnc_unit_source *source = bnc_arena_alloc(u->arena, sizeof(*source));
        *source = (struct bnc_unit_source){
            .type = BNC_UNIT_MONITOR, .scraper = scraper, .endpoint = i};
        add_unit(u, row->jobs[i],
                 bnc_hash64_with(bnc_plan_stamp(u->plan), scraper->member->version),
                 scraper->verdict, source);
    }
}

static void
add_preset_units(struct bnc_units *u)
{
    if (u->state->prometheus == NULL) {
        return;
    }
    const struct bnc_texts *names = &u->state->prometheus->presets;
    for (size_t i = 0; i < names->n; i++) {
        const struct bnc_preset *preset = bnc_preset_find(names->items[i]);
        if (preset == NULL ||
            (!u->state->ir->scope.all && u->state->ir->scope.names.n == 0)) {
            continue;
        }
        struct bnc_unit_source *source = bnc_arena_alloc(u->arena, sizeof(*source));
        *source = (struct bnc_unit_source){.type = BNC_UNIT_PRESET, .preset = preset};
        (void)bnc_plan_exclude(u->state, source, u->arena);
        add_unit(u, preset->job_name, stamp_exclusions(bnc_plan_stamp(u->plan), source),
                 SIZE_MAX, source);
    }
}

static void
add_group_units(struct bnc_units *u)
{
    for (size_t i = 0; i < u->state->n_groups; i++) {
        const struct bnc_group *group = u->state->group_list[i];
        struct bnc_unit_source *source = bnc_arena_alloc(u->arena, sizeof(*source));
        *source = (struct bnc_unit_source){.type = BNC_UNIT_GROUP, .group = group};
        add_unit(u, group->job_name, group->stamp, SIZE_MAX, source);
    }
}

/* ---- order ------------------------------------------------------------------------- */

static int
compare_units(const void *a, const void *b)
{
    const struct bnc_unit *x = a;
    const struct bnc_unit *y = b;
    if (x->section != y->section) {
        return x->section < y->section ? -1 : 1;
    }
    return strcmp(x->job_name, y->job_name);
}

/* What of the Observatory decides on its members. */
static void
settle_head(struct bnc_plan_state *state, struct bnc_arena *arena)
{
    const struct bnc_opt_int *shards = &state->prometheus->shards;
    size_t n = shards->set && shards->value > 1 ? (size_t)shards->value : 1;
    state->shard_names = bnc_arena_array(arena, n, sizeof(*state->shard_names));
    for (size_t i = 0; i < n; i++) {
        state->shard_names[i] = bnc_arena_fmt(arena, "%zu", i);
    }

    const cJSON *global = bnc_json_get(state->ir->base, "global");
    struct bnc_error err = {0};

    if (bnc_version_parse(state->prometheus->version, &state->version, &err)) {
        state->version = (struct bnc_version){.major = 3, .minor = 5};
    }
    const struct bnc_spec_from *from = state->ir->from;
    const struct bnc_from_sharding *sharding = from == NULL ? NULL : from->sharding;
    state->by_zone = state->ir->operator_output && state->assume.topology_sharding &&
                     sharding != NULL && bnc_str_eq(sharding->mode, "Topology") &&
                     sharding->topology != NULL && sharding->topology->values.n > 0;
    state->assume.daemon_set =
        state->assume.daemon_set || (from != NULL && bnc_str_eq(from->mode, "DaemonSet"));
    state->interval = state->prometheus->scrape_interval;
    if (state->interval == NULL) {
        state->interval = bnc_json_get_str(global, "scrape_interval");
    }
    if (state->interval == NULL) {
        state->interval = BNC_PROM_INTERVAL;
    }
}

/* ---- steps ----------------------------------------------------------------------- */

#define BATCH_MEMBERS  64    /* of a step */
#define BATCH_EFFORT   20000 /* of regular expressions in annotations */
#define BATCH_COMPARED 8192  /* pairs of policies that may meet */

/* True when there is nothing more to do in this stage. */
static bool
do_select(struct bnc_units *u)
{
    size_t end = u->at + BATCH_MEMBERS;
    size_t effort = 0;
    for (; u->at < u->n_members && u->at < end && effort < BATCH_EFFORT; u->at++) {
        effort += bnc_plan_select(u->plan, u->state, u->members[u->at]);
    }
    return u->at == u->n_members;
}

static bool
do_rank(struct bnc_units *u)
{
    struct bnc_plan_state *state = u->state;
    bnc_sort(state->takers, state->n_takers, sizeof(*state->takers), compare_takers);
    return true;
}

static bool
do_rates(struct bnc_units *u)
{
    struct bnc_mesh_plan *mesh = u->state->mesh;
    if (mesh == NULL) {
        return true;
    }
    if (u->at == 0) {
        bnc_mesh_settle(mesh);
    }
    bnc_mesh_rates(mesh, u->at, BATCH_MEMBERS);
    u->at += BATCH_MEMBERS;
    if (u->at < mesh->n_workloads) {
        return false;
    }
    bnc_mesh_finish(mesh);
    return true;
}

static bool
do_grafana(struct bnc_units *u)
{
    if (u->state->grafana != NULL) {
        bnc_grafana_settle(u->state->grafana);
    }
    return true;
}

static bool
do_near(struct bnc_units *u)
{
    bnc_near_build(u->state, u->arena);
    return true;
}

static bool
do_groups(struct bnc_units *u)
{
    size_t end = u->at + BATCH_MEMBERS;
    for (; u->at < u->state->n_askers && u->at < end; u->at++) {
        bnc_groups_ask(u->plan, &u->state->askers[u->at]);
    }
    if (u->at < u->state->n_askers) {
        return false;
    }
    bnc_groups_list(u->plan);
    return true;
}

static bool
do_policies(struct bnc_units *u)
{
    size_t end = u->at + BATCH_MEMBERS;
    size_t work = 0;
    for (; u->at < u->state->n_takers && u->at < end && work < BATCH_COMPARED; u->at++) {
        work += add_policy_units(u, &u->state->takers[u->at]);
    }
    return u->at == u->state->n_takers;
}

static bool
do_monitors(struct bnc_units *u)
{
    size_t end = u->at + BATCH_MEMBERS;
    for (; u->at < u->state->n_scrapers && u->at < end; u->at++) {
        add_monitor_units(u, &u->state->scrapers[u->at]);
    }
    return u->at == u->state->n_scrapers;
}

static void
add_rule_unit(void *context, const char *name, struct bnc_unit_source *source,
              size_t verdict)
{
    struct bnc_units *u = context;
    const struct bnc_plan *plan = u->plan;
    uint64_t version = plan->verdicts[verdict].member->version;

    add_unit(u, name, bnc_hash64_with(bnc_plan_stamp(plan), version), verdict, source);
    u->plan->units[plan->n_units - 1].section = BNC_SECTION_RULES;
}

static bool
do_others(struct bnc_units *u)
{
    add_preset_units(u);
    bnc_plan_rule_units(u->plan, u->arena, add_rule_unit, u);
    add_group_units(u);
    bnc_plan_assets(u->plan, u->state);
    return true;
}

static bool
do_sort(struct bnc_units *u)
{
    struct bnc_plan *plan = u->plan;
    bnc_mesh_claims(plan, u->state);
    bnc_sort(plan->units, plan->n_units, sizeof(*plan->units), compare_units);
    bnc_memo_end(u->state->memo);
    return true;
}

static bool (*const stages[])(struct bnc_units *) = {
    do_select, do_grafana,  do_rates,    do_rank,   do_near,
    do_groups, do_policies, do_monitors, do_others, do_sort};

void
bnc_plan_begin(const struct bnc_member *observatory,
               const struct bnc_member *const *members, size_t n_members,
               struct bnc_plan_memo *memo, struct bnc_arena *arena, struct bnc_plan *out)
{
    *out = (struct bnc_plan){
        .arena = arena, .observatory = observatory, .diags = bnc_diags_new(arena)};
    const struct bnc_ir_observatory *ir = observatory->ir->as.observatory;
    struct bnc_plan_state *state = bnc_arena_alloc(arena, sizeof(*state));

    out->state = state;
    out->pending = observatory->ir->pending;
    state->ir = ir;
    state->assume = ir->assume;
    state->memo = memo;
    state->prometheus = ir->spec.prometheus;
    if (observatory->ir->diags.errors > 0) {
        if (observatory->object->deleting) {
            bnc_mesh_claims(out, state);
        }
        return;
    }
    if (state->prometheus != NULL) {
        settle_head(state, arena);
    }
    state->groups = bnc_map_new();
    state->making = bnc_arena_alloc(arena, sizeof(*state->making));
    *state->making = (struct bnc_units){.plan = out,
                                        .state = state,
                                        .arena = arena,
                                        .members = members,
                                        .n_members = n_members};
    bnc_memo_begin(memo);
    bnc_plan_select_begin(out, state, members, n_members);
    bnc_mesh_begin(out, state, members, n_members);
    bnc_grafana_begin(out, state, members, n_members);
}

bool
bnc_plan_step(struct bnc_plan *plan)
{
    struct bnc_plan_state *state = plan->state;
    struct bnc_units *u = state->making;
    if (u == NULL) {
        return true; /* there is nothing to make of it */
    }
    if (stages[u->stage](u)) {
        u->stage++;
        u->at = 0;
    }
    if (u->stage < BNC_LEN(stages)) {
        return false;
    }
    bnc_plan_drop(plan);
    return true;
}

void
bnc_plan_drop(struct bnc_plan *plan)
{
    struct bnc_plan_state *state = plan->state;
    if (state != NULL) {
        bnc_map_free(state->groups);
        bnc_mesh_drop(state->mesh);
        state->groups = NULL;
        state->making = NULL;
    }
}
