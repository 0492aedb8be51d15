/*
 * The words of a PromQL expression, as Prometheus' own lexer cuts them.
 */
#ifndef BNC_VALIDATE_PROMQL_TOKEN_H
#define BNC_VALIDATE_PROMQL_TOKEN_H

#include "lib/arena.h"

enum bnc_promql_type {
    BNC_PROMQL_END,
    BNC_PROMQL_NAME,     /* metric, label, function or keyword */
    BNC_PROMQL_NUMBER,   /* or a duration */
    BNC_PROMQL_STRING,   /* with its quotes */
    BNC_PROMQL_OPERATOR, /* arithmetic, comparison, also = =~ !~ */
    BNC_PROMQL_MARK      /* ( ) [ ] { } , : @ */
};

struct bnc_promql_token {
    enum bnc_promql_type type;
    const char *at; /* into the expression */
    size_t n;       /* bytes; 0 at the end */
};

/* What is wrong, and where. */
struct bnc_promql_fault {
    const char *at; /* into the expression */
    const char *message;
    const char *remedy; /* NULL: none */
};

struct bnc_promql_scan {
    const char *next;
    bool in_range; /* between [ and ]: a colon stands for itself */
    struct bnc_arena *arena;
    struct bnc_promql_fault fault; /* message NULL: none */
};

/* The next token; spaces and comments are left out.  False: `fault` says why not. */
bool bnc_promql_next(struct bnc_promql_scan *scan, struct bnc_promql_token *token);

/* Keywords and functions of PromQL do not regard case; `word` is in lower case. */
bool bnc_promql_is_word(const struct bnc_promql_token *token, const char *word);
bool bnc_promql_is_mark(const struct bnc_promql_token *token, char mark);

/* The value of a STRING, its escapes read; it may hold NUL bytes: those end it. */
const char *
bnc_promql_unquote(const struct bnc_promql_token *token, struct bnc_arena *arena);

#endif
