/*
 * SamplingPolicy: how much is traced, in the mesh, a namespace or some workloads.
 */
#ifndef BNC_MODEL_SPEC_SAMPLING_POLICY_H
#define BNC_MODEL_SPEC_SAMPLING_POLICY_H

#include "model/spec_common.h"

struct bnc_budget_spec {
    struct bnc_opt_int traces_per_second;
    struct bnc_opt_int initial_percent; /* hundredths; default 1 % */
    struct bnc_opt_int min_percent;     /* default 0.01 % */
    struct bnc_opt_int max_percent;     /* default 100 % */
    const char *interval;               /* between two changes; NULL: 1m */
    const char *query;                  /* PromQL; NULL: Istio's requests */
};

struct bnc_target_ref {
    const char *group;
    const char *kind;
    const char *name;
};

struct bnc_operation_spec {
    const char *operation;
    struct bnc_opt_int percent;
};

struct bnc_match_labels { /* Istio has no expressions */
    struct bnc_pairs match_labels;
};

struct bnc_spec_sampling_policy {
    struct bnc_opt_int priority;
    struct bnc_opt_int percent; /* hundredths; percent | budget */
    struct bnc_budget_spec *budget;
    const char *scope;                 /* Namespace (default), Workload, Mesh */
    struct bnc_match_labels *selector; /* pods of scope Workload */
    struct bnc_list target_refs;       /* struct bnc_target_ref */
    struct bnc_list operations;        /* struct bnc_operation_spec; Jaeger only */
    struct bnc_texts apply;            /* narrows tracing.apply */
    const char *provider;              /* NULL: the first backend */
    const cJSON *custom_tags;          /* as in Istio, checked; NULL: none are said */
};

extern const struct bnc_kind_doc bnc_doc_sampling_policy;
extern const struct bnc_table bnc_table_sampling_policy; /* of spec */
extern const struct bnc_table bnc_table_match_labels; /* of a struct bnc_match_labels */

#endif
