#include <ctype.h>
#include <string.h>

#include "model/field_text.h"
#include "promql/functions.h"
#include "promql/parse.h"

/* ---- lists of labels ----------------------------------------------------------- */

static bool
check_label(struct bnc_pql_parse *p, const struct bnc_pql_token *token,
            struct bnc_bytes name)
{
    bool quoted = token->type == BNC_PQL_STRING;
    bool legacy = p->options->legacy_names || p->lex.release < BNC_PQL_RELEASE(3, 0);
    bool good = name.len > 0 && bnc_utf8_valid(name.ptr, name.len);

    if (good && legacy) {
        good = strlen(name.ptr) == name.len && bnc_label_name_valid(name.ptr);
    } else if (good && !quoted && p->lex.unquoted_names) {
        good = token->type != BNC_PQL_COLON_NAME;
    }
    if (!good) {
        bnc_pql_fault(&p->lex, token->start, token->end,
                      "a label is letters, digits and _, not a digit first",
                      "\"%s\" is no name of a label",
                      bnc_pql_shown(&p->lex, token->start + quoted, token->end - quoted));
    }
    return good;
}

static struct bnc_promql_label *
label(struct bnc_pql_parse *p)
{
    struct bnc_pql_token token = p->token;
    struct bnc_promql_label *one = bnc_arena_alloc(p->arena, sizeof(*one));

    if (token.type != BNC_PQL_STRING &&
        (bnc_pql_row(token.type)->flags & BNC_PQL_IS_LABEL) == 0) {
        bnc_pql_unexpected(p, "where the name of a label belongs",
                           "write labels as (job, instance)");
        return NULL;
    }
    one->name = bnc_pql_text(p, &token);
    if (token.type == BNC_PQL_STRING &&
        !bnc_pql_needs_release(p, &token, BNC_PQL_RELEASE(2, 55), "labels in quotes")) {
        return NULL;
    }
    if (!check_label(p, &token, one->name) || !bnc_pql_advance(p)) {
        return NULL;
    }
    return one;
}

bool
bnc_pql_labels(struct bnc_pql_parse *p, struct bnc_promql_label **labels)
{
    struct bnc_promql_label **tail = labels;
    struct bnc_pql_token open = p->token;

    if (!bnc_pql_expect(p, BNC_PQL_PAREN_OPEN, "where a list of labels belongs",
                        "write it as (job, instance)")) {
        return false;
    }
    while (p->token.type != BNC_PQL_PAREN_CLOSE) {
        *tail = label(p);
        if (*tail == NULL) {
            return false;
        }
        tail = &(*tail)->next;
        if (p->token.type == BNC_PQL_PAREN_CLOSE) {
            break;
        }
        if (!bnc_pql_close(p, BNC_PQL_COMMA, &open, "in a list of labels",
                           "part labels with \",\" and close with \")\"")) {
            return false;
        }
    }
    return bnc_pql_advance(p);
}

/* ---- arguments ----------------------------------------------------------------- */

struct args {
    struct bnc_promql_node *first;
    size_t n;
    bool has_parameter; /* the first is one of an aggregation */
    bool of_info;       /* the second may be a selector that takes all */
};

static struct bnc_promql_node *
arg(struct bnc_pql_parse *p, const struct args *args)
{
    bool is_parameter = args->has_parameter && args->n == 0;

    if (args->of_info && args->n == 1) {
        p->may_be_empty = p->token.start;
    }
    p->parameters += is_parameter;
    struct bnc_promql_node *node = bnc_pql_expr(p, 1);
    p->parameters -= is_parameter;
    return node;
}

/* From ( to behind ). */
static bool
arguments(struct bnc_pql_parse *p, struct args *args)
{
    struct bnc_promql_node **tail = &args->first;
    struct bnc_pql_token open = p->token;

    if (!bnc_pql_expect(p, BNC_PQL_PAREN_OPEN, "where \"(\" belongs",
                        "put what is aggregated in brackets")) {
        return false;
    }
    while (p->token.type != BNC_PQL_PAREN_CLOSE || args->n > 0) {
        *tail = arg(p, args);
        if (*tail == NULL) {
            return false;
        }
        tail = &(*tail)->next;
        args->n++;
        if (p->token.type == BNC_PQL_PAREN_CLOSE) {
            break;
        }
        if (!bnc_pql_close(p, BNC_PQL_COMMA, &open,
                           "where an operator, \",\" or \")\" belongs",
                           "close the bracket")) {
            return false;
        }
        if (p->token.type == BNC_PQL_PAREN_CLOSE) {
            bnc_pql_unexpected(p, "after \",\"", "take the comma out");
            return false;
        }
    }
    return bnc_pql_advance(p);
}

static bool
nested_arguments(struct bnc_pql_parse *p, struct args *args)
{
    if (!bnc_pql_deeper(p)) {
        return false;
    }
    bool good = arguments(p, args);
    p->depth--;
    return good;
}

static bool
check_type(struct bnc_pql_parse *p, const struct bnc_promql_node *node,
           enum bnc_promql_type wanted, const char *of)
{
    if (node->type == wanted) {
        return true;
    }
    const char *remedy = NULL;
    if (wanted == BNC_PROMQL_TYPE_MATRIX && node->kind == BNC_PROMQL_KIND_SELECTOR) {
        remedy = "add a range, as in [5m]";
    } else if (wanted == BNC_PROMQL_TYPE_MATRIX && node->type == BNC_PROMQL_TYPE_VECTOR) {
        remedy = "make a subquery of it, as in [1h:5m]";
    } else if (wanted == BNC_PROMQL_TYPE_VECTOR && node->type == BNC_PROMQL_TYPE_MATRIX) {
        remedy = "take the range out, or put a function such as rate() around it";
    } else if (wanted == BNC_PROMQL_TYPE_SCALAR && node->type == BNC_PROMQL_TYPE_VECTOR) {
        remedy = "put scalar() around it";
    } else if (wanted == BNC_PROMQL_TYPE_VECTOR && node->type == BNC_PROMQL_TYPE_SCALAR) {
        remedy = "put vector() around it";
    }
    bnc_pql_fault(&p->lex, node->start, node->end, remedy, "%s takes %s, not %s", of,
                  bnc_pql_type_words(wanted), bnc_pql_type_words(node->type));
    return false;
}

/* ---- aggregations -------------------------------------------------------------- */

static bool
grouping(struct bnc_pql_parse *p, struct bnc_promql_aggregate *aggregate)
{
    aggregate->without = p->token.type == BNC_PQL_WITHOUT;
    return bnc_pql_advance(p) && bnc_pql_labels(p, &aggregate->grouping);
}

static bool
is_grouping(const struct bnc_pql_parse *p)
{
    return p->token.type == BNC_PQL_BY || p->token.type == BNC_PQL_WITHOUT;
}

static bool
check_aggregate(struct bnc_pql_parse *p, const struct bnc_pql_token *name,
                struct bnc_promql_aggregate *aggregate, const struct args *args)
{
    const struct bnc_pql_row *row = bnc_pql_row(name->type);
    size_t wanted = args->has_parameter ? 2 : 1;

    if ((row->flags & BNC_PQL_IS_EXPERIMENTAL) != 0 &&
        !bnc_pql_needs_flag(p, name, p->options->experimental_functions,
                            "promql-experimental-functions", row->text)) {
        return false;
    }
    if (args->n != wanted) {
        bnc_pql_fault(&p->lex, name->start, p->last.end,
                      args->has_parameter ? "give a parameter and what is aggregated"
                                          : "give what is aggregated",
                      "%s takes %zu argument%s, not %zu", row->text, wanted,
                      wanted == 1 ? "" : "s", args->n);
        return false;
    }
    aggregate->of = args->has_parameter ? args->first->next : args->first;
    aggregate->parameter = args->has_parameter ? args->first : NULL;
    if (aggregate->parameter != NULL &&
        !check_type(p, aggregate->parameter,
                    name->type == BNC_PQL_COUNT_VALUES ? BNC_PROMQL_TYPE_STRING
                                                       : BNC_PROMQL_TYPE_SCALAR,
                    bnc_arena_fmt(p->arena, "the parameter of %s", row->text))) {
        return false;
    }
    return check_type(p, aggregate->of, BNC_PROMQL_TYPE_VECTOR, row->text);
}

struct bnc_promql_node *
bnc_pql_aggregate(struct bnc_pql_parse *p, const struct bnc_pql_token *name)
{
    struct bnc_promql_aggregate *aggregate =
        bnc_arena_alloc(p->arena, sizeof(*aggregate));
    struct args args = {
        .has_parameter = (bnc_pql_row(name->type)->flags & BNC_PQL_HAS_PARAMETER) != 0};
    bool before = is_grouping(p);

    aggregate->op = name->type;
    if (before && !grouping(p, aggregate)) {
        return NULL;
    }
    if (!nested_arguments(p, &args)) {
        return NULL;
    }
    struct bnc_promql_node *node =
        bnc_pql_node(p, BNC_PROMQL_KIND_AGGREGATE, BNC_PROMQL_TYPE_VECTOR, name->start);
    if (!check_aggregate(p, name, aggregate, &args)) {
        return NULL;
    }
    if (!before && is_grouping(p) && !grouping(p, aggregate)) {
        return NULL;
    }
    node->end = p->last.end;
    node->aggregate = aggregate;
    return node;
}

/* ---- functions ----------------------------------------------------------------- */

static void
unknown_function(struct bnc_pql_parse *p, const struct bnc_pql_token *name)
{
    size_t n = 0;
    const struct bnc_promql_function *rows = bnc_promql_functions(&n);
    const char **names = bnc_arena_array(p->arena, n, sizeof(*names));
    char *text =
        bnc_arena_strndup(p->arena, p->lex.text + name->start, name->end - name->start);

    for (size_t i = 0; i < n; i++) {
        names[i] = rows[i].name;
    }
    for (char *c = text; *c != '\0'; c++) {
        *c = (char)tolower((unsigned char)*c);
    }
    const char *near = bnc_text_nearest(text, names, n);
    bnc_pql_fault(&p->lex, name->start, name->end,
                  near == NULL ? NULL : bnc_arena_fmt(p->arena, "write %s", near),
                  "there is no function \"%s\"",
                  bnc_pql_shown(&p->lex, name->start, name->end));
}

static const struct bnc_promql_function *
find_function(struct bnc_pql_parse *p, const struct bnc_pql_token *name)
{
    const struct bnc_promql_function *function =
        bnc_promql_function_find(p->lex.text + name->start, name->end - name->start);

    if (function == NULL) {
        unknown_function(p, name);
        return NULL;
    }
    const char *what = bnc_arena_fmt(p->arena, "the function %s", function->name);
    if (function->gone != 0 && p->lex.release >= function->gone &&
        !p->options->any_release) {
        bnc_pql_fault(&p->lex, name->start, name->end, NULL,
                      "there is no %s any more since Prometheus %u.%u", what + 4,
                      function->gone / 1000, function->gone % 1000);
        return NULL;
    }
    if (!bnc_pql_needs_release(p, name, function->since, what)) {
        return NULL;
    }
    bool stable =
        function->stable != BNC_PROMQL_NEVER && p->lex.release >= function->stable;
    if (!bnc_pql_needs_flag(p, name, stable || p->options->experimental_functions,
                            "promql-experimental-functions", what)) {
        return NULL;
    }
    return function;
}

static bool
check_count(struct bnc_pql_parse *p, const struct bnc_pql_token *name,
            const struct bnc_promql_function *function, size_t n)
{
    size_t least = strlen(function->args);
    size_t most = least;

    if (function->variadic != 0) {
        least--;
        most = function->variadic < 0 ? SIZE_MAX : least + (size_t)function->variadic;
    }
    if (n >= least && n <= most) {
        return true;
    }
    const char *few = least == most ? "" : n < least ? "at least " : "at most ";
    size_t wanted = n < least ? least : most;
    bnc_pql_fault(&p->lex, name->start, p->last.end, NULL,
                  "%s takes %s%zu argument%s, not %zu", function->name, few, wanted,
                  wanted == 1 ? "" : "s", n);
    return false;
}

/* The second argument of info() is labels alone. */
static bool
check_info(struct bnc_pql_parse *p, const struct args *args)
{
    if (!args->of_info || args->n < 2) {
        return true;
    }
    const struct bnc_promql_node *second = args->first->next;
    if (second->kind == BNC_PROMQL_KIND_SELECTOR && second->selector->name.ptr == NULL) {
        return true;
    }
    bnc_pql_fault(&p->lex, second->start, second->end,
                  "write it as {k8s_cluster_name=~\".+\"}",
                  "the second argument of info is a selector without a name");
    return false;
}

struct bnc_promql_node *
bnc_pql_call(struct bnc_pql_parse *p, const struct bnc_pql_token *name)
{
    const struct bnc_promql_function *function = find_function(p, name);
    if (function == NULL) {
        return NULL;
    }
    struct args args = {.of_info = strcmp(function->name, "info") == 0};
    size_t types = strlen(function->args);

    if (!nested_arguments(p, &args) || !check_count(p, name, function, args.n) ||
        !check_info(p, &args)) {
        return NULL;
    }
    size_t i = 0;
    for (const struct bnc_promql_node *one = args.first; one != NULL; one = one->next) {
        char letter = function->args[i < types ? i : types - 1];
        if (!check_type(p, one, bnc_promql_function_type(letter), function->name)) {
            return NULL;
        }
        i++;
    }
    struct bnc_promql_node *node =
        bnc_pql_node(p, BNC_PROMQL_KIND_CALL, bnc_promql_function_type(function->returns),
                     name->start);
    node->call.function = function;
    node->call.args = args.first;
    node->call.n = args.n;
    return node;
}
