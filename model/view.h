/*
 * What a step may read of the world.  Each read is recorded as an edge (fact,
 * facet) to the step: when the answer changes the step is done again.
 */
#ifndef BNC_MODEL_VIEW_H
#define BNC_MODEL_VIEW_H

#include "lib/str.h"
#include "model/object.h"

enum bnc_found {
    BNC_VIEW_FOUND,
    BNC_VIEW_ABSENT,
    BNC_VIEW_PENDING, /* not known yet: ask again when it is */
    BNC_VIEW_DENIED   /* we may not read it */
};

struct bnc_view; /* made by the cache for one step */

typedef void (*bnc_view_fn)(void *arg, const struct bnc_object *object);

/* The table behind it. */
struct bnc_view_ops {
    enum bnc_found (*exists)(struct bnc_view *, enum bnc_kind, const char *ns,
                             const char *name);
    enum bnc_found (*get)(struct bnc_view *, enum bnc_kind, const char *ns,
                          const char *name, const struct bnc_object **out);
    enum bnc_found (*key)(struct bnc_view *, enum bnc_kind, const char *ns,
                          const char *name, const char *key);
    enum bnc_found (*value)(struct bnc_view *, enum bnc_kind, const char *ns,
                            const char *name, const char *key, struct bnc_arena *,
                            struct bnc_bytes *out);
    enum bnc_found (*list)(struct bnc_view *, enum bnc_kind, const char *ns, bnc_view_fn,
                           void *arg);
};
struct bnc_view {
    const struct bnc_view_ops *ops;
};

/* Facet "exists". */
enum bnc_found bnc_view_exists(struct bnc_view *view, enum bnc_kind kind, const char *ns,
                               const char *name);

/* The whole object.  Borrowed until the step returns. */
enum bnc_found bnc_view_get(struct bnc_view *view, enum bnc_kind kind, const char *ns,
                            const char *name, const struct bnc_object **out);

/* Facet "has this key" of a Secret or ConfigMap: ABSENT when either is missing. */
enum bnc_found bnc_view_key(struct bnc_view *view, enum bnc_kind kind, const char *ns,
                            const char *name, const char *key);

/* Facet "the bytes under this key", decoded, in `arena`. */
enum bnc_found bnc_view_value(struct bnc_view *view, enum bnc_kind kind, const char *ns,
                              const char *name, const char *key, struct bnc_arena *arena,
                              struct bnc_bytes *out);

/* All objects of a kind in a namespace (NULL: everywhere), in byte order of names. */
enum bnc_found bnc_view_list(struct bnc_view *view, enum bnc_kind kind, const char *ns,
                             bnc_view_fn fn, void *arg);

#endif
