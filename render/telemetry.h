/*
 * The spec of a Telemetry (telemetry.istio.io/v1): how much is traced, where to, and what
 * is changed about Istio's metrics.
 */
#ifndef BNC_RENDER_TELEMETRY_H
#define BNC_RENDER_TELEMETRY_H

#include <cjson/cJSON.h>

#include "lib/arena.h"
#include "lib/error.h"
#include "model/spec_sampling_policy.h"

#define BNC_CEL_MAX 1024 /* bytes of one expression */

struct bnc_metric_override {
    const char *metric; /* by bnc_istio_metric(), or a name of one's own; NULL: all */
    bool custom;        /* it is a name of one's own */
    const char *mode;   /* CLIENT, SERVER, CLIENT_AND_SERVER; NULL: not said */
    enum bnc_tri disabled;
    struct bnc_pairs add_labels;    /* name to CEL */
    struct bnc_texts remove_labels; /* one that is added as well is not removed */
};

/* All borrowed. */
struct bnc_telemetry_wish {
    struct bnc_pairs match_labels;            /* none: no selector */
    const struct bnc_target_ref *target_refs; /* never beside match_labels */
    size_t n_target_refs;

    bool has_tracing;
    const char *provider; /* never NULL with tracing: one without switches tracing off */
    struct bnc_opt_int percent; /* hundredths */
    const cJSON *custom_tags;   /* NULL: not said; {} clears */

    const struct bnc_metric_override *metrics;
    size_t n_metrics;
    bool more_below; /* metrics are also said at a level below this one */
};

/*
 * The spec, {} when nothing is wished.  Metrics name provider prometheus: without it they
 * would do nothing where defaultProviders has no metrics.  ALL_METRICS that are off are
 * each written by name where something else is said later or below: Istio takes any of
 * that as that all are on.
 * Owns: the tree is the arena's; nothing is borrowed from `wish`.
 */
cJSON *bnc_telemetry_tree(const struct bnc_telemetry_wish *wish, struct bnc_arena *arena);

/*
 * Istio's own name of a standard metric, REQUEST_COUNT, from that name, from Prometheus'
 * (istio_requests_total), or from Envoy's (requests_total).  NULL: it is a custom one.
 */
const char *bnc_istio_metric(const char *name);

/* True for the 25 labels of the standard metrics: only these can be removed. */
bool bnc_istio_label_known(const char *name);

/*
 * Whether `text` can be CEL at all: something is there, not too long, quotes and brackets
 * close.  Envoy alone knows the rest, and says nothing when it refuses.
 * Errors: INVALID, TOO_BIG over BNC_CEL_MAX.
 */
enum bnc_code bnc_cel_plausible(const char *text, struct bnc_error *err) BNC_MUST_CHECK;

#endif
