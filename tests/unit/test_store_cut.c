#include "tests/unit/test_store.h"

/*
 * Whoever reads through OUT/current, and opened prometheus.yml before or after any
 * step, finds every file of that version; and after a crash in any step a new process
 * goes on to the end.
 */

static char root[64];
static char out[80];
static struct bnc_world *real;

static const struct version *const versions[] = {&version_a, &version_b, &version_c};

/* What a reader may still go by, and where the step leads. */
struct reader {
    bool seen[BNC_LEN(versions)];
    const struct version *to;
    bool strict;          /* nobody had opened `to` when it began */
    const char *may_miss; /* a file that somebody took away before; NULL: none */
    long looks;
};

/* NULL: not there. */
static const char *
read_current(struct bnc_arena *arena, const char *name)
{
    struct bnc_bytes bytes = {0};
    struct bnc_error err = {0};
    const char *path = bnc_arena_fmt(arena, "%s/current/%s", out, name);
    return bnc_file_read(real, path, 1000, arena, &bytes, &err) ? NULL : bytes.ptr;
}

static const char *
text_in(const struct version *version, const char *name)
{
    for (const struct version_file *f = version->files; f->name != NULL; f++) {
        if (strcmp(f->name, name) == 0) {
            return f->text;
        }
    }
    return NULL;
}

/* Content without a hash in its name may be that of another version, but whole. */
static bool
is_right(const struct reader *r, const struct version *version, const char *name,
         const char *got)
{
    if (got == NULL) {
        return r->may_miss != NULL && strcmp(r->may_miss, name) == 0;
    }
    bool right = strcmp(text_in(version, name), got) == 0;
    for (size_t i = 0; i < BNC_LEN(versions) && !(r->strict && version == r->to); i++) {
        const char *other = text_in(versions[i], name);
        right = right || (bnc_str_starts(name, "files/") && other != NULL &&
                          strcmp(other, got) == 0);
    }
    return right;
}

static void
look(struct reader *r)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    const char *now = read_current(arena, "prometheus.yml");
    bool known = false;

    CHECK(now != NULL);
    for (size_t i = 0; i < BNC_LEN(versions); i++) {
        if (strcmp(versions[i]->files[0].text, now) == 0) {
            known = true;
            r->seen[i] = true;
        }
        for (const struct version_file *f = versions[i]->files + 1;
             r->seen[i] && f->name != NULL; f++) {
            const char *got = read_current(arena, f->name);
            if (!is_right(r, versions[i], f->name, got)) {
                print_error("row \"%s\": a reader of %s finds in %s: %s\n", bnc_row,
                            versions[i]->id, f->name, got == NULL ? "(missing)" : got);
                fail();
            }
            r->looks++;
        }
    }
    CHECK(known);
}

static void
look_before(struct wrap *w, void *arg)
{
    BNC_UNUSED(w);
    look(arg);
}

/* ---- what is done ---------------------------------------------------------------- */

static void
damage(const char *name)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    struct bnc_error err = {0};
    const char *path = bnc_arena_fmt(arena, "%s/current/%s", out, name);
    CHECK_INT(bnc_file_remove(real, path, &err), BNC_OK);
}

static enum bnc_code
commit_b(struct bnc_store *store, struct bnc_error *err)
{
    return put_version(store, &version_b, err);
}

static enum bnc_code
commit_c(struct bnc_store *store, struct bnc_error *err)
{
    return put_version(store, &version_c, err);
}

static enum bnc_code
back_to_a(struct bnc_store *store, struct bnc_error *err)
{
    return bnc_store_rollback(store, "a1", err);
}

static enum bnc_code
tidy(struct bnc_store *store, struct bnc_error *err)
{
    return bnc_store_tidy(store, NULL, err);
}

static enum bnc_code
tidy_keep(struct bnc_store *store, struct bnc_error *err)
{
    return bnc_store_tidy(store, "a1", err);
}

static const struct scenario {
    const char *name;
    const struct version *before; /* committed after a; NULL: a is current */
    const char *damage;           /* taken away then */
    enum bnc_code (*act)(struct bnc_store *, struct bnc_error *);
    const struct version *to;
    bool seen[BNC_LEN(versions)]; /* by whom a reader may go when it begins */
} scenarios[] = {
    {"commit", NULL, NULL, commit_b, &version_b, {true}},
    {"commit, the one before unproved",
     &version_b,
     NULL,
     commit_c,
     &version_c,
     {true, true}},
    {"the same again, a file is gone",
     &version_b,
     "rules/r-bbbb.yml",
     commit_b,
     &version_b,
     {true, true}},
    {"rollback", &version_b, NULL, back_to_a, &version_a, {false, true}},
    {"rollback, the older is read",
     &version_b,
     NULL,
     back_to_a,
     &version_a,
     {true, true}},
    {"tidy", &version_b, NULL, tidy, &version_b, {false, true}},
    {"tidy, one is kept", &version_b, NULL, tidy_keep, &version_b, {false, true}},
};

static void
prepare(const struct scenario *s)
{
    struct bnc_error err = {0};
    BNC_AUTO(bnc_store) store = bnc_store_new(real, out);
    CHECK_INT(bnc_store_open(store, &err), BNC_OK);
    CHECK_INT(put_version(store, &version_a, &err), BNC_OK);
    CHECK_INT(bnc_store_tidy(store, NULL, &err), BNC_OK);
    if (s->before != NULL) {
        CHECK_INT(put_version(store, s->before, &err), BNC_OK);
    }
    if (s->damage != NULL) {
        damage(s->damage);
    }
}

/* ---- what is there in the end ------------------------------------------------------ */

static size_t
count_files(const char *folder)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    struct bnc_error err = {0};
    const char **names = NULL;
    size_t n = 0;
    CHECK_INT(bnc_dir_list(real, folder, 100, arena, &names, &err), BNC_OK);
    for (size_t i = 0; names[i] != NULL; i++) {
        const char *path = bnc_arena_fmt(arena, "%s/%s", folder, names[i]);
        n += bnc_file_type(real, path) == BNC_FILE_FOLDER ? count_files(path) : 1;
    }
    return n;
}

/* After a tidy: `current`, `proved`, one generation, with nothing but the version. */
static void
check_tidy(const struct version *version)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    struct bnc_error err = {0};
    const char **names = NULL;
    const char *target = NULL;
    size_t n = 0;

    CHECK_INT(bnc_dir_list(real, out, 10, arena, &names, &err), BNC_OK);
    CHECK_STR(names[0], "current");
    CHECK(bnc_str_starts(names[1], "gen-"));
    CHECK_STR(names[2], "proved");
    CHECK(names[3] == NULL);
    CHECK_INT(bnc_symlink_get(real, bnc_arena_fmt(arena, "%s/current", out), arena,
                              &target, &err),
              BNC_OK);
    CHECK_STR(target, names[1]);

    while (version->files[n].name != NULL) {
        n++;
    }
    CHECK_INT(count_files(bnc_arena_fmt(arena, "%s/%s", out, target)), n + 1);
}

/* What the store says is what the link says, whatever has failed. */
static void
check_truth(const struct bnc_store *store)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    const char *now = read_current(arena, "prometheus.yml");
    CHECK(bnc_store_current(store) != NULL);
    for (size_t i = 0; i < BNC_LEN(versions); i++) {
        if (strcmp(versions[i]->files[0].text, now) == 0) {
            CHECK_STR(bnc_store_current(store), versions[i]->id);
        }
    }
}

/* A process, or a new one, brings `to` to the end. */
static void
check_goes_on(struct bnc_store *store, const struct scenario *s, struct reader *r)
{
    struct bnc_error err = {0};
    const struct version *to = s->to;

    r->may_miss = NULL;
    r->strict = false;
    memset(r->seen, 0, sizeof(r->seen));
    if (put_version(store, to, &err)) {
        print_error("row \"%s\": it does not go on: %s\n", bnc_row, err.message);
        fail();
    }
    CHECK_STR(bnc_store_current(store), to->id);
    CHECK_INT(bnc_store_check(store, NULL, NULL), 0);
    look(r);
    CHECK_INT(bnc_store_tidy(store, NULL, &err), BNC_OK);
    look(r);
    for (size_t i = 0; i < BNC_LEN(versions); i++) {
        CHECK_INT(r->seen[i], versions[i] == to);
    }
    check_tidy(to);
}

/* One scenario with one cut.  False: the cut was beyond its end. */
static bool
run_cut(const struct scenario *s, enum cut cut, long at, long *looks)
{
    struct bnc_error err = {0};
    struct wrap w;
    struct reader r = {.to = s->to, .may_miss = s->damage};

    memcpy(r.seen, s->seen, sizeof(r.seen));
    for (size_t i = 0; i < BNC_LEN(versions); i++) {
        r.strict = r.strict || (versions[i] == s->to && !s->seen[i]);
    }
    prepare(s);
    wrap_init(&w, real, out);
    struct bnc_store *store = bnc_store_new(&w.base, out);
    CHECK_INT(bnc_store_open(store, &err), BNC_OK);
    w.cut = cut;
    w.at = at;
    w.ops = 0;
    w.before = look_before;
    w.arg = &r;
    enum bnc_code code = s->act(store, &err);
    bool met = w.ops > at;
    w.before = NULL;
    look(&r);
    *looks += r.looks;
    /* what is only swept away may fail without harm */
    CHECK(met || code == BNC_OK);

    w.cut = CUT_NEVER;
    if (!w.dead) {
        check_truth(store);
    } else {
        bnc_store_free(store);
        store = bnc_store_new(real, out);
        CHECK_INT(bnc_store_open(store, &err), BNC_OK);
    }
    check_goes_on(store, s, &r);
    bnc_store_free(store);
    bnc_map_free(w.dirty);
    CHECK_INT(bnc_dir_remove(real, out, 1000, &err), BNC_OK);
    return met;
}

static long
run_scenario(const struct scenario *s, long *looks)
{
    char row[128];
    long n = 0;
    bnc_test_row(row);
    for (int cut = CUT_CLEAN; cut < CUT_COUNT; cut++) {
        bool met = true;
        for (long at = 0; met; at++) {
            (void)snprintf(row, sizeof(row), "%s: %s at %ld", s->name, cut_names[cut],
                           at);
            met = run_cut(s, (enum cut)cut, at, looks);
            n += met;
        }
    }
    bnc_test_row("");
    return n;
}

TEST(every_cut)
{
    long cuts = 0;
    long looks = 0;
    /* thousands of syncs: in memory when we can */
    (void)snprintf(root, sizeof(root), "%s/bnc-cut-XXXXXX",
                   access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    test_folder_new(root);
    (void)snprintf(out, sizeof(out), "%s/out", root);
    real = test_world_new();
    for (size_t i = 0; i < BNC_LEN(scenarios); i++) {
        long n = run_scenario(&scenarios[i], &looks);
        print_message("%s: %ld cuts\n", scenarios[i].name, n);
        CHECK(n > 20);
        cuts += n;
    }
    print_message("%ld cuts, %ld files looked at between two operations\n", cuts, looks);
    bnc_world_free(real);
    test_folder_remove(root);
}

RUN_TESTS(every_cut)
