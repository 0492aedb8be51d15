/*
 * Fields of Kiali's custom resource, one by one: whose value each is, and what it was
 * before.  Only for kiali_claim.c.
 */
#include <string.h>

#include "lib/json.h"
#include "reconcilers/kiali.h"

#define JSON_MAX ((size_t)1024 * 1024)

struct editor {
    const struct bnc_kiali_edit *edit;
    const cJSON *fields; /* of `was` */
    cJSON *spec;         /* as it is to be */
    struct bnc_arena *arena;
    struct bnc_kiali_edited *out;
};

/* ---- paths: keys with dots between ------------------------------------------------- */

static const char *
step(const char *path, const char **rest, struct bnc_arena *arena)
{
    size_t n = strcspn(path, ".");
    *rest = path[n] == '.' ? path + n + 1 : NULL;
    return bnc_arena_strndup(arena, path, n);
}

/* The map that holds the last key of a path, and that key; NULL: it is not there. */
static cJSON *
holder(cJSON *root, const char *path, struct bnc_arena *arena, const char **key)
{
    cJSON *at = root;
    const char *rest = path;
    for (*key = step(rest, &rest, arena); rest != NULL && cJSON_IsObject(at);
         *key = step(rest, &rest, arena)) {
        at = bnc_json_get(at, *key);
    }
    return cJSON_IsObject(at) ? at : NULL;
}

static cJSON *
find(cJSON *root, const char *path, struct bnc_arena *arena)
{
    const char *key = NULL;
    const cJSON *map = holder(root, path, arena, &key);
    return bnc_json_get(map, key);
}

static bool
is_unset(const cJSON *value)
{
    return value == NULL || cJSON_IsNull(value) ||
           (cJSON_IsString(value) && value->valuestring[0] == '\0') ||
           ((cJSON_IsArray(value) || cJSON_IsObject(value)) && value->child == NULL);
}

/* The same with maps that are made on the way; NULL: something else is in it. */
static cJSON *
make_holder(struct editor *e, const char *path, const char **key)
{
    cJSON *at = e->spec;
    const char *rest = path;
    for (*key = step(rest, &rest, e->arena); rest != NULL;
         *key = step(rest, &rest, e->arena)) {
        cJSON *next = bnc_json_get(at, *key);
        if (is_unset(next) && !cJSON_IsObject(next)) {
            size_t n = (size_t)(rest - path) - 1;
            next = bnc_json_object(e->arena);
            bnc_json_set_item(e->arena, at, *key, next);
            bnc_json_add(e->out->made,
                         bnc_json_str(e->arena, bnc_arena_strndup(e->arena, path, n)));
        } else if (!cJSON_IsObject(next)) {
            return NULL;
        }
        at = bnc_json_get(at, *key);
    }
    return at;
}

/* ---- one field --------------------------------------------------------------------- */

static void
note_conflict(struct editor *e, const char *path, const cJSON *live)
{
    struct bnc_str text = bnc_str_new(e->arena, JSON_MAX);
    struct bnc_kiali_edited *out = e->out;
    struct bnc_kiali_note *items =
        bnc_arena_array(e->arena, out->n_conflicts + 1, sizeof(*items));
    if (live != NULL) {
        bnc_json_print(live, &text);
    }
    if (out->n_conflicts > 0) {
        memcpy(items, out->conflicts, out->n_conflicts * sizeof(*items));
    }
    items[out->n_conflicts++] =
        (struct bnc_kiali_note){path, live == NULL ? "" : text.ptr};
    out->conflicts = items;
}

/* Put a value in; NULL and null: take the key out. */
static void
put(struct editor *e, const char *path, const cJSON *value)
{
    const char *key = NULL;
    if (value == NULL || cJSON_IsNull(value)) {
        cJSON *map = holder(e->spec, path, e->arena, &key);
        if (map != NULL) {
            (void)bnc_json_remove(map, key);
        }
        return;
    }
    cJSON *map = make_holder(e, path, &key);
    if (map == NULL) {
        note_conflict(e, path, NULL);
        return;
    }
    bnc_json_set_item(e->arena, map, key, bnc_json_clone(e->arena, value));
}

static bool
is_as_set(const cJSON *live, const cJSON *record)
{
    return record != NULL && live != NULL &&
           bnc_json_equal(live, bnc_json_get(record, "is"));
}

static cJSON *
or_null(struct editor *e, const cJSON *value)
{
    return value == NULL ? bnc_json_null(e->arena) : bnc_json_clone(e->arena, value);
}

static void
settle(struct editor *e, const char *path, const cJSON *wanted)
{
    const cJSON *live = find(e->spec, path, e->arena);
    const cJSON *record = bnc_json_get(e->fields, path);
    bool ours = is_as_set(live, record);
    /* what is there without us */
    const cJSON *theirs = ours ? bnc_json_get(record, "was") : live;

    theirs = theirs == NULL ? NULL : bnc_json_clone(e->arena, theirs);
    if (bnc_json_equal(theirs, wanted)) {
        put(e, path, theirs); /* theirs is right already: it stays when we go */
        return;
    }
    if (!is_unset(theirs) && !e->edit->take_over) {
        note_conflict(e, path, theirs);
        put(e, path, theirs);
        return;
    }
    cJSON *entry = bnc_json_object(e->arena);
    bnc_json_set_item(e->arena, entry, "is", bnc_json_clone(e->arena, wanted));
    bnc_json_set_item(e->arena, entry, "was", or_null(e, theirs));
    size_t before = e->out->n_conflicts;
    put(e, path, wanted);
    if (e->out->n_conflicts == before) {
        bnc_json_set_item(e->arena, e->out->fields, path, entry);
    }
}

static void
settle_all(struct editor *e, const char *path, const cJSON *wish)
{
    const cJSON *child;
    cJSON_ArrayForEach(child, wish)
    {
        const char *below = path[0] == '\0'
                                ? bnc_arena_strdup(e->arena, child->string)
                                : bnc_arena_fmt(e->arena, "%s.%s", path, child->string);
        if (cJSON_IsObject(child)) {
            settle_all(e, below, child);
        } else {
            settle(e, below, child);
        }
    }
}

/* Fields that nobody wishes any more; what others have changed since stays. */
static void
give_back(struct editor *e, cJSON *wish)
{
    const cJSON *record;
    cJSON_ArrayForEach(record, e->fields)
    {
        const char *path = record->string;
        bool wished = wish != NULL && find(wish, path, e->arena) != NULL;
        if (!wished && is_as_set(find(e->spec, path, e->arena), record)) {
            put(e, path, bnc_json_get(record, "was"));
        }
    }
}

/* ---- the whole --------------------------------------------------------------------- */

/* Maps of ours that nothing is in go; those that are gone are nobody's. */
static cJSON *
drop_empty(struct editor *e)
{
    cJSON *left = bnc_json_array(e->arena);
    for (int i = cJSON_GetArraySize(e->out->made); i-- > 0;) {
        const cJSON *path = cJSON_GetArrayItem(e->out->made, i);
        const cJSON *map = find(e->spec, path->valuestring, e->arena);
        if (cJSON_IsObject(map) && map->child == NULL) {
            put(e, path->valuestring, NULL);
        } else if (cJSON_IsObject(map)) {
            cJSON_InsertItemInArray(left, 0, bnc_json_clone(e->arena, path));
        }
    }
    return left;
}

/* A merge patch that makes `to` of `from`; NULL: they are the same. */
static cJSON *
difference(const cJSON *from, const cJSON *to, struct bnc_arena *arena)
{
    cJSON *out = bnc_json_object(arena);
    const cJSON *child;
    cJSON_ArrayForEach(child, to)
    {
        const cJSON *old = bnc_json_get(from, child->string);
        if (cJSON_IsObject(child) && cJSON_IsObject(old)) {
            cJSON *below = difference(old, child, arena);
            if (below != NULL) {
                bnc_json_set_item(arena, out, child->string, below);
            }
        } else if (!bnc_json_equal(old, child)) {
            bnc_json_set_item(arena, out, child->string, bnc_json_clone(arena, child));
        }
    }
    cJSON_ArrayForEach(child, from)
    {
        if (bnc_json_get(to, child->string) == NULL) {
            bnc_json_set_item(arena, out, child->string, bnc_json_null(arena));
        }
    }
    return out->child == NULL ? NULL : out;
}

/* What we have stored; anything else says nothing. */
static void
begin(struct editor *e)
{
    const cJSON *path;
    const cJSON *fields = bnc_json_get(e->edit->was, "fields");
    e->fields = cJSON_IsObject(fields) ? fields : NULL;
    e->spec = cJSON_IsObject(e->edit->live) ? bnc_json_clone(e->arena, e->edit->live)
                                            : bnc_json_object(e->arena);
    cJSON_ArrayForEach(path, bnc_json_get(e->edit->was, "made"))
    {
        if (cJSON_IsString(path) &&
            cJSON_IsObject(find(e->spec, path->valuestring, e->arena))) {
            bnc_json_add(e->out->made, bnc_json_clone(e->arena, path));
        }
    }
}

void
bnc_kiali_edit(const struct bnc_kiali_edit *edit, struct bnc_arena *arena,
               struct bnc_kiali_edited *out)
{
    struct editor e = {.edit = edit, .arena = arena, .out = out};
    cJSON *wish = edit->wish == NULL ? NULL : bnc_json_clone(arena, edit->wish);

    *out = (struct bnc_kiali_edited){.fields = bnc_json_object(arena),
                                     .made = bnc_json_array(arena)};
    begin(&e);
    give_back(&e, wish);
    settle_all(&e, "", wish);
    out->made = drop_empty(&e);
    out->patch = difference(edit->live, e.spec, arena);
}
