/*
 * The listener and its connections: real_server.c accepts, real_conn.c talks.
 */
#ifndef BNC_NET_REAL_SERVER_H
#define BNC_NET_REAL_SERVER_H

#include "net/real_world.h"

struct bnc_real_conn;

struct bnc_listener {
    struct bnc_world_handle handle;
    struct evconnlistener *socket;
    struct ssl_ctx_st *tls; /* NULL: plain */
    LIST_HEAD(, bnc_real_conn) conns;
    size_t conn_count;
    size_t max_body;
    bnc_http_handler_fn fn;
    void *arg;
    int port;
    struct bnc_timer retry; /* accepting after descriptors ran out */
};

struct bnc_http_exchange {
    struct bnc_world_handle handle;
    LIST_ENTRY(bnc_http_exchange) link;
    struct bnc_real_conn *conn; /* NULL: the client left */
};

/* Talk to a client that was accepted. */
void bnc_real_conn_new(struct bnc_listener *listener, evutil_socket_t fd);
void bnc_real_conn_close(struct bnc_real_conn *conn);
/* Close a connection that waits for a next request; false when there is none. */
bool bnc_real_conn_close_idle(struct bnc_listener *listener);

/* real_tls_server.c: a connection that was accepted, as one over TLS; NULL: it cannot. */
struct bufferevent *
bnc_real_tls_accept(struct bnc_listener *listener, evutil_socket_t fd);
/* Tell the client that no more comes; nothing for a plain connection. */
void bnc_real_tls_end(struct bufferevent *bev);
void bnc_real_tls_free(struct bnc_listener *listener);

/* There may be room for connections again. */
void bnc_real_listener_resume(struct bnc_listener *listener);

#endif
