/*
 * What is done with the selectors of an expression: a label enforced in all of them, and
 * which metrics they read.
 */
#ifndef BNC_PROMQL_ENFORCE_H
#define BNC_PROMQL_ENFORCE_H

#include "promql/ast.h"

/* Where a label is enforced. */
enum bnc_promql_reach {
    /* As prom-label-proxy does and prometheus-operator with it: not in the parameter of
     * an aggregation, as in topk(scalar(HERE), x). */
    BNC_PROMQL_REACH_OPERATOR,
    BNC_PROMQL_REACH_ALL
};

/*
 * Every selector gets the matcher label="value"; what it says of that label otherwise is
 * taken out.  The tree is changed; print it again.
 * Owns:   `arena` is the one of the tree, which takes copies of both texts.
 * Source: injectproxy/enforce.go of prom-label-proxy 0.14, errorOnReplace false.
 */
void bnc_promql_enforce(struct bnc_promql *expr, struct bnc_bytes label,
                        struct bnc_bytes value, enum bnc_promql_reach reach,
                        struct bnc_arena *arena);

/* Of a selector: its metric, NULL when it names none by equality. */
typedef void (*bnc_promql_metric_fn)(void *context, const struct bnc_bytes *metric,
                                     const struct bnc_promql_selector *selector);

/* Tell of every selector, in the order of the text, which metric it reads. */
void bnc_promql_metrics(const struct bnc_promql *expr, bnc_promql_metric_fn tell,
                        void *context);

#endif
