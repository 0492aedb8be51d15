/*
 * Single objects of a cluster source: a watch each while there are few; the rest
 * is read now and then, and so is what may be read but not watched.
 */
#include <stdlib.h>
#include <string.h>

#include "source/cluster_follow.h"

#define WATCHED_MAX 64 /* of a class */
#define WATCHED_ALL 79 /* with the kinds below 100: what one connection carries */

bool
bnc_follow_may_watch(const struct bnc_cluster *cluster, enum bnc_follow_class class)
{
    size_t all = 0;
    for (size_t i = 0; i < BNC_FOLLOW_CLASSES; i++) {
        all += cluster->follows[i].n_watched;
    }
    return cluster->follows[class].n_watched < WATCHED_MAX && all < WATCHED_ALL;
}

static const char *
make_key(struct bnc_arena *arena, enum bnc_kind kind, const char *ns, const char *name)
{
    return bnc_arena_fmt(arena, "%s/%s/%s", bnc_kind_info(kind)->name, ns, name);
}

/* ---- life ---------------------------------------------------------------------- */

static void
destroy(struct bnc_follow *f)
{
    free(f->ns);
    free(f->name);
    free(f->version);
    free(f);
}

void
bnc_follow_leave(struct bnc_follow *f)
{
    if (--f->depth == 0 && f->dead) {
        destroy(f);
    }
}

/* It is in no map any more. */
static void
drop(struct bnc_follow *f)
{
    if (f->reflector != NULL) {
        f->cluster->follows[f->class].n_watched--;
        bnc_reflector_free(f->reflector);
        f->reflector = NULL;
    }
    bnc_timer_free(f->timer);
    f->timer = NULL;
    f->dead = true;
    bnc_follow_end_reads(f);
    if (f->depth == 0) {
        destroy(f);
    }
}

/* ---- what is told -------------------------------------------------------------- */

void
bnc_follow_tell_put(struct bnc_follow *f, const struct bnc_pruned *object)
{
    struct bnc_cluster *cluster = f->cluster;
    f->present = true;
    f->unseen = false;
    if (f->class == BNC_FOLLOW_OUTPUT) {
        cluster->listener->output(cluster->arg, f->kind, f->ns, f->name, object);
    } else {
        bnc_cluster_put(cluster, f->kind, object);
    }
}

void
bnc_follow_tell_gone(struct bnc_follow *f)
{
    struct bnc_cluster *cluster = f->cluster;
    f->present = false;
    f->unseen = false;
    if (f->class == BNC_FOLLOW_OUTPUT) {
        cluster->listener->output(cluster->arg, f->kind, f->ns, f->name, NULL);
    } else {
        cluster->listener->gone(cluster->arg, f->kind, f->ns, f->name);
    }
}

/* In namespaced mode the kind is synced with the last of the namespaces. */
static void
count_namespaces(struct bnc_cluster *cluster)
{
    size_t at = 0;
    void *item = NULL;

    while (bnc_map_next(cluster->follows[BNC_FOLLOW_NAMESPACE].items, &at, NULL, &item)) {
        const struct bnc_follow *f = item;
        if (!f->known) {
            return;
        }
    }
    bnc_cluster_namespace_known(cluster);
}

/* Now it is clear whether it exists. */
void
bnc_follow_tell_known(struct bnc_follow *f)
{
    struct bnc_cluster *cluster = f->cluster;

    if (f->known) {
        return;
    }
    f->known = true;
    if (f->class == BNC_FOLLOW_WANT) {
        cluster->listener->synced(cluster->arg, f->kind, f->ns, f->name);
    } else if (f->class == BNC_FOLLOW_NAMESPACE) {
        count_namespaces(cluster);
    } else if (!f->present) {
        cluster->listener->output(cluster->arg, f->kind, f->ns, f->name, NULL);
    }
}

void
bnc_follow_tell_trouble(struct bnc_follow *f, const struct bnc_error *err)
{
    if (f->error.code == err->code && strcmp(f->error.message, err->message) == 0) {
        return;
    }
    f->error = *err;
    f->cluster->listener->trouble(f->cluster->arg, f->kind, f->ns, f->name, &f->error);
}

/* ---- by a watch ---------------------------------------------------------------- */

static void
watch_put(void *arg, const struct bnc_pruned *object)
{
    struct bnc_follow *f = arg;
    bnc_follow_tell_put(f, object);
}

static void
watch_gone(void *arg, const char *ns, const char *name)
{
    struct bnc_follow *f = arg;
    BNC_UNUSED(ns);
    BNC_UNUSED(name);
    bnc_follow_tell_gone(f);
}

static void
watch_listed(void *arg)
{
    struct bnc_follow *f = arg;

    f->depth++;
    /* what failed may have been the slow round that it was in before */
    bnc_follow_tell_trouble(f, &(struct bnc_error){0});
    if (f->unseen) {
        bnc_follow_tell_gone(f);
    }
    if (!f->dead) {
        bnc_follow_tell_known(f);
    }
    bnc_follow_leave(f);
}

static void
watch_trouble(void *arg, const struct bnc_error *err)
{
    struct bnc_follow *f = arg;

    if (err->code == BNC_DENIED) {
        /* `get` may be allowed by name where `watch` is not: the read will tell */
        f->denied = true;
        bnc_follow_begin_reads(f);
        return;
    }
    bnc_follow_tell_trouble(f, err);
}

void
bnc_follow_begin_watch(struct bnc_follow *f)
{
    static const struct bnc_reflector_ops ops = {
        .put = watch_put,
        .gone = watch_gone,
        .listed = watch_listed,
        .trouble = watch_trouble,
    };
    const struct bnc_reflector_options options = {
        .kind = f->kind,
        .ns = f->ns,
        .name = f->name,
        .metadata_only = f->class == BNC_FOLLOW_OUTPUT,
    };
    bnc_timer_stop(f->timer);
    f->denied = false;
    f->unseen = f->present;
    f->cluster->follows[f->class].n_watched++;
    f->reflector = bnc_reflector_new(f->cluster->kube, &options, &ops, f);
}

/* ---- public -------------------------------------------------------------------- */

/* A watch has become free: the first that is read takes it. */
static void
promote(struct bnc_cluster *cluster, enum bnc_follow_class class)
{
    size_t at = 0;
    void *item = NULL;

    while (bnc_map_next(cluster->follows[class].items, &at, NULL, &item)) {
        struct bnc_follow *f = item;
        if (f->reflector == NULL && !f->denied && f->call == NULL && !f->is_due) {
            bnc_follow_begin_watch(f);
            return;
        }
    }
}

void
bnc_follow_add(struct bnc_cluster *cluster, enum bnc_follow_class class,
               enum bnc_kind kind, const char *ns, const char *name)
{
    struct bnc_follow_set *set = &cluster->follows[class];
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();

    if (cluster->stopped) {
        return;
    }
    const char *key = make_key(arena, kind, ns, name);
    struct bnc_follow *f = bnc_map_get(set->items, key);
    if (f != NULL) {
        f->refs++;
        return;
    }
    f = bnc_alloc(sizeof(*f));
    f->cluster = cluster;
    f->class = class;
    f->kind = kind;
    f->ns = bnc_strdup(ns);
    f->name = bnc_strdup(name);
    f->version = bnc_strdup("");
    f->refs = 1;
    f->timer = bnc_timer_new(cluster->world, bnc_follow_read_due, f);
    (void)bnc_map_put(set->items, key, f);
    if (bnc_follow_may_watch(cluster, class)) {
        bnc_follow_begin_watch(f);
    } else {
        bnc_follow_begin_reads(f);
    }
}

void
bnc_follow_written(struct bnc_cluster *cluster, enum bnc_kind kind, const char *ns,
                   const char *name)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    const char *key = make_key(arena, kind, ns, name);
    struct bnc_follow *f = bnc_map_get(cluster->follows[BNC_FOLLOW_OUTPUT].items, key);

    if (f == NULL) {
        return;
    }
    f->present = true; /* when it goes before it was ever seen, that is told */
    if (f->reflector != NULL) {
        bnc_reflector_expect(f->reflector, ns, name);
    }
}

void
bnc_follow_remove(struct bnc_cluster *cluster, enum bnc_follow_class class,
                  enum bnc_kind kind, const char *ns, const char *name)
{
    struct bnc_follow_set *set = &cluster->follows[class];
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();

    const char *key = make_key(arena, kind, ns, name);
    struct bnc_follow *f = bnc_map_get(set->items, key);
    if (f == NULL || --f->refs > 0) {
        return;
    }
    (void)bnc_map_take(set->items, key);
    drop(f);
    if (bnc_follow_may_watch(cluster, class)) {
        promote(cluster, class);
    }
}

void
bnc_follow_stop(struct bnc_cluster *cluster)
{
    for (size_t i = 0; i < BNC_FOLLOW_CLASSES; i++) {
        size_t at = 0;
        const char *key = NULL;
        void *item = NULL;
        while (bnc_map_next(cluster->follows[i].items, &at, &key, &item)) {
            (void)bnc_map_take(cluster->follows[i].items, key);
            drop(item);
        }
    }
}

static void
tell_health(const struct bnc_follow *f, bnc_source_watch_fn fn, void *arg)
{
    struct bnc_reflector_health health = {0};
    struct bnc_source_watch watch = {
        .kind = f->kind,
        .ns = f->ns,
        .name = f->name,
        .output = f->class == BNC_FOLLOW_OUTPUT,
        .state = f->error.code == BNC_OK ? "polling" : "failing",
        .synced = f->known,
        .objects = f->present ? 1 : 0,
        .error = f->error.message,
        .version = f->version == NULL ? "" : f->version,
        .silent_ms = -1,
    };
    if (f->reflector != NULL) {
        bnc_reflector_health_get(f->reflector, &health);
        watch.state = bnc_reflector_state_name(health.state);
        watch.error = health.error;
        watch.version = health.version;
        watch.silent_ms = bnc_cluster_silent_ms(f->cluster, &health);
    }
    fn(arg, &watch);
}

void
bnc_follow_health(struct bnc_cluster *cluster, bnc_source_watch_fn fn, void *arg)
{
    for (size_t i = 0; i < BNC_FOLLOW_CLASSES; i++) {
        const char **keys = bnc_map_sorted_keys(cluster->follows[i].items);
        for (size_t k = 0; k < bnc_map_count(cluster->follows[i].items); k++) {
            tell_health(bnc_map_get(cluster->follows[i].items, keys[k]), fn, arg);
        }
        free(keys);
    }
}

void
bnc_source_cluster_load_get(struct bnc_source *source,
                            struct bnc_source_cluster_load *out)
{
    const struct bnc_cluster *cluster = (const struct bnc_cluster *)source;

    *out = (struct bnc_source_cluster_load){
        .writes_waiting = cluster->n_waiting,
        .writes_in_flight = cluster->n_sent,
        .writes_refused = cluster->n_refused,
    };
    for (size_t i = 0; i < BNC_FOLLOW_CLASSES; i++) {
        size_t all = bnc_map_count(cluster->follows[i].items);
        out->watched += cluster->follows[i].n_watched;
        out->polled += all - cluster->follows[i].n_watched;
    }
}
