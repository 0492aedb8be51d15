#include "reconcilers/metric_rule.h"

#include <string.h>

#include "reconcilers/compile.h"
#include "reconcilers/metric_rule_check.h"
#include "render/rules.h"
#include "render/slo.h"

struct step {
    const struct bnc_object *self;
    struct bnc_arena *arena;
    struct bnc_diags *diags;
    struct bnc_ir_metric_rule *ir;
};

static const char *
at(const struct step *s, const char *list, size_t i)
{
    return bnc_arena_fmt(s->arena, "spec.%s[%zu]", list, i);
}

static bool
is_wrong(const struct step *s, const char *path)
{
    return bnc_diags_error_at(s->diags, path);
}

/* ---- parts --------------------------------------------------------------------- */

/* Take `group` in, under a name that no other object gives. */
static void
add_group(struct step *s, enum bnc_rule_origin origin,
          const struct bnc_rule_group_spec *group, const char *field)
{
    static const char *const kinds[] = {[BNC_RULE_FROM_GROUP] = "",
                                        [BNC_RULE_FROM_COUNTER] = "counters/",
                                        [BNC_RULE_FROM_SLO] = "slos/"};
    const struct bnc_rule_options newest = {0};
    struct bnc_ir_rule_group *out = &s->ir->groups[s->ir->n_groups];
    struct bnc_error err = {0};

    *out = (struct bnc_ir_rule_group){
        .origin = origin,
        .name = bnc_arena_fmt(s->arena, "%s/%s/%s%s", s->self->ns, s->self->name,
                              kinds[origin], group->name),
        .field = field,
        .group = *group,
    };
    for (size_t i = 0; i < s->ir->n_groups; i++) {
        if (strcmp(s->ir->groups[i].name, out->name) == 0) {
            bnc_diag_add(s->diags, BNC_REASON_INVALID_FIELD,
                         bnc_arena_fmt(s->arena, "%s.name", field), "use another name",
                         "the name belongs to a group that is made of %s",
                         s->ir->groups[i].field);
            s->ir->n_left_out++;
            return;
        }
    }
    BNC_AUTO(bnc_arena) scratch = bnc_arena_new();
    struct bnc_bytes text = {0};
    if (bnc_rule_group_render(out->name, group, &newest, scratch, &text, &err)) {
        bnc_diag_add(s->diags,
                     err.code == BNC_TOO_BIG ? BNC_REASON_TOO_BIG
                                             : BNC_REASON_INVALID_FIELD,
                     field, "make it smaller", "%s", err.message);
        s->ir->n_left_out++;
        return;
    }
    s->ir->n_groups++;
    s->ir->n_rules += group->rules.n;
}

static void
compile_counters(struct step *s)
{
    const struct bnc_counter_spec *counters = s->ir->spec.counters.items;
    size_t n = s->ir->spec.counters.n;

    s->ir->counters = bnc_arena_array(s->arena, n, sizeof(*s->ir->counters));
    for (size_t i = 0; i < n; i++) {
        struct bnc_rule_group_spec group = {0};
        const char *field = at(s, "counters", i);
        if (is_wrong(s, field)) {
            s->ir->n_left_out++;
            continue;
        }
        s->ir->counters[s->ir->n_counters++] =
            (struct bnc_ir_counter){.spec = &counters[i], .field = field};
        bnc_counter_group(&counters[i], s->arena, &group);
        add_group(s, BNC_RULE_FROM_COUNTER, &group, field);
    }
}

static void
compile_slos(struct step *s)
{
    const struct bnc_slo_spec *slos = s->ir->spec.slos.items;
    const char *owner = bnc_arena_fmt(s->arena, "%s/%s", s->self->ns, s->self->name);

    for (size_t i = 0; i < s->ir->spec.slos.n; i++) {
        struct bnc_rule_group_spec group = {0};
        const char *field = at(s, "slos", i);
        if (is_wrong(s, field)) {
            s->ir->n_left_out++;
            continue;
        }
        bnc_slo_group(&slos[i], owner, s->arena, &group);
        add_group(s, BNC_RULE_FROM_SLO, &group, field);
    }
}

static void
compile_groups(struct step *s)
{
    const struct bnc_rule_group_spec *groups = s->ir->spec.groups.items;

    for (size_t i = 0; i < s->ir->spec.groups.n; i++) {
        const char *field = at(s, "groups", i);
        if (is_wrong(s, field)) {
            s->ir->n_left_out++;
        } else {
            add_group(s, BNC_RULE_FROM_GROUP, &groups[i], field);
        }
    }
}

static void
compile_mesh(struct step *s)
{
    const struct bnc_metric_change_spec *changes = s->ir->spec.mesh.items;
    size_t n = s->ir->spec.mesh.n;
    bool nowhere = is_wrong(s, "spec.selector");

    s->ir->changes = bnc_arena_array(s->arena, n, sizeof(*s->ir->changes));
    for (size_t i = 0; i < n; i++) {
        const char *field = at(s, "mesh", i);
        if (nowhere || is_wrong(s, field)) {
            s->ir->n_left_out++;
            continue;
        }
        s->ir->changes[s->ir->n_changes++] =
            (struct bnc_ir_metric_change){.spec = &changes[i], .field = field};
    }
}

void
bnc_compile_metric_rule(const struct bnc_object *self,
                        const struct bnc_settings *settings, struct bnc_view *view,
                        struct bnc_ir *out)
{
    BNC_UNUSED(settings);
    BNC_UNUSED(view);
    struct bnc_ir_metric_rule *ir = bnc_arena_alloc(out->arena, sizeof(*ir));
    struct step s = {.self = self, .arena = out->arena, .diags = &out->diags, .ir = ir};

    out->type = BNC_IR_METRIC_RULE;
    out->as.metric_rule = ir;
    bnc_object_decode_spec(self, &bnc_table_metric_rule, &ir->spec, out);
    bnc_metric_rule_check(&ir->spec, &out->diags);
    ir->groups = bnc_arena_array(
        s.arena, ir->spec.groups.n + ir->spec.counters.n + ir->spec.slos.n,
        sizeof(*ir->groups));
    compile_groups(&s);
    compile_counters(&s);
    compile_slos(&s);
    compile_mesh(&s);
}
