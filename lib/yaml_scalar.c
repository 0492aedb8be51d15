#include "lib/yaml_scalar.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <locale.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define TAG(name) "tag:yaml.org,2002:" name

enum kind {
    KIND_STR,
    KIND_NULL,
    KIND_BOOL,
    KIND_INT,
    KIND_FLOAT,
    KIND_TIME,
    KIND_BINARY
};

static const struct {
    const char *tag;
    enum kind kind;
    const char *problem; /* when the text says something else */
} tags[] = {
    {TAG("str"), KIND_STR, ""},
    {TAG("null"), KIND_NULL, "the value tagged !!null is not null"},
    {TAG("bool"), KIND_BOOL, "the value tagged !!bool is no boolean"},
    {TAG("int"), KIND_INT, "the value tagged !!int is no integer"},
    {TAG("float"), KIND_FLOAT, "the value tagged !!float is no number"},
    {TAG("timestamp"), KIND_TIME, "the value tagged !!timestamp is no date"},
    {TAG("binary"), KIND_BINARY, "the value tagged !!binary is no base64 of UTF-8 text"},
};

enum word { WORD_NULL, WORD_TRUE, WORD_FALSE, WORD_NOT_FINITE };

static const struct {
    const char *text;
    enum word word;
} words[] = {
    {"", WORD_NULL},
    {"~", WORD_NULL},
    {"null", WORD_NULL},
    {"Null", WORD_NULL},
    {"NULL", WORD_NULL},
    {"y", WORD_TRUE},
    {"Y", WORD_TRUE},
    {"yes", WORD_TRUE},
    {"Yes", WORD_TRUE},
    {"YES", WORD_TRUE},
    {"true", WORD_TRUE},
    {"True", WORD_TRUE},
    {"TRUE", WORD_TRUE},
    {"on", WORD_TRUE},
    {"On", WORD_TRUE},
    {"ON", WORD_TRUE},
    {"n", WORD_FALSE},
    {"N", WORD_FALSE},
    {"no", WORD_FALSE},
    {"No", WORD_FALSE},
    {"NO", WORD_FALSE},
    {"false", WORD_FALSE},
    {"False", WORD_FALSE},
    {"FALSE", WORD_FALSE},
    {"off", WORD_FALSE},
    {"Off", WORD_FALSE},
    {"OFF", WORD_FALSE},
    {".nan", WORD_NOT_FINITE},
    {".NaN", WORD_NOT_FINITE},
    {".NAN", WORD_NOT_FINITE},
    {".inf", WORD_NOT_FINITE},
    {".Inf", WORD_NOT_FINITE},
    {".INF", WORD_NOT_FINITE},
    {"+.inf", WORD_NOT_FINITE},
    {"+.Inf", WORD_NOT_FINITE},
    {"+.INF", WORD_NOT_FINITE},
    {"-.inf", WORD_NOT_FINITE},
    {"-.Inf", WORD_NOT_FINITE},
    {"-.INF", WORD_NOT_FINITE},
};

/* What a text means when nothing says that it is text. */
struct meaning {
    enum kind kind;
    bool truth;
    bool not_finite;
    cJSON *number;
};

/* The base that "0x", "0b", "0o" or a leading zero asks for; skips the prefix. */
static int
take_base(const char **digits)
{
    const char *s = *digits;
    if (s[0] != '0' || s[1] == '\0') {
        return 10;
    }
    int letter = tolower((unsigned char)s[1]);
    if (s[2] != '\0' && (letter == 'x' || letter == 'b' || letter == 'o')) {
        *digits = s + 2;
        return letter == 'x' ? 16 : letter == 'b' ? 2 : 8;
    }
    *digits = s + 1;
    return 8;
}

/* Integers of 64 bits as Go's ParseInt and ParseUint read them with base 0. */
static cJSON *
read_int(struct bnc_arena *arena, const char *text)
{
    bool sign = text[0] == '+' || text[0] == '-';
    bool negative = text[0] == '-';
    const char *digits = text + sign;
    int base = take_base(&digits);

    if (isxdigit((unsigned char)digits[0]) == 0) {
        return NULL; /* strtoull() would take blanks, signs and "0x" */
    }
    char *end = NULL;
    errno = 0;
    unsigned long long value = strtoull(digits, &end, base);
    if (errno != 0 || *end != '\0' || (base == 16 && strpbrk(digits, "xX") != NULL)) {
        return NULL;
    }
    if (sign && value > (unsigned long long)INT64_MAX + negative) {
        return NULL;
    }
    if (value <= (unsigned long long)BNC_JSON_EXACT_INT) {
        int64_t small = (int64_t)value;
        return bnc_json_int(arena, negative ? -small : small);
    }
    return bnc_json_raw(arena,
                        bnc_arena_fmt(arena, "%s%llu", negative ? "-" : "", value));
}

/* [-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)? */
static bool
is_float(const char *s)
{
    s += *s == '+' || *s == '-';
    size_t whole = strspn(s, "0123456789");
    s += whole;
    if (*s == '.') {
        size_t fraction = strspn(s + 1, "0123456789");
        if (whole == 0 && fraction == 0) {
            return false;
        }
        s += 1 + fraction;
    } else if (whole == 0) {
        return false;
    }
    if (*s == 'e' || *s == 'E') {
        s++;
        s += *s == '+' || *s == '-';
        size_t exponent = strspn(s, "0123456789");
        if (exponent == 0) {
            return false;
        }
        s += exponent;
    }
    return *s == '\0';
}

/* `text` is ours to change; NULL when it is no number or none that fits. */
static cJSON *
read_float(struct bnc_arena *arena, char *text)
{
    if (!is_float(text)) {
        return NULL;
    }
    char *point = strchr(text, '.');
    if (point != NULL) {
        *point = localeconv()->decimal_point[0];
    }
    double value = strtod(text, NULL);
    return isfinite(value) ? bnc_json_double(arena, value) : NULL;
}

/* Go allows "1__0_" in front of a point or without one, behind it only "5_0". */
static bool
underscores_apart(const char *s)
{
    for (const char *p = s; *p != '\0'; p++) {
        if (*p == '_' && (p == s || isdigit((unsigned char)p[-1]) == 0 ||
                          isdigit((unsigned char)p[1]) == 0)) {
            return false;
        }
    }
    return true;
}

static void
read_number(struct bnc_arena *arena, const struct bnc_yaml_scalar *in,
            struct meaning *out)
{
    char *text = bnc_arena_strndup(arena, in->text, in->n);
    size_t n = 0;
    for (size_t i = 0; i < in->n; i++) {
        if (text[i] != '_') {
            text[n++] = text[i];
        }
    }
    text[n] = '\0';
    if (in->text[0] != '.') {
        out->number = read_int(arena, text);
        if (out->number != NULL) {
            out->kind = KIND_INT;
            return;
        }
    } else if (!underscores_apart(in->text)) {
        return;
    }
    out->number = read_float(arena, text);
    if (out->number != NULL) {
        out->kind = KIND_FLOAT;
    }
}

static struct meaning
resolve(struct bnc_arena *arena, const struct bnc_yaml_scalar *in)
{
    struct meaning out = {.kind = KIND_STR};
    for (size_t i = 0; i < BNC_LEN(words); i++) {
        if (strcmp(words[i].text, in->text) == 0) {
            out.kind = words[i].word == WORD_NULL         ? KIND_NULL
                       : words[i].word == WORD_NOT_FINITE ? KIND_FLOAT
                                                          : KIND_BOOL;
            out.truth = words[i].word == WORD_TRUE;
            out.not_finite = words[i].word == WORD_NOT_FINITE;
            return out;
        }
    }
    if (strchr("+-.0123456789", in->text[0]) != NULL) {
        read_number(arena, in, &out);
    }
    return out;
}

/* Dates stay text; only a tag asks for one: "2006-1-2" and what may follow. */
static bool
is_date(const char *s)
{
    return strspn(s, "0123456789") == 4 && s[4] == '-' &&
           isdigit((unsigned char)s[5]) != 0;
}

static int
base64_value(char c)
{
    static const char digits[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *at = strchr(digits, c);
    return at == NULL || c == '\0' ? -1 : (int)(at - digits);
}

/* Standard base64 with padding, line ends ignored; NULL when it is not that. */
static char *
decode_base64(struct bnc_arena *arena, const char *in, size_t n, size_t *length)
{
    char *out = bnc_arena_alloc(arena, n + 1);
    uint32_t bits = 0;
    size_t count = 0; /* of digits and padding */
    size_t padding = 0;

    *length = 0;
    for (size_t i = 0; i < n; i++) {
        if (in[i] == '\n' || in[i] == '\r') {
            continue;
        }
        int value = in[i] == '=' ? 0 : base64_value(in[i]);
        padding += in[i] == '=';
        if (value < 0 || padding > 2 || (padding > 0 && in[i] != '=')) {
            return NULL;
        }
        bits = bits << 6 | (uint32_t)value;
        if (++count % 4 == 0) {
            out[(*length)++] = (char)(bits >> 16 & 0xff);
            out[(*length)++] = (char)(bits >> 8 & 0xff);
            out[(*length)++] = (char)(bits & 0xff);
        } else if (padding == 1 && count % 4 < 3) {
            return NULL; /* "a===" */
        }
    }
    if (count % 4 != 0) {
        return NULL;
    }
    *length -= padding;
    out[*length] = '\0';
    return out;
}

static cJSON *
read_binary(struct bnc_arena *arena, const struct bnc_yaml_scalar *in)
{
    size_t n = 0;
    const char *text = decode_base64(arena, in->text, in->n, &n);
    if (text == NULL || memchr(text, '\0', n) != NULL || !bnc_utf8_valid(text, n)) {
        return NULL;
    }
    return bnc_json_str(arena, text);
}

/* The row of `tag`; BNC_LEN(tags) for none that we know. */
static size_t
find_tag(const char *tag)
{
    size_t i = 0;
    while (i < BNC_LEN(tags) && strcmp(tags[i].tag, tag) != 0) {
        i++;
    }
    return i;
}

static cJSON *
make_value(struct bnc_arena *arena, const struct bnc_yaml_scalar *in,
           const struct meaning *meaning, const char **problem)
{
    if (meaning->not_finite) {
        *problem = "infinity and NaN have no form in JSON; quote them if text is meant";
        return NULL;
    }
    if (meaning->number != NULL) {
        return meaning->number;
    }
    if (meaning->kind == KIND_NULL) {
        return bnc_json_null(arena);
    }
    if (meaning->kind == KIND_BOOL) {
        return bnc_json_bool(arena, meaning->truth);
    }
    return bnc_json_str(arena, in->text);
}

cJSON *
bnc_yaml_scalar(struct bnc_arena *arena, const struct bnc_yaml_scalar *in,
                const char **problem)
{
    if (in->tag == NULL && !in->plain) {
        return bnc_json_str(arena, in->text);
    }
    if (in->tag == NULL) {
        struct meaning meaning = resolve(arena, in);
        return make_value(arena, in, &meaning, problem);
    }
    size_t row = find_tag(in->tag);
    if (row == BNC_LEN(tags) || tags[row].kind == KIND_STR) {
        return bnc_json_str(arena, in->text); /* tags of others say nothing to us */
    }
    *problem = tags[row].problem;
    if (tags[row].kind == KIND_BINARY) {
        return read_binary(arena, in);
    }
    if (tags[row].kind == KIND_TIME) {
        return is_date(in->text) ? bnc_json_str(arena, in->text) : NULL;
    }
    struct meaning meaning = resolve(arena, in);
    bool fits = meaning.kind == tags[row].kind ||
                (tags[row].kind == KIND_FLOAT && meaning.kind == KIND_INT);
    return fits ? make_value(arena, in, &meaning, problem) : NULL;
}

bool
bnc_yaml_is_merge(const struct bnc_yaml_scalar *in)
{
    if (strcmp(in->text, "<<") != 0) {
        return false;
    }
    return in->tag == NULL ? in->plain : strcmp(in->tag, TAG("merge")) == 0;
}
