/* Rule groups on their way to disk: in the root, or in parts. */
#include "tests/unit/gather_rig.h"

#define ROOT "rule_files:\n- rules.yml\nscrape_configs:\n- job_name: main\n"
#define GROUP                                                                            \
    "groups:\n- name: rules/shop/web/one\n  rules:\n  - record: a:b\n    expr: c\n"
#define NAMES                                                                            \
    GROUP "    labels:\n      x_file: files/none\n" /* text of a user, and no file */

static const struct published single = {ROOT, {NULL, NULL}, NULL, NONE, NAMES};

TEST(rules_in_the_root)
{
    begin();
    bnc_test_row("written beside the document");
    gather_well("a1", &single);
    CHECK_STR(told.texts, "prometheus.yml rules.yml ");
    CHECK_INT(told.files, 2);
    CHECK_INT(told.jobs, 2);
    CHECK_INT(told.groups, 1);
    CHECK_INT(asked, 2); /* root and assets */
    CHECK_STR(content("current/rules.yml"), NAMES);

    bnc_test_row("the same again");
    gather_well("a1", &single);
    CHECK(told.same);

    bnc_test_row("somebody edited them");
    overwrite("current/rules.yml", "groups: []\n");
    gather_well("a1", &single);
    CHECK(!told.same);
    CHECK_STR(content("current/rules.yml"), NAMES);

    bnc_test_row("they go");
    const struct published none = {CONFIG, {NULL, NULL}, SECRET, NONE, NULL};
    gather_well("b2", &none);
    CHECK_STR(told.texts, "prometheus.yml ");
    CHECK_INT(told.groups, 0);
    CHECK_INT(bnc_store_tidy(store, NULL, &err), BNC_OK);
    CHECK(!exists("current/rules.yml"));
    end();
}

TEST(rules_packed)
{
    const struct published plain = single;
    begin();
    bnc_test_row("packed");
    target.key = "prometheus.yml.gz";
    told = (struct told){0};
    const struct bnc_gather_ask ask = {.world = &fake->base,
                                       .kube = kube,
                                       .store = store,
                                       .target = &target,
                                       .id = "a1"};
    gather = bnc_gather_start(&ask, on_end, NULL);
    const char *hash = sha_of(bnc_arena_fmt(arena, "prometheus.yml\n%s\nrules.yml\n%s\n",
                                            sha_of(plain.config), sha_of(plain.rules)));
    fake_answer(
        fake_next(fake, 10), 200,
        object_of(hash, bnc_arena_fmt(arena,
                                      "\"rules.yml.gz\":\"%s\",\"x\":\"eA==\","
                                      "\"prometheus.yml.gz\":\"%s\"",
                                      gzip_of(plain.rules), gzip_of(plain.config))));
    answer(fake_next(fake, 10), &plain); /* no assets */
    fake_run(fake, 10);
    target.key = "prometheus.yml";
    CHECK_STR(told.message, "");
    CHECK_STR(content("current/rules.yml"), NAMES);
    CHECK_INT(told.groups, 1);
    end();
}

static const struct {
    const char *name;
    enum fault fault;
    const char *words;
    bool files; /* layout */
} rows[] = {
    {"no rules", NO_RULES, "the content is not what binnacle.dev/hash says", false},
    {"other rules", OTHER_RULES, "and rules.yml: the content is not", false},
    {"nobody's", NONE, "the key rules.yml is not ours", true},
};

TEST(rules_that_are_not_as_published)
{
    for (size_t i = 0; i < BNC_LEN(rows); i++) {
        struct published bad = single;
        begin();
        bnc_test_row(rows[i].name);
        bad.fault = rows[i].fault;
        bad.parts[0] = rows[i].files ? ONE : NULL;
        bad.parts[1] = rows[i].files ? TWO : NULL;
        CHECK(run("a1", &bad, false, 20));
        CHECK_STR(bnc_instance_reason_name(told.reason), "Tampered");
        CHECK(strstr(told.message, rows[i].words) != NULL);
        CHECK(bnc_store_current(store) == NULL && !exists("gen-a1.tmp"));
        gather_well("a1", &single);
        end();
    }
}

/* The disk fails at each operation: told, and the next try is as the first. */
TEST(rules_and_a_disk)
{
    bool more = true;
    for (long at = 0; more; at++) {
        begin();
        bnc_test_row(bnc_arena_fmt(arena, "operation %ld", at));
        w.cut = FAIL_BEFORE;
        w.at = at;
        CHECK(run("a1", &single, false, 20));
        more = w.ops > at;
        if (told.code != BNC_OK) {
            CHECK_STR(bnc_instance_reason_name(told.reason), "WriteFailed");
            CHECK(bnc_store_current(store) == NULL);
        }
        w.cut = CUT_NEVER;
        gather_well("a1", &single);
        end();
    }
}

RUN_TESTS(rules_in_the_root, rules_packed, rules_that_are_not_as_published,
          rules_and_a_disk)
