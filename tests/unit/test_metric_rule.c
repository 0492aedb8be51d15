/*
 * MetricRule: what is wrong with it, what goes out all the same; and the rule files of
 * tests/rules/cases, which promtool checks.
 */
#include "tests/unit/metric_rule.h"

#include <stdlib.h>

#include "lib/json.h"
#include "model/crd.h"
#include "render/rules.h"

TEST(findings)
{
    static const struct {
        const char *name;
        const char *spec;
        const char *want;
    } rows[] = {
        {"nothing", "{}", ""},
        {"both", "groups: [{name: a, rules: [{record: a, alert: b, expr: up}]}]",
         "spec.groups[0].rules[0]: record and alert exclude each other; keep one of "
         "record and alert"},
        {"no expression", "groups: [{name: a, rules: [{record: a}]}]",
         "spec.groups[0].rules[0].expr: the field is required; set it"},
        {"name", "groups: [{name: a, rules: [{record: a-b, expr: up}]}]",
         "spec.groups[0].rules[0].record: it is no name of a metric; use letters, "
         "digits, "
         "\"_\" and \":\""},
        {"alert's fields",
         "groups: [{name: a, rules: [{record: a, expr: up, for: 1m, annotations: {a: "
         "b}}]}]",
         "spec.groups[0].rules[0].for: a recording rule has no such field; remove it\n"
         "spec.groups[0].rules[0].annotations: a recording rule has no such field; "
         "remove "
         "it"},
        {"labels",
         "groups: [{name: a, rules: [{record: a, expr: up, labels: {a.b: c}}]}]",
         "spec.groups[0].rules[0].labels[\"a.b\"]: the name \"a.b\" is not valid; use "
         "letters, "
         "digits and \"_\", no digit at the beginning"},
        {"own name",
         "groups: [{name: a, rules: [{alert: a, expr: up, labels: {__name__: c}}]}]",
         "spec.groups[0].rules[0].labels[\"__name__\"]: the label \"__name__\" may not "
         "be "
         "set; remove it: record gives the name"},
        {"expression", "groups: [{name: a, rules: [{record: a, expr: 'sum(up'}]}]",
         "spec.groups[0].rules[0].expr: line 1, column 4: \"(\" is not closed"},
        {"template",
         "groups: [{name: a, rules: [{alert: a, expr: up, labels: {a: '{{ x'}}]}]",
         "spec.groups[0].rules[0].labels[\"a\"]: \"{{\" is not closed with \"}}\"; write "
         "templates as {{ $labels.job }}"},
        {"no template of a record",
         "groups: [{name: a, rules: [{record: a, expr: up, labels: {a: '{{ x'}}]}]", ""},
        {"twice",
         "groups: [{name: a, rules: [{record: a, expr: up}, {record: a, expr: up, "
         "labels: "
         "{x: z}}, {record: a, expr: up, labels: {x: z}}]}]",
         "warning: spec.groups[0].rules[2].record: rule 1 records the same series; give "
         "it another name, or a label"},
        {"one name", "groups: [{name: a}, {name: a}]",
         "spec.groups[1].name: \"a\" is there twice; give each item its own"},
        {"a counter's name",
         "groups: [{name: counters/x}]\ncounters: [{name: x, from: up}]",
         "spec.counters[0].name: the name belongs to a group that is made of "
         "spec.groups[0]; use another name"},
        {"camel case", "groups: [{name: a, queryOffset: 1m}]",
         "spec.groups[0].queryOffset: unknown field \"queryOffset\"; did you mean "
         "\"query_offset\"?"},
        {"counter", "counters: [{name: a-b, from: a, rate: 0s, where: {a: '('}}]",
         "spec.counters[0].where[\"a\"]: \"(\" is no regular expression: a ( is not "
         "closed with )\n"
         "spec.counters[0].name: it is no name of a metric; use letters, digits, \"_\" "
         "and \":\"\n"
         "spec.counters[0].rate: there is no rate over no time; write a duration as 5m, "
         "or leave rate out"},
        {"itself", "counters: [{name: a, from: a}]",
         "spec.counters[0].name: it is the series that it is made from; give the new "
         "series a name of its own"},
        {"no change", "mesh: [{metric: REQUEST_COUNT}]",
         "spec.mesh[0]: it changes nothing; set disabled, addLabels or removeLabels"},
        {"no metric", "mesh: [{metric: REQUESTCOUNT, disabled: true}]",
         "spec.mesh[0].metric: \"REQUESTCOUNT\" is none of the known values; did you "
         "mean "
         "\"REQUEST_COUNT\"?"},
        {"off with labels",
         "mesh: [{metric: ALL_METRICS, disabled: true, removeLabels: [reporter]}]",
         "spec.mesh[0].disabled: a metric that is switched off has no labels; keep "
         "disabled, or addLabels and removeLabels"},
        {"no standard label",
         "mesh: [{metric: istio_requests_total, removeLabels: [source_ip]}]",
         "warning: spec.mesh[0].removeLabels[0]: Istio's metrics have no label "
         "\"source_ip\" of their own; remove it, or use the name of a standard label"},
        {"in both",
         "mesh: [{metric: REQUEST_SIZE, addLabels: {a: '', b: c}, removeLabels: [b]}]",
         "spec.mesh[0].addLabels[\"a\"]: the expression is empty; write an expression, a "
         "constant in quotes: \"'x'\"\n"
         "spec.mesh[0].removeLabels[0]: the label is in addLabels too; keep it in one of "
         "them"},
        {"selector", "selector: {matchLabels: {}}",
         "spec.selector.matchLabels: it has no label; Istio takes that for the whole "
         "namespace; name a label, or remove the selector\n"
         "warning: spec.selector: it selects workloads for mesh, which is empty; say "
         "what "
         "changes for them in mesh, or remove it"},
    };
    for (size_t i = 0; i < BNC_LEN(rows); i++) {
        struct compiled c;
        bnc_test_row(rows[i].name);
        compile_spec(&c, rows[i].spec);
        CHECK_STR(diags_text(&c.out.diags), rows[i].want);
        compiled_free(&c);
    }
}

/* A part with something wrong is left out, the others go out under their own names. */
TEST(parts)
{
    static const char spec[] =
        "groups:\n"
        "- {name: bad, rules: [{record: a, expr: 'a b'}]}\n"
        "- {name: good, rules: [{record: a, expr: up}, {record: b, expr: up}]}\n"
        "- {name: unknown, nonsense: 1}\n"
        "- {name: good too, rules: []}\n"
        "counters:\n"
        "- {name: bad, from: ''}\n"
        "- {name: good, from: up}\n"
        "slos:\n"
        "- {name: bad, objective: 0, errors: e, total: t}\n"
        "- {name: good, objective: 99, errors: e, total: t}\n"
        "mesh:\n"
        "- {metric: REQUEST_COUNT}\n"
        "- {metric: REQUEST_COUNT, disabled: false}\n"
        "- {metric: REQUEST_SIZE, disabled: true, mode: SERVER}";
    static const struct {
        const char *name;
        const char *field;
        enum bnc_rule_origin origin;
    } want[] = {
        {"shop/rules/good", "spec.groups[1]", BNC_RULE_FROM_GROUP},
        {"shop/rules/good too", "spec.groups[3]", BNC_RULE_FROM_GROUP},
        {"shop/rules/counters/good", "spec.counters[1]", BNC_RULE_FROM_COUNTER},
        {"shop/rules/slos/good", "spec.slos[1]", BNC_RULE_FROM_SLO},
    };
    struct compiled c;
    compile_spec(&c, spec);
    CHECK_INT(c.ir->n_groups, BNC_LEN(want));
    for (size_t i = 0; i < BNC_LEN(want); i++) {
        bnc_test_row(want[i].name);
        CHECK_STR(c.ir->groups[i].name, want[i].name);
        CHECK_STR(c.ir->groups[i].field, want[i].field);
        CHECK_INT(c.ir->groups[i].origin, want[i].origin);
    }
    CHECK_INT(c.ir->n_rules, 2 + 0 + 1 + 15);
    CHECK_INT(c.ir->n_left_out, 5);
    CHECK_INT(c.ir->n_counters, 1);
    CHECK_STR(c.ir->counters[0].field, "spec.counters[1]");
    CHECK_INT(c.ir->n_changes, 2);
    CHECK_STR(c.ir->changes[0].field, "spec.mesh[1]");
    CHECK_STR(c.ir->changes[0].spec->mode, "CLIENT_AND_SERVER");
    CHECK_STR(c.ir->changes[1].field, "spec.mesh[2]");
    compiled_free(&c);
}

/* spec.groups[1] is not below spec.groups[10]. */
TEST(many)
{
    struct compiled c;
    struct bnc_str spec = bnc_str_new(NULL, (size_t)1 << 20);
    bnc_str_puts(&spec, "groups:");
    for (int i = 0; i < 12; i++) {
        bnc_str_fmt(&spec, "\n- {name: g%d, rules: [{record: a, expr: '%s'}]}", i,
                    i == 10 ? "a b" : "a");
    }
    compile_spec(&c, spec.ptr);
    CHECK_INT(c.ir->n_groups, 11);
    compiled_free(&c);

    /* more errors than are kept: nobody can tell what is right */
    bnc_str_clear(&spec);
    bnc_str_puts(&spec, "groups:\n- {name: good, rules: [{record: a, expr: a}]}\n"
                        "- name: bad\n  rules:");
    for (int i = 0; i < BNC_DIAGS_MAX + 1; i++) {
        bnc_str_fmt(&spec, "\n  - {record: a%d, expr: ''}", i);
    }
    compile_spec(&c, spec.ptr);
    CHECK_INT(c.out.diags.errors, BNC_DIAGS_MAX + 1);
    CHECK_INT(c.ir->n_groups, 0);
    compiled_free(&c);
    bnc_str_free(&spec);
}

/* A selector that is wrong selects nothing, not everything. */
TEST(selector)
{
    struct compiled c;
    compile_spec(&c, "selector: {matchLabels: {}}\n"
                     "mesh: [{metric: REQUEST_COUNT, disabled: true}]\n"
                     "counters: [{name: a, from: b}]");
    CHECK_INT(c.ir->n_changes, 0);
    CHECK_INT(c.ir->n_groups, 1);
    compiled_free(&c);
}

/* The schema is what the API server takes: no field without a type, keys of lists. */
TEST(schema)
{
    struct bnc_arena *arena = bnc_arena_new();
    const cJSON *spec = bnc_fields_schema(bnc_doc_metric_rule.spec, arena);
    const cJSON *groups = bnc_json_path(spec, "properties", "groups", NULL);
    CHECK_STR(bnc_json_get(groups, "x-kubernetes-list-map-keys")->child->valuestring,
              "name");
    CHECK(bnc_json_path(spec, "properties", "slos", "items", "properties", "objective",
                        "type", NULL) != NULL);
    CHECK(bnc_fields_schema(bnc_doc_metric_rule.status, arena) != NULL);
    CHECK_INT(bnc_doc_metric_rule.kind, BNC_KIND_METRIC_RULE);
    bnc_arena_free(arena);
}

/* ---- rule files ---------------------------------------------------------------- */

static const char *
rule_file(const struct compiled *c, const struct bnc_version *version)
{
    struct bnc_str out = bnc_str_new(c->arena, (size_t)1 << 20);
    const struct bnc_rule_options options = {.version = version};
    bnc_str_puts(&out, BNC_RULE_FILE_BEGIN);
    for (size_t i = 0; i < c->ir->n_groups; i++) {
        struct bnc_bytes text = {0};
        struct bnc_error err = {0};
        CHECK_INT(bnc_rule_group_render(c->ir->groups[i].name, &c->ir->groups[i].group,
                                        &options, c->arena, &text, &err),
                  BNC_OK);
        bnc_str_add(&out, text.ptr, text.len);
    }
    return out.ptr;
}

/* With BINNACLE_UPDATE set they are written. */
static void
compare(const struct compiled *c, const char *path, const char *got)
{
    const char *want = read_text(path, c->arena);
    if (getenv("BINNACLE_UPDATE") != NULL) {
        FILE *file = fopen(path, "we");
        CHECK(file != NULL);
        (void)fputs(got, file);
        (void)fclose(file);
        return;
    }
    CHECK_STR(got, want);
}

TEST(files)
{
    static const char *const names[] = {"groups", "counters", "slo", "seed"};
    static const struct bnc_version two = {.major = 2, .minor = 53, .patch = 3};
    for (size_t i = 0; i < BNC_LEN(names); i++) {
        struct bnc_arena *arena = bnc_arena_new();
        struct compiled c;
        const char *folder = bnc_arena_fmt(arena, "tests/rules/cases/%s", names[i]);
        bnc_test_row(names[i]);
        const char *in = read_text(bnc_arena_fmt(arena, "%s/in.yml", folder), arena);
        CHECK(in != NULL);
        compile(&c, in);
        CHECK_STR(diags_text(&c.out.diags), "");
        compare(&c, bnc_arena_fmt(arena, "%s/rules.yml", folder), rule_file(&c, NULL));
        compare(&c, bnc_arena_fmt(arena, "%s/rules-2.yml", folder), rule_file(&c, &two));
        compiled_free(&c);
        bnc_arena_free(arena);
    }
}

/* Every example of the page for users is right as it stands. */
TEST(pasted)
{
    static const char begin[] = "```yaml\n";
    struct bnc_arena *arena = bnc_arena_new();
    const char *page = read_text("docs/metric-rules.md", arena);
    size_t n = 0;
    CHECK(page != NULL);
    for (const char *s = strstr(page, begin); s != NULL; s = strstr(s, begin)) {
        struct compiled c;
        s += strlen(begin);
        const char *end = strstr(s, "```");
        CHECK(end != NULL);
        const char *yaml = bnc_arena_strndup(arena, s, (size_t)(end - s));
        bnc_test_row(yaml);
        compile(&c, yaml);
        CHECK_STR(diags_text(&c.out.diags), "");
        CHECK(c.ir->n_groups + c.ir->n_changes > 0);
        compiled_free(&c);
        n++;
    }
    CHECK_INT(n, 7);
    bnc_arena_free(arena);
}

RUN_TESTS(findings, parts, many, selector, schema, files, pasted)
