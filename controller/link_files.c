/* Layout Files: parts or slots with jobs, and the root that names them. */
#include <string.h>

#include "controller/link_objects.h"

#define MANIFEST_KEY "manifest.json"
#define PART_KEY     "jobs.yml.gz"

static bool
add_part(struct bnc_link *link, const struct bnc_piece *piece, struct bnc_entry *entry)
{
    struct bnc_link_object object = {.desired = {.role = BNC_ROLE_PART,
                                                 .kind = bnc_link_kind(link),
                                                 .shard = link->shard,
                                                 .ns = link->output->ns,
                                                 .root = bnc_link_root_name(link),
                                                 .packed = true,
                                                 .size = piece->size}};
    struct bnc_str gzip = bnc_str_new(link->arena, BNC_DOCUMENT_MAX);
    struct bnc_error err = {0};
    const char *id = bnc_arena_fmt(link->arena, "%s-%.*s", piece->leaf,
                                   BNC_PART_HASH_DIGITS, piece->packed->sha);

    object.desired.name = bnc_arena_fmt(link->arena, "%s-%s", object.desired.root, id);
    /* beside the root: its jobs' relative paths begin at a part's own folder */
    object.desired.file = bnc_arena_fmt(link->arena, "jobs-%s.yml", id);
    bnc_link_hash(&object.desired, piece->packed->sha);
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
    bnc_link_value(link, &object, PART_KEY, object.desired.content);
    *entry = (struct bnc_entry){object.desired.file, piece->packed->sha, piece->size,
                                object.desired.name, PART_KEY};
    bnc_link_object(link, &object);
    return true;
}

static bool
slot_fits(struct bnc_link *link, const struct bnc_piece *piece)
{
    size_t total = 0;
    if (piece->size <= BNC_SLOT_MAX) {
        return true;
    }
    for (size_t i = 0; i < link->n_pieces; i++) {
        total += link->pieces[i].size;
    }
    bnc_diag_add(&link->diags, BNC_REASON_TOO_BIG, "spec.prometheus.parts",
                 bnc_arena_fmt(link->arena,
                               "say %zu or more, and add them to Prometheus' volume; or "
                               "run binnacle sync, and leave it out",
                               total / BNC_SLOT_MAX * 3 / 2 + 1),
                 "slot %s has %zu bytes of jobs, it takes %zu", piece->leaf, piece->size,
                 BNC_SLOT_MAX);
    return false;
}

static bool
add_slot(struct bnc_link *link, const struct bnc_piece *piece, struct bnc_entry *entry)
{
    struct bnc_link_object object = {.desired = {.role = BNC_ROLE_SLOT,
                                                 .kind = bnc_link_kind(link),
                                                 .shard = link->shard,
                                                 .ns = link->output->ns,
                                                 .file = "",
                                                 .root = bnc_link_root_name(link),
                                                 .size = piece->size},
                                     .data_name = "data",
                                     .data = bnc_json_object(link->arena)};
    struct bnc_str text = bnc_str_new(link->arena, BNC_DOCUMENT_MAX);

    object.desired.slot = (size_t)(piece - link->pieces);
    object.desired.name =
        bnc_arena_fmt(link->arena, "%s-slot-%s", object.desired.root, piece->leaf);
    if (!slot_fits(link, piece)) {
        return false;
    }
    bnc_str_puts(&text, "");
    bnc_link_add(piece, &text);
    object.desired.content = (struct bnc_bytes){text.ptr, text.len};
    bnc_link_hash(&object.desired, piece->packed->sha);
    if (piece->n > 0) {
        object.desired.file = bnc_arena_fmt(link->arena, "jobs-%s-%.*s.yml", piece->leaf,
                                            BNC_PART_HASH_DIGITS, piece->packed->sha);
        bnc_link_value(link, &object, object.desired.file, object.desired.content);
    }
    *entry = (struct bnc_entry){object.desired.file, piece->packed->sha, piece->size,
                                object.desired.name, object.desired.file};
    bnc_link_object(link, &object);
    return true;
}

/* Which file of each slot the root names: a reader of metadata can tell as well. */
static const char *
slots_text(struct bnc_link *link)
{
    struct bnc_str text = bnc_str_new(link->arena, BNC_OBJECT_DATA_MAX);
    for (size_t i = 0; i < link->n_pieces; i++) {
        const struct bnc_piece *piece = &link->pieces[i];
        bnc_str_fmt(&text, "%s%.*s", i == 0 ? "" : ",", BNC_PART_HASH_DIGITS,
                    piece->n == 0 ? "-" : piece->packed->sha);
    }
    return text.ptr;
}

/* The manifest as text, and its hash: of every file's name and content, in order. */
static const char *
manifest(struct bnc_link *link, const struct bnc_entry *entries, size_t n,
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
    bnc_link_hash(root, hex);
    bnc_json_set_int(link->arena, out, "version", 1);
    bnc_json_set_str(link->arena, out, "hash", root->hash);
    bnc_json_set_str(link->arena, out, "config", root->file);
    bnc_json_set_item(link->arena, out, "files", files);
    bnc_json_print(out, &text);
    return text.ptr;
}

/* The document that names the files. */
static bool
root_text(struct bnc_link *link, const struct bnc_entry *files, size_t n,
          struct bnc_bytes *out)
{
    const char **names = bnc_arena_array(link->arena, n + 1, sizeof(*names));
    struct bnc_str text = bnc_str_new(link->arena, BNC_DOCUMENT_MAX);
    for (size_t i = 0; i < n; i++) {
        names[i] = files[i].file;
    }
    const struct bnc_frame_ask ask = {.shard = link->shard, .files = names, .n_files = n};
    if (!bnc_link_frame(link, &ask)) {
        return false;
    }
    bnc_str_add(&text, link->frame.head.ptr, link->frame.head.len);
    bnc_str_add(&text, link->frame.tail.ptr, link->frame.tail.len);
    *out = (struct bnc_bytes){text.ptr, text.len};
    return true;
}

/* The keys of the root: the document, packed or not, and the manifest. */
static bool
add_root(struct bnc_link *link, struct bnc_link_object *object, struct bnc_bytes text,
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
    if (!bnc_link_fits(link, object->desired.content.len + strlen(files))) {
        return false;
    }
    bnc_link_value(link, object, key, object->desired.content);
    struct bnc_bytes manifest_bytes = {files, strlen(files)};
    cJSON *data = object->data;
    if (object->desired.kind == BNC_KIND_CONFIG_MAP && link->zipped) {
        data = object->more = bnc_json_object(link->arena);
        object->more_name = "data";
    }
    bnc_json_append(link->arena, data, MANIFEST_KEY,
                    object->desired.kind == BNC_KIND_CONFIG_MAP
                        ? bnc_json_str(link->scratch, files)
                        : bnc_link_base64(link, manifest_bytes));
    bnc_link_object(link, object);
    return true;
}

bool
bnc_link_file(struct bnc_link *link, const struct bnc_piece *piece)
{
    struct bnc_entry *entry = &link->entries[link->n_entries];
    link->n_entries += piece->n > 0; /* an empty slot has no file */
    return link->slots > 0 ? add_slot(link, piece, entry) : add_part(link, piece, entry);
}

bool
bnc_link_files(struct bnc_link *link)
{
    struct bnc_link_object root = bnc_link_root(link);
    struct bnc_bytes text = {0};
    char hex[BNC_SHA256_HEX];

    if (!root_text(link, link->entries + 1, link->n_entries - 1, &text)) {
        return false;
    }
    bnc_sha256_hex(text.ptr, text.len, hex);
    root.desired.slots = link->slots > 0 ? slots_text(link) : NULL;
    root.desired.size = text.len;
    link->entries[0] = (struct bnc_entry){root.desired.file, hex, text.len,
                                          root.desired.name, link->output->key};
    return add_root(link, &root, text,
                    manifest(link, link->entries, link->n_entries, &root.desired));
}
