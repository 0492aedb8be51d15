#include "tests/unit/gather_rig.h"

/* ---- tests --------------------------------------------------------------------- */

TEST(gather_files)
{
    struct stat st;
    bnc_test_row("files");
    begin();
    gather_well("a1", &good);
    CHECK_INT(told.files, 4);
    CHECK_INT(told.fetched, 2);
    CHECK_INT(told.jobs, 5); /* with the marker */
    CHECK_STR(told.marker, "binnacle.dev/generation-00");
    CHECK_STR(told.texts, bnc_arena_fmt(arena, "prometheus.yml %s %s ", part_name(ONE),
                                        part_name(TWO)));
    CHECK(strstr(content("current/prometheus.yml"),
                 "scrape_configs:\n- job_name: binnacle.dev/generation-00\n- job_name: "
                 "main\n") != NULL);
    CHECK_STR(content(bnc_arena_fmt(arena, "current/%s", part_name(TWO))), TWO);
    CHECK_STR(content("current/files/password"), SECRET);
    CHECK_INT(stat(in_out("current/files/password"), &st), 0);
    CHECK_INT(st.st_mode & 0777, 0600);

    bnc_test_row("the same again: only root and assets are read");
    gather_well("a1", &good);
    CHECK(told.same);
    CHECK_INT(told.fetched, 0);
    CHECK_INT(asked, 2);

    bnc_test_row("one part is another one");
    struct published other = good;
    other.parts[0] = "scrape_configs:\n- job_name: seven\n";
    gather_well("b2", &other);
    CHECK(!told.same);
    CHECK_INT(told.fetched, 1);
    CHECK_INT(told.jobs, 5);

    bnc_test_row("somebody edited a part: it is fetched again");
    overwrite(bnc_arena_fmt(arena, "current/%s", part_name(TWO)), "scrape_configs: []\n");
    gather_well("b2", &other);
    CHECK(!told.same);
    CHECK_INT(told.fetched, 1);
    CHECK_STR(content(bnc_arena_fmt(arena, "current/%s", part_name(TWO))), TWO);

    bnc_test_row("another password");
    other.asset = "rotated";
    gather_well("c3", &other);
    CHECK_INT(told.fetched, 0);
    CHECK_STR(content("current/files/password"), "rotated");
    end();
}

TEST(gather_single)
{
    const struct published single = {CONFIG, {NULL, NULL}, SECRET, NONE, NULL};
    const struct published plain = {"global: {}\n", {NULL, NULL}, NULL, NONE, NULL};
    begin();
    bnc_test_row("one document");
    gather_well("a1", &single);
    CHECK_STR(told.texts, "prometheus.yml ");
    CHECK_INT(told.jobs, 2);
    CHECK(strstr(content("current/prometheus.yml"), "\"$POD\"") != NULL);
    bnc_test_row("variables");
    CHECK(run("b2", &single, true, 20));
    CHECK_INT(told.code, BNC_OK);
    CHECK(strstr(content("current/prometheus.yml"), "pod-7") != NULL);
    CHECK(strstr(content("current/prometheus.yml"), "$POD") == NULL);
    bnc_test_row("no assets, no jobs");
    gather_well("c3", &plain);
    CHECK_INT(told.jobs, 1);
    end();
}

static const struct {
    const char *name;
    enum fault fault;
    enum bnc_instance_reason reason;
    const char *words[3];
} rows[] = {
    {"no root", NO_ROOT, BNC_INSTANCE_INCOMPLETE, {"not found"}},
    {"no key",
     NO_KEY,
     BNC_INSTANCE_INCOMPLETE,
     {"mon/root", "has no key prometheus.yml"}},
    {"no manifest", NO_MANIFEST, BNC_INSTANCE_TAMPERED, {"mon/root", "prometheus.yml"}},
    {"config", OTHER_CONFIG, BNC_INSTANCE_TAMPERED, {"mon/root", "prometheus.yml"}},
    {"annotation", OTHER_ANNOTATION, BNC_INSTANCE_TAMPERED, {"mon/root", "hash"}},
    {"no part", NO_PART, BNC_INSTANCE_INCOMPLETE, {"not found"}},
    {"part", OTHER_PART, BNC_INSTANCE_TAMPERED, {"part-1", "jobs.yml.gz", "digests"}},
    {"longer", LONGER_PART, BNC_INSTANCE_TAMPERED, {"part-1", "jobs.yml.gz", "is over"}},
    {"no gzip", NOT_GZIP, BNC_INSTANCE_TAMPERED, {"part-1", "jobs.yml.gz"}},
    {"no base64", NOT_BASE64, BNC_INSTANCE_TAMPERED, {"part-1", "jobs.yml.gz", "base64"}},
    {"denied", DENIED, BNC_INSTANCE_INCOMPLETE, {"part-0"}},
    {"broken", BROKEN, BNC_INSTANCE_INCOMPLETE, {"broke"}},
    {"no assets", NO_ASSETS, BNC_INSTANCE_INCOMPLETE, {"files/password", "root-assets"}},
    {"asset", OTHER_ASSET, BNC_INSTANCE_TAMPERED, {"root-assets", "binnacle.dev/hash"}},
    {"owner", OTHER_OWNER, BNC_INSTANCE_TAMPERED, {"root-assets", "binnacle.dev/hash"}},
    {"asset gone", ASSET_MISSING, BNC_INSTANCE_INCOMPLETE, {"files/password", "no such"}},
};

/* Whatever is wrong: told with object and key and without values, and nothing changes. */
TEST(gather_refuses)
{
    for (size_t i = 0; i < BNC_LEN(rows) * 2; i++) {
        struct published bad = good;
        bool before = i % 2 == 1; /* there is a good one already */
        bad.fault = rows[i / 2].fault;
        bad.parts[0] = "scrape_configs:\n- job_name: new\n";
        bad.parts[1] =
            before ? "scrape_configs:\n- job_name: newer\n- job_name: " SECRET "\n" : TWO;
        if (bad.fault == OTHER_PART) {
            bad.parts[1] = TWO; /* of the same size */
        }
        begin();
        bnc_test_row(rows[i / 2].name);
        if (before && bad.fault != OTHER_PART) {
            gather_well("a1", &good);
        }
        const char *current = bnc_store_current(store);
        CHECK(run("b2", &bad, false, 20));
        CHECK_STR(bnc_instance_reason_name(told.reason),
                  bnc_instance_reason_name(rows[i / 2].reason));
        for (size_t k = 0; k < 3 && rows[i / 2].words[k] != NULL; k++) {
            if (strstr(told.message, rows[i / 2].words[k]) == NULL) {
                CHECK_STR(told.message, rows[i / 2].words[k]);
            }
        }
        CHECK(strstr(told.message, SECRET) == NULL);
        CHECK_STR(bnc_store_current(store), current);
        CHECK(!exists("gen-b2") && !exists("gen-b2.tmp"));
        bad.fault = NONE;
        gather_well("b2", &bad); /* mended */
        end();
    }
}

TEST(gather_cancel)
{
    for (size_t n = 0; n < 5; n++) {
        begin();
        bnc_test_row(bnc_arena_fmt(arena, "after %zu answers", n));
        bool done = run("a1", &good, false, n);
        CHECK_INT(done, n == 4);
        if (!done) {
            bnc_gather_cancel(gather);
            fake_run(fake, 1000);
            CHECK_INT(told.n, 0);
            CHECK(bnc_store_current(store) == NULL && !exists("gen-a1.tmp"));
            for (; fake->n_seen < fake->n_calls; fake->n_seen++) {
                CHECK(!fake->calls[fake->n_seen]->open);
            }
        }
        gather_well("a1", &good);
        end();
    }
}

/* The disk fails at each operation: told, and the next try is as the first. */
TEST(gather_disk)
{
    bool more = true;
    for (long at = 0; more; at++) {
        begin();
        bnc_test_row(bnc_arena_fmt(arena, "operation %ld", at));
        w.cut = FAIL_BEFORE;
        w.at = at;
        CHECK(run("a1", &good, false, 20));
        more = w.ops > at;
        if (told.code != BNC_OK) {
            CHECK_STR(bnc_instance_reason_name(told.reason), "WriteFailed");
            CHECK(strstr(told.message, "no space left") != NULL);
            CHECK(bnc_store_current(store) == NULL);
        }
        w.cut = CUT_NEVER;
        gather_well("a1", &good);
        CHECK_INT(at > 0 || told.code == BNC_OK, 1);
        end();
    }
}

RUN_TESTS(gather_files, gather_single, gather_refuses, gather_cancel, gather_disk)
