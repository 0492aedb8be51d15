/* The mesh's configuration and a proxy's own: reading, and the measured group j and i. */
#include "tests/unit/istio_world.h"

#define P(name, host)                                                                    \
    "extensionProviders: [{name: " name ", zipkin: {service: " host ", port: 9411}}]\n"
#define OTEL                                                                             \
    "extensionProviders: [{name: otel, opentelemetry: {service: otel.obs, port: "        \
    "4317}}]\n"
#define DEFAULT_TRACING(p) "defaultProviders: {tracing: [" p "]}\n"
#define SHARED_ZIP         DEFAULT_TRACING("zip") P("zip", "zipkin.obs")

static const struct {
    const char *name;
    const char *want; /* type of the tracer, rate, metrics */
    struct world world;
} merges[] = {
    {"j: provider and default in SHARED_MESH_CONFIG, chart's ConfigMap untouched",
     "zipkin 1 metrics",
     {.main = CHART, .shared = SHARED_ZIP}},
    {"j: the same, changed to otel",
     "opentelemetry 1 metrics",
     {.main = CHART, .shared = DEFAULT_TRACING("otel") OTEL}},
    {"j: main tracing default otel, shared zip: main",
     "opentelemetry 1",
     {.main = DEFAULT_TRACING("otel") OTEL, .shared = SHARED_ZIP}},
    {"j: provider zip in both, the main one points nowhere: main",
     "off metrics",
     {.main = CHART P("zip", "nowhere.obs"), .shared = SHARED_ZIP}},
    {"j: shared defaultConfig sampling 7, new pods",
     "bootstrap 7 metrics",
     {.main = CHART,
      .shared = "defaultConfig: {tracing: {sampling: 7}}\n",
      .new_pods = true}},
    {"j: main sampling 8, shared 7, new pods",
     "bootstrap 8 metrics",
     {.main = CHART "defaultConfig: {tracing: {sampling: 8}}\n",
      .shared = "defaultConfig: {tracing: {sampling: 7}}\n",
      .new_pods = true}},
    {"main tracing without sampling replaces shared 7 whole",
     "bootstrap 1 metrics",
     {.main = CHART "defaultConfig: {tracing: {maxPathTagLength: 9}}\n",
      .shared = "defaultConfig: {tracing: {sampling: 7}}\n",
      .new_pods = true}},
    {"main defaultConfig without tracing leaves shared 7",
     "bootstrap 7 metrics",
     {.main = CHART "defaultConfig: {concurrency: 2, tracing: null}\n",
      .shared = "defaultConfig: {tracing: {sampling: 7}}\n",
      .new_pods = true}},
    {"j: shared one has an unknown field: the rest counts",
     "zipkin 1 metrics",
     {.main = CHART, .shared = "noSuchField: {a: [1]}\n" SHARED_ZIP}},
    {"j: shared one has a wrong type: as if empty",
     "bootstrap 1 metrics",
     {.main = CHART, .shared = "enableTracing: 5\n" SHARED_ZIP}},
    {"j: main one has a wrong type beside a shared one: as if empty, metrics gone",
     "zipkin 1",
     {.main = CHART "enableTracing: text\n", .shared = SHARED_ZIP}},
    {"j: main one has a wrong type, no shared one, istiod restarts: no istio_* metrics",
     "bootstrap 1",
     {.main = CHART "enableTracing: text\n"}},
    {"i: defaultProviders without metrics: no istio_* metrics",
     "zipkin 1",
     {.main = SHARED_ZIP}},
    {"no configuration at all", "bootstrap 1", {0}},
    {"an empty list of main takes shared metrics away",
     "bootstrap 1",
     {.main = "defaultProviders: {metrics: []}\n", .shared = CHART}},
    {"an empty list of main takes the shared tracer away",
     "bootstrap 1 metrics",
     {.main = "defaultProviders: {tracing: [], metrics: [Prometheus]}\n",
      .shared = SHARED_ZIP}},
    {"metrics of another kind",
     "bootstrap 1",
     {.main = "defaultProviders: {metrics: [envoy, x]}\n"}},
    {"the name prometheus may be anything",
     "bootstrap 1",
     {.main = CHART P("prometheus", "z.obs")}},
    {"names that differ in case are two: the first is found",
     "zipkin 1",
     {.main = DEFAULT_TRACING("zip") "extensionProviders: [{name: ZIP, opentelemetry: "
                                     "{service: o.obs, port: 1}}]\n",
      .shared = P("zip", "zipkin.obs")}},
    {"the same name twice in one list: the last",
     "opentelemetry 1",
     {.main = DEFAULT_TRACING(
          "a") "extensionProviders:\n- {name: a, zipkin: {service: z.obs, port: 1}}\n"
               "- {name: a, opentelemetry: {service: o.obs, port: 1}}\n"}},
    {"enableTracing of main over shared",
     "bootstrap 1",
     {.main = "enableTracing: true\n", .shared = "enableTracing: false\n"}},
    {"enableTracing of the shared one", "off", {.shared = "enable_tracing: off\n"}},
    {"snake_case of providers counts",
     "off",
     {.main =
          "defaultProviders: {tracing: [zip]}\n"
          "extension_providers: [{name: zip, zipkin: {service: nowhere, port: 1}}]\n"}},
    {"snake_case of default_providers is forgotten by istiod",
     "bootstrap 1",
     {.main = "default_providers: {tracing: [zip], metrics: [prometheus]}\n"}},
    {"snake_case of default_config is forgotten by istiod",
     "bootstrap 1",
     {.main = "default_config: {tracing: {sampling: 7}}\n", .new_pods = true}},
};

TEST(merged)
{
    for (size_t i = 0; i < BNC_LEN(merges); i++) {
        struct made_world w;
        bnc_test_row(merges[i].name);
        world_make(&w, &merges[i].world);
        struct bnc_rate_answers answers = world_ask(&w, "web");
        const struct bnc_rate_answer *a = &answers.outbound;
        const char *type = a->provider == NULL
                               ? "bootstrap"
                               : bnc_provider_find(&w.mesh, a->provider)->type;
        const char *got =
            bnc_arena_fmt(w.arena, "%s%s%s%s", a->off == BNC_RATE_ON ? type : "off",
                          a->off == BNC_RATE_ON ? " " : "",
                          a->off == BNC_RATE_ON ? bnc_rate_text(a->rate, w.arena) : "",
                          bnc_mesh_metrics_on(&w.mesh) ? " metrics" : "");
        CHECK_STR(got, merges[i].want);
        world_free(&w);
    }
}

/* ---- what is refused --------------------------------------------------------------- */

static const struct {
    const char *text;
    const char *wrong; /* message; NULL: it is taken */
} texts[] = {
    {"", NULL},
    {"~", NULL},
    {"# nothing", NULL},
    {"{}", NULL},
    {"[]", "the configuration is no object"},
    {"text", "the configuration is no object"},
    {"a: [", "line "},
    {"unknown: 5\nother: [{}]", NULL},
    {"enableTracing: null\nrootNamespace: ~\ndefaultConfig: ~\nextensionProviders: ~",
     NULL},
    {"enableTracing: yes", NULL},
    {"enableTracing: 'true'", "enableTracing is no boolean"},
    {"enable_tracing: 1", "enableTracing is no boolean"},
    {"enable_tracing: 1\nenableTracing: true", NULL},
    {"rootNamespace: 5", "rootNamespace is no text"},
    {"defaultConfig: text", "defaultConfig is no object"},
    {"default_config: text", "defaultConfig is no object"},
    {"defaultConfig: {tracing: []}", "defaultConfig.tracing is no object"},
    {"defaultConfig: {tracing: {sampling: many}}",
     "defaultConfig.tracing.sampling is no number"},
    {"defaultConfig: {tracing: {sampling: true}}",
     "defaultConfig.tracing.sampling is no number"},
    {"defaultConfig: {tracing: {sampling: '7'}}", NULL},
    {"defaultConfig: {tracing: {sampling: '+7'}}",
     "defaultConfig.tracing.sampling is no number"},
    {"defaultConfig: {tracing: {sampling: ''}}",
     "defaultConfig.tracing.sampling is no number"},
    {"defaultConfig: {tracing: {customTags: [a]}}",
     "defaultConfig.tracing.customTags is no object"},
    {"defaultConfig: {tracing: {custom_tags: {a: 1}}}",
     "defaultConfig.tracing.customTags.a is no object"},
    {"defaultConfig: {tracing: {customTags: {a: {literal: 1}}}}",
     "defaultConfig.tracing.customTags.a.literal is no object"},
    {"defaultConfig: {tracing: {customTags: {a: null, b: {}}}}", NULL},
    {"defaultConfig: {statsdUdpAddress: 9125}",
     "defaultConfig.statsdUdpAddress is no text"},
    {"defaultConfig: {statsdUdpAddress: statsd}",
     "defaultConfig.statsdUdpAddress is no HOST:PORT"},
    {"defaultConfig: {statsdUdpAddress: 'statsd:0'}",
     "defaultConfig.statsdUdpAddress is no HOST:PORT"},
    {"defaultConfig: {statsdUdpAddress: 'statsd:65536'}",
     "defaultConfig.statsdUdpAddress is no HOST:PORT"},
    {"defaultConfig: {statsdUdpAddress: 'stats_d:9125'}",
     "defaultConfig.statsdUdpAddress is no HOST:PORT"},
    {"defaultConfig: {statsdUdpAddress: ':9125'}",
     "defaultConfig.statsdUdpAddress is no HOST:PORT"},
    {"defaultConfig: {statsdUdpAddress: '::1:9125'}",
     "defaultConfig.statsdUdpAddress is no HOST:PORT"},
    {"defaultConfig: {statsdUdpAddress: 'Statsd.obs.:9125'}", NULL},
    {"defaultConfig: {statsdUdpAddress: '10.0.0.1:9125'}", NULL},
    {"defaultConfig: {statsdUdpAddress: '[::1]:9125'}", NULL},
    {"defaultConfig: {statsdUdpAddress: ''}", NULL},
    {"default_config: {statsdUdpAddress: statsd}", NULL},
    {"defaultProviders: [zip]", "defaultProviders is no object"},
    {"defaultProviders: {tracing: zip}", "defaultProviders.tracing is no list"},
    {"defaultProviders: {tracing: [5]}", "defaultProviders.tracing is no list of texts"},
    {"defaultProviders: {tracing: [null]}", NULL},
    {"defaultProviders: {metrics: prometheus}", "defaultProviders.metrics is no list"},
    {"defaultProviders: {accessLogging: {}}",
     "defaultProviders.accessLogging is no list"},
    {"default_providers: {tracing: zip}", "defaultProviders.tracing is no list"},
    {"extensionProviders: {name: zip}", "extensionProviders is no list"},
    {"extensionProviders: [null]", NULL},
    {"extensionProviders: [{}, zip]", "extensionProviders[1] is no object"},
    {"extensionProviders: [{name: 5}]", "extensionProviders[0].name is no text"},
    {"extensionProviders: [{name: a, zipkin: text}]",
     "extensionProviders[0].zipkin is no object"},
    {"extensionProviders: [{name: a, zipkin: {service: 5}}]",
     "extensionProviders[0].zipkin.service is no text"},
    {"extensionProviders: [{name: a, zipkin: {port: '9411'}}]", NULL},
    {"extensionProviders: [{name: a, zipkin: {port: -1}}]",
     "extensionProviders[0].zipkin.port is no number of 32 bits"},
    {"extensionProviders: [{name: a, zipkin: {port: 4294967296}}]",
     "extensionProviders[0].zipkin.port is no number of 32 bits"},
    {"extensionProviders: [{name: a, zipkin: {port: 1.5}}]",
     "extensionProviders[0].zipkin.port is no number of 32 bits"},
    {"extensionProviders: [{name: a, zipkin: {port: many}}]",
     "extensionProviders[0].zipkin.port is no number"},
    {"extensionProviders: [{name: a, opentelemetry: {dynatraceSampler: 1}}]",
     "extensionProviders[0].opentelemetry.dynatraceSampler is no object"},
    {"extensionProviders: [{name: a, envoy_otel_als: 5}]",
     "extensionProviders[0].envoyOtelAls is no object"},
};

TEST(refused)
{
    struct bnc_arena *arena = bnc_arena_new();
    for (size_t i = 0; i < BNC_LEN(texts); i++) {
        struct bnc_mesh_config config;
        struct bnc_error err = {0};
        bnc_test_row(texts[i].text);
        enum bnc_code code = bnc_mesh_config_parse(texts[i].text, strlen(texts[i].text),
                                                   arena, &config, &err);
        CHECK_INT(code, texts[i].wrong == NULL ? BNC_OK : BNC_INVALID);
        CHECK_INT(err.code, code);
        CHECK_INT(config.valid, texts[i].wrong == NULL);
        if (texts[i].wrong != NULL) {
            CHECK_INT(config.n_providers, 0);
            CHECK(strncmp(err.message, texts[i].wrong, strlen(texts[i].wrong)) == 0);
        }
    }
    bnc_arena_free(arena);
}

/* ---- every field ------------------------------------------------------------------- */

TEST(all_fields)
{
    static const char text[] =
        "defaultProviders: {tracing: [zip, own], metrics: [prometheus, sd]}\n"
        "enableTracing: false\n"
        "rootNamespace: mesh-root\n"
        "defaultConfig:\n"
        "  statsd_udp_address: statsd.obs:9125\n"
        "  tracing: {sampling: 7.5, custom_tags: {c: {literal: {value: '3'}}}}\n"
        "extensionProviders:\n"
        "- {name: zip, zipkin: {service: obs/zipkin.obs.svc.cluster.local, port: 9411}}\n"
        "- {name: own, opentelemetry: {service: dt.obs, port: 443, dynatrace_sampler: "
        "{}}}\n"
        "- {name: none}\n"
        "- {name: two, sds: {name: x, service: y}, envoyHttpAls: {service: als, port: "
        "1}}\n";
    struct bnc_arena *arena = bnc_arena_new();
    struct bnc_mesh_config c;
    struct bnc_error err = {0};

    CHECK_INT(bnc_mesh_config_parse(text, strlen(text), arena, &c, &err), BNC_OK);
    CHECK(c.valid && c.says_tracing && c.has_default_providers && c.has_tracing);
    CHECK_STR(c.default_tracing, "zip");
    CHECK_INT(c.default_metrics, BNC_TRUE);
    CHECK_INT(c.metrics.n, 2);
    CHECK_STR(c.metrics.items[1], "sd");
    CHECK_INT(c.enable_tracing, BNC_FALSE);
    CHECK_STR(c.root_namespace, "mesh-root");
    CHECK(c.sampling.set);
    CHECK_INT(c.sampling.value, 75000);
    CHECK(bnc_json_get(c.custom_tags, "c") != NULL);
    CHECK_STR(c.statsd_address, "statsd.obs:9125");
    CHECK_INT(c.n_providers, 4);
    CHECK_STR(c.providers[0].name, "zip");
    CHECK_STR(c.providers[0].type, "zipkin");
    CHECK_STR(c.providers[0].service, "obs/zipkin.obs.svc.cluster.local");
    CHECK_INT(c.providers[0].port, 9411);
    CHECK(!c.providers[0].own_sampler);
    CHECK(c.providers[1].own_sampler);
    CHECK_STR(c.providers[2].type, "");
    CHECK(c.providers[2].service == NULL);
    CHECK_STR(c.providers[3].type, "sds");
    CHECK(c.providers[3].service == NULL);

    CHECK_INT(bnc_mesh_config_parse("", 0, arena, &c, &err), BNC_OK);
    CHECK(c.valid && !c.says_tracing && !c.has_default_providers && !c.has_tracing);
    CHECK_INT(c.default_metrics, BNC_UNSET);
    CHECK_INT(c.enable_tracing, BNC_UNSET);
    CHECK(c.root_namespace == NULL && c.default_tracing == NULL && !c.sampling.set);
    bnc_arena_free(arena);
}

TEST(merged_rest)
{
    struct bnc_arena *arena = bnc_arena_new();
    const struct bnc_mesh_config *shared = world_config(
        arena, "rootNamespace: a\ndefaultConfig: {statsdUdpAddress: 's:1', tracing: "
               "{sampling: 7}}\n");
    const struct bnc_mesh_config *bad = world_config(arena, "rootNamespace: 5");
    struct bnc_mesh_config m;

    bnc_mesh_config_merge(NULL, NULL, arena, &m);
    CHECK(m.valid && m.root_namespace == NULL && m.statsd_address == NULL);
    CHECK_INT(m.enable_tracing, BNC_TRUE);
    CHECK_INT(m.n_providers, 3);
    CHECK_STR(bnc_provider_find(&m, "PROMETHEUS")->type, "prometheus");
    CHECK_STR(bnc_provider_find(&m, "stackdriver")->type, "stackdriver");
    CHECK_STR(bnc_provider_find(&m, "envoy")->type, "envoyFileAccessLog");
    CHECK(bnc_provider_find(&m, "zip") == NULL);

    bnc_mesh_config_merge(shared, bad, arena, &m);
    CHECK(!m.valid);
    CHECK_STR(m.root_namespace, "a");
    CHECK_STR(m.statsd_address, "s:1");
    bnc_mesh_config_merge(bad, shared, arena, &m);
    CHECK(!m.valid);
    CHECK_STR(m.root_namespace, "a");
    bnc_mesh_config_merge(
        shared,
        world_config(arena, "rootNamespace: b\ndefaultConfig: {statsdUdpAddress: 't:2'}"),
        arena, &m);
    CHECK(m.valid && m.sampling.set);
    CHECK_STR(m.root_namespace, "b");
    CHECK_STR(m.statsd_address, "t:2");
    bnc_mesh_config_merge(
        shared, world_config(arena, "defaultConfig: {statsdUdpAddress: ''}"), arena, &m);
    CHECK(m.statsd_address == NULL);
    bnc_arena_free(arena);
}

/* ---- a proxy's own ------------------------------------------------------------------
 */

static const struct {
    const char *name;
    const char *annotation; /* over sampling 7, a tag, statsd s:1; NULL: none */
    const char *rate;       /* NULL: unset */
    const char *statsd;
    bool tags;
} proxies[] = {
    {"none", NULL, "7", "s:1", true},
    {"empty", "", "7", "s:1", true},
    {"something else", "concurrency: 3\nunknownKey: 1", "7", "s:1", true},
    {"tracing is replaced whole", "tracing: {sampling: 33}", "33", "s:1", false},
    {"0 is unset, and replaces", "tracing: {sampling: 0}", NULL, "s:1", false},
    {"-0 too", "tracing: {sampling: -0.0}", NULL, "s:1", false},
    {"empty tracing replaces", "tracing: {}", NULL, "s:1", false},
    {"null does not", "tracing: null\nstatsdUdpAddress: null", "7", "s:1", true},
    {"150 is kept as it is", "tracing: {sampling: 150}", "150", "s:1", false},
    {"in quotes", "tracing: {sampling: '12.5'}", "12.5", "s:1", false},
    {"statsd", "statsdUdpAddress: t:2", "7", "t:2", true},
    {"statsd is not checked here", "statsdUdpAddress: t", "7", "t", true},
    {"statsd taken away", "statsd_udp_address: ''", "7", NULL, true},
    {"as JSON",
     "{\"tracing\":{\"sampling\":5,\"zipkin\":{\"address\":\"z:1\"}},"
     "\"statsdUdpAddress\":\"t:2\",\"proxyMetadata\":{}}",
     "5", "t:2", false},
};

TEST(proxy_config)
{
    struct bnc_arena *arena = bnc_arena_new();
    struct bnc_mesh_config mesh;
    bnc_mesh_config_merge(
        NULL,
        world_config(arena,
                     "defaultConfig: {statsdUdpAddress: 's:1', tracing: {sampling: "
                     "7, customTags: {c: {literal: {value: '3'}}}}}"),
        arena, &mesh);
    for (size_t i = 0; i < BNC_LEN(proxies); i++) {
        struct bnc_proxy_config own = {0};
        struct bnc_proxy_config out = {0};
        struct bnc_error err = {0};
        const char *text = proxies[i].annotation;
        bnc_test_row(proxies[i].name);
        if (text != NULL) {
            CHECK_INT(bnc_proxy_config_parse(text, strlen(text), arena, &own, &err),
                      BNC_OK);
        }
        bnc_proxy_config_new_pod(&mesh, text == NULL ? NULL : &own, &out);
        CHECK(out.has_tracing);
        CHECK_STR(out.sampling.set ? bnc_rate_text(out.sampling.value, arena) : NULL,
                  proxies[i].rate);
        CHECK_STR(out.statsd_address, proxies[i].statsd);
        CHECK_INT(out.custom_tags != NULL, proxies[i].tags);
    }
    bnc_arena_free(arena);
}

TEST(proxy_config_refused)
{
    static const char *const bad[] = {
        "tracing: 5",   "tracing: {sampling: x}",   "statsdUdpAddress: 5",
        "- a",          "tracing: {customTags: 1}", "a: [",
        "{\"tracing\":"};
    struct bnc_arena *arena = bnc_arena_new();
    for (size_t i = 0; i < BNC_LEN(bad); i++) {
        struct bnc_proxy_config out = {.has_tracing = true};
        struct bnc_error err = {0};
        bnc_test_row(bad[i]);
        CHECK_INT(bnc_proxy_config_parse(bad[i], strlen(bad[i]), arena, &out, &err),
                  BNC_INVALID);
        CHECK(!out.has_tracing && err.message[0] != '\0');
    }
    bnc_arena_free(arena);
}

RUN_TESTS(merged, refused, all_fields, merged_rest, proxy_config, proxy_config_refused)
