/*
 * MetricRule: decode, check, make groups of rules.  A part with something wrong is left
 * out, the others count.
 */
#ifndef BNC_RECONCILERS_METRIC_RULE_H
#define BNC_RECONCILERS_METRIC_RULE_H

#include "model/ir.h"
#include "model/ir_metric_rule.h"

/* The row of BNC_KIND_METRIC_RULE; reads nothing through the view. */
void bnc_compile_metric_rule(const struct bnc_object *self,
                             const struct bnc_settings *settings, struct bnc_view *view,
                             struct bnc_ir *out);

#endif
