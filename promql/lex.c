#include "promql/lex.h"

#include <ctype.h>
#include <string.h>

#include "promql/runes.h"
#include "promql/words.h"

#define ESCAPES "abfnrtv\\"

static bool
is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static bool
is_alpha(char c)
{
    return c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool
is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* The byte at `at`; NUL at the end, and for NUL itself. */
static char
byte_at(const struct bnc_pql_lex *lex, uint32_t at)
{
    static const char nul = '\0';
    return *(at < lex->n ? &lex->text[at] : &nul);
}

static bool
emit(struct bnc_pql_lex *lex, struct bnc_pql_token *token, enum bnc_pql type, uint32_t n)
{
    *token = (struct bnc_pql_token){type, lex->at, lex->at + n};
    lex->at += n;
    return true;
}

/* ---- strings ------------------------------------------------------------------- */

static int
digit_value(char c)
{
    if (is_digit(c)) {
        return c - '0';
    }
    char low = (char)(c | 0x20);
    return low >= 'a' && low <= 'f' ? low - 'a' + 10 : 16;
}

/* \ooo, \xhh, \uhhhh, \Uhhhhhhhh: `at` stands behind the \ and ends behind the last
 * digit. */
static bool
scan_code(struct bnc_pql_lex *lex, uint32_t *at)
{
    static const struct {
        char letter;
        int digits;
        uint32_t most;
    } kinds[] = {{'x', 2, 255}, {'u', 4, 0x10ffff}, {'U', 8, 0x10ffff}, {'\0', 3, 255}};
    char letter = byte_at(lex, *at);
    size_t kind = letter == 'x' ? 0 : letter == 'u' ? 1 : letter == 'U' ? 2 : 3;
    int base = kind == 3 ? 8 : 16;
    uint32_t start = *at - 1;
    uint32_t value = 0;

    *at += kind != 3;
    for (int i = 0; i < kinds[kind].digits; i++, (*at)++) {
        int digit = *at < lex->n ? digit_value(lex->text[*at]) : 16;
        if (digit >= base) {
            bnc_pql_fault(lex, start, *at,
                          "write \\n, \\\\, \\x41, \\u00e9 or the character",
                          "an escape has %d digits", kinds[kind].digits);
            return false;
        }
        value = value * (uint32_t)base + (uint32_t)digit;
    }
    if (value > kinds[kind].most || (value >= 0xd800 && value < 0xe000)) {
        bnc_pql_fault(lex, start, *at, NULL, "an escape that stands for no character");
        return false;
    }
    return true;
}

static bool
scan_escape(struct bnc_pql_lex *lex, uint32_t *at, char quote)
{
    char c = byte_at(lex, *at);

    if (*at >= lex->n) {
        return true; /* the string is not closed */
    }
    if (c == quote || (c != '\0' && strchr(ESCAPES, c) != NULL)) {
        (*at)++;
        return true;
    }
    if ((c >= '0' && c <= '7') || c == 'x' || c == 'u' || c == 'U') {
        return scan_code(lex, at);
    }
    bnc_pql_fault(lex, *at - 1, *at + 1, "write \\\\ for a backslash",
                  "\"%s\" is no escape", bnc_pql_shown(lex, *at - 1, *at + 1));
    return false;
}

/* A character beyond ASCII; the one that stands for bad bytes may not stand there itself.
 */
static bool
scan_rune(struct bnc_pql_lex *lex, uint32_t *at)
{
    uint32_t rune = 0;
    size_t length = bnc_pql_rune(lex->text + *at, lex->n - *at, &rune);

    if (rune == BNC_PQL_NO_RUNE) {
        bnc_pql_fault(lex, *at, *at + (uint32_t)length, "write the text as UTF-8",
                      "a string that is not UTF-8");
        return false;
    }
    *at += (uint32_t)length;
    return true;
}

static bool
lex_string(struct bnc_pql_lex *lex, struct bnc_pql_token *token)
{
    char quote = lex->text[lex->at];
    bool raw = quote == '`';
    uint32_t at = lex->at + 1;
    bool good = true;

    while (good && at < lex->n && lex->text[at] != quote &&
           (raw || lex->text[at] != '\n')) {
        char c = lex->text[at];
        if (c == '\\' && !raw) {
            at++;
            good = scan_escape(lex, &at, quote);
        } else if (((unsigned char)c & 0x80) != 0) {
            good = scan_rune(lex, &at);
        } else {
            at++;
        }
    }
    if (good && byte_at(lex, at) == quote) {
        return emit(lex, token, BNC_PQL_STRING, at + 1 - lex->at);
    }
    bnc_pql_fault(lex, lex->at, at, raw ? "close it with `" : "close it in the same line",
                  "the string %s is not closed", bnc_pql_shown(lex, lex->at, at));
    return false;
}

/* ---- names and numbers --------------------------------------------------------- */

/* Bytes of the part of a name at `at`, 0: there is none. */
static uint32_t
name_part(const struct bnc_pql_lex *lex, uint32_t at, bool first)
{
    char c = byte_at(lex, at);

    if (is_alpha(c) || (!first && is_digit(c))) {
        return 1;
    }
    if (!lex->unquoted_names || at >= lex->n) {
        return 0;
    }
    if (c == '.') {
        return !first;
    }
    if (((unsigned char)c & 0x80) != 0) {
        uint32_t rune = 0;
        uint32_t length = (uint32_t)bnc_pql_rune(lex->text + at, lex->n - at, &rune);
        return bnc_pql_is_letter(rune) ? length : 0;
    }
    return 0;
}

static uint32_t
name_length(const struct bnc_pql_lex *lex, bool colons)
{
    uint32_t at = lex->at;

    for (;;) {
        uint32_t part = name_part(lex, at, at == lex->at);
        if (part == 0 && (!colons || byte_at(lex, at) != ':')) {
            return at - lex->at;
        }
        at += part == 0 ? 1 : part;
    }
}

/* fill, fill_left and fill_right are words only before a bracket. */
static bool
is_called(const struct bnc_pql_lex *lex, uint32_t at)
{
    while (at < lex->n && is_space(lex->text[at])) {
        at++;
    }
    return byte_at(lex, at) == '(';
}

static bool
lex_name(struct bnc_pql_lex *lex, struct bnc_pql_token *token)
{
    uint32_t n = name_length(lex, true);
    const char *name = lex->text + lex->at;
    enum bnc_pql type = bnc_pql_word(name, n, lex->release);

    if (type == BNC_PQL_NAME && memchr(name, ':', n) != NULL) {
        type = BNC_PQL_COLON_NAME;
    }
    if ((type == BNC_PQL_FILL || type == BNC_PQL_FILL_LEFT ||
         type == BNC_PQL_FILL_RIGHT) &&
        !is_called(lex, lex->at + n)) {
        type = BNC_PQL_NAME;
    }
    return emit(lex, token, type, n);
}

/* step, range, min_of, max_of: the only words in brackets. */
static bool
lex_duration_word(struct bnc_pql_lex *lex, struct bnc_pql_token *token)
{
    uint32_t n = 0;
    while (is_alpha(byte_at(lex, lex->at + n))) {
        n++;
    }
    enum bnc_pql word = bnc_pql_word(lex->text + lex->at, n, lex->release);

    if (lex->old_extremes && (word == BNC_PQL_MIN || word == BNC_PQL_MAX)) {
        word = word == BNC_PQL_MIN ? BNC_PQL_MIN_OF : BNC_PQL_MAX_OF;
    }
    if (word == BNC_PQL_RANGE && !lex->in_duration &&
        lex->release < BNC_PQL_RELEASE(3, 12)) {
        word = BNC_PQL_NAME; /* was overlooked there */
    }
    if (word == BNC_PQL_STEP || word == BNC_PQL_RANGE || word == BNC_PQL_MIN_OF ||
        word == BNC_PQL_MAX_OF) {
        return emit(lex, token, word, n);
    }
    uint32_t whole = name_length(lex, false);
    bnc_pql_fault(lex, lex->at, lex->at + whole, "write one as 5m or 1h30m",
                  "\"%s\" is no duration", bnc_pql_shown(lex, lex->at, lex->at + whole));
    return false;
}

static bool
lex_number(struct bnc_pql_lex *lex, struct bnc_pql_token *token)
{
    uint32_t at = lex->at;

    lex->had_number = lex->had_number || lex->in_brackets;
    if (bnc_pql_number_scan(lex, &at)) {
        lex->in_duration = false;
        return emit(lex, token, BNC_PQL_NUMBER, at - lex->at);
    }
    if (bnc_pql_duration_scan(lex, &at)) {
        lex->in_duration = false;
        return emit(lex, token, BNC_PQL_DURATION, at - lex->at);
    }
    while (is_alpha(byte_at(lex, at)) || is_digit(byte_at(lex, at))) {
        at++;
    }
    bnc_pql_fault(
        lex, lex->at, at, "write numbers as 1.5, 1e6 or 0x1f, durations as 1h30m",
        "\"%s\" is neither a number nor a duration", bnc_pql_shown(lex, lex->at, at));
    return false;
}

/* ---- marks --------------------------------------------------------------------- */

/* The longer one first where one begins with the other. */
static const struct {
    const char *text;
    enum bnc_pql type;
    bool in_braces;
    bool in_duration;
} marks[] = {
    {"(", BNC_PQL_PAREN_OPEN, false, true},    {")", BNC_PQL_PAREN_CLOSE, false, true},
    {"{", BNC_PQL_BRACE_OPEN, false, false},   {"}", BNC_PQL_BRACE_CLOSE, true, false},
    {"[", BNC_PQL_BRACKET_OPEN, false, false}, {"]", BNC_PQL_BRACKET_CLOSE, false, true},
    {",", BNC_PQL_COMMA, true, true},          {"@", BNC_PQL_AT, false, false},
    {"+", BNC_PQL_ADD, false, true},           {"-", BNC_PQL_SUB, false, true},
    {"*", BNC_PQL_MUL, false, true},           {"/", BNC_PQL_DIV, false, true},
    {"%", BNC_PQL_MOD, false, true},           {"^", BNC_PQL_POW, false, true},
    {"==", BNC_PQL_SAME, false, false},        {"=~", BNC_PQL_MATCH, true, false},
    {"=", BNC_PQL_EQUAL, true, false},         {"!=", BNC_PQL_DIFFERENT, true, false},
    {"!~", BNC_PQL_NO_MATCH, true, false},     {"<=", BNC_PQL_LESS_SAME, false, false},
    {"</", BNC_PQL_TRIM_UPPER, false, false},  {"<", BNC_PQL_LESS, false, false},
    {">=", BNC_PQL_MORE_SAME, false, false},   {">/", BNC_PQL_TRIM_LOWER, false, false},
    {">", BNC_PQL_MORE, false, false},
};

static bool
is_mark(const struct bnc_pql_lex *lex, size_t i)
{
    const char *mark = marks[i].text;
    enum bnc_pql type = marks[i].type;

    if (lex->text[lex->at] != mark[0] ||
        (mark[1] != '\0' && byte_at(lex, lex->at + 1) != mark[1])) {
        return false;
    }
    if (lex->in_braces) {
        return marks[i].in_braces;
    }
    if (type == BNC_PQL_EQUAL && byte_at(lex, lex->at + 1) == '~') {
        return false;
    }
    return (!lex->in_duration || marks[i].in_duration) && type != BNC_PQL_MATCH &&
           type != BNC_PQL_NO_MATCH && bnc_pql_row(type)->since <= lex->release;
}

static void
unknown_mark(struct bnc_pql_lex *lex)
{
    uint32_t rune = 0;
    uint32_t length =
        (uint32_t)bnc_pql_rune(lex->text + lex->at, lex->n - lex->at, &rune);
    const char *shown = bnc_pql_shown(lex, lex->at, lex->at + length);
    char c = lex->text[lex->at];
    char next = byte_at(lex, lex->at + 1);

    if (!lex->in_braces && (c == '=' || c == '!') && next == '~') {
        bnc_pql_fault(lex, lex->at, lex->at + 2, "put it in braces, as in {job=~\"a|b\"}",
                      "\"%s\" between values: regular expressions are for labels",
                      bnc_pql_shown(lex, lex->at, lex->at + 2));
    } else if (c == '!') {
        bnc_pql_fault(lex, lex->at, lex->at + 1, "write != or unless",
                      "\"!\" is no operator");
    } else if (lex->in_braces) {
        bnc_pql_fault(lex, lex->at, lex->at + length,
                      "write labels as name=\"value\"; other names go in quotes",
                      "\"%s\" between braces", shown);
    } else {
        bnc_pql_fault(lex, lex->at, lex->at + length, NULL, "unexpected character \"%s\"",
                      shown);
    }
}

static bool
lex_mark(struct bnc_pql_lex *lex, struct bnc_pql_token *token)
{
    for (size_t i = 0; i < BNC_LEN(marks); i++) {
        if (!is_mark(lex, i)) {
            continue;
        }
        switch ((int)marks[i].type) {
        case BNC_PQL_BRACE_OPEN:
        case BNC_PQL_BRACE_CLOSE:
            lex->in_braces = marks[i].type == BNC_PQL_BRACE_OPEN;
            break;
        case BNC_PQL_BRACKET_OPEN:
        case BNC_PQL_BRACKET_CLOSE:
            lex->in_brackets = marks[i].type == BNC_PQL_BRACKET_OPEN;
            lex->in_duration = lex->in_brackets;
            break;
        default:
            break;
        }
        return emit(lex, token, marks[i].type, (uint32_t)strlen(marks[i].text));
    }
    unknown_mark(lex);
    return false;
}

/* ---- what comes next ----------------------------------------------------------- */

/* Space and, where they may stand, comments. */
static void
skip(struct bnc_pql_lex *lex)
{
    while (lex->at < lex->n) {
        char c = lex->text[lex->at];
        if (c == '#' && !lex->in_duration) {
            while (lex->at < lex->n && lex->text[lex->at] != '\n' &&
                   lex->text[lex->at] != '\r') {
                lex->at++;
            }
        } else if (is_space(c)) {
            lex->at++;
        } else {
            return;
        }
    }
}

static bool
lex_in_brackets(struct bnc_pql_lex *lex, struct bnc_pql_token *token)
{
    if (lex->text[lex->at] != ':') {
        return lex_duration_word(lex, token);
    }
    if (lex->in_duration && !lex->had_number && lex->release < BNC_PQL_RELEASE(3, 16)) {
        bnc_pql_fault(lex, lex->at, lex->at + 1, "write the range as step() + 0s",
                      "before Prometheus 3.16 a subquery's range has a number in it");
        return false;
    }
    return emit(lex, token, BNC_PQL_COLON, 1);
}

bool
bnc_pql_next(struct bnc_pql_lex *lex, struct bnc_pql_token *token)
{
    skip(lex);
    if (lex->at >= lex->n) {
        return emit(lex, token, BNC_PQL_EOF, 0);
    }
    char c = lex->text[lex->at];
    bool begins_number = is_digit(c) || (c == '.' && is_digit(byte_at(lex, lex->at + 1)));
    bool begins_name = name_part(lex, lex->at, true) > 0;

    if (begins_number && !lex->in_braces) {
        return lex_number(lex, token);
    }
    if (begins_name && lex->in_braces) {
        return emit(lex, token, BNC_PQL_NAME, name_length(lex, false));
    }
    if ((begins_name || c == ':') && lex->in_brackets) {
        return lex_in_brackets(lex, token);
    }
    if (begins_name || (c == ':' && !lex->in_braces)) {
        return lex_name(lex, token);
    }
    if ((c == '"' || c == '\'' || c == '`') && !lex->in_duration) {
        return lex_string(lex, token);
    }
    return lex_mark(lex, token);
}
