/*
 * One life of the process, from a seed.
 */
#ifndef BNC_TESTS_SIM_RUN_LIFE_H
#define BNC_TESTS_SIM_RUN_LIFE_H

#include <stdint.h>
#include <stdio.h>

#include "lib/str.h"

#define LIFE_STEPS_MAX 10000

struct life_options;
typedef bool (*life_fn)(const struct life_options *options, uint64_t seed,
                        struct bnc_str *report);

struct life_options {
    life_fn run;
    unsigned steps;
    bool verbose;
    const char *trace; /* a file for what is written and answered; NULL: none */
    const bool
        *skip; /* by step: it is left out, all others stay as they are; NULL: none */
};

/*
 * True when everything held.  Else `report` says in its first line which property did
 * not, as "property: what", and below it what happened.
 */
bool life_run(const struct life_options *options, uint64_t seed, struct bnc_str *report);

/*
 * A life that is always the same (start, list, publish, changes, a new token), in which
 * the operation number `n` fails: it has to end as if none had.
 */
bool torture_run(const struct life_options *options, uint64_t n, struct bnc_str *report);
/* How many operations it has. */
uint64_t torture_count(void);

#endif
