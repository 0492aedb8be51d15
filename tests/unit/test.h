/*
 * What every unit test uses: cmocka, and checks that print the row they are in.
 */
#ifndef BNC_TESTS_UNIT_TEST_H
#define BNC_TESTS_UNIT_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "lib/base.h"

static const char *bnc_row = "";

/* Name the row of a table; a failing check prints it. */
static inline void
bnc_test_row(const char *name)
{
    bnc_row = name;
}

#define TEST(name) static void name(void **state __attribute__((unused)))

#define CHECK(cond)                                                                      \
    do {                                                                                 \
        if (!(cond)) {                                                                   \
            print_error("row \"%s\": %s\n", bnc_row, #cond);                             \
            fail();                                                                      \
        }                                                                                \
    } while (0)

#define CHECK_INT(got, want)                                                             \
    do {                                                                                 \
        long long got_ = (long long)(got), want_ = (long long)(want);                    \
        if (got_ != want_) {                                                             \
            print_error("row \"%s\": %s is %lld, want %lld\n", bnc_row, #got, got_,      \
                        want_);                                                          \
            fail();                                                                      \
        }                                                                                \
    } while (0)

#define CHECK_STR(got, want)                                                             \
    do {                                                                                 \
        const char *got_ = (got), *want_ = (want);                                       \
        if (got_ == NULL || want_ == NULL ? got_ != want_ : strcmp(got_, want_) != 0) {  \
            print_error("row \"%s\": %s is\n%s\nwant\n%s\n", bnc_row, #got,              \
                        got_ ? got_ : "(null)", want_ ? want_ : "(null)");               \
            fail();                                                                      \
        }                                                                                \
    } while (0)

/* Ends a test file: main() over the named tests. */
#define BNC_T1(a)       cmocka_unit_test(a),
#define BNC_T2(a, ...)  cmocka_unit_test(a), BNC_T1(__VA_ARGS__)
#define BNC_T3(a, ...)  cmocka_unit_test(a), BNC_T2(__VA_ARGS__)
#define BNC_T4(a, ...)  cmocka_unit_test(a), BNC_T3(__VA_ARGS__)
#define BNC_T5(a, ...)  cmocka_unit_test(a), BNC_T4(__VA_ARGS__)
#define BNC_T6(a, ...)  cmocka_unit_test(a), BNC_T5(__VA_ARGS__)
#define BNC_T7(a, ...)  cmocka_unit_test(a), BNC_T6(__VA_ARGS__)
#define BNC_T8(a, ...)  cmocka_unit_test(a), BNC_T7(__VA_ARGS__)
#define BNC_T9(a, ...)  cmocka_unit_test(a), BNC_T8(__VA_ARGS__)
#define BNC_T10(a, ...) cmocka_unit_test(a), BNC_T9(__VA_ARGS__)
#define BNC_T11(a, ...) cmocka_unit_test(a), BNC_T10(__VA_ARGS__)
#define BNC_T12(a, ...) cmocka_unit_test(a), BNC_T11(__VA_ARGS__)
#define BNC_T13(a, ...) cmocka_unit_test(a), BNC_T12(__VA_ARGS__)
#define BNC_T14(a, ...) cmocka_unit_test(a), BNC_T13(__VA_ARGS__)
#define BNC_T15(a, ...) cmocka_unit_test(a), BNC_T14(__VA_ARGS__)
#define BNC_T16(a, ...) cmocka_unit_test(a), BNC_T15(__VA_ARGS__)
#define BNC_PICK(_1, _2, _3, _4, _5, _6, _7, _8, _9, _10, _11, _12, _13, _14, _15, _16,  \
                 name, ...)                                                              \
    name
#define RUN_TESTS(...)                                                                   \
    int main(void)                                                                       \
    {                                                                                    \
        const struct CMUnitTest tests[] = {                                              \
            BNC_PICK(__VA_ARGS__, BNC_T16, BNC_T15, BNC_T14, BNC_T13, BNC_T12, BNC_T11,  \
                     BNC_T10, BNC_T9, BNC_T8, BNC_T7, BNC_T6, BNC_T5, BNC_T4, BNC_T3,    \
                     BNC_T2, BNC_T1, )(__VA_ARGS__)};                                    \
        return cmocka_run_group_tests(tests, NULL, NULL);                                \
    }

#endif
