/*
 * Datasource and Dashboard: what Grafana is given.
 */
#ifndef BNC_MODEL_SPEC_DATASOURCE_H
#define BNC_MODEL_SPEC_DATASOURCE_H

#include "model/spec_common.h"

struct bnc_secure_field {
    const char *name; /* "basicAuthPassword" */
    struct bnc_ref *secret_key_ref;
};

/* Names of other Datasources, or of derived ones. */
struct bnc_datasource_links {
    const char *traces;
    const char *logs;
    const char *metrics;
};

struct bnc_spec_datasource {
    const char *type; /* a plugin's id: prometheus, jaeger, ... */
    const char *url;
    const char *title;      /* NULL: the object's name */
    struct bnc_opt_int org; /* default 1 */
    const char *uid;        /* NULL: derived */
    const char *access;     /* proxy (default), direct */
    enum bnc_tri is_default;
    enum bnc_tri editable;
    enum bnc_tri basic_auth;
    const char *basic_auth_user;
    const char *user;
    const char *database;
    enum bnc_tri with_credentials;
    const cJSON *json_data;
    struct bnc_list secure; /* struct bnc_secure_field */
    struct bnc_datasource_links *links;
};

struct bnc_spec_dashboard {
    const char *json; /* json | configMapKeyRef | preset */
    struct bnc_ref *config_map_key_ref;
    const char *preset;
    const char *folder;
    struct bnc_opt_int org;       /* default 1 */
    struct bnc_pairs datasources; /* input or variable of the dashboard to Datasource */
};

extern const struct bnc_kind_doc bnc_doc_datasource;
extern const struct bnc_table bnc_table_datasource; /* of spec */
extern const struct bnc_table bnc_table_datasource_status;
extern const struct bnc_kind_doc bnc_doc_dashboard;
extern const struct bnc_table bnc_table_dashboard;
extern const struct bnc_table bnc_table_dashboard_status;

#define BNC_GRAFANA_TITLE_MAX                                                            \
    190                        /* characters of a datasource's name, in its database     \
                                */
#define BNC_GRAFANA_UID_MAX 40 /* bytes */

#endif
