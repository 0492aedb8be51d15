/*
 * Command lines: one table of flags for each command; zero means "not set".
 */
#ifndef BNC_CMD_OPTIONS_H
#define BNC_CMD_OPTIONS_H

#include "lib/arena.h"
#include "lib/error.h"
#include "model/ir.h"

#define BNC_PATHS_MAX 64

/* All flags of all commands. */
struct bnc_options {
    const char *paths[BNC_PATHS_MAX + 1]; /* -f, ended by NULL */
    size_t n_paths;
    struct bnc_assumed assume; /* --assume, each time; at first of a current cluster */
    const char *output;        /* -o */
    const char *format;        /* text, json */
    const char *kubeconfig;    /* NULL: $KUBECONFIG, the pod's own, ~/.kube/config */
    const char *context;
    const char *from; /* a folder in place of a cluster */
    const char *to;
    const char *watch_namespaces;   /* comma-separated; NULL: all */
    const char *trusted_namespaces; /* comma-separated; NULL: the default */
    const char *metrics_address;
    const char *metrics_cert_dir;
    const char *health_address;
    const char *log_level;
    const char *log_format;
    const char *default_namespace;
    const char *observatory; /* sync: NS/NAME */
    const char *out;
    const char *reload;
    const char *grafana;             /* URL: sync beside it, not beside Prometheus */
    const char *grafana_credentials; /* a folder */
    const char *ca_file;
    const char *shard;
    const char *instance;
    const char *leader_namespace;
    const char *leader_id;
    const char *leader_lease; /* durations */
    const char *leader_deadline;
    const char *leader_retry;
    const char *kube_qps; /* numbers */
    const char *kube_burst;
    const char *subject; /* explain: KIND/NAME */
    bool leader_elect;
    bool kube_plain_lists;
    bool once;    /* run --from: one pass */
    bool content; /* render: the documents, not the objects */
    bool metrics_secure;
    bool metrics_auth;
    bool help;
};

struct bnc_flag {
    const char *name;   /* "--from" */
    const char *letter; /* "-f", or NULL */
    const char *value;  /* "DIR", or NULL for a switch */
    size_t offset;      /* of a const char *, a bool, or `paths` */
    const char *help;
};

struct bnc_command {
    const char *name;
    const char *summary; /* one line, for the list of commands */
    const char *usage;   /* "binnacle render -f FILE|DIR|- [flags]" */
    const char *about;   /* some lines, examples included */
    const struct bnc_flag *flags;
    const size_t *n_flags;
    int (*run)(const struct bnc_options *options); /* gives the exit status */
    const char *argument; /* "KIND/NAME": it takes one beside the flags; NULL: none */
};

/* INVALID names the wrong flag, the nearest right one and where help is. */
enum bnc_code
bnc_options_parse(const struct bnc_command *command, int argc, char **argv,
                  struct bnc_options *out, struct bnc_error *err) BNC_MUST_CHECK;

void bnc_options_help(const struct bnc_command *command);

/* Texts between commas, trimmed, ended by NULL; NULL for NULL or "". */
const char *const *bnc_options_list(const char *text, struct bnc_arena *arena);

/* The flags that more than one command has. */
#define BNC_FLAG_HELP                                                                    \
    {                                                                                    \
        "--help", "-h", NULL, offsetof(struct bnc_options, help), "print this and end"   \
    }
#define BNC_FLAG_FILES                                                                   \
    {                                                                                    \
        "--filename", "-f", "FILE|DIR|-", offsetof(struct bnc_options, paths),           \
            "manifests to read: a file, a folder (to any depth), or - for standard "     \
            "input; "                                                                    \
            "may be repeated"                                                            \
    }
#define BNC_FLAG_TRUSTED                                                                 \
    {                                                                                    \
        "--trusted-namespaces", NULL, "A,B",                                             \
            offsetof(struct bnc_options, trusted_namespaces),                            \
            "namespaces whose Observatories reach every namespace (default: binnacle's " \
            "own in "                                                                    \
            "a cluster, all elsewhere)"                                                  \
    }
#define BNC_FLAG_ASSUME                                                                  \
    {                                                                                    \
        "--assume", NULL, "KEY=VALUE", offsetof(struct bnc_options, assume),             \
            "what a cluster would tell: kubernetes=1.36, or an option of "               \
            "prometheus-operator, as endpointSliceSupported=false; may be repeated"      \
    }
#define BNC_FLAG_NAMESPACE                                                               \
    {                                                                                    \
        "--namespace", "-n", "NAME", offsetof(struct bnc_options, default_namespace),    \
            "namespace of manifests that name none (default: default)"                   \
    }

#endif
