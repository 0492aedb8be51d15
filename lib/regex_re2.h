/*
 * The C face of RE2: what lib/regex.c needs of it and nothing more.
 */
#ifndef BNC_LIB_REGEX_RE2_H
#define BNC_LIB_REGEX_RE2_H

#include "lib/str.h"

#ifdef __cplusplus
#define BNC_NOEXCEPT noexcept
extern "C" {
#else
#define BNC_NOEXCEPT
#endif

struct bnc_regex;

enum bnc_re2_problem {
    BNC_RE2_OK,
    BNC_RE2_ESCAPE,
    BNC_RE2_CLASS,
    BNC_RE2_RANGE,
    BNC_RE2_BRACKET,
    BNC_RE2_OPEN_PAREN,
    BNC_RE2_CLOSE_PAREN,
    BNC_RE2_BACKSLASH,
    BNC_RE2_NOTHING_TO_REPEAT,
    BNC_RE2_REPEAT_SIZE,
    BNC_RE2_REPEAT_TWICE,
    BNC_RE2_PERL,
    BNC_RE2_UTF8,
    BNC_RE2_GROUP_NAME,
    BNC_RE2_TOO_LARGE,
    BNC_RE2_OTHER,
    BNC_RE2_PROBLEM_COUNT
};

/* NULL: `*problem` says why, `part` (at most `room` bytes with its end) where. */
struct bnc_regex *
bnc_re2_new(const char *pattern, size_t n, int64_t max_memory,
            enum bnc_re2_problem *problem, char *part, size_t room) BNC_NOEXCEPT;
void bnc_re2_free(struct bnc_regex *regex) BNC_NOEXCEPT;

/* Search; `groups` (0: none wanted) get their bytes, ptr NULL when not taken part. */
bool bnc_re2_match(const struct bnc_regex *regex, const char *text, size_t n,
                   struct bnc_bytes *groups, size_t n_groups) BNC_NOEXCEPT;

size_t bnc_re2_groups(const struct bnc_regex *regex) BNC_NOEXCEPT;

/* Instructions of the compiled program. */
size_t bnc_re2_size(const struct bnc_regex *regex) BNC_NOEXCEPT;

/* Number of the first group of that name from `from` on, -1 for none. */
int bnc_re2_group(const struct bnc_regex *regex, const char *name, size_t n,
                  int from) BNC_NOEXCEPT;

/* Bytes at the start of `text` that are letters, decimal digits or _ in Unicode. */
size_t bnc_re2_word(const char *text, size_t n) BNC_NOEXCEPT;

#ifdef __cplusplus
}
#endif

#endif
