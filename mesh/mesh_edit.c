#include "mesh/mesh_edit.h"

#include <string.h>

#include "lib/json.h"
#include "mesh/mesh_record.h"
#include "mesh/yaml_span.h"

#define CHANGES_MAX 256 /* of one text */

struct editor {
    struct bnc_bytes text;
    const char *eol;
    bool take_over;
    struct bnc_mesh_change items[CHANGES_MAX];
    struct bnc_mesh_changes changes;
    struct bnc_mesh_notes conflicts;
    struct bnc_arena *arena;
    struct bnc_error *err;
};

/* ---- small things ----------------------------------------------------------------- */

static const char *
print(const struct editor *e, const cJSON *value)
{
    struct bnc_str text = bnc_str_new(e->arena, BNC_MESH_TEXT_MAX);

    bnc_json_print(value, &text);
    return text.ptr;
}

static const char *
path_of(const struct editor *e, const char *path, const char *key)
{
    return path[0] == '\0' ? key : bnc_arena_fmt(e->arena, "%s.%s", path, key);
}

static const char *
path_of_item(const struct editor *e, const char *path, const cJSON *item)
{
    return bnc_arena_fmt(e->arena, "%s[%s]", path, bnc_mesh_item_id(item));
}

static cJSON *
one_path(const struct editor *e, const char *path)
{
    cJSON *list = bnc_json_array(e->arena);

    bnc_json_add(list, bnc_json_str(e->arena, path));
    return list;
}

/* All that `value` at `path` sets. */
static void
add_paths(const struct editor *e, cJSON *list, const char *path, const char *key,
          const cJSON *value)
{
    const cJSON *child;

    if (cJSON_IsObject(value)) {
        cJSON_ArrayForEach(child, value)
        {
            add_paths(e, list, path_of(e, path, child->string), child->string, child);
        }
    } else if (bnc_mesh_is_items(key)) {
        cJSON_ArrayForEach(child, value)
        {
            bnc_json_add(list, bnc_json_str(e->arena, path_of_item(e, path, child)));
        }
    } else {
        bnc_json_add(list, bnc_json_str(e->arena, path));
    }
}

static enum bnc_code
add_change(struct editor *e, size_t start, size_t end, const char *text, cJSON *paths)
{
    struct bnc_mesh_changes *changes = &e->changes;
    size_t k = changes->n;

    if (k == CHANGES_MAX) {
        return bnc_fail(e->err, BNC_TOO_BIG, "over %d edits", CHANGES_MAX);
    }
    for (; k > 0 && changes->items[k - 1].start > start; k--) {
        changes->items[k] = changes->items[k - 1];
    }
    changes->items[k] = (struct bnc_mesh_change){start, end, {text, strlen(text)}, paths};
    changes->n++;
    return BNC_OK;
}

/* ---- putting in -----------------------------------------------------------------------
 */

/* `entry` on a line of its own, or behind the bracket. */
static enum bnc_code
put(struct editor *e, struct bnc_span_place *place, const char *entry, cJSON *paths)
{
    const char *text = place->flow ? bnc_arena_fmt(e->arena, "%s, ", entry)
                                   : bnc_arena_fmt(e->arena, "%s%*s%s%s",
                                                   place->broken_line ? e->eol : "",
                                                   (int)place->indent, "", entry, e->eol);

    place->broken_line = false;
    return add_change(e, place->at, place->at, text, paths);
}

static enum bnc_code
put_item(struct editor *e, struct bnc_span_place *place, const char *path,
         const cJSON *item)
{
    const char *text = print(e, item);

    return put(e, place, place->flow ? text : bnc_arena_fmt(e->arena, "- %s", text),
               one_path(e, path_of_item(e, path, item)));
}

/*
 * One line for each of our keys, and each a change of its own: what others add below
 * them can stay when ours go.
 */
static enum bnc_code
put_key(struct editor *e, struct bnc_span_place *place, const char *path,
        const cJSON *value)
{
    const char *key = value->string;
    const bool items = bnc_mesh_is_items(key);
    const cJSON *child;

    if (place->flow || (!items && !cJSON_IsObject(value))) {
        cJSON *paths = bnc_json_array(e->arena);
        const char *quote = place->flow ? "\"" : ""; /* what was JSON stays JSON */
        add_paths(e, paths, path, key, value);
        return put(
            e, place,
            bnc_arena_fmt(e->arena, "%s%s%s: %s", quote, key, quote, print(e, value)),
            paths);
    }
    if (put(e, place, bnc_arena_fmt(e->arena, "%s:", key), one_path(e, path))) {
        return e->err->code;
    }
    struct bnc_span_place below = *place;
    below.indent += items ? 0 : 2;
    cJSON_ArrayForEach(child, value)
    {
        if (items ? put_item(e, &below, path, child)
                  : put_key(e, &below, path_of(e, path, child->string), child)) {
            return e->err->code;
        }
    }
    return BNC_OK;
}

/*
 * Put `value` where the value of a key is.  What is not on the key's line is replaced
 * from the colon on: it may stand where our one line would be too far left.
 */
static enum bnc_code
replace_value(struct editor *e, const struct bnc_span *span, const char *path,
              const cJSON *value)
{
    cJSON *paths = bnc_json_array(e->arena);
    const bool block = span->kind != BNC_SPAN_SCALAR && !span->flow;
    size_t colon = 0;
    size_t line = 0;

    add_paths(e, paths, path, value->string, value);
    if (bnc_span_colon(e->text, span, &colon, e->err)) {
        return e->err->code;
    }
    if (!block && span->end > span->start &&
        (!bnc_span_next_line(e->text, colon, &line) || span->start < line)) {
        return add_change(e, span->start, span->end, print(e, value), paths);
    }
    return add_change(e, colon, span->end,
                      bnc_arena_fmt(e->arena, " %s", print(e, value)), paths);
}

/* True when the other value has to go. */
static bool
conflict(struct editor *e, const char *path, const cJSON *live)
{
    bnc_mesh_note(&e->conflicts, path, live, e->arena);
    return e->take_over;
}

/* ---- what is wished, key by key
 * --------------------------------------------------------- */

/*
 * The items of `wish` that are not in `live`, then those that are; what is expected then
 * in *merged.
 */
static enum bnc_code
merge_items(struct editor *e, const struct bnc_span *span, const cJSON *live,
            const cJSON *wish, const char *path, cJSON **merged)
{
    const struct bnc_span *at = span->child;
    const cJSON *item;
    struct bnc_span_place place;
    size_t from = 0;

    *merged = bnc_json_array(e->arena);
    if (bnc_span_colon(e->text, span, &from, e->err) ||
        bnc_span_place(e->text, span, from, false, &place, e->err)) {
        return e->err->code;
    }
    cJSON_ArrayForEach(item, wish)
    {
        if (bnc_mesh_item_find(live, bnc_mesh_item_id(item)) == NULL) {
            bnc_json_add(*merged, bnc_json_clone(e->arena, item));
            if (put_item(e, &place, path, item)) {
                return e->err->code;
            }
        }
    }
    for (item = live->child; item != NULL && at != NULL; item = item->next) {
        const char *id = bnc_mesh_item_id(item);
        const cJSON *ours = id == NULL ? NULL : bnc_mesh_item_find(wish, id);
        const cJSON *keep = item;
        if (ours != NULL && bnc_mesh_item_find(live, id) == item &&
            !bnc_json_equal(ours, item) &&
            conflict(e, path_of_item(e, path, ours), item)) {
            keep = ours;
            if (add_change(e, at->start, at->end, print(e, ours),
                           one_path(e, path_of_item(e, path, ours)))) {
                return e->err->code;
            }
        }
        bnc_json_add(*merged, bnc_json_clone(e->arena, keep));
        at = at->next;
    }
    return BNC_OK;
}

static enum bnc_code
merge_map(struct editor *e, const struct bnc_span *span, struct bnc_span_place *place,
          cJSON *map, const cJSON *wish, const char *path);

/* A key that has a value already. */
static enum bnc_code
merge_key(struct editor *e, const struct bnc_span *span, cJSON *map, cJSON *live,
          const cJSON *value, const char *path)
{
    struct bnc_span_place place;
    size_t from = 0;
    cJSON *merged = NULL;

    if (bnc_mesh_is_unset(live)) {
        bnc_json_set_item(e->arena, map, value->string, bnc_json_clone(e->arena, value));
        return replace_value(e, span, path, value);
    }
    if (cJSON_IsObject(value) && cJSON_IsObject(live)) {
        return bnc_span_colon(e->text, span, &from, e->err) ||
                       bnc_span_place(e->text, span, from, false, &place, e->err)
                   ? e->err->code
                   : merge_map(e, span, &place, live, value, path);
    }
    if (bnc_mesh_is_items(value->string) && cJSON_IsArray(live)) {
        if (merge_items(e, span, live, value, path, &merged)) {
            return e->err->code;
        }
        bnc_json_set_item(e->arena, map, value->string, merged);
        return BNC_OK;
    }
    if (strcmp(path, "defaultProviders.metrics") == 0 || bnc_json_equal(live, value) ||
        !conflict(e, path, live)) {
        return BNC_OK;
    }
    bnc_json_set_item(e->arena, map, value->string, bnc_json_clone(e->arena, value));
    return replace_value(e, span, path, value);
}

/* `map` becomes what is expected of the new text. */
static enum bnc_code
merge_map(struct editor *e, const struct bnc_span *span, struct bnc_span_place *place,
          cJSON *map, const cJSON *wish, const char *path)
{
    const cJSON *value;

    cJSON_ArrayForEach(value, wish)
    {
        const char *path_here = path_of(e, path, value->string);
        const struct bnc_span *at =
            span == NULL ? NULL : bnc_span_get(span, value->string);
        cJSON *live = bnc_json_get(map, value->string);
        if ((at == NULL) != (live == NULL)) {
            return bnc_span_refuse(e->text, span == NULL ? 0 : span->start,
                                   e->err); /* a key with a tag */
        }
        if (live != NULL) {
            if (merge_key(e, at, map, live, value, path_here)) {
                return e->err->code;
            }
            continue;
        }
        bnc_json_set_item(e->arena, map, value->string, bnc_json_clone(e->arena, value));
        if (put_key(e, place, path_here, value)) {
            return e->err->code;
        }
    }
    return BNC_OK;
}

static enum bnc_code
merge_root(struct editor *e, cJSON *live, const cJSON *wish)
{
    struct bnc_span_place place = {.at = 0};
    struct bnc_spans spans;
    cJSON *paths = bnc_json_array(e->arena);

    if (bnc_spans_read(e->text, e->arena, &spans, e->err)) {
        return e->err->code;
    }
    const struct bnc_span *root = spans.root;
    if (root != NULL && root->end > root->start && live->child == NULL) { /* {}, null */
        const cJSON *value;
        cJSON_ArrayForEach(value, wish)
        {
            bnc_json_set_item(e->arena, live, value->string,
                              bnc_json_clone(e->arena, value));
        }
        add_paths(e, paths, "", "", wish);
        return add_change(e, root->start, root->end, print(e, wish), paths);
    }
    if (root != NULL && live->child != NULL) {
        if (bnc_span_place(e->text, root, spans.start, !spans.marked, &place, e->err)) {
            return e->err->code;
        }
    } else if (spans.marked) {
        place.broken_line = !bnc_span_next_line(e->text, spans.start, &place.at);
    }
    return merge_map(e, live->child == NULL ? NULL : root, &place, live, wish, "");
}

/* ---- the whole
 * ---------------------------------------------------------------------------- */

/* Our entries are JSON on one line: what YAML reads in another way cannot be written. */
static enum bnc_code
check_wish(const struct editor *e, const cJSON *wish)
{
    /* behind a key, so that it cannot be read as JSON */
    const char *text = bnc_arena_fmt(e->arena, "wish: %s", print(e, wish));
    struct bnc_error ignored = {0};
    cJSON *tree = NULL;

    if (bnc_mesh_read((struct bnc_bytes){text, strlen(text)}, e->arena, &tree,
                      &ignored) ||
        !bnc_json_equal(bnc_json_get(tree, "wish"), wish)) {
        return bnc_fail(e->err, BNC_INVALID,
                        "a wished value has a character that YAML cannot hold");
    }
    return BNC_OK;
}

/* The new text says what is expected, and goes back to the old one. */
static enum bnc_code
check_result(const struct editor *e, const struct bnc_mesh_edited *out,
             const cJSON *expected)
{
    struct bnc_mesh_notes kept;
    struct bnc_error why = {0};
    struct bnc_bytes back;
    cJSON *tree = NULL;

    if (bnc_mesh_read(out->text, e->arena, &tree, &why) ||
        !bnc_json_equal(tree, expected)) {
        return bnc_fail(e->err, BNC_INTERNAL,
                        "the edited text would not say what it should%s%s",
                        why.code == BNC_OK ? "" : ": ", why.message);
    }
    if (bnc_mesh_restore(out->text, out->edits, e->arena, &back, &kept, &why) ||
        back.len != e->text.len || memcmp(back.ptr, e->text.ptr, back.len) != 0) {
        return bnc_fail(e->err, BNC_INTERNAL, "the edited text would not come back");
    }
    return BNC_OK;
}

static enum bnc_code
put_wish(struct editor *e, const cJSON *wish, struct bnc_mesh_edited *out)
{
    cJSON *tree = NULL;

    if (check_wish(e, wish) || bnc_mesh_read(e->text, e->arena, &tree, e->err)) {
        return e->err->code;
    }
    tree = bnc_json_clone(e->arena, tree);
    if (merge_root(e, tree, wish) ||
        bnc_mesh_apply(e->text, &e->changes, e->arena, &out->text, e->err) ||
        bnc_mesh_records(e->text, out->text, &e->changes, e->arena, &out->edits,
                         e->err)) {
        return e->err->code;
    }
    return check_result(e, out, tree);
}

enum bnc_code
bnc_mesh_edit(const struct bnc_mesh_edit *edit, struct bnc_arena *arena,
              struct bnc_mesh_edited *out, struct bnc_error *err)
{
    struct bnc_mesh_edited done = {.changed = false};
    struct editor *e = bnc_arena_alloc(arena, sizeof(*e));
    struct bnc_bytes live =
        edit->live.ptr == NULL ? (struct bnc_bytes){"", 0} : edit->live;

    *e = (struct editor){.take_over = edit->take_over, .arena = arena, .err = err};
    e->changes.items = e->items;
    if (bnc_mesh_restore(live, edit->before, arena, &e->text, &done.kept, err)) {
        return err->code;
    }
    const char *line = memchr(e->text.ptr, '\n', e->text.len);
    e->eol = line != NULL && line > e->text.ptr && line[-1] == '\r' ? "\r\n" : "\n";
    done.text = e->text;
    if (edit->wish != NULL && edit->wish->child != NULL &&
        put_wish(e, edit->wish, &done)) {
        return err->code;
    }
    done.conflicts = e->conflicts;
    done.changed = done.text.len != live.len ||
                   memcmp(done.text.ptr, live.ptr, live.len) != 0 ||
                   !bnc_str_eq(done.edits, edit->before);
    *out = done;
    return BNC_OK;
}
