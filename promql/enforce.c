#include "promql/enforce.h"

#include <string.h>

static bool
same(struct bnc_bytes a, struct bnc_bytes b)
{
    return a.len == b.len && memcmp(a.ptr, b.ptr, a.len) == 0;
}

static void
enforce(struct bnc_promql_selector *selector, struct bnc_bytes label,
        struct bnc_bytes value, struct bnc_arena *arena)
{
    struct bnc_promql_matcher **at = &selector->matchers;

    while (*at != NULL) {
        if (same((*at)->name, label)) {
            *at = (*at)->next;
            selector->n_matchers--;
        } else {
            at = &(*at)->next;
        }
    }
    struct bnc_promql_matcher *matcher = bnc_arena_alloc(arena, sizeof(*matcher));
    matcher->name = label;
    matcher->value = value;
    matcher->op = BNC_PQL_EQUAL;
    *at = matcher;
    selector->n_matchers++;
}

void
bnc_promql_enforce(struct bnc_promql *expr, struct bnc_bytes label,
                   struct bnc_bytes value, enum bnc_promql_reach reach,
                   struct bnc_arena *arena)
{
    struct bnc_bytes own_label = {bnc_arena_strndup(arena, label.ptr, label.len),
                                  label.len};
    struct bnc_bytes own_value = {bnc_arena_strndup(arena, value.ptr, value.len),
                                  value.len};

    for (struct bnc_promql_selector *one = expr->selectors; one != NULL;
         one = one->next) {
        if (!one->in_parameter || reach == BNC_PROMQL_REACH_ALL) {
            enforce(one, own_label, own_value, arena);
        }
    }
}

/* The name that a selector asks for by equality. */
static const struct bnc_bytes *
metric_of(const struct bnc_promql_selector *selector)
{
    static const struct bnc_bytes label = {"__name__", sizeof("__name__") - 1};

    for (const struct bnc_promql_matcher *m = selector->matchers; m != NULL;
         m = m->next) {
        if (m->op == BNC_PQL_EQUAL && m->value.len > 0 && same(m->name, label)) {
            return &m->value;
        }
    }
    return NULL;
}

void
bnc_promql_metrics(const struct bnc_promql *expr, bnc_promql_metric_fn tell,
                   void *context)
{
    for (const struct bnc_promql_selector *one = expr->selectors; one != NULL;
         one = one->next) {
        tell(context, metric_of(one), one);
    }
}
