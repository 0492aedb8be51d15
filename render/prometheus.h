/*
 * Prometheus' configuration from typed data: a job, the head of the document.
 */
#ifndef BNC_RENDER_PROMETHEUS_H
#define BNC_RENDER_PROMETHEUS_H

#include "lib/units.h"
#include "model/job.h"
#include "model/spec_observatory.h"

/* What of an Observatory shapes a job: the lower step reads nothing else. */
struct bnc_profile {
    struct bnc_version version;      /* of Prometheus; gates what may be written */
    struct bnc_limits limits;        /* global: sampleLimit ... */
    struct bnc_limits enforced;      /* enforcedSampleLimit ... */
    const char *enforced_namespace_label; /* NULL: none; applied by the caller's relabelings */
    bool override_honor_labels;
    bool override_honor_timestamps;
    int64_t shards; /* 1: none */
    int64_t shard;  /* this document's literal number */
};

/*
 * One entry of scrape_configs, "- job_name: ..." with its dash in column 2 (as
 * below `scrape_configs:`), ready to be concatenated.  Keys are in Prometheus'
 * documented order; what this version does not know is left out with a warning
 * (BNC_REASON_UNSUPPORTED_VERSION).  Limits follow prometheus-operator's
 * arithmetic (enforced and own: the smaller).  Shard rules come last.
 * Owns:   `out` lives in `arena`.
 * Errors: TOO_BIG over 1 MiB; INTERNAL when a text is not UTF-8.
 */
enum bnc_code bnc_prom_job_render(const struct bnc_job *job,
                                  const struct bnc_profile *profile,
                                  struct bnc_arena *arena, struct bnc_bytes *out,
                                  struct bnc_diags *diags,
                                  struct bnc_error *err) BNC_MUST_CHECK;

/*
 * The document before the first generated job: `global` and every other key of
 * `base` merged with the Observatory's fields (layers: base below, fields
 * above; maps merge by key, lists replace), then the line "scrape_configs:".
 * `base`'s own scrape_configs come after ours: bnc_prom_tail_render().
 */
enum bnc_code bnc_prom_head_render(const struct bnc_prometheus_spec *spec,
                                   const struct bnc_profile *profile, const cJSON *base,
                                   struct bnc_arena *arena, struct bnc_bytes *out,
                                   struct bnc_error *err) BNC_MUST_CHECK;

/* Raw jobs (base's scrape_configs, additionalScrapeConfigs), each as YAML, in order. */
enum bnc_code bnc_prom_tail_render(const cJSON *const *jobs, size_t n,
                                   const struct bnc_profile *profile,
                                   struct bnc_arena *arena, struct bnc_bytes *out,
                                   struct bnc_error *err) BNC_MUST_CHECK;

#endif
