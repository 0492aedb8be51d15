#include <sys/stat.h>

#include "tests/unit/test_net.h"

#define QUIET_MS 30 /* longer than a batch takes */

static char root[] = "/tmp/bnc-watch-XXXXXX";
static struct bnc_world *world;
static struct bnc_dir_watch *watch;
static int told;
static bool free_when_told;

static void
on_change(void *arg)
{
    BNC_UNUSED(arg);
    told++;
    if (free_when_told) {
        bnc_dir_watch_free(watch);
        watch = NULL;
    }
    bnc_world_stop(world);
}

/* Run a shell command in the root. */
static void
sh(const char *command)
{
    char text[1024];
    int n = snprintf(text, sizeof(text), "cd '%s' && %s", root, command);
    CHECK(n > 0 && (size_t)n < sizeof(text));
    CHECK_INT(system(text), 0);
}

static void
set_up(const char *before, const char *path)
{
    char whole[256];
    struct bnc_error err = {0};

    memcpy(strrchr(root, '-'), "-XXXXXX", 7);
    test_folder_new(root);
    sh(before);
    world = test_world_new();
    told = 0;
    free_when_told = false;
    (void)snprintf(whole, sizeof(whole), "%s%s", root, path);
    CHECK_INT(bnc_dir_watch_new(world, whole, on_change, NULL, &watch, &err), BNC_OK);
    CHECK_INT(told, 0);
}

static void
tear_down(void)
{
    bnc_dir_watch_free(watch);
    bnc_world_free(world);
    test_folder_remove(root);
}

/* Each change is told, once, and nothing follows. */
TEST(changes)
{
    static const struct {
        const char *name;
        const char *before;
        const char *change;
        int told;
    } rows[] = {
        {"new file", "true", "echo > a", 1},
        {"written", "echo > a", "echo x >> a", 1},
        {"removed", "echo > a", "rm a", 1},
        {"renamed", "echo > a", "mv a b", 1},
        {"mode", "echo > a", "chmod 600 a", 1},
        {"only read", "echo > a", "cat a > /dev/null; ls > /dev/null", 0},
        {"many at once", "true", "touch a b c d e; mkdir f; touch f/x f/y; rm a", 1},
        {"deep", "mkdir -p a/b/c", "echo > a/b/c/d", 1},
        {"folder moved in", "mkdir ../bnc-watch-moved.$PPID",
         "mv ../bnc-watch-moved.$PPID a", 1},
        {"in a linked folder", "mkdir .data; ln -s .data data", "echo > .data/a", 1},
        {"links in a circle", "mkdir a; ln -s .. a/b", "echo > a/c", 1},
        {"swap as a kubelet does",
         "mkdir ..1; echo 1 > ..1/f; ln -s ..1 ..data; ln -s ..data/f f",
         "mkdir ..2; echo 2 > ..2/f; ln -s ..2 tmp; mv -T tmp ..data; rm -r ..1", 1},
    };
    for (size_t i = 0; i < BNC_LEN(rows); i++) {
        bnc_test_row(rows[i].name);
        set_up(rows[i].before, "");
        test_run_ms(world, 15);
        CHECK_INT(told, 0);
        sh(rows[i].change);
        if (rows[i].told > 0) {
            test_run(world);
        }
        test_run_ms(world, QUIET_MS);
        CHECK_INT(told, rows[i].told);
        tear_down();
    }
}

/* Folders that come later are watched too; those that were moved away are not. */
TEST(the_tree_changes)
{
    static const struct {
        const char *name;
        const char *change;
        int told;
    } rows[] = {
        {"new folders", "mkdir -p w/a/b", 1},
        {"file in a new one", "echo > w/a/b/c", 1},
        {"moved away", "mv w/a a", 1},
        {"file in the moved one", "echo > a/b/d", 0},
        {"beside the root", "echo > x", 0},
        {"back again", "mv a w/e", 1},
        {"file in it", "echo > w/e/b/d", 1},
        {"file in the root", "echo > w/f", 1},
    };
    set_up("mkdir w", "/w");
    for (size_t i = 0; i < BNC_LEN(rows); i++) {
        bnc_test_row(rows[i].name);
        told = 0;
        sh(rows[i].change);
        if (rows[i].told > 0) {
            test_run(world);
        }
        test_run_ms(world, QUIET_MS);
        CHECK_INT(told, rows[i].told);
    }
    tear_down();
}

TEST(a_root_that_is_a_link_is_swapped)
{
    set_up("mkdir v1 v2; ln -s v1 now", "/now/");
    sh("ln -s v2 new; mv -T new now");
    test_run(world);
    CHECK_INT(told, 1);
    test_run_ms(world, QUIET_MS);
    CHECK_INT(told, 1);
    sh("echo > other"); /* beside the link */
    sh("echo > v1/old");
    test_run_ms(world, QUIET_MS);
    CHECK_INT(told, 1);
    sh("echo > v2/f");
    test_run(world);
    CHECK_INT(told, 2);
    tear_down();
}

TEST(a_root_that_is_gone_comes_back)
{
    set_up("mkdir w", "/w");
    sh("rmdir w");
    test_run(world);
    CHECK_INT(told, 1);
    test_run_ms(world, QUIET_MS);
    CHECK_INT(told, 1);
    sh("mkdir w; echo > w/f");
    test_run(world); /* looked for every second */
    CHECK_INT(told, 2);
    sh("echo > w/g");
    test_run(world);
    CHECK_INT(told, 3);
    tear_down();
}

TEST(freed_in_its_own_callback)
{
    set_up("true", "");
    free_when_told = true;
    sh("echo > a");
    test_run(world);
    CHECK(watch == NULL);
    tear_down();
}

TEST(what_cannot_be_watched)
{
    static const struct {
        const char *name;
        const char *path;
        enum bnc_code code;
    } rows[] = {
        {"nothing there", "/none", BNC_NOT_FOUND},
        {"a file", "/f", BNC_INVALID},
    };
    set_up("echo > f", "");
    for (size_t i = 0; i < BNC_LEN(rows); i++) {
        struct bnc_dir_watch *none = NULL;
        struct bnc_error err = {0};
        char path[256];
        bnc_test_row(rows[i].name);
        (void)snprintf(path, sizeof(path), "%s%s", root, rows[i].path);
        CHECK_INT(bnc_dir_watch_new(world, path, on_change, NULL, &none, &err),
                  rows[i].code);
        CHECK(none == NULL);
    }
    tear_down();
}

RUN_TESTS(changes, the_tree_changes, a_root_that_is_a_link_is_swapped,
          a_root_that_is_gone_comes_back, freed_in_its_own_callback,
          what_cannot_be_watched)
