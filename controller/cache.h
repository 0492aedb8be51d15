/*
 * What is known of the world: immutable objects by key, what is known to be
 * absent, and who read what.
 */
#ifndef BNC_CONTROLLER_CACHE_H
#define BNC_CONTROLLER_CACHE_H

#include "lib/map.h"
#include "model/object.h"
#include "model/view.h"

struct bnc_cache;  /* opaque */
struct bnc_reader; /* a step that reads: its edges */

struct bnc_cache_hooks {
    /* A reader's answer changed: it has to be done again. */
    void (*dirty)(void *arg, struct bnc_reader *reader);
    /* Objects of kinds that are read by name: begin and end to follow one. */
    void (*want)(void *arg, enum bnc_kind kind, const char *ns, const char *name);
    void (*unwant)(void *arg, enum bnc_kind kind, const char *ns, const char *name);
};

struct bnc_cache *bnc_cache_new(const struct bnc_cache_hooks *hooks, void *arg);
void bnc_cache_free(struct bnc_cache *cache); /* NULL is ignored */
BNC_DEFINE_AUTO(bnc_cache);

/* Takes the reference.  True when something that a step reads differs. */
bool bnc_cache_put(struct bnc_cache *cache, struct bnc_object *object);
/* True when it was there. */
bool bnc_cache_gone(struct bnc_cache *cache, enum bnc_kind kind, const char *ns,
                    const char *name);
/* name NULL: the whole kind is known, in `ns` or ("") everywhere; else one object. */
void bnc_cache_synced(struct bnc_cache *cache, enum bnc_kind kind, const char *ns,
                      const char *name);
/* One object may not be read. */
void bnc_cache_denied(struct bnc_cache *cache, enum bnc_kind kind, const char *ns,
                      const char *name);

/* NULL: not there or not known.  Borrowed until the next put or gone. */
struct bnc_object *bnc_cache_get(const struct bnc_cache *cache, enum bnc_kind kind,
                                 const char *ns, const char *name);
/* In byte order of (namespace, name); ns NULL: everywhere. */
void bnc_cache_each(const struct bnc_cache *cache, enum bnc_kind kind, const char *ns,
                    bnc_view_fn fn, void *arg);
size_t bnc_cache_count(const struct bnc_cache *cache, enum bnc_kind kind);
bool bnc_cache_knows(const struct bnc_cache *cache, enum bnc_kind kind, const char *ns);
/* Units: bytes of all objects. */
size_t bnc_cache_bytes(const struct bnc_cache *cache);

/* Owns: the caller.  `arg` is for whoever gets it in the dirty hook. */
struct bnc_reader *bnc_reader_new(struct bnc_cache *cache, void *arg);
void bnc_reader_free(struct bnc_reader *reader); /* NULL is ignored */
void *bnc_reader_arg(const struct bnc_reader *reader);
/* Forget what it read and give a view that records anew, until the next begin. */
struct bnc_view *bnc_reader_begin(struct bnc_reader *reader);
/* Objects that were wanted before begin and were not read again are let go. */
void bnc_reader_end(struct bnc_reader *reader);

#endif
