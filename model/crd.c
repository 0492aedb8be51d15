#include "model/crd.h"

#include "lib/json.h"
#include "model/kind.h"
#include "model/spec_datasource.h"
#include "model/spec_metric_rule.h"
#include "model/spec_observatory.h"
#include "model/spec_sampling_policy.h"
#include "model/spec_scrape_policy.h"

const struct bnc_kind_doc *const bnc_kind_docs[] = {
    &bnc_doc_observatory,
    &bnc_doc_scrape_policy,
    &bnc_doc_sampling_policy,
    &bnc_doc_metric_rule,
    &bnc_doc_datasource,
    &bnc_doc_dashboard,
    NULL,
};

static cJSON *
texts(struct bnc_arena *arena, const char *only)
{
    cJSON *list = bnc_json_array(arena);
    bnc_json_add(list, bnc_json_str(arena, only));
    return list;
}

static cJSON *
names(const struct bnc_kind_doc *doc, struct bnc_arena *arena)
{
    const struct bnc_kind_info *info = bnc_kind_info((enum bnc_kind)doc->kind);
    cJSON *out = bnc_json_object(arena);
    bnc_json_set_item(arena, out, "categories", texts(arena, "binnacle"));
    bnc_json_set_str(arena, out, "kind", info->name);
    bnc_json_set_str(arena, out, "listKind", bnc_arena_fmt(arena, "%sList", info->name));
    bnc_json_set_str(arena, out, "plural", info->plural);
    bnc_json_set_item(arena, out, "shortNames", texts(arena, doc->short_name));
    bnc_json_set_str(arena, out, "singular", doc->singular);
    return out;
}

static cJSON *
printer_columns(const struct bnc_kind_doc *doc, struct bnc_arena *arena)
{
    cJSON *list = bnc_json_array(arena);
    for (size_t i = 0; i < doc->n_columns; i++) {
        cJSON *column = bnc_json_object(arena);
        bnc_json_set_str(arena, column, "jsonPath", doc->columns[i].path);
        bnc_json_set_str(arena, column, "name", doc->columns[i].name);
        if (doc->columns[i].wide) {
            bnc_json_set_int(arena, column, "priority", 1);
        }
        bnc_json_set_str(arena, column, "type", doc->columns[i].type);
        bnc_json_add(list, column);
    }
    return list;
}

/* What a new object has until the controller has seen it: never mistaken for ready. */
static cJSON *
first_status(struct bnc_arena *arena)
{
    cJSON *condition = bnc_json_object(arena);
    bnc_json_set_str(arena, condition, "type", "Ready");
    bnc_json_set_str(arena, condition, "status", "Unknown");
    bnc_json_set_str(arena, condition, "reason", "Waiting");
    bnc_json_set_str(arena, condition, "message", "waiting for the controller");
    bnc_json_set_str(arena, condition, "lastTransitionTime", "1970-01-01T00:00:00Z");
    cJSON *conditions = bnc_json_array(arena);
    bnc_json_add(conditions, condition);
    cJSON *status = bnc_json_object(arena);
    bnc_json_set_item(arena, status, "conditions", conditions);
    return status;
}

static cJSON *
text_property(const char *doc, struct bnc_arena *arena)
{
    cJSON *schema = bnc_json_object(arena);
    bnc_json_set_str(arena, schema, "description", doc);
    bnc_json_set_str(arena, schema, "type", "string");
    return schema;
}

static cJSON *
object_schema(const struct bnc_kind_doc *doc, struct bnc_arena *arena)
{
    cJSON *schema = bnc_json_object(arena);
    cJSON *properties = bnc_json_object(arena);
    cJSON *metadata = bnc_json_object(arena);
    cJSON *spec = bnc_fields_schema(doc->spec, arena);
    cJSON *status = bnc_fields_schema(doc->status, arena);

    bnc_json_set_str(arena, metadata, "type", "object");
    bnc_json_set_str(arena, spec, "description", "What is wanted.");
    bnc_json_set_str(arena, status, "description", "What binnacle made of it.");
    bnc_json_set_item(arena, status, "default", first_status(arena));
    bnc_json_set_item(arena, properties, "apiVersion",
                      text_property("binnacle.dev/v1alpha1", arena));
    bnc_json_set_item(
        arena, properties, "kind",
        text_property(bnc_kind_info((enum bnc_kind)doc->kind)->name, arena));
    bnc_json_set_item(arena, properties, "metadata", metadata);
    bnc_json_set_item(arena, properties, "spec", spec);
    bnc_json_set_item(arena, properties, "status", status);
    bnc_json_set_str(arena, schema, "description", doc->doc);
    bnc_json_set_item(arena, schema, "properties", properties);
    bnc_json_set_item(arena, schema, "required", texts(arena, "spec"));
    bnc_json_set_str(arena, schema, "type", "object");
    return schema;
}

static cJSON *
version(const struct bnc_kind_doc *doc, struct bnc_arena *arena)
{
    const struct bnc_kind_info *info = bnc_kind_info((enum bnc_kind)doc->kind);
    cJSON *out = bnc_json_object(arena);
    cJSON *schema = bnc_json_object(arena);
    cJSON *subresources = bnc_json_object(arena);
    bnc_json_set_item(arena, subresources, "status", bnc_json_object(arena));
    bnc_json_set_item(arena, schema, "openAPIV3Schema", object_schema(doc, arena));
    bnc_json_set_item(arena, out, "additionalPrinterColumns",
                      printer_columns(doc, arena));
    bnc_json_set_str(arena, out, "name", info->version);
    bnc_json_set_item(arena, out, "schema", schema);
    bnc_json_set_bool(arena, out, "served", true);
    bnc_json_set_bool(arena, out, "storage", true);
    bnc_json_set_item(arena, out, "subresources", subresources);
    return out;
}

cJSON *
bnc_crd_build(const struct bnc_kind_doc *doc, struct bnc_arena *arena)
{
    const struct bnc_kind_info *info = bnc_kind_info((enum bnc_kind)doc->kind);
    cJSON *crd = bnc_json_object(arena);
    cJSON *metadata = bnc_json_object(arena);
    cJSON *spec = bnc_json_object(arena);
    cJSON *versions = bnc_json_array(arena);

    bnc_json_set_str(arena, metadata, "name",
                     bnc_arena_fmt(arena, "%s.%s", info->plural, info->group));
    bnc_json_add(versions, version(doc, arena));
    bnc_json_set_str(arena, spec, "group", info->group);
    bnc_json_set_item(arena, spec, "names", names(doc, arena));
    bnc_json_set_str(arena, spec, "scope", info->namespaced ? "Namespaced" : "Cluster");
    bnc_json_set_item(arena, spec, "versions", versions);
    bnc_json_set_str(arena, crd, "apiVersion", "apiextensions.k8s.io/v1");
    bnc_json_set_str(arena, crd, "kind", "CustomResourceDefinition");
    bnc_json_set_item(arena, crd, "metadata", metadata);
    bnc_json_set_item(arena, crd, "spec", spec);
    return crd;
}
