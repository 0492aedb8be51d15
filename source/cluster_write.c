/*
 * Writes of a cluster source: first come, first sent, a few at a time; what reports goes
 * after what is published, so that thousands of statuses delay no change.
 */
#include <stdlib.h>
#include <string.h>

#include "source/cluster_priv.h"

#define IN_FLIGHT_MAX 32
#define REPORTS_MAX   24 /* of these: a place is left for what is published */
#define WAITING_MAX   10000

struct bnc_cluster_write {
    struct bnc_cluster *cluster;
    TAILQ_ENTRY(bnc_cluster_write) link; /* among the waiting, then the sent */
    enum bnc_verb verb;
    enum bnc_kind kind;
    char *ns;
    char *name;
    char *uid;
    char *manager;
    char *body;
    size_t n_body;
    bnc_write_fn fn;
    void *arg;
    struct bnc_kube_write *kube_write; /* NULL: refused, `err` says why */
    struct bnc_error err;
};

static void
free_write(struct bnc_cluster_write *write)
{
    free(write->body);
    free(write->uid);
    free(write->manager);
    free(write->ns);
    free(write->name);
    free(write);
}

/* The receiver may write again, but not free the source, in its callback. */
static void
tell(struct bnc_cluster_write *write, const struct bnc_written *written)
{
    const struct bnc_write_result result = {
        .code = written->err.code,
        .status = written->http_status,
        .message = written->err.message,
        .resource_version = written->resource_version,
        .uid = written->uid,
        .retry_after_ms = written->retry_after_ms,
    };
    TAILQ_REMOVE(&write->cluster->sent, write, link);
    write->fn(write->arg, &result);
    free_write(write);
}

static bool
is_report(const struct bnc_cluster_write *write)
{
    return write->verb == BNC_VERB_APPLY_STATUS || write->verb == BNC_VERB_EVENT;
}

static void
on_written(void *arg, const struct bnc_written *written)
{
    struct bnc_cluster_write *write = arg;
    struct bnc_cluster *cluster = write->cluster;

    cluster->n_sent--;
    cluster->n_reports_sent -= is_report(write) ? 1 : 0;
    if (cluster->n_waiting > 0) {
        bnc_timer_set(cluster->write_timer, 0);
    }
    if (write->verb == BNC_VERB_APPLY && written->err.code == BNC_OK) {
        bnc_follow_written(cluster, write->kind, write->ns, write->name);
    }
    tell(write, written);
}

static struct bnc_kube_write *
send_by_verb(struct bnc_cluster_write *write)
{
    struct bnc_kube *kube = write->cluster->kube;
    const struct bnc_kube_target target = {
        .kind = write->kind,
        .ns = write->ns,
        .name = write->name,
        .status = write->verb == BNC_VERB_APPLY_STATUS,
    };
    struct bnc_bytes body = {write->body, write->n_body};

    switch (write->verb) {
    case BNC_VERB_APPLY:
    case BNC_VERB_APPLY_STATUS:
        if (write->manager != NULL) {
            const struct bnc_kube_as as = {.target = target, .manager = write->manager};
            return bnc_kube_apply_as(kube, &as, body, on_written, write, &write->err);
        }
        return bnc_kube_apply(kube, &target, body, on_written, write, &write->err);
    case BNC_VERB_DELETE:
        return bnc_kube_delete(kube, &target, write->uid, on_written, write, &write->err);
    case BNC_VERB_PATCH:
        return bnc_kube_patch(kube, &target, body, on_written, write, &write->err);
    case BNC_VERB_EVENT:
        return bnc_kube_event(kube, target.ns, body, on_written, write, &write->err);
    case BNC_VERB_EVENT_COUNT:
        return bnc_kube_event_patch(kube, &target, body, on_written, write, &write->err);
    default:
        (void)bnc_fail(&write->err, BNC_INTERNAL, "no such verb");
        return NULL;
    }
}

/* What cannot be sent is told in the next turn: never inside the caller's call. */
static void
send_one(struct bnc_cluster_write *write)
{
    struct bnc_cluster *cluster = write->cluster;

    TAILQ_INSERT_TAIL(&cluster->sent, write, link);
    if (write->err.code == BNC_OK && cluster->may_write != NULL &&
        !cluster->may_write(cluster->may_write_arg)) {
        (void)bnc_fail(&write->err, BNC_DENIED, "this replica is not the leader");
    }
    if (write->err.code == BNC_OK) {
        write->kube_write = send_by_verb(write);
    }
    if (write->kube_write != NULL) {
        cluster->n_sent++;
        cluster->n_reports_sent += is_report(write) ? 1 : 0;
    } else {
        bnc_timer_set(cluster->write_timer, 0);
    }
}

static struct bnc_cluster_writes *
next_queue(struct bnc_cluster *cluster)
{
    if (!TAILQ_EMPTY(&cluster->waiting)) {
        return &cluster->waiting;
    }
    bool room = cluster->n_reports_sent < REPORTS_MAX;
    return room && !TAILQ_EMPTY(&cluster->reports) ? &cluster->reports : NULL;
}

/* A write leaves when the Lease was looked at, or stays here: it never waits below. */
static void
send_waiting(struct bnc_cluster *cluster)
{
    struct bnc_cluster_writes *queue = NULL;

    while (cluster->n_sent < IN_FLIGHT_MAX && (queue = next_queue(cluster)) != NULL) {
        int64_t wait = bnc_kube_wait_ms(cluster->kube);
        if (wait > 0) {
            bnc_timer_set(cluster->write_timer, wait);
            return;
        }
        struct bnc_cluster_write *write = TAILQ_FIRST(queue);
        TAILQ_REMOVE(queue, write, link);
        cluster->n_waiting--;
        send_one(write);
    }
}

static struct bnc_cluster_write *
find_refused(struct bnc_cluster *cluster)
{
    struct bnc_cluster_write *write = NULL;
    TAILQ_FOREACH(write, &cluster->sent, link)
    {
        /* the analyzer does not see that TAILQ_REMOVE took it out */
        if (write->kube_write == NULL) { /* NOLINT(clang-analyzer-unix.Malloc) */
            break;
        }
    }
    return write;
}

static void
on_timer(void *arg)
{
    struct bnc_cluster *cluster = arg;
    struct bnc_cluster_write *refused = NULL;

    send_waiting(cluster);
    while ((refused = find_refused(cluster)) != NULL) {
        struct bnc_written written = {
            .err = refused->err, .resource_version = "", .uid = ""};
        tell(refused, &written);
    }
}

void
bnc_cluster_write_add(struct bnc_cluster *cluster, const struct bnc_write *write,
                      bnc_write_fn fn, void *arg)
{
    struct bnc_cluster_write *copy = bnc_alloc(sizeof(*copy));

    copy->cluster = cluster;
    copy->verb = write->verb;
    copy->kind = write->kind;
    copy->ns = bnc_strdup(write->ns == NULL ? "" : write->ns);
    copy->name = bnc_strdup(write->name == NULL ? "" : write->name);
    copy->uid = bnc_strdup(write->uid);
    copy->manager = bnc_strdup(write->manager);
    copy->body = bnc_alloc(write->body.len + 1);
    if (write->body.len > 0) {
        memcpy(copy->body, write->body.ptr, write->body.len);
    }
    copy->n_body = write->body.len;
    copy->fn = fn;
    copy->arg = arg;
    if (cluster->stopped) {
        (void)bnc_fail(&copy->err, BNC_UNAVAILABLE, "shutting down: nothing is written");
        send_one(copy);
        return;
    }
    if (cluster->n_waiting >= WAITING_MAX) {
        cluster->n_refused++;
        (void)bnc_fail(&copy->err, BNC_UNAVAILABLE, "%d writes are waiting already",
                       WAITING_MAX);
        send_one(copy);
        return;
    }
    TAILQ_INSERT_TAIL(is_report(copy) ? &cluster->reports : &cluster->waiting, copy,
                      link);
    cluster->n_waiting++;
    send_waiting(cluster);
}

void
bnc_cluster_write_init(struct bnc_cluster *cluster)
{
    TAILQ_INIT(&cluster->waiting);
    TAILQ_INIT(&cluster->reports);
    TAILQ_INIT(&cluster->sent);
    cluster->write_timer = bnc_timer_new(cluster->world, on_timer, cluster);
}

void
bnc_cluster_write_free(struct bnc_cluster *cluster)
{
    bnc_timer_free(cluster->write_timer);
    struct bnc_cluster_write *write = NULL;
    while ((write = TAILQ_FIRST(&cluster->sent)) != NULL) {
        if (write->kube_write != NULL) { /* NOLINT(clang-analyzer-unix.Malloc) */
            bnc_kube_write_cancel(write->kube_write);
        }
        TAILQ_REMOVE(&cluster->sent, write, link);
        free_write(write);
    }
    TAILQ_CONCAT(&cluster->waiting, &cluster->reports, link);
    while ((write = TAILQ_FIRST(&cluster->waiting)) != NULL) {
        TAILQ_REMOVE(&cluster->waiting, write, link);
        free_write(write);
    }
}
