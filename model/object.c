#include "model/object.h"

#include <stdlib.h>
#include <string.h>

static const char *
put(char **at, const char *bytes, size_t n)
{
    char *start = *at;
    if (n > 0) {
        memcpy(start, bytes, n);
    }
    start[n] = '\0';
    *at = start + n + 1;
    return start;
}

struct bnc_object *
bnc_object_new(enum bnc_kind kind, const struct bnc_pruned *pruned, const char *origin)
{
    const char *texts[] = {pruned->ns, pruned->name, pruned->uid,
                           pruned->resource_version, origin == NULL ? "" : origin};
    size_t total = pruned->text.len + pruned->status.len + 2;
    for (size_t i = 0; i < BNC_LEN(texts); i++) {
        total += strlen(texts[i]) + 1;
    }
    struct bnc_object *object = bnc_alloc(sizeof(*object) + total);
    char *at = (char *)(object + 1);

    object->refs = 1;
    object->kind = kind;
    object->generation = pruned->generation;
    object->deleting = pruned->deleting;
    object->ns = put(&at, texts[0], strlen(texts[0]));
    object->name = put(&at, texts[1], strlen(texts[1]));
    object->uid = put(&at, texts[2], strlen(texts[2]));
    object->resource_version = put(&at, texts[3], strlen(texts[3]));
    object->text.len = pruned->text.len;
    object->text.ptr = put(&at, pruned->text.ptr, pruned->text.len);
    object->status.len = pruned->status.len;
    object->status.ptr = put(&at, pruned->status.ptr, pruned->status.len);
    if (origin != NULL) {
        object->origin = put(&at, texts[4], strlen(texts[4]));
    }
    return object;
}

struct bnc_object *
bnc_object_ref(struct bnc_object *object)
{
    object->refs++;
    return object;
}

void
bnc_object_unref(struct bnc_object *object)
{
    if (object != NULL && --object->refs == 0) {
        bnc_object_unref(object->base);
        free(object);
    }
}

static bool
same_bytes(struct bnc_bytes a, struct bnc_bytes b)
{
    return a.len == b.len &&
           (a.len == 0 || a.ptr == b.ptr || memcmp(a.ptr, b.ptr, a.len) == 0);
}

bool
bnc_object_same(const struct bnc_object *a, const struct bnc_object *b)
{
    return a->deleting == b->deleting && a->generation == b->generation &&
           strcmp(a->uid, b->uid) == 0 && same_bytes(a->text, b->text);
}

struct bnc_object *
bnc_object_after(struct bnc_object *object, struct bnc_object *before)
{
    if (object->origin != NULL || strcmp(object->uid, before->uid) != 0 ||
        strcmp(object->name, before->name) != 0 || strcmp(object->ns, before->ns) != 0 ||
        !same_bytes(object->text, before->text)) {
        return object;
    }
    struct bnc_object *base = before->base == NULL ? before : before->base;
    size_t version = strlen(object->resource_version);
    struct bnc_object *out = bnc_alloc(sizeof(*out) + version + object->status.len + 2);
    char *at = (char *)(out + 1);

    *out = *object;
    out->refs = 1;
    out->base = bnc_object_ref(base);
    out->ns = base->ns;
    out->name = base->name;
    out->uid = base->uid;
    out->text = base->text;
    out->resource_version = put(&at, object->resource_version, version);
    out->status.ptr = put(&at, object->status.ptr, object->status.len);
    bnc_object_unref(object);
    return out;
}

size_t
bnc_object_bytes(const struct bnc_object *object)
{
    return sizeof(*object) + object->text.len + object->status.len + 160;
}
