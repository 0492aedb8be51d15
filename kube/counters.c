#include "kube/counters.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

static const char *const relist_names[] = {
    [BNC_RELIST_FIRST] = "first",       [BNC_RELIST_EXPIRED] = "expired",
    [BNC_RELIST_TOO_NEW] = "too_new",   [BNC_RELIST_ERROR] = "error",
    [BNC_RELIST_BAD_DATA] = "bad_data", [BNC_RELIST_SILENT] = "silent",
    [BNC_RELIST_RETRY] = "retry",       [BNC_RELIST_ABSENT] = "absent",
    [BNC_RELIST_ASKED] = "asked",
};
static_assert(BNC_LEN(relist_names) == BNC_RELIST_COUNT, "every reason needs a name");

const char *
bnc_relist_name(enum bnc_relist reason)
{
    return (size_t)reason < BNC_LEN(relist_names) ? relist_names[reason] : "unknown";
}

void
bnc_kube_counters_request(struct bnc_kube_counters *counters, const char *method,
                          int status)
{
    for (size_t i = 0; i < counters->n_requests; i++) {
        struct bnc_kube_request_row *row = &counters->requests[i];
        if (row->status == status && strcmp(row->method, method) == 0) {
            row->n++;
            return;
        }
    }
    if (counters->n_requests < BNC_KUBE_REQUEST_ROWS) {
        struct bnc_kube_request_row *row = &counters->requests[counters->n_requests++];
        (void)snprintf(row->method, sizeof(row->method), "%s", method);
        row->status = status;
        row->n = 1;
    }
}

void
bnc_kube_counters_took(struct bnc_kube_counters *counters, const char *method, int64_t us)
{
    size_t i = 0;
    while (i < counters->n_methods && strcmp(counters->methods[i].method, method) != 0) {
        i++;
    }
    if (i == BNC_KUBE_METHODS) {
        return;
    }
    struct bnc_kube_method *row = &counters->methods[i];
    if (i == counters->n_methods) {
        counters->n_methods++;
        row->took.buckets = &bnc_buckets_request;
        (void)snprintf(row->method, sizeof(row->method), "%s", method);
    }
    bnc_histogram_add(&row->took, (double)us / 1e6);
}
