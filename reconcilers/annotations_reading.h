/*
 * What the files that read annotations share.
 */
#ifndef BNC_RECONCILERS_ANNOTATIONS_READING_H
#define BNC_RECONCILERS_ANNOTATIONS_READING_H

#include "reconcilers/annotations.h"

#define BNC_OUR_PREFIX "binnacle.dev"

struct bnc_reading {
    const struct bnc_ir_workload *workload;
    const struct bnc_texts *prefixes;
    const char *interval; /* of scrapes, unless the workload says else */
    struct bnc_arena *arena;
    struct bnc_diags *diags;
    struct bnc_request *out;
    bool broken; /* something without which scraping would be wrong */
};

/* A warning about one annotation: its value, where it stands, `message`. */
void bnc_reading_complain(struct bnc_reading *r, const struct bnc_note *note,
                          const char *remedy, const char *message);

/*
 * The annotation that counts for `name`: of the most specific layer that has it,
 * with the first prefix, or with `only_prefix` if that is not NULL.  NULL: none.
 */
const struct bnc_note *
bnc_reading_find(const struct bnc_reading *r, const char *name, const char *only_prefix);

/* The texts between any of `separators`, empty ones left out. */
struct bnc_texts
bnc_reading_split(struct bnc_arena *arena, const char *text, const char *separators);

/* Ports and paths: endpoints, port, path, merge-metrics (annotations_claims.c). */
void bnc_reading_claims(struct bnc_reading *r);

#endif
