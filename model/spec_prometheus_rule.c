#include "model/spec_prometheus_rule.h"

#include <stddef.h>

#include "model/spec_operator.h"

#define TEXT_MAX  BNC_OPERATOR_TEXT_MAX
#define ITEMS_MAX BNC_OPERATOR_ITEMS_MAX

#define AT(member) offsetof(struct bnc_rule_spec, member)
static const struct bnc_field rule_rows[] = {
    {"record", BNC_FIELD_TEXT, AT(record), .max_len = TEXT_MAX,
     .doc = "Name of the series that the expression's value becomes."},
    {"alert", BNC_FIELD_TEXT, AT(alert), .max_len = TEXT_MAX,
     .doc = "Name of the alert that fires while the expression gives series."},
    {"expr", BNC_FIELD_EXPR, AT(expr), .max_len = BNC_PROMETHEUS_EXPR_MAX,
     .required = true, .doc = "PromQL."},
    {"for", BNC_FIELD_DURATION, AT(wait),
     .doc = "How long the expression has to hold before the alert fires."},
    {"keep_firing_for", BNC_FIELD_DURATION, AT(keep_firing_for),
     .doc = "How long the alert fires on after that; Prometheus 2.42."},
    {"labels", BNC_FIELD_MAP, AT(labels), .max_items = ITEMS_MAX, .max_len = TEXT_MAX,
     .doc = "Labels that are set; those of an alert may be templates."},
    {"annotations", BNC_FIELD_MAP, AT(annotations), .max_items = ITEMS_MAX,
     .max_len = BNC_PROMETHEUS_EXPR_MAX, .doc = "Texts of an alert, templates of Go."},
};
#undef AT

/* An empty name is none. */
static void
finish_rule(void *item, const char *path, struct bnc_diags *diags)
{
    struct bnc_rule_spec *rule = item;
    const char **names[] = {&rule->record, &rule->alert};
    size_t n = 0;

    for (size_t i = 0; i < BNC_LEN(names); i++) {
        *names[i] = *names[i] != NULL && (*names[i])[0] == '\0' ? NULL : *names[i];
        n += *names[i] != NULL;
    }
    if (n != 1) {
        bnc_diag_add(diags, BNC_REASON_INVALID_FIELD, path, "keep one of them", "%s",
                     n == 0 ? "one of record and alert is needed"
                            : "record and alert are both set");
    }
}

static const struct bnc_table rule_table = {
    .name = "Rule",
    .size = sizeof(struct bnc_rule_spec),
    .fields = rule_rows,
    .n_fields = BNC_LEN(rule_rows),
    .finish = finish_rule,
};

#define AT(member) offsetof(struct bnc_rule_group_spec, member)
static const struct bnc_field group_rows[] = {
    {"name", BNC_FIELD_TEXT, AT(name), .min = 1, .max_len = TEXT_MAX, .required = true,
     .doc = "Name of the group, one of its kind in the object."},
    {"interval", BNC_FIELD_DURATION, AT(interval), .doc = "How often its rules run."},
    {"query_offset", BNC_FIELD_DURATION, AT(query_offset),
     .doc = "How far back in time they look; Prometheus 2.53."},
    {"limit", BNC_FIELD_INT, AT(limit), .min = INT32_MIN, .max = INT32_MAX,
     .doc = "Series that one rule may give at most; 0: any number."},
    {"labels", BNC_FIELD_MAP, AT(labels), .max_items = ITEMS_MAX, .max_len = TEXT_MAX,
     .doc = "Labels of all its rules; a rule's own come first."},
    {"rules", BNC_FIELD_LIST, AT(rules), .sub = &rule_table,
     .max_items = BNC_PROMETHEUS_RULES_MAX, .doc = "They run one after the other."},
};
#undef AT

static const struct bnc_table group_table = {
    .name = "RuleGroup",
    .size = sizeof(struct bnc_rule_group_spec),
    .fields = group_rows,
    .n_fields = BNC_LEN(group_rows),
    .partial = true, /* partial_response_strategy is for Thanos */
};

static const struct bnc_field rows[] = {
    {"groups", BNC_FIELD_LIST, offsetof(struct bnc_spec_prometheus_rule, groups),
     .sub = &group_table, .max_items = BNC_PROMETHEUS_RULES_MAX, .list_key = "name",
     .doc = "Groups of rules."},
};

const struct bnc_table bnc_table_prometheus_rule = {
    .name = "PrometheusRule",
    .size = sizeof(struct bnc_spec_prometheus_rule),
    .fields = rows,
    .n_fields = BNC_LEN(rows),
    .foreign = true,
};
