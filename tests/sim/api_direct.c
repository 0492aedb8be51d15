#include <stdlib.h>
#include <string.h>

#include "lib/hash.h"
#include "tests/sim/api_internal.h"

/* ---- writing, as kubectl would ---------------------------------------------------- */

static void
need_namespace(struct bnc_sim_api *api, const char *ns)
{
    char json[400];
    if (bnc_api_find(bnc_api_resource_of(api, "Namespace"), "", ns) != NULL) {
        return;
    }
    (void)snprintf(json, sizeof(json),
                   "{\"apiVersion\":\"v1\",\"kind\":\"Namespace\",\"metadata\":{\"name\":"
                   "\"%s\"}}",
                   ns);
    (void)bnc_sim_api_put(api, json);
}

static int
store(struct bnc_sim_api *api, struct bnc_arena *arena, const char *manager,
      struct bnc_api_resource *res, struct bnc_jv *tree, const char *patch)
{
    struct bnc_str body = bnc_str_new(arena, (size_t)4 << 20);
    bnc_jv_print(tree, &body);
    const struct bnc_api_writer writer = {.manager = manager, .sub = "", .direct = true};
    const struct bnc_jv *meta = bnc_jv_get(tree, "metadata");
    struct bnc_api_version *live = bnc_api_find(res, bnc_jv_text(meta, "namespace", ""),
                                                bnc_jv_text(meta, "name", ""));
    struct bnc_api_outcome outcome =
        bnc_api_store(api, arena, res, live, tree, &writer, false);
    bnc_api_count_write(api, manager, false, &outcome);
    bnc_api_trace_direct(api, patch == NULL ? "put" : "patch", manager,
                         patch == NULL ? body.ptr : patch, &outcome, res->kind,
                         bnc_jv_text(meta, "namespace", ""),
                         bnc_jv_text(meta, "name", ""));
    return outcome.status;
}

int
bnc_sim_api_put_as(struct bnc_sim_api *api, const char *manager, const char *json)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    struct bnc_jv *tree = bnc_jv_parse(arena, json, strlen(json));
    if (tree == NULL || bnc_jv_get(tree, "metadata") == NULL) {
        bnc_sim_die(api->sim, "bnc_sim_api_put: no object: %.200s", json);
    }
    struct bnc_api_resource *res =
        bnc_api_resource_of(api, bnc_jv_text(tree, "kind", ""));
    struct bnc_jv *meta = bnc_jv_get(tree, "metadata");
    if (strcmp(bnc_jv_text(tree, "apiVersion", ""),
               bnc_api_version_text(arena, res->kind)) != 0) {
        bnc_sim_die(api->sim, "bnc_sim_api_put: a wrong apiVersion: %.200s", json);
    }
    if (!res->present) {
        return 404;
    }
    if (res->kind->namespaced) {
        const char *ns = bnc_jv_text(meta, "namespace", "default");
        need_namespace(api, ns);
        bnc_jv_set(arena, meta, "namespace", bnc_jv_string(arena, ns));
    }
    return store(api, arena, manager, res, tree, NULL);
}

int
bnc_sim_api_put(struct bnc_sim_api *api, const char *json)
{
    return bnc_sim_api_put_as(api, "kubectl", json);
}

int
bnc_sim_api_patch(struct bnc_sim_api *api, const char *manager, const char *kind,
                  const char *ns, const char *name, const char *patch)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    struct bnc_api_resource *res = bnc_api_resource_of(api, kind);
    const struct bnc_api_version *live = bnc_api_find(res, ns, name);
    const struct bnc_jv *change = bnc_jv_parse(arena, patch, strlen(patch));
    if (change == NULL) {
        bnc_sim_die(api->sim, "bnc_sim_api_patch: no JSON: %.200s", patch);
    }
    if (live == NULL) {
        return 404;
    }
    struct bnc_jv *tree = bnc_api_tree(arena, live);
    bnc_api_merge_patch(arena, tree, change);
    return store(api, arena, manager, res, tree, patch);
}

bool
bnc_sim_api_delete(struct bnc_sim_api *api, const char *kind, const char *ns,
                   const char *name)
{
    struct bnc_api_resource *res = bnc_api_resource_of(api, kind);
    struct bnc_api_version *live = bnc_api_find(res, ns, name);
    if (live == NULL) {
        return false;
    }
    bnc_api_trace_direct(api, "delete", "kubectl", "", NULL, res->kind, ns, name);
    if (strcmp(kind, "Namespace") == 0) {
        bnc_api_remove_namespace(api, name);
    } else {
        (void)bnc_api_remove(api, res, live);
    }
    struct bnc_api_outcome outcome = {.status = 200, .changed = true};
    bnc_api_count_write(api, "kubectl", false, &outcome);
    return true;
}

/* ---- looking
 * ---------------------------------------------------------------------------- */

const char *
bnc_sim_api_get(struct bnc_sim_api *api, const char *kind, const char *ns,
                const char *name)
{
    const struct bnc_api_version *v =
        bnc_api_find(bnc_api_resource_of(api, kind), ns, name);
    return v == NULL ? NULL : v->text;
}

const char *
bnc_sim_api_field(struct bnc_sim_api *api, struct bnc_arena *arena, const char *kind,
                  const char *ns, const char *name, const char *path)
{
    const struct bnc_api_version *v =
        bnc_api_find(bnc_api_resource_of(api, kind), ns, name);
    const struct bnc_jv *at = v == NULL ? NULL : bnc_api_tree(arena, v);
    while (at != NULL && *path != '\0') {
        size_t n = strcspn(path, "\n");
        at = bnc_jv_get(at, bnc_arena_strndup(arena, path, n));
        path += n + (path[n] == '\n' ? 1 : 0);
    }
    return at == NULL ? NULL : at->text;
}

size_t
bnc_sim_api_list(struct bnc_sim_api *api, const char *kind, bnc_sim_api_item_fn fn,
                 void *arg)
{
    size_t n;
    struct bnc_api_version **list =
        bnc_api_state_at(api, bnc_api_resource_of(api, kind), INT64_MAX, &n);
    for (size_t i = 0; i < n; i++) {
        const struct bnc_api_version *v = list[i];
        const struct bnc_sim_api_item item = {.ns = v->ns,
                                              .name = v->name,
                                              .uid = v->uid,
                                              .resource_version = v->rv,
                                              .json = v->text};
        if (fn != NULL) {
            fn(arg, &item);
        }
        bnc_api_version_unref(list[i]);
    }
    free(list);
    return n;
}

int64_t
bnc_sim_api_rv(const struct bnc_sim_api *api)
{
    return api->rv;
}

uint64_t
bnc_sim_api_snapshot(const struct bnc_sim_api *api)
{
    uint64_t hash = 0;
    for (size_t i = 0; i < api->n_resources; i++) {
        size_t n;
        struct bnc_api_version **list =
            bnc_api_state_at(api, &api->resources[i], INT64_MAX, &n);
        for (size_t k = 0; k < n; k++) {
            if (!api->resources[i].kind->quiet) {
                hash = bnc_hash64(list[k]->key, strlen(list[k]->key), hash + i);
                hash = bnc_hash64(&list[k]->rv, sizeof(list[k]->rv), hash);
            }
            bnc_api_version_unref(list[k]);
        }
        free(list);
    }
    return hash;
}

struct bnc_sim_api_writes
bnc_sim_api_writes(const struct bnc_sim_api *api, const char *manager)
{
    if (manager == NULL) {
        return api->http_writes;
    }
    const struct bnc_sim_api_writes *row = bnc_map_get(api->writes, manager);
    return row == NULL ? (struct bnc_sim_api_writes){0, 0, 0} : *row;
}

uint64_t
bnc_sim_api_requests(const struct bnc_sim_api *api)
{
    return api->requests;
}
