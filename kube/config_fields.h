/*
 * From parsed kubeconfig documents to struct bnc_kube_config: inside kube/ only.
 */
#ifndef BNC_KUBE_CONFIG_FIELDS_H
#define BNC_KUBE_CONFIG_FIELDS_H

#include "kube/config.h"
#include "lib/json.h"

struct bnc_kubeconfig_file {
    const char *path;
    const char *folder; /* what relative paths in it are relative to */
    const cJSON *root;
};

/* One named entry: clusters[], contexts[] or users[]. */
struct bnc_kubeconfig_entry {
    const struct bnc_kubeconfig_file *file;
    const char *what; /* "cluster" */
    const char *name;
    const cJSON *body; /* NULL: an empty one */
};

#define BNC_KUBECONFIG_ITEMS 200 /* of a list */

/* INVALID: "FILE: users \"dev\": token is not a text; put it in quotes". */
enum bnc_code
bnc_kubeconfig_fail(struct bnc_error *err, const struct bnc_kubeconfig_entry *entry,
                    const char *key, const char *what);

/* The items of a list as texts, ended by NULL.  With `pair`, "NAME=value" of each. */
enum bnc_code
bnc_kubeconfig_texts(const struct bnc_kubeconfig_entry *entry, const char *key, bool pair,
                     struct bnc_arena *arena, const char *const **out,
                     struct bnc_error *err) BNC_MUST_CHECK;

/* config_as.c: the headers for `as`, `as-uid`, `as-groups` and `as-user-extra`. */
enum bnc_code bnc_kubeconfig_impersonate(const struct bnc_kubeconfig_entry *entry,
                                         struct bnc_kube_config *config,
                                         struct bnc_error *err) BNC_MUST_CHECK;

/* A text field; `*out` is NULL when it is absent, null or "". */
enum bnc_code
bnc_kubeconfig_text(const struct bnc_kubeconfig_entry *entry, const char *key,
                    const char **out, struct bnc_error *err) BNC_MUST_CHECK;

enum bnc_code bnc_kubeconfig_cluster(const struct bnc_kubeconfig_entry *entry,
                                     struct bnc_kube_config *config,
                                     struct bnc_error *err) BNC_MUST_CHECK;
enum bnc_code
bnc_kubeconfig_user(const struct bnc_kubeconfig_entry *entry,
                    struct bnc_kube_config *config, struct bnc_error *err) BNC_MUST_CHECK;

#endif
