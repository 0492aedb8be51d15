#include "tests/unit/test_dir.h"

/* ---- reading ------------------------------------------------------------------- */

TEST(dir_reads_once)
{
    struct rig rig;
    rig_open(&rig);
    put_file(&rig, "in/b.yaml", pod(&rig, "b", "x"));
    put_file(&rig, "in/a/z.yml", pod(&rig, "z", "x"));
    put_file(&rig, "in/a.json",
             "{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"metadata\":{\"name\":\"j\"}}");
    put_file(&rig, "in/.hidden.yaml", "kind: [");
    put_file(&rig, "in/..data/x.yaml", "kind: [");
    put_file(&rig, "in/kustomization.yaml", "resources: []");
    put_file(&rig, "in/readme.md", "kind: [");
    put_file(&rig, "in/c.yaml", "kind: [");
    CHECK_INT(symlink("..data/y.yaml", path_in(&rig, "in/y.yaml")), 0);
    put_file(&rig, "in/..data/y.yaml", pod(&rig, "y", "x"));

    rig_start(&rig, "in", NULL, false);
    bnc_world_run(rig.world); /* ends by itself */
    CHECK_STR(rig.log.ptr,
              "problem c.yaml:2 did not find expected node content\n"
              "put Pod default/j a.json:1 {}\n" PUT("z", "z.yml:1", "x")
                  PUT("b", "b.yaml:1", "x") PUT("y", "y.yaml:1", "x") "synced\n");
    struct bnc_source_dir_counts counts = bnc_source_dir_counts(rig.source);
    CHECK_INT(counts.objects, 4);
    CHECK_INT(counts.files, 5);
    CHECK_INT(counts.problems, 1);
    rig_close(&rig);
}

TEST(dir_reads_one_file_and_a_text)
{
    struct rig rig;
    rig_open(&rig);
    put_file(&rig, "any.name", pod(&rig, "b", "x"));
    const char *paths[] = {path_in(&rig, "any.name"), NULL};
    const char *text = pod(&rig, "t", "x");
    struct bnc_source_dir_options options = {
        .paths = paths, .text = {text, strlen(text)}, .default_namespace = "shop"};
    rig.source = bnc_source_dir_new(rig.world, &options);
    bnc_source_start(rig.source, &listener, &rig);
    bnc_world_run(rig.world);
    CHECK_STR(rig.log.ptr,
              "put Pod shop/b any.name:1 {\"metadata\":{\"labels\":{\"a\":\"x\"}}}\n"
              "put Pod shop/t stdin:1 {\"metadata\":{\"labels\":{\"a\":\"x\"}}}\n"
              "synced\n");
    rig_close(&rig);
}

TEST(dir_missing_path_is_not_empty)
{
    struct rig rig;
    rig_open(&rig);
    rig_start(&rig, "none", NULL, false);
    bnc_world_run(rig.world);
    CHECK_STR(rig.log.ptr, "problem none:0 does not exist or cannot be reached\n"
                           "trouble not_found\n");
    rig_close(&rig);
}

TEST(dir_same_object_twice)
{
    struct rig rig;
    rig_open(&rig);
    put_file(
        &rig, "in/a.yaml",
        bnc_arena_fmt(rig.arena, "%s---\n%s", pod(&rig, "p", "1"), pod(&rig, "p", "2")));
    put_file(&rig, "in/b.yaml", pod(&rig, "p", "3"));
    rig_start(&rig, "in", NULL, false);
    bnc_world_run(rig.world);
    CHECK_STR(
        rig.log.ptr,
        bnc_arena_fmt(rig.arena,
                      "problem a.yaml:7 the same object is at %s/in/a.yaml:1 as well, "
                      "which counts\n"
                      "problem b.yaml:1 the same object is at %s/in/a.yaml:1 as well, "
                      "which counts\n" PUT("p", "a.yaml:1", "1") "synced\n",
                      rig.dir, rig.dir));
    rig_close(&rig);
}

TEST(dir_wants)
{
    struct rig rig;
    rig_open(&rig);
    put_file(&rig, "in/s.yaml",
             "apiVersion: v1\nkind: Secret\nmetadata: {name: s, namespace: shop}\n"
             "data: {k: eA==}\n");
    rig_start(&rig, "in", NULL, false);
    bnc_source_want(rig.source, BNC_KIND_SECRET, "shop", "s");
    bnc_source_want(rig.source, BNC_KIND_CONFIG_MAP, "shop", "s");
    CHECK_STR(rig.log.ptr, "");
    bnc_world_run(rig.world);
    CHECK_STR(rig.log.ptr,
              "synced\nput Secret shop/s s.yaml:1 {\"data\":{\"k\":\"eA==\"}}\n"
              "synced Secret shop/s\nsynced ConfigMap shop/s\n");
    bnc_str_clear(&rig.log);
    bnc_source_want(rig.source, BNC_KIND_SECRET, "shop", "other");
    bnc_source_want(rig.source, BNC_KIND_SECRET, "shop", "s");
    bnc_source_unwant(rig.source, BNC_KIND_SECRET, "shop", "s");
    bnc_source_watch_output(rig.source, BNC_KIND_SECRET, "shop", "out");
    CHECK_STR(rig.log.ptr, "");
    bnc_world_run(rig.world);
    CHECK_STR(rig.log.ptr, "synced Secret shop/other\noutput Secret shop/out\n");
    rig_close(&rig);
}

/* ---- following ----------------------------------------------------------------- */

TEST(dir_follows)
{
    struct rig rig;
    rig_open(&rig);
    put_file(&rig, "in/a.yaml", pod(&rig, "a", "1"));
    put_file(&rig, "in/b.yaml", pod(&rig, "b", "1"));
    rig_start(&rig, "in", NULL, true);
    CHECK_STR(rig_run(&rig, "synced\n"),
              PUT("a", "a.yaml:1", "1") PUT("b", "b.yaml:1", "1") "synced\n");

    bnc_test_row("change");
    put_file(&rig, "in/a.yaml", pod(&rig, "a", "2"));
    CHECK_STR(rig_run(&rig, "put"), PUT("a", "a.yaml:1", "2"));

    bnc_test_row("new folder");
    put_file(&rig, "in/sub/c.yaml", pod(&rig, "c", "1"));
    CHECK_STR(rig_run(&rig, "put"), PUT("c", "c.yaml:1", "1"));

    bnc_test_row("gone");
    remove_file(&rig, "in/b.yaml");
    CHECK_STR(rig_run(&rig, "gone"), "gone Pod default/b\n");

    bnc_test_row("a broken file keeps what it had");
    put_file(&rig, "in/a.yaml", "kind: [");
    CHECK_STR(rig_run(&rig, "problem"),
              "problem a.yaml:2 did not find expected node content\n");
    bnc_str_clear(&rig.log);
    test_run_ms(rig.world, 150);
    CHECK_STR(rig.log.ptr, "");

    bnc_test_row("it is whole again, and the same");
    put_file(&rig, "in/a.yaml", pod(&rig, "a", "2"));
    put_file(&rig, "in/d.yaml", pod(&rig, "d", "1"));
    CHECK_STR(rig_run(&rig, "put"), PUT("d", "d.yaml:1", "1"));

    bnc_test_row("only the line differs");
    put_file(&rig, "in/d.yaml", bnc_arena_fmt(rig.arena, "# x\n%s", pod(&rig, "d", "1")));
    CHECK_STR(rig_run(&rig, "put"), PUT("d", "d.yaml:2", "1"));

    bnc_test_row("nothing after stop");
    bnc_source_stop(rig.source);
    put_file(&rig, "in/d.yaml", pod(&rig, "d", "9"));
    bnc_str_clear(&rig.log);
    test_run_ms(rig.world, 150);
    CHECK_STR(rig.log.ptr, "");
    rig_close(&rig);
}

TEST(dir_half_written_is_not_taken)
{
    struct rig rig;
    rig_open(&rig);
    put_file(&rig, "in/a.yaml", pod(&rig, "a", "1"));
    rig_start(&rig, "in", NULL, true);
    (void)rig_run(&rig, "synced\n");

    bnc_str_clear(&rig.log);
    put_file(&rig, "in/a.yaml", ""); /* cut to nothing, then written */
    test_run_ms(rig.world, 30);
    put_file(&rig, "in/a.yaml", pod(&rig, "a", "2"));
    rig.until = "put";
    test_run(rig.world);
    CHECK_STR(rig.log.ptr, PUT("a", "a.yaml:1", "2"));
    rig_close(&rig);
}

TEST(dir_folder_comes_and_goes)
{
    struct rig rig;
    rig_open(&rig);
    put_file(&rig, "in/a.yaml", pod(&rig, "a", "1"));
    rig_start(&rig, "in", NULL, true);
    (void)rig_run(&rig, "synced\n");
    CHECK_INT(rename(path_in(&rig, "in"), path_in(&rig, "away")), 0);
    CHECK_STR(rig_run(&rig, "trouble"),
              "problem in:0 does not exist or cannot be reached\n"
              "trouble not_found\n");
    CHECK_INT(rename(path_in(&rig, "away"), path_in(&rig, "in")), 0);
    CHECK_STR(rig_run(&rig, "trouble"), "trouble ok\n");
    rig_close(&rig);
}

TEST(dir_follows_a_mounted_config_map)
{
    struct rig rig;
    rig_open(&rig);
    put_file(&rig, "in/..1/a.yaml", pod(&rig, "a", "1"));
    put_file(&rig, "in/..2/a.yaml", pod(&rig, "a", "2"));
    CHECK_INT(symlink("..1", path_in(&rig, "in/..data")), 0);
    CHECK_INT(symlink("..data/a.yaml", path_in(&rig, "in/a.yaml")), 0);
    rig_start(&rig, "in", NULL, true);
    CHECK_STR(rig_run(&rig, "synced\n"), PUT("a", "a.yaml:1", "1") "synced\n");
    CHECK_INT(symlink("..2", path_in(&rig, "in/..tmp")), 0);
    CHECK_INT(rename(path_in(&rig, "in/..tmp"), path_in(&rig, "in/..data")), 0);
    CHECK_STR(rig_run(&rig, "put"), PUT("a", "a.yaml:1", "2"));
    rig_close(&rig);
}

TEST(dir_loop_of_links_ends)
{
    struct rig rig;
    rig_open(&rig);
    put_file(&rig, "in/a.yaml", pod(&rig, "a", "1"));
    CHECK_INT(symlink(".", path_in(&rig, "in/x")), 0);
    CHECK_INT(symlink(".", path_in(&rig, "in/y")), 0);
    rig_start(&rig, "in", NULL, false);
    bnc_world_run(rig.world);
    CHECK(strstr(rig.log.ptr, "over 1000 folders") != NULL);
    CHECK(strstr(rig.log.ptr, PUT("a", "a.yaml:1", "1")) != NULL);
    rig_close(&rig);
}

RUN_TESTS(dir_reads_once, dir_reads_one_file_and_a_text, dir_missing_path_is_not_empty,
          dir_same_object_twice, dir_wants, dir_follows, dir_half_written_is_not_taken,
          dir_folder_comes_and_goes, dir_follows_a_mounted_config_map,
          dir_loop_of_links_ends)
