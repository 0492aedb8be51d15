#include "sync/search.h"
#include "tests/unit/test_store_dir.h"

#define HEAD  "global:\n  scrape_interval: 15s\n"
#define FILES "scrape_config_files:\n- jobs-a.yml\n- jobs-b.yml\n- jobs-c.yml\n"
#define MUTE  "one or more errors occurred while applying the new configuration"
#define PAD   "  pad: ......................................................\n"

/* A Prometheus that judges by what `current` has. */
static struct {
    struct bnc_listener *listener;
    struct bnc_server *server;
    struct bnc_search *search;
    int reloads;
    int away_at;   /* of them, from this one on it does not answer well; 0: never */
    int end_at;    /* in this one the search is given up */
    int broken_at; /* from this one on the disk takes nothing */
    size_t most;   /* jobs in one probe */
    /* what came back */
    int calls;
    char job[64];
    char message[300];
    bool head;
    bool restored;
} p;

static uint64_t
line_of(const char *text, const char *at)
{
    uint64_t line = 1;
    for (; text < at; text++) {
        line += *text == '\n';
    }
    return line;
}

/* All jobs of the probe are whole: three lines each. */
static void
check_jobs(const char *text)
{
    static const char start[] = "- job_name: job-";
    size_t n = 0;
    for (const char *at = strstr(text, start); at != NULL; at = strstr(at, start)) {
        at = strchr(at, '\n') + 1;
        CHECK(bnc_str_starts(at, "  evil: "));
        at = strchr(at, '\n') + 1;
        CHECK(bnc_str_starts(at, PAD));
        n++;
    }
    p.most = n > p.most ? n : p.most;
}

/* What is wrong, in its words; "": nothing. */
static const char *
judge(const char *text, struct bnc_arena *arena)
{
    const char *at;
    if (strstr(text, "nonsense") != NULL) {
        return "unknown unit \"nonsense\"";
    }
    if ((at = strstr(text, "evil: line")) != NULL) {
        return bnc_arena_fmt(
            arena, "yaml: unmarshal errors:\n  line %llu: field evil not found in type x",
            (unsigned long long)line_of(text, at));
    }
    if (strstr(text, "evil: mute") != NULL) {
        return "unknown relabel action \"fry\"";
    }
    if (strstr(text, "evil: named") != NULL) {
        return "found multiple scrape configs with job name \"twice\"";
    }
    at = strstr(text, bnc_blame_probe_text);
    return at == NULL ? ""
                      : "found multiple scrape configs with job name "
                        "\"binnacle.dev/never-loads\"";
}

static void
serve(void *arg, struct bnc_http_exchange *exchange, const struct bnc_http_query *query)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    struct bnc_bytes text = {0};
    struct bnc_error unread = {0};

    BNC_UNUSED(arg);
    p.reloads++;
    CHECK_STR(query->path, "/-/reload");
    CHECK_INT(bnc_file_read(real, in_out("current/prometheus.yml"), 1 << 20, arena, &text,
                            &unread),
              BNC_OK);
    CHECK(bnc_str_starts(text.ptr, HEAD));
    CHECK(strstr(text.ptr, bnc_blame_probe_text) != NULL); /* it can never load */
    check_jobs(text.ptr);
    w.dead = p.broken_at != 0 && p.reloads >= p.broken_at;
    if (p.end_at == p.reloads) {
        bnc_search_free(p.search);
        p.search = NULL;
        bnc_world_stop(real);
    }
    if (p.away_at != 0 && p.reloads >= p.away_at) {
        bnc_http_answer(exchange, 503, "text/plain", test_bytes("away"));
        return;
    }
    const char *words = bnc_arena_fmt(
        arena,
        "failed to reload config: couldn't load configuration (--config.file=\"x\"): "
        "parsing YAML file %s/current/prometheus.yml: %s",
        out, judge(text.ptr, arena));
    bnc_http_answer(exchange, 500, "text/plain", test_bytes(words));
}

static void
on_search(void *arg, const struct bnc_search_result *result)
{
    BNC_UNUSED(arg);
    p.calls++;
    (void)snprintf(p.job, sizeof(p.job), "%s", result->job == NULL ? "" : result->job);
    (void)snprintf(p.message, sizeof(p.message), "%s", result->message);
    p.head = result->head;
    p.restored = result->restored;
    bnc_world_stop(real);
}

/* As test_run(), with the patience that a slow disk needs. */
static void
run(void)
{
    struct guard guard = {.world = real};
    struct bnc_timer *timer = bnc_timer_new(real, test_late, &guard);
    bnc_timer_set(timer, 30000);
    bnc_world_run(real);
    bnc_timer_free(timer);
    CHECK(!guard.late);
}

/* ---- generations --------------------------------------------------------------- */

static void
put_text(const char *name, struct bnc_bytes text)
{
    struct bnc_store_file *file = NULL;
    CHECK_INT(bnc_store_file(store, name, 0644, &file, &err), BNC_OK);
    CHECK_INT(bnc_store_add(file, text.ptr, text.len, &err), BNC_OK);
    CHECK_INT(bnc_store_end(file, NULL, NULL, &err), BNC_OK);
}

static void
add_jobs(struct bnc_str *to, int from, int upto, int bad, const char *evil)
{
    for (int i = from; i < upto; i++) {
        bnc_str_fmt(to, "- job_name: job-%04d\n  evil: %s\n" PAD, i,
                    i == bad ? evil : "not");
    }
}

struct sick {
    const char *head; /* instead of HEAD */
    int n;            /* jobs */
    bool files;       /* a quarter in each of four documents */
    int bad;          /* the first of them that is; -1: none */
    const char *evil; /* what is wrong with it */
};

static void
put_refused(const struct sick *sick)
{
    static const char *const names[] = {"prometheus.yml", "jobs-a.yml", "jobs-b.yml",
                                        "jobs-c.yml"};
    int each = sick->files ? sick->n / 4 : sick->n;
    CHECK_INT(bnc_store_begin(store, "b2", &err), BNC_OK);
    for (int i = 0; i < (sick->files ? 4 : 1); i++) {
        struct bnc_str text = bnc_str_new(NULL, 1 << 20);
        if (i == 0) {
            bnc_str_puts(&text, sick->head);
            bnc_str_puts(&text, sick->files ? FILES : "");
        }
        bnc_str_puts(&text, sick->n == 0 ? "" : "scrape_configs:\n");
        add_jobs(&text, i * each, (i + 1) * each, sick->bad, sick->evil);
        put_text(names[i], (struct bnc_bytes){text.ptr, text.len});
        bnc_str_free(&text);
    }
    CHECK_INT(bnc_store_commit(store, &err), BNC_OK);
}

static void
start(const struct sick *sick, const char *message)
{
    static const char *const single[] = {"prometheus.yml", NULL};
    static const char *const many[] = {"jobs-a.yml", "jobs-b.yml", "jobs-c.yml", NULL};
    char url[64];
    char folder[100];

    set_up();
    put(&version_a);
    CHECK_INT(bnc_store_tidy(store, NULL, &err), BNC_OK);
    put_refused(sick);
    bnc_store_hold(store, "b2");
    CHECK_INT(bnc_store_rollback(store, "a1", &err), BNC_OK);
    CHECK_INT(bnc_listen(real, "127.0.0.1:0", 1000, serve, NULL, &p.listener, &err),
              BNC_OK);
    (void)snprintf(url, sizeof(url), "http://127.0.0.1:%d",
                   bnc_listener_port(p.listener));
    CHECK_INT(bnc_server_new(real, url, NULL, &p.server, &err), BNC_OK);
    (void)snprintf(folder, sizeof(folder), "%s/gen-b2", out);
    const struct bnc_search_ask ask = {.world = real,
                                       .server = p.server,
                                       .store = store,
                                       .folder = folder,
                                       .config = "prometheus.yml",
                                       .files = sick->files ? many : single,
                                       .message = message};
    p.search = bnc_search_start(&ask, on_search, NULL);
    CHECK_INT(p.calls, 0);
}

static void
end(void)
{
    bnc_search_free(p.search);
    bnc_server_free(p.server);
    bnc_listener_free(p.listener);
    tear_down();
}

static void
check_good(void)
{
    CHECK_STR(bnc_store_current(store), "a1");
    CHECK_STR(content("current/prometheus.yml"), "version a\n");
    CHECK_INT(bnc_store_check(store, NULL, NULL), 0);
}

/* ---- tests --------------------------------------------------------------------- */

#define NAMED(words) "parsing YAML file /c/current/prometheus.yml: " words

static const struct {
    const char *name;
    struct sick sick;
    const char *message;
    const char *job;
    const char *words; /* in what is told */
    int reloads;       /* at most */
    bool head;
} culprit_rows[] = {
    {"the first of many",
     {HEAD, 1000, false, 0, "mute"},
     "x",
     "job-0000",
     "fry",
     13,
     false},
    {"the last of many",
     {HEAD, 1000, false, 999, "mute"},
     "x",
     "job-0999",
     "fry",
     13,
     false},
    {"in the middle",
     {HEAD, 1000, false, 612, "mute"},
     "x",
     "job-0612",
     "fry",
     13,
     false},
    {"in files, the first",
     {HEAD, 1000, true, 0, "mute"},
     MUTE,
     "job-0000",
     "fry",
     13,
     false},
    {"in files, the last",
     {HEAD, 1000, true, 999, "mute"},
     MUTE,
     "job-0999",
     "fry",
     13,
     false},
    {"in files, a border",
     {HEAD, 1000, true, 250, "mute"},
     MUTE,
     "job-0250",
     "fry",
     13,
     false},
    {"in files, a line is told once all are together",
     {HEAD, 1000, true, 777, "line"},
     MUTE,
     "job-0777",
     "field evil",
     2,
     false},
    {"in files, the name is",
     {HEAD, 40, true, 7, "named"},
     MUTE,
     "twice",
     "multiple",
     2,
     false},
    {"one job", {HEAD, 1, false, 0, "mute"}, "x", "job-0000", "fry", 3, false},
    {"two jobs", {HEAD, 2, false, 1, "mute"}, "x", "job-0001", "fry", 4, false},
    {"no job is bad", {HEAD, 40, true, -1, "mute"}, MUTE, "", "", 2, false},
    {"no job", {HEAD, 0, false, -1, "mute"}, "x", "", "x", 1, false},
    {"the head",
     {HEAD "  x: nonsense\n", 40, true, -1, "mute"},
     MUTE,
     "",
     "nonsense",
     1,
     true},
    {"the head and a job",
     {HEAD "  x: nonsense\n", 40, true, 3, "mute"},
     MUTE,
     "",
     "nonsense",
     1,
     true},
    {"it said the line",
     {HEAD, 40, false, 2, "line"},
     NAMED("yaml: unmarshal errors:\n  line 11: field evil not found in type x"),
     "job-0002",
     "field evil",
     0,
     false},
    {"it said the job",
     {HEAD, 40, false, 2, "named"},
     NAMED("found multiple scrape configs with job name \"job-0002\""),
     "job-0002",
     "multiple",
     0,
     false},
    {"it said the head",
     {HEAD, 40, false, -1, ""},
     NAMED("found multiple remote write configs with job name \"x\""),
     "",
     "remote",
     0,
     true},
    {"a line of the head",
     {HEAD "  x: nonsense\n", 40, false, -1, "mute"},
     NAMED("yaml: unmarshal errors:\n  line 3: field x not found in type y"),
     "",
     "nonsense",
     1,
     true},
};

TEST(culprits)
{
    for (size_t i = 0; i < BNC_LEN(culprit_rows); i++) {
        memset(&p, 0, sizeof(p));
        bnc_test_row(culprit_rows[i].name);
        start(&culprit_rows[i].sick, culprit_rows[i].message);
        run();
        CHECK_INT(p.calls, 1);
        CHECK_STR(p.job, culprit_rows[i].job);
        CHECK_INT(p.head, culprit_rows[i].head);
        CHECK(strstr(p.message, culprit_rows[i].words) != NULL);
        CHECK(p.restored);
        CHECK(p.reloads <= culprit_rows[i].reloads);
        CHECK(p.reloads < 2 || p.most == (size_t)culprit_rows[i].sick.n);
        check_good();
        end();
    }
}

/* It ends early: nothing is said that is not known, and no probe stays. */
TEST(early_ends)
{
    static const struct sick sick = {HEAD, 40, true, 3, "mute"};
    static const struct {
        const char *name;
        int away_at;
        int end_at;
    } rows[] = {{"away at once", 1, 0},
                {"away between", 4, 0},
                {"given up at once", 0, 1},
                {"given up between", 0, 3}};

    for (size_t i = 0; i < BNC_LEN(rows); i++) {
        memset(&p, 0, sizeof(p));
        bnc_test_row(rows[i].name);
        p.away_at = rows[i].away_at;
        p.end_at = rows[i].end_at;
        start(&sick, MUTE);
        run();
        CHECK_INT(p.calls, rows[i].away_at > 0);
        CHECK_INT(p.reloads, rows[i].away_at + rows[i].end_at);
        CHECK_STR(p.job, "");
        CHECK(!p.head);
        check_good();
        end();
    }
}

TEST(given_up_before_it_begins)
{
    static const struct sick sick = {HEAD, 4, false, 3, "mute"};
    memset(&p, 0, sizeof(p));
    bnc_test_row("before");
    start(&sick, "x");
    bnc_search_free(p.search);
    p.search = NULL;
    test_run_ms(real, 30);
    CHECK_INT(p.calls + p.reloads, 0);
    check_good();
    end();
}

/* The disk fails: the search ends, and says whether a probe may have stayed. */
TEST(full_disk)
{
    static const struct sick sick = {HEAD, 40, true, 3, "mute"};
    memset(&p, 0, sizeof(p));
    bnc_test_row("full");
    p.broken_at = 2;
    start(&sick, MUTE);
    run();
    CHECK_INT(p.calls, 1);
    CHECK_STR(p.job, "");
    CHECK(!p.restored);
    w.dead = false;
    bnc_search_free(p.search); /* it tries once more */
    p.search = NULL;
    check_good();
    end();
}

/* A file of the refused generation is gone: no culprit, and no probe. */
TEST(lost_file)
{
    static const struct sick sick = {HEAD, 40, true, 3, "mute"};
    memset(&p, 0, sizeof(p));
    bnc_test_row("lost");
    start(&sick, MUTE);
    CHECK_INT(unlink(in_out("gen-b2/jobs-b.yml")), 0);
    run();
    CHECK_INT(p.calls, 1);
    CHECK_STR(p.job, "");
    CHECK_INT(p.reloads, 0);
    CHECK(p.restored);
    check_good();
    end();
}

RUN_TESTS(culprits, early_ends, given_up_before_it_begins, full_disk, lost_file)
