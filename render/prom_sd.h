/*
 * Service discovery by release: fields and values that an older Prometheus does not know.
 */
#ifndef BNC_RENDER_PROM_SD_H
#define BNC_RENDER_PROM_SD_H

#include "render/prom_gate.h"

/* Take them out of `tree`, an object of ..._sd_configs lists. */
void bnc_prom_sd_gate(const struct bnc_prom_gate *gate, cJSON *tree);

#endif
