/*
 * Leader election by one Lease: who writes, and how long that is certain.  Numbers and
 * steps are those of client-go's leaderelection; where two could write for a moment
 * there, here nobody does.  docs/high-availability.md tells the rules.
 */
#ifndef BNC_CONTROLLER_LEADER_H
#define BNC_CONTROLLER_LEADER_H

#include "kube/lease.h"

struct bnc_leader; /* opaque */

/* Units: milliseconds. */
struct bnc_leader_times {
    int64_t lease_ms;    /* whole seconds; others wait that long after the last renewal */
    int64_t deadline_ms; /* nothing is written that long after the last renewal */
    int64_t retry_ms;    /* between two renewals, or (times 1 to 2.2) two looks */
};

#define BNC_LEADER_TIMES_DEFAULT ((struct bnc_leader_times){15000, 10000, 2000})

/* Errors: INVALID, naming the flag and what would be right. */
enum bnc_code bnc_leader_check(const struct bnc_leader_times *times,
                               struct bnc_error *err) BNC_MUST_CHECK;

/*
 * The timeout of a write while leading: one that is sent at the last moment has ended
 * before another one may lead.  4 s with the default times.
 */
int64_t bnc_leader_write_timeout_ms(const struct bnc_leader_times *times);

struct bnc_leader_options {
    struct bnc_world *world;
    struct bnc_kube *kube; /* outlives it */
    const char *ns;
    const char *name;
    const char *identity; /* of this life of this process, and of no other */
    struct bnc_leader_times times;
    void (*acquired)(void *arg);              /* it leads from now on */
    void (*lost)(void *arg, const char *why); /* for ever: the process has to end */
    void (*released)(void *arg); /* what bnc_leader_release() has asked for is done */
    void *arg;
};

/* Owns: the caller.  All is copied. */
struct bnc_leader *bnc_leader_new(const struct bnc_leader_options *options);
void bnc_leader_free(struct bnc_leader *leader); /* no callback; NULL is ignored */
BNC_DEFINE_AUTO(bnc_leader);

/* "HOST_UUID", another one at each call. */
const char *
bnc_leader_identity(struct bnc_world *world, const char *host, struct bnc_arena *arena);

void bnc_leader_start(struct bnc_leader *leader);

/* Stop; what is ours is given away, for 5 s at most.  Then `released`. */
void bnc_leader_release(struct bnc_leader *leader);

/*
 * True when a write may be sent now: this process leads, and renewed its Lease within
 * the deadline on the clock that counts suspends.
 */
bool bnc_leader_may_write(struct bnc_leader *leader);

struct bnc_leader_state {
    bool leads;
    bool healthy;       /* false: it leads, and its Lease has been over for 20 s */
    uint64_t slow;      /* renewals that had to read the Lease first */
    const char *holder; /* as seen last; "": nobody or not known.  Borrowed */
};
struct bnc_leader_state bnc_leader_state_get(const struct bnc_leader *leader);

#endif
