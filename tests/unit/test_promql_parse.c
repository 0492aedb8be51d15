/*
 * PromQL expressions that are refused, with the place and the words; caps; releases and
 * feature flags.  What is taken is compared with the real parser:
 * tests/promql/differential.
 */
#include "promql/functions.h"
#include "promql/promql.h"
#include "promql/words.h"
#include "tests/unit/test.h"

static const struct bnc_promql_options plain = {0};
static const struct bnc_promql_options everything = {.experimental_functions = true,
                                                     .fill_modifiers = true,
                                                     .experimental_duration_expr = true,
                                                     .extended_range_selectors = true};

static struct bnc_bytes
bytes_of(const char *text)
{
    return (struct bnc_bytes){text, strlen(text)};
}

static const char *
message_of(const char *text, const struct bnc_promql_options *options,
           struct bnc_arena *arena)
{
    struct bnc_promql_problem problem = {0};
    bool good = bnc_promql_parse(bytes_of(text), options, arena, &problem) != NULL;
    CHECK(good == (problem.message == NULL));
    return good ? "taken" : problem.message;
}

TEST(messages)
{
    static const struct {
        const char *text;
        const char *want;
    } rows[] = {
        {"", "line 1, column 1: the expression is empty"},
        {" \n # none", "line 2, column 8: the expression is empty"},
        {"a +\n  # b )\n  c d", "line 3, column 5: unexpected \"d\" after \"c\""},
        {"\"日本\" x", "line 1, column 6: unexpected \"x\" after \"\"日本\"\""},
        {"sum(rate(a[5m])", "line 1, column 4: \"(\" is not closed"},
        {"a)", "line 1, column 2: unexpected \")\" after \"a\""},
        {"a = 1", "line 1, column 3: unexpected \"=\" after \"a\""},
        {"a =~ \"b\"", "line 1, column 3: \"=~\" between values: regular expressions are "
                       "for labels"},
        {"a ! b", "line 1, column 3: \"!\" is no operator"},
        {"a $ b", "line 1, column 3: unexpected character \"$\""},
        {"a + * b", "line 1, column 5: unexpected \"*\" where a value belongs"},
        {"up(1)", "line 1, column 1: there is no function \"up\""},
        {"Rate(a[5m])", "line 1, column 1: there is no function \"Rate\""},
        {"rate(a)", "line 1, column 6: rate takes a range vector, not an instant vector"},
        {"rate(a[5m], 1)", "line 1, column 1: rate takes 1 argument, not 2"},
        {"round()", "line 1, column 1: round takes at least 1 argument, not 0"},
        {"round(a, 1, 2)", "line 1, column 1: round takes at most 2 arguments, not 3"},
        {"label_join(a, 1)",
         "line 1, column 1: label_join takes at least 3 arguments, not 2"},
        {"abs(a,)", "line 1, column 7: unexpected \")\" after \",\""},
        {"sum()", "line 1, column 1: sum takes 1 argument, not 0"},
        {"topk(a)", "line 1, column 1: topk takes 2 arguments, not 1"},
        {"topk(a, a)", "line 1, column 6: the parameter of topk takes a scalar, not an "
                       "instant vector"},
        {"count_values(1, a)",
         "line 1, column 14: the parameter of count_values takes a string, not a scalar"},
        {"sum(1)", "line 1, column 5: sum takes an instant vector, not a scalar"},
        {"sum by (1) (a)",
         "line 1, column 9: unexpected \"1\" where the name of a label belongs"},
        {"sum by (without) (a)",
         "line 1, column 9: unexpected \"without\" where the name of a label belongs"},
        {"sum by (\"\") (a)", "line 1, column 9: \"\" is no name of a label"},
        {"sum by (a) a", "line 1, column 12: unexpected \"a\" where \"(\" belongs"},
        {"1 > 2", "line 1, column 3: a comparison of two scalars needs bool"},
        {"a + bool b", "line 1, column 3: bool goes with comparisons only, not with +"},
        {"a[5m] + 1", "line 1, column 1: the operator + takes scalars and instant "
                      "vectors, not a range vector"},
        {"a and 1",
         "line 1, column 3: the operator and needs an instant vector on both sides"},
        {"a + on (x) 1",
         "line 1, column 3: on (...) needs an instant vector on both sides"},
        {"a and on (x) group_left b",
         "line 1, column 3: group_left does not go with the operator and"},
        {"a * on (x) group_left (x) b",
         "line 1, column 3: a label stands in on (...) and in the group modifier"},
        {"{}", "line 1, column 1: the selector takes every series"},
        {"{a=\"\", b=~\".*\"}", "line 1, column 1: the selector takes every series"},
        {"x{__name__=\"y\"}",
         "line 1, column 1: the metric has a name before the braces and one in them"},
        {"a{b}", "line 1, column 4: unexpected \"}\" after the name of a label"},
        {"a{b=c}",
         "line 1, column 5: unexpected \"c\" where the value of a label belongs"},
        {"a{b=\"c\" d=\"e\"}",
         "line 1, column 9: unexpected \"d\" after the value of a label"},
        {"a{b=~\"x(\"}",
         "line 1, column 6: no regular expression: a ( is not closed with )"},
        {"a{b==\"c\"}", "line 1, column 4: \"==\" between braces"},
        {"sum by (a", "line 1, column 8: \"(\" is not closed"},
        {"(a", "line 1, column 1: \"(\" is not closed"},
        {"a{1=\"b\"}", "line 1, column 3: \"1\" between braces"},
        {"a{b=\"c}", "line 1, column 5: the string \"c} is not closed"},
        {"\"\\z\"", "line 1, column 2: \"\\z\" is no escape"},
        {"\"\\x4\"", "line 1, column 2: an escape has 2 digits"},
        {"\"\\ud800\"", "line 1, column 2: an escape that stands for no character"},
        {"'\xff'", "line 1, column 2: a string that is not UTF-8"},
        {"a[5]]", "line 1, column 5: unexpected \"]\" after \"]\""},
        {"a[x]", "line 1, column 3: \"x\" is no duration"},
        {"a[0]", "line 1, column 3: a range must be longer than 0"},
        {"a[5m", "line 1, column 2: \"[\" is not closed"},
        {"a[5m:1m", "line 1, column 2: \"[\" is not closed"},
        {"a[5m/0]", "line 1, column 5: a duration is divided by zero"},
        {"a[293y]", "line 1, column 3: \"293y\" is a duration of over 292 years"},
        {"a[1m5h]", "line 1, column 3: \"1m5h\" is no duration; write each unit once and "
                    "the largest first, as in 1h30m"},
        {"sum(a)[5m]", "line 1, column 7: only a selector may have a range"},
        {"a offset 1m [5m]", "line 1, column 13: offset stands before the range"},
        {"a @ 1 [5m]", "line 1, column 7: @ stands before the range"},
        {"1[5m:]", "line 1, column 2: a subquery is made of an instant vector, not of a "
                   "scalar"},
        {"sum(a) offset 5m",
         "line 1, column 8: offset goes behind a selector, a range or "
         "a subquery only"},
        {"a offset 1m offset 2m", "line 1, column 13: offset is given twice"},
        {"a offset -x", "line 1, column 11: unexpected \"x\" where a duration belongs"},
        {"a offset", "line 1, column 9: the expression ends where a duration belongs"},
        {"a @ 1 @ 2", "line 1, column 7: @ is given twice"},
        {"a @ x", "line 1, column 5: unexpected \"x\" where a time belongs"},
        {"a @ Inf", "line 1, column 5: there is no such time"},
        {"a anchored smoothed",
         "line 1, column 12: a selector is either anchored or smoothed"},
        {"info(a, b)", "line 1, column 9: the second argument of info is a selector "
                       "without a name"},
        {"- \"x\"", "line 1, column 1: a sign goes before a scalar or an instant vector, "
                    "not before a string"},
        {"0x1g", "line 1, column 1: \"0x1g\" is neither a number nor a duration"},
        {"1e999", "line 1, column 1: \"1e999\" is no number"},
        {"5x", "line 1, column 1: \"5x\" is neither a number nor a duration"},
        {"a\x01", "line 1, column 2: unexpected character \"?\""},
        {"on (a)", "line 1, column 1: unexpected \"on\" where a value belongs"},
    };
    struct bnc_arena *arena = bnc_arena_new();
    for (size_t i = 0; i < BNC_LEN(rows); i++) {
        bnc_test_row(rows[i].text);
        CHECK_STR(message_of(rows[i].text, &everything, arena), rows[i].want);
    }
    bnc_arena_free(arena);
}

TEST(remedies)
{
    static const struct {
        const char *text;
        const char *want;
        size_t start;
        size_t end;
    } rows[] = {
        {"sum(rate(up))", "add a range, as in [5m]", 9, 11},
        {"rate(sum(a))", "make a subquery of it, as in [1h:5m]", 5, 11},
        {"abs(a[5m])", "take the range out, or put a function such as rate() around it",
         4, 9},
        {"vector(up)", "put scalar() around it", 7, 9},
        {"1 == 2", "write == bool", 2, 4},
        {"x = 2", "write == to compare", 2, 3},
        {"limitk(1, a)",
         "run Prometheus with --enable-feature=promql-experimental-functions", 0, 6},
        {"a + fill (1) b",
         "run Prometheus with --enable-feature=promql-binop-fill-modifiers", 4, 8},
        {"RATE(a[5m])", "write rate", 0, 4},
        {"histogram_quantil(0.9, a)", "write histogram_quantile", 0, 17},
        {"a{b=~\"\\x01(?\\x01)\"}", NULL, 5, 18},
    };
    struct bnc_arena *arena = bnc_arena_new();
    for (size_t i = 0; i < BNC_LEN(rows); i++) {
        struct bnc_promql_problem problem = {0};
        bnc_test_row(rows[i].text);
        CHECK(bnc_promql_parse(bytes_of(rows[i].text), &plain, arena, &problem) == NULL);
        CHECK_STR(problem.remedy, rows[i].want);
        CHECK(strchr(problem.message, '\x01') == NULL);
        CHECK_INT(problem.start, rows[i].start);
        CHECK_INT(problem.end, rows[i].end);
    }
    bnc_arena_free(arena);
}

/* `before` n times, a metric, `after` n times. */
static const char *
nested(struct bnc_arena *arena, const char *before, const char *after, size_t n)
{
    struct bnc_str text = bnc_str_new(arena, BNC_PROMQL_TEXT_MAX * 2);
    for (size_t i = 0; i < n; i++) {
        bnc_str_puts(&text, before);
    }
    bnc_str_puts(&text, "a");
    for (size_t i = 0; i < n; i++) {
        bnc_str_puts(&text, after);
    }
    return text.ptr;
}

TEST(depth)
{
    static const struct {
        const char *before;
        const char *after;
    } rows[] = {{"(", ")"}, {"abs(", ")"}, {"sum by (x) (", ")"},
                {"- ", ""}, {"a ^ ", ""},  {"topk(1, ", ")"},
                {"a[(", ""}};
    struct bnc_arena *arena = bnc_arena_new();
    for (size_t i = 0; i < BNC_LEN(rows); i++) {
        const char *deep =
            nested(arena, rows[i].before, rows[i].after, BNC_PROMQL_DEPTH_MAX);
        const char *deeper =
            nested(arena, rows[i].before, rows[i].after, BNC_PROMQL_DEPTH_MAX + 1);
        bnc_test_row(rows[i].before);
        if (rows[i].after[0] != '\0' || rows[i].before[1] == ' ') {
            CHECK_STR(message_of(deep, &plain, arena), "taken");
            CHECK(strstr(message_of(deeper, &plain, arena), "more than 200 deep") !=
                  NULL);
        } else { /* refused anyway; it must not go down without an end */
            CHECK(bnc_str_starts(message_of(deeper, &plain, arena), "line 1, column "));
        }
    }
    const char *durations =
        bnc_arena_fmt(arena, "x[%s", nested(arena, "(-", "", BNC_PROMQL_DEPTH_MAX));
    CHECK(strstr(message_of(durations, &plain, arena), "more than 200 deep") != NULL);
    bnc_arena_free(arena);
}

/* Chains are no depth: 13 000 operands, as many labels and arguments. */
TEST(length)
{
    struct bnc_arena *arena = bnc_arena_new();
    CHECK_STR(message_of(nested(arena, "a + ", "", 13000), &plain, arena), "taken");
    CHECK_STR(message_of(nested(arena, "a or ", "", 13000), &plain, arena), "taken");
    const char *long_text = nested(arena, "a + ", "", BNC_PROMQL_TEXT_MAX / 4);
    CHECK_STR(message_of(long_text, &plain, arena),
              "line 1, column 1: the expression has 65537 bytes, more than 65536");

    struct bnc_promql_problem problem = {0};
    const struct bnc_bytes zero = {"a\0b", 3};
    CHECK(bnc_promql_parse(zero, &plain, arena, &problem) == NULL);
    CHECK_STR(problem.message, "line 1, column 2: unexpected character \"?\"");
    bnc_arena_free(arena);
}

/* Every beginning of an expression, and every byte in its middle: no crash, an end. */
TEST(any_bytes)
{
    static const char expr[] =
        "sum by (a) (rate({\"x\", b=~\"c\\n.*\"}[5m:1m] offset -1h @ end()))"
        " / on () group_left fill (1) `z` anchored # end";
    struct bnc_arena *arena = bnc_arena_new();
    for (size_t n = 0; n <= strlen(expr); n++) {
        char *text = bnc_arena_strndup(arena, expr, n);
        (void)message_of(text, &everything, arena);
        for (int byte = 1; byte < 256 && n > 0; byte++) {
            text[n / 2] = (char)byte;
            const char *message = message_of(text, &everything, arena);
            CHECK(bnc_utf8_valid(message, strlen(message)));
        }
        bnc_arena_reset(arena);
    }
    bnc_arena_free(arena);
}

TEST(releases)
{
    static const struct {
        const char *text;
        struct bnc_version since; /* taken from here on; all flags are set */
        struct bnc_version gone;
    } rows[] = {
        {"histogram_stddev(a)", {2, 47, 0}, {0}},
        {"sort_by_label(a, \"b\")", {2, 49, 0}, {0}},
        {"histogram_avg(a)", {2, 51, 0}, {0}},
        {"{\"a\"}", {2, 51, 0}, {0}},
        {"limitk(1, a)", {2, 54, 0}, {0}},
        {"a[300]", {2, 54, 0}, {0}},
        {"a offset 300", {2, 54, 0}, {0}},
        {"a > 5m", {2, 54, 0}, {0}},
        {"1_000", {2, 54, 0}, {0}},
        {"a @ 5m", {2, 54, 0}, {0}},
        {"a > 0s", {3, 4, 0}, {0}},
        {"a[+5m]", {3, 4, 0}, {0}},
        {"a offset --5m", {3, 4, 0}, {0}},
        {"a[2m + range()]", {3, 12, 0}, {0}},
        {"a offset 0s", {3, 4, 0}, {0}},
        {"a offset +5m", {3, 4, 0}, {0}},
        {"sum by (\"a\") (b)", {2, 55, 0}, {0}},
        {"a @ 0s", {3, 4, 0}, {0}},
        {"a[(0)]", {3, 15, 0}, {0}},
        {"a[5m / -(0)]", {3, 15, 0}, {0}},
        {"a{b=~\"\\xff\"}", {2, 48, 0}, {0}},
        {"a @ start() [5m]", {0}, {3, 15, 0}},
        {"a[step():1m]", {3, 16, 0}, {0}},
        {"info(a)", {2, 55, 0}, {0}},
        {"holt_winters(a[5m], 0.5, 0.5)", {0}, {3, 0, 0}},
        {"double_exponential_smoothing(a[5m], 0.5, 0.5)", {3, 0, 0}, {0}},
        {"sum by (\"a.b\") (c)", {3, 0, 0}, {0}},
        {"a[5m * 2]", {3, 4, 0}, {0}},
        {"ts_of_max_over_time(a[5m])", {3, 5, 0}, {0}},
        {"a[step()]", {3, 6, 0}, {0}},
        {"a[min(5m, 1h)]", {3, 6, 0}, {3, 13, 0}},
        {"first_over_time(a[5m])", {3, 7, 0}, {0}},
        {"a[5m] anchored", {3, 7, 0}, {0}},
        {"a + fill (0) b", {3, 10, 0}, {0}},
        {"a[range()]", {3, 10, 0}, {0}},
        {"a </ 5", {3, 11, 0}, {0}},
        {"histogram_quantiles(a, \"q\", 0.5, 0.9)", {3, 11, 0}, {0}},
        {"step()", {3, 12, 0}, {0}},
        {"a[min_of(5m, 1h)]", {3, 13, 0}, {0}},
        {"max_of(1, 2)", {3, 13, 0}, {0}},
        {"start_timestamp(a)", {3, 14, 0}, {0}},
        {"integral(a[5m])", {3, 16, 0}, {0}},
        {"anchored", {0}, {0}}, /* words are names before they are words */
        {"a + fill", {0}, {0}},
        {"step * min_of", {0}, {0}},
        {"a offset -5m @ start()", {0}, {0}},
    };
    struct bnc_arena *arena = bnc_arena_new();
    for (size_t i = 0; i < BNC_LEN(rows); i++) {
        bnc_test_row(rows[i].text);
        for (uint32_t minor = 42; minor < 55 + 20; minor++) {
            struct bnc_version version = {minor <= 55 ? 2 : 3,
                                          minor <= 55 ? minor : minor - 56, 0};
            struct bnc_promql_options options = everything;
            options.version = &version;
            bool want = bnc_version_compare(&version, &rows[i].since) >= 0 &&
                        (rows[i].gone.major == 0 ||
                         bnc_version_compare(&version, &rows[i].gone) < 0);
            const char *message = message_of(rows[i].text, &options, arena);
            if (want != (strcmp(message, "taken") == 0)) {
                print_error("%s at %u.%u: %s\n", rows[i].text, version.major,
                            version.minor, message);
                fail();
            }
        }
    }
    bnc_arena_free(arena);
}

TEST(flags)
{
    static const struct {
        const char *text;
        struct bnc_version version;
        struct bnc_promql_options options;
        const char *want;
    } rows[] = {
        {"first_over_time(a[5m])", {3, 14, 0}, {0}, "taken"},
        {"first_over_time(a[5m])",
         {3, 13, 0},
         {0},
         "line 1, column 1: the function first_over_time is experimental and not "
         "enabled"},
        {"a[5m + 1m]", {3, 14, 0}, {0}, "taken"},
        {"a[5m + 1m]",
         {3, 13, 0},
         {0},
         "line 1, column 6: arithmetic of durations is experimental and not enabled"},
        {"a[5m + 1m]", {3, 13, 0}, {.experimental_duration_expr = true}, "taken"},
        {"a offset -(5)", {3, 13, 0}, {.experimental_duration_expr = true}, "taken"},
        {"a offset -(5)",
         {3, 12, 0},
         {.experimental_duration_expr = true},
         "line 1, column 10: Prometheus 3.12 does not know a sign before a number in "
         "brackets yet"},
        {"a offset -(5)", {3, 4, 0}, {.experimental_duration_expr = true}, "taken"},
        {"a[5m] smoothed", {3, 16, 0}, {0}, "taken"},
        {"a[5m] smoothed",
         {3, 15, 0},
         {0},
         "line 1, column 7: smoothed is experimental and not enabled"},
        {"a + fill (0) b",
         {3, 16, 0},
         {0},
         "line 1, column 5: filling in missing series is experimental and not enabled"},
        {"limitk(2, a)",
         {3, 16, 0},
         {0},
         "line 1, column 1: limitk is experimental and not enabled"},
        {"integral(a[5m])",
         {2, 53, 0},
         {.experimental_functions = true},
         "line 1, column 1: Prometheus 2.53 does not know the function integral yet"},
        {"holt_winters(a[5m], 1, 1)",
         {3, 1, 0},
         {.experimental_functions = true},
         "line 1, column 1: there is no function holt_winters any more since Prometheus "
         "3.0"},
        {"holt_winters(a[5m], 1, 1)", {0}, {.any_release = true}, "taken"},
        {"a[min(5m, 1m) + max_of(1m, 2m)]", {0}, {.any_release = true}, "taken"},
        {"日.本{ü=\"x\"}", {3, 16, 0}, {.unquoted_names = true}, "taken"},
        {"日.本{ü=\"x\"}",
         {3, 16, 0},
         {0},
         "line 1, column 1: unexpected character \"日\""},
        {"sum by (\"a.b\") (c)",
         {3, 16, 0},
         {.legacy_names = true},
         "line 1, column 9: \"a.b\" is no name of a label"},
        {"{\"a.b\"}",
         {3, 16, 0},
         {.legacy_names = true},
         "line 1, column 2: \"a.b\" is no name where names of the old kind are asked "
         "for"},
        {"{\"a:b\", \"c\"=\"d\"}", {3, 16, 0}, {.legacy_names = true}, "taken"},
    };
    struct bnc_arena *arena = bnc_arena_new();
    for (size_t i = 0; i < BNC_LEN(rows); i++) {
        struct bnc_promql_options options = rows[i].options;
        options.version = &rows[i].version;
        bnc_test_row(rows[i].text);
        CHECK_STR(message_of(rows[i].text, &options, arena), rows[i].want);
    }
    bnc_arena_free(arena);
}

TEST(selectors)
{
    static const struct {
        const char *text;
        const char *want;
    } rows[] = {
        {"up", "taken"},
        {"up{a=\"b\"}", "taken"},
        {"{a=\"b\"}", "taken"},
        {"{\"a.b\"}", "taken"},
        {"up # all", "taken"},
        {"up{}", "taken"},
        {"{}", "taken"},
        {"x{__name__=\"y\"}", "taken"},
        {"by{by=\"x\"}", "taken"},
        {"", "line 1, column 1: the expression ends where a selector belongs"},
        {"up[5m]", "line 1, column 3: unexpected \"[\" after the selector"},
        {"up + up", "line 1, column 4: unexpected \"+\" after the selector"},
        {"5", "line 1, column 1: unexpected \"5\" where a selector belongs"},
        {"up{a=\"b\"", "line 1, column 3: \"{\" is not closed"},
        {"up offset 5m", "line 1, column 4: unexpected \"offset\" after the selector"},
    };
    struct bnc_arena *arena = bnc_arena_new();
    for (size_t i = 0; i < BNC_LEN(rows); i++) {
        struct bnc_promql_problem problem = {.message = "taken"};
        bnc_test_row(rows[i].text);
        (void)bnc_promql_selector_parse(bytes_of(rows[i].text), &plain, arena, &problem);
        CHECK_STR(problem.message, rows[i].want);
    }
    bnc_arena_free(arena);
}

/* Regular expressions of an object cost together what they may: then they are refused. */
TEST(effort)
{
    struct bnc_arena *arena = bnc_arena_new();
    size_t effort = 1000000000;
    struct bnc_promql_options options = {.effort = &effort};
    CHECK(bnc_str_starts(message_of("a{b=~\"(x)\"}", &options, arena),
                         "line 1, column 6: no regular expression: "));
    CHECK_STR(message_of("a{b=~\"x|y.*\"}", &options, arena),
              "taken"); /* costs nothing */
    effort = 0;
    CHECK_STR(message_of("a{b=~\"(x)\"}", &options, arena), "taken");
    CHECK(effort > 0);
    CHECK_STR(
        message_of("a{b=~\"(x{1000}){100}\"}", &plain, arena),
        "line 1, column 6: no regular expression: a repetition may be at most 1000, "
        "the smaller number first: \"{100}\" at character 10");
    bnc_arena_free(arena);
}

/* The tables: sorted, and each word is found by its own text. */
TEST(tables)
{
    size_t n = 0;
    const struct bnc_promql_function *rows = bnc_promql_functions(&n);
    CHECK(n > 90);
    for (size_t i = 0; i < n; i++) {
        bnc_test_row(rows[i].name);
        CHECK(i == 0 || strcmp(rows[i - 1].name, rows[i].name) < 0);
        CHECK(bnc_promql_function_find(rows[i].name, strlen(rows[i].name)) == &rows[i]);
        CHECK(rows[i].stable == 0 || rows[i].stable > rows[i].since);
        CHECK(strspn(rows[i].args, "svmt") == strlen(rows[i].args));
        CHECK(rows[i].args[0] != '\0' || rows[i].variadic == 0);
    }
    CHECK(bnc_promql_function_find("rat", 3) == NULL);
    CHECK(bnc_promql_function_find("rates", 5) == NULL);
    for (int i = BNC_PQL_ATAN2; i < BNC_PQL_ROWS; i++) {
        const struct bnc_pql_row *row = bnc_pql_row((enum bnc_pql)i);
        bnc_test_row(row->text);
        if (row->text[0] >= 'a') {
            CHECK_INT(bnc_pql_word(row->text, strlen(row->text), BNC_PQL_NEWEST), i);
            CHECK_INT(bnc_pql_word(row->text, strlen(row->text), BNC_PQL_RELEASE(2, 42)),
                      row->since == 0 ? i : (int)BNC_PQL_NAME);
        }
    }
    CHECK_INT(bnc_pql_word("GROUP_Left", 10, BNC_PQL_NEWEST), BNC_PQL_GROUP_LEFT);
    CHECK_INT(bnc_pql_word("iNf", 3, BNC_PQL_NEWEST), BNC_PQL_NUMBER);
}

RUN_TESTS(messages, remedies, depth, length, any_bytes, releases, flags, selectors,
          effort, tables)
