#include "net/world_ops.h"
#include "sync/load.h"
#include "tests/unit/test_net.h"

#define SPEED   50 /* of the load's clock */
#define MARKER  "binnacle.dev/generation-1"
#define POOLS   "[\"" MARKER "\",\"a\",\"b\"]"
#define LATE_MS 20000 /* real ones; until a test gives up */

/* ---- a world whose clock and timers are fast --------------------------------------- */

struct fast_timer {
    struct bnc_world_handle handle; /* first */
    struct bnc_timer *inner;
};

static struct bnc_world *real;

static int64_t
fast_mono_us(struct bnc_world *world)
{
    BNC_UNUSED(world);
    return bnc_world_mono_us(real) * SPEED;
}

static struct bnc_timer *
fast_timer_new(struct bnc_world *world, bnc_fn fn, void *arg)
{
    struct fast_timer *timer = bnc_alloc(sizeof(*timer));
    timer->handle.world = world;
    timer->inner = bnc_timer_new(real, fn, arg);
    return (struct bnc_timer *)timer;
}

static void
fast_timer_set(struct bnc_timer *timer, int64_t ms)
{
    bnc_timer_set(((struct fast_timer *)timer)->inner, ms / SPEED);
}

static void
fast_timer_free(struct bnc_timer *timer)
{
    bnc_timer_free(((struct fast_timer *)timer)->inner);
    free(timer);
}

static const struct bnc_world_ops fast_ops = {.mono_us = fast_mono_us,
                                              .timer_new = fast_timer_new,
                                              .timer_set = fast_timer_set,
                                              .timer_free = fast_timer_free};
static struct bnc_world fast = {&fast_ops};

/* ---- a Prometheus that does as it is told -------------------------------------------
 */

struct row {
    const char *name;
    bool prove_first;
    bool lazy;
    bool unknown;         /* which jobs there should be */
    bool failed;          /* the reload before this one was refused */
    const char *reloads;  /* one letter each, the last one again and again:
                             o: loaded, r: refused, a: away, w: may not, d: no answer */
    const char *pools[6]; /* before the first reload, after it, ...; the last stays */
    const char *rules[3]; /* groups up to the first reload, and later; NULL: none */
    int late;         /* answers of the last row of `pools` that still are the first */
    const char *want; /* what is told, until the end or a "*" */
    int n_reloads;
};

static struct {
    const struct row *row;
    struct bnc_listener *listener;
    struct bnc_server *server;
    struct bnc_load *load;
    int reloads;
    int asked; /* for pools since the last reload */
    char told[1000];
    bool ended;
} p;

static void
answer_reload(struct bnc_http_exchange *exchange)
{
    size_t last = strlen(p.row->reloads) - 1;
    size_t at = (size_t)p.reloads < last ? (size_t)p.reloads : last;
    p.asked = 0;
    switch (p.row->reloads[at]) {
    case 'o':
        p.reloads++;
        bnc_http_answer(exchange, 200, "text/plain", test_bytes(""));
        return;
    case 'r':
        p.reloads++;
        bnc_http_answer(exchange, 500, "text/plain",
                        test_bytes("failed to reload config: no good"));
        return;
    case 'w':
        p.reloads++;
        bnc_http_answer(exchange, 403, "text/plain",
                        test_bytes("Lifecycle API is not enabled."));
        return;
    default:
        p.reloads++;
        bnc_http_answer(exchange, 503, "text/plain", test_bytes("starting"));
    }
}

static const char *
pools_now(void)
{
    int at = 0;
    while (at < p.reloads && at < 5 && p.row->pools[at + 1] != NULL) {
        at++;
    }
    return p.asked++ < p.row->late && p.reloads > 0 ? p.row->pools[0] : p.row->pools[at];
}

static void
serve(void *arg, struct bnc_http_exchange *exchange, const struct bnc_http_query *query)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    BNC_UNUSED(arg);
    if (bnc_str_ends(query->path, "/-/reload")) {
        answer_reload(exchange);
    } else if (bnc_str_ends(query->path, "/runtimeinfo")) {
        bool good = !p.row->failed || p.reloads > 0;
        bnc_http_answer(
            exchange, 200, "application/json",
            test_bytes(bnc_arena_fmt(
                arena, "{\"status\":\"success\",\"data\":{\"reloadConfigSuccess\":%s}}",
                good ? "true" : "false")));
    } else if (bnc_str_ends(query->path, "/rules")) {
        const char *rules = p.row->rules[p.reloads > 1 && p.row->rules[1] != NULL];
        CHECK_STR(query->query, "exclude_alerts=true");
        bnc_http_answer(
            exchange, 200, "application/json",
            test_bytes(bnc_arena_fmt(arena, "{\"data\":{\"groups\":[%s]}}", rules)));
    } else {
        const char *pools = pools_now();
        int status = pools[0] == '[' ? 200 : atoi(pools);
        const char *body =
            status == 200
                ? bnc_arena_fmt(arena,
                                "{\"status\":\"success\",\"data\":{\"scrapePools\":%s}}",
                                pools)
                : "no";
        bnc_http_answer(exchange, status, "application/json", test_bytes(body));
    }
}

static void
on_load(void *arg, const struct bnc_load_news *news)
{
    static const char *const names[] = {"proved",  "refused", "waiting",
                                        "missing", "other",   "away"};
    size_t n = strlen(p.told);
    BNC_UNUSED(arg);
    CHECK(!p.ended);
    (void)snprintf(p.told + n, sizeof(p.told) - n, "%s%s%s", n == 0 ? "" : "|",
                   names[news->state],
                   news->state == BNC_LOAD_PROVED && news->message[0] != '\0' ? "+" : "");
    n += strlen(p.told + n);
    if (news->state == BNC_LOAD_POOLS) {
        (void)snprintf(p.told + n, sizeof(p.told) - n, " %zu",
                       news->missing.pools.missing + news->missing.rules.missing);
    }
    p.ended = news->state == BNC_LOAD_PROVED || news->state == BNC_LOAD_REFUSED;
    n = strlen(p.row->want);
    bool enough = p.row->want[n - 1] == '*' && strncmp(p.told, p.row->want, n - 1) == 0;
    if (enough) {
        (void)strncat(p.told, "*", 2);
    }
    if (p.ended || enough) {
        bnc_load_free(p.load); /* allowed here */
        p.load = NULL;
        bnc_world_stop(real);
    }
}

static void
run(const struct row *row)
{
    BNC_AUTO(bnc_jobs) jobs = bnc_jobs_new();
    struct bnc_error err = {0};
    char url[64];
    struct guard guard;

    memset(&p, 0, sizeof(p));
    p.row = row;
    bnc_test_row(row->name);
    real = test_world_new();
    CHECK_INT(bnc_listen(real, "127.0.0.1:0", 1000, serve, NULL, &p.listener, &err),
              BNC_OK);
    (void)snprintf(url, sizeof(url), "http://127.0.0.1:%d",
                   bnc_listener_port(p.listener));
    CHECK_INT(bnc_server_new(real, url, NULL, &p.server, &err), BNC_OK);
    bnc_jobs_add(jobs, MARKER, strlen(MARKER));
    bnc_jobs_add(jobs, "a", 1);
    bnc_jobs_add(jobs, "b", 1);
    for (const char *name = "gh"; row->rules[0] != NULL && *name != '\0'; name++) {
        bnc_jobs_add_job(jobs,
                         &(struct bnc_job){.group = true, .rules = 1, .name = {name, 1}});
    }
    const struct bnc_load_ask ask = {.world = &fast,
                                     .server = p.server,
                                     .marker = MARKER,
                                     .jobs = row->unknown ? NULL : jobs,
                                     .prove_first = row->prove_first,
                                     .lazy_pools = row->lazy};
    p.load = bnc_load_start(&ask, on_load, NULL);
    CHECK_STR(p.told, "");
    guard = (struct guard){.world = real};
    struct bnc_timer *timer = bnc_timer_new(real, test_late, &guard);
    bnc_timer_set(timer, LATE_MS);
    bnc_world_run(real);
    bnc_timer_free(timer);
    CHECK_STR(p.told, row->want);
    CHECK(!guard.late);
    CHECK_INT(p.reloads, row->n_reloads);
    bnc_load_free(p.load);
    bnc_server_free(p.server);
    bnc_listener_free(p.listener);
    bnc_world_free(real);
}

/* ---- rows ---------------------------------------------------------------------- */

#define OLD  "[\"binnacle.dev/generation-0\",\"x\"]"
#define SOME "[\"" MARKER "\",\"a\"]"
#define MANY "[\"" MARKER "\",\"a\",\"b\",\"c\"]"

#define GROUP(name) "{\"name\":\"" name "\",\"rules\":[{\"query\":\"x\"}]}"
#define BOTH        GROUP("g") "," GROUP("h")

static const struct row rows[] = {
    {.name = "at once",
     .reloads = "o",
     .pools = {OLD, POOLS},
     .want = "proved",
     .n_reloads = 1},
    {.name = "a little later",
     .reloads = "o",
     .pools = {OLD, POOLS},
     .late = 3,
     .want = "waiting|proved",
     .n_reloads = 1},
    {.name = "it ran already",
     .prove_first = true,
     .reloads = "o",
     .pools = {POOLS},
     .want = "proved",
     .n_reloads = 0},
    {.name = "it ran, and a reload had failed",
     .prove_first = true,
     .failed = true,
     .reloads = "o",
     .pools = {POOLS},
     .want = "proved",
     .n_reloads = 1},
    {.name = "it ran something else",
     .prove_first = true,
     .reloads = "o",
     .pools = {OLD, POOLS},
     .want = "proved",
     .n_reloads = 1},
    {.name = "jobs are not known",
     .unknown = true,
     .prove_first = true,
     .reloads = "o",
     .pools = {OLD},
     .want = "proved",
     .n_reloads = 1},
    {.name = "refused",
     .reloads = "r",
     .pools = {OLD},
     .want = "refused",
     .n_reloads = 1},
    {.name = "refused, not known",
     .unknown = true,
     .reloads = "r",
     .pools = {OLD},
     .want = "refused",
     .n_reloads = 1},
    {.name = "not there yet",
     .unknown = true,
     .reloads = "aao",
     .pools = {OLD},
     .want = "away|proved",
     .n_reloads = 3},
    /* it starts, and reads the file by itself */
    {.name = "starting",
     .reloads = "a",
     .pools = {POOLS},
     .want = "away|proved",
     .n_reloads = 1},
    {.name = "starting with the old one",
     .reloads = "ao",
     .pools = {OLD, OLD, POOLS},
     .want = "away|proved",
     .n_reloads = 2},
    {.name = "may not be reloaded",
     .reloads = "w",
     .pools = {OLD},
     .want = "away*",
     .n_reloads = 1},
    {.name = "no pools while it starts",
     .prove_first = true,
     .reloads = "o",
     .pools = {"503", "503", POOLS},
     .want = "away*",
     .n_reloads = 0},
    {.name = "without the API",
     .prove_first = true,
     .reloads = "o",
     .pools = {"404", POOLS},
     .want = "away|proved",
     .n_reloads = 1},
    {.name = "one job is missing",
     .reloads = "o",
     .pools = {OLD, SOME},
     .want = "waiting|missing 1*",
     .n_reloads = 1},
    {.name = "it comes with the next reload",
     .reloads = "o",
     .pools = {OLD, SOME, POOLS},
     .want = "waiting|missing 1|proved",
     .n_reloads = 2},
    {.name = "it comes with the third",
     .reloads = "o",
     .pools = {OLD, SOME, SOME, POOLS},
     .want = "waiting|missing 1|waiting|missing 1|proved",
     .n_reloads = 3},
    {.name = "missing, and refused then",
     .reloads = "or",
     .pools = {OLD, SOME},
     .want = "waiting|missing 1|refused",
     .n_reloads = 2},
    {.name = "missing, away, missing",
     .reloads = "oao",
     .pools = {OLD, SOME},
     .want = "waiting|missing 1|away|waiting|missing 1*",
     .n_reloads = 3},
    {.name = "another file",
     .reloads = "o",
     .pools = {OLD},
     .want = "waiting|other*",
     .n_reloads = 1},
    {.name = "another file, for a while",
     .reloads = "o",
     .pools = {OLD, OLD, POOLS},
     .want = "waiting|other|proved",
     .n_reloads = 2},
    {.name = "more than ours",
     .reloads = "o",
     .pools = {OLD, MANY},
     .want = "waiting|proved+",
     .n_reloads = 1},
    {.name = "lazy, all are there",
     .lazy = true,
     .reloads = "o",
     .pools = {OLD, POOLS},
     .want = "proved",
     .n_reloads = 1},
    {.name = "lazy, the marker will do",
     .lazy = true,
     .reloads = "o",
     .pools = {OLD, SOME},
     .want = "waiting|proved+",
     .n_reloads = 1},
    {.name = "lazy, not even the marker",
     .lazy = true,
     .reloads = "o",
     .pools = {OLD, "[\"a\"]"},
     .want = "waiting|other*",
     .n_reloads = 1},
    {.name = "rules, at once",
     .reloads = "o",
     .pools = {OLD, POOLS},
     .rules = {BOTH},
     .want = "proved",
     .n_reloads = 1},
    {.name = "rules beside those of others",
     .reloads = "o",
     .pools = {OLD, POOLS},
     .rules = {GROUP("x") "," BOTH},
     .want = "proved",
     .n_reloads = 1},
    {.name = "rules are missing",
     .reloads = "o",
     .pools = {OLD, POOLS},
     .rules = {GROUP("g")},
     .want = "waiting|missing 1*",
     .n_reloads = 1},
    {.name = "a group lacks a rule",
     .reloads = "o",
     .pools = {OLD, POOLS},
     .rules = {GROUP("g") ",{\"name\":\"h\",\"rules\":[]}"},
     .want = "waiting|missing 1*",
     .n_reloads = 1},
    {.name = "rules come with the next reload",
     .reloads = "o",
     .pools = {OLD, POOLS},
     .rules = {"", BOTH},
     .want = "waiting|missing 2|proved",
     .n_reloads = 2},
    {.name = "rules are missing, and more than our jobs run",
     .reloads = "o",
     .pools = {OLD, MANY},
     .rules = {GROUP("h")},
     .want = "waiting|missing 1*",
     .n_reloads = 1},
    {.name = "lazy, and rules are missing",
     .lazy = true,
     .reloads = "o",
     .pools = {OLD, SOME},
     .rules = {GROUP("h"), BOTH},
     .want = "waiting|missing 1|proved+",
     .n_reloads = 2},
    {.name = "it ran already, without the rules",
     .prove_first = true,
     .reloads = "o",
     .pools = {POOLS},
     .rules = {"", BOTH},
     .want = "waiting|missing 2|proved",
     .n_reloads = 2},
    {.name = "lazy, another file",
     .lazy = true,
     .reloads = "o",
     .pools = {OLD},
     .want = "waiting|other*",
     .n_reloads = 1},
};

TEST(loads)
{
    for (size_t i = 0; i < BNC_LEN(rows); i++) {
        run(&rows[i]);
    }
}

TEST(given_up)
{
    struct bnc_error err = {0};
    bnc_test_row("given up");
    real = test_world_new();
    CHECK_INT(bnc_server_new(real, "http://127.0.0.1:1", NULL, &p.server, &err), BNC_OK);
    const struct bnc_load_ask ask = {
        .world = &fast, .server = p.server, .marker = MARKER};
    memset(p.told, 0, sizeof(p.told));
    bnc_load_free(bnc_load_start(&ask, on_load, NULL));
    bnc_load_free(NULL);
    test_run_ms(real, 20);
    CHECK_STR(p.told, "");
    bnc_server_free(p.server);
    bnc_world_free(real);
}

RUN_TESTS(loads, given_up)
