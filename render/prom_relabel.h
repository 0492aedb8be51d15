/*
 * Relabel rules as YAML, each an item of a list that the caller opened.
 */
#ifndef BNC_RENDER_PROM_RELABEL_H
#define BNC_RENDER_PROM_RELABEL_H

#include "model/spec_common.h"
#include "render/yaml_out.h"

/* Only what is set; an empty separator, regex or replacement is set. */
void bnc_prom_relabel_write(struct bnc_yaml *y, const struct bnc_relabel *rule);

/*
 * The rules that keep the targets of one shard: by the hash of `__tmp_hash`, else
 * of the address, unless `__tmp_disable_sharding` is not empty.  `*n` is 0 for
 * one shard.
 */
const struct bnc_relabel *
bnc_prom_shard_rules(int64_t shards, int64_t shard, struct bnc_arena *arena, size_t *n);

#endif
