/*
 * The objects that Grafana reads: a provisioning file, and a ConfigMap for each
 * dashboard.
 */
#include <string.h>

#include "lib/json.h"
#include "reconcilers/grafana.h"
#include "reconcilers/plan_state.h"

#define BOARD_MAX ((size_t)8 * 1024 * 1024) /* bytes of a dashboard */

static bool
add_sources(const struct bnc_grafana_plan *g, struct bnc_arena *arena,
            struct bnc_document *out, struct bnc_diags *diags)
{
    const struct bnc_grafana_spec *grafana = g->state->ir->spec.grafana;
    const struct bnc_grafana_output_spec *output = grafana->output;
    struct bnc_fill *fills = NULL;
    struct bnc_error err = {0};
    struct bnc_bytes text = {0};
    size_t n_fills = 0;

    if (output == NULL) {
        return false;
    }
    const struct bnc_grafana_file file = {.sources = g->sources,
                                          .n = g->n_sources,
                                          .removed = g->plan->removed,
                                          .n_removed = g->plan->n_removed,
                                          .prune = grafana->prune == BNC_TRUE};
    if (bnc_grafana_file(&file, arena, &text, &fills, &n_fills, &err)) {
        bnc_diag_add(diags, BNC_REASON_TOO_BIG, "spec.grafana", NULL, "%s", err.message);
        return false;
    }
    bool secret = n_fills > 0 || bnc_str_eq(output->kind, "Secret");
    *out = (struct bnc_document){.kind = secret ? BNC_KIND_SECRET : BNC_KIND_CONFIG_MAP,
                                 .ns = output->ns,
                                 .name = output->name,
                                 .key = output->key,
                                 .bytes = text,
                                 .fills = fills,
                                 .n_fills = n_fills,
                                 .labels = &output->labels};
    return true;
}

/* An object of its own, so that one change writes one; named by what makes it unique. */
static const char *
board_name(const struct bnc_grafana_plan *g, const struct bnc_grafana_board *board,
           struct bnc_arena *arena)
{
    const struct bnc_object *self = g->plan->observatory->object;
    return board->ir == NULL
               ? bnc_arena_fmt(arena, "%s-dashboard-%s", self->name, board->preset)
               : bnc_arena_fmt(
                     arena, "%s-%s", self->name,
                     bnc_grafana_uid(board->name, board->ns, "dashboard", arena));
}

static const struct bnc_pairs *
folder_of(const struct bnc_grafana_plan *g, const struct bnc_grafana_board *board,
          struct bnc_arena *arena)
{
    struct bnc_pairs *pairs = bnc_arena_alloc(arena, sizeof(*pairs));
    if (board->folder == NULL || board->folder[0] == '\0') {
        return NULL;
    }
    pairs->items = bnc_arena_alloc(arena, sizeof(*pairs->items));
    pairs->items[0] = (struct bnc_pair){
        g->state->ir->spec.grafana->dashboard_output->folder_annotation, board->folder};
    pairs->n = 1;
    return pairs;
}

static bool
add_board(const struct bnc_grafana_plan *g, const struct bnc_grafana_board *board,
          struct bnc_arena *arena, struct bnc_document *out)
{
    const struct bnc_dashboard_output_spec *output =
        g->state->ir->spec.grafana->dashboard_output;
    struct bnc_str text = bnc_str_new(arena, BOARD_MAX);
    const cJSON *tree = bnc_grafana_board_tree(g, board, arena);
    const char *name = board_name(g, board, arena);

    if (tree == NULL) {
        return false;
    }
    bnc_json_print(tree, &text);
    bnc_str_putc(&text, '\n');
    *out = (struct bnc_document){.kind = BNC_KIND_CONFIG_MAP,
                                 .ns = output->ns,
                                 .name = name,
                                 .key = bnc_arena_fmt(arena, "%s.json", name),
                                 .bytes = {text.ptr, text.len},
                                 .labels = &output->labels,
                                 .annotations = folder_of(g, board, arena)};
    return true;
}

size_t
bnc_grafana_documents(const struct bnc_plan *plan, struct bnc_arena *arena,
                      struct bnc_document **out, struct bnc_diags *diags)
{
    const struct bnc_plan_state *state = plan->state;
    const struct bnc_grafana_plan *g = state->grafana;
    *out = NULL;
    if (g == NULL || plan->observatory->ir->diags.errors > 0) {
        return 0;
    }
    struct bnc_document *list = bnc_arena_array(arena, 1 + g->n_boards, sizeof(*list));
    size_t n = add_sources(g, arena, list, diags);
    const struct bnc_grafana_spec *grafana = state->ir->spec.grafana;
    for (size_t i = 0; grafana->dashboard_output != NULL && i < g->n_boards; i++) {
        n += !g->boards[i].out && add_board(g, &g->boards[i], arena, &list[n]);
    }
    *out = list;
    return n;
}
