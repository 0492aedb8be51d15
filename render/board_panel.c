/*
 * One panel of a dashboard as Grafana's JSON.
 */
#include <string.h>

#include "lib/json.h"
#include "lib/str.h"
#include "render/board_parts.h"

#define WORKLOAD_UID "binnacle-istio-workload"

static const struct {
    const char *type;
    struct bnc_board_size size;
    bool now; /* instant queries: what was before does not matter */
} forms[] = {
    [BNC_BOARD_LINES] = {"timeseries", {12, 8}, false},
    [BNC_BOARD_AREAS] = {"timeseries", {12, 8}, false},
    [BNC_BOARD_STAT] = {"stat", {4, 4}, false},
    [BNC_BOARD_BARS] = {"bargauge", {12, 8}, true},
    [BNC_BOARD_TABLE] = {"table", {24, 9}, true},
};

struct bnc_board_size
bnc_board_size(const struct bnc_board_panel *panel)
{
    struct bnc_board_size size = forms[panel->form].size;
    if (panel->width != 0) {
        size.width = panel->width;
    }
    return size;
}

cJSON *
bnc_board_place(int x, int y, int width, int height, struct bnc_arena *arena)
{
    cJSON *json = bnc_json_object(arena);
    bnc_json_set_int(arena, json, "h", height);
    bnc_json_set_int(arena, json, "w", width);
    bnc_json_set_int(arena, json, "x", x);
    bnc_json_set_int(arena, json, "y", y);
    return json;
}

static cJSON *
pair(const char *key, const char *value, struct bnc_arena *arena)
{
    cJSON *json = bnc_json_object(arena);
    bnc_json_set_str(arena, json, key, value);
    return json;
}

/* ---- fields --------------------------------------------------------------------------
 */

static cJSON *
step(const char *color, const cJSON *first, double value, struct bnc_arena *arena)
{
    cJSON *json = pair("color", color, arena);
    bnc_json_set_item(arena, json, "value",
                      first == NULL ? bnc_json_null(arena)
                                    : bnc_json_double(arena, value));
    return json;
}

/* The first step holds for all below the second. */
static cJSON *
thresholds(const struct bnc_board_panel *panel, struct bnc_arena *arena)
{
    bool low_is_bad = panel->bad < panel->warn;
    bool any = panel->warn != 0 || panel->bad != 0;
    cJSON *steps = bnc_json_array(arena);
    cJSON *json = pair("mode", "absolute", arena);

    bnc_json_add(steps, step(low_is_bad ? "red" : "green", NULL, 0, arena));
    if (any && panel->warn != panel->bad) {
        bnc_json_add(steps, step("yellow", steps->child,
                                 low_is_bad ? panel->bad : panel->warn, arena));
    }
    if (any) {
        bnc_json_add(steps, step(low_is_bad ? "green" : "red", steps->child,
                                 low_is_bad ? panel->warn : panel->bad, arena));
    }
    bnc_json_set_item(arena, json, "steps", steps);
    return json;
}

static cJSON *
line_style(const struct bnc_board_panel *panel, struct bnc_arena *arena)
{
    bool areas = panel->form == BNC_BOARD_AREAS;
    cJSON *json = pair("drawStyle", "line", arena);
    cJSON *stacking = pair("mode", areas ? "normal" : "none", arena);
    bnc_json_set_str(arena, stacking, "group", "A");
    bnc_json_set_int(arena, json, "lineWidth", 1);
    bnc_json_set_int(arena, json, "fillOpacity", areas ? 30 : 5);
    bnc_json_set_str(arena, json, "showPoints", "never");
    bnc_json_set_item(arena, json, "stacking", stacking);
    return json;
}

static cJSON *
override_of(const char *column, struct bnc_arena *arena)
{
    cJSON *json = bnc_json_object(arena);
    cJSON *matcher = pair("id", "byName", arena);
    bnc_json_set_str(arena, matcher, "options", column);
    bnc_json_set_item(arena, json, "matcher", matcher);
    bnc_json_set_item(arena, json, "properties", bnc_json_array(arena));
    return json;
}

static void
add_property(cJSON *override, const char *id, cJSON *value, struct bnc_arena *arena)
{
    cJSON *json = pair("id", id, arena);
    bnc_json_set_item(arena, json, "value", value);
    bnc_json_add(bnc_json_get(override, "properties"), json);
}

/* The column `workload` leads to the board of that workload. */
static cJSON *
workload_link(const struct bnc_board_ask *ask, struct bnc_arena *arena)
{
    cJSON *override = override_of("workload", arena);
    cJSON *list = bnc_json_array(arena);
    cJSON *link = pair("title", "This workload", arena);
    bnc_json_set_str(
        arena, link, "url",
        bnc_arena_fmt(arena,
                      "/d/%s?var-datasource=${datasource}"
                      "&var-namespace=${__data.fields.namespace}"
                      "&var-workload=${__data.fields.workload}"
                      "&${__url_time_range}",
                      ask->workload_uid != NULL ? ask->workload_uid : WORKLOAD_UID));
    bnc_json_add(list, link);
    add_property(override, "links", list, arena);
    return override;
}

static cJSON *
overrides(const struct bnc_board_panel *panel, const struct bnc_board_ask *ask,
          struct bnc_arena *arena)
{
    cJSON *list = bnc_json_array(arena);
    if (panel->to_workload) {
        bnc_json_add(list, workload_link(ask, arena));
    }
    for (size_t i = 0; panel->form == BNC_BOARD_TABLE && i < BNC_BOARD_QUERIES; i++) {
        const struct bnc_board_query *query = &panel->queries[i];
        if (query->expr != NULL && query->unit != NULL) {
            cJSON *override = override_of(query->legend, arena);
            add_property(override, "unit", bnc_json_str(arena, query->unit), arena);
            bnc_json_add(list, override);
        }
    }
    return list;
}

static cJSON *
field_config(const struct bnc_board_panel *panel, const struct bnc_board_ask *ask,
             struct bnc_arena *arena)
{
    bool colours = panel->warn != 0 || panel->bad != 0;
    bool lines = panel->form == BNC_BOARD_LINES || panel->form == BNC_BOARD_AREAS;
    cJSON *json = bnc_json_object(arena);
    cJSON *defaults = pair("unit", panel->unit, arena);
    bnc_json_set_item(
        arena, defaults, "color",
        pair("mode", colours && !lines ? "thresholds" : "palette-classic", arena));
    if (panel->form != BNC_BOARD_TABLE && panel->form != BNC_BOARD_STAT) {
        bnc_json_set_int(arena, defaults, "min", 0);
    }
    bnc_json_set_item(arena, defaults, "thresholds", thresholds(panel, arena));
    if (lines) {
        bnc_json_set_item(arena, defaults, "custom", line_style(panel, arena));
    }
    bnc_json_set_item(arena, json, "defaults", defaults);
    bnc_json_set_item(arena, json, "overrides", overrides(panel, ask, arena));
    return json;
}

/* ---- options --------------------------------------------------------------------------
 */

static void
add_reduce(cJSON *options, struct bnc_arena *arena)
{
    cJSON *json = pair("fields", "", arena);
    cJSON *calcs = bnc_json_array(arena);
    bnc_json_add(calcs, bnc_json_str(arena, "lastNotNull"));
    bnc_json_set_item(arena, json, "calcs", calcs);
    bnc_json_set_bool(arena, json, "values", false);
    bnc_json_set_item(arena, options, "reduceOptions", json);
}

static cJSON *
options_of(const struct bnc_board_panel *panel, struct bnc_arena *arena)
{
    cJSON *json = bnc_json_object(arena);
    cJSON *legend = pair("displayMode", "list", arena);
    cJSON *tooltip = pair("mode", "multi", arena);
    switch (panel->form) {
    case BNC_BOARD_LINES:
    case BNC_BOARD_AREAS:
        bnc_json_set_str(arena, legend, "placement", "bottom");
        bnc_json_set_bool(arena, legend, "showLegend", true);
        bnc_json_set_str(arena, tooltip, "sort", "desc");
        bnc_json_set_item(arena, json, "legend", legend);
        bnc_json_set_item(arena, json, "tooltip", tooltip);
        break;
    case BNC_BOARD_STAT:
        add_reduce(json, arena);
        bnc_json_set_str(arena, json, "colorMode",
                         panel->warn != 0 || panel->bad != 0 ? "value" : "none");
        bnc_json_set_str(arena, json, "graphMode", "area");
        bnc_json_set_str(arena, json, "textMode", "auto");
        break;
    case BNC_BOARD_BARS:
        add_reduce(json, arena);
        bnc_json_set_str(arena, json, "displayMode", "basic");
        bnc_json_set_str(arena, json, "orientation", "horizontal");
        bnc_json_set_bool(arena, json, "showUnfilled", true);
        break;
    case BNC_BOARD_TABLE:
        bnc_json_set_bool(arena, json, "showHeader", true);
        break;
    }
    return json;
}

/* ---- queries
 * ---------------------------------------------------------------------------
 */

static const char *
ref_id(size_t i, struct bnc_arena *arena)
{
    return bnc_arena_fmt(arena, "%c", (char)('A' + i));
}

static size_t
count(const struct bnc_board_panel *panel)
{
    size_t n = 0;
    while (n < BNC_BOARD_QUERIES && panel->queries[n].expr != NULL) {
        n++;
    }
    return n;
}

static cJSON *
targets(const struct bnc_board_panel *panel, struct bnc_arena *arena)
{
    bool table = panel->form == BNC_BOARD_TABLE;
    bool now = forms[panel->form].now;
    cJSON *list = bnc_json_array(arena);
    for (size_t i = 0; i < count(panel); i++) {
        cJSON *json = pair("refId", ref_id(i, arena), arena);
        bnc_json_set_item(arena, json, "datasource", bnc_board_source(arena));
        bnc_json_set_str(arena, json, "editorMode", "code");
        bnc_json_set_str(arena, json, "expr", panel->queries[i].expr);
        bnc_json_set_str(arena, json, "legendFormat",
                         table ? "" : panel->queries[i].legend);
        bnc_json_set_str(arena, json, "format", table ? "table" : "time_series");
        bnc_json_set_bool(arena, json, "instant", now);
        bnc_json_set_bool(arena, json, "range", !now);
        bnc_json_add(list, json);
    }
    return list;
}

/* One table of all queries, with a column named for each. */
static cJSON *
transformations(const struct bnc_board_panel *panel, struct bnc_arena *arena)
{
    cJSON *list = bnc_json_array(arena);
    cJSON *merge = pair("id", "merge", arena);
    cJSON *organize = pair("id", "organize", arena);
    cJSON *options = bnc_json_object(arena);
    cJSON *names = bnc_json_object(arena);
    cJSON *hidden = bnc_json_object(arena);
    size_t n = count(panel);

    for (size_t i = 0; i < n; i++) {
        bnc_json_set_str(arena, names,
                         n == 1 ? "Value"
                                : bnc_arena_fmt(arena, "Value #%s", ref_id(i, arena)),
                         panel->queries[i].legend);
    }
    if (panel->to_workload) {
        bnc_json_set_str(arena, names, "destination_workload_namespace", "namespace");
        bnc_json_set_str(arena, names, "destination_workload", "workload");
    }
    bnc_json_set_bool(arena, hidden, "Time", true);
    bnc_json_set_item(arena, merge, "options", bnc_json_object(arena));
    bnc_json_set_item(arena, options, "excludeByName", hidden);
    bnc_json_set_item(arena, options, "renameByName", names);
    bnc_json_set_item(arena, organize, "options", options);
    bnc_json_add(list, merge);
    bnc_json_add(list, organize);
    return list;
}

/* ---- the panel
 * --------------------------------------------------------------------------
 */

static const char *
description(const struct bnc_board_row *row, const struct bnc_board_panel *panel,
            struct bnc_arena *arena)
{
    if (row->needs == NULL) {
        return panel->doc;
    }
    return bnc_arena_fmt(arena, "%s%sNeeds %s.", panel->doc == NULL ? "" : panel->doc,
                         panel->doc == NULL ? "" : "\n\n", row->needs);
}

cJSON *
bnc_board_panel_json(const struct bnc_board_row *row, const struct bnc_board_panel *panel,
                     int id, const struct bnc_board_ask *ask, struct bnc_arena *arena)
{
    cJSON *json = bnc_json_object(arena);
    const char *doc = description(row, panel, arena);
    bnc_json_set_int(arena, json, "id", id);
    bnc_json_set_str(arena, json, "type", forms[panel->form].type);
    bnc_json_set_str(arena, json, "title", panel->title);
    if (doc != NULL) {
        bnc_json_set_str(arena, json, "description", doc);
    }
    bnc_json_set_item(arena, json, "datasource", bnc_board_source(arena));
    bnc_json_set_item(arena, json, "fieldConfig", field_config(panel, ask, arena));
    bnc_json_set_item(arena, json, "options", options_of(panel, arena));
    bnc_json_set_item(arena, json, "targets", targets(panel, arena));
    if (panel->form == BNC_BOARD_TABLE) {
        bnc_json_set_item(arena, json, "transformations", transformations(panel, arena));
    }
    return json;
}
