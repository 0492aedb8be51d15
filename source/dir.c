#include "source/dir.h"

#include <stdlib.h>
#include <string.h>

#include "source/dir_priv.h"

#define TURN_ITEMS 256 /* told before other work gets its turn */

const char *
bnc_dir_key(struct bnc_arena *arena, enum bnc_kind kind, const char *ns, const char *name)
{
    return bnc_arena_fmt(arena, "%s %s/%s", bnc_kind_info(kind)->name, ns, name);
}

void
bnc_dir_tell(struct bnc_dir *d, const struct bnc_problem *problem)
{
    d->problems++;
    if (d->options.on_problem != NULL) {
        d->options.on_problem(d->options.arg, problem);
    }
}

void
bnc_dir_tell_once(struct bnc_dir *d, const struct bnc_map *before, struct bnc_map *now,
                  const struct bnc_problem *problem)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    const char *key = bnc_arena_fmt(arena, "%s:%zu: %s", problem->file, problem->line,
                                    problem->message);
    if (bnc_map_put(now, key, d) == NULL && bnc_map_get(before, key) == NULL) {
        bnc_dir_tell(d, problem);
    }
}

/* ---- the queue: nothing is told inside a caller's call ------------------------- */

static void
free_item(struct bnc_dir_item *item)
{
    bnc_object_unref(item->object);
    free(item->ns);
    free(item->name);
    free(item->uid);
    free(item->text);
}

void
bnc_dir_push(struct bnc_dir *d, const struct bnc_dir_item *item)
{
    if (d->n_items == d->room && d->next > d->n_items / 2) {
        d->n_items -= d->next;
        memmove(d->items, d->items + d->next, d->n_items * sizeof(*d->items));
        d->next = 0;
    }
    if (d->n_items == d->room) {
        d->room = d->room == 0 ? 64 : d->room * 2;
        d->items = bnc_realloc(d->items, d->room * sizeof(*d->items));
    }
    d->items[d->n_items++] = *item;
    if (!bnc_timer_pending(d->turn_timer)) {
        bnc_timer_set(d->turn_timer, 0);
    }
}

static bool
is_wanted(const struct bnc_dir *d, const char *key)
{
    return bnc_map_get(d->wanted, key) != NULL;
}

/* A kind that is read by name is told only of what is wanted by now. */
static bool
is_due(const struct bnc_dir *d, enum bnc_kind kind, const char *ns, const char *name)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    return !bnc_kind_info(kind)->by_name ||
           is_wanted(d, bnc_dir_key(arena, kind, ns, name));
}

static void
tell_put(struct bnc_dir *d, struct bnc_object *object)
{
    if (is_due(d, object->kind, object->ns, object->name)) {
        d->listener->put(d->listener_arg, bnc_object_ref(object));
    }
}

static void
tell_gone(struct bnc_dir *d, const struct bnc_dir_item *item)
{
    if (is_due(d, item->kind, item->ns, item->name)) {
        d->listener->gone(d->listener_arg, item->kind, item->ns, item->name);
    }
}

static void
tell_answer(struct bnc_dir *d, const struct bnc_dir_item *item)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    const char *key = bnc_dir_key(arena, item->kind, item->ns, item->name);
    if (!is_wanted(d, key)) {
        return;
    }
    struct bnc_object *object = bnc_map_get(d->current, key);
    if (object != NULL) {
        d->listener->put(d->listener_arg, bnc_object_ref(object));
    }
    d->listener->synced(d->listener_arg, item->kind, item->ns, item->name);
}

static void
tell_trouble(struct bnc_dir *d, const struct bnc_dir_item *item)
{
    struct bnc_error err = {0};
    if (item->code != BNC_OK) {
        (void)bnc_fail(&err, item->code, "%s", item->text);
    }
    d->listener->trouble(d->listener_arg, item->kind, NULL, NULL, &err);
}

static void
answer_write(const struct bnc_dir_item *item, const struct bnc_error *err)
{
    struct bnc_write_result result = {
        .code = err->code, .message = err->message, .resource_version = "", .uid = ""};
    if (item->fn != NULL) {
        item->fn(item->fn_arg, &result);
    }
}

static void
do_write(struct bnc_dir *d, const struct bnc_dir_item *item)
{
    struct bnc_error err = {0};
    struct bnc_write write = {.verb = item->verb,
                              .kind = item->kind,
                              .ns = item->ns,
                              .name = item->name,
                              .body = {item->text, item->text_len},
                              .uid = item->uid};
    enum bnc_code code = BNC_OK;
    if (item->verb == BNC_VERB_PATCH) {
        (void)bnc_fail(&err, BNC_INVALID, "offline: there is no %s \"%s/%s\" to patch",
                       bnc_kind_info(item->kind)->name, item->ns, item->name);
        answer_write(item, &err);
        return;
    }
    if (d->options.on_write != NULL) {
        d->options.on_write(d->options.arg, &write);
    }
    if (d->to != NULL && bnc_kind_info(item->kind)->by_name) {
        if (item->verb == BNC_VERB_APPLY) {
            code = bnc_dir_apply(d, item, &err);
        } else if (item->verb == BNC_VERB_DELETE) {
            code = bnc_dir_delete(d, item, &err);
        }
    }
    err.code = code;
    answer_write(item, &err);
}

static void
do_item(struct bnc_dir *d, const struct bnc_dir_item *item)
{
    struct bnc_error stopped = {BNC_UNAVAILABLE, "the source was stopped"};
    switch (item->what) {
    case BNC_DIR_PUT:
        tell_put(d, item->object);
        break;
    case BNC_DIR_GONE:
        tell_gone(d, item);
        break;
    case BNC_DIR_SYNCED:
        d->listener->synced(d->listener_arg, item->kind, NULL, NULL);
        break;
    case BNC_DIR_ANSWER:
        tell_answer(d, item);
        break;
    case BNC_DIR_OUTPUT:
        d->listener->output(d->listener_arg, item->kind, item->ns, item->name, NULL);
        break;
    case BNC_DIR_TROUBLE:
        tell_trouble(d, item);
        break;
    case BNC_DIR_WRITE:
        do_write(d, item);
        break;
    case BNC_DIR_REFUSED:
        answer_write(item, &stopped);
        break;
    case BNC_DIR_SWEEP:
        bnc_dir_sweep(d);
        break;
    }
}

static void
turn(void *arg)
{
    struct bnc_dir *d = arg;
    for (size_t i = 0; i < TURN_ITEMS && d->next < d->n_items; i++) {
        struct bnc_dir_item item = d->items[d->next++]; /* a callback may push */
        do_item(d, &item);
        free_item(&item);
    }
    if (d->next == d->n_items) {
        d->next = d->n_items = 0;
    } else if (!bnc_timer_pending(d->turn_timer)) {
        bnc_timer_set(d->turn_timer, 0);
    }
}

/* ---- what is asked of it ------------------------------------------------------- */

static struct bnc_dir *
dir_of(struct bnc_source *source)
{
    return (struct bnc_dir *)source; /* its first member */
}

static void
push_named(struct bnc_dir *d, enum bnc_dir_what what, enum bnc_kind kind, const char *ns,
           const char *name)
{
    struct bnc_dir_item item = {
        .what = what, .kind = kind, .ns = bnc_strdup(ns), .name = bnc_strdup(name)};
    bnc_dir_push(d, &item);
}

/* The folder that tells of changes: of a file, the one it is in. */
static char *
folder_of(struct bnc_world *world, const char *path)
{
    const char *slash = strrchr(path, '/');
    char *folder = bnc_strdup(path);
    if (bnc_file_type(world, path) != BNC_FILE_REGULAR) {
        return folder;
    }
    if (slash == NULL) {
        free(folder);
        return bnc_strdup(".");
    }
    folder[slash == path ? 1 : slash - path] = '\0';
    return folder;
}

static void
on_change(void *arg)
{
    struct bnc_dir *d = arg;
    if (!d->stopped && d->settle_ms == 0) {
        bnc_timer_set(d->scan_timer, 0);
    }
}

static void
watch_paths(struct bnc_dir *d)
{
    for (size_t i = 0; i < d->n_paths; i++) {
        struct bnc_error err = {0};
        char *folder = folder_of(d->world, d->paths[i]);
        if (bnc_dir_watch_new(d->world, folder, on_change, d, &d->watches[i], &err)) {
            d->watches[i] = NULL;
            d->polled = true;
        }
        free(folder);
    }
}

static void
start(struct bnc_source *source, const struct bnc_source_listener *listener, void *arg)
{
    struct bnc_dir *d = dir_of(source);
    d->listener = listener;
    d->listener_arg = arg;
    if (d->options.watch) {
        watch_paths(d); /* before the first look, so that no change is missed */
    }
    bnc_timer_set(d->scan_timer, 0);
}

static void
want(struct bnc_source *source, enum bnc_kind kind, const char *ns, const char *name)
{
    struct bnc_dir *d = dir_of(source);
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    (void)bnc_map_put(d->wanted, bnc_dir_key(arena, kind, ns, name), d); /* a set */
    if (d->loaded) { /* else it is answered then */
        push_named(d, BNC_DIR_ANSWER, kind, ns, name);
    }
}

static void
unwant(struct bnc_source *source, enum bnc_kind kind, const char *ns, const char *name)
{
    struct bnc_dir *d = dir_of(source);
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    (void)bnc_map_take(d->wanted, bnc_dir_key(arena, kind, ns, name));
}

static void
watch_output(struct bnc_source *source, enum bnc_kind kind, const char *ns,
             const char *name)
{
    push_named(dir_of(source), BNC_DIR_OUTPUT, kind, ns, name);
}

static void
unwatch_output(struct bnc_source *source, enum bnc_kind kind, const char *ns,
               const char *name)
{
    BNC_UNUSED(source); /* nothing is told after the first answer */
    BNC_UNUSED(kind);
    BNC_UNUSED(ns);
    BNC_UNUSED(name);
}

static void
write_object(struct bnc_source *source, const struct bnc_write *write, bnc_write_fn fn,
             void *arg)
{
    struct bnc_dir *d = dir_of(source);
    struct bnc_dir_item item = {
        .what = d->stopped ? BNC_DIR_REFUSED : BNC_DIR_WRITE,
        .kind = write->kind,
        .verb = write->verb,
        .ns = bnc_strdup(write->ns == NULL ? "" : write->ns),
        .name = bnc_strdup(write->name),
        .uid = bnc_strdup(write->uid),
        .text = bnc_alloc(write->body.len + 1),
        .text_len = write->body.len,
        .fn = fn,
        .fn_arg = arg,
    };
    if (write->body.len > 0) {
        memcpy(item.text, write->body.ptr, write->body.len);
    }
    bnc_dir_push(d, &item);
}

static void
stop(struct bnc_source *source)
{
    struct bnc_dir *d = dir_of(source);
    d->stopped = true;
    bnc_timer_stop(d->scan_timer);
    for (size_t i = 0; i < d->n_paths; i++) {
        bnc_dir_watch_free(d->watches[i]);
        d->watches[i] = NULL;
    }
}

static void
free_files(struct bnc_map *files)
{
    size_t at = 0;
    void *file = NULL;
    while (bnc_map_next(files, &at, NULL, &file)) {
        bnc_dir_file_free(file);
    }
    bnc_map_free(files);
}

static void
free_dir(struct bnc_source *source)
{
    struct bnc_dir *d = dir_of(source);
    stop(source);
    bnc_timer_free(d->scan_timer);
    bnc_timer_free(d->turn_timer);
    while (d->next < d->n_items) {
        free_item(&d->items[d->next++]);
    }
    free(d->items);
    free_files(d->files);
    bnc_dir_map_free(d->current);
    bnc_map_free(d->wanted);
    bnc_map_free(d->told);
    bnc_map_free(d->twice);
    bnc_dir_owned_free(d);
    for (size_t i = 0; i < d->n_paths; i++) {
        free(d->paths[i]);
    }
    free(d->paths);
    free(d->watches);
    free(d->to);
    free(d->text_name);
    free(d->default_ns);
    free(d);
}

static const struct bnc_source_ops dir_ops = {free_dir,     start,        want,
                                              unwant,       watch_output, unwatch_output,
                                              write_object, NULL,         stop};

/* A copy without "/" at its end: paths below are joined to it and compared. */
static char *
copy_path(const char *path)
{
    char *copy = bnc_strdup(path);
    for (size_t n = copy == NULL ? 0 : strlen(copy); n > 1 && copy[n - 1] == '/'; n--) {
        copy[n - 1] = '\0';
    }
    return copy;
}

static void
copy_paths(struct bnc_dir *d, const char *const *paths)
{
    size_t n = 0;
    while (paths != NULL && paths[n] != NULL) {
        n++;
    }
    d->n_paths = n;
    d->paths = bnc_alloc((n + 1) * sizeof(*d->paths));
    d->watches = bnc_alloc((n + 1) * sizeof(struct bnc_dir_watch *));
    for (size_t i = 0; i < n; i++) {
        d->paths[i] = copy_path(paths[i]);
    }
}

struct bnc_source *
bnc_source_dir_new(struct bnc_world *world, const struct bnc_source_dir_options *options)
{
    struct bnc_dir *d = bnc_alloc(sizeof(*d));
    d->source.ops = &dir_ops;
    d->world = world;
    d->options = *options;
    d->to = copy_path(options->to);
    d->text_name = bnc_strdup(options->text_name == NULL ? "stdin" : options->text_name);
    d->default_ns = bnc_strdup(options->default_namespace);
    copy_paths(d, options->paths);
    d->scan_timer = bnc_timer_new(world, bnc_dir_scan, d);
    d->turn_timer = bnc_timer_new(world, turn, d);
    d->files = bnc_map_new();
    d->current = bnc_map_new();
    d->wanted = bnc_map_new();
    d->told = bnc_map_new();
    d->twice = bnc_map_new();
    return &d->source;
}

void
bnc_source_dir_sweep(struct bnc_source *source)
{
    struct bnc_dir_item item = {.what = BNC_DIR_SWEEP};
    struct bnc_dir *d = dir_of(source);
    if (d->next == d->n_items) {
        bnc_dir_sweep(d); /* nothing is before it, and there may be no other turn */
    } else {
        bnc_dir_push(d, &item);
    }
}

struct bnc_source_dir_counts
bnc_source_dir_counts(const struct bnc_source *source)
{
    const struct bnc_dir *d = (const struct bnc_dir *)source;
    struct bnc_source_dir_counts counts = {.problems = d->problems,
                                           .files = bnc_map_count(d->files),
                                           .objects = d->n_objects};
    size_t at = 0;
    void *value = NULL;
    while (bnc_map_next(d->files, &at, NULL, &value)) {
        const struct bnc_dir_file *file = value;
        counts.ignored += file->ignored;
    }
    return counts;
}
