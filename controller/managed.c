#include <string.h>

#include "controller/publish.h"
#include "lib/json.h"

/* The fields that a manager applied to the object itself, NULL: none. */
static const cJSON *
fields_of(const cJSON *managed, const char *manager)
{
    const cJSON *entry;
    cJSON_ArrayForEach(entry, managed)
    {
        if (bnc_str_eq(bnc_json_get_str(entry, "manager"), manager) &&
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

/* Every leaf of a tree; a list is owned whole, or item by item. */
static bool
covers_tree(const cJSON *fields, const cJSON *tree, struct bnc_arena *arena)
{
    const cJSON *item;
    cJSON_ArrayForEach(item, tree)
    {
        const cJSON *owned =
            bnc_json_get(fields, bnc_arena_fmt(arena, "f:%s", item->string));
        if (owned == NULL || (cJSON_IsObject(item) && item->child != NULL &&
                              owned->child != NULL && !covers_tree(owned, item, arena))) {
            return false;
        }
    }
    return true;
}

/* Owner references are a list keyed by uid: k:{"uid":"..."}. */
static bool
covers_owners(const cJSON *fields, const cJSON *owners, struct bnc_arena *arena)
{
    const cJSON *owner;
    cJSON_ArrayForEach(owner, owners)
    {
        const char *key =
            bnc_arena_fmt(arena, "k:{\"uid\":\"%s\"}", bnc_json_get_str(owner, "uid"));
        if (bnc_json_get(fields, key) == NULL) {
            return false;
        }
    }
    return true;
}

/* An odd number of backslashes before a quote. */
static bool
is_escaped(const char *open, const char *quote)
{
    const char *at = quote;
    while (at - 1 > open && at[-1] == '\\') {
        at--;
    }
    return (quote - at) % 2 == 1;
}

#define LONG_TEXT 256 /* no uid and no name is as long */

/*
 * A JSON text less its long strings, which are not read here: the documents of an
 * output are nearly all of it.  Keys stay, whatever their length.
 */
static struct bnc_bytes
outline_of(struct bnc_bytes json, struct bnc_arena *arena)
{
    const char *end = json.ptr + json.len;
    struct bnc_str out = bnc_str_new(arena, json.len + 1);

    for (const char *at = json.ptr; at < end;) {
        const char *open = memchr(at, '"', (size_t)(end - at));
        const char *close = open;
        do { /* base64 has no escapes: there it is one step */
            close =
                close == NULL ? NULL : memchr(close + 1, '"', (size_t)(end - close - 1));
        } while (close != NULL && is_escaped(open, close));
        if (close == NULL) {
            bnc_str_add(&out, at, (size_t)(end - at));
            break;
        }
        bool key = close + 1 < end && close[1] == ':';
        bool leave = !key && close - open > LONG_TEXT;
        bnc_str_add(&out, at, (size_t)((leave ? open + 1 : close) - at));
        bnc_str_add(&out, "\"", 1);
        at = close + 1;
    }
    return (struct bnc_bytes){out.ptr, out.len};
}

bool
bnc_managed_covers(struct bnc_bytes managed_fields, const char *manager,
                   struct bnc_bytes body)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    struct bnc_error err = {0};
    cJSON *managed = NULL;
    cJSON *intent = NULL;

    const struct bnc_bytes outline = outline_of(body, arena);
    if (bnc_json_parse(arena, managed_fields.ptr, managed_fields.len, &managed, &err) ||
        bnc_json_parse(arena, outline.ptr, outline.len, &intent, &err)) {
        return false;
    }
    const cJSON *fields = fields_of(managed, manager);
    const cJSON *meta = bnc_json_get(fields, "f:metadata");
    const cJSON *wanted = bnc_json_get(intent, "metadata");
    const struct {
        const cJSON *owned;
        const cJSON *wanted;
    } maps[] = {
        {bnc_json_get(fields, "f:data"), bnc_json_get(intent, "data")},
        {bnc_json_get(fields, "f:binaryData"), bnc_json_get(intent, "binaryData")},
        {bnc_json_get(meta, "f:labels"), bnc_json_get(wanted, "labels")},
        {bnc_json_get(meta, "f:annotations"), bnc_json_get(wanted, "annotations")},
    };
    for (size_t i = 0; i < BNC_LEN(maps); i++) {
        if (!covers_map(maps[i].owned, maps[i].wanted, arena)) {
            return false;
        }
    }
    return fields != NULL &&
           covers_tree(bnc_json_get(fields, "f:spec"), bnc_json_get(intent, "spec"),
                       arena) &&
           covers_owners(bnc_json_get(meta, "f:ownerReferences"),
                         bnc_json_get(wanted, "ownerReferences"), arena);
}

bool
bnc_managed_has_key(struct bnc_bytes managed_fields, const char *manager,
                    const char *ending)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    struct bnc_error err = {0};
    cJSON *managed = NULL;
    const cJSON *key;
    static const char *const maps[] = {"f:data", "f:binaryData"};

    if (bnc_json_parse(arena, managed_fields.ptr, managed_fields.len, &managed, &err)) {
        return false;
    }
    for (size_t i = 0; i < BNC_LEN(maps); i++) {
        cJSON_ArrayForEach(key, bnc_json_get(fields_of(managed, manager), maps[i]))
        {
            if (bnc_str_ends(key->string, ending)) {
                return true;
            }
        }
    }
    return false;
}
