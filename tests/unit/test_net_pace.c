#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>

#include "tests/unit/test_net.h"

#define TRICKLE     120 /* small pieces, one each 3 ms */
#define FLOOD_BYTES ((size_t)8 * 1024 * 1024)

struct got {
    struct bnc_world *world;
    size_t looks; /* while it trickles */
    size_t bytes;
    int done;
};

static void
on_data(void *arg, struct bnc_http_call *call, const char *bytes, size_t n)
{
    struct got *got = arg;
    BNC_UNUSED(call);
    BNC_UNUSED(bytes);
    got->looks += got->bytes < TRICKLE;
    got->bytes += n;
}

static void
on_done(void *arg, struct bnc_http_call *call, int status, const struct bnc_error *err)
{
    struct got *got = arg;
    BNC_UNUSED(call);
    CHECK_INT(status, 200);
    CHECK_STR(err->message, "");
    got->done++;
    bnc_world_stop(got->world);
}

static const struct bnc_http_client_ops ops = {.on_data = on_data, .on_done = on_done};

static void
send_all(int peer, const char *bytes, size_t n)
{
    while (n > 0) {
        ssize_t sent = send(peer, bytes, n, MSG_NOSIGNAL);
        if (sent <= 0) {
            _exit(1);
        }
        bytes += sent;
        n -= (size_t)sent;
    }
}

static void
answer(int peer)
{
    static const struct timespec pause = {.tv_nsec = 3000000};
    static char flood[FLOOD_BYTES];
    char request[4096];

    if (read(peer, request, sizeof(request)) <= 0) {
        return;
    }
    const char *head = "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n";
    send_all(peer, head, strlen(head));
    for (int i = 0; i < TRICKLE; i++) {
        send_all(peer, "x", 1);
        (void)nanosleep(&pause, NULL);
    }
    send_all(peer, flood, sizeof(flood));
}

/* Until it is killed. */
static void
serve(int fd)
{
    for (;;) {
        int peer = accept(fd, NULL, NULL);
        answer(peer);
        (void)close(peer);
    }
}

/* A process that answers with a trickle, then a flood. */
static pid_t
slow_server(int *port)
{
    int fd = test_listen(port);
    pid_t pid = fork();
    if (pid == 0) {
        serve(fd);
    }
    (void)close(fd);
    return pid;
}

static struct got
fetch(enum bnc_http_group group)
{
    struct bnc_world *world = test_world_new();
    struct got got = {.world = world};
    char url[64];
    int port = 0;
    pid_t pid = slow_server(&port);

    (void)snprintf(url, sizeof(url), "http://127.0.0.1:%d/", port);
    const struct bnc_http_request request = {
        .group = group, .method = "GET", .url = url, .timeout_ms = 10000};
    (void)bnc_http_start(world, &request, &ops, &got);
    test_run(world);
    CHECK_INT(got.done, 1);
    CHECK_INT(got.bytes, TRICKLE + FLOOD_BYTES);
    bnc_world_free(world);
    (void)kill(pid, SIGKILL);
    CHECK_INT(waitpid(pid, NULL, 0), pid);
    return got;
}

/* Events that come one by one are read a few at a time; nothing is lost, a flood is not
 * slow. */
TEST(a_watch_is_not_read_for_each_event)
{
    struct got paced = fetch(BNC_HTTP_WATCH);
    CHECK(paced.looks >= 2 && paced.looks <= TRICKLE / 4);
}

TEST(an_answer_is_read_as_it_comes)
{
    struct got call = fetch(BNC_HTTP_UNARY);
    CHECK(call.looks > TRICKLE / 4);
}

RUN_TESTS(a_watch_is_not_read_for_each_event, an_answer_is_read_as_it_comes)
