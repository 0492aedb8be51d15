/*
 * A single object that is followed: shared by cluster_follow.c (watches, what is
 * told) and cluster_read.c (reads).  Inside source/ only.
 */
#ifndef BNC_SOURCE_CLUSTER_FOLLOW_H
#define BNC_SOURCE_CLUSTER_FOLLOW_H

#include "kube/backoff.h"
#include "source/cluster_priv.h"

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

/* After callbacks: it may have been dropped by one of them. */
void bnc_follow_leave(struct bnc_follow *f);

void bnc_follow_tell_put(struct bnc_follow *f, const struct bnc_pruned *object);
void bnc_follow_tell_gone(struct bnc_follow *f);
void bnc_follow_tell_known(struct bnc_follow *f);
void bnc_follow_tell_trouble(struct bnc_follow *f, const struct bnc_error *err);

/* True when one more watch of this class may be opened. */
bool bnc_follow_may_watch(const struct bnc_cluster *cluster, enum bnc_follow_class class);
void bnc_follow_begin_watch(struct bnc_follow *f);

/* Read it now and then, beginning in the next turn. */
void bnc_follow_begin_reads(struct bnc_follow *f);
/* Its timer: the next read is due. */
void bnc_follow_read_due(void *arg);
/* It is dropped: end its read and let another begin. */
void bnc_follow_end_reads(struct bnc_follow *f);

#endif
