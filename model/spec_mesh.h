/*
 * The blocks tracing and mesh of an Observatory: where spans go, how many, and which
 * Istio sends them.
 */
#ifndef BNC_MODEL_SPEC_MESH_H
#define BNC_MODEL_SPEC_MESH_H

#include "model/spec_common.h"

struct bnc_header_spec { /* value | envName */
    const char *name;
    const char *value;
    const char *env_name; /* of istiod's environment: for credentials */
};

struct bnc_backend_spec {
    const char *name;
    const char *type;        /* jaeger, zipkin, opentelemetry, tempo, lightstep, ... */
    const char *protocol;    /* OTLP, OTLPHTTP, Zipkin, Datadog, SkyWalking; filled in */
    const char *service;     /* NAME.NAMESPACE or a host name */
    struct bnc_opt_int port; /* filled in: the protocol's own */
    const char *path;        /* OTLPHTTP, Zipkin */
    const char *query_url;
    const char *browser_url;   /* as people reach it; NULL: unknown */
    const char *trace_context; /* Zipkin: B3 (default), B3AndW3C */
    struct bnc_list headers;   /* struct bnc_header_spec; OTLP, OTLPHTTP, Zipkin */
};

struct bnc_mesh_sampling_spec {
    struct bnc_opt_int percent;     /* hundredths; unset: as the mesh is */
    struct bnc_opt_int max_percent; /* hundredths; default 100 % */
};

struct bnc_strategies_spec {
    const char *kind; /* ConfigMap (default) or Secret */
    const char *ns;   /* NULL: the Observatory's */
    const char *name; /* NULL: NAME-jaeger-sampling */
    const char *key;  /* default strategies.json */
};

struct bnc_tracing_spec {
    struct bnc_texts apply;   /* Istio, OpenTelemetry, Jaeger; unset: by what is there */
    struct bnc_list backends; /* struct bnc_backend_spec */
    struct bnc_mesh_sampling_spec *sampling;
    struct bnc_strategies_spec *strategies;
    struct bnc_selector *policy_selector; /* CRD default {} */
    struct bnc_selector *policy_namespace_selector;
};

struct bnc_mesh_spec {
    const char *ns;          /* default istio-system */
    const char *revision;    /* "" or "default": the one without a name */
    const char *mode;        /* Telemetry (default), Environment, Mixer */
    const char *mesh_config; /* Shared (default), Patch, None */
    const char *version;     /* of Istio; NULL: today's */
};

extern const struct bnc_table bnc_table_tracing;
extern const struct bnc_table bnc_table_mesh;

/* What a protocol's backend listens on, and its path; 0 and NULL: unknown or none. */
int64_t bnc_backend_port(const char *protocol);
const char *bnc_backend_path(const char *protocol);

/* Names of values, ended by NULL: Istio, OpenTelemetry, Jaeger. */
extern const char *const bnc_tracing_systems[];

#endif
