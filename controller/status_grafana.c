#include "controller/status.h"
#include "lib/json.h"
#include "model/ir_grafana.h"

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

cJSON *
bnc_status_grafana_block(const struct bnc_result *result,
                         const struct bnc_status_more *more, struct bnc_arena *arena)
{
    const struct bnc_plan *plan = result->plan;
    if (plan == NULL ||
        (plan->n_datasources + plan->n_dashboards == 0 && result->grafana == NULL)) {
        return NULL;
    }
    cJSON *out = bnc_json_object(arena);
    const char *message = bnc_status_grafana_text(more, arena);
    bnc_json_set_int(arena, out, "datasources", (int64_t)plan->n_datasources);
    bnc_json_set_int(arena, out, "dashboards", (int64_t)plan->n_dashboards);
    if (message[0] != '\0') {
        bnc_json_set_str(arena, out, "message", message);
    }
    return out;
}
