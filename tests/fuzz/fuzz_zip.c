/*
 * Any bytes as gzip: whole and in pieces they give the same, never more than is allowed.
 * And as content: what is packed, at once or from blocks, is read back as it was.
 */
#include "lib/zip.h"
#include "tests/fuzz/fuzz.h"

#define OUT_MAX 100000

static enum bnc_code
take(void *arg, const char *bytes, size_t n, struct bnc_error *err)
{
    BNC_UNUSED(err);
    bnc_str_add(arg, bytes, n);
    return BNC_OK;
}

static enum bnc_code
unpack_pieces(const char *bytes, size_t n, size_t max_piece, struct bnc_str *out)
{
    BNC_AUTO(bnc_unzip) unzip = bnc_unzip_new(take, out, OUT_MAX);
    struct pieces pieces = {n, max_piece};
    struct bnc_error err = {0};
    enum bnc_code code = BNC_OK;

    for (size_t at = 0; at < n && code == BNC_OK;) {
        size_t size = next_piece(&pieces, n - at);
        code = bnc_unzip_feed(unzip, bytes + at, size, &err);
        at += size;
    }
    code = code == BNC_OK ? bnc_unzip_end(unzip, &err) : code;
    require_error(code, &err);
    require(out->len <= OUT_MAX);
    return code;
}

static void
check_unpack(const char *bytes, size_t n, struct bnc_arena *arena)
{
    struct bnc_str whole = bnc_str_new(arena, OUT_MAX);
    struct bnc_error err = {0};
    enum bnc_code code = bnc_zip_unpack(bytes, n, OUT_MAX, &whole, &err);

    require_error(code, &err);
    for (size_t piece = 1; piece <= 64; piece *= 8) {
        struct bnc_str out = bnc_str_new(arena, SIZE_MAX);
        require((unpack_pieces(bytes, n, piece, &out) == BNC_OK) == (code == BNC_OK));
        require(code != BNC_OK || out.len == whole.len);
        require(code != BNC_OK || out.len == 0 ||
                memcmp(out.ptr, whole.ptr, out.len) == 0);
    }
}

static void
check_same(const struct bnc_str *packed, const char *bytes, size_t n,
           struct bnc_arena *arena)
{
    struct bnc_str out = bnc_str_new(arena, n + 1);
    struct bnc_error err = {0};

    require(bnc_zip_unpack(packed->ptr, packed->len, n, &out, &err) == BNC_OK);
    require(out.len == n && (n == 0 || memcmp(out.ptr, bytes, n) == 0));
}

static void
check_pack(const char *bytes, size_t n, struct bnc_arena *arena)
{
    struct bnc_str packed = bnc_str_new(arena, SIZE_MAX);
    struct bnc_str joined = bnc_str_new(arena, SIZE_MAX);
    struct bnc_zip_block blocks[3];
    struct bnc_error err = {0};
    const size_t third = n / 3;

    require(bnc_zip_pack(bytes, n, &packed, &err) == BNC_OK);
    check_same(&packed, bytes, n, arena);
    for (size_t i = 0; i < BNC_LEN(blocks); i++) {
        size_t size = i == 2 ? n - 2 * third : third;
        require(bnc_zip_block(bytes + i * third, size, &blocks[i], &err) == BNC_OK);
    }
    require(bnc_zip_join(blocks, BNC_LEN(blocks), &joined, &err) == BNC_OK);
    check_same(&joined, bytes, n, arena);
    for (size_t i = 0; i < BNC_LEN(blocks); i++) {
        bnc_zip_block_free(&blocks[i]);
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    const char *bytes = bnc_arena_strndup(arena, (const char *)data, n);

    check_unpack(bytes, n, arena);
    check_pack(bytes, n, arena);
    return 0;
}
