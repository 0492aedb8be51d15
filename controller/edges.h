/*
 * Who read what: edges from facts (objects, lists) to the steps that read them,
 * with the answer they got.  Recorded by the view, never declared.
 */
#ifndef BNC_CONTROLLER_EDGES_H
#define BNC_CONTROLLER_EDGES_H

#include "controller/cache.h"

#define BNC_FACT_KEY_MAX 640 /* kind, namespace (63) and name (253) with room */

struct bnc_edges;

struct bnc_edges *
bnc_edges_new(struct bnc_cache *cache, const struct bnc_cache_hooks *hooks, void *arg);
void bnc_edges_free(struct bnc_edges *edges);

/* One object changed (name NULL: a whole kind became known). */
void bnc_edges_notify(struct bnc_edges *edges, enum bnc_kind kind, const char *ns,
                      const char *name);

/* "KIND/ns/name" into `out`; name NULL: the list of the namespace; ns NULL: of all. */
void bnc_fact_key(char out[BNC_FACT_KEY_MAX], enum bnc_kind kind, const char *ns,
                  const char *name);

/* What the cache offers its own view only. */
struct bnc_edges *bnc_cache_edges(struct bnc_cache *cache);
enum bnc_found bnc_cache_found(const struct bnc_cache *cache, enum bnc_kind kind,
                               const char *ns, const char *name);
void bnc_cache_forget(struct bnc_cache *cache, enum bnc_kind kind, const char *ns,
                      const char *name);

#endif
