/*
 * Counters of a MetricRule for Istio's Mixer, up to 1.4: objects of
 * config.istio.io/v1alpha2.
 *
 * What suits which Istio:
 *   instance, handler, rule   1.2 to 1.4, whose own charts have these; in 1.1 the chart
 *                             has handler beside kind metric, and serves instance too;
 *                             1.0 has the kinds, but its charts did not use them yet
 *   metric, prometheus        1.0 and 1.1 only: never written here
 * 1.5 and later count in the proxy: there a counter is a recording rule.
 */
#ifndef BNC_RENDER_MIXER_H
#define BNC_RENDER_MIXER_H

#include <cjson/cJSON.h>

#include "model/diag.h"
#include "model/ir_metric_rule.h"
#include "model/kind.h"

struct bnc_mixer_input {
    const char *ns;   /* of the objects */
    const char *name; /* of handler and rule; the others begin with it; '.' becomes '-' */
    const struct bnc_ir_metric_rule *rule;
};

struct bnc_mixer_object {
    enum bnc_kind kind; /* BNC_KIND_MIXER_INSTANCE, _HANDLER, _RULE */
    const char *name;
    const char *field; /* of the MetricRule; "spec.counters" for the handler */
    cJSON *spec;
};

struct bnc_mixer_objects {
    struct bnc_mixer_object *items; /* the handler, then an instance and a rule each */
    size_t n;                       /* 0: there is no counter */
};

/*
 * One handler for all counters; for each an instance and a rule.  Mixer puts "istio_" in
 * front of names: of a counter istio_x the handler says x, a counter x is exported as
 * istio_x.  Label values are attribute expressions: those of spec.mesh[].addLabels for
 * the counter's metric, else those that Istio's own metrics have.  `rate` has no meaning
 * here: what Mixer exports is a counter.
 * A counter that Mixer cannot have is left out, with an error in `diags`; what of
 * spec.mesh has no effect gets a warning.
 * Owns: everything lives in `arena`.
 */
void bnc_mixer_render(const struct bnc_mixer_input *in, struct bnc_arena *arena,
                      struct bnc_mixer_objects *out, struct bnc_diags *diags);

#endif
