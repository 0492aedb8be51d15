#include "net/real_world.h"

#include <stdlib.h>
#include <time.h>

#include <event2/event.h>

#define MAX_DELAY_MS ((int64_t)1000 * 3600 * 24 * 3650)

int64_t
bnc_real_mono_us(struct bnc_world *world)
{
    BNC_UNUSED(world);
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* ---- the heap ------------------------------------------------------------------ */

static bool
before(const struct bnc_timer *a, const struct bnc_timer *b)
{
    return a->due_us != b->due_us ? a->due_us < b->due_us : a->seq < b->seq;
}

static void
place(struct bnc_real *real, struct bnc_timer *timer, size_t slot)
{
    real->heap[slot] = timer;
    timer->slot = slot;
}

static void
sift_up(struct bnc_real *real, struct bnc_timer *timer, size_t slot)
{
    while (slot > 1 && before(timer, real->heap[slot / 2])) {
        place(real, real->heap[slot / 2], slot);
        slot /= 2;
    }
    place(real, timer, slot);
}

static void
sift_down(struct bnc_real *real, struct bnc_timer *timer, size_t slot)
{
    size_t child;
    while ((child = slot * 2) <= real->heap_count) {
        if (child < real->heap_count &&
            before(real->heap[child + 1], real->heap[child])) {
            child++;
        }
        if (!before(real->heap[child], timer)) {
            break;
        }
        place(real, real->heap[child], slot);
        slot = child;
    }
    place(real, timer, slot);
}

static void
heap_add(struct bnc_real *real, struct bnc_timer *timer)
{
    if (real->heap_count + 2 > real->heap_room) {
        real->heap_room = real->heap_room == 0 ? 64 : real->heap_room * 2;
        real->heap = bnc_realloc(real->heap, real->heap_room * sizeof(void *));
    }
    sift_up(real, timer, ++real->heap_count);
}

static void
heap_remove(struct bnc_real *real, struct bnc_timer *timer)
{
    size_t slot = timer->slot;
    struct bnc_timer *last = real->heap[real->heap_count--];

    timer->slot = 0;
    if (last == timer) {
        return;
    }
    if (slot > 1 && before(last, real->heap[slot / 2])) {
        sift_up(real, last, slot);
    } else {
        sift_down(real, last, slot);
    }
}

/* ---- turns --------------------------------------------------------------------- */

static void
arm(struct bnc_real *real)
{
    if (real->in_timers) {
        return; /* run_due() does it once at its end */
    }
    if (real->heap_count == 0) {
        (void)event_del(real->timer_event);
        return;
    }
    int64_t wait_us = real->heap[1]->due_us - bnc_real_mono_us(&real->base);
    if (wait_us < 0) {
        wait_us = 0;
    }
    struct timeval wait = {.tv_sec = (time_t)(wait_us / 1000000),
                           .tv_usec = (suseconds_t)(wait_us % 1000000)};
    (void)event_add(real->timer_event, &wait);
}

/* What is set meanwhile with delay 0 waits for the next turn. */
static void
run_due(evutil_socket_t fd, short what, void *arg)
{
    BNC_UNUSED(fd);
    BNC_UNUSED(what);
    struct bnc_real *real = arg;
    uint64_t last_seq = real->timer_seq;
    int64_t now_us = bnc_real_mono_us(&real->base);

    real->in_timers = true;
    while (real->heap_count > 0 && !real->stopped) {
        struct bnc_timer *timer = real->heap[1];
        if (timer->due_us > now_us || timer->seq > last_seq) {
            break;
        }
        heap_remove(real, timer);
        timer->fn(timer->arg); /* may free the timer */
    }
    real->in_timers = false;
    arm(real);
}

enum bnc_code
bnc_real_timers_init(struct bnc_real *real, struct bnc_error *err)
{
    real->timer_event = evtimer_new(real->loop, run_due, real);
    if (real->timer_event == NULL) {
        return bnc_fail(err, BNC_INTERNAL, "no timer event");
    }
    return BNC_OK;
}

void
bnc_real_timers_free(struct bnc_real *real)
{
    if (real->timer_event != NULL) {
        event_free(real->timer_event);
    }
    free(real->heap);
}

void
bnc_real_timers_resume(struct bnc_real *real)
{
    arm(real);
}

/* ---- the table's functions ----------------------------------------------------- */

void
bnc_real_timer_init(struct bnc_timer *timer, struct bnc_real *real, bnc_fn fn, void *arg)
{
    *timer = (struct bnc_timer){.handle.world = &real->base, .fn = fn, .arg = arg};
}

struct bnc_timer *
bnc_real_timer_new(struct bnc_world *world, bnc_fn fn, void *arg)
{
    struct bnc_timer *timer = bnc_alloc(sizeof(*timer));
    bnc_real_timer_init(timer, bnc_real_of(world), fn, arg);
    return timer;
}

void
bnc_real_timer_free(struct bnc_timer *timer)
{
    bnc_real_timer_stop(timer);
    free(timer);
}

void
bnc_real_timer_set(struct bnc_timer *timer, int64_t delay_ms)
{
    struct bnc_real *real = bnc_real_of(timer->handle.world);

    if (timer->slot != 0) {
        heap_remove(real, timer);
    }
    if (delay_ms < 0) {
        delay_ms = 0;
    }
    if (delay_ms > MAX_DELAY_MS) {
        delay_ms = MAX_DELAY_MS;
    }
    timer->due_us = bnc_real_mono_us(&real->base) + delay_ms * 1000;
    timer->seq = ++real->timer_seq;
    heap_add(real, timer);
    if (timer->slot == 1) {
        arm(real);
    }
}

void
bnc_real_timer_stop(struct bnc_timer *timer)
{
    /* An event that is early finds nothing due and arms itself again. */
    if (timer->slot != 0) {
        heap_remove(bnc_real_of(timer->handle.world), timer);
    }
}

bool
bnc_real_timer_pending(const struct bnc_timer *timer)
{
    return timer->slot != 0;
}
