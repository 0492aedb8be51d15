/*
 * Presets: what is known of Istio's and Kubernetes' own endpoints, as a table.
 */
#ifndef BNC_RECONCILERS_PRESETS_H
#define BNC_RECONCILERS_PRESETS_H

#include "reconcilers/rules.h"

struct bnc_preset {
    const char *name;
    const char *job_name;
    const char *role;
    const char *path;
    const char *scheme;      /* NULL: http */
    int64_t port;            /* the address is rewritten to it; 0: as discovered */
    const char *port_name;   /* regex of the container port's name; NULL: none */
    const char *marker;      /* regex of a port name that marks the pod; NULL: none */
    const char *label;       /* discovery label of a pod that must match ... */
    const char *label_regex; /* ... this */
    bool all_pod_labels;
    bool pod_name_label; /* the label pod_name beside pod, as in Istio's old charts */
    bool observatory_only;
    bool own_timestamps;    /* of its samples: they lag behind the scrapes */
    const char *not_beside; /* another preset that has the same series */
    const char *doc;
};

/* NULL: there is none of that name. */
const struct bnc_preset *bnc_preset_find(const char *name);
/* All names, "istio-proxy, istio-merged, ...", for messages; `policy`: those for
 * ScrapePolicies. */
const char *bnc_preset_names(bool policy, struct bnc_arena *arena);

/*
 * Which targets: filters and the address.  `own_pods` leaves the preset's own
 * choice of pods in; a ScrapePolicy brings its selector instead.
 */
void bnc_preset_target_rules(const struct bnc_preset *preset, bool own_pods,
                             struct bnc_rules *rules);
/* Which labels. */
void bnc_preset_label_rules(const struct bnc_preset *preset, struct bnc_rules *rules);
/* Settings of the job beside its rules: scheme, TLS, token. */
void bnc_preset_job(const struct bnc_preset *preset, struct bnc_arena *arena,
                    struct bnc_job *job);

#endif
