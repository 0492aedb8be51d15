#include "lib/zip.h"

#include <stdlib.h>

#include "tests/unit/test.h"

#define ROOM ((size_t)4 << 20)

static struct bnc_str
pack(const char *bytes, size_t n)
{
    struct bnc_error err = {0};
    struct bnc_str out = bnc_str_new(NULL, ROOM);
    CHECK_INT(bnc_zip_pack(bytes, n, &out, &err), BNC_OK);
    return out;
}

TEST(there_and_back)
{
    static const size_t sizes[] = {0, 1, 100, 16383, 16384, 16385, 100000, 3000000};
    for (size_t i = 0; i < BNC_LEN(sizes); i++) {
        size_t n = sizes[i];
        char *bytes = malloc(n + (n == 0));
        uint32_t seed = 1;
        for (size_t k = 0; k < n; k++) {
            seed = seed * 1664525U + 1013904223U;
            bytes[k] = (char)(k % 3 == 0 ? seed >> 24 : 'a');
        }
        struct bnc_error err = {0};
        struct bnc_str packed = pack(bytes, n);
        struct bnc_str back = bnc_str_new(NULL, ROOM);
        CHECK_INT(bnc_zip_unpack(packed.ptr, packed.len, n, &back, &err), BNC_OK);
        CHECK_INT(back.len, n);
        CHECK(n == 0 || memcmp(back.ptr, bytes, n) == 0);
        bnc_str_free(&packed);
        bnc_str_free(&back);
        free(bytes);
    }
}

/* A header without time, name or system: the bytes depend on the content only. */
TEST(header)
{
    static const unsigned char want[] = {0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff};
    struct bnc_str packed = pack("abc", 3);
    CHECK(packed.len > sizeof(want));
    CHECK_INT(memcmp(packed.ptr, want, sizeof(want)), 0);
    bnc_str_free(&packed);
}

TEST(compresses)
{
    char *bytes = calloc(1, 1000000);
    struct bnc_str packed = pack(bytes, 1000000);
    CHECK(packed.len < 2000);
    bnc_str_free(&packed);
    free(bytes);
}

TEST(adds_behind_what_is_there)
{
    struct bnc_error err = {0};
    struct bnc_str two = bnc_str_new(NULL, ROOM);
    CHECK_INT(bnc_zip_pack("abc", 3, &two, &err), BNC_OK);
    CHECK_INT(bnc_zip_pack("def", 3, &two, &err), BNC_OK); /* two members */

    struct bnc_str back = bnc_str_new(NULL, ROOM);
    bnc_str_puts(&back, "=");
    CHECK_INT(bnc_zip_unpack(two.ptr, two.len, 6, &back, &err), BNC_OK);
    CHECK_STR(back.ptr, "=abcdef");
    bnc_str_free(&two);
    bnc_str_free(&back);
}

TEST(limits)
{
    static const struct {
        const char *name;
        size_t max;
        size_t room;
        enum bnc_code code;
        const char *message;
    } rows[] = {
        {"fits", 1000000, 1000001, BNC_OK, ""},
        {"one byte too many", 999999, ROOM, BNC_TOO_BIG,
         "unpacked it is over 999999 bytes"},
        {"output is full", ROOM, 1000000, BNC_TOO_BIG,
         "unpacked it is over 1000000 bytes"},
        {"nothing allowed", 0, ROOM, BNC_TOO_BIG, "unpacked it is over 0 bytes"},
    };
    char *bytes = calloc(1, 1000000);
    struct bnc_str packed = pack(bytes, 1000000);
    free(bytes);
    for (size_t i = 0; i < BNC_LEN(rows); i++) {
        struct bnc_error err = {0};
        struct bnc_str back = bnc_str_new(NULL, rows[i].room);
        bnc_test_row(rows[i].name);
        bnc_str_puts(&back, "=");
        CHECK_INT(bnc_zip_unpack(packed.ptr, packed.len, rows[i].max, &back, &err),
                  rows[i].code);
        CHECK_STR(err.message, rows[i].message);
        CHECK_INT(back.len, rows[i].code == BNC_OK ? 1000001 : 1); /* as before */
        CHECK(!back.too_big);
        bnc_str_free(&back);
    }
    bnc_str_free(&packed);
}

TEST(full_output)
{
    struct bnc_error err = {0};
    struct bnc_str out = bnc_str_new(NULL, 20);
    bnc_str_puts(&out, "=");
    CHECK_INT(bnc_zip_pack("0123456789", 10, &out, &err), BNC_TOO_BIG);
    CHECK_STR(err.message, "compressed it is over 20 bytes");
    CHECK_STR(out.ptr, "=");
    bnc_str_free(&out);
}

static void
check_damaged(const char *name, const char *bytes, size_t n, const char *message)
{
    struct bnc_error err = {0};
    struct bnc_str back = bnc_str_new(NULL, ROOM);
    bnc_test_row(name);
    CHECK_INT(bnc_zip_unpack(bytes, n, ROOM, &back, &err), BNC_INVALID);
    CHECK_STR(err.message, message);
    CHECK_INT(back.len, 0);
    bnc_str_free(&back);
}

TEST(damaged)
{
    static const char cut[] = "the gzip data ends too early";
    static const char bad[] = "no gzip data, or damaged";
    struct bnc_str packed = pack("some text, some text, some text", 31);

    check_damaged("nothing", "", 0, cut);
    check_damaged("other bytes", "PK\x03\x04", 4, bad);
    for (size_t n = 1; n < packed.len; n++) {
        check_damaged("cut", packed.ptr, n, cut);
    }
    packed.ptr[packed.len - 6] ^= 1; /* the checksum */
    check_damaged("checksum", packed.ptr, packed.len, bad);
    packed.ptr[packed.len - 6] ^= 1;
    bnc_str_puts(&packed, "rubbish");
    check_damaged("rubbish behind", packed.ptr, packed.len, bad);
    bnc_str_free(&packed);
}

RUN_TESTS(there_and_back, header, compresses, adds_behind_what_is_there, limits,
          full_output, damaged)
