/* Look-ups in trees, and building them: the other half of lib/json.h. */
#include "lib/json.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

cJSON *
bnc_json_get(const cJSON *object, const char *key)
{
    return cJSON_IsObject(object) ? cJSON_GetObjectItemCaseSensitive(object, key) : NULL;
}

const char *
bnc_json_get_str(const cJSON *object, const char *key)
{
    const cJSON *item = bnc_json_get(object, key);
    return cJSON_IsString(item) ? item->valuestring : NULL;
}

bool
bnc_json_get_int(const cJSON *object, const char *key, int64_t *out)
{
    return bnc_json_to_int(bnc_json_get(object, key), out);
}

bool
bnc_json_get_true(const cJSON *object, const char *key)
{
    return cJSON_IsTrue(bnc_json_get(object, key));
}

cJSON *
bnc_json_path(const cJSON *object, ...)
{
    cJSON *item = NULL;
    const cJSON *at = object;
    va_list keys;

    va_start(keys, object);
    for (const char *key = va_arg(keys, const char *); key != NULL;
         key = va_arg(keys, const char *)) {
        item = bnc_json_get(at, key);
        at = item;
    }
    va_end(keys);
    return item;
}

bool
bnc_json_to_int(const cJSON *item, int64_t *out)
{
    if (cJSON_IsNumber(item)) {
        double value = item->valuedouble;
        /* Above 2^53 only text is exact. */
        if (!(fabs(value) <= (double)BNC_JSON_EXACT_INT) || value != floor(value)) {
            return false;
        }
        *out = (int64_t)value;
        return true;
    }
    if (!cJSON_IsRaw(item) || item->valuestring == NULL) {
        return false;
    }
    char *end = NULL;
    errno = 0;
    long long value = strtoll(item->valuestring, &end, 10);
    if (errno != 0 || end == item->valuestring || *end != '\0') {
        return false;
    }
    *out = value;
    return true;
}

bool
bnc_json_is_number(const cJSON *item)
{
    return cJSON_IsNumber(item) || cJSON_IsRaw(item);
}

static cJSON *
new_item(struct bnc_arena *arena, int type)
{
    cJSON *item = bnc_arena_alloc(arena, sizeof(*item));
    item->type = type;
    return item;
}

cJSON *
bnc_json_object(struct bnc_arena *arena)
{
    return new_item(arena, cJSON_Object);
}

cJSON *
bnc_json_array(struct bnc_arena *arena)
{
    return new_item(arena, cJSON_Array);
}

cJSON *
bnc_json_null(struct bnc_arena *arena)
{
    return new_item(arena, cJSON_NULL);
}

cJSON *
bnc_json_bool(struct bnc_arena *arena, bool value)
{
    return new_item(arena, value ? cJSON_True : cJSON_False);
}

cJSON *
bnc_json_str(struct bnc_arena *arena, const char *text)
{
    if (text == NULL) {
        return bnc_json_null(arena);
    }
    cJSON *item = new_item(arena, cJSON_String);
    item->valuestring = bnc_arena_strdup(arena, text);
    return item;
}

cJSON *
bnc_json_raw(struct bnc_arena *arena, const char *text)
{
    cJSON *item = new_item(arena, cJSON_Raw);
    item->valuestring = bnc_arena_strdup(arena, text);
    return item;
}

cJSON *
bnc_json_double(struct bnc_arena *arena, double value)
{
    cJSON *item = new_item(arena, cJSON_Number);
    if (!isnan(value)) {
        (void)cJSON_SetNumberHelper(item, value); /* saturates valueint as well */
    }
    item->valuedouble = value;
    return item;
}

cJSON *
bnc_json_int(struct bnc_arena *arena, int64_t value)
{
    if (value > BNC_JSON_EXACT_INT || value < -BNC_JSON_EXACT_INT) {
        return bnc_json_raw(arena, bnc_arena_fmt(arena, "%" PRId64, value));
    }
    return bnc_json_double(arena, (double)value);
}

/* The first item's prev is the last one: cJSON's way, so that adding is cheap. */
static void
link_last(cJSON *parent, cJSON *item)
{
    cJSON *first = parent->child;
    item->next = NULL;
    if (first == NULL) {
        parent->child = item;
        item->prev = item;
        return;
    }
    item->prev = first->prev;
    first->prev->next = item;
    first->prev = item;
}

void
bnc_json_add(cJSON *array, cJSON *item)
{
    link_last(array, item);
}

void
bnc_json_append(struct bnc_arena *arena, cJSON *object, const char *key, cJSON *item)
{
    item->string = bnc_arena_strdup(arena, key);
    link_last(object, item);
}

void
bnc_json_set_item(struct bnc_arena *arena, cJSON *object, const char *key, cJSON *item)
{
    cJSON *old = bnc_json_get(object, key);
    if (old == NULL) {
        bnc_json_append(arena, object, key, item);
        return;
    }
    item->string = old->string;
    item->next = old->next;
    item->prev = old->prev == old ? item : old->prev;
    if (object->child == old) {
        object->child = item;
    } else {
        item->prev->next = item;
    }
    if (item->next != NULL) {
        item->next->prev = item;
    } else {
        object->child->prev = item;
    }
}

void
bnc_json_set_str(struct bnc_arena *arena, cJSON *object, const char *key,
                 const char *text)
{
    bnc_json_set_item(arena, object, key, bnc_json_str(arena, text));
}

void
bnc_json_set_int(struct bnc_arena *arena, cJSON *object, const char *key, int64_t value)
{
    bnc_json_set_item(arena, object, key, bnc_json_int(arena, value));
}

void
bnc_json_set_bool(struct bnc_arena *arena, cJSON *object, const char *key, bool value)
{
    bnc_json_set_item(arena, object, key, bnc_json_bool(arena, value));
}

bool
bnc_json_remove(cJSON *object, const char *key)
{
    cJSON *item = bnc_json_get(object, key);
    return item != NULL && cJSON_DetachItemViaPointer(object, item) != NULL;
}

cJSON *
bnc_json_clone(struct bnc_arena *arena, const cJSON *tree)
{
    if (tree == NULL) {
        return NULL;
    }
    cJSON *copy = new_item(arena, tree->type & 0xff);
    copy->valuestring = bnc_arena_strdup(arena, tree->valuestring);
    copy->valueint = tree->valueint;
    copy->valuedouble = tree->valuedouble;
    for (const cJSON *child = tree->child; child != NULL; child = child->next) {
        cJSON *item = bnc_json_clone(arena, child);
        item->string = bnc_arena_strdup(arena, child->string);
        link_last(copy, item);
    }
    return copy;
}
