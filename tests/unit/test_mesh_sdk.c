/*
 * OpenTelemetry: which Instrumentations are made, set, left and given back, and what is
 * said of each workload with an SDK.
 */
#include "lib/json.h"
#include "mesh/istio.h"
#include "tests/unit/engine.h"
#include "tests/unit/mesh_sdk.h"

#define TEXT_MAX ((size_t)1024 * 1024)

static const struct {
    const char *name;
    const char *yaml;
    const char *want;
} rows[] = {
    /* ours */
    {"nobody asks", PLAIN WORKLOAD("cart", "shop", "", ""), ""},
    {"asked for, and refused", PLAIN WORKLOAD("cart", "shop", INJECT("false"), ""), ""},
    {"of the mesh's percentage", PLAIN CART, MAKE("0.05") MISSING},
    {"by the namespace's annotation",
     PLAIN NAMESPACE(INJECT("true")) WORKLOAD("cart", "shop", "", ""),
     MAKE("0.05") MISSING},
    {"no percentage", OBSERVATORY("", OTEL, JAEGER, "") CART, MISSING},
    {"OpenTelemetry is not named", OFF CART, MISSING},
    {"of a policy", PLAIN CART POLICY("p", "percent: 12.34"), MAKE("0.1234") MISSING},
    {"of a policy that leaves it out",
     PLAIN CART POLICY("p", "percent: 12.34, apply: [Istio]"), MAKE("0.05") MISSING},
    {"of an annotation", PLAIN CART NAMESPACE("binnacle.dev/sampling-percent: '0'"),
     MAKE("0") MISSING},
    {"a workload's policy",
     PLAIN CART POLICY("p", "percent: 50, selector: {matchLabels: {app: cart}}"),
     MAKE("0.05") "! NotInMode p: an Instrumentation is for a whole namespace\n" MISSING},
    {"a workload's policy that Jaeger takes",
     REMOTE CART POLICY("p", "percent: 50, selector: {matchLabels: {app: cart}}"),
     MAKE_REMOTE MISSING},
    {"over HTTP, and B3", OBSERVATORY("", OTEL, ZIPKIN ", " WEB, FIVE) CART,
     SPEC("\"sampler\":" TYPED("0.05") ",", "tempo.mon:4318",
          "\"env\":[" PROTOCOL("http/protobuf") "],", ",\"b3multi\"") MISSING},
    {"asks Jaeger", REMOTE CART, MAKE_REMOTE MISSING},
    {"asks Jaeger, another percentage", REMOTE CART POLICY("p", "percent: 100"),
     MAKE_REMOTE MISSING},
    {"named as ours is", PLAIN WORKLOAD("cart", "shop", INJECT("binnacle"), ""),
     MAKE("0.05") UNSEEN("there is no Instrumentation shop/binnacle")},
    {"named, and not there", PLAIN WORKLOAD("cart", "shop", INJECT("x"), ""),
     UNSEEN("there is no Instrumentation shop/x")},
    {"of another namespace", PLAIN WORKLOAD("cart", "shop", INJECT("a/x"), ""),
     UNSEEN("there is no Instrumentation a/x")},
    {"taken from another namespace",
     PLAIN WORKLOAD("cart", "blog", INJECT("shop/theirs"), "")
         INSTRUMENTATION("theirs", "", SAMPLER("always_on", "")),
     SAYS("100", "Instrumentation shop/theirs")},
    {"ours is there", PLAIN CART OURS(RATIO("0.05")), MAKE("0.05") SAYS("5", BY_MAIN)},
    {"ours, decided by a policy",
     PLAIN CART OURS(RATIO("0.1")) POLICY("p", "percent: 10"),
     MAKE("0.1") SAYS("10", "SamplingPolicy shop/p")},
    {"ours, and Jaeger decides",
     REMOTE CART OURS("env: [" ENV("TRACES_SAMPLER", "parentbased_jaeger_remote") "]")
         POLICY("p", "percent: 50, selector: {matchLabels: {app: cart}}"),
     MAKE_REMOTE SAYS("50", "SamplingPolicy shop/p")},

    /* theirs */
    {"theirs without a sampler", PLAIN CART INSTRUMENTATION("theirs", "", ""),
     SET("0.05", "null") SAYS("100", "Default OpenTelemetry")},
    {"theirs with an empty one", PLAIN CART INSTRUMENTATION("theirs", "", "sampler: {}"),
     SET("0.05", "{}") SAYS("100", "Default OpenTelemetry")},
    {"theirs of our name", PLAIN CART INSTRUMENTATION("binnacle", "", RATIO("0.3")),
     "! ForeignField shop/binnacle has a sampler already\n" SAYS(
         "30", "Instrumentation shop/binnacle")},
    {"theirs with a sampler", PLAIN CART INSTRUMENTATION("theirs", "", RATIO("0.3")),
     FOREIGN_TOLD SAYS("30", "Instrumentation shop/theirs")},
    {"theirs, as wished", PLAIN CART INSTRUMENTATION("theirs", "", RATIO("0.05")),
     SAYS("5", "Instrumentation shop/theirs")},
    {"taken", TAKE_OVER CART INSTRUMENTATION("theirs", "", RATIO("0.3")),
     SET("0.05", TYPED("0.3")) SAYS("30", "Instrumentation shop/theirs")},
    {"theirs says it in spec.env",
     TAKE_OVER CART INSTRUMENTATION("theirs", "",
                                    "env: [" ENV("TRACES_SAMPLER", "always_on") "]"),
     "! ForeignField shop/theirs has OTEL_TRACES_SAMPLER in spec.env\n" SAYS(
         "100", "Instrumentation shop/theirs")},
    {"set",
     PLAIN CART INSTRUMENTATION("theirs", WAS("mon/main", "0.05", "null"), RATIO("0.05")),
     "held shop/theirs\n" SAYS("5", BY_MAIN)},
    {"set, another percentage",
     PLAIN CART POLICY("p", "percent: 7")
         INSTRUMENTATION("theirs", WAS("mon/main", "0.05", TYPED("0.3")), RATIO("0.05")),
     SET("0.07", TYPED("0.3")) SAYS("5", "SamplingPolicy shop/p")},
    {"edited since: theirs from now on",
     PLAIN CART INSTRUMENTATION("theirs", WAS("mon/main", "0.05", "null"), RATIO("0.3")),
     BACK("stays") FOREIGN_TOLD SAYS("30", "Instrumentation shop/theirs")},
    {"edited since, and taken: the newer one comes back",
     TAKE_OVER CART INSTRUMENTATION("theirs", WAS("mon/main", "0.05", "null"),
                                    RATIO("0.3")),
     SET("0.05", TYPED("0.3")) SAYS("30", "Instrumentation shop/theirs")},
    {"of another Observatory",
     TAKE_OVER CART INSTRUMENTATION("theirs", WAS("mon/other", "0.3", "null"),
                                    RATIO("0.3")),
     "! Conflicted Observatory mon/other sets Instrumentation shop/theirs\n" SAYS(
         "30", "Instrumentation shop/theirs")},
    {"made by another Observatory",
     TAKE_OVER CART INSTRUMENTATION("theirs", "binnacle.dev/owner: mon/other",
                                    RATIO("0.3")),
     "! Conflicted Observatory mon/other sets Instrumentation shop/theirs\n" SAYS(
         "30", "Instrumentation shop/theirs")},
    {"beside ours: ours goes, theirs is set",
     PLAIN CART OURS(RATIO("0.05")) INSTRUMENTATION("theirs", "", ""),
     SET("0.05", "null") UNSEEN("namespace shop has several Instrumentations, and the "
                                "pods name none")},
    {"several",
     TAKE_OVER CART INSTRUMENTATION("theirs", "", "") INSTRUMENTATION("third", "", ""),
     "! Conflicted namespace shop has 2 Instrumentations\n" UNSEEN(
         "namespace shop has several Instrumentations, and the pods name none")},
    {"several, one was set",
     PLAIN CART INSTRUMENTATION("theirs", WAS("mon/main", "0.05", "null"), RATIO("0.05"))
         INSTRUMENTATION("third", "", ""),
     BACK("null") "! Conflicted namespace shop has 2 Instrumentations\n" UNSEEN(
         "namespace shop has several Instrumentations, and the pods name none")},

    /* given back: a merge patch takes out what was not there */
    {"given back, none",
     OFF CART INSTRUMENTATION("theirs", WAS("mon/main", "0.05", "null"), RATIO("0.05")),
     BACK("null") SAYS("5", "Instrumentation shop/theirs")},
    {"given back, an empty one",
     OFF CART INSTRUMENTATION("theirs", WAS("mon/main", "0.05", "{}"), RATIO("0.05")),
     BACK("{\"type\":null,\"argument\":null}") SAYS("5", "Instrumentation shop/theirs")},
    {"given back, one without an argument",
     OFF CART INSTRUMENTATION(
         "theirs", WAS("mon/main", "0.05", "{\"type\":\"always_on\"}"), RATIO("0.05")),
     BACK("{\"type\":\"always_on\",\"argument\":null}")
         SAYS("5", "Instrumentation shop/theirs")},
    {"given back, edited since",
     OFF CART INSTRUMENTATION("theirs", WAS("mon/main", "0.05", "{}"), RATIO("0.3")),
     BACK("stays") SAYS("30", "Instrumentation shop/theirs")},
    {"nobody asks any more",
     PLAIN INSTRUMENTATION("theirs", WAS("mon/main", "0.05", "null"), RATIO("0.05")),
     BACK("null")},
    {"not ours to give back",
     OFF CART INSTRUMENTATION("theirs", WAS("mon/other", "0.05", "{}"), RATIO("0.05")),
     SAYS("5", "Instrumentation shop/theirs")},

    /* mesh and SDK */
    {"the mesh decides",
     MESHED("opentelemetry") IN_MESH("") INSTRUMENTATION("theirs", "", RATIO("0.3")),
     SAYS("5", "Environment istio-system/PILOT_TRACE_SAMPLING")},
    {"decided twice",
     MESHED("opentelemetry") IN_MESH(TWICE) INSTRUMENTATION("theirs", "", RATIO("0.3")),
     SAYS("0.25", "Environment /OTEL_TRACES_SAMPLER: " REMEDY_TWICE)},
    {"decided twice by theirs",
     MESHED("opentelemetry") IN_MESH("")
         INSTRUMENTATION("theirs", "", SAMPLER("traceidratio", "0.05")),
     SAYS("0.25", "Instrumentation shop/theirs: " REMEDY_TWICE)},
    {"ignored",
     MESHED("opentelemetry") IN_MESH(ENV("TRACES_SAMPLER", "always_on"))
         INSTRUMENTATION("theirs", "", ""),
     SAYS("5", "Environment /OTEL_TRACES_SAMPLER: the app ignores what the mesh decides: "
               "use the parentbased_ form of the sampler, so that what the mesh does not "
               "trace is not recorded")},
    {"not seen", MESHED("zipkin") IN_MESH("") INSTRUMENTATION("theirs", "", RATIO("0.3")),
     SAYS("30",
          "Instrumentation shop/theirs: the app does not see the mesh's trace: give "
          "both the same headers: b3multi in OTEL_PROPAGATORS or in "
          "spec.propagators, or traceContextOption USE_B3_WITH_W3C_PROPAGATION in "
          "the zipkin provider, or a provider opentelemetry")},
    {"seen by B3",
     MESHED("zipkin") IN_MESH("")
         INSTRUMENTATION("theirs", "", RATIO("0.3") ", propagators: [b3]"),
     SAYS("5", "Environment istio-system/PILOT_TRACE_SAMPLING")},
    {"no SDK, but its own variable", PLAIN WORKLOAD("cart", "shop", "", TWICE),
     SAYS("5", "Environment /OTEL_TRACES_SAMPLER")},

    /* pods keep what they were made with */
    {"pods as new ones",
     PLAIN CART OURS(RATIO("0.05")) POD("a", SDK("0.05")) POD("b", SDK("0.05")),
     MAKE("0.05") SAYS("5", BY_MAIN)},
    {"one of three is older",
     PLAIN CART OURS(RATIO("0.05")) POD("a", SDK("0.2")) POD("b", SDK("0.05"))
         POD("c", SDK("0.05")),
     MAKE("0.05") SAYS("5", BY_MAIN ": 1 of its 3 pods were made with another sampler "
                                    "than new ones get: restart it")},
    {"all are older: they do as they did",
     PLAIN CART OURS(RATIO("0.05")) POD("a", SDK("0.2")) POD("b", SDK("0.2")),
     MAKE("0.05") SAYS("20", "Environment /OTEL_TRACES_SAMPLER: 2 of its 2 pods were "
                             "made with another sampler than new ones get: restart it")},
    {"of before any SDK, without a mesh",
     PLAIN CART OURS(
         RATIO("0.05")) "apiVersion: v1\nkind: Pod\nmetadata: {name: cart-7d9f8b6c5-a, "
                        "namespace: shop, "
                        "annotations: {" INJECT(
                            "true") "}, labels: {pod-template-hash: 7d9f8b6c5}, "
                                    "ownerReferences: [{apiVersion: apps/v1, kind: "
                                    "ReplicaSet, name: cart-7d9f8b6c5, "
                                    "uid: u, controller: true}]}\nspec: {containers: "
                                    "[{name: a}]}\n---\n",
     MAKE("0.05") SAYS("100", "Default OpenTelemetry: 1 of its 1 pods were made with "
                              "another sampler than new ones get: restart it")},
    {"theirs says it for a language",
     OFF CART INSTRUMENTATION("theirs", "",
                              RATIO("0.3") ", java: {image: i, env: [" ENV(
                                  "TRACES_SAMPLER", "always_off") "]}"),
     SAYS("0", "Instrumentation shop/theirs")},
    {"of before any SDK",
     MESHED("opentelemetry") IN_MESH("") INSTRUMENTATION("theirs", "", RATIO("0.3"))
         POD("a", "{name: istio-proxy}"),
     SAYS("5", "Environment istio-system/PILOT_TRACE_SAMPLING: 1 of its 1 pods were made "
               "with another sampler than new ones get: restart it")},
};

/* ---- what comes of it
 * ------------------------------------------------------------------ */

static const char *
print(const cJSON *value, struct bnc_arena *arena)
{
    struct bnc_str out = bnc_str_new(arena, TEXT_MAX);
    bnc_json_print(value, &out);
    return out.ptr;
}

static cJSON *
parse(struct bnc_bytes text, struct bnc_arena *arena)
{
    struct bnc_error err = {0};
    cJSON *root = NULL;
    CHECK_INT(bnc_json_parse(arena, text.ptr, text.len, &root, &err), BNC_OK);
    return root;
}

static void
add_patches(const struct bnc_plan *plan, struct bnc_arena *arena, struct bnc_str *out)
{
    for (size_t i = 0; i < plan->n_patches; i++) {
        const struct bnc_patch *patch = &plan->patches[i];
        const cJSON *root = parse(patch->body, arena);
        const cJSON *notes = bnc_json_path(root, "metadata", "annotations", NULL);
        const char *was = bnc_json_get_str(notes, "binnacle.dev/was");
        const cJSON *sampler = bnc_json_path(root, "spec", "sampler", NULL);
        CHECK(patch->of.kind == BNC_KIND_INSTRUMENTATION &&
              bnc_json_get(notes, "binnacle.dev/was") != NULL);
        bnc_str_fmt(out, "patch %s/%s %s %s\n", patch->of.ns, patch->of.name,
                    was == NULL ? "-" : was,
                    sampler == NULL ? "stays" : print(sampler, arena));
    }
    for (size_t i = 0; i < plan->n_held; i++) {
        bnc_str_fmt(out, "held %s/%s\n", plan->held[i].ns, plan->held[i].name);
    }
}

/* Without what every message of its kind says. */
static void
add_diag(const struct bnc_diag *diag, const char *of, struct bnc_str *out)
{
    const char *text = diag->message;
    const char *kind = "Instrumentation ";
    size_t n = strcspn(text, ",:");
    text += strncmp(text, kind, strlen(kind)) == 0 ? strlen(kind) : 0;
    n -= (size_t)(text - diag->message);
    if (diag->reason == BNC_REASON_FOREIGN_FIELD ||
        diag->reason == BNC_REASON_CONFLICTED || diag->reason == BNC_REASON_NOT_IN_MODE) {
        bnc_str_fmt(out, "! %s %s%s%.*s\n", bnc_reason_name(diag->reason), of,
                    of[0] == '\0' ? "" : ": ", (int)n, text);
    }
}

static void
add_effective(const struct bnc_effective *e, struct bnc_arena *arena, struct bnc_str *out)
{
    if (strcmp(e->system, "OpenTelemetry") != 0) {
        return;
    }
    bnc_str_fmt(out, "%s %s", e->workload->object->name,
                e->rate == BNC_RATE_NONE ? "-" : bnc_rate_text(e->rate, arena));
    if (e->by.kind != NULL) {
        bool none = e->by.ns == NULL && strcmp(e->by.kind, "Environment") != 0;
        bnc_str_fmt(out, " by %s %s%s%s", e->by.kind, e->by.ns == NULL ? "" : e->by.ns,
                    none ? "" : "/", e->by.name);
    }
    bnc_str_fmt(out, "%s%s\n", e->note == NULL ? "" : ": ",
                e->note == NULL ? "" : e->note);
}

static const char *
describe(const struct bnc_result *result, struct bnc_arena *arena)
{
    struct bnc_str out = bnc_str_new(arena, TEXT_MAX);
    const struct bnc_plan *plan = result->plan;
    bnc_str_puts(&out, "");
    for (size_t i = 0; i < result->n_desired; i++) {
        const struct bnc_desired *one = &result->desired[i];
        if (one->kind == BNC_KIND_INSTRUMENTATION) {
            bnc_str_fmt(&out, "make %s/%s %s\n", one->ns, one->name,
                        print(bnc_json_get(parse(one->body, arena), "spec"), arena));
        }
    }
    add_patches(plan, arena, &out);
    for (size_t i = 0; i < result->diags->n; i++) {
        add_diag(&result->diags->items[i], "", &out);
    }
    for (size_t i = 0; i < plan->n_verdicts; i++) {
        const struct bnc_verdict *v = &plan->verdicts[i];
        for (size_t k = 0; k < v->n_why; k++) {
            add_diag(&v->why[k], v->member->object->name, &out);
        }
    }
    for (size_t i = 0; i < plan->n_effective; i++) {
        add_effective(&plan->effective[i], arena, &out);
    }
    return out.ptr;
}

static void
drive(struct driven *d, const struct facts *facts, bool offline)
{
    static const char *const trusted[] = {"mon", NULL};
    driven_start(d, facts->items, facts->n);
    d->settings.trusted_namespaces = trusted;
    d->settings.offline = offline;
    for (size_t i = 0; i < facts->n; i++) {
        driven_put(d, facts->items[i]);
    }
    driven_sync(d);
    driven_settle(d);
    CHECK_INT(bnc_engine_count(d->engine), 1);
}

static void
check(const char *yaml, bool offline, const char *want)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    struct facts facts;
    struct driven d;
    facts_read(&facts, yaml);
    drive(&d, &facts, offline);
    CHECK_STR(describe(bnc_engine_result(d.engine, 0), arena), want);
    driven_stop(&d);
    facts_free(&facts);
}

TEST(decisions)
{
    for (size_t i = 0; i < BNC_LEN(rows); i++) {
        bnc_test_row(rows[i].name);
        check(rows[i].yaml, false, rows[i].want);
    }
}

/* ---- without a cluster, and at the end
 * -------------------------------------------------- */

/* What would be written counts as live, for Istio and for OpenTelemetry. */
TEST(offline)
{
    bnc_test_row("offline");
    check(OBSERVATORY("mesh: {}, ", "Istio, OpenTelemetry", JAEGER, FIVE)
              WORKLOAD("cart", "shop", INJECT("true"), "") POLICY("p", "percent: 20"),
          true, MAKE("0.2") SAYS("20", "SamplingPolicy shop/p"));
    bnc_test_row("offline, in the mesh");
    check(OBSERVATORY("mesh: {}, ", "Istio, OpenTelemetry", ZIPKIN, FIVE) IN_MESH(""),
          true,
          "make shop/binnacle {\"sampler\":" TYPED(
              "0.05") ",\"propagators\":[\"tracecontext\",\"baggage\",\"b3multi\"]}"
                      "\n" SAYS("5", BY_MAIN));
    bnc_test_row("offline, somebody else's is there");
    check(OBSERVATORY("mesh: {}, ", "Istio, OpenTelemetry", JAEGER, FIVE)
              CART INSTRUMENTATION("theirs", "", RATIO("0.3")),
          true, FOREIGN_TOLD SAYS("30", "Instrumentation shop/theirs"));
}

/* The Observatory as one that has lived: with its status, and going when asked. */
static void
lived(struct facts *facts, const char *status, bool deleting)
{
    struct bnc_object *plain = facts->items[0];
    const struct bnc_pruned pruned = {.ns = plain->ns,
                                      .name = plain->name,
                                      .uid = "u",
                                      .resource_version = "1",
                                      .generation = 1,
                                      .deleting = deleting,
                                      .text = plain->text,
                                      .status = {status, strlen(status)}};
    facts->items[0] = bnc_object_new(plain->kind, &pruned, NULL);
    bnc_object_unref(plain);
}

#define HELD                                                                             \
    "{\"mesh\":{\"held\":[{\"kind\":\"Instrumentation\",\"namespace\":\"shop\","         \
    "\"name\":"                                                                          \
    "\"theirs\"}]}}"
#define SCRAPES                                                                          \
    "apiVersion: binnacle.dev/v1alpha1\nkind: Observatory\nmetadata: {name: main, "      \
    "namespace: mon}\nspec: {namespaceSelector: {}, prometheus: {}}\n---\n"
#define BROKEN                                                                           \
    "apiVersion: binnacle.dev/v1alpha1\nkind: Observatory\nmetadata: {name: main, "      \
    "namespace: mon}\nspec: {namespaceSelector: {}, prometheus: {shards: x}}\n---\n"

/* No tracing any more, so that nothing of a mesh is planned. */
TEST(left)
{
    for (int i = 0; i < 3; i++) {
        BNC_AUTO(bnc_arena) arena = bnc_arena_new();
        struct facts facts;
        struct driven d;
        bnc_test_row(i == 0   ? "tracing goes"
                     : i == 1 ? "broken, and goes"
                              : "still there");
        facts_read(
            &facts,
            bnc_arena_fmt(arena, "%s%s",
                          i == 1   ? BROKEN
                          : i == 0 ? SCRAPES
                                   : OFF,
                          INSTRUMENTATION("theirs", WAS("mon/main", "0.05", TYPED("0.3")),
                                          RATIO("0.05"))));
        lived(&facts, HELD, i == 1);
        drive(&d, &facts, false);
        CHECK_STR(describe(bnc_engine_result(d.engine, 0), arena), BACK(TYPED("0.3")));
        driven_stop(&d);
        facts_free(&facts);
    }
}

/* The Observatory goes: nothing is made, what was taken comes back. */
TEST(removal)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    struct facts facts;
    struct driven d;
    bnc_test_row("removal");
    facts_read(&facts,
               PLAIN CART INSTRUMENTATION("theirs", WAS("mon/main", "0.05", TYPED("0.3")),
                                          RATIO("0.05")));
    struct bnc_object *plain = facts.items[0];
    const struct bnc_pruned pruned = {.ns = plain->ns,
                                      .name = plain->name,
                                      .uid = "u",
                                      .resource_version = "1",
                                      .generation = 1,
                                      .deleting = true,
                                      .text = plain->text};
    facts.items[0] = bnc_object_new(plain->kind, &pruned, NULL);
    bnc_object_unref(plain);
    drive(&d, &facts, false);
    CHECK_STR(describe(bnc_engine_result(d.engine, 0), arena),
              BACK(TYPED("0.3")) SAYS("5", BY_MAIN));
    driven_stop(&d);
    facts_free(&facts);
}

RUN_TESTS(decisions, offline, left, removal)
