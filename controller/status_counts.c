/* What is published, in numbers. */
#include "controller/status.h"

#include "lib/json.h"

/* Of prometheus-operator's kinds those are counted that there are. */
cJSON *
bnc_status_selected(const struct bnc_plan *plan, struct bnc_arena *arena)
{
    static const struct {
        enum bnc_kind kind;
        const char *name;
        bool always;
    } rows[] = {
        {BNC_KIND_SCRAPE_POLICY, "scrapePolicies", true},
        {BNC_KIND_SERVICE_MONITOR, "serviceMonitors", false},
        {BNC_KIND_POD_MONITOR, "podMonitors", false},
        {BNC_KIND_PROBE, "probes", false},
        {BNC_KIND_SCRAPE_CONFIG, "scrapeConfigs", false},
        {BNC_KIND_PROMETHEUS_RULE, "rules", false},
    };
    int64_t counts[BNC_KIND_COUNT] = {0};
    cJSON *out = bnc_json_object(arena);

    for (size_t i = 0; plan != NULL && i < plan->n_verdicts; i++) {
        counts[plan->verdicts[i].member->object->kind] += plan->verdicts[i].selected;
    }
    for (size_t i = 0; i < BNC_LEN(rows); i++) {
        if (rows[i].always || counts[rows[i].kind] > 0) {
            bnc_json_set_int(arena, out, rows[i].name, counts[rows[i].kind]);
        }
    }
    bnc_json_set_int(arena, out, "annotatedWorkloads",
                     plan == NULL ? 0 : (int64_t)plan->annotated_workloads);
    return out;
}

int64_t
bnc_status_rule_groups(const struct bnc_plan *plan)
{
    int64_t n = 0;
    for (size_t i = plan == NULL ? 0 : plan->n_units; i > 0; i--) {
        if (plan->units[i - 1].section != BNC_SECTION_RULES) {
            break; /* they are the last */
        }
        n++;
    }
    return n;
}

const char *
bnc_status_published_text(const struct bnc_result *result, struct bnc_arena *arena)
{
    const struct bnc_plan *plan = result->plan;
    int64_t groups = bnc_status_rule_groups(plan);
    const char *jobs =
        groups == 0 ? bnc_arena_fmt(arena, "%zu jobs are published", result->n_jobs)
                    : bnc_arena_fmt(arena, "%zu jobs and %lld rule groups are published",
                                    result->n_jobs, (long long)groups);
    return plan == NULL || plan->n_datasources + plan->n_dashboards == 0
               ? jobs
               : bnc_arena_fmt(arena,
                               "%s; %zu datasources and %zu dashboards go to Grafana",
                               jobs, plan->n_datasources, plan->n_dashboards);
}
