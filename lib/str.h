/*
 * Text that grows: sticky, so that callers add freely and check once.
 */
#ifndef BNC_LIB_STR_H
#define BNC_LIB_STR_H

#include "lib/arena.h"
#include "lib/error.h"

/* Bytes with a length; may hold NUL.  Borrowed unless a function says else. */
struct bnc_bytes {
    const char *ptr;
    size_t len;
};

/*
 * A growing string.  `ptr` always ends in NUL and is never NULL after the
 * first add.  With an arena it lives there; without one, release it with
 * bnc_str_free().
 */
struct bnc_str {
    char *ptr;
    size_t len;
    size_t room;
    size_t max; /* bytes; beyond it nothing is added and too_big is set */
    bool too_big;
    struct bnc_arena *arena;
};

/* Units: `max` in bytes.  `arena` may be NULL. */
struct bnc_str bnc_str_new(struct bnc_arena *arena, size_t max);
void bnc_str_free(struct bnc_str *s);  /* only without an arena */
void bnc_str_clear(struct bnc_str *s); /* keeps the memory */
/* Take memory for `n` more bytes at once, and for no more than that. */
void bnc_str_reserve(struct bnc_str *s, size_t n);

void bnc_str_add(struct bnc_str *s, const char *bytes, size_t n);
void bnc_str_puts(struct bnc_str *s, const char *text);
void bnc_str_putc(struct bnc_str *s, char c);
void bnc_str_fmt(struct bnc_str *s, const char *fmt, ...) BNC_PRINTF(2, 3);

/* Add `text` as a JSON string with its quotes. */
void bnc_str_json(struct bnc_str *s, const char *text);

/* BNC_TOO_BIG, naming `what`, when the cap was met. */
enum bnc_code bnc_str_check(const struct bnc_str *s, const char *what,
                            struct bnc_error *err) BNC_MUST_CHECK;

/* True for NUL-terminated text that is well-formed UTF-8 (RFC 3629). */
bool bnc_utf8_valid(const char *s, size_t n);

/*
 * Without line ends at its end: `kubectl create --from-file` keeps a file's last one.
 * Borrows from `value`.
 */
struct bnc_bytes bnc_bytes_trimmed(struct bnc_bytes value);

bool bnc_str_eq(const char *a, const char *b); /* NULL equals only NULL */
bool bnc_str_starts(const char *s, const char *prefix);
bool bnc_str_ends(const char *s, const char *suffix);

#endif
