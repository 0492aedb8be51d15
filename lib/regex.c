#define _GNU_SOURCE /* memmem */
#include "lib/regex.h"

#include <assert.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "lib/clip.h"
#include "lib/regex_re2.h"

#define BEFORE "^(?s:"
#define AFTER  ")$"

/*
 * What compiling costs, in tenths of a microsecond, as it was measured: of any
 * expression, for an instruction of its program, for one where something is repeated so
 * often, and of an expression that is given up at BNC_REGEX_MEMORY_MAX.
 */
#define COST_ANY      50
#define COST_REPEATED 10
#define MANY_REPEATS  16
#define COST_TOO_BIG  70000
#define SAID          SIZE_MAX /* that nothing is left */

static const char *const problems[] = {
    [BNC_RE2_OK] = "no problem",
    [BNC_RE2_ESCAPE] = "unknown escape",
    [BNC_RE2_CLASS] = "bad character class",
    [BNC_RE2_RANGE] = "unknown class or backward range of characters",
    [BNC_RE2_BRACKET] = "a [ is not closed with ]",
    [BNC_RE2_OPEN_PAREN] = "a ( is not closed with )",
    [BNC_RE2_CLOSE_PAREN] = "a ) closes nothing; write \\) for the character",
    [BNC_RE2_BACKSLASH] = "a \\ stands at the end; write \\\\ for the character",
    [BNC_RE2_NOTHING_TO_REPEAT] = "nothing to repeat; write \\* for the character",
    [BNC_RE2_REPEAT_SIZE] = "a repetition may be at most 1000, the smaller number first",
    [BNC_RE2_REPEAT_TWICE] = "a repetition of a repetition",
    [BNC_RE2_PERL] = "no such group; lookahead and lookbehind do not exist here",
    [BNC_RE2_UTF8] = "not UTF-8",
    [BNC_RE2_GROUP_NAME] = "bad group name; write (?P<name>...)",
    [BNC_RE2_TOO_LARGE] = "the expression needs over 1 MiB; write a simpler one",
    [BNC_RE2_OTHER] = "not a regular expression",
};
static_assert(BNC_LEN(problems) == BNC_RE2_PROBLEM_COUNT, "every problem needs words");

/* Walks over a pattern and writes what RE2 gets. */
struct rewrite {
    const char *pattern;
    size_t n;
    size_t at;
    struct bnc_str *out;
    struct bnc_error *err;
};

static bool
looking_at(const struct rewrite *w, const char *text)
{
    size_t length = strlen(text);
    return w->n - w->at >= length && memcmp(w->pattern + w->at, text, length) == 0;
}

static void
copy(struct rewrite *w, size_t n)
{
    if (n > w->n - w->at) {
        n = w->n - w->at;
    }
    bnc_str_add(w->out, w->pattern + w->at, n);
    w->at += n;
}

/* Characters from the start of the pattern, counted from 1. */
static size_t
character(const char *pattern, size_t offset)
{
    size_t count = 1;
    for (size_t i = 0; i < offset; i++) {
        count += ((unsigned char)pattern[i] & 0xc0) != 0x80;
    }
    return count;
}

static enum bnc_code
fail_here(const struct rewrite *w, const char *what)
{
    return bnc_fail(w->err, BNC_INVALID, "%s, at character %zu", what,
                    character(w->pattern, w->at));
}

/* From [ to its ]: nothing in between is a group. */
static void
copy_class(struct rewrite *w)
{
    copy(w, 1);
    if (looking_at(w, "^")) {
        copy(w, 1);
    }
    if (looking_at(w, "]")) {
        copy(w, 1); /* the first one is a character */
    }
    while (w->at < w->n && !looking_at(w, "]")) {
        const char *end = looking_at(w, "[:")
                              ? memmem(w->pattern + w->at + 2, w->n - w->at - 2, ":]", 2)
                              : NULL;
        if (end != NULL) {
            copy(w, (size_t)(end - w->pattern) + 2 - w->at);
        } else {
            copy(w, looking_at(w, "\\") ? 2 : 1);
        }
    }
    copy(w, 1);
}

/* From \Q to \E; without that it would swallow what anchors the pattern. */
static enum bnc_code
copy_quoted(struct rewrite *w)
{
    const char *end = memmem(w->pattern + w->at, w->n - w->at, "\\E", 2);
    if (end == NULL) {
        return fail_here(w, "\\Q without \\E");
    }
    copy(w, (size_t)(end - w->pattern) + 2 - w->at);
    return BNC_OK;
}

/* Length of the digits at `at`; a number with a leading zero is none. */
static size_t
count_length(const struct rewrite *w, size_t at)
{
    size_t n = 0;
    while (at + n < w->n && isdigit((unsigned char)w->pattern[at + n]) != 0) {
        n++;
    }
    return n > 1 && w->pattern[at] == '0' ? 0 : n;
}

/* {99999999999}: too large a number makes it literal text for RE2, not for Go. */
static enum bnc_code
copy_repeat(struct rewrite *w)
{
    size_t at = w->at + 1;
    size_t low = count_length(w, at);
    size_t high = 0;
    at += low;
    if (low > 0 && at < w->n && w->pattern[at] == ',') {
        high = count_length(w, at + 1);
        at += 1 + high;
    }
    bool closed = low > 0 && at < w->n && w->pattern[at] == '}';
    if (closed && (low > 8 || high > 8)) {
        return fail_here(w, problems[BNC_RE2_REPEAT_SIZE]);
    }
    copy(w, 1);
    return BNC_OK;
}

/* (?P<name> and (?<name>: RE2 of 2022 knows only the first, and more names. */
static enum bnc_code
copy_group_name(struct rewrite *w)
{
    size_t skip = looking_at(w, "(?P<") ? 4 : 3;
    size_t at = w->at + skip;
    size_t start = at;
    while (at < w->n &&
           (isalnum((unsigned char)w->pattern[at]) != 0 || w->pattern[at] == '_')) {
        at++;
    }
    if (skip == 3 && at == start && at < w->n && strchr("=!", w->pattern[at]) != NULL) {
        return fail_here(w, problems[BNC_RE2_PERL]);
    }
    if (at == start || at == w->n || w->pattern[at] != '>') {
        return fail_here(w, problems[BNC_RE2_GROUP_NAME]);
    }
    bnc_str_puts(w->out, "(?P<");
    w->at = start;
    copy(w, at + 1 - start);
    return BNC_OK;
}

/* What starts with a backslash, outside of brackets. */
static enum bnc_code
copy_escape(struct rewrite *w)
{
    if (looking_at(w, "\\C")) {
        return fail_here(w, "\\C (any byte) does not exist here");
    }
    if (looking_at(w, "\\Q")) {
        return copy_quoted(w);
    }
    if (w->at + 1 == w->n) {
        return fail_here(w, problems[BNC_RE2_BACKSLASH]);
    }
    copy(w, 2);
    return BNC_OK;
}

static enum bnc_code
copy_next(struct rewrite *w)
{
    switch (w->pattern[w->at]) {
    case '\\':
        return copy_escape(w);
    case '{':
        return copy_repeat(w);
    case '(':
        if (looking_at(w, "(?P<") || looking_at(w, "(?<")) {
            return copy_group_name(w);
        }
        copy(w, 1);
        return BNC_OK;
    case '[':
        copy_class(w);
        return BNC_OK;
    default:
        copy(w, 1);
        return BNC_OK;
    }
}

static enum bnc_code
rewrite(struct rewrite *w)
{
    bnc_str_puts(w->out, BEFORE);
    while (w->at < w->n) {
        if (copy_next(w)) {
            return w->err->code;
        }
    }
    bnc_str_puts(w->out, AFTER);
    return BNC_OK;
}

/* RE2 names the part, not its place: say the place when the part is there once. */
static void
fail_compile(const char *pattern, size_t n, enum bnc_re2_problem problem,
             const char *part, struct bnc_error *err)
{
    enum bnc_code code = problem == BNC_RE2_TOO_LARGE ? BNC_TOO_BIG : BNC_INVALID;
    size_t length = strlen(part);
    const char *first = length == 0 ? NULL : memmem(pattern, n, part, length);
    if (first == NULL || length == n) {
        (void)bnc_fail(err, code, "%s", problems[problem]);
        return;
    }
    size_t left = n - (size_t)(first - pattern) - 1;
    if (memmem(first + 1, left, part, length) != NULL) {
        (void)bnc_fail(err, code, "%s: \"%.*s\"", problems[problem], bnc_clip(part, 60),
                       part);
        return;
    }
    (void)bnc_fail(err, code, "%s: \"%.*s\" at character %zu", problems[problem],
                   bnc_clip(part, 60), part,
                   character(pattern, (size_t)(first - pattern)));
}

static struct bnc_regex *
compile(const char *pattern, size_t n, struct bnc_str *text, struct bnc_error *err)
{
    struct rewrite w = {.pattern = pattern, .n = n, .out = text, .err = err};
    if (rewrite(&w)) {
        return NULL;
    }
    char part[256] = "";
    enum bnc_re2_problem problem = BNC_RE2_OTHER;
    struct bnc_regex *regex = bnc_re2_new(text->ptr, text->len, BNC_REGEX_MEMORY_MAX,
                                          &problem, part, sizeof(part));
    if (regex == NULL) {
        fail_compile(pattern, n, problem, part, err);
    }
    return regex;
}

struct bnc_regex *
bnc_regex_new(const char *pattern, size_t n, struct bnc_error *err)
{
    if (n > BNC_REGEX_MAX) {
        (void)bnc_fail(err, BNC_TOO_BIG, "the expression is over %d bytes",
                       BNC_REGEX_MAX);
        return NULL;
    }
    if (memchr(pattern, '\0', n) != NULL || !bnc_utf8_valid(pattern, n)) {
        (void)bnc_fail(err, BNC_INVALID, "the expression is not UTF-8 text");
        return NULL;
    }
    /* Rewriting a name adds one byte for at least five. */
    struct bnc_str text = bnc_str_new(NULL, (size_t)2 * BNC_REGEX_MAX);
    struct bnc_regex *regex = compile(pattern, n, &text, err);
    bnc_str_free(&text);
    return regex;
}

void
bnc_regex_free(struct bnc_regex *regex)
{
    bnc_re2_free(regex);
}

enum bnc_code
bnc_regex_check(const char *pattern, size_t n, struct bnc_error *err)
{
    BNC_AUTO(bnc_regex) regex = bnc_regex_new(pattern, n, err);
    return regex == NULL ? err->code : BNC_OK;
}

/* True when some {n,m} repeats often. */
static bool
repeats(const char *pattern, size_t n)
{
    unsigned number = 0;
    bool inside = false;
    for (size_t i = 0; i < n; i++) {
        bool digit = pattern[i] >= '0' && pattern[i] <= '9';
        inside = pattern[i] == '{' || (inside && (digit || pattern[i] == ','));
        number = inside && digit ? number * 10 + (unsigned)(pattern[i] - '0') : 0;
        if (number >= MANY_REPEATS) {
            return true;
        }
    }
    return false;
}

enum bnc_code
bnc_regex_check_within(const char *pattern, size_t n, size_t *effort,
                       struct bnc_error *err)
{
    if (*effort == SAID) {
        *err = (struct bnc_error){.code = BNC_TOO_BIG};
        return BNC_TOO_BIG;
    }
    if (*effort >= BNC_REGEX_EFFORT_MAX) {
        *effort = SAID;
        return bnc_fail(err, BNC_TOO_BIG,
                        "the expressions of this object take too long to check; use "
                        "fewer of them, or no repetitions like {1,%d}",
                        MANY_REPEATS);
    }
    BNC_AUTO(bnc_regex) regex = bnc_regex_new(pattern, n, err);
    if (regex != NULL) {
        size_t each = repeats(pattern, n) ? COST_REPEATED : 1;
        *effort += COST_ANY + each * bnc_re2_size(regex);
        return BNC_OK;
    }
    *effort += err->code == BNC_TOO_BIG ? COST_TOO_BIG : COST_ANY + n;
    return err->code;
}

bool
bnc_regex_full_match(const struct bnc_regex *regex, const char *text, size_t n)
{
    return bnc_re2_match(regex, text, n, NULL, 0); /* the pattern itself is anchored */
}

size_t
bnc_regex_groups(const struct bnc_regex *regex)
{
    return bnc_re2_groups(regex);
}

/* Length of a group's name at `s`, in Go any letters, digits and _. */
static size_t
name_length(const char *s)
{
    size_t n = 0;
    while (isalnum((unsigned char)s[n]) != 0 || s[n] == '_') {
        n++;
    }
    return (unsigned char)s[n] < 0x80 ? n : bnc_re2_word(s, strlen(s));
}

/* What a match has found: the groups by number. */
struct found {
    const struct bnc_regex *regex;
    const struct bnc_bytes *groups;
    size_t n;
};

/* The number that the text is: no leading zeros, not too large; else false. */
static bool
read_number(const char *text, size_t n, size_t *number)
{
    *number = 0;
    for (size_t i = 0; i < n; i++) {
        if (isdigit((unsigned char)text[i]) == 0 || *number >= 100000000) {
            return false;
        }
        *number = *number * 10 + (size_t)(text[i] - '0');
    }
    return text[0] != '0' || n == 1;
}

static void
add_group(const struct found *found, const char *name, size_t n, struct bnc_str *out)
{
    size_t number = 0;
    if (!read_number(name, n, &number)) {
        /* Of groups with one name the first counts that took part. */
        int at = bnc_re2_group(found->regex, name, n, 0);
        while (at >= 0 && found->groups[at].ptr == NULL) {
            at = bnc_re2_group(found->regex, name, n, at + 1);
        }
        if (at < 0) {
            return;
        }
        number = (size_t)at;
    }
    if (number < found->n && found->groups[number].ptr != NULL) {
        bnc_str_add(out, found->groups[number].ptr, found->groups[number].len);
    }
}

/* What stands behind a $; false when that is just a character. */
static bool
take_reference(const char **at, const char **name, size_t *length)
{
    const char *s = *at;
    bool brace = *s == '{';
    s += brace;
    *length = name_length(s);
    *name = s;
    s += *length;
    if (*length == 0 || (brace && *s != '}')) {
        return false;
    }
    *at = s + brace;
    return true;
}

static void
fill_in(const struct found *found, const char *replacement, struct bnc_str *out)
{
    const char *s = replacement;
    for (;;) {
        size_t literal = strcspn(s, "$");
        bnc_str_add(out, s, literal);
        s += literal;
        if (*s == '\0') {
            return;
        }
        s++; /* the $ */
        const char *name = NULL;
        size_t length = 0;
        if (*s != '$' && take_reference(&s, &name, &length)) {
            add_group(found, name, length, out);
        } else {
            bnc_str_putc(out, '$');
            s += *s == '$';
        }
    }
}

bool
bnc_regex_expand(const struct bnc_regex *regex, const char *text, size_t n,
                 const char *replacement, struct bnc_str *out)
{
    size_t count = bnc_re2_groups(regex) + 1;
    struct bnc_bytes *groups = bnc_alloc(count * sizeof(*groups));
    bool matched = bnc_re2_match(regex, text, n, groups, count);
    if (matched) {
        const struct found found = {.regex = regex, .groups = groups, .n = count};
        fill_in(&found, replacement, out);
    }
    free(groups);
    return matched;
}
