/*
 * ScrapePolicy: how some workloads are scraped.
 */
#ifndef BNC_MODEL_SPEC_SCRAPE_POLICY_H
#define BNC_MODEL_SPEC_SCRAPE_POLICY_H

#include "model/spec_common.h"

struct bnc_workload_ref {
    const char *group; /* "apps" (default), "batch" */
    const char *kind;  /* Deployment, StatefulSet, DaemonSet, Job, CronJob */
    const char *name;
};

struct bnc_endpoint {
    const char *name;               /* NULL: the port */
    const char *port;               /* name or number */
    const cJSON *target_port;       /* ServiceMonitor, PodMonitor: text or number */
    struct bnc_opt_int port_number; /* PodMonitor */
    const char *path;
    const char *scheme; /* http, https */
    struct bnc_multipairs params;
    const char *interval;
    const char *scrape_timeout;
    enum bnc_tri honor_labels;
    enum bnc_tri honor_timestamps;
    enum bnc_tri track_timestamps_staleness;
    enum bnc_tri filter_running; /* unset: true */
    enum bnc_tri follow_redirects;
    enum bnc_tri enable_http2;
    struct bnc_list relabelings;             /* struct bnc_relabel */
    struct bnc_list metric_relabelings;      /* struct bnc_relabel */
    struct bnc_authorization *authorization; /* at most one of these three */
    struct bnc_basic_auth *basic_auth;
    struct bnc_oauth2 *oauth2;
    struct bnc_ref *bearer_token_secret; /* of the monitors; likewise */
    const char *bearer_token_file;
    struct bnc_tls_config *tls_config;
    const char *proxy_url;
    const char *no_proxy;
    enum bnc_tri proxy_from_environment;
    const cJSON *proxy_connect_header; /* of the monitors */
};

struct bnc_series_match {    /* prune.dropSeries[]: all of `labels` match */
    struct bnc_pairs labels; /* label name to regex */
};

struct bnc_prune_spec {
    struct bnc_texts drop_metrics; /* regexes */
    struct bnc_texts keep_metrics; /* regexes; none: all */
    struct bnc_texts drop_labels;  /* regexes */
    struct bnc_list drop_series;   /* struct bnc_series_match */
    const char *preset;            /* envoy */
};

struct bnc_spec_scrape_policy {
    struct bnc_opt_int priority;
    struct bnc_selector *selector; /* pods by label */
    struct bnc_list workloads;     /* struct bnc_workload_ref */
    struct bnc_selector
        *namespace_selector;   /* by the Namespaces' labels; NULL: its own */
    const char *preset;        /* preset | endpoints */
    struct bnc_list endpoints; /* struct bnc_endpoint */
    const char *scrape_class;
    const char *job_label;
    struct bnc_texts pod_target_labels;
    struct bnc_pairs labels; /* added to all series */
    struct bnc_limits limits;
    struct bnc_texts scrape_protocols;
    const char *fallback_scrape_protocol;
    enum bnc_tri attach_node_metadata;
    struct bnc_prune_spec *prune;
};

extern const struct bnc_kind_doc bnc_doc_scrape_policy;
extern const struct bnc_table bnc_table_scrape_policy; /* of spec */

#endif
