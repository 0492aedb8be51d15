#include "lib/hash.h"

#include "tests/unit/test.h"

/* The examples of FIPS 180. */
static const struct {
    const char *name;
    const char *text;
    const char *want;
} digests[] = {
    {"empty", "", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
    {"abc", "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
    {"two blocks", "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
     "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
};

TEST(sha256)
{
    for (size_t i = 0; i < BNC_LEN(digests); i++) {
        char hex[BNC_SHA256_HEX];
        bnc_test_row(digests[i].name);
        bnc_sha256_hex(digests[i].text, strlen(digests[i].text), hex);
        CHECK_STR(hex, digests[i].want);
    }
}

/* In pieces of any size it is the same digest; then it starts anew. */
TEST(sha256_in_pieces)
{
    BNC_AUTO(bnc_sha256) sha = bnc_sha256_new();
    char bytes[1000];
    char want[BNC_SHA256_HEX];
    char got[BNC_SHA256_HEX];

    for (size_t i = 0; i < sizeof(bytes); i++) {
        bytes[i] = (char)(i * 7);
    }
    bnc_sha256_hex(bytes, sizeof(bytes), want);
    for (size_t piece = 1; piece <= sizeof(bytes); piece += 37) {
        for (size_t at = 0; at < sizeof(bytes); at += piece) {
            size_t left = sizeof(bytes) - at;
            bnc_sha256_add(sha, bytes + at, left < piece ? left : piece);
        }
        bnc_sha256_final(sha, got);
        CHECK_STR(got, want);
    }
    bnc_sha256_final(sha, got);
    CHECK_STR(got, digests[0].want);
    bnc_sha256_free(NULL);
}

/* Every length, every byte and the seed count. */
TEST(hash64_notices_changes)
{
    unsigned char bytes[40] = {0};
    for (size_t n = 0; n <= sizeof(bytes); n++) {
        uint64_t plain = bnc_hash64(bytes, n, 1);
        CHECK(plain == bnc_hash64(bytes, n, 1));
        CHECK(plain != bnc_hash64(bytes, n, 2));
        CHECK(n == 0 || plain != bnc_hash64(bytes, n - 1, 1));
        for (size_t i = 0; i < n; i++) {
            for (unsigned bit = 0; bit < 8; bit++) {
                bytes[i] ^= (unsigned char)(1U << bit);
                CHECK(plain != bnc_hash64(bytes, n, 1));
                bytes[i] ^= (unsigned char)(1U << bit);
            }
        }
    }
}

TEST(hash64_reads_unaligned)
{
    char copy[64] = {0};
    static const char text[] = "some text of more than eight bytes";
    uint64_t want = bnc_hash64(text, sizeof(text), 7);
    for (size_t shift = 0; shift < 8; shift++) {
        memcpy(copy + shift, text, sizeof(text));
        CHECK(bnc_hash64(copy + shift, sizeof(text), 7) == want);
    }
}

/* Small stamps and small numbers, as versions are: no two pairs are one. */
TEST(hash64_with_keeps_apart)
{
    enum { SIDE = 64 };
    uint64_t seen[SIDE * SIDE];
    for (uint64_t i = 0; i < SIDE * SIDE; i++) {
        seen[i] = bnc_hash64_with(i / SIDE, i % SIDE);
        for (uint64_t k = 0; k < i; k++) {
            CHECK(seen[i] != seen[k]);
        }
    }
}

RUN_TESTS(sha256, sha256_in_pieces, hash64_notices_changes, hash64_reads_unaligned,
          hash64_with_keeps_apart)
