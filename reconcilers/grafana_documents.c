/*
 * The objects that Grafana reads: a provisioning file, and a ConfigMap for each
 * dashboard.
 */
#include <string.h>

#include "lib/json.h"
#include "reconcilers/grafana.h"
#include "reconcilers/plan_state.h"

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
    if (bnc_grafana_file(g->sources, g->n_sources, grafana->prune == BNC_TRUE, arena,
                         &text, &fills, &n_fills, &err)) {
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
    *out = list;
    return n;
}
