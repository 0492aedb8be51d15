#include "model/spec_metric_rule.h"

#include <stddef.h>
#include <string.h>

#include "model/kind.h"

#define NAME_MAX_LEN   253
#define EXPR_MAX       16384
#define ANNOTATION_MAX 16384

/* ---- groups -------------------------------------------------------------------- */

#define AT(member) offsetof(struct bnc_rule_spec, member)
static const struct bnc_field rule_rows[] = {
    {"record", BNC_FIELD_TEXT, AT(record), .min = 1, .max_len = 1024,
     .doc = "Name of the series that the expression's value becomes."},
    {"alert", BNC_FIELD_TEXT, AT(alert), .min = 1, .max_len = 1024,
     .doc = "Name of the alert that fires while the expression gives series."},
    {"expr", BNC_FIELD_EXPR, AT(expr), .min = 1, .max_len = EXPR_MAX, .required = true,
     .doc = "PromQL."},
    {"for", BNC_FIELD_DURATION, AT(wait),
     .doc = "How long the expression has to hold before the alert fires."},
    {"keep_firing_for", BNC_FIELD_DURATION, AT(keep_firing_for),
     .doc = "How long the alert fires on after that; Prometheus 2.42."},
    {"labels", BNC_FIELD_MAP, AT(labels), .rule = BNC_TEXT_LABEL_NAME, .max_items = 64,
     .max_len = 4096, .doc = "Labels that are set; those of an alert may be templates."},
    {"annotations", BNC_FIELD_MAP, AT(annotations), .rule = BNC_TEXT_LABEL_NAME,
     .max_items = 64, .max_len = ANNOTATION_MAX,
     .doc = "Texts of an alert, templates of Go."},
};
#undef AT

static const char *const rule_names[] = {"record", "alert", NULL};
static const struct bnc_union rule_unions[] = {{.names = rule_names, .required = true}};

static const struct bnc_table rule_table = {
    .name = "Rule",
    .size = sizeof(struct bnc_rule_spec),
    .fields = rule_rows,
    .n_fields = BNC_LEN(rule_rows),
    .unions = rule_unions,
    .n_unions = BNC_LEN(rule_unions),
};

#define AT(member) offsetof(struct bnc_rule_group_spec, member)
static const struct bnc_field group_rows[] = {
    {"name", BNC_FIELD_TEXT, AT(name), .min = 1, .max_len = NAME_MAX_LEN,
     .required = true,
     .doc = "Name of the group; Prometheus gets NAMESPACE/OBJECT/NAME."},
    {"interval", BNC_FIELD_DURATION, AT(interval),
     .doc = "How often its rules run; unset: Prometheus' evaluation_interval."},
    {"query_offset", BNC_FIELD_DURATION, AT(query_offset),
     .doc = "How far back in time they look; Prometheus 2.53."},
    {"limit", BNC_FIELD_INT, AT(limit),
     .doc = "Series that one rule may give at most; 0: any number."},
    {"labels", BNC_FIELD_MAP, AT(labels), .rule = BNC_TEXT_LABEL_NAME, .max_items = 64,
     .max_len = 4096, .doc = "Labels of all its rules; a rule's own come first."},
    {"rules", BNC_FIELD_LIST, AT(rules), .sub = &rule_table, .max_items = 256,
     .doc = "They run one after the other."},
};
#undef AT

static const struct bnc_table group_table = {
    .name = "RuleGroup",
    .size = sizeof(struct bnc_rule_group_spec),
    .fields = group_rows,
    .n_fields = BNC_LEN(group_rows),
};

/* ---- mesh ---------------------------------------------------------------------- */

/* Istio's words, then the series' names. */
static const char *const metrics[] = {"ALL_METRICS",
                                      "REQUEST_COUNT",
                                      "REQUEST_DURATION",
                                      "REQUEST_SIZE",
                                      "RESPONSE_SIZE",
                                      "TCP_OPENED_CONNECTIONS",
                                      "TCP_CLOSED_CONNECTIONS",
                                      "TCP_SENT_BYTES",
                                      "TCP_RECEIVED_BYTES",
                                      "GRPC_REQUEST_MESSAGES",
                                      "GRPC_RESPONSE_MESSAGES",
                                      "istio_requests_total",
                                      "istio_request_duration_milliseconds",
                                      "istio_request_bytes",
                                      "istio_response_bytes",
                                      "istio_tcp_connections_opened_total",
                                      "istio_tcp_connections_closed_total",
                                      "istio_tcp_sent_bytes_total",
                                      "istio_tcp_received_bytes_total",
                                      "istio_request_messages_total",
                                      "istio_response_messages_total",
                                      NULL};
static const char *const modes[] = {"CLIENT", "SERVER", "CLIENT_AND_SERVER", NULL};

#define AT(member) offsetof(struct bnc_metric_change_spec, member)
static const struct bnc_field change_rows[] = {
    {"metric", BNC_FIELD_ENUM, AT(metric), .values = metrics, .required = true,
     .doc = "A metric of Istio's, in Istio's word or by the name of its series."},
    {"mode", BNC_FIELD_ENUM, AT(mode), .values = modes, .def = "\"CLIENT_AND_SERVER\"",
     .doc = "The side that reports: CLIENT for outbound, SERVER for inbound requests."},
    {"disabled", BNC_FIELD_BOOL, AT(disabled), .doc = "true: it is not reported."},
    {"addLabels", BNC_FIELD_MAP, AT(add_labels), .rule = BNC_TEXT_LABEL_NAME,
     .max_items = 32, .max_len = 1024,
     .doc = "Labels with what gives their value: CEL, or Mixer's attributes in mesh mode "
            "Mixer."},
    {"removeLabels", BNC_FIELD_TEXTS, AT(remove_labels), .rule = BNC_TEXT_LABEL_NAME,
     .max_items = 32, .doc = "Istio's own labels that are left out."},
};
#undef AT

static const struct bnc_table change_table = {
    .name = "MeshMetric",
    .size = sizeof(struct bnc_metric_change_spec),
    .fields = change_rows,
    .n_fields = BNC_LEN(change_rows),
};

/* ---- counters ------------------------------------------------------------------ */

#define AT(member) offsetof(struct bnc_counter_spec, member)
static const struct bnc_field counter_rows[] = {
    {"name", BNC_FIELD_TEXT, AT(name), .min = 1, .max_len = NAME_MAX_LEN,
     .required = true, .doc = "Name of the new series."},
    {"from", BNC_FIELD_TEXT, AT(from), .min = 1, .max_len = NAME_MAX_LEN,
     .required = true, .doc = "An existing counter, as istio_requests_total."},
    {"where", BNC_FIELD_REGEX_MAP, AT(where), .rule = BNC_TEXT_LABEL_NAME,
     .max_items = 32, .doc = "Only its series with these labels, anchored."},
    {"by", BNC_FIELD_TEXTS, AT(by), .rule = BNC_TEXT_LABEL_NAME, .max_items = 32,
     .doc = "Labels that stay; without them there is one series."},
    {"rate", BNC_FIELD_DURATION, AT(rate),
     .doc = "The new series is how much it grows in a second, over this time; unset: the "
            "sum of the counters as they stand."},
};
#undef AT

static const struct bnc_table counter_table = {
    .name = "Counter",
    .size = sizeof(struct bnc_counter_spec),
    .fields = counter_rows,
    .n_fields = BNC_LEN(counter_rows),
};

/* ---- slos ---------------------------------------------------------------------- */

int64_t
bnc_objective_budget(const char *objective)
{
    size_t whole = strspn(objective, "0123456789");
    int64_t value = 0; /* hundred-thousandths of 1 % */
    size_t decimals = 0;

    if (whole < 1 || whole > 3) {
        return 0;
    }
    for (size_t i = 0; i < whole; i++) {
        value = value * 10 + (objective[i] - '0');
    }
    const char *part = objective + whole;
    if (*part == '.') {
        part++;
        decimals = strspn(part, "0123456789");
    }
    if (part[decimals] != '\0' || decimals > 5) {
        return 0;
    }
    for (size_t i = 0; i < 5; i++) {
        value = value * 10 + (i < decimals ? part[i] - '0' : 0);
    }
    return value > 0 && value < BNC_OBJECTIVE_ALL ? BNC_OBJECTIVE_ALL - value : 0;
}

#define AT(member) offsetof(struct bnc_slo_alert_spec, member)
static const struct bnc_field alert_rows[] = {
    {"disabled", BNC_FIELD_BOOL, AT(disabled), .doc = "true: there is no such alert."},
    {"labels", BNC_FIELD_MAP, AT(labels), .rule = BNC_TEXT_LABEL_NAME, .max_items = 64,
     .max_len = 4096, .doc = "Labels of the alert, beside severity: page or ticket."},
    {"annotations", BNC_FIELD_MAP, AT(annotations), .rule = BNC_TEXT_LABEL_NAME,
     .max_items = 64, .max_len = ANNOTATION_MAX,
     .doc = "Texts of the alert, beside summary and description."},
};
#undef AT

static const struct bnc_table alert_table = {
    .name = "SLOAlert",
    .size = sizeof(struct bnc_slo_alert_spec),
    .fields = alert_rows,
    .n_fields = BNC_LEN(alert_rows),
};

#define AT(member) offsetof(struct bnc_slo_alerts_spec, member)
static const struct bnc_field alerts_rows[] = {
    {"name", BNC_FIELD_TEXT, AT(name), .min = 1, .max_len = NAME_MAX_LEN,
     .def = "\"ErrorBudgetBurn\"", .doc = "Name of both alerts."},
    {"page", BNC_FIELD_OBJECT, AT(page), .sub = &alert_table,
     .doc = "The alert for a fast burn: somebody has to act now."},
    {"ticket", BNC_FIELD_OBJECT, AT(ticket), .sub = &alert_table,
     .doc = "The alert for a slow burn: somebody has to act in the next days."},
};
#undef AT

static const struct bnc_table alerts_table = {
    .name = "SLOAlerts",
    .size = sizeof(struct bnc_slo_alerts_spec),
    .fields = alerts_rows,
    .n_fields = BNC_LEN(alerts_rows),
};

#define AT(member) offsetof(struct bnc_slo_spec, member)
static const struct bnc_field slo_rows[] = {
    {"name", BNC_FIELD_TEXT, AT(name), .rule = BNC_TEXT_OBJECT_NAME, .required = true,
     .doc = "Name of the objective, the value of the label slo."},
    {"objective", BNC_FIELD_NUMBER, AT(objective), .required = true,
     .doc = "Share of good requests in percent, below 100, with at most five decimals."},
    {"window", BNC_FIELD_DURATION, AT(window), .def = "\"30d\"",
     .doc = "Time over which the objective holds, 7d to 366d."},
    {"errors", BNC_FIELD_TEXT, AT(errors), .min = 1, .max_len = EXPR_MAX,
     .required = true,
     .doc = "Counter of bad requests, METRIC{matchers}; or PromQL that gives their rate, "
            "with $window for the time."},
    {"total", BNC_FIELD_TEXT, AT(total), .min = 1, .max_len = EXPR_MAX, .required = true,
     .doc = "Counter of all requests, or PromQL, likewise."},
    {"by", BNC_FIELD_TEXTS, AT(by), .rule = BNC_TEXT_LABEL_NAME, .max_items = 16,
     .doc = "One objective for each value of these labels; only with counters."},
    {"labels", BNC_FIELD_MAP, AT(labels), .rule = BNC_TEXT_LABEL_NAME, .max_items = 64,
     .max_len = 4096, .doc = "Labels of all its series and alerts."},
    {"alerts", BNC_FIELD_OBJECT, AT(alerts), .sub = &alerts_table,
     .doc = "How its alerts look."},
};
#undef AT

static const struct bnc_table slo_table = {
    .name = "SLO",
    .size = sizeof(struct bnc_slo_spec),
    .fields = slo_rows,
    .n_fields = BNC_LEN(slo_rows),
};

/* ---- spec ---------------------------------------------------------------------- */

#define AT(member) offsetof(struct bnc_spec_metric_rule, member)
static const struct bnc_field rows[] = {
    {"priority", BNC_FIELD_INT, AT(priority), .def = "0", .min = -1000000, .max = 1000000,
     .doc = "Of two that change one metric of Istio's, the higher one counts; then the "
            "first by namespace and name."},
    {"selector", BNC_FIELD_OBJECT, AT(selector), .sub = &bnc_table_match_labels,
     .doc =
         "Workloads that mesh is for, by label; unset: all of the namespace, or of the "
         "mesh beside the Observatory."},
    {"groups", BNC_FIELD_LIST, AT(groups), .sub = &group_table, .max_items = 64,
     .list_key = "name", .doc = "Groups of rules as in a PrometheusRule."},
    {"mesh", BNC_FIELD_LIST, AT(mesh), .sub = &change_table, .max_items = 32,
     .doc = "Changes of Istio's own metrics, in order."},
    {"counters", BNC_FIELD_LIST, AT(counters), .sub = &counter_table, .max_items = 64,
     .list_key = "name", .doc = "New series made from existing counters."},
    {"slos", BNC_FIELD_LIST, AT(slos), .sub = &slo_table, .max_items = 32,
     .list_key = "name",
     .doc = "Service level objectives, with alerts on how fast their budget burns."},
};
#undef AT

const struct bnc_table bnc_table_metric_rule = {
    .name = "MetricRule",
    .size = sizeof(struct bnc_spec_metric_rule),
    .fields = rows,
    .n_fields = BNC_LEN(rows),
};

static const struct bnc_printer_column columns[] = {
    {"Ready", "string", ".status.conditions[?(@.type==\"Ready\")].status", false},
    {"Reason", "string", ".status.conditions[?(@.type==\"Ready\")].reason", false},
    {"Groups", "integer", ".status.groups", false},
    {"Rules", "integer", ".status.rules", false},
    {"Age", "date", ".metadata.creationTimestamp", false},
    {"Message", "string", ".status.conditions[?(@.type==\"Ready\")].message", true},
};

const struct bnc_kind_doc bnc_doc_metric_rule = {
    .kind = BNC_KIND_METRIC_RULE,
    .short_name = "mr",
    .singular = "metricrule",
    .doc = "MetricRule gives new metrics and changes those of Istio.",
    .spec = &bnc_table_metric_rule,
    .status = &bnc_table_metric_rule_status,
    .columns = columns,
    .n_columns = BNC_LEN(columns),
};
