/*
 * MetricRule: new, changed and derived metrics.
 */
#ifndef BNC_MODEL_SPEC_METRIC_RULE_H
#define BNC_MODEL_SPEC_METRIC_RULE_H

#include "model/spec_common.h"
#include "model/spec_sampling_policy.h"

/* ---- groups: as in prometheus-operator's PrometheusRule ------------------------ */

struct bnc_rule_spec {
    const char *record; /* record | alert */
    const char *alert;
    const char *expr;
    const char *wait; /* `for`; NULL: unset */
    const char *keep_firing_for;
    struct bnc_pairs labels;
    struct bnc_pairs annotations;
};

struct bnc_rule_group_spec {
    const char *name;
    const char *interval;
    const char *query_offset;
    struct bnc_opt_int limit;
    struct bnc_pairs labels;
    struct bnc_list rules; /* struct bnc_rule_spec */
};

/* ---- mesh: Istio's own metrics ------------------------------------------------- */

struct bnc_metric_change_spec {
    const char *metric;          /* REQUEST_COUNT, or istio_requests_total */
    const char *mode;            /* CLIENT, SERVER, CLIENT_AND_SERVER (default) */
    enum bnc_tri disabled;       /* UNSET: Istio's own word */
    struct bnc_pairs add_labels; /* name to CEL; Mixer: attribute expression */
    struct bnc_texts remove_labels;
};

/* ---- counters, slos ------------------------------------------------------------ */

struct bnc_counter_spec {
    const char *name;
    const char *from;       /* an existing counter */
    struct bnc_pairs where; /* label to anchored regex */
    struct bnc_texts by;    /* labels that stay */
    const char *rate;       /* over this time; NULL: a sum of the counters themselves */
};

struct bnc_slo_alert_spec { /* one of page and ticket */
    enum bnc_tri disabled;
    struct bnc_pairs labels; /* severity: page or ticket, unless said */
    struct bnc_pairs annotations;
};

struct bnc_slo_alerts_spec {
    const char *name; /* default ErrorBudgetBurn */
    struct bnc_slo_alert_spec *page;
    struct bnc_slo_alert_spec *ticket;
};

struct bnc_slo_spec {
    const char *name;
    const char *objective; /* percent as decimal text: "99.9"; checked */
    const char *window;    /* default 30d */
    const char *errors;    /* a selector, or an expression with $window */
    const char *total;
    struct bnc_texts by; /* one objective for each value of these labels */
    struct bnc_pairs labels;
    struct bnc_slo_alerts_spec *alerts;
};

struct bnc_spec_metric_rule {
    struct bnc_opt_int priority;
    struct bnc_match_labels *selector; /* of mesh; NULL: the whole namespace or mesh */
    struct bnc_list groups;            /* struct bnc_rule_group_spec */
    struct bnc_list mesh;              /* struct bnc_metric_change_spec */
    struct bnc_list counters;          /* struct bnc_counter_spec */
    struct bnc_list slos;              /* struct bnc_slo_spec */
};

extern const struct bnc_kind_doc bnc_doc_metric_rule;
extern const struct bnc_table bnc_table_metric_rule; /* of spec */
extern const struct bnc_table bnc_table_metric_rule_status;

/*
 * What an objective leaves for errors: "99.9" is 10000.
 * Units:  ten-millionths of all requests, 1 to 9999999; 0 when `objective` is no
 *         percentage above 0 and below 100 with at most five decimals.
 */
int64_t bnc_objective_budget(const char *objective);
#define BNC_OBJECTIVE_ALL 10000000 /* all requests */

/* Bounds of an slo's window. */
#define BNC_SLO_WINDOW_MIN_MS (INT64_C(7) * 24 * 3600 * 1000)
#define BNC_SLO_WINDOW_MAX_MS (INT64_C(366) * 24 * 3600 * 1000)

#endif
