/* Which texts go together: runs of a document, leaves, slots; and what is kept. */
#include <stdlib.h>

#include "controller/link.h"
#include "lib/pack.h"
#include "tests/unit/test.h"

#define JOBS     600
#define HEAD     "global: {}\nscrape_configs:\n"
#define TAIL     "- job_name: raw\n"
#define TEXT_MAX ((size_t)64 * 1024 * 1024)

/* A hub with some of JOBS jobs in it, and one link of it. */
struct rig {
    struct bnc_hub hub;
    struct bnc_fragment fragments[JOBS];
    char *texts[JOBS];
    struct bnc_fragment *lowered[JOBS];
    struct bnc_link *link;
};

/* The text of job `i` in its `version`, of about `size` bytes. */
static void
write_job(struct rig *rig, size_t i, unsigned version, size_t size)
{
    char name[32];
    size_t room = size + 128;
    struct bnc_fragment *f = &rig->fragments[i];

    free(rig->texts[i]);
    rig->texts[i] = bnc_alloc(room);
    (void)snprintf(name, sizeof(name), "job-%04zu", i);
    int n = snprintf(rig->texts[i], room, "- job_name: %s\n  version: %u\n  x: ", name,
                     version);
    memset(rig->texts[i] + n, 'a' + (int)(i % 26), size);
    memcpy(rig->texts[i] + n + size, "\n", 2);
    f->bytes = (struct bnc_bytes){rig->texts[i], strlen(rig->texts[i])};
    f->sum = bnc_hash64(f->bytes.ptr, f->bytes.len, 1);
    f->place = bnc_pack_hash(name, strlen(name));
}

/* Jobs with has[i], or all; a hole for every 50th, as after a job that failed. */
static void
use_jobs(struct rig *rig, const bool *has)
{
    rig->hub.plan.n_units = 0;
    for (size_t i = 0; i < JOBS; i++) {
        if (has == NULL || has[i]) {
            rig->lowered[rig->hub.plan.n_units++] =
                i % 50 == 49 ? NULL : &rig->fragments[i];
        }
    }
}

static void
open_rig(struct rig *rig, size_t size)
{
    *rig = (struct rig){0};
    rig->hub.shards = 1;
    rig->hub.packs = bnc_map_new();
    rig->hub.lowered = rig->lowered;
    for (size_t i = 0; i < JOBS; i++) {
        write_job(rig, i, 1, size);
    }
    use_jobs(rig, NULL);
}

static void
end_link(struct rig *rig)
{
    bnc_link_free(rig->link);
    rig->link = NULL;
}

static void
close_rig(struct rig *rig)
{
    size_t at = 0;
    void *value = NULL;
    end_link(rig);
    while (bnc_map_next(rig->hub.packs, &at, NULL, &value)) {
        bnc_packed_free(value);
    }
    bnc_map_free(rig->hub.packs);
    for (size_t i = 0; i < JOBS; i++) {
        free(rig->texts[i]);
    }
}

/* The pieces as `make` has them, packed; gives how many were new. */
static size_t
do_link(struct rig *rig, void (*make)(struct bnc_link *), const char *tail)
{
    struct bnc_error err = {0};
    size_t before = bnc_map_count(rig->hub.packs);

    end_link(rig);
    rig->hub.links++;
    rig->link = bnc_alloc(sizeof(*rig->link));
    *rig->link = (struct bnc_link){.hub = &rig->hub,
                                   .arena = bnc_arena_new(),
                                   .n_jobs = rig->hub.plan.n_units,
                                   .slots = 7,
                                   .frame = {{HEAD, strlen(HEAD)}, {tail, strlen(tail)}}};
    make(rig->link);
    for (size_t i = 0; i < rig->link->n_pieces; i++) {
        CHECK_INT(bnc_link_pack(rig->link, &rig->link->pieces[i], &err), BNC_OK);
        CHECK(rig->link->pieces[i].packed->used == rig->hub.links);
    }
    size_t packed = bnc_map_count(rig->hub.packs) - before;
    bnc_link_forget(&rig->hub);
    return packed;
}

/* ---- layout Single -------------------------------------------------------------- */

/* All pieces, one after the other. */
static const char *
joined(struct rig *rig)
{
    struct bnc_str out = bnc_str_new(rig->link->arena, TEXT_MAX);
    for (size_t i = 0; i < rig->link->n_pieces; i++) {
        size_t before = out.len;
        bnc_link_add(&rig->link->pieces[i], &out);
        CHECK_INT(out.len - before, rig->link->pieces[i].size);
        CHECK_INT(rig->link->pieces[i].packed->block.raw, rig->link->pieces[i].size);
    }
    return out.ptr;
}

static const char *
wanted(struct rig *rig, const char *tail)
{
    struct bnc_str out = bnc_str_new(rig->link->arena, TEXT_MAX);
    bnc_str_puts(&out, HEAD);
    for (size_t i = 0; i < rig->hub.plan.n_units; i++) {
        if (rig->lowered[i] != NULL) {
            bnc_str_puts(&out, rig->lowered[i]->bytes.ptr);
        }
    }
    bnc_str_puts(&out, tail);
    return out.ptr;
}

TEST(pieces_are_the_document)
{
    static const struct {
        const char *name;
        const char *tail;
        bool none;
    } rows[] = {{"with raw jobs", TAIL, false},
                {"without", "", false},
                {"no jobs at all", "", true},
                {"raw jobs alone", TAIL, true}};
    static const bool no_job[JOBS];
    struct rig rig;

    open_rig(&rig, 300);
    for (size_t i = 0; i < BNC_LEN(rows); i++) {
        bnc_test_row(rows[i].name);
        use_jobs(&rig, rows[i].none ? no_job : NULL);
        (void)do_link(&rig, bnc_link_cut, rows[i].tail);
        CHECK_STR(joined(&rig), wanted(&rig, rows[i].tail));
        for (size_t k = 0; k < rig.link->n_pieces; k++) {
            CHECK(rig.link->pieces[k].leaf == NULL && rig.link->pieces[k].n > 0);
        }
    }
    close_rig(&rig);
}

/* The first job of each piece but the head, in one text. */
static const char *
cuts(struct rig *rig)
{
    struct bnc_str out = bnc_str_new(rig->link->arena, TEXT_MAX);
    bnc_str_puts(&out, "");
    for (size_t i = 2; i < rig->link->n_pieces; i++) {
        const struct bnc_bytes first = rig->link->pieces[i].texts[0].bytes;
        bnc_str_fmt(&out, "%.*s\n", (int)strcspn(first.ptr, "\n"), first.ptr);
    }
    return out.ptr;
}

/* Take one job away, and again: no cut moves but one at that job itself. */
TEST(cuts_do_not_depend_on_neighbours)
{
    struct rig rig;
    size_t moved = 0;
    bool has[JOBS];

    open_rig(&rig, 100);
    (void)do_link(&rig, bnc_link_cut, TAIL);
    size_t pieces = rig.link->n_pieces;
    CHECK(pieces > 5 && pieces < 30); /* 588 jobs, 64 a piece, head and tail */
    char *before = bnc_strdup(cuts(&rig));
    for (size_t i = 0; i < JOBS; i++) {
        char name[32];
        (void)snprintf(name, sizeof(name), "job %zu", i);
        bnc_test_row(name);
        for (size_t k = 0; k < JOBS; k++) {
            has[k] = k != i;
        }
        use_jobs(&rig, has);
        size_t packed = do_link(&rig, bnc_link_cut, TAIL);
        CHECK(packed <= 2); /* in its own piece, or the two that it parted */
        moved += strcmp(cuts(&rig), before) != 0;
    }
    CHECK(moved <= 2 * pieces); /* only a job at a cut moves one */
    free(before);
    close_rig(&rig);
}

/* The digest of the linked pieces; `*kept`: how many were not hashed again. */
static const char *
digest_of(struct rig *rig, size_t *kept)
{
    char *hex = bnc_arena_alloc(rig->link->arena, BNC_SHA256_HEX);
    *kept = 0;
    bnc_link_digest_begin(rig->link);
    for (size_t i = 0; i < rig->link->n_pieces; i++) {
        bnc_link_digest_add(rig->link, &rig->link->pieces[i]);
        *kept += rig->link->digests[BNC_SECTION_JOBS].kept != NULL;
    }
    bnc_link_digest_end(rig->link, BNC_SECTION_JOBS, hex);
    bnc_link_digest_free(rig->link);
    return hex;
}

/* Whatever changed, it is the digest of the document, from the change on. */
TEST(digest_goes_on_from_the_change)
{
    static const size_t changes[] = {0, 217, 598, 0};
    struct rig rig;
    char hex[BNC_SHA256_HEX];
    size_t kept = 0;

    open_rig(&rig, 100);
    for (unsigned i = 0; i < 2 * BNC_LEN(changes); i++) {
        (void)do_link(&rig, bnc_link_cut, TAIL);
        const char *all = joined(&rig);
        bnc_sha256_hex(all, strlen(all), hex);
        CHECK_STR(digest_of(&rig, &kept), hex);
        CHECK(kept < rig.link->n_pieces); /* something is new each time */
        size_t changed = changes[i % BNC_LEN(changes)];
        CHECK(i == 0 || changes[(i - 1) % BNC_LEN(changes)] < 500 ||
              kept > rig.link->n_pieces / 2);
        CHECK_STR(digest_of(&rig, &kept), hex);
        CHECK_INT(kept, rig.link->n_pieces);
        write_job(&rig, changed, i + 2, 100);
    }
    close_rig(&rig);
}

/* However long a job is, a block stays near its most. */
TEST(blocks_are_bounded)
{
    struct rig rig;
    open_rig(&rig, 100000);
    (void)do_link(&rig, bnc_link_cut, "");
    for (size_t i = 0; i < rig.link->n_pieces; i++) {
        CHECK(rig.link->pieces[i].size <= BNC_BLOCK_MAX + 110000);
    }
    close_rig(&rig);
}

/* ---- what is packed again ------------------------------------------------------- */

TEST(one_change_packs_one_piece)
{
    static const struct {
        const char *name;
        void (*make)(struct bnc_link *);
    } rows[] = {
        {"runs", bnc_link_cut}, {"leaves", bnc_link_sort}, {"slots", bnc_link_deal}};
    struct rig rig;

    for (size_t i = 0; i < BNC_LEN(rows); i++) {
        bnc_test_row(rows[i].name);
        open_rig(&rig, 8000); /* 4.7 MB: several leaves */
        CHECK_INT(do_link(&rig, rows[i].make, TAIL), rig.link->n_pieces);
        CHECK(rig.link->n_pieces >= 6);
        CHECK_INT(do_link(&rig, rows[i].make, TAIL), 0);
        write_job(&rig, 217, 2, 8000);
        CHECK_INT(do_link(&rig, rows[i].make, TAIL), 1);
        CHECK_INT(bnc_map_count(rig.hub.packs), rig.link->n_pieces); /* the old went */
        write_job(&rig, 217, 1, 8000);
        CHECK_INT(do_link(&rig, rows[i].make, TAIL), 1);
        close_rig(&rig);
    }
}

/* Two pieces with equal texts are one pack; the same texts in another order are not. */
TEST(packs_are_told_apart)
{
    struct rig rig;
    struct bnc_error err = {0};
    char hex[BNC_SHA256_HEX];

    open_rig(&rig, 10);
    (void)do_link(&rig, bnc_link_sort, "");
    CHECK_INT(rig.link->n_pieces, 1);
    struct bnc_piece one = rig.link->pieces[0];
    struct bnc_packed *first = one.packed;
    struct bnc_text swapped[] = {one.texts[1], one.texts[0]};
    struct bnc_piece ab = {.leaf = "0", .texts = one.texts, .n = 2};
    struct bnc_piece ba = {.leaf = "1", .texts = swapped, .n = 2};
    struct bnc_piece run = {.texts = one.texts, .n = 2};
    struct bnc_piece same = {.leaf = "11", .texts = one.texts, .n = 2};
    ab.size = ba.size = run.size = same.size =
        one.texts[0].bytes.len + one.texts[1].bytes.len;

    CHECK_INT(bnc_link_pack(rig.link, &ab, &err), BNC_OK);
    CHECK_INT(bnc_link_pack(rig.link, &ba, &err), BNC_OK);
    CHECK_INT(bnc_link_pack(rig.link, &run, &err), BNC_OK);
    CHECK_INT(bnc_link_pack(rig.link, &same, &err), BNC_OK);
    bnc_test_row("another order");
    CHECK(ab.packed != ba.packed && ab.packed != first);
    bnc_test_row("a run needs no hash");
    CHECK(run.packed != ab.packed);
    CHECK_STR(run.packed->sha, "");
    bnc_test_row("equal texts");
    CHECK(same.packed == ab.packed);
    bnc_test_row("the hash is of the text");
    struct bnc_str text = bnc_str_new(rig.link->arena, TEXT_MAX);
    bnc_link_add(&ab, &text);
    bnc_sha256_hex(text.ptr, text.len, hex);
    CHECK_STR(ab.packed->sha, hex);
    close_rig(&rig);
}

/* ---- layout Files --------------------------------------------------------------- */

static const struct {
    const char *name;
    void (*make)(struct bnc_link *);
    size_t job_bytes;
    size_t least; /* files */
    size_t most;
    size_t most_bytes;
} files[] = {
    {"one leaf", bnc_link_sort, 100, 1, 1, BNC_PACK_BUDGET},
    {"several leaves", bnc_link_sort, 8000, 6, 16, BNC_PACK_BUDGET},
    {"slots", bnc_link_deal, 1000, 7, 7, BNC_SLOT_MAX},
};

/* Each job once, in files that begin with scrape_configs, all of fitting size. */
TEST(files_have_every_job_once)
{
    struct rig rig;
    for (size_t i = 0; i < BNC_LEN(files); i++) {
        size_t total = 0;
        size_t wanted_size = 0;
        bool seen[JOBS] = {false};

        bnc_test_row(files[i].name);
        open_rig(&rig, files[i].job_bytes);
        (void)do_link(&rig, files[i].make, "");
        CHECK(rig.link->n_pieces >= files[i].least);
        CHECK(rig.link->n_pieces <= files[i].most);
        for (size_t k = 0; k < rig.link->n_pieces; k++) {
            const struct bnc_piece *piece = &rig.link->pieces[k];
            CHECK(piece->n >= 2 && piece->leaf != NULL);
            CHECK(piece->size <= files[i].most_bytes + strlen("scrape_configs:\n"));
            CHECK_STR(piece->texts[0].bytes.ptr, "scrape_configs:\n");
            for (size_t m = 1; m < piece->n; m++) {
                size_t job = (size_t)strtoul(
                    piece->texts[m].bytes.ptr + strlen("- job_name: job-"), NULL, 10);
                CHECK(job < JOBS && !seen[job]);
                seen[job] = true;
            }
            total += piece->size - strlen("scrape_configs:\n");
        }
        for (size_t k = 0; k < JOBS; k++) {
            CHECK_INT(seen[k], k % 50 != 49);
            wanted_size += seen[k] ? rig.fragments[k].bytes.len : 0;
        }
        CHECK_INT(total, wanted_size);
        close_rig(&rig);
    }
}

/* Jobs keep their order in a file: by name, as the plan has them. */
TEST(files_are_in_order)
{
    struct rig rig;
    for (size_t i = 0; i < BNC_LEN(files); i++) {
        bnc_test_row(files[i].name);
        open_rig(&rig, files[i].job_bytes);
        (void)do_link(&rig, files[i].make, "");
        for (size_t k = 0; k < rig.link->n_pieces; k++) {
            const struct bnc_piece *piece = &rig.link->pieces[k];
            for (size_t m = 2; m < piece->n; m++) {
                CHECK(strncmp(piece->texts[m - 1].bytes.ptr, piece->texts[m].bytes.ptr,
                              strlen("- job_name: job-0000")) < 0);
            }
        }
        close_rig(&rig);
    }
}

TEST(no_jobs_no_files)
{
    static const bool no_job[JOBS];
    struct rig rig;
    open_rig(&rig, 10);
    use_jobs(&rig, no_job);
    bnc_test_row("leaves");
    (void)do_link(&rig, bnc_link_sort, "");
    CHECK_INT(rig.link->n_pieces, 0);
    bnc_test_row("slots stay, empty");
    (void)do_link(&rig, bnc_link_deal, "");
    CHECK_INT(rig.link->n_pieces, 7);
    for (size_t i = 0; i < 7; i++) {
        CHECK_INT(rig.link->pieces[i].n, 0);
        CHECK_INT(rig.link->pieces[i].size, 0);
    }
    close_rig(&rig);
}

RUN_TESTS(pieces_are_the_document, cuts_do_not_depend_on_neighbours,
          digest_goes_on_from_the_change, blocks_are_bounded, one_change_packs_one_piece,
          packs_are_told_apart, files_have_every_job_once, files_are_in_order,
          no_jobs_no_files)
