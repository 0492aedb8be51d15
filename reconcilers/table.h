/*
 * All reconcilers: one row for each kind that is compiled.
 */
#ifndef BNC_RECONCILERS_TABLE_H
#define BNC_RECONCILERS_TABLE_H

#include "model/ir.h"

extern const struct bnc_reconciler bnc_reconcilers[];
extern const size_t bnc_n_reconcilers;

#endif
