#include "reconcilers/plan.h"

#include <string.h>

#include "lib/json.h"
#include "model/ir_metric_rule.h"
#include "model/spec_from.h"
#include "reconcilers/grafana.h"
#include "reconcilers/mesh_plan.h"
#include "reconcilers/monitor.h"
#include "reconcilers/plan_count.h"
#include "reconcilers/plan_make.h"
#include "reconcilers/plan_memo.h"
#include "reconcilers/plan_state.h"
#include "reconcilers/statsd.h"
#include "render/rules.h"

/* Servers that share the targets. */
static int64_t
servers(const struct bnc_plan_state *state)
{
    return state->prometheus->shards.set ? state->prometheus->shards.value : 1;
}

/* prometheus-operator's reloader makes each server's own of one document. */
static int64_t
shards(const struct bnc_plan *plan)
{
    const struct bnc_plan_state *state = plan->state;
    return state->ir->operator_output ? 1 : servers(state);
}

static struct bnc_shard_rules
sharding_of(const struct bnc_plan *plan, int64_t shard)
{
    const struct bnc_plan_state *state = plan->state;
    const struct bnc_spec_from *from = state->ir->from;
    struct bnc_shard_rules how = {.shards = servers(state)};

    how.shard = state->shard_names[shard];
    if (!state->ir->operator_output) {
        return how;
    }
    how.shard = "$(SHARD)";
    how.always = !state->assume.daemon_set;
    how.in_range = state->assume.retention_policies;
    how.zone_of_pod = state->assume.pod_topology;
    if (state->by_zone) {
        how.zone = "$(TOPOLOGY_ZONE)";
        how.zones = (int64_t)from->sharding->topology->values.n;
    }
    return how;
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
        .shards = sharding_of(plan, shard),
        .agent = state->ir->agent,
        .bare = bnc_monitor_exact(state),
        .global_limits = state->ir->from != NULL};
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
    if (u->section == BNC_SECTION_RULES) {
        return bnc_plan_lower_rules(plan, u, arena, out, diags, err);
    }
    struct bnc_profile profile = profile_of(plan, shard);
    struct bnc_unit_source source = *(const struct bnc_unit_source *)u->source;
    if (source.stale) {
        (void)bnc_plan_exclude(plan->state, &source, arena);
    }
    const struct bnc_job *job = bnc_plan_job(plan->state, &source, u->job_name, arena);
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

static bool
has_jobs(const struct bnc_plan *plan)
{
    return plan->n_units > 0 && plan->units[0].section == BNC_SECTION_JOBS;
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
                                  .rule_files = ask->rule_files,
                                  .n_rule_files = ask->n_rule_files,
                                  .has_jobs =
                                      (ask->files == NULL && has_jobs(plan)) || n > 0};
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

static size_t
documents(const struct bnc_plan *plan, struct bnc_arena *arena, struct bnc_document **out,
          struct bnc_diags *diags)
{
    struct bnc_document *lists[3] = {NULL, NULL, NULL};
    const size_t n[3] = {bnc_statsd_documents(plan, arena, &lists[0], diags),
                         bnc_mesh_documents(plan, arena, &lists[1], diags),
                         bnc_grafana_documents(plan, arena, &lists[2], diags)};
    size_t all = 0;
    *out = bnc_arena_array(arena, n[0] + n[1] + n[2], sizeof(**out));
    for (size_t i = 0; i < BNC_LEN(lists); i++) {
        for (size_t k = 0; k < n[i]; k++) {
            (*out)[all++] = lists[i][k];
        }
    }
    return all;
}

const struct bnc_planner bnc_planner_prometheus = {.memo_new = bnc_memo_new,
                                                   .memo_free = bnc_memo_free,
                                                   .begin = bnc_plan_begin,
                                                   .step = bnc_plan_step,
                                                   .drop = bnc_plan_drop,
                                                   .lower = lower,
                                                   .frame = frame,
                                                   .count = bnc_plan_count,
                                                   .shards = shards,
                                                   .output = output,
                                                   .documents = documents};
