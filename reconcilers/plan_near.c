/*
 * Which policies can meet in a namespace: an index, so that planning stays
 * linear however many namespaces there are.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/hash.h"
#include "lib/sort.h"
#include "reconcilers/plan_state.h"

static int
compare_rows(const void *a, const void *b)
{
    const struct bnc_near_row *x = a;
    const struct bnc_near_row *y = b;
    int c = strcmp(x->ns, y->ns);
    return c != 0 ? c : x->index < y->index ? -1 : x->index > y->index;
}

static void
add_rows(struct bnc_plan_state *state, struct bnc_arena *arena)
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
                (struct bnc_near_row){.ns = scope->names.items[k], .index = i};
        }
    }
    bnc_sort(near->rows, near->n_rows, sizeof(*near->rows), compare_rows);
}

/*
 * A policy meets those before it in its namespaces and those that reach all; one that
 * reaches all meets all before it.  Ranks follow from versions, so the order in which
 * two such lists are one needs no stamp.
 */
static void
add_stamps(struct bnc_plan_state *state, struct bnc_arena *arena)
{
    struct bnc_near *near = &state->near;
    uint64_t before = 0;
    uint64_t all = 1;

    near->stamps = bnc_arena_array(arena, state->n_takers + 1, sizeof(*near->stamps));
    for (size_t i = 0; i < near->n_rows; i++) {
        struct bnc_near_row *row = &near->rows[i];
        bool first = i == 0 || strcmp(near->rows[i - 1].ns, row->ns) != 0;
        before = first ? 1 : before;
        near->stamps[row->index] = bnc_hash64_with(near->stamps[row->index], before);
        before = bnc_hash64_with(before, state->takers[row->index].member->version);
        row->stamp = before;
    }
    for (size_t i = 0; i < state->n_takers; i++) {
        const struct bnc_taker *taker = &state->takers[i];
        near->stamps[i] = taker->scope.all
                              ? bnc_hash64_with(all, 2)
                              : bnc_hash64_with(near->stamps[i], near->wide_stamp);
        all = bnc_hash64_with(all, taker->member->version);
        if (taker->scope.all) {
            near->wide_stamp = bnc_hash64_with(near->wide_stamp, taker->member->version);
        }
    }
}

static void
add_askers(struct bnc_plan_state *state, struct bnc_arena *arena)
{
    struct bnc_near *near = &state->near;
    near->n_askers = state->n_askers;
    near->askers = bnc_arena_array(arena, near->n_askers + 1, sizeof(*near->askers));
    for (size_t i = 0; i < near->n_askers; i++) {
        near->askers[i] =
            (struct bnc_near_row){.ns = state->askers[i].ir->identity.ns, .index = i};
    }
    bnc_sort(near->askers, near->n_askers, sizeof(*near->askers), compare_rows);
}

void
bnc_near_build(struct bnc_plan_state *state, struct bnc_arena *arena)
{
    add_rows(state, arena);
    add_stamps(state, arena);
    add_askers(state, arena);
}

static int
compare_index(const void *a, const void *b)
{
    size_t x = *(const size_t *)a;
    size_t y = *(const size_t *)b;
    return x < y ? -1 : x > y;
}

/* The rows of a namespace: the first of `*count`. */
static const struct bnc_near_row *
rows_of(const struct bnc_near_row *rows, size_t n, const char *ns, size_t *count)
{
    size_t low = 0;
    size_t high = n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (strcmp(rows[middle].ns, ns) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    size_t end = low;
    while (end < n && strcmp(rows[end].ns, ns) == 0) {
        end++;
    }
    *count = end - low;
    return rows + low;
}

const struct bnc_near_row *
bnc_near_askers(const struct bnc_plan_state *state, const char *ns, size_t *n)
{
    return rows_of(state->near.askers, state->near.n_askers, ns, n);
}

uint64_t
bnc_near_stamp(const struct bnc_plan_state *state, const char *ns)
{
    size_t n = 0;
    const struct bnc_near_row *rows =
        rows_of(state->near.rows, state->near.n_rows, ns, &n);
    return bnc_hash64_with(state->near.wide_stamp, n == 0 ? 0 : rows[n - 1].stamp);
}

struct bnc_near_list
bnc_near_find(const struct bnc_plan_state *state, const struct bnc_scope *scope,
              struct bnc_arena *arena)
{
    const struct bnc_near *near = &state->near;
    struct bnc_near_list out = {0};
    size_t room = near->n_wide + 1;

    if (scope->all) {
        out.items = bnc_arena_array(arena, state->n_takers + 1, sizeof(*out.items));
        for (; out.n < state->n_takers; out.n++) {
            out.items[out.n] = out.n;
        }
        return out;
    }
    for (size_t i = 0; i < scope->names.n; i++) {
        size_t n = 0;
        (void)rows_of(near->rows, near->n_rows, scope->names.items[i], &n);
        room += n;
    }
    out.items = bnc_arena_array(arena, room, sizeof(*out.items));
    for (size_t i = 0; i < scope->names.n; i++) {
        size_t n = 0;
        const struct bnc_near_row *rows =
            rows_of(near->rows, near->n_rows, scope->names.items[i], &n);
        for (size_t k = 0; k < n; k++) {
            out.items[out.n++] = rows[k].index;
        }
    }
    for (size_t i = 0; i < near->n_wide; i++) {
        out.items[out.n++] = near->wide[i];
    }
    bnc_sort(out.items, out.n, sizeof(*out.items), compare_index);
    size_t kept = 0;
    for (size_t i = 0; i < out.n; i++) {
        if (kept == 0 || out.items[kept - 1] != out.items[i]) {
            out.items[kept++] = out.items[i];
        }
    }
    out.n = kept;
    return out;
}
