/*
 * Relabel rules: would Prometheus of this version take them, and which labels
 * may they write.
 */
#ifndef BNC_VALIDATE_RELABEL_H
#define BNC_VALIDATE_RELABEL_H

#include "lib/units.h"
#include "model/spec_common.h"

/*
 * All that Prometheus itself checks, 2.42 to 3.x; `path` is the rule's, fields
 * below it are named as in our kinds (targetLabel).  What differs by version:
 * label names (3.0: any text), templates as target of lowercase and the like
 * (before 2.50), the replacement of labelmap (3.2: any text).
 */
void bnc_relabel_check(const struct bnc_relabel *rule, const char *path,
                       const struct bnc_version *version, struct bnc_diags *diags);

/* The same for a rule of raw configuration (target_label). */
void bnc_relabel_json_check(const cJSON *rule, const char *path,
                            const struct bnc_version *version, struct bnc_diags *diags);

/* A text that is taken as the name of a label by this version. */
bool bnc_relabel_label_valid(const char *name, const struct bnc_version *version);

/*
 * May this rule, taken alone, write or delete-by-emptying `label`?  True when
 *  - replace (or no action): the target is `label`, or a template ($1, ${1}__)
 *    that gives it for some values of its variables, whatever the regex;
 *  - hashmod, lowercase, uppercase: the target is `label`;
 *  - labelmap: its replacement gives `label` for some values of its variables.
 * Never too few; too many where regex and variables exclude it.  labeldrop and
 * labelkeep write nothing: they are never counted.  `label` is ASCII without "$".
 */
bool bnc_relabel_targets(const struct bnc_relabel *rule, const char *label);

/*
 * The first rule of a chain that may write `label`; `n` when none may.  As
 * bnc_relabel_targets(), but a labelmap from discovered labels to their own names
 * (regex `__meta_PREFIX_(.+)`, replacement unset or $1) counts only when an
 * earlier rule may have written the label it would have to start from: discovery
 * makes none that ends in "_", and all protected names do.
 */
size_t bnc_relabel_writer(const struct bnc_relabel *rules, size_t n, const char *label);

#endif
