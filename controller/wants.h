/*
 * References that are waited for: each for some time, then it counts as denied.
 */
#ifndef BNC_CONTROLLER_WANTS_H
#define BNC_CONTROLLER_WANTS_H

#include "model/kind.h"
#include "net/world.h"

struct bnc_wants; /* opaque */

/* `lost` runs when an object was not known after BNC_REF_PATIENCE_MS. */
typedef void (*bnc_want_fn)(void *arg, enum bnc_kind kind, const char *ns,
                            const char *name);
struct bnc_wants *bnc_wants_new(struct bnc_world *world, bnc_want_fn lost, void *arg);
void bnc_wants_free(struct bnc_wants *wants); /* NULL is ignored */

void bnc_wants_add(struct bnc_wants *wants, enum bnc_kind kind, const char *ns,
                   const char *name);
/* It is known: there, or known to be absent. */
void bnc_wants_known(struct bnc_wants *wants, enum bnc_kind kind, const char *ns,
                     const char *name);
void bnc_wants_remove(struct bnc_wants *wants, enum bnc_kind kind, const char *ns,
                      const char *name);

#endif
