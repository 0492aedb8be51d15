/*
 * Builders of relabel rules: what several kinds of jobs have in common.
 */
#ifndef BNC_RECONCILERS_RULES_H
#define BNC_RECONCILERS_RULES_H

#include "model/ir.h"

#define BNC_META      "__meta_kubernetes_"
#define BNC_TMP_MATCH "__tmp_binnacle_match"
#define BNC_TMP_TAKEN "__tmp_binnacle_taken"

/* What follows "DEPLOYMENT-" in a ReplicaSet's name: Kubernetes' own alphabet. */
#define BNC_HASH_LETTERS "bcdfghjklmnpqrstvwxz2456789"
#define BNC_HASH_REGEX   "[" BNC_HASH_LETTERS "]+"
/* What follows "CRONJOB-" in a Job's name: minutes since 1970, seconds before 1.21. */
#define BNC_TIME_REGEX "[0-9]{8,10}"

/* A list of rules that grows in an arena. */
struct bnc_rules {
    struct bnc_arena *arena;
    struct bnc_relabel *items;
    size_t n;
    size_t room;
};

struct bnc_rules bnc_rules_new(struct bnc_arena *arena);
void bnc_rules_add(struct bnc_rules *rules, const struct bnc_relabel *rule);
void bnc_rules_add_list(struct bnc_rules *rules, const struct bnc_list *list);

/* Source labels from a list ended by NULL. */
struct bnc_texts bnc_sources(struct bnc_arena *arena, ...) __attribute__((sentinel));

/* `source` → `target` when it is not empty; both borrowed. */
void bnc_rules_copy(struct bnc_rules *rules, const char *source, const char *target);
/* target = text; `$` in `text` is escaped. */
void bnc_rules_set(struct bnc_rules *rules, const char *target, const char *text);
/* keep or drop by the value of one label; `regex` as it stands. */
void bnc_rules_filter(struct bnc_rules *rules, const char *action, const char *source,
                      const char *regex);

/* Pods that `selector` matches stay, all others go: one rule a requirement. */
void
bnc_rules_keep_selected(struct bnc_rules *rules, const struct bnc_selector *selector);

/*
 * `flag` = "1" on targets for which all of `sources` (with `regex`, joined by
 * ';') and `selector` hold; the selector's negative parts take the flag away
 * again, so a flag that was set before must not be lost: use a new one.
 */
void bnc_rules_flag_selected(struct bnc_rules *rules, const struct bnc_selector *selector,
                             const struct bnc_scope *scope, const char *port_source,
                             const char *port_regex, const char *flag);

/* Address = pod IP and `port`, IPv4 or IPv6. */
void bnc_rules_pod_address(struct bnc_rules *rules, int64_t port);

/* namespace, pod, node and (unless the address was rewritten) container. */
void bnc_rules_pod_labels(struct bnc_rules *rules, bool container);

/*
 * A regular expression over "NAMESPACE;CONTROLLER KIND;CONTROLLER;POD" that
 * matches the pods of `items` and no others; the same for the same set.
 */
const char *bnc_identity_regex(const struct bnc_identity *const *items, size_t n,
                               struct bnc_arena *arena);
struct bnc_texts bnc_identity_sources(struct bnc_arena *arena);

/*
 * True when a controller is named `name`: `stem` itself, or with a last part as
 * the suffix (of struct bnc_identity) asks.  What bnc_identity_regex() matches.
 */
bool bnc_identity_fits(const char *name, const char *stem, int suffix);

/* The pods of a workload that a policy names, in namespace `ns`; both borrowed. */
struct bnc_identity bnc_identity_of(const char *ns, const struct bnc_workload_ref *ref);

/* True for an endpoint's port that is a number, not a name. */
bool bnc_port_is_number(const char *port);

/* `name` with every character that a label name can't have replaced by '_'. */
const char *bnc_sanitize(const char *name, struct bnc_arena *arena);
/* `text` as a regular expression that matches just it. */
const char *bnc_regex_quote(const char *text, struct bnc_arena *arena);
/* `text` as a replacement: every $ doubled. */
const char *bnc_replacement_quote(const char *text, struct bnc_arena *arena);

#endif
