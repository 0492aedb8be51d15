#include "reconcilers/presets.h"

#include <string.h>

#define SA_FOLDER "/var/run/secrets/kubernetes.io/serviceaccount/"

static const struct bnc_preset presets[] = {
    {.name = "istio-proxy",
     .job_name = "envoy-stats",
     .role = "pod",
     .path = "/stats/prometheus",
     .port = 15090,
     .port_name = ".*-envoy-prom",
     .all_pod_labels = true,
     .pod_name_label = true,
     .not_beside = "istio-merged",
     .doc = "Envoy of every sidecar and gateway"},
    {.name = "istio-merged",
     .job_name = "istio-merged",
     .role = "pod",
     .path = "/stats/prometheus",
     .port = 15020,
     .marker = ".*-envoy-prom", /* not ztunnel, whose container has the same name */
     .all_pod_labels = true,
     .pod_name_label = true,
     .not_beside = "istio-proxy",
     .doc = "Envoy, agent and application in one, as Istio's agent merges them"},
    {.name = "istiod",
     .job_name = "istiod",
     .role = "pod",
     .path = "/metrics",
     .port = 15014,
     .label = BNC_META "pod_label_app",
     .label_regex = "istiod|pilot",
     .doc = "Istio's control plane"},
    {.name = "ztunnel",
     .job_name = "ztunnel",
     .role = "pod",
     .path = "/metrics",
     .port = 15020,
     .label = BNC_META "pod_label_app",
     .label_regex = "ztunnel",
     .doc = "the node proxy of Istio's ambient mode"},
    {.name = "statsd-exporter",
     .job_name = "statsd-exporter",
     .role = "pod",
     .path = "/metrics",
     .port = 9102,
     .label = BNC_META "pod_label_app_kubernetes_io_name",
     .label_regex = "(prometheus-)?statsd-exporter",
     .doc = "what was pushed to a statsd exporter"},
    {.name = "kubelet",
     .job_name = "kubelet",
     .role = "node",
     .path = "/metrics",
     .scheme = "https",
     .observatory_only = true,
     .doc = "every node's kubelet"},
    {.name = "cadvisor",
     .job_name = "cadvisor",
     .role = "node",
     .path = "/metrics/cadvisor",
     .scheme = "https",
     .own_timestamps = true,
     .observatory_only = true,
     .doc = "containers' use of resources, from every kubelet"},
    {.name = "apiserver",
     .job_name = "apiserver",
     .role = "endpoints",
     .path = "/metrics",
     .scheme = "https",
     .observatory_only = true,
     .doc = "the Kubernetes API server"},
};

const struct bnc_preset *
bnc_preset_find(const char *name)
{
    for (size_t i = 0; i < BNC_LEN(presets); i++) {
        if (strcmp(presets[i].name, name) == 0) {
            return &presets[i];
        }
    }
    return NULL;
}

const char *
bnc_preset_names(bool policy, struct bnc_arena *arena)
{
    struct bnc_str out = bnc_str_new(arena, 1024);
    for (size_t i = 0; i < BNC_LEN(presets); i++) {
        if (!policy || !presets[i].observatory_only) {
            bnc_str_fmt(&out, "%s%s", out.len == 0 ? "" : ", ", presets[i].name);
        }
    }
    return out.ptr;
}

void
bnc_preset_target_rules(const struct bnc_preset *preset, bool own_pods,
                        struct bnc_rules *rules)
{
    if (preset->port_name != NULL) {
        bnc_rules_filter(rules, "keep", BNC_META "pod_container_port_name",
                         preset->port_name);
    }
    if (preset->marker != NULL) {
        bnc_rules_filter(rules, "keep", BNC_META "pod_container_port_name",
                         preset->marker);
    }
    if (own_pods && preset->label != NULL) {
        bnc_rules_filter(rules, "keep", preset->label, preset->label_regex);
    }
    if (preset->port != 0) {
        bnc_rules_pod_address(rules, preset->port);
    }
    if (strcmp(preset->role, "endpoints") == 0) {
        struct bnc_relabel rule = {.source_labels =
                                       bnc_sources(rules->arena, BNC_META "namespace",
                                                   BNC_META "service_name",
                                                   BNC_META "endpoint_port_name", NULL),
                                   .regex = "default;kubernetes;https",
                                   .action = "keep"};
        bnc_rules_add(rules, &rule);
    }
}

void
bnc_preset_label_rules(const struct bnc_preset *preset, struct bnc_rules *rules)
{
    if (preset->all_pod_labels) {
        struct bnc_relabel rule = {.action = "labelmap",
                                   .regex = BNC_META "pod_label_(.+)"};
        bnc_rules_add(rules, &rule);
    }
    if (strcmp(preset->role, "node") == 0) {
        bnc_rules_copy(rules, BNC_META "node_name", "node");
        bnc_rules_copy(rules, "__metrics_path__", "metrics_path");
        return;
    }
    bool container = preset->port_name != NULL || preset->marker != NULL;
    bnc_rules_pod_labels(rules, container && strcmp(preset->role, "pod") == 0);
    if (preset->pod_name_label) {
        bnc_rules_copy(rules, BNC_META "pod_name", "pod_name");
    }
}

void
bnc_preset_job(const struct bnc_preset *preset, struct bnc_arena *arena,
               struct bnc_job *job)
{
    job->role = preset->role;
    job->metrics_path = preset->path;
    job->scheme = preset->scheme;
    if (preset->scheme == NULL) {
        return;
    }
    job->auth_type = "Bearer";
    job->credentials_file = SA_FOLDER "token";
    job->tls.present = true;
    job->tls.ca_file = SA_FOLDER "ca.crt";
    if (strcmp(preset->role, "endpoints") == 0) {
        job->tls.server_name = "kubernetes"; /* in every API server's certificate */
        job->namespaces = bnc_sources(arena, "default", NULL);
    }
    if (strcmp(preset->role, "node") == 0) {
        job->honor_labels = BNC_TRUE;
        job->honor_timestamps = preset->own_timestamps ? BNC_FALSE : BNC_UNSET;
        /* kubelets' certificates are self-signed unless the cluster was told else */
        job->tls.insecure_skip_verify = BNC_TRUE;
    }
}
