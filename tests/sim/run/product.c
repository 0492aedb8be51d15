#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/log.h"
#include "reconcilers/plan.h"
#include "reconcilers/table.h"
#include "tests/sim/run/run.h"
#include "tests/sim/run/seam.h"

#define PART_BUDGET 2000 /* bytes: a few jobs, so that there are several parts */

#define LEASE_NS "binnacle-system"

/* ---- the Lease, as in cmd/run.c ------------------------------------------------- */

static void
on_acquired(void *arg)
{
    struct product *p = arg;
    bnc_controller_lead(p->controller);
}

static void
on_lost(void *arg, const char *why)
{
    struct product *p = arg;
    BNC_UNUSED(why);
    p->lost = true;
}

static bool
may_write(void *arg)
{
    struct product *p = arg;
    return p->leader == NULL || bnc_leader_may_write(p->leader);
}

static void
elect(struct product *p, struct bnc_world *world)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    (void)snprintf(p->identity, sizeof(p->identity), "%s",
                   bnc_leader_identity(world, p->agent, arena));
    p->leader =
        bnc_leader_new(&(struct bnc_leader_options){.world = world,
                                                    .kube = p->kube,
                                                    .ns = LEASE_NS,
                                                    .name = "binnacle",
                                                    .identity = p->identity,
                                                    .times = BNC_LEADER_TIMES_DEFAULT,
                                                    .acquired = on_acquired,
                                                    .lost = on_lost,
                                                    .arg = p});
}

/* ---- life ----------------------------------------------------------------------- */

bool
product_try(struct product *p, struct bnc_sim *sim, struct bnc_error *err)
{
    struct bnc_world *world = bnc_sim_world(sim);
    struct bnc_kube_config *config = NULL;
    const struct bnc_kube_config_options where = {0};

    *p = (struct product){
        .sim = sim, .number = p->number, .settings = {.part_budget = PART_BUDGET}};
    (void)snprintf(p->agent, sizeof(p->agent), p->number == 0 ? "sim" : "sim%u",
                   p->number);
    if (bnc_kube_config_load(world, &where, &config, err)) {
        return false;
    }
    if (p->number != 0) {
        const struct bnc_leader_times times = BNC_LEADER_TIMES_DEFAULT;
        config->write_timeout_ms = bnc_leader_write_timeout_ms(&times);
    }
    if (bnc_kube_new(world, config, p->agent, &p->kube, err)) {
        return false;
    }
    if (p->number != 0) {
        elect(p, world);
    }
    p->source = seam_new(
        world,
        bnc_source_cluster_new(
            p->kube, &(struct bnc_source_cluster_options){
                         .want_pods = true, .may_write = may_write, .may_write_arg = p}));
    p->controller = bnc_controller_new(
        &(struct bnc_controller_options){.world = world,
                                         .source = p->source,
                                         .reconcilers = bnc_reconcilers,
                                         .n_reconcilers = bnc_n_reconcilers,
                                         .planner = &bnc_planner_prometheus,
                                         .settings = &p->settings,
                                         .instance = "sim",
                                         .standby = p->leader != NULL,
                                         .statuses = true});
    bnc_controller_start(p->controller);
    if (p->leader != NULL) {
        bnc_leader_start(p->leader);
    }
    return true;
}

void
product_start(struct product *p, struct bnc_sim *sim)
{
    struct bnc_error err = {0};
    unsigned before = bnc_sim_process(sim, p->number);
    if (!product_try(p, sim, &err)) {
        bnc_sim_die(sim, "the product does not start: %s", err.message);
    }
    (void)bnc_sim_process(sim, before);
}

void
product_stop(struct product *p)
{
    bnc_controller_free(p->controller);
    bnc_source_free(p->source);
    bnc_leader_free(p->leader);
    bnc_kube_free(p->kube);
    struct product left = {.sim = p->sim, .number = p->number};
    /* what it has sent may still arrive */
    memcpy(left.agent, p->agent, sizeof(left.agent));
    memcpy(left.identity, p->identity, sizeof(left.identity));
    *p = left;
}
