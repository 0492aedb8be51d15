#include "controller/edges.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base64.h"
#include "lib/hash.h"
#include "lib/json.h"

enum facet { FACET_EXISTS, FACET_OBJECT, FACET_KEY, FACET_VALUE, FACET_LIST };

/* One read. */
struct edge {
    struct fact *fact;
    struct bnc_reader *reader;
    enum facet facet;
    char *key;       /* KEY, VALUE */
    uint64_t answer; /* what it was told */
    size_t slot;     /* in fact->edges */
};

/* Something that was read; lives while somebody has an edge to it. */
struct fact {
    enum bnc_kind kind;
    char *ns;   /* NULL: the list of all */
    char *name; /* NULL: a list */
    struct edge **edges;
    size_t n;
    size_t room;
};

struct bnc_edges {
    struct bnc_cache *cache;
    const struct bnc_cache_hooks *hooks;
    void *arg;
    struct bnc_map *facts;
};

struct bnc_reader {
    struct bnc_view view; /* first: a view is a reader */
    struct bnc_edges *edges;
    void *arg;
    struct edge **items;
    size_t n;
    size_t room;
    struct edge **old; /* of the run before, until bnc_reader_end() */
    size_t n_old;
};

void
bnc_fact_key(char out[BNC_FACT_KEY_MAX], enum bnc_kind kind, const char *ns,
             const char *name)
{
    (void)snprintf(out, BNC_FACT_KEY_MAX, "%d/%s/%s", (int)kind, ns == NULL ? "*" : ns,
                   name == NULL ? "*" : name);
}

struct bnc_edges *
bnc_edges_new(struct bnc_cache *cache, const struct bnc_cache_hooks *hooks, void *arg)
{
    struct bnc_edges *edges = bnc_alloc(sizeof(*edges));
    *edges = (struct bnc_edges){
        .cache = cache, .hooks = hooks, .arg = arg, .facts = bnc_map_new()};
    return edges;
}

static void
free_fact(struct fact *fact)
{
    free(fact->ns);
    free(fact->name);
    free(fact->edges);
    free(fact);
}

void
bnc_edges_free(struct bnc_edges *edges)
{
    size_t at = 0;
    void *value = NULL;
    while (bnc_map_next(edges->facts, &at, NULL, &value)) {
        free_fact(value);
    }
    bnc_map_free(edges->facts);
    free(edges);
}

/* ---- answers ------------------------------------------------------------------- */

/* The text under a key of `data`, `stringData` or `binaryData`; decoded in `arena`. */
static bool
data_value(const struct bnc_object *object, const char *key, struct bnc_arena *arena,
           struct bnc_bytes *out)
{
    struct bnc_error err = {0};
    cJSON *root = NULL;
    if (bnc_json_parse(arena, object->text.ptr, object->text.len, &root, &err)) {
        return false;
    }
    const char *text = bnc_json_get_str(bnc_json_get(root, "data"), key);
    bool base64 = object->kind == BNC_KIND_SECRET;
    if (text == NULL) {
        text = bnc_json_get_str(bnc_json_get(root, "binaryData"), key);
        base64 = true;
    }
    if (text == NULL) {
        return false;
    }
    if (base64) {
        return bnc_base64_decode(arena, text, out);
    }
    *out = (struct bnc_bytes){text, strlen(text)};
    return true;
}

static uint64_t
answer(const struct bnc_cache *cache, const struct fact *fact, enum facet facet,
       const char *key)
{
    enum bnc_found found = bnc_cache_found(cache, fact->kind, fact->ns, fact->name);
    uint64_t hash = 1000 + (uint64_t)found;

    if (found != BNC_VIEW_FOUND || facet == FACET_EXISTS) {
        return hash;
    }
    const struct bnc_object *object =
        bnc_cache_get(cache, fact->kind, fact->ns, fact->name);
    if (facet == FACET_OBJECT) {
        return bnc_hash64(object->text.ptr, object->text.len, hash);
    }
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    struct bnc_bytes value = {0};
    if (!data_value(object, key, arena, &value)) {
        return 2000;
    }
    return facet == FACET_KEY ? 2001 : bnc_hash64(value.ptr, value.len, 2001);
}

/* ---- recording ----------------------------------------------------------------- */

static struct fact *
fact_of(struct bnc_edges *edges, enum bnc_kind kind, const char *ns, const char *name)
{
    char key[BNC_FACT_KEY_MAX];
    bnc_fact_key(key, kind, ns, name);
    struct fact *fact = bnc_map_get(edges->facts, key);
    if (fact != NULL) {
        return fact;
    }
    fact = bnc_alloc(sizeof(*fact));
    fact->kind = kind;
    fact->ns = bnc_strdup(ns);
    fact->name = bnc_strdup(name);
    (void)bnc_map_put(edges->facts, key, fact);
    if (name != NULL && bnc_kind_info(kind)->by_name) {
        edges->hooks->want(edges->arg, kind, ns, name);
    }
    return fact;
}

static void
drop_fact_if_unread(struct bnc_edges *edges, struct fact *fact)
{
    char key[BNC_FACT_KEY_MAX];
    if (fact->n > 0) {
        return;
    }
    bnc_fact_key(key, fact->kind, fact->ns, fact->name);
    (void)bnc_map_take(edges->facts, key);
    if (fact->name != NULL && bnc_kind_info(fact->kind)->by_name) {
        edges->hooks->unwant(edges->arg, fact->kind, fact->ns, fact->name);
        bnc_cache_forget(edges->cache, fact->kind, fact->ns, fact->name);
    }
    free_fact(fact);
}

static void
record(struct bnc_reader *reader, enum bnc_kind kind, const char *ns, const char *name,
       enum facet facet, const char *key)
{
    struct fact *fact = fact_of(reader->edges, kind, ns, name);
    struct edge *edge = bnc_alloc(sizeof(*edge));

    *edge = (struct edge){.fact = fact,
                          .reader = reader,
                          .facet = facet,
                          .key = bnc_strdup(key),
                          .slot = fact->n};
    if (facet != FACET_LIST) {
        edge->answer = answer(reader->edges->cache, fact, facet, key);
    }
    if (fact->n == fact->room) {
        fact->room = fact->room == 0 ? 2 : fact->room * 2;
        fact->edges = bnc_realloc(fact->edges, fact->room * sizeof(struct edge *));
    }
    fact->edges[fact->n++] = edge;
    if (reader->n == reader->room) {
        reader->room = reader->room == 0 ? 2 : reader->room * 2;
        reader->items = bnc_realloc(reader->items, reader->room * sizeof(struct edge *));
    }
    reader->items[reader->n++] = edge;
}

static void
remove_edge(struct bnc_edges *edges, struct edge *edge)
{
    struct fact *fact = edge->fact;
    fact->edges[edge->slot] = fact->edges[--fact->n];
    fact->edges[edge->slot]->slot = edge->slot;
    drop_fact_if_unread(edges, fact);
    free(edge->key);
    free(edge);
}

/* ---- notifying ------------------------------------------------------------------------
 */

static void
notify_fact(struct bnc_edges *edges, const char *key)
{
    const struct fact *fact = bnc_map_get(edges->facts, key);
    if (fact == NULL) {
        return;
    }
    for (size_t i = 0; i < fact->n; i++) {
        const struct edge *edge = fact->edges[i];
        if (edge->facet == FACET_LIST ||
            answer(edges->cache, fact, edge->facet, edge->key) != edge->answer) {
            edges->hooks->dirty(edges->arg, edge->reader);
        }
    }
}

void
bnc_edges_notify(struct bnc_edges *edges, enum bnc_kind kind, const char *ns,
                 const char *name)
{
    char key[BNC_FACT_KEY_MAX];
    if (name != NULL) {
        bnc_fact_key(key, kind, ns, name);
        notify_fact(edges, key);
    }
    bnc_fact_key(key, kind, ns, NULL);
    notify_fact(edges, key);
    bnc_fact_key(key, kind, NULL, NULL);
    notify_fact(edges, key);
}

/* ---- the view ------------------------------------------------------------------ */

static struct bnc_reader *
reader_of(struct bnc_view *view)
{
    return (struct bnc_reader *)(void *)view;
}

static enum bnc_found
view_exists(struct bnc_view *view, enum bnc_kind kind, const char *ns, const char *name)
{
    struct bnc_reader *reader = reader_of(view);
    record(reader, kind, ns, name, FACET_EXISTS, NULL);
    return bnc_cache_found(reader->edges->cache, kind, ns, name);
}

static enum bnc_found
view_get(struct bnc_view *view, enum bnc_kind kind, const char *ns, const char *name,
         const struct bnc_object **out)
{
    struct bnc_reader *reader = reader_of(view);
    record(reader, kind, ns, name, FACET_OBJECT, NULL);
    *out = bnc_cache_get(reader->edges->cache, kind, ns, name);
    return bnc_cache_found(reader->edges->cache, kind, ns, name);
}

static enum bnc_found
read_data(struct bnc_reader *reader, enum bnc_kind kind, const char *ns, const char *name,
          const char *key, struct bnc_arena *arena, struct bnc_bytes *out)
{
    enum bnc_found found = bnc_cache_found(reader->edges->cache, kind, ns, name);
    if (found != BNC_VIEW_FOUND) {
        return found;
    }
    const struct bnc_object *object = bnc_cache_get(reader->edges->cache, kind, ns, name);
    return data_value(object, key, arena, out) ? BNC_VIEW_FOUND : BNC_VIEW_ABSENT;
}

static enum bnc_found
view_key(struct bnc_view *view, enum bnc_kind kind, const char *ns, const char *name,
         const char *key)
{
    struct bnc_reader *reader = reader_of(view);
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    struct bnc_bytes value = {0};
    record(reader, kind, ns, name, FACET_KEY, key);
    return read_data(reader, kind, ns, name, key, arena, &value);
}

static enum bnc_found
view_value(struct bnc_view *view, enum bnc_kind kind, const char *ns, const char *name,
           const char *key, struct bnc_arena *arena, struct bnc_bytes *out)
{
    struct bnc_reader *reader = reader_of(view);
    record(reader, kind, ns, name, FACET_VALUE, key);
    return read_data(reader, kind, ns, name, key, arena, out);
}

static enum bnc_found
view_list(struct bnc_view *view, enum bnc_kind kind, const char *ns, bnc_view_fn fn,
          void *arg)
{
    struct bnc_reader *reader = reader_of(view);
    record(reader, kind, ns, NULL, FACET_LIST, NULL);
    bnc_cache_each(reader->edges->cache, kind, ns, fn, arg);
    return bnc_cache_knows(reader->edges->cache, kind, ns) ? BNC_VIEW_FOUND
                                                           : BNC_VIEW_PENDING;
}

static const struct bnc_view_ops view_ops = {
    .exists = view_exists,
    .get = view_get,
    .key = view_key,
    .value = view_value,
    .list = view_list,
};

struct bnc_reader *
bnc_reader_new(struct bnc_cache *cache, void *arg)
{
    struct bnc_reader *reader = bnc_alloc(sizeof(*reader));
    reader->view.ops = &view_ops;
    reader->edges = bnc_cache_edges(cache);
    reader->arg = arg;
    return reader;
}

void *
bnc_reader_arg(const struct bnc_reader *reader)
{
    return reader->arg;
}

struct bnc_view *
bnc_reader_begin(struct bnc_reader *reader)
{
    bnc_reader_end(reader);
    reader->old = reader->items;
    reader->n_old = reader->n;
    reader->items = NULL;
    reader->n = reader->room = 0;
    return &reader->view;
}

void
bnc_reader_end(struct bnc_reader *reader)
{
    for (size_t i = 0; i < reader->n_old; i++) {
        remove_edge(reader->edges, reader->old[i]);
    }
    free(reader->old);
    reader->old = NULL;
    reader->n_old = 0;
}

void
bnc_reader_free(struct bnc_reader *reader)
{
    if (reader != NULL) {
        (void)bnc_reader_begin(reader); /* all edges become old ones */
        bnc_reader_end(reader);
        free(reader);
    }
}
