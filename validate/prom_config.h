/*
 * A piece of Prometheus' configuration against the tables of model/prom_schema.h.
 */
#ifndef BNC_VALIDATE_PROM_CONFIG_H
#define BNC_VALIDATE_PROM_CONFIG_H

#include <cjson/cJSON.h>

#include "model/diag.h"
#include "model/prom_schema.h"

/*
 * Keys known to this version, types, required keys, keys that exclude each other,
 * relabel rules.  Unknown keys only warn for releases newer than the tables.
 */
void bnc_prom_config_check(const cJSON *tree, enum bnc_prom_block block,
                           const struct bnc_version *version, const char *path,
                           struct bnc_diags *diags);

#endif
