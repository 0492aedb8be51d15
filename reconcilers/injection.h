/*
 * How Istio's proxy and OpenTelemetry's SDK come into a workload's pods.
 */
#ifndef BNC_RECONCILERS_INJECTION_H
#define BNC_RECONCILERS_INJECTION_H

#include "model/ir.h"

/*
 * Read it from the object, its pod template and its Namespace's labels and annotations,
 * by the rules of Istio's webhook: a pod's label before the Namespace's.  True when the
 * workload is in the mesh or has an SDK.  Borrows from the trees.
 */
bool bnc_injection_read(const struct bnc_object *self, const cJSON *root,
                        const cJSON *template, struct bnc_view *view,
                        struct bnc_arena *arena, struct bnc_injection *out);

/*
 * The variables OTEL_... of a pod's containers, as its list has them; NULL: there are
 * none.  Owns: `arena`.
 */
const cJSON *bnc_sdk_environment(const cJSON *spec, struct bnc_arena *arena);

/* True when the pod, or the template, has an annotation about an SDK to be injected. */
bool bnc_sdk_asked_for(const cJSON *root);

/* A copy in `arena`. */
void bnc_injection_keep(const struct bnc_injection *from, struct bnc_arena *arena,
                        struct bnc_injection *to);

#endif
