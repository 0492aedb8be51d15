/* Rule groups: in text, in an answer of Prometheus, and as a set. */
#include "sync/server_scan.h"
#include "tests/unit/test.h"

/* "NAME first-last RULES|" for each group, "NAME|" for each job */
static void
on_item(void *arg, const struct bnc_job *job)
{
    struct bnc_str *out = arg;
    bnc_str_add(out, job->name.ptr, job->name.len);
    if (job->group) {
        bnc_str_fmt(out, " %llu-%llu %llu", (unsigned long long)job->first,
                    (unsigned long long)job->last, (unsigned long long)job->rules);
    }
    bnc_str_putc(out, '|');
}

static const struct {
    const char *name;
    const char *text;
    const char *want;
    const char *error;
} scans[] = {
    {"nothing", "groups: []\n", "", ""},
    {"two",
     "groups:\n- name: a\n  rules:\n  - record: x\n    expr: y\n  - alert: z\n"
     "    labels:\n      l: m\n- name: b\n  interval: 1m\n  rules:\n  - record: x\n",
     "a 2-8 2|b 9-12 1|", ""},
    {"deeper", "groups:\n  - name: a\n    rules:\n      - record: x\n      - record: y\n",
     "a 2-5 2|", ""},
    {"name comes later", "groups:\n- rules:\n  - record: x\n  name: a\n", "a 2-4 1|", ""},
    {"no rules", "groups:\n- name: a\n- name: b\n  rules: []\n- name: c\n  rules:\n",
     "a 2-2 0|b 3-4 0|c 5-6 0|", ""},
    {"a text that looks like one",
     "groups:\n- name: a\n  rules:\n  - expr: |-\n      - alert\n      - x\n"
     "    record: y\n",
     "a 2-7 1|", ""},
    {"other lists do not count",
     "groups:\n- name: a\n  others:\n  - x\n  rules:\n  - record: y\n", "a 2-6 1|", ""},
    {"names of rules do not count",
     "groups:\n- name: a\n  rules:\n  - name: no\n    job_name: no\n", "a 2-5 1|", ""},
    {"jobs and groups",
     "groups:\n- name: a\n  rules:\n  - record: x\nscrape_configs:\n- job_name: b\n"
     "  name: c\n",
     "a 2-4 1|b|", ""},
    {"nameless", "groups:\n- rules:\n  - record: x\n", "",
     "line 2: a rule group without name"},
    {"braces", "groups: [{name: a}]\n", "", "line 1: rule groups in an unknown form"},
};

TEST(groups_in_text)
{
    for (size_t i = 0; i < BNC_LEN(scans); i++) {
        for (size_t piece = 1; piece < 200; piece += 66) {
            struct bnc_str out = bnc_str_new(NULL, 10000);
            BNC_AUTO(bnc_job_scan) scan = bnc_job_scan_new(on_item, &out);
            struct bnc_error err = {0};
            size_t n = strlen(scans[i].text);

            bnc_test_row(scans[i].name);
            bnc_str_puts(&out, "");
            for (size_t k = 0; k < n; k += piece) {
                bnc_job_scan_feed(scan, scans[i].text + k, n - k < piece ? n - k : piece);
            }
            CHECK_INT(bnc_job_scan_finish(scan, &err),
                      scans[i].error[0] == '\0' ? BNC_OK : BNC_INVALID);
            CHECK_STR(err.message, scans[i].error);
            CHECK_STR(out.ptr, scans[i].want);
            bnc_str_free(&out);
        }
    }
}

/* ---- in an answer ---------------------------------------------------------------- */

static void
on_group(void *arg, const char *name, size_t n, uint64_t rules)
{
    struct bnc_str *out = arg;
    bnc_str_add(out, name, n);
    bnc_str_fmt(out, " %llu|", (unsigned long long)rules);
}

#define RULE                                                                             \
    "{\"name\":\"r\",\"query\":\"x\",\"labels\":{\"query\":\"no\"},\"alerts\":null}"
#define ALERT                                                                            \
    "{\"state\":\"firing\",\"name\":\"A\",\"query\":\"y\",\"alerts\":[{\"labels\":"      \
    "{\"name\":\"no\"},\"query\":\"no\",\"value\":\"1\"}]}"
#define GROUP(name, rules)                                                               \
    "{\"name\":\"" name "\",\"file\":\"/x\",\"rules\":[" rules "],\"interval\":30}"
#define ANSWER(groups) "{\"status\":\"success\",\"data\":{\"groups\":[" groups "]}}"

static const struct {
    const char *name;
    const char *text;
    const char *want;
    bool bad;
} answers[] = {
    {"none", ANSWER(""), "", false},
    {"null", "{\"status\":\"success\",\"data\":{\"groups\":null}}", "", false},
    {"two", ANSWER(GROUP("a", RULE "," ALERT) "," GROUP("b", RULE)), "a 2|b 1|", false},
    {"escapes", ANSWER(GROUP("\\u003ca\\u003e\\\"", "")), "<a>\" 0|", false},
    {"elsewhere", "{\"data\":{\"other\":[" GROUP("a", RULE) "]}}", "", false},
    {"cut", "{\"data\":{\"groups\":[" GROUP("a", RULE), "a 1|", true},
    {"no JSON", "404 page not found", "", true},
};

TEST(groups_in_an_answer)
{
    for (size_t i = 0; i < BNC_LEN(answers); i++) {
        for (size_t piece = 1; piece < 400; piece += 133) {
            struct bnc_str out = bnc_str_new(NULL, 10000);
            struct bnc_rules_scan scan;
            struct bnc_error err = {0};
            size_t n = strlen(answers[i].text);

            bnc_test_row(answers[i].name);
            bnc_str_puts(&out, "");
            bnc_rules_scan_init(&scan, on_group, &out);
            for (size_t k = 0; k < n; k += piece) {
                bnc_rules_scan_feed(&scan, answers[i].text + k,
                                    n - k < piece ? n - k : piece);
            }
            CHECK_INT(bnc_rules_scan_end(&scan, &err) != BNC_OK, answers[i].bad);
            CHECK_STR(out.ptr, answers[i].want);
            bnc_rules_scan_free(&scan);
            bnc_str_free(&out);
        }
    }
}

/* ---- as a set -------------------------------------------------------------------- */

static void
add(struct bnc_jobs *jobs, const char *name, bool group, uint64_t rules)
{
    const struct bnc_job job = {
        .group = group, .rules = rules, .name = {name, strlen(name)}};
    bnc_jobs_add_job(jobs, &job);
}

TEST(groups_as_a_set)
{
    BNC_AUTO(bnc_jobs) jobs = bnc_jobs_new();
    struct bnc_jobs_diff diff;

    bnc_test_row("beside the jobs");
    add(jobs, "a", false, 0);
    add(jobs, "a", true, 2);
    add(jobs, "b", true, 3);
    add(jobs, "empty", true, 0); /* a server does not show it */
    CHECK_INT(bnc_jobs_count(jobs), 1);
    CHECK_INT(bnc_jobs_count(bnc_jobs_groups(jobs)), 2);

    bnc_test_row("a name and its number of rules");
    BNC_AUTO(bnc_jobs_match) match = bnc_jobs_match_new(bnc_jobs_groups(jobs));
    bnc_jobs_match_group(match, "a", 1, 2);
    bnc_jobs_match_group(match, "b", 1, 2);
    bnc_jobs_match_group(match, "other", 5, 3);
    bnc_jobs_match_end(match, &diff);
    CHECK_INT(diff.missing, 1);
    CHECK_INT(diff.surplus, 2);
    CHECK(diff.named[0] == bnc_group_hash("b", 1, 3));
}

RUN_TESTS(groups_in_text, groups_in_an_answer, groups_as_a_set)
