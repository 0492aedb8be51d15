#include "lib/yaml_in.h"

#include <stdlib.h>

#include "tests/unit/test.h"

/* Read a copy of exactly that length, so that reading beyond is noticed. */
static enum bnc_code
read_text(struct bnc_arena *arena, const char *text, size_t n,
          const struct bnc_yaml_limits *limits, struct bnc_yaml_docs *docs,
          struct bnc_error *err)
{
    char *copy = malloc(n + (n == 0));
    memcpy(copy, text, n);
    enum bnc_code code = bnc_yaml_read(copy, n, limits, arena, docs, err);
    free(copy);
    return code;
}

struct row {
    const char *name;
    const char *text;
    const char *want; /* NULL: refused with `message` */
    const char *message;
};

static void
check_rows(const struct row *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        BNC_AUTO(bnc_arena) arena = bnc_arena_new();
        struct bnc_yaml_docs docs = {.n = 99};
        struct bnc_error err = {0};
        struct bnc_str out = bnc_str_new(arena, 10000);

        bnc_test_row(rows[i].name == NULL ? rows[i].text : rows[i].name);
        enum bnc_code code =
            read_text(arena, rows[i].text, strlen(rows[i].text), NULL, &docs, &err);
        if (rows[i].want == NULL) {
            CHECK_STR(err.message, rows[i].message);
            CHECK_INT(code, BNC_INVALID);
            CHECK_INT(docs.n, 99); /* nothing is written */
            continue;
        }
        CHECK_STR(err.message, "");
        CHECK_INT(code, BNC_OK);
        for (size_t k = 0; k < docs.n; k++) {
            bnc_str_puts(&out, k == 0 ? "" : " | ");
            bnc_json_print(docs.items[k].root, &out);
        }
        CHECK_STR(out.ptr == NULL ? "" : out.ptr, rows[i].want);
    }
}

#define FINITE                                                                           \
    "line 1, column 1: infinity and NaN have no form in JSON; quote them if text is "    \
    "meant"

/* As sigs.k8s.io/yaml 1.6.0 reads them; where we differ a comment says so. */
static const struct row scalars[] = {
    {"null in words", "[~, null, Null, NULL, nULL]", "[null,null,null,null,\"nULL\"]",
     NULL},
    {"true", "[true, True, TRUE, tRUE]", "[true,true,true,\"tRUE\"]", NULL},
    {"yes", "[y, Y, yes, Yes, YES, yEs]", "[true,true,true,true,true,\"yEs\"]", NULL},
    {"on", "[on, On, ON]", "[true,true,true]", NULL},
    {"false", "[false, False, FALSE]", "[false,false,false]", NULL},
    {"no", "[n, N, no, No, NO]", "[false,false,false,false,false]", NULL},
    {"off", "[off, Off, OFF]", "[false,false,false]", NULL},
    {"quoted words", "['true', \"null\", 'y']", "[\"true\",\"null\",\"y\"]", NULL},

    {NULL, "0", "0", NULL},
    {NULL, "-0", "0", NULL},
    {NULL, "+1", "1", NULL},
    {NULL, "9007199254740993", "9007199254740993", NULL},
    {NULL, "12345678901234567890", "12345678901234567890", NULL},
    {NULL, "-9223372036854775808", "-9223372036854775808", NULL},
    {NULL, "-9223372036854775809", "-9223372036854776000", NULL},
    {NULL, "+12345678901234567890", "12345678901234567000", NULL},
    {NULL, "123456789012345678901234567890", "1.2345678901234568e+29", NULL},
    {NULL, "[0x1F, 0X1f, -0x1f, +0x1f]", "[31,31,-31,31]", NULL},
    {NULL, "0xffffffffffffffff", "18446744073709551615", NULL},
    {NULL, "0x1ffffffffffffffff", "\"0x1ffffffffffffffff\"", NULL},
    {NULL, "[0x, 0xg, 0x1p3, 0x-1, 0x0x1]",
     "[\"0x\",\"0xg\",\"0x1p3\",\"0x-1\",\"0x0x1\"]", NULL},
    {NULL, "[0o17, 0O17, -0o17, 0o18]", "[15,15,-15,\"0o18\"]", NULL},
    {NULL, "[0777, -0777, 00, 0_7]", "[511,-511,0,7]", NULL},
    {NULL, "[08, 09.5, 00.5]", "[8,9.5,0.5]", NULL},
    {NULL, "02000000000000000000000", "2e+21", NULL},
    {NULL, "[0b101, 0B101, -0b101, 0b102, 0b]", "[5,5,-5,\"0b102\",\"0b\"]", NULL},
    {NULL, "0b-101", "\"0b-101\"", NULL}, /* Go: -5 */
    {NULL, "[1_000, 1_, 1__0, _1, +_1, 0_x1]", "[1000,1,10,\"_1\",1,1]", NULL},

    {NULL, "[1.5, 1.10, 1., .5, -.5, +.5]", "[1.5,1.1,1,0.5,-0.5,0.5]", NULL},
    {NULL, "[1_000.5, .5_0, ._5, .5__0, .5_]", "[1000.5,0.5,\"._5\",\".5__0\",\".5_\"]",
     NULL},
    {NULL, "[1e3, 1E3, 1e+3, 1e-3, 1.e3, .5e1]", "[1000,1000,1000,0.001,1000,5]", NULL},
    {NULL, "[1e400, -1e400, 1e-400]", "[\"1e400\",\"-1e400\",0]", NULL},
    {NULL, "[1e20, 1e21, 0.000001, 0.0000001]",
     "[100000000000000000000,1e+21,0.000001,1e-7]", NULL},
    {NULL, "[-0.0, 1.0]", "[-0,1]", NULL},
    {NULL, "[., .., 1e, e3, .e5, +, '-', 1.2.3]",
     "[\".\",\"..\",\"1e\",\"e3\",\".e5\",\"+\",\"-\",\"1.2.3\"]", NULL},
    {NULL, "[inf, nan, +inf, Infinity, .iNF]",
     "[\"inf\",\"nan\",\"+inf\",\"Infinity\",\".iNF\"]", NULL},
    {NULL, ".inf", NULL, FINITE},
    {NULL, "-.Inf", NULL, FINITE},
    {NULL, ".NaN", NULL, FINITE},

    {"dates stay text", "[2001-01-01, '2001-1-1', 2001-12-14t21:59:43.10-05:00]",
     "[\"2001-01-01\",\"2001-1-1\",\"2001-12-14t21:59:43.10-05:00\"]", NULL},
    {"base 60 stays text", "[12:30:45, 190:20:30]", "[\"12:30:45\",\"190:20:30\"]", NULL},
    {"units stay text", "[1m, 5MB, v1, =, <<]", "[\"1m\",\"5MB\",\"v1\",\"=\",\"<<\"]",
     NULL},

    {NULL, "[!!str 5, !!str true, !!str ~, !!str ]", "[\"5\",\"true\",\"~\",\"\"]", NULL},
    {NULL, "[!!int 5, !!int \"5\", !!int \"0x1F\", !!int 1_0]", "[5,5,31,10]", NULL},
    {NULL, "[!!float 5, !!float \"1\", !!float 0x10]", "[5,1,16]", NULL},
    {NULL, "[!!bool yes, !!bool \"true\"]", "[true,true]", NULL},
    {NULL, "[!!null null, !!null \"\", !!null ~]", "[null,null,null]", NULL},
    {NULL, "!!int x", NULL, "line 1, column 1: the value tagged !!int is no integer"},
    {NULL, "!!int 5.5", NULL, "line 1, column 1: the value tagged !!int is no integer"},
    {NULL, "!!int ", NULL, "line 1, column 1: the value tagged !!int is no integer"},
    {NULL, "!!bool 1", NULL, "line 1, column 1: the value tagged !!bool is no boolean"},
    {NULL, "!!float x", NULL, "line 1, column 1: the value tagged !!float is no number"},
    {NULL, "!!float .inf", NULL, FINITE},
    {NULL, "!!null x", NULL, "line 1, column 1: the value tagged !!null is not null"},
    {NULL, "[!!binary aGVsbG8=, !!binary \"aGVs\\nbG8=\", !!binary aA==]",
     "[\"hello\",\"hello\",\"h\"]", NULL},
    {NULL, "!!binary x", NULL,
     "line 1, column 1: the value tagged !!binary is no base64 of UTF-8 text"},
    {NULL, "!!binary a===", NULL,
     "line 1, column 1: the value tagged !!binary is no base64 of UTF-8 text"},
    {NULL, "!!binary aA==aA==", NULL,
     "line 1, column 1: the value tagged !!binary is no base64 of UTF-8 text"},
    {"binary that is no text", "!!binary gIGC", NULL, /* Go: three U+FFFD */
     "line 1, column 1: the value tagged !!binary is no base64 of UTF-8 text"},
    {"binary with NUL", "!!binary AAAA", NULL,
     "line 1, column 1: the value tagged !!binary is no base64 of UTF-8 text"},
    {NULL, "!!timestamp 2001-01-01", "\"2001-01-01\"", NULL},
    {NULL, "!!timestamp x", NULL,
     "line 1, column 1: the value tagged !!timestamp is no date"},
    {NULL, "[!foo bar, !foo 5, ! 5, !!foo 5]", "[\"bar\",\"5\",\"5\",\"5\"]", NULL},
    {"tags of lists and maps", "[!!map {a: 1}, !!seq [a], !foo {a: 1}, !!set {a, b}]",
     "[{\"a\":1},[\"a\"],{\"a\":1},{\"a\":null,\"b\":null}]", NULL},
};

TEST(scalars_as_kubectl_reads_them)
{
    check_rows(scalars, BNC_LEN(scalars));
}

static const struct row structures[] = {
    {"map", "b: 1\na: {c: [x, 2]}\n", "{\"b\":1,\"a\":{\"c\":[\"x\",2]}}", NULL},
    {"list", "- a: 1\n  b: 2\n- \n- []\n", "[{\"a\":1,\"b\":2},null,[]]", NULL},
    {"no values", "a:\nb: {c, d: }\n", "{\"a\":null,\"b\":{\"c\":null,\"d\":null}}",
     NULL},
    {"blocks", "a: |\n  x\n  y\nb: >-\n  x\n  y\n", "{\"a\":\"x\\ny\\n\",\"b\":\"x y\"}",
     NULL},
    {"escapes", "\"\\x41\\u00e9\\U0001F600\\/\"", "\"A\xc3\xa9\xf0\x9f\x98\x80/\"", NULL},
    {"line ends of Windows", "a: 1\r\nb: 2\r\n", "{\"a\":1,\"b\":2}", NULL},
    {"byte order mark",
     "\xef\xbb\xbf"
     "a: 1",
     "{\"a\":1}", NULL},
    {"version directive", "%YAML 1.1\n---\na", "\"a\"", NULL},

    {"keys become text", "1: a\n1.5: b\n0x10: c\nyes: d\nTRUE1: e\n2001-01-01: f\n'': g",
     "{\"1\":\"a\",\"1.5\":\"b\",\"16\":\"c\",\"true\":\"d\",\"TRUE1\":\"e\","
     "\"2001-01-01\":\"f\",\"\":\"g\"}",
     NULL},
    {"null key", "a: {~: 1}", NULL, "line 1, column 5: a key must be text, not null"},
    {"empty key", "? \n: 1", NULL, "line 1, column 2: a key must be text, not null"},
    {"list as key", "? [a]\n: 1", NULL,
     "line 1, column 3: a key must be text, not a list"},
    {"map as key", "{{a: b}: c}", NULL,
     "line 1, column 2: a key must be text, not a map"},
    {"key twice", "x:\n  a: 1\n  b: 2\n  a: 3\n", NULL,
     "line 4, column 3: the key \"a\" is there twice"},
    {"key twice as text", "1: a\n\"1\": b\n", NULL,
     "line 2, column 1: the key \"1\" is there twice"},
    {"same key in two maps", "- a: 1\n- a: 1\n", "[{\"a\":1},{\"a\":1}]", NULL},

    {"alias", "x: &a {p: [1]}\ny1: *a\nz: [*a, *a]\n",
     "{\"x\":{\"p\":[1]},\"y1\":{\"p\":[1]},\"z\":[{\"p\":[1]},{\"p\":[1]}]}", NULL},
    {"alias of a scalar", "[&x 1, *x, &x 2, *x]", "[1,1,2,2]", NULL},
    {"alias as key", "{&k key: v, b: *k}", "{\"key\":\"v\",\"b\":\"key\"}", NULL},
    {"alias as key twice", "{&k key: v, *k : b}", NULL,
     "line 1, column 13: the key \"key\" is there twice"},
    {"map alias as key", "[&m {a: 1}, {*m : b}]", NULL,
     "line 1, column 14: a key must be text, not a map"},
    {"unknown alias", "a: *b", NULL, "line 1, column 4: no anchor \"b\""},
    {"anchors end with the document", "&a x\n---\n*a", NULL,
     "line 3, column 1: no anchor \"a\""},
    {"alias of itself", "a: &a [*a]", NULL,
     "line 1, column 8: the anchor \"a\" contains itself"},

    {"merge", "x: &a {p: 1, q: 2}\nz:\n  <<: *a\n  q: 3\n  r: 4\n",
     "{\"x\":{\"p\":1,\"q\":2},\"z\":{\"p\":1,\"q\":3,\"r\":4}}", NULL},
    {"merge behind a key wins", "x: &a {p: 1, q: 2}\nz:\n  q: 3\n  <<: *a\n",
     "{\"x\":{\"p\":1,\"q\":2},\"z\":{\"q\":2,\"p\":1}}", NULL},
    {"merge of a list, the first wins", "z:\n  <<: [{a: 1}, {a: 2, b: 3}]\n",
     "{\"z\":{\"a\":1,\"b\":3}}", NULL},
    {"merge twice", "z:\n  <<: {a: 1}\n  <<: {b: 2}\n", "{\"z\":{\"a\":1,\"b\":2}}",
     NULL},
    {"merge of nothing", "z:\n  <<: []\n  a: 1\n", "{\"z\":{\"a\":1}}", NULL},
    {"merge and a key twice", "z:\n  a: 1\n  <<: {a: 2}\n  a: 3\n", NULL,
     "line 4, column 3: the key \"a\" is there twice"},
    {"quoted merge is a key", "z:\n  '<<': {a: 1}\n", "{\"z\":{\"<<\":{\"a\":1}}}", NULL},
    {"tagged merge", "z:\n  !!merge '<<': {a: 1}\n", "{\"z\":{\"a\":1}}", NULL},
    {"merge of a scalar", "z:\n  <<: 5\n", NULL,
     "line 2, column 7: << wants a map or a list of maps"},
    {"merge of a list of scalars", "z:\n  <<: [{a: 1}, 5]\n", NULL,
     "line 2, column 7: << wants a map or a list of maps"},

    {"documents", "a: 1\n---\nb: 2\n---\n# nothing\n---\n- c\n...\n",
     "{\"a\":1} | {\"b\":2} | null | [\"c\"]", NULL},
    {"nothing", "", "", NULL},
    {"only a comment", "# a\n", "", NULL},

    {"JSON", "{\n\t\"a\":\t[1, 2.50, \"\\/\\u00e9\"],\n\t\"b\":null\n}",
     "{\"a\":[1,2.5,\"/\xc3\xa9\"],\"b\":null}", NULL},
    {"JSON without blanks", "{\"a\":1,\"b\":[true]}", "{\"a\":1,\"b\":[true]}", NULL},
    {"JSON that is no YAML", "\n{\"a\":\"\\ud83d\\ude00\",\"b\":9007199254740993}",
     "{\"a\":\"\xf0\x9f\x98\x80\",\"b\":9007199254740993}", NULL},
    {"large numbers in such JSON", "\t[18446744073709551615, 123456789012345678901]",
     "[18446744073709551615,123456789012345680000]", NULL},
    {"such JSON with a key twice", "{\"a\":\"\\ud83d\\ude00\",\"x\":{\"b\":1,\"b\":2}}",
     NULL, "the key \"b\" is there twice"},
};

TEST(structures_as_kubectl_reads_them)
{
    check_rows(structures, BNC_LEN(structures));
}

static const struct row wrong[] = {
    {"two colons", "a: b: c", NULL,
     "line 1, column 5: mapping values are not allowed in this context"},
    {"open quote", "a: 1\nb: 'x", NULL,
     "line 2, column 6: found unexpected end of stream"},
    {"open list", "a: [1\n", NULL,
     "line 2, column 1: did not find expected ',' or ']', while parsing a flow sequence "
     "from line 1"},
    {"tab", "a:\n\tb: 1", NULL,
     "line 2, column 1: found character that cannot start any token"},
    {"template", "a: {{ .Values.x }}", NULL,
     "line 1, column 5: a key must be text, not a map"},
    {"at sign", "a: @x", NULL,
     "line 1, column 4: found character that cannot start any token"},
    {"control character", "a: 1\nb: \xc3\xa9\x01", NULL,
     "line 2, column 5: control characters are not allowed"},
    {"not UTF-8", "a: \xff", NULL, "line 1, column 4: the text is not UTF-8"},
    {"UTF-16",
     "\xff\xfe"
     "a",
     NULL, "line 1, column 1: the text is not UTF-8"},
    {"escaped NUL", "a: \"\\0\"", NULL, "line 1, column 4: \\0 is not allowed in text"},
    {"escaped NUL in a key", "\"\\u0000\": 1", NULL,
     "line 1, column 1: \\0 is not allowed in text"},
    {"secrets are not repeated", "password: !!int hunter2", NULL,
     "line 1, column 11: the value tagged !!int is no integer"},
};

TEST(messages)
{
    check_rows(wrong, BNC_LEN(wrong));
}

static const struct {
    const char *name;
    const char *text;
    struct bnc_yaml_limits limits;
    enum bnc_code code;
    const char *message;
} limited[] = {
    {"bytes", "a: 1", {4, 100, 100, 100}, BNC_OK, ""},
    {"one byte more",
     "a: 12",
     {4, 100, 100, 100},
     BNC_TOO_BIG,
     "the text is over 4 bytes"},
    {"depth", "[[{a: 1}]]", {99, 3, 100, 100}, BNC_OK, ""},
    {"one level more",
     "[[{a: []}]]",
     {99, 3, 100, 100},
     BNC_TOO_BIG,
     "line 1, column 7: nested over 3 levels deep"},
    {"depth by an alias", "[&a [[1]], [*a]]", {99, 4, 100, 100}, BNC_OK, ""},
    {"alias too deep",
     "[&a [[1]], [[*a]]]",
     {99, 4, 100, 100},
     BNC_TOO_BIG,
     "line 1, column 14: nested over 4 levels deep"},
    {"nodes", "{a: 1, b: [2]}", {99, 9, 6, 9}, BNC_OK, ""},
    {"one node more",
     "{a: 1, b: [2, 3]}",
     {99, 9, 6, 9},
     BNC_TOO_BIG,
     "line 1, column 15: over 6 keys and values, aliases counted where they are used"},
    {"aliased nodes", "[&a [1, 2], *a]", {99, 9, 7, 9}, BNC_OK, ""},
    {"aliased nodes, one more",
     "[&a [1, 2], *a, *a]",
     {99, 9, 9, 9},
     BNC_TOO_BIG,
     "line 1, column 17: over 9 keys and values, aliases counted where they are used"},
    {"merged nodes", "[&a {x: 2}, {<<: *a}]", {99, 9, 9, 9}, BNC_OK, ""},
    {"merged nodes, one more",
     "[&a {x: 2}, {<<: *a}]",
     {99, 9, 8, 9},
     BNC_TOO_BIG,
     "line 1, column 18: over 8 keys and values, aliases counted where they are used"},
    {"documents", "a\n---\nb", {99, 9, 9, 2}, BNC_OK, ""},
    {"one document more",
     "a\n---\nb\n---\nc",
     {99, 9, 9, 2},
     BNC_TOO_BIG,
     "line 4, column 1: over 2 documents"},
    {"nodes of JSON only",
     "{\"a\":[\"\\ud83d\\ude00\"]}",
     {99, 9, 2, 9},
     BNC_TOO_BIG,
     "too many keys and values"},
};

TEST(limits)
{
    for (size_t i = 0; i < BNC_LEN(limited); i++) {
        BNC_AUTO(bnc_arena) arena = bnc_arena_new();
        struct bnc_yaml_docs docs = {0};
        struct bnc_error err = {0};
        const char *text = limited[i].text;
        bnc_test_row(limited[i].name);
        CHECK_INT(read_text(arena, text, strlen(text), &limited[i].limits, &docs, &err),
                  limited[i].code);
        CHECK_STR(err.message, limited[i].message);
    }
}

/* Nine levels of ten aliases each: ten thousand million nodes. */
TEST(alias_bomb)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    struct bnc_str text = bnc_str_new(arena, 100000);
    struct bnc_yaml_docs docs = {0};
    struct bnc_error err = {0};
    bnc_test_row("");
    bnc_str_puts(&text, "a0: &a0 x\n");
    for (int i = 1; i < 10; i++) {
        bnc_str_fmt(&text, "a%d: &a%d [", i, i);
        for (int k = 0; k < 10; k++) {
            bnc_str_fmt(&text, "*a%d,", i - 1);
        }
        bnc_str_puts(&text, "]\n");
    }
    CHECK_INT(read_text(arena, text.ptr, text.len, NULL, &docs, &err), BNC_TOO_BIG);
    CHECK(strstr(err.message, "over 2000000 keys and values") != NULL);
    CHECK(bnc_arena_bytes(arena) < 1000000);
}

TEST(too_many_anchors)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    struct bnc_str text = bnc_str_new(arena, 100000);
    struct bnc_yaml_docs docs = {0};
    struct bnc_error err = {0};
    for (int i = 0; i < BNC_YAML_ANCHORS_MAX; i++) {
        bnc_str_fmt(&text, "- &a%d x\n", i);
    }
    CHECK_INT(read_text(arena, text.ptr, text.len, NULL, &docs, &err), BNC_OK);
    bnc_str_puts(&text, "- &more x\n");
    CHECK_INT(read_text(arena, text.ptr, text.len, NULL, &docs, &err), BNC_TOO_BIG);
    CHECK_STR(err.message, "line 257, column 3: over 256 anchors in a document");
}

TEST(too_many_tag_directives)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    struct bnc_str text = bnc_str_new(arena, 100000);
    struct bnc_yaml_docs docs = {0};
    struct bnc_error err = {0};
    size_t line = 0;
    size_t column = 0;
    bnc_str_puts(&text, "# tags\n");
    for (int i = 0; i < BNC_YAML_TAGS_MAX; i++) {
        bnc_str_fmt(&text, "%%TAG !t%d! x\n", i);
    }
    size_t most = text.len;
    bnc_str_puts(&text, "---\na: 1\n");
    CHECK_INT(read_text(arena, text.ptr, text.len, NULL, &docs, &err), BNC_OK);
    text.len = most;
    bnc_str_puts(&text, "%TAG !more! x\n---\na: 1\n");
    CHECK_INT(read_text(arena, text.ptr, text.len, NULL, &docs, &err), BNC_TOO_BIG);
    CHECK_STR(err.message, "over 100 %TAG lines");
    CHECK(!bnc_yaml_locate(text.ptr, text.len, 0, "a", &line, &column));
}

TEST(nul_byte_and_lines_of_documents)
{
    static const char text[] = "# c\na: 1\n---\n\n\nb: 2\n--- \nc\n--- {d: 1}\n";
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    struct bnc_yaml_docs docs = {0};
    struct bnc_error err = {0};
    CHECK_INT(read_text(arena, "a: 1\0b", 6, NULL, &docs, &err), BNC_INVALID);
    CHECK_STR(err.message, "line 1, column 5: the text holds a NUL byte");

    CHECK_INT(read_text(arena, text, strlen(text), NULL, &docs, &err), BNC_OK);
    CHECK_INT(docs.n, 4);
    CHECK_INT(docs.items[0].line, 2);
    CHECK_INT(docs.items[1].line, 6);
    CHECK_INT(docs.items[2].line, 8);
    CHECK_INT(docs.items[3].line, 9);
}

RUN_TESTS(scalars_as_kubectl_reads_them, structures_as_kubectl_reads_them, messages,
          limits, alias_bomb, too_many_anchors, too_many_tag_directives,
          nul_byte_and_lines_of_documents)
