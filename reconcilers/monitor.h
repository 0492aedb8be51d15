/*
 * prometheus-operator's ServiceMonitor, PodMonitor, Probe and ScrapeConfig become jobs
 * with its names, rules and labels (docs/prometheus-operator.md).
 */
#ifndef BNC_RECONCILERS_MONITOR_H
#define BNC_RECONCILERS_MONITOR_H

#include "reconcilers/plan_state.h"
#include "reconcilers/refs.h"

/* Which of prometheus-operator's kinds this is. */
enum bnc_foreign bnc_monitor_which(enum bnc_kind kind);

/* Where the endpoints of a kind are written: "spec.endpoints"; "spec": the only one. */
const char *
bnc_monitor_field(enum bnc_kind kind, size_t endpoint, struct bnc_arena *arena);

/* The name of an endpoint's job: "serviceMonitor/NS/NAME/0", "probe/NS/NAME". */
const char *bnc_monitor_job_name(const struct bnc_object *object, size_t endpoint,
                                 struct bnc_arena *arena);

/* Relabel rules for targets and the lists of them, of one endpoint. */
struct bnc_monitor_lists {
    const struct bnc_list *targets; /* written by the user; NULL: none */
    const char *targets_field;      /* below bnc_monitor_field() */
    const struct bnc_list *idle;    /* checked, and not used: a Probe has another; NULL */
    const char *idle_field;
    const struct bnc_list *series;
};
struct bnc_monitor_lists
bnc_monitor_lists_of(const struct bnc_ir_monitor *ir, size_t endpoint);

/* What one job is made of, besides the endpoint. */
struct bnc_monitor_ask {
    const struct bnc_plan_state *state;
    const struct bnc_scraper *scraper;
    size_t endpoint;
    struct bnc_arena *arena;
};

/* True: prometheus-operator's known defects are wanted as well. */
bool bnc_monitor_exact(const struct bnc_plan_state *state);

/* The built-in rules of an endpoint, in prometheus-operator's order (monitor_rules.c). */
void bnc_monitor_rules(const struct bnc_monitor_ask *ask, const struct bnc_job *job,
                       struct bnc_rules *rules);

/* Fills `job`, its rules apart, and adds those to the lists (monitor_job.c). */
void bnc_monitor_job(const struct bnc_monitor_ask *ask, struct bnc_job *job,
                     struct bnc_rules *rules, struct bnc_rules *metric_rules);

/* Discovery of a ScrapeConfig as Prometheus takes it; NULL: none (monitor_sd.c). */
const cJSON *
bnc_monitor_discovery(struct bnc_refs *refs, const struct bnc_spec_monitor *spec);

#endif
