/*
 * Dashboards of our own: what is asked of them, the same bytes, limits.  What their
 * queries give is tests/boards.
 */
#include "lib/json.h"
#include "model/spec_grafana.h"
#include "render/boards.h"
#include "tests/unit/test.h"

#define TEXT_MAX ((size_t)1024 * 1024)

static const char *
text_of(const struct bnc_board *board, const struct bnc_board_ask *ask,
        struct bnc_arena *arena)
{
    struct bnc_str text = bnc_str_new(arena, TEXT_MAX);
    bnc_json_print(bnc_board_tree(board, ask, arena), &text);
    CHECK(!text.too_big);
    return text.ptr;
}

/* The link of this title; NULL: there is none. */
static const cJSON *
link_of(const cJSON *tree, const char *title)
{
    const cJSON *link;
    cJSON_ArrayForEach(link, bnc_json_get(tree, "links"))
    {
        if (bnc_str_eq(bnc_json_get_str(link, "title"), title)) {
            return link;
        }
    }
    return NULL;
}

/* What stands behind %XX. */
static const char *
decoded(const char *url, struct bnc_arena *arena)
{
    struct bnc_str out = bnc_str_new(arena, TEXT_MAX);
    for (const char *p = url; *p != '\0'; p++) {
        unsigned value = 0;
        if (*p == '%' && sscanf(p + 1, "%2X", &value) == 1) { /* NOLINT(cert-err34-c) */
            bnc_str_putc(&out, (char)value);
            p += 2;
        } else {
            bnc_str_putc(&out, *p);
        }
    }
    return out.ptr;
}

TEST(names)
{
    for (size_t i = 0; bnc_dashboard_presets[i] != NULL; i++) {
        bnc_test_row(bnc_dashboard_presets[i]);
        CHECK(bnc_board_find(bnc_dashboard_presets[i]) != NULL);
        CHECK(i < bnc_n_boards);
    }
    CHECK(bnc_board_find("istio") == NULL);
    CHECK(bnc_board_find("") == NULL);
}

TEST(same_bytes)
{
    const struct bnc_board_ask ask = {0};
    for (size_t i = 0; i < bnc_n_boards; i++) {
        BNC_AUTO(bnc_arena) arena = bnc_arena_new();
        bnc_test_row(bnc_boards[i].name);
        const char *text = text_of(&bnc_boards[i], &ask, arena);
        CHECK_STR(text, text_of(&bnc_boards[i], &ask, arena));
        CHECK(strlen(text) < (size_t)128 * 1024); /* far below what a ConfigMap holds */
    }
}

TEST(nothing_asked)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    const struct bnc_board_ask ask = {0};
    const cJSON *tree = bnc_board_tree(bnc_board_find("sampling"), &ask, arena);
    const cJSON *variable = bnc_json_path(tree, "templating", "list", NULL)->child;
    CHECK(cJSON_IsNull(bnc_json_get(tree, "id")));
    CHECK_STR(bnc_json_get_str(tree, "uid"), "binnacle-sampling");
    CHECK_STR(bnc_json_get_str(tree, "title"), "Sampling");
    CHECK_STR(bnc_json_get_str(variable, "type"), "datasource");
    CHECK_STR(bnc_json_get_str(bnc_json_get(variable, "current"), "value"), "default");
    CHECK(link_of(tree, "Traces") == NULL);
    CHECK(link_of(tree, "binnacle") != NULL);
}

TEST(all_asked)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    const struct bnc_board_ask ask = {.uid = "mine",
                                      .title = "My \"mesh\"",
                                      .prometheus_uid = "prom-1",
                                      .traces_uid = "traces-1",
                                      .traces_type = "jaeger",
                                      .workload_uid = "workload-1"};
    const struct bnc_board *mesh = bnc_board_find("istio-mesh");
    const cJSON *tree = bnc_board_tree(mesh, &ask, arena);
    const cJSON *variable = bnc_json_path(tree, "templating", "list", NULL)->child;
    CHECK_STR(bnc_json_get_str(tree, "uid"), "mine");
    CHECK_STR(bnc_json_get_str(tree, "title"), "My \"mesh\"");
    CHECK_STR(bnc_json_get_str(bnc_json_get(variable, "current"), "value"), "prom-1");
    CHECK(strstr(text_of(mesh, &ask, arena), "/d/workload-1?") != NULL);
    CHECK(strstr(text_of(mesh, &ask, arena), "binnacle-istio-workload") == NULL);
}

/* Grafana fills ${...} in before it opens the link, so these are not encoded. */
TEST(traces)
{
    static const struct {
        const char *board;
        const char *type;
        const char *want; /* in the link, decoded */
    } rows[] = {
        {"istio-workload", "jaeger",
         "\"queryType\":\"search\",\"service\":\"${app}.${namespace}\""},
        {"istio-workload", "tempo",
         "\"query\":\"{resource.service.name=\\\"${app}.${namespace}\\\"}\""},
        {"istio-workload", "zipkin", "\"type\":\"zipkin\",\"uid\":\"t\"}}]"},
        {"envoy", "jaeger", "\"queryType\":\"search\"}]"},
        {"envoy", "tempo", "\"query\":\"{}\"}]"},
    };
    for (size_t i = 0; i < BNC_LEN(rows); i++) {
        BNC_AUTO(bnc_arena) arena = bnc_arena_new();
        const struct bnc_board_ask ask = {.traces_uid = "t", .traces_type = rows[i].type};
        bnc_test_row(rows[i].want);
        const cJSON *tree = bnc_board_tree(bnc_board_find(rows[i].board), &ask, arena);
        const char *url = bnc_json_get_str(link_of(tree, "Traces"), "url");
        CHECK(bnc_str_starts(url, "/explore?schemaVersion=1&panes=%7B"));
        CHECK(strpbrk(url, "\" ") == NULL);
        CHECK(strstr(url, "${__from}") != NULL);
        CHECK(strstr(decoded(url, arena), rows[i].want) != NULL);
    }
}

/* Which colour a number has: the lower the worse, and the higher the worse. */
TEST(thresholds)
{
    static const struct {
        const char *board;
        const char *panel;
        const char *want;
    } rows[] = {
        {"istio-mesh", "Answered without an error",
         "[{\"color\":\"red\",\"value\":null},{\"color\":\"yellow\",\"value\":0.99},"
         "{\"color\":\"green\",\"value\":0.999}]"},
        {"sampling", "Of the budget",
         "[{\"color\":\"green\",\"value\":null},{\"color\":\"yellow\",\"value\":1},"
         "{\"color\":\"red\",\"value\":1.3}]"},
        {"envoy", "Without istiod",
         "[{\"color\":\"green\",\"value\":null},{\"color\":\"red\",\"value\":1}]"},
        {"envoy", "Proxies that live", "[{\"color\":\"green\",\"value\":null}]"},
    };
    for (size_t i = 0; i < BNC_LEN(rows); i++) {
        BNC_AUTO(bnc_arena) arena = bnc_arena_new();
        const struct bnc_board_ask ask = {0};
        const cJSON *tree = bnc_board_tree(bnc_board_find(rows[i].board), &ask, arena);
        const cJSON *panel;
        bool found = false;
        bnc_test_row(rows[i].panel);
        cJSON_ArrayForEach(panel, bnc_json_get(tree, "panels"))
        {
            if (bnc_str_eq(bnc_json_get_str(panel, "title"), rows[i].panel)) {
                struct bnc_str steps = bnc_str_new(arena, TEXT_MAX);
                bnc_json_print(bnc_json_path(panel, "fieldConfig", "defaults",
                                             "thresholds", "steps", NULL),
                               &steps);
                CHECK_STR(steps.ptr, rows[i].want);
                found = true;
            }
        }
        CHECK(found);
    }
}

RUN_TESTS(names, same_bytes, nothing_asked, all_asked, traces, thresholds)
