#include "model/spec_scrape_policy.h"

#include <stddef.h>
#include <string.h>

#include "model/field_text.h"
#include "model/kind.h"
#include "model/spec_status.h"

/* ---- workloads ----------------------------------------------------------------- */

static const struct {
    const char *kind;
    const char *group;
} workload_kinds[] = {
    {"Deployment", "apps"}, {"StatefulSet", "apps"}, {"DaemonSet", "apps"},
    {"Job", "batch"},       {"CronJob", "batch"},
};

static const char *const workload_kind_names[] = {
    "Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob", NULL,
};
static const char *const workload_groups[] = {"apps", "batch", NULL};

/* The group follows from the kind: one that is named has to be the right one. */
static void
finish_workload(void *item, const char *path, struct bnc_diags *diags)
{
    struct bnc_workload_ref *ref = item;
    for (size_t i = 0; ref->kind != NULL && i < BNC_LEN(workload_kinds); i++) {
        if (strcmp(workload_kinds[i].kind, ref->kind) != 0) {
            continue;
        }
        if (ref->group != NULL && strcmp(ref->group, workload_kinds[i].group) != 0) {
            bnc_diag_add(diags, BNC_REASON_INVALID_FIELD,
                         bnc_arena_fmt(diags->arena, "%s.group", path),
                         bnc_arena_fmt(diags->arena, "use \"%s\" or leave it out",
                                       workload_kinds[i].group),
                         "there is no %s in group \"%s\"", ref->kind, ref->group);
        }
        ref->group = workload_kinds[i].group;
    }
}

#define AT(member) offsetof(struct bnc_workload_ref, member)
static const struct bnc_field workload_rows[] = {
    {"group", BNC_FIELD_ENUM, AT(group), .values = workload_groups,
     .doc = "API group of the kind; it may be left out."},
    {"kind", BNC_FIELD_ENUM, AT(kind), .values = workload_kind_names, .required = true,
     .doc = "Kind of the workload."},
    {"name", BNC_FIELD_TEXT, AT(name), .rule = BNC_TEXT_OBJECT_NAME, .required = true,
     .doc = "Name of the workload."},
};
#undef AT

static const struct bnc_table workload_table = {
    .name = "Workload",
    .size = sizeof(struct bnc_workload_ref),
    .fields = workload_rows,
    .n_fields = BNC_LEN(workload_rows),
    .finish = finish_workload,
};

/* ---- endpoints ----------------------------------------------------------------- */

#define AT(member) offsetof(struct bnc_endpoint, member)
static const struct bnc_field endpoint_rows[] = {
    {"name", BNC_FIELD_TEXT, AT(name), .rule = BNC_TEXT_NAMESPACE,
     .doc = "Last part of the job's name; the port when unset. Needed when two endpoints "
            "have the same port."},
    {"port", BNC_FIELD_PORT, AT(port), .max_len = 64, .required = true,
     .doc = "Port of the pods that a container declares: its name, or its number."},
    {"path", BNC_FIELD_TEXT, AT(path), .rule = BNC_TEXT_PATH,
     .doc = "Path of the metrics; /metrics when unset."},
    {"scheme", BNC_FIELD_ENUM, AT(scheme), .values = bnc_schemes,
     .doc = "Protocol; http when unset."},
    {"params", BNC_FIELD_MULTIMAP, AT(params), .max_items = 64,
     .doc = "Parameters of the URL, each with its values."},
    {"interval", BNC_FIELD_DURATION, AT(interval), .max_len = 64,
     .doc = "Time between two scrapes, as 30s; Prometheus' own when unset."},
    {"scrapeTimeout", BNC_FIELD_DURATION, AT(scrape_timeout), .max_len = 64,
     .doc = "Time after which a scrape has failed; at most the interval."},
    {"honorLabels", BNC_FIELD_BOOL, AT(honor_labels),
     .doc = "True: labels of the metrics win over those of the target."},
    {"honorTimestamps", BNC_FIELD_BOOL, AT(honor_timestamps),
     .doc = "False: timestamps of the metrics are ignored."},
    {"trackTimestampsStaleness", BNC_FIELD_BOOL, AT(track_timestamps_staleness),
     .doc = "True: series with timestamps of their own become stale as others do."},
    {"filterRunning", BNC_FIELD_BOOL, AT(filter_running),
     .doc = "Pods that have failed or succeeded are left out, unless this is false."},
    {"followRedirects", BNC_FIELD_BOOL, AT(follow_redirects),
     .doc = "False: redirects of HTTP are not followed."},
    {"enableHttp2", BNC_FIELD_BOOL, AT(enable_http2),
     .doc = "False: HTTP/2 is not used."},
    {"relabelings", BNC_FIELD_LIST, AT(relabelings), .sub = &bnc_table_relabel,
     .doc = "Relabel rules for targets, after the built-in ones."},
    {"metricRelabelings", BNC_FIELD_LIST, AT(metric_relabelings),
     .sub = &bnc_table_relabel, .doc = "Relabel rules for the series of a scrape."},
    {"authorization", BNC_FIELD_OBJECT, AT(authorization),
     .sub = &bnc_table_authorization, .doc = "Authorization header."},
    {"basicAuth", BNC_FIELD_OBJECT, AT(basic_auth), .sub = &bnc_table_basic_auth,
     .doc = "HTTP basic authentication."},
    {"oauth2", BNC_FIELD_OBJECT, AT(oauth2), .sub = &bnc_table_oauth2,
     .doc = "OAuth 2.0 with client credentials."},
    {"tlsConfig", BNC_FIELD_OBJECT, AT(tls_config), .sub = &bnc_table_tls_config,
     .doc = "TLS towards the targets."},
    {"proxyUrl", BNC_FIELD_TEXT, AT(proxy_url), .rule = BNC_TEXT_PROXY_URL,
     .doc = "Proxy towards the targets."},
    {"noProxy", BNC_FIELD_TEXT, AT(no_proxy),
     .doc = "Hosts that are reached without the proxy, separated by commas."},
    {"proxyFromEnvironment", BNC_FIELD_BOOL, AT(proxy_from_environment),
     .doc = "True: Prometheus takes the proxy from its environment."},
};
#undef AT

static const char *const auth_names[] = {"authorization", "basicAuth", "oauth2", NULL};
static const struct bnc_union endpoint_unions[] = {{.names = auth_names}};

static const struct bnc_table endpoint_table = {
    .name = "Endpoint",
    .size = sizeof(struct bnc_endpoint),
    .fields = endpoint_rows,
    .n_fields = BNC_LEN(endpoint_rows),
    .unions = endpoint_unions,
    .n_unions = BNC_LEN(endpoint_unions),
};

/* ---- prune --------------------------------------------------------------------- */

static const struct bnc_field series_rows[] = {
    {"labels", BNC_FIELD_REGEX_MAP, offsetof(struct bnc_series_match, labels),
     .rule = BNC_TEXT_LABEL_NAME, .min = 1, .max_items = 16, .required = true,
     .doc =
         "Labels with the regular expression that their whole value must match; all of "
         "them."},
};

static const struct bnc_table series_table = {
    .name = "SeriesMatch",
    .size = sizeof(struct bnc_series_match),
    .fields = series_rows,
    .n_fields = BNC_LEN(series_rows),
};

static const char *const prune_presets[] = {"envoy", NULL};

#define AT(member) offsetof(struct bnc_prune_spec, member)
static const struct bnc_field prune_rows[] = {
    {"dropMetrics", BNC_FIELD_REGEXES, AT(drop_metrics), .max_items = 64,
     .doc = "Regular expressions: metrics whose whole name matches one are dropped."},
    {"keepMetrics", BNC_FIELD_REGEXES, AT(keep_metrics), .max_items = 64,
     .doc =
         "Regular expressions: only metrics whose whole name matches one are kept; all "
         "when empty."},
    {"dropLabels", BNC_FIELD_REGEXES, AT(drop_labels), .max_items = 64,
     .doc = "Regular expressions: labels whose whole name matches one are taken off."},
    {"dropSeries", BNC_FIELD_LIST, AT(drop_series), .sub = &series_table, .max_items = 64,
     .doc = "Series with such labels are dropped."},
    {"preset", BNC_FIELD_ENUM, AT(preset), .values = prune_presets,
     .doc = "A ready list: envoy drops what Istio's own charts dropped."},
};
#undef AT

static const struct bnc_table prune_table = {
    .name = "Prune",
    .size = sizeof(struct bnc_prune_spec),
    .fields = prune_rows,
    .n_fields = BNC_LEN(prune_rows),
};

/* ---- spec ---------------------------------------------------------------------- */

#define AT(member) offsetof(struct bnc_spec_scrape_policy, member)
static const struct bnc_field rows[] = {
    {"priority", BNC_FIELD_INT, AT(priority), .def = "0", .min = -1000000, .max = 1000000,
     .doc = "When two policies want the same port and path of a pod, the higher one has "
            "it; then the first by namespace and name."},
    {"selector", BNC_FIELD_SELECTOR, AT(selector),
     .doc = "Pods by label. Unset: none; {}: all."},
    {"workloads", BNC_FIELD_LIST, AT(workloads), .sub = &workload_table, .max_items = 64,
     .doc = "Workloads whose pods are scraped, besides those of the selector."},
    {"namespaceSelector", BNC_FIELD_SELECTOR, AT(namespace_selector),
     .doc = "Namespaces of the pods, by label. Unset: the policy's own; {}: all."},
    {"preset", BNC_FIELD_TEXT, AT(preset), .min = 1, .max_len = 63,
     .doc = "A ready endpoint: istio-proxy, istio-merged, istiod, ztunnel or "
            "statsd-exporter."},
    {"endpoints", BNC_FIELD_LIST, AT(endpoints), .sub = &endpoint_table, .min = 1,
     .max_items = 64, .doc = "What is scraped of each pod."},
    {"scrapeClass", BNC_FIELD_TEXT, AT(scrape_class), .max_len = 253,
     .doc = "Name of one of the Observatory's scrapeClasses."},
    {"jobLabel", BNC_FIELD_TEXT, AT(job_label), .rule = BNC_TEXT_LABEL_KEY,
     .doc = "Label of the pods whose value becomes the label job; NAMESPACE/NAME of the "
            "policy when unset."},
    {"podTargetLabels", BNC_FIELD_TEXTS, AT(pod_target_labels),
     .rule = BNC_TEXT_LABEL_KEYS, .max_items = 64,
     .doc = "Labels of the pods that all series get."},
    {"labels", BNC_FIELD_MAP, AT(labels), .rule = BNC_TEXT_ADDED_LABEL, .max_items = 64,
     .doc = "Labels that are added to all series."},
    {"sampleLimit", BNC_FIELD_INT, AT(limits.sample_limit),
     .doc = "Most samples of one scrape; 0: no limit."},
    {"targetLimit", BNC_FIELD_INT, AT(limits.target_limit),
     .doc = "Most targets of one job; 0: no limit."},
    {"labelLimit", BNC_FIELD_INT, AT(limits.label_limit),
     .doc = "Most labels of one sample; 0: no limit."},
    {"labelNameLengthLimit", BNC_FIELD_INT, AT(limits.label_name_length_limit),
     .doc = "Longest name of a label; 0: no limit."},
    {"labelValueLengthLimit", BNC_FIELD_INT, AT(limits.label_value_length_limit),
     .doc = "Longest value of a label; 0: no limit."},
    {"keepDroppedTargets", BNC_FIELD_INT, AT(limits.keep_dropped_targets),
     .doc = "Most dropped targets that Prometheus remembers; 0: no limit."},
    {"bodySizeLimit", BNC_FIELD_SIZE, AT(limits.body_size_limit), .max_len = 64,
     .doc = "Largest body of one scrape, as 10MB."},
    {"scrapeProtocols", BNC_FIELD_TEXTS, AT(scrape_protocols),
     .values = bnc_scrape_protocols, .max_items = 8,
     .doc = "Formats that are asked for, best first."},
    {"fallbackScrapeProtocol", BNC_FIELD_ENUM, AT(fallback_scrape_protocol),
     .values = bnc_scrape_protocols,
     .doc = "Format of targets that do not say theirs; from Prometheus 3.0."},
    {"attachMetadata", BNC_FIELD_INLINE, AT(attach_node_metadata),
     .sub = &bnc_table_attach_metadata, .doc = "What is known beside the pod."},
    {"prune", BNC_FIELD_OBJECT, AT(prune), .sub = &prune_table,
     .doc = "What is dropped of the scraped metrics."},
};
#undef AT

/* Not in the CRD: the object is admitted, so that its status can say it. */
static void
finish(void *item, const char *path, struct bnc_diags *diags)
{
    struct bnc_spec_scrape_policy *spec = item;
    const char *at = bnc_arena_fmt(diags->arena, "%s.preset", path);
    for (size_t i = 0; spec->preset != NULL && bnc_presets[i] != NULL; i++) {
        if (strcmp(bnc_presets[i], spec->preset) != 0) {
            continue;
        }
        if (i >= BNC_PRESETS_POD) {
            bnc_diag_add(diags, BNC_REASON_UNKNOWN_PRESET, at,
                         "set it in spec.prometheus.presets of the Observatory",
                         "preset \"%s\" is for an Observatory only", spec->preset);
            spec->preset = NULL;
        }
        return;
    }
    if (spec->preset != NULL) {
        const char *near = bnc_text_nearest(spec->preset, bnc_presets, BNC_PRESETS_POD);
        bnc_diag_add(diags, BNC_REASON_UNKNOWN_PRESET, at,
                     near == NULL
                         ? "use istio-proxy, istio-merged, istiod, ztunnel or "
                           "statsd-exporter"
                         : bnc_arena_fmt(diags->arena, "did you mean \"%s\"?", near),
                     "unknown preset %s", bnc_text_quoted(diags->arena, spec->preset));
        spec->preset = NULL;
    }
}

static const char *const what_names[] = {"preset", "endpoints", NULL};
static const struct bnc_union unions[] = {{.names = what_names, .required = true}};

const struct bnc_table bnc_table_scrape_policy = {
    .name = "ScrapePolicy",
    .size = sizeof(struct bnc_spec_scrape_policy),
    .fields = rows,
    .n_fields = BNC_LEN(rows),
    .unions = unions,
    .n_unions = BNC_LEN(unions),
    .finish = finish,
};

static const struct bnc_printer_column columns[] = {
    {"Ready", "string", ".status.conditions[?(@.type==\"Ready\")].status", false},
    {"Reason", "string", ".status.conditions[?(@.type==\"Ready\")].reason", false},
    {"Pods", "integer", ".status.pods", false},
    {"Jobs", "integer", ".status.jobs", false},
    {"Age", "date", ".metadata.creationTimestamp", false},
    {"Message", "string", ".status.conditions[?(@.type==\"Ready\")].message", true},
};

const struct bnc_kind_doc bnc_doc_scrape_policy = {
    .kind = BNC_KIND_SCRAPE_POLICY,
    .short_name = "sp",
    .singular = "scrapepolicy",
    .doc = "ScrapePolicy says how some workloads are scraped.",
    .spec = &bnc_table_scrape_policy,
    .status = &bnc_table_scrape_policy_status,
    .columns = columns,
    .n_columns = BNC_LEN(columns),
};
