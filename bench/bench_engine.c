/*
 * What a change costs: an Observatory over many ScrapePolicies, annotated
 * Deployments and pods; then single changes.  First with small policies, then with
 * policies whose configuration is over 20 MB together, as one document and in parts.
 * Counts are exact, times are CPU.
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

#define NAMESPACES 100
#define JSON_MAX   ((size_t)64 * 1024)
#define RULES      8 /* of each kind in a large policy */
#define TEMPLATES  4 /* sets of rules that policies share, when they share any */

/* What an object looked like after the work before. */
struct shown {
    char name[256];
    char hash[BNC_HASH_TEXT_MAX];
};

struct bench {
    struct bnc_engine *engine;
    struct shown *shown;
    size_t n_shown;
    bool large;
    bool alike; /* large ones have rules of a few templates */
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

/* Words in an order that repeats only after a long time: `*state` is not 0. */
static const char *
word(uint64_t *state)
{
    static const char *const words[] = {
        "account",  "api",     "auth",     "batch",   "billing",  "bucket",  "cache",
        "cart",     "catalog", "checkout", "client",  "cluster",  "commit",  "config",
        "consumer", "cpu",     "customer", "db",      "delivery", "disk",    "duration",
        "edge",     "email",   "errors",   "event",   "export",   "feed",    "fraud",
        "gateway",  "geo",     "grpc",     "heap",    "http",     "image",   "import",
        "index",    "invoice", "job",      "journal", "kafka",    "latency", "ledger",
        "loyalty",  "mail",    "media",    "memory",  "metric",   "mobile",  "network",
        "offer",    "order",   "parser",   "partner", "payment",  "pool",    "price",
        "producer", "profile", "promo",    "queue",   "quota",    "rate",    "redis",
        "refund",   "region",  "report",   "request", "retry",    "rpc",     "search",
        "session",  "shard",   "shipping", "sms",     "socket",   "stock",   "store",
        "stream",   "sync",    "tax",      "tenant",  "thread",   "token",   "topic",
        "trace",    "upload",  "user",     "vendor",  "wallet",   "worker"};
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return words[*state % BNC_LEN(words)];
}

/* Rules as a team writes them: what is kept of the target, what of its metrics. */
static void
add_rules(struct bnc_str *json, uint64_t *seed)
{
    bnc_str_puts(json, ",\"relabelings\":[");
    for (int i = 0; i < RULES; i++) {
        const char *a = word(seed);
        bnc_str_fmt(json,
                    "%s{\"sourceLabels\":[\"__meta_kubernetes_pod_label_%s_%s\"],"
                    "\"targetLabel\":\"%s_%d\"}",
                    i == 0 ? "" : ",", a, word(seed), a, i);
    }
    bnc_str_puts(json, "],\"metricRelabelings\":[");
    for (int i = 0; i < RULES; i++) {
        const char *a = word(seed);
        const char *b = word(seed);
        const char *c = word(seed);
        bnc_str_fmt(json,
                    "%s{\"sourceLabels\":[\"__name__\",\"%s\"],\"action\":\"drop\","
                    "\"regex\":\"%s_%s_(%s|%s)_(total|bucket);%s.*\"}",
                    i == 0 ? "" : ",", a, b, c, word(seed), word(seed), word(seed));
    }
    bnc_str_puts(json, "]");
}

static void
put_policy(struct bench *bench, int i, const char *path)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    struct bnc_str json = bnc_str_new(arena, JSON_MAX);
    uint64_t team = (uint64_t)(bench->alike ? i % TEMPLATES : i);
    uint64_t seed = 88172645463325252ULL + team * 7919;

    bnc_str_fmt(&json,
                "{\"metadata\":{\"name\":\"p%d\",\"namespace\":\"ns%d\",\"uid\":\"u\"},"
                "\"spec\":{\"selector\":{\"matchLabels\":{\"app\":\"a%d\"}},"
                "\"endpoints\":[{\"port\":\"http\",\"path\":\"%s\"",
                i, i % NAMESPACES, i, path);
    if (bench->large) {
        add_rules(&json, &seed);
    } else {
        bnc_str_puts(&json, ",\"relabelings\":[{\"sourceLabels\":["
                            "\"__meta_kubernetes_pod_label_v\"],\"targetLabel\":\"v\"}]");
    }
    bnc_str_puts(&json, "}]}}");
    put(bench->engine, BNC_KIND_SCRAPE_POLICY, json.ptr);
}

static void
put_deployment(struct bench *bench, int i, int port)
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
    put(bench->engine, BNC_KIND_DEPLOYMENT, json);
}

static void
put_pod(struct bench *bench, int i)
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
    put(bench->engine, BNC_KIND_POD, json);
}

static void
put_observatory(struct bench *bench, const char *layout, const char *preset)
{
    char json[1024];
    (void)snprintf(
        json, sizeof(json),
        "{\"metadata\":{\"name\":\"main\",\"namespace\":\"monitoring\",\"uid\":\"o\"},"
        "\"spec\":{\"namespaceSelector\":{},\"prometheus\":{\"version\":\"3.16.0\","
        "\"layout\":\"%s\",\"output\":{\"key\":\"prometheus.yml%s\"},"
        "\"presets\":[\"%s\"]}}}",
        layout, strcmp(layout, "Single") == 0 ? ".gz" : "", preset);
    put(bench->engine, BNC_KIND_OBSERVATORY, json);
}

/* ---- work ---------------------------------------------------------------------- */

/* How many objects are new or differ, by name; remembers how they are now. */
static size_t
count_changed(struct bench *bench, const struct bnc_result *result)
{
    struct shown *now = bnc_alloc(result->n_desired * sizeof(*now));
    size_t changed = 0;
    for (size_t i = 0; i < result->n_desired; i++) {
        const struct bnc_desired *desired = &result->desired[i];
        bool same = false;
        (void)snprintf(now[i].name, sizeof(now[i].name), "%s", desired->name);
        memcpy(now[i].hash, desired->hash, sizeof(now[i].hash));
        for (size_t k = 0; k < bench->n_shown && !same; k++) {
            same = memcmp(&bench->shown[k], &now[i], sizeof(now[i])) == 0;
        }
        changed += !same;
    }
    free(bench->shown);
    bench->shown = now;
    bench->n_shown = result->n_desired;
    return changed;
}

/* Turns as the controller takes them, or single steps. */
static void
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
    (void)printf("%-24s %8.2f ms CPU in %4zu turns, longest %5.2f ms; %llu compiled, "
                 "%llu lowered, %llu packed; %zu of %zu objects differ\n",
                 what, took, turns, longest,
                 (unsigned long long)(after.compiles - before.compiles),
                 (unsigned long long)(after.lowered - before.lowered),
                 (unsigned long long)(after.packed - before.packed),
                 count_changed(bench, result), result->n_desired);
    if (!result->ready || result->diags->n > 0) {
        (void)fprintf(stderr, "not ready: %s\n",
                      result->diags->n > 0 ? result->diags->items[0].message : "?");
        exit(1);
    }
}

static void
tell_sizes(const struct bench *bench)
{
    const struct bnc_result *result = bnc_engine_result(bench->engine, 0);
    size_t text = 0;
    size_t bodies = 0;
    size_t largest = 0;
    for (size_t i = 0; i < result->n_desired; i++) {
        size_t body = result->desired[i].body.len;
        text += result->desired[i].size;
        bodies += body;
        largest = body > largest ? body : largest;
    }
    (void)printf("%zu jobs, %zu bytes of configuration, %zu of %zu objects, %zu of the "
                 "largest\n",
                 result->n_jobs, text, bodies, result->n_desired, largest);
    (void)printf("%ld kB RSS, %ld kB anonymous, %zu kB of cached objects\n",
                 rss_kb("VmRSS:"), rss_kb("RssAnon:"),
                 bnc_cache_bytes(bnc_engine_cache(bench->engine)) / 1024);
}

static struct bench
begin(const char *layout, bool large)
{
    static const struct bnc_settings settings = {0};
    struct bench bench = {.large = large};
    bench.engine =
        bnc_engine_new(&(struct bnc_engine_options){.reconcilers = bnc_reconcilers,
                                                    .n_reconcilers = bnc_n_reconcilers,
                                                    .planner = &bnc_planner_prometheus,
                                                    .settings = &settings,
                                                    .want = nobody,
                                                    .unwant = nobody});
    put_observatory(&bench, layout, "istio-proxy");
    return bench;
}

static void
all_known(struct bench *bench)
{
    for (enum bnc_kind kind = 0; kind < BNC_KIND_COUNT; kind++) {
        bnc_engine_synced(bench->engine, kind, "", NULL);
    }
}

static void
end(struct bench *bench)
{
    bnc_engine_free(bench->engine);
    free(bench->shown);
}

static void
bench_small(int policies, int deployments, int pods, size_t budget)
{
    struct bench bench = begin("Single", false);
    (void)printf("%d small policies, %d annotated Deployments, %d pods\n", policies,
                 deployments, pods);
    for (int i = 0; i < policies; i++) {
        put_policy(&bench, i, "/metrics");
    }
    for (int i = 0; i < deployments; i++) {
        put_deployment(&bench, i, 8080);
    }
    for (int i = 0; i < pods; i++) {
        put_pod(&bench, i);
    }
    all_known(&bench);
    work(&bench, "everything", budget);
    tell_sizes(&bench);
    put_policy(&bench, 7, "/other");
    work(&bench, "one policy changed", budget);
    put_deployment(&bench, 7, 9090);
    work(&bench, "one annotation changed", budget);
    put_pod(&bench, pods + 1);
    work(&bench, "one pod more", budget);
    end(&bench);
}

static void
bench_large(const char *layout, int policies, size_t budget)
{
    struct bench bench = begin(layout, true);
    bench.alike =
        strcmp(layout, "Single") == 0; /* else it is more than an object takes */
    (void)printf("%d large policies, layout %s\n", policies, layout);
    for (int i = 0; i < policies; i++) {
        put_policy(&bench, i, "/metrics");
    }
    all_known(&bench);
    work(&bench, "everything", budget);
    tell_sizes(&bench);
    put_policy(&bench, 7, "/other");
    work(&bench, "one policy changed", budget);
    put_policy(&bench, policies, "/metrics");
    work(&bench, "one policy more", budget);
    bnc_engine_gone(bench.engine, BNC_KIND_SCRAPE_POLICY, "ns11", "p11");
    work(&bench, "one policy less", budget);
    put_observatory(&bench, layout, "istiod");
    work(&bench, "the preset changed", budget);
    (void)printf("%ld kB RSS, %ld kB anonymous\n", rss_kb("VmRSS:"), rss_kb("RssAnon:"));
    end(&bench);
}

int
main(int argc, char **argv)
{
    const char *which = argc > 1 ? argv[1] : "all";
    int policies = argc > 2 ? (int)strtol(argv[2], NULL, 10) : 10000;
    size_t budget = argc > 3 ? (size_t)strtol(argv[3], NULL, 10) : 64;
    bool all = strcmp(which, "all") == 0;

    (void)printf("%ld kB RSS at the start\n", rss_kb("VmRSS:"));
    if (all || strcmp(which, "small") == 0) {
        bench_small(policies / 2, 1000, 10000, budget);
    }
    if (all || strcmp(which, "single") == 0) {
        bench_large("Single", policies, budget);
    }
    if (all || strcmp(which, "files") == 0) {
        bench_large("Files", policies, budget);
    }
    return 0;
}
