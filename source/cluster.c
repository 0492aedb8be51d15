#include "source/cluster.h"

#include <stdlib.h>
#include <string.h>

#include "source/cluster_priv.h"

static struct bnc_cluster *
self(struct bnc_source *source)
{
    return (struct bnc_cluster *)source;
}

/* ---- what reflectors of whole kinds tell --------------------------------------- */

void
bnc_cluster_put(struct bnc_cluster *cluster, enum bnc_kind kind,
                const struct bnc_pruned *object)
{
    cluster->listener->put(cluster->arg, bnc_object_new(kind, object, NULL));
}

static void
list_put(void *arg, const struct bnc_pruned *object)
{
    struct bnc_cluster_list *list = arg;
    bnc_cluster_put(list->cluster, list->kind, object);
}

static void
list_gone(void *arg, const char *ns, const char *name)
{
    struct bnc_cluster_list *list = arg;
    list->cluster->listener->gone(list->cluster->arg, list->kind, ns, name);
}

/* A kind is synced when every namespace that is read has been listed. */
static void
list_listed(void *arg)
{
    struct bnc_cluster_list *list = arg;
    struct bnc_cluster *cluster = list->cluster;

    list->listed = true;
    for (size_t i = 0; i < cluster->n_lists; i++) {
        if (cluster->lists[i].kind == list->kind && !cluster->lists[i].listed) {
            return;
        }
    }
    if (!cluster->kind_synced[list->kind]) {
        cluster->kind_synced[list->kind] = true;
        cluster->listener->synced(cluster->arg, list->kind, "", NULL);
    }
}

static void
list_trouble(void *arg, const struct bnc_error *err)
{
    struct bnc_cluster_list *list = arg;
    list->cluster->listener->trouble(list->cluster->arg, list->kind, list->ns, NULL, err);
}

/* Namespaces one by one: nothing is made up for one that may not be read. */
void
bnc_cluster_namespace_known(struct bnc_cluster *cluster)
{
    if (!cluster->kind_synced[BNC_KIND_NAMESPACE]) {
        cluster->kind_synced[BNC_KIND_NAMESPACE] = true;
        cluster->listener->synced(cluster->arg, BNC_KIND_NAMESPACE, "", NULL);
    }
}

/* ---- start --------------------------------------------------------------------- */

static void
start_list(struct bnc_cluster *cluster, enum bnc_kind kind, const char *ns)
{
    static const struct bnc_reflector_ops ops = {
        .put = list_put,
        .gone = list_gone,
        .listed = list_listed,
        .trouble = list_trouble,
    };
    struct bnc_cluster_list *list = &cluster->lists[cluster->n_lists++];
    const struct bnc_reflector_options options = {.kind = kind, .ns = ns};

    list->cluster = cluster;
    list->kind = kind;
    list->ns = bnc_strdup(ns);
    list->reflector = bnc_reflector_new(cluster->kube, &options, &ops, list);
}

static void
start_kind(struct bnc_cluster *cluster, enum bnc_kind kind)
{
    bool by_namespace = cluster->namespaces != NULL;

    if (!by_namespace) {
        start_list(cluster, kind, "");
        return;
    }
    for (size_t i = 0; cluster->namespaces[i] != NULL; i++) {
        if (kind == BNC_KIND_NAMESPACE) {
            bnc_follow_add(cluster, BNC_FOLLOW_NAMESPACE, kind, "",
                           cluster->namespaces[i]);
        } else {
            start_list(cluster, kind, cluster->namespaces[i]);
        }
    }
}

static void
cluster_start(struct bnc_source *source, const struct bnc_source_listener *listener,
              void *arg)
{
    struct bnc_cluster *cluster = self(source);
    size_t scopes = 1;

    cluster->listener = listener;
    cluster->arg = arg;
    if (cluster->namespaces != NULL) {
        for (scopes = 0; cluster->namespaces[scopes] != NULL;) {
            scopes++;
        }
    }
    /* never moved: reflectors point into it */
    cluster->lists = bnc_alloc(scopes * BNC_KIND_COUNT * sizeof(*cluster->lists));
    for (enum bnc_kind kind = 0; kind < BNC_KIND_COUNT; kind++) {
        bool wanted = kind != BNC_KIND_POD || cluster->want_pods;
        if (wanted && !bnc_kind_info(kind)->by_name) {
            start_kind(cluster, kind);
        }
    }
}

/* ---- the other operations ------------------------------------------------------ */

static void
cluster_want(struct bnc_source *source, enum bnc_kind kind, const char *ns,
             const char *name)
{
    bnc_follow_add(self(source), BNC_FOLLOW_WANT, kind, ns, name);
}

static void
cluster_unwant(struct bnc_source *source, enum bnc_kind kind, const char *ns,
               const char *name)
{
    bnc_follow_remove(self(source), BNC_FOLLOW_WANT, kind, ns, name);
}

static void
cluster_watch_output(struct bnc_source *source, enum bnc_kind kind, const char *ns,
                     const char *name)
{
    bnc_follow_add(self(source), BNC_FOLLOW_OUTPUT, kind, ns, name);
}

static void
cluster_unwatch_output(struct bnc_source *source, enum bnc_kind kind, const char *ns,
                       const char *name)
{
    bnc_follow_remove(self(source), BNC_FOLLOW_OUTPUT, kind, ns, name);
}

static void
cluster_write(struct bnc_source *source, const struct bnc_write *write, bnc_write_fn fn,
              void *arg)
{
    bnc_cluster_write_add(self(source), write, fn, arg);
}

static void
end_lists(struct bnc_cluster *cluster)
{
    for (size_t i = 0; i < cluster->n_lists; i++) {
        bnc_reflector_free(cluster->lists[i].reflector);
        cluster->lists[i].reflector = NULL;
    }
}

static bool
cluster_refresh(struct bnc_source *source, enum bnc_kind kind)
{
    struct bnc_cluster *cluster = self(source);
    bool any = false;

    for (size_t i = 0; i < cluster->n_lists; i++) {
        struct bnc_cluster_list *list = &cluster->lists[i];
        if (list->kind == kind && list->reflector != NULL &&
            bnc_reflector_relist(list->reflector)) {
            list->listed = false;
            cluster->kind_synced[kind] = false;
            any = true;
        }
    }
    return any;
}

static void
cluster_stop(struct bnc_source *source)
{
    struct bnc_cluster *cluster = self(source);
    cluster->stopped = true;
    end_lists(cluster);
    bnc_follow_stop(cluster);
}

static void
cluster_free(struct bnc_source *source)
{
    struct bnc_cluster *cluster = self(source);

    cluster_stop(source);
    bnc_cluster_write_free(cluster);
    for (size_t i = 0; i < cluster->n_lists; i++) {
        free(cluster->lists[i].ns);
    }
    for (size_t i = 0; i < BNC_FOLLOW_CLASSES; i++) {
        bnc_map_free(cluster->follows[i].items);
    }
    for (size_t i = 0; cluster->namespaces != NULL && cluster->namespaces[i] != NULL;
         i++) {
        free(cluster->namespaces[i]);
    }
    free(cluster->namespaces);
    free(cluster->lists);
    free(cluster);
}

/* ---- public -------------------------------------------------------------------- */

static char **
copy_namespaces(const char *const *namespaces)
{
    size_t n = 0;
    while (namespaces != NULL && namespaces[n] != NULL) {
        n++;
    }
    if (n == 0) {
        return NULL;
    }
    char **copy = bnc_alloc((n + 1) * sizeof(*copy));
    for (size_t i = 0; i < n; i++) {
        copy[i] = bnc_strdup(namespaces[i]);
    }
    return copy;
}

struct bnc_source *
bnc_source_cluster_new(struct bnc_kube *kube,
                       const struct bnc_source_cluster_options *options)
{
    static const struct bnc_source_ops ops = {
        .free = cluster_free,
        .start = cluster_start,
        .want = cluster_want,
        .unwant = cluster_unwant,
        .watch_output = cluster_watch_output,
        .unwatch_output = cluster_unwatch_output,
        .write = cluster_write,
        .refresh = cluster_refresh,
        .stop = cluster_stop,
    };
    struct bnc_cluster *cluster = bnc_alloc(sizeof(*cluster));

    cluster->base.ops = &ops;
    cluster->kube = kube;
    cluster->world = bnc_kube_world(kube);
    cluster->namespaces = copy_namespaces(options->namespaces);
    cluster->want_pods = options->want_pods;
    cluster->may_write = options->may_write;
    cluster->may_write_arg = options->may_write_arg;
    for (size_t i = 0; i < BNC_FOLLOW_CLASSES; i++) {
        cluster->follows[i].items = bnc_map_new();
    }
    bnc_cluster_write_init(cluster);
    return &cluster->base;
}

int64_t
bnc_cluster_silent_ms(const struct bnc_cluster *cluster,
                      const struct bnc_reflector_health *health)
{
    return health->last_contact_ms < 0
               ? -1
               : bnc_world_mono_ms(cluster->world) - health->last_contact_ms;
}

void
bnc_source_cluster_health(struct bnc_source *source, bnc_source_watch_fn fn, void *arg)
{
    struct bnc_cluster *cluster = self(source);

    for (size_t i = 0; i < cluster->n_lists; i++) {
        const struct bnc_cluster_list *list = &cluster->lists[i];
        struct bnc_reflector_health health = {.state = BNC_REFLECTOR_STOPPED,
                                              .version = "",
                                              .error = "",
                                              .last_contact_ms = -1};
        if (list->reflector != NULL) {
            bnc_reflector_health_get(list->reflector, &health);
        }
        const struct bnc_source_watch watch = {
            .kind = list->kind,
            .ns = list->ns,
            .name = "",
            .state = bnc_reflector_state_name(health.state),
            .synced = list->listed,
            .objects = health.objects,
            .error = health.error,
            .version = health.version,
            .silent_ms = bnc_cluster_silent_ms(cluster, &health),
        };
        fn(arg, &watch);
    }
    bnc_follow_health(cluster, fn, arg);
}
