#include "model/prune_scan.h"

#include <stdlib.h>
#include <string.h>

/* ---- keys ---------------------------------------------------------------------- */

/* The keys of what is around the objects. */
static const struct {
    enum bnc_prune_mode mode;
    const char *key;
    enum bnc_prune_want want;
    enum bnc_prune_slot slot;
} envelope_rows[] = {
    {BNC_MODE_LIST, "metadata", BNC_WANT_LIST_METADATA, BNC_SLOT_COUNT},
    {BNC_MODE_LIST, "items", BNC_WANT_ITEMS, BNC_SLOT_COUNT},
    {BNC_MODE_LIST_METADATA, "resourceVersion", BNC_WANT_SLOT, BNC_SLOT_LIST_VERSION},
    {BNC_MODE_LIST_METADATA, "continue", BNC_WANT_SLOT, BNC_SLOT_CONTINUE},
    {BNC_MODE_EVENT, "type", BNC_WANT_SLOT, BNC_SLOT_TYPE},
    {BNC_MODE_EVENT, "object", BNC_WANT_OBJECT, BNC_SLOT_COUNT},
};

static bool
is_key(const char *name, const char *key, size_t n)
{
    return name[0] == key[0] && strncmp(name, key, n) == 0 && name[n] == '\0';
}

static void
want_slot(struct bnc_stream *s, enum bnc_prune_slot slot)
{
    s->want = BNC_WANT_SLOT;
    s->slot = slot;
}

static void
want_row(struct bnc_stream *s, const struct bnc_keep *row)
{
    switch (row->action) {
    case BNC_KEEP_TEXT:
        s->want = row->sub == NULL ? BNC_WANT_COPY : BNC_WANT_TREE;
        s->sub = row->sub;
        break;
    case BNC_KEEP_DROP:
        break;
    case BNC_KEEP_NAMED:
    case BNC_KEEP_FLAGS:
        s->want = row->action == BNC_KEEP_NAMED ? BNC_WANT_NAMED : BNC_WANT_FLAGS;
        s->sub = row->sub;
        break;
    case BNC_KEEP_NAME:
        want_slot(s, BNC_SLOT_NAME);
        break;
    case BNC_KEEP_NAMESPACE:
        want_slot(s, BNC_SLOT_NAMESPACE);
        break;
    case BNC_KEEP_UID:
        want_slot(s, BNC_SLOT_UID);
        break;
    case BNC_KEEP_RESOURCE_VERSION:
        want_slot(s, BNC_SLOT_RESOURCE_VERSION);
        break;
    case BNC_KEEP_GENERATION:
        want_slot(s, BNC_SLOT_GENERATION);
        break;
    case BNC_KEEP_DELETION:
        s->want = BNC_WANT_DELETION;
        break;
    case BNC_KEEP_STATUS:
        s->want = BNC_WANT_STATUS;
        break;
    case BNC_KEEP_MANAGED_FIELDS:
        s->want = BNC_WANT_MANAGED_FIELDS;
        break;
    }
}

static void
want_member(struct bnc_stream *s, const char *key, size_t n)
{
    const struct bnc_prune_frame *frame = bnc_scan_top(s);
    if (frame->mode == BNC_MODE_TREE) {
        for (const struct bnc_keep *row = frame->rows; row->name != NULL; row++) {
            if (is_key(row->name, key, n) ||
                (row->name[0] == '*' && row->name[1] == '\0')) {
                want_row(s, row);
                return;
            }
        }
        return;
    }
    if (frame->mode == BNC_MODE_NAMED) {
        s->want = is_key("name", key, n) ? BNC_WANT_NAME : BNC_WANT_COPY;
        return;
    }
    for (size_t i = 0; i < BNC_LEN(envelope_rows); i++) {
        if (envelope_rows[i].mode == (enum bnc_prune_mode)frame->mode &&
            is_key(envelope_rows[i].key, key, n)) {
            s->want = envelope_rows[i].want;
            s->slot = envelope_rows[i].slot;
            return;
        }
    }
}

void
bnc_prune_key(struct bnc_stream *s)
{
    if (s->key.too_big) {
        return; /* failed already */
    }
    size_t n = s->key.len - 2;
    if (!s->lex.escapes) {
        want_member(s, s->key.ptr + 1, n);
        return;
    }
    /* "n\u0061me" is "name": compare what it means, keep what was received. */
    char *plain = bnc_alloc(n + 1);
    memcpy(plain, s->key.ptr + 1, n);
    n = bnc_lex_decode(plain, n);
    plain[n] = '\0';
    want_member(s, plain, n);
    free(plain);
}

/* ---- values -------------------------------------------------------------------- */

/* A comma and the key before a value that goes into the text. */
static void
lead(struct bnc_stream *s)
{
    struct bnc_prune_frame *frame = bnc_scan_top(s);
    if (frame->kept) {
        bnc_str_putc(&s->text, ',');
    }
    if (!frame->array) {
        bnc_str_add(&s->text, s->key.ptr, s->key.len);
        bnc_str_putc(&s->text, ':');
    }
}

static void
copy_to(struct bnc_stream *s, struct bnc_str *sink, const char *at)
{
    bnc_str_clear(sink);
    bnc_scan_copy(s, sink, at);
}

static void
clear_object(struct bnc_stream *s)
{
    bnc_str_clear(&s->text);
    bnc_str_clear(&s->status);
    bnc_str_clear(&s->managed_fields);
    for (size_t i = 0; i < BNC_SLOT_OBJECT_COUNT; i++) {
        bnc_str_clear(&s->slots[i]);
    }
    s->deleting = false;
}

/* ---- items that are judged ----------------------------------------------------- */

static void
cut(struct bnc_stream *s, size_t len)
{
    s->text.len = len;
    s->text.ptr[len] = '\0';
}

/* An item under way is not kept: no byte of it stays, the rest is skipped. */
static void
refuse_item(struct bnc_stream *s)
{
    struct bnc_prune_frame *item = bnc_scan_top(s);
    cut(s, item->undo);
    item->mode = BNC_MODE_INERT;
}

/*
 * The row with the name that the string in the text has, or that it begins with
 * before a '='.  Escapes stay as they are: what has one is none of these names.
 */
static const struct bnc_keep *
find_name(const struct bnc_stream *s, const struct bnc_keep *rows, bool *whole)
{
    const char *text = s->text.ptr + s->judged + 1;
    size_t n = s->text.len - s->judged - 2;
    for (; rows->name != NULL; rows++) {
        if (rows->name[0] != text[0]) {
            continue;
        }
        size_t length = strlen(rows->name);
        *whole = length == n;
        if (length <= n && memcmp(rows->name, text, length) == 0 &&
            (*whole || text[length] == '=')) {
            return rows;
        }
    }
    return NULL;
}

static void
judge_item(struct bnc_stream *s)
{
    struct bnc_prune_frame *item = bnc_scan_top(s);
    bool whole = false;
    if (find_name(s, item->rows, &whole) == NULL || !whole) {
        refuse_item(s);
        return;
    }
    item->named = true;
    item->kept = true;
}

static void
judge_flag(struct bnc_stream *s)
{
    struct bnc_prune_frame *list = bnc_scan_top(s);
    bool whole = false;
    if (list->named) {
        list->named = false; /* the value of the flag before it */
    } else if (find_name(s, list->rows, &whole) != NULL) {
        list->named = whole;
    } else {
        cut(s, s->judged - (list->kept ? 1 : 0)); /* with its comma */
        return;
    }
    list->kept = true;
}

/* The name of an item, or an argument: only texts are copied and judged. */
static void
begin_judged(struct bnc_stream *s, const char *at)
{
    struct bnc_prune_frame *frame = bnc_scan_top(s);
    if (*at == '"') {
        lead(s);
        s->judged = s->text.len;
        bnc_scan_copy(s, &s->text, at);
    } else if (s->want == BNC_WANT_NAME) {
        refuse_item(s);
    } else {
        frame->named = false;
    }
}

/* The array, or an item of it; any other place is none for values that may be secret. */
static void
open_judged(struct bnc_stream *s, struct bnc_prune_frame *frame)
{
    bool item = bnc_scan_top(s)->mode == BNC_MODE_NAMED;
    if (frame->array == item) {
        return;
    }
    frame->mode = s->want == BNC_WANT_NAMED ? BNC_MODE_NAMED : BNC_MODE_FLAGS;
    frame->rows = s->sub;
    frame->undo = s->text.len;
    lead(s);
    bnc_str_putc(&s->text, frame->array ? '[' : '{');
}

static bool
is_error(const struct bnc_stream *s)
{
    const struct bnc_str *type = &s->slots[BNC_SLOT_TYPE];
    return type->len > 0 && strcmp(type->ptr, "ERROR") == 0;
}

/* Without rows, or where the kind of event is not known yet, an object is kept whole. */
static void
open_object(struct bnc_stream *s, const char *at, struct bnc_prune_frame *frame)
{
    if (frame->array) {
        bnc_scan_fail(s, BNC_INVALID, "an array where an object was expected");
        return;
    }
    if (s->shape == BNC_SHAPE_WATCH) {
        if (s->has_object) {
            bnc_scan_fail(s, BNC_INVALID, "an event with two objects");
            return;
        }
        s->has_object = true;
        s->raw = !s->has_type || is_error(s);
    }
    clear_object(s);
    frame->object = true;
    if (s->raw || s->keep == NULL) {
        frame->ends_copy = true;
        bnc_scan_copy(s, &s->text, at);
        return;
    }
    frame->mode = BNC_MODE_TREE;
    frame->rows = s->keep;
    bnc_str_putc(&s->text, '{');
}

static void
open_event(struct bnc_stream *s, struct bnc_prune_frame *frame)
{
    frame->mode = BNC_MODE_EVENT;
    s->has_type = false;
    s->has_object = false;
    s->raw = false;
    bnc_str_clear(&s->slots[BNC_SLOT_TYPE]);
}

static void
open_copy(struct bnc_stream *s, const char *at, struct bnc_prune_frame *frame)
{
    frame->ends_copy = true;
    if (s->want == BNC_WANT_STATUS) {
        copy_to(s, &s->status, at);
    } else if (s->want == BNC_WANT_MANAGED_FIELDS) {
        copy_to(s, &s->managed_fields, at);
    } else {
        lead(s);
        bnc_scan_top(s)->kept = true;
        bnc_scan_copy(s, &s->text, at);
    }
}

void
bnc_prune_open(struct bnc_stream *s, const char *at, struct bnc_prune_frame *frame)
{
    switch (s->want) {
    case BNC_WANT_TREE:
        frame->mode = BNC_MODE_TREE;
        frame->rows = s->sub;
        frame->undo = s->text.len;
        lead(s);
        bnc_str_putc(&s->text, frame->array ? '[' : '{');
        break;
    case BNC_WANT_NAMED:
    case BNC_WANT_FLAGS:
        open_judged(s, frame);
        break;
    case BNC_WANT_NAME:
        refuse_item(s);
        break;
    case BNC_WANT_COPY:
    case BNC_WANT_STATUS:
    case BNC_WANT_MANAGED_FIELDS:
        open_copy(s, at, frame);
        break;
    case BNC_WANT_DELETION:
        s->deleting = true;
        break;
    case BNC_WANT_OBJECT:
        open_object(s, at, frame);
        break;
    case BNC_WANT_EVENT:
        open_event(s, frame);
        break;
    case BNC_WANT_LIST:
        frame->mode = BNC_MODE_LIST;
        break;
    case BNC_WANT_LIST_METADATA:
        frame->mode = frame->array ? BNC_MODE_INERT : BNC_MODE_LIST_METADATA;
        break;
    case BNC_WANT_ITEMS:
        if (!frame->array) {
            bnc_scan_fail(s, BNC_INVALID, "items is not an array");
        }
        frame->mode = BNC_MODE_ITEMS;
        break;
    case BNC_WANT_FLAG: /* no argument */
        bnc_scan_top(s)->named = false;
        break;
    case BNC_WANT_SLOT:
    case BNC_WANT_SKIP:
    default:
        break;
    }
}

/* A slot takes a string, the generation a number; all else leaves it empty. */
static void
begin_slot(struct bnc_stream *s, const char *at)
{
    struct bnc_str *slot = &s->slots[s->slot];
    bnc_str_clear(slot);
    if (s->slot == BNC_SLOT_TYPE) {
        if (s->has_type) {
            bnc_scan_fail(s, BNC_INVALID, "an event with two types");
        }
        s->has_type = true;
    }
    if ((*at == '"') != (s->slot == BNC_SLOT_GENERATION) && *at != 'n') {
        bnc_scan_copy(s, slot, at);
    }
}

void
bnc_prune_scalar(struct bnc_stream *s, const char *at)
{
    switch (s->want) {
    case BNC_WANT_TREE:
    case BNC_WANT_COPY:
        lead(s);
        bnc_scan_top(s)->kept = true;
        bnc_scan_copy(s, &s->text, at);
        break;
    case BNC_WANT_STATUS:
    case BNC_WANT_MANAGED_FIELDS:
        bnc_str_clear(s->want == BNC_WANT_STATUS ? &s->status : &s->managed_fields);
        break; /* null, or nonsense */
    case BNC_WANT_DELETION:
        s->deleting = *at != 'n';
        break;
    case BNC_WANT_SLOT:
        begin_slot(s, at);
        break;
    case BNC_WANT_NAME:
    case BNC_WANT_FLAG:
        begin_judged(s, at);
        break;
    case BNC_WANT_OBJECT:
        bnc_scan_fail(s, BNC_INVALID, "an object was expected");
        break;
    case BNC_WANT_ITEMS: /* null: an empty list of Go */
    case BNC_WANT_LIST:
    case BNC_WANT_LIST_METADATA:
    case BNC_WANT_EVENT:
    case BNC_WANT_NAMED: /* such a value may be a secret */
    case BNC_WANT_FLAGS:
    case BNC_WANT_SKIP:
    default:
        break;
    }
}

static void
end_slot(struct bnc_stream *s)
{
    struct bnc_str *slot = &s->slots[s->slot];
    if (slot->len >= 2 && slot->ptr[0] == '"') {
        slot->len -= 2;
        memmove(slot->ptr, slot->ptr + 1, slot->len);
        if (s->lex.escapes) {
            slot->len = bnc_lex_decode(slot->ptr, slot->len);
        }
    } else if (s->slot != BNC_SLOT_GENERATION) {
        slot->len = 0; /* true, 5, ... */
    }
    slot->ptr[slot->len] = '\0';
}

void
bnc_prune_scalar_end(struct bnc_stream *s)
{
    if (s->code != BNC_OK) {
        return;
    }
    if (s->want == BNC_WANT_SLOT) {
        end_slot(s);
    } else if (s->want == BNC_WANT_NAME) {
        judge_item(s);
    } else if (s->want == BNC_WANT_FLAG) {
        judge_flag(s);
    }
}

/* ---- ends ---------------------------------------------------------------------- */

/* What pruning has emptied is left out; what was empty stays: {} selects all. */
static void
close_tree(struct bnc_stream *s, const struct bnc_prune_frame *frame)
{
    struct bnc_prune_frame *parent = bnc_scan_top(s);
    bool empty = frame->seen && !frame->kept;
    if (empty && !parent->array && !frame->object) {
        cut(s, frame->undo);
        return;
    }
    bnc_str_putc(&s->text, frame->array ? ']' : '}');
    parent->kept = true;
}

void
bnc_prune_close(struct bnc_stream *s, const struct bnc_prune_frame *frame)
{
    if (frame->mode == BNC_MODE_NAMED && !frame->array && !frame->named) {
        cut(s, frame->undo); /* an item without a name */
    } else if (frame->mode == BNC_MODE_TREE || frame->mode == BNC_MODE_NAMED ||
               frame->mode == BNC_MODE_FLAGS) {
        close_tree(s, frame);
    }
    if (frame->object && s->shape == BNC_SHAPE_LIST) {
        bnc_prune_deliver(s);
    } else if (frame->mode == BNC_MODE_EVENT) {
        bnc_prune_event(s);
    } else if (s->depth == 0) {
        s->complete = true;
    }
}
