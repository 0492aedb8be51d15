#include "model/spec_datasource.h"

#include <stddef.h>

#include "model/kind.h"
#include "model/spec_status.h"

static const char *const accesses[] = {"proxy", "direct", NULL};

#define AT(member) offsetof(struct bnc_secure_field, member)
static const struct bnc_field secure_rows[] = {
    {"name", BNC_FIELD_TEXT, AT(name), .min = 1, .max_len = 128, .required = true,
     .doc = "Name of the field, as basicAuthPassword, httpHeaderValue1, tlsClientKey."},
    {"secretKeyRef", BNC_FIELD_OBJECT, AT(secret_key_ref), .sub = &bnc_table_ref,
     .required = true, .doc = "A key of a Secret in the Datasource's namespace."},
};
#undef AT

static const struct bnc_table secure_table = {
    .name = "SecureField",
    .size = sizeof(struct bnc_secure_field),
    .fields = secure_rows,
    .n_fields = BNC_LEN(secure_rows),
};

#define AT(member) offsetof(struct bnc_datasource_links, member)
static const struct bnc_field links_rows[] = {
    {"traces", BNC_FIELD_TEXT, AT(traces), .rule = BNC_TEXT_OBJECT_NAME,
     .doc =
         "Where trace ids lead: from exemplars of prometheus, and from lines of loki."},
    {"logs", BNC_FIELD_TEXT, AT(logs), .rule = BNC_TEXT_OBJECT_NAME,
     .doc = "Where the logs of a span are: from jaeger, zipkin and tempo."},
    {"metrics", BNC_FIELD_TEXT, AT(metrics), .rule = BNC_TEXT_OBJECT_NAME,
     .doc = "Where the metrics of a span are, and the service map of tempo."},
};
#undef AT

static const struct bnc_table links_table = {
    .name = "Links",
    .size = sizeof(struct bnc_datasource_links),
    .fields = links_rows,
    .n_fields = BNC_LEN(links_rows),
};

#define AT(member) offsetof(struct bnc_spec_datasource, member)
static const struct bnc_field rows[] = {
    {"type", BNC_FIELD_TEXT, AT(type), .min = 1, .max_len = 128, .required = true,
     .doc = "The plugin's id: prometheus, jaeger, zipkin, tempo, loki, alertmanager, "
            "graphite, or any other."},
    {"url", BNC_FIELD_TEXT, AT(url), .rule = BNC_TEXT_URL, .doc = "Where it answers."},
    {"title", BNC_FIELD_TEXT, AT(title), .min = 1, .max_len = BNC_GRAFANA_TITLE_MAX,
     .doc = "Its name in Grafana, one in an organization; the object's name when unset."},
    {"org", BNC_FIELD_INT, AT(org), .def = "1", .min = 1, .max = INT32_MAX,
     .doc = "Grafana's organization."},
    {"uid", BNC_FIELD_TEXT, AT(uid), .rule = BNC_TEXT_UID, .immutable = true,
     .doc = "What dashboards refer to; made of namespace and name when unset."},
    {"access", BNC_FIELD_ENUM, AT(access), .values = accesses, .def = "\"proxy\"",
     .doc = "proxy: Grafana's server asks. direct: the browser does."},
    {"isDefault", BNC_FIELD_BOOL, AT(is_default),
     .doc = "True for at most one in an organization."},
    {"editable", BNC_FIELD_BOOL, AT(editable),
     .doc = "True: a provisioned datasource may be changed in Grafana, until the file is "
            "read again."},
    {"basicAuth", BNC_FIELD_BOOL, AT(basic_auth),
     .doc = "True: basicAuthUser and the secure field basicAuthPassword are sent."},
    {"basicAuthUser", BNC_FIELD_TEXT, AT(basic_auth_user), .max_len = 255,
     .doc = "User name for it."},
    {"user", BNC_FIELD_TEXT, AT(user), .max_len = 255, .doc = "Of databases."},
    {"database", BNC_FIELD_TEXT, AT(database), .max_len = 255, .doc = "Likewise."},
    {"withCredentials", BNC_FIELD_BOOL, AT(with_credentials),
     .doc = "True: browsers send cookies with requests to other sites."},
    {"jsonData", BNC_FIELD_RAW_OBJECT, AT(json_data),
     .doc = "What the plugin reads, as in Grafana's own files."},
    {"secureJsonData", BNC_FIELD_LIST, AT(secure), .sub = &secure_table, .max_items = 32,
     .list_key = "name", .doc = "Likewise, with values that are secret."},
    {"links", BNC_FIELD_OBJECT, AT(links), .sub = &links_table,
     .doc = "Other datasources by the name of their object in this namespace, or of one "
            "that the Observatory derives: prometheus, or a backend's name. They are "
            "written by uid into the fields that the type has for them."},
};
#undef AT

const struct bnc_table bnc_table_datasource = {
    .name = "Datasource",
    .size = sizeof(struct bnc_spec_datasource),
    .fields = rows,
    .n_fields = BNC_LEN(rows),
};

static const struct bnc_field status_rows[] = {
    BNC_STATUS_GENERATION,
    BNC_STATUS_CONDITIONS,
    {"observatories", BNC_FIELD_LIST, .sub = &bnc_table_parent, .max_items = 16,
     .list_key = "namespace,name",
     .doc = "Observatories that select this object, with what they say about it."},
    {"uid", BNC_FIELD_TEXT, .max_len = BNC_GRAFANA_UID_MAX, .doc = "Its uid in Grafana."},
    {"title", BNC_FIELD_TEXT, .max_len = 1024, .doc = "Its name in Grafana."},
};

const struct bnc_table bnc_table_datasource_status = {
    .name = "DatasourceStatus",
    .fields = status_rows,
    .n_fields = BNC_LEN(status_rows),
};

static const struct bnc_printer_column columns[] = {
    {"Ready", "string", ".status.conditions[?(@.type==\"Ready\")].status", false},
    {"Reason", "string", ".status.conditions[?(@.type==\"Ready\")].reason", false},
    {"Type", "string", ".spec.type", false},
    {"UID", "string", ".status.uid", false},
    {"Age", "date", ".metadata.creationTimestamp", false},
    {"Message", "string", ".status.conditions[?(@.type==\"Ready\")].message", true},
};

const struct bnc_kind_doc bnc_doc_datasource = {
    .kind = BNC_KIND_DATASOURCE,
    .short_name = "dsrc",
    .singular = "datasource",
    .doc = "Datasource is one datasource of Grafana.",
    .spec = &bnc_table_datasource,
    .status = &bnc_table_datasource_status,
    .columns = columns,
    .n_columns = BNC_LEN(columns),
};
