/* The status of a MetricRule: for the CRD, never decoded. */
#include "model/spec_metric_rule.h"
#include "model/spec_status.h"

static const struct bnc_field left_out_rows[] = {
    {"field", BNC_FIELD_TEXT, .max_len = 1024, .required = true,
     .doc = "The group, counter, slo or change that is left out."},
    {"message", BNC_FIELD_TEXT, .max_len = 4096, .doc = "Why."},
};

static const struct bnc_table left_out_table = {
    .name = "LeftOut",
    .fields = left_out_rows,
    .n_fields = BNC_LEN(left_out_rows),
};

static const struct bnc_field status_rows[] = {
    BNC_STATUS_GENERATION,
    BNC_STATUS_CONDITIONS,
    {"observatories", BNC_FIELD_LIST, .sub = &bnc_table_parent, .max_items = 16,
     .list_key = "namespace,name",
     .doc = "Observatories that select this object, with what they say about it."},
    {"groups", BNC_FIELD_INT, .doc = "Groups of rules that Prometheus is given."},
    {"rules", BNC_FIELD_INT, .doc = "Rules in them."},
    {"leftOut", BNC_FIELD_LIST, .sub = &left_out_table, .max_items = 100,
     .doc = "Parts with something wrong; the others count."},
};

const struct bnc_table bnc_table_metric_rule_status = {
    .name = "MetricRuleStatus",
    .fields = status_rows,
    .n_fields = BNC_LEN(status_rows),
};
