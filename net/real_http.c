#include "net/real_world.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include <curl/curl.h>

#include "net/real_pool.h"

#define HEAD_MAX ((size_t)256 * 1024) /* all header lines of an answer */

/* ---- errors -------------------------------------------------------------------- */

static const struct {
    CURLcode result;
    enum bnc_code code;
} result_codes[] = {
    {CURLE_OPERATION_TIMEDOUT, BNC_TIMEOUT},
    {CURLE_URL_MALFORMAT, BNC_INVALID},
    {CURLE_UNSUPPORTED_PROTOCOL, BNC_INVALID},
    {CURLE_OUT_OF_MEMORY, BNC_INTERNAL},
    {CURLE_FAILED_INIT, BNC_INTERNAL},
    {CURLE_BAD_FUNCTION_ARGUMENT, BNC_INTERNAL},
};

/*
 * libcurl writes how long it took ("after 17 ms").  The text ends up in statuses,
 * where the same trouble has to read the same: cut that out.
 */
static void
cut_durations(char *text)
{
    char *from;
    while ((from = strstr(text, " after ")) != NULL) {
        char *to = from + strlen(" after ");
        size_t digits = strspn(to, "0123456789");
        to += digits;
        if (digits == 0 || strncmp(to, " m", 2) != 0) {
            return;
        }
        to += 1 + strcspn(to + 1, " :");
        memmove(from, to, strlen(to) + 1);
    }
}

static void
set_error(struct bnc_http_call *call, CURLcode result, struct bnc_error *err)
{
    enum bnc_code code = BNC_UNAVAILABLE;

    if (call->too_big) {
        (void)bnc_fail(err, BNC_TOO_BIG, "%s: the answer is over %zu bytes", call->label,
                       call->head_told ? call->max_bytes : HEAD_MAX);
        return;
    }
    for (size_t i = 0; i < BNC_LEN(result_codes); i++) {
        if (result_codes[i].result == result) {
            code = result_codes[i].code;
        }
    }
    char *text = call->curl_text;
    cut_durations(text);
    char *counts = strstr(text, " with ");
    if (code == BNC_TIMEOUT && counts != NULL) {
        *counts = '\0'; /* "with 12 out of 40 bytes received" */
    }
    (void)bnc_fail(err, code, "%s: %s", call->label,
                   text[0] == '\0' ? curl_easy_strerror(result) : text);
}

/* ---- what libcurl calls -------------------------------------------------------- */

static bool
is_last_header(const char *line, size_t n)
{
    return n > 0 && (line[0] == '\r' || line[0] == '\n');
}

static size_t
on_header(char *line, size_t size, size_t count, void *arg)
{
    struct bnc_http_call *call = arg;
    size_t n = size * count;
    long status = 0;

    if (call->ended) {
        return 0;
    }
    if (n > HEAD_MAX - call->head_bytes) {
        call->too_big = true;
        return 0;
    }
    call->head_bytes += n;
    (void)curl_easy_getinfo(call->easy, CURLINFO_RESPONSE_CODE, &status);
    /* 1xx are not the answer yet; an empty line may come again after trailers */
    if (is_last_header(line, n) && status >= 200 && !call->head_told) {
        call->head_told = true;
        if (call->ops.on_head != NULL) {
            call->ops.on_head(call->arg, call, (int)status);
        }
    }
    return call->ended ? 0 : n;
}

static size_t
on_body(char *bytes, size_t size, size_t count, void *arg)
{
    struct bnc_http_call *call = arg;
    size_t n = size * count;

    if (call->ended) {
        return CURL_WRITEFUNC_ERROR;
    }
    if (call->max_bytes != 0 && n > call->max_bytes - call->body_bytes) {
        call->too_big = true;
        return CURL_WRITEFUNC_ERROR;
    }
    call->body_bytes += n;
    bnc_real_pool_got(call->pool, n);
    if (call->ops.on_data != NULL && n > 0) {
        call->ops.on_data(call->arg, call, bytes, n);
    }
    return call->ended ? CURL_WRITEFUNC_ERROR : n;
}

/* ---- life of a call ------------------------------------------------------------ */

static void
call_free(struct bnc_http_call *call)
{
    LIST_REMOVE(call, link);
    bnc_real_timer_stop(&call->later);
    bnc_real_pool_remove(call);
    curl_easy_cleanup(call->easy);
    curl_slist_free_all(call->headers);
    curl_slist_free_all(call->connect_to);
    free(call->label);
    free(call);
}

static void
finish(struct bnc_http_call *call, const struct bnc_error *err)
{
    long status = 0;

    if (!call->ended) {
        call->ended = true;
        if (call->head_told) {
            (void)curl_easy_getinfo(call->easy, CURLINFO_RESPONSE_CODE, &status);
        }
        if (call->ops.on_done != NULL) {
            call->ops.on_done(call->arg, call, (int)status, err);
        }
    }
    call_free(call);
}

/*
 * A call that timed out on a connection which others had used may have met a dead
 * one.  Over HTTP/2 libcurl would keep it, and the next call would wait there too.
 */
static void
distrust_connection(struct bnc_http_call *call)
{
    long new_connections = 0;
    (void)curl_easy_getinfo(call->easy, CURLINFO_NUM_CONNECTS, &new_connections);
    if (new_connections == 0) {
        bnc_real_pool_distrust(call->pool);
    }
}

/*
 * A server that goes away says so to streams that it has not taken up, or closes what it
 * had kept open; which of them it was is not told.  On a new connection all is well.
 */
static bool
send_again(struct bnc_http_call *call, CURLcode result)
{
    static const CURLcode broken[] = {CURLE_HTTP2, CURLE_HTTP2_STREAM, CURLE_RECV_ERROR,
                                      CURLE_SEND_ERROR, CURLE_GOT_NOTHING};
    bool is_broken = false;

    for (size_t i = 0; i < BNC_LEN(broken); i++) {
        is_broken = is_broken || result == broken[i];
    }
    if (!is_broken || !call->repeatable || call->head_bytes > 0 || call->ended) {
        return false;
    }
    struct bnc_real_pool *pool = call->pool;
    call->repeatable = false;
    bnc_real_pool_remove(call);
    (void)curl_easy_setopt(call->easy, CURLOPT_FRESH_CONNECT, 1L);
    return bnc_real_pool_add(pool, call, &call->err) == BNC_OK;
}

void
bnc_real_http_done(struct bnc_http_call *call, CURLcode result)
{
    struct bnc_error err = {0};

    if (send_again(call, result)) {
        return;
    }
    if (result == CURLE_OPERATION_TIMEDOUT) {
        distrust_connection(call);
    }
    if (result != CURLE_OK && !call->ended) {
        set_error(call, result, &err);
    }
    bnc_real_pool_remove(call);
    finish(call, &err);
}

/* The turn after bnc_http_start(). */
static void
on_begin(void *arg)
{
    struct bnc_http_call *call = arg;

    if (call->err.code == BNC_OK) {
        struct bnc_real *real = bnc_real_of(call->handle.world);
        struct bnc_real_pool *pool = bnc_real_pool_get(real, call->group);
        if (pool == NULL) {
            (void)bnc_fail(&call->err, BNC_UNAVAILABLE, "%s: no connection pool",
                           call->label);
        } else {
            (void)bnc_real_pool_add(pool, call, &call->err);
        }
    }
    if (call->err.code != BNC_OK) {
        finish(call, &call->err);
    }
}

/* The turn after bnc_http_cancel(): libcurl is not on the stack. */
static void
on_leave(void *arg)
{
    call_free(arg);
}

struct bnc_http_call *
bnc_real_http_start(struct bnc_world *world, const struct bnc_http_request *request,
                    const struct bnc_http_client_ops *ops, void *arg)
{
    struct bnc_real *real = bnc_real_of(world);
    struct bnc_http_call *call = bnc_alloc(sizeof(*call));

    call->handle.world = world;
    call->group = request->group;
    call->ops = *ops;
    call->arg = arg;
    call->max_bytes = request->max_bytes;
    call->repeatable = request->repeatable || strcmp(request->method, "GET") == 0;
    LIST_INSERT_HEAD(&real->calls, call, link);
    bnc_real_timer_init(&call->later, real, on_begin, call);

    call->easy = curl_easy_init();
    if (call->easy == NULL) {
        (void)bnc_fail(&call->err, BNC_INTERNAL, "libcurl gives no handle");
    } else {
        (void)curl_easy_setopt(call->easy, CURLOPT_PRIVATE, call);
        (void)curl_easy_setopt(call->easy, CURLOPT_ERRORBUFFER, call->curl_text);
        (void)curl_easy_setopt(call->easy, CURLOPT_HEADERFUNCTION, on_header);
        (void)curl_easy_setopt(call->easy, CURLOPT_HEADERDATA, call);
        (void)curl_easy_setopt(call->easy, CURLOPT_WRITEFUNCTION, on_body);
        (void)curl_easy_setopt(call->easy, CURLOPT_WRITEDATA, call);
        (void)bnc_real_http_setup(call, request, &call->err);
    }
    bnc_real_timer_set(&call->later, 0);
    return call;
}

void
bnc_real_http_cancel(struct bnc_http_call *call)
{
    if (call->ended) {
        return; /* inside its own on_done, or twice */
    }
    call->ended = true;
    call->later.fn = on_leave; /* it may still be set, to begin */
    bnc_real_timer_set(&call->later, 0);
}

const char *
bnc_real_http_header(struct bnc_http_call *call, const char *name)
{
    struct curl_header *header;

    if (!call->head_told ||
        curl_easy_header(call->easy, name, 0, CURLH_HEADER | CURLH_PSEUDO, -1, &header) !=
            CURLHE_OK) {
        return NULL;
    }
    return header->value;
}

void
bnc_real_http_drop(struct bnc_world *world)
{
    for (size_t group = 0; group < BNC_HTTP_GROUP_COUNT; group++) {
        bnc_real_pool_retire(bnc_real_of(world), (enum bnc_http_group)group);
    }
}

void
bnc_real_http_free_all(struct bnc_real *real)
{
    struct bnc_http_call *next;
    for (struct bnc_http_call *call = LIST_FIRST(&real->calls); call != NULL;
         call = next) {
        next = LIST_NEXT(call, link);
        call->ended = true; /* libcurl may still write to it */
        call_free(call);
    }
    bnc_real_pool_free_all(real);
}
