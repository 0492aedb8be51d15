#include <string.h>

#include "controller/publish.h"
#include "lib/json.h"

/* The fields that our manager applied to the object itself, NULL: none. */
static const cJSON *
our_fields(const cJSON *managed)
{
    const cJSON *entry;
    cJSON_ArrayForEach(entry, managed)
    {
        if (bnc_str_eq(bnc_json_get_str(entry, "manager"), "binnacle") &&
            bnc_str_eq(bnc_json_get_str(entry, "operation"), "Apply") &&
            bnc_json_get(entry, "subresource") == NULL) {
            return bnc_json_get(entry, "fieldsV1");
        }
    }
    return NULL;
}

static bool
covers_map(const cJSON *fields, const cJSON *map, struct bnc_arena *arena)
{
    const cJSON *item;
    cJSON_ArrayForEach(item, map)
    {
        if (bnc_json_get(fields, bnc_arena_fmt(arena, "f:%s", item->string)) == NULL) {
            return false;
        }
    }
    return true;
}

bool
bnc_managed_covers(struct bnc_bytes managed_fields, struct bnc_bytes body)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    struct bnc_error err = {0};
    cJSON *managed = NULL;
    cJSON *intent = NULL;

    if (bnc_json_parse(arena, managed_fields.ptr, managed_fields.len, &managed, &err) ||
        bnc_json_parse(arena, body.ptr, body.len, &intent, &err)) {
        return false;
    }
    const cJSON *fields = our_fields(managed);
    const cJSON *meta = bnc_json_get(fields, "f:metadata");
    return fields != NULL &&
           covers_map(bnc_json_get(fields, "f:data"), bnc_json_get(intent, "data"),
                      arena) &&
           covers_map(bnc_json_get(fields, "f:binaryData"),
                      bnc_json_get(intent, "binaryData"), arena) &&
           covers_map(bnc_json_get(meta, "f:labels"),
                      bnc_json_path(intent, "metadata", "labels", NULL), arena) &&
           covers_map(bnc_json_get(meta, "f:annotations"),
                      bnc_json_path(intent, "metadata", "annotations", NULL), arena);
}
