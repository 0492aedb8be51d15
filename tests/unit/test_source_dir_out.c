#include <sys/stat.h>

#include "tests/unit/test_dir.h"

static void
on_write(void *arg, const struct bnc_write *write)
{
    struct rig *rig = arg;
    bnc_str_fmt(&rig->log, "write %d %s %s/%s %.*s\n", (int)write->verb,
                bnc_kind_info(write->kind)->name, write->ns, write->name,
                (int)write->body.len, write->body.ptr);
}

static void
on_result(void *arg, const struct bnc_write_result *result)
{
    struct rig *rig = arg;
    CHECK(result->resource_version != NULL && result->uid != NULL);
    bnc_str_fmt(&rig->log, "result %s\n", bnc_code_name(result->code));
    check_until(rig);
}

/* ---- writing ------------------------------------------------------------------- */

static const char *
apply(struct rig *rig, enum bnc_kind kind, const char *name, const char *body)
{
    struct bnc_write write = {BNC_VERB_APPLY,       kind, "shop", name,
                              {body, strlen(body)}, NULL};
    bnc_str_clear(&rig->log);
    bnc_source_write(rig->source, &write, on_result, rig);
    CHECK_STR(rig->log.ptr, "");
    rig->until = "result";
    test_run(rig->world);
    rig->until = NULL;
    return rig->log.ptr;
}

static int
mode_of(struct rig *rig, const char *name)
{
    struct stat st = {0};
    CHECK_INT(stat(path_in(rig, name), &st), 0);
    return (int)(st.st_mode & 0777);
}

TEST(dir_writes)
{
    struct rig rig;
    rig_open(&rig);
    put_file(&rig, "in/a.yaml", pod(&rig, "a", "1"));
    rig_start(&rig, "in", "out", true);
    (void)rig_run(&rig, "synced\n");

    bnc_test_row("Secret");
    CHECK_STR(
        apply(&rig, BNC_KIND_SECRET, "main",
              "{\"data\":{\"prometheus.yml\":\"YTogMQo=\",\"rules.yml\":\"YjogMQo=\"}}"),
        "result ok\n");
    CHECK_STR(file_text(&rig, "out/shop/main/prometheus.yml"), "a: 1\n");
    CHECK_STR(file_text(&rig, "out/shop/main/rules.yml"), "b: 1\n");
    CHECK_INT(mode_of(&rig, "out/shop/main/prometheus.yml"), 0644);

    bnc_test_row("assets");
    CHECK_STR(
        apply(&rig, BNC_KIND_SECRET, "main-assets", "{\"data\":{\"token\":\"eA==\"}}"),
        "result ok\n");
    CHECK_STR(file_text(&rig, "out/shop/main/files/token"), "x");
    CHECK_INT(mode_of(&rig, "out/shop/main/files/token"), 0600);

    bnc_test_row("ConfigMap beside it");
    CHECK_STR(apply(&rig, BNC_KIND_CONFIG_MAP, "main",
                    "{\"data\":{\"x\":\"plain\"},\"binaryData\":{\"y\":\"AAE=\"}}"),
              "result ok\n");
    CHECK_STR(file_text(&rig, "out/shop/main/x"), "plain");

    bnc_test_row("the list");
    CHECK_STR(file_text(&rig, "out/.binnacle-files"),
              "# Files that binnacle wrote here and may remove.  Do not edit.\n"
              "Secret shop/main-assets shop/main/files/token\n"
              "Secret shop/main shop/main/prometheus.yml\n"
              "Secret shop/main shop/main/rules.yml\n"
              "ConfigMap shop/main shop/main/x\n"
              "ConfigMap shop/main shop/main/y\n");

    bnc_test_row("a key less");
    CHECK_STR(apply(&rig, BNC_KIND_SECRET, "main",
                    "{\"data\":{\"prometheus.yml\":\"YTogMgo=\"}}"),
              "result ok\n");
    CHECK_STR(file_text(&rig, "out/shop/main/prometheus.yml"), "a: 2\n");
    CHECK_STR(file_text(&rig, "out/shop/main/rules.yml"), "(none)");
    CHECK_STR(file_text(&rig, "out/shop/main/x"), "plain");

    bnc_test_row("another's key");
    CHECK_STR(
        apply(&rig, BNC_KIND_CONFIG_MAP, "main", "{\"data\":{\"prometheus.yml\":\"x\"}}"),
        "result conflict\n");
    CHECK_STR(file_text(&rig, "out/shop/main/prometheus.yml"), "a: 2\n");

    bnc_test_row("somebody's file");
    put_file(&rig, "out/shop/main/mine", "mine");
    CHECK_STR(apply(&rig, BNC_KIND_CONFIG_MAP, "main", "{\"data\":{\"mine\":\"x\"}}"),
              "result conflict\n");
    CHECK_STR(file_text(&rig, "out/shop/main/mine"), "mine");

    bnc_test_row("names that leave the folder");
    CHECK_STR(apply(&rig, BNC_KIND_SECRET, "main", "{\"data\":{\"../../x\":\"eA==\"}}"),
              "result invalid\n");
    CHECK_STR(apply(&rig, BNC_KIND_SECRET, "main", "{\"data\":{\"..\":\"eA==\"}}"),
              "result invalid\n");
    CHECK_STR(apply(&rig, BNC_KIND_SECRET, "../main", "{\"data\":{\"a\":\"eA==\"}}"),
              "result invalid\n");
    CHECK_STR(apply(&rig, BNC_KIND_SECRET, "main", "{\"data\":{\"a\":\"?\"}}"),
              "result invalid\n");
    CHECK_STR(file_text(&rig, "out/shop/main/prometheus.yml"), "a: 2\n");

    bnc_test_row("delete");
    struct bnc_write gone = {BNC_VERB_DELETE, BNC_KIND_SECRET, "shop",
                             "main",          {NULL, 0},       NULL};
    bnc_source_write(rig.source, &gone, on_result, &rig);
    CHECK_STR(rig_run(&rig, "result"), "result ok\n");
    CHECK_STR(file_text(&rig, "out/shop/main/prometheus.yml"), "(none)");
    CHECK_STR(file_text(&rig, "out/shop/main/x"), "plain");

    bnc_test_row("after stop");
    bnc_source_stop(rig.source);
    CHECK_STR(apply(&rig, BNC_KIND_SECRET, "main", "{\"data\":{\"a\":\"eA==\"}}"),
              "result unavailable\n");
    rig_close(&rig);
}

TEST(dir_sweeps_and_keeps_its_hands_off)
{
    struct rig rig;
    rig_open(&rig);
    put_file(&rig, "in/a.yaml", pod(&rig, "a", "1"));
    put_file(&rig, "in/shop/old/gone.yml", "x: 1");
    put_file(&rig, "in/shop/old/prometheus.yml", "x: 1");
    put_file(&rig, "in/victim.yaml", pod(&rig, "v", "1"));
    put_file(
        &rig, "in/.binnacle-files",
        "Secret shop/old shop/old/gone.yml\nSecret shop/old shop/old/prometheus.yml\n"
        "Secret shop/old ../in/victim.yaml\nSecret shop/old victim.yaml\n"
        "Secret shop/old shop/../victim.yaml\n");
    rig_start(&rig, "in", "in", true); /* what we write there is not read */
    CHECK_STR(rig_run(&rig, "synced\n"),
              PUT("a", "a.yaml:1", "1") PUT("v", "victim.yaml:1", "1") "synced\n");
    CHECK_STR(apply(&rig, BNC_KIND_SECRET, "old",
                    "{\"data\":{\"prometheus.yml\":\"eTogMQ==\"}}"),
              "result ok\n");
    CHECK_STR(file_text(&rig, "in/shop/old/gone.yml"), "(none)");
    CHECK_STR(file_text(&rig, "in/shop/old/prometheus.yml"), "y: 1");
    put_file(&rig, "in/shop/old/other", "x");
    bnc_source_dir_sweep(rig.source);
    bnc_str_clear(&rig.log);
    test_run_ms(rig.world, 150);
    CHECK_STR(rig.log.ptr, "");
    CHECK_STR(file_text(&rig, "in/shop/old/other"), "x");
    CHECK_STR(file_text(&rig, "in/.binnacle-files"),
              "# Files that binnacle wrote here and may remove.  Do not edit.\n"
              "Secret shop/old shop/old/prometheus.yml\n");
    rig_close(&rig);

    rig_open(&rig);
    put_file(&rig, "in/a.yaml", pod(&rig, "a", "1"));
    put_file(&rig, "out/shop/old/gone.yml", "x: 1");
    put_file(&rig, "out/.binnacle-files", "Secret shop/old shop/old/gone.yml\n");
    rig_start(&rig, "in", "out", false);
    bnc_source_dir_sweep(rig.source);
    bnc_world_run(rig.world);
    CHECK_STR(file_text(&rig, "out/shop/old/gone.yml"), "(none)");
    rig_close(&rig);
}

TEST(dir_hands_writes_over)
{
    static const char body[] = "{\"status\":{}}";
    struct rig rig;
    rig_open(&rig);
    struct bnc_source_dir_options options = {.arg = &rig, .on_write = on_write};
    struct bnc_write write = {BNC_VERB_APPLY_STATUS,
                              BNC_KIND_OBSERVATORY,
                              "shop",
                              "main",
                              {body, sizeof(body) - 1},
                              NULL};
    rig.source = bnc_source_dir_new(rig.world, &options);
    bnc_source_start(rig.source, &listener, &rig);
    bnc_source_write(rig.source, &write, on_result, &rig);
    CHECK_STR(rig.log.ptr, "");
    bnc_world_run(rig.world);
    CHECK_STR(rig.log.ptr,
              "write 1 Observatory shop/main {\"status\":{}}\nresult ok\nsynced\n");
    bnc_source_write(rig.source, &write, on_result,
                     &rig); /* not answered: freed before */
    rig_close(&rig);
}

RUN_TESTS(dir_writes, dir_sweeps_and_keeps_its_hands_off, dir_hands_writes_over)
