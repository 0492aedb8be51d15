/*
 * spec.prometheus.from: the settings of prometheus-operator's Prometheus or
 * PrometheusAgent as those of an Observatory.
 */
#ifndef BNC_RECONCILERS_FROM_H
#define BNC_RECONCILERS_FROM_H

#include "lib/units.h"
#include "reconcilers/refs.h"
#include "reconcilers/translate.h"

/*
 * Merge what the object named in spec.prometheus.from says below the fields that the
 * Observatory sets itself; ir->from is filled.  Diagnostics name the object's fields.
 */
void bnc_from_settings(struct bnc_refs *refs, struct bnc_ir_observatory *ir);

/*
 * The rest of its configuration as Prometheus takes it, for this version: remote_write,
 * alerting, storage and so on.  NULL: none.
 */
cJSON *bnc_from_tree(struct bnc_refs *refs, const struct bnc_ir_observatory *ir,
                     const struct bnc_version *version);

/* Of remote_write and remote_read: authentication that excludes each other and so on. */
void bnc_from_check_remote(struct bnc_refs *refs, const struct bnc_version *version,
                           const cJSON *list, const char *field);

/* `over` above `under`: maps merge by key, lists and values replace. */
cJSON *bnc_from_merge(const cJSON *under, const cJSON *over, struct bnc_arena *arena);

/* Keys of the object for global and for the whole (from_tables.c). */
extern const struct bnc_translate_row bnc_from_top_rows[];
extern const struct bnc_translate_row bnc_from_global_rows[];
extern const struct bnc_translate_row bnc_from_alertmanager_rows[];
extern const struct bnc_translate_row bnc_from_api_server_rows[];

#endif
