/* The queue of work: delays of many items, backoff, what is counted. */
#include "controller/queue.h"
#include "tests/unit/kube_fake.h"
#define MANY 500

static void
ignore(void *arg)
{
    BNC_UNUSED(arg);
}

/* By time, and those of one time as they were added; some are dropped in between. */
TEST(queue_many_delays)
{
    static struct bnc_queue_item items[MANY];
    int64_t due[MANY];
    struct fake *fake = fake_new();
    struct bnc_queue *queue =
        bnc_queue_new(&(struct bnc_queue_options){.world = &fake->base, .ready = ignore});
    size_t left = MANY;

    for (size_t i = 0; i < MANY; i++) {
        due[i] = (int64_t)(bnc_world_random(&fake->base) % 50) * 100 + 100;
        bnc_queue_add_after(queue, &items[i], BNC_QUEUE_HIGH, due[i]);
    }
    for (size_t i = 0; i < MANY; i += 7) {
        bnc_queue_drop(queue, &items[i]);
        due[i] = 0;
        left--;
    }
    size_t last = 0;
    for (int64_t t = 0; t <= 5000; t += 100) {
        const struct bnc_queue_item *item;
        while ((item = bnc_queue_get(queue)) != NULL) {
            size_t i = (size_t)(item - items);
            CHECK_INT(due[i], t);
            CHECK(due[last] < due[i] || last <= i);
            bnc_queue_done(queue, &items[i]);
            last = i;
            left--;
        }
        fake_run(fake, 100);
    }
    CHECK_INT(left, 0);
    bnc_queue_free(queue);
    bnc_world_free(&fake->base);
}

/* Twice as long each time, give or take a tenth, up to five minutes; never in step. */
TEST(queue_backoff)
{
    struct bnc_queue_item item = {0};
    struct fake *fake = fake_new();
    struct bnc_queue *queue =
        bnc_queue_new(&(struct bnc_queue_options){.world = &fake->base, .ready = ignore});
    int64_t want = 5;
    bool differs = false;

    for (int i = 0; i < 40; i++) {
        int64_t got = bnc_queue_retry(queue, &item, 0, 0);
        CHECK(got >= want - want / 10 && got <= want + want / 10);
        differs = differs || got != want;
        bnc_queue_drop(queue, &item);
        want = want * 2 < BNC_QUEUE_MAX_MS ? want * 2 : BNC_QUEUE_MAX_MS;
    }
    CHECK(differs);
    bnc_test_row("what the server asks for");
    CHECK_INT(bnc_queue_retry(queue, &item, 1000000, 0), 1000000);
    bnc_queue_drop(queue, &item);
    bnc_test_row("less than that");
    CHECK(bnc_queue_retry(queue, &item, 0, 1000) <= 1100);
    bnc_queue_forget(&item);
    CHECK_INT(bnc_queue_retry(queue, &item, 0, 0), 5);
    bnc_queue_free(queue);
    bnc_world_free(&fake->base);
}

TEST(queue_counts)
{
    struct bnc_queue_item items[2] = {{0}};
    struct bnc_queue_stats stats;
    struct fake *fake = fake_new();
    struct bnc_queue *queue =
        bnc_queue_new(&(struct bnc_queue_options){.world = &fake->base, .ready = ignore});

    bnc_queue_add(queue, &items[0], BNC_QUEUE_HIGH);
    bnc_queue_add(queue, &items[0], BNC_QUEUE_HIGH);
    bnc_queue_add(queue, &items[1], BNC_QUEUE_LOW);
    fake_run(fake, 500);
    (void)bnc_queue_get(queue);
    fake_run(fake, 2000);
    (void)bnc_queue_get(queue);
    fake_run(fake, 1000);
    bnc_queue_stats(queue, &stats);
    CHECK_INT(stats.adds, 2);
    CHECK_INT(stats.retries, 0);
    CHECK_INT(stats.unfinished_s, 4); /* 3 and 1 */
    CHECK_INT(stats.longest_s, 3);
    CHECK_INT(bnc_histogram_count(&stats.waited), 2);
    CHECK_INT(stats.waited.sum * 10, 30); /* 0.5 and 2.5 */
    CHECK_INT(bnc_histogram_count(&stats.worked), 0);
    (void)bnc_queue_retry(queue, &items[0], 0, 0);
    bnc_queue_done(queue, &items[0]);
    bnc_queue_stats(queue, &stats);
    CHECK_INT(stats.retries, 1);
    CHECK_INT(stats.delayed, 1);
    CHECK_INT(stats.longest_s, 1);
    CHECK_INT(stats.worked.sum, 3);
    bnc_queue_free(queue);
    bnc_world_free(&fake->base);
}

/* Without a clock: in the order of adding, and nothing waits. */
TEST(queue_no_clock)
{
    struct bnc_queue_item items[3] = {{0}};
    struct bnc_queue *queue = bnc_queue_new(&(struct bnc_queue_options){0});
    bnc_queue_add(queue, &items[2], BNC_QUEUE_HIGH);
    bnc_queue_add_after(queue, &items[0], BNC_QUEUE_HIGH, 1000);
    bnc_queue_add(queue, &items[1], BNC_QUEUE_HIGH);
    CHECK(bnc_queue_get(queue) == &items[2]);
    CHECK(bnc_queue_get(queue) == &items[0]);
    CHECK(bnc_queue_get(queue) == &items[1]);
    CHECK(bnc_queue_get(queue) == NULL);
    bnc_queue_free(queue);
}

RUN_TESTS(queue_many_delays, queue_backoff, queue_counts, queue_no_clock)
