/*
 * Events about objects of users (events.k8s.io/v1), aggregated as client-go does: the
 * first is created, the second makes it a series, those after that are only counted and
 * written now and then.
 */
#ifndef BNC_CONTROLLER_EVENTS_H
#define BNC_CONTROLLER_EVENTS_H

#include "net/world.h"
#include "source/source.h"

#define BNC_EVENTS_MAX       4096    /* series that are remembered; the oldest go */
#define BNC_EVENTS_UNDER_WAY 1000    /* writes not answered; more Events are dropped */
#define BNC_EVENT_REFRESH_MS 1800000 /* a series that goes on is written so often */
#define BNC_EVENT_SILENCE_MS 360000  /* then a series ends, with its last count */
#define BNC_EVENT_RETRY_MS   10000   /* without an answer; plus up to a quarter */
#define BNC_EVENT_TRIES      12
#define BNC_EVENT_NOTES      5 /* other notes of one series that are new Events ... */
#define BNC_EVENT_NOTES_MS   300000 /* ... and how soon there is one more of them */

struct bnc_events; /* opaque */

struct bnc_events_stats {
    uint64_t written; /* created, or counted up, at the API server */
    uint64_t counted; /* those that were not written by themselves */
    uint64_t dropped; /* too many under way, or refused */
};

/* `instance`: the pod's name.  Owns: the caller; free it before its source. */
struct bnc_events *
bnc_events_new(struct bnc_world *world, struct bnc_source *source, const char *instance);
void bnc_events_free(struct bnc_events *events); /* NULL is ignored */
BNC_DEFINE_AUTO(bnc_events);

/*
 * A Warning.  Of one object and one reason there is one series, whatever the notes say;
 * a note that is new makes an Event of its own, within limits, since no note can be
 * changed later.  The name comes from what it says: after a restart the same is not
 * told twice.
 */
void bnc_event_write(struct bnc_events *events, const struct bnc_object *object,
                     const char *reason, const char *message);

/* Write the counts that are still to be written: before the source is stopped. */
void bnc_events_flush(struct bnc_events *events);

struct bnc_events_stats bnc_events_stats(const struct bnc_events *events);

#endif
