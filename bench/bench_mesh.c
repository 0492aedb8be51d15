/*
 * What sampling costs: SamplingPolicies over many namespaces, injected workloads and
 * their pods; then single changes.  Counts are exact, times are CPU.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "controller/engine.h"
#include "lib/str.h"
#include "model/prune.h"
#include "reconcilers/plan.h"
#include "reconcilers/table.h"

#define NAMESPACES    200
#define PER_NAMESPACE 10 /* workloads */
#define WORKLOADS     (NAMESPACES * PER_NAMESPACE)
#define JSON_MAX      4096

struct bench {
    struct bnc_engine *engine;
    char (*shown)[BNC_HASH_TEXT_MAX + 256]; /* objects after the work before */
    size_t n_shown;
    int policies;
    int pods;
};

static double
cpu_ms(void)
{
    return (double)clock() * 1000.0 / CLOCKS_PER_SEC;
}

static long
rss_kb(const char *field)
{
    FILE *file = fopen("/proc/self/status", "re");
    char line[256];
    long kb = -1;
    while (file != NULL && fgets(line, sizeof(line), file) != NULL) {
        if (strncmp(line, field, strlen(field)) == 0) {
            kb = strtol(line + strlen(field) + 1, NULL, 10);
        }
    }
    if (file != NULL) {
        (void)fclose(file);
    }
    return kb;
}

static void
nobody(void *arg, enum bnc_kind kind, const char *ns, const char *name)
{
    BNC_UNUSED(arg);
    BNC_UNUSED(kind);
    BNC_UNUSED(ns);
    BNC_UNUSED(name);
}

/* ---- objects ------------------------------------------------------------------- */

static void
put(struct bench *bench, enum bnc_kind kind, const char *json)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    struct bnc_pruned pruned;
    struct bnc_error err = {0};
    if (bnc_prune(bnc_kind_info(kind)->keep, json, strlen(json), arena, &pruned, &err)) {
        (void)fprintf(stderr, "%s\n", err.message);
        exit(1);
    }
    bnc_engine_put(bench->engine, bnc_object_new(kind, &pruned, NULL));
}

static void
put_observatory(struct bench *bench, int percent)
{
    char json[JSON_MAX];
    (void)snprintf(
        json, sizeof(json),
        "{\"metadata\":{\"name\":\"main\",\"namespace\":\"monitoring\",\"uid\":"
        "\"o\"},\"spec\":{\"namespaceSelector\":{},\"mesh\":{},\"tracing\":{"
        "\"backends\":[{\"name\":\"jaeger\",\"type\":\"jaeger\",\"service\":"
        "\"jaeger.tracing\"}],\"sampling\":{\"percent\":%d}}}}",
        percent);
    put(bench, BNC_KIND_OBSERVATORY, json);
}

static void
put_namespace(struct bench *bench, int i)
{
    char json[JSON_MAX];
    (void)snprintf(json, sizeof(json),
                   "{\"metadata\":{\"name\":\"ns%d\",\"labels\":{\"istio-injection\":"
                   "\"enabled\"}}}",
                   i);
    put(bench, BNC_KIND_NAMESPACE, json);
}

/* The first of a namespace is about all of it, the others about a workload each. */
static void
put_policy(struct bench *bench, int i, int percent)
{
    char json[JSON_MAX];
    char selector[128] = "";
    if (i >= NAMESPACES) {
        (void)snprintf(selector, sizeof(selector),
                       ",\"selector\":{\"matchLabels\":{\"app\":\"d%d\"}}", i);
    }
    (void)snprintf(
        json, sizeof(json),
        "{\"metadata\":{\"name\":\"p%d\",\"namespace\":\"ns%d\",\"uid\":\"u\"},"
        "\"spec\":{\"percent\":%d%s}}",
        i, i % NAMESPACES, percent, selector);
    put(bench, BNC_KIND_SAMPLING_POLICY, json);
}

static void
put_deployment(struct bench *bench, int i, const char *annotations)
{
    char json[JSON_MAX];
    (void)snprintf(
        json, sizeof(json),
        "{\"metadata\":{\"name\":\"d%d\",\"namespace\":\"ns%d\",\"annotations\":"
        "{%s}},\"spec\":{\"template\":{\"metadata\":{\"labels\":{\"app\":\"d%d\""
        "}},\"spec\":{\"containers\":[{\"name\":\"c\",\"ports\":[{"
        "\"containerPort\":8080}]}]}}}}",
        i, i % NAMESPACES, annotations, i);
    put(bench, BNC_KIND_DEPLOYMENT, json);
}

/* As the injector leaves it, as far as it is looked at. */
static void
put_pod(struct bench *bench, int i)
{
    char json[JSON_MAX];
    int of = i % WORKLOADS;
    (void)snprintf(
        json, sizeof(json),
        "{\"metadata\":{\"name\":\"d%d-6d4cf56db6-x%d\",\"namespace\":\"ns%d\","
        "\"labels\":{\"app\":\"d%d\",\"pod-template-hash\":\"6d4cf56db6\","
        "\"security.istio.io/tlsMode\":\"istio\"},\"ownerReferences\":[{\"kind\":"
        "\"ReplicaSet\",\"name\":\"d%d-6d4cf56db6\",\"controller\":true}]},\"spec\":{"
        "\"containers\":[{\"name\":\"c\",\"ports\":[{\"containerPort\":8080}]},{\"name\":"
        "\"istio-proxy\",\"env\":[{\"name\":\"PROXY_CONFIG\",\"value\":\"{}\\n\"},{"
        "\"name\":\"ISTIO_META_APP_CONTAINERS\",\"value\":\"c\"}],\"ports\":[{\"name\":"
        "\"http-envoy-prom\",\"containerPort\":15090}]}]}}",
        of, i, of % NAMESPACES, of, of);
    put(bench, BNC_KIND_POD, json);
}

/* Its configuration has the backend, and we wrote what is wanted. */
static void
publish(struct bench *bench)
{
    const struct bnc_result *result = bnc_engine_result(bench->engine, 0);
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    const char **bodies = bnc_arena_array(arena, result->n_desired, sizeof(*bodies));
    enum bnc_kind *kinds = bnc_arena_array(arena, result->n_desired, sizeof(*kinds));
    size_t n = result->n_desired;
    for (size_t i = 0; i < n; i++) {
        bodies[i] = bnc_arena_strndup(arena, result->desired[i].body.ptr,
                                      result->desired[i].body.len);
        kinds[i] = result->desired[i].kind;
    }
    for (size_t i = 0; i < n; i++) {
        put(bench, kinds[i], bodies[i]);
    }
}

/* ---- work ---------------------------------------------------------------------- */

/* How many objects are new or differ; remembers how they are now. */
static size_t
count_changed(struct bench *bench, const struct bnc_result *result)
{
    char(*now)[sizeof(*bench->shown)] = bnc_alloc((result->n_desired + 1) * sizeof(*now));
    size_t changed = 0;
    for (size_t i = 0; i < result->n_desired; i++) {
        const struct bnc_desired *x = &result->desired[i];
        bool same = false;
        (void)snprintf(now[i], sizeof(now[i]), "%s/%s %s", x->ns, x->name, x->hash);
        for (size_t k = 0; k < bench->n_shown && !same; k++) {
            same = strcmp(bench->shown[k], now[i]) == 0;
        }
        changed += !same;
    }
    free(bench->shown);
    bench->shown = now;
    bench->n_shown = result->n_desired;
    return changed;
}

/* Turns as the controller takes them, or single steps; gives how many objects differ. */
static size_t
work(struct bench *bench, const char *what, size_t budget)
{
    struct bnc_engine_stats before = bnc_engine_stats(bench->engine);
    double start = cpu_ms();
    double longest = 0;
    size_t turns = 0;
    for (bool more = true; more; turns++) {
        double turn = cpu_ms();
        more = bnc_engine_work(bench->engine, budget);
        turn = cpu_ms() - turn;
        longest = turn > longest ? turn : longest;
    }
    double took = cpu_ms() - start;
    struct bnc_engine_stats after = bnc_engine_stats(bench->engine);
    const struct bnc_result *result = bnc_engine_result(bench->engine, 0);
    size_t changed = count_changed(bench, result);
    (void)printf(
        "%-28s %8.2f ms CPU in %4zu turns, longest %5.2f ms; %llu compiled, %llu "
        "planned; %zu of %zu objects differ\n",
        what, took, turns, longest,
        (unsigned long long)(after.compiles - before.compiles),
        (unsigned long long)(after.plans - before.plans), changed, result->n_desired);
    return changed;
}

static void
expect(bool holds, const char *what)
{
    if (!holds) {
        (void)fprintf(stderr, "bench_mesh: %s\n", what);
        exit(1);
    }
}

static void
tell_sizes(const struct bench *bench)
{
    (void)printf("%ld kB RSS, %ld kB anonymous, %zu kB of cached objects\n",
                 rss_kb("VmRSS:"), rss_kb("RssAnon:"),
                 bnc_cache_bytes(bnc_engine_cache(bench->engine)) / 1024);
}

static void
fill(struct bench *bench)
{
    put_observatory(bench, 1);
    put(bench, BNC_KIND_SERVICE,
        "{\"metadata\":{\"name\":\"jaeger\",\"namespace\":\"tracing\"}}");
    for (int i = 0; i < NAMESPACES; i++) {
        put_namespace(bench, i);
    }
    for (int i = 0; i < bench->policies; i++) {
        put_policy(bench, i, i % 100);
    }
    for (int i = 0; i < WORKLOADS; i++) {
        put_deployment(bench, i, "");
    }
    for (int i = 0; i < bench->pods; i++) {
        put_pod(bench, i);
    }
    for (enum bnc_kind kind = 0; kind < BNC_KIND_COUNT; kind++) {
        bnc_engine_synced(bench->engine, kind, "", NULL);
    }
}

static void
changes(struct bench *bench, size_t budget)
{
    put_policy(bench, 7, 77);
    expect(work(bench, "a namespace's policy", budget) == 1, "not one Telemetry");
    put_policy(bench, bench->policies - 1, 78);
    expect(work(bench, "a workload's policy", budget) == 1, "not one Telemetry");
    put_policy(bench, bench->policies - 1, 78);
    expect(work(bench, "the same once more", budget) == 0, "something was written");
    put_deployment(bench, WORKLOADS - 1, "\"binnacle.dev/sampling-percent\":\"5\"");
    expect(work(bench, "an annotation", budget) == 1, "not one Telemetry");
    put_pod(bench, bench->pods);
    expect(work(bench, "one pod more", budget) == 0, "something was written");
    bnc_engine_pods(bench->engine);
    expect(work(bench, "pods are looked at", budget) == 0, "something was written");
    put_observatory(bench, 2);
    expect(work(bench, "the mesh's percentage", budget) == 1, "not one Telemetry");
}

int
main(int argc, char **argv)
{
    static const struct bnc_settings settings = {0};
    struct bench bench = {.policies = argc > 1 ? (int)strtol(argv[1], NULL, 10) : 500,
                          .pods = argc > 2 ? (int)strtol(argv[2], NULL, 10) : 5000};
    size_t budget = argc > 3 ? (size_t)strtol(argv[3], NULL, 10) : 64;

    expect(bench.policies > NAMESPACES && bench.policies < WORKLOADS,
           "more than 200 policies, fewer than 2000");
    (void)printf("%d SamplingPolicies, %d workloads in %d namespaces, %d injected pods\n",
                 bench.policies, WORKLOADS, NAMESPACES, bench.pods);
    (void)printf("%ld kB RSS at the start\n", rss_kb("VmRSS:"));
    bench.engine =
        bnc_engine_new(&(struct bnc_engine_options){.reconcilers = bnc_reconcilers,
                                                    .n_reconcilers = bnc_n_reconcilers,
                                                    .planner = &bnc_planner_prometheus,
                                                    .settings = &settings,
                                                    .want = nobody,
                                                    .unwant = nobody});
    fill(&bench);
    (void)work(&bench, "everything", budget);
    tell_sizes(&bench);
    publish(&bench);
    (void)work(&bench, "its configuration is live", budget);
    publish(&bench);
    expect(work(&bench, "its Telemetry is live", budget) == 0, "something was written");
    tell_sizes(&bench);
    changes(&bench, budget);
    tell_sizes(&bench);
    bnc_engine_free(bench.engine);
    free(bench.shown);
    return 0;
}
