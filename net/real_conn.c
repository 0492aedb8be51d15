#include "net/real_server.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>

#include "net/http_parse.h"

#define REQUEST_MS 32000 /* from its first byte to its last */
#define IDLE_MS    90000 /* between two requests */
#define ANSWER_MS  60000 /* until the client has taken the answer */
#define LINGER_MS  2000  /* until it has noticed that we are done */
#define READ_BYTES ((size_t)64 * 1024)

enum conn_state { CONN_READING, CONN_HANDLING, CONN_WRITING, CONN_LINGERING };

struct bnc_real_conn {
    LIST_ENTRY(bnc_real_conn) link;
    struct bnc_real *real;
    struct bnc_listener *listener;
    struct bufferevent *bev;
    struct bnc_http_parser parser;
    struct bnc_http_exchange *exchange; /* not answered yet */
    struct bnc_timer deadline;
    enum conn_state state;
    bool idle;   /* nothing of a next request has come */
    bool in_use; /* below us on the stack: free it there */
    bool closed;
};

static const struct {
    int status;
    const char *text;
} status_texts[] = {
    {200, "OK"},
    {201, "Created"},
    {202, "Accepted"},
    {204, "No Content"},
    {304, "Not Modified"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {409, "Conflict"},
    {410, "Gone"},
    {413, "Content Too Large"},
    {415, "Unsupported Media Type"},
    {417, "Expectation Failed"},
    {422, "Unprocessable Content"},
    {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {502, "Bad Gateway"},
    {503, "Service Unavailable"},
    {504, "Gateway Timeout"},
    {505, "HTTP Version Not Supported"},
};

static const char *
status_text(int status)
{
    for (size_t i = 0; i < BNC_LEN(status_texts); i++) {
        if (status_texts[i].status == status) {
            return status_texts[i].text;
        }
    }
    return "Status";
}

/* ---- end of a connection ------------------------------------------------------- */

static void
conn_free(struct bnc_real_conn *conn)
{
    bnc_http_parser_free(&conn->parser);
    free(conn);
}

void
bnc_real_conn_close(struct bnc_real_conn *conn)
{
    struct bnc_listener *listener = conn->listener;

    LIST_REMOVE(conn, link);
    listener->conn_count--;
    bnc_real_timer_stop(&conn->deadline);
    bufferevent_free(conn->bev);
    if (conn->exchange != NULL) {
        conn->exchange->conn = NULL;
    }
    conn->closed = true;
    if (!conn->in_use) {
        conn_free(conn);
    }
    bnc_real_listener_resume(listener);
}

static void
on_deadline(void *arg)
{
    bnc_real_conn_close(arg);
}

bool
bnc_real_conn_close_idle(struct bnc_listener *listener)
{
    struct bnc_real_conn *found = NULL;
    struct bnc_real_conn *conn = LIST_FIRST(&listener->conns); /* the newest: spared */

    while (conn != NULL && (conn = LIST_NEXT(conn, link)) != NULL) {
        if (conn->idle) {
            found = conn;
        }
    }
    if (found != NULL) {
        bnc_real_conn_close(found);
    }
    return found != NULL;
}

/*
 * A socket closed with unread bytes sends a reset, which can take the answer
 * away from the client: say that we are done and swallow the rest first.
 */
static void
linger(struct bnc_real_conn *conn)
{
    bnc_real_tls_end(conn->bev);
    (void)shutdown(bufferevent_getfd(conn->bev), SHUT_WR);
    conn->state = CONN_LINGERING;
    bnc_real_timer_set(&conn->deadline, LINGER_MS);
    (void)bufferevent_enable(conn->bev, EV_READ);
}

/* ---- answering ----------------------------------------------------------------- */

static void
add_date(struct evbuffer *out)
{
    time_t now = time(NULL);
    struct tm parts;
    char text[64];

    if (gmtime_r(&now, &parts) != NULL &&
        strftime(text, sizeof(text), "%a, %d %b %Y %H:%M:%S GMT", &parts) > 0) {
        (void)evbuffer_add_printf(out, "Date: %s\r\n", text);
    }
}

static void
send_answer(struct bnc_real_conn *conn, int status, const char *type,
            struct bnc_bytes body)
{
    struct evbuffer *out = bufferevent_get_output(conn->bev);
    bool has_body = status >= 200 && status != 204 && status != 304;

    (void)evbuffer_add_printf(out, "HTTP/1.1 %d %s\r\n", status, status_text(status));
    add_date(out);
    if (has_body) {
        if (type != NULL && strpbrk(type, "\r\n") == NULL) {
            (void)evbuffer_add_printf(out, "Content-Type: %s\r\n", type);
        }
        (void)evbuffer_add_printf(out, "Content-Length: %zu\r\n", body.len);
    }
    (void)evbuffer_add_printf(out, "X-Content-Type-Options: nosniff\r\n%s\r\n",
                              conn->parser.keep_alive ? "" : "Connection: close\r\n");
    if (has_body && strcmp(conn->parser.method, "HEAD") != 0) {
        (void)evbuffer_add(out, body.ptr, body.len);
    }
    conn->state = CONN_WRITING;
    bnc_real_timer_set(&conn->deadline, ANSWER_MS);
}

static void
send_bad(struct bnc_real_conn *conn, int status)
{
    const char *text = status_text(status);
    conn->parser.keep_alive = false;
    send_answer(conn, status, "text/plain",
                (struct bnc_bytes){.ptr = text, .len = strlen(text)});
}

void
bnc_real_answer(struct bnc_http_exchange *exchange, int status, const char *content_type,
                struct bnc_bytes body)
{
    struct bnc_real_conn *conn = exchange->conn;

    LIST_REMOVE(exchange, link);
    free(exchange);
    if (conn != NULL) {
        conn->exchange = NULL;
        send_answer(conn, status, content_type, body);
    }
}

/* ---- reading -------------------------------------------------------------------------
 */

static void
handle(struct bnc_real_conn *conn)
{
    struct bnc_listener *listener = conn->listener;
    struct bnc_http_exchange *exchange = bnc_alloc(sizeof(*exchange));
    const struct bnc_http_parser *parser = &conn->parser;

    exchange->handle.world = &conn->real->base;
    exchange->conn = conn;
    LIST_INSERT_HEAD(&conn->real->exchanges, exchange, link);
    conn->exchange = exchange;
    conn->state = CONN_HANDLING;
    bnc_real_timer_stop(&conn->deadline); /* now it is the handler's time */
    (void)bufferevent_disable(conn->bev, EV_READ);

    const struct bnc_http_query query = {
        .method = parser->method,
        .path = parser->path,
        .query = parser->query,
        .authorization = parser->authorization,
        .body = {.ptr = parser->body.ptr == NULL ? "" : parser->body.ptr,
                 .len = parser->body.len},
    };
    conn->in_use = true;
    listener->fn(listener->arg, exchange, &query); /* may free the listener */
    conn->in_use = false;
    if (conn->closed) {
        conn_free(conn);
    }
}

/* Give what has come to the parser, up to the end of one request. */
static void
feed(struct bnc_real_conn *conn)
{
    struct evbuffer *in = bufferevent_get_input(conn->bev);
    size_t n;

    while (conn->parser.state < BNC_HTTP_PARSE_DONE &&
           (n = evbuffer_get_contiguous_space(in)) > 0) {
        if (conn->idle) {
            conn->idle = false;
            bnc_real_timer_set(&conn->deadline, REQUEST_MS);
        }
        const char *bytes = (const char *)evbuffer_pullup(in, (ev_ssize_t)n);
        size_t taken = bnc_http_parser_feed(&conn->parser, bytes, n);
        (void)evbuffer_drain(in, taken);
    }
}

static void
read_request(struct bnc_real_conn *conn)
{
    struct bnc_http_parser *parser = &conn->parser;

    feed(conn);
    if (parser->state == BNC_HTTP_PARSE_BAD) {
        (void)bufferevent_disable(conn->bev, EV_READ);
        send_bad(conn, parser->status);
    } else if (parser->state == BNC_HTTP_PARSE_DONE) {
        handle(conn);
    } else if (parser->wants_continue && parser->state > BNC_HTTP_PARSE_HEADER) {
        parser->wants_continue = false;
        (void)bufferevent_write(conn->bev, "HTTP/1.1 100 Continue\r\n\r\n", 25);
    }
}

static void
on_readable(struct bufferevent *bev, void *arg)
{
    struct bnc_real_conn *conn = arg;

    if (conn->state == CONN_READING) {
        read_request(conn);
    } else if (conn->state == CONN_LINGERING) {
        struct evbuffer *in = bufferevent_get_input(bev);
        (void)evbuffer_drain(in, evbuffer_get_length(in));
    }
}

/* All that was to be sent is with the kernel. */
static void
on_written(struct bufferevent *bev, void *arg)
{
    struct bnc_real_conn *conn = arg;

    if (conn->state != CONN_WRITING) {
        return; /* "100 Continue" */
    }
    if (!conn->parser.keep_alive) {
        linger(conn);
        return;
    }
    bnc_http_parser_reset(&conn->parser);
    conn->state = CONN_READING;
    conn->idle = true;
    bnc_real_timer_set(&conn->deadline, IDLE_MS);
    (void)bufferevent_enable(bev, EV_READ);
    read_request(conn); /* a client may send the next request early */
}

static void
on_event(struct bufferevent *bev, short what, void *arg)
{
    BNC_UNUSED(bev);
    if ((what & BEV_EVENT_CONNECTED) == 0) { /* but a handshake that is done */
        bnc_real_conn_close(arg);            /* end of input, error: it is gone */
    }
}

void
bnc_real_conn_new(struct bnc_listener *listener, evutil_socket_t fd)
{
    struct bnc_real *real = bnc_real_of(listener->handle.world);
    struct bufferevent *bev =
        listener->tls != NULL
            ? bnc_real_tls_accept(listener, fd)
            : bufferevent_socket_new(real->loop, fd, BEV_OPT_CLOSE_ON_FREE);
    if (bev == NULL) {
        (void)evutil_closesocket(fd);
        return;
    }
    int on = 1;
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));

    struct bnc_real_conn *conn = bnc_alloc(sizeof(*conn));
    conn->real = real;
    conn->listener = listener;
    conn->bev = bev;
    conn->idle = true;
    bnc_http_parser_init(&conn->parser, listener->max_body);
    bnc_real_timer_init(&conn->deadline, real, on_deadline, conn);
    LIST_INSERT_HEAD(&listener->conns, conn, link);
    listener->conn_count++;

    bnc_real_timer_set(&conn->deadline, REQUEST_MS);
    bufferevent_setcb(bev, on_readable, on_written, on_event, conn);
    bufferevent_setwatermark(bev, EV_READ, 0, READ_BYTES);
    (void)bufferevent_enable(bev, EV_READ | EV_WRITE);
}
