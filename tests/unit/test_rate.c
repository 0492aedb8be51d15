#include "tests/unit/test.h"

#include "lib/json.h"
#include "mesh/istio.h"

#define NONE INT64_MIN /* refused */

/* As Go's ParseFloat takes a text; the value is rounded half up, by its digits. */
static const struct {
    const char *text;
    bnc_rate value;
    const char *printed;
} rows[] = {
    {"0", 0, "0"},
    {"-0", 0, "0"},
    {"1", 10000, "1"},
    {"50.0", 500000, "50"},
    {"100", 1000000, "100"},
    {"12.34567", 123457, "12.3457"},
    {"12.34565", 123457, "12.3457"},
    {"12.34564999999999999999", 123456, "12.3456"},
    {"0.001", 10, "0.001"},
    {"0.0001", 1, "0.0001"},
    {"0.00005", 1, "0.0001"},
    {"0.00004999", 0, "0"},
    {"0.000000001", 0, "0"},
    {"1.10", 11000, "1.1"},
    {"007.5", 75000, "7.5"},
    {".5", 5000, "0.5"},
    {"5.", 50000, "5"},
    {"+5", 50000, "5"},
    {"-5", -50000, "-5"},
    {"-0.25", -2500, "-0.25"},
    {"5e1", 500000, "50"},
    {"5E+1", 500000, "50"},
    {"1250e-2", 125000, "12.5"},
    {"0.00125e4", 125000, "12.5"},
    {"1e-400", 0, "0"},
    {"0e400", 0, "0"},

    /* what is out of range stays so */
    {"100.00001", 1000001, "100.0001"},
    {"100.00004", 1000001, "100.0001"},
    {"100.0000", 1000000, "100"},
    {"100.0000e0", 1000000, "100"},
    {"99.99999", 1000000, "100"},
    {"-0.00001", -1, "-0.0001"},
    {"-1e-400", -1, "-0.0001"},
    {"1e12", 10000000000000000, "1000000000000"},
    {"1e13", 100000000000000000, "10000000000000"},
    {"123456789012345678901234567890", 100000000000000000, "10000000000000"},
    {"-1e400", -100000000000000000, "-10000000000000"},
    {"1e99999999999999999999", 100000000000000000, "10000000000000"},

    {"", NONE, NULL},
    {" 50", NONE, NULL},
    {"50 ", NONE, NULL},
    {"fifty", NONE, NULL},
    {"5%", NONE, NULL},
    {"-", NONE, NULL},
    {".", NONE, NULL},
    {"+-5", NONE, NULL},
    {"1.2.3", NONE, NULL},
    {"0.0.", NONE, NULL},
    {"0..0", NONE, NULL},
    {"1e", NONE, NULL},
    {"1e+", NONE, NULL},
    {"e1", NONE, NULL},
    {"1,5", NONE, NULL},
    {"0x10", NONE, NULL},
    {"nan", NONE, NULL},
};

TEST(rate_parse)
{
    struct bnc_arena *arena = bnc_arena_new();
    for (size_t i = 0; i < BNC_LEN(rows); i++) {
        bnc_rate value = NONE; /* must stay so when parsing fails */
        bnc_test_row(rows[i].text);
        CHECK_INT(bnc_rate_parse(rows[i].text, &value), rows[i].value != NONE);
        CHECK_INT(value, rows[i].value);
        if (rows[i].printed != NULL) {
            CHECK_STR(bnc_rate_text(value, arena), rows[i].printed);
        }
    }
    CHECK_STR(bnc_rate_text(INT64_MIN, arena), "-922337203685477.5808");
    bnc_arena_free(arena);
}

/* What is printed is read back. */
TEST(rate_round_trip)
{
    struct bnc_arena *arena = bnc_arena_new();
    for (bnc_rate rate = -20000; rate <= BNC_RATE_ALL; rate += 37) {
        bnc_rate again = NONE;
        CHECK(bnc_rate_parse(bnc_rate_text(rate, arena), &again));
        CHECK_INT(again, rate);
        if (rate % 1000 == 0) {
            bnc_arena_reset(arena);
        }
    }
    bnc_arena_free(arena);
}

TEST(rate_from_json)
{
    static const struct {
        const char *json;
        bnc_rate value;
    } jsons[] = {
        {"12.34567", 123457},
        {"0", 0},
        {"0.1", 1000},
        {"33.3", 333000},
        {"1e2", 1000000},
        {"100.00001", 1000001},
        {"1e-7", 0},
        {"-5", -50000},
        {"99999999999999999999", 100000000000000000},
        {"1e300", 100000000000000000},
        {"\"5\"", NONE},
        {"true", NONE},
        {"null", NONE},
    };
    struct bnc_arena *arena = bnc_arena_new();
    for (size_t i = 0; i < BNC_LEN(jsons); i++) {
        cJSON *item = NULL;
        struct bnc_error err = {0};
        bnc_rate value = NONE;
        bnc_test_row(jsons[i].json);
        CHECK_INT(
            bnc_json_parse(arena, jsons[i].json, strlen(jsons[i].json), &item, &err),
            BNC_OK);
        CHECK_INT(bnc_rate_from_json(item, arena, &value), jsons[i].value != NONE);
        CHECK_INT(value, jsons[i].value);
    }
    bnc_rate untouched = NONE;
    CHECK(!bnc_rate_from_json(NULL, arena, &untouched));
    bnc_arena_free(arena);
}

RUN_TESTS(rate_parse, rate_round_trip, rate_from_json)
