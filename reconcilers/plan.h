/*
 * From an Observatory and the compiled objects in its reach: who is selected,
 * whose word counts, which jobs there are.  Pure.
 */
#ifndef BNC_RECONCILERS_PLAN_H
#define BNC_RECONCILERS_PLAN_H

#include "model/plan.h"
#include "render/prometheus.h"

/* Prometheus' configuration: the planner of an Observatory. */
extern const struct bnc_planner bnc_planner_prometheus;

#endif
