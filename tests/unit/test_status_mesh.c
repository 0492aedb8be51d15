/*
 * What statuses say of sampling: what holds for each workload by what is live, which
 * object decides, what has to be restarted.
 */
#include "controller/status.h"
#include "lib/json.h"
#include "tests/unit/made.h"

#define TEXT_MAX ((size_t)1 << 20)

#define OBSERVATORY(mesh, tracing)                                                       \
    "apiVersion: binnacle.dev/v1alpha1\nkind: Observatory\nmetadata: {name: main, "      \
    "namespace: monitoring}\nspec: {namespaceSelector: {}, mesh: {" mesh                 \
    "}, tracing: {" tracing "}}\n---\n"
#define BACKEND "backends: [{name: jaeger, type: jaeger, service: jaeger.tracing}]"
#define SERVICE                                                                          \
    "apiVersion: v1\nkind: Service\nmetadata: {name: jaeger, namespace: tracing}\n---\n"
#define CONFIG(text)                                                                     \
    "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: istio, namespace: istio-system}"  \
    "\ndata: {mesh: '" text "'}\n---\n"
#define PROVIDERS(more)                                                                  \
    CONFIG("extensionProviders: [{name: jaeger, opentelemetry: {service: "               \
           "jaeger.tracing.svc.cluster.local, port: 4317" more "}}]")
#define DEFAULTS(sampling) CONFIG("defaultConfig: {tracing: {sampling: " sampling "}}")
#define NAMESPACE                                                                        \
    "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop, labels: {istio-injection: " \
    "enabled}}\n---\n"
#define CART(notes)                                                                      \
    NAMESPACE                                                                            \
    "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: cart, namespace: shop}\n"   \
    "spec: {template: {metadata: {labels: {app: cart}, annotations: {" notes             \
    "}}, spec: {containers: [{name: a}]}}}\n---\n"
#define POD(name, config)                                                                \
    "apiVersion: v1\nkind: Pod\nmetadata: {name: cart-7d9f8b6c5-" name ", namespace: "   \
    "shop, labels: {app: cart, pod-template-hash: 7d9f8b6c5}, ownerReferences: [{kind: " \
    "ReplicaSet, name: cart-7d9f8b6c5, controller: true}]}\nspec: {containers: [{name: " \
    "a}, {name: istio-proxy, env: [{name: PROXY_CONFIG, value: '" config "'}]}]}\n---\n"
#define SAMPLING(n) "{\"tracing\":{\"sampling\":" n "}}"
#define ISTIOD(value)                                                                    \
    "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: istiod, namespace: "        \
    "istio-system}\nspec: {template: {metadata: {labels: {app: istiod}}, spec: "         \
    "{containers: [{name: discovery, env: [{name: PILOT_TRACE_SAMPLING, value: '" value  \
    "'}]}]}}}\n---\n"
#define POLICY(spec)                                                                     \
    "apiVersion: binnacle.dev/v1alpha1\nkind: SamplingPolicy\nmetadata: {name: p, "      \
    "namespace: shop}\nspec: {" spec "}\n---\n"
#define TELEMETRY(ns, spec)                                                              \
    "apiVersion: telemetry.istio.io/v1\nkind: Telemetry\nmetadata: {name: t, "           \
    "namespace: " ns "}\nspec: {" spec "}\n---\n"
#define ON OBSERVATORY("meshConfig: None", BACKEND) SERVICE PROVIDERS("")
#define HEAD                                                                             \
    "\"system\":\"Istio\",\"kind\":\"Deployment\",\"namespace\":\"shop\",\"name\":"      \
    "\"cart\""
#define DEFAULT    "{\"kind\":\"Default\",\"name\":\"Istio\"}"
#define ISTIO1     "{\"kind\":\"Default\",\"name\":\"Istio\",\"percent\":1}"
#define THEIRS(ns) "{\"kind\":\"Telemetry\",\"namespace\":\"" ns "\",\"name\":\"t\"}"
#define FIFTY      "tracing: [{randomSamplingPercentage: 50}]"

static const struct {
    const char *name;
    const char *yaml;
    const char *want; /* the first line */
} rows[] = {
    {"nobody says anything", ON CART(""),
     "{" HEAD ",\"percent\":1,\"decidedBy\":" DEFAULT "}"},
    {"the environment", ON ISTIOD("0.5") CART(""),
     "{" HEAD ",\"percent\":0.5,\"decidedBy\":{\"kind\":\"Environment\",\"namespace\":"
     "\"istio-system\",\"name\":\"PILOT_TRACE_SAMPLING\"},\"overrides\":[" ISTIO1 "]}"},
    {"an environment out of range", ON ISTIOD("101") CART(""),
     "{" HEAD ",\"percent\":1,\"decidedBy\":" DEFAULT "}"},
    {"an annotation of Istio's",
     ON CART("proxy.istio.io/config: '{tracing: {sampling: 33}}'"),
     "{" HEAD ",\"percent\":33,\"decidedBy\":{\"kind\":\"Annotation\",\"namespace\":"
     "\"shop\",\"name\":\"proxy.istio.io/config\"},\"overrides\":[" ISTIO1 "]}"},
    {"the mesh configuration",
     OBSERVATORY("meshConfig: None", "") SERVICE DEFAULTS("7") CART(""),
     "{" HEAD ",\"percent\":7,\"decidedBy\":{\"kind\":\"ConfigMap\",\"namespace\":"
     "\"istio-system\",\"name\":\"istio\"},\"overrides\":[" ISTIO1 "]}"},
    {"pods that were made before it",
     OBSERVATORY("meshConfig: None", "") DEFAULTS("7") CART("") POD("a", "{}")
         POD("b", "{}") POD("c", SAMPLING("7")),
     "{" HEAD ",\"percent\":1,\"decidedBy\":" DEFAULT
     ",\"note\":\"1 of its 3 pods were made with another percentage; restart them to "
     "have one\"}"},
    {"all of them were",
     OBSERVATORY("meshConfig: None", "") DEFAULTS("7") CART("") POD("a", "{}"),
     "{" HEAD ",\"percent\":1,\"decidedBy\":" DEFAULT
     ",\"note\":\"new pods get 7 %: restart it for that to hold\"}"},
    {"Telemetry holds for all pods",
     ON CART("") POD("a", SAMPLING("7")) TELEMETRY("shop", FIFTY)
         TELEMETRY("istio-system", "tracing: [{providers: [{name: jaeger}]}]"),
     "{" HEAD ",\"percent\":50,\"decidedBy\":" THEIRS(
         "shop") ",\"overrides\":[{\"kind\":\"ConfigMap\",\"namespace\":\"istio-system\","
                 "\"name\":"
                 "\"istio\",\"percent\":7}," ISTIO1 "]}"},
    {"a percentage without a provider stops tracing",
     ON CART("") TELEMETRY("shop", FIFTY),
     "{" HEAD ",\"decidedBy\":" THEIRS(
         "shop") ",\"overrides\":[{\"kind\":\"Telemetry\",\"namespace\":\"shop\","
                 "\"name\":\"t\","
                 "\"percent\":50}," ISTIO1
                 "],\"note\":\"a Telemetry sets tracing, but none names a "
                 "provider: Istio sends none\"}"},
    {"reporting is off",
     ON CART("") TELEMETRY("istio-system", "tracing: [{providers: [{name: jaeger}], "
                                           "disableSpanReporting: true}]"),
     "{" HEAD ",\"decidedBy\":" THEIRS(
         "istio-system") ",\"overrides\":[" ISTIO1
                         "],\"note\":\"a Telemetry has disableSpanReporting\"}"},
    {"a sampler of the provider's own",
     OBSERVATORY("meshConfig: None", BACKEND) SERVICE PROVIDERS(", dynatraceSampler: {}")
         CART("") TELEMETRY("shop", "tracing: [{providers: [{name: jaeger}], "
                                    "randomSamplingPercentage: 50}]"),
     "{" HEAD ",\"percent\":100,\"decidedBy\":{\"kind\":\"Provider\",\"name\":\"jaeger\"}"
     ",\"overrides\":[{\"kind\":\"Telemetry\",\"namespace\":\"shop\",\"name\":\"t\","
     "\"percent\":50}," ISTIO1 "]}"},
    {"both ways apart",
     ON CART("")
         TELEMETRY("shop", "tracing: [{providers: [{name: jaeger}], match: {mode: "
                           "CLIENT}, randomSamplingPercentage: 20}, {providers: "
                           "[{name: jaeger}], match: {mode: SERVER}, "
                           "randomSamplingPercentage: 30}]"),
     "{" HEAD ",\"percent\":20,\"inboundPercent\":30,\"decidedBy\":" THEIRS(
         "shop") ",\"overrides\":[" ISTIO1 "]}"},
    {"not in the mesh",
     ON POLICY(
         "percent: 5") "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: cart, "
                       "namespace: shop}"
                       "\nspec: {template: {metadata: {labels: {app: cart}}}}\n---\n",
     ""},
};

TEST(effective)
{
    for (size_t i = 0; i < BNC_LEN(rows); i++) {
        struct made m;
        bnc_test_row(rows[i].name);
        start(&m, rows[i].yaml, 0);
        bnc_engine_pods(m.d.engine);
        driven_settle(&m.d);
        const struct bnc_plan *plan = bnc_engine_result(m.d.engine, 0)->plan;
        struct bnc_str out = bnc_str_new(m.arena, TEXT_MAX);
        bnc_str_puts(&out, "");
        CHECK(plan->n_effective <= 1);
        if (plan->n_effective == 1) {
            bnc_json_print(bnc_status_effective(&plan->effective[0], m.arena), &out);
        }
        CHECK_STR(out.ptr, rows[i].want);
        stop(&m);
    }
}

/* ---- percentages ------------------------------------------------------------------- */

static const struct {
    const char *name;
    int64_t rate;
    const char *text;
} rates[] = {
    {"nothing", 0, "0"},          {"the least", 1, "0.0001"},
    {"a hundredth", 100, "0.01"}, {"no tail", 125000, "12.5"},
    {"ten", 100000, "10"},        {"all", 1000000, "100"},
    {"long", 123457, "12.3457"},  {"less than nothing", -50000, "-5"},
};

TEST(numbers)
{
    for (size_t i = 0; i < BNC_LEN(rates); i++) {
        struct made m;
        bnc_test_row(rates[i].name);
        start(&m, ON CART(""), 0);
        struct bnc_effective e = m.result->plan->effective[0];
        e.rate = e.inbound = rates[i].rate;
        struct bnc_str out = bnc_str_new(m.arena, TEXT_MAX);
        bnc_json_print(bnc_json_get(bnc_status_effective(&e, m.arena), "percent"), &out);
        CHECK_STR(out.ptr, rates[i].text);
        stop(&m);
    }
}

/* ---- of a policy, of the Observatory -------------------------------------------------
 */

static const char *
policy_status(const struct made *m, const struct bnc_measured *measured)
{
    struct bnc_str out = bnc_str_new(m->arena, TEXT_MAX);
    cJSON *status = bnc_json_object(m->arena);
    const struct bnc_plan *plan = m->result->plan;
    for (size_t i = 0; i < plan->n_verdicts; i++) {
        if (plan->verdicts[i].member->object->kind == BNC_KIND_SAMPLING_POLICY) {
            const struct bnc_opinion opinion = {
                .result = m->result, .verdict = &plan->verdicts[i], .measured = measured};
            bnc_status_sampling(&opinion, status, m->arena);
        }
    }
    (void)cJSON_DetachItemFromObjectCaseSensitive(status, "effective"); /* above */
    bnc_json_print(status, &out);
    return out.ptr;
}

static const char *
mesh_status(const struct made *m)
{
    struct bnc_str out = bnc_str_new(m->arena, TEXT_MAX);
    const cJSON *status = bnc_status_mesh(m->result, bnc_json_array(m->arena), m->arena);
    if (status == NULL) {
        return "";
    }
    bnc_json_print(status, &out);
    return out.ptr;
}

TEST(policies)
{
    struct made m;
    bnc_test_row("a policy");
    start(&m, ON CART("") POLICY("percent: 12.5"), 0);
    CHECK_STR(policy_status(&m, NULL), "{\"percent\":12.5,\"workloads\":1}");
    CHECK_STR(mesh_status(&m), "{\"held\":[],\"telemetries\":2,\"provider\":\"jaeger\","
                               "\"workloads\":1}");
    stop(&m);
    bnc_test_row("a policy that is refused says no percentage");
    start(&m, ON CART("") POLICY("percent: 12.5") TELEMETRY("shop", FIFTY), 0);
    CHECK_STR(policy_status(&m, NULL), "{\"workloads\":1}");
    stop(&m);
    bnc_test_row("a budget");
    struct bnc_measured measured = {.rate = 1499, .error = "no answer"};
    start(&m, ON CART("") POLICY("budget: {tracesPerSecond: 5, initialPercent: 2}"), 0);
    CHECK_STR(policy_status(&m, &measured),
              "{\"percent\":2,\"budget\":{\"requestsPerSecond\":1,\"message\":\"no "
              "answer\"},\"workloads\":1}");
    stop(&m);
    bnc_test_row("no mesh");
    start(&m,
          "apiVersion: binnacle.dev/v1alpha1\nkind: Observatory\nmetadata: {name: main, "
          "namespace: monitoring}\nspec: {prometheus: {}}\n",
          0);
    CHECK_STR(mesh_status(&m), "");
    stop(&m);
}

RUN_TESTS(effective, numbers, policies)
