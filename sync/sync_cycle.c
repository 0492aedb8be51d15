/* From a generation that is wanted to one that is loaded, or back. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/log.h"
#include "sync/sync_priv.h"

void
bnc_sync_cancel(struct bnc_sync *s)
{
    bnc_gather_cancel(s->gather);
    bnc_load_free(s->load);
    bnc_search_free(s->search);
    s->gather = NULL;
    s->load = NULL;
    s->search = NULL;
    if (s->asking) {
        bnc_server_cancel(s->server);
        s->asking = false;
    }
    s->way = BNC_SYNC_FORWARD;
    s->doing[0] = '\0';
}

static void
try_later(struct bnc_sync *s)
{
    int64_t delay_ms = (int64_t)BNC_SYNC_RETRY_MS << (s->failures < 5 ? s->failures : 5);
    s->failures++;
    s->doing[0] = '\0';
    bnc_timer_set(s->work, delay_ms > BNC_SYNC_RETRY_MAX ? BNC_SYNC_RETRY_MAX : delay_ms);
}

/* At once for the first time. */
static void
try_again(struct bnc_sync *s)
{
    bool first = s->failures == 0;
    try_later(s);
    if (first) {
        bnc_timer_set(s->work, 0);
    }
}

/* ---- loaded -------------------------------------------------------------------- */

static void
remember_proved(struct bnc_sync *s)
{
    struct bnc_error err = {0};
    memcpy(s->proved, s->doing, sizeof(s->proved));
    (void)snprintf(s->proved_marker, sizeof(s->proved_marker), "%s", s->marker);
    (void)snprintf(s->loaded_hash, sizeof(s->loaded_hash), "%s", s->hash);
    if (s->proved_jobs != s->jobs) {
        bnc_jobs_free(s->proved_jobs);
    }
    s->proved_jobs = s->jobs;
    s->loaded_ms = bnc_world_wall_ms(s->options.world);
    s->failures = 0;
    s->refused[0] = '\0';
    s->generations++;
    if (bnc_store_tidy(s->store, NULL, &err)) {
        BNC_LOG(BNC_LEVEL_WARN, "old generations cannot be removed",
                BNC_KV("error", err.message));
    }
}

static void
proved(struct bnc_sync *s, const char *message)
{
    remember_proved(s);
    bnc_timer_set(s->count, BNC_SYNC_RETRY_MS);
    BNC_LOG(BNC_LEVEL_INFO, "loaded and proved", BNC_KV("hash", s->loaded_hash),
            BNC_KV("jobs", bnc_log_num((int64_t)bnc_jobs_count(s->jobs))),
            BNC_KV("ruleGroups",
                   bnc_log_num((int64_t)bnc_jobs_count(bnc_jobs_groups(s->jobs)))));
    bnc_sync_tell(s, BNC_INSTANCE_LOADED, message);
    bnc_sync_work(s); /* something newer may be wanted by now */
}

static bool
is_current(const struct bnc_sync *s, const char *id)
{
    const char *current = bnc_store_current(s->store);
    return current != NULL && strcmp(current, id) == 0;
}

/* ---- refused ------------------------------------------------------------------- */

/* `current` leads to the last good generation again, if there is one. */
static bool
put_back(struct bnc_sync *s)
{
    struct bnc_error err = {0};
    if (s->proved[0] == '\0') {
        (void)snprintf(s->kept, sizeof(s->kept), "there is no earlier one to go back to");
    } else if (!is_current(s, s->proved) &&
               bnc_store_rollback(s->store, s->proved, &err)) {
        (void)snprintf(s->kept, sizeof(s->kept), "the last good one is lost (%.300s)",
                       err.message);
        return false;
    } else {
        (void)snprintf(s->kept, sizeof(s->kept), "the last good one runs on");
    }
    return true;
}

static void
tell_refused(struct bnc_sync *s, const struct bnc_search_result *found)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    const char *words = s->words;
    const char *job = "";
    const char *head = "";
    if (found != NULL) {
        words = found->message[0] == '\0' ? words : found->message;
        job = found->job == NULL
                  ? job
                  : bnc_arena_fmt(arena, " (%s %s)", found->group ? "rule group" : "job",
                                  found->job);
        head = found->head ? "; no job is to blame: see spec.prometheus.base" : "";
    }
    (void)snprintf(s->refusal, sizeof(s->refusal),
                   "Prometheus refuses it%.400s: %.1000s%s; %s", job, words, head,
                   s->kept);
    bnc_sync_tell(s, BNC_INSTANCE_REFUSED, s->refusal);
}

static void
on_search(void *arg, const struct bnc_search_result *result)
{
    struct bnc_sync *s = arg;
    (void)snprintf(s->culprit, sizeof(s->culprit), "%s",
                   result->job == NULL ? "" : result->job);
    (void)put_back(s);
    tell_refused(s, result);
    bnc_search_free(s->search);
    s->search = NULL;
    s->way = BNC_SYNC_CALM;
    /* the last reload is a failed one, or of a probe: not for long */
    bnc_sync_start_load(s, false);
}

static void
start_search(struct bnc_sync *s)
{
    const struct bnc_search_ask ask = {.world = s->options.world,
                                       .server = s->server,
                                       .store = s->store,
                                       .folder = s->folder,
                                       .config = s->config,
                                       .files = s->texts,
                                       .message = s->words};
    s->search = bnc_search_start(&ask, on_search, s);
}

static void
refused(struct bnc_sync *s, const char *words)
{
    s->refusals++;
    memcpy(s->refused, s->doing, sizeof(s->refused));
    bnc_store_hold(s->store, s->refused); /* to look for the culprit in it */
    s->refused_ms = bnc_world_mono_ms(s->options.world);
    bnc_timer_set(s->work, BNC_SYNC_REFUSED_MS);
    s->culprit[0] = '\0';
    (void)snprintf(s->words, sizeof(s->words), "%s", words);
    bool back = put_back(s);
    tell_refused(s, NULL);
    s->way = BNC_SYNC_BACK;
    if (s->proved[0] == '\0' || !back) {
        start_search(s);
    } else {
        bnc_sync_start_load(s, false);
    }
}

/* The load of the last good generation has ended. */
static void
went_back(struct bnc_sync *s)
{
    if (s->way == BNC_SYNC_BACK) {
        start_search(s);
        return;
    }
    s->way = BNC_SYNC_FORWARD;
    bnc_timer_set(s->count, BNC_SYNC_RETRY_MS);
    if (s->refused[0] != '\0') {
        bnc_sync_tell(s, BNC_INSTANCE_REFUSED, s->refusal);
    } else {
        bnc_sync_tell(s, BNC_INSTANCE_LOADED, "");
    }
    bnc_sync_work(s);
}

/*
 * What was refused is not wanted any more, and what is wanted runs: there is nobody to
 * blame, but the last reload may be a failed one.
 */
static void
forget_refused(struct bnc_sync *s)
{
    bool under_way = s->search != NULL || s->load != NULL;
    s->refused[0] = '\0';
    bnc_sync_cancel(s);
    bnc_sync_tell(s, BNC_INSTANCE_LOADED, "");
    if (under_way) {
        s->way = BNC_SYNC_CALM;
        bnc_sync_start_load(s, false);
    }
}

/* ---- loading ------------------------------------------------------------------- */

/*
 * Prometheus loads without a word when a file that is listed is missing.  A file that is
 * not as it was written explains it, and is written again.
 */
static void
on_pools(struct bnc_sync *s, const struct bnc_load_news *news)
{
    if (s->way != BNC_SYNC_FORWARD && s->refused[0] != '\0') {
        return; /* that is told */
    }
    if (bnc_sync_check(s)) {
        BNC_LOG(BNC_LEVEL_WARN, "jobs are missing, and the folder was changed",
                BNC_KV("jobs", bnc_log_num((int64_t)news->missing.pools.missing)),
                BNC_KV("ruleGroups", bnc_log_num((int64_t)news->missing.rules.missing)),
                BNC_KV("file", s->changed),
                BNC_KV("how", s->removed ? "removed" : "edited"));
        s->missing = news->missing; /* told when the names can be read */
        bnc_load_free(s->load);
        s->load = NULL;
        if (s->way == BNC_SYNC_FORWARD) {
            s->repairs++;
            try_again(s);
        }
        s->way = BNC_SYNC_FORWARD; /* else it is seen by bnc_sync_is_changed() */
    } else if (news->state == BNC_LOAD_POOLS) {
        bnc_sync_tell_missing(s, &news->missing);
    }
}

static void
on_load(void *arg, const struct bnc_load_news *news)
{
    struct bnc_sync *s = arg;
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    bool back = s->way != BNC_SYNC_FORWARD;

    switch (news->state) {
    case BNC_LOAD_PROVED:
    case BNC_LOAD_REFUSED:
        bnc_load_free(s->load);
        s->load = NULL;
        if (back) {
            went_back(s);
        } else if (news->state == BNC_LOAD_PROVED) {
            proved(s, news->message);
        } else {
            refused(s, bnc_arena_strdup(arena, news->message));
        }
        return;
    case BNC_LOAD_WAITING:
    case BNC_LOAD_POOLS:
        on_pools(s, news);
        return;
    case BNC_LOAD_OTHER:
        bnc_sync_tell(
            s, BNC_INSTANCE_UNREACHABLE,
            bnc_arena_fmt(
                arena,
                "the Prometheus at %s runs another configuration file; start it "
                "with --config.file=%s/current/%s",
                bnc_server_url(s->server), s->options.out, s->config));
        return;
    case BNC_LOAD_AWAY:
        bnc_sync_tell(
            s, BNC_INSTANCE_UNREACHABLE,
            bnc_arena_fmt(arena, "%s: %s", bnc_server_url(s->server), news->message));
        return;
    }
}

void
bnc_sync_start_load(struct bnc_sync *s, bool prove_first)
{
    bool back = s->way != BNC_SYNC_FORWARD;
    struct bnc_jobs *jobs = back ? s->proved_jobs : s->jobs;
    if (s->way == BNC_SYNC_BACK) {
        jobs = NULL; /* they ran all the time: the culprit is not kept waiting for them */
    }
    const struct bnc_load_ask ask = {.world = s->options.world,
                                     .server = s->server,
                                     .marker = back ? s->proved_marker : s->marker,
                                     .jobs = jobs,
                                     .prove_first = prove_first,
                                     .lazy_pools = s->major == 2 && s->minor < 55};
    s->load = bnc_load_start(&ask, on_load, s);
}

/* ---- gathering ----------------------------------------------------------------- */

/* What is known of the generation, for as long as it may be needed. */
static void
remember_gathered(struct bnc_sync *s, const struct bnc_gather_result *result)
{
    size_t n = 0;
    bnc_arena_free(s->gathered);
    s->gathered = bnc_arena_new();
    s->hash = bnc_arena_strdup(s->gathered, result->hash);
    s->config = bnc_arena_strdup(s->gathered, result->config);
    s->marker = bnc_arena_strdup(s->gathered, result->marker);
    while (result->texts[n] != NULL) {
        n++;
    }
    s->texts = bnc_arena_array(s->gathered, n + 1, sizeof(*s->texts));
    for (size_t i = 0; i < n; i++) {
        s->texts[i] = bnc_arena_strdup(s->gathered, result->texts[i]);
    }
    const char *path = bnc_store_path(s->store, s->config, s->gathered);
    const char *slash = path == NULL ? NULL : strrchr(path, '/');
    s->folder = slash == NULL
                    ? s->options.out
                    : bnc_arena_strndup(s->gathered, path, (size_t)(slash - path));
    if (s->jobs != s->proved_jobs) {
        bnc_jobs_free(s->jobs);
    }
    s->jobs = result->jobs;
    s->fetched += result->bytes;
}

static void
on_gather(void *arg, const struct bnc_gather_result *result)
{
    struct bnc_sync *s = arg;
    s->gather = NULL;
    if (result->err.code != BNC_OK) {
        bool moved = result->err.code == BNC_NOT_FOUND && s->failures == 0;
        if (!moved) { /* else the root has moved on while we read: read it again */
            bnc_sync_tell(s, result->reason, result->err.message);
        }
        try_later(s);
        return;
    }
    remember_gathered(s, result);
    BNC_LOG(BNC_LEVEL_INFO, result->same ? "generation is on disk" : "generation written",
            BNC_KV("hash", result->hash), BNC_KV("id", s->doing),
            BNC_KV("files", bnc_log_num((int64_t)result->files)),
            BNC_KV("fetched", bnc_log_num((int64_t)result->fetched)),
            BNC_KV("bytes", bnc_log_num((int64_t)result->bytes)));
    if (s->missing.pools.missing + s->missing.rules.missing > 0) {
        bnc_sync_tell_missing(s, &s->missing); /* the files are there again */
        s->missing = (struct bnc_load_missing){0};
    }
    bnc_sync_start_load(s, result->same);
}

static void
on_version(void *arg, const struct bnc_server_version *version,
           const struct bnc_error *err)
{
    struct bnc_sync *s = arg;
    BNC_UNUSED(err); /* it may not run yet */
    s->asking = false;
    s->major = s->target.major;
    s->minor = s->target.minor;
    if (version != NULL) {
        bnc_target_version(version->version, &s->major, &s->minor);
    }
    const struct bnc_gather_ask ask = {.world = s->options.world,
                                       .kube = s->options.kube,
                                       .store = s->store,
                                       .target = &s->target,
                                       .id = s->doing,
                                       .proved_marker = s->proved_marker,
                                       .expand = s->major < 3};
    s->gather = bnc_gather_start(&ask, on_gather, s);
}

/* What is wanted is what was proved, and the folder has it. */
static bool
is_proved(const struct bnc_sync *s)
{
    return s->proved_jobs != NULL && strcmp(s->wanted, s->proved) == 0 &&
           is_current(s, s->proved);
}

/* It was refused a moment ago, and nothing is different now. */
static bool
is_hopeless(const struct bnc_sync *s)
{
    int64_t age_ms = bnc_world_mono_ms(s->options.world) - s->refused_ms;
    return strcmp(s->wanted, s->refused) == 0 && age_ms < BNC_SYNC_REFUSED_MS;
}

/* What is wanted was refused: what was begun meanwhile is not wanted any more. */
static void
stay_refused(struct bnc_sync *s)
{
    int64_t age_ms = bnc_world_mono_ms(s->options.world) - s->refused_ms;
    bnc_timer_set(s->work, BNC_SYNC_REFUSED_MS - age_ms);
    if (bnc_sync_is_busy(s) && s->doing[0] != '\0' && strcmp(s->doing, s->refused) != 0) {
        bnc_sync_cancel(s);
    }
    if (bnc_sync_is_busy(s)) {
        return;
    }
    if (s->reason != BNC_INSTANCE_REFUSED) {
        bnc_sync_tell(s, BNC_INSTANCE_REFUSED, s->refusal);
    }
    if (s->proved[0] == '\0' || is_current(s, s->proved)) {
        return;
    }
    if (put_back(s)) {
        s->way = BNC_SYNC_CALM;
        bnc_sync_start_load(s, true);
    } else {
        bnc_timer_set(s->work, BNC_SYNC_RETRY_MAX);
    }
}

/* What is wanted runs: whatever went wrong was about something else. */
static void
stay_proved(struct bnc_sync *s)
{
    if (s->refused[0] != '\0') {
        forget_refused(s);
        return;
    }
    if (s->gather != NULL || s->asking) {
        bnc_sync_cancel(s);
    }
    if (s->reason == BNC_INSTANCE_INCOMPLETE || s->reason == BNC_INSTANCE_TAMPERED ||
        s->reason == BNC_INSTANCE_WRITE_FAILED) {
        bnc_sync_tell(s, BNC_INSTANCE_LOADED, "");
    }
}

void
bnc_sync_work(void *arg)
{
    struct bnc_sync *s = arg;
    bool doing_it = bnc_sync_is_busy(s) && strcmp(s->wanted, s->doing) == 0;

    if (s->wanted[0] == '\0') {
        return;
    }
    if (is_hopeless(s)) {
        stay_refused(s);
        return;
    }
    if (is_proved(s)) {
        stay_proved(s);
        return;
    }
    if (doing_it) {
        return;
    }
    bnc_sync_cancel(s);
    memcpy(s->doing, s->wanted, sizeof(s->doing));
    s->asking = true;
    bnc_server_version(s->server, on_version, s);
}
