#include "reconcilers/table.h"

#include "lib/json.h"
#include "reconcilers/compile.h"
#include "reconcilers/metric_rule.h"

const struct bnc_reconciler bnc_reconcilers[] = {
    {BNC_KIND_OBSERVATORY, bnc_compile_observatory},
    {BNC_KIND_SCRAPE_POLICY, bnc_compile_scrape_policy},
    {BNC_KIND_SAMPLING_POLICY, bnc_compile_sampling_policy},
    {BNC_KIND_METRIC_RULE, bnc_compile_metric_rule},
    {BNC_KIND_DATASOURCE, bnc_compile_datasource},
    {BNC_KIND_DASHBOARD, bnc_compile_dashboard},
    {BNC_KIND_SERVICE_MONITOR, bnc_compile_monitor},
    {BNC_KIND_POD_MONITOR, bnc_compile_monitor},
    {BNC_KIND_PROBE, bnc_compile_monitor},
    {BNC_KIND_SCRAPE_CONFIG, bnc_compile_monitor},
    {BNC_KIND_PROMETHEUS_RULE, bnc_compile_prometheus_rule},
    {BNC_KIND_NAMESPACE, bnc_compile_namespace},
    {BNC_KIND_DEPLOYMENT, bnc_compile_workload},
    {BNC_KIND_STATEFUL_SET, bnc_compile_workload},
    {BNC_KIND_DAEMON_SET, bnc_compile_workload},
    {BNC_KIND_JOB, bnc_compile_workload},
    {BNC_KIND_CRON_JOB, bnc_compile_workload},
    {BNC_KIND_POD, bnc_compile_workload},
    {BNC_KIND_TELEMETRY, bnc_compile_telemetry},
    {BNC_KIND_INSTRUMENTATION, bnc_compile_instrumentation},
};
const size_t bnc_n_reconcilers = BNC_LEN(bnc_reconcilers);

void
bnc_object_decode_spec(const struct bnc_object *self, const struct bnc_table *table,
                       void *spec, struct bnc_ir *out)
{
    struct bnc_error err = {0};
    BNC_AUTO(bnc_arena) scratch = bnc_arena_new();
    cJSON *root = NULL;

    if (bnc_json_parse(scratch, self->text.ptr, self->text.len, &root, &err)) {
        bnc_diag_add(&out->diags, BNC_REASON_INVALID_OBJECT, "", NULL, "%s", err.message);
        return;
    }
    out->labels =
        bnc_json_clone(out->arena, bnc_json_path(root, "metadata", "labels", NULL));
    out->annotations =
        bnc_json_clone(out->arena, bnc_json_path(root, "metadata", "annotations", NULL));
    out->finalizers =
        bnc_json_clone(out->arena, bnc_json_path(root, "metadata", "finalizers", NULL));
    bnc_fields_decode(table, bnc_json_get(root, "spec"), "spec", spec, &out->diags);
}
