/*
 * Memory that is released all at once: one arena for each step.
 */
#ifndef BNC_LIB_ARENA_H
#define BNC_LIB_ARENA_H

#include <stdarg.h>

#include "lib/base.h"

struct bnc_arena; /* opaque */

/*
 * Owns:   the caller; release with bnc_arena_free(), or declare with BNC_AUTO.
 * Errors: none.  When memory runs out the process ends: the loop is
 *         level-based, a restart is safe; every input has a byte limit.
 */
struct bnc_arena *bnc_arena_new(void);

/* Free the arena and all that was made in it.  NULL is ignored. */
void bnc_arena_free(struct bnc_arena *arena);
BNC_DEFINE_AUTO(bnc_arena);

/* Free all that was made in it but keep its first block for the next step. */
void bnc_arena_reset(struct bnc_arena *arena);

/*
 * `size` zeroed bytes, aligned for any type; 0 is allowed.
 * Owns:   the arena; valid until bnc_arena_free() or bnc_arena_reset().
 */
void *bnc_arena_alloc(struct bnc_arena *arena, size_t size);

/* As bnc_arena_alloc() for `n` items of `size`; an overflow ends the process. */
void *bnc_arena_array(struct bnc_arena *arena, size_t n, size_t size);

/* A copy that ends in NUL; NULL gives NULL. */
char *bnc_arena_strdup(struct bnc_arena *arena, const char *s);
char *bnc_arena_strndup(struct bnc_arena *arena, const char *s, size_t n);

/* A copy of `n` bytes, aligned for any type. */
void *bnc_arena_memdup(struct bnc_arena *arena, const void *from, size_t n);

/* Formatted text in the arena. */
char *bnc_arena_fmt(struct bnc_arena *arena, const char *fmt, ...) BNC_PRINTF(2, 3);
char *
bnc_arena_vfmt(struct bnc_arena *arena, const char *fmt, va_list args) BNC_PRINTF(2, 0);

/* Units: bytes taken from the system, for the accounts of caches. */
size_t bnc_arena_bytes(const struct bnc_arena *arena);

/* malloc, calloc, realloc and strdup for long-lived things that never give NULL. */
void *bnc_alloc(size_t size); /* zeroed */
void *bnc_realloc(void *p, size_t size);
char *bnc_strdup(const char *s); /* NULL gives NULL */

/*
 * Say why and end the process with status 1; nothing that is buffered gets out.  For what
 * the program cannot go on without: what it would write then could be wrong.
 */
#ifdef __cplusplus
extern "C" /* for lib/regex_re2.cc */
#endif
    void
    bnc_give_up(const char *why) __attribute__((noreturn));

#endif
