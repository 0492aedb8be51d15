/* The files with credentials that jobs refer to. */
#include <stdlib.h>
#include <string.h>

#include "reconcilers/plan_state.h"

static int
compare_assets(const void *a, const void *b)
{
    const struct bnc_asset *x = a;
    const struct bnc_asset *y = b;
    return strcmp(x->file, y->file);
}

void
bnc_plan_assets(struct bnc_plan *plan, const struct bnc_plan_state *state)
{
    size_t n = state->ir->n_files;
    for (size_t i = 0; i < state->n_takers; i++) {
        n += state->takers[i].ir->n_assets;
    }
    for (size_t i = 0; i < state->n_scrapers; i++) {
        n += state->scrapers[i].ir->n_assets;
    }
    struct bnc_asset *all = bnc_arena_array(plan->arena, n, sizeof(*all));
    size_t used = state->ir->n_files;
    if (used > 0) {
        memcpy(all, state->ir->files, used * sizeof(*all));
    }
    for (size_t i = 0; i < state->n_takers; i++) {
        const struct bnc_ir_policy *ir = state->takers[i].ir;
        if (ir->n_assets > 0) {
            memcpy(all + used, ir->assets, ir->n_assets * sizeof(*all));
            used += ir->n_assets;
        }
    }
    for (size_t i = 0; i < state->n_scrapers; i++) {
        const struct bnc_ir_monitor *ir = state->scrapers[i].ir;
        if (ir->n_assets > 0) {
            memcpy(all + used, ir->assets, ir->n_assets * sizeof(*all));
            used += ir->n_assets;
        }
    }
    qsort(all, used, sizeof(*all), compare_assets);
    size_t kept = 0;
    for (size_t i = 0; i < used; i++) {
        if (kept == 0 || strcmp(all[kept - 1].file, all[i].file) != 0) {
            all[kept++] = all[i];
        }
    }
    plan->assets = all;
    plan->n_assets = kept;
}
