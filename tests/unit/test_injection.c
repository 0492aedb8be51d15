/*
 * Which pods Istio's webhook and OpenTelemetry's operator put something into.
 */
#include "reconcilers/injection.h"

#include "lib/json.h"
#include "lib/yaml_in.h"
#include "model/prune.h"
#include "tests/unit/test.h"

/* A view of one Namespace. */
struct world {
    struct bnc_view view; /* first */
    struct bnc_object *ns;
    enum bnc_found found;
};

static enum bnc_found
get(struct bnc_view *view, enum bnc_kind kind, const char *ns, const char *name,
    const struct bnc_object **out)
{
    const struct world *world = (const struct world *)view;
    CHECK_INT(kind, BNC_KIND_NAMESPACE);
    CHECK_STR(ns, "");
    CHECK_STR(name, "shop");
    *out = world->found == BNC_VIEW_FOUND ? world->ns : NULL;
    return world->found;
}

static const struct bnc_view_ops ops = {.get = get};

static cJSON *
tree(const char *yaml, struct bnc_arena *arena)
{
    struct bnc_yaml_docs docs = {0};
    struct bnc_error err = {0};
    if (bnc_yaml_read(yaml, strlen(yaml), NULL, arena, &docs, &err)) {
        fail_msg("row \"%s\": %s", bnc_row, err.message);
    }
    CHECK_INT(docs.n, 1);
    return docs.items[0].root;
}

static struct bnc_object *
object(enum bnc_kind kind, const cJSON *root, struct bnc_arena *arena)
{
    struct bnc_str text = bnc_str_new(arena, (size_t)1 << 20);
    struct bnc_pruned pruned = {0};
    struct bnc_error err = {0};
    bnc_json_print(root, &text);
    if (bnc_prune(bnc_kind_info(kind)->keep, text.ptr, text.len, arena, &pruned, &err)) {
        fail_msg("row \"%s\": %s", bnc_row, err.message);
    }
    return bnc_object_new(kind, &pruned, NULL);
}

/* "sidecar", "gateway", "gateway NAME", and what else there is to say. */
static const char *
tell(bool concerns, const struct bnc_injection *in, struct bnc_arena *arena)
{
    struct bnc_str out = bnc_str_new(arena, (size_t)1 << 20);
    bnc_str_puts(&out, concerns ? "" : "nothing");
    bnc_str_puts(&out, in->gateway ? "gateway" : in->sidecar ? "sidecar" : "");
    bnc_str_fmt(&out, "%s%s", in->gateway_name == NULL ? "" : " ",
                in->gateway_name == NULL ? "" : in->gateway_name);
    bnc_str_fmt(&out, "%s%s", in->proxy_config == NULL ? "" : " config=",
                in->proxy_config == NULL ? "" : in->proxy_config);
    bnc_str_fmt(&out, "%s%s",
                in->baked == NULL ? "" : " baked=", in->baked == NULL ? "" : in->baked);
    const cJSON *const lists[] = {in->sdk, in->ns_sdk, in->sdk_env};
    static const char *const names[] = {" sdk=", " ns=", " env="};
    for (size_t i = 0; i < BNC_LEN(lists); i++) {
        if (lists[i] != NULL) {
            bnc_str_puts(&out, names[i]);
            bnc_json_print(lists[i], &out);
        }
    }
    return out.ptr;
}

#define NS(labels, annotations)                                                          \
    "{metadata: {name: shop, labels: {" labels "}, annotations: {" annotations "}}}"
#define POD(labels, annotations, spec)                                                   \
    "{metadata: {labels: {" labels "}, annotations: {" annotations "}}, spec: {" spec "}}"
#define APP        "containers: [{name: app}]"
#define ON         "istio-injection: enabled"
#define PROXY      "{name: istio-proxy, env: [{name: PROXY_CONFIG, value: '{}'}]}"
#define TEMPLATE   "inject.istio.io/templates: "
#define SDK        "instrumentation.opentelemetry.io/inject-"
#define SAYS(word) "sidecar.istio.io/inject: '" word "'"

static const struct {
    const char *name;
    const char *ns; /* NULL: there is none (yet) */
    const char *pod;
    const char *want; /* of a template */
} rows[] = {
    {"no word anywhere", NS("", ""), POD("", "", APP), "nothing"},
    {"the Namespace is not there", NULL, POD("", "", APP), "nothing"},
    {"the Namespace's label", NS(ON, ""), POD("", "", APP), "sidecar"},
    {"disabled", NS("istio-injection: disabled", ""), POD("", "", APP), "nothing"},
    {"disabled beats a revision", NS("istio-injection: disabled, istio.io/rev: a", ""),
     POD("", "", APP), "nothing"},
    {"a revision", NS("istio.io/rev: canary", ""), POD("", "", APP), "sidecar"},
    {"an empty revision", NS("istio.io/rev: ''", ""), POD("", "", APP), "nothing"},
    {"another word", NS("istio-injection: 'true'", ""), POD("", "", APP), "nothing"},
    {"in an annotation it is none", NS("", ON), POD("", "", APP), "nothing"},
    {"the pod says no", NS(ON, ""), POD(SAYS("false"), "", APP), "nothing"},
    {"the pod says no, in the old way", NS(ON, ""), POD("", SAYS("false"), APP),
     "nothing"},
    {"the label before the annotation", NS("", ""), POD(SAYS("true"), SAYS("false"), APP),
     "sidecar"},
    {"the pod says yes", NS("", ""), POD(SAYS("true"), "", APP), "sidecar"},
    {"and its Namespace is not known", NULL, POD(SAYS("true"), "", APP), "sidecar"},
    {"but its Namespace forbids it", NS("istio-injection: disabled", ""),
     POD(SAYS("true") ", istio.io/rev: a", "", APP), "nothing"},
    {"an annotation selects no pod", NS("", ""), POD("", SAYS("true"), APP), "nothing"},
    {"a revision of the pod", NS("", ""), POD("istio.io/rev: a", "", APP), "sidecar"},
    {"which says no", NS("", ""), POD("istio.io/rev: a, " SAYS("false"), "", APP),
     "nothing"},
    {"a proxy by hand", NS("", ""), POD("", "", "containers: [{name: app}, " PROXY "]"),
     "sidecar"},
    {"a native sidecar", NS("", ""), POD("", "", APP ", initContainers: [" PROXY "]"),
     "sidecar"},
    {"a proxy alone is a gateway", NS("", ""), POD("", "", "containers: [" PROXY "]"),
     "gateway"},
    {"a gateway by template", NS(ON, ""), POD("", TEMPLATE "gateway", APP), "gateway"},
    {"a gateway that is not injected", NS("", ""), POD("", TEMPLATE "gateway", APP),
     "nothing"},
    {"another template", NS(ON, ""), POD("", TEMPLATE "sidecar", APP), "sidecar"},
    {"a gateway of the Gateway API", NS("", ""),
     POD("gateway.networking.k8s.io/gateway-name: public", "", "containers: [" PROXY "]"),
     "gateway public"},
    {"an annotation for its proxy", NS(ON, ""),
     POD("", "proxy.istio.io/config: '{a: b}'", APP), "sidecar config={a: b}"},
    {"an SDK", NS("", ""), POD("", SDK "java: 'true'", APP),
     " sdk={\"" SDK "java\":\"true\"}"},
    {"an SDK of the Namespace", NS("", SDK "python: 'true', other: x"), POD("", "", APP),
     " ns={\"" SDK "python\":\"true\"}"},
    {"variables of an SDK", NS("", ""),
     POD("", "",
         "containers: [{name: a, env: [{name: OTEL_SERVICE_NAME, value: a}, {name: X}]}, "
         "{name: b, env: [{name: OTEL_TRACES_SAMPLER_ARG, value: '0.1'}]}]"),
     " env=[{\"name\":\"OTEL_SERVICE_NAME\",\"value\":\"a\"},"
     "{\"name\":\"OTEL_TRACES_SAMPLER_ARG\",\"value\":\"0.1\"}]"},
    {"nothing of it", NS("", ""), "{}", "nothing"},
    {"wrong types", NS("", ""),
     "{metadata: {labels: [], annotations: 5}, spec: {containers: {a: b}}}", "nothing"},
};

static void
read_row(size_t i, bool is_pod, struct bnc_arena *arena, const char *want)
{
    struct world world = {.view = {.ops = &ops}, .found = BNC_VIEW_ABSENT};
    cJSON *self_tree = tree("{metadata: {name: web, namespace: shop}}", arena);
    cJSON *pod = tree(rows[i].pod, arena);
    struct bnc_object *self =
        object(is_pod ? BNC_KIND_POD : BNC_KIND_DEPLOYMENT, self_tree, arena);
    struct bnc_injection in = {0};
    struct bnc_injection kept = {0};
    BNC_AUTO(bnc_arena) other = bnc_arena_new();

    if (rows[i].ns != NULL) {
        world.ns = object(BNC_KIND_NAMESPACE, tree(rows[i].ns, arena), arena);
        world.found = BNC_VIEW_FOUND;
    }
    bool concerns =
        bnc_injection_read(self, is_pod ? pod : self_tree, pod, &world.view, arena, &in);
    CHECK_STR(tell(concerns, &in, arena), want);
    bnc_injection_keep(&in, other, &kept);
    CHECK_STR(tell(concerns, &kept, arena), want);
    bnc_object_unref(self);
    bnc_object_unref(world.ns);
}

TEST(templates)
{
    for (size_t i = 0; i < BNC_LEN(rows); i++) {
        BNC_AUTO(bnc_arena) arena = bnc_arena_new();
        bnc_test_row(rows[i].name);
        read_row(i, false, arena, rows[i].want);
    }
}

/* A pod that stands for itself has its proxy's configuration already. */
TEST(pods)
{
    for (size_t i = 0; i < BNC_LEN(rows); i++) {
        BNC_AUTO(bnc_arena) arena = bnc_arena_new();
        bool baked = strstr(rows[i].pod, "PROXY_CONFIG") != NULL;
        bnc_test_row(rows[i].name);
        read_row(i, true, arena,
                 baked ? bnc_arena_fmt(arena, "%s baked={}", rows[i].want)
                       : rows[i].want);
    }
}

RUN_TESTS(templates, pods)
