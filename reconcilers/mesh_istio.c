/*
 * Whether Istio can have what a level says: a provider that is known, and nobody else's
 * Telemetry in the place.
 */
#include <string.h>

#include "lib/json.h"
#include "model/ir_metric_rule.h"
#include "reconcilers/mesh_plan.h"

/* ---- whether Istio can have it --------------------------------------------------- */

const char *
bnc_mesh_provider(const struct bnc_mesh_plan *mesh)
{
    const struct bnc_tracing_spec *tracing = mesh->tracing;
    const struct bnc_backend_spec *backends = tracing->backends.items;
    if (tracing->backends.n > 0) {
        return backends[0].name;
    }
    return mesh->facts == NULL ? NULL : mesh->facts->merged.default_tracing;
}

/* Why spans can't go to this provider; NULL: they can. */
static const char *
provider_trouble(const struct bnc_mesh_plan *mesh, const char *provider)
{
    const struct bnc_mesh_facts *facts = mesh->facts;
    if (provider == NULL) {
        return "no backend is named in tracing.backends, and the mesh configuration has "
               "no default: a percentage without a provider would stop tracing";
    }
    const struct bnc_provider *live = bnc_provider_find(&facts->merged, provider);
    if (live == NULL) {
        return bnc_arena_fmt(mesh->arena,
                             "Istio's mesh configuration has no provider %s (yet): a "
                             "percentage for an unknown one would stop tracing",
                             provider);
    }
    void *arg = mesh->state->ir->mesh;
    if (!bnc_mesh_facts_service_exists(arg, live)) {
        return bnc_arena_fmt(
            mesh->arena,
            "the Service %s of provider %s does not exist: tracing would "
            "stop",
            live->service, provider);
    }
    return NULL;
}

size_t
bnc_mesh_first_telemetry(const struct bnc_mesh_plan *mesh, const char *ns)
{
    size_t low = 0;
    size_t high = mesh->n_telemetries;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (strcmp(mesh->telemetries[mid]->ns, ns) < 0) {
            low = mid + 1;
        } else {
            high = mid;
        }
    }
    return low;
}

static bool
is_foreign(const struct bnc_mesh_plan *mesh, size_t i)
{
    return !bnc_str_eq(mesh->owners[i], mesh->owner);
}

/* How two selectors are to each other, by the workloads that there are. */
struct meeting {
    bool both;  /* some workload is selected by both; so it is when they are the same */
    bool apart; /* and the selectors are not the same */
    bool ours;  /* some workload is selected by ours alone */
};

/* Both name the same Gateway, which may have no proxies yet. */
static bool
share_gateway(const struct bnc_level *level, const struct bnc_telemetry *telemetry)
{
    const struct bnc_list *refs =
        level->policy == NULL ? NULL : &level->policy->spec.target_refs;
    const struct bnc_target_ref *items = refs == NULL ? NULL : refs->items;
    const cJSON *theirs;
    cJSON_ArrayForEach(theirs, telemetry->target_refs)
    {
        for (size_t i = 0; refs != NULL && i < refs->n; i++) {
            if (bnc_str_eq(bnc_json_get_str(theirs, "kind"), items[i].kind) &&
                bnc_str_eq(bnc_json_get_str(theirs, "name"), items[i].name)) {
                return true;
            }
        }
    }
    return false;
}

static struct meeting
meet(const struct bnc_mesh_plan *mesh, const struct bnc_level *level,
     const struct bnc_telemetry *telemetry)
{
    struct meeting out = {0};
    if (bnc_labels_same(level->match_labels, &telemetry->match_labels) ||
        share_gateway(level, telemetry)) {
        out.both = true;
        return out;
    }
    for (size_t i = bnc_mesh_first_workload(mesh, level->ns);
         bnc_mesh_in(mesh, i, level->ns); i++) {
        const struct bnc_ir_workload *ir = mesh->workloads[i].ir;
        bool theirs =
            bnc_telemetry_matches(telemetry, level->ns, mesh->facts->root_namespace,
                                  ir->labels, ir->injection.gateway_name);
        if (bnc_level_selects(level, ir)) {
            out.both = out.apart = out.both || theirs;
            out.ours = out.ours || !theirs;
        }
    }
    return out;
}

/*
 * Both say the same kind of thing for one workload.  Or metrics of either would reach
 * workloads that they are not for: istiod keeps what it has made by the Telemetry that
 * comes last, whatever that is about.
 */
static bool
compete(const struct bnc_mesh_plan *mesh, const struct bnc_level *level,
        const struct bnc_telemetry *t)
{
    const struct meeting meeting = meet(mesh, level, t);
    bool tracing = t->n_tracing > 0 && level->no_tracing == NULL;
    bool metrics = t->metrics != NULL && level->n_metrics > 0;
    bool strays = (meeting.apart && level->n_metrics > 0) ||
                  (meeting.apart && meeting.ours && t->metrics != NULL);
    return meeting.both && (tracing || metrics || strays);
}

/* Somebody else's Telemetry that would compete with ours there; NULL: none. */
static const struct bnc_telemetry *
foreign_at(const struct bnc_mesh_plan *mesh, const struct bnc_level *level)
{
    for (size_t i = bnc_mesh_first_telemetry(mesh, level->ns);
         i < mesh->n_telemetries && strcmp(mesh->telemetries[i]->ns, level->ns) == 0;
         i++) {
        const struct bnc_telemetry *t = mesh->telemetries[i];
        if (!is_foreign(mesh, i)) {
            continue;
        }
        bool selects = level->type == BNC_LEVEL_WORKLOAD;
        if (selects != t->selects) {
            continue;
        }
        if (!selects || compete(mesh, level, t)) {
            return t;
        }
    }
    return NULL;
}

/* To all whose words are lost; an error takes the acceptance of policies and rules. */
static void
tell_all(struct bnc_mesh_plan *mesh, const struct bnc_level *level, bool error,
         enum bnc_reason reason, const char *remedy, const char *message)
{
    if (level->applies[BNC_SYSTEM_ISTIO]) {
        bool own = level->verdict == SIZE_MAX;
        bnc_mesh_tell(mesh, level->verdict, error && !own && !level->shared, reason,
                      own ? "spec.tracing" : bnc_level_field(level, "spec.scope"), remedy,
                      message);
    }
    for (size_t i = 0; i < level->n_rules; i++) {
        struct bnc_verdict *v = &mesh->plan->verdicts[level->rules[i]];
        bnc_mesh_tell(mesh, level->rules[i], error, reason, "spec.mesh", remedy, message);
        v->accepted = v->accepted || v->member->ir->as.metric_rule->n_groups > 0;
    }
}

static const char *
tracing_trouble(struct bnc_mesh_plan *mesh, struct bnc_level *level)
{
    if (!level->applies[BNC_SYSTEM_ISTIO]) {
        return "it is not for Istio";
    }
    if (level->provider == NULL) {
        level->provider = bnc_mesh_provider(mesh);
    }
    const char *trouble = provider_trouble(mesh, level->provider);
    if (trouble != NULL) {
        bool own = level->verdict == SIZE_MAX;
        bnc_mesh_tell(mesh, level->verdict, false, BNC_REASON_NO_PROVIDER,
                      own ? "spec.tracing" : bnc_level_field(level, "spec.provider"),
                      own ? "name one in tracing.backends"
                          : "see the Observatory's status",
                      trouble);
    }
    return trouble;
}

void
bnc_mesh_check_istio(struct bnc_mesh_plan *mesh, struct bnc_level *level)
{
    if (!bnc_str_eq(mesh->state->ir->spec.mesh->mode, "Telemetry")) {
        level->why_not = level->no_tracing = "mesh.mode has no Telemetry";
        return;
    }
    level->no_tracing = tracing_trouble(mesh, level);
    if (level->no_tracing != NULL && level->n_metrics == 0) {
        level->why_not = level->no_tracing;
        return;
    }
    const struct bnc_telemetry *foreign = foreign_at(mesh, level);
    if (foreign != NULL) {
        level->why_not = bnc_arena_fmt(mesh->arena, "Telemetry %s/%s has this place",
                                       foreign->ns, foreign->name);
        tell_all(mesh, level, true, BNC_REASON_FOREIGN_TELEMETRY,
                 bnc_arena_fmt(mesh->arena,
                               "delete it, or set it there: kubectl -n %s edit telemetry "
                               "%s",
                               foreign->ns, foreign->name),
                 bnc_arena_fmt(mesh->arena,
                               "Telemetry %s/%s, which is not binnacle's, has this "
                               "place; of two Istio takes one only",
                               foreign->ns, foreign->name));
    }
}
