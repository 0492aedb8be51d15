/*
 * What the files of controller/grafana.h share: one Grafana, its items, the one request
 * that is under way.
 */
#ifndef BNC_CONTROLLER_GRAFANA_PRIV_H
#define BNC_CONTROLLER_GRAFANA_PRIV_H

#include "controller/grafana_judge.h"
#include "lib/map.h"

#define BNC_GAPI_POLL_MS  30000
#define BNC_GAPI_ASK_MS   20000 /* for an answer */
#define BNC_GAPI_LEAVE_MS 60000 /* to delete what is ours */
#define BNC_GAPI_WHOLE    32    /* datasources that are looked at in full, a poll */

/* What an entry needs done, first things first. */
enum need {
    NEED_NOTHING,
    NEED_REMOVE, /* it is known to be ours */
    NEED_LOOK,   /* in full */
    NEED_UPDATE,
    NEED_CREATE,
};

/* A datasource or dashboard that is wanted, or that is to go. */
struct entry {
    struct bnc_arena *arena;   /* of the texts in `item`, but for secrets */
    struct bnc_gapi_item item; /* body: as it is compared, or none when it is to go */
    char hash[BNC_GAPI_HASH];
    char *bad; /* why it can never be written; NULL: it can */
    bool wanted;
    bool changed; /* while a request for it was under way */

    enum need need;
    bool again;      /* a conflict was met in this round */
    int tries;       /* that failed, one after another */
    int64_t due_ms;  /* not before; monotonic */
    bool ours;       /* it was there, and ours, when it was last looked at or written */
    int64_t version; /* then; 0: not known */
    char done[BNC_GAPI_HASH]; /* a dashboard: what is there; "": it is not known */
    char sent[BNC_GAPI_HASH]; /* and what is on its way there */
    char *old_keys;           /* of secrets that are set there, a line each; NULL: none */
    char *drift;              /* what the next update undoes; NULL: nothing of others */
    char *settled[2];         /* what Grafana makes of our fields, in a row and whole */
    enum bnc_gapi_standing standing;
    char *message;
};

/* An organization that is looked at. */
struct org {
    int64_t id;
    bool known; /* its list came in this life of the entries */
    bool denied;
    struct bnc_map *folders; /* uids by title, malloc'ed; NULL: not known */
};

/* What came back. */
struct reply {
    int status;  /* 0: nothing came */
    cJSON *tree; /* NULL: no JSON */
    struct bnc_arena *arena;
    const struct bnc_error *err; /* of the transport */
    int64_t retry_ms;            /* as it asks for; 0: it does not */
};

/* A list that is being gone through, some entries a turn. */
struct look {
    struct bnc_arena *arena;
    struct bnc_map *uids; /* to cJSON */
    struct bnc_map *names;
    size_t org;
    enum bnc_gapi_kind kind;
    size_t at;
};

/* One Grafana. */
struct seat {
    struct bnc_gapi *gapi;
    char *ns;
    char *name;
    char *owner; /* "NS/NAME": our mark */

    struct bnc_arena *arena; /* of the texts in `want`; its items are `entries` */
    struct bnc_gapi_want want;
    char *auth; /* header; wiped */
    bool password;
    char *bad; /* why nothing can be asked; NULL: it can */

    struct entry **entries; /* by key */
    size_t n;
    struct org *orgs;
    size_t n_orgs;

    struct bnc_timer *timer;
    struct bnc_http_call *call;
    struct bnc_str answer;
    void (*then)(struct seat *seat, const struct reply *reply);
    struct entry *busy; /* whose request it is; NULL: a list */
    size_t list_org;

    struct look look; /* arena NULL: none */
    int64_t round_ms; /* when to look next; monotonic */
    size_t round_org; /* next to list; n_orgs: all are */
    bool boards;      /* its dashboards are next, or asked for */
    bool in_round;
    size_t whole_at;   /* the rotation of looks in full */
    size_t whole_next; /* 0: from the first one */
    size_t whole_left; /* of them in this round */
    int failures;      /* of Grafana as a whole, one after another */
    int64_t quiet_ms;  /* nothing is asked before */

    struct bnc_error error; /* OK: none */
    int64_t looked_at_ms;
    uint64_t created, updated, deleted, repaired;
    bool news; /* `changed` is owed */

    bool leaving;
    int64_t deadline_ms;
};

struct bnc_gapi {
    struct bnc_gapi_options options;
    struct bnc_map *seats; /* "NS/NAME" */
};

/* ---- grafana_entry.c ------------------------------------------------------------ */

int bnc_gapi_key_cmp(const struct entry *a, const struct bnc_gapi_item *b);
struct entry *bnc_gapi_entry_new(const struct bnc_gapi_item *item, bool wanted);
void bnc_gapi_entry_free(struct entry *entry);
/* Take over what an item says now; true when it says something else. */
bool bnc_gapi_entry_set(struct entry *entry, const struct bnc_gapi_item *item);
/* The entry of a key, or where it belongs. */
bool bnc_gapi_find(const struct seat *seat, const struct bnc_gapi_item *key, size_t *at);
struct entry *bnc_gapi_put(struct seat *seat, size_t at, struct entry *entry);
void bnc_gapi_take(struct seat *seat, size_t at);
void bnc_gapi_stand(struct seat *seat, struct entry *entry,
                    enum bnc_gapi_standing standing, const char *message);
void bnc_gapi_slot(char **slot, const char *text); /* replaced by a copy */
/* Somebody else's words, fit to be printed, and none of the entry's secrets. */
const char *
bnc_gapi_words(struct bnc_arena *arena, const struct entry *entry, const char *text);

/* ---- grafana_ask.c -------------------------------------------------------------- */

/* Take over where to ask and who asks; true when either is another. */
bool bnc_gapi_ask_set(struct seat *seat, const struct bnc_gapi_want *want);
void bnc_gapi_ask_free(struct seat *seat);
/* One request; `then` is told in a turn of its own. */
void bnc_gapi_ask(struct seat *seat, const char *method, const char *path, int64_t org,
                  struct bnc_bytes body,
                  void (*then)(struct seat *seat, const struct reply *reply));
void bnc_gapi_ask_cancel(struct seat *seat);

/* ---- grafana_turn.c ------------------------------------------------------------- */

void bnc_gapi_turn(struct seat *seat);   /* do what is due, or wait for it */
void bnc_gapi_forget(struct seat *seat); /* as if nothing were known of it */

struct org *bnc_gapi_org(const struct seat *seat, int64_t id); /* NULL: not looked at */

/* ---- grafana_look.c: a list, gone through --------------------------------------- */

void bnc_gapi_look_begin(struct seat *seat, const cJSON *list);
void bnc_gapi_look_slice(struct seat *seat);
void bnc_gapi_look_end(struct seat *seat);

/* ---- grafana_item.c: what datasources and dashboards have in common ------------- */

void bnc_gapi_do(struct seat *seat, struct entry *entry); /* what it needs */
void bnc_gapi_need(struct entry *entry, enum need need);
/* Looks in full go round, so that each gets its turn when there are many. */
void bnc_gapi_need_whole(struct seat *seat, struct entry *entry);
/* It is not there. */
void bnc_gapi_missing(struct entry *entry);
/* It can never be written as it is; goes on in another turn. */
void bnc_gapi_give_up(struct seat *seat, struct entry *entry, const char *why);
struct entry *bnc_gapi_take_busy(struct seat *seat);
/* After a conflict: false when that was the second in this round. */
bool bnc_gapi_look_again(struct entry *entry);
/* It is there now as it should be: counted, told. */
void bnc_gapi_written(struct seat *seat, struct entry *entry, bool created);
void bnc_gapi_removed(struct seat *seat, const struct reply *reply, const char *what);

/* ---- grafana_source.c, grafana_board.c ------------------------------------------ */

/* What a look says of an entry; `live` NULL: it is not there. */
void bnc_gapi_source_judge(struct seat *seat, struct entry *entry, const cJSON *live,
                           bool whole);
void bnc_gapi_source_do(struct seat *seat, struct entry *entry);
/* `row`: of the search. */
void bnc_gapi_board_judge(struct seat *seat, struct entry *entry, const cJSON *row);
bool bnc_gapi_board_is_ours(const struct seat *seat, const cJSON *tags);
void bnc_gapi_board_do(struct seat *seat, struct entry *entry);
void bnc_gapi_folders_free(struct org *org);

/* ---- grafana.c ------------------------------------------------------------------ */

void bnc_gapi_tell(struct seat *seat);                  /* last in a turn */
void bnc_gapi_seat_end(struct seat *seat, size_t left); /* it is gone; likewise */

/* ---- grafana_fault.c: what an answer that is no success means ------------------- */

/* True when Grafana as a whole is meant: nothing is asked for some time. */
bool bnc_gapi_fault(struct seat *seat, const struct reply *reply, const char *what);
void bnc_gapi_fine(struct seat *seat);
/* What one item failed with; it is tried again after some time. */
void bnc_gapi_fault_item(struct seat *seat, struct entry *entry,
                         const struct reply *reply, const char *what);
int64_t bnc_gapi_now(const struct seat *seat); /* monotonic */

#endif
