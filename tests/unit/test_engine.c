/*
 * Incremental equals fresh: after any events, in any order and at any moment of the
 * work, an engine says what a new one says of the same facts.
 */
#include <stdlib.h>

#include "tests/unit/engine.h"
#include "tests/unit/universe.h"

#define SEEDS 80
#define STEPS 30

/* ---- the universe -------------------------------------------------------------- */

#define SLOTS BNC_LEN(universe)

static struct bnc_object *objects[SLOTS][VARIANTS];

static void
make_universe(void)
{
    for (size_t i = 0; i < SLOTS; i++) {
        for (size_t k = 0; k < VARIANTS && universe[i].variants[k] != NULL; k++) {
            struct facts facts;
            facts_read(&facts, universe[i].variants[k]);
            CHECK_INT(facts.n, 1);
            objects[i][k] = facts.items[0];
        }
    }
}

static void
free_universe(void)
{
    for (size_t i = 0; i < SLOTS; i++) {
        for (size_t k = 0; k < VARIANTS; k++) {
            bnc_object_unref(objects[i][k]);
            objects[i][k] = NULL;
        }
    }
}

/* ---- chance -------------------------------------------------------------------- */

static uint64_t chance;

static size_t
below(size_t n)
{
    chance = chance * 6364136223846793005U + 1442695040888963407U;
    return (size_t)((chance >> 33) % n);
}

/* ---- events -------------------------------------------------------------------- */

struct history {
    struct {
        size_t slot;
        size_t variant; /* VARIANTS: gone */
        size_t budget;  /* of the work after it; 0: none */
    } items[STEPS];
    size_t n;
};

static void
print_history(const struct history *history)
{
    for (size_t i = 0; i < history->n; i++) {
        size_t slot = history->items[i].slot;
        size_t variant = history->items[i].variant;
        const struct bnc_object *object =
            objects[slot][variant == VARIANTS ? 0 : variant];
        print_error("%3zu  %s %s %s/%s variant %zu, then %zu units\n", i,
                    variant == VARIANTS ? "gone" : "put",
                    bnc_kind_info(object->kind)->name, object->ns, object->name, variant,
                    history->items[i].budget);
    }
}

static void
happen(struct driven *d, struct bnc_object **present, struct history *history)
{
    size_t slot = below(SLOTS);
    size_t variant = below(VARIANTS + 1);
    while (variant < VARIANTS && objects[slot][variant] == NULL) {
        variant = below(VARIANTS + 1);
    }
    size_t budget = below(3) == 0 ? 0 : below(12);
    struct bnc_object *before = present[slot];

    present[slot] = variant == VARIANTS ? NULL : objects[slot][variant];
    history->items[history->n].slot = slot;
    history->items[history->n].variant = variant;
    history->items[history->n++].budget = budget;
    if (present[slot] != NULL) {
        driven_put(d, present[slot]);
    } else if (before != NULL) {
        driven_gone(d, before);
    }
    if (below(2) == 0) {
        (void)driven_answer(d);
    }
    if (budget > 0) {
        (void)bnc_engine_work(d->engine, budget);
    }
}

/* A new engine that is told the same facts in another order. */
static const char *
fresh(struct bnc_object *const *present, size_t n, struct bnc_arena *arena)
{
    struct driven d;
    size_t order[SLOTS];

    driven_start(&d, present, n);
    for (size_t i = 0; i < n; i++) {
        order[i] = i;
    }
    for (size_t i = n; i > 1; i--) {
        size_t k = below(i);
        size_t kept = order[i - 1];
        order[i - 1] = order[k];
        order[k] = kept;
    }
    for (size_t i = 0; i < n; i++) {
        if (present[order[i]] != NULL) {
            driven_put(&d, present[order[i]]);
        }
    }
    driven_sync(&d);
    driven_settle(&d);
    const char *text = driven_describe(&d, true, arena);
    driven_stop(&d);
    return text;
}

static bool
compare_with(struct driven *d, struct bnc_object *const *present, size_t n)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();

    driven_settle(d);
    const char *got = driven_describe(d, true, arena);
    const char *want = fresh(present, n, arena);
    if (strcmp(got, want) == 0) {
        return true;
    }
    print_error("incremental:\n%s\nfresh:\n%s\n", got, want);
    return false;
}

static bool
run_seed(uint64_t seed)
{
    struct bnc_object *present[SLOTS] = {NULL};
    struct history history = {.n = 0};
    struct driven d;
    bool good = true;

    chance = seed;
    for (size_t i = 0; i < SLOTS; i++) {
        present[i] = objects[i][below(VARIANTS)]; /* NULL: there is none (yet) */
        if (i == 0 && seed % 2 == 0) {
            present[i] = objects[i][1]; /* the one with most in it */
        }
    }
    driven_start(&d, present, SLOTS);
    for (size_t i = 0; i < SLOTS; i++) {
        if (present[i] != NULL) {
            driven_put(&d, present[i]);
        }
    }
    driven_sync(&d);
    while (good && history.n < STEPS) {
        size_t burst = 1 + below(2) * below(5);
        while (burst-- > 0 && history.n < STEPS) {
            happen(&d, present, &history);
        }
        good = compare_with(&d, present, SLOTS);
    }
    if (!good) {
        print_error("seed %llu:\n", (unsigned long long)seed);
        print_history(&history);
    }
    driven_stop(&d);
    return good;
}

TEST(incremental_is_fresh)
{
    const char *wanted = getenv("SEED");

    make_universe();
    if (wanted != NULL) {
        CHECK(run_seed(strtoull(wanted, NULL, 10)));
    }
    for (uint64_t seed = 1; wanted == NULL && seed <= SEEDS; seed++) {
        CHECK(run_seed(seed));
    }
    free_universe();
}

/* One workload takes another's place at once: the preset leaves out the new one. */
TEST(swapped_workloads)
{
    static const char yaml[] =
        OBSERVATORY("main", "monitoring",
                    "{namespaceSelector: {}, prometheus: {presets: "
                    "[istio-proxy]}}") //
        "---\n" WORKLOAD("Deployment", "a", "bank", ON ", prometheus.io/port: '15090'",
                         "prometheus.io/path: /stats/prometheus") //
        "---\n" WORKLOAD("Deployment", "b", "bank", ON ", prometheus.io/port: '15090'",
                         "prometheus.io/path: /stats/prometheus");
    struct facts facts;
    struct driven d;

    facts_read(&facts, yaml);
    struct bnc_object *present[] = {facts.items[0], facts.items[1], NULL};
    driven_start(&d, present, BNC_LEN(present));
    driven_put(&d, present[0]);
    driven_put(&d, present[1]);
    driven_sync(&d);
    driven_settle(&d);
    driven_gone(&d, present[1]);
    present[1] = NULL;
    present[2] = facts.items[2];
    driven_put(&d, present[2]);
    CHECK(compare_with(&d, present, BNC_LEN(present)));
    driven_stop(&d);
    facts_free(&facts);
}

/* ---- work ---------------------------------------------------------------------- */

static const char small[] = OBSERVATORY("main", "monitoring",
                                        "{namespaceSelector: {}, prometheus: {}}") //
    "---\n" POLICY("web", "shop", "{selector: {}, endpoints: [{port: http}]}")     //
    "---\n" POLICY("api", "bank", "{selector: {}, endpoints: [{port: http}]}")     //
    "---\n" WORKLOAD("Deployment", "a", "cart", ON, "");

static struct facts
start_small(struct driven *d)
{
    struct facts facts;

    facts_read(&facts, small);
    driven_start(d, facts.items, 0);
    for (size_t i = 0; i < facts.n; i++) {
        driven_put(d, facts.items[i]);
    }
    return facts;
}

TEST(waits_for_every_kind)
{
    struct driven d;
    struct facts facts = start_small(&d);
    const char *missing = "";

    CHECK(!bnc_engine_work(d.engine, 1000));
    CHECK(!bnc_engine_idle(d.engine));
    CHECK_INT(bnc_engine_count(d.engine), 0);
    for (enum bnc_kind kind = 0; kind < BNC_KIND_COUNT; kind++) {
        if (!bnc_kind_info(kind)->by_name && kind != BNC_KIND_SERVICE) {
            bnc_engine_synced(d.engine, kind, "", NULL);
        }
    }
    CHECK(!bnc_engine_synced_all(d.engine, &missing));
    CHECK_STR(missing, "services");
    CHECK(!bnc_engine_work(d.engine, 1000));
    CHECK_INT(bnc_engine_stats(d.engine).compiles, 0);
    bnc_engine_synced(d.engine, BNC_KIND_SERVICE, "", NULL);
    driven_settle(&d);
    CHECK_INT(bnc_engine_count(d.engine), 1);
    CHECK(bnc_engine_result(d.engine, 0)->ready);
    facts_free(&facts);
    driven_stop(&d);
}

TEST(work_keeps_its_budget)
{
    struct driven d;
    struct facts facts = start_small(&d);
    size_t turns = 0;

    driven_sync(&d);
    while (bnc_engine_work(d.engine, 1)) {
        struct bnc_engine_stats s = bnc_engine_stats(d.engine);
        turns++;
        CHECK(s.compiles + s.plans + s.lowered + s.linked <= turns);
        CHECK(turns < 1000);
    }
    CHECK(bnc_engine_idle(d.engine));
    facts_free(&facts);
    driven_stop(&d);
}

/* What is done again follows the size of the change. */
TEST(work_follows_the_change)
{
    struct driven d;
    struct facts facts = start_small(&d);

    driven_sync(&d);
    driven_settle(&d);
    const struct bnc_engine_stats first = bnc_engine_stats(d.engine);
    CHECK_INT(first.compiles, 4);
    CHECK_INT(first.lowered, 3);
    uint64_t revision = bnc_engine_result(d.engine, 0)->revision;

    for (size_t i = 0; i < facts.n; i++) { /* a resync */
        driven_put(&d, facts.items[i]);
    }
    driven_settle(&d);
    struct bnc_engine_stats s = bnc_engine_stats(d.engine);
    CHECK_INT(s.compiles, first.compiles);
    CHECK_INT(s.lowered, first.lowered);
    CHECK_INT(s.linked, first.linked);

    struct facts changed;
    facts_read(&changed, POLICY("web", "shop", "{selector: {}, endpoints: [{port: b}]}"));
    driven_put(&d, changed.items[0]);
    driven_settle(&d);
    s = bnc_engine_stats(d.engine);
    CHECK_INT(s.compiles, first.compiles + 1);
    CHECK_INT(s.lowered, first.lowered + 1);
    CHECK_INT(s.linked, first.linked + 1);
    CHECK(bnc_engine_result(d.engine, 0)->revision > revision);
    facts_free(&changed);
    facts_free(&facts);
    driven_stop(&d);
}

/* Nothing partial goes out while a Secret is not known; nobody else waits for it. */
TEST(a_slow_secret)
{
    static const char yaml[] = OBSERVATORY("a", "monitoring",
                                           "{namespaceSelector: {}, prometheus: {}}") //
        "---\n" OBSERVATORY("b", "bank", "{prometheus: {}}")                          //
        "---\n" POLICY("api", "shop",
                       "{selector: {}, endpoints: [{port: http, authorization: "
                       "{credentials: {name: token, key: a}}}]}") //
        "---\n" SECRET("token", "shop", "a: one");
    struct facts facts;
    struct driven d;

    facts_read(&facts, yaml);
    driven_start(&d, facts.items, facts.n);
    for (size_t i = 0; i < facts.n; i++) {
        driven_put(&d, facts.items[i]);
    }
    driven_sync(&d);
    while (bnc_engine_work(d.engine, 100)) {
    }
    CHECK_INT(d.n_wanted, 1);
    CHECK_STR(d.wanted[0].name, "token");
    const struct bnc_result *b = bnc_engine_result(d.engine, 0);
    const struct bnc_result *a = bnc_engine_result(d.engine, 1);
    CHECK_STR(a->object->name, "a");
    CHECK(a->pending && !a->ready);
    CHECK(!b->pending && b->ready);
    driven_settle(&d);
    a = bnc_engine_result(d.engine, 1);
    CHECK(!a->pending && a->ready);
    CHECK_INT(a->n_desired, 2);
    CHECK_STR(a->desired[0].name, "a-prometheus-assets");

    char before[BNC_HASH_TEXT_MAX];
    memcpy(before, a->desired[1].hash, sizeof(before));
    struct facts other; /* another token: other assets, the same configuration */
    facts_read(&other, SECRET("token", "shop", "a: two"));
    driven_put(&d, other.items[0]);
    driven_settle(&d);
    a = bnc_engine_result(d.engine, 1);
    CHECK_STR(a->desired[1].hash, before);

    /* a right that is taken away later takes nothing that is published with it */
    bnc_engine_denied(d.engine, BNC_KIND_SECRET, "shop", "token");
    driven_settle(&d);
    a = bnc_engine_result(d.engine, 1);
    CHECK(a->ready && !a->pending);
    CHECK_INT(a->n_jobs, 1);
    facts_free(&other);
    facts_free(&facts);
    driven_stop(&d);
}

RUN_TESTS(incremental_is_fresh, swapped_workloads, waits_for_every_kind,
          work_keeps_its_budget, work_follows_the_change, a_slow_secret)
