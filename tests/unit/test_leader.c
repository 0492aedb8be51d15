#include "kube/apply.h"

#include "tests/unit/leader_rig.h"

/* ---- rows ------------------------------------------------------------------------- */

static const struct {
    const char *name;
    struct bnc_leader_times times;
    enum bnc_code code;
    const char *word; /* of the message */
} time_rows[] = {
    {"the default", {15000, 10000, 2000}, BNC_OK, ""},
    {"lease as long as the deadline", {10000, 10000, 2000}, BNC_INVALID, "11000ms"},
    {"deadline 1.2 retries", {15000, 2400, 2000}, BNC_INVALID, "over 2400ms"},
    {"just over", {15000, 2401, 2000}, BNC_OK, ""},
    {"half seconds", {15500, 10000, 2000}, BNC_INVALID, "whole seconds"},
    {"no pause", {15000, 10000, 0}, BNC_INVALID, "at least 100ms"},
    {"a day", {86400000, 10000, 2000}, BNC_INVALID, "2s to 1h"},
    {"a second less", {11000, 10000, 2000}, BNC_OK, ""},
};

TEST(times_that_are_safe)
{
    for (size_t i = 0; i < BNC_LEN(time_rows); i++) {
        struct bnc_error err = {0};
        bnc_test_row(time_rows[i].name);
        CHECK_INT(bnc_leader_check(&time_rows[i].times, &err), time_rows[i].code);
        CHECK(strstr(err.message, time_rows[i].word) != NULL);
    }
    bnc_test_row("a write ends before another one may lead");
    CHECK_INT(bnc_leader_write_timeout_ms(&BNC_LEADER_TIMES_DEFAULT), 4000);
    CHECK_INT(bnc_leader_write_timeout_ms(&(struct bnc_leader_times){11000, 10000, 2000}),
              800);
}

TEST(identities_differ)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    struct fake *fake = fake_new();
    const char *a = bnc_leader_identity(&fake->base, "host", arena);
    const char *b = bnc_leader_identity(&fake->base, "host", arena);
    CHECK_INT(strlen(a), strlen("host_01234567-0123-4123-8123-0123456789ab"));
    CHECK(strcmp(a, b) != 0);
    CHECK(a[5 + 14] == '4' && strchr("89ab", a[5 + 19]) != NULL);
    bnc_world_free(&fake->base);
}

/* ---- one ----------------------------------------------------------------------------
 */

TEST(makes_the_lease_and_renews_it)
{
    struct server server = {.arena = bnc_arena_new()};
    struct side a;
    rig_begin(&a, &server, "a", 1);
    CHECK(!rig_may(&a));
    rig_run(&a, 1, 1000);
    CHECK_INT(a.acquired, 1);
    CHECK_STR(rig_holder(&server), "a");
    CHECK_INT(rig_number(&server, "leaseDurationSeconds"), 15);
    CHECK_INT(rig_number(&server, "leaseTransitions"), 0);
    CHECK_INT(strlen(bnc_json_get_str(rig_spec(&server), "renewTime")),
              strlen("2026-11-23T07:00:00.000000Z"));
    const char *acquired = bnc_json_get_str(rig_spec(&server), "acquireTime");
    rig_run(&a, 1, 60000);
    CHECK(rig_may(&a));
    CHECK_STR(bnc_json_get_str(rig_spec(&server), "acquireTime"), acquired);
    CHECK(server.puts >= 28 && server.puts <= 31);
    CHECK_INT(server.gets, 0); /* it knows the version: no reading */
    CHECK_INT(bnc_leader_state_get(a.leader).slow, 0);
    rig_end(&a);
    bnc_arena_free(server.arena);
}

TEST(other_fields_stay)
{
    struct server server = {.arena = bnc_arena_new()};
    struct bnc_error err = {0};
    struct side a;
    const char *text = "{\"metadata\":{\"name\":\"binnacle\",\"labels\":{\"mine\":\"1\"},"
                       "\"managedFields\":[{}]},\"spec\":{\"leaseTransitions\":7}}";
    CHECK_INT(bnc_json_parse(server.arena, text, strlen(text), &server.lease, &err),
              BNC_OK);
    rig_store(&server, server.lease);
    rig_begin(&a, &server, "a", 1);
    rig_run(&a, 1, 16000);
    CHECK(rig_may(&a));
    CHECK_STR(
        bnc_json_get_str(bnc_json_path(server.lease, "metadata", "labels", NULL), "mine"),
        "1");
    CHECK(bnc_json_path(server.lease, "metadata", "managedFields", NULL) == NULL);
    CHECK_INT(rig_number(&server, "leaseTransitions"), 8);
    rig_end(&a);
    bnc_arena_free(server.arena);
}

/* What happens to the only leader, and what it may do after so many milliseconds. */
static const struct {
    const char *name;
    enum way way;
    int64_t freeze_ms;
    int64_t suspend_ms;
    int64_t wall_step_ms;
    int64_t after_ms;
    bool may;
    bool lost;
} trouble_rows[] = {
    {"nothing", WAY_OPEN, 0, 0, 0, 30000, true, false},
    {"held for 7 s", WAY_HELD, 0, 0, 0, 7000, true, false},
    {"held for 10 s", WAY_HELD, 0, 0, 0, 10010, false, true},
    {"refused for 7 s", WAY_REFUSED, 0, 0, 0, 7000, true, false},
    {"refused for 10 s", WAY_REFUSED, 0, 0, 0, 10010, false, true},
    {"answers lost for 10 s", WAY_LOST_ANSWER, 0, 0, 0, 10010, false, true},
    {"slow answers", WAY_SLOW, 0, 0, 0, 30000, true, false},
    {"stopped for 20 s", WAY_OPEN, 20000, 0, 0, 10, false, true},
    {"stopped for 5 s", WAY_OPEN, 5000, 0, 0, 3000, true, false},
    {"an hour ahead", WAY_OPEN, 0, 0, 3600000, 30000, true, false},
    {"an hour back", WAY_OPEN, 0, 0, -3600000, 30000, true, false},
};

TEST(trouble_of_a_leader)
{
    for (size_t i = 0; i < BNC_LEN(trouble_rows); i++) {
        struct server server = {.arena = bnc_arena_new()};
        struct side a;
        bnc_test_row(trouble_rows[i].name);
        rig_begin(&a, &server, "a", i + 1);
        rig_run(&a, 1, 6000);
        CHECK(rig_may(&a));
        a.way = trouble_rows[i].way;
        a.fake->wall_step_ms = trouble_rows[i].wall_step_ms;
        a.frozen = true;
        rig_run(&a, 1, trouble_rows[i].freeze_ms);
        a.frozen = false;
        rig_run(&a, 1, trouble_rows[i].after_ms);
        CHECK_INT(rig_may(&a), trouble_rows[i].may);
        CHECK_INT(a.lost, trouble_rows[i].lost);
        CHECK_INT(a.acquired, 1);
        rig_end(&a);
        bnc_arena_free(server.arena);
    }
}

/* What counts is when it was sent: others may know of it from then on. */
TEST(a_slow_answer)
{
    struct server server = {.arena = bnc_arena_new()};
    struct side a;
    rig_begin(&a, &server, "a", 1);
    rig_run(&a, 1, 6000);
    size_t puts = server.puts;
    a.way = WAY_SLOW;
    while (server.puts == puts) {
        rig_run(&a, 1, 10);
    }
    rig_run(&a, 1, SLOW_MS + 50);
    a.way = WAY_HELD;
    rig_run(&a, 1, 10000 - SLOW_MS - 100);
    CHECK(rig_may(&a));
    rig_run(&a, 1, 100);
    CHECK(!rig_may(&a));
    rig_end(&a);
    bnc_arena_free(server.arena);
}

/* The clock of timers stood still: no timer is due, and yet nothing may be written. */
TEST(a_suspended_machine)
{
    struct server server = {.arena = bnc_arena_new()};
    struct side a;
    rig_begin(&a, &server, "a", 1);
    rig_run(&a, 1, 6000);
    CHECK(rig_may(&a));
    a.fake->suspended_ms += 20000;
    CHECK(!rig_may(&a)); /* before any timer */
    CHECK(!bnc_leader_state_get(a.leader).leads);
    rig_run(&a, 1, 10);
    CHECK_INT(a.lost, 1);
    CHECK(!rig_may(&a));
    rig_end(&a);
    bnc_arena_free(server.arena);
}

TEST(health_fails_when_nobody_has_looked)
{
    struct server server = {.arena = bnc_arena_new()};
    struct side a;
    rig_begin(&a, &server, "a", 1);
    rig_run(&a, 1, 6000);
    a.fake->suspended_ms += 34000 - 2000;
    CHECK(bnc_leader_state_get(a.leader).healthy);
    a.fake->suspended_ms += 4000;
    CHECK(!bnc_leader_state_get(a.leader).healthy);
    rig_end(&a);
    bnc_arena_free(server.arena);
}

static void
on_written(void *arg, const struct bnc_written *written)
{
    BNC_UNUSED(written);
    ++*(size_t *)arg;
}

/* A write ends in time at both ends, and keeps what it had in its query. */
TEST(writes_of_a_leader)
{
    static const struct {
        const char *name;
        int64_t ms;
        const char *query;
    } rows[] = {
        {"a leader", 4000, "&timeout=4000ms"},
        {"no election", 0, NULL},
    };
    for (size_t i = 0; i < BNC_LEN(rows); i++) {
        struct side side;
        struct bnc_error err = {0};
        const struct bnc_kube_target target = {
            .kind = BNC_KIND_SECRET, .ns = "n", .name = "x"};
        size_t told = 0;
        bnc_test_row(rows[i].name);
        rig_kube(&side, rows[i].ms);
        CHECK(bnc_kube_apply(side.kube, &target, (struct bnc_bytes){"{}", 2}, on_written,
                             &told, &err) != NULL);
        struct bnc_http_call *call = fake_next(side.fake, 100);
        const char *at = strstr(call->url, "timeout");
        CHECK(strstr(call->url, "?fieldManager=binnacle&force=true") != NULL);
        CHECK_STR(at == NULL ? NULL : at - 1, rows[i].query);
        CHECK_INT(call->timeout_ms, rows[i].ms > 0 ? rows[i].ms : BNC_KUBE_TIMEOUT_MS);
        fake_answer(call, 200, "{}");
        CHECK_INT(told, 1);
        bnc_kube_free(side.kube);
        bnc_world_free(&side.fake->base);
    }
}

TEST(the_record_of_a_release)
{
    struct server server = {.arena = bnc_arena_new()};
    struct side a;
    rig_begin(&a, &server, "a", 1);
    rig_run(&a, 1, 5000);
    rig_edit(&server, "a", 15); /* a version that it does not know */
    bnc_leader_release(a.leader);
    rig_run(&a, 1, 50);
    CHECK_INT(a.released, 1);
    CHECK_STR(rig_holder(&server), "");
    CHECK_INT(rig_number(&server, "leaseDurationSeconds"), 1);
    CHECK_INT(rig_number(&server, "leaseTransitions"), 0);
    rig_end(&a);
    bnc_arena_free(server.arena);
}

TEST(a_release_that_does_not_get_through)
{
    struct server server = {.arena = bnc_arena_new()};
    struct side a;
    rig_begin(&a, &server, "a", 1);
    rig_run(&a, 1, 5000);
    a.way = WAY_HELD;
    bnc_leader_release(a.leader);
    rig_run(&a, 1, 4900);
    CHECK_INT(a.released, 0);
    rig_run(&a, 1, 200);
    CHECK_INT(a.released, 1); /* it ends all the same */
    rig_end(&a);
    bnc_arena_free(server.arena);
}

RUN_TESTS(times_that_are_safe, identities_differ, makes_the_lease_and_renews_it,
          other_fields_stay, trouble_of_a_leader, a_slow_answer, a_suspended_machine,
          health_fails_when_nobody_has_looked, the_record_of_a_release,
          a_release_that_does_not_get_through, writes_of_a_leader)
