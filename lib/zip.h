/*
 * gzip in memory: the same bytes in, the same bytes out (with one zlib).
 */
#ifndef BNC_LIB_ZIP_H
#define BNC_LIB_ZIP_H

#include "lib/str.h"

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

#endif
