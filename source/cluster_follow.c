/*
 * Single objects of a cluster source: a watch each while there are few, a slow
 * round of reads for the rest, and for what may be read but not watched.
 */
#include <stdlib.h>
#include <string.h>

#include "kube/backoff.h"
#include "source/cluster_priv.h"

#define WATCHED_MAX    64 /* of a class */
#define WATCHED_ALL    84 /* with the kinds below 100: what one connection carries */
#define READS_MAX      8  /* at the same time */
#define READ_EVERY_MS  60000
#define READ_SPREAD_MS 6000
#define WATCH_AGAIN    10 /* reads until a watch that was denied is tried again */

struct bnc_follow {
    struct bnc_cluster *cluster;
    enum bnc_follow_class class;
    enum bnc_kind kind;
    char *ns;
    char *name;
    size_t refs;

    struct bnc_reflector *reflector; /* NULL: read now and then */
    bool denied;                     /* the watch was */
    struct bnc_timer *timer;         /* the next read */
    struct bnc_kube_call *call;
    struct bnc_follow *next_due;
    bool is_due;
    unsigned n_reads;
    struct bnc_backoff backoff;

    bool known;    /* was told of */
    bool present;  /* and is there */
    bool unseen;   /* a watch has just taken over: is it still there? */
    char *version; /* of the last read, "" none */
    struct bnc_error error;

    unsigned depth; /* callbacks under way: one of them may drop it */
    bool dead;
};

static void start_due_reads(struct bnc_cluster *cluster);
static void begin_watch(struct bnc_follow *f);
static void begin_reads(struct bnc_follow *f);

static bool
may_watch(const struct bnc_cluster *cluster, enum bnc_follow_class class)
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

/* ---- life ----------------------------------------------------------------- */

static void
destroy(struct bnc_follow *f)
{
    free(f->ns);
    free(f->name);
    free(f->version);
    free(f);
}

static void
leave(struct bnc_follow *f)
{
    if (--f->depth == 0 && f->dead) {
        destroy(f);
    }
}

static void
take_from_due(struct bnc_follow *f)
{
    struct bnc_cluster *cluster = f->cluster;
    struct bnc_follow *before = NULL;

    for (struct bnc_follow *at = cluster->due_first; at != NULL; at = at->next_due) {
        if (at == f) {
            if (before == NULL) {
                cluster->due_first = f->next_due;
            } else {
                before->next_due = f->next_due;
            }
            cluster->due_last = cluster->due_last == f ? before : cluster->due_last;
            break;
        }
        before = at;
    }
    f->is_due = false;
    f->next_due = NULL;
}

/* It is in no map any more. */
static void
drop(struct bnc_follow *f)
{
    struct bnc_cluster *cluster = f->cluster;

    if (f->reflector != NULL) {
        cluster->follows[f->class].n_watched--;
        bnc_reflector_free(f->reflector);
        f->reflector = NULL;
    }
    if (f->call != NULL) {
        bnc_kube_cancel(f->call);
        f->call = NULL;
        cluster->reads--;
    }
    if (f->is_due) {
        take_from_due(f);
    }
    bnc_timer_free(f->timer);
    f->timer = NULL;
    f->dead = true;
    if (f->depth == 0) {
        destroy(f);
    }
}

/* ---- what is told --------------------------------------------------------- */

static void
tell_put(struct bnc_follow *f, const struct bnc_pruned *object)
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

static void
tell_gone(struct bnc_follow *f)
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
static void
tell_known(struct bnc_follow *f)
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

static void
tell_trouble(struct bnc_follow *f, const struct bnc_error *err)
{
    if (f->error.code == err->code && strcmp(f->error.message, err->message) == 0) {
        return;
    }
    f->error = *err;
    f->cluster->listener->trouble(f->cluster->arg, f->kind, f->ns, f->name, &f->error);
}

/* ---- by a watch ----------------------------------------------------------- */

static void
watch_put(void *arg, const struct bnc_pruned *object)
{
    struct bnc_follow *f = arg;
    tell_put(f, object);
}

static void
watch_gone(void *arg, const char *ns, const char *name)
{
    struct bnc_follow *f = arg;
    BNC_UNUSED(ns);
    BNC_UNUSED(name);
    tell_gone(f);
}

static void
watch_listed(void *arg)
{
    struct bnc_follow *f = arg;

    f->depth++;
    if (f->unseen) {
        tell_gone(f);
    }
    if (!f->dead) {
        tell_known(f);
    }
    leave(f);
}

static void
watch_trouble(void *arg, const struct bnc_error *err)
{
    struct bnc_follow *f = arg;

    if (err->code == BNC_DENIED) {
        /* `get` may be allowed by name where `watch` is not: the read will tell */
        f->denied = true;
        begin_reads(f);
        return;
    }
    tell_trouble(f, err);
}

static void
begin_watch(struct bnc_follow *f)
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

/* ---- by reads ------------------------------------------------------------- */

static void
read_later(struct bnc_follow *f, int64_t wait_ms)
{
    if (f->timer != NULL) {
        bnc_timer_set(f->timer, wait_ms);
    }
}

static void
read_ok(struct bnc_follow *f, struct bnc_bytes body)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    const struct bnc_keep *keep =
        f->class == BNC_FOLLOW_OUTPUT ? bnc_keep_metadata : bnc_kind_info(f->kind)->keep;
    struct bnc_pruned object = {0};
    struct bnc_error err = {0};

    if (bnc_prune(keep, body.ptr, body.len, arena, &object, &err)) {
        tell_trouble(f, &err);
        return;
    }
    if (f->present && strcmp(f->version, object.resource_version) == 0) {
        return;
    }
    free(f->version);
    f->version = bnc_strdup(object.resource_version);
    tell_put(f, &object);
}

static void
read_failed(struct bnc_follow *f, const struct bnc_kube_result *result)
{
    read_later(f, bnc_backoff_next(&f->backoff, f->cluster->world,
                                   result->http_status == 0, result->retry_after_ms));
    tell_trouble(f, &result->err);
    if (!f->dead && f->class == BNC_FOLLOW_NAMESPACE && result->err.code == BNC_DENIED) {
        tell_known(f); /* a Role in the namespace need not allow to read it itself */
    }
}

static void
read_answered(struct bnc_follow *f, const struct bnc_kube_result *result)
{
    static const struct bnc_error fine = {0};
    bool absent = result->err.code == BNC_NOT_FOUND;

    if (result->err.code != BNC_OK && !absent) {
        read_failed(f, result);
        return;
    }
    bnc_backoff_reset(&f->backoff);
    read_later(f, READ_EVERY_MS +
                      (int64_t)(bnc_world_random(f->cluster->world) % READ_SPREAD_MS));
    f->n_reads++;
    tell_trouble(f, &fine);
    if (!f->dead && absent && f->present) {
        tell_gone(f);
    }
    if (!f->dead && !absent) {
        read_ok(f, result->body);
    }
    if (!f->dead && f->error.code == BNC_OK) {
        tell_known(f);
    }
}

static void
on_read(void *arg, const struct bnc_kube_result *result)
{
    struct bnc_follow *f = arg;
    struct bnc_cluster *cluster = f->cluster;

    f->depth++;
    f->call = NULL;
    cluster->reads--;
    read_answered(f, result);
    leave(f);
    if (!cluster->stopped) {
        start_due_reads(cluster);
    }
}

static void
start_read(struct bnc_follow *f)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    struct bnc_str path = bnc_str_new(arena, BNC_URL_MAX);
    struct bnc_kube_result failed = {.http_status = 400};

    if (bnc_url_path(&path, bnc_kind_info(f->kind), f->ns, f->name, NULL, &failed.err)) {
        read_failed(f, &failed);
        return;
    }
    struct bnc_kube_request request = {
        .group = BNC_HTTP_UNARY,
        .method = "GET",
        .path = path.ptr,
        .accept = f->class == BNC_FOLLOW_OUTPUT
                      ? "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,"
                        "application/json"
                      : NULL,
    };
    f->cluster->reads++;
    f->call = bnc_kube_start(f->cluster->kube, &request, on_read, f);
}

static void
start_due_reads(struct bnc_cluster *cluster)
{
    while (cluster->due_first != NULL && cluster->reads < READS_MAX) {
        struct bnc_follow *f = cluster->due_first;
        take_from_due(f);
        f->depth++;
        start_read(f);
        leave(f);
    }
}

static void
on_timer(void *arg)
{
    struct bnc_follow *f = arg;
    struct bnc_cluster *cluster = f->cluster;

    if (f->reflector != NULL) { /* denied: the watch ends outside of its callback */
        cluster->follows[f->class].n_watched--;
        bnc_reflector_free(f->reflector);
        f->reflector = NULL;
    } else if (f->denied && f->n_reads >= WATCH_AGAIN && may_watch(cluster, f->class)) {
        f->n_reads = 0;
        begin_watch(f);
        return;
    }
    if (cluster->due_last == NULL) {
        cluster->due_first = f;
    } else {
        cluster->due_last->next_due = f;
    }
    cluster->due_last = f;
    f->is_due = true;
    start_due_reads(cluster);
}

static void
begin_reads(struct bnc_follow *f)
{
    f->n_reads = 0;
    read_later(f, 0);
}

/* ---- public --------------------------------------------------------------- */

/* A watch has become free: the first that is read takes it. */
static void
promote(struct bnc_cluster *cluster, enum bnc_follow_class class)
{
    size_t at = 0;
    void *item = NULL;

    while (bnc_map_next(cluster->follows[class].items, &at, NULL, &item)) {
        struct bnc_follow *f = item;
        if (f->reflector == NULL && !f->denied && f->call == NULL && !f->is_due) {
            begin_watch(f);
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
    f->timer = bnc_timer_new(cluster->world, on_timer, f);
    (void)bnc_map_put(set->items, key, f);
    if (may_watch(cluster, class)) {
        begin_watch(f);
    } else {
        begin_reads(f);
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
    if (may_watch(cluster, class)) {
        promote(cluster, class);
    }
    if (cluster->due_first != NULL) { /* the read that has ended may have been the last */
        struct bnc_follow *due = cluster->due_first;
        take_from_due(due);
        read_later(due, 0);
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
    };
    if (f->reflector != NULL) {
        bnc_reflector_health_get(f->reflector, &health);
        watch.state = bnc_reflector_state_name(health.state);
        watch.error = health.error;
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
