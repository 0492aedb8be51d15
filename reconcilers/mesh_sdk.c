/*
 * OpenTelemetry: what the SDKs of the mesh's workloads do with its decisions.
 */
#include "reconcilers/mesh_sdk.h"

#include <string.h>

#include "lib/json.h"

#define ANNOTATION_OWNER "binnacle.dev/owner"

/* ---- which Instrumentation -----------------------------------------------------------
 */

struct bnc_sdk_run
bnc_sdk_run_of(const struct bnc_mesh_plan *mesh, const char *ns)
{
    size_t low = 0;
    size_t high = mesh->n_instrumentations;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (strcmp(mesh->instrumentations[mid].ns, ns) < 0) {
            low = mid + 1;
        } else {
            high = mid;
        }
    }
    struct bnc_sdk_run run = {low, 0};
    while (low + run.n < mesh->n_instrumentations &&
           strcmp(mesh->instrumentations[low + run.n].ns, ns) == 0) {
        run.n++;
    }
    return run;
}

const char *
bnc_sdk_maker(const struct bnc_mesh_plan *mesh, size_t i)
{
    return bnc_json_get_str(mesh->instrumentation_members[i]->ir->annotations,
                            ANNOTATION_OWNER);
}

const cJSON *
bnc_sdk_read_was(const struct bnc_mesh_plan *mesh, size_t i, const char **other)
{
    const char *text = mesh->instrumentation_members[i]->ir->as.instrumentation->was;
    struct bnc_error err = {0};
    cJSON *was = NULL;
    *other = NULL;
    if (text == NULL || bnc_json_parse(mesh->arena, text, strlen(text), &was, &err)) {
        return NULL;
    }
    const char *owner = bnc_json_get_str(was, "owner");
    *other = bnc_str_eq(owner, mesh->owner) ? NULL : owner;
    return bnc_str_eq(owner, mesh->owner) ? was : NULL;
}

/* The first language that something is injected for. */
static bool
choose(const struct bnc_mesh_plan *mesh, const struct bnc_mesh_workload *w,
       struct bnc_inject_pod *pod, struct bnc_instrumentation_chosen *chosen)
{
    const struct bnc_injection *injection = &w->ir->injection;
    const char *ns = w->member->object->ns;
    struct bnc_sdk_run run = bnc_sdk_run_of(mesh, ns);
    *pod = (struct bnc_inject_pod){
        .ns = ns, .annotations = injection->sdk, .ns_annotations = injection->ns_sdk};
    *chosen = (struct bnc_instrumentation_chosen){0};
    for (enum bnc_inject_language i = 0; i < BNC_INJECT_LANGUAGE_COUNT; i++) {
        pod->language = i;
        bnc_instrumentation_choose(pod, mesh->instrumentations + run.first, run.n,
                                   mesh->arena, chosen);
        if (chosen->choice == BNC_INJECT_NOT) {
            continue;
        }
        if (strcmp(chosen->ns, ns) != 0) {
            run = bnc_sdk_run_of(mesh, chosen->ns);
            bnc_instrumentation_choose(pod, mesh->instrumentations + run.first, run.n,
                                       mesh->arena, chosen);
        }
        return true;
    }
    return false;
}

bool
bnc_sdk_asks(const struct bnc_mesh_plan *mesh, const struct bnc_mesh_workload *w)
{
    struct bnc_inject_pod pod;
    struct bnc_instrumentation_chosen chosen;
    return choose(mesh, w, &pod, &chosen) && strcmp(chosen.ns, pod.ns) == 0 &&
           (chosen.choice != BNC_INJECT_NOT_FOUND ||
            bnc_str_eq(chosen.name, BNC_SDK_OWN_NAME));
}

/*
 * What the SDKs of a workload's namespace are to do; NULL: nobody says anything.  One
 * Instrumentation for all: the namespace's level or the mesh's, never the workload's.
 */
const struct bnc_level *
bnc_sdk_level(const struct bnc_mesh_plan *mesh, const struct bnc_mesh_workload *w)
{
    struct bnc_mesh_workload any = *w;
    any.level = NULL;
    const struct bnc_level *level = bnc_level_of(mesh, BNC_SYSTEM_SDK, &any);
    return level != NULL && level->said ? level : NULL;
}

unsigned
bnc_sdk_formats_of(const struct bnc_mesh_plan *mesh, const char *provider)
{
    const struct bnc_tracing_spec *tracing = mesh->tracing;
    const struct bnc_provider *live =
        mesh->facts == NULL || provider == NULL
            ? NULL
            : bnc_provider_find(&mesh->facts->merged, provider);
    bool both = false;
    for (size_t i = 0; tracing != NULL && i < tracing->backends.n; i++) {
        const struct bnc_backend_spec *backend =
            &((const struct bnc_backend_spec *)tracing->backends.items)[i];
        both = both || (bnc_str_eq(backend->name, provider) &&
                        bnc_str_eq(backend->trace_context, "B3AndW3C"));
    }
    return live == NULL ? 0 : bnc_sdk_provider_formats(live->type, both);
}

/* ---- the rate ------------------------------------------------------------------------
 */

/* What an SDK is told. */
struct told {
    struct bnc_sdk_settings settings;
    struct bnc_sdk_sampler sampler;
};

static struct told
read_told(const struct bnc_mesh_plan *mesh, const cJSON *env, const cJSON *spec,
          enum bnc_inject_language language)
{
    struct told told;
    bnc_instrumentation_settings(env, spec, language, mesh->arena, &told.settings);
    bnc_instrumentation_sampler(&told.settings, mesh->arena, &told.sampler);
    return told;
}

static bool
same_sampler(const struct bnc_sdk_sampler *a, const struct bnc_sdk_sampler *b)
{
    return a->kind == b->kind && a->parent_based == b->parent_based &&
           (a->kind != BNC_SDK_RATIO || a->ratio == b->ratio);
}

/*
 * Running pods keep what they were made with: *told becomes what most of them have;
 * gives how many have another sampler than new ones get.
 */
static size_t
look_at_pods(const struct bnc_mesh_plan *mesh, const struct bnc_mesh_workload *w,
             struct told *told)
{
    struct told *made = bnc_arena_array(mesh->arena, w->n_pods, sizeof(*made));
    size_t best_n = 0;
    size_t best = 0;
    size_t others = 0;
    for (size_t i = 0; i < w->n_pods; i++) {
        const cJSON *env = w->pods[i]->ir->as.proxy->sdk_env;
        made[i] = read_told(mesh, env, NULL, BNC_INJECT_SDK);
        others += !same_sampler(&made[i].sampler, &told->sampler);
    }
    for (size_t i = 0; i < w->n_pods && others > 0 && best_n * 2 <= w->n_pods; i++) {
        size_t n = 0;
        for (size_t k = i; k < w->n_pods; k++) {
            n += same_sampler(&made[i].sampler, &made[k].sampler);
        }
        best = n > best_n ? i : best;
        best_n = n > best_n ? n : best_n;
    }
    if (others > 0 && !same_sampler(&made[best].sampler, &told->sampler)) {
        *told = made[best];
    }
    return others;
}

static bool
pods_have_sdk(const struct bnc_mesh_workload *w)
{
    for (size_t i = 0; i < w->n_pods; i++) {
        if (w->pods[i]->ir->as.proxy->sdk_env != NULL) {
            return true;
        }
    }
    return false;
}

static const char *
why_not_injected(const struct bnc_mesh_plan *mesh,
                 const struct bnc_instrumentation_chosen *chosen)
{
    const char *what = chosen->choice == BNC_INJECT_SEVERAL
                           ? "has several Instrumentations, and the pods name none"
                           : "has no Instrumentation";
    if (chosen->choice == BNC_INJECT_NOT_FOUND) {
        return bnc_arena_fmt(mesh->arena,
                             "there is no Instrumentation %s/%s: no SDK is injected",
                             chosen->ns, chosen->name);
    }
    return bnc_arena_fmt(mesh->arena, "namespace %s %s: no SDK is injected", chosen->ns,
                         what);
}

static const char *const findings[BNC_SDK_FINDING_COUNT] = {
    [BNC_SDK_DOUBLE_SAMPLING] = "decided twice, by the mesh and by the app",
    [BNC_SDK_PARENT_IGNORED] = "the app ignores what the mesh decides",
    [BNC_SDK_NOT_RECORDED] = "the app leaves its spans out of the mesh's traces",
    [BNC_SDK_PROPAGATION_MISMATCH] = "the app does not see the mesh's trace",
    [BNC_SDK_RATE_UNKNOWN] = "the app decides in a way that is not seen here",
    [BNC_SDK_SAMPLER_UNKNOWN] = "not every SDK knows this sampler",
};

static const char *
note_of(const struct bnc_mesh_plan *mesh, const struct bnc_mesh_workload *w,
        size_t others, enum bnc_sdk_finding finding)
{
    const char *remedy = bnc_sdk_remedy(finding);
    const char *what =
        remedy == NULL ? NULL
                       : bnc_arena_fmt(mesh->arena, "%s: %s", findings[finding], remedy);
    if (others == 0) {
        return what;
    }
    return bnc_arena_fmt(mesh->arena,
                         "%zu of its %zu pods were made with another sampler than new "
                         "ones get: restart it%s%s",
                         others, w->n_pods, what == NULL ? "" : ". ",
                         what == NULL ? "" : what);
}

/* Its name is copied: an object may be replaced by an equal one while the plan lives. */
static struct bnc_decider
of_level(const struct bnc_mesh_plan *mesh, const struct bnc_level *level)
{
    const struct bnc_object *by =
        (level->by == NULL ? mesh->plan->observatory : level->by)->object;
    return (struct bnc_decider){
        .kind = bnc_kind_info(by->kind)->name,
        .ns = by->ns[0] == '\0' ? NULL : bnc_arena_strdup(mesh->arena, by->ns),
        .name = bnc_arena_strdup(mesh->arena, by->name)};
}

/* True when its sampler is as we have made or set it. */
static bool
is_ours(const struct bnc_mesh_plan *mesh, const struct bnc_instrumentation *one)
{
    const struct bnc_sdk_run run = bnc_sdk_run_of(mesh, one->ns);
    for (size_t i = run.first; i < run.first + run.n; i++) {
        if (one == &mesh->instrumentations[i]) {
            const char *other = NULL;
            const cJSON *was = bnc_sdk_read_was(mesh, i, &other);
            return bnc_str_eq(bnc_sdk_maker(mesh, i), mesh->owner) ||
                   (was != NULL && bnc_json_equal(bnc_json_get(one->spec, "sampler"),
                                                  bnc_json_get(was, "is")));
        }
    }
    return true; /* one that would be written */
}

static struct bnc_decider
decider(const struct bnc_mesh_plan *mesh, const struct bnc_mesh_workload *w,
        const struct told *told, const struct bnc_instrumentation *one,
        const struct bnc_level *remote)
{
    const struct bnc_level *level = bnc_sdk_level(mesh, w);
    if (remote != NULL && told->sampler.kind == BNC_SDK_JAEGER_REMOTE) {
        return of_level(mesh, remote);
    }
    if (told->settings.sampler.from == BNC_SDK_FROM_CONTAINER) {
        return (struct bnc_decider){.kind = "Environment", .name = "OTEL_TRACES_SAMPLER"};
    }
    if (told->settings.sampler.from == BNC_SDK_FROM_DEFAULT || one == NULL) {
        return (struct bnc_decider){.kind = "Default", .name = "OpenTelemetry"};
    }
    if (level != NULL && is_ours(mesh, one)) {
        return of_level(mesh, level);
    }
    return (struct bnc_decider){
        .kind = "Instrumentation", .ns = one->ns, .name = one->name};
}

/* What Jaeger tells the service of this name; NULL: nothing. */
static const struct bnc_level *
remote_level(const struct bnc_mesh_plan *mesh, const struct bnc_mesh_workload *w)
{
    const struct bnc_level *level = bnc_mesh_service(mesh, w->member->object->name);
    bool whole = mesh->n_levels > 0 && mesh->levels[0].applies[BNC_SYSTEM_JAEGER];
    return level == NULL && whole ? &mesh->levels[0] : level;
}

/* Without a cluster what would be written counts as live. */
static void
assume(const struct bnc_mesh_plan *mesh, const struct bnc_mesh_workload *w,
       struct bnc_instrumentation_chosen *chosen)
{
    const struct bnc_level *level = bnc_sdk_level(mesh, w);
    bool offline = mesh->facts != NULL && mesh->facts->offline;
    if (!offline || level == NULL || bnc_sdk_run_of(mesh, w->member->object->ns).n > 0 ||
        !bnc_sdk_asks(mesh, w)) {
        return;
    }
    struct bnc_instrumentation *one = bnc_arena_alloc(mesh->arena, sizeof(*one));
    *one = (struct bnc_instrumentation){chosen->ns, BNC_SDK_OWN_NAME,
                                        bnc_sdk_own_spec(mesh, level)};
    chosen->choice = BNC_INJECT_ONE;
    chosen->one = one;
}

bool
bnc_mesh_rate_sdk(const struct bnc_mesh_plan *mesh, const struct bnc_mesh_workload *w,
                  const struct bnc_effective *istio, const char *provider,
                  struct bnc_effective *out)
{
    struct bnc_inject_pod pod;
    struct bnc_instrumentation_chosen chosen;
    struct bnc_sdk_answer answer;
    bool injected = choose(mesh, w, &pod, &chosen);
    const cJSON *env = w->ir->injection.sdk_env;

    if (!injected && env == NULL) {
        return false;
    }
    *out = (struct bnc_effective){.system = bnc_tracing_systems[BNC_SYSTEM_SDK],
                                  .workload = w->member,
                                  .rate = BNC_RATE_NONE,
                                  .inbound = BNC_RATE_NONE};
    if (injected && chosen.one == NULL) {
        assume(mesh, w, &chosen);
    }
    const char *missing =
        injected && chosen.one == NULL ? why_not_injected(mesh, &chosen) : NULL;
    if (missing != NULL && env == NULL && !pods_have_sdk(w)) {
        out->note = missing;
        return true;
    }
    struct told told =
        read_told(mesh, env, chosen.one == NULL ? NULL : chosen.one->spec, pod.language);
    size_t others = look_at_pods(mesh, w, &told);
    const struct bnc_level *remote = remote_level(mesh, w);
    bool traced = istio != NULL && istio->rate != BNC_RATE_NONE;
    const struct bnc_sdk_facts facts = {
        .mesh_traces = traced,
        .mesh_rate = traced ? istio->rate : 0,
        .mesh_formats = traced ? bnc_sdk_formats_of(mesh, provider) : 0,
        .sdk_formats = bnc_sdk_propagators(told.settings.propagators.value, mesh->arena),
        .sampler = &told.sampler,
        .remote = {remote != NULL, remote == NULL ? 0 : remote->percent * 100}};
    bnc_sdk_combine(&facts, &answer);
    out->rate = out->inbound = answer.rate;
    bool follows = traced && told.sampler.parent_based &&
                   answer.finding != BNC_SDK_PROPAGATION_MISMATCH;
    out->by = follows ? istio->by : decider(mesh, w, &told, chosen.one, remote);
    out->by.rate = answer.rate;
    out->note = missing == NULL ? note_of(mesh, w, others, answer.finding) : missing;
    return true;
}
