/*
 * The making of a plan: the first functions of struct bnc_planner (model/plan.h).
 */
#ifndef BNC_RECONCILERS_PLAN_MAKE_H
#define BNC_RECONCILERS_PLAN_MAKE_H

#include "reconcilers/plan_state.h"

void
bnc_plan_begin(const struct bnc_member *observatory,
               const struct bnc_member *const *members, size_t n_members,
               struct bnc_plan_memo *memo, struct bnc_arena *arena, struct bnc_plan *out);
bool bnc_plan_step(struct bnc_plan *plan);
void bnc_plan_drop(struct bnc_plan *plan);

#endif
