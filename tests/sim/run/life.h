/*
 * One life of the process, from a seed.
 */
#ifndef BNC_TESTS_SIM_RUN_LIFE_H
#define BNC_TESTS_SIM_RUN_LIFE_H

#include <stdint.h>
#include <stdio.h>

#include "lib/str.h"

#define LIFE_STEPS_MAX 10000

struct life_options {
    unsigned steps;
    bool verbose;
    const bool
        *skip; /* by step: it is left out, all others stay as they are; NULL: none */
};

/*
 * True when everything held.  Else `report` says in its first line which property did
 * not, as "property: what", and below it what happened.
 */
bool life_run(const struct life_options *options, uint64_t seed, struct bnc_str *report);

#endif
