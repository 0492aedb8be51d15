/*
 * status.prometheus.outputs: which objects an Observatory has, so that a later
 * life of this process can take away what is no longer wanted.
 */
#ifndef BNC_CONTROLLER_OUTPUTS_H
#define BNC_CONTROLLER_OUTPUTS_H

#include "controller/patches.h"
#include "controller/publish.h"

/*
 * The list as it should be: what is desired and what is still to be deleted;
 * while there is no result, what the live status says as well.  Sorted.
 */
cJSON *bnc_outputs_json(const struct bnc_result *result,
                        const struct bnc_publisher *publisher, struct bnc_arena *arena);

/* status.mesh.held: objects of others that have, or may have, values of ours. */
cJSON *bnc_outputs_held(const struct bnc_result *result,
                        const struct bnc_patcher *patcher, struct bnc_arena *arena);

/* True when there are any. */
bool
bnc_outputs_holds(const struct bnc_result *result, const struct bnc_patcher *patcher);

/* True when the live status names every desired object, every one that is held, and
 * every datasource of a provisioning file. */
bool bnc_outputs_recorded(const struct bnc_result *result);

/*
 * True when the live status has to name all that is desired or held before it is written,
 * and does not yet: a later life must not find objects that it knows nothing of.
 */
bool bnc_outputs_told_first(const struct bnc_result *result);

/* True when something that it has, or had, is outside of its own namespace. */
bool bnc_outputs_outside(const struct bnc_result *result,
                         const struct bnc_publisher *publisher);

/* Tell the publisher of what the live status names, and of what would be desired. */
void bnc_outputs_claim(const struct bnc_result *result, struct bnc_publisher *publisher);

/* Tell the patcher of the objects of others that the live status names. */
void bnc_outputs_claim_held(const struct bnc_result *result, struct bnc_patcher *patcher);

#endif
