/*
 * Instrumentations of OpenTelemetry: what the file of rates (mesh_sdk.c) and the file of
 * objects (mesh_sdk_objects.c) both have to know.
 */
#ifndef BNC_RECONCILERS_MESH_SDK_H
#define BNC_RECONCILERS_MESH_SDK_H

#include "reconcilers/mesh_plan.h"

#define BNC_SDK_OWN_NAME "binnacle"

/* Those of one namespace among the live ones, which are sorted. */
struct bnc_sdk_run {
    size_t first;
    size_t n;
};

struct bnc_sdk_run bnc_sdk_run_of(const struct bnc_mesh_plan *mesh, const char *ns);

/* The Observatory that has made Instrumentation `i`, "NS/NAME"; NULL: none has. */
const char *bnc_sdk_maker(const struct bnc_mesh_plan *mesh, size_t i);

/*
 * What we wrote on Instrumentation `i` when we set its sampler: {owner, is, sampler};
 * NULL: we have not.  *other: the Observatory that has; NULL: none.
 */
const cJSON *
bnc_sdk_read_was(const struct bnc_mesh_plan *mesh, size_t i, const char **other);

/* What the SDKs of the workload's namespace are to do; NULL: nobody says anything. */
const struct bnc_level *
bnc_sdk_level(const struct bnc_mesh_plan *mesh, const struct bnc_mesh_workload *workload);

/* True when its pods take what their own namespace has, or what we would make there. */
bool
bnc_sdk_asks(const struct bnc_mesh_plan *mesh, const struct bnc_mesh_workload *workload);

/* The headers that a tracing provider of Istio reads: bits of enum bnc_sdk_format. */
unsigned bnc_sdk_formats_of(const struct bnc_mesh_plan *mesh, const char *provider);

/* The spec of an Instrumentation of our own; NULL: none can be made. */
cJSON *bnc_sdk_own_spec(const struct bnc_mesh_plan *mesh, const struct bnc_level *level);

/*
 * Patch the sampler back to what it was before ours; one that somebody has changed since
 * stays.  `live`: spec.sampler, NULL: none; `was`: as bnc_sdk_read_was() gives it.
 */
void bnc_sdk_give_back(struct bnc_plan *plan, struct bnc_held of, const cJSON *live,
                       const cJSON *was);

#endif
