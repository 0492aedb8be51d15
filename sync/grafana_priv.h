/*
 * The state of a sync beside Grafana, shared by grafana.c (life, what is published),
 * grafana_fetch.c (from objects to what is on disk), grafana_load.c (from a file to
 * datasources that Grafana has) and grafana_tell.c.  Inside sync/ only.
 */
#ifndef BNC_SYNC_GRAFANA_PRIV_H
#define BNC_SYNC_GRAFANA_PRIV_H

#include "kube/reflector.h"
#include "lib/map.h"
#include "sync/fetch.h"
#include "sync/grafana.h"
#include "sync/grafana_files.h"
#include "sync/grafana_proof.h"
#include "sync/grafana_server.h"
#include "sync/grafana_target.h"
#include "sync/instance.h"

#define BNC_GSYNC_SETTLE_MS  100    /* objects come one after the other */
#define BNC_GSYNC_RETRY_MS   1000   /* after a failure, doubled each time ... */
#define BNC_GSYNC_RETRY_MAX  30000  /* ... up to this */
#define BNC_GSYNC_REFUSED_MS 300000 /* until what was refused is tried again */
#define BNC_GSYNC_GONE_MS    10000  /* an object that is back by then was never away */
#define BNC_GSYNC_LOOK_MS    5000   /* between two looks at the folder */
#define BNC_GSYNC_PROVE_MS   60000  /* between two looks at Grafana */
#define BNC_GSYNC_BOARDS_MAX 2000
#define BNC_GSYNC_OBJECT_MAX ((uint64_t)2 * 1024 * 1024) /* bytes of a value */

/* The object with the provisioning file, of one kind. */
struct bnc_gsync_seen {
    struct bnc_gsync *sync;
    struct bnc_reflector *reflector; /* NULL: this kind is not looked at */
    enum bnc_kind kind;
    bool listed;
    bool exists;
    char hash[BNC_HASH_TEXT_MAX];
};

/* A ConfigMap with a dashboard. */
struct bnc_gsync_board {
    char *name; /* of the object */
    char *path; /* below OUT: where it has to be */
    char *disk; /* below OUT: where it is; NULL: nowhere */
    char hash[BNC_HASH_TEXT_MAX];
    char disk_hash[BNC_HASH_TEXT_MAX];
    struct bnc_gsync_stamp stamp;
    bool gone;
    int64_t gone_ms; /* monotonic */
    int64_t not_before_ms;
    unsigned failures;
};

/* A text with the two hashes that an object with it may be annotated with. */
struct bnc_gsync_text {
    struct bnc_str text;
    char plain[BNC_HASH_TEXT_MAX];
    char salted[BNC_HASH_TEXT_MAX]; /* by the Observatory's uid: it has secrets */
};

/* Why something is not as it should be; LOADED: it is. */
struct bnc_gsync_trouble {
    enum bnc_instance_reason reason;
    char message[BNC_SERVER_TEXT_MAX];
};

struct bnc_gsync {
    struct bnc_gsync_options options; /* texts in `arena` */
    struct bnc_arena *arena;
    struct bnc_gsync_files *files;
    struct bnc_gsync_server *server;
    struct bnc_instance *instance;

    /* what is published */
    struct bnc_reflector *observatory;
    struct bnc_arena *target_arena;
    struct bnc_gsync_target target;
    bool known;                       /* the target is */
    struct bnc_gsync_seen sources[2]; /* Secret, ConfigMap: the first that exists */
    struct bnc_reflector *boards_reflector;
    bool boards_listed;
    int64_t boards_listed_ms;
    bool swept;
    struct bnc_map *boards; /* name: struct bnc_gsync_board */

    /* from objects to the disk; one at a time */
    struct bnc_timer *work;
    int64_t work_due_ms; /* monotonic */
    struct bnc_fetch *fetch;
    struct bnc_gsync_board *fetching; /* NULL: the provisioning file */
    struct bnc_gsync_seen *source;    /* that it is fetched from */
    char fetching_hash[BNC_HASH_TEXT_MAX];
    struct bnc_str buffer;
    unsigned failures; /* of the provisioning file */
    int64_t not_before_ms;

    /* the provisioning file */
    bool disk_read; /* `disk` is what there is */
    struct bnc_gsync_text disk;
    struct bnc_gsync_stamp stamp;
    struct bnc_gsync_text next; /* fetched, not written yet; hash "": none */
    bool next_secret;
    char refused[BNC_HASH_TEXT_MAX]; /* as it is published; "": none */
    int64_t refused_ms;

    /* from a file to Grafana */
    struct bnc_timer *load;
    bool asking;
    bool healthy;     /* it has answered a moment ago: it would tell */
    bool need_reload; /* the file is not what the last reload has read */
    bool need_proof;
    bool reloaded; /* since then: that something is missing says more now */
    bool back;     /* what is loaded is the last good one, because of a refusal */
    size_t next_org;
    unsigned load_failures;
    int64_t load_due_ms; /* monotonic: Grafana is not asked before */
    bool looked;         /* at what a run before has left */
    struct bnc_timer *look;
    struct bnc_timer *prove;

    /* what is told */
    char loaded_hash[BNC_HASH_TEXT_MAX];
    int64_t loaded_ms;
    size_t n_sources; /* that are proved */
    struct bnc_gsync_trouble target_trouble;
    struct bnc_gsync_trouble folder_trouble;
    struct bnc_gsync_trouble fetch_trouble;
    struct bnc_gsync_trouble load_trouble;
    struct bnc_gsync_trouble board_trouble;
    enum bnc_instance_reason reason;
    char message[BNC_SERVER_TEXT_MAX];
    char note[256]; /* what could not be looked at */
    bool ready;
    uint64_t loads;
    uint64_t refusals;
    uint64_t repairs;
    uint64_t fetched;
};

/* ---- grafana_fetch.c */

/* Look soon at what is published and what is on disk. */
void bnc_gsync_settle(struct bnc_gsync *s);
/* The timer `work`. */
void bnc_gsync_work(void *arg);
/* The published hash of the provisioning file; "": none is wanted; NULL: not known. */
const char *bnc_gsync_wanted(const struct bnc_gsync *s);
/* Whether the file on disk is that one. */
bool bnc_gsync_on_disk(const struct bnc_gsync *s, const char *hash);
void bnc_gsync_cancel_fetch(struct bnc_gsync *s);

/* ---- grafana_look.c */

/* The timer `look`: what somebody has changed is written again. */
void bnc_gsync_look(void *arg);
/* It is not on disk, as far as is known. */
void bnc_gsync_board_forget(struct bnc_gsync_board *board);

/* ---- grafana_text.c: secrets may be in it */

void bnc_gsync_text_set(struct bnc_gsync *s, struct bnc_gsync_text *out,
                        struct bnc_bytes text);
bool bnc_gsync_text_is(const struct bnc_gsync_text *text, const char *hash);
void bnc_gsync_text_wipe(struct bnc_gsync_text *text);
/* "sha256:.." of a text and what follows it. */
void bnc_gsync_hash(struct bnc_bytes text, const char *salt, char out[BNC_HASH_TEXT_MAX]);
/* Read the provisioning file on disk into `disk`. */
void bnc_gsync_read_disk(struct bnc_gsync *s);

/* ---- grafana_load.c */

/* The timer `load`. */
void bnc_gsync_load(void *arg);
/* The timer `prove`. */
void bnc_gsync_prove(void *arg);

/* ---- grafana_tell.c */

void
bnc_gsync_trouble_set(struct bnc_gsync_trouble *trouble, enum bnc_instance_reason reason,
                      const char *fmt, ...) BNC_PRINTF(3, 4);
void bnc_gsync_tell(struct bnc_gsync *s);

#endif
