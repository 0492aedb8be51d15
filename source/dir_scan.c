/* One look at all paths: what is there, what of it is new, what is taken. */
#include <stdlib.h>
#include <string.h>

#include "lib/hash.h"
#include "source/dir_priv.h"

#define SETTLE_MS     50   /* between two looks at what has changed */
#define SETTLE_MAX_MS 2000 /* while something keeps changing */
#define POLL_MS       5000 /* where no watch could be had */

struct scan {
    struct bnc_dir *d;
    struct bnc_arena *arena;
    const char **paths; /* of manifests */
    size_t n;
    size_t room;
    size_t folders;
    size_t bytes;         /* of all files so far */
    struct bnc_map *told; /* problems with paths in this scan */
    enum bnc_code code;   /* a path that was given cannot be read */
    const char *why;
    bool too_many; /* folders or files: told once */
    bool changed;  /* something was taken */
    bool settling; /* something has to be looked at again */
};

static void
path_problem(struct scan *scan, const char *path, enum bnc_code code, const char *message)
{
    struct bnc_problem problem = {
        .reason = code == BNC_TOO_BIG ? BNC_REASON_TOO_BIG : BNC_REASON_INVALID_OBJECT,
        .file = path,
        .kind = "",
        .ns = "",
        .name = "",
        .field = "",
        .message = message,
        .remedy = code == BNC_TOO_BIG ? "name fewer or smaller files"
                                      : "make it readable or remove it",
    };
    bnc_dir_tell_once(scan->d, scan->d->told, scan->told, &problem);
}

/* ---- which files there are ----------------------------------------------------- */

/* A file that cannot be looked at stays as it was. */
static void
keep_file(struct scan *scan, const char *path)
{
    struct bnc_dir_file *file = bnc_map_get(scan->d->files, path);
    if (file != NULL) {
        file->seen = true;
    }
}

static void
add_path(struct scan *scan, const char *path)
{
    if (scan->n == BNC_DIR_FILES_MAX) {
        if (!scan->too_many) {
            path_problem(scan, path, BNC_TOO_BIG, "over 20000 manifests");
        }
        scan->too_many = true;
        keep_file(scan, path);
        return;
    }
    if (scan->n == scan->room) {
        size_t room = scan->room == 0 ? 64 : scan->room * 2;
        const char **more = bnc_arena_array(scan->arena, room, sizeof(*more));
        if (scan->n > 0) {
            memcpy(more, scan->paths, scan->n * sizeof(*more));
        }
        scan->paths = more;
        scan->room = room;
    }
    scan->paths[scan->n++] = path;
}

static bool
is_manifest(const char *name)
{
    return (bnc_str_ends(name, ".yaml") || bnc_str_ends(name, ".yml") ||
            bnc_str_ends(name, ".json")) &&
           !bnc_str_starts(name, "kustomization.");
}

/* What lies below a folder that cannot be read stays as it was. */
static void
keep_below(struct scan *scan, const char *folder)
{
    size_t n = strcmp(folder, ".") == 0 ? 0 : strlen(folder);
    size_t at = 0;
    const char *path = NULL;
    void *value = NULL;
    while (bnc_map_next(scan->d->files, &at, &path, &value)) {
        if (n == 0 ? path[0] != '/' : strncmp(path, folder, n) == 0 && path[n] == '/') {
            struct bnc_dir_file *file = value;
            file->seen = true;
        }
    }
}

static void
fail_folder(struct scan *scan, const char *path, enum bnc_code code, const char *message)
{
    path_problem(scan, path, code, message);
    keep_below(scan, path);
}

/* A path that was given. */
static void
fail_path(struct scan *scan, const char *path, enum bnc_code code, const char *message)
{
    keep_file(scan, path);
    fail_folder(scan, path, code, message);
    scan->code = code;
    scan->why = bnc_arena_fmt(scan->arena, "%s: %s", path, message);
}

static void walk_folder(struct scan *scan, const char *path, size_t depth);

static void
visit(struct scan *scan, const char *path, const char *name, size_t depth)
{
    if (bnc_dir_is_ours(scan->d, path)) {
        return;
    }
    switch (bnc_file_type(scan->d->world, path)) {
    case BNC_FILE_FOLDER:
        walk_folder(scan, path, depth + 1);
        break;
    case BNC_FILE_REGULAR:
    case BNC_FILE_NONE: /* a link to nothing: said when it is read */
        if (is_manifest(name)) {
            add_path(scan, path);
        }
        break;
    case BNC_FILE_OTHER:
    default:
        break;
    }
}

/* True, and said once, when there are more folders than can be meant. */
static bool
is_beyond(struct scan *scan, const char *path, size_t depth)
{
    if (depth <= BNC_DIR_DEPTH_MAX && scan->folders < BNC_DIR_FOLDERS_MAX) {
        return false;
    }
    if (!scan->too_many) {
        path_problem(scan, path, BNC_TOO_BIG,
                     "over 1000 folders, or 32 levels of them; a loop of links?");
    }
    scan->too_many = true;
    keep_below(scan, path);
    return true;
}

/* "path/name", without what need not be said. */
static const char *
child_path(const struct scan *scan, const char *path, const char *name)
{
    if (strcmp(path, ".") == 0) {
        return name;
    }
    return bnc_arena_fmt(scan->arena, "%s/%s", strcmp(path, "/") == 0 ? "" : path, name);
}

static void
walk_folder(struct scan *scan, const char *path, size_t depth)
{
    struct bnc_error err = {0};
    const char **names = NULL;

    if (is_beyond(scan, path, depth)) {
        return;
    }
    scan->folders++;
    enum bnc_code code =
        bnc_dir_list(scan->d->world, path, BNC_DIR_FILES_MAX, scan->arena, &names, &err);
    if (code == BNC_NOT_FOUND && depth > 0) {
        return; /* it went away meanwhile */
    }
    if (code != BNC_OK) {
        (depth == 0 ? fail_path : fail_folder)(scan, path, code, err.message);
        return;
    }
    for (; *names != NULL; names++) {
        if ((*names)[0] != '.') { /* hidden, or the ..data of a mounted ConfigMap */
            visit(scan, child_path(scan, path, *names), *names, depth);
        }
    }
}

static void
walk_paths(struct scan *scan)
{
    for (size_t i = 0; i < scan->d->n_paths; i++) {
        const char *path = scan->d->paths[i];
        enum bnc_file_type type = bnc_file_type(scan->d->world, path);
        if (type == BNC_FILE_FOLDER) {
            walk_folder(scan, path, 0);
        } else if (type == BNC_FILE_NONE) {
            fail_path(scan, path, BNC_NOT_FOUND, "does not exist or cannot be reached");
        } else {
            add_path(scan, path);
        }
    }
}

static int
compare_paths(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* ---- what is in them ----------------------------------------------------------- */

static void
clear_objects(struct bnc_dir_file *file)
{
    for (size_t i = 0; i < file->n; i++) {
        bnc_object_unref(file->objects[i]);
    }
    free(file->objects);
    file->objects = NULL;
    file->n = file->room = 0;
}

void
bnc_dir_file_free(struct bnc_dir_file *file)
{
    clear_objects(file);
    free(file);
}

/* The objects of a file that is being read; they replace its own when all is well. */
struct reading {
    struct bnc_dir *d;
    struct bnc_dir_file found;
};

static void
on_object(void *arg, struct bnc_object *object, size_t line)
{
    struct bnc_dir_file *found = &((struct reading *)arg)->found;
    BNC_UNUSED(line);
    if (found->n == found->room) {
        found->room = found->room == 0 ? 4 : found->room * 2;
        found->objects =
            bnc_realloc(found->objects, found->room * sizeof(struct bnc_object *));
    }
    found->objects[found->n++] = object;
}

static void
on_problem(void *arg, const struct bnc_problem *problem)
{
    bnc_dir_tell(((struct reading *)arg)->d, problem);
}

/* Read the manifests of a file anew; with an error its last good objects stay. */
static void
take_content(struct scan *scan, const char *path, struct bnc_dir_file *file,
             struct bnc_bytes text)
{
    static const struct bnc_docs_ops docs_ops = {on_object, on_problem};
    struct bnc_dir *d = scan->d;
    struct reading reading = {.d = d};
    struct bnc_docs_counts counts;
    struct bnc_error err = {0};
    const struct bnc_docs_input input = {path, text, d->default_ns,
                                         BNC_DOCS_OBJECTS_MAX - (d->n_objects - file->n)};

    if (bnc_docs_read(&input, &docs_ops, &reading, &counts, &err)) {
        clear_objects(&reading.found);
        return;
    }
    d->n_objects += reading.found.n - file->n;
    clear_objects(file);
    file->objects = reading.found.objects;
    file->n = reading.found.n;
    file->room = reading.found.room;
    file->ignored = counts.ignored;
    scan->changed = true;
}

/*
 * True when what was found may be taken: at once in the first look, later when
 * it was found before, so that a file half written is not.
 */
static bool
is_settled(struct scan *scan, struct bnc_dir_file *file, uint64_t mark)
{
    if (!scan->d->scanned || !scan->d->options.watch || file->pending == mark) {
        file->pending = BNC_DIR_NOTHING;
        file->taken = mark;
        return true;
    }
    file->pending = mark;
    scan->settling = true;
    return false;
}

static struct bnc_dir_file *
file_at(struct bnc_dir *d, const char *path)
{
    struct bnc_dir_file *file = bnc_map_get(d->files, path);
    if (file == NULL) {
        file = bnc_alloc(sizeof(*file));
        (void)bnc_map_put(d->files, path, file);
    }
    return file;
}

static bool
is_given(const struct bnc_dir *d, const char *path)
{
    for (size_t i = 0; i < d->n_paths; i++) {
        if (strcmp(d->paths[i], path) == 0) {
            return true;
        }
    }
    return false;
}

static void
look_at(struct scan *scan, const char *path)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    struct bnc_dir_file *file = file_at(scan->d, path);
    struct bnc_bytes text = {"", 0};
    struct bnc_error err = {0};

    file->seen = true;
    enum bnc_code code =
        bnc_file_read(scan->d->world, path, BNC_DOCS_FILE_MAX, arena, &text, &err);
    if (code == BNC_OK && text.len > BNC_DOCS_TOTAL_MAX - scan->bytes) {
        code = bnc_fail(&err, BNC_TOO_BIG, "all files together are over 64 MiB");
    }
    uint64_t mark = bnc_hash64(err.message, strlen(err.message), 1) | 1;
    if (code == BNC_OK) {
        scan->bytes += text.len;
        mark = bnc_hash64(text.ptr, text.len, 0) | 1;
    }
    if (mark == file->taken) {
        file->pending = BNC_DIR_NOTHING;
    } else if (!is_settled(scan, file, mark)) {
        return;
    } else if (code == BNC_OK) {
        take_content(scan, path, file, text);
    }
    if (code != BNC_OK) {
        (is_given(scan->d, path) ? fail_path : path_problem)(scan, path, code,
                                                             err.message);
    }
}

static void
look_for_missing(struct scan *scan)
{
    size_t at = 0;
    const char *path = NULL;
    void *value = NULL;
    while (bnc_map_next(scan->d->files, &at, &path, &value)) {
        struct bnc_dir_file *file = value;
        if (file->seen) {
            file->seen = false;
        } else if (is_settled(scan, file, BNC_DIR_MISSING)) {
            (void)bnc_map_take(scan->d->files, path);
            scan->d->n_objects -= file->n;
            bnc_dir_file_free(file);
            scan->changed = true;
        }
    }
}

static void
look_at_text(struct scan *scan)
{
    struct bnc_dir *d = scan->d;
    if (d->options.text.ptr == NULL) {
        return;
    }
    struct bnc_dir_file *file = file_at(d, d->text_name);
    file->seen = true;
    if (!d->scanned) {
        take_content(scan, d->text_name, file, d->options.text);
    }
    scan->bytes += d->options.text.len < BNC_DOCS_TOTAL_MAX ? d->options.text.len
                                                            : BNC_DOCS_TOTAL_MAX;
}

/* ---- the scan ------------------------------------------------------------------ */

static void
look(struct scan *scan)
{
    walk_paths(scan);
    if (scan->n > 0) {
        qsort(scan->paths, scan->n, sizeof(*scan->paths), compare_paths);
    }
    look_at_text(scan);
    for (size_t i = 0; i < scan->n; i++) {
        if (i == 0 || strcmp(scan->paths[i - 1], scan->paths[i]) != 0) {
            look_at(scan, scan->paths[i]);
        }
    }
    look_for_missing(scan);
}

static void
tell_outcome(struct bnc_dir *d, const struct scan *scan)
{
    if (scan->changed) {
        bnc_dir_merge(d);
    }
    if (scan->settling && scan->code == BNC_OK) {
        return; /* not yet: what is new has not been taken */
    }
    if (scan->code != BNC_OK && !d->failing) {
        bnc_dir_trouble(d, scan->code, scan->why);
    } else if (scan->code == BNC_OK && d->failing) {
        bnc_dir_trouble(d, BNC_OK, NULL);
    }
    d->failing = scan->code != BNC_OK;
    if (!d->failing && !d->loaded) {
        bnc_dir_loaded(d);
    }
}

void
bnc_dir_scan(void *arg)
{
    struct bnc_dir *d = arg;
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    struct scan scan = {.d = d, .arena = arena, .told = bnc_map_new()};

    look(&scan);
    bnc_map_free(d->told);
    d->told = scan.told;
    d->scanned = true;
    tell_outcome(d, &scan);
    if (!d->options.watch) {
        return;
    }
    if (scan.settling) {
        d->settle_ms = d->settle_ms == 0 ? SETTLE_MS : d->settle_ms * 2;
        d->settle_ms = d->settle_ms < SETTLE_MAX_MS ? d->settle_ms : SETTLE_MAX_MS;
        bnc_timer_set(d->scan_timer, d->settle_ms);
        return;
    }
    d->settle_ms = 0;
    if (d->polled || d->failing) {
        bnc_timer_set(d->scan_timer, POLL_MS);
    }
}
