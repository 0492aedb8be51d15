/*
 * Sampling in the SDKs of OpenTelemetry: what their settings mean, and what is left of
 * the mesh's rate behind them.
 */
#ifndef BNC_MESH_SDK_H
#define BNC_MESH_SDK_H

#include "mesh/istio.h"

/* ---- one sampler ----------------------------------------------------------------- */

enum bnc_sdk_kind {
    BNC_SDK_ALWAYS_ON,
    BNC_SDK_ALWAYS_OFF,
    BNC_SDK_RATIO,
    BNC_SDK_JAEGER_REMOTE,
    BNC_SDK_XRAY,   /* rules of AWS, which nobody here sees */
    BNC_SDK_UNKNOWN /* of an extension; an SDK without it takes its default */
};

struct bnc_sdk_sampler {
    enum bnc_sdk_kind kind; /* of parent-based ones: for a span without a parent */
    bool parent_based;      /* a span with a parent does as that */
    bnc_rate ratio;         /* of RATIO */
    /* of JAEGER_REMOTE; what is not said each SDK has its own default for */
    const char *endpoint;        /* NULL: not said */
    int64_t polling_interval_ms; /* -1: not said */
    struct bnc_opt_rate initial; /* until the first answer has come */

    bool argument_ignored; /* there is one, but it cannot be read */
    bool not_known; /* the type, or the argument that it wants, is set out of our sight */
};

/*
 * OTEL_TRACES_SAMPLER and OTEL_TRACES_SAMPLER_ARG, or spec.sampler of an Instrumentation,
 * as the specification of the variables reads them: "" is not set, blanks around are
 * nothing, no type is parentbased_always_on, an argument without a type is not looked at,
 * and a wrong one is as none at all: a ratio is then 1.
 * Owns: the endpoint lives in `arena`.
 */
void bnc_sdk_sampler_decode(const char *type, const char *argument,
                            struct bnc_arena *arena, struct bnc_sdk_sampler *out);

/* "0.125" for 12.5 %, the argument of a ratio.  Units: `percent` in hundredths of 1 %. */
const char *bnc_sdk_sampler_argument(int64_t percent, struct bnc_arena *arena);

/* ---- propagation: in which headers a trace goes on ------------------------------- */

/* Bits. */
enum bnc_sdk_format {
    BNC_SDK_W3C = 1 << 0,
    BNC_SDK_B3 = 1 << 1, /* one header or several: either reads both */
    BNC_SDK_JAEGER = 1 << 2,
    BNC_SDK_XRAY_HEADER = 1 << 3,
    BNC_SDK_OTTRACE = 1 << 4
};

/* Of OTEL_PROPAGATORS; without a name that is known it is the default, W3C. */
unsigned bnc_sdk_propagators(const char *text, struct bnc_arena *arena);

/*
 * Of a tracing provider of Istio by its type; `both`: a zipkin one with the option
 * USE_B3_WITH_W3C_PROPAGATION.  0 for those with headers that no SDK reads by itself.
 */
unsigned bnc_sdk_provider_formats(const char *type, bool both);

/* ---- mesh and SDK together --------------------------------------------------------- */

struct bnc_sdk_facts {
    bool mesh_traces;      /* proxies decide before the app does */
    bnc_rate mesh_rate;    /* where traces begin */
    unsigned mesh_formats; /* of its provider */
    unsigned sdk_formats;  /* of the app */
    const struct bnc_sdk_sampler *sampler;
    struct bnc_opt_rate remote; /* what Jaeger tells this service; unset: not known */
};

enum bnc_sdk_finding {
    BNC_SDK_FINE,
    BNC_SDK_DOUBLE_SAMPLING,      /* the app throws dice a second time */
    BNC_SDK_PARENT_IGNORED,       /* the app records what the mesh has decided not to */
    BNC_SDK_NOT_RECORDED,         /* the app's spans are missing in the mesh's traces */
    BNC_SDK_PROPAGATION_MISMATCH, /* the app does not see the mesh's trace */
    BNC_SDK_RATE_UNKNOWN,    /* decided elsewhere: both rates are the most it can be */
    BNC_SDK_SAMPLER_UNKNOWN, /* both rates are those of an SDK that does not know it */
    BNC_SDK_FINDING_COUNT
};

struct bnc_sdk_answer {
    /*
     * Requests that give a whole trace, with the spans of proxies and app.  Where the app
     * begins traces of its own (no mesh, or a mismatch): requests that give such a one.
     */
    bnc_rate rate;
    bnc_rate app; /* requests of which the app records its spans, wherever they belong */
    enum bnc_sdk_finding finding;
};

/*
 * Two independent decisions multiply, rounded half up to the resolution of bnc_rate; a
 * parent-based sampler keeps the mesh's where it can read it.
 */
void bnc_sdk_combine(const struct bnc_sdk_facts *facts, struct bnc_sdk_answer *out);

/* What a user can do about it, one sentence; NULL for FINE. */
const char *bnc_sdk_remedy(enum bnc_sdk_finding finding);

#endif
