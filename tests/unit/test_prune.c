#include "tests/unit/test.h"

#include <stdlib.h>

#include "model/prune.h"

#define END                                                                              \
    {                                                                                    \
        NULL, NULL, BNC_KEEP_TEXT                                                        \
    }

static const struct bnc_keep item_rows[] = {{"name", NULL, BNC_KEEP_TEXT}, END};
static const struct bnc_keep annotation_rows[] = {
    {"noise", NULL, BNC_KEEP_DROP}, {"*", NULL, BNC_KEEP_TEXT}, END};
static const struct bnc_keep metadata_rows[] = {
    {"name", NULL, BNC_KEEP_NAME},
    {"namespace", NULL, BNC_KEEP_NAMESPACE},
    {"uid", NULL, BNC_KEEP_UID},
    {"resourceVersion", NULL, BNC_KEEP_RESOURCE_VERSION},
    {"generation", NULL, BNC_KEEP_GENERATION},
    {"deletionTimestamp", NULL, BNC_KEEP_DELETION},
    {"annotations", annotation_rows, BNC_KEEP_TEXT},
    {"managedFields", NULL, BNC_KEEP_MANAGED_FIELDS},
    END};
static const struct bnc_keep spec_rows[] = {
    {"selector", NULL, BNC_KEEP_TEXT}, {"items", item_rows, BNC_KEEP_TEXT}, END};
static const struct bnc_keep rows[] = {{"metadata", metadata_rows, BNC_KEEP_TEXT},
                                       {"spec", spec_rows, BNC_KEEP_TEXT},
                                       {"status", NULL, BNC_KEEP_STATUS},
                                       END};

/* ---- one object ---------------------------------------------------------------- */

static const struct {
    const char *name;
    const char *json;
    const char *text;
} kept[] = {
    {"empty object", "{}", "{}"},
    {"nothing kept", "{\"apiVersion\":\"v1\",\"x\":[1,{\"y\":[]}]}", "{}"},
    {"whole value", "{\"spec\":{\"selector\":{\"a\":[1,-2.5e+3,null,true]}}}",
     "{\"spec\":{\"selector\":{\"a\":[1,-2.5e+3,null,true]}}}"},
    {"white space goes", " {\n\"spec\" :\t{ \"selector\"\r: { \"a b\" : [ 1 , 2 ] } } } ",
     "{\"spec\":{\"selector\":{\"a b\":[1,2]}}}"},
    {"escapes stay", "{\"spec\":{\"selector\":\"\\u00e4\\ud83d\\ude00\\n\\/\"}}",
     "{\"spec\":{\"selector\":\"\\u00e4\\ud83d\\ude00\\n\\/\"}}"},
    {"key by meaning", "{\"sp\\u0065c\":{\"selector\":1}}",
     "{\"sp\\u0065c\":{\"selector\":1}}"},
    {"order as received",
     "{\"spec\":{\"items\":[],\"selector\":1},\"metadata\":{\"annotations\":{}}}",
     "{\"spec\":{\"items\":[],\"selector\":1},\"metadata\":{\"annotations\":{}}}"},
    {"empty stays empty", "{\"spec\":{\"selector\":{}}}", "{\"spec\":{\"selector\":{}}}"},
    {"emptied goes", "{\"spec\":{\"other\":1},\"metadata\":{\"name\":\"a\"}}", "{}"},
    {"emptied between kept",
     "{\"metadata\":{\"annotations\":{\"a\":\"1\"}},\"spec\":{\"x\":1},\"spec\":{"
     "\"selector\":2}}",
     "{\"metadata\":{\"annotations\":{\"a\":\"1\"}},\"spec\":{\"selector\":2}}"},
    {"items keep their place",
     "{\"spec\":{\"items\":[{\"x\":1},{\"name\":\"b\",\"x\":2},[{\"name\":\"c\"}],5]}}",
     "{\"spec\":{\"items\":[{},{\"name\":\"b\"},[{\"name\":\"c\"}],5]}}"},
    {"first row counts", "{\"metadata\":{\"annotations\":{\"noise\":\"x\",\"b\":\"y\"}}}",
     "{\"metadata\":{\"annotations\":{\"b\":\"y\"}}}"},
    {"wrong type stays visible", "{\"spec\":\"text\",\"metadata\":null}",
     "{\"spec\":\"text\",\"metadata\":null}"},
    {"no prefix match", "{\"spe\":{\"selector\":1},\"specs\":{\"selector\":1},\"\":1}",
     "{}"},
    {"UTF-8 of all lengths",
     "{\"spec\":{\"selector\":\"a\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\"}}",
     "{\"spec\":{\"selector\":\"a\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\"}}"},
    {"long plain runs",
     "{\"spec\":{\"selector\":\"0123456789abcdefghij\\\"0123456789\xc3\xa4 "
     "0123456789\"}}",
     "{\"spec\":{\"selector\":\"0123456789abcdefghij\\\"0123456789\xc3\xa4 "
     "0123456789\"}}"},
};

TEST(prune_keeps)
{
    for (size_t i = 0; i < BNC_LEN(kept); i++) {
        BNC_AUTO(bnc_arena) arena = bnc_arena_new();
        struct bnc_pruned out = {0};
        struct bnc_error err = {0};

        bnc_test_row(kept[i].name);
        CHECK_INT(bnc_prune(rows, kept[i].json, strlen(kept[i].json), arena, &out, &err),
                  BNC_OK);
        CHECK_STR(out.text.ptr, kept[i].text);
        CHECK_INT(out.text.len, strlen(kept[i].text));
    }
}

TEST(prune_captures)
{
    static const char json[] =
        "{\"metadata\":{\"name\":\"a\\u0062\\ud83d\\ude00c\",\"namespace\":\"shop\","
        "\"uid\":\"u-1\",\"resourceVersion\":\"17\",\"generation\":42,"
        "\"deletionTimestamp\":\"2026-01-01T00:00:00Z\",\"managedFields\":[ {\"f:a\": {} "
        "} ],"
        "\"annotations\":{\"k\":\"v\"}},\"status\": { \"jobs\" : 1 } }";
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    struct bnc_pruned out = {0};
    struct bnc_error err = {0};

    CHECK_INT(bnc_prune(rows, json, sizeof(json) - 1, arena, &out, &err), BNC_OK);
    CHECK_STR(out.text.ptr, "{\"metadata\":{\"annotations\":{\"k\":\"v\"}}}");
    CHECK_STR(out.name, "ab\xf0\x9f\x98\x80"
                        "c");
    CHECK_STR(out.ns, "shop");
    CHECK_STR(out.uid, "u-1");
    CHECK_STR(out.resource_version, "17");
    CHECK_INT(out.generation, 42);
    CHECK(out.deleting);
    CHECK_STR(out.status.ptr, "{\"jobs\":1}");
    CHECK_INT(out.status.len, 10);
    CHECK_STR(out.managed_fields.ptr, "[{\"f:a\":{}}]");
}

TEST(prune_captures_wrong_types)
{
    static const char json[] =
        "{\"metadata\":{\"name\":5,\"namespace\":{\"a\":\"b\"},\"uid\":null,"
        "\"resourceVersion\":[\"1\"],\"generation\":\"4\",\"deletionTimestamp\":null,"
        "\"managedFields\":null},\"status\":null}";
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    struct bnc_pruned out = {0};
    struct bnc_error err = {0};

    CHECK_INT(bnc_prune(rows, json, sizeof(json) - 1, arena, &out, &err), BNC_OK);
    CHECK_STR(out.text.ptr, "{}");
    CHECK_STR(out.name, "");
    CHECK_STR(out.ns, "");
    CHECK_STR(out.uid, "");
    CHECK_STR(out.resource_version, "");
    CHECK_INT(out.generation, 0);
    CHECK(!out.deleting);
    CHECK_INT(out.status.len, 0);
    CHECK_STR(out.status.ptr, "");
    CHECK_INT(out.managed_fields.len, 0);
}

TEST(prune_without_rows_keeps_all)
{
    static const char json[] = "{ \"a\": [ {} , \"b\" ] }";
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    struct bnc_pruned out = {0};
    struct bnc_error err = {0};

    CHECK_INT(bnc_prune(NULL, json, sizeof(json) - 1, arena, &out, &err), BNC_OK);
    CHECK_STR(out.text.ptr, "{\"a\":[{},\"b\"]}");
}

/* ---- what is no JSON ----------------------------------------------------------- */

#define BAD(name, text)                                                                  \
    {                                                                                    \
        name, text, sizeof(text) - 1                                                     \
    }
static const struct {
    const char *name;
    const char *json;
    size_t n;
} bad[] = {
    BAD("nothing", ""),
    BAD("array", "[]"),
    BAD("word", "null"),
    BAD("open", "{\"a\":1"),
    BAD("open string", "{\"a\":\"b"),
    BAD("two objects", "{}{}"),
    BAD("rest", "{} x"),
    BAD("closed wrongly", "{\"a\":[1}"),
    BAD("comma before end", "{\"a\":1,}"),
    BAD("comma before end of array", "{\"a\":[1,]}"),
    BAD("leading comma", "{,\"a\":1}"),
    BAD("two commas", "{\"a\":1,,\"b\":1}"),
    BAD("no comma", "{\"a\":1 \"b\":2}"),
    BAD("no colon", "{\"a\" 1}"),
    BAD("no value", "{\"a\":}"),
    BAD("bare key", "{a:1}"),
    BAD("single quotes", "{'a':1}"),
    BAD("NUL", "{\"a\":\"b\0c\"}"),
    BAD("NUL outside", "{\"a\":1\0}"),
    BAD("escaped NUL", "{\"a\":\"b\\u0000c\"}"),
    BAD("escaped NUL in a key", "{\"a\\u0000\":1}"),
    BAD("control byte", "{\"a\":\"b\nc\"}"),
    BAD("unknown escape", "{\"a\":\"\\x41\"}"),
    BAD("NUL after a backslash", "{\"a\":\"\\\0\"}"),
    BAD("short \\u", "{\"a\":\"\\u12g4\"}"),
    BAD("lone high surrogate", "{\"a\":\"\\ud800\"}"),
    BAD("high and other", "{\"a\":\"\\ud800\\u0041\"}"),
    BAD("high and high", "{\"a\":\"\\ud800\\ud800\"}"),
    BAD("lone low surrogate", "{\"a\":\"\\udc00\"}"),
    BAD("UTF-8 cut", "{\"a\":\"\xc3\"}"),
    BAD("UTF-8 overlong", "{\"a\":\"\xc0\xaf\"}"),
    BAD("UTF-8 overlong of three", "{\"a\":\"\xe0\x80\xaf\"}"),
    BAD("UTF-8 surrogate", "{\"a\":\"\xed\xa0\x80\"}"),
    BAD("UTF-8 too high", "{\"a\":\"\xf4\x90\x80\x80\"}"),
    BAD("UTF-8 stray", "{\"a\":\"\x80\"}"),
    BAD("UTF-8 outside a string", "{\xc3\xa4:1}"),
    BAD("byte order mark", "\xef\xbb\xbf{}"),
    BAD("leading zero", "{\"a\":01}"),
    BAD("plus", "{\"a\":+1}"),
    BAD("minus alone", "{\"a\":-}"),
    BAD("dot at the end", "{\"a\":1.}"),
    BAD("dot at the start", "{\"a\":.5}"),
    BAD("exponent empty", "{\"a\":1e}"),
    BAD("exponent signs", "{\"a\":1e+-1}"),
    BAD("hex", "{\"a\":0x1}"),
    BAD("number of 64 digits",
        "{\"a\":1234567890123456789012345678901234567890123456789012345678901234}"),
    BAD("NaN", "{\"a\":NaN}"),
    BAD("word cut", "{\"a\":tru}"),
    BAD("word longer", "{\"a\":truex}"),
    BAD("comment", "{/**/}"),
};

/* The kept and the skipped part are equally strict. */
static void
check_bad(const struct bnc_keep *keep, const char *json, size_t n)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    struct bnc_pruned out = {.name = "untouched"};
    struct bnc_error err = {0};

    CHECK_INT(bnc_prune(keep, json, n, arena, &out, &err), BNC_INVALID);
    CHECK_STR(out.name, "untouched");
    CHECK(err.message[0] != '\0');
}

TEST(prune_refuses)
{
    for (size_t i = 0; i < BNC_LEN(bad); i++) {
        bnc_test_row(bad[i].name);
        check_bad(rows, bad[i].json, bad[i].n);
        check_bad(NULL, bad[i].json, bad[i].n);
    }
}

/* ---- limits -------------------------------------------------------------------- */

/* `open` n times, then a value, then `close` n times, as the value of "spec". */
static enum bnc_code
prune_nested(size_t n, const char *open, const char *value, const char *close)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    struct bnc_str text = bnc_str_new(arena, (size_t)1 << 24);
    struct bnc_pruned out = {0};
    struct bnc_error err = {0};

    bnc_str_puts(&text, "{\"spec\":");
    for (size_t i = 0; i < n; i++) {
        bnc_str_puts(&text, open);
    }
    bnc_str_puts(&text, value);
    for (size_t i = 0; i < n; i++) {
        bnc_str_puts(&text, close);
    }
    bnc_str_putc(&text, '}');
    return bnc_prune(NULL, text.ptr, text.len, arena, &out, &err);
}

TEST(prune_limits)
{
    bnc_test_row("levels");
    CHECK_INT(prune_nested(99, "[", "1", "]"), BNC_OK);
    CHECK_INT(prune_nested(100, "[", "1", "]"), BNC_INVALID);
    CHECK_INT(prune_nested(99, "{\"a\":", "1", "}"), BNC_OK);
    CHECK_INT(prune_nested(100, "{\"a\":", "1", "}"), BNC_INVALID);

    static char text[BNC_OBJECT_MAX_BYTES + 64];
    bnc_test_row("kept text");
    memset(text, 'x', sizeof(text));
    text[0] = '"';
    text[BNC_OBJECT_MAX_BYTES - 10] = '"'; /* {"spec":"..."} is 11 bytes around it */
    text[BNC_OBJECT_MAX_BYTES - 9] = '\0';
    CHECK_INT(prune_nested(0, "", text, ""), BNC_OK);
    text[BNC_OBJECT_MAX_BYTES - 10] = 'x';
    text[BNC_OBJECT_MAX_BYTES - 9] = '"';
    text[BNC_OBJECT_MAX_BYTES - 8] = '\0';
    CHECK_INT(prune_nested(0, "", text, ""), BNC_TOO_BIG);

    bnc_test_row("key");
    memset(text, 'x', sizeof(text));
    memcpy(text, "{\"", 2);
    strcpy(text + 65535, "\":1}"); /* 64 KiB with its quotes */
    CHECK_INT(prune_nested(0, "", text, ""), BNC_OK);
    memset(text, 'x', sizeof(text));
    memcpy(text, "{\"", 2);
    strcpy(text + 65537, "\":1}");
    CHECK_INT(prune_nested(0, "", text, ""), BNC_TOO_BIG);
}

TEST(prune_skips_what_is_larger)
{
    static char json[3 * BNC_OBJECT_MAX_BYTES];
    static const char head[] = "{\"spec\":{\"other\":\"";
    static const char tail[] = "\",\"selector\":1}}";
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    struct bnc_pruned out = {0};
    struct bnc_error err = {0};

    memset(json, 'x', sizeof(json));
    memcpy(json, head, sizeof(head) - 1);
    memcpy(json + sizeof(json) - sizeof(tail) + 1, tail, sizeof(tail) - 1);
    CHECK_INT(bnc_prune(rows, json, sizeof(json), arena, &out, &err), BNC_OK);
    CHECK_STR(out.text.ptr, "{\"spec\":{\"selector\":1}}");
}

/* ---- streams ------------------------------------------------------------------- */

static void
log_object(void *arg, const char *type, const struct bnc_pruned *object)
{
    bnc_str_fmt(arg, "%s %s/%s@%s %s;", type, object->ns, object->name,
                object->resource_version, object->text.ptr);
    if (object->status.len > 0) {
        bnc_str_fmt(arg, " status %s;", object->status.ptr);
    }
}

static void
log_error(void *arg, struct bnc_bytes status)
{
    bnc_str_fmt(arg, "error %.*s;", (int)status.len, status.ptr);
}

static const struct bnc_stream_ops log_ops = {log_object, log_error};

/* All in one piece (step 0), or in pieces of `step` bytes, into `log`. */
static enum bnc_code
feed(enum bnc_stream_kind kind, const char *json, size_t step, struct bnc_str *log)
{
    struct bnc_error err = {0};
    BNC_AUTO(bnc_stream) stream = bnc_stream_new(kind, rows, &log_ops, log);
    size_t n = strlen(json);
    enum bnc_code code = BNC_OK;

    for (size_t at = 0; at < n && code == BNC_OK;) {
        size_t piece = step == 0 || n - at < step ? n - at : step;
        char *copy = bnc_alloc(piece); /* so that ASan sees a read beyond it */
        memcpy(copy, json + at, piece);
        code = bnc_stream_feed(stream, copy, piece, &err);
        free(copy);
        at += piece;
    }
    if (code != BNC_OK) {
        bnc_str_fmt(log, "!%s", err.message);
        struct bnc_error again = {0};
        CHECK_INT(bnc_stream_feed(stream, " ", 1, &again), code); /* it is dead */
        return code;
    }
    bnc_str_fmt(log, " rv=%s continue=%s%s", bnc_stream_resource_version(stream),
                bnc_stream_continue(stream), bnc_stream_complete(stream) ? " end" : "");
    return code;
}

static const struct {
    const char *name;
    enum bnc_stream_kind kind;
    const char *json;
    const char *log;
} streams[] = {
    {"list", BNC_STREAM_LIST,
     "{\"kind\":\"PodList\",\"apiVersion\":\"v1\",\"metadata\":{\"resourceVersion\":"
     "\"9\","
     "\"continue\":\"tok\\u0065n\",\"remainingItemCount\":3},\"items\":[{\"metadata\":"
     "{\"name\":\"a\",\"namespace\":\"n\",\"resourceVersion\":\"5\"},\"spec\":{"
     "\"selector\":1},"
     "\"status\":{\"x\":1}},{\"metadata\":{\"name\":\"b\"}}]}\n",
     " n/a@5 {\"spec\":{\"selector\":1}}; status {\"x\":1}; /b@ {}; rv=9 continue=token "
     "end"},
    {"list of nothing", BNC_STREAM_LIST, "{\"items\":null,\"metadata\":{}}",
     " rv= continue= end"},
    {"items before metadata", BNC_STREAM_LIST,
     "{\"items\":[],\"metadata\":{\"resourceVersion\":\"7\"}}", " rv=7 continue= end"},
    {"list not complete", BNC_STREAM_LIST,
     "{\"metadata\":{\"resourceVersion\":\"7\"},\"items\":[", " rv= continue="},
    {"items in an item are its own", BNC_STREAM_LIST,
     "{\"items\":[{\"spec\":{\"items\":[{\"name\":\"x\"}]}}]}",
     " /@ {\"spec\":{\"items\":[{\"name\":\"x\"}]}}; rv= continue= end"},
    {"item no object", BNC_STREAM_LIST, "{\"items\":[5]}",
     "!JSON, byte 11: an object was expected"},
    {"items no array", BNC_STREAM_LIST, "{\"items\":{}}",
     "!JSON, byte 10: items is not an array"},
    {"after a list", BNC_STREAM_LIST, "{}{}", "!JSON, byte 3: something follows the end"},
    {"watch", BNC_STREAM_WATCH,
     "{\"type\":\"ADDED\",\"object\":{\"metadata\":{\"name\":\"a\"}}}\n"
     "{\"type\":\"DELETED\",\"object\":{\"spec\":{\"selector\":2}}}"
     " {\"type\":\"BOOKMARK\",\"object\":{\"metadata\":{\"resourceVersion\":\"12\"}}}\n",
     "ADDED /a@ {};DELETED /@ {\"spec\":{\"selector\":2}};BOOKMARK /@12 {}; rv= "
     "continue= end"},
    {"object before type", BNC_STREAM_WATCH,
     "{\"object\": {\"metadata\":{\"name\":\"a\"},\"spec\":{\"selector\": 2, \"x\":1}},"
     "\"type\":\"ADDED\"}",
     "ADDED /a@ {\"spec\":{\"selector\":2}}; rv= continue= end"},
    {"error", BNC_STREAM_WATCH,
     "{\"type\":\"ERROR\",\"object\":{\"kind\":\"Status\", \"code\":410}}",
     "error {\"kind\":\"Status\",\"code\":410}; rv= continue= end"},
    {"error, object first", BNC_STREAM_WATCH,
     "{\"object\":{\"kind\":\"Status\",\"code\":410},\"type\":\"ERROR\"}",
     "error {\"kind\":\"Status\",\"code\":410}; rv= continue= end"},
    {"nothing is left over", BNC_STREAM_WATCH,
     "{\"type\":\"ADDED\",\"object\":{\"metadata\":{\"name\":\"a\",\"namespace\":\"n\"},"
     "\"status\":{\"a\":1}}}{\"type\":\"ADDED\",\"object\":{\"spec\":{\"items\":[]}}}",
     "ADDED n/a@ {}; status {\"a\":1};ADDED /@ {\"spec\":{\"items\":[]}}; rv= continue= "
     "end"},
    {"half an event", BNC_STREAM_WATCH, "{\"type\":\"ADDED\",\"object\":{\"spec\":{",
     " rv= continue="},
    {"no type", BNC_STREAM_WATCH, "{\"object\":{}}",
     "!JSON, byte 13: an event without type or object"},
    {"type no text", BNC_STREAM_WATCH, "{\"type\":5,\"object\":{}}",
     "!JSON, byte 22: an event without type or object"},
    {"no object", BNC_STREAM_WATCH, "{\"type\":\"ADDED\"}",
     "!JSON, byte 16: an event without type or object"},
    {"two objects", BNC_STREAM_WATCH, "{\"type\":\"A\",\"object\":{},\"object\":{}}",
     "!JSON, byte 34: an event with two objects"},
    {"two types", BNC_STREAM_WATCH, "{\"type\":\"A\",\"object\":{},\"type\":\"B\"}",
     "!JSON, byte 32: an event with two types"},
    {"object no object", BNC_STREAM_WATCH, "{\"type\":\"A\",\"object\":[]}", NULL},
    {"array between events", BNC_STREAM_WATCH, "{\"type\":\"A\",\"object\":{}}[]", NULL},
};

TEST(prune_streams)
{
    for (size_t i = 0; i < BNC_LEN(streams); i++) {
        for (size_t step = 0; step < 20; step++) {
            struct bnc_str log = bnc_str_new(NULL, 65536);
            char row[128];

            (void)snprintf(row, sizeof(row), "%s, pieces of %zu", streams[i].name, step);
            bnc_test_row(row);
            enum bnc_code code = feed(streams[i].kind, streams[i].json, step, &log);
            bool fails = streams[i].log == NULL || streams[i].log[0] == '!';
            CHECK_INT(code, fails ? BNC_INVALID : BNC_OK);
            if (streams[i].log != NULL && (!fails || step == 1)) {
                CHECK_STR(log.ptr, streams[i].log);
            }
            bnc_str_free(&log);
        }
    }
}

/* What is cut anywhere is what comes whole: every row above, every cut. */
TEST(prune_cut_anywhere)
{
    for (size_t i = 0; i < BNC_LEN(kept); i++) {
        char json[1024];
        char want[1024];
        (void)snprintf(json, sizeof(json), "{\"type\":\"ADDED\",\"object\":%s}",
                       kept[i].json);
        (void)snprintf(want, sizeof(want), "ADDED /%s@ %s; rv= continue= end",
                       strcmp(kept[i].name, "emptied goes") == 0 ? "a" : "",
                       kept[i].text);
        bnc_test_row(kept[i].name);
        for (size_t step = 0; step < strlen(json); step++) {
            struct bnc_str log = bnc_str_new(NULL, 65536);
            CHECK_INT(feed(BNC_STREAM_WATCH, json, step, &log), BNC_OK);
            CHECK_STR(log.ptr, want);
            bnc_str_free(&log);
        }
    }
}

RUN_TESTS(prune_keeps, prune_captures, prune_captures_wrong_types,
          prune_without_rows_keeps_all, prune_refuses, prune_limits,
          prune_skips_what_is_larger, prune_streams, prune_cut_anywhere)
