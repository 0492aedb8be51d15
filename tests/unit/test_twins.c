/* One object that two Observatories want: the one that has it keeps it. */
#include "tests/unit/publish_fake.h"

#define MAIN  "shop/main"
#define OTHER "shop/other"
#define TAKEN BNC_REASON_OUTPUT_TAKEN

/* Want "x", or nothing. */
static void
set(struct rig *rig, const char *owner, bool wanted)
{
    static const struct bnc_desired x = {.role = BNC_ROLE_BESIDE,
                                         .kind = BNC_KIND_SECRET,
                                         .ns = "shop",
                                         .name = "x",
                                         .file = "x",
                                         .body = {"{}", 2},
                                         .hash = "sha256:x"};
    bnc_publisher_set(rig->publisher, owner, &x, wanted);
}

static void
claim(struct rig *rig, const char *owner)
{
    const struct bnc_claimed x = {.kind = BNC_KIND_SECRET, .ns = "shop", .name = "x"};
    bnc_publisher_claim(rig->publisher, owner, &x);
}

/* What the watch says of it, now or when it is watched. */
static void
live(struct rig *rig, const char *owner)
{
    struct stored *x = rig_find(rig, BNC_KIND_SECRET, "x");
    x->exists = owner != NULL;
    x->untold = x->watched;
    (void)snprintf(x->live, sizeof(x->live),
                   "{\"metadata\":{\"annotations\":{\"binnacle.dev/owner\":\"%s\","
                   "\"binnacle.dev/hash\":\"sha256:x\"}}}",
                   owner == NULL ? "" : owner);
}

static void
check(struct rig *rig, const char *owner, bool published)
{
    struct bnc_publication state = bnc_publisher_state(rig->publisher, owner);
    CHECK_INT(state.published, published);
    CHECK_INT(state.reason == TAKEN, !published);
}

TEST(who_comes_first)
{
    struct rig rig;
    bnc_test_row("one of them writes it");
    rig_open(&rig);
    set(&rig, MAIN, true);
    set(&rig, OTHER, true);
    rig_pass(&rig, 5000);
    CHECK_INT(rig_find(&rig, BNC_KIND_SECRET, "x")->applied, 1);
    check(&rig, MAIN, true);
    check(&rig, OTHER, false);
    CHECK(bnc_publisher_idle(rig.publisher)); /* it waits without asking */

    bnc_test_row("the other has it when it goes");
    struct stored *x = rig_find(&rig, BNC_KIND_SECRET, "x");
    live(&rig, MAIN);
    rig_pass(&rig, 1000);
    unsigned applied = x->applied;
    set(&rig, MAIN, false);
    rig_pass(&rig, 1000);
    check(&rig, OTHER, false);
    live(&rig, NULL);
    rig_pass(&rig, 5000);
    CHECK_INT(x->deleted, 1);
    CHECK_INT(x->applied, applied + 1);
    check(&rig, OTHER, true);
    CHECK(x->watched);
    set(&rig, OTHER, false);
    rig_pass(&rig, 5000);
    CHECK(!x->exists && !x->watched);
    rig_close(&rig);
}

/* What is there says whose it is, in whichever order they are heard. */
static const struct {
    const char *name;
    bool wants; /* its owner has a set by now, */
    bool still; /* with it */
    bool stays; /* is there in the end, and whose it is then */
    const char *owner;
} lives[] = {
    {"its owner is not heard", false, false, true, MAIN},
    {"its owner wants it", true, true, true, MAIN},
    {"its owner does not want it", true, false, true, OTHER},
};

TEST(of_an_earlier_life)
{
    for (size_t i = 0; i < BNC_LEN(lives); i++) {
        struct rig rig;
        bnc_test_row(lives[i].name);
        rig_open(&rig);
        live(&rig, MAIN);
        set(&rig, OTHER, true);
        rig_pass(&rig, 100);
        claim(&rig, MAIN);
        rig_pass(&rig, 1000);
        check(&rig, OTHER, false);
        if (lives[i].wants) {
            set(&rig, MAIN, lives[i].still);
        }
        rig_pass(&rig, 50);
        if (!rig_has(&rig, "x")) {
            live(&rig, NULL);
        }
        rig_pass(&rig, 5000);
        CHECK_INT(rig_has(&rig, "x"), lives[i].stays);
        check(&rig, OTHER, strcmp(lives[i].owner, OTHER) == 0);
        rig_close(&rig);
    }
}

/* The configuration does not wait for what stands beside it. */
TEST(root_goes_on)
{
    struct rig rig;
    const struct bnc_desired both[] = {{.role = BNC_ROLE_BESIDE,
                                        .kind = BNC_KIND_SECRET,
                                        .ns = "shop",
                                        .name = "x",
                                        .file = "x",
                                        .body = {"{}", 2},
                                        .hash = "sha256:x"},
                                       {.role = BNC_ROLE_ROOT,
                                        .kind = BNC_KIND_SECRET,
                                        .ns = "shop",
                                        .name = "root",
                                        .file = "prometheus.yml",
                                        .body = {"{}", 2},
                                        .hash = "sha256:r"}};
    bnc_test_row("");
    rig_open(&rig);
    live(&rig, OTHER);
    bnc_publisher_set(rig.publisher, MAIN, both, BNC_LEN(both));
    rig_pass(&rig, 1000);
    CHECK(rig_has(&rig, "root"));
    check(&rig, MAIN, false);
    CHECK(bnc_publisher_idle(rig.publisher));
    rig_close(&rig);
}

/* What has to come later waits without asking while somebody's object is in the way. */
TEST(waits_for_others)
{
    struct rig rig;
    bnc_test_row("");
    rig_open(&rig);
    struct stored *theirs = rig_find(&rig, BNC_KIND_SECRET, "a");
    theirs->exists = true;
    (void)snprintf(theirs->live, sizeof(theirs->live), "{\"metadata\":{}}");
    rig_set(&rig, MAIN, "a b");
    rig_pass(&rig, 5000);
    CHECK(!rig_has(&rig, "root-main"));
    CHECK_INT(theirs->applied, 0);
    CHECK(bnc_publisher_idle(rig.publisher));

    theirs->exists = false;
    theirs->untold = true;
    rig_pass(&rig, 5000);
    CHECK(rig_has(&rig, "root-main"));
    CHECK(bnc_publisher_idle(rig.publisher));
    rig_close(&rig);
}

/* Likewise what stands beside a root that stays, since the new one is taken. */
TEST(waits_with_the_old_root)
{
    struct rig rig;
    const struct bnc_desired x = {.role = BNC_ROLE_BESIDE,
                                  .kind = BNC_KIND_SECRET,
                                  .ns = "shop",
                                  .name = "x",
                                  .file = "x",
                                  .body = {"{}", 2},
                                  .hash = "sha256:x"};
    const struct bnc_desired old = {.role = BNC_ROLE_ROOT,
                                    .kind = BNC_KIND_SECRET,
                                    .ns = "shop",
                                    .name = "old",
                                    .file = "prometheus.yml",
                                    .body = {"{}", 2},
                                    .hash = "sha256:r"};
    const struct bnc_desired before[] = {x, old};
    struct bnc_desired after = old;
    after.name = "new";
    bnc_test_row("");
    rig_open(&rig);
    bnc_publisher_set(rig.publisher, MAIN, before, BNC_LEN(before));
    rig_pass(&rig, 5000);
    CHECK(rig_has(&rig, "x") && rig_has(&rig, "old"));

    struct stored *theirs = rig_find(&rig, BNC_KIND_SECRET, "new");
    theirs->exists = true;
    (void)snprintf(theirs->live, sizeof(theirs->live), "{\"metadata\":{}}");
    bnc_publisher_set(rig.publisher, MAIN, &after, 1);
    rig_pass(&rig, 5000);
    CHECK(rig_has(&rig, "x") && rig_has(&rig, "old"));
    CHECK(bnc_publisher_idle(rig.publisher));

    theirs->exists = false;
    theirs->untold = true;
    rig_pass(&rig, 5000);
    CHECK(rig_has(&rig, "new") && !rig_has(&rig, "old") && !rig_has(&rig, "x"));
    rig_close(&rig);
}

RUN_TESTS(who_comes_first, of_an_earlier_life, root_goes_on, waits_for_others,
          waits_with_the_old_root)
