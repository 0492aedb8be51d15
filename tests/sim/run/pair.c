#include "tests/sim/run/pair.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define AWAY_MIN_MS 500   /* until somebody starts it again: what it has sent is there */
#define AWAY_MS     20000 /* at most */
#define FREEZE_MS   40000
#define CUT_MS      40000
#define SLEEP_MS    30000
#define ON_WAY_MS   100 /* from the replica to the API server, at most */

struct replica {
    struct pair *pair;
    struct product product;
    struct bnc_sim_event back;
    bool runs;
    bool dies; /* as soon as nothing of it is on the stack */
};

struct pair {
    struct bnc_sim *sim;
    struct bnc_sim_api *api;
    void (*restarted)(void *arg);
    void *arg;
    struct replica items[2];
    struct replica *writer; /* of the last write */
    bool clock_set;
    int64_t renewed_ms; /* when the Lease was last written by who holds it */
};

/* ---- life ----------------------------------------------------------------------- */

static void
begin(void *arg)
{
    struct replica *one = arg;
    product_start(&one->product, one->pair->sim);
    one->runs = true;
    if (one->product.number == 1) {
        one->pair->restarted(one->pair->arg);
    }
}

static void
end(struct replica *one, int64_t away_ms)
{
    product_stop(&one->product);
    one->runs = false;
    one->dies = false;
    bnc_sim_schedule(one->pair->sim, &one->back, (AWAY_MIN_MS + away_ms) * 1000, begin,
                     one, "back");
}

struct pair *
pair_new(struct bnc_sim *sim, struct bnc_sim_api *api, void (*restarted)(void *arg),
         void *arg)
{
    struct pair *pair = bnc_alloc(sizeof(*pair));
    *pair = (struct pair){.sim = sim, .api = api, .restarted = restarted, .arg = arg};
    (void)bnc_sim_api_put(api, "{\"apiVersion\":\"v1\",\"kind\":\"Namespace\","
                               "\"metadata\":{\"name\":\"binnacle-system\"}}");
    for (size_t i = 0; i < BNC_LEN(pair->items); i++) {
        pair->items[i].pair = pair;
        pair->items[i].product.number = (unsigned)i + 1;
        begin(&pair->items[i]);
    }
    return pair;
}

void
pair_free(struct pair *pair)
{
    for (size_t i = 0; pair != NULL && i < BNC_LEN(pair->items); i++) {
        bnc_sim_unschedule(pair->sim, &pair->items[i].back);
        product_stop(&pair->items[i].product);
    }
    free(pair);
}

struct product *
pair_one(struct pair *pair, size_t i)
{
    return pair->items[i].runs ? &pair->items[i].product : NULL;
}

struct product *
pair_leader(struct pair *pair)
{
    for (size_t i = 0; i < BNC_LEN(pair->items); i++) {
        struct replica *one = &pair->items[i];
        if (one->runs && bnc_leader_state_get(one->product.leader).leads &&
            !bnc_sim_frozen(pair->sim, one->product.number)) {
            return &one->product;
        }
    }
    return NULL;
}

void
pair_event(struct pair *pair)
{
    for (size_t i = 0; i < BNC_LEN(pair->items); i++) {
        struct replica *one = &pair->items[i];
        if (one->runs && (one->product.lost || one->dies)) {
            end(one, (int64_t)bnc_sim_below(pair->sim, AWAY_MS));
        }
    }
}

void
pair_crash(struct pair *pair)
{
    if (pair->writer != NULL) {
        pair->writer->dies = true;
    }
}

void
pair_restart(struct pair *pair)
{
    for (size_t i = 0; i < BNC_LEN(pair->items); i++) {
        if (pair->items[i].runs) {
            end(&pair->items[i], 0);
        }
    }
}

/* ---- the law -------------------------------------------------------------------- */

const char *
pair_write(struct pair *pair, const char *kind, const char *ns, const char *name,
           struct bnc_arena *arena)
{
    const char *agent = bnc_sim_api_writer(pair->api);
    const char *slash = strchr(agent, '/');
    int64_t now_ms = bnc_sim_now_ms(pair->sim);

    pair->writer = NULL;
    for (size_t i = 0; slash != NULL && i < BNC_LEN(pair->items); i++) {
        struct replica *one = &pair->items[i];
        if (bnc_str_starts(slash + 1, one->product.agent)) {
            pair->writer = one;
        }
    }
    if (pair->writer == NULL) {
        return bnc_arena_fmt(arena, "who writes? %s %s/%s by %s", kind, ns, name, agent);
    }
    const char *holder = bnc_sim_api_field(pair->api, arena, "Lease", "binnacle-system",
                                           "binnacle", "spec\nholderIdentity\n");
    if (strcmp(kind, "Lease") == 0) {
        pair->renewed_ms = now_ms;
        return NULL;
    }
    const struct product *p = &pair->writer->product;
    if (!bnc_str_eq(holder, p->identity)) {
        return bnc_arena_fmt(arena, "one replica writes: %s %s/%s by %s, %s leads", kind,
                             ns, name, p->identity, holder == NULL ? "nobody" : holder);
    }
    int64_t age_ms = now_ms - pair->renewed_ms;
    if (age_ms > BNC_LEADER_TIMES_DEFAULT.deadline_ms + ON_WAY_MS) {
        return bnc_arena_fmt(arena, "within the deadline: %s %s/%s %lld ms after renewal",
                             kind, ns, name, (long long)age_ms);
    }
    return NULL;
}

/* ---- what happens to them --------------------------------------------------------- */

static void
freeze(struct pair *pair, unsigned process)
{
    bnc_sim_freeze(pair->sim, process, (int64_t)bnc_sim_below(pair->sim, FREEZE_MS));
}

static void
cut_off(struct pair *pair, unsigned process)
{
    bnc_sim_cut(pair->sim, process, (int64_t)bnc_sim_below(pair->sim, CUT_MS));
}

static void
kill_one(struct pair *pair, unsigned process)
{
    pair->items[process - 1].dies = true;
}

static void
machine_sleeps(struct pair *pair, unsigned process)
{
    BNC_UNUSED(process);
    bnc_sim_suspend(pair->sim, (int64_t)bnc_sim_below(pair->sim, SLEEP_MS));
}

static void
clock_is_set(struct pair *pair, unsigned process)
{
    BNC_UNUSED(process);
    pair->clock_set = true;
    bnc_sim_wall_step(pair->sim,
                      (int64_t)bnc_sim_below(pair->sim, 2 * PAIR_SET_MS) - PAIR_SET_MS);
}

static const struct {
    const char *what;
    unsigned weight;
    void (*run)(struct pair *, unsigned process);
} steps[] = {
    {"stands still", 4, freeze},
    {"is cut off", 4, cut_off},
    {"is killed", 2, kill_one},
    {"sleeps, all of it", 1, machine_sleeps},
    {"has its clock set", 1, clock_is_set},
};

/* Mostly to the one that leads. */
void
pair_step(struct pair *pair, char text[256])
{
    const struct product *leader = pair_leader(pair);
    unsigned process = 1 + (unsigned)bnc_sim_below(pair->sim, BNC_LEN(pair->items));
    unsigned at = (unsigned)bnc_sim_below(pair->sim, 12);
    size_t i = 0;

    if (leader != NULL && bnc_sim_chance(pair->sim, 700)) {
        process = leader->number;
    }
    while (at >= steps[i].weight) {
        at -= steps[i++].weight;
    }
    (void)snprintf(text, 256, "%lld ms: replica %u%s %s",
                   (long long)bnc_sim_now_ms(pair->sim), process,
                   leader == NULL || leader->number != process ? "" : ", which leads,",
                   steps[i].what);
    steps[i].run(pair, process);
}

bool
pair_clock_was_set(const struct pair *pair)
{
    return pair->clock_set;
}

void
pair_heal(struct pair *pair)
{
    for (size_t i = 0; i < BNC_LEN(pair->items); i++) {
        bnc_sim_cut(pair->sim, (unsigned)i + 1, 0);
    }
}
