/*
 * One Observatory for each mesh and revision: who of several has it.
 */
#ifndef BNC_RECONCILERS_MESH_RIVALS_H
#define BNC_RECONCILERS_MESH_RIVALS_H

#include "model/ir.h"

/* True for the revision without a name: NULL, "", "default". */
bool bnc_revision_default(const char *revision);

/*
 * Another Observatory ("NS/NAME") for the same control plane with a higher rank; NULL:
 * none.  One that may not set a mesh takes none away.  Owns: `arena`.
 */
const char *
bnc_mesh_rival(const struct bnc_object *self, const struct bnc_settings *settings,
               const struct bnc_spec_observatory *spec, struct bnc_view *view,
               struct bnc_arena *arena, enum bnc_found *found);

#endif
