#include "lib/log.h"

#include <cjson/cJSON.h>

#include "lib/str.h"
#include "tests/unit/test.h"

static struct bnc_str lines;

static void
keep(void *arg, const char *line, size_t n)
{
    bnc_str_add(arg, line, n);
}

static int64_t
at(void *arg)
{
    return *(const int64_t *)arg;
}

static int64_t now_ms = 1795366800123; /* 2026-11-22T17:00:00.123Z */

static int
start(void **state)
{
    BNC_UNUSED(state);
    struct bnc_error err = {0};
    lines = bnc_str_new(NULL, (size_t)1 << 20);
    bnc_log_set_sink(keep, &lines);
    bnc_log_set_clock(at, &now_ms);
    return bnc_log_set_level("info", &err) || bnc_log_set_format("console", &err);
}

static int
stop(void **state)
{
    BNC_UNUSED(state);
    bnc_log_set_sink(NULL, NULL);
    bnc_log_set_clock(NULL, NULL);
    bnc_str_free(&lines);
    return 0;
}

static const char *
take_line(void)
{
    static char copy[100000];
    (void)snprintf(copy, sizeof(copy), "%s", lines.ptr == NULL ? "" : lines.ptr);
    bnc_str_clear(&lines);
    return copy;
}

static const struct {
    const char *name;
    const char *value;
    const char *console;
    const char *json;
} values[] = {
    {"bare", "Secret", "v=Secret", "\"v\":\"Secret\""},
    {"path", "/a/b:c,d", "v=/a/b:c,d", "\"v\":\"/a/b:c,d\""},
    {"empty", "", "v=\"\"", "\"v\":\"\""},
    {"null", NULL, "v=\"\"", "\"v\":\"\""},
    {"space", "a b", "v=\"a b\"", "\"v\":\"a b\""},
    {"second field", "a=b", "v=\"a=b\"", "\"v\":\"a=b\""},
    {"quote", "a\"b", "v=\"a\\\"b\"", "\"v\":\"a\\\"b\""},
    {"second line", "a\nb", "v=\"a\\nb\"", "\"v\":\"a\\nb\""},
    {"escape sequence", "\x1b[31m", "v=\"\\u001b[31m\"", "\"v\":\"\\u001b[31m\""},
    {"UTF-8", "\xc3\xa9", "v=\"\xc3\xa9\"", "\"v\":\"\xc3\xa9\""},
    {"no UTF-8", "a\xff\xc3\xa9", "v=\"a???\"", "\"v\":\"a???\""},
};

TEST(values_in_both_formats)
{
    for (size_t i = 0; i < BNC_LEN(values); i++) {
        char want[200];
        struct bnc_error err = {0};
        bnc_test_row(values[i].name);
        CHECK_INT(bnc_log_set_format("console", &err), BNC_OK);
        BNC_LOG(BNC_LEVEL_INFO, "applied", BNC_KV("k", "x"),
                BNC_KV("v", values[i].value));
        (void)snprintf(want, sizeof(want),
                       "2026-11-22T17:00:00.123Z info  applied k=x %s\n",
                       values[i].console);
        CHECK_STR(take_line(), want);

        CHECK_INT(bnc_log_set_format("json", &err), BNC_OK);
        BNC_LOG(BNC_LEVEL_WARN, "applied", BNC_KV("v", values[i].value));
        (void)snprintf(want, sizeof(want),
                       "{\"ts\":\"2026-11-22T17:00:00.123Z\",\"level\":\"warn\","
                       "\"msg\":\"applied\",%s}\n",
                       values[i].json);
        CHECK_STR(take_line(), want);
    }
}

TEST(levels)
{
    static const char *const names[] = {"debug", "info", "warn", "error"};
    for (int set = 0; set < 4; set++) {
        struct bnc_error err = {0};
        bnc_test_row(names[set]);
        CHECK_INT(bnc_log_set_level(names[set], &err), BNC_OK);
        for (int level = 0; level < 4; level++) {
            BNC_LOG((enum bnc_level)level, "x", BNC_KV("k", "v"));
            CHECK_INT(take_line()[0] != '\0', level >= set);
            CHECK_INT(bnc_log_enabled((enum bnc_level)level), level >= set);
        }
    }
}

TEST(numbers_as_levels)
{
    static const struct {
        const char *text;
        bool debug;
    } rows[] = {{"0", false}, {"00", false}, {"1", true}, {"5", true}, {"127", true}};
    for (size_t i = 0; i < BNC_LEN(rows); i++) {
        struct bnc_error err = {0};
        bnc_test_row(rows[i].text);
        CHECK_INT(bnc_log_set_level(rows[i].text, &err), BNC_OK);
        CHECK_INT(bnc_log_enabled(BNC_LEVEL_DEBUG), rows[i].debug);
        CHECK(bnc_log_enabled(BNC_LEVEL_INFO));
    }
    struct bnc_error err = {0};
    CHECK_INT(bnc_log_set_level("1x", &err), BNC_INVALID);
    CHECK_INT(bnc_log_set_level("-1", &err), BNC_INVALID);
}

static unsigned
count_lines(const char *text)
{
    unsigned n = 0;
    for (; *text != '\0'; text++) {
        n += *text == '\n';
    }
    return n;
}

TEST(equal_lines_are_left_out)
{
    int64_t ms = 1795366800123;
    bnc_log_set_clock(at, &ms);
    for (int i = 0; i < 1000; i++) {
        BNC_LOG(BNC_LEVEL_WARN, "lost", BNC_KV("name", "a"));
        ms += 1;
    }
    CHECK_INT(count_lines(take_line()), BNC_LOG_BURST);
    for (int i = 0; i < 1000; i++) { /* each says something else */
        BNC_LOG(BNC_LEVEL_WARN, "lost", BNC_KV("number", bnc_log_num(i)));
    }
    CHECK_INT(count_lines(take_line()), 1000);
    ms += BNC_LOG_AGAIN_MS;
    for (int i = 0; i < 3; i++) {
        BNC_LOG(BNC_LEVEL_WARN, "found", BNC_KV("name", "b"));
    }
    CHECK_INT(count_lines(take_line()), 3);
}

TEST(what_was_left_out_is_counted)
{
    int64_t ms = 1795366800123;
    bnc_log_set_clock(at, &ms);
    for (int i = 0; i < BNC_LOG_BURST + 7; i++) {
        BNC_LOG(BNC_LEVEL_ERROR, "gone", BNC_KV("name", "c"));
    }
    (void)take_line();
    ms += BNC_LOG_AGAIN_MS;
    BNC_LOG(BNC_LEVEL_ERROR, "gone", BNC_KV("name", "c"));
    CHECK(strstr(take_line(), "gone name=c repeated=7\n") != NULL);
    BNC_LOG(BNC_LEVEL_ERROR, "gone", BNC_KV("name", "c"));
    CHECK_STR(take_line(), "");
    ms -= 86400000; /* the clock is set back: it is not silent for a day */
    BNC_LOG(BNC_LEVEL_ERROR, "gone", BNC_KV("name", "c"));
    CHECK_INT(count_lines(take_line()), 1);
}

TEST(debug_lines_are_all_written)
{
    struct bnc_error err = {0};
    CHECK_INT(bnc_log_set_level("debug", &err), BNC_OK);
    for (int i = 0; i < 100; i++) {
        BNC_LOG(BNC_LEVEL_DEBUG, "again", BNC_KV("name", "a"));
    }
    CHECK_INT(count_lines(take_line()), 100);
}

TEST(unknown_names)
{
    struct bnc_error err = {0};
    CHECK_INT(bnc_log_set_level("loud", &err), BNC_INVALID);
    CHECK_STR(err.message, "\"loud\" is no log level; write debug, info, warn or error");
    CHECK_INT(bnc_log_set_format("xml", &err), BNC_INVALID);
    CHECK_STR(err.message, "\"xml\" is no log format; write console or json");
    BNC_LOG(BNC_LEVEL_INFO, "as before", BNC_KV("k", "v"));
    CHECK_STR(take_line(), "2026-11-22T17:00:00.123Z info  as before k=v\n");
}

TEST(without_clock_and_without_fields)
{
    struct bnc_error err = {0};
    bnc_log_set_clock(NULL, NULL);
    bnc_log_write(BNC_LEVEL_ERROR, "alone", NULL, 0);
    CHECK_STR(take_line(), "error alone\n");
    CHECK_INT(bnc_log_set_format("json", &err), BNC_OK);
    bnc_log_write(BNC_LEVEL_ERROR, "alone", NULL, 0);
    CHECK_STR(take_line(), "{\"level\":\"error\",\"msg\":\"alone\"}\n");
}

TEST(long_values_are_cut)
{
    char text[5001];
    struct bnc_error err = {0};
    memset(text, '\x01', sizeof(text) - 1); /* six bytes each */
    text[sizeof(text) - 1] = '\0';
    CHECK_INT(bnc_log_set_format("json", &err), BNC_OK);
    struct bnc_kv fields[50];
    for (size_t i = 0; i < BNC_LEN(fields); i++) {
        fields[i] = BNC_KV("k", text);
    }
    bnc_log_write(BNC_LEVEL_INFO, "long", fields, BNC_LEN(fields));
    const char *line = take_line();
    CHECK(strlen(line) < 65536);
    cJSON *json = cJSON_Parse(line);
    const cJSON *first = cJSON_GetObjectItem(json, "k");
    CHECK(first != NULL);
    CHECK_INT(strlen(first->valuestring), 2048 + 3);
    cJSON_Delete(json);

    CHECK_INT(bnc_log_set_format("console", &err), BNC_OK);
    bnc_log_write(BNC_LEVEL_INFO, "long", fields, BNC_LEN(fields));
    line = take_line();
    CHECK(strlen(line) <= 65537);
    CHECK_INT(line[strlen(line) - 1], '\n');
}

TEST(numbers)
{
    const char *texts[8];
    for (int i = 0; i < 8; i++) {
        texts[i] = bnc_log_num(i - 4);
    }
    for (int i = 0; i < 8; i++) {
        char want[8];
        (void)snprintf(want, sizeof(want), "%d", i - 4);
        CHECK_STR(texts[i], want);
    }
    CHECK_STR(bnc_log_num(INT64_MIN), "-9223372036854775808");
}

TEST(times)
{
    static const struct {
        int64_t ms;
        const char *want;
    } rows[] = {
        {0, "1970-01-01T00:00:00.000Z info  x\n"},
        {-5, "1970-01-01T00:00:00.000Z info  x\n"},
        {951827696007, "2000-02-29T12:34:56.007Z info  x\n"},
    };
    for (size_t i = 0; i < BNC_LEN(rows); i++) {
        int64_t ms = rows[i].ms;
        bnc_log_set_clock(at, &ms);
        bnc_log_write(BNC_LEVEL_INFO, "x", NULL, 0);
        CHECK_STR(take_line(), rows[i].want);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(values_in_both_formats, start, stop),
        cmocka_unit_test_setup_teardown(levels, start, stop),
        cmocka_unit_test_setup_teardown(numbers_as_levels, start, stop),
        cmocka_unit_test_setup_teardown(equal_lines_are_left_out, start, stop),
        cmocka_unit_test_setup_teardown(what_was_left_out_is_counted, start, stop),
        cmocka_unit_test_setup_teardown(debug_lines_are_all_written, start, stop),
        cmocka_unit_test_setup_teardown(unknown_names, start, stop),
        cmocka_unit_test_setup_teardown(without_clock_and_without_fields, start, stop),
        cmocka_unit_test_setup_teardown(long_values_are_cut, start, stop),
        cmocka_unit_test_setup_teardown(numbers, start, stop),
        cmocka_unit_test_setup_teardown(times, start, stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
