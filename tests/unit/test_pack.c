#include "lib/pack.h"

#include <time.h>

#include "lib/str.h"
#include "tests/unit/test.h"

#define MANY   5000
#define BUDGET ((size_t)64 * 1024)

/* A key's number finds its size: between 500 and 8 691 bytes. */
static struct bnc_pack_item
item_of(unsigned number)
{
    char key[32];
    int n = snprintf(key, sizeof(key), "shop/cart-%u", number);
    return (struct bnc_pack_item){bnc_pack_hash(key, (size_t)n),
                                  500 + (size_t)(number * 2654435761U >> 19)};
}

static void
make_items(struct bnc_pack_item *items, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        items[i] = item_of(i);
    }
}

/* "all: 0 1 2\n", a line for each leaf. */
static const char *
print(struct bnc_arena *arena, const struct bnc_pack *pack)
{
    struct bnc_str out = bnc_str_new(arena, (size_t)1 << 20);
    bnc_str_puts(&out, "");
    for (size_t i = 0; i < pack->n; i++) {
        bnc_str_fmt(&out, "%s:", pack->leaves[i].prefix);
        for (size_t k = 0; k < pack->leaves[i].n; k++) {
            bnc_str_fmt(&out, " %zu", pack->leaves[i].items[k]);
        }
        bnc_str_putc(&out, '\n');
    }
    return out.ptr;
}

TEST(hash_of_a_key)
{
    CHECK(bnc_pack_hash("abc", 3) == 0xba7816bf8f01cfeaU); /* FIPS 180 */
    CHECK(bnc_pack_hash("", 0) == 0xe3b0c44298fc1c14U);
}

#define TOP(bits) ((uint64_t)(bits) << 60)

TEST(leaves)
{
    static const struct {
        const char *name;
        size_t n;
        struct bnc_pack_item items[5];
        const char *want;
    } rows[] = {
        {"nothing", 0, {{0}}, ""},
        {"fits exactly", 3, {{TOP(0), 4}, {TOP(15), 3}, {TOP(7), 3}}, "all: 0 1 2\n"},
        {"one too big", 1, {{TOP(9), 11}}, "all: 0\n"},
        {"two of one byte too much", 2, {{TOP(15), 5}, {TOP(0), 6}}, "0: 1\n1: 0\n"},
        {"no empty leaf", 2, {{TOP(3), 6}, {TOP(2), 6}}, "0010: 1\n0011: 0\n"},
        {"input order inside",
         5,
         {{TOP(7), 2}, {TOP(12), 9}, {TOP(0), 2}, {TOP(5), 2}, {TOP(1), 2}},
         "0: 0 2 3 4\n1: 1\n"},
        {"one giant among small ones",
         4,
         {{TOP(4), 1}, {TOP(5), 99}, {TOP(6), 1}, {TOP(12), 1}},
         "0100: 0\n0101: 1\n011: 2\n1: 3\n"},
        {"sizes of nothing", 3, {{TOP(1), 0}, {TOP(9), 0}, {TOP(1), 0}}, "all: 0 1 2\n"},
        {"equal hashes end at the depth",
         3,
         {{TOP(8), 9}, {TOP(8), 9}, {TOP(0), 9}},
         "0: 2\n1000000000000000000000000000000000000000: 0 1\n"},
        {"equal in the first 40 bits",
         2,
         {{TOP(15) | 1, 9}, {TOP(15), 9}},
         "1111000000000000000000000000000000000000: 0 1\n"},
        {"the 40th bit differs",
         2,
         {{1U << 24, 9}, {0, 9}},
         "0000000000000000000000000000000000000000: 1\n"
         "0000000000000000000000000000000000000001: 0\n"},
    };
    for (size_t i = 0; i < BNC_LEN(rows); i++) {
        BNC_AUTO(bnc_arena) arena = bnc_arena_new();
        bnc_test_row(rows[i].name);
        struct bnc_pack pack = bnc_pack_leaves(arena, rows[i].items, rows[i].n, 10);
        CHECK_STR(print(arena, &pack), rows[i].want);
    }
}

/* Every item is in one leaf, that of its bits; sizes add up and keep the budget. */
TEST(a_partition)
{
    static struct bnc_pack_item items[MANY];
    static unsigned char met[MANY];
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    make_items(items, MANY);
    struct bnc_pack pack = bnc_pack_leaves(arena, items, MANY, BUDGET);

    CHECK(pack.n > 100);
    memset(met, 0, sizeof(met));
    for (size_t i = 0; i < pack.n; i++) {
        const struct bnc_pack_leaf *leaf = &pack.leaves[i];
        size_t size = 0;
        bnc_test_row(leaf->prefix);
        CHECK(i == 0 || strcmp(pack.leaves[i - 1].prefix, leaf->prefix) < 0);
        for (size_t k = 0; k < leaf->n; k++) {
            CHECK(k == 0 || leaf->items[k - 1] < leaf->items[k]);
            CHECK_INT(met[leaf->items[k]]++, 0);
            size += items[leaf->items[k]].size;
            for (size_t bit = 0; leaf->prefix[bit] != '\0'; bit++) {
                uint64_t b = items[leaf->items[k]].hash >> (63 - bit) & 1;
                CHECK_INT(leaf->prefix[bit], b != 0 ? '1' : '0');
            }
        }
        CHECK_INT(leaf->size, size);
        CHECK(leaf->n > 0 && (size <= BUDGET || leaf->n == 1));
    }
    for (size_t i = 0; i < MANY; i++) {
        CHECK_INT(met[i], 1);
    }
}

/* ---- stability: leaves as sets of hashes, whatever the places in the input --------- */

static uint64_t
digest_of(const struct bnc_pack_leaf *leaf, const struct bnc_pack_item *items)
{
    uint64_t sum = leaf->n;
    for (size_t i = 0; i < leaf->n; i++) {
        sum += items[leaf->items[i]].hash;
    }
    return sum;
}

/* Leaves of `b` that are not in `a`: other members, or another prefix. */
static size_t
new_leaves(const struct bnc_pack *a, const struct bnc_pack_item *items_a,
           const struct bnc_pack *b, const struct bnc_pack_item *items_b)
{
    size_t n = 0;
    size_t at = 0;
    for (size_t i = 0; i < b->n; i++) {
        while (at < a->n && strcmp(a->leaves[at].prefix, b->leaves[i].prefix) < 0) {
            at++;
        }
        n += at == a->n || strcmp(a->leaves[at].prefix, b->leaves[i].prefix) != 0 ||
             digest_of(&a->leaves[at], items_a) != digest_of(&b->leaves[i], items_b);
    }
    return n;
}

enum change { ADD, REMOVE, EDIT };

static size_t
changed_by(enum change change, unsigned which, size_t *rewritten)
{
    static struct bnc_pack_item before[MANY + 1], after[MANY + 1];
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    size_t n = MANY;

    make_items(before, MANY);
    memcpy(after, before, sizeof(after));
    if (change == ADD) {
        after[n++] = item_of(MANY + which);
    } else if (change == REMOVE) {
        memmove(&after[which], &after[which + 1], (MANY - 1 - which) * sizeof(after[0]));
        n--;
    } else {
        after[which].size = before[which].size * 3 % 9000;
    }
    struct bnc_pack a = bnc_pack_leaves(arena, before, MANY, BUDGET);
    struct bnc_pack b = bnc_pack_leaves(arena, after, n, BUDGET);
    *rewritten = new_leaves(&a, before, &b, after);
    return new_leaves(&b, after, &a, before);
}

/* A change of one item touches its own leaf; at times that splits in two, or merges. */
TEST(stable)
{
    static const struct {
        const char *name;
        enum change change;
        size_t keep_at_least; /* of 500 changes, those that keep every member set ... */
        size_t one_at_least;  /* ... and those that write one leaf */
    } rows[] = {
        {"add", ADD, 0, 450},
        {"remove", REMOVE, 0, 450},
        {"edit", EDIT, 470, 0},
    };
    for (size_t i = 0; i < BNC_LEN(rows); i++) {
        size_t none = 0;
        size_t one = 0;
        bnc_test_row(rows[i].name);
        for (unsigned which = 0; which < MANY; which += 10) {
            size_t written = 0;
            size_t lost = changed_by(rows[i].change, which, &written);
            none += written == 0;
            one += written == 1;
            /* 3: two of them one level deeper; more needs all on one side */
            CHECK(written <= 3 && lost <= 3);
        }
        print_message("%-7s 500 changes of 5000: %zu keep all sets, %zu write 1 leaf\n",
                      rows[i].name, none, one);
        CHECK(none >= rows[i].keep_at_least);
        CHECK(one >= rows[i].one_at_least);
    }
}

/* The same leaves for the input backwards and shuffled. */
TEST(any_order)
{
    static struct bnc_pack_item items[MANY], other[MANY];
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    uint32_t seed = 7;

    make_items(items, MANY);
    struct bnc_pack want = bnc_pack_leaves(arena, items, MANY, BUDGET);
    for (size_t i = 0; i < MANY; i++) {
        other[i] = items[MANY - 1 - i];
    }
    for (int round = 0; round < 5; round++) {
        struct bnc_pack got = bnc_pack_leaves(arena, other, MANY, BUDGET);
        CHECK_INT(got.n, want.n);
        CHECK_INT(new_leaves(&want, items, &got, other), 0);
        for (size_t i = MANY - 1; i > 0; i--) {
            seed = seed * 1664525U + 1013904223U;
            size_t k = seed % (i + 1);
            struct bnc_pack_item kept = other[i];
            other[i] = other[k];
            other[k] = kept;
        }
    }
}

/* 10 000 items; the bound leaves room for sanitizers and a busy machine. */
TEST(fast)
{
    static struct bnc_pack_item items[2 * MANY];
    double best_ms = 1000;
    make_items(items, 2 * MANY);
    for (int round = 0; round < 5; round++) {
        BNC_AUTO(bnc_arena) arena = bnc_arena_new();
        clock_t start = clock();
        (void)bnc_pack_leaves(arena, items, 2 * MANY, BUDGET);
        double ms = (double)(clock() - start) * 1000 / CLOCKS_PER_SEC;
        best_ms = ms < best_ms ? ms : best_ms;
    }
    print_message("10000 items: %.2f ms\n", best_ms);
    CHECK(best_ms < 60);
}

RUN_TESTS(hash_of_a_key, leaves, a_partition, stable, any_order, fast)
