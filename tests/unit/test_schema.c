#include "tests/unit/test.h"

#include "lib/json.h"
#include "lib/str.h"
#include "model/crd.h"
#include "model/kind.h"
#include "model/reference.h"

#define CRD_MAX ((size_t)100 * 1024) /* kubectl apply keeps a copy of at most 256 KiB */

/* ---- structural: what the API server asks of a schema --------------------------- */

static void check_schema(const cJSON *schema, const char *name);

static void
check_object(const cJSON *schema, const char *name)
{
    const cJSON *properties = bnc_json_get(schema, "properties");
    const cJSON *additional = bnc_json_get(schema, "additionalProperties");
    bool free = bnc_json_get_true(schema, "x-kubernetes-preserve-unknown-fields");
    const cJSON *item = NULL;
    bnc_test_row(name);
    CHECK_INT((properties != NULL) + (additional != NULL) + free,
              strcmp(name, "metadata") == 0 ? 0 : 1);
    if (additional != NULL) {
        CHECK(bnc_json_get(schema, "maxProperties") != NULL);
        check_schema(additional, name);
    }
    cJSON_ArrayForEach(item, properties)
    {
        check_schema(item, item->string);
    }
    cJSON_ArrayForEach(item, bnc_json_get(schema, "required"))
    {
        bnc_test_row(item->valuestring);
        CHECK(bnc_json_get(properties, item->valuestring) != NULL);
    }
}

/* Keys of a keyed list are required, or have a default: else two may be equal. */
static void
check_array(const cJSON *schema, const char *name)
{
    const cJSON *items = bnc_json_get(schema, "items");
    const char *type = bnc_json_get_str(schema, "x-kubernetes-list-type");
    const cJSON *key = NULL;
    bnc_test_row(name);
    CHECK(bnc_json_get(schema, "maxItems") != NULL);
    CHECK(type != NULL);
    cJSON_ArrayForEach(key, bnc_json_get(schema, "x-kubernetes-list-map-keys"))
    {
        bool required = false;
        const cJSON *item = NULL;
        cJSON_ArrayForEach(item, bnc_json_get(items, "required"))
        {
            required = required || strcmp(item->valuestring, key->valuestring) == 0;
        }
        CHECK(required);
    }
    CHECK_INT(bnc_json_get(schema, "x-kubernetes-list-map-keys") != NULL,
              strcmp(type, "map") == 0);
    check_schema(items, name);
}

/* CEL's reserved words must not be written as they are. */
static void
check_rules(const cJSON *schema)
{
    static const char *const reserved[] = {
        "self.namespace)", "self.package)", "self.import)", "self.function)",
        "self.in)",        "self.as)",      "self.for)",    "self.if)",
        "self.else)",      "self.let)",     "self.loop)",   "self.break)",
        "self.var)",       "self.void)",    "self.while)",
    };
    const cJSON *rule = NULL;
    cJSON_ArrayForEach(rule, bnc_json_get(schema, "x-kubernetes-validations"))
    {
        CHECK(bnc_json_get_str(rule, "message") != NULL);
        for (size_t i = 0; i < BNC_LEN(reserved); i++) {
            CHECK(strstr(bnc_json_get_str(rule, "rule"), reserved[i]) == NULL);
        }
    }
}

static void
check_schema(const cJSON *schema, const char *name)
{
    const char *type = bnc_json_get_str(schema, "type");
    bnc_test_row(name);
    CHECK(schema != NULL);
    if (bnc_json_get_true(schema, "x-kubernetes-int-or-string")) {
        CHECK(type == NULL);
        CHECK(bnc_json_get(schema, "maxLength") != NULL);
        return;
    }
    CHECK(type != NULL);
    check_rules(schema);
    if (strcmp(type, "object") == 0) {
        check_object(schema, name);
    } else if (strcmp(type, "array") == 0) {
        check_array(schema, name);
    } else if (strcmp(type, "string") == 0 && strcmp(name, "apiVersion") != 0 &&
               strcmp(name, "kind") != 0) {
        CHECK(bnc_json_get(schema, "maxLength") != NULL ||
              bnc_json_get(schema, "enum") != NULL);
    } else if (strcmp(type, "integer") == 0) {
        CHECK(bnc_json_get(schema, "minimum") != NULL);
        CHECK(bnc_json_get(schema, "maximum") != NULL);
    }
}

static const cJSON *
root_schema(const cJSON *crd)
{
    const cJSON *versions = bnc_json_path(crd, "spec", "versions", NULL);
    return bnc_json_path(cJSON_GetArrayItem(versions, 0), "schema", "openAPIV3Schema",
                         NULL);
}

TEST(schemas_are_structural)
{
    for (size_t i = 0; bnc_kind_docs[i] != NULL; i++) {
        BNC_AUTO(bnc_arena) arena = bnc_arena_new();
        const cJSON *root = root_schema(bnc_crd_build(bnc_kind_docs[i], arena));
        check_schema(root, bnc_kind_docs[i]->singular);
    }
}

TEST(crds_are_small_and_the_same_each_time)
{
    for (size_t i = 0; bnc_kind_docs[i] != NULL; i++) {
        BNC_AUTO(bnc_arena) arena = bnc_arena_new();
        struct bnc_str a = bnc_str_new(arena, CRD_MAX);
        struct bnc_str b = bnc_str_new(arena, CRD_MAX);
        bnc_test_row(bnc_kind_docs[i]->singular);
        bnc_json_print(bnc_crd_build(bnc_kind_docs[i], arena), &a);
        bnc_json_print(bnc_crd_build(bnc_kind_docs[i], arena), &b);
        CHECK(!a.too_big);
        CHECK_STR(a.ptr, b.ptr);
    }
}

static void
check_text(const cJSON *json, const char *want)
{
    struct bnc_str text = bnc_str_new(NULL, CRD_MAX);
    if (json != NULL) {
        bnc_json_print_sorted(json, &text);
    }
    /* freed before a check may fail */
    char got[2048];
    (void)snprintf(got, sizeof(got), "%s", text.ptr == NULL ? "(absent)" : text.ptr);
    bnc_str_free(&text);
    CHECK_STR(got, want);
}

TEST(names_of_the_crd)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    const cJSON *crd = bnc_crd_build(bnc_kind_docs[1], arena);
    check_text(bnc_json_path(crd, "metadata", NULL),
               "{\"name\":\"scrapepolicies.binnacle.dev\"}");
    check_text(
        bnc_json_path(crd, "spec", "names", NULL),
        "{\"categories\":[\"binnacle\"],\"kind\":\"ScrapePolicy\",\"listKind\":"
        "\"ScrapePolicyList\",\"plural\":\"scrapepolicies\",\"shortNames\":[\"sp\"],"
        "\"singular\":\"scrapepolicy\"}");
    check_text(bnc_json_path(crd, "spec", "scope", NULL), "\"Namespaced\"");
    const cJSON *version =
        cJSON_GetArrayItem(bnc_json_path(crd, "spec", "versions", NULL), 0);
    check_text(bnc_json_get(version, "subresources"), "{\"status\":{}}");
    check_text(bnc_json_get(version, "name"), "\"v1alpha1\"");
}

/* A property of spec by its path, "[]" for items. */
static const cJSON *
property(const cJSON *root, const char *path, struct bnc_arena *arena)
{
    const cJSON *at = root;
    char *copy = bnc_arena_strdup(arena, path);
    char *rest = NULL;
    for (char *part = strtok_r(copy, ".", &rest); part != NULL;
         part = strtok_r(NULL, ".", &rest)) {
        at = strcmp(part, "[]") == 0 ? bnc_json_get(at, "items")
                                     : bnc_json_path(at, "properties", part, NULL);
    }
    return at;
}

static const struct {
    size_t kind; /* in bnc_kind_docs */
    const char *path;
    const char *key; /* of the schema there */
    const char *want;
} parts[] = {
    {0, "status", "default",
     "{\"conditions\":[{\"lastTransitionTime\":\"1970-01-01T00:00:00Z\",\"message\":"
     "\"waiting for the controller\",\"reason\":\"Waiting\",\"status\":\"Unknown\","
     "\"type\":\"Ready\"}]}"},
    {0, "spec.prometheus.output.kind", "default", "\"Secret\""},
    {0, "spec.prometheus.output.kind", "enum", "[\"Secret\",\"ConfigMap\"]"},
    {0, "spec.prometheus.output", "default", "(absent)"},
    {0, "spec.prometheus.layout", "enum", "[\"Single\",\"Files\"]"},
    {0, "spec.prometheus.scrapeInterval", "default", "(absent)"},
    {0, "spec.prometheus.scrapeInterval", "pattern", "(absent)"},
    {0, "spec.prometheus.scrapePolicySelector", "default", "{}"},
    {0, "spec.prometheus.scrapePolicySelector", "x-kubernetes-map-type", "\"atomic\""},
    {0, "spec.prometheus.base", "x-kubernetes-preserve-unknown-fields", "true"},
    {0, "spec.prometheus.annotations.prefixes", "default",
     "[\"binnacle.dev\",\"prometheus.io\"]"},
    {0, "spec.prometheus.files", "x-kubernetes-list-map-keys", "[\"name\"]"},
    {0, "spec.prometheus.presets.[]", "enum",
     "[\"istio-proxy\",\"istio-merged\",\"istiod\",\"ztunnel\",\"statsd-exporter\","
     "\"kubelet\",\"cadvisor\",\"apiserver\"]"},
    {0, "spec.tenants.targets", "default", "\"OwnNamespace\""},
    {0, "status.conditions", "x-kubernetes-list-map-keys", "[\"type\"]"},
    {0, "status.prometheus.rejected", "maxItems", "100"},
    {0, "status.conditions.[].message", "minLength", "(absent)"},
    {0, "status.conditions.[].reason", "minLength", "1"},
    {0, "status.conditions.[].lastTransitionTime", "format", "\"date-time\""},
    {1, "spec.endpoints.[].basicAuth.username.name", "minLength", "1"},
    {1, "spec", "x-kubernetes-validations",
     "[{\"message\":\"exactly one of preset, endpoints must be set\",\"rule\":"
     "\"(has(self.preset) ? 1 : 0) + (has(self.endpoints) ? 1 : 0) == 1\"}]"},
    {1, "spec.preset", "enum", "(absent)"},
    {1, "spec.preset", "minLength", "1"},
    {1, "spec.endpoints", "minItems", "1"},
    {1, "spec.endpoints", "x-kubernetes-list-type", "\"atomic\""},
    {1, "spec.endpoints.[].port", "x-kubernetes-int-or-string", "true"},
    {1, "spec.endpoints.[]", "required", "[\"port\"]"},
    {1, "spec.endpoints.[].relabelings", "maxItems", "128"},
    {1, "spec.endpoints.[].relabelings.[].regex", "pattern", "(absent)"},
    {1, "spec.endpoints.[].relabelings.[].regex", "maxLength", "4096"},
    {1, "spec.endpoints.[].tlsConfig.ca", "x-kubernetes-validations",
     "[{\"message\":\"exactly one of secret, configMap must be set\",\"rule\":"
     "\"(has(self.secret) ? 1 : 0) + (has(self.configMap) ? 1 : 0) == 1\"}]"},
    {1, "spec.labels", "additionalProperties",
     "{\"maxLength\":1024,\"type\":\"string\"}"},
    {1, "status.observatories", "x-kubernetes-list-map-keys", "[\"namespace\",\"name\"]"},
};

TEST(parts_of_the_schema)
{
    for (size_t i = 0; i < BNC_LEN(parts); i++) {
        BNC_AUTO(bnc_arena) arena = bnc_arena_new();
        const cJSON *root =
            root_schema(bnc_crd_build(bnc_kind_docs[parts[i].kind], arena));
        const cJSON *at = property(root, parts[i].path, arena);
        bnc_test_row(parts[i].path);
        CHECK(at != NULL);
        check_text(bnc_json_get(at, parts[i].key), parts[i].want);
    }
}

/* A default must itself be what the schema takes. */
static void
check_defaults(const struct bnc_table *table)
{
    for (size_t i = 0; i < table->n_fields; i++) {
        const struct bnc_field *field = &table->fields[i];
        if (field->sub != NULL) {
            check_defaults(field->sub);
        }
        if (field->def == NULL) {
            continue;
        }
        BNC_AUTO(bnc_arena) arena = bnc_arena_new();
        struct bnc_diags diags = bnc_diags_new(arena);
        struct bnc_table one = {
            .name = "One", .size = table->size, .fields = field, .n_fields = 1};
        char *out = bnc_arena_alloc(arena, table->size);
        size_t left = 0;
        bnc_test_row(field->name);
        bnc_fields_decode(&one, NULL, "spec", out, &diags);
        CHECK_INT(diags.n, 0);
        for (size_t j = 0; j < table->size; j++) {
            left += out[j] != 0;
        }
        CHECK(left > 0);
    }
}

TEST(defaults_can_be_decoded)
{
    for (size_t i = 0; bnc_kind_docs[i] != NULL; i++) {
        check_defaults(bnc_kind_docs[i]->spec);
    }
}

TEST(reference_pages)
{
    for (size_t i = 0; bnc_kind_docs[i] != NULL; i++) {
        BNC_AUTO(bnc_arena) arena = bnc_arena_new();
        struct bnc_str page = bnc_str_new(arena, BNC_REFERENCE_MAX);
        bnc_reference_write(bnc_kind_docs[i], &page);
        bnc_test_row(bnc_kind_docs[i]->singular);
        CHECK(!page.too_big);
        CHECK(strstr(page.ptr, "\n## Spec\n") != NULL);
        CHECK(strstr(page.ptr,
                     "| `status.conditions` | list of [Condition](#condition) |") !=
              NULL);
        const struct bnc_table *spec = bnc_kind_docs[i]->spec;
        for (size_t j = 0; j < spec->n_fields; j++) {
            bnc_test_row(spec->fields[j].name);
            CHECK(strstr(page.ptr, bnc_arena_fmt(arena, "| `spec.%s` |",
                                                 spec->fields[j].name)) != NULL);
        }
    }
}

TEST(a_cell_of_the_reference)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    struct bnc_str page = bnc_str_new(arena, BNC_REFERENCE_MAX);
    bnc_reference_write(bnc_kind_docs[0], &page);
    CHECK(strstr(page.ptr,
                 "| `spec.prometheus.output.kind` | one of `Secret`, `ConfigMap` | "
                 "`\"Secret\"` | Kind of the object") != NULL);
    CHECK_STR(bnc_reference_file(bnc_kind_docs[1], arena), "scrapepolicy.md");
}

RUN_TESTS(schemas_are_structural, crds_are_small_and_the_same_each_time, names_of_the_crd,
          parts_of_the_schema, defaults_can_be_decoded, reference_pages,
          a_cell_of_the_reference)
