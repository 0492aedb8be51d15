#include <stdlib.h>
#include <string.h>

#include "tests/sim/world_internal.h"

#define WATCH_DELAY_US 2000 /* changes this close together are told once */

struct file {
    char *bytes;
    size_t n;
    unsigned mode;
    bool folder;
};

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

static bool
is_below(const char *path, const char *folder)
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
        if (is_below(path, w->path) && w->event.slot == 0) {
            bnc_sim_schedule(sim, &w->event,
                             WATCH_DELAY_US + (int64_t)bnc_sim_below(sim, 5000),
                             tell_watch, w, "folder changed");
        }
    }
}

static void
free_file(struct file *file)
{
    if (file != NULL) {
        free(file->bytes);
        free(file);
    }
}

static void
put_entry(struct bnc_sim *sim, const char *path, struct file *file)
{
    char *folder = bnc_strdup(path);
    for (char *slash = strrchr(folder, '/'); slash != NULL && slash != folder;
         slash = strrchr(folder, '/')) {
        *slash = '\0';
        if (bnc_map_get(sim->files, folder) != NULL) {
            break;
        }
        struct file *made = bnc_alloc(sizeof(*made));
        made->folder = true;
        (void)bnc_map_put(sim->files, folder, made);
    }
    free(folder);
    free_file(bnc_map_put(sim->files, path, file));
    tell_change(sim, path);
}

static void
put_bytes(struct bnc_sim *sim, const char *path, const char *bytes, size_t n,
          unsigned mode)
{
    struct file *file = bnc_alloc(sizeof(*file));
    file->bytes = bnc_alloc(n + 1);
    if (n > 0) {
        memcpy(file->bytes, bytes, n);
    }
    file->n = n;
    file->mode = mode;
    put_entry(sim, path, file);
}

static enum bnc_code
failure(struct bnc_sim *sim, const char *path, struct bnc_error *err)
{
    const enum bnc_code *code = bnc_map_get(sim->file_failures, path);
    return code == NULL ? BNC_OK : bnc_fail(err, *code, "%s: fails as told", path);
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

static const struct file *
find_file(struct bnc_sim *sim, const char *path)
{
    char *plain = plain_path(path);
    const struct file *file = bnc_map_get(sim->files, plain);
    free(plain);
    return file;
}

bool
bnc_sim_file_get(struct bnc_sim *sim, const char *path, struct bnc_bytes *out)
{
    const struct file *file = find_file(sim, path);
    if (file == NULL || file->folder) {
        return false;
    }
    *out = (struct bnc_bytes){file->bytes, file->n};
    return true;
}

unsigned
bnc_sim_file_mode(struct bnc_sim *sim, const char *path)
{
    const struct file *file = find_file(sim, path);
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
    struct file *folder = bnc_alloc(sizeof(*folder));
    folder->folder = true;
    put_entry(sim, plain, folder);
    free(plain);
}

void
bnc_sim_file_delete(struct bnc_sim *sim, const char *path)
{
    char *plain = plain_path(path);
    const char *key;
    void *value;
    size_t at = 0;
    tell_change(sim, plain);
    while (bnc_map_next(sim->files, &at, &key, &value)) {
        if (is_below(key, plain)) {
            free_file(bnc_map_take(sim->files, key));
        }
    }
    free(plain);
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
    if (failure(sim, path, err)) {
        return err->code;
    }
    const struct file *file = bnc_map_get(sim->files, path);
    if (file == NULL) {
        return bnc_fail(err, BNC_NOT_FOUND, "open %s: no such file", path);
    }
    if (file->folder) {
        return bnc_fail(err, BNC_INVALID, "read %s: it is a folder", path);
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
    char *plain = plain_path(path);
    enum bnc_code code = read_plain(bnc_sim_of(world), plain, max_bytes, arena, out, err);
    free(plain);
    return code;
}

enum bnc_code
bnc_sim_file_write(struct bnc_world *world, const char *path, struct bnc_bytes bytes,
                   unsigned mode, struct bnc_error *err)
{
    struct bnc_sim *sim = bnc_sim_of(world);
    char *plain = plain_path(path);
    enum bnc_code code = failure(sim, plain, err);
    const struct file *old = bnc_map_get(sim->files, plain);
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
    char *plain = plain_path(path);
    enum bnc_code code = failure(sim, plain, err);
    const struct file *old = bnc_map_get(sim->files, plain);
    if (code == BNC_OK && (old == NULL || old->folder)) {
        code = bnc_fail(err, old == NULL ? BNC_NOT_FOUND : BNC_INVALID, "remove %s: %s",
                        plain, old == NULL ? "no such file" : "it is a folder");
    }
    if (code == BNC_OK) {
        sim->file_writes++;
        bnc_sim_note(sim, "file removed", plain, 0);
        tell_change(sim, plain);
        free_file(bnc_map_take(sim->files, plain));
    }
    free(plain);
    return code;
}

enum bnc_file_type
bnc_sim_file_type(struct bnc_world *world, const char *path)
{
    const struct file *file = find_file(bnc_sim_of(world), path);
    if (file == NULL) {
        return BNC_FILE_NONE;
    }
    return file->folder ? BNC_FILE_FOLDER : BNC_FILE_REGULAR;
}

static enum bnc_code
list_plain(struct bnc_sim *sim, const char *path, size_t max_names,
           struct bnc_arena *arena, const char ***out, struct bnc_error *err)
{
    const struct file *folder = bnc_map_get(sim->files, path);
    if (failure(sim, path, err)) {
        return err->code;
    }
    if (folder == NULL || !folder->folder) {
        return bnc_fail(err, BNC_NOT_FOUND, "list %s: no such folder", path);
    }
    const char **keys = bnc_map_sorted_keys(sim->files);
    size_t total = bnc_map_count(sim->files);
    const char **names = bnc_arena_array(arena, total + 1, sizeof(*names));
    size_t prefix = strcmp(path, "/") == 0 ? 1 : strlen(path) + 1;
    size_t n = 0;
    for (size_t i = 0; i < total; i++) {
        if (is_below(keys[i], path) && strlen(keys[i]) > prefix &&
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
    char *plain = plain_path(path);
    enum bnc_code code = list_plain(bnc_sim_of(world), plain, max_names, arena, out, err);
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
    const struct file *folder = find_file(sim, path);
    if (folder == NULL || !folder->folder) {
        return bnc_fail(err, BNC_NOT_FOUND, "watch %s: no such folder", path);
    }
    struct bnc_dir_watch *watch = bnc_alloc(sizeof(*watch));
    bnc_sim_handle_open(sim, &watch->handle, "folder watch", watch_destroy);
    watch->path = plain_path(path);
    watch->handle.name = watch->path;
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
        free_file(value);
    }
    at = 0;
    while (bnc_map_next(sim->file_failures, &at, NULL, &value)) {
        free(value);
    }
    bnc_map_free(sim->files);
    bnc_map_free(sim->file_failures);
}
