#include "lib/hash.h"

#include <openssl/evp.h>
#include <string.h>

void
bnc_sha256_hex(const void *bytes, size_t n, char out[BNC_SHA256_HEX])
{
    static const char digits[] = "0123456789abcdef";
    unsigned char digest[EVP_MAX_MD_SIZE] = {0};
    unsigned int length = 0;

    (void)EVP_Digest(bytes, n, digest, &length, EVP_sha256(), NULL);
    for (size_t i = 0; i < (BNC_SHA256_HEX - 1) / 2; i++) {
        out[2 * i] = digits[digest[i] >> 4];
        out[2 * i + 1] = digits[digest[i] & 15];
    }
    out[BNC_SHA256_HEX - 1] = '\0';
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
