#include "net/real_world.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define DEFAULT_MS 30000
#define DRAIN_MS   500 /* for output that somebody else still holds open */
#define REAP_MS    1000

struct pipe_end {
    int fd; /* -1: closed */
    struct event *event;
};

struct bnc_child {
    struct bnc_world_handle handle;
    LIST_ENTRY(bnc_child) link;
    bnc_child_fn fn;
    void *arg;
    pid_t pid;   /* 0: not started */
    bool exited; /* and reaped */
    bool told;   /* fn was called, or it was cancelled */
    int exit_status;
    struct pipe_end in;
    struct pipe_end out[2]; /* its stdout and stderr */
    struct bnc_str text[2];
    char *input;
    size_t input_bytes;
    size_t input_sent;
    struct bnc_timer deadline;
    struct bnc_timer later; /* it ended, or did not start: told in a turn of its own */
    struct bnc_error err;
};

/* ---- its end ------------------------------------------------------------------- */

static void
close_end(struct pipe_end *end)
{
    if (end->event != NULL) {
        event_free(end->event);
        end->event = NULL;
    }
    if (end->fd >= 0) {
        (void)close(end->fd);
        end->fd = -1;
    }
}

static void
close_all(struct bnc_child *child)
{
    close_end(&child->in);
    close_end(&child->out[0]);
    close_end(&child->out[1]);
    bnc_real_timer_stop(&child->deadline);
    bnc_real_timer_stop(&child->later);
}

static void
child_free(struct bnc_child *child)
{
    LIST_REMOVE(child, link);
    bnc_str_free(&child->text[0]);
    bnc_str_free(&child->text[1]);
    free(child->input);
    free(child);
}

/* Not reaped yet, so its number belongs to nobody else. */
static void
kill_group(const struct bnc_child *child)
{
    if (child->pid > 0 && !child->exited) {
        (void)kill(-child->pid, SIGKILL);
    }
}

/* No callback from here on; what is left waits in the list to be reaped. */
static void
let_go(struct bnc_child *child)
{
    child->told = true;
    bnc_real_of(child->handle.world)->children_waited_for--;
    close_all(child);
    kill_group(child);
}

static struct bnc_bytes
output_of(const struct bnc_child *child, size_t i)
{
    const struct bnc_str *text = &child->text[i];
    return (struct bnc_bytes){.ptr = text->ptr == NULL ? "" : text->ptr,
                              .len = text->len};
}

static void
tell(struct bnc_child *child)
{
    let_go(child);
    child->fn(child->arg, child->exit_status, output_of(child, 0), output_of(child, 1),
              &child->err);
    if (child->exited || child->pid == 0) {
        child_free(child);
    }
}

static void
on_deadline(void *arg)
{
    struct bnc_child *child = arg;
    if (child->err.code == BNC_OK && !child->exited) {
        (void)bnc_fail(&child->err, BNC_TIMEOUT, "the program did not end in time");
    }
    tell(child);
}

/* Somebody who inherited its pipes and still holds them is given DRAIN_MS. */
static void
on_later(void *arg)
{
    struct bnc_child *child = arg;
    if (child->pid == 0 || (child->out[0].fd < 0 && child->out[1].fd < 0)) {
        tell(child);
    } else {
        bnc_real_timer_set(&child->deadline, DRAIN_MS);
    }
}

/* True when it has just ended. */
static bool
reap(struct bnc_child *child)
{
    int status;
    if (child->pid <= 0 || child->exited ||
        waitpid(child->pid, &status, WNOHANG) != child->pid) {
        return false;
    }
    child->exited = true;
    child->exit_status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    return true;
}

static void
on_sigchld(evutil_socket_t number, short what, void *arg)
{
    BNC_UNUSED(number);
    BNC_UNUSED(what);
    struct bnc_real *real = arg;
    struct bnc_child *next;

    for (struct bnc_child *child = LIST_FIRST(&real->children); child != NULL;
         child = next) {
        next = LIST_NEXT(child, link);
        if (!reap(child)) {
            continue;
        }
        if (child->told) {
            child_free(child);
        } else {
            bnc_real_timer_set(&child->later, 0);
        }
    }
}

/* ---- pipes --------------------------------------------------------------------- */

static void
on_output(evutil_socket_t fd, short what, void *arg)
{
    BNC_UNUSED(what);
    struct bnc_child *child = arg;
    size_t i = child->out[0].fd == fd ? 0 : 1;
    char chunk[16384];

    ssize_t n = read(fd, chunk, sizeof(chunk));
    if (n > 0) {
        bnc_str_add(&child->text[i], chunk, (size_t)n);
        if (child->text[i].too_big) {
            (void)bnc_fail(&child->err, BNC_TOO_BIG,
                           "the program's output is over %zu bytes", child->text[i].max);
            tell(child);
        }
    } else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
        close_end(&child->out[i]);
        if (child->exited && child->out[1 - i].fd < 0) {
            tell(child);
        }
    }
}

static void
on_input(evutil_socket_t fd, short what, void *arg)
{
    BNC_UNUSED(what);
    struct bnc_child *child = arg;
    ssize_t n = write(fd, child->input + child->input_sent,
                      child->input_bytes - child->input_sent);

    if (n > 0) {
        child->input_sent += (size_t)n;
    }
    /* a program need not read its input: EPIPE is no error */
    if (child->input_sent == child->input_bytes ||
        (n < 0 && errno != EAGAIN && errno != EINTR)) {
        close_end(&child->in);
    }
}

/* ---- starting ------------------------------------------------------------------ */

/* Two ends: fds[0] is read, fds[1] written; `ours` does not block. */
static bool
make_pipe(int fds[2], size_t ours)
{
    if (pipe(fds) != 0) {
        return false;
    }
    bnc_real_cloexec(fds[0]);
    bnc_real_cloexec(fds[1]);
    (void)fcntl(fds[ours], F_SETFL, O_NONBLOCK);
    return true;
}

/* Our environment with `added` in place of names that are the same. */
static const char **
merge_env(const char *const *added, struct bnc_arena *arena)
{
    size_t own = 0;
    size_t more = 0;
    while (environ[own] != NULL) {
        own++;
    }
    while (added != NULL && added[more] != NULL) {
        more++;
    }
    const char **merged = bnc_arena_array(arena, own + more + 1, sizeof(*merged));
    size_t n = 0;
    for (size_t i = 0; i < own; i++) {
        size_t name_bytes = strcspn(environ[i], "=") + 1;
        bool replaced = false;
        for (size_t k = 0; k < more; k++) {
            replaced = replaced || strncmp(environ[i], added[k], name_bytes) == 0;
        }
        if (!replaced) {
            merged[n++] = environ[i];
        }
    }
    for (size_t k = 0; k < more; k++) {
        merged[n++] = added[k];
    }
    return merged;
}

/* exec() has the type of old, and does not write. */
static char *const *
without_const(const char *const *list)
{
    char *const *same;
    memcpy(&same, &list, sizeof(same));
    return same;
}

/* A process group of its own, default signals, no descriptors but the three. */
static int
spawn(struct bnc_child *child, const struct bnc_child_request *request, const int fds[3])
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attr;
    sigset_t all;
    sigset_t none;
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    const char **env = merge_env(request->env, arena);

    (void)sigfillset(&all);
    (void)sigemptyset(&none);
    (void)posix_spawn_file_actions_init(&actions);
    for (int i = 0; i < 3; i++) {
        (void)posix_spawn_file_actions_adddup2(&actions, fds[i], i);
    }
    (void)posix_spawn_file_actions_addclosefrom_np(&actions, 3);
    (void)posix_spawnattr_init(&attr);
    (void)posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF |
                                              POSIX_SPAWN_SETSIGMASK);
    (void)posix_spawnattr_setpgroup(&attr, 0);
    (void)posix_spawnattr_setsigdefault(&attr, &all);
    (void)posix_spawnattr_setsigmask(&attr, &none);

    pid_t pid = 0;
    int number = posix_spawnp(&pid, request->argv[0], &actions, &attr,
                              without_const(request->argv), without_const(env));
    (void)posix_spawnattr_destroy(&attr);
    (void)posix_spawn_file_actions_destroy(&actions);
    if (number == 0) {
        child->pid = pid;
    }
    return number;
}

static bool
open_pipes(struct bnc_child *child, int theirs[3])
{
    int fds[2];
    if (!make_pipe(fds, 1)) {
        return false;
    }
    theirs[0] = fds[0];
    child->in.fd = fds[1];
    for (size_t i = 0; i < 2; i++) {
        if (!make_pipe(fds, 0)) {
            return false;
        }
        child->out[i].fd = fds[0];
        theirs[i + 1] = fds[1];
    }
    return true;
}

static bool
wait_for(struct bnc_child *child, struct pipe_end *end, short what,
         event_callback_fn ready)
{
    struct event_base *loop = bnc_real_of(child->handle.world)->loop;
    end->event = event_new(loop, end->fd, (short)(what | EV_PERSIST), ready, child);
    return end->event != NULL && event_add(end->event, NULL) == 0;
}

static enum bnc_code
start(struct bnc_child *child, const struct bnc_child_request *request, int theirs[3])
{
    const char *program = request->argv == NULL ? NULL : request->argv[0];

    if (program == NULL) {
        return bnc_fail(&child->err, BNC_INVALID, "no program is named");
    }
    if (!open_pipes(child, theirs) ||
        !wait_for(child, &child->out[0], EV_READ, on_output) ||
        !wait_for(child, &child->out[1], EV_READ, on_output) ||
        !wait_for(child, &child->in, EV_WRITE, on_input)) {
        return bnc_fail_errno(&child->err, "make pipes for %s", program);
    }
    int number = spawn(child, request, theirs);
    if (number != 0) {
        errno = number;
        return bnc_fail_errno(&child->err, "start %s", program);
    }
    bnc_real_timer_set(&child->deadline,
                       request->timeout_ms > 0 ? request->timeout_ms : DEFAULT_MS);
    return BNC_OK;
}

static bool
watch_children(struct bnc_real *real)
{
    if (real->child_event == NULL) {
        real->child_event = evsignal_new(real->loop, SIGCHLD, on_sigchld, real);
        return real->child_event != NULL && event_add(real->child_event, NULL) == 0;
    }
    return true;
}

struct bnc_child *
bnc_real_child_start(struct bnc_world *world, const struct bnc_child_request *request,
                     bnc_child_fn fn, void *arg)
{
    struct bnc_real *real = bnc_real_of(world);
    struct bnc_child *child = bnc_alloc(sizeof(*child));
    int theirs[3] = {-1, -1, -1};

    child->handle.world = world;
    child->fn = fn;
    child->arg = arg;
    child->exit_status = -1;
    child->in.fd = child->out[0].fd = child->out[1].fd = -1;
    child->text[0] = bnc_str_new(NULL, request->max_output);
    child->text[1] = bnc_str_new(NULL, request->max_output);
    child->input_bytes = request->input.len;
    child->input = bnc_alloc(request->input.len);
    if (request->input.len > 0) {
        memcpy(child->input, request->input.ptr, request->input.len);
    }
    bnc_real_timer_init(&child->deadline, real, on_deadline, child);
    bnc_real_timer_init(&child->later, real, on_later, child);
    LIST_INSERT_HEAD(&real->children, child, link);
    real->children_waited_for++;

    if (!watch_children(real) || start(child, request, theirs)) {
        bnc_real_timer_set(&child->later, 0);
    }
    for (size_t i = 0; i < BNC_LEN(theirs); i++) {
        if (theirs[i] >= 0) {
            (void)close(theirs[i]);
        }
    }
    return child;
}

void
bnc_real_child_cancel(struct bnc_child *child)
{
    if (child->told) {
        return; /* inside its own callback */
    }
    let_go(child);
    if (child->exited || child->pid == 0) {
        child_free(child);
    }
}

/* A killed process ends at once, unless it sits in the kernel: wait a little. */
static void
wait_for_end(struct bnc_child *child)
{
    const struct timespec pause = {.tv_nsec = 1000000};
    for (int i = 0; i < REAP_MS && child->pid > 0 && !child->exited; i++) {
        if (!reap(child)) {
            (void)nanosleep(&pause, NULL);
        }
    }
}

void
bnc_real_children_free_all(struct bnc_real *real)
{
    struct bnc_child *child;
    LIST_FOREACH(child, &real->children, link)
    {
        close_all(child);
        kill_group(child);
    }
    struct bnc_child *next;
    for (child = LIST_FIRST(&real->children); child != NULL; child = next) {
        next = LIST_NEXT(child, link);
        wait_for_end(child);
        child_free(child);
    }
    if (real->child_event != NULL) {
        event_free(real->child_event);
    }
}
