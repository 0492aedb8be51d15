/*
 * Dashboards over the API: made, repaired, deleted; their folders.
 */
#include "tests/unit/grafana_rig.h"

#define SAVE "/api/dashboards/db"
#define ONE  "/api/dashboards/uid/"
#define BODY                                                                             \
    "{\"id\":7,\"version\":3,\"tags\":[\"mesh\"],\"schemaVersion\":39,\"panels\":[{"     \
    "\"id\":1,"                                                                          \
    "\"type\":\"stat\",\"title\":\"Requests\"}]}"

static struct bnc_gapi_item *
board(struct rig *rig, const char *uid)
{
    struct bnc_gapi_item *item = rig_item(rig, uid, BODY);
    item->kind = BNC_GAPI_DASHBOARD;
    return item;
}

static const cJSON *
stored(struct rig *rig, const char *uid)
{
    const cJSON *one;

    cJSON_ArrayForEach(
        one, bnc_json_get(rig_ctl(rig, "GET", "/_standin/state", ""), "dashboards"))
    {
        if (strcmp(bnc_json_get_str(one, "uid"), uid) == 0) {
            return one;
        }
    }
    return NULL;
}

static const char *
title_of(struct rig *rig, const char *uid)
{
    return bnc_json_get_str(bnc_json_get(stored(rig, uid), "model"), "title");
}

static int
saves(struct rig *rig)
{
    return rig_asked(rig, "POST", SAVE);
}

/* As somebody who saves it in the UI. */
static void
save(struct rig *rig, const char *uid, const char *json)
{
    BNC_UNUSED(uid);
    (void)rig_ctl(rig, "POST", SAVE, json);
}

static bool
is_repaired(struct rig *rig)
{
    return rig->repaired[0] != '\0' && rig_synced(rig);
}

TEST(made_changed_repaired)
{
    struct rig *rig = rig_new();
    struct bnc_gapi_item *item = board(rig, "mesh");

    (void)board(rig, "workload");
    rig_set(rig);
    (void)rig_until(rig, rig_synced, 5000);
    CHECK_INT(rig_asked(rig, NULL, NULL), 4); /* a list, a search, two saves */
    const cJSON *model = bnc_json_get(stored(rig, "mesh"), "model");
    CHECK_STR(bnc_json_get_str(model, "title"), "Name mesh");
    CHECK_STR(cJSON_GetArrayItem(bnc_json_get(model, "tags"), 0)->valuestring, "mesh");
    CHECK_STR(cJSON_GetArrayItem(bnc_json_get(model, "tags"), 1)->valuestring,
              "binnacle");

    rig_clear_log(rig);
    test_run_ms(rig->world, 3 * POLL_MS);
    CHECK(rig_asked(rig, "GET", ONE) >= 2);
    rig_quiet(rig);

    rig->want.poll_ms = 60000; /* one that is changed is one request */
    rig_set(rig);
    test_run_ms(rig->world, 100);
    rig_clear_log(rig);
    item->body = test_bytes("{\"panels\":[],\"refresh\":\"5s\"}");
    rig_set(rig);
    test_run_ms(rig->world, 100);
    CHECK_INT(rig_asked(rig, NULL, NULL), 1);
    CHECK_INT(saves(rig), 1);
    rig->want.poll_ms = POLL_MS;
    rig_set(rig);
    test_run_ms(rig->world, 100);

    rig_clear_log(rig);
    save(rig, "mesh",
         "{\"overwrite\":true,\"dashboard\":{\"uid\":\"mesh\",\"title\":\"Theirs\","
         "\"tags\":"
         "[\"binnacle\"],\"refresh\":\"5s\",\"panels\":[{\"id\":5}]}}");
    CHECK(rig_until(rig, is_repaired, 2 * POLL_MS) <= POLL_MS + 100);
    CHECK(strstr(rig->repaired, "shop/mesh panels: [{\"id\":5}] -> []; tags: ") ==
          rig->repaired);
    CHECK(strstr(rig->repaired, "title: \"Theirs\" -> \"Name mesh\"|") != NULL);
    CHECK_STR(title_of(rig, "mesh"), "Name mesh");
    CHECK_INT(saves(rig), 2); /* theirs, and one of ours */
    rig_free(rig);
}

/* A new process takes over what is there; what nobody wants goes; what is others' stays.
 */
TEST(whose)
{
    struct rig *rig = rig_new();

    (void)board(rig, "a");
    (void)board(rig, "b");
    rig_set(rig);
    (void)rig_until(rig, rig_synced, 5000);
    bnc_gapi_drop(rig->gapi, "mon", "main", false);
    save(rig, "c",
         "{\"dashboard\":{\"uid\":\"c\",\"title\":\"C\",\"tags\":[\"binnacle\"]}}");
    save(rig, "d", "{\"dashboard\":{\"uid\":\"d\",\"title\":\"Name e\"}}");
    rig_clear_log(rig);
    rig->want.n = 1;
    (void)board(rig, "c");
    (void)board(rig, "d");
    (void)board(rig, "e"); /* its title is d's: 412 */
    rig_set(rig);
    UNTIL(rig, rig_state(rig).items[3].standing == BNC_GAPI_FOREIGN &&
                   rig_state(rig).deleted == 1);
    const struct bnc_gapi_state now = rig_state(rig);
    CHECK_INT(now.items[0].standing, BNC_GAPI_SYNCED);
    CHECK_STR(now.items[1].message,
              "the dashboard with uid c in organization 1 of Grafana is another "
              "Observatory's: give this one another uid");
    CHECK_STR(
        now.items[2].message,
        "the dashboard with uid d in organization 1 of Grafana was not made by this "
        "Observatory: delete it there, or give this one another uid");
    CHECK_STR(now.items[3].message,
              "Grafana has another dashboard with this title in the folder: delete it "
              "there, or give this one another title");
    CHECK(stored(rig, "b") == NULL);
    CHECK_STR(title_of(rig, "c"), "C");
    CHECK_STR(title_of(rig, "d"), "Name e");
    CHECK_INT(now.updated + now.created, 0);
    CHECK_INT(now.deleted, 1);
    rig_free(rig);
}

TEST(folders)
{
    struct rig *rig = rig_new();
    struct bnc_gapi_item *item = board(rig, "a");
    const cJSON *row;

    board(rig, "b")->folder = "Mesh";
    item->folder = "Mesh";
    rig_set(rig);
    (void)rig_until(rig, rig_synced, 5000);
    row = cJSON_GetArrayItem(rig_ctl(rig, "GET", "/api/folders", ""), 0);
    CHECK_STR(bnc_json_get_str(row, "title"), "Mesh");
    CHECK_STR(bnc_json_get_str(stored(rig, "a"), "folder"), bnc_json_get_str(row, "uid"));
    CHECK_INT(rig_asked(rig, "POST", "/api/folders"), 1);

    /* somebody moves it out */
    const cJSON *model = bnc_json_get(stored(rig, "a"), "model");
    struct bnc_str text = bnc_str_new(rig->arena, 10000);
    bnc_str_puts(&text, "{\"overwrite\":true,\"dashboard\":");
    bnc_json_print(model, &text);
    bnc_str_putc(&text, '}');
    save(rig, "a", text.ptr);
    (void)rig_until(rig, is_repaired, 2 * POLL_MS);
    CHECK_STR(rig->repaired, "shop/a folder: another -> Mesh|");

    /* all is gone, the folder too */
    (void)rig_ctl(rig, "POST", "/_standin/reset", "{}");
    rig_clear_log(rig);
    UNTIL(rig, stored(rig, "a") != NULL && stored(rig, "b") != NULL);
    CHECK_INT(rig_asked(rig, "GET", "/api/datasources"), 1); /* one poll */
    CHECK(bnc_json_get_str(stored(rig, "a"), "folder")[0] != '\0');

    bnc_gapi_drop(rig->gapi, "mon", "main", true);
    UNTIL(rig, rig->gone);
    CHECK(stored(rig, "a") == NULL && stored(rig, "b") == NULL);
    rig_free(rig);
}

static const char *
refresh_of(struct rig *rig)
{
    return bnc_json_get_str(bnc_json_get(stored(rig, "a"), "model"), "refresh");
}

/* Each request fails in each way once. */
TEST(faults)
{
    static const char *const whats[] = {"\"method\":\"GET\"",
                                        "\"method\":\"GET\",\"path\":\"/api/search\"",
                                        "\"method\":\"GET\",\"path\":\"/api/folders\"",
                                        "\"method\":\"GET\",\"path\":\"" ONE "\"",
                                        "\"method\":\"POST\",\"path\":\"/api/folders\"",
                                        "\"method\":\"POST\",\"path\":\"" SAVE "\"",
                                        "\"method\":\"DELETE\""};
    static const char *const ways[] = {"\"drop\":\"before\"", "\"drop\":\"after\"",
                                       "\"drop\":\"middle\"", "\"status\":500",
                                       "\"status\":503"};
    struct rig *rig = rig_new();

    rig->want.poll_ms = 100;
    for (size_t i = 0; i < BNC_LEN(whats) * BNC_LEN(ways); i++) {
        const char *text = bnc_arena_fmt(rig->arena, "{%s,%s}", whats[i / BNC_LEN(ways)],
                                         ways[i % BNC_LEN(ways)]);
        bnc_test_row(text);
        rig->want.n = 0;
        board(rig, "a")->folder = "Mesh";
        (void)board(rig, "b");
        (void)rig_ctl(rig, "POST", "/_standin/fault", text);
        rig_set(rig);
        test_run_ms(rig->world, 60);
        rig->items[0].body = test_bytes("{\"refresh\":\"1m\"}");
        rig->want.n = 1;
        rig_set(rig);
        UNTIL(rig, bnc_str_eq(refresh_of(rig), "1m") && stored(rig, "b") == NULL);
        test_run_ms(rig->world, 150);
        UNTIL(rig, stored(rig, "b") == NULL && rig_synced(rig));
        rig_clear_log(rig);
        test_run_ms(rig->world, 120);
        rig_quiet(rig);
        CHECK_STR(rig->repaired, "");
        bnc_gapi_drop(rig->gapi, "mon", "main", false);
        (void)rig_ctl(rig, "POST", "/_standin/reset", "{}");
    }
    bnc_test_row("");
    rig_free(rig);
}

/* A folder that is made and not told as it was asked for is no reason to ask for ever. */
TEST(odd_folders)
{
    static const struct {
        const char *name;
        const char *answer;
        bool synced;
    } rows[] = {
        {"another title", "\"count\":1,\"body\":{\"uid\":\"x\",\"title\":\"mesh\"}",
         true},
        {"no uid", "\"count\":100000,\"body\":{\"title\":\"Mesh\"}", false},
        {"no object", "\"count\":100000,\"body\":[]", false},
    };
    struct rig *rig = rig_new();

    for (size_t i = 0; i < BNC_LEN(rows); i++) {
        bnc_test_row(rows[i].name);
        rig->want.n = 0;
        board(rig, "a")->folder = "Mesh";
        (void)rig_ctl(rig, "POST", "/_standin/fault",
                      bnc_arena_fmt(rig->arena,
                                    "{\"method\":\"POST\",\"path\":\"/api/folders\","
                                    "\"status\":200,%s}",
                                    rows[i].answer));
        rig_clear_log(rig);
        rig_set(rig);
        test_run_ms(rig->world, 3 * POLL_MS);
        CHECK(rig_asked(rig, "POST", "/api/folders") <= 6);
        if (rows[i].synced) {
            UNTIL(rig, rig_synced(rig));
        } else {
            CHECK(!rig_synced(rig));
        }
        bnc_gapi_drop(rig->gapi, "mon", "main", false);
        (void)rig_ctl(rig, "POST", "/_standin/reset", "{}");
    }
    bnc_test_row("");
    rig_free(rig);
}

/* Over 1 MiB: more than an object of Kubernetes may hold. */
TEST(a_large_one)
{
    struct rig *rig = rig_new();
    struct bnc_str text = bnc_str_new(rig->arena, (size_t)4 << 20);

    bnc_str_puts(&text, "{\"panels\":[");
    while (text.len < (size_t)1500000) {
        bnc_str_fmt(&text, "%s{\"id\":%zu,\"title\":\"A panel of many\"}",
                    text.len > 20 ? "," : "", text.len);
    }
    bnc_str_puts(&text, "]}");
    board(rig, "big")->body = (struct bnc_bytes){text.ptr, text.len};
    rig_set(rig);
    (void)rig_until(rig, rig_synced, 5000);
    rig_clear_log(rig);
    test_run_ms(rig->world, 4 * POLL_MS);
    CHECK(rig_synced(rig));
    rig_free(rig);
}

RUN_TESTS(made_changed_repaired, whose, folders, faults, odd_folders, a_large_one)
