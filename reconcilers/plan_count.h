/*
 * Which members of a plan a pod belongs to.
 */
#ifndef BNC_RECONCILERS_PLAN_COUNT_H
#define BNC_RECONCILERS_PLAN_COUNT_H

#include "model/plan.h"

/* Add one to counts[i] for each verdict i whose jobs scrape the pod `object`. */
void bnc_plan_count(const struct bnc_plan *plan, const struct bnc_object *object,
                    uint32_t *counts);

#endif
