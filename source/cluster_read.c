/* A slow round of reads for single objects that have no watch. */
#include <stdlib.h>
#include <string.h>

#include "source/cluster_follow.h"

#define READS_MAX      8 /* at the same time */
#define READ_EVERY_MS  60000
#define READ_SPREAD_MS 6000
#define WATCH_AGAIN    10 /* reads until a watch that was denied is tried again */

static void start_due_reads(struct bnc_cluster *cluster);

static void
take_from_due(struct bnc_follow *f)
{
    struct bnc_cluster *cluster = f->cluster;
    struct bnc_follow *before = NULL;

    for (struct bnc_follow *at = cluster->due_first; at != NULL; at = at->next_due) {
        if (at == f) {
            if (before == NULL) {
                cluster->due_first = f->next_due;
            } else {
                before->next_due = f->next_due;
            }
            cluster->due_last = cluster->due_last == f ? before : cluster->due_last;
            break;
        }
        before = at;
    }
    f->is_due = false;
    f->next_due = NULL;
}

static void
read_later(struct bnc_follow *f, int64_t wait_ms)
{
    if (f->timer != NULL) {
        bnc_timer_set(f->timer, wait_ms);
    }
}

static void
read_ok(struct bnc_follow *f, struct bnc_bytes body)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    const struct bnc_keep *keep =
        f->class == BNC_FOLLOW_OUTPUT ? bnc_keep_metadata : bnc_kind_info(f->kind)->keep;
    struct bnc_pruned object = {0};
    struct bnc_error err = {0};

    if (bnc_prune(keep, body.ptr, body.len, arena, &object, &err)) {
        bnc_follow_tell_trouble(f, &err);
        return;
    }
    if (f->present && strcmp(f->version, object.resource_version) == 0) {
        return;
    }
    free(f->version);
    f->version = bnc_strdup(object.resource_version);
    bnc_follow_tell_put(f, &object);
}

static void
read_failed(struct bnc_follow *f, const struct bnc_kube_result *result)
{
    read_later(f, bnc_backoff_next(&f->backoff, f->cluster->world,
                                   result->http_status == 0, result->retry_after_ms));
    bnc_follow_tell_trouble(f, &result->err);
    if (!f->dead && f->class == BNC_FOLLOW_NAMESPACE && result->err.code == BNC_DENIED) {
        /* a Role in the namespace need not allow to read it itself */
        bnc_follow_tell_known(f);
    }
}

static void
read_answered(struct bnc_follow *f, const struct bnc_kube_result *result)
{
    static const struct bnc_error fine = {0};
    bool absent = result->err.code == BNC_NOT_FOUND;

    if (result->err.code != BNC_OK && !absent) {
        read_failed(f, result);
        return;
    }
    bool mended = f->denied && f->error.code == BNC_DENIED;
    bnc_backoff_reset(&f->backoff);
    read_later(f, mended ? 0
                         : READ_EVERY_MS + (int64_t)(bnc_world_random(f->cluster->world) %
                                                     READ_SPREAD_MS));
    /* rights have been given: the watch may be allowed by now as well */
    f->n_reads = mended ? WATCH_AGAIN : f->n_reads + 1;
    bnc_follow_tell_trouble(f, &fine);
    if (!f->dead && absent && f->present) {
        bnc_follow_tell_gone(f);
    }
    if (!f->dead && !absent) {
        read_ok(f, result->body);
    }
    if (!f->dead && f->error.code == BNC_OK) {
        bnc_follow_tell_known(f);
    }
}

static void
on_read(void *arg, const struct bnc_kube_result *result)
{
    struct bnc_follow *f = arg;
    struct bnc_cluster *cluster = f->cluster;

    f->depth++;
    f->call = NULL;
    cluster->reads--;
    read_answered(f, result);
    bnc_follow_leave(f);
    if (!cluster->stopped) {
        start_due_reads(cluster);
    }
}

static void
start_read(struct bnc_follow *f)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    struct bnc_str path = bnc_str_new(arena, BNC_URL_MAX);
    struct bnc_kube_result failed = {.http_status = 400};

    if (bnc_url_path(&path, bnc_kind_info(f->kind), f->ns, f->name, NULL, &failed.err)) {
        read_failed(f, &failed);
        return;
    }
    struct bnc_kube_request request = {
        .group = BNC_HTTP_UNARY,
        .method = "GET",
        .path = path.ptr,
        .accept = f->class == BNC_FOLLOW_OUTPUT
                      ? "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,"
                        "application/json"
                      : NULL,
    };
    f->cluster->reads++;
    f->call = bnc_kube_start(f->cluster->kube, &request, on_read, f);
}

static void
start_due_reads(struct bnc_cluster *cluster)
{
    while (cluster->due_first != NULL && cluster->reads < READS_MAX) {
        struct bnc_follow *f = cluster->due_first;
        take_from_due(f);
        f->depth++;
        start_read(f);
        bnc_follow_leave(f);
    }
}

void
bnc_follow_read_due(void *arg)
{
    struct bnc_follow *f = arg;
    struct bnc_cluster *cluster = f->cluster;

    if (f->reflector != NULL) { /* denied: the watch ends outside of its callback */
        cluster->follows[f->class].n_watched--;
        bnc_reflector_free(f->reflector);
        f->reflector = NULL;
    } else if (f->denied && f->n_reads >= WATCH_AGAIN &&
               bnc_follow_may_watch(cluster, f->class)) {
        f->n_reads = 0;
        bnc_follow_begin_watch(f);
        return;
    }
    if (cluster->due_last == NULL) {
        cluster->due_first = f;
    } else {
        cluster->due_last->next_due = f;
    }
    cluster->due_last = f;
    f->is_due = true;
    start_due_reads(cluster);
}

void
bnc_follow_begin_reads(struct bnc_follow *f)
{
    f->n_reads = 0;
    read_later(f, 0);
}

void
bnc_follow_end_reads(struct bnc_follow *f)
{
    struct bnc_cluster *cluster = f->cluster;

    if (f->call != NULL) {
        bnc_kube_cancel(f->call);
        f->call = NULL;
        cluster->reads--;
    }
    if (f->is_due) {
        take_from_due(f);
    }
    struct bnc_follow *due = cluster->due_first;
    if (due != NULL) { /* none may be left whose end would start the next */
        take_from_due(due);
        read_later(due, 0);
    }
}
