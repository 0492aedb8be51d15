/*
 * The blocks grafana and kiali of an Observatory: where datasources and dashboards go,
 * and which Kiali is told about them.
 */
#ifndef BNC_MODEL_SPEC_GRAFANA_H
#define BNC_MODEL_SPEC_GRAFANA_H

#include "model/spec_common.h"

struct bnc_grafana_output_spec {
    const char *kind;        /* ConfigMap, Secret; NULL: a Secret when it has to be one */
    const char *ns;          /* NULL: the Observatory's */
    const char *name;        /* NULL: NAME-grafana */
    const char *key;         /* NULL: binnacle-NAMESPACE-NAME.yaml */
    struct bnc_pairs labels; /* default grafana_datasource: "1" */
};

struct bnc_dashboard_output_spec {
    const char *ns;                /* NULL: the Observatory's */
    struct bnc_pairs labels;       /* default grafana_dashboard: "1" */
    const char *folder_annotation; /* default grafana_folder */
};

struct bnc_credentials_ref {
    const char *name; /* Secret: token, or username and password */
};

struct bnc_grafana_spec {
    struct bnc_grafana_output_spec *output;
    struct bnc_dashboard_output_spec *dashboard_output;
    const char *url;         /* of Grafana in the cluster; NULL: files only */
    const char *browser_url; /* as people reach it; NULL: unknown */
    struct bnc_credentials_ref *credentials_ref;
    struct bnc_tls_config *tls_config;
    const char *poll_interval;   /* NULL: 30s */
    enum bnc_tri derive;         /* default true */
    const char *logs;            /* Datasource that derived ones lead to */
    enum bnc_tri prune;          /* what is gone from the file goes from Grafana: 11.1 */
    struct bnc_opt_int org;      /* of what is derived; default 1 */
    struct bnc_texts dashboards; /* presets */
    const char *folder;          /* of the presets */
    struct bnc_selector *datasource_selector; /* CRD default {} */
    struct bnc_selector *datasource_namespace_selector;
    struct bnc_selector *dashboard_selector; /* likewise */
    struct bnc_selector *dashboard_namespace_selector;
};

struct bnc_kiali_spec {
    const char *kind; /* Kiali (default), ConfigMap */
    const char *ns;   /* default istio-system */
    const char *name; /* default kiali */
    const char *key;  /* of a ConfigMap: default config.yaml */
    const char *version;
};

extern const struct bnc_table bnc_table_grafana;
extern const struct bnc_table bnc_table_kiali;

/* Names of the dashboards that binnacle has, ended by NULL. */
extern const char *const bnc_dashboard_presets[];

#endif
