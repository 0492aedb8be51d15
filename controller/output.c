#include "controller/output.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/log.h"

#define RETRY_FIRST_MS 1000
#define RETRY_MAX_MS   30000
#define RETRY_AWAY_MS  5000 /* nobody answers: it costs nothing to ask */

/* After an answer was lost: what is there is known by then, also without a watch. */
#define UNSURE_MS 90000

void
bnc_output_free(struct bnc_output *out)
{
    bnc_timer_free(out->timer);
    free(out->ns);
    free(out->name);
    free(out->owner);
    free(out->body);
    bnc_slot_free(out);
    free(out->uid);
    free(out->resource_version);
    free(out->writer);
    free(out->adopter);
    free(out);
}

void
bnc_output_key(char key[BNC_OUTPUT_KEY_MAX], enum bnc_kind kind, const char *ns,
               const char *name, const char *owner)
{
    (void)snprintf(key, BNC_OUTPUT_KEY_MAX, "%d/%s/%s%s%s", (int)kind, ns, name,
                   owner == NULL ? "" : "/", owner == NULL ? "" : owner);
}

void
bnc_output_text(char **at, const char *text)
{
    free(*at);
    *at = bnc_strdup(text);
}

void
bnc_output_changed(const struct bnc_publisher *publisher)
{
    publisher->options.changed(publisher->options.arg);
}

static int64_t
now_ms(const struct bnc_output *out)
{
    return bnc_world_mono_ms(out->publisher->options.world);
}

static bool
may_touch(const struct bnc_output *out)
{
    return !out->exists || out->ours || out->adopted;
}

void
bnc_output_judge(struct bnc_output *out)
{
    out->ours = out->exists && bnc_str_eq(out->writer, out->owner);
    out->adopted = out->exists && bnc_str_eq(out->adopter, strchr(out->owner, '/') + 1);
}

bool
bnc_output_done(const struct bnc_output *out)
{
    if (!out->wanted) {
        return out->orphan || !out->exists || !out->ours;
    }
    return out->exists && out->ours && !out->drifted &&
           strcmp(out->hash, out->live_hash) == 0;
}

static void
log_write(const struct bnc_output *out, const char *text)
{
    BNC_LOG(BNC_LEVEL_INFO, text, BNC_KV("kind", bnc_kind_info(out->kind)->name),
            BNC_KV("namespace", out->ns), BNC_KV("name", out->name),
            BNC_KV("observatory", out->owner), BNC_KV("hash", out->live_hash));
}

static void
retry_later(struct bnc_output *out, const struct bnc_write_result *result)
{
    int64_t delay = RETRY_FIRST_MS << (out->failures < 5 ? out->failures : 5);
    out->failures++;
    int64_t most = result->status == 0 ? RETRY_AWAY_MS : RETRY_MAX_MS;
    delay = delay > most ? most : delay;
    if (result->retry_after_ms > delay) {
        delay = result->retry_after_ms;
    }
    out->reason = BNC_REASON_WRITE_FAILED;
    (void)snprintf(out->message, sizeof(out->message), "%s %s/%s: %.400s",
                   bnc_kind_info(out->kind)->name, out->ns, out->name, result->message);
    BNC_LOG(BNC_LEVEL_WARN, "write failed",
            BNC_KV("kind", bnc_kind_info(out->kind)->name), BNC_KV("namespace", out->ns),
            BNC_KV("name", out->name), BNC_KV("error", result->message));
    bnc_timer_set(out->timer, delay);
}

bool
bnc_output_older(const char *a, const char *b)
{
    if (a == NULL || b == NULL || strspn(a, "0123456789") != strlen(a) ||
        strspn(b, "0123456789") != strlen(b)) {
        return false;
    }
    size_t n = strlen(a);
    size_t m = strlen(b);
    return n != m ? n < m : strcmp(a, b) < 0;
}

bool
bnc_output_unsure(const struct bnc_write_result *result)
{
    return result->code != BNC_OK && (result->status < 400 || result->status >= 500);
}

void
bnc_output_has(struct bnc_output *out, const char *hash)
{
    if (strcmp(out->live_hash, hash) != 0) {
        (void)snprintf(out->live_hash, sizeof(out->live_hash), "%s", hash);
        out->live_ms = bnc_world_wall_ms(out->publisher->options.world);
    }
}

/* Our write is the latest news, unless a later one came before its answer. */
static void
take_written(struct bnc_output *out, const struct bnc_write_result *result)
{
    bool seen = bnc_str_eq(result->resource_version, out->resource_version);
    if (bnc_output_older(result->resource_version, out->resource_version) ||
        (seen && !out->exists)) { /* the watch has told of it, and that it is gone */
        return;
    }
    out->exists = true;
    out->drifted = false;
    bnc_output_text(&out->writer, out->owner);
    bnc_output_judge(out);
    bnc_output_has(out, out->sent_hash);
    bnc_output_text(&out->resource_version, result->resource_version);
    bnc_output_text(&out->uid, result->uid);
}

static void
on_written(void *arg, const struct bnc_write_result *result)
{
    struct bnc_output *out = arg;
    struct bnc_publisher *publisher = out->publisher;
    out->in_flight = false;
    bnc_output_wake_twins(out);

    if (out->deleting) {
        out->deleting = false;
        if (result->code == BNC_OK || result->code == BNC_NOT_FOUND) {
            log_write(out, "object deleted");
            out->exists = out->remake = false;
        } else {
            retry_later(out, result);
            bnc_output_changed(publisher);
            return;
        }
        bnc_output_consider(out);
        bnc_output_changed(publisher);
        return;
    }
    bnc_slot_written(out, result);
    out->remake = result->status == 422 && out->role == BNC_ROLE_PART && out->exists;
    if (result->code != BNC_OK) {
        if (bnc_output_unsure(result)) {
            out->unsure_ms = now_ms(out) + 1; /* never 0 */
        }
        retry_later(out, result);
    } else {
        out->failures = 0;
        out->unsure_ms = 0;
        take_written(out, result);
        log_write(out, "object applied");
        if (publisher->options.writes != NULL) {
            (*publisher->options.writes)++;
        }
        bnc_output_consider(out);
    }
    bnc_output_changed(publisher);
}

/* Known from the status only: the owner's first set decides. */
static bool
undecided(const struct bnc_output *out)
{
    return !out->wanted && !out->dropped &&
           bnc_map_get(out->publisher->owners, out->owner) == NULL;
}

/* True while a root of before is there, or may be: it names files of before. */
static bool
root_stays(const struct bnc_output *out)
{
    size_t at = 0;
    void *value = NULL;
    while (bnc_map_next(out->publisher->outputs, &at, NULL, &value)) {
        const struct bnc_output *other = value;
        bool there = other->known ? other->exists && other->ours
                                  : other->reason == BNC_REASON_NONE;
        if (other->role == BNC_ROLE_ROOT && !other->wanted && !other->orphan && there &&
            strcmp(other->owner, out->owner) == 0) {
            return true;
        }
    }
    return false;
}

static bool
must_yield(const struct bnc_output *out)
{
    return out->wanted && bnc_output_rival(out) != NULL;
}

/* The configuration, and what stands beside it, do not wait for each other. */
static bool
is_before(const struct bnc_output *out, const struct bnc_output *other)
{
    bool beside = other->role == BNC_ROLE_BESIDE;
    bool taken = beside && other->reason == BNC_REASON_OUTPUT_TAKEN; /* for long */
    return beside == (out->role == BNC_ROLE_BESIDE) && !taken &&
           (!out->wanted || other->role != BNC_ROLE_ROOT);
}

/* An old root may still name it. */
static bool
is_named(const struct bnc_output *out)
{
    return !out->wanted && !out->dropped && out->role != BNC_ROLE_ROOT && root_stays(out);
}

/*
 * Files are written before the configuration that names them, and deleted after
 * it no longer does.
 */
static bool
must_wait(const struct bnc_output *out)
{
    const struct bnc_owner *set = bnc_map_get(out->publisher->owners, out->owner);
    if (out->wanted && out->role != BNC_ROLE_ROOT) {
        return false;
    }
    if (is_named(out)) {
        return true;
    }
    for (size_t i = 0; set != NULL && i < set->n; i++) {
        if (is_before(out, set->items[i]) && !bnc_output_done(set->items[i])) {
            return true;
        }
    }
    return false;
}

/* True while what has to go before it is in the way of an object of others. */
static bool
waits_for_others(const struct bnc_output *out)
{
    const struct bnc_owner *set = bnc_map_get(out->publisher->owners, out->owner);
    bool named = is_named(out); /* that root waits for the new one */
    for (size_t i = 0; set != NULL && i < set->n; i++) {
        const struct bnc_output *other = set->items[i];
        bool before = is_before(out, other) || (named && other->role != BNC_ROLE_BESIDE);
        if (before && other->reason == BNC_REASON_OUTPUT_TAKEN) {
            return true;
        }
    }
    return false;
}

/* What waited for it looks again. */
static void
wake_owner(const struct bnc_output *out)
{
    size_t at = 0;
    void *value = NULL;
    while (bnc_map_next(out->publisher->outputs, &at, NULL, &value)) {
        const struct bnc_output *other = value;
        if (strcmp(other->owner, out->owner) == 0 && !bnc_timer_pending(other->timer)) {
            bnc_timer_set(other->timer, BNC_FIRST_WRITE_MS);
        }
    }
}

/* True when somebody else rewrites it again and again: do not fight. */
static bool
loops(struct bnc_output *out)
{
    int64_t now = now_ms(out);
    bool same = out->exists && strcmp(out->hash, out->live_hash) == 0;
    if (!same || now - out->window_ms > BNC_LOOP_WINDOW_MS) {
        out->window_ms = now;
        out->window_writes = 0;
    }
    return ++out->window_writes > BNC_LOOP_WRITES;
}

/* True while it is kept: the timer comes again. */
static bool
retired(struct bnc_output *out)
{
    bool named = out->role == BNC_ROLE_PART || out->role == BNC_ROLE_SLOT;
    if (named && out->retired_ms == 0) {
        out->retired_ms = now_ms(out) + 1; /* never 0 */
        out->failures = 0;                 /* they were of its being written */
        bnc_output_retire(out->publisher, out->owner); /* there may be too many now */
    }
    int64_t keep_ms = bnc_output_keep_ms(out);
    if (keep_ms > 0) {
        out->failures = 0; /* of a deletion that is not due any more: nothing is retried */
        bnc_timer_set(out->timer, keep_ms);
    }
    return keep_ms > 0;
}

void
bnc_output_write(void *arg)
{
    struct bnc_output *out = arg;
    struct bnc_publisher *publisher = out->publisher;

    if (out->in_flight || !out->known || bnc_output_done(out) || !may_touch(out) ||
        must_yield(out)) {
        bnc_output_consider(out);
        return;
    }
    if (must_wait(out)) {
        if (!waits_for_others(out)) { /* else that wakes it, however late */
            bnc_timer_set(out->timer, BNC_FIRST_WRITE_MS);
        }
        return;
    }
    int64_t wait_ms = bnc_slot_wait_ms(out);
    if (wait_ms > 0) {
        bnc_timer_set(out->timer, wait_ms);
        return;
    }
    if (!out->wanted && retired(out)) {
        return;
    }
    if (out->wanted && loops(out)) {
        out->reason = BNC_REASON_APPLY_LOOP;
        (void)snprintf(out->message, sizeof(out->message),
                       "somebody else rewrites %s %s/%s again and again",
                       bnc_kind_info(out->kind)->name, out->ns, out->name);
        out->window_ms = 0;
        bnc_timer_set(out->timer, BNC_LOOP_PAUSE_MS);
        bnc_output_changed(publisher);
        return;
    }
    bool apply = out->wanted && !out->remake;
    struct bnc_write write = {.verb = apply ? BNC_VERB_APPLY : BNC_VERB_DELETE,
                              .kind = out->kind,
                              .ns = out->ns,
                              .name = out->name,
                              .uid = apply ? NULL : out->uid,
                              .manager = apply ? bnc_slot_write(out) : NULL};
    if (apply) {
        write.body = (struct bnc_bytes){out->body, out->body_len};
        memcpy(out->sent_hash, out->hash, sizeof(out->hash));
    }
    out->in_flight = true;
    out->deleting = !apply;
    out->last_write_ms = now_ms(out);
    bnc_source_write(publisher->options.source, &write, on_written, out);
}

/* Nothing has to be written.  What is gone is forgotten once that is sure. */
static void
settle(struct bnc_output *out)
{
    int64_t age_ms = now_ms(out) - out->unsure_ms;
    bool unsure = out->unsure_ms != 0 && age_ms < UNSURE_MS && !out->exists;

    bnc_timer_stop(out->timer);
    out->reason = BNC_REASON_NONE;
    if (out->wanted) {
        return;
    }
    if (unsure && !out->orphan) {
        bnc_timer_set(out->timer, UNSURE_MS - age_ms);
    } else {
        const struct bnc_publisher *publisher = out->publisher;
        bnc_output_forget(out);
        bnc_output_changed(publisher); /* it may have been the last of its owner */
    }
}

static void
tell_taken(struct bnc_output *out)
{
    const char *kind = bnc_kind_info(out->kind)->name;
    bnc_timer_stop(out->timer);
    out->reason = BNC_REASON_OUTPUT_TAKEN;
    if (may_touch(out)) {
        (void)snprintf(
            out->message, sizeof(out->message),
            "%s %s/%s is wanted by Observatory %s as well; choose another name", kind,
            out->ns, out->name, bnc_output_rival(out)->owner);
        return;
    }
    (void)snprintf(out->message, sizeof(out->message),
                   "%s %s/%s exists and is not ours; delete it, choose another name, "
                   "or label it binnacle.dev/adopt: %s",
                   kind, out->ns, out->name, strchr(out->owner, '/') + 1);
}

void
bnc_output_consider(struct bnc_output *out)
{
    if (out->in_flight || !out->known || undecided(out)) {
        return;
    }
    bool done = bnc_output_done(out);
    bool taken = !done && (!may_touch(out) || must_yield(out));
    if (out->reason == BNC_REASON_OUTPUT_TAKEN && !taken) {
        out->reason = BNC_REASON_NONE;
        wake_owner(out);
    }
    if (done) {
        settle(out);
        return;
    }
    if (taken) {
        tell_taken(out);
        return;
    }
    bool kept = out->retired_ms != 0 && out->failures == 0;
    if (bnc_timer_pending(out->timer) && !(kept && bnc_output_keep_ms(out) == 0)) {
        return;
    }
    int64_t delay = out->last_write_ms + BNC_NEXT_WRITE_MS - now_ms(out);
    bool first = out->last_write_ms == 0 || delay < BNC_FIRST_WRITE_MS;
    bnc_timer_set(out->timer, first ? BNC_FIRST_WRITE_MS : delay);
}
