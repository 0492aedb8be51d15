#include <sys/stat.h>

#include "lib/base64.h"
#include "lib/zip.h"
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
    struct bnc_write write = {.verb = BNC_VERB_APPLY,
                              .kind = kind,
                              .ns = "shop",
                              .name = name,
                              .body = {body, strlen(body)}};
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
    struct bnc_write gone = {
        .verb = BNC_VERB_DELETE, .kind = BNC_KIND_SECRET, .ns = "shop", .name = "main"};
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

/* ---- parts ---------------------------------------------------------------------- */

/* A part that says which file it is, its text packed. */
static const char *
part_of(struct bnc_arena *arena, const char *file, const char *text)
{
    struct bnc_str gzip = bnc_str_new(arena, 65536);
    struct bnc_str base64 = bnc_str_new(arena, 65536);
    struct bnc_error err = {0};
    CHECK_INT(bnc_zip_pack(text, strlen(text), &gzip, &err), BNC_OK);
    bnc_base64_add(&base64, (struct bnc_bytes){gzip.ptr, gzip.len});
    return bnc_arena_fmt(arena,
                         "{\"metadata\":{\"annotations\":{\"binnacle.dev/file\":\"%s\","
                         "\"binnacle.dev/part-of\":\"main\"}},\"data\":{\"jobs.yml.gz\":"
                         "\"%s\"}}",
                         file, base64.ptr);
}

static const struct {
    const char *name;
    const char *file;
    const char *result;
} parts[] = {
    {"beside its root", "jobs-0-aa.yml", "result ok\n"},
    {"another folder", "../jobs-0-aa.yml", "result invalid\n"},
    {"below it", "jobs/0-aa.yml", "result invalid\n"},
    {"a slash in front", "/jobs-0-aa.yml", "result invalid\n"},
    {"two dots", "..", "result invalid\n"},
    {"the root's own file", "prometheus.yml", "result conflict\n"},
};

TEST(dir_places_parts)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    struct rig rig;
    rig_open(&rig);
    put_file(&rig, "in/a.yaml", pod(&rig, "a", "1"));
    rig_start(&rig, "in", "out", true);
    (void)rig_run(&rig, "synced\n");
    CHECK_STR(apply(&rig, BNC_KIND_SECRET, "main",
                    "{\"data\":{\"prometheus.yml\":\"YTogMQo=\"}}"),
              "result ok\n");
    for (size_t i = 0; i < BNC_LEN(parts); i++) {
        char object[32];
        bnc_test_row(parts[i].name);
        (void)snprintf(object, sizeof(object), "main-%zu", i);
        CHECK_STR(apply(&rig, BNC_KIND_SECRET, object,
                        part_of(arena, parts[i].file, "scrape_configs:\n")),
                  parts[i].result);
    }
    CHECK_STR(file_text(&rig, "out/shop/main/jobs-0-aa.yml"), "scrape_configs:\n");
    CHECK_STR(file_text(&rig, "out/shop/main/prometheus.yml"), "a: 1\n");

    bnc_test_row("not gzip");
    CHECK_STR(apply(&rig, BNC_KIND_SECRET, "main-x",
                    "{\"metadata\":{\"annotations\":{\"binnacle.dev/file\":\"x.yml\","
                    "\"binnacle.dev/part-of\":\"main\"}},\"data\":{\"k\":\"eA==\"}}"),
              "result invalid\n");

    bnc_test_row("deleted: the root stays");
    struct bnc_write gone = {
        .verb = BNC_VERB_DELETE, .kind = BNC_KIND_SECRET, .ns = "shop", .name = "main-0"};
    bnc_str_clear(&rig.log);
    bnc_source_write(rig.source, &gone, on_result, &rig);
    CHECK_STR(rig_run(&rig, "result"), "result ok\n");
    CHECK_STR(file_text(&rig, "out/shop/main/jobs-0-aa.yml"), "(none)");
    CHECK_STR(file_text(&rig, "out/shop/main/prometheus.yml"), "a: 1\n");
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
    struct bnc_write write = {.verb = BNC_VERB_APPLY_STATUS,
                              .kind = BNC_KIND_OBSERVATORY,
                              .ns = "shop",
                              .name = "main",
                              .body = {body, sizeof(body) - 1}};
    rig.source = bnc_source_dir_new(rig.world, &options);
    bnc_source_start(rig.source, &listener, &rig);
    bnc_source_write(rig.source, &write, on_result, &rig);
    CHECK_STR(rig.log.ptr, "");
    bnc_world_run(rig.world);
    CHECK_STR(rig.log.ptr,
              "write 1 Observatory shop/main {\"status\":{}}\nresult ok\nsynced\n");
    write.verb = BNC_VERB_PATCH;
    bnc_source_write(rig.source, &write, on_result, &rig);
    bnc_str_clear(&rig.log);
    bnc_world_run(rig.world);
    CHECK_STR(rig.log.ptr, "result invalid\n"); /* and is not handed over */
    bnc_source_write(rig.source, &write, on_result,
                     &rig); /* not answered: freed before */
    rig_close(&rig);
}

RUN_TESTS(dir_writes, dir_places_parts, dir_sweeps_and_keeps_its_hands_off,
          dir_hands_writes_over)
