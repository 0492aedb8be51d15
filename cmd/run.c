/*
 * binnacle run: the controller, against a cluster or a folder.
 */
#include <malloc.h>
#include <stdio.h>
#include <string.h>

#include "cmd/api_limits.h"
#include "cmd/commands.h"
#include "cmd/election.h"
#include "cmd/offline.h"
#include "cmd/summary.h"
#include "controller/endpoints.h"
#include "lib/log.h"
#include "lib/memory.h"
#include "net/real.h"
#include "reconcilers/plan.h"
#include "reconcilers/table.h"
#include "source/cluster.h"

const struct bnc_flag bnc_flags_run[] = {
    {"--kubeconfig", NULL, "FILE", offsetof(struct bnc_options, kubeconfig),
     "the cluster (default: $KUBECONFIG, the pod's own, ~/.kube/config)"},
    {"--context", NULL, "NAME", offsetof(struct bnc_options, context),
     "a context of the kubeconfig"},
    {"--watch-namespaces", NULL, "A,B", offsetof(struct bnc_options, watch_namespaces),
     "read these namespaces only (default: $WATCH_NAMESPACE, else all)"},
    BNC_FLAG_TRUSTED,
    {"--from", NULL, "DIR", offsetof(struct bnc_options, from),
     "no cluster: manifests from this folder, followed as they change"},
    {"--to", NULL, "DIR", offsetof(struct bnc_options, to),
     "with --from: the folder for the generated files"},
    {"--once", NULL, NULL, offsetof(struct bnc_options, once),
     "with --from: one pass, then end"},
    BNC_FLAG_NAMESPACE,
    BNC_FLAGS_ELECTION,
    BNC_FLAGS_API_LIMITS,
    {"--metrics-bind-address", NULL, "ADDRESS",
     offsetof(struct bnc_options, metrics_address),
     "for /metrics (default :8080; 0: off)"},
    {"--metrics-secure", NULL, NULL, offsetof(struct bnc_options, metrics_secure),
     "serve /metrics over TLS"},
    {"--metrics-cert-dir", NULL, "DIR", offsetof(struct bnc_options, metrics_cert_dir),
     "tls.crt and tls.key for it, read again when they change (default: a certificate "
     "made at the start)"},
    {"--metrics-auth", NULL, NULL, offsetof(struct bnc_options, metrics_auth),
     "serve /metrics to those whom the API server lets get it"},
    {"--health-probe-bind-address", NULL, "ADDRESS",
     offsetof(struct bnc_options, health_address),
     "for /healthz and /readyz (default :8081; 0: off)"},
    {"--log-level", NULL, "LEVEL", offsetof(struct bnc_options, log_level),
     "debug, info, warn or error (default info)"},
    {"--log-format", NULL, "FORMAT", offsetof(struct bnc_options, log_format),
     "console or json (default console)"},
    {"--zap-log-level", NULL, "LEVEL", offsetof(struct bnc_options, log_level),
     "as --log-level; a number from 1 on is debug"},
    {"--zap-encoder", NULL, "FORMAT", offsetof(struct bnc_options, log_format),
     "as --log-format"},
    BNC_FLAG_HELP,
};
const size_t bnc_n_flags_run = BNC_LEN(bnc_flags_run);

/* ---- a folder -------------------------------------------------------------------------
 */

static void
on_folder_settled(void *arg, struct bnc_controller *controller)
{
    struct bnc_offline *o = arg;
    BNC_UNUSED(controller);
    if (bnc_map_count(o->broken) == 0) { /* what cannot be read may be what made them */
        bnc_source_dir_sweep(o->source);
    }
    if (bnc_summary_changed(o)) {
        bnc_offline_collect(o);
        bnc_summary_print(o);
    }
    if (o->once) {
        bnc_world_stop(o->world);
    }
}

static int
run_folder(const struct bnc_options *options)
{
    struct bnc_offline o;
    struct bnc_error err = {0};
    int status = 0;

    if (options->to == NULL) {
        (void)fprintf(stderr, "binnacle run: --from needs --to DIR for the results\n");
        return 2;
    }
    if (bnc_offline_start(&o, options, on_folder_settled, &err)) {
        (void)fprintf(stderr, "binnacle run: %s\n", err.message);
        status = 1;
    }
    status = o.failed || (o.once && o.read_problems > 0) ? 1 : status;
    bnc_offline_free(&o);
    return status;
}

#define REST_AFTER_MS 2000  /* without work */
#define REST_EVERY_MS 60000 /* with work all the time */
#define DRAIN_MS                                                                         \
    5000 /* for writes under way at the end; over any timeout of a leader                \
          */
#define DRAIN_LOOK_MS 10

/* ---- a cluster ----------------------------------------------------------------- */

struct cluster {
    struct bnc_arena *arena;
    struct bnc_world *world;
    struct bnc_kube *kube;
    struct bnc_source *source;
    struct bnc_settings settings;
    struct bnc_controller *controller;
    struct bnc_endpoints *endpoints;
    struct bnc_election election;
    struct bnc_kube_options limits;
    struct bnc_leader *leader; /* NULL: there is no election, and all may be written */
    struct bnc_timer *drain;
    int64_t stop_ms; /* when it began to stop */
    bool stopping;
    bool failed;
    bool ready;
    struct bnc_timer *rest; /* then memory is given back */
    int64_t rested_ms;
    bool rested;
};

static int64_t
wall_clock(void *arg)
{
    return bnc_world_wall_ms(arg);
}

/* ---- the end ---------------------------------------------------------------------- */

static void
on_released(void *arg)
{
    struct cluster *c = arg;
    BNC_LOG(BNC_LEVEL_INFO, "stopped",
            BNC_KV("took_ms", bnc_log_num(bnc_world_mono_ms(c->world) - c->stop_ms)));
    bnc_world_stop(c->world);
}

/* Writes under way, Events among them; then the Lease, so that nobody writes at once. */
static void
on_drain(void *arg)
{
    struct cluster *c = arg;
    struct bnc_source_cluster_load load = {0};
    bnc_source_cluster_load_get(c->source, &load);
    bool busy = load.writes_waiting + load.writes_in_flight > 0 ||
                bnc_controller_asking(c->controller);

    if (busy && bnc_world_mono_ms(c->world) - c->stop_ms < DRAIN_MS) {
        bnc_timer_set(c->drain, DRAIN_LOOK_MS);
    } else if (c->leader != NULL) {
        bnc_leader_release(c->leader);
    } else {
        on_released(c);
    }
}

static void
on_stop(void *arg)
{
    struct cluster *c = arg;
    BNC_LOG(BNC_LEVEL_INFO, "stopping", BNC_KV("why", "signal"));
    c->stopping = true;
    c->stop_ms = bnc_world_mono_ms(c->world);
    bnc_controller_stop(c->controller);
    bnc_timer_set(c->drain, 0);
}

/* ---- the leader ------------------------------------------------------------------- */

static void
on_acquired(void *arg)
{
    struct cluster *c = arg;
    bnc_controller_lead(c->controller);
}

static void
on_lost(void *arg, const char *why)
{
    struct cluster *c = arg;
    BNC_UNUSED(why);
    c->failed = true;
    bnc_world_stop(c->world); /* what is under way ends with its connection */
}

static bool
may_write(void *arg)
{
    struct cluster *c = arg;
    return c->leader == NULL || bnc_leader_may_write(c->leader);
}

/* For what goes on by itself, as the looks at a Grafana do. */
static bool
may_begin(void *arg)
{
    struct cluster *c = arg;
    return !c->stopping && may_write(arg);
}

static void
on_rest(void *arg)
{
    struct cluster *c = arg;
    c->rested_ms = bnc_world_mono_ms(c->world);
    (void)malloc_trim(0); /* lists and large documents leave holes behind */
    if (!c->rested) {
        c->rested = true;
        bnc_memory_drop_start();
    }
}

static void
on_settled(void *arg, struct bnc_controller *controller)
{
    struct cluster *c = arg;
    bool overdue = bnc_world_mono_ms(c->world) - c->rested_ms > REST_EVERY_MS;
    bnc_timer_set(c->rest, overdue ? 0 : REST_AFTER_MS);
    if (!c->ready) {
        c->ready = true;
        struct bnc_controller_stats stats = bnc_controller_stats(controller);
        BNC_LOG(BNC_LEVEL_INFO, "ready",
                BNC_KV("objects", bnc_log_num((int64_t)(stats.engine.compiles))),
                BNC_KV("writes", bnc_log_num((int64_t)stats.writes)));
    }
}

static enum bnc_code
set_up_settings(struct cluster *c, const struct bnc_options *options)
{
    const char *watch = options->watch_namespaces != NULL
                            ? options->watch_namespaces
                            : bnc_world_getenv(c->world, "WATCH_NAMESPACE");
    const char *trusted = options->trusted_namespaces;
    const struct bnc_kube_config *config = bnc_kube_config_of(c->kube);

    if (trusted == NULL) {
        trusted = bnc_world_getenv(c->world, "POD_NAMESPACE");
    }
    if (trusted == NULL && config->context[0] == '\0') {
        trusted = config->ns; /* in a pod: its own namespace */
    }
    c->settings.watch_namespaces = bnc_options_list(watch, c->arena);
    c->settings.trusted_namespaces = bnc_options_list(trusted, c->arena);
    return BNC_OK;
}

static enum bnc_code
set_up_kube(struct cluster *c, const struct bnc_options *options, struct bnc_error *err)
{
    struct bnc_kube_config *config = NULL;
    const struct bnc_kube_config_options where = {.kubeconfig = options->kubeconfig,
                                                  .context = options->context};
    if (bnc_api_limits_read(options, &c->limits, err) ||
        bnc_kube_config_load(c->world, &where, &config, err)) {
        return err->code;
    }
    if (options->leader_elect) {
        if (bnc_election_read(options, c->world, config, c->arena, &c->election, err)) {
            bnc_kube_config_free(config);
            return err->code;
        }
        config->write_timeout_ms = bnc_leader_write_timeout_ms(&c->election.times);
    }
    if (bnc_kube_new(c->world, config, bnc_version_text(), &c->kube, err)) {
        return err->code;
    }
    bnc_kube_options_set(c->kube, &c->limits);
    if (options->leader_elect) {
        c->leader =
            bnc_leader_new(&(struct bnc_leader_options){.world = c->world,
                                                        .kube = c->kube,
                                                        .ns = c->election.ns,
                                                        .name = c->election.name,
                                                        .identity = c->election.identity,
                                                        .times = c->election.times,
                                                        .acquired = on_acquired,
                                                        .lost = on_lost,
                                                        .released = on_released,
                                                        .arg = c});
    }
    return BNC_OK;
}

static enum bnc_code
set_up(struct cluster *c, const struct bnc_options *options, struct bnc_error *err)
{
    c->world = bnc_world_real_new(0, err);
    if (c->world == NULL) {
        return err->code;
    }
    bnc_log_set_clock(wall_clock, c->world);
    c->drain = bnc_timer_new(c->world, on_drain, c);
    c->rest = bnc_timer_new(c->world, on_rest, c);
    c->rested_ms = bnc_world_mono_ms(c->world);
    if (set_up_kube(c, options, err) || set_up_settings(c, options)) {
        return err->code;
    }
    c->source = bnc_source_cluster_new(
        c->kube,
        &(struct bnc_source_cluster_options){.namespaces = c->settings.watch_namespaces,
                                             .want_pods = true,
                                             .may_write = may_write,
                                             .may_write_arg = c});
    const char *pod = bnc_world_getenv(c->world, "POD_NAME");
    c->controller = bnc_controller_new(
        &(struct bnc_controller_options){.world = c->world,
                                         .source = c->source,
                                         .reconcilers = bnc_reconcilers,
                                         .n_reconcilers = bnc_n_reconcilers,
                                         .planner = &bnc_planner_prometheus,
                                         .settings = &c->settings,
                                         .instance = pod == NULL ? "binnacle" : pod,
                                         .statuses = true,
                                         .standby = c->leader != NULL,
                                         .may_write = may_begin,
                                         .may_write_arg = c,
                                         .on_settled = on_settled,
                                         .arg = c});
    const char *health = options->health_address;
    const char *metrics = options->metrics_address;
    return bnc_endpoints_new(
        &(struct bnc_endpoints_options){.world = c->world,
                                        .controller = c->controller,
                                        .kube = c->kube,
                                        .source = c->source,
                                        .leader = c->leader,
                                        .lease = c->election.name,
                                        .health_address = health ? health : ":8081",
                                        .metrics_address = metrics ? metrics : ":8080",
                                        .metrics_secure = options->metrics_secure,
                                        .metrics_cert = options->metrics_cert_dir,
                                        .metrics_auth = options->metrics_auth,
                                        .version = bnc_version_text(),
                                        .revision = bnc_version_revision()},
        &c->endpoints, err);
}

static int
run_cluster(const struct bnc_options *options)
{
    struct cluster c = {.arena = bnc_arena_new()};
    struct bnc_error err = {0};
    int status = 0;

    if (set_up(&c, options, &err)) {
        (void)fprintf(stderr, "binnacle run: %s\n", err.message);
        status = 1;
    } else {
        BNC_LOG(
            BNC_LEVEL_INFO, "starting", BNC_KV("version", bnc_version_text()),
            BNC_KV("server", bnc_kube_config_of(c.kube)->server),
            BNC_KV("health_port", bnc_log_num(bnc_endpoints_health_port(c.endpoints))),
            BNC_KV("metrics_port", bnc_log_num(bnc_endpoints_metrics_port(c.endpoints))));
        bnc_world_on_stop(c.world, on_stop, &c);
        bnc_controller_start(c.controller);
        if (c.leader != NULL) {
            bnc_leader_start(c.leader);
        }
        bnc_world_run(c.world);
        status = c.failed ? 1 : 0;
    }
    bnc_endpoints_free(c.endpoints);
    bnc_controller_free(c.controller);
    bnc_source_free(c.source);
    bnc_leader_free(c.leader);
    bnc_timer_free(c.drain);
    bnc_timer_free(c.rest);
    bnc_kube_free(c.kube);
    bnc_log_set_clock(NULL, NULL);
    bnc_world_free(c.world);
    bnc_arena_free(c.arena);
    return status;
}

int
bnc_cmd_run(const struct bnc_options *options)
{
    struct bnc_error err = {0};
    if ((options->log_level != NULL && bnc_log_set_level(options->log_level, &err)) ||
        (options->log_format != NULL && bnc_log_set_format(options->log_format, &err))) {
        (void)fprintf(stderr, "binnacle run: %s\n", err.message);
        return 2;
    }
    if (options->from == NULL && (options->to != NULL || options->once)) {
        (void)fprintf(stderr, "binnacle run: --to and --once go with --from DIR\n");
        return 2;
    }
    if (options->from != NULL && options->leader_elect) {
        (void)fprintf(stderr,
                      "binnacle run: --leader-elect goes with a cluster, not with "
                      "--from\n");
        return 2;
    }
    struct bnc_leader_times times;
    if (bnc_election_check(options, &times, &err)) {
        (void)fprintf(stderr, "binnacle run: %s\n", err.message);
        return 2;
    }
    return options->from != NULL ? run_folder(options) : run_cluster(options);
}
