#include "cmd/api_limits.h"

#include <stdlib.h>

#define NUMBER_MAX 100000

static enum bnc_code
read_number(const char *text, const char *flag, long least, long *out,
            struct bnc_error *err)
{
    char *end = NULL;
    *out = 0;
    if (text == NULL) {
        return BNC_OK;
    }
    *out = strtol(text, &end, 10);
    if (text[0] == '\0' || *end != '\0' || *out < least || *out == 0 ||
        *out > NUMBER_MAX) {
        return bnc_fail(err, BNC_INVALID, "%s %.40s: write a number from 1 to %d%s", flag,
                        text, NUMBER_MAX, least < 0 ? ", or -1 for no limit" : "");
    }
    return BNC_OK;
}

enum bnc_code
bnc_api_limits_read(const struct bnc_options *options, struct bnc_kube_options *out,
                    struct bnc_error *err)
{
    long qps = 0;
    long burst = 0;
    if (read_number(options->kube_qps, "--kube-api-qps", -1, &qps, err) ||
        read_number(options->kube_burst, "--kube-api-burst", 1, &burst, err)) {
        return err->code;
    }
    *out = (struct bnc_kube_options){.qps = (double)qps,
                                     .burst = (unsigned)burst,
                                     .plain_lists = options->kube_plain_lists};
    return BNC_OK;
}
