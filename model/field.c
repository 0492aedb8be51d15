#include "model/field.h"

#include <assert.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "lib/json.h"
#include "lib/str.h"
#include "model/field_decode.h"
#include "model/field_text.h"

/* ---- where something is wrong -------------------------------------------------- */

static void
path_add(const struct bnc_path *path, struct bnc_str *out, struct bnc_arena *arena)
{
    if (path->up != NULL) {
        path_add(path->up, out, arena);
    }
    if (path->text == NULL) {
        bnc_str_fmt(out, "[%zu]", path->index);
    } else if (path->key) {
        bool quote = strchr(path->text, '"') != NULL; /* as bnc_yaml_locate() reads it */
        bnc_str_fmt(out, quote ? "['%s']" : "[\"%s\"]",
                    bnc_text_shown(arena, path->text));
    } else {
        bnc_str_fmt(out, "%s%s", out->len == 0 ? "" : ".",
                    bnc_text_shown(arena, path->text));
    }
}

const char *
bnc_path_text(const struct bnc_path *path, struct bnc_arena *arena)
{
    BNC_AUTO(bnc_arena) scratch = bnc_arena_new(); /* the text alone is kept */
    struct bnc_str out = bnc_str_new(scratch, 4096);
    path_add(path, &out, scratch);
    return out.ptr == NULL ? "" : bnc_arena_strdup(arena, out.ptr);
}

/* True when another diagnostic would only be counted: no need to word it. */
static bool
is_full(const struct bnc_diags *diags)
{
    return diags->n == BNC_DIAGS_MAX;
}

static void
wrong_at(struct bnc_decoder *decoder, const struct bnc_path *path, enum bnc_reason reason,
         const char *remedy, const char *message)
{
    const char *field =
        is_full(decoder->diags) ? "" : bnc_path_text(path, decoder->diags->arena);
    bnc_diag_add(decoder->diags, reason, field, remedy, "%s", message);
}

void
bnc_spot_wrong(const struct bnc_spot *spot, enum bnc_reason reason, const char *remedy,
               const char *fmt, ...)
{
    const char *message = "";
    if (!is_full(spot->decoder->diags)) {
        va_list args;
        va_start(args, fmt);
        message = bnc_arena_vfmt(spot->decoder->diags->arena, fmt, args);
        va_end(args);
    }
    wrong_at(spot->decoder, spot->path, reason, remedy, message);
}

/* ---- kinds of JSON ------------------------------------------------------------- */

enum json_kind {
    JSON_NULL = 1,
    JSON_BOOL = 2,
    JSON_NUMBER = 4,
    JSON_TEXT = 8,
    JSON_ARRAY = 16,
    JSON_OBJECT = 32
};

static enum json_kind
json_kind(const cJSON *json)
{
    if (cJSON_IsBool(json)) {
        return JSON_BOOL;
    }
    if (bnc_json_is_number(json)) {
        return JSON_NUMBER;
    }
    if (cJSON_IsString(json)) {
        return JSON_TEXT;
    }
    if (cJSON_IsArray(json)) {
        return JSON_ARRAY;
    }
    return cJSON_IsObject(json) ? JSON_OBJECT : JSON_NULL;
}

const char *
bnc_json_number_text(const cJSON *json, struct bnc_arena *arena)
{
    BNC_AUTO(bnc_arena) scratch = bnc_arena_new();
    struct bnc_str out = bnc_str_new(scratch, (size_t)2 * BNC_JSON_NUMBER_MAX);
    bnc_json_print(json, &out);
    return out.ptr == NULL ? "" : bnc_arena_strdup(arena, out.ptr);
}

const char *
bnc_json_shown(const cJSON *json, struct bnc_arena *arena)
{
    switch (json_kind(json)) {
    case JSON_BOOL:
        return cJSON_IsTrue(json) ? "true" : "false";
    case JSON_NUMBER:
        return bnc_text_shown(arena, bnc_json_number_text(json, arena));
    case JSON_TEXT:
        return bnc_text_quoted(arena, json->valuestring);
    case JSON_ARRAY:
        return "a list";
    case JSON_OBJECT:
        return "an object";
    case JSON_NULL:
        break;
    }
    return "null";
}

/* ---- dispatch by type ---------------------------------------------------------- */

static void decode_object(const struct bnc_spot *spot, void *member);
static void decode_inline(const struct bnc_spot *spot, void *member);

static const struct {
    bnc_decode_fn decode;
    unsigned kinds; /* of JSON that it takes */
    const char *remedy;
} types[] = {
    [BNC_FIELD_TEXT] = {bnc_decode_text, JSON_TEXT, "write text"},
    [BNC_FIELD_BOOL] = {bnc_decode_bool, JSON_BOOL, "write true or false"},
    [BNC_FIELD_INT] = {bnc_decode_int, JSON_NUMBER, "write a whole number"},
    [BNC_FIELD_DURATION] = {bnc_decode_text, JSON_TEXT, "write a duration as 30s"},
    [BNC_FIELD_SIZE] = {bnc_decode_text, JSON_TEXT, "write a size as 5MB"},
    [BNC_FIELD_REGEX] = {bnc_decode_text, JSON_TEXT,
                         "write a regular expression as text"},
    [BNC_FIELD_ENUM] = {bnc_decode_text, JSON_TEXT, "write text"},
    [BNC_FIELD_PORT] = {bnc_decode_port, JSON_TEXT | JSON_NUMBER,
                        "use a port name or 1 to 65535"},
    [BNC_FIELD_NUMBER] = {bnc_decode_number, JSON_NUMBER, "write a number"},
    [BNC_FIELD_EXPR] = {bnc_decode_expr, JSON_TEXT | JSON_NUMBER,
                        "write text or a number"},
    [BNC_FIELD_PERCENT] = {bnc_decode_percent, JSON_NUMBER,
                           "write a number from 0 to 100, as 12.5"},
    [BNC_FIELD_TEXTS] = {bnc_decode_texts, JSON_ARRAY, "write a list of texts"},
    [BNC_FIELD_REGEXES] = {bnc_decode_texts, JSON_ARRAY,
                           "write a list of regular expressions"},
    [BNC_FIELD_MAP] = {bnc_decode_map, JSON_OBJECT, "write names with texts"},
    [BNC_FIELD_REGEX_MAP] = {bnc_decode_map, JSON_OBJECT,
                             "write names with regular expressions"},
    [BNC_FIELD_MULTIMAP] = {bnc_decode_multimap, JSON_OBJECT,
                            "write names with lists of texts"},
    [BNC_FIELD_SELECTOR] = {bnc_decode_selector, JSON_OBJECT,
                            "write a selector with matchLabels or matchExpressions"},
    [BNC_FIELD_OBJECT] = {decode_object, JSON_OBJECT, "write an object"},
    [BNC_FIELD_INLINE] = {decode_inline, JSON_OBJECT, "write an object"},
    [BNC_FIELD_LIST] = {bnc_decode_list, JSON_ARRAY, "write a list of objects"},
    [BNC_FIELD_RAW_OBJECT] = {bnc_decode_raw, JSON_OBJECT, "write an object"},
    [BNC_FIELD_RAW] = {bnc_decode_raw,
                       JSON_BOOL | JSON_NUMBER | JSON_TEXT | JSON_ARRAY | JSON_OBJECT,
                       "give it a value"},
};
static_assert(BNC_LEN(types) == BNC_FIELD_TYPE_COUNT, "every type needs a row");

static void
wrong_kind(const struct bnc_spot *spot)
{
    struct bnc_arena *arena = spot->decoder->diags->arena;
    enum json_kind kind = json_kind(spot->json);
    unsigned wanted = types[spot->field->type].kinds;
    const char *remedy = types[spot->field->type].remedy;

    if (kind == JSON_NULL) {
        bnc_spot_wrong(spot, BNC_REASON_INVALID_FIELD, "give it a value or leave it out",
                       "has no value");
        return;
    }
    if (wanted == JSON_TEXT && (kind == JSON_NUMBER || kind == JSON_BOOL)) {
        remedy = bnc_arena_fmt(arena, "put it in quotes: \"%s\"",
                               bnc_json_shown(spot->json, arena));
    }
    bnc_spot_wrong(spot, BNC_REASON_INVALID_FIELD, remedy, "%s has the wrong type",
                   bnc_json_shown(spot->json, arena));
}

bool
bnc_decode_more(const struct bnc_spot *spot)
{
    struct bnc_decoder *decoder = spot->decoder;
    decoder->values++;
    if (decoder->values == BNC_FIELD_VALUES_MAX + 1) {
        bnc_spot_wrong(spot, BNC_REASON_TOO_BIG, "split it into several objects",
                       "the object has more than %zu values", BNC_FIELD_VALUES_MAX);
    }
    return decoder->values <= BNC_FIELD_VALUES_MAX;
}

void
bnc_decode_value(const struct bnc_spot *spot, void *member)
{
    if (!bnc_decode_more(spot)) {
        return;
    }
    if ((types[spot->field->type].kinds & json_kind(spot->json)) == 0) {
        wrong_kind(spot);
        return;
    }
    types[spot->field->type].decode(spot, member);
}

/* ---- objects ------------------------------------------------------------------- */

static size_t
field_index(const struct bnc_table *table, const char *name)
{
    size_t i = 0;
    while (i < table->n_fields && strcmp(table->fields[i].name, name) != 0) {
        i++;
    }
    return i;
}

static void
unknown_field(struct bnc_decoder *decoder, const struct bnc_table *table,
              const char *name, const struct bnc_path *up)
{
    struct bnc_diags *diags = decoder->diags;
    struct bnc_path path = {.up = up, .text = name};
    if (is_full(diags)) {
        wrong_at(decoder, &path, BNC_REASON_UNKNOWN_FIELD, NULL, "");
        return;
    }
    const char **names = bnc_arena_array(diags->arena, table->n_fields, sizeof(*names));
    for (size_t i = 0; i < table->n_fields; i++) {
        names[i] = table->fields[i].name;
    }
    const char *near = bnc_text_nearest(name, names, table->n_fields);
    if (decoder->foreign) {
        bnc_diag_warn(diags, BNC_REASON_UNKNOWN_FIELD, bnc_path_text(&path, diags->arena),
                      near == NULL
                          ? NULL
                          : bnc_arena_fmt(diags->arena, "did you mean \"%s\"?", near),
                      "the field %s is not known and counts for nothing",
                      bnc_text_quoted(diags->arena, name));
        return;
    }
    const char *remedy = near == NULL
                             ? "remove it"
                             : bnc_arena_fmt(diags->arena, "did you mean \"%s\"?", near);
    wrong_at(decoder, &path, BNC_REASON_UNKNOWN_FIELD, remedy,
             bnc_arena_fmt(diags->arena, "unknown field %s",
                           bnc_text_quoted(diags->arena, name)));
}

static int
by_text(const void *a, const void *b)
{
    const char *x = NULL;
    const char *y = NULL;
    memcpy(&x, a, sizeof(x));
    memcpy(&y, b, sizeof(y));
    return strcmp(x, y);
}

/* Sort the values of `json` to the rows of `table`; report what has none. */
static const cJSON **
find_fields(struct bnc_decoder *decoder, const struct bnc_table *table, const cJSON *json,
            const struct bnc_path *path)
{
    struct bnc_arena *arena = decoder->scratch;
    const cJSON **found = bnc_arena_array(arena, table->n_fields, sizeof(const cJSON *));
    size_t n_unknown = 0;
    const cJSON *item = NULL;

    cJSON_ArrayForEach(item, json)
    {
        size_t i = field_index(table, item->string);
        if (i == table->n_fields) {
            n_unknown += table->partial ? 0 : 1;
        } else if (found[i] == NULL) {
            found[i] = item;
        } else {
            struct bnc_path at = {.up = path, .text = item->string};
            wrong_at(decoder, &at, BNC_REASON_INVALID_FIELD, "remove one of them",
                     "the field is there twice");
        }
    }
    if (n_unknown == 0) {
        return found;
    }
    const char **unknown = bnc_arena_array(arena, n_unknown, sizeof(*unknown));
    size_t n = 0;
    cJSON_ArrayForEach(item, json)
    {
        if (field_index(table, item->string) == table->n_fields) {
            unknown[n++] = item->string;
        }
    }
    qsort(unknown, n, sizeof(*unknown), by_text);
    for (size_t i = 0; i < n; i++) {
        unknown_field(decoder, table, unknown[i], path);
    }
    return found;
}

static const cJSON *
default_of(const struct bnc_field *field, struct bnc_arena *arena)
{
    cJSON *json = NULL;
    struct bnc_error err = {0};
    if (field->def == NULL ||
        bnc_json_parse(arena, field->def, strlen(field->def), &json, &err)) {
        return NULL; /* a test reads the defaults of all rows */
    }
    return json;
}

/*
 * A null where there is a default; an empty text where a name or URL may stand.  To
 * prometheus-operator also an empty duration or size, and each null.
 */
static bool
counts_as_unset(const struct bnc_field *field, const cJSON *json, bool foreign)
{
    if (json == NULL || (cJSON_IsNull(json) && (field->def != NULL || foreign))) {
        return true;
    }
    if (field->required || !cJSON_IsString(json) || json->valuestring[0] != '\0') {
        return false;
    }
    return (field->type == BNC_FIELD_TEXT && field->rule != BNC_TEXT_ANY) ||
           (foreign &&
            (field->type == BNC_FIELD_DURATION || field->type == BNC_FIELD_SIZE));
}

static void
decode_field(struct bnc_decoder *decoder, const struct bnc_field *field,
             const cJSON *json, const struct bnc_path *up, void *out)
{
    struct bnc_path path = {.up = up, .text = field->name};
    struct bnc_spot spot = {decoder, field, json, &path};

    if (counts_as_unset(field, json, decoder->foreign)) {
        spot.json = default_of(field, decoder->diags->arena);
    }
    if (spot.json != NULL) {
        bnc_decode_value(&spot, (char *)out + field->offset);
    } else if (field->required) {
        bnc_spot_wrong(&spot, BNC_REASON_INVALID_FIELD, "set it",
                       "the field is required");
    }
}

/* "a", "b" and "c" */
static const char *
join(const char *const *names, size_t n, const char *last, struct bnc_arena *arena)
{
    struct bnc_str out = bnc_str_new(arena, 1024);
    for (size_t i = 0; i < n; i++) {
        const char *between = i == 0 ? "" : i + 1 == n ? last : ", ";
        bnc_str_fmt(&out, "%s%s", between, names[i]);
    }
    return out.ptr == NULL ? "" : out.ptr;
}

static void
check_union(struct bnc_decoder *decoder, const struct bnc_table *table,
            const struct bnc_union *rule, const cJSON *const *found,
            const struct bnc_path *path)
{
    struct bnc_arena *arena = decoder->diags->arena;
    const char *set[8];
    size_t n_set = 0;
    size_t n = 0;
    for (; rule->names[n] != NULL; n++) {
        size_t i = field_index(table, rule->names[n]);
        if (i < table->n_fields && found[i] != NULL && n_set < BNC_LEN(set)) {
            set[n_set++] = rule->names[n];
        }
    }
    if (n_set > 1) {
        wrong_at(decoder, path, BNC_REASON_INVALID_FIELD,
                 bnc_arena_fmt(arena, "keep one of %s", join(set, n_set, " and ", arena)),
                 bnc_arena_fmt(arena, "%s exclude each other",
                               join(rule->names, n, " and ", arena)));
    } else if (n_set == 0 && rule->required) {
        wrong_at(decoder, path, BNC_REASON_INVALID_FIELD,
                 bnc_arena_fmt(arena, "set %s", join(rule->names, n, " or ", arena)),
                 bnc_arena_fmt(arena, "one of %s is required",
                               join(rule->names, n, " and ", arena)));
    }
}

void
bnc_decode_table(struct bnc_decoder *decoder, const struct bnc_table *table,
                 const cJSON *json, const struct bnc_path *path, void *out)
{
    const cJSON **found = find_fields(decoder, table, json, path);
    for (size_t i = 0; i < table->n_fields; i++) {
        decode_field(decoder, &table->fields[i], found[i], path, out);
    }
    for (size_t i = 0; i < table->n_unions; i++) {
        check_union(decoder, table, &table->unions[i], found, path);
    }
    if (table->finish != NULL) {
        table->finish(out, bnc_path_text(path, decoder->diags->arena), decoder->diags);
    }
}

static void
decode_object(const struct bnc_spot *spot, void *member)
{
    const struct bnc_table *table = spot->field->sub;
    void *object = bnc_arena_alloc(spot->decoder->diags->arena, table->size);
    bnc_decode_table(spot->decoder, table, spot->json, spot->path, object);
    memcpy(member, &object, sizeof(object));
}

static void
decode_inline(const struct bnc_spot *spot, void *member)
{
    bnc_decode_table(spot->decoder, spot->field->sub, spot->json, spot->path, member);
}

void
bnc_fields_decode(const struct bnc_table *table, const cJSON *json, const char *path,
                  void *out, struct bnc_diags *diags)
{
    BNC_AUTO(bnc_arena) scratch = bnc_arena_new();
    struct bnc_decoder decoder = {
        .diags = diags, .scratch = scratch, .foreign = table->foreign};
    struct bnc_path root = {.text = path};
    if (json != NULL && !cJSON_IsObject(json)) {
        wrong_at(&decoder, &root, BNC_REASON_INVALID_FIELD, "write an object",
                 bnc_arena_fmt(scratch, "%s has the wrong type",
                               bnc_json_shown(json, scratch)));
        json = NULL;
    }
    bnc_decode_table(&decoder, table, json, &root, out);
}
