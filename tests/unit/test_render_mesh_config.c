/*
 * MeshConfig as istiod reads it: each protocol's tracer, and the text of the ConfigMap of
 * our own.
 */
#include "tests/unit/test.h"

#include "lib/json.h"
#include "lib/yaml_in.h"
#include "render/mesh_config.h"

static const char *
tree_text(const struct bnc_mesh_wish *wish, struct bnc_arena *arena)
{
    struct bnc_str text = bnc_str_new(arena, 65536);

    bnc_json_print(bnc_mesh_wish_tree(wish, arena), &text);
    return text.ptr;
}

static struct bnc_header_spec headers[] = {
    {"x-scope", "team a", NULL},
    {"x-token", NULL, "TOKEN"},
    {"x-empty", NULL, NULL},
};

#define PORT(n)                                                                          \
    {                                                                                    \
        true, n                                                                          \
    }
#define HEADERS(from)                                                                    \
    {                                                                                    \
        from, BNC_LEN(from), true                                                        \
    }

static const struct {
    const char *name;
    struct bnc_backend_spec backend;
    const char *want; /* the provider without its name */
} backends[] = {
    {"OTLP",
     {.protocol = "OTLP", .service = "jaeger.obs", .port = PORT(4317)},
     "\"opentelemetry\":{\"service\":\"jaeger.obs.svc.cluster.local\",\"port\":4317}"},
    {"OTLP with headers",
     {.protocol = "OTLP",
      .service = "ingest.lightstep.com",
      .port = PORT(443),
      .headers = HEADERS(headers)},
     "\"opentelemetry\":{\"service\":\"ingest.lightstep.com\",\"port\":443,\"grpc\":{"
     "\"initialMetadata\":[{\"name\":\"x-scope\",\"value\":\"team a\"},"
     "{\"name\":\"x-token\",\"envName\":\"TOKEN\"},{\"name\":\"x-empty\","
     "\"value\":\"\"}]}}"},
    {"OTLPHTTP: what makes it HTTP is always there",
     {.protocol = "OTLPHTTP", .service = "tempo.obs", .port = PORT(4318)},
     "\"opentelemetry\":{\"service\":\"tempo.obs.svc.cluster.local\",\"port\":4318,"
     "\"http\":{\"path\":\"/v1/traces\"}}"},
    {"OTLPHTTP with all",
     {.protocol = "OTLPHTTP",
      .service = "tempo.obs.svc.example.org",
      .port = PORT(80),
      .path = "/otlp/v1/traces",
      .headers = {headers, 1, true}},
     "\"opentelemetry\":{\"service\":\"tempo.obs.svc.example.org\",\"port\":80,\"http\":{"
     "\"path\":\"/otlp/v1/traces\",\"headers\":[{\"name\":\"x-scope\",\"value\":"
     "\"team a\"}]}}"},
    {"Zipkin",
     {.protocol = "Zipkin",
      .service = "zipkin.obs",
      .port = PORT(9411),
      .trace_context = "B3"},
     "\"zipkin\":{\"service\":\"zipkin.obs.svc.cluster.local\",\"port\":9411}"},
    {"Zipkin with all",
     {.protocol = "Zipkin",
      .service = "zipkin",
      .port = PORT(80),
      .path = "/spans",
      .trace_context = "B3AndW3C",
      .headers = {headers, 1, true}},
     "\"zipkin\":{\"service\":\"zipkin\",\"port\":80,\"path\":\"/spans\","
     "\"traceContextOption\":\"USE_B3_WITH_W3C_PROPAGATION\",\"headers\":[{\"name\":"
     "\"x-scope\",\"value\":\"team a\"}]}"},
    {"Datadog",
     {.protocol = "Datadog", .service = "agent.datadog", .port = PORT(8126)},
     "\"datadog\":{\"service\":\"agent.datadog.svc.cluster.local\",\"port\":8126}"},
    {"SkyWalking",
     {.protocol = "SkyWalking", .service = "oap.sky", .port = PORT(11800)},
     "\"skywalking\":{\"service\":\"oap.sky.svc.cluster.local\",\"port\":11800}"},
};

TEST(tracers)
{
    for (size_t i = 0; i < BNC_LEN(backends); i++) {
        BNC_AUTO(bnc_arena) arena = bnc_arena_new();
        struct bnc_backend_spec backend = backends[i].backend;
        const struct bnc_mesh_wish wish = {.backends = &backend, .n = 1};
        bnc_test_row(backends[i].name);
        backend.name = "b";
        CHECK_STR(tree_text(&wish, arena),
                  bnc_arena_fmt(arena, "{\"extensionProviders\":[{\"name\":\"b\",%s}]}",
                                backends[i].want));
    }
}

/* Every protocol that an Observatory may say has a tracer. */
TEST(no_protocol_is_forgotten)
{
    static const char *const names[] = {"OTLP", "OTLPHTTP", "Zipkin", "Datadog",
                                        "SkyWalking"};

    for (size_t i = 0; i < BNC_LEN(names); i++) {
        BNC_AUTO(bnc_arena) arena = bnc_arena_new();
        const struct bnc_backend_spec backend = {
            .name = "b", .protocol = names[i], .service = "s.n"};
        const struct bnc_mesh_wish wish = {.backends = &backend, .n = 1};
        bnc_test_row(names[i]);
        CHECK(bnc_backend_port(names[i]) != 0);
        CHECK(bnc_json_get(bnc_mesh_wish_tree(&wish, arena), "extensionProviders") !=
              NULL);
    }
}

TEST(defaults)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    const char *tags[] = {"method", "path"};
    struct bnc_mesh_wish wish = {.keep_metrics = true};

    bnc_test_row("nothing: metrics alone are none of our business");
    CHECK_STR(tree_text(&wish, arena), "{}");
    bnc_test_row("tracing");
    wish.default_tracing = "jaeger";
    CHECK_STR(tree_text(&wish, arena),
              "{\"defaultProviders\":{\"metrics\":[\"prometheus\"],\"tracing\":["
              "\"jaeger\"]}}");
    bnc_test_row("of proxies");
    wish = (struct bnc_mesh_wish){.statsd_address = "statsd.obs:9125",
                                  .extra_stat_tags = {tags, 2, true}};
    CHECK_STR(tree_text(&wish, arena),
              "{\"defaultConfig\":{\"extraStatTags\":[\"method\",\"path\"],"
              "\"statsdUdpAddress\":\"statsd.obs:9125\"}}");
}

TEST(hosts)
{
    static const struct {
        const char *service;
        const char *want;
    } rows[] = {
        {"jaeger.obs", "jaeger.obs.svc.cluster.local"},
        {"jaeger", "jaeger"},
        {"jaeger.obs.svc", "jaeger.obs.svc"},
        {"jaeger.obs.svc.cluster.local", "jaeger.obs.svc.cluster.local"},
        {"ingest.eu.example.com", "ingest.eu.example.com"},
    };

    for (size_t i = 0; i < BNC_LEN(rows); i++) {
        BNC_AUTO(bnc_arena) arena = bnc_arena_new();
        bnc_test_row(rows[i].service);
        CHECK_STR(bnc_mesh_service_host(rows[i].service, arena), rows[i].want);
    }
}

static struct bnc_backend_spec two_backends[] = {
    {.name = "jaeger", .protocol = "OTLP", .service = "jaeger.obs", .port = PORT(4317)},
    {.name = "on",
     .protocol = "OTLPHTTP",
     .service = "tempo.obs",
     .port = PORT(4318),
     .headers = {headers, 2, true}},
};

TEST(text)
{
    static const char want[] =
        "# MeshConfig for istiod with SHARED_MESH_CONFIG, written by binnacle from an "
        "Observatory: edit that one\n"
        "defaultProviders:\n"
        "  metrics:\n"
        "  - prometheus\n"
        "  tracing:\n"
        "  - jaeger\n"
        "extensionProviders:\n"
        "- name: jaeger\n"
        "  opentelemetry:\n"
        "    service: jaeger.obs.svc.cluster.local\n"
        "    port: 4317\n"
        "- name: 'on'\n"
        "  opentelemetry:\n"
        "    service: tempo.obs.svc.cluster.local\n"
        "    port: 4318\n"
        "    http:\n"
        "      path: /v1/traces\n"
        "      headers:\n"
        "      - name: x-scope\n"
        "        value: team a\n"
        "      - name: x-token\n"
        "        envName: TOKEN\n";
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    const struct bnc_mesh_wish wish = {.backends = two_backends,
                                       .n = BNC_LEN(two_backends),
                                       .default_tracing = "jaeger",
                                       .keep_metrics = true};
    struct bnc_bytes out = {0};
    struct bnc_error err = {0};
    struct bnc_yaml_docs docs = {0};

    CHECK_INT(bnc_mesh_config_render(&wish, arena, &out, &err), BNC_OK);
    CHECK_STR(out.ptr, want);
    CHECK_INT(out.len, strlen(want));
    CHECK_INT(bnc_yaml_read(out.ptr, out.len, NULL, arena, &docs, &err), BNC_OK);
    CHECK(bnc_json_equal(docs.items[0].root, bnc_mesh_wish_tree(&wish, arena)));
}

TEST(nothing_is_an_empty_map)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    const struct bnc_mesh_wish wish = {.n = 0};
    struct bnc_bytes out = {0};
    struct bnc_error err = {0};

    CHECK_INT(bnc_mesh_config_render(&wish, arena, &out, &err), BNC_OK);
    CHECK(bnc_str_ends(out.ptr, "edit that one\n{}\n"));
}

TEST(text_that_is_no_text)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    const struct bnc_mesh_wish wish = {.statsd_address = "\xff"};
    struct bnc_bytes out = {0};
    struct bnc_error err = {0};

    CHECK_INT(bnc_mesh_config_render(&wish, arena, &out, &err), BNC_INTERNAL);
    CHECK(out.ptr == NULL);
}

RUN_TESTS(tracers, no_protocol_is_forgotten, defaults, hosts, text,
          nothing_is_an_empty_map, text_that_is_no_text)
