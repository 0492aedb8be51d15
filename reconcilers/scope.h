/*
 * Which namespaces a selector or a right reaches.
 */
#ifndef BNC_RECONCILERS_SCOPE_H
#define BNC_RECONCILERS_SCOPE_H

#include "lib/json.h"
#include "model/ir.h"

/* Just one namespace. */
struct bnc_scope bnc_scope_own(const char *ns, struct bnc_arena *arena);

/*
 * A namespaceSelector: NULL gives `own`, {} every namespace, else those whose
 * labels match.  PENDING or DENIED when the Namespaces can't be read (yet).
 */
enum bnc_found
bnc_scope_resolve(const struct bnc_selector *selector, const char *own,
                  struct bnc_view *view, struct bnc_arena *arena, struct bnc_scope *out);

/* What is in both. */
struct bnc_scope bnc_scope_limit(const struct bnc_scope *a, const struct bnc_scope *b,
                                 struct bnc_arena *arena);

#endif
