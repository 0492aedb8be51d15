/*
 * The loop: facts from a source into the engine, results to the publisher, then
 * status and Events.
 */
#ifndef BNC_CONTROLLER_CONTROLLER_H
#define BNC_CONTROLLER_CONTROLLER_H

#include "controller/engine.h"
#include "controller/publish.h"
#include "controller/troubles.h"

struct bnc_controller; /* opaque */

struct bnc_controller_options {
    struct bnc_world *world;
    struct bnc_source *source;
    const struct bnc_reconciler *reconcilers;
    size_t n_reconcilers;
    const struct bnc_planner *planner;
    const struct bnc_settings *settings;
    const char *instance; /* of Events: the pod's name */
    bool statuses;        /* write status and Events */
    bool read_only;       /* write nothing at all */
    bool standby;         /* write nothing before bnc_controller_lead() */
    /* Asked before each request to a Grafana; NULL: always. */
    bool (*may_write)(void *arg);
    void *may_write_arg;
    /* All work is done and written, for now; may be NULL. */
    void (*on_settled)(void *arg, struct bnc_controller *controller);
    /* A write failed and will be tried again; may be NULL. */
    void (*on_failure)(void *arg, const char *message);
    void *arg;
};

#define BNC_SLICE           64    /* units of work a turn */
#define BNC_REF_PATIENCE_MS 30000 /* what is referred to must be known by then */

struct bnc_controller_stats {
    struct bnc_engine_stats engine;
    uint64_t writes; /* of outputs */
    uint64_t status_writes;
    uint64_t events;
    uint64_t turns;
    int64_t longest_turn_us;
    size_t objects[BNC_KIND_COUNT];
    size_t cache_bytes;
};

/* Owns: the caller; free it before its source. */
struct bnc_controller *bnc_controller_new(const struct bnc_controller_options *options);
void bnc_controller_free(struct bnc_controller *controller); /* NULL is ignored */
BNC_DEFINE_AUTO(bnc_controller);

/* Start the source and work from then on. */
void bnc_controller_start(struct bnc_controller *controller);

/*
 * One on standby has become the leader: what it has compiled goes out as soon as the
 * Observatories are read anew.
 */
void bnc_controller_lead(struct bnc_controller *controller);

/*
 * Begin nothing new: no work, no write.  The source is stopped; what is under way there
 * is still answered.
 */
void bnc_controller_stop(struct bnc_controller *controller);

/* True while a Grafana has not answered. */
bool bnc_controller_asking(const struct bnc_controller *controller);

const struct bnc_engine *bnc_controller_engine(const struct bnc_controller *controller);
const struct bnc_publisher *
bnc_controller_publisher(const struct bnc_controller *controller);
struct bnc_controller_stats bnc_controller_stats(const struct bnc_controller *controller);

/* True when nothing waits: no work, no write. */
bool bnc_controller_settled(const struct bnc_controller *controller);

/* Not ready yet: why, in one line; NULL when the caches are whole. */
const char *bnc_controller_not_ready(const struct bnc_controller *controller,
                                     struct bnc_arena *arena);

/* A failing list or watch, for /readyz?verbose; in byte order of the text. */
void bnc_controller_troubles(const struct bnc_controller *controller, bnc_trouble_fn fn,
                             void *arg);

#endif
