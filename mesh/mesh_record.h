/*
 * The edits of one mesh text as they are stored, and how they are taken back.  Only for
 * mesh_edit.c.
 */
#ifndef BNC_MESH_MESH_RECORD_H
#define BNC_MESH_MESH_RECORD_H

#include "lib/json.h"
#include "mesh/mesh_edit.h"

/* One replacement: bytes [start, end) of the old text become `text`. */
struct bnc_mesh_change {
    size_t start;
    size_t end;
    struct bnc_bytes text;
    cJSON *paths; /* array of texts: the keys that it sets */
};

/* Changes in the order of the old text; they do not overlap. */
struct bnc_mesh_changes {
    struct bnc_mesh_change *items;
    size_t n;
};

/* The new text.  Errors: TOO_BIG. */
enum bnc_code bnc_mesh_apply(struct bnc_bytes old, const struct bnc_mesh_changes *changes,
                             struct bnc_arena *arena, struct bnc_bytes *out,
                             struct bnc_error *err) BNC_MUST_CHECK;

/*
 * What is stored: `[{"at": [paths], "is": "...", "was": "..."}]`.  Each `is` occurs once
 * in the new text; what is around it is taken in until it does.  NULL for no changes.
 * Errors: TOO_BIG.
 */
enum bnc_code
bnc_mesh_records(struct bnc_bytes old, struct bnc_bytes new,
                 const struct bnc_mesh_changes *changes, struct bnc_arena *arena,
                 const char **out, struct bnc_error *err) BNC_MUST_CHECK;

/*
 * Take `records` (NULL: none) out of `live`: each `is` that occurs once becomes `was`,
 * unless the text would then say something else about what is not ours.
 * Errors: INVALID when `live` or `records` cannot be read; TOO_BIG.
 */
enum bnc_code
bnc_mesh_restore(struct bnc_bytes live, const char *records, struct bnc_arena *arena,
                 struct bnc_bytes *out, struct bnc_mesh_notes *kept,
                 struct bnc_error *err) BNC_MUST_CHECK;

/* The text as a tree, an empty map when it says nothing.  Errors: INVALID, TOO_BIG. */
enum bnc_code bnc_mesh_read(struct bnc_bytes text, struct bnc_arena *arena, cJSON **out,
                            struct bnc_error *err) BNC_MUST_CHECK;

/* Where `part` stands in `text`; NULL: nowhere, or more than once. */
const char *bnc_mesh_only_place(struct bnc_bytes text, struct bnc_bytes part);

/* ---- paths: KEY, KEY.KEY, KEY.KEY[ITEM] ---------------------------------------------
 */

/* True for a list whose items are ours one by one. */
bool bnc_mesh_is_items(const char *key);

/* null, "", [] and {}: to Istio and Kiali as if the key were not there. */
bool bnc_mesh_is_unset(const cJSON *item);

/* What an item of such a list is known by: the name of a map, a text itself. */
const char *bnc_mesh_item_id(const cJSON *item); /* NULL: by nothing */

/* NULL: not there.  Names differ in case freely, texts do not. */
cJSON *bnc_mesh_item_find(const cJSON *list, const char *id);

/* The first step, a key; `*rest` begins with '.', '[' or the end. */
const char *bnc_mesh_step(const char *path, const char **rest, struct bnc_arena *arena);

/* The id in a `*rest` that begins with '['. */
const char *bnc_mesh_step_id(const char *rest, struct bnc_arena *arena);

/* What stands at a path; NULL: nothing. */
const cJSON *bnc_mesh_at(const cJSON *tree, const char *path, struct bnc_arena *arena);

/* Owns: the note's texts are the arena's. */
void bnc_mesh_note(struct bnc_mesh_notes *notes, const char *path, const cJSON *live,
                   struct bnc_arena *arena);

#endif
