#define _GNU_SOURCE /* memmem */
#include "mesh/mesh_record.h"

#include <string.h>
#include <strings.h>

#include "lib/yaml_in.h"

#define LINE_MAX                                                                         \
    128          /* bytes before an edit that are taken in if its line begins there      \
                  */
#define WIDEN 64 /* bytes on each side, at first */

/* One change, or some that have grown together, in both texts. */
struct record {
    size_t old_start, old_end;
    size_t new_start, new_end;
    cJSON *paths;
};

struct records {
    struct record *items;
    size_t n;
    struct bnc_bytes text; /* the new one */
};

/* ---- paths ------------------------------------------------------------------------ */

bool
bnc_mesh_is_items(const char *key)
{
    return strcmp(key, "extensionProviders") == 0 || strcmp(key, "extraStatTags") == 0;
}

bool
bnc_mesh_is_unset(const cJSON *item)
{
    return cJSON_IsNull(item) || (cJSON_IsString(item) && item->valuestring[0] == '\0') ||
           ((cJSON_IsArray(item) || cJSON_IsObject(item)) && item->child == NULL);
}

const char *
bnc_mesh_item_id(const cJSON *item)
{
    return cJSON_IsString(item) ? item->valuestring : bnc_json_get_str(item, "name");
}

cJSON *
bnc_mesh_item_find(const cJSON *list, const char *id)
{
    cJSON *item = NULL;

    cJSON_ArrayForEach(item, list)
    {
        const char *other = bnc_mesh_item_id(item);
        if (other != NULL &&
            (cJSON_IsString(item) ? strcmp(other, id) : strcasecmp(other, id)) == 0) {
            return item;
        }
    }
    return NULL;
}

const char *
bnc_mesh_step(const char *path, const char **rest, struct bnc_arena *arena)
{
    const size_t n = strcspn(path, ".[");

    *rest = path + n;
    return bnc_arena_strndup(arena, path, n);
}

const char *
bnc_mesh_step_id(const char *rest, struct bnc_arena *arena)
{
    const size_t n = strlen(rest);

    return bnc_arena_strndup(arena, rest + 1, n < 2 ? 0 : n - 2);
}

const cJSON *
bnc_mesh_at(const cJSON *tree, const char *path, struct bnc_arena *arena)
{
    const char *rest = NULL;
    const cJSON *item = bnc_json_get(tree, bnc_mesh_step(path, &rest, arena));

    if (rest[0] == '.' && item != NULL) {
        return bnc_mesh_at(item, rest + 1, arena);
    }
    return rest[0] == '[' ? bnc_mesh_item_find(item, bnc_mesh_step_id(rest, arena))
                          : item;
}

void
bnc_mesh_note(struct bnc_mesh_notes *notes, const char *path, const cJSON *live,
              struct bnc_arena *arena)
{
    struct bnc_mesh_note *items = bnc_arena_array(arena, notes->n + 1, sizeof(*items));
    struct bnc_str text = bnc_str_new(arena, BNC_MESH_TEXT_MAX);

    if (live != NULL) {
        bnc_json_print(live, &text);
    }
    if (notes->n > 0) {
        memcpy(items, notes->items, notes->n * sizeof(*items));
    }
    items[notes->n++] = (struct bnc_mesh_note){bnc_arena_strdup(arena, path), text.ptr};
    notes->items = items;
}

/* ---- texts ------------------------------------------------------------------------ */

enum bnc_code
bnc_mesh_read(struct bnc_bytes text, struct bnc_arena *arena, cJSON **out,
              struct bnc_error *err)
{
    const struct bnc_yaml_limits limits = {.max_bytes = BNC_MESH_TEXT_MAX,
                                           .max_depth = BNC_JSON_DEPTH_MAX,
                                           .max_nodes = 200000,
                                           .max_docs = 2};
    struct bnc_yaml_docs docs = {0};

    if (bnc_yaml_read(text.ptr, text.len, &limits, arena, &docs, err)) {
        return err->code;
    }
    if (docs.n > 1) {
        return bnc_fail(err, BNC_INVALID, "the text has more than one document");
    }
    if (docs.n == 0 || cJSON_IsNull(docs.items[0].root)) {
        *out = bnc_json_object(arena);
        return BNC_OK;
    }
    if (!cJSON_IsObject(docs.items[0].root)) {
        return bnc_fail(err, BNC_INVALID, "the text is no map");
    }
    *out = docs.items[0].root;
    return BNC_OK;
}

enum bnc_code
bnc_mesh_apply(struct bnc_bytes old, const struct bnc_mesh_changes *changes,
               struct bnc_arena *arena, struct bnc_bytes *out, struct bnc_error *err)
{
    struct bnc_str text = bnc_str_new(arena, BNC_MESH_TEXT_MAX);
    size_t at = 0;

    bnc_str_add(&text, "", 0); /* never NULL */
    for (size_t i = 0; i < changes->n; i++) {
        const struct bnc_mesh_change *change = &changes->items[i];
        bnc_str_add(&text, old.ptr + at, change->start - at);
        bnc_str_add(&text, change->text.ptr, change->text.len);
        at = change->end;
    }
    if (old.len > at) {
        bnc_str_add(&text, old.ptr + at, old.len - at);
    }
    if (bnc_str_check(&text, "the mesh configuration", err)) {
        return err->code;
    }
    *out = (struct bnc_bytes){text.ptr, text.len};
    return BNC_OK;
}

const char *
bnc_mesh_only_place(struct bnc_bytes text, struct bnc_bytes part)
{
    const char *first =
        part.len == 0 ? NULL : memmem(text.ptr, text.len, part.ptr, part.len);

    if (first == NULL) {
        return NULL;
    }
    size_t rest = (size_t)(text.ptr + text.len - first) - 1;
    return memmem(first + 1, rest, part.ptr, part.len) == NULL ? first : NULL;
}

/* ---- what is stored -----------------------------------------------------------------
 */

static bool
inside_character(struct bnc_bytes text, size_t at)
{
    return at < text.len && ((unsigned char)text.ptr[at] & 0xc0) == 0x80;
}

static size_t
floor_of(const struct records *all, size_t i)
{
    return i == 0 ? 0 : all->items[i - 1].new_end;
}

static void
widen_left(struct records *all, size_t i, size_t n)
{
    struct record *record = &all->items[i];
    const size_t floor = floor_of(all, i);
    const size_t from = record->new_start;

    record->new_start = from - floor < n ? floor : from - n;
    while (record->new_start > floor && inside_character(all->text, record->new_start)) {
        record->new_start--;
    }
    record->old_start -= from - record->new_start;
}

static void
widen_right(struct records *all, size_t i, size_t n)
{
    struct record *record = &all->items[i];
    const size_t from = record->new_end;
    const size_t ceiling = i + 1 < all->n ? all->items[i + 1].new_start : all->text.len;

    record->new_end = ceiling - from < n ? ceiling : from + n;
    while (record->new_end < ceiling && inside_character(all->text, record->new_end)) {
        record->new_end++;
    }
    record->old_end += record->new_end - from;
}

/* From the line's beginning, so that a short value is not met elsewhere one day. */
static void
widen_to_line(struct records *all, size_t i)
{
    const size_t start = all->items[i].new_start;
    const size_t floor = floor_of(all, i);
    size_t n = 0;

    while (start - n > floor && all->text.ptr[start - n - 1] != '\n') {
        n++;
    }
    if (n <= LINE_MAX) {
        widen_left(all, i, n);
    }
}

/* Records i and i + 1, which nothing lies between, become one. */
static void
join(struct records *all, size_t i)
{
    struct record *record = &all->items[i];
    const struct record *next = record + 1;

    record->old_end = next->old_end;
    record->new_end = next->new_end;
    for (cJSON *path = next->paths->child; path != NULL;) {
        cJSON *after = path->next;
        bnc_json_add(record->paths, path);
        path = after;
    }
    memmove(record + 1, record + 2, (all->n - i - 2) * sizeof(*record));
    all->n--;
}

static bool
is_unique(const struct records *all, size_t i)
{
    const struct record *record = &all->items[i];
    const struct bnc_bytes is = {all->text.ptr + record->new_start,
                                 record->new_end - record->new_start};

    return bnc_mesh_only_place(all->text, is) != NULL;
}

/* The whole text occurs once, so this ends. */
static void
make_unique(struct records *all)
{
    for (size_t i = 0; i < all->n; i++) {
        widen_to_line(all, i);
        for (size_t n = WIDEN; !is_unique(all, i); n *= 2) {
            const struct record before = all->items[i];
            widen_left(all, i, n);
            widen_right(all, i, n);
            if (before.new_start > all->items[i].new_start ||
                before.new_end < all->items[i].new_end) {
                continue;
            }
            if (i + 1 < all->n) {
                join(all, i);
            } else {
                join(all, --i);
            }
        }
    }
}

enum bnc_code
bnc_mesh_records(struct bnc_bytes old, struct bnc_bytes new,
                 const struct bnc_mesh_changes *changes, struct bnc_arena *arena,
                 const char **out, struct bnc_error *err)
{
    struct records all = {.n = changes->n, .text = new};
    size_t grown = 0; /* the new text before this change, and the old one */
    size_t shrunk = 0;

    *out = NULL;
    if (changes->n == 0) {
        return BNC_OK;
    }
    all.items = bnc_arena_array(arena, changes->n, sizeof(*all.items));
    for (size_t i = 0; i < changes->n; i++) {
        const struct bnc_mesh_change *change = &changes->items[i];
        size_t start = change->start - shrunk + grown;
        all.items[i] = (struct record){change->start, change->end, start,
                                       start + change->text.len, change->paths};
        grown += change->text.len;
        shrunk += change->end - change->start;
    }
    make_unique(&all);

    cJSON *list = bnc_json_array(arena);
    for (size_t i = 0; i < all.n; i++) {
        const struct record *r = &all.items[i];
        cJSON *item = bnc_json_object(arena);
        bnc_json_set_item(arena, item, "at", r->paths);
        bnc_json_set_str(
            arena, item, "is",
            bnc_arena_strndup(arena, new.ptr + r->new_start, r->new_end - r->new_start));
        bnc_json_set_str(
            arena, item, "was",
            bnc_arena_strndup(arena, old.ptr + r->old_start, r->old_end - r->old_start));
        bnc_json_add(list, item);
    }
    struct bnc_str text = bnc_str_new(arena, BNC_MESH_EDITS_MAX);
    bnc_json_print(list, &text);
    if (bnc_str_check(&text, "what is needed to undo the edits", err)) {
        return err->code;
    }
    *out = text.ptr;
    return BNC_OK;
}
