/*
 * The loop of a budget: vectors, what always holds, and days of traffic.
 */
#include "tests/unit/test.h"

#include "tests/unit/budget_day.h"

#define MINUTE      INT64_C(60000)
#define ALL_UP      14 /* doublings from 0.01 % to 100 % */
#define STEPS       20 /* more than it ever takes */
#define NOISY_STEPS 2000
#define SEEDS       20

static struct bnc_budget_settings
settings_of(int64_t traces_per_second)
{
    struct bnc_budget_settings settings = BNC_BUDGET_SETTINGS_DEFAULT;
    settings.traces_per_second = traces_per_second;
    return settings;
}

/* One step with all the time that it needs. */
static bool
step(struct bnc_budget *budget, const struct bnc_budget_settings *settings, int64_t rate)
{
    const struct bnc_budget_input input = {
        .known = true,
        .rate = rate,
        .now_ms = budget->last_change_ms == BNC_BUDGET_NEVER
                      ? 0
                      : budget->last_change_ms + settings->interval_ms,
    };
    return bnc_budget_step(budget, settings, &input);
}

static const int64_t targets[] = {1, 700, 1000, 20000, 1000000, 1000000000};
static const int64_t rates[] = {1,      3,        150,       1000,       12345,
                                100000, 20000000, 333333333, 9000000000, 9000000000000};

/* ---- vectors -------------------------------------------------------------------- */

/* Those of Jaeger's adaptive sampling, target 1, with rates for what it samples. */
TEST(vectors)
{
    static const struct {
        const char *name;
        int64_t rate;
        int64_t percent;
        int64_t want;
    } rows[] = {
        {"q 1.2: tolerated", 2400, 5000, 5000},
        {"q 1.3: not any more", 2600, 5000, 3846},
        {"q 0.71: tolerated", 1420, 5000, 5000},
        {"q 0.7: not any more", 1400, 5000, 7142},
        {"q 10: down at once", 20000, 5000, 500},
        {"q 0.1: up to the double", 10000, 100, 200},
        {"q 0.0001: the same", 10, 100, 200},
        {"q 0: nothing to be learned", 0, 100, 100},
        {"q 1e6: never below 0.01 %", 2000000000, 5000, 1},
        {"q 0.5, p 90 %: never above 100 %", 555, 9000, 10000},
        {"0.01 % is too little, 0.02 % would be too much", 6700000, 1, 1},
        {"0.02 % fits", 5000000, 1, 2},
        {"0.02 % is a bit too much", 6400000, 2, 2},
        {"0.02 % is too much", 7200000, 2, 1},
    };
    const struct bnc_budget_settings settings = settings_of(1000);

    for (size_t i = 0; i < BNC_LEN(rows); i++) {
        struct bnc_budget budget = {rows[i].percent, BNC_BUDGET_NEVER};
        bnc_test_row(rows[i].name);
        CHECK_INT(step(&budget, &settings, rows[i].rate),
                  rows[i].want != rows[i].percent);
        CHECK_INT(budget.percent, rows[i].want);
        CHECK(budget.last_change_ms ==
              (rows[i].want == rows[i].percent ? BNC_BUDGET_NEVER : 0));
    }
}

/* What the settings ask for happens at once, whatever was measured. */
TEST(settings_alone)
{
    static const struct {
        const char *name;
        int64_t target, initial, min, max;
        int64_t before;
        int64_t want;
    } rows[] = {
        {"all as it was", 1000, 100, 1, 10000, 250, 250},
        {"no budget", 0, 100, 50, 10000, 250, 0},
        {"less than none", -5, 100, 50, 10000, 250, 0},
        {"a budget again", 1000, 100, 1, 10000, 0, 100},
        {"a budget again, initial below min", 1000, 100, 200, 10000, 0, 200},
        {"min raised", 1000, 100, 300, 10000, 250, 300},
        {"max lowered", 1000, 100, 1, 200, 250, 200},
        {"max wins", 1000, 100, 300, 200, 250, 200},
        {"min 0 is 0.01 %", 1000, 0, 0, 10000, 0, 1},
        {"max 0: a cap that forbids it", 1000, 100, 1, 0, 250, 0},
        {"more than all", 1000, 100, 1, 30000, 20000, 10000},
    };

    for (size_t i = 0; i < BNC_LEN(rows); i++) {
        const struct bnc_budget_settings settings = {
            rows[i].target, rows[i].initial, rows[i].min, rows[i].max, 300, MINUTE};
        struct bnc_budget budget = {rows[i].before, 5000};
        const struct bnc_budget_input input = {.known = false, .now_ms = 5001};
        bnc_test_row(rows[i].name);
        CHECK_INT(bnc_budget_step(&budget, &settings, &input),
                  rows[i].want != rows[i].before);
        CHECK_INT(budget.percent, rows[i].want);
        CHECK(!bnc_budget_step(&budget, &settings, &input)); /* and that was all */
        CHECK_INT(bnc_budget_start(&settings, rows[i].before).percent, rows[i].want);
    }
    bnc_test_row("start");
    const struct bnc_budget_settings settings = settings_of(1000);
    CHECK_INT(bnc_budget_start(&settings, -1).percent, 100);
    CHECK_INT(bnc_budget_start(&settings, 77).percent, 77);
}

TEST(once_in_an_interval)
{
    const struct bnc_budget_settings settings = settings_of(1000);
    struct bnc_budget budget = bnc_budget_start(&settings, 100);
    struct bnc_budget_input input = {.known = true, .rate = 1000, .now_ms = -500};

    CHECK(bnc_budget_step(&budget, &settings, &input)); /* the first is free */
    for (int i = 0; i < 3; i++) {
        int64_t at = input.now_ms;
        int64_t percent = budget.percent;
        for (input.now_ms = at; input.now_ms < at + MINUTE; input.now_ms += 997) {
            CHECK(!bnc_budget_step(&budget, &settings, &input));
        }
        CHECK_INT(budget.percent, percent);
        input.now_ms = at + MINUTE;
        CHECK(bnc_budget_step(&budget, &settings, &input));
        CHECK_INT(budget.percent, 2 * percent);
    }
    input.rate = 1000000; /* down has to wait as well */
    CHECK(!bnc_budget_step(&budget, &settings, &input));
    input.now_ms += MINUTE;
    CHECK(bnc_budget_step(&budget, &settings, &input));
    CHECK_INT(budget.percent, 10);
}

/* ---- what always holds ---------------------------------------------------------- */

TEST(nothing_while_unknown)
{
    for (size_t t = 0; t < BNC_LEN(targets); t++) {
        const struct bnc_budget_settings settings = settings_of(targets[t]);
        for (int64_t percent = 1; percent <= 10000; percent++) {
            struct bnc_budget budget = bnc_budget_start(&settings, percent);
            struct bnc_budget_input input = {.known = false, .rate = 123456};
            CHECK(!bnc_budget_step(&budget, &settings, &input));
            input = (struct bnc_budget_input){.known = true, .rate = -1};
            CHECK(!bnc_budget_step(&budget, &settings, &input));
            CHECK_INT(budget.percent, percent);
        }
    }
}

/* Traces of ten million seconds; no product here is near the end of 64 bits. */
static int64_t
traces(int64_t rate, int64_t percent)
{
    return rate * percent;
}

/* From one start to where it stays; steps in one direction only, each bounded. */
static void
settle(const struct bnc_budget_settings *settings, int64_t rate, int64_t start)
{
    struct bnc_budget budget = bnc_budget_start(settings, start);
    int64_t goal = settings->traces_per_second * 10000;
    int ups = 0, downs = 0;

    for (int i = 0; i < STEPS; i++) {
        int64_t before = budget.percent;
        bool changed = step(&budget, settings, rate);
        CHECK(changed == (budget.percent != before));
        CHECK(budget.percent >= settings->min && budget.percent <= settings->max);
        CHECK(budget.percent <= 2 * before);
        ups += budget.percent > before;
        downs += budget.percent < before;
        CHECK(!changed || i < ALL_UP);
    }
    CHECK(ups == 0 || downs == 0);
    CHECK(downs <= 1);

    /* the best there is: in the tolerance, or one hundredth more would be too much */
    int64_t p = budget.percent;
    CHECK(10 * traces(rate, p) < 13 * goal || p == settings->min);
    CHECK(10 * traces(rate, p) > 7 * goal || p == settings->max ||
          traces(rate, p + 1) > goal);
}

TEST(settles_from_any_start)
{
    static const int64_t bounds[][2] = {{1, 10000}, {50, 2500}};

    for (size_t t = 0; t < BNC_LEN(targets); t++) {
        for (size_t r = 0; r < BNC_LEN(rates); r++) {
            for (size_t b = 0; b < BNC_LEN(bounds); b++) {
                struct bnc_budget_settings settings = settings_of(targets[t]);
                settings.min = bounds[b][0];
                settings.max = bounds[b][1];
                for (int64_t p = bounds[b][0]; p <= bounds[b][1]; p += 1 + p / 50) {
                    settle(&settings, rates[r], p);
                }
            }
        }
    }
    /* and from really each of them, at one place */
    const struct bnc_budget_settings settings = settings_of(20000);
    for (int64_t p = 1; p <= 10000; p++) {
        settle(&settings, 2000000, p);
    }
}

/* A larger budget never gives less, more requests never give more. */
TEST(monotone)
{
    for (int64_t percent = 1; percent <= 10000; percent += 1 + percent / 20) {
        for (size_t r = 0; r < BNC_LEN(rates); r++) {
            int64_t last = -1;
            for (int64_t target = 0; target < 1000000000000; target += 1 + target / 8) {
                const struct bnc_budget_settings settings = settings_of(target);
                struct bnc_budget budget = bnc_budget_start(&settings, percent);
                (void)step(&budget, &settings, rates[r]);
                CHECK(budget.percent >= last);
                last = budget.percent;
            }
        }
        const struct bnc_budget_settings settings = settings_of(20000);
        int64_t last = 10000;
        for (int64_t rate = 1; rate < 1000000000000; rate += 1 + rate / 8) {
            struct bnc_budget budget = bnc_budget_start(&settings, percent);
            (void)step(&budget, &settings, rate);
            CHECK(budget.percent <= last);
            last = budget.percent;
        }
    }
}

/* Rates within 1 : 1.3: after the first change only upwards, so that it ends. */
TEST(noise_does_not_swing_it)
{
    struct day noise = {.random = 7};
    const struct bnc_budget_settings settings = settings_of(20000);

    for (int64_t rate = 100000; rate < 400000000; rate += rate / 7) {
        for (int64_t start = 1; start <= 10000; start *= 10) {
            struct bnc_budget budget = bnc_budget_start(&settings, start);
            int changes = 0;
            for (int i = 0; i < NOISY_STEPS; i++) {
                int64_t before = budget.percent;
                int64_t now = rate + (int64_t)day_random(&noise, (uint64_t)rate * 3 / 10);
                changes += step(&budget, &settings, now);
                CHECK(budget.percent >= before || changes == 1);
            }
            CHECK(changes <= ALL_UP + 2);
        }
    }
}

/* What no user writes and no Prometheus says: still no overflow, still in the bounds. */
TEST(extremes)
{
    static const int64_t values[] = {INT64_MIN, -1,   0,        1,        999,
                                     10000,     1e14, 1e14 + 1, INT64_MAX};

    for (size_t t = 0; t < BNC_LEN(values); t++) {
        for (size_t r = 0; r < BNC_LEN(values); r++) {
            for (size_t p = 0; p < BNC_LEN(values); p++) {
                struct bnc_budget_settings settings = settings_of(values[t]);
                settings.tolerance = 999;
                struct bnc_budget budget = bnc_budget_start(&settings, values[p]);
                (void)step(&budget, &settings, values[r]);
                CHECK(budget.percent >= (values[t] > 0) && budget.percent <= 10000);
            }
        }
    }
}

/* ---- days ----------------------------------------------------------------------- */

TEST(days)
{
    static const struct {
        const char *name;
        int64_t window_s;
        bool quiet;
        int most_changes;
        int least_inside; /* thousandths of the minutes in which it could be right */
        int64_t most_over;
    } rows[] = {
        {"1 m", 60, false, 55, 930, 45000},
        {"2 m", 120, false, 60, 910, 50000},
        {"5 m", 300, false, 75, 890, 60000},
        {"1 m, quiet", 60, true, 26, 980, 700},
        {"2 m, quiet", 120, true, 26, 975, 1200},
        {"5 m, quiet", 300, true, 26, 955, 2500},
    };
    static struct day day;

    for (size_t i = 0; i < BNC_LEN(rows); i++) {
        bnc_test_row(rows[i].name);
        for (uint64_t seed = 1; seed <= SEEDS; seed++) {
            struct day_options options = DAY_OPTIONS(seed, rows[i].window_s);
            options.quiet = rows[i].quiet;
            day_run(&day, &options);
            CHECK(!day.sum.broken);
            CHECK(day.sum.changes > 5); /* it does follow the traffic */
            CHECK(day.sum.changes <= rows[i].most_changes);
            CHECK(day.sum.inside * 1000 >= day.sum.reachable * rows[i].least_inside);
            CHECK(day.sum.worst <= rows[i].most_over);
        }
    }
}

/* While Prometheus is away the percentage stands, and traces go with the traffic. */
TEST(a_day_with_prometheus_away)
{
    static struct day day;

    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        const struct day_options options = DAY_OPTIONS(seed, 300);
        day_run(&day, &options);
        int64_t first = day.begin[DAY_AWAY] / 60 + 2;
        int64_t last = day.end[DAY_AWAY] / 60 - 1;
        CHECK(last - first > 30);
        for (int64_t i = first; i <= last; i++) {
            CHECK_INT(day.minutes[i].measured, -1);
            CHECK_INT(day.minutes[i].percent, day.minutes[first].percent);
        }
    }
}

RUN_TESTS(vectors, settings_alone, once_in_an_interval, nothing_while_unknown,
          settles_from_any_start, monotone, noise_does_not_swing_it, extremes, days,
          a_day_with_prometheus_away)
