/*
 * Waiting before the next try: doubling, capped, with jitter.  One for each
 * watch: a failing one never slows the others down.
 */
#ifndef BNC_KUBE_BACKOFF_H
#define BNC_KUBE_BACKOFF_H

#include "net/world.h"

/* Zero it to begin. */
struct bnc_backoff {
    unsigned failures;
    bool refused; /* what the failures were: no answer at all, or an answer */
};

/*
 * The time to wait after one more failure.  `refused`: nobody answered, so the
 * cap is low and the server's return is met soon.  `retry_after_ms` is from
 * bnc_backoff_asked(): never less than that.
 * Units: milliseconds.
 */
int64_t bnc_backoff_next(struct bnc_backoff *backoff, struct bnc_world *world,
                         bool refused, int64_t retry_after_ms);

/*
 * What a server asks for (Retry-After), as it is kept to: at most 60 s, and up to a
 * fifth more so that not all come back at once.  0 stays 0.
 * Units: milliseconds.
 */
int64_t bnc_backoff_asked(struct bnc_world *world, int64_t retry_after_ms);

void bnc_backoff_reset(struct bnc_backoff *backoff);

#endif
