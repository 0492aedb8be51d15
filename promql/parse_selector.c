#include <string.h>

#include "lib/regex.h"
#include "promql/parse.h"

#define NAME_LABEL  "__name__"
#define PLAIN_BYTES 256 /* of a regular expression that needs no compiler */

/* ---- names --------------------------------------------------------------------- */

static bool
is_name_label(struct bnc_bytes name)
{
    return name.len == strlen(NAME_LABEL) && memcmp(name.ptr, NAME_LABEL, name.len) == 0;
}

/* legacy_names: a name in quotes is one that needs none. */
static bool
check_legacy(struct bnc_pql_parse *p, const struct bnc_pql_token *token,
             struct bnc_bytes name)
{
    if (!p->options->legacy_names ||
        (strlen(name.ptr) == name.len && bnc_metric_name_valid(name.ptr))) {
        return true;
    }
    bnc_pql_fault(&p->lex, token->start, token->end,
                  "use letters, digits and _, not a digit first",
                  "%s is no name where names of the old kind are asked for",
                  bnc_pql_shown(&p->lex, token->start, token->end));
    return false;
}

bool
bnc_pql_quoted_name(struct bnc_pql_parse *p, struct bnc_bytes *name)
{
    struct bnc_pql_token token = p->token;

    if (!bnc_pql_needs_release(p, &token, BNC_PQL_RELEASE(2, 51), "names in quotes")) {
        return false;
    }
    *name = bnc_pql_text(p, &token);
    return check_legacy(p, &token, *name) && bnc_pql_advance(p);
}

/* ---- matchers ------------------------------------------------------------------ */

/* Texts with | between them, which Prometheus compares and never compiles. */
static bool
is_literal_regex(struct bnc_bytes regex)
{
    for (size_t i = 0; i < regex.len; i++) {
        if (regex.ptr[i] != '\0' && strchr("\\.+*?()[]{}^$", regex.ptr[i]) != NULL) {
            return false;
        }
    }
    return true;
}

/* Characters, dots and |, each character repeated once at most: it always compiles. */
static bool
is_plain_regex(struct bnc_bytes regex)
{
    bool may_repeat = false;

    if (regex.len > PLAIN_BYTES) {
        return false;
    }
    for (size_t i = 0; i < regex.len; i++) {
        char c = regex.ptr[i];
        bool repeats = c == '*' || c == '+' || c == '?';
        if ((repeats && !may_repeat) || c < ' ' || c == 0x7f ||
            strchr("\\()[]{}^$", c) != NULL) {
            return false;
        }
        may_repeat = !repeats && c != '|';
    }
    return true;
}

static bool
check_regex(struct bnc_pql_parse *p, struct bnc_bytes regex,
            const struct bnc_pql_token *token)
{
    size_t *effort = p->options->effort;
    struct bnc_error err = {0};

    bool compared = is_literal_regex(regex) && p->lex.release >= BNC_PQL_RELEASE(2, 48);
    if (compared || is_plain_regex(regex)) {
        return true;
    }
    bool spent = effort != NULL && *effort >= BNC_REGEX_EFFORT_MAX;
    enum bnc_code code = effort == NULL
                             ? bnc_regex_check(regex.ptr, regex.len, &err)
                             : bnc_regex_check_within(regex.ptr, regex.len, effort, &err);
    if (code == BNC_OK || (code == BNC_TOO_BIG && !spent)) {
        return true; /* Prometheus has no such limit */
    }
    bnc_pql_fault(&p->lex, token->start, token->end, NULL, "no regular expression: %s",
                  err.message[0] == '\0' ? "there are too many" : err.message);
    return false;
}

/* Is one of the texts with | between them empty? */
static bool
has_empty_part(struct bnc_bytes regex)
{
    for (size_t i = 0; i < regex.len; i++) {
        if (regex.ptr[i] == '|' &&
            (i == 0 || i + 1 == regex.len || regex.ptr[i + 1] == '|')) {
            return true;
        }
    }
    return regex.len == 0;
}

static bool
regex_takes_nothing(struct bnc_bytes regex)
{
    if (is_literal_regex(regex)) {
        return has_empty_part(regex);
    }
    struct bnc_error err = {0};
    BNC_AUTO(bnc_regex) compiled = bnc_regex_new(regex.ptr, regex.len, &err);
    return compiled != NULL && bnc_regex_full_match(compiled, "", 0);
}

/* Does a series without the label pass? */
static bool
takes_nothing(const struct bnc_promql_matcher *matcher)
{
    switch ((int)matcher->op) {
    case BNC_PQL_EQUAL:
        return matcher->value.len == 0;
    case BNC_PQL_DIFFERENT:
        return matcher->value.len != 0;
    case BNC_PQL_MATCH:
        return regex_takes_nothing(matcher->value);
    default:
        return !regex_takes_nothing(matcher->value);
    }
}

static struct bnc_promql_matcher *
new_matcher(struct bnc_pql_parse *p, struct bnc_bytes name, enum bnc_pql op,
            struct bnc_bytes value)
{
    struct bnc_promql_matcher *matcher = bnc_arena_alloc(p->arena, sizeof(*matcher));
    matcher->name = name;
    matcher->op = op;
    matcher->value = value;
    return matcher;
}

static struct bnc_bytes
name_label(void)
{
    return (struct bnc_bytes){NAME_LABEL, strlen(NAME_LABEL)};
}

/* OPERATOR "value" */
static struct bnc_promql_matcher *
comparison(struct bnc_pql_parse *p, struct bnc_bytes name)
{
    enum bnc_pql op = p->token.type;
    bool is_regex = op == BNC_PQL_MATCH || op == BNC_PQL_NO_MATCH;

    if (op != BNC_PQL_EQUAL && op != BNC_PQL_DIFFERENT && !is_regex) {
        bnc_pql_unexpected(p, "after the name of a label", "use =, !=, =~ or !~");
        return NULL;
    }
    if (!bnc_pql_advance(p)) {
        return NULL;
    }
    struct bnc_pql_token token = p->token;
    if (op == BNC_PQL_EQUAL && token.type == BNC_PQL_EQUAL) {
        bnc_pql_fault(&p->lex, p->last.start, token.end, "write = for a label",
                      "\"==\" between braces");
        return NULL;
    }
    if (!bnc_pql_expect(p, BNC_PQL_STRING, "where the value of a label belongs",
                        "write the value in quotes")) {
        return NULL;
    }
    struct bnc_bytes value = bnc_pql_text(p, &token);
    if (is_regex && !check_regex(p, value, &token)) {
        return NULL;
    }
    return new_matcher(p, name, op, value);
}

/* name OPERATOR "value", "name" OPERATOR "value", or "metric" */
static struct bnc_promql_matcher *
matcher(struct bnc_pql_parse *p)
{
    struct bnc_bytes name = {0};

    if (p->token.type == BNC_PQL_STRING) {
        if (!bnc_pql_quoted_name(p, &name)) {
            return NULL;
        }
        if (p->token.type == BNC_PQL_COMMA || p->token.type == BNC_PQL_BRACE_CLOSE) {
            return new_matcher(p, name_label(), BNC_PQL_EQUAL, name);
        }
        return comparison(p, name);
    }
    if (p->token.type != BNC_PQL_NAME) {
        bnc_pql_unexpected(p, "where the name of a label belongs",
                           "write labels as {name=\"value\"}");
        return NULL;
    }
    name = bnc_pql_text(p, &p->token);
    return bnc_pql_advance(p) ? comparison(p, name) : NULL;
}

/* Behind {, to behind }. */
static bool
matchers(struct bnc_pql_parse *p, struct bnc_promql_selector *selector,
         struct bnc_promql_matcher ***tail)
{
    struct bnc_pql_token open = p->token;

    if (!bnc_pql_advance(p)) {
        return false;
    }
    while (p->token.type != BNC_PQL_BRACE_CLOSE) {
        struct bnc_promql_matcher *one = matcher(p);
        if (one == NULL) {
            return false;
        }
        **tail = one;
        *tail = &one->next;
        selector->n_matchers++;
        if (p->token.type != BNC_PQL_BRACE_CLOSE &&
            !bnc_pql_close(p, BNC_PQL_COMMA, &open, "after the value of a label",
                           "part labels with \",\" and close with \"}\"")) {
            return false;
        }
    }
    return bnc_pql_advance(p);
}

/* ---- selectors ----------------------------------------------------------------- */

/* The name before the braces is one more matcher; it may not be the second one. */
static bool
add_name(struct bnc_pql_parse *p, struct bnc_promql_selector *selector,
         struct bnc_promql_matcher **tail)
{
    for (const struct bnc_promql_matcher *m = selector->matchers; m != NULL;
         m = m->next) {
        if (is_name_label(m->name) && !p->selector_alone) {
            bnc_pql_fault(&p->lex, selector->start, selector->end,
                          "keep one of the names",
                          "the metric has a name before the braces and one in them");
            return false;
        }
    }
    *tail = new_matcher(p, name_label(), BNC_PQL_EQUAL, selector->name);
    selector->n_matchers++;
    return true;
}

static bool
check_not_empty(struct bnc_pql_parse *p, const struct bnc_promql_selector *selector)
{
    for (const struct bnc_promql_matcher *m = selector->matchers; m != NULL;
         m = m->next) {
        if (!takes_nothing(m)) {
            return true;
        }
    }
    if (p->selector_alone || selector->start == p->may_be_empty) {
        return true;
    }
    bnc_pql_fault(&p->lex, selector->start, selector->end,
                  "name a metric or a label that must be there, as in {job=~\".+\"}",
                  "the selector takes every series");
    return false;
}

struct bnc_promql_node *
bnc_pql_selector(struct bnc_pql_parse *p, const struct bnc_pql_token *name)
{
    struct bnc_promql_selector *selector = bnc_arena_alloc(p->arena, sizeof(*selector));
    struct bnc_promql_matcher **tail = &selector->matchers;

    selector->start = name != NULL ? name->start : p->token.start;
    selector->in_parameter = p->parameters > 0;
    if (name != NULL) {
        selector->name = bnc_pql_text(p, name);
    }
    if (p->token.type == BNC_PQL_BRACE_OPEN && !matchers(p, selector, &tail)) {
        return NULL;
    }
    selector->end = p->last.end;
    if (name != NULL ? !add_name(p, selector, tail) : !check_not_empty(p, selector)) {
        return NULL;
    }
    *p->tail = selector;
    p->tail = &selector->next;
    p->out->n_selectors++;

    struct bnc_promql_node *node = bnc_pql_node(p, BNC_PROMQL_KIND_SELECTOR,
                                                BNC_PROMQL_TYPE_VECTOR, selector->start);
    node->selector = selector;
    return node;
}
