/*
 * Relabel rules as YAML, each an item of a list that the caller opened.
 */
#ifndef BNC_RENDER_PROM_RELABEL_H
#define BNC_RENDER_PROM_RELABEL_H

#include "model/spec_common.h"
#include "render/yaml_out.h"

/* Only what is set; an empty separator, regex or replacement is set. */
void bnc_prom_relabel_write(struct bnc_yaml *y, const struct bnc_relabel *rule);

#endif
