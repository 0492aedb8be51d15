/*
 * Kiali is told where Prometheus, Grafana and the traces of an Observatory are: fields in
 * its custom resource, or in the text of its ConfigMap, none of which is ours.
 */
#ifndef BNC_RECONCILERS_KIALI_H
#define BNC_RECONCILERS_KIALI_H

#include "model/ir.h"
#include "model/plan.h"

struct bnc_plan_state;

/* One object of Kiali's, as it is live. */
struct bnc_kiali_facts {
    struct bnc_held of;
    const char *key;   /* of a ConfigMap; NULL: the custom resource */
    bool moved;        /* what is in it of ours is below another key: that goes first */
    const char *was;   /* our annotation on it; NULL: none */
    const cJSON *spec; /* of the custom resource, as it is kept; NULL: none */
    struct bnc_bytes text; /* of a ConfigMap */
    bool found;            /* the object, and its key, are there */
};

/* Fills ir->kiali and the diagnostics of spec.kiali. */
void bnc_kiali_compile(const struct bnc_object *self, const struct bnc_settings *settings,
                       struct bnc_view *view, struct bnc_ir_observatory *ir,
                       struct bnc_ir *out);

/* True when spec.kiali leads to this object, so that it is looked at anyway. */
bool bnc_kiali_is_current(const struct bnc_ir_observatory *ir, enum bnc_kind kind,
                          const char *ns, const char *name);

/* An object that was set once; NULL: it is none of Kiali's, or has nothing of ours. */
const struct bnc_kiali_facts *
bnc_kiali_left(struct bnc_view *view, enum bnc_kind kind, const char *ns,
               const char *name, struct bnc_ir *out);

/* The patch that is needed, and what is held (kiali_claim.c). */
void bnc_kiali_claim(struct bnc_plan *plan, const struct bnc_plan_state *state,
                     const char *owner, bool keep);
void bnc_kiali_give_back(struct bnc_plan *plan, const struct bnc_kiali_facts *facts,
                         const char *owner);

/* ---- fields of the custom resource (kiali_fields.c) */

struct bnc_kiali_edit {
    const cJSON *live; /* spec; NULL: none */
    const cJSON *was;  /* what we wrote about it: {owner, fields, made}; NULL: nothing */
    const cJSON *wish; /* bnc_kiali_tree(); NULL: give everything back */
    bool take_over;    /* of fields that have another value: replace that */
};

struct bnc_kiali_note {
    const char *path;
    const char *live; /* as JSON; "": it is not about one value */
};

/*
 * A field that others have set since is theirs, as if we had never set it; one that they
 * took away is set again.  null, "", [] and {} count as not set.
 */
struct bnc_kiali_edited {
    cJSON *patch;  /* a merge patch of spec; NULL: it is as it has to be */
    cJSON *fields; /* {path: {is, was}} */
    cJSON *made;   /* paths of maps that were not there */
    struct bnc_kiali_note *conflicts; /* with another value, and left */
    size_t n_conflicts;
};

/* Owns: all of it is the arena's. */
void bnc_kiali_edit(const struct bnc_kiali_edit *edit, struct bnc_arena *arena,
                    struct bnc_kiali_edited *out);

#endif
