#include "lib/sort.h"

#include <stdlib.h>
#include <string.h>

#include "lib/arena.h"

struct sorting {
    char *items;
    char *spare; /* as large */
    size_t size; /* of an item */
    int (*compare)(const void *a, const void *b);
};

/* Where the run that begins at `from` ends. */
static size_t
end_of_run(const struct sorting *s, size_t from, size_t n)
{
    size_t to = from + 1;
    while (to < n &&
           s->compare(s->items + (to - 1) * s->size, s->items + to * s->size) <= 0) {
        to++;
    }
    return to;
}

/* Two runs side by side become one. */
static void
merge(struct sorting *s, size_t from, size_t middle, size_t to)
{
    size_t a = from;
    size_t b = middle;
    char *out = s->spare;
    while (a < middle && b < to) {
        const char *x = s->items + a * s->size;
        const char *y = s->items + b * s->size;
        bool first = s->compare(x, y) <= 0;
        memcpy(out, first ? x : y, s->size);
        out += s->size;
        a += first;
        b += !first;
    }
    memcpy(out, s->items + a * s->size, (middle - a) * s->size);
    out += (middle - a) * s->size; /* what is left of the second run is in its place */
    memcpy(s->items + from * s->size, s->spare, (size_t)(out - s->spare));
}

/* Merge neighbours until one run is left: each round halves their number. */
static void
merge_all(struct sorting *s, size_t *ends, size_t n_runs)
{
    while (n_runs > 1) {
        size_t from = 0;
        size_t kept = 0;
        for (size_t i = 0; i < n_runs; i += 2) {
            size_t to = ends[i];
            if (i + 1 < n_runs) {
                merge(s, from, to, ends[i + 1]);
                to = ends[i + 1];
            }
            ends[kept++] = to;
            from = to;
        }
        n_runs = kept;
    }
}

void
bnc_sort(void *items, size_t n, size_t size, int (*compare)(const void *a, const void *b))
{
    struct sorting s = {.items = items, .size = size, .compare = compare};
    if (n < 2) {
        return;
    }
    size_t to = end_of_run(&s, 0, n);
    if (to == n) {
        return; /* the usual case: no memory either */
    }
    size_t *ends = bnc_alloc(n * sizeof(*ends));
    size_t n_runs = 0;
    ends[n_runs++] = to;
    while (to < n) {
        to = end_of_run(&s, to, n);
        ends[n_runs++] = to;
    }
    s.spare = bnc_alloc(n * size);
    merge_all(&s, ends, n_runs);
    free(s.spare);
    free(ends);
}
