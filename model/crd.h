/*
 * The CustomResourceDefinition of a kind, made from its field tables.
 */
#ifndef BNC_MODEL_CRD_H
#define BNC_MODEL_CRD_H

#include <cjson/cJSON.h>

#include "lib/arena.h"
#include "model/field.h"

/* Our kinds that have a CRD, in the order of enum bnc_kind; ended by NULL. */
extern const struct bnc_kind_doc *const bnc_kind_docs[];

/* The whole object (apiextensions.k8s.io/v1), a tree in `arena`. */
cJSON *bnc_crd_build(const struct bnc_kind_doc *doc, struct bnc_arena *arena);

#endif
