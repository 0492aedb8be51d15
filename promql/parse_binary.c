#include "promql/parse.h"

static bool
matching(struct bnc_pql_parse *p, struct bnc_promql_binary *binary)
{
    if (p->token.type != BNC_PQL_ON && p->token.type != BNC_PQL_IGNORING) {
        return true;
    }
    binary->on = p->token.type == BNC_PQL_ON;
    if (!bnc_pql_advance(p) || !bnc_pql_labels(p, &binary->labels)) {
        return false;
    }
    if (p->token.type != BNC_PQL_GROUP_LEFT && p->token.type != BNC_PQL_GROUP_RIGHT) {
        return true;
    }
    binary->group = p->token.type;
    if (!bnc_pql_advance(p)) {
        return false;
    }
    return p->token.type != BNC_PQL_PAREN_OPEN || bnc_pql_labels(p, &binary->include);
}

/* (-1.5) */
static bool
fill_value(struct bnc_pql_parse *p, double *value)
{
    static const char place[] = "where the value of a filling belongs";
    static const char remedy[] = "write it as (0)";

    if (!bnc_pql_advance(p) || !bnc_pql_expect(p, BNC_PQL_PAREN_OPEN, place, remedy)) {
        return false;
    }
    enum bnc_pql sign = p->token.type;
    if ((sign == BNC_PQL_ADD || sign == BNC_PQL_SUB) && !bnc_pql_advance(p)) {
        return false;
    }
    if (p->token.type != BNC_PQL_NUMBER && p->token.type != BNC_PQL_DURATION) {
        bnc_pql_unexpected(p, place, remedy);
        return false;
    }
    const struct bnc_promql_node *node = bnc_pql_literal(p);
    if (node == NULL) {
        return false;
    }
    *value = sign == BNC_PQL_SUB ? node->number.value * -1 : node->number.value;
    return bnc_pql_expect(p, BNC_PQL_PAREN_CLOSE, place, remedy);
}

static bool
fill_left(struct bnc_pql_parse *p, struct bnc_promql_binary *binary)
{
    binary->fills_left = true;
    return fill_value(p, &binary->fill_left);
}

static bool
fill_right(struct bnc_pql_parse *p, struct bnc_promql_binary *binary)
{
    binary->fills_right = true;
    return fill_value(p, &binary->fill_right);
}

/* fill (...), or fill_left (...) and fill_right (...) in any order, or one of them. */
static bool
fills(struct bnc_pql_parse *p, struct bnc_promql_binary *binary)
{
    enum bnc_pql first = p->token.type;

    if (first != BNC_PQL_FILL && first != BNC_PQL_FILL_LEFT &&
        first != BNC_PQL_FILL_RIGHT) {
        return true;
    }
    if (!bnc_pql_needs_flag(p, &p->token, p->options->fill_modifiers,
                            "promql-binop-fill-modifiers", "filling in missing series")) {
        return false;
    }
    if (first == BNC_PQL_FILL) {
        binary->fills_left = binary->fills_right = true;
        if (!fill_value(p, &binary->fill_left)) {
            return false;
        }
        binary->fill_right = binary->fill_left;
        return true;
    }
    if (first == BNC_PQL_FILL_LEFT) {
        return fill_left(p, binary) &&
               (p->token.type != BNC_PQL_FILL_RIGHT || fill_right(p, binary));
    }
    return fill_right(p, binary) &&
           (p->token.type != BNC_PQL_FILL_LEFT || fill_left(p, binary));
}

bool
bnc_pql_modifiers(struct bnc_pql_parse *p, struct bnc_promql_binary *binary)
{
    if (p->token.type == BNC_PQL_BOOL) {
        binary->returns_bool = true;
        if (!bnc_pql_advance(p)) {
            return false;
        }
    }
    return matching(p, binary) && fills(p, binary);
}
