/*
 * Datasources in a Grafana that follows the rules: made, repaired, deleted, and with how
 * many requests.
 */
#include "tests/unit/grafana_rig.h"

#define PROM                                                                             \
    "{\"type\":\"prometheus\",\"url\":\"http://prom:9090\",\"isDefault\":true,"          \
    "\"jsonData\":{\"httpMethod\":\"POST\",\"timeInterval\":\"15s\"}}"
#define JAEGER "{\"type\":\"jaeger\",\"url\":\"http://jaeger:16686\"}"
#define ONE    "/api/datasources/uid/"
#define ALL    "/api/datasources"

static bool
is_repaired(struct rig *rig)
{
    return rig->repaired[0] != '\0' && rig_synced(rig);
}

TEST(made_and_repaired)
{
    struct rig *rig = rig_new();
    (void)rig_item(rig, "jaeger", JAEGER);
    (void)rig_item(rig, "prom", PROM);
    rig_set(rig);
    (void)rig_until(rig, rig_synced, 5000);
    CHECK_INT(rig_asked(rig, NULL, NULL), 4); /* a list, a search, two of POST */
    CHECK_INT(rig_asked(rig, "POST", ALL), 2);
    CHECK_INT(rig_state(rig).created, 2);

    rig_clear_log(rig);
    test_run_ms(rig->world, POLL_MS * 3);
    CHECK(rig_asked(rig, NULL, NULL) >= 2);
    rig_quiet(rig);
    CHECK_INT(rig_asked(rig, "GET", ONE), 0);

    rig_clear_log(rig);
    (void)rig_ctl(
        rig, "POST", "/_standin/edit",
        "{\"uid\":\"prom\",\"fields\":{\"url\":\"http://evil:1\",\"name\":\"Mine\","
        "\"isDefault\":false,\"jsonData\":{\"timeInterval\":\"1h\",\"own\":1}}}");
    int64_t took = rig_until(rig, is_repaired, POLL_MS * 3 / 2);
    CHECK(took <= POLL_MS + 100);
    CHECK_STR(
        rig->repaired,
        "shop/prom isDefault: false -> true; jsonData.timeInterval: \"1h\" -> \"15s\"; "
        "name: \"Mine\" -> \"Name prom\"; url: \"http://evil:1\" -> "
        "\"http://prom:9090\"|");
    CHECK_INT(rig_asked(rig, "PUT", NULL), 1);
    CHECK_INT(rig_asked(rig, "POST", NULL), 0);
    CHECK_STR(bnc_json_get_str(rig_stored(rig, "prom"), "url"), "http://prom:9090");
    CHECK_INT(rig_state(rig).repaired, 1);
    rig_free(rig);
}

/* ---- costs ---------------------------------------------------------------------- */

static bool
is_updated(struct rig *rig)
{
    return rig_state(rig).updated > 0 && rig_synced(rig);
}

TEST(two_hundred_and_one_changed)
{
    struct rig *rig = rig_new();
    char uid[16];

    rig->want.poll_ms = 60000;
    for (int i = 0; i < 200; i++) {
        (void)snprintf(uid, sizeof(uid), "ds-%03d", i);
        (void)rig_item(rig, uid, JAEGER);
    }
    rig_set(rig);
    (void)rig_until(rig, rig_synced, 20000);
    CHECK_INT(rig_asked(rig, NULL, NULL), 202);
    rig_clear_log(rig);

    rig_set(rig);                         /* the same again */
    rig->items[7].owner = "shop/renamed"; /* nothing that Grafana has */
    rig_set(rig);
    test_run_ms(rig->world, 100);
    CHECK_INT(rig_asked(rig, NULL, NULL), 0);

    rig->items[100].body =
        test_bytes("{\"type\":\"jaeger\",\"url\":\"http://jaeger-2:16686\"}");
    rig_set(rig);
    (void)rig_until(rig, is_updated, 5000);
    test_run_ms(rig->world, 100);
    CHECK_INT(rig_asked(rig, NULL, NULL), 1);
    CHECK_INT(rig_asked(rig, "PUT", ONE "ds-100"), 1);
    CHECK_STR(bnc_json_get_str(rig_stored(rig, "ds-100"), "url"),
              "http://jaeger-2:16686");
    CHECK_INT(rig_state(rig).repaired, 0);
    rig_free(rig);
}

static bool
are_two_there(struct rig *rig)
{
    return rig_count(rig) == 2;
}

TEST(an_empty_database)
{
    struct rig *rig = rig_new();

    (void)rig_item(rig, "jaeger", JAEGER);
    (void)rig_item(rig, "prom", PROM);
    rig_set(rig);
    (void)rig_until(rig, rig_synced, 5000);
    (void)rig_ctl(rig, "POST", "/_standin/reset", "{}");
    rig_clear_log(rig);
    CHECK(rig_until(rig, are_two_there, 2 * POLL_MS) <= POLL_MS + 100);
    CHECK_INT(rig_asked(rig, "POST", ALL), 2);
    CHECK_INT(rig_asked(rig, "PUT", NULL), 0);
    rig_free(rig);
}

/* ---- secrets -------------------------------------------------------------------- */

static const char *
stored_secret(struct rig *rig, const char *uid, const char *key)
{
    return bnc_json_get_str(bnc_json_get(rig_stored(rig, uid), "secrets"), key);
}

static bool
is_secret_two(struct rig *rig)
{
    const char *value = stored_secret(rig, "prom", "basicAuthPassword");
    return value != NULL && strcmp(value, "two \"2\" \303\244") == 0 && rig_synced(rig);
}

TEST(a_secret_is_rotated)
{
    struct rig *rig = rig_new();
    struct bnc_gapi_item *item = rig_item(rig, "prom", PROM);
    const cJSON *row;

    rig->want.poll_ms = 60000;
    rig_secret(rig, item, "basicAuthPassword", "value-one", "u1:7");
    rig_set(rig);
    (void)rig_until(rig, rig_synced, 5000);
    CHECK_STR(stored_secret(rig, "prom", "basicAuthPassword"), "value-one");
    rig_clear_log(rig);

    rig_secret(rig, item, "basicAuthPassword", "two \"2\" \303\244", "u1:8");
    rig_set(rig);
    (void)rig_until(rig, is_secret_two, 5000);
    CHECK_INT(rig_asked(rig, NULL, NULL), 1);
    CHECK_INT(rig_asked(rig, "PUT", ONE), 1);
    CHECK_INT(rig_state(rig).repaired, 0);
    CHECK_STR(rig->repaired, "");
    rig_clear_log(rig);

    /* under another key: the old one is emptied, for Grafana keeps what is not named */
    rig_secret(rig, item, "httpHeaderValue1", "value-three", "u1:8");
    rig_set(rig);
    UNTIL(rig, bnc_str_eq(stored_secret(rig, "prom", "basicAuthPassword"), ""));
    CHECK_STR(stored_secret(rig, "prom", "httpHeaderValue1"), "value-three");
    cJSON_ArrayForEach(row, rig_ctl(rig, "GET", "/_standin/log", ""))
    {
        CHECK(strstr(bnc_json_get_str(row, "path"), "value") == NULL);
    }
    const cJSON *data = bnc_json_get(rig_stored(rig, "prom"), "jsonData");
    struct bnc_str text = bnc_str_new(rig->arena, 10000);
    bnc_json_print(data, &text);
    CHECK(strstr(text.ptr, "u1:8") != NULL && strstr(text.ptr, "value-") == NULL);
    rig_free(rig);
}

/* A secret that somebody types over, or takes away, is seen although it is not shown. */
TEST(a_secret_is_edited)
{
    struct rig *rig = rig_new();

    rig_secret(rig, rig_item(rig, "prom", PROM), "basicAuthPassword", "value-one",
               "u1:7");
    rig_set(rig);
    (void)rig_until(rig, rig_synced, 5000);
    rig_clear_log(rig);
    (void)rig_ctl(rig, "POST", "/_standin/edit",
                  "{\"uid\":\"prom\",\"secure\":{\"basicAuthPassword\":\"evil\"}}");
    CHECK(rig_until(rig, is_repaired, 2 * POLL_MS) <= POLL_MS + 100);
    CHECK_STR(rig->repaired, "shop/prom something that Grafana does not show, a secret "
                             "perhaps: changed -> as wanted|");
    CHECK_STR(stored_secret(rig, "prom", "basicAuthPassword"), "value-one");
    CHECK_INT(rig_asked(rig, "PUT", NULL), 1);

    rig->repaired[0] = '\0';
    (void)rig_ctl(rig, "POST", "/_standin/edit",
                  "{\"uid\":\"prom\",\"secure\":{\"basicAuthPassword\":\"\"}}");
    (void)rig_until(rig, is_repaired, 2 * POLL_MS);
    CHECK_STR(rig->repaired,
              "shop/prom secureJsonData.basicAuthPassword: is not set -> set|");
    CHECK_STR(stored_secret(rig, "prom", "basicAuthPassword"), "value-one");

    /* a new process knows as much: it is all in Grafana */
    bnc_gapi_drop(rig->gapi, "mon", "main", false);
    (void)rig_ctl(rig, "POST", "/_standin/edit",
                  "{\"uid\":\"prom\",\"secure\":{\"basicAuthPassword\":\"evil\"}}");
    rig_set(rig);
    UNTIL(rig, bnc_str_eq(stored_secret(rig, "prom", "basicAuthPassword"), "value-one"));
    rig_free(rig);
}

/* ---- what is whose -------------------------------------------------------------- */

static const char *
message_of(struct rig *rig, const char *uid)
{
    const struct bnc_gapi_state now = rig_state(rig);

    for (size_t i = 0; i < now.n; i++) {
        if (strcmp(now.items[i].uid, uid) == 0) {
            return bnc_arena_fmt(rig->arena, "%d %s", (int)now.items[i].standing,
                                 now.items[i].message);
        }
    }
    return NULL;
}

#define PLAIN(uid, name)                                                                 \
    "{\"uid\":\"" uid "\",\"name\":\"" name                                              \
    "\",\"type\":\"loki\",\"access\":\"proxy\",\"url\":\"http://theirs\"" MORE "}"
#define MORE ""

TEST(others_are_left_alone)
{
    struct rig *rig = rig_new();

    (void)rig_ctl(rig, "POST", ALL, PLAIN("a-taken", "Theirs"));
    (void)rig_ctl(rig, "POST", ALL, PLAIN("theirs", "Name b-name"));
#undef MORE
#define MORE ",\"jsonData\":{\"binnacle\":{\"owner\":\"other/obs\"}}"
    (void)rig_ctl(rig, "POST", ALL, PLAIN("c-other", "Other"));
    (void)rig_ctl(rig, "POST", ALL, PLAIN("c-stale", "Stale of another"));
#undef MORE
#define MORE ",\"jsonData\":{\"binnacle\":{\"owner\":\"mon/main\"}}"
    (void)rig_ctl(rig, "POST", ALL, PLAIN("z-stale", "Stale of ours"));
    rig_clear_log(rig);
    (void)rig_item(rig, "a-taken", JAEGER);
    (void)rig_item(rig, "b-name", JAEGER);
    (void)rig_item(rig, "c-other", JAEGER);
    (void)rig_item(rig, "d-fine", JAEGER);
    rig_set(rig);
    test_run_ms(rig->world, POLL_MS * 2);
    CHECK_STR(
        message_of(rig, "a-taken"),
        "3 the datasource with uid a-taken in organization 1 of Grafana was not made "
        "by binnacle: delete it there, or give this one another uid");
    CHECK_STR(message_of(rig, "b-name"),
              "3 organization 1 of Grafana has another datasource \"Name b-name\" (uid "
              "theirs): delete it there, or give this one another title");
    CHECK_STR(message_of(rig, "c-other"),
              "3 the datasource with uid c-other in organization 1 of Grafana is "
              "Observatory other/obs's: give this one another uid");
    CHECK_STR(message_of(rig, "d-fine"), "1 ");
    CHECK_INT(rig_asked(rig, "PUT", NULL), 0);
    CHECK_INT(rig_asked(rig, "POST", NULL), 1);
    CHECK_INT(rig_asked(rig, "DELETE", NULL), 1);
    CHECK_INT(rig_asked(rig, "DELETE", ONE "z-stale"), 1);
    CHECK_INT(rig_count(rig), 5);

    /* a new one meets what came since the last look */
#undef MORE
#define MORE ""
    (void)rig_ctl(rig, "POST", ALL, PLAIN("late", "Name e-late"));
    (void)rig_ctl(rig, "POST", "/_standin/readonly", "{\"uid\":\"d-fine\"}");
    (void)rig_item(rig, "e-late", JAEGER);
    rig_set(rig);
    UNTIL(rig,
          bnc_str_starts(message_of(rig, "e-late"), "3 organization 1 of Grafana has"));
    UNTIL(rig, bnc_str_starts(message_of(rig, "d-fine"), "3 "));
    CHECK_STR(
        message_of(rig, "d-fine"),
        "3 the datasource with uid d-fine in organization 1 of Grafana comes from a "
        "file that Grafana provisions: take it out there");
    rig_free(rig);
}

static bool
is_gone(struct rig *rig)
{
    return rig->gone;
}

TEST(what_is_ours_goes)
{
    struct rig *rig = rig_new();

    rig->want.poll_ms = 60000;
#undef MORE
#define MORE ",\"jsonData\":{\"binnacle\":{\"owner\":\"mon/main\"}}"
    (void)rig_ctl(rig, "POST", ALL, PLAIN("z-stale", "Stale of ours"));
#undef MORE
#define MORE ""
    (void)rig_ctl(rig, "POST", ALL, PLAIN("theirs", "Theirs"));
    (void)rig_item(rig, "jaeger", JAEGER);
    (void)rig_item(rig, "prom", PROM);
    rig_set(rig);
    (void)rig_until(rig, rig_synced, 5000);
    UNTIL(rig, rig_count(rig) == 3);
    test_run_ms(rig->world, 100);
    rig_clear_log(rig);

    rig->want.n = 1; /* prom is not wanted any more */
    rig_set(rig);
    UNTIL(rig, rig_count(rig) == 2 && rig_state(rig).deleted == 2);
    CHECK_INT(rig_asked(rig, "GET", ONE "prom"), 1);
    CHECK_INT(rig_asked(rig, NULL, NULL), 2);
    CHECK_INT(rig_state(rig).deleted, 2);

    (void)rig_ctl(rig, "POST", "/_standin/fault",
                  "{\"method\":\"DELETE\",\"status\":503}");
    bnc_gapi_drop(rig->gapi, "mon", "main", true);
    (void)rig_until(rig, is_gone, 5000);
    CHECK_INT(rig->left, 0);
    CHECK_INT(rig_count(rig), 1);
    struct bnc_gapi_state now;
    CHECK(!bnc_gapi_get(rig->gapi, "mon", "main", rig->arena, &now));
    rig_free(rig);
}

/* ---- names, organizations, who asks --------------------------------------------- */

TEST(names_change_places)
{
    struct rig *rig = rig_new();
    struct bnc_gapi_item *a = rig_item(rig, "a", JAEGER);
    struct bnc_gapi_item *b = rig_item(rig, "b", JAEGER);

    rig_set(rig);
    (void)rig_until(rig, rig_synced, 5000);
    b->name = "Name c"; /* a free one first */
    a->name = "Name b";
    rig_clear_log(rig);
    rig_set(rig);
    UNTIL(rig, bnc_str_eq(bnc_json_get_str(rig_stored(rig, "a"), "name"), "Name b"));
    UNTIL(rig, rig_synced(rig));
    CHECK(rig_asked(rig, "PUT", NULL) <= 3);
    CHECK_STR(bnc_json_get_str(rig_stored(rig, "b"), "name"), "Name c");

    a->uid = "a2"; /* another uid, and the name stays */
    rig_set(rig);
    UNTIL(rig, rig_stored(rig, "a2") != NULL && rig_synced(rig));
    CHECK(rig_stored(rig, "a") == NULL);
    CHECK_STR(bnc_json_get_str(rig_stored(rig, "a2"), "name"), "Name b");
    rig_free(rig);
}

TEST(organizations)
{
    struct rig *rig = rig_new();

    (void)rig_item(rig, "jaeger", JAEGER);
    rig_item(rig, "jaeger", JAEGER)->org = 2;
    rig_set(rig);
    (void)rig_until(rig, rig_synced, 5000);
    CHECK_INT(rig_count(rig), 2);

    rig_item(rig, "jaeger", JAEGER)->org = 7; /* there is none */
    rig_set(rig);
    UNTIL(rig, rig_state(rig).items[2].standing != BNC_GAPI_PENDING);
    const struct bnc_gapi_state now = rig_state(rig);
    CHECK(now.error == NULL);
    CHECK_INT(now.items[1].standing, BNC_GAPI_SYNCED);
    CHECK_INT(now.items[2].standing, BNC_GAPI_FAILED);
    CHECK_STR(now.items[2].message,
              "Grafana answers GET /api/datasources of organization 7 with status 403: "
              "You'll need additional permissions to perform this action.; "
              "datasources:read, create, write and delete have to be allowed");

    rig->want.n = 1; /* what was in the second goes from there */
    rig_set(rig);
    UNTIL(rig, rig_synced(rig) && rig_count(rig) == 1);
    rig_free(rig);
}

/* A token has one organization. */
TEST(a_token)
{
    struct rig *rig = rig_new();

    (void)rig_item(rig, "jaeger", JAEGER);
    rig_item(rig, "jaeger", JAEGER)->org = 2;
    rig->want.token = test_bytes("tok-one");
    rig_set(rig);
    UNTIL(rig, rig_state(rig).items[1].standing != BNC_GAPI_PENDING &&
                   rig_state(rig).items[0].standing != BNC_GAPI_PENDING);
    const struct bnc_gapi_state now = rig_state(rig);
    CHECK(now.error == NULL);
    CHECK_INT(now.items[0].standing, BNC_GAPI_SYNCED);
    CHECK_INT(now.items[1].standing, BNC_GAPI_FAILED);
    CHECK_STR(
        now.items[1].message,
        "Grafana answers GET /api/datasources of organization 2 with status 401: API "
        "key does not belong to the requested organization");

    rig->want.token = test_bytes("tok-none");
    rig_set(rig);
    UNTIL(rig, rig_state(rig).error != NULL);
    CHECK(strstr(rig_state(rig).error, "with status 401: Unauthorized") != NULL);
    rig_free(rig);
}

RUN_TESTS(made_and_repaired, two_hundred_and_one_changed, an_empty_database,
          a_secret_is_rotated, a_secret_is_edited, others_are_left_alone,
          what_is_ours_goes, names_change_places, organizations, a_token)
