#include "sync/local.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "sync/yaml_line.h"

#define FILES "files/"

enum list_state {
    LIST_ABSENT,  /* has not come */
    LIST_PENDING, /* its key has; the indentation of its items has not */
    LIST_DONE
};

struct bnc_local {
    struct bnc_yaml_lines lines;
    struct bnc_local_options options;
    const struct bnc_local_ops *ops;
    void *arg;
    enum list_state list;
    bool broken_line; /* the last one has no line break */
    bool in_global;
    bool in_labels;      /* below external_labels: of global: */
    size_t label_indent; /* of that key */
    bool holding;        /* a label whose value is a literal block */
    struct bnc_str raw;  /* that label, as it came */
    size_t raw_value;    /* where its value begins */
    bool keeps_break;    /* "|": the last line break is part of the value */
    struct bnc_str value;
    struct bnc_error err;
};

static void
put(struct bnc_local *local, const char *bytes, size_t n)
{
    if (local->err.code == BNC_OK && n > 0) {
        local->ops->out(local->arg, bytes, n);
        local->broken_line = bytes[n - 1] != '\n';
    }
}

static void
put_text(struct bnc_local *local, const char *text)
{
    put(local, text, strlen(text));
}

static void
fail_once(struct bnc_local *local, enum bnc_code code, const char *what)
{
    if (local->err.code == BNC_OK) {
        (void)bnc_fail(&local->err, code, "%s", what);
    }
}

/* ---- the marker ------------------------------------------------------------------ */

static void
put_item(struct bnc_local *local, size_t indent)
{
    for (size_t i = 0; i < indent; i++) {
        put_text(local, " ");
    }
    put_text(local, "- ");
    put_text(local, local->options.item);
    put_text(local, "\n");
    local->list = LIST_DONE;
}

/* The line of the list's key; false when it has still to be written. */
static bool
begin_list(struct bnc_local *local, const struct bnc_yaml_line *line)
{
    const struct bnc_bytes value = line->value;

    if (value.len == 0 && line->part == BNC_LINE_WHOLE) {
        local->list = LIST_PENDING;
        return false;
    }
    if (bnc_yaml_text_is(value, "[]") || bnc_yaml_text_is(value, "null") ||
        bnc_yaml_text_is(value, "~")) {
        put(local, line->key.ptr, line->key.len);
        put_text(local, ":\n");
        put_item(local, 0);
        return true;
    }
    if (value.len == 0 || value.ptr[0] != '[') {
        fail_once(local, BNC_INVALID, "the list of files is not a list");
        return true;
    }
    put(local, line->raw.ptr, (size_t)(value.ptr + 1 - line->raw.ptr));
    put_text(local, local->options.item);
    put_text(local, ", ");
    put(local, value.ptr + 1, (size_t)(line->raw.ptr + line->raw.len - value.ptr - 1));
    local->list = LIST_DONE;
    return true;
}

/* ---- external labels ------------------------------------------------------------- */

static bool
is_word(char c)
{
    return isalnum((unsigned char)c) != 0 || c == '_';
}

/* One character that is a name by itself; digits too: ${1} */
static bool
is_special(char c)
{
    return c != '\0' && strchr("*#$@!?-0123456789", c) != NULL;
}

/*
 * The name behind a '$', by the rules of Go's os.Expand: `name` empty and 0: the '$'
 * stays; empty and more: that much is dropped.
 */
static size_t
name_at(const char *s, size_t n, struct bnc_bytes *name)
{
    size_t i = 0;

    *name = (struct bnc_bytes){s, 0};
    if (s[0] == '{') {
        if (n > 2 && is_special(s[1]) && s[2] == '}') {
            *name = (struct bnc_bytes){s + 1, 1};
            return 3;
        }
        const char *end = memchr(s, '}', n);
        if (end == NULL) {
            return 1;
        }
        *name = (struct bnc_bytes){s + 1, (size_t)(end - s) - 1};
        return (size_t)(end - s) + 1;
    }
    if (is_special(s[0])) {
        i = 1;
    } else {
        while (i < n && is_word(s[i])) {
            i++;
        }
    }
    name->len = i;
    return i;
}

static void
add_variable(struct bnc_local *local, struct bnc_str *out, struct bnc_bytes name)
{
    char *text = bnc_alloc(name.len + 1);
    memcpy(text, name.ptr, name.len);

    const char *value =
        strcmp(text, "$") == 0 ? "$" : local->ops->lookup(local->arg, text);
    if (value == NULL || value[0] == '\0') {
        if (local->ops->unset != NULL) {
            local->ops->unset(local->arg, text);
        }
    } else if (!bnc_utf8_valid(value, strlen(value))) {
        fail_once(local, BNC_INVALID,
                  "a variable used in an external label is not UTF-8");
    } else {
        bnc_str_puts(out, value);
    }
    free(text);
}

static void
expand(struct bnc_local *local, const struct bnc_str *in, struct bnc_str *out)
{
    size_t i = 0;

    bnc_str_add(out, "", 0); /* never NULL */
    while (i < in->len) {
        if (in->ptr[i] != '$' || i + 1 == in->len) {
            bnc_str_putc(out, in->ptr[i++]);
            continue;
        }
        struct bnc_bytes name;
        size_t used = name_at(in->ptr + i + 1, in->len - i - 1, &name);
        if (name.len > 0) {
            add_variable(local, out, name);
        } else if (used == 0) {
            bnc_str_putc(out, '$');
        }
        i += 1 + used;
    }
}

/* One character of more than one byte; gives the bytes that were used. */
static size_t
add_escaped(struct bnc_str *out, const struct bnc_str *text, size_t at)
{
    unsigned char first = (unsigned char)text->ptr[at];
    size_t more = first >= 0xe0 ? 2 : 1;

    if (first >= 0xf0) {
        more = 3;
    }
    uint32_t code = first & (0x3fU >> more);
    for (size_t i = 1; i <= more && at + i < text->len; i++) {
        code = code << 6 | ((unsigned char)text->ptr[at + i] & 0x3f);
    }
    bnc_str_fmt(out, "\\U%08X", (unsigned)code);
    return more + 1;
}

/* "…" with all escaped that is not printable ASCII: safe whatever a variable holds. */
static void
add_quoted(struct bnc_str *out, const struct bnc_str *text)
{
    bnc_str_putc(out, '"');
    for (size_t i = 0; i < text->len;) {
        unsigned char c = (unsigned char)text->ptr[i];
        if (c >= 0x80) {
            i += add_escaped(out, text, i);
            continue;
        }
        if (c == '"' || c == '\\') {
            bnc_str_putc(out, '\\');
        }
        if (c < 0x20 || c == 0x7f) {
            bnc_str_fmt(out, "\\x%02X", (unsigned)c);
        } else {
            bnc_str_putc(out, (char)c);
        }
        i++;
    }
    bnc_str_putc(out, '"');
}

/* Write `raw` with the value that `value` becomes; as it came when that is the same. */
static void
put_label(struct bnc_local *local, struct bnc_bytes raw, size_t value_at)
{
    struct bnc_str wanted = bnc_str_new(NULL, BNC_LOCAL_VALUE_MAX);
    struct bnc_str quoted = bnc_str_new(NULL, 10 * BNC_LOCAL_VALUE_MAX + 2);

    expand(local, &local->value, &wanted);
    if (wanted.too_big || local->value.too_big || local->raw.too_big) {
        fail_once(local, BNC_TOO_BIG, "an external label is too long");
    } else if (wanted.len == local->value.len &&
               memcmp(wanted.ptr, local->value.ptr, wanted.len) == 0) {
        put(local, raw.ptr, raw.len);
    } else {
        add_quoted(&quoted, &wanted);
        put(local, raw.ptr, value_at);
        put(local, quoted.ptr, quoted.len);
        put_text(local, "\n");
    }
    bnc_str_free(&wanted);
    bnc_str_free(&quoted);
}

/* A label on one line, or the first line of one that is a literal block. */
static void
begin_label(struct bnc_local *local, const struct bnc_yaml_line *line)
{
    size_t at = (size_t)(line->value.ptr - line->raw.ptr);

    bnc_str_clear(&local->value);
    bnc_str_add(&local->value, "", 0);
    if (line->part != BNC_LINE_WHOLE) {
        fail_once(local, BNC_TOO_BIG, "an external label is too long");
    } else if (bnc_yaml_is_block(line->value)) {
        bnc_str_clear(&local->raw);
        bnc_str_add(&local->raw, line->raw.ptr, line->raw.len);
        local->raw_value = at;
        local->keeps_break = line->value.len == 1;
        local->holding = true;
    } else {
        bnc_yaml_unquote(&local->value, line->value);
        put_label(local, line->raw, at);
    }
}

static void
hold_line(struct bnc_local *local, const struct bnc_yaml_line *line)
{
    const struct bnc_bytes raw = line->raw;
    size_t skip = local->label_indent + 4; /* two levels of our writer */

    bnc_str_add(&local->raw, raw.ptr, raw.len);
    if (raw.len > skip) {
        bnc_str_add(&local->value, raw.ptr + skip, raw.len - skip);
    } else {
        bnc_str_putc(&local->value, '\n');
    }
}

static void
end_label(struct bnc_local *local)
{
    struct bnc_str *value = &local->value;

    if (!local->holding) {
        return;
    }
    local->holding = false;
    if (!local->keeps_break && value->len > 0 && value->ptr[value->len - 1] == '\n') {
        value->ptr[--value->len] = '\0';
    }
    put_label(local, (struct bnc_bytes){local->raw.ptr, local->raw.len},
              local->raw_value);
}

/* ---- lines ----------------------------------------------------------------------- */

static void
tell_file(struct bnc_local *local, const struct bnc_yaml_line *line)
{
    static const char suffix[] = "_file";
    const size_t n = sizeof(suffix) - 1;
    const struct bnc_bytes key = line->key;

    if (local->ops->file == NULL || key.len < n ||
        memcmp(key.ptr + key.len - n, suffix, n) != 0) {
        return;
    }
    struct bnc_str text = bnc_str_new(NULL, BNC_YAML_LINE_MAX);
    bnc_yaml_unquote(&text, line->value);
    const char *name = text.ptr == NULL ? "" : text.ptr;
    while (strncmp(name, "../", 3) == 0) { /* out of a part in a folder */
        name += 3;
    }
    if (strncmp(name, FILES, sizeof(FILES) - 1) == 0) {
        local->ops->file(local->arg, name);
    }
    bnc_str_free(&text);
}

static void
follow(struct bnc_local *local, const struct bnc_yaml_line *line)
{
    if (line->indent == 0 && !line->item) {
        local->in_global = bnc_yaml_text_is(line->key, "global");
        local->in_labels = false;
    } else if (local->in_labels && line->indent <= local->label_indent) {
        local->in_labels = false;
    }
}

/* A line that says something; false when it has still to be written. */
static bool
take(struct bnc_local *local, const struct bnc_yaml_line *line)
{
    if (local->list == LIST_PENDING) {
        put_item(local, line->item ? line->indent : 0);
    }
    follow(local, line);
    tell_file(local, line);
    if (line->indent == 0 && !line->item && local->list == LIST_ABSENT &&
        local->options.list != NULL && bnc_yaml_text_is(line->key, local->options.list)) {
        return begin_list(local, line);
    }
    if (local->in_labels && local->options.expand && line->key.len > 0) {
        begin_label(local, line);
        return true;
    }
    if (local->in_global && line->indent > 0 &&
        bnc_yaml_text_is(line->key, "external_labels")) {
        local->in_labels = true;
        local->label_indent = line->indent;
    }
    return false;
}

static void
on_line(void *arg, const struct bnc_yaml_line *line)
{
    struct bnc_local *local = arg;

    if (line->part == BNC_LINE_REST) {
        if (!local->holding) {
            put(local, line->raw.ptr, line->raw.len);
        }
        return;
    }
    if (local->holding && line->in_text) {
        if (line->part == BNC_LINE_HEAD) {
            fail_once(local, BNC_TOO_BIG, "an external label is too long");
        }
        hold_line(local, line);
        return;
    }
    end_label(local);
    if (line->in_text || line->empty || !take(local, line)) {
        put(local, line->raw.ptr, line->raw.len);
    }
}

struct bnc_local *
bnc_local_new(const struct bnc_local_options *options, const struct bnc_local_ops *ops,
              void *arg)
{
    struct bnc_local *local = bnc_alloc(sizeof(*local));

    local->options = *options;
    local->ops = ops;
    local->arg = arg;
    local->raw = bnc_str_new(NULL, 2 * BNC_LOCAL_VALUE_MAX);
    local->value = bnc_str_new(NULL, BNC_LOCAL_VALUE_MAX);
    bnc_yaml_lines_init(&local->lines, on_line, local);
    return local;
}

void
bnc_local_free(struct bnc_local *local)
{
    if (local != NULL) {
        bnc_yaml_lines_free(&local->lines);
        bnc_str_free(&local->raw);
        bnc_str_free(&local->value);
        free(local);
    }
}

void
bnc_local_feed(struct bnc_local *local, const char *bytes, size_t n)
{
    bnc_yaml_lines_feed(&local->lines, bytes, n);
}

enum bnc_code
bnc_local_finish(struct bnc_local *local, struct bnc_error *err)
{
    bnc_yaml_lines_finish(&local->lines);
    end_label(local);
    if (local->options.list != NULL && local->list != LIST_DONE) {
        if (local->broken_line) {
            put_text(local, "\n");
        }
        if (local->list == LIST_ABSENT) {
            put_text(local, local->options.list);
            put_text(local, ":\n");
        }
        put_item(local, 0);
    }
    if (local->err.code != BNC_OK) {
        return bnc_fail(err, local->err.code, "%s", local->err.message);
    }
    return BNC_OK;
}
