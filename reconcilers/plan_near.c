/*
 * Which policies can meet in a namespace: an index, so that planning stays
 * linear however many namespaces there are.
 */
#include <stdlib.h>
#include <string.h>

#include "reconcilers/plan_state.h"

/* One policy in one of its namespaces. */
struct bnc_near_row {
    const char *ns;
    size_t taker;
};

static int
compare_rows(const void *a, const void *b)
{
    const struct bnc_near_row *x = a;
    const struct bnc_near_row *y = b;
    int c = strcmp(x->ns, y->ns);
    return c != 0 ? c : x->taker < y->taker ? -1 : x->taker > y->taker;
}

void
bnc_near_build(struct bnc_plan_state *state, struct bnc_arena *arena)
{
    struct bnc_near *near = &state->near;
    size_t n = 0;
    for (size_t i = 0; i < state->n_takers; i++) {
        n += state->takers[i].scope.all ? 0 : state->takers[i].scope.names.n;
    }
    near->rows = bnc_arena_array(arena, n + 1, sizeof(*near->rows));
    near->wide = bnc_arena_array(arena, state->n_takers + 1, sizeof(*near->wide));
    for (size_t i = 0; i < state->n_takers; i++) {
        const struct bnc_scope *scope = &state->takers[i].scope;
        if (scope->all) {
            near->wide[near->n_wide++] = i;
            continue;
        }
        for (size_t k = 0; k < scope->names.n; k++) {
            near->rows[near->n_rows++] =
                (struct bnc_near_row){.ns = scope->names.items[k], .taker = i};
        }
    }
    qsort(near->rows, near->n_rows, sizeof(*near->rows), compare_rows);
}

static int
compare_index(const void *a, const void *b)
{
    size_t x = *(const size_t *)a;
    size_t y = *(const size_t *)b;
    return x < y ? -1 : x > y;
}

/* The first row of a namespace. */
static size_t
first_row(const struct bnc_near *near, const char *ns)
{
    size_t low = 0;
    size_t high = near->n_rows;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (strcmp(near->rows[middle].ns, ns) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

struct bnc_near_list
bnc_near_find(const struct bnc_plan_state *state, const struct bnc_scope *scope,
              struct bnc_arena *arena)
{
    const struct bnc_near *near = &state->near;
    struct bnc_near_list out = {0};
    size_t n = 0;

    if (scope->all) {
        out.items = bnc_arena_array(arena, state->n_takers + 1, sizeof(*out.items));
        for (; out.n < state->n_takers; out.n++) {
            out.items[out.n] = out.n;
        }
        return out;
    }
    for (size_t i = 0; i < scope->names.n; i++) {
        for (size_t row = first_row(near, scope->names.items[i]);
             row < near->n_rows && strcmp(near->rows[row].ns, scope->names.items[i]) == 0;
             row++) {
            n++;
        }
    }
    out.items = bnc_arena_array(arena, n + near->n_wide + 1, sizeof(*out.items));
    memcpy(out.items, near->wide, near->n_wide * sizeof(*out.items));
    out.n = near->n_wide;
    for (size_t i = 0; i < scope->names.n; i++) {
        for (size_t row = first_row(near, scope->names.items[i]);
             row < near->n_rows && strcmp(near->rows[row].ns, scope->names.items[i]) == 0;
             row++) {
            out.items[out.n++] = near->rows[row].taker;
        }
    }
    qsort(out.items, out.n, sizeof(*out.items), compare_index);
    size_t kept = 0;
    for (size_t i = 0; i < out.n; i++) {
        if (kept == 0 || out.items[kept - 1] != out.items[i]) {
            out.items[kept++] = out.items[i];
        }
    }
    out.n = kept;
    return out;
}
