/* The model of the API server: writes, ownership, garbage, faults. */
#include <stdlib.h>
#include <string.h>

#include "tests/sim/selftest.h"

#define CONFIGMAPS "/api/v1/namespaces/shop/configmaps"
#define POLICIES   "/apis/binnacle.dev/v1alpha1/namespaces/shop/scrapepolicies"
#define FORCE      "?fieldManager=binnacle&force=true"

static const char *const apply_headers[] = {"Content-Type: application/apply-patch+yaml",
                                            NULL};
static const char *const json_headers[] = {"Content-Type: application/json",
                                           "User-Agent: binnacle/1 (linux/amd64)", NULL};
static const char *const meta_headers[] = {
    "Content-Type: application/apply-patch+yaml",
    "Accept: application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1", NULL};

static int
apply(struct bnc_sim *sim, const char *path, const char *body)
{
    return ask(sim, "PATCH", path, apply_headers, body, NULL);
}

#define CM(rest) "{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{" rest "}"
#define SHOP_C   "\"name\":\"c\",\"namespace\":\"shop\""

static const char *
data_of(struct bnc_sim_api *api, struct bnc_arena *arena, const char *path)
{
    const char *text = bnc_sim_api_field(api, arena, "ConfigMap", "shop", "c", path);
    return text == NULL ? "none" : text;
}

TEST(test_apply)
{
    BNC_AUTO(bnc_sim) sim = bnc_sim_new(1);
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    BNC_AUTO(bnc_sim_api) api = bnc_sim_api_new(sim);
    const char *first =
        CM(SHOP_C ",\"labels\":{\"l\":\"1\"}") ",\"data\":{\"a\":\"1\",\"b\":\"1\"}}";
    CHECK_INT(apply(sim, CONFIGMAPS "/c" FORCE, first), 404); /* no namespace */
    CHECK_INT(bnc_sim_api_put(api, "{\"apiVersion\":\"v1\",\"kind\":\"Namespace\","
                                   "\"metadata\":{\"name\":\"shop\"}}"),
              201);
    CHECK_INT(apply(sim, CONFIGMAPS "/c" FORCE, first), 201);
    CHECK(has(bnc_sim_api_get(api, "ConfigMap", "shop", "c"),
              "\"managedFields\":[{\"manager\":\"binnacle\",\"operation\":\"Apply\","
              "\"apiVersion\":\"v1\",\"time\":\"2026-01-01T00:00:00Z\",\"fieldsType\":"
              "\"FieldsV1\",\"fieldsV1\":{\"f:data\":{\"f:a\":{},\"f:b\":{}},"
              "\"f:metadata\":{\"f:labels\":{\"f:l\":{}}}}}]"));
    int64_t rv = bnc_sim_api_rv(api);
    CHECK(bnc_sim_run_for(sim, 5000));
    CHECK_INT(apply(sim, CONFIGMAPS "/c" FORCE, first), 200); /* the same */
    CHECK_INT(bnc_sim_api_rv(api), rv);
    CHECK_INT(bnc_sim_api_writes(api, "binnacle").noops, 1);
    CHECK_INT(bnc_sim_api_writes(api, "binnacle").changes, 1);

    /* another manager takes a field, adds one, and keeps the rest */
    CHECK_INT(bnc_sim_api_patch(api, "kubectl", "ConfigMap", "shop", "c",
                                "{\"data\":{\"a\":\"2\",\"k\":\"1\"}}"),
              200);
    const char *text = bnc_sim_api_get(api, "ConfigMap", "shop", "c");
    CHECK(has(text, "\"f:data\":{\"f:b\":{}}"));
    CHECK(has(text, "\"manager\":\"kubectl\",\"operation\":\"Update\""));
    CHECK_INT(apply(sim, CONFIGMAPS "/c?fieldManager=binnacle", first), 409);
    CHECK_STR(data_of(api, arena, "data\na\n"), "2");
    CHECK_INT(bnc_sim_api_writes(api, "binnacle").refused, 2);
    CHECK_INT(apply(sim, CONFIGMAPS "/c" FORCE, first), 200);
    CHECK_STR(data_of(api, arena, "data\na\n"), "1");
    CHECK_STR(data_of(api, arena, "data\nk\n"), "1");
    CHECK(has(bnc_sim_api_get(api, "ConfigMap", "shop", "c"),
              "\"f:data\":{\"f:a\":{},\"f:b\":{}}"));

    /* what is no longer sent goes, unless somebody else has it */
    CHECK_INT(bnc_sim_api_patch(api, "other", "ConfigMap", "shop", "c",
                                "{\"data\":{\"b\":\"x\"}}"),
              200);
    CHECK_INT(apply(sim, CONFIGMAPS "/c" FORCE, CM(SHOP_C) "}"), 200);
    CHECK_STR(data_of(api, arena, "data\na\n"), "none");
    CHECK_STR(data_of(api, arena, "data\nb\n"), "x");
    CHECK_STR(data_of(api, arena, "metadata\nlabels\nl\n"), "none");
    CHECK_INT(apply(sim, CONFIGMAPS "/c?force=true", first), 422); /* no manager */
}

TEST(test_apply_status)
{
    BNC_AUTO(bnc_sim) sim = bnc_sim_new(1);
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    BNC_AUTO(bnc_sim_api) api = bnc_sim_api_new(sim);
#define SP                                                                               \
    "{\"apiVersion\":\"binnacle.dev/v1alpha1\",\"kind\":\"ScrapePolicy\","               \
    "\"metadata\":{\"name\":\"p\",\"namespace\":\"shop\"}"
#define CONDITION(type, message)                                                         \
    "{\"type\":\"" type "\",\"status\":\"True\",\"reason\":\"R\",\"message\":\"" message \
    "\",\"lastTransitionTime\":\"2026-01-01T00:00:00Z\"}"
    CHECK_INT(bnc_sim_api_put(api, SP ",\"spec\":{\"a\":1}}"), 201);
    CHECK_INT(
        bnc_sim_api_patch(api, "other", "ScrapePolicy", "shop", "p",
                          "{\"status\":{\"conditions\":[" CONDITION("Other", "o") "]}}"),
        200);
    const char *status = SP ",\"spec\":{\"a\":9},\"status\":{\"observedGeneration\":1,"
                            "\"conditions\":[" CONDITION("Ready", "m") "]}}";
    CHECK_INT(apply(sim, POLICIES "/p/status" FORCE, status), 200);
    const char *text = bnc_sim_api_get(api, "ScrapePolicy", "shop", "p");
    CHECK(has(text, "\"spec\":{\"a\":1}"));
    CHECK(has(text, "\"type\":\"Other\"") && has(text, "\"type\":\"Ready\""));
    CHECK(has(text, "\"k:{\\\"type\\\":\\\"Ready\\\"}\":{\".\":{},"));
    CHECK(has(text, "\"subresource\":\"status\""));
    CHECK_STR(bnc_sim_api_field(api, arena, "ScrapePolicy", "shop", "p",
                                "metadata\ngeneration\n"),
              "1");
    int64_t rv = bnc_sim_api_rv(api);
    CHECK_INT(apply(sim, POLICIES "/p/status" FORCE, status), 200);
    CHECK_INT(bnc_sim_api_rv(api), rv);
    /* the main resource does not touch the status */
    CHECK_INT(apply(sim, POLICIES "/p?fieldManager=x&force=true",
                    SP ",\"spec\":{\"a\":2},\"status\":{\"conditions\":[]}}"),
              200);
    CHECK(has(bnc_sim_api_get(api, "ScrapePolicy", "shop", "p"), "\"type\":\"Ready\""));
    CHECK_STR(bnc_sim_api_field(api, arena, "ScrapePolicy", "shop", "p",
                                "metadata\ngeneration\n"),
              "2");
    CHECK_INT(apply(sim, POLICIES "/q/status" FORCE, SP "}"), 400); /* another name */
    CHECK_INT(apply(sim, POLICIES "/p/status" FORCE,
                    SP ",\"status\":{\"conditions\":[{\"type\":\"Ready\"}]}}"),
              422);
    CHECK_INT(apply(sim, POLICIES "/p/status" FORCE, SP ",\"status\":{}}"), 200);
    text = bnc_sim_api_get(api, "ScrapePolicy", "shop", "p");
    CHECK(has(text, "\"type\":\"Other\"") && !has(text, "\"type\":\"Ready\""));
}

static const struct {
    const char *name;
    const char *method;
    const char *path;
    const char *body;
    int status;
} write_rows[] = {
    {"create", "POST", CONFIGMAPS, CM("\"name\":\"n\"") "}", 201},
    {"create again", "POST", CONFIGMAPS, CM("\"name\":\"n\"") "}", 409},
    {"update", "PUT", CONFIGMAPS "/n", CM("\"name\":\"n\"") ",\"data\":{\"a\":\"\"}}",
     200},
    {"update what is not", "PUT", CONFIGMAPS "/m", CM("\"name\":\"m\"") "}", 404},
    {"stale version", "PUT", CONFIGMAPS "/n",
     CM("\"name\":\"n\",\"resourceVersion\":\"7\"") "}", 409},
    {"no JSON", "POST", CONFIGMAPS, "a: b", 400},
    {"another kind", "POST", CONFIGMAPS, "{\"apiVersion\":\"v1\",\"kind\":\"Pod\"}", 400},
    {"bad name", "POST", CONFIGMAPS, CM("\"name\":\"A_b\"") "}", 422},
    {"bad label", "POST", CONFIGMAPS, CM("\"name\":\"l\",\"labels\":{\"a\":\"b c\"}") "}",
     422},
    {"bad data", "POST", CONFIGMAPS, CM("\"name\":\"l\"") ",\"data\":{\"a\":1}}", 422},
    {"bad key", "POST", CONFIGMAPS, CM("\"name\":\"l\"") ",\"data\":{\"a/b\":\"\"}}",
     422},
    {"owner without uid", "POST", CONFIGMAPS,
     CM("\"name\":\"l\",\"ownerReferences\":[{\"apiVersion\":\"v1\",\"kind\":\"Pod\","
        "\"name\":\"x\"}]") "}",
     422},
    {"no base64", "POST", "/api/v1/namespaces/shop/secrets",
     "{\"apiVersion\":\"v1\",\"kind\":\"Secret\",\"metadata\":{\"name\":\"s\"},"
     "\"data\":{\"a\":\"#\"}}",
     422},
    {"generated name", "POST", "/apis/events.k8s.io/v1/namespaces/shop/events",
     "{\"apiVersion\":\"events.k8s.io/v1\",\"kind\":\"Event\",\"metadata\":{"
     "\"generateName\":\"e-\"},\"eventTime\":\"2026-01-01T00:00:00.000000Z\","
     "\"type\":"
     "\"Normal\",\"reason\":\"R\",\"action\":\"A\",\"reportingController\":\"c\","
     "\"reportingInstance\":\"i\",\"regarding\":{\"namespace\":\"shop\"}}",
     201},
    {"event in another namespace", "POST",
     "/apis/events.k8s.io/v1/namespaces/default/events",
     "{\"apiVersion\":\"events.k8s.io/v1\",\"kind\":\"Event\",\"metadata\":{\"name\":"
     "\"e\"},\"eventTime\":\"2026-01-01T00:00:00.000000Z\",\"type\":\"Normal\","
     "\"reason\":\"R\",\"action\":\"A\",\"reportingController\":\"c\","
     "\"reportingInstance\":\"i\",\"regarding\":{\"namespace\":\"shop\"}}",
     422},
    {"delete another uid", "DELETE", CONFIGMAPS "/n",
     "{\"preconditions\":{\"uid\":\"x\"}}", 409},
    {"delete", "DELETE", CONFIGMAPS "/n", "{}", 200},
    {"delete again", "DELETE", CONFIGMAPS "/n", NULL, 404},
    {"patch of no type", "PATCH", CONFIGMAPS "/n", "{}", 415},
    {"delete a collection", "DELETE", CONFIGMAPS, "{}", 405},
};

TEST(test_writes)
{
    BNC_AUTO(bnc_sim) sim = bnc_sim_new(1);
    BNC_AUTO(bnc_sim_api) api = bnc_sim_api_new(sim);
    CHECK_INT(bnc_sim_api_put(api, "{\"apiVersion\":\"v1\",\"kind\":\"Namespace\","
                                   "\"metadata\":{\"name\":\"shop\"}}"),
              201);
    for (size_t i = 0; i < BNC_LEN(write_rows); i++) {
        bnc_test_row(write_rows[i].name);
        CHECK_INT(ask(sim, write_rows[i].method, write_rows[i].path, json_headers,
                      write_rows[i].body, NULL),
                  write_rows[i].status);
    }
    CHECK_INT(bnc_sim_api_list(api, "Event", NULL, NULL), 1);
    CHECK_INT(bnc_sim_api_writes(api, "binnacle").changes, 4);
    CHECK_INT(bnc_sim_api_writes(api, NULL).changes, 4);
}

TEST(test_size_limit)
{
    BNC_AUTO(bnc_sim) sim = bnc_sim_new(1);
    BNC_AUTO(bnc_sim_api) api = bnc_sim_api_new(sim);
    static char body[1100000];
    int at =
        snprintf(body, sizeof(body), "%s", CM("\"name\":\"c\"") ",\"data\":{\"a\":\"");
    memset(body + at, 'x', 1048577);
    (void)strcpy(body + at + 1048577, "\"}}");
    CHECK_INT(apply(sim, "/api/v1/namespaces/default/configmaps/c" FORCE, body), 422);
    (void)strcpy(body + at + 1048576, "\"}}");
    CHECK_INT(apply(sim, "/api/v1/namespaces/default/configmaps/c" FORCE, body), 201);
    struct bnc_str answer;
    CHECK_INT(ask(sim, "PATCH", "/api/v1/namespaces/default/configmaps/c" FORCE,
                  meta_headers, body, &answer),
              200);
    CHECK(answer.len < 1000);
    bnc_str_free(&answer);
}

TEST(test_garbage)
{
    BNC_AUTO(bnc_sim) sim = bnc_sim_new(1);
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    BNC_AUTO(bnc_sim_api) api = bnc_sim_api_new(sim);
    char json[600];
    CHECK_INT(bnc_sim_api_put(api, SP ",\"spec\":{}}"), 201);
    for (int i = 0; i < 2; i++) { /* the second one is in another namespace */
        (void)snprintf(json, sizeof(json),
                       CM("\"name\":\"c\",\"namespace\":\"%s\",\"ownerReferences\":[{"
                          "\"apiVersion\":\"binnacle.dev/v1alpha1\",\"kind\":"
                          "\"ScrapePolicy\",\"name\":\"p\",\"uid\":\"%s\"}]") "}",
                       i == 0 ? "shop" : "else",
                       bnc_sim_api_field(api, arena, "ScrapePolicy", "shop", "p",
                                         "metadata\nuid\n"));
        CHECK_INT(bnc_sim_api_put(api, json), 201);
    }
    CHECK(bnc_sim_run_for(sim, 1000));
    CHECK(bnc_sim_api_get(api, "ConfigMap", "shop", "c") != NULL);
    CHECK(bnc_sim_api_get(api, "ConfigMap", "else", "c") == NULL);
    CHECK(bnc_sim_api_delete(api, "ScrapePolicy", "shop", "p"));
    CHECK_INT(bnc_sim_api_put(api, SP ",\"spec\":{}}"), 201); /* another uid */
    CHECK(bnc_sim_run_for(sim, 1000));
    CHECK(bnc_sim_api_get(api, "ConfigMap", "shop", "c") == NULL);

    CHECK_INT(bnc_sim_api_patch(api, "kubectl", "ScrapePolicy", "shop", "p",
                                "{\"metadata\":{\"finalizers\":[\"x/y\"]}}"),
              200);
    CHECK(bnc_sim_api_delete(api, "ScrapePolicy", "shop", "p"));
    CHECK(bnc_sim_api_field(api, arena, "ScrapePolicy", "shop", "p",
                            "metadata\ndeletionTimestamp\n") != NULL);
    CHECK_INT(bnc_sim_api_patch(api, "kubectl", "ScrapePolicy", "shop", "p",
                                "{\"metadata\":{\"finalizers\":null}}"),
              200);
    CHECK(bnc_sim_api_get(api, "ScrapePolicy", "shop", "p") == NULL);
    CHECK_INT(bnc_sim_api_put(api, CM(SHOP_C) "}"), 201);
    CHECK(bnc_sim_api_delete(api, "Namespace", "", "shop"));
    CHECK(bnc_sim_api_get(api, "ConfigMap", "shop", "c") == NULL);
}

/* ---- faults -------------------------------------------------------------------------
 */

TEST(test_faults)
{
    static const struct {
        enum bnc_sim_fault fault;
        const char *method;
        const char *path;
        int status; /* below 0: an error code */
        bool written;
    } rows[] = {
        {BNC_SIM_REFUSED, "GET", CONFIGMAPS, -(int)BNC_UNAVAILABLE, false},
        {BNC_SIM_RESET, "PATCH", CONFIGMAPS "/c" FORCE, -(int)BNC_UNAVAILABLE, false},
        {BNC_SIM_RESET_BODY, "GET", CONFIGMAPS, -(int)BNC_UNAVAILABLE, false},
        {BNC_SIM_CUT_SHORT, "GET", CONFIGMAPS, 200, false},
        {BNC_SIM_STALL, "GET", CONFIGMAPS, -(int)BNC_UNAVAILABLE, false},
        {BNC_SIM_429, "GET", CONFIGMAPS, 429, false},
        {BNC_SIM_RETRY_AFTER, "GET", CONFIGMAPS, 429, false},
        {BNC_SIM_500, "GET", CONFIGMAPS, 500, false},
        {BNC_SIM_503, "PATCH", CONFIGMAPS "/c" FORCE, 503, false},
        {BNC_SIM_504, "GET", CONFIGMAPS, 504, false},
        {BNC_SIM_GONE_WATCH, "GET", CONFIGMAPS "?watch=1&resourceVersion=1", 410, false},
        {BNC_SIM_TOO_LARGE, "GET", CONFIGMAPS "?resourceVersion=1000", 504, false},
        {BNC_SIM_UNAUTHORIZED, "GET", CONFIGMAPS, 401, false},
        {BNC_SIM_KIND_403, "GET", CONFIGMAPS, 403, false},
        {BNC_SIM_KIND_404, "GET", POLICIES, 404, false},
        {BNC_SIM_SLOW, "GET", CONFIGMAPS, 200, false},
        {BNC_SIM_LOST_ANSWER, "PATCH", CONFIGMAPS "/c" FORCE, 0, true},
        {BNC_SIM_CONFLICT, "PATCH", CONFIGMAPS "/c" FORCE, 409, false},
    };
    for (size_t i = 0; i < BNC_LEN(rows) * 2; i++) {
        size_t row = i / 2;
        BNC_AUTO(bnc_sim) sim = bnc_sim_new(i);
        BNC_AUTO(bnc_sim_api) api = bnc_sim_api_new(sim);
        const char *body = CM(SHOP_C) ",\"data\":{\"a\":\"2\"}}";
        bnc_test_row(bnc_sim_fault_name(rows[row].fault));
        CHECK_INT(bnc_sim_api_put(api, CM(SHOP_C) ",\"data\":{\"a\":\"1\"}}"), 201);
        if (i % 2 == 0) {
            bnc_sim_api_rule(api, rows[row].fault, "/shop/", 1, 0);
        } else {
            bnc_sim_api_fail_nth(api, 2, rows[row].fault);
            CHECK_INT(ask(sim, "GET", CONFIGMAPS, NULL, NULL, NULL), 200);
        }
        int status = ask(sim, rows[row].method, rows[row].path, apply_headers,
                         rows[row].method[0] == 'G' ? NULL : body, NULL);
        if (rows[row].fault == BNC_SIM_LOST_ANSWER) {
            CHECK(status < 0 || status >= 500);
        } else {
            CHECK_INT(status, rows[row].status);
        }
        CHECK_INT(bnc_sim_api_fault_hits(api, rows[row].fault), 1);
        CHECK(has(bnc_sim_api_get(api, "ConfigMap", "shop", "c"), "\"a\":\"2\"") ==
              rows[row].written);
        bnc_sim_api_heal(api);
        CHECK_INT(ask(sim, "GET", CONFIGMAPS, NULL, NULL, NULL), 200);
    }
}

TEST(test_watch_faults)
{
    static const struct {
        enum bnc_sim_fault fault;
        enum bnc_code code;
        const char *want;
        const char *never;
    } rows[] = {
        {BNC_SIM_RESET_BODY, BNC_UNAVAILABLE, "", "}\n"},
        {BNC_SIM_CUT_SHORT, BNC_OK, "", "}\n"},
        {BNC_SIM_STALL, BNC_UNAVAILABLE, "", "}\n"},
        {BNC_SIM_GONE_EVENT, BNC_OK, "\"code\":410}}\n", "MODIFIED"},
        {BNC_SIM_ERROR_EVENT, BNC_OK, "\"code\":500}}\n", "MODIFIED"},
        {BNC_SIM_DUPLICATE, BNC_OK, "\"ADDED\"", "ERROR"},
        {BNC_SIM_SHORT_WATCH, BNC_OK, "", "MODIFIED"},
        {BNC_SIM_NO_BOOKMARK, BNC_OK, "MODIFIED", "BOOKMARK"},
    };
    for (size_t i = 0; i < BNC_LEN(rows); i++) {
        BNC_AUTO(bnc_sim) sim = bnc_sim_new(i);
        BNC_AUTO(bnc_sim_api) api = bnc_sim_api_new(sim);
        struct client c;
        bnc_test_row(bnc_sim_fault_name(rows[i].fault));
        CHECK_INT(bnc_sim_api_put(api, CM(SHOP_C) "}"), 201);
        bnc_sim_api_fault(api, rows[i].fault, 1000);
        client_start(&c, sim, "GET",
                     CONFIGMAPS "?watch=1&resourceVersion=1004&timeoutSeconds=300&"
                                "allowWatchBookmarks=true",
                     NULL, NULL);
        CHECK(bnc_sim_run_for(sim, 2000));
        CHECK_INT(bnc_sim_api_put(api, CM(SHOP_C) ",\"data\":{\"a\":\"1\"}}"), 200);
        CHECK(bnc_sim_run_for(sim, 310000));
        CHECK_INT(c.done, 1);
        CHECK_INT(c.err.code, rows[i].code);
        CHECK(has(c.body.ptr, rows[i].want));
        CHECK(!has(c.body.ptr, rows[i].never));
        client_end(&c);
    }
}

/* ---- the same seed
 * ---------------------------------------------------------------------- */

static void
random_run(uint64_t seed, uint64_t *trace, uint64_t *snapshot, uint64_t *hits)
{
    BNC_AUTO(bnc_sim) sim = bnc_sim_new(seed);
    BNC_AUTO(bnc_sim_api) api = bnc_sim_api_new(sim);
    struct client watch;
    CHECK_INT(bnc_sim_api_put(api, CM(SHOP_C) "}"), 201);
    bnc_sim_api_weather(api, 200);
    client_start(&watch, sim, "GET", CONFIGMAPS "?watch=1", NULL, NULL);
    for (int i = 0; i < 40; i++) {
        char body[200];
        (void)snprintf(body, sizeof(body), CM(SHOP_C) ",\"data\":{\"a\":\"%d\"}}", i / 2);
        (void)apply(sim, CONFIGMAPS "/c" FORCE, body);
        (void)ask(sim, "GET", CONFIGMAPS "?limit=1", NULL, NULL, NULL);
    }
    client_end(&watch);
    *trace = bnc_sim_trace_hash(sim);
    *snapshot = bnc_sim_api_snapshot(api);
    *hits = 0;
    for (enum bnc_sim_fault f = 0; f < BNC_SIM_FAULT_COUNT; f++) {
        *hits += bnc_sim_api_fault_hits(api, f);
    }
}

TEST(test_same_seed_same_trace)
{
    uint64_t trace[3];
    uint64_t snapshot[3];
    uint64_t hits[3];
    for (size_t i = 0; i < 3; i++) {
        random_run(i == 2 ? 6 : 5, &trace[i], &snapshot[i], &hits[i]);
    }
    CHECK(trace[0] == trace[1] && snapshot[0] == snapshot[1]);
    CHECK(trace[0] != trace[2]);
    CHECK(hits[0] > 10 && hits[0] == hits[1]);
}

RUN_TESTS(test_apply, test_apply_status, test_writes, test_size_limit, test_garbage,
          test_faults, test_watch_faults, test_same_seed_same_trace)
