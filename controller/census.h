/*
 * How many pods each policy and each annotated workload has: counted in slices,
 * at most once a minute, so that churn of pods costs no writes.
 */
#ifndef BNC_CONTROLLER_CENSUS_H
#define BNC_CONTROLLER_CENSUS_H

#include "controller/engine.h"
#include "net/world.h"

#define BNC_CENSUS_MS    60000
#define BNC_CENSUS_SLICE 64 /* pods a turn */

struct bnc_census; /* opaque */

/* `done` runs when new counts are there. */
struct bnc_census *
bnc_census_new(struct bnc_world *world, const struct bnc_engine *engine,
               const struct bnc_planner *planner, bnc_fn done, void *arg);
void bnc_census_free(struct bnc_census *census); /* NULL is ignored */

/* Pods or plans have changed: count again when the minute is over. */
void bnc_census_touch(struct bnc_census *census);

/* Pods of a member by the last count; -1: never counted. */
int64_t
bnc_census_member(const struct bnc_census *census, const struct bnc_result *result,
                  const struct bnc_object *member);
/* Pods of all annotated workloads of an Observatory; -1: never counted. */
int64_t
bnc_census_annotated(const struct bnc_census *census, const struct bnc_result *result);

/* Counts that came to their end: another number, other answers. */
uint64_t bnc_census_rounds(const struct bnc_census *census);

#endif
