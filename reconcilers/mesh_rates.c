/*
 * What holds for each workload: by the live objects, not by what is wanted.
 */
#include <string.h>

#include "lib/hash.h"
#include "lib/json.h"
#include "lib/map.h"
#include "reconcilers/mesh_plan.h"

#define PER_WORKLOAD BNC_SYSTEMS

/* ---- running proxies ----------------------------------------------------------- */

static struct bnc_mesh_workload *
workload_of(const struct bnc_mesh_plan *mesh, const struct bnc_member *proxy)
{
    static const enum bnc_kind kinds[] = {BNC_KIND_DEPLOYMENT, BNC_KIND_STATEFUL_SET,
                                          BNC_KIND_DAEMON_SET, BNC_KIND_JOB};
    const struct bnc_ir_proxy *ir = proxy->ir->as.proxy;
    for (size_t i = 0; i < BNC_LEN(kinds); i++) {
        if (strcmp(bnc_kind_info(kinds[i])->name, ir->controller_kind) == 0) {
            char key[BNC_WORKLOAD_KEY_MAX];
            bnc_workload_key(key, kinds[i], proxy->object->ns, ir->controller);
            return bnc_map_get(mesh->index, key);
        }
    }
    return NULL;
}

/* Each proxy to its workload. */
static void
place_proxies(struct bnc_mesh_plan *mesh)
{
    struct bnc_mesh_workload **of =
        bnc_arena_array(mesh->arena, mesh->n_proxies, sizeof(*of));
    for (size_t i = 0; i < mesh->n_proxies; i++) {
        of[i] = workload_of(mesh, mesh->proxies[i]);
        if (of[i] != NULL) {
            of[i]->n_pods++;
        }
    }
    for (size_t i = 0; i < mesh->n_workloads; i++) {
        struct bnc_mesh_workload *w = &mesh->workloads[i];
        w->pods = bnc_arena_array(mesh->arena, w->n_pods, sizeof(*w->pods));
        w->proxies = bnc_arena_array(mesh->arena, w->n_pods, sizeof(*w->proxies));
        w->n_pods = 0;
    }
    for (size_t i = 0; i < mesh->n_proxies; i++) {
        struct bnc_mesh_workload *w = of[i];
        if (w != NULL) {
            w->pods[w->n_pods++] = mesh->proxies[i];
        }
        if (w != NULL && mesh->proxies[i]->ir->as.proxy->sidecar) {
            w->proxies[w->n_proxies++] = mesh->proxies[i];
        }
    }
}

/* ---- who decides --------------------------------------------------------------- */

/* Its name is copied: an object may be replaced by an equal one while the plan lives. */
static struct bnc_decider
of_object(const struct bnc_mesh_plan *mesh, const struct bnc_object *object, int64_t rate)
{
    return (struct bnc_decider){
        .kind = bnc_kind_info(object->kind)->name,
        .ns = object->ns[0] == '\0' ? NULL : bnc_arena_strdup(mesh->arena, object->ns),
        .name = bnc_arena_strdup(mesh->arena, object->name),
        .rate = rate};
}

static struct bnc_decider
of_level(const struct bnc_mesh_plan *mesh, const struct bnc_level *level, int64_t rate)
{
    const struct bnc_member *by = level->by == NULL ? mesh->plan->observatory : level->by;
    return of_object(mesh, by->object, rate);
}

/* Ours are told by what they come from. */
static struct bnc_decider
of_telemetry(const struct bnc_mesh_plan *mesh, const struct bnc_telemetry *telemetry,
             int64_t rate)
{
    for (size_t i = 0; telemetry->ours && i < mesh->n_levels; i++) {
        const struct bnc_level *level = &mesh->levels[i];
        if (level->applies[BNC_SYSTEM_ISTIO] && strcmp(level->ns, telemetry->ns) == 0 &&
            strcmp(level->name, telemetry->name) == 0) {
            return of_level(mesh, level, rate);
        }
    }
    return (struct bnc_decider){"Telemetry", telemetry->ns, telemetry->name, rate};
}

static struct bnc_decider
of_environment(const struct bnc_mesh_plan *mesh, int64_t rate)
{
    const struct bnc_level *level = &mesh->levels[0];
    const char *mode = mesh->state->ir->spec.mesh->mode;
    if (mesh->n_levels > 0 && !bnc_str_eq(mode, "Telemetry") &&
        level->percent * 100 == rate) {
        return of_level(mesh, level, rate);
    }
    return (struct bnc_decider){"Environment", mesh->facts->ns, "PILOT_TRACE_SAMPLING",
                                rate};
}

static struct bnc_decider
decider(const struct bnc_mesh_plan *mesh, const struct bnc_mesh_workload *w,
        enum bnc_rate_source source, const struct bnc_telemetry *telemetry,
        const char *provider, int64_t rate)
{
    switch (source) {
    case BNC_RATE_FROM_PROVIDER:
        return (struct bnc_decider){"Provider", NULL, provider, rate};
    case BNC_RATE_FROM_TELEMETRY:
        return of_telemetry(mesh, telemetry, rate);
    case BNC_RATE_FROM_PROXY_CONFIG:
        return w->ir->injection.proxy_config != NULL
                   ? (struct bnc_decider){"Annotation",
                                          bnc_arena_strdup(mesh->arena,
                                                           w->member->object->ns),
                                          "proxy.istio.io/config", rate}
                   : (struct bnc_decider){"ConfigMap", mesh->facts->ns,
                                          mesh->facts->config_name, rate};
    case BNC_RATE_FROM_ENVIRONMENT:
        return of_environment(mesh, rate);
    case BNC_RATE_FROM_DEFAULT:
        break;
    }
    return (struct bnc_decider){"Default", NULL, "Istio", rate};
}

/* ---- Istio --------------------------------------------------------------------- */

static const char *
why_off(const struct bnc_mesh_plan *mesh, const struct bnc_rate_answer *answer)
{
    switch (answer->off) {
    case BNC_RATE_OFF_DISABLED:
        return "the mesh configuration has enableTracing: false, and no provider";
    case BNC_RATE_OFF_NO_PROVIDER:
        return "a Telemetry sets tracing, but none names a provider: Istio sends none";
    case BNC_RATE_OFF_UNKNOWN_PROVIDER:
        return bnc_arena_fmt(mesh->arena,
                             "provider %s is not in the mesh configuration: Istio sends "
                             "no tracing",
                             answer->provider == NULL ? "?" : answer->provider);
    case BNC_RATE_OFF_NO_SERVICE:
        return bnc_arena_fmt(mesh->arena,
                             "the Service of provider %s does not exist: Istio sends no "
                             "tracing",
                             answer->provider == NULL ? "?" : answer->provider);
    case BNC_RATE_OFF_REPORTING:
        return "a Telemetry has disableSpanReporting";
    case BNC_RATE_OFF_NOT_APPLICABLE:
    case BNC_RATE_ON:
        break;
    }
    return NULL;
}

static int64_t
rate_of(const struct bnc_rate_answer *answer)
{
    return answer->off == BNC_RATE_ON ? answer->rate : BNC_RATE_NONE;
}

/* What a pod that is made now would have. */
static struct bnc_proxy_config
new_pod_config(const struct bnc_mesh_plan *mesh, const struct bnc_mesh_workload *w)
{
    const char *text = w->ir->injection.proxy_config;
    struct bnc_proxy_config own = {0};
    struct bnc_proxy_config out = {0};
    struct bnc_error err = {0};
    bool has = text != NULL && bnc_proxy_config_parse(text, strlen(text), mesh->arena,
                                                      &own, &err) == BNC_OK;
    bnc_proxy_config_new_pod(&mesh->facts->merged, has ? &own : NULL, &out);
    return out;
}

static bool
same_sampling(const struct bnc_proxy_config *a, const struct bnc_proxy_config *b)
{
    static const struct bnc_proxy_config none;
    a = a == NULL ? &none : a;
    b = b == NULL ? &none : b;
    return a->sampling.set == b->sampling.set &&
           (!a->sampling.set || a->sampling.value == b->sampling.value);
}

/* The configuration that most of its running pods have; how many have another. */
static const struct bnc_proxy_config *
running_config(const struct bnc_mesh_workload *w, size_t *others)
{
    const struct bnc_proxy_config *best = NULL;
    size_t best_n = 0;
    for (size_t i = 0; i < w->n_proxies; i++) {
        const struct bnc_proxy_config *config = w->proxies[i]->ir->as.proxy->config;
        size_t n = 0;
        for (size_t k = i; k < w->n_proxies; k++) {
            n += same_sampling(config, w->proxies[k]->ir->as.proxy->config);
        }
        if (n > best_n) {
            best = config;
            best_n = n;
        }
        if (best_n * 2 > w->n_proxies) {
            break;
        }
    }
    *others = w->n_proxies - best_n;
    return best;
}

static void
fill(const struct bnc_mesh_plan *mesh, const struct bnc_mesh_workload *w,
     const struct bnc_rate_answer *answer, struct bnc_effective *out)
{
    out->rate = rate_of(answer);
    out->by =
        decider(mesh, w, answer->source, answer->telemetry, answer->provider, out->rate);
    if (answer->off != BNC_RATE_ON && answer->telemetry == NULL) {
        out->by = (struct bnc_decider){"ConfigMap", mesh->facts->ns,
                                       mesh->facts->config_name, BNC_RATE_NONE};
    }
    struct bnc_decider *list =
        bnc_arena_array(mesh->arena, answer->n_overrides, sizeof(*list));
    for (size_t i = 0; i < answer->n_overrides; i++) {
        list[i] =
            decider(mesh, w, answer->overrides[i].source, answer->overrides[i].telemetry,
                    answer->provider, answer->overrides[i].rate);
    }
    out->overrides = list;
    out->n_overrides = answer->n_overrides;
    out->note = why_off(mesh, answer);
}

static size_t
run_of(const struct bnc_mesh_plan *mesh, const char *ns, size_t *first)
{
    size_t n = 0;
    *first = bnc_mesh_first_telemetry(mesh, ns);
    while (*first + n < mesh->n_telemetries &&
           strcmp(mesh->telemetries[*first + n]->ns, ns) == 0) {
        n++;
    }
    return n;
}

/* Telemetry of the root namespace and of this one: all that can be about its workloads.
 */
static void
look_near(struct bnc_mesh_plan *mesh, const char *ns)
{
    if (mesh->near_ns != NULL && strcmp(mesh->near_ns, ns) == 0) {
        return;
    }
    const char *const places[] = {mesh->facts->root_namespace, ns};
    size_t first[2] = {0, 0};
    size_t n[2] = {0, 0};
    for (size_t p = 0; p < BNC_LEN(places); p++) {
        bool again = p == 1 && strcmp(places[0], places[1]) == 0;
        n[p] = again ? 0 : run_of(mesh, places[p], &first[p]);
    }
    mesh->near = bnc_arena_array(mesh->arena, n[0] + n[1], sizeof(*mesh->near));
    mesh->n_near = 0;
    for (size_t p = 0; p < BNC_LEN(places); p++) {
        for (size_t i = 0; i < n[p]; i++) {
            mesh->near[mesh->n_near++] = mesh->telemetries[first[p] + i];
        }
    }
    mesh->near_ns = bnc_arena_strdup(mesh->arena, ns);
}

static struct bnc_rate_facts
facts_of(const struct bnc_mesh_plan *mesh, const struct bnc_mesh_workload *w)
{
    const struct bnc_injection *injection = &w->ir->injection;
    return (struct bnc_rate_facts){.mesh = &mesh->facts->merged,
                                   .root_namespace = mesh->facts->root_namespace,
                                   .pilot_trace_sampling = mesh->facts->sampling,
                                   .telemetries = mesh->near,
                                   .n_telemetries = mesh->n_near,
                                   .service_exists = bnc_mesh_facts_service_exists,
                                   .arg = mesh->state->ir->mesh,
                                   .ns = w->member->object->ns,
                                   .name = w->member->object->name,
                                   .gateway = injection->gateway_name,
                                   .labels = w->ir->labels,
                                   .type = injection->gateway ? BNC_PROXY_GATEWAY
                                                              : BNC_PROXY_SIDECAR};
}

static void
tell_restart(const struct bnc_mesh_plan *mesh, const struct bnc_mesh_workload *w,
             const struct bnc_rate_answer *fresh, size_t others,
             struct bnc_effective *out)
{
    if (others > 0) {
        out->note =
            bnc_arena_fmt(mesh->arena,
                          "%zu of its %zu pods were made with another percentage; "
                          "restart them to have one",
                          others, w->n_proxies);
    } else if (rate_of(fresh) != out->rate && w->n_proxies > 0) {
        out->note = bnc_arena_fmt(
            mesh->arena, "new pods get %s %%: restart it for that to hold",
            rate_of(fresh) == BNC_RATE_NONE ? "no"
                                            : bnc_rate_text(rate_of(fresh), mesh->arena));
    }
}

static void
rate_istio(const struct bnc_mesh_plan *mesh, const struct bnc_mesh_workload *w,
           struct bnc_effective *out, const char **provider)
{
    struct bnc_rate_facts facts = facts_of(mesh, w);
    struct bnc_rate_answers fresh;
    struct bnc_rate_answers now;
    struct bnc_proxy_config baked = new_pod_config(mesh, w);
    size_t others = 0;

    facts.proxy = &baked;
    bnc_rate_effective(&facts, mesh->arena, &fresh);
    now = fresh;
    if (w->n_proxies > 0) {
        facts.proxy = running_config(w, &others);
        bnc_rate_effective(&facts, mesh->arena, &now);
    }
    *out = (struct bnc_effective){.system = "Istio", .workload = w->member};
    fill(mesh, w, &now.outbound, out);
    *provider = now.outbound.provider;
    out->inbound = now.inbound.off == BNC_RATE_OFF_NOT_APPLICABLE ? out->rate
                                                                  : rate_of(&now.inbound);
    tell_restart(mesh, w, &fresh.outbound, others, out);
}

/* ---- others -------------------------------------------------------------------- */

static void
rate_jaeger(const struct bnc_mesh_plan *mesh, const struct bnc_mesh_workload *w,
            struct bnc_effective *out)
{
    const struct bnc_level *level = bnc_mesh_service(mesh, w->member->object->name);
    if (level == NULL && mesh->levels[0].applies[BNC_SYSTEM_JAEGER]) {
        level = &mesh->levels[0];
    }
    *out = (struct bnc_effective){.system = "Jaeger", .workload = w->member};
    if (level == NULL) {
        out->rate = out->inbound = BNC_RATE_NONE;
        return;
    }
    out->rate = out->inbound = level->percent * 100;
    out->by = of_level(mesh, level, out->rate);
}

/* ---- all of them --------------------------------------------------------------- */

void
bnc_mesh_rates(struct bnc_mesh_plan *mesh, size_t first, size_t n)
{
    struct bnc_plan *plan = mesh->plan;
    if (plan->effective == NULL) {
        plan->effective = bnc_arena_array(mesh->arena, mesh->n_workloads * PER_WORKLOAD,
                                          sizeof(*plan->effective));
        place_proxies(mesh);
    }
    for (size_t i = first; i < first + n && i < mesh->n_workloads; i++) {
        struct bnc_mesh_workload *w = &mesh->workloads[i];
        const struct bnc_effective *istio = NULL;
        const char *provider = NULL;
        w->effective = plan->n_effective;
        if (mesh->facts != NULL && w->ir->injection.sidecar) {
            look_near(mesh, w->member->object->ns);
            rate_istio(mesh, w, &plan->effective[plan->n_effective], &provider);
            istio = &plan->effective[plan->n_effective++];
            plan->mesh.workloads++;
        }
        plan->n_effective += bnc_mesh_rate_sdk(mesh, w, istio, provider,
                                               &plan->effective[plan->n_effective]);
        if (mesh->systems[BNC_SYSTEM_JAEGER]) {
            rate_jaeger(mesh, w, &plan->effective[plan->n_effective++]);
        }
        w->n_effective = plan->n_effective - w->effective;
    }
}

/* ---- for the policies ---------------------------------------------------------- */

#define SHOWN_MAX 100

static uint64_t
stamp_decider(uint64_t stamp, const struct bnc_decider *decider)
{
    const char *const texts[] = {decider->kind, decider->ns, decider->name};
    for (size_t i = 0; i < BNC_LEN(texts); i++) {
        stamp = texts[i] == NULL ? stamp : bnc_hash64(texts[i], strlen(texts[i]), stamp);
    }
    return bnc_hash64(&decider->rate, sizeof(decider->rate), stamp);
}

static uint64_t
stamp_effective(uint64_t stamp, const struct bnc_effective *e)
{
    const char *name = e->workload->object->name;
    stamp = bnc_hash64(name, strlen(name), stamp);
    stamp = bnc_hash64(&e->inbound, sizeof(e->inbound), stamp_decider(stamp, &e->by));
    for (size_t i = 0; i < e->n_overrides; i++) {
        stamp = stamp_decider(stamp, &e->overrides[i]);
    }
    return e->note == NULL ? stamp : bnc_hash64(e->note, strlen(e->note), stamp);
}

/* What holds for the workloads that a policy is about, whether or not it decides there.
 */
static void
list_for(struct bnc_mesh_plan *mesh, struct bnc_verdict *v)
{
    const struct bnc_plan *plan = mesh->plan;
    const struct bnc_spec_sampling_policy *spec = &v->member->ir->as.sampling->spec;
    const char *ns = v->member->object->ns;
    bool all = bnc_str_eq(spec->scope, "Mesh");
    const struct bnc_level level = {
        .policy = v->member->ir->as.sampling,
        .match_labels = spec->selector == NULL ? NULL : &spec->selector->match_labels};

    v->effective =
        bnc_arena_array(mesh->arena, SHOWN_MAX, sizeof(struct bnc_effective *));
    for (size_t i = all ? 0 : bnc_mesh_first_workload(mesh, ns); i < mesh->n_workloads;
         i++) {
        const struct bnc_mesh_workload *w = &mesh->workloads[i];
        if (!all && strcmp(w->member->object->ns, ns) != 0) {
            break;
        }
        bool about =
            !bnc_str_eq(spec->scope, "Workload") || bnc_level_selects(&level, w->ir);
        v->n_workloads += about && w->n_effective > 0;
        for (size_t k = 0; about && k < w->n_effective && v->n_effective < SHOWN_MAX;
             k++) {
            const struct bnc_effective *e = &plan->effective[w->effective + k];
            v->effective[v->n_effective++] = e;
            v->effective_stamp = stamp_effective(v->effective_stamp, e);
        }
    }
}

void
bnc_mesh_finish(struct bnc_mesh_plan *mesh)
{
    struct bnc_plan *plan = mesh->plan;
    for (size_t i = 0; i < plan->n_verdicts; i++) {
        struct bnc_verdict *v = &plan->verdicts[i];
        if (v->member->ir->type == BNC_IR_SAMPLING && v->selected && !v->pending) {
            list_for(mesh, v);
        }
    }
    plan->mesh.present = mesh->facts != NULL;
    if (mesh->tracing != NULL) {
        plan->mesh.provider = bnc_mesh_provider(mesh);
        plan->mesh.percent = mesh->levels[0].said ? mesh->levels[0].percent : -1;
    }
    bnc_mesh_drop(mesh);
}
