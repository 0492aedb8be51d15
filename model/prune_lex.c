#include "model/prune_lex.h"

#include <string.h>

enum string_at {
    STRING_BODY,
    STRING_ESCAPE, /* after a backslash */
    STRING_HEX,    /* inside \uXXXX */
    STRING_PAIR,   /* after a high surrogate: a backslash has to come */
    STRING_PAIR_U, /* then a u */
    STRING_UTF8    /* inside a sequence of more than one byte */
};

void
bnc_lex_string_begin(struct bnc_lex *lex)
{
    lex->at = STRING_BODY;
    lex->escapes = false;
    lex->paired = false;
}

/* The first byte of a longer UTF-8 sequence: what has to follow (RFC 3629). */
static void
begin_utf8(struct bnc_lex *lex, unsigned char c)
{
    static const struct {
        uint8_t first_low, first_high, left, low, high;
    } rows[] = {
        {0xc2, 0xdf, 1, 0x80, 0xbf}, {0xe0, 0xe0, 2, 0xa0, 0xbf},
        {0xe1, 0xec, 2, 0x80, 0xbf}, {0xed, 0xed, 2, 0x80, 0x9f},
        {0xee, 0xef, 2, 0x80, 0xbf}, {0xf0, 0xf0, 3, 0x90, 0xbf},
        {0xf1, 0xf3, 3, 0x80, 0xbf}, {0xf4, 0xf4, 3, 0x80, 0x8f},
    };
    for (size_t i = 0; i < BNC_LEN(rows); i++) {
        if (c >= rows[i].first_low && c <= rows[i].first_high) {
            lex->at = STRING_UTF8;
            lex->left = rows[i].left;
            lex->low = rows[i].low;
            lex->high = rows[i].high;
            return;
        }
    }
    lex->error = "a string is not UTF-8";
}

static void
next_utf8(struct bnc_lex *lex, unsigned char c)
{
    if (c < lex->low || c > lex->high) {
        lex->error = "a string is not UTF-8";
        return;
    }
    lex->low = 0x80;
    lex->high = 0xbf;
    lex->left--;
    if (lex->left == 0) {
        lex->at = STRING_BODY;
    }
}

static void
begin_escape(struct bnc_lex *lex, char c)
{
    if (c == 'u') {
        lex->at = STRING_HEX;
        lex->left = 4;
        lex->unit = 0;
    } else if (c != '\0' && strchr("\"\\/bfnrt", c) != NULL) {
        lex->at = STRING_BODY;
    } else {
        lex->error = "a string has an unknown escape";
    }
}

/* The value of a hex digit, -1 when it is none. */
static int
hex_value(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    if (c >= 'A' && c <= 'F') {
        return c - 'A' + 10;
    }
    return -1;
}

static void
end_unit(struct bnc_lex *lex)
{
    bool low = lex->unit >= 0xdc00 && lex->unit <= 0xdfff;
    if (lex->unit == 0) {
        lex->error = "a string holds \\u0000";
    } else if (low != lex->paired) {
        lex->error = "a string has half of a surrogate pair";
    } else if (lex->unit >= 0xd800 && lex->unit <= 0xdbff) {
        lex->paired = true;
        lex->at = STRING_PAIR;
    } else {
        lex->paired = false;
        lex->at = STRING_BODY;
    }
}

static void
next_hex(struct bnc_lex *lex, char c)
{
    int value = hex_value(c);
    if (value < 0) {
        lex->error = "a string has a \\u without four hex digits";
        return;
    }
    lex->unit = (uint16_t)(lex->unit << 4 | value);
    lex->left--;
    if (lex->left == 0) {
        end_unit(lex);
    }
}

static void
next_pair(struct bnc_lex *lex, char c)
{
    if (lex->at == STRING_PAIR && c == '\\') {
        lex->at = STRING_PAIR_U;
    } else if (lex->at == STRING_PAIR_U && c == 'u') {
        begin_escape(lex, c);
    } else {
        lex->error = "a string has half of a surrogate pair";
    }
}

/* One byte of a string that is more than plain text; never the closing quote. */
static void
special_byte(struct bnc_lex *lex, char c)
{
    switch ((enum string_at)lex->at) {
    case STRING_BODY:
        if (c == '\\') {
            lex->at = STRING_ESCAPE;
            lex->escapes = true;
        } else if ((unsigned char)c < 0x20) {
            lex->error = "a string holds a control byte";
        } else {
            begin_utf8(lex, (unsigned char)c);
        }
        break;
    case STRING_ESCAPE:
        begin_escape(lex, c);
        break;
    case STRING_HEX:
        next_hex(lex, c);
        break;
    case STRING_PAIR:
    case STRING_PAIR_U:
        next_pair(lex, c);
        break;
    case STRING_UTF8:
        next_utf8(lex, (unsigned char)c);
        break;
    }
}

bool
bnc_lex_string(struct bnc_lex *lex, const char **at, const char *end)
{
    const char *p = *at;
    while (p < end) {
        if (lex->at == STRING_BODY) {
            p = bnc_lex_plain(p, end);
            if (p == end) {
                break;
            }
            if (*p == '"') {
                *at = p + 1;
                return true;
            }
        }
        special_byte(lex, *p);
        if (lex->error != NULL) {
            break;
        }
        p++;
    }
    *at = p;
    return false;
}

enum number_at {
    NUMBER_START,
    NUMBER_MINUS,
    NUMBER_ZERO,
    NUMBER_INTEGER,
    NUMBER_DOT,
    NUMBER_FRACTION,
    NUMBER_E,
    NUMBER_E_SIGN,
    NUMBER_EXPONENT,
    NUMBER_BAD
};

enum number_class {
    CLASS_ZERO,
    CLASS_DIGIT,
    CLASS_MINUS,
    CLASS_PLUS,
    CLASS_DOT,
    CLASS_E
};

#define BAD NUMBER_BAD
static const uint8_t number_next[NUMBER_BAD][CLASS_E + 1] = {
    [NUMBER_START] = {NUMBER_ZERO, NUMBER_INTEGER, NUMBER_MINUS, BAD, BAD, BAD},
    [NUMBER_MINUS] = {NUMBER_ZERO, NUMBER_INTEGER, BAD, BAD, BAD, BAD},
    [NUMBER_ZERO] = {BAD, BAD, BAD, BAD, NUMBER_DOT, NUMBER_E},
    [NUMBER_INTEGER] = {NUMBER_INTEGER, NUMBER_INTEGER, BAD, BAD, NUMBER_DOT, NUMBER_E},
    [NUMBER_DOT] = {NUMBER_FRACTION, NUMBER_FRACTION, BAD, BAD, BAD, BAD},
    [NUMBER_FRACTION] = {NUMBER_FRACTION, NUMBER_FRACTION, BAD, BAD, BAD, NUMBER_E},
    [NUMBER_E] = {NUMBER_EXPONENT, NUMBER_EXPONENT, NUMBER_E_SIGN, NUMBER_E_SIGN, BAD,
                  BAD},
    [NUMBER_E_SIGN] = {NUMBER_EXPONENT, NUMBER_EXPONENT, BAD, BAD, BAD, BAD},
    [NUMBER_EXPONENT] = {NUMBER_EXPONENT, NUMBER_EXPONENT, BAD, BAD, BAD, BAD},
};

void
bnc_lex_number_begin(struct bnc_lex *lex)
{
    lex->at = NUMBER_START;
    lex->digits = 0;
}

/* The class of a byte that may stand in a number, -1 for any other. */
static int
number_class(char c)
{
    if (c >= '1' && c <= '9') {
        return CLASS_DIGIT;
    }
    switch (c) {
    case '0':
        return CLASS_ZERO;
    case '-':
        return CLASS_MINUS;
    case '+':
        return CLASS_PLUS;
    case '.':
        return CLASS_DOT;
    case 'e':
    case 'E':
        return CLASS_E;
    default:
        return -1;
    }
}

static bool
is_whole_number(uint8_t at)
{
    return at == NUMBER_ZERO || at == NUMBER_INTEGER || at == NUMBER_FRACTION ||
           at == NUMBER_EXPONENT;
}

bool
bnc_lex_number(struct bnc_lex *lex, const char **at, const char *end)
{
    const char *p = *at;
    for (; p < end; p++) {
        int class = number_class(*p);
        if (class < 0) {
            *at = p;
            if (!is_whole_number(lex->at)) {
                lex->error = "a number ends too early";
            }
            return lex->error == NULL;
        }
        lex->at = number_next[lex->at][class];
        lex->digits++;
        if (lex->at == BAD || lex->digits > BNC_LEX_NUMBER_MAX) {
            lex->error = lex->at == BAD ? "not a number of JSON" : "a number is too long";
            break;
        }
    }
    *at = p;
    return false;
}

bool
bnc_lex_word_begin(struct bnc_lex *lex, char first)
{
    static const char *const words[] = {"true", "false", "null"};
    for (size_t i = 0; i < BNC_LEN(words); i++) {
        if (words[i][0] == first) {
            lex->word = words[i];
            return true;
        }
    }
    return false;
}

bool
bnc_lex_word(struct bnc_lex *lex, const char **at, const char *end)
{
    const char *p = *at;
    while (p < end && *lex->word != '\0') {
        if (*p != *lex->word) {
            lex->error = "not true, false or null";
            break;
        }
        p++;
        lex->word++;
    }
    *at = p;
    return *lex->word == '\0';
}

/* Write a code point as UTF-8; gives where the next one goes. */
static char *
put_utf8(char *out, uint32_t c)
{
    if (c < 0x80) {
        *out++ = (char)c;
        return out;
    }
    if (c < 0x800) {
        *out++ = (char)(0xc0 | c >> 6);
    } else if (c < 0x10000) {
        *out++ = (char)(0xe0 | c >> 12);
        *out++ = (char)(0x80 | (c >> 6 & 0x3f));
    } else {
        *out++ = (char)(0xf0 | c >> 18);
        *out++ = (char)(0x80 | (c >> 12 & 0x3f));
        *out++ = (char)(0x80 | (c >> 6 & 0x3f));
    }
    *out++ = (char)(0x80 | (c & 0x3f));
    return out;
}

/* Four hex digits, known to be there. */
static uint32_t
read_unit(const char *p)
{
    uint32_t unit = 0;
    for (size_t i = 0; i < 4; i++) {
        unit = unit << 4 | (uint32_t)hex_value(p[i]);
    }
    return unit;
}

size_t
bnc_lex_decode(char *text, size_t n)
{
    static const char from[] = "bfnrt";
    static const char to[] = "\b\f\n\r\t";
    const char *p = text;
    const char *end = text + n;
    char *out = text;

    while (p < end) {
        if (*p != '\\') {
            *out++ = *p++;
            continue;
        }
        const char *known = strchr(from, p[1]);
        if (p[1] != 'u') {
            *out++ = p[1];
            if (known != NULL) {
                out[-1] = to[known - from];
            }
            p += 2;
            continue;
        }
        uint32_t c = read_unit(p + 2);
        p += 6;
        if (c >= 0xd800 && c <= 0xdbff) {
            c = 0x10000 + ((c - 0xd800) << 10) + (read_unit(p + 2) - 0xdc00);
            p += 6;
        }
        out = put_utf8(out, c);
    }
    return (size_t)(out - text);
}
