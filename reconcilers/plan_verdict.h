/*
 * Who is selected, and whose word counts.
 */
#ifndef BNC_RECONCILERS_PLAN_VERDICT_H
#define BNC_RECONCILERS_PLAN_VERDICT_H

#include "reconcilers/plan_state.h"

/* Room for the verdicts, takers and askers of these members. */
void bnc_plan_select_begin(struct bnc_plan *plan, struct bnc_plan_state *state,
                           const struct bnc_member *const *members, size_t n_members);

/*
 * The verdict on the next member, in their order; who it is for, if anything.  Gives what
 * its regular expressions have cost (lib/regex.h).
 */
size_t bnc_plan_select(struct bnc_plan *plan, struct bnc_plan_state *state,
                       const struct bnc_member *member);

#endif
