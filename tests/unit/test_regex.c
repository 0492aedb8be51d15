#include "lib/regex.h"

#include <stdlib.h>

#include "tests/unit/test.h"

/* The verdict is that of Go 1.26 on ^(?s:PATTERN)$ unless a comment says so. */
static const struct {
    const char *pattern;
    enum bnc_code code;
    const char *message; /* NULL: the pattern is good */
    size_t groups;
} rows[] = {
    {"", BNC_OK, NULL, 0},
    {"a.b", BNC_OK, NULL, 0},
    {"(a|b)+", BNC_OK, NULL, 1},
    {"a||b", BNC_OK, NULL, 0},
    {"a)|(b", BNC_OK, NULL, 1}, /* it escapes from the anchors, there as here */
    {"^a$", BNC_OK, NULL, 0},
    {"(?i)a", BNC_OK, NULL, 0},
    {"(?i:get|post)", BNC_OK, NULL, 0},
    {"(?U)a+?", BNC_OK, NULL, 0},
    {"a*?b+?c??", BNC_OK, NULL, 0},
    {"(a*)*", BNC_OK, NULL, 1},
    {"a{2}b{3,}c{4,5}", BNC_OK, NULL, 0},
    {"a{1000}", BNC_OK, NULL, 0},
    {"a{,5}x{y}z{", BNC_OK, NULL, 0}, /* literal text */
    {"a{099999999999}", BNC_OK, NULL, 0},
    {"[]a][^]b][a-][-a][]-a]", BNC_OK, NULL, 0},
    {"[[:alpha:]][[:^digit:]_]", BNC_OK, NULL, 0},
    {"\\d\\D\\s\\S\\w\\W\\b\\B\\A\\z", BNC_OK, NULL, 0},
    {"\\pL\\p{Greek}\\P{Lu}\\p{^Lu}[\\pN]", BNC_OK, NULL, 0},
    {"\\x41\\x{10FFFF}\\012\\a\\f\\t\\n\\r\\v", BNC_OK, NULL, 0},
    {"\\.\\-\\_\\/\\<\\ ", BNC_OK, NULL, 0},
    {"\\Qa.b\\E\\Q\\E", BNC_OK, NULL, 0},
    {"\xe6\x97\xa5.*", BNC_OK, NULL, 0},
    {"__meta_kubernetes_(.+)", BNC_OK, NULL, 1},
    {"([^:]+)(?::\\d+)?;(\\d+)", BNC_OK, NULL, 2},

    /* what RE2 reads differently */
    {"(?P<n>x)(?<m_1>y)", BNC_OK, NULL, 2},
    {"[(?<n>]\\(?<n>", BNC_OK, NULL, 0},
    {"[[:alpha:](?<n>]", BNC_OK, NULL, 0},
    {"\\Q(?<n>\\E", BNC_OK, NULL, 0},
    {"\\\\C", BNC_OK, NULL, 0},
    {"\\Q\\C\\E", BNC_OK, NULL, 0},
    {"ab\\C", BNC_INVALID, "\\C (any byte) does not exist here, at character 3", 0},
    {"[\\C]", BNC_INVALID, "unknown escape: \"\\C\" at character 2", 0},
    {"x{99999999999}", BNC_INVALID,
     "a repetition may be at most 1000, the smaller number first, at character 2", 0},
    {"x{1,99999999999}", BNC_INVALID,
     "a repetition may be at most 1000, the smaller number first, at character 2", 0},
    {"(?P<\xc3\xa9>x)", BNC_INVALID,
     "bad group name; write (?P<name>...), at character 1", 0},
    {"\\pL{1,1000}", BNC_TOO_BIG, /* Go takes it */
     "the expression needs over 1 MiB; write a simpler one", 0},
    {"(\\p{L}\\s?){100}", BNC_TOO_BIG, /* Go takes it */
     "the expression needs over 1 MiB; write a simpler one", 0},
    {"a\\p{greek}", BNC_INVALID, /* Go 1.25 and later take it */
     "unknown class or backward range of characters: \"\\p{greek}\" at character 2", 0},
    {"a)\\Qb", BNC_INVALID, "\\Q without \\E, at character 3", 0}, /* Go takes it */

    /* what both refuse */
    {"(", BNC_INVALID, "a ( is not closed with )", 0},
    {"(a", BNC_INVALID, "a ( is not closed with )", 0},
    {"a)", BNC_INVALID, "a ) closes nothing; write \\) for the character", 0},
    {"[a", BNC_INVALID, "a [ is not closed with ]", 0},
    {"[]", BNC_INVALID, "a [ is not closed with ]", 0},
    {"a[z-b]", BNC_INVALID,
     "unknown class or backward range of characters: \"z-b\" at character 3", 0},
    {"[[:foo:]]", BNC_INVALID,
     "unknown class or backward range of characters: \"[:foo:]\" at character 2", 0},
    {"*", BNC_INVALID, "nothing to repeat; write \\* for the character", 0},
    {"a|*b", BNC_INVALID,
     "nothing to repeat; write \\* for the character: \"*\" at character 3", 0},
    {"a**", BNC_INVALID, "a repetition of a repetition: \"**\" at character 2", 0},
    {"a*+", BNC_INVALID, "a repetition of a repetition: \"*+\" at character 2", 0},
    {"\xc3\xa9\xc3\xa9"
     "a{2}{3}",
     BNC_INVALID, "a repetition of a repetition: \"{2}{3}\" at character 4", 0},
    {"a{1001}", BNC_INVALID,
     "a repetition may be at most 1000, the smaller number first: \"{1001}\" at "
     "character 2",
     0},
    {"a{2,1}", BNC_INVALID,
     "a repetition may be at most 1000, the smaller number first: \"{2,1}\" at character "
     "2",
     0},
    {"(a{100}){11}", BNC_INVALID,
     "a repetition may be at most 1000, the smaller number first: \"{11}\" at character "
     "9",
     0},
    {"a(?=b)", BNC_INVALID,
     "no such group; lookahead and lookbehind do not exist here: \"(?=\" at character 2",
     0},
    {"a(?<=b)", BNC_INVALID,
     "no such group; lookahead and lookbehind do not exist here, at character 2", 0},
    {"(?<!b)", BNC_INVALID,
     "no such group; lookahead and lookbehind do not exist here, at character 1", 0},
    {"(?P=n)", BNC_INVALID,
     "no such group; lookahead and lookbehind do not exist here: \"(?P\" at character 1",
     0},
    {"(?x)a", BNC_INVALID,
     "no such group; lookahead and lookbehind do not exist here: \"(?x\" at character 1",
     0},
    {"(?<>a)", BNC_INVALID, "bad group name; write (?P<name>...), at character 1", 0},
    {"(?<n", BNC_INVALID, "bad group name; write (?P<name>...), at character 1", 0},
    {"(?<n>x)|(?P<n>y)", BNC_OK, NULL, 2},
    {"a\\", BNC_INVALID,
     "a \\ stands at the end; write \\\\ for the character, at character 2", 0},
    {"a\\1", BNC_INVALID, "unknown escape: \"\\1\" at character 2", 0},
    {"a\\Z", BNC_INVALID, "unknown escape: \"\\Z\" at character 2", 0},
    {"a\\h\\h", BNC_INVALID, "unknown escape: \"\\h\"", 0},
    {"\\Qa", BNC_INVALID, "\\Q without \\E, at character 1", 0},
    {"\xff", BNC_INVALID, "the expression is not UTF-8 text", 0},
};

TEST(verdicts)
{
    for (size_t i = 0; i < BNC_LEN(rows); i++) {
        struct bnc_error err = {0};
        size_t n = strlen(rows[i].pattern);
        char *copy = malloc(n + (n == 0)); /* no NUL behind it */
        memcpy(copy, rows[i].pattern, n);

        bnc_test_row(rows[i].pattern);
        CHECK_INT(bnc_regex_check(copy, n, &err), rows[i].code);
        CHECK_STR(err.message, rows[i].message == NULL ? "" : rows[i].message);
        BNC_AUTO(bnc_regex) regex = bnc_regex_new(copy, n, &err);
        free(copy);
        CHECK_INT(regex != NULL, rows[i].code == BNC_OK);
        if (regex != NULL) {
            CHECK_INT(bnc_regex_groups(regex), rows[i].groups);
        }
    }
}

TEST(length)
{
    char pattern[BNC_REGEX_MAX + 1];
    struct bnc_error err = {0};
    memset(pattern, 'a', sizeof(pattern));
    CHECK_INT(bnc_regex_check(pattern, BNC_REGEX_MAX, &err), BNC_OK);
    CHECK_INT(bnc_regex_check(pattern, BNC_REGEX_MAX + 1, &err), BNC_TOO_BIG);
    CHECK_STR(err.message, "the expression is over 4096 bytes");
    CHECK_INT(bnc_regex_check("a\0b", 3, &err), BNC_INVALID);

    /* Groups that each grow by one byte when they are rewritten. */
    memset(pattern, '(', sizeof(pattern));
    CHECK_INT(bnc_regex_check(pattern, BNC_REGEX_MAX, &err), BNC_INVALID);
    for (size_t i = 0; i < BNC_REGEX_MAX; i++) {
        pattern[i] = "(?<a"[i % 4];
    }
    CHECK_INT(bnc_regex_check(pattern, BNC_REGEX_MAX, &err), BNC_INVALID);
}

static const struct {
    const char *pattern;
    const char *text;
    bool match;
} matches[] = {
    {"a", "a", true},
    {"a", "ab", false},
    {"a", "ba", false},
    {"", "", true},
    {"", "a", false},
    {"a|ab", "ab", true},
    {".*", "a\nb", true}, /* . is any character */
    {"a$", "a\n", false},
    {"(?m)a$.b", "a\nb", true},
    {"a)|(b", "ax", true},
    {"(?i)ABC", "abc", true},
    {"\\d+", "12", true},
    {"\\w", "\xc3\xa9", false},
    {".", "\xc3\xa9", true},
    {"(?<x>a)b", "ab", true},
    {"[(?<x>]+", "<x?(", true},
    {"[(?<x>]+", "P", false}, /* nothing was put into the brackets */
    {"\\Q(?<x>\\E", "(?<x>", true},
};

TEST(full_match)
{
    for (size_t i = 0; i < BNC_LEN(matches); i++) {
        struct bnc_error err = {0};
        bnc_test_row(matches[i].pattern);
        BNC_AUTO(bnc_regex)
        regex = bnc_regex_new(matches[i].pattern, strlen(matches[i].pattern), &err);
        CHECK(regex != NULL);
        CHECK_INT(bnc_regex_full_match(regex, matches[i].text, strlen(matches[i].text)),
                  matches[i].match);
    }
}

/* As Go 1.26: re.ExpandString(nil, template, text, re.FindStringSubmatchIndex(text)) */
static const struct {
    const char *pattern;
    const char *text;
    const char *replacement;
    const char *want; /* NULL: no match */
} expansions[] = {
    {"(.+):(\\d+)", "host:80", "$1:9090", "host:9090"},
    {"(.+):(\\d+)", "host:80", "${1}x$2", "hostx80"},
    {"(.+):(\\d+)", "host:80", "$1x", ""},
    {"(.+):(\\d+)", "host:80", "$0", "host:80"},
    {"(.+):(\\d+)", "host:80", "$3$9", ""},
    {"(.+):(\\d+)", "host:80", "$$1", "$1"},
    {"(.+):(\\d+)", "host:80", "$", "$"},
    {"(.+):(\\d+)", "host:80", "a$-b", "a$-b"},
    {"(.+):(\\d+)", "host:80", "${1", "${1"},
    {"(.+):(\\d+)", "host:80", "${}", "${}"},
    {"(.+):(\\d+)", "host:80", "${1}}", "host}"},
    {"(.+):(\\d+)", "host:80", "$01", ""},
    {"(.+):(\\d+)", "host:80", "$999999999999", ""},
    {"(.+):(\\d+)", "host:80", "plain", "plain"},
    {"(.+):(\\d+)", "host:80", "", ""},
    {"(.+):(\\d+)", "host", "$1", NULL},
    {"(?P<a>x)(?<b>y)", "xy", "$b$a", "yx"},
    {"(?P<a>x)(?<b>y)", "xy", "${b}_$a_", "y_"},
    {"(?P<a>x)(?<b>y)", "xy", "$c", ""},
    {"(?P<a>x)", "x", "$a\xc3\xa9", ""},
    {"(?P<a>x)", "x", "$a\xe2\x86\x92", "x\xe2\x86\x92"},
    {"(a)|(b)", "b", "<$1$2>", "<b>"},
    {"(?P<n>a)|(?<n>b)", "b", "<$n>", "<b>"},
    {"(?P<n>a)(?<n>b)", "ab", "<$n>", "<a>"},
    {"(a?)b", "b", "<$1>", "<>"},
    {"()", "", "<$1>", "<>"},
};

TEST(expand)
{
    for (size_t i = 0; i < BNC_LEN(expansions); i++) {
        struct bnc_error err = {0};
        struct bnc_str out = bnc_str_new(NULL, 1000);
        bnc_test_row(expansions[i].replacement);
        BNC_AUTO(bnc_regex)
        regex = bnc_regex_new(expansions[i].pattern, strlen(expansions[i].pattern), &err);
        CHECK(regex != NULL);
        bnc_str_puts(&out, "=");
        CHECK_INT(bnc_regex_expand(regex, expansions[i].text, strlen(expansions[i].text),
                                   expansions[i].replacement, &out),
                  expansions[i].want != NULL);
        CHECK_STR(out.ptr + 1, expansions[i].want == NULL ? "" : expansions[i].want);
        bnc_str_free(&out);
    }
    bnc_regex_free(NULL);
}

/* An object may be written to cost all the time there is. */
TEST(effort_is_limited)
{
    static const struct {
        const char *pattern;
        size_t most; /* compiled, of 10 000 */
        size_t least;
    } costs[] = {
        {"a{1,1000}", 30, 10},
        {"[^x]{1,1000}", 10, 2},
        {"\\pL{1,1000}", 10, 2},
        {"(foo|bar)_.+_total", 10000, 2000},
    };
    for (size_t i = 0; i < BNC_LEN(costs); i++) {
        size_t effort = 0;
        size_t compiled = 0;
        struct bnc_error err = {0};
        bnc_row = costs[i].pattern;
        for (size_t k = 0; k < 10000; k++) {
            size_t before = effort;
            enum bnc_code code = bnc_regex_check_within(
                costs[i].pattern, strlen(costs[i].pattern), &effort, &err);
            compiled += effort > before;
            CHECK(effort > before || code == BNC_TOO_BIG);
        }
        CHECK(compiled <= costs[i].most && compiled >= costs[i].least);
    }
}

RUN_TESTS(verdicts, length, full_match, expand, effort_is_limited)
