#include "tests/unit/leader_rig.h"

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
    CHECK(rig_may(&sides[0]));
    CHECK(!rig_may(&sides[1]));
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
        if (rig_may(&sides[1])) {
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
        CHECK_STR(rig_holder(&server), "b");
        CHECK_INT(rig_number(&server, "leaseTransitions"), 1);
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
        CHECK(!rig_may(&sides[0])); /* at once, not when the server knows */
        rig_run(sides, 2, 20);
        CHECK_INT(sides[0].released, 1);
        CHECK_INT(sides[0].lost, 0);
        CHECK(until_b(sides) <= 5000);
        CHECK_INT(rig_number(&server, "leaseDurationSeconds"), 15);
        end_pair(&server, sides);
    }
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
    CHECK_STR(rig_holder(&server), "a");
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
            CHECK_STR(rig_holder(&server), hand_rows[i].leads);
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
        CHECK(rig_may(&sides[0])); /* nobody took it without need */
        CHECK_INT(sides[1].acquired, 0);
        sides[0].way = WAY_HELD;
        rig_run(sides, 2, 60000);
        CHECK_INT(sides[0].lost, 1);
        CHECK(rig_may(&sides[1]));
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
        transitions = (size_t)rig_number(&server, "leaseTransitions");
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

RUN_TESTS(a_leader_that_dies, a_leader_that_gives_it_away, one_that_stands_by_ends,
          a_hand_at_the_lease, clocks_that_go_fast_or_slow, never_two)
