/*
 * What the files of the mesh share: objects of others, which are followed.
 */
#ifndef BNC_TESTS_SIM_RUN_MESH_INTERNAL_H
#define BNC_TESTS_SIM_RUN_MESH_INTERNAL_H

#include "tests/sim/run/mesh.h"

#define MESH_ISTIO  "istio-system"
#define MESH_OTHERS 4

/* An object of others, as it would be without binnacle. */
struct theirs {
    const char *kind;
    const char *ns;
    const char *name;
    char *text; /* NULL: it is not there */
};

struct mesh {
    struct bnc_sim *sim;
    struct bnc_sim_api *api;
    struct theirs others[MESH_OTHERS];
    unsigned notes; /* no two are the same */
    bool readable;  /* the mesh configuration */
};

#define MESH_PICK(mesh, items) ((items)[bnc_sim_below((mesh)->sim, BNC_LEN(items))])

/* All of them as at the beginning, and what their owners do to them. */
void mesh_others_create(struct mesh *mesh);
void mesh_others_free(struct mesh *mesh);
void mesh_step_deployment(struct mesh *mesh);
void mesh_step_config(struct mesh *mesh);
void mesh_step_instrumentation(struct mesh *mesh);

#endif
