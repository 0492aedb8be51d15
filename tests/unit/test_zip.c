#include "lib/zip.h"

#include <stdlib.h>
#include <unistd.h>

#include "tests/unit/test.h"

#define ROOM ((size_t)4 << 20)

static struct bnc_str
pack(const char *bytes, size_t n)
{
    struct bnc_error err = {0};
    struct bnc_str out = bnc_str_new(NULL, ROOM);
    CHECK_INT(bnc_zip_pack(bytes, n, &out, &err), BNC_OK);
    return out;
}

TEST(there_and_back)
{
    static const size_t sizes[] = {0, 1, 100, 16383, 16384, 16385, 100000, 3000000};
    for (size_t i = 0; i < BNC_LEN(sizes); i++) {
        size_t n = sizes[i];
        char *bytes = malloc(n + (n == 0));
        uint32_t seed = 1;
        for (size_t k = 0; k < n; k++) {
            seed = seed * 1664525U + 1013904223U;
            bytes[k] = (char)(k % 3 == 0 ? seed >> 24 : 'a');
        }
        struct bnc_error err = {0};
        struct bnc_str packed = pack(bytes, n);
        struct bnc_str back = bnc_str_new(NULL, ROOM);
        CHECK_INT(bnc_zip_unpack(packed.ptr, packed.len, n, &back, &err), BNC_OK);
        CHECK_INT(back.len, n);
        CHECK(n == 0 || memcmp(back.ptr, bytes, n) == 0);
        bnc_str_free(&packed);
        bnc_str_free(&back);
        free(bytes);
    }
}

/* A header without time, name or system: the bytes depend on the content only. */
TEST(header)
{
    static const unsigned char want[] = {0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff};
    struct bnc_str packed = pack("abc", 3);
    CHECK(packed.len > sizeof(want));
    CHECK_INT(memcmp(packed.ptr, want, sizeof(want)), 0);
    bnc_str_free(&packed);
}

TEST(compresses)
{
    char *bytes = calloc(1, 1000000);
    struct bnc_str packed = pack(bytes, 1000000);
    CHECK(packed.len < 2000);
    bnc_str_free(&packed);
    free(bytes);
}

TEST(adds_behind_what_is_there)
{
    struct bnc_error err = {0};
    struct bnc_str two = bnc_str_new(NULL, ROOM);
    CHECK_INT(bnc_zip_pack("abc", 3, &two, &err), BNC_OK);
    CHECK_INT(bnc_zip_pack("def", 3, &two, &err), BNC_OK); /* two members */

    struct bnc_str back = bnc_str_new(NULL, ROOM);
    bnc_str_puts(&back, "=");
    CHECK_INT(bnc_zip_unpack(two.ptr, two.len, 6, &back, &err), BNC_OK);
    CHECK_STR(back.ptr, "=abcdef");
    bnc_str_free(&two);
    bnc_str_free(&back);
}

TEST(limits)
{
    static const struct {
        const char *name;
        size_t max;
        size_t room;
        enum bnc_code code;
        const char *message;
    } rows[] = {
        {"fits", 1000000, 1000001, BNC_OK, ""},
        {"one byte too many", 999999, ROOM, BNC_TOO_BIG,
         "unpacked it is over 999999 bytes"},
        {"output is full", ROOM, 1000000, BNC_TOO_BIG,
         "unpacked it is over 1000000 bytes"},
        {"nothing allowed", 0, ROOM, BNC_TOO_BIG, "unpacked it is over 0 bytes"},
    };
    char *bytes = calloc(1, 1000000);
    struct bnc_str packed = pack(bytes, 1000000);
    free(bytes);
    for (size_t i = 0; i < BNC_LEN(rows); i++) {
        struct bnc_error err = {0};
        struct bnc_str back = bnc_str_new(NULL, rows[i].room);
        bnc_test_row(rows[i].name);
        bnc_str_puts(&back, "=");
        CHECK_INT(bnc_zip_unpack(packed.ptr, packed.len, rows[i].max, &back, &err),
                  rows[i].code);
        CHECK_STR(err.message, rows[i].message);
        CHECK_INT(back.len, rows[i].code == BNC_OK ? 1000001 : 1); /* as before */
        CHECK(!back.too_big);
        bnc_str_free(&back);
    }
    bnc_str_free(&packed);
}

TEST(full_output)
{
    struct bnc_error err = {0};
    struct bnc_str out = bnc_str_new(NULL, 20);
    bnc_str_puts(&out, "=");
    CHECK_INT(bnc_zip_pack("0123456789", 10, &out, &err), BNC_TOO_BIG);
    CHECK_STR(err.message, "compressed it is over 20 bytes");
    CHECK_STR(out.ptr, "=");
    bnc_str_free(&out);
}

static void
check_damaged(const char *name, const char *bytes, size_t n, const char *message)
{
    struct bnc_error err = {0};
    struct bnc_str back = bnc_str_new(NULL, ROOM);
    bnc_test_row(name);
    CHECK_INT(bnc_zip_unpack(bytes, n, ROOM, &back, &err), BNC_INVALID);
    CHECK_STR(err.message, message);
    CHECK_INT(back.len, 0);
    bnc_str_free(&back);
}

TEST(damaged)
{
    static const char cut[] = "the gzip data ends too early";
    static const char bad[] = "no gzip data, or damaged";
    struct bnc_str packed = pack("some text, some text, some text", 31);

    check_damaged("nothing", "", 0, cut);
    check_damaged("other bytes", "PK\x03\x04", 4, bad);
    for (size_t n = 1; n < packed.len; n++) {
        check_damaged("cut", packed.ptr, n, cut);
    }
    packed.ptr[packed.len - 6] ^= 1; /* the checksum */
    check_damaged("checksum", packed.ptr, packed.len, bad);
    packed.ptr[packed.len - 6] ^= 1;
    bnc_str_puts(&packed, "rubbish");
    check_damaged("rubbish behind", packed.ptr, packed.len, bad);
    bnc_str_free(&packed);
}

/* ---- blocks -------------------------------------------------------------------- */

/* Lines as in a configuration: they compress, and differ from seed to seed. */
static struct bnc_str
make_text(size_t n, uint32_t seed)
{
    struct bnc_str out = bnc_str_new(NULL, n);
    bnc_str_puts(&out, "");
    while (!out.too_big) {
        seed = seed * 1664525U + 1013904223U;
        bnc_str_fmt(&out, "- job_name: shop/cart/%u\n  scrape_interval: 30s\n",
                    seed >> 9);
    }
    while (out.len < n) {
        out.too_big = false;
        bnc_str_putc(&out, '#');
    }
    out.too_big = false;
    return out;
}

static const struct {
    const char *name;
    size_t n;
    size_t sizes[4];
} joins[] = {
    {"none", 0, {0}},
    {"one empty", 1, {0}},
    {"one", 1, {100000}},
    {"one byte each", 3, {1, 1, 1}},
    {"an empty one between", 3, {5000, 0, 7000}},
    {"many", 4, {100000, 30, 250000, 99999}},
};

static void
make_join(size_t row, struct bnc_str *raw, struct bnc_str *packed)
{
    struct bnc_zip_block blocks[4] = {{0}};
    struct bnc_error err = {0};
    *raw = bnc_str_new(NULL, ROOM);
    *packed = bnc_str_new(NULL, ROOM);
    bnc_str_puts(raw, "");
    for (size_t i = 0; i < joins[row].n; i++) {
        struct bnc_str text = make_text(joins[row].sizes[i], (uint32_t)(row * 10 + i));
        CHECK_INT(bnc_zip_block(text.ptr, text.len, &blocks[i], &err), BNC_OK);
        CHECK_INT(blocks[i].raw, text.len);
        bnc_str_add(raw, text.ptr, text.len);
        bnc_str_free(&text);
    }
    CHECK_INT(bnc_zip_join(blocks, joins[row].n, packed, &err), BNC_OK);
    for (size_t i = 0; i < joins[row].n; i++) {
        bnc_zip_block_free(&blocks[i]);
        CHECK(blocks[i].bytes == NULL && blocks[i].len == 0);
    }
}

/* What `command` makes of the bytes equals `want`, and it ends with 0. */
static void
check_program(const char *command, const struct bnc_str *packed,
              const struct bnc_str *want)
{
    char path[] = "/tmp/test_zip_XXXXXX";
    char line[400];
    int fd = mkstemp(path);
    CHECK(fd >= 0);
    CHECK_INT(write(fd, packed->ptr, packed->len), (ssize_t)packed->len);
    (void)close(fd);
    (void)snprintf(line, sizeof(line), "%s %s", command, path);
    FILE *pipe = popen(line, "r");
    CHECK(pipe != NULL);
    struct bnc_str got = bnc_str_new(NULL, ROOM);
    char chunk[4096];
    bnc_str_puts(&got, "");
    for (size_t n = 1; n > 0;) {
        n = fread(chunk, 1, sizeof(chunk), pipe);
        bnc_str_add(&got, chunk, n);
    }
    CHECK_INT(pclose(pipe), 0);
    CHECK_INT(unlink(path), 0);
    CHECK_INT(got.len, want->len);
    CHECK_INT(memcmp(got.ptr, want->ptr, got.len), 0);
    bnc_str_free(&got);
}

/* One plain member for every reader: ours, gzip, and Python, which also looks at the end.
 */
TEST(blocks_join)
{
    for (size_t i = 0; i < BNC_LEN(joins); i++) {
        struct bnc_str raw;
        struct bnc_str packed;
        struct bnc_error err = {0};
        bnc_test_row(joins[i].name);
        make_join(i, &raw, &packed);

        struct bnc_str back = bnc_str_new(NULL, ROOM);
        bnc_str_puts(&back, "");
        CHECK_INT(bnc_zip_unpack(packed.ptr, packed.len, raw.len, &back, &err), BNC_OK);
        CHECK_STR(back.ptr, raw.ptr);
        check_program("gzip -dc <", &packed, &raw);
        check_program("python3 -c 'import sys,zlib;d=zlib.decompressobj(31);"
                      "b=d.decompress(open(sys.argv[1],\"rb\").read());"
                      "assert d.eof and not d.unused_data;"
                      "sys.stdout.buffer.write(b)'",
                      &packed, &raw);
        check_program("python3 -c 'import gzip,sys;"
                      "sys.stdout.buffer.write(gzip.open(sys.argv[1]).read())'",
                      &packed, &raw);
        bnc_str_free(&back);
        bnc_str_free(&raw);
        bnc_str_free(&packed);
    }
}

/* A block's bytes depend on its own content only, and cost a quarter more than one
 * stream.
 */
TEST(blocks_are_reused)
{
    struct bnc_error err = {0};
    struct bnc_str text = make_text(400000, 1);
    struct bnc_zip_block blocks[4], again;
    for (size_t i = 0; i < 4; i++) {
        CHECK_INT(bnc_zip_block(text.ptr + i * 100000, 100000, &blocks[i], &err), BNC_OK);
    }
    CHECK_INT(bnc_zip_block(text.ptr + 100000, 100000, &again, &err), BNC_OK);
    CHECK_INT(again.len, blocks[1].len);
    CHECK_INT(memcmp(again.bytes, blocks[1].bytes, again.len), 0);

    struct bnc_str whole = pack(text.ptr, text.len);
    struct bnc_str joined = bnc_str_new(NULL, ROOM);
    CHECK_INT(bnc_zip_join(blocks, 4, &joined, &err), BNC_OK);
    CHECK(joined.len < whole.len + whole.len / 4);
    for (size_t i = 0; i < 4; i++) {
        bnc_zip_block_free(&blocks[i]);
    }
    bnc_zip_block_free(&again);
    bnc_str_free(&whole);
    bnc_str_free(&joined);
    bnc_str_free(&text);
}

TEST(block_limits)
{
    struct bnc_error err = {0};
    struct bnc_zip_block block;
    struct bnc_str out = bnc_str_new(NULL, 30);

    CHECK_INT(bnc_zip_block("", BNC_ZIP_BLOCK_MAX + 1, &block, &err), BNC_TOO_BIG);
    CHECK(block.bytes == NULL);
    CHECK_INT(bnc_zip_block("0123456789", 10, &block, &err), BNC_OK);
    bnc_str_puts(&out, "=");
    CHECK_INT(bnc_zip_join(&block, 1, &out, &err), BNC_TOO_BIG);
    CHECK_STR(err.message, "compressed it is over 30 bytes");
    CHECK_STR(out.ptr, "=");
    CHECK(!out.too_big);
    bnc_zip_block_free(&block);
    bnc_str_free(&out);
}

/* ---- streams ------------------------------------------------------------------- */

struct sunk {
    struct bnc_str out;
    size_t refuse_at; /* bytes; 0: never */
};

static enum bnc_code
sink(void *arg, const char *bytes, size_t n, struct bnc_error *err)
{
    struct sunk *sunk = arg;
    CHECK(n > 0 && n <= 16384);
    bnc_str_add(&sunk->out, bytes, n);
    if (sunk->refuse_at > 0 && sunk->out.len >= sunk->refuse_at) {
        return bnc_fail(err, BNC_DENIED, "the disk is full");
    }
    return BNC_OK;
}

/* Fed in pieces of `piece` bytes; then the end. */
static enum bnc_code
unzip(const struct bnc_str *packed, size_t piece, uint64_t max, struct sunk *sunk,
      struct bnc_error *err)
{
    BNC_AUTO(bnc_unzip) unzip = bnc_unzip_new(sink, sunk, max);
    sunk->out = bnc_str_new(NULL, ROOM);
    bnc_str_puts(&sunk->out, "");
    for (size_t at = 0; at < packed->len; at += piece) {
        size_t left = packed->len - at;
        enum bnc_code code =
            bnc_unzip_feed(unzip, packed->ptr + at, left < piece ? left : piece, err);
        if (code != BNC_OK) {
            struct bnc_error again = {0};
            CHECK_INT(bnc_unzip_feed(unzip, "x", 1, &again), code); /* it stays so */
            CHECK_INT(bnc_unzip_end(unzip, &again), code);
            CHECK_STR(again.message, err->message);
            return code;
        }
    }
    return bnc_unzip_end(unzip, err);
}

TEST(stream_in_pieces)
{
    static const size_t pieces[] = {1, 2, 7, 1000, 16384, ROOM};
    struct bnc_str raw;
    struct bnc_str packed;
    make_join(5, &raw, &packed);
    CHECK_INT(packed.len > 10000, 1);
    for (size_t members = 1; members <= 2; members++) {
        for (size_t i = 0; i < BNC_LEN(pieces); i++) {
            struct sunk sunk = {0};
            struct bnc_error err = {0};
            CHECK_INT(unzip(&packed, pieces[i], raw.len, &sunk, &err), BNC_OK);
            CHECK_STR(sunk.out.ptr, raw.ptr);
            bnc_str_free(&sunk.out);
        }
        struct bnc_str more = pack("the next member", 15);
        bnc_str_add(&packed, more.ptr, more.len);
        bnc_str_puts(&raw, "the next member");
        bnc_str_free(&more);
    }
    bnc_str_free(&raw);
    bnc_str_free(&packed);
}

TEST(stream_limits)
{
    static const struct {
        const char *name;
        uint64_t max;
        size_t refuse_at;
        enum bnc_code code;
        const char *message;
    } rows[] = {
        {"fits", 1000000, 0, BNC_OK, ""},
        {"a bomb", 999999, 0, BNC_TOO_BIG, "unpacked it is over 999999 bytes"},
        {"nothing allowed", 0, 0, BNC_TOO_BIG, "unpacked it is over 0 bytes"},
        {"the sink fails", ROOM, 50000, BNC_DENIED, "the disk is full"},
        {"the sink fails at the end", ROOM, 1000000, BNC_DENIED, "the disk is full"},
    };
    char *bytes = calloc(1, 1000000);
    struct bnc_str packed = pack(bytes, 1000000);
    free(bytes);
    for (size_t i = 0; i < BNC_LEN(rows); i++) {
        struct sunk sunk = {.refuse_at = rows[i].refuse_at};
        struct bnc_error err = {0};
        bnc_test_row(rows[i].name);
        CHECK_INT(unzip(&packed, 100, rows[i].max, &sunk, &err), rows[i].code);
        CHECK_STR(err.message, rows[i].message);
        CHECK(sunk.out.len <= rows[i].max);
        CHECK(rows[i].refuse_at == 0 || sunk.out.len < rows[i].refuse_at + 16384);
        bnc_str_free(&sunk.out);
    }
    bnc_str_free(&packed);
}

TEST(stream_damaged)
{
    static const char text[] = "some text, some text, some text";
    struct bnc_str packed = pack(text, 31);
    size_t whole = packed.len;
    size_t noticed = 0;
    for (size_t n = 0; n < whole; n++) {
        struct sunk sunk = {0};
        struct bnc_error err = {0};
        struct bnc_str cut = {.ptr = packed.ptr, .len = n};
        CHECK_INT(unzip(&cut, 3, ROOM, &sunk, &err), BNC_INVALID);
        CHECK_STR(err.message, "the gzip data ends too early");
        bnc_str_free(&sunk.out);
    }
    for (size_t at = 10; at < whole; at++) { /* the header may say other things */
        struct sunk sunk = {0};
        struct bnc_error err = {0};
        packed.ptr[at] = (char)(packed.ptr[at] ^ 0x10);
        enum bnc_code code = unzip(&packed, 3, ROOM, &sunk, &err);
        CHECK(code == BNC_INVALID || /* or it was a bit behind the last code */
              (code == BNC_OK && strcmp(sunk.out.ptr, text) == 0));
        noticed += code != BNC_OK;
        packed.ptr[at] = (char)(packed.ptr[at] ^ 0x10);
        bnc_str_free(&sunk.out);
    }
    CHECK(noticed + 1 >= whole - 10);
    bnc_unzip_free(NULL);
    bnc_str_free(&packed);
}

RUN_TESTS(there_and_back, header, compresses, adds_behind_what_is_there, limits,
          full_output, damaged, blocks_join, blocks_are_reused, block_limits,
          stream_in_pieces, stream_limits, stream_damaged)
