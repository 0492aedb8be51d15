#include <string.h>

#include "lib/json.h"
#include "render/prom_limits.h"
#include "render/prom_tree.h"
#include "render/prometheus.h"

/* The field of the Observatory, else what `base` says, else the default. */
static const char *
put_interval(struct bnc_arena *arena, cJSON *global, const char *key, const char *field,
             const char *def)
{
    if (field != NULL) {
        bnc_json_set_str(arena, global, key, field);
    } else if (bnc_json_get(global, key) == NULL && def != NULL) {
        bnc_json_set_str(arena, global, key, def);
    }
    return bnc_json_get_str(global, key);
}

static enum bnc_code
check_timeout(const char *timeout, const char *interval, struct bnc_error *err)
{
    int64_t timeout_ms = 0;
    int64_t interval_ms = 0;

    if (timeout == NULL || interval == NULL) {
        return BNC_OK;
    }
    if (bnc_duration_parse(timeout, &timeout_ms, err)) {
        return bnc_wrap(err, "scrapeTimeout");
    }
    if (bnc_duration_parse(interval, &interval_ms, err)) {
        return bnc_wrap(err, "scrapeInterval");
    }
    if (timeout_ms > interval_ms && interval_ms > 0) {
        return bnc_fail(err, BNC_INVALID, "scrapeTimeout %s is over scrapeInterval %s",
                        timeout, interval);
    }
    return BNC_OK;
}

static enum bnc_code
put_intervals(struct bnc_arena *arena, const struct bnc_prometheus_spec *spec,
              const struct bnc_profile *profile, cJSON *global, struct bnc_error *err)
{
    const char *def = profile->bare ? NULL : BNC_PROM_INTERVAL;
    const char *interval =
        put_interval(arena, global, "scrape_interval", spec->scrape_interval, def);
    const char *timeout =
        put_interval(arena, global, "scrape_timeout", spec->scrape_timeout, NULL);

    if (!profile->agent) {
        (void)put_interval(arena, global, "evaluation_interval",
                           spec->evaluation_interval, def);
    }
    return check_timeout(timeout, interval, err);
}

static void
put_external_labels(struct bnc_arena *arena, const struct bnc_pairs *labels,
                    cJSON *global)
{
    cJSON *merged = bnc_json_get(global, "external_labels");

    if (labels->n == 0) {
        return;
    }
    if (!cJSON_IsObject(merged)) {
        merged = bnc_json_object(arena);
        bnc_json_set_item(arena, global, "external_labels", merged);
    }
    for (size_t i = 0; i < labels->n; i++) {
        bnc_json_set_str(arena, merged, labels->items[i].key, labels->items[i].value);
    }
}

static void
add_names(struct bnc_arena *arena, const char *const *names, size_t n, cJSON *list)
{
    for (size_t i = 0; i < n; i++) {
        bnc_json_add(list, bnc_json_str(arena, names[i]));
    }
}

/* Exact names, never a pattern: an old and a new file would both match it. */
static void
put_files(struct bnc_arena *arena, const struct bnc_prom_head *head, cJSON *tree)
{
    cJSON *list = bnc_json_get(tree, "scrape_config_files");

    if (head->n_files == 0) {
        return;
    }
    if (!cJSON_IsArray(list)) {
        list = bnc_json_array(arena);
        bnc_json_set_item(arena, tree, "scrape_config_files", list);
    }
    add_names(arena, head->files, head->n_files, list);
}

static void
put_rule_files(struct bnc_arena *arena, const struct bnc_prom_head *head, cJSON *tree)
{
    cJSON *list = bnc_json_array(arena);
    const cJSON *name;

    if (head->n_rule_files == 0) {
        return;
    }
    add_names(arena, head->rule_files, head->n_rule_files, list);
    cJSON_ArrayForEach(name, bnc_json_get(tree, "rule_files"))
    {
        bnc_json_add(list, bnc_json_clone(arena, name));
    }
    bnc_json_set_item(arena, tree, "rule_files", list);
}

/* The Observatory's own limits, those of `base` where it has none. */
static struct bnc_limits
own_limits(const struct bnc_limits *fields, const cJSON *global)
{
    struct bnc_limits own = *fields;
    size_t n;
    const struct bnc_prom_limit *rows = bnc_prom_limits(&n);

    for (size_t i = 0; i < n; i++) {
        struct bnc_opt_int *limit = bnc_prom_limit_at(&rows[i], &own);
        if (!limit->set) {
            limit->set = bnc_json_get_int(global, rows[i].key, &limit->value);
        }
    }
    if (own.body_size_limit == NULL) {
        own.body_size_limit = bnc_json_get_str(global, "body_size_limit");
    }
    return own;
}

static void
put_limits(struct bnc_arena *arena, const struct bnc_profile *profile,
           const struct bnc_prom_gate *gate, cJSON *global)
{
    const struct bnc_limits own = own_limits(&profile->limits, global);
    const struct bnc_limits limits = bnc_prom_global_limits(&own, &profile->enforced);
    size_t n;
    const struct bnc_prom_limit *rows = bnc_prom_limits(&n);

    for (size_t i = 0; i < n; i++) {
        const struct bnc_opt_int *limit = bnc_prom_limit_get(&rows[i], &limits);
        if (!limit->set) {
            continue;
        }
        if (bnc_prom_knows(gate, BNC_PROM_GLOBAL, rows[i].key)) {
            bnc_json_set_int(arena, global, rows[i].key, limit->value);
        } else {
            (void)bnc_prom_may(gate, BNC_PROM_JOB, rows[i].key); /* else each job's */
        }
    }
    if (limits.body_size_limit != NULL &&
        bnc_prom_knows(gate, BNC_PROM_GLOBAL, "body_size_limit")) {
        bnc_json_set_str(arena, global, "body_size_limit", limits.body_size_limit);
    }
}

enum bnc_code
bnc_prom_head_render(const struct bnc_prom_head *head, struct bnc_arena *arena,
                     struct bnc_bytes *out, struct bnc_diags *diags,
                     struct bnc_error *err)
{
    const struct bnc_prom_gate gate = {.version = &head->profile->version,
                                       .diags = diags};
    struct bnc_bytes yaml = {0};
    struct bnc_yaml y;
    cJSON *tree = cJSON_IsObject(head->base) ? bnc_json_clone(arena, head->base)
                                             : bnc_json_object(arena);
    cJSON *global = bnc_json_get(tree, "global");

    if (!cJSON_IsObject(global)) {
        global = bnc_json_object(arena);
        bnc_json_set_item(arena, tree, "global", global);
    }
    (void)bnc_json_remove(tree, "scrape_configs");
    if (put_intervals(arena, head->spec, head->profile, global, err)) {
        return err->code;
    }
    put_external_labels(arena, &head->spec->external_labels, global);
    put_limits(arena, head->profile, &gate, global);
    put_files(arena, head, tree);
    put_rule_files(arena, head, tree);

    bnc_yaml_start(&y, BNC_YAML_ROOT_MAP, 0, BNC_PROM_HEAD_MAX, arena);
    bnc_prom_keys_write(&y, BNC_PROM_TOP, tree);
    if (bnc_yaml_finish(&y, &yaml, err)) {
        return bnc_wrap(err, "head of the configuration");
    }
    out->ptr = bnc_arena_fmt(arena, "%s%s\n", yaml.ptr,
                             head->has_jobs ? "scrape_configs:" : "scrape_configs: []");
    out->len = strlen(out->ptr);
    return BNC_OK;
}
