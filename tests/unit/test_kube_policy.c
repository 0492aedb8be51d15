/* When requests may be sent, what the server says of them, and whether it lives. */
#include "kube/limit.h"
#include "kube/reflector.h"
#include "lib/log.h"
#include "source/cluster.h"

#include "tests/unit/reflector_rig.h"

static size_t n_done;

static void
on_result(void *arg, const struct bnc_kube_result *result)
{
    enum bnc_code *code = arg;
    n_done++;
    if (code != NULL) {
        *code = result->err.code;
    }
}

static struct bnc_kube_call *
get(struct bnc_kube *kube, enum bnc_http_group group, void *code)
{
    const struct bnc_kube_request request = {
        .group = group, .method = "GET", .path = "/version"};
    return bnc_kube_start(kube, &request, on_result, code);
}

static void
end(struct fake *fake, struct bnc_kube *kube)
{
    bnc_kube_free(kube);
    bnc_world_free(&fake->base);
}

/* ---- turns ---------------------------------------------------------------------- */

TEST(a_bucket)
{
    struct bnc_limit limit;

    bnc_limit_init(&limit, 50, 3, 1000);
    for (int i = 0; i < 3; i++) {
        CHECK(bnc_limit_take(&limit, 1000));
    }
    CHECK(!bnc_limit_take(&limit, 1000));
    CHECK_INT(bnc_limit_wait_ms(&limit, 1000), 21);
    CHECK(!bnc_limit_take(&limit, 1019));
    CHECK(bnc_limit_take(&limit, 1020));
    CHECK(!bnc_limit_take(&limit, 1021));
    CHECK_INT(bnc_limit_wait_ms(&limit, 9000000), 0); /* no fuller than full */
    for (int i = 0; i < 3; i++) {
        CHECK(bnc_limit_take(&limit, 9000000));
    }
    CHECK(!bnc_limit_take(&limit, 9000000));
    bnc_limit_init(&limit, 0, 0, 0);
    CHECK(bnc_limit_take(&limit, 0)); /* no limit */
    bnc_limit_init(&limit, 0.5, 0, 0);
    CHECK(bnc_limit_take(&limit, 0)); /* one fits into any */
    CHECK_INT(bnc_limit_wait_ms(&limit, 0), 2001);
}

TEST(requests_wait_for_their_turn)
{
    struct fake *fake = fake_new();
    struct bnc_kube *kube = kube_new(fake);
    struct bnc_kube_call *last = NULL;

    for (int i = 0; i < 130; i++) {
        last = get(kube, BNC_HTTP_UNARY, NULL);
    }
    CHECK_INT(fake->n_calls, 100); /* the burst */
    CHECK(bnc_kube_wait_ms(kube) > 0);
    bnc_kube_cancel(last); /* before its turn */
    (void)get(kube, BNC_HTTP_WATCH, NULL);
    (void)get(kube, BNC_HTTP_LEASE, NULL);
    CHECK_INT(fake->n_calls, 102); /* these wait for nobody */
    fake->now_ms += 25; /* a place is free: it belongs to the first that waits */
    (void)get(kube, BNC_HTTP_UNARY, NULL);
    CHECK_INT(fake->n_calls, 102);
    fake->now_ms -= 25;
    fake_run(fake, 200);
    CHECK(fake->n_calls >= 111 && fake->n_calls <= 113); /* 50 a second */
    fake_run(fake, 1000);
    CHECK_INT(fake->n_calls, 132);
    CHECK_INT(bnc_kube_counters(kube)->gated, 31);
    CHECK_INT(bnc_kube_wait_ms(kube), 0);
    bnc_kube_options_set(kube, &(struct bnc_kube_options){.qps = -1});
    for (int i = 0; i < 300; i++) {
        (void)get(kube, BNC_HTTP_UNARY, NULL);
    }
    CHECK_INT(fake->n_calls, 432);
    end(fake, kube);
}

/* ---- what the server says ---------------------------------------------------------- */

TEST(warnings_are_said_once)
{
    static const struct {
        const char *header;
        unsigned want; /* texts so far */
    } rows[] = {
        {"299 - \"v1beta1 is deprecated\"", 1},
        {"299 - \"v1beta1 is deprecated\"", 1},
        {"299 - \"another \\\"text\\\"\"", 2},
        {"199 - \"no\"", 2},
        {"299 - \"\"", 2},
        {"299 -", 2},
        {"299 - \"without end", 3},
        {NULL, 3},
    };
    struct fake *fake = fake_new();
    struct bnc_kube *kube = kube_new(fake);
    struct bnc_error err = {0};
    char many[40];

    CHECK_INT(bnc_log_set_level("error", &err), BNC_OK); /* 256 lines */
    for (size_t i = 0; i < BNC_LEN(rows) + 300; i++) {
        bool own = i >= BNC_LEN(rows);
        (void)snprintf(many, sizeof(many), "299 - \"%zu\"", i);
        (void)get(kube, BNC_HTTP_LEASE, NULL);
        struct bnc_http_call *call = fake_next(fake, 0);
        call->warning = own ? many : rows[i].header;
        fake_answer(call, 200, "{}");
        if (!own) {
            CHECK_INT(bnc_kube_counters(kube)->warnings, rows[i].want);
        }
    }
    CHECK_INT(bnc_kube_counters(kube)->warnings, 256); /* no more than that */
    end(fake, kube);
}

/* ---- the pulse ----------------------------------------------------------------------
 */

struct life {
    struct fake *fake;
    struct bnc_kube *kube;
    struct seen seen;
    struct bnc_http_call *watch;
};

static struct life
watching(bool http2)
{
    const struct bnc_reflector_options options = {.kind = BNC_KIND_DEPLOYMENT};
    struct life life = {.fake = fake_new()};

    life.kube = kube_new(life.fake);
    life.fake->streams = true;
    life.seen.told = bnc_str_new(NULL, 65536);
    life.seen.reflector = bnc_reflector_new(life.kube, &options, &seen_ops, &life.seen);
    life.watch = fake_next(life.fake, 0);
    life.watch->http2 = http2;
    fake_head(life.watch, 200);
    fake_data(life.watch, "{\"type\":\"BOOKMARK\",\"object\":{\"metadata\":{"
                          "\"resourceVersion\":\"5\",\"annotations\":{"
                          "\"k8s.io/initial-events-end\":\"true\"}}}}\n");
    return life;
}

static void
life_end(struct life *life)
{
    bnc_reflector_free(life->seen.reflector);
    bnc_str_free(&life->seen.told);
    end(life->fake, life->kube);
}

TEST(silence_ends_the_watches)
{
    struct life life = watching(true);
    const struct bnc_kube_counters *counters = bnc_kube_counters(life.kube);

    CHECK(fake_next(life.fake, 29000) == NULL);
    fake_data(life.watch, BOOKMARK("7")); /* whatever comes is a sign of life */
    CHECK(fake_next(life.fake, 29000) == NULL);
    struct bnc_http_call *pulse = fake_next(life.fake, 1000);
    CHECK_STR(pulse->url, "https://127.0.0.1:1/version");
    CHECK_INT(pulse->group, BNC_HTTP_WATCH);
    CHECK_INT(pulse->timeout_ms, 15000);
    fake_answer(pulse, 403, ""); /* any answer will do */
    CHECK(life.watch->open);
    CHECK(fake_next(life.fake, 29000) == NULL);

    pulse = fake_next(life.fake, 1000);
    size_t drops = life.fake->drops;
    fake_run(life.fake, 15000);
    fake_end(pulse, BNC_TIMEOUT);
    CHECK(!life.watch->open);
    CHECK_INT(life.fake->drops, drops + 1);
    struct bnc_http_call *watch = fake_next(life.fake, 0); /* at once */
    CHECK(strstr(watch->url, "watch=1") != NULL);
    CHECK(strstr(watch->url, "resourceVersion=7&") != NULL);
    CHECK(strstr(watch->url, "sendInitialEvents") == NULL); /* no new list */
    CHECK_INT(counters->dead_connections, 1);
    CHECK_INT(counters->pulses, 2);
    CHECK_STR(life.seen.told.ptr, "listed ");
    life_end(&life);
}

TEST(a_pulse_that_says_nothing)
{
    struct life life = watching(true);

    struct bnc_http_call *pulse = fake_next(life.fake, 30000);
    fake_end(pulse, BNC_UNAVAILABLE); /* refused: the watch would know by itself */
    CHECK(life.watch->open);
    pulse = fake_next(life.fake, 30000);
    fake_run(life.fake, 14000);
    fake_data(life.watch, BOOKMARK("8")); /* slow, but alive */
    fake_run(life.fake, 1000);
    fake_end(pulse, BNC_TIMEOUT);
    CHECK(life.watch->open);

    fake_end(life.watch, BNC_OK);
    struct bnc_http_call *watch = fake_next(life.fake, 0);
    watch->http2 = false; /* alone on its connection: nothing can look at it */
    fake_head(watch, 200);
    CHECK(fake_next(life.fake, 250000) == NULL);
    life_end(&life);
}

TEST(no_pulse_over_http1)
{
    struct life life = watching(false);
    CHECK(fake_next(life.fake, 250000) == NULL);
    CHECK_INT(bnc_kube_counters(life.kube)->pulses, 0);
    life_end(&life);
}

/* ---- writes -------------------------------------------------------------------------
 */

static void
on_put(void *arg, struct bnc_object *object)
{
    BNC_UNUSED(arg);
    bnc_object_unref(object);
}

static void
on_gone(void *arg, enum bnc_kind kind, const char *ns, const char *name)
{
    BNC_UNUSED(arg);
    BNC_UNUSED(kind);
    BNC_UNUSED(ns);
    BNC_UNUSED(name);
}

static void
on_trouble(void *arg, enum bnc_kind kind, const char *ns, const char *name,
           const struct bnc_error *err)
{
    on_gone(arg, kind, ns, name);
    BNC_UNUSED(err);
}

static void
on_written(void *arg, const struct bnc_write_result *result)
{
    BNC_UNUSED(arg);
    BNC_UNUSED(result);
}

static size_t
answer_patches(struct fake *fake, bool *met_output)
{
    size_t n = 0;
    for (size_t i = 0; i < fake->n_calls; i++) {
        struct bnc_http_call *call = fake->calls[i];
        if (call->open && strcmp(call->method, "PATCH") == 0) {
            n++;
            *met_output = *met_output || strstr(call->url, "/configmaps/") != NULL;
            fake_answer(call, 200, "{}");
        }
    }
    return n;
}

/* Five hundred statuses wait; a change is published at once all the same. */
TEST(what_is_published_goes_first)
{
    static const struct bnc_source_listener listener = {on_put, on_gone, on_gone, NULL,
                                                        on_trouble};
    struct fake *fake = fake_new();
    struct bnc_kube *kube = kube_new(fake);
    struct bnc_source *source =
        bnc_source_cluster_new(kube, &(struct bnc_source_cluster_options){0});
    struct bnc_write write = {.verb = BNC_VERB_APPLY_STATUS,
                              .kind = BNC_KIND_SCRAPE_POLICY,
                              .ns = "n",
                              .body = {"{}", 2}};
    bool met = false;
    char name[20];

    bnc_source_start(source, &listener, NULL);
    for (int i = 0; i < 500; i++) {
        (void)snprintf(name, sizeof(name), "p%d", i);
        write.name = name;
        bnc_source_write(source, &write, on_written, NULL);
    }
    CHECK_INT(answer_patches(fake, &met), 24); /* of 32 places */
    write.verb = BNC_VERB_APPLY;
    write.kind = BNC_KIND_CONFIG_MAP;
    bnc_source_write(source, &write, on_written, NULL);
    fake_run(fake, 0);
    CHECK(answer_patches(fake, &met) > 0);
    CHECK(met);
    size_t sent = 0;
    for (int i = 0; i < 20; i++) { /* and then the limit holds: 50 a second */
        fake_run(fake, 50);
        sent += answer_patches(fake, &met);
    }
    CHECK(sent < 140);
    struct bnc_source_cluster_load load = {0};
    bnc_source_cluster_load_get(source, &load);
    CHECK(load.writes_waiting > 300);
    bnc_source_free(source);
    end(fake, kube);
}

RUN_TESTS(a_bucket, requests_wait_for_their_turn, warnings_are_said_once,
          silence_ends_the_watches, a_pulse_that_says_nothing, no_pulse_over_http1,
          what_is_published_goes_first)
