/*
 * What the files of the reporter share: report.c (life, writes, Observatories) and
 * report_member.c (all else that has a status).  Inside controller/ only.
 */
#ifndef BNC_CONTROLLER_REPORT_PRIV_H
#define BNC_CONTROLLER_REPORT_PRIV_H

#include "controller/grafanas.h"
#include "controller/loaded.h"
#include "controller/report.h"
#include "controller/status.h"
#include "lib/map.h"
#include "lib/time.h"

/* What was told of one object. */
struct bnc_record {
    struct bnc_reporter *reporter;
    uint64_t stamp; /* of what the live status was found to say, or was sent */
    bool in_flight;
    bool failing;          /* the last write did: said in the log already */
    int64_t not_before_ms; /* after a failed write */
    uint64_t event;        /* of the last Event */
    bool look;             /* it could not be dealt with, or a write has ended */
};

/* What was looked at in the round before, in its order: most of it is as it was. */
struct bnc_report_slot {
    const struct bnc_member *member;
    uint64_t version; /* of it */
    uint64_t object;  /* hash of the object's resourceVersion */
    uint64_t status;  /* hash of the object's status */
    struct bnc_record *record;
};

struct bnc_reporter {
    struct bnc_reporter_options options;
    struct bnc_timer *retry;
    struct bnc_timer *stale; /* when a report of a binnacle sync gets old */
    struct bnc_map *records; /* by fact key */
    struct bnc_report_slot *slots;
    size_t n_slots;
    uint64_t epoch; /* of the round before: of all that statuses share */
    size_t in_flight;
    uint64_t status_writes;
};

/* One round. */
struct bnc_round {
    struct bnc_reporter *reporter;
    struct bnc_arena *arena;
    size_t *at;                      /* for each Observatory: the next of its verdicts */
    struct bnc_loaded *loaded;       /* for each */
    struct bnc_publication *states;  /* for each: of its outputs */
    struct bnc_arena *scratch;       /* of one object: thousands are looked at */
    struct bnc_gapi_state *standing; /* for each: in Grafana */
    size_t slot;                     /* the next */
    size_t left; /* statuses that may still be made: a round is one turn */
    bool same;   /* what statuses share is as in the round before */
    char now[BNC_TIME_MAX];
};

/* What is kept of an object; made when it is asked for first.  Owns: the reporter. */
struct bnc_record *
bnc_record_of(struct bnc_reporter *reporter, const struct bnc_object *object);

/* An Event, once for each (reason, message) of an object. */
void
bnc_report_tell(struct bnc_reporter *reporter, struct bnc_record *record,
                const struct bnc_object *object, const char *reason, const char *message);

/* Write a status unless the live one says the same. */
void
bnc_report_write(struct bnc_round *round, struct bnc_record *record,
                 const struct bnc_object *object, cJSON *status, struct bnc_arena *arena);

/* Look at the next member of a round (a bnc_member_fn): in byte order, as verdicts are.
 */
void bnc_report_member(void *arg, const struct bnc_member *member);

/* A chain of hashes with one text more. */
uint64_t bnc_stamp_text(uint64_t stamp, const char *text);

#endif
