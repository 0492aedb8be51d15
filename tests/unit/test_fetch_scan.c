#include "sync/fetch_scan.h"

#include <stdlib.h>

#include "tests/unit/test.h"

#define ROOM ((size_t)1 << 20)

/* "a/b=text", a line for each text. */
struct told {
    struct bnc_str out;
    bool in_text;
};

static enum bnc_code
add_text(void *arg, const struct bnc_scan_path *path, struct bnc_bytes piece, bool last,
         struct bnc_error *err)
{
    struct told *told = arg;
    BNC_UNUSED(err);
    for (size_t i = 0; i < path->n && !told->in_text; i++) {
        bnc_str_fmt(&told->out, "%s%c", path->keys[i], i + 1 < path->n ? '/' : '=');
    }
    bnc_str_add(&told->out, piece.ptr, piece.len);
    told->in_text = !last;
    if (last) {
        bnc_str_putc(&told->out, '\n');
    }
    return BNC_OK;
}

TEST(json)
{
    static const struct {
        const char *name;
        const char *json;
        const char *want; /* NULL: refused */
    } rows[] = {
        {"empty", " { } ", ""},
        {"levels",
         "{\"a\":\"1\",\"b\":{\"c\":\"2\",\"d\":{\"e\":\"3\",\"f\":{\"g\":\"no\"}}},"
         "\"h\":\"4\"}",
         "a=1\nb/c=2\nb/d/e=3\nh=4\n"},
        {"other values",
         "{\"n\":-1.5e+3, \"t\":true ,\"x\":null,\"y\":[],\"z\":{},\"a\":\"\"}", "a=\n"},
        {"arrays", "{\"a\":[{\"b\":\"no\"},[\"no\"],\"no\"],\"c\":\"yes\"}", "c=yes\n"},
        {"escapes", "{\"\\\"k\\u0041\":\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"}",
         "\"kA=\"\\/\b\f\n\r\t\n"},
        {"characters", "{\"a\":\"\\u00e9\\u20AC\\uD83D\\uDE00é\"}", "a=é€😀é\n"},
        {"brackets in texts", "{\"a\":\"}]{[,:\"}", "a=}]{[,:\n"},
        {"a list", "[]", NULL},
        {"a text", "\"a\"", NULL},
        {"nothing", "  ", NULL},
        {"cut", "{\"a\":\"1\"", NULL},
        {"cut in a number", "{\"a\":1", NULL},
        {"two", "{}{}", NULL},
        {"wrong bracket", "{\"a\":[}}", NULL},
        {"wrong bracket 2", "{\"a\":[1}]", NULL},
        {"no colon", "{\"a\" \"b\"}", NULL},
        {"no comma", "{\"a\":\"b\" \"c\":\"d\"}", NULL},
        {"comma at the end", "{\"a\":\"b\",}", NULL},
        {"comma at the end of a list", "{\"a\":[1,]}", NULL},
        {"no key", "{1:2}", NULL},
        {"no value", "{\"a\":}", NULL},
        {"NUL", "{\"a\":\"\\u0000\"}", NULL},
        {"control character", "{\"a\":\"\n\"}", NULL},
        {"wrong escape", "{\"a\":\"\\x\"}", NULL},
        {"wrong digits", "{\"a\":\"\\u12g4\"}", NULL},
        {"high half alone", "{\"a\":\"\\uD83Dx\"}", NULL},
        {"high half, newline", "{\"a\":\"\\uD83D\\n\"}", NULL},
        {"two high halves", "{\"a\":\"\\uD83D\\uD83D\"}", NULL},
        {"low half alone", "{\"a\":\"\\uDE00\"}", NULL},
        {"high half at the end", "{\"a\":\"\\uD83D\"}", NULL},
    };
    for (size_t i = 0; i < BNC_LEN(rows); i++) {
        for (size_t piece = 1; piece < 200; piece += 198) {
            struct told told = {.out = bnc_str_new(NULL, ROOM)};
            BNC_AUTO(bnc_scan) scan = bnc_scan_new(add_text, &told);
            struct bnc_error err = {0};
            enum bnc_code code = BNC_OK;

            bnc_test_row(rows[i].name);
            bnc_str_puts(&told.out, "");
            for (const char *at = rows[i].json; *at != '\0' && code == BNC_OK;) {
                size_t n = strnlen(at, piece);
                code = bnc_scan_feed(scan, at, n, &err);
                at += n;
            }
            code = bnc_scan_end(scan, &err);
            CHECK_INT(code, rows[i].want == NULL ? BNC_INVALID : BNC_OK);
            if (rows[i].want != NULL) {
                CHECK_STR(told.out.ptr, rows[i].want);
            }
            bnc_str_free(&told.out);
        }
    }
    bnc_scan_free(NULL);
}

/* Nesting of 100 is read, 101 is not; a key of 320 bytes is told, 321 is "". */
TEST(json_limits)
{
    static const struct {
        const char *name;
        size_t depth;
        size_t key;
        bool good;
    } rows[] = {
        {"deepest", 99, 320, true},
        {"too deep", 100, 320, false},
        {"key too long", 1, 321, true},
        {"key far too long", 1, 9999, true},
    };
    for (size_t i = 0; i < BNC_LEN(rows); i++) {
        struct told told = {.out = bnc_str_new(NULL, ROOM)};
        struct bnc_str json = bnc_str_new(NULL, ROOM);
        BNC_AUTO(bnc_scan) scan = bnc_scan_new(add_text, &told);
        struct bnc_error err = {0};

        bnc_test_row(rows[i].name);
        bnc_str_puts(&told.out, "");
        bnc_str_puts(&json, "{\"");
        for (size_t k = 0; k < rows[i].key; k++) {
            bnc_str_putc(&json, 'k');
        }
        bnc_str_puts(&json, "\":\"v\",\"d\":");
        for (size_t k = 0; k < rows[i].depth; k++) {
            bnc_str_putc(&json, '[');
        }
        for (size_t k = 0; k < rows[i].depth; k++) {
            bnc_str_putc(&json, ']');
        }
        bnc_str_putc(&json, '}');
        enum bnc_code code = bnc_scan_feed(scan, json.ptr, json.len, &err);
        CHECK_INT(code, rows[i].good ? BNC_OK : BNC_INVALID);
        CHECK_INT(bnc_scan_end(scan, &err), code);
        CHECK_INT(told.out.len, rows[i].key <= 320 ? rows[i].key + 3 : 3);
        bnc_str_free(&told.out);
        bnc_str_free(&json);
    }
}

/* A failure of the callback ends the reading, and stays. */
static enum bnc_code
refuse_second(void *arg, const struct bnc_scan_path *path, struct bnc_bytes piece,
              bool last, struct bnc_error *err)
{
    int *n = arg;
    BNC_UNUSED(path);
    BNC_UNUSED(piece);
    BNC_UNUSED(last);
    return ++*n == 2 ? bnc_fail(err, BNC_DENIED, "no more") : BNC_OK;
}

TEST(refusal_of_the_callback)
{
    static const char json[] = "{\"a\":\"1\",\"b\":\"2\",\"c\":\"3\"}";
    int n = 0;
    BNC_AUTO(bnc_scan) scan = bnc_scan_new(refuse_second, &n);
    struct bnc_error err = {0};

    CHECK_INT(bnc_scan_feed(scan, json, sizeof(json) - 1, &err), BNC_DENIED);
    CHECK_INT(n, 2);
    CHECK_INT(bnc_scan_feed(scan, "}", 1, &err), BNC_DENIED);
    CHECK_INT(bnc_scan_end(scan, &err), BNC_DENIED);
    CHECK_STR(err.message, "no more");
    CHECK_INT(n, 2);
}

/* A long text comes in pieces that are its bytes. */
TEST(long_text)
{
    struct told told = {.out = bnc_str_new(NULL, ROOM)};
    struct bnc_str json = bnc_str_new(NULL, ROOM);
    BNC_AUTO(bnc_scan) scan = bnc_scan_new(add_text, &told);
    struct bnc_error err = {0};

    bnc_str_puts(&json, "{\"a\":\"");
    for (int i = 0; i < 20000; i++) {
        bnc_str_fmt(&json, "%d\\n", i);
    }
    bnc_str_puts(&json, "\"}");
    CHECK_INT(bnc_scan_feed(scan, json.ptr, json.len, &err), BNC_OK);
    CHECK_INT(bnc_scan_end(scan, &err), BNC_OK);
    const char *at = told.out.ptr + 2;
    for (int i = 0; i < 20000; i++) {
        char *next = NULL;
        CHECK_INT(strtol(at, &next, 10), i);
        CHECK(*next == '\n');
        at = next + 1;
    }
    CHECK_STR(at, "\n");
    bnc_str_free(&json);
    bnc_str_free(&told.out);
}

RUN_TESTS(json, json_limits, refusal_of_the_callback, long_text)
