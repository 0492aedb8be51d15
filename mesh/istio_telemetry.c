/* Telemetry objects: decoding, their order, and whom they are about. */
#include <stdlib.h>
#include <string.h>

#include "lib/json.h"
#include "mesh/istio.h"

#define GATEWAY_GROUP "gateway.networking.k8s.io"

static enum bnc_mode
read_mode(const cJSON *entry)
{
    const char *mode = bnc_json_get_str(bnc_json_get(entry, "match"), "mode");
    if (bnc_str_eq(mode, "CLIENT")) {
        return BNC_MODE_CLIENT;
    }
    return bnc_str_eq(mode, "SERVER") ? BNC_MODE_SERVER : BNC_MODE_BOTH;
}

static void
read_entry(const cJSON *entry, struct bnc_arena *arena, struct bnc_tracing_entry *out)
{
    const cJSON *provider = cJSON_GetArrayItem(bnc_json_get(entry, "providers"), 0);
    const cJSON *disable = bnc_json_get(entry, "disableSpanReporting");
    const cJSON *tags = bnc_json_get(entry, "customTags");

    out->mode = read_mode(entry);
    if (provider != NULL) {
        const char *name = bnc_json_get_str(provider, "name");
        out->provider = name == NULL ? "" : bnc_arena_strdup(arena, name);
    }
    out->percent.set = bnc_rate_from_json(bnc_json_get(entry, "randomSamplingPercentage"),
                                          arena, &out->percent.value);
    if (cJSON_IsBool(disable)) {
        out->disable_span_reporting = cJSON_IsTrue(disable) ? BNC_TRUE : BNC_FALSE;
    }
    out->custom_tags = cJSON_IsObject(tags) ? tags : NULL;
}

static size_t
count(const cJSON *list)
{
    return cJSON_IsArray(list) || cJSON_IsObject(list) ? (size_t)cJSON_GetArraySize(list)
                                                       : 0;
}

static int
by_key(const void *a, const void *b)
{
    return strcmp(((const struct bnc_pair *)a)->key, ((const struct bnc_pair *)b)->key);
}

static void
read_labels(const cJSON *labels, struct bnc_arena *arena, struct bnc_pairs *out)
{
    size_t n = cJSON_IsObject(labels) ? count(labels) : 0;
    if (n == 0) {
        return;
    }
    out->items = bnc_arena_array(arena, n, sizeof(*out->items));
    out->set = true;
    const cJSON *label;
    cJSON_ArrayForEach(label, labels)
    {
        if (cJSON_IsString(label)) {
            out->items[out->n++] = (struct bnc_pair){
                .key = bnc_arena_strdup(arena, label->string),
                .value = bnc_arena_strdup(arena, label->valuestring),
            };
        }
    }
    qsort(out->items, out->n, sizeof(*out->items), by_key);
}

static void
read_tracing(const cJSON *list, struct bnc_arena *arena, struct bnc_telemetry *out)
{
    if (!cJSON_IsArray(list) || count(list) == 0) {
        return;
    }
    out->tracing = bnc_arena_array(arena, count(list), sizeof(*out->tracing));
    const cJSON *entry;
    cJSON_ArrayForEach(entry, list)
    {
        read_entry(entry, arena, &out->tracing[out->n_tracing++]);
    }
}

static const char *
text_or_empty(const cJSON *object, const char *key, struct bnc_arena *arena)
{
    const char *text = bnc_json_get_str(object, key);
    return text == NULL ? "" : bnc_arena_strdup(arena, text);
}

void
bnc_telemetry_decode(const cJSON *root, struct bnc_arena *arena,
                     struct bnc_telemetry *out)
{
    const cJSON *meta = bnc_json_get(root, "metadata");
    const cJSON *spec = bnc_json_get(root, "spec");
    const cJSON *refs = bnc_json_get(spec, "targetRefs");
    const cJSON *one_ref = bnc_json_get(spec, "targetRef");
    const cJSON *metrics = bnc_json_get(spec, "metrics");

    *out = (struct bnc_telemetry){
        .ns = text_or_empty(meta, "namespace", arena),
        .name = text_or_empty(meta, "name", arena),
        .created = text_or_empty(meta, "creationTimestamp", arena),
        .metrics = count(metrics) > 0 ? metrics : NULL,
    };
    out->ours = bnc_str_eq(
        bnc_json_get_str(bnc_json_get(meta, "labels"), "app.kubernetes.io/managed-by"),
        "binnacle");
    read_labels(bnc_json_path(spec, "selector", "matchLabels", NULL), arena,
                &out->match_labels);
    if (count(refs) > 0) {
        out->target_refs = refs;
    } else if (cJSON_IsObject(one_ref)) {
        out->target_refs = one_ref;
    }
    out->selects = out->match_labels.n > 0 || out->target_refs != NULL;
    read_tracing(bnc_json_get(spec, "tracing"), arena, out);
}

int
bnc_telemetry_compare(const struct bnc_telemetry *a, const struct bnc_telemetry *b)
{
    bool a_new = a->created[0] == '\0';
    bool b_new = b->created[0] == '\0';
    if (a_new != b_new) {
        return a_new ? 1 : -1;
    }
    int order = strcmp(a->created, b->created);
    order = order == 0 ? strcmp(a->name, b->name) : order;
    return order == 0 ? strcmp(a->ns, b->ns) : order;
}

/* ---- whom it is about ---------------------------------------------------------- */

static bool
ref_matches(const cJSON *ref, const char *ns, const char *gateway)
{
    const char *ref_ns = bnc_json_get_str(ref, "namespace");
    return (ref_ns == NULL || ref_ns[0] == '\0' || strcmp(ref_ns, ns) == 0) &&
           bnc_str_eq(bnc_json_get_str(ref, "group"), GATEWAY_GROUP) &&
           bnc_str_eq(bnc_json_get_str(ref, "kind"), "Gateway") &&
           bnc_str_eq(bnc_json_get_str(ref, "name"), gateway);
}

static bool
refs_match(const cJSON *refs, const char *ns, const char *gateway)
{
    if (gateway == NULL || cJSON_IsObject(refs)) {
        return gateway != NULL && ref_matches(refs, ns, gateway);
    }
    const cJSON *ref;
    cJSON_ArrayForEach(ref, refs)
    {
        if (ref_matches(ref, ns, gateway)) {
            return true;
        }
    }
    return false;
}

static bool
labels_match(const struct bnc_pairs *wanted, const cJSON *labels)
{
    for (size_t i = 0; i < wanted->n; i++) {
        const char *value = bnc_json_get_str(labels, wanted->items[i].key);
        if (value == NULL || strcmp(value, wanted->items[i].value) != 0) {
            return false;
        }
    }
    return true;
}

bool
bnc_telemetry_matches(const struct bnc_telemetry *telemetry, const char *ns,
                      const char *root_ns, const cJSON *labels, const char *gateway)
{
    bool own = strcmp(telemetry->ns, ns) == 0;
    if (!telemetry->selects) {
        return own || bnc_str_eq(telemetry->ns, root_ns);
    }
    if (!own) {
        return false;
    }
    return telemetry->target_refs != NULL
               ? refs_match(telemetry->target_refs, ns, gateway)
               : labels_match(&telemetry->match_labels, labels);
}
