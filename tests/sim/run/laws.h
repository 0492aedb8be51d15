/*
 * What holds at every moment: the length of turns, and that nothing is written that was
 * not made of all facts.
 */
#ifndef BNC_TESTS_SIM_RUN_LAWS_H
#define BNC_TESTS_SIM_RUN_LAWS_H

#include "lib/map.h"
#include "tests/sim/run/run.h"

struct laws {
    bool close; /* look at every result, not at those between steps only */
    struct bnc_engine_stats stats;
    uint64_t events;
    struct bnc_map *whole; /* hashes of outputs that a fresh engine has made as well */
    uint64_t longest;      /* units of work in one turn */
    size_t n_foreign;
    struct laws_foreign {
        char kind[16];
        char ns[64];
        char name[64];
        int64_t since_ms;
    } foreign[16];
};

void laws_init(struct laws *laws, bool close);
void laws_free(struct laws *laws);

/* The product is another one: it counts from 0 again. */
void laws_restart(struct laws *laws);

/* After every event.  NULL, or "property: what". */
const char *
laws_event(struct laws *laws, const struct product *product, struct bnc_arena *arena);

/* After every write of the product. */
const char *
laws_write(struct laws *laws, struct bnc_sim_api *api, int64_t now_ms, const char *kind,
           const char *ns, const char *name, struct bnc_arena *arena);

/*
 * Somebody has an object, not a label on it, where an output may go: it may not be
 * touched until it is labelled.  A word about it in `text`.
 */
void laws_foreign_step(struct laws *laws, struct bnc_sim *sim, struct bnc_sim_api *api,
                       char text[256]);
/* All of them go, or are labelled; true: there were some. */
bool laws_foreign_end(struct laws *laws, struct bnc_sim *sim, struct bnc_sim_api *api);

/* After each step of the universe, which may have deleted such objects. */
void laws_step_done(struct laws *laws, struct bnc_sim_api *api);

#endif
