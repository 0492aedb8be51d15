/* The search for a rule group: halves, beside what runs, that are never evaluated. */
#include "sync/search.h"
#include "tests/unit/test_store_dir.h"

#define MUTE                                                                             \
    "one or more errors occurred while applying the new configuration "                  \
    "(--config.file=\"x\")"
#define GOOD_ROOT                                                                        \
    "global: {}\nrule_files:\n- rules.yml\n- /own/base.yml\nscrape_configs:\n"           \
    "- job_name: runs\n"
#define GOOD_RULES                                                                       \
    "groups:\n- name: runs\n  interval: 5m\n  rules:\n  - record: a\n    expr: b\n"
#define TEXT_MAX ((size_t)1 << 20)

/* A Prometheus that judges by what `current` has. */
static struct {
    struct bnc_arena *arena;
    struct bnc_listener *listener;
    struct bnc_server *server;
    struct bnc_search *search;
    bool nothing_good; /* the refused one is the current one */
    int reloads;
    int loaded;  /* of them */
    int away_at; /* from this one on it does not answer well; 0: never */
    int end_at;  /* in this one the search is given up */
    size_t most; /* groups in one probe */
    int queries;
    /* what came back */
    int calls;
    char job[64];
    char message[300];
    bool group;
    bool restored;
} p;

static const char *
text_of(const char *name)
{
    struct bnc_bytes text = {0};
    struct bnc_error unread = {0};
    CHECK_INT(bnc_file_read(real, in_out(name), TEXT_MAX, p.arena, &text, &unread),
              BNC_OK);
    return text.ptr;
}

static size_t
count(const char *text, const char *what)
{
    size_t n = 0;
    for (; (text = strstr(text, what)) != NULL; text += strlen(what)) {
        n++;
    }
    return n;
}

/* All groups are whole, and none is evaluated within the lifetime of anybody. */
static bool
judge_groups(const char *config)
{
    const char *rules = text_of("current/rules-probe.yml");
    size_t n = count(rules, "name: g-");

    CHECK(strstr(config, p.nothing_good
                             ? "rule_files:\n- rules-probe.yml\nscrape"
                             : "rule_files:\n- rules-probe.yml\n- rules.yml\n- "
                               "/own/base.yml\nscrape") != NULL);
    CHECK_INT(count(config, "- job_name: runs\n"), 1);
    CHECK(p.nothing_good || strcmp(text_of("current/rules.yml"), GOOD_RULES) == 0);
    CHECK(bnc_str_starts(rules, "groups:\n- interval: 100y\n  name: g-"));
    CHECK_INT(count(rules, "interval: "), n);
    CHECK_INT(count(rules, "\n- interval: 100y\n  name: g-"), n);
    CHECK_INT(count(rules, "  rules:\n  - record: a:"), n);
    CHECK_INT(count(rules, "    expr: |-\n      sum("), n);
    p.most = n > p.most ? n : p.most;
    return strstr(rules, "evil") == NULL;
}

static void
answer_reload(struct bnc_http_exchange *exchange)
{
    const char *config = text_of("current/prometheus.yml");
    bool jobs = strstr(config, bnc_blame_probe_text) != NULL;

    p.reloads++;
    if (p.end_at == p.reloads) {
        bnc_search_free(p.search);
        p.search = NULL;
        bnc_world_stop(real);
    }
    if (p.away_at != 0 && p.reloads >= p.away_at) {
        bnc_http_answer(exchange, 503, "text/plain", test_bytes("away"));
    } else if (jobs) {
        bnc_http_answer(exchange, 500, "text/plain",
                        test_bytes("failed to reload config: found multiple scrape "
                                   "configs with job name "
                                   "\"binnacle.dev/never-loads\""));
    } else if (judge_groups(config)) {
        p.loaded++;
        bnc_http_answer(exchange, 200, "text/plain", test_bytes(""));
    } else {
        bnc_http_answer(exchange, 500, "text/plain",
                        test_bytes("failed to reload config: " MUTE));
    }
}

static void
serve(void *arg, struct bnc_http_exchange *exchange, const struct bnc_http_query *query)
{
    BNC_UNUSED(arg);
    if (bnc_str_ends(query->path, "/-/reload")) {
        answer_reload(exchange);
        return;
    }
    CHECK_STR(query->path, "/api/v1/format_query");
    p.queries++;
    if (strstr(query->query, "evil") != NULL) {
        CHECK(bnc_str_starts(query->query, "query=sum%28%0Aevil%5B%22a%20b%22%5D"));
        bnc_http_answer(exchange, 400, "application/json",
                        test_bytes("{\"status\":\"error\",\"error\":\"invalid parameter "
                                   "\\\"query\\\": 1:5: parse error: evil\"}"));
    } else {
        bnc_http_answer(exchange, 200, "application/json",
                        test_bytes("{\"status\":\"success\",\"data\":\"x\"}"));
    }
}

static void
on_search(void *arg, const struct bnc_search_result *result)
{
    BNC_UNUSED(arg);
    p.calls++;
    (void)snprintf(p.job, sizeof(p.job), "%s", result->job == NULL ? "" : result->job);
    (void)snprintf(p.message, sizeof(p.message), "%s", result->message);
    p.group = result->group;
    p.restored = result->restored;
    CHECK(!result->head);
    bnc_world_stop(real);
}

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
put_text(const char *name, const char *text)
{
    struct bnc_store_file *file = NULL;
    CHECK_INT(bnc_store_file(store, name, 0644, &file, &err), BNC_OK);
    CHECK_INT(bnc_store_add(file, text, strlen(text), &err), BNC_OK);
    CHECK_INT(bnc_store_end(file, NULL, NULL, &err), BNC_OK);
}

struct sick {
    int n;      /* groups */
    bool files; /* a quarter in each of four */
    int bad;    /* the first of them that is; -1: none */
    bool mute;  /* its expression is good */
    int jobs;
};

static void
put_rules(const struct sick *sick, const char *name, int from, int upto)
{
    struct bnc_str text = bnc_str_new(p.arena, TEXT_MAX);
    bnc_str_puts(&text, "groups:\n");
    for (int i = from; i < upto; i++) {
        bool evil = i == sick->bad;
        bnc_str_fmt(&text,
                    "- name: g-%04d\n%s  rules:\n  - record: a:%d%s\n    expr: |-\n"
                    "      sum(\n      %s[\"a b\"]\n      )\n  - alert: B\n"
                    "    expr: 'up == 0'\n",
                    i, i % 2 == 0 ? "  interval: 5m\n" : "", i,
                    evil && sick->mute ? "-evil" : "",
                    evil && !sick->mute ? "evil" : "x");
    }
    put_text(name, text.ptr);
}

static void
put_refused(const struct sick *sick)
{
    static const char *const names[] = {"rules-a.yml", "rules-b.yml", "rules-c.yml",
                                        "rules-d.yml"};
    int files = sick->files ? 4 : 1;
    struct bnc_str config_text = bnc_str_new(p.arena, TEXT_MAX);

    CHECK_INT(bnc_store_begin(store, "b2", &err), BNC_OK);
    bnc_str_puts(&config_text, "global: {}\nrule_files:\n");
    for (int i = 0; i < files; i++) {
        put_rules(sick, names[i], i * sick->n / files, (i + 1) * sick->n / files);
        bnc_str_fmt(&config_text, "- %s\n", names[i]);
    }
    bnc_str_puts(&config_text, sick->jobs == 0 ? "scrape_configs: []\n"
                                               : "scrape_configs:\n- job_name: runs\n");
    put_text("prometheus.yml", config_text.ptr);
    CHECK_INT(bnc_store_commit(store, &err), BNC_OK);
}

static void
start(const struct sick *sick)
{
    static const char *const names[] = {"prometheus.yml", "rules-a.yml", "rules-b.yml",
                                        "rules-c.yml",    "rules-d.yml", NULL};
    const char *const single[] = {"prometheus.yml", "rules-a.yml", NULL};

    set_up();
    p.arena = bnc_arena_new();
    if (!p.nothing_good) {
        CHECK_INT(bnc_store_begin(store, "a1", &err), BNC_OK);
        put_text("prometheus.yml", GOOD_ROOT);
        put_text("rules.yml", GOOD_RULES);
        CHECK_INT(bnc_store_commit(store, &err), BNC_OK);
        CHECK_INT(bnc_store_tidy(store, NULL, &err), BNC_OK);
    }
    put_refused(sick);
    bnc_store_hold(store, "b2");
    if (!p.nothing_good) {
        CHECK_INT(bnc_store_rollback(store, "a1", &err), BNC_OK);
    }
    CHECK_INT(bnc_listen(real, "127.0.0.1:0", 1000, serve, NULL, &p.listener, &err),
              BNC_OK);
    CHECK_INT(bnc_server_new(real,
                             bnc_arena_fmt(p.arena, "http://127.0.0.1:%d",
                                           bnc_listener_port(p.listener)),
                             NULL, &p.server, &err),
              BNC_OK);
    const struct bnc_search_ask ask = {.world = real,
                                       .server = p.server,
                                       .store = store,
                                       .folder = bnc_arena_fmt(p.arena, "%s/gen-b2", out),
                                       .config = "prometheus.yml",
                                       .files = sick->files ? names : single,
                                       .message = MUTE};
    p.search = bnc_search_start(&ask, on_search, NULL);
    CHECK_INT(p.calls, 0);
}

static void
end(void)
{
    CHECK_STR(bnc_store_current(store), p.nothing_good ? "b2" : "a1");
    CHECK(p.nothing_good || strcmp(text_of("current/prometheus.yml"), GOOD_ROOT) == 0);
    CHECK_INT(bnc_store_check(store, NULL, NULL), 0);
    bnc_search_free(p.search);
    bnc_server_free(p.server);
    bnc_listener_free(p.listener);
    bnc_arena_free(p.arena);
    tear_down();
}

/* ---- tests --------------------------------------------------------------------- */

#define WORDS "sum(\nevil[\"a b\"]\n): 1:5: parse error: evil"

static const struct {
    const char *name;
    struct sick sick;
    const char *group;
    const char *words;
    int reloads; /* at most; two of them for jobs */
    bool nothing_good;
} rows[] = {
    {"the first of many", {300, false, 0, false, 1}, "g-0000", WORDS, 12, false},
    {"the last of many", {300, false, 299, false, 1}, "g-0299", WORDS, 12, false},
    {"in files, the first", {300, true, 0, false, 1}, "g-0000", WORDS, 12, false},
    {"in files, a border", {300, true, 75, false, 1}, "g-0075", WORDS, 12, false},
    {"in files, the last", {300, true, 299, false, 1}, "g-0299", WORDS, 12, false},
    {"one group", {1, false, 0, false, 1}, "g-0000", WORDS, 3, false},
    {"no jobs", {1, false, 0, false, 0}, "g-0000", WORDS, 2, false},
    {"two groups", {2, false, 1, false, 1}, "g-0001", WORDS, 4, false},
    {"its expressions are good", {20, false, 7, true, 1}, "g-0007", "", 8, false},
    {"none is bad", {20, false, -1, false, 1}, "", "", 3, false},
    {"no groups", {0, false, -1, false, 1}, "", "", 2, false},
    {"nothing to go back to", {20, true, 7, false, 1}, "g-0007", WORDS, 8, true},
};

TEST(culprits)
{
    for (size_t i = 0; i < BNC_LEN(rows); i++) {
        memset(&p, 0, sizeof(p));
        p.nothing_good = rows[i].nothing_good;
        bnc_test_row(rows[i].name);
        start(&rows[i].sick);
        run();
        CHECK_INT(p.calls, 1);
        CHECK_STR(p.job, rows[i].group);
        CHECK_INT(p.group, rows[i].group[0] != '\0');
        CHECK_STR(p.message, rows[i].words);
        CHECK(p.restored);
        CHECK(p.reloads <= rows[i].reloads);
        CHECK_INT(p.most, rows[i].sick.n);
        CHECK_INT(p.queries, rows[i].group[0] == '\0' ? 0 : 1 + rows[i].sick.mute);
        end();
    }
}

/* It ends early: nothing is said that is not known, and no probe stays on disk. */
TEST(early_ends)
{
    static const struct sick sick = {40, true, 3, false, 1};
    for (int at = 1; at < 12; at++) {
        for (int given_up = 0; given_up < 2; given_up++) {
            memset(&p, 0, sizeof(p));
            bnc_test_row(given_up ? "given up" : "away");
            p.away_at = given_up ? 0 : at;
            p.end_at = given_up ? at : 0;
            start(&sick);
            run();
            CHECK(p.calls == 1 - given_up || p.reloads < at);
            CHECK(p.reloads < at || p.job[0] == '\0');
            end();
        }
    }
}

RUN_TESTS(culprits, early_ends)
