#include "net/real_pool.h"

#include <stdlib.h>
#include <sys/ioctl.h>

#include <event2/event.h>

#define MAX_IDLE_CONNS 16
#define MAX_CONNS      256
#define MAX_HOST_CONNS 8 /* of calls that end; the rest wait for one of them */
#define MAX_STREAMS    1000

/*
 * Watches tell of each pod's each change, one by one, and libcurl looks at every call of
 * a connection whenever one byte has come.  A watch's socket that was read empty is left
 * alone for a while, so that one look takes all that has come since: an event after a
 * pause is still read at once, and what comes in a flood is not held up.
 */
#define PACE_MS     50L
#define FLOOD_BYTES ((size_t)64 * 1024)

struct bnc_real_pool {
    LIST_ENTRY(bnc_real_pool) link;
    struct bnc_real *real;
    CURLM *multi;
    struct event *timer;
    struct bnc_timer later; /* to close, or to go on after a stop */
    LIST_HEAD(, pool_socket) sockets;
    size_t calls;
    size_t got; /* bytes of bodies since a socket was read empty */
    bool paced;
    bool retired;
};

struct pool_socket {
    LIST_ENTRY(pool_socket) link;
    struct bnc_real_pool *pool;
    evutil_socket_t fd;
    struct event *event;
    struct event *again; /* while it is left alone */
};

/* ---- what libcurl has finished ------------------------------------------------- */

static void
tell_finished(struct bnc_real_pool *pool)
{
    for (;;) {
        if (pool->real->stopped) {
            bnc_real_timer_set(&pool->later, 0);
            return;
        }
        int left;
        const CURLMsg *message = curl_multi_info_read(pool->multi, &left);
        if (message == NULL) {
            return;
        }
        if (message->msg == CURLMSG_DONE) {
            CURLcode result = message->data.result;
            char *call = NULL;
            (void)curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &call);
            bnc_real_http_done((struct bnc_http_call *)(void *)call, result);
        }
    }
}

static void
on_again(evutil_socket_t fd, short what, void *arg)
{
    BNC_UNUSED(fd);
    BNC_UNUSED(what);
    const struct pool_socket *known = arg;
    (void)event_add(known->event, NULL);
}

static bool
read_empty(evutil_socket_t fd)
{
    int waiting = 1;
    return ioctl(fd, FIONREAD, &waiting) == 0 && waiting == 0;
}

/* After `fd` was read: leaves it alone, when that is all that libcurl wants of it. */
static void
pace(struct bnc_real_pool *pool, evutil_socket_t fd)
{
    static const struct timeval delay = {.tv_usec = PACE_MS * 1000};
    bool flood = pool->got >= FLOOD_BYTES;
    struct pool_socket *known;

    if (!pool->paced || !read_empty(fd)) {
        return;
    }
    pool->got = 0;
    LIST_FOREACH(known, &pool->sockets, link)
    {
        if (!flood && known->fd == fd && known->again != NULL &&
            (event_get_events(known->event) & EV_WRITE) == 0 &&
            evtimer_add(known->again, &delay) == 0) {
            (void)event_del(known->event);
        }
    }
}

static void
on_socket(evutil_socket_t fd, short what, void *arg)
{
    const struct pool_socket *ready = arg; /* may be gone after the call below */
    struct bnc_real_pool *pool = ready->pool;
    int flags = ((what & EV_READ) != 0 ? CURL_CSELECT_IN : 0) |
                ((what & EV_WRITE) != 0 ? CURL_CSELECT_OUT : 0);
    int running;

    (void)curl_multi_socket_action(pool->multi, fd, flags, &running);
    pace(pool, fd);
    tell_finished(pool);
}

static void
on_timer(evutil_socket_t fd, short what, void *arg)
{
    BNC_UNUSED(fd);
    BNC_UNUSED(what);
    struct bnc_real_pool *pool = arg;
    int running;

    (void)curl_multi_socket_action(pool->multi, CURL_SOCKET_TIMEOUT, 0, &running);
    tell_finished(pool);
}

/* ---- what libcurl waits for ---------------------------------------------------------
 */

static void
forget_socket(struct pool_socket *known)
{
    LIST_REMOVE(known, link);
    if (known->event != NULL) {
        event_free(known->event);
    }
    if (known->again != NULL) {
        event_free(known->again);
    }
    free(known);
}

static int
want_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *socket_arg)
{
    BNC_UNUSED(easy);
    struct bnc_real_pool *pool = arg;
    struct pool_socket *known = socket_arg;

    if (what == CURL_POLL_REMOVE) {
        if (known != NULL) {
            forget_socket(known);
            (void)curl_multi_assign(pool->multi, fd, NULL);
        }
        return 0;
    }
    if (known == NULL) {
        known = bnc_alloc(sizeof(*known));
        known->pool = pool;
        known->fd = fd;
        known->again =
            pool->paced ? evtimer_new(pool->real->loop, on_again, known) : NULL;
        LIST_INSERT_HEAD(&pool->sockets, known, link);
        (void)curl_multi_assign(pool->multi, fd, known);
    } else {
        event_free(known->event);
        if (known->again != NULL) {
            (void)evtimer_del(known->again);
        }
    }
    short events = EV_PERSIST;
    if (what == CURL_POLL_IN || what == CURL_POLL_INOUT) {
        events |= EV_READ;
    }
    if (what == CURL_POLL_OUT || what == CURL_POLL_INOUT) {
        events |= EV_WRITE;
    }
    known->event = event_new(pool->real->loop, fd, events, on_socket, known);
    return known->event != NULL && event_add(known->event, NULL) == 0 ? 0 : -1;
}

static int
want_timer(CURLM *multi, long delay_ms, void *arg)
{
    BNC_UNUSED(multi);
    struct bnc_real_pool *pool = arg;
    if (delay_ms < 0) {
        (void)evtimer_del(pool->timer);
        return 0;
    }
    struct timeval delay = {.tv_sec = delay_ms / 1000, .tv_usec = delay_ms % 1000 * 1000};
    return evtimer_add(pool->timer, &delay) == 0 ? 0 : -1;
}

/* ---- life ---------------------------------------------------------------------- */

static void
pool_free(struct bnc_real_pool *pool)
{
    LIST_REMOVE(pool, link);
    if (pool->multi != NULL) {
        (void)curl_multi_cleanup(pool->multi); /* still calls want_socket() */
    }
    struct pool_socket *next;
    for (struct pool_socket *known = LIST_FIRST(&pool->sockets); known != NULL;
         known = next) {
        next = LIST_NEXT(known, link);
        forget_socket(known);
    }
    if (pool->timer != NULL) {
        event_free(pool->timer);
    }
    bnc_real_timer_stop(&pool->later);
    free(pool);
}

static void
on_later(void *arg)
{
    struct bnc_real_pool *pool = arg;
    if (pool->retired && pool->calls == 0) {
        pool_free(pool);
    } else {
        tell_finished(pool);
    }
}

static void
set_options(struct bnc_real_pool *pool, enum bnc_http_group group)
{
    CURLM *multi = pool->multi;

    (void)curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, want_socket);
    (void)curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, pool);
    (void)curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, want_timer);
    (void)curl_multi_setopt(multi, CURLMOPT_TIMERDATA, pool);
    (void)curl_multi_setopt(multi, CURLMOPT_PIPELINING, (long)CURLPIPE_MULTIPLEX);
    (void)curl_multi_setopt(multi, CURLMOPT_MAX_CONCURRENT_STREAMS, (long)MAX_STREAMS);
    (void)curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, (long)MAX_IDLE_CONNS);
    (void)curl_multi_setopt(multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, (long)MAX_CONNS);
    if (group != BNC_HTTP_WATCH) {
        /* watches never end: over HTTP/1.1 each needs a connection of its own */
        (void)curl_multi_setopt(multi, CURLMOPT_MAX_HOST_CONNECTIONS,
                                (long)MAX_HOST_CONNS);
    }
}

struct bnc_real_pool *
bnc_real_pool_get(struct bnc_real *real, enum bnc_http_group group)
{
    if (real->pools[group] != NULL) {
        return real->pools[group];
    }
    struct bnc_real_pool *pool = bnc_alloc(sizeof(*pool));
    pool->real = real;
    pool->paced = group == BNC_HTTP_WATCH;
    bnc_real_timer_init(&pool->later, real, on_later, pool);
    LIST_INSERT_HEAD(&real->all_pools, pool, link);
    pool->timer = evtimer_new(real->loop, on_timer, pool);
    pool->multi = curl_multi_init();
    if (pool->timer == NULL || pool->multi == NULL) {
        pool_free(pool);
        return NULL;
    }
    set_options(pool, group);
    real->pools[group] = pool;
    return pool;
}

void
bnc_real_pool_retire(struct bnc_real *real, enum bnc_http_group group)
{
    struct bnc_real_pool *pool = real->pools[group];
    if (pool == NULL) {
        return;
    }
    real->pools[group] = NULL;
    pool->retired = true;
    if (pool->calls == 0) {
        bnc_real_timer_set(&pool->later, 0);
    }
}

void
bnc_real_pool_distrust(struct bnc_real_pool *pool)
{
    for (size_t group = 0; group < BNC_HTTP_GROUP_COUNT; group++) {
        if (pool->real->pools[group] == pool) {
            bnc_real_pool_retire(pool->real, (enum bnc_http_group)group);
        }
    }
}

void
bnc_real_pool_free_all(struct bnc_real *real)
{
    struct bnc_real_pool *next;
    for (struct bnc_real_pool *pool = LIST_FIRST(&real->all_pools); pool != NULL;
         pool = next) {
        next = LIST_NEXT(pool, link);
        pool_free(pool);
    }
}

void
bnc_real_pool_got(struct bnc_real_pool *pool, size_t bytes)
{
    pool->got += bytes;
}

enum bnc_code
bnc_real_pool_add(struct bnc_real_pool *pool, struct bnc_http_call *call,
                  struct bnc_error *err)
{
    CURLMcode code = curl_multi_add_handle(pool->multi, call->easy);
    if (code != CURLM_OK) {
        return bnc_fail(err, BNC_INTERNAL, "%s: %s", call->label,
                        curl_multi_strerror(code));
    }
    call->pool = pool;
    pool->calls++;
    return BNC_OK;
}

void
bnc_real_pool_remove(struct bnc_http_call *call)
{
    struct bnc_real_pool *pool = call->pool;
    if (pool == NULL) {
        return;
    }
    call->pool = NULL;
    (void)curl_multi_remove_handle(pool->multi, call->easy);
    pool->calls--;
    if (pool->retired && pool->calls == 0) {
        bnc_real_timer_set(&pool->later, 0);
    }
}
