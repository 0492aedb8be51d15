/*
 * The words and marks of PromQL: how they are written, what they may be used for and
 * since when they are known.
 */
#ifndef BNC_PROMQL_WORDS_H
#define BNC_PROMQL_WORDS_H

#include "promql/ast.h"

/* A release as one number; patches have no syntax of their own. */
#define BNC_PQL_RELEASE(major, minor) ((uint32_t)((major)*1000 + (minor)))
#define BNC_PQL_NEWEST                UINT32_MAX

enum {
    BNC_PQL_IS_METRIC = 1, /* may be the name of a metric */
    BNC_PQL_IS_LABEL = 2,  /* may be a label of by, on and the like */
    BNC_PQL_IS_COMPARISON = 4,
    BNC_PQL_IS_SET = 8,
    BNC_PQL_IS_AGGREGATE = 16,
    BNC_PQL_HAS_PARAMETER = 32, /* an aggregation with one */
    BNC_PQL_IS_EXPERIMENTAL = 64
};

struct bnc_pql_row {
    const char *text;
    uint8_t precedence; /* of an operator: 1 binds least; 0: no operator */
    uint8_t flags;
    uint32_t since; /* release; 0: of old */
};

#define BNC_PQL_POWER  6 /* precedence of ^, the only one from right to left */
#define BNC_PQL_SUM_OF 4 /* of + and - */

const struct bnc_pql_row *bnc_pql_row(enum bnc_pql token);

/* The word `text` in any case of letters, if this release knows it; else NAME. */
enum bnc_pql bnc_pql_word(const char *text, size_t n, uint32_t release);

#endif
