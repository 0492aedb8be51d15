/* The measured rows on rates and tags: groups a to h, k and l of Istio's behaviour. */
#include "tests/unit/istio_world.h"

#define OTEL_TAGS(t)  "tracing: [{customTags: {" t "}}]"
#define LITERAL(k, v) k ": {literal: {value: '" v "'}}"
#define DEFAULTS(s)   ZIP "defaultConfig: {tracing: {" s "}}\n"

static const struct {
    const char *name;
    const char *want; /* of a pod: "5", or "5 out, - in" */
    struct world world;
} rates[] = {
    {"a: nothing configured", "web: 1", {.main = CHART}},
    {"a: no mesh configuration at all", "web: 1", {0}},
    {"a: nothing configured, enableTracing: false",
     "web: -",
     {.main = CHART "enableTracing: false\n"}},
    {"a: extensionProviders only, nobody names one", "web: 1", {.main = PLAIN}},
    {"a: defaultProviders.tracing: [zip]", "web: 1", {.main = ZIP}},
    {"a: defaultProviders.tracing: [zip], enableTracing: false",
     "web: 1",
     {.main = ZIP "enableTracing: false\n"}},

    {"b: root 5",
     "web: 5; api: 5; ledger: 5",
     {.main = ZIP, .telemetries = ROOT_T(PERCENT("5"))}},
    {"b: root 5 names provider zip, no default provider",
     "web: 5",
     {.main = PLAIN,
      .telemetries =
          ROOT_T("tracing: [{providers: [{name: zip}], randomSamplingPercentage: 5}]")}},
    {"b: root 5 without provider, no default provider",
     "web: -",
     {.main = PLAIN, .telemetries = ROOT_T(PERCENT("5"))}},
    {"b: root 5 without provider, on legacy tracing",
     "web: -",
     {.main = CHART "defaultConfig: {tracing: {zipkin: {address: zipkin.obs:9411}}}\n",
      .telemetries = ROOT_T(PERCENT("5")),
      .new_pods = true}},
    {"b: root 5 names an unknown provider",
     "web: -",
     {.main = ZIP,
      .telemetries =
          ROOT_T("tracing: [{providers: [{name: zap}], randomSamplingPercentage: 5}]")}},
    {"b: root 5 names provider ZIP (case)",
     "web: 5",
     {.main = PLAIN,
      .telemetries =
          ROOT_T("tracing: [{providers: [{name: ZIP}], randomSamplingPercentage: 5}]")}},
    {"b: root 5, provider whose Service does not exist",
     "web: -",
     {.main = PLAIN,
      .telemetries =
          ROOT_T("tracing: [{providers: [{name: gone}], randomSamplingPercentage: 5}]")}},
    {"b: root 5, provider with a port that its Service does not have: not noticed",
     "web: 5",
     {.main = "defaultProviders: {tracing: [z]}\nextensionProviders: [{name: z, "
              "zipkin: {service: zipkin.obs.svc.cluster.local, port: 1}}]\n",
      .telemetries = ROOT_T(PERCENT("5"))}},
    {"b: root 5, provider with its own sampler",
     "web: 100",
     {.main = PLAIN,
      .telemetries =
          ROOT_T("tracing: [{providers: [{name: own}], randomSamplingPercentage: 5}]")}},
    {"b: root 0", "web: 0", {.main = ZIP, .telemetries = ROOT_T(PERCENT("0"))}},
    {"b: root 12.34567",
     "web: 12.3457",
     {.main = ZIP, .telemetries = ROOT_T(PERCENT("12.34567"))}},
    {"b: root selects app=web (a pod of namespace shop)",
     "web: 1",
     {.main = ZIP, .telemetries = ROOT_T(SELECT("app: web") PERCENT("5"))}},

    {"c: root 5, shop 20",
     "web: 20; api: 20; ledger: 5",
     {.main = ZIP, .telemetries = ROOT_T(PERCENT("5")) SHOP_T(PERCENT("20"))}},
    {"c: shop 20, then root 5 (order of creation)",
     "web: 20",
     {.main = ZIP,
      .telemetries = SHOP_T(PERCENT("20")) TELEMETRY(ROOT, "root", "09", PERCENT("5"))}},
    {"c: root 5, shop without percentage",
     "web: 5",
     {.main = ZIP, .telemetries = ROOT_T(PERCENT("5")) SHOP_T("tracing: [{}]")}},
    {"c: root 5, shop 0",
     "web: 0",
     {.main = ZIP, .telemetries = ROOT_T(PERCENT("5")) SHOP_T(PERCENT("0"))}},
    {"c: root 5, shop disableSpanReporting",
     "web: -; ledger: 5",
     {.main = ZIP,
      .telemetries =
          ROOT_T(PERCENT("5")) SHOP_T("tracing: [{disableSpanReporting: true}]")}},
    {"c: root disableSpanReporting, shop 20",
     "web: -",
     {.main = ZIP,
      .telemetries =
          ROOT_T("tracing: [{disableSpanReporting: true}]") SHOP_T(PERCENT("20"))}},
    {"c: root 5 with zip, shop 20 without provider, no default provider",
     "web: 20",
     {.main = PLAIN,
      .telemetries = ROOT_T("tracing: [{providers: [{name: zip}], "
                            "randomSamplingPercentage: 5}]") SHOP_T(PERCENT("20"))}},
    {"c: shop CLIENT 20, SERVER 30 in one list",
     "web: 20 out, 30 in",
     {.main = ZIP,
      .telemetries =
          SHOP_T("tracing: [{match: {mode: CLIENT}, randomSamplingPercentage: 20}, "
                 "{match: {mode: SERVER}, randomSamplingPercentage: 30}]")}},
    {"c: root 5, shop SERVER 30",
     "web: 5 out, 30 in",
     {.main = ZIP,
      .telemetries = ROOT_T(PERCENT("5"))
          SHOP_T("tracing: [{match: {mode: SERVER}, randomSamplingPercentage: 30}]")}},
    {"c: shop list of 20 and 30",
     "web: 30",
     {.main = ZIP,
      .telemetries = SHOP_T("tracing: [{randomSamplingPercentage: 20}, "
                            "{randomSamplingPercentage: 30}]")}},

    {"d: root 5, shop 20, app=web 100",
     "web: 100; api: 20; ledger: 5",
     {.main = ZIP,
      .telemetries = ROOT_T(PERCENT("5")) SHOP_T(PERCENT("20")) WEB_T(PERCENT("100"))}},
    {"d: app=web 100, later shop 20",
     "web: 100",
     {.main = ZIP,
      .telemetries =
          WEB_T(PERCENT("100")) TELEMETRY("shop", "shop", "09", PERCENT("20"))}},

    {"e: PILOT_TRACE_SAMPLING=50", "web: 50", {.main = ZIP, .env = "50"}},
    {"e: PILOT_TRACE_SAMPLING=50, legacy tracing",
     "web: 50",
     {.main = CHART "defaultConfig: {tracing: {zipkin: {address: zipkin.obs:9411}}}\n",
      .env = "50",
      .new_pods = true}},
    {"e: PILOT_TRACE_SAMPLING=50, root 5",
     "web: 5",
     {.main = ZIP, .telemetries = ROOT_T(PERCENT("5")), .env = "50"}},
    {"e: PILOT_TRACE_SAMPLING=50, root without percentage",
     "web: 50",
     {.main = ZIP, .telemetries = ROOT_T("tracing: [{}]"), .env = "50"}},
    {"e: PILOT_TRACE_SAMPLING=0", "web: 0", {.main = ZIP, .env = "0"}},
    {"e: PILOT_TRACE_SAMPLING=0.001", "web: 0.001", {.main = ZIP, .env = "0.001"}},
    {"e: PILOT_TRACE_SAMPLING=101", "web: 1", {.main = ZIP, .env = "101"}},
    {"e: PILOT_TRACE_SAMPLING=100.00001", "web: 1", {.main = ZIP, .env = "100.00001"}},
    {"e: PILOT_TRACE_SAMPLING=-1", "web: 1", {.main = ZIP, .env = "-1"}},
    {"e: PILOT_TRACE_SAMPLING=-0.00001", "web: 1", {.main = ZIP, .env = "-0.00001"}},
    {"e: PILOT_TRACE_SAMPLING=fifty", "web: 1", {.main = ZIP, .env = "fifty"}},
    {"e: PILOT_TRACE_SAMPLING= 50", "web: 1", {.main = ZIP, .env = " 50"}},
    {"e: PILOT_TRACE_SAMPLING=5e1", "web: 50", {.main = ZIP, .env = "5e1"}},
    {"e: PILOT_TRACE_SAMPLING empty", "web: 1", {.main = ZIP, .env = ""}},

    {"f: defaultConfig sampling 7, pods not restarted",
     "web: 50",
     {.main = DEFAULTS("sampling: 7"), .env = "50"}},
    {"f: defaultConfig sampling 7, new pods",
     "web: 7",
     {.main = DEFAULTS("sampling: 7"), .env = "50", .new_pods = true}},
    {"f: defaultConfig sampling 7, new pods, root 5",
     "web: 5",
     {.main = DEFAULTS("sampling: 7"),
      .telemetries = ROOT_T(PERCENT("5")),
      .env = "50",
      .new_pods = true}},
    {"f: defaultConfig sampling 0, new pods, env 50",
     "web: 50",
     {.main = DEFAULTS("sampling: 0"), .env = "50", .new_pods = true}},
    {"f: defaultConfig sampling 0.00001 is not unset, but rounds to 0",
     "web: 0",
     {.main = DEFAULTS("sampling: 0.00001"), .env = "50", .new_pods = true}},
    {"f: defaultConfig sampling 150, new pods, env 50",
     "web: 1",
     {.main = DEFAULTS("sampling: 150"), .env = "50", .new_pods = true}},
    {"f: defaultConfig sampling -5, new pods, env 50",
     "web: -5",
     {.main = DEFAULTS("sampling: -5"), .env = "50", .new_pods = true}},
    {"f: defaultConfig sampling 7, new pods, legacy tracing",
     "web: 7",
     {.main = CHART "defaultConfig: {tracing: {sampling: 7, zipkin: {address: z:9}}}\n",
      .env = "50",
      .new_pods = true}},

    {"g: annotation 33",
     "web: 33",
     {.main = ZIP, .annotation = "tracing: {sampling: 33}"}},
    {"g: annotation 33, defaultConfig 7, env 50",
     "web: 33",
     {.main = DEFAULTS("sampling: 7"),
      .annotation = "tracing: {sampling: 33}",
      .env = "50",
      .new_pods = true}},
    {"g: annotation 33, root 5",
     "web: 5",
     {.main = ZIP,
      .telemetries = ROOT_T(PERCENT("5")),
      .annotation = "tracing: {sampling: 33}"}},
    {"g: annotation 33, root without percentage",
     "web: 33",
     {.main = ZIP,
      .telemetries = ROOT_T("tracing: [{}]"),
      .annotation = "tracing: {sampling: 33}"}},
    {"g: annotation sampling 0, defaultConfig 7, env 50",
     "web: 50",
     {.main = DEFAULTS("sampling: 7"),
      .annotation = "tracing: {sampling: 0}",
      .env = "50",
      .new_pods = true}},
    {"g: annotation tracing without sampling, defaultConfig 7, env 50",
     "web: 50",
     {.main = DEFAULTS("sampling: 7"),
      .annotation = "tracing: {zipkin: {address: 'z:9411'}}",
      .env = "50",
      .new_pods = true}},
    {"g: annotation without tracing, defaultConfig 7",
     "web: 7",
     {.main = DEFAULTS("sampling: 7"),
      .annotation = "concurrency: 2",
      .env = "50",
      .new_pods = true}},
    {"g: annotation 150",
     "web: 1",
     {.main = ZIP, .annotation = "tracing: {sampling: 150}", .env = "50"}},

    {"h: shop/b 20, a second later shop/a 30, no selectors: the older",
     "web: 20",
     {.main = ZIP,
      .telemetries = TELEMETRY("shop", "b", "05", PERCENT("20"))
          TELEMETRY("shop", "a", "06", PERCENT("30"))}},
    {"h: shop/b 20, shop/a 30 in the same second, no selectors: first name",
     "web: 30",
     {.main = ZIP,
      .telemetries = TELEMETRY("shop", "b", "05", PERCENT("20"))
          TELEMETRY("shop", "a", "05", PERCENT("30"))}},
    {"h: older shop/b sets only tags, newer shop/a 30, root 5: newer is ignored whole",
     "web: 5",
     {.main = ZIP,
      .telemetries =
          ROOT_T(PERCENT("5")) TELEMETRY("shop", "b", "05", OTEL_TAGS(LITERAL("b", "2")))
              TELEMETRY("shop", "a", "06", PERCENT("30"))}},
    {"h: shop/b 20, a second later shop/a 30, both select app=web: the newer",
     "web: 30",
     {.main = ZIP,
      .telemetries = TELEMETRY("shop", "b", "05", SELECT("app: web") PERCENT("20"))
          TELEMETRY("shop", "a", "06", SELECT("app: web") PERCENT("30"))}},
    {"h: shop/b 20, shop/a 30 in the same second, both select app=web: last name",
     "web: 20",
     {.main = ZIP,
      .telemetries = TELEMETRY("shop", "b", "05", SELECT("app: web") PERCENT("20"))
          TELEMETRY("shop", "a", "05", SELECT("app: web") PERCENT("30"))}},
    {"h: shop/b 20 older, shop/a newer sets only tags, both select app=web: by field",
     "web: 20",
     {.main = ZIP,
      .telemetries = TELEMETRY("shop", "b", "05", SELECT("app: web") PERCENT("20"))
          TELEMETRY("shop", "a", "06", SELECT("app: web") OTEL_TAGS(LITERAL("a", "1")))}},
    {"h: older app=web,tier=front 20, newer tier=front 30: specificity does not count",
     "web: 30; api: 30; ledger: 1",
     {.main = ZIP,
      .telemetries =
          TELEMETRY("shop", "a", "05", SELECT("app: web, tier: front") PERCENT("20"))
              TELEMETRY("shop", "b", "06", SELECT("tier: front") PERCENT("30"))}},
    {"h: selector: {} beside a selector-less one: older of the two",
     "web: 20",
     {.main = ZIP,
      .telemetries = TELEMETRY("shop", "b", "05", "selector: {}, " PERCENT("20"))
          TELEMETRY("shop", "a", "06", PERCENT("30"))}},

    {"k: root 5: outbound only",
     "gw: 5 out, - in",
     {.main = ZIP, .telemetries = ROOT_T(PERCENT("5"))}},
    {"k: root CLIENT 20, SERVER 30",
     "gw: 20 out, - in",
     {.main = ZIP,
      .telemetries =
          ROOT_T("tracing: [{match: {mode: CLIENT}, randomSamplingPercentage: 20}, "
                 "{match: {mode: SERVER}, randomSamplingPercentage: 30}]")}},
    {"k: root 5, root selects app=gw 60",
     "gw: 60 out, - in; web: 5",
     {.main = ZIP,
      .telemetries = ROOT_T(PERCENT("5"))
          TELEMETRY(ROOT, "gw", "02", SELECT("app: gw") PERCENT("60"))}},
};

/* "5", or "5 out, 30 in". */
static const char *
both_rates(struct made_world *w, const char *pod)
{
    struct bnc_rate_answers answers = world_ask(w, pod);
    const char *out = world_rate(w, &answers.outbound);
    const char *in = world_rate(w, &answers.inbound);
    return strcmp(out, in) == 0 ? out : bnc_arena_fmt(w->arena, "%s out, %s in", out, in);
}

TEST(measured_rates)
{
    for (size_t i = 0; i < BNC_LEN(rates); i++) {
        struct made_world w;
        bnc_test_row(rates[i].name);
        world_make(&w, &rates[i].world);
        char *rest = bnc_arena_strdup(w.arena, rates[i].want);
        while (rest != NULL) {
            char *pod = rest;
            rest = strstr(rest, "; ");
            if (rest != NULL) {
                *rest = '\0';
                rest += 2;
            }
            char *want = strstr(pod, ": ");
            assert_non_null(want);
            *want = '\0';
            CHECK_STR(both_rates(&w, pod), want + 2);
        }
        world_free(&w);
    }
}

/* ---- tags ---------------------------------------------------------------------- */

#define C_TAGS "customTags: {" LITERAL("c", "3") "}"

static const struct {
    const char *name;
    const char *want;
    struct world world;
} tags[] = {
    {"l: root {a}, shop {b}: replaced, not merged",
     "{\"b\":{\"literal\":{\"value\":\"2\"}}}",
     {.main = ZIP,
      .telemetries =
          ROOT_T(OTEL_TAGS(LITERAL("a", "1"))) SHOP_T(OTEL_TAGS(LITERAL("b", "2")))}},
    {"l: root {a}, shop 20 without tags: inherited",
     "{\"a\":{\"literal\":{\"value\":\"1\"}}}",
     {.main = ZIP,
      .telemetries = ROOT_T(OTEL_TAGS(LITERAL("a", "1"))) SHOP_T(PERCENT("20"))}},
    {"l: root {a}, shop customTags: {}: cleared",
     NULL,
     {.main = ZIP,
      .telemetries = ROOT_T(OTEL_TAGS(LITERAL("a", "1"))) SHOP_T(OTEL_TAGS(""))}},
    {"l: defaultConfig {c}, new pods, no Telemetry",
     "{\"c\":{\"literal\":{\"value\":\"3\"}}}",
     {.main = DEFAULTS(C_TAGS), .new_pods = true}},
    {"l: defaultConfig {c}, new pods, shop {b}",
     "{\"b\":{\"literal\":{\"value\":\"2\"}}}",
     {.main = DEFAULTS(C_TAGS),
      .telemetries = SHOP_T(OTEL_TAGS(LITERAL("b", "2"))),
      .new_pods = true}},
    {"defaultConfig {c}, new pods, root {a}, shop {}: back to the proxy's",
     "{\"c\":{\"literal\":{\"value\":\"3\"}}}",
     {.main = DEFAULTS(C_TAGS),
      .telemetries = ROOT_T(OTEL_TAGS(LITERAL("a", "1"))) SHOP_T(OTEL_TAGS("")),
      .new_pods = true}},
    {"defaultConfig {c}, annotation with sampling alone: tags vanish",
     NULL,
     {.main = DEFAULTS(C_TAGS),
      .annotation = "tracing: {sampling: 3}",
      .new_pods = true}},
    {"legacy tracing has the proxy's",
     "{\"c\":{\"literal\":{\"value\":\"3\"}}}",
     {.main = CHART "defaultConfig: {tracing: {" C_TAGS "}}\n", .new_pods = true}},
};

TEST(measured_tags)
{
    for (size_t i = 0; i < BNC_LEN(tags); i++) {
        struct made_world w;
        bnc_test_row(tags[i].name);
        world_make(&w, &tags[i].world);
        struct bnc_rate_answers answers = world_ask(&w, "web");
        struct bnc_str text = bnc_str_new(w.arena, 1000);
        if (answers.outbound.custom_tags != NULL) {
            bnc_json_print(answers.outbound.custom_tags, &text);
        }
        CHECK_STR(text.ptr, tags[i].want);
        world_free(&w);
    }
}

RUN_TESTS(measured_rates, measured_tags)
