#include "promql/parse.h"

#define SECONDS_MAX 9223372036.854775807 /* as nanoseconds 2^63 */

static struct bnc_promql_node *sum(struct bnc_pql_parse *p, uint8_t precedence);

static void
no_duration(struct bnc_pql_parse *p)
{
    bnc_pql_unexpected(p, "where a duration belongs", "write one as 5m or 1h30m");
}

/* Arithmetic needs a flag, or a release that has it for all. */
static struct bnc_promql_node *
new_duration(struct bnc_pql_parse *p, const struct bnc_pql_token *at, enum bnc_pql op,
             uint32_t start)
{
    static const char what[] = "arithmetic of durations";
    uint32_t stable = BNC_PQL_RELEASE(3, 14);

    if (!bnc_pql_needs_release(p, at, BNC_PQL_RELEASE(3, 4), what) ||
        !bnc_pql_needs_flag(
            p, at, p->lex.release >= stable || p->options->experimental_duration_expr,
            "promql-duration-expr", what)) {
        return NULL;
    }
    struct bnc_promql_node *node =
        bnc_pql_node(p, BNC_PROMQL_KIND_DURATION, BNC_PROMQL_TYPE_SCALAR, start);
    node->duration.op = op;
    return node;
}

static struct bnc_promql_node *
literal(struct bnc_pql_parse *p)
{
    if (p->token.type == BNC_PQL_NUMBER &&
        !bnc_pql_needs_release(p, &p->token, BNC_PQL_RELEASE(2, 54),
                               "durations without a unit")) {
        return NULL;
    }
    struct bnc_pql_token token = p->token;
    struct bnc_promql_node *node = bnc_pql_literal(p);
    if (node != NULL && token.type == BNC_PQL_DURATION && node->number.value == 0 &&
        !bnc_pql_needs_release(p, &token, BNC_PQL_RELEASE(3, 4), "a duration of 0s")) {
        return NULL;
    }
    if (node != NULL && node->number.value > SECONDS_MAX) {
        bnc_pql_fault(&p->lex, node->start, node->end, "a duration has at most 292 years",
                      "the duration is too long");
        return NULL;
    }
    return node;
}

/* -5m is a number, -step() an expression; + changes nothing. */
static struct bnc_promql_node *
with_sign(struct bnc_pql_parse *p, const struct bnc_pql_token *sign,
          struct bnc_promql_node *of)
{
    if (of == NULL) {
        return NULL;
    }
    if (of->kind == BNC_PROMQL_KIND_NUMBER) {
        of->number.value *= sign->type == BNC_PQL_SUB ? -1 : 1;
        of->start = sign->start;
        return of;
    }
    if (sign->type == BNC_PQL_ADD) {
        return of;
    }
    struct bnc_promql_node *node = new_duration(p, sign, BNC_PQL_SUB, sign->start);
    if (node != NULL) {
        node->duration.right = of;
    }
    return node;
}

/* (...), to behind the bracket.  A number stays one before 3.15. */
static struct bnc_promql_node *
in_brackets(struct bnc_pql_parse *p)
{
    struct bnc_pql_token open = p->token;

    if (!bnc_pql_deeper(p) || !bnc_pql_advance(p)) {
        return NULL;
    }
    struct bnc_promql_node *of = sum(p, 1);
    p->depth--;
    if (of == NULL ||
        !bnc_pql_close(p, BNC_PQL_PAREN_CLOSE, &open,
                       "where an operator or \")\" belongs", "close the bracket")) {
        return NULL;
    }
    if (of->kind == BNC_PROMQL_KIND_NUMBER) {
        struct bnc_promql_node *node = new_duration(p, &open, BNC_PQL_ADD, open.start);
        if (node == NULL) {
            return NULL;
        }
        if (p->lex.release < BNC_PQL_RELEASE(3, 15)) {
            return of;
        }
        node->duration.right = of;
        of = node;
    }
    of->duration.wrapped = true;
    return of;
}

/* step(), range(), min_of(a, b), max_of(a, b) */
static struct bnc_promql_node *
function(struct bnc_pql_parse *p)
{
    struct bnc_pql_token name = p->token;
    bool two = name.type == BNC_PQL_MIN_OF || name.type == BNC_PQL_MAX_OF;
    struct bnc_promql_node *left = NULL;
    struct bnc_promql_node *right = NULL;

    if (!bnc_pql_deeper(p) || !bnc_pql_advance(p) ||
        !bnc_pql_expect(p, BNC_PQL_PAREN_OPEN, "where \"(\" belongs",
                        "write step(), range(), min_of(5m, 1h) or max_of(5m, 1h)")) {
        return NULL;
    }
    if (two) {
        left = sum(p, 1);
        if (left == NULL || !bnc_pql_expect(p, BNC_PQL_COMMA, "where \",\" belongs",
                                            "give two durations")) {
            return NULL;
        }
        right = sum(p, 1);
        if (right == NULL) {
            return NULL;
        }
    }
    p->depth--;
    if (!bnc_pql_expect(p, BNC_PQL_PAREN_CLOSE, "where \")\" belongs",
                        "close the bracket")) {
        return NULL;
    }
    struct bnc_promql_node *node = new_duration(p, &name, name.type, name.start);
    if (node != NULL) {
        node->duration.left = left;
        node->duration.right = right;
    }
    return node;
}

static bool
is_function(enum bnc_pql type)
{
    return type == BNC_PQL_STEP || type == BNC_PQL_RANGE || type == BNC_PQL_MIN_OF ||
           type == BNC_PQL_MAX_OF;
}

static bool
is_sign(enum bnc_pql type)
{
    return type == BNC_PQL_ADD || type == BNC_PQL_SUB;
}

static bool
is_number(enum bnc_pql type)
{
    return type == BNC_PQL_NUMBER || type == BNC_PQL_DURATION;
}

static struct bnc_promql_node *
operand(struct bnc_pql_parse *p)
{
    struct bnc_pql_token first = p->token;

    if (is_number(first.type)) {
        return literal(p);
    }
    if (is_function(first.type)) {
        return function(p);
    }
    if (first.type == BNC_PQL_PAREN_OPEN) {
        return in_brackets(p);
    }
    if (!is_sign(first.type)) {
        no_duration(p);
        return NULL;
    }
    if (!bnc_pql_needs_release(p, &first, BNC_PQL_RELEASE(3, 4),
                               "a sign before a duration here") ||
        !bnc_pql_deeper(p) || !bnc_pql_advance(p)) {
        return NULL;
    }
    struct bnc_promql_node *of = sum(p, BNC_PQL_POWER);
    p->depth--;
    return with_sign(p, &first, of);
}

static struct bnc_promql_node *
binary(struct bnc_pql_parse *p, struct bnc_promql_node *left)
{
    struct bnc_pql_token op = p->token;
    uint8_t precedence = bnc_pql_row(op.type)->precedence;

    if (!bnc_pql_deeper(p) || !bnc_pql_advance(p)) {
        return NULL;
    }
    struct bnc_promql_node *right =
        sum(p, op.type == BNC_PQL_POW ? precedence : (uint8_t)(precedence + 1));
    p->depth--;
    if (right == NULL) {
        return NULL;
    }
    if ((op.type == BNC_PQL_DIV || op.type == BNC_PQL_MOD) &&
        right->kind == BNC_PROMQL_KIND_NUMBER && right->number.value == 0) {
        bnc_pql_fault(&p->lex, op.start, right->end, NULL,
                      "a duration is divided by zero");
        return NULL;
    }
    struct bnc_promql_node *node = new_duration(p, &op, op.type, left->start);
    if (node != NULL) {
        node->duration.left = left;
        node->duration.right = right;
    }
    return node;
}

static struct bnc_promql_node *
rest(struct bnc_pql_parse *p, struct bnc_promql_node *left, uint8_t precedence)
{
    while (left != NULL) {
        enum bnc_pql op = p->token.type;
        uint8_t next = bnc_pql_row(op)->precedence;
        if (next < BNC_PQL_SUM_OF || next < precedence || op == BNC_PQL_ATAN2) {
            break;
        }
        left = binary(p, left);
    }
    return left;
}

static struct bnc_promql_node *
sum(struct bnc_pql_parse *p, uint8_t precedence)
{
    return rest(p, operand(p), precedence);
}

struct bnc_promql_node *
bnc_pql_span(struct bnc_pql_parse *p)
{
    struct bnc_promql_node *node = sum(p, 1);

    if (node != NULL && node->kind == BNC_PROMQL_KIND_NUMBER && node->number.value <= 0) {
        bnc_pql_fault(&p->lex, node->start, node->end, "write one as 5m or 1h30m",
                      "a range must be longer than 0");
        return NULL;
    }
    return node;
}

/* -(5m): Prometheus 3.5 to 3.12 end in an unexpected error. */
static struct bnc_promql_node *
signed_brackets(struct bnc_pql_parse *p, const struct bnc_pql_token *sign)
{
    struct bnc_promql_node *of = in_brackets(p);

    if (of != NULL && p->lex.release >= BNC_PQL_RELEASE(3, 5) &&
        of->kind == BNC_PROMQL_KIND_NUMBER &&
        !bnc_pql_needs_release(p, sign, BNC_PQL_RELEASE(3, 13),
                               "a sign before a number in brackets")) {
        return NULL;
    }
    return with_sign(p, sign, of);
}

/*
 * Behind a sign: only brackets and a second sign make an expression of what follows;
 * `x offset -5m + 1` is a sum of x offset -5m and 1.
 */
static struct bnc_promql_node *
signed_offset(struct bnc_pql_parse *p)
{
    struct bnc_pql_token sign = p->token;

    if ((sign.type == BNC_PQL_ADD &&
         !bnc_pql_needs_release(p, &sign, BNC_PQL_RELEASE(3, 4), "+ behind offset")) ||
        !bnc_pql_advance(p)) {
        return NULL;
    }
    if (is_number(p->token.type)) {
        return with_sign(p, &sign, literal(p));
    }
    if (is_function(p->token.type)) {
        return with_sign(p, &sign, function(p));
    }
    if (p->token.type == BNC_PQL_PAREN_OPEN) {
        return signed_brackets(p, &sign);
    }
    if (!is_sign(p->token.type)) {
        no_duration(p);
        return NULL;
    }
    return rest(p, with_sign(p, &sign, sum(p, BNC_PQL_POWER)), 1);
}

struct bnc_promql_node *
bnc_pql_offset(struct bnc_pql_parse *p)
{
    if (is_sign(p->token.type)) {
        return signed_offset(p);
    }
    if (is_number(p->token.type)) {
        return literal(p);
    }
    if (is_function(p->token.type)) {
        return function(p);
    }
    if (p->token.type == BNC_PQL_PAREN_OPEN) {
        return sum(p, 1);
    }
    no_duration(p);
    return NULL;
}
