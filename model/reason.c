#include "model/reason.h"

#include <assert.h>

static const char *const names[] = {
    [BNC_REASON_NONE] = "None",
    [BNC_REASON_ACCEPTED] = "Accepted",
    [BNC_REASON_INVALID_FIELD] = "InvalidField",
    [BNC_REASON_UNKNOWN_FIELD] = "UnknownField",
    [BNC_REASON_INVALID_OBJECT] = "InvalidObject",
    [BNC_REASON_INVALID_RELABEL] = "InvalidRelabel",
    [BNC_REASON_INVALID_REGEX] = "InvalidRegex",
    [BNC_REASON_INVALID_ANNOTATION] = "InvalidAnnotation",
    [BNC_REASON_UNKNOWN_PRESET] = "UnknownPreset",
    [BNC_REASON_UNKNOWN_SCRAPE_CLASS] = "UnknownScrapeClass",
    [BNC_REASON_REF_NOT_FOUND] = "RefNotFound",
    [BNC_REASON_REF_PENDING] = "RefPending",
    [BNC_REASON_REF_DENIED] = "RefDenied",
    [BNC_REASON_INVALID_REF] = "InvalidRef",
    [BNC_REASON_NOT_PERMITTED] = "NotPermitted",
    [BNC_REASON_NOT_SELECTED] = "NotSelected",
    [BNC_REASON_UNSUPPORTED_VERSION] = "UnsupportedVersion",
    [BNC_REASON_CONFLICTED] = "Conflicted",
    [BNC_REASON_OVERLAP] = "Overlap",
    [BNC_REASON_NO_NAMESPACE] = "NoNamespace",
    [BNC_REASON_OUTPUT_TAKEN] = "OutputTaken",
    [BNC_REASON_TOO_BIG] = "TooBig",
    [BNC_REASON_PUBLISHED] = "Published",
    [BNC_REASON_REJECTED_OBJECTS] = "RejectedObjects",
    [BNC_REASON_COMPLETE] = "Complete",
    [BNC_REASON_SUSPENDED] = "Suspended",
    [BNC_REASON_WRITE_FAILED] = "WriteFailed",
    [BNC_REASON_APPLY_LOOP] = "ApplyLoop",
    [BNC_REASON_INVALID_BASE] = "InvalidBase",
    [BNC_REASON_RESOLVED] = "Resolved",
    [BNC_REASON_NO_OBSERVATORY] = "NoObservatory",
    [BNC_REASON_WAITING] = "Waiting",
    [BNC_REASON_LOADED] = "Loaded",
    [BNC_REASON_LOADING] = "Loading",
    [BNC_REASON_NO_INSTANCE] = "NoInstance",
    [BNC_REASON_REFUSED] = "Refused",
    [BNC_REASON_NOT_SHARED] = "NotShared",
    [BNC_REASON_NO_PROVIDER] = "NoProvider",
    [BNC_REASON_FOREIGN_TELEMETRY] = "ForeignTelemetry",
    [BNC_REASON_FOREIGN_FIELD] = "ForeignField",
    [BNC_REASON_MESH_TAKEN] = "MeshTaken",
    [BNC_REASON_NOT_IN_MODE] = "NotInMode",
    [BNC_REASON_CUT] = "CutToMaximum",
};
static_assert(BNC_LEN(names) == BNC_REASON_COUNT, "every reason needs a name");

const char *
bnc_reason_name(enum bnc_reason reason)
{
    return (size_t)reason < BNC_LEN(names) ? names[reason] : "Unknown";
}
