#include "tests/unit/istio_world.h"

static struct bnc_telemetry
decode(struct bnc_arena *arena, const char *yaml)
{
    struct bnc_telemetry t;
    bnc_telemetry_decode(world_yaml(arena, yaml, 0), arena, &t);
    return t;
}

TEST(all_fields)
{
    struct bnc_arena *arena = bnc_arena_new();
    struct bnc_telemetry t =
        decode(arena, "metadata:\n"
                      "  namespace: shop\n"
                      "  name: checkout\n"
                      "  creationTimestamp: '2026-11-22T10:00:05Z'\n"
                      "  labels: {app.kubernetes.io/managed-by: binnacle}\n"
                      "spec:\n"
                      "  selector: {matchLabels: {tier: front, app: web}}\n"
                      "  tracing:\n"
                      "  - match: {mode: SERVER}\n"
                      "    providers: [{name: zip}, {name: other}]\n"
                      "    randomSamplingPercentage: 12.5\n"
                      "    disableSpanReporting: false\n"
                      "    customTags: {a: {literal: {value: '1'}}}\n"
                      "  - {}\n"
                      "  metrics: [{providers: [{name: prometheus}]}]\n");
    CHECK_STR(t.ns, "shop");
    CHECK_STR(t.name, "checkout");
    CHECK_STR(t.created, "2026-11-22T10:00:05Z");
    CHECK(t.ours && t.selects);
    CHECK_INT(t.match_labels.n, 2);
    CHECK_STR(t.match_labels.items[0].key, "app");
    CHECK_STR(t.match_labels.items[0].value, "web");
    CHECK_STR(t.match_labels.items[1].key, "tier");
    CHECK(t.target_refs == NULL);
    CHECK_INT(t.n_tracing, 2);
    CHECK_INT(t.tracing[0].mode, BNC_MODE_SERVER);
    CHECK_STR(t.tracing[0].provider, "zip");
    CHECK(t.tracing[0].percent.set);
    CHECK_INT(t.tracing[0].percent.value, 125000);
    CHECK_INT(t.tracing[0].disable_span_reporting, BNC_FALSE);
    CHECK(bnc_json_get(t.tracing[0].custom_tags, "a") != NULL);
    CHECK_INT(t.tracing[1].mode, BNC_MODE_BOTH);
    CHECK(t.tracing[1].provider == NULL && !t.tracing[1].percent.set);
    CHECK_INT(t.tracing[1].disable_span_reporting, BNC_UNSET);
    CHECK(t.tracing[1].custom_tags == NULL);
    CHECK_INT(cJSON_GetArraySize(t.metrics), 1);
    bnc_arena_free(arena);
}

/* What istiod cannot have, for the schema of the CRD does not let it in, is left out. */
TEST(odd_shapes)
{
    static const struct {
        const char *yaml;
        size_t n_tracing;
        bool selects;
    } rows[] = {
        {"~", 0, false},
        {"[]", 0, false},
        {"spec: text", 0, false},
        {"spec: {}", 0, false},
        {"spec: {tracing: text}", 0, false},
        {"spec: {tracing: {}}", 0, false},
        {"spec: {tracing: []}", 0, false},
        {"spec: {tracing: [text, 5]}", 2, false},
        {"spec: {tracing: [{providers: [], randomSamplingPercentage: null, "
         "disableSpanReporting: null, customTags: null, match: {mode: 5}}]}",
         1, false},
        {"spec: {selector: {}}", 0, false},
        {"spec: {selector: {matchLabels: {}}}", 0, false},
        {"spec: {selector: {matchLabels: {app: 5}}}", 0, false},
        {"spec: {selector: {matchLabels: {app: web}}}", 0, true},
        {"spec: {targetRefs: []}", 0, false},
        {"spec: {targetRefs: [{kind: Gateway, name: edge}]}", 0, true},
        {"spec: {targetRef: {kind: Gateway, name: edge}}", 0, true},
        {"spec: {targetRef: null, metrics: []}", 0, false},
    };
    struct bnc_arena *arena = bnc_arena_new();
    for (size_t i = 0; i < BNC_LEN(rows); i++) {
        bnc_test_row(rows[i].yaml);
        struct bnc_telemetry t = decode(arena, rows[i].yaml);
        CHECK_STR(t.ns, "");
        CHECK_STR(t.created, "");
        CHECK(!t.ours && t.metrics == NULL);
        CHECK_INT(t.selects, rows[i].selects);
        CHECK_INT(t.n_tracing, rows[i].n_tracing);
        for (size_t k = 0; k < t.n_tracing; k++) {
            CHECK_INT(t.tracing[k].mode, BNC_MODE_BOTH);
            CHECK(t.tracing[k].provider == NULL && !t.tracing[k].percent.set);
            CHECK(t.tracing[k].custom_tags == NULL);
        }
    }
    bnc_arena_free(arena);
}

/* {} clears, which is not the same as to say nothing; a nameless provider is one. */
TEST(said_or_not)
{
    struct bnc_arena *arena = bnc_arena_new();
    struct bnc_telemetry t =
        decode(arena, "spec: {tracing: [{customTags: {}, randomSamplingPercentage: 0, "
                      "disableSpanReporting: true, providers: [{}]}]}");
    CHECK_INT(t.n_tracing, 1);
    CHECK(t.tracing[0].custom_tags != NULL);
    CHECK(t.tracing[0].percent.set);
    CHECK_INT(t.tracing[0].percent.value, 0);
    CHECK_INT(t.tracing[0].disable_span_reporting, BNC_TRUE);
    CHECK_STR(t.tracing[0].provider, "");
    bnc_arena_free(arena);
}

TEST(order)
{
    static const struct bnc_telemetry sorted[] = {
        {.ns = "b", .name = "z", .created = "2025-12-31T23:59:59Z"},
        {.ns = "b", .name = "a", .created = "2026-11-22T10:00:05Z"},
        {.ns = "a", .name = "b", .created = "2026-11-22T10:00:05Z"},
        {.ns = "b", .name = "b", .created = "2026-11-22T10:00:05Z"},
        {.ns = "a", .name = "a", .created = "2026-11-22T10:00:06Z"},
        {.ns = "a", .name = "a", .created = ""},
        {.ns = "a", .name = "b", .created = ""},
    };
    for (size_t i = 0; i < BNC_LEN(sorted); i++) {
        for (size_t k = 0; k < BNC_LEN(sorted); k++) {
            int got = bnc_telemetry_compare(&sorted[i], &sorted[k]);
            CHECK_INT((got > 0) - (got < 0), (i > k) - (i < k));
        }
    }
}

TEST(matches)
{
    static const struct {
        const char *name;
        const char *ns; /* of the Telemetry */
        const char *spec;
        bool shop; /* a pod {app: web, tier: front} of namespace shop */
        bool root; /* the same in the root namespace */
    } rows[] = {
        {"root", ROOT, "", true, true},
        {"its namespace", "shop", "", true, false},
        {"another namespace", "bank", "", false, false},
        {"root with a selector", ROOT, "selector: {matchLabels: {app: web}}", false,
         true},
        {"a selector", "shop", "selector: {matchLabels: {app: web}}", true, false},
        {"two labels", "shop", "selector: {matchLabels: {tier: front, app: web}}", true,
         false},
        {"one of two", "shop", "selector: {matchLabels: {tier: back, app: web}}", false,
         false},
        {"a label that is not there", "shop", "selector: {matchLabels: {zone: ''}}",
         false, false},
        {"targetRefs", "shop",
         "targetRefs: [{group: gateway.networking.k8s.io, kind: Gateway, name: web}]",
         false, false},
    };
    struct bnc_arena *arena = bnc_arena_new();
    const cJSON *labels = world_yaml(arena, "{app: web, tier: front}", 0);
    for (size_t i = 0; i < BNC_LEN(rows); i++) {
        bnc_test_row(rows[i].name);
        struct bnc_telemetry t = decode(
            arena, bnc_arena_fmt(arena, "metadata: {namespace: %s, name: t}\nspec: {%s}",
                                 rows[i].ns, rows[i].spec));
        CHECK_INT(bnc_telemetry_matches(&t, "shop", ROOT, labels, NULL), rows[i].shop);
        CHECK_INT(bnc_telemetry_matches(&t, ROOT, ROOT, labels, NULL), rows[i].root);
        CHECK_INT(bnc_telemetry_matches(&t, "shop", ROOT, NULL, NULL),
                  rows[i].shop && !t.selects);
    }
    bnc_arena_free(arena);
}

RUN_TESTS(all_fields, odd_shapes, said_or_not, order, matches)
