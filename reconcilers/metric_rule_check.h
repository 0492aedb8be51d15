/*
 * What no row of the field table says about a MetricRule: names, expressions, templates,
 * what fields mean for each other.
 */
#ifndef BNC_RECONCILERS_METRIC_RULE_CHECK_H
#define BNC_RECONCILERS_METRIC_RULE_CHECK_H

#include "model/diag.h"
#include "model/spec_metric_rule.h"

/*
 * What rulefmt checks of a group, and that expressions are ones that some release of
 * Prometheus takes.  With `any_name` a record may have a name that only some take.
 */
void bnc_rule_group_check(const struct bnc_rule_group_spec *group, bool any_name,
                          const char *path, struct bnc_diags *diags);

/* Reports below "spec"; what decoding left unset is passed over. */
void
bnc_metric_rule_check(const struct bnc_spec_metric_rule *spec, struct bnc_diags *diags);

#endif
