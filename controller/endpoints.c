#include "controller/endpoints.h"

#include <stdlib.h>
#include <string.h>

#include "lib/arena.h"

#define ANSWER_MAX ((size_t)4 * 1024 * 1024)

struct bnc_endpoints {
    struct bnc_endpoints_options options;
    struct bnc_listener *health;
    struct bnc_listener *metrics; /* may be the same address: then NULL */
};

static void
answer(struct bnc_http_exchange *exchange, int status, const struct bnc_str *text)
{
    bnc_http_answer(exchange, status, "text/plain; charset=utf-8",
                    (struct bnc_bytes){text->ptr, text->len});
}

static void
add_trouble(void *arg, const char *what, const char *message)
{
    bnc_str_fmt(arg, "[!]%s: %s\n", what, message);
}

static void
serve_ready(const struct bnc_endpoints *e, struct bnc_http_exchange *exchange,
            bool verbose)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    struct bnc_str out = bnc_str_new(arena, ANSWER_MAX);
    const char *why = bnc_controller_not_ready(e->options.controller, arena);

    if (!verbose && why == NULL) {
        bnc_str_puts(&out, "ok");
    } else {
        bnc_str_fmt(&out, why == NULL ? "[+]caches ok\n" : "[-]caches failed: %s\n", why);
        bnc_controller_troubles(e->options.controller, add_trouble, &out);
        if (verbose && e->options.source_health != NULL) {
            e->options.source_health(e->options.arg, &out);
        }
        bnc_str_puts(&out,
                     why == NULL ? "readyz check passed\n" : "readyz check failed\n");
    }
    answer(exchange, why == NULL ? 200 : 500, &out);
}

static void
metric(struct bnc_str *out, const char *name, const char *type, const char *help,
       double value)
{
    bnc_str_fmt(out, "# HELP %s %s\n# TYPE %s %s\n%s %.17g\n", name, help, name, type,
                name, value);
}

static void
add_results(const struct bnc_endpoints *e, struct bnc_str *out)
{
    const struct bnc_engine *engine = bnc_controller_engine(e->options.controller);

    bnc_str_puts(out, "# HELP binnacle_observatory_jobs scrape jobs of an Observatory\n"
                      "# TYPE binnacle_observatory_jobs gauge\n");
    if (!bnc_engine_idle(engine)) {
        return; /* results hold together only then */
    }
    for (size_t i = 0; i < bnc_engine_count(engine); i++) {
        const struct bnc_result *result = bnc_engine_result(engine, i);
        bnc_str_fmt(out, "binnacle_observatory_jobs{namespace=\"%s\",name=\"%s\"} %zu\n",
                    result->object->ns, result->object->name, result->n_jobs);
    }
}

static void
serve_metrics(const struct bnc_endpoints *e, struct bnc_http_exchange *exchange)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    struct bnc_str out = bnc_str_new(arena, ANSWER_MAX);
    struct bnc_controller_stats s = bnc_controller_stats(e->options.controller);

    bnc_str_fmt(
        &out,
        "# HELP binnacle_build_info the running build\n"
        "# TYPE binnacle_build_info gauge\nbinnacle_build_info{version=\"%s\"} 1\n",
        e->options.version);
    metric(&out, "binnacle_compiles_total", "counter", "objects compiled",
           (double)s.engine.compiles);
    metric(&out, "binnacle_plans_total", "counter", "Observatories planned",
           (double)s.engine.plans);
    metric(&out, "binnacle_jobs_rendered_total", "counter", "scrape jobs rendered",
           (double)s.engine.lowered);
    metric(&out, "binnacle_output_writes_total", "counter", "outputs applied",
           (double)s.writes);
    metric(&out, "binnacle_status_writes_total", "counter", "statuses applied",
           (double)s.status_writes);
    metric(&out, "binnacle_events_total", "counter", "Events created", (double)s.events);
    metric(&out, "binnacle_turns_total", "counter", "slices of work done",
           (double)s.turns);
    metric(&out, "binnacle_longest_turn_seconds", "gauge",
           "the longest slice of work since the start", (double)s.longest_turn_us / 1e6);
    metric(&out, "binnacle_cache_bytes", "gauge", "bytes of cached objects",
           (double)s.cache_bytes);
    bnc_str_puts(&out, "# HELP binnacle_cache_objects cached objects by kind\n"
                       "# TYPE binnacle_cache_objects gauge\n");
    for (enum bnc_kind kind = 0; kind < BNC_KIND_COUNT; kind++) {
        bnc_str_fmt(&out, "binnacle_cache_objects{resource=\"%s\"} %zu\n",
                    bnc_kind_info(kind)->plural, s.objects[kind]);
    }
    add_results(e, &out);
    if (e->options.source_metrics != NULL) {
        e->options.source_metrics(e->options.arg, &out);
    }
    bnc_http_answer(exchange, 200, "text/plain; version=0.0.4; charset=utf-8",
                    (struct bnc_bytes){out.ptr, out.len});
}

static void
serve(void *arg, struct bnc_http_exchange *exchange, const struct bnc_http_query *query)
{
    const struct bnc_endpoints *e = arg;
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    struct bnc_str out = bnc_str_new(arena, 256);

    if (strcmp(query->method, "GET") != 0 && strcmp(query->method, "HEAD") != 0) {
        bnc_str_puts(&out, "only GET is served here\n");
        answer(exchange, 405, &out);
    } else if (strcmp(query->path, "/healthz") == 0) {
        bnc_str_puts(&out, "ok");
        answer(exchange, 200, &out);
    } else if (strcmp(query->path, "/readyz") == 0) {
        serve_ready(e, exchange, strstr(query->query, "verbose") != NULL);
    } else if (strcmp(query->path, "/metrics") == 0) {
        serve_metrics(e, exchange);
    } else {
        bnc_str_puts(&out, "not found; there are /healthz, /readyz and /metrics\n");
        answer(exchange, 404, &out);
    }
}

static bool
off(const char *address)
{
    return address == NULL || address[0] == '\0' || strcmp(address, "0") == 0;
}

enum bnc_code
bnc_endpoints_new(const struct bnc_endpoints_options *options, struct bnc_endpoints **out,
                  struct bnc_error *err)
{
    struct bnc_endpoints *e = bnc_alloc(sizeof(*e));
    e->options = *options;
    if (!off(options->health_address) &&
        bnc_listen(options->world, options->health_address, 0, serve, e, &e->health,
                   err)) {
        bnc_endpoints_free(e);
        return bnc_wrap(err, "--health-probe-bind-address");
    }
    if (!off(options->metrics_address) &&
        !bnc_str_eq(options->health_address, options->metrics_address) &&
        bnc_listen(options->world, options->metrics_address, 0, serve, e, &e->metrics,
                   err)) {
        bnc_endpoints_free(e);
        return bnc_wrap(err, "--metrics-bind-address");
    }
    *out = e;
    return BNC_OK;
}

void
bnc_endpoints_free(struct bnc_endpoints *e)
{
    if (e != NULL) {
        bnc_listener_free(e->health);
        bnc_listener_free(e->metrics);
        free(e);
    }
}

int
bnc_endpoints_health_port(const struct bnc_endpoints *e)
{
    return e->health == NULL ? 0 : bnc_listener_port(e->health);
}

int
bnc_endpoints_metrics_port(const struct bnc_endpoints *e)
{
    return e->metrics == NULL ? 0 : bnc_listener_port(e->metrics);
}
