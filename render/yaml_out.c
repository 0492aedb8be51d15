#include "render/yaml_out.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lib/json.h"
#include "render/yaml_quote.h"

#define FMT_MAX ((size_t)64 * 1024) /* bytes of one formatted value */

/* libyaml takes bytes that are not const but only reads them. */
static yaml_char_t *
unconst(const char *s)
{
    union {
        const char *in;
        yaml_char_t *out;
    } u = {.in = s};
    return u.out;
}

/* ---- errors: the first one stays ----------------------------------------------- */

static void
fail_with(struct bnc_yaml *y, const char *problem, const char *key)
{
    if (y->error.code == BNC_OK) {
        bnc_fail(&y->error, BNC_INTERNAL, "YAML: %s at \"%.100s\"", problem,
                 key == NULL || !bnc_utf8_valid(key, strlen(key)) ? "-" : key);
    }
}

static void
emit(struct bnc_yaml *y, yaml_event_t *event, int made)
{
    if (!made) { /* texts are checked before */
        bnc_give_up("out of memory");
    }
    if (!yaml_emitter_emit(&y->emitter, event) && !y->out.too_big) {
        if (y->emitter.error == YAML_MEMORY_ERROR) {
            bnc_give_up("out of memory");
        }
        fail_with(y, y->emitter.problem == NULL ? "emitter" : y->emitter.problem, NULL);
    }
}

/* ---- bytes out: indent each line ----------------------------------------------- */

static int
/* NOLINTNEXTLINE(readability-non-const-parameter): libyaml's signature */
write_bytes(void *arg, unsigned char *bytes, size_t n)
{
    struct bnc_yaml *y = arg;
    const char *at = (const char *)bytes;
    const char *end = at + n;

    while (at < end) {
        if (!y->in_line && *at != '\n') {
            for (size_t i = 0; i < y->indent; i++) {
                bnc_str_putc(&y->out, ' ');
            }
            y->in_line = true;
        }
        const char *eol = memchr(at, '\n', (size_t)(end - at));
        size_t len = eol == NULL ? (size_t)(end - at) : (size_t)(eol - at) + 1;
        bnc_str_add(&y->out, at, len);
        y->in_line = eol == NULL;
        at += len;
    }
    return y->out.too_big ? 0 : 1;
}

/* ---- scalars ------------------------------------------------------------------- */

static bool
is_usable(struct bnc_yaml *y, const char *key, const char *text)
{
    if (y->error.code != BNC_OK || y->out.too_big) {
        return false;
    }
    if (text == NULL) {
        fail_with(y, "no text", key);
    } else if (!bnc_utf8_valid(text, strlen(text))) {
        fail_with(y, "text is not UTF-8", key);
    }
    return y->error.code == BNC_OK;
}

static void
put(struct bnc_yaml *y, const char *text, yaml_scalar_style_t style)
{
    yaml_event_t event;
    size_t n = strlen(text);

    if (n > INT32_MAX) {
        fail_with(y, "text is too long", NULL);
        return;
    }
    emit(y, &event,
         yaml_scalar_event_initialize(&event, NULL, NULL, unconst(text), (int)n, 1, 1,
                                      style));
}

static yaml_scalar_style_t
style_of(const char *text, bool one_line)
{
    switch (bnc_yaml_quote(text)) {
    case BNC_YAML_QUOTE_PLAIN:
        return YAML_PLAIN_SCALAR_STYLE;
    case BNC_YAML_QUOTE_SINGLE:
        return YAML_SINGLE_QUOTED_SCALAR_STYLE;
    case BNC_YAML_QUOTE_LITERAL:
        return one_line ? YAML_DOUBLE_QUOTED_SCALAR_STYLE : YAML_LITERAL_SCALAR_STYLE;
    case BNC_YAML_QUOTE_DOUBLE:
        break;
    }
    return YAML_DOUBLE_QUOTED_SCALAR_STYLE;
}

/* Write the key, if this level has keys; false when nothing may follow. */
static bool
put_key(struct bnc_yaml *y, const char *key)
{
    if (y->error.code != BNC_OK || y->out.too_big) {
        return false;
    }
    if (y->is_map[y->depth - 1] != (key != NULL)) {
        fail_with(y, key == NULL ? "key missing" : "key in a list", key);
        return false;
    }
    if (key != NULL) {
        if (!is_usable(y, key, key)) {
            return false;
        }
        put(y, key, style_of(key, true));
    }
    return y->error.code == BNC_OK;
}

void
bnc_yaml_raw(struct bnc_yaml *y, const char *key, const char *text)
{
    if (is_usable(y, key, text) && put_key(y, key)) {
        put(y, text, YAML_PLAIN_SCALAR_STYLE);
    }
}

void
bnc_yaml_str(struct bnc_yaml *y, const char *key, const char *text)
{
    if (is_usable(y, key, text) && put_key(y, key)) {
        put(y, text, style_of(text, false));
    }
}

void
bnc_yaml_int(struct bnc_yaml *y, const char *key, int64_t value)
{
    char text[32];

    (void)snprintf(text, sizeof(text), "%" PRId64, value);
    bnc_yaml_raw(y, key, text);
}

void
bnc_yaml_bool(struct bnc_yaml *y, const char *key, bool value)
{
    bnc_yaml_raw(y, key, value ? "true" : "false");
}

void
bnc_yaml_null(struct bnc_yaml *y, const char *key)
{
    bnc_yaml_raw(y, key, "null");
}

void
bnc_yaml_fmt(struct bnc_yaml *y, const char *key, const char *fmt, ...)
{
    va_list args;
    char small[256];

    va_start(args, fmt);
    int n = vsnprintf(small, sizeof(small), fmt, args);
    va_end(args);
    if (n < 0 || (size_t)n > FMT_MAX) {
        fail_with(y, "formatted text is too long", key);
        return;
    }
    if ((size_t)n < sizeof(small)) {
        bnc_yaml_str(y, key, small);
        return;
    }
    va_start(args, fmt);
    bnc_yaml_str(y, key, bnc_arena_vfmt(y->out.arena, fmt, args));
    va_end(args);
}

void
bnc_yaml_opt_str(struct bnc_yaml *y, const char *key, const char *text)
{
    if (text != NULL) {
        bnc_yaml_str(y, key, text);
    }
}

void
bnc_yaml_opt_int(struct bnc_yaml *y, const char *key, struct bnc_opt_int value)
{
    if (value.set) {
        bnc_yaml_int(y, key, value.value);
    }
}

void
bnc_yaml_opt_bool(struct bnc_yaml *y, const char *key, enum bnc_tri value)
{
    if (value != BNC_UNSET) {
        bnc_yaml_bool(y, key, value == BNC_TRUE);
    }
}

/* ---- levels -------------------------------------------------------------------- */

static void
open_level(struct bnc_yaml *y, bool map, bool flow)
{
    yaml_event_t event;
    int made;

    if (y->depth >= BNC_YAML_DEPTH_MAX) {
        fail_with(y, "nested too deep", NULL);
        return;
    }
    if (map) {
        made = yaml_mapping_start_event_initialize(&event, NULL, NULL, 1,
                                                   YAML_BLOCK_MAPPING_STYLE);
    } else {
        made = yaml_sequence_start_event_initialize(&event, NULL, NULL, 1,
                                                    flow ? YAML_FLOW_SEQUENCE_STYLE
                                                         : YAML_BLOCK_SEQUENCE_STYLE);
    }
    y->is_map[y->depth++] = map;
    emit(y, &event, made);
}

bool
bnc_yaml_map_open(struct bnc_yaml *y, const char *key)
{
    if (put_key(y, key)) {
        open_level(y, true, false);
    }
    return true;
}

bool
bnc_yaml_seq_open(struct bnc_yaml *y, const char *key)
{
    if (put_key(y, key)) {
        open_level(y, false, false);
    }
    return true;
}

bool
bnc_yaml_close(struct bnc_yaml *y)
{
    yaml_event_t event;
    int made;

    if (y->error.code != BNC_OK || y->out.too_big) {
        return false;
    }
    if (y->depth == 0) {
        fail_with(y, "a level is closed twice", NULL);
        return false;
    }
    y->depth--;
    if (y->is_map[y->depth]) {
        made = yaml_mapping_end_event_initialize(&event);
    } else {
        made = yaml_sequence_end_event_initialize(&event);
    }
    emit(y, &event, made);
    return false;
}

/* ---- lists and trees ----------------------------------------------------------- */

void
bnc_yaml_texts(struct bnc_yaml *y, const char *key, const struct bnc_texts *texts)
{
    BNC_YAML_SEQ (y, key) {
        for (size_t i = 0; i < texts->n; i++) {
            bnc_yaml_str(y, NULL, texts->items[i]);
        }
    }
}

void
bnc_yaml_flow_texts(struct bnc_yaml *y, const char *key, const struct bnc_texts *texts)
{
    if (!put_key(y, key)) {
        return;
    }
    open_level(y, false, true);
    for (size_t i = 0; i < texts->n; i++) {
        if (is_usable(y, key, texts->items[i])) {
            put(y, texts->items[i], style_of(texts->items[i], true));
        }
    }
    (void)bnc_yaml_close(y);
}

static void
put_number(struct bnc_yaml *y, const char *key, const cJSON *tree)
{
    struct bnc_str text = bnc_str_new(y->out.arena, 64);

    bnc_json_print_double(tree->valuedouble, &text);
    bnc_yaml_raw(y, key, text.ptr);
}

static void
put_children(struct bnc_yaml *y, const cJSON *tree)
{
    const cJSON *child;

    cJSON_ArrayForEach(child, tree)
    {
        bnc_yaml_tree(y, cJSON_IsObject(tree) ? child->string : NULL, child);
    }
    (void)bnc_yaml_close(y);
}

void
bnc_yaml_tree(struct bnc_yaml *y, const char *key, const cJSON *tree)
{
    if (cJSON_IsObject(tree) || cJSON_IsArray(tree)) {
        if (put_key(y, key)) {
            open_level(y, cJSON_IsObject(tree), false);
        }
        if (y->error.code == BNC_OK && !y->out.too_big) {
            put_children(y, tree);
        }
    } else if (cJSON_IsString(tree)) {
        bnc_yaml_str(y, key, tree->valuestring);
    } else if (cJSON_IsRaw(tree)) {
        bnc_yaml_raw(y, key, tree->valuestring);
    } else if (cJSON_IsNumber(tree)) {
        put_number(y, key, tree);
    } else if (cJSON_IsBool(tree)) {
        bnc_yaml_bool(y, key, cJSON_IsTrue(tree));
    } else {
        bnc_yaml_null(y, key);
    }
}

/* ---- begin and end ------------------------------------------------------------- */

void
bnc_yaml_start(struct bnc_yaml *y, enum bnc_yaml_root root, size_t indent, size_t max,
               struct bnc_arena *arena)
{
    yaml_event_t event;

    memset(y, 0, sizeof(*y));
    y->out = bnc_str_new(arena, max);
    y->indent = indent;
    if (!yaml_emitter_initialize(&y->emitter)) {
        bnc_give_up("out of memory");
    }
    yaml_emitter_set_output(&y->emitter, write_bytes, y);
    yaml_emitter_set_unicode(&y->emitter, 1);
    yaml_emitter_set_indent(&y->emitter, 2);
    yaml_emitter_set_width(&y->emitter, -1);
    yaml_emitter_set_break(&y->emitter, YAML_LN_BREAK);
    emit(y, &event, yaml_stream_start_event_initialize(&event, YAML_UTF8_ENCODING));
    emit(y, &event, yaml_document_start_event_initialize(&event, NULL, NULL, NULL, 1));
    open_level(y, root == BNC_YAML_ROOT_MAP, false);
}

enum bnc_code
bnc_yaml_finish(struct bnc_yaml *y, struct bnc_bytes *out, struct bnc_error *err)
{
    yaml_event_t event;

    if (y->depth != 1 && !y->out.too_big) {
        fail_with(y, y->depth > 1 ? "a level is left open" : "closed twice", NULL);
    }
    (void)bnc_yaml_close(y);
    if (y->error.code == BNC_OK && !y->out.too_big) {
        emit(y, &event, yaml_document_end_event_initialize(&event, 1));
        emit(y, &event, yaml_stream_end_event_initialize(&event));
    }
    yaml_emitter_delete(&y->emitter);
    if (y->error.code != BNC_OK) {
        return bnc_fail(err, y->error.code, "%s", y->error.message);
    }
    if (bnc_str_check(&y->out, "YAML", err)) {
        return err->code;
    }
    *out = (struct bnc_bytes){.ptr = y->out.ptr, .len = y->out.len};
    return BNC_OK;
}
