/*
 * Whether Istio can have what a level says, by what is live in a cluster: the mesh
 * configuration, Services, other people's Telemetry.  What needs no cluster is in
 * tests/golden/sampling.
 */
#include "lib/json.h"
#include "tests/unit/made.h"

#define TEXT_MAX ((size_t)1 << 20)

#define OBSERVATORY(mesh)                                                                \
    "apiVersion: binnacle.dev/v1alpha1\nkind: Observatory\nmetadata: {name: main, "      \
    "namespace: monitoring}\nspec: {namespaceSelector: {}, mesh: {" mesh "}, tracing: "  \
    "{backends: [{name: jaeger, type: jaeger, service: jaeger.tracing}], sampling: "     \
    "{percent: 1}}}\n---\n"
#define SERVICE                                                                          \
    "apiVersion: v1\nkind: Service\nmetadata: {name: jaeger, namespace: tracing}\n---\n"
#define CONFIG(name, text)                                                               \
    "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: " name                            \
    ", namespace: istio-system}\ndata: {mesh: '" text "'}\n---\n"
#define PROVIDER                                                                         \
    "extensionProviders: [{name: jaeger, opentelemetry: {service: "                      \
    "jaeger.tracing.svc.cluster.local, port: 4317}}]"
#define SHARED CONFIG("binnacle-mesh", PROVIDER)
#define ISTIOD(env)                                                                      \
    "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: istiod, namespace: "        \
    "istio-system}\nspec: {template: {metadata: {labels: {app: istiod}}, spec: "         \
    "{containers: [{name: discovery, env: [" env "]}]}}}\n---\n"
#define READS "{name: SHARED_MESH_CONFIG, value: binnacle-mesh}"
#define POLICY(spec)                                                                     \
    "apiVersion: binnacle.dev/v1alpha1\nkind: SamplingPolicy\nmetadata: {name: p, "      \
    "namespace: shop}\nspec: {" spec "}\n---\n"
#define CART "selector: {matchLabels: {app: cart}}, "
#define TELEMETRY(ns, name, meta, spec)                                                  \
    "apiVersion: telemetry.istio.io/v1\nkind: Telemetry\nmetadata: {name: " name         \
    ", namespace: " ns meta "}\nspec: {" spec "}\n---\n"
#define FIFTY       "tracing: [{randomSamplingPercentage: 50}]"
#define OWNER(name) ", annotations: {binnacle.dev/owner: " name "}"
#define ROOT        "istio-system/binnacle 1\n"
#define LIVE        OBSERVATORY("") SERVICE SHARED

static const struct {
    const char *name;
    const char *yaml;
    const char *want; /* Telemetry and percentage; reasons and whose they are */
} rows[] = {
    {"its configuration is not there yet", OBSERVATORY("") SERVICE POLICY("percent: 5"),
     "NoProvider Observatory main\nNoProvider SamplingPolicy p\n"},
    {"it is", LIVE POLICY("percent: 5"), ROOT "shop/binnacle 5\n"},
    {"there is no Service", OBSERVATORY("") SHARED POLICY("percent: 5"),
     "NoProvider Observatory main\nNoProvider SamplingPolicy p\n"},
    {"istiod reads nothing of ours", LIVE ISTIOD("") POLICY("percent: 5"),
     "NotShared Observatory main\nNoProvider Observatory main\nNoProvider "
     "SamplingPolicy p\n"},
    {"istiod reads ours", LIVE ISTIOD(READS) POLICY("percent: 5"),
     ROOT "shop/binnacle 5\n"},
    {"istiod reads another's",
     OBSERVATORY("") SERVICE CONFIG("theirs", PROVIDER)
         ISTIOD("{name: SHARED_MESH_CONFIG, value: theirs}"),
     "NotShared Observatory main\n" ROOT},
    {"the main one has it",
     OBSERVATORY("meshConfig: None") SERVICE CONFIG("istio", PROVIDER), ROOT},
    {"names differ in case freely",
     OBSERVATORY("meshConfig: None") SERVICE CONFIG(
         "istio", "extensionProviders: [{name: JAEGER, opentelemetry: {service: "
                  "jaeger.tracing.svc.cluster.local, port: 4317}}]"),
     ROOT},
    {"the main one is wrong",
     OBSERVATORY("meshConfig: None") SERVICE CONFIG("istio", "enableTracing: [5]"),
     "InvalidRef Observatory main\nNoProvider Observatory main\n"},
    {"a revision has its own",
     OBSERVATORY("revision: canary") SERVICE CONFIG("istio", PROVIDER)
         CONFIG("istio-canary", "rootNamespace: istio-root"),
     "NoProvider Observatory main\n"},

    {"ours is not foreign",
     LIVE POLICY("percent: 5")
         TELEMETRY("shop", "binnacle", OWNER("monitoring/main"), FIFTY),
     ROOT "shop/binnacle 5\n"},
    {"another Observatory's is",
     LIVE POLICY("percent: 5")
         TELEMETRY("shop", "binnacle", OWNER("monitoring/other"), FIFTY),
     "ForeignTelemetry SamplingPolicy p\n" ROOT},
    {"one without tracing takes the place as well",
     LIVE POLICY("percent: 5") TELEMETRY("shop", "t", "", "accessLogging: [{}]"),
     "ForeignTelemetry SamplingPolicy p\n" ROOT},
    {"one of another revision does not",
     LIVE POLICY("percent: 5")
         TELEMETRY("shop", "t", ", labels: {istio.io/rev: canary}", FIFTY),
     ROOT "shop/binnacle 5\n"},
    {"one of our revision does",
     LIVE POLICY("percent: 5")
         TELEMETRY("shop", "t", ", labels: {istio.io/rev: default}", FIFTY),
     "ForeignTelemetry SamplingPolicy p\n" ROOT},
    {"one that selects leaves the namespace alone",
     LIVE POLICY("percent: 5")
         TELEMETRY("shop", "t", "", "selector: {matchLabels: {app: cart}}, " FIFTY),
     ROOT "shop/binnacle 5\n"},
    {"the same selector",
     LIVE POLICY(CART "percent: 5")
         TELEMETRY("shop", "t", "", "selector: {matchLabels: {app: cart}}, " FIFTY),
     "ForeignTelemetry SamplingPolicy p\n" ROOT},
    {"the same selector, about something else",
     LIVE POLICY(CART "percent: 5") TELEMETRY("shop", "t", "",
                                              "selector: {matchLabels: {app: cart}}, "
                                              "accessLogging: [{}]"),
     ROOT "shop/binnacle-p 5\n"},
    {"an empty selector is none",
     LIVE POLICY("percent: 5") TELEMETRY("shop", "t", "", "selector: {}, " FIFTY),
     "ForeignTelemetry SamplingPolicy p\n" ROOT},
    {"in another namespace", LIVE POLICY("percent: 5") TELEMETRY("blog", "t", "", FIFTY),
     ROOT "shop/binnacle 5\n"},
    {"at the root: the Observatory is told",
     LIVE POLICY("percent: 5") TELEMETRY("istio-system", "t", "", FIFTY),
     "ForeignTelemetry Observatory main\nshop/binnacle 5\n"},
    {"in the control plane's namespace, which is not the root",
     OBSERVATORY("") SERVICE SHARED CONFIG("istio", "rootNamespace: istio-root")
         TELEMETRY("istio-system", "t", "", FIFTY),
     "istio-root/binnacle 1\n"},
};

static void
put_diags(struct bnc_str *out, const struct bnc_diag *items, size_t n, const char *kind,
          const char *name)
{
    for (size_t i = 0; i < n; i++) {
        bnc_str_fmt(out, "%s %s %s\n", bnc_reason_name(items[i].reason), kind, name);
    }
}

static const char *
percent_of(const struct bnc_desired *desired, struct bnc_arena *arena)
{
    struct bnc_error err = {0};
    cJSON *root = NULL;
    CHECK_INT(bnc_json_parse(arena, desired->body.ptr, desired->body.len, &root, &err),
              BNC_OK);
    const cJSON *tracing = bnc_json_path(root, "spec", "tracing", NULL);
    struct bnc_str out = bnc_str_new(arena, TEXT_MAX);
    CHECK_INT(cJSON_GetArraySize(tracing), 1);
    bnc_json_print(bnc_json_get(tracing->child, "randomSamplingPercentage"), &out);
    return out.ptr;
}

TEST(levels)
{
    for (size_t i = 0; i < BNC_LEN(rows); i++) {
        struct made m;
        bnc_test_row(rows[i].name);
        start(&m, rows[i].yaml, 0);
        struct bnc_str out = bnc_str_new(m.arena, TEXT_MAX);
        const struct bnc_plan *plan = m.result->plan;
        bnc_str_puts(&out, "");
        put_diags(&out, m.result->diags->items, m.result->diags->n, "Observatory",
                  "main");
        for (size_t k = 0; k < plan->n_verdicts; k++) {
            const struct bnc_verdict *v = &plan->verdicts[k];
            put_diags(&out, v->why, v->n_why,
                      bnc_kind_info(v->member->object->kind)->name,
                      v->member->object->name);
        }
        for (size_t k = 0; k < m.result->n_desired; k++) {
            const struct bnc_desired *x = &m.result->desired[k];
            if (x->kind == BNC_KIND_TELEMETRY) {
                bnc_str_fmt(&out, "%s/%s %s\n", x->ns, x->name, percent_of(x, m.arena));
            }
        }
        CHECK_STR(out.ptr, rows[i].want);
        stop(&m);
    }
}

RUN_TESTS(levels)
