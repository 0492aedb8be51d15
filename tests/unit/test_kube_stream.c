/* Streamed lists: all objects as the first events of a watch, and what else may come. */
#include "tests/unit/reflector_rig.h"

#define MARK_OF(version, value)                                                          \
    "{\"type\":\"BOOKMARK\",\"object\":{\"metadata\":{\"resourceVersion\":\"" version    \
    "\",\"annotations\":{\"k8s.io/initial-events-end\":\"" value "\"}}}}\n"
#define MARK(version) MARK_OF(version, "true")

/* What a streamed list asks for, with or without a version. */
#define LATEST   "sendInitialEvents=true", "!resourceVersion=", "NotOlderThan"
#define SINCE(v) "sendInitialEvents=true", "resourceVersion=" v "&", "NotOlderThan"
#define PLAIN    "!sendInitialEvents"

/* A list that has come, and after `ms` its watch ends so. */
#define LISTED(text, ms, how)                                                            \
    {                                                                                    \
        {LATEST}, 0, 0, how, 200, text, ms, NULL                                         \
    }

static const struct row rows[] = {
    {"objects, marker, and the same watch goes on",
     {LISTED(EVENT("ADDED", "a", "3") EVENT("ADDED", "b", "9") MARK("12")
                 EVENT("ADDED", "c", "13"),
             300000, OPEN),
      {{PLAIN, "watch=1", "resourceVersion=13&"}, 0, 0, OPEN, 200, "", 0, NULL}},
     "+n/a +n/b listed +n/c "},
    {"the version is the marker's, not that of the last object",
     {LISTED(EVENT("ADDED", "a", "9") EVENT("ADDED", "b", "3") MARK("12"), 300000, OPEN),
      {{PLAIN, "watch=1", "resourceVersion=12&"}, 0, 0, OPEN, 200, "", 0, NULL}},
     "+n/a +n/b listed "},
    {"changed and deleted before the marker",
     {LISTED(EVENT("ADDED", "a", "3") EVENT("ADDED", "b", "4") EVENT("MODIFIED", "a", "5")
                 EVENT("DELETED", "b", "6") EVENT("DELETED", "x", "7")
                     EVENT("RENAMED", "a", "8") MARK("12"),
             0, OPEN)},
     "+n/a +n/b +n/a -n/b listed "},
    {"a marker without the right value, or without a version, is none",
     {LISTED(EVENT("ADDED", "a", "3") MARK_OF("9", "false") MARK_OF("10", "")
                 BOOKMARK("11") MARK("") EVENT("ADDED", "b", "4") MARK("12"),
             0, OPEN)},
     "+n/a +n/b listed "},
    {"410: only what went meanwhile is gone",
     {LISTED(EVENT("ADDED", "a", "3") EVENT("ADDED", "b", "4") MARK("5")
                 ERROR_EVENT("410", "Expired"),
             0, OPEN),
      {{SINCE("5")}, 0, 0, OPEN, 200, EVENT("ADDED", "b", "8") MARK("9"), 0, NULL}},
     "+n/a +n/b listed +n/b -n/a listed "},
    {"422: in pages in the same round, and for an hour",
     {{{LATEST}, 0, 0, ANSWER, 422, STATUS("422", "Invalid"), 0, NULL},
      {{PLAIN, "!watch", "limit=500"}, 0, 0, ANSWER, 200, LIST_OF("5", ""), 0, NULL},
      {{PLAIN, "watch=1"}, 0, 0, OPEN, 200, ERROR_EVENT("410", "Expired"), 0, NULL},
      {{PLAIN, "!watch"}, 0, 0, ANSWER, 200, LIST_OF("6", ""), 0, NULL},
      {{PLAIN, "watch=1"}, 0, 0, OPEN, 200, BOOKMARK("7"), 3600000, NULL},
      {{PLAIN, "watch=1"}, 0, 0, OPEN, 200, ERROR_EVENT("410", "Expired"), 0, NULL},
      {{SINCE("7")}, 0, 0, OPEN, 200, MARK("8"), 0, NULL}},
     "listed listed listed "},
    {"400 likewise",
     {{{LATEST}, 0, 0, ANSWER, 400, STATUS("400", "BadRequest"), 0, NULL},
      {{PLAIN, "!watch", "limit=500"}, 0, 0, ANSWER, 200, LIST_OF("5", ""), 0, NULL}},
     "listed "},
    {"403: `list` may be allowed where `watch` is not; it is not held against the server",
     {{{LATEST}, 0, 0, ANSWER, 403, STATUS("403", "Forbidden"), 0, NULL},
      {{PLAIN, "!watch"}, 0, 0, ANSWER, 403, STATUS("403", "Forbidden"), 0, NULL},
      {{LATEST}, 800, 1600, OPEN, 200, MARK("8"), 0, NULL}},
     "denied ok listed "},
    {"429: waits as long as it says, then the same again",
     {{{LATEST}, 0, 0, ANSWER, 429, "", 0, "7"},
      {{LATEST}, 7000, 8500, OPEN, 200, MARK("8"), 0, NULL}},
     "unavailable ok listed "},
    {"503 twice: then in pages, and streamed again after that",
     {{{LATEST}, 0, 0, ANSWER, 503, "", 0, NULL},
      {{LATEST}, 800, 1600, ANSWER, 503, "", 0, NULL},
      {{PLAIN, "!watch"}, 1600, 3200, ANSWER, 200, LIST_OF("5", ""), 0, NULL},
      {{PLAIN, "watch=1"}, 0, 0, OPEN, 200, ERROR_EVENT("410", "Expired"), 0, NULL},
      {{SINCE("5")}, 0, 0, OPEN, 200, MARK("8"), 0, NULL}},
     "unavailable ok listed listed "},
    {"404: the kind is away",
     {{{LATEST}, 0, 0, ANSWER, 404, "404 page not found", 0, NULL},
      {{LATEST}, 800, 1600, OPEN, 200, MARK("8"), 0, NULL}},
     "not_found ok listed "},
    {"nobody listens: no second question in the same round",
     {{{LATEST}, 0, 0, REFUSE, 0, NULL, 0, NULL},
      {{LATEST}, 800, 1600, OPEN, 200, MARK("8"), 0, NULL}},
     "unavailable ok listed "},
    {"our version lies in the server's future: the latest at once",
     {LISTED(EVENT("ADDED", "a", "3") MARK("50") ERROR_EVENT("410", "Expired"), 0, OPEN),
      {{SINCE("50")}, 0, 0, ANSWER, 504, TOO_LARGE, 0, NULL},
      {{LATEST}, 0, 0, OPEN, 200, MARK("7"), 0, NULL}},
     "+n/a listed -n/a listed "},
    {"410 on the question itself: the latest at once, then with a wait",
     {LISTED(MARK("50") ERROR_EVENT("410", "Expired"), 0, OPEN),
      {{SINCE("50")}, 0, 0, OPEN, 200, ERROR_EVENT("410", "Expired"), 0, NULL},
      {{LATEST}, 0, 0, ANSWER, 410, STATUS("410", "Expired"), 0, NULL},
      {{SINCE("50")}, 800, 1600, ANSWER, 410, STATUS("410", "Gone"), 0, NULL},
      {{LATEST}, 0, 0, OPEN, 200, MARK("7"), 0, NULL}},
     "listed gone ok listed "},
    {"cut before the marker: nothing is swept, then all over again",
     {LISTED(EVENT("ADDED", "a", "3") EVENT("ADDED", "b", "4") MARK("5")
                 ERROR_EVENT("410", "Expired"),
             0, OPEN),
      {{SINCE("5")}, 0, 0, CUT, 200, EVENT("ADDED", "c", "8"), 5000, NULL},
      {{SINCE("5")}, 800, 1600, OPEN, 200, EVENT("ADDED", "a", "3") MARK("9"), 0, NULL}},
     "+n/a +n/b listed +n/c unavailable +n/a -n/b -n/c ok listed "},
    {"ended before the marker, twice: then in pages",
     {{{LATEST}, 0, 0, OPEN, 200, EVENT("ADDED", "a", "3"), 100, NULL},
      {{LATEST}, 800, 1600, OPEN, 200, EVENT("ADDED", "a", "3"), 100, NULL},
      {{PLAIN, "!watch"}, 1600, 3200, ANSWER, 200, LIST_OF("5", ""), 0, NULL}},
     "+n/a unavailable +n/a -n/a ok listed "},
    {"the marker never comes: in pages after a minute, whatever else is said",
     {{{LATEST},
       0,
       0,
       OPEN,
       200,
       EVENT("ADDED", "a", "3") BOOKMARK("9") EVENT("MODIFIED", "a", "9"),
       0,
       NULL},
      {{PLAIN, "!watch"}, 59000, 61000, ANSWER, 200, LIST_OF("9", ""), 0, NULL},
      {{PLAIN, "watch=1"}, 0, 0, OPEN, 200, ERROR_EVENT("410", "Expired"), 0, NULL},
      {{PLAIN, "!watch"}, 0, 0, ANSWER, 200, LIST_OF("9", ""), 0, NULL}},
     "+n/a +n/a -n/a listed listed "},
    {"500 as an event: waits, then the same again",
     {{{LATEST}, 0, 0, OPEN, 200, ERROR_EVENT("500", "InternalError"), 0, NULL},
      {{LATEST}, 800, 1600, OPEN, 200, MARK("8"), 0, NULL}},
     "unavailable ok listed "},
    {"not JSON: waits, then the same again",
     {{{LATEST}, 0, 0, OPEN, 200, "<html>", 0, NULL},
      {{LATEST}, 800, 1600, OPEN, 200, MARK("8"), 0, NULL}},
     "invalid ok listed "},
};

TEST(state_table)
{
    play_rows(rows, BNC_LEN(rows), true);
}

/* One that is read by name takes one request where list and watch would be two. */
TEST(by_name)
{
    const struct bnc_reflector_options options = {
        .kind = BNC_KIND_SECRET, .ns = "n", .name = "s"};
    struct fake *fake = fake_new();
    struct bnc_kube *kube = kube_new(fake);
    struct seen seen = {.told = bnc_str_new(NULL, 65536)};
    struct bnc_reflector_health health = {0};

    fake->streams = true;
    seen.reflector = bnc_reflector_new(kube, &options, &seen_ops, &seen);
    struct bnc_http_call *call = fake_next(fake, 0);
    CHECK(strstr(call->url, "/api/v1/namespaces/n/secrets?watch=1&fieldSelector="
                            "metadata.name%3Ds&") != NULL);
    fake_head(call, 200);
    bnc_reflector_health_get(seen.reflector, &health);
    CHECK_STR(bnc_reflector_state_name(health.state), "listing");
    fake_data(call, EVENT("ADDED", "s", "3"));
    CHECK_STR(seen.told.ptr, "+n/s ");
    fake_data(call, MARK("5"));
    CHECK_STR(seen.told.ptr, "+n/s listed ");
    bnc_reflector_health_get(seen.reflector, &health);
    CHECK_STR(bnc_reflector_state_name(health.state), "watching");
    CHECK(health.listed);
    CHECK_INT(fake->n_calls, 1);
    CHECK_INT(bnc_kube_counters(kube)->lists[BNC_RELIST_FIRST], 1);
    CHECK_INT(bnc_kube_counters(kube)->streamed_lists, 1);
    CHECK_INT(bnc_kube_counters(kube)->streamed_refused, 0);
    bnc_reflector_free(seen.reflector);
    bnc_str_free(&seen.told);
    bnc_kube_free(kube);
    bnc_world_free(&fake->base);
}

/* Slow is not silent: a minute without another object is. */
TEST(a_slow_stream)
{
    const struct bnc_reflector_options options = {.kind = BNC_KIND_DEPLOYMENT};
    struct fake *fake = fake_new();
    struct bnc_kube *kube = kube_new(fake);
    struct seen seen = {.told = bnc_str_new(NULL, 65536)};

    fake->streams = true;
    seen.reflector = bnc_reflector_new(kube, &options, &seen_ops, &seen);
    struct bnc_http_call *call = fake_next(fake, 0);
    fake_head(call, 200);
    for (int i = 0; i < 4; i++) {
        CHECK(fake_next(fake, 50000) == NULL);
        fake_data(call, EVENT("ADDED", "a", "3"));
    }
    fake_data(call, MARK("5"));
    CHECK_STR(seen.told.ptr, "+n/a +n/a +n/a +n/a listed ");
    bnc_reflector_free(seen.reflector);
    bnc_str_free(&seen.told);
    bnc_kube_free(kube);
    bnc_world_free(&fake->base);
}

TEST(switched_off)
{
    const struct bnc_reflector_options options = {.kind = BNC_KIND_DEPLOYMENT};
    struct fake *fake = fake_new();
    struct bnc_kube *kube = kube_new(fake);
    struct seen seen = {.told = bnc_str_new(NULL, 65536)};

    fake->streams = true;
    bnc_kube_options_set(kube, &(struct bnc_kube_options){.plain_lists = true});
    seen.reflector = bnc_reflector_new(kube, &options, &seen_ops, &seen);
    CHECK(strstr(fake_next(fake, 0)->url, "?limit=500&resourceVersion=0") != NULL);
    bnc_reflector_free(seen.reflector);
    bnc_str_free(&seen.told);
    bnc_kube_free(kube);
    bnc_world_free(&fake->base);
}

/* Each of them in turn frees the reflector: an object, the end, what follows it. */
TEST(freed_inside_its_own_callback)
{
    static const char *const told[] = {"+n/a ", "+n/a +n/b ", "+n/a +n/b listed +n/c "};

    for (size_t i = 0; i < BNC_LEN(told); i++) {
        const struct bnc_reflector_options options = {.kind = BNC_KIND_DEPLOYMENT};
        struct fake *fake = fake_new();
        struct bnc_kube *kube = kube_new(fake);
        struct seen seen = {.told = bnc_str_new(NULL, 65536)};

        fake->streams = true;
        seen.reflector = bnc_reflector_new(kube, &options, &seen_ops, &seen);
        struct bnc_http_call *call = fake_next(fake, 0);
        fake_head(call, 200);
        seen.free_on_put = i == 0;
        fake_data(call, EVENT("ADDED", "a", "3"));
        seen.free_on_put = i == 1;
        fake_data(call, EVENT("ADDED", "b", "3") MARK("5"));
        seen.free_on_put = true;
        fake_data(call, EVENT("ADDED", "c", "6") EVENT("ADDED", "d", "7"));
        fake_end(call, BNC_OK);
        CHECK_STR(seen.told.ptr, told[i]);
        CHECK(fake_next(fake, 600000) == NULL);
        bnc_str_free(&seen.told);
        bnc_kube_free(kube);
        bnc_world_free(&fake->base);
    }
}

RUN_TESTS(state_table, by_name, a_slow_stream, switched_off,
          freed_inside_its_own_callback)
