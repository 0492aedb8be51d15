#include "tests/unit/test.h"

#include "lib/json.h"
#include "model/crd.h"
#include "model/spec_observatory.h"
#include "model/spec_scrape_policy.h"

static cJSON *
parse(struct bnc_arena *arena, const char *text)
{
    cJSON *json = NULL;
    struct bnc_error err = {0};
    CHECK_INT(bnc_json_parse(arena, text, strlen(text), &json, &err), BNC_OK);
    return json;
}

static const char *
all_text(const struct bnc_diags *diags)
{
    struct bnc_str out = bnc_str_new(diags->arena, 1 << 20);
    for (size_t i = 0; i < diags->n; i++) {
        bnc_str_fmt(&out, "%s%s", i == 0 ? "" : "\n",
                    bnc_diag_text(&diags->items[i], diags->arena));
    }
    return out.ptr == NULL ? "" : out.ptr;
}

/* ---- every field of every table: filled in, decoded, found in its member -------- */

static cJSON *fill(const struct bnc_table *table, size_t pick, struct bnc_arena *arena);

static const char *const rule_samples[BNC_TEXT_RULE_COUNT] = {
    [BNC_TEXT_ANY] = "\"istiod\"",     [BNC_TEXT_OBJECT_NAME] = "\"a.b\"",
    [BNC_TEXT_NAMESPACE] = "\"a-b\"",  [BNC_TEXT_KEY] = "\"A_b.c\"",
    [BNC_TEXT_LABEL_NAME] = "\"a_b\"", [BNC_TEXT_ADDED_LABEL] = "\"team\"",
    [BNC_TEXT_LABEL_KEY] = "\"a/b\"",  [BNC_TEXT_LABEL_KEYS] = "\"*\"",
    [BNC_TEXT_URL] = "\"http://x\"",   [BNC_TEXT_PROXY_URL] = "\"socks5://x\"",
    [BNC_TEXT_PATH] = "\"/x\"",        [BNC_TEXT_VERSION] = "\"3.5.0\"",
    [BNC_TEXT_UID] = "\"A-b_1\"",      [BNC_TEXT_TIME] = "\"-\"",
};

static const char *const type_samples[BNC_FIELD_TYPE_COUNT] = {
    [BNC_FIELD_BOOL] = "true",
    [BNC_FIELD_INT] = "1",
    [BNC_FIELD_DURATION] = "\"5s\"",
    [BNC_FIELD_SIZE] = "\"5MB\"",
    [BNC_FIELD_REGEX] = "\"a.*\"",
    [BNC_FIELD_PORT] = "\"web\"",
    [BNC_FIELD_NUMBER] = "12.5",
    [BNC_FIELD_PERCENT] = "12.5",
    [BNC_FIELD_EXPR] = "\"up\"",
    [BNC_FIELD_REGEXES] = "[\"a\"]",
    [BNC_FIELD_MAP] = "{\"a\":\"b\"}",
    [BNC_FIELD_REGEX_MAP] = "{\"a\":\"b\"}",
    [BNC_FIELD_MULTIMAP] = "{\"a\":[\"b\"]}",
    [BNC_FIELD_SELECTOR] = "{}",
    [BNC_FIELD_RAW_OBJECT] = "{}",
    [BNC_FIELD_RAW] = "1",
};

static cJSON *
sample(const struct bnc_field *field, size_t pick, struct bnc_arena *arena)
{
    cJSON *list = bnc_json_array(arena);
    if (type_samples[field->type] != NULL) {
        return parse(arena, type_samples[field->type]);
    }
    if (field->type == BNC_FIELD_ENUM) {
        return bnc_json_str(arena, field->values[0]);
    }
    if (field->type == BNC_FIELD_TEXT) {
        return parse(arena, rule_samples[field->rule]);
    }
    if (field->type == BNC_FIELD_TEXTS) {
        bnc_json_add(list, field->values == NULL ? parse(arena, rule_samples[field->rule])
                                                 : bnc_json_str(arena, field->values[0]));
        return list;
    }
    if (field->type == BNC_FIELD_LIST) {
        bnc_json_add(list, fill(field->sub, pick, arena));
        return list;
    }
    return fill(field->sub, pick, arena);
}

/* True when `name` is in a union of which another member is picked. */
static bool
is_left_out(const struct bnc_table *table, const char *name, size_t pick)
{
    for (size_t i = 0; i < table->n_unions; i++) {
        size_t n = 0;
        size_t at = SIZE_MAX;
        for (; table->unions[i].names[n] != NULL; n++) {
            at = strcmp(table->unions[i].names[n], name) == 0 ? n : at;
        }
        if (at != SIZE_MAX && at != pick % n) {
            return true;
        }
    }
    return false;
}

static cJSON *
fill(const struct bnc_table *table, size_t pick, struct bnc_arena *arena)
{
    cJSON *out = bnc_json_object(arena);
    for (size_t i = 0; i < table->n_fields; i++) {
        const struct bnc_field *field = &table->fields[i];
        if (!is_left_out(table, field->name, pick)) {
            bnc_json_append(arena, out, field->name, sample(field, pick, arena));
        }
    }
    return out;
}

static bool
is_zero(const char *bytes, size_t n)
{
    size_t i = 0;
    while (i < n && bytes[i] == 0) {
        i++;
    }
    return i == n;
}

/* Every key of `json` has left something in the member of its row. */
static void
check_filled(const struct bnc_table *table, const cJSON *json, const char *item)
{
    static const size_t sizes[BNC_FIELD_TYPE_COUNT] = {
        [BNC_FIELD_BOOL] = sizeof(enum bnc_tri),
        [BNC_FIELD_INT] = sizeof(struct bnc_opt_int),
        [BNC_FIELD_PERCENT] = sizeof(struct bnc_opt_int),
        [BNC_FIELD_TEXTS] = sizeof(struct bnc_texts),
        [BNC_FIELD_REGEXES] = sizeof(struct bnc_texts),
        [BNC_FIELD_MAP] = sizeof(struct bnc_pairs),
        [BNC_FIELD_REGEX_MAP] = sizeof(struct bnc_pairs),
        [BNC_FIELD_MULTIMAP] = sizeof(struct bnc_multipairs),
        [BNC_FIELD_LIST] = sizeof(struct bnc_list),
    };
    for (size_t i = 0; i < table->n_fields; i++) {
        const struct bnc_field *field = &table->fields[i];
        const cJSON *value = bnc_json_get(json, field->name);
        size_t size = sizes[field->type] == 0 ? sizeof(void *) : sizes[field->type];
        size = field->type == BNC_FIELD_INLINE ? field->sub->size : size;
        bnc_test_row(field->name);
        CHECK(field->offset + size <= table->size);
        CHECK_INT(is_zero(item + field->offset, size), value == NULL);
        if (value == NULL) {
            continue;
        }
        if (field->type == BNC_FIELD_OBJECT) {
            const char *object = NULL;
            memcpy(&object, item + field->offset, sizeof(object));
            check_filled(field->sub, value, object);
        } else if (field->type == BNC_FIELD_LIST) {
            struct bnc_list list;
            memcpy(&list, item + field->offset, sizeof(list));
            CHECK_INT(list.n, 1);
            check_filled(field->sub, cJSON_GetArrayItem(value, 0), list.items);
        }
    }
}

TEST(every_field_reaches_its_member)
{
    for (size_t i = 0; bnc_kind_docs[i] != NULL; i++) {
        for (size_t pick = 0; pick < 6; pick++) {
            BNC_AUTO(bnc_arena) arena = bnc_arena_new();
            struct bnc_diags diags = bnc_diags_new(arena);
            const struct bnc_table *table = bnc_kind_docs[i]->spec;
            cJSON *json = fill(table, pick, arena);
            char *out = bnc_arena_alloc(arena, table->size);
            bnc_fields_decode(table, json, "spec", out, &diags);
            CHECK_STR(all_text(&diags), "");
            check_filled(table, json, out);
        }
    }
}

static void
check_rows(const struct bnc_table *table, bool decoded)
{
    for (size_t i = 0; i < table->n_fields; i++) {
        const struct bnc_field *field = &table->fields[i];
        bnc_test_row(field->name);
        CHECK(field->doc != NULL && field->doc[0] != '\0');
        CHECK_INT(field->doc[strlen(field->doc) - 1], '.');
        CHECK(field->type != BNC_FIELD_ENUM || field->values != NULL);
        for (size_t j = 0; j < i; j++) {
            CHECK(strcmp(table->fields[j].name, field->name) != 0);
            CHECK(!decoded || table->fields[j].offset != field->offset);
        }
        if (field->sub != NULL) {
            check_rows(field->sub, decoded);
        }
    }
    for (size_t i = 0; i < table->n_unions; i++) {
        for (size_t j = 0; table->unions[i].names[j] != NULL; j++) {
            size_t at = 0;
            bnc_test_row(table->unions[i].names[j]);
            while (at < table->n_fields &&
                   strcmp(table->fields[at].name, table->unions[i].names[j]) != 0) {
                at++;
            }
            CHECK(at < table->n_fields);
        }
    }
}

TEST(rows_are_whole)
{
    for (size_t i = 0; bnc_kind_docs[i] != NULL; i++) {
        check_rows(bnc_kind_docs[i]->spec, true);
        check_rows(bnc_kind_docs[i]->status, false);
    }
}

/* ---- what a user gets by default ------------------------------------------------ */

TEST(observatory_defaults)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    struct bnc_diags diags = bnc_diags_new(arena);
    struct bnc_spec_observatory spec = {.suspend = BNC_UNSET};
    bnc_fields_decode(
        &bnc_table_observatory,
        parse(arena,
              "{\"tenants\":{},\"prometheus\":{\"output\":{},\"annotations\":{}}}"),
        "spec", &spec, &diags);
    CHECK_STR(all_text(&diags), "");
    CHECK_INT(spec.priority.value, 0);
    CHECK_INT(spec.suspend, BNC_FALSE);
    CHECK(spec.namespace_selector == NULL); /* its own namespace */
    CHECK_STR(spec.tenants->targets, "OwnNamespace");
    CHECK_STR(spec.tenants->file_references, "Deny");
    CHECK_STR(spec.tenants->scrape_class_credentials, "Deny");
    CHECK_STR(spec.prometheus->output->kind, "Secret");
    CHECK_STR(spec.prometheus->output->key, "prometheus.yml");
    CHECK(spec.prometheus->output->name == NULL);
    CHECK_STR(spec.prometheus->layout, "Single");
    CHECK_INT(spec.prometheus->annotations->enabled, BNC_TRUE);
    CHECK_INT(spec.prometheus->annotations->prefixes.n, 2);
    CHECK_STR(spec.prometheus->annotations->prefixes.items[0], "binnacle.dev");
    CHECK_INT(spec.prometheus->scrape_policy_selector->n, 0);
    CHECK(spec.prometheus->scrape_policy_namespace_selector == NULL);
    /* what a layer below may set has no default here */
    CHECK(spec.prometheus->version == NULL);
    CHECK(spec.prometheus->scrape_interval == NULL);
    CHECK(!spec.prometheus->shards.set);
    CHECK(!spec.prometheus->pod_target_labels.set);
    CHECK_INT(spec.prometheus->override_honor_labels, BNC_UNSET);
    CHECK(!spec.prometheus->enforced.sample_limit.set);
}

TEST(absent_blocks_stay_absent)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    struct bnc_diags diags = bnc_diags_new(arena);
    struct bnc_spec_observatory spec = {.suspend = BNC_UNSET};
    bnc_fields_decode(&bnc_table_observatory, parse(arena, "{\"prometheus\":{}}"), "spec",
                      &spec, &diags);
    CHECK_STR(all_text(&diags), "");
    CHECK(spec.tenants == NULL);
    CHECK(spec.prometheus->output == NULL);
    CHECK(spec.prometheus->annotations == NULL);
}

TEST(scrape_policy)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    struct bnc_diags diags = bnc_diags_new(arena);
    struct bnc_spec_scrape_policy spec = {.preset = NULL};
    bnc_fields_decode(
        &bnc_table_scrape_policy,
        parse(arena,
              "{\"workloads\":[{\"kind\":\"CronJob\",\"name\":\"c\"},{\"kind\":"
              "\"Deployment\",\"name\":\"d\",\"group\":\"apps\"}],\"sampleLimit\":0,"
              "\"enabled\":null,\"endpoints\":[{\"port\":9090,\"scheme\":\"HTTPS\","
              "\"relabelings\":[{\"action\":\"LabelDrop\",\"regex\":\"x\",\"separator\":"
              "\"\"}]}],\"attachMetadata\":{\"node\":true}}"),
        "spec", &spec, &diags);
    CHECK_STR(all_text(&diags), "spec.enabled: unknown field \"enabled\"; remove it");
    const struct bnc_workload_ref *workloads = spec.workloads.items;
    CHECK_STR(workloads[0].group, "batch");
    CHECK_STR(workloads[1].group, "apps");
    CHECK(spec.limits.sample_limit.set);
    CHECK(!spec.limits.target_limit.set);
    CHECK_INT(spec.attach_node_metadata, BNC_TRUE);
    const struct bnc_endpoint *endpoint = spec.endpoints.items;
    CHECK_STR(endpoint->port, "9090");
    CHECK_STR(endpoint->scheme, "https");
    const struct bnc_relabel *relabel = endpoint->relabelings.items;
    CHECK_STR(relabel->action, "labeldrop");
    CHECK_STR(relabel->separator, "");
    CHECK(relabel->replacement == NULL);
}

/* ---- what is refused ------------------------------------------------------------ */

#define ENDPOINT(more) "{\"endpoints\":[{\"port\":\"web\"," more "}]}"
#define REF            "{\"name\":\"s\",\"key\":\"k\"}"

static const struct {
    const char *name;
    const struct bnc_table *table;
    const char *json;
    enum bnc_reason reason;
    const char *want; /* the only diagnostic */
} wrong[] = {
    {"neither preset nor endpoints", &bnc_table_scrape_policy, "{}",
     BNC_REASON_INVALID_FIELD,
     "spec: one of preset and endpoints is required; set preset or endpoints"},
    {"preset and endpoints", &bnc_table_scrape_policy,
     "{\"preset\":\"istiod\",\"endpoints\":[{\"port\":1}]}", BNC_REASON_INVALID_FIELD,
     "spec: preset and endpoints exclude each other; keep one of preset and endpoints"},
    {"no endpoints", &bnc_table_scrape_policy, "{\"endpoints\":[]}",
     BNC_REASON_INVALID_FIELD, "spec.endpoints: it is empty; give at least 1"},
    {"empty preset", &bnc_table_scrape_policy, "{\"preset\":\"\"}",
     BNC_REASON_INVALID_FIELD,
     "spec.preset: the text is empty; give it a value or leave it out"},
    {"preset with a slip", &bnc_table_scrape_policy, "{\"preset\":\"istio_proxy\"}",
     BNC_REASON_UNKNOWN_PRESET,
     "spec.preset: unknown preset \"istio_proxy\"; did you mean \"istio-proxy\"?"},
    {"unknown preset", &bnc_table_scrape_policy, "{\"preset\":\"nginx\"}",
     BNC_REASON_UNKNOWN_PRESET,
     "spec.preset: unknown preset \"nginx\"; use istio-proxy, istio-merged, istiod, "
     "ztunnel or statsd-exporter"},
    {"preset of an Observatory", &bnc_table_scrape_policy, "{\"preset\":\"kubelet\"}",
     BNC_REASON_UNKNOWN_PRESET,
     "spec.preset: preset \"kubelet\" is for an Observatory only; set it in "
     "spec.prometheus.presets of the Observatory"},
    {"kind in another group", &bnc_table_scrape_policy,
     "{\"preset\":\"istiod\",\"workloads\":[{\"group\":\"apps\",\"kind\":\"Job\","
     "\"name\":\"j\"}]}",
     BNC_REASON_INVALID_FIELD,
     "spec.workloads[0].group: there is no Job in group \"apps\"; use \"batch\" or leave "
     "it out"},
    {"two kinds of authentication", &bnc_table_scrape_policy,
     ENDPOINT("\"authorization\":{\"credentials\":" REF "},\"basicAuth\":{}"),
     BNC_REASON_INVALID_FIELD,
     "spec.endpoints[0]: authorization, basicAuth and oauth2 exclude each other; keep "
     "one "
     "of authorization and basicAuth"},
    {"basic as a type", &bnc_table_scrape_policy,
     ENDPOINT("\"authorization\":{\"type\":\"basic\"}"), BNC_REASON_INVALID_FIELD,
     "spec.endpoints[0].authorization.type: the type may not be Basic; use basicAuth"},
    {"secret and configMap", &bnc_table_scrape_policy,
     ENDPOINT("\"tlsConfig\":{\"ca\":{\"secret\":" REF ",\"configMap\":" REF "}}"),
     BNC_REASON_INVALID_FIELD,
     "spec.endpoints[0].tlsConfig.ca: secret and configMap exclude each other; keep one "
     "of "
     "secret and configMap"},
    {"neither secret nor configMap", &bnc_table_scrape_policy,
     ENDPOINT("\"tlsConfig\":{\"ca\":{}}"), BNC_REASON_INVALID_FIELD,
     "spec.endpoints[0].tlsConfig.ca: one of secret and configMap is required; set "
     "secret "
     "or configMap"},
    {"slip in an endpoint", &bnc_table_scrape_policy, ENDPOINT("\"intervall\":\"5s\""),
     BNC_REASON_UNKNOWN_FIELD,
     "spec.endpoints[0].intervall: unknown field \"intervall\"; did you mean "
     "\"interval\"?"},
    {"regex of a relabeling", &bnc_table_scrape_policy,
     ENDPOINT("\"metricRelabelings\":[{},{\"regex\":\"a)\"}]"), BNC_REASON_INVALID_REGEX,
     NULL},
    {"modulus 0", &bnc_table_scrape_policy, ENDPOINT("\"relabelings\":[{\"modulus\":0}]"),
     BNC_REASON_INVALID_FIELD,
     "spec.endpoints[0].relabelings[0].modulus: 0 is out of bounds; use 1 to "
     "9007199254740992"},
    {"label that is taken", &bnc_table_scrape_policy,
     "{\"preset\":\"istiod\",\"labels\":{\"job\":\"x\"}}", BNC_REASON_INVALID_FIELD,
     "spec.labels[\"job\"]: the name \"job\" is not valid; use letters, digits and "
     "\"_\"; "
     "namespace, job, instance and names that begin with \"__\" are taken"},
    {"output name", &bnc_table_observatory,
     "{\"prometheus\":{\"output\":{\"key\":\"a/b\"}}}", BNC_REASON_INVALID_FIELD,
     "spec.prometheus.output.key: \"a/b\" is not valid; use letters, digits, \"-\", "
     "\"_\" "
     "and \".\", at most 253"},
    {"unknown preset of an Observatory", &bnc_table_observatory,
     "{\"prometheus\":{\"presets\":[\"kubelets\"]}}", BNC_REASON_INVALID_FIELD,
     "spec.prometheus.presets[0]: \"kubelets\" is none of the known values; did you mean "
     "\"kubelet\"?"},
    {"output kind", &bnc_table_observatory,
     "{\"prometheus\":{\"output\":{\"kind\":\"secret\"}}}", BNC_REASON_INVALID_FIELD,
     "spec.prometheus.output.kind: \"secret\" is none of the known values; did you mean "
     "\"Secret\"?"},
    {"no shards", &bnc_table_observatory, "{\"prometheus\":{\"shards\":0}}",
     BNC_REASON_INVALID_FIELD,
     "spec.prometheus.shards: 0 is out of bounds; use 1 to 256"},
    {"base is text", &bnc_table_observatory, "{\"prometheus\":{\"base\":\"a: b\"}}",
     BNC_REASON_INVALID_FIELD,
     "spec.prometheus.base: \"a: b\" has the wrong type; write an object"},
    {"file twice", &bnc_table_observatory,
     "{\"prometheus\":{\"files\":[{\"name\":\"a\",\"secretKeyRef\":" REF
     "},{\"name\":\"a\",\"secretKeyRef\":" REF "}]}}",
     BNC_REASON_INVALID_FIELD,
     "spec.prometheus.files[1].name: \"a\" is there twice; give each item its own"},
};

TEST(every_wrong_spec)
{
    for (size_t i = 0; i < BNC_LEN(wrong); i++) {
        BNC_AUTO(bnc_arena) arena = bnc_arena_new();
        struct bnc_diags diags = bnc_diags_new(arena);
        void *out = bnc_arena_alloc(arena, wrong[i].table->size);
        bnc_test_row(wrong[i].name);
        bnc_fields_decode(wrong[i].table, parse(arena, wrong[i].json), "spec", out,
                          &diags);
        CHECK_INT(diags.errors, 1);
        CHECK_INT(diags.items[0].reason, wrong[i].reason);
        if (wrong[i].want != NULL) {
            CHECK_STR(all_text(&diags), wrong[i].want);
        }
    }
}

RUN_TESTS(every_field_reaches_its_member, rows_are_whole, observatory_defaults,
          absent_blocks_stay_absent, scrape_policy, every_wrong_spec)
