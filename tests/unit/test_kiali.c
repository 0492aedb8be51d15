/* What Kiali is told: the tree, its fields in the custom resource, its text. */
#include "lib/json.h"
#include "render/kiali.h"
#include "tests/unit/engine.h"

static const char *
print(const cJSON *value, struct bnc_arena *arena)
{
    struct bnc_str out = bnc_str_new(arena, 65536);
    bnc_json_print(value, &out);
    return out.ptr;
}

/* ---- the tree ---------------------------------------------------------------------- */

#define HTTP "http://jaeger:16686"

static const struct {
    const char *name;
    struct bnc_kiali_wish wish;
    const char *json; /* of external_services; "": nothing */
} trees[] = {
    {"nothing", {0}, ""},
    {"prometheus",
     {.prometheus_url = "http://p"},
     "{\"prometheus\":{\"url\":\"http://p\"}}"},
    {"a uid alone is no grafana", {.grafana_uid = "u"}, ""},
    {"grafana",
     {.grafana_url = "http://g", .grafana_browser_url = "https://g", .grafana_uid = "u"},
     "{\"grafana\":{\"enabled\":true,\"internal_url\":\"http://g\",\"external_url\":"
     "\"https://g\",\"datasource_uid\":\"u\"}}"},
    {"grafana of old",
     {.old_names = true, .grafana_url = "http://g", .grafana_browser_url = "https://g"},
     "{\"grafana\":{\"enabled\":true,\"in_cluster_url\":\"http://g\",\"url\":"
     "\"https://g\"}}"},
    {"jaeger",
     {.provider = "jaeger", .tracing_url = HTTP, .tracing_browser_url = "https://j"},
     "{\"tracing\":{\"enabled\":true,\"provider\":\"jaeger\",\"internal_url\":\"" HTTP
     "\",\"external_url\":\"https://j\",\"use_grpc\":false}}"},
    {"gRPC",
     {.provider = "jaeger", .tracing_url = "http://jaeger:16685/jaeger"},
     "{\"tracing\":{\"enabled\":true,\"provider\":\"jaeger\",\"internal_url\":"
     "\"http://jaeger:16685/jaeger\",\"use_grpc\":true}}"},
    {"a path is no port",
     {.provider = "jaeger", .tracing_url = "http://jaeger/:16685"},
     "{\"tracing\":{\"enabled\":true,\"provider\":\"jaeger\",\"internal_url\":"
     "\"http://jaeger/:16685\",\"use_grpc\":false}}"},
    {"tempo, old names",
     {.old_names = true,
      .provider = "tempo",
      .tracing_url = "http://t",
      .tempo_uid = "v"},
     "{\"tracing\":{\"enabled\":true,\"provider\":\"tempo\",\"in_cluster_url\":"
     "\"http://t\",\"use_grpc\":false,\"tempo_config\":{\"datasource_uid\":\"v\"}}}"},
};

TEST(tree)
{
    for (size_t i = 0; i < BNC_LEN(trees); i++) {
        BNC_AUTO(bnc_arena) arena = bnc_arena_new();
        bnc_test_row(trees[i].name);
        const cJSON *tree = bnc_kiali_tree(&trees[i].wish, arena);
        const cJSON *services = bnc_json_get(tree, "external_services");
        CHECK_STR(services == NULL ? "" : print(services, arena), trees[i].json);
    }
}

TEST(version)
{
    static const struct {
        const char *version;
        bool old;
    } rows[] = {{NULL, false},    {"1.73", true},   {"v1.73.9", true}, {"1.74.0", false},
                {"0.21.0", true}, {"2.1.0", false}, {"latest", false}};
    for (size_t i = 0; i < BNC_LEN(rows); i++) {
        bnc_test_row(rows[i].version == NULL ? "none" : rows[i].version);
        CHECK_INT(bnc_kiali_has_old_names(rows[i].version), rows[i].old);
    }
}

/* ---- in objects -------------------------------------------------------------------- */

#define OBSERVATORY(more, spec)                                                          \
    "apiVersion: binnacle.dev/v1alpha1\nkind: Observatory\n"                             \
    "metadata: {name: main, namespace: mon}\n"                                           \
    "spec: {namespaceSelector: {}, " more "prometheus: {url: 'http://p:9090'}" spec      \
    "}\n---\n"
#define REPORT    OBSERVATORY("", ", kiali: {}")
#define TAKE_OVER OBSERVATORY("onConflict: TakeOver, ", ", kiali: {}")
#define NO_BLOCK  OBSERVATORY("", "")
#define NO_URL                                                                           \
    "apiVersion: binnacle.dev/v1alpha1\nkind: Observatory\n"                             \
    "metadata: {name: main, namespace: mon}\nspec: {kiali: {}}\n---\n"
#define MAP                                                                              \
    OBSERVATORY("", ", kiali: {kind: ConfigMap}, grafana: {url: 'http://g'}, tracing: "  \
                    "{backends: [{name: zip, type: zipkin, service: z.m, queryUrl: "     \
                    "'http://z'}, {name: j, type: jaeger, service: j.m, queryUrl: "      \
                    "'http://j:16686'}]}")
#define KIALI(was, spec)                                                                 \
    "apiVersion: kiali.io/v1alpha1\nkind: Kiali\nmetadata: {name: kiali, namespace: "    \
    "istio-system, annotations: {" was "}}\nspec: " spec "\n"
#define URL "external_services.prometheus.url"
#define WAS(owner, is, before, made)                                                     \
    "binnacle.dev/was: '{\"owner\":\"" owner "\",\"fields\":{\"" URL "\":{\"is\":" is    \
    ",\"was\":" before "}},\"made\":[" made "]}'"
#define OURS      "\"http://p:9090\""
#define MADE_BOTH "\"external_services\",\"external_services.prometheus\""
#define HAS(url)  "{external_services: {prometheus: {url: " url "}}}"
/* what a patch has: annotation, spec */
#define SETS(url) "{\"external_services\":{\"prometheus\":{\"url\":" url "}}}"
#define RECORD(is, before, made)                                                         \
    "{\"owner\":\"mon/main\",\"fields\":{\"" URL "\":{\"is\":" is ",\"was\":" before     \
    "}},\"made\":[" made "]} "

static const struct {
    const char *name;
    const char *yaml;
    const char *patch; /* "": none */
    bool held;
    const char *told; /* NULL: nothing */
} rows[] = {
    {"into nothing", REPORT KIALI("", "{}"), RECORD(OURS, "null", MADE_BOTH) SETS(OURS),
     true, NULL},
    {"beside others", REPORT KIALI("", "{external_services: {prometheus: {x: 1}}}"),
     RECORD(OURS, "null", "") SETS(OURS), true, NULL},
    {"an empty one is none", REPORT KIALI("", HAS("''")),
     RECORD(OURS, "\"\"", "") SETS(OURS), true, NULL},
    {"somebody's", REPORT KIALI("", HAS("theirs")), "", false,
     "Kiali istio-system/kiali has " URL " already, as \"theirs\""},
    {"somebody's, and right", REPORT KIALI("", HAS("'http://p:9090'")), "", false, NULL},
    {"taken", TAKE_OVER KIALI("", HAS("theirs")),
     RECORD(OURS, "\"theirs\"", "") SETS(OURS), true, NULL},
    {"no map, taken or not", TAKE_OVER KIALI("", "{external_services: {prometheus: 5}}"),
     "", false, "Kiali istio-system/kiali has " URL " already"},
    {"as it has to be",
     REPORT KIALI(WAS("mon/main", OURS, "null", ""), HAS("'http://p:9090'")), "", true,
     NULL},
    {"taken once, reported now: theirs comes back",
     REPORT KIALI(WAS("mon/main", OURS, "\"theirs\"", ""), HAS("'http://p:9090'")),
     "- " SETS("\"theirs\""), true, "has " URL " already, as \"theirs\""},
    {"another url", REPORT KIALI(WAS("mon/main", "\"old\"", "null", ""), HAS("old")),
     RECORD(OURS, "null", "") SETS(OURS), true, NULL},
    {"taken off by somebody",
     REPORT KIALI(WAS("mon/main", OURS, "\"before\"", MADE_BOTH), "{}"),
     RECORD(OURS, "null", MADE_BOTH) SETS(OURS), true, NULL},
    {"edited: theirs from now on",
     REPORT KIALI(WAS("mon/main", OURS, "null", ""), HAS("theirs")), "- ", true,
     "already, as \"theirs\""},
    {"edited, and taken: the newer value comes back",
     TAKE_OVER KIALI(WAS("mon/main", OURS, "\"before\"", ""), HAS("newer")),
     RECORD(OURS, "\"newer\"", "") SETS(OURS), true, NULL},
    {"no url any more: an old value",
     NO_URL KIALI(WAS("mon/main", OURS, "\"before\"", ""), HAS("'http://p:9090'")),
     "- " SETS("\"before\""), true, NULL},
    {"no url any more: what was made goes",
     NO_URL KIALI(WAS("mon/main", OURS, "null", MADE_BOTH), HAS("'http://p:9090'")),
     "- {\"external_services\":null}", true, NULL},
    {"no url any more: what others put there stays",
     NO_URL KIALI(WAS("mon/main", OURS, "null", MADE_BOTH),
                  "{external_services: {prometheus: {url: 'http://p:9090', auth: {type: "
                  "basic, password: secret}}}}"),
     "- " SETS("null"), true, NULL},
    {"no url any more, edited since",
     NO_URL KIALI(WAS("mon/main", OURS, "null", ""), HAS("theirs")), "- ", true, NULL},
    {"of another Observatory",
     TAKE_OVER KIALI(WAS("mon/other", OURS, "null", ""), HAS("theirs")), "", false,
     "Observatory mon/other sets Kiali istio-system/kiali"},
    {"a record that is none", REPORT KIALI("binnacle.dev/was: '{'", HAS("''")),
     RECORD(OURS, "\"\"", "") SETS(OURS), true, NULL},
    {"fields that are none",
     REPORT KIALI("binnacle.dev/was: '{\"owner\":\"mon/main\",\"fields\":[1],\"made\":[1,"
                  "\"a.b\",\"\"]}'",
                  HAS("''")),
     RECORD(OURS, "\"\"", "") SETS(OURS), true, NULL},
    {"not there", REPORT, "", false, "there is no Kiali istio-system/kiali"},
    {"no such key",
     MAP "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: kiali, namespace: "
         "istio-system}\ndata: {other: ''}\n",
     "", false, "there is no ConfigMap istio-system/kiali with key config.yaml"},
    {"zipkin",
     OBSERVATORY("", ", kiali: {}, tracing: {backends: [{name: zip, type: zipkin, "
                     "service: z.m, queryUrl: 'http://z'}]}")
         KIALI("", HAS("'http://p:9090'")),
     "", false, "backend zip of type zipkin is not told to it"},
    {"the mesh's own",
     OBSERVATORY("", ", mesh: {}, kiali: {kind: ConfigMap, name: istio}"), "", false,
     "ConfigMap istio-system/istio is the mesh configuration"},
};

/* "ANNOTATION SPEC" of the one patch. */
static const char *
describe(const struct bnc_plan *plan, struct bnc_arena *arena)
{
    struct bnc_error err = {0};
    cJSON *root = NULL;
    if (plan->n_patches == 0) {
        return "";
    }
    CHECK_INT(plan->n_patches, 1);
    const struct bnc_bytes body = plan->patches[0].body;
    CHECK_INT(bnc_json_parse(arena, body.ptr, body.len, &root, &err), BNC_OK);
    const cJSON *was =
        bnc_json_path(root, "metadata", "annotations", "binnacle.dev/was", NULL);
    const cJSON *spec = bnc_json_get(root, "spec");
    CHECK(was != NULL);
    return bnc_arena_fmt(arena, "%s %s", cJSON_IsString(was) ? was->valuestring : "-",
                         spec == NULL ? "" : print(spec, arena));
}

static void
drive(struct driven *d, const struct facts *facts)
{
    static const char *const trusted[] = {"mon", NULL};
    driven_start(d, facts->items, facts->n);
    d->settings.trusted_namespaces = trusted;
    for (size_t i = 0; i < facts->n; i++) {
        driven_put(d, facts->items[i]);
    }
    driven_sync(d);
    driven_settle(d);
    CHECK_INT(bnc_engine_count(d->engine), 1);
}

TEST(custom_resource)
{
    for (size_t i = 0; i < BNC_LEN(rows); i++) {
        BNC_AUTO(bnc_arena) arena = bnc_arena_new();
        struct facts facts;
        struct driven d;
        bnc_test_row(rows[i].name);
        facts_read(&facts, rows[i].yaml);
        drive(&d, &facts);
        const struct bnc_result *result = bnc_engine_result(d.engine, 0);
        const char *said = driven_describe(&d, false, arena);
        CHECK_STR(describe(result->plan, arena), rows[i].patch);
        CHECK_INT(result->plan->n_held, rows[i].held);
        if (rows[i].told == NULL) {
            CHECK(strstr(said, "iali") == NULL);
        } else if (strstr(said, rows[i].told) == NULL) {
            CHECK_STR(said, rows[i].told);
        }
        driven_stop(&d);
        facts_free(&facts);
    }
}

/* ---- what the spec does not lead to any more --------------------------------------- */

#define HELD(kind, name)                                                                 \
    "{\"mesh\":{\"held\":[{\"kind\":\"" kind "\",\"namespace\":\"istio-system\","        \
    "\"name\":\"" name "\"}]}}"

/* As the API server gives it: with a status, or on its way out. */
static void
lived(struct facts *facts, const char *status, bool deleting)
{
    struct bnc_object *plain = facts->items[0];
    const struct bnc_pruned pruned = {.ns = plain->ns,
                                      .name = plain->name,
                                      .uid = "u",
                                      .resource_version = "1",
                                      .generation = 1,
                                      .deleting = deleting,
                                      .text = plain->text,
                                      .status = {status, strlen(status)}};
    facts->items[0] = bnc_object_new(plain->kind, &pruned, NULL);
    bnc_object_unref(plain);
}

#define SET_ONE KIALI(WAS("mon/main", OURS, "\"before\"", ""), HAS("'http://p:9090'"))

static const struct {
    const char *name;
    const char *yaml;
    const char *status;
    bool deleting;
    const char *patch;
} lefts[] = {
    {"without the block", NO_BLOCK SET_ONE, HELD("Kiali", "kiali"), false,
     "- " SETS("\"before\"")},
    {"nobody knows of it", NO_BLOCK SET_ONE, "{}", false, ""},
    {"the Observatory goes", REPORT SET_ONE, HELD("Kiali", "kiali"), true,
     "- " SETS("\"before\"")},
    {"it goes, and is wrong",
     OBSERVATORY("", ", kiali: {}, statsd: {mapping: 5}") SET_ONE, HELD("Kiali", "kiali"),
     true, "- " SETS("\"before\"")},
    {"of another name", OBSERVATORY("", ", kiali: {name: other}") SET_ONE,
     HELD("Kiali", "kiali"), false, "- " SETS("\"before\"")},
};

TEST(left)
{
    for (size_t i = 0; i < BNC_LEN(lefts); i++) {
        BNC_AUTO(bnc_arena) arena = bnc_arena_new();
        struct facts facts;
        struct driven d;
        bnc_test_row(lefts[i].name);
        facts_read(&facts, lefts[i].yaml);
        lived(&facts, lefts[i].status, lefts[i].deleting);
        drive(&d, &facts);
        const struct bnc_result *result = bnc_engine_result(d.engine, 0);
        CHECK_STR(describe(result->plan, arena), lefts[i].patch);
        CHECK_INT(result->plan->n_held, lefts[i].patch[0] != '\0');
        driven_stop(&d);
        facts_free(&facts);
    }
}

/* ---- the text ---------------------------------------------------------------------- */

#define HELM                                                                             \
    "# theirs\nauth:\n  strategy: anonymous # keep\nexternal_services:\n  grafana: {}\n" \
    "  prometheus:\n    url: \"\" # none yet\n  tracing:\n    enabled: false\n"          \
    "server: {port: 20001}\n"
#define HELD_MAP HELD("ConfigMap", "kiali")

/* An Observatory, and ConfigMap kiali with this text below a key, and our annotation. */
static void
drive_text(struct driven *d, struct facts *facts, const char *observatory,
           const char *text, const char *was)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    const char *note = was == NULL
                           ? ""
                           : bnc_arena_fmt(arena, "binnacle.dev/was: %s",
                                           print(bnc_json_str(arena, was), arena));
    facts_read(facts,
               bnc_arena_fmt(arena,
                             "%sapiVersion: v1\nkind: ConfigMap\nmetadata: {name: "
                             "kiali, namespace: istio-system, annotations: {%s}}\n"
                             "data: {config.yaml: %s, new.yaml: '{}'}\n",
                             observatory, note, print(bnc_json_str(arena, text), arena)));
    if (was != NULL) {
        lived(facts, HELD_MAP, false);
    }
    drive(d, facts);
}

/* The text and the annotation of the one patch. */
static const char *
read_patch(const struct driven *d, struct bnc_arena *arena, const char **was)
{
    const struct bnc_plan *plan = bnc_engine_result(d->engine, 0)->plan;
    struct bnc_error err = {0};
    cJSON *root = NULL;
    CHECK_INT(plan->n_patches, 1);
    CHECK_INT(plan->patches[0].of.kind, BNC_KIND_CONFIG_MAP);
    const struct bnc_bytes body = plan->patches[0].body;
    CHECK_INT(bnc_json_parse(arena, body.ptr, body.len, &root, &err), BNC_OK);
    *was = bnc_json_get_str(bnc_json_path(root, "metadata", "annotations", NULL),
                            "binnacle.dev/was");
    CHECK(bnc_json_path(root, "data", "new.yaml", NULL) == NULL);
    return bnc_json_get_str(bnc_json_get(root, "data"), "config.yaml");
}

/* Put in, left alone while it is right, and taken out: the bytes of before. */
TEST(text)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    struct facts facts;
    struct driven d;
    const char *was = NULL;
    const char *none = NULL;

    bnc_test_row("put in");
    drive_text(&d, &facts, MAP, HELM, NULL);
    const char *text = read_patch(&d, arena, &was);
    CHECK(was != NULL && strstr(was, "\"key\":\"config.yaml\"") != NULL);
    const struct bnc_result *result = bnc_engine_result(d.engine, 0);
    CHECK_STR(text, "# theirs\nauth:\n  strategy: anonymous # keep\nexternal_services:\n"
                    "  grafana: {\"enabled\":true,\"internal_url\":\"http://g\","
                    "\"datasource_uid\":\"main-prometheus-bd663081b89c\"}\n"
                    "  prometheus:\n    url: \"http://p:9090\" # none yet\n  tracing:\n"
                    "    provider: \"jaeger\"\n    internal_url: \"http://j:16686\"\n"
                    "    use_grpc: false\n    enabled: false\nserver: {port: 20001}\n");
    CHECK(strstr(driven_describe(&d, false, arena),
                 "external_services.tracing.enabled already, as false") != NULL);
    CHECK_INT(result->plan->n_held, 1);
    driven_stop(&d);
    facts_free(&facts);

    bnc_test_row("as it has to be");
    drive_text(&d, &facts, MAP, text, was);
    CHECK_INT(bnc_engine_result(d.engine, 0)->plan->n_patches, 0);
    CHECK_INT(bnc_engine_result(d.engine, 0)->plan->n_held, 1);
    driven_stop(&d);
    facts_free(&facts);

    static const struct {
        const char *name;
        const char *observatory;
    } backs[] = {
        {"without the block", NO_BLOCK},
        {"below another key",
         OBSERVATORY("", ", kiali: {kind: ConfigMap, key: new.yaml}")},
    };
    for (size_t i = 0; i < BNC_LEN(backs); i++) {
        bnc_test_row(backs[i].name);
        drive_text(&d, &facts, backs[i].observatory, text, was);
        CHECK_STR(read_patch(&d, arena, &none), HELM);
        CHECK(none == NULL);
        driven_stop(&d);
        facts_free(&facts);
    }
}

/* Maps that had to be made go with what is in them. */
TEST(text_of_nothing)
{
    static const char *const texts[] = {"{}\n", "# nothing\n", "a: 1\n",
                                        "external_services:\n  istio: {}\n", "a: 1\r\n"};
    for (size_t i = 0; i < BNC_LEN(texts); i++) {
        BNC_AUTO(bnc_arena) arena = bnc_arena_new();
        struct facts facts;
        struct driven d;
        const char *was = NULL;
        const char *none = NULL;
        bnc_test_row(texts[i]);
        drive_text(&d, &facts, MAP, texts[i], NULL);
        const char *text = read_patch(&d, arena, &was);
        driven_stop(&d);
        facts_free(&facts);
        drive_text(&d, &facts, NO_BLOCK, text, was);
        CHECK_STR(read_patch(&d, arena, &none), texts[i]);
        driven_stop(&d);
        facts_free(&facts);
    }
}

RUN_TESTS(tree, version, custom_resource, left, text, text_of_nothing)
