/*
 * What fuzz targets share: a check that stays in every build, and the input in parts.
 */
#ifndef BNC_TESTS_FUZZ_FUZZ_H
#define BNC_TESTS_FUZZ_FUZZ_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/json.h"
#include "model/diag.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static inline void
require(bool cond)
{
    if (!cond) {
        abort();
    }
}

/* Errors are told in words, as text that can be printed; success has none. */
static inline void
require_error(enum bnc_code code, const struct bnc_error *err)
{
    require((code == BNC_OK) == (err->message[0] == '\0'));
    require(code == BNC_OK || err->code == code);
    require(bnc_utf8_valid(err->message, strlen(err->message)));
}

/* The same for what is wrong with an object. */
static inline void
require_diags(const struct bnc_diags *diags, struct bnc_arena *arena)
{
    for (size_t i = 0; i < diags->n; i++) {
        const char *text = bnc_diag_text(&diags->items[i], arena);
        require(diags->items[i].message[0] != '\0');
        require(bnc_utf8_valid(text, strlen(text)));
        for (const char *p = text; *p != '\0'; p++) {
            require((unsigned char)*p >= ' ' && *p != 0x7f);
        }
    }
}

/* The input in parts, with `cut` between them; each ends in NUL besides. */
struct parts {
    struct bnc_bytes items[8];
    size_t n; /* at least 1; what is behind the last cut stays in one */
};

static inline struct parts
cut_input(struct bnc_arena *arena, const uint8_t *data, size_t n, char cut)
{
    struct parts parts = {0};
    const char *at = bnc_arena_strndup(arena, (const char *)data, n);
    const char *end = at + n;

    for (;;) {
        const char *stop = memchr(at, cut, (size_t)(end - at));
        stop = stop == NULL || parts.n + 1 == BNC_LEN(parts.items) ? end : stop;
        const size_t size = (size_t)(stop - at);
        parts.items[parts.n++] =
            (struct bnc_bytes){bnc_arena_strndup(arena, at, size), size};
        if (stop == end) {
            return parts;
        }
        at = stop + 1;
    }
}

/* Lengths of pieces, 1 to `max`, the same for the same seed. */
struct pieces {
    uint64_t random;
    size_t max;
};

static inline size_t
next_piece(struct pieces *pieces, size_t left)
{
    pieces->random = pieces->random * 6364136223846793005U + 1442695040888963407U;
    size_t n = 1 + (size_t)(pieces->random >> 33) % pieces->max;
    return n < left ? n : left;
}

#endif
