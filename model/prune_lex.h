/*
 * Tokens of JSON that may be cut anywhere: strings, numbers and words, checked
 * byte by byte and never collected here.
 */
#ifndef BNC_MODEL_PRUNE_LEX_H
#define BNC_MODEL_PRUNE_LEX_H

#include <string.h>

#include "lib/base.h"

#define BNC_LEX_NUMBER_MAX 60 /* bytes: as many as bnc_json_parse() reads */

/* One token under way.  Zeroed is fine. */
struct bnc_lex {
    const char *error; /* static text; NULL: none */
    const char *word;  /* the rest of true, false or null */
    uint16_t unit;     /* UTF-16 code unit of a \u escape */
    uint8_t at;        /* where in the token */
    uint8_t left;      /* hex digits or continuation bytes to come */
    uint8_t low, high; /* bounds of the next continuation byte */
    uint8_t digits;    /* of a number so far */
    bool paired;       /* a low surrogate has to come */
    bool escapes;      /* the string has at least one */
};

/* ---- plain bytes: inline, as nearly all of an object is that ------------------- */

/* Bytes with the top bit set where `v` has a byte below 0x20, '"', '\\' or non-ASCII. */
static inline uint64_t
bnc_lex_special(uint64_t v)
{
    const uint64_t ones = 0x0101010101010101U;
    const uint64_t tops = 0x8080808080808080U;
    uint64_t quote = v ^ (ones * '"');
    uint64_t slash = v ^ (ones * '\\');
    return ((v - ones * 0x20) | (quote - ones) | (slash - ones) | v) & tops;
}

/*
 * The first byte that needs a look: a quote, a backslash, a control byte or
 * non-ASCII.  A borrow may mark a byte too many after a true hit, never one too
 * few, and the loop over bytes has the last word.
 */
static inline const char *
bnc_lex_plain(const char *p, const char *end)
{
    while (end - p >= 8) {
        uint64_t v;
        memcpy(&v, p, sizeof(v));
        uint64_t hits = bnc_lex_special(v);
        if (hits != 0) {
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
            return p + __builtin_ctzll(hits) / 8; /* the lowest hit is always true */
#else
            break;
#endif
        }
        p += 8;
    }
    while (p < end && (unsigned char)*p >= 0x20 && (unsigned char)*p < 0x80 &&
           *p != '"' && *p != '\\') {
        p++;
    }
    return p;
}

/* ---- tokens -------------------------------------------------------------------- */

/* Begin a string; its first quote is behind us. */
void bnc_lex_string_begin(struct bnc_lex *lex);

/*
 * Go on with a string: true when its closing quote was read; false at `end` or
 * when lex->error is set.  NUL, \u0000, control bytes, lone surrogates and bad
 * UTF-8 are errors.
 */
bool bnc_lex_string(struct bnc_lex *lex, const char **at, const char *end);

/* Begin a number with its first byte not yet read. */
void bnc_lex_number_begin(struct bnc_lex *lex);

/* True when the number is over; the byte after it was not read. */
bool bnc_lex_number(struct bnc_lex *lex, const char **at, const char *end);

/* Begin true, false or null by its first byte, not yet read; false: none of them. */
bool bnc_lex_word_begin(struct bnc_lex *lex, char first);
bool bnc_lex_word(struct bnc_lex *lex, const char **at, const char *end);

/*
 * Resolve the escapes of a string that bnc_lex_string() has checked, in place.
 * Units: `n` bytes without quotes; gives the new length.
 */
size_t bnc_lex_decode(char *text, size_t n);

#endif
