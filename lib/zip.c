#define ZLIB_CONST /* zlib does not write to its input */
#include "lib/zip.h"

#include <limits.h>
#include <string.h>
#include <zlib.h>

#define LEVEL        6
#define WINDOW_GZIP  31 /* zlib: the largest window, and a gzip header */
#define MEMORY_LEVEL 8
#define OS_UNKNOWN   255 /* whatever zlib was built for */

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
    char chunk[16384];
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

/* Z_STREAM_END: all members are read; Z_BUF_ERROR: the input ends too early. */
static int
inflate_all(z_stream *z, const char *bytes, size_t n, size_t max, struct bnc_str *out)
{
    char chunk[16384];
    int status = Z_OK;
    while (status == Z_OK && !out->too_big) {
        feed(z, &bytes, &n);
        z->next_out = (Bytef *)chunk;
        z->avail_out = sizeof(chunk);
        status = inflate(z, Z_NO_FLUSH);
        size_t got = sizeof(chunk) - z->avail_out;
        if (got > max) {
            out->too_big = true;
            break;
        }
        max -= got;
        bnc_str_add(out, chunk, got);
        if (status == Z_STREAM_END && (z->avail_in > 0 || n > 0)) {
            status = inflateReset(z); /* the next member */
        }
    }
    return status;
}

enum bnc_code
bnc_zip_unpack(const char *bytes, size_t n, size_t max, struct bnc_str *out,
               struct bnc_error *err)
{
    z_stream z = {0};
    size_t before = out->len;
    bool was_too_big = out->too_big;

    if (inflateInit2(&z, WINDOW_GZIP) != Z_OK) {
        return bnc_fail(err, BNC_INTERNAL, "cannot start zlib");
    }
    int status = inflate_all(&z, bytes, n, max, out);
    (void)inflateEnd(&z);
    if (out->too_big) {
        size_t limit = max < out->max ? max : out->max;
        undo(out, before, was_too_big);
        return bnc_fail(err, BNC_TOO_BIG, "unpacked it is over %zu bytes", limit);
    }
    if (status != Z_STREAM_END) {
        undo(out, before, was_too_big);
        return bnc_fail(err, BNC_INVALID, "%s",
                        status == Z_BUF_ERROR ? "the gzip data ends too early"
                                              : "no gzip data, or damaged");
    }
    return BNC_OK;
}
