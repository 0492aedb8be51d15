/*
 * Private to promql_lex.c and promql_parts.c: the walk over an expression.
 */
#ifndef BNC_VALIDATE_PROMQL_CHECK_H
#define BNC_VALIDATE_PROMQL_CHECK_H

#include "validate/promql_token.h"

/* A bracket that is open. */
struct bnc_promql_open {
    const char *at;
    bool call;  /* of a function or an aggregation: it may be empty or have commas */
    bool colon; /* of a range: a subquery */
};

/* What may follow an operand depends on what it ended with. */
enum bnc_promql_ending {
    BNC_PROMQL_ENDED_NAME,
    BNC_PROMQL_ENDED_PAREN,
    BNC_PROMQL_ENDED_RANGE,
    BNC_PROMQL_ENDED_OTHER
};

struct bnc_promql_check {
    const char *text;
    struct bnc_arena *arena;
    size_t *effort;
    struct bnc_promql_scan scan;
    struct bnc_promql_token token; /* that is looked at */
    struct bnc_promql_token last;  /* before it */
    struct bnc_promql_open *open;
    size_t depth;
    bool wants_operand;
    enum bnc_promql_ending ending;
};

/* The text of a token, cut where it is long. */
const char *
bnc_promql_shown(const struct bnc_promql_check *c, const struct bnc_promql_token *token);

/* Note what is wrong; false, so that it can be returned. */
bool bnc_promql_fault_at(struct bnc_promql_check *c, const char *at, const char *message,
                         const char *remedy);
/* The same for the token at hand: unexpected "x" WHERE. */
bool
bnc_promql_unexpected(struct bnc_promql_check *c, const char *where, const char *remedy);

/* On to the next token; false: there is none that can be read. */
bool bnc_promql_advance(struct bnc_promql_check *c);

/* What the token at hand is. */
bool bnc_promql_at_mark(const struct bnc_promql_check *c, char mark);
bool
bnc_promql_at_word(const struct bnc_promql_check *c, const char *const *words, size_t n);
bool bnc_promql_is_operator(const struct bnc_promql_token *token,
                            const char *const *names, size_t n);

/*
 * Each takes its part and stops behind it; false: there is a fault.
 * ( label, "label", ) -- { matcher, } -- bool, on (...), group_left (...), fill (...)
 */
bool bnc_promql_label_list(struct bnc_promql_check *c);
bool bnc_promql_matchers(struct bnc_promql_check *c, bool named);
bool bnc_promql_modifiers(struct bnc_promql_check *c);

#endif
