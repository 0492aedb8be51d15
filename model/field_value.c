/* Decoding of single values: texts of all types, numbers, booleans. */
#include <string.h>
#include <strings.h>

#include "lib/json.h"
#include "lib/regex.h"
#include "lib/str.h"
#include "lib/units.h"
#include "model/field_decode.h"
#include "model/field_text.h"
#include "model/selector.h"

static struct bnc_arena *
arena_of(const struct bnc_spot *spot)
{
    return spot->decoder->diags->arena;
}

static void
put_text(void *member, const char *text)
{
    memcpy(member, &text, sizeof(text));
}

static size_t
max_len(const struct bnc_field *field, enum bnc_field_type type)
{
    if (field->max_len != 0) {
        return field->max_len;
    }
    return type == BNC_FIELD_REGEX ? BNC_FIELD_REGEX_MAX : bnc_text_max(field->rule);
}

/* The first of `values` that differs from `text` in case at most. */
static const char *
first_alike(const char *const *values, const char *text)
{
    size_t i = 0;
    while (values[i] != NULL && strcasecmp(values[i], text) != 0) {
        i++;
    }
    return values[i];
}

/* "use one of a, b, c", without those that differ in case only. */
static const char *
values_remedy(const char *const *values, struct bnc_arena *arena)
{
    struct bnc_str out = bnc_str_new(arena, 1024);
    bnc_str_puts(&out, values[1] == NULL ? "use " : "use one of ");
    for (size_t i = 0; values[i] != NULL; i++) {
        if (values[i][0] != '\0' && first_alike(values, values[i]) == values[i]) {
            bnc_str_fmt(&out, "%s%s", i == 0 ? "" : ", ", values[i]);
        }
    }
    return out.ptr;
}

/* The spelling to keep: the first of those that differ in case only. */
static const char *
one_of(const struct bnc_spot *spot, const char *text)
{
    const char *const *values = spot->field->values;
    size_t n = 0;
    bool known = false;
    for (; values[n] != NULL; n++) {
        known = known || strcmp(values[n], text) == 0;
    }
    if (known) {
        return first_alike(values, text);
    }
    struct bnc_arena *arena = arena_of(spot);
    const char *near = bnc_text_nearest(text, values, n);
    bnc_spot_wrong(spot, BNC_REASON_INVALID_FIELD,
                   near == NULL ? values_remedy(values, arena)
                                : bnc_arena_fmt(arena, "did you mean \"%s\"?", near),
                   "%s is none of the known values", bnc_text_quoted(arena, text));
    return NULL;
}

static const char *
by_rule(const struct bnc_spot *spot, const char *text)
{
    enum bnc_text_rule rule = spot->field->rule;
    if (!bnc_text_keeps(rule, text) && rule != BNC_TEXT_ANY) {
        bnc_spot_wrong(spot, BNC_REASON_INVALID_FIELD, bnc_text_remedy(rule),
                       "%s is not valid", bnc_text_quoted(arena_of(spot), text));
        return NULL;
    }
    return bnc_arena_strdup(arena_of(spot), text);
}

static const char *
port(const struct bnc_spot *spot, const char *text)
{
    size_t digits = strspn(text, "0123456789");
    if (digits > 0 && digits <= 5 && text[digits] == '\0' && text[0] != '0') {
        unsigned number = 0;
        for (size_t i = 0; i < digits; i++) {
            number = number * 10 + (unsigned)(text[i] - '0');
        }
        if (number <= 65535) {
            return bnc_arena_strdup(arena_of(spot), text);
        }
    }
    if (!bnc_port_name_valid(text)) {
        bnc_spot_wrong(
            spot, BNC_REASON_INVALID_FIELD,
            "use a port name (at most 15 lower-case letters, digits and \"-\") "
            "or 1 to 65535",
            "%s is no port", bnc_text_quoted(arena_of(spot), text));
        return NULL;
    }
    return bnc_arena_strdup(arena_of(spot), text);
}

/* What has a syntax of its own. */
static const char *
parsed(const struct bnc_spot *spot, enum bnc_field_type type, const char *text)
{
    struct bnc_error err = {0};
    enum bnc_reason reason = BNC_REASON_INVALID_FIELD;
    enum bnc_code code = BNC_OK;
    int64_t value = 0;

    if (type == BNC_FIELD_DURATION) {
        code = bnc_duration_parse(text, &value, &err);
    } else if (type == BNC_FIELD_SIZE) {
        code = bnc_size_parse(text, &value, &err);
    } else {
        reason = BNC_REASON_INVALID_REGEX;
        code = bnc_regex_check_within(text, strlen(text), &spot->decoder->diags->effort,
                                      &err);
    }
    if (code == BNC_OK) {
        return bnc_arena_strdup(arena_of(spot), text);
    }
    if (reason == BNC_REASON_INVALID_REGEX && err.message[0] == '\0') {
        return NULL; /* said with the one before */
    }
    if (reason == BNC_REASON_INVALID_REGEX) {
        bnc_spot_wrong(spot, reason, NULL,
                       code == BNC_TOO_BIG ? "%s is too much: %s"
                                           : "%s is no regular expression: %s",
                       bnc_text_quoted(arena_of(spot), text),
                       bnc_text_safe(arena_of(spot), err.message));
    } else {
        /* "\"5\" is a duration without a unit; write ms, s, ..." */
        char *remedy = strstr(err.message, "; write ");
        if (remedy != NULL) {
            *remedy = '\0';
            remedy += strlen("; ");
        }
        bnc_spot_wrong(spot, reason, remedy, "%s",
                       bnc_text_safe(arena_of(spot), err.message));
    }
    return NULL;
}

const char *
bnc_decode_word(const struct bnc_spot *spot, enum bnc_field_type type, const char *text)
{
    struct bnc_arena *arena = arena_of(spot);
    size_t max = max_len(spot->field, type);
    size_t n = strlen(text);

    if (n > max) {
        bnc_spot_wrong(spot, BNC_REASON_INVALID_FIELD, "shorten it",
                       "%s is longer than %zu bytes", bnc_text_quoted(arena, text), max);
        return NULL;
    }
    if (n == 0 && type == BNC_FIELD_TEXT && spot->field->type == BNC_FIELD_TEXT &&
        spot->field->min > 0) {
        bnc_spot_wrong(spot, BNC_REASON_INVALID_FIELD, "give it a value or leave it out",
                       "the text is empty");
        return NULL;
    }
    if (spot->field->values != NULL && type != BNC_FIELD_REGEX) {
        return one_of(spot, text);
    }
    if (type == BNC_FIELD_TEXT) {
        return by_rule(spot, text);
    }
    if (type == BNC_FIELD_PORT) {
        return port(spot, text);
    }
    return parsed(spot, type, text);
}

void
bnc_decode_text(const struct bnc_spot *spot, void *member)
{
    const char *text = bnc_decode_word(spot, spot->field->type, spot->json->valuestring);
    if (text != NULL) {
        put_text(member, text);
    }
}

void
bnc_decode_port(const struct bnc_spot *spot, void *member)
{
    const char *text = cJSON_IsString(spot->json)
                           ? spot->json->valuestring
                           : bnc_json_number_text(spot->json, arena_of(spot));
    text = bnc_decode_word(spot, BNC_FIELD_PORT, text);
    if (text != NULL) {
        put_text(member, text);
    }
}

void
bnc_decode_bool(const struct bnc_spot *spot, void *member)
{
    enum bnc_tri value = cJSON_IsTrue(spot->json) ? BNC_TRUE : BNC_FALSE;
    memcpy(member, &value, sizeof(value));
}

void
bnc_decode_int(const struct bnc_spot *spot, void *member)
{
    const struct bnc_field *field = spot->field;
    bool bounded = field->min != 0 || field->max != 0;
    int64_t max = bounded ? field->max : BNC_FIELD_INT_MAX;
    struct bnc_opt_int out = {.set = true};

    if (!bnc_json_to_int(spot->json, &out.value)) {
        bnc_spot_wrong(spot, BNC_REASON_INVALID_FIELD, "write a whole number",
                       "%s is no whole number, or too large",
                       bnc_json_shown(spot->json, arena_of(spot)));
        return;
    }
    if (out.value < field->min || out.value > max) {
        bnc_spot_wrong(spot, BNC_REASON_INVALID_FIELD,
                       bnc_arena_fmt(arena_of(spot), "use %lld to %lld",
                                     (long long)field->min, (long long)max),
                       "%s is out of bounds", bnc_json_shown(spot->json, arena_of(spot)));
        return;
    }
    memcpy(member, &out, sizeof(out));
}

void
bnc_decode_number(const struct bnc_spot *spot, void *member)
{
    put_text(member, bnc_json_number_text(spot->json, arena_of(spot)));
}

void
bnc_decode_expr(const struct bnc_spot *spot, void *member)
{
    struct bnc_field row = *spot->field;
    struct bnc_spot text = *spot;
    row.type = BNC_FIELD_TEXT;
    text.field = &row;
    if (cJSON_IsString(spot->json)) {
        bnc_decode_text(&text, member);
    } else {
        bnc_decode_number(spot, member);
    }
}

void
bnc_decode_percent(const struct bnc_spot *spot, void *member)
{
    struct bnc_error err = {0};
    struct bnc_opt_int percent = {.set = true};
    const char *text = bnc_json_number_text(spot->json, arena_of(spot));
    if (bnc_percent_parse(text, &percent.value, &err)) {
        bnc_spot_wrong(spot, BNC_REASON_INVALID_FIELD,
                       "write a number from 0 to 100 with at most two decimals",
                       "%s is no percentage", text);
        return;
    }
    memcpy(member, &percent, sizeof(percent));
}

void
bnc_decode_selector(const struct bnc_spot *spot, void *member)
{
    struct bnc_diags *diags = spot->decoder->diags;
    struct bnc_selector *selector =
        bnc_selector_decode(spot->json, bnc_path_text(spot->path, diags->arena), diags);
    memcpy(member, &selector, sizeof(void *));
}

void
bnc_decode_raw(const struct bnc_spot *spot, void *member)
{
    const cJSON *copy = bnc_json_clone(spot->decoder->diags->arena, spot->json);
    memcpy(member, &copy, sizeof(void *));
}
