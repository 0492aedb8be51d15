/*
 * Those who read what is published: a few of binnacle sync as the controller sees them,
 * and a watch on what it promises them.
 */
#ifndef BNC_TESTS_SIM_RUN_READERS_H
#define BNC_TESTS_SIM_RUN_READERS_H

#include "tests/sim/sim.h"

struct readers; /* opaque */

/* Owns: the caller; `arena` takes texts of failures. */
struct readers *
readers_new(struct bnc_sim *sim, struct bnc_sim_api *api, struct bnc_arena *arena);
void readers_free(struct readers *readers);

/* One of them reads, loads, fails or says how it is; a line about it in `text`. */
void readers_step(struct readers *readers, char text[256]);

/* All of them have loaded what is published now, and say so. */
void readers_load_all(struct readers *readers);

/* False: this root goes, with an Observatory that goes or is gone. */
bool
readers_keep(struct readers *readers, const char *kind, const char *ns, const char *name);

/*
 * After each write of the product.  NULL, or what is wrong: a part was deleted that
 * somebody may still read.
 */
const char *
readers_see(struct readers *readers, const char *kind, const char *ns, const char *name);

#endif
