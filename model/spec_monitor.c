#include "model/spec_monitor.h"

#include <stddef.h>

#include "model/spec_operator.h"

#define TEXT_MAX  BNC_OPERATOR_TEXT_MAX
#define ITEMS_MAX BNC_OPERATOR_ITEMS_MAX

static const char *const sd_roles[] = {"Endpoints", "EndpointSlice", NULL};
static const char *const mechanisms[] = {"RelabelConfig", "RoleSelector", NULL};

/* ---- what several of them have ------------------------------------------------- */

/* How metrics are asked for; `at` is the offset of a member of struct bnc_endpoint. */
#define HTTP_ROWS(at, tls, authorization_table)                                          \
    {"authorization", BNC_FIELD_OBJECT, at(authorization),                               \
     .sub = &(authorization_table), .doc = "Authorization header."},                     \
        {"basicAuth", BNC_FIELD_OBJECT, at(basic_auth),                                  \
         .sub = &bnc_table_operator_basic_auth, .doc = "HTTP basic authentication."},    \
        {"oauth2", BNC_FIELD_OBJECT, at(oauth2), .sub = &bnc_table_operator_oauth2,      \
         .doc = "OAuth 2.0 with client credentials."},                                   \
    {                                                                                    \
        "tlsConfig", BNC_FIELD_OBJECT, at(tls_config), .sub = &(tls), .doc = "TLS."      \
    }

#define PROXY_ROWS(at)                                                                   \
    {"proxyUrl",          BNC_FIELD_TEXT, at(proxy_url), .rule = BNC_TEXT_PROXY_URL,     \
     .max_len = TEXT_MAX, .doc = "Proxy."},                                              \
        {"noProxy", BNC_FIELD_TEXT, at(no_proxy), .max_len = TEXT_MAX,                   \
         .doc = "Hosts that are reached without the proxy."},                            \
        {"proxyFromEnvironment", BNC_FIELD_BOOL, at(proxy_from_environment),             \
         .doc = "True: Prometheus takes the proxy from its environment."},               \
    {                                                                                    \
        "proxyConnectHeader", BNC_FIELD_RAW_OBJECT, at(proxy_connect_header),            \
            .doc = "Headers for the proxy."                                              \
    }

#define TOKEN_ROW(at)                                                                    \
    {                                                                                    \
        "bearerTokenSecret", BNC_FIELD_OBJECT, at(bearer_token_secret),                  \
            .sub = &bnc_table_operator_ref, .doc = "Bearer token: a key of a Secret."    \
    }

#define REDIRECT_ROW(at)                                                                 \
    {                                                                                    \
        "followRedirects", BNC_FIELD_BOOL, at(follow_redirects),                         \
            .doc = "False: redirects are not followed."                                  \
    }

/* When and what of a target: in each endpoint of a monitor. */
#define SCRAPE_ROWS(at)                                                                  \
    {"path", BNC_FIELD_TEXT, at(path), .max_len = TEXT_MAX, .doc = "Path."},             \
        {"scheme", BNC_FIELD_ENUM, at(scheme), .values = bnc_schemes,                    \
         .doc = "Protocol."},                                                            \
        {"params",                                                                       \
         BNC_FIELD_MULTIMAP,                                                             \
         at(params),                                                                     \
         .max_items = ITEMS_MAX,                                                         \
         .max_len = TEXT_MAX,                                                            \
         .doc = "Parameters of the URL."},                                               \
        {"interval", BNC_FIELD_DURATION, at(interval), .max_len = 64,                    \
         .doc = "Time between two scrapes."},                                            \
        {"scrapeTimeout", BNC_FIELD_DURATION, at(scrape_timeout), .max_len = 64,         \
         .doc = "Time after which a scrape has failed."},                                \
        {"honorLabels", BNC_FIELD_BOOL, at(honor_labels),                                \
         .doc = "True: labels of the metrics win."},                                     \
        {"honorTimestamps", BNC_FIELD_BOOL, at(honor_timestamps),                        \
         .doc = "False: timestamps of the metrics are ignored."},                        \
        {"trackTimestampsStaleness", BNC_FIELD_BOOL, at(track_timestamps_staleness),     \
         .doc = "True: series with timestamps of their own become stale."},              \
        {"relabelings",          BNC_FIELD_LIST,                                         \
         at(relabelings),        .sub = &bnc_table_operator_relabel,                     \
         .max_items = ITEMS_MAX, .doc = "Relabel rules for targets."},                   \
        {"metricRelabelings",    BNC_FIELD_LIST,                                         \
         at(metric_relabelings), .sub = &bnc_table_operator_relabel,                     \
         .max_items = ITEMS_MAX, .doc = "Relabel rules for the series of a scrape."},    \
        {"filterRunning", BNC_FIELD_BOOL, at(filter_running),                            \
         .doc = "False: pods that have ended are not left out."},                        \
        {"enableHttp2", BNC_FIELD_BOOL, at(enable_http2), .doc = "False: no HTTP/2."},   \
    {                                                                                    \
        "targetPort", BNC_FIELD_RAW, at(target_port),                                    \
            .doc = "Name or number of a container's port."                               \
    }

#define SPEC(member) offsetof(struct bnc_spec_monitor, member)
#define LIMIT_ROWS                                                                       \
    {"sampleLimit", BNC_FIELD_INT, SPEC(limits.sample_limit), .doc = "Most samples."},   \
        {"targetLimit", BNC_FIELD_INT, SPEC(limits.target_limit),                        \
         .doc = "Most targets."},                                                        \
        {"labelLimit", BNC_FIELD_INT, SPEC(limits.label_limit), .doc = "Most labels."},  \
        {"labelNameLengthLimit", BNC_FIELD_INT, SPEC(limits.label_name_length_limit),    \
         .doc = "Longest name of a label."},                                             \
        {"labelValueLengthLimit", BNC_FIELD_INT, SPEC(limits.label_value_length_limit),  \
         .doc = "Longest value of a label."},                                            \
        {"keepDroppedTargets", BNC_FIELD_INT, SPEC(limits.keep_dropped_targets),         \
         .doc = "Most dropped targets that are remembered."},                            \
        {"scrapeClass", BNC_FIELD_TEXT, SPEC(scrape_class), .max_len = 253,              \
         .doc = "Name of a scrape class."},                                              \
        {"scrapeProtocols",      BNC_FIELD_TEXTS,                                        \
         SPEC(scrape_protocols), .values = bnc_scrape_protocols,                         \
         .max_items = 16,        .doc = "Formats that are asked for."},                  \
        {"fallbackScrapeProtocol", BNC_FIELD_ENUM, SPEC(fallback_scrape_protocol),       \
         .values = bnc_scrape_protocols, .doc = "Format of targets that say none."},     \
        {"scrapeNativeHistograms", BNC_FIELD_BOOL, SPEC(histograms.scrape_native),       \
         .doc = "True: native histograms are scraped."},                                 \
        {"scrapeClassicHistograms", BNC_FIELD_BOOL, SPEC(histograms.scrape_classic),     \
         .doc = "True: classic histograms are scraped beside native ones."},             \
        {"convertClassicHistogramsToNHCB", BNC_FIELD_BOOL,                               \
         SPEC(histograms.convert_classic),                                               \
         .doc = "True: classic histograms become native ones with custom buckets."},     \
        {"nativeHistogramBucketLimit", BNC_FIELD_INT, SPEC(histograms.bucket_limit),     \
         .doc = "Most buckets of a native histogram."},                                  \
    {                                                                                    \
        "nativeHistogramMinBucketFactor", BNC_FIELD_RAW,                                 \
            SPEC(histograms.min_bucket_factor),                                          \
            .doc = "Smallest growth from one bucket to the next."                        \
    }

#define BODY_ROW                                                                         \
    {                                                                                    \
        "bodySizeLimit", BNC_FIELD_SIZE, SPEC(limits.body_size_limit),                   \
            .max_len = 64, .doc = "Largest body of a scrape."                            \
    }

/* ServiceMonitor and PodMonitor. */
#define TARGET_ROWS                                                                      \
    {"selector", BNC_FIELD_SELECTOR, SPEC(selector), .required = true,                   \
     .doc = "What is scraped, by label."},                                               \
        {"selectorMechanism", BNC_FIELD_ENUM, SPEC(selector_mechanism),                  \
         .values = mechanisms, .doc = "Where the selector is evaluated."},               \
        {"namespaceSelector", BNC_FIELD_OBJECT, SPEC(namespaces),                        \
         .sub = &namespaces_table, .doc = "Namespaces of the targets."},                 \
        {"jobLabel", BNC_FIELD_TEXT, SPEC(job_label), .max_len = 317,                    \
         .doc = "Label whose value becomes the label job."},                             \
        {"podTargetLabels", BNC_FIELD_TEXTS, SPEC(pod_target_labels),                    \
         .max_items = ITEMS_MAX, .doc = "Labels of the pods that all series get."},      \
    {                                                                                    \
        "attachMetadata", BNC_FIELD_OBJECT, SPEC(attach_node_metadata),                  \
            .sub = &bnc_table_attach_metadata, .doc = "What is known beside the pod."    \
    }

#define AT(member) offsetof(struct bnc_namespace_names, member)
static const struct bnc_field namespaces_rows[] = {
    {"any", BNC_FIELD_BOOL, AT(any), .doc = "True: all namespaces."},
    {"matchNames", BNC_FIELD_TEXTS, AT(match_names), .max_items = ITEMS_MAX,
     .doc = "Their names."},
};
#undef AT

static const struct bnc_table namespaces_table = {
    .name = "NamespaceSelector",
    .size = sizeof(struct bnc_namespace_names),
    .fields = namespaces_rows,
    .n_fields = BNC_LEN(namespaces_rows),
};

/* ---- ServiceMonitor ------------------------------------------------------------ */

#define AT(member) offsetof(struct bnc_endpoint, member)
static const struct bnc_field service_endpoint_rows[] = {
    {"port", BNC_FIELD_TEXT, AT(port), .max_len = 253,
     .doc = "Name of a Service's port."},
    {"bearerTokenFile", BNC_FIELD_TEXT, AT(bearer_token_file), .max_len = TEXT_MAX,
     .doc = "Bearer token: a file where Prometheus runs."},
    SCRAPE_ROWS(AT),
    HTTP_ROWS(AT, bnc_table_operator_tls, bnc_table_operator_safe_authorization),
    TOKEN_ROW(AT),
    REDIRECT_ROW(AT),
    PROXY_ROWS(AT),
};

static const struct bnc_table service_endpoint_table = {
    .name = "Endpoint",
    .size = sizeof(struct bnc_endpoint),
    .fields = service_endpoint_rows,
    .n_fields = BNC_LEN(service_endpoint_rows),
};

static const struct bnc_field service_rows[] = {
    {"endpoints", BNC_FIELD_LIST, SPEC(endpoints), .sub = &service_endpoint_table,
     .required = true, .max_items = ITEMS_MAX, .doc = "What is scraped of each Service."},
    TARGET_ROWS,
    {"targetLabels", BNC_FIELD_TEXTS, SPEC(target_labels), .max_items = ITEMS_MAX,
     .doc = "Labels of the Services that all series get."},
    {"serviceDiscoveryRole", BNC_FIELD_ENUM, SPEC(service_discovery_role),
     .values = sd_roles, .doc = "What the targets are found by."},
    LIMIT_ROWS,
    BODY_ROW,
};

const struct bnc_table bnc_table_service_monitor = {
    .name = "ServiceMonitor",
    .size = sizeof(struct bnc_spec_monitor),
    .fields = service_rows,
    .n_fields = BNC_LEN(service_rows),
    .foreign = true,
};

/* ---- PodMonitor ---------------------------------------------------------------- */

static const struct bnc_field pod_endpoint_rows[] = {
    {"port", BNC_FIELD_TEXT, AT(port), .max_len = 253,
     .doc = "Name of a container's port."},
    {"portNumber", BNC_FIELD_INT, AT(port_number), .min = 1, .max = 65535,
     .doc = "Number of a container's port."},
    SCRAPE_ROWS(AT),
    HTTP_ROWS(AT, bnc_table_operator_safe_tls, bnc_table_operator_safe_authorization),
    TOKEN_ROW(AT),
    REDIRECT_ROW(AT),
    PROXY_ROWS(AT),
};

static const struct bnc_table pod_endpoint_table = {
    .name = "PodMetricsEndpoint",
    .size = sizeof(struct bnc_endpoint),
    .fields = pod_endpoint_rows,
    .n_fields = BNC_LEN(pod_endpoint_rows),
};
#undef AT

static const struct bnc_field pod_rows[] = {
    {"podMetricsEndpoints", BNC_FIELD_LIST, SPEC(endpoints), .sub = &pod_endpoint_table,
     .max_items = ITEMS_MAX, .doc = "What is scraped of each pod."},
    TARGET_ROWS,
    LIMIT_ROWS,
    BODY_ROW,
};

const struct bnc_table bnc_table_pod_monitor = {
    .name = "PodMonitor",
    .size = sizeof(struct bnc_spec_monitor),
    .fields = pod_rows,
    .n_fields = BNC_LEN(pod_rows),
    .foreign = true,
};

/* ---- Probe --------------------------------------------------------------------- */

#define AT(member) offsetof(struct bnc_prober, member)
static const struct bnc_field prober_rows[] = {
    {"url", BNC_FIELD_TEXT, AT(url), .required = true, .max_len = TEXT_MAX,
     .doc = "Host of the prober, with its port."},
    {"scheme", BNC_FIELD_ENUM, AT(scheme), .values = bnc_schemes, .doc = "Protocol."},
    {"path", BNC_FIELD_TEXT, AT(path), .max_len = TEXT_MAX, .doc = "Path."},
    PROXY_ROWS(AT),
};
#undef AT

static const struct bnc_table prober_table = {
    .name = "Prober",
    .size = sizeof(struct bnc_prober),
    .fields = prober_rows,
    .n_fields = BNC_LEN(prober_rows),
};

#define AT(member) offsetof(struct bnc_probe_param, member)
static const struct bnc_field param_rows[] = {
    {"name", BNC_FIELD_TEXT, AT(name), .required = true, .min = 1, .max_len = TEXT_MAX,
     .doc = "Name of a parameter."},
    {"values", BNC_FIELD_TEXTS, AT(values), .max_items = ITEMS_MAX, .max_len = TEXT_MAX,
     .doc = "Its values."},
};
#undef AT

static const struct bnc_table param_table = {
    .name = "ProbeParam",
    .size = sizeof(struct bnc_probe_param),
    .fields = param_rows,
    .n_fields = BNC_LEN(param_rows),
};

#define AT(member) offsetof(struct bnc_probe_static, member)
static const struct bnc_field static_rows[] = {
    {"static", BNC_FIELD_TEXTS, AT(targets), .max_items = ITEMS_MAX, .max_len = TEXT_MAX,
     .doc = "What is probed."},
    {"labels", BNC_FIELD_MAP, AT(labels), .max_items = ITEMS_MAX, .max_len = TEXT_MAX,
     .doc = "Labels that all series get."},
    {"relabelingConfigs", BNC_FIELD_LIST, AT(relabelings),
     .sub = &bnc_table_operator_relabel, .max_items = ITEMS_MAX,
     .doc = "Relabel rules for targets."},
};
#undef AT

static const struct bnc_table static_table = {
    .name = "ProbeStaticConfig",
    .size = sizeof(struct bnc_probe_static),
    .fields = static_rows,
    .n_fields = BNC_LEN(static_rows),
};

#define AT(member) offsetof(struct bnc_probe_ingress, member)
static const struct bnc_field ingress_rows[] = {
    {"selector", BNC_FIELD_SELECTOR, AT(selector), .doc = "Ingresses by label."},
    {"namespaceSelector", BNC_FIELD_OBJECT, AT(namespaces), .sub = &namespaces_table,
     .doc = "Their namespaces."},
    {"relabelingConfigs", BNC_FIELD_LIST, AT(relabelings),
     .sub = &bnc_table_operator_relabel, .max_items = ITEMS_MAX,
     .doc = "Relabel rules for targets."},
};
#undef AT

static const struct bnc_table ingress_table = {
    .name = "ProbeIngress",
    .size = sizeof(struct bnc_probe_ingress),
    .fields = ingress_rows,
    .n_fields = BNC_LEN(ingress_rows),
};

#define AT(member) offsetof(struct bnc_probe_targets, member)
static const struct bnc_field targets_rows[] = {
    {"staticConfig", BNC_FIELD_OBJECT, AT(fixed), .sub = &static_table,
     .doc = "A list of targets."},
    {"ingress", BNC_FIELD_OBJECT, AT(ingress), .sub = &ingress_table,
     .doc = "The hosts and paths of Ingresses."},
};
#undef AT

static const struct bnc_table targets_table = {
    .name = "ProbeTargets",
    .size = sizeof(struct bnc_probe_targets),
    .fields = targets_rows,
    .n_fields = BNC_LEN(targets_rows),
};

#define AT(member) offsetof(struct bnc_spec_monitor, endpoint.member)
static const struct bnc_field probe_rows[] = {
    {"jobName", BNC_FIELD_TEXT, SPEC(job_name), .max_len = TEXT_MAX,
     .doc = "Value of the label job."},
    {"prober", BNC_FIELD_OBJECT, SPEC(prober), .sub = &prober_table,
     .doc = "Who probes: a blackbox exporter."},
    {"module", BNC_FIELD_TEXT, SPEC(module), .max_len = TEXT_MAX,
     .doc = "Module of the prober."},
    {"params", BNC_FIELD_LIST, SPEC(params), .sub = &param_table, .max_items = ITEMS_MAX,
     .doc = "Parameters of the URL."},
    {"targets", BNC_FIELD_OBJECT, SPEC(targets), .sub = &targets_table,
     .doc = "What is probed."},
    {"interval", BNC_FIELD_DURATION, AT(interval), .max_len = 64,
     .doc = "Time between two probes."},
    {"scrapeTimeout", BNC_FIELD_DURATION, AT(scrape_timeout), .max_len = 64,
     .doc = "Time after which a probe has failed."},
    {"metricRelabelings", BNC_FIELD_LIST, AT(metric_relabelings),
     .sub = &bnc_table_operator_relabel, .max_items = ITEMS_MAX,
     .doc = "Relabel rules for the series of a probe."},
    {"enableHttp2", BNC_FIELD_BOOL, AT(enable_http2), .doc = "False: no HTTP/2."},
    HTTP_ROWS(AT, bnc_table_operator_safe_tls, bnc_table_operator_safe_authorization),
    TOKEN_ROW(AT),
    REDIRECT_ROW(AT),
    LIMIT_ROWS,
};

const struct bnc_table bnc_table_probe = {
    .name = "Probe",
    .size = sizeof(struct bnc_spec_monitor),
    .fields = probe_rows,
    .n_fields = BNC_LEN(probe_rows),
    .foreign = true,
};

/* ---- ScrapeConfig -------------------------------------------------------------- */

static const char *const escaping_schemes[] = {"AllowUTF8", "Underscores", "Dots",
                                               "Values", NULL};
static const char *const validation_schemes[] = {"UTF8", "Legacy", NULL};

#define DISCOVERY(field, which)                                                          \
    {                                                                                    \
        field "SDConfigs", BNC_FIELD_RAW, SPEC(discovery[BNC_DISCOVERY_##which]),        \
            .doc = "A way to find targets."                                              \
    }

static const struct bnc_field scrape_config_rows[] = {
    {"jobName", BNC_FIELD_TEXT, SPEC(job_name), .min = 1, .max_len = TEXT_MAX,
     .doc = "Value of the label job."},
    {"staticConfigs", BNC_FIELD_RAW, SPEC(discovery[BNC_DISCOVERY_STATIC]),
     .doc = "Lists of targets."},
    DISCOVERY("file", FILE),
    DISCOVERY("http", HTTP),
    DISCOVERY("kubernetes", KUBERNETES),
    DISCOVERY("consul", CONSUL),
    DISCOVERY("dns", DNS),
    DISCOVERY("ec2", EC2),
    DISCOVERY("azure", AZURE),
    DISCOVERY("gce", GCE),
    DISCOVERY("openstack", OPENSTACK),
    DISCOVERY("digitalOcean", DIGITALOCEAN),
    DISCOVERY("kuma", KUMA),
    DISCOVERY("eureka", EUREKA),
    DISCOVERY("docker", DOCKER),
    DISCOVERY("linode", LINODE),
    DISCOVERY("hetzner", HETZNER),
    DISCOVERY("nomad", NOMAD),
    DISCOVERY("dockerSwarm", DOCKERSWARM),
    DISCOVERY("puppetDB", PUPPETDB),
    DISCOVERY("lightSail", LIGHTSAIL),
    DISCOVERY("ovhcloud", OVHCLOUD),
    DISCOVERY("scaleway", SCALEWAY),
    DISCOVERY("ionos", IONOS),
    {"relabelings", BNC_FIELD_LIST, AT(relabelings), .sub = &bnc_table_operator_relabel,
     .max_items = ITEMS_MAX, .doc = "Relabel rules for targets."},
    {"metricRelabelings", BNC_FIELD_LIST, AT(metric_relabelings),
     .sub = &bnc_table_operator_relabel, .max_items = ITEMS_MAX,
     .doc = "Relabel rules for the series of a scrape."},
    {"metricsPath", BNC_FIELD_TEXT, AT(path), .min = 1, .max_len = TEXT_MAX,
     .doc = "Path."},
    {"scrapeInterval", BNC_FIELD_DURATION, AT(interval), .max_len = 64,
     .doc = "Time between two scrapes."},
    {"scrapeTimeout", BNC_FIELD_DURATION, AT(scrape_timeout), .max_len = 64,
     .doc = "Time after which a scrape has failed."},
    {"honorTimestamps", BNC_FIELD_BOOL, AT(honor_timestamps),
     .doc = "False: timestamps of the metrics are ignored."},
    {"trackTimestampsStaleness", BNC_FIELD_BOOL, AT(track_timestamps_staleness),
     .doc = "True: series with timestamps of their own become stale."},
    {"honorLabels", BNC_FIELD_BOOL, AT(honor_labels),
     .doc = "True: labels of the metrics win."},
    {"params", BNC_FIELD_MULTIMAP, AT(params), .max_items = ITEMS_MAX,
     .max_len = TEXT_MAX, .doc = "Parameters of the URL."},
    {"scheme", BNC_FIELD_ENUM, AT(scheme), .values = bnc_schemes, .doc = "Protocol."},
    {"enableCompression", BNC_FIELD_BOOL, SPEC(enable_compression),
     .doc = "False: compressed answers are not asked for."},
    {"enableHTTP2", BNC_FIELD_BOOL, AT(enable_http2), .doc = "False: no HTTP/2."},
    HTTP_ROWS(AT, bnc_table_operator_safe_tls, bnc_table_operator_safe_authorization),
    PROXY_ROWS(AT),
    LIMIT_ROWS,
    BODY_ROW,
    {"nameValidationScheme", BNC_FIELD_ENUM, SPEC(name_validation_scheme),
     .values = validation_schemes, .doc = "Which names of metrics and labels are valid."},
    {"nameEscapingScheme", BNC_FIELD_ENUM, SPEC(name_escaping_scheme),
     .values = escaping_schemes, .doc = "How names are escaped for who knows no UTF-8."},
};
#undef AT

const struct bnc_table bnc_table_scrape_config = {
    .name = "ScrapeConfig",
    .size = sizeof(struct bnc_spec_monitor),
    .fields = scrape_config_rows,
    .n_fields = BNC_LEN(scrape_config_rows),
    .foreign = true,
};
