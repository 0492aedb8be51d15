/*
 * The compiler in the middle: facts in, desired objects and verdicts out.  No
 * I/O, no clock but for metrics: the same facts give the same results, in any order.  The
 * work that a change asks for is queued and done in slices.
 */
#ifndef BNC_CONTROLLER_ENGINE_H
#define BNC_CONTROLLER_ENGINE_H

#include "controller/cache.h"
#include "controller/queue.h"
#include "lib/hash.h"
#include "model/plan.h"

/* On what holds something outside its own namespace: given back before it goes. */
#define BNC_FINALIZER "binnacle.dev/release"

struct bnc_engine; /* opaque */

/* On a part: its name on disk; and the root that it belongs to. */
#define BNC_ANNOTATION_FILE    "binnacle.dev/file"
#define BNC_ANNOTATION_PART_OF "binnacle.dev/part-of"
#define BNC_ANNOTATION_SLOT    "binnacle.dev/slot" /* on one: its number */
/* On a root: for each slot, the digits that end its file's name; "-": it is empty. */
#define BNC_ANNOTATION_SLOTS "binnacle.dev/slots"
#define BNC_PART_HASH_DIGITS 16

enum bnc_role {
    BNC_ROLE_ROOT,   /* what a reader begins with: written last */
    BNC_ROLE_PART,   /* named by its content, immutable; the root says which count */
    BNC_ROLE_SLOT,   /* of a fixed name, with the file of now and the one before */
    BNC_ROLE_ASSETS, /* files that a root names: written before it */
    BNC_ROLE_BESIDE  /* what no root names */
};

/* An object that has to be as `body` says. */
struct bnc_desired {
    enum bnc_role role;
    enum bnc_kind kind;
    int64_t shard;
    const char *ns;
    const char *name;
    const char *file;         /* what its content is called on disk; "": an empty slot */
    const char *root;         /* of a part or slot: the name of its root */
    const char *slots;        /* of a root with slots: BNC_ANNOTATION_SLOTS */
    size_t slot;              /* of a slot: which */
    const char *revision;     /* of the mesh: label istio.io/rev; NULL: none */
    struct bnc_bytes content; /* as it travels; ptr NULL: files that are secret */
    bool packed;              /* the content is gzip */
    size_t size;              /* of the content as text */
    struct bnc_bytes body;    /* JSON: the full intent for server-side apply */
    char hash[BNC_HASH_TEXT_MAX]; /* "sha256:..." of its content, never of compressed
                                     bytes */
};

struct bnc_gapi_want; /* controller/grafana.h */

/* One Observatory's results; borrowed until the next fact. */
struct bnc_result {
    const struct bnc_object *object; /* the Observatory */
    const struct bnc_diags *diags;   /* what is wrong with it; errors: it is rejected */
    bool ready;                      /* desired is complete and may be published */
    bool pending;                    /* waits for a fact */
    bool suspended;
    bool orphan;     /* binnacle.dev/orphan: "true": nothing is deleted with it */
    bool outside;    /* something is written outside of its namespace */
    bool told_first; /* its status names parts and credentials before they are written:
                        a crash between two writes must not leave one that is unknown */
    bool held;       /* it has our finalizer */
    const struct bnc_desired *desired;
    size_t n_desired;
    const struct bnc_plan *plan;         /* NULL when it was rejected */
    const struct bnc_gapi_want *grafana; /* with secrets; NULL: no Grafana is asked */
    size_t n_jobs;
    uint64_t revision; /* grows whenever any of this changed */
};

struct bnc_engine_options {
    struct bnc_world *world; /* to time the queue of compiles; NULL: it is not */
    const struct bnc_reconciler *reconcilers;
    size_t n_reconcilers;
    const struct bnc_planner *planner;
    const struct bnc_settings *settings;
    /* begin and end to follow a Secret or ConfigMap */
    void (*want)(void *arg, enum bnc_kind kind, const char *ns, const char *name);
    void (*unwant)(void *arg, enum bnc_kind kind, const char *ns, const char *name);
    /* running pods of a mesh changed: see bnc_engine_pods() */
    void (*pods_changed)(void *arg);
    void *arg;
};

struct bnc_engine_stats {
    uint64_t compiles;
    uint64_t plans;
    uint64_t lowered;
    uint64_t packed; /* pieces compressed: blocks of a document, or parts */
    uint64_t linked;
};

/* Owns: the caller.  The options' pointers are borrowed for its life. */
struct bnc_engine *bnc_engine_new(const struct bnc_engine_options *options);
void bnc_engine_free(struct bnc_engine *engine); /* NULL is ignored */
BNC_DEFINE_AUTO(bnc_engine);

/* Facts, as a source tells them.  put takes the reference; false: nothing that is kept
 * of the object has changed. */
bool bnc_engine_put(struct bnc_engine *engine, struct bnc_object *object);
void bnc_engine_gone(struct bnc_engine *engine, enum bnc_kind kind, const char *ns,
                     const char *name);
void bnc_engine_synced(struct bnc_engine *engine, enum bnc_kind kind, const char *ns,
                       const char *name);
void bnc_engine_denied(struct bnc_engine *engine, enum bnc_kind kind, const char *ns,
                       const char *name);

/*
 * Do up to `budget` units of work (a compile, a plan, a job lowered, a document
 * linked).  True when there is more to do.  Does nothing until every kind that
 * is listed was synced once.
 */
bool bnc_engine_work(struct bnc_engine *engine, size_t budget);

/*
 * Plan anew, for Observatories with a mesh, with the running pods as they are now.  They
 * come and go by the hundred and change statuses only, so it is for the caller to say
 * when: pods_changed tells that there is a reason.
 */
void bnc_engine_pods(struct bnc_engine *engine);

/* True when nothing is left to do: only then do results hold together. */
bool bnc_engine_idle(const struct bnc_engine *engine);

/* True when all kinds have been listed; else the first that is missing, if asked. */
bool bnc_engine_synced_all(const struct bnc_engine *engine, const char **missing);

/* Observatories in byte order of (namespace, name). */
size_t bnc_engine_count(const struct bnc_engine *engine);
const struct bnc_result *bnc_engine_result(const struct bnc_engine *engine, size_t i);

const struct bnc_cache *bnc_engine_cache(const struct bnc_engine *engine);
/* Compiled objects of a kind, to report on them: fn in byte order. */
typedef void (*bnc_member_fn)(void *arg, const struct bnc_member *member);
void bnc_engine_members(const struct bnc_engine *engine, enum bnc_kind kind,
                        bnc_member_fn fn, void *arg);
struct bnc_engine_stats bnc_engine_stats(const struct bnc_engine *engine);
/* Of compiles, for /metrics. */
void bnc_engine_queue(const struct bnc_engine *engine, struct bnc_queue_stats *out);

#endif
