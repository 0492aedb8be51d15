#include <stdlib.h>
#include <string.h>

#include "tests/sim/world_internal.h"

#define WATCH_DELAY_US 2000 /* changes this close together are told once */
#define MAX_LINKS      16   /* symbolic links on the way to a file */

struct bnc_dir_watch {
    struct bnc_sim_handle handle;
    struct bnc_sim_event event;
    struct bnc_dir_watch *next;
    char *path;
    bnc_fn fn;
    void *arg;
};

/* ---- the tree -------------------------------------------------------------------- */

/* "a/b/", "./a/b" and "a/b" are one. */
static char *
plain_path(const char *path)
{
    while (bnc_str_starts(path, "./")) {
        path += 2;
    }
    char *copy = bnc_strdup(path);
    for (size_t n = strlen(copy); n > 1 && copy[n - 1] == '/'; n--) {
        copy[n - 1] = '\0';
    }
    return copy;
}

bool
bnc_sim_is_below(const char *path, const char *folder)
{
    size_t n = strlen(folder);
    if (strcmp(folder, "/") == 0) {
        return path[0] == '/';
    }
    return strncmp(path, folder, n) == 0 && (path[n] == '/' || path[n] == '\0');
}

static void
tell_watch(void *arg)
{
    struct bnc_dir_watch *watch = arg;
    watch->fn(watch->arg);
}

static void
tell_change(struct bnc_sim *sim, const char *path)
{
    for (struct bnc_dir_watch *w = sim->dir_watches; w != NULL; w = w->next) {
        if (bnc_sim_is_below(path, w->path) && w->event.slot == 0) {
            bnc_sim_schedule(sim, &w->event,
                             WATCH_DELAY_US + (int64_t)bnc_sim_below(sim, 5000),
                             tell_watch, w, "folder changed");
        }
    }
}

struct bnc_sim_file *
bnc_sim_file_new(struct bnc_sim *sim)
{
    struct bnc_sim_file *file = bnc_alloc(sizeof(*file));
    file->inode = ++sim->inodes;
    file->mtime_ns = bnc_world_wall_ms(&sim->base) * 1000000;
    file->links = 1;
    return file;
}

void
bnc_sim_file_unlink(struct bnc_sim_file *file)
{
    if (file != NULL && --file->links == 0) {
        free(file->bytes);
        free(file->target);
        free(file);
    }
}

void
bnc_sim_file_set(struct bnc_sim *sim, const char *path, struct bnc_sim_file *file)
{
    char *folder = bnc_strdup(path);
    for (char *slash = strrchr(folder, '/'); slash != NULL && slash != folder;
         slash = strrchr(folder, '/')) {
        *slash = '\0';
        if (bnc_map_get(sim->files, folder) != NULL) {
            break;
        }
        struct bnc_sim_file *made = bnc_sim_file_new(sim);
        made->folder = true;
        (void)bnc_map_put(sim->files, folder, made);
    }
    free(folder);
    bnc_sim_file_unlink(bnc_map_put(sim->files, path, file));
    tell_change(sim, path);
}

void
bnc_sim_file_drop(struct bnc_sim *sim, const char *folder)
{
    const char *key;
    void *value;
    size_t at = 0;
    tell_change(sim, folder);
    while (bnc_map_next(sim->files, &at, &key, &value)) {
        if (bnc_sim_is_below(key, folder)) {
            bnc_sim_file_unlink(bnc_map_take(sim->files, key));
        }
    }
}

static void
put_bytes(struct bnc_sim *sim, const char *path, const char *bytes, size_t n,
          unsigned mode)
{
    struct bnc_sim_file *file = bnc_sim_file_new(sim);
    file->bytes = bnc_alloc(n + 1);
    if (n > 0) {
        memcpy(file->bytes, bytes, n);
    }
    file->n = n;
    file->mode = mode;
    bnc_sim_file_set(sim, path, file);
}

/* The length of the first part of `path` that is a symbolic link; 0: there is none. */
static size_t
find_link(struct bnc_sim *sim, const char *path, bool follow, const char **target)
{
    size_t found = 0;
    char *part = bnc_strdup(path);
    size_t n = strlen(part);
    for (size_t i = 1; i <= n && found == 0; i++) {
        if (path[i] == '/' || (path[i] == '\0' && follow)) {
            part[i] = '\0';
            const struct bnc_sim_file *file = bnc_map_get(sim->files, part);
            part[i] = path[i];
            if (file != NULL && file->target != NULL) {
                found = i;
                *target = file->target;
            }
        }
    }
    free(part);
    return found;
}

/* Takes `path`, gives another one; a loop of links ends at its last step. */
static char *
resolve(struct bnc_sim *sim, char *path, bool follow)
{
    const char *target = NULL;
    size_t n;
    for (int i = 0; i < MAX_LINKS && (n = find_link(sim, path, follow, &target)) > 0;
         i++) {
        size_t folder = n;
        while (folder > 0 && path[folder - 1] != '/') {
            folder--;
        }
        struct bnc_str text = bnc_str_new(NULL, SIZE_MAX);
        bnc_str_add(&text, path, target[0] == '/' ? 0 : folder);
        bnc_str_puts(&text, target);
        bnc_str_puts(&text, path + n);
        free(path);
        path = text.ptr;
    }
    return path;
}

static enum bnc_code
failure(struct bnc_sim *sim, const char *path, struct bnc_error *err)
{
    const enum bnc_code *code = bnc_map_get(sim->file_failures, path);
    return code == NULL ? BNC_OK : bnc_fail(err, *code, "%s: fails as told", path);
}

char *
bnc_sim_locate(struct bnc_sim *sim, const char *path, bool follow, struct bnc_error *err)
{
    char *plain = plain_path(path);
    bool fails = failure(sim, plain, err) != BNC_OK;
    if (!fails && sim->has_symlinks) {
        plain = resolve(sim, plain, follow);
        fails = failure(sim, plain, err) != BNC_OK;
    }
    if (fails) {
        free(plain);
        return NULL;
    }
    return plain;
}

enum bnc_code
bnc_sim_take_room(struct bnc_sim *sim, const char *path, size_t n, struct bnc_error *err)
{
    if (sim->file_room == SIZE_MAX) {
        return BNC_OK;
    }
    if (n > sim->file_room) {
        sim->file_room = 0;
        return bnc_fail(err, BNC_UNAVAILABLE, "write %s: no space left", path);
    }
    sim->file_room -= n;
    return BNC_OK;
}

/* ---- tests ------------------------------------------------------------------------- */

void
bnc_sim_file_put(struct bnc_sim *sim, const char *path, const char *bytes, size_t n)
{
    char *plain = plain_path(path);
    put_bytes(sim, plain, bytes, n, 0);
    free(plain);
}

void
bnc_sim_file_text(struct bnc_sim *sim, const char *path, const char *text)
{
    bnc_sim_file_put(sim, path, text, strlen(text));
}

static const struct bnc_sim_file *
find_file(struct bnc_sim *sim, const char *path)
{
    char *plain = resolve(sim, plain_path(path), true);
    const struct bnc_sim_file *file = bnc_map_get(sim->files, plain);
    free(plain);
    return file;
}

bool
bnc_sim_file_get(struct bnc_sim *sim, const char *path, struct bnc_bytes *out)
{
    const struct bnc_sim_file *file = find_file(sim, path);
    if (file == NULL || file->folder || file->target != NULL) {
        return false;
    }
    *out = (struct bnc_bytes){file->bytes, file->n};
    return true;
}

unsigned
bnc_sim_file_mode(struct bnc_sim *sim, const char *path)
{
    const struct bnc_sim_file *file = find_file(sim, path);
    return file == NULL ? 0 : file->mode;
}

uint64_t
bnc_sim_file_writes(const struct bnc_sim *sim)
{
    return sim->file_writes;
}

void
bnc_sim_folder_put(struct bnc_sim *sim, const char *path)
{
    char *plain = plain_path(path);
    struct bnc_sim_file *folder = bnc_sim_file_new(sim);
    folder->folder = true;
    bnc_sim_file_set(sim, plain, folder);
    free(plain);
}

void
bnc_sim_file_delete(struct bnc_sim *sim, const char *path)
{
    char *plain = plain_path(path);
    bnc_sim_file_drop(sim, plain);
    free(plain);
}

void
bnc_sim_file_room(struct bnc_sim *sim, size_t bytes)
{
    sim->file_room = bytes;
}

void
bnc_sim_file_fail(struct bnc_sim *sim, const char *path, enum bnc_code code)
{
    char *plain = plain_path(path);
    free(bnc_map_take(sim->file_failures, plain));
    if (code != BNC_OK) {
        enum bnc_code *kept = bnc_alloc(sizeof(*kept));
        *kept = code;
        (void)bnc_map_put(sim->file_failures, plain, kept);
    }
    free(plain);
}

/* ---- the product ---------------------------------------------------------------------
 */

static enum bnc_code
read_plain(struct bnc_sim *sim, const char *path, size_t max_bytes,
           struct bnc_arena *arena, struct bnc_bytes *out, struct bnc_error *err)
{
    const struct bnc_sim_file *file = bnc_map_get(sim->files, path);
    if (file == NULL) {
        return bnc_fail(err, BNC_NOT_FOUND, "open %s: no such file", path);
    }
    if (file->folder || file->target != NULL) {
        return bnc_fail(err, BNC_INVALID, "read %s: a folder, or a loop of links", path);
    }
    if (file->n > max_bytes) {
        return bnc_fail(err, BNC_TOO_BIG, "%s is over %zu bytes", path, max_bytes);
    }
    char *copy = bnc_arena_alloc(arena, file->n + 1);
    memcpy(copy, file->bytes, file->n);
    *out = (struct bnc_bytes){copy, file->n};
    return BNC_OK;
}

enum bnc_code
bnc_sim_file_read(struct bnc_world *world, const char *path, size_t max_bytes,
                  struct bnc_arena *arena, struct bnc_bytes *out, struct bnc_error *err)
{
    struct bnc_sim *sim = bnc_sim_of(world);
    char *plain = bnc_sim_locate(sim, path, true, err);
    if (plain == NULL) {
        return err->code;
    }
    enum bnc_code code = bnc_sim_operation(sim, plain)
                             ? bnc_fail(err, BNC_INTERNAL, "read %s: I/O error", plain)
                             : read_plain(sim, plain, max_bytes, arena, out, err);
    free(plain);
    return code;
}

enum bnc_code
bnc_sim_file_write(struct bnc_world *world, const char *path, struct bnc_bytes bytes,
                   unsigned mode, struct bnc_error *err)
{
    struct bnc_sim *sim = bnc_sim_of(world);
    char *plain = bnc_sim_locate(sim, path, false, err);
    if (plain == NULL) {
        return err->code;
    }
    enum bnc_code code = bnc_sim_take_room(sim, plain, bytes.len, err);
    const struct bnc_sim_file *old = bnc_map_get(sim->files, plain);
    if (code == BNC_OK && old != NULL && old->folder) {
        code = bnc_fail(err, BNC_INVALID, "write %s: it is a folder", plain);
    }
    if (code == BNC_OK) {
        sim->file_writes++;
        bnc_sim_note(sim, "file written", plain, (int64_t)bytes.len);
        put_bytes(sim, plain, bytes.ptr, bytes.len, mode);
    }
    free(plain);
    return code;
}

enum bnc_code
bnc_sim_file_remove(struct bnc_world *world, const char *path, struct bnc_error *err)
{
    struct bnc_sim *sim = bnc_sim_of(world);
    char *plain = bnc_sim_locate(sim, path, false, err);
    if (plain == NULL) {
        return err->code;
    }
    enum bnc_code code = BNC_OK;
    const struct bnc_sim_file *old = bnc_map_get(sim->files, plain);
    if (old == NULL || old->folder) {
        code = bnc_fail(err, old == NULL ? BNC_NOT_FOUND : BNC_INVALID, "remove %s: %s",
                        plain, old == NULL ? "no such file" : "it is a folder");
    }
    if (code == BNC_OK) {
        sim->file_writes++;
        bnc_sim_note(sim, "file removed", plain, 0);
        bnc_sim_file_drop(sim, plain);
    }
    free(plain);
    return code;
}

enum bnc_file_type
bnc_sim_file_type(struct bnc_world *world, const char *path)
{
    const struct bnc_sim_file *file = find_file(bnc_sim_of(world), path);
    if (file == NULL) {
        return BNC_FILE_NONE;
    }
    return file->folder ? BNC_FILE_FOLDER : BNC_FILE_REGULAR;
}

static enum bnc_code
list_plain(struct bnc_sim *sim, const char *path, size_t max_names,
           struct bnc_arena *arena, const char ***out, struct bnc_error *err)
{
    const struct bnc_sim_file *folder = bnc_map_get(sim->files, path);
    if (folder == NULL || !folder->folder) {
        return bnc_fail(err, BNC_NOT_FOUND, "list %s: no such folder", path);
    }
    const char **keys = bnc_map_sorted_keys(sim->files);
    size_t total = bnc_map_count(sim->files);
    const char **names = bnc_arena_array(arena, total + 1, sizeof(*names));
    size_t prefix = strcmp(path, "/") == 0 ? 1 : strlen(path) + 1;
    size_t n = 0;
    for (size_t i = 0; i < total; i++) {
        if (bnc_sim_is_below(keys[i], path) && strlen(keys[i]) > prefix &&
            strchr(keys[i] + prefix, '/') == NULL) {
            names[n++] = bnc_arena_strdup(arena, keys[i] + prefix);
        }
    }
    free(keys);
    if (n > max_names) {
        return bnc_fail(err, BNC_TOO_BIG, "%s has over %zu names", path, max_names);
    }
    *out = names;
    return BNC_OK;
}

enum bnc_code
bnc_sim_dir_list(struct bnc_world *world, const char *path, size_t max_names,
                 struct bnc_arena *arena, const char ***out, struct bnc_error *err)
{
    struct bnc_sim *sim = bnc_sim_of(world);
    char *plain = bnc_sim_locate(sim, path, true, err);
    if (plain == NULL) {
        return err->code;
    }
    enum bnc_code code = list_plain(sim, plain, max_names, arena, out, err);
    free(plain);
    return code;
}

/* ---- watches of folders
 * ----------------------------------------------------------------- */

static void
watch_destroy(struct bnc_sim_handle *handle)
{
    free(((struct bnc_dir_watch *)handle)->path);
    free(handle);
}

enum bnc_code
bnc_sim_dir_watch_new(struct bnc_world *world, const char *path, bnc_fn fn, void *arg,
                      struct bnc_dir_watch **out, struct bnc_error *err)
{
    struct bnc_sim *sim = bnc_sim_of(world);
    const struct bnc_sim_file *folder = find_file(sim, path);
    if (folder == NULL || !folder->folder || bnc_sim_operation(sim, path)) {
        return bnc_fail(err, BNC_NOT_FOUND, "watch %s: no such folder", path);
    }
    struct bnc_dir_watch *watch = bnc_alloc(sizeof(*watch));
    bnc_sim_handle_open(sim, &watch->handle, "folder watch", watch_destroy);
    watch->path = plain_path(path);
    watch->handle.name = watch->path;
    watch->event.process = watch->handle.process;
    watch->fn = fn;
    watch->arg = arg;
    watch->next = sim->dir_watches;
    sim->dir_watches = watch;
    *out = watch;
    return BNC_OK;
}

void
bnc_sim_dir_watch_free(struct bnc_dir_watch *watch)
{
    if (watch == NULL) {
        return;
    }
    bnc_sim_handle_check(watch, "bnc_dir_watch_free");
    struct bnc_sim *sim = bnc_sim_of_handle(watch);
    struct bnc_dir_watch **link = &sim->dir_watches;
    while (*link != watch) {
        link = &(*link)->next;
    }
    *link = watch->next;
    bnc_sim_unschedule(sim, &watch->event);
    bnc_sim_handle_bury(sim, &watch->handle);
}

void
bnc_sim_files_free(struct bnc_sim *sim)
{
    void *value;
    size_t at = 0;
    while (bnc_map_next(sim->files, &at, NULL, &value)) {
        bnc_sim_file_unlink(value);
    }
    at = 0;
    while (bnc_map_next(sim->file_failures, &at, NULL, &value)) {
        free(value);
    }
    bnc_map_free(sim->files);
    bnc_map_free(sim->file_failures);
}
