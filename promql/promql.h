/*
 * PromQL: is an expression one that a release of Prometheus takes, and what is in it.
 * Promises what Prometheus' own parser says: the same verdict, the same canonical text.
 */
#ifndef BNC_PROMQL_PROMQL_H
#define BNC_PROMQL_PROMQL_H

#include "lib/units.h"
#include "promql/ast.h"

#define BNC_PROMQL_TEXT_MAX  ((size_t)64 * 1024) /* bytes of an expression */
#define BNC_PROMQL_DEPTH_MAX 200 /* brackets, signs and powers within each other */

/* Who reads the expression.  All zero: the newest release without feature flags. */
struct bnc_promql_options {
    const struct bnc_version *version; /* NULL: the newest that is known */
    bool any_release;                  /* what one from 2.42 on takes; no version then */
    bool experimental_functions;       /* promql-experimental-functions */
    bool fill_modifiers;               /* promql-binop-fill-modifiers */
    bool experimental_duration_expr;   /* promql-duration-expr; no flag since 3.14 */
    bool extended_range_selectors; /* promql-extended-range-selectors; none since 3.16 */
    bool unquoted_names;           /* letters beyond ASCII and dots without quotes */
    bool legacy_names;             /* names are [a-zA-Z_][a-zA-Z0-9_]*, as in 2.x */
    size_t *effort; /* of an object's regular expressions (lib/regex.h); NULL: no end */
};

/* What is wrong with an expression: the first fault. */
struct bnc_promql_problem {
    size_t line;         /* from 1 */
    size_t column;       /* from 1, in characters */
    size_t start;        /* bytes, from 0 */
    size_t end;          /* behind the last of them; may be the same */
    const char *message; /* with the place: "line 1, column 5: ..." */
    const char *remedy;  /* NULL: none */
};

/*
 * Parse and check `text`; NULL when it is not taken, *problem then says why.
 * The text may have any byte.  Regular expressions beyond the limits of lib/regex.h,
 * which Prometheus does not have, are taken unseen. Owns:   `arena`: the tree and all
 * texts; nothing of `text` is kept. Source: promql/parser of Prometheus 3.16; older
 * releases as promql/words.c and promql/functions.c say.
 */
struct bnc_promql *
bnc_promql_parse(struct bnc_bytes text, const struct bnc_promql_options *options,
                 struct bnc_arena *arena, struct bnc_promql_problem *problem);

/*
 * The same for a selector alone, as `match[]` has it: NAME, NAME{...} or {...}.  Empty
 * braces are taken, offset and ranges are not.
 */
struct bnc_promql *
bnc_promql_selector_parse(struct bnc_bytes text, const struct bnc_promql_options *options,
                          struct bnc_arena *arena, struct bnc_promql_problem *problem);

#endif
