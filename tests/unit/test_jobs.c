#include "sync/jobs.h"
#include "tests/unit/test.h"

/* ---- in text --------------------------------------------------------------------- */

struct seen {
    struct bnc_str text; /* "NAME first-last|" for each */
};

static void
on_job(void *arg, const struct bnc_job *job)
{
    struct seen *seen = arg;
    bnc_str_add(&seen->text, job->name.ptr, job->name.len);
    bnc_str_fmt(&seen->text, " %llu-%llu|", (unsigned long long)job->first,
                (unsigned long long)job->last);
}

static enum bnc_code
scan(const char *text, size_t piece, bnc_job_fn fn, void *arg, struct bnc_error *err)
{
    BNC_AUTO(bnc_job_scan) jobs = bnc_job_scan_new(fn, arg);
    size_t n = strlen(text);
    for (size_t i = 0; i < n; i += piece) {
        bnc_job_scan_feed(jobs, text + i, n - i < piece ? n - i : piece);
    }
    return bnc_job_scan_finish(jobs, err);
}

static const struct {
    const char *name;
    const char *text;
    const char *want;
    const char *error;
} scans[] = {
    {"nothing", "", "", ""},
    {"empty list", "scrape_configs: []\n", "", ""},
    {"null", "scrape_configs: null\nx: y\n", "", ""},
    {"two",
     "global:\n  a: b\nscrape_configs:\n- job_name: one\n  x: y\n- job_name: two\n",
     "one 4-5|two 6-6|", ""},
    {"no line break at the end", "scrape_configs:\n- job_name: a", "a 2-2|", ""},
    {"quotes",
     "scrape_configs:\n- job_name: 'it''s: #1'\n- job_name: \"a\\\"\\u00e9\\n\"\n",
     "it's: #1 2-2|a\"\xc3\xa9\n 3-3|", ""},
    {"comment and blanks", "scrape_configs:\n# no\n- job_name: a  # why\n\n  x: y \n",
     "a 3-5|", ""},
    {"name comes later",
     "scrape_configs:\n- static_configs:\n  - targets:\n    - a:1\n  job_name: late\n"
     "- job_name: b\n",
     "late 2-5|b 6-6|", ""},
    {"other keys of that name",
     "scrape_configs:\n- params:\n    job_name: no\n  list:\n  - job_name: no\n"
     "  job_name: yes\n",
     "yes 2-6|", ""},
    {"and behind the name",
     "scrape_configs:\n- job_name: yes\n  params:\n    job_name: no\n", "yes 2-4|", ""},
    {"indented list",
     "scrape_configs:\n  - job_name: a\n    x:\n    - y\n  - job_name: b\n",
     "a 2-4|b 5-5|", ""},
    {"list ends", "scrape_configs:\n- job_name: a\nremote_write:\n- job_name: no\n",
     "a 2-2|", ""},
    {"other lists", "rules:\n- job_name: no\nscrape_config_files:\n- job_name: no\n", "",
     ""},
    {"text of a literal block is none",
     "x: |-\n  a\n\n  scrape_configs:\n  - job_name: no\nscrape_configs:\n- a: |\n"
     "    job_name: no\n  job_name: yes\n",
     "yes 7-9|", ""},
    {"item of text",
     "scrape_configs:\n- job_name: a\n  l:\n  - |-\n    job_name: no\n  - b\n", "a 2-6|",
     ""},
    {"name of two lines", "scrape_configs:\n- job_name: |-\n    a\n     b\n  x: y\n",
     "a\n b 2-5|", ""},
    {"windows", "scrape_configs:\r\n- job_name: a\r\n", "a 2-2|", ""},
    {"quoted key", "scrape_configs:\n- job_name: a\n  'job_name': b\n", "a 2-3|", ""},
    {"braces", "scrape_configs: [{job_name: a}]\n", "",
     "line 1: scrape jobs in an unknown form"},
    {"no name", "scrape_configs:\n- job_name: a\n- x: y\n- job_name: b\n", "a 2-2|b 4-4|",
     "line 3: a scrape job without job_name"},
    {"name that ends in a line break", "scrape_configs:\n- job_name: |\n    a\n",
     "a 2-3|", "line 2: scrape jobs in an unknown form"},
};

TEST(jobs_in_text)
{
    static const size_t pieces[] = {1, 3, 1000};

    for (size_t i = 0; i < BNC_LEN(scans); i++) {
        bnc_test_row(scans[i].name);
        for (size_t k = 0; k < BNC_LEN(pieces); k++) {
            struct seen seen = {.text = bnc_str_new(NULL, 4096)};
            struct bnc_error err = {0};
            bnc_str_puts(&seen.text, "");
            enum bnc_code code = scan(scans[i].text, pieces[k], on_job, &seen, &err);
            CHECK_STR(seen.text.ptr, scans[i].want);
            CHECK_STR(err.message, scans[i].error);
            CHECK_INT(code, scans[i].error[0] == '\0' ? BNC_OK : BNC_INVALID);
            bnc_str_free(&seen.text);
        }
    }
}

/* Lines over the limit are passed over; of names the first bytes count, everywhere. */
TEST(long_lines_and_names)
{
    struct bnc_str text = bnc_str_new(NULL, 1 << 20);
    struct seen seen = {.text = bnc_str_new(NULL, 1 << 20)};
    struct bnc_error err = {0};

    bnc_test_row("long");
    bnc_str_puts(&text, "scrape_configs:\n- job_name: a\n  regex: ");
    for (size_t i = 0; i < 40000; i++) {
        bnc_str_puts(&text, "- job_name: no ");
    }
    bnc_str_puts(&text, "\n- job_name: ");
    for (size_t i = 0; i < 30000; i++) {
        bnc_str_putc(&text, 'n');
    }
    bnc_str_puts(&text, "\n- job_name: b\n");
    CHECK_INT(scan(text.ptr, 700, on_job, &seen, &err), BNC_OK);
    CHECK(bnc_str_starts(seen.text.ptr, "a 2-3|nnn"));
    CHECK(bnc_str_ends(seen.text.ptr, "nnn 4-4|b 5-5|"));
    CHECK_INT(seen.text.len, 6 + BNC_JOB_NAME_MAX + 5 + 6);

    const char *name = strstr(text.ptr, "nnn");
    CHECK_INT(bnc_job_hash(name, 30000), bnc_job_hash(name, BNC_JOB_NAME_MAX));
    CHECK(bnc_job_hash(name, 30000) != bnc_job_hash(name, BNC_JOB_NAME_MAX - 1));
    bnc_str_free(&text);
    bnc_str_free(&seen.text);
}

TEST(job_of_a_line)
{
    static const char text[] = "global:\n  a: b\nscrape_configs:\n- job_name: one\n"
                               "  x: y\n- x: y\n  job_name: two\nremote_write: []\n";
    static const struct {
        const char *name;
        uint64_t line;
        const char *job;
        uint64_t first;
    } rows[] = {
        {"head", 2, NULL, 0},
        {"key of the list", 3, NULL, 0},
        {"first line", 4, "one", 4},
        {"last line", 5, "one", 4},
        {"before its name", 6, "two", 6},
        {"its name", 7, "two", 6},
        {"behind", 8, NULL, 0},
        {"far behind", 80, NULL, 0},
        {"no line", 0, NULL, 0},
    };

    for (size_t i = 0; i < BNC_LEN(rows); i++) {
        struct bnc_job_at at = {.line = rows[i].line};
        struct bnc_error err = {0};
        bnc_test_row(rows[i].name);
        CHECK_INT(scan(text, 7, bnc_job_at_line, &at, &err), BNC_OK);
        CHECK_INT(at.found, rows[i].job != NULL);
        CHECK_STR(at.name, rows[i].job == NULL ? "" : rows[i].job);
        CHECK_INT(at.first, rows[i].first);
    }
}

/* ---- as a set -------------------------------------------------------------------- */

static struct bnc_jobs *
set_of(const char *words)
{
    struct bnc_jobs *jobs = bnc_jobs_new();
    while (*words != '\0') {
        size_t n = strcspn(words, " ");
        bnc_jobs_add(jobs, words, n);
        words += n + (words[n] == ' ' ? 1 : 0);
    }
    return jobs;
}

TEST(sets)
{
    static const struct {
        const char *name;
        const char *a;
        const char *b;
        bool equal;
        size_t count;
        size_t missing; /* of a in b */
        size_t surplus;
    } rows[] = {
        {"empty", "", "", true, 0, 0, 0},
        {"same", "a b c", "c b a", true, 3, 0, 0},
        {"twice", "a a b", "b a", true, 2, 0, 0},
        {"one missing", "a b", "a", false, 2, 1, 0},
        {"one surplus", "a", "b a", false, 1, 0, 1},
        {"others", "a b", "c d", false, 2, 2, 2},
        {"none there", "a", "", false, 1, 1, 0},
        {"more than are named", "a b c d e f g h i j", "j", false, 10, 9, 0},
    };

    for (size_t i = 0; i < BNC_LEN(rows); i++) {
        BNC_AUTO(bnc_jobs) a = set_of(rows[i].a);
        BNC_AUTO(bnc_jobs) b = set_of(rows[i].b);
        BNC_AUTO(bnc_jobs_match) match = bnc_jobs_match_new(a);
        struct bnc_jobs_diff diff;
        bnc_test_row(rows[i].name);
        for (const char *p = rows[i].b; *p != '\0'; p++) {
            if (*p != ' ') {
                bnc_jobs_match_see(match, p, 1);
            }
        }
        bnc_jobs_match_end(match, &diff);
        CHECK_INT(bnc_jobs_equal(a, b), rows[i].equal);
        CHECK_INT(bnc_jobs_count(a), rows[i].count);
        CHECK_INT(diff.missing, rows[i].missing);
        CHECK_INT(diff.surplus, rows[i].surplus);
        CHECK_INT(diff.n_named, rows[i].missing > 8 ? 8 : rows[i].missing);
        for (size_t k = 0; k < diff.n_named; k++) {
            CHECK(bnc_jobs_has(a, diff.named[k]) && !bnc_jobs_has(b, diff.named[k]));
        }
    }
}

/* Seen twice is not two. */
TEST(a_name_that_comes_twice)
{
    BNC_AUTO(bnc_jobs) jobs = set_of("a b");
    BNC_AUTO(bnc_jobs_match) match = bnc_jobs_match_new(jobs);
    struct bnc_jobs_diff diff;

    bnc_jobs_match_see(match, "a", 1);
    bnc_jobs_match_see(match, "a", 1);
    bnc_jobs_match_end(match, &diff);
    CHECK_INT(diff.missing, 1);
    CHECK_INT(diff.n_named, 1);
    CHECK(diff.named[0] == bnc_job_hash("b", 1));
    CHECK_INT(diff.surplus, 0);
}

TEST(a_set_has_a_limit)
{
    BNC_AUTO(bnc_jobs) jobs = bnc_jobs_new();
    struct bnc_error err = {0};

    for (uint32_t i = 0; i < BNC_JOBS_MAX; i++) {
        bnc_jobs_add(jobs, (const char *)&i, sizeof(i));
    }
    for (uint32_t i = 0; i < 3; i++) {
        bnc_jobs_add(jobs, (const char *)&i, sizeof(i)); /* are there already */
    }
    CHECK_INT(bnc_jobs_check(jobs, &err), BNC_OK);
    CHECK_INT(bnc_jobs_count(jobs), BNC_JOBS_MAX);
    bnc_jobs_add(jobs, "one more", 8);
    CHECK_INT(bnc_jobs_count(jobs), BNC_JOBS_MAX);
    CHECK_INT(bnc_jobs_check(jobs, &err), BNC_TOO_BIG);
    CHECK_STR(err.message, "more than 1000000 scrape jobs");
}

RUN_TESTS(jobs_in_text, long_lines_and_names, job_of_a_line, sets,
          a_name_that_comes_twice, a_set_has_a_limit)
