#include "render/boards.h"

#include <string.h>

#include "lib/json.h"
#include "render/board_parts.h"
#include "render/board_tables.h"

#define TAG "binnacle-preset"

const struct bnc_board bnc_boards[] = {
    {.name = "istio-mesh",
     .title = "Istio mesh",
     .doc = "Who is called in the mesh: how often, how well, how fast.",
     .variables = bnc_board_mesh_variables,
     .rows = bnc_board_mesh_rows},
    {.name = "istio-workload",
     .title = "Istio workload",
     .doc = "One workload: who calls it, whom it calls, and how that goes.",
     .service = "${app}.${namespace}",
     .variables = bnc_board_workload_variables,
     .rows = bnc_board_workload_rows},
    {.name = "envoy",
     .title = "Envoy",
     .doc = "The proxies themselves: memory, configuration, connections, clusters.",
     .variables = bnc_board_envoy_variables,
     .rows = bnc_board_envoy_rows},
    {.name = "istio-control-plane",
     .title = "Istio control plane",
     .doc = "istiod: what makes it work, how soon proxies know, what is wrong.",
     .variables = bnc_board_istiod_variables,
     .rows = bnc_board_istiod_rows},
    {.name = "sampling",
     .title = "Sampling",
     .doc = "How many traces begin, of how many requests, and what a budget allows.",
     .variables = bnc_board_sampling_variables,
     .rows = bnc_board_sampling_rows},
    {.name = "binnacle",
     .title = "binnacle",
     .doc = "What binnacle reads and writes, whether it is loaded, what is scraped.",
     .variables = bnc_board_self_variables,
     .rows = bnc_board_self_rows},
};
const size_t bnc_n_boards = BNC_LEN(bnc_boards);

const struct bnc_board *
bnc_board_find(const char *name)
{
    for (size_t i = 0; i < bnc_n_boards; i++) {
        if (strcmp(bnc_boards[i].name, name) == 0) {
            return &bnc_boards[i];
        }
    }
    return NULL;
}

/* ---- links --------------------------------------------------------------------------
 */

/* Text as a part of a URL; Grafana's ${variables} stay as they are. */
static const char *
encoded(const char *text, struct bnc_arena *arena)
{
    struct bnc_str out = bnc_str_new(arena, SIZE_MAX);
    for (const char *p = text; *p != '\0'; p++) {
        const char *end = strncmp(p, "${", 2) == 0 ? strchr(p, '}') : NULL;
        if (end != NULL) {
            bnc_str_add(&out, p, (size_t)(end - p) + 1);
            p = end;
        } else if (strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                          "0123456789-._~",
                          *p) != NULL) {
            bnc_str_putc(&out, *p);
        } else {
            bnc_str_fmt(&out, "%%%02X", (unsigned)(unsigned char)*p);
        }
    }
    return out.len == 0 ? "" : out.ptr;
}

/* What is asked of a tracing datasource: each type has words of its own. */
static cJSON *
traces_query(const struct bnc_board_ask *ask, const char *service,
             struct bnc_arena *arena)
{
    cJSON *query = bnc_json_object(arena);
    cJSON *source = bnc_json_object(arena);
    bnc_json_set_str(arena, source, "type", ask->traces_type);
    bnc_json_set_str(arena, source, "uid", ask->traces_uid);
    bnc_json_set_str(arena, query, "refId", "A");
    bnc_json_set_item(arena, query, "datasource", source);
    if (bnc_str_eq(ask->traces_type, "tempo")) {
        bnc_json_set_str(arena, query, "queryType", "traceql");
        bnc_json_set_str(
            arena, query, "query",
            service == NULL
                ? "{}"
                : bnc_arena_fmt(arena, "{resource.service.name=\"%s\"}", service));
    } else if (bnc_str_eq(ask->traces_type, "jaeger")) {
        bnc_json_set_str(arena, query, "queryType", "search");
        if (service != NULL) {
            bnc_json_set_str(arena, query, "service", service);
        }
    }
    return query;
}

/* Explore, with the time of the board.  Source: Grafana's "Explore URLs". */
static const char *
explore_url(const struct bnc_board *board, const struct bnc_board_ask *ask,
            struct bnc_arena *arena)
{
    cJSON *range = bnc_json_object(arena);
    cJSON *pane = bnc_json_object(arena);
    cJSON *panes = bnc_json_object(arena);
    cJSON *queries = bnc_json_array(arena);
    struct bnc_str text = bnc_str_new(arena, SIZE_MAX);

    bnc_json_set_str(arena, range, "from", "${__from}");
    bnc_json_set_str(arena, range, "to", "${__to}");
    bnc_json_add(queries, traces_query(ask, board->service, arena));
    bnc_json_set_str(arena, pane, "datasource", ask->traces_uid);
    bnc_json_set_item(arena, pane, "queries", queries);
    bnc_json_set_item(arena, pane, "range", range);
    bnc_json_set_item(arena, panes, "traces", pane);
    bnc_json_print(panes, &text);
    return bnc_arena_fmt(arena, "/explore?schemaVersion=1&panes=%s",
                         encoded(text.ptr, arena));
}

static cJSON *
link_of(const char *type, const char *title, struct bnc_arena *arena)
{
    cJSON *link = bnc_json_object(arena);
    bnc_json_set_str(arena, link, "type", type);
    bnc_json_set_str(arena, link, "title", title);
    bnc_json_set_str(arena, link, "icon", "external link");
    return link;
}

static cJSON *
links(const struct bnc_board *board, const struct bnc_board_ask *ask,
      struct bnc_arena *arena)
{
    cJSON *list = bnc_json_array(arena);
    cJSON *tags = bnc_json_array(arena);
    cJSON *others = link_of("dashboards", "binnacle", arena);
    bnc_json_add(tags, bnc_json_str(arena, TAG));
    bnc_json_set_item(arena, others, "tags", tags);
    bnc_json_set_bool(arena, others, "asDropdown", true);
    bnc_json_set_bool(arena, others, "includeVars", true);
    bnc_json_set_bool(arena, others, "keepTime", true);
    bnc_json_add(list, others);
    if (ask->traces_uid != NULL) {
        cJSON *traces = link_of("link", "Traces", arena);
        bnc_json_set_str(arena, traces, "url", explore_url(board, ask, arena));
        bnc_json_set_bool(arena, traces, "targetBlank", true);
        bnc_json_add(list, traces);
    }
    return list;
}

/* ---- the whole -----------------------------------------------------------------------
 */

static cJSON *
row_json(const struct bnc_board_row *row, int id, int y, struct bnc_arena *arena)
{
    cJSON *json = bnc_json_object(arena);
    bnc_json_set_int(arena, json, "id", id);
    bnc_json_set_str(arena, json, "type", "row");
    bnc_json_set_str(arena, json, "title", row->title);
    bnc_json_set_bool(arena, json, "collapsed", false);
    bnc_json_set_item(arena, json, "gridPos",
                      bnc_board_place(0, y, BNC_BOARD_WIDTH, 1, arena));
    bnc_json_set_item(arena, json, "panels", bnc_json_array(arena));
    return json;
}

/* Panels from left to right; a line is as high as the highest of its panels. */
static cJSON *
panels(const struct bnc_board *board, const struct bnc_board_ask *ask,
       struct bnc_arena *arena)
{
    cJSON *list = bnc_json_array(arena);
    int id = 0;
    int y = 0;
    for (const struct bnc_board_row *row = board->rows; row->title != NULL; row++) {
        int x = 0;
        int line = 1; /* of the row's own title */
        bnc_json_add(list, row_json(row, ++id, y, arena));
        for (const struct bnc_board_panel *p = row->panels;
             p < row->panels + BNC_BOARD_PANELS && p->title != NULL; p++) {
            struct bnc_board_size size = bnc_board_size(p);
            if (x == 0 || x + size.width > BNC_BOARD_WIDTH) {
                y += line;
                x = 0;
                line = 0;
            }
            cJSON *json = bnc_board_panel_json(row, p, ++id, ask, arena);
            bnc_json_set_item(arena, json, "gridPos",
                              bnc_board_place(x, y, size.width, size.height, arena));
            bnc_json_add(list, json);
            x += size.width;
            line = size.height > line ? size.height : line;
        }
        y += line;
    }
    return list;
}

static cJSON *
one(const char *key, cJSON *value, struct bnc_arena *arena)
{
    cJSON *json = bnc_json_object(arena);
    bnc_json_set_item(arena, json, key, value);
    return json;
}

cJSON *
bnc_board_tree(const struct bnc_board *board, const struct bnc_board_ask *ask,
               struct bnc_arena *arena)
{
    cJSON *json = bnc_json_object(arena);
    cJSON *tags = bnc_json_array(arena);
    cJSON *time = bnc_json_object(arena);

    bnc_json_add(tags, bnc_json_str(arena, TAG));
    bnc_json_set_str(arena, time, "from", "now-1h");
    bnc_json_set_str(arena, time, "to", "now");
    bnc_json_set_item(arena, json, "id", bnc_json_null(arena));
    bnc_json_set_str(arena, json, "uid",
                     ask->uid != NULL ? ask->uid
                                      : bnc_arena_fmt(arena, "binnacle-%s", board->name));
    bnc_json_set_str(arena, json, "title",
                     ask->title != NULL ? ask->title : board->title);
    bnc_json_set_str(arena, json, "description", board->doc);
    bnc_json_set_item(arena, json, "tags", tags);
    bnc_json_set_int(arena, json, "schemaVersion", 39);
    bnc_json_set_bool(arena, json, "editable", true);
    bnc_json_set_int(arena, json, "graphTooltip", 1); /* one cross-hair for all panels */
    bnc_json_set_str(arena, json, "refresh", "1m");
    bnc_json_set_str(arena, json, "timezone", "browser");
    bnc_json_set_item(arena, json, "time", time);
    bnc_json_set_item(arena, json, "annotations",
                      one("list", bnc_json_array(arena), arena));
    bnc_json_set_item(arena, json, "links", links(board, ask, arena));
    bnc_json_set_item(
        arena, json, "templating",
        one("list", bnc_board_variables_json(board->variables, ask, arena), arena));
    bnc_json_set_item(arena, json, "panels", panels(board, ask, arena));
    return json;
}
