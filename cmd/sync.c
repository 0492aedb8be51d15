/*
 * binnacle sync: beside Prometheus, or beside Grafana.
 */
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/commands.h"
#include "lib/log.h"
#include "net/real.h"
#include "sync/grafana.h"
#include "sync/sync.h"

#define ANSWER_MAX  ((size_t)64 * 1024)
#define REQUEST_MAX 1024
#define SHARD_MAX   1000

const struct bnc_flag bnc_flags_sync[] = {
    {"--observatory", NULL, "NS/NAME", offsetof(struct bnc_options, observatory),
     "the Observatory whose configuration is loaded"},
    {"--out", NULL, "DIR", offsetof(struct bnc_options, out),
     "folder for the files; Prometheus reads DIR/current/prometheus.yml, Grafana has it "
     "as paths.provisioning"},
    {"--reload", NULL, "URL", offsetof(struct bnc_options, reload),
     "of Prometheus: http://127.0.0.1:9090/-/reload; user:password@ is understood"},
    {"--grafana", NULL, "URL", offsetof(struct bnc_options, grafana),
     "in place of --reload: beside Grafana at http://127.0.0.1:3000"},
    {"--grafana-credentials", NULL, "DIR",
     offsetof(struct bnc_options, grafana_credentials),
     "a mounted Secret with token, or username and password (default: $GRAFANA_TOKEN, or "
     "$GRAFANA_USERNAME and $GRAFANA_PASSWORD)"},
    {"--reload-ca-file", NULL, "FILE", offsetof(struct bnc_options, ca_file),
     "to trust that URL by (default: the system's authorities)"},
    {"--shard", NULL, "N", offsetof(struct bnc_options, shard),
     "with spec.prometheus.shards: which one, from 0 (default 0)"},
    {"--instance", NULL, "NAME", offsetof(struct bnc_options, instance),
     "name in status.prometheus.instances, or status.grafana.instances (default: "
     "$POD_NAME, else the host's)"},
    {"--kubeconfig", NULL, "FILE", offsetof(struct bnc_options, kubeconfig),
     "the cluster (default: $KUBECONFIG, the pod's own, ~/.kube/config)"},
    {"--context", NULL, "NAME", offsetof(struct bnc_options, context),
     "a context of the kubeconfig"},
    {"--health-probe-bind-address", NULL, "ADDRESS",
     offsetof(struct bnc_options, health_address),
     "for /healthz, /readyz (all files are on disk) and /metrics (default :8083; 0: "
     "off)"},
    {"--log-level", NULL, "LEVEL", offsetof(struct bnc_options, log_level),
     "debug, info, warn or error (default info)"},
    {"--log-format", NULL, "FORMAT", offsetof(struct bnc_options, log_format),
     "console or json (default console)"},
    BNC_FLAG_HELP,
};
const size_t bnc_n_flags_sync = BNC_LEN(bnc_flags_sync);

struct beside {
    struct bnc_arena *arena;
    struct bnc_world *world;
    struct bnc_kube *kube;
    struct bnc_sync *sync; /* one of the two */
    struct bnc_gsync *grafana;
    struct bnc_listener *listener;
};

static int64_t
wall_clock(void *arg)
{
    return bnc_world_wall_ms(arg);
}

static void
on_stop(void *arg)
{
    struct beside *b = arg;
    BNC_LOG(BNC_LEVEL_INFO, "stopping", BNC_KV("why", "signal"));
    bnc_world_stop(b->world);
}

/* ---- endpoints ----------------------------------------------------------------- */

static void
on_request(void *arg, struct bnc_http_exchange *exchange,
           const struct bnc_http_query *query)
{
    struct beside *b = arg;
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    struct bnc_str text = bnc_str_new(arena, ANSWER_MAX);
    int status = 200;

    bnc_str_puts(&text, "");
    if (strcmp(query->method, "GET") != 0) {
        status = 405;
        bnc_str_puts(&text, "only GET\n");
    } else if (strcmp(query->path, "/metrics") == 0) {
        b->sync == NULL ? bnc_gsync_metrics(b->grafana, &text)
                        : bnc_sync_metrics(b->sync, &text);
    } else if (strcmp(query->path, "/healthz") == 0) {
        bnc_str_puts(&text, "ok\n");
    } else if (strcmp(query->path, "/readyz") == 0) {
        bool ready =
            b->sync == NULL ? bnc_gsync_ready(b->grafana) : bnc_sync_ready(b->sync);
        status = ready ? 200 : 503;
        b->sync == NULL ? bnc_gsync_describe(b->grafana, &text)
                        : bnc_sync_describe(b->sync, &text);
    } else {
        status = 404;
        bnc_str_puts(&text, "try /healthz, /readyz or /metrics\n");
    }
    bnc_http_answer(exchange, status, "text/plain; charset=utf-8",
                    (struct bnc_bytes){text.ptr, text.len});
}

/* ---- setting up ---------------------------------------------------------------- */

static const char *
instance_name(const struct bnc_options *options, struct bnc_world *world)
{
    const char *name = options->instance;
    name = name == NULL ? bnc_world_getenv(world, "POD_NAME") : name;
    name = name == NULL ? bnc_world_getenv(world, "HOSTNAME") : name;
    return name == NULL ? "sync" : name;
}

static enum bnc_code
set_up_sync(struct beside *b, const struct bnc_options *options, struct bnc_error *err)
{
    const char *slash = strchr(options->observatory, '/');
    char *end = NULL;
    long shard = options->shard == NULL ? 0 : strtol(options->shard, &end, 10);
    if (slash == NULL || slash == options->observatory || slash[1] == '\0' ||
        strchr(slash + 1, '/') != NULL) {
        return bnc_fail(err, BNC_INVALID,
                        "--observatory is NAMESPACE/NAME, not \"%.100s\"",
                        options->observatory);
    }
    if (shard < 0 || shard >= SHARD_MAX || (end != NULL && *end != '\0')) {
        return bnc_fail(err, BNC_INVALID, "--shard is a number from 0, not \"%.20s\"",
                        options->shard);
    }
    const char *ns = bnc_arena_strndup(b->arena, options->observatory,
                                       (size_t)(slash - options->observatory));
    if (options->grafana != NULL) {
        return bnc_gsync_new(
            &(struct bnc_gsync_options){.world = b->world,
                                        .kube = b->kube,
                                        .ns = ns,
                                        .observatory = slash + 1,
                                        .instance = instance_name(options, b->world),
                                        .out = options->out,
                                        .url = options->grafana,
                                        .ca_file = options->ca_file,
                                        .credentials = options->grafana_credentials},
            &b->grafana, err);
    }
    return bnc_sync_new(
        &(struct bnc_sync_options){.world = b->world,
                                   .kube = b->kube,
                                   .ns = ns,
                                   .observatory = slash + 1,
                                   .instance = instance_name(options, b->world),
                                   .shard = shard,
                                   .out = options->out,
                                   .reload = options->reload,
                                   .ca_file = options->ca_file},
        &b->sync, err);
}

static enum bnc_code
set_up(struct beside *b, const struct bnc_options *options, struct bnc_error *err)
{
    struct bnc_kube_config *config = NULL;
    const struct bnc_kube_config_options where = {.kubeconfig = options->kubeconfig,
                                                  .context = options->context};
    const char *health = options->health_address ? options->health_address : ":8083";

    b->world = bnc_world_real_new(0, err);
    if (b->world == NULL) {
        return err->code;
    }
    bnc_log_set_clock(wall_clock, b->world);
    if (bnc_kube_config_load(b->world, &where, &config, err) ||
        bnc_kube_new(b->world, config, bnc_version_text(), &b->kube, err) ||
        set_up_sync(b, options, err)) {
        return err->code;
    }
    if (strcmp(health, "0") == 0) {
        return BNC_OK;
    }
    return bnc_listen(b->world, health, REQUEST_MAX, on_request, b, &b->listener, err);
}

static int
check_flags(const struct bnc_options *options)
{
    const struct {
        const char *value;
        const char *text;
    } needed[] = {{options->observatory, "--observatory NS/NAME"},
                  {options->out, "--out DIR"},
                  {options->reload == NULL ? options->grafana : options->reload,
                   "--reload URL or --grafana URL"}};
    for (size_t i = 0; i < BNC_LEN(needed); i++) {
        if (needed[i].value == NULL || needed[i].value[0] == '\0') {
            (void)fprintf(stderr,
                          "binnacle sync: %s is needed; see binnacle sync --help\n",
                          needed[i].text);
            return 2;
        }
    }
    if (options->reload != NULL && options->grafana != NULL) {
        (void)fprintf(stderr, "binnacle sync: --reload is for Prometheus, --grafana for "
                              "Grafana: run one sync for each\n");
        return 2;
    }
    return 0;
}

int
bnc_cmd_sync(const struct bnc_options *options)
{
    struct beside b = {.arena = bnc_arena_new()};
    struct bnc_error err = {0};
    int status = check_flags(options);

    if (status == 0 &&
        ((options->log_level != NULL && bnc_log_set_level(options->log_level, &err)) ||
         (options->log_format != NULL &&
          bnc_log_set_format(options->log_format, &err)))) {
        (void)fprintf(stderr, "binnacle sync: %s\n", err.message);
        status = 2;
    }
    if (status == 0 && set_up(&b, options, &err)) {
        (void)fprintf(stderr, "binnacle sync: %s\n", err.message);
        status = 1;
    }
    if (status == 0) {
        (void)mallopt(M_MMAP_THRESHOLD,
                      128 * 1024); /* bodies go back when they are read */
        BNC_LOG(BNC_LEVEL_INFO, "starting", BNC_KV("version", bnc_version_text()),
                BNC_KV("server", bnc_kube_config_of(b.kube)->server),
                BNC_KV("observatory", options->observatory), BNC_KV("out", options->out));
        bnc_world_on_stop(b.world, on_stop, &b);
        b.sync == NULL ? bnc_gsync_start(b.grafana) : bnc_sync_start(b.sync);
        bnc_world_run(b.world);
    }
    bnc_listener_free(b.listener);
    bnc_sync_free(b.sync);
    bnc_gsync_free(b.grafana);
    bnc_kube_free(b.kube);
    bnc_log_set_clock(NULL, NULL);
    bnc_world_free(b.world);
    bnc_arena_free(b.arena);
    return status;
}
