/* Which texts go together, and what is kept of them between two links. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "controller/link.h"
#include "lib/pack.h"

static const char *const heads[BNC_SECTION_COUNT] = {
    [BNC_SECTION_JOBS] = "scrape_configs:\n", [BNC_SECTION_RULES] = "groups:\n"};

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

bool
bnc_link_has_rules(const struct bnc_link *link)
{
    for (size_t i = link->n_jobs; i < link->hub->plan.n_units; i++) {
        if (bnc_link_fragment(link, i) != NULL) {
            return true;
        }
    }
    return false;
}

struct bnc_text
bnc_link_head(enum bnc_section section)
{
    return text_of((struct bnc_bytes){heads[section], strlen(heads[section])});
}

/* Units of one section. */
struct range {
    enum bnc_section section;
    size_t from;
    size_t to;
};

static struct range
range_of(const struct bnc_link *link, enum bnc_section section)
{
    return section == BNC_SECTION_JOBS
               ? (struct range){section, 0, link->n_jobs}
               : (struct range){section, link->n_jobs, link->hub->plan.n_units};
}

/* Runs of texts in the making. */
struct cutting {
    struct bnc_link *link;
    enum bnc_section section;
    struct bnc_text *texts; /* those of the run */
    size_t n;
    size_t size;
};

static void
end_piece(struct cutting *c)
{
    if (c->n > 0) {
        c->link->pieces[c->link->n_pieces++] = (struct bnc_piece){
            .section = c->section, .texts = c->texts, .n = c->n, .size = c->size};
    }
    c->texts += c->n;
    c->n = c->size = 0;
}

static void
add_text(struct cutting *c, struct bnc_text text)
{
    c->texts[c->n++] = text;
    c->size += text.bytes.len;
}

/*
 * A run ends where the hash of a unit's name says so: what comes before and after it
 * does not move the cut.
 */
static void
cut_units(struct cutting *c)
{
    const struct range range = range_of(c->link, c->section);
    for (size_t i = range.from; i < range.to; i++) {
        const struct bnc_fragment *fragment = bnc_link_fragment(c->link, i);
        if (fragment == NULL) {
            continue;
        }
        add_text(c, (struct bnc_text){fragment->bytes, fragment->sum});
        if (fragment->place % BNC_BLOCK_MODULUS == 0 || c->size > BNC_BLOCK_MAX) {
            end_piece(c);
        }
    }
    end_piece(c);
}

/* Heads and tail are runs of their own. */
void
bnc_link_cut(struct bnc_link *link)
{
    size_t most = link->hub->plan.n_units + 3;
    struct cutting c = {.link = link,
                        .texts =
                            bnc_arena_array(link->arena, most, sizeof(struct bnc_text))};

    link->pieces = bnc_arena_array(link->arena, most, sizeof(*link->pieces));
    add_text(&c, text_of(link->frame.head));
    end_piece(&c);
    cut_units(&c);
    if (link->frame.tail.len > 0) {
        add_text(&c, text_of(link->frame.tail));
        end_piece(&c);
    }
    if (!link->rule_maps && bnc_link_has_rules(link)) {
        c.section = BNC_SECTION_RULES;
        add_text(&c, bnc_link_head(c.section));
        end_piece(&c);
        cut_units(&c);
    }
}

/* ---- layout Files: leaves of a trie -------------------------------------------------
 */

/* The leaf as a file: its head, then its units. */
static struct bnc_piece
piece_of(struct bnc_link *link, const struct bnc_pack_leaf *leaf,
         const struct bnc_fragment *const *fragments, enum bnc_section section)
{
    struct bnc_text *texts = bnc_arena_array(link->arena, leaf->n + 1, sizeof(*texts));
    texts[0] = bnc_link_head(section);
    for (size_t k = 0; k < leaf->n; k++) {
        const struct bnc_fragment *fragment = fragments[leaf->items[k]];
        texts[k + 1] = (struct bnc_text){fragment->bytes, fragment->sum};
    }
    return (struct bnc_piece){.section = section,
                              .leaf = leaf->prefix,
                              .texts = texts,
                              .n = leaf->n + 1,
                              .size = leaf->size + texts[0].bytes.len};
}

/* A section in leaves. */
struct sorted {
    struct bnc_pack pack;
    const struct bnc_fragment **fragments;
};

static struct sorted
sort_units(struct bnc_link *link, enum bnc_section section)
{
    const struct bnc_hub *hub = link->hub;
    const struct range range = range_of(link, section);
    size_t room = range.to - range.from;
    size_t n = 0;
    struct bnc_pack_item *items = bnc_arena_array(link->arena, room, sizeof(*items));
    const struct bnc_fragment **fragments =
        bnc_arena_array(link->arena, room, sizeof(const struct bnc_fragment *));

    for (size_t i = range.from; i < range.to; i++) {
        const struct bnc_fragment *fragment = bnc_link_fragment(link, i);
        if (fragment != NULL) {
            items[n] = (struct bnc_pack_item){fragment->place, fragment->bytes.len};
            fragments[n++] = fragment;
        }
    }
    size_t budget = hub->part_budget > 0 ? hub->part_budget : BNC_PACK_BUDGET;
    return (struct sorted){bnc_pack_leaves(link->arena, items, n, budget), fragments};
}

void
bnc_link_sort(struct bnc_link *link)
{
    struct sorted all[BNC_SECTION_COUNT];
    size_t n = 0;

    for (enum bnc_section k = 0; k < BNC_SECTION_COUNT; k++) {
        all[k] = sort_units(link, k);
        n += all[k].pack.n;
    }
    link->pieces = bnc_arena_array(link->arena, n + 1, sizeof(*link->pieces));
    for (enum bnc_section k = 0; k < BNC_SECTION_COUNT; k++) {
        for (size_t i = 0; i < all[k].pack.n; i++) {
            link->pieces[link->n_pieces++] =
                piece_of(link, &all[k].pack.leaves[i], all[k].fragments, k);
        }
    }
}

void
bnc_link_add_rules(struct bnc_link *link)
{
    const struct range range = range_of(link, BNC_SECTION_RULES);
    struct bnc_text *texts =
        bnc_arena_array(link->arena, range.to - range.from + 1, sizeof(*texts));
    struct cutting c = {.link = link, .section = range.section, .texts = texts};

    if (!bnc_link_has_rules(link)) {
        return;
    }
    add_text(&c, bnc_link_head(range.section));
    for (size_t i = range.from; i < range.to; i++) {
        const struct bnc_fragment *fragment = bnc_link_fragment(link, i);
        if (fragment != NULL) {
            add_text(&c, (struct bnc_text){fragment->bytes, fragment->sum});
        }
    }
    end_piece(&c);
    link->pieces[link->n_pieces - 1].leaf = "rules"; /* a file, so that it has a hash */
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
    bnc_sha256_free(packed->after);
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
    uint64_t stamp;
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
find_packed(struct bnc_link *link, struct bnc_piece *piece, uint64_t stamp, char key[40])
{
    (void)snprintf(key, 40, "%016llx/%zu", (unsigned long long)stamp, piece->size);
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
    packed->stamp = packing->stamp;
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
        uint64_t stamp = stamp_of(piece);
        if (find_packed(link, piece, stamp, key)) {
            return BNC_OK;
        }
        link->packing = bnc_alloc(sizeof(*link->packing));
        link->packing->stamp = stamp;
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
