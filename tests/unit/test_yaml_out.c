#include "tests/unit/test.h"

#include "lib/json.h"
#include "render/yaml_out.h"

#define MAX_BYTES ((size_t)1 << 20)

static struct bnc_arena *arena;

/* ---- quoting: what is written for one text --------------------------------------- */

static const struct {
    const char *name;
    const char *text;
    const char *want;
} quoting[] = {
    {"word", "replace", "replace"},
    {"label", "__meta_kubernetes_pod_name", "__meta_kubernetes_pod_name"},
    {"path", "/stats/prometheus", "/stats/prometheus"},
    {"url", "http://p.monitoring:9090/x", "http://p.monitoring:9090/x"},
    {"replacement", "$1", "$1"},
    {"duration", "1h30m", "1h30m"},
    {"milliseconds", "500ms", "500ms"},
    {"size", "5MB", "5MB"},
    {"binary size", "5MiB", "5MiB"},
    {"words", "two words", "two words"},
    {"empty", "", "''"},
    {"yes", "yes", "'yes'"},
    {"No", "No", "'No'"},
    {"y", "y", "'y'"},
    {"ON", "ON", "'ON'"},
    {"off", "off", "'off'"},
    {"true", "true", "'true'"},
    {"Null", "Null", "'Null'"},
    {"tilde", "~", "'~'"},
    {"integer", "8080", "'8080'"},
    {"float", "1.0", "'1.0'"},
    {"version", "2.42.0", "'2.42.0'"},
    {"hex", "0x1", "'0x1'"},
    {"octal", "0o7", "'0o7'"},
    {"exponent", "1e3", "'1e3'"},
    {"underscores", "1_000", "'1_000'"},
    {"date", "2001-01-01", "'2001-01-01'"},
    {"sexagesimal", "12:30:45", "'12:30:45'"},
    {"value key", "=", "'='"},
    {"merge key", "<<", "'<<'"},
    {"infinity", ".inf", "'.inf'"},
    {"not a number", ".NaN", "'.NaN'"},
    {"signed", "-1", "'-1'"},
    {"regex", "(.+)", "'(.+)'"},
    {"separator", ";", "';'"},
    {"comment", "a #b", "'a #b'"},
    {"colon at the end", "a:", "'a:'"},
    {"colon and space", "a: b", "'a: b'"},
    {"space at the end", "a ", "'a '"},
    {"leading space", " a", "' a'"},
    {"single quote", "it's", "'it''s'"},
    {"double quote", "a\"b", "'a\"b'"},
    {"backslash", "a\\d+", "'a\\d+'"},
    {"star", "*", "'*'"},
    {"dashes", "---", "'---'"},
    {"tab", "a\tb", "\"a\\tb\""},
    {"unit separator", "\x1f", "\"\\x1F\""},
    {"carriage return", "a\r\nb", "\"a\\r\\nb\""},
    {"umlaut", "\xc3\xbc", "'\xc3\xbc'"},
    {"next line", "a\xc2\x85z", "\"a\\Nz\""},
    {"line separator", "a\xe2\x80\xa8z", "\"a\\Lz\""},
    {"byte order mark", "\xef\xbb\xbfz", "\"\\uFEFFz\""},
    {"emoji", "\xf0\x9f\x98\x80", "\"\\U0001F600\""},
    {"two lines", "a\nb", "|-\n  a\n  b"},
    {"two lines and a break", "a\nb\n", "|\n  a\n  b"},
    {"indented line", "a\n  b: c\n", "|\n  a\n    b: c"},
    {"empty line inside", "a\n\nb", "|-\n  a\n\n  b"},
    {"breaks at the end", "a\n\n", "\"a\\n\\n\""},
    {"break only", "\n", "\"\\n\""},
    {"blank before a break", "a \nb", "\"a \\nb\""},
    {"blank at the end", "a\nb ", "\"a\\nb \""},
    {"leading blank line", " a\nb", "\" a\\nb\""},
};

static const char *
write_one(const char *text, size_t indent)
{
    struct bnc_yaml y;
    struct bnc_bytes out = {0};
    struct bnc_error err = {0};

    bnc_yaml_start(&y, BNC_YAML_ROOT_MAP, indent, MAX_BYTES, arena);
    bnc_yaml_str(&y, "k", text);
    CHECK_INT(bnc_yaml_finish(&y, &out, &err), BNC_OK);
    return out.ptr;
}

/* The scalar at `k`, as libyaml reads it. */
static const char *
read_one(const char *yaml)
{
    yaml_parser_t parser;
    yaml_document_t doc;
    const char *found = NULL;

    CHECK(yaml_parser_initialize(&parser));
    yaml_parser_set_input_string(&parser, (const unsigned char *)yaml, strlen(yaml));
    CHECK(yaml_parser_load(&parser, &doc));
    yaml_node_t *root = yaml_document_get_root_node(&doc);
    CHECK(root != NULL && root->type == YAML_MAPPING_NODE);
    yaml_node_pair_t *pair = root->data.mapping.pairs.start;
    yaml_node_t *value = yaml_document_get_node(&doc, pair->value);
    if (value->type == YAML_SCALAR_NODE) {
        found = bnc_arena_strdup(arena, (const char *)value->data.scalar.value);
    }
    yaml_document_delete(&doc);
    yaml_parser_delete(&parser);
    return found;
}

TEST(quotes)
{
    arena = bnc_arena_new();
    for (size_t i = 0; i < BNC_LEN(quoting); i++) {
        bnc_test_row(quoting[i].name);
        CHECK_STR(write_one(quoting[i].text, 0),
                  bnc_arena_fmt(arena, "k: %s\n", quoting[i].want));
        CHECK_STR(read_one(write_one(quoting[i].text, 0)), quoting[i].text);
        CHECK_STR(read_one(write_one(quoting[i].text, 6)), quoting[i].text);
    }
    bnc_arena_free(arena);
}

/* ---- shape ------------------------------------------------------------------------ */

TEST(shape)
{
    struct bnc_yaml y;
    struct bnc_bytes out = {0};
    struct bnc_error err = {0};
    const char *items[] = {"a", "b,c", "yes"};
    struct bnc_texts texts = {.items = items, .n = 3, .set = true};
    struct bnc_texts none = {.set = true};

    arena = bnc_arena_new();
    bnc_yaml_start(&y, BNC_YAML_ROOT_SEQ, 2, MAX_BYTES, arena);
    BNC_YAML_ITEM (&y) {
        bnc_yaml_fmt(&y, "job_name", "%s/%d", "a", 1);
        bnc_yaml_int(&y, "limit", INT64_MAX);
        bnc_yaml_bool(&y, "on", true);
        bnc_yaml_raw(&y, "ratio", "0.10");
        bnc_yaml_null(&y, "nothing");
        bnc_yaml_str(&y, "text", "one\n\n  two\n");
        bnc_yaml_opt_str(&y, "absent", NULL);
        bnc_yaml_opt_int(&y, "absent", (struct bnc_opt_int){0});
        bnc_yaml_opt_int(&y, "zero", (struct bnc_opt_int){.set = true});
        bnc_yaml_opt_bool(&y, "absent", BNC_UNSET);
        bnc_yaml_opt_bool(&y, "false", BNC_FALSE);
        BNC_YAML_MAP (&y, "params") {
            bnc_yaml_texts(&y, "module", &texts);
            bnc_yaml_flow_texts(&y, "flow", &texts);
            bnc_yaml_flow_texts(&y, "none", &none);
        }
        BNC_YAML_SEQ (&y, "rules") {
            BNC_YAML_ITEM (&y) {
                bnc_yaml_str(&y, "action", "drop");
                bnc_yaml_str(&y, "regex", "a|b");
            }
            BNC_YAML_SEQ (&y, NULL) {
                bnc_yaml_int(&y, NULL, -1);
            }
        }
        BNC_YAML_MAP (&y, "empty") {
        }
        BNC_YAML_SEQ (&y, "empty list") {
        }
    }
    CHECK_INT(bnc_yaml_finish(&y, &out, &err), BNC_OK);
    CHECK_STR(out.ptr, "  - job_name: a/1\n"
                       "    limit: 9223372036854775807\n"
                       "    'on': true\n"
                       "    ratio: 0.10\n"
                       "    nothing: null\n"
                       "    text: |\n"
                       "      one\n"
                       "\n"
                       "        two\n"
                       "    zero: 0\n"
                       "    'false': false\n"
                       "    params:\n"
                       "      module:\n"
                       "      - a\n"
                       "      - 'b,c'\n"
                       "      - 'yes'\n"
                       "      flow: [a, 'b,c', 'yes']\n"
                       "      none: []\n"
                       "    rules:\n"
                       "    - action: drop\n"
                       "      regex: 'a|b'\n"
                       "    - - -1\n"
                       "    empty: {}\n"
                       "    empty list: []\n");
    CHECK_INT(strlen(out.ptr), out.len);
    bnc_arena_free(arena);
}

TEST(trees)
{
    static const char json[] =
        "{\"z\":1,\"a\":[true,null,{\"x\":0.1,\"y\":{}}],\"big\":12345678901234567890,"
        "\"far\":1e+21,\"no\":\"no\",\"text\":\"l1\\nl2\"}";
    struct bnc_yaml y;
    struct bnc_bytes out = {0};
    struct bnc_error err = {0};
    cJSON *tree = NULL;

    arena = bnc_arena_new();
    CHECK_INT(bnc_json_parse(arena, json, strlen(json), &tree, &err), BNC_OK);
    bnc_yaml_start(&y, BNC_YAML_ROOT_MAP, 0, MAX_BYTES, arena);
    bnc_yaml_tree(&y, "t", tree);
    CHECK_INT(bnc_yaml_finish(&y, &out, &err), BNC_OK);
    CHECK_STR(out.ptr, "t:\n"
                       "  z: 1\n"
                       "  a:\n"
                       "  - true\n"
                       "  - null\n"
                       "  - x: 0.1\n"
                       "    'y': {}\n"
                       "  big: 12345678901234567890\n"
                       "  far: 1e+21\n"
                       "  'no': 'no'\n"
                       "  text: |-\n"
                       "    l1\n"
                       "    l2\n");
    bnc_arena_free(arena);
}

/* A long text must not be folded, a long key must stay readable. */
TEST(long_texts)
{
    char text[20000];
    struct bnc_yaml y;
    struct bnc_bytes out = {0};
    struct bnc_error err = {0};

    arena = bnc_arena_new();
    for (size_t i = 0; i < sizeof(text); i++) {
        text[i] = i % 7 == 3 ? ' ' : 'a';
    }
    text[sizeof(text) - 1] = '\0';
    CHECK_STR(write_one(text, 0), bnc_arena_fmt(arena, "k: %s\n", text));
    text[10] = '\t';
    CHECK_STR(read_one(write_one(text, 3)), text);

    text[300] = '\0';
    bnc_yaml_start(&y, BNC_YAML_ROOT_MAP, 0, MAX_BYTES, arena);
    bnc_yaml_str(&y, text, "value");
    CHECK_INT(bnc_yaml_finish(&y, &out, &err), BNC_OK);
    CHECK_STR(read_one(out.ptr), "value");
    bnc_arena_free(arena);
}

/* ---- errors ------------------------------------------------------------------------ */

static void
bad_utf8(struct bnc_yaml *y)
{
    bnc_yaml_str(y, "name", "\xff");
    bnc_yaml_str(y, "later", "fine");
}

static void
bad_key(struct bnc_yaml *y)
{
    bnc_yaml_str(y, "\xff", "x");
}

static void
left_open(struct bnc_yaml *y)
{
    (void)bnc_yaml_map_open(y, "spec");
}

static void
closed_twice(struct bnc_yaml *y)
{
    (void)bnc_yaml_close(y);
    (void)bnc_yaml_close(y);
}

static void
key_missing(struct bnc_yaml *y)
{
    bnc_yaml_str(y, NULL, "x");
}

static void
key_in_list(struct bnc_yaml *y)
{
    BNC_YAML_SEQ (y, "list") {
        bnc_yaml_str(y, "k", "x");
    }
}

static void
null_text(struct bnc_yaml *y)
{
    bnc_yaml_str(y, "nothing", NULL);
}

static void
too_deep(struct bnc_yaml *y)
{
    for (int i = 0; i < BNC_YAML_DEPTH_MAX + 5; i++) {
        (void)bnc_yaml_map_open(y, "k");
    }
}

static void
too_big(struct bnc_yaml *y)
{
    BNC_YAML_SEQ (y, "list") {
        for (int i = 0; i < 100000; i++) {
            bnc_yaml_str(y, NULL, "0123456789");
        }
    }
}

static const struct {
    const char *name;
    void (*write)(struct bnc_yaml *y);
    enum bnc_code code;
    const char *says;
} bad[] = {
    {"bad UTF-8", bad_utf8, BNC_INTERNAL, "YAML: text is not UTF-8 at \"name\""},
    {"bad key", bad_key, BNC_INTERNAL, "YAML: text is not UTF-8 at \"-\""},
    {"left open", left_open, BNC_INTERNAL, "YAML: a level is left open at \"-\""},
    {"closed twice", closed_twice, BNC_INTERNAL,
     "YAML: a level is closed twice at \"-\""},
    {"key missing", key_missing, BNC_INTERNAL, "YAML: key missing at \"-\""},
    {"key in list", key_in_list, BNC_INTERNAL, "YAML: key in a list at \"k\""},
    {"no text", null_text, BNC_INTERNAL, "YAML: no text at \"nothing\""},
    {"too deep", too_deep, BNC_INTERNAL, "YAML: nested too deep at \"-\""},
    {"too big", too_big, BNC_TOO_BIG, NULL},
};

TEST(errors)
{
    for (size_t i = 0; i < BNC_LEN(bad); i++) {
        struct bnc_yaml y;
        struct bnc_bytes out = {0};
        struct bnc_error err = {0};

        bnc_test_row(bad[i].name);
        arena = bnc_arena_new();
        bnc_yaml_start(&y, BNC_YAML_ROOT_MAP, 0, 4096, arena);
        bad[i].write(&y);
        CHECK_INT(bnc_yaml_finish(&y, &out, &err), bad[i].code);
        if (bad[i].says != NULL) {
            CHECK_STR(err.message, bad[i].says);
        }
        CHECK(out.ptr == NULL);
        bnc_arena_free(arena);
    }
}

RUN_TESTS(quotes, shape, trees, long_texts, errors)
