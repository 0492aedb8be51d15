/*
 * Events about objects of users.
 */
#ifndef BNC_CONTROLLER_EVENTS_H
#define BNC_CONTROLLER_EVENTS_H

#include "net/world.h"
#include "source/source.h"

/* Where they go; `written` counts those that got there. */
struct bnc_events {
    struct bnc_world *world;
    struct bnc_source *source;
    const char *instance;
    uint64_t written;
};

/*
 * A Warning (events.k8s.io/v1).  Its name comes from what it says, so that the
 * same is not told twice, not even after a restart.
 */
void bnc_event_write(struct bnc_events *events, const struct bnc_object *object,
                     const char *reason, const char *message);

#endif
