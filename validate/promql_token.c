#include "validate/promql_token.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "lib/str.h"
#include "lib/units.h"

#define DIGITS  "0123456789"
#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define HEX     DIGITS "abcdefABCDEF"

static bool
fault_at(struct bnc_promql_scan *scan, const char *at, const char *message,
         const char *remedy)
{
    scan->fault =
        (struct bnc_promql_fault){.at = at, .message = message, .remedy = remedy};
    return false;
}

/* ---- strings ------------------------------------------------------------------- */

/* Escapes with a number: so many digits of a base follow the first bytes. */
static const struct {
    char letter;
    size_t digits;
} numbered[] = {{'x', 2}, {'u', 4}, {'U', 8}};

/* Bytes of the escape after the backslash at `s`; 0: there is no such escape. */
static size_t
escape_len(const char *s, char quote)
{
    if (*s != '\0' && (strchr("abfnrtv\\", *s) != NULL || *s == quote)) {
        return 1;
    }
    if (*s >= '0' && *s <= '3') {
        return strspn(s, "01234567") >= 3 ? 3 : 0;
    }
    for (size_t i = 0; i < BNC_LEN(numbered); i++) {
        if (*s == numbered[i].letter) {
            size_t n = numbered[i].digits;
            return strspn(s + 1, HEX) >= n ? 1 + n : 0;
        }
    }
    return 0;
}

static bool
scan_string(struct bnc_promql_scan *scan, struct bnc_promql_token *token)
{
    const char *s = token->at + 1;
    char quote = *token->at;

    if (quote == '`') {
        s = strchr(s, quote);
        if (s == NULL) {
            return fault_at(scan, token->at, "the text is not closed", "end it with `");
        }
    }
    for (; *s != quote; s++) {
        if (*s == '\0' || *s == '\n') {
            return fault_at(scan, token->at, "the text is not closed",
                            "end it with the quote that it begins with");
        }
        if (*s == '\\') {
            size_t n = escape_len(s + 1, quote);
            if (n == 0) {
                return fault_at(scan, s, "there is no such escape",
                                "write two backslashes for one");
            }
            s += n;
        }
    }
    token->type = BNC_PROMQL_STRING;
    token->n = (size_t)(s + 1 - token->at);
    return true;
}

/* The rune `code` in UTF-8; what is none becomes nothing. */
static void
add_rune(struct bnc_str *out, unsigned long code)
{
    if (code < 0x80) {
        bnc_str_putc(out, (char)code);
    } else if (code < 0x800) {
        bnc_str_putc(out, (char)(0xC0 | (code >> 6)));
        bnc_str_putc(out, (char)(0x80 | (code & 0x3F)));
    } else if (code < 0x10000) {
        bnc_str_putc(out, (char)(0xE0 | (code >> 12)));
        bnc_str_putc(out, (char)(0x80 | ((code >> 6) & 0x3F)));
        bnc_str_putc(out, (char)(0x80 | (code & 0x3F)));
    } else if (code < 0x110000) {
        bnc_str_putc(out, (char)(0xF0 | (code >> 18)));
        bnc_str_putc(out, (char)(0x80 | ((code >> 12) & 0x3F)));
        bnc_str_putc(out, (char)(0x80 | ((code >> 6) & 0x3F)));
        bnc_str_putc(out, (char)(0x80 | (code & 0x3F)));
    }
}

/* \n and its like: the letter, then what it means. */
static char
plain_escape(char letter)
{
    static const char plain[][2] = {{'a', '\a'}, {'b', '\b'}, {'f', '\f'}, {'n', '\n'},
                                    {'r', '\r'}, {'t', '\t'}, {'v', '\v'}};
    for (size_t i = 0; i < BNC_LEN(plain); i++) {
        if (letter == plain[i][0]) {
            return plain[i][1];
        }
    }
    return letter;
}

static void
add_escape(struct bnc_str *out, const char *s, size_t n)
{
    bool octal = isdigit((unsigned char)*s) != 0;
    unsigned long code = 0;

    if (n == 1) {
        bnc_str_putc(out, plain_escape(*s));
        return;
    }
    for (size_t i = octal ? 0 : 1; i < n; i++) {
        int c = tolower((unsigned char)s[i]);
        unsigned long digit = (unsigned long)(c <= '9' ? c - '0' : c - 'a' + 10);
        code = code * (octal ? 8 : 16) + digit;
    }
    if (*s == 'u' || *s == 'U') {
        add_rune(out, code);
    } else {
        bnc_str_putc(out, (char)code);
    }
}

const char *
bnc_promql_unquote(const struct bnc_promql_token *token, struct bnc_arena *arena)
{
    struct bnc_str out = bnc_str_new(arena, token->n);
    const char *end = token->at + token->n - 1;
    char quote = *token->at;

    bnc_str_puts(&out, "");
    for (const char *s = token->at + 1; s < end; s++) {
        if (quote == '`' || *s != '\\') {
            bnc_str_putc(&out, *s);
            continue;
        }
        size_t n = escape_len(s + 1, quote);
        add_escape(&out, s + 1, n);
        s += n;
    }
    return out.ptr;
}

/* ---- numbers and durations ----------------------------------------------------- */

/* 1, 1.5, .5, 1e-3, 1_000, 0x1F: all that any version takes. */
static bool
is_number(const char *s)
{
    if (s[0] == '0' && (s[1] == 'x' || s[1] == 'X')) {
        return s[2] != '\0' && s[2 + strspn(s + 2, HEX "_.pP+-")] == '\0';
    }
    size_t whole = strspn(s, DIGITS "_");
    s += whole;
    if (*s == '.') {
        size_t part = strspn(s + 1, DIGITS "_");
        s += 1 + part;
        whole += part;
    }
    if (whole > 0 && (*s == 'e' || *s == 'E')) {
        s += 1 + (s[1] == '+' || s[1] == '-' ? 1 : 0);
        size_t exponent = strspn(s, DIGITS "_");
        s += exponent;
        whole = exponent;
    }
    return whole > 0 && *s == '\0';
}

static bool
scan_number(struct bnc_promql_scan *scan, struct bnc_promql_token *token)
{
    const char *s = token->at;
    bool hex = s[0] == '0' && (s[1] == 'x' || s[1] == 'X');
    const char *exponents = hex ? "pP" : "eE";
    struct bnc_error err = {0};
    int64_t ms = 0;

    while (*s != '\0' &&
           (strchr(DIGITS LETTERS "_.", *s) != NULL ||
            (s > token->at && strchr("+-", *s) != NULL &&
             strchr(exponents, s[-1]) != NULL && isdigit((unsigned char)s[1]) != 0))) {
        s++;
    }
    token->type = BNC_PROMQL_NUMBER;
    token->n = (size_t)(s - token->at);
    const char *text = bnc_arena_strndup(scan->arena, token->at, token->n);
    if (!is_number(text) && bnc_duration_parse(text, &ms, &err) != BNC_OK) {
        return fault_at(scan, token->at,
                        bnc_arena_fmt(scan->arena,
                                      "\"%.60s\" is neither a number nor a duration",
                                      text),
                        "write a duration as 5m or 1h30m");
    }
    return true;
}

/* ---- the rest ------------------------------------------------------------------ */

static const char *
skip_blank(const char *s)
{
    for (;;) {
        s += strspn(s, " \t\r\n");
        if (*s != '#') {
            return s;
        }
        s += strcspn(s, "\n");
    }
}

static bool
scan_operator(struct bnc_promql_scan *scan, struct bnc_promql_token *token)
{
    /* the longer first; "</" and ">/" trim native histograms */
    static const char *const operators[] = {
        "==", "=~", "!=", "!~", "<=", ">=", "</", ">/", "+",
        "-",  "*",  "/",  "%",  "^",  "<",  ">",  "="};
    const char *s = token->at;

    for (size_t i = 0; i < BNC_LEN(operators); i++) {
        if (bnc_str_starts(s, operators[i])) {
            token->type = BNC_PROMQL_OPERATOR;
            token->n = strlen(operators[i]);
            return true;
        }
    }
    if (*s == '$') {
        return fault_at(scan, s, "unexpected \"$\"",
                        "put a value here: variables are known to Grafana only");
    }
    if ((unsigned char)*s < ' ' || (unsigned char)*s >= 0x7f) {
        return fault_at(scan, s, "a character that has no meaning here",
                        "put names that are not ASCII in quotes: {\"name\"}");
    }
    return fault_at(scan, s, bnc_arena_fmt(scan->arena, "unexpected \"%c\"", *s), NULL);
}

bool
bnc_promql_next(struct bnc_promql_scan *scan, struct bnc_promql_token *token)
{
    const char *s = skip_blank(scan->next);
    bool good = true;

    *token = (struct bnc_promql_token){.type = BNC_PROMQL_END, .at = s};
    if (*s == '\0') {
        scan->next = s;
        return true;
    }
    if (strchr("\"'`", *s) != NULL) {
        good = scan_string(scan, token);
    } else if (isdigit((unsigned char)*s) != 0 ||
               (*s == '.' && isdigit((unsigned char)s[1]) != 0)) {
        good = scan_number(scan, token);
    } else if (strchr(LETTERS "_", *s) != NULL || (*s == ':' && !scan->in_range)) {
        token->type = BNC_PROMQL_NAME;
        token->n = strspn(s, scan->in_range ? LETTERS DIGITS "_" : LETTERS DIGITS "_:");
    } else if (strchr("()[]{},:@", *s) != NULL) {
        token->type = BNC_PROMQL_MARK;
        token->n = 1;
    } else {
        good = scan_operator(scan, token);
    }
    scan->next = s + token->n;
    return good;
}

bool
bnc_promql_is_word(const struct bnc_promql_token *token, const char *word)
{
    return token->type == BNC_PROMQL_NAME && strlen(word) == token->n &&
           strncasecmp(token->at, word, token->n) == 0;
}

bool
bnc_promql_is_mark(const struct bnc_promql_token *token, char mark)
{
    return token->type == BNC_PROMQL_MARK && *token->at == mark;
}
