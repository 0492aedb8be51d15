/*
 * A cached object: immutable, counted references, its pruned JSON text.
 */
#ifndef BNC_MODEL_OBJECT_H
#define BNC_MODEL_OBJECT_H

#include "lib/str.h"
#include "model/kind.h"
#include "model/prune.h"

struct bnc_object {
    size_t refs;
    enum bnc_kind kind;
    const char *ns; /* "" for cluster-scoped kinds */
    const char *name;
    const char *uid;              /* "" offline */
    const char *resource_version; /* "" offline */
    int64_t generation;
    bool deleting;
    struct bnc_bytes text;   /* compact JSON: metadata (labels, ...), spec, data */
    struct bnc_bytes status; /* raw JSON of ours, len 0 when absent */
    const char *origin;      /* "file.yaml:12" offline, else NULL */
    struct bnc_object *base; /* has the texts but version and status; NULL: own ones */
};

/* Owns: one reference for the caller; everything is copied into one block. */
struct bnc_object *
bnc_object_new(enum bnc_kind kind, const struct bnc_pruned *pruned, const char *origin);
struct bnc_object *bnc_object_ref(struct bnc_object *object);
void bnc_object_unref(struct bnc_object *object); /* NULL is ignored */

/*
 * The object as it is to be kept in place of `before`: when only its version and its
 * status are news, as with each status that is written, both share the rest, which what
 * was compiled from `before` borrows on.
 * Owns: takes the caller's reference to `object`, gives one to what it returns.
 */
struct bnc_object *bnc_object_after(struct bnc_object *object, struct bnc_object *before);

/* True when nothing that a step reads differs: text, uid, generation, deletion. */
bool bnc_object_same(const struct bnc_object *a, const struct bnc_object *b);

/* Units: bytes it takes in a cache. */
size_t bnc_object_bytes(const struct bnc_object *object);

#endif
