/*
 * The state of a sync, shared by sync.c (life, what is wanted), sync_cycle.c (from a
 * wanted generation to a loaded one), sync_look.c (the folder) and sync_tell.c (reports).
 * Inside sync/ only.
 */
#ifndef BNC_SYNC_SYNC_PRIV_H
#define BNC_SYNC_SYNC_PRIV_H

#include "kube/reflector.h"
#include "sync/gather.h"
#include "sync/load.h"
#include "sync/search.h"
#include "sync/sync.h"

#define BNC_SYNC_SETTLE_MS  100    /* the root comes right after its assets */
#define BNC_SYNC_RETRY_MS   1000   /* after a failure, doubled each time ... */
#define BNC_SYNC_RETRY_MAX  30000  /* ... up to this */
#define BNC_SYNC_LOOK_MS    5000   /* between two looks at the folder */
#define BNC_SYNC_COUNT_MS   15000  /* between two counts of targets */
#define BNC_SYNC_REFUSED_MS 300000 /* until a refused generation is tried again */
#define BNC_SYNC_ID_DIGITS  24

/* What the API server says of one object: whether it is there, and its hash. */
struct bnc_sync_seen {
    struct bnc_sync *sync;
    struct bnc_reflector *reflector;
    bool listed;
    bool exists;
    char hash[BNC_HASH_TEXT_MAX]; /* "": not annotated */
};

struct bnc_sync {
    struct bnc_sync_options options; /* texts in `arena` */
    struct bnc_arena *arena;
    struct bnc_store *store;
    struct bnc_server *server;
    struct bnc_instance *instance;

    /* what is wanted */
    struct bnc_reflector *observatory;
    struct bnc_arena *target_arena;
    struct bnc_target target; /* name NULL: not known */
    bool lost;                /* the Observatory names none any more */
    struct bnc_sync_seen root;
    struct bnc_sync_seen assets;
    char wanted[BNC_SYNC_ID_DIGITS + 1]; /* "": nothing */
    unsigned attempt;   /* grows when the folder has to be written anew */
    int64_t settled_ms; /* monotonic: when what has changed is looked at */

    /* what is being done; at most one of the three */
    struct bnc_timer *work;
    struct bnc_gather *gather;
    struct bnc_load *load;
    struct bnc_search *search;
    bool asking; /* which version Prometheus has */
    char doing[BNC_SYNC_ID_DIGITS + 1];
    unsigned failures;

    /* the generation that was gathered last */
    struct bnc_arena *gathered; /* of these */
    const char *hash;
    const char *config;
    const char *marker;
    const char **texts; /* names of the files with jobs and rules, ended by NULL */
    const char *folder; /* where they are */
    struct bnc_jobs *jobs;
    int major; /* of the running server; 0: not known */
    int minor;

    /* the one that is proved */
    char proved[BNC_SYNC_ID_DIGITS + 1]; /* perhaps by a run before */
    char loaded_hash[BNC_HASH_TEXT_MAX];
    int64_t loaded_ms; /* wall clock */
    struct bnc_jobs *proved_jobs;
    char proved_marker[80];

    /* the one that was refused */
    char refused[BNC_SYNC_ID_DIGITS + 1];
    int64_t refused_ms;                 /* when */
    char words[BNC_SERVER_TEXT_MAX];    /* of Prometheus */
    char refusal[BNC_SERVER_TEXT_MAX];  /* what is told of it */
    char kept[BNC_SERVER_TEXT_MAX / 4]; /* what runs instead, as a text */
    char culprit[BNC_JOB_NAME_MAX + 1];
    /* what a load is of: the wanted one; the last good one, to find the culprit then;
       the last good one, and that is all */
    enum { BNC_SYNC_FORWARD, BNC_SYNC_BACK, BNC_SYNC_CALM } way;

    /* looking after it */
    struct bnc_load_missing missing;      /* named when all files are there */
    char changed[BNC_STORE_MAX_NAME + 1]; /* a file that somebody changed; "": none */
    bool removed;
    struct bnc_timer *look;
    struct bnc_timer *count;
    unsigned silent; /* counts in a row without an answer */
    int64_t up;
    int64_t down;
    uint64_t generations; /* loaded, */
    uint64_t refusals;    /* refused, */
    uint64_t repairs;     /* and written again because somebody changed the folder */
    uint64_t fetched;     /* bytes of files */

    enum bnc_instance_reason reason;
    char message[BNC_SERVER_TEXT_MAX];
};

/* Look at what is wanted and what is done, and do what is next (sync_cycle.c). */
void bnc_sync_work(void *arg);
/* Give up what is under way. */
void bnc_sync_cancel(struct bnc_sync *sync);
/* Have Prometheus load what `way` says; it may run that already: `prove_first`. */
void bnc_sync_start_load(struct bnc_sync *sync, bool prove_first);

/* Something is under way (sync_look.c). */
bool bnc_sync_is_busy(const struct bnc_sync *sync);
/* How many targets are up: asked when nothing else is. */
void bnc_sync_count(void *arg);

/*
 * At the start: a run before may have ended while `current` led to something that was
 * refused, or to a probe.  What was proved is put back, before anything else
 * (sync_look.c).
 */
void bnc_sync_recover(struct bnc_sync *sync);
/* The folder of a generation that runs was changed by somebody: it was told, and has to
 * be written again. */
bool bnc_sync_is_changed(struct bnc_sync *sync);
/* Whether the current generation is not as it was written; sets `changed`, `removed`. */
bool bnc_sync_check(struct bnc_sync *sync);
/* Tell which jobs have no pool, or which rule groups are not there; by `changed`, why. */
void bnc_sync_tell_missing(struct bnc_sync *sync, const struct bnc_load_missing *missing);

/* Tell on the status how it is (sync_tell.c). */
void bnc_sync_tell(struct bnc_sync *sync, enum bnc_instance_reason reason,
                   const char *message);

#endif
