#include "lib/arena.h"

#include <stdlib.h>

#include "tests/unit/test.h"

TEST(alloc_is_zeroed_and_aligned)
{
    static const size_t sizes[] = {0, 1, 7, 16, 17, 1000, 1024, 5000, 300000};
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    for (size_t round = 0; round < 20; round++) {
        for (size_t i = 0; i < BNC_LEN(sizes); i++) {
            unsigned char *p = bnc_arena_alloc(arena, sizes[i]);
            CHECK(p != NULL);
            CHECK_INT((uintptr_t)p % _Alignof(max_align_t), 0);
            for (size_t k = 0; k < sizes[i]; k++) {
                CHECK_INT(p[k], 0);
            }
            memset(p, 0xa5, sizes[i]);
        }
    }
}

TEST(blocks_do_not_overlap)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    unsigned char *parts[500];
    for (size_t i = 0; i < BNC_LEN(parts); i++) {
        parts[i] = bnc_arena_alloc(arena, 1 + i % 97);
        memset(parts[i], (int)(i % 251), 1 + i % 97);
    }
    for (size_t i = 0; i < BNC_LEN(parts); i++) {
        for (size_t k = 0; k < 1 + i % 97; k++) {
            CHECK_INT(parts[i][k], i % 251);
        }
    }
}

TEST(reset_keeps_one_block_and_zeroes_again)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    bnc_arena_reset(arena); /* an empty one */
    for (size_t i = 0; i < 100; i++) {
        memset(bnc_arena_alloc(arena, 10000), 0xff, 10000);
    }
    size_t before = bnc_arena_bytes(arena);
    bnc_arena_reset(arena);
    size_t after = bnc_arena_bytes(arena);
    CHECK(before >= 1000000);
    CHECK(after < before && after <= (size_t)300 * 1024);

    const unsigned char *p = bnc_arena_alloc(arena, 10000);
    for (size_t k = 0; k < 10000; k++) {
        CHECK_INT(p[k], 0);
    }
    CHECK_INT(bnc_arena_bytes(arena), after); /* the kept block was used */
}

TEST(texts)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    CHECK_STR(bnc_arena_strdup(arena, "abc"), "abc");
    CHECK_STR(bnc_arena_strdup(arena, ""), "");
    CHECK(bnc_arena_strdup(arena, NULL) == NULL);
    CHECK_STR(bnc_arena_strndup(arena, "abcdef", 3), "abc");
    CHECK(bnc_arena_strndup(arena, NULL, 3) == NULL);
    CHECK_STR(bnc_arena_fmt(arena, "%s-%d", "x", 42), "x-42");

    const char *wide = bnc_arena_fmt(arena, "%05000d", 7);
    CHECK_INT(strlen(wide), 5000);
    CHECK_STR(wide + 4998, "07");
}

TEST(array_of_items)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    uint64_t *items = bnc_arena_array(arena, 1000, sizeof(*items));
    items[999] = 5;
    CHECK_INT(items[0], 0);
    CHECK(bnc_arena_array(arena, 0, 8) != NULL);
    CHECK(bnc_arena_array(arena, 8, 0) != NULL);
}

TEST(long_lived_memory)
{
    char *p = bnc_alloc(0);
    CHECK(p != NULL);
    p = bnc_realloc(p, 100);
    memset(p, 1, 100);
    free(p);

    char *copy = bnc_strdup("xyz");
    CHECK_STR(copy, "xyz");
    free(copy);
    CHECK(bnc_strdup(NULL) == NULL);
    bnc_arena_free(NULL);
}

RUN_TESTS(alloc_is_zeroed_and_aligned, blocks_do_not_overlap,
          reset_keeps_one_block_and_zeroes_again, texts, array_of_items,
          long_lived_memory)
