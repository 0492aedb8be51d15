/* Which texts go together, and what is kept of them between two links. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "controller/link.h"
#include "lib/pack.h"

static const char jobs_head[] = "scrape_configs:\n";

/* ---- layout Single: runs of the document --------------------------------------------
 */

static struct bnc_text
text_of(struct bnc_bytes bytes)
{
    return (struct bnc_text){bytes, bnc_hash64(bytes.ptr, bytes.len, 1)};
}

const struct bnc_fragment *
bnc_link_fragment(const struct bnc_link *link, size_t unit)
{
    const struct bnc_hub *hub = link->hub;
    return hub->lowered[unit * (size_t)hub->shards + (size_t)link->shard];
}

struct bnc_text
bnc_link_jobs_head(void)
{
    return text_of((struct bnc_bytes){jobs_head, sizeof(jobs_head) - 1});
}

static void
end_piece(struct bnc_link *link, const struct bnc_text *texts, size_t *n)
{
    if (*n == 0) {
        return;
    }
    struct bnc_piece *piece = &link->pieces[link->n_pieces++];
    *piece = (struct bnc_piece){.texts = texts, .n = *n};
    for (size_t i = 0; i < *n; i++) {
        piece->size += texts[i].bytes.len;
    }
    *n = 0;
}

/*
 * A run ends where the hash of a job's name says so: what comes before and after it
 * does not move the cut.  The head and the tail are runs of their own.
 */
void
bnc_link_cut(struct bnc_link *link)
{
    const struct bnc_hub *hub = link->hub;
    size_t most = hub->plan.n_units + 2;
    struct bnc_text *texts = bnc_arena_array(link->arena, most, sizeof(*texts));
    size_t n = 0; /* in the run */
    size_t size = 0;
    size_t at = 0;

    link->pieces = bnc_arena_array(link->arena, most, sizeof(*link->pieces));
    texts[at++] = text_of(link->frame.head);
    n = 1;
    end_piece(link, &texts[0], &n);
    for (size_t i = 0; i < hub->plan.n_units; i++) {
        const struct bnc_fragment *fragment = bnc_link_fragment(link, i);
        if (fragment == NULL) {
            continue;
        }
        texts[at++] = (struct bnc_text){fragment->bytes, fragment->sum};
        n++;
        size += fragment->bytes.len;
        if (fragment->place % BNC_BLOCK_MODULUS == 0 || size > BNC_BLOCK_MAX) {
            end_piece(link, &texts[at - n], &n);
            size = 0;
        }
    }
    end_piece(link, &texts[at - n], &n);
    if (link->frame.tail.len > 0) {
        texts[at++] = text_of(link->frame.tail);
        n = 1;
        end_piece(link, &texts[at - 1], &n);
    }
}

/* ---- layout Files: leaves of a trie -------------------------------------------------
 */

void
bnc_link_sort(struct bnc_link *link)
{
    const struct bnc_hub *hub = link->hub;
    size_t n = 0;
    struct bnc_pack_item *items =
        bnc_arena_array(link->arena, hub->plan.n_units, sizeof(*items));
    const struct bnc_fragment **fragments = bnc_arena_array(
        link->arena, hub->plan.n_units, sizeof(const struct bnc_fragment *));

    for (size_t i = 0; i < hub->plan.n_units; i++) {
        const struct bnc_fragment *fragment = bnc_link_fragment(link, i);
        if (fragment != NULL) {
            items[n] = (struct bnc_pack_item){fragment->place, fragment->bytes.len};
            fragments[n++] = fragment;
        }
    }
    size_t budget = hub->part_budget > 0 ? hub->part_budget : BNC_PACK_BUDGET;
    struct bnc_pack pack = bnc_pack_leaves(link->arena, items, n, budget);
    link->n_pieces = pack.n;
    link->pieces = bnc_arena_array(link->arena, pack.n + 1, sizeof(*link->pieces));
    for (size_t i = 0; i < pack.n; i++) {
        const struct bnc_pack_leaf *leaf = &pack.leaves[i];
        struct bnc_text *texts =
            bnc_arena_array(link->arena, leaf->n + 1, sizeof(*texts));
        texts[0] = bnc_link_jobs_head();
        for (size_t k = 0; k < leaf->n; k++) {
            const struct bnc_fragment *fragment = fragments[leaf->items[k]];
            texts[k + 1] = (struct bnc_text){fragment->bytes, fragment->sum};
        }
        link->pieces[i] = (struct bnc_piece){.leaf = leaf->prefix,
                                             .texts = texts,
                                             .n = leaf->n + 1,
                                             .size = leaf->size + sizeof(jobs_head) - 1};
    }
}

/* ---- what is kept --------------------------------------------------------------- */

void
bnc_link_add(const struct bnc_piece *piece, struct bnc_str *out)
{
    for (size_t i = 0; i < piece->n; i++) {
        bnc_str_add(out, piece->texts[i].bytes.ptr, piece->texts[i].bytes.len);
    }
}

void
bnc_packed_free(struct bnc_packed *packed)
{
    bnc_zip_block_free(&packed->block);
    free(packed);
}

static uint64_t
stamp_of(const struct bnc_piece *piece)
{
    uint64_t stamp = piece->n * 2 + (piece->leaf != NULL);
    for (size_t i = 0; i < piece->n; i++) {
        stamp = bnc_hash64(&piece->texts[i].sum, sizeof(piece->texts[i].sum), stamp);
    }
    return stamp;
}

/* One piece on its way. */
struct bnc_packing {
    char key[40];
    struct bnc_zip_maker *maker;
    struct bnc_sha256 *sha; /* NULL: a run needs none */
    size_t next;            /* text of the piece ... */
    size_t at;              /* ... and byte of it */
};

void
bnc_packing_free(struct bnc_packing *packing)
{
    if (packing != NULL) {
        bnc_zip_maker_free(packing->maker);
        bnc_sha256_free(packing->sha);
        free(packing);
    }
}

/* True when it was packed before. */
static bool
find_packed(struct bnc_link *link, struct bnc_piece *piece, char key[40])
{
    (void)snprintf(key, 40, "%016llx/%zu", (unsigned long long)stamp_of(piece),
                   piece->size);
    piece->packed = bnc_map_get(link->hub->packs, key);
    if (piece->packed != NULL) {
        piece->packed->used = link->hub->links;
    }
    return piece->packed != NULL;
}

static enum bnc_code
add_some(const struct bnc_piece *piece, struct bnc_packing *packing,
         struct bnc_error *err)
{
    size_t left = BNC_PACK_STEP;
    while (left > 0 && packing->next < piece->n) {
        struct bnc_bytes text = piece->texts[packing->next].bytes;
        const char *from = text.ptr + packing->at;
        size_t n = text.len - packing->at;
        n = n < left ? n : left;
        if (packing->sha != NULL) {
            bnc_sha256_add(packing->sha, from, n);
        }
        if (bnc_zip_maker_add(packing->maker, from, n, err)) {
            return err->code;
        }
        left -= n;
        packing->at += n;
        if (packing->at == text.len) {
            packing->next++;
            packing->at = 0;
        }
    }
    return BNC_OK;
}

static enum bnc_code
end_packing(struct bnc_link *link, struct bnc_piece *piece, struct bnc_error *err)
{
    struct bnc_packing *packing = link->packing;
    struct bnc_packed *packed = bnc_alloc(sizeof(*packed));
    if (bnc_zip_maker_end(packing->maker, &packed->block, err)) {
        bnc_packed_free(packed);
        return err->code;
    }
    if (packing->sha != NULL) {
        bnc_sha256_final(packing->sha, packed->sha);
    }
    packed->used = link->hub->links;
    (void)bnc_map_put(link->hub->packs, packing->key, packed);
    link->hub->packed++;
    bnc_packing_free(packing);
    link->packing = NULL;
    piece->packed = packed;
    return BNC_OK;
}

enum bnc_code
bnc_link_pack_some(struct bnc_link *link, struct bnc_piece *piece, struct bnc_error *err)
{
    char key[40];
    if (link->packing == NULL) {
        if (find_packed(link, piece, key)) {
            return BNC_OK;
        }
        link->packing = bnc_alloc(sizeof(*link->packing));
        memcpy(link->packing->key, key, sizeof(key));
        link->packing->maker = bnc_zip_maker_new();
        link->packing->sha = piece->leaf == NULL ? NULL : bnc_sha256_new();
    }
    if (add_some(piece, link->packing, err)) {
        return err->code;
    }
    return link->packing->next < piece->n ? BNC_OK : end_packing(link, piece, err);
}

enum bnc_code
bnc_link_pack(struct bnc_link *link, struct bnc_piece *piece, struct bnc_error *err)
{
    piece->packed = NULL;
    while (piece->packed == NULL) {
        if (bnc_link_pack_some(link, piece, err)) {
            return err->code;
        }
    }
    return BNC_OK;
}

void
bnc_link_forget(struct bnc_hub *hub)
{
    size_t at = 0;
    const char *key = NULL;
    void *value = NULL;
    while (bnc_map_next(hub->packs, &at, &key, &value)) {
        struct bnc_packed *packed = value;
        if (packed->used != hub->links) {
            (void)bnc_map_take(hub->packs, key);
            bnc_packed_free(packed);
        }
    }
}
