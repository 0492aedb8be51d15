/* What of an Observatory decides on its mesh, and room for all that is looked at. */
#include <string.h>

#include "lib/map.h"
#include "reconcilers/mesh_plan.h"

bool
bnc_system_named(const struct bnc_texts *texts, const char *name)
{
    for (size_t i = 0; i < texts->n; i++) {
        if (strcmp(texts->items[i], name) == 0) {
            return true;
        }
    }
    return false;
}

static void
settle_systems(struct bnc_mesh_plan *mesh)
{
    const struct bnc_tracing_spec *tracing = mesh->tracing;
    if (tracing == NULL) {
        return;
    }
    if (!tracing->apply.set) {
        mesh->systems[BNC_SYSTEM_ISTIO] = mesh->facts != NULL;
        mesh->systems[BNC_SYSTEM_JAEGER] = tracing->strategies != NULL;
        return;
    }
    for (size_t i = 0; i < BNC_SYSTEMS; i++) {
        mesh->systems[i] = bnc_system_named(&tracing->apply, bnc_tracing_systems[i]);
    }
    mesh->systems[BNC_SYSTEM_ISTIO] =
        mesh->systems[BNC_SYSTEM_ISTIO] && mesh->facts != NULL;
}

static void
make_room(struct bnc_mesh_plan *mesh, const struct bnc_member *const *members,
          size_t n_members)
{
    size_t n[BNC_IR_INSTRUMENTATION + 1] = {0};
    for (size_t i = 0; i < n_members; i++) {
        n[members[i]->ir->type]++;
    }
    struct bnc_arena *arena = mesh->arena;
    size_t levels = n[BNC_IR_SAMPLING] + n[BNC_IR_NAMESPACE] + n[BNC_IR_WORKLOAD];
    mesh->levels = bnc_arena_array(arena, levels, sizeof(*mesh->levels));
    mesh->rules = bnc_arena_array(arena, n[BNC_IR_METRIC_RULE], sizeof(*mesh->rules));
    mesh->workloads =
        bnc_arena_array(arena, n[BNC_IR_WORKLOAD], sizeof(*mesh->workloads));
    mesh->telemetries =
        bnc_arena_array(arena, n[BNC_IR_TELEMETRY], sizeof(*mesh->telemetries));
    mesh->owners = bnc_arena_array(arena, n[BNC_IR_TELEMETRY], sizeof(*mesh->owners));
    mesh->proxies = bnc_arena_array(arena, n[BNC_IR_PROXY], sizeof(*mesh->proxies));
    mesh->instrumentations = bnc_arena_array(arena, n[BNC_IR_INSTRUMENTATION],
                                             sizeof(*mesh->instrumentations));
    mesh->instrumentation_members = bnc_arena_array(
        arena, n[BNC_IR_INSTRUMENTATION], sizeof(*mesh->instrumentation_members));
}

void
bnc_mesh_begin(struct bnc_plan *plan, struct bnc_plan_state *state,
               const struct bnc_member *const *members, size_t n_members)
{
    const struct bnc_object *self = plan->observatory->object;
    struct bnc_mesh_plan *mesh = bnc_arena_alloc(plan->arena, sizeof(*mesh));

    mesh->plan = plan;
    mesh->state = state;
    mesh->arena = plan->arena;
    mesh->tracing = state->ir->spec.tracing;
    mesh->facts = state->ir->mesh;
    mesh->owner = bnc_arena_fmt(plan->arena, "%s/%s", self->ns, self->name);
    if (mesh->tracing == NULL && mesh->facts == NULL) {
        return;
    }
    settle_systems(mesh);
    make_room(mesh, members, n_members);
    mesh->index = bnc_map_new();
    state->mesh = mesh;
}

void
bnc_mesh_drop(struct bnc_mesh_plan *mesh)
{
    if (mesh != NULL) {
        bnc_map_free(mesh->index);
        mesh->index = NULL;
    }
}
