/*
 * Private to promql/: an expression as a row of tokens.
 */
#ifndef BNC_PROMQL_LEX_H
#define BNC_PROMQL_LEX_H

#include "promql/promql.h"

/* Where a token stands; bytes. */
struct bnc_pql_token {
    enum bnc_pql type;
    uint32_t start;
    uint32_t end;
};

struct bnc_pql_lex {
    const char *text;
    uint32_t n;
    uint32_t at;
    uint32_t release;
    bool unquoted_names;
    bool old_extremes; /* min() and max() of durations: 3.6 to 3.12 */
    bool in_braces;
    bool in_brackets;
    bool in_duration; /* in brackets, before the first number: no comments there */
    bool had_number;  /* in brackets, these or earlier ones */
    bool failed;
    struct bnc_arena *arena;
    struct bnc_promql_problem *problem;
};

/* Read the next token; false: there is none, a fault is noted. */
bool bnc_pql_next(struct bnc_pql_lex *lex, struct bnc_pql_token *token) BNC_MUST_CHECK;

/*
 * The end of a number that begins at `at`, 0 when what stands there is none: *at is then
 * where reading stopped.  A duration may go on from there.
 */
bool bnc_pql_number_scan(const struct bnc_pql_lex *lex, uint32_t *at);
bool bnc_pql_duration_scan(const struct bnc_pql_lex *lex, uint32_t *at);

/* Note what is wrong with bytes `start` to `end`, unless something is noted already. */
void bnc_pql_fault(struct bnc_pql_lex *lex, uint32_t start, uint32_t end,
                   const char *remedy, const char *fmt, ...) BNC_PRINTF(5, 6);

/* Part of the text for a message: cut where it is long, without what cannot be printed.
 */
const char *bnc_pql_shown(const struct bnc_pql_lex *lex, uint32_t start, uint32_t end);

#endif
