/*
 * A source between the product and the API server that looks on: what was asked for and
 * is not answered, and by how much one turn may go on.
 */
#ifndef BNC_TESTS_SIM_RUN_SEAM_H
#define BNC_TESTS_SIM_RUN_SEAM_H

#include "net/world.h"
#include "source/source.h"

/* Owns: the caller, bnc_source_free(); `inner` is freed with it. */
struct bnc_source *seam_new(struct bnc_world *world, struct bnc_source *inner);

/* What a fresh process would have to know of an object that it asks for by name. */
enum seam_known { SEAM_KNOWN, SEAM_PENDING, SEAM_GIVEN_UP };
enum seam_known seam_known(const struct bnc_source *seam, enum bnc_kind kind,
                           const char *ns, const char *name);

#endif
