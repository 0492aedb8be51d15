/*
 * A fresh engine on the facts of another: what the product has to be equal to.
 */
#ifndef BNC_TESTS_SIM_RUN_FRESH_H
#define BNC_TESTS_SIM_RUN_FRESH_H

#include "tests/sim/run/run.h"

/*
 * It is told the product's facts and has worked them off.  With an `order` (0: none) half
 * of them comes late and in an order of its own, with work in between, and some go and
 * come again.  What the product waits for it has to wait for as well.
 * Owns: the caller, bnc_engine_free().
 */
struct bnc_engine *fresh_engine(const struct product *product, uint64_t order);

#endif
