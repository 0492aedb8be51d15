/*
 * Private to promql/: the parser's state, and how its parts call each other.
 *
 * Each part begins at the token at hand and stops behind what it takes.  It gives NULL or
 * false when there is a fault; the first one is noted and nothing goes on after it.
 */
#ifndef BNC_PROMQL_PARSE_H
#define BNC_PROMQL_PARSE_H

#include "promql/lex.h"
#include "promql/words.h"

struct bnc_pql_parse {
    struct bnc_pql_lex lex;
    struct bnc_pql_token token; /* at hand */
    struct bnc_pql_token last;  /* before it */
    const struct bnc_promql_options *options;
    struct bnc_arena *arena;
    struct bnc_promql *out;
    struct bnc_promql_selector **tail; /* of the list of selectors */
    size_t depth;
    size_t parameters;     /* of aggregations, that the token stands in */
    bool selector_alone;   /* no expression: it may be empty and have two names */
    uint32_t may_be_empty; /* the selector that starts here may match all: of info() */
};

/* ---- tokens (parse.c) ---------------------------------------------------------- */

bool bnc_pql_advance(struct bnc_pql_parse *p) BNC_MUST_CHECK;

/* The token at hand is one of `type`: go on. */
bool bnc_pql_expect(struct bnc_pql_parse *p, enum bnc_pql type, const char *where,
                    const char *remedy) BNC_MUST_CHECK;

/* The same for what closes `open`, which is named when the expression ends instead. */
bool bnc_pql_close(struct bnc_pql_parse *p, enum bnc_pql type,
                   const struct bnc_pql_token *open, const char *where,
                   const char *remedy) BNC_MUST_CHECK;

/* Note that the token at hand may not stand here; `where` follows its text. */
void bnc_pql_unexpected(struct bnc_pql_parse *p, const char *where, const char *remedy);

/* Fail unless this release is at least `since`, or the flag is set: name what it needs.
 */
bool bnc_pql_needs_release(struct bnc_pql_parse *p, const struct bnc_pql_token *at,
                           uint32_t since, const char *what) BNC_MUST_CHECK;
bool bnc_pql_needs_flag(struct bnc_pql_parse *p, const struct bnc_pql_token *at, bool set,
                        const char *flag, const char *what) BNC_MUST_CHECK;

/* One level deeper, if that is allowed; give it back with `p->depth--`. */
bool bnc_pql_deeper(struct bnc_pql_parse *p) BNC_MUST_CHECK;

struct bnc_promql_node *bnc_pql_node(struct bnc_pql_parse *p, enum bnc_promql_kind kind,
                                     enum bnc_promql_type type, uint32_t start);

struct bnc_bytes bnc_pql_text(struct bnc_pql_parse *p, const struct bnc_pql_token *token);

/* ---- expressions --------------------------------------------------------------- */

/* Operators of at least this precedence (parse.c). */
struct bnc_promql_node *bnc_pql_expr(struct bnc_pql_parse *p, uint8_t precedence);

/* A number or a duration (parse.c). */
struct bnc_promql_node *bnc_pql_literal(struct bnc_pql_parse *p);

/* NAME{...}, behind the name if there is one (parse_selector.c). */
struct bnc_promql_node *
bnc_pql_selector(struct bnc_pql_parse *p, const struct bnc_pql_token *name);
/* A string at hand names a label or a metric. */
bool bnc_pql_quoted_name(struct bnc_pql_parse *p, struct bnc_bytes *name) BNC_MUST_CHECK;

/* NAME(...), at the bracket (parse_call.c). */
struct bnc_promql_node *
bnc_pql_call(struct bnc_pql_parse *p, const struct bnc_pql_token *name);
struct bnc_promql_node *
bnc_pql_aggregate(struct bnc_pql_parse *p, const struct bnc_pql_token *name);
/* (label, "label") */
bool
bnc_pql_labels(struct bnc_pql_parse *p, struct bnc_promql_label **labels) BNC_MUST_CHECK;

/* What follows an operand: [5m], offset, @, anchored (parse_postfix.c). */
struct bnc_promql_node *
bnc_pql_postfix(struct bnc_pql_parse *p, struct bnc_promql_node *of);

/* Durations: in brackets, more than 0; after offset (parse_duration.c). */
struct bnc_promql_node *bnc_pql_span(struct bnc_pql_parse *p);
struct bnc_promql_node *bnc_pql_offset(struct bnc_pql_parse *p);

/* bool, on (...), group_left (...), fill (...) (parse_binary.c). */
bool bnc_pql_modifiers(struct bnc_pql_parse *p, struct bnc_promql_binary *binary)
    BNC_MUST_CHECK;
/* Do the sides go with the operator?  Sets the type (check.c). */
bool bnc_pql_check_binary(struct bnc_pql_parse *p, struct bnc_promql_node *node,
                          const struct bnc_pql_token *op) BNC_MUST_CHECK;

/* "a scalar", "an instant vector", ... */
const char *bnc_pql_type_words(enum bnc_promql_type type);

#endif
