#include <stdlib.h>
#include <string.h>

#include "tests/sim/api_internal.h"

#define BOOKMARK_S 60

struct bnc_api_watcher {
    struct bnc_sim_api *api;
    struct bnc_api_resource *res;
    struct bnc_http_call *call;
    struct bnc_api_watcher *next;
    struct bnc_sim_event end;
    struct bnc_sim_event bookmark;
    char *ns;
    char *name;
    char *selector;
    int64_t rv; /* what is newer is to be sent */
    int64_t end_ms;
    bool meta;
    bool bookmarks;
};

static void
forget(struct bnc_api_watcher *w)
{
    struct bnc_api_watcher **link = &w->api->watchers;
    while (*link != w) {
        link = &(*link)->next;
    }
    *link = w->next;
    bnc_sim_unschedule(w->api->sim, &w->end);
    bnc_sim_unschedule(w->api->sim, &w->bookmark);
    free(w->ns);
    free(w->name);
    free(w->selector);
    free(w);
}

static void
finish(struct bnc_api_watcher *w, const char *why)
{
    struct bnc_http_call *call = w->call;
    forget(w);
    if (why == NULL) {
        bnc_sim_reply_end(call);
    } else {
        bnc_sim_reply_break(call, why);
    }
}

void
bnc_api_watcher_closed(struct bnc_sim_api *api, struct bnc_http_call *call)
{
    for (struct bnc_api_watcher *w = api->watchers; w != NULL; w = w->next) {
        if (w->call == call) {
            forget(w);
            return;
        }
    }
}

void
bnc_api_watchers_end(struct bnc_sim_api *api, const struct bnc_api_resource *res,
                     const char *why)
{
    struct bnc_api_watcher *next;
    for (struct bnc_api_watcher *w = api->watchers; w != NULL; w = next) {
        next = w->next;
        if (res == NULL || w->res == res) {
            finish(w, why);
        }
    }
}

size_t
bnc_sim_api_watches(const struct bnc_sim_api *api)
{
    size_t n = 0;
    for (const struct bnc_api_watcher *w = api->watchers; w != NULL; w = w->next) {
        n++;
    }
    return n;
}

/* ---- lines ------------------------------------------------------------------------ */

/* False when the watch has ended by a fault: `w` is gone. */
static bool
send_line(struct bnc_api_watcher *w, const char *type, const char *object, size_t n)
{
    struct bnc_sim_api *api = w->api;
    struct bnc_str line = bnc_str_new(NULL, (size_t)64 << 20);
    bnc_str_fmt(&line, "{\"type\":\"%s\",\"object\":", type);
    bnc_str_add(&line, object, n);
    bnc_str_puts(&line, "}\n");
    bool cut = bnc_api_hit_chance(api, BNC_SIM_RESET_BODY);
    bool early = !cut && bnc_api_hit_chance(api, BNC_SIM_CUT_SHORT);
    bool stall = !cut && !early && bnc_api_hit_chance(api, BNC_SIM_STALL);
    if (cut || early || stall) {
        line.len = bnc_sim_below(api->sim, line.len);
    }
    bnc_sim_reply_data(w->call, line.ptr, line.len);
    bnc_str_free(&line);
    if (cut || early) {
        finish(w, cut ? "connection reset by peer" : NULL);
    } else if (stall) {
        bnc_sim_reply_stall(w->call, 60000);
    }
    return !cut && !early;
}

static bool
send_error(struct bnc_api_watcher *w, int status, const char *reason, const char *message)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    const char *text = bnc_api_status_text(arena, status, reason, message, NULL);
    if (send_line(w, "ERROR", text, strlen(text))) {
        finish(w, NULL);
    }
    return false;
}

static bool
send_bookmark(struct bnc_api_watcher *w, bool initial)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    const struct bnc_api_kind *kind = w->res->kind;
    const char *text = bnc_arena_fmt(
        arena,
        "{\"kind\":\"%s\",\"apiVersion\":\"%s\",\"metadata\":{\"resourceVersion\":"
        "\"%lld\",\"creationTimestamp\":null%s}}",
        w->meta ? "PartialObjectMetadata" : kind->kind,
        w->meta ? "meta.k8s.io/v1" : bnc_api_version_text(arena, kind),
        (long long)w->api->rv,
        initial ? ",\"annotations\":{\"k8s.io/initial-events-end\":\"true\"}" : "");
    return send_line(w, "BOOKMARK", text, strlen(text));
}

static bool
matches(const struct bnc_api_watcher *w, const struct bnc_api_version *v)
{
    return v != NULL && (*w->ns == '\0' || strcmp(v->ns, w->ns) == 0) &&
           (*w->name == '\0' || strcmp(v->name, w->name) == 0) &&
           bnc_api_labels_match(v, w->selector);
}

/* False when the watch has ended. */
static bool
send_event(struct bnc_api_watcher *w, const struct bnc_api_event *event)
{
    struct bnc_sim_api *api = w->api;
    bool is = event->change != BNC_API_DELETED && matches(w, event->now);
    bool was = matches(w, event->before);
    if (event->rv <= w->rv) {
        return true;
    }
    w->rv = event->rv;
    if (!is && !was) {
        return true;
    }
    if (bnc_api_hit_chance(api, BNC_SIM_GONE_EVENT)) {
        return send_error(w, 410, "Expired", "too old resource version");
    }
    if (bnc_api_hit_chance(api, BNC_SIM_ERROR_EVENT)) {
        return send_error(w, 500, "InternalError", "etcdserver: leader changed");
    }
    const char *type = !is ? "DELETED" : was ? "MODIFIED" : "ADDED";
    struct bnc_bytes text = bnc_api_text(event->now, w->meta);
    if (!send_line(w, type, text.ptr, text.len)) {
        return false;
    }
    if (is && bnc_api_hit_chance(api, BNC_SIM_DUPLICATE)) {
        return send_line(w, "ADDED", text.ptr, text.len);
    }
    return true;
}

void
bnc_api_watchers_tell(struct bnc_sim_api *api, struct bnc_api_resource *res,
                      const struct bnc_api_event *event)
{
    struct bnc_api_watcher *next;
    for (struct bnc_api_watcher *w = api->watchers; w != NULL; w = next) {
        next = w->next;
        if (w->res == res) {
            (void)send_event(w, event);
        }
    }
}

/* ---- timers -------------------------------------------------------------------------
 */

static void
on_end(void *arg)
{
    finish(arg, NULL);
}

static void on_bookmark(void *arg);

/* About every minute, and once shortly before the end. */
static void
plan_bookmark(struct bnc_api_watcher *w)
{
    int64_t left = w->end_ms - bnc_sim_now_ms(w->api->sim) - 2000;
    int64_t wait = BOOKMARK_S * 1000 + (int64_t)bnc_sim_below(w->api->sim, 5000);
    wait = wait > left && left > 0 ? left : wait;
    bnc_sim_schedule(w->api->sim, &w->bookmark, wait * 1000, on_bookmark, w, "bookmark");
}

static void
on_bookmark(void *arg)
{
    struct bnc_api_watcher *w = arg;
    w->rv = w->api->rv > w->rv ? w->api->rv : w->rv;
    if (send_bookmark(w, false)) {
        plan_bookmark(w);
    }
}

/* ---- the request ----------------------------------------------------------------------
 */

static struct bnc_api_watcher *
open_watch(struct bnc_api_request *r, const char *name, int64_t rv)
{
    struct bnc_sim_api *api = r->api;
    struct bnc_api_watcher *w = bnc_alloc(sizeof(*w));
    int64_t seconds = r->params.timeout_s;
    if (seconds <= 0) {
        seconds = 1800 + (int64_t)bnc_sim_below(api->sim, 1800);
    }
    int64_t ms = seconds * 1000;
    w->api = api;
    w->res = r->res;
    w->call = r->call;
    w->ns = bnc_strdup(r->ns);
    w->name = bnc_strdup(name);
    w->selector = bnc_strdup(r->params.label_selector);
    w->rv = rv;
    w->meta = r->meta;
    w->bookmarks = r->params.bookmarks && !bnc_api_hit(r, BNC_SIM_NO_BOOKMARK);
    w->next = api->watchers;
    api->watchers = w;
    if (bnc_api_hit(r, BNC_SIM_SHORT_WATCH)) {
        ms = (int64_t)bnc_sim_below(api->sim, 900);
    }
    w->end_ms = bnc_sim_now_ms(api->sim) + ms;
    bnc_sim_schedule(api->sim, &w->end, ms * 1000, on_end, w, "watch ends");
    if (w->bookmarks) {
        plan_bookmark(w);
    }
    r->answered = true;
    bnc_sim_reply_head(r->call, 200,
                       (const char *const[]){"Content-Type: application/json", NULL});
    return w;
}

/* False when it ended meanwhile. */
static bool
send_state(struct bnc_api_watcher *w)
{
    size_t n;
    bool alive = true;
    w->rv = w->api->rv;
    struct bnc_api_version **items = bnc_api_state_at(w->api, w->res, w->rv, &n);
    for (size_t i = 0; i < n; i++) {
        if (alive && matches(w, items[i])) {
            struct bnc_bytes text = bnc_api_text(items[i], w->meta);
            alive = send_line(w, "ADDED", text.ptr, text.len);
        }
        bnc_api_version_unref(items[i]);
    }
    free(items);
    return alive;
}

static void
send_history(struct bnc_api_watcher *w)
{
    const struct bnc_api_resource *res = w->res;
    for (size_t i = 0; i < res->n_history; i++) {
        if (!send_event(w, &res->history[i])) {
            return;
        }
    }
}

static bool
refused(struct bnc_api_request *r, const char **name, int64_t *rv)
{
    const struct bnc_api_params *p = &r->params;
    if (!bnc_api_rv_parse(p->rv, rv) || !bnc_api_field_name(r, name)) {
        bnc_api_answer_status(r, 400, "BadRequest", "resourceVersion or fieldSelector");
        return true;
    }
    bool match_ok = p->initial_events ? strcmp(p->rv_match, "NotOlderThan") == 0
                                      : *p->rv_match == '\0';
    if (!match_ok || (p->initial_events && !r->api->watch_list)) {
        bnc_api_answer_status(r, 422, "Invalid",
                              "ListOptions.meta.k8s.io \"\" is invalid: "
                              "sendInitialEvents: Forbidden");
        return true;
    }
    if (bnc_api_hit(r, BNC_SIM_GONE_WATCH)) {
        bnc_api_answer_status(r, 410, "Gone", "too old resource version");
        return true;
    }
    return false;
}

void
bnc_api_watch(struct bnc_api_request *r)
{
    const char *name;
    int64_t rv;
    if (refused(r, &name, &rv)) {
        return;
    }
    struct bnc_api_watcher *w = open_watch(r, *r->name != '\0' ? r->name : name, rv);
    if (rv == 0 || r->params.initial_events) {
        if (send_state(w) && r->params.initial_events) {
            (void)send_bookmark(w, true);
        }
    } else if (rv < r->res->oldest_rv) {
        (void)send_error(w, 410, "Expired",
                         bnc_arena_fmt(r->arena, "too old resource version: %lld (%lld)",
                                       (long long)rv, (long long)r->res->oldest_rv));
    } else {
        send_history(w);
    }
}
