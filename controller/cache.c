#include "controller/cache.h"

#include <stdlib.h>
#include <string.h>

#include "controller/edges.h"
#include "lib/arena.h"

/* kind → namespace → name → object */
struct bnc_cache {
    struct bnc_edges *edges;
    struct bnc_map *kinds[BNC_KIND_COUNT];  /* of struct bnc_map by namespace */
    struct bnc_map *synced[BNC_KIND_COUNT]; /* namespaces, "" for all */
    struct bnc_map *known;                  /* by-name objects: "K/ns/name" → state */
    size_t counts[BNC_KIND_COUNT];
    size_t bytes;
};

static char state_known; /* their addresses are the values */
static char state_denied;

struct bnc_cache *
bnc_cache_new(const struct bnc_cache_hooks *hooks, void *arg)
{
    struct bnc_cache *cache = bnc_alloc(sizeof(*cache));
    cache->edges = bnc_edges_new(cache, hooks, arg);
    cache->known = bnc_map_new();
    for (size_t i = 0; i < BNC_KIND_COUNT; i++) {
        cache->kinds[i] = bnc_map_new();
        cache->synced[i] = bnc_map_new();
    }
    return cache;
}

static void
free_names(struct bnc_map *names)
{
    size_t at = 0;
    void *value = NULL;
    while (bnc_map_next(names, &at, NULL, &value)) {
        bnc_object_unref(value);
    }
    bnc_map_free(names);
}

void
bnc_cache_free(struct bnc_cache *cache)
{
    if (cache == NULL) {
        return;
    }
    for (size_t i = 0; i < BNC_KIND_COUNT; i++) {
        size_t at = 0;
        void *value = NULL;
        while (bnc_map_next(cache->kinds[i], &at, NULL, &value)) {
            free_names(value);
        }
        bnc_map_free(cache->kinds[i]);
        bnc_map_free(cache->synced[i]);
    }
    bnc_map_free(cache->known);
    bnc_edges_free(cache->edges);
    free(cache);
}

struct bnc_edges *
bnc_cache_edges(struct bnc_cache *cache)
{
    return cache->edges;
}

static void
set_known(struct bnc_cache *cache, enum bnc_kind kind, const char *ns, const char *name,
          void *state)
{
    char key[BNC_FACT_KEY_MAX];
    bnc_fact_key(key, kind, ns, name);
    (void)bnc_map_put(cache->known, key, state);
}

bool
bnc_cache_put(struct bnc_cache *cache, struct bnc_object *object)
{
    struct bnc_map *names = bnc_map_get(cache->kinds[object->kind], object->ns);
    if (names == NULL) {
        names = bnc_map_new();
        (void)bnc_map_put(cache->kinds[object->kind], object->ns, names);
    }
    struct bnc_object *old = bnc_map_put(names, object->name, object);
    bool same = old != NULL && bnc_object_same(old, object);

    cache->bytes += bnc_object_bytes(object);
    if (old == NULL) {
        cache->counts[object->kind]++;
    } else {
        cache->bytes -= bnc_object_bytes(old);
    }
    bnc_object_unref(old);
    if (bnc_kind_info(object->kind)->by_name) {
        set_known(cache, object->kind, object->ns, object->name, &state_known);
    }
    if (!same) {
        bnc_edges_notify(cache->edges, object->kind, object->ns, object->name);
    }
    return !same;
}

bool
bnc_cache_gone(struct bnc_cache *cache, enum bnc_kind kind, const char *ns,
               const char *name)
{
    struct bnc_map *names = bnc_map_get(cache->kinds[kind], ns);
    struct bnc_object *old = names == NULL ? NULL : bnc_map_take(names, name);
    bool was_known = true;

    if (bnc_kind_info(kind)->by_name) {
        char key[BNC_FACT_KEY_MAX];
        bnc_fact_key(key, kind, ns, name);
        was_known = bnc_map_get(cache->known, key) == &state_known;
        set_known(cache, kind, ns, name, &state_known);
    }
    if (old != NULL) {
        cache->counts[kind]--;
        cache->bytes -= bnc_object_bytes(old);
        bnc_object_unref(old);
    }
    if (old != NULL || !was_known) {
        bnc_edges_notify(cache->edges, kind, ns, name);
    }
    return old != NULL;
}

void
bnc_cache_synced(struct bnc_cache *cache, enum bnc_kind kind, const char *ns,
                 const char *name)
{
    if (name == NULL) {
        (void)bnc_map_put(cache->synced[kind], ns, &state_known);
        bnc_edges_notify(cache->edges, kind, ns, NULL);
        return;
    }
    char key[BNC_FACT_KEY_MAX];
    bnc_fact_key(key, kind, ns, name);
    if (bnc_map_put(cache->known, key, &state_known) != &state_known) {
        bnc_edges_notify(cache->edges, kind, ns, name);
    }
}

void
bnc_cache_denied(struct bnc_cache *cache, enum bnc_kind kind, const char *ns,
                 const char *name)
{
    char key[BNC_FACT_KEY_MAX];
    bnc_fact_key(key, kind, ns, name);
    if (bnc_map_get(cache->known, key) == NULL) { /* what was known stays known */
        (void)bnc_map_put(cache->known, key, &state_denied);
        bnc_edges_notify(cache->edges, kind, ns, name);
    }
}

void
bnc_cache_forget(struct bnc_cache *cache, enum bnc_kind kind, const char *ns,
                 const char *name)
{
    char key[BNC_FACT_KEY_MAX];
    bnc_fact_key(key, kind, ns, name);
    struct bnc_map *names = bnc_map_get(cache->kinds[kind], ns);
    struct bnc_object *old = names == NULL ? NULL : bnc_map_take(names, name);

    (void)bnc_map_take(cache->known, key);
    if (old != NULL) {
        cache->counts[kind]--;
        cache->bytes -= bnc_object_bytes(old);
        bnc_object_unref(old);
    }
}

struct bnc_object *
bnc_cache_get(const struct bnc_cache *cache, enum bnc_kind kind, const char *ns,
              const char *name)
{
    const struct bnc_map *names = bnc_map_get(cache->kinds[kind], ns);
    return names == NULL ? NULL : bnc_map_get(names, name);
}

static void
each_name(const struct bnc_map *names, bnc_view_fn fn, void *arg)
{
    const char **keys = bnc_map_sorted_keys(names);
    for (size_t i = 0; i < bnc_map_count(names); i++) {
        fn(arg, bnc_map_get(names, keys[i]));
    }
    free(keys);
}

void
bnc_cache_each(const struct bnc_cache *cache, enum bnc_kind kind, const char *ns,
               bnc_view_fn fn, void *arg)
{
    const struct bnc_map *namespaces = cache->kinds[kind];
    if (ns != NULL) {
        const struct bnc_map *names = bnc_map_get(namespaces, ns);
        if (names != NULL) {
            each_name(names, fn, arg);
        }
        return;
    }
    const char **keys = bnc_map_sorted_keys(namespaces);
    for (size_t i = 0; i < bnc_map_count(namespaces); i++) {
        each_name(bnc_map_get(namespaces, keys[i]), fn, arg);
    }
    free(keys);
}

size_t
bnc_cache_count(const struct bnc_cache *cache, enum bnc_kind kind)
{
    return cache->counts[kind];
}

bool
bnc_cache_knows(const struct bnc_cache *cache, enum bnc_kind kind, const char *ns)
{
    return bnc_map_get(cache->synced[kind], "") != NULL ||
           (ns != NULL && bnc_map_get(cache->synced[kind], ns) != NULL);
}

enum bnc_found
bnc_cache_found(const struct bnc_cache *cache, enum bnc_kind kind, const char *ns,
                const char *name)
{
    if (bnc_cache_get(cache, kind, ns, name) != NULL) {
        return BNC_VIEW_FOUND;
    }
    if (!bnc_kind_info(kind)->by_name) {
        return bnc_cache_knows(cache, kind, ns) ? BNC_VIEW_ABSENT : BNC_VIEW_PENDING;
    }
    char key[BNC_FACT_KEY_MAX];
    bnc_fact_key(key, kind, ns, name);
    const void *state = bnc_map_get(cache->known, key);
    if (state == &state_denied) {
        return BNC_VIEW_DENIED;
    }
    return state == &state_known ? BNC_VIEW_ABSENT : BNC_VIEW_PENDING;
}

size_t
bnc_cache_bytes(const struct bnc_cache *cache)
{
    return cache->bytes;
}
