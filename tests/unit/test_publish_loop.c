/* An object that somebody else does not let be: written so often, and no more for long.
 */
#include "tests/unit/publish_fake.h"

#define MAIN   "shop/main"
#define OURS   "sha256:ours"
#define THEIRS "sha256:theirs"
#define WHOLE  "{\"data\":{\"k\":\"v\"}}"
#define LABEL  "{\"data\":{\"k\":\"v\"},\"metadata\":{\"labels\":{\"l\":\"w\"}}}"
#define APPLIED(fields)                                                                  \
    "[{\"manager\":\"binnacle\",\"operation\":\"Apply\",\"fieldsV1\":" fields "}]"
#define COVERED APPLIED("{\"f:data\":{\"f:k\":{}}}")

static void
want(struct rig *rig, const char *hash, const char *body)
{
    struct bnc_desired x = {.role = BNC_ROLE_ROOT,
                            .kind = BNC_KIND_SECRET,
                            .ns = "shop",
                            .name = "x",
                            .file = "x",
                            .body = {body, strlen(body)}};
    (void)snprintf(x.hash, sizeof(x.hash), "%s", hash);
    bnc_publisher_set(rig->publisher, MAIN, &x, 1);
}

/* What the watch says: this hash, these managed fields; NULL: it is gone. */
static void
tell(struct rig *rig, const char *hash, const char *fields)
{
    char text[512];
    char version[16];
    (void)snprintf(version, sizeof(version), "%u", ++rig->version);
    (void)snprintf(text, sizeof(text),
                   "{\"metadata\":{\"annotations\":{\"binnacle.dev/owner\":\"" MAIN
                   "\",\"binnacle.dev/hash\":\"%s\"}}}",
                   hash == NULL ? "" : hash);
    const struct bnc_pruned metadata = {.ns = "shop",
                                        .name = "x",
                                        .uid = "u",
                                        .resource_version = version,
                                        .text = {text, strlen(text)},
                                        .managed_fields = {fields, strlen(fields)}};
    bnc_publisher_output(rig->publisher, BNC_KIND_SECRET, "shop", "x",
                         hash == NULL ? NULL : &metadata);
}

static const struct {
    const char *name;
    const char *hash; /* what is there after each of our writes; NULL: nothing */
    const char *fields;
    bool changes; /* each time something else is wanted */
    bool slow;    /* and they take their time */
    bool loop;
} fights[] = {
    {"a field is taken", OURS, APPLIED("{}"), false, false, true},
    {"the hash is another one", THEIRS, COVERED, false, false, true},
    {"it is deleted", NULL, "", false, false, true},
    {"as wanted", OURS, COVERED, false, false, false},
    {"not the same is written", THEIRS, COVERED, true, false, false},
    {"now and then", THEIRS, COVERED, false, true, false},
};

/* Time passes in which each write of ours is followed by one of theirs. */
static unsigned
fight(struct rig *rig, size_t row, int64_t ms)
{
    const struct stored *x = rig_find(rig, BNC_KIND_SECRET, "x");
    unsigned before = x->applied;
    unsigned seen = before;
    int64_t step = fights[row].slow ? 13000 : 50;
    for (int64_t at = 0; at < ms; at += step) {
        rig_pass(rig, step);
        if (x->applied > seen) {
            char body[64];
            seen = x->applied;
            (void)snprintf(body, sizeof(body), "{\"data\":{\"k\":\"%u\"}}", seen);
            tell(rig, fights[row].hash, fights[row].fields);
            if (fights[row].changes) {
                want(rig, OURS, body);
            }
        }
    }
    return x->applied - before;
}

TEST(publish_loops)
{
    for (size_t i = 0; i < BNC_LEN(fights); i++) {
        struct rig rig;
        bnc_test_row(fights[i].name);
        rig_open(&rig);
        want(&rig, OURS, WHOLE);
        unsigned first = fight(&rig, i, 59000);
        CHECK_INT(bnc_publisher_state(rig.publisher, MAIN).reason ==
                      BNC_REASON_APPLY_LOOP,
                  fights[i].loop);
        if (fights[i].loop) {
            CHECK_INT(first, BNC_LOOP_WRITES);
            bnc_test_row("a pause");
            CHECK_INT(fight(&rig, i, BNC_LOOP_PAUSE_MS - 60000), 0);
            bnc_test_row("and once more");
            CHECK_INT(fight(&rig, i, 60000), BNC_LOOP_WRITES);
            bnc_test_row("something else is wanted: at once");
            want(&rig, OURS "2", WHOLE);
            rig_pass(&rig, 1000);
            CHECK(bnc_publisher_state(rig.publisher, MAIN).reason !=
                  BNC_REASON_APPLY_LOOP);
        }
        rig_close(&rig);
    }
}

/* Something within the server undoes what we write: nothing changes there. */
TEST(publish_undone)
{
    static const struct {
        const char *name;
        const char *hash;
        const char *fields;
    } rows[] = {
        {"an older content stays", THEIRS, COVERED},
        {"a field stays somebody else's", OURS, APPLIED("{}")},
    };
    for (size_t i = 0; i < BNC_LEN(rows); i++) {
        struct rig rig;
        bnc_test_row(rows[i].name);
        rig_open(&rig);
        rig.kept = true;
        want(&rig, OURS, WHOLE);
        rig_pass(&rig, 1); /* nothing is there, says the watch at first */
        tell(&rig, rows[i].hash, rows[i].fields);
        rig_pass(&rig, 30000);
        CHECK_INT(rig_find(&rig, BNC_KIND_SECRET, "x")->applied, BNC_LOOP_WRITES);
        CHECK(!bnc_publisher_state(rig.publisher, MAIN).published);
        CHECK_INT(bnc_publisher_state(rig.publisher, MAIN).reason, BNC_REASON_APPLY_LOOP);
        rig_close(&rig);
    }
}

/* A list from before our write says that there is nothing: one write shows that it is
 * old. */
TEST(publish_never_gone)
{
    struct rig rig;
    const struct stored *x;
    rig_open(&rig);
    x = rig_find(&rig, BNC_KIND_SECRET, "x");
    want(&rig, OURS, WHOLE);
    rig_pass(&rig, 1000);
    CHECK_INT(x->applied, 1);
    rig.kept = true;
    bnc_publisher_output(rig.publisher, BNC_KIND_SECRET, "shop", "x", NULL);
    rig_pass(&rig, 30000);
    CHECK_INT(x->applied, 2);
    CHECK(bnc_publisher_state(rig.publisher, MAIN).published);

    bnc_test_row("it is deleted while the write is under way");
    want(&rig, OURS, LABEL);
    while (rig.n_pending == 0) {
        fake_step(rig.fake, rig.fake->now_ms + 1000);
    }
    bnc_publisher_output(rig.publisher, BNC_KIND_SECRET, "shop", "x", NULL);
    rig_pass(&rig, 100);
    CHECK(!bnc_publisher_state(rig.publisher, MAIN).published);
    rig_close(&rig);
}

/* What is not wanted any more goes at once, also in the pause of a fight. */
TEST(publish_given_up)
{
    struct rig rig;
    rig_open(&rig);
    want(&rig, OURS, WHOLE);
    (void)fight(&rig, 0, 10000);
    CHECK_INT(bnc_publisher_state(rig.publisher, MAIN).reason, BNC_REASON_APPLY_LOOP);
    bnc_publisher_set(rig.publisher, MAIN, NULL, 0);
    rig_pass(&rig, 1000);
    CHECK_INT(rig_find(&rig, BNC_KIND_SECRET, "x")->deleted, 1);
    rig_close(&rig);
}

/* Another label, the same hash: the watch does not tell of it. */
TEST(publish_by_the_same_hash)
{
    struct rig rig;
    const struct stored *x;
    rig_open(&rig);
    x = rig_find(&rig, BNC_KIND_SECRET, "x");
    want(&rig, OURS, LABEL);
    rig_pass(&rig, 1000);
    CHECK_INT(x->applied, 1);

    bnc_test_row("an event comes before the write");
    want(&rig, OURS, WHOLE);
    tell(&rig, OURS, COVERED);
    rig_pass(&rig, 1000);
    CHECK_INT(x->applied, 2);

    bnc_test_row("wanted while another write is under way");
    want(&rig, OURS, LABEL);
    while (rig.n_pending == 0) {
        fake_step(rig.fake, rig.fake->now_ms + 1000);
    }
    want(&rig, OURS, WHOLE);
    rig_pass(&rig, 1000);
    CHECK_INT(x->applied, 4);

    bnc_test_row("there and back: nothing is to be written");
    want(&rig, OURS, LABEL);
    want(&rig, OURS, WHOLE);
    rig_pass(&rig, 1000);
    CHECK_INT(x->applied, 4);

    bnc_test_row("it is there already: nothing changes, and that is right");
    rig.kept = true;
    tell(&rig, OURS, COVERED);
    want(&rig, OURS, LABEL);
    rig_pass(&rig, 30000);
    CHECK_INT(x->applied, 5);
    CHECK(bnc_publisher_state(rig.publisher, MAIN).published);

    bnc_test_row("by way of another content that is never written");
    rig.kept = false;
    want(&rig, THEIRS, LABEL);
    want(&rig, OURS, WHOLE);
    rig_pass(&rig, 1000);
    CHECK_INT(x->applied, 6);

    bnc_test_row("a write that failed is repeated");
    rig.failing = "x";
    want(&rig, OURS, LABEL);
    rig_pass(&rig, 500);
    CHECK_INT(x->applied, 6);
    rig.failing = NULL;
    rig_pass(&rig, 5000);
    CHECK_INT(x->applied, 7);
    rig_close(&rig);
}

RUN_TESTS(publish_loops, publish_undone, publish_never_gone, publish_given_up,
          publish_by_the_same_hash)
