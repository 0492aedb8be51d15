#include <stdio.h>
#include <stdlib.h>

#include "lib/log.h"
#include "reconcilers/plan.h"
#include "reconcilers/table.h"
#include "tests/sim/run/run.h"
#include "tests/sim/run/seam.h"

#define PART_BUDGET 2000 /* bytes: a few jobs, so that there are several parts */

bool
product_try(struct product *p, struct bnc_sim *sim, struct bnc_error *err)
{
    struct bnc_world *world = bnc_sim_world(sim);
    struct bnc_kube_config *config = NULL;
    const struct bnc_kube_config_options where = {0};

    *p = (struct product){.sim = sim, .settings = {.part_budget = PART_BUDGET}};
    if (bnc_kube_config_load(world, &where, &config, err) ||
        bnc_kube_new(world, config, "sim", &p->kube, err)) {
        return false;
    }
    p->source = seam_new(
        world, bnc_source_cluster_new(
                   p->kube, &(struct bnc_source_cluster_options){.want_pods = true}));
    p->controller = bnc_controller_new(
        &(struct bnc_controller_options){.world = world,
                                         .source = p->source,
                                         .reconcilers = bnc_reconcilers,
                                         .n_reconcilers = bnc_n_reconcilers,
                                         .planner = &bnc_planner_prometheus,
                                         .settings = &p->settings,
                                         .instance = "sim",
                                         .statuses = true});
    bnc_controller_start(p->controller);
    return true;
}

void
product_start(struct product *p, struct bnc_sim *sim)
{
    struct bnc_error err = {0};
    if (!product_try(p, sim, &err)) {
        bnc_sim_die(sim, "the product does not start: %s", err.message);
    }
}

void
product_stop(struct product *p)
{
    bnc_controller_free(p->controller);
    bnc_source_free(p->source);
    bnc_kube_free(p->kube);
    *p = (struct product){.sim = p->sim};
}
