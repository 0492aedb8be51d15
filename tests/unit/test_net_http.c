#include <netinet/in.h>
#include <sys/socket.h>

#include "tests/unit/test_net.h"

#define BIG_BYTES ((size_t)300 * 1000)

/* One call: what it is told, and what it does then. */
struct got {
    struct bnc_world *world;
    struct bnc_http_call *call;
    int head_status;
    int status;
    int done;   /* how often on_done came */
    int pieces; /* how often on_data came */
    bool cancel_on_head;
    bool cancel_on_data;
    bool cancel_on_done;
    bool drop_on_data;
    int *left; /* calls that are still out; the last one stops the world */
    struct bnc_str body;
    char type[64];
    struct bnc_error err;
};

struct served {
    struct bnc_world *world;
    struct bnc_listener *listener;
    char url[64];
    struct bnc_http_exchange *held; /* of "/hold" */
    char seen[128];                 /* the last request */
};

static char big[BIG_BYTES];

/* ---- the server -------------------------------------------------------------------- */

static void
serve(void *arg, struct bnc_http_exchange *exchange, const struct bnc_http_query *query)
{
    struct served *served = arg;

    (void)snprintf(served->seen, sizeof(served->seen), "%s %s ?%s [%.20s]", query->method,
                   query->path, query->query, query->body.ptr);
    if (strcmp(query->path, "/hold") == 0) {
        served->held = exchange;
    } else if (strcmp(query->path, "/big") == 0) {
        bnc_http_answer(exchange, 200, "application/octet-stream",
                        (struct bnc_bytes){.ptr = big, .len = sizeof(big)});
    } else if (strcmp(query->path, "/missing") == 0) {
        bnc_http_answer(exchange, 404, "text/plain", test_bytes("no"));
    } else if (strcmp(query->path, "/empty") == 0) {
        bnc_http_answer(exchange, 204, NULL, test_bytes(""));
    } else {
        bnc_http_answer(exchange, 200, "text/x-test", test_bytes("hello"));
    }
}

static struct served
served_new(void)
{
    struct served served = {.world = test_world_new()};
    memset(big, 'x', sizeof(big));
    return served;
}

static void
listen_on(struct served *served, const char *address)
{
    struct bnc_error err = {0};
    CHECK_INT(
        bnc_listen(served->world, address, 1000, serve, served, &served->listener, &err),
        BNC_OK);
    (void)snprintf(served->url, sizeof(served->url), "http://127.0.0.1:%d",
                   bnc_listener_port(served->listener));
}

static void
served_free(struct served *served)
{
    bnc_listener_free(served->listener);
    bnc_world_free(served->world);
}

/* ---- the client -------------------------------------------------------------------- */

static void
on_head(void *arg, struct bnc_http_call *call, int status)
{
    struct got *got = arg;
    const char *type = bnc_http_header(call, "content-TYPE");

    CHECK(got->call == call);
    got->head_status = status;
    (void)snprintf(got->type, sizeof(got->type), "%s", type == NULL ? "" : type);
    CHECK(bnc_http_header(call, "X-Not-There") == NULL);
    if (got->cancel_on_head) {
        bnc_http_cancel(call);
    }
}

static void
on_data(void *arg, struct bnc_http_call *call, const char *bytes, size_t n)
{
    struct got *got = arg;
    CHECK(got->head_status != 0);
    bnc_str_add(&got->body, bytes, n);
    got->pieces++;
    if (got->drop_on_data) {
        bnc_http_drop_connections(got->world);
    }
    if (got->cancel_on_data) {
        bnc_http_cancel(call);
    }
}

static void
on_done(void *arg, struct bnc_http_call *call, int status, const struct bnc_error *err)
{
    struct got *got = arg;
    got->status = status;
    got->err = *err;
    got->done++;
    if (got->cancel_on_done) {
        bnc_http_cancel(call);
    }
    if (got->left == NULL || --*got->left == 0) {
        bnc_world_stop(got->world);
    }
}

static const struct bnc_http_client_ops ops = {on_head, on_data, on_done};

static void
start(struct served *served, struct got *got, const struct bnc_http_request *request)
{
    got->world = served->world;
    got->body = bnc_str_new(NULL, 1 << 20);
    got->call = bnc_http_start(served->world, request, &ops, got);
    CHECK_INT(got->done, 0); /* nothing happens inside the call */
}

static void
fetch(struct served *served, struct got *got, const char *path, size_t max_bytes)
{
    char url[128];
    (void)snprintf(url, sizeof(url), "%s%s", served->url, path);
    start(served, got,
          &(struct bnc_http_request){.group = BNC_HTTP_UNARY,
                                     .method = "GET",
                                     .url = url,
                                     .timeout_ms = 1000,
                                     .max_bytes = max_bytes});
}

/* ---- tests ---------------------------------------------------------------------------
 */

TEST(a_whole_exchange)
{
    static const char *const headers[] = {"Content-Type: application/json", "A: b", NULL};
    static const struct {
        const char *name;
        const char *method;
        const char *path;
        const char *body;
        int status;
        const char *answer;
        const char *seen;
    } rows[] = {
        {"get", "GET", "/a%20b?c=d", "", 200, "hello", "GET /a b ?c=d []"},
        {"patch", "PATCH", "/x", "{\"a\":1}", 200, "hello", "PATCH /x ? [{\"a\":1}]"},
        {"post without body", "POST", "/x", "", 200, "hello", "POST /x ? []"},
        {"delete", "DELETE", "/x", "", 200, "hello", "DELETE /x ? []"},
        {"delete with body", "DELETE", "/x", "{}", 200, "hello", "DELETE /x ? [{}]"},
        {"head", "HEAD", "/x", "", 200, "", "HEAD /x ? []"},
        {"not found", "GET", "/missing", "", 404, "no", "GET /missing ? []"},
        {"no content", "GET", "/empty", "", 204, "", "GET /empty ? []"},
        {"dots are kept", "GET", "/a/../b", "", 200, "hello", "GET /a/../b ? []"},
    };
    struct served served = served_new();
    listen_on(&served, "127.0.0.1:0");

    for (size_t i = 0; i < BNC_LEN(rows); i++) {
        struct got got = {0};
        char url[128];
        bnc_test_row(rows[i].name);
        (void)snprintf(url, sizeof(url), "%s%s", served.url, rows[i].path);
        start(&served, &got,
              &(struct bnc_http_request){.group = (enum bnc_http_group)(i % 3),
                                         .method = rows[i].method,
                                         .url = url,
                                         .headers = headers,
                                         .body = test_bytes(rows[i].body),
                                         .timeout_ms = 1000});
        memset(url, 'z', sizeof(url) - 1); /* it was copied */
        test_run(served.world);
        CHECK_STR(got.err.message, "");
        CHECK_INT(got.done, 1);
        CHECK_INT(got.status, rows[i].status);
        CHECK_INT(got.head_status, rows[i].status);
        CHECK_STR(got.body.ptr == NULL ? "" : got.body.ptr, rows[i].answer);
        CHECK_STR(served.seen, rows[i].seen);
        bnc_str_free(&got.body);
    }
    served_free(&served);
}

TEST(a_big_answer_comes_in_pieces_up_to_its_limit)
{
    static const struct {
        const char *name;
        size_t max_bytes;
        enum bnc_code code;
        const char *message;
    } rows[] = {
        {"no limit", 0, BNC_OK, ""},
        {"just enough", BIG_BYTES, BNC_OK, ""},
        {"a byte short", BIG_BYTES - 1, BNC_TOO_BIG, "the answer is over 299999 bytes"},
        {"far too short", 10, BNC_TOO_BIG, "the answer is over 10 bytes"},
    };
    struct served served = served_new();
    listen_on(&served, "127.0.0.1:0");

    for (size_t i = 0; i < BNC_LEN(rows); i++) {
        struct got got = {0};
        bnc_test_row(rows[i].name);
        fetch(&served, &got, "/big", rows[i].max_bytes);
        test_run(served.world);
        CHECK_INT(got.err.code, rows[i].code);
        CHECK(strstr(got.err.message, rows[i].message) != NULL);
        CHECK_STR(got.type, "application/octet-stream");
        if (rows[i].code == BNC_OK) {
            CHECK_INT(got.body.len, BIG_BYTES);
            CHECK(got.pieces > 1);
        } else {
            CHECK(got.body.len <= rows[i].max_bytes);
        }
        bnc_str_free(&got.body);
    }
    served_free(&served);
}

TEST(trouble_has_a_code_and_a_message)
{
    static const char *const two_lines[] = {"A: b\r\nC: d", NULL};
    static const char *const no_value[] = {"A:", NULL};
    static const struct {
        const char *name;
        const char *method;
        const char *url; /* %d: the port of our server, where there is one */
        const char *const *headers;
        enum bnc_code code;
        const char *message;
    } rows[] = {
        {"refused", "GET", "http://127.0.0.1:1/secret", NULL, BNC_UNAVAILABLE,
         "GET 127.0.0.1:1: Failed to connect to 127.0.0.1 port 1: Couldn't connect to "
         "server"},
        {"other scheme", "GET", "file:///etc/passwd", NULL, BNC_INVALID, NULL},
        {"ftp", "GET", "ftp://127.0.0.1/", NULL, BNC_INVALID,
         "URL: \"ftp\" is not http or https"},
        {"no URL", "GET", "", NULL, BNC_INVALID, NULL},
        {"bad method", "GET /x", "http://127.0.0.1:1/", NULL, BNC_INVALID,
         "the HTTP method is malformed"},
        {"two headers in one", "GET", "http://127.0.0.1:1/", two_lines, BNC_INVALID,
         "GET 127.0.0.1:1: header 1 is malformed"},
        {"header without value", "GET", "http://127.0.0.1:1/", no_value, BNC_INVALID,
         "GET 127.0.0.1:1: header 1 is malformed"},
    };
    struct served served = served_new();

    for (size_t i = 0; i < BNC_LEN(rows); i++) {
        struct got got = {0};
        bnc_test_row(rows[i].name);
        start(&served, &got,
              &(struct bnc_http_request){.group = BNC_HTTP_LEASE,
                                         .method = rows[i].method,
                                         .url = rows[i].url,
                                         .headers = rows[i].headers,
                                         .timeout_ms = 1500});
        test_run(served.world);
        CHECK_INT(got.done, 1);
        CHECK_INT(got.status, 0);
        CHECK_INT(got.err.code, rows[i].code);
        if (rows[i].message != NULL) {
            CHECK_STR(got.err.message, rows[i].message);
        }
    }
    bnc_world_free(served.world);
}

/* The text says nothing that changes from one time to the next. */
TEST(a_deadline_passes)
{
    struct served served = served_new();
    struct got got = {0};
    char url[80];
    char want[80];

    listen_on(&served, "127.0.0.1:0");
    (void)snprintf(url, sizeof(url), "%s/hold", served.url);
    (void)snprintf(want, sizeof(want), "GET 127.0.0.1:%d: Operation timed out",
                   bnc_listener_port(served.listener));
    start(&served, &got,
          &(struct bnc_http_request){
              .group = BNC_HTTP_UNARY, .method = "GET", .url = url, .timeout_ms = 60});
    test_run(served.world);
    CHECK_INT(got.err.code, BNC_TIMEOUT);
    CHECK_STR(got.err.message, want);

    /* the client is gone by now: answering is fine, and the server goes on */
    CHECK(served.held != NULL);
    bnc_http_answer(served.held, 200, "text/plain", test_bytes("late"));
    struct got next = {0};
    fetch(&served, &next, "/", 0);
    test_run(served.world);
    CHECK_STR(next.body.ptr, "hello");
    bnc_str_free(&next.body);
    served_free(&served);
}

/* A server that takes connections and never says a word. */
TEST(a_silent_peer_times_out)
{
    struct served served = served_new();
    struct sockaddr_in name = {.sin_family = AF_INET,
                               .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(name);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    CHECK_INT(bind(fd, (struct sockaddr *)&name, size), 0);
    CHECK_INT(listen(fd, 1), 0);
    CHECK_INT(getsockname(fd, (struct sockaddr *)&name, &size), 0);
    (void)snprintf(served.url, sizeof(served.url), "https://127.0.0.1:%d/",
                   ntohs(name.sin_port));
    struct got got = {0};
    start(&served, &got,
          &(struct bnc_http_request){.group = BNC_HTTP_UNARY,
                                     .method = "GET",
                                     .url = served.url,
                                     .connect_ms = 60});
    test_run(served.world);
    CHECK_INT(got.err.code, BNC_TIMEOUT);
    (void)close(fd);
    bnc_world_free(served.world);
}

TEST(cancelling_inside_callbacks)
{
    static const struct {
        const char *name;
        struct got got;
        int pieces;
        int done;
    } rows[] = {
        {"in on_head", {.cancel_on_head = true}, 0, 0},
        {"in on_data", {.cancel_on_data = true}, 1, 0},
        {"in on_done", {.cancel_on_done = true}, -1, 1},
        {"connections dropped in on_data", {.drop_on_data = true}, -1, 1},
    };
    struct served served = served_new();
    listen_on(&served, "127.0.0.1:0");

    for (size_t i = 0; i < BNC_LEN(rows); i++) {
        struct got got = rows[i].got;
        bnc_test_row(rows[i].name);
        fetch(&served, &got, "/big", 0);
        test_run_ms(served.world, 50);
        CHECK_INT(got.done, rows[i].done);
        if (rows[i].pieces >= 0) {
            CHECK_INT(got.pieces, rows[i].pieces);
        }
        CHECK_INT(got.head_status, 200);
        bnc_str_free(&got.body);
    }
    served_free(&served);
}

TEST(cancelling_from_outside)
{
    struct served served = served_new();
    struct got first = {0};
    struct got second = {0};
    listen_on(&served, "127.0.0.1:0");

    fetch(&served, &first, "/", 0);
    bnc_http_cancel(first.call); /* before it began */
    fetch(&served, &second, "/hold", 0);
    test_run_ms(served.world, 50);
    CHECK(served.held != NULL);
    bnc_http_cancel(second.call);
    test_run_ms(served.world, 20);
    CHECK_INT(first.done + second.done, 0);
    bnc_http_answer(served.held, 200, "text/plain", test_bytes(""));
    served_free(&served);
}

/* More at once than connections to a host are allowed; watches wait for no one. */
TEST(many_calls_at_once)
{
    enum { N = 40 };
    static struct got got[N];
    int left = N;
    struct served served = served_new();
    listen_on(&served, ":0");

    for (size_t i = 0; i < N; i++) {
        char url[128];
        got[i] = (struct got){.left = &left};
        (void)snprintf(url, sizeof(url), "%s/%zu", served.url, i);
        start(&served, &got[i],
              &(struct bnc_http_request){.group =
                                             i % 2 == 0 ? BNC_HTTP_UNARY : BNC_HTTP_WATCH,
                                         .method = "GET",
                                         .url = url,
                                         .timeout_ms = 1500});
    }
    test_run(served.world);
    for (size_t i = 0; i < N; i++) {
        CHECK_STR(got[i].err.message, "");
        CHECK_STR(got[i].body.ptr, "hello");
        bnc_str_free(&got[i].body);
    }
    served_free(&served);
}

/* The leak checker and the address sanitizer are the judges. */
TEST(a_world_with_calls_in_flight_is_freed)
{
    struct served served = served_new();
    struct got got[3] = {{0}, {0}, {0}};
    listen_on(&served, "127.0.0.1:0");

    fetch(&served, &got[0], "/hold", 0);
    fetch(&served, &got[1], "/", 0);
    test_run(served.world);
    CHECK(served.held != NULL);
    fetch(&served, &got[2], "/", 0); /* has not begun */
    bnc_http_drop_connections(served.world);
    bnc_listener_free(served.listener);
    bnc_world_free(served.world);
    CHECK_INT(got[0].done, 0);
    CHECK_INT(got[1].done, 1);
    CHECK_INT(got[2].done, 0);
    bnc_str_free(&got[1].body);
}

RUN_TESTS(a_whole_exchange, a_big_answer_comes_in_pieces_up_to_its_limit,
          trouble_has_a_code_and_a_message, a_deadline_passes, a_silent_peer_times_out,
          cancelling_inside_callbacks, cancelling_from_outside, many_calls_at_once,
          a_world_with_calls_in_flight_is_freed)
