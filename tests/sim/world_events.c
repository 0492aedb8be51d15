#include <stdlib.h>
#include <string.h>

#include "lib/hash.h"
#include "tests/sim/world_internal.h"

/* ---- randomness: xoshiro256**, seeded by splitmix64 ------------------------- */

static uint64_t
splitmix(uint64_t *state)
{
    uint64_t z = (*state += 0x9e3779b97f4a7c15U);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
    return z ^ (z >> 31);
}

static uint64_t
rotate(uint64_t x, int n)
{
    return x << n | x >> (64 - n);
}

uint64_t
bnc_sim_draw(struct bnc_sim_rng *rng)
{
    uint64_t *s = rng->s;
    uint64_t result = rotate(s[1] * 5, 7) * 9;
    uint64_t t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotate(s[3], 45);
    return result;
}

void
bnc_sim_seed(struct bnc_sim *sim, uint64_t seed)
{
    uint64_t state = seed;
    for (size_t i = 0; i < 4; i++) {
        sim->own.s[i] = splitmix(&state);
        sim->product.s[i] = splitmix(&state);
    }
}

void
bnc_sim_reseed(struct bnc_sim *sim, uint64_t seed)
{
    for (size_t i = 0; i < 4; i++) {
        sim->own.s[i] = splitmix(&seed);
    }
}

uint64_t
bnc_sim_random(struct bnc_sim *sim)
{
    return bnc_sim_draw(&sim->own);
}

uint64_t
bnc_sim_below(struct bnc_sim *sim, uint64_t n)
{
    return n < 2 ? 0 : bnc_sim_draw(&sim->own) % n;
}

bool
bnc_sim_chance(struct bnc_sim *sim, unsigned per_mille)
{
    return per_mille > 0 && bnc_sim_below(sim, 1000) < per_mille;
}

int64_t
bnc_sim_draw_latency(struct bnc_sim *sim)
{
    int64_t us = 100 + (int64_t)bnc_sim_below(sim, (uint64_t)sim->latency_us);
    return bnc_sim_chance(sim, 20) ? us * 10 : us; /* a long tail */
}

/* ---- trace -------------------------------------------------------------------- */

void
bnc_sim_note(struct bnc_sim *sim, const char *what, const char *value, int64_t n)
{
    int64_t facts[2] = {sim->now_us, n};
    sim->trace = bnc_hash64(what, strlen(what), sim->trace);
    if (value != NULL) {
        sim->trace = bnc_hash64(value, strlen(value), sim->trace);
    }
    sim->trace = bnc_hash64(facts, sizeof(facts), sim->trace);
    if (sim->trace_out != NULL) {
        (void)fprintf(sim->trace_out, "%12.6f %s %s %lld\n", (double)sim->now_us / 1e6,
                      what, value == NULL ? "" : value, (long long)n);
    }
}

uint64_t
bnc_sim_trace_hash(const struct bnc_sim *sim)
{
    return sim->trace;
}

void
bnc_sim_trace_to(struct bnc_sim *sim, FILE *out)
{
    sim->trace_out = out;
}

/* ---- processes ------------------------------------------------------------------ */

unsigned
bnc_sim_process(struct bnc_sim *sim, unsigned process)
{
    unsigned before = sim->process;
    sim->process = process;
    return before;
}

void
bnc_sim_freeze(struct bnc_sim *sim, unsigned process, int64_t ms)
{
    int64_t until_us = sim->now_us + ms * 1000;
    if (until_us > sim->frozen_us[process]) {
        sim->frozen_us[process] = until_us; /* never less: what waits has its order */
    }
}

bool
bnc_sim_frozen(const struct bnc_sim *sim, unsigned process)
{
    return process != 0 && sim->frozen_us[process] > sim->now_us;
}

void
bnc_sim_cut(struct bnc_sim *sim, unsigned process, int64_t ms)
{
    sim->cut_us[process] = sim->now_us + ms * 1000;
}

/* ---- the heap of events -------------------------------------------------------- */

static bool
before(const struct bnc_sim_event *a, const struct bnc_sim_event *b)
{
    return a->at_us != b->at_us ? a->at_us < b->at_us : a->seq < b->seq;
}

static void
place(struct bnc_sim *sim, struct bnc_sim_event *event, size_t slot)
{
    sim->heap[slot] = event;
    event->slot = slot;
}

static void
settle(struct bnc_sim *sim, struct bnc_sim_event *event, size_t slot)
{
    while (slot > 1 && before(event, sim->heap[slot / 2])) {
        place(sim, sim->heap[slot / 2], slot);
        slot /= 2;
    }
    for (size_t child = slot * 2; child <= sim->heap_count; child = slot * 2) {
        if (child < sim->heap_count && before(sim->heap[child + 1], sim->heap[child])) {
            child++;
        }
        if (!before(sim->heap[child], event)) {
            break;
        }
        place(sim, sim->heap[child], slot);
        slot = child;
    }
    place(sim, event, slot);
}

void
bnc_sim_unschedule(struct bnc_sim *sim, struct bnc_sim_event *event)
{
    size_t slot = event->slot;
    if (slot == 0) {
        return;
    }
    event->slot = 0;
    struct bnc_sim_event *last = sim->heap[sim->heap_count--];
    if (last != event) {
        settle(sim, last, slot);
    }
}

static void
push(struct bnc_sim *sim, struct bnc_sim_event *event)
{
    if (sim->heap_count + 2 > sim->heap_room) {
        sim->heap_room = sim->heap_room == 0 ? 64 : sim->heap_room * 2;
        sim->heap =
            bnc_realloc(sim->heap, sim->heap_room * sizeof(struct bnc_sim_event *));
    }
    settle(sim, event, ++sim->heap_count);
}

void
bnc_sim_schedule(struct bnc_sim *sim, struct bnc_sim_event *event, int64_t delay_us,
                 bnc_fn fn, void *arg, const char *what)
{
    bnc_sim_unschedule(sim, event);
    event->at_us = sim->now_us + (delay_us < 0 ? 0 : delay_us);
    event->seq = ++sim->seq;
    event->fn = fn;
    event->arg = arg;
    event->what = what;
    push(sim, event);
}

bool
bnc_sim_defer(struct bnc_sim *sim, struct bnc_sim_event *event, unsigned process)
{
    if (!bnc_sim_frozen(sim, process)) {
        return false;
    }
    event->at_us =
        sim->frozen_us[process]; /* with its old number: what waits stays in its order */
    push(sim, event);
    return true;
}
