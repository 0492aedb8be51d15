/*
 * What a dashboard's inputs and variables are.
 */
#include <string.h>

#include "lib/json.h"
#include "reconcilers/grafana.h"
#include "reconcilers/plan_state.h"
#include "render/boards.h"

#define OBJECT_MAX ((size_t)1024 * 1024 - 1024) /* bytes of text in a ConfigMap */

static void
refuse(struct bnc_grafana_plan *g, struct bnc_grafana_board *board,
       enum bnc_reason reason, const char *key, const char *remedy, const char *message)
{
    bnc_grafana_refuse(g, board->verdict, &board->out, reason,
                       key == NULL ? "spec.datasources"
                                   : bnc_arena_fmt(g->arena, "spec.datasources.%s", key),
                       remedy, message);
}

static void
use(struct bnc_grafana_board *board, const char *name,
    const struct bnc_grafana_item *item)
{
    board->uses[board->n_uses++] = (struct bnc_dashboard_use){
        .name = name, .uid = item->source.uid, .title = item->source.title};
}

/* What spec.datasources says. */
static void
use_given(struct bnc_grafana_plan *g, struct bnc_grafana_board *board)
{
    const struct bnc_pairs *given = &board->ir->spec.datasources;
    for (size_t i = 0; i < given->n; i++) {
        const char *name = given->items[i].value;
        const struct bnc_grafana_item *item = bnc_grafana_find(g, board->ns, name);
        if (item == NULL || item->out || item->source.org != board->org) {
            refuse(g, board, BNC_REASON_REF_NOT_FOUND, given->items[i].key,
                   "name one that goes out, in the same organization",
                   item == NULL
                       ? bnc_arena_fmt(g->arena,
                                       "there is no Datasource %s/%s, and none that is "
                                       "derived is called so",
                                       board->ns, name)
                       : bnc_arena_fmt(g->arena,
                                       item->out ? "%s is left out itself"
                                                 : "%s is in another "
                                                   "organization",
                                       item->of));
            return;
        }
        use(board, given->items[i].key, item);
    }
}

static bool
is_used(const struct bnc_grafana_board *board, const char *name)
{
    for (size_t i = 0; i < board->n_uses; i++) {
        if (strcmp(board->uses[i].name, name) == 0) {
            return true;
        }
    }
    return false;
}

/* The derived one of a type, when there is just one. */
static const struct bnc_grafana_item *
only_one(const struct bnc_grafana_plan *g, const char *type, int64_t org)
{
    const struct bnc_grafana_item *found = NULL;
    for (size_t i = 0; i < g->n_items; i++) {
        const struct bnc_grafana_item *item = &g->items[i];
        if (item->verdict == SIZE_MAX && !item->out && item->source.org == org &&
            bnc_str_eq(item->source.spec->type, type)) {
            if (found != NULL) {
                return NULL;
            }
            found = item;
        }
    }
    return found;
}

/* Inputs that nobody speaks of: the derived datasource of their type. */
static void
use_derived(struct bnc_grafana_plan *g, struct bnc_grafana_board *board)
{
    const cJSON *input = NULL;
    while ((input = bnc_dashboard_input(board->ir->model, input)) != NULL) {
        const char *name = bnc_json_get_str(input, "name");
        const char *type = bnc_json_get_str(input, "pluginId");
        if (is_used(board, name)) {
            continue;
        }
        const struct bnc_grafana_item *item = only_one(g, type, board->org);
        if (item == NULL) {
            refuse(
                g, board, BNC_REASON_INVALID_FIELD, NULL,
                bnc_arena_fmt(g->arena, "write %s: and the name of a Datasource", name),
                bnc_arena_fmt(g->arena,
                              "the dashboard's input %s wants a datasource of type %s",
                              name, type == NULL ? "?" : type));
            return;
        }
        use(board, name, item);
    }
}

/* What is too big for a ConfigMap goes over the HTTP API only. */
static void
check_size(struct bnc_grafana_plan *g, struct bnc_grafana_board *board, const cJSON *tree,
           struct bnc_arena *scratch)
{
    struct bnc_str text = bnc_str_new(scratch, OBJECT_MAX);
    if (g->state->ir->spec.grafana->dashboard_output == NULL ||
        board->ir->size < OBJECT_MAX / 2) {
        return;
    }
    bnc_json_print(tree, &text);
    if (text.too_big) {
        bool map = board->ir->spec.config_map_key_ref != NULL;
        bnc_grafana_refuse(
            g, board->verdict, &board->out, BNC_REASON_TOO_BIG,
            map ? "spec.configMapKeyRef" : "spec.json",
            "split it, or have spec.grafana.credentialsRef of the Observatory set, "
            "without dashboardOutput",
            bnc_arena_fmt(g->arena,
                          "the dashboard has more than %zu bytes, which is what a "
                          "ConfigMap takes",
                          OBJECT_MAX));
    }
}

/* A name that the dashboard does not know is a slip. */
static void
check_used(struct bnc_grafana_plan *g, struct bnc_grafana_board *board)
{
    BNC_AUTO(bnc_arena) scratch = bnc_arena_new();
    const cJSON *tree = bnc_dashboard_tree(board->ir->model, board->uid, board->uses,
                                           board->n_uses, scratch);
    check_size(g, board, tree, scratch);
    const struct bnc_pairs *given = &board->ir->spec.datasources;
    for (size_t i = 0; i < given->n; i++) {
        if (!board->uses[i].used) {
            refuse(g, board, BNC_REASON_INVALID_FIELD, given->items[i].key,
                   "leave it out, or use a name of the dashboard's",
                   "the dashboard has no input and no datasource variable of this name");
        }
    }
}

/* A preset has one variable of type datasource. */
static void
settle_preset(struct bnc_grafana_plan *g, struct bnc_grafana_board *board)
{
    const struct bnc_pairs *given = &board->ir->spec.datasources;
    board->uses = bnc_arena_array(g->arena, given->n, sizeof(*board->uses));
    for (size_t i = 0; i < given->n; i++) {
        if (strcmp(given->items[i].key, "datasource") != 0) {
            refuse(g, board, BNC_REASON_INVALID_FIELD, given->items[i].key,
                   "write datasource: and the name of a Datasource",
                   "a preset has one variable, datasource");
            return;
        }
    }
    use_given(g, board);
}

void
bnc_grafana_settle_board(struct bnc_grafana_plan *g, struct bnc_grafana_board *board)
{
    size_t room = 0;
    if (board->out || board->ir == NULL) {
        return;
    }
    if (board->ir->model == NULL) {
        settle_preset(g, board);
        return;
    }
    const cJSON *input = NULL;
    while ((input = bnc_dashboard_input(board->ir->model, input)) != NULL) {
        room++;
    }
    board->uses = bnc_arena_array(g->arena, room + board->ir->spec.datasources.n,
                                  sizeof(*board->uses));
    use_given(g, board);
    if (!board->out) {
        use_derived(g, board);
    }
    if (!board->out) {
        check_used(g, board);
    }
}

/* ---- what goes out ----------------------------------------------------------------- */

/* Where rows of other boards lead; NULL: it is not there. */
static const char *
workload_board(const struct bnc_grafana_plan *g, int64_t org)
{
    for (size_t i = 0; i < g->n_boards; i++) {
        if (bnc_str_eq(g->boards[i].preset, "istio-workload") && !g->boards[i].out &&
            g->boards[i].org == org) {
            return g->boards[i].uid;
        }
    }
    return NULL;
}

static cJSON *
preset_tree(const struct bnc_grafana_plan *g, const struct bnc_grafana_board *board,
            struct bnc_arena *arena)
{
    const struct bnc_board *preset = bnc_board_find(board->preset);
    const struct bnc_grafana_item *prometheus = only_one(g, "prometheus", board->org);
    struct bnc_board_ask ask = {.uid = board->uid};
    static const char *const tracers[] = {"jaeger", "tempo", "zipkin"};
    if (preset == NULL) {
        return NULL;
    }
    ask.workload_uid = workload_board(g, board->org);
    ask.prometheus_uid = prometheus == NULL ? NULL : prometheus->source.uid;
    for (size_t i = 0; i < board->n_uses; i++) { /* its only variable of that type */
        ask.prometheus_uid = board->uses[i].uid;
    }
    for (size_t i = 0; i < BNC_LEN(tracers) && ask.traces_uid == NULL; i++) {
        const struct bnc_grafana_item *traces = only_one(g, tracers[i], board->org);
        ask.traces_uid = traces == NULL ? NULL : traces->source.uid;
        ask.traces_type = tracers[i];
    }
    return bnc_board_tree(preset, &ask, arena);
}

cJSON *
bnc_grafana_board_tree(const struct bnc_grafana_plan *g,
                       const struct bnc_grafana_board *board, struct bnc_arena *arena)
{
    return board->preset != NULL ? preset_tree(g, board, arena)
                                 : bnc_dashboard_tree(board->ir->model, board->uid,
                                                      board->uses, board->n_uses, arena);
}
