/*
 * A first look at a PromQL expression: words, brackets, and that operands and operators
 * take turns.  It knows no types and no functions: what passes may still be refused by
 * Prometheus, what Prometheus takes passes.
 */
#ifndef BNC_VALIDATE_PROMQL_LEX_H
#define BNC_VALIDATE_PROMQL_LEX_H

#include "lib/arena.h"

#define BNC_PROMQL_MAX ((size_t)16 * 1024) /* bytes of an expression */

struct bnc_promql_problem {
    size_t line;         /* from 1, in the expression */
    size_t column;       /* from 1, in characters */
    const char *message; /* what is wrong, with the place: "line 1, column 5: ..." */
    const char *remedy;  /* NULL: none */
};

/*
 * True when nothing is wrong with `text`, else false and the first problem in *out.
 * Syntax: Prometheus 2 and 3 with all feature flags, UTF-8 names in quotes.
 * `effort`: of an object's regular expressions (lib/regex.h).
 * Owns: texts live in `arena`.
 */
bool bnc_promql_lex_check(const char *text, struct bnc_arena *arena, size_t *effort,
                          struct bnc_promql_problem *out);

/*
 * The same for a selector alone: METRIC, METRIC{matchers} or {matchers}, no range.
 */
bool bnc_promql_selector_check(const char *text, struct bnc_arena *arena, size_t *effort,
                               struct bnc_promql_problem *out);

#endif
