/*
 * What a Kiali is told: where Prometheus, Grafana and the traces are.  One tree, the same
 * for the custom resource (below `spec`) and for the configuration in a ConfigMap.
 */
#ifndef BNC_RENDER_KIALI_H
#define BNC_RENDER_KIALI_H

#include <cjson/cJSON.h>

#include "lib/arena.h"

/* NULL: nothing is said about it. */
struct bnc_kiali_wish {
    bool old_names; /* of Kiali up to 1.73: `url` and `in_cluster_url` */
    const char *prometheus_url;
    const char *grafana_url;
    const char *grafana_browser_url;
    const char *grafana_uid; /* of the datasource that dashboards are opened with */
    const char *provider;    /* of traces: jaeger, tempo */
    const char *tracing_url;
    const char *tracing_browser_url;
    const char *tempo_uid; /* of Grafana's datasource for the traces */
};

/*
 * `external_services` and what is in it; an empty map when nothing is wished.
 * Owns: the tree is the arena's.
 */
cJSON *bnc_kiali_tree(const struct bnc_kiali_wish *wish, struct bnc_arena *arena);

/* Kiali up to 1.73 has other names.  NULL, or what is no version: today's. */
bool bnc_kiali_has_old_names(const char *version);

#endif
