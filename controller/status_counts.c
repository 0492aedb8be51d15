/* What is published, in numbers. */
#include "controller/status.h"

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
