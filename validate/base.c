#include "validate/base.h"

#include <string.h>

#include "lib/clip.h"
#include "lib/json.h"
#include "lib/map.h"
#include "validate/credentials.h"
#include "validate/prom_config.h"

/* Prometheus refuses two jobs, remote writes or remote reads of one name. */
static void
check_names(const cJSON *list, const char *key, const char *path, struct bnc_diags *diags)
{
    BNC_AUTO(bnc_map) seen = bnc_map_new();
    const cJSON *item;
    size_t i = 0;

    cJSON_ArrayForEach(item, list)
    {
        const char *name = bnc_json_get_str(item, key);
        if (name != NULL && name[0] != '\0' && bnc_map_put(seen, name, diags) != NULL) {
            bnc_diag_add(diags, BNC_REASON_INVALID_FIELD,
                         bnc_arena_fmt(diags->arena, "%s[%zu].%s", path, i, key),
                         "give each its own name", "\"%.*s\" is there twice",
                         bnc_clip(name, 60), name);
        }
        i++;
    }
}

/* A star only in the last part of a path. */
static void
check_rule_files(const cJSON *files, const char *path, struct bnc_diags *diags)
{
    const cJSON *file;
    size_t i = 0;

    cJSON_ArrayForEach(file, files)
    {
        const char *text = cJSON_IsString(file) ? file->valuestring : "";
        const char *star = strchr(text, '*');
        if (star != NULL && strchr(star, '/') != NULL) {
            bnc_diag_add(diags, BNC_REASON_INVALID_FIELD,
                         bnc_arena_fmt(diags->arena, "%s[%zu]", path, i),
                         "use * only in the last part of the path",
                         "\"%.*s\" is no path of rule files", bnc_clip(text, 60), text);
        }
        i++;
    }
}

/* A job with a timeout but no interval of its own has the global one. */
static void
check_timeouts(const cJSON *jobs, const char *interval, const char *path,
               struct bnc_diags *diags)
{
    const cJSON *job;
    struct bnc_error err = {0};
    int64_t interval_ms = 0;
    size_t i = 0;

    if (interval == NULL || bnc_duration_parse(interval, &interval_ms, &err)) {
        return;
    }
    cJSON_ArrayForEach(job, jobs)
    {
        const char *timeout = bnc_json_get_str(job, "scrape_timeout");
        int64_t timeout_ms;
        if (timeout != NULL && bnc_json_get(job, "scrape_interval") == NULL &&
            bnc_duration_parse(timeout, &timeout_ms, &err) == BNC_OK &&
            timeout_ms > interval_ms && interval_ms > 0) {
            bnc_diag_add(diags, BNC_REASON_INVALID_FIELD,
                         bnc_arena_fmt(diags->arena, "%s[%zu].scrape_timeout", path, i),
                         "give the job its own scrape_interval, or a shorter timeout",
                         "%.*s is over the global scrape_interval %.*s",
                         bnc_clip(timeout, 60), timeout, bnc_clip(interval, 60),
                         interval);
        }
        i++;
    }
}

void
bnc_base_check(const cJSON *base, const struct bnc_base_rules *rules, const char *path,
               struct bnc_diags *diags)
{
    static const struct {
        const char *list, *key;
    } named[] = {{"scrape_configs", "job_name"},
                 {"remote_write", "name"},
                 {"remote_read", "name"}};

    if (base == NULL) {
        return;
    }
    bnc_prom_config_check(base, BNC_PROM_TOP, rules->version, path, diags);
    for (size_t i = 0; i < BNC_LEN(named); i++) {
        check_names(bnc_json_get(base, named[i].list), named[i].key,
                    bnc_arena_fmt(diags->arena, "%s.%s", path, named[i].list), diags);
    }
    check_timeouts(bnc_json_get(base, "scrape_configs"), rules->scrape_interval,
                   bnc_arena_fmt(diags->arena, "%s.scrape_configs", path), diags);
    check_rule_files(bnc_json_get(base, "rule_files"),
                     bnc_arena_fmt(diags->arena, "%s.rule_files", path), diags);
    if (rules->files_only) {
        bnc_credentials_check(base, path, diags);
    }
}

void
bnc_raw_jobs_check(const cJSON *jobs, const struct bnc_base_rules *rules,
                   const char *path, struct bnc_diags *diags)
{
    const cJSON *job;
    size_t i = 0;

    if (jobs == NULL) {
        return;
    }
    if (!cJSON_IsArray(jobs)) {
        bnc_diag_add(diags, BNC_REASON_INVALID_FIELD, path,
                     "write a list, each item beginning with \"- job_name:\"",
                     "no list of jobs");
        return;
    }
    cJSON_ArrayForEach(job, jobs)
    {
        bnc_prom_config_check(job, BNC_PROM_JOB, rules->version,
                              bnc_arena_fmt(diags->arena, "%s[%zu]", path, i), diags);
        i++;
    }
    check_names(jobs, "job_name", path, diags);
    check_timeouts(jobs, rules->scrape_interval, path, diags);
    if (rules->files_only) {
        bnc_credentials_check(jobs, path, diags);
    }
}
