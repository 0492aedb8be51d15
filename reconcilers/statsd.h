/*
 * spec.statsd of an Observatory: what sidecars push gets the names and labels that
 * would be scraped from them, by a mapping file for the statsd exporter.
 */
#ifndef BNC_RECONCILERS_STATSD_H
#define BNC_RECONCILERS_STATSD_H

#include "model/plan.h"

/*
 * Fill in what spec.statsd leaves out and check it.  Called after spec.prometheus
 * is filled in: both must not write one object.
 */
void bnc_statsd_compile(const struct bnc_object *self, struct bnc_ir_observatory *ir,
                        struct bnc_diags *diags);

/* For struct bnc_planner: the mapping file, when the Observatory has spec.statsd. */
size_t bnc_statsd_documents(const struct bnc_plan *plan, struct bnc_arena *arena,
                            struct bnc_document **out, struct bnc_diags *diags);

#endif
