/*
 * Lists and watches one resource, for ever: what the API server holds becomes
 * puts and gones, whatever happens to the connection.
 */
#ifndef BNC_KUBE_REFLECTOR_H
#define BNC_KUBE_REFLECTOR_H

#include "kube/client.h"
#include "model/prune.h"

struct bnc_reflector; /* opaque */

struct bnc_reflector_ops {
    /* The object as it is now; perhaps as before.  Borrowed for the call. */
    void (*put)(void *arg, const struct bnc_pruned *object);
    void (*gone)(void *arg, const char *ns, const char *name);
    /*
     * A whole list is in: its puts and gones came before.  Of an optional kind whose
     * resource does not exist: it has no objects, as two lists in a row have said, or the
     * first one of all; or the first list of the whole kind is forbidden (`trouble`
     * follows).
     */
    void (*listed)(void *arg);
    /*
     * A list or a watch failed, for another reason than before; BNC_OK: it works
     * again.  What was put stays.
     */
    void (*trouble)(void *arg, const struct bnc_error *err);
};

struct bnc_reflector_options {
    enum bnc_kind kind;
    const char *ns;   /* NULL or "": all namespaces */
    const char *name; /* NULL or "": all objects */
    bool metadata_only;
};

enum bnc_reflector_state {
    BNC_REFLECTOR_LISTING,
    BNC_REFLECTOR_OPENING, /* a watch was asked for */
    BNC_REFLECTOR_WATCHING,
    BNC_REFLECTOR_FAILING, /* waits before it tries again */
    BNC_REFLECTOR_ABSENT, /* an optional kind is not installed: looked for now and then */
    BNC_REFLECTOR_STOPPED
};

/* "listing", "opening", "watching", "failing", "not installed", "stopped" */
const char *bnc_reflector_state_name(enum bnc_reflector_state state);

/* For /readyz?verbose. */
struct bnc_reflector_health {
    enum bnc_reflector_state state;
    bool listed;              /* at least once */
    size_t objects;           /* known */
    int64_t last_contact_ms;  /* monotonic: the last byte or head; -1: never */
    const char *version;      /* the last resourceVersion seen; "" none */
    const char *error;        /* the last failure, "" when it works */
    enum bnc_code error_code; /* BNC_OK when it works */
};

/*
 * Begins at once; the first callback comes later.
 * Owns: the caller; `ops` and `arg` stay the caller's.
 */
struct bnc_reflector *
bnc_reflector_new(struct bnc_kube *kube, const struct bnc_reflector_options *options,
                  const struct bnc_reflector_ops *ops, void *arg);
/* Allowed inside its own callbacks.  NULL is ignored. */
void bnc_reflector_free(struct bnc_reflector *reflector);
BNC_DEFINE_AUTO(bnc_reflector);

/*
 * List anew: `listed` comes when all is known as it was after this call.  False: the kind
 * is not installed, and no list is awaited.  Not inside its own callbacks.
 */
bool bnc_reflector_relist(struct bnc_reflector *reflector);

/*
 * An object is there, as the answer to a write has said: when the next list does not have
 * it, it is `gone`, though no event told of it.  A list under way may be older.
 */
void bnc_reflector_expect(struct bnc_reflector *r, const char *ns, const char *name);

void bnc_reflector_health_get(const struct bnc_reflector *reflector,
                              struct bnc_reflector_health *out);

#endif
