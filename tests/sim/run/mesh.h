/*
 * A mesh in the universe: what users, Istio's owners and others do to it, and what would
 * be there if binnacle had never been.
 */
#ifndef BNC_TESTS_SIM_RUN_MESH_H
#define BNC_TESTS_SIM_RUN_MESH_H

#include "tests/sim/sim.h"

struct mesh; /* opaque */

/* Owns: the caller; all is created in the store at once. */
struct mesh *mesh_new(struct bnc_sim *sim, struct bnc_sim_api *api);
void mesh_free(struct mesh *mesh); /* NULL is ignored */

/* One random change; a word that says which. */
const char *mesh_step(struct mesh *mesh);

/* More fields of an Observatory's spec: it has a mesh.  Owns: `arena`. */
const char *mesh_spec(struct mesh *mesh, struct bnc_arena *arena);

/* What others have to put right before everything can be: texts that nobody can read. */
void mesh_repair(struct mesh *mesh);

/* Objects of others are as they have left them, without a trace of ours; NULL: so it is.
 */
const char *mesh_untouched(struct mesh *mesh, struct bnc_arena *arena);

#endif
