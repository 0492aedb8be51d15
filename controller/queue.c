#include "controller/queue.h"

#include <stdlib.h>
#include <string.h>

struct list {
    struct bnc_queue_item *first;
    struct bnc_queue_item *last;
    size_t n;
};

struct delayed {
    struct bnc_queue_item *item;
    int64_t at_ms;
    uint64_t order; /* among those of one time: the first that was added */
};

struct bnc_queue {
    struct bnc_queue_options options;
    struct bnc_timer *timer; /* NULL: nobody is told */
    int64_t timer_ms;        /* what it is set for, while it is pending */
    struct list ready[BNC_QUEUE_LEVELS];
    struct list working;  /* the oldest first */
    struct delayed *heap; /* from 1 */
    size_t n_heap;
    size_t room;
    uint64_t n_added; /* to the heap */
    bool shut;
    uint64_t adds;
    uint64_t retries;
    int64_t started_us; /* of all that is worked on, summed */
    struct bnc_histogram waited;
    struct bnc_histogram worked;
    struct bnc_histogram reconciled;
};

static int64_t
now_us(const struct bnc_queue *queue)
{
    return queue->options.world == NULL ? 0 : bnc_world_mono_us(queue->options.world);
}

/* ---- lists --------------------------------------------------------------------- */

static void
append(struct list *list, struct bnc_queue_item *item)
{
    item->next = NULL;
    item->before = list->last;
    if (list->last == NULL) {
        list->first = item;
    } else {
        list->last->next = item;
    }
    list->last = item;
    list->n++;
}

static void
take_out(struct list *list, struct bnc_queue_item *item)
{
    if (item->before == NULL) {
        list->first = item->next;
    } else {
        item->before->next = item->next;
    }
    if (item->next == NULL) {
        list->last = item->before;
    } else {
        item->next->before = item->before;
    }
    item->next = item->before = NULL;
    list->n--;
}

/* ---- those that wait for their time: a heap -------------------------------------- */

static bool
is_sooner(const struct delayed *a, const struct delayed *b)
{
    return a->at_ms != b->at_ms ? a->at_ms < b->at_ms : a->order < b->order;
}

static void
put_at(struct bnc_queue *queue, size_t i, struct delayed one)
{
    queue->heap[i] = one;
    one.item->heap = (uint32_t)i;
}

static void
sift_up(struct bnc_queue *queue, size_t i, struct delayed one)
{
    while (i > 1 && is_sooner(&one, &queue->heap[i / 2])) {
        put_at(queue, i, queue->heap[i / 2]);
        i /= 2;
    }
    put_at(queue, i, one);
}

static void
sift_down(struct bnc_queue *queue, size_t i, struct delayed one)
{
    for (size_t child = 2 * i; child <= queue->n_heap; child = 2 * i) {
        if (child < queue->n_heap &&
            is_sooner(&queue->heap[child + 1], &queue->heap[child])) {
            child++;
        }
        if (!is_sooner(&queue->heap[child], &one)) {
            break;
        }
        put_at(queue, i, queue->heap[child]);
        i = child;
    }
    put_at(queue, i, one);
}

static void
delay(struct bnc_queue *queue, struct bnc_queue_item *item, int64_t at_ms)
{
    if (queue->n_heap + 1 >= queue->room) {
        queue->room = queue->room == 0 ? 16 : queue->room * 2;
        queue->heap = bnc_realloc(queue->heap, queue->room * sizeof(*queue->heap));
    }
    queue->n_heap++;
    sift_up(queue, queue->n_heap, (struct delayed){item, at_ms, queue->n_added++});
}

static void
undelay(struct bnc_queue *queue, struct bnc_queue_item *item)
{
    size_t i = item->heap;
    struct delayed last = queue->heap[queue->n_heap--];
    item->heap = 0;
    if (last.item == item) {
        return;
    }
    if (i > 1 && is_sooner(&last, &queue->heap[i / 2])) {
        sift_up(queue, i, last);
    } else {
        sift_down(queue, i, last);
    }
}

/* ---- the clock ----------------------------------------------------------------- */

static void
make_ready(struct bnc_queue *queue, struct bnc_queue_item *item)
{
    item->queued_us = now_us(queue);
    queue->adds++;
    if (item->working) {
        item->again = true;
        return;
    }
    item->ready = true;
    append(&queue->ready[item->level], item);
}

/* Whose time has come is ready, in the order of these times. */
static void
catch_up(struct bnc_queue *queue)
{
    if (queue->n_heap == 0) {
        return;
    }
    int64_t now_ms = bnc_world_mono_ms(queue->options.world);
    while (queue->n_heap > 0 && queue->heap[1].at_ms <= now_ms) {
        struct bnc_queue_item *item = queue->heap[1].item;
        undelay(queue, item);
        make_ready(queue, item);
    }
}

static bool
has_ready(const struct bnc_queue *queue)
{
    return queue->ready[BNC_QUEUE_HIGH].first != NULL ||
           queue->ready[BNC_QUEUE_LOW].first != NULL;
}

static void
arm(struct bnc_queue *queue, int64_t at_ms)
{
    if (queue->timer == NULL) {
        return;
    }
    if (!bnc_timer_pending(queue->timer) || at_ms < queue->timer_ms) {
        int64_t now_ms = bnc_world_mono_ms(queue->options.world);
        queue->timer_ms = at_ms;
        bnc_timer_set(queue->timer, at_ms > now_ms ? at_ms - now_ms : 0);
    }
}

/* The timer comes when something is ready. */
static void
arm_next(struct bnc_queue *queue)
{
    if (has_ready(queue)) {
        arm(queue, 0);
    } else if (queue->n_heap > 0) {
        arm(queue, queue->heap[1].at_ms);
    }
}

static void
on_time(void *arg)
{
    struct bnc_queue *queue = arg;
    catch_up(queue);
    if (has_ready(queue)) {
        queue->options.ready(queue->options.arg);
    }
    /* what is ready now waits for a worker, and the next that is done tells */
    if (queue->n_heap > 0) {
        arm(queue, queue->heap[1].at_ms);
    }
}

/* ---- life ---------------------------------------------------------------------- */

struct bnc_queue *
bnc_queue_new(const struct bnc_queue_options *options)
{
    struct bnc_queue *queue = bnc_alloc(sizeof(*queue));
    queue->options = *options;
    queue->options.first_ms =
        options->first_ms > 0 ? options->first_ms : BNC_QUEUE_FIRST_MS;
    queue->options.max_ms = options->max_ms > 0 ? options->max_ms : BNC_QUEUE_MAX_MS;
    queue->waited.buckets = queue->worked.buckets = &bnc_buckets_queue;
    queue->reconciled.buckets = &bnc_buckets_reconcile;
    if (options->ready != NULL) {
        queue->timer = bnc_timer_new(options->world, on_time, queue);
    }
    return queue;
}

void
bnc_queue_free(struct bnc_queue *queue)
{
    if (queue != NULL) {
        bnc_timer_free(queue->timer);
        free(queue->heap);
        free(queue);
    }
}

/* ---- adding -------------------------------------------------------------------- */

static void
raise_level(struct bnc_queue *queue, struct bnc_queue_item *item,
            enum bnc_queue_level level)
{
    if (!bnc_queue_pending(item)) {
        item->level = (uint8_t)level;
    } else if (level < (enum bnc_queue_level)item->level) {
        if (item->ready) {
            take_out(&queue->ready[item->level], item);
            append(&queue->ready[level], item);
        }
        item->level = (uint8_t)level;
    }
}

void
bnc_queue_add(struct bnc_queue *queue, struct bnc_queue_item *item,
              enum bnc_queue_level level)
{
    bnc_queue_add_after(queue, item, level, 0);
}

void
bnc_queue_add_after(struct bnc_queue *queue, struct bnc_queue_item *item,
                    enum bnc_queue_level level, int64_t delay_ms)
{
    if (queue->shut) {
        return;
    }
    catch_up(queue);
    raise_level(queue, item, level);
    if (item->ready || item->again) {
        return;
    }
    if (delay_ms <= 0 || queue->options.world == NULL) {
        if (item->heap != 0) {
            undelay(queue, item);
        }
        make_ready(queue, item);
    } else {
        int64_t at_ms = bnc_world_mono_ms(queue->options.world) + delay_ms;
        if (item->heap != 0 && queue->heap[item->heap].at_ms <= at_ms) {
            return;
        }
        if (item->heap != 0) {
            undelay(queue, item);
        }
        delay(queue, item, at_ms);
    }
    arm_next(queue);
}

int64_t
bnc_queue_retry(struct bnc_queue *queue, struct bnc_queue_item *item, int64_t least_ms,
                int64_t most_ms)
{
    int64_t max_ms = queue->options.max_ms;
    int64_t delay_ms = queue->options.first_ms;
    for (unsigned i = 0; i < item->failures && delay_ms < max_ms; i++) {
        delay_ms *= 2;
    }
    max_ms = most_ms > 0 && most_ms < max_ms ? most_ms : max_ms;
    delay_ms = delay_ms < max_ms ? delay_ms : max_ms;
    if (queue->options.world != NULL && delay_ms >= 10) { /* not all at once again */
        uint64_t width = (uint64_t)delay_ms / 5 + 1;
        delay_ms +=
            (int64_t)(bnc_world_random(queue->options.world) % width) - delay_ms / 10;
    }
    delay_ms = delay_ms < least_ms ? least_ms : delay_ms;
    item->failures = (uint16_t)(item->failures + (item->failures < UINT16_MAX));
    queue->retries++;
    bnc_queue_add_after(queue, item, (enum bnc_queue_level)item->level, delay_ms);
    return delay_ms;
}

void
bnc_queue_forget(struct bnc_queue_item *item)
{
    item->failures = 0;
}

void
bnc_queue_drop(struct bnc_queue *queue, struct bnc_queue_item *item)
{
    if (item->heap != 0) {
        undelay(queue, item);
    }
    if (item->ready) {
        take_out(&queue->ready[item->level], item);
    }
    item->ready = item->again = false;
}

/* ---- working ------------------------------------------------------------------- */

struct bnc_queue_item *
bnc_queue_get(struct bnc_queue *queue)
{
    catch_up(queue);
    int64_t now = now_us(queue);
    struct bnc_queue_item *high = queue->ready[BNC_QUEUE_HIGH].first;
    struct bnc_queue_item *low = queue->ready[BNC_QUEUE_LOW].first;
    bool aged = low != NULL && now - low->queued_us >= (int64_t)BNC_QUEUE_AGE_MS * 1000;
    struct bnc_queue_item *item = high != NULL && !aged ? high : low;
    if (item == NULL) {
        return NULL;
    }
    take_out(&queue->ready[item->level], item);
    append(&queue->working, item);
    item->ready = false;
    item->working = true;
    item->started_us = now;
    queue->started_us += now;
    bnc_histogram_add(&queue->waited, (double)(now - item->queued_us) / 1e6);
    return item;
}

void
bnc_queue_done(struct bnc_queue *queue, struct bnc_queue_item *item)
{
    catch_up(queue);
    take_out(&queue->working, item);
    item->working = false;
    queue->started_us -= item->started_us;
    double took = (double)(now_us(queue) - item->started_us) / 1e6;
    bnc_histogram_add(&queue->worked, took);
    bnc_histogram_add(&queue->reconciled, took);
    if (item->again) {
        item->again = false;
        item->ready = true;
        append(&queue->ready[item->level], item);
    }
    arm_next(queue);
}

bool
bnc_queue_pending(const struct bnc_queue_item *item)
{
    return item->ready || item->again || item->heap != 0;
}

bool
bnc_queue_empty(struct bnc_queue *queue)
{
    catch_up(queue);
    return !has_ready(queue);
}

void
bnc_queue_shut_down(struct bnc_queue *queue)
{
    catch_up(queue);
    queue->shut = true;
    while (queue->n_heap > 0) {
        undelay(queue, queue->heap[1].item);
    }
}

bool
bnc_queue_drained(struct bnc_queue *queue)
{
    return bnc_queue_empty(queue) && queue->working.n == 0;
}

void
bnc_queue_stats(struct bnc_queue *queue, struct bnc_queue_stats *out)
{
    catch_up(queue);
    int64_t now = now_us(queue);
    size_t n = queue->working.n;
    const struct bnc_queue_item *oldest = queue->working.first;
    *out = (struct bnc_queue_stats){
        .depth = {queue->ready[0].n, queue->ready[1].n},
        .delayed = queue->n_heap,
        .working = n,
        .adds = queue->adds,
        .retries = queue->retries,
        .waited = queue->waited,
        .worked = queue->worked,
        .reconciled = queue->reconciled,
        .unfinished_s = (double)((int64_t)n * now - queue->started_us) / 1e6,
        .longest_s = oldest == NULL ? 0 : (double)(now - oldest->started_us) / 1e6};
}
