#include "tests/unit/leader_rig.h"

static const char *
holder(struct server *server)
{
    return bnc_json_get_str(rig_spec(server), "holderIdentity");
}

static int64_t
number(struct server *server, const char *key)
{
    int64_t n = -1;
    (void)bnc_json_get_int(rig_spec(server), key, &n);
    return n;
}

static bool
may(struct side *side)
{
    return bnc_leader_may_write(side->leader);
}

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
    CHECK(!may(&a));
    rig_run(&a, 1, 1000);
    CHECK_INT(a.acquired, 1);
    CHECK_STR(holder(&server), "a");
    CHECK_INT(number(&server, "leaseDurationSeconds"), 15);
    CHECK_INT(number(&server, "leaseTransitions"), 0);
    CHECK_INT(strlen(bnc_json_get_str(rig_spec(&server), "renewTime")),
              strlen("2026-11-23T07:00:00.000000Z"));
    const char *acquired = bnc_json_get_str(rig_spec(&server), "acquireTime");
    rig_run(&a, 1, 60000);
    CHECK(may(&a));
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
    CHECK(may(&a));
    CHECK_STR(
        bnc_json_get_str(bnc_json_path(server.lease, "metadata", "labels", NULL), "mine"),
        "1");
    CHECK(bnc_json_path(server.lease, "metadata", "managedFields", NULL) == NULL);
    CHECK_INT(number(&server, "leaseTransitions"), 8);
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
        CHECK(may(&a));
        a.way = trouble_rows[i].way;
        a.fake->wall_step_ms = trouble_rows[i].wall_step_ms;
        a.frozen = true;
        rig_run(&a, 1, trouble_rows[i].freeze_ms);
        a.frozen = false;
        rig_run(&a, 1, trouble_rows[i].after_ms);
        CHECK_INT(may(&a), trouble_rows[i].may);
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
    CHECK(may(&a));
    rig_run(&a, 1, 100);
    CHECK(!may(&a));
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
    CHECK(may(&a));
    a.fake->suspended_ms += 20000;
    CHECK(!may(&a)); /* before any timer */
    CHECK(!bnc_leader_state_get(a.leader).leads);
    rig_run(&a, 1, 10);
    CHECK_INT(a.lost, 1);
    CHECK(!may(&a));
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

/* ---- two ----------------------------------------------------------------------------
 */

/* A leader `a`, and a `b` that has looked. */
static void
pair(struct server *server, struct side sides[2], uint64_t seed)
{
    *server = (struct server){.arena = bnc_arena_new()};
    rig_begin(&sides[0], server, "a", seed);
    rig_run(sides, 1, 1000);
    rig_begin(&sides[1], server, "b", seed + 1000);
    rig_run(sides, 2, 20000);
    CHECK(may(&sides[0]));
    CHECK(!may(&sides[1]));
    CHECK_INT(sides[1].acquired, 0);
}

static void
end_pair(struct server *server, struct side sides[2])
{
    rig_end(&sides[0]);
    rig_end(&sides[1]);
    bnc_arena_free(server->arena);
}

/* Milliseconds until `b` may write; fails after a minute. */
static int64_t
until_b(struct side sides[2])
{
    for (int64_t at = 0; at < 60000; at += 10) {
        if (may(&sides[1])) {
            return at;
        }
        rig_run(sides, 2, 10);
    }
    CHECK(!"b never leads");
    return -1;
}

TEST(a_leader_that_dies)
{
    for (uint64_t seed = 1; seed <= 50; seed++) {
        struct server server;
        struct side sides[2];
        pair(&server, sides, seed);
        rig_end(&sides[0]); /* no word to anybody */
        int64_t took = until_b(sides);
        CHECK(took >= 13000 && took <= 20000);
        CHECK_STR(holder(&server), "b");
        CHECK_INT(number(&server, "leaseTransitions"), 1);
        end_pair(&server, sides);
    }
}

TEST(a_leader_that_gives_it_away)
{
    for (uint64_t seed = 1; seed <= 50; seed++) {
        struct server server;
        struct side sides[2];
        pair(&server, sides, seed);
        bnc_leader_release(sides[0].leader);
        CHECK(!may(&sides[0])); /* at once, not when the server knows */
        rig_run(sides, 2, 20);
        CHECK_INT(sides[0].released, 1);
        CHECK_INT(sides[0].lost, 0);
        CHECK(until_b(sides) <= 5000);
        CHECK_INT(number(&server, "leaseDurationSeconds"), 15);
        end_pair(&server, sides);
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
    CHECK_STR(holder(&server), "");
    CHECK_INT(number(&server, "leaseDurationSeconds"), 1);
    CHECK_INT(number(&server, "leaseTransitions"), 0);
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

TEST(one_that_stands_by_ends)
{
    struct server server;
    struct side sides[2];
    pair(&server, sides, 1);
    size_t puts = server.puts;
    bnc_leader_release(sides[1].leader);
    CHECK_INT(sides[1].released, 0); /* never inside the call */
    rig_run(sides, 2, 10);
    CHECK_INT(sides[1].released, 1);
    CHECK(server.puts <= puts + 1);
    CHECK_STR(holder(&server), "a");
    end_pair(&server, sides);
}

/* A hand at the Lease, and who leads 40 s later. */
static const struct {
    const char *name;
    const char *holder; /* NULL: the Lease is deleted */
    int64_t duration_s;
    const char *leads; /* "" : whoever */
    bool a_lost;
} hand_rows[] = {
    {"deleted", NULL, 0, "a", false},
    {"emptied", "", 15, "a", false},
    {"shortened", "a", 1, "a", false},
    {"somebody else's", "stranger", 15, "b", true},
    {"somebody else's, for an instant", "stranger", 1, "b", true},
    {"given to b", "b", 15, "b", true},
};

TEST(a_hand_at_the_lease)
{
    for (size_t i = 0; i < BNC_LEN(hand_rows); i++) {
        for (uint64_t seed = 1; seed <= 60; seed++) {
            struct server server;
            struct side sides[2];
            bnc_test_row(hand_rows[i].name);
            pair(&server, sides, seed);
            rig_run(sides, 2, (int64_t)seed * 70);
            if (hand_rows[i].holder == NULL) {
                server.lease = NULL;
            } else {
                rig_edit(&server, hand_rows[i].holder, hand_rows[i].duration_s);
            }
            rig_run(sides, 2, 40000); /* never two that may write: checked there */
            CHECK_STR(holder(&server), hand_rows[i].leads);
            CHECK_INT(sides[0].lost, hand_rows[i].a_lost);
            CHECK_INT(rig_writers(sides, 2), 1);
            end_pair(&server, sides);
        }
    }
}

TEST(clocks_that_go_fast_or_slow)
{
    static const int64_t rates[][2] = {{100, 140}, {140, 100}, {72, 100}, {100, 72}};
    for (size_t i = 0; i < BNC_LEN(rates); i++) {
        struct server server;
        struct side sides[2];
        bnc_test_row("rates");
        pair(&server, sides, i + 1);
        sides[0].rate = rates[i][0];
        sides[1].rate = rates[i][1];
        rig_run(sides, 2, 300000);
        CHECK(may(&sides[0])); /* nobody took it without need */
        CHECK_INT(sides[1].acquired, 0);
        sides[0].way = WAY_HELD;
        rig_run(sides, 2, 60000);
        CHECK_INT(sides[0].lost, 1);
        CHECK(may(&sides[1]));
        end_pair(&server, sides);
    }
}

/* ---- whatever happens ---------------------------------------------------------------
 */

static void
any_fault(struct fake *dice, struct server *server, struct side *side)
{
    uint64_t random = fake_random(&dice->base);
    uint64_t more = random / 16;
    switch (random % 10) {
    case 0:
    case 1:
    case 2:
        side->way = (enum way)(more % WAY_COUNT);
        break;
    case 3:
        side->frozen = more % 2 == 0;
        break;
    case 4:
        side->suspended = more % 2 == 0;
        break;
    case 5:
        side->fake->wall_step_ms = (int64_t)(more % 7200000) - 3600000;
        break;
    case 6:
        side->rate = 100 + (int64_t)(more % 41);
        break;
    case 7:
        if (server->lease != NULL && more % 4 == 0) {
            rig_edit(server, more / 4 % 2 == 0 ? "" : "stranger",
                     (int64_t)(more / 8 % 15) + 2);
        }
        break;
    default:
        side->way = WAY_OPEN;
        side->frozen = side->suspended = false;
        break;
    }
}

/* Killed, ended or asked to end: another process comes in its place. */
static void
next_life(struct fake *dice, struct server *server, struct side *side, size_t *lives)
{
    uint64_t random = fake_random(&dice->base);
    bool over = side->leader == NULL || side->lost + side->released > 0;
    char name[32];

    if (!over && random % 40 == 0) {
        bnc_leader_release(side->leader);
    } else if (over || random % 60 == 1) {
        rig_end(side);
        (void)snprintf(name, sizeof(name), "life-%zu", (*lives)++);
        rig_begin(side, server, name, random | 1);
    }
}

/* One story of three replicas; how often one of them got the Lease. */
static size_t
story(uint64_t seed)
{
    struct server server = {.arena = bnc_arena_new()};
    struct fake *dice = fake_new();
    struct side sides[SIDES_MAX] = {{.leader = NULL}};
    size_t lives = 0, transitions = 0;

    dice->seed = seed;
    for (size_t step = 0; step < 300; step++) {
        for (size_t i = 0; i < SIDES_MAX; i++) {
            next_life(dice, &server, &sides[i], &lives);
        }
        any_fault(dice, &server, &sides[fake_random(&dice->base) % SIDES_MAX]);
        rig_run(sides, SIDES_MAX, (int64_t)(fake_random(&dice->base) % 3000));
    }
    if (server.lease != NULL) {
        transitions = (size_t)number(&server, "leaseTransitions");
    }
    for (size_t i = 0; i < SIDES_MAX; i++) {
        rig_end(&sides[i]);
    }
    bnc_world_free(&dice->base);
    bnc_arena_free(server.arena);
    return transitions;
}

TEST(never_two)
{
    size_t transitions = 0;
    for (uint64_t seed = 1; seed <= 40; seed++) {
        char row[32];
        (void)snprintf(row, sizeof(row), "seed %llu", (unsigned long long)seed);
        bnc_test_row(row);
        transitions += story(seed);
    }
    bnc_test_row("all stories");
    CHECK(transitions > 200); /* they were about something */
}

RUN_TESTS(times_that_are_safe, identities_differ, makes_the_lease_and_renews_it,
          other_fields_stay, trouble_of_a_leader, a_slow_answer, a_suspended_machine,
          health_fails_when_nobody_has_looked, a_leader_that_dies,
          a_leader_that_gives_it_away, the_record_of_a_release,
          a_release_that_does_not_get_through, one_that_stands_by_ends,
          a_hand_at_the_lease, clocks_that_go_fast_or_slow, never_two)
