#include "lib/units.h"

#include "tests/unit/test.h"

#define NO_UNIT " is a duration without a unit; write ms, s, m, h, d, w or y"
#define UNKNOWN " is a duration with an unknown unit; write ms, s, m, h, d, w or y"
#define ORDER   " is no duration; write each unit once and the largest first, as in 1h30m"
#define NONE    " is no duration; write a number and a unit, as in 30s or 1h30m"
#define LONG    " is a duration of over 292 years"

/* As prometheus/common 0.67 reads and prints them. */
static const struct {
    const char *text;
    int64_t ms;          /* -1: refused */
    const char *printed; /* or the message */
} durations[] = {
    {"0", 0, "0s"},
    {"0s", 0, "0s"},
    {"15s", 15000, "15s"},
    {"1h30m", 5400000, "1h30m"},
    {"90m", 5400000, "1h30m"},
    {"01h", 3600000, "1h"},
    {"60s", 60000, "1m"},
    {"24h", 86400000, "1d"},
    {"1001ms", 1001, "1s1ms"},
    {"1m0s", 60000, "1m"},
    {"7d", 604800000, "1w"},
    {"8d", 691200000, "8d"},
    {"90d", 7776000000, "90d"},
    {"365d", 31536000000, "1y"},
    {"366d", 31622400000, "366d"},
    {"730d", 63072000000, "2y"},
    {"1y2w3d4h5m6s7ms", 33019506007, "382d4h5m6s7ms"},
    {"292y", 9208512000000, "292y"},
    {"106751d", 9223286400000, "106751d"},
    {"9223372036854ms", 9223372036854, "106751d23h47m16s854ms"},

    {"", -1, "the duration is empty; write one as in 30s"},
    {"00", -1, "\"00\"" NO_UNIT},
    {"15", -1, "\"15\"" NO_UNIT},
    {"1m30", -1, "\"1m30\"" NO_UNIT},
    {"5m1h", -1, "\"5m1h\"" ORDER},
    {"5m5m", -1, "\"5m5m\"" ORDER},
    {"1ms1s", -1, "\"1ms1s\"" ORDER},
    {"1.5h", -1, "\"1.5h\"" UNKNOWN},
    {"1us", -1, "\"1us\"" UNKNOWN},
    {"1M", -1, "\"1M\"" UNKNOWN},
    {"1hour", -1, "\"1hour\"" UNKNOWN},
    {"1h ", -1, "\"1h \"" UNKNOWN},
    {" 1h", -1, "\" 1h\"" NONE},
    {"-1h", -1, "\"-1h\"" NONE},
    {"+1h", -1, "\"+1h\"" NONE},
    {"m", -1, "\"m\"" NONE},
    {"293y", -1, "\"293y\"" LONG},
    {"106752d", -1, "\"106752d\"" LONG},
    {"292y364d", -1, "\"292y364d\"" LONG},
    {"9223372036855ms", -1, "\"9223372036855ms\"" LONG},
    {"99999999999999999999ms", -1, "\"99999999999999999999ms\"" LONG},
};

TEST(duration)
{
    for (size_t i = 0; i < BNC_LEN(durations); i++) {
        int64_t ms = -1; /* must stay -1 when parsing fails */
        struct bnc_error err = {0};
        struct bnc_str out = bnc_str_new(NULL, 100);

        bnc_test_row(durations[i].text);
        CHECK_INT(bnc_duration_parse(durations[i].text, &ms, &err),
                  durations[i].ms < 0 ? BNC_INVALID : BNC_OK);
        CHECK_INT(ms, durations[i].ms);
        if (ms < 0) {
            CHECK_STR(err.message, durations[i].printed);
        } else {
            bnc_duration_print(ms, &out);
            CHECK_STR(out.ptr, durations[i].printed);
        }
        bnc_str_free(&out);
    }
}

TEST(long_texts_are_cut_in_messages)
{
    int64_t ms = 0;
    struct bnc_error err = {0};
    char text[301] = "";
    for (size_t i = 0; i < 300; i += 3) {
        memcpy(text + i, "\xe2\x82\xac", 3);
    }
    CHECK_INT(bnc_duration_parse(text, &ms, &err), BNC_INVALID);
    CHECK(bnc_utf8_valid(err.message, strlen(err.message)));
    CHECK(strlen(err.message) < 140);
}

#define NO_SIZE " is no size; write one as in 512KB, 5MB or 1.5GB (powers of 1024)"

/* As Prometheus reads them (alecthomas/units, base 2). */
static const struct {
    const char *text;
    int64_t bytes; /* -1: refused */
    const char *message;
} sizes[] = {
    {"0", 0, ""},
    {"0B", 0, ""},
    {"5B", 5, ""},
    {"1KB", 1024, ""},
    {"512KiB", 524288, ""},
    {"5MB", 5242880, ""},
    {"1GB", 1073741824, ""},
    {"1GiB", 1073741824, ""},
    {"1TB", 1099511627776, ""},
    {"1PiB", 1125899906842624, ""},
    {"7EB", 8070450532247928832, ""},
    {"1.5MB", 1572864, ""},
    {".5MB", 524288, ""},
    {"1.MB", 1048576, ""},
    {"0.1KB", 102, ""},
    {"1.1B", 1, ""},
    {"99B0.199EB", 229431379416762656, ""},
    {"1MB512KB", 1572864, ""},
    {"1MiB512KiB", 1572864, ""},

    {"", -1, "\"\"" NO_SIZE},
    {"5", -1, "\"5\"" NO_SIZE},
    {"00", -1, "\"00\"" NO_SIZE},
    {"5K", -1, "\"5K\"" NO_SIZE},
    {"5Ki", -1, "\"5Ki\"" NO_SIZE},
    {"5kB", -1, "\"5kB\"" NO_SIZE},
    {"5mb", -1, "\"5mb\"" NO_SIZE},
    {"5iB", -1, "\"5iB\"" NO_SIZE},
    {"5 MB", -1, "\"5 MB\"" NO_SIZE},
    {"5MB ", -1, "\"5MB \"" NO_SIZE},
    {"5MBs", -1, "\"5MBs\"" NO_SIZE},
    {"1ZB", -1, "\"1ZB\"" NO_SIZE},
    {".B", -1, "\".B\"" NO_SIZE},
    {"1e3B", -1, "\"1e3B\"" NO_SIZE},
    {"1..5B", -1, "\"1..5B\"" NO_SIZE},
    {"1MiB512KB", -1, "\"1MiB512KB\"" NO_SIZE},
    {"99999999999999999999B", -1, "\"99999999999999999999B\"" NO_SIZE},
    {"8EB", -1, "\"8EB\" is a size of 8 EiB or more"}, /* Prometheus: negative */
    {"16EB", -1, "\"16EB\" is a size of 8 EiB or more"},
    {"-5MB", -1, "\"-5MB\"" NO_SIZE}, /* Prometheus takes signs */
    {"+5MB", -1, "\"+5MB\"" NO_SIZE},
};

TEST(size)
{
    for (size_t i = 0; i < BNC_LEN(sizes); i++) {
        int64_t bytes = -1;
        struct bnc_error err = {0};
        bnc_test_row(sizes[i].text);
        CHECK_INT(bnc_size_parse(sizes[i].text, &bytes, &err),
                  sizes[i].bytes < 0 ? BNC_INVALID : BNC_OK);
        CHECK_INT(bytes, sizes[i].bytes);
        CHECK_STR(err.message, sizes[i].message);
    }
}

static const struct {
    const char *text;
    int64_t hundredths; /* -1: refused */
} percents[] = {
    {"0", 0},          {"12.5", 1250}, {"99.95", 9995}, {"100", 10000},
    {"100.00", 10000}, {"0.01", 1},    {"007", 700},    {"", -1},
    {"100.01", -1},    {"101", -1},    {"0.001", -1},   {"12.", -1},
    {".5", -1},        {"-1", -1},     {"+1", -1},      {"5%", -1},
    {" 5", -1},        {"1e1", -1},    {"0100", -1},    {"99999999999999", -1},
    {"1.2.3", -1},
};

TEST(percent)
{
    for (size_t i = 0; i < BNC_LEN(percents); i++) {
        int64_t hundredths = -1;
        struct bnc_error err = {0};
        bnc_test_row(percents[i].text);
        CHECK_INT(bnc_percent_parse(percents[i].text, &hundredths, &err),
                  percents[i].hundredths < 0 ? BNC_INVALID : BNC_OK);
        CHECK_INT(hundredths, percents[i].hundredths);
        CHECK((err.message[0] != '\0') == (percents[i].hundredths < 0));
    }
}

static const struct {
    const char *text;
    int64_t major; /* -1: refused */
    int64_t minor;
    int64_t patch;
} versions[] = {
    {"3.5.0", 3, 5, 0},
    {"v2.53.3", 2, 53, 3},
    {"3.5", 3, 5, 0},
    {"0.0.0", 0, 0, 0},
    {"3.5.0-rc.1", 3, 5, 0},
    {"v1.30.2+k3s1", 1, 30, 2},
    {"3.5-rc1", 3, 5, 0},
    {"999999999.1.2", 999999999, 1, 2},
    {"", -1, 0, 0},
    {"v", -1, 0, 0},
    {"3", -1, 0, 0},
    {"3.", -1, 0, 0},
    {"3.5.", -1, 0, 0},
    {"3.5.0.1", -1, 0, 0},
    {"03.5", -1, 0, 0},
    {"V3.5", -1, 0, 0},
    {" 3.5", -1, 0, 0},
    {"3.5 ", -1, 0, 0},
    {"3.5.0-", -1, 0, 0},
    {"3.5.0-a b", -1, 0, 0},
    {"3.x", -1, 0, 0},
    {"-3.5", -1, 0, 0},
    {"9999999999.1.2", -1, 0, 0},
    {"latest", -1, 0, 0},
};

TEST(version_parse)
{
    for (size_t i = 0; i < BNC_LEN(versions); i++) {
        struct bnc_version v = {7, 7, 7};
        struct bnc_error err = {0};
        bool good = versions[i].major >= 0;
        bnc_test_row(versions[i].text);
        CHECK_INT(bnc_version_parse(versions[i].text, &v, &err),
                  good ? BNC_OK : BNC_INVALID);
        CHECK_INT(v.major, good ? versions[i].major : 7);
        CHECK_INT(v.minor, good ? versions[i].minor : 7);
        CHECK_INT(v.patch, good ? versions[i].patch : 7);
        if (!good) {
            CHECK(strstr(err.message, "is no version; write one as in 3.5.0") != NULL);
        }
    }
}

TEST(version_compare)
{
    static const struct bnc_version in_order[] = {
        {0, 0, 0}, {0, 0, 1}, {0, 1, 0}, {2, 9, 9}, {2, 10, 0}, {2, 53, 3}, {3, 0, 0},
    };
    for (int i = 0; i < (int)BNC_LEN(in_order); i++) {
        for (int k = 0; k < (int)BNC_LEN(in_order); k++) {
            CHECK_INT(bnc_version_compare(&in_order[i], &in_order[k]), (i > k) - (i < k));
        }
    }
}

#define A10  "aaaaaaaaaa"
#define A60  A10 A10 A10 A10 A10 A10
#define A63  A60 "aaa"
#define A250 A60 A60 A60 A60 A10

/* One letter for each validator that says yes, in the order of `validators`. */
static const struct {
    const char *text;
    const char *valid;
} names[] = {
    {"a", "lmdsPkv"},
    {"A", "lmkv"},
    {"_", "lm"},
    {"a_b", "lmkv"},
    {"__meta_x", "lm"},
    {"a:b", "m"},
    {":a", "m"},
    {"0", "dskv"},
    {"0a", "dsPkv"},
    {"a0", "lmdsPkv"},
    {"a-b", "dsPkv"},
    {"a--b", "dskv"},
    {"-a", ""},
    {"a-", ""},
    {"a.b", "skv"},
    {"a..b", "kv"},
    {".a", ""},
    {"a.", ""},
    {"a.-b", "kv"},
    {"A.b", "kv"},
    {"a/b", "k"},
    {"a.b/c", "k"},
    {"example.com/My.Name_1", "k"},
    {"A/b", ""},
    {"/a", ""},
    {"a/", ""},
    {"a/b/c", ""},
    {"a b", ""},
    {"\xc3\xa9", ""},
    {"a\n", ""},
    {"", "v"},
    {"http-metrics", "dsPkv"},
    {"aaaaabbbbbccccc", "lmdsPkv"},
    {"aaaaabbbbbcccccd", "lmdskv"},
    {A63, "lmdskv"},
    {A63 "a", "lms"},
    {A63 "/" A63, "k"},
    {A63 "/" A63 "a", ""},
    {A250 "aaa", "lms"},
    {A250 "aaaa", "lm"},
    {A250 "aaa/a", "k"},
    {A250 "aaaa/a", ""},
};

static const struct {
    char letter;
    bool (*is_valid)(const char *s);
} validators[] = {
    {'l', bnc_label_name_valid},  {'m', bnc_metric_name_valid},
    {'d', bnc_dns_label_valid},   {'s', bnc_dns_subdomain_valid},
    {'P', bnc_port_name_valid},   {'k', bnc_label_key_valid},
    {'v', bnc_label_value_valid},
};

TEST(names_valid)
{
    for (size_t i = 0; i < BNC_LEN(names); i++) {
        char got[BNC_LEN(validators) + 1] = "";
        size_t n = 0;
        for (size_t k = 0; k < BNC_LEN(validators); k++) {
            if (validators[k].is_valid(names[i].text)) {
                got[n++] = validators[k].letter;
            }
        }
        bnc_test_row(names[i].text);
        CHECK_STR(got, names[i].valid);
    }
    for (size_t k = 0; k < BNC_LEN(validators); k++) {
        CHECK(!validators[k].is_valid(NULL));
    }
}

RUN_TESTS(duration, long_texts_are_cut_in_messages, size, percent, version_parse,
          version_compare, names_valid)
