#include "lib/yaml_build.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/clip.h"
#include "lib/yaml_scalar.h"

#define NAME_BYTES 100 /* of a key or anchor in a message */

/* One value of a map; its key is the item's own. */
struct member {
    cJSON *item; /* NULL: a later one has won */
    yaml_mark_t mark;
    size_t order;
    bool merged; /* came with a `<<` */
};

/* A list or map that is not finished. */
struct bnc_yaml_frame {
    struct bnc_yaml_value value;
    size_t anchor; /* index + 1; 0: none */
    bool is_map;
    char *key; /* of the value that comes next; NULL: a key comes next */
    bool key_merges;
    yaml_mark_t key_mark;
    struct member *members; /* kept for the next one at this depth */
    struct member **sorted; /* as many */
    size_t n_members;
    size_t room;
};

enum bnc_code
bnc_yaml_fail_at(struct bnc_error *err, yaml_mark_t mark, enum bnc_code code,
                 const char *fmt, ...)
{
    char what[BNC_ERROR_MAX / 2];
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(what, sizeof(what), fmt, args);
    va_end(args);
    return bnc_fail(err, code, "line %zu, column %zu: %s", mark.line + 1, mark.column + 1,
                    what);
}

/* A larger copy of an array that lives in the arena. */
static void *
grow(struct bnc_yaml_build *b, const void *old, size_t n, size_t *room, size_t size)
{
    *room = *room == 0 ? 8 : *room * 2;
    void *bigger = bnc_arena_array(b->arena, *room, size);
    if (n > 0) {
        memcpy(bigger, old, n * size);
    }
    return bigger;
}

static enum bnc_code
count_nodes(struct bnc_yaml_build *b, size_t n, yaml_mark_t mark)
{
    if (n > b->limits->max_nodes - b->nodes) {
        return bnc_yaml_fail_at(
            b->err, mark, BNC_TOO_BIG,
            "over %zu keys and values, aliases counted where they are used",
            b->limits->max_nodes);
    }
    b->nodes += n;
    return BNC_OK;
}

static enum bnc_code
check_depth(struct bnc_yaml_build *b, size_t more, yaml_mark_t mark)
{
    if (more > b->limits->max_depth || b->depth > b->limits->max_depth - more) {
        return bnc_yaml_fail_at(b->err, mark, BNC_TOO_BIG, "nested over %zu levels deep",
                                b->limits->max_depth);
    }
    return BNC_OK;
}

/* ---- maps ---------------------------------------------------------------------- */

/* A second head on the same children: cJSON items know their siblings and key. */
static cJSON *
share(struct bnc_yaml_build *b, const cJSON *item)
{
    cJSON *copy = bnc_arena_alloc(b->arena, sizeof(*copy));
    *copy = *item;
    copy->next = copy->prev = NULL;
    return copy;
}

static void
push_member(struct bnc_yaml_build *b, struct bnc_yaml_frame *f, cJSON *item, bool merged)
{
    if (f->n_members == f->room) {
        f->members = grow(b, f->members, f->n_members, &f->room, sizeof(*f->members));
        f->sorted = bnc_arena_array(b->arena, f->room, sizeof(struct member *));
    }
    f->members[f->n_members] = (struct member){
        .item = item, .mark = f->key_mark, .order = f->n_members, .merged = merged};
    f->n_members++;
}

static void
merge_map(struct bnc_yaml_build *b, struct bnc_yaml_frame *f, const cJSON *map)
{
    for (const cJSON *child = map->child; child != NULL; child = child->next) {
        push_member(b, f, share(b, child), true);
    }
}

/* `<<: *a`, `<<: {..}` or a list of such, in which earlier ones win. */
static enum bnc_code
merge(struct bnc_yaml_build *b, struct bnc_yaml_frame *f,
      const struct bnc_yaml_value *value)
{
    const cJSON *source = value->item;
    if (cJSON_IsObject(source)) {
        merge_map(b, f, source);
        return BNC_OK;
    }
    bool good = cJSON_IsArray(source);
    const cJSON *first = good ? source->child : NULL;
    for (const cJSON *item = first; item != NULL; item = item->next) {
        good = good && cJSON_IsObject(item);
    }
    if (!good) {
        return bnc_yaml_fail_at(b->err, value->mark, BNC_INVALID,
                                "<< wants a map or a list of maps");
    }
    if (first != NULL) {
        const cJSON *item = first->prev; /* the last one */
        for (; item != first; item = item->prev) {
            merge_map(b, f, item);
        }
        merge_map(b, f, first);
    }
    return BNC_OK;
}

static int
compare_members(const void *left, const void *right)
{
    const struct member *x = *(const struct member *const *)left;
    const struct member *y = *(const struct member *const *)right;
    int order = strcmp(x->item->string, y->item->string);
    if (order != 0) {
        return order;
    }
    return (x->order > y->order) - (x->order < y->order);
}

/*
 * Sorted rather than hashed: no input makes it slow.  Of members with one key
 * the last value wins, at the place of the first.
 */
static enum bnc_code
settle_members(struct bnc_yaml_build *b, struct bnc_yaml_frame *f)
{
    struct member **sorted = f->sorted;
    for (size_t i = 0; i < f->n_members; i++) {
        sorted[i] = &f->members[i];
    }
    qsort(sorted, f->n_members, sizeof(struct member *), compare_members);

    struct member *first = NULL;
    bool written = false;
    for (size_t i = 0; i < f->n_members; i++) {
        struct member *m = sorted[i];
        if (first == NULL || strcmp(first->item->string, m->item->string) != 0) {
            first = m;
            written = !m->merged;
            continue;
        }
        if (written && !m->merged) {
            return bnc_yaml_fail_at(
                b->err, m->mark, BNC_INVALID, "the key \"%.*s\" is there twice",
                bnc_clip(m->item->string, NAME_BYTES), m->item->string);
        }
        written = written || !m->merged;
        first->item = m->item;
        m->item = NULL;
    }
    return BNC_OK;
}

static enum bnc_code
finish_map(struct bnc_yaml_build *b, struct bnc_yaml_frame *f)
{
    if (f->n_members > 1 && settle_members(b, f)) {
        return b->err->code;
    }
    for (size_t i = 0; i < f->n_members; i++) {
        if (f->members[i].item != NULL) {
            bnc_json_add(f->value.item, f->members[i].item);
        }
    }
    return BNC_OK;
}

/* ---- values -------------------------------------------------------------------- */

/* A scalar in the place of a key. */
static enum bnc_code
take_key(struct bnc_yaml_build *b, struct bnc_yaml_frame *f,
         const struct bnc_yaml_value *value)
{
    const cJSON *item = value->item;
    if (cJSON_IsString(item)) {
        f->key = item->valuestring;
    } else if (cJSON_IsNull(item) || cJSON_IsObject(item) || cJSON_IsArray(item)) {
        return bnc_yaml_fail_at(b->err, value->mark, BNC_INVALID,
                                "a key must be text, not %s",
                                cJSON_IsNull(item)     ? "null"
                                : cJSON_IsObject(item) ? "a map"
                                                       : "a list");
    } else {
        struct bnc_str text = bnc_str_new(b->arena, SIZE_MAX);
        bnc_json_print(item, &text);
        f->key = text.ptr;
    }
    f->key_mark = value->mark;
    return BNC_OK;
}

/* Put a finished value where it belongs. */
static enum bnc_code
place(struct bnc_yaml_build *b, const struct bnc_yaml_value *value)
{
    if (b->depth == 0 || b->frames == NULL) {
        b->root = *value;
        return BNC_OK;
    }
    struct bnc_yaml_frame *f = &b->frames[b->depth - 1];
    if (f->is_map && f->key == NULL) {
        return take_key(b, f, value);
    }
    f->value.nodes += value->nodes;
    if (value->height + 1 > f->value.height) {
        f->value.height = value->height + 1;
    }
    if (!f->is_map) {
        bnc_json_add(f->value.item, value->item);
        return BNC_OK;
    }
    bool merges = f->key_merges;
    char *key = f->key;
    f->key = NULL;
    f->key_merges = false;
    if (merges) {
        return merge(b, f, value);
    }
    f->value.nodes++; /* the key */
    value->item->string = key;
    push_member(b, f, value->item, false);
    return BNC_OK;
}

static enum bnc_code
open_anchor(struct bnc_yaml_build *b, const yaml_char_t *name, yaml_mark_t mark,
            size_t *index)
{
    *index = 0;
    if (name == NULL) {
        return BNC_OK;
    }
    if (b->n_anchors == BNC_YAML_ANCHORS_MAX) {
        return bnc_yaml_fail_at(b->err, mark, BNC_TOO_BIG,
                                "over %d anchors in a document", BNC_YAML_ANCHORS_MAX);
    }
    b->anchors[b->n_anchors] =
        (struct bnc_yaml_anchor){.name = bnc_arena_strdup(b->arena, (const char *)name)};
    *index = ++b->n_anchors;
    return BNC_OK;
}

static enum bnc_code
on_alias(struct bnc_yaml_build *b, const yaml_event_t *event)
{
    const char *name = (const char *)event->data.alias.anchor;
    const struct bnc_yaml_anchor *anchor = NULL;
    for (size_t i = b->n_anchors; i > 0 && anchor == NULL; i--) {
        if (strcmp(b->anchors[i - 1].name, name) == 0) {
            anchor = &b->anchors[i - 1]; /* the latest of that name */
        }
    }
    if (anchor == NULL) {
        return bnc_yaml_fail_at(b->err, event->start_mark, BNC_INVALID,
                                "no anchor \"%.*s\"", bnc_clip(name, NAME_BYTES), name);
    }
    if (anchor->value.item == NULL) {
        return bnc_yaml_fail_at(b->err, event->start_mark, BNC_INVALID,
                                "the anchor \"%.*s\" contains itself",
                                bnc_clip(name, NAME_BYTES), name);
    }
    if (count_nodes(b, anchor->value.nodes, event->start_mark) ||
        check_depth(b, anchor->value.height, event->start_mark)) {
        return b->err->code;
    }
    struct bnc_yaml_value value = anchor->value;
    value.item = share(b, value.item);
    value.mark = event->start_mark;
    return place(b, &value);
}

static enum bnc_code
on_scalar(struct bnc_yaml_build *b, const yaml_event_t *event)
{
    struct bnc_yaml_scalar in = {.text = (const char *)event->data.scalar.value,
                                 .n = event->data.scalar.length,
                                 .tag = (const char *)event->data.scalar.tag,
                                 .plain = event->data.scalar.plain_implicit != 0};
    size_t anchor = 0;
    if (count_nodes(b, 1, event->start_mark) ||
        open_anchor(b, event->data.scalar.anchor, event->start_mark, &anchor)) {
        return b->err->code;
    }
    if (memchr(in.text, '\0', in.n) != NULL) {
        return bnc_yaml_fail_at(b->err, event->start_mark, BNC_INVALID,
                                "\\0 is not allowed in text");
    }
    struct bnc_yaml_frame *f = b->depth == 0 ? NULL : &b->frames[b->depth - 1];
    bool is_key = f != NULL && f->is_map && f->key == NULL;
    if (is_key && bnc_yaml_is_merge(&in)) {
        f->key_merges = true;
    }
    const char *problem = "";
    struct bnc_yaml_value value = {.item = bnc_yaml_scalar(b->arena, &in, &problem),
                                   .nodes = 1,
                                   .mark = event->start_mark};
    if (value.item == NULL) {
        return bnc_yaml_fail_at(b->err, event->start_mark, BNC_INVALID, "%s", problem);
    }
    if (anchor > 0) {
        b->anchors[anchor - 1].value = value;
        value.item = share(b, value.item); /* what is placed gets siblings */
    }
    return place(b, &value);
}

static enum bnc_code
on_start(struct bnc_yaml_build *b, const yaml_event_t *event, bool is_map)
{
    const yaml_char_t *name =
        is_map ? event->data.mapping_start.anchor : event->data.sequence_start.anchor;
    size_t anchor = 0;
    if (count_nodes(b, 1, event->start_mark) || check_depth(b, 1, event->start_mark) ||
        open_anchor(b, name, event->start_mark, &anchor)) {
        return b->err->code;
    }
    if (b->depth == b->frame_room) {
        b->frames = grow(b, b->frames, b->depth, &b->frame_room, sizeof(*b->frames));
    }
    struct bnc_yaml_frame *f = &b->frames[b->depth++];
    *f = (struct bnc_yaml_frame){
        .value = {.item = is_map ? bnc_json_object(b->arena) : bnc_json_array(b->arena),
                  .nodes = 1,
                  .height = 1,
                  .mark = event->start_mark},
        .anchor = anchor,
        .is_map = is_map,
        .members = f->members,
        .sorted = f->sorted,
        .room = f->room,
    };
    return BNC_OK;
}

static enum bnc_code
on_end(struct bnc_yaml_build *b)
{
    struct bnc_yaml_frame *f = &b->frames[b->depth - 1];
    if (f->is_map && finish_map(b, f)) {
        return b->err->code;
    }
    struct bnc_yaml_value value = f->value;
    if (f->anchor > 0) {
        b->anchors[f->anchor - 1].value = value;
        value.item = share(b, value.item);
    }
    b->depth--;
    return place(b, &value);
}

static enum bnc_code
on_document_start(struct bnc_yaml_build *b, const yaml_event_t *event)
{
    if (b->docs.n == b->limits->max_docs) {
        return bnc_yaml_fail_at(b->err, event->start_mark, BNC_TOO_BIG,
                                "over %zu documents", b->limits->max_docs);
    }
    b->n_anchors = 0;
    b->depth = 0;
    return BNC_OK;
}

static void
on_document_end(struct bnc_yaml_build *b)
{
    if (b->docs.n == b->docs_room) {
        b->docs.items =
            grow(b, b->docs.items, b->docs.n, &b->docs_room, sizeof(*b->docs.items));
    }
    b->docs.items[b->docs.n++] =
        (struct bnc_yaml_doc){.root = b->root.item, .line = b->root.mark.line + 1};
}

enum bnc_code
bnc_yaml_build(struct bnc_yaml_build *b, const yaml_event_t *event)
{
    switch (event->type) {
    case YAML_DOCUMENT_START_EVENT:
        return on_document_start(b, event);
    case YAML_DOCUMENT_END_EVENT:
        on_document_end(b);
        return BNC_OK;
    case YAML_ALIAS_EVENT:
        return on_alias(b, event);
    case YAML_SCALAR_EVENT:
        return on_scalar(b, event);
    case YAML_SEQUENCE_START_EVENT:
        return on_start(b, event, false);
    case YAML_MAPPING_START_EVENT:
        return on_start(b, event, true);
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
        return on_end(b);
    case YAML_NO_EVENT:
    case YAML_STREAM_START_EVENT:
    case YAML_STREAM_END_EVENT:
        break;
    }
    return BNC_OK;
}
