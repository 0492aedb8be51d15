#include "cmd/explain_statsd.h"

#include <stdio.h>
#include <string.h>

#include "lib/json.h"
#include "reconcilers/mesh_plan.h"

#define FLAG "--statsdUdpAddress"

/* An address, NULL or "" for none, and what says so. */
struct push {
    const char *address;
    const char *by; /* NULL: nobody does */
};

/* ---- what a proxy was made with -------------------------------------------------- */

/* The flag of Istio 1.4 and older; NULL: it is not among the arguments. */
static const char *
flag_of(const cJSON *container)
{
    const size_t n = strlen(FLAG);
    const char *found = NULL;
    const cJSON *item;
    cJSON_ArrayForEach(item, bnc_json_get(container, "args"))
    {
        const char *text = cJSON_IsString(item) ? item->valuestring : "";
        if (strncmp(text, FLAG "=", n + 1) == 0) {
            found = text + n + 1;
        } else if (strcmp(text, FLAG) == 0 && cJSON_IsString(item->next)) {
            item = item->next;
            found = item->valuestring;
        }
    }
    return found;
}

static const cJSON *
named(const cJSON *list, const char *name)
{
    const cJSON *item;
    cJSON_ArrayForEach(item, list)
    {
        if (bnc_str_eq(bnc_json_get_str(item, "name"), name)) {
            return item;
        }
    }
    return NULL;
}

/* True when the proxy is written out there, as in every pod that has one. */
static bool
read_container(const struct bnc_object *object, struct bnc_arena *arena, struct push *out)
{
    static const char *const lists[] = {"containers", "initContainers"};
    struct bnc_proxy_config config = {0};
    struct bnc_error err = {0};
    const cJSON *proxy = NULL;
    cJSON *root = NULL;

    if (bnc_json_parse(arena, object->text.ptr, object->text.len, &root, &err)) {
        return false;
    }
    const cJSON *spec = bnc_json_get(root, "spec");
    spec = object->kind == BNC_KIND_CRON_JOB
               ? bnc_json_path(spec, "jobTemplate", "spec", NULL)
               : spec;
    spec = object->kind == BNC_KIND_POD ? spec
                                        : bnc_json_path(spec, "template", "spec", NULL);
    for (size_t i = 0; i < BNC_LEN(lists) && proxy == NULL; i++) {
        proxy = named(bnc_json_get(spec, lists[i]), "istio-proxy");
    }
    const char *flag = flag_of(proxy);
    const char *baked =
        bnc_json_get_str(named(bnc_json_get(proxy, "env"), "PROXY_CONFIG"), "value");
    if (flag != NULL) {
        *out = (struct push){flag, "argument " FLAG " of istio-proxy"};
    } else if (baked != NULL &&
               !bnc_proxy_config_parse(baked, strlen(baked), arena, &config, &err)) {
        *out = (struct push){config.statsd_address,
                             config.statsd_address == NULL ? NULL : "its PROXY_CONFIG"};
    }
    return flag != NULL || baked != NULL;
}

/* ---- what a pod that is made now gets --------------------------------------------- */

static struct push
of_new_pods(const struct bnc_mesh_workload *w, const struct bnc_mesh_config *mesh,
            struct bnc_arena *arena)
{
    const char *annotation = w->ir->injection.proxy_config;
    struct bnc_proxy_config own = {0};
    struct bnc_error err = {0};
    struct push out = {0};

    if (w->member->object->kind != BNC_KIND_POD &&
        read_container(w->member->object, arena, &out)) {
        return out;
    }
    if (annotation != NULL &&
        !bnc_proxy_config_parse(annotation, strlen(annotation), arena, &own, &err) &&
        own.statsd_address != NULL) {
        return (struct push){own.statsd_address, "annotation proxy.istio.io/config"};
    }
    if (mesh != NULL && mesh->statsd_address != NULL) {
        out = (struct push){mesh->statsd_address, "the mesh configuration"};
    }
    return out;
}

/* ---- the section ----------------------------------------------------------------- */

/* The workload, or that of the pod; NULL: it is in no mesh that we know of. */
static const struct bnc_mesh_workload *
find_workload(const struct bnc_mesh_plan *mesh, const struct bnc_object *object)
{
    for (size_t i = 0; mesh != NULL && i < mesh->n_workloads; i++) {
        const struct bnc_mesh_workload *w = &mesh->workloads[i];
        if (w->member->object == object) {
            return w;
        }
        for (size_t k = 0; k < w->n_proxies; k++) {
            if (w->proxies[k]->object == object) {
                return w;
            }
        }
    }
    return NULL;
}

static bool
same(const char *a, const char *b)
{
    return strcmp(a == NULL ? "" : a, b == NULL ? "" : b) == 0;
}

static cJSON *
push_json(const struct push *push, struct bnc_arena *arena)
{
    cJSON *out = bnc_json_object(arena);
    if (push->address != NULL && push->address[0] != '\0') {
        bnc_json_set_str(arena, out, "address", push->address);
    }
    if (push->by != NULL) {
        bnc_json_set_str(arena, out, "by", push->by);
    }
    return out;
}

static void
add_pod(const struct bnc_object *pod, const struct push *fresh, cJSON *list,
        struct bnc_arena *arena)
{
    struct push push = {0};
    (void)read_container(pod, arena, &push);
    cJSON *entry = push_json(&push, arena);
    bnc_json_set_str(arena, entry, "name", pod->name);
    bnc_json_set_bool(arena, entry, "restart", !same(push.address, fresh->address));
    bnc_json_add(list, entry);
}

static void
add_pods(const struct bnc_mesh_workload *w, const struct bnc_object *asked,
         const struct push *fresh, cJSON *out, struct bnc_arena *arena)
{
    cJSON *list = bnc_json_array(arena);
    if (asked->kind == BNC_KIND_POD) {
        add_pod(asked, fresh, list, arena);
    }
    for (size_t i = 0; asked->kind != BNC_KIND_POD && i < w->n_proxies; i++) {
        add_pod(w->proxies[i]->object, fresh, list, arena);
    }
    bnc_json_set_item(arena, out, "pods", list);
}

/* Why sidecars are told something else, or nothing; NULL: they are told. */
static const char *
note(const struct bnc_mesh_facts *facts, const char *wanted, struct bnc_arena *arena)
{
    const char *told = facts == NULL ? NULL : facts->merged.statsd_address;
    if (told != NULL && strcmp(told, wanted) != 0) {
        return bnc_arena_fmt(arena,
                             "the mesh configuration tells sidecars %s: ConfigMap %s/%s "
                             "has its own statsdUdpAddress",
                             told, facts->ns, facts->config_name);
    }
    if (told != NULL) {
        return NULL;
    }
    return bnc_arena_fmt(
        arena,
        "sidecars are not told: %s, or for this workload set the annotation "
        "proxy.istio.io/config: '{statsdUdpAddress: %s}' on the pod template (Istio 1.4 "
        "and older: argument " FLAG " %s of istio-proxy), then restart it",
        facts == NULL ? "set spec.mesh"
                      : "see the Observatory's status for what keeps it from the mesh "
                        "configuration",
        wanted, wanted);
}

void
bnc_explain_statsd(const struct bnc_result *result, const struct bnc_object *workload,
                   cJSON *out, struct bnc_arena *arena)
{
    const struct bnc_ir_observatory *ir = result->plan->observatory->ir->as.observatory;
    const struct bnc_statsd_spec *statsd = ir->spec.statsd;
    const struct bnc_plan_state *state = result->plan->state;
    if (statsd == NULL || statsd->address == NULL) {
        return;
    }
    const struct bnc_mesh_workload *w = find_workload(state->mesh, workload);
    const char *text = note(ir->mesh, statsd->address, arena);
    cJSON *entry = bnc_json_object(arena);
    bnc_json_set_str(arena, entry, "address", statsd->address);
    if (w != NULL && w->ir->injection.sidecar) {
        const struct push fresh =
            of_new_pods(w, ir->mesh == NULL ? NULL : &ir->mesh->merged, arena);
        bnc_json_set_item(arena, entry, "newPods", push_json(&fresh, arena));
        add_pods(w, workload, &fresh, entry, arena);
    } else if (state->mesh != NULL) {
        text = "it has no sidecar";
    }
    if (text != NULL) {
        bnc_json_set_str(arena, entry, "note", text);
    }
    bnc_json_set_item(arena, out, "statsd", entry);
}

/* ---- for people ------------------------------------------------------------------ */

static void
print_push(const char *what, const char *name, const cJSON *push)
{
    const char *address = bnc_json_get_str(push, "address");
    const char *by = bnc_json_get_str(push, "by");
    (void)printf("  %s%s: %s", what, name, address == NULL ? "nothing" : address);
    if (by != NULL) {
        (void)printf(" by %s", by);
    }
    (void)printf("%s\n",
                 cJSON_IsTrue(bnc_json_get(push, "restart")) ? "; restart it" : "");
}

void
bnc_explain_statsd_print(const cJSON *statsd)
{
    const cJSON *fresh = bnc_json_get(statsd, "newPods");
    const char *text = bnc_json_get_str(statsd, "note");
    const cJSON *pod;
    if (statsd == NULL) {
        return;
    }
    (void)printf("statsd: %s\n", bnc_json_get_str(statsd, "address"));
    if (fresh != NULL) {
        print_push("new pods", "", fresh);
    }
    cJSON_ArrayForEach(pod, bnc_json_get(statsd, "pods"))
    {
        print_push("pod ", bnc_json_get_str(pod, "name"), pod);
    }
    if (text != NULL) {
        (void)printf("  note: %s\n", text);
    }
}
