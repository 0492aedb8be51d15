#include "lib/error.h"

#include <errno.h>

#include "lib/str.h"
#include "tests/unit/test.h"

static const struct {
    const char *name;
    enum bnc_code code;
    bool transient;
} codes[] = {
    {"ok", BNC_OK, false},
    {"invalid", BNC_INVALID, false},
    {"not_found", BNC_NOT_FOUND, true},
    {"conflict", BNC_CONFLICT, true},
    {"denied", BNC_DENIED, true},
    {"unavailable", BNC_UNAVAILABLE, true},
    {"timeout", BNC_TIMEOUT, true},
    {"too_big", BNC_TOO_BIG, false},
    {"gone", BNC_GONE, true},
    {"internal", BNC_INTERNAL, false},
};

TEST(every_code_has_a_name)
{
    CHECK_INT(BNC_LEN(codes), BNC_CODE_COUNT);
    for (size_t i = 0; i < BNC_LEN(codes); i++) {
        bnc_test_row(codes[i].name);
        CHECK_INT(codes[i].code, i);
        CHECK_STR(bnc_code_name(codes[i].code), codes[i].name);
        CHECK_INT(bnc_code_is_transient(codes[i].code), codes[i].transient);
    }
    bnc_test_row("none");
    CHECK_STR(bnc_code_name((enum bnc_code)1000), "unknown");
}

TEST(fail_and_wrap)
{
    struct bnc_error err = {0};
    CHECK_INT(bnc_fail(&err, BNC_TIMEOUT, "after %d ms", 5), BNC_TIMEOUT);
    CHECK_INT(err.code, BNC_TIMEOUT);
    CHECK_STR(err.message, "after 5 ms");
    CHECK_INT(bnc_wrap(&err, "read %s", "x"), BNC_TIMEOUT);
    CHECK_STR(err.message, "read x: after 5 ms");
    CHECK_INT(bnc_wrap(&err, "start"), BNC_TIMEOUT);
    CHECK_STR(err.message, "start: read x: after 5 ms");
}

TEST(long_messages_are_cut)
{
    char text[2000];
    struct bnc_error err = {0};
    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';

    (void)bnc_fail(&err, BNC_INVALID, "%s", text);
    CHECK_INT(strlen(err.message), BNC_ERROR_MAX - 1);
    (void)bnc_wrap(&err, "ctx");
    CHECK_INT(strlen(err.message), BNC_ERROR_MAX - 1);
    CHECK(strncmp(err.message, "ctx: xxx", 8) == 0);
    (void)bnc_wrap(&err, "%s", text);
    CHECK(strlen(err.message) < BNC_ERROR_MAX);
    CHECK(strstr(err.message, ": ctx: xxx") != NULL); /* room is left for the cause */
}

TEST(no_character_is_cut_in_two)
{
    for (size_t shift = 0; shift < 4; shift++) {
        char text[1200] = "abc";
        char *end = text + shift;
        struct bnc_error err = {0};
        for (size_t i = 0; i < 250; i++, end += 4) {
            memcpy(end, "\xf0\x9f\x98\x80", 5);
        }
        (void)bnc_fail(&err, BNC_INVALID, "%s", text);
        CHECK(bnc_utf8_valid(err.message, strlen(err.message)));
        CHECK(strlen(err.message) > BNC_ERROR_MAX - 5);
        (void)bnc_wrap(&err, "%s", text + shift);
        CHECK(bnc_utf8_valid(err.message, strlen(err.message)));
        CHECK(strlen(err.message) > BNC_ERROR_MAX - 5);
    }
}

static const struct {
    const char *name;
    int number;
    enum bnc_code code;
    const char *message;
} numbers[] = {
    {"missing", ENOENT, BNC_NOT_FOUND, "open f: No such file or directory"},
    {"forbidden", EACCES, BNC_DENIED, "open f: Permission denied"},
    {"refused", ECONNREFUSED, BNC_UNAVAILABLE, "open f: Connection refused"},
    {"full", ENOSPC, BNC_UNAVAILABLE, "open f: No space left on device"},
    {"not in the table", EDOM, BNC_INTERNAL, "open f: Numerical argument out of domain"},
    {"no errno", 123456, BNC_INTERNAL, "open f: unknown error"},
};

TEST(fail_errno)
{
    for (size_t i = 0; i < BNC_LEN(numbers); i++) {
        struct bnc_error err = {0};
        bnc_test_row(numbers[i].name);
        errno = numbers[i].number;
        CHECK_INT(bnc_fail_errno(&err, "open %s", "f"), numbers[i].code);
        CHECK_INT(err.code, numbers[i].code);
        CHECK_STR(err.message, numbers[i].message);
    }
}

RUN_TESTS(every_code_has_a_name, fail_and_wrap, long_messages_are_cut,
          no_character_is_cut_in_two, fail_errno)
