/*
 * The queue of work against a model of sets and lists: every order of up to six
 * operations on two keys, the same answer after each of them.
 */
#include <assert.h>

#include "controller/queue.h"
#include "tests/unit/kube_fake.h"

#define KEYS    2
#define STEPS   6
#define SOON_MS 10
#define LATE_MS 1000

enum op {
    OP_ADD,
    OP_ADD_LOW,
    OP_SOON,
    OP_LATE,
    OP_DROP,
    OP_DONE,
    OP_RETRY,
    OP_FORGET,
    OP_OF_KEYS, /* those above are of a key, those below are not */
    OP_GET = OP_OF_KEYS,
    OP_PASS_SOON,
    OP_PASS_AGE,
    OP_SHUT_DOWN,
    OP_COUNT
};

static const char *const names[] = {"add",  "add low",   "add soon", "add late",
                                    "drop", "done",      "retry",    "forget",
                                    "get",  "pass soon", "pass age", "shut down"};
static_assert(BNC_LEN(names) == OP_COUNT, "every operation needs a name");

/* ---- the model: what is in which list ------------------------------------------- */

struct list {
    int keys[KEYS];
    int n;
};

struct model {
    int64_t now;
    struct list ready[BNC_QUEUE_LEVELS];
    struct list delayed; /* in the order in which they were added */
    bool working[KEYS];
    bool again[KEYS];
    int level[KEYS];
    int64_t at[KEYS];    /* of those that are delayed */
    int64_t since[KEYS]; /* of those that are ready */
    unsigned failures[KEYS];
    bool shut;
};

static bool
has(const struct list *list, int key)
{
    for (int i = 0; i < list->n; i++) {
        if (list->keys[i] == key) {
            return true;
        }
    }
    return false;
}

static void
append(struct list *list, int key)
{
    list->keys[list->n++] = key;
}

static void
take_out(struct list *list, int key)
{
    int n = 0;
    for (int i = 0; i < list->n; i++) {
        if (list->keys[i] != key) {
            list->keys[n++] = list->keys[i];
        }
    }
    list->n = n;
}

static bool
model_pending(const struct model *m, int key)
{
    return has(&m->ready[0], key) || has(&m->ready[1], key) || has(&m->delayed, key) ||
           m->again[key];
}

static void
model_ready(struct model *m, int key)
{
    take_out(&m->delayed, key);
    m->since[key] = m->now;
    if (m->working[key]) {
        m->again[key] = true;
    } else {
        append(&m->ready[m->level[key]], key);
    }
}

static void
model_add(struct model *m, int key, int level, int64_t delay_ms)
{
    if (m->shut) {
        return;
    }
    if (!model_pending(m, key)) {
        m->level[key] = level;
    } else if (level < m->level[key]) {
        if (has(&m->ready[m->level[key]], key)) {
            take_out(&m->ready[m->level[key]], key);
            append(&m->ready[level], key);
        }
        m->level[key] = level;
    }
    if (has(&m->ready[m->level[key]], key) || m->again[key]) {
        return;
    }
    if (delay_ms == 0) {
        model_ready(m, key);
    } else if (!has(&m->delayed, key) || m->at[key] > m->now + delay_ms) {
        take_out(&m->delayed, key);
        append(&m->delayed, key);
        m->at[key] = m->now + delay_ms;
    }
}

/* Millisecond by millisecond, so that the order is beyond doubt. */
static void
model_pass(struct model *m, int64_t ms)
{
    int64_t until = m->now + ms;
    while (m->now < until) {
        m->now = m->delayed.n == 0 ? until : m->now + 1;
        for (int i = 0; i < m->delayed.n;) {
            int key = m->delayed.keys[i];
            if (m->at[key] <= m->now) {
                model_ready(m, key);
            } else {
                i++;
            }
        }
    }
}

static int
model_get(struct model *m)
{
    const struct list *high = &m->ready[BNC_QUEUE_HIGH];
    const struct list *low = &m->ready[BNC_QUEUE_LOW];
    bool aged = low->n > 0 && m->now - m->since[low->keys[0]] >= BNC_QUEUE_AGE_MS;
    int key = high->n > 0 && !aged ? high->keys[0] : low->n > 0 ? low->keys[0] : -1;
    if (key >= 0) {
        take_out(&m->ready[0], key);
        take_out(&m->ready[1], key);
        m->working[key] = true;
    }
    return key;
}

static void
model_done(struct model *m, int key)
{
    m->working[key] = false;
    if (m->again[key]) {
        m->again[key] = false;
        append(&m->ready[m->level[key]], key);
    }
}

static void
model_drop(struct model *m, int key)
{
    take_out(&m->ready[0], key);
    take_out(&m->ready[1], key);
    take_out(&m->delayed, key);
    m->again[key] = false;
}

/* ---- the queue beside it ---------------------------------------------------------- */

struct pair {
    struct fake *fake;
    struct bnc_queue *queue;
    struct bnc_queue_item items[KEYS];
    struct model model;
    bool told; /* and has not got everything since */
    uint64_t orders;
};

static void
on_ready(void *arg)
{
    ((struct pair *)arg)->told = true;
}

static void
begin(struct pair *p)
{
    bnc_queue_free(p->queue);
    p->queue = bnc_queue_new(&(struct bnc_queue_options){
        .world = &p->fake->base, .ready = on_ready, .arg = p});
    memset(p->items, 0, sizeof(p->items));
    p->model = (struct model){.now = p->fake->now_ms};
    p->told = false;
}

static void
do_retry(struct pair *p, int key)
{
    int64_t want = (int64_t)BNC_QUEUE_FIRST_MS << p->model.failures[key];
    int64_t got = bnc_queue_retry(p->queue, &p->items[key], 0, 0);
    CHECK(got >= want - want / 10 && got <= want + want / 10);
    p->model.failures[key]++;
    model_add(&p->model, key, p->model.level[key], got);
}

static void
do_get(struct pair *p)
{
    int want = model_get(&p->model);
    const struct bnc_queue_item *got = bnc_queue_get(p->queue);
    CHECK_INT(got == NULL ? -1 : got - p->items, want);
    p->told = p->told && got != NULL;
}

static void
do_pass(struct pair *p, int64_t ms)
{
    fake_run(p->fake, ms);
    model_pass(&p->model, ms);
    if (p->model.ready[0].n + p->model.ready[1].n > 0) {
        CHECK(p->told); /* no wake-up is lost */
    }
}

static void
do_done(struct pair *p, int key)
{
    bnc_queue_done(p->queue, &p->items[key]);
    model_done(&p->model, key);
    p->told = false; /* a worker is free: it has to be told */
}

static void
do_add(struct pair *p, enum op op, int key)
{
    static const int64_t delays[] = {
        [OP_ADD] = 0, [OP_ADD_LOW] = 0, [OP_SOON] = SOON_MS, [OP_LATE] = LATE_MS};
    enum bnc_queue_level level = op == OP_ADD_LOW ? BNC_QUEUE_LOW : BNC_QUEUE_HIGH;
    if (delays[op] == 0) {
        bnc_queue_add(p->queue, &p->items[key], level);
    } else {
        bnc_queue_add_after(p->queue, &p->items[key], level, delays[op]);
    }
    model_add(&p->model, key, (int)level, delays[op]);
}

static void
do_drop(struct pair *p, int key)
{
    bnc_queue_drop(p->queue, &p->items[key]);
    model_drop(&p->model, key);
}

static void
do_forget(struct pair *p, int key)
{
    bnc_queue_forget(&p->items[key]);
    p->model.failures[key] = 0;
}

static void
do_shut_down(struct pair *p)
{
    bnc_queue_shut_down(p->queue);
    p->model.shut = true;
    p->model.delayed.n = 0;
}

static void
do_op(struct pair *p, enum op op, int key)
{
    if (op <= OP_LATE) {
        do_add(p, op, key);
    } else if (op == OP_DROP) {
        do_drop(p, key);
    } else if (op == OP_DONE) {
        do_done(p, key);
    } else if (op == OP_RETRY) {
        do_retry(p, key);
    } else if (op == OP_FORGET) {
        do_forget(p, key);
    } else if (op == OP_GET) {
        do_get(p);
    } else if (op == OP_SHUT_DOWN) {
        do_shut_down(p);
    } else {
        do_pass(p, op == OP_PASS_SOON ? SOON_MS : BNC_QUEUE_AGE_MS + 1);
    }
}

/* True when the operation means something now. */
static bool
may(const struct model *m, enum op op, int key)
{
    if (op == OP_DROP) {
        return model_pending(m, key);
    }
    if (op == OP_DONE || op == OP_RETRY) {
        return m->working[key];
    }
    return (op != OP_FORGET || m->failures[key] > 0) && (op != OP_SHUT_DOWN || !m->shut);
}

static void
check(struct pair *p)
{
    const struct model *m = &p->model;
    struct bnc_queue_stats stats;
    bnc_queue_stats(p->queue, &stats);
    size_t working = 0;
    for (int key = 0; key < KEYS; key++) {
        CHECK_INT(bnc_queue_pending(&p->items[key]), model_pending(m, key));
        CHECK_INT(p->items[key].working, m->working[key]);
        working += m->working[key];
    }
    CHECK_INT(stats.depth[BNC_QUEUE_HIGH], m->ready[BNC_QUEUE_HIGH].n);
    CHECK_INT(stats.depth[BNC_QUEUE_LOW], m->ready[BNC_QUEUE_LOW].n);
    CHECK_INT(stats.delayed, m->delayed.n);
    CHECK_INT(stats.working, working);
    bool empty = m->ready[0].n + m->ready[1].n == 0;
    CHECK_INT(bnc_queue_empty(p->queue), empty);
    CHECK_INT(bnc_queue_drained(p->queue), empty && working == 0);
}

struct step {
    enum op op;
    int key;
};

/* "add 0, get 0, ": what is being done, for a check that fails. */
struct tale {
    struct step steps[STEPS];
    char row[STEPS * 16];
};

static bool
try_one(struct pair *p, struct tale *tale, int n, struct step last)
{
    begin(p);
    for (int i = 0; i < n; i++) {
        do_op(p, tale->steps[i].op, tale->steps[i].key);
    }
    if (!may(&p->model, last.op, last.key)) {
        return false;
    }
    tale->steps[n] = last;
    do_op(p, last.op, last.key);
    check(p);
    p->orders++;
    return true;
}

/* Each order of up to STEPS operations; the first key that is named is the first one. */
static void
go_on(struct pair *p, struct tale *tale, int n, size_t len, int named)
{
    for (enum op op = 0; n < STEPS && op < OP_COUNT; op++) {
        int keys = op >= OP_OF_KEYS ? 1 : named < KEYS ? named + 1 : KEYS;
        for (int key = 0; key < keys; key++) {
            size_t more = strlen(names[op]);
            memcpy(tale->row + len, names[op], more);
            memcpy(tale->row + len + more, key == 0 ? " 0, " : " 1, ", sizeof(" 0, "));
            bnc_test_row(tale->row);
            if (try_one(p, tale, n, (struct step){op, key})) {
                bool first = op < OP_OF_KEYS && key == named;
                go_on(p, tale, n + 1, len + more + 4, named + first);
            }
        }
    }
}

TEST(queue_all_orders)
{
    struct pair p = {.fake = fake_new()};
    struct tale tale;
    go_on(&p, &tale, 0, 0, 0);
    print_message("%llu orders of up to %d operations on %d keys\n",
                  (unsigned long long)p.orders, STEPS, KEYS);
    CHECK(p.orders > 100000);
    bnc_queue_free(p.queue);
    bnc_world_free(&p.fake->base);
}

RUN_TESTS(queue_all_orders)
