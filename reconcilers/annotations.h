/*
 * Annotations: which are ours, and what they ask for once layers and prefixes
 * are settled.
 */
#ifndef BNC_RECONCILERS_ANNOTATIONS_H
#define BNC_RECONCILERS_ANNOTATIONS_H

#include "model/ir.h"

/* True when the part after '/' is one of our words, whatever the prefix. */
bool bnc_annotation_known(const char *key);

/* One port and path that a workload asks to be scraped. */
struct bnc_claim {
    int64_t port;
    const char *port_name; /* "" when it has none or was given by number */
    bool declared;         /* a container declares the port: its name becomes a label */
    const char *path;
};

/* What the annotations of one workload ask for, by one Observatory's prefixes. */
struct bnc_request {
    bool scrape;
    struct bnc_claim *claims;
    size_t n_claims;
    const char *scheme; /* NULL: http */
    struct bnc_multipairs params;
    const char *interval;
    const char *timeout;
    const char *job; /* NULL: NAMESPACE/WORKLOAD */
    struct bnc_opt_int sample_limit;
    struct bnc_prune_spec prune;
};

/*
 * Settle the annotations of a workload: the most specific layer that has a key
 * wins, in it the first of `prefixes`.  `interval` is what holds for a workload
 * that names none (NULL: not known).  What can't be understood becomes a
 * diagnostic whose field is the annotation's key; the others count.
 */
void bnc_annotations_read(const struct bnc_ir_workload *workload,
                          const struct bnc_texts *prefixes, const char *interval,
                          struct bnc_arena *arena, struct bnc_request *out,
                          struct bnc_diags *diags);

/* A text that is equal for requests that one job can serve (ports and paths apart). */
const char *bnc_request_key(const struct bnc_request *request, struct bnc_arena *arena);

#endif
