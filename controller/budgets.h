/*
 * Budgets of SamplingPolicies: which of them are measured, and what is measured as a fact
 * that policies are compiled from.
 */
#ifndef BNC_CONTROLLER_BUDGETS_H
#define BNC_CONTROLLER_BUDGETS_H

#include "controller/engine.h"
#include "controller/measure.h"

struct bnc_budgets; /* opaque */

/* `wake` runs when there is a new fact, or a new error to be told. */
struct bnc_budgets *bnc_budgets_new(struct bnc_world *world, struct bnc_engine *engine,
                                    bnc_fn wake, void *arg);
void bnc_budgets_free(struct bnc_budgets *budgets); /* NULL is ignored */

/* A policy with a budget is compiled: nothing is measured for it yet.  And: no more. */
void bnc_budgets_want(struct bnc_budgets *budgets, const char *ns, const char *name);
void bnc_budgets_unwant(struct bnc_budgets *budgets, const char *ns, const char *name);

/* Measure what the policies of a result ask for. */
void bnc_budgets_set(struct bnc_budgets *budgets, const struct bnc_result *result);

/* How a policy's budget stands; false: it has none that is looked after. */
bool bnc_budgets_get(const struct bnc_budgets *budgets, const char *ns, const char *name,
                     struct bnc_measured *out);

#endif
