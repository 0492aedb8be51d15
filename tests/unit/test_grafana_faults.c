/*
 * What goes wrong between us and Grafana, and that all is well afterwards.
 */
#include "tests/unit/grafana_rig.h"

#define JAEGER "{\"type\":\"jaeger\",\"url\":\"http://jaeger:16686\"}"
#define ONE    "/api/datasources/uid/"
#define ALL    "/api/datasources"

static bool
has_error(struct rig *rig)
{
    return rig_state(rig).error != NULL;
}

/* Without the address, which is another each time. */
static const char *
error_of(struct rig *rig)
{
    const char *error = rig_state(rig).error;

    CHECK(error != NULL);
    const char *at = strstr(error, rig->url + strlen("http://"));
    return at == NULL ? error : at + strlen(rig->url) - strlen("http://");
}

static void
fault(struct rig *rig, const char *json)
{
    (void)rig_ctl(rig, "POST", "/_standin/fault", json);
}

/* Grafana as a whole is away, in one way or another: said, waited for, and made good. */
TEST(away)
{
    static const struct {
        const char *name;
        const char *fault;
        const char *error; /* its beginning */
    } rows[] = {
        {"500", "{\"status\":500}",
         " answers GET /api/datasources with status 500: fault"},
        {"502, HTML", "{\"status\":502,\"body\":\"<html>\"}",
         " answers GET /api/datasources with status 502"},
        {"a login page", "{\"status\":200,\"body\":\"<html>\"}",
         ": what answers GET /api/datasources is no Grafana"},
        {"JSON of another kind", "{\"status\":200,\"body\":{\"a\":1}}",
         ": what answers GET /api/datasources is no Grafana"},
        {"half a list", "{\"status\":200,\"body\":\"[{}]\",\"drop\":\"middle\"}",
         ": transfer closed"},
        /* once is not enough: a GET is sent again on another connection */
        {"closed", "{\"drop\":\"before\",\"count\":2}", ": Empty reply"},
        {"moved", "{\"status\":302,\"body\":\"\",\"headers\":{\"Location\":\"/login\"}}",
         " answers GET /api/datasources with status 302: redirects are not followed"},
    };

    for (size_t i = 0; i < BNC_LEN(rows); i++) {
        struct rig *rig = rig_new();
        bnc_test_row(rows[i].name);
        (void)rig_item(rig, "jaeger", JAEGER);
        fault(rig, rows[i].fault);
        rig_set(rig);
        (void)rig_until(rig, has_error, 5000);
        CHECK(bnc_str_starts(error_of(rig), rows[i].error));
        CHECK_INT(rig_state(rig).items[0].standing, BNC_GAPI_PENDING);
        int changes = rig->changes;
        UNTIL(rig, rig_synced(rig) && rig->changes > changes);
        rig_free(rig);
    }
}

static const char *
secret_of(struct rig *rig, const char *uid)
{
    return bnc_json_get_str(bnc_json_get(rig_stored(rig, uid), "secrets"),
                            "basicAuthPassword");
}

/* Each request fails in each way once: what came of it is found out, nothing is doubled.
 */
TEST(each_request_once)
{
    static const char *const methods[] = {"GET", "POST", "PUT", "DELETE"};
    static const char *const ways[] = {
        "\"drop\":\"before\"", "\"drop\":\"after\"", "\"drop\":\"middle\"",
        "\"status\":500",      "\"status\":503",
    };

    struct rig *rig = rig_new();
    rig->want.poll_ms = 100;
    for (size_t i = 0; i < BNC_LEN(methods) * BNC_LEN(ways); i++) {
        const char *text =
            bnc_arena_fmt(rig->arena, "{\"method\":\"%s\",%s}",
                          methods[i / BNC_LEN(ways)], ways[i % BNC_LEN(ways)]);
        bnc_test_row(text);
        rig->want.n = 0;
        (void)rig_item(rig, "a", JAEGER);
        rig_secret(rig, rig_item(rig, "b", JAEGER), "basicAuthPassword", "first", "1:1");
        fault(rig, text);
        rig_set(rig);
        test_run_ms(rig->world, 60); /* GET and POST */
        rig->items[0].body = test_bytes(
            "{\"type\":\"jaeger\",\"url\":\"http://other\",\"jsonData\":{\"a\":[1]}}");
        rig_secret(rig, &rig->items[1], "basicAuthPassword", "second", "1:2");
        rig_set(rig);
        test_run_ms(rig->world, 60); /* PUT */
        rig->items[0] = rig->items[1];
        rig->want.n = 1;
        rig_set(rig);
        UNTIL(rig, bnc_str_eq(secret_of(rig, "b"), "second") &&
                       rig_stored(rig, "a") == NULL && rig_synced(rig)); /* DELETE */
        CHECK_INT(rig_count(rig), 1);
        test_run_ms(rig->world, 150); /* a DELETE without an answer is sent again */
        rig_clear_log(rig);
        test_run_ms(rig->world, 200); /* and it is quiet again */
        rig_quiet(rig);
        CHECK_STR(rig->repaired, "");
        bnc_gapi_drop(rig->gapi, "mon", "main", false);
        (void)rig_ctl(rig, "POST", "/_standin/reset", "{}");
    }
    bnc_test_row("");
    rig_free(rig);
}

/* One that Grafana chokes on does not hold up the others. */
TEST(one_bad)
{
    struct rig *rig = rig_new();

    (void)rig_item(rig, "a", JAEGER);
    (void)rig_item(rig, "b", "{\"type\":\"jaeger\",\"url\":\"http://a b\"}");
    (void)rig_item(rig, "c", "[]");
    rig_secret(rig, rig_item(rig, "d", JAEGER), "password", "\xff", "1");
    (void)rig_item(rig, "e", JAEGER);
    fault(rig, "{\"method\":\"POST\",\"count\":1,\"status\":500,\"body\":{\"message\":"
               "\"Failed to add datasource\"}}");
    rig_set(rig);
    UNTIL(rig, rig_state(rig).items[4].standing == BNC_GAPI_SYNCED);
    const struct bnc_gapi_state now = rig_state(rig);
    CHECK(now.error == NULL);
    CHECK_STR(now.items[0].message, "Grafana answers POST /api/datasources with status "
                                    "500: Failed to add datasource");
    CHECK_STR(now.items[1].message, "Grafana answers POST /api/datasources with status "
                                    "400: Validation error, invalid URL");
    CHECK_STR(now.items[2].message, "the body is no JSON object");
    CHECK_STR(now.items[3].message, "the secret for password is no text");
    CHECK_INT(now.items[4].standing, BNC_GAPI_SYNCED);
    UNTIL(rig, rig_state(rig).items[0].standing == BNC_GAPI_SYNCED);
    rig->items[1].body = test_bytes(JAEGER);
    rig->items[2].body = test_bytes(JAEGER);
    rig_secret(rig, &rig->items[3], "password", "good", "2");
    rig_set(rig);
    (void)rig_until(rig, rig_synced, 5000);
    CHECK_INT(rig_count(rig), 5);
    rig_free(rig);
}

/* Nobody listens; then somebody does. */
TEST(nobody_there)
{
    struct rig *rig = rig_new();
    const char *url = rig->want.url;

    (void)rig_item(rig, "a", JAEGER);
    rig->want.url = "http://127.0.0.1:1";
    rig_set(rig);
    (void)rig_until(rig, has_error, 5000);
    CHECK(bnc_str_starts(rig_state(rig).error, "GET 127.0.0.1:1: Failed to connect"));
    rig->want.url = "http://admin:s3cret-pw@127.0.0.1:1";
    rig_set(rig);
    CHECK(strstr(rig_state(rig).error, "s3cret") == NULL);
    CHECK(strstr(rig_state(rig).error, "without a query and a password") != NULL);
    rig->want.url = url;
    rig_set(rig);
    (void)rig_until(rig, rig_synced, 5000);
    rig_free(rig);
}

/* It asks for a pause, and gets it. */
TEST(too_many_requests)
{
    struct rig *rig = rig_new();

    (void)rig_item(rig, "a", JAEGER);
    fault(rig, "{\"status\":429,\"headers\":{\"Retry-After\":\"1\"}}");
    rig_set(rig);
    (void)rig_until(rig, has_error, 5000);
    test_run_ms(rig->world, 900);
    CHECK_INT(rig_asked(rig, NULL, NULL), 1);
    (void)rig_until(rig, rig_synced, 5000);
    rig_free(rig);
}

/* A wrong password is not tried so often that Grafana locks the user. */
TEST(a_wrong_password)
{
    struct rig *rig = rig_new();

    (void)rig_item(rig, "a", JAEGER);
    rig->want.password = test_bytes("wrong");
    rig_set(rig);
    (void)rig_until(rig, has_error, 5000);
    CHECK_STR(error_of(rig), " answers GET /api/datasources with status 401: Invalid "
                             "username or password");
    test_run_ms(rig->world, 3 * POLL_MS);
    CHECK_INT(rig_asked(rig, NULL, NULL), 1);
    rig->want.password = test_bytes("s3cret-pw");
    rig_set(rig);
    (void)rig_until(rig, rig_synced, 5000);

    rig->want.username = test_bytes("ad\nmin");
    rig_set(rig);
    CHECK_STR(rig_state(rig).error,
              "the credentials of Grafana are neither a token nor a "
              "username and a password");
    rig_free(rig);
}

static const char *
url_of(struct rig *rig)
{
    return bnc_json_get_str(rig_stored(rig, "a"), "url");
}

/* Somebody saves between our look and our write: Grafana says 409, and we look again. */
TEST(races)
{
    struct rig *rig = rig_new();
    struct bnc_gapi_item *item = rig_item(rig, "a", JAEGER);

    rig->want.poll_ms = 60000;
    rig_set(rig);
    (void)rig_until(rig, rig_synced, 5000);
    (void)rig_ctl(rig, "POST", "/_standin/edit",
                  "{\"uid\":\"a\",\"fields\":{\"url\":\"http://theirs\"}}");
    rig_clear_log(rig);
    item->body = test_bytes("{\"type\":\"jaeger\",\"url\":\"http://ours\"}");
    rig_set(rig);
    UNTIL(rig, bnc_str_eq(url_of(rig), "http://ours") && rig_synced(rig));
    CHECK_INT(rig_asked(rig, "PUT", NULL), 2);
    CHECK_INT(rig_asked(rig, NULL, NULL), 3);

    /* it is deleted there, and changed here */
    (void)rig_ctl(rig, "DELETE", ONE "a", "");
    item->body = test_bytes("{\"type\":\"jaeger\",\"url\":\"http://again\"}");
    rig_set(rig);
    UNTIL(rig, bnc_str_eq(url_of(rig), "http://again") && rig_synced(rig));

    /* 409 whatever we do: one more look, and no more in this round */
    fault(rig, "{\"method\":\"PUT\",\"count\":100,\"status\":409,\"body\":{\"message\":"
               "\"no\"}}");
    rig_clear_log(rig);
    item->body = test_bytes("{\"type\":\"jaeger\",\"url\":\"http://never\"}");
    rig_set(rig);
    UNTIL(rig, bnc_str_eq(rig_state(rig).items[0].message,
                          "Grafana answers PUT /api/datasources with status 409: no"));
    test_run_ms(rig->world, 100);
    CHECK_INT(rig_asked(rig, NULL, NULL), 3);
    rig_free(rig);
}

/* What Grafana has its own way with is written once, not with each poll. */
TEST(a_field_that_does_not_stick)
{
    struct rig *rig = rig_new();

    (void)rig_item(rig, "a",
                   "{\"type\":\"jaeger\",\"url\":\"http://a\",\"description\":\"x\"}");
    rig_set(rig);
    (void)rig_until(rig, rig_synced, 5000);
    rig_clear_log(rig);
    test_run_ms(rig->world, 3 * POLL_MS);
    CHECK(rig_asked(rig, "GET", ALL) >= 2);
    CHECK_INT(rig_asked(rig, "PUT", NULL), 0);
    CHECK_STR(rig->repaired, "");
    rig_free(rig);
}

/* A secret in the words of an answer is not passed on. */
TEST(words_with_a_secret)
{
    struct rig *rig = rig_new();

    rig_secret(rig, rig_item(rig, "a", JAEGER), "password", "hush-hush", "1");
    fault(rig, "{\"method\":\"POST\",\"status\":400,\"body\":{\"message\":\"bad value "
               "hush-hush\"}}");
    rig_set(rig);
    test_run_ms(rig->world, 100);
    CHECK_STR(
        rig_state(rig).items[0].message,
        "Grafana answers POST /api/datasources with status 400: (not shown: it has a "
        "secret in it)");
    rig_free(rig);
}

/* Wishes that change while a request is under way. */
TEST(changes_meanwhile)
{
    struct rig *rig = rig_new();
    struct bnc_gapi_item *item = rig_item(rig, "a", JAEGER);

    (void)rig_item(rig, "b", JAEGER);
    fault(rig, "{\"count\":40,\"delay_s\":0.03}");
    for (int i = 0; i < 40; i++) {
        char body[100];
        (void)snprintf(body, sizeof(body), "{\"type\":\"jaeger\",\"url\":\"http://u%d\"}",
                       i);
        item->body = test_bytes(bnc_arena_strdup(rig->arena, body));
        rig->want.n = i % 3 == 0 ? 1 : 2;
        rig_set(rig);
        test_run_ms(rig->world, i % 7 * 6);
    }
    rig->want.n = 2;
    rig_set(rig);
    (void)rig_until(rig, rig_synced, 4000);
    UNTIL(rig, bnc_str_eq(url_of(rig), "http://u39") && rig_stored(rig, "b") != NULL);
    rig->want.n = 1;
    rig_set(rig);
    bnc_gapi_drop(rig->gapi, "mon", "main", true);
    rig_set(rig); /* wanted again after all */
    UNTIL(rig, rig_count(rig) == 1 && rig_synced(rig));
    test_run_ms(rig->world, 2 * POLL_MS);
    CHECK_INT(rig_count(rig), 1);
    CHECK(!rig->gone);
    rig_free(rig);
}

RUN_TESTS(away, each_request_once, one_bad, nobody_there, too_many_requests,
          a_wrong_password, races, a_field_that_does_not_stick, words_with_a_secret,
          changes_meanwhile)
