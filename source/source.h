/*
 * Where facts come from and where results go: the API server, a folder, or
 * nothing but memory (render, lint).
 */
#ifndef BNC_SOURCE_SOURCE_H
#define BNC_SOURCE_SOURCE_H

#include "lib/error.h"
#include "lib/str.h"
#include "model/object.h"

struct bnc_source; /* opaque: begins with const struct bnc_source_ops * */

/* What a source tells.  No call comes inside a call of the source's own functions. */
struct bnc_source_listener {
    /* The object as it is now.  The receiver takes the reference. */
    void (*put)(void *arg, struct bnc_object *object);
    void (*gone)(void *arg, enum bnc_kind kind, const char *ns, const char *name);
    /*
     * The first whole list of a kind is in (name NULL; ns NULL or "": everywhere); or
     * what bnc_source_want() asked for is known (name set): put came before, or it does
     * not exist.
     */
    void (*synced)(void *arg, enum bnc_kind kind, const char *ns, const char *name);
    /* An output that was asked to be watched: metadata only; NULL: it does not exist. */
    void (*output)(void *arg, enum bnc_kind kind, const char *ns, const char *name,
                   const struct bnc_pruned *metadata);
    /*
     * A list or watch fails (code, text), or works again (BNC_OK).  What was
     * known stays known: a source that fails is not one that is empty.
     */
    void (*trouble)(void *arg, enum bnc_kind kind, const char *ns, const char *name,
                    const struct bnc_error *err);
};

enum bnc_verb {
    BNC_VERB_APPLY,
    BNC_VERB_APPLY_STATUS,
    BNC_VERB_DELETE,
    BNC_VERB_EVENT,
    BNC_VERB_EVENT_COUNT, /* a merge patch of an Event's series */
    BNC_VERB_PATCH        /* part of an object of others; offline: refused as INVALID */
};

/* One write.  Copied. */
struct bnc_write {
    enum bnc_verb verb;
    enum bnc_kind
        kind;       /* of the object; for an Event: of what it regards (for messages) */
    const char *ns; /* for an Event: the namespace it is created in */
    const char *name;
    /* JSON: the full intent; a patch: what changes, CONFLICT when it names another
       metadata.resourceVersion than the object has; empty for a delete */
    struct bnc_bytes body;
    const char *uid;     /* delete: only this one; NULL: any */
    const char *manager; /* apply: the field manager; NULL: ours */
};

struct bnc_write_result {
    enum bnc_code code; /* BNC_OK: done */
    int status;         /* HTTP, 0 when there was none */
    const char *message;
    const char *resource_version; /* of the object after an apply or patch */
    const char *uid;
    int64_t retry_after_ms; /* 0: not said */
};
typedef void (*bnc_write_fn)(void *arg, const struct bnc_write_result *result);

struct bnc_source_ops {
    void (*free)(struct bnc_source *);
    void (*start)(struct bnc_source *, const struct bnc_source_listener *, void *arg);
    void (*want)(struct bnc_source *, enum bnc_kind, const char *ns, const char *name);
    void (*unwant)(struct bnc_source *, enum bnc_kind, const char *ns, const char *name);
    void (*watch_output)(struct bnc_source *, enum bnc_kind, const char *ns,
                         const char *name);
    void (*unwatch_output)(struct bnc_source *, enum bnc_kind, const char *ns,
                           const char *name);
    void (*write)(struct bnc_source *, const struct bnc_write *, bnc_write_fn, void *arg);
    bool (*refresh)(struct bnc_source *, enum bnc_kind); /* NULL: it is always fresh */
    void (*stop)(struct bnc_source *);
};

struct bnc_source {
    const struct bnc_source_ops *ops;
};

void bnc_source_free(struct bnc_source *source); /* NULL is ignored */
BNC_DEFINE_AUTO(bnc_source);

/* Begin to list and watch; `listener` and `arg` stay the caller's. */
void bnc_source_start(struct bnc_source *source,
                      const struct bnc_source_listener *listener, void *arg);

/*
 * Read a kind of ours anew, as it is now and not as a cache has it: `synced` comes again
 * when that is done.  False: there is nothing to wait for.
 */
bool bnc_source_refresh(struct bnc_source *source, enum bnc_kind kind);

/* Follow one object of a kind that is read by name (Secret, ConfigMap). */
void bnc_source_want(struct bnc_source *source, enum bnc_kind kind, const char *ns,
                     const char *name);
void bnc_source_unwant(struct bnc_source *source, enum bnc_kind kind, const char *ns,
                       const char *name);

/* Follow the metadata of one object that we write. */
void bnc_source_watch_output(struct bnc_source *source, enum bnc_kind kind,
                             const char *ns, const char *name);
void bnc_source_unwatch_output(struct bnc_source *source, enum bnc_kind kind,
                               const char *ns, const char *name);

/* Start a write; `fn` comes once, never inside this call, and not after _free(). */
void bnc_source_write(struct bnc_source *source, const struct bnc_write *write,
                      bnc_write_fn fn, void *arg);

/* End watches and refuse new writes; those under way are still answered. */
void bnc_source_stop(struct bnc_source *source);

#endif
