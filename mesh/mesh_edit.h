/*
 * Our keys in the text of ConfigMap istio, or kiali, and back: what we put in, put in
 * again when the wish changes, and take out, with every other byte left as it is.
 */
#ifndef BNC_MESH_MESH_EDIT_H
#define BNC_MESH_MESH_EDIT_H

#include <cjson/cJSON.h>

#include "lib/arena.h"
#include "lib/error.h"
#include "lib/str.h"

#define BNC_MESH_TEXT_MAX  ((size_t)1024 * 1024) /* what a ConfigMap holds */
#define BNC_MESH_EDITS_MAX ((size_t)64 * 1024)   /* bytes of the annotation */

/* One of our keys, for a report: defaultProviders.tracing, extensionProviders[jaeger]. */
struct bnc_mesh_note {
    const char *path;
    const char *live; /* what stands there now, as JSON; NULL: nothing */
};

struct bnc_mesh_notes {
    struct bnc_mesh_note *items;
    size_t n;
};

struct bnc_mesh_edit {
    struct bnc_bytes live; /* key `mesh`, as it is now */
    const char *before;    /* edits that stand in it, as stored; NULL: none */
    const cJSON *wish;     /* bnc_mesh_wish_tree(); NULL: give everything back */
    bool take_over;        /* of our keys that have another value: replace that */
};

/*
 * `before` is taken out first, then `wish` is put in, so an edit of what is edited
 * already changes nothing.  What counts of each wished key:
 *   extensionProviders   entries by name, whatever its case; the others stay
 *   extraStatTags        texts that are missing are added
 *   metrics              of defaultProviders: added only where there is none
 *   other lists, texts   as they are wished
 *   null, "", [] and {} of others count as not set.
 */
struct bnc_mesh_edited {
    struct bnc_bytes text; /* ends in NUL behind `len` */
    bool changed;      /* it differs from `live`, or `edits` from `before`: write both */
    const char *edits; /* to be stored with it; NULL: nothing is ours */
    struct bnc_mesh_notes conflicts; /* had another value: left, or with take_over kept
                                      * in `edits` and replaced */
    struct bnc_mesh_notes kept;      /* of `before`: changed by others since, so left
                                      * and theirs from now on */
};

/*
 * Owns:   everything of `out` is the arena's.  Written only on success.
 * Errors: INVALID when `live` is no YAML of one map, or (with a wish) has anchors, tabs
 *         as indentation, a key twice or another form that cannot be edited safely; when
 *         `before` is not what we store; when a wished text cannot stand in YAML.
 *         TOO_BIG over the limits above.  INTERNAL when the result, read again, is not
 *         `live` and the wish, or would not come back byte for byte.
 */
enum bnc_code
bnc_mesh_edit(const struct bnc_mesh_edit *edit, struct bnc_arena *arena,
              struct bnc_mesh_edited *out, struct bnc_error *err) BNC_MUST_CHECK;

#endif
