/*
 * SamplingPolicy, and the blocks `tracing` and `mesh` of an Observatory: what decodes to
 * what, and what is wrong with the rest.
 */
#include "lib/json.h"
#include "lib/yaml_in.h"
#include "model/crd.h"
#include "model/spec_mesh.h"
#include "model/spec_sampling_policy.h"
#include "tests/unit/test.h"

#define TEXT_MAX ((size_t)1 << 20)

static const cJSON *
tree(const char *yaml, struct bnc_arena *arena)
{
    struct bnc_yaml_docs docs = {0};
    struct bnc_error err = {0};
    if (bnc_yaml_read(yaml, strlen(yaml), NULL, arena, &docs, &err)) {
        fail_msg("row \"%s\": %s", bnc_row, err.message);
    }
    return docs.items[0].root;
}

/* Fields and messages, one a line; "" when nothing is wrong. */
static const char *
decode(const struct bnc_table *table, const char *yaml, void *out,
       struct bnc_arena *arena)
{
    struct bnc_diags diags = bnc_diags_new(arena);
    struct bnc_str text = bnc_str_new(arena, TEXT_MAX);
    bnc_str_puts(&text, "");
    bnc_fields_decode(table, tree(yaml, arena), "spec", out, &diags);
    for (size_t i = 0; i < diags.n; i++) {
        bnc_str_fmt(&text, "%s%s: %s", i == 0 ? "" : "\n", diags.items[i].field,
                    diags.items[i].message);
    }
    return text.ptr;
}

/* ---- policies -------------------------------------------------------------------- */

#define NO_PERCENT " is no percentage"

static const struct {
    const char *name;
    const char *spec;
    const char *scope;
    int64_t percent;
    const char *wrong;
} policies[] = {
    {"whole", "{percent: 5}", "Namespace", 500, ""},
    {"nothing is traced", "{percent: 0}", "Namespace", 0, ""},
    {"all is traced", "{percent: 100}", "Namespace", 10000, ""},
    {"two decimals", "{percent: 0.07}", "Namespace", 7, ""},
    {"decimals that mean nothing", "{percent: 12.500}", "Namespace", 1250, ""},
    {"just below", "{percent: 99.99}", "Namespace", 9999, ""},
    {"three decimals", "{percent: 0.001}", "Namespace", 0,
     "spec.percent: 0.001" NO_PERCENT},
    {"just above", "{percent: 100.01}", "Namespace", 0,
     "spec.percent: 100.01" NO_PERCENT},
    {"negative", "{percent: -0.01}", "Namespace", 0, "spec.percent: -0.01" NO_PERCENT},
    {"a word", "{percent: five}", "Namespace", 0,
     "spec.percent: \"five\" has the wrong type"},
    {"a text", "{percent: '5'}", "Namespace", 0,
     "spec.percent: \"5\" has the wrong type"},
    {"neither", "{}", "Namespace", 0, "spec: one of percent and budget is required"},
    {"both", "{percent: 1, budget: {tracesPerSecond: 1}}", "Namespace", 100,
     "spec: percent and budget exclude each other"},

    {"a selector selects", "{percent: 1, selector: {matchLabels: {a: b}}}", "Workload",
     100, ""},
    {"so does a reference", "{percent: 1, targetRefs: [{kind: Gateway, name: a}]}",
     "Workload", 100, ""},
    {"both of them",
     "{percent: 1, selector: {matchLabels: {a: b}}, targetRefs: [{kind: Gateway, name: "
     "a}]}",
     "Workload", 100, "spec: selector and targetRefs exclude each other"},
    {"said and meant", "{percent: 1, scope: Workload, selector: {matchLabels: {a: b}}}",
     "Workload", 100, ""},
    {"the mesh", "{percent: 1, scope: Mesh}", "Mesh", 100, ""},
    {"a mesh that selects", "{percent: 1, scope: Mesh, selector: {matchLabels: {a: b}}}",
     "Mesh", 100, "spec.scope: scope Mesh selects no workloads"},
    {"workloads, and none", "{percent: 1, scope: Workload}", "Workload", 100,
     "spec.selector: scope Workload selects none"},
    {"no label", "{percent: 1, selector: {matchLabels: {}}}", "Workload", 100,
     "spec.selector.matchLabels: it has no label; Istio takes that for the whole "
     "namespace"},
    {"another group",
     "{percent: 1, targetRefs: [{kind: Service, group: networking.istio.io, name: a}]}",
     "Workload", 100,
     "spec.targetRefs[0].group: there is no Service in group \"networking.istio.io\""},

    {"tags",
     "{percent: 1, customTags: {a: {literal: {value: x}}, b: {header: {name: x-user, "
     "defaultValue: ''}}, c: {environment: {name: Z}}}}",
     "Namespace", 100, ""},
    {"tags are cleared", "{percent: 1, customTags: {}}", "Namespace", 100, ""},
    {"a tag of two sources",
     "{percent: 1, customTags: {a: {literal: {value: x}, header: {name: x-user}}}}",
     "Namespace", 100, "spec.customTags.a: it is no tag that Istio knows"},
    {"a tag without a value", "{percent: 1, customTags: {a: {literal: {value: ''}}}}",
     "Namespace", 100, "spec.customTags.a: it is no tag that Istio knows"},
    {"a tag of another kind", "{percent: 1, customTags: {a: b}}", "Namespace", 100,
     "spec.customTags.a: it is no tag that Istio knows"},

    {"a budget", "{budget: {tracesPerSecond: 5}}", "Namespace", 0, ""},
    {"a budget upside down",
     "{budget: {tracesPerSecond: 5, minPercent: 2, maxPercent: 1}}", "Namespace", 0,
     "spec.budget.minPercent: minPercent is above maxPercent"},
    {"a hasty budget", "{budget: {tracesPerSecond: 5, interval: 4s}}", "Namespace", 0,
     "spec.budget.interval: 4s is too short"},
    {"a budget of nothing", "{budget: {}}", "Namespace", 0,
     "spec.budget.tracesPerSecond: the field is required"},
};

TEST(policy_rows)
{
    for (size_t i = 0; i < BNC_LEN(policies); i++) {
        BNC_AUTO(bnc_arena) arena = bnc_arena_new();
        struct bnc_spec_sampling_policy spec = {0};
        bnc_test_row(policies[i].name);
        CHECK_STR(decode(&bnc_table_sampling_policy, policies[i].spec, &spec, arena),
                  policies[i].wrong);
        CHECK_STR(spec.scope, policies[i].scope);
        CHECK_INT(spec.percent.set ? spec.percent.value : 0, policies[i].percent);
    }
}

TEST(budget_defaults)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    struct bnc_spec_sampling_policy spec = {0};
    bnc_test_row("defaults");
    CHECK_STR(decode(&bnc_table_sampling_policy, "{budget: {tracesPerSecond: 5}}", &spec,
                     arena),
              "");
    CHECK_INT(spec.budget->initial_percent.value, 100);
    CHECK_INT(spec.budget->min_percent.value, 1);
    CHECK_INT(spec.budget->max_percent.value, 10000);
    CHECK_INT(spec.priority.value, 0);
}

/* ---- backends -------------------------------------------------------------------- */

static const struct {
    const char *name;
    const char *backend;
    const char *protocol;
    int64_t port;
    const char *wrong;
} backends[] = {
    {"jaeger", "type: jaeger", "OTLP", 4317, ""},
    {"tempo", "type: tempo", "OTLP", 4317, ""},
    {"opentelemetry", "type: opentelemetry", "OTLP", 4317, ""},
    {"lightstep", "type: lightstep", "OTLP", 4317, ""},
    {"instana", "type: instana", "OTLP", 4317, ""},
    {"zipkin", "type: zipkin", "Zipkin", 9411, ""},
    {"datadog", "type: datadog", "Datadog", 8126, ""},
    {"skywalking", "type: skywalking", "SkyWalking", 11800, ""},
    {"another protocol", "type: jaeger, protocol: OTLPHTTP", "OTLPHTTP", 4318, ""},
    {"another port", "type: jaeger, port: 80", "OTLP", 80, ""},
    {"a path", "type: jaeger, protocol: Zipkin, path: /x", "Zipkin", 9411, ""},
    {"no path", "type: jaeger, path: /x", "OTLP", 4317,
     "spec.backends[0].path: protocol OTLP has no path"},
    {"headers", "type: jaeger, headers: [{name: a, envName: B}]", "OTLP", 4317, ""},
    {"no headers", "type: skywalking, headers: [{name: a, value: b}]", "SkyWalking",
     11800, "spec.backends[0].headers: Istio sends no headers with protocol SkyWalking"},
    {"a header of two", "type: jaeger, headers: [{name: a, value: b, envName: C}]",
     "OTLP", 4317, "spec.backends[0].headers[0]: value and envName exclude each other"},
    {"a header of none", "type: jaeger, headers: [{name: a}]", "OTLP", 4317,
     "spec.backends[0].headers[0]: one of value and envName is required"},
    {"a choice of contexts", "type: zipkin, traceContext: B3AndW3C", "Zipkin", 9411, ""},
    {"no choice", "type: jaeger, traceContext: B3", "OTLP", 4317,
     "spec.backends[0].traceContext: only protocol Zipkin has a choice, OTLP sends its "
     "own"},
    {"port 0", "type: jaeger, port: 0", "OTLP", 4317,
     "spec.backends[0].port: 0 is out of bounds"},
};

TEST(backend_rows)
{
    for (size_t i = 0; i < BNC_LEN(backends); i++) {
        BNC_AUTO(bnc_arena) arena = bnc_arena_new();
        struct bnc_tracing_spec spec = {0};
        const char *yaml = bnc_arena_fmt(
            arena, "{backends: [{name: a, service: a.b, %s}]}", backends[i].backend);
        bnc_test_row(backends[i].name);
        CHECK_STR(decode(&bnc_table_tracing, yaml, &spec, arena), backends[i].wrong);
        const struct bnc_backend_spec *backend = spec.backends.items;
        CHECK_INT(spec.backends.n, 1);
        CHECK_STR(backend->protocol, backends[i].protocol);
        CHECK_INT(backend->port.value, backends[i].port);
    }
}

TEST(mesh_defaults)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    struct bnc_mesh_spec spec = {0};
    bnc_test_row("mesh: {}");
    CHECK_STR(decode(&bnc_table_mesh, "{}", &spec, arena), "");
    bnc_test_row("a revision is no path");
    CHECK_STR(decode(&bnc_table_mesh, "{revision: a.b}", &spec, arena),
              "spec.revision: \"a.b\" is not valid");
    bnc_test_row("a mode");
    CHECK_STR(decode(&bnc_table_mesh, "{mode: telemetry}", &spec, arena),
              "spec.mode: \"telemetry\" is none of the known values");
}

/* ---- the CRD --------------------------------------------------------------------- */

/* The API server says the same of percentages. */
TEST(schema)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    bnc_test_row("percent");
    const cJSON *crd = bnc_crd_build(&bnc_doc_sampling_policy, arena);
    const cJSON *versions = bnc_json_path(crd, "spec", "versions", NULL);
    const cJSON *spec = bnc_json_path(versions->child, "schema", "openAPIV3Schema",
                                      "properties", "spec", NULL);
    const cJSON *percent = bnc_json_path(spec, "properties", "percent", NULL);
    CHECK_STR(bnc_json_get_str(percent, "type"), "number");
    CHECK(bnc_json_get(percent, "minimum")->valuedouble == 0);
    CHECK(bnc_json_get(percent, "maximum")->valuedouble == 100);
    CHECK(bnc_json_get(percent, "multipleOf") == NULL);
    CHECK(bnc_json_get(percent, "x-kubernetes-validations") != NULL);
    CHECK_INT(cJSON_GetArraySize(
                  bnc_json_path(versions->child, "additionalPrinterColumns", NULL)),
              bnc_doc_sampling_policy.n_columns);
}

RUN_TESTS(policy_rows, budget_defaults, backend_rows, mesh_defaults, schema)
