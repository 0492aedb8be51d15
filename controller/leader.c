#include "controller/leader.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/log.h"
#include "lib/time.h"

#define GRACE_MS      20000 /* a Lease that is over, until healthz fails: kubelet's turn */
#define RELEASE_MS    5000
#define CALL_MIN_MS   1000
#define WRITE_MAX_MS  4000
#define LEASE_MAX_MS  (INT64_C(3600) * 1000)
#define RELEASED_S    1 /* the leaseDurationSeconds of a Lease that was given away */
#define HOLDER_MAX    256
#define JITTER_PARTS  1000 /* of the retry period: it is drawn in such steps */
#define JITTER_FACTOR 1200 /* of them: up to 1.2 periods more */

enum phase { PHASE_NEW, PHASE_WAITING, PHASE_LEADING, PHASE_RELEASING, PHASE_ENDED };

/* What the request under way is. */
enum step {
    STEP_FAST, /* a renewal on the version that we know */
    STEP_READ,
    STEP_TAKE /* a renewal, or more, on what was read just now */
};

struct bnc_leader {
    struct bnc_leader_options options;
    struct bnc_arena *arena; /* its texts */
    struct bnc_lease *lease;
    struct bnc_timer *retry;
    struct bnc_timer *deadline; /* while leading: loss; while releasing: enough */
    enum phase phase;
    enum step step;
    int64_t sent_ms;    /* of the write under way; all times are those of boot_ms */
    int64_t renewed_ms; /* when the last renewal that went well was sent */

    bool known;   /* the Lease was there when we looked last */
    char *record; /* as it was then */
    char holder[HOLDER_MAX];
    int64_t record_s; /* its leaseDurationSeconds */
    int64_t transitions;
    int64_t observed_ms; /* when this record was first seen here */
    char acquired[BNC_TIME_MAX];
    uint64_t slow;
    bool failing; /* said in the log already */
};

/* ---- rules ---------------------------------------------------------------------- */

enum bnc_code
bnc_leader_check(const struct bnc_leader_times *times, struct bnc_error *err)
{
    if (times->retry_ms < 100) {
        return bnc_fail(err, BNC_INVALID, "--leader-elect-retry-period: at least 100ms");
    }
    if (times->lease_ms % 1000 != 0 || times->lease_ms < 2000 ||
        times->lease_ms > LEASE_MAX_MS) {
        return bnc_fail(err, BNC_INVALID,
                        "--leader-elect-lease-duration: whole seconds, 2s to 1h");
    }
    if (times->deadline_ms * 10 <= times->retry_ms * 12) {
        return bnc_fail(err, BNC_INVALID,
                        "--leader-elect-renew-deadline is %lldms: it has to be over 1.2 "
                        "times --leader-elect-retry-period, over %lldms",
                        (long long)times->deadline_ms,
                        (long long)times->retry_ms * 12 / 10);
    }
    if (times->deadline_ms + 1000 > times->lease_ms) {
        return bnc_fail(
            err, BNC_INVALID,
            "--leader-elect-lease-duration is %llds: it has to be at least 1s "
            "over --leader-elect-renew-deadline, %lldms or more",
            (long long)(times->lease_ms / 1000), (long long)times->deadline_ms + 1000);
    }
    return BNC_OK;
}

int64_t
bnc_leader_write_timeout_ms(const struct bnc_leader_times *times)
{
    int64_t most = (times->lease_ms - times->deadline_ms) * 4 / 5;
    return most < WRITE_MAX_MS ? most : WRITE_MAX_MS;
}

/* One that hangs must not cost the Lease. */
static int64_t
call_timeout_ms(const struct bnc_leader_times *times)
{
    int64_t half = times->deadline_ms / 2;
    return half > CALL_MIN_MS ? half : CALL_MIN_MS;
}

/*
 * How long after it was first seen a record keeps others from leading.  0 only for one
 * that was given away; if somebody empties the holder by hand, or shortens the time, or
 * deletes the Lease, then the leader may still write until it sees that.
 */
static int64_t
guard_ms(const struct bnc_leader *leader)
{
    if (leader->record == NULL ||
        (leader->holder[0] == '\0' && leader->record_s <= RELEASED_S)) {
        return 0;
    }
    int64_t record_ms = leader->record_s * 1000;
    int64_t own_ms = leader->options.times.lease_ms;
    return record_ms > own_ms ? record_ms : own_ms;
}

/* Milliseconds until it may be taken; 0: now. */
static int64_t
left_ms(const struct bnc_leader *leader, int64_t now)
{
    int64_t until = leader->observed_ms + guard_ms(leader);
    return until > now ? until - now : 0;
}

static bool
is_ours(const struct bnc_leader *leader)
{
    return strcmp(leader->holder, leader->options.identity) == 0;
}

/* ---- life ------------------------------------------------------------------------ */

static int64_t
now_of(const struct bnc_leader *leader)
{
    return bnc_world_boot_ms(leader->options.world);
}

static void
end(struct bnc_leader *leader)
{
    leader->phase = PHASE_ENDED;
    bnc_lease_cancel(leader->lease);
    bnc_timer_stop(leader->retry);
    bnc_timer_stop(leader->deadline);
}

static void
lose(struct bnc_leader *leader, const char *why)
{
    end(leader);
    BNC_LOG(BNC_LEVEL_ERROR, "leader election lost", BNC_KV("why", why),
            BNC_KV("lease", leader->options.name),
            BNC_KV("identity", leader->options.identity),
            BNC_KV("holder", leader->holder));
    leader->options.lost(leader->options.arg, why);
}

/* Timers do not count suspends: it is looked at again whenever somebody asks. */
static void
set_deadline(struct bnc_leader *leader)
{
    int64_t left =
        leader->renewed_ms + leader->options.times.deadline_ms - now_of(leader);
    bnc_timer_set(leader->deadline, left > 0 ? left : 0);
}

static void
finish_release(struct bnc_leader *leader)
{
    end(leader);
    leader->options.released(leader->options.arg);
}

static bool
too_late(const struct bnc_leader *leader)
{
    return now_of(leader) - leader->renewed_ms >= leader->options.times.deadline_ms;
}

static void
on_deadline(void *arg)
{
    struct bnc_leader *leader = arg;
    if (leader->phase == PHASE_RELEASING) {
        if (bnc_lease_busy(leader->lease) || bnc_timer_pending(leader->retry)) {
            BNC_LOG(BNC_LEVEL_WARN, "lease not released in time",
                    BNC_KV("lease", leader->options.name));
        }
        finish_release(leader);
    } else if (leader->phase == PHASE_LEADING && too_late(leader)) {
        lose(leader, "the Lease was not renewed within the deadline");
    } else if (leader->phase == PHASE_LEADING) {
        set_deadline(leader);
    }
}

static void
try_later(struct bnc_leader *leader)
{
    int64_t period = leader->options.times.retry_ms;
    uint64_t random = bnc_world_random(leader->options.world);
    if (leader->phase != PHASE_WAITING) {
        bnc_timer_set(leader->retry, period);
        return;
    }
    int64_t delay =
        period + period * (int64_t)(random % (JITTER_FACTOR + 1)) / JITTER_PARTS;
    int64_t left = left_ms(leader, now_of(leader));
    if (left > 0 && left < delay) { /* not a period late, and not all at once */
        delay = left + period * (int64_t)(random % 100) / JITTER_PARTS;
    }
    bnc_timer_set(leader->retry, delay);
}

/* ---- the Lease -------------------------------------------------------------------- */

static void
observe(struct bnc_leader *leader, const struct bnc_lease_record *record, int64_t at_ms)
{
    leader->known = true;
    leader->transitions = record->transitions;
    if (bnc_str_eq(leader->record, record->everything)) {
        return;
    }
    if (leader->phase != PHASE_LEADING &&
        strncmp(leader->holder, record->holder, HOLDER_MAX - 1) != 0) {
        BNC_LOG(BNC_LEVEL_INFO, "standing by", BNC_KV("lease", leader->options.name),
                BNC_KV("holder", record->holder));
    }
    free(leader->record);
    leader->record = bnc_strdup(record->everything);
    (void)snprintf(leader->holder, HOLDER_MAX, "%s", record->holder);
    (void)snprintf(leader->acquired, sizeof(leader->acquired), "%s", record->acquired);
    leader->record_s = record->duration_s < 0 ? 0 : record->duration_s;
    leader->observed_ms = at_ms;
}

/* Renew, or take, or (while releasing) give away. */
static void
write_record(struct bnc_leader *leader, enum step step)
{
    bool release = leader->phase == PHASE_RELEASING;
    bool keeps = release || (leader->known && is_ours(leader));
    char now[BNC_TIME_MAX];
    struct bnc_lease_record record = {
        .holder = release ? "" : leader->options.identity,
        .duration_s = release ? RELEASED_S : leader->options.times.lease_ms / 1000,
        .transitions = leader->transitions + (leader->known && !keeps ? 1 : 0),
        .acquired = keeps && !release ? leader->acquired : now,
        .renewed = now,
    };
    bnc_time_text(bnc_world_wall_ms(leader->options.world), 6, now);
    leader->step = step;
    leader->sent_ms = now_of(leader);
    bnc_lease_write(leader->lease, &record);
}

static void
read_record(struct bnc_leader *leader)
{
    leader->step = STEP_READ;
    bnc_lease_read(leader->lease);
}

static void
try(void *arg)
{
    struct bnc_leader *leader = arg;
    if (leader->phase == PHASE_LEADING && too_late(leader)) {
        lose(leader, "the Lease was not renewed within the deadline");
    } else if (leader->phase == PHASE_LEADING && leader->known) {
        write_record(leader, STEP_FAST);
    } else {
        read_record(leader);
    }
}

static void
on_renewed(struct bnc_leader *leader, const struct bnc_lease_record *record)
{
    bool first = leader->phase == PHASE_WAITING;
    /* as of when it was sent: others may have seen it from then on */
    observe(leader, record, leader->sent_ms);
    leader->renewed_ms = leader->sent_ms;
    leader->phase = PHASE_LEADING;
    leader->failing = false;
    set_deadline(leader);
    try_later(leader);
    if (first && !too_late(leader)) {
        BNC_LOG(BNC_LEVEL_INFO, "became leader", BNC_KV("lease", leader->options.name),
                BNC_KV("identity", leader->options.identity));
        leader->options.acquired(leader->options.arg);
    }
}

/* Nothing is there, or nothing that keeps us away. */
static void
take_when_free(struct bnc_leader *leader)
{
    bool ours = leader->phase != PHASE_WAITING && leader->known && is_ours(leader);
    bool deleted = leader->phase == PHASE_LEADING && !leader->known;
    bool emptied = leader->phase == PHASE_LEADING && leader->holder[0] == '\0';

    if (leader->phase == PHASE_RELEASING && !ours) {
        finish_release(leader); /* somebody else has it, or there is none */
    } else if (leader->phase == PHASE_LEADING && !ours && !deleted && !emptied) {
        lose(leader, "the Lease is held by another one");
    } else if (leader->phase == PHASE_WAITING && left_ms(leader, now_of(leader)) > 0) {
        try_later(leader);
    } else {
        write_record(leader, STEP_TAKE);
    }
}

/* Once, until it goes well again. */
static void
tell_failure(struct bnc_leader *leader, const char *what, const struct bnc_error *err)
{
    enum bnc_level level = leader->failing ? BNC_LEVEL_DEBUG : BNC_LEVEL_WARN;
    leader->failing = true;
    BNC_LOG(level, what, BNC_KV("lease", leader->options.name),
            BNC_KV("error", err->message));
}

static void
on_read(struct bnc_leader *leader, const struct bnc_error *err,
        const struct bnc_lease_record *record)
{
    if (err->code == BNC_OK) {
        leader->failing = false;
        observe(leader, record, now_of(leader));
        take_when_free(leader);
    } else if (err->code == BNC_NOT_FOUND) {
        leader->known = false;
        take_when_free(leader);
    } else {
        tell_failure(leader, "lease not read", err);
        try_later(leader);
    }
}

static void
on_failed(struct bnc_leader *leader, const struct bnc_error *err)
{
    tell_failure(leader, "lease not written", err);
    if (leader->step == STEP_FAST) {
        leader->slow++;
        read_record(leader);
    } else {
        try_later(leader);
    }
}

/* One read and one write more: by then a renewal of ours that came between is known. */
static void
on_release_answer(struct bnc_leader *leader, const struct bnc_error *err,
                  const struct bnc_lease_record *record)
{
    if (leader->step == STEP_READ) {
        on_read(leader, err, record);
    } else if (err->code == BNC_OK) {
        BNC_LOG(BNC_LEVEL_INFO, "lease released", BNC_KV("lease", leader->options.name));
        finish_release(leader);
    } else {
        read_record(leader);
    }
}

static void
on_answer(void *arg, const struct bnc_error *err, const struct bnc_lease_record *record)
{
    struct bnc_leader *leader = arg;
    if (leader->phase == PHASE_LEADING && too_late(leader)) {
        lose(leader, "the Lease was not renewed within the deadline");
    } else if (leader->phase == PHASE_RELEASING) {
        on_release_answer(leader, err, record);
    } else if (leader->step == STEP_READ) {
        on_read(leader, err, record);
    } else if (err->code == BNC_OK) {
        on_renewed(leader, record);
    } else {
        on_failed(leader, err);
    }
}

/* ---- public ----------------------------------------------------------------------- */

struct bnc_leader *
bnc_leader_new(const struct bnc_leader_options *options)
{
    struct bnc_leader *leader = bnc_alloc(sizeof(*leader));
    leader->options = *options;
    leader->arena = bnc_arena_new();
    leader->options.ns = bnc_arena_strdup(leader->arena, options->ns);
    leader->options.name = bnc_arena_strdup(leader->arena, options->name);
    leader->options.identity = bnc_arena_strdup(leader->arena, options->identity);
    leader->retry = bnc_timer_new(options->world, try, leader);
    leader->deadline = bnc_timer_new(options->world, on_deadline, leader);
    leader->lease = bnc_lease_new(
        &(struct bnc_lease_options){.kube = options->kube,
                                    .ns = options->ns,
                                    .name = options->name,
                                    .timeout_ms = call_timeout_ms(&options->times)},
        on_answer, leader);
    return leader;
}

void
bnc_leader_free(struct bnc_leader *leader)
{
    if (leader == NULL) {
        return;
    }
    bnc_lease_free(leader->lease);
    bnc_timer_free(leader->retry);
    bnc_timer_free(leader->deadline);
    free(leader->record);
    bnc_arena_free(leader->arena);
    free(leader);
}

const char *
bnc_leader_identity(struct bnc_world *world, const char *host, struct bnc_arena *arena)
{
    uint64_t high = bnc_world_random(world);
    uint64_t low = bnc_world_random(world);
    high = (high & ~UINT64_C(0xf000)) | UINT64_C(0x4000); /* RFC 9562: version 4 */
    low = (low & ~(UINT64_C(3) << 62)) | (UINT64_C(1) << 63);
    return bnc_arena_fmt(
        arena, "%.200s_%08llx-%04llx-%04llx-%04llx-%012llx", host,
        (unsigned long long)(high >> 32), (unsigned long long)(high >> 16 & 0xffff),
        (unsigned long long)(high & 0xffff), (unsigned long long)(low >> 48),
        (unsigned long long)(low & UINT64_C(0xffffffffffff)));
}

void
bnc_leader_start(struct bnc_leader *leader)
{
    leader->phase = PHASE_WAITING;
    read_record(leader);
}

void
bnc_leader_release(struct bnc_leader *leader)
{
    if (leader->phase == PHASE_ENDED || leader->phase == PHASE_RELEASING) {
        return;
    }
    bool held = leader->phase == PHASE_LEADING && leader->known;
    end(leader);
    if (!held) {
        bnc_timer_set(leader->deadline, 0); /* never inside the call */
        leader->phase = PHASE_RELEASING;
        return;
    }
    leader->phase = PHASE_RELEASING;
    bnc_timer_set(leader->deadline, RELEASE_MS);
    write_record(leader, STEP_FAST);
}

bool
bnc_leader_may_write(struct bnc_leader *leader)
{
    if (leader->phase != PHASE_LEADING) {
        return false;
    }
    if (too_late(leader)) {
        bnc_timer_set(leader->deadline, 0);
        return false;
    }
    return true;
}

struct bnc_leader_state
bnc_leader_state_get(const struct bnc_leader *leader)
{
    bool leads = leader->phase == PHASE_LEADING;
    int64_t age = now_of(leader) - leader->renewed_ms;
    return (struct bnc_leader_state){
        .leads = leads && !too_late(leader),
        .healthy = !leads || age <= leader->options.times.lease_ms + GRACE_MS,
        .slow = leader->slow,
        .holder = leader->known ? leader->holder : "",
    };
}
