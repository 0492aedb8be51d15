#include "promql/parse.h"

#include <string.h>

#include "promql/literal.h"

/* ---- tokens -------------------------------------------------------------------- */

bool
bnc_pql_advance(struct bnc_pql_parse *p)
{
    p->last = p->token;
    return bnc_pql_next(&p->lex, &p->token);
}

void
bnc_pql_unexpected(struct bnc_pql_parse *p, const char *where, const char *remedy)
{
    const struct bnc_pql_token *token = &p->token;

    if (token->type == BNC_PQL_EOF) {
        bnc_pql_fault(&p->lex, token->start, token->end, remedy, "the expression ends %s",
                      where);
    } else {
        bnc_pql_fault(
            &p->lex, token->start, token->end, remedy, "unexpected %s %s",
            token->type == BNC_PQL_STRING
                ? bnc_pql_shown(&p->lex, token->start, token->end)
                : bnc_arena_fmt(p->arena, "\"%s\"",
                                bnc_pql_shown(&p->lex, token->start, token->end)),
            where);
    }
}

bool
bnc_pql_expect(struct bnc_pql_parse *p, enum bnc_pql type, const char *where,
               const char *remedy)
{
    if (p->token.type != type) {
        bnc_pql_unexpected(p, where, remedy);
        return false;
    }
    return bnc_pql_advance(p);
}

bool
bnc_pql_close(struct bnc_pql_parse *p, enum bnc_pql type,
              const struct bnc_pql_token *open, const char *where, const char *remedy)
{
    if (p->token.type == BNC_PQL_EOF) {
        bnc_pql_fault(&p->lex, open->start, open->end, NULL, "\"%s\" is not closed",
                      bnc_pql_row(open->type)->text);
        return false;
    }
    return bnc_pql_expect(p, type, where, remedy);
}

bool
bnc_pql_needs_release(struct bnc_pql_parse *p, const struct bnc_pql_token *at,
                      uint32_t since, const char *what)
{
    if (p->lex.release >= since) {
        return true;
    }
    bnc_pql_fault(&p->lex, at->start, at->end,
                  bnc_arena_fmt(p->arena, "write it without, or use Prometheus %u.%u",
                                since / 1000, since % 1000),
                  "Prometheus %u.%u does not know %s yet", p->lex.release / 1000,
                  p->lex.release % 1000, what);
    return false;
}

bool
bnc_pql_needs_flag(struct bnc_pql_parse *p, const struct bnc_pql_token *at, bool set,
                   const char *flag, const char *what)
{
    if (!set) {
        bnc_pql_fault(
            &p->lex, at->start, at->end,
            bnc_arena_fmt(p->arena, "run Prometheus with --enable-feature=%s", flag),
            "%s is experimental and not enabled", what);
    }
    return set;
}

bool
bnc_pql_deeper(struct bnc_pql_parse *p)
{
    if (p->depth == BNC_PROMQL_DEPTH_MAX) {
        bnc_pql_fault(&p->lex, p->token.start, p->token.end,
                      "record a part of it under a name of its own",
                      "brackets, signs and powers are nested more than %d deep",
                      BNC_PROMQL_DEPTH_MAX);
        return false;
    }
    p->depth++;
    return true;
}

struct bnc_promql_node *
bnc_pql_node(struct bnc_pql_parse *p, enum bnc_promql_kind kind,
             enum bnc_promql_type type, uint32_t start)
{
    struct bnc_promql_node *node = bnc_arena_alloc(p->arena, sizeof(*node));
    node->kind = kind;
    node->type = type;
    node->start = start;
    node->end = p->last.end;
    return node;
}

struct bnc_bytes
bnc_pql_text(struct bnc_pql_parse *p, const struct bnc_pql_token *token)
{
    const char *at = p->lex.text + token->start;
    size_t n = token->end - token->start;

    if (token->type == BNC_PQL_STRING) {
        return bnc_pql_unquote(at, n, p->arena);
    }
    return (struct bnc_bytes){bnc_arena_strndup(p->arena, at, n), n};
}

/* ---- operands ------------------------------------------------------------------ */

static bool
read_duration(struct bnc_pql_parse *p, double *seconds)
{
    struct bnc_error err = {0};
    int64_t ms = 0;

    if (bnc_duration_parse(bnc_pql_text(p, &p->token).ptr, &ms, &err)) {
        bnc_pql_fault(&p->lex, p->token.start, p->token.end, NULL, "%s", err.message);
        return false;
    }
    int64_t whole = ms / 1000; /* the sum is rounded as Go's Duration.Seconds() is */
    *seconds = (double)whole + (double)(ms % 1000 * 1000000) / 1e9;
    return true;
}

struct bnc_promql_node *
bnc_pql_literal(struct bnc_pql_parse *p)
{
    struct bnc_pql_token token = p->token;
    const char *text = p->lex.text + token.start;
    size_t n = token.end - token.start;
    double value = 0;
    bool good = true;

    if (token.type == BNC_PQL_DURATION) {
        good = read_duration(p, &value);
    } else if (memchr(text, '_', n) != NULL) {
        good = bnc_pql_needs_release(p, &token, BNC_PQL_RELEASE(2, 54),
                                     "underscores in numbers");
    }
    if (good && token.type == BNC_PQL_NUMBER &&
        !bnc_pql_number_read(text, n, p->arena, &value)) {
        bnc_pql_fault(&p->lex, token.start, token.end,
                      "write numbers as 1.5, 1e6 or 0x1f", "\"%s\" is no number",
                      bnc_pql_shown(&p->lex, token.start, token.end));
        good = false;
    }
    if (!good || !bnc_pql_advance(p)) {
        return NULL;
    }
    struct bnc_promql_node *node =
        bnc_pql_node(p, BNC_PROMQL_KIND_NUMBER, BNC_PROMQL_TYPE_SCALAR, token.start);
    node->number.value = value;
    node->number.duration = token.type == BNC_PQL_DURATION;
    return node;
}

static struct bnc_promql_node *
number(struct bnc_pql_parse *p)
{
    struct bnc_pql_token token = p->token;

    if (token.type == BNC_PQL_DURATION &&
        !bnc_pql_needs_release(p, &token, BNC_PQL_RELEASE(2, 54),
                               "durations as numbers")) {
        return NULL;
    }
    struct bnc_promql_node *node = bnc_pql_literal(p);
    if (node != NULL && token.type == BNC_PQL_DURATION && node->number.value == 0 &&
        !bnc_pql_needs_release(p, &token, BNC_PQL_RELEASE(3, 4), "0s as a number")) {
        return NULL;
    }
    return node;
}

static struct bnc_promql_node *
string(struct bnc_pql_parse *p)
{
    struct bnc_pql_token token = p->token;

    if (!bnc_pql_advance(p)) {
        return NULL;
    }
    struct bnc_promql_node *node =
        bnc_pql_node(p, BNC_PROMQL_KIND_STRING, BNC_PROMQL_TYPE_STRING, token.start);
    node->text = bnc_pql_text(p, &token);
    return node;
}

static struct bnc_promql_node *
signed_operand(struct bnc_pql_parse *p)
{
    struct bnc_pql_token sign = p->token;

    if (!bnc_pql_deeper(p) || !bnc_pql_advance(p)) {
        return NULL;
    }
    struct bnc_promql_node *of = bnc_pql_expr(p, BNC_PQL_POWER);
    p->depth--;
    if (of == NULL) {
        return NULL;
    }
    if (of->kind == BNC_PROMQL_KIND_NUMBER) {
        of->number.value *= sign.type == BNC_PQL_SUB ? -1 : 1;
        of->start = sign.start;
        return of;
    }
    if (of->type != BNC_PROMQL_TYPE_SCALAR && of->type != BNC_PROMQL_TYPE_VECTOR) {
        bnc_pql_fault(&p->lex, sign.start, of->end, NULL,
                      "a sign goes before a scalar or an instant vector, not before %s",
                      bnc_pql_type_words(of->type));
        return NULL;
    }
    struct bnc_promql_node *node =
        bnc_pql_node(p, BNC_PROMQL_KIND_UNARY, of->type, sign.start);
    node->unary.op = sign.type;
    node->unary.of = of;
    return node;
}

static struct bnc_promql_node *
paren(struct bnc_pql_parse *p)
{
    struct bnc_pql_token open = p->token;

    if (!bnc_pql_deeper(p) || !bnc_pql_advance(p)) {
        return NULL;
    }
    struct bnc_promql_node *of = bnc_pql_expr(p, 1);
    p->depth--;
    if (of == NULL ||
        !bnc_pql_close(p, BNC_PQL_PAREN_CLOSE, &open,
                       "where an operator or \")\" belongs", "close the bracket")) {
        return NULL;
    }
    struct bnc_promql_node *node =
        bnc_pql_node(p, BNC_PROMQL_KIND_PAREN, of->type, open.start);
    node->paren = of;
    return node;
}

/* What begins with a word: a call, an aggregation or a metric of that name. */
static struct bnc_promql_node *
named(struct bnc_pql_parse *p)
{
    struct bnc_pql_token name = p->token;
    unsigned flags = bnc_pql_row(name.type)->flags;

    if (!bnc_pql_advance(p)) {
        return NULL;
    }
    enum bnc_pql next = p->token.type;
    if ((flags & BNC_PQL_IS_AGGREGATE) != 0 &&
        (next == BNC_PQL_PAREN_OPEN || next == BNC_PQL_BY || next == BNC_PQL_WITHOUT)) {
        return bnc_pql_aggregate(p, &name);
    }
    bool may_call = name.type == BNC_PQL_NAME || name.type == BNC_PQL_START ||
                    name.type == BNC_PQL_END || name.type == BNC_PQL_STEP ||
                    name.type == BNC_PQL_RANGE || name.type == BNC_PQL_MIN_OF ||
                    name.type == BNC_PQL_MAX_OF;
    if (may_call && next == BNC_PQL_PAREN_OPEN) {
        return bnc_pql_call(p, &name);
    }
    return bnc_pql_selector(p, &name);
}

static void
no_operand(struct bnc_pql_parse *p)
{
    if (p->token.type == BNC_PQL_EOF && p->last.end == 0) {
        bnc_pql_fault(&p->lex, p->token.start, p->token.end, "write one",
                      "the expression is empty");
        return;
    }
    bnc_pql_unexpected(p, "where a value belongs",
                       "write a metric, a number, a function or a bracket there");
}

static struct bnc_promql_node *
operand(struct bnc_pql_parse *p)
{
    switch ((int)p->token.type) {
    case BNC_PQL_ADD:
    case BNC_PQL_SUB:
        return signed_operand(p);
    case BNC_PQL_PAREN_OPEN:
        return paren(p);
    case BNC_PQL_NUMBER:
    case BNC_PQL_DURATION:
        return number(p);
    case BNC_PQL_STRING:
        return string(p);
    case BNC_PQL_BRACE_OPEN:
        return bnc_pql_selector(p, NULL);
    default:
        break;
    }
    if ((bnc_pql_row(p->token.type)->flags & BNC_PQL_IS_METRIC) != 0) {
        return named(p);
    }
    no_operand(p);
    return NULL;
}

/* ---- operators ----------------------------------------------------------------- */

static struct bnc_promql_node *
right_side(struct bnc_pql_parse *p, enum bnc_pql op)
{
    uint8_t precedence = bnc_pql_row(op)->precedence;

    if (op != BNC_PQL_POW) {
        return bnc_pql_expr(p, (uint8_t)(precedence + 1));
    }
    if (!bnc_pql_deeper(p)) {
        return NULL;
    }
    struct bnc_promql_node *right = bnc_pql_expr(p, precedence);
    p->depth--;
    return right;
}

static struct bnc_promql_node *
binary(struct bnc_pql_parse *p, struct bnc_promql_node *left)
{
    struct bnc_promql_binary *binary = bnc_arena_alloc(p->arena, sizeof(*binary));
    struct bnc_pql_token op = p->token;

    binary->op = op.type;
    binary->left = left;
    if (!bnc_pql_advance(p) || !bnc_pql_modifiers(p, binary)) {
        return NULL;
    }
    binary->right = right_side(p, op.type);
    if (binary->right == NULL) {
        return NULL;
    }
    struct bnc_promql_node *node =
        bnc_pql_node(p, BNC_PROMQL_KIND_BINARY, BNC_PROMQL_TYPE_NONE, left->start);
    node->binary = binary;
    return bnc_pql_check_binary(p, node, &op) ? node : NULL;
}

struct bnc_promql_node *
bnc_pql_expr(struct bnc_pql_parse *p, uint8_t precedence)
{
    struct bnc_promql_node *left = operand(p);

    if (left != NULL && left->kind != BNC_PROMQL_KIND_UNARY) {
        left = bnc_pql_postfix(p, left);
    }
    while (left != NULL) {
        uint8_t next = bnc_pql_row(p->token.type)->precedence;
        if (next == 0 || next < precedence) {
            break;
        }
        left = binary(p, left);
    }
    return left;
}

/* ---- the whole ----------------------------------------------------------------- */

static uint32_t
release_of(const struct bnc_promql_options *options)
{
    const struct bnc_version *version = options->version;

    if (version == NULL || options->any_release) {
        return BNC_PQL_NEWEST;
    }
    return version->major > 99 || version->minor > 999
               ? BNC_PQL_NEWEST
               : BNC_PQL_RELEASE(version->major, version->minor);
}

static bool
start(struct bnc_pql_parse *p, struct bnc_bytes text)
{
    uint32_t release = release_of(p->options);

    p->out = bnc_arena_alloc(p->arena, sizeof(*p->out));
    p->tail = &p->out->selectors;
    p->may_be_empty = UINT32_MAX;
    p->lex.text = text.ptr;
    p->lex.release = release;
    p->lex.unquoted_names =
        p->options->unquoted_names && release >= BNC_PQL_RELEASE(3, 16);
    p->out->old_extremes =
        release >= BNC_PQL_RELEASE(3, 6) && release < BNC_PQL_RELEASE(3, 13);
    p->lex.old_extremes = p->options->any_release || p->out->old_extremes;
    p->lex.arena = p->arena;
    p->out->unquoted_names = p->lex.unquoted_names;
    if (text.len > BNC_PROMQL_TEXT_MAX) {
        bnc_pql_fault(&p->lex, 0, 0, "record parts of it under names of their own",
                      "the expression has %zu bytes, more than %zu", text.len,
                      BNC_PROMQL_TEXT_MAX);
        return false;
    }
    p->lex.n = (uint32_t)text.len;
    return bnc_pql_next(&p->lex, &p->token);
}

/* What stands behind a whole expression. */
static bool
ended(struct bnc_pql_parse *p)
{
    if (p->token.type == BNC_PQL_EOF) {
        return true;
    }
    const char *after = bnc_arena_fmt(p->arena, "after \"%s\"",
                                      bnc_pql_shown(&p->lex, p->last.start, p->last.end));
    switch ((int)p->token.type) {
    case BNC_PQL_EQUAL:
        bnc_pql_unexpected(p, after, "write == to compare");
        break;
    case BNC_PQL_PAREN_CLOSE:
    case BNC_PQL_BRACE_CLOSE:
    case BNC_PQL_BRACKET_CLOSE:
        bnc_pql_unexpected(p, after, "there is no opening one; take it out");
        break;
    case BNC_PQL_PAREN_OPEN:
        bnc_pql_unexpected(p, after, "only functions and aggregations are called");
        break;
    default:
        bnc_pql_unexpected(p, after, "put an operator between them");
        break;
    }
    return false;
}

struct bnc_promql *
bnc_promql_parse(struct bnc_bytes text, const struct bnc_promql_options *options,
                 struct bnc_arena *arena, struct bnc_promql_problem *problem)
{
    struct bnc_pql_parse p = {
        .options = options, .arena = arena, .lex = {.problem = problem}};

    if (!start(&p, text)) {
        return NULL;
    }
    p.out->root = bnc_pql_expr(&p, 1);
    return p.out->root != NULL && ended(&p) ? p.out : NULL;
}

struct bnc_promql *
bnc_promql_selector_parse(struct bnc_bytes text, const struct bnc_promql_options *options,
                          struct bnc_arena *arena, struct bnc_promql_problem *problem)
{
    struct bnc_pql_parse p = {.options = options,
                              .arena = arena,
                              .selector_alone = true,
                              .lex = {.problem = problem}};

    if (!start(&p, text)) {
        return NULL;
    }
    struct bnc_pql_token name = p.token;
    bool is_name = (bnc_pql_row(name.type)->flags & BNC_PQL_IS_METRIC) != 0;
    if (!is_name && name.type != BNC_PQL_BRACE_OPEN) {
        bnc_pql_unexpected(&p, "where a selector belongs",
                           "write one as up or {job=\"node\"}");
        return NULL;
    }
    if (is_name && !bnc_pql_advance(&p)) {
        return NULL;
    }
    p.out->root = bnc_pql_selector(&p, is_name ? &name : NULL);
    if (p.out->root == NULL) {
        return NULL;
    }
    if (p.token.type != BNC_PQL_EOF) {
        bnc_pql_unexpected(&p, "after the selector",
                           "a selector has no range, operators or functions here");
        return NULL;
    }
    return p.out;
}
