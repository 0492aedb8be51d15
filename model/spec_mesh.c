#include "model/spec_mesh.h"

#include <stddef.h>
#include <string.h>

/* ---- backends ------------------------------------------------------------------ */

static const struct {
    const char *protocol;
    int64_t port;
    const char *path;
} protocols[] = {
    {"OTLP", 4317, NULL},        {"OTLPHTTP", 4318, "/v1/traces"},
    {"Datadog", 8126, NULL},     {"Zipkin", 9411, "/api/v2/spans"},
    {"SkyWalking", 11800, NULL},
};

static const char *const protocol_names[] = {"Zipkin",  "OTLP",       "OTLPHTTP",
                                             "Datadog", "SkyWalking", NULL};

static const struct {
    const char *type;
    const char *protocol;
} backend_types[] = {
    {"jaeger", "OTLP"},     {"zipkin", "Zipkin"},         {"opentelemetry", "OTLP"},
    {"tempo", "OTLP"},      {"lightstep", "OTLP"},        {"instana", "OTLP"},
    {"datadog", "Datadog"}, {"skywalking", "SkyWalking"},
};

static const char *const backend_type_names[] = {"jaeger",  "zipkin",     "opentelemetry",
                                                 "tempo",   "lightstep",  "instana",
                                                 "datadog", "skywalking", NULL};

int64_t
bnc_backend_port(const char *protocol)
{
    for (size_t i = 0; protocol != NULL && i < BNC_LEN(protocols); i++) {
        if (strcmp(protocols[i].protocol, protocol) == 0) {
            return protocols[i].port;
        }
    }
    return 0;
}

const char *
bnc_backend_path(const char *protocol)
{
    for (size_t i = 0; protocol != NULL && i < BNC_LEN(protocols); i++) {
        if (strcmp(protocols[i].protocol, protocol) == 0) {
            return protocols[i].path;
        }
    }
    return NULL;
}

#define AT(member) offsetof(struct bnc_header_spec, member)
static const struct bnc_field header_rows[] = {
    {"name", BNC_FIELD_TEXT, AT(name), .min = 1, .max_len = 128, .required = true,
     .doc = "Name of the header, as lightstep-access-token."},
    {"value", BNC_FIELD_TEXT, AT(value), .max_len = 1024,
     .doc = "Its value. It stands in a ConfigMap: nothing secret belongs here."},
    {"envName", BNC_FIELD_TEXT, AT(env_name), .min = 1, .max_len = 128,
     .doc = "Variable of istiod's environment that has the value: for credentials, from "
            "a Secret by secretKeyRef in istiod's Deployment."},
};
#undef AT

static const char *const header_names[] = {"value", "envName", NULL};
static const struct bnc_union header_unions[] = {
    {.names = header_names, .required = true}};

static const struct bnc_table header_table = {
    .name = "Header",
    .size = sizeof(struct bnc_header_spec),
    .fields = header_rows,
    .n_fields = BNC_LEN(header_rows),
    .unions = header_unions,
    .n_unions = BNC_LEN(header_unions),
};

static const char *const trace_contexts[] = {"B3", "B3AndW3C", NULL};

static void
finish_backend(void *item, const char *path, struct bnc_diags *diags)
{
    struct bnc_backend_spec *backend = item;
    for (size_t i = 0; backend->type != NULL && i < BNC_LEN(backend_types); i++) {
        if (backend->protocol == NULL &&
            strcmp(backend_types[i].type, backend->type) == 0) {
            backend->protocol = backend_types[i].protocol;
        }
    }
    if (backend->protocol == NULL) {
        return; /* decoding has said so */
    }
    if (!backend->port.set) {
        backend->port = (struct bnc_opt_int){true, bnc_backend_port(backend->protocol)};
    }
    if (backend->path != NULL && bnc_backend_path(backend->protocol) == NULL) {
        bnc_diag_add(diags, BNC_REASON_INVALID_FIELD,
                     bnc_arena_fmt(diags->arena, "%s.path", path), "leave it out",
                     "protocol %s has no path", backend->protocol);
    }
    if (backend->headers.n > 0 && bnc_backend_path(backend->protocol) == NULL &&
        strcmp(backend->protocol, "OTLP") != 0) {
        bnc_diag_add(diags, BNC_REASON_INVALID_FIELD,
                     bnc_arena_fmt(diags->arena, "%s.headers", path),
                     "leave them out, or use OTLP, OTLPHTTP or Zipkin",
                     "Istio sends no headers with protocol %s", backend->protocol);
    }
    if (backend->trace_context != NULL && strcmp(backend->protocol, "Zipkin") != 0) {
        bnc_diag_add(diags, BNC_REASON_INVALID_FIELD,
                     bnc_arena_fmt(diags->arena, "%s.traceContext", path), "leave it out",
                     "only protocol Zipkin has a choice, %s sends its own",
                     backend->protocol);
    }
}

#define AT(member) offsetof(struct bnc_backend_spec, member)
static const struct bnc_field backend_rows[] = {
    {"name", BNC_FIELD_TEXT, AT(name), .rule = BNC_TEXT_OBJECT_NAME, .required = true,
     .doc = "Name of the backend: SamplingPolicies refer to it, and it is the name of "
            "Istio's extension provider."},
    {"type", BNC_FIELD_ENUM, AT(type), .values = backend_type_names, .required = true,
     .doc = "What stores the traces. lightstep and instana are reached through OTLP or "
            "Zipkin: Istio's own tracers for them are gone."},
    {"protocol", BNC_FIELD_ENUM, AT(protocol), .values = protocol_names,
     .doc = "How spans are sent: OTLP is gRPC. The type's usual one when unset."},
    {"service", BNC_FIELD_TEXT, AT(service), .rule = BNC_TEXT_OBJECT_NAME,
     .required = true,
     .doc = "Where to: NAME.NAMESPACE of a Service, or a host that a ServiceEntry has."},
    {"port", BNC_FIELD_INT, AT(port), .min = 1, .max = 65535,
     .doc = "Port of it; the protocol's own when unset."},
    {"path", BNC_FIELD_TEXT, AT(path), .rule = BNC_TEXT_PATH,
     .doc = "Path of OTLPHTTP and Zipkin; /v1/traces and /api/v2/spans when unset."},
    {"queryUrl", BNC_FIELD_TEXT, AT(query_url), .rule = BNC_TEXT_URL,
     .doc = "Where traces are looked at, in the cluster: for Grafana and Kiali."},
    {"browserUrl", BNC_FIELD_TEXT, AT(browser_url), .rule = BNC_TEXT_URL,
     .doc = "Where people look at them: Kiali links there."},
    {"traceContext", BNC_FIELD_ENUM, AT(trace_context), .values = trace_contexts,
     .doc =
         "Headers that carry a trace with protocol Zipkin: B3, or B3AndW3C to "
         "reach applications that know W3C's traceparent only (Istio 1.28 and later)."},
    {"headers", BNC_FIELD_LIST, AT(headers), .sub = &header_table, .max_items = 16,
     .list_key = "name", .doc = "Headers that are sent with the spans."},
};
#undef AT

static const struct bnc_table backend_table = {
    .name = "Backend",
    .size = sizeof(struct bnc_backend_spec),
    .fields = backend_rows,
    .n_fields = BNC_LEN(backend_rows),
    .finish = finish_backend,
};

/* ---- tracing ------------------------------------------------------------------- */

const char *const bnc_tracing_systems[] = {"Istio", "OpenTelemetry", "Jaeger", NULL};

#define AT(member) offsetof(struct bnc_mesh_sampling_spec, member)
static const struct bnc_field sampling_rows[] = {
    {"percent", BNC_FIELD_PERCENT, AT(percent),
     .doc = "Share of requests that are traced where no policy and no annotation says "
            "else. Unset: what the mesh has by itself, 1 % as a rule."},
    {"maxPercent", BNC_FIELD_PERCENT, AT(max_percent), .def = "100",
     .doc = "What policies and annotations outside the Observatory's namespace are cut "
            "to."},
};
#undef AT

static const struct bnc_table sampling_table = {
    .name = "Sampling",
    .size = sizeof(struct bnc_mesh_sampling_spec),
    .fields = sampling_rows,
    .n_fields = BNC_LEN(sampling_rows),
};

static const char *const data_kinds[] = {"ConfigMap", "Secret", NULL};

#define AT(member) offsetof(struct bnc_strategies_spec, member)
static const struct bnc_field strategies_rows[] = {
    {"kind", BNC_FIELD_ENUM, AT(kind), .values = data_kinds, .def = "\"ConfigMap\"",
     .doc = "Kind of the object that the file is written to."},
    {"namespace", BNC_FIELD_TEXT, AT(ns), .rule = BNC_TEXT_NAMESPACE,
     .doc = "Its namespace; the Observatory's own when unset."},
    {"name", BNC_FIELD_TEXT, AT(name), .rule = BNC_TEXT_OBJECT_NAME,
     .doc = "Its name; NAME-jaeger-sampling when unset."},
    {"key", BNC_FIELD_TEXT, AT(key), .rule = BNC_TEXT_KEY, .def = "\"strategies.json\"",
     .doc = "Key of the file in its data."},
};
#undef AT

static const struct bnc_table strategies_table = {
    .name = "Strategies",
    .size = sizeof(struct bnc_strategies_spec),
    .fields = strategies_rows,
    .n_fields = BNC_LEN(strategies_rows),
};

#define AT(member) offsetof(struct bnc_tracing_spec, member)
static const struct bnc_field tracing_rows[] = {
    {"apply", BNC_FIELD_TEXTS, AT(apply), .values = bnc_tracing_systems, .max_items = 3,
     .doc = "What the percentages are written to. Unset: Istio with mesh, Jaeger with "
            "strategies."},
    {"backends", BNC_FIELD_LIST, AT(backends), .sub = &backend_table, .max_items = 16,
     .list_key = "name",
     .doc = "Where spans go. The first one is used where no policy names another."},
    {"sampling", BNC_FIELD_OBJECT, AT(sampling), .sub = &sampling_table,
     .doc = "How much is traced in the whole mesh."},
    {"strategies", BNC_FIELD_OBJECT, AT(strategies), .sub = &strategies_table,
     .doc = "Where Jaeger's file of remote sampling strategies is written."},
    {"samplingPolicySelector", BNC_FIELD_SELECTOR, AT(policy_selector), .def = "{}",
     .doc = "SamplingPolicies by label. {}: all."},
    {"samplingPolicyNamespaceSelector", BNC_FIELD_SELECTOR, AT(policy_namespace_selector),
     .doc = "Namespaces of the SamplingPolicies, by label. Unset: "
            "spec.namespaceSelector."},
};
#undef AT

const struct bnc_table bnc_table_tracing = {
    .name = "Tracing",
    .size = sizeof(struct bnc_tracing_spec),
    .fields = tracing_rows,
    .n_fields = BNC_LEN(tracing_rows),
};

/* ---- mesh ---------------------------------------------------------------------- */

static const char *const modes[] = {"Telemetry", "Environment", "Mixer", NULL};
static const char *const mesh_configs[] = {"Shared", "Patch", "None", NULL};

#define AT(member) offsetof(struct bnc_mesh_spec, member)
static const struct bnc_field mesh_rows[] = {
    {"namespace", BNC_FIELD_TEXT, AT(ns), .rule = BNC_TEXT_NAMESPACE,
     .def = "\"istio-system\"", .doc = "Namespace of the control plane."},
    {"revision", BNC_FIELD_TEXT, AT(revision), .rule = BNC_TEXT_NAMESPACE,
     .doc = "Revision of the control plane; unset: the one without a name."},
    {"mode", BNC_FIELD_ENUM, AT(mode), .values = modes, .def = "\"Telemetry\"",
     .doc = "Telemetry: Istio's Telemetry objects, at each level. Environment: "
            "PILOT_TRACE_SAMPLING on the control plane's Deployment, one percentage for "
            "the mesh. Mixer: Istio 1.4 and older, percentages as with Environment and "
            "metrics as instance, handler and rule."},
    {"meshConfig", BNC_FIELD_ENUM, AT(mesh_config), .values = mesh_configs,
     .def = "\"Shared\"",
     .doc = "Where tracing backends are written. Shared: ConfigMap binnacle-mesh beside "
            "istiod, which reads it with SHARED_MESH_CONFIG=binnacle-mesh. Patch: our "
            "keys in ConfigMap istio, given back when the Observatory goes. None: "
            "nowhere, the providers are there by the names of the backends."},
    {"version", BNC_FIELD_TEXT, AT(version), .rule = BNC_TEXT_VERSION,
     .doc = "Version of Istio, where it matters: before 1.18 proxies have to be told of "
            "new labels of metrics."},
};
#undef AT

const struct bnc_table bnc_table_mesh = {
    .name = "Mesh",
    .size = sizeof(struct bnc_mesh_spec),
    .fields = mesh_rows,
    .n_fields = BNC_LEN(mesh_rows),
};
