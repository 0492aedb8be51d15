/*
 * What the planner's files share.
 */
#ifndef BNC_RECONCILERS_PLAN_STATE_H
#define BNC_RECONCILERS_PLAN_STATE_H

#include "lib/units.h"
#include "reconcilers/annotations.h"
#include "reconcilers/plan.h"
#include "reconcilers/presets.h"
#include "reconcilers/rules.h"

/* An accepted policy. */
struct bnc_taker {
    const struct bnc_member *member;
    const struct bnc_ir_policy *ir;
    const struct bnc_scrape_class *class; /* NULL: none */
    bool class_credentials;               /* they may be sent to its targets */
    struct bnc_scope scope;               /* where its pods are, within its rights */
    size_t verdict;
    struct bnc_memo_row *row; /* what the plan before knew */
};

/* An accepted object of prometheus-operator's that gives jobs. */
struct bnc_scraper {
    const struct bnc_member *member;
    const struct bnc_ir_monitor *ir;
    const struct bnc_scrape_class *class; /* NULL: none */
    bool excluded;                        /* from enforcement of the namespace label */
    size_t verdict;
    struct bnc_memo_row *row;
};

/* A PrometheusRule that is taken, whole or in part. */
struct bnc_ruler {
    const struct bnc_member *member;
    const struct bnc_ir_metric_rule *ir;
    const bool *taken; /* by group */
    bool excluded;     /* from enforcement of the namespace label */
    size_t verdict;
};

/* An annotated workload and what it asks for by this Observatory's prefixes. */
struct bnc_asker {
    const struct bnc_member *member;
    const struct bnc_ir_workload *ir;
    struct bnc_request request;
    uint64_t identity; /* hash of that in `ir` */
    size_t verdict;
    struct bnc_memo_row *row;
};

/* Workloads that one job serves: equal settings, port and path. */
struct bnc_group {
    const char *job_name;
    const struct bnc_asker *first; /* whose request stands for all */
    struct bnc_claim claim;
    const struct bnc_identity **pods;
    size_t n_pods;
    size_t room;
    uint64_t stamp;
};

enum bnc_unit_type {
    BNC_UNIT_POLICY,
    BNC_UNIT_MONITOR,
    BNC_UNIT_GROUP,
    BNC_UNIT_PRESET,
    BNC_UNIT_RULES
};

/* Behind struct bnc_unit's `source`. */
struct bnc_unit_source {
    enum bnc_unit_type type;
    const struct bnc_taker *taker;         /* POLICY */
    const struct bnc_scraper *scraper;     /* MONITOR */
    size_t endpoint;                       /* both */
    const struct bnc_group *group;         /* GROUP */
    const struct bnc_preset *preset;       /* PRESET */
    const struct bnc_ir_rule_group *rules; /* RULES: of one group */
    const struct bnc_ruler *ruler;         /* RULES: of all that it gives; or NULL */
    const char *tenant; /* whose they are; NULL: the Observatory's own */
    bool whole;         /* RULES: expressions read series of the tenant alone, too */
    /* endpoints of policies whose word counts more: their pods are left out */
    struct bnc_exclusion {
        const struct bnc_taker *taker;
        size_t endpoint;
    } * exclusions;
    size_t n_exclusions;
    size_t room;
    bool stale; /* the exclusions are as before: found when the job is lowered again */
    /* annotated workloads that are left out of a preset */
    const struct bnc_identity **pods;
    size_t n_pods;
};

/* A policy, or an annotated workload, in one of its namespaces. */
struct bnc_near_row {
    const char *ns;
    size_t index;   /* of the taker or asker */
    uint64_t stamp; /* of this policy and those before it in the namespace */
};

/* Accepted policies and annotated workloads by namespace (plan_near.c). */
struct bnc_near {
    struct bnc_near_row *rows;
    size_t n_rows;
    size_t *wide; /* those that reach every namespace */
    size_t n_wide;
    uint64_t wide_stamp;
    uint64_t *stamps; /* by taker: of those before it that it may meet, in order */
    struct bnc_near_row *askers;
    size_t n_askers;
};

struct bnc_units;    /* opaque */
struct bnc_memo_row; /* plan_memo.h */

struct bnc_plan_state {
    const struct bnc_ir_observatory *ir;
    const struct bnc_prometheus_spec *prometheus;
    struct bnc_version version; /* of Prometheus */
    const char *interval;       /* of scrapes, where a job names none */
    struct bnc_assumed assume;  /* of the cluster */
    const char **shard_names;   /* by document: "0" */
    bool by_zone;               /* prometheus-operator's servers share by zone */
    struct bnc_scraper *scrapers;
    size_t n_scrapers;
    struct bnc_ruler *rulers;
    size_t n_rulers;
    struct bnc_taker *takers; /* by rank: whose word counts more comes first */
    size_t n_takers;
    struct bnc_grafana_plan *grafana; /* grafana.h; NULL: no spec.grafana */
    struct bnc_mesh_plan *mesh; /* mesh_plan.h; NULL: no spec.tracing and no spec.mesh */
    struct bnc_near near;
    struct bnc_asker *askers;
    size_t n_askers;
    struct bnc_map *groups;   /* by job name; freed when the plan is made */
    struct bnc_units *making; /* plan_make.c; NULL: it is made */
    struct bnc_plan_memo *memo;
    struct bnc_group **group_list;
    size_t n_groups;
};

/* Fill state->near from state->takers, which are in their final order, and askers. */
void bnc_near_build(struct bnc_plan_state *state, struct bnc_arena *arena);

/* Equal for equal policies, in equal order, that reach this namespace. */
uint64_t bnc_near_stamp(const struct bnc_plan_state *state, const char *ns);

/* The askers of a namespace: the first of `*n`. */
const struct bnc_near_row *
bnc_near_askers(const struct bnc_plan_state *state, const char *ns, size_t *n);

/* Indexes of takers, growing, whose pods may be in one of these namespaces. */
struct bnc_near_list {
    size_t *items;
    size_t n;
};
struct bnc_near_list
bnc_near_find(const struct bnc_plan_state *state, const struct bnc_scope *scope,
              struct bnc_arena *arena);

/* Everything of the Observatory that shapes bytes. */
uint64_t bnc_plan_stamp(const struct bnc_plan *plan);

/*
 * Put a workload's claims into state->groups, without those that a policy scrapes; then,
 * after the last one, all of them into state->group_list (plan_groups.c).
 */
void bnc_groups_ask(struct bnc_plan *plan, const struct bnc_asker *asker);
void bnc_groups_list(struct bnc_plan *plan);

/* The path that an endpoint is scraped at. */
const char *bnc_endpoint_path(const struct bnc_endpoint_ir *endpoint);

/* Fill the exclusions of a unit; gives how many policies it was compared with. */
size_t bnc_plan_exclude(const struct bnc_plan_state *state,
                        struct bnc_unit_source *source, struct bnc_arena *arena);

/*
 * True when a policy whose word counts scrapes this port and path of the
 * workload; `near` are those in its namespace.
 */
bool bnc_plan_taken(const struct bnc_plan_state *state, const struct bnc_near_list *near,
                    const struct bnc_asker *asker, const struct bnc_claim *claim);

/*
 * Give `add` each group of rules that is taken, and the unit's name: of MetricRules, of
 * PrometheusRules (plan_rule.c).  Where prometheus-operator's pods read them a unit is
 * a file, with its name, and has all groups of a PrometheusRule.  Owns: the sources and
 * names live in `arena`.
 */
void bnc_plan_rule_units(const struct bnc_plan *plan, struct bnc_arena *arena,
                         void (*add)(void *context, const char *name,
                                     struct bnc_unit_source *source, size_t verdict),
                         void *context);

/* The text of a group (plan_rule.c). */
enum bnc_code
bnc_plan_lower_rules(const struct bnc_plan *plan, const struct bnc_unit *unit,
                     struct bnc_arena *arena, struct bnc_bytes *out,
                     struct bnc_diags *diags, struct bnc_error *err) BNC_MUST_CHECK;

/* The rules for them (plan_pods.c). */
void bnc_plan_exclude_rules(const struct bnc_unit_source *self, struct bnc_rules *rules);
/* The pods of a policy stay, all others go. */
void bnc_plan_select_rules(const struct bnc_taker *taker, struct bnc_rules *rules);
/* The discovery label and its regex that tell an endpoint's port; NULL: any port. */
void bnc_plan_port(const struct bnc_endpoint_ir *endpoint, struct bnc_arena *arena,
                   const char **source, const char **regex);

/* Fill plan->assets: of the Observatory and of its policies (plan_assets.c). */
void bnc_plan_assets(struct bnc_plan *plan, const struct bnc_plan_state *state);

/* The job behind a unit (plan_jobs.c). */
const struct bnc_job *
bnc_plan_job(const struct bnc_plan_state *state, const struct bnc_unit_source *source,
             const char *job_name, struct bnc_arena *arena);

#endif
