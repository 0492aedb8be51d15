/*
 * A pool of connections: one curl_multi on the event loop.  Calls of one pool
 * share connections; real_http.c has the calls.
 */
#ifndef BNC_NET_REAL_POOL_H
#define BNC_NET_REAL_POOL_H

#include <curl/curl.h>

#include "net/real_world.h"

struct bnc_http_call {
    struct bnc_world_handle handle;
    LIST_ENTRY(bnc_http_call) link;
    struct bnc_real_pool *pool; /* NULL until libcurl has it */
    enum bnc_http_group group;
    struct bnc_timer later; /* to begin, or to leave the pool */
    struct bnc_http_client_ops ops;
    void *arg;

    CURL *easy;
    struct curl_slist *headers;
    struct curl_slist *connect_to;
    char *label; /* method and host, for messages */
    char curl_text[CURL_ERROR_SIZE];
    struct bnc_error err; /* of the setup */

    size_t max_bytes;
    size_t body_bytes;
    size_t head_bytes;
    bool repeatable; /* once more, when the connection broke before an answer */
    bool head_told;
    bool too_big;
    bool ended; /* cancelled, or on_done is on its way: nothing more is told */
};

/* The pool of a group, made when it is not there.  NULL: no memory or descriptors. */
struct bnc_real_pool *bnc_real_pool_get(struct bnc_real *real, enum bnc_http_group group);
/* Let calls in flight end, then close; the next call gets a new pool. */
void bnc_real_pool_retire(struct bnc_real *real, enum bnc_http_group group);
/* As retire, unless that happened already. */
void bnc_real_pool_distrust(struct bnc_real_pool *pool);
void bnc_real_pool_free_all(struct bnc_real *real);

/* Give a call to libcurl, and take it back. */
enum bnc_code bnc_real_pool_add(struct bnc_real_pool *pool, struct bnc_http_call *call,
                                struct bnc_error *err);
void bnc_real_pool_remove(struct bnc_http_call *call);
/* A call of this pool has read so much of a body. */
void bnc_real_pool_got(struct bnc_real_pool *pool, size_t bytes);

/* real_http.c: libcurl has ended this call. */
void bnc_real_http_done(struct bnc_http_call *call, CURLcode result);

/* real_setup.c: all options of call->easy that come from the request. */
enum bnc_code
bnc_real_http_setup(struct bnc_http_call *call, const struct bnc_http_request *request,
                    struct bnc_error *err);

#endif
