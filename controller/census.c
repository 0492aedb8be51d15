#include "controller/census.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "controller/edges.h"

#define FIRST_MS      1000
#define COUNT_KEY_MAX ((size_t)2 * BNC_FACT_KEY_MAX)

struct bnc_census {
    struct bnc_world *world;
    const struct bnc_engine *engine;
    const struct bnc_planner *planner;
    bnc_fn done;
    void *arg;
    struct bnc_timer *timer;
    bool due;
    uint64_t rounds; /* that came to their end */
    struct bnc_map
        *counts; /* "OBSERVATORY KEY" "MEMBER KEY" → number + 1, as a pointer */

    /* a count under way */
    struct bnc_object **pods;
    size_t n_pods;
    size_t at;
    uint64_t plans;     /* of the engine when it began: borrowed plans must not change */
    uint32_t **numbers; /* by Observatory, then verdict */
    size_t n_hubs;
};

static void step(void *arg);

struct bnc_census *
bnc_census_new(struct bnc_world *world, const struct bnc_engine *engine,
               const struct bnc_planner *planner, bnc_fn done, void *arg)
{
    struct bnc_census *census = bnc_alloc(sizeof(*census));
    census->world = world;
    census->engine = engine;
    census->planner = planner;
    census->done = done;
    census->arg = arg;
    census->timer = bnc_timer_new(world, step, census);
    census->counts = bnc_map_new();
    return census;
}

static void
drop_round(struct bnc_census *census)
{
    for (size_t i = 0; i < census->n_pods; i++) {
        bnc_object_unref(census->pods[i]);
    }
    for (size_t i = 0; i < census->n_hubs; i++) {
        free(census->numbers[i]);
    }
    free(census->pods);
    free(census->numbers);
    census->pods = NULL;
    census->numbers = NULL;
    census->n_pods = census->n_hubs = census->at = 0;
}

void
bnc_census_free(struct bnc_census *census)
{
    if (census != NULL) {
        drop_round(census);
        bnc_timer_free(census->timer);
        bnc_map_free(census->counts);
        free(census);
    }
}

void
bnc_census_touch(struct bnc_census *census)
{
    census->due = true;
    if (!bnc_timer_pending(census->timer)) {
        bnc_timer_set(census->timer, census->rounds > 0 ? BNC_CENSUS_MS : FIRST_MS);
    }
}

static const char *
count_key(char out[COUNT_KEY_MAX], const struct bnc_object *hub,
          const struct bnc_object *member)
{
    (void)snprintf(out, COUNT_KEY_MAX, "%s/%s %d/%s/%s", hub->ns, hub->name,
                   member == NULL ? -1 : (int)member->kind,
                   member == NULL ? "" : member->ns, member == NULL ? "" : member->name);
    return out;
}

/* ---- a round ------------------------------------------------------------------- */

static void
take_pod(void *arg, const struct bnc_object *object)
{
    struct bnc_census *census = arg;
    struct bnc_object *own = bnc_cache_get(bnc_engine_cache(census->engine), object->kind,
                                           object->ns, object->name);
    census->pods[census->n_pods++] = bnc_object_ref(own);
}

static void
begin(struct bnc_census *census)
{
    const struct bnc_cache *cache = bnc_engine_cache(census->engine);
    size_t n = bnc_engine_count(census->engine);

    census->due = false;
    census->plans = bnc_engine_stats(census->engine).plans;
    census->pods = bnc_alloc((bnc_cache_count(cache, BNC_KIND_POD) + 1) *
                             sizeof(struct bnc_object *));
    bnc_cache_each(cache, BNC_KIND_POD, NULL, take_pod, census);
    census->n_hubs = n;
    census->numbers = bnc_alloc((n + 1) * sizeof(uint32_t *));
    for (size_t i = 0; i < n; i++) {
        const struct bnc_plan *plan = bnc_engine_result(census->engine, i)->plan;
        size_t verdicts = plan == NULL ? 0 : plan->n_verdicts;
        census->numbers[i] = bnc_alloc((verdicts + 1) * sizeof(uint32_t));
    }
}

static void
put(struct bnc_census *census, const char *key, uint64_t number)
{
    (void)bnc_map_put(census->counts, key, (void *)(uintptr_t)(number + 1));
}

static void
finish(struct bnc_census *census)
{
    char key[COUNT_KEY_MAX];
    bnc_map_free(census->counts);
    census->counts = bnc_map_new();
    for (size_t i = 0; i < census->n_hubs; i++) {
        const struct bnc_result *result = bnc_engine_result(census->engine, i);
        uint64_t annotated = 0;
        for (size_t k = 0; result->plan != NULL && k < result->plan->n_verdicts; k++) {
            const struct bnc_verdict *v = &result->plan->verdicts[k];
            put(census, count_key(key, result->object, v->member->object),
                census->numbers[i][k]);
            annotated +=
                v->member->ir->type == BNC_IR_WORKLOAD ? census->numbers[i][k] : 0;
        }
        put(census, count_key(key, result->object, NULL), annotated);
    }
    drop_round(census);
    census->rounds++;
    if (census->due) {
        bnc_timer_set(census->timer, BNC_CENSUS_MS);
    }
    census->done(census->arg);
}

static void
count_slice(struct bnc_census *census)
{
    size_t end = census->at + BNC_CENSUS_SLICE;
    for (; census->at < census->n_pods && census->at < end; census->at++) {
        for (size_t i = 0; i < census->n_hubs; i++) {
            const struct bnc_plan *plan = bnc_engine_result(census->engine, i)->plan;
            if (plan != NULL && plan->state != NULL && plan->n_verdicts > 0) {
                census->planner->count(plan, census->pods[census->at],
                                       census->numbers[i]);
            }
        }
    }
}

static void
step(void *arg)
{
    struct bnc_census *census = arg;
    if (!bnc_engine_idle(census->engine)) {
        bnc_timer_set(census->timer, FIRST_MS);
        return;
    }
    if (census->pods != NULL && census->plans != bnc_engine_stats(census->engine).plans) {
        drop_round(census); /* the plans that were counted for are no more */
        census->due = true;
    }
    if (census->pods == NULL) {
        if (!census->due) {
            return;
        }
        begin(census);
    }
    count_slice(census);
    if (census->at < census->n_pods) {
        bnc_timer_set(census->timer, 0);
    } else {
        finish(census);
    }
}

/* ---- results ------------------------------------------------------------------- */

static int64_t
get(const struct bnc_census *census, const char *key)
{
    uintptr_t number = (uintptr_t)bnc_map_get(census->counts, key);
    return number == 0 ? -1 : (int64_t)number - 1;
}

int64_t
bnc_census_member(const struct bnc_census *census, const struct bnc_result *result,
                  const struct bnc_object *member)
{
    char key[COUNT_KEY_MAX];
    return get(census, count_key(key, result->object, member));
}

int64_t
bnc_census_annotated(const struct bnc_census *census, const struct bnc_result *result)
{
    char key[COUNT_KEY_MAX];
    return get(census, count_key(key, result->object, NULL));
}

uint64_t
bnc_census_rounds(const struct bnc_census *census)
{
    return census->rounds;
}
