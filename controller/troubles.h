/*
 * Lists and watches that fail: said once in the log, listed in /readyz?verbose.
 */
#ifndef BNC_CONTROLLER_TROUBLES_H
#define BNC_CONTROLLER_TROUBLES_H

#include "lib/error.h"
#include "model/kind.h"

struct bnc_troubles; /* opaque */

struct bnc_troubles *bnc_troubles_new(void);
void bnc_troubles_free(struct bnc_troubles *troubles); /* NULL is ignored */

/* A list or watch fails (code, text), or works again (BNC_OK); `ns`, `name` may be NULL.
 */
void bnc_troubles_tell(struct bnc_troubles *troubles, enum bnc_kind kind, const char *ns,
                       const char *name, const struct bnc_error *err);
/* Nobody follows it any more. */
void bnc_troubles_forget(struct bnc_troubles *troubles, enum bnc_kind kind,
                         const char *ns, const char *name);

/* Each that fails, in byte order of its key. */
typedef void (*bnc_trouble_fn)(void *arg, const char *what, const char *message);
void bnc_troubles_each(const struct bnc_troubles *troubles, bnc_trouble_fn fn, void *arg);

#endif
