/* Parts that no root names any more: they stay for slow readers, and no longer. */
#include "tests/unit/publish_fake.h"

#define MAIN  "shop/main"
#define OTHER "shop/other"
#define MIN   ((int64_t)60000)

/* Which of a, b, c, d, e are in the store. */
static const char *
parts_of(struct rig *rig)
{
    static const char *const names[] = {"a", "b", "c", "d", "e"};
    static char out[BNC_LEN(names) + 1];
    size_t n = 0;
    for (size_t i = 0; i < BNC_LEN(names); i++) {
        if (rig_has(rig, names[i])) {
            out[n++] = names[i][0];
        }
    }
    out[n] = '\0';
    return out;
}
#define CHECK_PARTS(rig, want) CHECK_STR(parts_of(rig), (want))

static void
begin(struct rig *rig, const char *row)
{
    bnc_test_row(row);
    rig_open(rig);
    rig_set(rig, MAIN, "a b");
    rig_pass(rig, 1000);
    CHECK_PARTS(rig, "ab");
    rig_set(rig, MAIN, "b c");
    rig_pass(rig, 1000);
    CHECK_PARTS(rig, "abc");
}

TEST(retire_by_time)
{
    struct rig rig;
    begin(&rig, "15 minutes");
    rig_pass(&rig, 14 * MIN + 58000);
    CHECK_PARTS(&rig, "abc");
    rig_pass(&rig, 3000);
    CHECK_PARTS(&rig, "bc");
    CHECK(rig_has(&rig, "root-main"));
    CHECK(bnc_publisher_idle(rig.publisher));
    rig_close(&rig);
}

TEST(retire_when_loaded)
{
    struct rig rig;
    begin(&rig, "at once");
    bnc_publisher_loaded(rig.publisher, OTHER, true); /* nobody's */
    rig_pass(&rig, MIN);
    CHECK_PARTS(&rig, "abc");
    bnc_publisher_loaded(rig.publisher, MAIN, true);
    rig_pass(&rig, 100);
    CHECK_PARTS(&rig, "bc");

    bnc_test_row("the next set is not loaded");
    rig_set(&rig, MAIN, "c d");
    rig_pass(&rig, MIN);
    CHECK_PARTS(&rig, "bcd");
    bnc_publisher_loaded(rig.publisher, MAIN, false);
    rig_pass(&rig, MIN);
    CHECK_PARTS(&rig, "bcd");
    bnc_publisher_loaded(rig.publisher, MAIN, true);
    rig_pass(&rig, 100);
    CHECK_PARTS(&rig, "cd");

    bnc_test_row("the same set again stays loaded");
    rig_set(&rig, MAIN, "c d");
    rig_set(&rig, MAIN, "c d");
    rig_pass(&rig, MIN);
    CHECK_INT(rig_find(&rig, BNC_KIND_SECRET, "c")->applied, 1);
    rig_close(&rig);
}

/* A report of before is not about a set that was wanted once before. */
TEST(retire_reported_too_early)
{
    static const struct bnc_desired root = {.role = BNC_ROLE_ROOT,
                                            .kind = BNC_KIND_SECRET,
                                            .ns = "shop",
                                            .name = "root-main",
                                            .hash = "sha256:b c"};
    struct rig rig;
    begin(&rig, "published, and said after that");
    int64_t said_ms = bnc_world_wall_ms(&rig.fake->base);
    CHECK(bnc_publisher_stood(rig.publisher, MAIN, &root, 1, said_ms));
    CHECK(!bnc_publisher_stood(rig.publisher, OTHER, &root, 1, said_ms));
    rig_set(&rig, MAIN, "c d");
    CHECK(!bnc_publisher_stood(rig.publisher, MAIN, &root, 1, said_ms));
    rig_pass(&rig, 2000);
    rig_set(&rig, MAIN, "b c");
    bnc_test_row("wanted, and not written yet");
    CHECK(!bnc_publisher_stood(rig.publisher, MAIN, &root, 1, said_ms));
    rig_pass(&rig, 2000);
    bnc_test_row("there again");
    CHECK(!bnc_publisher_stood(rig.publisher, MAIN, &root, 1, said_ms));
    said_ms = bnc_world_wall_ms(&rig.fake->base);
    CHECK(bnc_publisher_stood(rig.publisher, MAIN, &root, 1, said_ms));
    rig_close(&rig);
}

TEST(retire_loaded_too_early)
{
    struct rig rig;
    begin(&rig, "said before the root is written");
    rig.failing = "root-main";
    rig_set(&rig, MAIN, "d");
    bnc_publisher_loaded(rig.publisher, MAIN, true);
    rig_pass(&rig, 20 * MIN);
    CHECK(rig_has(&rig, "b") && rig_has(&rig, "c")); /* the live root names them */
    rig.failing = NULL;
    rig_pass(&rig, MIN);
    CHECK_PARTS(&rig, "d");
    rig_close(&rig);
}

TEST(retire_waits_for_the_root)
{
    struct rig rig;
    begin(&rig, "time counts from the root on");
    rig.failing = "root-main";
    rig_set(&rig, MAIN, "c d");
    rig_pass(&rig, 30 * MIN);
    CHECK(rig_has(&rig, "b"));
    rig.failing = NULL;
    rig_pass(&rig, 14 * MIN);
    CHECK_PARTS(&rig, "bcd");
    rig_pass(&rig, 2 * MIN);
    CHECK_PARTS(&rig, "cd");

    bnc_test_row("a part that cannot be written holds up the root");
    rig.failing = "e";
    rig_set(&rig, MAIN, "d e");
    rig_pass(&rig, 20 * MIN);
    CHECK_PARTS(&rig, "cd");
    CHECK_INT(rig_find(&rig, BNC_KIND_SECRET, "root-main")->applied, 3);
    rig_close(&rig);
}

TEST(retire_named_again)
{
    struct rig rig;
    begin(&rig, "back after ten minutes");
    rig_pass(&rig, 10 * MIN);
    rig_set(&rig, MAIN, "a b");
    rig_pass(&rig, 14 * MIN);
    CHECK_PARTS(&rig, "abc");
    rig_pass(&rig, 2 * MIN);
    CHECK_PARTS(&rig, "ab");
    CHECK_INT(rig_find(&rig, BNC_KIND_SECRET, "a")->applied, 1);
    CHECK_INT(rig_find(&rig, BNC_KIND_SECRET, "a")->deleted, 0);

    bnc_test_row("named and retired again: the time starts anew");
    rig_set(&rig, MAIN, "b");
    rig_pass(&rig, 14 * MIN);
    CHECK_PARTS(&rig, "ab");
    rig_pass(&rig, 2 * MIN);
    CHECK_PARTS(&rig, "b");
    rig_close(&rig);
}

TEST(retire_no_more_than_64)
{
    struct rig rig;
    char name[16];
    size_t n = 0;

    bnc_test_row("64 are kept");
    rig_open(&rig);
    for (int i = 0; i < 100; i++) {
        (void)snprintf(name, sizeof(name), "p%d", i);
        rig_set(&rig, MAIN, name);
        rig_pass(&rig, 1000);
    }
    for (int i = 0; i < 100; i++) {
        (void)snprintf(name, sizeof(name), "p%d", i);
        n += rig_has(&rig, name);
        CHECK(rig_has(&rig, name) == (i >= 99 - BNC_RETIRED_MAX)); /* the newest */
    }
    CHECK_INT(n, BNC_RETIRED_MAX + 1);

    bnc_test_row("those of another do not count");
    rig_set(&rig, OTHER, "a b");
    rig_pass(&rig, 1000);
    rig_set(&rig, OTHER, "b");
    rig_pass(&rig, MIN);
    CHECK_PARTS(&rig, "ab");
    rig_close(&rig);
}

static const struct {
    const char *name;
    bool orphan;
    const char *left;
} drops[] = {{"deleted with all", false, ""}, {"orphans", true, "abc"}};

TEST(retire_dropped)
{
    for (size_t i = 0; i < BNC_LEN(drops); i++) {
        struct rig rig;
        begin(&rig, drops[i].name);
        bnc_publisher_drop(rig.publisher, MAIN, drops[i].orphan);
        rig_pass(&rig, 1000);
        CHECK_PARTS(&rig, drops[i].left);
        CHECK(bnc_publisher_released(rig.publisher, MAIN));
        rig_pass(&rig, 20 * MIN);
        CHECK_PARTS(&rig, drops[i].left);
        rig_close(&rig);
    }
}

/* ---- an earlier life ------------------------------------------------------------ */

#define LIVE(more)                                                                       \
    "{\"metadata\":{\"annotations\":{\"binnacle.dev/owner\":\"" MAIN                     \
    "\",\"binnacle.dev/hash\":\"sha256:x\"" more "}}}"
#define PART LIVE(",\"binnacle.dev/file\":\"jobs-0-1.yml\"")

static const struct {
    const char *name;
    const char *live; /* of what that life left */
    bool dropped;     /* its owner goes */
    bool loaded;
    bool early; /* there a second after the set */
    bool late;  /* after 14 minutes */
} lives[] = {
    {"a part of before", PART, false, false, true, true},
    {"and all have loaded", PART, false, true, false, false},
    {"and its owner goes", PART, true, false, false, false},
    {"assets of before", LIVE(""), false, false, false, false},
    {"not ours", "{\"metadata\":{\"annotations\":{\"binnacle.dev/file\":\"x\"}}}", false,
     false, true, true},
};

TEST(retire_claimed)
{
    for (size_t i = 0; i < BNC_LEN(lives); i++) {
        struct rig rig;
        const struct bnc_claimed claimed = {.kind = BNC_KIND_SECRET,
                                            .ns = "shop",
                                            .name = "e",
                                            .dropped = lives[i].dropped};
        bnc_test_row(lives[i].name);
        rig_open(&rig);
        struct stored *old = rig_find(&rig, BNC_KIND_SECRET, "e");
        old->exists = true;
        (void)snprintf(old->live, sizeof(old->live), "%s", lives[i].live);
        bnc_publisher_claim(rig.publisher, MAIN, &claimed);
        rig_pass(&rig, 30 * MIN);
        CHECK_INT(rig_has(&rig, "e"), !lives[i].dropped); /* the first set decides */
        rig_set(&rig, MAIN, "a");
        bnc_publisher_loaded(rig.publisher, MAIN, lives[i].loaded);
        rig_pass(&rig, 1000);
        CHECK_INT(rig_has(&rig, "e"), lives[i].early);
        rig_pass(&rig, 14 * MIN);
        CHECK_INT(rig_has(&rig, "e"), lives[i].late);
        rig_pass(&rig, 2 * MIN);
        CHECK_INT(rig_has(&rig, "e"), strstr(lives[i].live, "owner") == NULL);
        rig_close(&rig);
    }
}

/* Written, though the answer was an error; unwanted before anybody saw it. */
TEST(retire_what_may_be_there)
{
    struct rig rig;
    begin(&rig, "the watch tells of it later");
    rig.lost = "e";
    rig_set(&rig, MAIN, "c e");
    rig_pass(&rig, 100);
    struct stored *late = rig_find(&rig, BNC_KIND_SECRET, "e");
    CHECK(late->exists);
    rig.lost = NULL;
    rig_set(&rig, MAIN, "c d");
    rig_pass(&rig, 30000);
    CHECK(late->exists && late->watched);
    (void)snprintf(late->live, sizeof(late->live), "%s", PART);
    late->untold = true;
    rig_pass(&rig, 14 * MIN);
    CHECK(late->exists);
    rig_pass(&rig, 2 * MIN);
    CHECK(!late->exists);

    bnc_test_row("it was not carried out");
    rig.failing = "a";
    rig_set(&rig, MAIN, "a d");
    rig_pass(&rig, 100);
    rig_set(&rig, MAIN, "c d");
    rig_pass(&rig, 30000);
    CHECK(rig_find(&rig, BNC_KIND_SECRET, "a")->watched);
    rig_pass(&rig, MIN);
    CHECK(!rig_find(&rig, BNC_KIND_SECRET, "a")->watched);
    rig_close(&rig);
}

/* An old root under another name goes first, then the time of its parts begins. */
TEST(retire_after_the_old_root)
{
    struct rig rig;
    const struct bnc_desired moved = {.role = BNC_ROLE_ROOT,
                                      .kind = BNC_KIND_SECRET,
                                      .ns = "shop",
                                      .name = "other-root",
                                      .file = "prometheus.yml",
                                      .body = {"{\"x\":1}", 7},
                                      .hash = "sha256:other"};
    begin(&rig, "loaded, and the old root cannot be deleted");
    rig.failing = "root-main";
    bnc_publisher_set(rig.publisher, MAIN, &moved, 1);
    bnc_publisher_loaded(rig.publisher, MAIN, true);
    rig_pass(&rig, 20 * MIN);
    CHECK(rig_has(&rig, "other-root") && rig_has(&rig, "root-main"));
    CHECK(rig_has(&rig, "b") && rig_has(&rig, "c"));
    rig.failing = NULL;
    rig_pass(&rig, MIN);
    CHECK_PARTS(&rig, "");
    CHECK(!rig_has(&rig, "root-main"));
    rig_close(&rig);
}

RUN_TESTS(retire_by_time, retire_when_loaded, retire_reported_too_early,
          retire_loaded_too_early, retire_waits_for_the_root, retire_named_again,
          retire_no_more_than_64, retire_dropped, retire_claimed,
          retire_what_may_be_there, retire_after_the_old_root)
