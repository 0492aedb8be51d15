#include "sync/server.h"

#include <stdlib.h>

#include "sync/server_priv.h"

#define CA_MAX     ((size_t)1024 * 1024)       /* bytes of a CA file */
#define TEXT_MAX   ((size_t)64 * 1024)         /* that are held; the rest is dropped */
#define CONFIG_MAX ((size_t)512 * 1024 * 1024) /* of one that is searched */

/* A configuration of 20 MB takes Prometheus seconds to read, and to write. */
#define RELOAD_MS INT64_C(120000)
#define CONFIG_MS INT64_C(120000)
#define ASK_MS    INT64_C(20000)

const struct bnc_server_request bnc_server_requests[BNC_STEP_COUNT] = {
    [BNC_STEP_RELOAD] = {"POST", "/-/reload", RELOAD_MS, CONFIG_MAX},
    [BNC_STEP_BUILD] = {"GET", "/api/v1/status/buildinfo", ASK_MS, TEXT_MAX},
    [BNC_STEP_AGENT] = {"GET", "/api/v1/query?query=1", ASK_MS, TEXT_MAX},
    [BNC_STEP_CONFIG] = {"GET", "/api/v1/status/config", CONFIG_MS, CONFIG_MAX},
    [BNC_STEP_RUNTIME] = {"GET", "/api/v1/status/runtimeinfo", ASK_MS, TEXT_MAX},
    [BNC_STEP_POOLS] = {"GET", "/api/v1/scrape_pools", CONFIG_MS, CONFIG_MAX},
    [BNC_STEP_RULES] = {"GET", "/api/v1/rules?exclude_alerts=true", CONFIG_MS,
                        CONFIG_MAX},
    [BNC_STEP_UP] = {"GET", "/api/v1/query?query=count(up%3D%3D1)", ASK_MS, TEXT_MAX},
    [BNC_STEP_DOWN] = {"GET", "/api/v1/query?query=count(up%3D%3D0)", ASK_MS, TEXT_MAX},
    [BNC_STEP_QUERY] = {"GET", "/api/v1/format_query?query=", ASK_MS, TEXT_MAX},
};

/* ---- requests -------------------------------------------------------------------- */

void
bnc_server_end(struct bnc_server *server)
{
    bnc_jobs_match_free(server->match);
    bnc_jobs_match_free(server->rules_match);
    server->match = server->rules_match = NULL;
    free(server->query);
    server->query = NULL;
}

static void
on_head(void *arg, struct bnc_http_call *call, int status)
{
    struct bnc_server *server = arg;

    BNC_UNUSED(call);
    server->status = status;
}

static void
on_data(void *arg, struct bnc_http_call *call, const char *bytes, size_t n)
{
    struct bnc_server *server = arg;

    if (server->status == 200 && server->step == BNC_STEP_CONFIG) {
        bnc_marker_scan_feed(&server->marker, bytes, n);
        if (server->marker.found) { /* megabytes may follow that nobody needs */
            bnc_http_cancel(call);
            server->call = NULL;
            bnc_server_ask(server, BNC_STEP_RUNTIME);
        }
    } else if (server->status == 200 && server->step == BNC_STEP_POOLS) {
        bnc_pools_scan_feed(&server->pools, bytes, n);
    } else if (server->status == 200 && server->step == BNC_STEP_RULES) {
        bnc_rules_scan_feed(&server->rules, bytes, n);
    } else {
        bnc_str_add(&server->text, bytes, n);
    }
}

static void
on_done(void *arg, struct bnc_http_call *call, int status, const struct bnc_error *err)
{
    struct bnc_server *server = arg;

    BNC_UNUSED(call);
    server->call = NULL;
    if (err->code != BNC_OK) {
        bnc_server_no_answer(server, err);
    } else {
        bnc_server_answer(server, status);
    }
}

static void
on_failed(void *arg)
{
    struct bnc_server *server = arg;
    bnc_server_no_answer(server, &server->failure);
}

static void
see_pool(void *arg, const char *name, size_t n)
{
    bnc_jobs_match_see(arg, name, n);
}

static void
see_group(void *arg, const char *name, size_t n, uint64_t rules)
{
    bnc_jobs_match_group(arg, name, n, rules);
}

static void
prepare(struct bnc_server *server, enum bnc_server_step step)
{
    server->step = step;
    server->status = 0;
    bnc_str_clear(&server->text);
    if (step == BNC_STEP_POOLS) {
        server->match = bnc_jobs_match_new(server->expected);
        bnc_pools_scan_free(&server->pools);
        bnc_pools_scan_init(&server->pools, see_pool, server->match);
    } else if (step == BNC_STEP_RULES) {
        server->rules_match = bnc_jobs_match_new(server->groups);
        bnc_rules_scan_free(&server->rules);
        bnc_rules_scan_init(&server->rules, see_group, server->rules_match);
    }
}

void
bnc_server_ask(struct bnc_server *server, enum bnc_server_step step)
{
    static const struct bnc_http_client_ops ops = {on_head, on_data, on_done};
    const char *const headers[] = {server->place.auth, NULL};
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    struct bnc_bytes ca = {0};

    prepare(server, step);
    server->failure = (struct bnc_error){0};
    if (server->ca_file != NULL && bnc_file_read(server->world, server->ca_file, CA_MAX,
                                                 arena, &ca, &server->failure)) {
        (void)bnc_wrap(&server->failure, "CA file");
        server->failure.code = BNC_UNAVAILABLE; /* it may be there the next time */
        bnc_timer_set(server->failed, 0);
        return;
    }
    const struct bnc_tls_client tls = {.ca_pem = ca.ptr};
    const struct bnc_http_request request = {
        .group = BNC_HTTP_UNARY,
        .method = bnc_server_requests[step].method,
        .url = bnc_arena_fmt(arena, "%s%s%s", server->place.base,
                             bnc_server_requests[step].path,
                             step == BNC_STEP_QUERY ? server->query : ""),
        .headers = headers[0] == NULL ? NULL : headers,
        .tls = &tls,
        .timeout_ms = bnc_server_requests[step].timeout_ms,
        .max_bytes = bnc_server_requests[step].max_bytes,
    };
    server->call = bnc_http_start(server->world, &request, &ops, server);
}

/* ---- outside --------------------------------------------------------------------- */

enum bnc_code
bnc_server_new(struct bnc_world *world, const char *reload_url, const char *ca_file,
               struct bnc_server **out, struct bnc_error *err)
{
    struct bnc_server_place place = {0};

    if (bnc_server_place_parse(reload_url, &place, err)) {
        return err->code;
    }
    struct bnc_server *server = bnc_alloc(sizeof(*server));
    server->world = world;
    server->place = place;
    server->ca_file = bnc_strdup(ca_file);
    server->text = bnc_str_new(NULL, TEXT_MAX);
    server->failed = bnc_timer_new(world, on_failed, server);
    bnc_pools_scan_init(&server->pools, NULL, NULL);
    *out = server;
    return BNC_OK;
}

void
bnc_server_cancel(struct bnc_server *server)
{
    if (server->call != NULL) {
        bnc_http_cancel(server->call);
        server->call = NULL;
    }
    bnc_timer_stop(server->failed);
    bnc_server_end(server);
}

void
bnc_server_free(struct bnc_server *server)
{
    if (server == NULL) {
        return;
    }
    bnc_server_cancel(server);
    bnc_timer_free(server->failed);
    bnc_server_place_free(&server->place);
    bnc_str_free(&server->text);
    bnc_pools_scan_free(&server->pools);
    bnc_rules_scan_free(&server->rules);
    free(server->ca_file);
    free(server);
}

const char *
bnc_server_url(const struct bnc_server *server)
{
    return server->place.base;
}

void
bnc_server_reload(struct bnc_server *server, bnc_server_reload_fn fn, void *arg)
{
    bnc_server_cancel(server);
    server->fn.reload = fn;
    server->arg = arg;
    bnc_server_ask(server, BNC_STEP_RELOAD);
}

void
bnc_server_version(struct bnc_server *server, bnc_server_version_fn fn, void *arg)
{
    bnc_server_cancel(server);
    server->fn.version = fn;
    server->arg = arg;
    bnc_server_ask(server, BNC_STEP_BUILD);
}

void
bnc_server_prove(struct bnc_server *server, const struct bnc_proof_ask *asked,
                 bnc_server_prove_fn fn, void *arg)
{
    bnc_server_cancel(server);
    server->fn.prove = fn;
    server->arg = arg;
    server->expected = asked->expected;
    server->groups = asked->groups;
    server->allow_extra = asked->allow_extra;
    server->by_config = asked->marker != NULL;
    server->reload_failed = false;
    if (!server->by_config) {
        bnc_server_ask(server, BNC_STEP_RUNTIME);
        return;
    }
    if (!bnc_marker_scan_init(&server->marker, asked->marker)) {
        prepare(server, BNC_STEP_CONFIG);
        (void)bnc_fail(&server->failure, BNC_INVALID, "the marker is too long");
        bnc_timer_set(server->failed, 0);
        return;
    }
    bnc_server_ask(server, BNC_STEP_CONFIG);
}

void
bnc_server_targets(struct bnc_server *server, bnc_server_targets_fn fn, void *arg)
{
    bnc_server_cancel(server);
    server->fn.targets = fn;
    server->arg = arg;
    bnc_server_ask(server, BNC_STEP_UP);
}

void
bnc_server_query(struct bnc_server *server, const char *query, bnc_server_query_fn fn,
                 void *arg)
{
    bnc_server_cancel(server);
    server->fn.query = fn;
    server->arg = arg;
    server->query = bnc_server_escape(query);
    bnc_server_ask(server, BNC_STEP_QUERY);
}
