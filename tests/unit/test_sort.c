#include "lib/sort.h"

#include <stdlib.h>

#include "tests/unit/test.h"

struct item {
    int key;
    int place; /* before sorting: equal keys keep their order */
};

static size_t comparisons;

static int
compare(const void *a, const void *b)
{
    const struct item *x = a;
    const struct item *y = b;
    comparisons++;
    return x->key < y->key ? -1 : x->key > y->key;
}

static void
check(struct item *items, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        items[i].place = (int)i;
    }
    comparisons = 0;
    bnc_sort(items, n, sizeof(*items), compare);
    for (size_t i = 1; i < n; i++) {
        bool equal = items[i - 1].key == items[i].key;
        CHECK(equal ? items[i - 1].place < items[i].place
                    : items[i - 1].key < items[i].key);
    }
}

TEST(sorts_all_orders_of_few)
{
    for (int code = 0; code < 4 * 4 * 4 * 4 * 4; code++) {
        struct item items[5];
        for (int i = 0, rest = code; i < 5; i++, rest /= 4) {
            items[i].key = rest % 4;
        }
        for (size_t n = 0; n <= 5; n++) {
            struct item copy[5];
            for (size_t i = 0; i < n; i++) {
                copy[i] = items[i];
            }
            check(copy, n);
        }
    }
}

TEST(sorts_many)
{
    struct item items[1000];
    uint32_t seed = 7;
    for (size_t round = 0; round < 20; round++) {
        for (size_t i = 0; i < BNC_LEN(items); i++) {
            seed = seed * 1664525U + 1013904223U;
            items[i].key = (int)(seed >> 16) % (round % 2 == 0 ? 10000 : 10);
        }
        check(items, BNC_LEN(items));
    }
}

/* What is in order costs one look at each; one that is not, one more of each half. */
TEST(costs_little_where_little_is_wrong)
{
    struct item items[1000];
    for (size_t i = 0; i < BNC_LEN(items); i++) {
        items[i].key = (int)i;
    }
    check(items, BNC_LEN(items));
    CHECK_INT(comparisons, 999);
    items[500].key = 3;
    check(items, BNC_LEN(items));
    CHECK(comparisons < 2500);
}

RUN_TESTS(sorts_all_orders_of_few, sorts_many, costs_little_where_little_is_wrong)
