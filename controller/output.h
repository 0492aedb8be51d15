/*
 * What the publisher's files share: one object that we write, from what is
 * desired and what is live to what has to be done.
 */
#ifndef BNC_CONTROLLER_OUTPUT_H
#define BNC_CONTROLLER_OUTPUT_H

#include <sys/queue.h>

#include "controller/publish.h"
#include "controller/queue.h"
#include "lib/map.h"

#define BNC_OUTPUT_KEY_MAX 1024

/* What has to be known of slots and their roots (slot.c). */
struct bnc_slotting {
    /* of a slot */
    size_t number;
    char *root;    /* name */
    char *fields;  /* managedFields of the live one; of others: until they are judged */
    char *file;    /* as it is wanted */
    char *held[2]; /* what each manager wrote since */
    bool second;   /* the write under way is by the second one */
    /* of a root: BNC_ANNOTATION_SLOTS */
    char *named;       /* of the live one */
    char *wanted;      /* as it has to be */
    char *sent;        /* of both: `wanted` or `file` as it was sent */
    int64_t unsure_ms; /* when it was not said whether that was carried out; 0: it was */
};

/* What is counted of outputs, so that nobody has to look at all of them (owner.c). */
enum bnc_tally {
    BNC_TALLY_FILES,       /* of a set, not as desired yet: neither root nor beside, */
    BNC_TALLY_ROOTS,       /* roots, */
    BNC_TALLY_BESIDE,      /* beside, and nobody else's */
    BNC_TALLY_TAKEN_FILES, /* those of the first two that are somebody else's */
    BNC_TALLY_TAKEN_ROOTS,
    BNC_TALLY_OLD_ROOTS, /* no longer wanted, and there, or maybe there */
    BNC_TALLY_BUSY,      /* a write waits or is under way */
    BNC_TALLY_FAILING,
    BNC_TALLY_COUNT
};

/* One object that we write. */
struct bnc_output {
    struct bnc_queue_item item; /* first: an item is an output */
    struct bnc_publisher *publisher;
    struct bnc_output *next; /* the same object, for another owner (twins.c) */
    enum bnc_kind kind;
    char *ns;
    char *name;
    struct bnc_owner *of;
    const char *owner;               /* "NS/NAME" of its Observatory, the owner's */
    TAILQ_ENTRY(bnc_output) all;     /* of its owner */
    TAILQ_ENTRY(bnc_output) waiting; /* for others of its owner; linked while `waits` */
    TAILQ_ENTRY(bnc_output) retired; /* linked while `retired_ms` */
    unsigned counted;                /* bits of enum bnc_tally */
    bool waits;
    char *body; /* the intent */
    size_t body_len;
    char hash[BNC_HASH_TEXT_MAX];
    uint64_t body_sum; /* of all of it: the hash is of the content alone */
    enum bnc_role role;
    struct bnc_slotting slot;
    bool wanted;        /* false: to be deleted, */
    bool orphan;        /* or just forgotten */
    bool dropped;       /* its owner is gone or goes */
    bool marked;        /* in the set that is being made */
    int64_t retired_ms; /* a part: since when nothing names it; 0: it is named */

    /* what is known of the live one */
    bool known;
    bool exists;
    bool ours;    /* it says so itself */
    bool adopted; /* it is labelled for us to take */
    char *writer; /* what it says: "NS/NAME" of an Observatory, */
    char *adopter;
    char live_hash[BNC_HASH_TEXT_MAX];
    int64_t live_ms;   /* wall clock: since when it is known to have that */
    uint64_t live_sum; /* `body_sum` as written last; before that, of the first intent */
    bool drifted;      /* somebody changed a field of ours */
    char *uid;
    char *resource_version;

    /* writing */
    bool in_flight;
    bool told; /* of the live one, since that was sent */
    bool deleting;
    bool remake;       /* immutable, with other content: it has to go first */
    int64_t unsure_ms; /* when it was not said whether a write was carried out */
    char sent_hash[BNC_HASH_TEXT_MAX];
    uint64_t sent_sum;
    int64_t last_write_ms;
    int64_t window_ms;      /* when the current window of equal writes began */
    unsigned window_writes; /* that were carried out */
    enum bnc_reason reason;
    char message[BNC_ERROR_MAX];
};

TAILQ_HEAD(bnc_outputs, bnc_output);

/* An Observatory: its set, and all that it had and that is not gone yet. */
struct bnc_owner {
    char *name; /* "NS/NAME" */
    struct bnc_outputs all;
    struct bnc_outputs waiting; /* for the counts to change */
    struct bnc_outputs retired; /* in that order */
    size_t counts[BNC_TALLY_COUNT];
    bool set; /* it has one: */
    struct bnc_output **items;
    size_t n;
    int64_t slot_ms;       /* when a slot was written last; 0: none was */
    int64_t slot_first_ms; /* the first one that no root has followed; 0: none */
    bool loaded;           /* every reader that reports has it: older parts may go */
};

struct bnc_publisher {
    struct bnc_publisher_options options;
    struct bnc_map *outputs; /* "KIND/NS/NAME/OWNER" */
    struct bnc_map *objects; /* "KIND/NS/NAME" → the first of them */
    struct bnc_map *owners;  /* by name */
    struct bnc_map *blames;  /* owner → text */
    struct bnc_queue *queue; /* of outputs to be looked at or written */
    size_t counts[BNC_TALLY_COUNT];
};

/* The owner of this name, made when there is none. */
struct bnc_owner *bnc_owner_get(struct bnc_publisher *publisher, const char *name);
/* NULL: it has no set. */
struct bnc_owner *bnc_owner_set(const struct bnc_publisher *publisher, const char *name);
/* Free it if it has neither a set nor outputs. */
void bnc_owner_release(struct bnc_publisher *publisher, struct bnc_owner *owner);

/* It has changed: count it anew, and let those look again who waited for that. */
void bnc_output_tally(struct bnc_output *out);
/* It is freed next: it counts no more. */
void bnc_output_untally(struct bnc_output *out);
/* True while others of its owner have to be written, or deleted, before it. */
bool bnc_output_must_wait(const struct bnc_output *out);
/* True when one of these is somebody else's: that may take for ever. */
bool bnc_output_waits_for_others(const struct bnc_output *out);
/* It waits for them; look at it again when they have changed. */
void bnc_output_wait(struct bnc_output *out);
/* Its next turn, after `delay_ms` at the latest. */
void bnc_output_turn_in(struct bnc_output *out, int64_t delay_ms);
/* It has no turn for now. */
void bnc_output_rest(struct bnc_output *out);
/* Nothing names it from now on (0: something does). */
void bnc_output_retired(struct bnc_output *out, int64_t retired_ms);

void bnc_output_free(struct bnc_output *out);
/* "KIND/NS/NAME/OWNER"; of an object, whoever wants it, without one. */
void bnc_output_key(char key[BNC_OUTPUT_KEY_MAX], enum bnc_kind kind, const char *ns,
                    const char *name, const char *owner);
/* The one of this owner, made when there is none. */
struct bnc_output *bnc_output_get(struct bnc_publisher *publisher, enum bnc_kind kind,
                                  const char *ns, const char *name, const char *owner);
/* The first of an object, the others after it; NULL: nobody wants it. */
struct bnc_output *bnc_output_first(const struct bnc_publisher *publisher,
                                    enum bnc_kind kind, const char *ns, const char *name);
/* It is freed; the others are looked at again. */
void bnc_output_forget(struct bnc_output *out);
void bnc_output_wake_twins(const struct bnc_output *out);
/* Whose object it is, or is going to be; NULL: nobody's but ours. */
const struct bnc_output *bnc_output_rival(const struct bnc_output *out);
/* Whether it is ours, from what it says. */
void bnc_output_judge(struct bnc_output *out);
/* Replace a text that we own by a copy; NULL is allowed. */
void bnc_output_text(char **at, const char *text);

/* True when nothing has to be written (output.c). */
bool bnc_output_done(const struct bnc_output *out);
/* Look at it again after something changed: plan a write, or forget it. */
void bnc_output_consider(struct bnc_output *out);
/* Callback of the queue: write what is still right to be written. */
void bnc_output_work(void *arg); /* the publisher */
/* Look at the retired parts of an owner again (retire.c). */
void bnc_output_retire(struct bnc_owner *owner);
/* How long a retired part has to be kept from now; 0: it may go. */
int64_t bnc_output_keep_ms(const struct bnc_output *out);
/*
 * A slot has the file that the root names and the one that it is going to name.  Each
 * is applied by a field manager of its own, so that writing one leaves the other, and
 * no value of before has to be known.  All of this is for slots and roots alone.
 */
/* What is wanted now. */
void bnc_slot_want(struct bnc_output *out, const struct bnc_desired *desired);
/* Whether the live one was changed by somebody, from its managedFields (slot.c). */
void bnc_slot_judge(struct bnc_output *out);
/* Live metadata came. */
void bnc_slot_read(struct bnc_output *out, const struct bnc_pruned *metadata,
                   const cJSON *annotations);
/* How long its write has to wait: for certainty, or for volumes; 0: it does not. */
int64_t bnc_slot_wait_ms(const struct bnc_output *out);
/* It is written now; gives the field manager, NULL: ours. */
const char *bnc_slot_write(struct bnc_output *out);
/* It was written, or nobody knows. */
void bnc_slot_written(struct bnc_output *out, const struct bnc_write_result *result);
void bnc_slot_free(struct bnc_output *out);
/* Tell whoever reports. */
void bnc_output_changed(const struct bnc_publisher *publisher);
/* True when a write that failed may have been carried out: nobody refused it. */
bool bnc_output_unsure(const struct bnc_write_result *result);
/* What the live one has by now. */
void bnc_output_has(struct bnc_output *out, const char *hash);
/* Decimal resourceVersions compare by length, then bytes (KEP-5504). */
bool bnc_output_older(const char *a, const char *b);

#endif
