/*
 * Observatory: one Prometheus with its mesh and tracing, and all that is written for it.
 */
#ifndef BNC_MODEL_SPEC_OBSERVATORY_H
#define BNC_MODEL_SPEC_OBSERVATORY_H

#include "model/spec_common.h"
#include "model/spec_grafana.h"
#include "model/spec_mesh.h"

struct bnc_output_spec {
    const char *kind;        /* Secret (default) or ConfigMap */
    const char *ns;          /* NULL: the Observatory's */
    const char *name;        /* NULL: NAME-prometheus */
    const char *key;         /* default prometheus.yml; *.gz: gzip */
    struct bnc_pairs labels; /* put on the object */
};

struct bnc_annotations_spec {
    enum bnc_tri enabled;      /* default true */
    struct bnc_texts prefixes; /* default binnacle.dev, prometheus.io */
};

struct bnc_base_file { /* files[]: becomes files/NAME in the asset object */
    const char *name;
    struct bnc_ref *secret_key_ref;
};

struct bnc_scrape_class {
    const char *name;
    enum bnc_tri is_default;           /* "default" */
    struct bnc_tls_config *tls_config; /* references become its files */
    struct bnc_authorization *authorization;
    const char *credentials_file;       /* of it: resolved; NULL: none */
    struct bnc_list relabelings;        /* struct bnc_relabel */
    struct bnc_list metric_relabelings; /* struct bnc_relabel */
    const char *fallback_scrape_protocol;
    enum bnc_tri attach_node_metadata;
};

/* prometheus-operator's kinds that an Observatory selects. */
enum bnc_foreign {
    BNC_FOREIGN_SERVICE_MONITOR,
    BNC_FOREIGN_POD_MONITOR,
    BNC_FOREIGN_PROBE,
    BNC_FOREIGN_SCRAPE_CONFIG,
    BNC_FOREIGN_RULE,
    BNC_FOREIGN_COUNT
};

struct bnc_from {     /* prometheus-operator's object that settings are taken from */
    const char *kind; /* Prometheus, PrometheusAgent */
    const char *name;
    const char *compat; /* Fixed (default), Exact */
};

struct bnc_excluded { /* of excludedFromEnforcement */
    const char *group;
    const char *resource; /* "servicemonitors" */
    const char *ns;
    const char *name; /* NULL: every one */
};

struct bnc_prometheus_spec {
    struct bnc_from *from; /* NULL: none */
    const char *version;   /* NULL: 3.5.0 */
    const char *url;       /* where it answers queries; NULL: not known */
    struct bnc_output_spec *output;
    const char *layout;       /* Single (default), Files */
    struct bnc_opt_int parts; /* layout Files; 0 or unset: an object for each file */
    const cJSON *base;
    struct bnc_list files;       /* struct bnc_base_file */
    const char *scrape_interval; /* NULL: 30s; evaluationInterval likewise */
    const char *scrape_timeout;
    const char *evaluation_interval;
    struct bnc_pairs external_labels;
    struct bnc_texts pod_target_labels; /* "*": every pod label */
    struct bnc_opt_int shards;
    struct bnc_annotations_spec *annotations;
    struct bnc_texts presets;
    struct bnc_selector *scrape_policy_selector; /* CRD default {} */
    struct bnc_selector
        *scrape_policy_namespace_selector;     /* NULL: spec.namespaceSelector */
    struct bnc_selector *metric_rule_selector; /* CRD default {} */
    struct bnc_selector *metric_rule_namespace_selector; /* likewise */
    const char *enforced_namespace_label;
    struct bnc_limits limits;   /* sampleLimit ... */
    struct bnc_limits enforced; /* enforcedSampleLimit ... */
    enum bnc_tri override_honor_labels;
    enum bnc_tri override_honor_timestamps;
    struct bnc_list scrape_classes;            /* struct bnc_scrape_class */
    struct bnc_ref *additional_scrape_configs; /* Secret key */
    struct bnc_selector *foreign_selectors[BNC_FOREIGN_COUNT];  /* NULL: none of them */
    struct bnc_selector *foreign_namespaces[BNC_FOREIGN_COUNT]; /* NULL: as above */
    const char *inline_credentials; /* Deny (default), Allow */
    enum bnc_tri ignore_namespace_selectors;
    enum bnc_tri deny_files; /* of ServiceMonitors: arbitraryFSAccessThroughSMs */
    const char *service_discovery_role; /* Endpoints (default), EndpointSlice */
    struct bnc_list excluded;           /* struct bnc_excluded */
};

struct bnc_tenants_spec {
    const char *targets;                  /* OwnNamespace (default), Any */
    const char *file_references;          /* Deny (default), Allow */
    const char *scrape_class_credentials; /* Deny (default), Allow */
};

struct bnc_statsd_mapping_spec {
    const char *kind; /* ConfigMap (default) or Secret */
    const char *ns;   /* NULL: the Observatory's */
    const char *name; /* NULL: NAME-statsd-mapping */
    const char *key;  /* default statsd-mapping.yml */
};

struct bnc_statsd_spec {
    const char *address; /* host:port where sidecars send to; NULL: not told */
    struct bnc_statsd_mapping_spec *mapping;
};

struct bnc_spec_observatory {
    struct bnc_opt_int priority;
    struct bnc_selector *namespace_selector; /* NULL: its own namespace */
    enum bnc_tri suspend;
    const char *on_conflict; /* Report (default), TakeOver */
    struct bnc_tenants_spec *tenants;
    struct bnc_prometheus_spec *prometheus;
    struct bnc_tracing_spec *tracing;
    struct bnc_mesh_spec *mesh;
    struct bnc_statsd_spec *statsd;
    struct bnc_grafana_spec *grafana;
    struct bnc_kiali_spec *kiali;
};

extern const struct bnc_kind_doc bnc_doc_observatory;
extern const struct bnc_table bnc_table_observatory; /* of spec */
extern const struct bnc_table bnc_table_excluded;    /* struct bnc_excluded */

#endif
