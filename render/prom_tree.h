/*
 * Foreign configuration of Prometheus as YAML, in one order of keys: cluster and
 * files give them in different ones, the output must be the same.
 */
#ifndef BNC_RENDER_PROM_TREE_H
#define BNC_RENDER_PROM_TREE_H

#include "model/prom_schema.h"
#include "render/yaml_out.h"

/*
 * The value of `tree` at `key`: keys of known blocks in their table's order, all
 * others after them in byte order; lists as they are.
 */
void bnc_prom_tree_write(struct bnc_yaml *y, const char *key, enum bnc_prom_block block,
                         const cJSON *tree);

/* Only the keys and values of the object `tree`, into an open map. */
void
bnc_prom_keys_write(struct bnc_yaml *y, enum bnc_prom_block block, const cJSON *tree);

#endif
