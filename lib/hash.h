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

/* SHA-256 of what comes in pieces. */
struct bnc_sha256; /* opaque */

/* Owns: the caller; release with bnc_sha256_free(), or declare with BNC_AUTO. */
struct bnc_sha256 *bnc_sha256_new(void);
void bnc_sha256_free(struct bnc_sha256 *sha); /* NULL is ignored */
BNC_DEFINE_AUTO(bnc_sha256);

void bnc_sha256_add(struct bnc_sha256 *sha, const void *bytes, size_t n);

/* `sha` has what `from` has, and goes on from there. */
void bnc_sha256_copy(struct bnc_sha256 *sha, const struct bnc_sha256 *from);

/* The digest of all that was added, as bnc_sha256_hex() writes it; then it starts anew.
 */
void bnc_sha256_final(struct bnc_sha256 *sha, char out[BNC_SHA256_HEX]);

/* Not for secrets or identity: a 64-bit hash to notice a change cheaply. */
uint64_t bnc_hash64(const void *bytes, size_t n, uint64_t seed);

/* A chain of them: `stamp` with one number more. */
uint64_t bnc_hash64_with(uint64_t stamp, uint64_t more);

#endif
