#include "controller/census.h"

#include <stdlib.h>
#include <string.h>

#include "lib/sort.h"

#define FIRST_MS 1000

/* Of a member of an Observatory, or of all its annotated workloads. */
struct count {
    uint64_t key;
    uint64_t number;
};

struct bnc_census {
    struct bnc_world *world;
    const struct bnc_engine *engine;
    const struct bnc_planner *planner;
    bnc_fn done;
    void *arg;
    struct bnc_timer *timer;
    bool due;
    uint64_t rounds;      /* that came to their end */
    struct count *counts; /* of the last count, by key */
    size_t n_counts;

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
        free(census->counts);
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

static uint64_t
add_text(uint64_t key, const char *text)
{
    return bnc_hash64(text, strlen(text) + 1, key);
}

/* `member` NULL: of all annotated workloads. */
static uint64_t
count_key(const struct bnc_object *hub, const struct bnc_object *member)
{
    uint64_t key = add_text(add_text(1, hub->ns), hub->name);
    if (member == NULL) {
        return key;
    }
    key = bnc_hash64_with(key, (uint64_t)member->kind);
    return add_text(add_text(key, member->ns), member->name);
}

static int
compare_counts(const void *a, const void *b)
{
    uint64_t x = ((const struct count *)a)->key;
    uint64_t y = ((const struct count *)b)->key;
    return x < y ? -1 : x > y;
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

static size_t
verdicts_of(const struct bnc_result *result)
{
    return result->plan == NULL ? 0 : result->plan->n_verdicts;
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
        size_t verdicts = verdicts_of(bnc_engine_result(census->engine, i));
        census->numbers[i] = bnc_alloc((verdicts + 1) * sizeof(uint32_t));
    }
}

static void
put(struct bnc_census *census, uint64_t key, uint64_t number)
{
    census->counts[census->n_counts++] = (struct count){.key = key, .number = number};
}

static void
finish(struct bnc_census *census)
{
    size_t room = census->n_hubs;
    for (size_t i = 0; i < census->n_hubs; i++) {
        room += verdicts_of(bnc_engine_result(census->engine, i));
    }
    free(census->counts);
    census->counts = bnc_alloc((room + 1) * sizeof(struct count));
    census->n_counts = 0;
    for (size_t i = 0; i < census->n_hubs; i++) {
        const struct bnc_result *result = bnc_engine_result(census->engine, i);
        uint64_t annotated = 0;
        for (size_t k = 0; k < verdicts_of(result); k++) {
            const struct bnc_member *member = result->plan->verdicts[k].member;
            put(census, count_key(result->object, member->object), census->numbers[i][k]);
            annotated += member->ir->type == BNC_IR_WORKLOAD ? census->numbers[i][k] : 0;
        }
        put(census, count_key(result->object, NULL), annotated);
    }
    bnc_sort(census->counts, census->n_counts, sizeof(*census->counts), compare_counts);
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
get(const struct bnc_census *census, uint64_t key)
{
    const struct count wanted = {.key = key};
    const struct count *found = census->n_counts == 0
                                    ? NULL
                                    : bsearch(&wanted, census->counts, census->n_counts,
                                              sizeof(*census->counts), compare_counts);
    return found == NULL ? -1 : (int64_t)found->number;
}

int64_t
bnc_census_member(const struct bnc_census *census, const struct bnc_result *result,
                  const struct bnc_object *member)
{
    return get(census, count_key(result->object, member));
}

int64_t
bnc_census_annotated(const struct bnc_census *census, const struct bnc_result *result)
{
    return get(census, count_key(result->object, NULL));
}

uint64_t
bnc_census_rounds(const struct bnc_census *census)
{
    return census->rounds;
}
