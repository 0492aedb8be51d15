/*
 * Canonical text, a label enforced, and which metrics an expression reads.  The wanted
 * texts are what Prometheus 3.16 and prom-label-proxy 0.14 print.
 */
#include "promql/enforce.h"
#include "promql/literal.h"
#include "promql/print.h"
#include "promql/promql.h"
#include "promql/runes.h"
#include "tests/unit/test.h"

static struct bnc_bytes
bytes_of(const char *text)
{
    return (struct bnc_bytes){text, strlen(text)};
}

static struct bnc_promql *
parse(const char *text, bool unquoted, struct bnc_arena *arena)
{
    const struct bnc_promql_options options = {.experimental_functions = true,
                                               .fill_modifiers = true,
                                               .unquoted_names = unquoted};
    struct bnc_promql_problem problem = {0};
    struct bnc_promql *expr = bnc_promql_parse(bytes_of(text), &options, arena, &problem);
    if (expr == NULL) {
        print_error("%.100s: %s\n", text, problem.message);
    }
    CHECK(expr != NULL);
    return expr;
}

static const char *
print(const struct bnc_promql *expr, struct bnc_arena *arena)
{
    struct bnc_str out = bnc_str_new(arena, 1 << 20);
    bnc_promql_print(expr, &out);
    CHECK(!out.too_big);
    return out.ptr;
}

TEST(canonical)
{
    static const struct {
        const char *text;
        const char *want;
    } rows[] = {
        {"SUM  BY(b,a)(x)", "sum by (b, a) (x)"},
        {"sum(x) without()", "sum without () (x)"},
        {"sum by () (x)", "sum(x)"},
        {"sum by (\"a.b\") (x)", "sum by (\"a.b\") (x)"},
        {"topk ( 5 , x ) by ( a )", "topk by (a) (5, x)"},
        {"x{b=\"2\",a='1',}", "x{a=\"1\",b=\"2\"}"},
        {"{\"x\"}", "{__name__=\"x\"}"},
        {"{\"a.b\"=~`c\\d`}", "{\"a.b\"=~\"c\\\\d\"}"},
        {"x{}", "x"},
        {"a+b*c^-d", "a + b * c ^ -d"},
        {"a-b-c", "a - b - c"},
        {"a>bool b", "a > bool b"},
        {"a*ignoring()group_right b", "a * ignoring () group_right () b"},
        {"a*on()b", "a * on () b"},
        {"a*ignoring()b", "a * b"},
        {"1+on()a", "1 + a"},
        {"a+fill_right(2)fill_left(2)b", "a + fill (2) b"},
        {"a+fill_left(1e6)fill_right(-.5)b", "a + fill_left (1e+06) fill_right (-0.5) b"},
        {"a+fill(Nan)b", "a + fill_left (NaN) fill_right (NaN) b"},
        {"- 1", "-1"},
        {"--a", "--a"},
        {"-(1)", "-(1)"},
        {"a OFFSET -90m", "a offset -1h30m"},
        {"a offset 0.0001", "a offset 0s"},
        {"a offset 0", "a"},
        {"a[60s]@1.5 offset 1d", "a[1m] @ 1.500 offset 1d"},
        {"a anchored [5m] @ start()", "a[5m] anchored @ start()"},
        {"a smoothed @ 3", "a @ 3.000 smoothed"},
        {"a[1h:]", "a[1h:]"},
        {"a[1h:90]@end()", "a[1h:1m30s] @ end()"},
        {"a[(5m)+step()*2]", "a[(5m) + step() * 2]"},
        {"a offset -(5m)", "a offset -(5m)"},
        {"a offset +step()", "a offset step()"},
        {"a offset min_of(1m,range()) + 1", "a offset min_of(1m, range()) + 1"},
        {"a offset --5m + 1m", "a offset 5m + 1m"},
        {"5m", "5m"},
        {"-1s1ms", "-1s"},
        {"0x1F + 010 + 08 + 1_000", "31 + 8 + 8 + 1000"},
        {"1e-7 + 1e21 + .1", "0.0000001 + 1000000000000000000000 + 0.1"},
        {"Inf - nan", "+Inf - NaN"},
        {"0.1 + 0.30000000000000004 + 5e-324", "0.1 + 0.30000000000000004 + 0."
                                               "00000000000000000000000000000000000000000"
                                               "000000000000000000000000000000000000000"
                                               "00000000000000000000000000000000000000000"
                                               "000000000000000000000000000000000000000"
                                               "00000000000000000000000000000000000000000"
                                               "000000000000000000000000000000000000000"
                                               "00000000000000000000000000000000000000000"
                                               "000000000000000000000000000000000000000"
                                               "0005"},
        {"'\\'\"\\x41\\101\\u00e9\\n'", "\"'\\\"AA\xc3\xa9\\n\""},
        {"\"\\xff\\x00\\u00ad\\U000e0001\"", "\"\\xff\\x00\\u00ad\\U000e0001\""},
        {"`a\nb`", "\"a\\nb\""},
        {"time ( )", "time()"},
        {"label_replace(a,'b',\"c\",`d`,\"\")",
         "label_replace(a, \"b\", \"c\", \"d\", \"\")"},
        {"a </ 1 >/ 2", "a </ 1 >/ 2"},
        {"a # x\n or b", "a or b"},
    };
    struct bnc_arena *arena = bnc_arena_new();
    for (size_t i = 0; i < BNC_LEN(rows); i++) {
        bnc_test_row(rows[i].text);
        CHECK_STR(print(parse(rows[i].text, false, arena), arena), rows[i].want);
    }
    CHECK_STR(print(parse("sum by(日.本,\"x y\")(é{ü=\"1\"})", true, arena), arena),
              "sum by (日.本, \"x y\") (é{ü=\"1\"})");
    bnc_arena_free(arena);
}

TEST(old_release)
{
    static const struct bnc_version version = {3, 6, 0};
    static const struct bnc_promql_options options = {.version = &version,
                                                      .experimental_duration_expr = true};
    struct bnc_arena *arena = bnc_arena_new();
    struct bnc_promql_problem problem = {0};
    const struct bnc_promql *expr = bnc_promql_parse(
        bytes_of("a[min(5m,max(1m,step()))]"), &options, arena, &problem);
    CHECK(expr != NULL);
    CHECK_STR(print(expr, arena), "a[min(5m, max(1m, step()))]");
    bnc_arena_free(arena);
}

/* The text of a text is the same, and a long one needs no deep stack. */
TEST(stable)
{
    struct bnc_arena *arena = bnc_arena_new();
    struct bnc_str chain = bnc_str_new(arena, BNC_PROMQL_TEXT_MAX);
    for (int i = 0; i < 12000; i++) {
        bnc_str_puts(&chain, "a + ");
    }
    bnc_str_puts(&chain, "a");
    CHECK_STR(print(parse(chain.ptr, false, arena), arena), chain.ptr);

    struct bnc_str span = bnc_str_new(arena, BNC_PROMQL_TEXT_MAX);
    bnc_str_puts(&span, "x[");
    for (int i = 0; i < 12000; i++) {
        bnc_str_puts(&span, i % 2 == 0 ? "1m + " : "2 * ");
    }
    bnc_str_puts(&span, "1m]");
    CHECK_STR(print(parse(span.ptr, false, arena), arena), span.ptr);

    struct bnc_str labels = bnc_str_new(arena, BNC_PROMQL_TEXT_MAX);
    bnc_str_puts(&labels, "a{b0=\"\"");
    for (int i = 1; i < 6000; i++) {
        bnc_str_fmt(&labels, ",b%d=\"\"", i);
    }
    bnc_str_puts(&labels, "}");
    const char *once = print(parse(labels.ptr, false, arena), arena);
    CHECK_INT(strlen(once), labels.len);
    CHECK_STR(print(parse(once, false, arena), arena), once);
    bnc_arena_free(arena);
}

TEST(enforced)
{
    static const struct {
        const char *text;
        enum bnc_promql_reach reach;
        const char *want;
    } rows[] = {
        {"up", BNC_PROMQL_REACH_OPERATOR, "up{namespace=\"shop\"}"},
        {"up{namespace=\"x\"}", BNC_PROMQL_REACH_OPERATOR, "up{namespace=\"shop\"}"},
        {"up{namespace!=\"x\",namespace=~\"y\"}", BNC_PROMQL_REACH_OPERATOR,
         "up{namespace=\"shop\"}"},
        {"{a=\"1\",z=\"2\"}", BNC_PROMQL_REACH_OPERATOR,
         "{a=\"1\",namespace=\"shop\",z=\"2\"}"},
        {"sum by (a) (rate(x[5m] offset 1h)) / on (a) group_left max_over_time(y[1h:])",
         BNC_PROMQL_REACH_OPERATOR,
         "sum by (a) (rate(x{namespace=\"shop\"}[5m] offset 1h)) / on (a) group_left () "
         "max_over_time(y{namespace=\"shop\"}[1h:])"},
        {"topk(scalar(a), b)", BNC_PROMQL_REACH_OPERATOR,
         "topk(scalar(a), b{namespace=\"shop\"})"},
        {"topk(scalar(a), b)", BNC_PROMQL_REACH_ALL,
         "topk(scalar(a{namespace=\"shop\"}), b{namespace=\"shop\"})"},
        {"topk(scalar(sum(a)), b) + a", BNC_PROMQL_REACH_OPERATOR,
         "topk(scalar(sum(a)), b{namespace=\"shop\"}) + a{namespace=\"shop\"}"},
        {"info(a, {b=~\".*\"})", BNC_PROMQL_REACH_OPERATOR,
         "info(a{namespace=\"shop\"}, {b=~\".*\",namespace=\"shop\"})"},
        {"1 + time()", BNC_PROMQL_REACH_ALL, "1 + time()"},
    };
    struct bnc_arena *arena = bnc_arena_new();
    for (size_t i = 0; i < BNC_LEN(rows); i++) {
        bnc_test_row(rows[i].text);
        struct bnc_promql *expr = parse(rows[i].text, false, arena);
        bnc_promql_enforce(expr, bytes_of("namespace"), bytes_of("shop"), rows[i].reach,
                           arena);
        CHECK_STR(print(expr, arena), rows[i].want);
        /* and again: nothing changes */
        bnc_promql_enforce(expr, bytes_of("namespace"), bytes_of("shop"), rows[i].reach,
                           arena);
        CHECK_STR(print(expr, arena), rows[i].want);
    }
    struct bnc_promql *odd = parse("up", false, arena);
    bnc_promql_enforce(odd, bytes_of("a.b"), bytes_of("\"}\n"), BNC_PROMQL_REACH_ALL,
                       arena);
    CHECK_STR(print(odd, arena), "up{\"a.b\"=\"\\\"}\\n\"}");
    bnc_arena_free(arena);
}

static void
note_metric(void *context, const struct bnc_bytes *metric,
            const struct bnc_promql_selector *selector)
{
    struct bnc_str *out = context;
    if (metric == NULL) {
        bnc_str_puts(out, "?");
    } else {
        bnc_str_add(out, metric->ptr, metric->len);
    }
    bnc_str_fmt(out, "@%u ", selector->start);
}

TEST(metrics)
{
    static const struct {
        const char *text;
        const char *want;
    } rows[] = {
        {"1", ""},
        {"a + b", "a@0 b@4 "},
        {"sum(rate({\"x.y\"}[5m])) / {__name__=\"z\"}", "x.y@9 z@25 "},
        {"topk(scalar(a), {job=\"b\"})", "a@12 ?@16 "},
        {"{__name__=~\"a|b\"} or max_over_time(a[5m:])", "?@0 a@35 "},
    };
    struct bnc_arena *arena = bnc_arena_new();
    for (size_t i = 0; i < BNC_LEN(rows); i++) {
        struct bnc_str out = bnc_str_new(arena, 1000);
        bnc_test_row(rows[i].text);
        bnc_str_puts(&out, "");
        bnc_promql_metrics(parse(rows[i].text, false, arena), note_metric, &out);
        CHECK_STR(out.ptr, rows[i].want);
    }
    bnc_arena_free(arena);
}

TEST(runes)
{
    static const struct {
        const char *bytes;
        uint32_t rune;
        size_t length;
    } rows[] = {
        {"a", 'a', 1},
        {"\xc3\xa9", 0xe9, 2},
        {"\xe2\x82\xac", 0x20ac, 3},
        {"\xf0\x9f\x98\x80", 0x1f600, 4},
        {"\xc0\x80", BNC_PQL_NO_RUNE, 1}, /* too long a form */
        {"\xe0\x80\x80", BNC_PQL_NO_RUNE, 1},
        {"\xed\xa0\x80", BNC_PQL_NO_RUNE, 1},     /* a surrogate */
        {"\xf4\x90\x80\x80", BNC_PQL_NO_RUNE, 1}, /* beyond Unicode */
        {"\xe2\x82", BNC_PQL_NO_RUNE, 1},         /* cut */
        {"\x80", BNC_PQL_NO_RUNE, 1},
        {"\xff", BNC_PQL_NO_RUNE, 1},
        {"\xef\xbf\xbd", BNC_PQL_NO_RUNE, 3},
    };
    for (size_t i = 0; i < BNC_LEN(rows); i++) {
        uint32_t rune = 0;
        bnc_test_row(rows[i].bytes);
        CHECK_INT(bnc_pql_rune(rows[i].bytes, strlen(rows[i].bytes), &rune),
                  rows[i].length);
        CHECK_INT(rune, rows[i].rune);
    }
    CHECK(bnc_pql_is_letter(0xe9) && !bnc_pql_is_letter(0xd7));
    CHECK(bnc_pql_is_printable(' ') && !bnc_pql_is_printable(0x7f));
    CHECK(bnc_pql_is_printable(0xa1) && !bnc_pql_is_printable(0xa0));
    CHECK(!bnc_pql_is_printable(0x10ffff));
}

RUN_TESTS(canonical, old_release, stable, enforced, metrics, runes)
