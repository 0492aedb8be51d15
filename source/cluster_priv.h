/*
 * The state of a cluster source, shared by cluster.c (life, kinds),
 * cluster_follow.c (single objects) and cluster_write.c.  Inside source/ only.
 */
#ifndef BNC_SOURCE_CLUSTER_PRIV_H
#define BNC_SOURCE_CLUSTER_PRIV_H

#include <sys/queue.h>

#include "kube/apply.h"
#include "kube/reflector.h"
#include "lib/map.h"
#include "source/cluster.h"

struct bnc_cluster;

/* A kind as a whole, in all namespaces or in one. */
struct bnc_cluster_list {
    struct bnc_cluster *cluster;
    enum bnc_kind kind;
    char *ns; /* "": all */
    struct bnc_reflector *reflector;
    bool listed;
};

enum bnc_follow_class {
    BNC_FOLLOW_WANT,      /* the object itself */
    BNC_FOLLOW_OUTPUT,    /* metadata of what we write */
    BNC_FOLLOW_NAMESPACE, /* a namespace that we read in namespaced mode */
    BNC_FOLLOW_CLASSES
};

/* Single objects of one class. */
struct bnc_follow_set {
    struct bnc_map *items; /* "kind/ns/name" -> struct bnc_follow */
    size_t n_watched;
};

struct bnc_cluster_write; /* cluster_write.c */
TAILQ_HEAD(bnc_cluster_writes, bnc_cluster_write);

struct bnc_cluster {
    struct bnc_source base;
    struct bnc_kube *kube;
    struct bnc_world *world;
    char **namespaces; /* ended by NULL; NULL: all */
    bool want_pods;
    bool (*may_write)(void *arg);
    void *may_write_arg;

    const struct bnc_source_listener *listener; /* NULL before start */
    void *arg;
    bool stopped;

    struct bnc_cluster_list *lists;
    size_t n_lists;
    bool kind_synced[BNC_KIND_COUNT];

    struct bnc_follow_set follows[BNC_FOLLOW_CLASSES];
    struct bnc_follow *due_first; /* wait for a read */
    struct bnc_follow *due_last;
    size_t reads;

    struct bnc_cluster_writes waiting; /* what is published, given back or deleted */
    struct bnc_cluster_writes reports; /* status and Events: after all of these */
    struct bnc_cluster_writes sent;    /* in flight, or refused and not told yet */
    size_t n_waiting;                  /* in both queues */
    size_t n_sent;
    size_t n_reports_sent;
    uint64_t n_refused;
    struct bnc_timer *write_timer;
};

/* Begin to follow, or count one more. */
void bnc_follow_add(struct bnc_cluster *cluster, enum bnc_follow_class class,
                    enum bnc_kind kind, const char *ns, const char *name);
void bnc_follow_remove(struct bnc_cluster *cluster, enum bnc_follow_class class,
                       enum bnc_kind kind, const char *ns, const char *name);
/* End all watches and reads; nothing is told any more. */
/* An output was written: it is there, whether a watch shows it or not. */
void bnc_follow_written(struct bnc_cluster *cluster, enum bnc_kind kind, const char *ns,
                        const char *name);
void bnc_follow_stop(struct bnc_cluster *cluster);
void bnc_follow_health(struct bnc_cluster *cluster, bnc_source_watch_fn fn, void *arg);

/* As struct bnc_source_watch has it. */
int64_t bnc_cluster_silent_ms(const struct bnc_cluster *cluster,
                              const struct bnc_reflector_health *health);

/* A namespace that is followed is known, or known to be out of reach. */
void bnc_cluster_namespace_known(struct bnc_cluster *cluster);

void bnc_cluster_write_add(struct bnc_cluster *cluster, const struct bnc_write *write,
                           bnc_write_fn fn, void *arg);
void bnc_cluster_write_init(struct bnc_cluster *cluster);
void bnc_cluster_write_free(struct bnc_cluster *cluster);

/* Tell of an object as it is now. */
void bnc_cluster_put(struct bnc_cluster *cluster, enum bnc_kind kind,
                     const struct bnc_pruned *object);

#endif
