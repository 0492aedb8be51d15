/*
 * The flags that say how much the API server is asked.
 */
#ifndef BNC_CMD_API_LIMITS_H
#define BNC_CMD_API_LIMITS_H

#include "cmd/options.h"
#include "kube/client.h"

/* Errors: INVALID, with the flag and what would be right. */
enum bnc_code
bnc_api_limits_read(const struct bnc_options *options, struct bnc_kube_options *out,
                    struct bnc_error *err) BNC_MUST_CHECK;

/* The flags, for the table of `run`. */
#define BNC_FLAGS_API_LIMITS                                                             \
    {"--kube-api-qps", NULL, "NUMBER", offsetof(struct bnc_options, kube_qps),           \
     "requests to the API server a second (default 50; -1: no limit)"},                  \
        {"--kube-api-burst", NULL, "NUMBER", offsetof(struct bnc_options, kube_burst),   \
         "so many at once before that holds (default 100)"},                             \
    {                                                                                    \
        "--kube-api-plain-lists", NULL, NULL,                                            \
            offsetof(struct bnc_options, kube_plain_lists),                              \
            "list in pages, never as the first events of a watch"                        \
    }

#endif
