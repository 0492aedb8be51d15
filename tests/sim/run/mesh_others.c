/* Objects of others, and what would be in them without binnacle. */
#include <stdlib.h>
#include <string.h>

#include "lib/json.h"
#include "lib/str.h"
#include "tests/sim/run/mesh_internal.h"

#define TEXT_MAX   ((size_t)64 * 1024)
#define WAS        "binnacle.dev/was"
#define SAMPLING   "PILOT_TRACE_SAMPLING"
#define SHARED     "SHARED_MESH_CONFIG"
#define DEPLOYMENT 0
#define CONFIG     1
#define ACCESS_LOG "accessLogFile: /dev/stdout\n"

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

/* ---- objects of others --------------------------------------------------------------
 */

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
        "\"istiod\",\"namespace\":\"" MESH_ISTIO "\"},\"spec\":{\"selector\":{"
        "\"matchLabels\":{\"app\":\"istiod\"}},\"template\":{\"metadata\":{\"labels\":{"
        "\"app\":\"istiod\"}},\"spec\":{\"containers\":[{\"name\":\"discovery\",\"env\":"
        "[{\"name\":\"REVISION\",\"value\":\"default\"},{\"name\":\"" SHARED
        "\",\"value\":\"binnacle-mesh\"}%s%s]}]}}}}",
        item == NULL ? "" : ",", item == NULL ? "" : item);
}

static const char *
new_config(struct bnc_arena *arena, const char *text)
{
    cJSON *root =
        parse(arena, "{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\","
                     "\"metadata\":{\"name\":\"istio\",\"namespace\":\"" MESH_ISTIO
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
        t->name, t->ns,
        sampler == NULL ? "" : ",\"sampler\":", sampler == NULL ? "" : sampler);
}

/* ---- edits --------------------------------------------------------------------------
 */

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
        bnc_json_set_str(
            arena, data, "mesh",
            bnc_arena_fmt(arena, "%.*s%s", (int)(at - text), text, at + strlen(line)));
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

/* ---- steps on them ------------------------------------------------------------------
 */

void
mesh_step_deployment(struct mesh *mesh)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    struct theirs *t = &mesh->others[DEPLOYMENT];
    const char *item = MESH_PICK(mesh, variables);
    uint64_t what = bnc_sim_below(mesh->sim, 10);
    if (t->text == NULL || what == 0) {
        replace(mesh, t, t->text == NULL ? new_deployment(arena, item) : NULL);
    } else if (what < 3) {
        bool off = bnc_sim_chance(mesh->sim, 300);
        const char *value =
            bnc_sim_chance(mesh->sim, 800) ? "binnacle-mesh" : "their-own";
        const struct variable v = {SHARED, off ? NULL
                                               : bnc_arena_fmt(arena,
                                                               "{\"name\":\"" SHARED
                                                               "\",\"value\":\"%s\"}",
                                                               value)};
        edit(mesh, t, edit_variable, &v);
    } else {
        const struct variable v = {SAMPLING, item};
        edit(mesh, t, edit_variable, &v);
    }
}

void
mesh_step_config(struct mesh *mesh)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    struct theirs *t = &mesh->others[CONFIG];
    const char *text = MESH_PICK(mesh, configs);
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

void
mesh_step_instrumentation(struct mesh *mesh)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    struct theirs *t = &mesh->others[2 + bnc_sim_below(mesh->sim, MESH_OTHERS - 2)];
    const char *sampler = MESH_PICK(mesh, samplers);
    if (t->text == NULL || bnc_sim_chance(mesh->sim, 300)) {
        replace(mesh, t, t->text == NULL ? new_instrumentation(arena, t, sampler) : NULL);
    } else {
        edit(mesh, t, edit_sampler, sampler);
    }
}

/* ---- begin and end ------------------------------------------------------------------
 */

void
mesh_others_create(struct mesh *mesh)
{
    static const struct theirs all[MESH_OTHERS] = {
        {"Deployment", MESH_ISTIO, "istiod", NULL},
        {"ConfigMap", MESH_ISTIO, "istio", NULL},
        {"Instrumentation", "shop", "theirs", NULL},
        {"Instrumentation", "bank", "theirs", NULL}};
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    memcpy(mesh->others, all, sizeof(all));
    mesh->readable = true;
    replace(mesh, &mesh->others[DEPLOYMENT],
            new_deployment(arena, MESH_PICK(mesh, variables)));
    replace(mesh, &mesh->others[CONFIG], new_config(arena, MESH_PICK(mesh, configs)));
}

void
mesh_others_free(struct mesh *mesh)
{
    for (size_t i = 0; i < MESH_OTHERS; i++) {
        free(mesh->others[i].text);
    }
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
    for (size_t i = 0; i < MESH_OTHERS; i++) {
        const struct theirs *t = &mesh->others[i];
        const char *text = bnc_sim_api_get(mesh->api, t->kind, t->ns, t->name);
        cJSON *live = parse(arena, text);
        cJSON *alone = parse(arena, t->text);
        if ((live == NULL) != (alone == NULL)) {
            return bnc_arena_fmt(arena,
                                 "%s %s/%s is there, or not, against its owner's will",
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
