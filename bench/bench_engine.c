/*
 * What a change costs: an Observatory over many ScrapePolicies, annotated
 * Deployments and pods; then single changes.  Counts are exact, times are CPU.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "controller/engine.h"
#include "model/prune.h"
#include "reconcilers/plan.h"
#include "reconcilers/table.h"

#define NAMESPACES 100

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

static void
put(struct bnc_engine *engine, enum bnc_kind kind, const char *json)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    struct bnc_pruned pruned;
    struct bnc_error err = {0};
    if (bnc_prune(bnc_kind_info(kind)->keep, json, strlen(json), arena, &pruned, &err)) {
        (void)fprintf(stderr, "%s\n", err.message);
        exit(1);
    }
    bnc_engine_put(engine, bnc_object_new(kind, &pruned, NULL));
}

static void
put_policy(struct bnc_engine *engine, int i, const char *path)
{
    char json[1024];
    (void)snprintf(
        json, sizeof(json),
        "{\"metadata\":{\"name\":\"p%d\",\"namespace\":\"ns%d\",\"uid\":\"u\"},"
        "\"spec\":{\"selector\":{\"matchLabels\":{\"app\":\"a%d\"}},"
        "\"endpoints\":[{\"port\":\"http\",\"path\":\"%s\",\"relabelings\":[{"
        "\"sourceLabels\":[\"__meta_kubernetes_pod_label_v\"],\"targetLabel\":"
        "\"v\"}]}]}}",
        i, i % NAMESPACES, i, path);
    put(engine, BNC_KIND_SCRAPE_POLICY, json);
}

static void
put_deployment(struct bnc_engine *engine, int i, int port)
{
    char json[1024];
    (void)snprintf(
        json, sizeof(json),
        "{\"metadata\":{\"name\":\"d%d\",\"namespace\":\"ns%d\",\"annotations\":{"
        "\"prometheus.io/scrape\":\"true\",\"prometheus.io/port\":\"%d\"}},"
        "\"spec\":{\"template\":{\"metadata\":{\"labels\":{\"app\":\"d%d\"}},"
        "\"spec\":{\"containers\":[{\"name\":\"c\",\"ports\":[{\"containerPort\":"
        "8080}]}]}}}}",
        i, i % NAMESPACES, port, i);
    put(engine, BNC_KIND_DEPLOYMENT, json);
}

static void
put_pod(struct bnc_engine *engine, int i)
{
    char json[1024];
    (void)snprintf(
        json, sizeof(json),
        "{\"metadata\":{\"name\":\"d%d-6d4cf56db6-x%d\",\"namespace\":\"ns%d\","
        "\"labels\":{\"app\":\"d%d\",\"pod-template-hash\":\"6d4cf56db6\"},"
        "\"ownerReferences\":[{\"kind\":\"ReplicaSet\",\"name\":\"d%d-6d4cf56db6\","
        "\"controller\":true}]},\"spec\":{\"containers\":[{\"name\":\"c\","
        "\"ports\":[{\"containerPort\":8080}]}]}}",
        i % 1000, i, i % 1000 % NAMESPACES, i % 1000, i % 1000);
    put(engine, BNC_KIND_POD, json);
}

static void
work(struct bnc_engine *engine, const char *what)
{
    struct bnc_engine_stats before = bnc_engine_stats(engine);
    double start = cpu_ms();
    double longest = 0;
    bool more = true;
    while (more) {
        double turn = cpu_ms();
        more = bnc_engine_work(engine, 64);
        turn = cpu_ms() - turn;
        longest = turn > longest ? turn : longest;
    }
    struct bnc_engine_stats after = bnc_engine_stats(engine);
    (void)printf(
        "%-34s %8.2f ms CPU, longest turn %6.2f ms; %llu compiled, %llu planned, "
        "%llu lowered\n",
        what, cpu_ms() - start, longest,
        (unsigned long long)(after.compiles - before.compiles),
        (unsigned long long)(after.plans - before.plans),
        (unsigned long long)(after.lowered - before.lowered));
}

int
main(int argc, char **argv)
{
    int policies = argc > 1 ? (int)strtol(argv[1], NULL, 10) : 5000;
    int deployments = argc > 2 ? (int)strtol(argv[2], NULL, 10) : 1000;
    int pods = argc > 3 ? (int)strtol(argv[3], NULL, 10) : 10000;
    const struct bnc_settings settings = {0};
    struct bnc_engine *engine =
        bnc_engine_new(&(struct bnc_engine_options){.reconcilers = bnc_reconcilers,
                                                    .n_reconcilers = bnc_n_reconcilers,
                                                    .planner = &bnc_planner_prometheus,
                                                    .settings = &settings,
                                                    .want = nobody,
                                                    .unwant = nobody});
    (void)printf("%d policies, %d annotated Deployments, %d pods; %ld kB RSS before\n",
                 policies, deployments, pods, rss_kb("VmRSS:"));
    put(engine, BNC_KIND_OBSERVATORY,
        "{\"metadata\":{\"name\":\"main\",\"namespace\":\"monitoring\",\"uid\":\"o\"},"
        "\"spec\":{\"namespaceSelector\":{},\"prometheus\":{\"output\":{\"key\":"
        "\"prometheus.yml.gz\"},\"presets\":[\"istio-proxy\"]}}}");
    for (int i = 0; i < policies; i++) {
        put_policy(engine, i, "/metrics");
    }
    for (int i = 0; i < deployments; i++) {
        put_deployment(engine, i, 8080);
    }
    for (int i = 0; i < pods; i++) {
        put_pod(engine, i);
    }
    for (enum bnc_kind kind = 0; kind < BNC_KIND_COUNT; kind++) {
        bnc_engine_synced(engine, kind, "", NULL);
    }
    work(engine, "everything");
    (void)printf("%ld kB RSS, %ld kB anonymous, %zu kB of cached objects\n",
                 rss_kb("VmRSS:"), rss_kb("RssAnon:"),
                 bnc_cache_bytes(bnc_engine_cache(engine)) / 1024);
    put_policy(engine, 7, "/other");
    work(engine, "one policy changed");
    put_deployment(engine, 7, 9090);
    work(engine, "one annotation changed");
    put_pod(engine, pods + 1);
    work(engine, "one pod more");
    const struct bnc_result *result = bnc_engine_result(engine, 0);
    (void)printf("%zu jobs, %zu bytes of configuration, %zu of the object\n",
                 result->n_jobs, result->desired[0].content.len,
                 result->desired[0].body.len);
    bnc_engine_free(engine);
    return 0;
}
