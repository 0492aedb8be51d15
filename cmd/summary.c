#include "cmd/summary.h"

#include <stdio.h>
#include <string.h>

bool
bnc_summary_changed(struct bnc_offline *o)
{
    const struct bnc_engine *engine = bnc_controller_engine(o->controller);
    struct bnc_source_dir_counts counts = bnc_source_dir_counts(o->source);
    uint64_t stamp = bnc_hash64(&counts, sizeof(counts), bnc_engine_count(engine) + 1);

    for (size_t i = 0; i < bnc_engine_count(engine); i++) {
        uint64_t revision = bnc_engine_result(engine, i)->revision;
        stamp = bnc_hash64(&revision, sizeof(revision), stamp);
    }
    bool changed = stamp != o->told;
    o->told = stamp;
    return changed;
}

static size_t
count_accepted(const struct bnc_plan *plan, enum bnc_ir_type type)
{
    size_t n = 0;
    for (size_t i = 0; plan != NULL && i < plan->n_verdicts; i++) {
        n += plan->verdicts[i].accepted && plan->verdicts[i].member->ir->type == type;
    }
    return n;
}

static void
print_outputs(const struct bnc_result *result)
{
    for (size_t i = 0; i < result->n_desired; i++) {
        const struct bnc_desired *d = &result->desired[i];
        (void)printf("  %s %s/%s, %zu bytes, %.19s\n", bnc_kind_info(d->kind)->name,
                     d->ns, d->name, d->size, d->hash);
    }
}

static void
print_observatory(const struct bnc_result *result)
{
    const struct bnc_plan *plan = result->plan;
    size_t policies = count_accepted(plan, BNC_IR_POLICY);
    size_t monitors = count_accepted(plan, BNC_IR_MONITOR) +
                      count_accepted(plan, BNC_IR_PROMETHEUS_RULE);
    size_t workloads = plan == NULL ? 0 : plan->annotated_workloads;

    (void)printf("Observatory %s/%s: %zu %s from %zu %s", result->object->ns,
                 result->object->name, result->n_jobs,
                 result->n_jobs == 1 ? "job" : "jobs", policies,
                 policies == 1 ? "ScrapePolicy" : "ScrapePolicies");
    if (monitors > 0) {
        (void)printf(", %zu of prometheus-operator's objects", monitors);
    }
    (void)printf(" and %zu annotated %s\n", workloads,
                 workloads == 1 ? "workload" : "workloads");
    for (size_t i = 0; plan != NULL && i < plan->n_units; i++) {
        (void)printf("    %s\n", plan->units[i].job_name);
    }
    if (result->ready) {
        print_outputs(result);
        return;
    }
    bool empty = result->diags->errors == 0 && !result->pending && result->n_jobs == 0;
    (void)puts(empty ? "  nothing is published: it has no spec.prometheus"
                     : "  nothing is published: see above; what was published stays");
}

void
bnc_summary_print(const struct bnc_offline *o)
{
    const struct bnc_engine *engine = bnc_controller_engine(o->controller);
    struct bnc_source_dir_counts counts = bnc_source_dir_counts(o->source);

    (void)printf("read: %zu objects in %zu files (%zu of kinds that are not needed)\n",
                 counts.objects, counts.files, counts.ignored);
    if (o->found.n > 0) {
        (void)printf("left out, with the reason:\n");
        (void)fflush(stdout);
        bnc_findings_print(&o->found, stdout, false);
    }
    for (size_t i = 0; i < bnc_engine_count(engine); i++) {
        print_observatory(bnc_engine_result(engine, i));
    }
    if (bnc_engine_count(engine) == 0) {
        (void)printf("there is no Observatory, so nothing is generated\n");
    }
    (void)fflush(stdout);
}
