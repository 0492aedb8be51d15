#include "model/spec_from.h"

#include <stddef.h>

#include "model/spec_operator.h"

#define TEXT_MAX  BNC_OPERATOR_TEXT_MAX
#define ITEMS_MAX BNC_OPERATOR_ITEMS_MAX

/* ---- scrape classes ------------------------------------------------------------ */

#define AT(member) offsetof(struct bnc_scrape_class, member)
static const struct bnc_field class_rows[] = {
    {"name", BNC_FIELD_TEXT, AT(name), .min = 1, .required = true, .max_len = TEXT_MAX,
     .doc = "Name of the class."},
    {"default", BNC_FIELD_BOOL, AT(is_default), .doc = "For what names none."},
    {"tlsConfig", BNC_FIELD_OBJECT, AT(tls_config), .sub = &bnc_table_operator_tls,
     .doc = "TLS."},
    {"authorization", BNC_FIELD_OBJECT, AT(authorization),
     .sub = &bnc_table_operator_authorization, .doc = "Authorization header."},
    {"relabelings", BNC_FIELD_LIST, AT(relabelings), .sub = &bnc_table_operator_relabel,
     .max_items = ITEMS_MAX, .doc = "Relabel rules for targets."},
    {"metricRelabelings", BNC_FIELD_LIST, AT(metric_relabelings),
     .sub = &bnc_table_operator_relabel, .max_items = ITEMS_MAX,
     .doc = "Relabel rules for series."},
    {"fallbackScrapeProtocol", BNC_FIELD_ENUM, AT(fallback_scrape_protocol),
     .values = bnc_scrape_protocols, .doc = "Format of targets that say none."},
    {"attachMetadata", BNC_FIELD_INLINE, AT(attach_node_metadata),
     .sub = &bnc_table_attach_metadata, .doc = "What is known beside the pod."},
};
#undef AT

static const struct bnc_table class_table = {
    .name = "ScrapeClass",
    .size = sizeof(struct bnc_scrape_class),
    .fields = class_rows,
    .n_fields = BNC_LEN(class_rows),
};

/* ---- parts --------------------------------------------------------------------- */

#define TABLE(table, rows, type)                                                         \
    static const struct bnc_table table = {                                              \
        .name = #table, .size = sizeof(type), .fields = rows, .n_fields = BNC_LEN(rows)}

#define AT(member) offsetof(struct bnc_from_topology, member)
static const struct bnc_field topology_rows[] = {
    {"externalLabelName", BNC_FIELD_TEXT, AT(external_label_name), .max_len = TEXT_MAX,
     .doc = "Name of the external label with the zone."},
    {"values", BNC_FIELD_TEXTS, AT(values), .max_items = ITEMS_MAX, .doc = "The zones."},
};
#undef AT
TABLE(topology, topology_rows, struct bnc_from_topology);

static const char *const sharding_modes[] = {"Address", "Topology", NULL};

#define AT(member) offsetof(struct bnc_from_sharding, member)
static const struct bnc_field sharding_rows[] = {
    {"mode", BNC_FIELD_ENUM, AT(mode), .values = sharding_modes,
     .doc = "What targets are shared out by."},
    {"topology", BNC_FIELD_OBJECT, AT(topology), .sub = &topology, .doc = "The zones."},
};
#undef AT
TABLE(sharding, sharding_rows, struct bnc_from_sharding);

static const struct bnc_field exemplar_rows[] = {
    {"maxSize", BNC_FIELD_RAW, offsetof(struct bnc_from_exemplars, max_size),
     .doc = "Most exemplars in memory."},
};
TABLE(exemplars, exemplar_rows, struct bnc_from_exemplars);

static const char *const encodings[] = {"Xor", "Xor2", NULL};
static const struct bnc_field chunk_rows[] = {
    {"floats", BNC_FIELD_ENUM, offsetof(struct bnc_from_chunks, floats),
     .values = encodings, .doc = "Encoding of floats."},
};
TABLE(chunks, chunk_rows, struct bnc_from_chunks);

#define AT(member) offsetof(struct bnc_from_tsdb, member)
static const struct bnc_field tsdb_rows[] = {
    {"outOfOrderTimeWindow", BNC_FIELD_DURATION, AT(out_of_order_time_window),
     .max_len = 64, .doc = "How late a sample may be."},
    {"staleSeriesCompactionThreshold", BNC_FIELD_RAW,
     AT(stale_series_compaction_threshold), .doc = "Share of stale series."},
    {"chunkEncoding", BNC_FIELD_OBJECT, AT(chunk_encoding), .sub = &chunks,
     .doc = "Encoding of chunks."},
};
#undef AT
TABLE(tsdb, tsdb_rows, struct bnc_from_tsdb);

static const struct bnc_field files_rows[] = {
    {"deny", BNC_FIELD_BOOL, offsetof(struct bnc_from_files, deny),
     .doc = "True: ServiceMonitors name no files of Prometheus' machine."},
};
TABLE(files, files_rows, struct bnc_from_files);

/* ---- the whole ----------------------------------------------------------------- */

static const char *const roles[] = {"Endpoints", "EndpointSlice", NULL};
static const char *const schemes[] = {"UTF8", "Legacy", NULL};
static const char *const modes[] = {"StatefulSet", "DaemonSet", NULL};

#define SET(member) offsetof(struct bnc_spec_from, settings.member)
#define AT(member)  offsetof(struct bnc_spec_from, member)
#define SELECTORS(field, which)                                                          \
    {field "Selector", BNC_FIELD_SELECTOR, SET(foreign_selectors[BNC_FOREIGN_##which]),  \
     .doc = "Objects by label."},                                                        \
    {                                                                                    \
        field "NamespaceSelector", BNC_FIELD_SELECTOR,                                   \
            SET(foreign_namespaces[BNC_FOREIGN_##which]), .doc = "Their namespaces."     \
    }
static const struct bnc_field rows[] = {
    {"version", BNC_FIELD_TEXT, SET(version), .rule = BNC_TEXT_VERSION,
     .doc = "Version of Prometheus."},
    {"scrapeInterval", BNC_FIELD_DURATION, SET(scrape_interval), .max_len = 64,
     .doc = "Time between two scrapes."},
    {"scrapeTimeout", BNC_FIELD_DURATION, SET(scrape_timeout), .max_len = 64,
     .doc = "Time after which a scrape has failed."},
    {"evaluationInterval", BNC_FIELD_DURATION, SET(evaluation_interval), .max_len = 64,
     .doc = "Time between two evaluations."},
    {"externalLabels", BNC_FIELD_MAP, SET(external_labels), .max_items = ITEMS_MAX,
     .max_len = TEXT_MAX, .doc = "Labels of all that leaves Prometheus."},
    {"podTargetLabels", BNC_FIELD_TEXTS, SET(pod_target_labels), .max_items = ITEMS_MAX,
     .doc = "Labels of pods that all series get."},
    {"shards", BNC_FIELD_INT, SET(shards), .doc = "Number of shards."},
    SELECTORS("serviceMonitor", SERVICE_MONITOR),
    SELECTORS("podMonitor", POD_MONITOR),
    SELECTORS("probe", PROBE),
    SELECTORS("scrapeConfig", SCRAPE_CONFIG),
    SELECTORS("rule", RULE),
    {"ignoreNamespaceSelectors", BNC_FIELD_BOOL, SET(ignore_namespace_selectors),
     .doc = "True: objects reach their own namespace only."},
    {"serviceDiscoveryRole", BNC_FIELD_ENUM, SET(service_discovery_role), .values = roles,
     .doc = "What targets are found by."},
    {"excludedFromEnforcement", BNC_FIELD_LIST, SET(excluded), .sub = &bnc_table_excluded,
     .max_items = ITEMS_MAX, .doc = "Objects without the enforced label."},
    {"enforcedNamespaceLabel", BNC_FIELD_TEXT, SET(enforced_namespace_label),
     .max_len = TEXT_MAX, .doc = "Label with the namespace."},
    {"sampleLimit", BNC_FIELD_INT, SET(limits.sample_limit), .doc = "A limit."},
    {"targetLimit", BNC_FIELD_INT, SET(limits.target_limit), .doc = "A limit."},
    {"labelLimit", BNC_FIELD_INT, SET(limits.label_limit), .doc = "A limit."},
    {"labelNameLengthLimit", BNC_FIELD_INT, SET(limits.label_name_length_limit),
     .doc = "A limit."},
    {"labelValueLengthLimit", BNC_FIELD_INT, SET(limits.label_value_length_limit),
     .doc = "A limit."},
    {"keepDroppedTargets", BNC_FIELD_INT, SET(limits.keep_dropped_targets),
     .doc = "A limit."},
    {"bodySizeLimit", BNC_FIELD_SIZE, SET(limits.body_size_limit), .max_len = 64,
     .doc = "A limit."},
    {"enforcedSampleLimit", BNC_FIELD_INT, SET(enforced.sample_limit), .doc = "A limit."},
    {"enforcedTargetLimit", BNC_FIELD_INT, SET(enforced.target_limit), .doc = "A limit."},
    {"enforcedLabelLimit", BNC_FIELD_INT, SET(enforced.label_limit), .doc = "A limit."},
    {"enforcedLabelNameLengthLimit", BNC_FIELD_INT, SET(enforced.label_name_length_limit),
     .doc = "A limit."},
    {"enforcedLabelValueLengthLimit", BNC_FIELD_INT,
     SET(enforced.label_value_length_limit), .doc = "A limit."},
    {"enforcedKeepDroppedTargets", BNC_FIELD_INT, SET(enforced.keep_dropped_targets),
     .doc = "A limit."},
    {"enforcedBodySizeLimit", BNC_FIELD_SIZE, SET(enforced.body_size_limit),
     .max_len = 64, .doc = "A limit."},
    {"overrideHonorLabels", BNC_FIELD_BOOL, SET(override_honor_labels),
     .doc = "True: labels of targets win."},
    {"overrideHonorTimestamps", BNC_FIELD_BOOL, SET(override_honor_timestamps),
     .doc = "True: timestamps of metrics are ignored."},
    {"scrapeClasses", BNC_FIELD_LIST, SET(scrape_classes), .sub = &class_table,
     .max_items = ITEMS_MAX, .doc = "Named settings."},
    {"additionalScrapeConfigs", BNC_FIELD_OBJECT, SET(additional_scrape_configs),
     .sub = &bnc_table_operator_ref, .doc = "Raw jobs."},
    {"prometheusExternalLabelName", BNC_FIELD_TEXT, AT(prometheus_label),
     .max_len = TEXT_MAX, .doc = "Name of the external label with the object."},
    {"replicaExternalLabelName", BNC_FIELD_TEXT, AT(replica_label), .max_len = TEXT_MAX,
     .doc = "Name of the external label with the pod."},
    {"shardingStrategy", BNC_FIELD_OBJECT, AT(sharding), .sub = &sharding,
     .doc = "How targets are shared out."},
    {"arbitraryFSAccessThroughSMs", BNC_FIELD_OBJECT, AT(files), .sub = &files,
     .doc = "Files of Prometheus' machine."},
    {"enableFeatures", BNC_FIELD_TEXTS, AT(features), .max_items = ITEMS_MAX,
     .doc = "Feature flags."},
    {"exemplars", BNC_FIELD_OBJECT, AT(exemplars), .sub = &exemplars,
     .doc = "Exemplars."},
    {"tsdb", BNC_FIELD_OBJECT, AT(tsdb), .sub = &tsdb, .doc = "The store."},
    {"retention", BNC_FIELD_DURATION, AT(retention), .max_len = 64,
     .doc = "How long samples are kept."},
    {"retentionSize", BNC_FIELD_SIZE, AT(retention_size), .max_len = 64,
     .doc = "How many bytes are kept."},
    {"additionalAlertRelabelConfigs", BNC_FIELD_OBJECT, AT(alert_relabelings),
     .sub = &bnc_table_operator_ref, .doc = "Raw relabel rules of alerts."},
    {"additionalAlertManagerConfigs", BNC_FIELD_OBJECT, AT(alertmanagers),
     .sub = &bnc_table_operator_ref, .doc = "Raw Alertmanagers."},
    {"nameValidationScheme", BNC_FIELD_ENUM, AT(name_validation_scheme),
     .values = schemes, .doc = "Which names are valid."},
    {"mode", BNC_FIELD_ENUM, AT(mode), .values = modes, .doc = "Of an agent."},
};

const struct bnc_table bnc_table_from = {
    .name = "PrometheusSettings",
    .size = sizeof(struct bnc_spec_from),
    .fields = rows,
    .n_fields = BNC_LEN(rows),
    .foreign = true,
    .partial = true,
};
