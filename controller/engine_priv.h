/*
 * What the engine's files share.  Inside controller/ only.
 */
#ifndef BNC_CONTROLLER_ENGINE_PRIV_H
#define BNC_CONTROLLER_ENGINE_PRIV_H

#include "controller/engine.h"
#include "controller/hub.h"
#include "controller/queue.h"

/* One object of a kind that is compiled. */
struct bnc_node {
    struct bnc_member member;    /* first: a member is a node */
    struct bnc_object *object;   /* as it is now */
    struct bnc_object *compiled; /* what the IR was made of, and borrows from */
    struct bnc_reader *reader;
    struct bnc_ir ir;
    const struct bnc_reconciler *reconciler;
    struct bnc_hub *hub; /* of an Observatory */
    struct bnc_queue_item item;
};

struct bnc_engine {
    struct bnc_engine_options options;
    struct bnc_cache *cache;
    struct bnc_map *nodes;   /* by fact key */
    struct bnc_queue *queue; /* of compiles */
    bool members_dirty;
    bool pods_dirty; /* running pods that are members, or were: bnc_engine_pods() */
    const struct bnc_member **members; /* sorted: what plans work on */
    size_t n_members;
    struct bnc_node **hubs; /* sorted */
    size_t n_hubs;
    uint64_t version;
    struct bnc_engine_stats stats;
};

/* Plan all Observatories again. */
void bnc_engine_touch(struct bnc_engine *engine);
/* A running pod of a mesh has come, changed or gone. */
void bnc_engine_touch_pods(struct bnc_engine *engine);
/* It is freed now, and may stand among the members until they are collected again. */
void bnc_engine_forget(struct bnc_engine *engine, const struct bnc_node *node);
/* Members and Observatories anew, sorted; all are planned. */
void bnc_engine_collect(struct bnc_engine *engine);

#endif
