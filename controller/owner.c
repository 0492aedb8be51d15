/*
 * What an Observatory has, counted: who has to wait for whom is then known without
 * looking at all the others, and who waited is told when that ends.
 */
#include <stdlib.h>
#include <string.h>

#include "controller/output.h"

struct bnc_owner *
bnc_owner_get(struct bnc_publisher *publisher, const char *name)
{
    struct bnc_owner *owner = bnc_map_get(publisher->owners, name);
    if (owner == NULL) {
        owner = bnc_alloc(sizeof(*owner));
        owner->name = bnc_strdup(name);
        TAILQ_INIT(&owner->all);
        TAILQ_INIT(&owner->waiting);
        TAILQ_INIT(&owner->retired);
        (void)bnc_map_put(publisher->owners, name, owner);
    }
    return owner;
}

struct bnc_owner *
bnc_owner_set(const struct bnc_publisher *publisher, const char *name)
{
    struct bnc_owner *owner = bnc_map_get(publisher->owners, name);
    return owner == NULL || !owner->set ? NULL : owner;
}

void
bnc_owner_release(struct bnc_publisher *publisher, struct bnc_owner *owner)
{
    if (!owner->set && TAILQ_EMPTY(&owner->all)) {
        (void)bnc_map_take(publisher->owners, owner->name);
        free(owner->items);
        free(owner->name);
        free(owner);
    }
}

/* ---- counting ------------------------------------------------------------------ */

static unsigned
bit(enum bnc_tally tally, bool is)
{
    return is ? 1U << tally : 0;
}

static unsigned
facts_of(const struct bnc_output *out)
{
    bool undone = out->wanted && !bnc_output_done(out);
    bool root = out->role == BNC_ROLE_ROOT;
    bool beside = out->role == BNC_ROLE_BESIDE;
    bool file = !root && !beside;
    bool taken = out->reason == BNC_REASON_OUTPUT_TAKEN;
    bool turn = bnc_queue_pending(&out->item) && out->retired_ms == 0;
    bool there = out->known ? out->exists && out->ours : out->reason == BNC_REASON_NONE;
    return bit(BNC_TALLY_FILES, undone && file) | bit(BNC_TALLY_ROOTS, undone && root) |
           bit(BNC_TALLY_BESIDE, undone && beside && !taken) |
           bit(BNC_TALLY_TAKEN_FILES, undone && file && taken) |
           bit(BNC_TALLY_TAKEN_ROOTS, undone && root && taken) |
           bit(BNC_TALLY_OLD_ROOTS, root && !out->wanted && !out->orphan && there) |
           bit(BNC_TALLY_BUSY, out->in_flight || !out->known || turn) |
           bit(BNC_TALLY_FAILING, out->reason == BNC_REASON_WRITE_FAILED);
}

/* Those who waited look for themselves whether they still have to. */
static void
wake(struct bnc_owner *owner)
{
    struct bnc_output *out;
    while ((out = TAILQ_FIRST(&owner->waiting)) != NULL) {
        bnc_output_turn_in(out, 0);
    }
}

static void
count(struct bnc_output *out, unsigned facts)
{
    bool ended = false;
    unsigned differ = facts ^ out->counted;
    out->counted = facts;
    for (size_t i = 0; differ != 0; i++, differ >>= 1, facts >>= 1) {
        if ((differ & 1) != 0) {
            size_t more = (facts & 1) != 0 ? 1 : (size_t)-1;
            out->of->counts[i] += more;
            out->publisher->counts[i] += more;
            ended = ended || (i <= BNC_TALLY_OLD_ROOTS && out->of->counts[i] == 0);
        }
    }
    if (ended) {
        wake(out->of);
    }
}

void
bnc_output_tally(struct bnc_output *out)
{
    count(out, facts_of(out));
}

void
bnc_output_untally(struct bnc_output *out)
{
    count(out, 0);
}

bool
bnc_publisher_counts(const struct bnc_publisher *publisher)
{
    size_t counts[BNC_TALLY_COUNT] = {0};
    size_t at = 0;
    void *value = NULL;
    while (bnc_map_next(publisher->outputs, &at, NULL, &value)) {
        unsigned facts = facts_of(value);
        if (facts != ((const struct bnc_output *)value)->counted) {
            return false;
        }
        for (size_t i = 0; i < BNC_TALLY_COUNT; i++) {
            counts[i] += facts >> i & 1;
        }
    }
    return memcmp(counts, publisher->counts, sizeof(counts)) == 0;
}

/* ---- who waits for whom -------------------------------------------------------- */

/* An old root may still name it. */
static bool
is_named(const struct bnc_output *out)
{
    return !out->wanted && !out->dropped && out->role != BNC_ROLE_ROOT &&
           out->of->counts[BNC_TALLY_OLD_ROOTS] > 0;
}

/*
 * Files are written before the configuration that names them, and deleted after it no
 * longer does.  The configuration, and what stands beside it, do not wait for each other.
 */
bool
bnc_output_must_wait(const struct bnc_output *out)
{
    const size_t *counts = out->of->counts;
    if (out->wanted) {
        return out->role == BNC_ROLE_ROOT && counts[BNC_TALLY_FILES] > 0;
    }
    if (is_named(out)) {
        return true;
    }
    return out->role == BNC_ROLE_BESIDE
               ? counts[BNC_TALLY_BESIDE] > 0
               : counts[BNC_TALLY_FILES] + counts[BNC_TALLY_ROOTS] > 0;
}

bool
bnc_output_waits_for_others(const struct bnc_output *out)
{
    const size_t *counts = out->of->counts;
    bool roots = !out->wanted && counts[BNC_TALLY_TAKEN_ROOTS] > 0;
    bool before = out->role != BNC_ROLE_BESIDE || is_named(out); /* by way of that root */
    return before && (counts[BNC_TALLY_TAKEN_FILES] > 0 || roots);
}

static void
wait_no_more(struct bnc_output *out)
{
    if (out->waits) {
        TAILQ_REMOVE(&out->of->waiting, out, waiting);
        out->waits = false;
    }
}

void
bnc_output_wait(struct bnc_output *out)
{
    if (!out->waits) {
        TAILQ_INSERT_TAIL(&out->of->waiting, out, waiting);
        out->waits = true;
    }
}

void
bnc_output_turn_in(struct bnc_output *out, int64_t delay_ms)
{
    wait_no_more(out);
    bnc_queue_add_after(out->publisher->queue, &out->item,
                        out->wanted ? BNC_QUEUE_HIGH : BNC_QUEUE_LOW, delay_ms);
    bnc_output_tally(out);
}

void
bnc_output_rest(struct bnc_output *out)
{
    wait_no_more(out);
    bnc_queue_drop(out->publisher->queue, &out->item);
}

void
bnc_output_retired(struct bnc_output *out, int64_t retired_ms)
{
    if (out->retired_ms != 0) {
        TAILQ_REMOVE(&out->of->retired, out, retired);
    }
    out->retired_ms = retired_ms;
    if (retired_ms != 0) {
        TAILQ_INSERT_TAIL(&out->of->retired, out, retired);
    }
}

/* Nobody is told of what waits for somebody else: it may be for ever. */
bool
bnc_publisher_idle(const struct bnc_publisher *publisher)
{
    size_t at = 0;
    void *value = NULL;
    if (publisher->counts[BNC_TALLY_BUSY] > 0) {
        return false;
    }
    while (bnc_map_next(publisher->owners, &at, NULL, &value)) {
        const struct bnc_owner *owner = value;
        const struct bnc_output *out;
        TAILQ_FOREACH(out, &owner->waiting, waiting)
        {
            if (!bnc_output_waits_for_others(out)) {
                return false;
            }
        }
    }
    return true;
}
