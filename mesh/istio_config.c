/* The mesh's configuration and a proxy's own, read as istiod's protobuf does. */
#include <stdlib.h>
#include <string.h>

#include "lib/units.h"
#include "lib/yaml_in.h"
#include "mesh/istio.h"

#define TEXT_MAX_BYTES ((size_t)2 << 20) /* an object of the API server has no more */
#define NODES_MAX      200000
#define PORT_MAX       65535
#define UINT32_TOP     INT64_C(4294967295)

/* An object of the text, and where it stands, for what is said about it. */
struct place {
    const cJSON *object; /* NULL: not there */
    const char *path;    /* "defaultConfig.tracing.", "" at the top */
    struct bnc_arena *arena;
    struct bnc_error *err; /* its code is set by the first wrong type */
};

/* A field by both its names; null counts as not there. */
struct name {
    const char *camel;
    const char *snake; /* NULL: the same */
};

static const cJSON *
field(const struct place *at, struct name name)
{
    const cJSON *item = bnc_json_get(at->object, name.camel);
    if (item == NULL && name.snake != NULL) {
        item = bnc_json_get(at->object, name.snake);
    }
    return cJSON_IsNull(item) ? NULL : item;
}

static void
wrong(const struct place *at, const char *name, const char *what)
{
    if (at->err->code == BNC_OK) {
        (void)bnc_fail(at->err, BNC_INVALID, "%s%s is no %s", at->path, name, what);
    }
}

static const char *
get_text(const struct place *at, struct name name)
{
    const cJSON *item = field(at, name);
    if (item != NULL && !cJSON_IsString(item)) {
        wrong(at, name.camel, "text");
        return NULL;
    }
    return item == NULL ? NULL : item->valuestring;
}

static enum bnc_tri
get_bool(const struct place *at, struct name name)
{
    const cJSON *item = field(at, name);
    if (item != NULL && !cJSON_IsBool(item)) {
        wrong(at, name.camel, "boolean");
        return BNC_UNSET;
    }
    return item == NULL ? BNC_UNSET : cJSON_IsTrue(item) ? BNC_TRUE : BNC_FALSE;
}

/* A number, which may stand in quotes; NULL: it is not there, or none. */
static const cJSON *
get_number(const struct place *at, struct name name)
{
    const cJSON *item = field(at, name);
    struct bnc_error ignored = {0};
    cJSON *quoted = NULL;
    if (cJSON_IsString(item) &&
        bnc_json_parse(at->arena, item->valuestring, strlen(item->valuestring), &quoted,
                       &ignored) == BNC_OK) {
        item = quoted;
    }
    if (item != NULL && !bnc_json_is_number(item)) {
        wrong(at, name.camel, "number");
        return NULL;
    }
    return item;
}

static int64_t
get_port(const struct place *at)
{
    const cJSON *item = get_number(at, (struct name){"port", NULL});
    int64_t port = 0;
    if (item != NULL &&
        (!bnc_json_to_int(item, &port) || port < 0 || port > UINT32_TOP)) {
        wrong(at, "port", "number of 32 bits");
    }
    return port;
}

static struct place
get_object(const struct place *at, struct name name)
{
    const cJSON *item = field(at, name);
    if (item != NULL && !cJSON_IsObject(item)) {
        wrong(at, name.camel, "object");
        item = NULL;
    }
    return (struct place){item, bnc_arena_fmt(at->arena, "%s%s.", at->path, name.camel),
                          at->arena, at->err};
}

static const cJSON *
get_list(const struct place *at, struct name name)
{
    const cJSON *item = field(at, name);
    if (item != NULL && !cJSON_IsArray(item)) {
        wrong(at, name.camel, "list");
        return NULL;
    }
    return item;
}

/* ---- a proxy's configuration --------------------------------------------------- */

static bool
host_valid(const char *host, size_t n, struct bnc_arena *arena)
{
    bool bracketed = n > 2 && host[0] == '[' && host[n - 1] == ']';
    if (bracketed) {
        return strspn(host + 1, "0123456789abcdefABCDEF:.") == n - 2;
    }
    char *name = bnc_arena_strndup(arena, host, n);
    for (char *c = name; *c != '\0'; c++) {
        *c = (char)(*c >= 'A' && *c <= 'Z' ? *c - 'A' + 'a' : *c);
    }
    if (n > 1 && name[n - 1] == '.') {
        name[n - 1] = '\0';
    }
    return bnc_dns_subdomain_valid(name);
}

/* host:port, which istiod checks; it does so only in the mesh configuration. */
static void
check_address(const struct place *at, const char *name, const char *address)
{
    if (address == NULL || address[0] == '\0') {
        return;
    }
    const char *colon = strrchr(address, ':');
    const char *port = colon == NULL ? "" : colon + 1;
    size_t n = strspn(port, "0123456789");
    long value = n > 0 && n <= 5 && port[n] == '\0' ? strtol(port, NULL, 10) : 0;
    if (value < 1 || value > PORT_MAX ||
        !host_valid(address, (size_t)(colon - address), at->arena)) {
        wrong(at, name, "HOST:PORT");
    }
}

static const cJSON *
get_tags(const struct place *tracing)
{
    static const struct name kinds[] = {
        {"literal", NULL}, {"environment", NULL}, {"header", NULL}};
    const struct name name = {"customTags", "custom_tags"};
    struct place tags = get_object(tracing, name);
    const cJSON *tag;
    cJSON_ArrayForEach(tag, tags.object)
    {
        struct place at = get_object(&tags, (struct name){tag->string, NULL});
        for (size_t i = 0; i < BNC_LEN(kinds); i++) {
            (void)get_object(&at, kinds[i]);
        }
    }
    return tags.object;
}

static const struct name statsd_name = {"statsdUdpAddress", "statsd_udp_address"};

static void
read_proxy_config(const struct place *at, struct bnc_proxy_config *out)
{
    struct place tracing = get_object(at, (struct name){"tracing", NULL});
    const cJSON *sampling = get_number(&tracing, (struct name){"sampling", NULL});
    bool is_zero = cJSON_IsNumber(sampling) && !(sampling->valuedouble > 0) &&
                   !(sampling->valuedouble < 0);

    out->has_tracing = tracing.object != NULL;
    out->sampling.set = sampling != NULL && !is_zero &&
                        bnc_rate_from_json(sampling, at->arena, &out->sampling.value);
    out->custom_tags = get_tags(&tracing);
    out->statsd_address = get_text(at, statsd_name);
}

/* The first document; NULL for an empty text.  Not NULL only for an object. */
static enum bnc_code
read_text(const char *text, size_t len, struct bnc_arena *arena, const cJSON **out,
          struct bnc_error *err)
{
    struct bnc_yaml_limits limits = BNC_YAML_LIMITS_DEFAULT;
    struct bnc_yaml_docs docs = {0};

    limits.max_bytes = TEXT_MAX_BYTES;
    limits.max_nodes = NODES_MAX;
    if (bnc_yaml_read(text, len, &limits, arena, &docs, err)) {
        return err->code;
    }
    const cJSON *root = docs.n == 0 ? NULL : docs.items[0].root;
    root = cJSON_IsNull(root) ? NULL : root;
    if (root != NULL && !cJSON_IsObject(root)) {
        return bnc_fail(err, BNC_INVALID, "the configuration is no object");
    }
    *out = root;
    return BNC_OK;
}

enum bnc_code
bnc_proxy_config_parse(const char *text, size_t len, struct bnc_arena *arena,
                       struct bnc_proxy_config *out, struct bnc_error *err)
{
    struct bnc_error found = {0};
    struct place at = {.path = "", .arena = arena, .err = &found};
    struct bnc_proxy_config config = {0};

    *out = config;
    if (read_text(text, len, arena, &at.object, err)) {
        return err->code;
    }
    read_proxy_config(&at, &config);
    if (found.code != BNC_OK) {
        *err = found;
        return err->code;
    }
    *out = config;
    return BNC_OK;
}

/* ---- the mesh's ---------------------------------------------------------------- */

/* Of several the last one counts, in the order of protobuf's declaration. */
static const struct {
    struct name name;
    bool has_service;
} provider_types[] = {
    {{"envoyExtAuthzHttp", "envoy_ext_authz_http"}, true},
    {{"envoyExtAuthzGrpc", "envoy_ext_authz_grpc"}, true},
    {{"zipkin", NULL}, true},
    {{"lightstep", NULL}, true},
    {{"datadog", NULL}, true},
    {{"stackdriver", NULL}, false},
    {{"opencensus", NULL}, true},
    {{"skywalking", NULL}, true},
    {{"opentelemetry", NULL}, true},
    {{"prometheus", NULL}, false},
    {{"envoyFileAccessLog", "envoy_file_access_log"}, false},
    {{"envoyHttpAls", "envoy_http_als"}, true},
    {{"envoyTcpAls", "envoy_tcp_als"}, true},
    {{"envoyOtelAls", "envoy_otel_als"}, true},
    {{"sds", NULL}, false},
};

static void
read_provider(const struct place *at, struct bnc_provider *out)
{
    const char *name = get_text(at, (struct name){"name", NULL});
    out->name = name == NULL ? "" : name;
    out->type = "";
    for (size_t i = 0; i < BNC_LEN(provider_types); i++) {
        struct place type = get_object(at, provider_types[i].name);
        if (type.object == NULL) {
            continue;
        }
        out->type = provider_types[i].name.camel;
        out->service = NULL;
        out->port = 0;
        if (provider_types[i].has_service) {
            out->service = get_text(&type, (struct name){"service", NULL});
            out->port = get_port(&type);
        }
        const struct name sampler = {"dynatraceSampler", "dynatrace_sampler"};
        out->own_sampler = strcmp(out->type, "opentelemetry") == 0 &&
                           get_object(&type, sampler).object != NULL;
    }
}

static void
read_providers(const struct place *at, struct bnc_mesh_config *out)
{
    const struct name name = {"extensionProviders", "extension_providers"};
    const cJSON *list = get_list(at, name);
    size_t n = list == NULL ? 0 : (size_t)cJSON_GetArraySize(list);

    out->providers = bnc_arena_array(at->arena, n, sizeof(*out->providers));
    const cJSON *item;
    cJSON_ArrayForEach(item, list)
    {
        const char *path =
            bnc_arena_fmt(at->arena, "extensionProviders[%zu]", out->n_providers);
        struct place one = {item, bnc_arena_fmt(at->arena, "%s.", path), at->arena,
                            at->err};
        if (!cJSON_IsObject(item) && !cJSON_IsNull(item)) {
            wrong(at, path, "object");
        }
        read_provider(&one, &out->providers[out->n_providers++]);
    }
}

static struct bnc_texts
get_names(const struct place *at, const char *key, const char *snake)
{
    struct bnc_texts out = {0};
    const cJSON *list = get_list(at, (struct name){key, snake});
    if (list == NULL) {
        return out;
    }
    size_t n = (size_t)cJSON_GetArraySize(list);
    out.items = bnc_arena_array(at->arena, n, sizeof(*out.items));
    out.set = true;
    const cJSON *item;
    cJSON_ArrayForEach(item, list)
    {
        if (!cJSON_IsString(item) && !cJSON_IsNull(item)) {
            wrong(at, key, "list of texts");
        }
        out.items[out.n++] = cJSON_IsString(item) ? item->valuestring : "";
    }
    return out;
}

static void
read_default_providers(const struct place *at, struct bnc_mesh_config *out)
{
    struct bnc_texts tracing = get_names(at, "tracing", NULL);

    (void)get_names(at, "accessLogging", "access_logging");
    out->has_default_providers = at->object != NULL;
    out->says_tracing = tracing.set;
    out->default_tracing = tracing.n > 0 ? tracing.items[0] : NULL;
    out->metrics = get_names(at, "metrics", NULL);
    if (out->metrics.set) {
        out->default_metrics = out->metrics.n > 0 ? BNC_TRUE : BNC_FALSE;
    }
}

/* In snake_case these two are checked, and then forgotten by istiod's merge. */
static void
read_defaults(const struct place *at, struct bnc_mesh_config *out)
{
    static const struct name config = {"defaultConfig", "default_config"};
    static const struct name providers = {"defaultProviders", "default_providers"};
    struct place proxy_place = get_object(at, config);
    struct place providers_place = get_object(at, providers);
    struct bnc_proxy_config proxy = {0};
    struct bnc_mesh_config forgotten = {0};

    read_default_providers(
        &providers_place,
        bnc_json_get(at->object, providers.camel) != NULL ? out : &forgotten);
    read_proxy_config(&proxy_place, &proxy);
    if (bnc_json_get(at->object, config.camel) != NULL) {
        check_address(&proxy_place, statsd_name.camel, proxy.statsd_address);
        out->has_tracing = proxy.has_tracing;
        out->sampling = proxy.sampling;
        out->custom_tags = proxy.custom_tags;
        out->statsd_address = proxy.statsd_address;
    }
}

static void
read_mesh(const struct place *at, struct bnc_mesh_config *out)
{
    out->valid = true;
    read_providers(at, out);
    read_defaults(at, out);
    out->enable_tracing = get_bool(at, (struct name){"enableTracing", "enable_tracing"});
    out->root_namespace = get_text(at, (struct name){"rootNamespace", "root_namespace"});
}

enum bnc_code
bnc_mesh_config_parse(const char *text, size_t len, struct bnc_arena *arena,
                      struct bnc_mesh_config *out, struct bnc_error *err)
{
    struct bnc_error found = {0};
    struct place at = {.path = "", .arena = arena, .err = &found};
    struct bnc_mesh_config config = {0};

    *out = config;
    if (read_text(text, len, arena, &at.object, err)) {
        return err->code;
    }
    read_mesh(&at, &config);
    if (found.code != BNC_OK) {
        *err = found;
        return err->code;
    }
    *out = config;
    return BNC_OK;
}
