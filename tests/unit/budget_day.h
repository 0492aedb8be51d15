/*
 * A day of mesh/budget.h, second by second: traffic with day and night, noise, spikes and
 * a stop, seen through a Prometheus that scrapes, averages and is away for a while.
 */
#ifndef BNC_TESTS_UNIT_BUDGET_DAY_H
#define BNC_TESTS_UNIT_BUDGET_DAY_H

#include <string.h>

#include "mesh/budget.h"

#define DAY_S       86400
#define DAY_MINUTES (DAY_S / 60)
#define SCRAPE_S    15
#define SAMPLES     (DAY_S / SCRAPE_S)
#define SLOT_S      7200 /* what happens, happens once in such a slot at most */
#define ASK_AT_S    7    /* of each minute */
#define ANSWER_S    1    /* until the loop has the answer */
#define APPLY_S     4    /* more, until proxies do what it decided */
#define SPIKE_TIMES 20

enum day_event { DAY_SPIKE, DAY_SPIKE_2, DAY_SPIKE_3, DAY_AWAY, DAY_STOP, DAY_EVENTS };

struct day_options {
    uint64_t seed;
    int64_t window_s;  /* of rate()[..] */
    int64_t peak_rate; /* requests a second when it is busy */
    bool quiet;        /* no spikes, no stop, Prometheus is never away */
    struct bnc_budget_settings settings;
};

/* 20 traces a second, of 260 to 2000 requests */
#define DAY_OPTIONS(seed_, window_s_)                                                    \
    ((struct day_options){.seed = (seed_),                                               \
                          .window_s = (window_s_),                                       \
                          .peak_rate = 2000,                                             \
                          .settings = {.traces_per_second = 20000,                       \
                                       .initial = 100,                                   \
                                       .min = 1,                                         \
                                       .max = 10000,                                     \
                                       .tolerance = 300,                                 \
                                       .interval_ms = 60000}})

/* Means over a minute; all in thousandths. */
struct day_minute {
    int64_t rate;     /* requests a second, as they were */
    int64_t measured; /* the answer of that minute; -1: none */
    int64_t percent;  /* hundredths of 1 %, at its end */
    int64_t traces;   /* traces a second */
};

struct day_sum {
    int changes;
    int lowered;
    int reachable;   /* minutes in which some percentage would have been right */
    int inside;      /* of them: within 30 % of the target */
    int64_t worst;   /* traces above the target, of the longest time over 130 % */
    int64_t highest; /* traces a second, the highest minute; thousandths */
    int64_t traces;  /* of the whole day */
    bool broken;     /* outside the bounds, or faster than allowed */
};

struct day {
    struct day_options options;
    struct day_minute minutes[DAY_MINUTES];
    struct day_sum sum;
    uint64_t random;
    int64_t wander;               /* thousandths: traffic drifts */
    int64_t counter[SAMPLES + 1]; /* thousandths of a request; -1: not scraped */
    int64_t begin[DAY_EVENTS];    /* seconds */
    int64_t end[DAY_EVENTS];
};

static inline uint64_t
day_random(struct day *day, uint64_t n)
{
    uint64_t z = (day->random += 0x9e3779b97f4a7c15U);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
    return (z ^ (z >> 31)) % n;
}

/* ---- traffic -------------------------------------------------------------------- */

static inline bool
day_is(const struct day *day, enum day_event event, int64_t s)
{
    return s >= day->begin[event] && s < day->end[event];
}

/* Each in a slot of its own, with quiet time around it. */
static inline void
day_arrange(struct day *day)
{
    static const struct {
        int64_t least_s;
        uint64_t more_s;
    } lengths[DAY_EVENTS] = {{120, 360}, {120, 360}, {120, 360}, {2700, 600}, {900, 600}};
    bool taken[DAY_S / SLOT_S] = {true}; /* the loop finds its level first */

    for (int i = 0; i < DAY_EVENTS && !day->options.quiet; i++) {
        size_t slot;
        do {
            slot = (size_t)day_random(day, BNC_LEN(taken));
        } while (taken[slot]);
        taken[slot] = true;
        day->begin[i] = (int64_t)slot * SLOT_S + 600 + (int64_t)day_random(day, 1800);
        day->end[i] = day->begin[i] + lengths[i].least_s +
                      (int64_t)day_random(day, lengths[i].more_s);
    }
}

/* Thousandths of a request a second. */
static inline int64_t
day_rate(struct day *day, int64_t s)
{
    static const int64_t hours[25] = {260, 200, 160, 140,  130, 150, 220, 380, 600,
                                      800, 920, 980, 1000, 960, 930, 920, 900, 880,
                                      860, 900, 960, 880,  640, 400, 260};
    int64_t h = s / 3600;
    int64_t curve = hours[h] + (hours[h + 1] - hours[h]) * (s % 3600) / 3600;

    day->wander += (int64_t)day_random(day, 25) - 12 - day->wander / 128;
    int64_t noise = (int64_t)day_random(day, 201) - 100;
    int64_t rate = day->options.peak_rate * curve * (1000 + day->wander) / 1000 *
                   (1000 + noise) / 1000;
    if (day_is(day, DAY_STOP, s)) {
        return 0;
    }
    bool spike = day_is(day, DAY_SPIKE, s) || day_is(day, DAY_SPIKE_2, s) ||
                 day_is(day, DAY_SPIKE_3, s);
    return spike ? rate * SPIKE_TIMES : rate;
}

/* ---- Prometheus ----------------------------------------------------------------- */

/* rate(x[window]) at second `s`, with Prometheus' extrapolation; -1: no series. */
static inline int64_t
day_measure(const struct day *day, int64_t s)
{
    int64_t window = day->options.window_s;
    int64_t first = -1, last = -1, n = 0;

    if (day_is(day, DAY_AWAY, s)) {
        return -1;
    }
    for (int64_t i = s / SCRAPE_S; i >= 0 && i * SCRAPE_S > s - window; i--) {
        if (day->counter[i] >= 0) {
            last = last < 0 ? i : last;
            first = i;
            n++;
        }
    }
    if (n < 2) {
        return -1;
    }
    int64_t span = (last - first) * SCRAPE_S;
    int64_t to_start = first * SCRAPE_S - (s - window);
    int64_t to_end = s - last * SCRAPE_S;
    int64_t mean = span / (n - 1);
    to_start = to_start * 10 >= mean * 11 ? mean / 2 : to_start;
    to_end = to_end * 10 >= mean * 11 ? mean / 2 : to_end;
    return (day->counter[last] - day->counter[first]) / span *
           (span + to_start + to_end) / window;
}

/* ---- the day -------------------------------------------------------------------- */

/* The loop's turn; true when it has changed the percentage. */
static inline bool
day_step(struct day *day, struct bnc_budget *budget, int64_t measured, int64_t s)
{
    const struct bnc_budget_settings *settings = &day->options.settings;
    const struct bnc_budget before = *budget;
    const struct bnc_budget_input input = {measured >= 0, measured, s * 1000};

    if (!bnc_budget_step(budget, settings, &input)) {
        return false;
    }
    day->sum.changes++;
    day->sum.lowered += budget->percent < before.percent;
    day->sum.broken =
        day->sum.broken || measured < 0 || budget->percent > 2 * before.percent ||
        budget->percent < settings->min || budget->percent > settings->max ||
        (before.last_change_ms != BNC_BUDGET_NEVER &&
         budget->last_change_ms - before.last_change_ms < settings->interval_ms);
    return true;
}

static inline void
day_add_up(struct day *day)
{
    const struct bnc_budget_settings *settings = &day->options.settings;
    int64_t target = settings->traces_per_second;
    int64_t over = 0;

    for (int i = 0; i < DAY_MINUTES; i++) {
        const struct day_minute *minute = &day->minutes[i];
        bool above = minute->traces * 10 > target * 13;
        bool below = minute->traces * 10 < target * 7;
        bool reachable = minute->rate * settings->max >= target * 7000 &&
                         minute->rate * settings->min <= target * 13000;
        day->sum.reachable += reachable;
        day->sum.inside += reachable && !above && !below;
        day->sum.traces += minute->traces * 60 / 1000;
        over = above ? over + (minute->traces - target) * 60 / 1000 : 0;
        day->sum.worst = over > day->sum.worst ? over : day->sum.worst;
        if (minute->traces > day->sum.highest) {
            day->sum.highest = minute->traces;
        }
    }
}

/* All of it; `day` may be large for a stack. */
static inline void
day_run(struct day *day, const struct day_options *options)
{
    memset(day, 0, sizeof(*day));
    day->options = *options;
    day->random = options->seed;
    day_arrange(day);

    struct bnc_budget budget = bnc_budget_start(&options->settings, -1);
    int64_t percent = budget.percent; /* what proxies do */
    int64_t apply_at = -1, measured = -1, counter = 0;
    for (int64_t s = 0; s < DAY_S; s++) {
        struct day_minute *minute = &day->minutes[s / 60];
        int64_t rate = day_rate(day, s);
        if (s % SCRAPE_S == 0) {
            day->counter[s / SCRAPE_S] = day_is(day, DAY_AWAY, s) ? -1 : counter;
        }
        counter += rate;
        if (s % 60 == ASK_AT_S) {
            minute->measured = measured = day_measure(day, s);
        }
        if (s % 60 == ASK_AT_S + ANSWER_S && day_step(day, &budget, measured, s)) {
            apply_at = s + APPLY_S;
        }
        percent = s == apply_at ? budget.percent : percent;
        minute->rate += rate;
        minute->traces += rate * percent / BNC_BUDGET_ALL_PERCENT;
        if (s % 60 == 59) {
            minute->rate /= 60;
            minute->traces /= 60;
            minute->percent = budget.percent;
        }
    }
    day_add_up(day);
}

#endif
