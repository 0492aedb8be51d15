/*
 * MetricRules in a mesh: their levels and ranks, who gives way to whom, what Mixer gets,
 * what old proxies have to be told.
 */
#include "lib/json.h"
#include "lib/yaml_in.h"
#include "tests/unit/engine.h"

#define TEXT_MAX ((size_t)1 << 20)

#define OBSERVATORY(mesh)                                                                \
    "apiVersion: binnacle.dev/v1alpha1\nkind: Observatory\nmetadata: {name: main, "      \
    "namespace: monitoring}\nspec: {namespaceSelector: {}, prometheus: {}, mesh: {" mesh \
    "}, tracing: {backends: [{name: jaeger, type: jaeger, service: "                     \
    "jaeger.obs}]}}\n---\n"
#define WORLD                                                                            \
    "apiVersion: v1\nkind: Namespace\nmetadata: {name: monitoring}\n---\n"               \
    "apiVersion: v1\nkind: Namespace\nmetadata: {name: istio-system}\n---\n"             \
    "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop, labels: {istio-injection: " \
    "enabled}}\n---\n"                                                                   \
    "apiVersion: v1\nkind: Service\nmetadata: {name: jaeger, namespace: obs}\n---\n"     \
    "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: istio, namespace: istio-system}"  \
    "\ndata: {mesh: 'extensionProviders: [{name: jaeger, opentelemetry: {service: "      \
    "jaeger.obs.svc.cluster.local, port: 4317}}]'}\n---\n" WORKLOAD("web")               \
        WORKLOAD("api")
#define WORKLOAD(name)                                                                   \
    "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: " name ", namespace: shop}" \
    "\nspec: {template: {metadata: {labels: {app: " name ", tier: front}}, spec: "       \
    "{containers: [{name: a}]}}}\n---\n"
#define RULE(ns, name, spec)                                                             \
    "apiVersion: binnacle.dev/v1alpha1\nkind: MetricRule\nmetadata: {name: " name        \
    ", namespace: " ns "}\nspec: {" spec "}\n---\n"
#define POLICY(name, spec)                                                               \
    "apiVersion: binnacle.dev/v1alpha1\nkind: SamplingPolicy\nmetadata: {name: " name    \
    ", namespace: shop}\nspec: {" spec "}\n---\n"
#define THEIRS(spec)                                                                     \
    "apiVersion: telemetry.istio.io/v1\nkind: Telemetry\nmetadata: {name: theirs, "      \
    "namespace: shop, creationTimestamp: '2026-11-22T10:00:00Z'}\nspec: {" spec          \
    "}\n---\n"
#define SELECT(label) "selector: {matchLabels: {" label "}}, "
#define TAG(value)    "mesh: [{metric: REQUEST_COUNT, addLabels: {region: \"'" value "'\"}}]"
#define NO_SIZE       "mesh: [{metric: REQUEST_SIZE, disabled: true}]"
#define GROUP         ", groups: [{name: g, rules: [{record: a, expr: b}]}]"
#define COUNTER(name)                                                                    \
    "counters: [{name: " name ", from: istio_requests_total, by: [source_app]}]"

/* ---- in words -------------------------------------------------------------------- */

/* metric mode +label=value -label off */
static void
put_override(const cJSON *override, struct bnc_str *out)
{
    const char *metric = bnc_json_get_str(bnc_json_get(override, "match"), "metric");
    const char *mode = bnc_json_get_str(bnc_json_get(override, "match"), "mode");
    const cJSON *off = bnc_json_get(override, "disabled");
    const cJSON *tag;
    bnc_str_fmt(out, " %s", metric);
    if (strcmp(mode, "CLIENT_AND_SERVER") != 0) {
        bnc_str_fmt(out, " %s", mode);
    }
    cJSON_ArrayForEach(tag, bnc_json_get(override, "tagOverrides"))
    {
        const char *value = bnc_json_get_str(tag, "value");
        bnc_str_fmt(out, value == NULL ? " -%s" : " +%s=%s", tag->string, value);
    }
    if (off != NULL) {
        bnc_str_puts(out, cJSON_IsTrue(off) ? " off" : " on");
    }
}

static void
put_telemetry(const struct bnc_desired *desired, struct bnc_arena *arena,
              struct bnc_str *out)
{
    struct bnc_error err = {0};
    cJSON *root = NULL;
    const cJSON *override;
    CHECK_INT(bnc_json_parse(arena, desired->body.ptr, desired->body.len, &root, &err),
              BNC_OK);
    const cJSON *spec = bnc_json_get(root, "spec");
    const cJSON *metrics = bnc_json_get(spec, "metrics");
    bnc_str_fmt(out, "%s/%s:", desired->ns, desired->name);
    cJSON_ArrayForEach(override,
                       bnc_json_get(metrics == NULL ? NULL : metrics->child, "overrides"))
    {
        put_override(override, out);
    }
    bnc_str_puts(out, bnc_json_get(spec, "tracing") == NULL ? "\n" : " traced\n");
}

/* What is told to rules and policies, then each Telemetry and object of Mixer. */
static const char *
describe(const struct bnc_result *r, struct bnc_arena *arena)
{
    struct bnc_str out = bnc_str_new(arena, TEXT_MAX);
    bnc_str_puts(&out, "");
    for (size_t i = 0; i < r->diags->n; i++) {
        bnc_str_fmt(&out, "! %s\n", bnc_diag_text(&r->diags->items[i], arena));
    }
    for (size_t i = 0; i < r->plan->n_verdicts; i++) {
        const struct bnc_verdict *v = &r->plan->verdicts[i];
        for (size_t k = 0; k < v->n_why; k++) {
            bnc_str_fmt(&out, "%s %s %s %s\n", v->member->object->name,
                        v->accepted ? "counts" : "is out",
                        bnc_reason_name(v->why[k].reason), v->why[k].field);
        }
    }
    for (size_t i = 0; i < r->plan->n_units; i++) {
        bnc_str_fmt(&out, "group %s\n", r->plan->units[i].job_name);
    }
    for (size_t i = 0; i < r->n_desired; i++) {
        const struct bnc_desired *desired = &r->desired[i];
        if (desired->kind == BNC_KIND_TELEMETRY) {
            put_telemetry(desired, arena, &out);
        } else if (desired->kind == BNC_KIND_MIXER_HANDLER ||
                   desired->kind == BNC_KIND_MIXER_INSTANCE ||
                   desired->kind == BNC_KIND_MIXER_RULE) {
            bnc_str_fmt(&out, "%s %s\n", bnc_kind_info(desired->kind)->name,
                        desired->name);
        }
    }
    return out.ptr;
}

struct ruled {
    struct bnc_arena *arena;
    struct facts facts;
    struct driven driven;
    const struct bnc_result *result;
};

static void
ruled_start(struct ruled *r, const char *yaml)
{
    r->arena = bnc_arena_new();
    facts_read(&r->facts, yaml);
    driven_start(&r->driven, r->facts.items, r->facts.n);
    for (size_t i = 0; i < r->facts.n; i++) {
        driven_put(&r->driven, r->facts.items[i]);
    }
    driven_sync(&r->driven);
    driven_settle(&r->driven);
    CHECK_INT(bnc_engine_count(r->driven.engine), 1);
    r->result = bnc_engine_result(r->driven.engine, 0);
    CHECK(r->result->ready);
}

static void
ruled_free(struct ruled *r)
{
    driven_stop(&r->driven);
    facts_free(&r->facts);
    bnc_arena_free(r->arena);
}

/* ---- levels ---------------------------------------------------------------------- */

static const struct {
    const char *name;
    const char *yaml;
    const char *want;
} levels[] = {
    {"each level",
     RULE("monitoring", "all", TAG("a")) RULE("shop", "ns", NO_SIZE)
         RULE("shop", "web", SELECT("app: web") TAG("w")),
     "istio-system/binnacle: REQUEST_COUNT +region='a' traced\n"
     "shop/binnacle: REQUEST_SIZE off\n"
     "shop/binnacle.rule.web: REQUEST_COUNT +region='w'\n"},
    {"of equal rank the first name is later",
     RULE("shop", "a", TAG("a")) RULE("shop", "b", TAG("b")),
     "istio-system/binnacle: traced\n"
     "shop/binnacle: REQUEST_COUNT +region='b' REQUEST_COUNT +region='a'\n"},
    {"a higher rank is later",
     RULE("shop", "a", TAG("a")) RULE("shop", "b", "priority: 1, " TAG("b"))
         RULE("shop", "c", "priority: -1, " TAG("c")),
     "istio-system/binnacle: traced\n"
     "shop/binnacle: REQUEST_COUNT +region='c' REQUEST_COUNT +region='a' REQUEST_COUNT "
     "+region='b'\n"},
    {"a lower rank gives way",
     RULE("shop", "a", SELECT("app: web") TAG("a"))
         RULE("shop", "b", "priority: 1, " SELECT("tier: front") TAG("b")),
     "a is out Conflicted spec.selector\n"
     "istio-system/binnacle: traced\n"
     "shop/binnacle.rule.b: REQUEST_COUNT +region='b'\n"},
    {"of equal rank the second gives way, its groups stay",
     RULE("shop", "a", SELECT("app: web") TAG("a"))
         RULE("shop", "b", SELECT("tier: front") TAG("b") GROUP),
     "b counts Conflicted spec.selector\n"
     "group shop/b/g\n"
     "istio-system/binnacle: traced\n"
     "shop/binnacle.rule.a: REQUEST_COUNT +region='a'\n"},
    {"selectors that meet nowhere",
     RULE("shop", "a", SELECT("app: web") TAG("a"))
         RULE("shop", "b", SELECT("app: api") TAG("b")),
     "istio-system/binnacle: traced\n"
     "shop/binnacle.rule.a: REQUEST_COUNT +region='a'\n"
     "shop/binnacle.rule.b: REQUEST_COUNT +region='b'\n"},
    {"a policy with the same selector, and one with another",
     POLICY("web", "percent: 5, selector: {matchLabels: {app: web}}")
         RULE("shop", "a", SELECT("app: web") TAG("a"))
             RULE("shop", "b", SELECT("tier: front") TAG("b")),
     "b is out Conflicted spec.selector\n"
     "istio-system/binnacle: traced\n"
     "shop/binnacle-web: REQUEST_COUNT +region='a' traced\n"},
    {"a tenant in the root namespace", RULE("istio-system", "a", TAG("a")),
     "a is out NotPermitted spec.mesh\n"
     "istio-system/binnacle: traced\n"},
    {"theirs in the namespace",
     THEIRS("metrics: [{}]") RULE("shop", "a", TAG("a"))
         RULE("shop", "b", TAG("b") GROUP),
     "a is out ForeignTelemetry spec.mesh\n"
     "b counts ForeignTelemetry spec.mesh\n"
     "group shop/b/g\n"
     "istio-system/binnacle: traced\n"},
    {"theirs traces what ours selects otherwise",
     THEIRS(SELECT("tier: front") "tracing: [{randomSamplingPercentage: 5}]")
         RULE("shop", "a", SELECT("app: web") TAG("a")),
     "a is out ForeignTelemetry spec.mesh\n"
     "istio-system/binnacle: traced\n"},
    {"theirs traces what ours selects alike",
     THEIRS(SELECT("app: web") "tracing: [{randomSamplingPercentage: 5}]")
         RULE("shop", "a", SELECT("app: web") TAG("a")),
     "istio-system/binnacle: traced\n"
     "shop/binnacle.rule.a: REQUEST_COUNT +region='a'\n"},
    {"ours traces some of what theirs counts",
     THEIRS(SELECT("tier: front") "metrics: [{}]")
         POLICY("web", "percent: 5, selector: {matchLabels: {app: web}}"),
     "istio-system/binnacle: traced\n"
     "shop/binnacle-web: traced\n"},
    {"ours traces more than theirs counts",
     THEIRS(SELECT("app: web") "metrics: [{}]")
         POLICY("front", "percent: 5, selector: {matchLabels: {tier: front}}"),
     "front is out ForeignTelemetry spec.scope\n"
     "istio-system/binnacle: traced\n"},
    {"all off, nothing beside it",
     RULE("shop", "a", "mesh: [{metric: ALL_METRICS, disabled: true}]"),
     "istio-system/binnacle: traced\n"
     "shop/binnacle: ALL_METRICS off\n"},
    {"all off one way, a label the other",
     RULE("shop", "a",
          "mesh: [{metric: ALL_METRICS, mode: SERVER, disabled: true}, {metric: "
          "REQUEST_COUNT, mode: CLIENT, addLabels: {region: x}}]"),
     "istio-system/binnacle: traced\n"
     "shop/binnacle: ALL_METRICS SERVER off REQUEST_COUNT CLIENT +region=x\n"},
    {"all off, a label", /* Istio alone would have all on again */
     RULE("shop", "a",
          "mesh: [{metric: ALL_METRICS, mode: CLIENT, disabled: true}, {metric: "
          "REQUEST_COUNT, addLabels: {region: x}}]"),
     "istio-system/binnacle: traced\n"
     "shop/binnacle: REQUEST_COUNT CLIENT off REQUEST_DURATION CLIENT off REQUEST_SIZE "
     "CLIENT off RESPONSE_SIZE CLIENT off GRPC_REQUEST_MESSAGES CLIENT off "
     "GRPC_RESPONSE_MESSAGES CLIENT off TCP_OPENED_CONNECTIONS CLIENT off "
     "TCP_CLOSED_CONNECTIONS CLIENT off TCP_SENT_BYTES CLIENT off TCP_RECEIVED_BYTES "
     "CLIENT off REQUEST_COUNT +region=x\n"},
    {"all off above, a label below",
     RULE("shop", "a", "mesh: [{metric: ALL_METRICS, mode: CLIENT, disabled: true}]")
         RULE("shop", "b", SELECT("app: web") TAG("b")),
     "istio-system/binnacle: traced\n"
     "shop/binnacle: REQUEST_COUNT CLIENT off REQUEST_DURATION CLIENT off REQUEST_SIZE "
     "CLIENT off RESPONSE_SIZE CLIENT off GRPC_REQUEST_MESSAGES CLIENT off "
     "GRPC_RESPONSE_MESSAGES CLIENT off TCP_OPENED_CONNECTIONS CLIENT off "
     "TCP_CLOSED_CONNECTIONS CLIENT off TCP_SENT_BYTES CLIENT off TCP_RECEIVED_BYTES "
     "CLIENT off\n"
     "shop/binnacle.rule.b: REQUEST_COUNT +region='b'\n"},
};

TEST(by_level)
{
    for (size_t i = 0; i < BNC_LEN(levels); i++) {
        struct ruled r;
        char yaml[16384];
        bnc_test_row(levels[i].name);
        (void)snprintf(yaml, sizeof(yaml), "%s%s", OBSERVATORY("meshConfig: None") WORLD,
                       levels[i].yaml);
        ruled_start(&r, yaml);
        CHECK_STR(describe(r.result, r.arena), levels[i].want);
        ruled_free(&r);
    }
}

/* Metrics need no backend of traces. */
TEST(without_tracing)
{
    struct ruled r;
    ruled_start(&r,
                "apiVersion: binnacle.dev/v1alpha1\nkind: Observatory\nmetadata: {name: "
                "main, namespace: monitoring}\nspec: {namespaceSelector: {}, mesh: "
                "{meshConfig: None}}\n---\n" WORLD RULE("monitoring", "a", TAG("a"))
                    RULE("shop", "b", NO_SIZE));
    CHECK_STR(describe(r.result, r.arena),
              "istio-system/binnacle: REQUEST_COUNT +region='a'\n"
              "shop/binnacle: REQUEST_SIZE off\n");
    ruled_free(&r);
}

/* ---- Mixer, Environment ------------------------------------------------------------ */

static const struct {
    const char *name;
    const char *mode;
    const char *yaml;
    const char *want;
} modes[] = {
    {"Mixer counts, and nothing is recorded", "Mixer",
     RULE("monitoring", "own", COUNTER("c") GROUP),
     "group monitoring/own/g\n"
     "handler binnacle-monitoring-own\n"
     "instance binnacle-monitoring-own-c\n"
     "rule binnacle-monitoring-own-c\n"},
    {"a tenant's counter", "Mixer", RULE("shop", "a", COUNTER("c")),
     "a is out NotPermitted spec.counters\n"},
    {"a tenant's counter beside a group", "Mixer", RULE("shop", "a", COUNTER("c") GROUP),
     "a counts NotPermitted spec.counters\n"
     "group shop/a/g\n"},
    {"a tenant's change", "Mixer", RULE("shop", "a", NO_SIZE),
     "a counts InvalidField spec.mesh[0]\n"},
    {"what Mixer can't have", "Mixer",
     RULE("monitoring", "own", "counters: [{name: c, from: up}]"),
     "own is out InvalidField spec.counters[0].from\n"},
    {"one of two that Mixer can't have", "Mixer",
     RULE("monitoring", "own",
          "counters: [{name: c, from: up}, {name: d, from: istio_requests_total}]"),
     "own counts InvalidField spec.counters[0].from\n"
     "handler binnacle-monitoring-own\n"
     "instance binnacle-monitoring-own-d\n"
     "rule binnacle-monitoring-own-d\n"},
    {"one name twice: the higher rank has it", "Mixer",
     RULE("monitoring", "a", COUNTER("b_c"))
         RULE("monitoring", "a-b", "priority: 1, " COUNTER("c")),
     "a is out Conflicted spec.counters\n"
     "handler binnacle-monitoring-a-b\n"
     "instance binnacle-monitoring-a-b-c\n"
     "rule binnacle-monitoring-a-b-c\n"},
    {"Environment changes nothing", "Environment",
     RULE("shop", "a", TAG("a")) RULE("monitoring", "b", COUNTER("c")),
     "a counts NotInMode spec.mesh\n"
     "group monitoring/b/counters/c\n"},
};

TEST(by_mode)
{
    for (size_t i = 0; i < BNC_LEN(modes); i++) {
        struct ruled r;
        char yaml[16384];
        bnc_test_row(modes[i].name);
        (void)snprintf(yaml, sizeof(yaml), OBSERVATORY("meshConfig: None, mode: %s") "%s",
                       modes[i].mode, WORLD);
        (void)strcat(yaml, modes[i].yaml);
        ruled_start(&r, yaml);
        CHECK_STR(describe(r.result, r.arena), modes[i].want);
        ruled_free(&r);
    }
}

/* ---- labels that old proxies are told of ------------------------------------------- */

#define TWO                                                                              \
    RULE("shop", "a",                                                                    \
         "mesh: [{metric: REQUEST_COUNT, addLabels: {zone: x, source_app: x, region: "   \
         "x}}]")                                                                         \
    RULE("monitoring", "b", "mesh: [{metric: REQUEST_SIZE, addLabels: {region: x}}]")

static const struct {
    const char *name;
    const char *mesh;
    const char *yaml;
    const char *want; /* of the shared configuration */
} tags[] = {
    {"today", "mode: Telemetry", TWO, "null"},
    {"1.17", "version: 1.17.8", TWO, "[\"region\",\"zone\"]"},
    {"1.18", "version: 1.18.0", TWO, "null"},
    {"no rules", "version: 1.17.8", "", "null"},
    {"no Telemetry", "version: 1.17.8, mode: Environment", TWO, "null"},
    {"a level that is not written", "version: 1.17.8", THEIRS("metrics: [{}]") TWO,
     "[\"region\"]"},
};

TEST(stat_tags)
{
    for (size_t i = 0; i < BNC_LEN(tags); i++) {
        struct ruled r;
        char yaml[16384];
        const char *got = NULL;
        bnc_test_row(tags[i].name);
        (void)snprintf(yaml, sizeof(yaml), OBSERVATORY("%s") "%s", tags[i].mesh, WORLD);
        (void)strcat(yaml, tags[i].yaml);
        ruled_start(&r, yaml);
        for (size_t k = 0; k < r.result->n_desired; k++) {
            const struct bnc_desired *desired = &r.result->desired[k];
            struct bnc_yaml_docs docs = {0};
            struct bnc_error err = {0};
            if (strcmp(desired->name, "binnacle-mesh") != 0) {
                continue;
            }
            CHECK_INT(bnc_yaml_read(desired->content.ptr, desired->content.len, NULL,
                                    r.arena, &docs, &err),
                      BNC_OK);
            struct bnc_str out = bnc_str_new(r.arena, TEXT_MAX);
            const cJSON *list =
                bnc_json_path(docs.items[0].root, "defaultConfig", "extraStatTags", NULL);
            bnc_json_print(list == NULL ? bnc_json_null(r.arena) : list, &out);
            got = out.ptr;
        }
        CHECK_STR(got, tags[i].want);
        ruled_free(&r);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(by_level),
        cmocka_unit_test(without_tracing),
        cmocka_unit_test(by_mode),
        cmocka_unit_test(stat_tags),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
