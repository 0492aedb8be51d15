#include "render/prom_shard.h"

#include <inttypes.h>

#include "lib/str.h"

#define META      "__meta_kubernetes_"
#define TOPOLOGY  "__tmp_topology"
#define HASH      "__tmp_hash"
#define DISABLE   "__tmp_disable_sharding"
#define ZONE      "topology_kubernetes_io_zone"
#define RULES_MAX 8
#define RANGE_MAX ((size_t)64 * 1024)

struct list {
    struct bnc_arena *arena;
    struct bnc_relabel *items;
    size_t n;
};

static struct bnc_relabel *
add(struct list *list, const char *first, const char *second, const char *third)
{
    struct bnc_relabel *rule = &list->items[list->n++];
    const char *sources[] = {first, second, third};
    const char **items = bnc_arena_memdup(list->arena, sources, sizeof(sources));
    *rule = (struct bnc_relabel){.source_labels = {.items = items, .set = true}};
    while (rule->source_labels.n < BNC_LEN(sources) &&
           sources[rule->source_labels.n] != NULL) {
        rule->source_labels.n++;
    }
    return rule;
}

static void
set(struct bnc_relabel *rule, const char *regex, const char *target)
{
    rule->regex = regex;
    rule->target_label = target;
    rule->replacement = "$1";
    rule->action = "replace";
}

/* What a shard that was taken away still has is not scraped. */
static void
add_range(struct list *list, const struct bnc_shard_rules *how)
{
    struct bnc_str range = bnc_str_new(list->arena, RANGE_MAX);
    for (int64_t i = 0; i < how->shards || i == 0; i++) {
        bnc_str_fmt(&range, "%s%" PRId64, i == 0 ? "" : "|", i);
    }
    struct bnc_relabel *rule = add(list, NULL, NULL, NULL);
    rule->target_label = "__tmp_current_shard";
    rule->replacement = how->shard;
    rule->action = "replace";
    rule = add(list, "__tmp_current_shard", NULL, NULL);
    rule->regex = range.ptr;
    rule->action = "keep";
}

static void
add_zone(struct list *list, const struct bnc_shard_rules *how)
{
    const char *label =
        how->zone_of_pod ? META "pod_label_" ZONE : META "node_label_" ZONE;
    const char *present =
        how->zone_of_pod ? META "pod_labelpresent_" ZONE : META "node_labelpresent_" ZONE;

    set(add(list, META "endpointslice_endpoint_zone", TOPOLOGY, NULL), "(.+);", TOPOLOGY);
    set(add(list, label, present, TOPOLOGY), "(.+);true;", TOPOLOGY);
    struct bnc_relabel *rule = add(list, TOPOLOGY, DISABLE, NULL);
    rule->regex = bnc_arena_fmt(list->arena, "%s;|.+;.+", how->zone);
    rule->action = "keep";
}

static int64_t
modulus(const struct bnc_shard_rules *how)
{
    int64_t shards = how->shards < 1 ? 1 : how->shards;
    if (how->zone == NULL || how->zones < 1) {
        return shards;
    }
    return shards / how->zones < 1 ? 1 : shards / how->zones;
}

const struct bnc_relabel *
bnc_prom_shard_rules(const struct bnc_shard_rules *how, const char *label,
                     struct bnc_arena *arena, size_t *n)
{
    *n = 0;
    if (how->shards <= 1 && !how->always) {
        return NULL;
    }
    struct list list = {.arena = arena,
                        .items = bnc_arena_array(arena, RULES_MAX, sizeof(*list.items))};
    if (how->in_range) {
        add_range(&list, how);
    }
    if (how->zone != NULL) {
        add_zone(&list, how);
    }
    set(add(&list, label, HASH, NULL), "(.+);", HASH);
    struct bnc_relabel *rule = add(&list, HASH, NULL, NULL);
    rule->modulus = (struct bnc_opt_int){.set = true, .value = modulus(how)};
    rule->target_label = HASH;
    rule->action = "hashmod";
    rule = add(&list, HASH, DISABLE, NULL);
    rule->regex = bnc_arena_fmt(arena, "%s;|.+;.+",
                                how->zone != NULL    ? "$(INZONE_SHARD)"
                                : how->shard == NULL ? "0"
                                                     : how->shard);
    rule->action = "keep";
    *n = list.n;
    return list.items;
}
