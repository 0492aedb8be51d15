#include <math.h>

#include "promql/literal.h"
#include "promql/parse.h"

/* ---- ranges -------------------------------------------------------------------- */

static bool
check_range(struct bnc_pql_parse *p, const struct bnc_promql_node *of,
            const struct bnc_pql_token *open)
{
    bool overlooked = p->lex.release < BNC_PQL_RELEASE(3, 15);
    const char *remedy = NULL;
    const char *what = NULL;

    if (of->kind != BNC_PROMQL_KIND_SELECTOR) {
        what = "only a selector may have a range";
        remedy = "make a subquery of it, as in [1h:5m]";
    } else if (of->selector->shift.offset_ns != 0 ||
               (of->selector->shift.offset != NULL && !overlooked)) {
        what = "offset stands before the range";
        remedy = "write it behind, as in x[5m] offset 1h";
    } else if (of->selector->shift.has_at ||
               (of->selector->shift.edge != BNC_PQL_EOF && !overlooked)) {
        what = "@ stands before the range";
        remedy = "write it behind, as in x[5m] @ end()";
    }
    if (what != NULL) {
        bnc_pql_fault(&p->lex, open->start, p->last.end, remedy, "%s", what);
    }
    return what == NULL;
}

static int64_t
span_ns(const struct bnc_promql_node *span)
{
    return span != NULL && span->kind == BNC_PROMQL_KIND_NUMBER
               ? bnc_pql_nanoseconds(span->number.value)
               : 0;
}

static struct bnc_promql_node *
span_expr(struct bnc_promql_node *span)
{
    return span != NULL && span->kind == BNC_PROMQL_KIND_DURATION ? span : NULL;
}

/* Behind the colon. */
static struct bnc_promql_node *
subquery(struct bnc_pql_parse *p, struct bnc_promql_node *of,
         struct bnc_promql_node *range, const struct bnc_pql_token *open)
{
    struct bnc_promql_subquery *subquery = bnc_arena_alloc(p->arena, sizeof(*subquery));
    struct bnc_promql_node *step = NULL;

    if (p->token.type != BNC_PQL_BRACKET_CLOSE) {
        step = bnc_pql_span(p);
        if (step == NULL) {
            return NULL;
        }
    }
    if (!bnc_pql_close(p, BNC_PQL_BRACKET_CLOSE, open, "where \"]\" belongs",
                       "write a subquery as [1h:5m]")) {
        return NULL;
    }
    if (of->type != BNC_PROMQL_TYPE_VECTOR) {
        bnc_pql_fault(&p->lex, open->start, p->last.end, NULL,
                      "a subquery is made of an instant vector, not of %s",
                      bnc_pql_type_words(of->type));
        return NULL;
    }
    subquery->of = of;
    subquery->range_ns = span_ns(range);
    subquery->range = span_expr(range);
    subquery->step_ns = span_ns(step);
    subquery->step = span_expr(step);
    struct bnc_promql_node *node =
        bnc_pql_node(p, BNC_PROMQL_KIND_SUBQUERY, BNC_PROMQL_TYPE_MATRIX, of->start);
    node->subquery = subquery;
    return node;
}

static struct bnc_promql_node *
brackets(struct bnc_pql_parse *p, struct bnc_promql_node *of)
{
    struct bnc_pql_token open = p->token;

    if (!bnc_pql_advance(p)) {
        return NULL;
    }
    struct bnc_promql_node *range = bnc_pql_span(p);
    if (range == NULL) {
        return NULL;
    }
    if (p->token.type == BNC_PQL_COLON) {
        return bnc_pql_advance(p) ? subquery(p, of, range, &open) : NULL;
    }
    if (!bnc_pql_close(p, BNC_PQL_BRACKET_CLOSE, &open, "where \":\" or \"]\" belongs",
                       "close the range with \"]\"") ||
        !check_range(p, of, &open)) {
        return NULL;
    }
    struct bnc_promql_node *node =
        bnc_pql_node(p, BNC_PROMQL_KIND_RANGE, BNC_PROMQL_TYPE_MATRIX, of->start);
    node->range.of = of;
    node->range.ns = span_ns(range);
    node->range.expr = span_expr(range);
    return node;
}

/* ---- offset and @ -------------------------------------------------------------- */

static struct bnc_promql_selector *
selector_of(const struct bnc_promql_node *node)
{
    switch ((int)node->kind) {
    case BNC_PROMQL_KIND_SELECTOR:
        return node->selector;
    case BNC_PROMQL_KIND_RANGE:
        return node->range.of->selector;
    default:
        return NULL;
    }
}

/* Of a selector, a range or a subquery; the others have none. */
static struct bnc_promql_shift *
shift_of(struct bnc_pql_parse *p, const struct bnc_promql_node *node,
         const struct bnc_pql_token *word)
{
    struct bnc_promql_selector *selector = selector_of(node);

    if (selector != NULL) {
        return &selector->shift;
    }
    if (node->kind == BNC_PROMQL_KIND_SUBQUERY) {
        return &node->subquery->shift;
    }
    bnc_pql_fault(&p->lex, word->start, word->end,
                  "write it behind the selectors in the expression",
                  "%s goes behind a selector, a range or a subquery only",
                  bnc_pql_row(word->type)->text);
    return NULL;
}

static bool
offset(struct bnc_pql_parse *p, struct bnc_promql_node *of)
{
    struct bnc_pql_token word = p->token;
    struct bnc_promql_shift *shift = shift_of(p, of, &word);

    if (shift == NULL || !bnc_pql_advance(p)) {
        return false;
    }
    struct bnc_promql_node *span = bnc_pql_offset(p);
    if (span == NULL) {
        return false;
    }
    if (shift->offset_ns != 0 || shift->offset != NULL) {
        bnc_pql_fault(&p->lex, word.start, p->last.end, "keep one of them",
                      "offset is given twice");
        return false;
    }
    shift->offset_ns = span_ns(span);
    shift->offset = span_expr(span);
    return true;
}

static bool
at_number(struct bnc_pql_parse *p, struct bnc_promql_shift *shift)
{
    enum bnc_pql sign = p->token.type;
    bool is_signed = sign == BNC_PQL_ADD || sign == BNC_PQL_SUB;

    if (is_signed && !bnc_pql_advance(p)) {
        return false;
    }
    if (p->token.type != BNC_PQL_NUMBER && p->token.type != BNC_PQL_DURATION) {
        bnc_pql_unexpected(p, "where a time belongs",
                           "write seconds, start() or end() after @");
        return false;
    }
    struct bnc_pql_token token = p->token;
    if (token.type == BNC_PQL_DURATION &&
        !bnc_pql_needs_release(p, &token, BNC_PQL_RELEASE(2, 54), "@ with a duration")) {
        return false;
    }
    const struct bnc_promql_node *number = bnc_pql_literal(p);
    if (number == NULL) {
        return false;
    }
    double value = number->number.value;
    if (token.type == BNC_PQL_DURATION && value == 0 &&
        !bnc_pql_needs_release(p, &token, BNC_PQL_RELEASE(3, 4), "@ with 0s")) {
        return false;
    }
    double seconds = sign == BNC_PQL_SUB ? -value : value;
    if (isnan(seconds) || fabs(seconds) >= 9223372036854775808.0) {
        bnc_pql_fault(&p->lex, token.start, token.end, "write seconds since 1970",
                      "there is no such time");
        return false;
    }
    double ms = round(seconds * 1000);
    shift->has_at = true;
    shift->at_ms = fabs(ms) >= 9223372036854775808.0 ? INT64_MIN : (int64_t)ms;
    return true;
}

static bool
at_edge(struct bnc_pql_parse *p, struct bnc_promql_shift *shift)
{
    shift->edge = p->token.type;
    return bnc_pql_advance(p) &&
           bnc_pql_expect(p, BNC_PQL_PAREN_OPEN, "after @", "write start() or end()") &&
           bnc_pql_expect(p, BNC_PQL_PAREN_CLOSE, "after @", "write start() or end()");
}

static bool
at(struct bnc_pql_parse *p, struct bnc_promql_node *of)
{
    struct bnc_pql_token word = p->token;
    struct bnc_promql_shift *shift = shift_of(p, of, &word);

    if (shift == NULL) {
        return false;
    }
    if (shift->has_at || shift->edge != BNC_PQL_EOF) {
        bnc_pql_fault(&p->lex, word.start, word.end, "keep one of them",
                      "@ is given twice");
        return false;
    }
    if (!bnc_pql_advance(p)) {
        return false;
    }
    return p->token.type == BNC_PQL_START || p->token.type == BNC_PQL_END
               ? at_edge(p, shift)
               : at_number(p, shift);
}

/* ---- anchored and smoothed ----------------------------------------------------- */

static bool
extend(struct bnc_pql_parse *p, struct bnc_promql_node *of)
{
    struct bnc_pql_token word = p->token;
    struct bnc_promql_selector *selector = selector_of(of);
    const char *text = bnc_pql_row(word.type)->text;

    if (!bnc_pql_needs_flag(p, &word,
                            p->options->extended_range_selectors ||
                                p->lex.release >= BNC_PQL_RELEASE(3, 16),
                            "promql-extended-range-selectors", text)) {
        return false;
    }
    if (selector == NULL) {
        bnc_pql_fault(&p->lex, word.start, word.end, NULL,
                      "%s goes behind a selector or its range only", text);
        return false;
    }
    if (word.type == BNC_PQL_ANCHORED) {
        selector->anchored = true;
    } else {
        selector->smoothed = true;
    }
    if (selector->anchored && selector->smoothed) {
        bnc_pql_fault(&p->lex, word.start, word.end, "keep one of them",
                      "a selector is either anchored or smoothed");
        return false;
    }
    return bnc_pql_advance(p);
}

struct bnc_promql_node *
bnc_pql_postfix(struct bnc_pql_parse *p, struct bnc_promql_node *of)
{
    for (;;) {
        bool good = true;
        switch ((int)p->token.type) {
        case BNC_PQL_BRACKET_OPEN:
            of = brackets(p, of);
            good = of != NULL;
            break;
        case BNC_PQL_OFFSET:
            good = offset(p, of);
            break;
        case BNC_PQL_AT:
            good = at(p, of);
            break;
        case BNC_PQL_ANCHORED:
        case BNC_PQL_SMOOTHED:
            good = extend(p, of);
            break;
        default:
            return of;
        }
        if (!good) {
            return NULL;
        }
        of->end = p->last.end;
    }
}
