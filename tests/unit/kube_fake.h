/*
 * A world by hand for the tests of kube/: virtual time, files from a table, and
 * requests that wait until the test answers them.
 */
#ifndef BNC_TESTS_UNIT_KUBE_FAKE_H
#define BNC_TESTS_UNIT_KUBE_FAKE_H

#include <stdlib.h>

#include "net/world_ops.h"
#include "tests/unit/test.h"

#define FAKE_MAX 64

struct bnc_timer {
    struct bnc_world *world;
    bnc_fn fn;
    void *arg;
    int64_t at_ms;  /* -1: not set */
    uint64_t order; /* among timers of the same time: the first that was set */
    struct bnc_timer *next;
};

struct bnc_http_call {
    struct bnc_world *world;
    struct bnc_http_client_ops ops;
    void *arg;
    char *method;
    char *url;
    char *headers; /* a line each */
    char *body;
    const char *retry_after;
    const char *warning;
    bool http2;
    bool repeatable;
    enum bnc_http_group group;
    int64_t timeout_ms;
    int status;
    bool open;
    struct bnc_http_call *next; /* among those that are refused without the test */
};

struct bnc_child {
    struct bnc_world *world;
    bnc_child_fn fn;
    void *arg;
    char *command;
    bool open;
};

struct fake_file {
    const char *path;
    const char *text; /* NULL: not there */
};

struct fake {
    struct bnc_world base;
    int64_t now_ms;
    uint64_t seed;
    struct bnc_timer *timers;
    uint64_t n_set;
    struct bnc_http_call *calls[FAKE_MAX * 16];
    size_t n_calls;
    size_t n_seen; /* requests that the test has met */
    struct bnc_child child;
    struct fake_file files[FAKE_MAX];
    const char *env[FAKE_MAX][2];
    size_t drops;         /* of connections */
    int64_t wall_step_ms; /* somebody set the clock */
    int64_t suspended_ms; /* time that timers did not count */
    /* streamed lists are met by the test; else they are refused without it */
    bool streams;
    struct bnc_http_call *refused; /* such a one: still to be refused */
    size_t n_refused;
};

static inline bool fake_refuse_stream(struct fake *fake);

static inline struct fake *
fake_of(struct bnc_world *world)
{
    return (struct fake *)world;
}

static inline int64_t
fake_mono_us(struct bnc_world *world)
{
    return fake_of(world)->now_ms * 1000;
}

static inline int64_t
fake_wall_ms(struct bnc_world *world)
{
    return 1700000000000 + fake_of(world)->now_ms + fake_of(world)->suspended_ms +
           fake_of(world)->wall_step_ms;
}

static inline int64_t
fake_boot_ms(struct bnc_world *world)
{
    return 5000000 + fake_of(world)->now_ms + fake_of(world)->suspended_ms;
}

static inline uint64_t
fake_random(struct bnc_world *world)
{
    struct fake *fake = fake_of(world);
    fake->seed = fake->seed * 6364136223846793005U + 1442695040888963407U;
    return fake->seed >> 11;
}

static inline const char *
fake_getenv(struct bnc_world *world, const char *name)
{
    struct fake *fake = fake_of(world);
    for (size_t i = 0; i < FAKE_MAX && fake->env[i][0] != NULL; i++) {
        if (strcmp(fake->env[i][0], name) == 0) {
            return fake->env[i][1];
        }
    }
    return NULL;
}

/* ---- timers --------------------------------------------------------------------- */

static inline struct bnc_timer *
fake_timer_new(struct bnc_world *world, bnc_fn fn, void *arg)
{
    struct bnc_timer *timer = bnc_alloc(sizeof(*timer));
    *timer = (struct bnc_timer){world, fn, arg, -1, 0, fake_of(world)->timers};
    fake_of(world)->timers = timer;
    return timer;
}

static inline void
fake_timer_free(struct bnc_timer *timer)
{
    struct bnc_timer **at = &fake_of(timer->world)->timers;
    while (*at != timer) {
        at = &(*at)->next;
    }
    *at = timer->next;
    free(timer);
}

static inline void
fake_timer_set(struct bnc_timer *timer, int64_t delay_ms)
{
    timer->at_ms = fake_of(timer->world)->now_ms + delay_ms;
    timer->order = fake_of(timer->world)->n_set++;
}

static inline void
fake_timer_stop(struct bnc_timer *timer)
{
    timer->at_ms = -1;
}

static inline bool
fake_timer_pending(const struct bnc_timer *timer)
{
    return timer->at_ms >= 0;
}

/* Fire the next timer up to `until_ms`; false: none, and it is then. */
static inline bool
fake_step(struct fake *fake, int64_t until_ms)
{
    struct bnc_timer *first = NULL;
    if (fake_refuse_stream(fake)) {
        return true;
    }
    for (struct bnc_timer *t = fake->timers; t != NULL; t = t->next) {
        bool sooner = first == NULL || t->at_ms < first->at_ms ||
                      (t->at_ms == first->at_ms && t->order < first->order);
        if (t->at_ms >= 0 && sooner) {
            first = t;
        }
    }
    if (first == NULL || first->at_ms > until_ms) {
        fake->now_ms = until_ms;
        return false;
    }
    if (first->at_ms > fake->now_ms) {
        fake->now_ms = first->at_ms;
    }
    first->at_ms = -1;
    first->fn(first->arg);
    return true;
}

static inline void
fake_run(struct fake *fake, int64_t for_ms)
{
    int64_t until = fake->now_ms + for_ms;
    while (fake_step(fake, until)) {
    }
}

/* ---- requests --------------------------------------------------------------------- */

static inline struct bnc_http_call *
fake_http_start(struct bnc_world *world, const struct bnc_http_request *request,
                const struct bnc_http_client_ops *ops, void *arg)
{
    struct fake *fake = fake_of(world);
    struct bnc_http_call *call = bnc_alloc(sizeof(*call));
    struct bnc_str lines = bnc_str_new(NULL, 65536);

    for (size_t i = 0; request->headers != NULL && request->headers[i] != NULL; i++) {
        bnc_str_fmt(&lines, "%s\n", request->headers[i]);
    }
    call->world = world;
    call->ops = *ops;
    call->arg = arg;
    call->method = bnc_strdup(request->method);
    call->url = bnc_strdup(request->url);
    call->headers = lines.ptr;
    call->body = bnc_alloc(request->body.len + 1);
    if (request->body.len > 0) {
        memcpy(call->body, request->body.ptr, request->body.len);
    }
    call->group = request->group;
    call->repeatable = request->repeatable;
    call->timeout_ms = request->timeout_ms;
    call->open = true;
    if (!fake->streams && strstr(call->url, "sendInitialEvents") != NULL) {
        call->next = fake->refused;
        fake->refused = call;
        return call;
    }
    assert_true(fake->n_calls < BNC_LEN(fake->calls));
    fake->calls[fake->n_calls++] = call;
    return call;
}

static inline void
fake_http_cancel(struct bnc_http_call *call)
{
    assert_true(call->open); /* cancelled once, and not after its end */
    call->open = false;
}

static inline const char *
fake_http_header(struct bnc_http_call *call, const char *name)
{
    if (strcmp(name, "Retry-After") == 0) {
        return call->retry_after;
    }
    if (strcmp(name, ":status") == 0) {
        return call->http2 ? "200" : NULL;
    }
    return strcmp(name, "Warning") == 0 ? call->warning : NULL;
}

static inline void
fake_http_drop(struct bnc_world *world)
{
    fake_of(world)->drops++;
}

/* The next request that the test has not met; waits up to `wait_ms`.  NULL: none. */
static inline struct bnc_http_call *
fake_next(struct fake *fake, int64_t wait_ms)
{
    int64_t until = fake->now_ms + wait_ms;
    while (fake->n_seen == fake->n_calls && fake_step(fake, until)) {
    }
    return fake->n_seen < fake->n_calls ? fake->calls[fake->n_seen++] : NULL;
}

static inline void
fake_head(struct bnc_http_call *call, int status)
{
    call->status = status;
    if (call->ops.on_head != NULL) {
        call->ops.on_head(call->arg, call, status);
    }
}

static inline void
fake_data(struct bnc_http_call *call, const char *text)
{
    if (call->open && call->ops.on_data != NULL) {
        call->ops.on_data(call->arg, call, text, strlen(text));
    }
}

/* With a code: the connection broke. */
static inline void
fake_end(struct bnc_http_call *call, enum bnc_code code)
{
    struct bnc_error err = {0};
    if (call->open) {
        if (code != BNC_OK) {
            (void)bnc_fail(&err, code, "the connection broke");
        }
        call->open = false;
        call->ops.on_done(call->arg, call, call->status, &err);
    }
}

static inline void
fake_answer(struct bnc_http_call *call, int status, const char *body)
{
    fake_head(call, status);
    fake_data(call, body);
    fake_end(call, BNC_OK);
}

static inline void
fake_free_call(struct bnc_http_call *call)
{
    assert_false(call->open); /* its owner ends it */
    free(call->method);
    free(call->url);
    free(call->headers);
    free(call->body);
    free(call);
}

/* As a server that does not know them.  False: there was none. */
static inline bool
fake_refuse_stream(struct fake *fake)
{
    struct bnc_http_call *call = fake->refused;
    if (call == NULL) {
        return false;
    }
    fake->refused = call->next;
    fake->n_refused += call->open ? 1 : 0;
    if (call->open) {
        fake_answer(call, 422, "");
    }
    fake_free_call(call);
    return true;
}

/* ---- files and programs --------------------------------------------------------------
 */

static inline const char *
fake_find_file(struct fake *fake, const char *path)
{
    for (size_t i = 0; i < FAKE_MAX && fake->files[i].path != NULL; i++) {
        if (strcmp(fake->files[i].path, path) == 0) {
            return fake->files[i].text;
        }
    }
    return NULL;
}

static inline enum bnc_code
fake_file_read(struct bnc_world *world, const char *path, size_t max_bytes,
               struct bnc_arena *arena, struct bnc_bytes *out, struct bnc_error *err)
{
    const char *text = fake_find_file(fake_of(world), path);
    if (text == NULL) {
        return bnc_fail(err, BNC_NOT_FOUND, "open %s", path);
    }
    assert_true(strlen(text) <= max_bytes);
    out->ptr = bnc_arena_strdup(arena, text);
    out->len = strlen(text);
    return BNC_OK;
}

static inline enum bnc_file_type
fake_file_type(struct bnc_world *world, const char *path)
{
    return fake_find_file(fake_of(world), path) == NULL ? BNC_FILE_NONE
                                                        : BNC_FILE_REGULAR;
}

static inline struct bnc_child *
fake_child_start(struct bnc_world *world, const struct bnc_child_request *request,
                 bnc_child_fn fn, void *arg)
{
    struct fake *fake = fake_of(world);
    assert_false(fake->child.open); /* single flight */
    free(fake->child.command);
    fake->child = (struct bnc_child){world, fn, arg, bnc_strdup(request->argv[0]), true};
    return &fake->child;
}

static inline void
fake_child_cancel(struct bnc_child *child)
{
    child->open = false;
}

static inline void
fake_child_ends(struct fake *fake, int status, const char *output)
{
    struct bnc_error err = {0};
    assert_true(fake->child.open);
    fake->child.open = false;
    fake->child.fn(fake->child.arg, status, (struct bnc_bytes){output, strlen(output)},
                   (struct bnc_bytes){"", 0}, &err);
}

/* ---- life
 * ------------------------------------------------------------------------------ */

static inline void
fake_free(struct bnc_world *world)
{
    struct fake *fake = fake_of(world);
    assert_null(fake->timers); /* their owners free them */
    while (fake->refused != NULL) {
        struct bnc_http_call *call = fake->refused;
        fake->refused = call->next;
        fake_free_call(call);
    }
    for (size_t i = 0; i < fake->n_calls; i++) {
        fake_free_call(fake->calls[i]);
    }
    free(fake->child.command);
    free(fake);
}

static inline struct fake *
fake_new(void)
{
    static const struct bnc_world_ops ops = {
        .free = fake_free,
        .mono_us = fake_mono_us,
        .boot_ms = fake_boot_ms,
        .wall_ms = fake_wall_ms,
        .random = fake_random,
        .getenv = fake_getenv,
        .timer_new = fake_timer_new,
        .timer_free = fake_timer_free,
        .timer_set = fake_timer_set,
        .timer_stop = fake_timer_stop,
        .timer_pending = fake_timer_pending,
        .http_start = fake_http_start,
        .http_cancel = fake_http_cancel,
        .http_header = fake_http_header,
        .http_drop = fake_http_drop,
        .file_read = fake_file_read,
        .file_type = fake_file_type,
        .child_start = fake_child_start,
        .child_cancel = fake_child_cancel,
    };
    struct fake *fake = bnc_alloc(sizeof(*fake));
    fake->base.ops = &ops;
    fake->seed = 1;
    return fake;
}

#endif
