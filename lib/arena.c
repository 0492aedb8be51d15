#include "lib/arena.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * First block small: most steps need little, and of a pod next to nothing stays.  Then a
 * part of what there is, up to the cap: thousands of arenas stay, and what the last block
 * does not use is lost.
 */
#define FIRST_BYTES ((size_t)256)
#define MIN_BYTES   ((size_t)512) /* of the blocks after it */
#define MAX_BYTES   ((size_t)256 * 1024)
#define GROWTH      4 /* a block more is at least this part of the rest */
#define ALIGN       (_Alignof(max_align_t))

struct block {
    struct block *next;
    size_t size; /* of data */
    size_t used;
    max_align_t data[];
};

struct bnc_arena {
    struct block *newest;
    size_t total_bytes;
};

/* Not abort(): the core that it leaves has every Secret in it. */
void
bnc_give_up(const char *why)
{
    (void)fprintf(stderr, "binnacle: %s\n", why);
    _Exit(1);
}

static _Noreturn void
out_of_memory(void)
{
    bnc_give_up("out of memory");
}

static void
add_block(struct bnc_arena *arena, size_t min_bytes)
{
    size_t size = arena->total_bytes / GROWTH / ALIGN * ALIGN;
    size_t least = arena->newest == NULL ? FIRST_BYTES : MIN_BYTES;
    size = size < least ? least : size > MAX_BYTES ? MAX_BYTES : size;
    size = size < min_bytes ? min_bytes : size;
    struct block *block = malloc(sizeof(*block) + size);
    if (block == NULL) {
        out_of_memory();
    }
    block->next = arena->newest;
    block->size = size;
    block->used = 0;
    arena->newest = block;
    arena->total_bytes += sizeof(*block) + size;
}

struct bnc_arena *
bnc_arena_new(void)
{
    return bnc_alloc(sizeof(struct bnc_arena));
}

static void
free_blocks(struct block *block)
{
    while (block != NULL) {
        struct block *next = block->next;
        free(block);
        block = next;
    }
}

void
bnc_arena_free(struct bnc_arena *arena)
{
    if (arena != NULL) {
        free_blocks(arena->newest);
        free(arena);
    }
}

void
bnc_arena_reset(struct bnc_arena *arena)
{
    struct block *kept = arena->newest;
    if (kept == NULL) {
        return;
    }
    free_blocks(kept->next);
    kept->next = NULL;
    kept->used = 0;
    arena->total_bytes = sizeof(*kept) + kept->size;
}

/* `size` bytes, as they are, at a multiple of `align`: a power of two. */
static void *
take(struct bnc_arena *arena, size_t size, size_t align)
{
    if (size > SIZE_MAX / 2) {
        out_of_memory();
    }
    struct block *block = arena->newest;
    size_t at = block == NULL ? 0 : (block->used + align - 1) / align * align;
    if (block == NULL || at > block->size || block->size - at < size) {
        add_block(arena, size);
        block = arena->newest;
        at = 0;
    }
    block->used = at + size;
    return (char *)block->data + at;
}

/* Texts stand close together: of what is kept they are the most. */
static char *
take_text(struct bnc_arena *arena, size_t length)
{
    return take(arena, length + 1, 1);
}

void *
bnc_arena_alloc(struct bnc_arena *arena, size_t size)
{
    void *p = take(arena, size == 0 ? 1 : size, ALIGN);
    return memset(p, 0, size);
}

void *
bnc_arena_array(struct bnc_arena *arena, size_t n, size_t size)
{
    if (size != 0 && n > SIZE_MAX / 2 / size) {
        out_of_memory();
    }
    return bnc_arena_alloc(arena, n * size);
}

char *
bnc_arena_strndup(struct bnc_arena *arena, const char *s, size_t n)
{
    if (s == NULL) {
        return NULL;
    }
    char *copy = take_text(arena, n);
    memcpy(copy, s, n);
    copy[n] = '\0';
    return copy;
}

void *
bnc_arena_memdup(struct bnc_arena *arena, const void *from, size_t n)
{
    void *copy = bnc_arena_alloc(arena, n);
    if (n > 0) {
        memcpy(copy, from, n);
    }
    return copy;
}

char *
bnc_arena_strdup(struct bnc_arena *arena, const char *s)
{
    return s == NULL ? NULL : bnc_arena_strndup(arena, s, strlen(s));
}

char *
bnc_arena_vfmt(struct bnc_arena *arena, const char *fmt, va_list args)
{
    va_list again;
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, fmt, again);
    va_end(again);
    size_t size = n < 0 ? 0 : (size_t)n;
    char *text = take_text(arena, size);
    text[0] = '\0'; /* for a format that cannot be printed */
    (void)vsnprintf(text, size + 1, fmt, args);
    return text;
}

char *
bnc_arena_fmt(struct bnc_arena *arena, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    char *text = bnc_arena_vfmt(arena, fmt, args);
    va_end(args);
    return text;
}

size_t
bnc_arena_bytes(const struct bnc_arena *arena)
{
    return sizeof(*arena) + arena->total_bytes;
}

void *
bnc_alloc(size_t size)
{
    void *p = calloc(1, size == 0 ? 1 : size);
    if (p == NULL) {
        out_of_memory();
    }
    return p;
}

void *
bnc_realloc(void *p, size_t size)
{
    void *q = realloc(p, size == 0 ? 1 : size);
    if (q == NULL) {
        out_of_memory();
    }
    return q;
}

char *
bnc_strdup(const char *s)
{
    if (s == NULL) {
        return NULL;
    }
    size_t n = strlen(s) + 1;
    return memcpy(bnc_alloc(n), s, n);
}
