#include "render/slo.h"

#include <inttypes.h>
#include <string.h>

#include "lib/units.h"
#include "render/rules.h"

#define PLACE    "$window"
#define DECIMALS 15
#define HOUR_S   INT64_C(3600)

/* The workbook's table 5-8; the shares are of the budget of the whole window. */
const struct bnc_slo_burn bnc_slo_burns[BNC_SLO_BURNS] = {
    {true, 2, "1h", 1 * HOUR_S, "5m"},
    {true, 5, "6h", 6 * HOUR_S, "30m"},
    {false, 10, "1d", 24 * HOUR_S, "2h"},
    {false, 10, "3d", 72 * HOUR_S, "6h"},
};

static const char *const ratio_windows[] = {"5m", "30m", "1h", "2h", "6h", "1d", "3d"};

/* ---- numbers ------------------------------------------------------------------- */

const char *
bnc_slo_decimal(int64_t part, int64_t all, struct bnc_arena *arena)
{
    int64_t whole = part / all;
    int64_t rest = part % all;
    char digits[DECIMALS + 1] = "";
    size_t n = 0;

    for (; rest != 0 && n < DECIMALS; n++) {
        rest *= 10;
        digits[n] = (char)('0' + rest / all);
        rest %= all;
    }
    if (rest * 2 >= all) { /* no end: round the last one up */
        size_t i = n;
        while (i > 0 && digits[i - 1] == '9') {
            digits[--i] = '0';
        }
        if (i > 0) {
            digits[i - 1]++;
        } else {
            whole++;
        }
    }
    while (n > 0 && digits[n - 1] == '0') {
        n--;
    }
    return n == 0 ? bnc_arena_fmt(arena, "%" PRId64, whole)
                  : bnc_arena_fmt(arena, "%" PRId64 ".%.*s", whole, (int)n, digits);
}

const char *
bnc_slo_threshold(const struct bnc_slo_burn *burn, int64_t budget, int64_t window_ms,
                  struct bnc_arena *arena)
{
    int64_t spent = burn->share_percent * (window_ms / 1000);
    int64_t even = 100 * burn->long_s; /* what a rate of 1 spends */
    if (spent < even) {
        spent = even;
    }
    return bnc_slo_decimal(spent * budget, even * BNC_OBJECTIVE_ALL, arena);
}

/* ---- expressions --------------------------------------------------------------- */

bool
bnc_slo_is_expression(const char *text)
{
    return strstr(text, PLACE) != NULL;
}

const char *
bnc_slo_expression(const char *text, const char *window, struct bnc_arena *arena)
{
    struct bnc_str out = bnc_str_new(arena, BNC_RULE_GROUP_MAX);
    const char *s = text;
    for (const char *at = strstr(s, PLACE); at != NULL; at = strstr(s, PLACE)) {
        bnc_str_add(&out, s, (size_t)(at - s));
        bnc_str_puts(&out, window);
        s = at + strlen(PLACE);
    }
    bnc_str_puts(&out, s);
    return out.ptr;
}

struct slo {
    const struct bnc_slo_spec *spec;
    const char *owner;
    const char *selector; /* of its own series */
    struct bnc_pairs labels;
    struct bnc_arena *arena;
    struct bnc_rule_spec *rules;
    size_t n;
};

/* Requests a second over `window`. */
static const char *
rate_of(const struct slo *s, const char *text, const char *window)
{
    struct bnc_str out = bnc_str_new(s->arena, BNC_RULE_GROUP_MAX);
    const struct bnc_texts *by = &s->spec->by;

    if (bnc_slo_is_expression(text)) { /* the line break ends a comment */
        bool lines = strchr(text, '\n') != NULL || strchr(text, '#') != NULL;
        return bnc_arena_fmt(s->arena, lines ? "(%s\n)" : "(%s)",
                             bnc_slo_expression(text, window, s->arena));
    }
    bnc_str_puts(&out, "sum");
    for (size_t i = 0; i < by->n; i++) {
        bnc_str_fmt(&out, "%s%s", i == 0 ? " by (" : ", ", by->items[i]);
    }
    bnc_str_fmt(&out, "%s(rate(%s[%s]))", by->n > 0 ? ") " : "", text, window);
    return out.ptr;
}

/* No series of errors at all is no error. */
static const char *
errors_of(const struct slo *s, const char *window)
{
    return bnc_arena_fmt(s->arena, "%s or %s * 0", rate_of(s, s->spec->errors, window),
                         rate_of(s, s->spec->total, window));
}

static const char *
ratio_of(const struct slo *s, const char *window)
{
    return bnc_arena_fmt(s->arena, "(%s) / (%s > 0)", errors_of(s, window),
                         rate_of(s, s->spec->total, window));
}

/* ---- rules --------------------------------------------------------------------- */

static void
record(struct slo *s, const char *name, const char *expr)
{
    s->rules[s->n++] =
        (struct bnc_rule_spec){.record = name, .expr = expr, .labels = s->labels};
}

static void
add_ratios(struct slo *s)
{
    const char *window = s->spec->window;

    record(s, "slo:errors:rate5m", errors_of(s, "5m"));
    record(s, "slo:total:rate5m", rate_of(s, s->spec->total, "5m"));
    for (size_t i = 0; i < BNC_LEN(ratio_windows); i++) {
        record(s, bnc_arena_fmt(s->arena, "slo:error_ratio:rate%s", ratio_windows[i]),
               ratio_of(s, ratio_windows[i]));
    }
    /* from what is recorded: the raw series of a month are too many */
    record(s, bnc_arena_fmt(s->arena, "slo:error_ratio:rate%s", window),
           bnc_arena_fmt(s->arena,
                         "sum_over_time(slo:errors:rate5m%s[%s]) / "
                         "(sum_over_time(slo:total:rate5m%s[%s]) > 0)",
                         s->selector, window, s->selector, window));
}

static void
add_budget(struct slo *s, int64_t budget)
{
    const char *left = bnc_slo_decimal(budget, BNC_OBJECTIVE_ALL, s->arena);
    const char *objective =
        bnc_slo_decimal(BNC_OBJECTIVE_ALL - budget, BNC_OBJECTIVE_ALL, s->arena);

    record(s, "slo:objective:ratio", bnc_arena_fmt(s->arena, "vector(%s)", objective));
    record(s, "slo:error_budget:ratio", bnc_arena_fmt(s->arena, "vector(%s)", left));
    record(s, "slo:error_budget_remaining:ratio",
           bnc_arena_fmt(s->arena, "1 - slo:error_ratio:rate%s%s / %s", s->spec->window,
                         s->selector, left));
}

/* `own` and, before it, what it does not say of `n` texts in byte order. */
static struct bnc_pairs
with_defaults(const struct bnc_pair *defaults, size_t n, const struct bnc_pairs *own,
              struct bnc_arena *arena)
{
    struct bnc_pairs out = {.set = true};
    size_t k = 0;
    out.items = bnc_arena_array(arena, n + own->n, sizeof(*out.items));
    for (size_t i = 0; i < n; i++) {
        while (k < own->n && strcmp(own->items[k].key, defaults[i].key) < 0) {
            out.items[out.n++] = own->items[k++];
        }
        if (k == own->n || strcmp(own->items[k].key, defaults[i].key) != 0) {
            out.items[out.n++] = defaults[i];
        }
    }
    while (k < own->n) {
        out.items[out.n++] = own->items[k++];
    }
    return out;
}

static const char *
burn_expr(const struct slo *s, bool page, int64_t budget, int64_t window_ms)
{
    struct bnc_str expr = bnc_str_new(s->arena, BNC_RULE_GROUP_MAX);
    for (size_t i = 0; i < BNC_SLO_BURNS; i++) {
        const struct bnc_slo_burn *burn = &bnc_slo_burns[i];
        const char *most = bnc_slo_threshold(burn, budget, window_ms, s->arena);
        if (burn->page == page) {
            bnc_str_fmt(&expr,
                        "%s(slo:error_ratio:rate%s%s > %s and slo:error_ratio:rate%s%s > "
                        "%s)",
                        expr.len == 0 ? "" : " or ", burn->long_window, s->selector, most,
                        burn->short_window, s->selector, most);
        }
    }
    return expr.ptr;
}

static void
add_alert(struct slo *s, bool page, int64_t budget, int64_t window_ms)
{
    static const struct bnc_slo_alert_spec none = {0};
    const struct bnc_slo_alerts_spec *alerts = s->spec->alerts;
    const struct bnc_slo_alert_spec *own =
        alerts == NULL ? NULL : (page ? alerts->page : alerts->ticket);
    const char *name =
        alerts == NULL || alerts->name == NULL ? "ErrorBudgetBurn" : alerts->name;
    /* its series have slo and metric_rule, but promtool looks at the rules alone */
    const struct bnc_pair labels[] = {{"metric_rule", s->owner},
                                      {"severity", page ? "page" : "ticket"},
                                      {"slo", s->spec->name}};
    const struct bnc_pair texts[] = {
        {"description",
         bnc_arena_fmt(s->arena,
                       "{{ $value | humanizePercentage }} of requests fail; the "
                       "objective is %s%% good ones in %s.",
                       s->spec->objective, s->spec->window)},
        {"summary", page ? "{{ $labels.slo }}: the error budget burns fast."
                         : "{{ $labels.slo }}: the error budget burns."}};

    own = own == NULL ? &none : own;
    if (own->disabled == BNC_TRUE) {
        return;
    }
    s->rules[s->n++] = (struct bnc_rule_spec){
        .alert = name,
        .expr = burn_expr(s, page, budget, window_ms),
        .labels = with_defaults(labels, BNC_LEN(labels), &own->labels, s->arena),
        .annotations = with_defaults(texts, BNC_LEN(texts), &own->annotations, s->arena),
    };
}

void
bnc_slo_group(const struct bnc_slo_spec *slo, const char *owner, struct bnc_arena *arena,
              struct bnc_rule_group_spec *out)
{
    const struct bnc_pair own[] = {{"metric_rule", owner}, {"slo", slo->name}};
    struct slo s = {
        .spec = slo,
        .owner = owner,
        .selector = bnc_arena_fmt(arena, "{metric_rule=\"%s\",slo=\"%s\"}", owner,
                                  slo->name), /* names need no escapes */
        .labels = with_defaults(own, BNC_LEN(own), &slo->labels, arena),
        .arena = arena,
        .rules = bnc_arena_array(arena, BNC_LEN(ratio_windows) + 8, sizeof(*s.rules)),
    };
    int64_t budget = bnc_objective_budget(slo->objective);
    int64_t window_ms = 0;
    struct bnc_error err = {0};

    if (bnc_duration_parse(slo->window, &window_ms, &err)) {
        window_ms = BNC_SLO_WINDOW_MIN_MS; /* it was checked */
    }
    add_ratios(&s);
    add_budget(&s, budget);
    add_alert(&s, true, budget, window_ms);
    add_alert(&s, false, budget, window_ms);
    *out = (struct bnc_rule_group_spec){
        .name = slo->name, .rules = {.items = s.rules, .n = s.n, .set = true}};
}
