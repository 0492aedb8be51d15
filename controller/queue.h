/*
 * A queue of work by key, as client-go's: what is added twice before its turn has one
 * turn; what is added while it is worked on has another one after that, never two at the
 * same time; what failed comes back later and later.  An item lives inside of what it
 * stands for, so adding allocates nothing.  The order is that in which items got ready.
 */
#ifndef BNC_CONTROLLER_QUEUE_H
#define BNC_CONTROLLER_QUEUE_H

#include "lib/histogram.h"
#include "net/world.h"

#define BNC_QUEUE_FIRST_MS 5      /* after the first failure, doubled with each ... */
#define BNC_QUEUE_MAX_MS   300000 /* ... up to here, all of it plus or minus a tenth */
#define BNC_QUEUE_AGE_MS   30000  /* what is low waits no longer behind what is not */

enum bnc_queue_level {
    BNC_QUEUE_HIGH, /* what somebody waits for; priority 0 in metrics */
    BNC_QUEUE_LOW,  /* what nobody waits for; -100 */
    BNC_QUEUE_LEVELS
};

struct bnc_queue; /* opaque */

/* All zero is an item that is in no queue.  Read it by the functions below. */
struct bnc_queue_item {
    struct bnc_queue_item *next; /* in a level, or among those that are worked on */
    struct bnc_queue_item *before;
    int64_t queued_us;
    int64_t started_us;
    uint32_t heap; /* its place among those that wait for their time, from 1; 0: none */
    uint16_t failures;
    uint8_t level;
    bool ready : 1;   /* in a level */
    bool again : 1;   /* ready as soon as it is done */
    bool working : 1; /* between get and done */
};

struct bnc_queue_options {
    struct bnc_world *world; /* NULL: no clock; then every delay is 0 */
    int64_t first_ms;        /* 0: BNC_QUEUE_FIRST_MS */
    int64_t max_ms;          /* 0: BNC_QUEUE_MAX_MS */
    /* There is something to get; by a timer, so never inside of a call; may be NULL. */
    bnc_fn ready;
    void *arg;
};

struct bnc_queue_stats {
    size_t depth[BNC_QUEUE_LEVELS]; /* ready now */
    size_t delayed;                 /* wait for their time */
    size_t working;
    uint64_t adds;                   /* those that were not one with an earlier one */
    uint64_t retries;                /* bnc_queue_retry() */
    struct bnc_histogram waited;     /* from ready to get, seconds */
    struct bnc_histogram worked;     /* from get to done, seconds */
    struct bnc_histogram reconciled; /* as `worked`, in bnc_buckets_reconcile */
    double unfinished_s;             /* sum over what is worked on */
    double longest_s;                /* the oldest of these */
};

/* Owns: the caller.  Items are borrowed: take out what is freed. */
struct bnc_queue *bnc_queue_new(const struct bnc_queue_options *options);
void bnc_queue_free(struct bnc_queue *queue); /* NULL is ignored; items are left alone */
BNC_DEFINE_AUTO(bnc_queue);

/* Ready now; of two adds the higher level counts. */
void bnc_queue_add(struct bnc_queue *queue, struct bnc_queue_item *item,
                   enum bnc_queue_level level);
/* Ready after `delay_ms`; of two adds the earlier time counts. */
void bnc_queue_add_after(struct bnc_queue *queue, struct bnc_queue_item *item,
                         enum bnc_queue_level level, int64_t delay_ms);
/*
 * It failed: it comes back, on the level it had, after `first_ms` doubled with each
 * failure since bnc_queue_forget(), at least `least_ms` (Retry-After), at most
 * `most_ms` (0: `max_ms`).  Gives the delay.
 */
int64_t bnc_queue_retry(struct bnc_queue *queue, struct bnc_queue_item *item,
                        int64_t least_ms, int64_t most_ms);
/* It failed no more: the next delay is the first one. */
void bnc_queue_forget(struct bnc_queue_item *item);
/* Take back what was added and had no turn yet; what is worked on stays so. */
void bnc_queue_drop(struct bnc_queue *queue, struct bnc_queue_item *item);

/* The next one, worked on from now until bnc_queue_done(); NULL: none is ready. */
struct bnc_queue_item *bnc_queue_get(struct bnc_queue *queue);
void bnc_queue_done(struct bnc_queue *queue, struct bnc_queue_item *item);

/* True when it was added and had no turn yet. */
bool bnc_queue_pending(const struct bnc_queue_item *item);
/* True when bnc_queue_get() would give nothing. */
bool bnc_queue_empty(struct bnc_queue *queue);

/* Nothing is added any more, and what waits for its time goes; what is ready stays. */
void bnc_queue_shut_down(struct bnc_queue *queue);
/* True when nothing is ready and nothing is worked on. */
bool bnc_queue_drained(struct bnc_queue *queue);

void bnc_queue_stats(struct bnc_queue *queue, struct bnc_queue_stats *out);

#endif
