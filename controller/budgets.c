#include "controller/budgets.h"

#include <stdlib.h>
#include <string.h>

#include "lib/json.h"
#include "lib/units.h"
#include "model/prune.h"

#define NAMES_MAX ((size_t)8 * 1024) /* bytes of names in a query */

struct bnc_budgets {
    struct bnc_engine *engine;
    struct bnc_measure *measure;
    bnc_fn wake;
    void *arg;
};

/* The percentage as an object that policies are compiled from. */
static void
put_fact(struct bnc_engine *engine, const char *ns, const char *name, int64_t percent)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    const char *text =
        bnc_arena_fmt(arena, "{\"data\":{\"percent\":%lld}}", (long long)percent);
    const struct bnc_pruned fact = {.ns = ns,
                                    .name = name,
                                    .uid = "",
                                    .resource_version = "",
                                    .text = {text, strlen(text)}};
    bnc_engine_put(engine, bnc_object_new(BNC_KIND_MEASURE, &fact, NULL));
}

static void
on_changed(void *arg, const char *ns, const char *name, const struct bnc_measured *now)
{
    const struct bnc_budgets *budgets = arg;
    if (now->percent_since_ms != 0) {
        put_fact(budgets->engine, ns, name, now->percent);
    }
    budgets->wake(budgets->arg);
}

struct bnc_budgets *
bnc_budgets_new(struct bnc_world *world, struct bnc_engine *engine, bnc_fn wake,
                void *arg)
{
    struct bnc_budgets *budgets = bnc_alloc(sizeof(*budgets));
    *budgets = (struct bnc_budgets){.engine = engine, .wake = wake, .arg = arg};
    budgets->measure = bnc_measure_new(&(struct bnc_measure_options){
        .world = world, .changed = on_changed, .arg = budgets});
    return budgets;
}

void
bnc_budgets_free(struct bnc_budgets *budgets)
{
    if (budgets != NULL) {
        bnc_measure_free(budgets->measure);
        free(budgets);
    }
}

void
bnc_budgets_want(struct bnc_budgets *budgets, const char *ns, const char *name)
{
    bnc_engine_synced(budgets->engine, BNC_KIND_MEASURE, ns, name);
}

void
bnc_budgets_unwant(struct bnc_budgets *budgets, const char *ns, const char *name)
{
    bnc_measure_drop(budgets->measure, ns, name);
}

bool
bnc_budgets_get(const struct bnc_budgets *budgets, const char *ns, const char *name,
                struct bnc_measured *out)
{
    return bnc_measure_get(budgets->measure, ns, name, out);
}

/* ---- what to measure ----------------------------------------------------------- */

static struct bnc_budget_settings
settings_of(const struct bnc_budget_spec *spec, int64_t most)
{
    struct bnc_budget_settings out = BNC_BUDGET_SETTINGS_DEFAULT;
    struct bnc_error err = {0};
    out.traces_per_second = spec->traces_per_second.value * 1000;
    out.initial = spec->initial_percent.value;
    out.min = spec->min_percent.value;
    out.max = spec->max_percent.value < most ? spec->max_percent.value : most;
    if (spec->interval != NULL &&
        bnc_duration_parse(spec->interval, &out.interval_ms, &err)) {
        out.interval_ms = BNC_BUDGET_SETTINGS_DEFAULT.interval_ms; /* told by compiling */
    }
    return out;
}

/* "a|b" of the workloads that a policy is about; NULL: none, or not all are listed. */
static const char *
workloads_of(const struct bnc_verdict *v, struct bnc_arena *arena)
{
    struct bnc_str names = bnc_str_new(arena, NAMES_MAX);
    size_t n = 0;

    for (size_t i = 0; i < v->n_effective; i++) {
        bool again = i > 0 && v->effective[i - 1]->workload == v->effective[i]->workload;
        if (!again) {
            const char *name = v->effective[i]->workload->object->name;
            bnc_str_fmt(&names, "%s%s", n++ == 0 ? "" : "|", name);
        }
    }
    return n == 0 || n < v->n_workloads || names.too_big ? NULL : names.ptr;
}

/* Requests that leave where the policy holds: there traces begin.  NULL: not known. */
static const char *
query_of(const struct bnc_verdict *v, struct bnc_arena *arena)
{
    const struct bnc_spec_sampling_policy *spec = &v->member->ir->as.sampling->spec;
    const char *ns = v->member->object->ns;

    if (spec->budget->query != NULL) {
        return spec->budget->query;
    }
    if (bnc_str_eq(spec->scope, "Mesh")) {
        return "sum(rate(istio_requests_total{reporter=\"source\"}[2m]))";
    }
    if (bnc_str_eq(spec->scope, "Namespace")) {
        return bnc_arena_fmt(arena,
                             "sum(rate(istio_requests_total{reporter=\"source\","
                             "source_workload_namespace=\"%s\"}[2m]))",
                             ns);
    }
    const char *names = workloads_of(v, arena);
    return names == NULL
               ? NULL
               : bnc_arena_fmt(arena,
                               "sum(rate(istio_requests_total{reporter=\"source\","
                               "source_workload_namespace=\"%s\",source_workload=~\"%s\"}"
                               "[2m]))",
                               ns, names);
}

void
bnc_budgets_set(struct bnc_budgets *budgets, const struct bnc_result *result)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    const struct bnc_plan *plan = result->plan;
    for (size_t i = 0; plan != NULL && i < plan->n_verdicts; i++) {
        const struct bnc_verdict *v = &plan->verdicts[i];
        if (v->member->ir->type != BNC_IR_SAMPLING || !v->accepted ||
            v->member->ir->as.sampling->spec.budget == NULL) {
            continue;
        }
        const struct bnc_ir_observatory *ir = plan->observatory->ir->as.observatory;
        /* whoever is not trusted does not say whom we send requests to */
        bool trusted = ir->spec.prometheus != NULL && !ir->own_only;
        const struct bnc_measure_spec wanted = {
            .url = trusted ? ir->spec.prometheus->url : NULL,
            .query = query_of(v, arena),
            .settings =
                settings_of(v->member->ir->as.sampling->spec.budget, v->most_percent)};
        bnc_measure_set(budgets->measure, v->member->object->ns, v->member->object->name,
                        &wanted, v->percent);
    }
}
