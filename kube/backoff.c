#include "kube/backoff.h"

#define FIRST_MS           1600  /* halved by the jitter: 800 to 1 600 ms */
#define CAP_MS             10000 /* a server that starts refuses for some seconds */
#define CAP_REFUSED_MS     5000
#define RETRY_AFTER_CAP_MS 60000

int64_t
bnc_backoff_next(struct bnc_backoff *backoff, struct bnc_world *world, bool refused,
                 int64_t retry_after_ms)
{
    if (backoff->refused != refused) {
        backoff->failures = 0; /* a server that is back starts with a clean slate */
        backoff->refused = refused;
    }
    int64_t cap = refused ? CAP_REFUSED_MS : CAP_MS;
    int64_t wait = FIRST_MS;
    for (unsigned i = 0; i < backoff->failures && wait < cap; i++) {
        wait *= 2;
    }
    wait = wait < cap ? wait : cap;
    if (backoff->failures < 32) {
        backoff->failures++;
    }
    uint64_t random = bnc_world_random(world);
    wait = wait / 2 + (int64_t)(random % (uint64_t)(wait / 2 + 1));

    return retry_after_ms > wait ? retry_after_ms : wait;
}

int64_t
bnc_backoff_asked(struct bnc_world *world, int64_t retry_after_ms)
{
    if (retry_after_ms <= 0) {
        return 0;
    }
    if (retry_after_ms > RETRY_AFTER_CAP_MS) {
        retry_after_ms = RETRY_AFTER_CAP_MS;
    }
    uint64_t spread = (uint64_t)retry_after_ms / 5 + 1;
    return retry_after_ms + (int64_t)(bnc_world_random(world) % spread);
}

void
bnc_backoff_reset(struct bnc_backoff *backoff)
{
    backoff->failures = 0;
}
