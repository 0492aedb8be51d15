#include "sync/store_parts.h"

#include <stdlib.h>
#include <string.h>

#define FOLDER_MODE 0755 /* what is private is so by the mode of its files */

struct bnc_store_file {
    LIST_ENTRY(bnc_store_file) all;
    struct bnc_store *store; /* NULL: its generation was given up */
    struct bnc_file *file;
    struct bnc_sha256 *sha256;
    char *name;
    unsigned mode;
    size_t size;
    bool failed;
};

enum bnc_code
bnc_store_make_folders(struct bnc_store *store, const char *folder, const char *name,
                       struct bnc_map *folders, struct bnc_error *err)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    char *path = bnc_arena_strdup(arena, bnc_store_join(store, arena, folder, name));
    size_t root = strlen(path) - strlen(name);

    for (char *slash = strchr(path + root, '/'); slash != NULL;
         slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        if (bnc_map_get(folders, path) == NULL) {
            if (bnc_dir_make(store->world, path, FOLDER_MODE, err)) {
                return err->code;
            }
            (void)bnc_map_put(folders, path, folders);
        }
        *slash = '/';
    }
    return BNC_OK;
}

struct copy {
    struct bnc_file *file;
    struct bnc_error *err;
};

static bool
copy_piece(void *arg, const char *bytes, size_t n)
{
    struct copy *copy = arg;
    return bnc_file_append(copy->file, (struct bnc_bytes){bytes, n}, copy->err) == BNC_OK;
}

static enum bnc_code
copy_file(struct bnc_world *world, const char *from, const char *to,
          struct bnc_error *err)
{
    struct bnc_file_info info;
    struct copy copy = {.err = err};
    *err = (struct bnc_error){0};
    if (bnc_file_stat(world, from, false, &info, err)) {
        return err->code;
    }
    if (info.type != BNC_FILE_REGULAR) {
        return bnc_fail(err, BNC_NOT_FOUND, "copy %s: it is no file", from);
    }
    if (bnc_file_create(world, to, info.mode, &copy.file, err)) {
        return err->code;
    }
    if (bnc_file_scan(world, from, BNC_STORE_MAX_FILE, copy_piece, &copy, err) ||
        err->code != BNC_OK) {
        bnc_file_abandon(copy.file);
        return err->code;
    }
    return bnc_file_close(copy.file, true, err);
}

enum bnc_code
bnc_store_link(struct bnc_store *store, const char *from, const char *to, bool *copied,
               struct bnc_error *err)
{
    enum bnc_code code = bnc_file_link(store->world, from, to, err);
    *copied = code == BNC_INVALID || code == BNC_DENIED;
    return *copied ? copy_file(store->world, from, to, err) : code;
}

/* ---- what the current generation has --------------------------------------------- */

static bool
add_to_digest(void *arg, const char *bytes, size_t n)
{
    bnc_sha256_add(arg, bytes, n);
    return true;
}

static bool
has_digest(struct bnc_world *world, const char *path, const struct bnc_store_entry *entry)
{
    char sha256[BNC_SHA256_HEX];
    struct bnc_error err = {0};
    BNC_AUTO(bnc_sha256) sha = bnc_sha256_new();
    if (bnc_file_scan(world, path, (size_t)entry->size, add_to_digest, sha, &err)) {
        return false;
    }
    bnc_sha256_final(sha, sha256);
    return strcmp(sha256, entry->sha256) == 0;
}

bool
bnc_store_intact(struct bnc_store *store, const char *folder,
                 struct bnc_store_entry *entry)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    const char *path = bnc_store_join(store, arena, folder, entry->name);
    struct bnc_file_info info;
    struct bnc_error err = {0};

    if (bnc_file_stat(store->world, path, false, &info, &err) ||
        info.type != BNC_FILE_REGULAR || info.size != entry->size ||
        info.mode != entry->mode) {
        return false;
    }
    if (entry->seen && entry->mtime_ns == info.mtime_ns && entry->inode == info.inode) {
        return true;
    }
    /* what was seen before reading: a change meanwhile is noticed next time */
    entry->mtime_ns = info.mtime_ns;
    entry->inode = info.inode;
    entry->seen = has_digest(store->world, path, entry);
    return entry->seen;
}

bool
bnc_store_holds(struct bnc_store *store, const char *name, const char *sha256_hex)
{
    struct bnc_store_entry *entry = bnc_store_index_get(store->current.index, name);
    return entry != NULL && strcmp(entry->sha256, sha256_hex) == 0 &&
           bnc_store_intact(store, store->current.folder, entry);
}

/* ---- what the new one gets ------------------------------------------------------- */

static enum bnc_code
check_new_name(const struct bnc_store *store, const char *name, struct bnc_error *err)
{
    if (store->next.index == NULL) {
        return bnc_fail(err, BNC_INVALID, "no generation has begun");
    }
    if (!bnc_store_name_valid(name)) {
        return bnc_fail(err, BNC_INVALID, "\"%.100s\" is no name for a file", name);
    }
    if (bnc_store_index_get(store->next.index, name) != NULL) {
        return bnc_fail(err, BNC_CONFLICT, "%s is there already", name);
    }
    if (bnc_map_count(store->next.index->by_name) == BNC_STORE_MAX_NAMES) {
        return bnc_fail(err, BNC_TOO_BIG, "over %d files", BNC_STORE_MAX_NAMES);
    }
    return BNC_OK;
}

enum bnc_code
bnc_store_keep(struct bnc_store *store, const char *name, struct bnc_error *err)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    struct bnc_store_entry *entry = bnc_store_index_get(store->current.index, name);
    if (check_new_name(store, name, err)) {
        return err->code;
    }
    if (entry == NULL) {
        return bnc_fail(err, BNC_NOT_FOUND, "there is no %s to keep", name);
    }
    if (!bnc_store_intact(store, store->current.folder, entry)) {
        return bnc_fail(err, BNC_CONFLICT, "%s is not as it was written", name);
    }
    const char *from = bnc_store_join(store, arena, store->current.folder, name);
    const char *to = bnc_store_join(store, arena, store->next.folder, name);
    bool copied = false;
    if (bnc_store_make_folders(store, store->next.folder, name, store->next_folders,
                               err) ||
        bnc_store_link(store, from, to, &copied, err)) {
        return err->code;
    }
    struct bnc_store_entry *added = bnc_store_index_add(store->next.index, entry);
    added->seen = !copied; /* else it is read when somebody asks */
    return BNC_OK;
}

enum bnc_code
bnc_store_file(struct bnc_store *store, const char *name, unsigned mode,
               struct bnc_store_file **out, struct bnc_error *err)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    struct bnc_file *disk = NULL;
    if (check_new_name(store, name, err) ||
        bnc_store_make_folders(store, store->next.folder, name, store->next_folders,
                               err) ||
        bnc_file_create(store->world,
                        bnc_store_join(store, arena, store->next.folder, name), mode,
                        &disk, err)) {
        return err->code;
    }
    struct bnc_store_file *file = bnc_alloc(sizeof(*file));
    file->store = store;
    file->file = disk;
    file->sha256 = bnc_sha256_new();
    file->name = bnc_strdup(name);
    file->mode = mode & 07777;
    LIST_INSERT_HEAD(&store->files, file, all);
    *out = file;
    return BNC_OK;
}

enum bnc_code
bnc_store_add(struct bnc_store_file *file, const char *bytes, size_t n,
              struct bnc_error *err)
{
    if (file->store == NULL) {
        return bnc_fail(err, BNC_INVALID, "the generation of %s was given up",
                        file->name);
    }
    if (n > BNC_STORE_MAX_FILE - file->size) {
        file->failed = true;
        return bnc_fail(err, BNC_TOO_BIG, "%s is over %zu bytes", file->name,
                        BNC_STORE_MAX_FILE);
    }
    if (bnc_file_append(file->file, (struct bnc_bytes){bytes, n}, err)) {
        file->failed = true;
        return err->code;
    }
    bnc_sha256_add(file->sha256, bytes, n);
    file->size += n;
    return BNC_OK;
}

void
bnc_store_drop(struct bnc_store_file *file)
{
    if (file == NULL) {
        return;
    }
    if (file->store != NULL) {
        LIST_REMOVE(file, all);
    }
    bnc_file_abandon(file->file);
    bnc_sha256_free(file->sha256);
    free(file->name);
    free(file);
}

/* It has its name; note what it is. */
static enum bnc_code
list_file(struct bnc_store_file *file, struct bnc_store_entry *entry,
          struct bnc_error *err)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    struct bnc_store *store = file->store;
    struct bnc_file_info info;
    const char *path = bnc_store_join(store, arena, store->next.folder, file->name);

    if (bnc_file_stat(store->world, path, false, &info, err)) {
        return err->code;
    }
    *entry = (struct bnc_store_entry){
        .name = file->name,
        .size = file->size,
        .mode = file->mode,
        .seen = true,
        .mtime_ns = info.mtime_ns,
        .inode = info.inode,
    };
    bnc_sha256_final(file->sha256, entry->sha256);
    (void)bnc_store_index_add(store->next.index, entry);
    return BNC_OK;
}

static enum bnc_code
end_file(struct bnc_store_file *file, struct bnc_store_entry *entry,
         struct bnc_error *err)
{
    if (file->store == NULL) {
        return bnc_fail(err, BNC_INVALID, "the generation of %s was given up",
                        file->name);
    }
    if (file->failed) {
        return bnc_fail(err, BNC_UNAVAILABLE, "%s: a part is missing", file->name);
    }
    /* it may have been added under this name while it was open */
    if (check_new_name(file->store, file->name, err)) {
        return err->code;
    }
    struct bnc_file *disk = file->file;
    file->file = NULL;
    if (bnc_file_close(disk, true, err)) {
        return err->code;
    }
    return list_file(file, entry, err);
}

enum bnc_code
bnc_store_end(struct bnc_store_file *file, char sha256_hex[BNC_SHA256_HEX], size_t *size,
              struct bnc_error *err)
{
    struct bnc_store_entry entry = {0};
    enum bnc_code code = end_file(file, &entry, err);
    if (code == BNC_OK && sha256_hex != NULL) {
        memcpy(sha256_hex, entry.sha256, BNC_SHA256_HEX);
    }
    if (code == BNC_OK && size != NULL) {
        *size = (size_t)entry.size;
    }
    bnc_store_drop(file);
    return code;
}

void
bnc_store_orphan_files(struct bnc_store *store)
{
    while (!LIST_EMPTY(&store->files)) {
        struct bnc_store_file *file = LIST_FIRST(&store->files);
        LIST_REMOVE(file, all);
        file->store = NULL;
        bnc_file_abandon(file->file);
        file->file = NULL;
    }
}
