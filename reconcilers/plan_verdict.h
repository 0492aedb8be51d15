/*
 * Who is selected, and whose word counts.
 */
#ifndef BNC_RECONCILERS_PLAN_VERDICT_H
#define BNC_RECONCILERS_PLAN_VERDICT_H

#include "reconcilers/plan_state.h"

/* Fill verdicts, takers and askers. */
void bnc_plan_select(struct bnc_plan *plan, struct bnc_plan_state *state,
                     const struct bnc_member *const *members, size_t n_members);

#endif
