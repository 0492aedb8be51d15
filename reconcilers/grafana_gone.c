/*
 * Datasources that a provisioning file had and has no more.  Grafana keeps what it was
 * given, and a new title for a uid that it has is an error for it, which ends the reading
 * of all files: they are named in `deleteDatasources`.  What was there is in the
 * Observatory's status, which is as old as the last write at most.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/json.h"
#include "reconcilers/grafana.h"
#include "reconcilers/plan_state.h"

static int
compare(const void *a, const void *b)
{
    const struct bnc_provisioned *x = a;
    const struct bnc_provisioned *y = b;
    if (x->org != y->org) {
        return x->org < y->org ? -1 : 1;
    }
    return strcmp(x->title, y->title);
}

static bool
has(const struct bnc_provisioned *rows, size_t n, const struct bnc_provisioned *row)
{
    return n > 0 && bsearch(row, rows, n, sizeof(*rows), compare) != NULL;
}

/* Rows of one list of the status that are wished no more. */
static size_t
take(struct bnc_grafana_plan *g, const cJSON *list, struct bnc_provisioned *out, size_t n)
{
    const cJSON *item;
    cJSON_ArrayForEach(item, list)
    {
        struct bnc_provisioned row = {.org = 1,
                                      .title = bnc_json_get_str(item, "title"),
                                      .since = bnc_json_get_str(item, "since")};
        (void)bnc_json_get_int(item, "org", &row.org);
        if (row.title != NULL && n < BNC_PROVISIONED_MAX &&
            !has(g->plan->provisioned, g->plan->n_provisioned, &row)) {
            out[n++] = row;
        }
    }
    return n;
}

/* Each once; of two the one that was gone first. */
static size_t
unique(struct bnc_provisioned *rows, size_t n)
{
    size_t kept = 0;
    for (size_t i = 0; i < n; i++) {
        if (kept > 0 && compare(&rows[kept - 1], &rows[i]) == 0) {
            if (rows[kept - 1].since == NULL) {
                rows[kept - 1].since = rows[i].since;
            }
            continue;
        }
        rows[kept++] = rows[i];
    }
    return kept;
}

void
bnc_grafana_gone(struct bnc_grafana_plan *g)
{
    const struct bnc_bytes status = g->plan->observatory->object->status;
    struct bnc_error err = {0};
    cJSON *root = NULL;

    if (g->state->ir->spec.grafana->output == NULL) {
        return; /* over the HTTP API: it is deleted there */
    }
    struct bnc_provisioned *now = bnc_arena_array(g->arena, g->n_sources, sizeof(*now));
    for (size_t i = 0; i < g->n_sources; i++) {
        now[i] = (struct bnc_provisioned){.org = g->sources[i].org,
                                          .title = g->sources[i].title};
    }
    g->plan->provisioned = now;
    g->plan->n_provisioned = g->n_sources;
    if (status.len == 0 ||
        bnc_json_parse(g->arena, status.ptr, status.len, &root, &err)) {
        return;
    }
    const cJSON *block = bnc_json_get(root, "grafana");
    struct bnc_provisioned *gone =
        bnc_arena_array(g->arena, BNC_PROVISIONED_MAX, sizeof(*gone));
    size_t n = take(g, bnc_json_get(block, "provisioned"), gone, 0);
    n = take(g, bnc_json_get(block, "removed"), gone, n);
    if (n > 1) {
        qsort(gone, n, sizeof(*gone), compare);
    }
    g->plan->removed = gone;
    g->plan->n_removed = unique(gone, n);
}
