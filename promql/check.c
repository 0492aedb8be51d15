#include <string.h>

#include "promql/parse.h"

/* As the API names them, and in a sentence. */
static const struct {
    const char *name;
    const char *words;
} types[BNC_PROMQL_TYPES] = {
    [BNC_PROMQL_TYPE_NONE] = {"none", "nothing"},
    [BNC_PROMQL_TYPE_SCALAR] = {"scalar", "a scalar"},
    [BNC_PROMQL_TYPE_VECTOR] = {"vector", "an instant vector"},
    [BNC_PROMQL_TYPE_MATRIX] = {"matrix", "a range vector"},
    [BNC_PROMQL_TYPE_STRING] = {"string", "a string"},
};

const char *
bnc_promql_type_name(enum bnc_promql_type type)
{
    return types[type].name;
}

const char *
bnc_pql_type_words(enum bnc_promql_type type)
{
    return types[type].words;
}

/* on (a) group_left (a) */
static const struct bnc_promql_label *
label_twice(const struct bnc_promql_binary *binary)
{
    for (const struct bnc_promql_label *a = binary->labels; a != NULL && binary->on;
         a = a->next) {
        for (const struct bnc_promql_label *b = binary->include; b != NULL; b = b->next) {
            if (a->name.len == b->name.len &&
                memcmp(a->name.ptr, b->name.ptr, a->name.len) == 0) {
                return a;
            }
        }
    }
    return NULL;
}

static bool
check_operator(struct bnc_pql_parse *p, const struct bnc_promql_binary *binary,
               const struct bnc_pql_token *op)
{
    bool compares = (bnc_pql_row(binary->op)->flags & BNC_PQL_IS_COMPARISON) != 0;
    bool scalars = binary->left->type == BNC_PROMQL_TYPE_SCALAR &&
                   binary->right->type == BNC_PROMQL_TYPE_SCALAR;

    if (binary->returns_bool && !compares) {
        bnc_pql_fault(&p->lex, op->start, op->end, "take bool out",
                      "bool goes with comparisons only, not with %s",
                      bnc_pql_row(binary->op)->text);
        return false;
    }
    if (compares && scalars && !binary->returns_bool) {
        bnc_pql_fault(
            &p->lex, op->start, op->end,
            bnc_arena_fmt(p->arena, "write %s bool", bnc_pql_row(binary->op)->text),
            "a comparison of two scalars needs bool");
        return false;
    }
    const struct bnc_promql_label *twice = label_twice(binary);
    if (twice != NULL) {
        bnc_pql_fault(&p->lex, op->start, op->end, "keep it in one of them",
                      "a label stands in on (...) and in the group modifier");
        return false;
    }
    return true;
}

static bool
check_side(struct bnc_pql_parse *p, const struct bnc_promql_node *side,
           const struct bnc_pql_token *op)
{
    if (side->type == BNC_PROMQL_TYPE_SCALAR || side->type == BNC_PROMQL_TYPE_VECTOR) {
        return true;
    }
    bnc_pql_fault(&p->lex, side->start, side->end,
                  side->type == BNC_PROMQL_TYPE_MATRIX
                      ? "put a function such as rate() around it"
                      : NULL,
                  "the operator %s takes scalars and instant vectors, not %s",
                  bnc_pql_row(op->type)->text, bnc_pql_type_words(side->type));
    return false;
}

/* What needs instant vectors on both sides. */
static bool
check_vectors(struct bnc_pql_parse *p, const struct bnc_promql_binary *binary,
              const struct bnc_pql_token *op)
{
    const char *what = NULL;

    if ((bnc_pql_row(binary->op)->flags & BNC_PQL_IS_SET) != 0) {
        what = bnc_arena_fmt(p->arena, "the operator %s", bnc_pql_row(op->type)->text);
    } else if (binary->labels != NULL) {
        what = binary->on ? "on (...)" : "ignoring (...)";
    } else if (binary->fills_left || binary->fills_right) {
        what = "filling in missing series";
    } else {
        return true;
    }
    bnc_pql_fault(&p->lex, op->start, op->end, "put vector() around the scalar",
                  "%s needs an instant vector on both sides", what);
    return false;
}

static bool
check_set(struct bnc_pql_parse *p, const struct bnc_promql_binary *binary,
          const struct bnc_pql_token *op)
{
    if ((bnc_pql_row(binary->op)->flags & BNC_PQL_IS_SET) == 0) {
        return true;
    }
    const char *what = NULL;
    if (binary->group != BNC_PQL_EOF) {
        what = bnc_pql_row(binary->group)->text;
    } else if (binary->fills_left || binary->fills_right) {
        what = "filling in missing series";
    }
    if (what != NULL) {
        bnc_pql_fault(&p->lex, op->start, op->end, "take it out",
                      "%s does not go with the operator %s", what,
                      bnc_pql_row(binary->op)->text);
    }
    return what == NULL;
}

bool
bnc_pql_check_binary(struct bnc_pql_parse *p, struct bnc_promql_node *node,
                     const struct bnc_pql_token *op)
{
    struct bnc_promql_binary *binary = node->binary;

    if (!check_operator(p, binary, op) || !check_side(p, binary->left, op) ||
        !check_side(p, binary->right, op)) {
        return false;
    }
    binary->matches = binary->left->type == BNC_PROMQL_TYPE_VECTOR &&
                      binary->right->type == BNC_PROMQL_TYPE_VECTOR;
    bool scalars = binary->left->type == BNC_PROMQL_TYPE_SCALAR &&
                   binary->right->type == BNC_PROMQL_TYPE_SCALAR;
    node->type = scalars ? BNC_PROMQL_TYPE_SCALAR : BNC_PROMQL_TYPE_VECTOR;
    return binary->matches ? check_set(p, binary, op) : check_vectors(p, binary, op);
}
