/*
 * The spec of a Telemetry, names of Istio's metrics and labels, and what can be CEL.
 */
#include "tests/unit/test.h"

#include "lib/json.h"
#include "render/telemetry.h"

static void
check_spec(const char *row, const struct bnc_telemetry_wish *wish, const char *want)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    struct bnc_str text = bnc_str_new(arena, 65536);

    bnc_test_row(row);
    bnc_json_print(bnc_telemetry_tree(wish, arena), &text);
    CHECK_STR(text.ptr, want);
}

TEST(percentages)
{
    static const struct {
        int64_t hundredths;
        const char *want;
    } rows[] = {
        {0, "0"},        {1, "0.01"},          {7, "0.07"},    {10, "0.1"},
        {99, "0.99"},    {100, "1"},           {101, "1.01"},  {1250, "12.5"},
        {1234, "12.34"}, {9999, "99.99"},      {10000, "100"}, {57, "0.57"},
        {2905, "29.05"}, {10000 - 10, "99.9"},
    };

    for (size_t i = 0; i < BNC_LEN(rows); i++) {
        BNC_AUTO(bnc_arena) arena = bnc_arena_new();
        const struct bnc_telemetry_wish wish = {.has_tracing = true,
                                                .provider = "jaeger",
                                                .percent = {true, rows[i].hundredths}};
        check_spec(rows[i].want, &wish,
                   bnc_arena_fmt(arena,
                                 "{\"tracing\":[{\"providers\":[{\"name\":\"jaeger\"}],"
                                 "\"randomSamplingPercentage\":%s}]}",
                                 rows[i].want));
    }
}

TEST(tracing)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    struct bnc_telemetry_wish wish = {.provider = "jaeger"};
    struct bnc_error err = {0};
    cJSON *tags = NULL;
    static const char custom[] = "{\"env\":{\"literal\":{\"value\":\"prod\"}}}";

    check_spec("nothing", &wish, "{}");
    wish.has_tracing = true;
    wish.custom_tags = bnc_json_object(arena);
    check_spec(
        "empty tags clear", &wish,
        "{\"tracing\":[{\"customTags\":{},\"providers\":[{\"name\":\"jaeger\"}]}]}");
    CHECK_INT(bnc_json_parse(arena, custom, strlen(custom), &tags, &err), BNC_OK);
    wish.custom_tags = tags;
    check_spec(
        "tags", &wish,
        "{\"tracing\":[{\"customTags\":{\"env\":{\"literal\":{\"value\":\"prod\"}}},"
        "\"providers\":[{\"name\":\"jaeger\"}]}]}");
    wish.provider = NULL;
    check_spec("without a provider it would switch tracing off", &wish, "{}");
}

TEST(targets)
{
    static struct bnc_pair labels[] = {{"app", "web"}, {"tier", "front"}};
    static const struct bnc_target_ref refs[] = {
        {"gateway.networking.k8s.io", "Gateway", "edge"}, {NULL, "Service", "web"}};
    struct bnc_telemetry_wish wish = {.match_labels = {labels, 2, true}};

    check_spec("labels", &wish,
               "{\"selector\":{\"matchLabels\":{\"app\":\"web\",\"tier\":\"front\"}}}");
    wish = (struct bnc_telemetry_wish){.target_refs = refs, .n_target_refs = 2};
    check_spec("targetRefs", &wish,
               "{\"targetRefs\":[{\"group\":\"gateway.networking.k8s.io\",\"kind\":"
               "\"Gateway\",\"name\":\"edge\"},{\"group\":\"\",\"kind\":\"Service\","
               "\"name\":\"web\"}]}");
}

#define PROMETHEUS ",\"providers\":[{\"name\":\"prometheus\"}]}]}"

TEST(metrics)
{
    static struct bnc_pair add[] = {{"method", "request.method"}, {"source_app", "'x'"}};
    static const char *remove[] = {"source_version", "source_app"};
    static const struct bnc_metric_override overrides[] = {
        {.metric = "REQUEST_COUNT",
         .mode = "CLIENT",
         .disabled = BNC_FALSE,
         .add_labels = {add, 2, true},
         .remove_labels = {remove, 2, true}},
        {.metric = "get_calls", .custom = true, .add_labels = {add, 1, true}},
        {.disabled = BNC_TRUE},
    };
    struct bnc_telemetry_wish wish = {.metrics = overrides, .n_metrics = 1};

    check_spec("a standard one", &wish,
               "{\"metrics\":[{\"overrides\":[{\"disabled\":false,\"match\":{\"metric\":"
               "\"REQUEST_COUNT\",\"mode\":\"CLIENT\"},\"tagOverrides\":{\"method\":{"
               "\"operation\":\"UPSERT\",\"value\":\"request.method\"},\"source_app\":{"
               "\"operation\":\"UPSERT\",\"value\":\"'x'\"},\"source_version\":{"
               "\"operation\":\"REMOVE\"}}}]" PROMETHEUS);
    wish.metrics = overrides + 1;
    wish.n_metrics = 2;
    check_spec("one of one's own, and all", &wish,
               "{\"metrics\":[{\"overrides\":[{\"match\":{\"customMetric\":"
               "\"get_calls\"},\"tagOverrides\":{\"method\":{\"operation\":\"UPSERT\","
               "\"value\":\"request.method\"}}},{\"disabled\":true}]" PROMETHEUS);
}

TEST(metric_names)
{
    static const char *const rows[][2] = {
        {"REQUEST_COUNT", "REQUEST_COUNT"},
        {"istio_requests_total", "REQUEST_COUNT"},
        {"requests_total", "REQUEST_COUNT"},
        {"ALL_METRICS", "ALL_METRICS"},
        {"istio_request_duration_milliseconds", "REQUEST_DURATION"},
        {"request_bytes", "REQUEST_SIZE"},
        {"response_bytes", "RESPONSE_SIZE"},
        {"istio_request_messages_total", "GRPC_REQUEST_MESSAGES"},
        {"istio_response_messages_total", "GRPC_RESPONSE_MESSAGES"},
        {"istio_tcp_connections_opened_total", "TCP_OPENED_CONNECTIONS"},
        {"istio_tcp_connections_closed_total", "TCP_CLOSED_CONNECTIONS"},
        {"istio_tcp_sent_bytes_total", "TCP_SENT_BYTES"},
        {"istio_tcp_received_bytes_total", "TCP_RECEIVED_BYTES"},
        {"istio_REQUEST_COUNT", NULL},
        {"istio_", NULL},
        {"request_count", NULL},
        {"get_calls", NULL},
        {"reporter", NULL}, /* a label */
        {"", NULL},
    };

    for (size_t i = 0; i < BNC_LEN(rows); i++) {
        bnc_test_row(rows[i][0]);
        CHECK_STR(bnc_istio_metric(rows[i][0]), rows[i][1]);
    }
}

TEST(label_names)
{
    static const char *const ends[] = {
        "workload", "workload_namespace", "principal",          "app",
        "version",  "canonical_service",  "canonical_revision", "cluster"};
    static const char *const known[] = {
        "reporter",       "destination_service",           "destination_service_name",
        "response_flags", "destination_service_namespace", "request_protocol",
        "response_code",  "connection_security_policy",    "grpc_response_status"};
    static const char *const unknown[] = {"", "method", "source_service", "Reporter",
                                          "reporter "};
    char name[64];

    for (size_t i = 0; i < BNC_LEN(ends); i++) {
        bnc_test_row(ends[i]);
        (void)snprintf(name, sizeof(name), "source_%s", ends[i]);
        CHECK(bnc_istio_label_known(name));
        (void)snprintf(name, sizeof(name), "destination_%s", ends[i]);
        CHECK(bnc_istio_label_known(name));
    }
    CHECK_INT(2 * BNC_LEN(ends) + BNC_LEN(known), 25);
    for (size_t i = 0; i < BNC_LEN(known); i++) {
        bnc_test_row(known[i]);
        CHECK(bnc_istio_label_known(known[i]));
    }
    for (size_t i = 0; i < BNC_LEN(unknown); i++) {
        bnc_test_row(unknown[i]);
        CHECK(!bnc_istio_label_known(unknown[i]));
    }
}

TEST(cel)
{
    static const struct {
        const char *text;
        const char *problem; /* NULL: good */
    } rows[] = {
        {"request.method", NULL},
        {"\"a constant\"", NULL},
        {"'it\\'s ('", NULL},
        {"request.headers['x-a'] == \"b\" ? 'c)' : 'd'", NULL},
        {"has(node.metadata) && [1, 2].exists(x, x > {'a': 1}['a'])", NULL},
        {"r'a\\'", NULL},
        {"Rb\"\\\"", NULL},
        {"'''a 'b' \n c'''", NULL},
        {"\"\"", NULL},
        {"''''''", NULL},
        {"", "empty"},
        {" \t\n", "empty"},
        {"f(", "')' is missing"},
        {"{[1}", "'}' closes nothing"},
        {"a)", "')' closes nothing"},
        {"'a", "quote"},
        {"'a\\'", "quote"},
        {"'a\nb'", "quote"},
        {"'''a''", "quote"},
        {"\"a\\", "quote"},
    };

    for (size_t i = 0; i < BNC_LEN(rows); i++) {
        struct bnc_error err = {0};
        bnc_test_row(rows[i].text);
        CHECK_INT(bnc_cel_plausible(rows[i].text, &err),
                  rows[i].problem == NULL ? BNC_OK : BNC_INVALID);
        CHECK(rows[i].problem == NULL || strstr(err.message, rows[i].problem) != NULL);
    }
}

TEST(cel_limits)
{
    struct bnc_error err = {0};
    char text[BNC_CEL_MAX + 2];

    memset(text, 'a', sizeof(text));
    text[BNC_CEL_MAX] = '\0';
    CHECK_INT(bnc_cel_plausible(text, &err), BNC_OK);
    text[BNC_CEL_MAX] = 'a';
    text[BNC_CEL_MAX + 1] = '\0';
    CHECK_INT(bnc_cel_plausible(text, &err), BNC_TOO_BIG);
    memset(text, '(', 100);
    text[100] = '\0';
    CHECK_INT(bnc_cel_plausible(text, &err), BNC_TOO_BIG);
}

RUN_TESTS(percentages, tracing, targets, metrics, metric_names, label_names, cel,
          cel_limits)
