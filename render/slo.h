/*
 * A service level objective as recording rules and alerts: several windows, several burn
 * rates, after chapter 5 of Google's Site Reliability Workbook.
 */
#ifndef BNC_RENDER_SLO_H
#define BNC_RENDER_SLO_H

#include "lib/arena.h"
#include "model/spec_metric_rule.h"

/*
 * The group of one objective.  Series, each with the labels `slo`, `metric_rule` (that is
 * `owner`, "NAMESPACE/NAME") and those of the objective:
 *   slo:error_ratio:rate5m .. rate3d and of the window: share of requests that fail
 *   slo:errors:rate5m, slo:total:rate5m: requests a second
 *   slo:objective:ratio, slo:error_budget:ratio
 *   slo:error_budget_remaining:ratio: 1 at the beginning, below 0 when it is spent
 * and two alerts, page and ticket, unless they are disabled.
 * `slo` was decoded without errors; `errors` and `total` were checked.
 * Owns: what is new lives in `arena`, the rest is borrowed.
 */
void bnc_slo_group(const struct bnc_slo_spec *slo, const char *owner,
                   struct bnc_arena *arena, struct bnc_rule_group_spec *out);

/* True for an expression with $window; else it is a selector. */
bool bnc_slo_is_expression(const char *text);

/* `text` with each $window replaced. */
const char *
bnc_slo_expression(const char *text, const char *window, struct bnc_arena *arena);

/* Where an alert fires: so much of the budget within the long of two windows. */
struct bnc_slo_burn {
    bool page; /* or ticket */
    int64_t share_percent;
    const char *long_window;
    int64_t long_s;
    const char *short_window;
};
#define BNC_SLO_BURNS 4
extern const struct bnc_slo_burn bnc_slo_burns[BNC_SLO_BURNS];

/*
 * The error ratio above which it fires, as a decimal: exact when it has an end within 15
 * decimals, else rounded there.  A rate below 1 counts as 1: it spends no more than the
 * budget.
 * Units: `budget` in ten-millionths, as bnc_objective_budget() gives it.
 */
const char *bnc_slo_threshold(const struct bnc_slo_burn *burn, int64_t budget,
                              int64_t window_ms, struct bnc_arena *arena);

/* `part` of `all` as a decimal, likewise: 9990000 of 10000000 is "0.999". */
const char *bnc_slo_decimal(int64_t part, int64_t all, struct bnc_arena *arena);

#endif
