/*
 * Observatory: decode, check, resolve.  What it makes of its members is in plan.c.
 */
#include <stdlib.h>
#include <string.h>

#include "reconcilers/compile.h"
#include "reconcilers/grafana.h"
#include "reconcilers/kiali.h"
#include "reconcilers/mesh_facts.h"
#include "reconcilers/observatory.h"
#include "reconcilers/scope.h"
#include "reconcilers/statsd.h"

static int
compare_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void
resolve_reach(struct bnc_observatory_step *s)
{
    if (!bnc_settings_trusts(s->settings, s->self->ns)) {
        s->ir->reach = bnc_scope_own(s->self->ns, s->arena);
        s->ir->own_only = true;
        return;
    }
    const char *const *watched = s->settings->watch_namespaces;
    if (watched == NULL) {
        s->ir->reach = (struct bnc_scope){.all = true};
        return;
    }
    struct bnc_texts *names = &s->ir->reach.names;
    while (watched[names->n] != NULL) {
        names->n++;
    }
    names->items = bnc_arena_array(s->arena, names->n + 1, sizeof(*names->items));
    memcpy(names->items, watched, names->n * sizeof(*names->items));
    qsort(names->items, names->n, sizeof(*names->items), compare_text);
    names->set = true;
}

void
bnc_observatory_scope(struct bnc_observatory_step *s, const struct bnc_selector *selector,
                      const char *field, struct bnc_scope *out)
{
    if (selector != NULL && !bnc_settings_trusts(s->settings, s->self->ns)) {
        bnc_diag_add(s->diags, BNC_REASON_NOT_PERMITTED, field,
                     "leave it out, or run binnacle with this namespace in "
                     "--trusted-namespaces",
                     "an Observatory in namespace %s reaches its own namespace only",
                     s->self->ns);
        *out = s->ir->reach;
        return;
    }
    struct bnc_scope asked;
    enum bnc_found found =
        bnc_scope_resolve(selector, s->self->ns, s->refs.view, s->arena, &asked);
    if (found == BNC_VIEW_PENDING) {
        s->refs.pending = true;
    } else if (found == BNC_VIEW_DENIED) {
        bnc_diag_add(s->diags, BNC_REASON_REF_DENIED, field,
                     "allow binnacle's service account to list namespaces, or use {}",
                     "Namespaces may not be listed");
    }
    *out = bnc_scope_limit(&asked, &s->ir->reach, s->arena);
}

static void
compile_grafana(struct bnc_observatory_step *s)
{
    const struct bnc_grafana_spec *grafana = s->ir->spec.grafana;
    const struct bnc_selector *all = s->ir->spec.namespace_selector;
    const struct {
        const struct bnc_selector *own;
        const char *field;
        struct bnc_scope *out;
    } rows[] = {
        {grafana->datasource_namespace_selector,
         "spec.grafana.datasourceNamespaceSelector", &s->ir->datasource_scope},
        {grafana->dashboard_namespace_selector, "spec.grafana.dashboardNamespaceSelector",
         &s->ir->dashboard_scope},
    };
    for (size_t i = 0; i < BNC_LEN(rows); i++) {
        bool own = rows[i].own != NULL;
        bnc_observatory_scope(s, own ? rows[i].own : all,
                              own ? rows[i].field : "spec.namespaceSelector",
                              rows[i].out);
    }
    bnc_grafana_compile(s->self, s->ir, &s->refs);
}

void
bnc_compile_observatory(const struct bnc_object *self,
                        const struct bnc_settings *settings, struct bnc_view *view,
                        struct bnc_ir *out)
{
    struct bnc_ir_observatory *ir = bnc_arena_alloc(out->arena, sizeof(*ir));
    struct bnc_observatory_step s = {
        .self = self,
        .settings = settings,
        .arena = out->arena,
        .diags = &out->diags,
        .ir = ir,
        .refs = {
            .view = view, .arena = out->arena, .diags = &out->diags, .ns = self->ns}};

    out->type = BNC_IR_OBSERVATORY;
    out->as.observatory = ir;
    ir->assume = settings->assume;
    bnc_object_decode_spec(self, &bnc_table_observatory, &ir->spec, out);
    resolve_reach(&s);
    bnc_observatory_scope(&s, ir->spec.namespace_selector, "spec.namespaceSelector",
                          &ir->scope);
    if (ir->spec.prometheus != NULL) {
        bnc_prometheus_compile(&s);
    }
    if (ir->spec.statsd != NULL) {
        bnc_statsd_compile(self, ir, &out->diags);
    }
    const struct bnc_selector *rules =
        ir->spec.prometheus == NULL ? NULL
                                    : ir->spec.prometheus->metric_rule_namespace_selector;
    bnc_observatory_scope(&s, rules != NULL ? rules : ir->spec.namespace_selector,
                          rules != NULL ? "spec.prometheus.metricRuleNamespaceSelector"
                                        : "spec.namespaceSelector",
                          &ir->rule_scope);
    if (ir->spec.tracing != NULL) {
        const struct bnc_selector *own = ir->spec.tracing->policy_namespace_selector;
        bnc_observatory_scope(&s, own != NULL ? own : ir->spec.namespace_selector,
                              own != NULL ? "spec.tracing.samplingPolicyNamespaceSelector"
                                          : "spec.namespaceSelector",
                              &ir->sampling_scope);
    }
    if (ir->spec.grafana != NULL) {
        compile_grafana(&s);
    }
    out->pending = s.refs.pending;
    if (ir->spec.mesh != NULL) {
        bnc_mesh_facts_compile(self, settings, view, ir, out);
    }
    if (ir->spec.kiali != NULL) {
        bnc_kiali_compile(self, settings, view, ir, out);
    }
    bnc_mesh_left_compile(self, view, ir, out);
}
