/* The OpenAPI schema of a field table, as the API server wants it: structural. */
#include <assert.h>
#include <string.h>

#include "lib/json.h"
#include "lib/str.h"
#include "model/field.h"
#include "model/field_decode.h"
#include "model/field_text.h"

#define RULES "x-kubernetes-validations"

static cJSON *
typed(const char *type, struct bnc_arena *arena)
{
    cJSON *schema = bnc_json_object(arena);
    bnc_json_set_str(arena, schema, "type", type);
    return schema;
}

static size_t
max_items(const struct bnc_field *field)
{
    return field->max_items == 0 ? BNC_FIELD_ITEMS_MAX : field->max_items;
}

static void
add_enum(cJSON *schema, const char *const *values, struct bnc_arena *arena)
{
    cJSON *list = bnc_json_array(arena);
    for (size_t i = 0; values[i] != NULL; i++) {
        bnc_json_add(list, bnc_json_str(arena, values[i]));
    }
    bnc_json_set_item(arena, schema, "enum", list);
}

/* One text: of a field, an item or a value. */
static cJSON *
text_schema(const struct bnc_field *field, enum bnc_field_type type,
            enum bnc_text_rule rule, struct bnc_arena *arena)
{
    cJSON *schema = typed("string", arena);
    size_t max = type == BNC_FIELD_REGEX ? BNC_FIELD_REGEX_MAX : bnc_text_max(rule);
    if (type == BNC_FIELD_TEXT && field->values != NULL) {
        add_enum(schema, field->values, arena);
        return schema;
    }
    bnc_json_set_int(arena, schema, "maxLength",
                     (int64_t)(field->max_len == 0 ? max : field->max_len));
    if (bnc_text_pattern(rule) != NULL) {
        bnc_json_set_str(arena, schema, "pattern", bnc_text_pattern(rule));
    }
    if (rule == BNC_TEXT_TIME) {
        bnc_json_set_str(arena, schema, "format", "date-time");
    }
    return schema;
}

static cJSON *
of_text(const struct bnc_field *field, struct bnc_arena *arena)
{
    cJSON *schema = text_schema(field, field->type, field->rule, arena);
    if (field->min > 0 || (field->required && field->rule != BNC_TEXT_ANY)) {
        bnc_json_set_int(arena, schema, "minLength", 1);
    }
    return schema;
}

static cJSON *
of_bool(const struct bnc_field *field, struct bnc_arena *arena)
{
    BNC_UNUSED(field);
    return typed("boolean", arena);
}

static cJSON *
of_int(const struct bnc_field *field, struct bnc_arena *arena)
{
    bool bounded = field->min != 0 || field->max != 0;
    cJSON *schema = typed("integer", arena);
    bnc_json_set_str(arena, schema, "format", "int64");
    bnc_json_set_int(arena, schema, "minimum", field->min);
    bnc_json_set_int(arena, schema, "maximum", bounded ? field->max : BNC_FIELD_INT_MAX);
    return schema;
}

static cJSON *
of_number(const struct bnc_field *field, struct bnc_arena *arena)
{
    BNC_UNUSED(field);
    return typed("number", arena);
}

/*
 * multipleOf: 0.01 would refuse 0.29 and other numbers that have no exact double;
 * CEL allows for the last bit.
 */
static cJSON *
of_percent(const struct bnc_field *field, struct bnc_arena *arena)
{
    static const char rest[] = "self * 100.0 - double(int(self * 100.0 + 0.5))";
    BNC_UNUSED(field);
    cJSON *schema = typed("number", arena);
    cJSON *rules = bnc_json_array(arena);
    cJSON *rule = bnc_json_object(arena);
    bnc_json_set_int(arena, schema, "minimum", 0);
    bnc_json_set_int(arena, schema, "maximum", 100);
    bnc_json_set_str(arena, rule, "message", "at most two decimals");
    bnc_json_set_str(arena, rule, "rule",
                     bnc_arena_fmt(arena, "%s < 0.0001 && %s > -0.0001", rest, rest));
    bnc_json_add(rules, rule);
    bnc_json_set_item(arena, schema, RULES, rules);
    return schema;
}

static cJSON *
of_enum(const struct bnc_field *field, struct bnc_arena *arena)
{
    cJSON *schema = typed("string", arena);
    add_enum(schema, field->values, arena);
    return schema;
}

/* Text or number: that is all that is checked here, see field_text.c. */
static cJSON *
of_port(const struct bnc_field *field, struct bnc_arena *arena)
{
    cJSON *schema = bnc_json_object(arena);
    cJSON *any_of = bnc_json_array(arena);
    bnc_json_add(any_of, typed("integer", arena));
    bnc_json_add(any_of, typed("string", arena));
    bnc_json_set_item(arena, schema, "anyOf", any_of);
    bnc_json_set_int(
        arena, schema, "maxLength",
        (int64_t)(field->max_len == 0 ? BNC_FIELD_TEXT_MAX : field->max_len));
    bnc_json_set_bool(arena, schema, "x-kubernetes-int-or-string", true);
    return schema;
}

static cJSON *
list_of(const struct bnc_field *field, cJSON *items, struct bnc_arena *arena)
{
    cJSON *schema = typed("array", arena);
    bnc_json_set_item(arena, schema, "items", items);
    bnc_json_set_int(arena, schema, "maxItems", (int64_t)max_items(field));
    if (field->min > 0) {
        bnc_json_set_int(arena, schema, "minItems", field->min);
    }
    return schema;
}

static cJSON *
of_texts(const struct bnc_field *field, struct bnc_arena *arena)
{
    enum bnc_field_type type =
        field->type == BNC_FIELD_REGEXES ? BNC_FIELD_REGEX : BNC_FIELD_TEXT;
    cJSON *schema = list_of(field, text_schema(field, type, field->rule, arena), arena);
    bnc_json_set_str(arena, schema, "x-kubernetes-list-type", "atomic");
    return schema;
}

/* Rules of keys are left to decoding: JSON Schema has no word for them here. */
static cJSON *
map_of(const struct bnc_field *field, cJSON *values, struct bnc_arena *arena)
{
    cJSON *schema = typed("object", arena);
    bnc_json_set_item(arena, schema, "additionalProperties", values);
    bnc_json_set_int(arena, schema, "maxProperties", (int64_t)max_items(field));
    if (field->min > 0) {
        bnc_json_set_int(arena, schema, "minProperties", field->min);
    }
    return schema;
}

static cJSON *
of_map(const struct bnc_field *field, struct bnc_arena *arena)
{
    enum bnc_field_type type =
        field->type == BNC_FIELD_REGEX_MAP ? BNC_FIELD_REGEX : BNC_FIELD_TEXT;
    return map_of(field, text_schema(field, type, BNC_TEXT_ANY, arena), arena);
}

static cJSON *
of_multimap(const struct bnc_field *field, struct bnc_arena *arena)
{
    const struct bnc_field values = {.type = BNC_FIELD_TEXTS, .max_len = field->max_len};
    return map_of(field, of_texts(&values, arena), arena);
}

static cJSON *
of_selector(const struct bnc_field *field, struct bnc_arena *arena)
{
    BNC_UNUSED(field);
    cJSON *schema = bnc_fields_schema(&bnc_table_selector, arena);
    bnc_json_set_str(arena, schema, "x-kubernetes-map-type", "atomic");
    return schema;
}

static cJSON *
of_object(const struct bnc_field *field, struct bnc_arena *arena)
{
    return bnc_fields_schema(field->sub, arena);
}

static cJSON *
of_list(const struct bnc_field *field, struct bnc_arena *arena)
{
    cJSON *schema = list_of(field, bnc_fields_schema(field->sub, arena), arena);
    bnc_json_set_str(arena, schema, "x-kubernetes-list-type",
                     field->list_key == NULL ? "atomic" : "map");
    if (field->list_key == NULL) {
        return schema;
    }
    cJSON *keys = bnc_json_array(arena);
    const char *key = field->list_key;
    while (*key != '\0') {
        size_t n = strcspn(key, ",");
        bnc_json_add(keys, bnc_json_str(arena, bnc_arena_strndup(arena, key, n)));
        key += n + (key[n] == ',' ? 1 : 0);
    }
    bnc_json_set_item(arena, schema, "x-kubernetes-list-map-keys", keys);
    return schema;
}

static cJSON *
of_raw(const struct bnc_field *field, struct bnc_arena *arena)
{
    BNC_UNUSED(field);
    cJSON *schema = typed("object", arena);
    bnc_json_set_bool(arena, schema, "x-kubernetes-preserve-unknown-fields", true);
    return schema;
}

static cJSON *(*const types[])(const struct bnc_field *, struct bnc_arena *) = {
    [BNC_FIELD_TEXT] = of_text,         [BNC_FIELD_BOOL] = of_bool,
    [BNC_FIELD_INT] = of_int,           [BNC_FIELD_DURATION] = of_text,
    [BNC_FIELD_SIZE] = of_text,         [BNC_FIELD_REGEX] = of_text,
    [BNC_FIELD_ENUM] = of_enum,         [BNC_FIELD_PORT] = of_port,
    [BNC_FIELD_NUMBER] = of_number,     [BNC_FIELD_TEXTS] = of_texts,
    [BNC_FIELD_EXPR] = of_port,         [BNC_FIELD_PERCENT] = of_percent,
    [BNC_FIELD_REGEXES] = of_texts,     [BNC_FIELD_MAP] = of_map,
    [BNC_FIELD_REGEX_MAP] = of_map,     [BNC_FIELD_MULTIMAP] = of_multimap,
    [BNC_FIELD_SELECTOR] = of_selector, [BNC_FIELD_OBJECT] = of_object,
    [BNC_FIELD_INLINE] = of_object,     [BNC_FIELD_LIST] = of_list,
    [BNC_FIELD_RAW_OBJECT] = of_raw,    [BNC_FIELD_RAW] = of_raw,
};
static_assert(BNC_LEN(types) == BNC_FIELD_TYPE_COUNT, "every type needs a schema");

/* CEL: how many of the names are set.  No name is a reserved word (a test looks). */
static cJSON *
union_rule(const struct bnc_union *rule, struct bnc_arena *arena)
{
    struct bnc_str cel = bnc_str_new(arena, 1024);
    struct bnc_str names = bnc_str_new(arena, 1024);
    for (size_t i = 0; rule->names[i] != NULL; i++) {
        bnc_str_fmt(&cel, "%s(has(self.%s) ? 1 : 0)", i == 0 ? "" : " + ",
                    rule->names[i]);
        bnc_str_fmt(&names, "%s%s", i == 0 ? "" : ", ", rule->names[i]);
    }
    bnc_str_puts(&cel, rule->required ? " == 1" : " <= 1");
    cJSON *entry = bnc_json_object(arena);
    bnc_json_set_str(arena, entry, "rule", cel.ptr);
    bnc_json_set_str(arena, entry, "message",
                     bnc_arena_fmt(arena,
                                   rule->required ? "exactly one of %s must be set"
                                                  : "at most one of %s may be set",
                                   names.ptr));
    return entry;
}

static cJSON *
field_schema(const struct bnc_field *field, struct bnc_arena *arena)
{
    cJSON *schema = types[field->type](field, arena);
    cJSON *def = NULL;
    struct bnc_error err = {0};
    if (field->doc != NULL) {
        bnc_json_set_str(arena, schema, "description", field->doc);
    }
    if (field->def != NULL &&
        bnc_json_parse(arena, field->def, strlen(field->def), &def, &err) == BNC_OK) {
        bnc_json_set_item(arena, schema, "default", def);
    }
    if (field->immutable) {
        cJSON *rule = bnc_json_object(arena);
        cJSON *rules = bnc_json_array(arena);
        bnc_json_set_str(arena, rule, "message",
                         bnc_arena_fmt(arena, "%s can't be changed", field->name));
        bnc_json_set_str(arena, rule, "rule", "self == oldSelf");
        bnc_json_add(rules, rule);
        bnc_json_set_item(arena, schema, RULES, rules);
    }
    return schema;
}

cJSON *
bnc_fields_schema(const struct bnc_table *table, struct bnc_arena *arena)
{
    cJSON *schema = typed("object", arena);
    cJSON *properties = bnc_json_object(arena);
    cJSON *required = bnc_json_array(arena);
    cJSON *rules = bnc_json_array(arena);

    for (size_t i = 0; i < table->n_fields; i++) {
        const struct bnc_field *field = &table->fields[i];
        bnc_json_append(arena, properties, field->name, field_schema(field, arena));
        if (field->required) {
            bnc_json_add(required, bnc_json_str(arena, field->name));
        }
    }
    for (size_t i = 0; i < table->n_unions; i++) {
        bnc_json_add(rules, union_rule(&table->unions[i], arena));
    }
    bnc_json_set_item(arena, schema, "properties", properties);
    if (cJSON_GetArraySize(required) > 0) {
        bnc_json_set_item(arena, schema, "required", required);
    }
    if (cJSON_GetArraySize(rules) > 0) {
        bnc_json_set_item(arena, schema, RULES, rules);
    }
    return schema;
}
