/*
 * binnacle-sim: lives of the process from seeds, on virtual time.
 *
 * Properties: after every change the incremental result equals a fresh one; after
 * every write a reader finds a whole set, and what it may still be reading; when the
 * weather is calm again everything is published and told, and nothing else is left; a
 * restart then writes nothing.  A failing seed prints what happened, step by step.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/log.h"
#include "tests/sim/run/jobs.h"

static const char usage[] =
    "usage: binnacle-sim [OPTION]…\n"
    "  --seed N    the first life (1)\n"
    "  --seeds K   how many (1)\n"
    "  --steps M   changes in each (100)\n"
    "  --jobs N    side by side; 0: one for each core (1)\n"
    "  --trace F   write down all writes and their answers, for tests/sim/replay\n"
    "  --verbose   say what happens\n"
    "  --nth       instead: one life, again for each operation of it, which fails\n"
    "  --shrink    leave out all steps that a failure does not need\n";

struct options {
    uint64_t seed;
    uint64_t seeds;
    uint64_t steps;
    uint64_t jobs;
    const char *trace;
    bool verbose;
    bool shrink;
    bool nth;
};

static bool
parse(int argc, char **argv, struct options *o)
{
    const struct {
        const char *name;
        bool *flag;
        uint64_t *number;
    } rows[] = {
        {"--seed", NULL, &o->seed},       {"--seeds", NULL, &o->seeds},
        {"--steps", NULL, &o->steps},     {"--jobs", NULL, &o->jobs},
        {"--verbose", &o->verbose, NULL}, {"--shrink", &o->shrink, NULL},
        {"--nth", &o->nth, NULL},
    };
    for (int i = 1; i < argc; i++) {
        size_t at = 0;
        while (at < BNC_LEN(rows) && strcmp(rows[at].name, argv[i]) != 0) {
            at++;
        }
        if (at == BNC_LEN(rows) && strcmp(argv[i], "--trace") == 0 && i + 1 < argc) {
            o->trace = argv[++i];
            continue;
        }
        if (at == BNC_LEN(rows)) {
            return false;
        }
        if (rows[at].flag != NULL) {
            *rows[at].flag = true;
        } else if (++i < argc) {
            *rows[at].number = strtoull(argv[i], NULL, 10);
        } else {
            return false;
        }
    }
    return o->steps <= LIFE_STEPS_MAX && o->jobs <= JOBS_MAX;
}

static void
no_log(void *arg, const char *line, size_t n)
{
    BNC_UNUSED(arg);
    BNC_UNUSED(line);
    BNC_UNUSED(n);
}

static unsigned
cores(void)
{
    long n = sysconf(_SC_NPROCESSORS_ONLN);
    return n < 1 ? 1 : n > JOBS_MAX ? JOBS_MAX : (unsigned)n;
}

int
main(int argc, char **argv)
{
    struct options o = {.seed = 1, .seeds = 1, .steps = 100, .jobs = 1};
    struct bnc_error err = {0};

    if (!parse(argc, argv, &o)) {
        (void)fputs(usage, stderr);
        return 2;
    }
    if (bnc_log_set_level(o.verbose ? "debug" : "error", &err)) {
        return 2;
    }
    if (!o.verbose) {
        bnc_log_set_sink(no_log, NULL); /* losing an election is an error for the log */
    }
    const struct life_options life = {.run = o.nth ? torture_run : life_run,
                                      .steps = (unsigned)o.steps,
                                      .trace = o.trace,
                                      .verbose = o.verbose};
    if (o.nth && o.seeds == 1 && o.seed == 1) {
        o.seeds = torture_count();
    }
    if (o.shrink) {
        return jobs_shrink(&life, o.seed) ? 0 : 1;
    }
    uint64_t failed =
        jobs_run(&life, o.seed, o.seeds, o.jobs == 0 ? cores() : (unsigned)o.jobs);
    (void)printf("%llu passed, %llu failed\n", (unsigned long long)(o.seeds - failed),
                 (unsigned long long)failed);
    return failed == 0 ? 0 : 1;
}
