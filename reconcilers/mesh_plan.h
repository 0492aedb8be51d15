/*
 * The part of a plan that is about a mesh and its traces: which level has which
 * percentage, the objects that say so, and what holds for each workload.
 */
#ifndef BNC_RECONCILERS_MESH_PLAN_H
#define BNC_RECONCILERS_MESH_PLAN_H

#include "mesh/effective.h"
#include "mesh/instrumentation.h"
#include "reconcilers/mesh_facts.h"
#include "reconcilers/plan_state.h"
#include "render/telemetry.h"

enum bnc_system { BNC_SYSTEM_ISTIO, BNC_SYSTEM_SDK, BNC_SYSTEM_JAEGER, BNC_SYSTEMS };

enum bnc_level_type { BNC_LEVEL_MESH, BNC_LEVEL_NAMESPACE, BNC_LEVEL_WORKLOAD };

/* One place that has a percentage. */
struct bnc_level {
    enum bnc_level_type type;
    bool applies[BNC_SYSTEMS];
    const char *ns;   /* of the Telemetry: of the mesh's root, or of the policy */
    const char *name; /* of the Telemetry */
    bool said;        /* false: the mesh keeps its own percentage */
    int64_t percent;  /* hundredths */
    const char *provider;
    const struct bnc_ir_sampling *policy; /* NULL: an annotation, or the Observatory */
    const struct bnc_member *by;          /* what says so: policy, Namespace, workload */
    size_t verdict;                       /* SIZE_MAX: none */
    bool shared; /* the verdict is on scraping as well: it is not rejected for this */
    const struct bnc_pairs *match_labels; /* WORKLOAD; NULL: targetRefs */
    /* in a Telemetry: */
    const char
        *no_tracing; /* why percentage and provider are not in it; NULL: they are */
    struct bnc_metric_override *metrics; /* those of a higher rank come later */
    size_t n_metrics;
    const size_t *rules; /* verdicts of the MetricRules that they are from */
    size_t n_rules;
    const char *why_not; /* there is none at all; NULL: there is */
};

/* A workload in the mesh or with an SDK. */
struct bnc_mesh_workload {
    const struct bnc_member *member;
    const struct bnc_ir_workload *ir;
    const struct bnc_member **pods; /* that run, with a proxy or an SDK */
    size_t n_pods;
    const struct bnc_member **proxies; /* those with a proxy */
    size_t n_proxies;
    const struct bnc_level *level;   /* of type WORKLOAD that is about it; NULL: none */
    const struct bnc_level *metrics; /* likewise, of MetricRules; NULL: none */
    size_t effective;                /* its first line of the plan's list */
    size_t n_effective;
};

/* A service that Jaeger is told a percentage of its own for. */
struct bnc_service {
    const char *name; /* of its workloads: Jaeger knows no namespaces */
    const struct bnc_level *level;
};

struct bnc_mesh_plan {
    struct bnc_plan *plan;
    struct bnc_plan_state *state;
    struct bnc_arena *arena;
    const struct bnc_tracing_spec *tracing; /* NULL: none */
    const struct bnc_mesh_facts *facts;     /* NULL: no mesh */
    const char *owner;                      /* "NS/NAME" of the Observatory */
    bool systems[BNC_SYSTEMS];              /* tracing.apply */

    /* by members, in byte order of kind, namespace, name */
    struct bnc_level *levels; /* accepted: mesh, then namespaces, then workloads; */
    size_t n_said;            /* then those that only have metrics */
    size_t n_levels;
    struct bnc_service *services; /* by name */
    size_t n_services;
    size_t *rules; /* verdicts of accepted MetricRules that change metrics, by rank */
    size_t n_rules;
    struct bnc_mesh_workload *workloads;
    size_t n_workloads;
    const struct bnc_telemetry **telemetries; /* live, by namespace and name */
    const char **owners;                      /* of each: annotation; NULL: not ours */
    size_t n_telemetries;
    const struct bnc_member **proxies; /* by namespace and name */
    size_t n_proxies;
    const struct bnc_telemetry **near; /* of one namespace and the root, for its rates */
    size_t n_near;
    const char *near_ns;                          /* NULL: none yet */
    struct bnc_instrumentation *instrumentations; /* by namespace and name */
    const struct bnc_member **instrumentation_members;
    size_t n_instrumentations;
    struct bnc_map *index; /* "KIND/NS/NAME" of a workload; while planning */
};

/* Set it up; out->state->mesh stays NULL when the Observatory has nothing to do here. */
void bnc_mesh_begin(struct bnc_plan *plan, struct bnc_plan_state *state,
                    const struct bnc_member *const *members, size_t n_members);

/* True when the name is one of these texts. */
bool bnc_system_named(const struct bnc_texts *texts, const char *name);

/* What is held outside of the plan's arena is released. */
void bnc_mesh_drop(struct bnc_mesh_plan *mesh);

/* Look at one member, in their order (mesh_judge.c). */
void bnc_mesh_select(struct bnc_mesh_plan *mesh, const struct bnc_member *member);

/* Who wins at each level, and whether Istio can have it (mesh_levels.c). */
void bnc_mesh_settle(struct bnc_mesh_plan *mesh);

/* What holds for `n` workloads from `first` (mesh_rates.c). */
void bnc_mesh_rates(struct bnc_mesh_plan *mesh, size_t first, size_t n);

/*
 * OpenTelemetry (mesh_sdk.c).  What the SDK of a workload does beside its proxy, which is
 * `istio` (NULL: it has none); false: it has no SDK that anybody told us of.
 */
bool bnc_mesh_rate_sdk(const struct bnc_mesh_plan *mesh,
                       const struct bnc_mesh_workload *workload,
                       const struct bnc_effective *istio, const char *provider,
                       struct bnc_effective *out);
/* Instrumentations of our own, where a namespace has none; gives how many. */
size_t bnc_mesh_sdk_documents(const struct bnc_mesh_plan *mesh, struct bnc_arena *arena,
                              struct bnc_document *out, struct bnc_diags *diags);
/* The sampler of a namespace's one Instrumentation, and all that is given back. */
size_t bnc_mesh_sdk_room(const struct bnc_mesh_plan *mesh);
void
bnc_mesh_sdk_claims(struct bnc_plan *plan, const struct bnc_mesh_plan *mesh, bool keep);

/* Lists of verdicts, once all rates are there (mesh_rates.c). */
void bnc_mesh_finish(struct bnc_mesh_plan *mesh);

/* The level that decides for a workload in one system; NULL: none does. */
const struct bnc_level *
bnc_level_of(const struct bnc_mesh_plan *mesh, enum bnc_system system,
             const struct bnc_mesh_workload *workload);

/* What MetricRules change, at their levels (mesh_metrics.c). */
void bnc_mesh_metrics(struct bnc_mesh_plan *mesh);

/* Without a cluster: what would be written counts as live (mesh_objects.c). */
void bnc_mesh_assume(struct bnc_mesh_plan *mesh);

/* Whether Istio can have a level: level->why_not, and what is told (mesh_istio.c). */
void bnc_mesh_check_istio(struct bnc_mesh_plan *mesh, struct bnc_level *level);

/* True when workload `i` is there, and in the namespace. */
bool bnc_mesh_in(const struct bnc_mesh_plan *mesh, size_t i, const char *ns);

/* True when a level of type WORKLOAD is about it: by its labels, or its Gateway. */
bool bnc_level_selects(const struct bnc_level *level, const struct bnc_ir_workload *ir);

/* Both ask for the same; NULL is like nothing. */
bool bnc_labels_same(const struct bnc_pairs *a, const struct bnc_pairs *b);

/* Where a level was said: the annotation, or this field of the policy. */
const char *bnc_level_field(const struct bnc_level *level, const char *policy_field);

/*
 * What Jaeger is told for a service of this name; NULL: nothing of its own, so that the
 * mesh's holds.
 */
const struct bnc_level *
bnc_mesh_service(const struct bnc_mesh_plan *mesh, const char *name);

/* The first workload, and the first live Telemetry, of a namespace: they are sorted. */
size_t bnc_mesh_first_workload(const struct bnc_mesh_plan *mesh, const char *ns);
size_t bnc_mesh_first_telemetry(const struct bnc_mesh_plan *mesh, const char *ns);

#define BNC_WORKLOAD_KEY_MAX 640
/* "KIND/NS/NAME" */
void bnc_workload_key(char key[BNC_WORKLOAD_KEY_MAX], enum bnc_kind kind, const char *ns,
                      const char *name);

/* True when all of these labels are among `labels`. */
bool bnc_labels_match(const struct bnc_pairs *match, const cJSON *labels);

/* Of our Telemetry for a whole namespace; others' names begin with it. */
const char *bnc_mesh_own_name(const struct bnc_mesh_plan *mesh);

/* The default backend: named first, else what the mesh has; NULL: none. */
const char *bnc_mesh_provider(const struct bnc_mesh_plan *mesh);

/*
 * Fields of other people's objects: patches and what is held; all is given back when the
 * Observatory goes (mesh_claims.c).
 */
void bnc_mesh_claims(struct bnc_plan *plan, const struct bnc_plan_state *state);

/* What the mesh configuration is to have (mesh_objects.c). */
cJSON *bnc_mesh_wish_of(const struct bnc_plan *plan, struct bnc_arena *arena);

/* Objects of Istio's Mixer for all MetricRules, after `out`; gives how many. */
size_t bnc_mesh_mixer(const struct bnc_mesh_plan *mesh, struct bnc_arena *arena,
                      struct bnc_document *out, size_t room, struct bnc_diags *diags);
/* How many these may be at most. */
size_t bnc_mesh_mixer_room(const struct bnc_mesh_plan *mesh);

/* For the planner (mesh_objects.c): see struct bnc_planner's documents. */
size_t bnc_mesh_documents(const struct bnc_plan *plan, struct bnc_arena *arena,
                          struct bnc_document **out, struct bnc_diags *diags);

/* Add to what is said of a member; an error takes its acceptance away. */
void bnc_mesh_tell(struct bnc_mesh_plan *mesh, size_t verdict, bool error,
                   enum bnc_reason reason, const char *field, const char *remedy,
                   const char *message);

#endif
