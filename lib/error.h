/*
 * What is wrong with us or the world: a code that a controller acts on and a
 * message for people.  What is wrong with a user's object is a bnc_diag.
 */
#ifndef BNC_LIB_ERROR_H
#define BNC_LIB_ERROR_H

#include "lib/base.h"

#define BNC_ERROR_MAX 512 /* bytes of a message, its end included */

enum bnc_code {
    BNC_OK = 0,      /* the only good one */
    BNC_INVALID,     /* the input is wrong: wait until it changes */
    BNC_NOT_FOUND,   /* what was asked for does not exist */
    BNC_CONFLICT,    /* somebody else changed or owns it */
    BNC_DENIED,      /* not allowed (401, 403, EACCES) */
    BNC_UNAVAILABLE, /* the other side is away or overloaded */
    BNC_TIMEOUT,     /* a deadline passed */
    BNC_TOO_BIG,     /* a limit was met */
    BNC_GONE,        /* a resourceVersion is no longer served (410) */
    BNC_INTERNAL,    /* our own fault */
    BNC_CODE_COUNT
};

/* The caller owns it, usually on the stack: `struct bnc_error err = {0};`. */
struct bnc_error {
    enum bnc_code code;
    char message[BNC_ERROR_MAX];
};

/* "ok", "invalid", ...; "unknown" for a value that is no code. */
const char *bnc_code_name(enum bnc_code code);

/* True when trying again later may help; this alone decides on retry. */
bool bnc_code_is_transient(enum bnc_code code);

/* Set `err` and give `code` back: `return bnc_fail(err, BNC_INVALID, "..")`. */
enum bnc_code bnc_fail(struct bnc_error *err, enum bnc_code code, const char *fmt, ...)
    BNC_PRINTF(3, 4);

/* As bnc_fail, the code taken from errno, whose text is appended. */
enum bnc_code
bnc_fail_errno(struct bnc_error *err, const char *fmt, ...) BNC_PRINTF(2, 3);

/* Put "context: " before the message of `err`; gives its code back. */
enum bnc_code bnc_wrap(struct bnc_error *err, const char *fmt, ...) BNC_PRINTF(2, 3);

#endif
