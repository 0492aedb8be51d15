/*
 * gzip in memory: the same bytes in, the same bytes out (with one zlib).
 */
#ifndef BNC_LIB_ZIP_H
#define BNC_LIB_ZIP_H

#include "lib/str.h"

#define BNC_ZIP_BLOCK_MAX ((size_t)256 << 20) /* bytes that one block takes */

/*
 * Add `n` bytes to `out` as one gzip member: level 6, no time, no name, OS "unknown".
 * Errors: TOO_BIG when `out` is full; `out` is then as before.
 */
enum bnc_code bnc_zip_pack(const char *bytes, size_t n, struct bnc_str *out,
                           struct bnc_error *err) BNC_MUST_CHECK;

/*
 * Add what gzip bytes of one member or more contain; at most `max` bytes, and no
 * more than `out` takes: a bomb stops there.
 * Errors: TOO_BIG, INVALID; `out` is then as before.
 */
enum bnc_code bnc_zip_unpack(const char *bytes, size_t n, size_t max, struct bnc_str *out,
                             struct bnc_error *err) BNC_MUST_CHECK;

/*
 * A piece of a gzip member, deflated once and used in many: no code in it reaches
 * back before it, and it ends at a byte (RFC 1951, 3.2.4: an empty stored block).
 */
struct bnc_zip_block {
    unsigned char *bytes; /* malloc'd, not an arena's: blocks outlive a step */
    size_t len;
    size_t raw;     /* bytes before deflating */
    uint32_t crc32; /* of these (RFC 1952, 8) */
};

/*
 * Deflate `n` bytes at level 6 into a block of its own.
 * Owns:   the caller; release with bnc_zip_block_free().
 * Errors: TOO_BIG over BNC_ZIP_BLOCK_MAX, INTERNAL; `out` is then empty.
 */
enum bnc_code bnc_zip_block(const char *bytes, size_t n, struct bnc_zip_block *out,
                            struct bnc_error *err) BNC_MUST_CHECK;

/* Free the bytes and make it empty. */
void bnc_zip_block_free(struct bnc_zip_block *block);

/* A block in the making, for text that comes in pieces (about 270 KiB). */
struct bnc_zip_maker; /* opaque */

/* Owns: the caller; release with bnc_zip_maker_free(), or declare with BNC_AUTO. */
struct bnc_zip_maker *bnc_zip_maker_new(void);
void bnc_zip_maker_free(struct bnc_zip_maker *maker); /* NULL is ignored */
BNC_DEFINE_AUTO(bnc_zip_maker);

/* Errors: TOO_BIG over BNC_ZIP_BLOCK_MAX, INTERNAL. */
enum bnc_code bnc_zip_maker_add(struct bnc_zip_maker *maker, const char *bytes, size_t n,
                                struct bnc_error *err) BNC_MUST_CHECK;

/*
 * All is added; the maker is of no use any more but to be freed.
 * Owns:   the caller; release with bnc_zip_block_free().
 * Errors: INTERNAL; `out` is then empty.
 */
enum bnc_code bnc_zip_maker_end(struct bnc_zip_maker *maker, struct bnc_zip_block *out,
                                struct bnc_error *err) BNC_MUST_CHECK;

/*
 * Add one gzip member with the content of `n` blocks, in this order; nothing is
 * deflated again.  No blocks give the member of an empty file.
 * Errors: TOO_BIG when `out` is full; `out` is then as before.
 */
enum bnc_code bnc_zip_join(const struct bnc_zip_block *blocks, size_t n,
                           struct bnc_str *out, struct bnc_error *err) BNC_MUST_CHECK;

/* gzip read as a stream, in the memory of one window (about 60 KiB). */
struct bnc_unzip; /* opaque */

/* Takes unpacked bytes, at most 16 KiB each time.  A failure ends the reading. */
typedef enum bnc_code (*bnc_unzip_sink_fn)(void *arg, const char *bytes, size_t n,
                                           struct bnc_error *err);

/*
 * Units: `max_bytes` unpacked; a bomb stops there.
 * Owns:  the caller; release with bnc_unzip_free(), or declare with BNC_AUTO.
 */
struct bnc_unzip *bnc_unzip_new(bnc_unzip_sink_fn sink, void *arg, uint64_t max_bytes);
void bnc_unzip_free(struct bnc_unzip *unzip); /* NULL is ignored */
BNC_DEFINE_AUTO(bnc_unzip);

/*
 * Unpack the next `n` bytes of one member or more, cut anywhere.
 * Errors: TOO_BIG, INVALID, and what the sink gives; all that follows then fails alike.
 */
enum bnc_code bnc_unzip_feed(struct bnc_unzip *unzip, const char *bytes, size_t n,
                             struct bnc_error *err) BNC_MUST_CHECK;

/* All is fed.  Errors: INVALID when the last member is not complete. */
enum bnc_code
bnc_unzip_end(struct bnc_unzip *unzip, struct bnc_error *err) BNC_MUST_CHECK;

#endif
