/*
 * OpenTelemetry: Instrumentations of our own, and the sampler of somebody else's.
 */
#include <string.h>

#include "lib/json.h"
#include "reconcilers/mesh_sdk.h"

#define ANNOTATION_WAS "binnacle.dev/was"
#define FIELD          "spec.tracing.apply"
#define POLLING_MS     60000
#define BODY_MAX       ((size_t)64 * 1024)

/* ---- a namespace ---------------------------------------------------------------------
 */

/* How many of a run we have not made, the first of them in *first. */
static size_t
count_others(const struct bnc_mesh_plan *mesh, struct bnc_sdk_run run, size_t *first)
{
    size_t n = 0;
    for (size_t i = run.first; i < run.first + run.n; i++) {
        if (!bnc_str_eq(bnc_sdk_maker(mesh, i), mesh->owner)) {
            *first = n == 0 ? i : *first;
            n++;
        }
    }
    return n;
}

/* What the SDKs of a namespace are to do; NULL: nobody asks, or nobody says anything. */
static const struct bnc_level *
level_in(const struct bnc_mesh_plan *mesh, const char *ns)
{
    for (size_t i = bnc_mesh_first_workload(mesh, ns); bnc_mesh_in(mesh, i, ns); i++) {
        if (bnc_sdk_asks(mesh, &mesh->workloads[i])) {
            return bnc_sdk_level(mesh, &mesh->workloads[i]);
        }
    }
    return NULL;
}

/* ---- what is written -----------------------------------------------------------------
 */

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
sampler_fields(const struct bnc_mesh_plan *mesh, const struct bnc_level *level,
               const char *jaeger)
{
    /* Jaeger says how much: another percentage is no other Instrumentation. */
    const struct bnc_instrumentation_wanted wanted = {
        .percent = jaeger == NULL ? level->percent : 0,
        .jaeger_endpoint = jaeger,
        .polling_interval_ms = POLLING_MS};
    struct bnc_error err = {0};
    cJSON *fields = NULL;
    return bnc_instrumentation_fields(&wanted, mesh->arena, &fields, &err) ? NULL
                                                                           : fields;
}

/*
 * Where the SDK's spans go.  The protocol is told, because agents differ in what they
 * take without a word, and their ports do as well.
 */
static void
add_exporter(const struct bnc_mesh_plan *mesh, const struct bnc_backend_spec *backend,
             cJSON *spec)
{
    struct bnc_arena *arena = mesh->arena;
    cJSON *exporter = bnc_json_object(arena);
    cJSON *protocol = bnc_json_object(arena);
    cJSON *env = bnc_json_get(spec, "env");
    bnc_json_set_str(arena, exporter, "endpoint",
                     bnc_arena_fmt(arena, "http://%s:%lld", backend->service,
                                   (long long)backend->port.value));
    bnc_json_set_item(arena, spec, "exporter", exporter);
    if (env == NULL) {
        env = bnc_json_array(arena);
        bnc_json_set_item(arena, spec, "env", env);
    }
    bnc_json_set_str(arena, protocol, "name", "OTEL_EXPORTER_OTLP_PROTOCOL");
    bnc_json_set_str(arena, protocol, "value",
                     bnc_str_eq(backend->protocol, "OTLP") ? "grpc" : "http/protobuf");
    bnc_json_add(env, protocol);
}

cJSON *
bnc_sdk_own_spec(const struct bnc_mesh_plan *mesh, const struct bnc_level *level)
{
    struct bnc_arena *arena = mesh->arena;
    const struct bnc_backend_spec *backends = mesh->tracing->backends.items;
    cJSON *spec = sampler_fields(mesh, level, jaeger_endpoint(mesh));
    cJSON *propagators = bnc_json_array(arena);
    bool b3 = (bnc_sdk_formats_of(mesh, bnc_mesh_provider(mesh)) & BNC_SDK_B3) != 0;
    if (spec == NULL) {
        return NULL;
    }
    for (size_t i = 0; i < mesh->tracing->backends.n; i++) {
        if (bnc_str_starts(backends[i].protocol, "OTLP") &&
            bnc_json_get(spec, "exporter") == NULL) {
            add_exporter(mesh, &backends[i], spec);
        }
        b3 = b3 || bnc_str_eq(backends[i].protocol, "Zipkin");
    }
    bnc_json_add(propagators, bnc_json_str(arena, "tracecontext"));
    bnc_json_add(propagators, bnc_json_str(arena, "baggage"));
    if (b3) {
        bnc_json_add(propagators, bnc_json_str(arena, "b3multi"));
    }
    bnc_json_set_item(arena, spec, "propagators", propagators);
    return spec;
}

/* The first workload of the next namespace. */
static size_t
next_namespace(const struct bnc_mesh_plan *mesh, size_t at)
{
    const char *ns = mesh->workloads[at].member->object->ns;
    while (bnc_mesh_in(mesh, at, ns)) {
        at++;
    }
    return at;
}

static cJSON *
own_spec_in(const struct bnc_mesh_plan *mesh, const char *ns, struct bnc_diags *diags)
{
    const struct bnc_level *level = level_in(mesh, ns);
    size_t first = 0;
    size_t others = count_others(mesh, bnc_sdk_run_of(mesh, ns), &first);
    if (level != NULL && others > 1) {
        bnc_diag_warn(diags, BNC_REASON_CONFLICTED, FIELD, "leave one in the namespace",
                      "namespace %s has %zu Instrumentations: none is set", ns, others);
    }
    return level == NULL || others > 0 ? NULL : bnc_sdk_own_spec(mesh, level);
}

size_t
bnc_mesh_sdk_documents(const struct bnc_mesh_plan *mesh, struct bnc_arena *arena,
                       struct bnc_document *out, struct bnc_diags *diags)
{
    struct bnc_mesh_plan here = *mesh; /* may be asked again and again: in `arena` */
    size_t n = 0;
    here.arena = arena;
    for (size_t i = 0; mesh->systems[BNC_SYSTEM_SDK] && i < mesh->n_workloads;
         i = next_namespace(mesh, i)) {
        const char *ns = mesh->workloads[i].member->object->ns;
        const cJSON *spec = own_spec_in(&here, ns, diags);
        if (spec != NULL) {
            out[n++] = (struct bnc_document){.kind = BNC_KIND_INSTRUMENTATION,
                                             .ns = bnc_arena_strdup(arena, ns),
                                             .name = BNC_SDK_OWN_NAME,
                                             .spec = spec};
        }
    }
    return n;
}

/* ---- somebody else's -----------------------------------------------------------------
 */

size_t
bnc_mesh_sdk_room(const struct bnc_mesh_plan *mesh)
{
    return mesh == NULL ? 0 : mesh->n_instrumentations;
}

/* What a merge patch makes `wanted` of `live` with: keys that are too many are null. */
static cJSON *
replacement(const cJSON *live, const cJSON *wanted, struct bnc_arena *arena)
{
    if (!cJSON_IsObject(wanted)) {
        return bnc_json_null(arena);
    }
    cJSON *out = bnc_json_clone(arena, wanted);
    const cJSON *key;
    cJSON_ArrayForEach(key, live)
    {
        if (bnc_json_get(wanted, key->string) == NULL) {
            bnc_json_set_item(arena, out, key->string, bnc_json_null(arena));
        }
    }
    return out;
}

/* {"metadata":{"annotations":{WAS: ...}},"spec":{"sampler":...}}; sampler NULL: it stays.
 */
static void
add_patch(struct bnc_plan *plan, struct bnc_held of, const cJSON *was, cJSON *sampler)
{
    struct bnc_arena *arena = plan->arena;
    cJSON *root = bnc_json_object(arena);
    cJSON *meta = bnc_json_object(arena);
    cJSON *annotations = bnc_json_object(arena);
    struct bnc_str text = bnc_str_new(arena, BODY_MAX);
    struct bnc_str body = bnc_str_new(arena, 4 * BODY_MAX);
    if (was != NULL) {
        bnc_json_print(was, &text);
    }
    bnc_json_set_item(arena, annotations, ANNOTATION_WAS,
                      was == NULL ? bnc_json_null(arena) : bnc_json_str(arena, text.ptr));
    bnc_json_set_item(arena, meta, "annotations", annotations);
    bnc_json_set_item(arena, root, "metadata", meta);
    if (sampler != NULL) {
        cJSON *spec = bnc_json_object(arena);
        bnc_json_set_item(arena, spec, "sampler", sampler);
        bnc_json_set_item(arena, root, "spec", spec);
    }
    bnc_json_print(root, &body);
    if (text.too_big || body.too_big) {
        bnc_diag_warn(&plan->diags, BNC_REASON_TOO_BIG, FIELD, "shorten it",
                      "the sampler of Instrumentation %s/%s is too long to be kept",
                      of.ns, of.name);
        return;
    }
    plan->held[plan->n_held++] = of;
    plan->patches[plan->n_patches++] =
        (struct bnc_patch){.of = of, .body = {body.ptr, body.len}};
}

static bool
sets_variable(const cJSON *spec)
{
    const cJSON *item;
    cJSON_ArrayForEach(item, bnc_json_get(spec, "env"))
    {
        const char *name = bnc_json_get_str(item, "name");
        if (name != NULL && bnc_str_starts(name, "OTEL_TRACES_SAMPLER")) {
            return true;
        }
    }
    return false;
}

/* The sampler is as we have set it: what was there before is in `was`. */
static bool
is_as_set(const cJSON *live, const cJSON *was)
{
    return was != NULL && bnc_json_equal(live, bnc_json_get(was, "is"));
}

/* Whether the sampler of Instrumentation `i` is ours to set; told where it is not. */
static bool
may_take(struct bnc_plan *plan, const struct bnc_mesh_plan *mesh, size_t i,
         const cJSON *wanted)
{
    const struct bnc_instrumentation *one = &mesh->instrumentations[i];
    const char *other = NULL;
    const cJSON *was = bnc_sdk_read_was(mesh, i, &other);
    const cJSON *live = bnc_json_get(one->spec, "sampler");
    bool empty = live == NULL || live->child == NULL;
    const char *owner = other == NULL ? bnc_sdk_maker(mesh, i) : other;

    if (owner != NULL) {
        bnc_diag_warn(&plan->diags, BNC_REASON_CONFLICTED, FIELD,
                      "let one Observatory take the namespace",
                      "Observatory %s sets Instrumentation %s/%s", owner, one->ns,
                      one->name);
        return false;
    }
    if (sets_variable(one->spec)) {
        bnc_diag_warn(&plan->diags, BNC_REASON_FOREIGN_FIELD, FIELD,
                      "take it out of spec.env",
                      "Instrumentation %s/%s has OTEL_TRACES_SAMPLER in spec.env, which "
                      "stands over its sampler",
                      one->ns, one->name);
        return false;
    }
    if (!empty && !is_as_set(live, was) && !bnc_json_equal(live, wanted) &&
        !bnc_str_eq(mesh->state->ir->spec.on_conflict, "TakeOver")) {
        bnc_diag_warn(&plan->diags, BNC_REASON_FOREIGN_FIELD, FIELD,
                      "set onConflict: TakeOver, or take the sampler off",
                      "Instrumentation %s/%s has a sampler already, which is not "
                      "binnacle's",
                      one->ns, one->name);
        return false;
    }
    return true;
}

static void
take(struct bnc_plan *plan, const struct bnc_mesh_plan *mesh, size_t i,
     const cJSON *wanted)
{
    struct bnc_arena *arena = plan->arena;
    const struct bnc_instrumentation *one = &mesh->instrumentations[i];
    const struct bnc_held of = {BNC_KIND_INSTRUMENTATION, one->ns, one->name};
    const char *other = NULL;
    const cJSON *was = bnc_sdk_read_was(mesh, i, &other);
    const cJSON *live = bnc_json_get(one->spec, "sampler");
    /* What others want now, if they have changed it since. */
    const cJSON *old = is_as_set(live, was) ? bnc_json_get(was, "sampler") : live;

    if (bnc_json_equal(live, wanted)) {
        if (was != NULL) {
            plan->held[plan->n_held++] = of;
        }
        return;
    }
    cJSON *record = bnc_json_object(arena);
    bnc_json_set_str(arena, record, "owner", mesh->owner);
    bnc_json_set_item(arena, record, "is", bnc_json_clone(arena, wanted));
    bnc_json_set_item(arena, record, "sampler",
                      old == NULL ? bnc_json_null(arena) : bnc_json_clone(arena, old));
    add_patch(plan, of, record, replacement(live, wanted, arena));
}

void
bnc_sdk_give_back(struct bnc_plan *plan, struct bnc_held of, const cJSON *live,
                  const cJSON *was)
{
    const cJSON *old = bnc_json_get(was, "sampler");
    add_patch(plan, of, NULL,
              is_as_set(live, was) ? replacement(live, old, plan->arena) : NULL);
}

/* An Instrumentation is for all of a namespace; Istio and Jaeger know workloads. */
static void
tell_workload_levels(struct bnc_mesh_plan *mesh)
{
    for (size_t i = 0; i < mesh->n_said; i++) {
        const struct bnc_level *level = &mesh->levels[i];
        if (level->type == BNC_LEVEL_WORKLOAD && level->applies[BNC_SYSTEM_SDK] &&
            !level->applies[BNC_SYSTEM_ISTIO] && !level->applies[BNC_SYSTEM_JAEGER]) {
            bnc_mesh_tell(mesh, level->verdict, false, BNC_REASON_NOT_IN_MODE,
                          bnc_level_field(level, "spec.apply"),
                          "use scope Namespace, or have Istio or Jaeger in tracing.apply",
                          "an Instrumentation is for a whole namespace: OpenTelemetry "
                          "takes no percentage of a workload");
        }
    }
}

/* The sampler for the one of a run that others have made; NULL: nobody says anything. */
static const cJSON *
wanted_in(const struct bnc_mesh_plan *mesh, struct bnc_sdk_run run, const char *ns,
          size_t *only)
{
    if (!mesh->systems[BNC_SYSTEM_SDK] || count_others(mesh, run, only) != 1) {
        return NULL;
    }
    const struct bnc_level *level = level_in(mesh, ns);
    return level == NULL ? NULL
                         : bnc_json_get(sampler_fields(mesh, level, NULL), "sampler");
}

void
bnc_mesh_sdk_claims(struct bnc_plan *plan, const struct bnc_mesh_plan *mesh, bool keep)
{
    const struct bnc_plan_state *state = plan->state;
    struct bnc_sdk_run run = {0, 0};
    if (mesh != NULL && keep) {
        tell_workload_levels(state->mesh);
    }
    for (size_t at = 0; mesh != NULL && at < mesh->n_instrumentations; at += run.n) {
        const char *ns = mesh->instrumentations[at].ns;
        size_t only = SIZE_MAX;
        run = bnc_sdk_run_of(mesh, ns);
        const cJSON *wanted = keep ? wanted_in(mesh, run, ns, &only) : NULL;
        for (size_t i = at; i < at + run.n; i++) {
            const char *other = NULL;
            const cJSON *was = bnc_sdk_read_was(mesh, i, &other);
            if (i == only && wanted != NULL && may_take(plan, mesh, i, wanted)) {
                take(plan, mesh, i, wanted);
            } else if (was != NULL) {
                const struct bnc_instrumentation *one = &mesh->instrumentations[i];
                const struct bnc_held of = {BNC_KIND_INSTRUMENTATION, one->ns, one->name};
                bnc_sdk_give_back(plan, of, bnc_json_get(one->spec, "sampler"), was);
            }
        }
    }
}
