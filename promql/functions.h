/*
 * The functions of PromQL, as each release of Prometheus knows them.
 */
#ifndef BNC_PROMQL_FUNCTIONS_H
#define BNC_PROMQL_FUNCTIONS_H

#include "promql/ast.h"

#define BNC_PROMQL_NEVER UINT32_MAX

struct bnc_promql_function {
    const char *name;
    const char *args; /* one letter each: s scalar, v vector, m matrix, t string */
    int8_t variadic;  /* the last may be given so many times more, or not; -1: no end */
    char returns;
    uint32_t since;  /* release, BNC_PQL_RELEASE(); 0: before 2.42 */
    uint32_t stable; /* without the flag from here on; BNC_PROMQL_NEVER: not yet */
    uint32_t gone;   /* from here on unknown; 0: it is still there */
};

/* NULL: no such function, in any release.  Names are told apart by case. */
const struct bnc_promql_function *bnc_promql_function_find(const char *name, size_t n);

/* The type that a letter of the table means. */
enum bnc_promql_type bnc_promql_function_type(char letter);

/* All rows, sorted by name, for tests and documentation. */
const struct bnc_promql_function *bnc_promql_functions(size_t *n);

#endif
