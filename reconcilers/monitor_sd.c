/*
 * The ways of discovery of a ScrapeConfig, as tables: what prometheus-operator calls a
 * field and what Prometheus calls it.  What depends on Prometheus' version is judged in
 * monitor_versions.c.
 */
#include <string.h>

#include "lib/json.h"
#include "lib/sort.h"
#include "reconcilers/monitor.h"
#include "reconcilers/translate.h"

#define T(type)  BNC_TRANSLATE_##type, NULL, false, NULL
#define R(type)  BNC_TRANSLATE_##type, NULL, true, NULL
#define SUB(sub) BNC_TRANSLATE_LIST, sub, false, NULL
#define END                                                                              \
    {                                                                                    \
        .from = NULL                                                                     \
    }
#define REFRESH                                                                          \
    {                                                                                    \
        "refreshInterval", "refresh_interval", T(DURATION)                               \
    }
#define PORT                                                                             \
    {                                                                                    \
        "port", "port", T(INT)                                                           \
    }
#define SEPARATOR                                                                        \
    {                                                                                    \
        "tagSeparator", "tag_separator", T(TEXT)                                         \
    }
#define TLS                                                                              \
    {                                                                                    \
        "tlsConfig", "tls_config", T(SAFE_TLS)                                           \
    }
#define CLIENT BNC_TRANSLATE_CLIENT_ROWS("enableHTTP2")
#define AUTH                                                                             \
    BNC_TRANSLATE_AUTH_ROWS(BNC_TRANSLATE_SAFE_TLS, BNC_TRANSLATE_SAFE_AUTHORIZATION)
/* without basicAuth */
#define TOKEN_AUTH                                                                       \
    {"authorization", "authorization", T(SAFE_AUTHORIZATION)},                           \
        {"oauth2", "oauth2", T(OAUTH2)}, TLS

static const struct bnc_translate_row static_rows[] = {
    {"targets", "targets", R(TEXTS)}, {"labels", "labels", T(MAP)}, END};
static const struct bnc_translate_row file_rows[] = {
    {"files", "files", R(TEXTS)}, REFRESH, END};
static const struct bnc_translate_row http_rows[] = {
    {"url", "url", R(URL)}, REFRESH, AUTH, CLIENT, END};
static const struct bnc_translate_row dns_rows[] = {
    {"names", "names", R(TEXTS)}, {"type", "type", T(TEXT)}, PORT, REFRESH, END};
static const struct bnc_translate_row filter_rows[] = {
    {"name", "name", R(TEXT)}, {"values", "values", R(TEXTS)}, END};

static const struct bnc_translate_row namespaces_rows[] = {
    {"names", "names", T(TEXTS)}, {"ownNamespace", "own_namespace", T(BOOL)}, END};
static const struct bnc_translate_row selector_rows[] = {{"role", "role", R(LOWER)},
                                                         {"label", "label", T(TEXT)},
                                                         {"field", "field", T(TEXT)},
                                                         END};
static const struct bnc_translate_row attach_rows[] = {{"node", "node", T(BOOL)}, END};
static const struct bnc_translate_row kubernetes_rows[] = {
    {"apiServer", "api_server", T(TEXT)},
    {"role", "role", R(LOWER)},
    {"namespaces", "namespaces", BNC_TRANSLATE_OBJECT, namespaces_rows, false, NULL},
    {"selectors", "selectors", SUB(selector_rows)},
    {"attachMetadata", "attach_metadata", BNC_TRANSLATE_OBJECT, attach_rows, false, NULL},
    AUTH,
    CLIENT,
    END};

static const struct bnc_translate_row consul_rows[] = {
    {"server", "server", R(TEXT)},
    {"pathPrefix", "path_prefix", T(TEXT)},
    {"tokenRef", "authorization", T(TOKEN)},
    {"datacenter", "datacenter", T(TEXT)},
    {"namespace", "namespace", T(TEXT)},
    {"partition", "partition", T(TEXT)},
    {"scheme", "scheme", T(LOWER)},
    {"services", "services", T(TEXTS)},
    {"tags", "tags", T(TEXTS)},
    SEPARATOR,
    {"nodeMeta", "node_meta", T(MAP)},
    {"filter", "filter", T(TEXT)},
    {"healthFilter", "health_filter", T(TEXT)},
    {"allowStale", "allow_stale", T(BOOL)},
    REFRESH,
    AUTH,
    CLIENT,
    END};

static const struct bnc_translate_row ec2_rows[] = {
    {"region", "region", T(TEXT)},
    {"accessKey", "access_key", T(CLEAR)},
    {"secretKey", "secret_key", T(CLEAR)},
    {"roleARN", "role_arn", T(TEXT)},
    PORT,
    {"filters", "filters", SUB(filter_rows)},
    REFRESH,
    TLS,
    CLIENT,
    END};

static const struct bnc_translate_row lightsail_rows[] = {
    {"region", "region", T(TEXT)},
    {"accessKey", "access_key", T(CLEAR)},
    {"secretKey", "secret_key", T(CLEAR)},
    {"roleARN", "role_arn", T(TEXT)},
    {"endpoint", "endpoint", T(TEXT)},
    PORT,
    REFRESH,
    AUTH,
    CLIENT,
    END};

static const struct bnc_translate_row azure_rows[] = {
    {"environment", "environment", T(TEXT)},
    {"authenticationMethod", "authentication_method", T(TEXT)},
    {"subscriptionID", "subscription_id", R(TEXT)},
    {"tenantID", "tenant_id", T(TEXT)},
    {"clientID", "client_id", T(TEXT)},
    {"clientSecret", "client_secret", T(CLEAR)},
    {"resourceGroup", "resource_group", T(TEXT)},
    PORT,
    REFRESH,
    AUTH,
    CLIENT,
    END};

static const struct bnc_translate_row gce_rows[] = {{"project", "project", R(TEXT)},
                                                    {"zone", "zone", R(TEXT)},
                                                    {"filter", "filter", T(TEXT)},
                                                    PORT,
                                                    SEPARATOR,
                                                    REFRESH,
                                                    END};

static const struct bnc_translate_row openstack_rows[] = {
    {"role", "role", R(LOWER)},
    {"region", "region", R(TEXT)},
    {"identityEndpoint", "identity_endpoint", T(URL)},
    {"username", "username", T(TEXT)},
    {"userid", "userid", T(TEXT)},
    {"password", "password", T(CLEAR)},
    {"domainName", "domain_name", T(TEXT)},
    {"domainID", "domain_id", T(TEXT)},
    {"projectName", "project_name", T(TEXT)},
    {"projectID", "project_id", T(TEXT)},
    {"applicationCredentialName", "application_credential_name", T(TEXT)},
    {"applicationCredentialId", "application_credential_id", T(TEXT)},
    {"applicationCredentialSecret", "application_credential_secret", T(CLEAR)},
    {"allTenants", "all_tenants", T(BOOL)},
    PORT,
    {"availability", "availability", T(LOWER)},
    REFRESH,
    TLS,
    END};

static const struct bnc_translate_row token_rows[] = {PORT, REFRESH, TOKEN_AUTH, CLIENT,
                                                      END};

static const struct bnc_translate_row kuma_rows[] = {
    {"server", "server", R(URL)},
    {"clientID", "client_id", T(TEXT)},
    {"fetchTimeout", "fetch_timeout", T(DURATION)},
    REFRESH,
    AUTH,
    CLIENT,
    END};

static const struct bnc_translate_row eureka_rows[] = {
    {"server", "server", R(URL)}, REFRESH, AUTH, CLIENT, END};

static const struct bnc_translate_row docker_rows[] = {
    {"host", "host", R(TEXT)},
    {"hostNetworkingHost", "host_networking_host", T(TEXT)},
    {"matchFirstNetwork", "match_first_network", T(BOOL)},
    {"filters", "filters", SUB(filter_rows)},
    PORT,
    REFRESH,
    AUTH,
    CLIENT,
    END};

static const struct bnc_translate_row linode_rows[] = {
    {"region", "region", T(TEXT)}, SEPARATOR, PORT, REFRESH, TOKEN_AUTH, CLIENT, END};

static const struct bnc_translate_row hetzner_rows[] = {
    {"role", "role", R(LOWER)},
    {"labelSelector", "label_selector", T(TEXT)},
    PORT,
    REFRESH,
    AUTH,
    CLIENT,
    END};

static const struct bnc_translate_row nomad_rows[] = {
    {"server", "server", R(URL)},
    {"allowStale", "allow_stale", T(BOOL)},
    {"namespace", "namespace", T(TEXT)},
    {"region", "region", T(TEXT)},
    SEPARATOR,
    REFRESH,
    AUTH,
    CLIENT,
    END};

static const struct bnc_translate_row swarm_rows[] = {
    {"host", "host", R(TEXT)},
    {"role", "role", R(LOWER)},
    {"filters", "filters", SUB(filter_rows)},
    PORT,
    REFRESH,
    AUTH,
    CLIENT,
    END};

static const struct bnc_translate_row puppetdb_rows[] = {
    {"url", "url", R(URL)},
    {"query", "query", R(TEXT)},
    {"includeParameters", "include_parameters", T(BOOL)},
    PORT,
    REFRESH,
    AUTH,
    CLIENT,
    END};

static const struct bnc_translate_row ovhcloud_rows[] = {
    {"applicationKey", "application_key", R(TEXT)},
    {"applicationSecret", "application_secret", R(CLEAR)},
    {"consumerKey", "consumer_key", R(CLEAR)},
    {"service", "service", R(SNAKE)},
    {"endpoint", "endpoint", T(TEXT)},
    REFRESH,
    END};

static const struct bnc_translate_row scaleway_rows[] = {
    {"accessKey", "access_key", R(TEXT)},
    {"secretKey", "secret_key", R(FILE)},
    {"projectID", "project_id", R(TEXT)},
    {"role", "role", R(LOWER)},
    {"zone", "zone", T(TEXT)},
    {"apiURL", "api_url", T(URL)},
    {"nameFilter", "name_filter", T(TEXT)},
    {"tagsFilter", "tags_filter", T(TEXTS)},
    PORT,
    REFRESH,
    TLS,
    CLIENT,
    END};

static const struct bnc_translate_row ionos_rows[] = {
    {"datacenterID", "datacenter_id", R(TEXT)}, PORT, REFRESH, TOKEN_AUTH, CLIENT, END};

static const struct {
    const char *field; /* of the ScrapeConfig */
    const char *key;   /* of Prometheus */
    const struct bnc_translate_row *rows;
} kinds[BNC_DISCOVERY_COUNT] = {
    [BNC_DISCOVERY_STATIC] = {"staticConfigs", "static_configs", static_rows},
    [BNC_DISCOVERY_FILE] = {"fileSDConfigs", "file_sd_configs", file_rows},
    [BNC_DISCOVERY_HTTP] = {"httpSDConfigs", "http_sd_configs", http_rows},
    [BNC_DISCOVERY_KUBERNETES] = {"kubernetesSDConfigs", "kubernetes_sd_configs",
                                  kubernetes_rows},
    [BNC_DISCOVERY_CONSUL] = {"consulSDConfigs", "consul_sd_configs", consul_rows},
    [BNC_DISCOVERY_DNS] = {"dnsSDConfigs", "dns_sd_configs", dns_rows},
    [BNC_DISCOVERY_EC2] = {"ec2SDConfigs", "ec2_sd_configs", ec2_rows},
    [BNC_DISCOVERY_AZURE] = {"azureSDConfigs", "azure_sd_configs", azure_rows},
    [BNC_DISCOVERY_GCE] = {"gceSDConfigs", "gce_sd_configs", gce_rows},
    [BNC_DISCOVERY_OPENSTACK] = {"openstackSDConfigs", "openstack_sd_configs",
                                 openstack_rows},
    [BNC_DISCOVERY_DIGITALOCEAN] = {"digitalOceanSDConfigs", "digitalocean_sd_configs",
                                    token_rows},
    [BNC_DISCOVERY_KUMA] = {"kumaSDConfigs", "kuma_sd_configs", kuma_rows},
    [BNC_DISCOVERY_EUREKA] = {"eurekaSDConfigs", "eureka_sd_configs", eureka_rows},
    [BNC_DISCOVERY_DOCKER] = {"dockerSDConfigs", "docker_sd_configs", docker_rows},
    [BNC_DISCOVERY_LINODE] = {"linodeSDConfigs", "linode_sd_configs", linode_rows},
    [BNC_DISCOVERY_HETZNER] = {"hetznerSDConfigs", "hetzner_sd_configs", hetzner_rows},
    [BNC_DISCOVERY_NOMAD] = {"nomadSDConfigs", "nomad_sd_configs", nomad_rows},
    [BNC_DISCOVERY_DOCKERSWARM] = {"dockerSwarmSDConfigs", "dockerswarm_sd_configs",
                                   swarm_rows},
    [BNC_DISCOVERY_PUPPETDB] = {"puppetDBSDConfigs", "puppetdb_sd_configs",
                                puppetdb_rows},
    [BNC_DISCOVERY_LIGHTSAIL] = {"lightSailSDConfigs", "lightsail_sd_configs",
                                 lightsail_rows},
    [BNC_DISCOVERY_OVHCLOUD] = {"ovhcloudSDConfigs", "ovhcloud_sd_configs",
                                ovhcloud_rows},
    [BNC_DISCOVERY_SCALEWAY] = {"scalewaySDConfigs", "scaleway_sd_configs",
                                scaleway_rows},
    [BNC_DISCOVERY_IONOS] = {"ionosSDConfigs", "ionos_sd_configs", ionos_rows},
};

/* ---- what no row can say ------------------------------------------------------- */

static void
wrong(struct bnc_refs *refs, const char *path, const char *part, const char *remedy,
      const char *message)
{
    bnc_diag_add(refs->diags, BNC_REASON_INVALID_FIELD,
                 bnc_arena_fmt(refs->arena, "%s.%s", path, part), remedy, "%s", message);
}

static int
by_name(const void *a, const void *b)
{
    const char *x = bnc_json_get_str(*(cJSON *const *)a, "name");
    const char *y = bnc_json_get_str(*(cJSON *const *)b, "name");
    return strcmp(x == NULL ? "" : x, y == NULL ? "" : y);
}

/* Prometheus has no order of filters: theirs would be that of a map. */
static void
sort_filters(struct bnc_refs *refs, cJSON *entry)
{
    cJSON *filters = bnc_json_get(entry, "filters");
    size_t n = filters == NULL ? 0 : (size_t)cJSON_GetArraySize(filters);
    cJSON **items = bnc_arena_array(refs->arena, n, sizeof(cJSON *));
    size_t i = 0;
    if (n < 2) {
        return;
    }
    for (cJSON *item = filters->child; item != NULL; item = item->next) {
        items[i++] = item;
    }
    bnc_sort((void *)items, n, sizeof(cJSON *), by_name);
    cJSON *sorted = bnc_json_array(refs->arena);
    for (i = 0; i < n; i++) {
        bnc_json_add(sorted, bnc_json_clone(refs->arena, items[i]));
    }
    bnc_json_set_item(refs->arena, entry, "filters", sorted);
}

static void
check_dns(struct bnc_refs *refs, cJSON *entry, const char *path)
{
    const char *type = bnc_json_get_str(entry, "type");
    if (type != NULL && strcmp(type, "SRV") != 0 && bnc_json_get(entry, "port") == NULL) {
        wrong(refs, path, "port", "set it: only SRV records tell one",
              bnc_arena_fmt(refs->arena, "%s records have no port", type));
    }
}

/* Only OAuth, the default, needs the three. */
static void
check_azure(struct bnc_refs *refs, cJSON *entry, const char *path)
{
    static const char *const needed[] = {"tenant_id", "client_id", "client_secret"};
    static const char *const fields[] = {"tenantID", "clientID", "clientSecret"};
    const char *method = bnc_json_get_str(entry, "authentication_method");
    if (method != NULL && strcmp(method, "OAuth") != 0) {
        return;
    }
    for (size_t i = 0; i < BNC_LEN(needed); i++) {
        if (bnc_json_get(entry, needed[i]) == NULL) {
            wrong(refs, path, fields[i], "set it, or another authenticationMethod",
                  "authentication by OAuth needs it");
        }
    }
}

static bool
may_select(const char *role, const char *selected)
{
    bool endpoints = strcmp(role, "endpoints") == 0 || strcmp(role, "endpointslice") == 0;
    return strcmp(role, selected) == 0 ||
           (endpoints &&
            (strcmp(selected, "pod") == 0 || strcmp(selected, "service") == 0));
}

static void
check_kubernetes(struct bnc_refs *refs, cJSON *entry, const char *path)
{
    const char *role = bnc_json_get_str(entry, "role");
    const cJSON *selector;
    size_t i = 0;

    if (bnc_json_get(entry, "api_server") != NULL &&
        bnc_json_get_true(bnc_json_get(entry, "namespaces"), "own_namespace")) {
        wrong(refs, path, "namespaces.ownNamespace", "name the namespaces",
              "with apiServer, Prometheus' own namespace is of another cluster");
    }
    cJSON_ArrayForEach(selector, bnc_json_get(entry, "selectors"))
    {
        const char *selected = bnc_json_get_str(selector, "role");
        if (role != NULL && selected != NULL && !may_select(role, selected)) {
            wrong(
                refs, path, bnc_arena_fmt(refs->arena, "selectors[%zu].role", i),
                "use the role itself; endpoints take pod and service too",
                bnc_arena_fmt(refs->arena, "role %s can't select by %s", role, selected));
        }
        i++;
    }
    bool attaches =
        role != NULL && (strcmp(role, "pod") == 0 || strcmp(role, "endpoints") == 0 ||
                         strcmp(role, "endpointslice") == 0);
    if (!attaches && bnc_json_get(entry, "attach_metadata") != NULL) {
        bnc_diag_warn(refs->diags, BNC_REASON_INVALID_FIELD,
                      bnc_arena_fmt(refs->arena, "%s.attachMetadata", path), "remove it",
                      "it is left out: this role has no nodes");
        (void)bnc_json_remove(entry, "attach_metadata");
    }
}

/* Prometheus refuses two kinds of authentication. */
static void
check_auth(struct bnc_refs *refs, const cJSON *entry, const char *path)
{
    static const char *const names[] = {"basic_auth", "authorization", "oauth2"};
    static const char *const fields[] = {"basicAuth", "authorization", "oauth2"};
    const char *first = NULL;
    for (size_t i = 0; i < BNC_LEN(names); i++) {
        if (bnc_json_get(entry, names[i]) == NULL) {
            continue;
        }
        if (first != NULL) {
            wrong(refs, path, fields[i], "keep one of them",
                  bnc_arena_fmt(refs->arena,
                                "%s and %s are both set, and Prometheus takes one", first,
                                fields[i]));
        }
        first = fields[i];
    }
}

static void (*const checks[BNC_DISCOVERY_COUNT])(struct bnc_refs *, cJSON *,
                                                 const char *) = {
    [BNC_DISCOVERY_DNS] = check_dns,
    [BNC_DISCOVERY_AZURE] = check_azure,
    [BNC_DISCOVERY_KUBERNETES] = check_kubernetes,
};

const cJSON *
bnc_monitor_discovery(struct bnc_refs *refs, const struct bnc_spec_monitor *spec)
{
    cJSON *out = bnc_json_object(refs->arena);

    for (size_t i = 0; i < BNC_DISCOVERY_COUNT; i++) {
        const char *path = bnc_arena_fmt(refs->arena, "spec.%s", kinds[i].field);
        if (spec->discovery[i] == NULL) {
            continue;
        }
        cJSON *list = bnc_translate_list(refs, kinds[i].rows, spec->discovery[i], path);
        cJSON *entry;
        size_t k = 0;
        cJSON_ArrayForEach(entry, list)
        {
            const char *at = bnc_arena_fmt(refs->arena, "%s[%zu]", path, k++);
            check_auth(refs, entry, at);
            sort_filters(refs, entry);
            if (checks[i] != NULL) {
                checks[i](refs, entry, at);
            }
        }
        if (list != NULL) {
            bnc_json_append(refs->arena, out, kinds[i].key, list);
        }
    }
    return out->child == NULL ? NULL : out;
}
