#include "model/spec_common.h"

#include <stddef.h>
#include <strings.h>

/* ---- names of values ----------------------------------------------------------- */

const char *const bnc_relabel_actions[] = {
    "replace",   "keep",      "drop",      "hashmod",   "labelmap",  "labeldrop",
    "labelkeep", "lowercase", "uppercase", "keepequal", "dropequal", "Replace",
    "Keep",      "Drop",      "HashMod",   "LabelMap",  "LabelDrop", "LabelKeep",
    "Lowercase", "Uppercase", "KeepEqual", "DropEqual", NULL,
};

const char *const bnc_scrape_protocols[] = {
    "PrometheusProto",     "OpenMetricsText0.0.1", "OpenMetricsText1.0.0",
    "PrometheusText0.0.4", "PrometheusText1.0.0",  NULL,
};

const char *const bnc_schemes[] = {"http", "https", "HTTP", "HTTPS", NULL};

const char *const bnc_presets[] = {
    "istio-proxy", "istio-merged", "istiod",    "ztunnel", "statsd-exporter",
    "kubelet",     "cadvisor",     "apiserver", NULL,
};

static const char *const tls_versions[] = {"TLS10", "TLS11", "TLS12", "TLS13", NULL};

/* ---- references ---------------------------------------------------------------- */

#define AT(member) offsetof(struct bnc_ref, member)
static const struct bnc_field ref_rows[] = {
    {"name", BNC_FIELD_TEXT, AT(name), .rule = BNC_TEXT_OBJECT_NAME, .required = true,
     .doc = "Name of the object, in the namespace of the object that refers to it."},
    {"key", BNC_FIELD_TEXT, AT(key), .rule = BNC_TEXT_KEY, .required = true,
     .doc = "Key in its data."},
};
#undef AT

const struct bnc_table bnc_table_ref = {
    .name = "Reference",
    .size = sizeof(struct bnc_ref),
    .fields = ref_rows,
    .n_fields = BNC_LEN(ref_rows),
};

#define AT(member) offsetof(struct bnc_secret_or_map, member)
static const struct bnc_field secret_or_map_rows[] = {
    {"secret", BNC_FIELD_OBJECT, AT(secret), .sub = &bnc_table_ref,
     .doc = "A key of a Secret."},
    {"configMap", BNC_FIELD_OBJECT, AT(config_map), .sub = &bnc_table_ref,
     .doc = "A key of a ConfigMap."},
};
#undef AT

static const char *const secret_or_map_names[] = {"secret", "configMap", NULL};
static const struct bnc_union secret_or_map_unions[] = {
    {.names = secret_or_map_names, .required = true},
};

const struct bnc_table bnc_table_secret_or_map = {
    .name = "SecretOrConfigMap",
    .size = sizeof(struct bnc_secret_or_map),
    .fields = secret_or_map_rows,
    .n_fields = BNC_LEN(secret_or_map_rows),
    .unions = secret_or_map_unions,
    .n_unions = BNC_LEN(secret_or_map_unions),
};

/* ---- relabel rules ------------------------------------------------------------- */

#define AT(member) offsetof(struct bnc_relabel, member)
static const struct bnc_field relabel_rows[] = {
    {"sourceLabels", BNC_FIELD_TEXTS, AT(source_labels), .max_items = 64,
     .doc = "Labels whose values are joined by the separator and matched."},
    {"separator", BNC_FIELD_TEXT, AT(separator), .max_len = 64,
     .doc = "What stands between the joined values; a semicolon when unset."},
    {"regex", BNC_FIELD_REGEX, AT(regex),
     .doc = "Regular expression (RE2, anchored at both ends); (.*) when unset."},
    {"targetLabel", BNC_FIELD_TEXT, AT(target_label),
     .doc = "Label that is written by replace, hashmod, lowercase, uppercase, and "
            "compared by keepequal and dropequal."},
    {"replacement", BNC_FIELD_TEXT, AT(replacement),
     .doc = "What is written, with groups of the regex as $1; $1 when unset."},
    {"action", BNC_FIELD_ENUM, AT(action), .values = bnc_relabel_actions,
     .doc = "What is done on a match, as Prometheus names it; replace when unset."},
    {"modulus", BNC_FIELD_INT, AT(modulus), .min = 1, .max = BNC_FIELD_INT_MAX,
     .doc = "For hashmod: the hash of the source labels is taken modulo this number."},
};
#undef AT

const struct bnc_table bnc_table_relabel = {
    .name = "Relabeling",
    .size = sizeof(struct bnc_relabel),
    .fields = relabel_rows,
    .n_fields = BNC_LEN(relabel_rows),
};

/* ---- TLS ----------------------------------------------------------------------- */

#define AT(member) offsetof(struct bnc_tls_config, member)
static const struct bnc_field tls_rows[] = {
    {"ca", BNC_FIELD_OBJECT, AT(ca), .sub = &bnc_table_secret_or_map,
     .doc = "Certificates (PEM) that the target's certificate is checked with."},
    {"cert", BNC_FIELD_OBJECT, AT(cert), .sub = &bnc_table_secret_or_map,
     .doc = "Client certificate (PEM) that is shown to the target."},
    {"keySecret", BNC_FIELD_OBJECT, AT(key_secret), .sub = &bnc_table_ref,
     .doc = "Private key (PEM) of the client certificate: a key of a Secret."},
    {"caFile", BNC_FIELD_TEXT, AT(ca_file),
     .doc = "As ca: a file where Prometheus runs."},
    {"certFile", BNC_FIELD_TEXT, AT(cert_file),
     .doc = "As cert: a file where Prometheus runs."},
    {"keyFile", BNC_FIELD_TEXT, AT(key_file),
     .doc = "As keySecret: a file where Prometheus runs."},
    {"serverName", BNC_FIELD_TEXT, AT(server_name), .max_len = 253,
     .doc = "Name that the target's certificate must hold; its host when unset."},
    {"insecureSkipVerify", BNC_FIELD_BOOL, AT(insecure_skip_verify),
     .doc = "True: the target's certificate is not checked."},
    {"minVersion", BNC_FIELD_ENUM, AT(min_version), .values = tls_versions,
     .doc = "Lowest version of TLS."},
    {"maxVersion", BNC_FIELD_ENUM, AT(max_version), .values = tls_versions,
     .doc = "Highest version of TLS."},
};
#undef AT

static const char *const ca_names[] = {"ca", "caFile", NULL};
static const char *const cert_names[] = {"cert", "certFile", NULL};
static const char *const key_names[] = {"keySecret", "keyFile", NULL};
static const struct bnc_union tls_unions[] = {
    {.names = ca_names},
    {.names = cert_names},
    {.names = key_names},
};

const struct bnc_table bnc_table_tls_config = {
    .name = "TLSConfig",
    .size = sizeof(struct bnc_tls_config),
    .fields = tls_rows,
    .n_fields = BNC_LEN(tls_rows),
    .unions = tls_unions,
    .n_unions = BNC_LEN(tls_unions),
};

/* ---- authentication ------------------------------------------------------------ */

#define AT(member) offsetof(struct bnc_authorization, member)
static const struct bnc_field authorization_rows[] = {
    {"type", BNC_FIELD_TEXT, AT(type), .max_len = 64,
     .doc = "Scheme of the Authorization header; Bearer when unset. Basic is refused: "
            "use basicAuth."},
    {"credentials", BNC_FIELD_OBJECT, AT(credentials), .sub = &bnc_table_ref,
     .doc = "The credentials: a key of a Secret."},
    {"credentialsFile", BNC_FIELD_TEXT, AT(credentials_file),
     .doc = "The credentials: a file where Prometheus runs."},
};
#undef AT

/* Prometheus refuses it as well. */
static void
finish_authorization(void *item, const char *path, struct bnc_diags *diags)
{
    struct bnc_authorization *authorization = item;
    if (authorization->type != NULL && strcasecmp(authorization->type, "basic") == 0) {
        bnc_diag_add(diags, BNC_REASON_INVALID_FIELD,
                     bnc_arena_fmt(diags->arena, "%s.type", path), "use basicAuth",
                     "the type may not be Basic");
        authorization->type = NULL;
    }
}

static const char *const credentials_names[] = {"credentials", "credentialsFile", NULL};
static const struct bnc_union authorization_unions[] = {{.names = credentials_names}};

const struct bnc_table bnc_table_authorization = {
    .name = "Authorization",
    .size = sizeof(struct bnc_authorization),
    .fields = authorization_rows,
    .n_fields = BNC_LEN(authorization_rows),
    .unions = authorization_unions,
    .n_unions = BNC_LEN(authorization_unions),
    .finish = finish_authorization,
};

#define AT(member) offsetof(struct bnc_basic_auth, member)
static const struct bnc_field basic_auth_rows[] = {
    {"username", BNC_FIELD_OBJECT, AT(username), .sub = &bnc_table_ref,
     .doc = "User name: a key of a Secret."},
    {"password", BNC_FIELD_OBJECT, AT(password), .sub = &bnc_table_ref,
     .doc = "Password: a key of a Secret."},
};
#undef AT

const struct bnc_table bnc_table_basic_auth = {
    .name = "BasicAuth",
    .size = sizeof(struct bnc_basic_auth),
    .fields = basic_auth_rows,
    .n_fields = BNC_LEN(basic_auth_rows),
};

#define AT(member) offsetof(struct bnc_oauth2, member)
static const struct bnc_field oauth2_rows[] = {
    {"clientId", BNC_FIELD_OBJECT, AT(client_id), .sub = &bnc_table_secret_or_map,
     .required = true, .doc = "The client's id."},
    {"clientSecret", BNC_FIELD_OBJECT, AT(client_secret), .sub = &bnc_table_ref,
     .required = true, .doc = "The client's secret: a key of a Secret."},
    {"tokenUrl", BNC_FIELD_TEXT, AT(token_url), .rule = BNC_TEXT_URL, .required = true,
     .doc = "Where tokens are asked for."},
    {"scopes", BNC_FIELD_TEXTS, AT(scopes), .max_items = 64,
     .doc = "Scopes that are asked for."},
    {"endpointParams", BNC_FIELD_MAP, AT(endpoint_params), .max_items = 64,
     .doc = "Further parameters of the request for a token."},
    {"tlsConfig", BNC_FIELD_OBJECT, AT(tls_config), .sub = &bnc_table_tls_config,
     .doc = "TLS towards tokenUrl."},
    {"proxyUrl", BNC_FIELD_TEXT, AT(proxy_url), .rule = BNC_TEXT_PROXY_URL,
     .doc = "Proxy towards tokenUrl."},
};
#undef AT

const struct bnc_table bnc_table_oauth2 = {
    .name = "OAuth2",
    .size = sizeof(struct bnc_oauth2),
    .fields = oauth2_rows,
    .n_fields = BNC_LEN(oauth2_rows),
};

/* ---- node metadata ------------------------------------------------------------- */

static const struct bnc_field attach_rows[] = {
    {"node", BNC_FIELD_BOOL, 0,
     .doc = "True: labels of the node are there for relabelings; needs the right to list "
            "nodes."},
};

const struct bnc_table bnc_table_attach_metadata = {
    .name = "AttachMetadata",
    .size = sizeof(enum bnc_tri),
    .fields = attach_rows,
    .n_fields = BNC_LEN(attach_rows),
};
