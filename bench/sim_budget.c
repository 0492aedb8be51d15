/*
 * What a budget does on a day (tests/unit/budget_day.h): a summary for some seeds, or one
 * day as CSV, a line a minute.  hack/plot-budget draws that for docs/sampling-budget.md.
 */
#include <stdio.h>
#include <stdlib.h>

#include "tests/unit/budget_day.h"

#define SEEDS 5

static double
thousandths(int64_t value)
{
    return (double)value / 1000;
}

static void
print_minutes(const struct day *day)
{
    (void)puts("minute,requests,measured,percent,traces");
    for (int i = 0; i < DAY_MINUTES; i++) {
        const struct day_minute *minute = &day->minutes[i];
        char measured[32] = ""; /* Prometheus is away */
        if (minute->measured >= 0) {
            (void)snprintf(measured, sizeof(measured), "%.3f",
                           thousandths(minute->measured));
        }
        (void)printf("%d,%.3f,%s,%.2f,%.3f\n", i, thousandths(minute->rate), measured,
                     (double)minute->percent / 100, thousandths(minute->traces));
    }
}

static void
print_sum(const struct day *day, FILE *out)
{
    const struct day_sum *sum = &day->sum;

    (void)fprintf(
        out,
        "seed %llu, rate()[%llds]%s: %d changes (%d down), %.1f%% of %d minutes "
        "within 30%%, highest minute %.0f traces/s, worst overshoot %lld "
        "traces, in all %lld, bounds %s\n",
        (unsigned long long)day->options.seed, (long long)day->options.window_s,
        day->options.quiet ? ", quiet" : "", sum->changes, sum->lowered,
        100.0 * sum->inside / sum->reachable, sum->reachable, thousandths(sum->highest),
        (long long)sum->worst, (long long)sum->traces, sum->broken ? "BROKEN" : "kept");
}

/* True when a bound was broken. */
static bool
summaries(struct day *day)
{
    static const int64_t windows_s[] = {60, 120, 300};
    bool broken = false;

    for (size_t i = 0; i < 2 * BNC_LEN(windows_s); i++) {
        for (uint64_t seed = 1; seed <= SEEDS; seed++) {
            struct day_options options = DAY_OPTIONS(seed, windows_s[i / 2]);
            options.quiet = i % 2 == 1;
            day_run(day, &options);
            print_sum(day, stdout);
            broken = broken || day->sum.broken;
        }
    }
    return broken;
}

int
main(int argc, char **argv)
{
    static struct day day;

    if (argc == 1) {
        return summaries(&day) ? 1 : 0;
    }
    if (argc != 3) {
        (void)fputs("usage: sim_budget [SEED WINDOW_S]   (with both: CSV)\n", stderr);
        return 2;
    }
    const struct day_options options =
        DAY_OPTIONS(strtoull(argv[1], NULL, 10), strtoll(argv[2], NULL, 10));
    day_run(&day, &options);
    print_minutes(&day);
    print_sum(&day, stderr);
    return day.sum.broken ? 1 : 0;
}
