/*
 * Expressions and templates that are looked at, groups of rules as text.
 */
#include "tests/unit/metric_rule.h"

#include "promql/promql.h"
#include "render/rules.h"
#include "validate/rule_template.h"

#define EXPRESSIONS "tests/rules/expressions/"

/* ---- expressions: what promtool takes and refuses, see tests/rules/run ---------- */

static bool
takes(const char *expr, struct bnc_arena *arena, struct bnc_promql_problem *problem)
{
    static const struct bnc_promql_options options = {.any_release = true,
                                                      .experimental_functions = true,
                                                      .fill_modifiers = true,
                                                      .experimental_duration_expr = true,
                                                      .extended_range_selectors = true};
    return bnc_promql_parse((struct bnc_bytes){expr, strlen(expr)}, &options, arena,
                            problem) != NULL;
}

TEST(taken)
{
    static const char *const files[] = {"valid.promql", "valid-3.promql",
                                        "valid-flags.promql"};
    struct bnc_arena *arena = bnc_arena_new();
    size_t n = 0;
    for (size_t i = 0; i < BNC_LEN(files); i++) {
        char *text = read_text(bnc_arena_fmt(arena, EXPRESSIONS "%s", files[i]), arena);
        CHECK(text != NULL);
        for (char *s = strtok(text, "\n"); s != NULL; s = strtok(NULL, "\n")) {
            struct bnc_promql_problem problem = {.message = "taken"};
            if (*s == '#') {
                continue;
            }
            bnc_test_row(s);
            (void)takes(s, arena, &problem);
            CHECK_STR(problem.message, "taken");
            n++;
        }
    }
    CHECK(n > 120);
    bnc_arena_free(arena);
}

TEST(refused)
{
    struct bnc_arena *arena = bnc_arena_new();
    char *text = read_text(EXPRESSIONS "invalid.promql", arena);
    size_t n = 0;
    CHECK(text != NULL);
    for (char *s = strtok(text, "\n"); s != NULL; s = strtok(NULL, "\n")) {
        struct bnc_promql_problem problem = {0};
        char *expr = strchr(s, '\t');
        if (*s == '#' || expr == NULL) {
            continue;
        }
        *expr++ = '\0';
        bnc_test_row(expr);
        CHECK(!takes(expr, arena, &problem));
        CHECK_STR(bnc_arena_fmt(arena, "%zu:%zu", problem.line, problem.column), s);
        CHECK(bnc_str_starts(problem.message, "line "));
        n++;
    }
    CHECK(n > 60);
    bnc_arena_free(arena);
}

/* ---- templates ----------------------------------------------------------------- */

TEST(templates)
{
    static const struct {
        const char *text;
        const char *want;
    } rows[] = {
        {"", NULL},
        {"no }} action", NULL},
        {"{{ $labels.job }} and {{$value}}", NULL},
        {"{{ if gt $value 1.0 }}a{{ else }}b{{ end }}", NULL},
        {"{{- range query \"up{a='}}'}\" -}}{{ .Labels.job }}{{ end }}", NULL},
        {"{{ printf `}}` }}{{/* a }} comment */}}", NULL},
        {"{{ endpoint }}", NULL},
        {"{{ with $x }}{{ range . }}{{ end }}{{ end }}", NULL},
        {"{{ $labels.job }", "\"{{\" is not closed with \"}}\""},
        {"a {{", "\"{{\" is not closed with \"}}\""},
        {"{{ \"a }}", "\"{{\" is not closed with \"}}\""},
        {"{{}}", "an action {{ }} is empty"},
        {"{{ if $x }}a", "{{ end }} is missing"},
        {"a{{ end }}", "{{ end }} has no beginning"},
        {"a{{ else }}", "{{ else }} has no beginning"},
    };
    struct bnc_arena *arena = bnc_arena_new();
    for (size_t i = 0; i < BNC_LEN(rows); i++) {
        bnc_test_row(rows[i].text);
        CHECK_STR(bnc_rule_template_problem(rows[i].text, arena), rows[i].want);
    }
    bnc_arena_free(arena);
}

/* ---- groups -------------------------------------------------------------------- */

#define GROUP                                                                            \
    "groups:\n"                                                                          \
    "- name: a b\n"                                                                      \
    "  interval: 30s\n"                                                                  \
    "  query_offset: 1m\n"                                                               \
    "  limit: 10\n"                                                                      \
    "  labels: {team: web, tier: one}\n"                                                 \
    "  rules:\n"                                                                         \
    "  - {record: 'a:b', expr: 'sum(up)', labels: {namespace: x, team: own}}\n"          \
    "  - {alert: Down, expr: 'up == 0', for: 5m, keep_firing_for: 1m,\n"                 \
    "     annotations: {summary: '{{ $labels.job }} is \"down\"'}}"

TEST(rendered)
{
    static const struct bnc_version old = {.major = 2, .minor = 30};
    static const struct {
        const char *name;
        struct bnc_rule_options options;
        const char *want;
    } rows[] = {
        {"newest",
         {0},
         "  - name: G\n"
         "    interval: 30s\n"
         "    query_offset: 1m\n"
         "    limit: 10\n"
         "    labels:\n"
         "      team: web\n"
         "      tier: one\n"
         "    rules:\n"
         "    - record: a:b\n"
         "      expr: 'sum(up)'\n"
         "      labels:\n"
         "        namespace: x\n"
         "        team: own\n"
         "    - alert: Down\n"
         "      expr: 'up == 0'\n"
         "      for: 5m\n"
         "      keep_firing_for: 1m\n"
         "      annotations:\n"
         "        summary: '{{ $labels.job }} is \"down\"'\n"},
        {"old, of a tenant",
         {.version = &old, .enforced_namespace = "shop"},
         "  - name: G\n"
         "    interval: 30s\n"
         "    rules:\n"
         "    - record: a:b\n"
         "      expr: 'sum(up)'\n"
         "      labels:\n"
         "        namespace: shop\n"
         "        team: own\n"
         "        tier: one\n"
         "    - alert: Down\n"
         "      expr: 'up == 0'\n"
         "      for: 5m\n"
         "      labels:\n"
         "        namespace: shop\n"
         "        team: web\n"
         "        tier: one\n"
         "      annotations:\n"
         "        summary: '{{ $labels.job }} is \"down\"'\n"},
    };
    struct compiled c;
    compile_spec(&c, GROUP);
    CHECK_STR(diags_text(&c.out.diags), "");
    CHECK_INT(c.ir->n_groups, 1);
    for (size_t i = 0; i < BNC_LEN(rows); i++) {
        struct bnc_bytes text = {0};
        struct bnc_error err = {0};
        bnc_test_row(rows[i].name);
        CHECK_INT(bnc_rule_group_render("G", &c.ir->groups[0].group, &rows[i].options,
                                        c.arena, &text, &err),
                  BNC_OK);
        CHECK_STR(text.ptr, rows[i].want);
    }
    compiled_free(&c);
}

TEST(gates)
{
    static const struct bnc_version old = {.major = 2, .minor = 30};
    static const struct bnc_version now = {.major = 2, .minor = 53};
    struct compiled c;
    compile_spec(&c, GROUP);
    struct bnc_diags diags = bnc_diags_new(c.arena);
    bnc_rule_group_gates(&c.ir->groups[0].group, &now, "spec.groups[0]", &diags);
    bnc_rule_group_gates(&c.ir->groups[0].group, NULL, "spec.groups[0]", &diags);
    CHECK_STR(diags_text(&diags), "");
    bnc_rule_group_gates(&c.ir->groups[0].group, &old, "spec.groups[0]", &diags);
    CHECK_STR(
        diags_text(&diags),
        "warning: spec.groups[0].limit: the field is left out; it needs Prometheus "
        "2.31\n"
        "warning: spec.groups[0].query_offset: the field is left out; it needs "
        "Prometheus 2.53\n"
        "warning: spec.groups[0].rules[1].keep_firing_for: the field is left out; it "
        "needs Prometheus 2.42");
    compiled_free(&c);
}

TEST(counters)
{
    static const struct {
        const char *spec;
        const char *want;
    } rows[] = {
        {"{name: c, from: f_total}", "sum(f_total)"},
        {"{name: c, from: f_total, rate: 5m}", "sum(rate(f_total[5m]))"},
        {"{name: c, from: f_total, by: [b, a]}", "sum by (b, a) (f_total)"},
        {"{name: c, from: f_total, where: {z: 'a|b', c: 'x\\.\"y'}, by: [q], rate: 1m}",
         "sum by (q) (rate(f_total{c=~\"x\\\\.\\\"y\",z=~\"a|b\"}[1m]))"},
    };
    for (size_t i = 0; i < BNC_LEN(rows); i++) {
        struct compiled c;
        struct bnc_promql_problem problem = {0};
        char spec[512];
        bnc_test_row(rows[i].spec);
        (void)snprintf(spec, sizeof(spec), "counters: [%s]", rows[i].spec);
        compile_spec(&c, spec);
        CHECK_STR(diags_text(&c.out.diags), "");
        const struct bnc_rule_spec *rule = c.ir->groups[0].group.rules.items;
        CHECK_STR(rule->record, "c");
        CHECK_STR(rule->expr, rows[i].want);
        CHECK(takes(rule->expr, c.arena, &problem));
        compiled_free(&c);
    }
}

RUN_TESTS(taken, refused, templates, rendered, gates, counters)
