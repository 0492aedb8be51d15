/* The model of the API server: store, list, watch. */
#include <stdlib.h>
#include <string.h>

#include "tests/sim/selftest.h"

#define PODS      "/api/v1/namespaces/shop/pods"
#define CONFIGMAP "/api/v1/namespaces/shop/configmaps"

static const char *const meta_list[] = {
    "Accept: application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1", NULL};

static void
put_pod(struct bnc_sim_api *api, const char *name, const char *app, int version)
{
    char json[512];
    (void)snprintf(
        json, sizeof(json),
        "{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"metadata\":{\"name\":\"%s\","
        "\"namespace\":\"shop\",\"labels\":{\"app\":\"%s\"}},\"spec\":{"
        "\"containers\":[{\"name\":\"c\",\"image\":\"i<%d>\"}]}}",
        name, app, version);
    int status = bnc_sim_api_put(api, json);
    CHECK(status == 200 || status == 201);
}

static const char *
field(struct bnc_sim_api *api, struct bnc_arena *arena, const char *kind,
      const char *name, const char *path)
{
    return bnc_sim_api_field(api, arena, kind, "shop", name, path);
}

TEST(test_store)
{
    BNC_AUTO(bnc_sim) sim = bnc_sim_new(1);
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    BNC_AUTO(bnc_sim_api) api = bnc_sim_api_new(sim);
    put_pod(api, "a", "x", 1);
    CHECK(bnc_sim_api_get(api, "Namespace", "", "shop") != NULL);
    CHECK_STR(field(api, arena, "Pod", "a", "metadata\ngeneration\n"), "1");
    const char *uid = field(api, arena, "Pod", "a", "metadata\nuid\n");
    CHECK_INT(strlen(uid), 36);
    int64_t rv = bnc_sim_api_rv(api);
    uint64_t before = bnc_sim_api_snapshot(api);
    put_pod(api, "a", "x", 1); /* the same: nothing is written */
    CHECK_INT(bnc_sim_api_rv(api), rv);
    CHECK(bnc_sim_api_snapshot(api) == before);
    put_pod(api, "a", "y", 1);
    CHECK_STR(field(api, arena, "Pod", "a", "metadata\ngeneration\n"), "1");
    put_pod(api, "a", "y", 2);
    CHECK_STR(field(api, arena, "Pod", "a", "metadata\ngeneration\n"), "2");
    CHECK_STR(field(api, arena, "Pod", "a", "metadata\nuid\n"), uid);
    CHECK(bnc_sim_api_snapshot(api) != before);
    CHECK(has(bnc_sim_api_get(api, "Pod", "shop", "a"), "i\\u003c2\\u003e"));
    CHECK_INT(bnc_sim_api_list(api, "Pod", NULL, NULL), 1);
    CHECK(bnc_sim_api_delete(api, "Pod", "shop", "a"));
    CHECK(!bnc_sim_api_delete(api, "Pod", "shop", "a"));
    CHECK_INT(bnc_sim_api_rv(api), rv + 3);
    CHECK_INT(bnc_sim_api_writes(api, "kubectl").noops, 1);
    CHECK_INT(bnc_sim_api_writes(api, NULL).changes, 0);
}

/* ---- lists ------------------------------------------------------------------- */

static void
take_token(const char *body, char *out, size_t max)
{
    const char *at = strstr(body, "\"continue\":\"");
    out[0] = '\0';
    if (at != NULL) {
        at += strlen("\"continue\":\"");
        (void)snprintf(out, max, "%.*s", (int)strcspn(at, "\""), at);
    }
}

TEST(test_list_pages)
{
    BNC_AUTO(bnc_sim) sim = bnc_sim_new(2);
    BNC_AUTO(bnc_sim_api) api = bnc_sim_api_new(sim);
    struct bnc_str body;
    char token[300];
    char path[400];
    char name[3] = "p0";
    for (int i = 0; i < 5; i++) {
        name[1] = (char)('0' + i);
        put_pod(api, name, "x", 1);
    }
    CHECK_INT(ask(sim, "GET", PODS "?limit=2", NULL, NULL, &body), 200);
    CHECK_INT(times(body.ptr, "\"uid\""), 2);
    CHECK(has(body.ptr, "\"remainingItemCount\":3"));
    take_token(body.ptr, token, sizeof(token));
    bnc_str_free(&body);

    put_pod(api, "p2", "x", 7); /* not seen by the pages that go on */
    (void)bnc_sim_api_delete(api, "Pod", "shop", "p3");
    put_pod(api, "p2x", "x", 1);
    (void)snprintf(path, sizeof(path), PODS "?limit=9&continue=%s", token);
    CHECK_INT(ask(sim, "GET", path, NULL, NULL, &body), 200);
    CHECK_INT(times(body.ptr, "\"uid\""), 3);
    CHECK(has(body.ptr, "\"p3\"") && !has(body.ptr, "\"p2x\"") &&
          !has(body.ptr, "i\\u003c7"));
    bnc_str_free(&body);
    bnc_sim_api_compact(api);
    CHECK_INT(ask(sim, "GET", path, NULL, NULL, &body), 410);
    CHECK(has(body.ptr, "\"reason\":\"Expired\""));
    bnc_str_free(&body);
}

TEST(test_list_rules)
{
    static const struct {
        const char *name;
        const char *query;
        int status;
        size_t items;
    } rows[] = {
        {"all", "", 200, 3},
        {"by name", "?fieldSelector=metadata.name%3Db", 200, 1},
        {"by label", "?labelSelector=app%3Dx", 200, 2},
        {"by no label", "?labelSelector=app!%3Dx", 200, 1},
        {"cache, no pages", "?resourceVersion=0&limit=1", 200, 3},
        {"not older", "?resourceVersion=1001&resourceVersionMatch=NotOlderThan", 200, 3},
        {"exact", "?resourceVersion=1004&resourceVersionMatch=Exact", 200, 1},
        {"exact zero", "?resourceVersion=0&resourceVersionMatch=Exact", 422, 0},
        {"match alone", "?resourceVersionMatch=Exact", 422, 0},
        {"initial events", "?sendInitialEvents=true", 422, 0},
        {"future", "?resourceVersion=99999", 504, 0},
        {"no number", "?resourceVersion=x", 400, 0},
        {"bad token", "?continue=zz", 400, 0},
        {"other field", "?fieldSelector=spec.nodeName%3Dn", 400, 0},
    };
    BNC_AUTO(bnc_sim) sim = bnc_sim_new(2);
    BNC_AUTO(bnc_sim_api) api = bnc_sim_api_new(sim); /* namespaces: 1001, 1002, 1003 */
    put_pod(api, "a", "x", 1);
    put_pod(api, "b", "x", 1);
    put_pod(api, "c", "y", 1);
    for (size_t i = 0; i < BNC_LEN(rows); i++) {
        char path[200];
        struct bnc_str body;
        bnc_test_row(rows[i].name);
        (void)snprintf(path, sizeof(path), "/api/v1/pods%s", rows[i].query);
        CHECK_INT(ask(sim, "GET", path, NULL, NULL, &body), rows[i].status);
        CHECK_INT(times(body.ptr, "\"uid\""), rows[i].items);
        bnc_str_free(&body);
    }
}

TEST(test_shapes)
{
    static const struct {
        const char *name;
        const char *path;
        const char *const *headers;
        const char *want;
        const char *never;
    } rows[] = {
        {"built-in list", PODS, NULL,
         "{\"kind\":\"PodList\",\"apiVersion\":\"v1\",\"metadata\":{\"resourceVersion\":",
         "\"kind\":\"Pod\""},
        {"custom list", "/apis/binnacle.dev/v1alpha1/scrapepolicies", NULL,
         ",\"kind\":\"ScrapePolicyList\",\"metadata\":{\"continue\":\"\",",
         "creationTimestamp\":null"},
        {"custom item", "/apis/binnacle.dev/v1alpha1/scrapepolicies", NULL,
         "\"items\":[{\"apiVersion\":\"binnacle.dev/v1alpha1\",\"kind\":\"ScrapePolicy\"",
         "\"remaining"},
        {"one", PODS "/a", NULL,
         "{\"kind\":\"Pod\",\"apiVersion\":\"v1\",\"metadata\":{"
         "\"name\":\"a\",\"namespace\":\"shop\",\"uid\":",
         "items"},
        {"metadata", PODS, meta_list,
         "\"items\":[{\"kind\":\"PartialObjectMetadata\",\"apiVersion\":\"meta.k8s.io/"
         "v1\"",
         "\"spec\""},
        {"nothing there", PODS "/b", NULL, "pods \\\"b\\\" not found",
         "\"kind\":\"Pod\""},
        {"no such kind", "/api/v1/things", NULL, "\"code\":404", "items"},
        {"no namespace", "/api/v1/pods/a", NULL, "\"code\":404", "items"},
    };
    BNC_AUTO(bnc_sim) sim = bnc_sim_new(2);
    BNC_AUTO(bnc_sim_api) api = bnc_sim_api_new(sim);
    put_pod(api, "a", "x", 1);
    CHECK_INT(bnc_sim_api_put(api, "{\"apiVersion\":\"binnacle.dev/v1alpha1\",\"kind\":"
                                   "\"ScrapePolicy\",\"metadata\":{\"name\":\"p\"},"
                                   "\"spec\":{\"z\":1,\"a\":2}}"),
              201);
    CHECK(has(bnc_sim_api_get(api, "ScrapePolicy", "default", "p"),
              "\"spec\":{\"a\":2,\"z\":1}"));
    for (size_t i = 0; i < BNC_LEN(rows); i++) {
        struct bnc_str body;
        bnc_test_row(rows[i].name);
        (void)ask(sim, "GET", rows[i].path, rows[i].headers, NULL, &body);
        CHECK(has(body.ptr, rows[i].want));
        CHECK(!has(body.ptr, rows[i].never));
        bnc_str_free(&body);
    }
}

/* ---- watches --------------------------------------------------------------------- */

/* The types of the events and the names in them, as "ADDED a,". */
static void
read_events(const char *body, char *out, size_t max)
{
    size_t at = 0;
    out[0] = '\0';
    for (const char *line = body; line != NULL && *line != '\0' && at < max;) {
        const char *type = line + strlen("{\"type\":\"");
        const char *end = strchr(line, '\n');
        const char *name = strstr(line, "\"name\":\"");
        bool own = name != NULL && name < (end == NULL ? name : end);
        name = own ? name + strlen("\"name\":\"") : "";
        at += (size_t)snprintf(out + at, max - at, "%.*s %.*s%s",
                               (int)strcspn(type, "\""), type, (int)strcspn(name, "\""),
                               name, end == NULL ? "!" : ",");
        line = end == NULL ? NULL : end + 1;
    }
}

static void
change_pods(struct bnc_sim_api *api)
{
    put_pod(api, "b", "x", 1);
    put_pod(api, "a", "y", 1);
    put_pod(api, "a", "x", 2);
    (void)bnc_sim_api_delete(api, "Pod", "shop", "a");
}

TEST(test_watch)
{
    static const struct {
        const char *name;
        const char *query;
        const char *before; /* the events of what happened before */
        const char *after;
    } rows[] = {
        {"from now", "&resourceVersion=1004&timeoutSeconds=5", "",
         "ADDED b,MODIFIED a,MODIFIED a,DELETED a,"},
        {"from the past", "&resourceVersion=1003&timeoutSeconds=5", "ADDED a,",
         "ADDED b,MODIFIED a,MODIFIED a,DELETED a,"},
        {"no version", "&timeoutSeconds=5", "ADDED a,",
         "ADDED b,MODIFIED a,MODIFIED a,DELETED a,"},
        {"by label", "&resourceVersion=0&timeoutSeconds=5&labelSelector=app%3Dx",
         "ADDED a,", "ADDED b,DELETED a,ADDED a,DELETED a,"},
        {"by name", "&resourceVersion=0&timeoutSeconds=5&fieldSelector=metadata.name%3Db",
         "", "ADDED b,"},
        {"bookmarks", "&resourceVersion=1004&timeoutSeconds=100&allowWatchBookmarks=true",
         "", "ADDED b,MODIFIED a,MODIFIED a,DELETED a,BOOKMARK ,BOOKMARK ,"},
    };
    for (size_t i = 0; i < BNC_LEN(rows); i++) {
        BNC_AUTO(bnc_sim) sim = bnc_sim_new(i);
        BNC_AUTO(bnc_sim_api) api = bnc_sim_api_new(sim);
        struct client c;
        char path[300];
        char seen[500];
        char want[500];
        bnc_test_row(rows[i].name);
        put_pod(api, "a", "x", 1);
        (void)snprintf(path, sizeof(path), PODS "?watch=1%s", rows[i].query);
        client_start(&c, sim, "GET", path, NULL, NULL);
        CHECK(bnc_sim_run_for(sim, 1000));
        read_events(c.body.ptr, seen, sizeof(seen));
        CHECK_STR(seen, rows[i].before);
        CHECK_INT(bnc_sim_api_watches(api), 1);
        change_pods(api);
        CHECK(bnc_sim_run_for(sim, 120000));
        CHECK_INT(c.done, 1);
        CHECK_INT(c.err.code, BNC_OK);
        CHECK_INT(c.status, 200);
        read_events(c.body.ptr, seen, sizeof(seen));
        (void)snprintf(want, sizeof(want), "%s%s", rows[i].before, rows[i].after);
        CHECK_STR(seen, want);
        CHECK_INT(bnc_sim_api_watches(api), 0);
        client_end(&c);
    }
}

TEST(test_watch_ends)
{
    static const struct {
        const char *name;
        const char *query;
        int status;
        const char *want;
    } rows[] = {
        {"too old", "resourceVersion=1004", 200, "\"type\":\"ERROR\""},
        {"too old: code", "resourceVersion=1004", 200, "\"code\":410"},
        {"streaming list", "sendInitialEvents=true&resourceVersionMatch=NotOlderThan",
         422, "\"reason\":\"Invalid\""},
        {"match without", "resourceVersion=0&resourceVersionMatch=NotOlderThan", 422,
         "\"reason\":\"Invalid\""},
    };
    BNC_AUTO(bnc_sim) sim = bnc_sim_new(1);
    BNC_AUTO(bnc_sim_api) api = bnc_sim_api_new(sim);
    struct bnc_str body;
    put_pod(api, "a", "x", 1);
    put_pod(api, "b", "x", 1);
    bnc_sim_api_compact(api);
    for (size_t i = 0; i < BNC_LEN(rows); i++) {
        char path[200];
        bnc_test_row(rows[i].name);
        (void)snprintf(path, sizeof(path), PODS "?watch=1&timeoutSeconds=60&%s",
                       rows[i].query);
        CHECK_INT(ask(sim, "GET", path, NULL, NULL, &body), rows[i].status);
        CHECK(has(body.ptr, rows[i].want));
        bnc_str_free(&body);
    }
    bnc_sim_api_watch_list(api, true);
    CHECK_INT(ask(sim, "GET",
                  PODS "?watch=1&timeoutSeconds=5&sendInitialEvents=true&"
                       "resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true",
                  NULL, NULL, &body),
              200);
    CHECK_INT(times(body.ptr, "\"ADDED\""), 2);
    CHECK_INT(times(body.ptr, "\"k8s.io/initial-events-end\":\"true\""), 1);
    bnc_str_free(&body);
}

/* ---- switches ------------------------------------------------------------------------
 */

TEST(test_switches)
{
    BNC_AUTO(bnc_sim) sim = bnc_sim_new(1);
    BNC_AUTO(bnc_sim_api) api = bnc_sim_api_new(sim);
    const char *const token[] = {"Authorization: Bearer t2", NULL};
    put_pod(api, "a", "x", 1);
    bnc_sim_rotate_token(sim, api, "t2");
    CHECK_INT(ask(sim, "GET", PODS, NULL, NULL, NULL), 401);
    CHECK_INT(ask(sim, "GET", PODS, token, NULL, NULL), 200);
    bnc_sim_api_token(api, NULL);
    bnc_sim_api_kind_status(api, "Pod", 403);
    CHECK_INT(ask(sim, "GET", PODS, NULL, NULL, NULL), 403);
    CHECK_INT(ask(sim, "GET", CONFIGMAP, NULL, NULL, NULL), 200);
    bnc_sim_api_kind_status(api, "Pod", 0);
    bnc_sim_api_down(api, true);
    CHECK_INT(ask(sim, "GET", PODS, NULL, NULL, NULL), -(int)BNC_UNAVAILABLE);
    bnc_sim_api_down(api, false);
    CHECK_INT(ask(sim, "GET", PODS, NULL, NULL, NULL), 200);
    bnc_sim_api_kind_remove(api, "Pod");
    CHECK_INT(ask(sim, "GET", PODS, NULL, NULL, NULL), 404);
    bnc_sim_api_kind_add(api, "Pod");
    CHECK_INT(bnc_sim_api_list(api, "Pod", NULL, NULL), 0);
    CHECK_INT(ask(sim, "GET", PODS, NULL, NULL, NULL), 200);
    CHECK_INT(bnc_sim_api_requests(api), 8);
}

RUN_TESTS(test_store, test_list_pages, test_list_rules, test_shapes, test_watch,
          test_watch_ends, test_switches)
