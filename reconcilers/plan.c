#include "reconcilers/plan.h"

#include <stdlib.h>
#include <string.h>

#include "lib/hash.h"
#include "lib/json.h"
#include "lib/map.h"
#include "reconcilers/plan_count.h"
#include "reconcilers/plan_state.h"
#include "reconcilers/plan_verdict.h"
#include "reconcilers/scope.h"
#include "reconcilers/statsd.h"

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

struct units {
    struct bnc_plan *plan;
    struct bnc_plan_state *state;
    struct bnc_arena *arena;
    size_t room;
};

static void
add_unit(struct units *u, const char *job_name, uint64_t stamp, size_t verdict,
         struct bnc_unit_source *source)
{
    struct bnc_plan *plan = u->plan;
    if (plan->n_units == u->room) {
        size_t room = u->room == 0 ? 64 : u->room * 2;
        struct bnc_unit *items = bnc_arena_array(u->arena, room, sizeof(*items));
        if (plan->n_units > 0) {
            memcpy(items, plan->units, plan->n_units * sizeof(*items));
        }
        plan->units = items;
        u->room = room;
    }
    plan->units[plan->n_units++] = (struct bnc_unit){
        .job_name = job_name, .stamp = stamp, .verdict = verdict, .source = source};
    if (verdict != SIZE_MAX) {
        plan->verdicts[verdict].jobs++;
    }
}

static uint64_t
stamp_with(uint64_t stamp, uint64_t more)
{
    return bnc_hash64(&more, sizeof(more), stamp);
}

static uint64_t
base_stamp(const struct units *u)
{
    return stamp_with(1, u->plan->observatory->version);
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
        stamp = stamp_with(stamp, source->exclusions[i].taker->member->version);
        stamp = stamp_with(stamp, source->exclusions[i].endpoint);
    }
    for (size_t i = 0; i < source->n_pods; i++) {
        stamp = stamp_text(stamp, source->pods[i]->ns);
        stamp = stamp_text(stamp, source->pods[i]->controller_kind);
        stamp = stamp_text(stamp, source->pods[i]->name);
    }
    return stamp;
}

static void
add_policy_units(struct units *u)
{
    for (size_t i = 0; i < u->state->n_takers; i++) {
        const struct bnc_taker *taker = &u->state->takers[i];
        const struct bnc_object *object = taker->member->object;
        if (!taker->scope.all && taker->scope.names.n == 0) {
            continue; /* no namespace matches (yet): Prometheus would take that for all */
        }
        for (size_t k = 0; k < taker->ir->n_endpoints; k++) {
            struct bnc_unit_source *source = bnc_arena_alloc(u->arena, sizeof(*source));
            *source = (struct bnc_unit_source){
                .type = BNC_UNIT_POLICY, .taker = taker, .endpoint = k};
            bnc_plan_exclude(u->state, source, u->arena);
            uint64_t stamp = stamp_with(base_stamp(u), taker->member->version);
            add_unit(u,
                     bnc_arena_fmt(u->arena, "scrapePolicy/%s/%s/%s", object->ns,
                                   object->name, taker->ir->endpoints[k].name),
                     stamp_exclusions(stamp, source), taker->verdict, source);
        }
    }
}

static void
add_preset_units(struct units *u)
{
    const struct bnc_texts *names = &u->state->prometheus->presets;
    for (size_t i = 0; i < names->n; i++) {
        const struct bnc_preset *preset = bnc_preset_find(names->items[i]);
        if (preset == NULL ||
            (!u->state->ir->scope.all && u->state->ir->scope.names.n == 0)) {
            continue;
        }
        struct bnc_unit_source *source = bnc_arena_alloc(u->arena, sizeof(*source));
        *source = (struct bnc_unit_source){.type = BNC_UNIT_PRESET, .preset = preset};
        bnc_plan_exclude(u->state, source, u->arena);
        add_unit(u, preset->job_name, stamp_exclusions(base_stamp(u), source), SIZE_MAX,
                 source);
    }
}

/* ---- annotations --------------------------------------------------------------- */

static void
group_add(struct units *u, struct bnc_map *groups, const struct bnc_asker *asker,
          const struct bnc_claim *claim)
{
    char digest[BNC_SHA256_HEX];
    const char *key = bnc_arena_fmt(u->arena, "%s|%lld|%d|%s|%d",
                                    bnc_request_key(&asker->request, u->arena),
                                    (long long)claim->port, claim->declared, claim->path,
                                    asker->ir->identity.suffix == BNC_IDENTITY_TIME);
    bnc_sha256_hex(key, strlen(key), digest);
    const char *name = bnc_arena_fmt(u->arena, "annotations/%.12s", digest);

    struct bnc_group *group = bnc_map_get(groups, name);
    if (group == NULL) {
        group = bnc_arena_alloc(u->arena, sizeof(*group));
        *group = (struct bnc_group){
            .job_name = name, .first = asker, .claim = *claim, .stamp = base_stamp(u)};
        (void)bnc_map_put(groups, name, group);
    }
    if (group->n_pods == group->room) {
        size_t room = group->room == 0 ? 4 : group->room * 2;
        const struct bnc_identity **pods = bnc_arena_array(u->arena, room, sizeof(*pods));
        if (group->n_pods > 0) {
            memcpy(pods, group->pods, group->n_pods * sizeof(*pods));
        }
        group->pods = pods;
        group->room = room;
    }
    const struct bnc_identity *id = &asker->ir->identity;
    group->pods[group->n_pods++] = id;
    group->stamp = stamp_text(group->stamp, id->ns);
    group->stamp = stamp_text(group->stamp, id->controller_kind);
    group->stamp = stamp_text(group->stamp, id->name);
    u->plan->verdicts[asker->verdict].jobs++;
}

static void
make_groups(struct units *u)
{
    BNC_AUTO(bnc_map) groups = bnc_map_new();
    for (size_t i = 0; i < u->state->n_askers; i++) {
        const struct bnc_asker *asker = &u->state->askers[i];
        BNC_AUTO(bnc_arena) scratch = bnc_arena_new();
        const struct bnc_scope own = bnc_scope_own(asker->ir->identity.ns, scratch);
        struct bnc_near_list near = bnc_near_find(u->state, &own, scratch);
        for (size_t k = 0; k < asker->request.n_claims; k++) {
            if (!bnc_plan_taken(u->state, &near, asker, &asker->request.claims[k])) {
                group_add(u, groups, asker, &asker->request.claims[k]);
            }
        }
    }
    u->state->group_list =
        bnc_arena_array(u->arena, bnc_map_count(groups), sizeof(*u->state->group_list));
    size_t at = 0;
    void *value = NULL;
    while (bnc_map_next(groups, &at, NULL, &value)) {
        u->state->group_list[u->state->n_groups++] = value;
    }
}

static void
add_group_units(struct units *u)
{
    for (size_t i = 0; i < u->state->n_groups; i++) {
        const struct bnc_group *group = u->state->group_list[i];
        struct bnc_unit_source *source = bnc_arena_alloc(u->arena, sizeof(*source));
        *source = (struct bnc_unit_source){.type = BNC_UNIT_GROUP, .group = group};
        add_unit(u, group->job_name, group->stamp, SIZE_MAX, source);
    }
}

/* ---- assets -------------------------------------------------------------------- */

static int
compare_assets(const void *a, const void *b)
{
    const struct bnc_asset *x = a;
    const struct bnc_asset *y = b;
    return strcmp(x->file, y->file);
}

static void
collect_assets(struct units *u)
{
    size_t n = u->state->ir->n_files;
    for (size_t i = 0; i < u->state->n_takers; i++) {
        n += u->state->takers[i].ir->n_assets;
    }
    struct bnc_asset *all = bnc_arena_array(u->arena, n, sizeof(*all));
    size_t used = u->state->ir->n_files;
    if (used > 0) {
        memcpy(all, u->state->ir->files, used * sizeof(*all));
    }
    for (size_t i = 0; i < u->state->n_takers; i++) {
        const struct bnc_ir_policy *ir = u->state->takers[i].ir;
        if (ir->n_assets > 0) {
            memcpy(all + used, ir->assets, ir->n_assets * sizeof(*all));
            used += ir->n_assets;
        }
    }
    qsort(all, used, sizeof(*all), compare_assets);
    size_t kept = 0;
    for (size_t i = 0; i < used; i++) {
        if (kept == 0 || strcmp(all[kept - 1].file, all[i].file) != 0) {
            all[kept++] = all[i];
        }
    }
    u->plan->assets = all;
    u->plan->n_assets = kept;
}

static int
compare_units(const void *a, const void *b)
{
    const struct bnc_unit *x = a;
    const struct bnc_unit *y = b;
    return strcmp(x->job_name, y->job_name);
}

/* What of the Observatory decides on its members. */
static void
settle_head(struct bnc_plan_state *state)
{
    const cJSON *global = bnc_json_get(state->ir->base, "global");
    struct bnc_error err = {0};

    if (bnc_version_parse(state->prometheus->version, &state->version, &err)) {
        state->version = (struct bnc_version){.major = 3, .minor = 5};
    }
    state->interval = state->prometheus->scrape_interval;
    if (state->interval == NULL) {
        state->interval = bnc_json_get_str(global, "scrape_interval");
    }
    if (state->interval == NULL) {
        state->interval = BNC_PROM_INTERVAL;
    }
}

static void
make(const struct bnc_member *observatory, const struct bnc_member *const *members,
     size_t n_members, struct bnc_arena *arena, struct bnc_plan *out)
{
    *out = (struct bnc_plan){
        .arena = arena, .observatory = observatory, .diags = bnc_diags_new(arena)};
    const struct bnc_ir_observatory *ir = observatory->ir->as.observatory;
    struct bnc_plan_state *state = bnc_arena_alloc(arena, sizeof(*state));
    struct units u = {.plan = out, .state = state, .arena = arena};

    out->state = state;
    out->pending = observatory->ir->pending;
    state->ir = ir;
    state->prometheus = ir->spec.prometheus;
    if (state->prometheus == NULL || observatory->ir->diags.errors > 0) {
        return;
    }
    settle_head(state);
    bnc_plan_select(out, state, members, n_members);
    qsort(state->takers, state->n_takers, sizeof(*state->takers), compare_takers);
    bnc_near_build(state, arena);
    make_groups(&u);
    add_policy_units(&u);
    add_preset_units(&u);
    add_group_units(&u);
    if (out->n_units > 0) {
        qsort(out->units, out->n_units, sizeof(*out->units), compare_units);
    }
    collect_assets(&u);
}

static int64_t
shards(const struct bnc_plan *plan)
{
    const struct bnc_plan_state *state = plan->state;
    return state->prometheus->shards.set ? state->prometheus->shards.value : 1;
}

/* What of the Observatory shapes bytes, for one shard. */
static struct bnc_profile
profile_of(const struct bnc_plan *plan, int64_t shard)
{
    const struct bnc_plan_state *state = plan->state;
    const struct bnc_prometheus_spec *prometheus = state->prometheus;
    return (struct bnc_profile){
        .version = state->version,
        .limits = prometheus->limits,
        .enforced = prometheus->enforced,
        .enforced_namespace_label = prometheus->enforced_namespace_label,
        .override_honor_labels = prometheus->override_honor_labels == BNC_TRUE,
        .override_honor_timestamps = prometheus->override_honor_timestamps == BNC_TRUE,
        .shards = shards(plan),
        .shard = shard};
}

/* Rendering knows a field's name only: put what it belongs to before it. */
static void
place_warnings(const struct bnc_unit_source *source, struct bnc_diags *diags)
{
    static const char *const of_endpoint[] = {"trackTimestampsStaleness", "noProxy",
                                              "proxyFromEnvironment", "usernameFile"};

    for (size_t i = 0; i < diags->n && source->type == BNC_UNIT_POLICY; i++) {
        struct bnc_diag *diag = &diags->items[i];
        const char *prefix = "spec";
        for (size_t k = 0; k < BNC_LEN(of_endpoint); k++) {
            if (strcmp(diag->field, of_endpoint[k]) == 0) {
                prefix =
                    bnc_arena_fmt(diags->arena, "spec.endpoints[%zu]", source->endpoint);
            }
        }
        diag->field = bnc_arena_fmt(diags->arena, "%s.%s", prefix, diag->field);
    }
}

static enum bnc_code
lower(const struct bnc_plan *plan, size_t unit, int64_t shard, struct bnc_arena *arena,
      struct bnc_bytes *out, struct bnc_diags *diags, struct bnc_error *err)
{
    const struct bnc_unit *u = &plan->units[unit];
    struct bnc_profile profile = profile_of(plan, shard);
    const struct bnc_job *job = bnc_plan_job(plan->state, u->source, u->job_name, arena);
    enum bnc_code code = bnc_prom_job_render(job, &profile, arena, out, diags, err);
    place_warnings(u->source, diags);
    return code;
}

/* Jobs of `list` after `out[n]`; gives the new number. */
static size_t
take_jobs(const cJSON *list, const cJSON **out, size_t n)
{
    const cJSON *job;
    cJSON_ArrayForEach(job, list)
    {
        out[n++] = job;
    }
    return n;
}

static enum bnc_code
frame(const struct bnc_plan *plan, const struct bnc_frame_ask *ask,
      struct bnc_arena *arena, struct bnc_frame *out, struct bnc_diags *diags,
      struct bnc_error *err)
{
    const struct bnc_plan_state *state = plan->state;
    struct bnc_profile profile = profile_of(plan, ask->shard);
    const cJSON *base_jobs = bnc_json_get(state->ir->base, "scrape_configs");
    size_t room = (size_t)cJSON_GetArraySize(base_jobs) +
                  (size_t)cJSON_GetArraySize(state->ir->raw_jobs);
    const cJSON **jobs = bnc_arena_array(arena, room, sizeof(const cJSON *));
    size_t n = take_jobs(base_jobs, jobs, 0);
    n = take_jobs(state->ir->raw_jobs, jobs, n);

    struct bnc_prom_head parts = {.spec = state->prometheus,
                                  .profile = &profile,
                                  .base = state->ir->base,
                                  .files = ask->files,
                                  .n_files = ask->n_files,
                                  .has_jobs =
                                      (ask->files == NULL ? plan->n_units : 0) + n > 0};
    struct bnc_diags found = bnc_diags_new(arena);
    enum bnc_code code = bnc_prom_head_render(&parts, arena, &out->head, &found, err);
    for (size_t i = 0; i < found.n; i++) {
        found.items[i].field =
            bnc_arena_fmt(arena, "spec.prometheus.%s", found.items[i].field);
    }
    if (ask->shard == 0) { /* the others say the same */
        bnc_diags_copy(diags, found.items, found.n);
    }
    if (code) {
        return code;
    }
    return bnc_prom_tail_render(jobs, n, &profile, arena, &out->tail, err);
}

static const struct bnc_output_spec *
output(const struct bnc_plan *plan)
{
    const struct bnc_plan_state *state = plan->state;
    return state->prometheus->output;
}

const struct bnc_planner bnc_planner_prometheus = {.make = make,
                                                   .lower = lower,
                                                   .frame = frame,
                                                   .count = bnc_plan_count,
                                                   .shards = shards,
                                                   .output = output,
                                                   .documents = bnc_statsd_documents};
