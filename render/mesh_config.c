#include "render/mesh_config.h"

#include <string.h>

#include "lib/json.h"
#include "render/yaml_out.h"

static const char comment[] =
    "# MeshConfig for istiod with SHARED_MESH_CONFIG, written by binnacle from an "
    "Observatory: edit that one\n";

const char *
bnc_mesh_service_host(const char *service, struct bnc_arena *arena)
{
    const char *dot = strchr(service, '.');

    if (dot == NULL || strchr(dot + 1, '.') != NULL) {
        return service;
    }
    return bnc_arena_fmt(arena, "%s.svc.cluster.local", service);
}

static cJSON *
headers(const struct bnc_backend_spec *backend, struct bnc_arena *arena)
{
    const struct bnc_header_spec *specs = backend->headers.items;
    cJSON *list = bnc_json_array(arena);

    for (size_t i = 0; i < backend->headers.n; i++) {
        cJSON *header = bnc_json_object(arena);
        bnc_json_set_str(arena, header, "name", specs[i].name);
        if (specs[i].env_name != NULL) {
            bnc_json_set_str(arena, header, "envName", specs[i].env_name);
        } else {
            bnc_json_set_str(arena, header, "value",
                             specs[i].value == NULL ? "" : specs[i].value);
        }
        bnc_json_add(list, header);
    }
    return list;
}

static void
set_headers(const struct bnc_backend_spec *backend, const char *key, cJSON *into,
            struct bnc_arena *arena)
{
    if (backend->headers.n > 0) {
        bnc_json_set_item(arena, into, key, headers(backend, arena));
    }
}

static void
add_nothing(const struct bnc_backend_spec *backend, cJSON *tracer,
            struct bnc_arena *arena)
{
    BNC_UNUSED(backend);
    BNC_UNUSED(tracer);
    BNC_UNUSED(arena);
}

static void
add_grpc(const struct bnc_backend_spec *backend, cJSON *tracer, struct bnc_arena *arena)
{
    if (backend->headers.n > 0) {
        cJSON *grpc = bnc_json_object(arena);
        set_headers(backend, "initialMetadata", grpc, arena);
        bnc_json_set_item(arena, tracer, "grpc", grpc);
    }
}

/* That `http` is there is what makes it HTTP, so the path is always written. */
static void
add_http(const struct bnc_backend_spec *backend, cJSON *tracer, struct bnc_arena *arena)
{
    cJSON *http = bnc_json_object(arena);

    bnc_json_set_str(arena, http, "path",
                     backend->path == NULL ? bnc_backend_path(backend->protocol)
                                           : backend->path);
    set_headers(backend, "headers", http, arena);
    bnc_json_set_item(arena, tracer, "http", http);
}

/* Each only where it is asked for: older proxies know none of them. */
static void
add_zipkin(const struct bnc_backend_spec *backend, cJSON *tracer, struct bnc_arena *arena)
{
    if (backend->path != NULL) {
        bnc_json_set_str(arena, tracer, "path", backend->path);
    }
    if (bnc_str_eq(backend->trace_context, "B3AndW3C")) {
        bnc_json_set_str(arena, tracer, "traceContextOption",
                         "USE_B3_WITH_W3C_PROPAGATION");
    }
    set_headers(backend, "headers", tracer, arena);
}

/* istio.io/api 1.31, mesh/v1alpha1/config.proto: ExtensionProvider */
static const struct {
    const char *protocol;
    const char *key;
    void (*add)(const struct bnc_backend_spec *backend, cJSON *tracer,
                struct bnc_arena *arena);
} tracers[] = {
    {"OTLP", "opentelemetry", add_grpc},       {"OTLPHTTP", "opentelemetry", add_http},
    {"Zipkin", "zipkin", add_zipkin},          {"Datadog", "datadog", add_nothing},
    {"SkyWalking", "skywalking", add_nothing},
};

static void
add_provider(const struct bnc_backend_spec *backend, cJSON *list, struct bnc_arena *arena)
{
    if (backend->name == NULL || backend->service == NULL) {
        return; /* decoding has said so */
    }
    for (size_t i = 0; i < BNC_LEN(tracers); i++) {
        if (!bnc_str_eq(tracers[i].protocol, backend->protocol)) {
            continue;
        }
        cJSON *tracer = bnc_json_object(arena);
        bnc_json_set_str(arena, tracer, "service",
                         bnc_mesh_service_host(backend->service, arena));
        bnc_json_set_int(arena, tracer, "port", backend->port.value);
        tracers[i].add(backend, tracer, arena);

        cJSON *provider = bnc_json_object(arena);
        bnc_json_set_str(arena, provider, "name", backend->name);
        bnc_json_set_item(arena, provider, tracers[i].key, tracer);
        bnc_json_add(list, provider);
    }
}

static cJSON *
texts(const struct bnc_texts *from, struct bnc_arena *arena)
{
    cJSON *list = bnc_json_array(arena);

    for (size_t i = 0; i < from->n; i++) {
        bnc_json_add(list, bnc_json_str(arena, from->items[i]));
    }
    return list;
}

static cJSON *
only(const char *text, struct bnc_arena *arena)
{
    cJSON *list = bnc_json_array(arena);

    bnc_json_add(list, bnc_json_str(arena, text));
    return list;
}

static void
add_default_config(const struct bnc_mesh_wish *wish, cJSON *tree, struct bnc_arena *arena)
{
    if (wish->statsd_address == NULL && wish->extra_stat_tags.n == 0) {
        return;
    }
    cJSON *config = bnc_json_object(arena);
    if (wish->extra_stat_tags.n > 0) {
        bnc_json_set_item(arena, config, "extraStatTags",
                          texts(&wish->extra_stat_tags, arena));
    }
    if (wish->statsd_address != NULL) {
        bnc_json_set_str(arena, config, "statsdUdpAddress", wish->statsd_address);
    }
    bnc_json_set_item(arena, tree, "defaultConfig", config);
}

static void
add_default_providers(const struct bnc_mesh_wish *wish, cJSON *tree,
                      struct bnc_arena *arena)
{
    if (wish->default_tracing == NULL) {
        return;
    }
    cJSON *providers = bnc_json_object(arena);
    if (wish->keep_metrics) {
        bnc_json_set_item(arena, providers, "metrics", only("prometheus", arena));
    }
    bnc_json_set_item(arena, providers, "tracing", only(wish->default_tracing, arena));
    bnc_json_set_item(arena, tree, "defaultProviders", providers);
}

cJSON *
bnc_mesh_wish_tree(const struct bnc_mesh_wish *wish, struct bnc_arena *arena)
{
    cJSON *tree = bnc_json_object(arena);
    cJSON *providers = bnc_json_array(arena);

    add_default_config(wish, tree, arena);
    add_default_providers(wish, tree, arena);
    for (size_t i = 0; i < wish->n; i++) {
        add_provider(&wish->backends[i], providers, arena);
    }
    if (providers->child != NULL) {
        bnc_json_set_item(arena, tree, "extensionProviders", providers);
    }
    return tree;
}

enum bnc_code
bnc_mesh_config_render(const struct bnc_mesh_wish *wish, struct bnc_arena *arena,
                       struct bnc_bytes *out, struct bnc_error *err)
{
    const cJSON *tree = bnc_mesh_wish_tree(wish, arena);
    const cJSON *item;
    struct bnc_bytes body;
    struct bnc_yaml y;

    bnc_yaml_start(&y, BNC_YAML_ROOT_MAP, 0, BNC_MESH_CONFIG_MAX, arena);
    cJSON_ArrayForEach(item, tree)
    {
        bnc_yaml_tree(&y, item->string, item);
    }
    if (bnc_yaml_finish(&y, &body, err)) {
        return bnc_wrap(err, "mesh configuration");
    }
    struct bnc_str text = bnc_str_new(arena, BNC_MESH_CONFIG_MAX + sizeof(comment));
    bnc_str_puts(&text, comment);
    bnc_str_add(&text, body.ptr, body.len);
    *out = (struct bnc_bytes){text.ptr, text.len};
    return BNC_OK;
}
