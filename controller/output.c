#include "controller/output.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/log.h"

#define RETRY_AWAY_MS 5000 /* nobody answers: it costs nothing to ask */
#define SLICE         64   /* outputs of one turn */

/* After an answer was lost: what is there is known by then, also without a watch. */
#define UNSURE_MS 90000

void
bnc_output_free(struct bnc_output *out)
{
    free(out->ns);
    free(out->name);
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
    return out->exists && out->ours && !out->drifted && out->body_sum == out->live_sum &&
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
    out->reason = BNC_REASON_WRITE_FAILED;
    (void)snprintf(out->message, sizeof(out->message), "%s %s/%s: %.400s",
                   bnc_kind_info(out->kind)->name, out->ns, out->name, result->message);
    BNC_LOG(BNC_LEVEL_WARN, "write failed",
            BNC_KV("kind", bnc_kind_info(out->kind)->name), BNC_KV("namespace", out->ns),
            BNC_KV("name", out->name), BNC_KV("error", result->message));
    bnc_output_rest(out); /* what came meanwhile waits with it */
    (void)bnc_queue_retry(out->publisher->queue, &out->item, result->retry_after_ms,
                          result->status == 0 ? RETRY_AWAY_MS : 0);
    bnc_output_tally(out);
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

/*
 * Our write is the latest news, unless a later one came before its answer.  A version
 * that is known already: the watch was faster, or nothing has changed, because somebody
 * undoes it within the server; what the watch has told stands.  But what was said to be
 * gone before the write, and is there as it was, was never gone: the list was old.
 */
static void
take_written(struct bnc_output *out, const struct bnc_write_result *result)
{
    bool known = result->resource_version[0] != '\0' &&
                 bnc_str_eq(result->resource_version, out->resource_version);
    bool stands = known && (out->exists || out->told);
    if (stands || bnc_output_older(result->resource_version, out->resource_version)) {
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

/* A write was carried out. */
static void
count_write(struct bnc_output *out)
{
    int64_t now = now_ms(out);
    if (out->window_writes == 0 || now - out->window_ms > BNC_LOOP_WINDOW_MS) {
        out->window_ms = now;
        out->window_writes = 0;
    }
    out->window_writes++;
}

static void
on_written(void *arg, const struct bnc_write_result *result)
{
    struct bnc_output *out = arg;
    struct bnc_publisher *publisher = out->publisher;
    out->in_flight = false;
    bnc_queue_done(publisher->queue, &out->item);
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
        bnc_queue_forget(&out->item);
        out->unsure_ms = 0;
        out->live_sum = out->sent_sum;
        count_write(out);
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
    return !out->wanted && !out->dropped && !out->of->set;
}

static bool
must_yield(const struct bnc_output *out)
{
    return out->wanted && bnc_output_rival(out) != NULL;
}

/*
 * True when it was written again and again as it is: somebody else does not let it be.
 * What the live object looks like does not matter: they may change what the hash does
 * not tell of, or the hash, or take the object away.
 */
static bool
loops(const struct bnc_output *out)
{
    return out->window_writes >= BNC_LOOP_WRITES &&
           now_ms(out) - out->window_ms <= BNC_LOOP_WINDOW_MS;
}

/* True while it is kept: its turn comes again. */
static bool
retired(struct bnc_output *out)
{
    bool named = out->role == BNC_ROLE_PART || out->role == BNC_ROLE_SLOT;
    if (named && out->retired_ms == 0) {
        bnc_output_retired(out, now_ms(out) + 1); /* never 0 */
        bnc_queue_forget(&out->item);             /* it failed to be written */
        bnc_output_retire(out->of);               /* there may be too many now */
    }
    int64_t keep_ms = bnc_output_keep_ms(out);
    if (keep_ms > 0) {
        bnc_queue_forget(&out->item); /* of a deletion that is not due any more */
        bnc_output_turn_in(out, keep_ms);
    }
    return keep_ms > 0;
}

static void
send_write(struct bnc_output *out)
{
    struct bnc_publisher *publisher = out->publisher;
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
        out->sent_sum = out->body_sum;
    }
    out->in_flight = true;
    out->told = false;
    out->deleting = !apply;
    out->last_write_ms = now_ms(out);
    bnc_source_write(publisher->options.source, &write, on_written, out);
}

static void
pause_loop(struct bnc_output *out)
{
    out->reason = BNC_REASON_APPLY_LOOP;
    (void)snprintf(out->message, sizeof(out->message),
                   "somebody else rewrites %s %s/%s again and again",
                   bnc_kind_info(out->kind)->name, out->ns, out->name);
    out->window_writes = 0;
    bnc_output_turn_in(out, BNC_LOOP_PAUSE_MS);
    bnc_output_changed(out->publisher);
}

enum step {
    STEP_LOOK,  /* something has changed since it was queued */
    STEP_LATER, /* it has another turn, or waits for others */
    STEP_SEND
};

static enum step
next_step(struct bnc_output *out)
{
    if (!out->known || undecided(out) || bnc_output_done(out) || !may_touch(out) ||
        must_yield(out)) {
        return STEP_LOOK;
    }
    if (bnc_output_must_wait(out)) {
        bnc_output_wait(out);
        return STEP_LATER;
    }
    int64_t wait_ms = bnc_slot_wait_ms(out);
    if (wait_ms > 0) {
        bnc_output_turn_in(out, wait_ms);
        return STEP_LATER;
    }
    if (!out->wanted && retired(out)) {
        return STEP_LATER;
    }
    if (out->wanted && loops(out)) {
        pause_loop(out);
        return STEP_LATER;
    }
    return STEP_SEND;
}

void
bnc_output_work(void *arg)
{
    struct bnc_publisher *publisher = arg;
    for (size_t i = 0; i < SLICE; i++) {
        struct bnc_output *out = (struct bnc_output *)bnc_queue_get(publisher->queue);
        if (out == NULL) {
            return;
        }
        enum step step = next_step(out);
        if (step == STEP_SEND) {
            send_write(out);
            bnc_output_tally(out);
            continue; /* it is worked on until the answer comes */
        }
        bnc_queue_done(publisher->queue, &out->item);
        if (step == STEP_LOOK) {
            bnc_output_consider(out);
        } else {
            bnc_output_tally(out);
        }
    }
}

/* Nothing has to be written.  What is gone is forgotten once that is sure. */
static void
settle(struct bnc_output *out)
{
    int64_t age_ms = now_ms(out) - out->unsure_ms;
    bool unsure = out->unsure_ms != 0 && age_ms < UNSURE_MS && !out->exists;

    bnc_output_rest(out);
    out->reason = BNC_REASON_NONE;
    if (out->wanted) {
        bnc_output_tally(out);
    } else if (unsure && !out->orphan) {
        bnc_output_turn_in(out, UNSURE_MS - age_ms);
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
    bnc_output_rest(out);
    out->reason = BNC_REASON_OUTPUT_TAKEN;
    bnc_output_tally(out);
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

/* It has to be written: a little after the change, or after the write before. */
static void
plan_write(struct bnc_output *out)
{
    bool kept = out->retired_ms != 0 && out->item.failures == 0;
    bool given_up = !out->wanted && out->reason == BNC_REASON_APPLY_LOOP;
    if (given_up) { /* whoever rewrites it: it goes */
        out->reason = BNC_REASON_NONE;
    } else if (bnc_queue_pending(&out->item) && !(kept && bnc_output_keep_ms(out) == 0)) {
        bnc_output_tally(out);
        return;
    }
    int64_t delay = out->last_write_ms + BNC_NEXT_WRITE_MS - now_ms(out);
    bool first = out->last_write_ms == 0 || delay < BNC_FIRST_WRITE_MS;
    bnc_output_turn_in(out, first ? BNC_FIRST_WRITE_MS : delay);
}

void
bnc_output_consider(struct bnc_output *out)
{
    if (out->in_flight || !out->known || undecided(out)) {
        bnc_output_tally(out);
        return;
    }
    bool done = bnc_output_done(out);
    bool taken = !done && (!may_touch(out) || must_yield(out));
    if (out->reason == BNC_REASON_OUTPUT_TAKEN && !taken) {
        out->reason = BNC_REASON_NONE;
    }
    if (done) {
        settle(out);
    } else if (taken) {
        tell_taken(out);
    } else {
        plan_write(out);
    }
}
