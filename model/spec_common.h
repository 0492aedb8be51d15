/*
 * Structs and field tables that several kinds share: references, relabel rules,
 * TLS, authentication, limits.  Names follow prometheus-operator.
 */
#ifndef BNC_MODEL_SPEC_COMMON_H
#define BNC_MODEL_SPEC_COMMON_H

#include "model/field.h"
#include "model/selector.h"

struct bnc_ref { /* {name, key}, always in the object's own namespace */
    const char *name;
    const char *key;
    enum bnc_tri optional; /* of prometheus-operator's references; it never counts */
};

struct bnc_secret_or_map { /* secret | configMap */
    struct bnc_ref *secret;
    struct bnc_ref *config_map;
};

struct bnc_relabel {
    struct bnc_texts source_labels;
    const char *separator; /* NULL: unset, Prometheus' default */
    const char *regex;     /* likewise */
    const char *target_label;
    const char *replacement;
    const char *action; /* "replace", "keep", ... as Prometheus writes them */
    struct bnc_opt_int modulus;
};

struct bnc_tls_config {
    struct bnc_secret_or_map *ca;
    struct bnc_secret_or_map *cert;
    struct bnc_ref *key_secret;
    const char *ca_file; /* files of Prometheus' own machine */
    const char *cert_file;
    const char *key_file;
    const char *server_name;
    enum bnc_tri insecure_skip_verify;
    const char *min_version; /* TLS10 .. TLS13 */
    const char *max_version;
};

struct bnc_authorization {
    const char *type; /* NULL: Bearer */
    struct bnc_ref *credentials;
    const char *credentials_file;
};

struct bnc_basic_auth {
    struct bnc_ref *username;
    struct bnc_ref *password;
};

struct bnc_oauth2 {
    struct bnc_secret_or_map *client_id;
    struct bnc_ref *client_secret;
    const char *token_url;
    struct bnc_texts scopes;
    struct bnc_pairs endpoint_params;
    struct bnc_tls_config *tls_config;
    const char *proxy_url;
    const char *no_proxy;
    enum bnc_tri proxy_from_environment;
    const cJSON *proxy_connect_header;
};

/* Of prometheus-operator's kinds; flattened, as the struct below. */
struct bnc_native_histograms {
    enum bnc_tri scrape_native;
    enum bnc_tri scrape_classic;
    enum bnc_tri convert_classic;
    struct bnc_opt_int bucket_limit;
    const cJSON *min_bucket_factor; /* a Kubernetes quantity, text or number; NULL */
};

/* Flattened: stands inside other structs, its rows in their tables. */
struct bnc_limits {
    struct bnc_opt_int sample_limit;
    struct bnc_opt_int target_limit;
    struct bnc_opt_int label_limit;
    struct bnc_opt_int label_name_length_limit;
    struct bnc_opt_int label_value_length_limit;
    struct bnc_opt_int keep_dropped_targets;
    const char *body_size_limit;
};

extern const struct bnc_table bnc_table_ref; /* name and key required */
extern const struct bnc_table bnc_table_secret_or_map;
extern const struct bnc_table bnc_table_relabel;
extern const struct bnc_table bnc_table_tls_config;
extern const struct bnc_table bnc_table_authorization;
extern const struct bnc_table bnc_table_basic_auth;
extern const struct bnc_table bnc_table_oauth2;
extern const struct bnc_table bnc_table_attach_metadata; /* one enum bnc_tri, INLINE */

/* Names of values, ended by NULL. */
extern const char *const bnc_relabel_actions[]; /* lower case first, then PascalCase */
extern const char *const bnc_scrape_protocols[];
extern const char *const bnc_schemes[];
extern const char *const bnc_presets[]; /* all; the first BNC_PRESETS_POD are of pods */
#define BNC_PRESETS_POD 5

#endif
