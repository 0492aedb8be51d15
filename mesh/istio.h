/*
 * What of Istio's own configuration decides on tracing and metrics, decoded from live
 * objects as istiod reads them: tolerant where it is, wrong where it is.
 */
#ifndef BNC_MESH_ISTIO_H
#define BNC_MESH_ISTIO_H

#include <cjson/cJSON.h>

#include "lib/error.h"
#include "model/field.h"

/*
 * A percentage as Istio may have it, anything that a double can be.
 * Units: ten-thousandths of 1 % (12.3457 % is 123457): the resolution of Envoy.
 */
typedef int64_t bnc_rate;
#define BNC_RATE_PERCENT 10000   /* 1 % */
#define BNC_RATE_ALL     1000000 /* 100 % */

struct bnc_opt_rate {
    bool set;
    bnc_rate value;
};

/*
 * Decimal text as Go's ParseFloat takes it, "12.34567", "-5", "1e1", ".5", rounded to the
 * resolution; what is below 0 or above 100 stays so, whatever rounding would do.  False:
 * no number; so are "0x1p3", "1_0" and "nan" here, which Go would take.
 */
bool bnc_rate_parse(const char *text, bnc_rate *out);

/* The same of a JSON number; false: it is none. */
bool bnc_rate_from_json(const cJSON *number, struct bnc_arena *arena, bnc_rate *out);

/* The shortest decimal: 123457 is "12.3457", 500000 is "50". */
const char *bnc_rate_text(bnc_rate rate, struct bnc_arena *arena);

/* ---- Telemetry ----------------------------------------------------------------- */

enum bnc_mode { BNC_MODE_BOTH, BNC_MODE_CLIENT, BNC_MODE_SERVER };

/* One entry of spec.tracing. */
struct bnc_tracing_entry {
    enum bnc_mode mode;
    const char *provider; /* the first one; NULL: none is named */
    struct bnc_opt_rate percent;
    enum bnc_tri disable_span_reporting;
    const cJSON *custom_tags; /* NULL: not said; {} clears */
};

struct bnc_telemetry {
    const char *ns;
    const char *name;
    const char *created; /* RFC 3339, seconds; "": not known, the newest */
    bool ours;           /* label app.kubernetes.io/managed-by: binnacle */
    bool selects;        /* it has labels or targetRefs; a selector {} has neither */
    struct bnc_pairs match_labels;
    const cJSON *target_refs; /* a list, or the one object of targetRef; NULL: none */
    struct bnc_tracing_entry *tracing;
    size_t n_tracing;
    const cJSON *metrics; /* spec.metrics, as it stands; NULL: none */
};

/*
 * Decode the object's pruned JSON (metadata, spec) into `out`, borrowing from `root`
 * for raw parts.  What istiod would not understand is left out, never an error.
 */
void bnc_telemetry_decode(const cJSON *root, struct bnc_arena *arena,
                          struct bnc_telemetry *out);

/* Older first, then by name, then by namespace: the order of istiod. */
int bnc_telemetry_compare(const struct bnc_telemetry *a, const struct bnc_telemetry *b);

/*
 * Whether it is about a proxy of `ns` with these labels.  One with labels or targetRefs
 * is about its own namespace only, even in the root one; targetRefs are for proxies of
 * the Gateway API alone (`gateway`: its name, or NULL).  Says nothing about whether
 * another beats it: see bnc_telemetry_ignored().  Waypoints are left out.
 */
bool bnc_telemetry_matches(const struct bnc_telemetry *telemetry, const char *ns,
                           const char *root_ns, const cJSON *labels, const char *gateway);

/* ---- mesh configuration -------------------------------------------------------- */

struct bnc_provider {
    const char *name;
    const char *type;    /* "zipkin", "opentelemetry", ...; "" when it has none */
    const char *service; /* as written, "ns/host" or host; NULL: none */
    int64_t port;
    bool own_sampler; /* opentelemetry with a sampler of its own: 100 % are sent */
};

struct bnc_mesh_config {
    bool valid; /* false: it has a wrong type somewhere, and istiod drops it whole */
    struct bnc_provider *providers;
    size_t n_providers;
    const char *default_tracing;  /* defaultProviders.tracing[0]; NULL: none */
    bool says_tracing;            /* that list is there, though maybe empty */
    enum bnc_tri default_metrics; /* defaultProviders.metrics has any; UNSET: not said */
    struct bnc_texts metrics;     /* its names */
    bool has_default_providers;
    enum bnc_tri enable_tracing;
    const char *root_namespace;   /* NULL: the control plane's own */
    struct bnc_opt_rate sampling; /* defaultConfig.tracing.sampling; 0 counts as unset */
    bool has_tracing;             /* defaultConfig.tracing is there */
    const cJSON *custom_tags;     /* defaultConfig.tracing.customTags; NULL: none */
    const char *statsd_address;   /* defaultConfig.statsdUdpAddress; NULL: not said; ""
                                     takes the shared one's away; merged: NULL, never "" */
};

/*
 * Parse the text under key `mesh` of ConfigMap istio or of the shared one; empty text is
 * an empty configuration.  As protobuf reads JSON: unknown fields are tolerated, null is
 * not there, numbers may stand in quotes, names may be in snake_case (yet istiod forgets
 * what default_config and default_providers say).
 * Errors: INVALID for wrong YAML, a wrong type or a wrong statsd address, TOO_BIG; out
 *         is then empty and not valid.
 */
enum bnc_code bnc_mesh_config_parse(const char *text, size_t len, struct bnc_arena *arena,
                                    struct bnc_mesh_config *out, struct bnc_error *err);

/*
 * What istiod makes of both, main over shared, after its built-in one (istio-measured,
 * group j).  Either may be NULL: it is not there.  One that is not valid is left out,
 * and `out` is not valid then; a running istiod that has only one source goes on with
 * the last good one instead, until it restarts.  Of two sources, istiod in truth keeps
 * from a wrong one what protobuf declares before the wrong field: nobody should rely on
 * it.
 */
void bnc_mesh_config_merge(const struct bnc_mesh_config *shared,
                           const struct bnc_mesh_config *main, struct bnc_arena *arena,
                           struct bnc_mesh_config *out);

/* NULL: unknown.  Names differ in case freely. */
const struct bnc_provider *
bnc_provider_find(const struct bnc_mesh_config *config, const char *name);

/*
 * True when proxies send istio_* metrics though no Telemetry says so: the list
 * defaultProviders.metrics names a provider of type prometheus.  Nothing else turns them
 * on; Istio's chart writes it.
 */
bool bnc_mesh_metrics_on(const struct bnc_mesh_config *merged);

/* ---- a proxy's own configuration ----------------------------------------------- */

struct bnc_proxy_config {
    bool has_tracing; /* a tracing object is there: it replaces the mesh's whole */
    struct bnc_opt_rate sampling; /* 0 counts as unset */
    const cJSON *custom_tags;     /* NULL: none */
    const char *statsd_address;   /* NULL: not said; "" takes the mesh's away */
};

/*
 * The value of annotation proxy.istio.io/config (YAML) or of a proxy's environment
 * variable PROXY_CONFIG (JSON), which the injector made of both the mesh's defaults
 * and the annotation.
 */
enum bnc_code
bnc_proxy_config_parse(const char *text, size_t len, struct bnc_arena *arena,
                       struct bnc_proxy_config *out, struct bnc_error *err);

/*
 * What a pod that is made now gets: the mesh's defaults, and over them the annotation
 * (NULL: none), each field of the top level as a whole.
 */
void bnc_proxy_config_new_pod(const struct bnc_mesh_config *mesh,
                              const struct bnc_proxy_config *annotation,
                              struct bnc_proxy_config *out);

#endif
