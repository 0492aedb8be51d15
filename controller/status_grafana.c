#include "controller/status.h"
#include "lib/json.h"
#include "lib/map.h"
#include "lib/time.h"
#include "model/ir_grafana.h"

#define ROWS_MAX      1000
#define REMEMBERED_MS (INT64_C(3600) * 1000)

bool
bnc_status_grafana(const struct bnc_member *member, cJSON *status,
                   struct bnc_arena *arena)
{
    const struct bnc_ir *ir = member->ir;
    const char *uid = NULL;
    const char *title = NULL;

    if (ir->type == BNC_IR_DATASOURCE) {
        uid = ir->as.datasource->uid;
        title = ir->as.datasource->title;
    } else if (ir->type == BNC_IR_DASHBOARD) {
        uid = ir->as.dashboard->uid;
        title = ir->as.dashboard->title;
    } else {
        return false;
    }
    bnc_json_set_str(arena, status, "uid", uid);
    bnc_json_set_str(arena, status, "title", title);
    return true;
}

/* ---- an Observatory ------------------------------------------------------------- */

static size_t
count_wrong(const struct bnc_gapi_state *state)
{
    size_t n = 0;
    for (size_t i = 0; i < state->n; i++) {
        n += state->items[i].standing == BNC_GAPI_FAILED ||
             state->items[i].standing == BNC_GAPI_FOREIGN;
    }
    return n;
}

/* The first derived one that is wrong has no object of its own to tell it. */
static const char *
first_wrong(const struct bnc_gapi_state *state)
{
    const char *message = "";
    for (size_t i = state->n; i > 0; i--) {
        const struct bnc_gapi_item_state *item = &state->items[i - 1];
        if (item->standing == BNC_GAPI_FAILED || item->standing == BNC_GAPI_FOREIGN) {
            message = item->message;
        }
    }
    return message;
}

const char *
bnc_status_grafana_text(const struct bnc_status_more *more, struct bnc_arena *arena)
{
    const struct bnc_gapi_state *state = more->grafana;
    if (state == NULL) {
        return "";
    }
    if (state->error != NULL) {
        return state->error;
    }
    size_t wrong = count_wrong(state);
    return wrong == 0 ? ""
                      : bnc_arena_fmt(arena, "%zu of %zu are not there; the first: %s",
                                      wrong, state->n, first_wrong(state));
}

static cJSON *
row_of(const struct bnc_provisioned *row, const char *since, struct bnc_arena *arena)
{
    cJSON *out = bnc_json_object(arena);
    bnc_json_set_int(arena, out, "org", row->org);
    bnc_json_set_str(arena, out, "title", row->title);
    if (since != NULL) {
        bnc_json_set_str(arena, out, "since", since);
    }
    return out;
}

/* Since when one is gone, as the live status or the plan has it; else `now`. */
static const char *
gone_since(const struct bnc_provisioned *row, const cJSON *live, const char *now)
{
    const cJSON *item;
    cJSON_ArrayForEach(item, live)
    {
        int64_t org = 1;
        const char *since = bnc_json_get_str(item, "since");
        (void)bnc_json_get_int(item, "org", &org);
        if (since != NULL && org == row->org &&
            bnc_str_eq(bnc_json_get_str(item, "title"), row->title)) {
            return since;
        }
    }
    return row->since != NULL ? row->since : now;
}

/* What a file has, and what it had within the last hour. */
static void
add_provisioned(const struct bnc_plan *plan, const cJSON *live, int64_t now_ms,
                cJSON *out, struct bnc_arena *arena)
{
    cJSON *rows = bnc_json_array(arena);
    cJSON *removed = bnc_json_array(arena);
    char now[BNC_TIME_MAX];

    bnc_time_text(now_ms, 0, now);
    for (size_t i = 0; i < plan->n_provisioned && i < ROWS_MAX; i++) {
        bnc_json_add(rows, row_of(&plan->provisioned[i], NULL, arena));
    }
    for (size_t i = 0; i < plan->n_removed; i++) {
        const char *since = gone_since(&plan->removed[i], live, now);
        if (now_ms - bnc_time_parse(since) < REMEMBERED_MS) {
            bnc_json_add(removed, row_of(&plan->removed[i], since, arena));
        }
    }
    if (plan->n_provisioned > 0) {
        bnc_json_set_item(arena, out, "provisioned", rows);
    }
    if (cJSON_GetArraySize(removed) > 0) {
        bnc_json_set_item(arena, out, "removed", removed);
    }
}

/* ---- before a file is published -------------------------------------------------- */

static const char *
key_of(int64_t org, const char *title, struct bnc_arena *arena)
{
    return bnc_arena_fmt(arena, "%lld %s", (long long)org, title);
}

/* Rows of the plan that the list does not have. */
static cJSON *
untold(const struct bnc_plan *plan, const cJSON *list, struct bnc_arena *arena)
{
    BNC_AUTO(bnc_map) told = bnc_map_new();
    cJSON *out = bnc_json_array(arena);
    const cJSON *item;

    cJSON_ArrayForEach(item, list)
    {
        int64_t org = 1;
        const char *title = bnc_json_get_str(item, "title");
        (void)bnc_json_get_int(item, "org", &org);
        if (title != NULL) {
            (void)bnc_map_put(told, key_of(org, title, arena), told);
        }
    }
    for (size_t i = 0; i < plan->n_provisioned && i < ROWS_MAX; i++) {
        const struct bnc_provisioned *row = &plan->provisioned[i];
        if (bnc_map_get(told, key_of(row->org, row->title, arena)) == NULL) {
            bnc_json_add(out, row_of(row, NULL, arena));
        }
    }
    return out;
}

bool
bnc_status_grafana_told(const struct bnc_plan *plan, const cJSON *live,
                        struct bnc_arena *arena)
{
    const cJSON *list = bnc_json_path(live, "grafana", "provisioned", NULL);
    return plan == NULL || plan->n_provisioned == 0 ||
           cJSON_GetArraySize(untold(plan, list, arena)) == 0;
}

void
bnc_status_grafana_tell(const struct bnc_plan *plan, cJSON *status,
                        struct bnc_arena *arena)
{
    if (plan == NULL || plan->n_provisioned == 0) {
        return;
    }
    cJSON *block = bnc_json_get(status, "grafana");
    if (block == NULL) {
        block = bnc_json_object(arena);
        bnc_json_set_item(arena, status, "grafana", block);
    }
    cJSON *list = bnc_json_get(block, "provisioned");
    cJSON *rows = untold(plan, list, arena);
    if (list == NULL) {
        bnc_json_set_item(arena, block, "provisioned", rows);
        return;
    }
    while (rows->child != NULL) {
        bnc_json_add(list, cJSON_DetachItemFromArray(rows, 0));
    }
}

/* ---- the block --------------------------------------------------------------------- */

cJSON *
bnc_status_grafana_block(const struct bnc_result *result,
                         const struct bnc_status_more *more, struct bnc_arena *arena)
{
    const struct bnc_plan *plan = result->plan;
    if (plan == NULL ||
        (plan->n_datasources + plan->n_dashboards + plan->n_removed == 0 &&
         result->grafana == NULL)) {
        return NULL;
    }
    cJSON *out = bnc_json_object(arena);
    const char *message = bnc_status_grafana_text(more, arena);
    bnc_json_set_int(arena, out, "datasources", (int64_t)plan->n_datasources);
    bnc_json_set_int(arena, out, "dashboards", (int64_t)plan->n_dashboards);
    if (message[0] != '\0') {
        bnc_json_set_str(arena, out, "message", message);
    }
    const struct bnc_bytes status = result->object->status;
    struct bnc_error err = {0};
    cJSON *live = NULL;
    if (status.len == 0 || bnc_json_parse(arena, status.ptr, status.len, &live, &err)) {
        live = NULL;
    }
    add_provisioned(plan, bnc_json_path(live, "grafana", "removed", NULL), more->now_ms,
                    out, arena);
    return out;
}
