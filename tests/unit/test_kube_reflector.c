#include "tests/unit/reflector_rig.h"

#define FIRST_LIST(text)                                                                 \
    {                                                                                    \
        {"limit=500", "resourceVersion=0", "!watch"}, 0, 0, ANSWER, 200, text, 0, NULL   \
    }
#define LAST_WATCH(version)                                                              \
    {                                                                                    \
        {"watch=1", "resourceVersion=" version "&"}, 0, 40000, OPEN, 200, "", 0, NULL    \
    }

static const struct row rows[] = {
    {"list, watch, events",
     {FIRST_LIST(LIST_OF("5", OBJECT("a", "3") "," OBJECT("b", "4"))),
      {{"watch=1", "resourceVersion=5&", "allowWatchBookmarks=true"},
       0,
       0,
       OPEN,
       200,
       EVENT("ADDED", "c", "6") EVENT("MODIFIED", "a", "7") EVENT("DELETED", "b", "8"),
       1,
       NULL}},
     "+n/a +n/b listed +n/c +n/a -n/b "},
    {"closed in time: again at once from the last version, a bookmark's too",
     {FIRST_LIST(LIST_OF("5", "")),
      {{"watch=1"},
       0,
       0,
       OPEN,
       200,
       EVENT("ADDED", "c", "6") BOOKMARK("9"),
       300000,
       NULL},
      {{"watch=1", "resourceVersion=9&"}, 0, 0, OPEN, 200, "", 0, NULL}},
     "listed +n/c "},
    {"broken in the middle of an event: the half is dropped",
     {FIRST_LIST(LIST_OF("5", "")),
      {{"watch=1"},
       0,
       0,
       CUT,
       200,
       EVENT("ADDED", "c", "6") "{\"type\":\"ADDED\",\"obj",
       5000,
       NULL},
      {{"watch=1", "resourceVersion=6&"}, 0, 0, OPEN, 200, "", 0, NULL}},
     "listed +n/c "},
    {"closed within a second without events: waits",
     {FIRST_LIST(LIST_OF("5", "")),
      {{"watch=1"}, 0, 0, OPEN, 200, "", 10, NULL},
      {{"watch=1", "resourceVersion=5&"}, 800, 1600, OPEN, 200, "", 10, NULL},
      {{"watch=1", "resourceVersion=5&"}, 1600, 3200, OPEN, 200, "", 10, NULL},
      LAST_WATCH("5")},
     "listed unavailable ok unavailable ok unavailable ok "},
    {"closed within a second with events, again and again: waits in the end",
     {FIRST_LIST(LIST_OF("5", "")),
      {{"watch=1"}, 0, 0, OPEN, 200, BOOKMARK("6"), 10, NULL},
      {{"watch=1"}, 0, 0, OPEN, 200, BOOKMARK("6"), 10, NULL},
      {{"watch=1"}, 0, 0, OPEN, 200, BOOKMARK("6"), 10, NULL},
      {{"watch=1"}, 0, 0, OPEN, 200, BOOKMARK("6"), 10, NULL},
      {{"watch=1", "resourceVersion=6&"}, 800, 1600, OPEN, 200, "", 0, NULL}},
     "listed unavailable ok "},
    {"410 as an event: lists from what it has seen; what went meanwhile is gone",
     {FIRST_LIST(LIST_OF("5", OBJECT("a", "3") "," OBJECT("b", "4"))),
      {{"watch=1"}, 0, 0, OPEN, 200, ERROR_EVENT("410", "Expired"), 0, NULL},
      {{"resourceVersion=5", "!limit", "!watch"},
       0,
       0,
       ANSWER,
       200,
       LIST_OF("9", OBJECT("b", "8")),
       0,
       NULL},
      LAST_WATCH("9")},
     "+n/a +n/b listed +n/b -n/a listed "},
    {"410 as a status, twice: the second time it waits and asks for the latest",
     {FIRST_LIST(LIST_OF("5", "")),
      {{"watch=1"}, 0, 0, ANSWER, 410, STATUS("410", "Gone"), 0, NULL},
      {{"resourceVersion=5", "!limit"}, 0, 0, ANSWER, 200, LIST_OF("6", ""), 0, NULL},
      {{"watch=1"}, 0, 0, ANSWER, 410, STATUS("410", "Gone"), 0, NULL},
      {{"limit=500", "!resourceVersion", "!watch"},
       800,
       1600,
       ANSWER,
       200,
       LIST_OF("7", ""),
       0,
       NULL},
      LAST_WATCH("7")},
     "listed listed gone ok listed "},
    {"410 on a list: the latest at once",
     {{{"resourceVersion=0"}, 0, 0, ANSWER, 410, STATUS("410", "Expired"), 0, NULL},
      {{"limit=500", "!resourceVersion"}, 0, 0, ANSWER, 200, LIST_OF("7", ""), 0, NULL},
      LAST_WATCH("7")},
     "listed "},
    {"410 on the third page: all in one, nothing is lost or doubled",
     {FIRST_LIST(PAGE_OF("5", "t1", OBJECT("a", "3"))),
      {{"continue=t1", "!resourceVersion", "limit=500"},
       0,
       0,
       ANSWER,
       200,
       PAGE_OF("5", "t/2", OBJECT("b", "3")),
       0,
       NULL},
      {{"continue=t%2F2"}, 0, 0, ANSWER, 410, STATUS("410", "Expired"), 0, NULL},
      {{"resourceVersion=0", "!limit", "!continue"},
       0,
       0,
       ANSWER,
       200,
       LIST_OF("8", OBJECT("b", "7")),
       0,
       NULL},
      LAST_WATCH("8")},
     "+n/a +n/b +n/b -n/a listed "},
    {"our version lies in the server's future: the latest",
     {FIRST_LIST(LIST_OF("50", OBJECT("a", "3"))),
      {{"watch=1"}, 0, 0, OPEN, 200, ERROR_EVENT("410", "Expired"), 0, NULL},
      {{"resourceVersion=50"}, 0, 0, ANSWER, 504, TOO_LARGE, 0, NULL},
      {{"!resourceVersion", "!watch"}, 0, 0, ANSWER, 200, LIST_OF("7", ""), 0, NULL},
      LAST_WATCH("7")},
     "+n/a listed -n/a listed "},
    {"a whole watch without a byte: has the server gone back?",
     {FIRST_LIST(LIST_OF("50", "")),
      {{"watch=1"}, 0, 0, OPEN, 200, "", 290000, NULL},
      {{"resourceVersion=50", "!watch"}, 0, 0, ANSWER, 504, TOO_LARGE, 0, NULL},
      {{"!resourceVersion", "!watch"}, 0, 0, ANSWER, 200, LIST_OF("7", ""), 0, NULL},
      LAST_WATCH("7")},
     "listed listed "},
    {"429 with Retry-After: never earlier, no new list",
     {FIRST_LIST(LIST_OF("5", "")),
      {{"watch=1"}, 0, 0, ANSWER, 429, "", 0, "7"},
      {{"watch=1", "resourceVersion=5&"}, 7000, 8500, OPEN, 200, "", 0, NULL}},
     "listed unavailable ok "},
    {"429 as an event",
     {FIRST_LIST(LIST_OF("5", "")),
      {{"watch=1"}, 0, 0, OPEN, 200, ERROR_EVENT("429", "TooManyRequests"), 0, NULL},
      {{"watch=1", "resourceVersion=5&"}, 800, 1600, OPEN, 200, "", 0, NULL}},
     "listed unavailable ok "},
    {"another ERROR event: waits, then lists",
     {FIRST_LIST(LIST_OF("5", "")),
      {{"watch=1"}, 0, 0, OPEN, 200, ERROR_EVENT("500", "StoreReadError"), 0, NULL},
      {{"resourceVersion=5", "!watch"},
       800,
       1600,
       ANSWER,
       200,
       LIST_OF("6", ""),
       0,
       NULL},
      LAST_WATCH("6")},
     "listed unavailable ok listed "},
    {"503 on a watch: waits twice as long each time, no new list",
     {FIRST_LIST(LIST_OF("5", "")),
      {{"watch=1"}, 0, 0, ANSWER, 503, "", 0, NULL},
      {{"watch=1"}, 800, 1600, ANSWER, 503, "", 0, NULL},
      {{"watch=1"}, 1600, 3200, ANSWER, 503, "", 0, NULL},
      {{"watch=1"}, 3200, 6400, ANSWER, 503, "", 0, NULL},
      {{"watch=1"}, 5000, 10000, ANSWER, 503, "", 0, NULL},
      {{"watch=1"}, 5000, 10000, ANSWER, 503, "", 0, NULL},
      LAST_WATCH("5")},
     "listed unavailable ok "},
    {"refused connections: back within five seconds",
     {FIRST_LIST(LIST_OF("5", "")),
      {{"watch=1"}, 0, 0, CUT, 200, "", 2000, NULL},
      {{"watch=1"}, 0, 0, REFUSE, 0, NULL, 0, NULL},
      {{"watch=1"}, 800, 1600, REFUSE, 0, NULL, 0, NULL},
      {{"watch=1"}, 1600, 3200, REFUSE, 0, NULL, 0, NULL},
      {{"watch=1"}, 2500, 5000, REFUSE, 0, NULL, 0, NULL},
      {{"watch=1"}, 2500, 5000, ANSWER, 503, "", 0, NULL},
      {{"watch=1", "resourceVersion=5&"}, 800, 1600, OPEN, 200, "", 0, NULL}},
     "listed unavailable unavailable ok "},
    {"403 on the list: said once, tried again, then synced",
     {{{"!watch"}, 0, 0, ANSWER, 403, STATUS("403", "Forbidden"), 0, NULL},
      {{"!watch"}, 800, 1600, ANSWER, 403, STATUS("403", "Forbidden"), 0, NULL},
      {{"!watch", "resourceVersion=0"},
       1600,
       3200,
       ANSWER,
       200,
       LIST_OF("5", ""),
       0,
       NULL},
      LAST_WATCH("5")},
     "denied ok listed "},
    {"404 on the watch: the kind is away; what is known stays",
     {FIRST_LIST(LIST_OF("5", OBJECT("a", "3"))),
      {{"watch=1"}, 0, 0, ANSWER, 404, "404 page not found", 0, NULL},
      {{"!watch"}, 800, 1600, ANSWER, 404, "404 page not found", 0, NULL},
      {{"!watch"}, 1600, 3200, ANSWER, 200, LIST_OF("6", OBJECT("a", "6")), 0, NULL},
      LAST_WATCH("6")},
     "+n/a listed not_found +n/a ok listed "},
    {"a list that ends early sweeps nothing",
     {FIRST_LIST(LIST_OF("5", OBJECT("a", "3") "," OBJECT("b", "3"))),
      {{"watch=1"}, 0, 0, OPEN, 200, ERROR_EVENT("410", "Expired"), 0, NULL},
      {{"!watch"},
       0,
       0,
       ANSWER,
       200,
       "{\"metadata\":{\"resourceVersion\":\"9\"},\"items\":[" OBJECT("c", "8") "",
       0,
       NULL},
      {{"!watch"}, 800, 1600, ANSWER, 200, LIST_OF("10", OBJECT("a", "3")), 0, NULL},
      LAST_WATCH("10")},
     "+n/a +n/b listed +n/c unavailable +n/a -n/b -n/c ok listed "},
    {"not JSON on a watch: lists after a wait",
     {FIRST_LIST(LIST_OF("5", "")),
      {{"watch=1"}, 0, 0, OPEN, 200, "<html>", 0, NULL},
      {{"!watch", "resourceVersion=5"},
       800,
       1600,
       ANSWER,
       200,
       LIST_OF("6", ""),
       0,
       NULL},
      LAST_WATCH("6")},
     "listed invalid ok listed "},
    {"odd events are skipped",
     {FIRST_LIST(LIST_OF("5", "")),
      {{"watch=1"},
       0,
       0,
       OPEN,
       200,
       "{\"type\":\"ADDED\",\"object\":{\"kind\":\"Table\",\"metadata\":{}}}\n" EVENT(
           "DELETED", "never-seen", "6") EVENT("RENAMED", "x", "7")
           EVENT("ADDED", "y", "8"),
       1,
       NULL}},
     "listed +n/y "},
    {"what was told before is not told again, nor what is older",
     {FIRST_LIST(LIST_OF("9", OBJECT("a", "3"))),
      {{"watch=1"},
       0,
       0,
       OPEN,
       200,
       EVENT("MODIFIED", "a", "10") EVENT("MODIFIED", "a", "10")
           EVENT("MODIFIED", "a", "8") EVENT("DELETED", "a", "9") BOOKMARK("7")
               EVENT("ADDED", "b", "11"),
       300000,
       NULL},
      LAST_WATCH("11")},
     "+n/a listed +n/a +n/b "},
    {"versions that are no numbers are taken as they come",
     {FIRST_LIST(LIST_OF("x2", OBJECT("a", "3"))),
      {{"watch=1"},
       0,
       0,
       OPEN,
       200,
       EVENT("MODIFIED", "a", "x1") EVENT("MODIFIED", "a", "01"),
       300000,
       NULL},
      LAST_WATCH("01")},
     "+n/a listed +n/a +n/a "},
};

TEST(state_table)
{
    play_rows(rows, BNC_LEN(rows), false);
}

TEST(freed_inside_its_own_callback)
{
    const struct bnc_reflector_options options = {.kind = BNC_KIND_DEPLOYMENT};

    for (size_t i = 0; i < 3; i++) {
        struct fake *fake = fake_new();
        struct bnc_kube *kube = kube_new(fake);
        struct seen seen = {.told = bnc_str_new(NULL, 65536)};

        seen.free_on_put = i == 0;
        seen.reflector = bnc_reflector_new(kube, &options, &seen_ops, &seen);
        struct bnc_http_call *list = fake_next(fake, 0);
        fake_head(list, 200);
        fake_data(list, LIST_OF("5", OBJECT("a", "3") "," OBJECT("b", "4")));
        fake_end(list, BNC_OK);
        seen.free_on_put = true;
        struct bnc_http_call *watch = fake_next(fake, 60000);
        CHECK((watch == NULL) == (i == 0));
        if (watch != NULL) {
            fake_head(watch, 200);
            fake_data(watch, EVENT("ADDED", "c", "6") EVENT("ADDED", "d", "7"));
            fake_end(watch, BNC_OK);
        }
        CHECK_STR(seen.told.ptr, i == 0 ? "+n/a " : "+n/a +n/b listed +n/c ");
        CHECK(fake_next(fake, 600000) == NULL);
        bnc_str_free(&seen.told);
        bnc_kube_free(kube);
        bnc_world_free(&fake->base);
    }
}

TEST(silence_has_a_deadline)
{
    const struct bnc_reflector_options options = {
        .kind = BNC_KIND_SECRET, .ns = "n", .name = "s", .metadata_only = true};
    struct fake *fake = fake_new();
    struct bnc_kube *kube = kube_new(fake);
    struct seen seen = {.told = bnc_str_new(NULL, 65536)};

    seen.reflector = bnc_reflector_new(kube, &options, &seen_ops, &seen);
    struct bnc_http_call *list = fake_next(fake, 0);
    CHECK_STR(list->url, "https://127.0.0.1:1/api/v1/namespaces/n/secrets"
                         "?fieldSelector=metadata.name%3Ds&limit=500");
    CHECK(strstr(list->headers, "as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,") !=
          NULL);
    fake_head(list, 200);
    for (int i = 0; i < 20; i++) { /* slow, but not silent */
        fake_run(fake, 20000);
        fake_data(list, " ");
    }
    CHECK(list->open);
    fake_run(fake, 31000);
    CHECK(!list->open);
    CHECK_STR(seen.told.ptr, "timeout ");

    list = fake_next(fake, 5000);
    fake_answer(list, 200, LIST_OF("5", ""));
    struct bnc_http_call *watch = fake_next(fake, 0);
    CHECK(strstr(watch->headers, "as=PartialObjectMetadata;g=meta.k8s.io;v=v1,") != NULL);
    fake_run(fake, 31000); /* no head */
    CHECK(!watch->open);
    watch = fake_next(fake, 5000);
    fake_head(watch, 200);
    CHECK(watch->timeout_ms >= 300000 && watch->timeout_ms <= 590000);
    fake_run(fake, 250000);
    CHECK(watch->open); /* its own deadline is the client's */
    CHECK_STR(seen.told.ptr, "timeout ok listed timeout ok ");
    bnc_reflector_free(seen.reflector);
    bnc_str_free(&seen.told);
    bnc_kube_free(kube);
    bnc_world_free(&fake->base);
}

RUN_TESTS(state_table, freed_inside_its_own_callback, silence_has_a_deadline)
