#include "controller/engine.h"

#include <stdlib.h>
#include <string.h>

#include "controller/edges.h"
#include "controller/engine_priv.h"

#define COMPILE_BYTES  320 /* of an object: as much work as the lowering of a job */
#define COMPILE_EFFORT 800 /* of its regular expressions: likewise */

/* ---- queue --------------------------------------------------------------------- */

static void
enqueue(struct bnc_engine *engine, struct bnc_node *node)
{
    bnc_queue_add(engine->queue, &node->item, BNC_QUEUE_HIGH);
}

static struct bnc_node *
node_of(struct bnc_queue_item *item)
{
    return (struct bnc_node *)((char *)item - offsetof(struct bnc_node, item));
}

static void
on_dirty(void *arg, struct bnc_reader *reader)
{
    struct bnc_engine *engine = arg;
    struct bnc_node *node = bnc_reader_arg(reader);
    if (node->reader == reader) {
        enqueue(engine, node);
    } else if (node->hub != NULL) {
        bnc_hub_relink(node->hub);
    }
}

static void
on_want(void *arg, enum bnc_kind kind, const char *ns, const char *name)
{
    struct bnc_engine *engine = arg;
    engine->options.want(engine->options.arg, kind, ns, name);
}

static void
on_unwant(void *arg, enum bnc_kind kind, const char *ns, const char *name)
{
    struct bnc_engine *engine = arg;
    engine->options.unwant(engine->options.arg, kind, ns, name);
}

static const struct bnc_cache_hooks hooks = {
    .dirty = on_dirty, .want = on_want, .unwant = on_unwant};

struct bnc_engine *
bnc_engine_new(const struct bnc_engine_options *options)
{
    struct bnc_engine *engine = bnc_alloc(sizeof(*engine));
    engine->options = *options;
    engine->cache = bnc_cache_new(&hooks, engine);
    engine->nodes = bnc_map_new();
    engine->queue = bnc_queue_new(&(struct bnc_queue_options){.world = options->world});
    return engine;
}

static void
free_node(struct bnc_node *node)
{
    bnc_hub_free(node->hub);
    bnc_reader_free(node->reader);
    bnc_arena_free(node->ir.arena);
    bnc_object_unref(node->object);
    bnc_object_unref(node->compiled);
    free(node);
}

void
bnc_engine_free(struct bnc_engine *engine)
{
    if (engine == NULL) {
        return;
    }
    size_t at = 0;
    void *value = NULL;
    while (bnc_map_next(engine->nodes, &at, NULL, &value)) {
        free_node(value);
    }
    bnc_map_free(engine->nodes);
    bnc_queue_free(engine->queue);
    bnc_cache_free(engine->cache);
    free(engine->members);
    free(engine->hubs);
    free(engine);
}

/* ---- facts ---------------------------------------------------------------------------
 */

static const struct bnc_reconciler *
reconciler_of(const struct bnc_engine *engine, enum bnc_kind kind)
{
    for (size_t i = 0; i < engine->options.n_reconcilers; i++) {
        if (engine->options.reconcilers[i].primary == kind) {
            return &engine->options.reconcilers[i];
        }
    }
    return NULL;
}

static struct bnc_node *
new_node(struct bnc_engine *engine, const struct bnc_reconciler *reconciler,
         const char *key)
{
    struct bnc_node *node = bnc_alloc(sizeof(*node));
    node->reader = bnc_reader_new(engine->cache, node);
    node->reconciler = reconciler;
    node->member.ir = &node->ir;
    (void)bnc_map_put(engine->nodes, key, node);
    return node;
}

bool
bnc_engine_put(struct bnc_engine *engine, struct bnc_object *object)
{
    const struct bnc_reconciler *reconciler = reconciler_of(engine, object->kind);
    char key[BNC_FACT_KEY_MAX];
    bnc_fact_key(key, object->kind, object->ns, object->name);

    if (reconciler == NULL) {
        return bnc_cache_put(engine->cache, object);
    }
    struct bnc_node *node = bnc_map_get(engine->nodes, key);
    bool is_new = node == NULL;
    if (is_new) {
        node = new_node(engine, reconciler, key);
    } else {
        object = bnc_object_after(object, node->object);
    }
    bnc_object_unref(node->object);
    node->object = bnc_object_ref(object);
    node->member.object = object;
    if (node->hub != NULL) {
        node->hub->result.object = object;
        node->hub->result.revision++;
    }
    bool changed = bnc_cache_put(engine->cache, object) || is_new;
    if (changed) {
        enqueue(engine, node);
    }
    return changed;
}

void
bnc_engine_gone(struct bnc_engine *engine, enum bnc_kind kind, const char *ns,
                const char *name)
{
    char key[BNC_FACT_KEY_MAX];
    bnc_fact_key(key, kind, ns, name);
    struct bnc_node *node = bnc_map_take(engine->nodes, key);

    (void)bnc_cache_gone(engine->cache, kind, ns, name);
    if (node == NULL) {
        return;
    }
    bool pod = node->ir.type == BNC_IR_PROXY;
    if (pod) {
        bnc_engine_forget(engine, node);
        bnc_engine_touch_pods(engine);
    } else if (node->ir.type != BNC_IR_NONE || node->hub != NULL) {
        engine->members_dirty = true;
    }
    bnc_queue_drop(engine->queue, &node->item);
    free_node(node);
    if (engine->members_dirty) {
        /* plans borrow from the node that just went */
        engine->n_members = 0;
        engine->n_hubs = 0;
    }
}

void
bnc_engine_synced(struct bnc_engine *engine, enum bnc_kind kind, const char *ns,
                  const char *name)
{
    bnc_cache_synced(engine->cache, kind, ns, name);
}

void
bnc_engine_denied(struct bnc_engine *engine, enum bnc_kind kind, const char *ns,
                  const char *name)
{
    bnc_cache_denied(engine->cache, kind, ns, name);
}

bool
bnc_engine_synced_all(const struct bnc_engine *engine, const char **missing)
{
    const char *const *watched = engine->options.settings->watch_namespaces;
    for (enum bnc_kind kind = 0; kind < BNC_KIND_COUNT; kind++) {
        const struct bnc_kind_info *info = bnc_kind_info(kind);
        bool known = info->by_name || bnc_cache_knows(engine->cache, kind, "");
        if (!known && watched != NULL && info->namespaced) {
            known = true;
            for (size_t i = 0; watched[i] != NULL; i++) {
                known = known && bnc_cache_knows(engine->cache, kind, watched[i]);
            }
        }
        if (!known) {
            if (missing != NULL) {
                *missing = info->plural;
            }
            return false;
        }
    }
    return true;
}

/* ---- work ---------------------------------------------------------------------- */

static void
compile(struct bnc_engine *engine, struct bnc_node *node)
{
    enum bnc_ir_type before = node->ir.type;
    struct bnc_arena *old = node->ir.arena;

    node->ir = (struct bnc_ir){.arena = bnc_arena_new()};
    node->ir.diags = bnc_diags_new(node->ir.arena);
    node->reconciler->compile(node->object, engine->options.settings,
                              bnc_reader_begin(node->reader), &node->ir);
    bnc_reader_end(node->reader);
    bnc_arena_free(old);
    bnc_object_unref(node->compiled);
    node->compiled = bnc_object_ref(node->object);
    if (node->ir.type == BNC_IR_NONE) {
        bnc_arena_free(node->ir.arena);
        node->ir = (struct bnc_ir){0};
    }
    node->member.version = ++engine->version;
    engine->stats.compiles++;
    if (node->ir.type == BNC_IR_NONE && before == BNC_IR_NONE) {
        return; /* not a member before, none now */
    }
    bool pod = node->ir.type == BNC_IR_PROXY || before == BNC_IR_PROXY;
    bool other = (node->ir.type != BNC_IR_PROXY && node->ir.type != BNC_IR_NONE) ||
                 (before != BNC_IR_PROXY && before != BNC_IR_NONE);
    if (pod && !other) {
        if (node->ir.type == BNC_IR_NONE) {
            bnc_engine_forget(engine, node);
        }
        bnc_engine_touch_pods(engine);
        return;
    }
    if (before != node->ir.type) {
        engine->members_dirty = true;
    }
    if (node->ir.type == BNC_IR_OBSERVATORY && node->hub == NULL) {
        node->hub = bnc_hub_new(engine->cache, &node->member, node);
        node->hub->result.object = node->object;
        node->hub->part_budget = engine->options.settings->part_budget;
        engine->members_dirty = true;
    }
    bnc_engine_touch(engine);
}

static bool
work_on_hubs(struct bnc_engine *engine, size_t *budget)
{
    const struct bnc_hub_context context = {.planner = engine->options.planner,
                                            .members = engine->members,
                                            .n_members = engine->n_members,
                                            .stats = &engine->stats};
    for (size_t i = 0; i < engine->n_hubs; i++) {
        struct bnc_hub *hub = engine->hubs[i]->hub;
        while (hub->stage != BNC_HUB_IDLE) {
            if (*budget == 0) {
                return true;
            }
            size_t cost = bnc_hub_step(hub, &context);
            *budget -= cost < *budget ? cost : *budget;
        }
    }
    return false;
}

bool
bnc_engine_work(struct bnc_engine *engine, size_t budget)
{
    if (!bnc_engine_synced_all(engine, NULL)) {
        return false;
    }
    struct bnc_queue_item *item = NULL;
    while (budget > 0 && (item = bnc_queue_get(engine->queue)) != NULL) {
        struct bnc_node *node = node_of(item);
        compile(engine, node);
        size_t cost = 1 + node->object->text.len / COMPILE_BYTES +
                      node->ir.diags.effort / COMPILE_EFFORT;
        budget -= cost < budget ? cost : budget;
        bnc_queue_done(engine->queue, item);
    }
    if (!bnc_queue_empty(engine->queue)) {
        return true;
    }
    if (engine->members_dirty) {
        bnc_engine_collect(engine);
        budget = 0; /* that is enough for a turn */
    }
    return work_on_hubs(engine, &budget) || !bnc_queue_empty(engine->queue);
}

bool
bnc_engine_idle(const struct bnc_engine *engine)
{
    if (!bnc_queue_empty(engine->queue) || engine->members_dirty ||
        !bnc_engine_synced_all(engine, NULL)) {
        return false;
    }
    for (size_t i = 0; i < engine->n_hubs; i++) {
        if (engine->hubs[i]->hub->stage != BNC_HUB_IDLE) {
            return false;
        }
    }
    return true;
}

/* ---- results ------------------------------------------------------------------- */

size_t
bnc_engine_count(const struct bnc_engine *engine)
{
    return engine->n_hubs;
}

const struct bnc_result *
bnc_engine_result(const struct bnc_engine *engine, size_t i)
{
    return &engine->hubs[i]->hub->result;
}

const struct bnc_cache *
bnc_engine_cache(const struct bnc_engine *engine)
{
    return engine->cache;
}

void
bnc_engine_members(const struct bnc_engine *engine, enum bnc_kind kind, bnc_member_fn fn,
                   void *arg)
{
    size_t low = 0;
    for (size_t high = engine->n_members; low < high;) { /* they are sorted by kind */
        size_t middle = low + (high - low) / 2;
        if (engine->members[middle]->object->kind < kind) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    for (size_t i = low;
         i < engine->n_members && engine->members[i]->object->kind == kind; i++) {
        fn(arg, engine->members[i]);
    }
}

struct bnc_engine_stats
bnc_engine_stats(const struct bnc_engine *engine)
{
    return engine->stats;
}

void
bnc_engine_queue(const struct bnc_engine *engine, struct bnc_queue_stats *out)
{
    bnc_queue_stats(engine->queue, out);
}
