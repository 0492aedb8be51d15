/*
 * The finalizer of an Observatory that writes outside its own namespace: without
 * it nobody would take those objects away.
 */
#ifndef BNC_CONTROLLER_HOLD_H
#define BNC_CONTROLLER_HOLD_H

#include "net/world.h"
#include "source/source.h"

struct bnc_holder; /* opaque */

struct bnc_holder_options {
    struct bnc_world *world;
    struct bnc_source *source;
    bnc_fn retry; /* some time after a write failed */
    /* a write for "NS/NAME" failed, or (message NULL) was done */
    void (*told)(void *arg, const char *owner, const char *message);
    void *arg;
};

struct bnc_holder *bnc_holder_new(const struct bnc_holder_options *options);
void bnc_holder_free(struct bnc_holder *holder); /* NULL is ignored */

/* Put our finalizer on the object, or take it off; once for each version of it. */
void bnc_holder_set(struct bnc_holder *holder, const struct bnc_object *object, bool on);

/* True when no write is under way. */
bool bnc_holder_idle(const struct bnc_holder *holder);

#endif
