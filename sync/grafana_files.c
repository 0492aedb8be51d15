#include "sync/grafana_files.h"

#include <stdlib.h>
#include <string.h>

#define MODE_PLAIN   0644
#define MODE_SECRET  0600
#define MODE_FOLDER  0755
#define LEVELS_MAX   8
#define PROVIDER_MAX ((size_t)16 * 1024)

struct bnc_gsync_files {
    struct bnc_world *world;
    struct bnc_arena *arena;
    const char *out;
    const char *id;   /* "NS.NAME": no namespace has a dot */
    const char *head; /* the first line of a YAML file of ours */
};

/* ---- names --------------------------------------------------------------------- */

struct bnc_gsync_files *
bnc_gsync_files_new(struct bnc_world *world, const char *out, const char *ns,
                    const char *observatory)
{
    struct bnc_gsync_files *files = bnc_alloc(sizeof(*files));
    files->world = world;
    files->arena = bnc_arena_new();
    files->out = bnc_arena_strdup(files->arena, out);
    files->id = bnc_arena_fmt(files->arena, "%s.%s", ns, observatory);
    files->head = bnc_arena_fmt(
        files->arena, "# of binnacle sync, for Observatory %s/%s: do not edit\n", ns,
        observatory);
    return files;
}

void
bnc_gsync_files_free(struct bnc_gsync_files *files)
{
    if (files != NULL) {
        bnc_arena_free(files->arena);
        free(files);
    }
}

const char *
bnc_gsync_files_path(const struct bnc_gsync_files *files, const char *name,
                     struct bnc_arena *arena)
{
    return bnc_arena_fmt(arena, "%s/%s", files->out, name);
}

const char *
bnc_gsync_files_board(const struct bnc_gsync_files *files, const char *path,
                      struct bnc_arena *arena)
{
    return bnc_arena_fmt(arena, "dashboards/binnacle-%s/%s", files->id, path);
}

static const char *
proved_name(const struct bnc_gsync_files *files, struct bnc_arena *arena)
{
    return bnc_arena_fmt(arena, "%s/.binnacle-%s/proved.yaml", files->out, files->id);
}

/* ---- YAML files that begin with our line --------------------------------------- */

/* All of a file; false when it is not there or cannot be read. */
static bool
read_file(const struct bnc_gsync_files *files, const char *path, struct bnc_arena *arena,
          struct bnc_bytes *out)
{
    struct bnc_error ignored = {0};
    return bnc_file_read(files->world, path, BNC_GSYNC_FILE_MAX, arena, out, &ignored) ==
           BNC_OK;
}

/* Whether a file is ours; `out` is what follows our line. */
static bool
read_ours(const struct bnc_gsync_files *files, const char *path, struct bnc_arena *arena,
          struct bnc_bytes *out)
{
    size_t n = strlen(files->head);
    struct bnc_bytes all = {0};
    *out = (struct bnc_bytes){"", 0};
    if (!read_file(files, path, arena, &all) || all.len < n ||
        memcmp(all.ptr, files->head, n) != 0) {
        return false;
    }
    *out = (struct bnc_bytes){all.ptr + n, all.len - n};
    return true;
}

static enum bnc_code
write_ours(struct bnc_gsync_files *files, const char *path, struct bnc_bytes text,
           unsigned mode, struct bnc_error *err)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    struct bnc_bytes old = {0};
    struct bnc_str all = bnc_str_new(NULL, BNC_GSYNC_FILE_MAX);
    if (bnc_file_type(files->world, path) != BNC_FILE_NONE &&
        !read_ours(files, path, arena, &old)) {
        return bnc_fail(err, BNC_CONFLICT,
                        "%s is of somebody else: it does not begin with our line", path);
    }
    bnc_str_reserve(&all, strlen(files->head) + text.len + 1);
    bnc_str_puts(&all, files->head);
    bnc_str_add(&all, text.ptr, text.len);
    enum bnc_code code = bnc_str_check(&all, "the provisioning file", err);
    if (code == BNC_OK) {
        code = bnc_file_write(files->world, path, (struct bnc_bytes){all.ptr, all.len},
                              mode, err);
    }
    if (all.ptr != NULL) {
        explicit_bzero(all.ptr, all.room);
    }
    bnc_str_free(&all);
    return code;
}

/* ---- start --------------------------------------------------------------------- */

/* Single quotes: nothing in it means anything else. */
static void
put_quoted(struct bnc_str *out, const char *text)
{
    bnc_str_putc(out, '\'');
    for (; *text != '\0'; text++) {
        /* Grafana expands variables in every value: $$ is a dollar sign */
        bnc_str_fmt(out, *text == '\'' || *text == '$' ? "%c%c" : "%c", *text, *text);
    }
    bnc_str_putc(out, '\'');
}

static enum bnc_code
write_provider(struct bnc_gsync_files *files, struct bnc_error *err)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    struct bnc_str text = bnc_str_new(arena, PROVIDER_MAX);
    struct bnc_bytes old = {0};
    const char *path =
        bnc_arena_fmt(arena, "%s/dashboards/binnacle-%s.yaml", files->out, files->id);
    bnc_str_fmt(&text,
                "apiVersion: 1\nproviders:\n  - name: binnacle-%s\n    type: file\n"
                "    disableDeletion: false\n    allowUiUpdates: false\n"
                "    updateIntervalSeconds: 10\n    options:\n      path: ",
                files->id);
    put_quoted(&text,
               bnc_arena_fmt(arena, "%s/dashboards/binnacle-%s", files->out, files->id));
    bnc_str_puts(&text, "\n      foldersFromFilesStructure: true\n");
    if (bnc_str_check(&text, "the file for dashboards", err)) {
        return err->code;
    }
    if (read_ours(files, path, arena, &old) && old.len == text.len &&
        memcmp(old.ptr, text.ptr, text.len) == 0) {
        return BNC_OK;
    }
    return write_ours(files, path, (struct bnc_bytes){text.ptr, text.len}, MODE_PLAIN,
                      err);
}

enum bnc_code
bnc_gsync_files_open(struct bnc_gsync_files *files, struct bnc_error *err)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    const char *own = bnc_gsync_files_board(files, "", arena);
    const char *folders[] = {
        bnc_gsync_files_path(files, "datasources", arena),
        bnc_arena_strndup(arena, bnc_gsync_files_path(files, own, arena),
                          strlen(bnc_gsync_files_path(files, own, arena)) - 1)};
    for (size_t i = 0; i < BNC_LEN(folders); i++) {
        if (bnc_dir_make(files->world, folders[i], MODE_FOLDER, err)) {
            return err->code;
        }
    }
    return write_provider(files, err);
}

/* ---- the provisioning file ----------------------------------------------------- */

void
bnc_gsync_files_sources(const struct bnc_gsync_files *files, const char *key,
                        struct bnc_arena *arena, struct bnc_bytes *out)
{
    (void)read_ours(files, bnc_arena_fmt(arena, "%s/datasources/%s", files->out, key),
                    arena, out);
}

enum bnc_code
bnc_gsync_files_put_sources(struct bnc_gsync_files *files, const char *key,
                            struct bnc_bytes text, bool secret, struct bnc_error *err)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    return write_ours(files, bnc_arena_fmt(arena, "%s/datasources/%s", files->out, key),
                      text, secret ? MODE_SECRET : MODE_PLAIN, err);
}

enum bnc_code
bnc_gsync_files_drop_sources(struct bnc_gsync_files *files, const char *key,
                             size_t *removed, struct bnc_error *err)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    const char *folder = bnc_gsync_files_path(files, "datasources", arena);
    const char **names = NULL;
    struct bnc_bytes ignored = {0};
    size_t n = 0;
    if (bnc_dir_list(files->world, folder, BNC_GSYNC_NAMES_MAX, arena, &names, err)) {
        return err->code;
    }
    for (size_t i = 0; names[i] != NULL; i++) {
        const char *path = bnc_arena_fmt(arena, "%s/%s", folder, names[i]);
        if ((key != NULL && strcmp(names[i], key) == 0) ||
            !read_ours(files, path, arena, &ignored)) {
            continue;
        }
        if (bnc_file_remove(files->world, path, err)) {
            return err->code;
        }
        n++;
    }
    if (removed != NULL) {
        *removed = n;
    }
    return n == 0 ? BNC_OK : bnc_dir_sync(files->world, folder, err);
}

void
bnc_gsync_files_proved(const struct bnc_gsync_files *files, struct bnc_arena *arena,
                       struct bnc_bytes *out)
{
    (void)read_ours(files, proved_name(files, arena), arena, out);
}

enum bnc_code
bnc_gsync_files_put_proved(struct bnc_gsync_files *files, struct bnc_bytes text,
                           struct bnc_error *err)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    return write_ours(files, proved_name(files, arena), text, MODE_SECRET, err);
}

/* ---- dashboards ---------------------------------------------------------------- */

static bool
add_piece(void *arg, const char *bytes, size_t n)
{
    bnc_sha256_add(arg, bytes, n);
    return true;
}

bool
bnc_gsync_files_digest(const struct bnc_gsync_files *files, const char *name,
                       char sha256_hex[BNC_SHA256_HEX])
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    BNC_AUTO(bnc_sha256) sha = bnc_sha256_new();
    struct bnc_error ignored = {0};
    const char *path = bnc_gsync_files_path(files, name, arena);
    bool read = bnc_file_scan(files->world, path, BNC_GSYNC_FILE_MAX, add_piece, sha,
                              &ignored) == BNC_OK;
    bnc_sha256_final(sha, sha256_hex);
    return read;
}

enum bnc_code
bnc_gsync_files_put_board(struct bnc_gsync_files *files, const char *name,
                          struct bnc_bytes text, struct bnc_error *err)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    return bnc_file_write(files->world, bnc_gsync_files_path(files, name, arena), text,
                          MODE_PLAIN, err);
}

/* The folders above a dashboard that have nothing in them any more, but for our own. */
static void
drop_folders(struct bnc_gsync_files *files, const char *name, struct bnc_arena *arena)
{
    size_t top = strlen(bnc_gsync_files_board(files, "", arena));
    struct bnc_error ignored = {0};
    for (;;) {
        const char *slash = strrchr(name, '/');
        const char **names = NULL;
        if (slash == NULL || (size_t)(slash - name) < top) {
            return;
        }
        name = bnc_arena_strndup(arena, name, (size_t)(slash - name));
        const char *path = bnc_gsync_files_path(files, name, arena);
        if (bnc_dir_list(files->world, path, 1, arena, &names, &ignored) ||
            names[0] != NULL || bnc_dir_remove(files->world, path, 1, &ignored)) {
            return;
        }
    }
}

enum bnc_code
bnc_gsync_files_drop_board(struct bnc_gsync_files *files, const char *name,
                           struct bnc_error *err)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    struct bnc_error failed = {0};
    enum bnc_code code =
        bnc_file_remove(files->world, bnc_gsync_files_path(files, name, arena), &failed);
    if (code != BNC_OK && code != BNC_NOT_FOUND) {
        *err = failed;
        return code;
    }
    drop_folders(files, name, arena);
    return BNC_OK;
}

struct sweep {
    struct bnc_gsync_files *files;
    bnc_gsync_wanted_fn wanted;
    void *arg;
    size_t removed;
};

static void
sweep_folder(struct sweep *sweep, const char *folder, int level)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    const char **names = NULL;
    struct bnc_error ignored = {0};
    struct bnc_world *world = sweep->files->world;
    if (level == LEVELS_MAX ||
        bnc_dir_list(world, bnc_gsync_files_path(sweep->files, folder, arena),
                     BNC_GSYNC_NAMES_MAX, arena, &names, &ignored)) {
        return;
    }
    for (size_t i = 0; names[i] != NULL; i++) {
        struct bnc_file_info info = {0};
        const char *name = bnc_arena_fmt(arena, "%s/%s", folder, names[i]);
        if (bnc_file_stat(world, bnc_gsync_files_path(sweep->files, name, arena), false,
                          &info, &ignored)) {
            continue;
        }
        if (info.type == BNC_FILE_FOLDER) {
            sweep_folder(sweep, name, level + 1);
        } else if (info.type == BNC_FILE_REGULAR && bnc_str_ends(name, ".json") &&
                   !sweep->wanted(sweep->arg, name)) {
            sweep->removed +=
                bnc_gsync_files_drop_board(sweep->files, name, &ignored) == BNC_OK;
        }
    }
}

size_t
bnc_gsync_files_sweep(struct bnc_gsync_files *files, bnc_gsync_wanted_fn wanted,
                      void *arg)
{
    struct sweep sweep = {.files = files, .wanted = wanted, .arg = arg};
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    sweep_folder(&sweep, bnc_arena_fmt(arena, "dashboards/binnacle-%s", files->id), 0);
    return sweep.removed;
}

/* ---- looking at it ------------------------------------------------------------- */

void
bnc_gsync_files_stamp(const struct bnc_gsync_files *files, const char *name,
                      struct bnc_gsync_stamp *out)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    struct bnc_file_info info = {0};
    struct bnc_error ignored = {0};
    bool there = bnc_file_stat(files->world, bnc_gsync_files_path(files, name, arena),
                               false, &info, &ignored) == BNC_OK &&
                 info.type == BNC_FILE_REGULAR;
    *out = there ? (struct bnc_gsync_stamp){true, info.size, info.mtime_ns, info.inode}
                 : (struct bnc_gsync_stamp){0};
}

bool
bnc_gsync_stamp_equal(const struct bnc_gsync_stamp *a, const struct bnc_gsync_stamp *b)
{
    return a->there && b->there && a->size == b->size && a->mtime_ns == b->mtime_ns &&
           a->inode == b->inode;
}
