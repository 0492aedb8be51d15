/*
 * Base64 (RFC 4648, padded) as it comes, in pieces of any size.
 */
#ifndef BNC_SYNC_FETCH_BASE64_H
#define BNC_SYNC_FETCH_BASE64_H

#include "lib/str.h"

/* All zero at the beginning. */
struct bnc_unbase64 {
    uint32_t word;
    unsigned count;
    unsigned padding;
};

typedef enum bnc_code (*bnc_unbase64_fn)(void *arg, const char *bytes, size_t n,
                                         struct bnc_error *err);

/*
 * Decode a piece; `fn` gets the bytes, and comes at least once.
 * Errors: INVALID for what is no base64; those of `fn`.
 */
enum bnc_code
bnc_unbase64_feed(struct bnc_unbase64 *u, struct bnc_bytes piece, bnc_unbase64_fn fn,
                  void *arg, struct bnc_error *err) BNC_MUST_CHECK;

/* False when something is missing at the end. */
bool bnc_unbase64_whole(const struct bnc_unbase64 *u);

#endif
