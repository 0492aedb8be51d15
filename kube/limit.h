/*
 * A token bucket: so many requests at once, then so many a second.
 */
#ifndef BNC_KUBE_LIMIT_H
#define BNC_KUBE_LIMIT_H

#include "lib/base.h"

struct bnc_limit {
    double per_second; /* 0: no limit */
    double burst;      /* what a full bucket holds */
    double tokens;
    int64_t at_ms; /* when `tokens` was right; monotonic */
};

/* A full bucket. */
void bnc_limit_init(struct bnc_limit *limit, double per_second, unsigned burst,
                    int64_t now_ms);
/* True: a token was taken. */
bool bnc_limit_take(struct bnc_limit *limit, int64_t now_ms);
/* Until there is a token; 0: now.  Units: milliseconds. */
int64_t bnc_limit_wait_ms(struct bnc_limit *limit, int64_t now_ms);

#endif
