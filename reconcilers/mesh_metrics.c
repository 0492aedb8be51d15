/*
 * What MetricRules change of Istio's metrics: put to the level of the mesh, of a
 * namespace or of workloads, in one Telemetry with the sampling of that level.  And the
 * objects of Mixer, where that counts.
 */
#include <string.h>

#include "lib/map.h"
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

/* Rules come with the highest rank first; of two changes Istio takes the later. */
static void
add_changes(struct bnc_mesh_plan *mesh, struct bnc_level *level, size_t rule)
{
    const struct bnc_ir_metric_rule *ir =
        verdict_of(mesh, rule)->member->ir->as.metric_rule;
    struct bnc_metric_override *metrics =
        bnc_arena_array(mesh->arena, level->n_metrics + ir->n_changes, sizeof(*metrics));
    size_t *rules = bnc_arena_array(mesh->arena, level->n_rules + 1, sizeof(*rules));

    for (size_t i = 0; i < ir->n_changes; i++) {
        const struct bnc_metric_change_spec *spec = ir->changes[i].spec;
        const char *metric = bnc_istio_metric(spec->metric);
        metrics[i] =
            (struct bnc_metric_override){.metric = metric == NULL ? spec->metric : metric,
                                         .custom = metric == NULL,
                                         .mode = spec->mode,
                                         .disabled = spec->disabled,
                                         .add_labels = spec->add_labels,
                                         .remove_labels = spec->remove_labels};
    }
    if (level->n_rules > 0) {
        memcpy(&metrics[ir->n_changes], level->metrics,
               level->n_metrics * sizeof(*metrics));
        memcpy(rules, level->rules, level->n_rules * sizeof(*rules));
    }
    rules[level->n_rules++] = rule;
    level->n_metrics += ir->n_changes;
    level->metrics = metrics;
    level->rules = rules;
}

/* What of a rule does not depend on the mesh counts all the same. */
static void
refuse(struct bnc_mesh_plan *mesh, size_t rule, enum bnc_reason reason, const char *field,
       const char *remedy, const char *message)
{
    struct bnc_verdict *v = &mesh->plan->verdicts[rule];
    bnc_mesh_tell(mesh, rule, true, reason, field, remedy, message);
    v->accepted = v->member->ir->as.metric_rule->n_groups > 0;
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
        refuse(mesh, rule, BNC_REASON_NOT_PERMITTED, "spec.mesh",
               "create it beside the Observatory, or use a selector",
               "the namespace is the mesh's root: what is said there holds for all");
        return;
    }
    if (type == BNC_LEVEL_WORKLOAD && rival_of(mesh, labels, object->ns, &at) != NULL) {
        refuse(mesh, rule, BNC_REASON_CONFLICTED, "spec.selector",
               "use the same selector, or none",
               bnc_arena_fmt(mesh->arena,
                             "%s %s/%s is selected by another policy or rule with "
                             "another selector; Istio then gives metrics of the one to "
                             "workloads of the other",
                             bnc_kind_info(at->kind)->name, at->ns, at->name));
        return;
    }
    if (level == NULL) {
        level = new;
        *level = (struct bnc_level){.type = type,
                                    .ns = bnc_arena_strdup(mesh->arena, object->ns),
                                    .name = type == BNC_LEVEL_WORKLOAD
                                                ? bnc_arena_fmt(mesh->arena, "%s.rule.%s",
                                                                bnc_mesh_own_name(mesh),
                                                                object->name)
                                                : bnc_mesh_own_name(mesh),
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

/* The highest first; of equals the first name, which is their order already. */
static void
sort_by_rank(struct bnc_mesh_plan *mesh)
{
    for (size_t i = 1; i < mesh->n_rules; i++) {
        size_t rule = mesh->rules[i];
        int64_t priority = priority_of(verdict_of(mesh, rule)->member);
        size_t k = i;
        while (k > 0 &&
               priority_of(verdict_of(mesh, mesh->rules[k - 1])->member) < priority) {
            mesh->rules[k] = mesh->rules[k - 1];
            k--;
        }
        mesh->rules[k] = rule;
    }
}

/* ---- Mixer --------------------------------------------------------------------- */

static bool
is_mixer(const struct bnc_mesh_plan *mesh)
{
    return mesh->facts != NULL && bnc_str_eq(mesh->state->ir->spec.mesh->mode, "Mixer");
}

/* True when one of the names is taken; else they are, from now on. */
static bool
are_taken(struct bnc_map *names, const struct bnc_mixer_objects *objects,
          const char **which)
{
    struct bnc_arena *scratch = bnc_arena_new();
    bool taken = false;
    for (int take = 0; take < 2 && !taken; take++) {
        for (size_t i = 0; i < objects->n && !taken; i++) {
            const struct bnc_mixer_object *object = &objects->items[i];
            const char *key =
                bnc_arena_fmt(scratch, "%d/%s", (int)object->kind, object->name);
            taken = take == 0 && bnc_map_get(names, key) != NULL;
            *which = object->name;
            if (take == 1) {
                (void)bnc_map_put(names, key, names);
            }
        }
    }
    bnc_arena_free(scratch);
    return taken;
}

/* The objects of one rule, none when it may have none; `names` are those of others. */
static void
mix(const struct bnc_mesh_plan *mesh, size_t rule, struct bnc_map *names,
    struct bnc_arena *arena, struct bnc_mixer_objects *out, struct bnc_diags *diags)
{
    const struct bnc_member *member = verdict_of(mesh, rule)->member;
    const struct bnc_object *object = member->object;
    const struct bnc_mixer_input in = {
        .ns = mesh->facts->ns,
        .name = bnc_arena_fmt(arena, "binnacle-%s-%s", object->ns, object->name),
        .rule = member->ir->as.metric_rule};
    const char *which = NULL;

    *out = (struct bnc_mixer_objects){0};
    if (is_tenant(mesh, object) && in.rule->n_counters > 0) {
        bnc_diag_add(diags, BNC_REASON_NOT_PERMITTED, "spec.counters",
                     bnc_arena_fmt(arena, "create it in namespace %s",
                                   mesh->plan->observatory->object->ns),
                     "Mixer counts for the whole mesh: such a rule stands beside the "
                     "Observatory");
        return;
    }
    bnc_mixer_render(&in, arena, out, diags);
    if (are_taken(names, out, &which)) {
        bnc_diag_add(diags, BNC_REASON_CONFLICTED, "spec.counters",
                     "name the rule or its counter otherwise",
                     "another rule has Mixer's object %s already", which);
        out->n = 0;
    }
}

/* What Mixer can't have is told; what Prometheus has of the rule counts all the same. */
static void
judge_mixed(struct bnc_mesh_plan *mesh, size_t rule, struct bnc_map *names)
{
    struct bnc_verdict *v = &mesh->plan->verdicts[rule];
    const struct bnc_ir_metric_rule *ir = v->member->ir->as.metric_rule;
    struct bnc_diags diags = bnc_diags_new(mesh->arena);
    struct bnc_mixer_objects objects;
    size_t groups = 0;

    mix(mesh, rule, names, mesh->arena, &objects, &diags);
    for (size_t i = 0; i < diags.n; i++) {
        const struct bnc_diag *d = &diags.items[i];
        bnc_mesh_tell(mesh, rule, !d->warning, d->reason, d->field, d->remedy,
                      d->message);
    }
    for (size_t i = 0; i < ir->n_groups; i++) {
        groups += ir->groups[i].origin != BNC_RULE_FROM_COUNTER;
    }
    v->accepted = v->accepted || objects.n + groups > 0;
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
    BNC_AUTO(bnc_map) names = bnc_map_new();
    struct bnc_diags told = bnc_diags_new(arena); /* to the rules, when it was planned */
    size_t n = 0;

    BNC_UNUSED(diags);
    for (size_t i = 0; is_mixer(mesh) && i < mesh->n_rules; i++) {
        struct bnc_mixer_objects objects;
        mix(mesh, mesh->rules[i], names, arena, &objects, &told);
        for (size_t k = 0; k < objects.n && n < room; k++) {
            out[n++] = (struct bnc_document){.kind = objects.items[k].kind,
                                             .ns = mesh->facts->ns,
                                             .name = objects.items[k].name,
                                             .spec = objects.items[k].spec};
        }
    }
    return n;
}

/* ---- by mode ------------------------------------------------------------------- */

void
bnc_mesh_metrics(struct bnc_mesh_plan *mesh)
{
    BNC_AUTO(bnc_map) names = bnc_map_new();
    sort_by_rank(mesh);
    for (size_t i = 0; i < mesh->n_rules; i++) {
        size_t rule = mesh->rules[i];
        size_t n_changes = verdict_of(mesh, rule)->member->ir->as.metric_rule->n_changes;
        if (is_mixer(mesh)) {
            judge_mixed(mesh, rule, names);
        } else if (n_changes > 0 &&
                   bnc_str_eq(mesh->state->ir->spec.mesh->mode, "Telemetry")) {
            place(mesh, rule, &mesh->levels[mesh->n_levels]);
        } else if (n_changes > 0) {
            bnc_mesh_tell(mesh, rule, false, BNC_REASON_NOT_IN_MODE, "spec.mesh",
                          "use mesh.mode Telemetry in the Observatory",
                          "mesh.mode Environment changes no metrics");
        }
    }
}
