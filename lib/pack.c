#include "lib/pack.h"

#include <stdlib.h>
#include <string.h>

#include "lib/hash.h"

/* An item on its way through the trie. */
struct place {
    uint64_t hash;
    size_t index;
};

/* `sums[i]` is the size of all places before `i`. */
struct packing {
    struct bnc_arena *arena;
    const struct place *places;
    const size_t *sums;
    size_t *indexes; /* those of the places, then sorted leaf by leaf */
    size_t budget;
    struct bnc_pack_leaf *leaves;
    size_t n;
    size_t room;
};

uint64_t
bnc_pack_hash(const char *key, size_t n)
{
    char hex[BNC_SHA256_HEX];
    bnc_sha256_hex(key, n, hex);
    hex[2 * sizeof(uint64_t)] = '\0';
    return strtoull(hex, NULL, 16);
}

static int
by_hash(const void *a, const void *b)
{
    const struct place *x = a, *y = b;
    return (x->hash > y->hash) - (x->hash < y->hash);
}

static int
by_index(const void *a, const void *b)
{
    const size_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

static struct bnc_pack_leaf *
new_leaf(struct packing *p)
{
    if (p->n == p->room) {
        struct bnc_pack_leaf *more =
            bnc_arena_array(p->arena, 2 * p->room, sizeof(*more));
        memcpy(more, p->leaves, p->n * sizeof(*more));
        p->leaves = more;
        p->room *= 2;
    }
    return &p->leaves[p->n++];
}

static void
add_leaf(struct packing *p, size_t from, size_t to, unsigned depth)
{
    struct bnc_pack_leaf *leaf = new_leaf(p);
    *leaf = (struct bnc_pack_leaf){.prefix = "all",
                                   .size = p->sums[to] - p->sums[from],
                                   .n = to - from,
                                   .items = p->indexes + from};
    for (unsigned bit = 0; bit < depth; bit++) {
        leaf->prefix[bit] = (p->places[from].hash >> (63 - bit) & 1) != 0 ? '1' : '0';
    }
    if (depth > 0) {
        leaf->prefix[depth] = '\0';
    }
    qsort(p->indexes + from, to - from, sizeof(*p->indexes), by_index);
}

/* The first place in [from, to) whose bit at `depth` is 1; those before have 0. */
static size_t
first_with_bit(const struct packing *p, size_t from, size_t to, unsigned depth)
{
    while (from < to) {
        size_t middle = from + (to - from) / 2;
        if ((p->places[middle].hash >> (63 - depth) & 1) != 0) {
            to = middle;
        } else {
            from = middle + 1;
        }
    }
    return from;
}

static void
split(struct packing *p, size_t from, size_t to, unsigned depth)
{
    if (from == to) {
        return;
    }
    if (to - from == 1 || depth == BNC_PACK_DEPTH ||
        p->sums[to] - p->sums[from] <= p->budget) {
        add_leaf(p, from, to, depth);
        return;
    }
    size_t middle = first_with_bit(p, from, to, depth);
    split(p, from, middle, depth + 1);
    split(p, middle, to, depth + 1);
}

struct bnc_pack
bnc_pack_leaves(struct bnc_arena *arena, const struct bnc_pack_item *items, size_t n,
                size_t budget)
{
    struct place *places = bnc_arena_array(arena, n, sizeof(*places));
    size_t *sums = bnc_arena_array(arena, n + 1, sizeof(*sums));
    size_t *indexes = bnc_arena_array(arena, n, sizeof(*indexes));

    for (size_t i = 0; i < n; i++) {
        places[i] = (struct place){items[i].hash, i};
    }
    if (n > 0) {
        qsort(places, n, sizeof(*places), by_hash);
    }
    for (size_t i = 0; i < n; i++) {
        indexes[i] = places[i].index;
        sums[i + 1] = sums[i] + items[indexes[i]].size;
    }
    struct packing p = {arena, places, sums, indexes, budget, NULL, 0, 16};
    p.leaves = bnc_arena_array(arena, p.room, sizeof(*p.leaves));
    split(&p, 0, n, 0);
    return (struct bnc_pack){p.n, p.leaves};
}
