/*
 * What the API server says when it refuses: metav1.Status and HTTP statuses, as
 * codes that a controller acts on.
 */
#ifndef BNC_KUBE_STATUS_H
#define BNC_KUBE_STATUS_H

#include "lib/error.h"
#include "lib/str.h"

#define BNC_STATUS_REASON_MAX  64
#define BNC_STATUS_MESSAGE_MAX 400

struct bnc_kube_status {
    int code;                           /* Status.code, 0 when it has none */
    char reason[BNC_STATUS_REASON_MAX]; /* "Expired", "NotFound", ...; "" */
    char message[BNC_STATUS_MESSAGE_MAX];
    int64_t retry_after_ms; /* details.retryAfterSeconds; 0: not said */
    bool too_large;         /* the resourceVersion lies in the server's future */
};

/* Read a Status; text that is none gives an empty one. */
void bnc_kube_status_read(struct bnc_bytes json, struct bnc_kube_status *out);

/* BNC_OK for 2xx, else what an HTTP status means to us. */
enum bnc_code bnc_kube_status_code(int http_status);

#endif
