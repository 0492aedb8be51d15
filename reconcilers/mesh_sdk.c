/*
 * OpenTelemetry: what the SDKs of the mesh's workloads do with its decisions, and the
 * sampler of a namespace's one Instrumentation.
 */
#include <string.h>

#include "lib/json.h"
#include "reconcilers/mesh_plan.h"

#define ANNOTATION_WAS "binnacle.dev/was"
#define OWN_NAME       "binnacle"
#define POLLING_MS     60000
#define BODY_MAX       ((size_t)64 * 1024)

/* ---- which one, what it says ---------------------------------------------------------
 */

/* The first language that something is injected for. */
static bool
choose(const struct bnc_mesh_plan *mesh, const struct bnc_mesh_workload *w,
       struct bnc_inject_pod *pod, struct bnc_instrumentation_chosen *chosen)
{
    const struct bnc_injection *injection = &w->ir->injection;
    *pod = (struct bnc_inject_pod){.ns = w->member->object->ns,
                                   .annotations = injection->sdk,
                                   .ns_annotations = injection->ns_sdk};
    *chosen = (struct bnc_instrumentation_chosen){0};
    for (enum bnc_inject_language i = 0; i < BNC_INJECT_LANGUAGE_COUNT; i++) {
        pod->language = i;
        bnc_instrumentation_choose(pod, mesh->instrumentations, mesh->n_instrumentations,
                                   mesh->arena, chosen);
        if (chosen->choice != BNC_INJECT_NOT) {
            return true;
        }
    }
    return false;
}

static const char *
why_not_injected(const struct bnc_mesh_plan *mesh,
                 const struct bnc_instrumentation_chosen *chosen)
{
    switch (chosen->choice) {
    case BNC_INJECT_NONE_THERE:
        return bnc_arena_fmt(mesh->arena,
                             "namespace %s has no Instrumentation: no SDK is injected",
                             chosen->ns);
    case BNC_INJECT_SEVERAL:
        return bnc_arena_fmt(mesh->arena,
                             "namespace %s has several Instrumentations, and the pods "
                             "name none: no SDK is injected",
                             chosen->ns);
    case BNC_INJECT_NOT_FOUND:
        return bnc_arena_fmt(mesh->arena,
                             "there is no Instrumentation %s/%s: no SDK is injected",
                             chosen->ns, chosen->name);
    case BNC_INJECT_NOT:
    case BNC_INJECT_ONE:
        break;
    }
    return NULL;
}

/* Running pods keep what they were made with. */
static size_t
made_otherwise(const struct bnc_mesh_plan *mesh, const struct bnc_mesh_workload *w,
               const struct bnc_sdk_sampler *now)
{
    size_t n = 0;
    for (size_t i = 0; i < w->n_pods; i++) {
        struct bnc_sdk_settings settings;
        struct bnc_sdk_sampler made;
        bnc_instrumentation_settings(w->pods[i]->ir->as.proxy->sdk_env, NULL,
                                     BNC_INJECT_SDK, mesh->arena, &settings);
        bnc_instrumentation_sampler(&settings, mesh->arena, &made);
        n += made.kind != now->kind || made.parent_based != now->parent_based ||
             (made.kind == BNC_SDK_RATIO && made.ratio != now->ratio);
    }
    return n;
}

/* ---- the rate ------------------------------------------------------------------------
 */

static unsigned
formats_of(const struct bnc_mesh_plan *mesh, const char *provider)
{
    const struct bnc_tracing_spec *tracing = mesh->tracing;
    const struct bnc_provider *live =
        provider == NULL ? NULL : bnc_provider_find(&mesh->facts->merged, provider);
    bool both = false;
    const struct bnc_backend_spec *backends =
        tracing == NULL ? NULL : tracing->backends.items;
    for (size_t i = 0; tracing != NULL && i < tracing->backends.n; i++) {
        both = both || (bnc_str_eq(backends[i].name, provider) &&
                        bnc_str_eq(backends[i].trace_context, "B3AndW3C"));
    }
    return live == NULL ? 0 : bnc_sdk_provider_formats(live->type, both);
}

static struct bnc_decider
decider(const struct bnc_mesh_plan *mesh, const struct bnc_sdk_settings *settings,
        const struct bnc_instrumentation_chosen *chosen, int64_t rate)
{
    if (settings->sampler.from == BNC_SDK_FROM_CONTAINER) {
        return (struct bnc_decider){"Environment", NULL, "OTEL_TRACES_SAMPLER", rate};
    }
    if (settings->sampler.from == BNC_SDK_FROM_DEFAULT || chosen->one == NULL) {
        return (struct bnc_decider){"Default", NULL, "OpenTelemetry", rate};
    }
    BNC_UNUSED(mesh);
    return (struct bnc_decider){"Instrumentation", chosen->one->ns, chosen->one->name,
                                rate};
}

static const char *
note_of(const struct bnc_mesh_plan *mesh, const struct bnc_mesh_workload *w,
        const struct bnc_sdk_sampler *sampler, const struct bnc_sdk_answer *answer)
{
    const char *remedy = bnc_sdk_remedy(answer->finding);
    size_t others = made_otherwise(mesh, w, sampler);
    if (others == 0) {
        return remedy;
    }
    return bnc_arena_fmt(mesh->arena,
                         "%zu of its %zu pods were made with another sampler: restart it "
                         "for this to hold%s%s",
                         others, w->n_pods, remedy == NULL ? "" : ". ",
                         remedy == NULL ? "" : remedy);
}

bool
bnc_mesh_rate_sdk(const struct bnc_mesh_plan *mesh, const struct bnc_mesh_workload *w,
                  const struct bnc_effective *istio, const char *provider,
                  struct bnc_effective *out)
{
    struct bnc_inject_pod pod;
    struct bnc_instrumentation_chosen chosen;
    struct bnc_sdk_settings settings;
    struct bnc_sdk_sampler sampler;
    struct bnc_sdk_answer answer;
    bool injected = choose(mesh, w, &pod, &chosen);
    const cJSON *env = w->ir->injection.sdk_env;

    if (!injected && env == NULL) {
        return false;
    }
    *out = (struct bnc_effective){.system = bnc_tracing_systems[BNC_SYSTEM_SDK],
                                  .workload = w->member};
    bnc_instrumentation_settings(env, chosen.one == NULL ? NULL : chosen.one->spec,
                                 pod.language, mesh->arena, &settings);
    bnc_instrumentation_sampler(&settings, mesh->arena, &sampler);
    const struct bnc_level *remote = bnc_level_of(mesh, BNC_SYSTEM_JAEGER, w);
    bool traced = istio != NULL && istio->rate != BNC_RATE_NONE;
    const struct bnc_sdk_facts facts = {
        .mesh_traces = traced,
        .mesh_rate = traced ? istio->rate : 0,
        .mesh_formats = traced ? formats_of(mesh, provider) : 0,
        .sdk_formats = bnc_sdk_propagators(settings.propagators.value, mesh->arena),
        .sampler = &sampler,
        .remote = {remote != NULL, remote == NULL ? 0 : remote->percent * 100}};
    bnc_sdk_combine(&facts, &answer);
    out->rate = out->inbound = answer.rate;
    bool follows =
        traced && sampler.parent_based && answer.finding != BNC_SDK_PROPAGATION_MISMATCH;
    out->by = follows ? istio->by : decider(mesh, &settings, &chosen, answer.rate);
    out->by.rate = answer.rate;
    out->note = injected && chosen.one == NULL ? why_not_injected(mesh, &chosen)
                                               : note_of(mesh, w, &sampler, &answer);
    return true;
}

/* ---- namespaces ----------------------------------------------------------------------
 */

/* Somebody else's Instrumentations of a namespace: how many, and the first. */
static size_t
foreign_in(const struct bnc_mesh_plan *mesh, const char *ns, size_t *first)
{
    size_t n = 0;
    for (size_t i = 0; i < mesh->n_instrumentations; i++) {
        const cJSON *annotations = mesh->instrumentation_members[i]->ir->annotations;
        bool ours =
            bnc_str_eq(bnc_json_get_str(annotations, "binnacle.dev/owner"), mesh->owner);
        if (strcmp(mesh->instrumentations[i].ns, ns) == 0 && !ours) {
            *first = n == 0 ? i : *first;
            n++;
        }
    }
    return n;
}

/* What the SDKs of its namespace are to do; NULL: nobody says anything. */
static const struct bnc_level *
level_for(const struct bnc_mesh_plan *mesh, const struct bnc_mesh_workload *w)
{
    struct bnc_mesh_workload any = *w;
    any.level =
        NULL; /* one Instrumentation for all: the namespace's level, or the mesh's */
    const struct bnc_level *level = bnc_level_of(mesh, BNC_SYSTEM_SDK, &any);
    return level != NULL && level->said ? level : NULL;
}

/* The next workload with an SDK whose namespace was not met before; NULL: no more. */
static const struct bnc_mesh_workload *
next_namespace(const struct bnc_mesh_plan *mesh, size_t *at)
{
    while (*at < mesh->n_workloads) {
        const struct bnc_mesh_workload *w = &mesh->workloads[*at];
        const char *ns = w->member->object->ns;
        if (w->ir->injection.sdk == NULL && w->ir->injection.ns_sdk == NULL) {
            (*at)++;
            continue;
        }
        while (*at < mesh->n_workloads &&
               strcmp(mesh->workloads[*at].member->object->ns, ns) == 0) {
            (*at)++;
        }
        return w;
    }
    return NULL;
}

/* Where Jaeger's remote sampling answers; NULL: it has no strategies. */
static const char *
jaeger_endpoint(const struct bnc_mesh_plan *mesh)
{
    const struct bnc_backend_spec *backends = mesh->tracing->backends.items;
    for (size_t i = 0; mesh->systems[BNC_SYSTEM_JAEGER] && i < mesh->tracing->backends.n;
         i++) {
        if (bnc_str_eq(backends[i].type, "jaeger")) {
            return bnc_arena_fmt(mesh->arena, "http://%s:14250", backends[i].service);
        }
    }
    return NULL;
}

static cJSON *
fields_for(const struct bnc_mesh_plan *mesh, const struct bnc_level *level, bool own,
           struct bnc_arena *arena)
{
    const struct bnc_instrumentation_wanted wanted = {
        .percent = level->percent,
        .jaeger_endpoint = own ? jaeger_endpoint(mesh) : NULL,
        .polling_interval_ms = POLLING_MS};
    struct bnc_error err = {0};
    cJSON *fields = NULL;
    return bnc_instrumentation_fields(&wanted, arena, &fields, &err) ? NULL : fields;
}

/* ---- our own -------------------------------------------------------------------------
 */

/* Where the SDK's spans go, and in which headers a trace goes on. */
static void
add_transport(const struct bnc_mesh_plan *mesh, cJSON *spec, struct bnc_arena *arena)
{
    const struct bnc_backend_spec *backends = mesh->tracing->backends.items;
    cJSON *propagators = bnc_json_array(arena);
    bool b3 = false;
    for (size_t i = 0; i < mesh->tracing->backends.n; i++) {
        const struct bnc_backend_spec *backend = &backends[i];
        if (bnc_str_starts(backend->protocol, "OTLP") &&
            bnc_json_get(spec, "exporter") == NULL) {
            cJSON *exporter = bnc_json_object(arena);
            bnc_json_set_str(arena, exporter, "endpoint",
                             bnc_arena_fmt(arena, "http://%s:%lld", backend->service,
                                           (long long)backend->port.value));
            bnc_json_set_item(arena, spec, "exporter", exporter);
        }
        b3 = b3 || bnc_str_eq(backend->protocol, "Zipkin");
    }
    bnc_json_add(propagators, bnc_json_str(arena, "tracecontext"));
    bnc_json_add(propagators, bnc_json_str(arena, "baggage"));
    if (b3) {
        bnc_json_add(propagators, bnc_json_str(arena, "b3multi"));
    }
    bnc_json_set_item(arena, spec, "propagators", propagators);
}

size_t
bnc_mesh_sdk_documents(const struct bnc_mesh_plan *mesh, struct bnc_arena *arena,
                       struct bnc_document *out, struct bnc_diags *diags)
{
    const struct bnc_mesh_workload *w;
    size_t at = 0;
    size_t n = 0;
    while (mesh->systems[BNC_SYSTEM_SDK] && (w = next_namespace(mesh, &at)) != NULL) {
        const char *ns = w->member->object->ns;
        const struct bnc_level *level = level_for(mesh, w);
        size_t first = 0;
        size_t foreign = foreign_in(mesh, ns, &first);
        if (foreign > 1) {
            bnc_diag_warn(diags, BNC_REASON_CONFLICTED, "spec.tracing.apply",
                          "leave one in the namespace",
                          "namespace %s has %zu Instrumentations: none is set", ns,
                          foreign);
        }
        cJSON *spec =
            level == NULL || foreign > 0 ? NULL : fields_for(mesh, level, true, arena);
        if (spec != NULL) {
            add_transport(mesh, spec, arena);
            out[n++] = (struct bnc_document){.kind = BNC_KIND_INSTRUMENTATION,
                                             .ns = bnc_arena_strdup(arena, ns),
                                             .name = OWN_NAME,
                                             .spec = spec};
        }
    }
    return n;
}

/* ---- somebody else's ------------------------------------------------------------------
 */

size_t
bnc_mesh_sdk_room(const struct bnc_mesh_plan *mesh)
{
    return mesh == NULL ? 0 : mesh->n_instrumentations;
}

static const cJSON *
read_was(const struct bnc_mesh_plan *mesh, size_t i)
{
    const char *text = mesh->instrumentation_members[i]->ir->as.instrumentation->was;
    struct bnc_error err = {0};
    cJSON *was = NULL;
    if (text == NULL || bnc_json_parse(mesh->arena, text, strlen(text), &was, &err) ||
        !bnc_str_eq(bnc_json_get_str(was, "owner"), mesh->owner)) {
        return NULL;
    }
    return was;
}

/* {"metadata":{"annotations":{...}},"spec":{"sampler":...}}; NULL: null. */
static void
add_patch(struct bnc_plan *plan, struct bnc_held of, const cJSON *was,
          const cJSON *sampler, bool set_sampler)
{
    struct bnc_arena *arena = plan->arena;
    cJSON *root = bnc_json_object(arena);
    cJSON *meta = bnc_json_object(arena);
    cJSON *annotations = bnc_json_object(arena);
    struct bnc_str text = bnc_str_new(arena, BODY_MAX);
    struct bnc_str body = bnc_str_new(arena, BODY_MAX);
    if (was != NULL) {
        bnc_json_print(was, &text);
    }
    bnc_json_set_item(arena, annotations, ANNOTATION_WAS,
                      was == NULL ? bnc_json_null(arena) : bnc_json_str(arena, text.ptr));
    bnc_json_set_item(arena, meta, "annotations", annotations);
    bnc_json_set_item(arena, root, "metadata", meta);
    if (set_sampler) {
        cJSON *spec = bnc_json_object(arena);
        bnc_json_set_item(arena, spec, "sampler",
                          sampler == NULL ? bnc_json_null(arena)
                                          : bnc_json_clone(arena, sampler));
        bnc_json_set_item(arena, root, "spec", spec);
    }
    bnc_json_print(root, &body);
    plan->patches[plan->n_patches++] =
        (struct bnc_patch){.of = of, .body = {body.ptr, body.len}};
}

static void
take(struct bnc_plan *plan, const struct bnc_mesh_plan *mesh, size_t i,
     const struct bnc_level *level, const cJSON *was)
{
    struct bnc_arena *arena = plan->arena;
    const struct bnc_instrumentation *one = &mesh->instrumentations[i];
    const struct bnc_held of = {BNC_KIND_INSTRUMENTATION, one->ns, one->name};
    const cJSON *live = bnc_json_get(one->spec, "sampler");
    const cJSON *fields = fields_for(mesh, level, false, arena);
    const cJSON *wanted = bnc_json_get(fields, "sampler");
    bool empty = live == NULL || live->child == NULL;
    bool foreign =
        !empty && (was == NULL || !bnc_json_equal(live, bnc_json_get(was, "is")));

    if (wanted == NULL || bnc_json_equal(live, wanted)) {
        if (was != NULL) {
            plan->held[plan->n_held++] = of;
        }
        return;
    }
    if (foreign && !bnc_str_eq(mesh->state->ir->spec.on_conflict, "TakeOver")) {
        bnc_diag_warn(&plan->diags, BNC_REASON_FOREIGN_FIELD, "spec.tracing.apply",
                      "set onConflict: TakeOver, or take the sampler off",
                      "Instrumentation %s/%s has a sampler already, which is not "
                      "binnacle's",
                      one->ns, one->name);
        return;
    }
    cJSON *record = bnc_json_object(arena);
    const cJSON *old = was == NULL ? live : bnc_json_get(was, "sampler");
    bnc_json_set_str(arena, record, "owner", mesh->owner);
    bnc_json_set_item(arena, record, "is", bnc_json_clone(arena, wanted));
    bnc_json_set_item(arena, record, "sampler",
                      old == NULL ? bnc_json_null(arena) : bnc_json_clone(arena, old));
    plan->held[plan->n_held++] = of;
    add_patch(plan, of, record, wanted, true);
}

/* The level of the namespace that an Instrumentation is the only one of; NULL: none. */
static const struct bnc_level *
wanted_for(const struct bnc_mesh_plan *mesh, size_t i)
{
    const struct bnc_mesh_workload *w;
    size_t at = 0;
    size_t first = 0;
    while (mesh->systems[BNC_SYSTEM_SDK] && (w = next_namespace(mesh, &at)) != NULL) {
        if (strcmp(w->member->object->ns, mesh->instrumentations[i].ns) == 0 &&
            foreign_in(mesh, w->member->object->ns, &first) == 1 && first == i) {
            return level_for(mesh, w);
        }
    }
    return NULL;
}

void
bnc_mesh_sdk_claims(struct bnc_plan *plan, const struct bnc_mesh_plan *mesh, bool keep)
{
    for (size_t i = 0; mesh != NULL && i < mesh->n_instrumentations; i++) {
        const struct bnc_instrumentation *one = &mesh->instrumentations[i];
        const struct bnc_held of = {BNC_KIND_INSTRUMENTATION, one->ns, one->name};
        const struct bnc_level *level = keep ? wanted_for(mesh, i) : NULL;
        const cJSON *was = read_was(mesh, i);
        if (level != NULL) {
            take(plan, mesh, i, level, was);
        } else if (was != NULL) {
            const cJSON *old = bnc_json_get(was, "sampler");
            bool ours = bnc_json_equal(bnc_json_get(one->spec, "sampler"),
                                       bnc_json_get(was, "is"));
            plan->held[plan->n_held++] = of;
            add_patch(plan, of, NULL, cJSON_IsObject(old) ? old : NULL, ours);
        }
    }
}
