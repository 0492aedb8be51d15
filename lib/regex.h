/*
 * Regular expressions in Go's dialect, anchored as Prometheus anchors them.
 * RE2 does the work behind a C wrapper.
 *
 * Where RE2 and Go's regexp differ, this is what happens:
 *   (?<name>x)    read as (?P<name>x), as Go 1.22 and later do
 *   \C            refused, as in Go (RE2 would match one byte)
 *   \pL{1,1000}   refused: it would need over 1 MiB (Go takes it)
 *   \p{greek}     refused: names are \p{Greek} (Go 1.25 and later take both)
 *   (?P<n\303\251>x)   refused, as in Go: group names are [A-Za-z0-9_]+
 */
#ifndef BNC_LIB_REGEX_H
#define BNC_LIB_REGEX_H

#include "lib/str.h"

#define BNC_REGEX_MAX        4096               /* bytes of a pattern */
#define BNC_REGEX_MEMORY_MAX ((int64_t)1 << 20) /* bytes of a compiled one */

struct bnc_regex; /* opaque */

/*
 * Would Prometheus take `^(?s:PATTERN)$`?
 * Errors: INVALID in words, with the place when it is known; TOO_BIG.
 */
enum bnc_code
bnc_regex_check(const char *pattern, size_t n, struct bnc_error *err) BNC_MUST_CHECK;

/*
 * The same for many expressions of one object, which may be written to cost all the time
 * there is: `*effort` (0 at first) is what they have cost together.  From
 * BNC_REGEX_EFFORT_MAX on nothing is compiled any more.  The same texts in the same order
 * give the same answers.
 * Errors: also TOO_BIG, when there is no effort left; it is said once: `err` has no
 *         message the next time.
 */
#define BNC_REGEX_EFFORT_MAX 400000 /* tenths of a microsecond, roughly: 40 ms */
enum bnc_code bnc_regex_check_within(const char *pattern, size_t n, size_t *effort,
                                     struct bnc_error *err) BNC_MUST_CHECK;

/*
 * Compile; NULL when the pattern is bad, `err` then says why.
 * Owns:   the caller; a few KB, at most about 1 MiB.
 * Errors: as bnc_regex_check().
 */
struct bnc_regex *bnc_regex_new(const char *pattern, size_t n, struct bnc_error *err);
void bnc_regex_free(struct bnc_regex *regex); /* NULL is ignored */
BNC_DEFINE_AUTO(bnc_regex);

/* True when the whole of `text` matches. */
bool bnc_regex_full_match(const struct bnc_regex *regex, const char *text, size_t n);

/*
 * On a match add `replacement` to `out`, in which $1, ${1}, $name, ${name} and $$
 * mean what they mean to Go's Regexp.Expand: an unknown group is empty, `$1x` is
 * the group "1x".  False without a match; `out` is untouched then.
 */
bool bnc_regex_expand(const struct bnc_regex *regex, const char *text, size_t n,
                      const char *replacement, struct bnc_str *out);

/* Number of groups that capture. */
size_t bnc_regex_groups(const struct bnc_regex *regex);

#endif
