#include "tests/sim/apiserver.h"

#include <stdlib.h>
#include <string.h>

#include "tests/sim/api_internal.h"

/* ---- answers -------------------------------------------------------------------- */

const char *
bnc_api_status_text(struct bnc_arena *arena, int status, const char *reason,
                    const char *message, const char *cause)
{
    struct bnc_jv *v = bnc_jv_object(arena);
    struct bnc_str text = bnc_str_new(arena, 65536);
    bnc_jv_set(arena, v, "kind", bnc_jv_string(arena, "Status"));
    bnc_jv_set(arena, v, "apiVersion", bnc_jv_string(arena, "v1"));
    bnc_jv_set(arena, v, "metadata", bnc_jv_object(arena));
    bnc_jv_set(arena, v, "status",
               bnc_jv_string(arena, status < 400 ? "Success" : "Failure"));
    if (status >= 400) {
        bnc_jv_set(arena, v, "message", bnc_jv_string(arena, message));
        bnc_jv_set(arena, v, "reason", bnc_jv_string(arena, reason));
    }
    if (cause != NULL) {
        struct bnc_jv *row = bnc_jv_object(arena);
        struct bnc_jv *causes = bnc_jv_array(arena);
        bnc_jv_set(arena, row, "reason", bnc_jv_string(arena, cause));
        bnc_jv_set(arena, row, "message", bnc_jv_string(arena, message));
        bnc_jv_append(causes, row);
        bnc_jv_set(arena, bnc_jv_need(arena, v, "details"), "causes", causes);
    }
    if (status >= 400) {
        bnc_jv_set(arena, v, "code", bnc_jv_number(arena, status));
    }
    bnc_jv_print(v, &text);
    return text.ptr;
}

void
bnc_api_answer(struct bnc_api_request *r, int status, struct bnc_bytes body)
{
    r->answered = true;
    bool cut = bnc_api_hit(r, BNC_SIM_RESET_BODY);
    bool early = !cut && bnc_api_hit(r, BNC_SIM_CUT_SHORT);
    bool stall = !cut && !early && bnc_api_hit(r, BNC_SIM_STALL);
    bnc_sim_reply_head(r->call, status,
                       (const char *const[]){"Content-Type: application/json", NULL});
    if (!cut && !early && !stall) {
        bnc_sim_reply_data(r->call, body.ptr, body.len);
        bnc_sim_reply_end(r->call);
        return;
    }
    bnc_sim_reply_data(r->call, body.ptr, bnc_sim_below(r->api->sim, body.len));
    if (cut) {
        bnc_sim_reply_break(r->call, "connection reset by peer");
    } else if (early) {
        bnc_sim_reply_end(r->call);
    } else {
        bnc_sim_reply_stall(r->call, r->rule_ms > 0 ? r->rule_ms : 60000);
    }
}

void
bnc_api_answer_status(struct bnc_api_request *r, int status, const char *reason,
                      const char *message)
{
    const char *text = bnc_api_status_text(r->arena, status, reason, message, NULL);
    r->answered = true;
    bnc_sim_reply(r->call, status, "application/json",
                  (struct bnc_bytes){text, strlen(text)});
}

/* ---- requests -----------------------------------------------------------------------
 */

static bool
is_authorized(const struct bnc_api_request *r)
{
    const char *sent = bnc_sim_request_header(r->http, "Authorization");
    return r->api->token == NULL ||
           (sent != NULL && bnc_str_starts(sent, "Bearer ") &&
            strcmp(sent + strlen("Bearer "), r->api->token) == 0);
}

static const char *
manager_of(const struct bnc_api_request *r)
{
    const char *agent = bnc_sim_request_header(r->http, "User-Agent");
    if (r->params.manager != NULL && *r->params.manager != '\0') {
        return r->params.manager;
    }
    return agent == NULL ? "unknown"
                         : bnc_arena_strndup(r->arena, agent, strcspn(agent, "/"));
}

static void
dispatch(struct bnc_api_request *r, bool routed)
{
    const char *method = r->http->method;
    if (bnc_api_faults_first(r)) {
        return;
    }
    if (!is_authorized(r)) {
        bnc_api_answer_status(r, 401, "Unauthorized", "Unauthorized");
    } else if (strcmp(r->http->path, "/version") == 0) {
        const char *text =
            "{\"major\":\"1\",\"minor\":\"33\",\"gitVersion\":\"v1.33.0\"}";
        bnc_api_answer(r, 200, (struct bnc_bytes){text, strlen(text)});
    } else if (!routed) {
        bnc_api_answer_status(r, 404, "NotFound",
                              "the server could not find the requested resource");
    } else if (strcmp(method, "GET") != 0) {
        bnc_api_write(r);
    } else if (r->params.watch) {
        bnc_api_watch(r);
    } else {
        bnc_api_read(r);
    }
}

static void
on_request(void *arg, struct bnc_http_call *call, const struct bnc_sim_request *http)
{
    struct bnc_sim_api *api = arg;
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    struct bnc_api_request r = {.api = api, .call = call, .arena = arena, .http = http};
    api->requests++;
    if (api->down) {
        bnc_sim_reply_break(call, "connection refused");
        return;
    }
    const char *accept = bnc_sim_request_header(http, "Accept");
    r.number = api->requests;
    r.label = bnc_arena_fmt(arena, "%s %s?%s", http->method, http->path, http->query);
    r.meta = accept != NULL && strstr(accept, "as=PartialObjectMetadata") != NULL;
    bool routed = bnc_api_route(&r);
    r.manager = manager_of(&r);
    dispatch(&r, routed);
    if (!r.answered) {
        bnc_sim_die(api->sim, "the API server did not answer %s", r.label);
    }
}

static void
on_closed(void *arg, struct bnc_http_call *call)
{
    bnc_api_watcher_closed(arg, call);
}

static const struct bnc_sim_server server = {.request = on_request, .closed = on_closed};

/* ---- life ----------------------------------------------------------------------------
 */

struct bnc_sim_api *
bnc_sim_api_new(struct bnc_sim *sim)
{
    static const char *const namespaces[] = {"default", "kube-system"};
    struct bnc_sim_api *api = bnc_alloc(sizeof(*api));
    api->sim = sim;
    api->rv = 1000;
    api->history_max = 1000;
    api->uids = bnc_map_new();
    api->writes = bnc_map_new();
    bnc_api_kinds_init(api);
    bnc_sim_serve(sim, BNC_SIM_API_ORIGIN, &server, api);
    for (size_t i = 0; i < BNC_LEN(namespaces); i++) {
        char json[200];
        (void)snprintf(json, sizeof(json),
                       "{\"apiVersion\":\"v1\",\"kind\":\"Namespace\",\"metadata\":"
                       "{\"name\":\"%s\"}}",
                       namespaces[i]);
        (void)bnc_sim_api_put(api, json);
    }
    return api;
}

void
bnc_sim_api_free(struct bnc_sim_api *api)
{
    void *value;
    size_t at = 0;
    if (api == NULL) {
        return;
    }
    bnc_sim_unserve(api->sim, BNC_SIM_API_ORIGIN);
    bnc_api_watchers_end(api, NULL, "connection reset by peer");
    bnc_sim_unschedule(api->sim, &api->collector);
    bnc_api_rules_free(api);
    while (bnc_map_next(api->writes, &at, NULL, &value)) {
        free(value);
    }
    bnc_map_free(api->writes);
    bnc_api_store_free(api);
    free(api->token);
    free(api);
}

void
bnc_sim_api_down(struct bnc_sim_api *api, bool down)
{
    api->down = down;
    if (down) {
        bnc_api_watchers_end(api, NULL, "connection reset by peer");
    }
}

void
bnc_sim_api_token(struct bnc_sim_api *api, const char *token)
{
    free(api->token);
    api->token = bnc_strdup(token);
}

void
bnc_sim_api_watch_list(struct bnc_sim_api *api, bool on)
{
    api->watch_list = on;
}

void
bnc_sim_api_pages(struct bnc_sim_api *api, int64_t items)
{
    api->page_max = items;
}

void
bnc_sim_api_kind_add(struct bnc_sim_api *api, const char *kind)
{
    bnc_api_resource_of(api, kind)->present = true;
}

void
bnc_sim_api_kind_remove(struct bnc_sim_api *api, const char *kind)
{
    struct bnc_api_resource *res = bnc_api_resource_of(api, kind);
    void *value;
    size_t at = 0;
    while (bnc_map_next(res->objects, &at, NULL, &value)) {
        (void)bnc_api_remove(api, res, value);
    }
    bnc_api_watchers_end(api, res, NULL);
    bnc_api_compact_to(api, res, api->rv);
    res->present = false;
}

void
bnc_sim_api_kind_status(struct bnc_sim_api *api, const char *kind, int status)
{
    struct bnc_api_resource *res = bnc_api_resource_of(api, kind);
    res->forced_status = status;
    res->forced_until_ms = INT64_MAX;
}

void
bnc_sim_api_compact(struct bnc_sim_api *api)
{
    for (size_t i = 0; i < api->n_resources; i++) {
        bnc_api_compact_to(api, &api->resources[i], api->rv);
    }
}

void
bnc_sim_api_history(struct bnc_sim_api *api, size_t events)
{
    api->history_max = events;
}

void
bnc_sim_api_end_watches(struct bnc_sim_api *api)
{
    bnc_api_watchers_end(api, NULL, NULL);
}

const char *
bnc_sim_api_writer(const struct bnc_sim_api *api)
{
    return api->writer == NULL ? "" : api->writer;
}

void
bnc_sim_api_on_write(struct bnc_sim_api *api, bnc_sim_api_write_fn fn, void *arg)
{
    api->on_write = fn;
    api->on_write_arg = arg;
}
