#define ZLIB_CONST /* zlib does not write to its input */
#include "lib/zip.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#define LEVEL        6
#define WINDOW_GZIP  31    /* zlib: the largest window, and a gzip header */
#define WINDOW_RAW   (-15) /* the same, without header and trailer */
#define MEMORY_LEVEL 8
#define CHUNK        16384

/*
 * Blocks are made again with every change: zlib's fast way (level 3), which enters a
 * match into its table up to INSERTS bytes, and looks on until NICE.  Measured on jobs
 * and rules: half the time of level 6, for a fifth more bytes.
 */
#define BLOCK_LEVEL 3
#define GOOD        4
#define INSERTS     64
#define NICE        258
#define CHAIN       128
#define OS_UNKNOWN  255 /* whatever zlib was built for */

/* zlib counts input in unsigned int. */
static void
feed(z_stream *z, const char **bytes, size_t *n)
{
    if (z->avail_in == 0) {
        size_t part = *n < UINT_MAX ? *n : UINT_MAX;
        z->next_in = (z_const Bytef *)*bytes;
        z->avail_in = (uInt)part;
        *bytes += part;
        *n -= part;
    }
}

/* Leave `out` as it was. */
static void
undo(struct bnc_str *out, size_t length, bool too_big)
{
    out->too_big = too_big;
    out->len = length;
    if (out->ptr != NULL) {
        out->ptr[length] = '\0';
    }
}

static int
deflate_all(z_stream *z, const char *bytes, size_t n, struct bnc_str *out)
{
    char chunk[CHUNK];
    int status = Z_OK;
    while (status == Z_OK && !out->too_big) {
        feed(z, &bytes, &n);
        z->next_out = (Bytef *)chunk;
        z->avail_out = sizeof(chunk);
        status = deflate(z, n == 0 ? Z_FINISH : Z_NO_FLUSH);
        bnc_str_add(out, chunk, sizeof(chunk) - z->avail_out);
    }
    return status;
}

enum bnc_code
bnc_zip_pack(const char *bytes, size_t n, struct bnc_str *out, struct bnc_error *err)
{
    z_stream z = {0};
    gz_header header = {.os = OS_UNKNOWN};
    size_t before = out->len;
    bool was_too_big = out->too_big;

    if (deflateInit2(&z, LEVEL, Z_DEFLATED, WINDOW_GZIP, MEMORY_LEVEL,
                     Z_DEFAULT_STRATEGY) != Z_OK) {
        return bnc_fail(err, BNC_INTERNAL, "cannot start zlib");
    }
    int status = deflateSetHeader(&z, &header);
    if (status == Z_OK) {
        status = deflate_all(&z, bytes, n, out);
    }
    (void)deflateEnd(&z);
    if (out->too_big) {
        undo(out, before, was_too_big);
        return bnc_fail(err, BNC_TOO_BIG, "compressed it is over %zu bytes", out->max);
    }
    if (status != Z_STREAM_END) {
        undo(out, before, was_too_big);
        return bnc_fail(err, BNC_INTERNAL, "zlib fails with status %d", status);
    }
    return BNC_OK;
}

struct bnc_zip_maker {
    z_stream z;
    bool started; /* false: zlib has no memory */
    size_t raw;
    uLong crc;
    struct bnc_str packed; /* malloc'd */
};

struct bnc_zip_maker *
bnc_zip_maker_new(void)
{
    struct bnc_zip_maker *maker = bnc_alloc(sizeof(*maker));
    maker->packed = bnc_str_new(NULL, 2 * BNC_ZIP_BLOCK_MAX);
    maker->crc = crc32_z(0, NULL, 0);
    maker->started = deflateInit2(&maker->z, BLOCK_LEVEL, Z_DEFLATED, WINDOW_RAW,
                                  MEMORY_LEVEL, Z_DEFAULT_STRATEGY) == Z_OK &&
                     deflateTune(&maker->z, GOOD, INSERTS, NICE, CHAIN) == Z_OK;
    return maker;
}

void
bnc_zip_maker_free(struct bnc_zip_maker *maker)
{
    if (maker != NULL) {
        if (maker->started) {
            (void)deflateEnd(&maker->z); /* says only that it has no end, by intent */
        }
        bnc_str_free(&maker->packed);
        free(maker);
    }
}

/* Deflate what z has; with Z_FULL_FLUSH, up to the end of a byte. */
static enum bnc_code
make_some(struct bnc_zip_maker *maker, int flush, struct bnc_error *err)
{
    char chunk[CHUNK];
    z_stream *z = &maker->z;
    if (!maker->started) {
        return bnc_fail(err, BNC_INTERNAL, "cannot start zlib");
    }
    do {
        z->next_out = (Bytef *)chunk;
        z->avail_out = sizeof(chunk);
        int status = deflate(z, flush);
        if (status != Z_OK && status != Z_BUF_ERROR) { /* that: there is nothing to do */
            return bnc_fail(err, BNC_INTERNAL, "zlib fails with status %d", status);
        }
        bnc_str_add(&maker->packed, chunk, sizeof(chunk) - z->avail_out);
    } while (z->avail_out == 0);
    return BNC_OK;
}

enum bnc_code
bnc_zip_maker_add(struct bnc_zip_maker *maker, const char *bytes, size_t n,
                  struct bnc_error *err)
{
    if (n > BNC_ZIP_BLOCK_MAX - maker->raw) {
        return bnc_fail(err, BNC_TOO_BIG, "a block of %zu bytes is over %zu",
                        maker->raw + n, BNC_ZIP_BLOCK_MAX);
    }
    maker->raw += n;
    maker->crc = crc32_z(maker->crc, (const Bytef *)bytes, n);
    maker->z.next_in = (z_const Bytef *)bytes;
    maker->z.avail_in = (uInt)n;
    return make_some(maker, Z_NO_FLUSH, err);
}

enum bnc_code
bnc_zip_maker_end(struct bnc_zip_maker *maker, struct bnc_zip_block *out,
                  struct bnc_error *err)
{
    *out = (struct bnc_zip_block){0};
    maker->z.avail_in = 0;
    if (make_some(maker, Z_FULL_FLUSH, err)) {
        return err->code;
    }
    if (maker->packed.too_big) {
        return bnc_fail(err, BNC_INTERNAL, "a block is over %zu bytes",
                        maker->packed.max);
    }
    out->len = maker->packed.len;
    out->bytes = bnc_realloc(maker->packed.ptr, out->len);
    out->raw = maker->raw;
    out->crc32 = (uint32_t)maker->crc;
    maker->packed.ptr = NULL;
    return BNC_OK;
}

enum bnc_code
bnc_zip_block(const char *bytes, size_t n, struct bnc_zip_block *out,
              struct bnc_error *err)
{
    BNC_AUTO(bnc_zip_maker) maker = bnc_zip_maker_new();
    *out = (struct bnc_zip_block){0};
    return bnc_zip_maker_add(maker, bytes, n, err) ? err->code
                                                   : bnc_zip_maker_end(maker, out, err);
}

void
bnc_zip_block_free(struct bnc_zip_block *block)
{
    free(block->bytes);
    *block = (struct bnc_zip_block){0};
}

static void
add_le32(struct bnc_str *out, uint32_t number)
{
    for (unsigned shift = 0; shift < 32; shift += 8) {
        bnc_str_putc(out, (char)(number >> shift & 0xff));
    }
}

static size_t
joined_size(const struct bnc_zip_block *blocks, size_t n)
{
    size_t size = 32; /* header, last block, trailer */
    for (size_t i = 0; i < n; i++) {
        size += blocks[i].len;
    }
    return size;
}

enum bnc_code
bnc_zip_join(const struct bnc_zip_block *blocks, size_t n, struct bnc_str *out,
             struct bnc_error *err)
{
    static const char header[] = "\x1f\x8b\x08\0\0\0\0\0\0\xff"; /* RFC 1952, 2.3 */
    static const char last[] = "\x03\0"; /* a final block with nothing in it */
    size_t before = out->len;
    bool was_too_big = out->too_big;
    uLong crc = 0;
    uint32_t length = 0; /* modulo 2^32, as the format has it */

    bnc_str_reserve(out, joined_size(blocks, n));
    bnc_str_add(out, header, sizeof(header) - 1);
    for (size_t i = 0; i < n; i++) {
        bnc_str_add(out, (const char *)blocks[i].bytes, blocks[i].len);
        crc = crc32_combine(crc, blocks[i].crc32, (z_off_t)blocks[i].raw);
        length += (uint32_t)blocks[i].raw;
    }
    bnc_str_add(out, last, sizeof(last) - 1);
    add_le32(out, (uint32_t)crc);
    add_le32(out, length);
    if (out->too_big) {
        undo(out, before, was_too_big);
        return bnc_fail(err, BNC_TOO_BIG, "compressed it is over %zu bytes", out->max);
    }
    return BNC_OK;
}

struct bnc_unzip {
    z_stream z;
    bnc_unzip_sink_fn sink;
    void *arg;
    uint64_t max_bytes;
    uint64_t left;        /* of them */
    bool started;         /* false: zlib has no memory */
    bool complete;        /* the last byte fed was the last of a member */
    struct bnc_error why; /* nothing more is read after it */
    char chunk[CHUNK];
};

struct bnc_unzip *
bnc_unzip_new(bnc_unzip_sink_fn sink, void *arg, uint64_t max_bytes)
{
    struct bnc_unzip *unzip = bnc_alloc(sizeof(*unzip));
    unzip->sink = sink;
    unzip->arg = arg;
    unzip->max_bytes = unzip->left = max_bytes;
    unzip->started = inflateInit2(&unzip->z, WINDOW_GZIP) == Z_OK;
    if (!unzip->started) {
        (void)bnc_fail(&unzip->why, BNC_INTERNAL, "cannot start zlib");
    }
    return unzip;
}

void
bnc_unzip_free(struct bnc_unzip *unzip)
{
    if (unzip != NULL) {
        if (unzip->started) {
            (void)inflateEnd(&unzip->z);
        }
        free(unzip);
    }
}

/* One call of inflate, and what came out of it to the sink. */
static enum bnc_code
unzip_step(struct bnc_unzip *unzip, struct bnc_error *err)
{
    z_stream *z = &unzip->z;
    if (unzip->complete) {
        unzip->complete = false;
        (void)inflateReset(z); /* the next member */
    }
    z->next_out = (Bytef *)unzip->chunk;
    z->avail_out = sizeof(unzip->chunk);
    int status = inflate(z, Z_NO_FLUSH);
    size_t got = sizeof(unzip->chunk) - z->avail_out;
    if (status != Z_OK && status != Z_STREAM_END && status != Z_BUF_ERROR) {
        return bnc_fail(err, BNC_INVALID, "no gzip data, or damaged");
    }
    if (got > unzip->left) {
        return bnc_fail(err, BNC_TOO_BIG, "unpacked it is over %llu bytes",
                        (unsigned long long)unzip->max_bytes);
    }
    unzip->left -= got;
    unzip->complete = status == Z_STREAM_END;
    return got == 0 ? BNC_OK : unzip->sink(unzip->arg, unzip->chunk, got, err);
}

enum bnc_code
bnc_unzip_feed(struct bnc_unzip *unzip, const char *bytes, size_t n,
               struct bnc_error *err)
{
    z_stream *z = &unzip->z;
    /* zlib may keep some output until more comes: at the latest, the trailer */
    while (unzip->why.code == BNC_OK && (z->avail_in > 0 || n > 0)) {
        feed(z, &bytes, &n);
        (void)unzip_step(unzip, &unzip->why);
    }
    if (unzip->why.code != BNC_OK) {
        *err = unzip->why;
    }
    return unzip->why.code;
}

enum bnc_code
bnc_unzip_end(struct bnc_unzip *unzip, struct bnc_error *err)
{
    if (unzip->why.code == BNC_OK && !unzip->complete) {
        (void)bnc_fail(&unzip->why, BNC_INVALID, "the gzip data ends too early");
    }
    if (unzip->why.code != BNC_OK) {
        *err = unzip->why;
    }
    return unzip->why.code;
}

static enum bnc_code
add_to_str(void *arg, const char *bytes, size_t n, struct bnc_error *err)
{
    struct bnc_str *out = arg;
    bnc_str_add(out, bytes, n);
    if (out->too_big) {
        return bnc_fail(err, BNC_TOO_BIG, "unpacked it is over %zu bytes", out->max);
    }
    return BNC_OK;
}

enum bnc_code
bnc_zip_unpack(const char *bytes, size_t n, size_t max, struct bnc_str *out,
               struct bnc_error *err)
{
    size_t before = out->len;
    bool was_too_big = out->too_big;
    BNC_AUTO(bnc_unzip) unzip = bnc_unzip_new(add_to_str, out, max);

    enum bnc_code code = bnc_unzip_feed(unzip, bytes, n, err);
    if (code == BNC_OK) {
        code = bnc_unzip_end(unzip, err);
    }
    if (code != BNC_OK) {
        undo(out, before, was_too_big);
    }
    return code;
}
