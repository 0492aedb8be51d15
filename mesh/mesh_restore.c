/* Taking the edits of a mesh text back: the second part of mesh_record.h. */
#include "mesh/mesh_record.h"

#include <string.h>

#define RECORDS_MAX 256 /* more are not ours */

struct undo {
    struct bnc_bytes live;
    const cJSON *tree; /* of it */
    const cJSON *records;
    struct bnc_mesh_change changes[RECORDS_MAX]; /* text NULL: not to be found */
    bool taken[RECORDS_MAX];
    size_t n;
    struct bnc_arena *arena;
};

static void
drop_unset(cJSON *tree, const char *key)
{
    const cJSON *item = bnc_json_get(tree, key);

    if (item != NULL && bnc_mesh_is_unset(item)) {
        (void)bnc_json_remove(tree, key);
    }
}

/*
 * Take out what stands at `path`; a map that holds it stays for what else is in it, but
 * what is no map or list where there should be one goes as a whole.
 */
static void
drop_path(cJSON *tree, const char *path, struct bnc_arena *arena)
{
    const char *rest = NULL;
    const char *key = bnc_mesh_step(path, &rest, arena);
    cJSON *value = bnc_json_get(tree, key);

    if (rest[0] == '.' && cJSON_IsObject(value)) {
        drop_path(value, rest + 1, arena);
    } else if (rest[0] == '[' && cJSON_IsArray(value)) {
        const char *id = bnc_mesh_step_id(rest, arena);
        cJSON *entry;
        while ((entry = bnc_mesh_item_find(value, id)) != NULL) {
            (void)cJSON_DetachItemViaPointer(value, entry);
        }
    } else if (rest[0] != '\0' || (!bnc_mesh_is_items(key) && !cJSON_IsObject(value))) {
        (void)bnc_json_remove(tree, key);
    }
}

/* Maps on the way to a path that nothing is in: they may have been made for it. */
static void
drop_way(cJSON *tree, const char *path, struct bnc_arena *arena)
{
    const char *rest = NULL;
    const char *key = bnc_mesh_step(path, &rest, arena);

    if (rest[0] == '.') {
        drop_way(bnc_json_get(tree, key), rest + 1, arena);
    }
    drop_unset(tree, key);
}

/* The tree without what the records that are taken speak of. */
static cJSON *
others(const struct undo *u, const cJSON *tree)
{
    cJSON *left = bnc_json_clone(u->arena, tree);
    const cJSON *record;
    const cJSON *path;
    size_t i = 0;

    cJSON_ArrayForEach(record, u->records)
    {
        if (u->taken[i++]) {
            cJSON_ArrayForEach(path, bnc_json_get(record, "at"))
            {
                drop_path(left, path->valuestring, u->arena);
            }
            cJSON_ArrayForEach(path, bnc_json_get(record, "at"))
            {
                drop_way(left, path->valuestring, u->arena);
            }
        }
    }
    return left;
}

/* The text without the records that are taken, in their order in the text. */
static enum bnc_code
take_out(const struct undo *u, struct bnc_bytes *out, struct bnc_error *err)
{
    struct bnc_mesh_change sorted[RECORDS_MAX];
    struct bnc_mesh_changes changes = {sorted, 0};

    for (size_t i = 0; i < u->n; i++) {
        if (!u->taken[i]) {
            continue;
        }
        size_t k = changes.n++;
        for (; k > 0 && sorted[k - 1].start > u->changes[i].start; k--) {
            sorted[k] = sorted[k - 1];
        }
        sorted[k] = u->changes[i];
    }
    for (size_t i = 1; i < changes.n; i++) {
        if (sorted[i].start < sorted[i - 1].end) {
            return bnc_fail(err, BNC_CONFLICT, "two edits meet");
        }
    }
    return bnc_mesh_apply(u->live, &changes, u->arena, out, err);
}

/* False when the text would then say something else about what is not ours. */
static bool
try_out(const struct undo *u, struct bnc_bytes *out)
{
    struct bnc_error ignored = {0};
    cJSON *tree = NULL;

    return take_out(u, out, &ignored) == BNC_OK &&
           bnc_mesh_read(*out, u->arena, &tree, &ignored) == BNC_OK &&
           bnc_json_equal(others(u, u->tree), others(u, tree));
}

/* All that are there at once; if that is wrong one by one, what holds others last. */
static void
take_records(struct undo *u, struct bnc_bytes *out)
{
    for (size_t i = 0; i < u->n; i++) {
        u->taken[i] = u->changes[i].text.ptr != NULL;
    }
    if (try_out(u, out)) {
        return;
    }
    memset(u->taken, 0, sizeof(u->taken));
    *out = (struct bnc_bytes){bnc_arena_strndup(u->arena, u->live.ptr, u->live.len),
                              u->live.len};
    for (size_t i = u->n; i-- > 0;) {
        struct bnc_bytes text;
        u->taken[i] = u->changes[i].text.ptr != NULL;
        if (u->taken[i] && try_out(u, &text)) {
            *out = text;
        } else {
            u->taken[i] = false;
        }
    }
}

static bool
read_record(struct undo *u, const cJSON *record)
{
    const char *is = bnc_json_get_str(record, "is");
    const char *was = bnc_json_get_str(record, "was");
    const cJSON *at = bnc_json_get(record, "at");
    const cJSON *path;

    if (is == NULL || is[0] == '\0' || was == NULL || !cJSON_IsArray(at) ||
        u->n == RECORDS_MAX) {
        return false;
    }
    cJSON_ArrayForEach(path, at)
    {
        if (!cJSON_IsString(path)) {
            return false;
        }
    }
    struct bnc_mesh_change *change = &u->changes[u->n++];
    const char *place = bnc_mesh_only_place(u->live, (struct bnc_bytes){is, strlen(is)});
    *change = (struct bnc_mesh_change){.start = 0};
    if (place != NULL) {
        change->start = (size_t)(place - u->live.ptr);
        change->end = change->start + strlen(is);
        change->text = (struct bnc_bytes){was, strlen(was)};
    }
    return true;
}

static enum bnc_code
read_records(struct undo *u, const char *text, struct bnc_error *err)
{
    cJSON *list = NULL;
    const cJSON *record;

    if (strlen(text) > BNC_MESH_EDITS_MAX) {
        return bnc_fail(err, BNC_TOO_BIG, "the stored edits are over %zu bytes",
                        BNC_MESH_EDITS_MAX);
    }
    if (bnc_json_parse(u->arena, text, strlen(text), &list, err)) {
        return bnc_wrap(err, "the stored edits");
    }
    bool good = cJSON_IsArray(list);
    cJSON_ArrayForEach(record, list)
    {
        good = good && read_record(u, record);
    }
    if (!good) {
        return bnc_fail(err, BNC_INVALID, "the stored edits are not what was stored");
    }
    u->records = list;
    return BNC_OK;
}

static void
note_kept(const struct undo *u, struct bnc_mesh_notes *kept)
{
    const cJSON *record;
    const cJSON *path;
    size_t i = 0;

    cJSON_ArrayForEach(record, u->records)
    {
        if (u->taken[i++]) {
            continue;
        }
        cJSON_ArrayForEach(path, bnc_json_get(record, "at"))
        {
            bnc_mesh_note(kept, path->valuestring,
                          bnc_mesh_at(u->tree, path->valuestring, u->arena), u->arena);
        }
    }
}

enum bnc_code
bnc_mesh_restore(struct bnc_bytes live, const char *records, struct bnc_arena *arena,
                 struct bnc_bytes *out, struct bnc_mesh_notes *kept,
                 struct bnc_error *err)
{
    cJSON *tree = NULL;

    *kept = (struct bnc_mesh_notes){.n = 0};
    if (bnc_mesh_read(live, arena, &tree, err)) {
        return err->code;
    }
    struct undo *u = bnc_arena_alloc(arena, sizeof(*u));
    *u = (struct undo){.live = live, .tree = tree, .arena = arena};
    if (records != NULL && read_records(u, records, err)) {
        return err->code;
    }
    take_records(u, out);
    note_kept(u, kept);
    return BNC_OK;
}
