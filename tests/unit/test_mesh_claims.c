/* Fields of other people's objects: what is sent for what is live, and what is said. */
#include "lib/json.h"
#include "tests/unit/engine.h"

#define OBSERVATORY(more, mode, config, rest)                                            \
    "apiVersion: binnacle.dev/v1alpha1\nkind: Observatory\n"                             \
    "metadata: {name: main, namespace: mon}\n"                                           \
    "spec: {namespaceSelector: {}, " more "mesh: {mode: " mode ", meshConfig: " config   \
    "}, tracing: {backends: [{name: jaeger, type: jaeger, service: jaeger.mon}]" rest    \
    "}}\n---\n"
#define PERCENT   ", sampling: {percent: 12.5}"
#define REPORT    OBSERVATORY("", "Environment", "None", PERCENT)
#define TAKE_OVER OBSERVATORY("onConflict: TakeOver, ", "Environment", "None", PERCENT)
#define TELEMETRY OBSERVATORY("onConflict: TakeOver, ", "Telemetry", "None", PERCENT)
#define SILENT    OBSERVATORY("onConflict: TakeOver, ", "Environment", "None", "")

#define DEPLOYMENT(name, was, env)                                                       \
    "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: " name                      \
    ", namespace: istio-system, annotations: {" was "}}\n"                               \
    "spec: {template: {spec: {containers: [{name: proxy, env: [{name: "                  \
    "PILOT_TRACE_SAMPLING, value: x}]}, {name: discovery, env: [{name: A, value: "       \
    "a}, " env "{name: Z, value: z}]}]}}}\n"
#define VALUE(text) "{name: PILOT_TRACE_SAMPLING, value: '" text "'}, "
#define BY_KEY      "{name: PILOT_TRACE_SAMPLING, valueFrom: {fieldRef: {fieldPath: a}}}, "
#define WAS(owner, is, env)                                                              \
    "binnacle.dev/was: '{\"owner\":\"" owner "\",\"is\":\"" is "\",\"env\":" env "}'"
#define OLD(text) "{\"name\":\"PILOT_TRACE_SAMPLING\",\"value\":\"" text "\"}"

/* Patches, without what leads to the variable: annotation, then item. */
#define SET(text)                                                                        \
    "{\"name\":\"PILOT_TRACE_SAMPLING\",\"value\":\"" text "\",\"valueFrom\":null}"
#define RECORD(is, env) "{\"owner\":\"mon/main\",\"is\":\"" is "\",\"env\":" env "} "
#define NOTHING         "- "
#define DELETED         "{\"name\":\"PILOT_TRACE_SAMPLING\",\"$patch\":\"delete\"}"

static const struct {
    const char *name;
    const char *yaml;
    const char *patch; /* "": none */
    bool held;
    const char *told; /* in a warning; NULL: nothing of the kind */
} rows[] = {
    {"added", REPORT DEPLOYMENT("istiod", "", ""), RECORD("12.5", "null") SET("12.5"),
     true, NULL},
    {"of a revision",
     OBSERVATORY("", "Environment, revision: r1", "None", PERCENT)
         DEPLOYMENT("istiod-r1", "", ""),
     RECORD("12.5", "null") SET("12.5"), true, NULL},
    {"of a revision that is not there",
     OBSERVATORY("", "Environment, revision: r1", "None", PERCENT)
         DEPLOYMENT("istiod", "", ""),
     "", false, NULL},
    {"Istio's of old", REPORT DEPLOYMENT("istio-pilot", "", ""),
     RECORD("12.5", "null") SET("12.5"), true, NULL},
    {"somebody's", REPORT DEPLOYMENT("istiod", "", VALUE("1.0")), "", false,
     "istio-system/istiod has PILOT_TRACE_SAMPLING 1.0 already"},
    {"somebody's by reference", REPORT DEPLOYMENT("istiod", "", BY_KEY), "", false,
     "PILOT_TRACE_SAMPLING by reference already"},
    {"taken", TAKE_OVER DEPLOYMENT("istiod", "", VALUE("1.0")),
     RECORD("12.5", OLD("1.0")) SET("12.5"), true, NULL},
    {"taken, a reference", TAKE_OVER DEPLOYMENT("istiod", "", BY_KEY),
     RECORD("12.5", "{\"name\":\"PILOT_TRACE_SAMPLING\",\"valueFrom\":{\"fieldRef\":{"
                    "\"fieldPath\":\"a\"}}}") SET("12.5"),
     true, NULL},
    {"somebody's, and as wished", REPORT DEPLOYMENT("istiod", "", VALUE("12.50")), "",
     false, NULL},
    {"ours", REPORT DEPLOYMENT("istiod", WAS("mon/main", "12.5", "null"), VALUE("12.5")),
     "", true, NULL},
    {"ours, another wish",
     REPORT DEPLOYMENT("istiod", WAS("mon/main", "7.0", OLD("1.0")), VALUE("7.0")),
     RECORD("12.5", OLD("1.0")) SET("12.5"), true, NULL},
    {"edited: theirs from now on",
     REPORT DEPLOYMENT("istiod", WAS("mon/main", "12.5", OLD("1.0")), VALUE("3.0")),
     NOTHING, true, "PILOT_TRACE_SAMPLING 3.0 already"},
    {"edited, and taken: the newer value comes back",
     TAKE_OVER DEPLOYMENT("istiod", WAS("mon/main", "12.5", OLD("1.0")), VALUE("3.0")),
     RECORD("12.5", OLD("3.0")) SET("12.5"), true, NULL},
    {"taken off by somebody",
     REPORT DEPLOYMENT("istiod", WAS("mon/main", "12.5", OLD("1.0")), ""),
     RECORD("12.5", "null") SET("12.5"), true, NULL},
    {"of another Observatory",
     TAKE_OVER DEPLOYMENT("istiod", WAS("mon/gone", "12.5", "null"), VALUE("3.0")), "",
     false, "Observatory mon/gone sets Deployment istio-system/istiod"},
    {"given back",
     TELEMETRY DEPLOYMENT("istiod", WAS("mon/main", "12.5", OLD("1.0")), VALUE("12.5")),
     NOTHING OLD("1.0"), true, NULL},
    {"given back, nothing",
     TELEMETRY DEPLOYMENT("istiod", WAS("mon/main", "12.5", "null"), VALUE("12.5")),
     NOTHING DELETED, true, NULL},
    {"given back, an empty one",
     TELEMETRY DEPLOYMENT("istiod",
                          WAS("mon/main", "12.5", "{\"name\":\"PILOT_TRACE_SAMPLING\"}"),
                          VALUE("12.5")),
     NOTHING "{\"name\":\"PILOT_TRACE_SAMPLING\",\"value\":null}", true, NULL},
    {"given back, edited since",
     TELEMETRY DEPLOYMENT("istiod", WAS("mon/main", "12.5", OLD("1.0")), VALUE("3.0")),
     NOTHING, true, NULL},
    {"no percentage any more",
     SILENT DEPLOYMENT("istiod", WAS("mon/main", "12.5", OLD("1.0")), VALUE("12.5")),
     NOTHING OLD("1.0"), true, NULL},
    {"an annotation that nobody can read",
     REPORT DEPLOYMENT("istiod", "binnacle.dev/was: '{'", ""),
     RECORD("12.5", "null") SET("12.5"), true, NULL},
};

static const char *
print(const cJSON *value, struct bnc_arena *arena)
{
    struct bnc_str out = bnc_str_new(arena, 65536);
    bnc_json_print(value, &out);
    return out.ptr;
}

/* "ANNOTATION ITEM" of the one patch; the item is that of the container `discovery`. */
static const char *
describe(const struct bnc_plan *plan, struct bnc_arena *arena)
{
    struct bnc_error err = {0};
    cJSON *root = NULL;
    if (plan->n_patches == 0) {
        return "";
    }
    CHECK_INT(plan->n_patches, 1);
    const struct bnc_bytes body = plan->patches[0].body;
    CHECK_INT(bnc_json_parse(arena, body.ptr, body.len, &root, &err), BNC_OK);
    const cJSON *notes = bnc_json_path(root, "metadata", "annotations", NULL);
    const char *was = bnc_json_get_str(notes, "binnacle.dev/was");
    CHECK(bnc_json_get(notes, "binnacle.dev/was") != NULL);
    const cJSON *containers =
        bnc_json_path(root, "spec", "template", "spec", "containers", NULL);
    const cJSON *container = containers == NULL ? NULL : containers->child;
    if (container != NULL) {
        CHECK_STR(bnc_json_get_str(container, "name"), "discovery");
    }
    const cJSON *item = container == NULL ? NULL : bnc_json_get(container, "env")->child;
    return bnc_arena_fmt(arena, "%s %s", was == NULL ? "-" : was,
                         item == NULL ? "" : print(item, arena));
}

/* True when a warning has the text; NULL: one about the variable or the mesh's owner. */
static bool
is_told(const struct bnc_result *result, const char *text, struct bnc_arena *arena)
{
    for (size_t i = 0; i < result->diags->n; i++) {
        const struct bnc_diag *diag = &result->diags->items[i];
        bool foreign = diag->reason == BNC_REASON_FOREIGN_FIELD ||
                       diag->reason == BNC_REASON_MESH_TAKEN;
        if (foreign &&
            (text == NULL || strstr(bnc_diag_text(diag, arena), text) != NULL)) {
            return true;
        }
    }
    return false;
}

static void
drive_but(struct driven *d, const struct facts *facts, const char *denied)
{
    static const char *const trusted[] = {"mon", NULL};
    driven_start(d, facts->items, facts->n);
    d->settings.trusted_namespaces = trusted;
    for (size_t i = 0; i < facts->n; i++) {
        driven_put(d, facts->items[i]);
    }
    driven_sync(d);
    while (!bnc_engine_idle(d->engine)) {
        (void)bnc_engine_work(d->engine, 100);
    }
    for (size_t i = 0; denied != NULL && i < d->n_wanted; i++) {
        struct wanted *w = &d->wanted[i];
        if (strcmp(w->name, denied) == 0) {
            w->told = true;
            bnc_engine_denied(d->engine, w->kind, w->ns, w->name);
        }
    }
    driven_settle(d);
    CHECK_INT(bnc_engine_count(d->engine), 1);
}

static void
drive(struct driven *d, const struct facts *facts)
{
    drive_but(d, facts, NULL);
}

TEST(environment)
{
    for (size_t i = 0; i < BNC_LEN(rows); i++) {
        BNC_AUTO(bnc_arena) arena = bnc_arena_new();
        struct facts facts;
        struct driven d;
        bnc_test_row(rows[i].name);
        facts_read(&facts, rows[i].yaml);
        drive(&d, &facts);
        const struct bnc_result *result = bnc_engine_result(d.engine, 0);
        CHECK_STR(describe(result->plan, arena), rows[i].patch);
        CHECK_INT(result->plan->n_held, rows[i].held);
        CHECK_INT(is_told(result, rows[i].told, arena), rows[i].told != NULL);
        driven_stop(&d);
        facts_free(&facts);
    }
}

/* ---- what the spec does not lead to any more -------------------------------------- */

#define FAR                                                                              \
    "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: istio-pilot, namespace: "   \
    "old, annotations: {" WAS(                                                           \
        "mon/main", "12.5",                                                              \
        OLD("1.0")) "}}\n"                                                               \
                    "spec: {template: {spec: {containers: [{name: discovery, env: ["     \
                    "{name: PILOT_TRACE_SAMPLING, value: '12.5'}]}]}}}\n"
#define HELD                                                                             \
    "{\"mesh\":{\"held\":[{\"kind\":\"Deployment\",\"namespace\":\"old\",\"name\":"      \
    "\"istio-pilot\"}]}}"

/* As the API server gives it: with a status, or on its way out. */
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

static const struct {
    const char *name;
    const char *yaml;
    const char *status;
    bool deleting;
    const char *patch;
} lefts[] = {
    {"another mesh", REPORT FAR, HELD, false, NOTHING OLD("1.0")},
    {"nobody knows of it", REPORT FAR, "{}", false, ""},
    {"the mesh goes, and the Observatory", REPORT FAR, HELD, true, NOTHING OLD("1.0")},
    {"the Observatory goes",
     TAKE_OVER DEPLOYMENT("istiod", WAS("mon/main", "12.5", OLD("1.0")), VALUE("12.5")),
     "{}", true, NOTHING OLD("1.0")},
    {"it goes, and somebody has edited it",
     TAKE_OVER DEPLOYMENT("istiod", WAS("mon/main", "12.5", OLD("1.0")), VALUE("3.0")),
     "{}", true, NOTHING},
};

TEST(left)
{
    for (size_t i = 0; i < BNC_LEN(lefts); i++) {
        BNC_AUTO(bnc_arena) arena = bnc_arena_new();
        struct facts facts;
        struct driven d;
        bnc_test_row(lefts[i].name);
        facts_read(&facts, lefts[i].yaml);
        lived(&facts, lefts[i].status, lefts[i].deleting);
        drive(&d, &facts);
        const struct bnc_result *result = bnc_engine_result(d.engine, 0);
        CHECK_STR(describe(result->plan, arena), lefts[i].patch);
        CHECK_INT(result->plan->n_held, lefts[i].patch[0] != '\0');
        driven_stop(&d);
        facts_free(&facts);
    }
}

/* What may not be read keeps an Observatory that goes: values of ours may be in it. */
TEST(denied)
{
    for (int deleting = 0; deleting < 2; deleting++) {
        struct facts facts;
        struct driven d;
        bnc_test_row(deleting ? "it goes" : "it stays");
        facts_read(&facts, OBSERVATORY("", "Telemetry", "None", PERCENT));
        lived(&facts,
              "{\"mesh\":{\"held\":[{\"kind\":\"ConfigMap\",\"namespace\":"
              "\"istio-system\",\"name\":\"istio\"}]}}",
              deleting != 0);
        drive_but(&d, &facts, "istio");
        CHECK_INT(bnc_engine_result(d.engine, 0)->pending, deleting);
        driven_stop(&d);
        facts_free(&facts);
    }
}

/* ---- ConfigMap istio --------------------------------------------------------------- */

#define PATCHED OBSERVATORY("", "Telemetry", "Patch", PERCENT)
#define NOT_ANY OBSERVATORY("", "Telemetry", "None", PERCENT)
#define CHART   "# theirs\ntrustDomain: \"a\" # keep\n"

/* An Observatory, and ConfigMap istio with this text and what we wrote about it. */
static void
drive_config(struct driven *d, struct facts *facts, const char *observatory,
             const char *text, const char *was)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    const char *note = was == NULL
                           ? ""
                           : bnc_arena_fmt(arena, "binnacle.dev/was: %s",
                                           print(bnc_json_str(arena, was), arena));
    facts_read(facts,
               bnc_arena_fmt(arena,
                             "%sapiVersion: v1\nkind: ConfigMap\nmetadata: {name: "
                             "istio, namespace: istio-system, annotations: {%s}}\n"
                             "data: {mesh: %s}\n",
                             observatory, note, print(bnc_json_str(arena, text), arena)));
    drive(d, facts);
}

/* The text and the annotation of the one patch. */
static const char *
read_patch(const struct driven *d, struct bnc_arena *arena, const char **was)
{
    const struct bnc_plan *plan = bnc_engine_result(d->engine, 0)->plan;
    struct bnc_error err = {0};
    cJSON *root = NULL;
    CHECK_INT(plan->n_patches, 1);
    CHECK_INT(plan->patches[0].of.kind, BNC_KIND_CONFIG_MAP);
    const struct bnc_bytes body = plan->patches[0].body;
    CHECK_INT(bnc_json_parse(arena, body.ptr, body.len, &root, &err), BNC_OK);
    *was = bnc_json_get_str(bnc_json_path(root, "metadata", "annotations", NULL),
                            "binnacle.dev/was");
    return bnc_json_get_str(bnc_json_get(root, "data"), "mesh");
}

/* Put in, left alone while it is right, and taken out: the bytes of before. */
TEST(config)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    struct facts facts;
    struct driven d;
    const char *was = NULL;
    const char *none = NULL;

    bnc_test_row("put in");
    drive_config(&d, &facts, PATCHED, CHART, NULL);
    const char *text = read_patch(&d, arena, &was);
    CHECK(strstr(text, "jaeger.mon.svc.cluster.local") != NULL);
    CHECK(strstr(text, CHART) != NULL && was != NULL);
    driven_stop(&d);
    facts_free(&facts);

    bnc_test_row("as it has to be");
    drive_config(&d, &facts, PATCHED, text, was);
    CHECK_INT(bnc_engine_result(d.engine, 0)->plan->n_patches, 0);
    CHECK_INT(bnc_engine_result(d.engine, 0)->plan->n_held, 1);
    driven_stop(&d);
    facts_free(&facts);

    bnc_test_row("the chart came again");
    drive_config(&d, &facts, PATCHED, CHART, was);
    CHECK_STR(read_patch(&d, arena, &none), text);
    driven_stop(&d);
    facts_free(&facts);

    bnc_test_row("taken out");
    drive_config(&d, &facts, NOT_ANY, text, was);
    CHECK_STR(read_patch(&d, arena, &none), CHART);
    CHECK(none == NULL);
    driven_stop(&d);
    facts_free(&facts);
}

static const struct {
    const char *name;
    const char *text;
    const char *was;
    const char *told;
    bool held;
} alone[] = {
    {"no YAML", "a: [\n", NULL, "can't be edited", false},
    {"of another Observatory", CHART, "{\"owner\":\"mon/gone\",\"edits\":\"[]\"}",
     "Observatory mon/gone sets ConfigMap istio-system/istio", false},
    {"a record that nobody can read", CHART, "{\"owner\":\"mon/main\",\"edits\":\"[\"}",
     "can't be edited", true},
};

TEST(config_left_alone)
{
    for (size_t i = 0; i < BNC_LEN(alone); i++) {
        BNC_AUTO(bnc_arena) arena = bnc_arena_new();
        struct facts facts;
        struct driven d;
        bnc_test_row(alone[i].name);
        drive_config(&d, &facts, PATCHED, alone[i].text, alone[i].was);
        const struct bnc_result *result = bnc_engine_result(d.engine, 0);
        const char *said = driven_describe(&d, false, arena);
        CHECK_INT(result->plan->n_patches, 0);
        CHECK_INT(result->plan->n_held, alone[i].held);
        CHECK(strstr(said, alone[i].told) != NULL);
        driven_stop(&d);
        facts_free(&facts);
    }
}

RUN_TESTS(environment, left, denied, config, config_left_alone)
