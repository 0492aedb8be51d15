#include "mesh/sdk.h"

#include "tests/unit/test.h"

/* ---- samplers ---------------------------------------------------------------------- */

static const struct {
    const char *name;
    const char *type;
    const char *argument;
    enum bnc_sdk_kind kind;
    bool parent_based;
    bnc_rate ratio;
    bool argument_ignored;
} samplers[] = {
    {"nothing", NULL, NULL, BNC_SDK_ALWAYS_ON, true, 0, false},
    {"empty is unset", "", "", BNC_SDK_ALWAYS_ON, true, 0, false},
    {"argument alone", NULL, "0.5", BNC_SDK_ALWAYS_ON, true, 0, false},
    {"always_on", "always_on", NULL, BNC_SDK_ALWAYS_ON, false, 0, false},
    {"always_off", "always_off", "0.5", BNC_SDK_ALWAYS_OFF, false, 0, false},
    {"parent, on", "parentbased_always_on", "", BNC_SDK_ALWAYS_ON, true, 0, false},
    {"parent, off", "parentbased_always_off", "x", BNC_SDK_ALWAYS_OFF, true, 0, false},
    {"ratio", "traceidratio", "0.125", BNC_SDK_RATIO, false, 125000, false},
    {"parent, ratio", "parentbased_traceidratio", "0.0001", BNC_SDK_RATIO, true, 100,
     false},
    {"ratio by default", "traceidratio", NULL, BNC_SDK_RATIO, false, 1000000, false},
    {"empty ratio", "traceidratio", "", BNC_SDK_RATIO, false, 1000000, false},
    {"blanks", " traceidratio ", " 0.5\n", BNC_SDK_RATIO, false, 500000, false},
    {"xray", "xray", "endpoint=http://a:1", BNC_SDK_XRAY, false, 0, false},
    {"own one", "com.example.Sampler", "0.5", BNC_SDK_UNKNOWN, false, 0, false},
    {"wrong case", "Always_On", NULL, BNC_SDK_UNKNOWN, false, 0, false},

    {"no number", "traceidratio", "half", BNC_SDK_RATIO, false, 1000000, true},
    {"percent", "traceidratio", "12.5", BNC_SDK_RATIO, false, 1000000, true},
    {"with sign", "traceidratio", "0.5%", BNC_SDK_RATIO, false, 1000000, true},
    {"negative", "parentbased_traceidratio", "-0.5", BNC_SDK_RATIO, true, 1000000, true},
    {"comma", "traceidratio", "0,5", BNC_SDK_RATIO, false, 1000000, true},
};

TEST(sampler_decode)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();

    for (size_t i = 0; i < BNC_LEN(samplers); i++) {
        struct bnc_sdk_sampler got;

        bnc_test_row(samplers[i].name);
        bnc_sdk_sampler_decode(samplers[i].type, samplers[i].argument, arena, &got);
        CHECK_INT(got.kind, samplers[i].kind);
        CHECK_INT(got.parent_based, samplers[i].parent_based);
        CHECK_INT(got.ratio, samplers[i].ratio);
        CHECK_INT(got.argument_ignored, samplers[i].argument_ignored);
        CHECK_INT(got.polling_interval_ms, -1);
        CHECK(!got.not_known && !got.initial.set && got.endpoint == NULL);
    }
}

static const struct {
    const char *text;
    bnc_rate ratio; /* -1: refused */
} ratios[] = {
    {"0", 0},
    {"0.0", 0},
    {"00.50", 500000},
    {".5", 500000},
    {"1", 1000000},
    {"1.", 1000000},
    {"1.000", 1000000},
    {"+1", 1000000},
    {"0.0025", 2500},
    {"0.000001", 1},
    {"0.0000005", 1},
    {"0.00000049", 0},
    {"0.9999994", 999999},
    {"0.9999995", 1000000},
    {"0.333333333333333333333333", 333333},
    {"0.000000000000000000000000000001", 0},
    {"1e-3", 1000},
    {"2.5E-2", 25000},
    {"10e-1", 1000000},
    {"0.001e+2", 100000},
    {"5e-9999", 0},
    {"0e99", 0},
    {"1e0", 1000000},

    {"1.0000001", -1},
    {"1.000000000000001", -1},
    {"2", -1},
    {"1e1", -1},
    {"11e-1", -1},
    {"1e9999", -1},
    {"123456789012345678901234567890", -1},
    {"123456789012345678901234567890e-3", -1},
    {".", -1},
    {"e5", -1},
    {"1e", -1},
    {"1e99999", -1},
    {"0.5.5", -1},
    {"0x1", -1},
    {"nan", -1},
    {"-0.1", -1},
    {"++1", -1},
    {"0.5 0.5", -1},
};

TEST(ratio_parse)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();

    for (size_t i = 0; i < BNC_LEN(ratios); i++) {
        struct bnc_sdk_sampler got;
        bool refused = ratios[i].ratio < 0;

        bnc_test_row(ratios[i].text);
        bnc_sdk_sampler_decode("traceidratio", ratios[i].text, arena, &got);
        CHECK_INT(got.argument_ignored, refused);
        CHECK_INT(got.ratio, refused ? 1000000 : ratios[i].ratio);
    }
}

/* What is written for a percentage is the ratio that is read. */
TEST(argument_reads_back)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();

    CHECK_STR(bnc_sdk_sampler_argument(1250, arena), "0.125");
    CHECK_STR(bnc_sdk_sampler_argument(25, arena), "0.0025");
    CHECK_STR(bnc_sdk_sampler_argument(1, arena), "0.0001");
    CHECK_STR(bnc_sdk_sampler_argument(1000, arena), "0.1");
    CHECK_STR(bnc_sdk_sampler_argument(0, arena), "0");
    CHECK_STR(bnc_sdk_sampler_argument(10000, arena), "1");
    for (int64_t percent = 0; percent <= 10000; percent++) {
        struct bnc_sdk_sampler got;
        const char *text = bnc_sdk_sampler_argument(percent, arena);

        bnc_test_row(text);
        bnc_sdk_sampler_decode("parentbased_traceidratio", text, arena, &got);
        CHECK(!got.argument_ignored);
        CHECK_INT(got.ratio, percent * 100);
        CHECK(percent == 0 || text[strlen(text) - 1] != '0');
    }
}

#define EXAMPLE                                                                          \
    "endpoint=http://localhost:14250,pollingIntervalMs=5000,initialSamplingRate=0.25"

static const struct {
    const char *name;
    const char *argument;
    const char *endpoint;
    int64_t polling_interval_ms;
    bnc_rate initial; /* -1: not said */
    bool ignored;
} remotes[] = {
    {"of the specification", EXAMPLE, "http://localhost:14250", 5000, 250000, false},
    {"nothing", "", NULL, -1, -1, false},
    {"one", "pollingIntervalMs=0", NULL, 0, -1, false},
    {"blanks", " initialSamplingRate = 1 , endpoint = a:1 ", "a:1", -1, 1000000, false},
    {"foreign key", "insecure=true,endpoint=a:1", "a:1", -1, -1, false},
    {"no value", "endpoint=", NULL, -1, -1, true},
    {"no key", EXAMPLE ",5000", NULL, -1, -1, true},
    {"comma at the end", EXAMPLE ",", NULL, -1, -1, true},
    {"two values", "endpoint=a=b", NULL, -1, -1, true},
    {"wrong interval", "endpoint=a,pollingIntervalMs=5s", NULL, -1, -1, true},
    {"no interval", "endpoint=a,pollingIntervalMs=", NULL, -1, -1, true},
    {"long interval", "pollingIntervalMs=1234567890123456789", NULL, -1, -1, true},
    {"wrong rate", "endpoint=a,initialSamplingRate=25", NULL, -1, -1, true},
    {"a plain number", "0.25", NULL, -1, -1, true},
};

TEST(jaeger_remote_decode)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();

    for (size_t i = 0; i < 2 * BNC_LEN(remotes); i++) {
        struct bnc_sdk_sampler got;
        size_t row = i / 2;
        bool parent_based = i % 2 == 1;

        bnc_test_row(remotes[row].name);
        bnc_sdk_sampler_decode(parent_based ? "parentbased_jaeger_remote"
                                            : "jaeger_remote",
                               remotes[row].argument, arena, &got);
        CHECK_INT(got.kind, BNC_SDK_JAEGER_REMOTE);
        CHECK_INT(got.parent_based, parent_based);
        CHECK_STR(got.endpoint, remotes[row].endpoint);
        CHECK_INT(got.polling_interval_ms, remotes[row].polling_interval_ms);
        CHECK_INT(got.initial.set ? got.initial.value : -1, remotes[row].initial);
        CHECK_INT(got.argument_ignored, remotes[row].ignored);
    }
}

/* ---- propagation ------------------------------------------------------------------- */

static const struct {
    const char *text;
    unsigned formats;
} propagators[] = {
    {NULL, BNC_SDK_W3C},
    {"", BNC_SDK_W3C},
    {"tracecontext,baggage", BNC_SDK_W3C},
    {"baggage", 0},
    {"none", 0},
    {"b3", BNC_SDK_B3},
    {"b3multi", BNC_SDK_B3},
    {" tracecontext , b3multi,tracecontext", BNC_SDK_W3C | BNC_SDK_B3},
    {"jaeger,xray,ottrace", BNC_SDK_JAEGER | BNC_SDK_XRAY_HEADER | BNC_SDK_OTTRACE},
    {"own,b3", BNC_SDK_B3},
    {"own", BNC_SDK_W3C},
};

TEST(propagators_decode)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();

    for (size_t i = 0; i < BNC_LEN(propagators); i++) {
        bnc_test_row(propagators[i].text == NULL ? "NULL" : propagators[i].text);
        CHECK_INT(bnc_sdk_propagators(propagators[i].text, arena),
                  propagators[i].formats);
    }
}

TEST(provider_formats)
{
    CHECK_INT(bnc_sdk_provider_formats("zipkin", false), BNC_SDK_B3);
    CHECK_INT(bnc_sdk_provider_formats("zipkin", true), BNC_SDK_B3 | BNC_SDK_W3C);
    CHECK_INT(bnc_sdk_provider_formats("opentelemetry", false), BNC_SDK_W3C);
    CHECK_INT(bnc_sdk_provider_formats("opentelemetry", true), BNC_SDK_W3C);
    CHECK_INT(bnc_sdk_provider_formats("datadog", false), 0);
    CHECK_INT(bnc_sdk_provider_formats("skywalking", true), 0);
}

/* ---- mesh and SDK together --------------------------------------------------------- */

#define PERCENT(n) ((bnc_rate)((n)*BNC_RATE_PERCENT))
#define W3C        BNC_SDK_W3C
#define B3         BNC_SDK_B3
#define MAX        BNC_RATE_ALL

static const struct combine_row {
    const char *name;
    bool mesh_traces;
    bnc_rate mesh_rate;
    unsigned mesh_formats, sdk_formats;
    const char *type, *argument;
    bnc_rate remote; /* -1: not known */
    bnc_rate rate, app;
    enum bnc_sdk_finding finding;
} combinations[] = {
    /* a parent-based sampler keeps the mesh's decision, whatever its root */
    {"default", true, PERCENT(10), W3C, W3C, NULL, NULL, -1, PERCENT(10), PERCENT(10),
     BNC_SDK_FINE},
    {"parent, on, B3", true, PERCENT(1), B3, B3 | W3C, "parentbased_always_on", NULL, -1,
     PERCENT(1), PERCENT(1), BNC_SDK_FINE},
    {"parent, off", true, PERCENT(50), W3C, W3C, "parentbased_always_off", NULL, -1,
     PERCENT(50), PERCENT(50), BNC_SDK_FINE},
    {"parent, ratio", true, PERCENT(50), W3C, W3C, "parentbased_traceidratio", "0.1", -1,
     PERCENT(50), PERCENT(50), BNC_SDK_FINE},
    {"parent, remote", true, PERCENT(50), W3C, W3C, "parentbased_jaeger_remote", EXAMPLE,
     PERCENT(2), PERCENT(50), PERCENT(50), BNC_SDK_FINE},
    {"parent, remote not known", true, PERCENT(50), W3C, W3C, "parentbased_jaeger_remote",
     NULL, -1, PERCENT(50), PERCENT(50), BNC_SDK_FINE},
    {"parent, mesh 0", true, 0, W3C, W3C, "parentbased_always_on", NULL, -1, 0, 0,
     BNC_SDK_FINE},
    {"parent, mesh 100", true, MAX, W3C, W3C, "parentbased_traceidratio", "0.5", -1, MAX,
     MAX, BNC_SDK_FINE},

    /* two that decide */
    {"10 x 10", true, PERCENT(10), W3C, W3C, "traceidratio", "0.1", -1, PERCENT(1),
     PERCENT(10), BNC_SDK_DOUBLE_SAMPLING},
    {"12.5 x 12.5", true, 125000, W3C, W3C, "traceidratio", "0.125", -1, 15625, 125000,
     BNC_SDK_DOUBLE_SAMPLING},
    {"0.01 x 33.3333", true, 100, W3C, W3C, "traceidratio", "0.333333", -1, 33, 333333,
     BNC_SDK_DOUBLE_SAMPLING},
    {"rounded half up", true, 1, W3C, W3C, "traceidratio", "0.5", -1, 1, 500000,
     BNC_SDK_DOUBLE_SAMPLING},
    {"rounded down", true, 1, W3C, W3C, "traceidratio", "0.499999", -1, 0, 499999,
     BNC_SDK_DOUBLE_SAMPLING},
    {"mesh 100, ratio", true, MAX, W3C, W3C, "traceidratio", "0.25", -1, PERCENT(25),
     PERCENT(25), BNC_SDK_DOUBLE_SAMPLING},
    {"mesh 0, ratio", true, 0, W3C, W3C, "traceidratio", "0.25", -1, 0, PERCENT(25),
     BNC_SDK_PARENT_IGNORED},
    {"ratio 1", true, PERCENT(10), W3C, W3C, "traceidratio", NULL, -1, PERCENT(10), MAX,
     BNC_SDK_PARENT_IGNORED},
    {"wrong ratio is 1", true, PERCENT(10), W3C, W3C, "traceidratio", "10", -1,
     PERCENT(10), MAX, BNC_SDK_PARENT_IGNORED},
    {"ratio 0", true, PERCENT(10), W3C, W3C, "traceidratio", "0", -1, 0, 0,
     BNC_SDK_NOT_RECORDED},
    {"on", true, PERCENT(10), B3, B3, "always_on", NULL, -1, PERCENT(10), MAX,
     BNC_SDK_PARENT_IGNORED},
    {"on, mesh 0", true, 0, B3, B3, "always_on", NULL, -1, 0, MAX,
     BNC_SDK_PARENT_IGNORED},
    {"on, mesh 100", true, MAX, B3, B3, "always_on", NULL, -1, MAX, MAX, BNC_SDK_FINE},
    {"off", true, PERCENT(10), B3, B3, "always_off", NULL, -1, 0, 0,
     BNC_SDK_NOT_RECORDED},
    {"off, mesh 100", true, MAX, B3, B3, "always_off", NULL, -1, 0, 0,
     BNC_SDK_NOT_RECORDED},
    {"off, mesh 0", true, 0, B3, B3, "always_off", NULL, -1, 0, 0, BNC_SDK_FINE},
    {"remote", true, PERCENT(10), W3C, W3C, "jaeger_remote", EXAMPLE, PERCENT(20),
     PERCENT(2), PERCENT(20), BNC_SDK_DOUBLE_SAMPLING},
    {"remote, not answered yet", true, PERCENT(10), W3C, W3C, "jaeger_remote", EXAMPLE,
     -1, 25000, PERCENT(25), BNC_SDK_DOUBLE_SAMPLING},
    {"remote, nothing known", true, PERCENT(10), W3C, W3C, "jaeger_remote", NULL, -1,
     PERCENT(10), MAX, BNC_SDK_RATE_UNKNOWN},
    {"xray", true, PERCENT(10), W3C, W3C, "xray", NULL, PERCENT(1), PERCENT(10), MAX,
     BNC_SDK_RATE_UNKNOWN},
    {"own sampler", true, PERCENT(10), W3C, W3C, "mine", "0.5", -1, PERCENT(10),
     PERCENT(10), BNC_SDK_SAMPLER_UNKNOWN},

    /* other headers: the app begins a trace at its root's rate */
    {"zipkin, default", true, PERCENT(10), B3, W3C, NULL, NULL, -1, MAX, MAX,
     BNC_SDK_PROPAGATION_MISMATCH},
    {"zipkin, parent, ratio", true, PERCENT(10), B3, W3C, "parentbased_traceidratio",
     "0.02", -1, PERCENT(2), PERCENT(2), BNC_SDK_PROPAGATION_MISMATCH},
    {"zipkin, parent, off", true, PERCENT(10), B3, W3C, "parentbased_always_off", NULL,
     -1, 0, 0, BNC_SDK_PROPAGATION_MISMATCH},
    {"zipkin, parent, remote", true, PERCENT(10), B3, W3C, "parentbased_jaeger_remote",
     EXAMPLE, PERCENT(5), PERCENT(5), PERCENT(5), BNC_SDK_PROPAGATION_MISMATCH},
    {"zipkin, xray", true, PERCENT(10), B3, W3C, "xray", NULL, -1, MAX, MAX,
     BNC_SDK_PROPAGATION_MISMATCH},
    {"zipkin with both", true, PERCENT(10), B3 | W3C, W3C, NULL, NULL, -1, PERCENT(10),
     PERCENT(10), BNC_SDK_FINE},
    {"W3C, app has B3", true, PERCENT(10), W3C, B3, "traceidratio", "0.5", -1,
     PERCENT(50), PERCENT(50), BNC_SDK_PROPAGATION_MISMATCH},
    {"datadog", true, PERCENT(10), 0, W3C, NULL, NULL, -1, MAX, MAX,
     BNC_SDK_PROPAGATION_MISMATCH},
    {"no propagators", true, PERCENT(10), W3C, 0, NULL, NULL, -1, MAX, MAX,
     BNC_SDK_PROPAGATION_MISMATCH},

    /* no mesh: the app's root decides */
    {"alone, default", false, 0, 0, W3C, NULL, NULL, -1, MAX, MAX, BNC_SDK_FINE},
    {"alone, parent, ratio", false, 0, 0, W3C, "parentbased_traceidratio", "0.1", -1,
     PERCENT(10), PERCENT(10), BNC_SDK_FINE},
    {"alone, remote", false, 0, 0, W3C, "parentbased_jaeger_remote", EXAMPLE, PERCENT(3),
     PERCENT(3), PERCENT(3), BNC_SDK_FINE},
    {"alone, xray", false, 0, 0, W3C, "xray", NULL, -1, MAX, MAX, BNC_SDK_RATE_UNKNOWN},
    {"alone, own sampler", false, 0, 0, W3C, "mine", NULL, -1, MAX, MAX,
     BNC_SDK_SAMPLER_UNKNOWN},
    {"alone, mesh's headers do not count", false, PERCENT(1), W3C, W3C, NULL, NULL, -1,
     MAX, MAX, BNC_SDK_FINE},
};

TEST(combine)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();

    for (size_t i = 0; i < BNC_LEN(combinations); i++) {
        const struct combine_row *row = &combinations[i];
        struct bnc_sdk_sampler sampler;
        struct bnc_sdk_answer got;

        bnc_test_row(row->name);
        bnc_sdk_sampler_decode(row->type, row->argument, arena, &sampler);
        struct bnc_sdk_facts facts = {.mesh_traces = row->mesh_traces,
                                      .mesh_rate = row->mesh_rate,
                                      .mesh_formats = row->mesh_formats,
                                      .sdk_formats = row->sdk_formats,
                                      .sampler = &sampler,
                                      .remote = {row->remote >= 0, row->remote}};
        bnc_sdk_combine(&facts, &got);
        CHECK_INT(got.rate, row->rate);
        CHECK_INT(got.app, row->app);
        CHECK_INT(got.finding, row->finding);
        CHECK((bnc_sdk_remedy(got.finding) == NULL) == (got.finding == BNC_SDK_FINE));
    }
}

/* A type or argument from a Secret: never a rate that nobody has seen. */
TEST(combine_not_known)
{
    struct bnc_sdk_sampler type = {.kind = BNC_SDK_UNKNOWN, .not_known = true};
    struct bnc_sdk_sampler ratio = {
        .kind = BNC_SDK_RATIO, .ratio = BNC_RATE_ALL, .not_known = true};
    struct bnc_sdk_sampler parent = {
        .kind = BNC_SDK_RATIO, .parent_based = true, .not_known = true};
    struct bnc_sdk_facts facts = {.mesh_traces = true,
                                  .mesh_rate = PERCENT(10),
                                  .mesh_formats = W3C,
                                  .sdk_formats = W3C};
    struct bnc_sdk_answer got;

    facts.sampler = &type;
    bnc_sdk_combine(&facts, &got);
    CHECK_INT(got.finding, BNC_SDK_RATE_UNKNOWN);
    CHECK_INT(got.rate, PERCENT(10));
    facts.sampler = &ratio;
    bnc_sdk_combine(&facts, &got);
    CHECK_INT(got.finding, BNC_SDK_RATE_UNKNOWN);
    facts.sampler = &parent;
    bnc_sdk_combine(&facts, &got);
    CHECK_INT(got.finding, BNC_SDK_FINE);
    CHECK_INT(got.rate, PERCENT(10));
    facts.mesh_traces = false;
    bnc_sdk_combine(&facts, &got);
    CHECK_INT(got.finding, BNC_SDK_RATE_UNKNOWN);
}

RUN_TESTS(sampler_decode, ratio_parse, argument_reads_back, jaeger_remote_decode,
          propagators_decode, provider_formats, combine, combine_not_known)
