#include "tests/sim/world.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "tests/sim/world_internal.h"

#define WALL_START_MS 1767225600000 /* 2026-01-01T00:00:00Z */

struct bnc_timer {
    struct bnc_sim_handle handle;
    struct bnc_sim_event event;
    bnc_fn fn;
    void *arg;
};

void
bnc_sim_die(struct bnc_sim *sim, const char *fmt, ...)
{
    va_list args;
    (void)fprintf(stderr, "sim: at %.6f s: ", (double)sim->now_us / 1e6);
    va_start(args, fmt);
    (void)vfprintf(stderr, fmt, args);
    va_end(args);
    (void)fputc('\n', stderr);
    abort();
}

/* ---- handles ---------------------------------------------------------------------- */

void
bnc_sim_handle_open(struct bnc_sim *sim, struct bnc_sim_handle *handle, const char *kind,
                    void (*destroy)(struct bnc_sim_handle *))
{
    handle->base.world = &sim->base;
    handle->kind = kind;
    handle->destroy = destroy;
    handle->process = sim->process;
    handle->next = sim->handles;
    if (sim->handles != NULL) {
        sim->handles->prev = handle;
    }
    sim->handles = handle;
}

void
bnc_sim_handle_bury(struct bnc_sim *sim, struct bnc_sim_handle *handle)
{
    handle->dead = true;
    if (handle->prev == NULL) {
        sim->handles = handle->next;
    } else {
        handle->prev->next = handle->next;
    }
    if (handle->next != NULL) {
        handle->next->prev = handle->prev;
    }
    size_t at = sim->grave_at++ % BNC_SIM_GRAVES;
    if (sim->graves[at] != NULL) {
        sim->graves[at]->destroy(sim->graves[at]);
    }
    sim->graves[at] = handle;
}

void
bnc_sim_handle_check(const void *handle, const char *use)
{
    const struct bnc_sim_handle *h = handle;
    if (h->dead) {
        bnc_sim_die(bnc_sim_of_handle(handle), "%s: the %s (%s) has ended", use, h->kind,
                    h->name == NULL ? "" : h->name);
    }
}

size_t
bnc_sim_open_handles(const struct bnc_sim *sim)
{
    size_t n = 0;
    for (const struct bnc_sim_handle *h = sim->handles; h != NULL; h = h->next) {
        n++;
    }
    return n;
}

void
bnc_sim_print_handles(const struct bnc_sim *sim)
{
    int n = 0;
    for (const struct bnc_sim_handle *h = sim->handles; h != NULL && n < 20;
         h = h->next, n++) {
        (void)fprintf(stderr, "sim: open %s %s\n", h->kind,
                      h->name == NULL ? "" : h->name);
    }
}

/* ---- the n-th that fails -------------------------------------------------------------
 */

#define LATE_MS 20000

bool
bnc_sim_operation(struct bnc_sim *sim, const char *what)
{
    if (++sim->operations != sim->failing) {
        return false;
    }
    bnc_sim_note(sim, "operation fails", what, (int64_t)sim->operations);
    return true;
}

void
bnc_sim_fail_nth(struct bnc_sim *sim, uint64_t n)
{
    sim->failing = n == 0 ? 0 : sim->operations + n;
}

uint64_t
bnc_sim_operations(const struct bnc_sim *sim)
{
    return sim->operations;
}

/* ---- timers ------------------------------------------------------------------------ */

static void
timer_destroy(struct bnc_sim_handle *handle)
{
    free(handle);
}

static void
timer_fire(void *arg)
{
    struct bnc_timer *timer = arg;
    timer->fn(timer->arg);
}

static struct bnc_timer *
timer_new(struct bnc_world *world, bnc_fn fn, void *arg)
{
    struct bnc_timer *timer = bnc_alloc(sizeof(*timer));
    bnc_sim_handle_open(bnc_sim_of(world), &timer->handle, "timer", timer_destroy);
    timer->fn = fn;
    timer->arg = arg;
    timer->event.process = timer->handle.process;
    return timer;
}

static void
timer_free(struct bnc_timer *timer)
{
    if (timer == NULL) {
        return;
    }
    struct bnc_sim *sim = bnc_sim_of_handle(timer);
    bnc_sim_handle_check(timer, "bnc_timer_free");
    bnc_sim_unschedule(sim, &timer->event);
    bnc_sim_handle_bury(sim, &timer->handle);
}

static void
timer_set(struct bnc_timer *timer, int64_t delay_ms)
{
    bnc_sim_handle_check(timer, "bnc_timer_set");
    if (bnc_sim_operation(bnc_sim_of_handle(timer), "timer")) {
        delay_ms += LATE_MS;
    }
    bnc_sim_schedule(bnc_sim_of_handle(timer), &timer->event, delay_ms * 1000, timer_fire,
                     timer, "timer");
}

static void
timer_stop(struct bnc_timer *timer)
{
    bnc_sim_handle_check(timer, "bnc_timer_stop");
    bnc_sim_unschedule(bnc_sim_of_handle(timer), &timer->event);
}

static bool
timer_pending(const struct bnc_timer *timer)
{
    bnc_sim_handle_check(timer, "bnc_timer_pending");
    return timer->event.slot != 0;
}

/* ---- clocks and the rest of the table ------------------------------------------------
 */

static int64_t
mono_us(struct bnc_world *world)
{
    return bnc_sim_of(world)->now_us;
}

static int64_t
boot_ms(struct bnc_world *world)
{
    const struct bnc_sim *sim = bnc_sim_of(world);
    return sim->now_us / 1000 + sim->suspended_ms;
}

static int64_t
wall_ms(struct bnc_world *world)
{
    return bnc_sim_of(world)->wall_start_ms + boot_ms(world);
}

static uint64_t
product_random(struct bnc_world *world)
{
    return bnc_sim_draw(&bnc_sim_of(world)->product);
}

static const char *
product_getenv(struct bnc_world *world, const char *name)
{
    return bnc_map_get(bnc_sim_of(world)->env, name);
}

static void
stop(struct bnc_world *world)
{
    bnc_sim_of(world)->stopped = true;
}

static void
on_stop(struct bnc_world *world, bnc_fn fn, void *arg)
{
    bnc_sim_of(world)->stop_fn = fn;
    bnc_sim_of(world)->stop_arg = arg;
}

static void
run(struct bnc_world *world)
{
    struct bnc_sim *sim = bnc_sim_of(world);
    sim->stopped = false;
    while (!sim->stopped && bnc_sim_step(sim)) {
    }
}

static void
free_world(struct bnc_world *world)
{
    bnc_sim_free(bnc_sim_of(world));
}

static const struct bnc_world_ops sim_ops = {
    .free = free_world,
    .run = run,
    .stop = stop,
    .on_stop = on_stop,
    .mono_us = mono_us,
    .boot_ms = boot_ms,
    .wall_ms = wall_ms,
    .random = product_random,
    .getenv = product_getenv,
    .timer_new = timer_new,
    .timer_free = timer_free,
    .timer_set = timer_set,
    .timer_stop = timer_stop,
    .timer_pending = timer_pending,
    .http_start = bnc_sim_http_start,
    .http_cancel = bnc_sim_http_cancel,
    .http_header = bnc_sim_http_header,
    .http_drop = bnc_sim_http_drop,
    .listen = bnc_sim_listen,
    .listener_port = bnc_sim_listener_port,
    .listener_free = bnc_sim_listener_free,
    .answer = bnc_sim_answer,
    .file_read = bnc_sim_file_read,
    .file_write = bnc_sim_file_write,
    .file_remove = bnc_sim_file_remove,
    .file_type = bnc_sim_file_type,
    .dir_list = bnc_sim_dir_list,
    .dir_watch_new = bnc_sim_dir_watch_new,
    .dir_watch_free = bnc_sim_dir_watch_free,
    .file_scan = bnc_sim_file_scan,
    .file_create = bnc_sim_file_create,
    .file_append = bnc_sim_file_append,
    .file_close = bnc_sim_file_close,
    .file_abandon = bnc_sim_file_abandon,
    .file_link = bnc_sim_file_link,
    .file_rename = bnc_sim_file_rename,
    .file_stat = bnc_sim_file_stat,
    .symlink_put = bnc_sim_symlink_put,
    .symlink_get = bnc_sim_symlink_get,
    .dir_make = bnc_sim_dir_make,
    .dir_sync = bnc_sim_dir_sync,
    .dir_remove = bnc_sim_dir_remove,
    .child_start = bnc_sim_child_start,
    .child_cancel = bnc_sim_child_cancel,
};

/* ---- running
 * ---------------------------------------------------------------------------- */

bool
bnc_sim_step(struct bnc_sim *sim)
{
    if (sim->in_callback) {
        bnc_sim_die(sim, "the world is run from inside a callback");
    }
    if (sim->heap_count == 0) {
        return false;
    }
    struct bnc_sim_event *event = sim->heap[1];
    bnc_sim_unschedule(sim, event);
    if (event->at_us > sim->now_us) {
        sim->now_us = event->at_us;
    }
    if (bnc_sim_defer(sim, event, event->process)) {
        return true;
    }
    bnc_sim_note(sim, event->what, NULL, (int64_t)event->seq);
    unsigned before = bnc_sim_process(sim, event->process);
    sim->in_callback = true;
    event->fn(event->arg);
    sim->in_callback = false;
    (void)bnc_sim_process(sim, before);
    if (sim->after_event != NULL) {
        sim->after_event(sim->after_event_arg);
    }
    return true;
}

void
bnc_sim_after_event(struct bnc_sim *sim, bnc_fn fn, void *arg)
{
    sim->after_event = fn;
    sim->after_event_arg = arg;
}

bool
bnc_sim_run_until(struct bnc_sim *sim, bnc_sim_predicate_fn done, void *arg,
                  int64_t limit_ms)
{
    int64_t end_us = sim->now_us + limit_ms * 1000;
    sim->stopped = false;
    while (done == NULL || !done(arg)) {
        if (sim->stopped) {
            return false;
        }
        if (sim->heap_count == 0 || sim->heap[1]->at_us > end_us) {
            sim->now_us = end_us;
            return done == NULL;
        }
        (void)bnc_sim_step(sim);
    }
    return true;
}

bool
bnc_sim_run_for(struct bnc_sim *sim, int64_t ms)
{
    return bnc_sim_run_until(sim, NULL, NULL, ms);
}

static void
deliver_signal(void *arg)
{
    struct bnc_sim *sim = arg;
    if (sim->stop_fn != NULL) {
        sim->stop_fn(sim->stop_arg);
    } else {
        sim->stopped = true;
    }
}

void
bnc_sim_signal(struct bnc_sim *sim)
{
    bnc_sim_schedule(sim, &sim->stop_event, 0, deliver_signal, sim, "signal");
}

int64_t
bnc_sim_now_ms(const struct bnc_sim *sim)
{
    return sim->now_us / 1000;
}

void
bnc_sim_suspend(struct bnc_sim *sim, int64_t ms)
{
    sim->suspended_ms += ms;
}

void
bnc_sim_wall_step(struct bnc_sim *sim, int64_t ms)
{
    sim->wall_start_ms += ms;
}

void
bnc_sim_latency(struct bnc_sim *sim, int64_t max_ms)
{
    sim->latency_us = max_ms * 1000;
}

void
bnc_sim_setenv(struct bnc_sim *sim, const char *name, const char *value)
{
    free(bnc_map_take(sim->env, name));
    if (value != NULL) {
        (void)bnc_map_put(sim->env, name, bnc_strdup(value));
    }
}

/* ---- life
 * --------------------------------------------------------------------------------- */

struct bnc_world *
bnc_sim_world(struct bnc_sim *sim)
{
    return &sim->base;
}

struct bnc_sim *
bnc_sim_new(uint64_t seed)
{
    struct bnc_sim *sim = bnc_alloc(sizeof(*sim));
    sim->base.ops = &sim_ops;
    bnc_sim_seed(sim, seed);
    sim->wall_start_ms = WALL_START_MS;
    sim->latency_us = 5000;
    sim->next_port = 40000;
    sim->trace = seed;
    sim->env = bnc_map_new();
    sim->servers = bnc_map_new();
    sim->files = bnc_map_new();
    sim->file_failures = bnc_map_new();
    sim->file_room = SIZE_MAX;
    sim->scripts = bnc_map_new();
    return sim;
}

void
bnc_sim_free(struct bnc_sim *sim)
{
    if (sim == NULL) {
        return;
    }
    bnc_sim_http_free(sim);
    if (sim->handles != NULL) {
        bnc_sim_print_handles(sim);
        bnc_sim_die(sim, "the world is freed while handles are open");
    }
    for (size_t i = 0; i < BNC_SIM_GRAVES; i++) {
        if (sim->graves[i] != NULL) {
            sim->graves[i]->destroy(sim->graves[i]);
        }
    }
    size_t at = 0;
    void *value;
    while (bnc_map_next(sim->env, &at, NULL, &value)) {
        free(value);
    }
    bnc_map_free(sim->env);
    bnc_sim_files_free(sim);
    bnc_sim_children_free(sim);
    free(sim->heap);
    free(sim);
}
