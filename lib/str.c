#include "lib/str.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct bnc_str
bnc_str_new(struct bnc_arena *arena, size_t max)
{
    return (struct bnc_str){.arena = arena, .max = max};
}

void
bnc_str_free(struct bnc_str *s)
{
    if (s->arena == NULL) {
        free(s->ptr);
    }
    s->ptr = NULL;
    s->len = s->room = 0;
}

void
bnc_str_clear(struct bnc_str *s)
{
    s->len = 0;
    s->too_big = false;
    if (s->ptr != NULL) {
        s->ptr[0] = '\0';
    }
}

static void
resize(struct bnc_str *s, size_t room)
{
    if (s->arena == NULL) {
        s->ptr = bnc_realloc(s->ptr, room);
    } else {
        char *bigger = bnc_arena_alloc(s->arena, room);
        if (s->len > 0) {
            memcpy(bigger, s->ptr, s->len);
        }
        s->ptr = bigger;
    }
    s->room = room;
}

static void
grow(struct bnc_str *s, size_t need)
{
    size_t room = s->room == 0 ? 128 : s->room;
    while (room < need) {
        room *= 2;
    }
    resize(s, room);
}

void
bnc_str_reserve(struct bnc_str *s, size_t n)
{
    size_t most = s->max - s->len; /* more than that is never added */
    size_t need = s->len + (n < most ? n : most) + 1;
    if (need > s->room) {
        resize(s, need);
        s->ptr[s->len] = '\0';
    }
}

void
bnc_str_add(struct bnc_str *s, const char *bytes, size_t n)
{
    if (s->too_big || n > s->max - s->len) {
        s->too_big = true;
        n = 0;
    }
    if (s->len + n + 1 > s->room) {
        grow(s, s->len + n + 1);
    }
    if (n > 0) {
        memcpy(s->ptr + s->len, bytes, n);
    }
    s->len += n;
    s->ptr[s->len] = '\0';
}

void
bnc_str_puts(struct bnc_str *s, const char *text)
{
    bnc_str_add(s, text, strlen(text));
}

void
bnc_str_putc(struct bnc_str *s, char c)
{
    bnc_str_add(s, &c, 1);
}

void
bnc_str_fmt(struct bnc_str *s, const char *fmt, ...)
{
    char small[256];
    va_list args;

    va_start(args, fmt);
    int n = vsnprintf(small, sizeof(small), fmt, args);
    va_end(args);
    if (n < 0) {
        return;
    }
    if ((size_t)n < sizeof(small)) {
        bnc_str_add(s, small, (size_t)n);
        return;
    }
    char *large = bnc_alloc((size_t)n + 1);
    va_start(args, fmt);
    (void)vsnprintf(large, (size_t)n + 1, fmt, args);
    va_end(args);
    bnc_str_add(s, large, (size_t)n);
    free(large);
}

void
bnc_str_json(struct bnc_str *s, const char *text)
{
    bnc_str_putc(s, '"');
    for (const unsigned char *p = (const unsigned char *)text; *p != '\0'; p++) {
        if (*p == '"' || *p == '\\') {
            bnc_str_putc(s, '\\');
            bnc_str_putc(s, (char)*p);
        } else if (*p == '\n') {
            bnc_str_puts(s, "\\n");
        } else if (*p == '\t') {
            bnc_str_puts(s, "\\t");
        } else if (*p < 0x20) {
            bnc_str_fmt(s, "\\u%04x", *p);
        } else {
            bnc_str_putc(s, (char)*p);
        }
    }
    bnc_str_putc(s, '"');
}

enum bnc_code
bnc_str_check(const struct bnc_str *s, const char *what, struct bnc_error *err)
{
    if (s->too_big) {
        return bnc_fail(err, BNC_TOO_BIG, "%s is over %zu bytes", what, s->max);
    }
    return BNC_OK;
}

/* What may follow a first byte (RFC 3629, section 4). */
struct utf8_row {
    unsigned char first_low, first_high, second_low, second_high;
    unsigned char length;
};

static const struct utf8_row utf8_rows[] = {
    {0x00, 0x7f, 0x00, 0x00, 1}, {0xc2, 0xdf, 0x80, 0xbf, 2}, {0xe0, 0xe0, 0xa0, 0xbf, 3},
    {0xe1, 0xec, 0x80, 0xbf, 3}, {0xed, 0xed, 0x80, 0x9f, 3}, {0xee, 0xef, 0x80, 0xbf, 3},
    {0xf0, 0xf0, 0x90, 0xbf, 4}, {0xf1, 0xf3, 0x80, 0xbf, 4}, {0xf4, 0xf4, 0x80, 0x8f, 4},
};

static const struct utf8_row *
utf8_row(unsigned char first)
{
    for (size_t i = 0; i < BNC_LEN(utf8_rows); i++) {
        if (first >= utf8_rows[i].first_low && first <= utf8_rows[i].first_high) {
            return &utf8_rows[i];
        }
    }
    return NULL;
}

/* Length of the well-formed sequence at `s`, 0 when there is none. */
static size_t
utf8_sequence(const unsigned char *s, size_t n)
{
    const struct utf8_row *row = utf8_row(s[0]);
    if (row == NULL || row->length > n) {
        return 0;
    }
    if (row->length > 1 && (s[1] < row->second_low || s[1] > row->second_high)) {
        return 0;
    }
    for (size_t k = 2; k < row->length; k++) {
        if (s[k] < 0x80 || s[k] > 0xbf) {
            return 0;
        }
    }
    return row->length;
}

bool
bnc_utf8_valid(const char *s, size_t n)
{
    for (size_t i = 0; i < n;) {
        size_t length = utf8_sequence((const unsigned char *)s + i, n - i);
        if (length == 0) {
            return false;
        }
        i += length;
    }
    return true;
}

struct bnc_bytes
bnc_bytes_trimmed(struct bnc_bytes value)
{
    while (value.len > 0 &&
           (value.ptr[value.len - 1] == '\r' || value.ptr[value.len - 1] == '\n')) {
        value.len--;
    }
    return value;
}

bool
bnc_str_eq(const char *a, const char *b)
{
    if (a == NULL || b == NULL) {
        return a == b;
    }
    return strcmp(a, b) == 0;
}

bool
bnc_str_starts(const char *s, const char *prefix)
{
    return strncmp(s, prefix, strlen(prefix)) == 0;
}

bool
bnc_str_ends(const char *s, const char *suffix)
{
    size_t n = strlen(s);
    size_t m = strlen(suffix);
    return n >= m && strcmp(s + n - m, suffix) == 0;
}
