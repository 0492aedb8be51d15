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
};

/* Owns: one reference for the caller; everything is copied into one block. */
struct bnc_object *
bnc_object_new(enum bnc_kind kind, const struct bnc_pruned *pruned, const char *origin);
struct bnc_object *bnc_object_ref(struct bnc_object *object);
void bnc_object_unref(struct bnc_object *object); /* NULL is ignored */

/* True when nothing that a step reads differs: text, uid, generation, deletion. */
bool bnc_object_same(const struct bnc_object *a, const struct bnc_object *b);

/* Units: bytes it takes in a cache. */
size_t bnc_object_bytes(const struct bnc_object *object);

#endif
