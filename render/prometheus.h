/*
 * Prometheus' configuration from typed data: a job, the head of the document.
 */
#ifndef BNC_RENDER_PROMETHEUS_H
#define BNC_RENDER_PROMETHEUS_H

#include "lib/units.h"
#include "model/job.h"
#include "model/spec_observatory.h"
#include "render/prom_shard.h"

/* What of an Observatory shapes a job: the lower step reads nothing else. */
struct bnc_profile {
    struct bnc_version version; /* of Prometheus; gates what may be written */
    struct bnc_limits limits;   /* global: sampleLimit ... */
    struct bnc_limits enforced; /* enforcedSampleLimit ... */
    const char
        *enforced_namespace_label; /* NULL: none; applied by the caller's relabelings */
    bool override_honor_labels;
    bool override_honor_timestamps;
    struct bnc_shard_rules shards;
    bool agent;         /* it evaluates no rules */
    bool bare;          /* what is not set has no default of ours */
    bool global_limits; /* those of the Observatory never go into jobs */
};

#define BNC_PROM_INTERVAL   "30s" /* of scrapes and evaluations; Prometheus says 1m */
#define BNC_PROM_JOB_INDENT 0     /* column of a job's dash, below `scrape_configs:` */
#define BNC_PROM_JOB_MAX    ((size_t)1 << 20) /* bytes of one job */
#define BNC_PROM_HEAD_MAX   ((size_t)8 << 20)
#define BNC_PROM_TAIL_MAX   ((size_t)16 << 20)

/*
 * One entry of scrape_configs, "- job_name: ..." with its dash at the margin (as
 * below `scrape_configs:`), ready to be concatenated.  What this version does not
 * know is left out with a warning (BNC_REASON_UNSUPPORTED_VERSION, the field in
 * camelCase).  Limits follow prometheus-operator's arithmetic (enforced and own:
 * the smaller); the Observatory's own go into each job where `global` has no
 * limits (before 2.45).  Shard rules come last.
 * Owns:   `out` lives in `arena`.
 * Errors: TOO_BIG over 1 MiB; INTERNAL when a text is not UTF-8 or the list of
 *         namespaces is empty.
 */
enum bnc_code
bnc_prom_job_render(const struct bnc_job *job, const struct bnc_profile *profile,
                    struct bnc_arena *arena, struct bnc_bytes *out,
                    struct bnc_diags *diags, struct bnc_error *err) BNC_MUST_CHECK;

struct bnc_prom_head {
    const struct bnc_prometheus_spec *spec;
    const struct bnc_profile *profile;
    const cJSON *base;        /* checked (bnc_base_check); NULL: none */
    const char *const *files; /* of jobs, after base's; from Prometheus 2.43 on */
    size_t n_files;
    const char *const *rule_files; /* of rule groups, before base's */
    size_t n_rule_files;
    bool has_jobs; /* false: the document ends with "scrape_configs: []" */
};

/*
 * The document before the first generated job: `global` and every other key of
 * `base` merged with the Observatory's fields (layers: base below, fields
 * above; maps merge by key, lists replace), then the line "scrape_configs:".
 * Keys are in a fixed order at every level, whatever the order in `base`.
 * `base`'s own scrape_configs come after ours: bnc_prom_tail_render().
 * Errors: INVALID when the timeout is over the interval; else as for a job.
 */
enum bnc_code
bnc_prom_head_render(const struct bnc_prom_head *head, struct bnc_arena *arena,
                     struct bnc_bytes *out, struct bnc_diags *diags,
                     struct bnc_error *err) BNC_MUST_CHECK;

/*
 * Raw jobs (base's scrape_configs, additionalScrapeConfigs), each as YAML at the
 * same indentation, in order; shard rules are appended to those without hashmod.
 * Errors: INVALID for an entry that is no object.
 */
enum bnc_code
bnc_prom_tail_render(const cJSON *const *jobs, size_t n,
                     const struct bnc_profile *profile, struct bnc_arena *arena,
                     struct bnc_bytes *out, struct bnc_error *err) BNC_MUST_CHECK;

#endif
