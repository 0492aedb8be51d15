/* Watches: events, bookmarks, and what each way to end means. */
#include <stdlib.h>
#include <string.h>

#include "kube/reflector_priv.h"

#define TIMEOUT_MIN_S    290
#define TIMEOUT_SPREAD_S 291
#define GRACE_MS         10000 /* the server ends it; if not, we do */
#define OPEN_MS          30000 /* until its head is there */
#define SHORT_MS         1000
#define SHORT_MAX        3      /* so many at once, then it waits */
#define HEALTHY_MS       120000 /* forgives earlier failures */
#define SILENT_MS        240000 /* bookmarks come each minute */

/* ---- what arrives -------------------------------------------------------------- */

static bool
is_number(const char *version)
{
    size_t digits = strspn(version, "0123456789");
    return digits > 0 && version[digits] == '\0' && version[0] != '0';
}

/*
 * Told before: an event that comes again must not bring back what was.  Numbers of any
 * length for what etcd holds (KEP-5504); other versions say nothing about before and
 * after.
 */
static bool
is_old(const struct bnc_reflector *r, const char *version)
{
    size_t n = strlen(version);
    size_t last = strlen(r->version);

    if (!is_number(version) || !is_number(r->version)) {
        return false;
    }
    return n < last || (n == last && strcmp(version, r->version) <= 0);
}

static void
on_event(void *arg, const char *type, const struct bnc_pruned *object)
{
    struct bnc_reflector *r = arg;
    bool bookmark = strcmp(type, "BOOKMARK") == 0;
    bool deleted = strcmp(type, "DELETED") == 0;
    bool changed = strcmp(type, "ADDED") == 0 || strcmp(type, "MODIFIED") == 0;

    if (r->dead || r->watch.has_error) {
        return;
    }
    r->watch.events++;
    r->counters->events++;
    r->counters->event_ms[r->kind] = bnc_world_wall_ms(r->world);
    if (r->watch.initial) {
        bnc_reflector_stream_event(r, type, object);
        return;
    }
    bool old = is_old(r, object->resource_version);
    if ((!bookmark && !deleted && !changed) || (old && !bookmark)) {
        r->counters->skipped_events++;
        return;
    }
    if (!old && object->resource_version[0] != '\0') {
        bnc_reflector_set_version(r, object->resource_version);
    }
    bool known = false;
    if (bookmark ||
        !bnc_reflector_mark(r, object, changed ? &r->marks[r->good] : NULL, &known)) {
        return;
    }
    if (changed) {
        r->ops->put(r->arg, object);
    } else if (known) {
        r->ops->gone(r->arg, object->ns, object->name);
    }
}

static void
on_error_event(void *arg, struct bnc_bytes status)
{
    struct bnc_reflector *r = arg;
    if (!r->watch.has_error) {
        r->watch.has_error = true;
        bnc_kube_status_read(status, &r->watch.error);
    }
}

/* ---- how it ends --------------------------------------------------------------- */

static void
relist(struct bnc_reflector *r, enum bnc_relist reason)
{
    bnc_reflector_close(r);
    bnc_reflector_list_start(r, reason);
}

/* 410: list at once the first time, then with a wait: never round in circles. */
static void
expired(struct bnc_reflector *r, const struct bnc_kube_result *result)
{
    r->reason = BNC_RELIST_EXPIRED;
    if (r->gone_in_row++ == 0) {
        relist(r, BNC_RELIST_EXPIRED);
    } else {
        bnc_reflector_fail(r, BNC_NEXT_LIST, result);
    }
}

/* An ERROR event, or a refusal to begin. */
static void
refused(struct bnc_reflector *r, const struct bnc_kube_result *result)
{
    enum bnc_code code = result->err.code;
    const char *reason = result->status.reason;

    if (code == BNC_GONE || strcmp(reason, "Expired") == 0 ||
        strcmp(reason, "Gone") == 0) {
        expired(r, result);
        return;
    }
    r->counters->watch_failures++;
    if (bnc_reflector_is_absent(r, result)) {
        bnc_reflector_look_later(r); /* a list will tell */
        return;
    }
    if (result->status.too_large) {
        r->reason = BNC_RELIST_TOO_NEW;
        bnc_reflector_fail(r, BNC_NEXT_LIST, result);
    } else if (code == BNC_INVALID || code == BNC_NOT_FOUND) {
        r->reason = BNC_RELIST_ERROR; /* our version, or the whole kind, is unknown */
        bnc_reflector_fail(r, BNC_NEXT_LIST, result);
    } else {
        bnc_reflector_fail(r, BNC_NEXT_WATCH, result);
    }
}

/* A watch that worked for a while ends the count of what failed before it. */
static void
forgive(struct bnc_reflector *r, int64_t lived_ms)
{
    if (lived_ms >= HEALTHY_MS) {
        bnc_backoff_reset(&r->backoff);
    }
    if (lived_ms >= SHORT_MS) {
        r->short_in_row = 0;
        if (r->watch.bytes > 0 || lived_ms >= HEALTHY_MS) {
            r->gone_in_row = 0;
        }
    }
}

static void
error_event(struct bnc_reflector *r)
{
    const struct bnc_kube_status *status = &r->watch.error;
    struct bnc_kube_result result = {
        .http_status = status->code == 0 ? 500 : status->code,
        .status = *status,
        .retry_after_ms = bnc_backoff_asked(r->world, status->retry_after_ms),
    };
    (void)bnc_fail(&result.err, bnc_kube_status_code(result.http_status),
                   "watch of %s: %d %s: %s", r->info->plural, status->code,
                   status->reason, status->message);
    if (result.err.code == BNC_OK) {
        result.err.code = BNC_INTERNAL; /* an ERROR event with a status of 2xx */
    }
    if (r->watch.initial) {
        bnc_reflector_stream_failed(r, &result);
        return;
    }
    if (r->watch.events > 0) {
        forgive(r, bnc_world_mono_ms(r->world) - r->watch.opened_ms);
    }
    if (status->code == 429 || result.err.code == BNC_GONE) {
        refused(r, &result);
        return;
    }
    if (strcmp(status->reason, "Expired") == 0 || strcmp(status->reason, "Gone") == 0) {
        expired(r, &result);
        return;
    }
    r->counters->watch_failures++;
    r->reason = status->too_large ? BNC_RELIST_TOO_NEW : BNC_RELIST_ERROR;
    bnc_reflector_fail(r, BNC_NEXT_LIST, &result);
}

/* It was open and has ended: the usual case, every few minutes. */
static void
ended(struct bnc_reflector *r)
{
    int64_t lived = bnc_world_mono_ms(r->world) - r->watch.opened_ms;
    struct bnc_kube_result result = {.http_status = 200};

    r->counters->watch_ends++;
    forgive(r, lived);
    if (lived < SHORT_MS) {
        r->counters->short_watches++;
        r->short_in_row++;
    }
    if (lived >= SILENT_MS && r->watch.bytes == 0) {
        /* not even a bookmark: has the server gone back in time? */
        relist(r, BNC_RELIST_SILENT);
    } else if (r->short_in_row > SHORT_MAX ||
               (r->short_in_row > 0 && r->watch.events == 0)) {
        (void)bnc_fail(&result.err, BNC_UNAVAILABLE,
                       "the watch of %s was closed within a second", r->info->plural);
        bnc_reflector_fail(r, BNC_NEXT_WATCH, &result);
    } else {
        bnc_reflector_close(r);
        bnc_reflector_watch_start(r, false);
    }
}

/* ---- callbacks ----------------------------------------------------------------- */

static void
on_open(void *arg)
{
    struct bnc_reflector *r = arg;

    bnc_reflector_enter(r);
    r->counters->watches++;
    r->watch.opened = true;
    r->watch.opened_ms = r->last_contact_ms = bnc_world_mono_ms(r->world);
    if (r->watch.initial) {
        bnc_timer_set(r->timer, BNC_REFLECTOR_STREAM_SILENT_MS);
    } else {
        r->state = BNC_REFLECTOR_WATCHING;
        bnc_timer_stop(r->timer);
        bnc_reflector_works(r);
    }
    bnc_reflector_leave(r);
}

static void
on_data(void *arg, const char *bytes, size_t n)
{
    struct bnc_reflector *r = arg;
    struct bnc_kube_result failed = {.http_status = 200};

    bnc_reflector_enter(r);
    r->last_contact_ms = bnc_world_mono_ms(r->world);
    r->watch.bytes += n;
    enum bnc_code code = bnc_stream_feed(r->stream, bytes, n, &failed.err);
    if (!r->dead && r->watch.has_error) {
        error_event(r);
    } else if (!r->dead && code != BNC_OK) {
        (void)bnc_wrap(&failed.err, "watch of %s", r->info->plural);
        r->counters->watch_failures++;
        r->streams_lost += r->watch.initial ? 1 : 0;
        r->reason = BNC_RELIST_BAD_DATA;
        bnc_reflector_fail(r, BNC_NEXT_LIST, &failed);
    }
    bnc_reflector_leave(r);
}

static void
on_done(void *arg, const struct bnc_kube_result *result)
{
    struct bnc_reflector *r = arg;

    bnc_reflector_enter(r);
    r->call = NULL;
    if (r->watch.initial) {
        bnc_reflector_stream_failed(r, result);
    } else if (r->state == BNC_REFLECTOR_WATCHING || result->err.code == BNC_OK) {
        ended(r);
    } else {
        refused(r, result);
    }
    bnc_reflector_leave(r);
}

/* ---- the question -------------------------------------------------------------- */

void
bnc_reflector_watch_start(struct bnc_reflector *r, bool initial)
{
    static const struct bnc_stream_ops stream_ops = {on_event, on_error_event};
    static const struct bnc_kube_stream_ops ops = {on_open, on_data, on_done};
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    struct bnc_kube_result failed = {.http_status = 400};
    unsigned seconds =
        TIMEOUT_MIN_S + (unsigned)(bnc_world_random(r->world) % TIMEOUT_SPREAD_S);

    const char *path = bnc_reflector_path(r, arena, &failed.err);
    if (path == NULL) {
        bnc_reflector_fail(r, BNC_NEXT_LIST, &failed);
        return;
    }
    bool latest = initial && (r->list.latest || r->version[0] == '\0');
    const struct bnc_url_pair query[] = {
        {"watch", "1"},
        {"fieldSelector", bnc_reflector_field_selector(r, arena)},
        {"resourceVersion", latest ? NULL : r->version},
        {"allowWatchBookmarks", "true"},
        {"sendInitialEvents", initial ? "true" : NULL},
        {"resourceVersionMatch", initial ? "NotOlderThan" : NULL},
        {"timeoutSeconds", bnc_arena_fmt(arena, "%u", seconds)},
        {NULL, NULL},
    };
    struct bnc_kube_request request = {
        .group = BNC_HTTP_WATCH,
        .method = "GET",
        .path = path,
        .query = query,
        .accept = bnc_reflector_accept(r, false),
        .timeout_ms = (int64_t)seconds * 1000 + GRACE_MS,
    };
    r->state = initial ? BNC_REFLECTOR_LISTING : BNC_REFLECTOR_OPENING;
    r->watch = (struct bnc_reflector_watch){
        .initial = initial,
        .opened_ms = bnc_world_mono_ms(r->world),
    };
    r->stream = bnc_stream_new(BNC_STREAM_WATCH, r->keep, &stream_ops, r);
    bnc_timer_set(r->timer, OPEN_MS);
    r->call = bnc_kube_stream(r->kube, &request, &ops, r);
}
