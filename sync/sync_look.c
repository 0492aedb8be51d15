/* Looking after folder and server: what somebody changed, what is missing, targets. */
#include <stdio.h>
#include <string.h>

#include "lib/log.h"
#include "sync/sync_priv.h"

#define NAMES_MAX 3 /* missing jobs that are told by name */

/* ---- what is missing --------------------------------------------------------------- */

struct naming {
    bool groups;                      /* of rules, not jobs */
    const struct bnc_jobs_diff *diff; /* NULL: all that come are missing */
    struct bnc_str *names;
    size_t n;
};

static bool
is_missing(const struct bnc_jobs_diff *diff, const struct bnc_job *job)
{
    uint64_t hash = job->group ? bnc_group_hash(job->name.ptr, job->name.len, job->rules)
                               : bnc_job_hash(job->name.ptr, job->name.len);
    for (size_t i = 0; diff != NULL && i < diff->n_named; i++) {
        if (diff->named[i] == hash) {
            return true;
        }
    }
    return diff == NULL;
}

static void
name_missing(void *arg, const struct bnc_job *job)
{
    struct naming *naming = arg;
    if (job->group != naming->groups || bnc_str_starts(job->name.ptr, BNC_MARKER_JOB) ||
        !is_missing(naming->diff, job)) {
        return;
    }
    if (naming->n++ < NAMES_MAX) {
        bnc_str_fmt(naming->names, "%s%.*s", naming->n == 1 ? ": " : ", ",
                    (int)job->name.len, job->name.ptr);
    }
}

static bool
feed(void *arg, const char *bytes, size_t n)
{
    bnc_job_scan_feed(arg, bytes, n);
    return true;
}

/* Name those of a file; false when it cannot be read. */
static bool
name_in_file(struct bnc_sync *s, const char *name, struct naming *naming)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    BNC_AUTO(bnc_job_scan) scan = bnc_job_scan_new(name_missing, naming);
    struct bnc_error ignored = {0};
    const char *path = bnc_arena_fmt(arena, "%s/%s", s->folder, name);
    return bnc_file_scan(s->options.world, path, BNC_STORE_MAX_FILE, feed, scan,
                         &ignored) == BNC_OK &&
           bnc_job_scan_finish(scan, &ignored) == BNC_OK;
}

/* What may be the cause: the file that changed, or one that cannot be read. */
static const char *
cause_of(const struct bnc_sync *s, const char *unread, struct bnc_arena *arena)
{
    if (s->changed[0] != '\0') {
        return bnc_arena_fmt(arena, "; %s was %s", s->changed,
                             s->removed ? "removed" : "edited");
    }
    return unread == NULL ? "" : bnc_arena_fmt(arena, "; %s was not readable", unread);
}

void
bnc_sync_tell_missing(struct bnc_sync *s, const struct bnc_load_missing *missing)
{
    bool groups = missing->pools.missing == 0;
    const struct bnc_jobs_diff *diff = groups ? &missing->rules : &missing->pools;
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    struct bnc_str names = bnc_str_new(arena, BNC_SERVER_TEXT_MAX / 2);
    bool file_only = s->changed[0] != '\0' && s->removed; /* all of it, and that is all */
    struct naming naming = {
        .groups = groups, .diff = file_only ? NULL : diff, .names = &names};
    const char *unread = NULL;

    bnc_str_puts(&names, "");
    for (size_t i = 0; s->texts[i] != NULL; i++) {
        if ((!file_only || strcmp(s->texts[i], s->changed) == 0) &&
            !name_in_file(s, s->texts[i], &naming)) {
            unread = s->texts[i];
        }
    }
    size_t n = file_only ? naming.n : diff->missing;
    const char *more = naming.n > NAMES_MAX ? ", ..." : "";
    bnc_sync_tell(
        s, groups ? BNC_INSTANCE_RULES_MISSING : BNC_INSTANCE_POOLS_MISSING,
        bnc_arena_fmt(arena,
                      "Prometheus said that it has loaded the configuration, and "
                      "has %s for %zu of its %s%s%s%s",
                      groups ? "no rules" : "no scrape pool", n,
                      groups ? "rule groups" : "jobs", names.ptr, more,
                      cause_of(s, unread, arena)));
}

/* ---- changes ------------------------------------------------------------------- */

static void
on_changed(void *arg, const char *name, bool missing)
{
    struct bnc_sync *s = arg;
    if (s->changed[0] == '\0') {
        (void)snprintf(s->changed, sizeof(s->changed), "%s", name);
        s->removed = missing;
    }
}

bool
bnc_sync_check(struct bnc_sync *s)
{
    s->changed[0] = '\0';
    return bnc_store_check(s->store, on_changed, s) > 0;
}

bool
bnc_sync_is_busy(const struct bnc_sync *s)
{
    return s->gather != NULL || s->load != NULL || s->search != NULL || s->asking;
}

/*
 * What is wanted was refused, so what runs cannot be read again from the API server: it
 * is left as it is, for what is there is better than what was refused.
 */
static void
mend_proved(struct bnc_sync *s)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    struct bnc_error err = {0};
    if (bnc_store_rollback(s->store, s->proved, &err) == BNC_OK) {
        s->repairs++; /* it was only the link */
        return;
    }
    const char *message = bnc_arena_fmt(
        arena, "%.1500s; %s in its folder was %s, and cannot be written again",
        s->refusal, s->changed, s->removed ? "removed" : "edited");
    if (strcmp(message, s->message) != 0) {
        bnc_sync_tell(s, BNC_INSTANCE_REFUSED, message);
    }
}

bool
bnc_sync_is_changed(struct bnc_sync *s)
{
    if (bnc_sync_is_busy(s) || bnc_store_current(s->store) == NULL ||
        s->proved[0] == '\0' || !bnc_sync_check(s)) {
        return false;
    }
    if (s->refused[0] != '\0' && strcmp(s->wanted, s->refused) == 0) {
        mend_proved(s);
        return false;
    }
    s->repairs++;
    const char *how = s->removed ? "removed" : "edited";
    BNC_LOG(BNC_LEVEL_WARN, "somebody changed the folder; it is written again",
            BNC_KV("file", s->changed), BNC_KV("how", how));
    if (s->reason != BNC_INSTANCE_POOLS_MISSING &&
        s->reason != BNC_INSTANCE_RULES_MISSING) { /* that says more */
        BNC_AUTO(bnc_arena) arena = bnc_arena_new();
        bnc_sync_tell(s, BNC_INSTANCE_INCOMPLETE,
                      bnc_arena_fmt(arena,
                                    "%s in the folder of the generation was %s; it is "
                                    "written again",
                                    s->changed, how));
    }
    return true;
}

/* ---- targets ------------------------------------------------------------------- */

static void
on_targets(void *arg, const struct bnc_server_targets *targets,
           const struct bnc_error *err)
{
    struct bnc_sync *s = arg;
    s->asking = false;
    if (targets == NULL) {
        if (++s->silent > 1) { /* it may be starting: what does it run when it is back? */
            s->silent = 0;
            BNC_LOG(BNC_LEVEL_WARN, "Prometheus does not answer",
                    BNC_KV("error", err->message));
            s->way = BNC_SYNC_CALM;
            bnc_sync_start_load(s, true);
        }
        return;
    }
    s->silent = 0;
    s->up = targets->up;
    s->down = targets->down;
    bnc_sync_tell(s, s->reason, s->message);
}

void
bnc_sync_count(void *arg)
{
    struct bnc_sync *s = arg;
    bnc_timer_set(s->count, BNC_SYNC_COUNT_MS);
    if (!bnc_sync_is_busy(s) && s->proved_jobs != NULL) {
        s->asking = true;
        bnc_server_targets(s->server, on_targets, s);
    }
}

/* ---- start --------------------------------------------------------------------- */

void
bnc_sync_recover(struct bnc_sync *s)
{
    struct bnc_error err = {0};
    const char *current = bnc_store_current(s->store);
    if (s->proved[0] == '\0' || (current != NULL && strcmp(current, s->proved) == 0)) {
        return;
    }
    if (bnc_store_rollback(s->store, s->proved, &err)) {
        BNC_LOG(BNC_LEVEL_WARN, "the last good generation cannot be put back",
                BNC_KV("id", s->proved), BNC_KV("error", err.message));
    } else {
        BNC_LOG(BNC_LEVEL_INFO, "the last good generation is put back",
                BNC_KV("id", s->proved));
    }
}
