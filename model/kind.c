#include "model/kind.h"

#include <string.h>

#define END                                                                              \
    {                                                                                    \
        NULL, NULL, BNC_KEEP_TEXT                                                        \
    }

static const struct bnc_keep owner_rows[] = {
    {"apiVersion", NULL, BNC_KEEP_TEXT}, {"kind", NULL, BNC_KEEP_TEXT},
    {"name", NULL, BNC_KEEP_TEXT},       {"uid", NULL, BNC_KEEP_TEXT},
    {"controller", NULL, BNC_KEEP_TEXT}, END,
};

static const struct bnc_keep annotation_rows[] = {
    {"kubectl.kubernetes.io/last-applied-configuration", NULL, BNC_KEEP_DROP},
    {"deployment.kubernetes.io/revision", NULL, BNC_KEEP_DROP},
    {"*", NULL, BNC_KEEP_TEXT},
    END,
};

#define METADATA_ROWS                                                                    \
    {"name", NULL, BNC_KEEP_NAME}, {"namespace", NULL, BNC_KEEP_NAMESPACE},              \
        {"uid", NULL, BNC_KEEP_UID},                                                     \
        {"resourceVersion", NULL, BNC_KEEP_RESOURCE_VERSION},                            \
        {"generation", NULL, BNC_KEEP_GENERATION},                                       \
        {"deletionTimestamp", NULL, BNC_KEEP_DELETION}, {"labels", NULL, BNC_KEEP_TEXT}, \
    {                                                                                    \
        "annotations", annotation_rows, BNC_KEEP_TEXT                                    \
    }

static const struct bnc_keep metadata_rows[] = {
    METADATA_ROWS,
    {"ownerReferences", owner_rows, BNC_KEEP_TEXT},
    END,
};

static const struct bnc_keep own_metadata_rows[] = {
    METADATA_ROWS,
    {"finalizers", NULL, BNC_KEEP_TEXT},
    END,
};

static const struct bnc_keep output_metadata_rows[] = {
    METADATA_ROWS,
    {"ownerReferences", NULL, BNC_KEEP_TEXT},
    {"managedFields", NULL, BNC_KEEP_MANAGED_FIELDS},
    END,
};

const struct bnc_keep bnc_keep_metadata[] = {
    {"metadata", output_metadata_rows, BNC_KEEP_TEXT},
    END,
};

/* Ours: the whole spec, so that decoding finds unknown fields offline as well. */
static const struct bnc_keep own_rows[] = {
    {"metadata", own_metadata_rows, BNC_KEEP_TEXT},
    {"spec", NULL, BNC_KEEP_TEXT},
    {"status", NULL, BNC_KEEP_STATUS},
    END,
};

/* Somebody else's with all of its spec. */
static const struct bnc_keep foreign_rows[] = {
    {"metadata", metadata_rows, BNC_KEEP_TEXT},
    {"spec", NULL, BNC_KEEP_TEXT},
    END,
};

/* Of a Prometheus what is of its pods alone stays out: most of its text. */
static const struct bnc_keep prometheus_spec_rows[] = {
    {"affinity", NULL, BNC_KEEP_DROP},
    {"containers", NULL, BNC_KEEP_DROP},
    {"dnsConfig", NULL, BNC_KEEP_DROP},
    {"hostAliases", NULL, BNC_KEEP_DROP},
    {"initContainers", NULL, BNC_KEEP_DROP},
    {"podMetadata", NULL, BNC_KEEP_DROP},
    {"resources", NULL, BNC_KEEP_DROP},
    {"securityContext", NULL, BNC_KEEP_DROP},
    {"storage", NULL, BNC_KEEP_DROP},
    {"thanos", NULL, BNC_KEEP_DROP},
    {"tolerations", NULL, BNC_KEEP_DROP},
    {"topologySpreadConstraints", NULL, BNC_KEEP_DROP},
    {"volumeMounts", NULL, BNC_KEEP_DROP},
    {"volumes", NULL, BNC_KEEP_DROP},
    {"web", NULL, BNC_KEEP_DROP},
    {"*", NULL, BNC_KEEP_TEXT},
    END,
};

static const struct bnc_keep prometheus_rows[] = {
    {"metadata", metadata_rows, BNC_KEEP_TEXT},
    {"spec", prometheus_spec_rows, BNC_KEEP_TEXT},
    END,
};

static const struct bnc_keep namespace_rows[] = {
    {"metadata", metadata_rows, BNC_KEEP_TEXT},
    END,
};

static const struct bnc_keep port_rows[] = {
    {"name", NULL, BNC_KEEP_TEXT},
    {"containerPort", NULL, BNC_KEEP_TEXT},
    {"protocol", NULL, BNC_KEEP_TEXT},
    END,
};

/* What sets tracing and metrics of a mesh.  No other value is kept: it may be a secret.
 */
static const struct bnc_keep env_names[] = {
    {"PROXY_CONFIG", NULL, BNC_KEEP_TEXT},
    {"OTEL_TRACES_SAMPLER", NULL, BNC_KEEP_TEXT},
    {"OTEL_TRACES_SAMPLER_ARG", NULL, BNC_KEEP_TEXT},
    {"OTEL_PROPAGATORS", NULL, BNC_KEEP_TEXT},
    {"PILOT_TRACE_SAMPLING", NULL, BNC_KEEP_TEXT},
    {"SHARED_MESH_CONFIG", NULL, BNC_KEEP_TEXT},
    {"REVISION", NULL, BNC_KEEP_TEXT},
    END,
};

static const struct bnc_keep flag_names[] = {
    {"--statsdUdpAddress", NULL, BNC_KEEP_TEXT},
    END,
};

static const struct bnc_keep container_rows[] = {
    {"name", NULL, BNC_KEEP_TEXT},
    {"restartPolicy", NULL, BNC_KEEP_TEXT}, /* Always: a native sidecar */
    {"ports", port_rows, BNC_KEEP_TEXT},
    {"env", env_names, BNC_KEEP_NAMED},
    {"args", flag_names, BNC_KEEP_FLAGS},
    END,
};

static const struct bnc_keep pod_spec_rows[] = {
    {"containers", container_rows, BNC_KEEP_TEXT},
    {"initContainers", container_rows, BNC_KEEP_TEXT},
    END,
};

static const struct bnc_keep template_metadata_rows[] = {
    {"labels", NULL, BNC_KEEP_TEXT},
    {"annotations", annotation_rows, BNC_KEEP_TEXT},
    END,
};

static const struct bnc_keep template_rows[] = {
    {"metadata", template_metadata_rows, BNC_KEEP_TEXT},
    {"spec", pod_spec_rows, BNC_KEEP_TEXT},
    END,
};

static const struct bnc_keep workload_spec_rows[] = {
    {"selector", NULL, BNC_KEEP_TEXT},
    {"template", template_rows, BNC_KEEP_TEXT},
    END,
};

static const struct bnc_keep workload_rows[] = {
    {"metadata", metadata_rows, BNC_KEEP_TEXT},
    {"spec", workload_spec_rows, BNC_KEEP_TEXT},
    END,
};

static const struct bnc_keep job_template_rows[] = {
    {"spec", workload_spec_rows, BNC_KEEP_TEXT},
    END,
};

static const struct bnc_keep cron_spec_rows[] = {
    {"jobTemplate", job_template_rows, BNC_KEEP_TEXT},
    END,
};

static const struct bnc_keep cron_rows[] = {
    {"metadata", metadata_rows, BNC_KEEP_TEXT},
    {"spec", cron_spec_rows, BNC_KEEP_TEXT},
    END,
};

static const struct bnc_keep pod_rows[] = {
    {"metadata", metadata_rows, BNC_KEEP_TEXT},
    {"spec", pod_spec_rows, BNC_KEEP_TEXT},
    END,
};

static const struct bnc_keep service_spec_rows[] = {
    {"selector", NULL, BNC_KEEP_TEXT},
    END,
};

static const struct bnc_keep service_rows[] = {
    {"metadata", metadata_rows, BNC_KEEP_TEXT},
    {"spec", service_spec_rows, BNC_KEEP_TEXT},
    END,
};

static const struct bnc_keep data_rows[] = {
    {"metadata", metadata_rows, BNC_KEEP_TEXT}, {"data", NULL, BNC_KEEP_TEXT},
    {"stringData", NULL, BNC_KEEP_TEXT}, /* offline only: the API server folds it into
                                            data */
    {"binaryData", NULL, BNC_KEEP_TEXT},        END,
};

static const struct bnc_keep telemetry_metadata_rows[] = {
    METADATA_ROWS,
    {"creationTimestamp", NULL, BNC_KEEP_TEXT}, /* the older of two counts */
    END,
};

static const struct bnc_keep telemetry_rows[] = {
    {"metadata", telemetry_metadata_rows, BNC_KEEP_TEXT},
    {"spec", NULL, BNC_KEEP_TEXT},
    END,
};

static const struct bnc_keep language_rows[] = {
    {"env", env_names, BNC_KEEP_NAMED},
    END,
};

static const struct bnc_keep instrumentation_spec_rows[] = {
    {"sampler", NULL, BNC_KEEP_TEXT},
    {"env", env_names, BNC_KEEP_NAMED},
    {"propagators", NULL, BNC_KEEP_TEXT},
    {"java", language_rows, BNC_KEEP_TEXT},
    {"nodejs", language_rows, BNC_KEEP_TEXT},
    {"python", language_rows, BNC_KEEP_TEXT},
    {"dotnet", language_rows, BNC_KEEP_TEXT},
    {"go", language_rows, BNC_KEEP_TEXT},
    {"apacheHttpd", language_rows, BNC_KEEP_TEXT},
    {"nginx", language_rows, BNC_KEEP_TEXT},
    END,
};

static const struct bnc_keep instrumentation_rows[] = {
    {"metadata", metadata_rows, BNC_KEEP_TEXT},
    {"spec", instrumentation_spec_rows, BNC_KEEP_TEXT},
    END,
};

/* Of Kiali's spec the part that says where others are, without the secrets in it. */
static const struct bnc_keep kiali_oauth_rows[] = {
    {"client_secret", NULL, BNC_KEEP_DROP},
    {"*", NULL, BNC_KEEP_TEXT},
    END,
};

static const struct bnc_keep kiali_auth_rows[] = {
    {"password", NULL, BNC_KEEP_DROP},
    {"token", NULL, BNC_KEEP_DROP},
    {"oauth2", kiali_oauth_rows, BNC_KEEP_TEXT},
    {"*", NULL, BNC_KEEP_TEXT},
    END,
};

static const struct bnc_keep kiali_service_rows[] = {
    {"auth", kiali_auth_rows, BNC_KEEP_TEXT},
    {"*", NULL, BNC_KEEP_TEXT},
    END,
};

static const struct bnc_keep kiali_section_rows[] = {
    {"auth", kiali_auth_rows, BNC_KEEP_TEXT},
    {"prometheus", kiali_service_rows, BNC_KEEP_TEXT}, /* of custom_dashboards */
    {"*", NULL, BNC_KEEP_TEXT},
    END,
};

static const struct bnc_keep kiali_services_rows[] = {
    {"*", kiali_section_rows, BNC_KEEP_TEXT},
    END,
};

static const struct bnc_keep kiali_spec_rows[] = {
    {"external_services", kiali_services_rows, BNC_KEEP_TEXT},
    END,
};

static const struct bnc_keep kiali_rows[] = {
    {"metadata", metadata_rows, BNC_KEEP_TEXT},
    {"spec", kiali_spec_rows, BNC_KEEP_TEXT},
    END,
};

static const struct bnc_kind_info kinds[BNC_KIND_COUNT] = {
    [BNC_KIND_OBSERVATORY] = {"binnacle.dev", "v1alpha1", "Observatory", "observatories",
                              true, true, false, own_rows, false},
    [BNC_KIND_SCRAPE_POLICY] = {"binnacle.dev", "v1alpha1", "ScrapePolicy",
                                "scrapepolicies", true, true, false, own_rows, false},
    [BNC_KIND_SAMPLING_POLICY] = {"binnacle.dev", "v1alpha1", "SamplingPolicy",
                                  "samplingpolicies", true, true, false, own_rows, false},
    [BNC_KIND_METRIC_RULE] = {"binnacle.dev", "v1alpha1", "MetricRule", "metricrules",
                              true, true, false, own_rows, false},
    [BNC_KIND_DATASOURCE] = {"binnacle.dev", "v1alpha1", "Datasource", "datasources",
                             true, true, false, own_rows, false},
    [BNC_KIND_DASHBOARD] = {"binnacle.dev", "v1alpha1", "Dashboard", "dashboards", true,
                            true, false, own_rows, false},
    [BNC_KIND_SERVICE_MONITOR] = {"monitoring.coreos.com", "v1", "ServiceMonitor",
                                  "servicemonitors", true, false, false, foreign_rows,
                                  true},
    [BNC_KIND_POD_MONITOR] = {"monitoring.coreos.com", "v1", "PodMonitor", "podmonitors",
                              true, false, false, foreign_rows, true},
    [BNC_KIND_PROBE] = {"monitoring.coreos.com", "v1", "Probe", "probes", true, false,
                        false, foreign_rows, true},
    [BNC_KIND_SCRAPE_CONFIG] = {"monitoring.coreos.com", "v1alpha1", "ScrapeConfig",
                                "scrapeconfigs", true, false, false, foreign_rows, true},
    [BNC_KIND_PROMETHEUS_RULE] = {"monitoring.coreos.com", "v1", "PrometheusRule",
                                  "prometheusrules", true, false, false, foreign_rows,
                                  true},
    [BNC_KIND_PROMETHEUS] = {"monitoring.coreos.com", "v1", "Prometheus", "prometheuses",
                             true, false, true, prometheus_rows, true},
    [BNC_KIND_PROMETHEUS_AGENT] = {"monitoring.coreos.com", "v1alpha1", "PrometheusAgent",
                                   "prometheusagents", true, false, true, prometheus_rows,
                                   true},
    [BNC_KIND_NAMESPACE] = {"", "v1", "Namespace", "namespaces", false, false, false,
                            namespace_rows, false},
    [BNC_KIND_DEPLOYMENT] = {"apps", "v1", "Deployment", "deployments", true, false,
                             false, workload_rows, false},
    [BNC_KIND_STATEFUL_SET] = {"apps", "v1", "StatefulSet", "statefulsets", true, false,
                               false, workload_rows, false},
    [BNC_KIND_DAEMON_SET] = {"apps", "v1", "DaemonSet", "daemonsets", true, false, false,
                             workload_rows, false},
    [BNC_KIND_JOB] = {"batch", "v1", "Job", "jobs", true, false, false, workload_rows,
                      false},
    [BNC_KIND_CRON_JOB] = {"batch", "v1", "CronJob", "cronjobs", true, false, false,
                           cron_rows, false},
    [BNC_KIND_POD] = {"", "v1", "Pod", "pods", true, false, false, pod_rows, false},
    [BNC_KIND_SERVICE] = {"", "v1", "Service", "services", true, false, false,
                          service_rows, false},
    [BNC_KIND_SECRET] = {"", "v1", "Secret", "secrets", true, false, true, data_rows,
                         false},
    [BNC_KIND_CONFIG_MAP] = {"", "v1", "ConfigMap", "configmaps", true, false, true,
                             data_rows, false},
    [BNC_KIND_TELEMETRY] = {"telemetry.istio.io", "v1", "Telemetry", "telemetries", true,
                            false, false, telemetry_rows, true},
    [BNC_KIND_INSTRUMENTATION] = {"opentelemetry.io", "v1alpha1", "Instrumentation",
                                  "instrumentations", true, false, false,
                                  instrumentation_rows, true},
    [BNC_KIND_KIALI] = {"kiali.io", "v1alpha1", "Kiali", "kialis", true, false, true,
                        kiali_rows, true},
    [BNC_KIND_MIXER_INSTANCE] = {"config.istio.io", "v1alpha2", "instance", "instances",
                                 true, false, true, data_rows, true},
    [BNC_KIND_MIXER_HANDLER] = {"config.istio.io", "v1alpha2", "handler", "handlers",
                                true, false, true, data_rows, true},
    [BNC_KIND_MIXER_RULE] = {"config.istio.io", "v1alpha2", "rule", "rules", true, false,
                             true, data_rows, true},
    [BNC_KIND_MEASURE] = {"measure.binnacle.dev", "v1alpha1", "Measure", "measures", true,
                          false, true, data_rows, false},
};

const struct bnc_kind_info *
bnc_kind_info(enum bnc_kind kind)
{
    return &kinds[kind];
}

const char *
bnc_kind_api_version(enum bnc_kind kind)
{
    static const struct {
        const char *group;
        const char *version;
        const char *text;
    } rows[] = {
        {"apps", "v1", "apps/v1"},
        {"batch", "v1", "batch/v1"},
        {"binnacle.dev", "v1alpha1", "binnacle.dev/v1alpha1"},
        {"monitoring.coreos.com", "v1", "monitoring.coreos.com/v1"},
        {"monitoring.coreos.com", "v1alpha1", "monitoring.coreos.com/v1alpha1"},
        {"telemetry.istio.io", "v1", "telemetry.istio.io/v1"},
        {"opentelemetry.io", "v1alpha1", "opentelemetry.io/v1alpha1"},
        {"kiali.io", "v1alpha1", "kiali.io/v1alpha1"},
        {"config.istio.io", "v1alpha2", "config.istio.io/v1alpha2"},
        {"measure.binnacle.dev", "v1alpha1", "measure.binnacle.dev/v1alpha1"},
    };
    for (size_t i = 0; i < BNC_LEN(rows); i++) {
        if (strcmp(rows[i].group, kinds[kind].group) == 0 &&
            strcmp(rows[i].version, kinds[kind].version) == 0) {
            return rows[i].text;
        }
    }
    return "v1";
}

/* Older versions with the schema of the one that is read. */
static const struct {
    const char *api_version;
    enum bnc_kind kind;
} aliases[] = {
    {"telemetry.istio.io/v1alpha1", BNC_KIND_TELEMETRY},
};

enum bnc_kind
bnc_kind_find(const char *api_version, const char *name)
{
    for (enum bnc_kind kind = 0; kind < BNC_KIND_COUNT; kind++) {
        if (strcmp(kinds[kind].name, name) == 0 &&
            strcmp(bnc_kind_api_version(kind), api_version) == 0) {
            return kind;
        }
    }
    for (size_t i = 0; i < BNC_LEN(aliases); i++) {
        if (strcmp(aliases[i].api_version, api_version) == 0 &&
            strcmp(kinds[aliases[i].kind].name, name) == 0) {
            return aliases[i].kind;
        }
    }
    return BNC_KIND_NONE;
}
