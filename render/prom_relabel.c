#include "render/prom_relabel.h"

#include <inttypes.h>

void
bnc_prom_relabel_write(struct bnc_yaml *y, const struct bnc_relabel *rule)
{
    BNC_YAML_ITEM (y) {
        if (rule->source_labels.n > 0) {
            bnc_yaml_flow_texts(y, "source_labels", &rule->source_labels);
        }
        bnc_yaml_opt_str(y, "separator", rule->separator);
        bnc_yaml_opt_str(y, "regex", rule->regex);
        bnc_yaml_opt_int(y, "modulus", rule->modulus);
        bnc_yaml_opt_str(y, "target_label", rule->target_label);
        bnc_yaml_opt_str(y, "replacement", rule->replacement);
        bnc_yaml_opt_str(y, "action", rule->action);
    }
}

const struct bnc_relabel *
bnc_prom_shard_rules(int64_t shards, int64_t shard, struct bnc_arena *arena, size_t *n)
{
    static const char *address_or_hash[] = {"__address__", "__tmp_hash"};
    static const char *hash_or_all[] = {"__tmp_hash", "__tmp_disable_sharding"};

    if (shards <= 1) {
        *n = 0;
        return NULL;
    }
    struct bnc_relabel *rules = bnc_arena_array(arena, 3, sizeof(*rules));
    rules[0] = (struct bnc_relabel){
        .source_labels = {.items = address_or_hash, .n = 2, .set = true},
        .regex = "(.+);",
        .target_label = "__tmp_hash",
        .replacement = "$1",
        .action = "replace"};
    rules[1] =
        (struct bnc_relabel){.source_labels = {.items = hash_or_all, .n = 1, .set = true},
                             .modulus = {.set = true, .value = shards},
                             .target_label = "__tmp_hash",
                             .action = "hashmod"};
    rules[2] =
        (struct bnc_relabel){.source_labels = {.items = hash_or_all, .n = 2, .set = true},
                             .regex = bnc_arena_fmt(arena, "%" PRId64 ";|.+;.+", shard),
                             .action = "keep"};
    *n = 3;
    return rules;
}
