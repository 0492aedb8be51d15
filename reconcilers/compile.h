/*
 * The reconcilers' compile steps, one for each kind that is read.
 */
#ifndef BNC_RECONCILERS_COMPILE_H
#define BNC_RECONCILERS_COMPILE_H

#include "model/ir.h"

void bnc_compile_scrape_policy(const struct bnc_object *self,
                               const struct bnc_settings *settings, struct bnc_view *view,
                               struct bnc_ir *out);
void bnc_compile_observatory(const struct bnc_object *self,
                             const struct bnc_settings *settings, struct bnc_view *view,
                             struct bnc_ir *out);
/* ServiceMonitor, PodMonitor, Probe, ScrapeConfig. */
void
bnc_compile_monitor(const struct bnc_object *self, const struct bnc_settings *settings,
                    struct bnc_view *view, struct bnc_ir *out);
/* As a MetricRule of groups alone; a group with something wrong is left out. */
void bnc_compile_prometheus_rule(const struct bnc_object *self,
                                 const struct bnc_settings *settings,
                                 struct bnc_view *view, struct bnc_ir *out);
void
bnc_compile_workload(const struct bnc_object *self, const struct bnc_settings *settings,
                     struct bnc_view *view, struct bnc_ir *out);

void bnc_compile_sampling_policy(const struct bnc_object *self,
                                 const struct bnc_settings *settings,
                                 struct bnc_view *view, struct bnc_ir *out);
void
bnc_compile_telemetry(const struct bnc_object *self, const struct bnc_settings *settings,
                      struct bnc_view *view, struct bnc_ir *out);
void
bnc_compile_namespace(const struct bnc_object *self, const struct bnc_settings *settings,
                      struct bnc_view *view, struct bnc_ir *out);
void bnc_compile_instrumentation(const struct bnc_object *self,
                                 const struct bnc_settings *settings,
                                 struct bnc_view *view, struct bnc_ir *out);
void
bnc_compile_datasource(const struct bnc_object *self, const struct bnc_settings *settings,
                       struct bnc_view *view, struct bnc_ir *out);
void
bnc_compile_dashboard(const struct bnc_object *self, const struct bnc_settings *settings,
                      struct bnc_view *view, struct bnc_ir *out);
/* A running pod: BNC_IR_PROXY when it has Istio's proxy, else nothing. */
void bnc_compile_proxy(const struct bnc_object *self, const cJSON *root,
                       const struct bnc_identity *workload, struct bnc_ir *out);

/* Parse an object's text, keep its labels, decode its spec by a table; all in `out`. */
void bnc_object_decode_spec(const struct bnc_object *self, const struct bnc_table *table,
                            void *spec, struct bnc_ir *out);

#endif
