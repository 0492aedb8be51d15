#include "net/real.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include <curl/curl.h>
#include <event2/event.h>

#include "net/real_world.h"

/* ---- clocks, randomness, environment ------------------------------------------- */

static int64_t
clock_ms(clockid_t clock)
{
    struct timespec now;
    (void)clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int64_t
boot_ms(struct bnc_world *world)
{
    BNC_UNUSED(world);
    return clock_ms(CLOCK_BOOTTIME);
}

static int64_t
wall_ms(struct bnc_world *world)
{
    BNC_UNUSED(world);
    return clock_ms(CLOCK_REALTIME);
}

/* splitmix64: one word of state, every seed is good.  Not for keys. */
static uint64_t
random_next(struct bnc_world *world)
{
    struct bnc_real *real = bnc_real_of(world);
    uint64_t z = (real->random_state += 0x9e3779b97f4a7c15U);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
    return z ^ (z >> 31);
}

static const char *
environment(struct bnc_world *world, const char *name)
{
    BNC_UNUSED(world);
    return getenv(name);
}

void
bnc_real_cloexec(int fd)
{
    int flags = fcntl(fd, F_GETFD);
    if (flags >= 0) {
        (void)fcntl(fd, F_SETFD, flags | FD_CLOEXEC);
    }
}

/* ---- life ---------------------------------------------------------------------- */

/*
 * libevent's own idea of "nothing left" counts signals and idle connections;
 * this one counts what a caller waits for.
 */
static bool
has_work(const struct bnc_real *real)
{
    return real->heap_count > 0 || !LIST_EMPTY(&real->calls) || real->listeners > 0 ||
           real->watches > 0 || real->children_waited_for > 0;
}

static void
run(struct bnc_world *world)
{
    struct bnc_real *real = bnc_real_of(world);

    bnc_real_timers_resume(real);
    while (!real->stopped && has_work(real)) {
        if (event_base_loop(real->loop, EVLOOP_ONCE) != 0) {
            break;
        }
    }
    real->stopped = false;
}

static void
stop(struct bnc_world *world)
{
    struct bnc_real *real = bnc_real_of(world);
    real->stopped = true;
    (void)event_base_loopbreak(real->loop);
}

static void
on_signal(evutil_socket_t number, short what, void *arg)
{
    BNC_UNUSED(number);
    BNC_UNUSED(what);
    struct bnc_real *real = arg;

    if (real->stop_told) {
        _exit(1); /* whoever asks twice does not want to wait */
    }
    real->stop_told = true;
    real->stop_fn(real->stop_arg);
}

static void
on_stop(struct bnc_world *world, bnc_fn fn, void *arg)
{
    static const int signals[] = {SIGTERM, SIGINT};
    struct bnc_real *real = bnc_real_of(world);

    real->stop_fn = fn;
    real->stop_arg = arg;
    for (size_t i = 0; i < BNC_LEN(signals); i++) {
        if (real->stop_events[i] == NULL) {
            real->stop_events[i] = evsignal_new(real->loop, signals[i], on_signal, real);
            (void)event_add(real->stop_events[i], NULL);
        }
    }
}

static void
world_free(struct bnc_world *world)
{
    struct bnc_real *real = bnc_real_of(world);

    bnc_real_children_free_all(real);
    bnc_real_http_free_all(real);
    bnc_real_server_free_all(real);
    for (size_t i = 0; i < BNC_LEN(real->stop_events); i++) {
        if (real->stop_events[i] != NULL) {
            event_free(real->stop_events[i]);
        }
    }
    bnc_real_timers_free(real);
    event_base_free(real->loop);
    curl_global_cleanup();
    free(real);
}

static const struct bnc_world_ops real_ops = {
    .free = world_free,
    .run = run,
    .stop = stop,
    .on_stop = on_stop,
    .mono_us = bnc_real_mono_us,
    .boot_ms = boot_ms,
    .wall_ms = wall_ms,
    .random = random_next,
    .getenv = environment,
    .timer_new = bnc_real_timer_new,
    .timer_free = bnc_real_timer_free,
    .timer_set = bnc_real_timer_set,
    .timer_stop = bnc_real_timer_stop,
    .timer_pending = bnc_real_timer_pending,
    .http_start = bnc_real_http_start,
    .http_cancel = bnc_real_http_cancel,
    .http_header = bnc_real_http_header,
    .http_drop = bnc_real_http_drop,
    .listen = bnc_real_listen,
    .listener_tls = bnc_real_listener_tls,
    .listener_port = bnc_real_listener_port,
    .listener_free = bnc_real_listener_free,
    .answer = bnc_real_answer,
    .file_read = bnc_real_file_read,
    .file_write = bnc_real_file_write,
    .file_remove = bnc_real_file_remove,
    .file_type = bnc_real_file_type,
    .dir_list = bnc_real_dir_list,
    .dir_watch_new = bnc_real_dir_watch_new,
    .dir_watch_free = bnc_real_dir_watch_free,
    .file_scan = bnc_real_file_scan,
    .file_create = bnc_real_file_create,
    .file_append = bnc_real_file_append,
    .file_close = bnc_real_file_close,
    .file_abandon = bnc_real_file_abandon,
    .file_link = bnc_real_file_link,
    .file_rename = bnc_real_file_rename,
    .file_stat = bnc_real_file_stat,
    .symlink_put = bnc_real_symlink_put,
    .symlink_get = bnc_real_symlink_get,
    .dir_make = bnc_real_dir_make,
    .dir_sync = bnc_real_dir_sync,
    .dir_remove = bnc_real_dir_remove,
    .child_start = bnc_real_child_start,
    .child_cancel = bnc_real_child_cancel,
};

/* With the precise clock timers are right to the millisecond, not to a tick. */
static struct event_base *
loop_new(void)
{
    struct event_config *config = event_config_new();
    if (config == NULL) {
        return NULL;
    }
    (void)event_config_set_flag(config, EVENT_BASE_FLAG_PRECISE_TIMER);
    struct event_base *loop = event_base_new_with_config(config);
    event_config_free(config);
    return loop;
}

struct bnc_world *
bnc_world_real_new(uint64_t seed, struct bnc_error *err)
{
    if (seed == 0 && getrandom(&seed, sizeof(seed), 0) != (ssize_t)sizeof(seed)) {
        (void)bnc_fail_errno(err, "get a random seed");
        return NULL;
    }
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        (void)bnc_fail(err, BNC_INTERNAL, "libcurl does not start");
        return NULL;
    }
    (void)signal(SIGPIPE, SIG_IGN);

    struct bnc_real *real = bnc_alloc(sizeof(*real));
    real->base.ops = &real_ops;
    real->random_state = seed;
    real->loop = loop_new();
    if (real->loop == NULL || bnc_real_timers_init(real, err)) {
        (void)bnc_fail_errno(err, "make an event loop");
        if (real->loop != NULL) {
            event_base_free(real->loop);
        }
        curl_global_cleanup();
        free(real);
        return NULL;
    }
    return &real->base;
}
