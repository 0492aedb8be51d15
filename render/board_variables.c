/*
 * Variables of a dashboard: the datasource, and what narrows the queries.
 */
#include <string.h>

#include "lib/json.h"
#include "lib/str.h"
#include "render/board_parts.h"

#define PAIR " : " /* between the text and the value of a choice */

cJSON *
bnc_board_source(struct bnc_arena *arena)
{
    cJSON *source = bnc_json_object(arena);
    bnc_json_set_str(arena, source, "type", "prometheus");
    bnc_json_set_str(arena, source, "uid", "${datasource}");
    return source;
}

static cJSON *
choice(const char *text, const char *value, struct bnc_arena *arena)
{
    cJSON *json = bnc_json_object(arena);
    bnc_json_set_bool(arena, json, "selected", true);
    bnc_json_set_str(arena, json, "text", text);
    bnc_json_set_str(arena, json, "value", value);
    return json;
}

static cJSON *
variable(const char *type, const char *name, const char *title, bool hidden,
         struct bnc_arena *arena)
{
    cJSON *json = bnc_json_object(arena);
    bnc_json_set_str(arena, json, "type", type);
    bnc_json_set_str(arena, json, "name", name);
    bnc_json_set_str(arena, json, "label", title);
    bnc_json_set_int(arena, json, "hide", hidden ? 2 : 0); /* 2: wholly */
    bnc_json_set_bool(arena, json, "skipUrlSync", false);
    return json;
}

static cJSON *
datasource(const struct bnc_board_ask *ask, struct bnc_arena *arena)
{
    cJSON *json = variable("datasource", "datasource", "Prometheus", false, arena);
    const char *uid = ask->prometheus_uid != NULL ? ask->prometheus_uid : "default";
    bnc_json_set_str(arena, json, "query", "prometheus");
    bnc_json_set_str(arena, json, "regex", "");
    bnc_json_set_int(arena, json, "refresh", 1); /* when the board is opened */
    bnc_json_set_item(arena, json, "options", bnc_json_array(arena));
    bnc_json_set_item(arena, json, "current", choice(uid, uid, arena));
    return json;
}

static void
add_all(cJSON *json, struct bnc_arena *arena)
{
    cJSON *current = bnc_json_object(arena);
    cJSON *text = bnc_json_array(arena);
    cJSON *value = bnc_json_array(arena);
    bnc_json_add(text, bnc_json_str(arena, "All"));
    bnc_json_add(value, bnc_json_str(arena, "$__all"));
    bnc_json_set_bool(arena, current, "selected", true);
    bnc_json_set_item(arena, current, "text", text);
    bnc_json_set_item(arena, current, "value", value);
    bnc_json_set_bool(arena, json, "multi", true);
    bnc_json_set_bool(arena, json, "includeAll", true);
    bnc_json_set_str(arena, json, "allValue", ".*");
    bnc_json_set_item(arena, json, "current", current);
}

static void
add_query(cJSON *json, const struct bnc_board_variable *v, struct bnc_arena *arena)
{
    cJSON *query = bnc_json_object(arena);
    bool result = bnc_str_starts(v->query, "query_result(");
    bnc_json_set_int(arena, query, "qryType", result ? 3 : 1); /* 1: label_values() */
    bnc_json_set_str(arena, query, "query", v->query);
    bnc_json_set_str(arena, query, "refId",
                     "PrometheusVariableQueryEditor-VariableQuery");
    bnc_json_set_item(arena, json, "datasource", bnc_board_source(arena));
    bnc_json_set_str(arena, json, "definition", v->query);
    bnc_json_set_item(arena, json, "query", query);
    bnc_json_set_str(arena, json, "regex", v->regex == NULL ? "" : v->regex);
    bnc_json_set_int(arena, json, "refresh", 2); /* when the time changes */
    bnc_json_set_int(arena, json, "sort", 1);    /* by alphabet */
    bnc_json_set_item(arena, json, "options", bnc_json_array(arena));
    if (v->many) {
        add_all(json, arena);
    } else {
        bnc_json_set_bool(arena, json, "multi", false);
        bnc_json_set_bool(arena, json, "includeAll", false);
        bnc_json_set_item(arena, json, "current", bnc_json_object(arena));
    }
}

/* The choices of "text : value,text : value"; the first is taken. */
static void
add_choices(cJSON *json, const char *query, struct bnc_arena *arena)
{
    cJSON *options = bnc_json_array(arena);
    for (const char *at = query; *at != '\0'; at += *at == ',') {
        char *text = bnc_arena_strndup(arena, at, strcspn(at, ","));
        char *pair = strstr(text, PAIR);
        const char *value = pair == NULL ? text : pair + strlen(PAIR);
        at += strlen(text);
        if (pair != NULL) {
            *pair = '\0';
        }
        cJSON *option = choice(text, value, arena);
        bnc_json_set_bool(arena, option, "selected", options->child == NULL);
        if (options->child == NULL) {
            bnc_json_set_item(arena, json, "current", choice(text, value, arena));
        }
        bnc_json_add(options, option);
    }
    bnc_json_set_item(arena, json, "options", options);
}

static cJSON *
variable_json(const struct bnc_board_variable *v, struct bnc_arena *arena)
{
    static const char *const types[] = {[BNC_BOARD_QUERY] = "query",
                                        [BNC_BOARD_CUSTOM] = "custom",
                                        [BNC_BOARD_TEXT] = "textbox"};
    cJSON *json = variable(types[v->form], v->name, v->title, v->hidden, arena);
    if (v->form == BNC_BOARD_QUERY) {
        add_query(json, v, arena);
        return json;
    }
    bnc_json_set_str(arena, json, "query", v->query);
    add_choices(json, v->query, arena);
    return json;
}

cJSON *
bnc_board_variables_json(const struct bnc_board_variable *variables,
                         const struct bnc_board_ask *ask, struct bnc_arena *arena)
{
    cJSON *list = bnc_json_array(arena);
    bnc_json_add(list, datasource(ask, arena));
    for (const struct bnc_board_variable *v = variables; v->name != NULL; v++) {
        bnc_json_add(list, variable_json(v, arena));
    }
    return list;
}
