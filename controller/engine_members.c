/* Who is a member: what plans work on, and when they are made again. */
#include <stdlib.h>
#include <string.h>

#include "controller/engine_priv.h"
#include "lib/sort.h"

void
bnc_engine_touch(struct bnc_engine *engine)
{
    for (size_t i = 0; i < engine->n_hubs; i++) {
        engine->hubs[i]->hub->stage = BNC_HUB_PLAN;
    }
}

static bool
has_mesh(const struct bnc_node *hub)
{
    const struct bnc_ir *ir = &hub->ir;
    return ir->type == BNC_IR_OBSERVATORY && (ir->as.observatory->spec.mesh != NULL ||
                                              ir->as.observatory->spec.tracing != NULL);
}

/* A plan in the making goes through the members one by one: it begins again. */
static void
restart_plans(struct bnc_engine *engine)
{
    for (size_t i = 0; i < engine->n_hubs; i++) {
        struct bnc_hub *hub = engine->hubs[i]->hub;
        hub->stage = hub->stage == BNC_HUB_PLANNING ? BNC_HUB_PLAN : hub->stage;
    }
}

void
bnc_engine_touch_pods(struct bnc_engine *engine)
{
    restart_plans(engine);
    for (size_t i = 0; i < engine->n_hubs; i++) {
        engine->pods_dirty = engine->pods_dirty || has_mesh(engine->hubs[i]);
    }
    if (engine->pods_dirty && engine->options.pods_changed != NULL) {
        engine->options.pods_changed(engine->options.arg);
    }
}

/* It is freed now, and may stand among the members until they are collected again. */
void
bnc_engine_forget(struct bnc_engine *engine, const struct bnc_node *node)
{
    for (size_t i = 0; i < engine->n_members; i++) {
        if (engine->members[i] == &node->member) {
            engine->n_members--;
            memmove(&engine->members[i], &engine->members[i + 1],
                    (engine->n_members - i) * sizeof(*engine->members));
            return;
        }
    }
}

static int
compare_nodes(const struct bnc_object *a, const struct bnc_object *b)
{
    if (a->kind != b->kind) {
        return a->kind < b->kind ? -1 : 1;
    }
    int c = strcmp(a->ns, b->ns);
    return c != 0 ? c : strcmp(a->name, b->name);
}

static int
compare_members(const void *a, const void *b)
{
    return compare_nodes((*(const struct bnc_member *const *)a)->object,
                         (*(const struct bnc_member *const *)b)->object);
}

static int
compare_hubs(const void *a, const void *b)
{
    return compare_nodes((*(struct bnc_node *const *)a)->object,
                         (*(struct bnc_node *const *)b)->object);
}

static void
gather_members(struct bnc_engine *engine)
{
    size_t room = bnc_map_count(engine->nodes) + 1;
    size_t at = 0;
    void *value = NULL;

    free(engine->members);
    free(engine->hubs);
    engine->members = bnc_alloc(room * sizeof(struct bnc_member *));
    engine->hubs = bnc_alloc(room * sizeof(struct bnc_node *));
    engine->n_members = engine->n_hubs = 0;
    while (bnc_map_next(engine->nodes, &at, NULL, &value)) {
        struct bnc_node *node = value;
        if (node->hub != NULL) {
            engine->hubs[engine->n_hubs++] = node;
        } else if (node->ir.type != BNC_IR_NONE) {
            engine->members[engine->n_members++] = &node->member;
        }
    }
    bnc_sort(engine->members, engine->n_members, sizeof(struct bnc_member *),
             compare_members);
    bnc_sort(engine->hubs, engine->n_hubs, sizeof(struct bnc_node *), compare_hubs);
}

void
bnc_engine_collect(struct bnc_engine *engine)
{
    gather_members(engine);
    engine->members_dirty = engine->pods_dirty = false;
    bnc_engine_touch(engine);
}

void
bnc_engine_pods(struct bnc_engine *engine)
{
    if (!engine->pods_dirty) {
        return;
    }
    engine->pods_dirty = false;
    gather_members(engine);
    restart_plans(engine);
    for (size_t i = 0; i < engine->n_hubs; i++) {
        if (has_mesh(engine->hubs[i])) {
            engine->hubs[i]->hub->stage = BNC_HUB_PLAN;
        }
    }
}
