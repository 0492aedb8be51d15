#include "tests/unit/test_store_dir.h"

/* ---- what somebody else does ------------------------------------------------------ */

static void
note_name(void *arg, const char *name, bool missing)
{
    char *text = arg;
    (void)strcat(strcat(strcat(text, missing ? "-" : "!"), name), " ");
}

TEST(changes_are_noticed)
{
    static const struct {
        const char *name;
        const char *command; /* in OUT/current */
        const char *told;    /* by check */
        const char *told_after_start;
        bool still_held; /* prometheus.yml, by content */
    } rows[] = {
        {"nothing", "true", "", "", true},
        {"other bytes", "echo Version a > prometheus.yml", "!prometheus.yml ", "", false},
        {"another size", "echo >> prometheus.yml", "!prometheus.yml ", "!prometheus.yml ",
         false},
        {"the same again", "cp prometheus.yml x && mv x prometheus.yml",
         "!prometheus.yml ", "", true},
        {"touched", "touch -d 2001-01-01 prometheus.yml", "!prometheus.yml ", "", true},
        {"the mode", "chmod 0600 prometheus.yml", "!prometheus.yml ", "!prometheus.yml ",
         false},
        {"removed", "rm prometheus.yml", "-prometheus.yml ", "-prometheus.yml ", false},
        {"a link", "mv prometheus.yml x && ln -s x prometheus.yml", "!prometheus.yml ",
         "!prometheus.yml ", false},
        {"a folder", "rm prometheus.yml && mkdir prometheus.yml", "!prometheus.yml ",
         "!prometheus.yml ", false},
    };
    char command[400];
    for (size_t i = 0; i < BNC_LEN(rows); i++) {
        char told[200] = "";
        char told_after_start[200] = "";
        set_up();
        put(&version_a);
        bnc_test_row(rows[i].name);
        (void)snprintf(command, sizeof(command), "sleep 0.02 && cd %s/current && %s", out,
                       rows[i].command); /* a tick of the file system's clock later */
        CHECK_INT(system(command), 0);
        size_t n = bnc_store_check(store, note_name, told);
        CHECK_STR(told, rows[i].told);
        CHECK_INT(n, rows[i].told[0] == '\0' ? 0 : 1);
        CHECK_INT(bnc_store_holds(store, "prometheus.yml", sha256_of("version a\n")),
                  rows[i].still_held);
        reopen();
        (void)bnc_store_check(store, note_name, told_after_start);
        CHECK_STR(told_after_start, rows[i].told_after_start);
        CHECK_INT(bnc_store_holds(store, "prometheus.yml", sha256_of("version a\n")),
                  rows[i].still_held);
        /* and the same generation can be made again */
        put(&version_a);
        CHECK_STR(content("current/prometheus.yml"), "version a\n");
        CHECK_STR(bnc_store_current(store), "a1");
        CHECK_INT(bnc_store_check(store, NULL, NULL), 0);
        tear_down();
    }
}

TEST(the_link)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    char told[100] = "";
    const char *target = NULL;
    set_up();
    put(&version_a);
    put(&version_b);
    CHECK_INT(bnc_symlink_put(real, "gen-a1", in_out("current"), &err), BNC_OK);
    CHECK_INT(bnc_store_check(store, note_name, told), 1);
    CHECK_STR(told, "!current ");
    CHECK_INT(bnc_store_rollback(store, "b2", &err), BNC_OK); /* put again */
    CHECK_INT(bnc_store_check(store, NULL, NULL), 0);

    /* of somebody else: unknown, and replaced */
    CHECK_INT(bnc_symlink_put(real, "../elsewhere", in_out("current"), &err), BNC_OK);
    reopen();
    CHECK(bnc_store_current(store) == NULL);
    put(&version_b);
    CHECK_INT(bnc_symlink_get(real, in_out("current"), arena, &target, &err), BNC_OK);
    CHECK(bnc_str_starts(target, "gen-b2"));

    CHECK_INT(unlink(in_out("current")), 0);
    CHECK_INT(mkdir(in_out("current"), 0755), 0);
    CHECK_INT(bnc_store_open(store, &err), BNC_CONFLICT);
    CHECK(strstr(err.message, "/current is there and is no link") != NULL);
    tear_down();
}

TEST(an_index_that_is_not_ours)
{
    static const struct {
        const char *name;
        const char *command; /* on the index */
    } rows[] = {
        {"absent", "rm -f"},
        {"empty", "truncate -s 0"},
        {"cut", "truncate -s -20"},
        {"longer", "dd status=none if=/dev/zero bs=100 count=1 oflag=append conv=notrunc "
                   "of="},
        {"another size in it", "sed -i 's/ 10 / 11 /'"},
        {"binary", "cp /bin/true"},
        {"a folder", "f() { rm $1 && mkdir $1; }; f"},
    };
    char command[500];
    for (size_t i = 0; i < BNC_LEN(rows); i++) {
        set_up();
        put(&version_a);
        bnc_test_row(rows[i].name);
        (void)snprintf(command, sizeof(command), "cd %s/current && %s%s.binnacle-index",
                       out, rows[i].command,
                       bnc_str_ends(rows[i].command, "=") ? "" : " ");
        CHECK_INT(system(command), 0);
        reopen();
        CHECK(bnc_store_current(store) == NULL);
        CHECK(!bnc_store_holds(store, "prometheus.yml", sha256_of("version a\n")));
        CHECK_INT(bnc_store_rollback(store, "a1", &err),
                  i == 0 ? BNC_NOT_FOUND : BNC_CONFLICT);
        put(&version_b);
        /* all that was there is left over */
        CHECK_STR(content("current/deep/x/y-aaaa.yml"), "deep of a\n");
        CHECK_STR(content("current/prometheus.yml"), "version b, longer\n");
        tear_down();
    }
}

/* OUT is taken away, and comes back. */
TEST(the_folder_is_gone)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    set_up();
    put(&version_a);
    CHECK_INT(bnc_dir_remove(real, out, 1000, &err), BNC_OK);
    CHECK_INT(bnc_store_check(store, NULL, NULL), 7); /* six files and the link */
    put(&version_a);
    CHECK_INT(bnc_store_check(store, NULL, NULL), 0);
    CHECK_STR(content("current/deep/x/y-aaaa.yml"), "deep of a\n");
    CHECK_STR(bnc_store_path(store, "prometheus.yml", arena),
              bnc_arena_fmt(arena, "%s/gen-a1/prometheus.yml", out));
    CHECK(bnc_store_path(store, "none", arena) == NULL);

    /* a file where OUT should be */
    CHECK_INT(bnc_dir_remove(real, out, 1000, &err), BNC_OK);
    CHECK_INT(bnc_file_write(real, out, test_bytes("x"), 0644, &err), BNC_OK);
    CHECK_INT(put_version(store, &version_b, &err), BNC_CONFLICT);
    CHECK_STR(bnc_store_current(store), "a1");
    CHECK_INT(bnc_file_remove(real, out, &err), BNC_OK);
    put(&version_b);
    CHECK_STR(content("current/jobs/03-dddd.yml"), "three of b\n");
    tear_down();
}

RUN_TESTS(changes_are_noticed, the_link, an_index_that_is_not_ours, the_folder_is_gone)
