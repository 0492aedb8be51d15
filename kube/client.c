#include <stdlib.h>
#include <string.h>

#include "kube/backoff.h"
#include "kube/client_priv.h"

#define STATUS_MAX      ((size_t)64 * 1024) /* of a refusal */
#define HEADERS_OWN     5                   /* and the end */
#define RETRY_AFTER_MAX 3600                /* seconds that are believed */
#define NO_STREAMS_MS   3600000

/* As Go and the User-Agents of others name it. */
#if defined(__x86_64__)
#define BNC_KUBE_ARCH "amd64"
#elif defined(__aarch64__)
#define BNC_KUBE_ARCH "arm64"
#else
#define BNC_KUBE_ARCH "other"
#endif

/* ---- life of a call ------------------------------------------------------------ */

static void
free_call(struct bnc_kube_call *call)
{
    bnc_str_free(&call->answer);
    bnc_arena_free(call->arena);
    free(call);
}

/* How long it took, once. */
static void
count_time(struct bnc_kube_call *call)
{
    if (call->sent_us > 0) {
        bnc_kube_counters_took(&call->kube->counters, call->request.method,
                               bnc_world_mono_us(call->kube->world) - call->sent_us);
        call->sent_us = 0;
    }
}

/* The last callback.  The handle is no longer known when it runs. */
static void
finish(struct bnc_kube_call *call, const struct bnc_kube_result *result)
{
    bnc_kube_counters_request(&call->kube->counters, call->request.method,
                              result->http_status);
    count_time(call);
    TAILQ_REMOVE(&call->kube->calls, call, link);
    bnc_kube_gate_leave(call);
    call->ops.on_done(call->arg, result);
    free_call(call);
}

/* ---- the answer ---------------------------------------------------------------- */

static bool
is_success(int status)
{
    return status >= 200 && status < 300;
}

/* Seconds only: nobody sends the API's clients dates. */
static int64_t
retry_after_ms(struct bnc_http_call *http)
{
    const char *text = bnc_http_header(http, "Retry-After");
    if (text == NULL || text[0] < '0' || text[0] > '9') {
        return 0;
    }
    long seconds = strtol(text, NULL, 10);
    return (int64_t)(seconds > RETRY_AFTER_MAX ? RETRY_AFTER_MAX : seconds) * 1000;
}

static void
heard(const struct bnc_kube_call *call)
{
    if (call->request.group == BNC_HTTP_WATCH) {
        call->kube->pulse.heard_ms = bnc_world_mono_ms(call->kube->world);
    }
}

static void
on_head(void *arg, struct bnc_http_call *http, int status)
{
    struct bnc_kube_call *call = arg;
    call->http_status = status;
    call->retry_after_ms = retry_after_ms(http);
    if (call->streaming) {
        count_time(call);
    }
    bnc_kube_gate_head(call, http);
    heard(call);
    if (call->streaming && call->request.group == BNC_HTTP_WATCH && is_success(status)) {
        bnc_pulse_opened(call, http);
    }
    if (call->streaming && is_success(status) && call->ops.on_open != NULL) {
        call->ops.on_open(call->arg);
    }
}

static void
on_data(void *arg, struct bnc_http_call *http, const char *bytes, size_t n)
{
    struct bnc_kube_call *call = arg;
    BNC_UNUSED(http);
    heard(call);
    if (!call->streaming) {
        bnc_str_add(&call->answer, bytes, n);
    } else if (!is_success(call->http_status)) {
        size_t room = STATUS_MAX - call->answer.len;
        bnc_str_add(&call->answer, bytes, n < room ? n : room);
    } else if (call->ops.on_data != NULL) {
        call->ops.on_data(call->arg, bytes, n);
    }
}

/* "GET /api/v1/pods: 403 Forbidden: pods is forbidden: User ..." */
static void
describe_refusal(const struct bnc_kube_call *call, struct bnc_kube_result *result)
{
    const struct bnc_kube_status *status = &result->status;
    const char *message = status->message;

    if (message[0] == '\0' && result->http_status == 404) {
        message = "the server does not know this kind; is its CRD installed?";
    }
    (void)bnc_fail(&result->err, bnc_kube_status_code(result->http_status),
                   "%s %.200s: %d%s%s%s%s", call->request.method, call->request.path,
                   result->http_status, status->reason[0] == '\0' ? "" : " ",
                   status->reason, message[0] == '\0' ? "" : ": ", message);
}

/* After a 401 with newer credentials at hand or on their way: send it once more. */
static bool
replay(struct bnc_kube_call *call)
{
    if (call->http_status != 401 || call->replayed) {
        return false;
    }
    enum bnc_auth_answer answer = bnc_auth_refused(call->kube->auth, call->generation);
    if (answer == BNC_AUTH_SAME) {
        return false;
    }
    bnc_kube_counters_request(&call->kube->counters, call->request.method, 401);
    call->kube->counters.replays++;
    call->replayed = true;
    call->http_status = 0;
    bnc_str_clear(&call->answer);
    bnc_kube_send(call);
    return true;
}

static void
on_done(void *arg, struct bnc_http_call *http, int status, const struct bnc_error *err)
{
    struct bnc_kube_call *call = arg;
    struct bnc_kube_result result = {.err = *err};
    struct bnc_bytes answer = {call->answer.ptr == NULL ? "" : call->answer.ptr,
                               call->answer.len};
    BNC_UNUSED(http);

    call->http = NULL;
    if (replay(call)) {
        return;
    }
    /* a refusal counts even if the stream was reset after it, before all was sent */
    result.http_status = status != 0 ? status : call->http_status;
    status = result.http_status;
    result.retry_after_ms = call->retry_after_ms;
    if (status != 0 && !is_success(status)) {
        bnc_kube_status_read(answer, &result.status);
        if (result.retry_after_ms == 0) {
            result.retry_after_ms = result.status.retry_after_ms;
        }
        result.retry_after_ms =
            bnc_backoff_asked(call->kube->world, result.retry_after_ms);
        describe_refusal(call, &result);
    } else if (result.err.code != BNC_OK) {
        (void)bnc_wrap(&result.err, "%.200s", call->request.path);
    } else if (!call->streaming) {
        result.body = answer;
    }
    finish(call, &result);
}

/* ---- the request --------------------------------------------------------------- */

void
bnc_kube_send(struct bnc_kube_call *call)
{
    static const struct bnc_http_client_ops ops = {on_head, on_data, on_done};
    struct bnc_kube *kube = call->kube;
    const struct bnc_kube_request *request = &call->request;
    struct bnc_auth_view view = {0};
    size_t n = 0;

    if (bnc_auth_get(kube->auth, &view) == BNC_AUTH_PENDING) {
        return; /* on_ready() comes back to it */
    }
    call->generation = view.generation;
    if (view.identity != kube->identity) {
        kube->identity = view.identity;
        bnc_timer_set(kube->renew, 0); /* not inside the caller's call */
    }
    while (kube->config->impersonate[n] != NULL) {
        n++;
    }
    const char **lines = bnc_arena_array(call->arena, n + HEADERS_OWN, sizeof(*lines));
    memcpy(lines, kube->config->impersonate, n * sizeof(*lines));
    lines[n++] = kube->user_agent;
    lines[n++] = bnc_arena_fmt(call->arena, "Accept: %s", request->accept);
    if (request->content_type != NULL) {
        lines[n++] =
            bnc_arena_fmt(call->arena, "Content-Type: %s", request->content_type);
    }
    if (view.authorization != NULL) {
        lines[n++] = view.authorization;
    }
    struct bnc_http_request http = {
        .group = request->group,
        .method = request->method,
        .url = call->url,
        .headers = lines,
        .body = request->body,
        .tls = &view.tls,
        .proxy = kube->config->proxy,
        .timeout_ms = request->timeout_ms,
        .max_bytes = request->max_bytes,
        .repeatable = request->repeatable,
        .accept_gzip = request->gzip && !kube->config->no_compression,
    };
    call->sent_us = bnc_world_mono_us(kube->world);
    call->http = bnc_http_start(kube->world, &http, &ops, call);
}

static struct bnc_kube_call *
find_ending(struct bnc_kube *kube)
{
    struct bnc_kube_call *call = NULL;
    TAILQ_FOREACH(call, &kube->calls, link)
    {
        /* the analyzer does not see that TAILQ_REMOVE took it out */
        if (call->ending) { /* NOLINT(clang-analyzer-unix.Malloc) */
            break;
        }
    }
    return call;
}

void
bnc_kube_end_marked(struct bnc_kube *kube, const struct bnc_error *err)
{
    const struct bnc_kube_result failed = {.err = *err};
    struct bnc_kube_call *call = NULL;

    /* from the start each time: a callback may start and cancel any other call */
    while ((call = find_ending(kube)) != NULL) {
        if (call->http != NULL) {
            bnc_http_cancel(call->http);
            call->http = NULL;
        }
        finish(call, &failed);
    }
}

void
bnc_kube_end_watches(struct bnc_kube *kube, const struct bnc_error *err)
{
    struct bnc_kube_call *call = NULL;

    bnc_http_drop_connections(kube->world);
    TAILQ_FOREACH(call, &kube->calls, link)
    {
        if (call->request.group == BNC_HTTP_WATCH && call->http != NULL) {
            call->ending = true;
        }
    }
    bnc_kube_end_marked(kube, err);
}

/* Watches go on with the new certificate: a connection is who has opened it. */
static void
on_renewed(void *arg)
{
    struct bnc_kube *kube = arg;
    struct bnc_error err = {0};

    (void)bnc_fail(&err, BNC_UNAVAILABLE, "the client certificate is another one now");
    bnc_kube_end_watches(kube, &err);
}

/* The program has answered: all that waited for it goes on, or fails. */
static void
on_ready(void *arg, const struct bnc_error *err)
{
    struct bnc_kube *kube = arg;
    struct bnc_kube_call *call = NULL;

    TAILQ_FOREACH(call, &kube->calls, link)
    {
        bool waits = call->http == NULL && !call->gated;
        call->ending = waits && err->code != BNC_OK;
        if (waits && err->code == BNC_OK) {
            bnc_kube_send(call);
        }
    }
    bnc_kube_end_marked(kube, err);
}

static struct bnc_kube_call *
new_call(struct bnc_kube *kube, const struct bnc_kube_request *request, bool streaming,
         const struct bnc_kube_stream_ops *ops, void *arg)
{
    struct bnc_kube_call *call = bnc_alloc(sizeof(*call));
    struct bnc_arena *arena = bnc_arena_new();
    struct bnc_str url = bnc_str_new(arena, BNC_URL_MAX * 2);

    bnc_str_puts(&url, kube->config->server);
    bnc_str_puts(&url, request->path);
    bnc_url_query(&url, request->query);

    call->kube = kube;
    call->arena = arena;
    call->url = url.ptr;
    call->streaming = streaming;
    call->ops = *ops;
    call->arg = arg;
    call->request = *request;
    call->request.method = bnc_arena_strdup(arena, request->method);
    call->request.path = bnc_arena_strdup(arena, request->path);
    call->request.query = NULL; /* it is in the URL now */
    call->request.accept = bnc_arena_strdup(
        arena, request->accept == NULL ? "application/json" : request->accept);
    const char *type = request->content_type;
    if (type == NULL && request->body.len > 0) {
        type = "application/json";
    }
    call->request.content_type = bnc_arena_strdup(arena, type);
    if (request->body.len > 0) {
        call->request.body.ptr =
            bnc_arena_strndup(arena, request->body.ptr, request->body.len);
    }
    if (call->request.timeout_ms == 0) {
        call->request.timeout_ms = BNC_KUBE_TIMEOUT_MS;
    }
    if (call->request.max_bytes == 0 && !streaming) {
        call->request.max_bytes = BNC_KUBE_ANSWER_MAX;
    }
    call->answer = bnc_str_new(NULL, streaming ? STATUS_MAX : call->request.max_bytes);
    TAILQ_INSERT_TAIL(&kube->calls, call, link);
    bnc_kube_gate(call);
    return call;
}

/* ---- public -------------------------------------------------------------------- */

struct bnc_kube_call *
bnc_kube_start(struct bnc_kube *kube, const struct bnc_kube_request *request,
               bnc_kube_fn fn, void *arg)
{
    const struct bnc_kube_stream_ops ops = {.on_done = fn};
    return new_call(kube, request, false, &ops, arg);
}

struct bnc_kube_call *
bnc_kube_stream(struct bnc_kube *kube, const struct bnc_kube_request *request,
                const struct bnc_kube_stream_ops *ops, void *arg)
{
    return new_call(kube, request, true, ops, arg);
}

void
bnc_kube_cancel(struct bnc_kube_call *call)
{
    if (call->http != NULL) {
        bnc_http_cancel(call->http);
    }
    TAILQ_REMOVE(&call->kube->calls, call, link);
    bnc_kube_gate_leave(call);
    free_call(call);
}

enum bnc_code
bnc_kube_new(struct bnc_world *world, struct bnc_kube_config *config, const char *version,
             struct bnc_kube **out, struct bnc_error *err)
{
    BNC_AUTO(bnc_kube) kube = bnc_alloc(sizeof(*kube));

    TAILQ_INIT(&kube->calls);
    kube->world = world;
    kube->config = config;
    kube->user_agent = bnc_arena_fmt(
        config->arena, "User-Agent: binnacle/%s (linux/" BNC_KUBE_ARCH ")", version);
    kube->warnings = bnc_map_new();
    kube->gate = bnc_timer_new(world, bnc_kube_gate_open, kube);
    kube->renew = bnc_timer_new(world, on_renewed, kube);
    kube->pulse.timer = bnc_timer_new(world, bnc_pulse_due, kube);
    bnc_kube_options_set(kube, &(struct bnc_kube_options){0});
    if (bnc_auth_new(world, config, on_ready, kube, &kube->auth, err)) {
        return err->code;
    }
    *out = kube;
    kube = NULL;
    return BNC_OK;
}

void
bnc_kube_free(struct bnc_kube *kube)
{
    if (kube == NULL) {
        return;
    }
    while (!TAILQ_EMPTY(&kube->calls)) {
        /* NOLINTNEXTLINE(clang-analyzer-unix.Malloc) */
        bnc_kube_cancel(TAILQ_FIRST(&kube->calls));
    }
    bnc_timer_free(kube->gate);
    bnc_timer_free(kube->renew);
    bnc_timer_free(kube->pulse.timer);
    bnc_map_free(kube->warnings);
    bnc_auth_free(kube->auth);
    bnc_kube_config_free(kube->config);
    free(kube);
}

bool
bnc_kube_may_stream(const struct bnc_kube *kube, enum bnc_kind kind)
{
    int64_t until = kube->no_streams_until[kind];
    if (kube->plain_lists) {
        return false;
    }
    return until == 0 || bnc_world_mono_ms(kube->world) >= until;
}

void
bnc_kube_refuses_streams(struct bnc_kube *kube, enum bnc_kind kind)
{
    kube->no_streams_until[kind] = bnc_world_mono_ms(kube->world) + NO_STREAMS_MS;
}

struct bnc_world *
bnc_kube_world(const struct bnc_kube *kube)
{
    return kube->world;
}

const struct bnc_kube_config *
bnc_kube_config_of(const struct bnc_kube *kube)
{
    return kube->config;
}

struct bnc_kube_counters *
bnc_kube_counters(struct bnc_kube *kube)
{
    bnc_auth_counts(kube->auth, &kube->counters.token_reads,
                    &kube->counters.token_failures);
    return &kube->counters;
}
