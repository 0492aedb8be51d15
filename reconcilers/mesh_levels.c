/*
 * Which of those that have a word at a level wins it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/json.h"
#include "lib/map.h"
#include "reconcilers/mesh_plan.h"

#define DEFAULT_PERCENT 100 /* hundredths: Istio's own */

void
bnc_workload_key(char key[BNC_WORKLOAD_KEY_MAX], enum bnc_kind kind, const char *ns,
                 const char *name)
{
    (void)snprintf(key, BNC_WORKLOAD_KEY_MAX, "%d/%s/%s", (int)kind, ns, name);
}

bool
bnc_labels_match(const struct bnc_pairs *match, const cJSON *labels)
{
    for (size_t i = 0; match != NULL && i < match->n; i++) {
        if (!bnc_str_eq(bnc_json_get_str(labels, match->items[i].key),
                        match->items[i].value)) {
            return false;
        }
    }
    return match != NULL;
}

/* ---- rank ---------------------------------------------------------------------- */

static int64_t
priority_of(const struct bnc_level *level)
{
    return level->policy == NULL || !level->policy->spec.priority.set
               ? 0
               : level->policy->spec.priority.value;
}

/* By place; there, policies before annotations, then by rank. */
static int
compare_levels(const void *a, const void *b)
{
    const struct bnc_level *x = a;
    const struct bnc_level *y = b;
    if (x->type != y->type) {
        return x->type < y->type ? -1 : 1;
    }
    int c = x->type == BNC_LEVEL_MESH ? 0 : strcmp(x->ns, y->ns);
    if (c != 0) {
        return c;
    }
    if ((x->policy == NULL) != (y->policy == NULL)) {
        return x->policy == NULL ? 1 : -1;
    }
    if (priority_of(x) != priority_of(y)) {
        return priority_of(x) > priority_of(y) ? -1 : 1;
    }
    c = (int)x->by->object->kind - (int)y->by->object->kind;
    c = c != 0 ? c : strcmp(x->by->object->ns, y->by->object->ns);
    return c != 0 ? c : strcmp(x->by->object->name, y->by->object->name);
}

static const char *
who(const struct bnc_level *level, struct bnc_arena *arena)
{
    const struct bnc_object *object = level->by->object;
    return bnc_arena_fmt(arena, "%s %s%s%s", bnc_kind_info(object->kind)->name,
                         object->ns, object->ns[0] == '\0' ? "" : "/", object->name);
}

const char *
bnc_level_field(const struct bnc_level *level, const char *policy_field)
{
    return level->policy != NULL
               ? policy_field
               : "metadata.annotations[\"binnacle.dev/sampling-percent\"]";
}

/* An annotation gives way to a policy quietly; a policy to a policy does not. */
static void
lose(struct bnc_mesh_plan *mesh, const struct bnc_level *loser,
     const struct bnc_level *winner, const char *place)
{
    bool error = loser->policy != NULL;
    bnc_mesh_tell(
        mesh, loser->verdict, error, BNC_REASON_CONFLICTED,
        bnc_level_field(loser, "spec.scope"),
        error ? "delete one of them, give one a higher priority, or make it "
                "more specific"
              : "change that one, or delete it",
        bnc_arena_fmt(mesh->arena, "%s sets %s", who(winner, mesh->arena), place));
}

/* ---- workloads of one namespace ------------------------------------------------ */

size_t
bnc_mesh_first_workload(const struct bnc_mesh_plan *mesh, const char *ns)
{
    size_t low = 0;
    size_t high = mesh->n_workloads;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (strcmp(mesh->workloads[mid].member->object->ns, ns) < 0) {
            low = mid + 1;
        } else {
            high = mid;
        }
    }
    return low;
}

bool
bnc_mesh_in(const struct bnc_mesh_plan *mesh, size_t i, const char *ns)
{
    return i < mesh->n_workloads &&
           strcmp(mesh->workloads[i].member->object->ns, ns) == 0;
}

bool
bnc_labels_same(const struct bnc_pairs *a, const struct bnc_pairs *b)
{
    if (a == NULL || b == NULL || a->n != b->n) {
        return false;
    }
    for (size_t i = 0; i < a->n; i++) {
        if (strcmp(a->items[i].key, b->items[i].key) != 0 ||
            strcmp(a->items[i].value, b->items[i].value) != 0) {
            return false;
        }
    }
    return true;
}

static bool
share_target(const struct bnc_level *a, const struct bnc_level *b)
{
    if (a->policy == NULL || b->policy == NULL) {
        return false;
    }
    const struct bnc_target_ref *x = a->policy->spec.target_refs.items;
    const struct bnc_target_ref *y = b->policy->spec.target_refs.items;
    for (size_t i = 0; i < a->policy->spec.target_refs.n; i++) {
        for (size_t k = 0; k < b->policy->spec.target_refs.n; k++) {
            if (bnc_str_eq(x[i].kind, y[k].kind) && bnc_str_eq(x[i].name, y[k].name)) {
                return true;
            }
        }
    }
    return false;
}

bool
bnc_level_selects(const struct bnc_level *level, const struct bnc_ir_workload *ir)
{
    const struct bnc_list *refs =
        level->policy == NULL ? NULL : &level->policy->spec.target_refs;
    const struct bnc_target_ref *items = refs == NULL ? NULL : refs->items;
    if (level->match_labels != NULL) {
        return bnc_labels_match(level->match_labels, ir->labels);
    }
    for (size_t i = 0; refs != NULL && i < refs->n; i++) {
        if (bnc_str_eq(items[i].kind, "Gateway") &&
            bnc_str_eq(items[i].name, ir->injection.gateway_name)) {
            return true;
        }
    }
    return false;
}

/* The accepted level that wants the same pods; NULL: none.  A workload in *at. */
static const struct bnc_level *
rival_of(const struct bnc_mesh_plan *mesh, const struct bnc_level *level,
         const struct bnc_level *accepted, size_t n, const struct bnc_object **at)
{
    for (size_t i = n; i > 0 && strcmp(accepted[i - 1].ns, level->ns) == 0; i--) {
        if (accepted[i - 1].type == BNC_LEVEL_WORKLOAD &&
            (bnc_labels_same(accepted[i - 1].match_labels, level->match_labels) ||
             share_target(&accepted[i - 1], level))) {
            return &accepted[i - 1];
        }
    }
    for (size_t i = bnc_mesh_first_workload(mesh, level->ns);
         bnc_mesh_in(mesh, i, level->ns); i++) {
        const struct bnc_mesh_workload *w = &mesh->workloads[i];
        if (w->level != NULL && bnc_level_selects(level, w->ir)) {
            *at = w->member->object;
            return w->level;
        }
    }
    return NULL;
}

/* Another workload that has all labels of an annotated one; NULL: none. */
static const struct bnc_object *
other_with_labels(const struct bnc_mesh_plan *mesh, const struct bnc_level *level)
{
    for (size_t i = bnc_mesh_first_workload(mesh, level->ns);
         bnc_mesh_in(mesh, i, level->ns); i++) {
        const struct bnc_mesh_workload *w = &mesh->workloads[i];
        if (w->member != level->by &&
            bnc_labels_match(level->match_labels, w->ir->labels)) {
            return w->member->object;
        }
    }
    return NULL;
}

static void
assign(struct bnc_mesh_plan *mesh, const struct bnc_level *level)
{
    for (size_t i = bnc_mesh_first_workload(mesh, level->ns);
         bnc_mesh_in(mesh, i, level->ns); i++) {
        if (bnc_level_selects(level, mesh->workloads[i].ir)) {
            mesh->workloads[i].level = level;
        }
    }
}

/* True when it is accepted. */
static bool
settle_workload(struct bnc_mesh_plan *mesh, const struct bnc_level *level,
                const struct bnc_level *accepted, size_t n)
{
    const struct bnc_object *at = NULL;
    const struct bnc_level *rival = rival_of(mesh, level, accepted, n, &at);
    if (rival != NULL) {
        const char *place =
            at == NULL ? "what it selects already"
                       : bnc_arena_fmt(mesh->arena, "%s %s/%s already, which both select",
                                       bnc_kind_info(at->kind)->name, at->ns, at->name);
        lose(mesh, level, rival, place);
        return false;
    }
    const struct bnc_object *other =
        level->policy == NULL ? other_with_labels(mesh, level) : NULL;
    if (other != NULL || (level->policy == NULL && level->match_labels->n == 0)) {
        bnc_mesh_tell(
            mesh, level->verdict, !level->shared, BNC_REASON_CONFLICTED,
            bnc_level_field(level, ""), "give its pods a label of their own",
            other == NULL
                ? "its pods have no labels, and Istio selects by labels"
                : bnc_arena_fmt(mesh->arena,
                                "%s %s has all labels of its pods, and Istio selects by "
                                "labels",
                                bnc_kind_info(other->kind)->name, other->name));
        return false;
    }
    return true;
}

/* ---- who wins ------------------------------------------------------------------ */

const char *
bnc_mesh_own_name(const struct bnc_mesh_plan *mesh)
{
    return mesh->facts == NULL ? "binnacle" : mesh->facts->own_name;
}

static void
add_default(struct bnc_mesh_plan *mesh, struct bnc_level *out)
{
    const struct bnc_mesh_sampling_spec *sampling =
        mesh->tracing == NULL ? NULL : mesh->tracing->sampling;
    *out = (struct bnc_level){
        .type = BNC_LEVEL_MESH,
        .ns = mesh->facts == NULL ? "" : mesh->facts->root_namespace,
        .name = bnc_mesh_own_name(mesh),
        .said = sampling != NULL && sampling->percent.set,
        .percent = sampling != NULL && sampling->percent.set ? sampling->percent.value
                                                             : DEFAULT_PERCENT,
        .verdict = SIZE_MAX};
    memcpy(out->applies, mesh->systems, sizeof(out->applies));
}

/* True when the one before has that place: of the mesh, or of a namespace as a whole. */
static bool
is_taken(const struct bnc_level *level, const struct bnc_level *before)
{
    return before != NULL && before->type == level->type &&
           level->type != BNC_LEVEL_WORKLOAD &&
           (level->type == BNC_LEVEL_MESH || strcmp(before->ns, level->ns) == 0);
}

static void
take(struct bnc_mesh_plan *mesh, const struct bnc_level *level, struct bnc_level *place)
{
    *place = *level;
    if (place->type == BNC_LEVEL_WORKLOAD) {
        assign(mesh, place);
    }
}

/* Keep the winners, in place; the mesh's level is the first. */
static void
choose(struct bnc_mesh_plan *mesh)
{
    struct bnc_level *all = mesh->levels;
    size_t n_all = mesh->n_levels;
    struct bnc_level *won =
        bnc_arena_array(mesh->arena, n_all + 1 + mesh->n_rules, sizeof(*mesh->levels));
    size_t n = 0;

    if (n_all > 1) {
        qsort(all, n_all, sizeof(*all), compare_levels);
    }
    if (n_all == 0 || all[0].type != BNC_LEVEL_MESH) {
        add_default(mesh, &won[n++]);
    }
    for (size_t i = 0; i < n_all; i++) {
        const struct bnc_level *before = n == 0 ? NULL : &won[n - 1];
        if (is_taken(&all[i], before)) {
            lose(mesh, &all[i], before,
                 all[i].type == BNC_LEVEL_MESH ? "the mesh already"
                                               : "the namespace already");
        } else if (all[i].type != BNC_LEVEL_WORKLOAD ||
                   settle_workload(mesh, &all[i], won, n)) {
            take(mesh, &all[i], &won[n++]);
        }
    }
    mesh->levels = won;
    mesh->n_levels = mesh->n_said = n;
}

/* The level of a namespace as a whole; NULL: it has none. */
static const struct bnc_level *
namespace_level(const struct bnc_mesh_plan *mesh, const char *ns)
{
    size_t low = 0;
    size_t high = mesh->n_said;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        const struct bnc_level *level = &mesh->levels[mid];
        int c = level->type != BNC_LEVEL_NAMESPACE
                    ? (int)level->type - (int)BNC_LEVEL_NAMESPACE
                    : strcmp(level->ns, ns);
        if (c == 0) {
            return level;
        }
        low = c < 0 ? mid + 1 : low;
        high = c < 0 ? high : mid;
    }
    return NULL;
}

const struct bnc_level *
bnc_level_of(const struct bnc_mesh_plan *mesh, enum bnc_system system,
             const struct bnc_mesh_workload *workload)
{
    const struct bnc_level *levels[] = {
        workload->level, namespace_level(mesh, workload->member->object->ns),
        mesh->n_levels == 0 ? NULL : &mesh->levels[0]};
    for (size_t i = 0; i < BNC_LEN(levels); i++) {
        if (levels[i] != NULL && levels[i]->applies[system]) {
            return levels[i];
        }
    }
    return NULL;
}

static int
compare_workloads(const void *a, const void *b)
{
    const struct bnc_object *x = ((const struct bnc_mesh_workload *)a)->member->object;
    const struct bnc_object *y = ((const struct bnc_mesh_workload *)b)->member->object;
    int c = strcmp(x->ns, y->ns);
    c = c != 0 ? c : (int)x->kind - (int)y->kind;
    return c != 0 ? c : strcmp(x->name, y->name);
}

/* By namespace, and each found by its name. */
static void
index_workloads(struct bnc_mesh_plan *mesh)
{
    char key[BNC_WORKLOAD_KEY_MAX];
    if (mesh->n_workloads > 1) {
        qsort(mesh->workloads, mesh->n_workloads, sizeof(*mesh->workloads),
              compare_workloads);
    }
    for (size_t i = 0; i < mesh->n_workloads; i++) {
        const struct bnc_object *object = mesh->workloads[i].member->object;
        bnc_workload_key(key, object->kind, object->ns, object->name);
        (void)bnc_map_put(mesh->index, key, &mesh->workloads[i]);
    }
}

static int
compare_services(const void *a, const void *b)
{
    return strcmp(((const struct bnc_service *)a)->name,
                  ((const struct bnc_service *)b)->name);
}

const struct bnc_level *
bnc_mesh_service(const struct bnc_mesh_plan *mesh, const char *name)
{
    const struct bnc_service key = {.name = name};
    const struct bnc_service *found =
        mesh->n_services == 0 ? NULL
                              : bsearch(&key, mesh->services, mesh->n_services,
                                        sizeof(*mesh->services), compare_services);
    return found == NULL ? NULL : found->level;
}

/* Workloads of one name are one service: of two levels the first namespace's holds. */
static void
tell_shared_name(struct bnc_mesh_plan *mesh, const struct bnc_mesh_workload *w,
                 const struct bnc_level *level, const struct bnc_level *holds)
{
    if (level != holds && (level->percent != holds->percent || holds->policy != NULL ||
                           level->policy != NULL)) {
        bnc_diag_warn(&mesh->plan->diags, BNC_REASON_CONFLICTED,
                      "spec.tracing.strategies", "give the services names of their own",
                      "%s of namespace %s has the name of a service elsewhere, which "
                      "another percentage is set for; Jaeger knows services by name",
                      w->member->object->name, w->member->object->ns);
    }
}

/* Each name once, with the first level that is not the mesh's. */
static void
name_services(struct bnc_mesh_plan *mesh)
{
    BNC_AUTO(bnc_map) seen = bnc_map_new();
    mesh->services =
        bnc_arena_array(mesh->arena, mesh->n_workloads, sizeof(*mesh->services));
    for (size_t i = 0; i < mesh->n_workloads; i++) {
        const struct bnc_mesh_workload *w = &mesh->workloads[i];
        const struct bnc_level *level = bnc_level_of(mesh, BNC_SYSTEM_JAEGER, w);
        const char *name = bnc_arena_strdup(mesh->arena, w->member->object->name);
        if (level != NULL && level != &mesh->levels[0] &&
            bnc_map_get(seen, name) == NULL) {
            mesh->services[mesh->n_services] = (struct bnc_service){name, level};
            (void)bnc_map_put(seen, name, &mesh->services[mesh->n_services++]);
        }
    }
    for (size_t i = 0; i < mesh->n_workloads; i++) {
        const struct bnc_mesh_workload *w = &mesh->workloads[i];
        const struct bnc_level *level = bnc_level_of(mesh, BNC_SYSTEM_JAEGER, w);
        const struct bnc_service *service = bnc_map_get(seen, w->member->object->name);
        if (level != NULL && service != NULL) {
            tell_shared_name(mesh, w, level, service->level);
        }
    }
    if (mesh->n_services > 1) {
        qsort(mesh->services, mesh->n_services, sizeof(*mesh->services),
              compare_services);
    }
}

void
bnc_mesh_settle(struct bnc_mesh_plan *mesh)
{
    index_workloads(mesh);
    choose(mesh);
    if (mesh->systems[BNC_SYSTEM_JAEGER]) {
        name_services(mesh);
    }
    bnc_mesh_metrics(mesh);
    for (size_t i = 0; i < mesh->n_levels && mesh->facts != NULL; i++) {
        bnc_mesh_check_istio(mesh, &mesh->levels[i]);
    }
    if (mesh->facts != NULL && mesh->facts->offline) {
        bnc_mesh_assume(mesh);
    }
}
