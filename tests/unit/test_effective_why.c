/* Why there is no tracing, and which Telemetry objects do not count. */
#include "tests/unit/istio_world.h"

#define SAME(name) TELEMETRY("shop", name, "05", "")

/* ---- why there is none --------------------------------------------------------- */

static const struct {
    const char *name;
    enum bnc_rate_off out;
    enum bnc_rate_off in;
    const char *because;  /* Telemetry; NULL: none */
    const char *provider; /* NULL: none */
    const char *next;     /* what would decide */
    struct world world;
} offs[] = {
    {"enableTracing: false",
     BNC_RATE_OFF_DISABLED,
     BNC_RATE_OFF_DISABLED,
     NULL,
     NULL,
     "1",
     {.main = CHART "enableTracing: false\n"}},
    {"nobody names a provider",
     BNC_RATE_OFF_NO_PROVIDER,
     BNC_RATE_OFF_NO_PROVIDER,
     "shop",
     NULL,
     "20",
     {.main = PLAIN,
      .telemetries = ROOT_T(PERCENT("5")) SHOP_T(PERCENT("20")) WEB_T("")}},
    {"metrics alone do not end legacy tracing",
     BNC_RATE_ON,
     BNC_RATE_ON,
     NULL,
     NULL,
     NULL,
     {.main = PLAIN, .telemetries = ROOT_T("metrics: [{}]")}},
    {"a provider for one direction, none by default",
     BNC_RATE_ON,
     BNC_RATE_OFF_NO_PROVIDER,
     "root",
     "zip",
     NULL,
     {.main = PLAIN,
      .telemetries = ROOT_T("tracing: [{match: {mode: CLIENT}, providers: [{name: zip}], "
                            "randomSamplingPercentage: 5}]")}},
    {"an unknown one is named",
     BNC_RATE_OFF_UNKNOWN_PROVIDER,
     BNC_RATE_OFF_UNKNOWN_PROVIDER,
     "shop",
     "zap",
     "5",
     {.main = ZIP,
      .telemetries =
          ROOT_T(PERCENT("5")) SHOP_T("tracing: [{providers: [{name: zap}]}]")}},
    {"the default one is unknown",
     BNC_RATE_OFF_UNKNOWN_PROVIDER,
     BNC_RATE_OFF_UNKNOWN_PROVIDER,
     NULL,
     "zap",
     "1",
     {.main = "defaultProviders: {tracing: [zap]}\n"}},
    {"one that cannot trace",
     BNC_RATE_OFF_UNKNOWN_PROVIDER,
     BNC_RATE_OFF_UNKNOWN_PROVIDER,
     NULL,
     "prometheus",
     "1",
     {.main = "defaultProviders: {tracing: [prometheus]}\n"}},
    {"its Service is away",
     BNC_RATE_OFF_NO_SERVICE,
     BNC_RATE_OFF_NO_SERVICE,
     NULL,
     "gone",
     "1",
     {.main = "defaultProviders: {tracing: [gone]}\n" PROVIDERS}},
    {"its service is empty",
     BNC_RATE_OFF_NO_SERVICE,
     BNC_RATE_OFF_NO_SERVICE,
     NULL,
     "z",
     "1",
     {.main = "defaultProviders: {tracing: [z]}\n"
              "extensionProviders: [{name: z, zipkin: {}}]\n"}},
    {"reporting is off, whatever is below",
     BNC_RATE_OFF_REPORTING,
     BNC_RATE_OFF_REPORTING,
     "root",
     "zip",
     "20",
     {.main = ZIP,
      .telemetries =
          ROOT_T("tracing: [{disableSpanReporting: true}]") SHOP_T(PERCENT("20"))}},
    {"reporting comes back by the same field alone",
     BNC_RATE_ON,
     BNC_RATE_OFF_REPORTING,
     "root",
     "zip",
     NULL,
     {.main = ZIP,
      .telemetries = ROOT_T("tracing: [{disableSpanReporting: true}]")
          SHOP_T("tracing: [{match: {mode: CLIENT}, disableSpanReporting: false}]")}},
};

TEST(why_off)
{
    for (size_t i = 0; i < BNC_LEN(offs); i++) {
        struct made_world w;
        bnc_test_row(offs[i].name);
        world_make(&w, &offs[i].world);
        struct bnc_rate_answers answers = world_ask(&w, "web");
        const struct bnc_rate_answer *off =
            offs[i].out == BNC_RATE_ON ? &answers.inbound : &answers.outbound;
        CHECK_INT(answers.outbound.off, offs[i].out);
        CHECK_INT(answers.inbound.off, offs[i].in);
        CHECK_STR(answers.outbound.provider, offs[i].provider);
        if (off->off != BNC_RATE_ON) {
            CHECK_STR(off->telemetry == NULL ? NULL : off->telemetry->name,
                      offs[i].because);
            CHECK_INT(off->source, offs[i].because == NULL ? BNC_RATE_FROM_DEFAULT
                                                           : BNC_RATE_FROM_TELEMETRY);
            CHECK_INT(off->rate, 0);
            CHECK(off->custom_tags == NULL);
        }
        if (offs[i].next != NULL) {
            CHECK_STR(bnc_rate_text(off->overrides[0].rate, w.arena), offs[i].next);
        }
        world_free(&w);
    }
}

/* ---- gateways of the Gateway API, and who is ignored ----------------------------- */

#define REF(kind, name)                                                                  \
    "targetRefs: [{group: gateway.networking.k8s.io, kind: " kind ", name: " name "}], "

static const struct {
    const char *name;
    const char *gateway;
    const char *spec;
    const char *want;
} gateways[] = {
    {"its own", "edge", REF("Gateway", "edge") PERCENT("60"), "60"},
    {"another one", "edge", REF("Gateway", "inner") PERCENT("60"), "5"},
    {"another kind", "edge", REF("GatewayClass", "edge") PERCENT("60"), "5"},
    {"a sidecar never", NULL, REF("Gateway", "edge") PERCENT("60"), "5"},
    {"refs beat a selector", "edge",
     SELECT("app: api") REF("Gateway", "edge") PERCENT("60"), "60"},
    {"a selector works for a gateway too", "edge", SELECT("app: web") PERCENT("60"),
     "60"},
    {"the single targetRef of old", "edge",
     "targetRef: {group: gateway.networking.k8s.io, kind: Gateway, name: edge}, " PERCENT(
         "60"),
     "60"},
    {"of another namespace", "edge",
     "targetRefs: [{group: gateway.networking.k8s.io, kind: Gateway, name: edge, "
     "namespace: bank}], " PERCENT("60"),
     "5"},
};

TEST(gateway_refs)
{
    for (size_t i = 0; i < BNC_LEN(gateways); i++) {
        struct made_world w;
        bnc_test_row(gateways[i].name);
        world_make(&w, &(struct world){.main = ZIP, .telemetries = ROOT_T(PERCENT("5"))});
        struct bnc_telemetry t;
        const char *yaml =
            bnc_arena_fmt(w.arena, "metadata: {namespace: shop, name: t}\nspec: {%s}",
                          gateways[i].spec);
        bnc_telemetry_decode(world_yaml(w.arena, yaml, 0), w.arena, &t);
        CHECK(t.selects);
        w.telemetries[w.facts.n_telemetries++] = &t;
        w.facts.gateway = gateways[i].gateway;
        struct bnc_rate_answers answers = world_ask(&w, "web");
        CHECK_STR(world_rate(&w, &answers.outbound), gateways[i].want);
        world_free(&w);
    }
}

TEST(ignored)
{
    static const struct {
        const char *name;
        const char *telemetries;
        const char *first;  /* who beats the first one; NULL: nobody */
        const char *second; /* likewise */
    } rows[] = {
        {"older", TELEMETRY("shop", "b", "05", "") TELEMETRY("shop", "a", "06", ""), NULL,
         "b"},
        {"first name in the same second", TELEMETRY("shop", "b", "05", "") SAME("a"), "a",
         NULL},
        {"{} selects nothing",
         TELEMETRY("shop", "b", "05", "selector: {}") TELEMETRY("shop", "a", "06", ""),
         NULL, "b"},
        {"a selector is another matter",
         TELEMETRY("shop", "b", "05", SELECT("app: web"))
             TELEMETRY("shop", "a", "06", ""),
         NULL, NULL},
        {"each namespace has its own", ROOT_T("") SHOP_T(""), NULL, NULL},
        {"what has no time is the newest",
         "---\nmetadata: {namespace: shop, name: a}\n" TELEMETRY("shop", "b", "05", ""),
         "b", NULL},
    };
    for (size_t i = 0; i < BNC_LEN(rows); i++) {
        const char *want[] = {rows[i].first, rows[i].second};
        struct made_world w;
        bnc_test_row(rows[i].name);
        world_make(&w, &(struct world){.telemetries = rows[i].telemetries});
        CHECK_INT(w.facts.n_telemetries, 2);
        for (size_t k = 0; k < 2; k++) {
            const struct bnc_telemetry *winner = NULL;
            CHECK_INT(bnc_telemetry_ignored(&w.facts, w.telemetries[k], &winner),
                      want[k] != NULL);
            CHECK_STR(winner == NULL ? NULL : winner->name, want[k]);
        }
        world_free(&w);
    }
}

RUN_TESTS(why_off, gateway_refs, ignored)
