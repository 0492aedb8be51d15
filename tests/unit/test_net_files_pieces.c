#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "net/real_world.h"
#include "tests/unit/test_net.h"

/* What only the real world has; tests/sim/selftest_files.c has what both do. */

static char root[] = "/tmp/bnc-pieces-XXXXXX";
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
    static char paths[2][300];
    static int turn;
    turn = 1 - turn;
    (void)snprintf(paths[turn], sizeof(paths[turn]), "%s/%s", root, name);
    return paths[turn];
}

static size_t
count_names(void)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    struct bnc_error err = {0};
    const char **names = NULL;
    size_t n = 0;
    CHECK_INT(bnc_dir_list(world, root, 100, arena, &names, &err), BNC_OK);
    while (names[n] != NULL) {
        n++;
    }
    return n;
}

/* What a system call says, in the words and codes of net/world.h. */
TEST(codes)
{
    static const struct {
        const char *name;
        int number;
        enum bnc_code code;
        const char *text;
    } rows[] = {
        {"full", ENOSPC, BNC_UNAVAILABLE, "write x: no space left"},
        {"quota", EDQUOT, BNC_UNAVAILABLE, "write x: no space left (quota)"},
        {"device", EIO, BNC_UNAVAILABLE, "write x: the device failed"},
        {"not ours", EPERM, BNC_DENIED, "write x: Operation not permitted"},
        {"no access", EACCES, BNC_DENIED, "write x: Permission denied"},
        {"read-only", EROFS, BNC_DENIED, "write x: Read-only file system"},
        {"gone", ENOENT, BNC_NOT_FOUND, "write x: No such file or directory"},
        {"there", EEXIST, BNC_CONFLICT, "write x: File exists"},
        {"other disk", EXDEV, BNC_INVALID, "write x: it is on another file system"},
        {"links", EMLINK, BNC_INVALID, "write x: the file has too many links"},
        {"a loop", ELOOP, BNC_INVALID, "write x: a link, or a loop of links"},
    };
    for (size_t i = 0; i < BNC_LEN(rows); i++) {
        struct bnc_error err = {0};
        bnc_test_row(rows[i].name);
        errno = rows[i].number;
        CHECK_INT(bnc_real_fail(&err, "write %s", "x"), rows[i].code);
        CHECK_STR(err.message, rows[i].text);
    }
}

TEST(modes)
{
    static const struct {
        const char *name;
        const char *path;
        unsigned mode;
        unsigned folder_mode;
    } rows[] = {
        {"public", "a/f", 0644, 0755},
        {"private", "b/f", 0600, 0700},
        {"group", "c/f", 0640, 0700},
    };
    struct stat st;
    set_up();
    mode_t old = umask(027); /* counts for folders only */
    for (size_t i = 0; i < BNC_LEN(rows); i++) {
        char folder[2] = {rows[i].path[0], '\0'};
        struct bnc_error err = {0};
        struct bnc_file *file = NULL;
        bnc_test_row(rows[i].name);
        CHECK_INT(
            bnc_file_create(world, in_root(rows[i].path), rows[i].mode, &file, &err),
            BNC_OK);
        CHECK_INT(bnc_file_close(file, true, &err), BNC_OK);
        CHECK_INT(stat(in_root(rows[i].path), &st), 0);
        CHECK_INT(st.st_mode & 07777, rows[i].mode);
        CHECK_INT(st.st_size, 0);
        CHECK_INT(stat(in_root(folder), &st), 0);
        CHECK_INT(st.st_mode & 07777, rows[i].folder_mode & ~027U);
    }
    (void)umask(old);
    tear_down();
}

/* Its descriptor is taken away: what a full disk does, at a moment that we choose. */
TEST(an_append_that_fails)
{
    struct bnc_error err = {0};
    struct bnc_file *file = NULL;
    set_up();
    CHECK_INT(bnc_file_create(world, in_root("f"), 0644, &file, &err), BNC_OK);
    CHECK_INT(count_names(), 1); /* under another name */
    CHECK_INT(bnc_file_type(world, in_root("f")), BNC_FILE_NONE);
    CHECK_INT(bnc_file_append(file, test_bytes("123"), &err), BNC_OK);
    int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    for (int i = 3; i < fd; i++) {
        struct stat st;
        if (fstat(i, &st) == 0 && S_ISREG(st.st_mode) && st.st_size == 3) {
            CHECK_INT(dup2(fd, i), i);
        }
    }
    (void)close(fd);
    CHECK(bnc_file_append(file, test_bytes("456"), &err) != BNC_OK);
    CHECK(strstr(err.message, "/f: Bad file descriptor") != NULL);
    CHECK_INT(bnc_file_close(file, false, &err), BNC_UNAVAILABLE);
    CHECK(strstr(err.message, "a part is missing") != NULL);
    CHECK_INT(count_names(), 0);
    tear_down();
}

/* A folder is where the file should go. */
TEST(a_close_that_fails)
{
    struct bnc_error err = {0};
    struct bnc_file *file = NULL;
    set_up();
    CHECK_INT(bnc_file_create(world, in_root("f"), 0644, &file, &err), BNC_OK);
    CHECK_INT(mkdir(in_root("f"), 0755), 0);
    CHECK_INT(bnc_file_close(file, true, &err), BNC_INVALID);
    CHECK_INT(count_names(), 1);
    tear_down();
}

/* Removal stops at what it does not know, and never leaves the folder. */
TEST(removing_folders)
{
    struct bnc_error err = {0};
    char deep[200] = "deep";
    set_up();
    CHECK_INT(bnc_file_write(world, in_root("safe/f"), test_bytes("1"), 0644, &err), 0);
    CHECK_INT(bnc_file_write(world, in_root("d/e/f"), test_bytes("1"), 0644, &err), 0);
    CHECK_INT(symlink("../safe", in_root("d/link")), 0);
    CHECK_INT(symlink("../../safe/f", in_root("d/e/link")), 0);
    CHECK_INT(symlink("safe", in_root("link")), 0);
    CHECK_INT(bnc_dir_remove(world, in_root("link"), 9, &err), BNC_INVALID);
    CHECK_INT(bnc_dir_remove(world, in_root("safe/f"), 9, &err), BNC_INVALID);
    CHECK_INT(bnc_dir_remove(world, in_root("d"), 4, &err), BNC_OK);
    CHECK_INT(bnc_file_type(world, in_root("d")), BNC_FILE_NONE);
    CHECK_INT(bnc_file_type(world, in_root("safe/f")), BNC_FILE_REGULAR);

    CHECK_INT(mkdir(in_root("d"), 0755), 0);
    CHECK_INT(mkfifo(in_root("d/fifo"), 0644), 0);
    CHECK_INT(bnc_dir_remove(world, in_root("d"), 9, &err), BNC_INVALID);
    CHECK(strstr(err.message, "fifo in /tmp/bnc-pieces-") != NULL);

    for (int i = 0; i < 18; i++) {
        (void)strcat(deep, "/d");
    }
    CHECK_INT(bnc_dir_make(world, in_root(deep), 0755, &err), BNC_OK);
    CHECK_INT(bnc_dir_remove(world, in_root("deep"), 100, &err), BNC_TOO_BIG);
    tear_down();
}

RUN_TESTS(codes, modes, an_append_that_fails, a_close_that_fails, removing_folders)
