/*
 * For tests of the store: a world that counts what is done to files and can end, or
 * fail, in the middle; versions of a configuration, and a reader that goes by them.
 */
#ifndef BNC_TESTS_UNIT_TEST_STORE_H
#define BNC_TESTS_UNIT_TEST_STORE_H

#include <sys/stat.h>

#include "lib/map.h"
#include "net/world_ops.h"
#include "sync/store.h"
#include "tests/unit/test_net.h"

/* What happens at operation number `at`. */
enum cut {
    CUT_NEVER,
    CUT_CLEAN,   /* the process ends before it */
    CUT_TORN,    /* the process ends while it is half done */
    FAIL_BEFORE, /* it fails; the process goes on */
    FAIL_AFTER,  /* it is done and reports a failure; the process goes on */
    CUT_COUNT
};
static const char *const cut_names[] = {"never", "cut", "torn", "fails", "fails late"};

struct wrap {
    struct bnc_world base; /* first */
    struct bnc_world *inner;
    const char *out;
    enum cut cut;
    long at;
    long ops; /* so far */
    bool dead;
    bool no_links; /* a file system without hard links */
    size_t links;  /* that were made */
    size_t closes;
    void (*before)(struct wrap *w, void *arg); /* each operation; may be NULL */
    void *arg;
    struct bnc_map *dirty; /* folders whose names are not synced */
};

static inline struct wrap *
wrap_of(struct bnc_world *world)
{
    return (struct wrap *)world;
}

enum step { STEP_DO, STEP_SKIP, STEP_TEAR, STEP_LIE };

/* Count an operation; what is to become of it. */
static inline enum step
wrap_step(struct wrap *w)
{
    if (w->dead) {
        return STEP_SKIP;
    }
    if (w->before != NULL) {
        w->before(w, w->arg);
    }
    if (w->cut == CUT_NEVER || w->ops++ != w->at) {
        return STEP_DO;
    }
    w->dead = w->cut == CUT_CLEAN || w->cut == CUT_TORN;
    return w->cut == CUT_TORN ? STEP_TEAR : w->cut == FAIL_AFTER ? STEP_LIE : STEP_SKIP;
}

static inline enum bnc_code
wrap_fail(struct bnc_error *err)
{
    return bnc_fail(err, BNC_UNAVAILABLE, "test: no space left");
}

#define WRAP(world, err, call)                                                           \
    do {                                                                                 \
        enum step step_ = wrap_step(wrap_of(world));                                     \
        if (step_ == STEP_SKIP || step_ == STEP_TEAR) {                                  \
            return wrap_fail(err);                                                       \
        }                                                                                \
        enum bnc_code code_ = (call);                                                    \
        return step_ == STEP_LIE ? wrap_fail(err) : code_;                               \
    } while (0)

/* ---- what was synced ------------------------------------------------------------- */

static inline void
wrap_dirty(struct wrap *w, const char *path)
{
    char folder[600];
    (void)snprintf(folder, sizeof(folder), "%s", path);
    *strrchr(folder, '/') = '\0';
    if (bnc_str_starts(folder, w->out)) {
        (void)bnc_map_put(w->dirty, folder, w);
    }
}

/* Nothing at or below `path` waits for its sync. */
static inline void
wrap_check_clean(const struct wrap *w, const char *path)
{
    const char *key;
    void *value;
    size_t at = 0;
    while (bnc_map_next(w->dirty, &at, &key, &value)) {
        if (bnc_str_starts(key, path)) {
            print_error("row \"%s\": %s is not synced\n", bnc_row, key);
            fail();
        }
    }
}

/* ---- the operations -------------------------------------------------------------- */

static inline uint64_t
wrap_random(struct bnc_world *world)
{
    return bnc_world_random(wrap_of(world)->inner);
}

static inline enum bnc_code
wrap_read(struct bnc_world *world, const char *path, size_t max, struct bnc_arena *arena,
          struct bnc_bytes *out, struct bnc_error *err)
{
    return bnc_file_read(wrap_of(world)->inner, path, max, arena, out, err);
}

static inline enum bnc_code
wrap_scan(struct bnc_world *world, const char *path, size_t max, bnc_file_piece_fn fn,
          void *arg, struct bnc_error *err)
{
    return bnc_file_scan(wrap_of(world)->inner, path, max, fn, arg, err);
}

static inline enum bnc_code
wrap_list(struct bnc_world *world, const char *path, size_t max, struct bnc_arena *arena,
          const char ***out, struct bnc_error *err)
{
    return bnc_dir_list(wrap_of(world)->inner, path, max, arena, out, err);
}

static inline enum bnc_code
wrap_stat(struct bnc_world *world, const char *path, bool follow,
          struct bnc_file_info *out, struct bnc_error *err)
{
    return bnc_file_stat(wrap_of(world)->inner, path, follow, out, err);
}

static inline enum bnc_code
wrap_symlink_get(struct bnc_world *world, const char *path, struct bnc_arena *arena,
                 const char **out, struct bnc_error *err)
{
    return bnc_symlink_get(wrap_of(world)->inner, path, arena, out, err);
}

static inline enum bnc_code
wrap_remove(struct bnc_world *world, const char *path, struct bnc_error *err)
{
    WRAP(world, err, bnc_file_remove(wrap_of(world)->inner, path, err));
}

static inline void
wrap_adopt(struct bnc_file *file, struct bnc_world *world)
{
    ((struct bnc_world_handle *)file)->world = world;
}

static inline enum bnc_code
wrap_create(struct bnc_world *world, const char *path, unsigned mode,
            struct bnc_file **out, struct bnc_error *err)
{
    struct wrap *w = wrap_of(world);
    enum step step = wrap_step(w); /* made and not told: the same as not made */
    if (step != STEP_DO) {
        return wrap_fail(err);
    }
    wrap_dirty(w, path);
    enum bnc_code code = bnc_file_create(w->inner, path, mode, out, err);
    if (code == BNC_OK) {
        wrap_adopt(*out, world);
    }
    return code;
}

static inline enum bnc_code
wrap_append(struct bnc_file *file, struct bnc_bytes bytes, struct bnc_error *err)
{
    struct bnc_world *world = ((struct bnc_world_handle *)file)->world;
    struct wrap *w = wrap_of(world);
    enum step step = wrap_step(w);
    if (step == STEP_SKIP) {
        return wrap_fail(err);
    }
    bytes.len = step == STEP_TEAR ? bytes.len / 2 : bytes.len;
    wrap_adopt(file, w->inner);
    enum bnc_code code = bnc_file_append(file, bytes, err);
    wrap_adopt(file, world);
    return step == STEP_DO ? code : wrap_fail(err);
}

static inline enum bnc_code
wrap_close(struct bnc_file *file, bool sync, struct bnc_error *err)
{
    struct bnc_world *world = ((struct bnc_world_handle *)file)->world;
    struct wrap *w = wrap_of(world);
    enum step step = wrap_step(w);
    CHECK(sync);
    wrap_adopt(file, w->inner);
    if (step == STEP_SKIP || step == STEP_TEAR) {
        bnc_file_abandon(file);
        return wrap_fail(err);
    }
    w->closes++;
    enum bnc_code code = bnc_file_close(file, sync, err);
    return step == STEP_LIE ? wrap_fail(err) : code;
}

static inline void
wrap_abandon(struct bnc_file *file)
{
    wrap_adopt(file, wrap_of(((struct bnc_world_handle *)file)->world)->inner);
    bnc_file_abandon(file);
}

static inline enum bnc_code
wrap_link(struct bnc_world *world, const char *from, const char *to,
          struct bnc_error *err)
{
    struct wrap *w = wrap_of(world);
    if (w->no_links) {
        return bnc_fail(err, BNC_INVALID, "test: no hard links");
    }
    w->links++;
    wrap_dirty(w, to);
    WRAP(world, err, bnc_file_link(w->inner, from, to, err));
}

static inline enum bnc_code
wrap_rename(struct bnc_world *world, const char *from, const char *to,
            struct bnc_error *err)
{
    struct wrap *w = wrap_of(world);
    if (!w->dead) {
        wrap_check_clean(w, from);
    }
    wrap_dirty(w, to);
    WRAP(world, err, bnc_file_rename(w->inner, from, to, err));
}

static inline enum bnc_code
wrap_symlink_put(struct bnc_world *world, const char *target, const char *path,
                 struct bnc_error *err)
{
    struct wrap *w = wrap_of(world);
    if (!w->dead && bnc_str_ends(path, "/current")) {
        char folder[600];
        (void)snprintf(folder, sizeof(folder), "%s/%s", w->out, target);
        CHECK(bnc_map_get(w->dirty, w->out) == NULL);
        wrap_check_clean(w, folder);
    }
    enum step step = wrap_step(w);
    if (step == STEP_TEAR) {
        char litter[600];
        (void)snprintf(litter, sizeof(litter), "%s/.current.binnacle-0123", w->out);
        CHECK_INT(bnc_symlink_put(w->inner, target, litter, err), BNC_OK);
    }
    if (step == STEP_SKIP || step == STEP_TEAR) {
        return wrap_fail(err);
    }
    enum bnc_code code = bnc_symlink_put(w->inner, target, path, err);
    return step == STEP_LIE ? wrap_fail(err) : code;
}

static inline enum bnc_code
wrap_dir_make(struct bnc_world *world, const char *path, unsigned mode,
              struct bnc_error *err)
{
    wrap_dirty(wrap_of(world), path);
    WRAP(world, err, bnc_dir_make(wrap_of(world)->inner, path, mode, err));
}

static inline enum bnc_code
wrap_dir_sync(struct bnc_world *world, const char *path, struct bnc_error *err)
{
    struct wrap *w = wrap_of(world);
    enum step step = wrap_step(w);
    if (step == STEP_DO) {
        (void)bnc_map_take(w->dirty, path);
    }
    return step == STEP_DO ? bnc_dir_sync(w->inner, path, err) : wrap_fail(err);
}

/* The first of what is in it goes, whole. */
static inline void
wrap_tear_dir(struct wrap *w, const char *path)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    struct bnc_error err = {0};
    const char **names = NULL;
    if (bnc_dir_list(w->inner, path, 100, arena, &names, &err) || names[0] == NULL) {
        return;
    }
    for (size_t i = 0; names[i] != NULL && (i == 0 || names[i + 1] != NULL); i++) {
        const char *name = bnc_arena_fmt(arena, "%s/%s", path, names[i]);
        if (bnc_file_remove(w->inner, name, &err) != BNC_OK) {
            CHECK_INT(bnc_dir_remove(w->inner, name, 100, &err), BNC_OK);
        }
    }
}

static inline enum bnc_code
wrap_dir_remove(struct bnc_world *world, const char *path, size_t max,
                struct bnc_error *err)
{
    struct wrap *w = wrap_of(world);
    const char *key;
    void *value;
    enum step step = wrap_step(w);
    if (step == STEP_TEAR) {
        wrap_tear_dir(w, path);
    }
    if (step == STEP_SKIP || step == STEP_TEAR) {
        return wrap_fail(err);
    }
    for (size_t at = 0; bnc_map_next(w->dirty, &at, &key, &value);) {
        if (bnc_str_starts(key, path)) {
            (void)bnc_map_take(w->dirty, key);
        }
    }
    enum bnc_code code = bnc_dir_remove(w->inner, path, max, err);
    return step == STEP_LIE ? wrap_fail(err) : code;
}

static inline void
wrap_init(struct wrap *w, struct bnc_world *inner, const char *out)
{
    static const struct bnc_world_ops ops = {
        .random = wrap_random,
        .file_read = wrap_read,
        .file_remove = wrap_remove,
        .dir_list = wrap_list,
        .file_scan = wrap_scan,
        .file_create = wrap_create,
        .file_append = wrap_append,
        .file_close = wrap_close,
        .file_abandon = wrap_abandon,
        .file_link = wrap_link,
        .file_rename = wrap_rename,
        .file_stat = wrap_stat,
        .symlink_put = wrap_symlink_put,
        .symlink_get = wrap_symlink_get,
        .dir_make = wrap_dir_make,
        .dir_sync = wrap_dir_sync,
        .dir_remove = wrap_dir_remove,
    };
    *w = (struct wrap){.base.ops = &ops, .inner = inner, .out = out};
    w->dirty = bnc_map_new();
}

/* ---- versions -------------------------------------------------------------------- */

#define MAX_FILES 8

struct version {
    const char *id;
    struct version_file {
        const char *name;
        const char *text;
        unsigned mode;
    } files[MAX_FILES]; /* ended by a row without name; the first is prometheus.yml */
};

/* jobs/ and deep/: a name stands for one content; files/: the content may change. */
static const struct version version_a = {"a1",
                                         {{"prometheus.yml", "version a\n", 0644},
                                          {"jobs/01-aaaa.yml", "one of a\n", 0644},
                                          {"jobs/02-bbbb.yml", "two of all\n", 0644},
                                          {"deep/x/y-aaaa.yml", "deep of a\n", 0644},
                                          {"files/secret", "old secret", 0600},
                                          {"files/old", "only a", 0600}}};
static const struct version version_b = {"b2",
                                         {{"prometheus.yml", "version b, longer\n", 0644},
                                          {"jobs/01-cccc.yml", "one of b\n", 0644},
                                          {"jobs/02-bbbb.yml", "two of all\n", 0644},
                                          {"jobs/03-dddd.yml", "three of b\n", 0644},
                                          {"rules/r-bbbb.yml", "rules of b\n", 0644},
                                          {"files/secret", "new secret", 0600}}};
static const struct version version_c = {"c3",
                                         {{"prometheus.yml", "version c\n", 0644},
                                          {"jobs/01-eeee.yml", "one of c\n", 0644},
                                          {"jobs/02-bbbb.yml", "two of all\n", 0644},
                                          {"files/secret", "third secret", 0600},
                                          {"files/added", "only c", 0640}}};

static inline const char *
sha256_of(const char *text)
{
    static char sha256[BNC_SHA256_HEX];
    bnc_sha256_hex(text, strlen(text), sha256);
    return sha256;
}

/* One file: kept when it is there, else written in two pieces. */
static inline enum bnc_code
put_file(struct bnc_store *store, const struct version_file *f, struct bnc_error *err)
{
    struct bnc_store_file *file = NULL;
    char sha256[BNC_SHA256_HEX];
    size_t size = 0;
    size_t half = strlen(f->text) / 2;
    if (bnc_store_holds(store, f->name, sha256_of(f->text))) {
        return bnc_store_keep(store, f->name, err);
    }
    if (bnc_store_file(store, f->name, f->mode, &file, err)) {
        return err->code;
    }
    if (bnc_store_add(file, f->text, half, err) ||
        bnc_store_add(file, f->text + half, strlen(f->text) - half, err)) {
        bnc_store_drop(file);
        return err->code;
    }
    if (bnc_store_end(file, sha256, &size, err)) {
        return err->code;
    }
    CHECK_STR(sha256, sha256_of(f->text));
    CHECK_INT(size, strlen(f->text));
    return BNC_OK;
}

static inline enum bnc_code
put_version(struct bnc_store *store, const struct version *version, struct bnc_error *err)
{
    if (bnc_store_begin(store, version->id, err)) {
        return err->code;
    }
    for (const struct version_file *f = version->files; f->name != NULL; f++) {
        if (put_file(store, f, err)) {
            return err->code;
        }
    }
    return bnc_store_commit(store, err);
}

#endif
