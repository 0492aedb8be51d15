#include <stdlib.h>
#include <string.h>

#include "tests/sim/world_internal.h"

/* Files in pieces, links and folders as such, with the codes of the real world. */

#define PIECE 16384

struct bnc_file {
    struct bnc_sim_handle handle;
    struct bnc_str bytes;
    unsigned mode;
    bool failed;
    char *path; /* located */
};

static struct bnc_sim_file *
at(struct bnc_sim *sim, const char *path)
{
    return bnc_map_get(sim->files, path);
}

/* Whether a name can be put at this located path. */
static bool
has_folder(struct bnc_sim *sim, const char *path)
{
    const char *slash = strrchr(path, '/');
    if (slash == NULL || slash == path) {
        return true;
    }
    char *parent = bnc_strdup(path);
    parent[slash - path] = '\0';
    const struct bnc_sim_file *folder = at(sim, parent);
    free(parent);
    return folder != NULL && folder->folder;
}

/* Whether what is above is folders, or nothing yet. */
static bool
can_have_folder(struct bnc_sim *sim, const char *path)
{
    char *parent = bnc_strdup(path);
    bool ok = true;
    for (char *slash = strrchr(parent, '/'); ok && slash != NULL && slash != parent;
         slash = strrchr(parent, '/')) {
        *slash = '\0';
        const struct bnc_sim_file *folder = at(sim, parent);
        ok = folder == NULL || folder->folder;
    }
    free(parent);
    return ok;
}

static void
note(struct bnc_sim *sim, const char *what, const char *path, size_t n)
{
    sim->file_writes++;
    bnc_sim_note(sim, what, path, (int64_t)n);
}

/* ---- in pieces --------------------------------------------------------------------- */

enum bnc_code
bnc_sim_file_scan(struct bnc_world *world, const char *path, size_t max_bytes,
                  bnc_file_piece_fn fn, void *arg, struct bnc_error *err)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new(); /* `fn` may change the file */
    struct bnc_bytes all = {0};
    if (bnc_sim_file_read(world, path, max_bytes, arena, &all, err)) {
        return err->code;
    }
    bool more = true;
    while (more && all.len > 0) {
        size_t n = all.len < PIECE ? all.len : PIECE;
        more = fn(arg, all.ptr, n);
        all.ptr += n;
        all.len -= n;
    }
    return BNC_OK;
}

static void
destroy_file(struct bnc_sim_handle *handle)
{
    struct bnc_file *file = (struct bnc_file *)handle;
    free(file->path);
    bnc_str_free(&file->bytes);
    free(file);
}

enum bnc_code
bnc_sim_file_create(struct bnc_world *world, const char *path, unsigned mode,
                    struct bnc_file **out, struct bnc_error *err)
{
    struct bnc_sim *sim = bnc_sim_of(world);
    char *plain = bnc_sim_locate(sim, path, false, err);
    if (plain == NULL) {
        return err->code;
    }
    if (!can_have_folder(sim, plain)) {
        free(plain);
        return bnc_fail(err, BNC_NOT_FOUND, "make folder for %s: not a folder", path);
    }
    struct bnc_file *file = bnc_alloc(sizeof(*file));
    bnc_sim_handle_open(sim, &file->handle, "file", destroy_file);
    file->bytes = bnc_str_new(NULL, SIZE_MAX);
    file->mode = mode;
    file->path = plain;
    file->handle.name = plain;
    *out = file;
    return BNC_OK;
}

enum bnc_code
bnc_sim_file_append(struct bnc_file *file, struct bnc_bytes bytes, struct bnc_error *err)
{
    bnc_sim_handle_check(file, "bnc_file_append");
    struct bnc_sim *sim = bnc_sim_of_handle(file);
    if (bnc_sim_take_room(sim, file->path, bytes.len, err)) {
        file->failed = true;
        return err->code;
    }
    bnc_str_add(&file->bytes, bytes.ptr, bytes.len);
    return BNC_OK;
}

enum bnc_code
bnc_sim_file_close(struct bnc_file *file, bool sync, struct bnc_error *err)
{
    BNC_UNUSED(sync);
    bnc_sim_handle_check(file, "bnc_file_close");
    struct bnc_sim *sim = bnc_sim_of_handle(file);
    struct bnc_bytes bytes = {file->bytes.ptr == NULL ? "" : file->bytes.ptr,
                              file->bytes.len};
    size_t room = sim->file_room;
    sim->file_room = SIZE_MAX; /* they are on the disk already */
    enum bnc_code code =
        file->failed
            ? bnc_fail(err, BNC_UNAVAILABLE, "write %s: a part is missing", file->path)
            : bnc_sim_file_write(&sim->base, file->path, bytes, file->mode, err);
    sim->file_room = room;
    bnc_sim_handle_bury(sim, &file->handle);
    return code;
}

void
bnc_sim_file_abandon(struct bnc_file *file)
{
    bnc_sim_handle_check(file, "bnc_file_abandon");
    bnc_sim_handle_bury(bnc_sim_of_handle(file), &file->handle);
}

/* ---- names ------------------------------------------------------------------------- */

static enum bnc_code
link_plain(struct bnc_sim *sim, const char *from, const char *to, struct bnc_error *err)
{
    struct bnc_sim_file *file = at(sim, from);
    if (file == NULL || !has_folder(sim, to)) {
        return bnc_fail(err, BNC_NOT_FOUND, "link %s to %s: no such file", from, to);
    }
    if (at(sim, to) != NULL) {
        return bnc_fail(err, BNC_CONFLICT, "link %s to %s: file exists", from, to);
    }
    if (file->folder) {
        return bnc_fail(err, BNC_DENIED, "link %s to %s: it is a folder", from, to);
    }
    note(sim, "file linked", to, 0);
    file->links++;
    bnc_sim_file_set(sim, to, file);
    return BNC_OK;
}

static bool
is_empty_folder(struct bnc_sim *sim, const char *folder)
{
    const char *key;
    void *value;
    size_t i = 0;
    while (bnc_map_next(sim->files, &i, &key, &value)) {
        if (strcmp(key, folder) != 0 && bnc_sim_is_below(key, folder)) {
            return false;
        }
    }
    return true;
}

/* Every path of the folder (or the one file) gets its new name. */
static void
move(struct bnc_sim *sim, const char *from, const char *to)
{
    BNC_AUTO(bnc_map) moved = bnc_map_new();
    const char *key;
    void *value;
    size_t i = 0;
    while (bnc_map_next(sim->files, &i, &key, &value)) {
        if (bnc_sim_is_below(key, from)) {
            struct bnc_str text = bnc_str_new(NULL, SIZE_MAX);
            bnc_str_puts(&text, to);
            bnc_str_puts(&text, key + strlen(from));
            ((struct bnc_sim_file *)value)->links++;
            (void)bnc_map_put(moved, text.ptr, value);
            bnc_str_free(&text);
        }
    }
    bnc_sim_file_drop(sim, from);
    for (i = 0; bnc_map_next(moved, &i, &key, &value);) {
        bnc_sim_file_set(sim, key, value);
    }
}

static enum bnc_code
rename_plain(struct bnc_sim *sim, const char *from, const char *to, struct bnc_error *err)
{
    const struct bnc_sim_file *file = at(sim, from);
    const struct bnc_sim_file *old = at(sim, to);
    if (file == NULL || !has_folder(sim, to)) {
        return bnc_fail(err, BNC_NOT_FOUND, "rename %s to %s: no such file", from, to);
    }
    if (old != NULL && old->folder && !file->folder) {
        return bnc_fail(err, BNC_INVALID, "rename %s to %s: it is a folder", from, to);
    }
    if (old != NULL && !old->folder && file->folder) {
        return bnc_fail(err, BNC_NOT_FOUND, "rename %s to %s: not a folder", from, to);
    }
    if (old != NULL && old->folder && !is_empty_folder(sim, to)) {
        return bnc_fail(err, BNC_CONFLICT, "rename %s to %s: not empty", from, to);
    }
    note(sim, "file renamed", to, 0);
    if (file != old) { /* two names of one file: nothing happens */
        move(sim, from, to);
    }
    return BNC_OK;
}

static enum bnc_code
with_two(struct bnc_world *world, const char *from, const char *to, struct bnc_error *err,
         enum bnc_code (*fn)(struct bnc_sim *, const char *, const char *,
                             struct bnc_error *))
{
    struct bnc_sim *sim = bnc_sim_of(world);
    char *a = bnc_sim_locate(sim, from, false, err);
    char *b = a == NULL ? NULL : bnc_sim_locate(sim, to, false, err);
    enum bnc_code code = b == NULL ? err->code : fn(sim, a, b, err);
    free(a);
    free(b);
    return code;
}

enum bnc_code
bnc_sim_file_link(struct bnc_world *world, const char *from, const char *to,
                  struct bnc_error *err)
{
    return with_two(world, from, to, err, link_plain);
}

enum bnc_code
bnc_sim_file_rename(struct bnc_world *world, const char *from, const char *to,
                    struct bnc_error *err)
{
    return with_two(world, from, to, err, rename_plain);
}

enum bnc_code
bnc_sim_file_stat(struct bnc_world *world, const char *path, bool follow,
                  struct bnc_file_info *out, struct bnc_error *err)
{
    struct bnc_sim *sim = bnc_sim_of(world);
    char *plain = bnc_sim_locate(sim, path, follow, err);
    if (plain == NULL) {
        return err->code;
    }
    const struct bnc_sim_file *file = at(sim, plain);
    free(plain);
    if (file == NULL) {
        return bnc_fail(err, BNC_NOT_FOUND, "look at %s: no such file", path);
    }
    *out = (struct bnc_file_info){
        .type = file->target != NULL ? BNC_FILE_OTHER
                : file->folder       ? BNC_FILE_FOLDER
                                     : BNC_FILE_REGULAR,
        .link = file->target != NULL,
        .size = file->target != NULL ? strlen(file->target) : file->n,
        .mtime_ns = file->mtime_ns,
        .inode = file->inode,
        .links = file->links,
        .mode = file->mode,
    };
    return BNC_OK;
}

/* ---- symbolic links ---------------------------------------------------------------- */

static enum bnc_code
put_symlink(struct bnc_sim *sim, const char *target, const char *path,
            struct bnc_error *err)
{
    const struct bnc_sim_file *old = at(sim, path);
    if (!has_folder(sim, path)) {
        return bnc_fail(err, BNC_NOT_FOUND, "make a link for %s: no such folder", path);
    }
    if (old != NULL && old->folder) {
        return bnc_fail(err, BNC_INVALID, "make %s a link: it is a folder", path);
    }
    struct bnc_sim_file *link = bnc_sim_file_new(sim);
    link->target = bnc_strdup(target);
    link->mode = 0777;
    sim->has_symlinks = true;
    note(sim, "link put", path, strlen(target));
    bnc_sim_file_set(sim, path, link);
    return BNC_OK;
}

enum bnc_code
bnc_sim_symlink_put(struct bnc_world *world, const char *target, const char *path,
                    struct bnc_error *err)
{
    struct bnc_sim *sim = bnc_sim_of(world);
    char *plain = bnc_sim_locate(sim, path, false, err);
    enum bnc_code code = plain == NULL ? err->code : put_symlink(sim, target, plain, err);
    free(plain);
    return code;
}

enum bnc_code
bnc_sim_symlink_get(struct bnc_world *world, const char *path, struct bnc_arena *arena,
                    const char **out, struct bnc_error *err)
{
    struct bnc_sim *sim = bnc_sim_of(world);
    char *plain = bnc_sim_locate(sim, path, false, err);
    if (plain == NULL) {
        return err->code;
    }
    const struct bnc_sim_file *file = at(sim, plain);
    free(plain);
    if (file == NULL || file->target == NULL) {
        return bnc_fail(err, file == NULL ? BNC_NOT_FOUND : BNC_INVALID,
                        "read the link %s: not there, or none", path);
    }
    *out = bnc_arena_strdup(arena, file->target);
    return BNC_OK;
}

/* ---- folders ----------------------------------------------------------------------- */

static enum bnc_code
make_dir(struct bnc_sim *sim, const char *path, unsigned mode, struct bnc_error *err)
{
    const struct bnc_sim_file *old = at(sim, path);
    if (!can_have_folder(sim, path)) {
        return bnc_fail(err, BNC_NOT_FOUND, "make folder %s: not a folder", path);
    }
    if (old != NULL && !old->folder) {
        return bnc_fail(err, BNC_CONFLICT, "make folder %s: file exists", path);
    }
    if (old == NULL) {
        struct bnc_sim_file *folder = bnc_sim_file_new(sim);
        folder->folder = true;
        folder->mode = mode;
        note(sim, "folder made", path, 0);
        bnc_sim_file_set(sim, path, folder);
    }
    return BNC_OK;
}

enum bnc_code
bnc_sim_dir_make(struct bnc_world *world, const char *path, unsigned mode,
                 struct bnc_error *err)
{
    struct bnc_sim *sim = bnc_sim_of(world);
    char *plain = bnc_sim_locate(sim, path, true, err);
    enum bnc_code code = plain == NULL ? err->code : make_dir(sim, plain, mode, err);
    free(plain);
    return code;
}

enum bnc_code
bnc_sim_dir_sync(struct bnc_world *world, const char *path, struct bnc_error *err)
{
    struct bnc_file_info info = {0};
    if (bnc_sim_file_stat(world, path, true, &info, err)) {
        return err->code;
    }
    return info.type == BNC_FILE_FOLDER
               ? BNC_OK
               : bnc_fail(err, BNC_NOT_FOUND, "sync %s: not a folder", path);
}

static enum bnc_code
remove_dir(struct bnc_sim *sim, const char *folder, size_t max_names,
           struct bnc_error *err)
{
    const struct bnc_sim_file *file = at(sim, folder);
    if (file == NULL || !file->folder) {
        return bnc_fail(err, file == NULL ? BNC_NOT_FOUND : BNC_INVALID,
                        "remove %s: not there, or no folder", folder);
    }
    const char *key;
    void *value;
    size_t i = 0;
    size_t n = 0;
    while (bnc_map_next(sim->files, &i, &key, &value)) {
        n += strcmp(key, folder) != 0 && bnc_sim_is_below(key, folder);
    }
    if (n > max_names) {
        return bnc_fail(err, BNC_TOO_BIG, "%s: too many names to remove", folder);
    }
    note(sim, "folder removed", folder, n);
    bnc_sim_file_drop(sim, folder);
    return BNC_OK;
}

enum bnc_code
bnc_sim_dir_remove(struct bnc_world *world, const char *path, size_t max_names,
                   struct bnc_error *err)
{
    struct bnc_sim *sim = bnc_sim_of(world);
    char *plain = bnc_sim_locate(sim, path, false, err);
    enum bnc_code code =
        plain == NULL ? err->code : remove_dir(sim, plain, max_names, err);
    free(plain);
    return code;
}
