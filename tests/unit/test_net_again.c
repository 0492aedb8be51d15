#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "tests/unit/test_net.h"

struct got {
    struct bnc_world *world;
    int done;
    char body[64];
    struct bnc_error err;
};

static void
on_data(void *arg, struct bnc_http_call *call, const char *bytes, size_t n)
{
    struct got *got = arg;
    BNC_UNUSED(call);
    (void)snprintf(got->body, sizeof(got->body), "%.*s", (int)n, bytes);
}

static void
on_done(void *arg, struct bnc_http_call *call, int status, const struct bnc_error *err)
{
    struct got *got = arg;
    BNC_UNUSED(call);
    BNC_UNUSED(status);
    got->err = *err;
    got->done++;
    bnc_world_stop(got->world);
}

static const struct bnc_http_client_ops ops = {.on_data = on_data, .on_done = on_done};

/*
 * A server, as a process of its own, that hangs up on its first `rude` requests and then
 * says how many connections it has had.
 */
static pid_t
rude_server(int rude, int *port)
{
    int fd = test_listen(port);
    pid_t pid = fork();
    for (int n = 1; pid == 0; n++) {
        char text[4096];
        int peer = accept(fd, NULL, NULL);
        ssize_t got = read(peer, text, sizeof(text));
        if (got > 0 && n > rude) {
            int len = snprintf(text, sizeof(text),
                               "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n%d", n);
            got = write(peer, text, (size_t)len);
        }
        (void)close(peer);
    }
    (void)close(fd);
    return pid;
}

/* What may reach the server twice is sent once more when the connection breaks. */
TEST(a_broken_connection)
{
    static const struct {
        const char *name;
        const char *method;
        bool repeatable;
        int rude;
        const char *answer; /* NULL: fails */
    } rows[] = {
        {"get, once", "GET", false, 1, "2"},
        {"get, twice", "GET", false, 2, NULL},
        {"patch", "PATCH", false, 1, NULL},
        {"patch that may come twice", "PATCH", true, 1, "2"},
        {"delete", "DELETE", false, 1, NULL},
    };

    for (size_t i = 0; i < BNC_LEN(rows); i++) {
        struct bnc_world *world = test_world_new();
        struct got got = {.world = world};
        char url[64];
        int port = 0;
        bnc_test_row(rows[i].name);
        pid_t pid = rude_server(rows[i].rude, &port);
        (void)snprintf(url, sizeof(url), "http://127.0.0.1:%d/", port);
        const struct bnc_http_request request = {.group = (enum bnc_http_group)(i % 3),
                                                 .method = rows[i].method,
                                                 .url = url,
                                                 .repeatable = rows[i].repeatable,
                                                 .timeout_ms = 1500};
        (void)bnc_http_start(world, &request, &ops, &got);
        test_run(world);
        CHECK_INT(got.done, 1);
        CHECK_INT(got.err.code, rows[i].answer == NULL ? BNC_UNAVAILABLE : BNC_OK);
        CHECK_STR(got.body, rows[i].answer == NULL ? "" : rows[i].answer);
        bnc_world_free(world);
        (void)kill(pid, SIGKILL);
        CHECK_INT(waitpid(pid, NULL, 0), pid);
    }
}

RUN_TESTS(a_broken_connection)
