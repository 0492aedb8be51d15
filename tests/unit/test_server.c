#include "tests/unit/server_fake.h"

#define COUNT(n)                                                                         \
    OK_JSON("{\"resultType\":\"vector\",\"result\":[{\"metric\":{},\"value\":[1.5,\"" n  \
            "\"]}]}")
#define NO_COUNT OK_JSON("{\"resultType\":\"vector\",\"result\":[]}")
#define AGENT                                                                            \
    "{\"status\":\"error\",\"errorType\":\"execution\",\"error\":\"unavailable with "    \
    "Prometheus Agent\"}"

static void
on_reload(void *arg, const struct bnc_reload *reload)
{
    static const char *const names[] = {"loaded", "refused", "away", "wrong"};
    char text[2500];
    (void)snprintf(text, sizeof(text), "%s %s", names[reload->verdict], reload->message);
    tell(arg, text);
}

static void
on_version(void *arg, const struct bnc_server_version *version,
           const struct bnc_error *err)
{
    char text[200];
    if (version == NULL) {
        tell_error(arg, err);
        return;
    }
    (void)snprintf(text, sizeof(text), "%s%s", version->version,
                   version->agent ? " agent" : "");
    tell(arg, text);
}

static void
on_targets(void *arg, const struct bnc_server_targets *targets,
           const struct bnc_error *err)
{
    char text[200];
    if (targets == NULL) {
        tell_error(arg, err);
        return;
    }
    (void)snprintf(text, sizeof(text), "%lld %lld", (long long)targets->up,
                   (long long)targets->down);
    tell(arg, text);
}

/* ---- reload ------------------------------------------------------------------------ */

TEST(reload)
{
    static const struct {
        const char *name;
        int status;
        const char *body;
        const char *want;
    } rows[] = {
        {"loaded", 200, "", "loaded "},
        {"refused", 500,
         "failed to reload config: couldn't load configuration "
         "(--config.file=\"/c/prometheus.yml\"): parsing YAML file /c/prometheus.yml: "
         "yaml: unmarshal errors:\n  line 5: field x not found in type y\n",
         "refused parsing YAML file /c/prometheus.yml: yaml: unmarshal errors:\n  line "
         "5: "
         "field x not found in type y"},
        {"not applied", 500,
         "failed to reload config: one or more errors occurred while applying the new "
         "configuration (--config.file=\"/c/prometheus.yml\")\n",
         "refused one or more errors occurred while applying the new configuration "
         "(--config.file=\"/c/prometheus.yml\")"},
        {"no reason", 500,
         "failed to reload config: ", "refused failed to reload config:"},
        {"odd bytes", 500, "failed to reload config: a\x1b[1m\xff\n", "refused a?[1m?"},
        {"starting", 503, "Service Unavailable",
         "away POST http://@/p/-/reload: status 503: Service Unavailable"},
        {"a proxy's error", 500, "upstream is away",
         "away POST http://@/p/-/reload: status 500: upstream is away"},
        {"bad gateway", 502, "", "away POST http://@/p/-/reload: status 502"},
        {"disabled", 403, "Lifecycle API is not enabled.",
         "wrong POST http://@/p/-/reload: status 403: Lifecycle API is not enabled."},
        {"no password", 401, "Unauthorized",
         "wrong POST http://@/p/-/reload: status 401: Unauthorized"},
        {"elsewhere", 404, "404 page not found\n",
         "wrong POST http://@/p/-/reload: status 404: 404 page not found"},
        {"moved", 302, "", "wrong POST http://@/p/-/reload: status 302"},
        {"dropped", -2, "", "away POST @: Empty reply from server"},
    };

    for (size_t i = 0; i < BNC_LEN(rows); i++) {
        const struct answer answer = {"/-/reload", NULL, rows[i].status, rows[i].body};
        struct fake fake = {.answers = &answer, .n = 1};
        bnc_test_row(rows[i].name);
        fake_start(&fake, "/p");
        bnc_server_reload(fake.server, on_reload, &fake);
        CHECK_INT(fake.calls, 0); /* later */
        test_run(fake.world);
        CHECK_STR(fake.told, rows[i].want);
        CHECK_STR(fake.seen, "POST /p/-/reload|");
        CHECK_INT(fake.calls, 1);
        fake_free(&fake);
    }
}

/* Thousands of lines in a refusal: the first of them are told. */
TEST(a_long_refusal)
{
    struct bnc_str body = bnc_str_new(NULL, 1 << 20);
    const struct answer answer = {"/-/reload", NULL, 500, "BIG"};
    struct fake fake = {.answers = &answer, .n = 1};

    bnc_test_row("long");
    bnc_str_puts(&body, "failed to reload config: first ");
    while (body.len < 600000) {
        bnc_str_puts(&body, "\xc3\xa9");
    }
    fake.big = (struct bnc_bytes){body.ptr, body.len};
    fake_start(&fake, "");
    bnc_server_reload(fake.server, on_reload, &fake);
    test_run(fake.world);
    CHECK(bnc_str_starts(fake.told, "refused first \xc3\xa9"));
    CHECK_INT(strlen(fake.told), 8 + BNC_SERVER_TEXT_MAX - 2); /* no half character */
    fake_free(&fake);
    bnc_str_free(&body);
}

TEST(nobody_listens)
{
    struct fake fake = {0};

    bnc_test_row("refused");
    fake_start(&fake, "");
    close_later(&fake);
    bnc_server_reload(fake.server, on_reload, &fake);
    test_run(fake.world);
    CHECK(bnc_str_starts(fake.told, "away POST @: Failed to connect"));
    bnc_server_version(fake.server, on_version, &fake);
    test_run(fake.world);
    CHECK(bnc_str_starts(fake.told, "unavailable: GET @: Failed to connect"));
    fake_free(&fake);
}

TEST(a_ca_file_that_is_missing)
{
    struct fake fake = {0};
    struct bnc_server *server = NULL;
    struct bnc_error err = {0};

    bnc_test_row("missing");
    fake_start(&fake, "");
    CHECK_INT(bnc_server_new(fake.world, "https://127.0.0.1:1", "/nowhere/ca.crt",
                             &server, &err),
              BNC_OK);
    bnc_server_reload(server, on_reload, &fake);
    test_run(fake.world);
    CHECK(bnc_str_starts(fake.told, "away CA file: "));
    CHECK(strstr(fake.told, "/nowhere/ca.crt") != NULL);
    bnc_server_reload(server, on_reload, &fake);
    bnc_server_cancel(server);
    test_run_ms(fake.world, 20);
    CHECK_INT(fake.calls, 1);
    bnc_server_reload(server, on_reload, &fake);
    bnc_server_free(server);
    test_run_ms(fake.world, 20);
    CHECK_INT(fake.calls, 1);
    fake_free(&fake);
}

/* ---- what it is -------------------------------------------------------------------- */

TEST(version)
{
    static const struct {
        const char *name;
        struct answer build;
        struct answer query;
        const char *want;
    } rows[] = {
        {"server",
         {"/buildinfo", NULL, 200, OK_JSON("{\"version\":\"3.16.0\"}")},
         {"/query", NULL, 200, OK_JSON("{}")},
         "3.16.0"},
        {"agent",
         {"/buildinfo", NULL, 200, OK_JSON("{\"version\":\"2.53.3\"}")},
         {"/query", NULL, 422, AGENT},
         "2.53.3 agent"},
        {"other 422",
         {"/buildinfo", NULL, 200, OK_JSON("{\"version\":\"2.53.3\"}")},
         {"/query", NULL, 422, "too much"},
         "invalid: GET http://@/api/v1/query?query=1: status 422: too much"},
        {"no version",
         {"/buildinfo", NULL, 200, OK_JSON("{}")},
         {"/x", NULL, 0, ""},
         "invalid: GET http://@/api/v1/status/buildinfo: no version in the answer"},
        {"no version either",
         {"/buildinfo", NULL, 200, OK_JSON("{\"version\":\"<html>\"}")},
         {"/x", NULL, 0, ""},
         "invalid: GET http://@/api/v1/status/buildinfo: no version in the answer"},
        {"garbage",
         {"/buildinfo", NULL, 200, "<html>"},
         {"/x", NULL, 0, ""},
         "invalid: GET http://@/api/v1/status/buildinfo: no version in the answer"},
        {"starting",
         {"/buildinfo", NULL, 503, "Service Unavailable"},
         {"/x", NULL, 0, ""},
         "unavailable: GET http://@/api/v1/status/buildinfo: status 503: Service "
         "Unavailable"},
        {"another server",
         {"/x", NULL, 0, ""},
         {"/x", NULL, 0, ""},
         "not_found: GET http://@/api/v1/status/buildinfo: status 404: 404 page not "
         "found"},
        {"too much",
         {"/buildinfo", NULL, 200, "BIG"},
         {"/x", NULL, 0, ""},
         "too_big: GET @: the answer is over 65536 bytes"},
    };
    static char big[70000];

    memset(big, 'x', sizeof(big));
    for (size_t i = 0; i < BNC_LEN(rows); i++) {
        const struct answer answers[] = {rows[i].build, rows[i].query};
        struct fake fake = {.answers = answers, .n = 2, .big = {big, sizeof(big)}};
        bnc_test_row(rows[i].name);
        fake_start(&fake, "");
        bnc_server_version(fake.server, on_version, &fake);
        test_run(fake.world);
        CHECK_STR(fake.told, rows[i].want);
        fake_free(&fake);
    }
}

TEST(targets)
{
    static const struct {
        const char *name;
        struct answer up;
        struct answer down;
        const char *want;
    } rows[] = {
        {"both",
         {"/query", "query=count(up%3D%3D1)", 200, COUNT("120")},
         {"/query", "query=count(up%3D%3D0)", 200, COUNT("7")},
         "120 7"},
        {"none",
         {"/query", "query=count(up%3D%3D1)", 200, NO_COUNT},
         {"/query", NULL, 200, NO_COUNT},
         "0 0"},
        {"agent", {"/query", NULL, 422, AGENT}, {"/x", NULL, 0, ""}, "-1 -1"},
        {"no queries", {"/x", NULL, 0, ""}, {"/x", NULL, 0, ""}, "-1 -1"},
        {"starting",
         {"/query", NULL, 503, ""},
         {"/x", NULL, 0, ""},
         "unavailable: GET http://@/api/v1/query?query=count(up%3D%3D1): status 503"},
        {"an odd count",
         {"/query", NULL, 200, COUNT("many")},
         {"/x", NULL, 0, ""},
         "invalid: GET http://@/api/v1/query?query=count(up%3D%3D1): no count in the "
         "answer"},
        {"no JSON",
         {"/query", NULL, 200, "{\"status\":"},
         {"/x", NULL, 0, ""},
         "invalid: GET http://@/api/v1/query?query=count(up%3D%3D1): no count in the "
         "answer"},
    };

    for (size_t i = 0; i < BNC_LEN(rows); i++) {
        const struct answer answers[] = {rows[i].up, rows[i].down};
        struct fake fake = {.answers = answers, .n = 2};
        bnc_test_row(rows[i].name);
        fake_start(&fake, "");
        bnc_server_targets(fake.server, on_targets, &fake);
        test_run(fake.world);
        CHECK_STR(fake.told, rows[i].want);
        fake_free(&fake);
    }
}

/* ---- one at a time ----------------------------------------------------------------- */

TEST(calls_are_cancelled)
{
    static const struct answer answers[] = {
        {"/-/reload", NULL, -1, ""},
        {"/buildinfo", NULL, 200, OK_JSON("{\"version\":\"3.16.0\"}")},
        {"/query", NULL, 200, OK_JSON("{}")},
    };
    struct fake fake = {.answers = answers, .n = 3};

    bnc_test_row("cancelled");
    fake_start(&fake, "");
    bnc_server_reload(fake.server, on_reload, &fake);
    test_run_ms(fake.world, 50);
    CHECK(fake.held != NULL);
    bnc_server_cancel(fake.server);
    bnc_server_cancel(fake.server); /* none: nothing happens */
    test_run_ms(fake.world, 20);
    CHECK_INT(fake.calls, 0);
    bnc_http_answer(fake.held, 200, "text/plain", test_bytes(""));

    bnc_test_row("replaced");
    bnc_server_reload(fake.server, on_reload, &fake);
    bnc_server_version(fake.server, on_version, &fake);
    test_run(fake.world);
    CHECK_STR(fake.told, "3.16.0");
    CHECK_INT(fake.calls, 1);
    fake_free(&fake);
}

static void
free_inside(void *arg, const struct bnc_reload *reload)
{
    struct fake *fake = arg;
    bnc_server_free(fake->server);
    fake->server = NULL;
    on_reload(arg, reload);
}

TEST(the_server_is_freed_inside)
{
    static const int statuses[] = {200, 500, -2};

    for (size_t i = 0; i < BNC_LEN(statuses); i++) {
        const struct answer answer = {"/-/reload", NULL, statuses[i], "x"};
        struct fake fake = {.answers = &answer, .n = 1};
        bnc_test_row("freed");
        fake_start(&fake, "");
        bnc_server_reload(fake.server, free_inside, &fake);
        test_run(fake.world);
        CHECK_INT(fake.calls, 1);
        fake_free(&fake);
    }
}

/* ---- the address ------------------------------------------------------------------- */

TEST(addresses)
{
    static const struct {
        const char *name;
        const char *url;
        const char *base; /* NULL: refused */
        const char *auth;
    } rows[] = {
        {"whole", "http://127.0.0.1:9090/-/reload", "http://127.0.0.1:9090", NULL},
        {"without reload", "http://127.0.0.1:9090", "http://127.0.0.1:9090", NULL},
        {"slash", "https://p.example/", "https://p.example", NULL},
        {"prefix", "http://p/a/b/-/reload", "http://p/a/b", NULL},
        {"prefix alone", "http://p/a/b/", "http://p/a/b", NULL},
        {"IPv6", "http://[::1]:9090/-/reload", "http://[::1]:9090", NULL},
        {"user", "http://u:p@h:1/-/reload", "http://h:1", "Authorization: Basic dTpw"},
        {"no password", "http://u@h", "http://h", "Authorization: Basic dTo="},
        {"percent", "http://u:p%40%3a@h", "http://h", "Authorization: Basic dTpwQDo="},
        {"not encoded", "http://u:p@q@h", "http://h", "Authorization: Basic dTpwQHE="},
        {"scheme", "ftp://h/", NULL, NULL},
        {"none", "", NULL, NULL},
        {"no host", "http:///-/reload", NULL, NULL},
        {"only a user", "http://u@/", NULL, NULL},
        {"query", "http://h/-/reload?x", NULL, NULL},
        {"fragment", "http://h/#x", NULL, NULL},
        {"blank", "http://h /", NULL, NULL},
        {"line", "http://h/\r\nX: y", NULL, NULL},
    };

    for (size_t i = 0; i < BNC_LEN(rows); i++) {
        struct bnc_server_place place = {0};
        struct bnc_error err = {0};
        bnc_test_row(rows[i].name);
        CHECK_INT(bnc_server_place_parse(rows[i].url, &place, &err),
                  rows[i].base == NULL ? BNC_INVALID : BNC_OK);
        CHECK_STR(place.base, rows[i].base);
        CHECK_STR(place.auth, rows[i].auth);
        bnc_server_place_free(&place);
    }
}

RUN_TESTS(reload, a_long_refusal, nobody_listens, a_ca_file_that_is_missing, version,
          targets, calls_are_cancelled, the_server_is_freed_inside, addresses)
