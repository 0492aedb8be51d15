/*
 * What holds for each workload, and which object decides, through the whole compiler:
 * all combinations of who may have said something, against the order said plainly here.
 */
#include "tests/unit/engine.h"

#define JSON_MAX 2048
#define TEXT_MAX ((size_t)4 * 1024 * 1024)
#define VALUES   5 /* not said, and four percentages */

/* Who may speak, apart from the mesh as a whole. */
enum { WHOLE, SELECTED, NOTED, FOREIGN, VOICES };

#define COMBINATIONS (VALUES * VALUES * VALUES * VALUES)

static const char *const percents[VALUES] = {NULL, "0", "0.01", "5", "100"};
static const int64_t rates[VALUES] = {-1, 0, 100, 50000, 1000000};

/* ---- objects ------------------------------------------------------------------- */

static struct bnc_object *
object_of(enum bnc_kind kind, const char *json)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    struct bnc_pruned pruned;
    struct bnc_error err = {0};
    if (bnc_prune(bnc_kind_info(kind)->keep, json, strlen(json), arena, &pruned, &err)) {
        fail_msg("row \"%s\": %s", bnc_row, err.message);
    }
    return bnc_object_new(kind, &pruned, NULL);
}

static void
put(struct driven *d, enum bnc_kind kind, const char *format, ...)
{
    char json[JSON_MAX];
    va_list args;
    va_start(args, format);
    int n = vsnprintf(json, sizeof(json), format, args);
    va_end(args);
    assert_true(n > 0 && (size_t)n < sizeof(json));
    bnc_engine_put(d->engine, object_of(kind, json));
}

/* A namespace: "n0234" says what each voice had there in the beginning. */
struct place {
    char ns[16];
    size_t value[VOICES];
};

static void
make_places(struct place *places)
{
    for (size_t i = 0; i < COMBINATIONS; i++) {
        size_t rest = i;
        for (size_t k = 0; k < VOICES; k++) {
            places[i].value[k] = rest % VALUES;
            rest /= VALUES;
        }
        const size_t *value = places[i].value;
        (void)snprintf(places[i].ns, sizeof(places[i].ns), "n%zu%zu%zu%zu", value[WHOLE],
                       value[SELECTED], value[NOTED], value[FOREIGN]);
    }
}

static void
put_mesh(struct driven *d, size_t value)
{
    const char *before = percents[value] == NULL ? "" : ",\"sampling\":{\"percent\":";
    put(d, BNC_KIND_OBSERVATORY,
        "{\"metadata\":{\"name\":\"main\",\"namespace\":\"monitoring\"},\"spec\":{"
        "\"namespaceSelector\":{},\"mesh\":{},\"tracing\":{\"backends\":[{\"name\":"
        "\"jaeger\",\"type\":\"jaeger\",\"service\":\"jaeger.tracing\"}]%s%s%s}}}",
        before, percents[value] == NULL ? "" : percents[value],
        percents[value] == NULL ? "" : "}");
}

/* One voice of a place as it is now. */
static void
put_voice(struct driven *d, const struct place *place, size_t voice)
{
    static const struct {
        enum bnc_kind kind;
        const char *name;
    } objects[VOICES] = {[WHOLE] = {BNC_KIND_SAMPLING_POLICY, "whole"},
                         [SELECTED] = {BNC_KIND_SAMPLING_POLICY, "selected"},
                         [NOTED] = {BNC_KIND_DEPLOYMENT, "web"},
                         [FOREIGN] = {BNC_KIND_TELEMETRY, "theirs"}};
    const char *percent = percents[place->value[voice]];
    if (voice == NOTED) {
        put(d, BNC_KIND_DEPLOYMENT,
            "{\"metadata\":{\"name\":\"web\",\"namespace\":\"%s\",\"annotations\":{\"%"
            "s\":"
            "\"%s\"}},\"spec\":{\"template\":{\"metadata\":{\"labels\":{\"app\":\"web\"}}"
            ","
            "\"spec\":{\"containers\":[{\"name\":\"c\"}]}}}}",
            place->ns, percent == NULL ? "other" : "binnacle.dev/sampling-percent",
            percent == NULL ? "" : percent);
    } else if (percent == NULL) {
        bnc_engine_gone(d->engine, objects[voice].kind, place->ns, objects[voice].name);
    } else if (voice == FOREIGN) { /* names no provider: the mesh's own level does */
        put(d, BNC_KIND_TELEMETRY,
            "{\"metadata\":{\"name\":\"theirs\",\"namespace\":\"%s\"},\"spec\":{"
            "\"tracing\":[{\"randomSamplingPercentage\":%s}]}}",
            place->ns, percent);
    } else {
        put(d, BNC_KIND_SAMPLING_POLICY,
            "{\"metadata\":{\"name\":\"%s\",\"namespace\":\"%s\"},\"spec\":{\"percent\":%"
            "s"
            "%s}}",
            objects[voice].name, place->ns, percent,
            voice == SELECTED ? ",\"selector\":{\"matchLabels\":{\"app\":\"web\"}}" : "");
    }
}

static void
start(struct driven *d, bool offline, size_t mesh, const struct place *places)
{
    driven_start(d, NULL, 0);
    d->settings.offline = offline;
    put_mesh(d, mesh);
    put(d, BNC_KIND_SERVICE,
        "{\"metadata\":{\"name\":\"jaeger\",\"namespace\":\"tracing\"}}");
    for (size_t i = 0; i < COMBINATIONS; i++) {
        put(d, BNC_KIND_NAMESPACE,
            "{\"metadata\":{\"name\":\"%s\",\"labels\":{\"istio-injection\":\"enabled\"}}"
            "}",
            places[i].ns);
        for (size_t voice = 0; voice < VOICES; voice++) {
            put_voice(d, &places[i], voice);
        }
    }
    driven_sync(d);
    driven_settle(d);
}

/* ---- what is wanted -------------------------------------------------------------- */

/* The order of docs/sampling.md: the first of these decides, the others come after. */
static void
tell_order(const struct place *place, size_t mesh, struct bnc_str *out)
{
    const char *ns = place->ns;
    const size_t *value = place->value;
    bnc_str_fmt(out, "%s:", ns);
    if (value[SELECTED] > 0) {
        bnc_str_fmt(out, " SamplingPolicy %s/selected %lld", ns,
                    (long long)rates[value[SELECTED]]);
    } else if (value[NOTED] > 0) {
        bnc_str_fmt(out, " Deployment %s/web %lld", ns, (long long)rates[value[NOTED]]);
    }
    if (value[FOREIGN] > 0) {
        bnc_str_fmt(out, " Telemetry %s/theirs %lld", ns,
                    (long long)rates[value[FOREIGN]]);
    } else if (value[WHOLE] > 0) {
        bnc_str_fmt(out, " SamplingPolicy %s/whole %lld", ns,
                    (long long)rates[value[WHOLE]]);
    }
    if (mesh > 0) {
        bnc_str_fmt(out, " Observatory monitoring/main %lld", (long long)rates[mesh]);
    }
    bnc_str_puts(out, " Default /Istio 10000");
}

static void
add_decider(struct bnc_str *out, const struct bnc_decider *decider)
{
    bnc_str_fmt(out, " %s %s/%s %lld", decider->kind,
                decider->ns == NULL ? "" : decider->ns, decider->name,
                (long long)decider->rate);
}

static const char *
tell_effective(const struct bnc_effective *e, struct bnc_arena *arena)
{
    struct bnc_str out = bnc_str_new(arena, TEXT_MAX);
    bnc_str_fmt(&out, "%s:", e->workload->object->ns);
    add_decider(&out, &e->by);
    for (size_t i = 0; i < e->n_overrides; i++) {
        add_decider(&out, &e->overrides[i]);
    }
    return out.ptr;
}

static const struct bnc_effective *
effective_in(const struct bnc_plan *plan, const char *ns)
{
    size_t low = 0;
    size_t high = plan->n_effective;
    while (low < high) { /* by namespace */
        size_t middle = low + (high - low) / 2;
        int c = strcmp(plan->effective[middle].workload->object->ns, ns);
        if (c == 0) {
            return &plan->effective[middle];
        }
        low = c < 0 ? middle + 1 : low;
        high = c < 0 ? high : middle;
    }
    fail_msg("row \"%s\": nothing is said of %s", bnc_row, ns);
    return NULL;
}

static void
check_all(const struct bnc_result *result, size_t mesh, const struct place *places)
{
    CHECK(result->plan != NULL);
    CHECK_INT(result->plan->n_effective, COMBINATIONS);
    for (size_t i = 0; i < COMBINATIONS; i++) {
        BNC_AUTO(bnc_arena) arena = bnc_arena_new();
        struct bnc_str want = bnc_str_new(arena, TEXT_MAX);
        const struct bnc_effective *e = effective_in(result->plan, places[i].ns);
        tell_order(&places[i], mesh, &want);
        CHECK_STR(tell_effective(e, arena), want.ptr);
        CHECK_INT(e->rate, e->by.rate);
        CHECK_INT(e->inbound, e->rate);
        CHECK(e->note == NULL);
    }
}

/* A Telemetry for each level that somebody speaks at, unless the place is taken. */
static void
check_written(const struct bnc_result *result, const struct place *places)
{
    size_t want = 1; /* the mesh's */
    size_t got = 0;
    for (size_t i = 0; i < COMBINATIONS; i++) {
        const size_t *value = places[i].value;
        want += value[WHOLE] > 0 && value[FOREIGN] == 0;
        want += value[SELECTED] > 0 || value[NOTED] > 0;
    }
    for (size_t i = 0; i < result->n_desired; i++) {
        got += result->desired[i].kind == BNC_KIND_TELEMETRY;
    }
    CHECK_INT(got, want);
}

static const struct place *
place_of(const struct place *places, const char *ns)
{
    size_t i = 0;
    while (i < COMBINATIONS && strcmp(places[i].ns, ns) != 0) {
        i++;
    }
    CHECK(i < COMBINATIONS);
    return &places[i];
}

/* A policy is refused where the place is taken; an annotation gives way quietly. */
static void
check_verdicts(const struct bnc_plan *plan, const struct place *places)
{
    for (size_t i = 0; i < plan->n_verdicts; i++) {
        const struct bnc_verdict *v = &plan->verdicts[i];
        const struct bnc_object *object = v->member->object;
        const struct place *place = place_of(places, object->ns);
        bool lost = strcmp(object->name, "whole") == 0 && place->value[FOREIGN] > 0;
        if (object->kind == BNC_KIND_SAMPLING_POLICY) {
            CHECK_INT(v->accepted, !lost);
            CHECK_INT(v->n_why, lost ? 1 : 0);
            CHECK_INT(v->n_workloads, 1);
        } else {
            CHECK_INT(object->kind, BNC_KIND_DEPLOYMENT);
            CHECK(v->accepted);
            CHECK_INT(v->n_why, place->value[SELECTED] > 0 ? 1 : 0);
        }
    }
}

static void
check_result(const struct driven *d, size_t mesh, const struct place *places)
{
    const struct bnc_result *result = bnc_engine_result(d->engine, 0);
    check_all(result, mesh, places);
    check_written(result, places);
    check_verdicts(result->plan, places);
}

TEST(order)
{
    static const char *const names[VALUES] = {"mesh unset", "mesh 0", "mesh 0.01",
                                              "mesh 5", "mesh 100"};
    struct place places[COMBINATIONS];
    make_places(places);
    for (size_t mesh = 0; mesh < VALUES; mesh++) {
        struct driven d;
        bnc_test_row(names[mesh]);
        start(&d, true, mesh, places);
        check_result(&d, mesh, places);
        driven_stop(&d);
    }
}

/* ---- one after the other --------------------------------------------------------- */

#define CHANGES 600

/* What was there before leaves no trace. */
TEST(changes)
{
    struct place places[COMBINATIONS];
    struct driven d;
    uint64_t seed = 88172645463325252ULL;
    size_t mesh = 0;

    make_places(places);
    start(&d, true, mesh, places);
    for (size_t i = 0; i < CHANGES; i++) {
        char row[64];
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        (void)snprintf(row, sizeof(row), "change %zu", i);
        bnc_test_row(row);
        struct place *place = &places[seed / 64 % COMBINATIONS];
        size_t voice = seed % (VOICES + 1);
        if (voice == VOICES) {
            mesh = seed / 8 % VALUES;
            put_mesh(&d, mesh);
        } else {
            place->value[voice] = seed / 8 % VALUES;
            put_voice(&d, place, voice);
        }
        if (seed / 1024 % 12 == 0) { /* several at once, mostly */
            driven_settle(&d);
            check_result(&d, mesh, places);
        }
    }
    driven_settle(&d);
    check_result(&d, mesh, places);
    driven_stop(&d);
}

/* ---- in a cluster ---------------------------------------------------------------- */

/* What is desired becomes live; true when anything of it is new. */
static bool
publish(struct driven *d, struct bnc_map *live)
{
    const struct bnc_result *result = bnc_engine_result(d->engine, 0);
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    struct bnc_object **fresh =
        bnc_arena_array(arena, result->n_desired, sizeof(struct bnc_object *));
    size_t n = 0;
    for (size_t i = 0; i < result->n_desired; i++) {
        const struct bnc_desired *x = &result->desired[i];
        const char *key =
            bnc_arena_fmt(arena, "%d/%s/%s/%s", (int)x->kind, x->ns, x->name, x->hash);
        if (bnc_map_put(live, key, live) == NULL) {
            fresh[n++] =
                object_of(x->kind, bnc_arena_strndup(arena, x->body.ptr, x->body.len));
        }
    }
    for (size_t i = 0; i < n; i++) {
        bnc_engine_put(d->engine, fresh[i]);
    }
    driven_settle(d);
    return n > 0;
}

TEST(live_is_as_offline)
{
    BNC_AUTO(bnc_map) live = bnc_map_new();
    struct place places[COMBINATIONS];
    struct driven d;
    size_t rounds = 0;

    bnc_test_row("nothing is there yet");
    make_places(places);
    start(&d, false, 3, places);
    CHECK_INT(bnc_engine_result(d.engine, 0)->n_desired, 1); /* the mesh configuration */
    while (publish(&d, live)) {
        CHECK(++rounds < 5);
    }
    bnc_test_row("all is there");
    check_result(&d, 3, places);
    driven_stop(&d);
}

RUN_TESTS(order, changes, live_is_as_offline)
