/*
 * Fields of objects that are not ours.  What was there before stands in an annotation of
 * the same object, written with the value and taken off when that is given back.
 */
#ifndef BNC_RECONCILERS_CLAIMS_H
#define BNC_RECONCILERS_CLAIMS_H

#include <cjson/cJSON.h>

#include "mesh/mesh_edit.h"
#include "model/plan.h"

#define BNC_ANNOTATION_WAS "binnacle.dev/was"

/*
 * The annotation's text as JSON, when it is this Observatory's ("NS/NAME"); NULL: none
 * that can be read.  *other: whose it is then; NULL: nobody's.
 */
const cJSON *bnc_claim_read_was(const char *text, const char *owner,
                                struct bnc_arena *arena, const char **other);

/* A merge patch that writes the annotation (NULL: takes it off), to be filled. */
cJSON *bnc_claim_patch(const cJSON *was, struct bnc_arena *arena);

/* Room for both is made by whoever begins the plan's lists. */
void bnc_claim_send(struct bnc_plan *plan, struct bnc_held of, const cJSON *patch);
void bnc_claim_hold(struct bnc_plan *plan, struct bnc_held of);

/* A field has a value of somebody else's, and is left. */
void bnc_claim_tell_foreign(struct bnc_plan *plan, const char *field, const char *remedy,
                            const char *message);

/* Keys of ours in a YAML text of a ConfigMap. */
struct bnc_claim_text {
    struct bnc_held of;
    const char *owner;
    const char *key;    /* of its data */
    bool name_key;      /* the annotation says which: it may be another one tomorrow */
    const char *field;  /* of the Observatory, for messages */
    const char *what;   /* "the mesh configuration" */
    const char *remedy; /* when it can't be edited */
    struct bnc_mesh_edit edit;
};

void bnc_claim_edit_text(struct bnc_plan *plan, const struct bnc_claim_text *text);

#endif
