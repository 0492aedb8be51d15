/*
 * Which fragments travel together: leaves of the binary trie over sha256(key), so
 * that one changed fragment moves nothing but its own leaf.
 */
#ifndef BNC_LIB_PACK_H
#define BNC_LIB_PACK_H

#include "lib/arena.h"

#define BNC_PACK_BUDGET ((size_t)900 * 1024) /* bytes: fits into one object of 1 MiB */
#define BNC_PACK_DEPTH  40                   /* bits of a prefix at most */

/* A fragment: bnc_pack_hash() of its key, and its size in bytes. */
struct bnc_pack_item {
    uint64_t hash;
    size_t size;
};

struct bnc_pack_leaf {
    char prefix[BNC_PACK_DEPTH + 1]; /* "0110", the first bits of its items; or "all" */
    size_t size;                     /* bytes of its items together */
    size_t n;
    const size_t *items; /* their places in the input, rising */
};

struct bnc_pack {
    size_t n;
    const struct bnc_pack_leaf *leaves; /* in the order of their bits; none is empty */
};

/* The first eight bytes of sha256(key), big-endian: the path of a fragment. */
uint64_t bnc_pack_hash(const char *key, size_t n);

/*
 * The leaves of `n` items.  A leaf over `budget` is split by the next bit, unless it
 * holds one item or is BNC_PACK_DEPTH deep: such a leaf may be over it.  Which items
 * share a leaf depends on the set alone, not on the order of the input.  No items
 * give no leaf.
 * Units: `budget` in bytes.
 * Owns:  all of it lives in `arena`; the input may go.
 */
struct bnc_pack
bnc_pack_leaves(struct bnc_arena *arena, const struct bnc_pack_item *items, size_t n,
                size_t budget);

#endif
