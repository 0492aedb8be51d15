/* From the objects of all files to what is told: put, gone, synced, trouble. */
#include <stdlib.h>
#include <string.h>

#include "source/dir_priv.h"

void
bnc_dir_map_free(struct bnc_map *objects)
{
    size_t at = 0;
    void *object = NULL;
    while (bnc_map_next(objects, &at, NULL, &object)) {
        bnc_object_unref(object);
    }
    bnc_map_free(objects);
}

/* The line at the end of "web.yaml:12"; the file before it goes into `file`. */
static size_t
split_origin(struct bnc_arena *arena, const char *origin, const char **file)
{
    const char *colon = strrchr(origin, ':');
    if (colon == NULL) {
        *file = origin;
        return 0;
    }
    *file = bnc_arena_strndup(arena, origin, (size_t)(colon - origin));
    return strtoul(colon + 1, NULL, 10);
}

static void
tell_twice(struct bnc_dir *d, struct bnc_map *twice, const struct bnc_object *first,
           const struct bnc_object *object)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    struct bnc_problem problem = {
        .reason = BNC_REASON_CONFLICTED,
        .kind = bnc_kind_info(object->kind)->name,
        .ns = object->ns,
        .name = object->name,
        .field = "metadata.name",
        .message = bnc_arena_fmt(arena, "the same object is at %s as well, which counts",
                                 first->origin),
        .remedy = "remove one of them or give it another name",
    };
    problem.line = split_origin(arena, object->origin, &problem.file);
    bnc_dir_tell_once(d, d->twice, twice, &problem);
}

static void
merge_file(struct bnc_dir *d, const struct bnc_dir_file *file, struct bnc_map *objects,
           struct bnc_map *twice)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    for (size_t i = 0; i < file->n; i++) {
        struct bnc_object *object = file->objects[i];
        const char *key = bnc_dir_key(arena, object->kind, object->ns, object->name);
        const struct bnc_object *first = bnc_map_get(objects, key);
        if (first != NULL) {
            tell_twice(d, twice, first, object);
        } else {
            (void)bnc_map_put(objects, key, bnc_object_ref(object));
        }
    }
}

/* What is the same but for its line is told too: messages name the line. */
static void
tell_difference(struct bnc_dir *d, const struct bnc_map *before,
                const struct bnc_map *now)
{
    size_t at = 0;
    const char *key = NULL;
    void *value = NULL;
    while (bnc_map_next(now, &at, &key, &value)) {
        struct bnc_object *object = value;
        const struct bnc_object *old = bnc_map_get(before, key);
        if (!d->loaded && bnc_kind_info(object->kind)->by_name) {
            continue; /* what is wanted of these is answered soon */
        }
        if (old == NULL || !bnc_object_same(old, object) ||
            strcmp(old->origin, object->origin) != 0) {
            struct bnc_dir_item item = {.what = BNC_DIR_PUT,
                                        .kind = object->kind,
                                        .object = bnc_object_ref(object)};
            bnc_dir_push(d, &item);
        }
    }
    at = 0;
    while (bnc_map_next(before, &at, &key, &value)) {
        const struct bnc_object *old = value;
        if (bnc_map_get(now, key) == NULL) {
            struct bnc_dir_item item = {.what = BNC_DIR_GONE,
                                        .kind = old->kind,
                                        .ns = bnc_strdup(old->ns),
                                        .name = bnc_strdup(old->name)};
            bnc_dir_push(d, &item);
        }
    }
}

/* Without an Observatory other objects may stand for one. */
static void
add_implied(const struct bnc_dir *d, struct bnc_map *objects)
{
    const char **keys = bnc_map_sorted_keys(objects);
    size_t n = bnc_map_count(objects);
    bool any = false;

    for (size_t i = 0; i < n && !any; i++) {
        const struct bnc_object *object = bnc_map_get(objects, keys[i]);
        any = object->kind == BNC_KIND_OBSERVATORY;
    }
    for (size_t i = 0; i < n && !any; i++) {
        BNC_AUTO(bnc_arena) arena = bnc_arena_new();
        struct bnc_object *implied = d->options.imply(bnc_map_get(objects, keys[i]));
        if (implied != NULL) {
            const char *key =
                bnc_dir_key(arena, implied->kind, implied->ns, implied->name);
            struct bnc_object *before = bnc_map_put(objects, key, implied);
            bnc_object_unref(before);
        }
    }
    free(keys);
}

void
bnc_dir_merge(struct bnc_dir *d)
{
    struct bnc_map *objects = bnc_map_new();
    struct bnc_map *twice = bnc_map_new();
    const char **paths = bnc_map_sorted_keys(d->files);
    size_t n = bnc_map_count(d->files);

    for (size_t i = 0; i < n; i++) {
        merge_file(d, bnc_map_get(d->files, paths[i]), objects, twice);
    }
    free(paths);
    if (d->options.imply != NULL) {
        add_implied(d, objects);
    }
    tell_difference(d, d->current, objects);
    bnc_dir_map_free(d->current);
    d->current = objects;
    bnc_map_free(d->twice);
    d->twice = twice;
}

void
bnc_dir_loaded(struct bnc_dir *d)
{
    d->loaded = true;
    for (enum bnc_kind kind = 0; kind < BNC_KIND_COUNT; kind++) {
        if (!bnc_kind_info(kind)->by_name) {
            struct bnc_dir_item item = {.what = BNC_DIR_SYNCED, .kind = kind};
            bnc_dir_push(d, &item);
        }
    }
    size_t at = 0;
    const char *key = NULL;
    void *value = NULL;
    while (bnc_map_next(d->wanted, &at, &key, &value)) {
        const char *space = strchr(key, ' ');
        const char *slash = strchr(key, '/');
        struct bnc_dir_item item = {.what = BNC_DIR_ANSWER, .kind = BNC_KIND_SECRET};
        if (strncmp(key, "ConfigMap ", 10) == 0) {
            item.kind = BNC_KIND_CONFIG_MAP;
        }
        item.ns = bnc_alloc((size_t)(slash - space));
        memcpy(item.ns, space + 1, (size_t)(slash - space) - 1);
        item.name = bnc_strdup(slash + 1);
        bnc_dir_push(d, &item);
    }
}

void
bnc_dir_trouble(struct bnc_dir *d, enum bnc_code code, const char *message)
{
    for (enum bnc_kind kind = 0; kind < BNC_KIND_COUNT; kind++) {
        struct bnc_dir_item item = {.what = BNC_DIR_TROUBLE,
                                    .kind = kind,
                                    .code = code,
                                    .text = bnc_strdup(message)};
        bnc_dir_push(d, &item);
    }
}
