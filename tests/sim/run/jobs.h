/*
 * Many lives, in processes of their own, and the shortest story of one that fails.
 */
#ifndef BNC_TESTS_SIM_RUN_JOBS_H
#define BNC_TESTS_SIM_RUN_JOBS_H

#include "tests/sim/run/life.h"

#define JOBS_MAX 256

/*
 * Run `seeds` lives from `first` on, `jobs` at a time (1: in this process).  The number
 * of those that fail; what they say goes to standard output.
 */
uint64_t jobs_run(const struct life_options *options, uint64_t first, uint64_t seeds,
                  unsigned jobs);

/* Leave out steps of a life that fails as long as the same property does; print the rest.
 */
bool jobs_shrink(const struct life_options *options, uint64_t seed);

#endif
