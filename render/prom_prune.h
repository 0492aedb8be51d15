/*
 * spec.prune as metric relabel rules: what a scrape brings and nobody wants.
 */
#ifndef BNC_RENDER_PROM_PRUNE_H
#define BNC_RENDER_PROM_PRUNE_H

#include "model/spec_scrape_policy.h"

struct bnc_relabels {
    struct bnc_relabel *items;
    size_t n;
};

/*
 * The rules in this order: preset, keepMetrics, dropMetrics, dropSeries,
 * dropLabels (last: a dropped label can no longer match).  `spec` may be NULL.
 *
 * dropSeries with several labels joins their values with the byte 0x1F, which no
 * exporter writes: with ";" a value that holds one could match for its neighbour.
 * Owns:   the rules live in `arena` and borrow the texts of `spec`.
 */
struct bnc_relabels
bnc_prom_prune_rules(const struct bnc_prune_spec *spec, struct bnc_arena *arena);

/* Those of a preset alone ("envoy"); `n` 0 for an unknown one. */
struct bnc_relabels bnc_prom_prune_preset(const char *preset);

/*
 * What the fields' own checks cannot see: "^" or "$" in a regex of dropSeries
 * with several labels, where it would never match.
 */
void bnc_prom_prune_check(const struct bnc_prune_spec *spec, const char *path,
                          struct bnc_diags *diags);

#endif
