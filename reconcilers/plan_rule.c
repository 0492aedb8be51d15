/*
 * Groups of rules: which of a PrometheusRule's an Observatory takes, and the text of
 * each, also of MetricRules'.
 */
#include <string.h>

#include "lib/hash.h"
#include "lib/units.h"
#include "model/ir_metric_rule.h"
#include "model/spec_from.h"
#include "promql/enforce.h"
#include "promql/print.h"
#include "promql/promql.h"
#include "reconcilers/monitor.h"
#include "reconcilers/plan_judge.h"
#include "render/rules.h"
#include "validate/relabel.h"

/* ---- verdicts ------------------------------------------------------------------ */

/*
 * Who reads the expressions.  prometheus-operator itself parses with its own release
 * whatever the version is, and knows one flag; a Prometheus that nobody describes may
 * have any.
 */
static struct bnc_promql_options
reader_of(const struct bnc_plan_state *state)
{
    const struct bnc_spec_from *from = state->ir->from;
    bool any = from == NULL;
    struct bnc_promql_options options = {
        .version = bnc_monitor_exact(state) ? NULL : &state->version,
        .legacy_names = state->version.major < 3,
        .experimental_functions = any,
        .fill_modifiers = any,
        .experimental_duration_expr = any,
        .extended_range_selectors = any};
    const struct {
        const char *name;
        bool *flag;
    } flags[] = {
        {"promql-experimental-functions", &options.experimental_functions},
        {"promql-binop-fill-modifiers", &options.fill_modifiers},
        {"promql-duration-expr", &options.experimental_duration_expr},
        {"promql-extended-range-selectors", &options.extended_range_selectors},
    };
    for (size_t i = 0; !any && i < from->features.n; i++) {
        for (size_t k = 0; k < BNC_LEN(flags); k++) {
            *flags[k].flag =
                *flags[k].flag || strcmp(from->features.items[i], flags[k].name) == 0;
        }
    }
    return options;
}

struct reading {
    struct bnc_judging *j;
    struct bnc_promql_options options;
};

static void
check_names(const struct reading *r, const struct bnc_pairs *pairs, const char *field)
{
    for (size_t i = 0; i < pairs->n; i++) {
        if (!bnc_relabel_label_valid(pairs->items[i].key, &r->j->state->version)) {
            bnc_diag_add(
                &r->j->diags, BNC_REASON_INVALID_FIELD,
                bnc_arena_fmt(r->j->arena, "%s[\"%s\"]", field, pairs->items[i].key),
                "use letters, digits and \"_\"", "it is no name of a label");
        }
    }
}

static void
check_rule(const struct reading *r, const struct bnc_rule_spec *rule, const char *field)
{
    struct bnc_judging *j = r->j;
    struct bnc_promql_problem problem = {0};

    if (rule->record != NULL && r->options.legacy_names &&
        !bnc_metric_name_valid(rule->record)) {
        bnc_diag_add(&j->diags, BNC_REASON_INVALID_FIELD,
                     bnc_arena_fmt(j->arena, "%s.record", field),
                     "use letters, digits, \"_\" and \":\"",
                     "it is no name of a metric for Prometheus %u.%u",
                     j->state->version.major, j->state->version.minor);
    }
    check_names(r, &rule->labels, bnc_arena_fmt(j->arena, "%s.labels", field));
    check_names(r, &rule->annotations, bnc_arena_fmt(j->arena, "%s.annotations", field));
    if (bnc_promql_parse((struct bnc_bytes){rule->expr, strlen(rule->expr)}, &r->options,
                         j->arena, &problem) == NULL) {
        bnc_diag_add(&j->diags, BNC_REASON_INVALID_FIELD,
                     bnc_arena_fmt(j->arena, "%s.expr", field), problem.remedy, "%s",
                     problem.message);
    }
}

static bool
check_group(const struct reading *r, const struct bnc_ir_rule_group *group)
{
    const struct bnc_rule_spec *rules = group->group.rules.items;
    size_t errors = r->j->diags.errors;

    check_names(r, &group->group.labels,
                bnc_arena_fmt(r->j->arena, "%s.labels", group->field));
    for (size_t i = 0; i < group->group.rules.n; i++) {
        check_rule(r, &rules[i],
                   bnc_arena_fmt(r->j->arena, "%s.rules[%zu]", group->field, i));
    }
    return r->j->diags.errors == errors;
}

/* A group with something wrong is left out alone; with compat: Exact all of them are. */
void
bnc_judge_prometheus_rule(struct bnc_judging *j, struct bnc_verdict *verdict)
{
    const struct bnc_ir *ir = j->member->ir;
    const struct bnc_ir_metric_rule *rule = ir->as.metric_rule;
    struct reading r = {.j = j, .options = reader_of(j->state)};
    size_t n_taken = 0;

    verdict->selected = bnc_selector_match(
        j->state->prometheus->foreign_selectors[BNC_FOREIGN_RULE], ir->labels);
    if (!verdict->selected) {
        j->row->silent = true;
        return;
    }
    bool *taken = bnc_arena_array(j->row->arena, rule->n_groups, sizeof(*taken));
    bnc_diags_copy(&j->diags, ir->diags.items, ir->diags.n);
    r.options.effort = &j->diags.effort;
    for (size_t i = 0; i < rule->n_groups; i++) {
        taken[i] = check_group(&r, &rule->groups[i]);
        n_taken += taken[i];
    }
    bnc_judge_settle(j, verdict);
    if (!verdict->accepted && (n_taken == 0 || bnc_monitor_exact(j->state))) {
        return;
    }
    verdict->accepted = true;
    verdict->why = j->diags.items;
    verdict->n_why = j->diags.n;
    j->row->gives = BNC_MEMO_RULER;
    j->row->as.ruler = (struct bnc_ruler){.member = j->member,
                                          .ir = rule,
                                          .taken = taken,
                                          .excluded = bnc_judge_excluded(j)};
}

/* ---- units --------------------------------------------------------------------- */

struct adding {
    const struct bnc_plan *plan;
    struct bnc_arena *arena;
    void (*add)(void *context, const char *name, struct bnc_unit_source *source,
                size_t verdict);
    void *context;
};

/* A key of a ConfigMap has at most this many bytes. */
#define KEY_MAX 253

/* A group's name as that of a file. */
static const char *
file_of_group(const char *name, struct bnc_arena *arena)
{
    static const char ok[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                             "0123456789-_.";
    char hex[BNC_SHA256_HEX];
    char *out = bnc_arena_fmt(arena, "%.200s", name);
    for (char *c = out + strspn(out, ok); *c != '\0'; c += strspn(c, ok)) {
        *c = '-';
    }
    bnc_sha256_hex(name, strlen(name), hex);
    return bnc_arena_fmt(arena, "%s-%.12s.yaml", out, hex);
}

/* prometheus-operator's name of a file: NS-NAME-UID.yaml. */
static const char *
file_of_object(const struct bnc_object *object, struct bnc_arena *arena)
{
    const char *uid = object->uid;
    if (uid[0] == '\0') { /* of no API server: always the same */
        char hex[BNC_SHA256_HEX];
        const char *id = bnc_arena_fmt(arena, "%s/%s", object->ns, object->name);
        bnc_sha256_hex(id, strlen(id), hex);
        uid = bnc_arena_fmt(arena, "%.8s-%.4s-%.4s-%.4s-%.12s", hex, hex + 8, hex + 12,
                            hex + 16, hex + 20);
    }
    const char *file =
        bnc_arena_fmt(arena, "%s-%s-%s.yaml", object->ns, object->name, uid);
    return strlen(file) <= KEY_MAX ? file
                                   : bnc_arena_fmt(arena, "%s-%s.yaml", object->ns, uid);
}

/* Counters that Mixer counts are no rules. */
static void
metric_rule_units(const struct adding *a, size_t verdict)
{
    const struct bnc_plan *plan = a->plan;
    const struct bnc_plan_state *state = plan->state;
    const struct bnc_mesh_spec *mesh = state->ir->spec.mesh;
    bool mixer = mesh != NULL && bnc_str_eq(mesh->mode, "Mixer");
    const struct bnc_verdict *v = &plan->verdicts[verdict];
    const struct bnc_ir_metric_rule *rule = v->member->ir->as.metric_rule;
    const char *ns = v->member->object->ns;
    bool own = strcmp(ns, plan->observatory->object->ns) == 0;

    for (size_t k = 0; k < rule->n_groups; k++) {
        const struct bnc_ir_rule_group *group = &rule->groups[k];
        if (mixer && group->origin == BNC_RULE_FROM_COUNTER) {
            continue;
        }
        struct bnc_unit_source *source = bnc_arena_alloc(a->arena, sizeof(*source));
        *source = (struct bnc_unit_source){
            .type = BNC_UNIT_RULES,
            .rules = group,
            .tenant = own ? NULL : bnc_arena_strdup(a->arena, ns)};
        a->add(a->context,
               state->ir->operator_output ? file_of_group(group->name, a->arena)
                                          : group->name,
               source, verdict);
    }
}

static void
ruler_units(const struct adding *a, const struct bnc_ruler *ruler)
{
    const struct bnc_plan_state *state = a->plan->state;
    const struct bnc_object *object = ruler->member->object;
    bool one_file = state->ir->operator_output;
    struct bnc_unit_source like = {
        .type = BNC_UNIT_RULES,
        .ruler = one_file ? ruler : NULL,
        .tenant = ruler->excluded ? NULL : bnc_arena_strdup(a->arena, object->ns),
        .whole = true};

    if (one_file && ruler->ir->n_groups == 0) { /* a file all the same */
        struct bnc_unit_source *source = bnc_arena_alloc(a->arena, sizeof(*source));
        *source = like;
        a->add(a->context, file_of_object(object, a->arena), source, ruler->verdict);
    }
    for (size_t k = 0; k < ruler->ir->n_groups; k++) {
        const struct bnc_ir_rule_group *group = &ruler->ir->groups[k];
        if (!ruler->taken[k]) {
            continue;
        }
        struct bnc_unit_source *source = bnc_arena_alloc(a->arena, sizeof(*source));
        *source = like;
        source->rules = group;
        a->add(a->context, one_file ? file_of_object(object, a->arena) : group->name,
               source, ruler->verdict);
        if (one_file) {
            return; /* it has the others, too */
        }
    }
}

void
bnc_plan_rule_units(const struct bnc_plan *plan, struct bnc_arena *arena,
                    void (*add)(void *context, const char *name,
                                struct bnc_unit_source *source, size_t verdict),
                    void *context)
{
    const struct bnc_plan_state *state = plan->state;
    const struct adding a = {plan, arena, add, context};

    for (size_t i = 0; state->prometheus != NULL && i < plan->n_verdicts; i++) {
        if (plan->verdicts[i].accepted &&
            plan->verdicts[i].member->ir->type == BNC_IR_METRIC_RULE) {
            metric_rule_units(&a, i);
        }
    }
    for (size_t i = 0; i < state->n_rulers; i++) {
        ruler_units(&a, &state->rulers[i]);
    }
}

/* ---- text ---------------------------------------------------------------------- */

/* `labels` with one more, or with another value, still in byte order of keys. */
static struct bnc_pairs
with_label(const struct bnc_pairs *labels, const struct bnc_pair *label,
           struct bnc_arena *arena)
{
    struct bnc_pairs out = {.set = true};
    size_t i = 0;

    out.items = bnc_arena_array(arena, labels->n + 1, sizeof(*out.items));
    for (; i < labels->n && strcmp(labels->items[i].key, label->key) < 0; i++) {
        out.items[out.n++] = labels->items[i];
    }
    out.items[out.n++] = *label;
    i += i < labels->n && strcmp(labels->items[i].key, label->key) == 0;
    for (; i < labels->n; i++) {
        out.items[out.n++] = labels->items[i];
    }
    return out;
}

/* Every rule gives, and reads, series with this label alone. */
static enum bnc_code
enforce(const struct bnc_plan_state *state, const struct bnc_pair *label,
        struct bnc_arena *arena, struct bnc_rule_group_spec *group, struct bnc_error *err)
{
    const struct bnc_promql_options options = reader_of(state);
    const struct bnc_rule_spec *from = group->rules.items;
    struct bnc_rule_spec *rules = bnc_arena_array(arena, group->rules.n, sizeof(*rules));
    enum bnc_promql_reach reach =
        bnc_monitor_exact(state) ? BNC_PROMQL_REACH_OPERATOR : BNC_PROMQL_REACH_ALL;

    for (size_t i = 0; i < group->rules.n; i++) {
        const struct bnc_bytes text = {from[i].expr, strlen(from[i].expr)};
        struct bnc_promql_problem problem = {0};
        struct bnc_promql *expr = bnc_promql_parse(text, &options, arena, &problem);
        struct bnc_str out = bnc_str_new(arena, BNC_RULE_GROUP_MAX);
        if (expr == NULL) {
            return bnc_fail(err, BNC_INTERNAL, "rule %zu: %s", i, problem.message);
        }
        bnc_promql_enforce(expr, (struct bnc_bytes){label->key, strlen(label->key)},
                           (struct bnc_bytes){label->value, strlen(label->value)}, reach,
                           arena);
        bnc_promql_print(expr, &out);
        if (bnc_str_check(&out, "an expression", err)) {
            return bnc_wrap(err, "rule %zu", i);
        }
        rules[i] = from[i];
        rules[i].expr = out.ptr;
        rules[i].labels = with_label(&from[i].labels, label, arena);
    }
    group->rules.items = rules;
    return BNC_OK;
}

/* One group, under its name. */
static enum bnc_code
lower_group(const struct bnc_plan_state *state, const struct bnc_unit_source *source,
            const struct bnc_ir_rule_group *from, struct bnc_arena *arena,
            struct bnc_bytes *out, struct bnc_diags *diags, struct bnc_error *err)
{
    const char *label = state->prometheus->enforced_namespace_label;
    bool enforced = label != NULL && label[0] != '\0' && source->tenant != NULL;
    const char *name = source->ruler != NULL ? from->group.name : from->name;
    struct bnc_rule_options options = {.version = &state->version};
    struct bnc_rule_group_spec group = from->group;

    if (enforced && source->whole) {
        const struct bnc_pair pair = {.key = label, .value = source->tenant};
        if (enforce(state, &pair, arena, &group, err)) {
            return bnc_wrap(err, "group \"%.200s\"", name);
        }
    } else if (enforced) {
        options.enforced_namespace = source->tenant;
    }
    bnc_rule_group_gates(&group, &state->version, from->field, diags);
    return bnc_rule_group_render(name, &group, &options, arena, out, err);
}

enum bnc_code
bnc_plan_lower_rules(const struct bnc_plan *plan, const struct bnc_unit *unit,
                     struct bnc_arena *arena, struct bnc_bytes *out,
                     struct bnc_diags *diags, struct bnc_error *err)
{
    const struct bnc_plan_state *state = plan->state;
    const struct bnc_unit_source *source = unit->source;
    const struct bnc_ruler *ruler = source->ruler;

    if (ruler == NULL) {
        return lower_group(state, source, source->rules, arena, out, diags, err);
    }
    struct bnc_str all = bnc_str_new(arena, BNC_RULE_GROUP_MAX);
    for (size_t k = 0; k < ruler->ir->n_groups; k++) {
        struct bnc_bytes one = {0};
        if (!ruler->taken[k]) {
            continue;
        }
        if (lower_group(state, source, &ruler->ir->groups[k], arena, &one, diags, err)) {
            return err->code;
        }
        bnc_str_add(&all, one.ptr, one.len);
    }
    *out = (struct bnc_bytes){all.ptr, all.len};
    return bnc_str_check(&all, "a PrometheusRule", err);
}
