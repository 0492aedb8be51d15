/*
 * ScrapePolicy: decode, check, resolve what it refers to.  Knows no Observatory:
 * what depends on one (tenants' rights, scrape classes) is decided in plan_*.c.
 */
#include "reconcilers/compile.h"

#include <string.h>

#include "reconcilers/endpoint.h"
#include "reconcilers/presets.h"
#include "reconcilers/scope.h"
#include "render/prom_prune.h"

/* What checking one policy needs, to keep parameters few. */
struct step {
    const struct bnc_object *self;
    struct bnc_arena *arena;
    struct bnc_diags *diags;
    struct bnc_refs refs;
    struct bnc_ir_policy *ir;
};

static void
check_name(struct step *s, size_t i, const char *field)
{
    const struct bnc_endpoint_ir *all = s->ir->endpoints;
    for (size_t k = 0; k < i; k++) {
        if (all[k].name != NULL && all[i].name != NULL &&
            strcmp(all[k].name, all[i].name) == 0) {
            bnc_diag_add(s->diags, BNC_REASON_INVALID_FIELD, field,
                         "give each endpoint a name of its own",
                         "endpoint %zu is named \"%s\" as well", k, all[i].name);
            return;
        }
    }
}

static void
compile_endpoint(struct step *s, size_t i, const struct bnc_endpoint *spec)
{
    struct bnc_endpoint_ir *out = &s->ir->endpoints[i];
    const char *field = bnc_arena_fmt(s->arena, "spec.endpoints[%zu]", i);

    *out = (struct bnc_endpoint_ir){.spec = spec};
    out->name = spec->name != NULL ? spec->name : spec->port;
    check_name(s, i, bnc_arena_fmt(s->arena, "%s.name", field));
    bnc_endpoint_times(&s->refs, spec, field);
    bnc_endpoint_relabelings(&s->refs, &spec->relabelings,
                             bnc_arena_fmt(s->arena, "%s.relabelings", field));
    bnc_endpoint_relabelings(&s->refs, &spec->metric_relabelings,
                             bnc_arena_fmt(s->arena, "%s.metricRelabelings", field));
    if (spec->authorization != NULL && spec->authorization->credentials == NULL &&
        spec->authorization->credentials_file == NULL) {
        bnc_diag_add(s->diags, BNC_REASON_INVALID_FIELD,
                     bnc_arena_fmt(s->arena, "%s.authorization", field),
                     "name the Secret that holds them in credentials",
                     "authorization without credentials");
    }
    bnc_endpoint_auth(&s->refs, field, out);
}

static void
compile_preset(struct step *s)
{
    const char *name = s->ir->spec.preset;
    const struct bnc_preset *preset = bnc_preset_find(name);

    if (preset == NULL || preset->observatory_only) {
        bnc_diag_add(
            s->diags, BNC_REASON_UNKNOWN_PRESET, "spec.preset",
            bnc_arena_fmt(s->arena, "use one of %s", bnc_preset_names(true, s->arena)),
            preset == NULL ? "there is no preset \"%s\""
                           : "the preset \"%s\" is for an Observatory only",
            name);
        return;
    }
    struct bnc_endpoint *spec = bnc_arena_alloc(s->arena, sizeof(*spec));
    spec->path = preset->path;
    s->ir->endpoints = bnc_arena_alloc(s->arena, sizeof(*s->ir->endpoints));
    s->ir->endpoints[0] = (struct bnc_endpoint_ir){
        .name = preset->name, .spec = spec, .preset = preset->name};
    s->ir->n_endpoints = 1;
}

static void
check_labels(struct step *s)
{
    static const char *const reserved[] = {"namespace", "job", "instance"};
    const struct bnc_pairs *labels = &s->ir->spec.labels;

    for (size_t i = 0; i < labels->n; i++) {
        const char *key = labels->items[i].key;
        bool bad = strncmp(key, "__", 2) == 0;
        for (size_t k = 0; k < BNC_LEN(reserved); k++) {
            bad = bad || strcmp(key, reserved[k]) == 0;
        }
        if (bad) {
            bnc_diag_add(s->diags, BNC_REASON_INVALID_FIELD,
                         bnc_arena_fmt(s->arena, "spec.labels[\"%s\"]", key),
                         "use another name: binnacle and Prometheus set this one",
                         "the label \"%s\" may not be set", key);
        }
    }
}

static void
check_selection(struct step *s)
{
    const struct bnc_spec_scrape_policy *spec = &s->ir->spec;

    if (spec->selector == NULL && spec->workloads.n == 0 && s->diags->errors == 0) {
        bnc_diag_add(s->diags, BNC_REASON_INVALID_FIELD, "spec.selector",
                     "set selector or workloads; {} selects every pod",
                     "nothing says which pods are meant");
    }
    const struct bnc_workload_ref *refs = spec->workloads.items;
    for (size_t i = 0; i < spec->workloads.n; i++) {
        static const struct {
            const char *name;
            enum bnc_kind kind;
        } rows[] = {
            {"Deployment", BNC_KIND_DEPLOYMENT}, {"StatefulSet", BNC_KIND_STATEFUL_SET},
            {"DaemonSet", BNC_KIND_DAEMON_SET},  {"Job", BNC_KIND_JOB},
            {"CronJob", BNC_KIND_CRON_JOB},
        };
        for (size_t k = 0; k < BNC_LEN(rows); k++) {
            if (refs[i].name != NULL && bnc_str_eq(refs[i].kind, rows[k].name) &&
                !s->ir->beyond_own &&
                bnc_view_exists(s->refs.view, rows[k].kind, s->self->ns, refs[i].name) ==
                    BNC_VIEW_ABSENT) {
                bnc_diag_warn(s->diags, BNC_REASON_REF_NOT_FOUND,
                              bnc_arena_fmt(s->arena, "spec.workloads[%zu].name", i),
                              "create it, or correct the name",
                              "there is no %s \"%s\" in namespace %s", refs[i].kind,
                              refs[i].name, s->self->ns);
            }
        }
    }
}

static void
resolve_scope(struct step *s)
{
    const struct bnc_selector *selector = s->ir->spec.namespace_selector;
    enum bnc_found found =
        bnc_scope_resolve(selector, s->self->ns, s->refs.view, s->arena, &s->ir->scope);

    s->ir->beyond_own = selector != NULL;
    if (found == BNC_VIEW_PENDING) {
        s->refs.pending = true;
    } else if (found == BNC_VIEW_DENIED) {
        bnc_diag_add(s->diags, BNC_REASON_REF_DENIED, "spec.namespaceSelector",
                     "allow binnacle's service account to list namespaces, or leave the "
                     "field out",
                     "Namespaces may not be listed");
    }
}

static void
compile_endpoints(struct step *s)
{
    const struct bnc_list *list = &s->ir->spec.endpoints;
    const struct bnc_endpoint *specs = list->items;

    s->ir->n_endpoints = list->n;
    s->ir->endpoints = bnc_arena_array(s->arena, list->n, sizeof(*s->ir->endpoints));
    for (size_t i = 0; i < list->n; i++) {
        compile_endpoint(s, i, &specs[i]);
    }
}

void
bnc_compile_scrape_policy(const struct bnc_object *self,
                          const struct bnc_settings *settings, struct bnc_view *view,
                          struct bnc_ir *out)
{
    BNC_UNUSED(settings);
    struct bnc_arena *arena = out->arena;
    struct bnc_ir_policy *ir = bnc_arena_alloc(arena, sizeof(*ir));
    struct step s = {
        .self = self,
        .arena = arena,
        .diags = &out->diags,
        .ir = ir,
        .refs = {.view = view, .arena = arena, .diags = &out->diags, .ns = self->ns}};

    out->type = BNC_IR_POLICY;
    out->as.policy = ir;
    bnc_object_decode_spec(self, &bnc_table_scrape_policy, &ir->spec, out);
    resolve_scope(&s);
    check_selection(&s);
    check_labels(&s);
    if (ir->spec.preset != NULL) {
        compile_preset(&s);
    } else {
        compile_endpoints(&s);
    }
    if (ir->spec.prune != NULL) {
        bnc_prom_prune_check(ir->spec.prune, "spec.prune", &out->diags);
    }
    ir->assets = s.refs.assets;
    ir->n_assets = s.refs.n_assets;
    out->pending = s.refs.pending;
}
