#include "tests/unit/test.h"

#include "model/diag.h"
#include "model/field_text.h"

#define WORDS_60 "123456789 123456789 123456789 123456789 123456789 123456789 "

static const struct {
    enum bnc_text_rule rule;
    const char *text;
    bool keeps;
} texts[] = {
    {BNC_TEXT_OBJECT_NAME, "a.b-c.0", true},
    {BNC_TEXT_OBJECT_NAME, "a..b", false},
    {BNC_TEXT_OBJECT_NAME, "a_b", false},
    {BNC_TEXT_NAMESPACE, "kube-system", true},
    {BNC_TEXT_NAMESPACE, "kube.system", false},
    {BNC_TEXT_NAMESPACE, "-a", false},
    {BNC_TEXT_KEY, "prometheus.yml.gz", true},
    {BNC_TEXT_KEY, "_A-b.c", true},
    {BNC_TEXT_KEY, "..data", false},
    {BNC_TEXT_KEY, ".", false},
    {BNC_TEXT_KEY, "a/b", false},
    {BNC_TEXT_LABEL_NAME, "__name__", true},
    {BNC_TEXT_LABEL_NAME, "9a", false},
    {BNC_TEXT_ADDED_LABEL, "team", true},
    {BNC_TEXT_ADDED_LABEL, "_team", true},
    {BNC_TEXT_ADDED_LABEL, "__team", false},
    {BNC_TEXT_ADDED_LABEL, "namespace", false},
    {BNC_TEXT_ADDED_LABEL, "job", false},
    {BNC_TEXT_ADDED_LABEL, "instance", false},
    {BNC_TEXT_LABEL_KEY, "app.kubernetes.io/name", true},
    {BNC_TEXT_LABEL_KEY, "/name", false},
    {BNC_TEXT_LABEL_KEY, "*", false},
    {BNC_TEXT_LABEL_KEYS, "*", true},
    {BNC_TEXT_LABEL_KEYS, "app", true},
    {BNC_TEXT_LABEL_KEYS, "a b", false},
    {BNC_TEXT_URL, "http://x", true},
    {BNC_TEXT_URL, "https://x.y:65535/a?b#c", true},
    {BNC_TEXT_URL, "http://", false},
    {BNC_TEXT_URL, "http://:80", false},
    {BNC_TEXT_URL, "http://x:", false},
    {BNC_TEXT_URL, "http://x:65536", false},
    {BNC_TEXT_URL, "http://x:8a", false},
    {BNC_TEXT_URL, "http://[::1", false},
    {BNC_TEXT_URL, "http://x y", false},
    {BNC_TEXT_URL, "http://x\ny", false},
    {BNC_TEXT_URL, "socks5://x", false},
    {BNC_TEXT_PROXY_URL, "socks5://x:1080", true},
    {BNC_TEXT_PROXY_URL, "http://x", true},
    {BNC_TEXT_PATH, "/metrics", true},
    {BNC_TEXT_PATH, "metrics", false},
    {BNC_TEXT_PATH, "/a b", false},
    {BNC_TEXT_VERSION, "3.5.0", true},
    {BNC_TEXT_VERSION, "v2.53.3-rc.1", true},
    {BNC_TEXT_VERSION, "3", false},
    {BNC_TEXT_VERSION, "latest", false},
};

TEST(rules_of_texts)
{
    for (size_t i = 0; i < BNC_LEN(texts); i++) {
        bnc_test_row(texts[i].text);
        CHECK_INT(bnc_text_keeps(texts[i].rule, texts[i].text), texts[i].keeps);
    }
}

static const struct {
    const char *name;
    const char *text;
    const char *want;
} quotes[] = {
    {"plain", "abc", "\"abc\""},
    {"quote and backslash", "a\"b\\", "\"a\\\"b\\\\\""},
    {"control", "a\n\x1b\x7f", "\"a\\u000a\\u001b\\u007f\""},
    {"C1", "\xc2\x9b", "\"\\u009b\""},
    {"turned around", "a\xe2\x80\xae", "\"a\\u202e\""},
    {"umlaut", "\xc3\xa4", "\"\xc3\xa4\""},
    {"no UTF-8", "a\xff", "\"a\\xff\""},
    {"long", WORDS_60 WORDS_60,
     "\"123456789 123456789 123456789 123456789 123456789 123456789 1234\"..."},
    {"cut between characters", WORDS_60 "123\xc3\xa4",
     "\"123456789 123456789 123456789 123456789 123456789 123456789 123\"..."},
    {"exactly as long as allowed", WORDS_60 "1234",
     "\"123456789 123456789 123456789 123456789 123456789 123456789 1234\""},
    {"empty", "", "\"\""},
};

TEST(quoting)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    for (size_t i = 0; i < BNC_LEN(quotes); i++) {
        bnc_test_row(quotes[i].name);
        CHECK_STR(bnc_text_quoted(arena, quotes[i].text), quotes[i].want);
    }
    CHECK_STR(bnc_text_shown(arena, ""), "");
}

/* Whatever a message is made of, it is one line that steers nothing. */
TEST(diagnostics)
{
    struct bnc_arena *arena = bnc_arena_new();
    struct bnc_diags diags = bnc_diags_new(arena);
    const char *long_text = bnc_arena_fmt(arena, "%0900d", 1);

    bnc_diag_add(&diags, BNC_REASON_INVALID_FIELD, "spec.a\x1b[31m", "not \n", "\"%s\"\r",
                 "\xc2\x9b\xc3\xa9");
    bnc_diag_warn(&diags, BNC_REASON_INVALID_FIELD, NULL, NULL, "%s", long_text);
    CHECK_STR(bnc_diag_text(&diags.items[0], arena),
              "spec.a\\u001b[31m: \"\\u009b\xc3\xa9\"\\u000d; not \\u000a");
    CHECK_STR(bnc_diag_text(&diags.items[1], arena), long_text);
    bnc_arena_free(arena);
}

static const struct {
    const char *text;
    const char *want;
} slips[] = {
    {"intervall", "interval"},
    {"Interval", "interval"},
    {"scrapetimeout", "scrapeTimeout"},
    {"prot", "port"},
    {"x", NULL},
    {"", NULL},
    {"somethingElse", NULL},
};

TEST(nearest_names)
{
    static const char *const names[] = {"interval", "scrapeTimeout", "port", "path"};
    for (size_t i = 0; i < BNC_LEN(slips); i++) {
        bnc_test_row(slips[i].text);
        CHECK_STR(bnc_text_nearest(slips[i].text, names, BNC_LEN(names)), slips[i].want);
    }
}

RUN_TESTS(rules_of_texts, quoting, diagnostics, nearest_names)
