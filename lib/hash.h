/*
 * Digests: content is identified by SHA-256, never by compressed bytes.
 */
#ifndef BNC_LIB_HASH_H
#define BNC_LIB_HASH_H

#include "lib/base.h"

#define BNC_SHA256_HEX    65 /* 64 digits and the end */
#define BNC_HASH_TEXT_MAX 72 /* "sha256:", the digits and the end */

/* Lower-case hexadecimal SHA-256 (FIPS 180-4) of `n` bytes. */
void bnc_sha256_hex(const void *bytes, size_t n, char out[BNC_SHA256_HEX]);

/* Not for secrets or identity: a 64-bit hash to notice a change cheaply. */
uint64_t bnc_hash64(const void *bytes, size_t n, uint64_t seed);

#endif
