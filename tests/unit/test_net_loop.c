#include <signal.h>
#include <sys/wait.h>

#include "tests/unit/test_net.h"

static struct bnc_world *world;
static char trace[64];

static void
note(char c)
{
    size_t n = strlen(trace);
    CHECK(n + 1 < sizeof(trace));
    trace[n] = c;
    trace[n + 1] = '\0';
}

static void
note_arg(void *arg)
{
    note(*(const char *)arg);
}

static struct bnc_timer *
named(const char *name)
{
    static char names[26];
    char *slot = &names[name[0] - 'a'];
    *slot = name[0];
    return bnc_timer_new(world, note_arg, slot);
}

TEST(timers_run_by_time_then_by_sequence)
{
    static const struct {
        const char *name;
        int64_t delay_ms;
    } rows[] = {
        {"a", 20}, {"b", 0}, {"c", 10}, {"d", 20}, {"e", -5}, {"f", 0}, {"g", 1},
    };
    struct bnc_timer *timers[BNC_LEN(rows)];

    world = test_world_new();
    trace[0] = '\0';
    for (size_t i = 0; i < BNC_LEN(rows); i++) {
        timers[i] = named(rows[i].name);
        CHECK(!bnc_timer_pending(timers[i]));
        bnc_timer_set(timers[i], rows[i].delay_ms);
        CHECK(bnc_timer_pending(timers[i]));
    }
    int64_t before_ms = bnc_world_mono_ms(world);
    bnc_world_run(world); /* ends when no timer is left */
    CHECK_STR(trace, "befgcad");
    CHECK(bnc_world_mono_ms(world) - before_ms >= 19);
    for (size_t i = 0; i < BNC_LEN(rows); i++) {
        CHECK(!bnc_timer_pending(timers[i]));
        bnc_timer_free(timers[i]);
    }
    bnc_world_free(world);
}

static struct bnc_timer *again;

static void
set_again(void *arg)
{
    note(*(const char *)arg);
    if (strlen(trace) < 6) {
        bnc_timer_set(again, 0);
    }
}

static void
stop_after(void *arg)
{
    note_arg(arg);
    bnc_world_stop(world);
}

/* One that sets itself with delay 0 cannot run twice before its neighbour. */
TEST(delay_zero_is_the_next_turn)
{
    world = test_world_new();
    trace[0] = '\0';
    struct bnc_timer *b = named("b");
    again = bnc_timer_new(world, set_again, (void *)(uintptr_t) "a");
    bnc_timer_set(again, 0);
    bnc_timer_set(b, 0);
    CHECK_STR(trace, ""); /* nothing runs inside the call */
    bnc_world_run(world);
    CHECK_STR(trace, "abaaaa");
    bnc_timer_free(again);
    bnc_timer_free(b);
    bnc_world_free(world);
}

TEST(setting_replaces_stopping_forgets)
{
    world = test_world_new();
    trace[0] = '\0';
    struct bnc_timer *a = named("a");
    struct bnc_timer *b = named("b");
    struct bnc_timer *c = named("c");
    bnc_timer_set(a, 1);
    bnc_timer_set(b, 5);
    bnc_timer_set(a, 10);
    bnc_timer_set(c, 2);
    bnc_timer_stop(c);
    bnc_timer_stop(c);
    CHECK(!bnc_timer_pending(c));
    bnc_world_run(world);
    CHECK_STR(trace, "ba");
    bnc_timer_set(b, 5);
    bnc_timer_free(b); /* pending */
    bnc_timer_free(a);
    bnc_timer_free(c);
    bnc_timer_free(NULL);
    bnc_world_free(world);
}

/* What was due in the turn of the stop runs when the world goes on. */
TEST(stop_ends_the_turn)
{
    world = test_world_new();
    trace[0] = '\0';
    struct bnc_timer *a = bnc_timer_new(world, stop_after, (void *)(uintptr_t) "a");
    struct bnc_timer *b = named("b");
    bnc_timer_set(a, 0);
    bnc_timer_set(b, 0);
    bnc_world_run(world);
    CHECK_STR(trace, "a");
    bnc_world_run(world);
    CHECK_STR(trace, "ab");
    bnc_world_stop(world);
    bnc_timer_set(b, 0);
    bnc_world_run(world); /* was stopped before */
    CHECK_STR(trace, "ab");
    bnc_timer_free(a);
    bnc_timer_free(b);
    bnc_world_free(world);
}

struct churned {
    struct bnc_timer *timer;
    int64_t due_us;
    bool wanted;
};

static int64_t last_due_us;

static void
on_churned(void *arg)
{
    struct churned *churned = arg;
    CHECK(churned->wanted); /* neither stopped nor told before */
    churned->wanted = false;
    CHECK(churned->due_us >= last_due_us - 1000); /* it was read before the set */
    CHECK(bnc_world_mono_us(world) >= churned->due_us);
    last_due_us = churned->due_us;
}

/* Many timers, set, moved and stopped at random: those that are left run in order. */
TEST(heap_keeps_order_under_churn)
{
    static struct churned rows[300];

    world = test_world_new();
    last_due_us = 0;
    for (size_t i = 0; i < BNC_LEN(rows); i++) {
        rows[i].timer = bnc_timer_new(world, on_churned, &rows[i]);
    }
    for (size_t round = 0; round < 3000; round++) {
        struct churned *churned = &rows[bnc_world_random(world) % BNC_LEN(rows)];
        churned->wanted = bnc_world_random(world) % 3 != 0;
        if (churned->wanted) {
            int64_t delay_ms = (int64_t)(bnc_world_random(world) % 30) + 20;
            churned->due_us = bnc_world_mono_us(world) + delay_ms * 1000;
            bnc_timer_set(churned->timer, delay_ms);
        } else {
            bnc_timer_stop(churned->timer);
        }
        CHECK_INT(bnc_timer_pending(churned->timer), churned->wanted);
    }
    bnc_world_run(world);
    for (size_t i = 0; i < BNC_LEN(rows); i++) {
        CHECK(!rows[i].wanted);
        bnc_timer_free(rows[i].timer);
    }
    bnc_world_free(world);
}

TEST(same_seed_same_numbers)
{
    struct bnc_error err = {0};
    struct bnc_world *a = bnc_world_real_new(7, &err);
    struct bnc_world *b = bnc_world_real_new(7, &err);
    struct bnc_world *c = bnc_world_real_new(0, &err);
    uint64_t first = bnc_world_random(a);
    CHECK(first == bnc_world_random(b));
    CHECK(bnc_world_random(a) != first);
    CHECK(bnc_world_random(c) != first);
    bnc_world_free(a);
    bnc_world_free(b);
    bnc_world_free(c);
}

TEST(clocks_and_environment)
{
    world = test_world_new();
    CHECK(bnc_world_wall_ms(world) > INT64_C(1600000000000));
    CHECK(bnc_world_boot_ms(world) + 1 >= bnc_world_mono_ms(world));
    int64_t us = bnc_world_mono_us(world);
    CHECK(bnc_world_mono_us(world) >= us);
    CHECK_INT(setenv("BNC_TEST_NET", "x", 1), 0);
    CHECK_STR(bnc_world_getenv(world, "BNC_TEST_NET"), "x");
    CHECK(bnc_world_getenv(world, "BNC_TEST_NET_UNSET") == NULL);
    bnc_world_free(world);
}

static void
on_stop(void *arg)
{
    note(*(const char *)arg);
    bnc_world_stop(world);
}

TEST(a_signal_is_told)
{
    static const struct {
        const char *name;
        int number;
    } rows[] = {{"SIGTERM", SIGTERM}, {"SIGINT", SIGINT}};

    for (size_t i = 0; i < BNC_LEN(rows); i++) {
        bnc_test_row(rows[i].name);
        world = test_world_new();
        trace[0] = '\0';
        bnc_world_on_stop(world, on_stop, (void *)(uintptr_t) "s");
        struct bnc_timer *timer = named("t");
        bnc_timer_set(timer, 1000);
        CHECK_INT(raise(rows[i].number), 0);
        bnc_world_run(world);
        CHECK_STR(trace, "s");
        bnc_timer_free(timer);
        bnc_world_free(world);
    }
}

static void
ignore(void *arg)
{
    BNC_UNUSED(arg);
}

static void
raise_twice(void *arg)
{
    (void)raise(SIGTERM);
    bnc_timer_set(*(struct bnc_timer **)arg, 10);
}

TEST(a_second_signal_ends_the_process)
{
    pid_t pid = fork();
    if (pid == 0) {
        world = test_world_new();
        struct bnc_timer *timer = NULL;
        bnc_world_on_stop(world, ignore, NULL);
        timer = bnc_timer_new(world, raise_twice, &timer);
        bnc_timer_set(timer, 0);
        bnc_world_run(world);
        _exit(7);
    }
    int status = 0;
    CHECK(waitpid(pid, &status, 0) == pid);
    CHECK(WIFEXITED(status));
    CHECK_INT(WEXITSTATUS(status), 1);
}

RUN_TESTS(timers_run_by_time_then_by_sequence, delay_zero_is_the_next_turn,
          setting_replaces_stopping_forgets, stop_ends_the_turn,
          heap_keeps_order_under_churn, same_seed_same_numbers, clocks_and_environment,
          a_signal_is_told, a_second_signal_ends_the_process)
