#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "tests/unit/test_net.h"

/* A client that sends bytes as they are, in pieces, and reads until it is told to stop.
 */
struct client {
    struct bnc_world *world;
    struct bnc_timer *timer;
    int fd;
    const char *text; /* still to send */
    size_t step;
    const char *until; /* stop when this is in the answer; NULL: at the end */
    char answer[8192];
    size_t n;
    bool ended;
};

static struct bnc_http_exchange *held;
static struct bnc_listener *listener;
static char seen[4096];
static size_t big_bytes;

static void
serve(void *arg, struct bnc_http_exchange *exchange, const struct bnc_http_query *query)
{
    static char big[1 << 20];
    BNC_UNUSED(arg);
    size_t n = strlen(seen);
    (void)snprintf(seen + n, sizeof(seen) - n, "%s %s [%.*s];", query->method,
                   query->path, (int)query->body.len, query->body.ptr);
    if (strcmp(query->path, "/hold") == 0) {
        held = exchange;
    } else if (strcmp(query->path, "/free") == 0) {
        bnc_listener_free(listener);
        listener = NULL;
        bnc_http_answer(exchange, 200, NULL, test_bytes("x"));
    } else if (strcmp(query->path, "/big") == 0) {
        bnc_http_answer(exchange, 200, NULL,
                        (struct bnc_bytes){.ptr = big, .len = big_bytes});
    } else {
        bnc_http_answer(exchange, 200, "text/plain\r\nX: y", test_bytes("hi"));
    }
}

static void
poll_client(void *arg)
{
    struct client *client = arg;
    size_t left = strlen(client->text);
    if (left > 0) {
        size_t piece = left < client->step ? left : client->step;
        ssize_t n = send(client->fd, client->text, piece, MSG_NOSIGNAL);
        client->text += n > 0 ? n : 0;
    }
    ssize_t n = recv(client->fd, client->answer + client->n,
                     sizeof(client->answer) - client->n - 1, MSG_DONTWAIT);
    if (n > 0) {
        client->n += (size_t)n;
        client->answer[client->n] = '\0';
    }
    client->ended = n == 0 || (n < 0 && errno == ECONNRESET);
    if (client->ended || (client->until != NULL && client->n > 0 &&
                          strstr(client->answer, client->until) != NULL)) {
        bnc_world_stop(client->world);
        return;
    }
    bnc_timer_set(client->timer, n > 0 || left > 0 ? 0 : 1);
}

static int
connect_to(int port)
{
    const struct sockaddr_in name = {.sin_family = AF_INET,
                                     .sin_port = htons((uint16_t)port),
                                     .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    CHECK(fd >= 0);
    CHECK_INT(connect(fd, (const struct sockaddr *)&name, sizeof(name)), 0);
    return fd;
}

static struct bnc_world *
server_new(void)
{
    struct bnc_error err = {0};
    struct bnc_world *world = test_world_new();
    seen[0] = '\0';
    held = NULL;
    CHECK_INT(bnc_listen(world, "127.0.0.1:0", 20, serve, NULL, &listener, &err), BNC_OK);
    return world;
}

/* Send, and read until `until` or the end of the connection. */
static void
talk(struct bnc_world *world, struct client *client, const char *text, size_t step)
{
    client->world = world;
    client->fd = client->fd > 0 ? client->fd : connect_to(bnc_listener_port(listener));
    client->text = text;
    client->step = step;
    client->timer = bnc_timer_new(world, poll_client, client);
    bnc_timer_set(client->timer, 0);
    test_run(world);
    bnc_timer_free(client->timer);
}

#define HOST  "Host: h\r\n"
#define CLOSE HOST "Connection: close\r\n\r\n"

/* Each ends with the connection closed by the server. */
TEST(conversations)
{
    static const struct {
        const char *name;
        const char *text;
        const char *status;
        const char *seen;
    } rows[] = {
        {"one", "GET /a HTTP/1.1\r\n" CLOSE, "200 OK", "GET /a [];"},
        {"two at once", "GET /a HTTP/1.1\r\n" HOST "\r\nGET /b HTTP/1.1\r\n" CLOSE,
         "200 OK", "GET /a [];GET /b [];"},
        {"HTTP/1.0", "GET /a HTTP/1.0\r\n\r\n", "200 OK", "GET /a [];"},
        {"body",
         "POST / HTTP/1.1\r\nContent-Length: 3\r\nConnection: close\r\n" HOST "\r\nabc",
         "200 OK", "POST / [abc];"},
        {"continue",
         "POST / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 3\r\n"
         "Connection: close\r\n" HOST "\r\nabc",
         "200 OK", "POST / [abc];"},
        {"chunks",
         "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n" HOST
         "\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n",
         "200 OK", "POST / [abc];"},
        {"too big, all of it sent",
         "POST / HTTP/1.1\r\nContent-Length: 21\r\n" HOST "\r\n123456789012345678901",
         "413 Content Too Large", ""},
        {"garbage", "\x16\x03\x01 garbage\r\n\r\nand more of it", "400 Bad Request", ""},
        {"after a good one comes garbage", "GET /a HTTP/1.1\r\n" HOST "\r\nboo\r\n",
         "400 Bad Request", "GET /a [];"},
    };
    static const size_t steps[] = {1, 7, 100000};

    for (size_t i = 0; i < BNC_LEN(rows); i++) {
        for (size_t k = 0; k < BNC_LEN(steps); k++) {
            struct bnc_world *world = server_new();
            struct client client = {0};
            char want[64];
            bnc_test_row(rows[i].name);
            talk(world, &client, rows[i].text, steps[k]);
            CHECK(client.ended);
            (void)snprintf(want, sizeof(want), "HTTP/1.1 %s\r\n", rows[i].status);
            CHECK(strstr(client.answer, want) != NULL);
            CHECK(strstr(client.answer, "Connection: close\r\n") != NULL);
            CHECK(strstr(client.answer, "X: y") == NULL);
            CHECK_STR(seen, rows[i].seen);
            (void)close(client.fd);
            bnc_listener_free(listener);
            bnc_world_free(world);
        }
    }
}

TEST(head_has_a_length_but_no_body)
{
    struct bnc_world *world = server_new();
    struct client client = {0};
    talk(world, &client, "HEAD / HTTP/1.1\r\n" CLOSE, 1000);
    CHECK(strstr(client.answer, "Content-Length: 2\r\n") != NULL);
    CHECK_STR(strstr(client.answer, "\r\n\r\n"), "\r\n\r\n");
    (void)close(client.fd);
    bnc_listener_free(listener);
    bnc_world_free(world);
}

TEST(an_answer_may_come_later)
{
    struct bnc_world *world = server_new();
    struct client client = {.until = "later"};
    const char *text = "GET /hold HTTP/1.1\r\n" HOST "\r\n";
    client.fd = connect_to(bnc_listener_port(listener));
    CHECK_INT(send(client.fd, text, strlen(text), 0), (ssize_t)strlen(text));
    test_run_ms(world, 30);
    CHECK(held != NULL);
    bnc_http_answer(held, 503, "text/plain", test_bytes("later"));
    talk(world, &client, "", 1);
    CHECK(!client.ended);
    CHECK(strstr(client.answer, "HTTP/1.1 503 Service Unavailable\r\n") != NULL);

    client.until = "hi"; /* the connection was kept */
    talk(world, &client, "GET / HTTP/1.1\r\n" HOST "\r\n", 3);
    CHECK_STR(seen, "GET /hold [];GET / [];");
    (void)close(client.fd);
    bnc_listener_free(listener);
    bnc_world_free(world);
}

/* Once with the listener alive, once without it, once never. */
TEST(clients_and_listeners_leave_before_the_answer)
{
    static const struct {
        const char *name;
        bool free_listener;
        bool answer;
    } rows[] = {
        {"client left", false, true},
        {"listener freed", true, true},
        {"never answered", true, false},
        {"world freed first", false, false},
    };
    const char *text = "GET /hold HTTP/1.1\r\n" HOST "\r\n";
    for (size_t i = 0; i < BNC_LEN(rows); i++) {
        struct bnc_world *world = server_new();
        bnc_test_row(rows[i].name);
        int fd = connect_to(bnc_listener_port(listener));
        CHECK_INT(send(fd, text, strlen(text), 0), (ssize_t)strlen(text));
        test_run_ms(world, 30);
        CHECK(held != NULL);
        (void)close(fd);
        test_run_ms(world, 10);
        if (rows[i].free_listener) {
            bnc_listener_free(listener);
            listener = NULL;
        }
        if (rows[i].answer) {
            bnc_http_answer(held, 200, NULL, test_bytes("x"));
            test_run_ms(world, 10);
        }
        bnc_listener_free(listener);
        bnc_world_free(world);
    }
}

TEST(a_listener_is_freed_in_its_handler)
{
    struct bnc_world *world = server_new();
    struct client client = {0};
    talk(world, &client, "GET /free HTTP/1.1\r\n" HOST "\r\n", 1000);
    CHECK(client.ended);
    CHECK_INT(client.n, 0);
    CHECK(listener == NULL);
    (void)close(client.fd);
    bnc_world_free(world);
}

/* Silent clients fill the listener; a new one still gets through. */
TEST(many_clients)
{
    enum { N = 300 };
    static int fds[N];
    struct bnc_world *world = server_new();
    struct client client = {0};
    for (size_t i = 0; i < N; i++) {
        fds[i] = connect_to(bnc_listener_port(listener));
        if (i % 64 == 63) {
            test_run_ms(world, 5);
        }
    }
    talk(world, &client, "GET / HTTP/1.1\r\n" CLOSE, 1000);
    CHECK_STR(seen, "GET / [];");
    for (size_t i = 0; i < N; i++) {
        (void)close(fds[i]);
    }
    (void)close(client.fd);
    bnc_listener_free(listener);
    bnc_world_free(world);
}

/* All 256 are in the middle of a request: the next waits until one has left. */
TEST(busy_clients_hold_their_place)
{
    enum { N = 256 };
    static int fds[N];
    struct bnc_world *world = server_new();
    struct client client = {0};
    for (size_t i = 0; i < N; i++) {
        fds[i] = connect_to(bnc_listener_port(listener));
        CHECK_INT(send(fds[i], "GET ", 4, 0), 4);
        if (i % 64 == 63) {
            test_run_ms(world, 5);
        }
    }
    client.fd = connect_to(bnc_listener_port(listener));
    CHECK_INT(send(client.fd, "G", 1, 0), 1);
    test_run_ms(world, 20);
    CHECK_STR(seen, "");
    (void)close(fds[17]);
    talk(world, &client, "ET / HTTP/1.1\r\n" CLOSE, 1000);
    CHECK_STR(seen, "GET / [];");
    for (size_t i = 0; i < N; i++) {
        if (i != 17) {
            (void)close(fds[i]);
        }
    }
    (void)close(client.fd);
    bnc_listener_free(listener);
    bnc_world_free(world);
}

TEST(a_big_answer_to_a_slow_reader)
{
    struct bnc_world *world = server_new();
    const char *text = "GET /big HTTP/1.1\r\n" CLOSE;
    char chunk[30000];
    size_t total = 0;
    ssize_t n;

    big_bytes = 1 << 20;
    int fd = connect_to(bnc_listener_port(listener));
    CHECK_INT(send(fd, text, strlen(text), 0), (ssize_t)strlen(text));
    for (size_t i = 0; i < 200; i++) {
        test_run_ms(world, 1);
        while ((n = recv(fd, chunk, sizeof(chunk), MSG_DONTWAIT)) > 0) {
            total += (size_t)n;
        }
        if (n == 0) {
            break;
        }
    }
    CHECK_INT(n, 0);
    CHECK(total > big_bytes && total < big_bytes + 500);
    (void)close(fd);
    bnc_listener_free(listener);
    bnc_world_free(world);
}

TEST(addresses)
{
    static const struct {
        const char *name;
        const char *address;
        enum bnc_code code;
    } rows[] = {
        {"all", ":0", BNC_OK},
        {"IPv4", "127.0.0.1:0", BNC_OK},
        {"no port", "127.0.0.1", BNC_INVALID},
        {"empty port", "127.0.0.1:", BNC_INVALID},
        {"nothing", "", BNC_INVALID},
        {"port with sign", ":-1", BNC_INVALID},
        {"port too high", ":65536", BNC_INVALID},
        {"port is text", ":http", BNC_INVALID},
        {"port with rest", ":80x", BNC_INVALID},
        {"name", "example.org:80", BNC_INVALID},
        {"IPv6 without brackets", "::1:80", BNC_INVALID},
        {"half brackets", "[::1:80", BNC_INVALID},
        {"not ours", "192.0.2.1:0", BNC_INVALID},
    };
    struct bnc_world *world = test_world_new();
    for (size_t i = 0; i < BNC_LEN(rows); i++) {
        struct bnc_error err = {0};
        listener = NULL;
        bnc_test_row(rows[i].name);
        CHECK_INT(bnc_listen(world, rows[i].address, 1, serve, NULL, &listener, &err),
                  rows[i].code);
        CHECK_INT(listener != NULL, rows[i].code == BNC_OK);
        CHECK(listener == NULL || bnc_listener_port(listener) > 0);
        bnc_listener_free(listener);
    }
    bnc_world_free(world);
}

TEST(a_taken_port_is_a_conflict)
{
    struct bnc_world *world = server_new();
    struct bnc_listener *other = NULL;
    struct bnc_error err = {0};
    char address[64];
    char want[128];
    (void)snprintf(address, sizeof(address), "127.0.0.1:%d", bnc_listener_port(listener));
    (void)snprintf(want, sizeof(want), "listen on %s: Address already in use", address);
    CHECK_INT(bnc_listen(world, address, 1, serve, NULL, &other, &err), BNC_CONFLICT);
    CHECK_STR(err.message, want);
    CHECK(other == NULL);
    bnc_listener_free(listener);
    bnc_world_free(world);
}

RUN_TESTS(conversations, head_has_a_length_but_no_body, an_answer_may_come_later,
          clients_and_listeners_leave_before_the_answer,
          a_listener_is_freed_in_its_handler, many_clients, busy_clients_hold_their_place,
          a_big_answer_to_a_slow_reader, addresses, a_taken_port_is_a_conflict)
