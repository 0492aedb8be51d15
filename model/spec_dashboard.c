#include <stddef.h>

#include "model/kind.h"
#include "model/spec_datasource.h"
#include "model/spec_grafana.h"
#include "model/spec_status.h"

#define JSON_MAX                                                                         \
    ((size_t)1024 * 1024) /* bytes; more than an object of the API server takes */

#define AT(member) offsetof(struct bnc_spec_dashboard, member)
static const struct bnc_field rows[] = {
    {"json", BNC_FIELD_TEXT, AT(json), .min = 2, .max_len = JSON_MAX,
     .doc = "The dashboard, as Grafana exports it."},
    {"configMapKeyRef", BNC_FIELD_OBJECT, AT(config_map_key_ref), .sub = &bnc_table_ref,
     .doc = "A key of a ConfigMap in the Dashboard's namespace that has it."},
    {"preset", BNC_FIELD_ENUM, AT(preset), .values = bnc_dashboard_presets,
     .doc = "A dashboard of binnacle's own; `binnacle dashboards` lists them."},
    {"folder", BNC_FIELD_TEXT, AT(folder), .max_len = 189,
     .doc = "Title of its folder; General when unset."},
    {"org", BNC_FIELD_INT, AT(org), .def = "1", .min = 1, .max = INT32_MAX,
     .doc = "Grafana's organization."},
    {"datasources", BNC_FIELD_MAP, AT(datasources), .max_items = 32, .max_len = 253,
     .doc =
         "Inputs of an exported dashboard, as DS_PROMETHEUS, or variables of type "
         "datasource, to the name of a Datasource in this namespace or of one that the "
         "Observatory derives."},
};
#undef AT

static const char *const one_of[] = {"json", "configMapKeyRef", "preset", NULL};
static const struct bnc_union unions[] = {{.names = one_of, .required = true}};

const struct bnc_table bnc_table_dashboard = {
    .name = "Dashboard",
    .size = sizeof(struct bnc_spec_dashboard),
    .fields = rows,
    .n_fields = BNC_LEN(rows),
    .unions = unions,
    .n_unions = BNC_LEN(unions),
};

static const struct bnc_field status_rows[] = {
    BNC_STATUS_GENERATION,
    BNC_STATUS_CONDITIONS,
    {"observatories", BNC_FIELD_LIST, .sub = &bnc_table_parent, .max_items = 16,
     .list_key = "namespace,name",
     .doc = "Observatories that select this object, with what they say about it."},
    {"uid", BNC_FIELD_TEXT, .max_len = BNC_GRAFANA_UID_MAX, .doc = "Its uid in Grafana."},
    {"title", BNC_FIELD_TEXT, .max_len = 1024, .doc = "Its title."},
};

const struct bnc_table bnc_table_dashboard_status = {
    .name = "DashboardStatus",
    .fields = status_rows,
    .n_fields = BNC_LEN(status_rows),
};

static const struct bnc_printer_column columns[] = {
    {"Ready", "string", ".status.conditions[?(@.type==\"Ready\")].status", false},
    {"Reason", "string", ".status.conditions[?(@.type==\"Ready\")].reason", false},
    {"Title", "string", ".status.title", false},
    {"UID", "string", ".status.uid", true},
    {"Age", "date", ".metadata.creationTimestamp", false},
    {"Message", "string", ".status.conditions[?(@.type==\"Ready\")].message", true},
};

const struct bnc_kind_doc bnc_doc_dashboard = {
    .kind = BNC_KIND_DASHBOARD,
    .short_name = "dash",
    .singular = "dashboard",
    .doc = "Dashboard is one dashboard of Grafana.",
    .spec = &bnc_table_dashboard,
    .status = &bnc_table_dashboard_status,
    .columns = columns,
    .n_columns = BNC_LEN(columns),
};
