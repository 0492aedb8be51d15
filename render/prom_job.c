#include <string.h>

#include "lib/json.h"
#include "render/prom_gate.h"
#include "render/prom_http.h"
#include "render/prom_limits.h"
#include "render/prom_relabel.h"
#include "render/prom_sd.h"
#include "render/prom_tree.h"
#include "render/prometheus.h"
#include "render/yaml_out.h"

static void
write_scrape(struct bnc_yaml *y, const struct bnc_job *job,
             const struct bnc_profile *profile, const struct bnc_prom_gate *gate)
{
    if (job->honor_labels != BNC_UNSET) {
        bnc_yaml_bool(y, "honor_labels",
                      job->honor_labels == BNC_TRUE && !profile->override_honor_labels);
    }
    if (profile->override_honor_timestamps && !job->keeps_timestamps) {
        bnc_yaml_bool(y, "honor_timestamps", false);
    } else {
        bnc_yaml_opt_bool(y, "honor_timestamps", job->honor_timestamps);
    }
    if (job->track_timestamps_staleness != BNC_UNSET &&
        bnc_prom_may(gate, BNC_PROM_JOB, "track_timestamps_staleness")) {
        bnc_yaml_opt_bool(y, "track_timestamps_staleness",
                          job->track_timestamps_staleness);
    }
    if (job->params.n > 0) {
        BNC_YAML_MAP (y, "params") {
            for (size_t i = 0; i < job->params.n; i++) {
                bnc_yaml_texts(y, job->params.items[i].key, &job->params.items[i].values);
            }
        }
    }
    bnc_yaml_opt_str(y, "scrape_interval", job->scrape_interval);
    bnc_yaml_opt_str(y, "scrape_timeout", job->scrape_timeout);
    if (job->enable_compression != BNC_UNSET &&
        bnc_prom_may(gate, BNC_PROM_JOB, "enable_compression")) {
        bnc_yaml_opt_bool(y, "enable_compression", job->enable_compression);
    }
}

static bool
is_repeated(const struct bnc_texts *texts, size_t i)
{
    for (size_t k = 0; k < i; k++) {
        if (strcmp(texts->items[k], texts->items[i]) == 0) {
            return true;
        }
    }
    return false;
}

/* Prometheus refuses an empty list and one that names a protocol twice. */
static void
write_protocols(struct bnc_yaml *y, const struct bnc_texts *protocols,
                const struct bnc_prom_gate *gate, struct bnc_arena *arena)
{
    struct bnc_texts known = {.set = true};

    if (protocols->n == 0 || !bnc_prom_may(gate, BNC_PROM_JOB, "scrape_protocols")) {
        return;
    }
    known.items = bnc_arena_array(arena, protocols->n, sizeof(*known.items));
    for (size_t i = 0; i < protocols->n; i++) {
        if (!is_repeated(protocols, i) &&
            bnc_prom_may_protocol(gate, "scrape_protocols", protocols->items[i])) {
            known.items[known.n++] = protocols->items[i];
        }
    }
    if (known.n > 0) {
        bnc_yaml_texts(y, "scrape_protocols", &known);
    }
}

static void
write_fallback(struct bnc_yaml *y, const char *protocol, const struct bnc_prom_gate *gate)
{
    static const char key[] = "fallback_scrape_protocol";

    if (protocol != NULL && bnc_prom_may(gate, BNC_PROM_JOB, key) &&
        bnc_prom_may_protocol(gate, key, protocol)) {
        bnc_yaml_str(y, key, protocol);
    }
}

static void
opt_bool(struct bnc_yaml *y, const char *key, enum bnc_tri value,
         const struct bnc_prom_gate *gate)
{
    if (value != BNC_UNSET && bnc_prom_may(gate, BNC_PROM_JOB, key)) {
        bnc_yaml_opt_bool(y, key, value);
    }
}

/* A Kubernetes quantity as a number. */
static void
write_factor(struct bnc_yaml *y, const cJSON *quantity, const struct bnc_prom_gate *gate)
{
    static const char key[] = "native_histogram_min_bucket_factor";
    struct bnc_error err = {0};
    double value = cJSON_IsNumber(quantity) ? quantity->valuedouble : 0;

    if (quantity == NULL ||
        (cJSON_IsString(quantity) &&
         bnc_quantity_parse(quantity->valuestring, &value, &err)) ||
        !bnc_prom_may(gate, BNC_PROM_JOB, key)) {
        return;
    }
    bnc_yaml_tree(y, key, bnc_json_double(y->out.arena, value));
}

static void
write_histograms(struct bnc_yaml *y, const struct bnc_native_histograms *histograms,
                 const struct bnc_prom_gate *gate)
{
    const char *classic = gate->version->major >= 3 ? "always_scrape_classic_histograms"
                                                    : "scrape_classic_histograms";
    opt_bool(y, "scrape_native_histograms", histograms->scrape_native, gate);
    if (histograms->bucket_limit.set &&
        bnc_prom_may(gate, BNC_PROM_JOB, "native_histogram_bucket_limit")) {
        bnc_yaml_opt_int(y, "native_histogram_bucket_limit", histograms->bucket_limit);
    }
    write_factor(y, histograms->min_bucket_factor, gate);
    opt_bool(y, classic, histograms->scrape_classic, gate);
    opt_bool(y, "convert_classic_histograms_to_nhcb", histograms->convert_classic, gate);
}

static const char *
escaping_scheme(const char *scheme)
{
    static const struct {
        const char *ours;
        const char *text;
    } rows[] = {{"AllowUTF8", "allow-utf-8"},
                {"Underscores", "underscores"},
                {"Dots", "dots"},
                {"Values", "values"}};
    for (size_t i = 0; i < BNC_LEN(rows); i++) {
        if (strcmp(rows[i].ours, scheme) == 0) {
            return rows[i].text;
        }
    }
    return scheme;
}

static void
write_schemes(struct bnc_yaml *y, const struct bnc_job *job,
              const struct bnc_prom_gate *gate)
{
    if (job->name_validation_scheme != NULL && gate->version->major >= 3 &&
        bnc_prom_may(gate, BNC_PROM_JOB, "metric_name_validation_scheme")) {
        bnc_yaml_str(y, "metric_name_validation_scheme", job->name_validation_scheme);
    }
    if (job->name_escaping_scheme != NULL &&
        bnc_prom_may(gate, BNC_PROM_JOB, "metric_name_escaping_scheme")) {
        bnc_yaml_str(y, "metric_name_escaping_scheme",
                     escaping_scheme(job->name_escaping_scheme));
    }
}

static void
write_limits(struct bnc_yaml *y, const struct bnc_limits *limits)
{
    size_t n;
    const struct bnc_prom_limit *rows = bnc_prom_limits(&n);

    for (size_t i = 0; i < n; i++) {
        if (i + 1 == n) { /* keep_dropped_targets ends the list */
            bnc_yaml_opt_str(y, "body_size_limit", limits->body_size_limit);
        }
        bnc_yaml_opt_int(y, rows[i].key, *bnc_prom_limit_get(&rows[i], limits));
    }
}

/* Node metadata is attached to what runs on a node; other roles ignore it. */
static bool
takes_node_metadata(const char *role)
{
    return strcmp(role, "pod") == 0 || strcmp(role, "endpoints") == 0 ||
           strcmp(role, "endpointslice") == 0;
}

static void
write_pods(struct bnc_yaml *y, const struct bnc_job *job,
           const struct bnc_prom_gate *gate)
{
    int since = strcmp(job->role, "pod") == 0 ? BNC_PROM_V(2, 35) : BNC_PROM_V(2, 37);
    bool attaches = job->attach_node_metadata != BNC_UNSET &&
                    takes_node_metadata(job->role) &&
                    bnc_prom_release(gate->version) >= since;
    BNC_YAML_SEQ (y, "kubernetes_sd_configs") {
        BNC_YAML_ITEM (y) {
            bnc_yaml_str(y, "role", job->role);
            if (job->namespaces.set) {
                BNC_YAML_MAP (y, "namespaces") {
                    bnc_yaml_texts(y, "names", &job->namespaces);
                }
            }
            if (job->api_server != NULL) {
                bnc_prom_keys_write(y, BNC_PROM_KUBERNETES_SD, job->api_server);
            }
            if (attaches) {
                BNC_YAML_MAP (y, "attach_metadata") {
                    bnc_yaml_opt_bool(y, "node", job->attach_node_metadata);
                }
            }
            if (job->selectors != NULL) {
                bnc_prom_tree_write(y, "selectors", BNC_PROM_SELECTOR, job->selectors);
            }
        }
    }
}

static void
write_discovery(struct bnc_yaml *y, const struct bnc_job *job,
                const struct bnc_prom_gate *gate)
{
    if (job->role != NULL) {
        write_pods(y, job, gate);
    }
    if (job->discovery != NULL) {
        cJSON *tree = bnc_json_clone(y->out.arena, job->discovery);
        bnc_prom_sd_gate(gate, tree);
        bnc_prom_tree_gate(gate, BNC_PROM_JOB, tree);
        bnc_prom_keys_write(y, BNC_PROM_JOB, tree);
    }
}

static void
write_rules(struct bnc_yaml *y, const struct bnc_relabel *rules, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        bnc_prom_relabel_write(y, &rules[i]);
    }
}

static void
write_relabelings(struct bnc_yaml *y, const struct bnc_job *job,
                  const struct bnc_profile *profile, struct bnc_arena *arena)
{
    size_t n_shard = 0;
    struct bnc_shard_rules how = profile->shards;
    if (job->sharding != BNC_SHARDING_ON) {
        how.always = false;
    }
    const struct bnc_relabel *shard_rules = NULL;
    if (job->sharding != BNC_SHARDING_OFF) {
        shard_rules = bnc_prom_shard_rules(
            &how, job->shard_by == NULL ? "__address__" : job->shard_by, arena, &n_shard);
    }

    if (job->n_relabelings + n_shard > 0) {
        BNC_YAML_SEQ (y, "relabel_configs") {
            write_rules(y, job->relabelings, job->n_relabelings);
            write_rules(y, shard_rules, n_shard);
        }
    }
    if (job->n_metric_relabelings > 0) {
        BNC_YAML_SEQ (y, "metric_relabel_configs") {
            write_rules(y, job->metric_relabelings, job->n_metric_relabelings);
        }
    }
}

enum bnc_code
bnc_prom_job_render(const struct bnc_job *job, const struct bnc_profile *profile,
                    struct bnc_arena *arena, struct bnc_bytes *out,
                    struct bnc_diags *diags, struct bnc_error *err)
{
    const struct bnc_prom_gate gate = {.version = &profile->version, .diags = diags};
    const struct bnc_limits limits = bnc_prom_job_limits(&job->limits, profile, &gate);
    struct bnc_yaml y;

    if (job->namespaces.set && job->namespaces.n == 0) { /* it would mean all of them */
        return bnc_fail(err, BNC_INTERNAL, "job %.100s has no namespace", job->job_name);
    }
    bnc_yaml_start(&y, BNC_YAML_ROOT_SEQ, BNC_PROM_JOB_INDENT, BNC_PROM_JOB_MAX, arena);
    BNC_YAML_ITEM (&y) {
        bnc_yaml_str(&y, "job_name", job->job_name);
        write_scrape(&y, job, profile, &gate);
        write_protocols(&y, &job->scrape_protocols, &gate, arena);
        write_fallback(&y, job->fallback_scrape_protocol, &gate);
        bnc_yaml_opt_str(&y, "metrics_path", job->metrics_path);
        bnc_yaml_opt_str(&y, "scheme", job->scheme);
        bnc_prom_http_write(&y, job, &gate);
        write_limits(&y, &limits);
        write_histograms(&y, &job->histograms, &gate);
        write_schemes(&y, job, &gate);
        write_discovery(&y, job, &gate);
        write_relabelings(&y, job, profile, arena);
    }
    if (bnc_yaml_finish(&y, out, err)) {
        return bnc_wrap(err, "job %.100s", job->job_name == NULL ? "?" : job->job_name);
    }
    return BNC_OK;
}
