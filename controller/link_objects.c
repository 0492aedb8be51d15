/* Documents as the intents of objects. */
#include <string.h>

#include "controller/link.h"
#include "lib/base64.h"
#include "lib/json.h"

#define LABEL_OBSERVATORY "binnacle.dev/observatory"
#define MANIFEST_KEY      "manifest.json"
#define PART_KEY          "jobs.yml.gz"
#define PART_HASH_DIGITS  16

/* One object in the making. */
struct object {
    struct bnc_desired desired; /* all but its body */
    const char *root;           /* a part's root */
    const char *data_name;      /* "data", "binaryData" */
    cJSON *data;
    cJSON *more; /* a map under another name; NULL: none */
    const char *more_name;
};

static const char *
base64(struct bnc_arena *arena, struct bnc_bytes bytes)
{
    struct bnc_str out = bnc_str_new(arena, BNC_DOCUMENT_MAX);
    bnc_str_puts(&out, "");
    bnc_base64_add(&out, bytes);
    return out.ptr;
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
metadata(struct bnc_link *link, const struct object *object)
{
    const struct bnc_object *self = link->hub->member->object;
    const struct bnc_desired *desired = &object->desired;
    cJSON *meta = bnc_json_object(link->arena);
    cJSON *annotations = bnc_json_object(link->arena);

    bnc_json_set_str(link->arena, annotations, "binnacle.dev/hash", desired->hash);
    bnc_json_set_str(link->arena, annotations, "binnacle.dev/owner",
                     bnc_arena_fmt(link->arena, "%s/%s", self->ns, self->name));
    if (desired->role == BNC_ROLE_PART) {
        bnc_json_set_str(link->arena, annotations, BNC_ANNOTATION_FILE, desired->file);
        bnc_json_set_str(link->arena, annotations, BNC_ANNOTATION_PART_OF, object->root);
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

static void
add_object(struct bnc_link *link, const struct object *object)
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
    bnc_json_print(root, &body);
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

static void
set_hash(struct bnc_desired *desired, const char *hex)
{
    memcpy(desired->hash, "sha256:", 7);
    memcpy(desired->hash + 7, hex, BNC_SHA256_HEX);
}

static enum bnc_kind
kind_of(const struct bnc_link *link)
{
    return bnc_str_eq(link->output->kind, "ConfigMap") ? BNC_KIND_CONFIG_MAP
                                                       : BNC_KIND_SECRET;
}

/* A value under its key, in the map that the kind has for it. */
static void
set_value(struct bnc_link *link, struct object *object, const char *key,
          struct bnc_bytes bytes)
{
    bool packed = object->desired.packed;
    bool map = object->desired.kind == BNC_KIND_CONFIG_MAP;
    object->data = bnc_json_object(link->arena);
    object->data_name = map && packed ? "binaryData" : "data";
    bnc_json_append(link->arena, object->data, key,
                    bnc_json_str(link->arena, map && !packed
                                                  ? bytes.ptr
                                                  : base64(link->arena, bytes)));
}

static const char *
root_name(struct bnc_link *link)
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

static struct object
root_object(struct bnc_link *link)
{
    return (struct object){.desired = {.role = BNC_ROLE_ROOT,
                                       .kind = kind_of(link),
                                       .shard = link->shard,
                                       .ns = link->output->ns,
                                       .name = root_name(link),
                                       .file = config_name(link),
                                       .packed = link->zipped}};
}

static bool
fits(struct bnc_link *link, size_t n)
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
    struct object object = root_object(link);
    struct bnc_str text = bnc_str_new(link->arena, BNC_DOCUMENT_MAX);
    struct bnc_error err = {0};
    char hex[BNC_SHA256_HEX];

    bnc_sha256_final(link->sha, hex);
    set_hash(&object.desired, hex);
    for (size_t i = 0; i < link->n_pieces; i++) {
        object.desired.size += link->pieces[i].size;
    }
    if (link->zipped) {
        if (join_blocks(link, &text, &err)) {
            bnc_diag_add(&link->diags, BNC_REASON_TOO_BIG, "", NULL, "%s", err.message);
            return false;
        }
    } else if (fits(link, object.desired.size)) {
        for (size_t i = 0; i < link->n_pieces; i++) {
            bnc_link_add(&link->pieces[i], &text);
        }
    } else {
        return false;
    }
    if (!fits(link, text.len)) {
        return false;
    }
    object.desired.content = (struct bnc_bytes){text.ptr, text.len};
    set_value(link, &object, link->output->key, object.desired.content);
    add_object(link, &object);
    return true;
}

/* ---- layout Files -------------------------------------------------------------- */

/* What the manifest says of one file. */
struct entry {
    const char *file;
    const char *sha;
    size_t size;
    const char *object;
    const char *key;
};

static bool
add_part(struct bnc_link *link, const struct bnc_piece *piece, struct entry *entry)
{
    struct object object = {.desired = {.role = BNC_ROLE_PART,
                                        .kind = kind_of(link),
                                        .shard = link->shard,
                                        .ns = link->output->ns,
                                        .packed = true,
                                        .size = piece->size},
                            .root = root_name(link)};
    struct bnc_str gzip = bnc_str_new(link->arena, BNC_DOCUMENT_MAX);
    struct bnc_error err = {0};
    const char *id = bnc_arena_fmt(link->arena, "%s-%.*s", piece->leaf, PART_HASH_DIGITS,
                                   piece->packed->sha);

    object.desired.name = bnc_arena_fmt(link->arena, "%s-%s", object.root, id);
    /* beside the root: its jobs' relative paths begin at a part's own folder */
    object.desired.file = bnc_arena_fmt(link->arena, "jobs-%s.yml", id);
    set_hash(&object.desired, piece->packed->sha);
    if (bnc_zip_join(&piece->packed->block, 1, &gzip, &err)) {
        bnc_diag_add(&link->diags, BNC_REASON_TOO_BIG, "", NULL, "%s", err.message);
        return false;
    }
    if (gzip.len > BNC_OBJECT_DATA_MAX) {
        bnc_diag_add(&link->diags, BNC_REASON_TOO_BIG, "", "make it smaller",
                     "a job alone has %zu bytes when compressed, an object takes %zu",
                     gzip.len, BNC_OBJECT_DATA_MAX);
        return false;
    }
    object.desired.content = (struct bnc_bytes){gzip.ptr, gzip.len};
    set_value(link, &object, PART_KEY, object.desired.content);
    *entry = (struct entry){object.desired.file, piece->packed->sha, piece->size,
                            object.desired.name, PART_KEY};
    add_object(link, &object);
    return true;
}

/* The manifest as text, and its hash: of every file's name and content, in order. */
static const char *
manifest(struct bnc_link *link, const struct entry *entries, size_t n,
         struct bnc_desired *root)
{
    cJSON *out = bnc_json_object(link->arena);
    cJSON *files = bnc_json_array(link->arena);
    struct bnc_sha256 *sha = bnc_sha256_new();
    struct bnc_str text = bnc_str_new(link->arena, BNC_OBJECT_DATA_MAX);
    char hex[BNC_SHA256_HEX];

    for (size_t i = 0; i < n; i++) {
        const char *line =
            bnc_arena_fmt(link->arena, "%s\n%s\n", entries[i].file, entries[i].sha);
        bnc_sha256_add(sha, line, strlen(line));
        cJSON *file = bnc_json_object(link->arena);
        bnc_json_set_str(link->arena, file, "name", entries[i].file);
        bnc_json_set_str(link->arena, file, "sha256", entries[i].sha);
        bnc_json_set_int(link->arena, file, "size", (int64_t)entries[i].size);
        bnc_json_set_str(link->arena, file, "object", entries[i].object);
        bnc_json_set_str(link->arena, file, "key", entries[i].key);
        bnc_json_add(files, file);
    }
    bnc_sha256_final(sha, hex);
    bnc_sha256_free(sha);
    set_hash(root, hex);
    bnc_json_set_int(link->arena, out, "version", 1);
    bnc_json_set_str(link->arena, out, "hash", root->hash);
    bnc_json_set_str(link->arena, out, "config", root->file);
    bnc_json_set_item(link->arena, out, "files", files);
    bnc_json_print(out, &text);
    return text.ptr;
}

/* The document that names the files. */
static bool
root_text(struct bnc_link *link, const struct entry *files, size_t n,
          struct bnc_bytes *out)
{
    const char **names = bnc_arena_array(link->arena, n + 1, sizeof(*names));
    struct bnc_str text = bnc_str_new(link->arena, BNC_DOCUMENT_MAX);
    struct bnc_error err = {0};
    for (size_t i = 0; i < n; i++) {
        names[i] = files[i].file;
    }
    const struct bnc_frame_ask ask = {.shard = link->shard, .files = names, .n_files = n};
    if (link->planner->frame(&link->hub->plan, &ask, link->arena, &link->frame,
                             &link->diags, &err)) {
        bnc_diag_add(&link->diags, BNC_REASON_INVALID_BASE, "spec.prometheus", NULL, "%s",
                     err.message);
        return false;
    }
    bnc_str_add(&text, link->frame.head.ptr, link->frame.head.len);
    bnc_str_add(&text, link->frame.tail.ptr, link->frame.tail.len);
    *out = (struct bnc_bytes){text.ptr, text.len};
    return true;
}

/* The keys of the root: the document, packed or not, and the manifest. */
static bool
add_root(struct bnc_link *link, struct object *object, struct bnc_bytes text,
         const char *files)
{
    struct bnc_str gzip = bnc_str_new(link->arena, BNC_DOCUMENT_MAX);
    struct bnc_error err = {0};
    const char *key = link->output->key;

    object->desired.content = text;
    if (link->zipped) {
        if (bnc_zip_pack(text.ptr, text.len, &gzip, &err)) {
            bnc_diag_add(&link->diags, BNC_REASON_TOO_BIG, "", NULL, "%s", err.message);
            return false;
        }
        object->desired.content = (struct bnc_bytes){gzip.ptr, gzip.len};
    }
    if (!fits(link, object->desired.content.len + strlen(files))) {
        return false;
    }
    set_value(link, object, key, object->desired.content);
    struct bnc_bytes manifest_bytes = {files, strlen(files)};
    cJSON *data = object->data;
    if (object->desired.kind == BNC_KIND_CONFIG_MAP && link->zipped) {
        data = object->more = bnc_json_object(link->arena);
        object->more_name = "data";
    }
    bnc_json_set_str(link->arena, data, MANIFEST_KEY,
                     object->desired.kind == BNC_KIND_CONFIG_MAP
                         ? files
                         : base64(link->arena, manifest_bytes));
    add_object(link, object);
    return true;
}

bool
bnc_link_files(struct bnc_link *link)
{
    struct object root = root_object(link);
    struct entry *entries =
        bnc_arena_array(link->arena, link->n_pieces + 1, sizeof(*entries));
    struct bnc_bytes text = {0};
    char hex[BNC_SHA256_HEX];

    for (size_t i = 0; i < link->n_pieces; i++) {
        if (!add_part(link, &link->pieces[i], &entries[i + 1])) {
            return false;
        }
    }
    if (!root_text(link, entries + 1, link->n_pieces, &text)) {
        return false;
    }
    bnc_sha256_hex(text.ptr, text.len, hex);
    root.desired.size = text.len;
    entries[0] = (struct entry){root.desired.file, hex, text.len, root.desired.name,
                                link->output->key};
    return add_root(link, &root, text,
                    manifest(link, entries, link->n_pieces + 1, &root.desired));
}

/* ---- beside the configuration -------------------------------------------------- */

bool
bnc_link_assets(struct bnc_link *link)
{
    const struct bnc_plan *plan = &link->hub->plan;
    struct bnc_view *view = bnc_reader_begin(link->hub->reader);
    struct object object = {
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
                        bnc_json_str(link->arena, base64(link->arena, value)));
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
    set_hash(&object.desired, hex);
    add_object(link, &object);
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
        struct object object = {.desired = {.role = BNC_ROLE_BESIDE,
                                            .kind = d->kind,
                                            .ns = d->ns,
                                            .name = d->name,
                                            .file = d->key,
                                            .size = d->bytes.len,
                                            .content = d->bytes}};
        char hex[BNC_SHA256_HEX];
        bnc_sha256_hex(d->bytes.ptr, d->bytes.len, hex);
        set_hash(&object.desired, hex);
        set_value(link, &object, d->key, d->bytes);
        add_object(link, &object);
    }
    return true;
}
