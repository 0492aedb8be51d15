#include "reconcilers/monitor.h"

const cJSON *
bnc_monitor_discovery(struct bnc_refs *refs, const struct bnc_spec_monitor *spec)
{
    BNC_UNUSED(refs);
    BNC_UNUSED(spec);
    return NULL;
}
