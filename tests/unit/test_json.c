#include "lib/json.h"

#include <math.h>
#include <stdlib.h>

#include "tests/unit/test.h"

/* What is read, printed again; NULL: refused with that message. */
static const struct {
    const char *name;
    const char *text;
    const char *want;
    const char *message;
} rows[] = {
    {"object", "{\"b\": 1, \"a\": [true, false, null]}",
     "{\"b\":1,\"a\":[true,false,null]}", NULL},
    {"empty ones", " { \"a\" : [ ] , \"b\" : { } }\r\n", "{\"a\":[],\"b\":{}}", NULL},
    {"scalar", "\"x\"", "\"x\"", NULL},
    {"byte order mark", "\xef\xbb\xbf[1]", "[1]", NULL},
    {"escapes", "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\ud83d\\ude00\"",
     "\"\\\"\\\\/\\u0008\\u000c\\n\\u000d\\t\xc3\xa9\xf0\x9f\x98\x80\"", NULL},
    {"escaped backslash before u0000", "\"\\\\u0000\"", "\"\\\\u0000\"", NULL},
    {"duplicate keys stay", "{\"a\":1,\"a\":2}", "{\"a\":1,\"a\":2}", NULL},

    {"integers", "[0,-1,123456789012]", "[0,-1,123456789012]", NULL},
    {"minus zero", "-0", "-0", NULL},
    {"2^53", "9007199254740992", "9007199254740992", NULL},
    {"2^53 + 1", "9007199254740993", "9007199254740993", NULL},
    {"16 digits above", "[9999999999999999,1]", "[9999999999999999,1]", NULL},
    {"64 bits", "[18446744073709551615,-9223372036854775808]",
     "[18446744073709551615,-9223372036854775808]", NULL},
    {"many among small ones", "{\"a\":[1,90071992547409931,2],\"b\":90071992547409932}",
     "{\"a\":[1,90071992547409931,2],\"b\":90071992547409932}", NULL},
    {"decimals", "[0.1,1.10,99.95,-2.5e-3]", "[0.1,1.1,99.95,-0.0025]", NULL},
    {"exponents", "[1e3,1E+2,1.5e300,5e-324]", "[1000,100,1.5e+300,5e-324]", NULL},
    {"fraction of nothing", "[1.0,100.0]", "[1,100]", NULL},

    {"empty text", "", NULL, "the text is empty"},
    {"only blanks", "  ", NULL, "line 1, column 2: not valid JSON"},
    {"open array", "[1,\n 2", NULL, "line 2, column 2: not valid JSON"},
    {"comma at the end", "[1,]", NULL, "line 1, column 4: not valid JSON"},
    {"no colon", "{\"a\" 1}", NULL, "line 1, column 6: not valid JSON"},
    {"key is no string", "{a:1}", NULL, "line 1, column 3: not valid JSON"},
    {"single quotes", "{'a':1}", NULL, "line 1, column 3: not valid JSON"},
    {"two values", "{} {}", NULL, "line 1, column 4: something follows the JSON value"},
    {"rubbish behind", "1 x", NULL, "line 1, column 3: something follows the JSON value"},
    {"open string", "[\"ab\n", NULL, "line 1, column 5: control character in a string"},
    {"string to the end", "[\"ab", NULL, "line 1, column 2: the string does not end"},
    {"backslash at the end", "\"ab\\", NULL, "line 1, column 1: the string does not end"},
    {"tab in a string", "\"a\tb\"", NULL,
     "line 1, column 3: control character in a string"},
    {"control between", "[\x01]", NULL, "line 1, column 2: control character"},
    {"u0000", "{\"a\":\"\xc3\xa9 \\u0000\"}", NULL,
     "line 1, column 9: \\u0000 is not allowed"},
    {"unknown escape", "\"\\x41\"", NULL, "line 1, column 2: not valid JSON"},
    {"half a pair", "\"\\ud83d\"", NULL, "line 1, column 2: not valid JSON"},
    {"second half first", "\"\\ude00\"", NULL, "line 1, column 2: not valid JSON"},
    {"not UTF-8", "\"\xff\"", NULL, "the text is not UTF-8"},
    {"surrogate in UTF-8", "\"\xed\xa0\x80\"", NULL, "the text is not UTF-8"},
    {"leading zero", "[01]", NULL, "line 1, column 2: not a JSON number"},
    {"plus", "[+1]", NULL, "line 1, column 2: not valid JSON"},
    {"only minus", "[-]", NULL, "line 1, column 2: not a JSON number"},
    {"no digits behind the point", "[1.]", NULL, "line 1, column 2: not a JSON number"},
    {"no digits in front", "[.5]", NULL, "line 1, column 2: not valid JSON"},
    {"no exponent", "[1e]", NULL, "line 1, column 2: not a JSON number"},
    {"out of range", "[1e400]", NULL, "a number is out of range"},
    {"NaN", "NaN", NULL, "line 1, column 1: not valid JSON"},
    {"61 digits", "[1000000000000000000000000000000000000000000000000000000000000]", NULL,
     "line 1, column 2: a number of over 60 bytes"},
};

TEST(parse_and_print)
{
    for (size_t i = 0; i < BNC_LEN(rows); i++) {
        BNC_AUTO(bnc_arena) arena = bnc_arena_new();
        struct bnc_error err = {0};
        struct bnc_str out = bnc_str_new(arena, 10000);
        cJSON *tree = NULL;
        /* Exactly as long as the text: reading beyond is noticed. */
        size_t n = strlen(rows[i].text);
        char *text = malloc(n + (n == 0));
        memcpy(text, rows[i].text, n);

        bnc_test_row(rows[i].name);
        enum bnc_code code = bnc_json_parse(arena, text, n, &tree, &err);
        free(text);
        CHECK_INT(code, rows[i].want == NULL ? BNC_INVALID : BNC_OK);
        if (rows[i].want == NULL) {
            CHECK_STR(err.message, rows[i].message);
            CHECK(tree == NULL);
        } else {
            bnc_json_print(tree, &out);
            CHECK_STR(out.ptr, rows[i].want);
        }
    }
}

TEST(nul_byte)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    struct bnc_error err = {0};
    cJSON *tree = NULL;
    CHECK_INT(bnc_json_parse(arena, "[1]\0", 4, &tree, &err), BNC_INVALID);
    CHECK_STR(err.message, "the text holds a NUL byte");
}

TEST(depth)
{
    char text[2 * (BNC_JSON_DEPTH_MAX + 1)];
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    for (size_t depth = BNC_JSON_DEPTH_MAX; depth <= BNC_JSON_DEPTH_MAX + 1; depth++) {
        struct bnc_error err = {0};
        cJSON *tree = NULL;
        memset(text, '[', depth);
        memset(text + depth, ']', depth);
        enum bnc_code code = bnc_json_parse(arena, text, 2 * depth, &tree, &err);
        if (depth == BNC_JSON_DEPTH_MAX) {
            CHECK_INT(code, BNC_OK);
        } else {
            CHECK_INT(code, BNC_TOO_BIG);
            CHECK_STR(err.message, "line 1, column 101: nested over 100 levels deep");
        }
    }
}

static const struct {
    const char *name;
    double value;
    const char *want;
} doubles[] = {
    {"zero", 0, "0"},
    {"minus zero", -0.0, "-0"},
    {"integer", -42, "-42"},
    {"2^53", 9007199254740992.0, "9007199254740992"},
    {"above 2^53", 12345678901234568.0, "12345678901234568"},
    {"-2^63 in digits that matter", -9223372036854775808.0, "-9223372036854776000"},
    {"1e20", 1e20, "100000000000000000000"},
    {"1e21", 1e21, "1e+21"},
    {"1.5e300", 1.5e300, "1.5e+300"},
    {"a third", 1.0 / 3, "0.3333333333333333"},
    {"seventeen digits", 0.1 + 0.2, "0.30000000000000004"},
    {"in the middle", 123456.789, "123456.789"},
    {"small", 0.000001, "0.000001"},
    {"smaller", 0.0000001, "1e-7"},
    {"largest", 1.7976931348623157e308, "1.7976931348623157e+308"},
    {"smallest", 5e-324, "5e-324"},
    {"not a number", NAN, "null"},
    {"infinite", -INFINITY, "null"},
};

TEST(print_double)
{
    for (size_t i = 0; i < BNC_LEN(doubles); i++) {
        struct bnc_str out = bnc_str_new(NULL, 100);
        bnc_test_row(doubles[i].name);
        bnc_json_print_double(doubles[i].value, &out);
        CHECK_STR(out.ptr, doubles[i].want);
        bnc_str_free(&out);
    }
}

static cJSON *
parse(struct bnc_arena *arena, const char *text)
{
    struct bnc_error err = {0};
    cJSON *tree = NULL;
    CHECK_INT(bnc_json_parse(arena, text, strlen(text), &tree, &err), BNC_OK);
    return tree;
}

TEST(look_ups)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    const cJSON *t =
        parse(arena, "{\"Name\":\"x\",\"name\":\"y\",\"n\":5,\"b\":true,\"f\":1.5,"
                     "\"big\":9007199254740993,\"huge\":18446744073709551615,"
                     "\"m\":{\"deep\":{\"er\":\"z\"}},\"l\":[1]}");
    int64_t n = -1;
    bnc_test_row("");
    CHECK_STR(bnc_json_get_str(t, "name"), "y");
    CHECK(bnc_json_get_str(t, "NAME") == NULL);
    CHECK(bnc_json_get_str(t, "n") == NULL);
    CHECK(bnc_json_get_str(t, "big") == NULL);
    CHECK(bnc_json_get(NULL, "name") == NULL);
    CHECK(bnc_json_get(bnc_json_get(t, "l"), "name") == NULL);
    CHECK_STR(bnc_json_path(t, "m", "deep", "er", NULL)->valuestring, "z");
    CHECK(bnc_json_path(t, "m", "no", "er", NULL) == NULL);
    CHECK(bnc_json_path(t, "n", "er", NULL) == NULL);
    CHECK(bnc_json_path(NULL, "m", NULL) == NULL);
    CHECK(bnc_json_get_true(t, "b"));
    CHECK(!bnc_json_get_true(t, "n"));
    CHECK(!bnc_json_get_true(t, "none"));

    CHECK(bnc_json_get_int(t, "n", &n));
    CHECK_INT(n, 5);
    CHECK(bnc_json_get_int(t, "big", &n));
    CHECK_INT(n, 9007199254740993);
    CHECK(!bnc_json_get_int(t, "huge", &n)); /* over 63 bits */
    CHECK(!bnc_json_get_int(t, "f", &n));
    CHECK(!bnc_json_get_int(t, "name", &n));
    CHECK(!bnc_json_get_int(t, "none", &n));
    CHECK_INT(n, 9007199254740993);
    CHECK(bnc_json_is_number(bnc_json_get(t, "big")));
    CHECK(bnc_json_is_number(bnc_json_get(t, "f")));
    CHECK(!bnc_json_is_number(bnc_json_get(t, "name")));
}

static const struct {
    const char *name;
    const char *a;
    const char *b;
    bool equal;
} pairs[] = {
    {"same", "{\"a\":[1,2]}", "{\"a\":[1,2]}", true},
    {"other order of keys", "{\"a\":1,\"b\":{\"c\":2,\"d\":3}}",
     "{\"b\":{\"d\":3,\"c\":2},\"a\":1}", true},
    {"other order of items", "[1,2]", "[2,1]", false},
    {"shorter list", "[1,2]", "[1]", false},
    {"longer list", "[1]", "[1,2]", false},
    {"other value", "{\"a\":1}", "{\"a\":2}", false},
    {"other key", "{\"a\":1}", "{\"b\":1}", false},
    {"key in other case", "{\"a\":1}", "{\"A\":1}", false},
    {"more keys", "{\"a\":1}", "{\"a\":1,\"b\":1}", false},
    {"number as text", "1", "\"1\"", false},
    {"same number", "1.0", "1", true},
    {"neighbours", "0.1", "0.10000000000000002", false},
    {"big neighbours", "9007199254740993", "9007199254740992", false},
    {"exact and double", "100000000000000000000", "1e20", true},
    {"true and false", "true", "false", false},
    {"null and absent", "{\"a\":null}", "{}", false},
    {"empty ones", "[]", "{}", false},
    {"text", "\"a\"", "\"b\"", false},
};

TEST(equal)
{
    for (size_t i = 0; i < BNC_LEN(pairs); i++) {
        BNC_AUTO(bnc_arena) arena = bnc_arena_new();
        bnc_test_row(pairs[i].name);
        const cJSON *a = parse(arena, pairs[i].a);
        const cJSON *b = parse(arena, pairs[i].b);
        CHECK_INT(bnc_json_equal(a, b), pairs[i].equal);
        CHECK_INT(bnc_json_equal(b, a), pairs[i].equal);
        CHECK(bnc_json_equal(a, bnc_json_clone(arena, a)));
    }
    CHECK(bnc_json_equal(NULL, NULL));
}

TEST(print_sorted)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    struct bnc_str out = bnc_str_new(arena, 1000);
    const cJSON *t =
        parse(arena, "{\"b\":{\"z\":1,\"a\":[{\"y\":1,\"x\":2}]},\"\xc3\xa9\":0,\"B\":1,"
                     "\"a\":1,\"a\":2}");
    bnc_json_print_sorted(t, &out);
    CHECK_STR(out.ptr,
              "{\"B\":1,\"a\":1,\"a\":2,\"b\":{\"a\":[{\"x\":2,\"y\":1}],\"z\":1},"
              "\"\xc3\xa9\":0}");
}

static void
check_tree(const cJSON *tree, const char *want)
{
    struct bnc_str out = bnc_str_new(NULL, 1000);
    bnc_json_print(tree, &out);
    CHECK_STR(out.ptr, want);
    bnc_str_free(&out);
}

TEST(build)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    cJSON *t = bnc_json_object(arena);
    cJSON *list = bnc_json_array(arena);
    bnc_test_row("");
    bnc_json_set_str(arena, t, "s", "text");
    bnc_json_set_int(arena, t, "i", INT64_MAX);
    bnc_json_set_int(arena, t, "j", INT64_MIN);
    bnc_json_set_int(arena, t, "k", -7);
    bnc_json_set_bool(arena, t, "b", true);
    bnc_json_set_item(arena, t, "l", list);
    bnc_json_add(list, bnc_json_str(arena, NULL));
    bnc_json_add(list, bnc_json_double(arena, 0.5));
    bnc_json_add(list, bnc_json_null(arena));
    bnc_json_append(arena, t, "r", bnc_json_raw(arena, "18446744073709551615"));
    check_tree(t,
               "{\"s\":\"text\",\"i\":9223372036854775807,\"j\":-9223372036854775808,"
               "\"k\":-7,\"b\":true,\"l\":[null,0.5,null],\"r\":18446744073709551615}");

    cJSON *copy = bnc_json_clone(arena, t);
    bnc_json_set_str(arena, copy, "s", "first"); /* first, middle and last in place */
    bnc_json_set_str(arena, copy, "k", "middle");
    bnc_json_set_str(arena, copy, "r", "last");
    CHECK(bnc_json_remove(copy, "i"));
    CHECK(bnc_json_remove(copy, "j"));
    CHECK(!bnc_json_remove(copy, "j"));
    bnc_json_set_bool(arena, copy, "new", false);
    check_tree(copy, "{\"s\":\"first\",\"k\":\"middle\",\"b\":true,\"l\":[null,0.5,null],"
                     "\"r\":\"last\",\"new\":false}");
    CHECK(bnc_json_remove(copy, "s"));
    CHECK(bnc_json_remove(copy, "new"));
    bnc_json_set_int(arena, copy, "end", 1);
    check_tree(copy, "{\"k\":\"middle\",\"b\":true,\"l\":[null,0.5,null],\"r\":\"last\","
                     "\"end\":1}");
    CHECK(bnc_json_get_str(t, "s") != NULL); /* the original is untouched */
    CHECK_STR(bnc_json_get_str(t, "s"), "text");

    cJSON *one = bnc_json_object(arena);
    bnc_json_set_int(arena, one, "a", 1);
    bnc_json_set_int(arena, one, "a", 2);
    check_tree(one, "{\"a\":2}");
    CHECK(bnc_json_remove(one, "a"));
    check_tree(one, "{}");
    bnc_json_set_int(arena, one, "b", 3);
    check_tree(one, "{\"b\":3}");
    CHECK(bnc_json_clone(arena, NULL) == NULL);
}

RUN_TESTS(parse_and_print, nul_byte, depth, print_double, look_ups, equal, print_sorted,
          build)
