/*
 * The parts of the folder source.  Included by source/dir*.c only.
 */
#ifndef BNC_SOURCE_DIR_PRIV_H
#define BNC_SOURCE_DIR_PRIV_H

#include "lib/map.h"
#include "source/dir.h"
#include "source/docs.h"

#define BNC_DIR_DEPTH_MAX   32
#define BNC_DIR_FOLDERS_MAX 1000  /* as many as a watch follows */
#define BNC_DIR_FILES_MAX   20000 /* manifests; names in one folder */

enum bnc_dir_what {
    BNC_DIR_PUT,
    BNC_DIR_GONE,
    BNC_DIR_SYNCED,
    BNC_DIR_ANSWER, /* to want(): look it up then */
    BNC_DIR_OUTPUT,
    BNC_DIR_TROUBLE,
    BNC_DIR_WRITE,
    BNC_DIR_REFUSED, /* a write after stop() */
    BNC_DIR_SWEEP
};

/* Something to be told, in order. */
struct bnc_dir_item {
    enum bnc_dir_what what;
    enum bnc_kind kind;
    enum bnc_verb verb;
    enum bnc_code code; /* of a trouble */
    struct bnc_object *object;
    char *ns;
    char *name;
    char *uid;
    char *text; /* a write's body, a trouble's message */
    size_t text_len;
    bnc_write_fn fn;
    void *fn_arg;
};

/* A file or text as it was last taken. */
struct bnc_dir_file {
    uint64_t taken;   /* mark of the content; BNC_DIR_NOTHING */
    uint64_t pending; /* another one seen once */
    bool seen;        /* in the present scan */
    size_t bytes;     /* that were read in the present scan */
    struct bnc_object **objects;
    size_t n;
    size_t room;
    size_t ignored;
};

/* Marks: those of contents are odd. */
#define BNC_DIR_NOTHING 0 /* never read */
#define BNC_DIR_MISSING 2

/* A file that we wrote. */
struct bnc_dir_owned {
    char *owner; /* "Secret shop/main" */
    bool fresh;  /* wanted in this run */
};

struct bnc_dir {
    struct bnc_source source;
    struct bnc_world *world;
    struct bnc_source_dir_options options; /* its texts are below */
    char *to;                              /* NULL: nothing is written */
    char *text_name;
    char *default_ns; /* NULL: "default" */
    char **paths;
    size_t n_paths;
    const struct bnc_source_listener *listener;
    void *listener_arg;

    struct bnc_timer *scan_timer;
    struct bnc_timer *turn_timer;
    struct bnc_dir_watch **watches; /* one for each path; NULL: it could not be had */
    bool polled;                    /* one could not be had */
    bool scanned;                   /* at least once */
    bool loaded;                    /* all paths were read */
    bool failing;                   /* trouble was told */
    bool stopped;
    int64_t settle_ms; /* until the second look at what has changed; 0: nothing has */

    struct bnc_map *files;   /* path -> struct bnc_dir_file */
    struct bnc_map *current; /* key -> struct bnc_object, one reference each */
    struct bnc_map *wanted;  /* key -> anything */
    struct bnc_map *told;    /* paths that cannot be read, told so far -> anything */
    struct bnc_map *twice;   /* objects that are there twice, likewise */
    size_t problems;
    size_t n_objects; /* of all files */

    struct bnc_map *owned; /* path below `to` -> struct bnc_dir_owned; NULL: not read */

    struct bnc_dir_item *items;
    size_t n_items;
    size_t room;
    size_t next; /* first that is not done */
};

/* dir.c */
const char *bnc_dir_key(struct bnc_arena *arena, enum bnc_kind kind, const char *ns,
                        const char *name);
/* Takes what `item` holds. */
void bnc_dir_push(struct bnc_dir *d, const struct bnc_dir_item *item);
void bnc_dir_tell(struct bnc_dir *d, const struct bnc_problem *problem);
/* Tell what is not in `before` by its text; note it in `now`. */
void bnc_dir_tell_once(struct bnc_dir *d, const struct bnc_map *before,
                       struct bnc_map *now, const struct bnc_problem *problem);

/* dir_scan.c */
void bnc_dir_scan(void *arg); /* the scan timer's */
void bnc_dir_file_free(struct bnc_dir_file *file);

/* dir_merge.c: after a scan took something: tell what differs */
void bnc_dir_merge(struct bnc_dir *d);
/* After the first good scan: all kinds are known, and what was wanted before. */
void bnc_dir_loaded(struct bnc_dir *d);
/* Trouble for all kinds, or its end (BNC_OK). */
void bnc_dir_trouble(struct bnc_dir *d, enum bnc_code code, const char *message);
void bnc_dir_map_free(struct bnc_map *objects); /* and drop the references */

/* dir_out.c */
enum bnc_code bnc_dir_apply(struct bnc_dir *d, const struct bnc_dir_item *write,
                            struct bnc_error *err) BNC_MUST_CHECK;
enum bnc_code bnc_dir_delete(struct bnc_dir *d, const struct bnc_dir_item *write,
                             struct bnc_error *err) BNC_MUST_CHECK;
void bnc_dir_sweep(struct bnc_dir *d);
/* True for a file that we wrote: it is not read as a manifest. */
bool bnc_dir_is_ours(struct bnc_dir *d, const char *path);
void bnc_dir_owned_free(struct bnc_dir *d);

#endif
