/*
 * What compiling a MetricRule gives: what is right of it.  What is wrong is in the
 * diagnostics of the IR; they do not reject the rest.
 */
#ifndef BNC_MODEL_IR_METRIC_RULE_H
#define BNC_MODEL_IR_METRIC_RULE_H

#include "lib/str.h"
#include "model/spec_metric_rule.h"

enum bnc_rule_origin {
    BNC_RULE_FROM_GROUP,
    BNC_RULE_FROM_COUNTER, /* not wanted in mesh mode Mixer: there Mixer counts */
    BNC_RULE_FROM_SLO
};

/* A group of rules that may go out. */
struct bnc_ir_rule_group {
    enum bnc_rule_origin origin;
    const char *name;  /* NAMESPACE/OBJECT/NAME: no other object gives the same */
    const char *field; /* where it comes from: "spec.groups[2]" */
    struct bnc_rule_group_spec group;
};

struct bnc_ir_metric_change { /* one item of spec.mesh */
    const struct bnc_metric_change_spec *spec;
    const char *field; /* "spec.mesh[0]" */
};

struct bnc_ir_counter {
    const struct bnc_counter_spec *spec;
    const char *field; /* "spec.counters[0]" */
};

struct bnc_ir_metric_rule {
    struct bnc_spec_metric_rule spec; /* as decoded: also what is wrong */
    struct bnc_ir_rule_group *groups; /* groups, counters, slos, in this order */
    size_t n_groups;
    size_t n_rules;                       /* in them */
    struct bnc_ir_metric_change *changes; /* none when spec.selector is wrong */
    size_t n_changes;
    struct bnc_ir_counter *counters; /* for Mixer */
    size_t n_counters;
    size_t n_left_out; /* groups, changes, counters and slos with something wrong */
};

#endif
