/*
 * The relabel rules that keep the targets of one shard, as prometheus-operator writes
 * them: by the hash of `__tmp_hash`, else of another label, unless
 * `__tmp_disable_sharding` is not empty.
 */
#ifndef BNC_RENDER_PROM_SHARD_H
#define BNC_RENDER_PROM_SHARD_H

#include "model/job.h"

/* How targets are shared out. */
struct bnc_shard_rules {
    int64_t shards;    /* 0 and 1: one */
    const char *shard; /* what stands for the number: "0"; or "$(SHARD)" */
    bool always;       /* rules even for one shard */
    bool in_range;     /* a shard beyond the number takes nothing */
    /* by zone first; its name or "$(TOPOLOGY_ZONE)"; NULL: no */
    const char *zone;
    int64_t zones;
    bool zone_of_pod; /* its label tells, not the node's */
};

/*
 * The rules for a job that shards by `label`; `*n` is 0 when there are none.
 * Owns: `arena`; texts of `how` are borrowed.
 */
const struct bnc_relabel *
bnc_prom_shard_rules(const struct bnc_shard_rules *how, const char *label,
                     struct bnc_arena *arena, size_t *n);

#endif
