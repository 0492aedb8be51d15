/* One life: rough weather, calm, a restart, the end; and what has to hold in it. */
#include "tests/sim/run/life.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/sim/run/laws.h"
#include "tests/sim/run/pair.h"

#define CALM_MS        180000 /* after the last fault everything must be right by then */
#define GONE_MS        120000 /* after the last Observatory is deleted */
#define LOADED_MS      10000  /* after all have loaded, what is old is gone by then */
#define MESH_EVERY     4      /* seeds; of all kinds of weather */
#define MESH_CHANCE    650    /* of 1 000 steps, those in a mesh */
#define FOREIGN_CHANCE 30     /* of 1 000 steps */
#define CLOSE_EVERY    16     /* seeds that are looked at after every event */
#define PAIR_CHANCE    60     /* of 1 000 steps, those of two replicas */
#define ALONE_MS       1500000 /* and by then when nobody reports: 5 + 15 minutes and some */

struct run {
    const struct life_options *options;
    uint64_t seed;
    struct bnc_sim *sim;
    struct bnc_sim_api *api;
    struct product product;
    struct pair *pair; /* NULL: there is one replica, `product` */
    struct readers *readers;
    struct mesh *mesh; /* NULL: there is none */
    struct laws laws;
    struct bnc_arena *arena;
    char (*history)[256];
    size_t n_history;
    unsigned crash_in; /* writes until the product dies; 0: it does not */
    bool quiet;        /* no write is expected */
    const char *failure;
};

static void
note(struct run *r, const char *text)
{
    if (r->options->verbose) {
        (void)printf("  %s\n", text);
    }
    (void)snprintf(r->history[r->n_history++], 256, "%s", text);
}

static void
check(struct run *r, const char *property, const char *what)
{
    if (what != NULL && r->failure == NULL) {
        r->failure = bnc_arena_fmt(r->arena, "%s: %s", property, what);
    }
}

static void
law(struct run *r, const char *what)
{
    if (what != NULL && r->failure == NULL) {
        r->failure = what;
    }
}

/* Who is judged: the one that leads.  NULL: nobody does now. */
static struct product *
acting(struct run *r)
{
    return r->pair == NULL ? &r->product : pair_leader(r->pair);
}

/* ---- crashes --------------------------------------------------------------------------
 */

static void
on_write(void *arg, const char *method, const char *kind, const char *ns,
         const char *name)
{
    struct run *r = arg;
    if (r->pair != NULL) {
        law(r, pair_write(r->pair, kind, ns, name, r->arena));
        if (strcmp(kind, "Lease") == 0) {
            return;
        }
    }
    if (r->quiet && strcmp(kind, "Event") != 0) {
        check(r, "restart: a second run wrote",
              bnc_arena_fmt(r->arena, "%s %s %s/%s", method, kind, ns, name));
    }
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    law(r,
        laws_write(&r->laws, r->api, bnc_sim_now_ms(r->sim), kind, ns, name, r->arena));
    if (strcmp(kind, "Secret") == 0 || strcmp(kind, "ConfigMap") == 0) {
        check(r, "a slow reader", readers_see(r->readers, kind, ns, name));
        const char *what = judge_whole(r->readers, r->api, arena);
        check(r, "a reader between two writes",
              what == NULL ? NULL : bnc_arena_strdup(r->arena, what));
    }
    if (r->crash_in > 0 && --r->crash_in == 0) {
        if (r->pair != NULL) {
            pair_crash(r->pair);
        } else {
            bnc_world_stop(bnc_sim_world(r->sim));
        }
    }
}

static void
on_event(void *arg)
{
    struct run *r = arg;
    if (r->pair != NULL) {
        pair_event(r->pair);
    }
    const struct product *one = r->pair == NULL ? &r->product : pair_one(r->pair, 0);
    if (one != NULL && one->controller != NULL) {
        law(r, laws_event(&r->laws, one, r->arena));
    }
}

static void
on_restarted(void *arg)
{
    struct run *r = arg;
    laws_restart(&r->laws);
}

static void
restart(struct run *r)
{
    if (r->pair != NULL) {
        pair_restart(r->pair);
        return;
    }
    product_stop(&r->product);
    laws_restart(&r->laws);
    product_start(&r->product, r->sim);
}

/* Time passes; a crash that was planned in it happens. */
static void
pass(struct run *r, int64_t ms)
{
    if (!bnc_sim_run_for(r->sim, ms)) {
        note(r, "crash between two writes, start");
        restart(r);
    }
}

/* ---- one seed
 * ---------------------------------------------------------------------------- */

static void
rough_part(struct run *r)
{
    static const unsigned scales[] = {0, 10, 40, 100};
    unsigned scale = scales[r->seed % BNC_LEN(scales)];
    char text[256];

    bnc_sim_api_weather(r->api, scale);
    for (unsigned i = 0; i < r->options->steps && r->failure == NULL; i++) {
        if (r->options->skip != NULL && r->options->skip[i]) {
            continue;
        }
        /* so that a step is the same whatever was left out before it */
        bnc_sim_reseed(r->sim, r->seed * LIFE_STEPS_MAX + i);
        if (bnc_sim_chance(r->sim, 250)) {
            readers_step(r->readers, text);
        } else if (r->pair != NULL && bnc_sim_chance(r->sim, PAIR_CHANCE)) {
            pair_step(r->pair, text);
        } else if (bnc_sim_chance(r->sim, FOREIGN_CHANCE)) {
            laws_foreign_step(&r->laws, r->sim, r->api, text);
        } else if (r->mesh != NULL && bnc_sim_chance(r->sim, MESH_CHANCE)) {
            (void)snprintf(text, sizeof(text), "%lld ms: %s",
                           (long long)bnc_sim_now_ms(r->sim), mesh_step(r->mesh));
        } else {
            universe_step(r->sim, r->api, text);
        }
        note(r, text);
        laws_step_done(&r->laws, r->api);
        if (bnc_sim_chance(r->sim, 30)) {
            r->crash_in = 1 + (unsigned)bnc_sim_below(r->sim, 3);
        }
        bool longer = bnc_sim_chance(r->sim, 40);
        pass(r, (int64_t)bnc_sim_below(r->sim, longer ? 400000 : 1500));
        const struct product *one = acting(r);
        check(r, "incremental = fresh",
              one == NULL ? NULL : judge_incremental(one, r->seed + i, r->arena));
    }
}

static bool
settled(void *arg)
{
    const struct product *one = acting(arg);
    return one != NULL && bnc_controller_settled(one->controller);
}

static void
settle(struct run *r, const char *when)
{
    (void)bnc_sim_run_for(r->sim, CALM_MS);
    if (!bnc_sim_run_until(r->sim, settled, r, CALM_MS)) {
        check(r, when,
              acting(r) == NULL ? "nobody leads" : "the controller never settles");
    }
}

static void
calm_part(struct run *r)
{
    bnc_sim_api_heal(r->api);
    r->crash_in = 0;
    if (r->pair != NULL) {
        pair_heal(r->pair);
    }
    if (r->mesh != NULL) {
        mesh_repair(r->mesh);
    }
    settle(r, "calm, objects of others in the way");
    if (laws_foreign_end(&r->laws, r->sim, r->api)) {
        settle(r, "calm");
    }
    const struct product *one = acting(r);
    if (one == NULL) {
        return; /* that was said */
    }
    check(r, "calm: incremental = fresh", judge_calm(one, r->arena));
    check(r, "calm: published", judge_published(one, r->api, r->arena));
    check(r, "calm: collected", judge_collected(r->api, r->arena));
    check(r, "calm: status", judge_statuses(r->api, r->arena));
    check(r, "calm: limits", judge_limits(r->api, r->arena));
    check(r, "calm: Telemetry", judge_telemetries(one, r->api, r->arena));
    bool timeless = r->pair != NULL && pair_clock_was_set(r->pair);
    if (r->seed % 2 == 0 && !timeless) {
        readers_load_all(r->readers);
        (void)bnc_sim_run_for(r->sim, LOADED_MS);
        check(r, "loaded: told", judge_loaded(one, r->api, r->arena));
        check(r, "loaded: nothing else", judge_exact(one, r->api, r->arena));
    } else {
        (void)bnc_sim_run_for(r->sim, ALONE_MS + (timeless ? PAIR_SET_MS : 0));
        check(r, "alone: nothing else", judge_exact(one, r->api, r->arena));
    }
    check(r, "in the end: published", judge_published(one, r->api, r->arena));
}

static void
restart_part(struct run *r)
{
    r->quiet = true;
    restart(r);
    (void)bnc_sim_run_for(r->sim, 60000);
}

static void
delete_it(void *arg, const struct bnc_sim_api_item *item)
{
    struct run *r = arg;
    (void)bnc_sim_api_delete(r->api, "Observatory", item->ns, item->name);
}

/* Everything is given back. */
static void
last_part(struct run *r)
{
    r->quiet = false;
    (void)bnc_sim_api_list(r->api, "Observatory", delete_it, r);
    (void)bnc_sim_run_for(r->sim, GONE_MS);
    check(r, "in the end: gone", judge_gone(r->api, r->arena));
    check(r, "in the end: given back", mesh_untouched(r->mesh, r->arena));
}

/* A quarter of all, in each weather, with a mesh and without. */
static bool
is_pair(uint64_t seed)
{
    return seed / 4 % 8 == 3 || seed / 4 % 8 == 4;
}

static void
tell(const struct run *r, struct bnc_str *report)
{
    bnc_str_fmt(report, "%s\nwhat happened:\n", r->failure);
    for (size_t i = 0; i < r->n_history; i++) {
        bnc_str_fmt(report, "  %s\n", r->history[i]);
    }
}

bool
life_run(const struct life_options *options, uint64_t seed, struct bnc_str *report)
{
    struct run r = {.options = options, .seed = seed, .arena = bnc_arena_new()};
    r.history = bnc_alloc((options->steps * 2 + 8) * sizeof(*r.history));
    r.sim = bnc_sim_new(seed);
    r.api = bnc_sim_api_new(r.sim);
    r.readers = readers_new(r.sim, r.api, r.arena);
    FILE *trace = options->trace == NULL ? NULL : fopen(options->trace, "we");
    bnc_sim_api_trace(r.api, trace);
    bnc_sim_in_cluster(r.sim);
    bnc_sim_api_on_write(r.api, on_write, &r);
    universe_create(r.sim, r.api);
    bnc_sim_api_watch_list(r.api, seed % 3 == 1);
    if (seed / 4 % MESH_EVERY == 0) {
        r.mesh = mesh_new(r.sim, r.api);
    }
    laws_init(&r.laws, seed % CLOSE_EVERY == 5);
    if (is_pair(seed)) {
        r.pair = pair_new(r.sim, r.api, on_restarted, &r);
    } else {
        product_start(&r.product, r.sim);
    }
    bnc_sim_after_event(r.sim, on_event, &r);

    rough_part(&r);
    if (options->verbose) {
        (void)printf("  longest turn: %llu units\n", (unsigned long long)r.laws.longest);
    }
    if (r.failure == NULL) {
        calm_part(&r);
    }
    if (r.failure == NULL) {
        restart_part(&r);
    }
    if (r.failure == NULL && r.mesh != NULL) {
        last_part(&r);
    }
    if (r.failure != NULL) {
        tell(&r, report);
    }
    bnc_sim_after_event(r.sim, NULL, NULL);
    product_stop(&r.product);
    pair_free(r.pair);
    laws_free(&r.laws);
    readers_free(r.readers);
    mesh_free(r.mesh);
    bnc_sim_api_free(r.api);
    if (trace != NULL) {
        (void)fclose(trace);
    }
    bnc_sim_free(r.sim);
    free(r.history);
    bool good = r.failure == NULL;
    bnc_arena_free(r.arena);
    return good;
}
