/* The parts of an expression that have no operands in them: labels, matchers, modifiers.
 */
#include "validate/promql_check.h"

#include <string.h>

#include "lib/regex.h"
#include "lib/str.h"

#define SHOWN_MAX 40 /* bytes of a token in a message */

const char *
bnc_promql_shown(const struct bnc_promql_check *c, const struct bnc_promql_token *token)
{
    size_t n = token->n < SHOWN_MAX ? token->n : SHOWN_MAX;
    while (n > 0 && n < token->n && ((unsigned char)token->at[n] & 0xC0) == 0x80) {
        n--; /* not within a character */
    }
    return bnc_arena_strndup(c->arena, token->at, n);
}

bool
bnc_promql_fault_at(struct bnc_promql_check *c, const char *at, const char *message,
                    const char *remedy)
{
    c->scan.fault =
        (struct bnc_promql_fault){.at = at, .message = message, .remedy = remedy};
    return false;
}

bool
bnc_promql_unexpected(struct bnc_promql_check *c, const char *where, const char *remedy)
{
    if (c->token.type == BNC_PROMQL_END) {
        return bnc_promql_fault_at(
            c, c->token.at, bnc_arena_fmt(c->arena, "the expression ends %s", where),
            remedy);
    }
    return bnc_promql_fault_at(c, c->token.at,
                               bnc_arena_fmt(c->arena, "unexpected \"%s\" %s",
                                             bnc_promql_shown(c, &c->token), where),
                               remedy);
}

bool
bnc_promql_advance(struct bnc_promql_check *c)
{
    c->last = c->token;
    c->scan.in_range = c->depth > 0 && *c->open[c->depth - 1].at == '[';
    return bnc_promql_next(&c->scan, &c->token);
}

bool
bnc_promql_at_mark(const struct bnc_promql_check *c, char mark)
{
    return bnc_promql_is_mark(&c->token, mark);
}

bool
bnc_promql_at_word(const struct bnc_promql_check *c, const char *const *words, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (bnc_promql_is_word(&c->token, words[i])) {
            return true;
        }
    }
    return false;
}

bool
bnc_promql_is_operator(const struct bnc_promql_token *token, const char *const *names,
                       size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (token->type == BNC_PROMQL_OPERATOR && strlen(names[i]) == token->n &&
            strncmp(names[i], token->at, token->n) == 0) {
            return true;
        }
    }
    return false;
}

static bool
is_name(const struct bnc_promql_check *c)
{
    return c->token.type == BNC_PROMQL_NAME || c->token.type == BNC_PROMQL_STRING;
}

/* ( name, "name", ) from the opening bracket on. */
bool
bnc_promql_label_list(struct bnc_promql_check *c)
{
    const char *opened = c->token.at;
    if (!bnc_promql_at_mark(c, '(')) {
        return bnc_promql_unexpected(
            c, "where a list of labels belongs",
            "write the labels in brackets, as in by (namespace)");
    }
    if (!bnc_promql_advance(c)) {
        return false;
    }
    while (!bnc_promql_at_mark(c, ')')) {
        if (c->token.type == BNC_PROMQL_END) {
            return bnc_promql_fault_at(c, opened, "the list of labels is not closed",
                                       "add \")\"");
        }
        if (!is_name(c)) {
            return bnc_promql_unexpected(c, "in a list of labels", NULL);
        }
        if (!bnc_promql_advance(c)) {
            return false;
        }
        if (bnc_promql_at_mark(c, ',')) {
            if (!bnc_promql_advance(c)) {
                return false;
            }
        } else if (!bnc_promql_at_mark(c, ')')) {
            return bnc_promql_unexpected(c, "in a list of labels",
                                         "put commas between them");
        }
    }
    return bnc_promql_advance(c);
}

static bool
check_regex(struct bnc_promql_check *c)
{
    struct bnc_error err = {0};
    const char *regex = bnc_promql_unquote(&c->token, c->arena);
    bool spent = *c->effort >= BNC_REGEX_EFFORT_MAX;
    enum bnc_code code = bnc_regex_check_within(regex, strlen(regex), c->effort, &err);
    bool large = code == BNC_TOO_BIG && !spent; /* Prometheus has no such limit */
    if (code != BNC_OK && !large) {
        return bnc_promql_fault_at(
            c, c->token.at,
            bnc_arena_fmt(c->arena, "no regular expression: %s",
                          err.message[0] == '\0' ? "there are too many" : err.message),
            NULL);
    }
    return true;
}

/* NAME OPERATOR "value", or the metric's name in quotes. */
static bool
matcher(struct bnc_promql_check *c)
{
    static const char *const operators[] = {"=", "!=", "=~", "!~"};
    if (!is_name(c)) {
        return bnc_promql_unexpected(c, "where the name of a label belongs", NULL);
    }
    if (!bnc_promql_advance(c)) {
        return false;
    }
    if (c->last.type == BNC_PROMQL_STRING &&
        (bnc_promql_at_mark(c, ',') || bnc_promql_at_mark(c, '}'))) {
        return true;
    }
    if (!bnc_promql_is_operator(&c->token, operators, BNC_LEN(operators))) {
        return bnc_promql_unexpected(c, "after the name of a label",
                                     "use =, !=, =~ or !~");
    }
    bool regex = c->token.at[c->token.n - 1] == '~';
    if (!bnc_promql_advance(c)) {
        return false;
    }
    if (c->token.type != BNC_PROMQL_STRING) {
        return bnc_promql_unexpected(c, "where the value of a label belongs",
                                     "put it in quotes");
    }
    return (!regex || check_regex(c)) && bnc_promql_advance(c);
}

/* { matcher, } from the opening bracket on. */
bool
bnc_promql_matchers(struct bnc_promql_check *c, bool named)
{
    const char *opened = c->token.at;
    bool argument = bnc_promql_is_mark(&c->last, ','); /* info(up, {}) */
    size_t n = 0;
    if (!bnc_promql_advance(c)) {
        return false;
    }
    for (; !bnc_promql_at_mark(c, '}'); n++) {
        if (c->token.type == BNC_PROMQL_END) {
            return bnc_promql_fault_at(c, opened, "the bracket is not closed",
                                       "add \"}\"");
        }
        if (!matcher(c)) {
            return false;
        }
        if (bnc_promql_at_mark(c, ',')) {
            if (!bnc_promql_advance(c)) {
                return false;
            }
        } else if (!bnc_promql_at_mark(c, '}') && c->token.type != BNC_PROMQL_END) {
            return bnc_promql_unexpected(c, "after a matcher",
                                         "put commas between matchers");
        }
    }
    if (n == 0 && !named && !argument) {
        return bnc_promql_fault_at(c, opened, "it selects every series there is",
                                   "name a metric");
    }
    c->wants_operand = false;
    c->ending = BNC_PROMQL_ENDED_OTHER;
    return bnc_promql_advance(c);
}

/* The number in brackets of fill (...), from its word on. */
static bool
fill_value(struct bnc_promql_check *c)
{
    while (!bnc_promql_at_mark(c, ')')) {
        if (c->token.type == BNC_PROMQL_END) {
            return bnc_promql_unexpected(c, "in fill (...)", "add \")\"");
        }
        if (!bnc_promql_advance(c)) {
            return false;
        }
    }
    return bnc_promql_advance(c);
}

/* fill is the name of a metric too. */
static bool
is_fill(const struct bnc_promql_check *c)
{
    static const char *const words[] = {"fill", "fill_left", "fill_right"};
    struct bnc_promql_scan ahead = c->scan;
    struct bnc_promql_token next;
    return bnc_promql_at_word(c, words, BNC_LEN(words)) &&
           bnc_promql_next(&ahead, &next) && bnc_promql_is_mark(&next, '(');
}

/* One of them, if there is one: *more says so. */
static bool
modifier(struct bnc_promql_check *c, bool *more)
{
    static const char *const lists[] = {"on", "ignoring"};
    static const char *const groups[] = {"group_left", "group_right"};
    static const char *const flags[] = {"bool"};

    *more = true;
    if (bnc_promql_at_word(c, flags, BNC_LEN(flags))) {
        return bnc_promql_advance(c);
    }
    if (bnc_promql_at_word(c, lists, BNC_LEN(lists))) {
        return bnc_promql_advance(c) && bnc_promql_label_list(c);
    }
    if (bnc_promql_at_word(c, groups, BNC_LEN(groups))) {
        return bnc_promql_advance(c) &&
               (!bnc_promql_at_mark(c, '(') || bnc_promql_label_list(c));
    }
    if (is_fill(c)) {
        return fill_value(c);
    }
    *more = false;
    return true;
}

bool
bnc_promql_modifiers(struct bnc_promql_check *c)
{
    bool more = true;
    while (more) {
        if (!modifier(c, &more)) {
            return false;
        }
    }
    return true;
}
