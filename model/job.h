/*
 * A Prometheus scrape job as typed data: what compiling gives and rendering
 * reads.  Texts are borrowed from the arena the job lives in.
 */
#ifndef BNC_MODEL_JOB_H
#define BNC_MODEL_JOB_H

#include "model/spec_common.h"

/* A credential or certificate: where it comes from and the file it becomes. */
struct bnc_asset {
    int kind; /* BNC_KIND_SECRET or BNC_KIND_CONFIG_MAP */
    const char *ns;
    const char *name;
    const char *key;
    const char *file; /* path below the asset folder: "secret_NS_NAME_KEY" */
};

/* Resolved TLS settings: files only. */
struct bnc_job_tls {
    bool present;
    enum bnc_tri insecure_skip_verify;
    const char *ca_file; /* as written into the configuration; NULL: none */
    const char *cert_file;
    const char *key_file;
    const char *server_name;
    const char *min_version;
    const char *max_version;
};

struct bnc_job_oauth2 {
    const char *client_id; /* not secret: its text */
    const char *client_secret_file;
    const char *token_url;
    struct bnc_texts scopes;
    struct bnc_pairs endpoint_params;
    struct bnc_job_tls tls;
    const char *proxy_url;
    const char *no_proxy;
    enum bnc_tri proxy_from_environment;
    const cJSON *proxy_connect_header; /* with values of Secrets; NULL: none */
};

struct bnc_job {
    const char *job_name;
    enum bnc_tri honor_labels;
    enum bnc_tri honor_timestamps;
    enum bnc_tri track_timestamps_staleness;
    const char *scrape_interval; /* NULL: the global one */
    const char *scrape_timeout;
    const char *metrics_path;
    struct bnc_multipairs params;
    const char *scheme;
    enum bnc_tri follow_redirects;
    enum bnc_tri enable_http2;
    const char *proxy_url;
    const char *no_proxy;
    enum bnc_tri proxy_from_environment;
    const cJSON *proxy_connect_header; /* with values of Secrets; NULL: none */
    enum bnc_tri enable_compression;
    bool keeps_timestamps; /* overrideHonorTimestamps does not reach it */

    /* authentication: at most one of the next four groups */
    const char *auth_type; /* with credentials_file */
    const char *credentials_file;
    const char *basic_username; /* its text, for versions without username_file */
    const char *basic_username_file;
    const char *basic_password_file;
    struct bnc_job_oauth2 *oauth2;
    const char *bearer_token_file;
    struct bnc_job_tls tls;

    /* kubernetes_sd_configs: one entry */
    const char *role;            /* "pod", "node", "endpoints", ...; NULL: none */
    struct bnc_texts namespaces; /* set and n 0 never happens: !set means all */
    enum bnc_tri attach_node_metadata;
    const cJSON *api_server; /* keys of the entry: another cluster; NULL: none */
    const cJSON *selectors;  /* list; NULL: none */
    const cJSON *discovery;  /* other ways: object of lists; NULL: none */
    const char *shard_by;    /* label whose hash decides; NULL: __address__ */
    enum bnc_sharding {
        BNC_SHARDING_ON,      /* as the profile says */
        BNC_SHARDING_SEVERAL, /* only where there are several shards */
        BNC_SHARDING_OFF
    } sharding;

    struct bnc_relabel *relabelings;
    size_t n_relabelings;
    struct bnc_relabel *metric_relabelings;
    size_t n_metric_relabelings;

    struct bnc_limits limits;
    struct bnc_native_histograms histograms;
    struct bnc_texts scrape_protocols;
    const char *fallback_scrape_protocol;
    const char *name_validation_scheme; /* as Prometheus writes it: "legacy" */
    const char *name_escaping_scheme;   /* as the CRDs write it: "AllowUTF8" */

    struct bnc_asset *assets; /* what the files above come from */
    size_t n_assets;
};

#endif
