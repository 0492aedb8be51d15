/*
 * For tests on the real world: a world, a deadline, a folder of its own.
 */
#ifndef BNC_TESTS_UNIT_TEST_NET_H
#define BNC_TESTS_UNIT_TEST_NET_H

#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/real.h"
#include "tests/unit/test.h"

#define GUARD_MS 2000 /* a test that hangs fails after this */

struct guard {
    struct bnc_world *world;
    bool late;
};

static inline struct bnc_world *
test_world_new(void)
{
    struct bnc_error err = {0};
    struct bnc_world *world = bnc_world_real_new(1, &err);
    CHECK_STR(err.message, "");
    CHECK(world != NULL);
    return world;
}

static inline void
test_stop(void *arg)
{
    bnc_world_stop(arg);
}

static inline void
test_late(void *arg)
{
    struct guard *guard = arg;
    guard->late = true;
    bnc_world_stop(guard->world);
}

/* Run until somebody stops the world; fails when nobody does. */
static inline void
test_run(struct bnc_world *world)
{
    struct guard guard = {.world = world};
    struct bnc_timer *timer = bnc_timer_new(world, test_late, &guard);
    bnc_timer_set(timer, GUARD_MS);
    bnc_world_run(world);
    bnc_timer_free(timer);
    CHECK(!guard.late);
}

/* Run for some time, for what must not happen, or has no sign of its own. */
static inline void
test_run_ms(struct bnc_world *world, int64_t ms)
{
    struct bnc_timer *timer = bnc_timer_new(world, test_stop, world);
    bnc_timer_set(timer, ms);
    bnc_world_run(world);
    bnc_timer_free(timer);
}

static inline struct bnc_bytes
test_bytes(const char *text)
{
    return (struct bnc_bytes){.ptr = text, .len = strlen(text)};
}

/* A socket that listens on a free port of 127.0.0.1. */
static inline int
test_listen(int *port)
{
    struct sockaddr_in name = {.sin_family = AF_INET,
                               .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(name);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    CHECK_INT(bind(fd, (struct sockaddr *)&name, size), 0);
    CHECK_INT(listen(fd, 8), 0);
    CHECK_INT(getsockname(fd, (struct sockaddr *)&name, &size), 0);
    *port = ntohs(name.sin_port);
    return fd;
}

/* `path` is a template that ends in XXXXXX. */
static inline void
test_folder_new(char *path)
{
    CHECK(mkdtemp(path) != NULL);
}

static inline void
test_folder_remove(const char *path)
{
    char command[512];
    (void)snprintf(command, sizeof(command), "rm -rf '%s'", path);
    CHECK_INT(system(command), 0);
}

#endif
