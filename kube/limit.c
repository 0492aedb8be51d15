#include "kube/limit.h"

void
bnc_limit_init(struct bnc_limit *limit, double per_second, unsigned burst, int64_t now_ms)
{
    double room = burst < 1 ? 1 : (double)burst;
    *limit = (struct bnc_limit){per_second, room, room, now_ms};
}

int64_t
bnc_limit_wait_ms(struct bnc_limit *limit, int64_t now_ms)
{
    if (limit->per_second <= 0) {
        return 0;
    }
    limit->tokens += (double)(now_ms - limit->at_ms) * limit->per_second / 1000;
    limit->tokens = limit->tokens > limit->burst ? limit->burst : limit->tokens;
    limit->at_ms = now_ms;
    double missing = 1 - limit->tokens;
    return missing <= 0 ? 0 : 1 + (int64_t)(missing * 1000 / limit->per_second);
}

bool
bnc_limit_take(struct bnc_limit *limit, int64_t now_ms)
{
    if (bnc_limit_wait_ms(limit, now_ms) > 0) {
        return false;
    }
    limit->tokens -= limit->per_second > 0 ? 1 : 0;
    return true;
}
