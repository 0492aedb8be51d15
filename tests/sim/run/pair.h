/*
 * Two replicas and one Lease: each dies, stands still or is cut off by itself.
 */
#ifndef BNC_TESTS_SIM_RUN_PAIR_H
#define BNC_TESTS_SIM_RUN_PAIR_H

#include "tests/sim/run/run.h"

struct pair; /* opaque */

/*
 * Both start.  `restarted` is called when the one with the number 0 begins.
 * Owns: the caller; NULL is ignored by pair_free().
 */
struct pair *pair_new(struct bnc_sim *sim, struct bnc_sim_api *api,
                      void (*restarted)(void *arg), void *arg);
void pair_free(struct pair *pair);

/* The one that leads; NULL: nobody does now, or it stands still. */
struct product *pair_leader(struct pair *pair);
/* By number, 0 or 1; NULL: it does not run. */
struct product *pair_one(struct pair *pair, size_t i);

/* After every event: who has lost the Lease ends, and comes back later. */
void pair_event(struct pair *pair);

/*
 * After each write of one of them.  NULL, or "property: what": it does not hold the
 * Lease, or has not renewed it within the deadline.
 */
const char *pair_write(struct pair *pair, const char *kind, const char *ns,
                       const char *name, struct bnc_arena *arena);

/* Who has written just now dies, and comes back later. */
void pair_crash(struct pair *pair);

/* Something happens to one of them, or to the clocks; a line about it in `text`. */
void pair_step(struct pair *pair, char text[256]);

/* Nothing is cut off any more; who stands still goes on by itself. */
void pair_heal(struct pair *pair);

#define PAIR_SET_MS 1800000 /* by so much at most, this way or that */

/*
 * Reports of before the clock was set say nothing of what is published since; those of a
 * time to come say it for so long.
 */
bool pair_clock_was_set(const struct pair *pair);

/* Both end at once and start anew. */
void pair_restart(struct pair *pair);

#endif
