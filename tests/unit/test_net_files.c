#include <fcntl.h>
#include <sys/stat.h>

#include "tests/unit/test_net.h"

static char root[] = "/tmp/bnc-files-XXXXXX";
static struct bnc_world *world;

static void
set_up(void)
{
    memcpy(strrchr(root, '-'), "-XXXXXX", 7);
    test_folder_new(root);
    world = test_world_new();
}

static void
tear_down(void)
{
    bnc_world_free(world);
    test_folder_remove(root);
}

static const char *
in_root(const char *name)
{
    static char path[512];
    (void)snprintf(path, sizeof(path), "%s/%s", root, name);
    return path;
}

static unsigned
mode_of(const char *path)
{
    struct stat st = {0};
    CHECK_INT(stat(path, &st), 0);
    return st.st_mode & 07777;
}

TEST(what_is_written_is_read)
{
    static const struct {
        const char *name;
        const char *path;
        const char *text;
        unsigned mode;
        unsigned folder_mode; /* 0: it was there */
    } rows[] = {
        {"new", "a", "one", 0644, 0},
        {"replaced", "a", "two", 0600, 0},
        {"empty", "empty", "", 0640, 0},
        {"in new folders", "x/y/z", "three", 0644, 0755},
        {"private folder", "p/q", "four", 0600, 0700},
    };
    set_up();
    for (size_t i = 0; i < BNC_LEN(rows); i++) {
        BNC_AUTO(bnc_arena) arena = bnc_arena_new();
        struct bnc_bytes got = {0};
        struct bnc_error err = {0};
        const char *path = in_root(rows[i].path);

        bnc_test_row(rows[i].name);
        mode_t old = umask(0);
        CHECK_INT(
            bnc_file_write(world, path, test_bytes(rows[i].text), rows[i].mode, &err),
            BNC_OK);
        (void)umask(old);
        CHECK_INT(bnc_file_read(world, path, 100, arena, &got, &err), BNC_OK);
        CHECK_STR(got.ptr, rows[i].text);
        CHECK_INT(got.len, strlen(rows[i].text));
        CHECK_INT(mode_of(path), rows[i].mode);
        if (rows[i].folder_mode != 0) {
            char folder[2] = {rows[i].path[0], '\0'};
            CHECK_INT(mode_of(in_root(folder)), rows[i].folder_mode);
        }
    }
    tear_down();
}

/* A reader sees the old bytes or the new; nothing else stays behind. */
TEST(no_temporary_file_is_left)
{
    static const char *const names[] = {"a", "x"};
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    struct bnc_error err = {0};
    const char **list = NULL;

    set_up();
    CHECK_INT(bnc_file_write(world, in_root("a"), test_bytes("1"), 0644, &err), BNC_OK);
    CHECK_INT(bnc_file_write(world, in_root("x/f"), test_bytes("1"), 0644, &err), BNC_OK);
    /* a folder stands where the file should go: the last step fails */
    CHECK_INT(bnc_file_write(world, in_root("x"), test_bytes("1"), 0644, &err),
              BNC_INVALID);
    CHECK(strstr(err.message, "write /tmp/bnc-files-") != NULL);
    CHECK_INT(bnc_dir_list(world, root, 10, arena, &list, &err), BNC_OK);
    for (size_t i = 0; i < BNC_LEN(names); i++) {
        CHECK_STR(list[i], names[i]);
    }
    CHECK(list[2] == NULL);
    tear_down();
}

TEST(reading_fails_with_a_code)
{
    static const struct {
        const char *name;
        const char *path;
        size_t max;
        enum bnc_code code;
    } rows[] = {
        {"at the limit", "f", 5, BNC_OK},
        {"over the limit", "f", 4, BNC_TOO_BIG},
        {"nothing there", "none", 5, BNC_NOT_FOUND},
        {"no such folder", "none/f", 5, BNC_NOT_FOUND},
        {"a folder", ".", 5, BNC_INVALID},
        {"a file as folder", "f/x", 5, BNC_NOT_FOUND},
        {"a FIFO without writer", "fifo", 5, BNC_OK},
        {"a link", "link", 5, BNC_OK},
    };
    struct bnc_error err = {0};
    set_up();
    CHECK_INT(bnc_file_write(world, in_root("f"), test_bytes("12345"), 0644, &err), 0);
    CHECK_INT(mkfifo(in_root("fifo"), 0600), 0);
    CHECK_INT(symlink("f", in_root("link")), 0);
    for (size_t i = 0; i < BNC_LEN(rows); i++) {
        BNC_AUTO(bnc_arena) arena = bnc_arena_new();
        struct bnc_bytes got = {.ptr = "untouched", .len = 9};
        bnc_test_row(rows[i].name);
        err = (struct bnc_error){0};
        CHECK_INT(
            bnc_file_read(world, in_root(rows[i].path), rows[i].max, arena, &got, &err),
            rows[i].code);
        CHECK(rows[i].code == BNC_OK || strcmp(got.ptr, "untouched") == 0);
        CHECK_INT(err.code, rows[i].code);
    }
    tear_down();
}

TEST(types)
{
    static const struct {
        const char *name;
        enum bnc_file_type type;
    } rows[] = {
        {"f", BNC_FILE_REGULAR}, {"fifo", BNC_FILE_OTHER},  {"none", BNC_FILE_NONE},
        {".", BNC_FILE_FOLDER},  {"link", BNC_FILE_FOLDER}, {"dangling", BNC_FILE_NONE},
    };
    struct bnc_error err = {0};
    set_up();
    CHECK_INT(bnc_file_write(world, in_root("f"), test_bytes(""), 0644, &err), 0);
    CHECK_INT(mkfifo(in_root("fifo"), 0600), 0);
    CHECK_INT(symlink(".", in_root("link")), 0);
    CHECK_INT(symlink("nowhere", in_root("dangling")), 0);
    for (size_t i = 0; i < BNC_LEN(rows); i++) {
        bnc_test_row(rows[i].name);
        CHECK_INT(bnc_file_type(world, in_root(rows[i].name)), rows[i].type);
    }
    tear_down();
}

TEST(removing)
{
    struct bnc_error err = {0};
    set_up();
    CHECK_INT(bnc_file_write(world, in_root("f"), test_bytes(""), 0644, &err), 0);
    CHECK_INT(bnc_file_remove(world, in_root("f"), &err), BNC_OK);
    CHECK_INT(bnc_file_type(world, in_root("f")), BNC_FILE_NONE);
    CHECK_INT(bnc_file_remove(world, in_root("f"), &err), BNC_NOT_FOUND);
    tear_down();
}

TEST(listing)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    struct bnc_error err = {0};
    const char **names = NULL;
    char name[16];

    set_up();
    CHECK_INT(bnc_dir_list(world, root, 0, arena, &names, &err), BNC_OK);
    CHECK(names[0] == NULL);
    for (int i = 199; i >= 0; i--) {
        (void)snprintf(name, sizeof(name), "n%03d", i);
        CHECK_INT(mkdir(in_root(name), 0700), 0);
    }
    CHECK_INT(bnc_dir_list(world, root, 200, arena, &names, &err), BNC_OK);
    for (int i = 0; i < 200; i++) {
        (void)snprintf(name, sizeof(name), "n%03d", i);
        CHECK_STR(names[i], name);
    }
    CHECK(names[200] == NULL);
    CHECK_INT(bnc_dir_list(world, root, 199, arena, &names, &err), BNC_TOO_BIG);
    CHECK_INT(bnc_dir_list(world, in_root("none"), 9, arena, &names, &err),
              BNC_NOT_FOUND);
    tear_down();
}

TEST(standard_input)
{
    static const char text[] = "from a pipe";
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    struct bnc_bytes got = {0};
    struct bnc_error err = {0};
    int fds[2];
    int saved = dup(STDIN_FILENO);

    set_up();
    CHECK_INT(pipe(fds), 0);
    CHECK_INT(write(fds[1], text, strlen(text)), (ssize_t)strlen(text));
    (void)close(fds[1]);
    CHECK_INT(dup2(fds[0], STDIN_FILENO), STDIN_FILENO);
    (void)close(fds[0]);
    CHECK_INT(bnc_file_read(world, "/dev/stdin", 100, arena, &got, &err), BNC_OK);
    CHECK_STR(got.ptr, text);
    (void)dup2(saved, STDIN_FILENO);
    (void)close(saved);
    tear_down();
}

RUN_TESTS(what_is_written_is_read, no_temporary_file_is_left, reading_fails_with_a_code,
          types, removing, listing, standard_input)
