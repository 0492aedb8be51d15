#include "sync/store_parts.h"

#include <string.h>

/*
 * Left-over names: a link in a generation to a file that it has not, for a reader that
 * still goes by an older one.
 */

#define MAX_FOUND                                                                        \
    ((size_t)4 * BNC_STORE_MAX_NAMES) /* names in a folder, on every level */

/* ---- what is in a folder --------------------------------------------------------- */

struct walk {
    const struct bnc_store *store;
    const char *folder;
    struct bnc_arena *arena;
    struct bnc_map *files;
    struct bnc_map *folders;
    struct bnc_error *err;
};

static enum bnc_code walk_below(struct walk *w, const char *below, int level);

/* What is neither file nor folder is not ours, and stays. */
static enum bnc_code
walk_entry(struct walk *w, const char *name, int level)
{
    struct bnc_file_info info;
    const char *path = bnc_store_join(w->store, w->arena, w->folder, name);
    if (bnc_map_count(w->files) + bnc_map_count(w->folders) >= MAX_FOUND) {
        return bnc_fail(w->err, BNC_TOO_BIG, "%s has over %zu names", w->folder,
                        MAX_FOUND);
    }
    if (bnc_file_stat(w->store->world, path, false, &info, w->err)) {
        return w->err->code;
    }
    if (info.type == BNC_FILE_REGULAR && strcmp(name, BNC_STORE_INDEX) != 0) {
        (void)bnc_map_put(w->files, name, w->files);
    }
    if (info.type == BNC_FILE_FOLDER) {
        (void)bnc_map_put(w->folders, name, w->folders);
        return walk_below(w, name, level + 1);
    }
    return BNC_OK;
}

static enum bnc_code
walk_below(struct walk *w, const char *below, int level)
{
    const char **names = NULL;
    const char *path = bnc_store_join(w->store, w->arena, w->folder, below);
    if (level > BNC_STORE_MAX_LEVELS) {
        return BNC_OK; /* no name of ours is that long */
    }
    if (bnc_dir_list(w->store->world, path, MAX_FOUND, w->arena, &names, w->err)) {
        return w->err->code;
    }
    for (size_t i = 0; names[i] != NULL; i++) {
        const char *name = below[0] == '\0'
                               ? names[i]
                               : bnc_arena_fmt(w->arena, "%s/%s", below, names[i]);
        if (walk_entry(w, name, level)) {
            return w->err->code;
        }
    }
    return BNC_OK;
}

enum bnc_code
bnc_store_walk(const struct bnc_store *store, const char *folder, struct bnc_arena *arena,
               struct bnc_map *files, struct bnc_map *folders, struct bnc_error *err)
{
    struct walk w = {store, folder, arena, files, folders, err};
    return walk_below(&w, "", 0);
}

/* ---- carrying over --------------------------------------------------------------- */

struct carry {
    struct bnc_store *store;
    const struct bnc_store_gen *to;
    const char *from; /* folder */
    struct bnc_map *folders;
    struct bnc_map *done; /* names that are there now */
    struct bnc_error *err;
};

/*
 * What cannot be left over: it is gone, its place is taken by another kind, or it was
 * made unreadable.  New content must not wait for that.
 */
static bool
is_no_matter(enum bnc_code code)
{
    return code == BNC_NOT_FOUND || code == BNC_CONFLICT || code == BNC_DENIED;
}

static enum bnc_code
carry_name(struct carry *c, const char *name)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    struct bnc_store *store = c->store;
    const char *from = bnc_store_join(store, arena, c->from, name);
    const char *to = bnc_store_join(store, arena, c->to->folder, name);
    struct bnc_error ignored = {0};
    bool copied = false;

    if (bnc_store_index_get(c->to->index, name) != NULL ||
        bnc_map_get(c->done, name) != NULL) {
        return BNC_OK;
    }
    enum bnc_code code =
        bnc_store_make_folders(store, c->to->folder, name, c->folders, c->err);
    if (code == BNC_OK) {
        code = bnc_store_link(store, from, to, &copied, c->err);
    }
    /* an older left-over; nobody reads this generation yet */
    if (code == BNC_CONFLICT && bnc_file_remove(store->world, to, &ignored) == BNC_OK) {
        code = bnc_store_link(store, from, to, &copied, c->err);
    }
    if (code == BNC_OK) {
        (void)bnc_map_put(c->done, name, c->done);
    }
    return is_no_matter(code) ? BNC_OK : code;
}

static enum bnc_code
carry_index(struct carry *c, const struct bnc_store_index *index)
{
    struct bnc_store_entry *entry;
    size_t at = 0;
    while (bnc_store_index_next(index, &at, &entry)) {
        if (carry_name(c, entry->name)) {
            return c->err->code;
        }
    }
    return BNC_OK;
}

/* Without an index: all that is there. */
static enum bnc_code
carry_folder(struct carry *c)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    BNC_AUTO(bnc_map) files = bnc_map_new();
    BNC_AUTO(bnc_map) folders = bnc_map_new();
    const char *name;
    void *value;
    size_t at = 0;
    enum bnc_code code = bnc_store_walk(c->store, c->from, arena, files, folders, c->err);
    if (code != BNC_OK) {
        return is_no_matter(code) ? BNC_OK : code;
    }
    while (bnc_map_next(files, &at, &name, &value)) {
        if (bnc_store_name_valid(name) && carry_name(c, name)) {
            return c->err->code;
        }
    }
    return BNC_OK;
}

static enum bnc_code
carry_proved(struct carry *c)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    BNC_AUTO(bnc_store_index) index = NULL;
    struct bnc_error none = {0};
    c->from = c->store->proved;
    const char *path = bnc_store_join(c->store, arena, c->from, BNC_STORE_INDEX);
    if (bnc_store_index_read(c->store->world, path, &index, &none)) {
        return carry_folder(c);
    }
    return carry_index(c, index);
}

enum bnc_code
bnc_store_carry(struct bnc_store *store, const struct bnc_store_gen *to,
                struct bnc_map *folders, struct bnc_error *err)
{
    BNC_AUTO(bnc_map) done = bnc_map_new();
    struct carry c = {store, to, store->current.folder, folders, done, err};
    enum bnc_code code = BNC_OK;

    if (store->current.folder[0] != '\0' &&
        strcmp(store->current.folder, to->folder) != 0) {
        code = store->current.index != NULL ? carry_index(&c, store->current.index)
                                            : carry_folder(&c);
    }
    if (code == BNC_OK && store->proved[0] != '\0' &&
        strcmp(store->proved, store->current.folder) != 0 &&
        strcmp(store->proved, to->folder) != 0) {
        code = carry_proved(&c);
    }
    if (code == BNC_OK) {
        *err = (struct bnc_error){0}; /* what did not matter */
    }
    return code;
}

/* ---- and removing ---------------------------------------------------------------- */

static enum bnc_code
drop_name(struct bnc_store *store, const char *name, bool folder, struct bnc_error *err)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    const char *path = bnc_store_join(store, arena, store->current.folder, name);
    if (bnc_store_index_get(store->current.index, name) != NULL ||
        bnc_store_index_has_below(store->current.index, name)) {
        return BNC_OK;
    }
    enum bnc_code code = folder ? bnc_dir_remove(store->world, path, MAX_FOUND, err)
                                : bnc_file_remove(store->world, path, err);
    return code == BNC_NOT_FOUND ? BNC_OK : code; /* gone with the folder above it */
}

/* As many as can be; the first failure stays in `first`. */
static void
drop_names(struct bnc_store *store, const struct bnc_map *names, bool folders,
           struct bnc_error *first)
{
    const char *name;
    void *value;
    size_t at = 0;
    while (bnc_map_next(names, &at, &name, &value)) {
        struct bnc_error err = {0};
        if (drop_name(store, name, folders, &err) && first->code == BNC_OK) {
            *first = err;
        }
    }
}

enum bnc_code
bnc_store_drop_left(struct bnc_store *store, struct bnc_error *err)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    BNC_AUTO(bnc_map) files = bnc_map_new();
    BNC_AUTO(bnc_map) folders = bnc_map_new();

    if (bnc_store_walk(store, store->current.folder, arena, files, folders, err)) {
        return err->code;
    }
    drop_names(store, files, false, err);
    drop_names(store, folders, true, err);
    return err->code;
}
