/*
 * Large input costs in proportion: eight times the bytes, no more than some eight times
 * the CPU, whatever the bytes are and however they are cut.
 */
#include "tests/unit/test.h"

#include <stdlib.h>
#include <time.h>

#include "model/prune.h"

#define SMALL    ((size_t)1 << 20)
#define TIMES    8
#define LEEWAY   3 /* quadratic would be TIMES times as much again */
#define TEXT_MAX (SMALL * TIMES * 2)

static int64_t
cpu_us(void)
{
    struct timespec t;
    CHECK_INT(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t), 0);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static void
on_object(void *arg, const char *type, const struct bnc_pruned *object)
{
    BNC_UNUSED(type);
    CHECK(object->name[0] != '\0');
    ++*(size_t *)arg;
}

static void
on_error(void *arg, struct bnc_bytes status)
{
    BNC_UNUSED(arg);
    BNC_UNUSED(status);
    fail();
}

static void
add_object(struct bnc_str *out, size_t i, size_t bytes)
{
    size_t end = out->len + bytes;
    bnc_str_fmt(out, "{\"metadata\":{\"name\":\"o%zu\",\"resourceVersion\":\"1\"}", i);
    for (size_t k = 0; out->len < end; k++) {
        bnc_str_fmt(out, ",\"field-%zu\":{\"a\":[1,2,\"three\"],\"b\":\"%040d\"}", k, 1);
    }
    bnc_str_putc(out, '}');
}

/* `one`: a single object; else many of 1 KiB. */
static void
write_stream(struct bnc_str *out, enum bnc_stream_kind kind, size_t bytes, bool one)
{
    bool list = kind == BNC_STREAM_LIST;
    bnc_str_puts(out, list ? "{\"items\":[" : "");
    for (size_t i = 0; out->len < bytes; i++) {
        bnc_str_puts(out, list ? (i > 0 ? "," : "") : "{\"type\":\"ADDED\",\"object\":");
        add_object(out, i, one ? bytes : 1024);
        bnc_str_puts(out, list ? "" : "}\n");
    }
    bnc_str_puts(out, list ? "],\"metadata\":{\"resourceVersion\":\"9\"}}" : "");
}

/* CPU of the fastest of three readings. */
static int64_t
cost(enum bnc_stream_kind kind, size_t bytes, size_t piece, bool one)
{
    static const struct bnc_stream_ops ops = {on_object, on_error};
    struct bnc_str text = bnc_str_new(NULL, TEXT_MAX);
    int64_t least = INT64_MAX;

    write_stream(&text, kind, bytes, one);
    CHECK(!text.too_big);
    for (int round = 0; round < 3; round++) {
        BNC_AUTO(bnc_stream)
        stream = NULL;
        struct bnc_error err = {0};
        size_t n = 0;
        int64_t from = cpu_us();

        stream = bnc_stream_new(kind, bnc_keep_metadata, &ops, &n);
        for (size_t at = 0; at < text.len; at += piece) {
            size_t size = text.len - at < piece ? text.len - at : piece;
            CHECK_INT(bnc_stream_feed(stream, text.ptr + at, size, &err), BNC_OK);
        }
        int64_t took = cpu_us() - from;
        least = took < least ? took : least;
        CHECK(one ? n == 1 : n >= bytes / 2048);
    }
    bnc_str_free(&text);
    return least;
}

static const struct {
    const char *name;
    enum bnc_stream_kind kind;
    size_t piece;
    bool one;
} rows[] = {
    {"one object in an event, 1 MiB at a time", BNC_STREAM_WATCH, (size_t)1 << 20, true},
    {"one object in an event, 100 bytes at a time", BNC_STREAM_WATCH, 100, true},
    {"events, 1 MiB at a time", BNC_STREAM_WATCH, (size_t)1 << 20, false},
    {"a list, 16 KiB at a time", BNC_STREAM_LIST, (size_t)16 << 10, false},
    {"a list, 7 bytes at a time", BNC_STREAM_LIST, 7, false},
};

TEST(linear)
{
    for (size_t i = 0; i < BNC_LEN(rows); i++) {
        bnc_test_row(rows[i].name);
        int64_t small = cost(rows[i].kind, SMALL, rows[i].piece, rows[i].one);
        int64_t large = cost(rows[i].kind, SMALL * TIMES, rows[i].piece, rows[i].one);
        if (large > small * TIMES * LEEWAY) {
            print_error("row \"%s\": %lld us, then %lld us\n", rows[i].name,
                        (long long)small, (long long)large);
            fail();
        }
    }
}

RUN_TESTS(linear)
