#include "tests/sim/jv.h"

#include <stdlib.h>
#include <string.h>

struct reader {
    struct bnc_arena *arena;
    const char *p;
    const char *end;
    int depth;
};

static struct bnc_jv *read_value(struct reader *r);

static struct bnc_jv *
make(struct bnc_arena *arena, enum bnc_jv_type type)
{
    struct bnc_jv *v = bnc_arena_alloc(arena, sizeof(*v));
    v->type = type;
    return v;
}

static void
skip_space(struct reader *r)
{
    while (r->p < r->end && strchr(" \t\r\n", *r->p) != NULL && *r->p != '\0') {
        r->p++;
    }
}

static bool
take(struct reader *r, char c)
{
    skip_space(r);
    if (r->p < r->end && *r->p == c) {
        r->p++;
        return true;
    }
    return false;
}

static int
hex4(struct reader *r)
{
    int n = 0;
    if (r->end - r->p < 4) {
        return -1;
    }
    for (int i = 0; i < 4; i++) {
        const char *digits = "0123456789abcdef";
        char c = *r->p++;
        const char *at = strchr(digits, c >= 'A' && c <= 'F' ? c + 32 : c);
        if (c == '\0' || at == NULL) {
            return -1;
        }
        n = n * 16 + (int)(at - digits);
    }
    return n;
}

static char *
put_utf8(char *out, unsigned c)
{
    if (c < 0x80) {
        *out++ = (char)c;
    } else if (c < 0x800) {
        *out++ = (char)(0xc0 | c >> 6);
        *out++ = (char)(0x80 | (c & 0x3f));
    } else if (c < 0x10000) {
        *out++ = (char)(0xe0 | c >> 12);
        *out++ = (char)(0x80 | (c >> 6 & 0x3f));
        *out++ = (char)(0x80 | (c & 0x3f));
    } else {
        *out++ = (char)(0xf0 | c >> 18);
        *out++ = (char)(0x80 | (c >> 12 & 0x3f));
        *out++ = (char)(0x80 | (c >> 6 & 0x3f));
        *out++ = (char)(0x80 | (c & 0x3f));
    }
    return out;
}

/* After "\u"; NULL when it is no scalar value that a C string can hold. */
static char *
read_unicode(struct reader *r, char *out)
{
    int c = hex4(r);
    if (c >= 0xd800 && c < 0xdc00) {
        if (r->end - r->p < 2 || r->p[0] != '\\' || r->p[1] != 'u') {
            return NULL;
        }
        r->p += 2;
        int low = hex4(r);
        if (low < 0xdc00 || low > 0xdfff) {
            return NULL;
        }
        c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
    } else if (c <= 0 || (c >= 0xdc00 && c < 0xe000)) {
        return NULL;
    }
    return put_utf8(out, (unsigned)c);
}

static char *
read_escape(struct reader *r, char *out)
{
    static const char from[] = "\"\\/bfnrt";
    static const char to[] = "\"\\/\b\f\n\r\t";
    if (r->p >= r->end) {
        return NULL;
    }
    char c = *r->p++;
    if (c == 'u') {
        return read_unicode(r, out);
    }
    const char *at = c == '\0' ? NULL : strchr(from, c);
    if (at == NULL) {
        return NULL;
    }
    *out++ = to[at - from];
    return out;
}

/* After the opening quote. */
static const char *
read_string(struct reader *r)
{
    const char *close = r->p;
    while (close < r->end && *close != '"') {
        close += *close == '\\' && close + 1 < r->end ? 2 : 1;
    }
    if (close >= r->end) {
        return NULL;
    }
    char *text = bnc_arena_alloc(r->arena, (size_t)(close - r->p) + 1);
    char *out = text;
    while (r->p < close) {
        if (*r->p == '\\') {
            r->p++;
            out = read_escape(r, out);
            if (out == NULL) {
                return NULL;
            }
        } else if ((unsigned char)*r->p < 0x20) {
            return NULL;
        } else {
            *out++ = *r->p++;
        }
    }
    r->p = close + 1;
    *out = '\0';
    return text;
}

static struct bnc_jv *
read_members(struct reader *r, struct bnc_jv *v, char close)
{
    if (take(r, close)) {
        return v;
    }
    do {
        const char *key = NULL;
        if (v->type == BNC_JV_OBJECT) {
            key = take(r, '"') ? read_string(r) : NULL;
            if (key == NULL || !take(r, ':')) {
                return NULL;
            }
        }
        struct bnc_jv *item = read_value(r);
        if (item == NULL) {
            return NULL;
        }
        item->key = key;
        bnc_jv_append(v, item);
    } while (take(r, ','));
    return take(r, close) ? v : NULL;
}

static struct bnc_jv *
read_word(struct reader *r)
{
    static const struct {
        const char *word;
        enum bnc_jv_type type;
    } words[] = {{"null", BNC_JV_NULL}, {"true", BNC_JV_TRUE}, {"false", BNC_JV_FALSE}};
    for (size_t i = 0; i < BNC_LEN(words); i++) {
        size_t n = strlen(words[i].word);
        if ((size_t)(r->end - r->p) >= n && memcmp(r->p, words[i].word, n) == 0) {
            r->p += n;
            return make(r->arena, words[i].type);
        }
    }
    const char *start = r->p;
    while (r->p < r->end && *r->p != '\0' && strchr("0123456789+-.eE", *r->p) != NULL) {
        r->p++;
    }
    if (r->p == start) {
        return NULL;
    }
    struct bnc_jv *v = make(r->arena, BNC_JV_NUMBER);
    v->text = bnc_arena_strndup(r->arena, start, (size_t)(r->p - start));
    return v;
}

static struct bnc_jv *
read_value(struct reader *r)
{
    struct bnc_jv *v = NULL;
    if (++r->depth > 200) {
        return NULL;
    }
    if (take(r, '{')) {
        v = read_members(r, make(r->arena, BNC_JV_OBJECT), '}');
    } else if (take(r, '[')) {
        v = read_members(r, make(r->arena, BNC_JV_ARRAY), ']');
    } else if (take(r, '"')) {
        v = make(r->arena, BNC_JV_STRING);
        v->text = read_string(r);
        v = v->text == NULL ? NULL : v;
    } else {
        v = read_word(r);
    }
    r->depth--;
    return v;
}

struct bnc_jv *
bnc_jv_parse(struct bnc_arena *arena, const char *text, size_t n)
{
    struct reader r = {.arena = arena, .p = text, .end = text + n};
    struct bnc_jv *v = read_value(&r);
    skip_space(&r);
    return r.p == r.end ? v : NULL;
}

static void
print_string(const char *text, struct bnc_str *out)
{
    static const char special[] = "<>&";
    if (strpbrk(text, special) == NULL) {
        bnc_str_json(out, text);
        return;
    }
    struct bnc_str plain = bnc_str_new(NULL, SIZE_MAX);
    bnc_str_json(&plain, text);
    for (size_t i = 0; i < plain.len; i++) {
        if (strchr(special, plain.ptr[i]) != NULL) {
            bnc_str_fmt(out, "\\u%04x", plain.ptr[i]);
        } else {
            bnc_str_putc(out, plain.ptr[i]);
        }
    }
    bnc_str_free(&plain);
}

void
bnc_jv_print(const struct bnc_jv *v, struct bnc_str *out)
{
    static const char *const words[] = {
        [BNC_JV_NULL] = "null", [BNC_JV_FALSE] = "false", [BNC_JV_TRUE] = "true"};
    if (v->type == BNC_JV_STRING) {
        print_string(v->text, out);
    } else if (v->type == BNC_JV_NUMBER) {
        bnc_str_puts(out, v->text);
    } else if (v->type < BNC_LEN(words)) {
        bnc_str_puts(out, words[v->type]);
    } else {
        bool object = v->type == BNC_JV_OBJECT;
        bnc_str_putc(out, object ? '{' : '[');
        for (const struct bnc_jv *c = v->child; c != NULL; c = c->next) {
            if (c != v->child) {
                bnc_str_putc(out, ',');
            }
            if (object) {
                print_string(c->key, out);
                bnc_str_putc(out, ':');
            }
            bnc_jv_print(c, out);
        }
        bnc_str_putc(out, object ? '}' : ']');
    }
}

struct bnc_jv *
bnc_jv_object(struct bnc_arena *arena)
{
    return make(arena, BNC_JV_OBJECT);
}

struct bnc_jv *
bnc_jv_array(struct bnc_arena *arena)
{
    return make(arena, BNC_JV_ARRAY);
}

struct bnc_jv *
bnc_jv_string(struct bnc_arena *arena, const char *text)
{
    struct bnc_jv *v = make(arena, BNC_JV_STRING);
    v->text = bnc_arena_strdup(arena, text);
    return v;
}

struct bnc_jv *
bnc_jv_number(struct bnc_arena *arena, int64_t n)
{
    struct bnc_jv *v = make(arena, BNC_JV_NUMBER);
    v->text = bnc_arena_fmt(arena, "%lld", (long long)n);
    return v;
}

struct bnc_jv *
bnc_jv_copy(struct bnc_arena *arena, const struct bnc_jv *v)
{
    struct bnc_jv *copy = make(arena, v->type);
    copy->key = bnc_arena_strdup(arena, v->key);
    copy->text = bnc_arena_strdup(arena, v->text);
    for (const struct bnc_jv *c = v->child; c != NULL; c = c->next) {
        bnc_jv_append(copy, bnc_jv_copy(arena, c));
    }
    return copy;
}

struct bnc_jv *
bnc_jv_get(const struct bnc_jv *v, const char *key)
{
    if (v == NULL || v->type != BNC_JV_OBJECT) {
        return NULL;
    }
    for (struct bnc_jv *c = v->child; c != NULL; c = c->next) {
        if (strcmp(c->key, key) == 0) {
            return c;
        }
    }
    return NULL;
}

const char *
bnc_jv_text(const struct bnc_jv *v, const char *key, const char *otherwise)
{
    const struct bnc_jv *c = bnc_jv_get(v, key);
    return c != NULL && c->type == BNC_JV_STRING ? c->text : otherwise;
}

int64_t
bnc_jv_int(const struct bnc_jv *v, const char *key, int64_t otherwise)
{
    const struct bnc_jv *c = bnc_jv_get(v, key);
    return c != NULL && c->type == BNC_JV_NUMBER ? strtoll(c->text, NULL, 10) : otherwise;
}

void
bnc_jv_set(struct bnc_arena *arena, struct bnc_jv *v, const char *key,
           struct bnc_jv *value)
{
    struct bnc_jv *old = bnc_jv_get(v, key);
    if (old == NULL) {
        value->key = bnc_arena_strdup(arena, key);
        bnc_jv_append(v, value);
        return;
    }
    old->type = value->type;
    old->text = value->text;
    old->child = value->child;
    old->last = value->last;
}

struct bnc_jv *
bnc_jv_need(struct bnc_arena *arena, struct bnc_jv *v, const char *key)
{
    struct bnc_jv *c = bnc_jv_get(v, key);
    if (c == NULL || c->type != BNC_JV_OBJECT) {
        bnc_jv_set(arena, v, key, make(arena, BNC_JV_OBJECT));
        c = bnc_jv_get(v, key);
    }
    return c;
}

void
bnc_jv_unlink(struct bnc_jv *parent, const struct bnc_jv *child)
{
    struct bnc_jv *before = NULL;
    for (struct bnc_jv *c = parent->child; c != NULL; before = c, c = c->next) {
        if (c != child) {
            continue;
        }
        if (before == NULL) {
            parent->child = c->next;
        } else {
            before->next = c->next;
        }
        if (parent->last == c) {
            parent->last = before;
        }
        return;
    }
}

void
bnc_jv_drop(struct bnc_jv *v, const char *key)
{
    struct bnc_jv *c = bnc_jv_get(v, key);
    if (c != NULL) {
        bnc_jv_unlink(v, c);
    }
}

void
bnc_jv_append(struct bnc_jv *array, struct bnc_jv *value)
{
    value->next = NULL;
    if (array->child == NULL) {
        array->child = value;
    } else {
        array->last->next = value;
    }
    array->last = value;
}

static size_t
count(const struct bnc_jv *v)
{
    size_t n = 0;
    for (const struct bnc_jv *c = v->child; c != NULL; c = c->next) {
        n++;
    }
    return n;
}

bool
bnc_jv_equal(const struct bnc_jv *a, const struct bnc_jv *b)
{
    if (a == NULL || b == NULL) {
        return a == b;
    }
    if (a->type != b->type || count(a) != count(b)) {
        return false;
    }
    if (a->text != NULL && strcmp(a->text, b->text) != 0) {
        return false;
    }
    const struct bnc_jv *other = b->child;
    for (const struct bnc_jv *c = a->child; c != NULL; c = c->next) {
        if (a->type == BNC_JV_OBJECT) {
            other = bnc_jv_get(b, c->key);
        }
        if (!bnc_jv_equal(c, other)) {
            return false;
        }
        other = other->next;
    }
    return true;
}
