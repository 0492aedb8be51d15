/* What statuses say of sampling. */
#include <stdio.h>
#include <string.h>

#include "controller/status.h"
#include "lib/json.h"
#include "model/ir_metric_rule.h"

#define LEFT_OUT_MAX 100

/* "12.5" of 125000: ten-thousandths of 1 %, as the shortest decimal. */
static cJSON *
percent_json(int64_t rate, struct bnc_arena *arena)
{
    char text[48];
    (void)snprintf(text, sizeof(text), "%s%lld.%04lld", rate < 0 ? "-" : "",
                   (long long)((rate < 0 ? -rate : rate) / 10000),
                   (long long)((rate < 0 ? -rate : rate) % 10000));
    size_t n = strlen(text);
    while (text[n - 1] == '0') {
        text[--n] = '\0';
    }
    if (text[n - 1] == '.') {
        text[--n] = '\0';
    }
    return bnc_json_raw(arena, text);
}

static cJSON *
decider_json(const struct bnc_decider *decider, bool with_percent,
             struct bnc_arena *arena)
{
    cJSON *out = bnc_json_object(arena);
    bnc_json_set_str(arena, out, "kind", decider->kind);
    if (decider->ns != NULL) {
        bnc_json_set_str(arena, out, "namespace", decider->ns);
    }
    bnc_json_set_str(arena, out, "name", decider->name == NULL ? "" : decider->name);
    if (with_percent && decider->rate != BNC_RATE_NONE) {
        bnc_json_set_item(arena, out, "percent", percent_json(decider->rate, arena));
    }
    return out;
}

cJSON *
bnc_status_effective(const struct bnc_effective *e, struct bnc_arena *arena)
{
    cJSON *out = bnc_json_object(arena);
    bnc_json_set_str(arena, out, "system", e->system);
    const struct bnc_object *workload = e->workload->object;
    bnc_json_set_str(arena, out, "kind", bnc_kind_info(workload->kind)->name);
    bnc_json_set_str(arena, out, "namespace", workload->ns);
    bnc_json_set_str(arena, out, "name", workload->name);
    if (e->rate != BNC_RATE_NONE) {
        bnc_json_set_item(arena, out, "percent", percent_json(e->rate, arena));
    }
    if (e->inbound != e->rate && e->inbound != BNC_RATE_NONE) {
        bnc_json_set_item(arena, out, "inboundPercent", percent_json(e->inbound, arena));
    }
    if (e->by.kind != NULL) {
        bnc_json_set_item(arena, out, "decidedBy", decider_json(&e->by, false, arena));
    }
    if (e->n_overrides > 0) {
        cJSON *list = bnc_json_array(arena);
        for (size_t i = 0; i < e->n_overrides; i++) {
            bnc_json_add(list, decider_json(&e->overrides[i], true, arena));
        }
        bnc_json_set_item(arena, out, "overrides", list);
    }
    if (e->note != NULL) {
        bnc_json_set_str(arena, out, "note", e->note);
    }
    return out;
}

/* The rate is rounded: it is there to be read, not to be followed. */
static cJSON *
budget_json(const struct bnc_measured *measured, struct bnc_arena *arena)
{
    cJSON *out = bnc_json_object(arena);
    if (measured->rate >= 0) {
        bnc_json_set_int(arena, out, "requestsPerSecond", (measured->rate + 500) / 1000);
    }
    if (measured->error != NULL) {
        bnc_json_set_str(arena, out, "message", measured->error);
    }
    return out;
}

/*
 * Until a new start has asked, what is there stays: a restart writes nothing.  NULL: it
 * has no budget.
 */
static cJSON *
budget_of(const struct bnc_opinion *opinion, struct bnc_arena *arena)
{
    const struct bnc_measured *measured = opinion->measured;
    const struct bnc_member *member = opinion->verdict->member;
    struct bnc_error err = {0};
    cJSON *live = NULL;
    if (measured != NULL && (measured->rate >= 0 || measured->error != NULL)) {
        return budget_json(measured, arena);
    }
    if (member->ir->type != BNC_IR_SAMPLING ||
        member->ir->as.sampling->spec.budget == NULL || member->object->status.len == 0 ||
        bnc_json_parse(arena, member->object->status.ptr, member->object->status.len,
                       &live, &err)) {
        return NULL;
    }
    const cJSON *budget = bnc_json_get(live, "budget");
    return budget == NULL ? NULL : bnc_json_clone(arena, budget);
}

void
bnc_status_sampling(const struct bnc_opinion *opinion, cJSON *status,
                    struct bnc_arena *arena)
{
    if (opinion == NULL) {
        return;
    }
    const struct bnc_verdict *v = opinion->verdict;
    cJSON *list = bnc_json_array(arena);
    for (size_t i = 0; i < v->n_effective; i++) {
        bnc_json_add(list, bnc_status_effective(v->effective[i], arena));
    }
    if (v->accepted) {
        bnc_json_set_item(arena, status, "percent",
                          percent_json(v->percent * 100, arena));
    }
    cJSON *budget = budget_of(opinion, arena);
    if (budget != NULL) {
        bnc_json_set_item(arena, status, "budget", budget);
    }
    bnc_json_set_int(arena, status, "workloads", (int64_t)v->n_workloads);
    bnc_json_set_item(arena, status, "effective", list);
}

void
bnc_status_rule(const struct bnc_member *member, const struct bnc_opinion *opinion,
                cJSON *status, struct bnc_arena *arena)
{
    const struct bnc_ir_metric_rule *ir = member->ir->as.metric_rule;
    cJSON *list = bnc_json_array(arena);
    size_t n = 0;
    for (size_t i = 0; i < member->ir->diags.n && n < LEFT_OUT_MAX; i++) {
        const struct bnc_diag *diag = &member->ir->diags.items[i];
        if (diag->warning) {
            continue;
        }
        cJSON *entry = bnc_json_object(arena);
        bnc_json_set_str(arena, entry, "field", diag->field);
        bnc_json_set_str(arena, entry, "message", diag->message);
        bnc_json_add(list, entry);
        n++;
    }
    bool counts = opinion != NULL && opinion->verdict->accepted;
    bnc_json_set_int(arena, status, "groups", counts ? (int64_t)ir->n_groups : 0);
    bnc_json_set_int(arena, status, "rules", counts ? (int64_t)ir->n_rules : 0);
    bnc_json_set_item(arena, status, "leftOut", list);
}

cJSON *
bnc_status_mesh(const struct bnc_result *result, cJSON *held, struct bnc_arena *arena)
{
    const struct bnc_mesh_summary *mesh =
        result->plan == NULL ? NULL : &result->plan->mesh;
    if ((mesh == NULL || !mesh->present) && held->child == NULL) {
        return NULL;
    }
    cJSON *out = bnc_json_object(arena);
    bnc_json_set_item(arena, out, "held", held);
    if (mesh == NULL || !mesh->present) {
        return out;
    }
    size_t telemetries = 0;
    for (size_t i = 0; i < result->n_desired; i++) {
        telemetries += result->desired[i].kind == BNC_KIND_TELEMETRY;
    }
    bnc_json_set_int(arena, out, "telemetries", (int64_t)telemetries);
    if (mesh->provider != NULL) {
        bnc_json_set_str(arena, out, "provider", mesh->provider);
    }
    if (mesh->percent >= 0) {
        bnc_json_set_item(arena, out, "percent",
                          percent_json(mesh->percent * 100, arena));
    }
    bnc_json_set_int(arena, out, "workloads", (int64_t)mesh->workloads);
    return out;
}
