/*
 * The cluster source under the simulator: random changes, faults, outages and
 * restarts; when the weather has cleared, what the source told must equal what
 * the API server holds.
 *
 *     source-sim [--from SEED] [--seeds N] [--steps M] [--trace]
 */
#include "tests/sim/source_sim.h"

#include <stdlib.h>
#include <string.h>

#define SETTLE_MS 120000

/* ---- life of the product
 * --------------------------------------------------------------- */

static void
follow(struct run *run, struct wanted *w, bool on)
{
    run->inside = true;
    if (w->output && on) {
        bnc_source_watch_output(run->source, w->kind, w->ns, w->name);
    } else if (w->output) {
        bnc_source_unwatch_output(run->source, w->kind, w->ns, w->name);
    } else if (on) {
        bnc_source_want(run->source, w->kind, w->ns, w->name);
    } else {
        bnc_source_unwant(run->source, w->kind, w->ns, w->name);
    }
    run->inside = false;
    w->on = on;
    w->synced = false;
    bnc_object_unref(w->seen);
    w->seen = NULL;
    char key[300];
    if (!on) {
        (void)bnc_map_take(run->troubles, key_of(key, w->kind, w->ns, w->name));
    }
}

static void
start(struct run *run)
{
    static const char *const namespaces[] = {"ns0", "ns1", NULL};
    struct bnc_error err = {0};
    struct bnc_kube_config *config = NULL;
    const struct bnc_kube_config_options config_options = {NULL, NULL};
    const struct bnc_source_cluster_options options = {
        .namespaces = run->namespaced ? namespaces : NULL, .want_pods = true};
    if (bnc_kube_config_load(bnc_sim_world(run->sim), &config_options, &config, &err) ||
        bnc_kube_new(bnc_sim_world(run->sim), config, "0", &run->kube, &err)) {
        bnc_sim_die(run->sim, "seed %llu: %s", (unsigned long long)run->seed,
                    err.message);
    }
    run->source = bnc_source_cluster_new(run->kube, &options);
    run->inside = true;
    bnc_source_start(run->source, &told_listener, run);
    run->inside = false;
    for (size_t i = 0; i < run->n_wanted; i += 2) {
        follow(run, &run->wanted[i], true);
    }
}

static void
end(struct run *run)
{
    run->inside = true;
    bnc_source_free(run->source);
    bnc_kube_free(run->kube);
    run->inside = false;
    run->source = NULL;
    run->kube = NULL;
    told_forget(run);
}

/* ---- what happens
 * ------------------------------------------------------------------------- */

static size_t
pick(struct run *run, size_t n)
{
    return (size_t)bnc_sim_below(run->sim, n);
}

static void
put_object(struct run *run, enum bnc_kind kind, const char *ns, const char *name)
{
    char json[1000];
    const struct bnc_kind_info *info = bnc_kind_info(kind);
    const char *body = kind == BNC_KIND_POD
                           ? "\"spec\":{\"containers\":[{\"name\":\"c\",\"image\":\"i\","
                             "\"ports\":[{\"containerPort\":15090}]}]},\"status\":{"
                             "\"phase\":\"Running\"}"
                       : info->by_name ? "\"data\":{\"a\":\"YQ==\"}"
                       : info->ours    ? "\"spec\":{\"x\":{\"y\":[1,\"]}\\\\\"]}},"
                                         "\"status\":{\"n\":1}"
                                       : "\"spec\":{}";
    (void)snprintf(json, sizeof(json),
                   "{\"apiVersion\":\"%s\",\"kind\":\"%s\",\"metadata\":{\"name\":\"%s\","
                   "\"namespace\":\"%s\",\"labels\":{\"v\":\"%zu\"},\"annotations\":{"
                   "\"a\":\"<{\\\"%zu\\\\\"}},%s}",
                   bnc_kind_api_version(kind), info->name, name, ns, pick(run, 4),
                   pick(run, 3), body);
    if (kind == BNC_KIND_NAMESPACE) {
        (void)snprintf(json, sizeof(json),
                       "{\"apiVersion\":\"v1\",\"kind\":\"Namespace\",\"metadata\":{"
                       "\"name\":\"%s\",\"labels\":{\"v\":\"%zu\"}}}",
                       ns, pick(run, 4));
    }
    (void)bnc_sim_api_put(run->api, json);
}

static void
change_object(struct run *run)
{
    char ns[20];
    char name[20];
    enum bnc_kind kind = (enum bnc_kind)pick(run, BNC_KIND_COUNT);
    if (kind == BNC_KIND_MEASURE) {
        return; /* of no API server */
    }
    (void)snprintf(ns, sizeof(ns), "ns%zu", pick(run, NAMESPACES));
    size_t names = bnc_kind_info(kind)->by_name ? run->n_wanted / 4 : NAMES;
    (void)snprintf(name, sizeof(name), "n%zu", pick(run, names));
    if (pick(run, 100) < 70) {
        put_object(run, kind, ns, name);
    } else if (kind != BNC_KIND_NAMESPACE) {
        (void)bnc_sim_api_delete(run->api, bnc_kind_info(kind)->name, ns, name);
    } else if (pick(run, 4) == 0) {
        (void)bnc_sim_api_delete(run->api, "Namespace", "", ns);
    }
}

static void
write_output(struct run *run)
{
    char json[400];
    const struct wanted *w = &run->wanted[1 + pick(run, run->n_wanted / 4) * 4];
    (void)snprintf(json, sizeof(json),
                   "{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{\"name\":"
                   "\"%s\",\"namespace\":\"%s\"},\"data\":{\"x\":\"%zu\"}}",
                   w->name, w->ns, pick(run, 5));
    const struct bnc_write write = {.verb = pick(run, 5) == 0 ? BNC_VERB_DELETE
                                                              : BNC_VERB_APPLY,
                                    .kind = BNC_KIND_CONFIG_MAP,
                                    .ns = w->ns,
                                    .name = w->name,
                                    .body = {json, strlen(json)}};
    struct bnc_write sent = write;
    if (write.verb == BNC_VERB_DELETE) {
        sent.body = (struct bnc_bytes){NULL, 0};
    }
    run->writes_open++;
    run->writes++;
    run->inside = true;
    bnc_source_write(run->source, &sent, told_written, run);
    run->inside = false;
}

/* The CRD of an optional kind is deleted, or created again. */
static void
toggle_kind(struct run *run, enum bnc_kind kind)
{
    bool *missing = &run->missing[kind];
    *missing = !*missing;
    if (*missing) {
        bnc_sim_api_kind_remove(run->api, bnc_kind_info(kind)->name);
    } else {
        bnc_sim_api_kind_add(run->api, bnc_kind_info(kind)->name);
    }
}

static void
rare_event(struct run *run)
{
    switch (pick(run, 10)) {
    case 0:
        bnc_sim_api_down(run->api, true);
        (void)bnc_sim_run_for(run->sim, 1000 + (int64_t)pick(run, 40000));
        bnc_sim_api_down(run->api, false);
        break;
    case 1:
        bnc_sim_api_compact(run->api);
        break;
    case 2:
        bnc_sim_api_end_watches(run->api);
        break;
    case 3:
        end(run);
        start(run);
        break;
    case 4:
        bnc_sim_api_kind_remove(run->api, "ScrapePolicy");
        (void)bnc_sim_run_for(run->sim, (int64_t)pick(run, 90000));
        bnc_sim_api_kind_add(run->api, "ScrapePolicy");
        break;
    case 7: /* for long, over restarts, or for the rest of the run */
        toggle_kind(run, BNC_KIND_TELEMETRY);
        break;
    case 8:
        toggle_kind(run, BNC_KIND_INSTRUMENTATION);
        break;
    case 5:
        bnc_sim_rotate_token(run->sim, run->api, pick(run, 2) ? "token-2" : "token-3");
        break;
    default:
        bnc_sim_api_weather(run->api, (unsigned)pick(run, 200));
        break;
    }
}

static void
step(struct run *run)
{
    size_t dice = pick(run, 100);
    if (dice < 70) {
        change_object(run);
    } else if (dice < 80) {
        write_output(run);
    } else if (dice < 95) {
        struct wanted *w = &run->wanted[pick(run, run->n_wanted)];
        follow(run, w, !w->on);
    } else {
        rare_event(run);
    }
    if (pick(run, 3) == 0) {
        (void)bnc_sim_run_for(run->sim, (int64_t)pick(run, pick(run, 10) ? 300 : 70000));
    }
}

/* Ten minutes without a server: at most one try in 3 s each; then all is found again. */
static void
check_outage(struct run *run)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    uint64_t before = bnc_sim_api_requests(run->api);
    bnc_sim_api_down(run->api, true);
    for (int i = 0; i < 10; i++) {
        change_object(run);
        (void)bnc_sim_run_for(run->sim, 60000);
    }
    uint64_t tries = bnc_sim_api_requests(run->api) - before;
    if (tries > (KIND_WATCHES + run->n_wanted) * 200) {
        complain(run, "asks too often while the server is away",
                 bnc_arena_fmt(arena, "%llu times", (unsigned long long)tries));
    }
    bnc_sim_api_down(run->api, false);
    (void)bnc_sim_run_for(run->sim, 65000);
    check(run);
}

/* ---- a seed
 * --------------------------------------------------------------------------------------
 */

static void
prepare(struct run *run)
{
    static const struct {
        enum bnc_kind kind;
        bool output;
    } rows[4] = {{BNC_KIND_SECRET, false},
                 {BNC_KIND_CONFIG_MAP, true},
                 {BNC_KIND_CONFIG_MAP, false},
                 {BNC_KIND_SECRET, true}};
    for (size_t i = 0; i < run->n_wanted; i++) {
        char text[32];
        struct wanted *w = &run->wanted[i];
        w->kind = rows[i % 4].kind;
        w->output = rows[i % 4].output;
        (void)snprintf(text, sizeof(text), "ns%zu", i / 4 % 2);
        w->ns = bnc_strdup(text);
        (void)snprintf(text, sizeof(text), "n%zu", i / 4);
        w->name = bnc_strdup(text);
    }
    for (size_t i = 0; i < 20; i++) {
        change_object(run);
    }
}

/* That the runs do something is seen here. */
struct totals {
    uint64_t puts;
    uint64_t writes;
    uint64_t went_back;
    uint64_t requests;
    uint64_t faults[BNC_SIM_FAULT_COUNT];
};

static void
count(struct totals *totals, const struct run *run)
{
    totals->puts += run->puts;
    totals->writes += run->writes;
    totals->went_back += run->went_back;
    totals->requests += bnc_sim_api_requests(run->api);
    for (enum bnc_sim_fault f = 0; f < BNC_SIM_FAULT_COUNT; f++) {
        totals->faults[f] += bnc_sim_api_fault_hits(run->api, f);
    }
}

static void
print_totals(const struct totals *totals)
{
    (void)printf("requests %llu, puts %llu (%llu back in time), writes %llu; faults:",
                 (unsigned long long)totals->requests, (unsigned long long)totals->puts,
                 (unsigned long long)totals->went_back,
                 (unsigned long long)totals->writes);
    for (enum bnc_sim_fault f = 0; f < BNC_SIM_FAULT_COUNT; f++) {
        (void)printf(" %s %llu", bnc_sim_fault_name(f),
                     (unsigned long long)totals->faults[f]);
    }
    (void)printf("\n");
}

/* The number of things that are wrong. */
static int
run_seed(uint64_t seed, int steps, bool trace, uint64_t *hash, struct totals *totals)
{
    struct run run = {.seed = seed,
                      .steps = steps,
                      .namespaced = seed % 4 == 3,
                      .n_wanted = seed % 16 == 5 ? WANTED_MAX : WANTED_FEW};
    run.sim = bnc_sim_new(seed);
    run.api = bnc_sim_api_new(run.sim);
    run.seen = bnc_map_new();
    run.troubles = bnc_map_new();
    bnc_sim_trace_to(run.sim, trace ? stderr : NULL);
    bnc_sim_in_cluster(run.sim);
    bnc_sim_api_pages(run.api, seed % 3 == 1 ? 2 : 0);
    bnc_sim_api_history(run.api, seed % 5 == 1 ? 4 : 1000);
    if (seed % 2 == 0) {
        toggle_kind(&run, BNC_KIND_TELEMETRY); /* not there at first */
    }
    prepare(&run);
    bnc_sim_api_weather(run.api, (unsigned)pick(&run, 200));
    start(&run);
    for (int i = 0; i < steps; i++) {
        step(&run);
    }
    bnc_sim_api_heal(run.api);
    (void)bnc_sim_run_for(run.sim, SETTLE_MS);
    check(&run);
    check_calm(&run);
    if (seed % 10 == 0) {
        check_outage(&run);
    }
    end(&run);
    (void)bnc_sim_run_for(run.sim, 1000);
    *hash = bnc_sim_trace_hash(run.sim);
    count(totals, &run);
    for (size_t i = 0; i < run.n_wanted; i++) {
        free(run.wanted[i].ns);
        free(run.wanted[i].name);
    }
    bnc_map_free(run.seen);
    bnc_map_free(run.troubles);
    bnc_sim_api_free(run.api);
    bnc_sim_free(run.sim);
    return run.wrong;
}

int
main(int argc, char **argv)
{
    uint64_t from = 1;
    uint64_t seeds = 100;
    int steps = 100;
    bool trace = false;
    for (int i = 1; i < argc; i++) {
        const char *value = i + 1 < argc ? argv[i + 1] : "";
        if (strcmp(argv[i], "--from") == 0) {
            from = strtoull(value, NULL, 10);
        } else if (strcmp(argv[i], "--seeds") == 0) {
            seeds = strtoull(value, NULL, 10);
        } else if (strcmp(argv[i], "--steps") == 0) {
            steps = (int)strtol(value, NULL, 10);
        } else if (strcmp(argv[i], "--trace") == 0) {
            trace = true;
        }
    }
    int bad = 0;
    struct totals totals = {0};
    for (uint64_t seed = from; seed < from + seeds; seed++) {
        uint64_t hash;
        uint64_t again;
        bad += run_seed(seed, steps, trace, &hash, &totals) > 0;
        if (seed % 50 == 0) {
            (void)run_seed(seed, steps, false, &again, &totals);
            if (again != hash) {
                (void)fprintf(stderr, "seed %llu: another trace the second time\n",
                              (unsigned long long)seed);
                bad++;
            }
        }
    }
    print_totals(&totals);
    (void)printf("%llu seeds of %d steps: %d failed\n", (unsigned long long)seeds, steps,
                 bad);
    return bad > 0;
}
