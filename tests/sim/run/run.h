/*
 * binnacle-sim: the whole process on virtual time against a model of the API
 * server, with faults and crashes.  What its files share.
 */
#ifndef BNC_TESTS_SIM_RUN_H
#define BNC_TESTS_SIM_RUN_H

#include "controller/controller.h"
#include "controller/leader.h"
#include "source/cluster.h"
#include "tests/sim/run/mesh.h"
#include "tests/sim/run/readers.h"
#include "tests/sim/sim.h"

/* ---- the product: what cmd/run.c wires up ---------------------------------------------
 */

struct product {
    struct bnc_sim *sim;
    unsigned number; /* 0: it is alone; else a process of the world, one of several */
    struct bnc_leader *leader; /* NULL: it is alone */
    char agent[8];             /* what its requests say who they are of */
    char identity[128];
    bool lost; /* it has to end */
    struct bnc_kube *kube;
    struct bnc_source *source;
    struct bnc_controller *controller;
    struct bnc_settings settings;
};

/* Errors: what main() would end with. */
bool product_try(struct product *product, struct bnc_sim *sim, struct bnc_error *err);
/* Start it on the simulated world, where nothing is in its way. */
void product_start(struct product *product, struct bnc_sim *sim);
/* End it at once: what is under way may or may not be carried out. */
void product_stop(struct product *product);

/* ---- the universe: what users do ------------------------------------------------------
 */

/* The state at the beginning. */
void universe_create(struct bnc_sim *sim, struct bnc_sim_api *api);
/* One random change; gives a line that says which, in `text`. */
void universe_step(struct bnc_sim *sim, struct bnc_sim_api *api, char text[256]);
/* An Observatory called main, with `more` fields in its spec. */
void universe_observatory(struct bnc_sim *sim, struct bnc_sim_api *api, const char *ns,
                          const char *more);

/* ---- the judge
 * --------------------------------------------------------------------------- */

/*
 * What the product's engine wants, from the facts that it has, equals what a fresh engine
 * makes of the same facts in another order (fresh.h).  NULL when it does, else what
 * differs.
 */
const char *
judge_incremental(const struct product *product, uint64_t order, struct bnc_arena *arena);
/*
 * Likewise what holds for each workload: only when it is calm, since running pods are
 * looked at now and then.
 */
const char *judge_rates(const struct bnc_plan *got, const struct bnc_plan *want,
                        struct bnc_arena *arena);
const char *judge_calm(const struct product *product, struct bnc_arena *arena);

/* Every output in the store is as the product wants it, and nothing else is ours. */
const char *judge_published(const struct product *product, struct bnc_sim_api *api,
                            struct bnc_arena *arena);

/* Nothing else of an Observatory is there than what it wants. */
const char *judge_exact(const struct product *product, struct bnc_sim_api *api,
                        struct bnc_arena *arena);

/* Every Observatory that publishes says that all have loaded it. */
const char *judge_loaded(const struct product *product, struct bnc_sim_api *api,
                         struct bnc_arena *arena);

/* Nothing of ours is left of Observatories that are gone. */
const char *judge_collected(struct bnc_sim_api *api, struct bnc_arena *arena);

/* Every status of ours is of this generation. */
const char *judge_statuses(struct bnc_sim_api *api, struct bnc_arena *arena);

/* Statuses fit the CRDs; what holds for workloads is possible. */
const char *judge_limits(struct bnc_sim_api *api, struct bnc_arena *arena);

/*
 * Of Telemetry without a selector one of ours at most is in a namespace, and never with
 * one of others; ours name providers that the mesh knows.
 */
const char *judge_telemetries(const struct product *product, struct bnc_sim_api *api,
                              struct bnc_arena *arena);

/* Without any Observatory nothing is ours, and nothing of ours is in other objects. */
const char *judge_gone(struct bnc_sim_api *api, struct bnc_arena *arena);

/* Every root in the store names parts that are there, with the content that it says. */
const char *
judge_whole(struct readers *readers, struct bnc_sim_api *api, struct bnc_arena *arena);

#endif
