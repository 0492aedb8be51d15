/*
 * What a sync reads, from its Observatory: where the root object is, for which
 * Prometheus.
 */
#ifndef BNC_SYNC_TARGET_H
#define BNC_SYNC_TARGET_H

#include "model/prune.h"

struct bnc_target {
    enum bnc_kind kind; /* of the root and its parts */
    const char *ns;
    const char *name;   /* of the root; of the shard when there are more */
    const char *assets; /* Secret in the same namespace; it may not exist */
    const char *key;
    const char *uid; /* of the Observatory */
    int64_t shards;
    int major; /* spec.prometheus.version */
    int minor;
};

/*
 * The target of one shard, with the defaults that the controller fills in.
 * Owns:   `out` lives in `arena`; `observatory` may go.
 * Errors: INVALID when it has no spec.prometheus or no such shard.
 */
enum bnc_code bnc_target_read(const struct bnc_pruned *observatory, int64_t shard,
                              struct bnc_arena *arena, struct bnc_target *out,
                              struct bnc_error *err) BNC_MUST_CHECK;

/* "3.16.0", "v2.53.3-rc.1" as numbers; others leave both as they are. */
void bnc_target_version(const char *text, int *major, int *minor);

/*
 * The name of the file that Prometheus is given: the key without the ending that says
 * how it travels.
 * Owns: the arena.
 */
const char *bnc_target_config(const struct bnc_target *target, struct bnc_arena *arena);

bool bnc_target_equal(const struct bnc_target *a, const struct bnc_target *b);

#endif
