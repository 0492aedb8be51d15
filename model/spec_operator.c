#include "model/spec_operator.h"

#include <stddef.h>

#include "lib/str.h"

#define TEXT_MAX  BNC_OPERATOR_TEXT_MAX
#define ITEMS_MAX BNC_OPERATOR_ITEMS_MAX

/* ---- references ---------------------------------------------------------------- */

#define AT(member) offsetof(struct bnc_ref, member)
static const struct bnc_field ref_rows[] = {
    {"name", BNC_FIELD_TEXT, AT(name), .def = "\"\"", .max_len = 253,
     .doc = "Name of the object, in the namespace of the object that refers to it."},
    {"key", BNC_FIELD_TEXT, AT(key), .required = true, .max_len = 253,
     .doc = "Key in its data."},
    {"optional", BNC_FIELD_BOOL, AT(optional), .doc = "It never counts."},
};
#undef AT

const struct bnc_table bnc_table_operator_ref = {
    .name = "Reference",
    .size = sizeof(struct bnc_ref),
    .fields = ref_rows,
    .n_fields = BNC_LEN(ref_rows),
};

#define AT(member) offsetof(struct bnc_secret_or_map, member)
static const struct bnc_field either_rows[] = {
    {"secret", BNC_FIELD_OBJECT, AT(secret), .sub = &bnc_table_operator_ref,
     .doc = "A key of a Secret."},
    {"configMap", BNC_FIELD_OBJECT, AT(config_map), .sub = &bnc_table_operator_ref,
     .doc = "A key of a ConfigMap."},
};
#undef AT

static const char *const either_names[] = {"secret", "configMap", NULL};
static const struct bnc_union either_unions[] = {{.names = either_names}};

const struct bnc_table bnc_table_operator_either = {
    .name = "SecretOrConfigMap",
    .size = sizeof(struct bnc_secret_or_map),
    .fields = either_rows,
    .n_fields = BNC_LEN(either_rows),
    .unions = either_unions,
    .n_unions = BNC_LEN(either_unions),
};

/* ---- relabel rules ------------------------------------------------------------- */

#define AT(member) offsetof(struct bnc_relabel, member)
static const struct bnc_field relabel_rows[] = {
    {"sourceLabels", BNC_FIELD_TEXTS, AT(source_labels), .max_items = ITEMS_MAX,
     .doc = "Labels whose values are joined by the separator and matched."},
    {"separator", BNC_FIELD_TEXT, AT(separator), .max_len = TEXT_MAX,
     .doc = "What stands between the joined values."},
    {"regex", BNC_FIELD_TEXT, AT(regex), .max_len = BNC_OPERATOR_REGEX_MAX,
     .doc = "Regular expression (RE2, anchored at both ends)."},
    {"targetLabel", BNC_FIELD_TEXT, AT(target_label), .max_len = TEXT_MAX,
     .doc = "Label that is written or compared."},
    {"replacement", BNC_FIELD_TEXT, AT(replacement), .max_len = TEXT_MAX,
     .doc = "What is written, with groups of the regex as $1."},
    {"action", BNC_FIELD_ENUM, AT(action), .values = bnc_relabel_actions,
     .doc = "What is done on a match."},
    {"modulus", BNC_FIELD_INT, AT(modulus), .doc = "For hashmod."},
};
#undef AT

/* What prometheus-operator leaves out of a rule when it is empty. */
static void
finish_relabel(void *item, const char *path, struct bnc_diags *diags)
{
    struct bnc_relabel *rule = item;
    BNC_UNUSED(path);
    BNC_UNUSED(diags);
    if (rule->regex != NULL && rule->regex[0] == '\0') {
        rule->regex = NULL;
    }
    if (rule->target_label != NULL && rule->target_label[0] == '\0') {
        rule->target_label = NULL;
    }
    bool compares =
        bnc_str_eq(rule->action, "keepequal") || bnc_str_eq(rule->action, "dropequal");
    if (compares && bnc_str_eq(rule->regex, "(.*)")) {
        rule->regex = NULL; /* the default, which Prometheus refuses when it is written */
    }
    if (rule->modulus.value == 0) {
        rule->modulus.set = false;
    }
}

const struct bnc_table bnc_table_operator_relabel = {
    .name = "Relabeling",
    .size = sizeof(struct bnc_relabel),
    .fields = relabel_rows,
    .n_fields = BNC_LEN(relabel_rows),
    .finish = finish_relabel,
};

/* ---- TLS ----------------------------------------------------------------------- */

static const char *const tls_versions[] = {"TLS10", "TLS11", "TLS12", "TLS13", NULL};

#define AT(member) offsetof(struct bnc_tls_config, member)
#define SAFE_TLS_ROWS                                                                    \
    {"ca", BNC_FIELD_OBJECT, AT(ca), .sub = &bnc_table_operator_either,                  \
     .doc = "Certificates that the peer's certificate is checked with."},                \
        {"cert", BNC_FIELD_OBJECT, AT(cert), .sub = &bnc_table_operator_either,          \
         .doc = "Client certificate."},                                                  \
        {"keySecret", BNC_FIELD_OBJECT, AT(key_secret), .sub = &bnc_table_operator_ref,  \
         .doc = "Private key of the client certificate."},                               \
        {"serverName", BNC_FIELD_TEXT, AT(server_name), .max_len = TEXT_MAX,             \
         .doc = "Name that the peer's certificate must hold."},                          \
        {"insecureSkipVerify", BNC_FIELD_BOOL, AT(insecure_skip_verify),                 \
         .doc = "True: the peer's certificate is not checked."},                         \
        {"minVersion", BNC_FIELD_ENUM, AT(min_version), .values = tls_versions,          \
         .doc = "Lowest version of TLS."},                                               \
    {                                                                                    \
        "maxVersion", BNC_FIELD_ENUM, AT(max_version), .values = tls_versions,           \
                                                       .doc = "Highest version of TLS."  \
    }
static const struct bnc_field safe_tls_rows[] = {SAFE_TLS_ROWS};
static const struct bnc_field tls_rows[] = {
    SAFE_TLS_ROWS,
    {"caFile", BNC_FIELD_TEXT, AT(ca_file), .max_len = TEXT_MAX,
     .doc = "As ca: a file where Prometheus runs."},
    {"certFile", BNC_FIELD_TEXT, AT(cert_file), .max_len = TEXT_MAX,
     .doc = "As cert: a file where Prometheus runs."},
    {"keyFile", BNC_FIELD_TEXT, AT(key_file), .max_len = TEXT_MAX,
     .doc = "As keySecret: a file where Prometheus runs."},
};
#undef AT

/* An empty text or reference is none. */
static void
finish_tls(void *item, const char *path, struct bnc_diags *diags)
{
    struct bnc_tls_config *tls = item;
    const char **files[] = {&tls->ca_file, &tls->cert_file, &tls->key_file,
                            &tls->server_name};
    struct bnc_secret_or_map **refs[] = {&tls->ca, &tls->cert};
    BNC_UNUSED(path);
    BNC_UNUSED(diags);
    for (size_t i = 0; i < BNC_LEN(files); i++) {
        if (*files[i] != NULL && (*files[i])[0] == '\0') {
            *files[i] = NULL;
        }
    }
    for (size_t i = 0; i < BNC_LEN(refs); i++) {
        if (*refs[i] != NULL && (*refs[i])->secret == NULL &&
            (*refs[i])->config_map == NULL) {
            *refs[i] = NULL;
        }
    }
}

const struct bnc_table bnc_table_operator_safe_tls = {
    .name = "SafeTLSConfig",
    .size = sizeof(struct bnc_tls_config),
    .fields = safe_tls_rows,
    .n_fields = BNC_LEN(safe_tls_rows),
    .finish = finish_tls,
};

const struct bnc_table bnc_table_operator_tls = {
    .name = "TLSConfig",
    .size = sizeof(struct bnc_tls_config),
    .fields = tls_rows,
    .n_fields = BNC_LEN(tls_rows),
    .finish = finish_tls,
};

/* ---- authentication ------------------------------------------------------------ */

#define AT(member) offsetof(struct bnc_authorization, member)
#define SAFE_AUTHORIZATION_ROWS                                                          \
    {"type", BNC_FIELD_TEXT, AT(type), .max_len = TEXT_MAX,                              \
     .doc = "Scheme of the Authorization header."},                                      \
    {                                                                                    \
        "credentials", BNC_FIELD_OBJECT, AT(credentials),                                \
            .sub = &bnc_table_operator_ref, .doc = "The credentials."                    \
    }
static const struct bnc_field safe_authorization_rows[] = {SAFE_AUTHORIZATION_ROWS};
static const struct bnc_field authorization_rows[] = {
    SAFE_AUTHORIZATION_ROWS,
    {"credentialsFile", BNC_FIELD_TEXT, AT(credentials_file), .max_len = TEXT_MAX,
     .doc = "The credentials: a file where Prometheus runs."},
};
#undef AT

static void
finish_authorization(void *item, const char *path, struct bnc_diags *diags)
{
    struct bnc_authorization *auth = item;
    BNC_UNUSED(path);
    BNC_UNUSED(diags);
    if (auth->type != NULL && auth->type[0] == '\0') {
        auth->type = NULL;
    }
    if (auth->credentials_file != NULL && auth->credentials_file[0] == '\0') {
        auth->credentials_file = NULL;
    }
}

const struct bnc_table bnc_table_operator_safe_authorization = {
    .name = "SafeAuthorization",
    .size = sizeof(struct bnc_authorization),
    .fields = safe_authorization_rows,
    .n_fields = BNC_LEN(safe_authorization_rows),
    .finish = finish_authorization,
};

static const char *const credentials_names[] = {"credentials", "credentialsFile", NULL};
static const struct bnc_union authorization_unions[] = {{.names = credentials_names}};

const struct bnc_table bnc_table_operator_authorization = {
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
    {"username", BNC_FIELD_OBJECT, AT(username), .sub = &bnc_table_operator_ref,
     .doc = "User name: a key of a Secret."},
    {"password", BNC_FIELD_OBJECT, AT(password), .sub = &bnc_table_operator_ref,
     .doc = "Password: a key of a Secret."},
};
#undef AT

/* prometheus-operator looks for a Secret "" and finds none: both have to be there. */
static void
finish_basic_auth(void *item, const char *path, struct bnc_diags *diags)
{
    const struct bnc_basic_auth *auth = item;
    const struct {
        const struct bnc_ref *ref;
        const char *field;
    } rows[] = {{auth->username, "username"}, {auth->password, "password"}};
    for (size_t i = 0; i < BNC_LEN(rows); i++) {
        if (rows[i].ref == NULL) {
            bnc_diag_add(diags, BNC_REASON_INVALID_FIELD,
                         bnc_arena_fmt(diags->arena, "%s.%s", path, rows[i].field),
                         "name a Secret and its key", "the field is required");
        }
    }
}

const struct bnc_table bnc_table_operator_basic_auth = {
    .name = "BasicAuth",
    .size = sizeof(struct bnc_basic_auth),
    .fields = basic_auth_rows,
    .n_fields = BNC_LEN(basic_auth_rows),
    .finish = finish_basic_auth,
};

#define AT(member) offsetof(struct bnc_oauth2, member)
static const struct bnc_field oauth2_rows[] = {
    {"clientId", BNC_FIELD_OBJECT, AT(client_id), .sub = &bnc_table_operator_either,
     .required = true, .doc = "The client's id."},
    {"clientSecret", BNC_FIELD_OBJECT, AT(client_secret), .sub = &bnc_table_operator_ref,
     .required = true, .doc = "The client's secret: a key of a Secret."},
    {"tokenUrl", BNC_FIELD_TEXT, AT(token_url), .rule = BNC_TEXT_URL, .required = true,
     .max_len = TEXT_MAX, .doc = "Where tokens are asked for."},
    {"scopes", BNC_FIELD_TEXTS, AT(scopes), .max_items = ITEMS_MAX,
     .doc = "Scopes that are asked for."},
    {"endpointParams", BNC_FIELD_MAP, AT(endpoint_params), .max_items = ITEMS_MAX,
     .max_len = TEXT_MAX, .doc = "Further parameters of the request for a token."},
    {"tlsConfig", BNC_FIELD_OBJECT, AT(tls_config), .sub = &bnc_table_operator_safe_tls,
     .doc = "TLS towards tokenUrl."},
    {"proxyUrl", BNC_FIELD_TEXT, AT(proxy_url), .rule = BNC_TEXT_PROXY_URL,
     .max_len = TEXT_MAX, .doc = "Proxy towards tokenUrl."},
    {"noProxy", BNC_FIELD_TEXT, AT(no_proxy), .max_len = TEXT_MAX,
     .doc = "Hosts that are reached without the proxy."},
    {"proxyFromEnvironment", BNC_FIELD_BOOL, AT(proxy_from_environment),
     .doc = "True: Prometheus takes the proxy from its environment."},
    {"proxyConnectHeader", BNC_FIELD_RAW_OBJECT, AT(proxy_connect_header),
     .doc = "Headers for the proxy."},
};
#undef AT

static void
finish_oauth2(void *item, const char *path, struct bnc_diags *diags)
{
    const struct bnc_oauth2 *oauth2 = item;
    if (oauth2->client_id != NULL && oauth2->client_id->secret == NULL &&
        oauth2->client_id->config_map == NULL) {
        bnc_diag_add(diags, BNC_REASON_INVALID_FIELD,
                     bnc_arena_fmt(diags->arena, "%s.clientId", path),
                     "name a key of a Secret or ConfigMap", "the client's id is missing");
    }
}

const struct bnc_table bnc_table_operator_oauth2 = {
    .name = "OAuth2",
    .size = sizeof(struct bnc_oauth2),
    .fields = oauth2_rows,
    .n_fields = BNC_LEN(oauth2_rows),
    .finish = finish_oauth2,
};
