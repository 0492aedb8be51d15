#include "sync/store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sync/store_parts.h"

#define CURRENT     "current"
#define PROVED      "proved"
#define FOLDER_MODE 0755
#define MAX_IN_TEMP ((size_t)8 * BNC_STORE_MAX_NAMES)

/* ---- names ----------------------------------------------------------------------- */

bool
bnc_store_id_valid(const char *id)
{
    size_t n = strspn(id, "0123456789abcdef");
    return n >= 1 && n <= BNC_STORE_MAX_ID && id[n] == '\0';
}

static bool
is_part_valid(const char *part, size_t n)
{
    return n > 0 && !(n == 1 && part[0] == '.') &&
           !(n == 2 && part[0] == '.' && part[1] == '.');
}

bool
bnc_store_name_valid(const char *name)
{
    static const char allowed[] = "-._/0123456789"
                                  "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                  "abcdefghijklmnopqrstuvwxyz";
    if (strnlen(name, BNC_STORE_MAX_NAME + 1) > BNC_STORE_MAX_NAME ||
        name[strspn(name, allowed)] != '\0' || strcmp(name, BNC_STORE_INDEX) == 0) {
        return false;
    }
    int parts = 0;
    for (const char *part = name;; part++) {
        size_t n = strcspn(part, "/");
        parts++;
        if (!is_part_valid(part, n) || parts > BNC_STORE_MAX_LEVELS) {
            return false;
        }
        part += n;
        if (*part == '\0') {
            return true;
        }
    }
}

const char *
bnc_store_join(const struct bnc_store *store, struct bnc_arena *arena, const char *folder,
               const char *name)
{
    return bnc_arena_fmt(arena, "%s%s%s%s%s", store->out, folder[0] == '\0' ? "" : "/",
                         folder, name[0] == '\0' ? "" : "/", name);
}

/* ---- life ------------------------------------------------------------------------ */

struct bnc_store *
bnc_store_new(struct bnc_world *world, const char *out)
{
    struct bnc_store *store = bnc_alloc(sizeof(*store));
    store->world = world;
    store->out = bnc_strdup(out);
    LIST_INIT(&store->files);
    return store;
}

static void
forget_current(struct bnc_store *store)
{
    bnc_store_index_free(store->current.index);
    store->current = (struct bnc_store_gen){0};
    store->id[0] = '\0';
}

static void
forget_next(struct bnc_store *store)
{
    bnc_store_orphan_files(store);
    bnc_store_index_free(store->next.index);
    bnc_map_free(store->next_folders);
    store->next = (struct bnc_store_gen){0};
    store->next_folders = NULL;
    store->next_id[0] = '\0';
}

void
bnc_store_free(struct bnc_store *store)
{
    if (store != NULL) {
        forget_next(store);
        forget_current(store);
        free(store->out);
        free(store);
    }
}

/*
 * The folder that a link in OUT names, "" when it is none of ours.
 * Errors: CONFLICT when it is there and no link.
 */
static enum bnc_code
read_link(const struct bnc_store *store, const char *name, char folder[BNC_STORE_FOLDER],
          struct bnc_error *err)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    char id[BNC_STORE_MAX_ID + 1];
    const char *path = bnc_store_join(store, arena, name, "");
    const char *target = "";
    enum bnc_code code = bnc_symlink_get(store->world, path, arena, &target, err);

    folder[0] = '\0';
    if (code == BNC_INVALID) {
        return bnc_fail(err, BNC_CONFLICT, "%s is there and is no link", path);
    }
    if (code == BNC_NOT_FOUND || (code == BNC_OK && !bnc_store_folder_id(target, id))) {
        *err = (struct bnc_error){0};
        return BNC_OK;
    }
    if (code == BNC_OK) {
        memcpy(folder, target, strlen(target) + 1); /* its length was checked */
    }
    return code;
}

/* Read OUT/current anew. */
static enum bnc_code
load_current(struct bnc_store *store, struct bnc_error *err)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    struct bnc_error unknown = {0};

    forget_current(store);
    if (read_link(store, CURRENT, store->current.folder, err)) {
        return err->code;
    }
    if (bnc_store_folder_id(store->current.folder, store->id)) {
        const char *path =
            bnc_store_join(store, arena, store->current.folder, BNC_STORE_INDEX);
        if (bnc_store_index_read(store->world, path, &store->current.index, &unknown)) {
            store->current.index = NULL;
        }
    }
    return BNC_OK;
}

enum bnc_code
bnc_store_open(struct bnc_store *store, struct bnc_error *err)
{
    forget_next(store);
    if (bnc_dir_make(store->world, store->out, FOLDER_MODE, err) ||
        read_link(store, PROVED, store->proved, err) || load_current(store, err)) {
        return err->code;
    }
    return BNC_OK;
}

const char *
bnc_store_current(const struct bnc_store *store)
{
    return store->current.index == NULL ? NULL : store->id;
}

/* ---- a new generation ------------------------------------------------------------ */

void
bnc_store_cancel(struct bnc_store *store)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    struct bnc_error err = {0};
    const char *path = bnc_store_join(store, arena, store->next.folder, "");
    bool begun = store->next.index != NULL;

    forget_next(store);
    if (begun) {
        /* what stays is removed when another one begins */
        (void)!bnc_dir_remove(store->world, path, MAX_IN_TEMP, &err);
    }
}

enum bnc_code
bnc_store_begin(struct bnc_store *store, const char *id, struct bnc_error *err)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    char folder[BNC_STORE_FOLDER];

    bnc_store_cancel(store);
    if (!bnc_store_id_valid(id)) {
        return bnc_fail(err, BNC_INVALID, "\"%.40s\" is no generation's id", id);
    }
    (void)snprintf(folder, sizeof(folder), "gen-%s.tmp", id);
    const char *path = bnc_store_join(store, arena, folder, "");
    if (bnc_dir_make(store->world, store->out, FOLDER_MODE, err) ||
        bnc_store_sweep(store, err)) {
        return err->code;
    }
    enum bnc_code code = bnc_dir_remove(store->world, path, MAX_IN_TEMP, err);
    if (code != BNC_OK && code != BNC_NOT_FOUND) {
        return code; /* it could not be swept away */
    }
    *err = (struct bnc_error){0};
    if (bnc_dir_make(store->world, path, FOLDER_MODE, err)) {
        return err->code;
    }
    memcpy(store->next.folder, folder, sizeof(folder));
    memcpy(store->next_id, id, strlen(id) + 1);
    store->next.index = bnc_store_index_new();
    store->next_folders = bnc_map_new();
    return BNC_OK;
}

/* Everything in a generation's folder is on the disk after this. */
static enum bnc_code
sync_folders(struct bnc_store *store, const char *folder, const struct bnc_map *folders,
             struct bnc_error *err)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    const char *path;
    void *value;
    size_t at = 0;
    while (bnc_map_next(folders, &at, &path, &value)) {
        if (bnc_dir_sync(store->world, path, err)) {
            return err->code;
        }
    }
    return bnc_dir_sync(store->world, bnc_store_join(store, arena, folder, ""), err);
}

/* The new generation is whole, and has its own name; `folder` is that. */
static enum bnc_code
finish_next(struct bnc_store *store, char folder[BNC_STORE_FOLDER], struct bnc_error *err)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    const char *temp = bnc_store_join(store, arena, store->next.folder, "");
    const char *index = bnc_store_join(store, arena, store->next.folder, BNC_STORE_INDEX);

    if (bnc_store_index_write(store->world, index, store->next.index, err) ||
        bnc_store_carry(store, &store->next, store->next_folders, err) ||
        sync_folders(store, store->next.folder, store->next_folders, err) ||
        bnc_store_free_folder(store, store->next_id, folder, err) ||
        bnc_file_rename(store->world, temp, bnc_store_join(store, arena, folder, ""),
                        err)) {
        return err->code;
    }
    return BNC_OK;
}

/* Let OUT/current lead to `folder`, all of which is on the disk before. */
static enum bnc_code
swap(struct bnc_store *store, const char *folder, struct bnc_error *err)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    struct bnc_error unknown = {0};
    const char *link = bnc_store_join(store, arena, CURRENT, "");
    if (bnc_dir_sync(store->world, store->out, err)) {
        return err->code;
    }
    if (bnc_symlink_put(store->world, folder, link, err)) {
        /* it may lead there all the same, when only the last sync has failed */
        (void)!load_current(store, &unknown);
        return err->code;
    }
    return BNC_OK;
}

/* `index` is the store's from now on. */
static void
set_current(struct bnc_store *store, const char *folder, struct bnc_store_index *index)
{
    char copy[BNC_STORE_FOLDER];
    (void)snprintf(copy, sizeof(copy), "%s", folder);
    forget_current(store);
    memcpy(store->current.folder, copy, sizeof(copy));
    store->current.index = index;
    (void)bnc_store_folder_id(copy, store->id);
}

enum bnc_code
bnc_store_commit(struct bnc_store *store, struct bnc_error *err)
{
    char folder[BNC_STORE_FOLDER];

    if (store->next.index == NULL || !LIST_EMPTY(&store->files)) {
        enum bnc_code code =
            bnc_fail(err, BNC_INVALID, "%s",
                     store->next.index == NULL ? "no generation has begun"
                                               : "a file is still being written");
        bnc_store_cancel(store);
        return code;
    }
    if (finish_next(store, folder, err)) {
        bnc_store_cancel(store);
        return err->code;
    }
    if (swap(store, folder, err)) {
        forget_next(store);
        return err->code;
    }
    struct bnc_store_index *index = store->next.index;
    store->next.index = NULL;
    forget_next(store);
    set_current(store, folder, index);
    return BNC_OK;
}

/* ---- older generations ------------------------------------------------------------ */

static bool
is_whole(struct bnc_store *store, const struct bnc_store_gen *gen)
{
    struct bnc_store_entry *entry;
    size_t at = 0;
    while (bnc_store_index_next(gen->index, &at, &entry)) {
        if (!bnc_store_intact(store, gen->folder, entry)) {
            return false;
        }
    }
    return true;
}

/*
 * Generation `id` as it is on the disk.
 * Owns: the caller frees its index.
 */
static enum bnc_code
find_whole(struct bnc_store *store, const char *id, struct bnc_store_gen *out,
           struct bnc_error *err)
{
    static const char *const ends[] = {"", ".1"};
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    bool damaged = false;

    for (size_t i = 0; i < BNC_LEN(ends); i++) {
        struct bnc_store_gen gen = {0};
        (void)snprintf(gen.folder, sizeof(gen.folder), "gen-%s%s", id, ends[i]);
        const char *path = bnc_store_join(store, arena, gen.folder, BNC_STORE_INDEX);
        enum bnc_code code = bnc_store_index_read(store->world, path, &gen.index, err);
        damaged = damaged || code != BNC_NOT_FOUND;
        if (code == BNC_OK && is_whole(store, &gen)) {
            *out = gen;
            return BNC_OK;
        }
        bnc_store_index_free(code == BNC_OK ? gen.index : NULL);
    }
    return damaged
               ? bnc_fail(err, BNC_CONFLICT, "generation %s is not as it was written", id)
               : bnc_fail(err, BNC_NOT_FOUND, "there is no generation %s", id);
}

enum bnc_code
bnc_store_rollback(struct bnc_store *store, const char *id, struct bnc_error *err)
{
    BNC_AUTO(bnc_map) folders = bnc_map_new();
    struct bnc_store_gen gen = {0};

    if (!bnc_store_id_valid(id)) {
        return bnc_fail(err, BNC_INVALID, "\"%.40s\" is no generation's id", id);
    }
    if (bnc_store_current(store) != NULL && strcmp(id, store->id) == 0 &&
        is_whole(store, &store->current)) {
        return swap(store, store->current.folder, err);
    }
    if (find_whole(store, id, &gen, err)) {
        return err->code;
    }
    if (bnc_store_carry(store, &gen, folders, err) ||
        sync_folders(store, gen.folder, folders, err) || swap(store, gen.folder, err)) {
        bnc_store_index_free(gen.index);
        return err->code;
    }
    set_current(store, gen.folder, gen.index);
    return BNC_OK;
}

enum bnc_code
bnc_store_tidy(struct bnc_store *store, const char *keep_id, struct bnc_error *err)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    if (store->current.index == NULL) {
        return bnc_fail(err, BNC_NOT_FOUND, "no generation is current");
    }
    if (keep_id != NULL && !bnc_store_id_valid(keep_id)) {
        return bnc_fail(err, BNC_INVALID, "\"%.40s\" is no generation's id", keep_id);
    }
    if (strcmp(store->proved, store->current.folder) != 0 &&
        bnc_symlink_put(store->world, store->current.folder,
                        bnc_store_join(store, arena, PROVED, ""), err)) {
        return err->code;
    }
    memcpy(store->proved, store->current.folder, sizeof(store->proved));
    (void)snprintf(store->kept, sizeof(store->kept), "%s",
                   keep_id == NULL ? "" : keep_id);

    struct bnc_error first = {0};
    (void)!bnc_store_drop_left(store, &first);
    if (bnc_store_sweep_all(store, err) && first.code == BNC_OK) {
        first = *err;
    }
    *err = first;
    return first.code;
}

/* ---- looking at it ------------------------------------------------------------------
 */

static bool
link_is_ours(const struct bnc_store *store)
{
    char folder[BNC_STORE_FOLDER];
    struct bnc_error err = {0};
    return read_link(store, CURRENT, folder, &err) == BNC_OK &&
           strcmp(folder, store->current.folder) == 0;
}

/* False with `missing` when it is not there. */
static bool
looks_intact(const struct bnc_store *store, const struct bnc_store_entry *entry,
             bool *missing)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    struct bnc_file_info info = {0};
    struct bnc_error err = {0};
    const char *path = bnc_store_join(store, arena, store->current.folder, entry->name);
    enum bnc_code code = bnc_file_stat(store->world, path, false, &info, &err);

    *missing = code == BNC_NOT_FOUND;
    return code == BNC_OK && info.type == BNC_FILE_REGULAR && info.size == entry->size &&
           info.mode == entry->mode &&
           (!entry->seen ||
            (info.mtime_ns == entry->mtime_ns && info.inode == entry->inode));
}

static void
tell(bnc_store_check_fn fn, void *arg, const char *name, bool missing)
{
    if (fn != NULL) {
        fn(arg, name, missing);
    }
}

size_t
bnc_store_check(const struct bnc_store *store, bnc_store_check_fn fn, void *arg)
{
    struct bnc_store_entry *entry;
    size_t at = 0;
    size_t n = 0;
    if (store->current.index != NULL && !link_is_ours(store)) {
        tell(fn, arg, CURRENT, false);
        n++;
    }
    while (bnc_store_index_next(store->current.index, &at, &entry)) {
        bool missing = false;
        if (!looks_intact(store, entry, &missing)) {
            tell(fn, arg, entry->name, missing);
            n++;
        }
    }
    return n;
}

const char *
bnc_store_path(const struct bnc_store *store, const char *name, struct bnc_arena *arena)
{
    if (bnc_store_index_get(store->next.index, name) != NULL) {
        return bnc_store_join(store, arena, store->next.folder, name);
    }
    if (bnc_store_index_get(store->current.index, name) != NULL) {
        return bnc_store_join(store, arena, store->current.folder, name);
    }
    return NULL;
}

void
bnc_store_hold(struct bnc_store *store, const char *id)
{
    (void)snprintf(store->kept, sizeof(store->kept), "%s", id);
}
