/*
 * What this instance says of itself in the Observatory's status: its own entry of
 * status.prometheus.instances (or of another block), by server-side apply under a name of
 * its own.
 */
#ifndef BNC_SYNC_INSTANCE_H
#define BNC_SYNC_INSTANCE_H

#include "kube/apply.h"

#define BNC_INSTANCE_HEARTBEAT_MS 60000 /* an entry is written at least this often */
#define BNC_INSTANCE_MESSAGE_MAX  1024  /* bytes; longer ones are cut */
#define BNC_INSTANCE_CULPRITS_MAX 10

enum bnc_instance_reason {
    BNC_INSTANCE_LOADED,        /* Prometheus runs `hash`, and that was proved */
    BNC_INSTANCE_LOADING,       /* a newer one is on its way */
    BNC_INSTANCE_REFUSED,       /* Prometheus does not take the newer one */
    BNC_INSTANCE_POOLS_MISSING, /* it took it, but some jobs are not there */
    BNC_INSTANCE_RULES_MISSING, /* the same of rule groups */
    BNC_INSTANCE_TAMPERED,      /* the published content is not what its hash says */
    BNC_INSTANCE_INCOMPLETE,    /* a part is not there */
    BNC_INSTANCE_WRITE_FAILED,  /* our own folder cannot be written */
    BNC_INSTANCE_UNREACHABLE,   /* Prometheus does not answer */
    BNC_INSTANCE_REASON_COUNT
};

/* "Loaded", "PoolsMissing", ... */
const char *bnc_instance_reason_name(enum bnc_instance_reason reason);

struct bnc_instance_state {
    const char *hash;       /* "sha256:.." that runs; NULL: none, or not known */
    int64_t loaded_wall_ms; /* since when, milliseconds since 1970; 0: not known */
    enum bnc_instance_reason reason;
    const char *message;         /* NULL: none */
    const char *const *culprits; /* jobs or rule groups because of which it is refused */
    size_t n_culprits;           /* the first BNC_INSTANCE_CULPRITS_MAX are said */
    int64_t targets_up;          /* -1: not known; the same for the next */
    int64_t targets_down;
};

struct bnc_instance; /* opaque */

/* All is copied. */
struct bnc_instance_options {
    const char *ns; /* of the Observatory */
    const char *observatory;
    const char *name; /* of this instance: of its pod */
    int64_t shard;
    const char *block; /* of the status; NULL: prometheus.  Others have no shards */
};

/* Owns: the caller, and frees it before `kube`; a write under way is then dropped. */
struct bnc_instance *
bnc_instance_new(struct bnc_kube *kube, const struct bnc_instance_options *options);
void bnc_instance_free(struct bnc_instance *instance); /* NULL is ignored */
BNC_DEFINE_AUTO(bnc_instance);

/*
 * The state from now on; all is copied.  It is written when it differs from what was
 * written last, at most once a second, and again after BNC_INSTANCE_HEARTBEAT_MS.
 * Numbers of targets alone are no difference: they go with the next write.  Never are
 * two writes under way; a failed one is tried again after a wait of its own.
 */
void bnc_instance_report(struct bnc_instance *instance,
                         const struct bnc_instance_state *state);

/*
 * What was written is not there any more, or what could not be written now can be:
 * write the state soon, not at the next heartbeat.
 */
void bnc_instance_again(struct bnc_instance *instance);

/*
 * What a watch of published objects came to: told, and with code BNC_OK (it works again)
 * what could not be written meanwhile is written soon.
 */
void bnc_instance_watched(struct bnc_instance *instance, const struct bnc_error *err);

/* Why the last write failed; code BNC_OK: it did not, or there was none. */
const struct bnc_error *bnc_instance_trouble(const struct bnc_instance *instance);

#endif
