/*
 * What compiling one object gives: typed, independent of any Observatory.
 */
#ifndef BNC_MODEL_IR_H
#define BNC_MODEL_IR_H

#include "model/job.h"
#include "model/object.h"
#include "model/spec_monitor.h"
#include "model/spec_observatory.h"
#include "model/spec_sampling_policy.h"
#include "model/spec_scrape_policy.h"
#include "model/view.h"

/*
 * What a cluster would tell, and how prometheus-operator would be started: what is
 * rendered beside it follows (--assume).
 */
struct bnc_assumed {
    bool endpoint_slices;   /* the cluster has them: since 1.21 */
    bool pod_topology;      /* pods have labels of their zone: since 1.35 */
    bool topology_sharding; /* feature gates of prometheus-operator, on since 0.92 */
    bool retention_policies;
    bool daemon_set;  /* of a PrometheusAgent: its mode */
    bool any_version; /* nothing is left out for an old Prometheus */
};

/* How the controller was started; fixed for the life of the process. */
struct bnc_settings {
    const char *const *trusted_namespaces; /* ended by NULL; NULL: all are trusted */
    const char *const *watch_namespaces;   /* ended by NULL; NULL: the whole cluster */
    size_t part_budget; /* bytes of jobs in one part; 0: what fits into an object */
    bool offline;       /* of the cluster only what is in the files is known */
    struct bnc_assumed assume;
};

bool bnc_settings_trusts(const struct bnc_settings *settings, const char *ns);

/* A set of namespaces. */
struct bnc_scope {
    bool all;
    struct bnc_texts names; /* sorted; when not all */
};
bool bnc_scope_has(const struct bnc_scope *scope, const char *ns);
bool bnc_scope_meet(const struct bnc_scope *a, const struct bnc_scope *b);

struct bnc_mesh_facts;     /* reconcilers/mesh_facts.h */
struct bnc_left;           /* likewise */
struct bnc_kiali_facts;    /* reconcilers/kiali.h */
struct bnc_ir_datasource;  /* model/ir_grafana.h */
struct bnc_ir_dashboard;   /* likewise */
struct bnc_telemetry;      /* mesh/istio.h */
struct bnc_proxy_config;   /* mesh/istio.h */
struct bnc_ir_metric_rule; /* model/ir_metric_rule.h */
struct bnc_spec_from;      /* model/spec_from.h */

/* One file of Prometheus' files/ folder. */
struct bnc_file_ref {
    struct bnc_asset asset;
};

/* Where the credentials for Grafana's HTTP API are read: a token, or the other two. */
struct bnc_grafana_login {
    struct bnc_asset token; /* name NULL: none; likewise below */
    struct bnc_asset username;
    struct bnc_asset password;
    struct bnc_asset ca;
    int64_t poll_ms; /* 0: not said */
};

struct bnc_ir_observatory {
    struct bnc_spec_observatory spec;
    struct bnc_scope reach;        /* what it may touch at all */
    bool own_only;                 /* that is its own namespace: it is not trusted */
    struct bnc_scope scope;        /* namespaceSelector */
    struct bnc_scope policy_scope; /* scrapePolicyNamespaceSelector */
    struct bnc_scope
        foreign_scopes[BNC_FOREIGN_COUNT]; /* of prometheus-operator's kinds */
    struct bnc_assumed assume;
    struct bnc_spec_from *from;           /* prometheus-operator's; NULL: none */
    const cJSON *from_spec;               /* as it is written */
    bool from_selects[BNC_FOREIGN_COUNT]; /* its selector, not the Observatory's */
    bool agent;                           /* it is a PrometheusAgent */
    bool operator_output;    /* written where prometheus-operator's reloader reads it */
    const cJSON *api_server; /* keys of kubernetes_sd_configs; NULL: Prometheus' own */
    const cJSON *base;       /* merged and checked; NULL: none */
    const cJSON *raw_jobs;   /* array of additionalScrapeConfigs; NULL: none */
    struct bnc_scope sampling_scope;   /* tracing.samplingPolicyNamespaceSelector */
    struct bnc_scope rule_scope;       /* prometheus.metricRuleNamespaceSelector */
    struct bnc_scope datasource_scope; /* grafana.datasourceNamespaceSelector */
    struct bnc_scope dashboard_scope;  /* grafana.dashboardNamespaceSelector */
    struct bnc_mesh_facts *mesh;       /* of the live mesh; NULL: no spec.mesh */
    struct bnc_left *left;             /* of another mesh, to be given back */
    size_t n_left;
    struct bnc_kiali_facts *kiali;     /* the live one; NULL: no spec.kiali */
    struct bnc_grafana_login *grafana; /* NULL: its HTTP API is not used */
    struct bnc_asset *files;           /* files[] of base */
    size_t n_files;
};

/* A container port that a pod declares. */
struct bnc_port {
    const char *name; /* "" when it has none */
    int64_t number;
    const char *protocol; /* TCP unless said */
    const char *container;
};

/* Pods by what controls them, as the discovery's labels tell it. */
struct bnc_identity {
    const char *ns;
    const char *controller_kind; /* ReplicaSet, StatefulSet, ...; "": a pod by its name */
    const char *name;            /* exact, or the part before the hash or the time */
    enum { BNC_IDENTITY_EXACT, BNC_IDENTITY_HASH, BNC_IDENTITY_TIME } suffix;
};

enum bnc_layer {
    BNC_LAYER_TEMPLATE,
    BNC_LAYER_WORKLOAD,
    BNC_LAYER_SERVICE,
    BNC_LAYER_NAMESPACE,
    BNC_LAYER_COUNT
};

struct bnc_note { /* an annotation that may concern us */
    const char *key;
    const char *value;
    enum bnc_layer layer;
    const char *owner; /* "Service shop/web": where it stands, for messages */
    const char *field; /* of the owner: "metadata.annotations"; static */
};

/* How Istio and OpenTelemetry come into a pod. */
struct bnc_injection {
    bool sidecar;             /* Istio's proxy is, or will be, in its pods */
    bool gateway;             /* and is all there is: a gateway */
    const char *gateway_name; /* of the Gateway API; NULL: none */
    const char *proxy_config; /* annotation proxy.istio.io/config; NULL: none */
    const char *baked;        /* PROXY_CONFIG of a pod that stands for itself; NULL */
    const cJSON *sdk; /* annotations instrumentation.opentelemetry.io/...; NULL: none */
    const cJSON *ns_sdk;  /* of its Namespace; NULL: none */
    const cJSON *sdk_env; /* list of OTEL_... that its containers set; NULL: none */
};

struct bnc_ir_workload {
    struct bnc_identity identity;
    const char *workload; /* its name, for the label job */
    const cJSON *labels;  /* of its pods */
    struct bnc_port *ports;
    size_t n_ports;
    struct bnc_note *notes; /* by layer, then key in byte order */
    size_t n_notes;
    struct bnc_injection injection;
    const struct bnc_note *sampling; /* its own sampling-percent; NULL: none */
};

/* A running pod with Istio's proxy, or with an SDK that was told how to sample. */
struct bnc_ir_proxy {
    bool sidecar;                /* it has Istio's proxy */
    const cJSON *sdk_env;        /* list of OTEL_... of its containers; NULL: none */
    const char *controller_kind; /* "": it stands for itself */
    const char *controller;
    const struct bnc_proxy_config *config; /* PROXY_CONFIG; NULL: none, or unusable */
};

struct bnc_ir_sampling {
    struct bnc_spec_sampling_policy spec;
    int64_t percent; /* hundredths: as written, or what the budget gives now */
};

/* A Namespace that says something. */
struct bnc_ir_namespace {
    const char *sampling_percent; /* annotation; NULL: none */
};

struct bnc_ir_instrumentation {
    const cJSON *spec;
    const char *was; /* our annotation on it: what it had; NULL: none */
};

struct bnc_endpoint_ir {
    const char *name; /* last part of the job's name */
    const struct bnc_endpoint *spec;
    const char *preset; /* NULL unless it comes from one */
    struct bnc_job_tls tls;
    const char *auth_type;
    const char *credentials_file;
    const char *username;
    const char *username_file;
    const char *password_file;
    struct bnc_job_oauth2 *oauth2;
    const char *bearer_token_file;
    const cJSON *proxy_connect_header;
};

/* A ServiceMonitor, PodMonitor, Probe or ScrapeConfig. */
struct bnc_ir_monitor {
    struct bnc_spec_monitor spec;
    struct bnc_endpoint_ir *endpoints; /* of a Probe or ScrapeConfig exactly one */
    size_t n_endpoints;
    const cJSON *discovery; /* of a ScrapeConfig: ..._sd_configs; NULL: none */
    const char *clear;      /* a field that has a value of a Secret in it; NULL: none */
    struct bnc_asset *assets;
    size_t n_assets;
};

struct bnc_ir_policy {
    struct bnc_spec_scrape_policy spec;
    struct bnc_scope scope; /* where its pods are, as it asks */
    bool beyond_own;        /* it asks for more than its own namespace */
    struct bnc_endpoint_ir *endpoints;
    size_t n_endpoints;
    struct bnc_asset *assets;
    size_t n_assets;
};

enum bnc_ir_type {
    BNC_IR_NONE,
    BNC_IR_OBSERVATORY,
    BNC_IR_POLICY,
    BNC_IR_MONITOR,
    BNC_IR_SAMPLING,
    BNC_IR_METRIC_RULE,
    BNC_IR_PROMETHEUS_RULE,
    BNC_IR_DATASOURCE,
    BNC_IR_DASHBOARD,
    BNC_IR_WORKLOAD,
    BNC_IR_PROXY,
    BNC_IR_NAMESPACE,
    BNC_IR_TELEMETRY,
    BNC_IR_INSTRUMENTATION
};

struct bnc_ir {
    struct bnc_arena *arena; /* all of it lives here; NULL when type is NONE */
    enum bnc_ir_type type;
    bool pending;        /* something that it reads is not known yet */
    const cJSON *labels; /* of the object itself, for selection; NULL: none */
    const cJSON *annotations;
    const cJSON *finalizers;
    union {
        struct bnc_ir_observatory *observatory;
        struct bnc_ir_policy *policy;
        struct bnc_ir_monitor *monitor;
        struct bnc_ir_sampling *sampling;
        struct bnc_ir_metric_rule *metric_rule;
        struct bnc_ir_datasource *datasource; /* model/ir_grafana.h */
        struct bnc_ir_dashboard *dashboard;   /* likewise */
        struct bnc_ir_workload *workload;
        struct bnc_ir_proxy *proxy;
        struct bnc_ir_namespace *ns;
        struct bnc_telemetry *telemetry; /* mesh/istio.h */
        struct bnc_ir_instrumentation *instrumentation;
    } as;
    struct bnc_diags diags; /* errors: the object is rejected */
};

/*
 * A reconciler: one row of the table for each kind that is compiled.  Pure:
 * reads the object and, through the view, what it refers to.
 */
struct bnc_reconciler {
    enum bnc_kind primary;
    void (*compile)(const struct bnc_object *self, const struct bnc_settings *settings,
                    struct bnc_view *view, struct bnc_ir *out);
};

#endif
