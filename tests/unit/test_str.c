#include "lib/str.h"

#include "tests/unit/test.h"

static void
fill(struct bnc_str *s)
{
    bnc_str_add(s, "ab\0c", 4);
    CHECK_INT(s->len, 4);
    CHECK_INT(memcmp(s->ptr, "ab\0c", 5), 0);
    bnc_str_clear(s);
    CHECK_STR(s->ptr, "");

    bnc_str_puts(s, "x=");
    bnc_str_fmt(s, "%d", 5);
    bnc_str_putc(s, ';');
    CHECK_STR(s->ptr, "x=5;");
    for (int i = 0; i < 1000; i++) {
        bnc_str_puts(s, "0123456789");
    }
    CHECK_INT(s->len, 10004);
    CHECK_STR(s->ptr + 9994, "0123456789");
}

TEST(grows_with_and_without_arena)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    struct bnc_str in_arena = bnc_str_new(arena, 100000);
    struct bnc_str own = bnc_str_new(NULL, 100000);
    fill(&in_arena);
    fill(&own);
    bnc_str_free(&own);
    CHECK(own.ptr == NULL);
}

TEST(format_longer_than_its_buffer)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    struct bnc_str s = bnc_str_new(arena, 100000);
    static const int widths[] = {254, 255, 256, 257, 5000};
    for (size_t i = 0; i < BNC_LEN(widths); i++) {
        bnc_str_clear(&s);
        bnc_str_fmt(&s, "%*d", widths[i], 3);
        CHECK_INT(s.len, widths[i]);
        CHECK_INT(s.ptr[s.len - 1], '3');
    }
}

static const struct {
    const char *name;
    size_t max;
    const char *adds[3];
    const char *want;
    bool too_big;
} caps[] = {
    {"just fits", 6, {"abc", "def", ""}, "abcdef", false},
    {"one too many", 5, {"abc", "def", ""}, "abc", true},
    {"nothing after", 5, {"abc", "def", "g"}, "abc", true},
    {"nothing at all", 0, {"", "a", ""}, "", true},
    {"empty is fine", 0, {"", "", ""}, "", false},
};

TEST(cap_is_sticky)
{
    for (size_t i = 0; i < BNC_LEN(caps); i++) {
        struct bnc_error err = {0};
        struct bnc_str s = bnc_str_new(NULL, caps[i].max);
        bnc_test_row(caps[i].name);
        for (size_t k = 0; k < 3; k++) {
            bnc_str_puts(&s, caps[i].adds[k]);
        }
        CHECK_STR(s.ptr, caps[i].want);
        CHECK_INT(s.too_big, caps[i].too_big);
        CHECK_INT(bnc_str_check(&s, "the file", &err),
                  caps[i].too_big ? BNC_TOO_BIG : BNC_OK);
        if (caps[i].too_big) {
            CHECK(strstr(err.message, "the file is over ") == err.message);
        }
        bnc_str_clear(&s);
        CHECK(!s.too_big);
        bnc_str_free(&s);
    }
}

static const struct {
    const char *name;
    const char *text;
    const char *want;
} json[] = {
    {"empty", "", "\"\""},
    {"quote and backslash", "a\"b\\c", "\"a\\\"b\\\\c\""},
    {"slash stays", "a/b", "\"a/b\""},
    {"line end and tab", "a\nb\tc", "\"a\\nb\\tc\""},
    {"control characters", "\x01\x1f\r", "\"\\u0001\\u001f\\u000d\""},
    {"UTF-8 stays", "\xc3\xa9\xf0\x9f\x98\x80", "\"\xc3\xa9\xf0\x9f\x98\x80\""},
    {"delete stays", "\x7f", "\"\x7f\""},
};

TEST(json_string)
{
    for (size_t i = 0; i < BNC_LEN(json); i++) {
        struct bnc_str s = bnc_str_new(NULL, 1000);
        bnc_test_row(json[i].name);
        bnc_str_json(&s, json[i].text);
        CHECK_STR(s.ptr, json[i].want);
        bnc_str_free(&s);
    }
}

static const struct {
    const char *name;
    const char *text;
    bool valid;
} utf8[] = {
    {"empty", "", true},
    {"ASCII", "abc\x7f", true},
    {"two bytes", "\xc3\xa9", true},
    {"three bytes", "\xe2\x82\xac", true},
    {"four bytes", "\xf0\x9f\x98\x80", true},
    {"last code point", "\xf4\x8f\xbf\xbf", true},
    {"beyond the last", "\xf4\x90\x80\x80", false},
    {"first byte f5", "\xf5\x80\x80\x80", false},
    {"overlong two", "\xc0\xaf", false},
    {"overlong c1", "\xc1\xbf", false},
    {"overlong three", "\xe0\x80\xaf", false},
    {"overlong four", "\xf0\x80\x80\xaf", false},
    {"surrogate", "\xed\xa0\x80", false},
    {"before surrogates", "\xed\x9f\xbf", true},
    {"lone continuation", "\x80", false},
    {"cut two", "\xc3", false},
    {"cut three", "\xe2\x82", false},
    {"cut four", "\xf0\x9f\x98", false},
    {"cut in the middle", "\xe2\x82z", false},
    {"ff", "\xff", false},
};

TEST(utf8_valid)
{
    for (size_t i = 0; i < BNC_LEN(utf8); i++) {
        bnc_test_row(utf8[i].name);
        CHECK_INT(bnc_utf8_valid(utf8[i].text, strlen(utf8[i].text)), utf8[i].valid);
    }
    bnc_test_row("NUL is a character");
    CHECK(bnc_utf8_valid("a\0b", 3));
}

TEST(comparisons)
{
    bnc_test_row("");
    CHECK(bnc_str_eq("a", "a"));
    CHECK(!bnc_str_eq("a", "b"));
    CHECK(!bnc_str_eq("a", NULL));
    CHECK(!bnc_str_eq(NULL, "a"));
    CHECK(bnc_str_eq(NULL, NULL));
    CHECK(bnc_str_starts("abc", "ab"));
    CHECK(bnc_str_starts("abc", ""));
    CHECK(!bnc_str_starts("ab", "abc"));
    CHECK(bnc_str_ends("abc", "bc"));
    CHECK(bnc_str_ends("abc", ""));
    CHECK(!bnc_str_ends("bc", "abc"));
    CHECK(!bnc_str_ends("abc", "ab"));
}

RUN_TESTS(grows_with_and_without_arena, format_longer_than_its_buffer, cap_is_sticky,
          json_string, utf8_valid, comparisons)
