/*
 * Desired against live: applies what differs, deletes what is no longer wanted,
 * leaves what is not ours, and knows what is published.
 */
#ifndef BNC_CONTROLLER_PUBLISH_H
#define BNC_CONTROLLER_PUBLISH_H

#include "controller/engine.h"
#include "controller/queue.h"
#include "net/world.h"
#include "source/source.h"

#define BNC_FIRST_WRITE_MS 20    /* after the change that asks for it */
#define BNC_NEXT_WRITE_MS  150   /* after the write before, while more comes */
#define BNC_LOOP_WRITES    5     /* equal writes to one object ... */
#define BNC_LOOP_WINDOW_MS 60000 /* ... in this time: somebody else rewrites it */
#define BNC_LOOP_PAUSE_MS  300000

#define BNC_SLOT_LEAD_MS 5000  /* from the last slot to the root that names its file; */
#define BNC_SLOT_MOST_MS 15000 /* from the first one, while more and more come */

/* A part that nothing names any more stays for who read the root before ... */
#define BNC_RETIRED_MS  900000 /* ... so long, unless all who report have moved on, */
#define BNC_RETIRED_MAX 64     /* or so many are newer */

struct bnc_publisher; /* opaque */

/* What became of an Observatory's objects. */
struct bnc_publication {
    bool published;         /* all are as desired */
    enum bnc_reason reason; /* why not: WAITING, OUTPUT_TAKEN, WRITE_FAILED, APPLY_LOOP */
    const char *message;    /* borrowed until the next call */
};

struct bnc_publisher_options {
    struct bnc_world *world;
    struct bnc_source *source;
    void (*changed)(void *arg); /* a publication may read differently now */
    void *arg;
    uint64_t *writes; /* counter of successful writes, for /metrics; may be NULL */
};

struct bnc_publisher *bnc_publisher_new(const struct bnc_publisher_options *options);
void bnc_publisher_free(struct bnc_publisher *publisher); /* NULL is ignored */
BNC_DEFINE_AUTO(bnc_publisher);

/*
 * What Observatory `owner` ("NS/NAME") wants now, in this order of writing.
 * Everything is copied.  What it wanted before and no longer does is deleted.
 */
void bnc_publisher_set(struct bnc_publisher *publisher, const char *owner,
                       const struct bnc_desired *desired, size_t n);

/*
 * True: everybody who reports has loaded what `owner` wants now.  Parts of before are
 * then deleted at once.
 */
void
bnc_publisher_loaded(struct bnc_publisher *publisher, const char *owner, bool loaded);

/*
 * True when the roots of these are published, and were at `wall_ms`, of which whole
 * seconds count: what was said before that may be about an earlier time.
 */
bool bnc_publisher_stood(const struct bnc_publisher *publisher, const char *owner,
                         const struct bnc_desired *desired, size_t n, int64_t wall_ms);

/* An object that an earlier life of this process wrote. */
struct bnc_claimed {
    enum bnc_kind kind;
    const char *ns;
    const char *name;
    bool orphan;  /* to be left alone, not deleted */
    bool dropped; /* its owner goes: no result will decide */
};

/* Follow it; unless the owner's next set wants it, it is deleted. */
void bnc_publisher_claim(struct bnc_publisher *publisher, const char *owner,
                         const struct bnc_claimed *claimed);

/* Every object of `owner` that is followed, wanted or still to be deleted. */
typedef void (*bnc_output_fn)(void *arg, enum bnc_kind kind, const char *ns,
                              const char *name);
void bnc_publisher_each(const struct bnc_publisher *publisher, const char *owner,
                        bnc_output_fn fn, void *arg);

/* The Observatory is gone, or goes: what it wanted is deleted, or left alone. */
void bnc_publisher_drop(struct bnc_publisher *publisher, const char *owner, bool orphan);

/* True when no object is left that belongs to `owner`. */
bool bnc_publisher_released(const struct bnc_publisher *publisher, const char *owner);

/* Owners that have a set, to find those that are gone: `*at` from 0, NULL at the end. */
const char *bnc_publisher_next(const struct bnc_publisher *publisher, size_t *at);

/* An object's live metadata, from the source; NULL: it does not exist. */
void
bnc_publisher_output(struct bnc_publisher *publisher, enum bnc_kind kind, const char *ns,
                     const char *name, const struct bnc_pruned *metadata);

/* The source cannot read (code, text), or can again (BNC_OK), one of our objects. */
void bnc_publisher_trouble(struct bnc_publisher *publisher, enum bnc_kind kind,
                           const char *ns, const char *name, const struct bnc_error *err);

/* Why nothing of `owner` is written at all, while it has no set; NULL: no longer. */
void bnc_publisher_blame(struct bnc_publisher *publisher, const char *owner,
                         const char *message);

/* Why a write fails, of the first object that has such trouble; NULL: none. */
const char *bnc_publisher_failure(const struct bnc_publisher *publisher);

struct bnc_publication
bnc_publisher_state(const struct bnc_publisher *publisher, const char *owner);

/* True when no write waits or is under way. */
bool bnc_publisher_idle(const struct bnc_publisher *publisher);

/* Of writes, for /metrics. */
void
bnc_publisher_queue(const struct bnc_publisher *publisher, struct bnc_queue_stats *out);

/* True when what is counted is what a look at every output gives; for tests. */
bool bnc_publisher_counts(const struct bnc_publisher *publisher);

/*
 * True when `managed_fields` (of metadata) say that this field manager owns every label,
 * annotation, data key and field of spec of the intent `body`: nobody has changed one
 * since we applied it (server-side apply, KEP-555).
 */
bool bnc_managed_covers(struct bnc_bytes managed_fields, const char *manager,
                        struct bnc_bytes body);
/* True when it owns a key of data or binaryData with this ending. */
bool bnc_managed_has_key(struct bnc_bytes managed_fields, const char *manager,
                         const char *ending);

#endif
