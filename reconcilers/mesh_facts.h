/*
 * What is live in an Observatory's mesh: its configuration, the environment of the
 * control plane, the Services of its tracing backends.  Part of the compiled
 * Observatory, so that a change of any of it compiles that again.
 */
#ifndef BNC_RECONCILERS_MESH_FACTS_H
#define BNC_RECONCILERS_MESH_FACTS_H

#include "mesh/istio.h"
#include "model/ir.h"
#include "model/plan.h"

#define BNC_SHARED_MESH "binnacle-mesh" /* our ConfigMap, istiod's SHARED_MESH_CONFIG */

struct bnc_mesh_facts {
    bool offline;
    const char *ns;
    const char *own_name;   /* of our Telemetry: binnacle, binnacle.REVISION */
    const char *own_shared; /* of our mesh configuration, likewise */
    const char *root_namespace;
    const char *config_name;    /* of the main ConfigMap: istio, istio-REVISION */
    bool has_main;              /* it exists, with a key `mesh` */
    struct bnc_bytes main_text; /* as it is */
    const char *main_was;       /* our annotation on it; NULL: none */
    struct bnc_mesh_config main;
    struct bnc_mesh_config shared;
    bool has_shared;
    struct bnc_mesh_config merged; /* what istiod goes by */

    const char *deployment; /* of the control plane; NULL: there is none */
    const char *container;
    const char *deployment_was;
    const char *sampling;       /* PILOT_TRACE_SAMPLING; NULL: not set, or elsewhere */
    const cJSON *sampling_item; /* of the environment, as it stands; NULL: not there */
    const char *shared_name;    /* SHARED_MESH_CONFIG; NULL: not set */
    bool reads_ours;            /* that is ours, or nobody can tell */

    /* Services of providers and backends that do not exist: "NAMESPACE/NAME" */
    const char **missing;
    size_t n_missing;
};

/* An object that has values of ours, by the status, though nothing wants them now. */
struct bnc_left {
    struct bnc_held of;
    const char *was;
    const char *container; /* of a Deployment */
    const cJSON *sampling_item;
    struct bnc_bytes main_text;          /* of a ConfigMap */
    const struct bnc_kiali_facts *kiali; /* kiali.h: it is one of Kiali's; else NULL */
};

/* Objects of status.mesh.held that the spec no longer leads to. */
void bnc_mesh_left_compile(const struct bnc_object *self, struct bnc_view *view,
                           struct bnc_ir_observatory *ir, struct bnc_ir *out);

/* Fills ir->mesh and the diagnostics of spec.mesh and spec.tracing. */
void bnc_mesh_facts_compile(const struct bnc_object *self,
                            const struct bnc_settings *settings, struct bnc_view *view,
                            struct bnc_ir_observatory *ir, struct bnc_ir *out);

/*
 * The Service behind a provider's `service`: "ns/host", "name.ns", "name.ns.svc..." or
 * "name.ns.svc.cluster.local".  False: another host, as of a ServiceEntry.
 */
bool bnc_provider_service(const char *service, const char **ns, const char **name,
                          struct bnc_arena *arena);

/* For struct bnc_rate_facts; `arg` is the facts. */
bool bnc_mesh_facts_service_exists(void *arg, const struct bnc_provider *provider);

#endif
