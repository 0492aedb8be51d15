/*
 * prometheus-operator's PrometheusRule: decode, check, make groups of rules.  Which
 * Prometheus reads them is decided in plan_rule.c.
 */
#include "model/spec_prometheus_rule.h"

#include <string.h>

#include "model/ir_metric_rule.h"
#include "reconcilers/compile.h"
#include "reconcilers/metric_rule_check.h"
#include "render/rules.h"

#define OBJECT_MAX 524288 /* bytes of a rule file: prometheus-operator's own limit */

struct step {
    const struct bnc_object *self;
    struct bnc_arena *arena;
    struct bnc_diags *diags;
    struct bnc_ir_metric_rule *ir;
    size_t size; /* of all groups */
};

static void
add_group(struct step *s, const struct bnc_rule_group_spec *group, const char *field)
{
    BNC_AUTO(bnc_arena) scratch = bnc_arena_new();
    const struct bnc_rule_options newest = {0};
    struct bnc_bytes text = {0};
    struct bnc_error err = {0};

    if (bnc_rule_group_render(group->name, group, &newest, scratch, &text, &err)) {
        bnc_diag_add(s->diags, BNC_REASON_TOO_BIG, field, "make it smaller", "%s",
                     err.message);
        s->ir->n_left_out++;
        return;
    }
    s->size += text.len;
    s->ir->groups[s->ir->n_groups++] = (struct bnc_ir_rule_group){
        .origin = BNC_RULE_FROM_GROUP,
        .name = bnc_arena_fmt(s->arena, "prometheusRule/%s/%s/%s", s->self->ns,
                              s->self->name, group->name),
        .field = field,
        .group = *group,
    };
    s->ir->n_rules += group->rules.n;
}

static void
check_size(const struct step *s)
{
    if (s->size > OBJECT_MAX) {
        bnc_diag_add(
            s->diags, BNC_REASON_TOO_BIG, "spec.groups", "divide it into several objects",
            "its rules are %zu bytes, and %d may be in one file", s->size, OBJECT_MAX);
        s->ir->n_left_out += s->ir->n_groups;
        s->ir->n_groups = 0;
    }
}

/* Texts of diagnostics are many and few are kept, as with MetricRules. */
static void
check_groups(const struct bnc_list *groups, struct bnc_diags *diags)
{
    BNC_AUTO(bnc_arena) scratch = bnc_arena_new();
    const struct bnc_rule_group_spec *items = groups->items;
    struct bnc_diags found = bnc_diags_new(scratch);

    found.effort = diags->effort;
    for (size_t i = 0; i < groups->n; i++) {
        bnc_rule_group_check(&items[i], true,
                             bnc_arena_fmt(scratch, "spec.groups[%zu]", i), &found);
    }
    bnc_diags_take(diags, &found);
}

void
bnc_compile_prometheus_rule(const struct bnc_object *self,
                            const struct bnc_settings *settings, struct bnc_view *view,
                            struct bnc_ir *out)
{
    BNC_UNUSED(settings);
    BNC_UNUSED(view);
    struct bnc_spec_prometheus_rule spec = {0};
    struct bnc_ir_metric_rule *ir = bnc_arena_alloc(out->arena, sizeof(*ir));
    struct step s = {.self = self, .arena = out->arena, .diags = &out->diags, .ir = ir};

    out->type = BNC_IR_PROMETHEUS_RULE;
    out->as.metric_rule = ir;
    bnc_object_decode_spec(self, &bnc_table_prometheus_rule, &spec, out);
    check_groups(&spec.groups, &out->diags);
    ir->groups = bnc_arena_array(s.arena, spec.groups.n, sizeof(*ir->groups));
    for (size_t i = 0; i < spec.groups.n; i++) {
        const struct bnc_rule_group_spec *groups = spec.groups.items;
        const char *field = bnc_arena_fmt(s.arena, "spec.groups[%zu]", i);
        if (bnc_diags_error_at(s.diags, field)) {
            ir->n_left_out++;
        } else {
            add_group(&s, &groups[i], field);
        }
    }
    check_size(&s);
}
