/*
 * The API server as a source: whole kinds and single objects are listed and
 * watched, writes go out a few at a time.
 */
#ifndef BNC_SOURCE_CLUSTER_H
#define BNC_SOURCE_CLUSTER_H

#include "kube/client.h"
#include "source/source.h"

struct bnc_source_cluster_options {
    /* Ended by NULL: only these namespaces are read; NULL or none: all. */
    const char *const *namespaces;
    bool want_pods; /* pods are many: only when somebody needs them */
    /*
     * Asked right before a write is sent, for the Lease: false refuses it with
     * DENIED.  NULL: always.
     */
    bool (*may_write)(void *arg);
    void *may_write_arg;
};

/* Owns: the caller, bnc_source_free(); `kube` outlives it. All options are copied. */
struct bnc_source *
bnc_source_cluster_new(struct bnc_kube *kube,
                       const struct bnc_source_cluster_options *options);

/* One list, watch or round of reads. */
struct bnc_source_watch {
    enum bnc_kind kind;
    const char *ns;   /* "": all */
    const char *name; /* "": all */
    bool output;      /* metadata of an object that we write */
    /* "listing", "opening", "watching", "failing", "polling", "not installed" */
    const char *state;
    bool synced;
    size_t objects;
    const char *error;   /* "" when it works */
    const char *version; /* the last resourceVersion seen; "" none */
    int64_t silent_ms;   /* since its last byte; -1: none was due yet, or it is polled */
};
typedef void (*bnc_source_watch_fn)(void *arg, const struct bnc_source_watch *watch);

/* Tell of each watch, in the order of kinds, then of names. */
void
bnc_source_cluster_health(struct bnc_source *source, bnc_source_watch_fn fn, void *arg);

struct bnc_source_cluster_load {
    size_t writes_waiting;
    size_t writes_in_flight;
    uint64_t writes_refused; /* the queue was full */
    size_t watched;          /* single objects with a watch */
    size_t polled;           /* single objects that are read each minute */
};
void bnc_source_cluster_load_get(struct bnc_source *source,
                                 struct bnc_source_cluster_load *out);

#endif
