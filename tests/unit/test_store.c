#include "sync/store_parts.h"
#include "tests/unit/test_store_dir.h"

/* ---- names ----------------------------------------------------------------------- */

TEST(names)
{
    static const struct {
        const char *name;
        bool valid;
    } rows[] = {
        {"prometheus.yml", true},
        {"jobs/01-ab12.yml", true},
        {".hidden/A_b-c.9", true},
        {"a/b/c/d/e/f/g/h", true},
        {"...", true},
        {"", false},
        {"/etc/passwd", false},
        {"a//b", false},
        {"a/", false},
        {".", false},
        {"..", false},
        {"a/../b", false},
        {"a/./b", false},
        {"a/..", false},
        {"a b", false},
        {"a\nb", false},
        {"\xc3\xa4", false},
        {"a/b/c/d/e/f/g/h/i", false},
        {".binnacle-index", false},
    };
    char longest[BNC_STORE_MAX_NAME + 2];
    for (size_t i = 0; i < BNC_LEN(rows); i++) {
        bnc_test_row(rows[i].name);
        CHECK_INT(bnc_store_name_valid(rows[i].name), rows[i].valid);
    }
    bnc_test_row("long");
    memset(longest, 'a', sizeof(longest));
    longest[BNC_STORE_MAX_NAME + 1] = '\0';
    CHECK(!bnc_store_name_valid(longest));
    longest[BNC_STORE_MAX_NAME] = '\0';
    CHECK(bnc_store_name_valid(longest));
}

TEST(ids)
{
    static const struct {
        const char *name;
        const char *id;
        bool valid;
    } rows[] = {
        {"one digit", "0", true},
        {"the longest", "0123456789abcdef0123456789abcdef", true},
        {"too long", "0123456789abcdef0123456789abcdef0", false},
        {"none", "", false},
        {"capital", "A", false},
        {"with a part", "1/2", false},
        {"no number", "g", false},
    };
    set_up();
    for (size_t i = 0; i < BNC_LEN(rows); i++) {
        bnc_test_row(rows[i].name);
        enum bnc_code want = rows[i].valid ? BNC_OK : BNC_INVALID;
        CHECK_INT(bnc_store_begin(store, rows[i].id, &err), want);
        CHECK_INT(bnc_store_rollback(store, rows[i].id, &err),
                  rows[i].valid ? BNC_NOT_FOUND : BNC_INVALID);
    }
    tear_down();
}

/* ---- one generation after the other ------------------------------------------------ */

TEST(generations)
{
    struct stat st = {0};
    set_up();
    CHECK(bnc_store_current(store) == NULL);
    CHECK_INT(bnc_store_tidy(store, NULL, &err), BNC_NOT_FOUND);
    put(&version_a);
    CHECK_STR(bnc_store_current(store), "a1");
    CHECK_STR(content("current/files/secret"), "old secret");
    CHECK_INT(stat(in_out("current/files/secret"), &st), 0);
    CHECK_INT(st.st_mode & 07777, 0600);
    CHECK_INT(stat(in_out("current/.binnacle-index"), &st), 0);
    CHECK_INT(st.st_mode & 07777, 0600);
    CHECK_INT(stat(in_out("current/files"), &st), 0);
    CHECK_INT(st.st_mode & 07777, 0755);

    w.links = 0;
    w.closes = 0;
    put(&version_b);
    CHECK_STR(bnc_store_current(store), "b2");
    CHECK_INT(w.closes, 6); /* five files, and the index */
    CHECK_INT(w.links, 4);  /* one kept, three left over */
    CHECK_STR(content("current/files/secret"), "new secret");
    CHECK_STR(content("current/files/old"), "only a"); /* left over */
    CHECK_STR(content("current/deep/x/y-aaaa.yml"), "deep of a\n");
    CHECK_STR(content("gen-a1/files/secret"), "old secret");
    CHECK_INT(bnc_store_check(store, NULL, NULL), 0);

    reopen();
    CHECK_STR(bnc_store_current(store), "b2");
    CHECK_INT(bnc_store_tidy(store, "a1", &err), BNC_OK);
    CHECK(exists("gen-a1/files/old"));
    CHECK(!exists("current/files/old"));
    CHECK(!exists("current/deep"));
    CHECK(exists("current/rules/r-bbbb.yml"));

    put(&version_c);
    CHECK_INT(bnc_store_tidy(store, NULL, &err), BNC_OK);
    CHECK(!exists("gen-a1"));
    CHECK(!exists("gen-b2"));
    CHECK(!exists("current/rules"));
    CHECK_STR(content("proved/prometheus.yml"), "version c\n");
    tear_down();
}

/* What nobody has proved goes when there are more of them, what is proved stays. */
TEST(unproved_generations_are_bounded)
{
    char id[8];
    set_up();
    put(&version_a);
    CHECK_INT(bnc_store_tidy(store, NULL, &err), BNC_OK);
    for (int i = 0; i < 6; i++) {
        struct version version = version_b;
        (void)snprintf(id, sizeof(id), "%x", 0xe0 + i);
        version.id = id;
        put(&version);
        CHECK_STR(content("current/files/old"), "only a"); /* of the proved one */
    }
    reopen();
    CHECK_INT(bnc_store_begin(store, "f", &err), BNC_OK);
    CHECK(exists("gen-a1"));
    CHECK(exists("gen-e5"));
    CHECK(exists("gen-e4"));
    CHECK(exists("gen-e3"));
    CHECK(!exists("gen-e2"));
    CHECK(!exists("gen-e0"));
    tear_down();
}

TEST(rollback)
{
    set_up();
    put(&version_a);
    put(&version_b);
    CHECK_INT(bnc_store_rollback(store, "c3", &err), BNC_NOT_FOUND);
    CHECK_STR(bnc_store_current(store), "b2");
    CHECK_INT(bnc_store_rollback(store, "a1", &err), BNC_OK);
    CHECK_STR(bnc_store_current(store), "a1");
    CHECK_STR(content("current/prometheus.yml"), "version a\n");
    CHECK_STR(content("current/files/secret"), "old secret");
    CHECK_STR(content("current/rules/r-bbbb.yml"), "rules of b\n"); /* left over */
    CHECK_INT(bnc_store_rollback(store, "b2", &err), BNC_OK);
    CHECK_STR(content("current/files/secret"), "new secret");
    CHECK_INT(bnc_store_tidy(store, NULL, &err), BNC_OK);
    CHECK_INT(bnc_store_rollback(store, "a1", &err), BNC_NOT_FOUND);

    put(&version_a);
    overwrite("gen-b2/jobs/03-dddd.yml", "three of X\n");
    CHECK_INT(bnc_store_rollback(store, "b2", &err), BNC_CONFLICT);
    CHECK_STR(bnc_store_current(store), "a1");
    tear_down();
}

/* A left-over of an older generation gives way to that of the current one. */
TEST(the_newest_is_left_over)
{
    static const struct version with = {
        "d1", {{"prometheus.yml", "d\n", 0644}, {"files/old", "of d", 0644}}};
    set_up();
    put(&version_a);
    put(&version_b); /* has files/old of a */
    put(&with);
    CHECK_INT(bnc_store_rollback(store, "b2", &err), BNC_OK);
    CHECK_STR(content("current/files/old"), "of d");
    tear_down();
}

/* And one of the proved generation gives way to it, too. */
TEST(the_current_is_left_over)
{
    static const struct version without = {"d1", {{"prometheus.yml", "d\n", 0644}}};
    set_up();
    put(&version_a);
    CHECK_INT(bnc_store_tidy(store, NULL, &err), BNC_OK);
    put(&version_b);
    put(&without);
    CHECK_STR(content("current/files/secret"), "new secret");
    CHECK_STR(content("current/files/old"), "only a");
    tear_down();
}

static void
check_there(struct wrap *wrap, void *arg)
{
    BNC_UNUSED(wrap);
    BNC_UNUSED(arg);
    CHECK_STR(content("current/prometheus.yml"), "version b, longer\n");
}

/* Its folder's name is taken by the current one, or by an older one, or by both. */
TEST(the_same_again)
{
    set_up();
    put(&version_b);
    w.before = check_there;
    for (int i = 0; i < 5; i++) {
        put(&version_b);
        CHECK_STR(bnc_store_current(store), "b2");
        if (i == 2) {
            CHECK_INT(bnc_store_tidy(store, NULL, &err), BNC_OK);
        }
    }
    tear_down();
}

/* ---- failures --------------------------------------------------------------------- */

TEST(the_index_is_read_as_it_was_written)
{
    struct bnc_store_index *index = bnc_store_index_new();
    struct bnc_store_index *got = NULL;
    struct bnc_store_entry entry = {.size = 268435456, .mode = 0640};
    char name[32];

    set_up();
    memcpy(entry.sha256, sha256_of("x"), sizeof(entry.sha256));
    entry.name = name;
    for (int i = 0; i < 300; i++) {
        (void)snprintf(name, sizeof(name), "jobs/%03d.yml", i);
        (void)bnc_store_index_add(index, &entry);
    }
    CHECK_INT(bnc_store_index_write(real, in_out("x"), index, &err), BNC_OK);
    CHECK_INT(bnc_store_index_read(real, in_out("x"), &got, &err), BNC_OK);
    CHECK_INT(bnc_map_count(got->by_name), 300);
    const struct bnc_store_entry *last = bnc_store_index_get(got, "jobs/299.yml");
    CHECK_STR(last->sha256, sha256_of("x"));
    CHECK_INT(last->size, 268435456);
    CHECK_INT(last->mode, 0640);
    bnc_store_index_free(index);
    bnc_store_index_free(got);
    tear_down();
}

TEST(mistakes_of_the_caller)
{
    struct bnc_store_file *one = NULL;
    struct bnc_store_file *two = NULL;
    set_up();
    CHECK_INT(bnc_store_commit(store, &err), BNC_INVALID);
    CHECK_INT(bnc_store_file(store, "a", 0644, &one, &err), BNC_INVALID);
    CHECK_INT(bnc_store_keep(store, "a", &err), BNC_INVALID);

    CHECK_INT(bnc_store_begin(store, "1", &err), BNC_OK);
    CHECK_INT(bnc_store_file(store, "../a", 0644, &one, &err), BNC_INVALID);
    CHECK_INT(bnc_store_keep(store, "a", &err), BNC_NOT_FOUND);
    CHECK_INT(bnc_store_file(store, "a", 0644, &one, &err), BNC_OK);
    CHECK_INT(bnc_store_file(store, "a", 0644, &two, &err), BNC_OK);
    CHECK_INT(bnc_store_add(one, "1", 1, &err), BNC_OK);
    CHECK_INT(bnc_store_end(one, NULL, NULL, &err), BNC_OK);
    CHECK_INT(bnc_store_end(two, NULL, NULL, &err), BNC_CONFLICT);
    CHECK_INT(bnc_store_file(store, "a", 0644, &two, &err), BNC_CONFLICT);
    CHECK_INT(bnc_store_file(store, "b", 0644, &two, &err), BNC_OK);
    CHECK_INT(bnc_store_commit(store, &err), BNC_INVALID); /* b is open */
    CHECK_INT(bnc_store_add(two, "1", 1, &err), BNC_INVALID);
    CHECK_INT(bnc_store_end(two, NULL, NULL, &err), BNC_INVALID);

    CHECK_INT(bnc_store_begin(store, "1", &err), BNC_OK);
    CHECK_INT(bnc_store_file(store, "a", 0644, &one, &err), BNC_OK);
    CHECK_INT(bnc_store_add(one, "", BNC_STORE_MAX_FILE + 1, &err), BNC_TOO_BIG);
    CHECK_INT(bnc_store_end(one, NULL, NULL, &err), BNC_UNAVAILABLE);
    CHECK_INT(bnc_store_file(store, "c", 0644, &one, &err), BNC_OK);
    bnc_store_cancel(store);
    CHECK(!exists("gen-1.tmp"));
    bnc_store_drop(one);
    bnc_store_drop(NULL);
    CHECK(!exists("current"));
    tear_down();
}

TEST(without_hard_links)
{
    set_up();
    w.no_links = true;
    put(&version_a);
    put(&version_b);
    CHECK_STR(content("current/files/old"), "only a");
    CHECK_STR(content("current/jobs/02-bbbb.yml"), "two of all\n");
    CHECK_INT(bnc_store_check(store, NULL, NULL), 0);
    CHECK(bnc_store_holds(store, "jobs/02-bbbb.yml", sha256_of("two of all\n")));
    CHECK_INT(bnc_store_tidy(store, NULL, &err), BNC_OK);
    CHECK(!exists("current/files/old"));
    tear_down();
}

/* An old name is a folder now, and an old folder a name. */
TEST(kinds_change_places)
{
    static const struct version one = {
        "1",
        {{"prometheus.yml", "1", 0644}, {"a", "file", 0644}, {"b/c", "below", 0644}}};
    static const struct version two = {
        "2",
        {{"prometheus.yml", "2", 0644}, {"a/c", "below", 0644}, {"b", "file", 0644}}};
    set_up();
    put(&one);
    put(&two);
    CHECK_STR(content("current/a/c"), "below");
    CHECK_STR(content("current/b"), "file");
    CHECK_INT(bnc_store_rollback(store, "1", &err), BNC_OK);
    CHECK_STR(content("current/b/c"), "below");
    tear_down();
}

RUN_TESTS(names, ids, generations, unproved_generations_are_bounded, rollback,
          the_newest_is_left_over, the_current_is_left_over, the_same_again,
          the_index_is_read_as_it_was_written, mistakes_of_the_caller, without_hard_links,
          kinds_change_places)
