#include "tests/sim/run/mesh.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/json.h"
#include "lib/str.h"
#include "tests/sim/run/run.h"

#define TEXT_MAX    ((size_t)64 * 1024)
#define WAS         "binnacle.dev/was"
#define SAMPLING    "PILOT_TRACE_SAMPLING"
#define SHARED      "SHARED_MESH_CONFIG"
#define DEPLOYMENT  0
#define CONFIG      1
#define OTHERS      4
#define ISTIO       "istio-system"
#define ACCESS_LOG  "accessLogFile: /dev/stdout\n"
#define TRACING     "telemetry.istio.io/v1\",\"kind\":\"Telemetry\""
#define POLICY_KIND "\"apiVersion\":\"binnacle.dev/v1alpha1\",\"kind\":\"SamplingPolicy\""

/* An object of others, as it would be without binnacle. */
struct theirs {
    const char *kind;
    const char *ns;
    const char *name;
    char *text; /* NULL: it is not there */
};

struct mesh {
    struct bnc_sim *sim;
    struct bnc_sim_api *api;
    struct theirs others[OTHERS];
    unsigned notes; /* no two are the same */
    bool readable;  /* the mesh configuration */
};

static const char *const namespaces[] = {"monitoring", "shop", "bank"};
static const char *const names[] = {"web", "api", "db"};
static const char *const backends[] = {"jaeger", "zipkin"};

#define PICK(mesh, items) ((items)[bnc_sim_below((mesh)->sim, BNC_LEN(items))])

/* Fields that binnacle sets are set by others, too, but never to the same. */
static const char *const configs[] = {
    "accessLogFile: /dev/stdout\ndefaultConfig:\n  holdApplicationUntilProxyStarts: "
    "true\ndefaultProviders:\n  metrics:\n  - prometheus\n",
    "accessLogFile: /dev/stdout\n# of the platform\nextensionProviders:\n- name: theirs\n"
    "  zipkin:\n    service: zipkin.bank.svc.cluster.local\n    port: 9411\n",
    "accessLogFile: /dev/stdout\nextensionProviders:\n- name: jaeger\n  opentelemetry:\n"
    "    service: other.bank.svc.cluster.local\n    port: 4317\ndefaultProviders:\n"
    "  tracing: [jaeger]\n",
    "accessLogFile: /dev/stdout\nenableTracing: true\nextensionProviders: []\n",
    "accessLogFile: /dev/stdout\ndefaultConfig: {tracing: {sampling: 3}}\n",
};
static const char unreadable[] = "accessLogFile: [\nenableTracing: {\n";

static const char *const samplers[] = {
    NULL, "{\"type\":\"parentbased_traceidratio\",\"argument\":\"0.07\"}",
    "{\"type\":\"traceidratio\",\"argument\":\"0.13\"}"};

static const char *const variables[] = {
    NULL, "{\"name\":\"" SAMPLING "\",\"value\":\"7\"}",
    "{\"name\":\"" SAMPLING "\",\"value\":\"13.5\"}",
    "{\"name\":\"" SAMPLING "\",\"valueFrom\":{\"configMapKeyRef\":{\"name\":\"values\","
    "\"key\":\"rate\"}}}"};

/* ---- objects of others -------------------------------------------------------------- */

static cJSON *
parse(struct bnc_arena *arena, const char *text)
{
    struct bnc_error err = {0};
    cJSON *root = NULL;
    return text == NULL || bnc_json_parse(arena, text, strlen(text), &root, &err) ? NULL
                                                                                  : root;
}

static const char *
print(const cJSON *tree, struct bnc_arena *arena)
{
    struct bnc_str out = bnc_str_new(arena, TEXT_MAX);
    bnc_json_print(tree, &out);
    return out.ptr;
}

/* Gives a tree of the same arena. */
typedef void (*edit_fn)(cJSON *root, const void *arg, struct bnc_arena *arena);

static void
set_text(struct theirs *t, const char *text)
{
    free(t->text);
    t->text = text == NULL ? NULL : bnc_strdup(text);
}

/* The same is done to what is there and to what would be. */
static void
edit(struct mesh *mesh, struct theirs *t, edit_fn fn, const void *arg)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    cJSON *live = parse(arena, bnc_sim_api_get(mesh->api, t->kind, t->ns, t->name));
    cJSON *alone = parse(arena, t->text);
    if (live == NULL || alone == NULL) {
        return;
    }
    fn(live, arg, arena);
    fn(alone, arg, arena);
    set_text(t, print(alone, arena));
    (void)bnc_sim_api_put(mesh->api, print(live, arena));
}

/* Deleted, or made anew: nothing of what binnacle wrote is in it then. */
static void
replace(struct mesh *mesh, struct theirs *t, const char *text)
{
    (void)bnc_sim_api_delete(mesh->api, t->kind, t->ns, t->name);
    set_text(t, text);
    if (text != NULL) {
        (void)bnc_sim_api_put(mesh->api, text);
    }
}

static const char *
new_deployment(struct bnc_arena *arena, const char *item)
{
    return bnc_arena_fmt(
        arena,
        "{\"apiVersion\":\"apps/v1\",\"kind\":\"Deployment\",\"metadata\":{\"name\":"
        "\"istiod\",\"namespace\":\"" ISTIO "\"},\"spec\":{\"selector\":{"
        "\"matchLabels\":{\"app\":\"istiod\"}},\"template\":{\"metadata\":{\"labels\":{"
        "\"app\":\"istiod\"}},\"spec\":{\"containers\":[{\"name\":\"discovery\",\"env\":"
        "[{\"name\":\"REVISION\",\"value\":\"default\"},{\"name\":\"" SHARED
        "\",\"value\":\"binnacle-mesh\"}%s%s]}]}}}}",
        item == NULL ? "" : ",", item == NULL ? "" : item);
}

static const char *
new_config(struct bnc_arena *arena, const char *text)
{
    cJSON *root = parse(arena, "{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\","
                               "\"metadata\":{\"name\":\"istio\",\"namespace\":\"" ISTIO
                               "\"},\"data\":{\"meshNetworks\":\"networks: {}\"}}");
    bnc_json_set_str(arena, bnc_json_get(root, "data"), "mesh", text);
    return print(root, arena);
}

static const char *
new_instrumentation(struct bnc_arena *arena, const struct theirs *t, const char *sampler)
{
    return bnc_arena_fmt(
        arena,
        "{\"apiVersion\":\"opentelemetry.io/v1alpha1\",\"kind\":\"Instrumentation\","
        "\"metadata\":{\"name\":\"%s\",\"namespace\":\"%s\"},\"spec\":{\"propagators\":["
        "\"b3\"]%s%s}}",
        t->name, t->ns, sampler == NULL ? "" : ",\"sampler\":",
        sampler == NULL ? "" : sampler);
}

/* ---- edits -------------------------------------------------------------------------- */

static cJSON *
environment(const cJSON *root)
{
    const cJSON *containers =
        bnc_json_path(root, "spec", "template", "spec", "containers", NULL);
    return bnc_json_get(containers == NULL ? NULL : containers->child, "env");
}

struct variable {
    const char *name;
    const char *item; /* NULL: it is taken off */
};

static void
edit_variable(cJSON *root, const void *arg, struct bnc_arena *arena)
{
    const struct variable *v = arg;
    cJSON *containers =
        bnc_json_path(root, "spec", "template", "spec", "containers", NULL);
    cJSON *list = bnc_json_array(arena);
    const cJSON *item;
    cJSON_ArrayForEach(item, environment(root))
    {
        if (!bnc_str_eq(bnc_json_get_str(item, "name"), v->name)) {
            bnc_json_add(list, bnc_json_clone(arena, item));
        }
    }
    if (v->item != NULL) {
        bnc_json_add(list, parse(arena, v->item));
    }
    bnc_json_set_item(arena, containers->child, "env", list);
}

/* A line is put before all others. */
static void
edit_note(cJSON *root, const void *arg, struct bnc_arena *arena)
{
    cJSON *data = bnc_json_get(root, "data");
    const char *text = bnc_json_get_str(data, "mesh");
    bnc_json_set_str(arena, data, "mesh",
                     bnc_arena_fmt(arena, "%s%s", (const char *)arg, text));
}

/* A line of theirs goes. */
static void
edit_line(cJSON *root, const void *arg, struct bnc_arena *arena)
{
    cJSON *data = bnc_json_get(root, "data");
    const char *text = bnc_json_get_str(data, "mesh");
    const char *line = arg;
    const char *at = strstr(text, line);
    if (at != NULL) {
        bnc_json_set_str(arena, data, "mesh",
                         bnc_arena_fmt(arena, "%.*s%s", (int)(at - text), text,
                                       at + strlen(line)));
    }
}

static void
edit_config(cJSON *root, const void *arg, struct bnc_arena *arena)
{
    bnc_json_set_str(arena, bnc_json_get(root, "data"), "mesh", arg);
}

static void
edit_sampler(cJSON *root, const void *arg, struct bnc_arena *arena)
{
    cJSON *spec = bnc_json_get(root, "spec");
    if (arg == NULL) {
        (void)bnc_json_remove(spec, "sampler");
    } else {
        bnc_json_set_item(arena, spec, "sampler", parse(arena, arg));
    }
}

/* ---- steps on them ------------------------------------------------------------------ */

static void
step_deployment(struct mesh *mesh)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    struct theirs *t = &mesh->others[DEPLOYMENT];
    const char *item = PICK(mesh, variables);
    uint64_t what = bnc_sim_below(mesh->sim, 10);
    if (t->text == NULL || what == 0) {
        replace(mesh, t, t->text == NULL ? new_deployment(arena, item) : NULL);
    } else if (what < 3) {
        bool off = bnc_sim_chance(mesh->sim, 300);
        const char *value = bnc_sim_chance(mesh->sim, 800) ? "binnacle-mesh" : "their-own";
        const struct variable v = {
            SHARED, off ? NULL
                        : bnc_arena_fmt(arena, "{\"name\":\"" SHARED "\",\"value\":\"%s\"}",
                                        value)};
        edit(mesh, t, edit_variable, &v);
    } else {
        const struct variable v = {SAMPLING, item};
        edit(mesh, t, edit_variable, &v);
    }
}

static void
step_config(struct mesh *mesh)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    struct theirs *t = &mesh->others[CONFIG];
    const char *text = PICK(mesh, configs);
    uint64_t what = bnc_sim_below(mesh->sim, 10);
    if (t->text == NULL || what == 0) {
        replace(mesh, t, t->text == NULL ? new_config(arena, text) : NULL);
        mesh->readable = true;
    } else if (what < 4) {
        edit(mesh, t, edit_config, text);
        mesh->readable = true;
    } else if (what < 5) {
        edit(mesh, t, edit_config, unreadable);
        mesh->readable = false;
    } else if (what < 8) {
        edit(mesh, t, edit_note, bnc_arena_fmt(arena, "# note %u\n", ++mesh->notes));
    } else {
        edit(mesh, t, edit_line, ACCESS_LOG);
    }
}

static void
step_instrumentation(struct mesh *mesh)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    struct theirs *t = &mesh->others[2 + bnc_sim_below(mesh->sim, OTHERS - 2)];
    const char *sampler = PICK(mesh, samplers);
    if (t->text == NULL || bnc_sim_chance(mesh->sim, 300)) {
        replace(mesh, t,
                t->text == NULL ? new_instrumentation(arena, t, sampler) : NULL);
    } else {
        edit(mesh, t, edit_sampler, sampler);
    }
}

/* ---- other steps -------------------------------------------------------------------- */

static void
step_policy(struct mesh *mesh)
{
    static const char *const rates[] = {
        "\"percent\":5", "\"percent\":0", "\"percent\":12.5", "\"percent\":100",
        "\"percent\":101", "\"budget\":{\"tracesPerSecond\":20,\"initialPercent\":2}"};
    static const char *const places[] = {
        "", "", ",\"scope\":\"Mesh\"",
        ",\"selector\":{\"matchLabels\":{\"app\":\"web\"}}",
        ",\"selector\":{\"matchLabels\":{\"app\":\"api\"}}",
        ",\"selector\":{\"matchLabels\":{\"tier\":\"front\"}}",
        ",\"targetRefs\":[{\"kind\":\"Gateway\",\"name\":\"edge\"}]"};
    static const char *const more[] = {
        "", "", ",\"provider\":\"jaeger\"", ",\"provider\":\"nobody\"",
        ",\"apply\":[\"Istio\"]", ",\"apply\":[\"OpenTelemetry\",\"Jaeger\"]",
        ",\"priority\":3", ",\"operations\":[{\"operation\":\"GET /\",\"percent\":1}]",
        ",\"customTags\":{\"team\":{\"literal\":{\"value\":\"a\"}}}"};
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    (void)bnc_sim_api_put(
        mesh->api, bnc_arena_fmt(arena,
                                 "{" POLICY_KIND ",\"metadata\":{\"name\":\"%s\","
                                 "\"namespace\":\"%s\"},\"spec\":{%s%s%s}}",
                                 PICK(mesh, names), PICK(mesh, namespaces),
                                 PICK(mesh, rates), PICK(mesh, places), PICK(mesh, more)));
}

static void
step_rule(struct mesh *mesh)
{
    static const char *const specs[] = {
        "\"groups\":[{\"name\":\"g\",\"rules\":[{\"record\":\"a:b\",\"expr\":\"up\"}]}]",
        "\"groups\":[{\"name\":\"g\",\"rules\":[{\"alert\":\"A\",\"expr\":\"up(\"}]}]",
        "\"mesh\":[{\"metric\":\"REQUEST_COUNT\",\"addLabels\":{\"m\":\"request.method\"}"
        "}]",
        "\"mesh\":[{\"metric\":\"REQUEST_SIZE\",\"disabled\":true}],\"groups\":[{\"name\":"
        "\"h\",\"rules\":[{\"record\":\"c:d\",\"expr\":\"up\"}]}]",
        "\"mesh\":[{\"metric\":\"REQUEST_COUNT\",\"removeLabels\":[\"source_principal\"]}"
        "],\"selector\":{\"matchLabels\":{\"app\":\"web\"}}"};
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    (void)bnc_sim_api_put(
        mesh->api,
        bnc_arena_fmt(arena,
                      "{\"apiVersion\":\"binnacle.dev/v1alpha1\",\"kind\":\"MetricRule\","
                      "\"metadata\":{\"name\":\"%s\",\"namespace\":\"%s\"},\"spec\":{%s}}",
                      PICK(mesh, names), PICK(mesh, namespaces), PICK(mesh, specs)));
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
        bnc_arena_fmt(arena,
                      "{\"apiVersion\":\"v1\",\"kind\":\"Namespace\",\"metadata\":{"
                      "\"name\":\"%s\",\"labels\":{%s\"team\":\"%s\"},\"annotations\":{%s}"
                      "}}",
                      PICK(mesh, namespaces), PICK(mesh, labels), PICK(mesh, teams),
                      PICK(mesh, notes)));
}

static const char *const own_notes[] = {
    "", "", "\"binnacle.dev/sampling-percent\":\"30\"",
    "\"binnacle.dev/sampling-percent\":\"a lot\"", "\"binnacle.dev/ignore\":\"true\""};
static const char *const pod_notes[] = {
    "", "\"proxy.istio.io/config\":\"tracing: {sampling: 9}\"",
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
    const char *name = PICK(mesh, names);
    (void)bnc_sim_api_put(
        mesh->api,
        bnc_arena_fmt(
            arena,
            "{\"apiVersion\":\"apps/v1\",\"kind\":\"%s\",\"metadata\":{\"name\":\"%s\","
            "\"namespace\":\"%s\",\"annotations\":{%s}},\"spec\":{\"selector\":{"
            "\"matchLabels\":{\"app\":\"%s\"}},\"template\":{\"metadata\":{\"labels\":{"
            "\"app\":\"%s\"%s},\"annotations\":{%s}},\"spec\":{\"containers\":[{\"name\":"
            "\"app\"%s,\"ports\":[{\"name\":\"http\",\"containerPort\":8080}]}%s]}}}}",
            PICK(mesh, kinds), name, PICK(mesh, namespaces), PICK(mesh, own_notes), name,
            name, PICK(mesh, tiers), PICK(mesh, pod_notes), PICK(mesh, app_env),
            PICK(mesh, proxies)));
}

static void
step_pod(struct mesh *mesh)
{
    static const char *const phases[] = {"Running", "Running", "Succeeded"};
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    const char *name = PICK(mesh, names);
    const char *ns = PICK(mesh, namespaces);
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
            pod, ns, name, PICK(mesh, tiers), PICK(mesh, pod_notes), PICK(mesh, app_env),
            PICK(mesh, proxies), PICK(mesh, phases),
            (unsigned)bnc_sim_below(mesh->sim, 200)));
}

static void
step_telemetry(struct mesh *mesh)
{
    static const char *const places[] = {ISTIO, "monitoring", "shop", "bank"};
    static const char *const specs[] = {
        "\"tracing\":[{\"randomSamplingPercentage\":44}]",
        "\"tracing\":[{\"providers\":[{\"name\":\"theirs\"}]}]",
        "\"selector\":{\"matchLabels\":{\"app\":\"web\"}},\"tracing\":[{"
        "\"randomSamplingPercentage\":45}]",
        "\"selector\":{\"matchLabels\":{\"tier\":\"front\"}},\"metrics\":[{\"providers\":["
        "{\"name\":\"prometheus\"}]}]"};
    static const char *const called[] = {"default", "theirs"};
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    const char *ns = PICK(mesh, places);
    const char *name = PICK(mesh, called);
    if (bnc_sim_chance(mesh->sim, 500)) {
        (void)bnc_sim_api_delete(mesh->api, "Telemetry", ns, name);
        return;
    }
    (void)bnc_sim_api_put(
        mesh->api, bnc_arena_fmt(arena,
                                 "{\"apiVersion\":\"" TRACING ",\"metadata\":{\"name\":"
                                 "\"%s\",\"namespace\":\"%s\"},\"spec\":{%s}}",
                                 name, ns, PICK(mesh, specs)));
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
    const char *name = PICK(mesh, backends);
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
    (void)bnc_sim_api_delete(mesh->api, PICK(mesh, kinds), PICK(mesh, namespaces),
                             PICK(mesh, names));
}

/* Somebody edits or deletes what we wrote. */
static void
step_drift(struct mesh *mesh)
{
    static const char *const places[] = {ISTIO, "shop", "bank"};
    const char *ns = PICK(mesh, places);
    if (bnc_sim_chance(mesh->sim, 300)) {
        (void)bnc_sim_api_delete(mesh->api, "ConfigMap", ISTIO, "binnacle-mesh");
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
    {"istiod", 8, step_deployment},
    {"ConfigMap istio", 10, step_config},
    {"Instrumentation", 8, step_instrumentation},
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
    static const char *const modes[] = {"", "", "\"mode\":\"Environment\"",
                                        "\"mode\":\"Telemetry\""};
    static const char *const written[] = {"", ",\"meshConfig\":\"Patch\"",
                                          ",\"meshConfig\":\"None\""};
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
        "", "", ",\"strategies\":{}",
        ",\"apply\":[\"Istio\",\"OpenTelemetry\"]",
        ",\"apply\":[\"Istio\",\"OpenTelemetry\",\"Jaeger\"],\"strategies\":{}"};
    static const char *const conflicts[] = {"", "\"onConflict\":\"TakeOver\","};
    const char *mode = PICK(mesh, modes);
    const char *config = PICK(mesh, written);
    return bnc_arena_fmt(arena,
                         "%s\"mesh\":{%s%s},\"tracing\":{\"backends\":[%s]%s%s},",
                         PICK(mesh, conflicts), mode, config + (mode[0] == '\0' ? 1 : 0) *
                         (config[0] == ',' ? 1 : 0),
                         PICK(mesh, lists), PICK(mesh, rates), PICK(mesh, more));
}

/* ---- begin and end ------------------------------------------------------------------ */

struct mesh *
mesh_new(struct bnc_sim *sim, struct bnc_sim_api *api)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    struct mesh *mesh = bnc_alloc(sizeof(*mesh));
    *mesh = (struct mesh){.sim = sim,
                          .api = api,
                          .readable = true,
                          .others = {{"Deployment", ISTIO, "istiod", NULL},
                                     {"ConfigMap", ISTIO, "istio", NULL},
                                     {"Instrumentation", "shop", "theirs", NULL},
                                     {"Instrumentation", "bank", "theirs", NULL}}};
    replace(mesh, &mesh->others[DEPLOYMENT], new_deployment(arena, PICK(mesh, variables)));
    replace(mesh, &mesh->others[CONFIG], new_config(arena, PICK(mesh, configs)));
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
    for (size_t i = 0; mesh != NULL && i < OTHERS; i++) {
        free(mesh->others[i].text);
    }
    free(mesh);
}

void
mesh_repair(struct mesh *mesh)
{
    bnc_sim_api_kind_add(mesh->api, "Telemetry");
    if (!mesh->readable) {
        edit(mesh, &mesh->others[CONFIG], edit_config, configs[0]);
        mesh->readable = true;
    }
}

/* By name: a patch may put a variable elsewhere in the list. */
static bool
same_environment(const cJSON *a, const cJSON *b)
{
    const cJSON *item;
    const cJSON *other;
    if (cJSON_GetArraySize(a) != cJSON_GetArraySize(b)) {
        return false;
    }
    cJSON_ArrayForEach(item, a)
    {
        bool found = false;
        cJSON_ArrayForEach(other, b)
        {
            found = found || bnc_json_equal(item, other);
        }
        if (!found) {
            return false;
        }
    }
    return true;
}

static bool
same(const struct theirs *t, const cJSON *live, const cJSON *alone)
{
    return (strcmp(t->kind, "Deployment") == 0
                ? same_environment(environment(live), environment(alone))
                : bnc_json_equal(bnc_json_get(live, "spec"),
                                 bnc_json_get(alone, "spec"))) &&
           bnc_json_equal(bnc_json_get(live, "data"), bnc_json_get(alone, "data"));
}

const char *
mesh_untouched(struct mesh *mesh, struct bnc_arena *arena)
{
    for (size_t i = 0; i < OTHERS; i++) {
        const struct theirs *t = &mesh->others[i];
        const char *text = bnc_sim_api_get(mesh->api, t->kind, t->ns, t->name);
        cJSON *live = parse(arena, text);
        cJSON *alone = parse(arena, t->text);
        if ((live == NULL) != (alone == NULL)) {
            return bnc_arena_fmt(arena, "%s %s/%s is there, or not, against its owner's will",
                                 t->kind, t->ns, t->name);
        }
        const cJSON *notes = bnc_json_path(live, "metadata", "annotations", NULL);
        if (bnc_json_get(notes, WAS) != NULL || (live != NULL && !same(t, live, alone))) {
            return bnc_arena_fmt(arena, "%s %s/%s is not as it was:\n  is  %s\n  was %s",
                                 t->kind, t->ns, t->name, text, t->text);
        }
    }
    return NULL;
}
