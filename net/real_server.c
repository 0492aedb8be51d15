#include "net/real_server.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <event2/listener.h>
#include <event2/util.h>

#define MAX_CONNS       256
#define BACKLOG         128
#define ACCEPT_PAUSE_MS 100

/* ---- accepting ----------------------------------------------------------------- */

void
bnc_real_listener_resume(struct bnc_listener *listener)
{
    if (listener->conn_count < MAX_CONNS) {
        (void)evconnlistener_enable(listener->socket);
    }
}

static void
on_retry(void *arg)
{
    bnc_real_listener_resume(arg);
}

static void
on_accept(struct evconnlistener *socket, evutil_socket_t fd, struct sockaddr *peer,
          int peer_size, void *arg)
{
    BNC_UNUSED(peer);
    BNC_UNUSED(peer_size);
    struct bnc_listener *listener = arg;

    bnc_real_conn_new(listener, fd);
    if (listener->conn_count >= MAX_CONNS && !bnc_real_conn_close_idle(listener)) {
        (void)evconnlistener_disable(socket); /* the rest waits in the backlog */
    }
}

/* No descriptors left: the socket stays readable, so look away for a while. */
static void
on_accept_error(struct evconnlistener *socket, void *arg)
{
    struct bnc_listener *listener = arg;
    (void)evconnlistener_disable(socket);
    bnc_real_timer_set(&listener->retry, ACCEPT_PAUSE_MS);
}

/* ---- listening ----------------------------------------------------------------- */

/* A bound, listening socket, or -1 with errno set. */
static int
open_socket(const struct addrinfo *ai)
{
    int fd = socket(ai->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) {
        return -1;
    }
    int on = 1;
    int off = 0;
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (ai->ai_family == AF_INET6) {
        (void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
    }
    if (bind(fd, ai->ai_addr, ai->ai_addrlen) != 0 || listen(fd, BACKLOG) != 0) {
        int number = errno;
        (void)close(fd);
        errno = number;
        return -1;
    }
    return fd;
}

static int
open_host(const char *host, const char *port)
{
    const struct addrinfo hints = {
        .ai_socktype = SOCK_STREAM,
        .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE,
    };
    struct addrinfo *found = NULL;
    if (getaddrinfo(host, port, &hints, &found) != 0) {
        errno = EINVAL;
        return -1;
    }
    int fd = open_socket(found);
    freeaddrinfo(found);
    return fd;
}

/* "host:port", "[host]:port" or ":port" in two; false when it is none of them. */
static bool
split_address(const char *address, char *host, size_t host_size, const char **port)
{
    const char *colon = strrchr(address, ':');
    if (colon == NULL || colon[1] == '\0') {
        return false;
    }
    size_t n = (size_t)(colon - address);
    if (n >= 2 && address[0] == '[' && colon[-1] == ']') {
        address++;
        n -= 2;
    } else if (memchr(address, ':', n) != NULL) {
        return false; /* IPv6 without brackets */
    }
    if (n >= host_size) {
        return false;
    }
    memcpy(host, address, n);
    host[n] = '\0';

    char *end;
    errno = 0;
    long number = strtol(colon + 1, &end, 10);
    *port = colon + 1;
    return *end == '\0' && errno == 0 && number >= 0 && number <= 65535;
}

static enum bnc_code
open_address(const char *address, int *out, struct bnc_error *err)
{
    char host[128];
    const char *port;

    if (!split_address(address, host, sizeof(host), &port)) {
        return bnc_fail(err, BNC_INVALID, "\"%s\" is not HOST:PORT", address);
    }
    int fd;
    if (host[0] == '\0') { /* all addresses: both families where there are two */
        fd = open_host("::", port);
        if (fd < 0 && (errno == EAFNOSUPPORT || errno == EADDRNOTAVAIL)) {
            fd = open_host("0.0.0.0", port);
        }
    } else {
        fd = open_host(host, port);
    }
    if (fd < 0 && (errno == EINVAL || errno == EADDRNOTAVAIL)) {
        return bnc_fail(err, BNC_INVALID, "\"%s\" is no numeric address of this machine",
                        address);
    }
    if (fd < 0) {
        return bnc_fail_errno(err, "listen on %s", address);
    }
    *out = fd;
    return BNC_OK;
}

static int
port_of(int fd)
{
    struct sockaddr_storage name = {0};
    socklen_t size = sizeof(name);

    if (getsockname(fd, (struct sockaddr *)&name, &size) != 0) {
        return 0;
    }
    if (name.ss_family == AF_INET6) {
        struct sockaddr_in6 in6;
        memcpy(&in6, &name, sizeof(in6));
        return ntohs(in6.sin6_port);
    }
    struct sockaddr_in in4;
    memcpy(&in4, &name, sizeof(in4));
    return ntohs(in4.sin_port);
}

enum bnc_code /* NOLINTNEXTLINE(readability-function-size): as net/world.h has it */
bnc_real_listen(struct bnc_world *world, const char *address, size_t max_body,
                bnc_http_handler_fn fn, void *arg, struct bnc_listener **out,
                struct bnc_error *err)
{
    struct bnc_real *real = bnc_real_of(world);
    int fd = -1;
    if (open_address(address, &fd, err)) {
        return err->code;
    }

    struct bnc_listener *listener = bnc_alloc(sizeof(*listener));
    listener->handle.world = world;
    listener->max_body = max_body;
    listener->fn = fn;
    listener->arg = arg;
    listener->port = port_of(fd);
    bnc_real_timer_init(&listener->retry, real, on_retry, listener);
    listener->socket =
        evconnlistener_new(real->loop, on_accept, listener,
                           LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, 0, fd);
    if (listener->socket == NULL) {
        (void)close(fd);
        free(listener);
        return bnc_fail(err, BNC_INTERNAL, "listen on %s: no event", address);
    }
    evconnlistener_set_error_cb(listener->socket, on_accept_error);
    real->listeners++;
    *out = listener;
    return BNC_OK;
}

int
bnc_real_listener_port(const struct bnc_listener *listener)
{
    return listener->port;
}

void
bnc_real_listener_free(struct bnc_listener *listener)
{
    while (!LIST_EMPTY(&listener->conns)) {
        bnc_real_conn_close(LIST_FIRST(&listener->conns));
    }
    bnc_real_timer_stop(&listener->retry);
    evconnlistener_free(listener->socket);
    bnc_real_tls_free(listener);
    bnc_real_of(listener->handle.world)->listeners--;
    free(listener);
}

void
bnc_real_server_free_all(struct bnc_real *real)
{
    while (!LIST_EMPTY(&real->exchanges)) {
        struct bnc_http_exchange *exchange = LIST_FIRST(&real->exchanges);
        LIST_REMOVE(exchange, link);
        free(exchange);
    }
}
