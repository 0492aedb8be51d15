#include "reconcilers/metric_rule_check.h"

#include <string.h>

#include "lib/units.h"
#include "promql/promql.h"
#include "render/slo.h"
#include "render/telemetry.h"
#include "validate/rule_template.h"

static void
wrong(struct bnc_diags *diags, const char *path, const char *field, const char *remedy,
      const char *message)
{
    bnc_diag_add(diags, BNC_REASON_INVALID_FIELD,
                 bnc_arena_fmt(diags->arena, "%s.%s", path, field), remedy, "%s",
                 message);
}

static bool
has_key(const struct bnc_pairs *pairs, const char *key)
{
    for (size_t i = 0; i < pairs->n; i++) {
        if (strcmp(pairs->items[i].key, key) == 0) {
            return true;
        }
    }
    return false;
}

/* ---- expressions and templates ------------------------------------------------- */

static void
report(struct bnc_diags *diags, const char *field,
       const struct bnc_promql_problem *problem)
{
    bnc_diag_add(diags, BNC_REASON_INVALID_FIELD, field, problem->remedy, "%s",
                 problem->message);
}

/* Which release will read it, and with which flags, is not known here: one may take it.
 */
static struct bnc_promql_options
reader(struct bnc_diags *diags)
{
    return (struct bnc_promql_options){.any_release = true,
                                       .experimental_functions = true,
                                       .fill_modifiers = true,
                                       .experimental_duration_expr = true,
                                       .extended_range_selectors = true,
                                       .effort = &diags->effort};
}

static void
check_expr(struct bnc_diags *diags, const char *expr, const char *field)
{
    const struct bnc_promql_options options = reader(diags);
    struct bnc_promql_problem problem = {0};

    if (expr != NULL && bnc_promql_parse((struct bnc_bytes){expr, strlen(expr)}, &options,
                                         diags->arena, &problem) == NULL) {
        report(diags, field, &problem);
    }
}

/* A selector, or an expression with $window. */
static void
check_source(struct bnc_diags *diags, const char *text, const char *field)
{
    const struct bnc_promql_options options = reader(diags);
    struct bnc_promql_problem problem = {0};

    if (text == NULL) {
        return;
    }
    if (bnc_slo_is_expression(text)) {
        check_expr(diags, bnc_slo_expression(text, "5m", diags->arena), field);
    } else if (bnc_promql_selector_parse((struct bnc_bytes){text, strlen(text)}, &options,
                                         diags->arena, &problem) == NULL) {
        problem.remedy = "name one metric with its labels, or write $window in an "
                         "expression as [$window]";
        report(diags, field, &problem);
    } else {
        check_expr(diags, text, field); /* it may not take every series */
    }
}

static void
check_templates(struct bnc_diags *diags, const struct bnc_pairs *texts, const char *field)
{
    for (size_t i = 0; i < texts->n; i++) {
        const char *problem =
            bnc_rule_template_problem(texts->items[i].value, diags->arena);
        if (problem != NULL) {
            bnc_diag_add(
                diags, BNC_REASON_INVALID_FIELD,
                bnc_arena_fmt(diags->arena, "%s[\"%s\"]", field, texts->items[i].key),
                "write templates as {{ $labels.job }}", "%s", problem);
        }
    }
}

/* ---- groups -------------------------------------------------------------------- */

static void
check_labels(const struct bnc_pairs *labels, const char *path, struct bnc_diags *diags)
{
    if (has_key(labels, "__name__")) {
        wrong(diags, path, "labels[\"__name__\"]", "remove it: record gives the name",
              "the label \"__name__\" may not be set");
    }
}

static void
check_rule(struct bnc_diags *diags, const struct bnc_rule_spec *rule, bool any_name,
           const char *path)
{
    const struct {
        const char *field;
        bool set;
    } only_alerts[] = {{"for", rule->wait != NULL},
                       {"keep_firing_for", rule->keep_firing_for != NULL},
                       {"annotations", rule->annotations.n > 0}};

    check_labels(&rule->labels, path, diags);
    if (rule->record == NULL) {
        return;
    }
    if (!any_name && !bnc_metric_name_valid(rule->record)) {
        wrong(diags, path, "record", "use letters, digits, \"_\" and \":\"",
              "it is no name of a metric");
    }
    for (size_t i = 0; i < BNC_LEN(only_alerts); i++) {
        if (only_alerts[i].set) {
            wrong(diags, path, only_alerts[i].field, "remove it",
                  "a recording rule has no such field");
        }
    }
}

static bool
same_labels(const struct bnc_pairs *a, const struct bnc_pairs *b)
{
    bool same = a->n == b->n;
    for (size_t i = 0; same && i < a->n; i++) {
        same = bnc_str_eq(a->items[i].key, b->items[i].key) &&
               bnc_str_eq(a->items[i].value, b->items[i].value);
    }
    return same;
}

/* Prometheus takes two alike, but the later value is dropped or overwrites the first. */
static void
check_twice(struct bnc_diags *diags, const struct bnc_rule_spec *rules, size_t i,
            const char *path)
{
    for (size_t k = 0; k < i && rules[i].record != NULL; k++) {
        if (bnc_str_eq(rules[k].record, rules[i].record) &&
            same_labels(&rules[k].labels, &rules[i].labels)) {
            bnc_diag_warn(diags, BNC_REASON_INVALID_FIELD,
                          bnc_arena_fmt(diags->arena, "%s.record", path),
                          "give it another name, or a label",
                          "rule %zu records the same series", k);
            return;
        }
    }
}

void
bnc_rule_group_check(const struct bnc_rule_group_spec *group, bool any_name,
                     const char *path, struct bnc_diags *diags)
{
    const struct bnc_rule_spec *rules = group->rules.items;
    check_labels(&group->labels, path, diags);
    for (size_t i = 0; i < group->rules.n; i++) {
        const char *field = bnc_arena_fmt(diags->arena, "%s.rules[%zu]", path, i);
        check_rule(diags, &rules[i], any_name, field);
        check_expr(diags, rules[i].expr, bnc_arena_fmt(diags->arena, "%s.expr", field));
        if (rules[i].alert != NULL) { /* templates of records are never read */
            check_templates(diags, &rules[i].labels,
                            bnc_arena_fmt(diags->arena, "%s.labels", field));
            check_templates(diags, &rules[i].annotations,
                            bnc_arena_fmt(diags->arena, "%s.annotations", field));
        }
        check_twice(diags, rules, i, field);
    }
}

/* ---- mesh, counters ------------------------------------------------------------ */

static void
check_change(struct bnc_diags *diags, const struct bnc_metric_change_spec *change,
             const char *path)
{
    size_t n = change->add_labels.n + change->remove_labels.n;

    if (change->disabled == BNC_UNSET && n == 0) {
        bnc_diag_add(diags, BNC_REASON_INVALID_FIELD, path,
                     "set disabled, addLabels or removeLabels", "it changes nothing");
    }
    if (change->disabled == BNC_TRUE && n > 0) {
        wrong(diags, path, "disabled", "keep disabled, or addLabels and removeLabels",
              "a metric that is switched off has no labels");
    }
    for (size_t i = 0; i < change->add_labels.n; i++) {
        struct bnc_error err = {0};
        if (bnc_cel_plausible(change->add_labels.items[i].value, &err)) {
            wrong(diags, path,
                  bnc_arena_fmt(diags->arena, "addLabels[\"%s\"]",
                                change->add_labels.items[i].key),
                  "write an expression, a constant in quotes: \"'x'\"", err.message);
        }
    }
    for (size_t i = 0; i < change->remove_labels.n; i++) {
        if (has_key(&change->add_labels, change->remove_labels.items[i])) {
            wrong(diags, path, bnc_arena_fmt(diags->arena, "removeLabels[%zu]", i),
                  "keep it in one of them", "the label is in addLabels too");
        } else if (!bnc_istio_label_known(change->remove_labels.items[i])) {
            bnc_diag_warn(diags, BNC_REASON_INVALID_FIELD,
                          bnc_arena_fmt(diags->arena, "%s.removeLabels[%zu]", path, i),
                          "remove it, or use the name of a standard label",
                          "Istio's metrics have no label \"%s\" of their own",
                          change->remove_labels.items[i]);
        }
    }
}

static void
check_counter(struct bnc_diags *diags, const struct bnc_counter_spec *counter,
              const char *path)
{
    struct bnc_error err = {0};
    int64_t ms = 1;
    const struct {
        const char *field;
        const char *value;
    } names[] = {{"name", counter->name}, {"from", counter->from}};

    for (size_t i = 0; i < BNC_LEN(names); i++) {
        if (names[i].value != NULL && !bnc_metric_name_valid(names[i].value)) {
            wrong(diags, path, names[i].field, "use letters, digits, \"_\" and \":\"",
                  "it is no name of a metric");
        }
    }
    if (counter->from != NULL && bnc_str_eq(counter->name, counter->from)) {
        wrong(diags, path, "name", "give the new series a name of its own",
              "it is the series that it is made from");
    }
    if (counter->rate != NULL && bnc_duration_parse(counter->rate, &ms, &err) == BNC_OK &&
        ms == 0) {
        wrong(diags, path, "rate", "write a duration as 5m, or leave rate out",
              "there is no rate over no time");
    }
}

/* ---- slos ---------------------------------------------------------------------- */

static void
check_objective(struct bnc_diags *diags, const struct bnc_slo_spec *slo, const char *path)
{
    static const char *const taken[] = {"slo", "metric_rule", "__name__"};
    struct bnc_error err = {0};
    int64_t ms = 0;

    if (slo->objective != NULL && bnc_objective_budget(slo->objective) == 0) {
        wrong(diags, path, "objective", "write a percentage as 99.9 or 99.995",
              "an objective is above 0 and below 100, with at most five decimals");
    }
    if (slo->window != NULL && bnc_duration_parse(slo->window, &ms, &err) == BNC_OK &&
        (ms < BNC_SLO_WINDOW_MIN_MS || ms > BNC_SLO_WINDOW_MAX_MS)) {
        wrong(diags, path, "window", "write a duration as 30d",
              "the window of an objective is 7d to 366d");
    }
    for (size_t i = 0; i < BNC_LEN(taken); i++) {
        if (has_key(&slo->labels, taken[i])) {
            wrong(diags, path, bnc_arena_fmt(diags->arena, "labels[\"%s\"]", taken[i]),
                  "use another name", "binnacle sets this label");
        }
    }
}

static void
check_alert(struct bnc_diags *diags, const struct bnc_slo_alert_spec *alert,
            const char *path)
{
    if (alert != NULL) {
        check_templates(diags, &alert->labels,
                        bnc_arena_fmt(diags->arena, "%s.labels", path));
        check_templates(diags, &alert->annotations,
                        bnc_arena_fmt(diags->arena, "%s.annotations", path));
    }
}

static void
check_slo(struct bnc_diags *diags, const struct bnc_slo_spec *slo, const char *path)
{
    check_objective(diags, slo, path);
    check_source(diags, slo->errors, bnc_arena_fmt(diags->arena, "%s.errors", path));
    check_source(diags, slo->total, bnc_arena_fmt(diags->arena, "%s.total", path));
    if (slo->by.n > 0 && slo->errors != NULL && slo->total != NULL &&
        (bnc_slo_is_expression(slo->errors) || bnc_slo_is_expression(slo->total))) {
        bnc_diag_add(diags, BNC_REASON_INVALID_FIELD,
                     bnc_arena_fmt(diags->arena, "%s.by", path),
                     "write \"by\" into the expressions",
                     "an expression with $window is taken as it stands");
    }
    if (slo->alerts != NULL) {
        check_alert(diags, slo->alerts->page,
                    bnc_arena_fmt(diags->arena, "%s.alerts.page", path));
        check_alert(diags, slo->alerts->ticket,
                    bnc_arena_fmt(diags->arena, "%s.alerts.ticket", path));
    }
}

/* ---- the whole ----------------------------------------------------------------- */

static void
check_selector(struct bnc_diags *diags, const struct bnc_spec_metric_rule *spec)
{
    if (spec->selector != NULL && spec->selector->match_labels.set &&
        spec->selector->match_labels.n == 0) {
        wrong(diags, "spec", "selector.matchLabels",
              "name a label, or remove the selector",
              "it has no label; Istio takes that for the whole namespace");
    }
    if (spec->selector != NULL && spec->mesh.n == 0) {
        bnc_diag_warn(diags, BNC_REASON_INVALID_FIELD, "spec.selector",
                      "say what changes for them in mesh, or remove it",
                      "it selects workloads for mesh, which is empty");
    }
}

static void
check_all(const struct bnc_spec_metric_rule *spec, struct bnc_diags *diags)
{
    const struct bnc_rule_group_spec *groups = spec->groups.items;
    const struct bnc_metric_change_spec *changes = spec->mesh.items;
    const struct bnc_counter_spec *counters = spec->counters.items;
    const struct bnc_slo_spec *slos = spec->slos.items;

    check_selector(diags, spec);
    for (size_t i = 0; i < spec->groups.n; i++) {
        bnc_rule_group_check(&groups[i], false,
                             bnc_arena_fmt(diags->arena, "spec.groups[%zu]", i), diags);
    }
    for (size_t i = 0; i < spec->mesh.n; i++) {
        check_change(diags, &changes[i],
                     bnc_arena_fmt(diags->arena, "spec.mesh[%zu]", i));
    }
    for (size_t i = 0; i < spec->counters.n; i++) {
        check_counter(diags, &counters[i],
                      bnc_arena_fmt(diags->arena, "spec.counters[%zu]", i));
    }
    for (size_t i = 0; i < spec->slos.n; i++) {
        check_slo(diags, &slos[i], bnc_arena_fmt(diags->arena, "spec.slos[%zu]", i));
    }
}

/* Expressions and names of fields are many, and none of them is kept. */
void
bnc_metric_rule_check(const struct bnc_spec_metric_rule *spec, struct bnc_diags *diags)
{
    BNC_AUTO(bnc_arena) scratch = bnc_arena_new();
    struct bnc_diags found = bnc_diags_new(scratch);
    found.effort = diags->effort;
    check_all(spec, &found);
    bnc_diags_take(diags, &found);
}
