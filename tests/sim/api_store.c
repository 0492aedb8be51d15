#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tests/sim/api_internal.h"

/* ---- versions ------------------------------------------------------------------- */

struct bnc_api_version *
bnc_api_version_ref(struct bnc_api_version *v)
{
    v->refs++;
    return v;
}

void
bnc_api_version_unref(struct bnc_api_version *v)
{
    if (v == NULL || --v->refs > 0) {
        return;
    }
    free(v->key);
    free(v->ns);
    free(v->name);
    free(v->uid);
    free(v->text);
    free(v->labels);
    free(v->meta);
    free(v);
}

static char *
key_of(const char *ns, const char *name)
{
    struct bnc_str key = bnc_str_new(NULL, 4096);
    bnc_str_fmt(&key, "%s/%s", ns, name);
    return key.ptr;
}

struct bnc_api_version *
bnc_api_find(const struct bnc_api_resource *res, const char *ns, const char *name)
{
    char key[1024];
    (void)snprintf(key, sizeof(key), "%s/%s", ns, name);
    return bnc_map_get(res->objects, key);
}

struct bnc_jv *
bnc_api_tree(struct bnc_arena *arena, const struct bnc_api_version *v)
{
    return bnc_jv_parse(arena, v->text, v->len);
}

static char *
label_text(const struct bnc_jv *labels)
{
    struct bnc_str text = bnc_str_new(NULL, (size_t)1 << 20);
    bnc_str_puts(&text, "\n");
    for (const struct bnc_jv *l = labels == NULL ? NULL : labels->child; l != NULL;
         l = l->next) {
        bnc_str_fmt(&text, "%s=%s\n", l->key, l->type == BNC_JV_STRING ? l->text : "");
    }
    return text.ptr;
}

static struct bnc_api_version *
make_version(struct bnc_arena *arena, const struct bnc_api_kind *kind,
             struct bnc_jv *tree, int64_t rv)
{
    struct bnc_api_version *v = bnc_alloc(sizeof(*v));
    struct bnc_jv *meta = bnc_jv_need(arena, tree, "metadata");
    bnc_jv_set(arena, meta, "resourceVersion",
               bnc_jv_string(arena, bnc_arena_fmt(arena, "%lld", (long long)rv)));
    bnc_api_arrange(kind, tree);
    meta = bnc_jv_get(tree, "metadata");
    struct bnc_str text = bnc_str_new(NULL, (size_t)64 << 20);
    bnc_jv_print(tree, &text);
    v->refs = 1;
    v->rv = rv;
    v->ns = bnc_strdup(bnc_jv_text(meta, "namespace", ""));
    v->name = bnc_strdup(bnc_jv_text(meta, "name", ""));
    v->uid = bnc_strdup(bnc_jv_text(meta, "uid", ""));
    v->key = key_of(v->ns, v->name);
    v->text = text.ptr;
    v->len = text.len;
    v->labels = label_text(bnc_jv_get(meta, "labels"));
    v->owned = bnc_jv_get(meta, "ownerReferences") != NULL;
    return v;
}

/* ---- history ---------------------------------------------------------------------- */

static void
event_free(struct bnc_api_event *event)
{
    bnc_api_version_unref(event->now);
    bnc_api_version_unref(event->before);
}

void
bnc_api_compact_to(struct bnc_sim_api *api, struct bnc_api_resource *res, int64_t rv)
{
    size_t n = 0;
    BNC_UNUSED(api);
    while (n < res->n_history && res->history[n].rv <= rv) {
        event_free(&res->history[n++]);
    }
    if (n > 0) {
        res->n_history -= n;
        memmove(res->history, res->history + n, res->n_history * sizeof(*res->history));
    }
    res->oldest_rv = rv > res->oldest_rv ? rv : res->oldest_rv;
}

/* `now` and `before` are taken. */
static void
record(struct bnc_sim_api *api, struct bnc_api_resource *res, struct bnc_api_event event)
{
    if (res->n_history == res->history_room) {
        res->history_room = res->history_room == 0 ? 16 : res->history_room * 2;
        res->history =
            bnc_realloc(res->history, res->history_room * sizeof(*res->history));
    }
    res->history[res->n_history++] = event;
    if (res->n_history > api->history_max * 2) {
        bnc_api_compact_to(api, res,
                           res->history[res->n_history - api->history_max - 1].rv);
    }
    bnc_api_trace_event(api, res, &event);
    bnc_api_watchers_tell(api, res, &event);
}

static int
by_key(const void *a, const void *b)
{
    const struct bnc_api_version *const *x = a;
    const struct bnc_api_version *const *y = b;
    return strcmp((*x)->key, (*y)->key);
}

static struct bnc_api_version **
sorted(const struct bnc_map *objects, size_t *n)
{
    struct bnc_api_version **list =
        bnc_alloc((bnc_map_count(objects) + 1) * sizeof(struct bnc_api_version *));
    void *value;
    size_t at = 0;
    *n = 0;
    while (bnc_map_next(objects, &at, NULL, &value)) {
        list[(*n)++] = bnc_api_version_ref(value);
    }
    qsort(list, *n, sizeof(struct bnc_api_version *), by_key);
    return list;
}

struct bnc_api_version **
bnc_api_state_at(const struct bnc_sim_api *api, const struct bnc_api_resource *res,
                 int64_t rv, size_t *n)
{
    BNC_UNUSED(api);
    if (rv < res->oldest_rv) {
        return NULL;
    }
    if (res->n_history == 0 || res->history[res->n_history - 1].rv <= rv) {
        return sorted(res->objects, n);
    }
    BNC_AUTO(bnc_map) past = bnc_map_new();
    const char *key;
    void *value;
    size_t at = 0;
    while (bnc_map_next(res->objects, &at, &key, &value)) {
        (void)bnc_map_put(past, key, value);
    }
    for (size_t i = res->n_history; i > 0 && res->history[i - 1].rv > rv; i--) {
        const struct bnc_api_event *event = &res->history[i - 1];
        if (event->before == NULL) {
            (void)bnc_map_take(past, event->now->key);
        } else {
            (void)bnc_map_put(past, event->before->key, event->before);
        }
    }
    return sorted(past, n);
}

/* ---- changes ------------------------------------------------------------------------
 */

static void collect(void *arg);

static void
collect_soon(struct bnc_sim_api *api)
{
    if (api->collector.slot == 0) {
        int64_t us = 20000 + (int64_t)bnc_sim_below(api->sim, 400000);
        bnc_sim_schedule(api->sim, &api->collector, us, collect, api, "collector");
    }
}

struct bnc_api_version *
bnc_api_commit(struct bnc_sim_api *api, struct bnc_arena *arena,
               struct bnc_api_resource *res, struct bnc_jv *tree)
{
    struct bnc_api_version *now = make_version(arena, res->kind, tree, ++api->rv);
    struct bnc_api_version *before = bnc_map_put(res->objects, now->key, now);
    if (*now->uid != '\0') {
        (void)bnc_map_put(api->uids, now->uid, now);
    }
    bnc_sim_note(api->sim, before == NULL ? "created" : "changed", now->key, now->rv);
    if (now->owned) {
        collect_soon(api);
    }
    record(api, res,
           (struct bnc_api_event){.change =
                                      before == NULL ? BNC_API_ADDED : BNC_API_MODIFIED,
                                  .rv = now->rv,
                                  .now = bnc_api_version_ref(now),
                                  .before = before});
    return now;
}

void
bnc_api_take(struct bnc_sim_api *api, struct bnc_arena *arena,
             struct bnc_api_resource *res, struct bnc_api_version *v)
{
    struct bnc_jv *tree = bnc_api_tree(arena, v);
    struct bnc_api_version *last = make_version(arena, res->kind, tree, ++api->rv);
    (void)bnc_map_take(res->objects, v->key);
    (void)bnc_map_take(api->uids, v->uid);
    bnc_sim_note(api->sim, "deleted", v->key, last->rv);
    collect_soon(api);
    record(api, res,
           (struct bnc_api_event){
               .change = BNC_API_DELETED, .rv = last->rv, .now = last, .before = v});
}

bool
bnc_api_remove(struct bnc_sim_api *api, struct bnc_api_resource *res,
               struct bnc_api_version *v)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    struct bnc_jv *tree = bnc_api_tree(arena, v);
    struct bnc_jv *meta = bnc_jv_get(tree, "metadata");
    const struct bnc_jv *finalizers = bnc_jv_get(meta, "finalizers");
    if (finalizers == NULL || finalizers->child == NULL) {
        bnc_api_take(api, arena, res, v);
        return true;
    }
    if (bnc_jv_get(meta, "deletionTimestamp") == NULL) {
        bnc_jv_set(arena, meta, "deletionTimestamp",
                   bnc_jv_string(arena, bnc_api_time(api, arena)));
        bnc_jv_set(arena, meta, "deletionGracePeriodSeconds", bnc_jv_number(arena, 0));
        if (res->kind->generation) {
            bnc_jv_set(arena, meta, "generation",
                       bnc_jv_number(arena, bnc_jv_int(meta, "generation", 1) + 1));
        }
        (void)bnc_api_commit(api, arena, res, tree);
    }
    return false;
}

void
bnc_api_remove_namespace(struct bnc_sim_api *api, const char *ns)
{
    for (size_t i = 0; i < api->n_resources; i++) {
        struct bnc_api_resource *res = &api->resources[i];
        void *value;
        size_t at = 0;
        while (res->kind->namespaced && bnc_map_next(res->objects, &at, NULL, &value)) {
            if (strcmp(((struct bnc_api_version *)value)->ns, ns) == 0) {
                BNC_AUTO(bnc_arena) arena = bnc_arena_new();
                bnc_api_take(api, arena, res, value);
            }
        }
    }
    struct bnc_api_resource *namespaces = bnc_api_resource_of(api, "Namespace");
    struct bnc_api_version *v = bnc_api_find(namespaces, "", ns);
    if (v != NULL) {
        BNC_AUTO(bnc_arena) arena = bnc_arena_new();
        bnc_api_take(api, arena, namespaces, v);
    }
}

/* ---- garbage: what names owners none of which exists
 * ------------------------------------ */

static bool
is_garbage(struct bnc_sim_api *api, const struct bnc_api_version *v)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    const struct bnc_jv *meta = bnc_jv_get(bnc_api_tree(arena, v), "metadata");
    const struct bnc_jv *owners = bnc_jv_get(meta, "ownerReferences");
    if (owners == NULL || owners->child == NULL) {
        return false;
    }
    for (const struct bnc_jv *o = owners->child; o != NULL; o = o->next) {
        const struct bnc_api_version *owner =
            bnc_map_get(api->uids, bnc_jv_text(o, "uid", ""));
        if (owner != NULL && (*owner->ns == '\0' || strcmp(owner->ns, v->ns) == 0) &&
            strcmp(owner->name, bnc_jv_text(o, "name", "")) == 0) {
            return false;
        }
    }
    return true;
}

static void
collect(void *arg)
{
    struct bnc_sim_api *api = arg;
    for (size_t i = 0; i < api->n_resources; i++) {
        struct bnc_api_resource *res = &api->resources[i];
        void *value;
        size_t at = 0;
        while (bnc_map_next(res->objects, &at, NULL, &value)) {
            struct bnc_api_version *v = value;
            if (v->owned && is_garbage(api, v)) {
                bnc_api_trace_direct(api, "collect", "", "", NULL, res->kind, v->ns,
                                     v->name);
                (void)bnc_api_remove(api, res, v);
            }
        }
    }
}

const char *
bnc_api_time(struct bnc_sim_api *api, struct bnc_arena *arena)
{
    char text[32];
    struct tm tm;
    time_t seconds = (time_t)(bnc_world_wall_ms(bnc_sim_world(api->sim)) / 1000);
    (void)gmtime_r(&seconds, &tm);
    (void)strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm);
    return bnc_arena_strdup(arena, text);
}

void
bnc_api_store_free(struct bnc_sim_api *api)
{
    for (size_t i = 0; i < api->n_resources; i++) {
        struct bnc_api_resource *res = &api->resources[i];
        void *value;
        size_t at = 0;
        while (bnc_map_next(res->objects, &at, NULL, &value)) {
            bnc_api_version_unref(value);
        }
        bnc_map_free(res->objects);
        for (size_t k = 0; k < res->n_history; k++) {
            event_free(&res->history[k]);
        }
        free(res->history);
    }
    free(api->resources);
    bnc_map_free(api->uids);
}
