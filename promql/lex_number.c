#include <string.h>

#include "promql/lex.h"

#define DECIMAL     "0123456789"
#define HEXADECIMAL "0123456789abcdefABCDEF"

/* One of these at *at?  No byte is beyond the end. */
static bool
is(const struct bnc_pql_lex *lex, uint32_t at, const char *bytes)
{
    return at < lex->n && lex->text[at] != '\0' && strchr(bytes, lex->text[at]) != NULL;
}

static bool
take(const struct bnc_pql_lex *lex, uint32_t *at, const char *bytes)
{
    bool taken = is(lex, *at, bytes);
    *at += taken;
    return taken;
}

static bool
is_word_part(const struct bnc_pql_lex *lex, uint32_t at)
{
    return is(lex, at, DECIMAL "_abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ");
}

/* What may not follow the last byte: the end neither, if `open`. */
static bool
ends_badly(const struct bnc_pql_lex *lex, uint32_t *at, const char *bytes, bool open)
{
    return take(lex, at, bytes) || (open && *at >= lex->n);
}

/* What a number goes on with. */
struct rest {
    const char *digits;
    bool dot;
    bool exponent;
};

/* One piece of it: a dot, an exponent, an underscore, digits.  False: it is no number. */
static bool
scan_piece(const struct bnc_pql_lex *lex, uint32_t *at, struct rest *rest)
{
    if (rest->dot && is(lex, *at, ".")) {
        (*at)++;
        return false;
    }
    if (rest->exponent && is(lex, *at, "eE")) {
        (*at)++;
        return false;
    }
    if (take(lex, at, ".")) {
        rest->dot = true;
        return !ends_badly(lex, at, "_.", false) && strlen(rest->digits) == 10;
    }
    if (take(lex, at, "eE")) {
        rest->exponent = true;
        (void)take(lex, at, "+-");
        return !ends_badly(lex, at, "._eE", true);
    }
    if (take(lex, at, "_")) {
        return !ends_badly(lex, at, "._eE", true);
    }
    while (take(lex, at, rest->digits)) {
    }
    return true;
}

bool
bnc_pql_number_scan(const struct bnc_pql_lex *lex, uint32_t *at)
{
    uint32_t start = *at;
    struct rest rest = {.digits = DECIMAL};

    if (take(lex, at, "0") && take(lex, at, "xX")) {
        (void)take(lex, at, "_");
        rest.digits = HEXADECIMAL;
    }
    (void)take(lex, at, "."); /* which is not the dot that must stand alone */
    (void)take(lex, at, rest.digits);
    while (is(lex, *at, rest.digits) || is(lex, *at, "._eE")) {
        if (!scan_piece(lex, at, &rest)) {
            return false;
        }
    }
    return *at > start && !is_word_part(lex, *at);
}

bool
bnc_pql_duration_scan(const struct bnc_pql_lex *lex, uint32_t *at)
{
    if (!take(lex, at, "smhdwy")) {
        return false;
    }
    (void)take(lex, at, "s"); /* ms; what is no unit is seen when it is read */
    while (take(lex, at, DECIMAL)) {
        while (take(lex, at, DECIMAL)) {
        }
        if (!take(lex, at, "smhdw")) {
            return false;
        }
        (void)take(lex, at, "s");
    }
    return !is_word_part(lex, *at);
}
