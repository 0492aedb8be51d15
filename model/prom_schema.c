#include "model/prom_schema.h"

#include <string.h>

#define V(major, minor) BNC_PROM_V(major, minor)
#define T(type)         BNC_PROM_##type, BNC_PROM_NONE
#define OBJ(block)      BNC_PROM_OBJECT, BNC_PROM_##block
#define LIST(block)     BNC_PROM_LIST, BNC_PROM_##block

/* Stand in every block that has an HTTP client. */
#define HTTP_KEYS                                                                        \
    {"enable_http2", T(BOOL), V(2, 35), 0}, {"follow_redirects", T(BOOL), V(2, 26), 0},  \
        {"proxy_url", T(TEXT), 0, 0}, {"no_proxy", T(TEXT), V(2, 43), 0},                \
        {"proxy_from_environment", T(BOOL), V(2, 43), 0},                                \
        {"proxy_connect_header", T(SECRET), V(2, 43), 0},                                \
        {"http_headers", T(ANY), V(2, 53), 0}, {"basic_auth", OBJ(BASIC_AUTH), 0, 0},    \
        {"authorization", OBJ(AUTHORIZATION), V(2, 26), 0},                              \
        {"oauth2", OBJ(OAUTH2), V(2, 27), 0}, {"bearer_token", T(SECRET), 0, 0},         \
        {"bearer_token_file", T(TEXT), 0, 0},                                            \
    {                                                                                    \
        "tls_config", OBJ(TLS), 0, 0                                                     \
    }

/* Read off Prometheus' configuration structs, release by release. */
static const struct bnc_prom_key top[] = {
    {"global", OBJ(GLOBAL), 0, 0},
    {"runtime", OBJ(RUNTIME), V(2, 53), 0},
    {"rule_files", T(TEXTS), 0, 0},
    {"scrape_config_files", T(TEXTS), V(2, 43), 0},
    {"storage", OBJ(STORAGE), V(2, 29), 0},
    {"alerting", OBJ(ALERTING), 0, 0},
    {"remote_write", LIST(REMOTE_WRITE), 0, 0},
    {"remote_read", LIST(REMOTE_READ), 0, 0},
    {"otlp", OBJ(OTLP), V(2, 55), 0},
    {"tracing", OBJ(TRACING), 0, 0},
    {"scrape_configs", LIST(JOB), 0, 0},
};

static const struct bnc_prom_key global[] = {
    {"scrape_interval", T(DURATION), 0, 0},
    {"scrape_timeout", T(DURATION), 0, 0},
    {"scrape_protocols", T(TEXTS), V(2, 49), 0},
    {"external_labels", T(TEXT_MAP), 0, 0},
    {"body_size_limit", T(SIZE), V(2, 45), 0},
    {"sample_limit", T(INT), V(2, 45), 0},
    {"target_limit", T(INT), V(2, 45), 0},
    {"label_limit", T(INT), V(2, 45), 0},
    {"label_name_length_limit", T(INT), V(2, 45), 0},
    {"label_value_length_limit", T(INT), V(2, 45), 0},
    {"keep_dropped_targets", T(INT), V(2, 47), 0},
    {"scrape_failure_log_file", T(TEXT), V(2, 55), 0},
    {"metric_name_validation_scheme", T(TEXT), V(2, 55), 0},
    {"metric_name_escaping_scheme", T(TEXT), V(3, 4), 0},
    {"convert_classic_histograms_to_nhcb", T(BOOL), V(3, 4), 0},
    {"always_scrape_classic_histograms", T(BOOL), V(3, 5), 0},
    {"scrape_native_histograms", T(BOOL), V(3, 8), 0},
    {"extra_scrape_metrics", T(BOOL), V(3, 10), 0},
    {"evaluation_interval", T(DURATION), 0, 0},
    {"rule_query_offset", T(DURATION), V(2, 53), 0},
    {"query_log_file", T(TEXT), V(2, 16), 0},
    {"query_max_series", T(INT), V(3, 16), 0},
    {"query_max_samples_read", T(INT), V(3, 16), 0},
    {"query_max_duration", T(DURATION), V(3, 16), 0},
};

static const struct bnc_prom_key job[] = {
    {"job_name", T(TEXT), 0, 0},
    {"honor_labels", T(BOOL), 0, 0},
    {"honor_timestamps", T(BOOL), V(2, 9), 0},
    {"track_timestamps_staleness", T(BOOL), V(2, 48), 0},
    {"params", T(MULTIMAP), 0, 0},
    {"scrape_interval", T(DURATION), 0, 0},
    {"scrape_timeout", T(DURATION), 0, 0},
    {"scrape_protocols", T(TEXTS), V(2, 49), 0},
    {"fallback_scrape_protocol", T(TEXT), V(3, 0), 0},
    {"scrape_classic_histograms", T(BOOL), V(2, 45), V(3, 0)},
    {"scrape_native_histograms", T(BOOL), V(3, 8), 0},
    {"always_scrape_classic_histograms", T(BOOL), V(3, 0), 0},
    {"convert_classic_histograms_to_nhcb", T(BOOL), V(3, 0), 0},
    {"native_histogram_bucket_limit", T(INT), V(2, 45), 0},
    {"native_histogram_min_bucket_factor", T(NUMBER), V(2, 50), 0},
    {"metrics_path", T(TEXT), 0, 0},
    {"scheme", T(TEXT), 0, 0},
    HTTP_KEYS,
    {"enable_compression", T(BOOL), V(2, 49), 0},
    {"body_size_limit", T(SIZE), V(2, 28), 0},
    {"sample_limit", T(INT), 0, 0},
    {"target_limit", T(INT), V(2, 21), 0},
    {"label_limit", T(INT), V(2, 27), 0},
    {"label_name_length_limit", T(INT), V(2, 27), 0},
    {"label_value_length_limit", T(INT), V(2, 27), 0},
    {"keep_dropped_targets", T(INT), V(2, 47), 0},
    {"scrape_failure_log_file", T(TEXT), V(2, 55), 0},
    {"metric_name_validation_scheme", T(TEXT), V(2, 55), 0},
    {"metric_name_escaping_scheme", T(TEXT), V(3, 4), 0},
    {"extra_scrape_metrics", T(BOOL), V(3, 10), 0},
    {"kubernetes_sd_configs", LIST(KUBERNETES_SD), 0, 0},
    {"static_configs", LIST(STATIC_SD), 0, 0},
    {"file_sd_configs", LIST(FILE_SD), 0, 0},
    {"http_sd_configs", LIST(HTTP_SD), 0, 0},
    {"relabel_configs", LIST(RELABEL), 0, 0},
    {"metric_relabel_configs", LIST(RELABEL), 0, 0},
};

static const struct bnc_prom_key http[] = {HTTP_KEYS};

static const struct bnc_prom_key basic_auth[] = {
    {"username", T(TEXT), 0, 0},
    {"username_file", T(TEXT), V(2, 49), 0},
    {"username_ref", T(TEXT), V(2, 53), 0},
    {"password", T(SECRET), 0, 0},
    {"password_file", T(TEXT), 0, 0},
    {"password_ref", T(TEXT), V(2, 53), 0},
};

static const struct bnc_prom_key authorization[] = {
    {"type", T(TEXT), 0, 0},
    {"credentials", T(SECRET), 0, 0},
    {"credentials_file", T(TEXT), 0, 0},
    {"credentials_ref", T(TEXT), V(2, 53), 0},
};

static const struct bnc_prom_key oauth2[] = {
    {"client_id", T(TEXT), 0, 0},
    {"client_secret", T(SECRET), 0, 0},
    {"client_secret_file", T(TEXT), 0, 0},
    {"client_secret_ref", T(TEXT), V(2, 53), 0},
    {"client_certificate_key_id", T(TEXT), V(3, 8), 0},
    {"client_certificate_key", T(SECRET), V(3, 8), 0},
    {"client_certificate_key_file", T(TEXT), V(3, 8), 0},
    {"client_certificate_key_ref", T(TEXT), V(3, 8), 0},
    {"grant_type", T(TEXT), V(3, 8), 0},
    {"signature_algorithm", T(TEXT), V(3, 8), 0},
    {"iss", T(TEXT), V(3, 8), 0},
    {"audience", T(TEXT), V(3, 8), 0},
    {"claims", T(ANY), V(3, 8), 0},
    {"token_url", T(TEXT), 0, 0},
    {"scopes", T(TEXTS), 0, 0},
    {"endpoint_params", T(TEXT_MAP), 0, 0},
    {"tls_config", OBJ(TLS), 0, 0},
    {"proxy_url", T(TEXT), 0, 0},
    {"no_proxy", T(TEXT), V(2, 43), 0},
    {"proxy_from_environment", T(BOOL), V(2, 43), 0},
    {"proxy_connect_header", T(SECRET), V(2, 43), 0},
};

static const struct bnc_prom_key tls[] = {
    {"insecure_skip_verify", T(BOOL), 0, 0},
    {"ca", T(TEXT), V(2, 45), 0},
    {"ca_file", T(TEXT), 0, 0},
    {"ca_ref", T(TEXT), V(2, 53), 0},
    {"cert", T(TEXT), V(2, 45), 0},
    {"cert_file", T(TEXT), 0, 0},
    {"cert_ref", T(TEXT), V(2, 53), 0},
    {"key", T(SECRET), V(2, 45), 0},
    {"key_file", T(TEXT), 0, 0},
    {"key_ref", T(TEXT), V(2, 53), 0},
    {"server_name", T(TEXT), 0, 0},
    {"min_version", T(TEXT), V(2, 35), 0},
    {"max_version", T(TEXT), V(2, 41), 0},
};

static const struct bnc_prom_key relabel[] = {
    {"source_labels", T(TEXTS), 0, 0}, {"separator", T(TEXT), 0, 0},
    {"regex", T(TEXT), 0, 0},          {"modulus", T(INT), 0, 0},
    {"target_label", T(TEXT), 0, 0},   {"replacement", T(TEXT), 0, 0},
    {"action", T(TEXT), 0, 0},
};

static const struct bnc_prom_key kubernetes_sd[] = {
    {"role", T(TEXT), 0, 0},
    HTTP_KEYS,
    {"api_server", T(TEXT), 0, 0},
    {"kubeconfig_file", T(TEXT), 0, 0},
    {"namespaces", OBJ(NAMESPACES), 0, 0},
    {"selectors", LIST(SELECTOR), 0, 0},
    {"attach_metadata", OBJ(ATTACH_METADATA), 0, 0},
};

static const struct bnc_prom_key namespaces[] = {
    {"own_namespace", T(BOOL), 0, 0},
    {"names", T(TEXTS), 0, 0},
};

static const struct bnc_prom_key selector[] = {
    {"role", T(TEXT), 0, 0},
    {"label", T(TEXT), 0, 0},
    {"field", T(TEXT), 0, 0},
};

static const struct bnc_prom_key attach_metadata[] = {
    {"node", T(BOOL), 0, 0},
    {"namespace", T(BOOL), V(3, 6), 0},
    {"deployment", T(BOOL), V(3, 11), 0},
    {"job", T(BOOL), V(3, 11), 0},
    {"cronjob", T(BOOL), V(3, 11), 0},
};

static const struct bnc_prom_key static_sd[] = {
    {"targets", T(TEXTS), 0, 0},
    {"labels", T(TEXT_MAP), 0, 0},
};

static const struct bnc_prom_key file_sd[] = {
    {"files", T(TEXTS), 0, 0},
    {"refresh_interval", T(DURATION), 0, 0},
};

static const struct bnc_prom_key http_sd[] = {
    {"url", T(TEXT), 0, 0},
    HTTP_KEYS,
    {"refresh_interval", T(DURATION), 0, 0},
};

static const struct bnc_prom_key runtime[] = {
    {"gogc", T(NUMBER), V(2, 53), 0},
    {"log_level", T(TEXT), V(3, 15), 0},
};

static const struct bnc_prom_key storage[] = {
    {"tsdb", OBJ(TSDB), 0, 0},
    {"exemplars", OBJ(EXEMPLARS), V(2, 29), 0},
};

static const struct bnc_prom_key tsdb[] = {
    {"out_of_order_time_window", T(DURATION), V(2, 39), 0},
    {"stale_series_compaction_threshold", T(NUMBER), V(3, 10), 0},
    {"chunk_encoding", OBJ(CHUNK_ENCODING), V(3, 13), 0},
    {"retention", OBJ(RETENTION), V(3, 8), 0},
};

static const struct bnc_prom_key retention[] = {
    {"time", T(DURATION), 0, 0},
    {"size", T(SIZE), 0, 0},
    {"percentage", T(NUMBER), V(3, 11), 0},
};

static const struct bnc_prom_key chunk_encoding[] = {{"floats", T(TEXT), 0, 0}};
static const struct bnc_prom_key exemplars[] = {{"max_exemplars", T(NUMBER), 0, 0}};

static const struct bnc_prom_key alerting[] = {
    {"alert_relabel_configs", LIST(RELABEL), 0, 0},
    {"alertmanagers", LIST(ALERTMANAGER), 0, 0},
};

static const struct bnc_prom_key alertmanager[] = {
    {"scheme", T(TEXT), 0, 0},
    {"path_prefix", T(TEXT), 0, 0},
    {"timeout", T(DURATION), 0, 0},
    {"api_version", T(TEXT), V(2, 11), 0},
    HTTP_KEYS,
    {"sigv4", OBJ(SIGV4), V(2, 48), 0},
    {"kubernetes_sd_configs", LIST(KUBERNETES_SD), 0, 0},
    {"static_configs", LIST(STATIC_SD), 0, 0},
    {"file_sd_configs", LIST(FILE_SD), 0, 0},
    {"http_sd_configs", LIST(HTTP_SD), 0, 0},
    {"relabel_configs", LIST(RELABEL), 0, 0},
    {"alert_relabel_configs", LIST(RELABEL), V(2, 51), 0},
};

static const struct bnc_prom_key remote_write[] = {
    {"url", T(TEXT), 0, 0},
    {"remote_timeout", T(DURATION), 0, 0},
    {"headers", T(TEXT_MAP), V(2, 15), 0},
    {"name", T(TEXT), V(2, 15), 0},
    HTTP_KEYS,
    {"protobuf_message", T(TEXT), V(2, 54), 0},
    {"send_exemplars", T(BOOL), V(2, 27), 0},
    {"send_native_histograms", T(BOOL), V(2, 40), 0},
    {"convert_nhcb_to_classic", T(BOOL), V(3, 16), 0},
    {"failed_request_logging", T(BOOL), V(3, 15), 0},
    {"round_robin_dns", T(BOOL), V(3, 1), 0},
    {"write_relabel_configs", LIST(RELABEL), 0, 0},
    {"queue_config", OBJ(QUEUE), 0, 0},
    {"metadata_config", OBJ(METADATA), V(2, 23), 0},
    {"sigv4", OBJ(SIGV4), V(2, 26), 0},
    {"azuread", OBJ(AZUREAD), V(2, 45), 0},
    {"google_iam", OBJ(GOOGLE_IAM), V(2, 55), 0},
};

static const struct bnc_prom_key remote_read[] = {
    {"url", T(TEXT), 0, 0},
    {"remote_timeout", T(DURATION), 0, 0},
    {"headers", T(TEXT_MAP), V(2, 26), 0},
    {"name", T(TEXT), V(2, 15), 0},
    HTTP_KEYS,
    {"required_matchers", T(TEXT_MAP), 0, 0},
    {"read_recent", T(BOOL), 0, 0},
    {"filter_external_labels", T(BOOL), V(2, 34), 0},
    {"chunked_read_limit", T(INT), V(2, 55), 0},
};

static const struct bnc_prom_key queue[] = {
    {"capacity", T(INT), 0, 0},
    {"max_shards", T(INT), 0, 0},
    {"min_shards", T(INT), V(2, 6), 0},
    {"max_samples_per_send", T(INT), 0, 0},
    {"batch_send_deadline", T(DURATION), 0, 0},
    {"min_backoff", T(DURATION), 0, 0},
    {"max_backoff", T(DURATION), 0, 0},
    {"retry_on_http_429", T(BOOL), V(2, 26), 0},
    {"max_retries", T(INT), 0, V(2, 11)},
    {"sample_age_limit", T(DURATION), V(2, 50), 0},
};

static const struct bnc_prom_key metadata[] = {
    {"send", T(BOOL), 0, 0},
    {"send_interval", T(DURATION), 0, 0},
    {"max_samples_per_send", T(INT), V(2, 29), 0},
};

static const struct bnc_prom_key sigv4[] = {
    {"region", T(TEXT), 0, 0},
    {"access_key", T(TEXT), 0, 0},
    {"secret_key", T(SECRET), 0, 0},
    {"profile", T(TEXT), 0, 0},
    {"role_arn", T(TEXT), 0, 0},
    {"external_id", T(TEXT), V(3, 10), 0},
    {"session_name", T(TEXT), V(3, 15), 0},
    {"tags", T(TEXT_MAP), V(3, 15), 0},
    {"service_name", T(TEXT), V(3, 5), 0},
    {"use_fips_sts_endpoint", T(BOOL), V(3, 1), 0},
};

static const struct bnc_prom_key azuread[] = {
    {"cloud", T(TEXT), 0, 0},
    {"managed_identity", T(ANY), 0, 0},
    {"oauth", T(ANY), V(2, 48), 0},
    {"sdk", T(ANY), V(2, 52), 0},
    {"workload_identity", T(ANY), V(3, 7), 0},
    {"scope", T(TEXT), V(3, 9), 0},
    {"certificate", T(ANY), V(3, 13), 0},
};

static const struct bnc_prom_key google_iam[] = {{"credentials_file", T(TEXT), 0, 0}};

static const struct bnc_prom_key otlp[] = {
    {"promote_all_resource_attributes", T(BOOL), V(3, 5), 0},
    {"promote_resource_attributes", T(TEXTS), 0, 0},
    {"ignore_resource_attributes", T(TEXTS), V(3, 5), 0},
    {"translation_strategy", T(TEXT), V(3, 0), 0},
    {"keep_identifying_resource_attributes", T(BOOL), V(3, 1), 0},
    {"convert_histograms_to_nhcb", T(BOOL), V(3, 4), 0},
    {"promote_scope_metadata", T(BOOL), V(3, 6), 0},
    {"label_name_underscore_sanitization", T(BOOL), V(3, 8), 0},
    {"label_name_preserve_multiple_underscores", T(BOOL), V(3, 8), 0},
};

static const struct bnc_prom_key tracing[] = {
    {"client_type", T(TEXT), 0, 0},         {"endpoint", T(TEXT), 0, 0},
    {"sampling_fraction", T(NUMBER), 0, 0}, {"insecure", T(BOOL), 0, 0},
    {"tls_config", OBJ(TLS), 0, 0},         {"headers", T(TEXT_MAP), 0, 0},
    {"compression", T(TEXT), 0, 0},         {"timeout", T(DURATION), 0, 0},
};

#define BLOCK(name, keys, sd) [BNC_PROM_##name] = {keys, BNC_LEN(keys), sd}

static const struct {
    const struct bnc_prom_key *keys;
    size_t n;
    bool discovers;
} blocks[] = {
    [BNC_PROM_NONE] = {NULL, 0, false},
    BLOCK(TOP, top, false),
    BLOCK(GLOBAL, global, false),
    BLOCK(JOB, job, true),
    BLOCK(HTTP, http, false),
    BLOCK(BASIC_AUTH, basic_auth, false),
    BLOCK(AUTHORIZATION, authorization, false),
    BLOCK(OAUTH2, oauth2, false),
    BLOCK(TLS, tls, false),
    BLOCK(RELABEL, relabel, false),
    BLOCK(KUBERNETES_SD, kubernetes_sd, false),
    BLOCK(NAMESPACES, namespaces, false),
    BLOCK(SELECTOR, selector, false),
    BLOCK(ATTACH_METADATA, attach_metadata, false),
    BLOCK(STATIC_SD, static_sd, false),
    BLOCK(FILE_SD, file_sd, false),
    BLOCK(HTTP_SD, http_sd, false),
    BLOCK(RUNTIME, runtime, false),
    BLOCK(STORAGE, storage, false),
    BLOCK(TSDB, tsdb, false),
    BLOCK(RETENTION, retention, false),
    BLOCK(CHUNK_ENCODING, chunk_encoding, false),
    BLOCK(EXEMPLARS, exemplars, false),
    BLOCK(ALERTING, alerting, false),
    BLOCK(ALERTMANAGER, alertmanager, true),
    BLOCK(REMOTE_WRITE, remote_write, false),
    BLOCK(REMOTE_READ, remote_read, false),
    BLOCK(QUEUE, queue, false),
    BLOCK(METADATA, metadata, false),
    BLOCK(SIGV4, sigv4, false),
    BLOCK(AZUREAD, azuread, false),
    BLOCK(GOOGLE_IAM, google_iam, false),
    BLOCK(OTLP, otlp, false),
    BLOCK(TRACING, tracing, false),
};
_Static_assert(BNC_LEN(blocks) == BNC_PROM_BLOCK_COUNT, "every block needs its keys");

static const struct {
    const char *name;
    int since;
} protocols[] = {
    {"PrometheusProto", V(2, 49)},      {"OpenMetricsText0.0.1", V(2, 49)},
    {"OpenMetricsText1.0.0", V(2, 49)}, {"OpenMetricsText2.0.0", V(3, 15)},
    {"PrometheusText0.0.4", V(2, 49)},  {"PrometheusText1.0.0", V(3, 0)},
};

int
bnc_prom_release(const struct bnc_version *version)
{
    return BNC_PROM_V((int)version->major, (int)version->minor);
}

const struct bnc_prom_key *
bnc_prom_keys(enum bnc_prom_block block, size_t *n)
{
    *n = blocks[block].n;
    return blocks[block].keys;
}

const struct bnc_prom_key *
bnc_prom_key_find(enum bnc_prom_block block, const char *name)
{
    for (size_t i = 0; i < blocks[block].n; i++) {
        if (strcmp(blocks[block].keys[i].name, name) == 0) {
            return &blocks[block].keys[i];
        }
    }
    return NULL;
}

bool
bnc_prom_key_in(const struct bnc_prom_key *key, const struct bnc_version *version)
{
    int release = bnc_prom_release(version);

    return release >= key->since && (key->until == 0 || release < key->until);
}

bool
bnc_prom_block_discovers(enum bnc_prom_block block)
{
    return blocks[block].discovers;
}

int
bnc_prom_protocol_since(const char *protocol)
{
    for (size_t i = 0; i < BNC_LEN(protocols); i++) {
        if (strcmp(protocols[i].name, protocol) == 0) {
            return protocols[i].since;
        }
    }
    return 0;
}
