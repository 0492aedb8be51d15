/*
 * One Observatory in the engine: its plan, the lowered fragments, the documents.
 */
#ifndef BNC_CONTROLLER_HUB_H
#define BNC_CONTROLLER_HUB_H

#include "controller/engine.h"
#include "lib/map.h"

struct bnc_link; /* documents in the making (link.h) */

/* One lowered unit. */
struct bnc_fragment {
    struct bnc_bytes bytes;    /* malloc'd */
    uint64_t sum;              /* of the bytes */
    uint64_t place;            /* from the job's name: decides on its part and block */
    struct bnc_arena *arena;   /* of the warnings; NULL when there are none */
    struct bnc_diags warnings; /* what this Prometheus does not know */
    uint64_t stamp;
    uint64_t used;             /* the plan that needed it last */
    struct bnc_fragment *next; /* the one lowered after it */
    int64_t shard;
    enum bnc_section section;
    char *job_name; /* or the rule group's; behind the fragment */
};

struct bnc_hub {
    const struct bnc_member *member; /* the compiled Observatory */
    struct bnc_reader *reader;       /* of the values that go into its asset object */
    struct bnc_arena *plan_arena;
    struct bnc_plan plan;
    const struct bnc_planner *planner; /* of the plan; NULL: there is none yet */
    struct bnc_plan_memo *memo;        /* of that planner */
    int64_t shards;
    struct bnc_map *fragments;     /* "SHARD/JOB", "0#GROUP" → struct bnc_fragment */
    struct bnc_fragment *first;    /* of those lowered, in their order */
    struct bnc_fragment *last;     /* so far; NULL: none in this plan */
    struct bnc_fragment **lowered; /* by unit * shards + shard; NULL: it failed */
    size_t next_unit;              /* the next to be lowered, over all shards */
    enum {
        BNC_HUB_IDLE,
        BNC_HUB_PLAN, /* to be begun */
        BNC_HUB_PLANNING,
        BNC_HUB_LOWER,
        BNC_HUB_LINK
    } stage;
    struct bnc_link *link; /* NULL: not begun */
    uint64_t links;        /* that were begun */
    uint64_t packed;       /* pieces, by all of them */
    struct bnc_map *packs; /* what links before have packed (link.h) */
    size_t part_budget;    /* of settings */
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

/* A value of the asset object changed: link again, also when that has begun. */
void bnc_hub_relink(struct bnc_hub *hub);

/* Do one step; gives how many units of work it was. */
size_t bnc_hub_step(struct bnc_hub *hub, const struct bnc_hub_context *context);

#endif
