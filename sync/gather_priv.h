/*
 * Inside sync/gather*.c: a generation in the making, and the file of it that is being
 * written.
 */
#ifndef BNC_SYNC_GATHER_PRIV_H
#define BNC_SYNC_GATHER_PRIV_H

#include "lib/map.h"
#include "sync/fetch.h"
#include "sync/gather.h"
#include "sync/local.h"
#include "sync/manifest.h"

struct bnc_gather {
    struct bnc_gather_ask ask;
    bnc_gather_fn fn;
    void *arg;
    struct bnc_arena *arena;
    struct bnc_timer *step; /* the next file, in a turn of its own */
    struct bnc_fetch *fetch;
    const struct bnc_manifest *manifest;
    size_t next;            /* file of the manifest */
    bool single;            /* all of them came with the root */
    bool root_same;         /* those are as the current generation has them */
    struct bnc_map *wanted; /* "files/..." that documents name */
    struct bnc_map *assets; /* those that there are */
    struct bnc_gather_result result;
    /* the file that is being written */
    struct bnc_store_file *file;
    struct bnc_local *local;
    struct bnc_job_scan *scan;
    struct bnc_error broken; /* an error in a callback that cannot give it */
    /* layout Single: the rules, which come before or after the main file */
    struct bnc_store_file *rules_file;
    struct bnc_job_scan *rules_scan;
};

/* What a file has, and how it is read. */
enum bnc_gather_text {
    BNC_GATHER_CONFIG, /* it is made fit for this machine */
    BNC_GATHER_JOBS,
    BNC_GATHER_RULES, /* texts of users: what looks like the name of a file is none */
};

#define BNC_GATHER_MODE 0644 /* of files that are no secret */

/* ---- gather_file.c */

/*
 * Begin to read a document, which is then given to bnc_gather_feed() in pieces.  It goes
 * to `file` when there is one, and its jobs and the files that it names are noted.
 */
void bnc_gather_begin_text(struct bnc_gather *g, enum bnc_gather_text text);
/* A bnc_fetch_ask.sink. */
enum bnc_code
bnc_gather_feed(void *arg, const char *bytes, size_t n, struct bnc_error *err);
/* All of it is fed.  Errors: those of the reading and of the writing. */
enum bnc_code
bnc_gather_end_text(struct bnc_gather *g, struct bnc_error *err) BNC_MUST_CHECK;
/* The same, and the file is complete; `sha` may be NULL. */
enum bnc_code bnc_gather_end_file(struct bnc_gather *g, char sha[BNC_SHA256_HEX],
                                  struct bnc_error *err) BNC_MUST_CHECK;
/* Nothing is read or written any more. */
void bnc_gather_drop_file(struct bnc_gather *g);
/* A bnc_fetch_ask.more_sink: the rules of layout Single, to a file of their own. */
enum bnc_code
bnc_gather_feed_rules(void *arg, const char *bytes, size_t n, struct bnc_error *err);
/* They are complete. */
enum bnc_code
bnc_gather_end_rules(struct bnc_gather *g, struct bnc_error *err) BNC_MUST_CHECK;
void bnc_gather_drop_rules(struct bnc_gather *g);
/* A file that is in memory; written only when the folder has no such one. */
enum bnc_code
bnc_gather_write(struct bnc_gather *g, const char *name, struct bnc_bytes bytes,
                 unsigned mode, struct bnc_error *err) BNC_MUST_CHECK;

#endif
