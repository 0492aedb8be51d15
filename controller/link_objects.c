/* Documents as the intents of objects. */
#include <string.h>

#include "controller/link_objects.h"
#include "lib/base64.h"

#define LABEL_OBSERVATORY "binnacle.dev/observatory"
#define HEAD_ROOM         2048 /* bytes of a body around its content, more or less */

cJSON *
bnc_link_base64(struct bnc_link *link, struct bnc_bytes bytes)
{
    struct bnc_str out = bnc_str_new(link->scratch, BNC_DOCUMENT_MAX);
    bnc_str_reserve(&out, bytes.len / 3 * 4 + 8);
    bnc_str_putc(&out, '"');
    bnc_base64_add(&out, bytes);
    bnc_str_putc(&out, '"');
    return bnc_json_raw(link->scratch, out.ptr); /* nothing in it has to be escaped */
}

static cJSON *
owner_references(struct bnc_link *link)
{
    const struct bnc_object *self = link->hub->member->object;
    cJSON *owners = bnc_json_array(link->arena);
    cJSON *owner = bnc_json_object(link->arena);
    bnc_json_set_str(link->arena, owner, "apiVersion", bnc_kind_api_version(self->kind));
    bnc_json_set_str(link->arena, owner, "kind", bnc_kind_info(self->kind)->name);
    bnc_json_set_str(link->arena, owner, "name", self->name);
    bnc_json_set_str(link->arena, owner, "uid", self->uid);
    bnc_json_set_bool(link->arena, owner, "controller", true);
    bnc_json_add(owners, owner);
    return owners;
}

static cJSON *
labels_of(struct bnc_link *link)
{
    cJSON *labels = bnc_json_object(link->arena);
    bnc_json_set_str(link->arena, labels, "app.kubernetes.io/managed-by", "binnacle");
    bnc_json_set_str(link->arena, labels, LABEL_OBSERVATORY,
                     link->hub->member->object->name);
    for (size_t i = 0; link->output != NULL && i < link->output->labels.n; i++) {
        bnc_json_set_str(link->arena, labels, link->output->labels.items[i].key,
                         link->output->labels.items[i].value);
    }
    return labels;
}

static cJSON *
metadata(struct bnc_link *link, const struct bnc_link_object *object)
{
    const struct bnc_object *self = link->hub->member->object;
    const struct bnc_desired *desired = &object->desired;
    cJSON *meta = bnc_json_object(link->arena);
    cJSON *annotations = bnc_json_object(link->arena);

    bnc_json_set_str(link->arena, annotations, "binnacle.dev/hash", desired->hash);
    bnc_json_set_str(link->arena, annotations, "binnacle.dev/owner",
                     bnc_arena_fmt(link->arena, "%s/%s", self->ns, self->name));
    if (desired->root != NULL) {
        bnc_json_set_str(link->arena, annotations, BNC_ANNOTATION_FILE, desired->file);
        bnc_json_set_str(link->arena, annotations, BNC_ANNOTATION_PART_OF, desired->root);
    }
    if (desired->role == BNC_ROLE_SLOT) {
        bnc_json_set_str(link->arena, annotations, BNC_ANNOTATION_SLOT,
                         bnc_arena_fmt(link->arena, "%zu", desired->slot));
    }
    if (desired->slots != NULL) {
        bnc_json_set_str(link->arena, annotations, BNC_ANNOTATION_SLOTS, desired->slots);
    }
    bnc_json_set_str(link->arena, meta, "name", desired->name);
    bnc_json_set_str(link->arena, meta, "namespace", desired->ns);
    bnc_json_set_item(link->arena, meta, "labels", labels_of(link));
    bnc_json_set_item(link->arena, meta, "annotations", annotations);
    if (!link->result.orphan && strcmp(desired->ns, self->ns) == 0 &&
        self->uid[0] != '\0') {
        /* an owner in another namespace would get the object collected */
        bnc_json_set_item(link->arena, meta, "ownerReferences", owner_references(link));
    }
    return meta;
}

void
bnc_link_object(struct bnc_link *link, const struct bnc_link_object *object)
{
    cJSON *root = bnc_json_object(link->arena);
    struct bnc_str body = bnc_str_new(link->arena, BNC_OBJECT_DATA_MAX * 3);
    enum bnc_kind kind = object->desired.kind;

    bnc_json_set_str(link->arena, root, "apiVersion", "v1");
    bnc_json_set_str(link->arena, root, "kind", bnc_kind_info(kind)->name);
    bnc_json_set_item(link->arena, root, "metadata", metadata(link, object));
    if (kind == BNC_KIND_SECRET) {
        bnc_json_set_str(link->arena, root, "type", "Opaque");
    }
    if (object->desired.role == BNC_ROLE_PART) {
        bnc_json_set_bool(link->arena, root, "immutable", true);
    }
    bnc_json_set_item(link->arena, root, object->data_name, object->data);
    if (object->more != NULL) {
        bnc_json_set_item(link->arena, root, object->more_name, object->more);
    }
    bnc_str_reserve(&body, object->desired.content.len / 3 * 4 + HEAD_ROOM);
    bnc_json_print(root, &body);
    bnc_arena_reset(link->scratch);
    if (link->n == link->room) {
        size_t room = link->room == 0 ? 8 : link->room * 2;
        struct bnc_desired *items = bnc_arena_array(link->arena, room, sizeof(*items));
        if (link->n > 0) {
            memcpy(items, link->desired, link->n * sizeof(*items));
        }
        link->desired = items;
        link->room = room;
    }
    link->desired[link->n] = object->desired;
    link->desired[link->n++].body = (struct bnc_bytes){body.ptr, body.len};
}

void
bnc_link_hash(struct bnc_desired *desired, const char *hex)
{
    memcpy(desired->hash, "sha256:", 7);
    memcpy(desired->hash + 7, hex, BNC_SHA256_HEX);
}

enum bnc_kind
bnc_link_kind(const struct bnc_link *link)
{
    return bnc_str_eq(link->output->kind, "ConfigMap") ? BNC_KIND_CONFIG_MAP
                                                       : BNC_KIND_SECRET;
}

/* A value under its key, in the map that the kind has for it. */
void
bnc_link_value(struct bnc_link *link, struct bnc_link_object *object, const char *key,
               struct bnc_bytes bytes)
{
    bool packed = object->desired.packed;
    bool map = object->desired.kind == BNC_KIND_CONFIG_MAP;
    object->data = bnc_json_object(link->arena);
    object->data_name = map && packed ? "binaryData" : "data";
    bnc_json_append(link->arena, object->data, key,
                    map && !packed ? bnc_json_str(link->scratch, bytes.ptr)
                                   : bnc_link_base64(link, bytes));
}

const char *
bnc_link_root_name(struct bnc_link *link)
{
    return link->hub->shards == 1
               ? link->output->name
               : bnc_arena_fmt(link->arena, "%s-shard-%lld", link->output->name,
                               (long long)link->shard);
}

/* The name on disk: the key without the ending that says how it travels. */
static const char *
config_name(struct bnc_link *link)
{
    size_t n = strlen(link->output->key) - (link->zipped ? strlen(".gz") : 0);
    return bnc_arena_strndup(link->arena, link->output->key, n);
}

struct bnc_link_object
bnc_link_root(struct bnc_link *link)
{
    return (struct bnc_link_object){.desired = {.role = BNC_ROLE_ROOT,
                                                .kind = bnc_link_kind(link),
                                                .shard = link->shard,
                                                .ns = link->output->ns,
                                                .name = bnc_link_root_name(link),
                                                .file = config_name(link),
                                                .packed = link->zipped}};
}

bool
bnc_link_fits(struct bnc_link *link, size_t n)
{
    if (n <= BNC_OBJECT_DATA_MAX) {
        return true;
    }
    bnc_diag_add(&link->diags, BNC_REASON_TOO_BIG,
                 link->files ? "spec.prometheus.base" : "spec.prometheus.layout",
                 link->files    ? "make it smaller"
                 : link->zipped ? "say Files, and run binnacle sync beside Prometheus"
                                : "say Files, and run binnacle sync beside Prometheus; "
                                  "or end spec.prometheus.output.key in .gz to have it "
                                  "compressed",
                 "the configuration has %zu bytes, an object takes %zu", n,
                 BNC_OBJECT_DATA_MAX);
    return false;
}

/* ---- layout Single ------------------------------------------------------------- */

static enum bnc_code
join_blocks(struct bnc_link *link, struct bnc_str *out, struct bnc_error *err)
{
    struct bnc_zip_block *blocks =
        bnc_arena_array(link->arena, link->n_pieces, sizeof(*blocks));
    for (size_t i = 0; i < link->n_pieces; i++) {
        blocks[i] = link->pieces[i].packed->block;
    }
    return bnc_zip_join(blocks, link->n_pieces, out, err);
}

bool
bnc_link_document(struct bnc_link *link)
{
    struct bnc_link_object object = bnc_link_root(link);
    struct bnc_str text = bnc_str_new(link->arena, BNC_DOCUMENT_MAX);
    struct bnc_error err = {0};
    char hex[BNC_SHA256_HEX];

    bnc_sha256_final(link->sha, hex);
    bnc_link_hash(&object.desired, hex);
    for (size_t i = 0; i < link->n_pieces; i++) {
        object.desired.size += link->pieces[i].size;
    }
    if (link->zipped) {
        if (join_blocks(link, &text, &err)) {
            bnc_diag_add(&link->diags, BNC_REASON_TOO_BIG, "", NULL, "%s", err.message);
            return false;
        }
    } else if (bnc_link_fits(link, object.desired.size)) {
        for (size_t i = 0; i < link->n_pieces; i++) {
            bnc_link_add(&link->pieces[i], &text);
        }
    } else {
        return false;
    }
    if (!bnc_link_fits(link, text.len)) {
        return false;
    }
    object.desired.content = (struct bnc_bytes){text.ptr, text.len};
    bnc_link_value(link, &object, link->output->key, object.desired.content);
    bnc_link_object(link, &object);
    return true;
}

/* ---- beside the configuration -------------------------------------------------- */

bool
bnc_link_assets(struct bnc_link *link)
{
    const struct bnc_plan *plan = &link->hub->plan;
    struct bnc_view *view = bnc_reader_begin(link->hub->reader);
    struct bnc_link_object object = {
        .desired = {.role = BNC_ROLE_BESIDE,
                    .kind = BNC_KIND_SECRET,
                    .ns = link->output->ns,
                    .name = bnc_arena_fmt(link->arena, "%s-assets", link->output->name)},
        .data_name = "data",
        .data = bnc_json_object(link->arena)};
    struct bnc_str digest = bnc_str_new(link->arena, BNC_DOCUMENT_MAX);
    bool whole = true;

    for (size_t i = 0; i < plan->n_assets; i++) {
        const struct bnc_asset *asset = &plan->assets[i];
        struct bnc_bytes value = {0};
        if (bnc_view_value(view, (enum bnc_kind)asset->kind, asset->ns, asset->name,
                           asset->key, link->arena, &value) != BNC_VIEW_FOUND) {
            whole = false; /* its reader is compiled again before this is published */
            continue;
        }
        object.desired.size += value.len;
        bnc_json_append(link->arena, object.data, asset->file,
                        bnc_link_base64(link, value));
        bnc_str_json(&digest, asset->file);
        bnc_str_add(&digest, value.ptr, value.len);
    }
    bnc_reader_end(link->hub->reader);
    if (plan->n_assets == 0) {
        return true;
    }
    if (object.desired.size > BNC_OBJECT_DATA_MAX) {
        bnc_diag_add(&link->diags, BNC_REASON_TOO_BIG, "", "refer to fewer Secrets",
                     "the files of certificates and credentials have %zu bytes together, "
                     "an object takes %zu",
                     object.desired.size, BNC_OBJECT_DATA_MAX);
        return false;
    }
    char hex[BNC_SHA256_HEX];
    /* salted: a digest of a short password must not tell it */
    bnc_str_puts(&digest, link->hub->member->object->uid);
    bnc_sha256_hex(digest.ptr, digest.len, hex);
    bnc_link_hash(&object.desired, hex);
    bnc_link_object(link, &object);
    return whole;
}

bool
bnc_link_documents(struct bnc_link *link)
{
    struct bnc_document *documents = NULL;
    size_t n =
        link->planner->documents(&link->hub->plan, link->arena, &documents, &link->diags);
    for (size_t i = 0; i < n; i++) {
        const struct bnc_document *d = &documents[i];
        struct bnc_link_object object = {.desired = {.role = BNC_ROLE_BESIDE,
                                                     .kind = d->kind,
                                                     .ns = d->ns,
                                                     .name = d->name,
                                                     .file = d->key,
                                                     .size = d->bytes.len,
                                                     .content = d->bytes}};
        char hex[BNC_SHA256_HEX];
        bnc_sha256_hex(d->bytes.ptr, d->bytes.len, hex);
        bnc_link_hash(&object.desired, hex);
        bnc_link_value(link, &object, d->key, d->bytes);
        bnc_link_object(link, &object);
    }
    return true;
}
