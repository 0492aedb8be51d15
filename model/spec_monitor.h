/*
 * prometheus-operator's ServiceMonitor, PodMonitor, Probe and ScrapeConfig (API group
 * monitoring.coreos.com): one struct, as most of their fields are the same; a table each.
 */
#ifndef BNC_MODEL_SPEC_MONITOR_H
#define BNC_MODEL_SPEC_MONITOR_H

#include "model/spec_scrape_policy.h"

struct bnc_namespace_names { /* any, else matchNames, else the object's own */
    enum bnc_tri any;
    struct bnc_texts match_names;
};

struct bnc_prober {
    const char *url; /* host or host:port */
    const char *scheme;
    const char *path;
    const char *proxy_url;
    const char *no_proxy;
    enum bnc_tri proxy_from_environment;
    const cJSON *proxy_connect_header;
};

struct bnc_probe_param {
    const char *name;
    struct bnc_texts values;
};

struct bnc_probe_static {
    struct bnc_texts targets;
    struct bnc_pairs labels;
    struct bnc_list relabelings; /* struct bnc_relabel */
};

struct bnc_probe_ingress {
    struct bnc_selector *selector;
    struct bnc_namespace_names *namespaces;
    struct bnc_list relabelings; /* struct bnc_relabel */
};

struct bnc_probe_targets {
    struct bnc_probe_static *fixed; /* staticConfig: it counts when both are set */
    struct bnc_probe_ingress *ingress;
};

/* The ways of discovery of a ScrapeConfig, in the order in which they are written. */
enum bnc_discovery {
    BNC_DISCOVERY_STATIC,
    BNC_DISCOVERY_FILE,
    BNC_DISCOVERY_HTTP,
    BNC_DISCOVERY_KUBERNETES,
    BNC_DISCOVERY_CONSUL,
    BNC_DISCOVERY_DNS,
    BNC_DISCOVERY_EC2,
    BNC_DISCOVERY_AZURE,
    BNC_DISCOVERY_GCE,
    BNC_DISCOVERY_OPENSTACK,
    BNC_DISCOVERY_DIGITALOCEAN,
    BNC_DISCOVERY_KUMA,
    BNC_DISCOVERY_EUREKA,
    BNC_DISCOVERY_DOCKER,
    BNC_DISCOVERY_LINODE,
    BNC_DISCOVERY_HETZNER,
    BNC_DISCOVERY_NOMAD,
    BNC_DISCOVERY_DOCKERSWARM,
    BNC_DISCOVERY_PUPPETDB,
    BNC_DISCOVERY_LIGHTSAIL,
    BNC_DISCOVERY_OVHCLOUD,
    BNC_DISCOVERY_SCALEWAY,
    BNC_DISCOVERY_IONOS,
    BNC_DISCOVERY_COUNT
};

struct bnc_spec_monitor {
    struct bnc_list endpoints;      /* ServiceMonitor, PodMonitor: struct bnc_endpoint */
    struct bnc_endpoint endpoint;   /* Probe, ScrapeConfig: the only one */
    struct bnc_selector *selector;  /* of Services, or of Pods */
    const char *selector_mechanism; /* RelabelConfig (default), RoleSelector */
    struct bnc_namespace_names *namespaces;
    const char *job_label;
    struct bnc_texts target_labels;
    struct bnc_texts pod_target_labels;
    struct bnc_limits limits;
    struct bnc_native_histograms histograms;
    struct bnc_texts scrape_protocols;
    const char *fallback_scrape_protocol;
    enum bnc_tri *attach_node_metadata; /* NULL: nothing said */
    const char *scrape_class;
    const char *service_discovery_role; /* Endpoints, EndpointSlice; NULL */
    const char *job_name;               /* Probe, ScrapeConfig: value of the label job */
    struct bnc_prober *prober;          /* Probe, as the three below */
    const char *module;
    struct bnc_list params; /* struct bnc_probe_param */
    struct bnc_probe_targets *targets;
    const cJSON *discovery[BNC_DISCOVERY_COUNT]; /* ScrapeConfig, as below: lists */
    enum bnc_tri enable_compression;
    const char *name_validation_scheme;
    const char *name_escaping_scheme;
};

extern const struct bnc_table bnc_table_service_monitor; /* of spec, as those below */
extern const struct bnc_table bnc_table_pod_monitor;
extern const struct bnc_table bnc_table_probe;
extern const struct bnc_table bnc_table_scrape_config;

#endif
