/*
 * Files in pieces, links and folders: the simulated world gives the answers of the real
 * one, and the store works on it.
 */
#include <stdlib.h>

#include "net/real.h"
#include "sync/store.h"
#include "tests/sim/selftest.h"

static struct bnc_world *world; /* the one that is tried */
static char root[64];

enum verb {
    WRITE,      /* a, in two pieces, with content b */
    ABANDON,    /* the same, given up */
    READ,       /* a, content b */
    LINK,       /* a, to b */
    RENAME,     /* a, to b */
    SYMLINK,    /* a, with text b */
    SYMLINK_IS, /* a, text b */
    MAKE,       /* folder a */
    SYNC,       /* folder a */
    REMOVE,     /* folder a, b names at most */
    UNLINK,     /* a */
    LIST,       /* folder a: names b, each with a blank behind */
    STAT,       /* a, not followed: type, size, links as in b */
    STAT_OF     /* a, followed */
};

static const struct {
    const char *name;
    enum verb verb;
    const char *a;
    const char *b;
    enum bnc_code code;
} steps[] = {
    {"a file in new folders", WRITE, "d/e/f", "12345", BNC_OK},
    {"its content", READ, "d/e/f", "12345", BNC_OK},
    {"replaced", WRITE, "d/e/f", "67", BNC_OK},
    {"the new content", READ, "d/e/f", "67", BNC_OK},
    {"given up", ABANDON, "d/e/f", "89", BNC_OK},
    {"as before", READ, "d/e/f", "67", BNC_OK},
    {"nothing is left behind", LIST, "d/e", "f ", BNC_OK},
    {"a folder stands there", WRITE, "d/e", "1", BNC_INVALID},
    {"below a file", WRITE, "d/e/f/g", "1", BNC_NOT_FOUND},
    {"link", LINK, "d/e/f", "d/l", BNC_OK},
    {"one file, two names", STAT, "d/l", "f 2 2", BNC_OK},
    {"over a name", LINK, "d/e/f", "d/l", BNC_CONFLICT},
    {"of nothing", LINK, "d/none", "d/m", BNC_NOT_FOUND},
    {"into nothing", LINK, "d/l", "none/m", BNC_NOT_FOUND},
    {"of a folder", LINK, "d/e", "d/m", BNC_DENIED},
    {"replacing one name", WRITE, "d/l", "other", BNC_OK},
    {"leaves the other", READ, "d/e/f", "67", BNC_OK},
    {"a symbolic link", SYMLINK, "cur", "d/e", BNC_OK},
    {"its text", SYMLINK_IS, "cur", "d/e", BNC_OK},
    {"through it", READ, "cur/f", "67", BNC_OK},
    {"list through it", LIST, "cur", "f ", BNC_OK},
    {"itself", STAT, "cur", "l 3 1", BNC_OK},
    {"what it leads to", STAT_OF, "cur", "d", BNC_OK},
    {"write through it", WRITE, "cur/g", "g", BNC_OK},
    {"is written there", READ, "d/e/g", "g", BNC_OK},
    {"moved to another", SYMLINK, "cur", "d", BNC_OK},
    {"and read there", READ, "cur/e/g", "g", BNC_OK},
    {"where a folder is", SYMLINK, "d", "cur", BNC_INVALID},
    {"where no folder is", SYMLINK, "none/cur", "x", BNC_NOT_FOUND},
    {"that is none", SYMLINK_IS, "d/l", "", BNC_INVALID},
    {"that is not there", SYMLINK_IS, "none", "", BNC_NOT_FOUND},
    {"to nothing", SYMLINK, "dangling", "nowhere", BNC_OK},
    {"read it", READ, "dangling", "", BNC_NOT_FOUND},
    {"a loop", SYMLINK, "loop", "loop", BNC_OK},
    {"read it", READ, "loop", "", BNC_INVALID},
    {"a folder by a link", REMOVE, "cur", "9", BNC_INVALID},
    {"a link written over", WRITE, "dangling", "now a file", BNC_OK},
    {"is a file", STAT, "dangling", "f 10 1", BNC_OK},
    {"rename a file", RENAME, "d/l", "d/m", BNC_OK},
    {"the old name", STAT, "d/l", "", BNC_NOT_FOUND},
    {"the new name", READ, "d/m", "other", BNC_OK},
    {"rename nothing", RENAME, "d/l", "d/n", BNC_NOT_FOUND},
    {"rename into nothing", RENAME, "d/m", "none/n", BNC_NOT_FOUND},
    {"rename over a folder", RENAME, "d/m", "d/e", BNC_INVALID},
    {"rename a folder", RENAME, "d/e", "x", BNC_OK},
    {"with all that is in it", READ, "x/g", "g", BNC_OK},
    {"a folder over a file", RENAME, "x", "d/m", BNC_NOT_FOUND},
    {"make folders", MAKE, "p/q/r", "", BNC_OK},
    {"that are there", MAKE, "p/q", "", BNC_OK},
    {"where a file is", MAKE, "d/m", "", BNC_CONFLICT},
    {"below a file", MAKE, "d/m/n", "", BNC_NOT_FOUND},
    {"a folder over one that is not empty", RENAME, "x", "p", BNC_CONFLICT},
    {"a folder over an empty one", RENAME, "x", "p/q/r", BNC_OK},
    {"sync", SYNC, "p/q/r", "", BNC_OK},
    {"sync nothing", SYNC, "x", "", BNC_NOT_FOUND},
    {"sync a file", SYNC, "d/m", "", BNC_NOT_FOUND},
    {"too many names", REMOVE, "p", "3", BNC_TOO_BIG},
    {"remove a folder", REMOVE, "d", "9", BNC_OK},
    {"is gone", READ, "d/m", "", BNC_NOT_FOUND},
    {"remove a file so", REMOVE, "dangling", "9", BNC_INVALID},
    {"remove nothing", REMOVE, "d", "9", BNC_NOT_FOUND},
    {"remove a link", UNLINK, "cur", "", BNC_OK},
    {"all names", LIST, "", "dangling loop p ", BNC_OK},
};

/* Of one step: an answer in words, beside its code. */
struct got {
    char text[200];
    struct bnc_error err;
};

static const char *
in_root(struct bnc_arena *arena, const char *name)
{
    return name[0] == '\0' ? root : bnc_arena_fmt(arena, "%s/%s", root, name);
}

static enum bnc_code
write_pieces(const char *path, const char *text, bool keep, struct bnc_error *err)
{
    struct bnc_file *file = NULL;
    size_t half = strlen(text) / 2;
    if (bnc_file_create(world, path, 0644, &file, err)) {
        return err->code;
    }
    CHECK_INT(bnc_file_append(file, (struct bnc_bytes){text, half}, err), BNC_OK);
    CHECK_INT(
        bnc_file_append(file, (struct bnc_bytes){text + half, strlen(text) - half}, err),
        BNC_OK);
    if (keep) {
        return bnc_file_close(file, true, err);
    }
    bnc_file_abandon(file);
    return BNC_OK;
}

static bool
add_piece(void *arg, const char *bytes, size_t n)
{
    (void)strncat(arg, bytes, n);
    return true;
}

static enum bnc_code
list(const char *path, struct bnc_arena *arena, struct got *got)
{
    const char **names = NULL;
    if (bnc_dir_list(world, path, 100, arena, &names, &got->err)) {
        return got->err.code;
    }
    for (size_t i = 0; names[i] != NULL; i++) {
        (void)strcat(strcat(got->text, names[i]), " ");
    }
    return BNC_OK;
}

static enum bnc_code
look(const char *path, bool follow, struct got *got)
{
    struct bnc_file_info info;
    if (bnc_file_stat(world, path, follow, &info, &got->err)) {
        return got->err.code;
    }
    if (info.type == BNC_FILE_FOLDER) {
        (void)strcpy(got->text, "d"); /* its size and links are the file system's */
        return BNC_OK;
    }
    CHECK_INT(info.link, info.type == BNC_FILE_OTHER);
    (void)snprintf(got->text, sizeof(got->text), "%s %d %d", info.link ? "l" : "f",
                   (int)info.size, (int)info.links);
    return BNC_OK;
}

static enum bnc_code
look_at(enum verb verb, const char *path, struct bnc_arena *arena, struct got *got)
{
    const char *target = "";
    enum bnc_code code;
    if (verb == SYMLINK_IS) {
        code = bnc_symlink_get(world, path, arena, &target, &got->err);
        (void)strcpy(got->text, target);
        return code;
    }
    return verb == READ ? bnc_file_scan(world, path, 100, add_piece, got->text, &got->err)
           : verb == LIST ? list(path, arena, got)
                          : look(path, verb == STAT_OF, got);
}

static enum bnc_code
act(enum verb verb, const char *a, const char *b, struct got *got)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    const char *path = in_root(arena, a);
    switch (verb) {
    case WRITE:
    case ABANDON:
        return write_pieces(path, b, verb == WRITE, &got->err);
    case LINK:
        return bnc_file_link(world, path, in_root(arena, b), &got->err);
    case RENAME:
        return bnc_file_rename(world, path, in_root(arena, b), &got->err);
    case SYMLINK:
        return bnc_symlink_put(world, b, path, &got->err);
    case MAKE:
        return bnc_dir_make(world, path, 0755, &got->err);
    case SYNC:
        return bnc_dir_sync(world, path, &got->err);
    case REMOVE:
        return bnc_dir_remove(world, path, (size_t)(b[0] - '0'), &got->err);
    case UNLINK:
        return bnc_file_remove(world, path, &got->err);
    case READ:
    case LIST:
    case SYMLINK_IS:
    case STAT:
    case STAT_OF:
        break;
    }
    return look_at(verb, path, arena, got);
}

static void
run_steps(void)
{
    for (size_t i = 0; i < BNC_LEN(steps); i++) {
        struct got got = {{0}, {0}};
        bnc_test_row(steps[i].name);
        enum bnc_code code = act(steps[i].verb, steps[i].a, steps[i].b, &got);
        if (code != steps[i].code) {
            print_error("%s\n", got.err.message);
        }
        CHECK_INT(code, steps[i].code);
        CHECK_INT(got.err.code, steps[i].code);
        bool looks =
            steps[i].verb == READ || steps[i].verb >= LIST || steps[i].verb == SYMLINK_IS;
        CHECK_STR(got.text, looks && code == BNC_OK ? steps[i].b : "");
    }
}

TEST(test_steps_simulated)
{
    BNC_AUTO(bnc_sim) sim = bnc_sim_new(1);
    world = bnc_sim_world(sim);
    (void)strcpy(root, "/root");
    bnc_sim_folder_put(sim, root);
    run_steps();
    CHECK_INT(bnc_sim_open_handles(sim), 0);
}

TEST(test_steps_real)
{
    struct bnc_error err = {0};
    (void)strcpy(root, "/tmp/bnc-sim-files-XXXXXX");
    CHECK(mkdtemp(root) != NULL);
    world = bnc_world_real_new(1, &err);
    run_steps();
    CHECK_INT(bnc_dir_remove(world, root, 100, &err), BNC_OK);
    bnc_world_free(world);
}

/* ---- the store ------------------------------------------------------------------- */

static enum bnc_code
put_one(struct bnc_store *store, const char *id, const char *text, struct bnc_error *err)
{
    struct bnc_store_file *file = NULL;
    if (bnc_store_begin(store, id, err) ||
        bnc_store_file(store, "prometheus.yml", 0644, &file, err)) {
        return err->code;
    }
    if (bnc_store_add(file, text, strlen(text), err)) {
        bnc_store_drop(file);
        return err->code;
    }
    return bnc_store_end(file, NULL, NULL, err) ? err->code
                                                : bnc_store_commit(store, err);
}

TEST(test_store)
{
    BNC_AUTO(bnc_sim) sim = bnc_sim_new(1);
    struct bnc_error err = {0};
    struct bnc_bytes got = {0};
    struct bnc_store *store = bnc_store_new(bnc_sim_world(sim), "/out");

    CHECK_INT(bnc_store_open(store, &err), BNC_OK);
    CHECK_INT(put_one(store, "a", "one", &err), BNC_OK);
    for (size_t room = 0; room < 150; room += 10) { /* the index has about 170 bytes */
        bnc_sim_file_room(sim, room);
        CHECK_INT(put_one(store, "b", "two", &err), BNC_UNAVAILABLE);
        CHECK(strstr(err.message, "no space left") != NULL);
        CHECK_STR(bnc_store_current(store), "a");
        /* a commit that fails leaves nothing behind */
        CHECK(room == 0 || !bnc_sim_file_get(sim, "/out/gen-b.tmp/prometheus.yml", &got));
        CHECK(bnc_sim_file_get(sim, "/out/current/prometheus.yml", &got));
        CHECK_STR(got.ptr, "one");
    }
    bnc_sim_file_fail(sim, "/out/current", BNC_DENIED);
    bnc_sim_file_room(sim, SIZE_MAX);
    CHECK_INT(put_one(store, "b", "two", &err), BNC_DENIED);
    bnc_sim_file_fail(sim, "/out/current", BNC_OK);
    CHECK_INT(bnc_store_open(store, &err), BNC_OK);
    CHECK_STR(bnc_store_current(store), "a");
    /* it was whole, but for the swap */
    CHECK_INT(bnc_store_rollback(store, "b", &err), BNC_OK);
    CHECK(bnc_sim_file_get(sim, "/out/current/prometheus.yml", &got));
    CHECK_STR(got.ptr, "two");
    CHECK_INT(bnc_store_tidy(store, NULL, &err), BNC_OK);
    CHECK(!bnc_sim_file_get(sim, "/out/gen-a/prometheus.yml", &got));
    bnc_store_free(store);
    CHECK_INT(bnc_sim_open_handles(sim), 0);
}

RUN_TESTS(test_steps_simulated, test_steps_real, test_store)
