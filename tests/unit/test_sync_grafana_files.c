#include "sync/grafana_files.h"

#include <sys/stat.h>

#include "tests/unit/test_net.h"

struct rig {
    struct bnc_world *world;
    struct bnc_arena *arena;
    struct bnc_gsync_files *files;
    char out[64];
};

static void
begin(struct rig *rig)
{
    struct bnc_error err = {0};
    *rig = (struct rig){.world = test_world_new(), .arena = bnc_arena_new()};
    (void)snprintf(rig->out, sizeof(rig->out), "/tmp/test_gsync_XXXXXX");
    test_folder_new(rig->out);
    rig->files = bnc_gsync_files_new(rig->world, rig->out, "mon", "main");
    CHECK_INT(bnc_gsync_files_open(rig->files, &err), BNC_OK);
}

static void
end(struct rig *rig)
{
    test_folder_remove(rig->out);
    bnc_gsync_files_free(rig->files);
    bnc_arena_free(rig->arena);
    bnc_world_free(rig->world);
}

static const char *
path(struct rig *rig, const char *name)
{
    return bnc_gsync_files_path(rig->files, name, rig->arena);
}

static void
write_foreign(struct rig *rig, const char *name, const char *text)
{
    struct bnc_error err = {0};
    CHECK_INT(bnc_file_write(rig->world, path(rig, name), test_bytes(text), 0644, &err),
              BNC_OK);
}

static const char *
content(struct rig *rig, const char *name)
{
    struct bnc_bytes out = {0};
    struct bnc_error err = {0};
    return bnc_file_read(rig->world, path(rig, name), 10000, rig->arena, &out, &err) ==
                   BNC_OK
               ? out.ptr
               : NULL;
}

static unsigned
mode(struct rig *rig, const char *name)
{
    struct bnc_file_info info = {0};
    struct bnc_error err = {0};
    CHECK_INT(bnc_file_stat(rig->world, path(rig, name), false, &info, &err), BNC_OK);
    return info.mode;
}

static void
check_sources(struct rig *rig, const char *key, const char *want)
{
    struct bnc_bytes out = {0};
    bnc_gsync_files_sources(rig->files, key, rig->arena, &out);
    CHECK_STR(bnc_arena_strndup(rig->arena, out.ptr, out.len), want);
}

#define PROVIDER "dashboards/binnacle-mon.main.yaml"

TEST(provider)
{
    struct rig rig;
    struct bnc_error err = {0};
    struct bnc_gsync_stamp a;
    struct bnc_gsync_stamp b;
    begin(&rig);
    const char *text = content(&rig, PROVIDER);
    CHECK(text != NULL && strstr(text, "foldersFromFilesStructure: true") != NULL);
    CHECK(strstr(text, bnc_arena_fmt(rig.arena, "path: '%s/dashboards/binnacle-mon.main'",
                                     rig.out)) != NULL);
    bnc_gsync_files_stamp(rig.files, PROVIDER, &a);
    CHECK_INT(bnc_gsync_files_open(rig.files, &err), BNC_OK); /* writes nothing */
    bnc_gsync_files_stamp(rig.files, PROVIDER, &b);
    CHECK(bnc_gsync_stamp_equal(&a, &b));
    write_foreign(&rig, PROVIDER, "apiVersion: 1\n");
    CHECK_INT(bnc_gsync_files_open(rig.files, &err), BNC_CONFLICT);
    end(&rig);
}

TEST(sources)
{
    struct rig rig;
    struct bnc_error err = {0};
    size_t removed = 9;
    begin(&rig);
    check_sources(&rig, "a.yaml", "");
    CHECK_INT(bnc_gsync_files_put_sources(rig.files, "a.yaml", test_bytes("x: 1\n"), true,
                                          &err),
              BNC_OK);
    CHECK_INT(mode(&rig, "datasources/a.yaml"), 0600);
    check_sources(&rig, "a.yaml", "x: 1\n");
    CHECK_INT(bnc_gsync_files_put_sources(rig.files, "b.yaml", test_bytes("x: 2\n"),
                                          false, &err),
              BNC_OK);
    CHECK_INT(mode(&rig, "datasources/b.yaml"), 0644);
    write_foreign(&rig, "datasources/mine.yaml", "x: 3\n");
    check_sources(&rig, "mine.yaml", "");
    CHECK_INT(bnc_gsync_files_put_sources(rig.files, "mine.yaml", test_bytes("x: 4\n"),
                                          false, &err),
              BNC_CONFLICT);
    CHECK_STR(content(&rig, "datasources/mine.yaml"), "x: 3\n");
    CHECK_INT(bnc_gsync_files_drop_sources(rig.files, "b.yaml", &removed, &err), BNC_OK);
    CHECK_INT(removed, 1);
    CHECK(content(&rig, "datasources/a.yaml") == NULL);
    CHECK(content(&rig, "datasources/mine.yaml") != NULL);
    CHECK_INT(bnc_gsync_files_drop_sources(rig.files, NULL, &removed, &err), BNC_OK);
    CHECK_INT(removed, 1);
    CHECK(content(&rig, "datasources/mine.yaml") != NULL);
    end(&rig);
}

/* Two Observatories may share a folder, also those whose names join to the same. */
TEST(neighbours)
{
    struct rig rig;
    struct bnc_error err = {0};
    struct bnc_bytes out = {0};
    begin(&rig);
    BNC_AUTO(bnc_gsync_files)
    other = bnc_gsync_files_new(rig.world, rig.out, "mon", "main-2");
    CHECK_INT(bnc_gsync_files_open(other, &err), BNC_OK);
    CHECK_INT(
        bnc_gsync_files_put_sources(other, "o.yaml", test_bytes("x: 1\n"), false, &err),
        BNC_OK);
    CHECK_INT(bnc_gsync_files_drop_sources(rig.files, NULL, NULL, &err), BNC_OK);
    bnc_gsync_files_sources(other, "o.yaml", rig.arena, &out);
    CHECK_INT(out.len, 5);
    CHECK_INT(bnc_gsync_files_put_sources(rig.files, "o.yaml", test_bytes("x: 2\n"),
                                          false, &err),
              BNC_CONFLICT);
    end(&rig);
}

TEST(proved)
{
    struct rig rig;
    struct bnc_error err = {0};
    struct bnc_bytes out = {0};
    begin(&rig);
    bnc_gsync_files_proved(rig.files, rig.arena, &out);
    CHECK_INT(out.len, 0);
    CHECK_INT(bnc_gsync_files_put_proved(rig.files, test_bytes("x: 1\n"), &err), BNC_OK);
    bnc_gsync_files_proved(rig.files, rig.arena, &out);
    CHECK_STR(bnc_arena_strndup(rig.arena, out.ptr, out.len), "x: 1\n");
    CHECK_INT(mode(&rig, ".binnacle-mon.main/proved.yaml"), 0600);
    CHECK_INT(mode(&rig, ".binnacle-mon.main"), 0700);
    end(&rig);
}

static bool
is_kept(void *arg, const char *name)
{
    BNC_UNUSED(arg);
    return bnc_str_ends(name, "/keep.json");
}

TEST(boards)
{
    struct rig rig;
    struct bnc_error err = {0};
    char hex[BNC_SHA256_HEX];
    begin(&rig);
    const char *a = bnc_gsync_files_board(rig.files, "Mesh/Traffic/a.json", rig.arena);
    const char *b = bnc_gsync_files_board(rig.files, "Mesh/b.json", rig.arena);
    const char *keep = bnc_gsync_files_board(rig.files, "Mesh/keep.json", rig.arena);
    const char *all[] = {a, b, keep};
    CHECK(!bnc_gsync_files_digest(rig.files, a, hex));
    for (size_t i = 0; i < BNC_LEN(all); i++) {
        CHECK_INT(bnc_gsync_files_put_board(rig.files, all[i], test_bytes("{}"), &err),
                  BNC_OK);
    }
    CHECK(bnc_gsync_files_digest(rig.files, a, hex));
    CHECK_STR(hex, "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a");
    CHECK_INT(bnc_gsync_files_drop_board(rig.files, a, &err), BNC_OK);
    CHECK_INT(bnc_gsync_files_drop_board(rig.files, a, &err), BNC_OK); /* not there */
    CHECK_INT(bnc_file_type(rig.world, path(&rig, "dashboards/binnacle-mon.main/Mesh/"
                                                  "Traffic")),
              BNC_FILE_NONE);
    write_foreign(&rig, "dashboards/binnacle-mon.main/note.txt", "x");
    write_foreign(&rig, "dashboards/other.json", "{}");
    CHECK_INT(bnc_gsync_files_sweep(rig.files, is_kept, NULL), 1);
    CHECK(content(&rig, b) == NULL);
    CHECK(content(&rig, keep) != NULL);
    CHECK(content(&rig, "dashboards/binnacle-mon.main/note.txt") != NULL);
    CHECK(content(&rig, "dashboards/other.json") != NULL);
    CHECK_INT(bnc_gsync_files_drop_board(rig.files, keep, &err), BNC_OK);
    CHECK_INT(bnc_file_type(rig.world, path(&rig, "dashboards/binnacle-mon.main")),
              BNC_FILE_FOLDER);
    end(&rig);
}

RUN_TESTS(provider, sources, neighbours, proved, boards)
