/* Decoding of what has items: lists of texts, maps, lists of objects. */
#include <stdlib.h>
#include <string.h>

#include "lib/json.h"
#include "lib/str.h"
#include "model/field_decode.h"
#include "model/field_text.h"

static struct bnc_arena *
arena_of(const struct bnc_spot *spot)
{
    return spot->decoder->diags->arena;
}

/* How many items there are; false when they are too many or too few. */
static bool
count_items(const struct bnc_spot *spot, size_t *n)
{
    size_t max =
        spot->field->max_items == 0 ? BNC_FIELD_ITEMS_MAX : spot->field->max_items;
    size_t min = spot->field->min > 0 ? (size_t)spot->field->min : 0;
    *n = (size_t)cJSON_GetArraySize(spot->json);
    if (*n > max) {
        bnc_spot_wrong(spot, BNC_REASON_INVALID_FIELD,
                       bnc_arena_fmt(arena_of(spot), "keep at most %zu", max),
                       "there are %zu items", *n);
        return false;
    }
    if (*n < min) {
        bnc_spot_wrong(spot, BNC_REASON_INVALID_FIELD,
                       bnc_arena_fmt(arena_of(spot), "give at least %zu", min),
                       *n == 0 ? "it is empty" : "there are too few items");
        return false;
    }
    return true;
}

/* The text of an item, checked by the row of its list; NULL when it is wrong. */
static const char *
item_text(const struct bnc_spot *spot, enum bnc_field_type type)
{
    if (!cJSON_IsString(spot->json)) {
        const struct bnc_field row = {.type = BNC_FIELD_TEXT};
        struct bnc_spot item = {spot->decoder, &row, spot->json, spot->path};
        const char *text = NULL;
        bnc_decode_value(&item, &text); /* says what is wrong with its type */
        return NULL;
    }
    return bnc_decode_more(spot) ? bnc_decode_word(spot, type, spot->json->valuestring)
                                 : NULL;
}

static enum bnc_field_type
item_type(enum bnc_field_type type)
{
    return type == BNC_FIELD_REGEXES || type == BNC_FIELD_REGEX_MAP ? BNC_FIELD_REGEX
                                                                    : BNC_FIELD_TEXT;
}

void
bnc_decode_texts(const struct bnc_spot *spot, void *member)
{
    struct bnc_texts out = {.set = true};
    size_t n = 0;
    size_t index = 0;
    const cJSON *json = NULL;

    if (!count_items(spot, &n)) {
        return;
    }
    out.items = bnc_arena_array(arena_of(spot), n, sizeof(*out.items));
    cJSON_ArrayForEach(json, spot->json)
    {
        struct bnc_path path = {.up = spot->path, .index = index++};
        struct bnc_spot item = {spot->decoder, spot->field, json, &path};
        const char *text = item_text(&item, item_type(spot->field->type));
        if (text != NULL) {
            out.items[out.n++] = text;
        }
    }
    memcpy(member, &out, sizeof(out));
}

/* A key keeps the row's rule and is not empty. */
static bool
check_key(const struct bnc_spot *spot, const char *key)
{
    enum bnc_text_rule rule = spot->field->rule;
    if (key[0] != '\0' && strlen(key) <= BNC_FIELD_TEXT_MAX &&
        bnc_text_keeps(rule, key)) {
        return true;
    }
    bnc_spot_wrong(spot, BNC_REASON_INVALID_FIELD,
                   rule == BNC_TEXT_ANY ? "use a name of 1 to 1024 bytes"
                                        : bnc_text_remedy(rule),
                   "the name %s is not valid", bnc_text_quoted(arena_of(spot), key));
    return false;
}

static int
by_key(const void *a, const void *b)
{
    const struct bnc_pair *x = a;
    const struct bnc_pair *y = b;
    return strcmp(x->key, y->key);
}

static void
key_twice(const struct bnc_spot *spot, const char *key)
{
    struct bnc_path path = {.up = spot->path, .text = key, .key = true};
    struct bnc_spot at = {spot->decoder, spot->field, spot->json, &path};
    bnc_spot_wrong(&at, BNC_REASON_INVALID_FIELD, "remove one of them",
                   "the name is there twice");
}

void
bnc_decode_map(const struct bnc_spot *spot, void *member)
{
    struct bnc_pairs out = {.set = true};
    size_t n = 0;
    const cJSON *json = NULL;

    if (!count_items(spot, &n)) {
        return;
    }
    /* the rule is for the keys; values are free text or regular expressions */
    struct bnc_field value_row = *spot->field;
    value_row.rule = BNC_TEXT_ANY;
    out.items = bnc_arena_array(arena_of(spot), n, sizeof(*out.items));
    cJSON_ArrayForEach(json, spot->json)
    {
        struct bnc_path path = {.up = spot->path, .text = json->string, .key = true};
        struct bnc_spot at = {spot->decoder, spot->field, json, &path};
        struct bnc_spot value = {spot->decoder, &value_row, json, &path};
        bool good = check_key(&at, json->string);
        const char *text = item_text(&value, item_type(spot->field->type));
        if (good && text != NULL) {
            out.items[out.n++] =
                (struct bnc_pair){bnc_arena_strdup(arena_of(spot), json->string), text};
        }
    }
    qsort(out.items, out.n, sizeof(*out.items), by_key);
    for (size_t i = 1; i < out.n; i++) {
        if (strcmp(out.items[i - 1].key, out.items[i].key) == 0) {
            key_twice(spot, out.items[i].key);
        }
    }
    memcpy(member, &out, sizeof(out));
}

static int
by_multi_key(const void *a, const void *b)
{
    const struct bnc_multipair *x = a;
    const struct bnc_multipair *y = b;
    return strcmp(x->key, y->key);
}

void
bnc_decode_multimap(const struct bnc_spot *spot, void *member)
{
    struct bnc_multipairs out = {.set = true};
    size_t n = 0;
    const cJSON *json = NULL;

    if (!count_items(spot, &n)) {
        return;
    }
    struct bnc_field value_row = {.type = BNC_FIELD_TEXTS,
                                  .max_len = spot->field->max_len};
    out.items = bnc_arena_array(arena_of(spot), n, sizeof(*out.items));
    cJSON_ArrayForEach(json, spot->json)
    {
        struct bnc_path path = {.up = spot->path, .text = json->string, .key = true};
        struct bnc_spot at = {spot->decoder, spot->field, json, &path};
        struct bnc_spot value = {spot->decoder, &value_row, json, &path};
        struct bnc_multipair pair = {.key = NULL};
        bool good = check_key(&at, json->string);
        bnc_decode_value(&value, &pair.values);
        if (good && pair.values.set) {
            pair.key = bnc_arena_strdup(arena_of(spot), json->string);
            out.items[out.n++] = pair;
        }
    }
    qsort(out.items, out.n, sizeof(*out.items), by_multi_key);
    for (size_t i = 1; i < out.n; i++) {
        if (strcmp(out.items[i - 1].key, out.items[i].key) == 0) {
            key_twice(spot, out.items[i].key);
        }
    }
    memcpy(member, &out, sizeof(out));
}

/* The items of a keyed list must differ in the key. */
static void
check_list_key(const struct bnc_spot *spot)
{
    const char *key = spot->field->list_key;
    size_t index = 0;
    const cJSON *json = NULL;
    cJSON_ArrayForEach(json, spot->json)
    {
        const char *value = bnc_json_get_str(json, key);
        const cJSON *before = NULL;
        bool twice = false;
        cJSON_ArrayForEach(before, spot->json)
        {
            if (before == json || twice) {
                break;
            }
            twice = value != NULL && bnc_str_eq(bnc_json_get_str(before, key), value);
        }
        if (twice) {
            struct bnc_path item = {.up = spot->path, .index = index};
            struct bnc_path path = {.up = &item, .text = key};
            struct bnc_spot at = {spot->decoder, spot->field, json, &path};
            bnc_spot_wrong(&at, BNC_REASON_INVALID_FIELD, "give each item its own",
                           "%s is there twice", bnc_text_quoted(arena_of(spot), value));
        }
        index++;
    }
}

void
bnc_decode_list(const struct bnc_spot *spot, void *member)
{
    const struct bnc_table *table = spot->field->sub;
    struct bnc_field item_row = {.type = BNC_FIELD_INLINE, .sub = table};
    struct bnc_list out = {.set = true};
    const cJSON *json = NULL;
    char *items = NULL;

    if (!count_items(spot, &out.n)) {
        return;
    }
    items = bnc_arena_array(arena_of(spot), out.n, table->size);
    out.items = items;
    size_t index = 0;
    cJSON_ArrayForEach(json, spot->json)
    {
        /* an item that is wrong stays, empty: indexes are those of the source */
        struct bnc_path path = {.up = spot->path, .index = index};
        struct bnc_spot item = {spot->decoder, &item_row, json, &path};
        bnc_decode_value(&item, items + index * table->size);
        index++;
    }
    if (spot->field->list_key != NULL) {
        check_list_key(spot);
    }
    memcpy(member, &out, sizeof(out));
}
