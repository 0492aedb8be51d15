#include "lib/map.h"

#include <malloc.h>
#include <stdlib.h>

#include "tests/unit/test.h"

static int values[1000];

static const char *
key_of(int i)
{
    static char text[16];
    (void)snprintf(text, sizeof(text), "key-%d", i);
    return text;
}

TEST(put_get_take)
{
    BNC_AUTO(bnc_map) map = bnc_map_new();
    CHECK(bnc_map_get(map, "a") == NULL);
    CHECK(bnc_map_take(map, "a") == NULL);
    CHECK_INT(bnc_map_count(map), 0);

    CHECK(bnc_map_put(map, "a", &values[0]) == NULL);
    CHECK(bnc_map_put(map, "", &values[1]) == NULL);
    CHECK(bnc_map_get(map, "a") == &values[0]);
    CHECK(bnc_map_get(map, "") == &values[1]);
    CHECK(bnc_map_put(map, "a", &values[2]) == &values[0]);
    CHECK_INT(bnc_map_count(map), 2);

    CHECK(bnc_map_take(map, "a") == &values[2]);
    CHECK(bnc_map_get(map, "a") == NULL);
    CHECK(bnc_map_take(map, "a") == NULL);
    CHECK_INT(bnc_map_count(map), 1);
}

TEST(keys_are_copied)
{
    BNC_AUTO(bnc_map) map = bnc_map_new();
    char key[] = "abc";
    (void)bnc_map_put(map, key, &values[0]);
    key[0] = 'x';
    CHECK(bnc_map_get(map, "abc") == &values[0]);
    CHECK(bnc_map_get(map, "xbc") == NULL);
}

/* Many rounds of putting in and taking out against a plain array. */
TEST(churn_against_a_model)
{
    BNC_AUTO(bnc_map) map = bnc_map_new();
    bool there[1000] = {false};
    size_t count = 0;
    uint32_t seed = 12345;

    for (int step = 0; step < 50000; step++) {
        seed = seed * 1664525U + 1013904223U;
        size_t i = (seed >> 8) % 1000;
        if ((seed >> 24) % 2 == 0) {
            CHECK(bnc_map_put(map, key_of((int)i), &values[i]) ==
                  (there[i] ? &values[i] : NULL));
            count += !there[i];
            there[i] = true;
        } else {
            CHECK(bnc_map_take(map, key_of((int)i)) == (there[i] ? &values[i] : NULL));
            count -= there[i];
            there[i] = false;
        }
        CHECK_INT(bnc_map_count(map), count);
    }
    for (size_t i = 0; i < 1000; i++) {
        CHECK(bnc_map_get(map, key_of((int)i)) == (there[i] ? &values[i] : NULL));
    }
}

TEST(iterates_in_order_of_insertion)
{
    BNC_AUTO(bnc_map) map = bnc_map_new();
    for (int i = 999; i >= 0; i--) {
        (void)bnc_map_put(map, key_of(i), &values[i]);
    }
    (void)bnc_map_put(map, key_of(999), &values[999]); /* keeps its place */

    size_t at = 0;
    const char *key;
    void *value;
    for (int i = 999; i >= 0; i--) {
        CHECK(bnc_map_next(map, &at, &key, &value));
        CHECK_STR(key, key_of(i));
        CHECK(value == &values[i]);
    }
    CHECK(!bnc_map_next(map, &at, NULL, &value));
}

TEST(current_key_may_be_taken_out)
{
    BNC_AUTO(bnc_map) map = bnc_map_new();
    for (int i = 0; i < 100; i++) {
        (void)bnc_map_put(map, key_of(i), &values[i]);
    }
    size_t at = 0;
    const char *key;
    void *value;
    int seen = 0;
    while (bnc_map_next(map, &at, &key, &value)) {
        CHECK(value == &values[seen]);
        if (seen % 3 == 0) {
            CHECK(bnc_map_take(map, key_of(seen)) == value);
        }
        seen++;
    }
    CHECK_INT(seen, 100);
    CHECK_INT(bnc_map_count(map), 66);
}

/* Bytes in use; 0 with an allocator that does not say. */
static size_t
in_use(void)
{
    const struct mallinfo2 info = mallinfo2();
    return info.uordblks + info.hblkhd;
}

/* A map of many that has few, or nothing, is as small as one that never had many. */
TEST(shrinks)
{
    static const int left[] = {0, 1};
    for (size_t round = 0; round < BNC_LEN(left); round++) {
        BNC_AUTO(bnc_map) map = bnc_map_new();
        size_t before = in_use();
        for (int i = 0; i < 100000; i++) {
            (void)bnc_map_put(map, key_of(i), &values[0]);
        }
        size_t at = 0;
        const char *key;
        void *value;
        while (bnc_map_next(map, &at, &key, &value)) {
            char name[16];
            (void)snprintf(name, sizeof(name), "%s", key);
            if (bnc_map_count(map) > (size_t)left[round]) {
                CHECK(bnc_map_take(map, name) == value);
            }
        }
        CHECK_INT(bnc_map_count(map), left[round]);
        bnc_map_fit(map);
        CHECK(left[round] == 0 || bnc_map_get(map, key_of(99999)) == &values[0]);
        CHECK(in_use() < before + 16384);
        CHECK(bnc_map_put(map, "newer", &values[2]) == NULL);
        CHECK(bnc_map_get(map, "newer") == &values[2]);
    }
}

TEST(sorted_keys)
{
    static const char *const in[] = {"b", "a", "ab", "", "B", "\xc3\xa9", "a-b"};
    static const char *const want[] = {"", "B", "a", "a-b", "ab", "b", "\xc3\xa9"};
    BNC_AUTO(bnc_map) map = bnc_map_new();
    for (size_t i = 0; i < BNC_LEN(in); i++) {
        (void)bnc_map_put(map, in[i], &values[i]);
    }
    (void)bnc_map_put(map, "zzz", &values[0]);
    (void)bnc_map_take(map, "zzz");

    const char **keys = bnc_map_sorted_keys(map);
    for (size_t i = 0; i < BNC_LEN(want); i++) {
        CHECK_STR(keys[i], want[i]);
    }
    free(keys);
    CHECK_INT(bnc_map_count(map), BNC_LEN(want));
}

TEST(empty_map)
{
    BNC_AUTO(bnc_map) map = bnc_map_new();
    size_t at = 0;
    void *value;
    CHECK(!bnc_map_next(map, &at, NULL, &value));
    const char **keys = bnc_map_sorted_keys(map);
    CHECK(keys != NULL);
    free(keys);
    bnc_map_free(NULL);
}

RUN_TESTS(put_get_take, keys_are_copied, churn_against_a_model,
          iterates_in_order_of_insertion, current_key_may_be_taken_out, shrinks,
          sorted_keys, empty_map)
