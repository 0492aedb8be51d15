/*
 * Fields of other people's objects, sent as the plan asks: one patch at a time for each
 * object, made for the version that is known, tried again when it fails.  What others
 * undo five times in a minute is left for five minutes; another wish begins anew.
 */
#ifndef BNC_CONTROLLER_PATCHES_H
#define BNC_CONTROLLER_PATCHES_H

#include "controller/cache.h"
#include "controller/engine.h"
#include "controller/publish.h"
#include "net/world.h"
#include "source/source.h"

struct bnc_patcher; /* opaque */

struct bnc_patcher_options {
    struct bnc_world *world;
    struct bnc_source *source;
    const struct bnc_cache *cache; /* for the version that a patch is made for */
    bnc_fn retry;                  /* plan and set again: some time after a failure */
    void *arg;
};

struct bnc_patcher *bnc_patcher_new(const struct bnc_patcher_options *options);
void bnc_patcher_free(struct bnc_patcher *patcher); /* NULL is ignored */

/* What a result asks for; sent unless it was sent already, or waits after a failure. */
void bnc_patcher_set(struct bnc_patcher *patcher, const struct bnc_result *result);

/* Why the patches of an Observatory ("NS/NAME") are not in place; NULL: they are. */
const char *bnc_patcher_failure(const struct bnc_patcher *patcher, const char *owner);

/* An earlier life of this process may have patched it a moment ago. */
void bnc_patcher_claim(struct bnc_patcher *patcher, const struct bnc_held *of,
                       const char *owner);

/*
 * Every object of `owner` that may have been patched since it was read: what is known of
 * it does not say whether values of ours are in it.
 */
void bnc_patcher_unseen(const struct bnc_patcher *patcher, const char *owner,
                        bnc_output_fn fn, void *arg);

/* True when no write is under way and none waits. */
bool bnc_patcher_idle(const struct bnc_patcher *patcher);

#endif
