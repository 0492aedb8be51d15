/*
 * Streamed lists (WatchList): all objects come as the first events of a watch, a
 * bookmark says where they end, and the same watch goes on.
 */
#include <string.h>

#include "kube/reflector_priv.h"
#include "lib/json.h"

#define END_MARK   "k8s.io/initial-events-end"
#define LOST_MAX   2   /* in a row; then in pages, which may do better */
#define TOO_MANY   429 /* HTTP */
#define SERVER_BAD 500

bool
bnc_reflector_may_stream(const struct bnc_reflector *r)
{
    return r->streams_lost < LOST_MAX && bnc_kube_may_stream(r->kube, r->kind);
}

/* ---- what arrives -------------------------------------------------------------- */

static bool
is_end(const struct bnc_pruned *bookmark)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    struct bnc_error ignored = {0};
    cJSON *root = NULL;

    if (bookmark->resource_version[0] == '\0' ||
        bnc_json_parse(arena, bookmark->text.ptr, bookmark->text.len, &root, &ignored)) {
        return false;
    }
    const cJSON *annotations = bnc_json_path(root, "metadata", "annotations", NULL);
    return bnc_str_eq(bnc_json_get_str(annotations, END_MARK), "true");
}

/* From here on it is a watch like any other. */
static void
becomes_watch(struct bnc_reflector *r, const char *version)
{
    r->watch = (struct bnc_reflector_watch){
        .opened = true,
        .opened_ms = bnc_world_mono_ms(r->world),
    };
    r->state = BNC_REFLECTOR_WATCHING;
    bnc_reflector_list_end(r, version);
}

void
bnc_reflector_stream_event(struct bnc_reflector *r, const char *type,
                           const struct bnc_pruned *object)
{
    bool known = false;

    if (strcmp(type, "BOOKMARK") == 0) {
        if (is_end(object)) {
            becomes_watch(r, object->resource_version);
        }
    } else if (strcmp(type, "ADDED") == 0) {
        bnc_timer_set(r->timer, BNC_REFLECTOR_STREAM_SILENT_MS);
        bnc_reflector_list_put(r, object);
    } else if (strcmp(type, "MODIFIED") == 0) {
        bnc_reflector_list_put(r, object);
    } else if (strcmp(type, "DELETED") != 0) {
        r->counters->skipped_events++;
    } else if (bnc_reflector_mark(r, object, NULL, &known) && known) {
        r->ops->gone(r->arg, object->ns, object->name);
    }
}

/* ---- when it comes to nothing -------------------------------------------------- */

static void
in_pages(struct bnc_reflector *r, bool remember)
{
    if (remember) {
        bnc_kube_refuses_streams(r->kube, r->kind);
    }
    r->counters->streamed_refused++;
    bnc_reflector_list_pages(r);
}

void
bnc_reflector_stream_silent(struct bnc_reflector *r)
{
    in_pages(r, true);
}

static void
again(struct bnc_reflector *r, const struct bnc_kube_result *result)
{
    struct bnc_kube_result failed = *result;

    if (failed.err.code == BNC_OK) {
        (void)bnc_fail(&failed.err, BNC_UNAVAILABLE, "the list of %s ended early",
                       r->info->plural);
    }
    r->streams_lost++;
    r->counters->list_failures++;
    r->reason = BNC_RELIST_RETRY;
    bnc_reflector_fail(r, BNC_NEXT_LIST, &failed);
}

void
bnc_reflector_stream_failed(struct bnc_reflector *r, const struct bnc_kube_result *result)
{
    int status = result->http_status;
    bool gone = result->err.code == BNC_GONE || result->status.too_large ||
                strcmp(result->status.reason, "Expired") == 0;

    if (gone && !r->list.latest) {
        r->list.latest = true; /* our version is of no use to the server */
        bnc_reflector_close(r);
        bnc_reflector_watch_start(r, true);
    } else if (status == 404) {
        bnc_reflector_list_refused(r, result);
    } else if (status < 400 || status == 401 || status == TOO_MANY || gone ||
               status >= SERVER_BAD) {
        again(r, result);
    } else {
        in_pages(r, status != 403); /* with 403 it is not the way that is refused */
    }
}
