/*
 * Which API server to talk to and as whom: kubeconfig files, or the service
 * account of the pod.
 */
#ifndef BNC_KUBE_CONFIG_H
#define BNC_KUBE_CONFIG_H

#include "net/world.h"

#define BNC_KUBE_FILE_MAX ((size_t)4 * 1024 * 1024) /* a kubeconfig, a PEM file */

/* PEM text: `text` as given inline, else read from `path` again and again. */
struct bnc_kube_pem {
    const char *text; /* NULL: not inline */
    const char *path; /* NULL: no file; absolute, or relative to the working folder */
};

/* A program that prints credentials (ExecCredential). */
struct bnc_kube_exec {
    const char *command;     /* NULL: no such program */
    const char *const *args; /* ended by NULL */
    const char *const *env;  /* "NAME=value", ended by NULL */
    const char *api_version;
    const char *install_hint; /* NULL: none */
    bool provide_cluster_info;
};

struct bnc_kube_config {
    struct bnc_arena *arena; /* all of this lives in it */
    const char *origin;      /* for messages: files, or "in-cluster" */
    const char *context;     /* "" in the cluster */
    const char *ns;          /* of the context or the pod; NULL: not said */

    const char *server; /* "https://host:port/prefix", no slash at the end */
    const char *tls_server_name;
    const char *proxy;
    bool insecure;
    bool no_compression;
    struct bnc_kube_pem ca;

    struct bnc_kube_pem cert;
    struct bnc_kube_pem key;
    const char *token;
    const char *token_file;
    const char *username;
    const char *password;
    struct bnc_kube_exec exec;
    const char *as;
    const char *as_uid;
    const char *const *impersonate; /* "Impersonate-Group: x" lines, ended by NULL */

    int64_t write_timeout_ms; /* of one write; 0: BNC_KUBE_TIMEOUT_MS */
};

struct bnc_kube_config_options {
    const char *kubeconfig; /* NULL: $KUBECONFIG, the cluster's own, ~/.kube/config */
    const char *context;    /* NULL: current-context */
};

/*
 * Owns:   the caller; release with bnc_kube_config_free().
 * Errors: NOT_FOUND, DENIED (files), INVALID (file and field are named), TOO_BIG.
 */
enum bnc_code
bnc_kube_config_load(struct bnc_world *world,
                     const struct bnc_kube_config_options *options,
                     struct bnc_kube_config **out, struct bnc_error *err) BNC_MUST_CHECK;
void bnc_kube_config_free(struct bnc_kube_config *config); /* NULL is ignored */
BNC_DEFINE_AUTO(bnc_kube_config);

#endif
