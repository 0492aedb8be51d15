/*
 * The effective sampling rate of a proxy: what a real istiod sends it, and why.  One
 * pure function over what is live (istio-measured: 97 rows are its tests).
 */
#ifndef BNC_MESH_EFFECTIVE_H
#define BNC_MESH_EFFECTIVE_H

#include "mesh/istio.h"

enum bnc_proxy_type { BNC_PROXY_SIDECAR, BNC_PROXY_GATEWAY };

/* Everything that decides; all borrowed. */
struct bnc_rate_facts {
    const struct bnc_mesh_config *mesh; /* merged */
    const char *root_namespace;         /* of Telemetry for the whole mesh */
    const char *pilot_trace_sampling; /* environment of the control plane; NULL: unset */
    const struct bnc_telemetry *const *telemetries; /* any order, any namespace */
    size_t n_telemetries;
    /* whether the Service of a provider exists; NULL: all do */
    bool (*service_exists)(void *arg, const struct bnc_provider *provider);
    void *arg;

    /* the proxy */
    const char *ns;
    const char *name;    /* of the workload; decides on nothing */
    const char *gateway; /* Gateway API: name of the Gateway; NULL: none */
    const cJSON *labels; /* of its pods */
    enum bnc_proxy_type type;
    const struct bnc_proxy_config *proxy; /* as baked into it; NULL: nothing of its own */
};

/* What set a value. */
enum bnc_rate_source {
    BNC_RATE_FROM_PROVIDER,     /* its own sampler */
    BNC_RATE_FROM_TELEMETRY,    /* `telemetry` */
    BNC_RATE_FROM_PROXY_CONFIG, /* annotation, or defaultConfig when the pod was made */
    BNC_RATE_FROM_ENVIRONMENT,  /* PILOT_TRACE_SAMPLING */
    BNC_RATE_FROM_DEFAULT       /* Istio's 1 % */
};

enum bnc_rate_off {
    BNC_RATE_ON,
    BNC_RATE_OFF_DISABLED,         /* enableTracing: false, no provider */
    BNC_RATE_OFF_NO_PROVIDER,      /* a Telemetry, but none that names a provider */
    BNC_RATE_OFF_UNKNOWN_PROVIDER, /* `provider` is not in the mesh configuration, or none
                                      for tracing */
    BNC_RATE_OFF_NO_SERVICE,       /* its Service does not exist, or is not said */
    BNC_RATE_OFF_REPORTING,        /* disableSpanReporting, by `telemetry` */
    BNC_RATE_OFF_NOT_APPLICABLE    /* inbound of a gateway */
};

#define BNC_RATE_OVERRIDES_MAX 8

/*
 * For one direction.  When it is off, `rate` is 0, `telemetry` is the one because of
 * which (NULL: the mesh configuration), `source` says whether there is one, and
 * `overrides` are what would decide if it were on.
 */
struct bnc_rate_answer {
    enum bnc_rate_off off; /* ON: tracing is sent, with `rate` */
    bnc_rate rate;
    enum bnc_rate_source source;
    const struct bnc_telemetry *telemetry; /* that decides on the rate; NULL: none */
    const char *provider; /* that gets the spans, as it is named; NULL: the bootstrap's */
    const cJSON *custom_tags; /* NULL: none */
    /* the values that it hides, next first; each Telemetry once */
    struct {
        enum bnc_rate_source source;
        const struct bnc_telemetry *telemetry;
        bnc_rate rate;
    } overrides[BNC_RATE_OVERRIDES_MAX];
    size_t n_overrides;
};

struct bnc_rate_answers {
    struct bnc_rate_answer outbound;
    struct bnc_rate_answer inbound;
};

/*
 * Highest first: the provider's own sampler, Telemetry objects that select the proxy
 * (newest first), the oldest one without selector in its namespace, likewise in the root
 * namespace, its own proxy configuration, PILOT_TRACE_SAMPLING, 1 %.  Each field counts
 * by itself.
 * Owns: texts and lists of the answer are borrowed from the facts or live in `arena`.
 */
void bnc_rate_effective(const struct bnc_rate_facts *facts, struct bnc_arena *arena,
                        struct bnc_rate_answers *out);

/*
 * Telemetry objects that are dead: without selector, and not the oldest of their
 * namespace (same second: first name).  True when `telemetry` is one of them; the winner
 * in *winner.
 */
bool bnc_telemetry_ignored(const struct bnc_rate_facts *facts,
                           const struct bnc_telemetry *telemetry,
                           const struct bnc_telemetry **winner);

#endif
