/*
 * Reasons: the one word of a condition, an Event or a line of lint.
 */
#ifndef BNC_MODEL_REASON_H
#define BNC_MODEL_REASON_H

#include "lib/base.h"

enum bnc_reason {
    BNC_REASON_NONE = 0,
    BNC_REASON_ACCEPTED,
    BNC_REASON_INVALID_FIELD,   /* a value that its type or bounds refuse */
    BNC_REASON_UNKNOWN_FIELD,   /* a field that does not exist */
    BNC_REASON_INVALID_OBJECT,  /* not an object at all, no name, ... */
    BNC_REASON_INVALID_RELABEL, /* a relabel rule that Prometheus would refuse */
    BNC_REASON_INVALID_REGEX,
    BNC_REASON_INVALID_ANNOTATION,
    BNC_REASON_UNKNOWN_PRESET,
    BNC_REASON_UNKNOWN_SCRAPE_CLASS,
    BNC_REASON_REF_NOT_FOUND, /* a Secret, ConfigMap or key that is not there */
    BNC_REASON_REF_PENDING,   /* not known yet whether it is there */
    BNC_REASON_REF_DENIED,    /* we may not read it */
    BNC_REASON_INVALID_REF,   /* it is there but its content is unusable */
    BNC_REASON_NOT_PERMITTED, /* reaches for what is not its own */
    BNC_REASON_NOT_SELECTED,
    BNC_REASON_UNSUPPORTED_VERSION, /* Prometheus is too old for it */
    BNC_REASON_CONFLICTED,
    BNC_REASON_OVERLAP,
    BNC_REASON_NO_NAMESPACE, /* a selector matches none (yet) */
    BNC_REASON_OUTPUT_TAKEN,
    BNC_REASON_TOO_BIG,
    BNC_REASON_PUBLISHED,
    BNC_REASON_REJECTED_OBJECTS, /* some selected objects were left out */
    BNC_REASON_COMPLETE,
    BNC_REASON_SUSPENDED,
    BNC_REASON_WRITE_FAILED,
    BNC_REASON_APPLY_LOOP,
    BNC_REASON_INVALID_BASE,
    BNC_REASON_RESOLVED,
    BNC_REASON_NO_OBSERVATORY,
    BNC_REASON_WAITING,
    BNC_REASON_LOADED,
    BNC_REASON_LOADING,
    BNC_REASON_NO_INSTANCE, /* no binnacle sync reports */
    BNC_REASON_REFUSED,     /* by the running Prometheus */
    BNC_REASON_NOT_SHARED,  /* istiod does not read our mesh configuration */
    BNC_REASON_NO_PROVIDER, /* no tracing backend that Istio knows: nothing is set */
    BNC_REASON_FOREIGN_TELEMETRY, /* somebody else's Telemetry holds the level */
    BNC_REASON_FOREIGN_FIELD,     /* a field has a value of somebody else's */
    BNC_REASON_MESH_TAKEN,        /* by another Observatory */
    BNC_REASON_NOT_IN_MODE,       /* mesh.mode has no such level */
    BNC_REASON_CUT,               /* to maxPercent */
    BNC_REASON_COUNT
};

/* PascalCase, as it stands in conditions. */
const char *bnc_reason_name(enum bnc_reason reason);

#endif
