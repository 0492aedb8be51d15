/*
 * The state of a reflector, shared by reflector.c (life, waiting), reflector_list.c,
 * reflector_stream.c (a list that comes as a watch's first events) and
 * reflector_watch.c.  Inside kube/ only.
 */
#ifndef BNC_KUBE_REFLECTOR_PRIV_H
#define BNC_KUBE_REFLECTOR_PRIV_H

#include "kube/backoff.h"
#include "kube/reflector.h"
#include "lib/map.h"

/* A streamed list: so long without another object, and it is asked for in pages. */
#define BNC_REFLECTOR_STREAM_SILENT_MS 60000

/* What the timer does when it fires. */
enum bnc_reflector_next { BNC_NEXT_LIST, BNC_NEXT_WATCH };

/* A list under way, from its first page to its last. */
struct bnc_reflector_list {
    char *asked;  /* the resourceVersion that the first page asks for; "" unset */
    char *token;  /* "continue" of the next page; NULL: the first page */
    bool unpaged; /* a token expired: all in one page now */
    bool latest;  /* resourceVersion unset: ours is of no use to the server */
    size_t puts;  /* objects met */
};

struct bnc_reflector_watch {
    bool initial; /* its first events are a whole list, and the end has not come */
    bool opened;
    int64_t opened_ms;
    uint64_t bytes;
    uint64_t events;
    bool has_error; /* an ERROR event came: it ends after this chunk */
    struct bnc_kube_status error;
};

struct bnc_reflector {
    struct bnc_kube *kube;
    struct bnc_world *world;
    struct bnc_kube_counters *counters;
    const struct bnc_reflector_ops *ops;
    void *arg;

    enum bnc_kind kind;
    const struct bnc_kind_info *info;
    const struct bnc_keep *keep;
    char *ns;
    char *name;
    bool metadata_only;

    enum bnc_reflector_state state;
    enum bnc_reflector_next next;
    enum bnc_relist reason; /* of the next list */
    struct bnc_timer *timer;
    struct bnc_backoff backoff;
    unsigned gone_in_row;  /* 410 without a watch that worked in between */
    unsigned short_in_row; /* watches that ended within a second */
    unsigned streams_lost; /* streamed lists in a row that came to nothing */
    bool was_absent;       /* an optional kind, in the list before */
    bool paged;            /* this server answers in pages: no watch cache */
    bool listed;

    struct bnc_kube_call *call;
    struct bnc_stream *stream;
    char *version; /* the last resourceVersion seen; "" none */
    struct bnc_reflector_list list;
    struct bnc_reflector_watch watch;

    /* "ns/name" -> &marks[i]: which list met it.  A whole list makes its mark the
     * good one; what has the other mark then is gone. */
    struct bnc_map *known;
    char marks[2];
    unsigned good;

    struct bnc_error error; /* the last failure */
    int64_t last_contact_ms;
    unsigned depth; /* callbacks under way: it may be freed by one of them */
    bool dead;
};

/* Around all that may call back.  After bnc_reflector_leave() do not touch it. */
void bnc_reflector_enter(struct bnc_reflector *r);
void bnc_reflector_leave(struct bnc_reflector *r);

/* End the request and the stream.  Not inside bnc_stream_feed(). */
void bnc_reflector_close(struct bnc_reflector *r);

/* Remember and tell; then `next` after a while. */
void bnc_reflector_fail(struct bnc_reflector *r, enum bnc_reflector_next next,
                        const struct bnc_kube_result *result);
void bnc_reflector_works(struct bnc_reflector *r);

/* True when that answer says that an optional kind is not installed. */
bool bnc_reflector_is_absent(const struct bnc_reflector *r,
                             const struct bnc_kube_result *result);
/* List again after a while, without a word. */
void bnc_reflector_look_later(struct bnc_reflector *r);

void bnc_reflector_set_version(struct bnc_reflector *r, const char *version);
/*
 * Remember that the object is there (`mark`), or not (NULL).  False: it has no
 * usable name and is skipped.  `was_known` may be NULL.
 */
bool bnc_reflector_mark(struct bnc_reflector *r, const struct bnc_pruned *object,
                        char *mark, bool *was_known);

/* "Accept" for lists or single objects. */
const char *bnc_reflector_accept(const struct bnc_reflector *r, bool list);
/* "metadata.name=x", NULL for all.  Text of the arena. */
const char *
bnc_reflector_field_selector(const struct bnc_reflector *r, struct bnc_arena *arena);
/* The collection's path; a name that is no name fails for good. */
const char *bnc_reflector_path(const struct bnc_reflector *r, struct bnc_arena *arena,
                               struct bnc_error *err);

/* All objects anew: as a watch's first events where the server can, else in pages. */
void bnc_reflector_list_start(struct bnc_reflector *r, enum bnc_relist reason);
/* `initial`: the list under way comes as its first events. */
void bnc_reflector_watch_start(struct bnc_reflector *r, bool initial);

/* ---- a list under way, in whatever way it comes --------------------------------- */

/* An object of the new state. */
void bnc_reflector_list_put(struct bnc_reflector *r, const struct bnc_pruned *object);
/* It is whole: what it has not met is gone.  It may be dead afterwards. */
void bnc_reflector_list_end(struct bnc_reflector *r, const char *version);
/* Refused: another question at once, "not installed", or a failure. */
void
bnc_reflector_list_refused(struct bnc_reflector *r, const struct bnc_kube_result *result);
/* The same list in pages, from the first. */
void bnc_reflector_list_pages(struct bnc_reflector *r);

/* ---- reflector_stream.c --------------------------------------------------------- */

bool bnc_reflector_may_stream(const struct bnc_reflector *r);
void bnc_reflector_stream_event(struct bnc_reflector *r, const char *type,
                                const struct bnc_pruned *object);
/* It was refused, or ended before the list was whole (err->code BNC_OK: in time). */
void bnc_reflector_stream_failed(struct bnc_reflector *r,
                                 const struct bnc_kube_result *result);
/* The server has taken the question and does not answer it. */
void bnc_reflector_stream_silent(struct bnc_reflector *r);

#endif
