/*
 * Who has a word in sampling: SamplingPolicies with their rights, annotations.  What
 * else is there: workloads, proxies, Telemetry.
 */
#include <string.h>

#include "lib/clip.h"
#include "lib/json.h"
#include "lib/map.h"
#include "lib/units.h"
#include "model/ir_metric_rule.h"
#include "reconcilers/mesh_plan.h"
#include "reconcilers/scope.h"

#define BNC_PERCENT_ALL 10000 /* hundredths */

/* ---- what is said -------------------------------------------------------------- */

void
bnc_mesh_tell(struct bnc_mesh_plan *mesh, size_t verdict, bool error,
              enum bnc_reason reason, const char *field, const char *remedy,
              const char *message)
{
    if (verdict == SIZE_MAX) {
        bnc_diag_warn(&mesh->plan->diags, reason, field, remedy, "%s", message);
        return;
    }
    struct bnc_verdict *v = &mesh->plan->verdicts[verdict];
    struct bnc_diags all = bnc_diags_new(mesh->arena);
    bnc_diags_copy(&all, v->why, v->n_why);
    if (error) {
        bnc_diag_add(&all, reason, field, remedy, "%s", message);
        v->accepted = false;
    } else {
        bnc_diag_warn(&all, reason, field, remedy, "%s", message);
    }
    v->why = all.items;
    v->n_why = all.n;
}

static const char *
backend_names(const struct bnc_mesh_plan *mesh)
{
    const struct bnc_backend_spec *backends = mesh->tracing->backends.items;
    struct bnc_str out = bnc_str_new(mesh->arena, 1024);
    for (size_t i = 0; i < mesh->tracing->backends.n; i++) {
        bnc_str_fmt(&out, "%s%s", i == 0 ? "use one of " : ", ", backends[i].name);
    }
    return out.len == 0 ? "name it in tracing.backends of the Observatory" : out.ptr;
}

static bool
is_backend(const struct bnc_mesh_plan *mesh, const char *name)
{
    const struct bnc_backend_spec *backends = mesh->tracing->backends.items;
    for (size_t i = 0; i < mesh->tracing->backends.n; i++) {
        if (bnc_str_eq(backends[i].name, name)) {
            return true;
        }
    }
    return mesh->facts != NULL && bnc_provider_find(&mesh->facts->merged, name) != NULL;
}

/* ---- policies ------------------------------------------------------------------ */

static bool
is_tenant(const struct bnc_mesh_plan *mesh, const char *ns)
{
    return strcmp(ns, mesh->plan->observatory->object->ns) != 0;
}

/* Tenants are cut to the Observatory's maximum. */
static int64_t
cut(struct bnc_mesh_plan *mesh, const char *ns, int64_t percent)
{
    const struct bnc_mesh_sampling_spec *sampling = mesh->tracing->sampling;
    bool limited = sampling != NULL && sampling->max_percent.set && is_tenant(mesh, ns);
    return limited && percent > sampling->max_percent.value ? sampling->max_percent.value
                                                            : percent;
}

/* mesh.mode, when that has one percentage for the whole mesh and nothing else counts. */
static const char *
one_for_all(const struct bnc_mesh_plan *mesh)
{
    const struct bnc_mesh_spec *of = mesh->state->ir->spec.mesh;
    bool others = mesh->systems[BNC_SYSTEM_SDK] || mesh->systems[BNC_SYSTEM_JAEGER];
    return of != NULL && !bnc_str_eq(of->mode, "Telemetry") && !others ? of->mode : NULL;
}

static void
check_policy(struct bnc_mesh_plan *mesh, const struct bnc_member *member,
             struct bnc_diags *diags)
{
    const struct bnc_spec_sampling_policy *spec = &member->ir->as.sampling->spec;
    const char *ns = member->object->ns;

    if (bnc_str_eq(spec->scope, "Mesh") && is_tenant(mesh, ns)) {
        bnc_diag_add(diags, BNC_REASON_NOT_PERMITTED, "spec.scope",
                     bnc_arena_fmt(mesh->arena,
                                   "use scope Namespace, or create it in namespace %s",
                                   mesh->plan->observatory->object->ns),
                     "a policy for the whole mesh stands beside the Observatory");
    }
    if (spec->provider != NULL && !is_backend(mesh, spec->provider)) {
        bnc_diag_add(diags, BNC_REASON_NO_PROVIDER, "spec.provider", backend_names(mesh),
                     "there is no backend \"%s\"; with an unknown one Istio would stop "
                     "tracing",
                     spec->provider);
    }
    if (mesh->facts != NULL && strcmp(ns, mesh->facts->root_namespace) == 0 &&
        bnc_str_eq(spec->scope, "Namespace")) {
        bnc_diag_add(diags, BNC_REASON_INVALID_FIELD, "spec.scope",
                     "use scope Mesh, or a selector",
                     "namespace %s is the mesh's root: what is said there holds for all",
                     ns);
    }
    if (one_for_all(mesh) != NULL && !bnc_str_eq(spec->scope, "Mesh")) {
        bnc_diag_add(diags, BNC_REASON_NOT_IN_MODE, "spec.scope", "use scope Mesh",
                     "mesh.mode %s has one percentage for the whole mesh",
                     one_for_all(mesh));
    }
}

static void
add_policy(struct bnc_mesh_plan *mesh, const struct bnc_member *member, size_t verdict)
{
    const struct bnc_ir_sampling *ir = member->ir->as.sampling;
    const struct bnc_spec_sampling_policy *spec = &ir->spec;
    struct bnc_level *level = &mesh->levels[mesh->n_levels++];

    *level = (struct bnc_level){.type = BNC_LEVEL_NAMESPACE,
                                .ns = bnc_arena_strdup(mesh->arena, member->object->ns),
                                .name = bnc_mesh_own_name(mesh),
                                .said = true,
                                .percent = mesh->plan->verdicts[verdict].percent,
                                .provider = spec->provider,
                                .policy = ir,
                                .by = member,
                                .verdict = verdict};
    if (bnc_str_eq(spec->scope, "Mesh")) {
        level->type = BNC_LEVEL_MESH;
        level->ns = mesh->facts == NULL ? level->ns : mesh->facts->root_namespace;
    } else if (bnc_str_eq(spec->scope, "Workload")) {
        level->type = BNC_LEVEL_WORKLOAD;
        level->name = bnc_arena_fmt(mesh->arena, "%s-%s", bnc_mesh_own_name(mesh),
                                    member->object->name);
        level->match_labels =
            spec->selector == NULL ? NULL : &spec->selector->match_labels;
    }
    for (size_t i = 0; i < BNC_SYSTEMS; i++) {
        level->applies[i] =
            mesh->systems[i] &&
            (!spec->apply.set || bnc_system_named(&spec->apply, bnc_tracing_systems[i]));
    }
}

/* Percentages of operations are cut where the file is made (mesh_objects.c). */
static void
tell_cut_operations(const struct bnc_ir_sampling *ir, const struct bnc_verdict *v,
                    struct bnc_diags *diags)
{
    const struct bnc_operation_spec *operations = ir->spec.operations.items;
    for (size_t i = 0; v->accepted && i < ir->spec.operations.n; i++) {
        if (operations[i].percent.value > v->most_percent) {
            bnc_diag_warn(diags, BNC_REASON_CUT, "spec.operations",
                          "ask the Observatory's owner for a higher "
                          "tracing.sampling.maxPercent",
                          "%s is cut to %s %%, the most that the Observatory allows here",
                          operations[i].operation,
                          bnc_rate_text(v->most_percent * 100, diags->arena));
        }
    }
}

static void
judge_policy(struct bnc_mesh_plan *mesh, const struct bnc_member *member)
{
    struct bnc_plan *plan = mesh->plan;
    const struct bnc_ir *ir = member->ir;
    size_t index = plan->n_verdicts;
    struct bnc_verdict *v = &plan->verdicts[plan->n_verdicts++];
    struct bnc_diags diags = bnc_diags_new(mesh->arena);

    *v = (struct bnc_verdict){.member = member, .percent = ir->as.sampling->percent};
    v->selected = bnc_selector_match(mesh->tracing->policy_selector, ir->labels);
    if (!v->selected) {
        const char *why =
            bnc_selector_why_not(mesh->tracing->policy_selector, ir->labels, mesh->arena);
        bnc_diag_warn(&diags, BNC_REASON_NOT_SELECTED, "metadata.labels",
                      "label it so, or change the selector",
                      "samplingPolicySelector of Observatory %s asks for %s", mesh->owner,
                      why == NULL ? "something else" : why);
    } else if (ir->pending) {
        v->pending = plan->pending = true;
        return;
    } else {
        bnc_diags_copy(&diags, ir->diags.items, ir->diags.n);
        if (ir->diags.errors == 0) {
            check_policy(mesh, member, &diags);
        }
        v->accepted = diags.errors == 0;
        v->percent = cut(mesh, member->object->ns, v->percent);
        v->most_percent = cut(mesh, member->object->ns, BNC_PERCENT_ALL);
    }
    if (v->accepted && v->percent < ir->as.sampling->percent) {
        bnc_diag_warn(&diags, BNC_REASON_CUT, "spec.percent",
                      "ask the Observatory's owner for a higher "
                      "tracing.sampling.maxPercent",
                      "it is cut to %s %%, the most that the Observatory allows here",
                      bnc_rate_text(v->percent * 100, mesh->arena));
    }
    tell_cut_operations(ir->as.sampling, v, &diags);
    v->why = diags.items;
    v->n_why = diags.n;
    if (v->accepted) {
        add_policy(mesh, member, index);
    }
}

/* ---- annotations --------------------------------------------------------------- */

/* A level by an annotation; told where it can't be understood. */
static void
judge_annotation(struct bnc_mesh_plan *mesh, const struct bnc_member *member,
                 const char *text, size_t verdict, struct bnc_level level)
{
    struct bnc_error err = {0};
    int64_t percent = 0;
    const char *field = "metadata.annotations[\"binnacle.dev/sampling-percent\"]";

    if (bnc_percent_parse(text, &percent, &err)) {
        bnc_mesh_tell(mesh, verdict, !level.shared, BNC_REASON_INVALID_ANNOTATION, field,
                      "write a number from 0 to 100 with at most two decimals",
                      bnc_arena_fmt(mesh->arena, "\"%.*s\" is no percentage",
                                    bnc_clip(text, 64), text));
        return;
    }
    const char *mode = one_for_all(mesh);
    if (mode != NULL) {
        bnc_mesh_tell(mesh, verdict, !level.shared, BNC_REASON_NOT_IN_MODE, field,
                      "set tracing.sampling.percent of the Observatory",
                      bnc_arena_fmt(mesh->arena,
                                    "mesh.mode %s has one percentage for the whole mesh",
                                    mode));
        return;
    }
    level.said = true;
    level.percent = cut(mesh, level.ns, percent);
    level.by = member;
    level.verdict = verdict;
    memcpy(level.applies, mesh->systems, sizeof(level.applies));
    if (level.percent < percent) {
        bnc_mesh_tell(mesh, verdict, false, BNC_REASON_CUT, field,
                      "ask the Observatory's owner for a higher "
                      "tracing.sampling.maxPercent",
                      bnc_arena_fmt(mesh->arena, "it is cut to %s %%",
                                    bnc_rate_text(level.percent * 100, mesh->arena)));
    }
    mesh->levels[mesh->n_levels++] = level;
}

static void
judge_namespace(struct bnc_mesh_plan *mesh, const struct bnc_member *member)
{
    struct bnc_plan *plan = mesh->plan;
    size_t index = plan->n_verdicts++;
    const char *ns = bnc_arena_strdup(mesh->arena, member->object->name);
    plan->verdicts[index] =
        (struct bnc_verdict){.member = member, .selected = true, .accepted = true};
    if (mesh->facts != NULL && strcmp(ns, mesh->facts->root_namespace) == 0) {
        bnc_mesh_tell(mesh, index, true, BNC_REASON_INVALID_ANNOTATION,
                      "metadata.annotations[\"binnacle.dev/sampling-percent\"]",
                      "set tracing.sampling.percent of the Observatory",
                      "the namespace is the mesh's root: what is said there holds for "
                      "all");
        return;
    }
    judge_annotation(mesh, member, member->ir->as.ns->sampling_percent, index,
                     (struct bnc_level){.type = BNC_LEVEL_NAMESPACE,
                                        .ns = ns,
                                        .name = bnc_mesh_own_name(mesh)});
}

/* Its pods' labels as they are: no other workload should have them all. */
static const struct bnc_pairs *
labels_of(const struct bnc_ir_workload *ir, struct bnc_arena *arena)
{
    struct bnc_pairs *out = bnc_arena_alloc(arena, sizeof(*out));
    size_t n = (size_t)cJSON_GetArraySize(ir->labels);
    const cJSON *label;
    out->items = bnc_arena_array(arena, n, sizeof(*out->items));
    cJSON_ArrayForEach(label, ir->labels)
    {
        static const char *const moving[] = {"pod-template-hash",
                                             "controller-revision-hash",
                                             "statefulset.kubernetes.io/pod-name"};
        bool stays = cJSON_IsString(label);
        for (size_t i = 0; i < BNC_LEN(moving); i++) {
            stays = stays && strcmp(label->string, moving[i]) != 0;
        }
        if (stays) {
            out->items[out->n++] =
                (struct bnc_pair){.key = label->string, .value = label->valuestring};
        }
    }
    out->set = true;
    return out;
}

static void
judge_workload(struct bnc_mesh_plan *mesh, const struct bnc_member *member)
{
    const struct bnc_ir_workload *ir = member->ir->as.workload;
    const struct bnc_object *object = member->object;
    mesh->workloads[mesh->n_workloads++] =
        (struct bnc_mesh_workload){.member = member, .ir = ir};
    if (ir->sampling == NULL || mesh->tracing == NULL ||
        !bnc_scope_has(&mesh->state->ir->sampling_scope, object->ns)) {
        return;
    }
    struct bnc_plan *plan = mesh->plan;
    size_t index = plan->n_verdicts - 1; /* the scrape part has one of it, perhaps */
    bool shared = plan->n_verdicts > 0 && plan->verdicts[index].member == member;
    if (!shared) {
        index = plan->n_verdicts++;
        plan->verdicts[index] =
            (struct bnc_verdict){.member = member, .selected = true, .accepted = true};
    }
    judge_annotation(
        mesh, member, ir->sampling->value, index,
        (struct bnc_level){
            .type = BNC_LEVEL_WORKLOAD,
            .shared = shared,
            .ns = bnc_arena_strdup(mesh->arena, object->ns),
            .name = bnc_arena_fmt(mesh->arena, "%s.%s.%s", bnc_mesh_own_name(mesh),
                                  bnc_kind_info(object->kind)->plural, object->name),
            .match_labels = labels_of(ir, mesh->arena)});
}

/* ---- rules --------------------------------------------------------------------- */

/* Its verdict is there (plan_verdict.c): only what it says of the mesh is looked at. */
static void
judge_rule(struct bnc_mesh_plan *mesh, const struct bnc_member *member)
{
    const struct bnc_plan *plan = mesh->plan;
    const struct bnc_ir_metric_rule *ir = member->ir->as.metric_rule;
    if (mesh->facts == NULL || plan->n_verdicts == 0) {
        return;
    }
    const struct bnc_verdict *v = &plan->verdicts[plan->n_verdicts - 1];
    if (v->member == member && v->accepted && ir->n_changes + ir->n_counters > 0) {
        mesh->rules[mesh->n_rules++] = plan->n_verdicts - 1;
    }
}

/* istiod leaves out what is labelled for another revision. */
static bool
is_read(const struct bnc_mesh_plan *mesh, const cJSON *labels)
{
    const char *revision = bnc_json_get_str(labels, "istio.io/rev");
    const char *ours = mesh->state->ir->spec.mesh->revision;
    return revision == NULL ||
           strcmp(revision, ours == NULL || ours[0] == '\0' ? "default" : ours) == 0;
}

/* ---- members ------------------------------------------------------------------- */

void
bnc_mesh_select(struct bnc_mesh_plan *mesh, const struct bnc_member *member)
{
    const struct bnc_ir_observatory *ir = mesh->state->ir;
    const char *ns = member->object->ns;

    switch (member->ir->type) {
    case BNC_IR_SAMPLING:
        if (mesh->tracing != NULL && bnc_scope_has(&ir->sampling_scope, ns)) {
            judge_policy(mesh, member);
        }
        break;
    case BNC_IR_NAMESPACE:
        if (mesh->tracing != NULL &&
            bnc_scope_has(&ir->sampling_scope, member->object->name)) {
            judge_namespace(mesh, member);
        }
        break;
    case BNC_IR_WORKLOAD:
        if (bnc_scope_has(&ir->scope, ns)) {
            judge_workload(mesh, member);
        }
        break;
    case BNC_IR_PROXY:
        if (bnc_scope_has(&ir->scope, ns)) {
            mesh->proxies[mesh->n_proxies++] = member;
        }
        break;
    case BNC_IR_TELEMETRY:
        if (mesh->facts != NULL && is_read(mesh, member->ir->labels)) {
            mesh->owners[mesh->n_telemetries] =
                bnc_json_get_str(member->ir->annotations, "binnacle.dev/owner");
            mesh->telemetries[mesh->n_telemetries++] = member->ir->as.telemetry;
        }
        break;
    case BNC_IR_METRIC_RULE:
        judge_rule(mesh, member);
        break;
    case BNC_IR_INSTRUMENTATION:
        mesh->instrumentation_members[mesh->n_instrumentations] = member;
        mesh->instrumentations[mesh->n_instrumentations++] = (struct bnc_instrumentation){
            .ns = bnc_arena_strdup(mesh->arena, ns),
            .name = bnc_arena_strdup(mesh->arena, member->object->name),
            .spec = member->ir->as.instrumentation->spec};
        break;
    case BNC_IR_DATASOURCE:
    case BNC_IR_DASHBOARD:
    case BNC_IR_NONE:
    case BNC_IR_OBSERVATORY:
    case BNC_IR_POLICY:
    case BNC_IR_MONITOR:
    case BNC_IR_PROMETHEUS_RULE:
        break;
    }
}
