/*
 * One Observatory in the engine: its plan, the lowered fragments, the documents.
 */
#ifndef BNC_CONTROLLER_HUB_H
#define BNC_CONTROLLER_HUB_H

#include "controller/engine.h"
#include "lib/map.h"

struct bnc_hub {
    const struct bnc_member *member; /* the compiled Observatory */
    struct bnc_reader *reader;       /* of the values that go into its asset object */
    struct bnc_arena *plan_arena;
    struct bnc_plan plan;
    struct bnc_map *fragments; /* "SHARD/JOB" → struct fragment */
    size_t next_unit;          /* the next to be lowered, over all shards */
    enum { BNC_HUB_IDLE, BNC_HUB_PLAN, BNC_HUB_LOWER, BNC_HUB_LINK } stage;
    struct bnc_arena *desired_arena;
    struct bnc_diags diags; /* in desired_arena */
    struct bnc_result result;
};

struct bnc_hub_context {
    const struct bnc_planner *planner;
    const struct bnc_member *const *members;
    size_t n_members;
    struct bnc_engine_stats *stats;
};

/* `owner` is what the dirty hook gets when a value of the asset object changes. */
struct bnc_hub *
bnc_hub_new(struct bnc_cache *cache, const struct bnc_member *member, void *owner);
void bnc_hub_free(struct bnc_hub *hub);

/* Do one unit of work; true when there is more. */
bool bnc_hub_step(struct bnc_hub *hub, const struct bnc_hub_context *context);

/* The intents of an Observatory's objects, into its result (hub_link.c). */
void bnc_hub_link(struct bnc_hub *hub, const struct bnc_planner *planner);

/* A fragment's bytes; NULL when it was not lowered. */
const struct bnc_bytes *
bnc_hub_fragment(const struct bnc_hub *hub, int64_t shard, const char *job_name);

#endif
