#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "tests/sim/world_internal.h"

struct bnc_listener {
    struct bnc_sim_handle handle;
    struct bnc_listener *next;
    int port;
    size_t max_body;
    bnc_http_handler_fn fn;
    void *arg;
    char *address;
};

/* A simulated client's question, kept by bnc_sim_request() on its stack. */
struct question {
    struct bnc_sim *sim;
    struct bnc_sim_event event;
    int port;
    const char *method;
    char *path;
    const char *query;
    struct bnc_bytes body;
    struct bnc_http_exchange *exchange;
    struct bnc_str *out;
    int status;
    bool done;
};

struct bnc_http_exchange {
    struct bnc_sim_handle handle;
    struct question *question; /* NULL: the client has gone */
    struct bnc_sim_event event;
    int status;
    char *body;
    size_t n;
    bool answered;
};

/* ---- requests ---------------------------------------------------------------------- */

const char *
bnc_sim_request_header(const struct bnc_sim_request *request, const char *name)
{
    size_t n = strlen(name);
    for (size_t i = 0; request->headers[i] != NULL; i++) {
        const char *line = request->headers[i];
        if (strncasecmp(line, name, n) == 0 && line[n] == ':') {
            line += n + 1;
            return line + strspn(line, " ");
        }
    }
    return NULL;
}

void
bnc_sim_reply(struct bnc_http_call *call, int status, const char *content_type,
              struct bnc_bytes body)
{
    char line[128];
    (void)snprintf(line, sizeof(line), "Content-Type: %s", content_type);
    bnc_sim_reply_head(call, status, (const char *const[]){line, NULL});
    bnc_sim_reply_data(call, body.ptr, body.len);
    bnc_sim_reply_end(call);
}

/* ---- listeners -------------------------------------------------------------- */

static void
listener_destroy(struct bnc_sim_handle *handle)
{
    free(((struct bnc_listener *)handle)->address);
    free(handle);
}

static struct bnc_listener *
find_listener(struct bnc_sim *sim, int port)
{
    struct bnc_listener *l = sim->listeners;
    while (l != NULL && l->port != port) {
        l = l->next;
    }
    return l;
}

enum bnc_code
bnc_sim_listen(struct bnc_world *world, const char *address, size_t max_body,
               bnc_http_handler_fn fn, void *arg, struct bnc_listener **out,
               struct bnc_error *err)
{
    struct bnc_sim *sim = bnc_sim_of(world);
    const char *colon = strrchr(address, ':');
    char *end = NULL;
    long port = colon == NULL ? -1 : strtol(colon + 1, &end, 10);
    if (port < 0 || port > 65535 || end == colon + 1 || *end != '\0') {
        return bnc_fail(err, BNC_INVALID, "listen on %s: no address with a port",
                        address);
    }
    if (port == 0) {
        port = sim->next_port++;
    }
    if (find_listener(sim, (int)port) != NULL) {
        return bnc_fail(err, BNC_CONFLICT, "listen on %s: the port is taken", address);
    }
    struct bnc_listener *l = bnc_alloc(sizeof(*l));
    bnc_sim_handle_open(sim, &l->handle, "listener", listener_destroy);
    l->address = bnc_strdup(address);
    l->handle.name = l->address;
    l->port = (int)port;
    l->max_body = max_body;
    l->fn = fn;
    l->arg = arg;
    l->next = sim->listeners;
    sim->listeners = l;
    *out = l;
    return BNC_OK;
}

int
bnc_sim_listener_port(const struct bnc_listener *listener)
{
    bnc_sim_handle_check(listener, "bnc_listener_port");
    return listener->port;
}

void
bnc_sim_listener_free(struct bnc_listener *listener)
{
    if (listener == NULL) {
        return;
    }
    bnc_sim_handle_check(listener, "bnc_listener_free");
    struct bnc_sim *sim = bnc_sim_of_handle(listener);
    struct bnc_listener **link = &sim->listeners;
    while (*link != listener) {
        link = &(*link)->next;
    }
    *link = listener->next;
    bnc_sim_handle_bury(sim, &listener->handle);
}

/* ---- exchanges ----------------------------------------------------------------- */

static void
exchange_destroy(struct bnc_sim_handle *handle)
{
    free(((struct bnc_http_exchange *)handle)->body);
    free(handle);
}

static void
deliver_answer(void *arg)
{
    struct bnc_http_exchange *x = arg;
    struct question *q = x->question;
    if (q != NULL) {
        q->status = x->status;
        q->done = true;
        q->exchange = NULL;
        if (q->out != NULL) {
            bnc_str_add(q->out, x->body, x->n);
        }
    }
    bnc_sim_handle_bury(bnc_sim_of_handle(x), &x->handle);
}

void
bnc_sim_answer(struct bnc_http_exchange *exchange, int status, const char *content_type,
               struct bnc_bytes body)
{
    bnc_sim_handle_check(exchange, "bnc_http_answer");
    struct bnc_sim *sim = bnc_sim_of_handle(exchange);
    if (exchange->answered) {
        bnc_sim_die(sim, "bnc_http_answer: answered twice");
    }
    if (status < 200 || status > 599 || content_type == NULL) {
        bnc_sim_die(sim, "bnc_http_answer: status %d or no content type", status);
    }
    exchange->answered = true;
    exchange->handle.kind = "answer";
    exchange->status = status;
    exchange->body = bnc_alloc(body.len + 1);
    if (body.len > 0) {
        memcpy(exchange->body, body.ptr, body.len);
    }
    exchange->n = body.len;
    bnc_sim_schedule(sim, &exchange->event, bnc_sim_draw_latency(sim), deliver_answer,
                     exchange, "answer");
}

static void
percent_decode(char *s)
{
    char *out = s;
    for (; *s != '\0'; s++) {
        char hex[3] = {s[0], s[0] == '\0' ? '\0' : s[1], '\0'};
        if (*s == '%' && s[1] != '\0' && s[2] != '\0') {
            hex[0] = s[1];
            hex[1] = s[2];
            *out++ = (char)strtol(hex, NULL, 16);
            s += 2;
        } else {
            *out++ = *s;
        }
    }
    *out = '\0';
}

static void
deliver_question(void *arg)
{
    struct question *q = arg;
    struct bnc_listener *l = find_listener(q->sim, q->port);
    if (l == NULL) {
        q->done = true;
        return;
    }
    if (q->body.len > l->max_body) {
        q->status = 413;
        q->done = true;
        return;
    }
    struct bnc_http_exchange *x = bnc_alloc(sizeof(*x));
    bnc_sim_handle_open(q->sim, &x->handle, "exchange", exchange_destroy);
    x->question = q;
    q->exchange = x;
    struct bnc_http_query query = {
        .method = q->method, .path = q->path, .query = q->query, .body = q->body};
    l->fn(l->arg, x, &query);
}

static bool
is_done(void *arg)
{
    return ((const struct question *)arg)->done;
}

int
bnc_sim_request(struct bnc_sim *sim, int port, const char *method, const char *target,
                struct bnc_bytes body, struct bnc_str *out)
{
    struct question q = {
        .sim = sim, .port = port, .method = method, .body = body, .out = out};
    q.path = bnc_strdup(target);
    char *mark = strchr(q.path, '?');
    q.query = "";
    if (mark != NULL) {
        *mark = '\0';
        q.query = mark + 1;
    }
    percent_decode(q.path);
    bnc_sim_schedule(sim, &q.event, bnc_sim_draw_latency(sim), deliver_question, &q,
                     "question");
    (void)bnc_sim_run_until(sim, is_done, &q, 30000);
    bnc_sim_unschedule(sim, &q.event);
    if (q.exchange != NULL) {
        q.exchange->question = NULL;
    }
    free(q.path);
    return q.done ? q.status : -1;
}
