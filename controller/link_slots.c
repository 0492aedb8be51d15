/*
 * Layout Files for volumes without binnacle sync: a fixed number of slots, whose
 * objects' names are known beforehand.  A slot has one file of jobs; the range of its
 * jobs' hashes is its own, so one changed job changes one slot.  Rule groups are in
 * the root: a volume brings them together with the document that names them.
 */
#include "controller/link.h"

#include "lib/pack.h"

/* The slot of a job, of `n`: equal ranges of the hash of its name. */
static size_t
slot_of(uint64_t place, size_t n)
{
    return (size_t)(((place >> 32) * n) >> 32);
}

void
bnc_link_deal(struct bnc_link *link)
{
    size_t room = link->n_jobs + link->slots;
    struct bnc_text *texts = bnc_arena_array(link->arena, room, sizeof(*texts));
    size_t at = 0;

    link->n_pieces = link->slots;
    link->pieces = bnc_arena_array(link->arena, link->slots + 1, sizeof(*link->pieces));
    for (size_t slot = 0; slot < link->slots; slot++) {
        struct bnc_piece *piece = &link->pieces[slot];
        *piece = (struct bnc_piece){.leaf = bnc_arena_fmt(link->arena, "%zu", slot),
                                    .texts = &texts[at]};
        texts[at++] = bnc_link_head(BNC_SECTION_JOBS);
        piece->n = 1;
        piece->size = texts[at - 1].bytes.len;
        for (size_t i = 0; i < link->n_jobs; i++) {
            const struct bnc_fragment *fragment = bnc_link_fragment(link, i);
            if (fragment != NULL && slot_of(fragment->place, link->slots) == slot) {
                texts[at++] = (struct bnc_text){fragment->bytes, fragment->sum};
                piece->n++;
                piece->size += fragment->bytes.len;
            }
        }
        if (piece->n == 1) { /* no jobs: no file, and the object stays for its volume */
            piece->n = piece->size = 0;
        }
    }
}
