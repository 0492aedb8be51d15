/*
 * What the files of the store share.  Included by sync/store*.c only.
 */
#ifndef BNC_SYNC_STORE_PARTS_H
#define BNC_SYNC_STORE_PARTS_H

#include <sys/queue.h>

#include "lib/map.h"
#include "sync/store.h"

#define BNC_STORE_INDEX  ".binnacle-index"
#define BNC_STORE_FOLDER (BNC_STORE_MAX_ID + 16) /* bytes of "gen-<id>.tmp" */

/* ---- store_index.c --------------------------------------------------------------- */

struct bnc_store_entry {
    const char *name;
    char sha256[BNC_SHA256_HEX];
    uint64_t size;
    unsigned mode;
    bool seen; /* it had the content above when it had this time and inode */
    int64_t mtime_ns;
    uint64_t inode;
};

/* The files of one generation. */
struct bnc_store_index {
    struct bnc_arena *arena;
    struct bnc_map *by_name; /* name -> struct bnc_store_entry * */
};

struct bnc_store_index *bnc_store_index_new(void);
void bnc_store_index_free(struct bnc_store_index *index); /* NULL is ignored */
BNC_DEFINE_AUTO(bnc_store_index);
struct bnc_store_entry *
bnc_store_index_get(const struct bnc_store_index *index, const char *name);
/* `from` is copied, its name too. */
struct bnc_store_entry *
bnc_store_index_add(struct bnc_store_index *index, const struct bnc_store_entry *from);
bool bnc_store_index_next(const struct bnc_store_index *index, size_t *at,
                          struct bnc_store_entry **out);
/* Whether one of its files is in the folder `name`. */
bool bnc_store_index_has_below(const struct bnc_store_index *index, const char *name);

/* Errors: INVALID when it is corrupt; those of bnc_file_read(). */
enum bnc_code
bnc_store_index_read(struct bnc_world *world, const char *path,
                     struct bnc_store_index **out, struct bnc_error *err) BNC_MUST_CHECK;
enum bnc_code bnc_store_index_write(struct bnc_world *world, const char *path,
                                    const struct bnc_store_index *index,
                                    struct bnc_error *err) BNC_MUST_CHECK;

/* ---- store.c --------------------------------------------------------------------- */

/* A generation: its folder in OUT and its files. */
struct bnc_store_gen {
    char folder[BNC_STORE_FOLDER]; /* "": there is none */
    struct bnc_store_index *index; /* NULL: unknown */
};

struct bnc_store {
    struct bnc_world *world;
    char *out;
    struct bnc_store_gen current;
    char id[BNC_STORE_MAX_ID + 1];   /* of current */
    char proved[BNC_STORE_FOLDER];   /* the folder, "": none */
    char kept[BNC_STORE_MAX_ID + 1]; /* the id that bnc_store_tidy() was given */

    struct bnc_store_gen next; /* being written */
    char next_id[BNC_STORE_MAX_ID + 1];
    struct bnc_map *next_folders; /* paths of folders to be synced, as keys */
    LIST_HEAD(, bnc_store_file) files;
};

/* OUT/folder, OUT/folder/name; `folder` may be "". */
const char *bnc_store_join(const struct bnc_store *store, struct bnc_arena *arena,
                           const char *folder, const char *name);

/* ---- store_files.c --------------------------------------------------------------- */

/* Make the folders of `name` in a generation's folder, and note them in `folders`. */
enum bnc_code
bnc_store_make_folders(struct bnc_store *store, const char *folder, const char *name,
                       struct bnc_map *folders, struct bnc_error *err) BNC_MUST_CHECK;
/*
 * A second name for a file; a copy of it where there are no hard links, or not for us
 * (a file of another user): `copied` tells.  `to` must not exist.
 */
enum bnc_code bnc_store_link(struct bnc_store *store, const char *from, const char *to,
                             bool *copied, struct bnc_error *err) BNC_MUST_CHECK;
/* Whether the file is what the entry says; reads it only when it must. */
bool bnc_store_intact(struct bnc_store *store, const char *folder,
                      struct bnc_store_entry *entry);
/* Files that are being written have no generation any more. */
void bnc_store_orphan_files(struct bnc_store *store);

/* ---- store_left.c ---------------------------------------------------------------- */

/* Every file that a generation's folder has, with its path below it; bounded. */
enum bnc_code
bnc_store_walk(const struct bnc_store *store, const char *folder, struct bnc_arena *arena,
               struct bnc_map *files, struct bnc_map *folders, struct bnc_error *err)
    BNC_MUST_CHECK;
/* Link into `to` what the current and the proved generation have and it lacks. */
enum bnc_code
bnc_store_carry(struct bnc_store *store, const struct bnc_store_gen *to,
                struct bnc_map *folders, struct bnc_error *err) BNC_MUST_CHECK;
/* Remove from the current generation what its index has not. */
enum bnc_code
bnc_store_drop_left(struct bnc_store *store, struct bnc_error *err) BNC_MUST_CHECK;

/* ---- store_gens.c ---------------------------------------------------------------- */

/* The id in "gen-<id>" or "gen-<id>.1"; false: it is no generation's folder. */
bool bnc_store_folder_id(const char *folder, char id[BNC_STORE_MAX_ID + 1]);
/* Remove what crashes left, and unproved generations but for the last two. */
enum bnc_code
bnc_store_sweep(struct bnc_store *store, struct bnc_error *err) BNC_MUST_CHECK;
/* Remove what crashes left, and all generations that are not current, proved or kept. */
enum bnc_code
bnc_store_sweep_all(struct bnc_store *store, struct bnc_error *err) BNC_MUST_CHECK;
/* A name for generation `id` that is free, or can be freed: "" in `folder` never. */
enum bnc_code bnc_store_free_folder(struct bnc_store *store, const char *id,
                                    char folder[BNC_STORE_FOLDER], struct bnc_error *err)
    BNC_MUST_CHECK;

#endif
