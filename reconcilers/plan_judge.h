/*
 * What the files that judge members share: plan_verdict.c has our own kinds,
 * plan_monitor.c those of prometheus-operator.
 */
#ifndef BNC_RECONCILERS_PLAN_JUDGE_H
#define BNC_RECONCILERS_PLAN_JUDGE_H

#include "reconcilers/plan_memo.h"

/* The rights of an object outside its Observatory's namespace. */
struct bnc_rights {
    bool tenant;
    bool any_target;
    bool files;
    bool class_credentials;
};

struct bnc_judging {
    const struct bnc_plan *plan;
    const struct bnc_plan_state *state;
    struct bnc_arena *arena; /* of texts: diagnostics copy them */
    const struct bnc_member *member;
    struct bnc_memo_row *row; /* what it gives */
    struct bnc_diags diags;
    struct bnc_rights rights;
};

/* A field that its object may not set. */
void bnc_judge_refuse(struct bnc_judging *j, const char *field, const char *remedy,
                      const char *message);

/* Relabel rules, for this version of Prometheus. */
void
bnc_judge_rules(struct bnc_judging *j, const struct bnc_list *list, const char *field);

/* scrapeTimeout against the Observatory's interval, where the endpoint has none. */
void bnc_judge_timeout(struct bnc_judging *j, const struct bnc_endpoint *endpoint,
                       const char *field);

/* The class of that name, else the default one; NULL: none. */
const struct bnc_scrape_class *bnc_judge_class(struct bnc_judging *j, const char *name);

/* Accepted unless there is an error, and what is to be said. */
void bnc_judge_settle(struct bnc_judging *j, struct bnc_verdict *verdict);

/* Of a ServiceMonitor, PodMonitor, Probe or ScrapeConfig (plan_monitor.c). */
void bnc_judge_monitor(struct bnc_judging *j, struct bnc_verdict *verdict);

/* Of a PrometheusRule (plan_rule.c). */
void bnc_judge_prometheus_rule(struct bnc_judging *j, struct bnc_verdict *verdict);

/* True when enforcement of the namespace label does not reach the object. */
bool bnc_judge_excluded(const struct bnc_judging *j);

/* Its discovery, for this version of Prometheus (monitor_versions.c). */
void bnc_judge_discovery(struct bnc_judging *j, const struct bnc_ir_monitor *ir);

/* True when the Observatory looks for such objects there. */
bool bnc_judge_monitor_reached(const struct bnc_plan_state *state,
                               const struct bnc_member *member);

#endif
