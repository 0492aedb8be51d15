#include "model/prune.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "model/prune_scan.h"

/* ---- what is handed over ------------------------------------------------------- */

static struct bnc_bytes
bytes_of(const struct bnc_str *s)
{
    return (struct bnc_bytes){s->ptr == NULL ? "" : s->ptr, s->len};
}

static int64_t
to_generation(const char *text)
{
    char *end = NULL;
    errno = 0;
    long long value = strtoll(text, &end, 10);
    return errno == 0 && end != text && *end == '\0' ? value : 0;
}

static void
fill_pruned(struct bnc_stream *s, struct bnc_pruned *out)
{
    const char *texts[BNC_SLOT_OBJECT_COUNT];
    for (size_t i = 0; i < BNC_SLOT_OBJECT_COUNT; i++) {
        texts[i] = bytes_of(&s->slots[i]).ptr;
    }
    *out = (struct bnc_pruned){
        .text = bytes_of(&s->text),
        .name = texts[BNC_SLOT_NAME],
        .ns = texts[BNC_SLOT_NAMESPACE],
        .uid = texts[BNC_SLOT_UID],
        .resource_version = texts[BNC_SLOT_RESOURCE_VERSION],
        .generation = to_generation(texts[BNC_SLOT_GENERATION]),
        .deleting = s->deleting,
        .status = bytes_of(&s->status),
        .managed_fields = bytes_of(&s->managed_fields),
    };
}

/* One huge object must not hold its memory for the life of a watch. */
static void
shrink(struct bnc_str *s)
{
    if (s->room > BNC_PRUNE_KEEP_ROOM) {
        bnc_str_free(s);
    }
}

static void
shrink_buffers(struct bnc_stream *s)
{
    shrink(&s->text);
    shrink(&s->status);
    shrink(&s->managed_fields);
    shrink(&s->key);
    for (size_t i = 0; i < BNC_SLOT_OBJECT_COUNT; i++) {
        shrink(&s->slots[i]);
    }
}

static void
deliver(struct bnc_stream *s, const char *type)
{
    struct bnc_pruned pruned;
    fill_pruned(s, &pruned);
    if (s->ops->on_object != NULL) {
        s->ops->on_object(s->arg, type, &pruned);
    }
    shrink_buffers(s);
}

/* The type came after the object: what was kept whole is pruned now. */
static void
deliver_late(struct bnc_stream *s, const char *type)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    struct bnc_pruned pruned;
    struct bnc_error err = {0};
    struct bnc_bytes whole = bytes_of(&s->text);

    if (bnc_prune(s->keep, whole.ptr, whole.len, arena, &pruned, &err)) {
        bnc_scan_fail(s, err.code, "an event whose object cannot be pruned");
        return;
    }
    if (s->ops->on_object != NULL) {
        s->ops->on_object(s->arg, type, &pruned);
    }
    shrink_buffers(s);
}

/* What is not copied but added, as braces and keys, meets the cap unnoticed. */
static bool
is_good(struct bnc_stream *s)
{
    if (s->text.too_big) {
        bnc_scan_fail(s, BNC_TOO_BIG, BNC_PRUNE_TOO_BIG);
    }
    return s->code == BNC_OK;
}

void
bnc_prune_deliver(struct bnc_stream *s)
{
    if (is_good(s)) {
        deliver(s, "");
    }
}

void
bnc_prune_event(struct bnc_stream *s)
{
    struct bnc_bytes type = bytes_of(&s->slots[BNC_SLOT_TYPE]);
    if (type.len == 0 || !s->has_object) {
        bnc_scan_fail(s, BNC_INVALID, "an event without type or object");
    }
    if (!is_good(s)) {
        return;
    }
    if (strcmp(type.ptr, "ERROR") == 0) {
        if (s->ops->on_error != NULL) {
            s->ops->on_error(s->arg, bytes_of(&s->text));
        }
        shrink_buffers(s);
    } else if (s->raw) {
        deliver_late(s, type.ptr);
    } else {
        deliver(s, type.ptr);
    }
}

/* ---- life ---------------------------------------------------------------------- */

static void
init(struct bnc_stream *s, enum bnc_prune_shape shape, const struct bnc_keep *keep)
{
    static const size_t around[] = {
        [BNC_SHAPE_OBJECT] = 0, [BNC_SHAPE_LIST] = 2, [BNC_SHAPE_WATCH] = 1};

    bnc_scan_init(s);
    s->max_depth += around[shape];
    s->shape = shape;
    s->keep = keep;
    s->key = bnc_str_new(NULL, BNC_PRUNE_NAME_MAX);
    s->text = bnc_str_new(NULL, BNC_OBJECT_MAX_BYTES);
    s->status = bnc_str_new(NULL, BNC_OBJECT_MAX_BYTES);
    s->managed_fields = bnc_str_new(NULL, BNC_OBJECT_MAX_BYTES);
    for (size_t i = 0; i < BNC_SLOT_COUNT; i++) {
        s->slots[i] = bnc_str_new(NULL, BNC_PRUNE_NAME_MAX);
    }
}

static void
release(struct bnc_stream *s)
{
    bnc_str_free(&s->key);
    bnc_str_free(&s->text);
    bnc_str_free(&s->status);
    bnc_str_free(&s->managed_fields);
    for (size_t i = 0; i < BNC_SLOT_COUNT; i++) {
        bnc_str_free(&s->slots[i]);
    }
}

struct bnc_stream *
bnc_stream_new(enum bnc_stream_kind kind, const struct bnc_keep *keep,
               const struct bnc_stream_ops *ops, void *arg)
{
    struct bnc_stream *s = bnc_alloc(sizeof(*s));
    init(s, kind == BNC_STREAM_LIST ? BNC_SHAPE_LIST : BNC_SHAPE_WATCH, keep);
    s->ops = ops;
    s->arg = arg;
    return s;
}

void
bnc_stream_free(struct bnc_stream *s)
{
    if (s != NULL) {
        release(s);
        free(s);
    }
}

const char *
bnc_stream_resource_version(const struct bnc_stream *s)
{
    return s->complete ? bytes_of(&s->slots[BNC_SLOT_LIST_VERSION]).ptr : "";
}

const char *
bnc_stream_continue(const struct bnc_stream *s)
{
    return s->complete ? bytes_of(&s->slots[BNC_SLOT_CONTINUE]).ptr : "";
}

bool
bnc_stream_complete(const struct bnc_stream *s)
{
    return s->shape == BNC_SHAPE_WATCH ? s->depth == 0 : s->complete;
}

static const char *
keep_text(struct bnc_arena *arena, const char *text)
{
    return text[0] == '\0' ? "" : bnc_arena_strdup(arena, text);
}

static struct bnc_bytes
keep_bytes(struct bnc_arena *arena, struct bnc_bytes bytes)
{
    const char *ptr =
        bytes.len == 0 ? "" : bnc_arena_strndup(arena, bytes.ptr, bytes.len);
    return (struct bnc_bytes){ptr, bytes.len};
}

static enum bnc_code
prune_whole(struct bnc_stream *s, const char *json, size_t n, struct bnc_error *err)
{
    if (bnc_stream_feed(s, json, n, err)) {
        return err->code;
    }
    if (!s->complete) {
        return bnc_fail(err, BNC_INVALID, "JSON ends after %zu bytes, too early", n);
    }
    return bnc_str_check(&s->text, "what is kept of one object", err);
}

enum bnc_code
bnc_prune(const struct bnc_keep *keep, const char *json, size_t n,
          struct bnc_arena *arena, struct bnc_pruned *out, struct bnc_error *err)
{
    struct bnc_stream s = {0};
    struct bnc_pruned found;

    init(&s, BNC_SHAPE_OBJECT, keep);
    enum bnc_code code = prune_whole(&s, json, n, err);
    if (code == BNC_OK) {
        fill_pruned(&s, &found);
        found.text = keep_bytes(arena, found.text);
        found.status = keep_bytes(arena, found.status);
        found.managed_fields = keep_bytes(arena, found.managed_fields);
        found.name = keep_text(arena, found.name);
        found.ns = keep_text(arena, found.ns);
        found.uid = keep_text(arena, found.uid);
        found.resource_version = keep_text(arena, found.resource_version);
        *out = found;
    }
    release(&s);
    return code;
}
