/*
 * Any bytes as metav1.Status and as what Prometheus answers to a query: texts are cut at
 * whole characters, numbers are in their range.
 */
#include "controller/measure_answer.h"
#include "kube/status.h"
#include "tests/fuzz/fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static const int statuses[] = {200, 204, 302, 400, 401, 403, 404, 422, 429, 503};
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    const struct bnc_bytes text = {bnc_arena_strndup(arena, (const char *)data, n), n};
    struct bnc_kube_status status;

    bnc_kube_status_read(text, &status);
    require(strlen(status.reason) < sizeof(status.reason));
    require(bnc_utf8_valid(status.reason, strlen(status.reason)));
    require(bnc_utf8_valid(status.message, strlen(status.message)));
    require(status.retry_after_ms >= 0);
    for (size_t i = 0; i < BNC_LEN(statuses); i++) {
        struct bnc_error err = {0};
        int64_t rate = -1;
        enum bnc_code code = bnc_measure_answer(statuses[i], text, &rate, &err);
        require_error(code, &err);
        require((code == BNC_OK) == (rate >= 0));
        require(code != BNC_OK || statuses[i] == 200);
    }
    return 0;
}
