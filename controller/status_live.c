#include <string.h>

#include "controller/status.h"
#include "lib/json.h"

/* The list entry of the same type, or of the same namespace and name. */
static cJSON *
twin(const cJSON *list, const cJSON *item)
{
    static const char *const keys[] = {"type", "namespace", "name"};
    cJSON *candidate;
    cJSON_ArrayForEach(candidate, list)
    {
        bool same = true;
        for (size_t i = 0; i < BNC_LEN(keys); i++) {
            same = same && bnc_str_eq(bnc_json_get_str(candidate, keys[i]),
                                      bnc_json_get_str(item, keys[i]));
        }
        if (same) {
            return candidate;
        }
    }
    return NULL;
}

/* Times of conditions whose status is as it was stay; others get `now`. */
static void
fill_times(cJSON *conditions, cJSON *live, const char *now, struct bnc_arena *arena)
{
    cJSON *item;
    cJSON_ArrayForEach(item, conditions)
    {
        cJSON *old = twin(live, item);
        const char *time = bnc_json_get_str(old, "lastTransitionTime");
        bool same =
            bnc_str_eq(bnc_json_get_str(old, "status"), bnc_json_get_str(item, "status"));
        bnc_json_set_str(arena, item, "lastTransitionTime",
                         same && time != NULL ? time : now);
    }
}

/* What each binnacle sync writes itself. */
static void
drop_foreign(cJSON *live)
{
    cJSON *grafana = bnc_json_get(live, "grafana");
    (void)bnc_json_remove(bnc_json_get(live, "prometheus"), "instances");
    (void)bnc_json_remove(grafana, "instances");
    if (grafana != NULL && cJSON_GetArraySize(grafana) == 0) {
        (void)bnc_json_remove(live, "grafana");
    }
}

bool
bnc_status_differs(cJSON *status, struct bnc_bytes live, const char *now,
                   struct bnc_arena *arena)
{
    struct bnc_error err = {0};
    cJSON *old = NULL;
    if (live.len == 0 || bnc_json_parse(arena, live.ptr, live.len, &old, &err)) {
        old = NULL;
    }
    drop_foreign(old);
    fill_times(bnc_json_get(status, "conditions"), bnc_json_get(old, "conditions"), now,
               arena);
    cJSON *entry;
    cJSON_ArrayForEach(entry, bnc_json_get(status, "observatories"))
    {
        cJSON *before = twin(bnc_json_get(old, "observatories"), entry);
        fill_times(bnc_json_get(entry, "conditions"), bnc_json_get(before, "conditions"),
                   now, arena);
    }
    return old == NULL || !bnc_json_equal(status, old);
}

cJSON *
bnc_status_outputs(const struct bnc_result *result, cJSON *outputs, cJSON *held,
                   struct bnc_arena *arena)
{
    const struct bnc_object *object = result->object;
    struct bnc_error err = {0};
    cJSON *status = NULL;
    if (object->status.len == 0 ||
        bnc_json_parse(arena, object->status.ptr, object->status.len, &status, &err)) {
        status = bnc_json_object(arena);
    }
    drop_foreign(status);
    cJSON *prometheus = bnc_json_get(status, "prometheus");
    if (prometheus == NULL) {
        prometheus = bnc_json_object(arena);
        bnc_json_set_item(arena, status, "prometheus", prometheus);
    }
    bnc_json_set_item(arena, prometheus, "outputs", outputs);
    if (held->child != NULL) {
        cJSON *mesh = bnc_json_get(status, "mesh");
        if (mesh == NULL) {
            mesh = bnc_json_object(arena);
            bnc_json_set_item(arena, status, "mesh", mesh);
        }
        bnc_json_set_item(arena, mesh, "held", held);
    }
    bnc_status_grafana_tell(result->plan, status, arena);
    return status;
}

struct bnc_bytes
bnc_status_intent(const struct bnc_object *object, cJSON *status, struct bnc_arena *arena)
{
    cJSON *root = bnc_json_object(arena);
    cJSON *meta = bnc_json_object(arena);
    struct bnc_str out = bnc_str_new(arena, (size_t)1024 * 1024);

    bnc_json_set_str(arena, meta, "name", object->name);
    bnc_json_set_str(arena, meta, "namespace", object->ns);
    bnc_json_set_str(arena, root, "apiVersion", bnc_kind_api_version(object->kind));
    bnc_json_set_str(arena, root, "kind", bnc_kind_info(object->kind)->name);
    bnc_json_set_item(arena, root, "metadata", meta);
    bnc_json_set_item(arena, root, "status", status);
    bnc_json_print(root, &out);
    return (struct bnc_bytes){out.ptr, out.len};
}
