/* What was written and what the model made of it, for tests/sim/replay. */
#include <stdio.h>
#include <string.h>

#include "tests/sim/api_internal.h"

#define LINE_MAX_BYTES ((size_t)16 << 20)

void
bnc_sim_api_trace(struct bnc_sim_api *api, FILE *out)
{
    api->trace = out;
}

static void
add_text(struct bnc_arena *arena, struct bnc_jv *line, const char *key, const char *text)
{
    bnc_jv_set(arena, line, key, bnc_jv_string(arena, text == NULL ? "" : text));
}

static struct bnc_jv *
begin(struct bnc_arena *arena, const char *op)
{
    struct bnc_jv *line = bnc_jv_object(arena);
    add_text(arena, line, "op", op);
    return line;
}

static void
finish(struct bnc_sim_api *api, struct bnc_arena *arena, struct bnc_jv *line,
       const struct bnc_api_outcome *outcome)
{
    struct bnc_str text = bnc_str_new(arena, LINE_MAX_BYTES);
    if (outcome != NULL) {
        bnc_jv_set(arena, line, "status", bnc_jv_number(arena, outcome->status));
        bnc_jv_set(arena, line, "changed", bnc_jv_number(arena, outcome->changed));
        add_text(arena, line, "reason", outcome->reason);
        if (outcome->object != NULL) {
            bnc_jv_set(arena, line, "answer", bnc_api_tree(arena, outcome->object));
        }
    }
    bnc_jv_print(line, &text);
    (void)fprintf(api->trace, "%s\n", text.ptr);
}

void
bnc_api_trace_request(const struct bnc_api_request *r,
                      const struct bnc_api_outcome *outcome)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    if (r->api->trace == NULL || r->params.dry_run) {
        return;
    }
    struct bnc_jv *line = begin(arena, "request");
    add_text(arena, line, "method", r->http->method);
    add_text(arena, line, "path", r->http->path);
    add_text(arena, line, "query", r->http->query);
    add_text(arena, line, "kind", r->res->kind->kind);
    add_text(arena, line, "type", bnc_sim_request_header(r->http, "Content-Type"));
    add_text(arena, line, "agent", bnc_sim_request_header(r->http, "User-Agent"));
    add_text(arena, line, "body",
             bnc_arena_strndup(arena, r->http->body.len == 0 ? "" : r->http->body.ptr,
                               r->http->body.len));
    finish(r->api, arena, line, outcome);
}

void
bnc_api_trace_direct(struct bnc_sim_api *api, const char *op, const char *manager,
                     const char *body, const struct bnc_api_outcome *outcome,
                     const struct bnc_api_kind *kind, const char *ns, const char *name)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    if (api->trace == NULL) {
        return;
    }
    struct bnc_jv *line = begin(arena, op);
    add_text(arena, line, "manager", manager);
    add_text(arena, line, "kind", kind->kind);
    add_text(arena, line, "namespace", ns);
    add_text(arena, line, "name", name);
    add_text(arena, line, "body", body);
    finish(api, arena, line, outcome);
}

void
bnc_api_trace_event(struct bnc_sim_api *api, const struct bnc_api_resource *res,
                    const struct bnc_api_event *event)
{
    static const char *const types[] = {[BNC_API_ADDED] = "ADDED",
                                        [BNC_API_MODIFIED] = "MODIFIED",
                                        [BNC_API_DELETED] = "DELETED"};
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    if (api->trace == NULL) {
        return;
    }
    struct bnc_jv *line = begin(arena, "event");
    add_text(arena, line, "type", types[event->change]);
    add_text(arena, line, "kind", res->kind->kind);
    add_text(arena, line, "namespace", event->now->ns);
    add_text(arena, line, "name", event->now->name);
    finish(api, arena, line, NULL);
}
