/* Remote write and read, tracing and the like of prometheus-operator's Prometheus. */
#include "reconcilers/from.h"

#include "reconcilers/translate.h"

#define T(type) BNC_TRANSLATE_##type, NULL, false, NULL
#define R(type) BNC_TRANSLATE_##type, NULL, true, NULL
#define O(sub)  BNC_TRANSLATE_OBJECT, sub, false, NULL
#define END                                                                              \
    {                                                                                    \
        .from = NULL                                                                     \
    }
#define AUTH BNC_TRANSLATE_AUTH_ROWS(BNC_TRANSLATE_TLS, BNC_TRANSLATE_AUTHORIZATION)

static const struct bnc_translate_row sigv4_rows[] = {
    {"region", "region", T(TEXT)},
    {"accessKey", "access_key", T(CLEAR)},
    {"secretKey", "secret_key", T(CLEAR)},
    {"profile", "profile", T(TEXT)},
    {"roleArn", "role_arn", T(TEXT)},
    {"externalId", "external_id", T(TEXT)},
    {"useFIPSSTSEndpoint", "use_fips_sts_endpoint", T(BOOL)},
    END,
};

/* ---- remote write -------------------------------------------------------------- */

static const struct bnc_translate_row managed_rows[] = {
    {"clientId", "client_id", T(TEXT)}, END};
static const struct bnc_translate_row oauth_rows[] = {
    {"clientId", "client_id", R(TEXT)},
    {"clientSecret", "client_secret", R(CLEAR)},
    {"tenantId", "tenant_id", R(TEXT)},
    END};
static const struct bnc_translate_row sdk_rows[] = {{"tenantId", "tenant_id", T(TEXT)},
                                                    END};
static const struct bnc_translate_row workload_rows[] = {
    {"clientId", "client_id", R(TEXT)}, {"tenantId", "tenant_id", R(TEXT)}, END};
static const struct bnc_translate_row azure_rows[] = {
    {"cloud", "cloud", T(TEXT)},
    {"managedIdentity", "managed_identity", O(managed_rows)},
    {"oauth", "oauth", O(oauth_rows)},
    {"sdk", "sdk", O(sdk_rows)},
    {"workloadIdentity", "workload_identity", O(workload_rows)},
    {"scope", "scope", T(TEXT)},
    END,
};

static const struct bnc_translate_row queue_rows[] = {
    {"capacity", "capacity", T(SOME)},
    {"minShards", "min_shards", T(SOME)},
    {"maxShards", "max_shards", T(SOME)},
    {"maxSamplesPerSend", "max_samples_per_send", T(SOME)},
    {"batchSendDeadline", "batch_send_deadline", T(DURATION)},
    {"maxRetries", "max_retries", T(SOME)},
    {"minBackoff", "min_backoff", T(DURATION)},
    {"maxBackoff", "max_backoff", T(DURATION)},
    {"retryOnRateLimit", "retry_on_http_429", T(TRUE)},
    {"sampleAgeLimit", "sample_age_limit", T(DURATION)},
    END,
};

static const struct bnc_translate_row metadata_rows[] = {
    {"send", "send", T(BOOL)},
    {"sendInterval", "send_interval", T(DURATION)},
    {"maxSamplesPerSend", "max_samples_per_send", T(INT)},
    END,
};

static const struct bnc_translate_row write_rows[] = {
    {"url", "url", R(URL)},
    {"name", "name", T(TEXT)},
    {"messageVersion", "protobuf_message", T(MESSAGE)},
    {"sendExemplars", "send_exemplars", T(BOOL)},
    {"sendNativeHistograms", "send_native_histograms", T(BOOL)},
    {"remoteTimeout", "remote_timeout", T(DURATION)},
    {"headers", "headers", T(MAP)},
    {"writeRelabelConfigs", "write_relabel_configs", T(RELABEL)},
    {"bearerToken", "bearer_token", T(TEXT)},
    {"bearerTokenFile", "bearer_token_file", T(TEXT)},
    {"sigv4", "sigv4", O(sigv4_rows)},
    {"azureAd", "azuread", O(azure_rows)},
    {"queueConfig", "queue_config", O(queue_rows)},
    {"metadataConfig", "metadata_config", O(metadata_rows)},
    {"roundRobinDNS", "round_robin_dns", T(BOOL)},
    AUTH,
    BNC_TRANSLATE_CLIENT_ROWS("enableHTTP2"),
    END,
};

/* ---- the rest ------------------------------------------------------------------ */

static const struct bnc_translate_row read_rows[] = {
    {"url", "url", R(URL)},
    {"name", "name", T(TEXT)},
    {"requiredMatchers", "required_matchers", T(MAP)},
    {"remoteTimeout", "remote_timeout", T(DURATION)},
    {"headers", "headers", T(MAP)},
    {"readRecent", "read_recent", T(TRUE)},
    {"bearerToken", "bearer_token", T(TEXT)},
    {"bearerTokenFile", "bearer_token_file", T(TEXT)},
    {"followRedirects", "follow_redirects", T(BOOL)},
    {"filterExternalLabels", "filter_external_labels", T(BOOL)},
    AUTH,
    BNC_TRANSLATE_PROXY_ROWS,
    END,
};

static const struct bnc_translate_row tracing_rows[] = {
    {"endpoint", "endpoint", R(TEXT)},
    {"clientType", "client_type", T(LOWER)},
    {"samplingFraction", "sampling_fraction", T(QUANTITY)},
    {"insecure", "insecure", T(BOOL)},
    {"headers", "headers", T(MAP)},
    {"compression", "compression", T(LOWER)},
    {"timeout", "timeout", T(DURATION)},
    {"tlsConfig", "tls_config", T(TLS)},
    END,
};

static const struct bnc_translate_row otlp_rows[] = {
    {"promoteAllResourceAttributes", "promote_all_resource_attributes", T(BOOL)},
    {"ignoreResourceAttributes", "ignore_resource_attributes", T(TEXTS)},
    {"promoteResourceAttributes", "promote_resource_attributes", T(TEXTS)},
    {"translationStrategy", "translation_strategy", T(TEXT)},
    {"keepIdentifyingResourceAttributes", "keep_identifying_resource_attributes",
     T(BOOL)},
    {"convertHistogramsToNHCB", "convert_histograms_to_nhcb", T(BOOL)},
    {"promoteScopeMetadata", "promote_scope_metadata", T(BOOL)},
    {"labelNameUnderscoreSanitization", "label_name_underscore_sanitization", T(BOOL)},
    {"labelNamePreserveMultipleUnderscores", "label_name_preserve_multiple_underscores",
     T(BOOL)},
    END,
};

static const struct bnc_translate_row runtime_rows[] = {{"goGC", "gogc", T(INT)}, END};

const struct bnc_translate_row bnc_from_top_rows[] = {
    {"runtime", "runtime", O(runtime_rows)},
    {"remoteWrite", "remote_write", BNC_TRANSLATE_LIST, write_rows, false, NULL},
    {"remoteRead", "remote_read", BNC_TRANSLATE_LIST, read_rows, false, NULL},
    {"otlp", "otlp", O(otlp_rows)},
    {"tracingConfig", "tracing", O(tracing_rows)},
    END,
};

const struct bnc_translate_row bnc_from_global_rows[] = {
    {"scrapeProtocols", "scrape_protocols", T(TEXTS)},
    {"nameValidationScheme", "metric_name_validation_scheme", T(LOWER)},
    {"nameEscapingScheme", "metric_name_escaping_scheme", T(ESCAPING)},
    {"convertClassicHistogramsToNHCB", "convert_classic_histograms_to_nhcb", T(BOOL)},
    {"scrapeClassicHistograms", "always_scrape_classic_histograms", T(BOOL)},
    {"scrapeNativeHistograms", "scrape_native_histograms", T(BOOL)},
    {"ruleQueryOffset", "rule_query_offset", T(DURATION)},
    {"queryLogFile", "query_log_file", T(LOG)},
    {"scrapeFailureLogFile", "scrape_failure_log_file", T(LOG)},
    END,
};

/* Without name, namespace and port: these become discovery and relabel rules. */
const struct bnc_translate_row bnc_from_alertmanager_rows[] = {
    {"name", NULL, T(NOTHING)},
    {"namespace", NULL, T(NOTHING)},
    {"port", NULL, T(NOTHING)},
    {"relabelings", NULL, T(NOTHING)},
    {"scheme", "scheme", T(LOWER)},
    {"pathPrefix", "path_prefix", T(TEXT)},
    {"timeout", "timeout", T(DURATION)},
    {"apiVersion", "api_version", T(LOWER)},
    {"enableHttp2", "enable_http2", T(BOOL)},
    {"bearerTokenFile", "bearer_token_file", T(TEXT)},
    {"basicAuth", "basic_auth", T(BASIC_AUTH)},
    {"authorization", "authorization", T(SAFE_AUTHORIZATION)},
    {"tlsConfig", "tls_config", T(TLS)},
    {"sigv4", "sigv4", O(sigv4_rows)},
    {"alertRelabelings", "alert_relabel_configs", T(RELABEL)},
    BNC_TRANSLATE_PROXY_ROWS,
    END,
};

const struct bnc_translate_row bnc_from_api_server_rows[] = {
    {"host", "api_server", R(TEXT)},
    {"basicAuth", "basic_auth", T(BASIC_AUTH)},
    {"authorization", "authorization", T(AUTHORIZATION)},
    {"bearerToken", "bearer_token", T(TEXT)},
    {"bearerTokenFile", "bearer_token_file", T(TEXT)},
    {"tlsConfig", "tls_config", T(TLS)},
    BNC_TRANSLATE_PROXY_ROWS,
    END,
};
