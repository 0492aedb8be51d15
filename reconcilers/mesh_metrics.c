/*
 * What MetricRules change of Istio's metrics: put to the level of the mesh, of a
 * namespace or of workloads, in one Telemetry with the sampling of that level.  And the
 * objects of Mixer, where that counts.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/json.h"
#include "model/ir_metric_rule.h"
#include "reconcilers/mesh_plan.h"
#include "render/mixer.h"

/* ---- places -------------------------------------------------------------------- */

static const struct bnc_verdict *
verdict_of(const struct bnc_mesh_plan *mesh, size_t rule)
{
    return &mesh->plan->verdicts[rule];
}

static bool
is_tenant(const struct bnc_mesh_plan *mesh, const struct bnc_object *object)
{
    return strcmp(object->ns, mesh->plan->observatory->object->ns) != 0;
}

static enum bnc_level_type
type_of(const struct bnc_mesh_plan *mesh, const struct bnc_verdict *v)
{
    const struct bnc_spec_metric_rule *spec = &v->member->ir->as.metric_rule->spec;
    if (spec->selector != NULL) {
        return BNC_LEVEL_WORKLOAD;
    }
    return is_tenant(mesh, v->member->object) ? BNC_LEVEL_NAMESPACE : BNC_LEVEL_MESH;
}

/* The level that is there already; NULL: none. */
static struct bnc_level *
find_level(struct bnc_mesh_plan *mesh, enum bnc_level_type type, const char *ns,
           const struct bnc_pairs *labels)
{
    for (size_t i = 0; i < mesh->n_levels; i++) {
        struct bnc_level *level = &mesh->levels[i];
        if (level->type == type && (type == BNC_LEVEL_MESH ||
                                    (strcmp(level->ns, ns) == 0 &&
                                     (type == BNC_LEVEL_NAMESPACE ||
                                      bnc_labels_same(level->match_labels, labels))))) {
            return level;
        }
    }
    return NULL;
}

/* Another level that selects a workload which this one selects; NULL: none. */
static const struct bnc_level *
rival_of(const struct bnc_mesh_plan *mesh, const struct bnc_pairs *labels, const char *ns,
         const struct bnc_object **at)
{
    for (size_t i = bnc_mesh_first_workload(mesh, ns); bnc_mesh_in(mesh, i, ns); i++) {
        const struct bnc_mesh_workload *w = &mesh->workloads[i];
        const struct bnc_level *other = w->metrics != NULL ? w->metrics : w->level;
        if (other != NULL && !bnc_labels_same(other->match_labels, labels) &&
            bnc_labels_match(labels, w->ir->labels)) {
            *at = w->member->object;
            return other;
        }
    }
    return NULL;
}

static void
mark(struct bnc_mesh_plan *mesh, const struct bnc_level *level)
{
    for (size_t i = bnc_mesh_first_workload(mesh, level->ns);
         bnc_mesh_in(mesh, i, level->ns); i++) {
        if (bnc_labels_match(level->match_labels, mesh->workloads[i].ir->labels)) {
            mesh->workloads[i].metrics = level;
        }
    }
}

/* ---- changes ------------------------------------------------------------------- */

static void
add_changes(struct bnc_mesh_plan *mesh, struct bnc_level *level, size_t rule)
{
    const struct bnc_ir_metric_rule *ir =
        verdict_of(mesh, rule)->member->ir->as.metric_rule;
    struct bnc_metric_override *metrics =
        bnc_arena_array(mesh->arena, level->n_metrics + ir->n_changes, sizeof(*metrics));
    size_t *rules = bnc_arena_array(mesh->arena, level->n_rules + 1, sizeof(*rules));

    if (level->n_metrics > 0) {
        memcpy(metrics, level->metrics, level->n_metrics * sizeof(*metrics));
        memcpy(rules, level->rules, level->n_rules * sizeof(*rules));
    }
    for (size_t i = 0; i < ir->n_changes; i++) {
        const struct bnc_metric_change_spec *spec = ir->changes[i].spec;
        const char *metric = bnc_istio_metric(spec->metric);
        metrics[level->n_metrics++] =
            (struct bnc_metric_override){.metric = metric == NULL ? spec->metric : metric,
                                         .custom = metric == NULL,
                                         .mode = spec->mode,
                                         .disabled = spec->disabled,
                                         .add_labels = spec->add_labels,
                                         .remove_labels = spec->remove_labels};
    }
    rules[level->n_rules++] = rule;
    level->metrics = metrics;
    level->rules = rules;
}

/* To its level, a new one if need be; or it is told why that can't be. */
static void
place(struct bnc_mesh_plan *mesh, size_t rule, struct bnc_level *new)
{
    const struct bnc_verdict *v = verdict_of(mesh, rule);
    const struct bnc_object *object = v->member->object;
    const struct bnc_match_labels *selector =
        v->member->ir->as.metric_rule->spec.selector;
    const struct bnc_pairs *labels = selector == NULL ? NULL : &selector->match_labels;
    enum bnc_level_type type = type_of(mesh, v);
    struct bnc_level *level = find_level(mesh, type, object->ns, labels);
    const struct bnc_object *at = NULL;

    if (type == BNC_LEVEL_NAMESPACE &&
        strcmp(object->ns, mesh->facts->root_namespace) == 0) {
        bnc_mesh_tell(mesh, rule, true, BNC_REASON_NOT_PERMITTED, "spec.mesh",
                      "create it beside the Observatory, or use a selector",
                      "the namespace is the mesh's root: what is said there holds for "
                      "all");
        return;
    }
    if (type == BNC_LEVEL_WORKLOAD && rival_of(mesh, labels, object->ns, &at) != NULL) {
        bnc_mesh_tell(mesh, rule, true, BNC_REASON_CONFLICTED, "spec.selector",
                      "use the same selector, or none",
                      bnc_arena_fmt(mesh->arena,
                                    "%s %s/%s is selected by another policy or rule with "
                                    "another selector; Istio then gives metrics of the "
                                    "one to workloads of the other",
                                    bnc_kind_info(at->kind)->name, at->ns, at->name));
        return;
    }
    if (level == NULL) {
        level = new;
        *level = (struct bnc_level){
            .type = type,
            .ns = bnc_arena_strdup(mesh->arena, object->ns),
            .name = type == BNC_LEVEL_WORKLOAD
                        ? bnc_arena_fmt(mesh->arena, "binnacle-rule.%s", object->name)
                        : "binnacle",
            .match_labels = labels,
            .verdict = SIZE_MAX,
            .by = v->member};
        mesh->n_levels++;
    }
    add_changes(mesh, level, rule);
    if (type == BNC_LEVEL_WORKLOAD) {
        mark(mesh, level);
    }
}

/* ---- all of them --------------------------------------------------------------- */

static int64_t
priority_of(const struct bnc_member *member)
{
    const struct bnc_opt_int *priority = &member->ir->as.metric_rule->spec.priority;
    return priority->set ? priority->value : 0;
}

/* Of two changes of one thing Istio takes the later: a lower rank comes first. */
static void
sort_by_rank(struct bnc_mesh_plan *mesh)
{
    for (size_t i = 1; i < mesh->n_rules; i++) {
        size_t rule = mesh->rules[i];
        const struct bnc_member *member = verdict_of(mesh, rule)->member;
        size_t k = i;
        while (k > 0) {
            const struct bnc_member *before =
                verdict_of(mesh, mesh->rules[k - 1])->member;
            if (priority_of(before) < priority_of(member)) {
                break; /* of equals the first name comes last: they are in its order */
            }
            mesh->rules[k] = mesh->rules[k - 1];
            k--;
        }
        mesh->rules[k] = rule;
    }
}

void
bnc_mesh_metrics(struct bnc_mesh_plan *mesh)
{
    if (mesh->n_rules == 0) {
        return;
    }
    sort_by_rank(mesh);
    bool telemetry = bnc_str_eq(mesh->state->ir->spec.mesh->mode, "Telemetry");
    for (size_t i = 0; i < mesh->n_rules; i++) {
        const struct bnc_ir_metric_rule *ir =
            verdict_of(mesh, mesh->rules[i])->member->ir->as.metric_rule;
        if (ir->n_changes == 0) {
            continue;
        }
        if (telemetry) {
            place(mesh, mesh->rules[i], &mesh->levels[mesh->n_levels]);
        } else if (!bnc_str_eq(mesh->state->ir->spec.mesh->mode, "Mixer")) {
            bnc_mesh_tell(mesh, mesh->rules[i], false, BNC_REASON_NOT_IN_MODE,
                          "spec.mesh", "use mesh.mode Telemetry in the Observatory",
                          "mesh.mode Environment changes no metrics");
        }
    }
}

/* ---- Mixer --------------------------------------------------------------------- */

static bool
is_mixer(const struct bnc_mesh_plan *mesh)
{
    return mesh->facts != NULL && bnc_str_eq(mesh->state->ir->spec.mesh->mode, "Mixer");
}

size_t
bnc_mesh_mixer_room(const struct bnc_mesh_plan *mesh)
{
    size_t n = 0;
    for (size_t i = 0; is_mixer(mesh) && i < mesh->n_rules; i++) {
        n += 1 +
             2 * verdict_of(mesh, mesh->rules[i])->member->ir->as.metric_rule->n_counters;
    }
    return n;
}

size_t
bnc_mesh_mixer(const struct bnc_mesh_plan *mesh, struct bnc_arena *arena,
               struct bnc_document *out, size_t room, struct bnc_diags *diags)
{
    size_t n = 0;
    for (size_t i = 0; is_mixer(mesh) && i < mesh->n_rules; i++) {
        const struct bnc_member *member = verdict_of(mesh, mesh->rules[i])->member;
        const struct bnc_object *object = member->object;
        struct bnc_mixer_objects objects = {0};
        struct bnc_mixer_input in = {
            .ns = mesh->facts->ns,
            .name = bnc_arena_fmt(arena, "binnacle-%s-%s", object->ns, object->name),
            .rule = member->ir->as.metric_rule};
        if (is_tenant(mesh, object)) {
            bnc_diag_warn(diags, BNC_REASON_NOT_PERMITTED, "spec.mesh.mode",
                          "create it beside the Observatory",
                          "MetricRule %s/%s may not count for the whole mesh", object->ns,
                          object->name);
            continue;
        }
        bnc_mixer_render(&in, arena, &objects, diags);
        for (size_t k = 0; k < objects.n && n < room; k++) {
            out[n++] = (struct bnc_document){.kind = objects.items[k].kind,
                                             .ns = mesh->facts->ns,
                                             .name = objects.items[k].name,
                                             .spec = objects.items[k].spec};
        }
    }
    return n;
}
