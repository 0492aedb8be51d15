/*
 * One run of the cluster source under the simulator, shared by source_sim.c
 * (what happens), source_sim_told.c (what the source tells) and
 * source_sim_check.c (whether that is true).
 */
#ifndef BNC_TESTS_SIM_SOURCE_SIM_H
#define BNC_TESTS_SIM_SOURCE_SIM_H

#include "kube/client.h"
#include "lib/map.h"
#include "model/object.h"
#include "source/cluster.h"
#include "tests/sim/sim.h"

#define NAMESPACES   3
#define NAMES        5
#define WANTED_FEW   12
#define WANTED_MAX   160 /* more than are watched one by one */
#define KIND_WATCHES 30  /* at most: kinds in two namespaces */

struct wanted {
    char *ns;
    char *name;
    enum bnc_kind kind;
    bool on;
    bool synced;
    bool output;             /* metadata of what we write */
    struct bnc_object *seen; /* NULL: does not exist, or not told yet */
};

struct run {
    uint64_t seed;
    int steps;
    struct bnc_sim *sim;
    struct bnc_sim_api *api;
    struct bnc_kube *kube;
    struct bnc_source *source;
    bool namespaced;              /* reads ns0 and ns1 only */
    bool inside;                  /* one of the source's functions is running */
    struct bnc_map *troubles;     /* what fails -> itself */
    struct bnc_map *seen;         /* "kind/ns/name" -> struct bnc_object * */
    int synced[BNC_KIND_COUNT];   /* times */
    bool missing[BNC_KIND_COUNT]; /* optional kinds that are not installed */
    struct wanted wanted[WANTED_MAX];
    size_t n_wanted;
    int writes_open;
    uint64_t writes;
    uint64_t puts;
    uint64_t went_back; /* an older state was told after a newer one */
    int wrong;
};

/* ---- source_sim_told.c ---- */

void complain(struct run *run, const char *what, const char *key);
const char *key_of(char out[300], enum bnc_kind kind, const char *ns, const char *name);
extern const struct bnc_source_listener told_listener;
void told_written(void *arg, const struct bnc_write_result *result);
/* Nothing has been told yet. */
void told_forget(struct run *run);

/* ---- source_sim_check.c ---- */

/* What was told equals what the API server holds. */
void check(struct run *run);
/* Nothing happens: hardly a request is made. */
void check_calm(struct run *run);

#endif
