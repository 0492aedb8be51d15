/*
 * Groups of Prometheus rules: one group as a piece of a rule file, and the groups that
 * counters of a MetricRule become.
 */
#ifndef BNC_RENDER_RULES_H
#define BNC_RENDER_RULES_H

#include "lib/str.h"
#include "lib/units.h"
#include "model/diag.h"
#include "model/spec_metric_rule.h"

#define BNC_RULE_GROUP_MAX  ((size_t)1024 * 1024) /* bytes of one group */
#define BNC_RULE_FILE_BEGIN "groups:\n" /* and the groups after it; none is fine too */

/* What an Observatory makes of all groups. */
struct bnc_rule_options {
    const struct bnc_version *version; /* of Prometheus; NULL: the newest */
    const char *enforced_namespace; /* label `namespace` of every rule; NULL: not set */
};

/*
 * One item of the list `groups`, two spaces before it, with a line break at its end: a
 * file is BNC_RULE_FILE_BEGIN and any number of them.  What the version does not know
 * is left out (bnc_rule_group_gates() tells); the labels of a group stand in its rules
 * before Prometheus 3.0.
 * Owns:   `out` lives in `arena`; `name` is the group's, in place of its own.
 * Errors: TOO_BIG over BNC_RULE_GROUP_MAX, INTERNAL for text that is no UTF-8.
 */
enum bnc_code
bnc_rule_group_render(const char *name, const struct bnc_rule_group_spec *group,
                      const struct bnc_rule_options *options, struct bnc_arena *arena,
                      struct bnc_bytes *out, struct bnc_error *err) BNC_MUST_CHECK;

/* A warning, UnsupportedVersion, below `path` for each field that is left out. */
void bnc_rule_group_gates(const struct bnc_rule_group_spec *group,
                          const struct bnc_version *version, const char *path,
                          struct bnc_diags *diags);

/*
 * The group of one counter: a recording rule with the sum of `from`, or of its rates.
 * Owns: what is new lives in `arena`, the rest is borrowed from `counter`.
 */
void bnc_counter_group(const struct bnc_counter_spec *counter, struct bnc_arena *arena,
                       struct bnc_rule_group_spec *out);

/* Add `text` in double quotes, escaped as PromQL and Mixer's expressions want it. */
void bnc_rule_quote(struct bnc_str *out, const char *text);

#endif
