/*
 * The real world: libevent, libcurl, the file system, processes of this machine.
 */
#ifndef BNC_NET_REAL_H
#define BNC_NET_REAL_H

#include "net/world.h"

/*
 * SIGPIPE is ignored from here on.  Signals reach one world only: have one at a
 * time.  `seed` 0 takes one from the kernel.
 *
 * Owns:   the caller; bnc_world_free() outside of bnc_world_run().  Timers,
 *         listeners and watches are freed before their world; calls, exchanges
 *         and children that are left go with it, without a callback.
 * Errors: NULL and `err` when the kernel refuses an event loop.
 */
struct bnc_world *bnc_world_real_new(uint64_t seed, struct bnc_error *err) BNC_MUST_CHECK;

#endif
