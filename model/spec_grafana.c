#include "model/spec_grafana.h"

#include <stddef.h>

const char *const bnc_dashboard_presets[] = {
    "istio-mesh", "istio-workload", "envoy", "istio-control-plane",
    "sampling",   "binnacle",       NULL};

/* ---- where it goes ------------------------------------------------------------- */

static const char *const output_kinds[] = {"ConfigMap", "Secret", NULL};

#define AT(member) offsetof(struct bnc_grafana_output_spec, member)
static const struct bnc_field output_rows[] = {
    {"kind", BNC_FIELD_ENUM, AT(kind), .values = output_kinds,
     .doc = "Kind of the object. Unset: a ConfigMap, and a Secret while a datasource has "
            "secureJsonData."},
    {"namespace", BNC_FIELD_TEXT, AT(ns), .rule = BNC_TEXT_NAMESPACE,
     .doc = "Its namespace; the Observatory's own when unset."},
    {"name", BNC_FIELD_TEXT, AT(name), .rule = BNC_TEXT_OBJECT_NAME,
     .doc = "Its name; NAME-grafana when unset."},
    {"key", BNC_FIELD_TEXT, AT(key), .rule = BNC_TEXT_KEY,
     .doc = "Key of the provisioning file; the sidecar gives the file this name. "
            "binnacle-NAMESPACE-NAME.yaml when unset."},
    {"labels", BNC_FIELD_MAP, AT(labels), .rule = BNC_TEXT_LABEL_KEY, .max_items = 64,
     .max_len = 63, .def = "{\"grafana_datasource\": \"1\"}",
     .doc = "Labels that are put on the object: what Grafana's sidecar looks for."},
};
#undef AT

static const struct bnc_table output_table = {
    .name = "GrafanaOutput",
    .size = sizeof(struct bnc_grafana_output_spec),
    .fields = output_rows,
    .n_fields = BNC_LEN(output_rows),
};

#define AT(member) offsetof(struct bnc_dashboard_output_spec, member)
static const struct bnc_field dashboard_output_rows[] = {
    {"namespace", BNC_FIELD_TEXT, AT(ns), .rule = BNC_TEXT_NAMESPACE,
     .doc = "Namespace of the ConfigMaps; the Observatory's own when unset."},
    {"labels", BNC_FIELD_MAP, AT(labels), .rule = BNC_TEXT_LABEL_KEY, .max_items = 64,
     .max_len = 63, .def = "{\"grafana_dashboard\": \"1\"}",
     .doc = "Labels that are put on them: what Grafana's sidecar looks for."},
    {"folderAnnotation", BNC_FIELD_TEXT, AT(folder_annotation),
     .rule = BNC_TEXT_LABEL_KEY, .def = "\"grafana_folder\"",
     .doc = "Annotation that tells the sidecar a dashboard's folder."},
};
#undef AT

static const struct bnc_table dashboard_output_table = {
    .name = "DashboardOutput",
    .size = sizeof(struct bnc_dashboard_output_spec),
    .fields = dashboard_output_rows,
    .n_fields = BNC_LEN(dashboard_output_rows),
};

#define AT(member) offsetof(struct bnc_credentials_ref, member)
static const struct bnc_field credentials_rows[] = {
    {"name", BNC_FIELD_TEXT, AT(name), .rule = BNC_TEXT_OBJECT_NAME, .required = true,
     .doc = "A Secret beside the Observatory with the key token (of a service account), "
            "or username and password."},
};
#undef AT

static const struct bnc_table credentials_table = {
    .name = "Credentials",
    .size = sizeof(struct bnc_credentials_ref),
    .fields = credentials_rows,
    .n_fields = BNC_LEN(credentials_rows),
};

/* ---- grafana ------------------------------------------------------------------- */

#define AT(member) offsetof(struct bnc_grafana_spec, member)
static const struct bnc_field grafana_rows[] = {
    {"output", BNC_FIELD_OBJECT, AT(output), .sub = &output_table,
     .doc = "The object with the provisioning file of datasources. Unset: NAME-grafana; "
            "none with credentialsRef."},
    {"dashboardOutput", BNC_FIELD_OBJECT, AT(dashboard_output),
     .sub = &dashboard_output_table,
     .doc = "The ConfigMaps with dashboards, one for each."},
    {"url", BNC_FIELD_TEXT, AT(url), .rule = BNC_TEXT_URL,
     .doc = "Where Grafana answers, as http://grafana.monitoring:3000."},
    {"browserUrl", BNC_FIELD_TEXT, AT(browser_url), .rule = BNC_TEXT_URL,
     .doc = "Where people open it: Kiali links there."},
    {"credentialsRef", BNC_FIELD_OBJECT, AT(credentials_ref), .sub = &credentials_table,
     .doc = "With url: datasources are set over Grafana's HTTP API, and what somebody "
            "changes there is set right."},
    {"tlsConfig", BNC_FIELD_OBJECT, AT(tls_config), .sub = &bnc_table_tls_config,
     .doc = "TLS settings for url."},
    {"pollInterval", BNC_FIELD_DURATION, AT(poll_interval), .max_len = 64,
     .doc =
         "How often Grafana is looked at for what somebody changed, 1s to 1h; 30s when "
         "unset."},
    {"derive", BNC_FIELD_BOOL, AT(derive), .def = "true",
     .doc = "Datasources for spec.prometheus.url and the queryUrl of "
            "spec.tracing.backends, with links between them."},
    {"logs", BNC_FIELD_TEXT, AT(logs), .rule = BNC_TEXT_OBJECT_NAME,
     .doc = "A Datasource beside the Observatory where derived ones find the logs of a "
            "trace."},
    {"prune", BNC_FIELD_BOOL, AT(prune),
     .doc = "Writes prune: true into the provisioning file, Grafana 11.1 or later: a "
            "datasource that is in no file any more is deleted."},
    {"org", BNC_FIELD_INT, AT(org), .def = "1", .min = 1, .max = INT32_MAX,
     .doc = "Organization of Grafana that derived datasources and presets are for."},
    {"dashboards", BNC_FIELD_TEXTS, AT(dashboards), .values = bnc_dashboard_presets,
     .max_items = 16,
     .doc = "Dashboards of binnacle's own; `binnacle dashboards` lists "
            "them."},
    {"folder", BNC_FIELD_TEXT, AT(folder), .max_len = 189,
     .doc = "Folder that they are put into."},
    {"datasourceSelector", BNC_FIELD_SELECTOR, AT(datasource_selector), .def = "{}",
     .doc = "Datasources by label. {}: all."},
    {"datasourceNamespaceSelector", BNC_FIELD_SELECTOR, AT(datasource_namespace_selector),
     .doc = "Namespaces of the Datasources, by label. Unset: spec.namespaceSelector."},
    {"dashboardSelector", BNC_FIELD_SELECTOR, AT(dashboard_selector), .def = "{}",
     .doc = "Dashboards by label. {}: all."},
    {"dashboardNamespaceSelector", BNC_FIELD_SELECTOR, AT(dashboard_namespace_selector),
     .doc = "Namespaces of the Dashboards, by label. Unset: spec.namespaceSelector."},
};
#undef AT

const struct bnc_table bnc_table_grafana = {
    .name = "Grafana",
    .size = sizeof(struct bnc_grafana_spec),
    .fields = grafana_rows,
    .n_fields = BNC_LEN(grafana_rows),
};

/* ---- kiali --------------------------------------------------------------------- */

static const char *const kiali_kinds[] = {"Kiali", "ConfigMap", NULL};

#define AT(member) offsetof(struct bnc_kiali_spec, member)
static const struct bnc_field kiali_rows[] = {
    {"kind", BNC_FIELD_ENUM, AT(kind), .values = kiali_kinds, .def = "\"Kiali\"",
     .doc =
         "Kiali: the custom resource of Kiali's operator. ConfigMap: the configuration "
         "of a Kiali that no operator looks after."},
    {"namespace", BNC_FIELD_TEXT, AT(ns), .rule = BNC_TEXT_NAMESPACE,
     .def = "\"istio-system\"", .doc = "Its namespace."},
    {"name", BNC_FIELD_TEXT, AT(name), .rule = BNC_TEXT_OBJECT_NAME, .def = "\"kiali\"",
     .doc = "Its name."},
    {"key", BNC_FIELD_TEXT, AT(key), .rule = BNC_TEXT_KEY, .def = "\"config.yaml\"",
     .doc = "Key of the configuration in a ConfigMap."},
    {"version", BNC_FIELD_TEXT, AT(version), .rule = BNC_TEXT_VERSION,
     .doc = "Version of Kiali, where it matters: up to 1.73 it has other names for URLs. "
            "Unset: today's."},
};
#undef AT

const struct bnc_table bnc_table_kiali = {
    .name = "KialiTarget",
    .size = sizeof(struct bnc_kiali_spec),
    .fields = kiali_rows,
    .n_fields = BNC_LEN(kiali_rows),
};
