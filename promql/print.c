#include "promql/print.h"

#include <stdlib.h>
#include <string.h>

#include "lib/sort.h"
#include "lib/units.h"
#include "promql/functions.h"
#include "promql/literal.h"
#include "promql/runes.h"
#include "promql/words.h"

struct print {
    struct bnc_str *out;
    struct bnc_arena *scratch; /* for what is sorted */
    bool unquoted_names;
    bool old_extremes;
};

static void print_node(struct print *print, const struct bnc_promql_node *node);

/* ---- names --------------------------------------------------------------------- */

static bool
is_name_byte(char c, bool first)
{
    return c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           (!first && c >= '0' && c <= '9');
}

static bool
needs_quotes(const struct print *print, struct bnc_bytes name)
{
    for (size_t i = 0; i < name.len;) {
        uint32_t rune = 0;
        size_t length = bnc_pql_rune(name.ptr + i, name.len - i, &rune);
        bool plain = length == 1 && is_name_byte(name.ptr[i], i == 0);
        bool extended =
            print->unquoted_names &&
            ((length > 1 && bnc_pql_is_letter(rune)) || (name.ptr[i] == '.' && i > 0));
        if (!plain && !extended) {
            return true;
        }
        i += length;
    }
    return name.len == 0;
}

static void
print_name(struct print *print, struct bnc_bytes name, struct bnc_str *out)
{
    if (needs_quotes(print, name)) {
        bnc_pql_quote(name, out);
    } else {
        bnc_str_add(out, name.ptr, name.len);
    }
}

/* ` (a, b)`, behind a word. */
static void
print_labels(struct print *print, const char *word, const struct bnc_promql_label *labels)
{
    bnc_str_fmt(print->out, " %s (", word);
    for (const struct bnc_promql_label *one = labels; one != NULL; one = one->next) {
        if (one != labels) {
            bnc_str_puts(print->out, ", ");
        }
        print_name(print, one->name, print->out);
    }
    bnc_str_putc(print->out, ')');
}

/* ---- selectors ----------------------------------------------------------------- */

/* The name before the braces is not said again in them. */
static bool
is_said(const struct bnc_promql_selector *selector, const struct bnc_promql_matcher *m)
{
    static const char label[] = "__name__";
    return m->name.len == strlen(label) && memcmp(m->name.ptr, label, m->name.len) == 0 &&
           m->op == BNC_PQL_EQUAL && m->value.len > 0 &&
           m->value.len == selector->name.len &&
           memcmp(m->value.ptr, selector->name.ptr, m->value.len) == 0;
}

static struct bnc_bytes
matcher_text(struct print *print, const struct bnc_promql_matcher *m)
{
    /* \U0010ffff is what four bytes make at most */
    struct bnc_str out = bnc_str_new(print->scratch, (m->name.len + m->value.len) * 4 +
                                                         sizeof("\"\"=~\"\""));

    bnc_str_reserve(&out, m->name.len + m->value.len + sizeof("=~\"\""));
    print_name(print, m->name, &out);
    bnc_str_puts(&out, bnc_pql_row(m->op)->text);
    bnc_pql_quote(m->value, &out);
    return (struct bnc_bytes){out.ptr, out.len};
}

static int
by_bytes(const void *a, const void *b)
{
    const struct bnc_bytes *x = a;
    const struct bnc_bytes *y = b;
    size_t n = x->len < y->len ? x->len : y->len;
    int order = memcmp(x->ptr, y->ptr, n);
    return order != 0 ? order : (x->len > y->len) - (x->len < y->len);
}

static void
print_matchers(struct print *print, const struct bnc_promql_selector *selector)
{
    struct bnc_bytes *texts =
        bnc_arena_array(print->scratch, selector->n_matchers, sizeof(*texts));
    size_t n = 0;

    for (const struct bnc_promql_matcher *m = selector->matchers; m != NULL;
         m = m->next) {
        if (!is_said(selector, m)) {
            texts[n++] = matcher_text(print, m);
        }
    }
    if (n == 0) {
        return;
    }
    bnc_sort(texts, n, sizeof(*texts), by_bytes);
    for (size_t i = 0; i < n; i++) {
        bnc_str_putc(print->out, i == 0 ? '{' : ',');
        bnc_str_add(print->out, texts[i].ptr, texts[i].len);
    }
    bnc_str_putc(print->out, '}');
}

static void
print_at(struct print *print, const struct bnc_promql_shift *shift)
{
    if (shift->has_at) {
        bnc_str_fmt(print->out, " @ %.3f", (double)shift->at_ms / 1000.0);
    } else if (shift->edge != BNC_PQL_EOF) {
        bnc_str_fmt(print->out, " @ %s()", bnc_pql_row(shift->edge)->text);
    }
}

static void
print_offset(struct print *print, const struct bnc_promql_shift *shift)
{
    int64_t ns = shift->offset_ns;

    if (shift->offset != NULL) {
        bnc_str_puts(print->out, " offset ");
        print_node(print, shift->offset);
    } else if (ns != 0) {
        bnc_str_puts(print->out, ns < 0 ? " offset -" : " offset ");
        bnc_pql_duration_print(ns < 0 && ns != INT64_MIN ? -ns : ns, print->out);
    }
}

static void
print_extension(struct print *print, const struct bnc_promql_selector *selector)
{
    if (selector->anchored) {
        bnc_str_puts(print->out, " anchored");
    } else if (selector->smoothed) {
        bnc_str_puts(print->out, " smoothed");
    }
}

static void
print_bare(struct print *print, const struct bnc_promql_selector *selector)
{
    bnc_str_add(print->out, selector->name.ptr, selector->name.len);
    print_matchers(print, selector);
}

static void
print_selector(struct print *print, const struct bnc_promql_selector *selector)
{
    print_bare(print, selector);
    print_at(print, &selector->shift);
    print_extension(print, selector);
    print_offset(print, &selector->shift);
}

static void
print_span(struct print *print, int64_t ns, const struct bnc_promql_node *expr)
{
    if (expr != NULL) {
        print_node(print, expr);
    } else {
        bnc_pql_duration_print(ns, print->out);
    }
}

static void
print_range(struct print *print, const struct bnc_promql_node *node)
{
    const struct bnc_promql_selector *selector = node->range.of->selector;

    print_bare(print, selector);
    bnc_str_putc(print->out, '[');
    print_span(print, node->range.ns, node->range.expr);
    bnc_str_putc(print->out, ']');
    print_extension(print, selector);
    print_at(print, &selector->shift);
    print_offset(print, &selector->shift);
}

static void
print_subquery(struct print *print, const struct bnc_promql_subquery *subquery)
{
    print_node(print, subquery->of);
    bnc_str_putc(print->out, '[');
    print_span(print, subquery->range_ns, subquery->range);
    bnc_str_putc(print->out, ':');
    if (subquery->step != NULL || subquery->step_ns != 0) {
        print_span(print, subquery->step_ns, subquery->step);
    }
    bnc_str_putc(print->out, ']');
    print_at(print, &subquery->shift);
    print_offset(print, &subquery->shift);
}

/* ---- the others ---------------------------------------------------------------- */

static void
print_number(struct print *print, double value, bool duration)
{
    if (!duration) {
        bnc_pql_number_print(value, print->out);
        return;
    }
    if (value < 0) {
        bnc_str_putc(print->out, '-');
        value = -value;
    }
    /* cut, not rounded: 1.001s is 1s; more than 292 years is never read */
    bnc_pql_duration_print((int64_t)(value * 1e9), print->out);
}

static void
print_aggregate(struct print *print, const struct bnc_promql_aggregate *aggregate)
{
    bnc_str_puts(print->out, bnc_pql_row(aggregate->op)->text);
    if (aggregate->without || aggregate->grouping != NULL) {
        print_labels(print, aggregate->without ? "without" : "by", aggregate->grouping);
        bnc_str_putc(print->out, ' ');
    }
    bnc_str_putc(print->out, '(');
    if (aggregate->parameter != NULL) {
        print_node(print, aggregate->parameter);
        bnc_str_puts(print->out, ", ");
    }
    print_node(print, aggregate->of);
    bnc_str_putc(print->out, ')');
}

static void
print_call(struct print *print, const struct bnc_promql_node *node)
{
    bnc_str_puts(print->out, node->call.function->name);
    bnc_str_putc(print->out, '(');
    for (const struct bnc_promql_node *arg = node->call.args; arg != NULL;
         arg = arg->next) {
        if (arg != node->call.args) {
            bnc_str_puts(print->out, ", ");
        }
        print_node(print, arg);
    }
    bnc_str_putc(print->out, ')');
}

/* 5m + step(): two sides and an operator. */
static bool
is_sum(const struct bnc_promql_node *node)
{
    return node->kind == BNC_PROMQL_KIND_DURATION && node->duration.left != NULL &&
           node->duration.op != BNC_PQL_MIN_OF && node->duration.op != BNC_PQL_MAX_OF;
}

/* As with print_binary(): the left sides are walked up to one in brackets. */
static void
print_sum(struct print *print, const struct bnc_promql_node *node)
{
    size_t n = 1;
    const struct bnc_promql_node *leftmost = node->duration.left;
    while (is_sum(leftmost) && !leftmost->duration.wrapped) {
        leftmost = leftmost->duration.left;
        n++;
    }
    const struct bnc_promql_node **chain =
        bnc_arena_array(print->scratch, n, sizeof(const struct bnc_promql_node *));
    for (size_t i = n; i > 0; i--) {
        chain[i - 1] = node;
        node = node->duration.left;
    }
    print_node(print, leftmost);
    for (size_t i = 0; i < n; i++) {
        bnc_str_fmt(print->out, " %s ", bnc_pql_row(chain[i]->duration.op)->text);
        print_node(print, chain[i]->duration.right);
    }
}

static void
print_duration(struct print *print, const struct bnc_promql_node *node)
{
    enum bnc_pql op = node->duration.op;
    const struct bnc_promql_node *left = node->duration.left;
    const struct bnc_promql_node *right = node->duration.right;

    bnc_str_puts(print->out, node->duration.wrapped ? "(" : "");
    if (op == BNC_PQL_STEP || op == BNC_PQL_RANGE) {
        bnc_str_fmt(print->out, "%s()", bnc_pql_row(op)->text);
    } else if (op == BNC_PQL_MIN_OF || op == BNC_PQL_MAX_OF) {
        bnc_str_add(print->out, bnc_pql_row(op)->text, strlen("min"));
        bnc_str_puts(print->out, print->old_extremes ? "(" : "_of(");
        print_node(print, left);
        bnc_str_puts(print->out, ", ");
        print_node(print, right);
        bnc_str_putc(print->out, ')');
    } else if (is_sum(node)) {
        print_sum(print, node);
    } else {
        bnc_str_puts(print->out, op == BNC_PQL_SUB ? "-" : "");
        print_node(print, right);
    }
    bnc_str_puts(print->out, node->duration.wrapped ? ")" : "");
}

static void
print_fill(struct print *print, const char *word, double value)
{
    bnc_str_fmt(print->out, " %s (", word);
    bnc_pql_number_print_short(value, print->out);
    bnc_str_putc(print->out, ')');
}

static void
print_fills(struct print *print, const struct bnc_promql_binary *binary)
{
    if (binary->fills_left && binary->fills_right &&
        binary->fill_left == binary->fill_right) {
        print_fill(print, "fill", binary->fill_left);
        return;
    }
    if (binary->fills_left) {
        print_fill(print, "fill_left", binary->fill_left);
    }
    if (binary->fills_right) {
        print_fill(print, "fill_right", binary->fill_right);
    }
}

/* The operator with its modifiers and the right side. */
static void
print_right(struct print *print, const struct bnc_promql_binary *binary)
{
    bnc_str_fmt(print->out, " %s%s", bnc_pql_row(binary->op)->text,
                binary->returns_bool ? " bool" : "");
    if (binary->matches) {
        if (binary->labels != NULL || binary->on || binary->group != BNC_PQL_EOF) {
            print_labels(print, binary->on ? "on" : "ignoring", binary->labels);
        }
        if (binary->group != BNC_PQL_EOF) {
            print_labels(print, bnc_pql_row(binary->group)->text, binary->include);
        }
        print_fills(print, binary);
    }
    bnc_str_putc(print->out, ' ');
    print_node(print, binary->right);
}

/* a + b + c ... may be long: the left sides are walked, not descended. */
static void
print_binary(struct print *print, const struct bnc_promql_node *node)
{
    size_t n = 0;
    const struct bnc_promql_node *leftmost = node;
    while (leftmost->kind == BNC_PROMQL_KIND_BINARY) {
        leftmost = leftmost->binary->left;
        n++;
    }
    const struct bnc_promql_binary **chain =
        bnc_arena_array(print->scratch, n, sizeof(const struct bnc_promql_binary *));
    for (size_t i = n; i > 0; i--) {
        chain[i - 1] = node->binary;
        node = node->binary->left;
    }
    print_node(print, leftmost);
    for (size_t i = 0; i < n; i++) {
        print_right(print, chain[i]);
    }
}

static void
print_node(struct print *print, const struct bnc_promql_node *node)
{
    switch (node->kind) {
    case BNC_PROMQL_KIND_NUMBER:
        print_number(print, node->number.value, node->number.duration);
        break;
    case BNC_PROMQL_KIND_STRING:
        bnc_pql_quote(node->text, print->out);
        break;
    case BNC_PROMQL_KIND_SELECTOR:
        print_selector(print, node->selector);
        break;
    case BNC_PROMQL_KIND_RANGE:
        print_range(print, node);
        break;
    case BNC_PROMQL_KIND_SUBQUERY:
        print_subquery(print, node->subquery);
        break;
    case BNC_PROMQL_KIND_CALL:
        print_call(print, node);
        break;
    case BNC_PROMQL_KIND_AGGREGATE:
        print_aggregate(print, node->aggregate);
        break;
    case BNC_PROMQL_KIND_BINARY:
        print_binary(print, node);
        break;
    case BNC_PROMQL_KIND_UNARY:
        bnc_str_puts(print->out, bnc_pql_row(node->unary.op)->text);
        print_node(print, node->unary.of);
        break;
    case BNC_PROMQL_KIND_PAREN:
        bnc_str_putc(print->out, '(');
        print_node(print, node->paren);
        bnc_str_putc(print->out, ')');
        break;
    case BNC_PROMQL_KIND_DURATION:
        print_duration(print, node);
        break;
    }
}

void
bnc_promql_print(const struct bnc_promql *expr, struct bnc_str *out)
{
    BNC_AUTO(bnc_arena) scratch = bnc_arena_new();
    struct print print = {.out = out,
                          .scratch = scratch,
                          .unquoted_names = expr->unquoted_names,
                          .old_extremes = expr->old_extremes};

    print_node(&print, expr->root);
}
