/*
 * The digest of a document, piece by piece.  A packed piece keeps the state after it:
 * what stands before the first piece that changed is not hashed again.
 */
#include "controller/link.h"

void
bnc_link_digest_begin(struct bnc_link *link)
{
    for (size_t i = 0; i < BNC_SECTION_COUNT; i++) {
        link->digests[i] = (struct bnc_link_digest){.sha = bnc_sha256_new()};
    }
}

void
bnc_link_digest_free(struct bnc_link *link)
{
    for (size_t i = 0; i < BNC_SECTION_COUNT; i++) {
        bnc_sha256_free(link->digests[i].sha);
        link->digests[i] = (struct bnc_link_digest){0};
    }
}

/* What was kept is copied when it is needed, once. */
static void
take_kept(struct bnc_link_digest *digest)
{
    if (digest->kept != NULL) {
        bnc_sha256_copy(digest->sha, digest->kept);
        digest->kept = NULL;
    }
}

static void
keep(struct bnc_packed *packed, const struct bnc_link_digest *digest)
{
    if (packed->after == NULL) {
        packed->after = bnc_sha256_new();
    }
    bnc_sha256_copy(packed->after, digest->sha);
    packed->chain = digest->chain;
}

void
bnc_link_digest_add(struct bnc_link *link, const struct bnc_piece *piece)
{
    struct bnc_link_digest *digest = &link->digests[piece->section];
    struct bnc_packed *packed = piece->packed;

    if (packed != NULL) {
        digest->chain = bnc_hash64_with(digest->chain, packed->stamp);
        if (packed->after != NULL && packed->chain == digest->chain) {
            digest->kept = packed->after;
            return;
        }
    }
    take_kept(digest);
    for (size_t i = 0; i < piece->n; i++) {
        bnc_sha256_add(digest->sha, piece->texts[i].bytes.ptr, piece->texts[i].bytes.len);
    }
    if (packed != NULL) {
        keep(packed, digest);
    }
}

void
bnc_link_digest_end(struct bnc_link *link, enum bnc_section section,
                    char out[BNC_SHA256_HEX])
{
    take_kept(&link->digests[section]);
    bnc_sha256_final(link->digests[section].sha, out);
}
