#include "controller/endpoints.h"

#include <stdlib.h>
#include <string.h>

#include "controller/endpoints_auth.h"
#include "controller/endpoints_health.h"
#include "controller/endpoints_state.h"
#include "controller/endpoints_tls.h"
#include "controller/metrics_families.h"
#include "lib/arena.h"

#define ANSWER_MAX ((size_t)1024 * 1024)
#define BEAT_MS    10000
#define STUCK_MS   30000 /* without a beat: the loop hangs */

enum served { SERVE_HEALTH = 1, SERVE_METRICS = 2, SERVE_STATE = 4 };

/* One listener and what it serves. */
struct door {
    struct bnc_endpoints *endpoints;
    struct bnc_listener *listener;
    unsigned serves; /* enum served */
    bool guarded;
};

struct bnc_endpoints {
    struct bnc_endpoints_options options;
    struct door health;
    struct door metrics; /* closed when both addresses are the same */
    struct bnc_cert cert;
    struct bnc_gate *gate; /* NULL: everybody may read */
    struct bnc_timer *beat;
    int64_t beat_ms; /* monotonic: the last one */
    double started;
};

struct asked {
    struct bnc_http_exchange *exchange;
    const char *path;
    const char *query;
};

static void
answer(struct bnc_http_exchange *exchange, int status, const struct bnc_str *text)
{
    bnc_http_answer(exchange, status, "text/plain; charset=utf-8",
                    (struct bnc_bytes){text->ptr == NULL ? "" : text->ptr, text->len});
}

/* ---- health -------------------------------------------------------------------- */

static void
beat(void *arg)
{
    struct bnc_endpoints *e = arg;
    e->beat_ms = bnc_world_mono_ms(e->options.world);
    bnc_timer_set(e->beat, BEAT_MS);
    if (e->options.metrics_secure && e->metrics.listener != NULL) {
        bnc_cert_look(&e->cert);
    }
}

static const char *
check_loop(const struct bnc_endpoints *e)
{
    int64_t since = bnc_world_mono_ms(e->options.world) - e->beat_ms;
    return since > STUCK_MS ? "the event loop has not turned for 30 s" : NULL;
}

struct silence {
    struct bnc_arena *arena;
    const char *failure;
};

static void
look_for_silence(void *arg, const struct bnc_source_watch *watch)
{
    struct silence *silence = arg;
    if (silence->failure == NULL) {
        silence->failure = bnc_check_watch(watch, silence->arena);
    }
}

static void
check_health(const struct bnc_endpoints *e, struct bnc_checks *checks,
             struct bnc_arena *arena)
{
    struct silence silence = {.arena = arena};

    checks->endpoint = "healthz";
    bnc_checks_add(checks, "loop", check_loop(e));
    if (e->options.source != NULL) {
        bnc_source_cluster_health(e->options.source, look_for_silence, &silence);
        bnc_checks_add(checks, "watches", silence.failure);
    }
    if (e->options.leader != NULL) {
        struct bnc_leader_state state = bnc_leader_state_get(e->options.leader);
        bnc_checks_add(checks, "lease",
                       state.healthy ? NULL : "it leads, and its Lease is over");
    }
}

static void
serve_health(struct bnc_endpoints *e, const struct asked *asked)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    struct bnc_str out = bnc_str_new(arena, ANSWER_MAX);
    struct bnc_checks checks = {0};

    check_health(e, &checks, arena);
    int status = bnc_checks_answer(
        &checks, &(struct bnc_checks_ask){asked->path, asked->query}, &out);
    answer(asked->exchange, status, &out);
}

static void
add_trouble(void *arg, const char *what, const char *message)
{
    bnc_str_fmt(arg, "[!]%s: %s\n", what, message);
}

static void
add_watch(void *arg, const struct bnc_source_watch *watch)
{
    bnc_str_fmt(arg, "%s%s%s%s%s%s %s%s%s\n", watch->error[0] == '\0' ? "[+]" : "[-]",
                bnc_kind_info(watch->kind)->plural, watch->ns[0] == '\0' ? "" : " in ",
                watch->ns, watch->name[0] == '\0' ? "" : "/", watch->name, watch->state,
                watch->error[0] == '\0' ? "" : ": ", watch->error);
}

/* What is not right or not there, before the verdict. */
static void
add_details(const struct bnc_endpoints *e, struct bnc_str *out)
{
    bnc_controller_troubles(e->options.controller, add_trouble, out);
    if (e->options.source != NULL) {
        bnc_source_cluster_health(e->options.source, add_watch, out);
    }
}

static void
serve_ready(struct bnc_endpoints *e, const struct asked *asked)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    struct bnc_str out = bnc_str_new(arena, ANSWER_MAX);
    struct bnc_str lines = bnc_str_new(arena, ANSWER_MAX);
    struct bnc_checks checks = {.endpoint = "readyz"};

    bnc_checks_add(&checks, "caches",
                   bnc_controller_not_ready(e->options.controller, arena));
    int status = bnc_checks_answer(
        &checks, &(struct bnc_checks_ask){asked->path, asked->query}, &lines);
    if (status != 404 && (status != 200 || bnc_query_has(asked->query, "verbose"))) {
        add_details(e, &out);
    }
    bnc_str_puts(&out, lines.ptr);
    answer(asked->exchange, status, &out);
}

/* ---- metrics ------------------------------------------------------------------- */

static void
add_queues(const struct bnc_controller *controller, struct bnc_str *out)
{
    struct bnc_metrics_queue queues[] = {{.name = "compile", .most = 1}, /* one thread */
                                         {.name = "publish"}};
    bnc_engine_queue(bnc_controller_engine(controller), &queues[0].stats);
    bnc_publisher_queue(bnc_controller_publisher(controller), &queues[1].stats);
    bnc_metrics_queues(out, queues, BNC_LEN(queues));
}

static void
serve_metrics(struct bnc_endpoints *e, const struct asked *asked)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    struct bnc_str out = bnc_str_new(arena, BNC_METRICS_MAX);
    const struct bnc_endpoints_options *options = &e->options;

    bnc_metrics_build(&out, options->version, options->revision);
    bnc_metrics_controller(&out, options->controller);
    add_queues(options->controller, &out);
    if (options->kube != NULL && options->source != NULL) {
        bnc_metrics_kube(&out, options->kube, options->source);
    }
    if (options->leader != NULL) {
        bnc_metrics_leader(&out, options->leader, options->lease);
    }
    if (options->metrics_secure) {
        bnc_metrics_cert(&out, e->cert.reads, e->cert.failures);
    }
    bnc_metrics_process(&out, options->world, e->started);
    bnc_http_answer(asked->exchange, 200, BNC_METRICS_TYPE,
                    (struct bnc_bytes){out.ptr, out.len});
}

static void
serve_state(struct bnc_endpoints *e, const struct asked *asked)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    struct bnc_str out = bnc_str_new(arena, ANSWER_MAX);

    bnc_state_write(&(struct bnc_state_ask){.world = e->options.world,
                                            .controller = e->options.controller,
                                            .kube = e->options.kube,
                                            .source = e->options.source,
                                            .version = e->options.version},
                    &out);
    bnc_http_answer(asked->exchange, 200, "application/json",
                    (struct bnc_bytes){out.ptr, out.len});
}

/* ---- routes -------------------------------------------------------------------- */

static const struct {
    const char *path;
    bool below; /* what is below it, too */
    enum served served;
    void (*serve)(struct bnc_endpoints *e, const struct asked *asked);
} routes[] = {
    {"/healthz", true, SERVE_HEALTH, serve_health},
    {"/readyz", true, SERVE_HEALTH, serve_ready},
    {"/metrics", false, SERVE_METRICS, serve_metrics},
    {"/debug/state", false, SERVE_STATE, serve_state},
};

static bool
leads_to(size_t route, const char *path)
{
    size_t n = strlen(routes[route].path);
    return strncmp(path, routes[route].path, n) == 0 &&
           (path[n] == '\0' || (routes[route].below && path[n] == '/'));
}

static void
route(const struct door *door, const struct asked *asked)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    for (size_t i = 0; i < BNC_LEN(routes); i++) {
        if ((door->serves & routes[i].served) != 0 && leads_to(i, asked->path)) {
            routes[i].serve(door->endpoints, asked);
            return;
        }
    }
    struct bnc_str out = bnc_str_new(arena, 256);
    bnc_str_puts(&out, "not found; here are");
    for (size_t i = 0; i < BNC_LEN(routes); i++) {
        if ((door->serves & routes[i].served) != 0) {
            bnc_str_fmt(&out, " %s", routes[i].path);
        }
    }
    bnc_str_putc(&out, '\n');
    answer(asked->exchange, 404, &out);
}

/* ---- who may ------------------------------------------------------------------- */

/* A request that waits for a verdict. */
struct waiting {
    const struct door *door;
    struct bnc_http_exchange *exchange;
    char *path;
    char *query;
};

static void
on_verdict(void *arg, int status, const char *why)
{
    struct waiting *waiting = arg;
    if (status == 200) {
        route(waiting->door,
              &(struct asked){waiting->exchange, waiting->path, waiting->query});
    } else {
        BNC_AUTO(bnc_arena) arena = bnc_arena_new();
        struct bnc_str out = bnc_str_new(arena, 256);
        bnc_str_fmt(&out, "%s\n", why);
        answer(waiting->exchange, status, &out);
    }
    free(waiting->path);
    free(waiting->query);
    free(waiting);
}

static void
ask_first(const struct door *door, struct bnc_http_exchange *exchange,
          const struct bnc_http_query *query)
{
    struct waiting *waiting = bnc_alloc(sizeof(*waiting));
    *waiting = (struct waiting){door, exchange, bnc_strdup(query->path),
                                bnc_strdup(query->query)};
    bnc_gate_ask(door->endpoints->gate,
                 &(struct bnc_gate_ask){
                     .authorization = query->authorization,
                     .verb = strcmp(query->method, "HEAD") == 0 ? "head" : "get",
                     .path = waiting->path},
                 on_verdict, waiting);
}

static void
serve(void *arg, struct bnc_http_exchange *exchange, const struct bnc_http_query *query)
{
    const struct door *door = arg;
    const struct asked asked = {exchange, query->path, query->query};

    if (strcmp(query->method, "GET") != 0 && strcmp(query->method, "HEAD") != 0) {
        static const char text[] = "only GET is served here\n";
        bnc_http_answer(exchange, 405, "text/plain; charset=utf-8",
                        (struct bnc_bytes){text, strlen(text)});
        return;
    }
    if (door->guarded) {
        ask_first(door, exchange, query);
    } else {
        route(door, &asked);
    }
}

/* ---- life ---------------------------------------------------------------------- */

static bool
off(const char *address)
{
    return address == NULL || address[0] == '\0' || strcmp(address, "0") == 0;
}

static bool
is_loopback(const char *address)
{
    return bnc_str_starts(address, "127.") || bnc_str_starts(address, "[::1]:");
}

static enum bnc_code
open_door(struct bnc_endpoints *e, struct door *door, const char *address,
          unsigned serves, struct bnc_error *err)
{
    door->endpoints = e;
    door->serves = serves | (is_loopback(address) ? SERVE_STATE : 0);
    return bnc_listen(e->options.world, address, 0, serve, door, &door->listener, err);
}

/* What would promise more than it holds. */
static enum bnc_code
check(const struct bnc_endpoints_options *options, bool one, struct bnc_error *err)
{
    bool secure = options->metrics_secure;
    if (options->metrics_auth && (!secure || options->kube == NULL)) {
        return bnc_fail(err, BNC_INVALID,
                        "--metrics-auth needs --metrics-secure: tokens are not to cross "
                        "the network as they are");
    }
    if (options->metrics_cert != NULL && !secure) {
        return bnc_fail(err, BNC_INVALID, "--metrics-cert-dir needs --metrics-secure");
    }
    if (secure && (one || off(options->metrics_address))) {
        return bnc_fail(err, BNC_INVALID,
                        "--metrics-secure needs a --metrics-bind-address of its own");
    }
    return BNC_OK;
}

static enum bnc_code
open_metrics(struct bnc_endpoints *e, struct bnc_error *err)
{
    const struct bnc_endpoints_options *options = &e->options;
    if (open_door(e, &e->metrics, options->metrics_address, SERVE_METRICS, err)) {
        return bnc_wrap(err, "--metrics-bind-address");
    }
    e->metrics.guarded = options->metrics_auth;
    if (options->metrics_auth) {
        e->gate = bnc_gate_new(options->kube);
    }
    e->cert = (struct bnc_cert){.world = options->world,
                                .listener = e->metrics.listener,
                                .folder = options->metrics_cert};
    return options->metrics_secure ? bnc_cert_start(&e->cert, err) : BNC_OK;
}

static enum bnc_code
open_all(struct bnc_endpoints *e, struct bnc_error *err)
{
    const char *health = e->options.health_address;
    const char *metrics = e->options.metrics_address;
    bool one = !off(health) && bnc_str_eq(health, metrics) && !bnc_str_ends(health, ":0");
    unsigned serves = one ? SERVE_HEALTH | SERVE_METRICS : SERVE_HEALTH;

    if (check(&e->options, one, err)) {
        return err->code;
    }
    if (!off(health) && open_door(e, &e->health, health, serves, err)) {
        return bnc_wrap(err, "--health-probe-bind-address");
    }
    return off(metrics) || one ? BNC_OK : open_metrics(e, err);
}

enum bnc_code
bnc_endpoints_new(const struct bnc_endpoints_options *options, struct bnc_endpoints **out,
                  struct bnc_error *err)
{
    struct bnc_endpoints *e = bnc_alloc(sizeof(*e));

    e->options = *options;
    e->started = bnc_process_start(options->world);
    e->beat = bnc_timer_new(options->world, beat, e);
    if (open_all(e, err)) {
        bnc_endpoints_free(e);
        return err->code;
    }
    beat(e);
    *out = e;
    return BNC_OK;
}

void
bnc_endpoints_free(struct bnc_endpoints *e)
{
    if (e != NULL) {
        bnc_gate_free(e->gate); /* answers those that wait */
        bnc_listener_free(e->health.listener);
        bnc_listener_free(e->metrics.listener);
        bnc_timer_free(e->beat);
        free(e);
    }
}

int
bnc_endpoints_health_port(const struct bnc_endpoints *e)
{
    return e->health.listener == NULL ? 0 : bnc_listener_port(e->health.listener);
}

int
bnc_endpoints_metrics_port(const struct bnc_endpoints *e)
{
    return e->metrics.listener == NULL ? 0 : bnc_listener_port(e->metrics.listener);
}
