#include "validate/promql_lex.h"

#include <string.h>

#include "lib/regex.h"
#include "lib/str.h"
#include "validate/promql_token.h"

#define SHOWN_MAX 40 /* bytes of a token in a message */

/* A bracket that is open. */
struct open {
    const char *at;
    bool call;  /* of a function or an aggregation: it may be empty or have commas */
    bool colon; /* of a range: a subquery */
};

/* What may follow an operand depends on what it ended with. */
enum ending { ENDED_NAME, ENDED_PAREN, ENDED_RANGE, ENDED_OTHER };

struct check {
    const char *text;
    struct bnc_arena *arena;
    struct bnc_promql_scan scan;
    struct bnc_promql_token token; /* that is looked at */
    struct bnc_promql_token last;  /* before it */
    struct open *open;
    size_t depth;
    bool wants_operand;
    enum ending ending;
};

static const char *
shown(const struct check *c, const struct bnc_promql_token *token)
{
    size_t n = token->n < SHOWN_MAX ? token->n : SHOWN_MAX;
    while (n > 0 && n < token->n && ((unsigned char)token->at[n] & 0xC0) == 0x80) {
        n--; /* not within a character */
    }
    return bnc_arena_strndup(c->arena, token->at, n);
}

static bool
fault(struct check *c, const char *at, const char *message, const char *remedy)
{
    c->scan.fault =
        (struct bnc_promql_fault){.at = at, .message = message, .remedy = remedy};
    return false;
}

static bool
unexpected(struct check *c, const char *where, const char *remedy)
{
    if (c->token.type == BNC_PROMQL_END) {
        return fault(c, c->token.at,
                     bnc_arena_fmt(c->arena, "the expression ends %s", where), remedy);
    }
    return fault(
        c, c->token.at,
        bnc_arena_fmt(c->arena, "unexpected \"%s\" %s", shown(c, &c->token), where),
        remedy);
}

static bool
advance(struct check *c)
{
    c->last = c->token;
    c->scan.in_range = c->depth > 0 && *c->open[c->depth - 1].at == '[';
    return bnc_promql_next(&c->scan, &c->token);
}

static bool
is_mark(const struct check *c, char mark)
{
    return bnc_promql_is_mark(&c->token, mark);
}

static bool
is_word(const struct check *c, const char *const *words, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (bnc_promql_is_word(&c->token, words[i])) {
            return true;
        }
    }
    return false;
}

static bool
is_operator(const struct bnc_promql_token *token, const char *const *names, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (token->type == BNC_PROMQL_OPERATOR && strlen(names[i]) == token->n &&
            strncmp(names[i], token->at, token->n) == 0) {
            return true;
        }
    }
    return false;
}

/* ---- brackets ------------------------------------------------------------------ */

static bool
push(struct check *c, bool call)
{
    c->open[c->depth++] = (struct open){.at = c->token.at, .call = call};
    c->wants_operand = true;
    return advance(c);
}

static bool
in_bracket(const struct check *c, char mark)
{
    return c->depth > 0 && *c->open[c->depth - 1].at == mark;
}

static bool
pop(struct check *c)
{
    char wanted = *c->token.at == ')' ? '(' : '[';
    if (c->depth == 0) {
        return unexpected(c, "without an opening bracket", NULL);
    }
    if (!in_bracket(c, wanted)) {
        return unexpected(
            c, "closes a bracket of another kind",
            bnc_arena_fmt(c->arena, "close \"%c\" first", *c->open[c->depth - 1].at));
    }
    c->depth--;
    c->wants_operand = false;
    c->ending = wanted == '(' ? ENDED_PAREN : ENDED_RANGE;
    return advance(c);
}

/* ---- lists of labels, matchers ------------------------------------------------- */

static bool
is_name(const struct check *c)
{
    return c->token.type == BNC_PROMQL_NAME || c->token.type == BNC_PROMQL_STRING;
}

/* ( name, "name", ) from the opening bracket on. */
static bool
label_list(struct check *c)
{
    const char *opened = c->token.at;
    if (!is_mark(c, '(')) {
        return unexpected(c, "where a list of labels belongs",
                          "write the labels in brackets, as in by (namespace)");
    }
    if (!advance(c)) {
        return false;
    }
    while (!is_mark(c, ')')) {
        if (c->token.type == BNC_PROMQL_END) {
            return fault(c, opened, "the list of labels is not closed", "add \")\"");
        }
        if (!is_name(c)) {
            return unexpected(c, "in a list of labels", NULL);
        }
        if (!advance(c)) {
            return false;
        }
        if (is_mark(c, ',')) {
            if (!advance(c)) {
                return false;
            }
        } else if (!is_mark(c, ')')) {
            return unexpected(c, "in a list of labels", "put commas between them");
        }
    }
    return advance(c);
}

static bool
check_regex(struct check *c)
{
    struct bnc_error err = {0};
    const char *regex = bnc_promql_unquote(&c->token, c->arena);
    enum bnc_code code = bnc_regex_check(regex, strlen(regex), &err);
    if (code != BNC_OK && code != BNC_TOO_BIG) { /* Prometheus has no such limit */
        return fault(c, c->token.at,
                     bnc_arena_fmt(c->arena, "no regular expression: %s", err.message),
                     NULL);
    }
    return true;
}

/* NAME OPERATOR "value", or the metric's name in quotes. */
static bool
matcher(struct check *c)
{
    static const char *const operators[] = {"=", "!=", "=~", "!~"};
    if (!is_name(c)) {
        return unexpected(c, "where the name of a label belongs", NULL);
    }
    if (!advance(c)) {
        return false;
    }
    if (c->last.type == BNC_PROMQL_STRING && (is_mark(c, ',') || is_mark(c, '}'))) {
        return true;
    }
    if (!is_operator(&c->token, operators, BNC_LEN(operators))) {
        return unexpected(c, "after the name of a label", "use =, !=, =~ or !~");
    }
    bool regex = c->token.at[c->token.n - 1] == '~';
    if (!advance(c)) {
        return false;
    }
    if (c->token.type != BNC_PROMQL_STRING) {
        return unexpected(c, "where the value of a label belongs", "put it in quotes");
    }
    return (!regex || check_regex(c)) && advance(c);
}

/* { matcher, } from the opening bracket on. */
static bool
matchers(struct check *c, bool named)
{
    const char *opened = c->token.at;
    size_t n = 0;
    if (!advance(c)) {
        return false;
    }
    for (; !is_mark(c, '}'); n++) {
        if (c->token.type == BNC_PROMQL_END) {
            return fault(c, opened, "the bracket is not closed", "add \"}\"");
        }
        if (!matcher(c)) {
            return false;
        }
        if (is_mark(c, ',')) {
            if (!advance(c)) {
                return false;
            }
        } else if (!is_mark(c, '}') && c->token.type != BNC_PROMQL_END) {
            return unexpected(c, "after a matcher", "put commas between matchers");
        }
    }
    if (n == 0 && !named) {
        return fault(c, opened, "it selects every series there is", "name a metric");
    }
    c->wants_operand = false;
    c->ending = ENDED_OTHER;
    return advance(c);
}

/* ---- operands and operators ---------------------------------------------------- */

/* bool, on (...), group_left (...), fill (...) after a binary operator. */
static bool
modifiers(struct check *c)
{
    static const char *const fills[] = {"fill", "fill_left", "fill_right"};
    static const char *const lists[] = {"on", "ignoring"};
    static const char *const groups[] = {"group_left", "group_right"};
    static const char *const flags[] = {"bool"};

    for (;;) {
        struct bnc_promql_scan ahead = c->scan;
        struct bnc_promql_token next;
        if (is_word(c, flags, BNC_LEN(flags))) {
            if (!advance(c)) {
                return false;
            }
        } else if (is_word(c, lists, BNC_LEN(lists))) {
            if (!advance(c) || !label_list(c)) {
                return false;
            }
        } else if (is_word(c, groups, BNC_LEN(groups))) {
            if (!advance(c) || (is_mark(c, '(') && !label_list(c))) {
                return false;
            }
        } else if (is_word(c, fills, BNC_LEN(fills)) && bnc_promql_next(&ahead, &next) &&
                   bnc_promql_is_mark(&next, '(')) {
            while (!is_mark(c, ')')) { /* a number in brackets */
                if (c->token.type == BNC_PROMQL_END || !advance(c)) {
                    return c->scan.fault.message == NULL &&
                           unexpected(c, "in fill(...)", "add \")\"");
                }
            }
            if (!advance(c)) {
                return false;
            }
        } else {
            return true;
        }
    }
}

static bool
operand(struct check *c)
{
    static const char *const signs[] = {"+", "-"};
    static const char *const spans[] = {"step", "range", "min_of", "max_of"};

    if (is_mark(c, '(')) {
        return push(c, false);
    }
    if (is_mark(c, '{')) {
        return matchers(c, false);
    }
    if (is_operator(&c->token, signs, BNC_LEN(signs))) {
        return advance(c);
    }
    bool at_start = c->depth > 0 && c->last.at == c->open[c->depth - 1].at;
    if (is_mark(c, ')') && at_start && c->open[c->depth - 1].call) {
        return pop(c);
    }
    if (is_mark(c, ']') && in_bracket(c, '[') && bnc_promql_is_mark(&c->last, ':')) {
        return pop(c);
    }
    if (c->token.type == BNC_PROMQL_MARK || c->token.type == BNC_PROMQL_OPERATOR ||
        c->token.type == BNC_PROMQL_END) {
        if (c->last.n == 0 && c->token.type == BNC_PROMQL_END) {
            return fault(c, c->token.at, "the expression is empty", "write one");
        }
        return c->last.n == 0
                   ? unexpected(c, "at the beginning", "begin with a metric or a value")
                   : unexpected(
                         c, bnc_arena_fmt(c->arena, "after \"%s\"", shown(c, &c->last)),
                         "write what belongs between them");
    }
    bool name = c->token.type == BNC_PROMQL_NAME;
    if (in_bracket(c, '[') && (c->token.type == BNC_PROMQL_STRING ||
                               (name && !is_word(c, spans, BNC_LEN(spans))))) {
        return unexpected(c, "is no duration", "write one as 5m or 1h30m");
    }
    c->wants_operand = false;
    c->ending = name ? ENDED_NAME : ENDED_OTHER;
    return advance(c);
}

/* sum by (...) (...), and sum (...) by (...) */
static bool
grouping(struct check *c)
{
    bool before = c->ending == ENDED_NAME;
    if (!advance(c) || !label_list(c)) {
        return false;
    }
    if (before && !is_mark(c, '(')) {
        return unexpected(c, "after the labels of an aggregation",
                          "put what is aggregated in brackets");
    }
    c->ending = ENDED_OTHER;
    return !before || push(c, true);
}

static bool
in_a_row(struct check *c)
{
    static const char *const equals[] = {"="};
    static const char *const regexes[] = {"=~", "!~"};
    if (is_operator(&c->token, equals, BNC_LEN(equals))) {
        return unexpected(c, "between values", "write == to compare");
    }
    if (is_operator(&c->token, regexes, BNC_LEN(regexes))) {
        return unexpected(c, "between values", "regular expressions are for labels");
    }
    return unexpected(c, bnc_arena_fmt(c->arena, "after \"%s\"", shown(c, &c->last)),
                      "put an operator or a comma between them");
}

static bool
is_binary(const struct check *c)
{
    static const char *const words[] = {"and", "or", "unless", "atan2"};
    static const char *const others[] = {"=", "=~", "!~"};
    return is_word(c, words, BNC_LEN(words)) ||
           (c->token.type == BNC_PROMQL_OPERATOR &&
            !is_operator(&c->token, others, BNC_LEN(others)));
}

static bool
after_operand(struct check *c)
{
    static const char *const shifts[] = {"offset"};
    static const char *const flags[] = {"anchored", "smoothed"};
    static const char *const groupings[] = {"by", "without"};
    bool call = c->depth > 0 && c->open[c->depth - 1].call;

    if (is_mark(c, ')') || is_mark(c, ']')) {
        return pop(c);
    }
    if (is_mark(c, '(') && c->ending == ENDED_NAME) {
        return push(c, true);
    }
    if (is_mark(c, '{') && c->ending == ENDED_NAME) {
        return matchers(c, true);
    }
    if (is_mark(c, '[') && c->ending != ENDED_RANGE) {
        return push(c, false);
    }
    if ((c->ending == ENDED_NAME || c->ending == ENDED_PAREN) &&
        is_word(c, groupings, BNC_LEN(groupings))) {
        return grouping(c);
    }
    if (is_word(c, flags, BNC_LEN(flags))) {
        c->ending = ENDED_OTHER;
        return advance(c);
    }
    if (is_binary(c)) {
        c->wants_operand = true;
        return advance(c) && modifiers(c);
    }
    if (is_mark(c, ':') && in_bracket(c, '[') && !c->open[c->depth - 1].colon) {
        c->open[c->depth - 1].colon = true;
        c->wants_operand = true;
        return advance(c);
    }
    if ((is_mark(c, ',') && call) || is_mark(c, '@') ||
        is_word(c, shifts, BNC_LEN(shifts))) {
        c->wants_operand = true;
        return advance(c);
    }
    return in_a_row(c);
}

static bool
at_end(struct check *c)
{
    if (c->wants_operand) {
        return operand(c); /* says what is missing */
    }
    if (c->depth > 0) {
        const struct open *open = &c->open[c->depth - 1];
        return fault(c, open->at,
                     bnc_arena_fmt(c->arena, "\"%c\" is not closed", *open->at), NULL);
    }
    return true;
}

/* ---- the whole ----------------------------------------------------------------- */

static void
start(struct check *c, const char *text, struct bnc_arena *arena)
{
    *c = (struct check){.text = text, .arena = arena, .wants_operand = true};
    c->scan = (struct bnc_promql_scan){.next = text, .arena = arena};
    c->open = bnc_arena_array(arena, strlen(text) + 1, sizeof(*c->open));
}

static bool
finish(const struct check *c, bool good, struct bnc_promql_problem *out)
{
    if (good) {
        return true;
    }
    out->line = 1;
    out->column = 1;
    for (const char *s = c->text; s < c->scan.fault.at; s++) {
        if (*s == '\n') {
            out->line++;
            out->column = 1;
        } else if (((unsigned char)*s & 0xC0) != 0x80) {
            out->column++;
        }
    }
    out->message = bnc_arena_fmt(c->arena, "line %zu, column %zu: %s", out->line,
                                 out->column, c->scan.fault.message);
    out->remedy = c->scan.fault.remedy;
    return false;
}

bool
bnc_promql_lex_check(const char *text, struct bnc_arena *arena,
                     struct bnc_promql_problem *out)
{
    struct check c;
    start(&c, text, arena);
    bool good = advance(&c);
    while (good && c.token.type != BNC_PROMQL_END) {
        good = c.wants_operand ? operand(&c) : after_operand(&c);
    }
    return finish(&c, good && at_end(&c), out);
}

bool
bnc_promql_selector_check(const char *text, struct bnc_arena *arena,
                          struct bnc_promql_problem *out)
{
    struct check c;
    start(&c, text, arena);
    bool good = advance(&c);
    bool named = good && c.token.type == BNC_PROMQL_NAME;
    good = good && (!named || advance(&c));
    if (good && is_mark(&c, '{')) {
        good = matchers(&c, named);
    } else if (good && !named) {
        good = unexpected(&c, "where a metric belongs", "write METRIC{label=\"value\"}");
    }
    if (good && c.token.type != BNC_PROMQL_END) {
        good = unexpected(&c, "after the selector",
                          "name one metric with its labels, or write $window in an "
                          "expression as [$window]");
    }
    return finish(&c, good, out);
}
