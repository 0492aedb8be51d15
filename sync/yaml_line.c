#include "sync/yaml_line.h"

#include <string.h>

bool
bnc_yaml_text_is(struct bnc_bytes bytes, const char *text)
{
    return bytes.len == strlen(text) && memcmp(bytes.ptr, text, bytes.len) == 0;
}

/* ---- scalars --------------------------------------------------------------------- */

bool
bnc_yaml_is_block(struct bnc_bytes value)
{
    if (value.len == 0 || (value.ptr[0] != '|' && value.ptr[0] != '>')) {
        return false;
    }
    for (size_t i = 1; i < value.len; i++) {
        if (strchr("+-0123456789", value.ptr[i]) == NULL || value.ptr[i] == '\0') {
            return false;
        }
    }
    return true;
}

void
bnc_yaml_add_code(struct bnc_str *out, uint32_t code)
{
    if (code > 0x10ffff || (code >= 0xd800 && code < 0xe000)) {
        code = 0xfffd;
    }
    if (code < 0x80) {
        bnc_str_putc(out, (char)code);
        return;
    }
    if (code < 0x800) {
        bnc_str_putc(out, (char)(0xc0 | (code >> 6)));
    } else {
        if (code < 0x10000) {
            bnc_str_putc(out, (char)(0xe0 | (code >> 12)));
        } else {
            bnc_str_putc(out, (char)(0xf0 | (code >> 18)));
            bnc_str_putc(out, (char)(0x80 | ((code >> 12) & 0x3f)));
        }
        bnc_str_putc(out, (char)(0x80 | ((code >> 6) & 0x3f)));
    }
    bnc_str_putc(out, (char)(0x80 | (code & 0x3f)));
}

static int
hex_digit(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* `digits` hexadecimal digits at most; what follows them is left. */
static size_t
add_code(struct bnc_str *out, struct bnc_bytes rest, size_t digits)
{
    uint32_t code = 0;
    size_t i = 0;
    for (; i < digits && i < rest.len && hex_digit(rest.ptr[i]) >= 0; i++) {
        code = (code << 4) | (uint32_t)hex_digit(rest.ptr[i]);
    }
    bnc_yaml_add_code(out, code);
    return i;
}

/* What follows a backslash; gives the bytes that were used. */
static size_t
add_escape(struct bnc_str *out, struct bnc_bytes rest)
{
    static const struct {
        char name;
        uint32_t code;
    } table[] = {
        {'n', '\n'}, {'t', '\t'},   {'r', '\r'},   {'0', 0},  {'a', 7},
        {'b', 8},    {'v', 11},     {'f', 12},     {'e', 27}, {'N', 0x85},
        {'_', 0xa0}, {'L', 0x2028}, {'P', 0x2029},
    };
    static const char sized[] = "xuU";

    for (size_t i = 0; i < BNC_LEN(table); i++) {
        if (rest.ptr[0] == table[i].name) {
            bnc_yaml_add_code(out, table[i].code);
            return 1;
        }
    }
    const char *found = rest.ptr[0] == '\0' ? NULL : strchr(sized, rest.ptr[0]);
    if (found != NULL) {
        const struct bnc_bytes digits = {rest.ptr + 1, rest.len - 1};
        return 1 + add_code(out, digits, (size_t)2 << (found - sized));
    }
    bnc_str_putc(out, rest.ptr[0]); /* \" \\ \/ */
    return 1;
}

static void
unquote_double(struct bnc_str *out, struct bnc_bytes value)
{
    for (size_t i = 1; i < value.len && value.ptr[i] != '"'; i++) {
        if (value.ptr[i] == '\\' && i + 1 < value.len) {
            i +=
                add_escape(out, (struct bnc_bytes){value.ptr + i + 1, value.len - i - 1});
        } else {
            bnc_str_putc(out, value.ptr[i]);
        }
    }
}

static void
unquote_single(struct bnc_str *out, struct bnc_bytes value)
{
    for (size_t i = 1; i < value.len; i++) {
        if (value.ptr[i] == '\'' && (++i >= value.len || value.ptr[i] != '\'')) {
            return;
        }
        bnc_str_putc(out, value.ptr[i]);
    }
}

void
bnc_yaml_unquote(struct bnc_str *out, struct bnc_bytes value)
{
    if (value.len > 0 && value.ptr[0] == '"') {
        unquote_double(out, value);
    } else if (value.len > 0 && value.ptr[0] == '\'') {
        unquote_single(out, value);
    } else {
        bnc_str_add(out, value.ptr, value.len);
    }
}

/* ---- one line -------------------------------------------------------------------- */

static bool
is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Past the closing quote of what begins at `at`; at the end when there is none. */
static size_t
skip_quoted(const char *s, size_t at, size_t n)
{
    const char quote = s[at];
    for (at++; at < n; at++) {
        if (s[at] == '\\' && quote == '"') {
            at++;
        } else if (s[at] == quote) {
            if (quote == '"' || at + 1 >= n || s[at + 1] != quote) {
                return at + 1;
            }
            at++;
        }
    }
    return n;
}

/* Where the colon behind a key is; `n` when the line has no key. */
static size_t
find_colon(const char *s, size_t at, size_t n)
{
    if (at < n && (s[at] == '\'' || s[at] == '"')) {
        at = skip_quoted(s, at, n);
        return at < n && s[at] == ':' ? at : n;
    }
    for (; at < n; at++) {
        if (s[at] == ':' && (at + 1 == n || is_blank(s[at + 1]))) {
            return at;
        }
    }
    return n;
}

/* The text from `at` on, without blanks around it and a comment behind it. */
static struct bnc_bytes
value_at(const char *s, size_t at, size_t n)
{
    while (at < n && is_blank(s[at])) {
        at++;
    }
    size_t end = at;
    if (at < n && (s[at] == '\'' || s[at] == '"')) {
        end = skip_quoted(s, at, n);
        return (struct bnc_bytes){s + at, (end > n ? n : end) - at};
    }
    while (end < n && !(s[end] == '#' && (end == at || is_blank(s[end - 1])))) {
        end++;
    }
    while (end > at && is_blank(s[end - 1])) {
        end--;
    }
    return (struct bnc_bytes){s + at, end - at};
}

static void
parse(struct bnc_yaml_line *line)
{
    const char *s = line->raw.ptr;
    size_t n = line->raw.len;
    size_t at = line->indent;

    while (n > at && is_blank(s[n - 1])) {
        n--;
    }
    while (at < n && s[at] == '-' && (at + 1 == n || s[at + 1] == ' ')) {
        line->item = true;
        at++;
        while (at < n && s[at] == ' ') {
            at++;
        }
    }
    line->column = at;
    size_t colon = find_colon(s, at, n);
    if (colon < n) {
        line->key = (struct bnc_bytes){s + at, colon - at};
        at = colon + 1;
    }
    line->value = value_at(s, at, n);
}

static void
tell(struct bnc_yaml_lines *lines, enum bnc_line_part part, const char *s, size_t n)
{
    struct bnc_yaml_line line = {.part = part,
                                 .raw = {s, n},
                                 .number = ++lines->number,
                                 .key = {s, 0},
                                 .value = {s, 0}};

    while (line.indent < n && s[line.indent] == ' ') {
        line.indent++;
    }
    bool nothing = line.indent == n || is_blank(s[line.indent]);
    if (lines->in_text && (nothing || line.indent > lines->text_above)) {
        line.in_text = true;
    } else {
        lines->in_text = false;
        line.empty = nothing || s[line.indent] == '#';
    }
    if (!line.in_text && !line.empty) {
        parse(&line);
        if (bnc_yaml_is_block(line.value)) {
            lines->in_text = true;
            /* an item without a key: its dash is what counts */
            lines->text_above = line.key.len > 0 ? line.column : line.indent;
        }
    }
    lines->fn(lines->arg, &line);
}

/* ---- many ------------------------------------------------------------------------ */

void
bnc_yaml_lines_init(struct bnc_yaml_lines *lines, bnc_yaml_line_fn fn, void *arg)
{
    *lines = (struct bnc_yaml_lines){
        .fn = fn, .arg = arg, .held = bnc_str_new(NULL, BNC_YAML_LINE_MAX)};
}

void
bnc_yaml_lines_free(struct bnc_yaml_lines *lines)
{
    bnc_str_free(&lines->held);
}

/* Of a line that is not too long so far; gives the bytes that were used. */
static size_t
feed_line(struct bnc_yaml_lines *lines, const char *bytes, size_t n, bool ends)
{
    size_t room = BNC_YAML_LINE_MAX - lines->held.len;
    size_t used = n < room ? n : room;

    bnc_str_add(&lines->held, bytes, used);
    if (ends && used == n) {
        tell(lines, BNC_LINE_WHOLE, lines->held.ptr, lines->held.len);
        bnc_str_clear(&lines->held);
    } else if (used == room) {
        tell(lines, BNC_LINE_HEAD, lines->held.ptr, lines->held.len);
        bnc_str_clear(&lines->held);
        lines->too_long = true;
    }
    return used;
}

void
bnc_yaml_lines_feed(struct bnc_yaml_lines *lines, const char *bytes, size_t n)
{
    while (n > 0) {
        const char *end = memchr(bytes, '\n', n);
        size_t used = end == NULL ? n : (size_t)(end - bytes) + 1;
        if (lines->too_long) {
            const struct bnc_yaml_line rest = {
                .part = BNC_LINE_REST, .raw = {bytes, used}, .number = lines->number};
            lines->fn(lines->arg, &rest);
            lines->too_long = end == NULL;
        } else {
            used = feed_line(lines, bytes, used, end != NULL);
        }
        bytes += used;
        n -= used;
    }
}

void
bnc_yaml_lines_finish(struct bnc_yaml_lines *lines)
{
    if (lines->held.len > 0) {
        tell(lines, BNC_LINE_WHOLE, lines->held.ptr, lines->held.len);
        bnc_str_clear(&lines->held);
    }
}
