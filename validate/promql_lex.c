#include "validate/promql_lex.h"

#include <string.h>

#include "lib/str.h"
#include "validate/promql_check.h"

/* ---- brackets ------------------------------------------------------------------ */

static bool
push(struct bnc_promql_check *c, bool call)
{
    c->open[c->depth++] = (struct bnc_promql_open){.at = c->token.at, .call = call};
    c->wants_operand = true;
    return bnc_promql_advance(c);
}

static bool
in_bracket(const struct bnc_promql_check *c, char mark)
{
    return c->depth > 0 && *c->open[c->depth - 1].at == mark;
}

static bool
pop(struct bnc_promql_check *c)
{
    char wanted = *c->token.at == ')' ? '(' : '[';
    if (c->depth == 0) {
        return bnc_promql_unexpected(c, "without an opening bracket", NULL);
    }
    if (!in_bracket(c, wanted)) {
        return bnc_promql_unexpected(
            c, "closes a bracket of another kind",
            bnc_arena_fmt(c->arena, "close \"%c\" first", *c->open[c->depth - 1].at));
    }
    c->depth--;
    c->wants_operand = false;
    c->ending = wanted == '(' ? BNC_PROMQL_ENDED_PAREN : BNC_PROMQL_ENDED_RANGE;
    return bnc_promql_advance(c);
}

/* ---- operands and operators ---------------------------------------------------- */

static bool
no_operand(struct bnc_promql_check *c)
{
    if (c->last.n > 0) {
        return bnc_promql_unexpected(
            c, bnc_arena_fmt(c->arena, "after \"%s\"", bnc_promql_shown(c, &c->last)),
            "write what belongs between them");
    }
    if (c->token.type == BNC_PROMQL_END) {
        return bnc_promql_fault_at(c, c->token.at, "the expression is empty",
                                   "write one");
    }
    return bnc_promql_unexpected(c, "at the beginning", "begin with a metric or a value");
}

/* A name, a number or a text. */
static bool
word(struct bnc_promql_check *c)
{
    static const char *const spans[] = {"step", "range", "min_of", "max_of"};
    bool name = c->token.type == BNC_PROMQL_NAME;
    if (in_bracket(c, '[') && (c->token.type == BNC_PROMQL_STRING ||
                               (name && !bnc_promql_at_word(c, spans, BNC_LEN(spans))))) {
        return bnc_promql_unexpected(c, "is no duration", "write one as 5m or 1h30m");
    }
    c->wants_operand = false;
    c->ending = name ? BNC_PROMQL_ENDED_NAME : BNC_PROMQL_ENDED_OTHER;
    return bnc_promql_advance(c);
}

static bool
operand(struct bnc_promql_check *c)
{
    static const char *const signs[] = {"+", "-"};

    if (bnc_promql_at_mark(c, '(')) {
        return push(c, false);
    }
    if (bnc_promql_at_mark(c, '{')) {
        return bnc_promql_matchers(c, false);
    }
    if (bnc_promql_is_operator(&c->token, signs, BNC_LEN(signs))) {
        return bnc_promql_advance(c);
    }
    bool at_start = c->depth > 0 && c->last.at == c->open[c->depth - 1].at;
    if (bnc_promql_at_mark(c, ')') && at_start && c->open[c->depth - 1].call) {
        return pop(c);
    }
    if (bnc_promql_at_mark(c, ']') && in_bracket(c, '[') &&
        bnc_promql_is_mark(&c->last, ':')) {
        return pop(c);
    }
    if (c->token.type == BNC_PROMQL_MARK || c->token.type == BNC_PROMQL_OPERATOR ||
        c->token.type == BNC_PROMQL_END) {
        return no_operand(c);
    }
    return word(c);
}

/* sum by (...) (...), and sum (...) by (...) */
static bool
grouping(struct bnc_promql_check *c)
{
    bool before = c->ending == BNC_PROMQL_ENDED_NAME;
    if (!bnc_promql_advance(c) || !bnc_promql_label_list(c)) {
        return false;
    }
    if (before && !bnc_promql_at_mark(c, '(')) {
        return bnc_promql_unexpected(c, "after the labels of an aggregation",
                                     "put what is aggregated in brackets");
    }
    c->ending = BNC_PROMQL_ENDED_OTHER;
    return !before || push(c, true);
}

static bool
in_a_row(struct bnc_promql_check *c)
{
    static const char *const equals[] = {"="};
    static const char *const regexes[] = {"=~", "!~"};
    if (bnc_promql_is_operator(&c->token, equals, BNC_LEN(equals))) {
        return bnc_promql_unexpected(c, "between values", "write == to compare");
    }
    if (bnc_promql_is_operator(&c->token, regexes, BNC_LEN(regexes))) {
        return bnc_promql_unexpected(c, "between values",
                                     "regular expressions are for labels");
    }
    return bnc_promql_unexpected(
        c, bnc_arena_fmt(c->arena, "after \"%s\"", bnc_promql_shown(c, &c->last)),
        "put an operator or a comma between them");
}

static bool
is_binary(const struct bnc_promql_check *c)
{
    static const char *const words[] = {"and", "or", "unless", "atan2"};
    static const char *const others[] = {"=", "=~", "!~"};
    return bnc_promql_at_word(c, words, BNC_LEN(words)) ||
           (c->token.type == BNC_PROMQL_OPERATOR &&
            !bnc_promql_is_operator(&c->token, others, BNC_LEN(others)));
}

/* What goes on after an operand, but for brackets. */
static bool
between(struct bnc_promql_check *c)
{
    static const char *const shifts[] = {"offset"};
    static const char *const flags[] = {"anchored", "smoothed"};
    bool call = c->depth > 0 && c->open[c->depth - 1].call;

    if (bnc_promql_at_word(c, flags, BNC_LEN(flags))) {
        c->ending = BNC_PROMQL_ENDED_OTHER;
        return bnc_promql_advance(c);
    }
    if (is_binary(c)) {
        c->wants_operand = true;
        return bnc_promql_advance(c) && bnc_promql_modifiers(c);
    }
    if (bnc_promql_at_mark(c, ':') && in_bracket(c, '[') &&
        !c->open[c->depth - 1].colon) {
        c->open[c->depth - 1].colon = true;
        c->wants_operand = true;
        return bnc_promql_advance(c);
    }
    if ((bnc_promql_at_mark(c, ',') && call) || bnc_promql_at_mark(c, '@') ||
        bnc_promql_at_word(c, shifts, BNC_LEN(shifts))) {
        c->wants_operand = true;
        return bnc_promql_advance(c);
    }
    return in_a_row(c);
}

static bool
after_operand(struct bnc_promql_check *c)
{
    static const char *const groupings[] = {"by", "without"};

    if (bnc_promql_at_mark(c, ')') || bnc_promql_at_mark(c, ']')) {
        return pop(c);
    }
    if (bnc_promql_at_mark(c, '(') && c->ending == BNC_PROMQL_ENDED_NAME) {
        return push(c, true);
    }
    if (bnc_promql_at_mark(c, '{') && c->ending == BNC_PROMQL_ENDED_NAME) {
        return bnc_promql_matchers(c, true);
    }
    if (bnc_promql_at_mark(c, '[') && c->ending != BNC_PROMQL_ENDED_RANGE) {
        return push(c, false);
    }
    if ((c->ending == BNC_PROMQL_ENDED_NAME || c->ending == BNC_PROMQL_ENDED_PAREN) &&
        bnc_promql_at_word(c, groupings, BNC_LEN(groupings))) {
        return grouping(c);
    }
    return between(c);
}

static bool
at_end(struct bnc_promql_check *c)
{
    if (c->wants_operand) {
        return operand(c); /* says what is missing */
    }
    if (c->depth > 0) {
        const struct bnc_promql_open *open = &c->open[c->depth - 1];
        return bnc_promql_fault_at(
            c, open->at, bnc_arena_fmt(c->arena, "\"%c\" is not closed", *open->at),
            NULL);
    }
    return true;
}

/* ---- the whole ----------------------------------------------------------------- */

static void
start(struct bnc_promql_check *c, const char *text, struct bnc_arena *arena,
      size_t *effort)
{
    *c = (struct bnc_promql_check){
        .text = text, .arena = arena, .effort = effort, .wants_operand = true};
    c->scan = (struct bnc_promql_scan){.next = text, .arena = arena};
    c->open = bnc_arena_array(arena, strlen(text) + 1, sizeof(*c->open));
}

static bool
finish(const struct bnc_promql_check *c, bool good, struct bnc_promql_problem *out)
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
bnc_promql_lex_check(const char *text, struct bnc_arena *arena, size_t *effort,
                     struct bnc_promql_problem *out)
{
    struct bnc_promql_check c;
    start(&c, text, arena, effort);
    bool good = bnc_promql_advance(&c);
    while (good && c.token.type != BNC_PROMQL_END) {
        good = c.wants_operand ? operand(&c) : after_operand(&c);
    }
    return finish(&c, good && at_end(&c), out);
}

bool
bnc_promql_selector_check(const char *text, struct bnc_arena *arena, size_t *effort,
                          struct bnc_promql_problem *out)
{
    struct bnc_promql_check c;
    start(&c, text, arena, effort);
    bool good = bnc_promql_advance(&c);
    bool named = good && c.token.type == BNC_PROMQL_NAME;
    good = good && (!named || bnc_promql_advance(&c));
    if (good && bnc_promql_at_mark(&c, '{')) {
        good = bnc_promql_matchers(&c, named);
    } else if (good && !named) {
        good = bnc_promql_unexpected(&c, "where a metric belongs",
                                     "write METRIC{label=\"value\"}");
    }
    if (good && c.token.type != BNC_PROMQL_END) {
        good = bnc_promql_unexpected(
            &c, "after the selector",
            "name one metric with its labels, or write $window in an "
            "expression as [$window]");
    }
    return finish(&c, good, out);
}
