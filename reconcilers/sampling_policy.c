/*
 * SamplingPolicy, and what else says or shows how much is traced: Namespaces,
 * Telemetry, Instrumentation, running proxies.
 */
#include <string.h>

#include "lib/json.h"
#include "mesh/istio.h"
#include "reconcilers/compile.h"
#include "reconcilers/injection.h"

#define ANNOTATION_PERCENT "binnacle.dev/sampling-percent"
#define ANNOTATION_WAS     "binnacle.dev/was"
#define ANNOTATION_OWNER   "binnacle.dev/owner"

/* ---- SamplingPolicy ------------------------------------------------------------ */

/* What the status says of an earlier life, else where the budget begins. */
static int64_t
known_percent(const struct bnc_object *self, int64_t initial, struct bnc_arena *scratch)
{
    struct bnc_error err = {0};
    cJSON *status = NULL;
    int64_t percent = initial;
    if (self->status.len == 0 ||
        bnc_json_parse(scratch, self->status.ptr, self->status.len, &status, &err)) {
        return initial;
    }
    const cJSON *said = bnc_json_get(status, "percent");
    if (cJSON_IsNumber(said) && bnc_json_get(status, "budget") != NULL) {
        percent = (int64_t)(said->valuedouble * 100 + 0.5);
    }
    return percent < 0 || percent > 10000 ? initial : percent;
}

/* What a budget is at now: as measured, else as it was known. */
static int64_t
budget_percent(const struct bnc_object *self, const struct bnc_budget_spec *budget,
               struct bnc_view *view)
{
    const struct bnc_object *measure = NULL;
    struct bnc_error err = {0};
    BNC_AUTO(bnc_arena) scratch = bnc_arena_new();
    cJSON *root = NULL;
    int64_t percent = known_percent(self, budget->initial_percent.value, scratch);

    if (bnc_view_get(view, BNC_KIND_MEASURE, self->ns, self->name, &measure) ==
            BNC_VIEW_FOUND &&
        bnc_json_parse(scratch, measure->text.ptr, measure->text.len, &root, &err) ==
            BNC_OK) {
        (void)bnc_json_get_int(bnc_json_get(root, "data"), "percent", &percent);
    }
    if (budget->traces_per_second.value == 0) {
        return 0;
    }
    if (percent < budget->min_percent.value) {
        percent = budget->min_percent.value;
    }
    return percent > budget->max_percent.value ? budget->max_percent.value : percent;
}

void
bnc_compile_sampling_policy(const struct bnc_object *self,
                            const struct bnc_settings *settings, struct bnc_view *view,
                            struct bnc_ir *out)
{
    BNC_UNUSED(settings);
    struct bnc_ir_sampling *ir = bnc_arena_alloc(out->arena, sizeof(*ir));

    out->type = BNC_IR_SAMPLING;
    out->as.sampling = ir;
    bnc_object_decode_spec(self, &bnc_table_sampling_policy, &ir->spec, out);
    ir->percent = ir->spec.budget == NULL ? ir->spec.percent.value
                                          : budget_percent(self, ir->spec.budget, view);
}

/* ---- what others have ---------------------------------------------------------- */

/* The object's tree in the IR's arena; NULL: it is none. */
static cJSON *
parse(const struct bnc_object *self, struct bnc_ir *out)
{
    struct bnc_error err = {0};
    cJSON *root = NULL;
    return bnc_json_parse(out->arena, self->text.ptr, self->text.len, &root, &err) ? NULL
                                                                                   : root;
}

static const char *
annotation(const cJSON *root, const char *key)
{
    return bnc_json_get_str(bnc_json_path(root, "metadata", "annotations", NULL), key);
}

void
bnc_compile_telemetry(const struct bnc_object *self, const struct bnc_settings *settings,
                      struct bnc_view *view, struct bnc_ir *out)
{
    BNC_UNUSED(settings);
    BNC_UNUSED(view);
    const cJSON *root = parse(self, out);
    if (root == NULL || self->deleting) {
        return;
    }
    out->type = BNC_IR_TELEMETRY;
    out->as.telemetry = bnc_arena_alloc(out->arena, sizeof(*out->as.telemetry));
    bnc_telemetry_decode(root, out->arena, out->as.telemetry);
    out->as.telemetry->ns = self->ns;
    out->as.telemetry->name = self->name;
    out->as.telemetry->ours = annotation(root, ANNOTATION_OWNER) != NULL;
    out->labels = bnc_json_path(root, "metadata", "labels", NULL);
    out->annotations = bnc_json_path(root, "metadata", "annotations", NULL);
}

void
bnc_compile_namespace(const struct bnc_object *self, const struct bnc_settings *settings,
                      struct bnc_view *view, struct bnc_ir *out)
{
    BNC_UNUSED(settings);
    BNC_UNUSED(view);
    if (strstr(self->text.ptr, ANNOTATION_PERCENT) == NULL) {
        return; /* seldom: most say nothing */
    }
    const cJSON *root = parse(self, out);
    const char *percent = annotation(root, ANNOTATION_PERCENT);
    if (percent == NULL || bnc_str_eq(annotation(root, "binnacle.dev/ignore"), "true")) {
        return;
    }
    out->type = BNC_IR_NAMESPACE;
    out->as.ns = bnc_arena_alloc(out->arena, sizeof(*out->as.ns));
    out->as.ns->sampling_percent = percent;
}

void
bnc_compile_instrumentation(const struct bnc_object *self,
                            const struct bnc_settings *settings, struct bnc_view *view,
                            struct bnc_ir *out)
{
    BNC_UNUSED(settings);
    BNC_UNUSED(view);
    const cJSON *root = parse(self, out);
    if (root == NULL || self->deleting) {
        return;
    }
    out->type = BNC_IR_INSTRUMENTATION;
    out->as.instrumentation =
        bnc_arena_alloc(out->arena, sizeof(struct bnc_ir_instrumentation));
    out->as.instrumentation->spec = bnc_json_get(root, "spec");
    out->as.instrumentation->was = annotation(root, ANNOTATION_WAS);
    out->annotations = bnc_json_path(root, "metadata", "annotations", NULL);
}

static const cJSON *
find_container(const cJSON *root, const char *name)
{
    static const char *const lists[] = {"containers", "initContainers"};
    for (size_t i = 0; i < BNC_LEN(lists); i++) {
        const cJSON *item;
        cJSON_ArrayForEach(item, bnc_json_path(root, "spec", lists[i], NULL))
        {
            if (bnc_str_eq(bnc_json_get_str(item, "name"), name)) {
                return item;
            }
        }
    }
    return NULL;
}

static const struct bnc_proxy_config *
proxy_config(const char *text, struct bnc_ir *out)
{
    BNC_AUTO(bnc_arena) scratch = bnc_arena_new(); /* a tree of YAML is large */
    struct bnc_proxy_config found = {0};
    struct bnc_error err = {0};
    if (bnc_proxy_config_parse(text, strlen(text), scratch, &found, &err)) {
        return NULL;
    }
    struct bnc_proxy_config *config = bnc_arena_alloc(out->arena, sizeof(*config));
    *config = found;
    config->custom_tags = bnc_json_clone(out->arena, found.custom_tags);
    config->statsd_address = bnc_arena_strdup(out->arena, found.statsd_address);
    return config;
}

void
bnc_compile_proxy(const struct bnc_object *self, const cJSON *root,
                  const struct bnc_identity *workload, struct bnc_ir *out)
{
    const cJSON *container = find_container(root, "istio-proxy");
    const cJSON *sdk_env = bnc_sdk_environment(bnc_json_get(root, "spec"), out->arena);
    const cJSON *item;

    if ((container == NULL && sdk_env == NULL && !bnc_sdk_asked_for(root)) ||
        self->deleting) {
        return;
    }
    struct bnc_ir_proxy *ir = bnc_arena_alloc(out->arena, sizeof(*ir));
    out->type = BNC_IR_PROXY;
    out->as.proxy = ir;
    ir->controller_kind = bnc_arena_strdup(out->arena, workload->controller_kind);
    ir->controller = bnc_arena_strdup(out->arena, workload->name);
    ir->sidecar = container != NULL;
    ir->sdk_env = sdk_env;
    cJSON_ArrayForEach(item, bnc_json_get(container, "env"))
    {
        const char *value = bnc_json_get_str(item, "value");
        if (value != NULL && bnc_str_eq(bnc_json_get_str(item, "name"), "PROXY_CONFIG")) {
            ir->config = proxy_config(value, out);
        }
    }
}
