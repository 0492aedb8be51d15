#include "tests/sim/run/mesh.h"

#include <stdlib.h>

#include "lib/str.h"
#include "tests/sim/run/mesh_internal.h"
#include "tests/sim/run/run.h"

#define TRACING     "telemetry.istio.io/v1\",\"kind\":\"Telemetry\""
#define POLICY_KIND "\"apiVersion\":\"binnacle.dev/v1alpha1\",\"kind\":\"SamplingPolicy\""

static const char *const namespaces[] = {"monitoring", "shop", "bank"};
static const char *const names[] = {"web", "api", "db"};
static const char *const backends[] = {"jaeger", "zipkin"};

/* ---- steps --------------------------------------------------------------------
 */

static void
step_policy(struct mesh *mesh)
{
    static const char *const rates[] = {
        "\"percent\":5",    "\"percent\":0",
        "\"percent\":12.5", "\"percent\":100",
        "\"percent\":101",  "\"budget\":{\"tracesPerSecond\":20,\"initialPercent\":2}"};
    static const char *const places[] = {
        "",
        "",
        ",\"scope\":\"Mesh\"",
        ",\"selector\":{\"matchLabels\":{\"app\":\"web\"}}",
        ",\"selector\":{\"matchLabels\":{\"app\":\"api\"}}",
        ",\"selector\":{\"matchLabels\":{\"tier\":\"front\"}}",
        ",\"targetRefs\":[{\"kind\":\"Gateway\",\"name\":\"edge\"}]"};
    static const char *const more[] = {
        "",
        "",
        ",\"provider\":\"jaeger\"",
        ",\"provider\":\"nobody\"",
        ",\"apply\":[\"Istio\"]",
        ",\"apply\":[\"OpenTelemetry\",\"Jaeger\"]",
        ",\"priority\":3",
        ",\"operations\":[{\"operation\":\"GET /\",\"percent\":1}]",
        ",\"customTags\":{\"team\":{\"literal\":{\"value\":\"a\"}}}"};
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    (void)bnc_sim_api_put(
        mesh->api, bnc_arena_fmt(arena,
                                 "{" POLICY_KIND ",\"metadata\":{\"name\":\"%s\","
                                 "\"namespace\":\"%s\"},\"spec\":{%s%s%s}}",
                                 MESH_PICK(mesh, names), MESH_PICK(mesh, namespaces),
                                 MESH_PICK(mesh, rates), MESH_PICK(mesh, places),
                                 MESH_PICK(mesh, more)));
}

static void
step_rule(struct mesh *mesh)
{
    static const char *const specs[] = {
        "\"groups\":[{\"name\":\"g\",\"rules\":[{\"record\":\"a:b\",\"expr\":\"up\"}]}]",
        "\"groups\":[{\"name\":\"g\",\"rules\":[{\"alert\":\"A\",\"expr\":\"up(\"}]}]",
        "\"mesh\":[{\"metric\":\"REQUEST_COUNT\",\"addLabels\":{\"m\":\"request.method\"}"
        "}]",
        "\"mesh\":[{\"metric\":\"REQUEST_SIZE\",\"disabled\":true}],\"groups\":[{"
        "\"name\":"
        "\"h\",\"rules\":[{\"record\":\"c:d\",\"expr\":\"up\"}]}]",
        "\"mesh\":[{\"metric\":\"REQUEST_COUNT\",\"removeLabels\":[\"source_principal\"]}"
        "],\"selector\":{\"matchLabels\":{\"app\":\"web\"}}"};
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    (void)bnc_sim_api_put(
        mesh->api,
        bnc_arena_fmt(
            arena,
            "{\"apiVersion\":\"binnacle.dev/v1alpha1\",\"kind\":\"MetricRule\","
            "\"metadata\":{\"name\":\"%s\",\"namespace\":\"%s\"},\"spec\":{%s}}",
            MESH_PICK(mesh, names), MESH_PICK(mesh, namespaces), MESH_PICK(mesh, specs)));
}

static void
step_namespace(struct mesh *mesh)
{
    static const char *const labels[] = {"", "\"istio-injection\":\"enabled\",",
                                         "\"istio-injection\":\"disabled\","};
    static const char *const notes[] = {
        "", "\"binnacle.dev/sampling-percent\":\"20\"",
        "\"binnacle.dev/sampling-percent\":\"101\"",
        "\"instrumentation.opentelemetry.io/inject-java\":\"true\""};
    static const char *const teams[] = {"a", "b"};
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    (void)bnc_sim_api_put(
        mesh->api,
        bnc_arena_fmt(
            arena,
            "{\"apiVersion\":\"v1\",\"kind\":\"Namespace\",\"metadata\":{"
            "\"name\":\"%s\",\"labels\":{%s\"team\":\"%s\"},\"annotations\":{%s}"
            "}}",
            MESH_PICK(mesh, namespaces), MESH_PICK(mesh, labels), MESH_PICK(mesh, teams),
            MESH_PICK(mesh, notes)));
}

static const char *const own_notes[] = {
    "", "", "\"binnacle.dev/sampling-percent\":\"30\"",
    "\"binnacle.dev/sampling-percent\":\"a lot\"", "\"binnacle.dev/ignore\":\"true\""};
static const char *const pod_notes[] = {
    "",
    "\"proxy.istio.io/config\":\"tracing: {sampling: 9}\"",
    "\"proxy.istio.io/config\":\"tracing: [\"",
    "\"instrumentation.opentelemetry.io/inject-java\":\"true\"",
    "\"instrumentation.opentelemetry.io/inject-sdk\":\"theirs\"",
    "\"sidecar.istio.io/inject\":\"false\""};
static const char *const proxies[] = {
    "", ",{\"name\":\"istio-proxy\",\"env\":[]}",
    ",{\"name\":\"istio-proxy\",\"env\":[{\"name\":\"PROXY_CONFIG\",\"value\":"
    "\"{\\\"tracing\\\":{\\\"sampling\\\":11}}\"}]}",
    ",{\"name\":\"istio-proxy\",\"env\":[{\"name\":\"PROXY_CONFIG\",\"value\":\"{\"}]}"};
static const char *const tiers[] = {"", ",\"tier\":\"front\""};
static const char *const app_env[] = {
    "", ",\"env\":[{\"name\":\"OTEL_TRACES_SAMPLER\",\"value\":\"always_on\"}]"};

static void
step_workload(struct mesh *mesh)
{
    static const char *const kinds[] = {"Deployment", "Deployment", "StatefulSet"};
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    const char *name = MESH_PICK(mesh, names);
    (void)bnc_sim_api_put(
        mesh->api,
        bnc_arena_fmt(
            arena,
            "{\"apiVersion\":\"apps/v1\",\"kind\":\"%s\",\"metadata\":{\"name\":\"%s\","
            "\"namespace\":\"%s\",\"annotations\":{%s}},\"spec\":{\"selector\":{"
            "\"matchLabels\":{\"app\":\"%s\"}},\"template\":{\"metadata\":{\"labels\":{"
            "\"app\":\"%s\"%s},\"annotations\":{%s}},\"spec\":{\"containers\":[{\"name\":"
            "\"app\"%s,\"ports\":[{\"name\":\"http\",\"containerPort\":8080}]}%s]}}}}",
            MESH_PICK(mesh, kinds), name, MESH_PICK(mesh, namespaces),
            MESH_PICK(mesh, own_notes), name, name, MESH_PICK(mesh, tiers),
            MESH_PICK(mesh, pod_notes), MESH_PICK(mesh, app_env),
            MESH_PICK(mesh, proxies)));
}

static void
step_pod(struct mesh *mesh)
{
    static const char *const phases[] = {"Running", "Running", "Succeeded"};
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    const char *name = MESH_PICK(mesh, names);
    const char *ns = MESH_PICK(mesh, namespaces);
    const char *pod = bnc_arena_fmt(arena, "%s-0", name);
    if (bnc_sim_chance(mesh->sim, 250)) {
        (void)bnc_sim_api_delete(mesh->api, "Pod", ns, pod);
        return;
    }
    (void)bnc_sim_api_put(
        mesh->api,
        bnc_arena_fmt(
            arena,
            "{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"metadata\":{\"name\":\"%s\","
            "\"namespace\":\"%s\",\"labels\":{\"app\":\"%s\"%s},\"annotations\":{%s}},"
            "\"spec\":{\"containers\":[{\"name\":\"app\"%s,\"ports\":[{\"name\":\"http\","
            "\"containerPort\":8080}]}%s]},\"status\":{\"phase\":\"%s\",\"podIP\":"
            "\"10.0.0.%u\"}}",
            pod, ns, name, MESH_PICK(mesh, tiers), MESH_PICK(mesh, pod_notes),
            MESH_PICK(mesh, app_env), MESH_PICK(mesh, proxies), MESH_PICK(mesh, phases),
            (unsigned)bnc_sim_below(mesh->sim, 200)));
}

static void
step_telemetry(struct mesh *mesh)
{
    static const char *const places[] = {MESH_ISTIO, "monitoring", "shop", "bank"};
    static const char *const specs[] = {
        "\"tracing\":[{\"randomSamplingPercentage\":44}]",
        "\"tracing\":[{\"providers\":[{\"name\":\"theirs\"}]}]",
        "\"selector\":{\"matchLabels\":{\"app\":\"web\"}},\"tracing\":[{"
        "\"randomSamplingPercentage\":45}]",
        "\"selector\":{\"matchLabels\":{\"tier\":\"front\"}},\"metrics\":[{\"providers\":"
        "["
        "{\"name\":\"prometheus\"}]}]"};
    static const char *const called[] = {"default", "theirs"};
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    const char *ns = MESH_PICK(mesh, places);
    const char *name = MESH_PICK(mesh, called);
    if (bnc_sim_chance(mesh->sim, 500)) {
        (void)bnc_sim_api_delete(mesh->api, "Telemetry", ns, name);
        return;
    }
    (void)bnc_sim_api_put(
        mesh->api, bnc_arena_fmt(arena,
                                 "{\"apiVersion\":\"" TRACING ",\"metadata\":{\"name\":"
                                 "\"%s\",\"namespace\":\"%s\"},\"spec\":{%s}}",
                                 name, ns, MESH_PICK(mesh, specs)));
}

static void
put_backend(struct mesh *mesh, const char *name)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    (void)bnc_sim_api_put(
        mesh->api, bnc_arena_fmt(arena,
                                 "{\"apiVersion\":\"v1\",\"kind\":\"Service\","
                                 "\"metadata\":{\"name\":\"%s\",\"namespace\":\"bank\"},"
                                 "\"spec\":{\"ports\":[{\"port\":4317}]}}",
                                 name));
}

static void
step_backend(struct mesh *mesh)
{
    const char *name = MESH_PICK(mesh, backends);
    if (bnc_sim_chance(mesh->sim, 400)) {
        (void)bnc_sim_api_delete(mesh->api, "Service", "bank", name);
    } else {
        put_backend(mesh, name);
    }
}

static void
step_crd(struct mesh *mesh)
{
    if (bnc_sim_chance(mesh->sim, 300)) {
        bnc_sim_api_kind_remove(mesh->api, "Telemetry");
    } else {
        bnc_sim_api_kind_add(mesh->api, "Telemetry");
    }
}

static void
step_delete(struct mesh *mesh)
{
    static const char *const kinds[] = {"SamplingPolicy", "SamplingPolicy", "MetricRule",
                                        "Deployment"};
    (void)bnc_sim_api_delete(mesh->api, MESH_PICK(mesh, kinds),
                             MESH_PICK(mesh, namespaces), MESH_PICK(mesh, names));
}

/* Somebody edits or deletes what we wrote. */
static void
step_drift(struct mesh *mesh)
{
    static const char *const places[] = {MESH_ISTIO, "shop", "bank"};
    const char *ns = MESH_PICK(mesh, places);
    if (bnc_sim_chance(mesh->sim, 300)) {
        (void)bnc_sim_api_delete(mesh->api, "ConfigMap", MESH_ISTIO, "binnacle-mesh");
    } else if (bnc_sim_chance(mesh->sim, 500)) {
        (void)bnc_sim_api_delete(mesh->api, "Telemetry", ns, "binnacle");
    } else {
        (void)bnc_sim_api_patch(mesh->api, "kubectl-edit", "Telemetry", ns, "binnacle",
                                "{\"spec\":{\"tracing\":null}}");
    }
}

static void
step_observatory(struct mesh *mesh)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    universe_observatory(mesh->sim, mesh->api,
                         bnc_sim_chance(mesh->sim, 700) ? "monitoring" : "shop",
                         mesh_spec(mesh, arena));
}

static void
step_goes(struct mesh *mesh)
{
    (void)bnc_sim_api_delete(mesh->api, "Observatory",
                             bnc_sim_chance(mesh->sim, 700) ? "monitoring" : "shop",
                             "main");
}

static const struct {
    const char *what;
    unsigned weight;
    void (*run)(struct mesh *);
} steps[] = {
    {"mesh observatory", 10, step_observatory},
    {"observatory goes", 2, step_goes},
    {"istiod", 8, mesh_step_deployment},
    {"ConfigMap istio", 10, mesh_step_config},
    {"Instrumentation", 8, mesh_step_instrumentation},
    {"sampling policy", 16, step_policy},
    {"metric rule", 6, step_rule},
    {"mesh namespace", 5, step_namespace},
    {"mesh workload", 14, step_workload},
    {"pod", 8, step_pod},
    {"foreign Telemetry", 8, step_telemetry},
    {"backend", 5, step_backend},
    {"CRD of Telemetry", 3, step_crd},
    {"delete in the mesh", 6, step_delete},
    {"drift in the mesh", 3, step_drift},
};

const char *
mesh_step(struct mesh *mesh)
{
    unsigned total = 0;
    size_t i = 0;
    for (i = 0; i < BNC_LEN(steps); i++) {
        total += steps[i].weight;
    }
    unsigned at = (unsigned)bnc_sim_below(mesh->sim, total);
    for (i = 0; at >= steps[i].weight; i++) {
        at -= steps[i].weight;
    }
    steps[i].run(mesh);
    return steps[i].what;
}

const char *
mesh_spec(struct mesh *mesh, struct bnc_arena *arena)
{
    static const char *const modes[] = {"Telemetry", "Telemetry", "Environment"};
    static const char *const written[] = {"Shared", "Shared", "Patch", "None"};
    static const char *const lists[] = {
        "{\"name\":\"jaeger\",\"type\":\"jaeger\",\"service\":\"jaeger.bank\"}",
        "{\"name\":\"zipkin\",\"type\":\"zipkin\",\"service\":\"zipkin.bank\"}",
        "{\"name\":\"jaeger\",\"type\":\"jaeger\",\"service\":\"jaeger.bank\"},{\"name\":"
        "\"zipkin\",\"type\":\"zipkin\",\"service\":\"zipkin.bank\"}",
        ""};
    static const char *const rates[] = {
        ",\"sampling\":{\"percent\":1}", ",\"sampling\":{\"percent\":50}",
        ",\"sampling\":{\"percent\":0,\"maxPercent\":10}", ""};
    static const char *const more[] = {
        "", "", ",\"strategies\":{}", ",\"apply\":[\"Istio\",\"OpenTelemetry\"]",
        ",\"apply\":[\"Istio\",\"OpenTelemetry\",\"Jaeger\"],\"strategies\":{}"};
    static const char *const conflicts[] = {"", "\"onConflict\":\"TakeOver\","};
    return bnc_arena_fmt(arena,
                         "%s\"mesh\":{\"mode\":\"%s\",\"meshConfig\":\"%s\"},"
                         "\"tracing\":{\"backends\":[%s]%s%s},",
                         MESH_PICK(mesh, conflicts), MESH_PICK(mesh, modes),
                         MESH_PICK(mesh, written), MESH_PICK(mesh, lists),
                         MESH_PICK(mesh, rates), MESH_PICK(mesh, more));
}

/* ---- begin and end ------------------------------------------------------------------
 */

struct mesh *
mesh_new(struct bnc_sim *sim, struct bnc_sim_api *api)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    struct mesh *mesh = bnc_alloc(sizeof(*mesh));
    *mesh = (struct mesh){.sim = sim, .api = api};
    mesh_others_create(mesh);
    put_backend(mesh, "jaeger");
    for (int i = 0; i < 3; i++) {
        step_namespace(mesh);
        step_policy(mesh);
        step_workload(mesh);
    }
    universe_observatory(sim, api, "monitoring", mesh_spec(mesh, arena));
    return mesh;
}

void
mesh_free(struct mesh *mesh)
{
    if (mesh != NULL) {
        mesh_others_free(mesh);
        free(mesh);
    }
}
