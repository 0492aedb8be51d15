/*
 * prometheus-operator's Prometheus and PrometheusAgent, as far as they shape the
 * configuration: what an Observatory takes with spec.prometheus.from.
 */
#ifndef BNC_MODEL_SPEC_FROM_H
#define BNC_MODEL_SPEC_FROM_H

#include "model/spec_observatory.h"

struct bnc_from_topology {
    const char *external_label_name; /* NULL: zone */
    struct bnc_texts values;
};

struct bnc_from_sharding {
    const char *mode; /* Address (default), Topology */
    struct bnc_from_topology *topology;
};

struct bnc_from_exemplars {
    const cJSON *max_size;
};

struct bnc_from_chunks {
    const char *floats;
};

struct bnc_from_tsdb {
    const char *out_of_order_time_window;
    const cJSON *stale_series_compaction_threshold; /* a quantity */
    struct bnc_from_chunks *chunk_encoding;
};

struct bnc_from_files {
    enum bnc_tri deny;
};

struct bnc_spec_from {
    struct bnc_prometheus_spec settings; /* that have the same name in an Observatory */
    const char *prometheus_label;        /* prometheusExternalLabelName; NULL: unset */
    const char *replica_label;           /* replicaExternalLabelName; likewise */
    struct bnc_from_sharding *sharding;
    struct bnc_from_files *files;
    struct bnc_texts features;
    struct bnc_from_exemplars *exemplars;
    struct bnc_from_tsdb *tsdb;
    const char *retention;
    const char *retention_size;
    struct bnc_ref *alert_relabelings;  /* additionalAlertRelabelConfigs */
    struct bnc_ref *alertmanagers;      /* additionalAlertManagerConfigs */
    const char *name_validation_scheme; /* UTF8, Legacy */
    const char *mode;                   /* of an agent: StatefulSet, DaemonSet */
};

extern const struct bnc_table bnc_table_from;

#endif
