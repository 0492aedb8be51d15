#include "reconcilers/injection.h"

#include <string.h>

#include "lib/json.h"

#define SDK_PREFIX "instrumentation.opentelemetry.io/"

/* ---- namespace ----------------------------------------------------------------- */

struct surroundings {
    bool injects; /* the Namespace's labels ask for sidecars */
    bool refuses; /* or forbid them, whatever a pod says */
    const cJSON *annotations;
};

static struct surroundings
read_namespace(const struct bnc_object *self, struct bnc_view *view,
               struct bnc_arena *arena)
{
    struct surroundings out = {0};
    const struct bnc_object *ns = NULL;
    struct bnc_error err = {0};
    cJSON *root = NULL;

    if (bnc_view_get(view, BNC_KIND_NAMESPACE, "", self->ns, &ns) != BNC_VIEW_FOUND ||
        (strstr(ns->text.ptr, "istio") == NULL &&
         strstr(ns->text.ptr, SDK_PREFIX) == NULL) ||
        bnc_json_parse(arena, ns->text.ptr, ns->text.len, &root, &err)) {
        return out;
    }
    const cJSON *labels = bnc_json_path(root, "metadata", "labels", NULL);
    const char *injection = bnc_json_get_str(labels, "istio-injection");
    const char *revision = bnc_json_get_str(labels, "istio.io/rev");
    out.refuses = bnc_str_eq(injection, "disabled");
    out.injects = bnc_str_eq(injection, "enabled") ||
                  (injection == NULL && revision != NULL && revision[0] != '\0');
    out.annotations = bnc_json_path(root, "metadata", "annotations", NULL);
    return out;
}

/* ---- template ------------------------------------------------------------------ */

static const cJSON *
find_container(const cJSON *spec, const char *list, const char *name)
{
    const cJSON *item;
    cJSON_ArrayForEach(item, bnc_json_get(spec, list))
    {
        if (bnc_str_eq(bnc_json_get_str(item, "name"), name)) {
            return item;
        }
    }
    return NULL;
}

/* The annotations that are about the SDK; NULL: none. */
static const cJSON *
sdk_annotations(const cJSON *annotations, struct bnc_arena *arena)
{
    cJSON *out = NULL;
    const cJSON *item;
    cJSON_ArrayForEach(item, annotations)
    {
        if (cJSON_IsString(item) && bnc_str_starts(item->string, SDK_PREFIX)) {
            out = out == NULL ? bnc_json_object(arena) : out;
            bnc_json_set_str(arena, out, item->string, item->valuestring);
        }
    }
    return out;
}

bool
bnc_sdk_asked_for(const cJSON *root)
{
    const cJSON *item;
    cJSON_ArrayForEach(item, bnc_json_path(root, "metadata", "annotations", NULL))
    {
        if (bnc_str_starts(item->string, SDK_PREFIX)) {
            return true;
        }
    }
    return false;
}

const cJSON *
bnc_sdk_environment(const cJSON *spec, struct bnc_arena *arena)
{
    cJSON *out = NULL;
    const cJSON *container;
    cJSON_ArrayForEach(container, bnc_json_get(spec, "containers"))
    {
        const cJSON *item;
        cJSON_ArrayForEach(item, bnc_json_get(container, "env"))
        {
            const char *name = bnc_json_get_str(item, "name");
            if (name != NULL && bnc_str_starts(name, "OTEL_")) {
                out = out == NULL ? bnc_json_array(arena) : out;
                bnc_json_add(out, bnc_json_clone(arena, item));
            }
        }
    }
    return out;
}

static const char *
env_of(const cJSON *container, const char *name)
{
    return bnc_json_get_str(
        container == NULL ? NULL : find_container(container, "env", name), "value");
}

bool
bnc_injection_read(const struct bnc_object *self, const cJSON *root,
                   const cJSON *template, struct bnc_view *view, struct bnc_arena *arena,
                   struct bnc_injection *out)
{
    const struct surroundings around = read_namespace(self, view, arena);
    const cJSON *labels = bnc_json_path(template, "metadata", "labels", NULL);
    const cJSON *annotations = bnc_json_path(template, "metadata", "annotations", NULL);
    const cJSON *spec = bnc_json_get(template, "spec");
    const char *label = bnc_json_get_str(labels, "sidecar.istio.io/inject");
    const char *word = label;
    const char *revision = bnc_json_get_str(labels, "istio.io/rev");
    const char *templates = bnc_json_get_str(annotations, "inject.istio.io/templates");
    const cJSON *proxy = find_container(spec, "containers", "istio-proxy");

    if (proxy == NULL) {
        proxy = find_container(spec, "initContainers", "istio-proxy");
    }
    if (word == NULL) {
        word = bnc_json_get_str(annotations, "sidecar.istio.io/inject");
    }
    bool asked = around.injects || revision != NULL || bnc_str_eq(label, "true");
    out->sidecar =
        proxy != NULL || (asked && !around.refuses && !bnc_str_eq(word, "false"));
    out->gateway_name =
        bnc_json_get_str(labels, "gateway.networking.k8s.io/gateway-name");
    const cJSON *containers = bnc_json_get(spec, "containers");
    bool alone = proxy != NULL && containers != NULL && containers->child == proxy &&
                 proxy->next == NULL;
    out->gateway =
        out->sidecar && (alone || out->gateway_name != NULL ||
                         (templates != NULL && strstr(templates, "gateway") != NULL));
    out->proxy_config = bnc_json_get_str(annotations, "proxy.istio.io/config");
    out->baked = template == root ? env_of(proxy, "PROXY_CONFIG") : NULL;
    out->sdk = sdk_annotations(annotations, arena);
    out->ns_sdk = sdk_annotations(around.annotations, arena);
    out->sdk_env = bnc_sdk_environment(spec, arena);
    return out->sidecar || out->sdk != NULL || out->ns_sdk != NULL ||
           out->sdk_env != NULL;
}

void
bnc_injection_keep(const struct bnc_injection *from, struct bnc_arena *arena,
                   struct bnc_injection *to)
{
    *to = (struct bnc_injection){
        .sidecar = from->sidecar,
        .gateway = from->gateway,
        .gateway_name = bnc_arena_strdup(arena, from->gateway_name),
        .proxy_config = bnc_arena_strdup(arena, from->proxy_config),
        .baked = bnc_arena_strdup(arena, from->baked),
        .sdk = bnc_json_clone(arena, from->sdk),
        .ns_sdk = bnc_json_clone(arena, from->ns_sdk),
        .sdk_env = bnc_json_clone(arena, from->sdk_env)};
}
