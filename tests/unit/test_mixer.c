/*
 * Counters as objects of Istio's Mixer.
 */
#include "tests/unit/metric_rule.h"

#include "lib/json.h"
#include "render/mixer.h"

struct mixed {
    struct compiled c;
    struct bnc_mixer_objects objects;
    struct bnc_diags diags;
};

static void
mix(struct mixed *m, const char *spec)
{
    compile_spec(&m->c, spec);
    const struct bnc_mixer_input in = {
        .ns = "istio-system", .name = "shop.rules", .rule = m->c.ir};
    CHECK_STR(diags_text(&m->c.out.diags), "");
    m->diags = bnc_diags_new(m->c.arena);
    bnc_mixer_render(&in, m->c.arena, &m->objects, &m->diags);
}

static const char *
json_text(const cJSON *tree, struct bnc_arena *arena)
{
    struct bnc_str out = bnc_str_new(arena, (size_t)1 << 20);
    bnc_json_print(tree, &out);
    return out.ptr;
}

/* The book's own metric, 7.3. */
TEST(apigateway)
{
    static const struct {
        enum bnc_kind kind;
        const char *name;
        const char *spec;
    } want[] = {
        {BNC_KIND_MIXER_HANDLER, "shop-rules",
         "{\"compiledAdapter\":\"prometheus\",\"params\":{\"metrics\":[{\"name\":"
         "\"apigateway_request_count\",\"instance_name\":"
         "\"shop-rules-apigateway-request-count.instance.istio-system\",\"kind\":"
         "\"COUNTER\",\"label_names\":[\"source\",\"destination\",\"destination_ip\"]}]}"
         "}"},
        {BNC_KIND_MIXER_INSTANCE, "shop-rules-apigateway-request-count",
         "{\"compiledTemplate\":\"metric\",\"params\":{\"value\":\"1\",\"dimensions\":{"
         "\"source\":\"source.workload.name | \\\"unknown\\\"\",\"destination\":"
         "\"destination.workload.name | \\\"unknown\\\"\",\"destination_ip\":"
         "\"destination.ip\"},\"monitored_resource_type\":\"\\\"UNSPECIFIED\\\"\"}}"},
        {BNC_KIND_MIXER_RULE, "shop-rules-apigateway-request-count",
         "{\"match\":\"(context.protocol == \\\"http\\\" || context.protocol == "
         "\\\"grpc\\\") && (destination.service.host | \\\"unknown\\\") == "
         "\\\"apigateway.istioinaction.svc.cluster.local\\\"\",\"actions\":[{"
         "\"handler\":\"shop-rules.handler.istio-system\",\"instances\":["
         "\"shop-rules-apigateway-request-count.instance.istio-system\"]}]}"},
    };
    struct mixed m;
    mix(&m,
        "mesh:\n"
        "- metric: REQUEST_COUNT\n"
        "  addLabels:\n"
        "    source: source.workload.name | \"unknown\"\n"
        "    destination: destination.workload.name | \"unknown\"\n"
        "    destination_ip: destination.ip\n"
        "counters:\n"
        "- name: apigateway_request_count\n"
        "  from: istio_requests_total\n"
        "  where:\n"
        "    destination_service: apigateway\\.istioinaction\\.svc\\.cluster\\.local\n"
        "  by: [source, destination, destination_ip]");
    CHECK_STR(diags_text(&m.diags), "");
    CHECK_INT(m.objects.n, BNC_LEN(want));
    for (size_t i = 0; i < BNC_LEN(want); i++) {
        bnc_test_row(want[i].name);
        CHECK_INT(m.objects.items[i].kind, want[i].kind);
        CHECK_STR(m.objects.items[i].name, want[i].name);
        CHECK_STR(json_text(m.objects.items[i].spec, m.c.arena), want[i].spec);
    }
    compiled_free(&m.c);
}

TEST(matches)
{
    static const struct {
        const char *name;
        const char *counter; /* beside its name */
        const char *match;
    } rows[] = {
        {"nothing", "from: istio_requests_total",
         "(context.protocol == \"http\" || context.protocol == \"grpc\")"},
        {"regex", "from: istio_tcp_sent_bytes_total, where: {source_app: 'a.*\"'}",
         "context.protocol == \"tcp\" && "
         "\"^(?:a.*\\\")$\".matches(source.labels[\"app\"] | "
         "\"unknown\")"},
        {"number", "from: istio_requests_total, where: {response_code: '503'}",
         "(context.protocol == \"http\" || context.protocol == \"grpc\") && "
         "(response.code | 200) == 503"},
        {"opened", "from: istio_tcp_connections_opened_total",
         "context.protocol == \"tcp\" && (connection.event | \"na\") == \"open\""},
        {"class", "from: istio_tcp_received_bytes_total, where: {source_app: 'a\\d'}",
         "context.protocol == \"tcp\" && \"^(?:a\\\\d)$\".matches(source.labels[\"app\"] "
         "| "
         "\"unknown\")"},
    };
    for (size_t i = 0; i < BNC_LEN(rows); i++) {
        struct mixed m;
        char spec[512];
        bnc_test_row(rows[i].name);
        (void)snprintf(spec, sizeof(spec), "counters: [{name: istio_x, %s}]",
                       rows[i].counter);
        mix(&m, spec);
        CHECK_STR(diags_text(&m.diags), "");
        CHECK_INT(m.objects.n, 3);
        CHECK_STR(bnc_json_get_str(m.objects.items[2].spec, "match"), rows[i].match);
        /* Mixer puts istio_ in front again */
        const cJSON *metrics =
            bnc_json_path(m.objects.items[0].spec, "params", "metrics", NULL);
        CHECK_STR(bnc_json_get_str(metrics->child, "name"), "x");
        compiled_free(&m.c);
    }
}

TEST(left_out)
{
    static const struct {
        const char *name;
        const char *spec;
        size_t n;
        const char *want;
    } rows[] = {
        {"nothing", "groups: []", 0, ""},
        {"unknown counter",
         "counters: [{name: a, from: up}, {name: b, from: "
         "istio_requests_total}]",
         3,
         "spec.counters[0].from: Mixer does not count \"up\"; use istio_requests_total "
         "or one of the istio_tcp_ counters"},
        {"unknown label", "counters: [{name: a, from: istio_requests_total, by: [x]}]", 0,
         "spec.counters[0].by[0]: Mixer knows no attribute for the label \"x\"; say what "
         "it is in spec.mesh: {metric: REQUEST_COUNT, addLabels: {x: ATTRIBUTE}}"},
        {"number",
         "counters: [{name: a, from: istio_requests_total, where: "
         "{response_code: 5..}}]",
         0,
         "spec.counters[0].where[\"response_code\"]: Mixer compares \"response_code\" as "
         "a number; name one value, or leave it out and keep the label in by"},
        {"one name",
         "counters: [{name: a_b, from: istio_requests_total}, {name: 'a:b', "
         "from: istio_requests_total}]",
         3,
         "spec.counters[1].name: the name \"shop-rules-a-b\" is that of another "
         "counter's objects; use another name"},
        {"mesh alone",
         "mesh: [{metric: REQUEST_COUNT, disabled: true}, {metric: REQUEST_SIZE, "
         "addLabels: {a: b}}]",
         0,
         "warning: spec.mesh[0]: Istio's own metrics cannot be changed in mesh mode "
         "Mixer; write a counter with its labels in by\n"
         "warning: spec.mesh[1]: Istio's own metrics cannot be changed in mesh mode "
         "Mixer; write a counter with its labels in by"},
    };
    for (size_t i = 0; i < BNC_LEN(rows); i++) {
        struct mixed m;
        bnc_test_row(rows[i].name);
        mix(&m, rows[i].spec);
        CHECK_STR(diags_text(&m.diags), rows[i].want);
        CHECK_INT(m.objects.n, rows[i].n);
        compiled_free(&m.c);
    }
}

RUN_TESTS(apigateway, matches, left_out)
