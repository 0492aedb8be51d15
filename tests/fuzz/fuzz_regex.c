/*
 * Pattern, text and replacement, parted by zero bytes: nothing crashes, nothing
 * takes more than its memory, and a match agrees with an expansion.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/regex.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check(bool good)
{
    if (!good) {
        abort();
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *pattern = (const char *)data;
    size_t n = strnlen(pattern, size);
    const char *text = pattern + n + (n < size);
    size_t rest = size - (size_t)(text - pattern);
    size_t length = strnlen(text, rest);
    struct bnc_error err = {0};

    BNC_AUTO(bnc_regex) regex = bnc_regex_new(pattern, n, &err);
    if (regex == NULL) {
        check(err.code == BNC_INVALID || err.code == BNC_TOO_BIG);
        check(bnc_utf8_valid(err.message, strlen(err.message)));
        return 0;
    }
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    const char *replacement =
        length < rest ? bnc_arena_strndup(arena, text + length + 1, rest - length - 1)
                      : "$0-${1}-$x$$";
    struct bnc_str out = bnc_str_new(arena, 100000);
    check(bnc_regex_expand(regex, text, length, replacement, &out) ==
          bnc_regex_full_match(regex, text, length));
    return 0;
}
