#include <string.h>
#include <strings.h>

#include "lib/json.h"
#include "render/prom_relabel.h"
#include "render/prom_tree.h"
#include "render/prometheus.h"

/* Whoever shards by himself is left alone. */
static bool
has_hashmod(const cJSON *rules)
{
    const cJSON *rule;

    cJSON_ArrayForEach(rule, rules)
    {
        const char *action = bnc_json_get_str(rule, "action");
        if (action != NULL && strcasecmp(action, "hashmod") == 0) {
            return true;
        }
    }
    return false;
}

static void
set_text(struct bnc_arena *arena, cJSON *rule, const char *key, const char *text)
{
    if (text != NULL) {
        bnc_json_set_str(arena, rule, key, text);
    }
}

static cJSON *
rule_to_json(const struct bnc_relabel *rule, struct bnc_arena *arena)
{
    cJSON *json = bnc_json_object(arena);
    cJSON *labels = bnc_json_array(arena);

    for (size_t i = 0; i < rule->source_labels.n; i++) {
        bnc_json_add(labels, bnc_json_str(arena, rule->source_labels.items[i]));
    }
    if (rule->source_labels.n > 0) {
        bnc_json_set_item(arena, json, "source_labels", labels);
    }
    set_text(arena, json, "regex", rule->regex);
    if (rule->modulus.set) {
        bnc_json_set_int(arena, json, "modulus", rule->modulus.value);
    }
    set_text(arena, json, "target_label", rule->target_label);
    set_text(arena, json, "replacement", rule->replacement);
    set_text(arena, json, "action", rule->action);
    return json;
}

static const cJSON *
with_shard_rules(const cJSON *job, const struct bnc_profile *profile,
                 struct bnc_arena *arena)
{
    size_t n;
    struct bnc_shard_rules how = profile->shards;
    how.always = false;
    const struct bnc_relabel *shard_rules =
        bnc_prom_shard_rules(&how, "__address__", arena, &n);

    if (n == 0 || has_hashmod(bnc_json_get(job, "relabel_configs"))) {
        return job;
    }
    cJSON *copy = bnc_json_clone(arena, job);
    cJSON *rules = bnc_json_get(copy, "relabel_configs");
    if (!cJSON_IsArray(rules)) {
        rules = bnc_json_array(arena);
        bnc_json_set_item(arena, copy, "relabel_configs", rules);
    }
    for (size_t i = 0; i < n; i++) {
        bnc_json_add(rules, rule_to_json(&shard_rules[i], arena));
    }
    return copy;
}

enum bnc_code
bnc_prom_tail_render(const cJSON *const *jobs, size_t n,
                     const struct bnc_profile *profile, struct bnc_arena *arena,
                     struct bnc_bytes *out, struct bnc_error *err)
{
    struct bnc_yaml y;

    for (size_t i = 0; i < n; i++) {
        if (!cJSON_IsObject(jobs[i])) {
            return bnc_fail(err, BNC_INVALID, "raw job %zu is no object", i);
        }
    }
    if (n == 0) { /* an empty list would be written as [] */
        *out = (struct bnc_bytes){.ptr = ""};
        return BNC_OK;
    }
    bnc_yaml_start(&y, BNC_YAML_ROOT_SEQ, BNC_PROM_JOB_INDENT, BNC_PROM_TAIL_MAX, arena);
    for (size_t i = 0; i < n; i++) {
        bnc_prom_tree_write(&y, NULL, BNC_PROM_JOB,
                            with_shard_rules(jobs[i], profile, arena));
    }
    if (bnc_yaml_finish(&y, out, err)) {
        return bnc_wrap(err, "raw jobs");
    }
    return BNC_OK;
}
