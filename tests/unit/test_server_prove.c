#include "tests/unit/server_fake.h"

#define MARKER "generation-0a1b.yml"
#define SHOWS(text)                                                                      \
    OK_JSON("{\"yaml\":\"scrape_config_files:\\n- " text "\\nscrape_configs:\\n\"}")
static void
on_proof(void *arg, const struct bnc_proof *proof, const struct bnc_error *err)
{
    static const char *const names[] = {"loaded", "other", "not applied", "pools"};
    char text[200];
    if (proof == NULL) {
        tell_error(arg, err);
        return;
    }
    (void)snprintf(
        text, sizeof(text), "%s -%zu +%zu%s%s", names[proof->verdict],
        proof->pools.missing, proof->pools.surplus, proof->reload_failed ? " failed" : "",
        proof->pools.n_named == 1 && proof->pools.named[0] == bnc_job_hash("b", 1) ? " b"
                                                                                   : "");
    tell(arg, text);
}

/* ---- texts in a stream ------------------------------------------------------------- */

TEST(texts_are_found)
{
    static const struct {
        const char *name;
        const char *text;
        const char *in;
        size_t end; /* bytes up to its end; 0: not there */
    } rows[] = {
        {"all", "ab", "ab", 2},
        {"behind", "ab", "xxab", 4},
        {"the first", "ab", "abab", 2},
        {"begins again", "aab", "aaab", 4},
        {"begins again later", "abcabd", "abcabcabd", 9},
        {"not there", "abc", "abab ac", 0},
        {"cut", "abc", "xab", 0},
    };

    for (size_t i = 0; i < BNC_LEN(rows); i++) {
        struct bnc_find find;
        size_t n = strlen(rows[i].in);
        size_t used = 0;
        bnc_test_row(rows[i].name);
        CHECK(bnc_find_init(&find, rows[i].text));
        CHECK_INT(bnc_find_feed(&find, rows[i].in, n),
                  rows[i].end == 0 ? n : rows[i].end);
        CHECK_INT(find.found, rows[i].end != 0);

        CHECK(bnc_find_init(&find, rows[i].text)); /* byte by byte */
        while (used < n && !find.found) {
            CHECK_INT(bnc_find_feed(&find, rows[i].in + used, 1), 1);
            used++;
        }
        CHECK_INT(used, rows[i].end == 0 ? n : rows[i].end);
    }
}

static void
add_pool(void *arg, const char *name, size_t n)
{
    bnc_str_add(arg, name, n);
    bnc_str_putc(arg, '|');
}

TEST(pools_are_decoded)
{
    static const struct {
        const char *name;
        const char *list;
        const char *want;
        enum bnc_pools_step step;
    } rows[] = {
        {"none", "[]", "", BNC_POOLS_DONE},
        {"what Prometheus escapes",
         "[\"\\u003c\\u0026\\u003e \\u2028 \\u0001 \xf0\x9f\x98\x80 \\\" q\"]",
         "<&> \xe2\x80\xa8 \x01 \xf0\x9f\x98\x80 \" q|", BNC_POOLS_DONE},
        {"all escapes", "[\"\\\\\\/\\b\\f\\n\\r\\t\"]", "\\/\b\f\n\r\t|", BNC_POOLS_DONE},
        {"pair", "[\"\\ud83d\\ude00\"]", "\xf0\x9f\x98\x80|", BNC_POOLS_DONE},
        {"half a pair", "[\"\\ud83dx\",\"\\ude00\",\"\\ud83d\"]",
         "\xef\xbf\xbdx|\xef\xbf\xbd|\xef\xbf\xbd|", BNC_POOLS_DONE},
        {"two first halves", "[\"\\ud83d\\ud83d\\ude00\"]",
         "\xef\xbf\xbd\xf0\x9f\x98\x80|", BNC_POOLS_DONE},
        {"empty name", "[\"\",\"a\"]", "|a|", BNC_POOLS_DONE},
        {"bad escape", "[\"a\\x\"]", "", BNC_POOLS_BAD},
        {"bad digits", "[\"\\u00g0\"]", "", BNC_POOLS_BAD},
        {"raw control", "[\"a\nb\"]", "", BNC_POOLS_BAD},
        {"object", "{\"a\":1}", "", BNC_POOLS_BAD},
        {"open", "[\"a\"", "a|", BNC_POOLS_LIST},
        {"open name", "[\"a", "", BNC_POOLS_NAME},
    };

    for (size_t i = 0; i < BNC_LEN(rows); i++) {
        struct bnc_str got = bnc_str_new(NULL, 1000);
        struct bnc_pools_scan scan;
        bnc_test_row(rows[i].name);
        bnc_str_puts(&got, "");
        bnc_pools_scan_init(&scan, add_pool, &got);
        bnc_pools_scan_feed(&scan, "{\"data\":{\"scrapePools\":", 23);
        bnc_pools_scan_feed(&scan, rows[i].list, strlen(rows[i].list));
        CHECK_STR(got.ptr, rows[i].want);
        CHECK_INT(scan.step, rows[i].step);
        bnc_pools_scan_free(&scan);
        bnc_str_free(&got);
    }
}

/* ---- the proof --------------------------------------------------------------------- */

#define GOOD "{\"reloadConfigSuccess\":true}"

static const struct {
    const char *name;
    struct answer config;
    struct answer runtime;
    struct answer pools;
    bool allow_extra;
    const char *want;
} proofs[] = {
    {"loaded",
     {"/config", NULL, 200, SHOWS("/c/" MARKER)},
     {"/runtimeinfo", NULL, 200, OK_JSON(GOOD)},
     {"/scrape_pools", NULL, 200, OK_JSON("{\"scrapePools\":[\"a\",\"b\"]}")},
     false,
     "loaded -0 +0"},
    {"loaded, no such field",
     {"/config", NULL, 200, SHOWS("/c/" MARKER)},
     {"/runtimeinfo", NULL, 200, OK_JSON("{}")},
     {"/scrape_pools", NULL, 200, OK_JSON("{\"scrapePools\":[\"b\",\"a\"]}")},
     false,
     "loaded -0 +0"},
    {"escapes",
     {"/config", NULL, 200, SHOWS("/c/" MARKER)},
     {"/runtimeinfo", NULL, 200, OK_JSON(GOOD)},
     {"/scrape_pools", NULL, 200,
      OK_JSON("{\"scrapePools\": [ \"\\u0061\" , \"\\u0062\" ] }")},
     false,
     "loaded -0 +0"},
    {"another generation",
     {"/config", NULL, 200, SHOWS("/c/generation-0a1c.yml")},
     {"/x", NULL, 0, ""},
     {"/x", NULL, 0, ""},
     false,
     "other -0 +0"},
    {"a longer name",
     {"/config", NULL, 200, SHOWS("/c/" MARKER "l")},
     {"/x", NULL, 0, ""},
     {"/x", NULL, 0, ""},
     false,
     "other -0 +0"},
    {"not a path",
     {"/config", NULL, 200, SHOWS("c-" MARKER)},
     {"/x", NULL, 0, ""},
     {"/x", NULL, 0, ""},
     false,
     "other -0 +0"},
    {"the second time",
     {"/config", NULL, 200, SHOWS("/c/" MARKER "l\\n- /c/" MARKER)},
     {"/runtimeinfo", NULL, 200, OK_JSON("{\"reloadConfigSuccess\":false}")},
     {"/x", NULL, 0, ""},
     false,
     "not applied -0 +0 failed"},
    {"one is missing",
     {"/config", NULL, 200, SHOWS("/c/" MARKER)},
     {"/runtimeinfo", NULL, 200, OK_JSON(GOOD)},
     {"/scrape_pools", NULL, 200, OK_JSON("{\"scrapePools\":[\"a\"]}")},
     true,
     "pools -1 +0 b"},
    {"no pools yet",
     {"/config", NULL, 200, SHOWS("/c/" MARKER)},
     {"/runtimeinfo", NULL, 200, OK_JSON(GOOD)},
     {"/scrape_pools", NULL, 200, OK_JSON("{\"scrapePools\":null}")},
     true,
     "pools -2 +0"},
    {"one too many",
     {"/config", NULL, 200, SHOWS("/c/" MARKER)},
     {"/runtimeinfo", NULL, 200, OK_JSON(GOOD)},
     {"/scrape_pools", NULL, 200, OK_JSON("{\"scrapePools\":[\"a\",\"x\",\"b\"]}")},
     false,
     "pools -0 +1"},
    {"which is allowed",
     {"/config", NULL, 200, SHOWS("/c/" MARKER)},
     {"/runtimeinfo", NULL, 200, OK_JSON(GOOD)},
     {"/scrape_pools", NULL, 200, OK_JSON("{\"scrapePools\":[\"a\",\"x\",\"b\"]}")},
     true,
     "loaded -0 +1"},
    {"pools are cut off",
     {"/config", NULL, 200, SHOWS("/c/" MARKER)},
     {"/runtimeinfo", NULL, 200, OK_JSON(GOOD)},
     {"/scrape_pools", NULL, 200, "{\"scrapePools\":[\"a\",\"b\""},
     false,
     "invalid: GET http://@/api/v1/scrape_pools: no scrape pools in the answer"},
    {"pools that are none",
     {"/config", NULL, 200, SHOWS("/c/" MARKER)},
     {"/runtimeinfo", NULL, 200, OK_JSON(GOOD)},
     {"/scrape_pools", NULL, 200, "{\"scrapePools\":[1]}"},
     false,
     "invalid: GET http://@/api/v1/scrape_pools: no scrape pools in the answer"},
    {"no such API",
     {"/config", NULL, 200, SHOWS("/c/" MARKER)},
     {"/runtimeinfo", NULL, 200, OK_JSON(GOOD)},
     {"/x", NULL, 0, ""},
     false,
     "not_found: GET http://@/api/v1/scrape_pools: status 404: 404 page not found"},
    {"runtime is garbage",
     {"/config", NULL, 200, SHOWS("/c/" MARKER)},
     {"/runtimeinfo", NULL, 200, "[]"},
     {"/x", NULL, 0, ""},
     false,
     "invalid: GET http://@/api/v1/status/runtimeinfo: no data in the answer"},
    {"the marker in an error",
     {"/config", NULL, 500, SHOWS("/c/" MARKER)},
     {"/x", NULL, 0, ""},
     {"/x", NULL, 0, ""},
     false,
     NULL},
    {"starting",
     {"/config", NULL, 503, "Service Unavailable"},
     {"/x", NULL, 0, ""},
     {"/x", NULL, 0, ""},
     false,
     "unavailable: GET http://@/api/v1/status/config: status 503: Service Unavailable"},
    {"dropped",
     {"/config", NULL, -2, ""},
     {"/x", NULL, 0, ""},
     {"/x", NULL, 0, ""},
     false,
     NULL}, /* asked once more on another connection: that is refused */
};

TEST(prove)
{
    BNC_AUTO(bnc_jobs) jobs = bnc_jobs_new();

    bnc_jobs_add(jobs, "a", 1);
    bnc_jobs_add(jobs, "b", 1);
    for (size_t i = 0; i < BNC_LEN(proofs); i++) {
        const struct answer answers[] = {proofs[i].config, proofs[i].runtime,
                                         proofs[i].pools};
        const struct bnc_proof_ask ask = {MARKER, jobs, proofs[i].allow_extra, NULL};
        struct fake fake = {.answers = answers, .n = 3};
        bnc_test_row(proofs[i].name);
        fake_start(&fake, "");
        bnc_server_prove(fake.server, &ask, on_proof, &fake);
        test_run(fake.world);
        if (proofs[i].want != NULL) {
            CHECK_STR(fake.told, proofs[i].want);
        } else {
            CHECK(bnc_str_starts(fake.told, "unavailable: "));
        }
        CHECK_INT(fake.calls, 1);
        fake_free(&fake);
    }
}

/* Without a marker the configuration is not asked for: pools are cheap, it is not. */
TEST(prove_by_pools_alone)
{
    static const struct {
        const char *name;
        const char *runtime;
        const char *pools;
        const char *want;
    } rows[] = {
        {"loaded", OK_JSON(GOOD), OK_JSON("{\"scrapePools\":[\"a\",\"b\"]}"),
         "loaded -0 +0"},
        {"not yet", OK_JSON(GOOD), OK_JSON("{\"scrapePools\":[\"a\",\"x\"]}"),
         "pools -1 +1 b"},
        {"it runs, though a later one was refused",
         OK_JSON("{\"reloadConfigSuccess\":false}"),
         OK_JSON("{\"scrapePools\":[\"a\",\"b\"]}"), "loaded -0 +0 failed"},
    };
    BNC_AUTO(bnc_jobs) jobs = bnc_jobs_new();

    bnc_jobs_add(jobs, "a", 1);
    bnc_jobs_add(jobs, "b", 1);
    for (size_t i = 0; i < BNC_LEN(rows); i++) {
        const struct answer answers[] = {{"/runtimeinfo", NULL, 200, rows[i].runtime},
                                         {"/scrape_pools", NULL, 200, rows[i].pools}};
        const struct bnc_proof_ask ask = {NULL, jobs, false, NULL};
        struct fake fake = {.answers = answers, .n = 2};
        bnc_test_row(rows[i].name);
        fake_start(&fake, "");
        bnc_server_prove(fake.server, &ask, on_proof, &fake);
        test_run(fake.world);
        CHECK_STR(fake.told, rows[i].want);
        CHECK_STR(fake.seen, "GET /api/v1/status/runtimeinfo|GET /api/v1/scrape_pools|");
        fake_free(&fake);
    }
}

/* 30 MB of configuration, with and without the marker at its end; memory stays. */
TEST(a_big_configuration)
{
    static const char *const ends[] = {"- /c/" MARKER "\\n\"}}", "- /c/x.yml\\n\"}}"};
    static const char *const want[] = {"loaded -0 +0", "other -0 +0"};
    static const struct answer answers[] = {
        {"/config", NULL, 200, "BIG"},
        {"/runtimeinfo", NULL, 200, OK_JSON(GOOD)},
        {"/scrape_pools", NULL, 200, OK_JSON("{\"scrapePools\":[]}")},
    };
    BNC_AUTO(bnc_jobs) jobs = bnc_jobs_new();

    for (size_t i = 0; i < BNC_LEN(ends); i++) {
        const struct bnc_proof_ask ask = {MARKER, jobs, false, NULL};
        struct bnc_str body = bnc_str_new(NULL, 40 << 20);
        struct fake fake = {.answers = answers, .n = 3};
        bnc_test_row(want[i]);
        bnc_str_puts(&body, "{\"status\":\"success\",\"data\":{\"yaml\":\"");
        while (body.len < (size_t)30 << 20) {
            bnc_str_puts(&body, "- job_name: /generation-0a1/generation-0a1b\\n");
        }
        bnc_str_puts(&body, ends[i]);
        fake.big = (struct bnc_bytes){body.ptr, body.len};
        fake_start(&fake, "");
        bnc_server_prove(fake.server, &ask, on_proof, &fake);
        test_run(fake.world);
        CHECK_STR(fake.told, want[i]);
        CHECK(fake.server->text.room <= 128 * 1024);
        fake_free(&fake);
        bnc_str_free(&body);
    }
}

TEST(a_marker_that_is_too_long)
{
    BNC_AUTO(bnc_jobs) jobs = bnc_jobs_new();
    char marker[200];
    struct fake fake = {0};

    bnc_test_row("long");
    memset(marker, 'x', sizeof(marker) - 1);
    marker[sizeof(marker) - 1] = '\0';
    fake_start(&fake, "");
    bnc_server_prove(fake.server, &(struct bnc_proof_ask){marker, jobs, false, NULL},
                     on_proof, &fake);
    test_run(fake.world);
    CHECK_STR(fake.told, "invalid: the marker is too long");
    fake_free(&fake);
}

RUN_TESTS(texts_are_found, pools_are_decoded, prove, prove_by_pools_alone,
          a_big_configuration, a_marker_that_is_too_long)
