/*
 * Objectives: numbers of the workbook's method, and the rules that come of them.
 */
#include "tests/unit/metric_rule.h"

#include "render/slo.h"

#define DAY_MS (INT64_C(24) * 3600 * 1000)

TEST(objective)
{
    static const struct {
        const char *text;
        int64_t budget;
    } rows[] = {
        {"99.9", 10000},  {"99.95", 5000}, {"99.999", 100},
        {"99.99999", 1},  {"90", 1000000}, {"0.00001", 9999999},
        {"099.9", 10000}, {"99.", 100000}, {"100", 0},
        {"0", 0},         {"0.0", 0},      {"100.1", 0},
        {"99.999999", 0}, {"", 0},         {"9a", 0},
        {"-1", 0},        {".9", 0},       {"1e1", 0},
        {"1000", 0},      {"99.9.9", 0},
    };
    for (size_t i = 0; i < BNC_LEN(rows); i++) {
        bnc_test_row(rows[i].text);
        CHECK_INT(bnc_objective_budget(rows[i].text), rows[i].budget);
    }
}

/* Thresholds as the workbook has them: rates 14.4, 6, 3 and 1 for 30 days. */
TEST(thresholds_of_thirty_days)
{
    static const struct {
        const char *objective;
        const char *want[BNC_SLO_BURNS];
    } rows[] = {
        {"99", {"0.144", "0.06", "0.03", "0.01"}},
        {"99.5", {"0.072", "0.03", "0.015", "0.005"}},
        {"99.9", {"0.0144", "0.006", "0.003", "0.001"}},
        {"99.95", {"0.0072", "0.003", "0.0015", "0.0005"}},
        {"99.99", {"0.00144", "0.0006", "0.0003", "0.0001"}},
        {"99.995", {"0.00072", "0.0003", "0.00015", "0.00005"}},
        {"99.999", {"0.000144", "0.00006", "0.00003", "0.00001"}},
        {"99.9999", {"0.0000144", "0.000006", "0.000003", "0.000001"}},
        {"99.99999", {"0.00000144", "0.0000006", "0.0000003", "0.0000001"}},
        {"98", {"0.288", "0.12", "0.06", "0.02"}},
        {"97", {"0.432", "0.18", "0.09", "0.03"}},
        {"97.5", {"0.36", "0.15", "0.075", "0.025"}},
        {"96", {"0.576", "0.24", "0.12", "0.04"}},
        {"95", {"0.72", "0.3", "0.15", "0.05"}},
        {"94", {"0.864", "0.36", "0.18", "0.06"}},
        {"90", {"1.44", "0.6", "0.3", "0.1"}},
        {"99.7", {"0.0432", "0.018", "0.009", "0.003"}},
        {"99.3", {"0.1008", "0.042", "0.021", "0.007"}},
        {"99.93", {"0.01008", "0.0042", "0.0021", "0.0007"}},
        {"99.87", {"0.01872", "0.0078", "0.0039", "0.0013"}},
    };
    struct bnc_arena *arena = bnc_arena_new();
    for (size_t i = 0; i < BNC_LEN(rows); i++) {
        bnc_test_row(rows[i].objective);
        for (size_t k = 0; k < BNC_SLO_BURNS; k++) {
            CHECK_STR(bnc_slo_threshold(&bnc_slo_burns[k],
                                        bnc_objective_budget(rows[i].objective),
                                        30 * DAY_MS, arena),
                      rows[i].want[k]);
        }
    }
    bnc_arena_free(arena);
}

/* Other windows: the share of the budget stays, the rate follows; never below 1. */
TEST(thresholds_of_other_windows)
{
    static const struct {
        const char *name;
        int64_t days;
        const char *want[BNC_SLO_BURNS];
    } rows[] = {
        {"a week", 7, {"0.00336", "0.0014", "0.001", "0.001"}},
        {"four weeks", 28, {"0.01344", "0.0056", "0.0028", "0.001"}},
        {"a quarter", 90, {"0.0432", "0.018", "0.009", "0.003"}},
        {"no end", 100, {"0.048", "0.02", "0.01", "0.003333333333333"}},
        {"a year", 366, {"0.17568", "0.0732", "0.0366", "0.0122"}},
    };
    struct bnc_arena *arena = bnc_arena_new();
    for (size_t i = 0; i < BNC_LEN(rows); i++) {
        bnc_test_row(rows[i].name);
        for (size_t k = 0; k < BNC_SLO_BURNS; k++) {
            CHECK_STR(
                bnc_slo_threshold(&bnc_slo_burns[k], 10000, rows[i].days * DAY_MS, arena),
                rows[i].want[k]);
        }
    }
    bnc_arena_free(arena);
}

TEST(decimals)
{
    struct bnc_arena *arena = bnc_arena_new();
    CHECK_STR(bnc_slo_decimal(0, 7, arena), "0");
    CHECK_STR(bnc_slo_decimal(14, 7, arena), "2");
    CHECK_STR(bnc_slo_decimal(2, 3, arena), "0.666666666666667");
    CHECK_STR(
        bnc_slo_decimal(INT64_C(99999999999999999), INT64_C(100000000000000000), arena),
        "1");
    bnc_arena_free(arena);
}

/* ---- rules --------------------------------------------------------------------- */

static const struct bnc_rule_spec *
rule_of(const struct compiled *c, const char *name, const char *severity)
{
    CHECK_INT(c->ir->n_groups, 1);
    const struct bnc_list *list = &c->ir->groups[0].group.rules;
    const struct bnc_rule_spec *rules = list->items;
    for (size_t i = 0; i < list->n; i++) {
        const char *found = rules[i].record != NULL ? rules[i].record : rules[i].alert;
        bool is = strcmp(found, name) == 0;
        for (size_t k = 0; is && severity != NULL && k < rules[i].labels.n; k++) {
            is = strcmp(rules[i].labels.items[k].key, "severity") != 0 ||
                 strcmp(rules[i].labels.items[k].value, severity) == 0;
        }
        if (is) {
            return &rules[i];
        }
    }
    return NULL;
}

#define BASE "slos:\n- name: web\n  objective: 99.9\n"

TEST(expressions)
{
    static const struct {
        const char *name;
        const char *spec;
        const char *ratio;
    } rows[] = {
        {"selectors", BASE "  errors: e_total{code=~\"5..\"}\n  total: e_total",
         "(sum(rate(e_total{code=~\"5..\"}[1h])) or sum(rate(e_total[1h])) * 0) / "
         "(sum(rate(e_total[1h])) > 0)"},
        {"by", BASE "  errors: e\n  total: t\n  by: [app, zone]",
         "(sum by (app, zone) (rate(e[1h])) or sum by (app, zone) (rate(t[1h])) * 0) / "
         "(sum by (app, zone) (rate(t[1h])) > 0)"},
        {"expressions",
         BASE "  errors: rate(a[$window]) - rate(b[$window])\n"
              "  total: rate(t[$window])",
         "((rate(a[1h]) - rate(b[1h])) or (rate(t[1h])) * 0) / ((rate(t[1h])) > 0)"},
        {"a comment", BASE "  errors: 'rate(e[$window]) # why'\n  total: t",
         "((rate(e[1h]) # why\n) or sum(rate(t[1h])) * 0) / (sum(rate(t[1h])) > 0)"},
    };
    for (size_t i = 0; i < BNC_LEN(rows); i++) {
        struct compiled c;
        bnc_test_row(rows[i].name);
        compile_spec(&c, rows[i].spec);
        CHECK_STR(diags_text(&c.out.diags), "");
        CHECK_STR(rule_of(&c, "slo:error_ratio:rate1h", NULL)->expr, rows[i].ratio);
        compiled_free(&c);
    }
}

TEST(series)
{
    static const char *const names[] = {
        "slo:errors:rate5m",
        "slo:total:rate5m",
        "slo:error_ratio:rate5m",
        "slo:error_ratio:rate30m",
        "slo:error_ratio:rate1h",
        "slo:error_ratio:rate2h",
        "slo:error_ratio:rate6h",
        "slo:error_ratio:rate1d",
        "slo:error_ratio:rate3d",
        "slo:error_ratio:rate28d",
        "slo:objective:ratio",
        "slo:error_budget:ratio",
        "slo:error_budget_remaining:ratio",
    };
    struct compiled c;
    compile_spec(&c, BASE "  window: 28d\n  errors: e\n  total: t\n"
                          "  labels: {team: web, app: x}");
    for (size_t i = 0; i < BNC_LEN(names); i++) {
        bnc_test_row(names[i]);
        const struct bnc_rule_spec *rule = rule_of(&c, names[i], NULL);
        CHECK(rule != NULL);
        CHECK_INT(rule->labels.n, 4);
        CHECK_STR(rule->labels.items[0].key, "app");
        CHECK_STR(rule->labels.items[1].value, "shop/rules");
        CHECK_STR(rule->labels.items[2].value, "web");
        CHECK_STR(rule->labels.items[3].key, "team");
    }
    CHECK_INT(c.ir->n_rules, BNC_LEN(names) + 2);
    CHECK_STR(rule_of(&c, "slo:objective:ratio", NULL)->expr, "vector(0.999)");
    CHECK_STR(rule_of(&c, "slo:error_budget_remaining:ratio", NULL)->expr,
              "1 - slo:error_ratio:rate28d{metric_rule=\"shop/rules\",slo=\"web\"} / "
              "0.001");
    compiled_free(&c);
}

TEST(alerts)
{
    struct compiled c;
    compile_spec(&c, BASE "  errors: e\n  total: t\n"
                          "  alerts:\n"
                          "    name: Burns\n"
                          "    page:\n"
                          "      labels: {severity: critical, a: b, z: '{{ $value }}'}\n"
                          "      annotations: {runbook: here, summary: mine}\n"
                          "    ticket: {disabled: true}");
    CHECK_STR(diags_text(&c.out.diags), "");
    CHECK(rule_of(&c, "Burns", "ticket") == NULL);
    const struct bnc_rule_spec *page = rule_of(&c, "Burns", "critical");
    CHECK(page != NULL);
    CHECK_INT(page->labels.n, 5);
    CHECK_STR(page->labels.items[1].value, "shop/rules");
    CHECK_STR(page->labels.items[3].value, "web");
    CHECK_INT(page->annotations.n, 3);
    CHECK_STR(page->annotations.items[2].value, "mine");
    CHECK_STR(page->expr,
              "(slo:error_ratio:rate1h{metric_rule=\"shop/rules\",slo=\"web\"} > 0.0144 "
              "and slo:error_ratio:rate5m{metric_rule=\"shop/rules\",slo=\"web\"} > "
              "0.0144) or "
              "(slo:error_ratio:rate6h{metric_rule=\"shop/rules\",slo=\"web\"} > 0.006 "
              "and slo:error_ratio:rate30m{metric_rule=\"shop/rules\",slo=\"web\"} > "
              "0.006)");
    compiled_free(&c);
}

TEST(refused)
{
    static const struct {
        const char *name;
        const char *spec;
        const char *want;
    } rows[] = {
        {"too good", "slos: [{name: a, objective: 100, errors: e, total: t}]",
         "spec.slos[0].objective: an objective is above 0 and below 100, with at most "
         "five decimals; write a percentage as 99.9 or 99.995"},
        {"too long", "slos: [{name: a, objective: 99, window: 3d, errors: e, total: t}]",
         "spec.slos[0].window: the window of an objective is 7d to 366d; write a "
         "duration as 30d"},
        {"label",
         "slos: [{name: a, objective: 9, errors: e, total: t, labels: {slo: x}}]",
         "spec.slos[0].labels[\"slo\"]: binnacle sets this label; use another name"},
        {"no selector", "slos: [{name: a, objective: 9, errors: 'sum(e)', total: t}]",
         "spec.slos[0].errors: line 1, column 4: unexpected \"(\" after the selector; "
         "name one metric with its labels, or write $window in an expression as "
         "[$window]"},
        {"expression",
         "slos: [{name: a, objective: 9, errors: e, total: 'rate(t[$window]'}]",
         "spec.slos[0].total: line 1, column 5: \"(\" is not closed"},
        {"by",
         "slos: [{name: a, objective: 9, errors: e, total: 'rate(t[$window])', "
         "by: [x]}]",
         "spec.slos[0].by: an expression with $window is taken as it stands; write "
         "\"by\" into the expressions"},
        {"template",
         "slos: [{name: a, objective: 9, errors: e, total: t, "
         "alerts: {ticket: {annotations: {x: '{{ $value'}}}}]",
         "spec.slos[0].alerts.ticket.annotations[\"x\"]: \"{{\" is not closed with "
         "\"}}\"; write templates as {{ $labels.job }}"},
    };
    for (size_t i = 0; i < BNC_LEN(rows); i++) {
        struct compiled c;
        bnc_test_row(rows[i].name);
        compile_spec(&c, rows[i].spec);
        CHECK_STR(diags_text(&c.out.diags), rows[i].want);
        CHECK_INT(c.ir->n_groups, 0);
        CHECK_INT(c.ir->n_left_out, 1);
        compiled_free(&c);
    }
}

RUN_TESTS(objective, thresholds_of_thirty_days, thresholds_of_other_windows, decimals,
          expressions, series, alerts, refused)
