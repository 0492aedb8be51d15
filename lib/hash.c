#include "lib/hash.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "lib/arena.h"

struct bnc_sha256 {
    EVP_MD_CTX *context;
};

/* A digest that is no digest would pass for the content of everything. */
static void
need(bool good)
{
    if (!good) {
        bnc_give_up("OpenSSL gives no SHA-256: out of memory, or its configuration");
    }
}

static void
write_hex(const unsigned char *digest, char out[BNC_SHA256_HEX])
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < (BNC_SHA256_HEX - 1) / 2; i++) {
        out[2 * i] = digits[digest[i] >> 4];
        out[2 * i + 1] = digits[digest[i] & 15];
    }
    out[BNC_SHA256_HEX - 1] = '\0';
}

void
bnc_sha256_hex(const void *bytes, size_t n, char out[BNC_SHA256_HEX])
{
    unsigned char digest[EVP_MAX_MD_SIZE] = {0};
    unsigned int length = 0;

    need(EVP_Digest(bytes, n, digest, &length, EVP_sha256(), NULL) == 1);
    write_hex(digest, out);
}

struct bnc_sha256 *
bnc_sha256_new(void)
{
    struct bnc_sha256 *sha = bnc_alloc(sizeof(*sha));
    sha->context = EVP_MD_CTX_new();
    need(sha->context != NULL &&
         EVP_DigestInit_ex(sha->context, EVP_sha256(), NULL) == 1);
    return sha;
}

void
bnc_sha256_free(struct bnc_sha256 *sha)
{
    if (sha != NULL) {
        EVP_MD_CTX_free(sha->context);
        free(sha);
    }
}

void
bnc_sha256_add(struct bnc_sha256 *sha, const void *bytes, size_t n)
{
    need(EVP_DigestUpdate(sha->context, bytes, n) == 1);
}

void
bnc_sha256_copy(struct bnc_sha256 *sha, const struct bnc_sha256 *from)
{
    need(EVP_MD_CTX_copy_ex(sha->context, from->context) == 1);
}

void
bnc_sha256_final(struct bnc_sha256 *sha, char out[BNC_SHA256_HEX])
{
    unsigned char digest[EVP_MAX_MD_SIZE] = {0};
    unsigned int length = 0;

    need(EVP_DigestFinal_ex(sha->context, digest, &length) == 1 &&
         EVP_DigestInit_ex(sha->context, EVP_sha256(), NULL) == 1);
    write_hex(digest, out);
}

uint64_t
bnc_hash64(const void *bytes, size_t n, uint64_t seed)
{
    const unsigned char *p = bytes;
    uint64_t h = seed ^ (n * 0x9e3779b97f4a7c15U);

    while (n >= sizeof(uint64_t)) {
        uint64_t word;
        memcpy(&word, p, sizeof(word));
        h = (h ^ word) * 0xff51afd7ed558ccdU;
        h ^= h >> 32;
        p += sizeof(word);
        n -= sizeof(word);
    }
    for (; n > 0; n--, p++) {
        h = (h ^ *p) * 0x100000001b3U;
    }
    h ^= h >> 33;
    h *= 0xc4ceb9fe1a85ec53U;
    return h ^ (h >> 29);
}

uint64_t
bnc_hash64_with(uint64_t stamp, uint64_t more)
{
    /* both as words: a seed and a word alone could change places */
    const uint64_t both[] = {stamp, more};
    return bnc_hash64(both, sizeof(both), 0);
}
