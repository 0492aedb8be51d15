/*
 * prometheus-operator's PrometheusRule, as far as Prometheus reads it.
 */
#ifndef BNC_MODEL_SPEC_PROMETHEUS_RULE_H
#define BNC_MODEL_SPEC_PROMETHEUS_RULE_H

#include "model/spec_metric_rule.h"

#define BNC_PROMETHEUS_EXPR_MAX  65536 /* bytes of an expression: what is parsed */
#define BNC_PROMETHEUS_RULES_MAX 4096  /* groups of an object, rules of a group */

struct bnc_spec_prometheus_rule {
    struct bnc_list groups; /* struct bnc_rule_group_spec */
};

extern const struct bnc_table bnc_table_prometheus_rule; /* of spec */

#endif
