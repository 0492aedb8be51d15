#include "reconcilers/claims.h"

#include <string.h>

#include "lib/clip.h"
#include "lib/json.h"

#define BODY_MAX ((size_t)2 * 1024 * 1024)

const cJSON *
bnc_claim_read_was(const char *text, const char *owner, struct bnc_arena *arena,
                   const char **other)
{
    struct bnc_error err = {0};
    cJSON *was = NULL;
    *other = NULL;
    if (text == NULL || bnc_json_parse(arena, text, strlen(text), &was, &err)) {
        return NULL;
    }
    const char *whose = bnc_json_get_str(was, "owner");
    if (bnc_str_eq(whose, owner)) {
        return was;
    }
    *other = whose == NULL ? "of no name" : whose;
    return NULL;
}

cJSON *
bnc_claim_patch(const cJSON *was, struct bnc_arena *arena)
{
    cJSON *root = bnc_json_object(arena);
    cJSON *meta = bnc_json_object(arena);
    cJSON *annotations = bnc_json_object(arena);
    if (was == NULL) {
        bnc_json_set_item(arena, annotations, BNC_ANNOTATION_WAS, bnc_json_null(arena));
    } else {
        struct bnc_str text = bnc_str_new(arena, BODY_MAX);
        bnc_json_print(was, &text);
        bnc_json_set_str(arena, annotations, BNC_ANNOTATION_WAS, text.ptr);
    }
    bnc_json_set_item(arena, meta, "annotations", annotations);
    bnc_json_set_item(arena, root, "metadata", meta);
    return root;
}

void
bnc_claim_send(struct bnc_plan *plan, struct bnc_held of, const cJSON *patch)
{
    struct bnc_str body = bnc_str_new(plan->arena, BODY_MAX);
    bnc_json_print(patch, &body);
    plan->patches[plan->n_patches++] =
        (struct bnc_patch){.of = of, .body = {body.ptr, body.len}};
}

void
bnc_claim_hold(struct bnc_plan *plan, struct bnc_held of)
{
    plan->held[plan->n_held++] = of;
}

void
bnc_claim_tell_foreign(struct bnc_plan *plan, const char *field, const char *remedy,
                       const char *message)
{
    bnc_diag_warn(&plan->diags, BNC_REASON_FOREIGN_FIELD, field, remedy, "%s", message);
}

/* ---- a text ------------------------------------------------------------------------ */

static void
tell_edited(struct bnc_plan *plan, const struct bnc_claim_text *text,
            const struct bnc_mesh_edited *edited)
{
    const struct bnc_held *of = &text->of;
    for (size_t i = 0; i < edited->conflicts.n && !text->edit.take_over; i++) {
        const struct bnc_mesh_note *note = &edited->conflicts.items[i];
        bnc_claim_tell_foreign(
            plan, text->field, "set onConflict: TakeOver, or change it there",
            bnc_arena_fmt(plan->arena, "ConfigMap %s/%s has %s already, as %.*s", of->ns,
                          of->name, note->path, bnc_clip(note->live, 100), note->live));
    }
    for (size_t i = 0; i < edited->kept.n; i++) {
        bnc_claim_tell_foreign(
            plan, text->field, NULL,
            bnc_arena_fmt(plan->arena,
                          "ConfigMap %s/%s: %s was changed by somebody since, "
                          "and stays as it is",
                          of->ns, of->name, edited->kept.items[i].path));
    }
}

void
bnc_claim_edit_text(struct bnc_plan *plan, const struct bnc_claim_text *text)
{
    struct bnc_arena *arena = plan->arena;
    struct bnc_mesh_edited edited = {0};
    struct bnc_error err = {0};

    if (bnc_mesh_edit(&text->edit, arena, &edited, &err)) {
        bnc_diag_warn(&plan->diags, BNC_REASON_INVALID_REF, text->field, text->remedy,
                      "%s in ConfigMap %s/%s can't be edited: %s", text->what,
                      text->of.ns, text->of.name, err.message);
        if (text->edit.before != NULL) {
            bnc_claim_hold(plan, text->of);
        }
        return;
    }
    tell_edited(plan, text, &edited);
    if (edited.edits != NULL || text->edit.before != NULL) {
        bnc_claim_hold(plan, text->of);
    }
    if (!edited.changed) {
        return;
    }
    cJSON *record = NULL;
    if (edited.edits != NULL) {
        record = bnc_json_object(arena);
        bnc_json_set_str(arena, record, "owner", text->owner);
        if (text->name_key) {
            bnc_json_set_str(arena, record, "key", text->key);
        }
        bnc_json_set_str(arena, record, "edits", edited.edits);
    }
    cJSON *root = bnc_claim_patch(record, arena);
    cJSON *data = bnc_json_object(arena);
    bnc_json_set_str(arena, data, text->key, edited.text.ptr);
    bnc_json_set_item(arena, root, "data", data);
    bnc_claim_send(plan, text->of, root);
}
