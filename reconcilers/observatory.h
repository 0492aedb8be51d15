/*
 * Compiling an Observatory: what its files share.
 */
#ifndef BNC_RECONCILERS_OBSERVATORY_H
#define BNC_RECONCILERS_OBSERVATORY_H

#include "lib/units.h"
#include "reconcilers/refs.h"

struct bnc_observatory_step {
    const struct bnc_object *self;
    const struct bnc_settings *settings;
    struct bnc_arena *arena;
    struct bnc_diags *diags;
    struct bnc_refs refs;
    struct bnc_ir_observatory *ir;
    struct bnc_version version; /* of Prometheus */
};

/* The namespaces of a selector, as far as the Observatory may reach. */
void
bnc_observatory_scope(struct bnc_observatory_step *s, const struct bnc_selector *selector,
                      const char *field, struct bnc_scope *out);

/* spec.prometheus, which is there (prometheus.c). */
void bnc_prometheus_compile(struct bnc_observatory_step *s);

#endif
