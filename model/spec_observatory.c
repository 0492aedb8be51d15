#include "model/spec_observatory.h"

#include <stddef.h>

#include "model/kind.h"
#include "model/spec_status.h"

/* ---- output -------------------------------------------------------------------- */

static const char *const output_kinds[] = {"Secret", "ConfigMap", NULL};

#define AT(member) offsetof(struct bnc_output_spec, member)
static const struct bnc_field output_rows[] = {
    {"kind", BNC_FIELD_ENUM, AT(kind), .values = output_kinds, .def = "\"Secret\"",
     .doc = "Kind of the object that the configuration is written to."},
    {"namespace", BNC_FIELD_TEXT, AT(ns), .rule = BNC_TEXT_NAMESPACE,
     .doc = "Its namespace; the Observatory's own when unset."},
    {"name", BNC_FIELD_TEXT, AT(name), .rule = BNC_TEXT_OBJECT_NAME,
     .doc = "Its name; NAME-prometheus when unset."},
    {"key", BNC_FIELD_TEXT, AT(key), .rule = BNC_TEXT_KEY, .def = "\"prometheus.yml\"",
     .doc = "Key of the configuration in its data; one that ends in .gz is compressed."},
    {"labels", BNC_FIELD_MAP, AT(labels), .rule = BNC_TEXT_LABEL_KEY, .max_items = 64,
     .max_len = 63, .doc = "Labels that are put on the object."},
};
#undef AT

static const struct bnc_table output_table = {
    .name = "Output",
    .size = sizeof(struct bnc_output_spec),
    .fields = output_rows,
    .n_fields = BNC_LEN(output_rows),
};

/* ---- annotations --------------------------------------------------------------- */

#define AT(member) offsetof(struct bnc_annotations_spec, member)
static const struct bnc_field annotations_rows[] = {
    {"enabled", BNC_FIELD_BOOL, AT(enabled), .def = "true",
     .doc = "False: annotations on workloads are not looked at."},
    {"prefixes", BNC_FIELD_TEXTS, AT(prefixes), .rule = BNC_TEXT_OBJECT_NAME,
     .def = "[\"binnacle.dev\", \"prometheus.io\"]", .max_items = 8,
     .doc = "What stands before the slash of an annotation; for each key the first that "
            "is there counts."},
};
#undef AT

static const struct bnc_table annotations_table = {
    .name = "Annotations",
    .size = sizeof(struct bnc_annotations_spec),
    .fields = annotations_rows,
    .n_fields = BNC_LEN(annotations_rows),
};

/* ---- files, scrape classes ----------------------------------------------------- */

#define AT(member) offsetof(struct bnc_base_file, member)
static const struct bnc_field file_rows[] = {
    {"name", BNC_FIELD_TEXT, AT(name), .rule = BNC_TEXT_KEY, .required = true,
     .doc = "Name of the file; base refers to it as files/NAME."},
    {"secretKeyRef", BNC_FIELD_OBJECT, AT(secret_key_ref), .sub = &bnc_table_ref,
     .required = true, .doc = "Where its content comes from: a key of a Secret."},
};
#undef AT

static const struct bnc_table file_table = {
    .name = "File",
    .size = sizeof(struct bnc_base_file),
    .fields = file_rows,
    .n_fields = BNC_LEN(file_rows),
};

#define AT(member) offsetof(struct bnc_scrape_class, member)
static const struct bnc_field class_rows[] = {
    {"name", BNC_FIELD_TEXT, AT(name), .min = 1, .max_len = 253, .required = true,
     .doc = "Name that policies refer to."},
    {"default", BNC_FIELD_BOOL, AT(is_default),
     .doc = "True for at most one class: it holds for what names none."},
    {"tlsConfig", BNC_FIELD_OBJECT, AT(tls_config), .sub = &bnc_table_tls_config,
     .doc = "TLS settings for what does not set its own; files only."},
    {"authorization", BNC_FIELD_OBJECT, AT(authorization),
     .sub = &bnc_table_authorization,
     .doc = "Authorization header for what does not set its own."},
    {"relabelings", BNC_FIELD_LIST, AT(relabelings), .sub = &bnc_table_relabel,
     .doc = "Relabel rules for targets, before those of the policy."},
    {"metricRelabelings", BNC_FIELD_LIST, AT(metric_relabelings),
     .sub = &bnc_table_relabel,
     .doc = "Relabel rules for the series of a scrape, before those of the policy."},
    {"fallbackScrapeProtocol", BNC_FIELD_ENUM, AT(fallback_scrape_protocol),
     .values = bnc_scrape_protocols,
     .doc = "Format of targets that do not say theirs; from Prometheus 3.0."},
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

/* ---- enforcement --------------------------------------------------------------- */

static const char *const excluded_groups[] = {"monitoring.coreos.com", NULL};
static const char *const excluded_resources[] = {
    "prometheusrules", "servicemonitors", "podmonitors", "probes", "scrapeconfigs", NULL,
};

#define AT(member) offsetof(struct bnc_excluded, member)
static const struct bnc_field excluded_rows[] = {
    {"group", BNC_FIELD_ENUM, AT(group), .values = excluded_groups,
     .doc = "API group; it may be left out."},
    {"resource", BNC_FIELD_ENUM, AT(resource), .values = excluded_resources,
     .required = true, .doc = "Kind of the object, in plural."},
    {"namespace", BNC_FIELD_TEXT, AT(ns), .rule = BNC_TEXT_NAMESPACE, .required = true,
     .doc = "Namespace of the object."},
    {"name", BNC_FIELD_TEXT, AT(name), .rule = BNC_TEXT_OBJECT_NAME,
     .doc = "Name of the object; every one of the namespace when unset."},
};
#undef AT

const struct bnc_table bnc_table_excluded = {
    .name = "Excluded",
    .size = sizeof(struct bnc_excluded),
    .fields = excluded_rows,
    .n_fields = BNC_LEN(excluded_rows),
};

/* ---- prometheus ---------------------------------------------------------------- */

static const char *const discovery_roles[] = {"Endpoints", "EndpointSlice", NULL};

#define FOREIGN_ROWS(field, which, plural)                                               \
    {field "Selector", BNC_FIELD_SELECTOR,                                               \
     offsetof(struct bnc_prometheus_spec, foreign_selectors[BNC_FOREIGN_##which]),       \
     .doc = "prometheus-operator's " plural " by label. Unset: none; {}: all."},         \
    {                                                                                    \
        field "NamespaceSelector", BNC_FIELD_SELECTOR,                                   \
            offsetof(struct bnc_prometheus_spec,                                         \
                     foreign_namespaces[BNC_FOREIGN_##which]),                           \
            .doc = "Namespaces of the " plural ", by label. Unset: "                     \
                   "spec.namespaceSelector."                                             \
    }

static const char *const from_compats[] = {"Fixed", "Exact", NULL};
static const char *const from_kinds[] = {"Prometheus", "PrometheusAgent", NULL};
static const char *const inline_values[] = {"Deny", "Allow", NULL};

#define AT(member) offsetof(struct bnc_from, member)
static const struct bnc_field from_rows[] = {
    {"kind", BNC_FIELD_ENUM, AT(kind), .values = from_kinds, .def = "\"Prometheus\"",
     .doc = "Kind of the object."},
    {"name", BNC_FIELD_TEXT, AT(name), .rule = BNC_TEXT_OBJECT_NAME, .required = true,
     .doc = "Name of the object, in the Observatory's namespace."},
    {"compat", BNC_FIELD_ENUM, AT(compat), .values = from_compats, .def = "\"Fixed\"",
     .doc = "Exact: what prometheus-operator gives, with its known defects. Fixed: "
            "without them."},
};
#undef AT

static const struct bnc_table from_table = {
    .name = "From",
    .size = sizeof(struct bnc_from),
    .fields = from_rows,
    .n_fields = BNC_LEN(from_rows),
};

static const char *const layouts[] = {"Single", "Files", NULL};

#define AT(member) offsetof(struct bnc_prometheus_spec, member)
static const struct bnc_field prometheus_rows[] = {
    {"from", BNC_FIELD_OBJECT, AT(from), .sub = &from_table,
     .doc = "prometheus-operator's object that settings are taken from: version, "
            "selectors, limits, remote write and all else that shapes the "
            "configuration. What is set here counts more."},
    {"version", BNC_FIELD_TEXT, AT(version), .rule = BNC_TEXT_VERSION,
     .doc = "Version of Prometheus, 2.42 or later: what it does not know is not written. "
            "3.5.0 when unset."},
    {"url", BNC_FIELD_TEXT, AT(url), .rule = BNC_TEXT_URL,
     .doc = "Where it answers queries, as http://prometheus.monitoring:9090: budgets of "
            "SamplingPolicies are steered by what it counts."},
    {"output", BNC_FIELD_OBJECT, AT(output), .sub = &output_table,
     .doc = "Where the configuration is written."},
    {"layout", BNC_FIELD_ENUM, AT(layout), .values = layouts, .def = "\"Single\"",
     .doc =
         "Single: one document in one object. Files: jobs in files of at most 900 KiB, "
         "named in scrape_config_files, each in an immutable object NAME-LEAF-HASH; "
         "`binnacle sync` brings them to Prometheus, 2.43 or later."},
    {"parts", BNC_FIELD_INT, AT(parts), .max = 64,
     .doc =
         "For layout Files: number of objects with fixed names that hold the files, so "
         "that a volume can mount them without `binnacle sync`. 0, and when unset: one "
         "object for each file."},
    {"base", BNC_FIELD_RAW_OBJECT, AT(base),
     .doc = "Any other configuration of Prometheus, as in its own file: remote_write, "
            "alerting and so on. Credentials are refused here: use files."},
    {"files", BNC_FIELD_LIST, AT(files), .sub = &file_table, .max_items = 64,
     .list_key = "name", .doc = "Files with credentials for base."},
    {"scrapeInterval", BNC_FIELD_DURATION, AT(scrape_interval), .max_len = 64,
     .doc = "Time between two scrapes; 30s when unset."},
    {"scrapeTimeout", BNC_FIELD_DURATION, AT(scrape_timeout), .max_len = 64,
     .doc = "Time after which a scrape has failed; at most the interval."},
    {"evaluationInterval", BNC_FIELD_DURATION, AT(evaluation_interval), .max_len = 64,
     .doc = "Time between two evaluations of rules; 30s when unset."},
    {"externalLabels", BNC_FIELD_MAP, AT(external_labels), .rule = BNC_TEXT_LABEL_NAME,
     .max_items = 64, .doc = "Labels for all that leaves this Prometheus."},
    {"podTargetLabels", BNC_FIELD_TEXTS, AT(pod_target_labels),
     .rule = BNC_TEXT_LABEL_KEYS, .max_items = 64,
     .doc = "Labels of the pods that all series get; \"*\": every one."},
    {"shards", BNC_FIELD_INT, AT(shards), .min = 1, .max = 256,
     .doc = "Number of Prometheus servers that share the targets; 1 when unset."},
    {"annotations", BNC_FIELD_OBJECT, AT(annotations), .sub = &annotations_table,
     .doc = "Whether and which annotations of workloads count."},
    {"presets", BNC_FIELD_TEXTS, AT(presets), .values = bnc_presets, .max_items = 16,
     .doc = "What is scraped in all selected namespaces without a policy."},
    {"scrapePolicySelector", BNC_FIELD_SELECTOR, AT(scrape_policy_selector), .def = "{}",
     .doc = "ScrapePolicies by label. {}: all."},
    {"scrapePolicyNamespaceSelector", BNC_FIELD_SELECTOR,
     AT(scrape_policy_namespace_selector),
     .doc = "Namespaces of the ScrapePolicies, by label. Unset: spec.namespaceSelector."},
    {"metricRuleSelector", BNC_FIELD_SELECTOR, AT(metric_rule_selector), .def = "{}",
     .doc = "MetricRules by label. {}: all."},
    {"metricRuleNamespaceSelector", BNC_FIELD_SELECTOR,
     AT(metric_rule_namespace_selector),
     .doc = "Namespaces of the MetricRules, by label. Unset: spec.namespaceSelector."},
    FOREIGN_ROWS("serviceMonitor", SERVICE_MONITOR, "ServiceMonitors"),
    FOREIGN_ROWS("podMonitor", POD_MONITOR, "PodMonitors"),
    FOREIGN_ROWS("probe", PROBE, "Probes"),
    FOREIGN_ROWS("scrapeConfig", SCRAPE_CONFIG, "ScrapeConfigs"),
    FOREIGN_ROWS("rule", RULE, "PrometheusRules"),
    {"inlineCredentials", BNC_FIELD_ENUM, AT(inline_credentials), .values = inline_values,
     .doc = "What becomes of credentials that Prometheus takes in no file, as the keys "
            "of EC2 and headers for a proxy. Deny, also when unset: what needs them is "
            "rejected. Allow: they are written into the configuration, in a Secret."},
    {"ignoreNamespaceSelectors", BNC_FIELD_BOOL, AT(ignore_namespace_selectors),
     .doc = "True: ServiceMonitors, PodMonitors and Probes reach their own namespace "
            "only."},
    {"serviceDiscoveryRole", BNC_FIELD_ENUM, AT(service_discovery_role),
     .values = discovery_roles,
     .doc = "What targets of ServiceMonitors are found by; Endpoints when unset."},
    {"excludedFromEnforcement", BNC_FIELD_LIST, AT(excluded), .sub = &bnc_table_excluded,
     .max_items = 256, .doc = "Objects that enforcedNamespaceLabel does not reach."},
    {"enforcedNamespaceLabel", BNC_FIELD_TEXT, AT(enforced_namespace_label),
     .rule = BNC_TEXT_LABEL_NAME,
     .doc = "Label that all series get with the namespace of their policy as value, "
            "whatever they say themselves."},
    {"sampleLimit", BNC_FIELD_INT, AT(limits.sample_limit),
     .doc = "Most samples of one scrape, unless the policy says else; 0: no limit."},
    {"targetLimit", BNC_FIELD_INT, AT(limits.target_limit),
     .doc = "Most targets of one job, unless the policy says else; 0: no limit."},
    {"labelLimit", BNC_FIELD_INT, AT(limits.label_limit),
     .doc = "Most labels of one sample, unless the policy says else; 0: no limit."},
    {"labelNameLengthLimit", BNC_FIELD_INT, AT(limits.label_name_length_limit),
     .doc = "Longest name of a label, unless the policy says else; 0: no limit."},
    {"labelValueLengthLimit", BNC_FIELD_INT, AT(limits.label_value_length_limit),
     .doc = "Longest value of a label, unless the policy says else; 0: no limit."},
    {"keepDroppedTargets", BNC_FIELD_INT, AT(limits.keep_dropped_targets),
     .doc =
         "Most dropped targets that Prometheus remembers, unless the policy says else; "
         "0: no limit."},
    {"bodySizeLimit", BNC_FIELD_SIZE, AT(limits.body_size_limit), .max_len = 64,
     .doc = "Largest body of one scrape, unless the policy says else, as 10MB."},
    {"enforcedSampleLimit", BNC_FIELD_INT, AT(enforced.sample_limit),
     .doc = "What no policy's sampleLimit may exceed; 0: no limit."},
    {"enforcedTargetLimit", BNC_FIELD_INT, AT(enforced.target_limit),
     .doc = "What no policy's targetLimit may exceed; 0: no limit."},
    {"enforcedLabelLimit", BNC_FIELD_INT, AT(enforced.label_limit),
     .doc = "What no policy's labelLimit may exceed; 0: no limit."},
    {"enforcedLabelNameLengthLimit", BNC_FIELD_INT, AT(enforced.label_name_length_limit),
     .doc = "What no policy's labelNameLengthLimit may exceed; 0: no limit."},
    {"enforcedLabelValueLengthLimit", BNC_FIELD_INT,
     AT(enforced.label_value_length_limit),
     .doc = "What no policy's labelValueLengthLimit may exceed; 0: no limit."},
    {"enforcedKeepDroppedTargets", BNC_FIELD_INT, AT(enforced.keep_dropped_targets),
     .doc = "What no policy's keepDroppedTargets may exceed; 0: no limit."},
    {"enforcedBodySizeLimit", BNC_FIELD_SIZE, AT(enforced.body_size_limit), .max_len = 64,
     .doc = "What no policy's bodySizeLimit may exceed."},
    {"overrideHonorLabels", BNC_FIELD_BOOL, AT(override_honor_labels),
     .doc = "True: labels of targets win everywhere, whatever honorLabels says."},
    {"overrideHonorTimestamps", BNC_FIELD_BOOL, AT(override_honor_timestamps),
     .doc = "True: timestamps of metrics are ignored everywhere."},
    {"scrapeClasses", BNC_FIELD_LIST, AT(scrape_classes), .sub = &class_table,
     .max_items = 32, .list_key = "name",
     .doc = "Named settings that policies may refer to."},
    {"additionalScrapeConfigs", BNC_FIELD_OBJECT, AT(additional_scrape_configs),
     .sub = &bnc_table_ref,
     .doc = "A key of a Secret with a YAML list of scrape jobs, added as they are."},
};
#undef AT

static const struct bnc_table prometheus_table = {
    .name = "Prometheus",
    .size = sizeof(struct bnc_prometheus_spec),
    .fields = prometheus_rows,
    .n_fields = BNC_LEN(prometheus_rows),
};

/* ---- tenants ------------------------------------------------------------------- */

static const char *const target_values[] = {"OwnNamespace", "Any", NULL};
static const char *const allow_values[] = {"Deny", "Allow", NULL};

#define AT(member) offsetof(struct bnc_tenants_spec, member)
static const struct bnc_field tenants_rows[] = {
    {"targets", BNC_FIELD_ENUM, AT(targets), .values = target_values,
     .def = "\"OwnNamespace\"",
     .doc =
         "OwnNamespace: policies elsewhere scrape pods of their own namespace only, and "
         "no relabeling changes where a scrape goes. Any: no such rule."},
    {"fileReferences", BNC_FIELD_ENUM, AT(file_references), .values = allow_values,
     .def = "\"Deny\"",
     .doc = "Whether policies elsewhere may name files where Prometheus runs."},
    {"scrapeClassCredentials", BNC_FIELD_ENUM, AT(scrape_class_credentials),
     .values = allow_values, .def = "\"Deny\"",
     .doc = "Whether credentials of scrape classes are sent to targets of policies "
            "elsewhere."},
};
#undef AT

static const struct bnc_table tenants_table = {
    .name = "Tenants",
    .size = sizeof(struct bnc_tenants_spec),
    .fields = tenants_rows,
    .n_fields = BNC_LEN(tenants_rows),
};

/* ---- statsd -------------------------------------------------------------------- */

static const char *const mapping_kinds[] = {"ConfigMap", "Secret", NULL};

#define AT(member) offsetof(struct bnc_statsd_mapping_spec, member)
static const struct bnc_field mapping_rows[] = {
    {"kind", BNC_FIELD_ENUM, AT(kind), .values = mapping_kinds, .def = "\"ConfigMap\"",
     .doc = "Kind of the object that the mapping is written to."},
    {"namespace", BNC_FIELD_TEXT, AT(ns), .rule = BNC_TEXT_NAMESPACE,
     .doc = "Its namespace; the Observatory's own when unset."},
    {"name", BNC_FIELD_TEXT, AT(name), .rule = BNC_TEXT_OBJECT_NAME,
     .doc = "Its name; NAME-statsd-mapping when unset."},
    {"key", BNC_FIELD_TEXT, AT(key), .rule = BNC_TEXT_KEY,
     .def = "\"statsd-mapping.yml\"", .doc = "Key of the mapping in its data."},
};
#undef AT

static const struct bnc_table mapping_table = {
    .name = "StatsdMapping",
    .size = sizeof(struct bnc_statsd_mapping_spec),
    .fields = mapping_rows,
    .n_fields = BNC_LEN(mapping_rows),
};

#define AT(member) offsetof(struct bnc_statsd_spec, member)
static const struct bnc_field statsd_rows[] = {
    {"address", BNC_FIELD_TEXT, AT(address), .max_len = 262,
     .doc =
         "Where sidecars are to send their statistics, as statsd.monitoring:9125: the "
         "exporter's Service. With mesh it goes into the mesh configuration, which new "
         "pods follow; the sidecars of old Istio are told by --statsdUdpAddress."},
    {"mapping", BNC_FIELD_OBJECT, AT(mapping), .sub = &mapping_table,
     .doc = "Where the exporter's mapping file is written."},
};
#undef AT

static const struct bnc_table statsd_table = {
    .name = "Statsd",
    .size = sizeof(struct bnc_statsd_spec),
    .fields = statsd_rows,
    .n_fields = BNC_LEN(statsd_rows),
};

/* ---- spec ---------------------------------------------------------------------- */

static const char *const conflict_values[] = {"Report", "TakeOver", NULL};

#define AT(member) offsetof(struct bnc_spec_observatory, member)
static const struct bnc_field rows[] = {
    {"priority", BNC_FIELD_INT, AT(priority), .def = "0", .min = -1000000, .max = 1000000,
     .doc =
         "Between two Observatories that want the same, the higher one has it; then the "
         "first by namespace and name."},
    {"namespaceSelector", BNC_FIELD_SELECTOR, AT(namespace_selector),
     .doc = "Namespaces that are looked at, by label. Unset: the Observatory's own; {}: "
            "all."},
    {"suspend", BNC_FIELD_BOOL, AT(suspend), .def = "false",
     .doc = "True: nothing is written."},
    {"onConflict", BNC_FIELD_ENUM, AT(on_conflict), .values = conflict_values,
     .def = "\"Report\"",
     .doc = "Fields of objects that are not binnacle's and have a value already. Report: "
            "they are left, and told. TakeOver: they are set, and given back when the "
            "Observatory goes."},
    {"tenants", BNC_FIELD_OBJECT, AT(tenants), .sub = &tenants_table,
     .doc = "What policies and annotations outside the Observatory's namespace may do."},
    {"prometheus", BNC_FIELD_OBJECT, AT(prometheus), .sub = &prometheus_table,
     .doc = "The Prometheus whose configuration is written."},
    {"tracing", BNC_FIELD_OBJECT, AT(tracing), .sub = &bnc_table_tracing,
     .doc = "Where traces go, and how many are taken."},
    {"mesh", BNC_FIELD_OBJECT, AT(mesh), .sub = &bnc_table_mesh,
     .doc = "The Istio that sampling and metrics are set in; one Observatory for each "
            "control plane."},
    {"statsd", BNC_FIELD_OBJECT, AT(statsd), .sub = &statsd_table,
     .doc = "The statsd exporter that sidecars push to: a mapping file is written that "
            "gives their statistics the names and labels of Istio's own endpoint."},
    {"grafana", BNC_FIELD_OBJECT, AT(grafana), .sub = &bnc_table_grafana,
     .doc = "The Grafana that is given datasources and dashboards."},
    {"kiali", BNC_FIELD_OBJECT, AT(kiali), .sub = &bnc_table_kiali,
     .doc = "The Kiali that is told where Prometheus, Grafana and traces are."},
};
#undef AT

const struct bnc_table bnc_table_observatory = {
    .name = "Observatory",
    .size = sizeof(struct bnc_spec_observatory),
    .fields = rows,
    .n_fields = BNC_LEN(rows),
};

static const struct bnc_printer_column columns[] = {
    {"Ready", "string", ".status.conditions[?(@.type==\"Ready\")].status", false},
    {"Reason", "string", ".status.conditions[?(@.type==\"Ready\")].reason", false},
    {"Jobs", "integer", ".status.prometheus.jobs", false},
    {"Rejected", "integer", ".status.prometheus.rejectedTotal", false},
    {"Age", "date", ".metadata.creationTimestamp", false},
    {"Hash", "string", ".status.prometheus.hash", true},
    {"Message", "string", ".status.conditions[?(@.type==\"Ready\")].message", true},
};

const struct bnc_kind_doc bnc_doc_observatory = {
    .kind = BNC_KIND_OBSERVATORY,
    .short_name = "obs",
    .singular = "observatory",
    .doc =
        "Observatory is one Prometheus with its tracing and mesh, and all that binnacle "
        "writes for them.",
    .spec = &bnc_table_observatory,
    .status = &bnc_table_observatory_status,
    .columns = columns,
    .n_columns = BNC_LEN(columns),
};
