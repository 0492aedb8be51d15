#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "tests/sim/world_internal.h"

/*
 * A call lives on two sides: the product's, until on_done returned or it was
 * cancelled, and the server's, until it ended its answer or was told `closed`.
 */
enum piece_type { PIECE_HEAD, PIECE_DATA, PIECE_END, PIECE_BREAK };

struct piece {
    struct bnc_sim_event event;
    struct bnc_http_call *call;
    struct piece *next;
    enum piece_type type;
    int status;
    size_t n;
    char bytes[]; /* data, headers (each ended by NUL), or the reason of a break */
};

struct server {
    const struct bnc_sim_server *ops;
    void *arg;
};

struct bnc_http_call {
    struct bnc_sim_handle handle;
    const struct bnc_http_client_ops *ops;
    void *arg;
    struct bnc_arena *arena; /* the request */
    struct bnc_sim_request request;
    const char *origin;
    const char *label; /* "GET /api/v1/pods?watch=1", for messages */
    size_t max_bytes;
    size_t received;
    int64_t last_us;           /* when what was sent last arrives */
    struct bnc_sim_event step; /* arrival at the server, later its news of our end */
    struct bnc_sim_event deadline;
    struct piece *pieces;
    char *headers; /* of the answer, once the head arrived */
    size_t headers_n;
    int status;
    bool client_gone;
    bool client_done; /* on_done was called or is not wanted any more */
    bool server_has;  /* the request arrived and the answer has no end yet */
    bool arrived;
    bool sent_head;
    bool stalled;
    bool in_done;
    bool lost; /* it never arrives */
};

static void
call_destroy(struct bnc_sim_handle *handle)
{
    struct bnc_http_call *call = (struct bnc_http_call *)handle;
    free(call->headers);
    bnc_arena_free(call->arena);
    free(call);
}

static void
drop_pieces(struct bnc_http_call *call)
{
    while (call->pieces != NULL) {
        struct piece *piece = call->pieces;
        call->pieces = piece->next;
        bnc_sim_unschedule(bnc_sim_of_handle(call), &piece->event);
        free(piece);
    }
}

/* When neither side has it any more. */
static void
settle_call(struct bnc_http_call *call)
{
    if (call->client_done && !call->server_has && call->step.slot == 0 &&
        !call->handle.dead) {
        drop_pieces(call);
        bnc_sim_handle_bury(bnc_sim_of_handle(call), &call->handle);
    }
}

static void
tell_server(void *arg)
{
    struct bnc_http_call *call = arg;
    const struct server *server =
        bnc_map_get(bnc_sim_of_handle(call)->servers, call->origin);
    if (call->server_has) {
        call->server_has = false;
        if (server != NULL && server->ops->closed != NULL) {
            server->ops->closed(server->arg, call);
        }
    }
    settle_call(call);
}

/* The client's side ends here; on_done is the caller's business. */
static void
leave(struct bnc_http_call *call)
{
    struct bnc_sim *sim = bnc_sim_of_handle(call);
    call->client_gone = true;
    drop_pieces(call);
    bnc_sim_unschedule(sim, &call->deadline);
    if (call->server_has) {
        bnc_sim_schedule(sim, &call->step, bnc_sim_draw_latency(sim), tell_server, call,
                         "client gone");
    }
}

static void
finish(struct bnc_http_call *call, enum bnc_code code, const char *why)
{
    struct bnc_error err = {0};
    if (code != BNC_OK) {
        (void)bnc_fail(&err, code, "%s: %s", call->label, why);
    }
    leave(call);
    bnc_sim_note(bnc_sim_of_handle(call), "call done", why, call->status);
    call->in_done = true;
    unsigned before = bnc_sim_process(bnc_sim_of_handle(call), call->handle.process);
    if (call->ops->on_done != NULL) {
        call->ops->on_done(call->arg, call, call->status, &err);
    }
    (void)bnc_sim_process(bnc_sim_of_handle(call), before);
    call->in_done = false;
    call->client_done = true;
    settle_call(call);
}

static void
on_deadline(void *arg)
{
    struct bnc_http_call *call = arg;
    finish(call, BNC_TIMEOUT, "no whole answer before the deadline");
}

/* ---- pieces of the answer ------------------------------------------------------- */

static void
deliver_data(struct bnc_http_call *call, const struct piece *piece)
{
    call->received += piece->n;
    if (call->max_bytes > 0 && call->received > call->max_bytes) {
        finish(call, BNC_TOO_BIG, "the answer is over its limit");
    } else if (call->ops->on_data != NULL) {
        /* an exact copy, so that a read behind its end is noticed */
        char *exact = bnc_alloc(piece->n == 0 ? 1 : piece->n);
        memcpy(exact, piece->bytes, piece->n);
        call->ops->on_data(call->arg, call, exact, piece->n);
        free(exact);
    }
}

static void
deliver(void *arg)
{
    struct piece *piece = arg;
    struct bnc_http_call *call = piece->call;
    if (call->pieces != piece) {
        bnc_sim_die(bnc_sim_of_handle(call), "%s: out of order", call->label);
    }
    call->pieces = piece->next;
    if (bnc_sim_operation(bnc_sim_of_handle(call), call->label)) {
        finish(call, BNC_UNAVAILABLE, "connection reset by peer");
        free(piece);
        return;
    }
    switch (piece->type) {
    case PIECE_HEAD:
        call->status = piece->status;
        call->headers = bnc_alloc(piece->n + 1);
        memcpy(call->headers, piece->bytes, piece->n);
        call->headers_n = piece->n;
        if (call->ops->on_head != NULL) {
            call->ops->on_head(call->arg, call, piece->status);
        }
        break;
    case PIECE_DATA:
        deliver_data(call, piece);
        break;
    case PIECE_END:
        finish(call, BNC_OK, NULL);
        break;
    case PIECE_BREAK:
        finish(call, BNC_UNAVAILABLE, piece->bytes);
        break;
    }
    free(piece);
}

static void
send_piece(struct bnc_http_call *call, enum piece_type type, int status,
           const char *bytes, size_t n)
{
    static const char *const names[] = {[PIECE_HEAD] = "head",
                                        [PIECE_DATA] = "data",
                                        [PIECE_END] = "end",
                                        [PIECE_BREAK] = "break"};
    struct bnc_sim *sim = bnc_sim_of_handle(call);
    if (call->client_gone || call->stalled) {
        return;
    }
    struct piece *piece = bnc_alloc(sizeof(*piece) + n + 1);
    piece->call = call;
    piece->event.process = call->handle.process;
    piece->type = type;
    piece->status = status;
    piece->n = n;
    if (n > 0) {
        memcpy(piece->bytes, bytes, n);
    }
    struct piece **end = &call->pieces;
    while (*end != NULL) {
        end = &(*end)->next;
    }
    *end = piece;
    int64_t at = sim->now_us + bnc_sim_draw_latency(sim);
    int64_t cut_us = sim->cut_us[call->handle.process];
    at = at > cut_us ? at : cut_us;
    call->last_us = call->last_us > at ? call->last_us : at;
    bnc_sim_schedule(sim, &piece->event, call->last_us - sim->now_us, deliver, piece,
                     names[type]);
}

/* ---- what servers use -------------------------------------------------------------- */

void
bnc_sim_reply_head(struct bnc_http_call *call, int status, const char *const *headers)
{
    struct bnc_str text = bnc_str_new(NULL, 65536);
    for (size_t i = 0; headers != NULL && headers[i] != NULL; i++) {
        bnc_str_add(&text, headers[i], strlen(headers[i]) + 1);
    }
    send_piece(call, PIECE_HEAD, status, text.ptr, text.len);
    bnc_str_free(&text);
    call->sent_head = true;
}

void
bnc_sim_reply_data(struct bnc_http_call *call, const char *bytes, size_t n)
{
    struct bnc_sim *sim = bnc_sim_of_handle(call);
    while (n > 0) {
        size_t part = n > 16384 ? 16384 : n;
        if (part > 1 && bnc_sim_chance(sim, 250)) {
            part = 1 + bnc_sim_below(sim, part - 1);
        }
        send_piece(call, PIECE_DATA, 0, bytes, part);
        bytes += part;
        n -= part;
    }
}

static void
server_end(struct bnc_http_call *call, enum piece_type type, const char *why)
{
    send_piece(call, type, 0, why, why == NULL ? 0 : strlen(why));
    call->server_has = false;
    settle_call(call);
}

void
bnc_sim_reply_end(struct bnc_http_call *call)
{
    server_end(call, PIECE_END, NULL);
}

void
bnc_sim_reply_break(struct bnc_http_call *call, const char *why)
{
    server_end(call, PIECE_BREAK, why);
}

void
bnc_sim_reply_slow(struct bnc_http_call *call, int64_t ms)
{
    int64_t now = bnc_sim_of_handle(call)->now_us;
    call->last_us = (call->last_us > now ? call->last_us : now) + ms * 1000;
}

void
bnc_sim_reply_stall(struct bnc_http_call *call, int64_t ms)
{
    if (ms >= 0 && !call->stalled) {
        bnc_sim_reply_slow(call, ms);
        send_piece(call, PIECE_BREAK, 0, "connection timed out", 20);
    }
    call->stalled = true;
}

bool
bnc_sim_reply_stalled(const struct bnc_http_call *call)
{
    return call->stalled;
}

void
bnc_sim_unserve(struct bnc_sim *sim, const char *origin)
{
    free(bnc_map_take(sim->servers, origin));
}

void
bnc_sim_serve(struct bnc_sim *sim, const char *origin,
              const struct bnc_sim_server *server, void *arg)
{
    struct server *row = bnc_alloc(sizeof(*row));
    row->ops = server;
    row->arg = arg;
    free(bnc_map_put(sim->servers, origin, row));
}

/* ---- what the product uses ------------------------------------------------------------
 */

static void
arrive(void *arg)
{
    struct bnc_http_call *call = arg;
    const struct server *server =
        bnc_map_get(bnc_sim_of_handle(call)->servers, call->origin);
    bool refused = server == NULL || call->lost;
    if (refused &&
        bnc_sim_defer(bnc_sim_of_handle(call), &call->step, call->handle.process)) {
        return;
    }
    call->arrived = true;
    bnc_sim_note(bnc_sim_of_handle(call), "request", call->label, 0);
    if (refused) {
        if (!call->client_gone) {
            finish(call, BNC_UNAVAILABLE, "connection refused");
        }
        settle_call(call);
        return;
    }
    call->server_has = true;
    server->ops->request(server->arg, call, &call->request);
    if (call->client_gone && call->server_has) {
        tell_server(call);
    }
    settle_call(call);
}

/* "https://h/p?q" to origin (with its port), path and query. */
static void
split_url(struct bnc_http_call *call, const char *url)
{
    struct bnc_sim *sim = bnc_sim_of_handle(call);
    bool tls = bnc_str_starts(url, "https://");
    if (!tls && !bnc_str_starts(url, "http://")) {
        bnc_sim_die(sim, "bnc_http_start: no http or https URL: %s", url);
    }
    const char *host = url + (tls ? 8 : 7);
    size_t n = strcspn(host, "/?#");
    const char *at = memchr(host, '@', n);
    if (n == 0 || at != NULL || strpbrk(url, " #\r\n") != NULL) {
        bnc_sim_die(sim, "bnc_http_start: a bad URL: %s", url);
    }
    char *origin = bnc_arena_strndup(call->arena, url, (size_t)(host - url) + n);
    const char *colon = strrchr(origin + (host - url), ':');
    if (colon == NULL || strchr(colon, ']') != NULL) {
        origin = bnc_arena_fmt(call->arena, "%s:%d", origin, tls ? 443 : 80);
    }
    call->origin = origin;
    const char *query = strchr(host + n, '?');
    size_t path_n = query == NULL ? strlen(host + n) : (size_t)(query - host) - n;
    call->request.path =
        path_n == 0 ? "/" : bnc_arena_strndup(call->arena, host + n, path_n);
    call->request.query = query == NULL ? "" : bnc_arena_strdup(call->arena, query + 1);
}

static void
copy_request(struct bnc_http_call *call, const struct bnc_http_request *request)
{
    struct bnc_sim *sim = bnc_sim_of_handle(call);
    size_t n = 0;
    while (request->headers != NULL && request->headers[n] != NULL) {
        if (strchr(request->headers[n], ':') == NULL ||
            strpbrk(request->headers[n], "\r\n") != NULL) {
            bnc_sim_die(sim, "bnc_http_start: a bad header: %s", request->headers[n]);
        }
        n++;
    }
    const char **headers = bnc_arena_array(call->arena, n + 1, sizeof(*headers));
    for (size_t i = 0; i < n; i++) {
        headers[i] = bnc_arena_strdup(call->arena, request->headers[i]);
    }
    split_url(call, request->url);
    call->request.method = bnc_arena_strdup(call->arena, request->method);
    call->request.headers = headers;
    if (request->body.len > 0) {
        char *copy = bnc_arena_alloc(call->arena, request->body.len + 1);
        memcpy(copy, request->body.ptr, request->body.len);
        call->request.body = (struct bnc_bytes){copy, request->body.len};
    }
    call->label =
        bnc_arena_fmt(call->arena, "%s %s%s%s", request->method, call->request.path,
                      *call->request.query ? "?" : "", call->request.query);
    call->handle.name = call->label;
}

struct bnc_http_call *
bnc_sim_http_start(struct bnc_world *world, const struct bnc_http_request *request,
                   const struct bnc_http_client_ops *ops, void *arg)
{
    struct bnc_sim *sim = bnc_sim_of(world);
    struct bnc_http_call *call = bnc_alloc(sizeof(*call));
    bnc_sim_handle_open(sim, &call->handle, "call", call_destroy);
    call->arena = bnc_arena_new();
    call->ops = ops;
    call->arg = arg;
    call->max_bytes = request->max_bytes;
    copy_request(call, request);
    if (request->timeout_ms <= 0 || request->group >= BNC_HTTP_GROUP_COUNT) {
        bnc_sim_die(sim, "bnc_http_start: no timeout, or no group: %s", call->label);
    }
    call->lost = bnc_sim_operation(sim, call->label);
    if (sim->cut_us[sim->process] <= sim->now_us) {
        bnc_sim_schedule(sim, &call->step, bnc_sim_draw_latency(sim), arrive, call,
                         "arrive");
    }
    call->deadline.process = sim->process;
    bnc_sim_schedule(sim, &call->deadline, request->timeout_ms * 1000, on_deadline, call,
                     "deadline");
    return call;
}

void
bnc_sim_http_cancel(struct bnc_http_call *call)
{
    bnc_sim_handle_check(call, "bnc_http_cancel");
    if (call->client_gone) {
        bnc_sim_die(bnc_sim_of_handle(call), "bnc_http_cancel: %s: %s", call->label,
                    call->in_done ? "inside its own on_done" : "it was cancelled before");
    }
    leave(call);
    call->client_done = true;
    /* What is on its way may be carried out all the same. */
    if (!call->arrived && bnc_sim_chance(bnc_sim_of_handle(call), 500)) {
        bnc_sim_unschedule(bnc_sim_of_handle(call), &call->step);
    }
    settle_call(call);
}

const char *
bnc_sim_http_header(struct bnc_http_call *call, const char *name)
{
    bnc_sim_handle_check(call, "bnc_http_header");
    size_t n = strlen(name);
    for (size_t at = 0; at < call->headers_n; at += strlen(call->headers + at) + 1) {
        const char *line = call->headers + at;
        if (strncasecmp(line, name, n) == 0 && line[n] == ':') {
            line += n + 1;
            return line + strspn(line, " ");
        }
    }
    return NULL;
}

void
bnc_sim_http_drop(struct bnc_world *world)
{
    bnc_sim_note(bnc_sim_of(world), "drop connections", NULL, 0);
}

/* Calls that the product has left but a server still has. */
void
bnc_sim_http_free(struct bnc_sim *sim)
{
    struct bnc_sim_handle *next;
    for (struct bnc_sim_handle *h = sim->handles; h != NULL; h = next) {
        next = h->next;
        struct bnc_http_call *call = (struct bnc_http_call *)h;
        if (h->destroy == call_destroy && call->client_done) {
            bnc_sim_unschedule(sim, &call->step);
            bnc_sim_handle_bury(sim, h);
        }
    }
    void *value;
    size_t at = 0;
    while (bnc_map_next(sim->servers, &at, NULL, &value)) {
        free(value);
    }
    bnc_map_free(sim->servers);
    sim->servers = NULL;
}
