/*
 * The OpenTelemetry operator's Instrumentation: which one a pod gets, what its containers
 * then are told about sampling, and what binnacle writes into one.
 */
#ifndef BNC_MESH_INSTRUMENTATION_H
#define BNC_MESH_INSTRUMENTATION_H

#include "mesh/sdk.h"

/* ---- which one a pod gets ---------------------------------------------------------- */

struct bnc_instrumentation {
    const char *ns;
    const char *name;
    const cJSON *spec; /* NULL: none */
};

enum bnc_inject_language {
    BNC_INJECT_JAVA,
    BNC_INJECT_NODEJS,
    BNC_INJECT_PYTHON,
    BNC_INJECT_DOTNET,
    BNC_INJECT_GO, /* the settings are of its agent's own container */
    BNC_INJECT_APACHE_HTTPD,
    BNC_INJECT_NGINX,
    BNC_INJECT_SDK, /* inject-sdk: settings without an agent */
    BNC_INJECT_LANGUAGE_COUNT
};

/* "instrumentation.opentelemetry.io/inject-java". */
const char *bnc_instrumentation_annotation(enum bnc_inject_language language);

enum bnc_inject {
    BNC_INJECT_NOT, /* no annotation, or "false" */
    BNC_INJECT_ONE,
    BNC_INJECT_NONE_THERE, /* "true", and the namespace has none: nothing is injected */
    BNC_INJECT_SEVERAL,    /* "true", and the namespace has more than one: likewise */
    BNC_INJECT_NOT_FOUND   /* named, but not there: likewise */
};

struct bnc_instrumentation_chosen {
    enum bnc_inject choice;
    const struct bnc_instrumentation *one; /* of ONE */
    const char *ns;                        /* where it was looked for; NULL: nowhere */
    const char *name;                      /* which one; NULL: the only one */
};

/* A pod's template; annotations are objects with texts, NULL: none. */
struct bnc_inject_pod {
    enum bnc_inject_language language;
    const char *ns;
    const cJSON *annotations;
    const cJSON *ns_annotations; /* of its namespace */
};

/*
 * What the operator injects (0.140, annotation.go and podmutator.go).  The pod's
 * annotation counts, but for "true", which takes the namespace's unless that is "false".
 * `all`: of any namespaces, as "NS/NAME" looks into another one. Owns: texts live in
 * `arena`.
 */
void bnc_instrumentation_choose(const struct bnc_inject_pod *pod,
                                const struct bnc_instrumentation *all, size_t n,
                                struct bnc_arena *arena,
                                struct bnc_instrumentation_chosen *out);

/* ---- what a container is told ------------------------------------------------------ */

enum bnc_sdk_from {
    BNC_SDK_FROM_DEFAULT,   /* nobody says anything */
    BNC_SDK_FROM_CONTAINER, /* its own variable */
    BNC_SDK_FROM_LANGUAGE,  /* spec.LANGUAGE.env of the Instrumentation */
    BNC_SDK_FROM_ENV,       /* spec.env */
    BNC_SDK_FROM_SPEC       /* spec.sampler, spec.propagators */
};

struct bnc_sdk_setting {
    enum bnc_sdk_from from;
    const char *value; /* NULL: not set, or not known */
    bool not_known;    /* it is set from a ConfigMap, Secret, field or other variable */
};

struct bnc_sdk_settings {
    struct bnc_sdk_setting sampler;
    struct bnc_sdk_setting argument;
    struct bnc_sdk_setting propagators;
};

/*
 * The variables of a container when its pod is made now; a running one keeps those that
 * it was made with.  `env` is its own list of {name, value | valueFrom}, NULL for none;
 * the last of a name counts.  envFrom is not looked at: the operator does not either.
 * Each variable is the first of: the container's, the language's list, spec.env; ""
 * counts. spec.sampler holds when none of these has either of its two variables. `spec`:
 * of the chosen Instrumentation; NULL: none. Owns: texts live in `arena`.
 */
void bnc_instrumentation_settings(const cJSON *env, const cJSON *spec,
                                  enum bnc_inject_language language,
                                  struct bnc_arena *arena, struct bnc_sdk_settings *out);

/* The sampler they make, as bnc_sdk_sampler_decode() reads it. */
void bnc_instrumentation_sampler(const struct bnc_sdk_settings *settings,
                                 struct bnc_arena *arena, struct bnc_sdk_sampler *out);

/* ---- what binnacle writes ---------------------------------------------------------- */

struct bnc_instrumentation_wanted {
    int64_t percent;             /* hundredths of 1 %; of Jaeger's: until it answers */
    const char *jaeger_endpoint; /* gRPC, "http://HOST:14250"; NULL: a plain ratio */
    int64_t polling_interval_ms; /* of Jaeger's */
};

/*
 * The fields of an Instrumentation's spec, parent-based either way:
 *   {"sampler": {"type": "parentbased_traceidratio", "argument": "0.125"}}
 *   {"env": [OTEL_TRACES_SAMPLER=parentbased_jaeger_remote, OTEL_TRACES_SAMPLER_ARG=...]}
 * The second because the CRD's enum lacks parentbased_jaeger_remote.  A container that
 * has one of the two variables itself gets the other one from there, which may not fit.
 * Errors: INVALID for an endpoint that the list of arguments cannot hold.
 */
enum bnc_code bnc_instrumentation_fields(const struct bnc_instrumentation_wanted *wanted,
                                         struct bnc_arena *arena, cJSON **out,
                                         struct bnc_error *err) BNC_MUST_CHECK;

#endif
