/* The status of a MetricRule: for the CRD, never decoded. */
#include "model/spec_metric_rule.h"

static const char *const condition_values[] = {"True", "False", "Unknown", NULL};

/* As metav1.Condition. */
static const struct bnc_field condition_rows[] = {
    {"type", BNC_FIELD_TEXT, .min = 1, .max_len = 316, .required = true,
     .doc = "What it is about."},
    {"status", BNC_FIELD_ENUM, .values = condition_values, .required = true,
     .doc = "Whether it holds."},
    {"observedGeneration", BNC_FIELD_INT,
     .doc = "metadata.generation that it was made for."},
    {"lastTransitionTime", BNC_FIELD_TEXT, .rule = BNC_TEXT_TIME, .required = true,
     .doc = "When status changed."},
    {"reason", BNC_FIELD_TEXT, .min = 1, .max_len = 1024, .required = true,
     .doc = "Why, in one word."},
    {"message", BNC_FIELD_TEXT, .max_len = 32768, .required = true,
     .doc = "Why, for people."},
};

static const struct bnc_table condition_table = {
    .name = "Condition",
    .fields = condition_rows,
    .n_fields = BNC_LEN(condition_rows),
};

#define CONDITIONS                                                                       \
    {                                                                                    \
        "conditions", BNC_FIELD_LIST, .sub = &condition_table, .max_items = 16,          \
                                      .list_key = "type",                                \
                                      .doc = "State of the object; Ready sums it up."    \
    }

static const struct bnc_field parent_rows[] = {
    {"namespace", BNC_FIELD_TEXT, .max_len = 63, .required = true,
     .doc = "Namespace of the Observatory."},
    {"name", BNC_FIELD_TEXT, .max_len = 253, .required = true,
     .doc = "Name of the Observatory."},
    CONDITIONS,
};

static const struct bnc_table parent_table = {
    .name = "ObservatoryConditions",
    .fields = parent_rows,
    .n_fields = BNC_LEN(parent_rows),
};

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
    {"observedGeneration", BNC_FIELD_INT,
     .doc = "metadata.generation of the object that this status is about."},
    CONDITIONS,
    {"observatories", BNC_FIELD_LIST, .sub = &parent_table, .max_items = 16,
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
