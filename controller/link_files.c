/* Layout Files: parts or slots with jobs, parts with rules, the root that names them. */
#include <string.h>

#include "controller/link_objects.h"

#define MANIFEST_KEY "manifest.json"

static const struct {
    const char *key;    /* of a part */
    const char *object; /* between the root's name and the leaf */
    const char *file;   /* before the leaf */
} words[BNC_SECTION_COUNT] = {
    [BNC_SECTION_JOBS] = {"jobs.yml.gz", "", "jobs-"},
    [BNC_SECTION_RULES] = {"rules.yml.gz", "rules-", "rules-"},
};

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

    const char *key = words[piece->section].key;

    object.desired.name = bnc_arena_fmt(link->arena, "%s-%s%s", object.desired.root,
                                        words[piece->section].object, id);
    /* beside the root: its jobs' relative paths begin at a part's own folder */
    object.desired.file =
        bnc_arena_fmt(link->arena, "%s%s.yml", words[piece->section].file, id);
    bnc_link_hash(&object.desired, piece->packed->sha);
    if (bnc_zip_join(&piece->packed->block, 1, &gzip, &err)) {
        bnc_diag_add(&link->diags, BNC_REASON_TOO_BIG, "", NULL, "%s", err.message);
        return false;
    }
    if (gzip.len > BNC_OBJECT_DATA_MAX) {
        bnc_diag_add(&link->diags, BNC_REASON_TOO_BIG, "", "make it smaller",
                     "a %s alone has %zu bytes when compressed, an object takes %zu",
                     piece->section == BNC_SECTION_RULES ? "rule group" : "job", gzip.len,
                     BNC_OBJECT_DATA_MAX);
        return false;
    }
    object.desired.content = (struct bnc_bytes){gzip.ptr, gzip.len};
    bnc_link_value(link, &object, key, object.desired.content);
    *entry = (struct bnc_entry){piece->section, object.desired.file, piece->packed->sha,
                                piece->size,    object.desired.name, key};
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
    for (size_t i = 0; i < link->slots; i++) {
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
    *entry =
        (struct bnc_entry){BNC_SECTION_JOBS, object.desired.file, piece->packed->sha,
                           piece->size,      object.desired.name, object.desired.file};
    bnc_link_object(link, &object);
    return true;
}

/* With slots: a key of the root, which has the text when it is made. */
static bool
add_rules(struct bnc_link *link, const struct bnc_piece *piece, struct bnc_entry *entry)
{
    const char *file =
        bnc_arena_fmt(link->arena, "%s%.*s.yml", words[piece->section].file,
                      BNC_PART_HASH_DIGITS, piece->packed->sha);
    *entry = (struct bnc_entry){piece->section,           file,
                                piece->packed->sha,       piece->size,
                                bnc_link_root_name(link), file};
    return true;
}

/* Which file of each slot the root names: a reader of metadata can tell as well. */
static const char *
slots_text(struct bnc_link *link)
{
    struct bnc_str text = bnc_str_new(link->arena, BNC_OBJECT_DATA_MAX);
    for (size_t i = 0; i < link->slots; i++) {
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
    size_t n_jobs = 0; /* of the files; those of rules are the last */
    for (size_t i = 0; i < n; i++) {
        names[i] = files[i].file;
        n_jobs += files[i].section == BNC_SECTION_JOBS;
    }
    const struct bnc_frame_ask ask = {.shard = link->shard,
                                      .files = names,
                                      .n_files = n_jobs,
                                      .rule_files = names + n_jobs,
                                      .n_rule_files = n - n_jobs};
    if (!bnc_link_frame(link, &ask)) {
        return false;
    }
    bnc_str_add(&text, link->frame.head.ptr, link->frame.head.len);
    bnc_str_add(&text, link->frame.tail.ptr, link->frame.tail.len);
    *out = (struct bnc_bytes){text.ptr, text.len};
    return true;
}

/* With slots: the rules as a text; NULL: there are none, or they are in parts. */
static const char *
rules_text(struct bnc_link *link)
{
    struct bnc_str text = bnc_str_new(link->arena, BNC_DOCUMENT_MAX);
    if (link->slots == 0 || link->n_pieces == link->slots) {
        return NULL;
    }
    bnc_link_add(&link->pieces[link->slots], &text);
    return text.ptr;
}

/* Beside what else is in the root; false, and told, when they do not. */
static bool
rules_fit(struct bnc_link *link, size_t n, size_t rest)
{
    if (n + rest <= BNC_OBJECT_DATA_MAX) {
        return true;
    }
    bnc_diag_add(&link->diags, BNC_REASON_TOO_BIG, "spec.prometheus.parts",
                 "run binnacle sync beside Prometheus, and leave it out",
                 "the rule groups have %zu bytes, beside the configuration there is room "
                 "for %zu",
                 n, BNC_OBJECT_DATA_MAX - rest);
    return false;
}

/* A plain text under one more key of the root. */
static void
add_text(struct bnc_link *link, struct bnc_link_object *object, const char *key,
         const char *text)
{
    const struct bnc_bytes bytes = {text, strlen(text)};
    bool map = object->desired.kind == BNC_KIND_CONFIG_MAP;
    if (map && link->zipped && object->more == NULL) {
        object->more = bnc_json_object(link->arena);
        object->more_name = "data";
    }
    bnc_json_append(link->arena, object->more == NULL ? object->data : object->more, key,
                    map ? bnc_json_str(link->scratch, text)
                        : bnc_link_base64(link, bytes));
}

/* The keys of the root: the document, packed or not, the manifest, with slots rules. */
static bool
add_root(struct bnc_link *link, struct bnc_link_object *object, struct bnc_bytes text,
         const char *files)
{
    struct bnc_str gzip = bnc_str_new(link->arena, BNC_DOCUMENT_MAX);
    struct bnc_error err = {0};
    const char *rules = rules_text(link);

    object->desired.content = text;
    if (link->zipped) {
        if (bnc_zip_pack(text.ptr, text.len, &gzip, &err)) {
            bnc_diag_add(&link->diags, BNC_REASON_TOO_BIG, "", NULL, "%s", err.message);
            return false;
        }
        object->desired.content = (struct bnc_bytes){gzip.ptr, gzip.len};
    }
    size_t rules_len = rules == NULL ? 0 : strlen(rules);
    size_t rest = object->desired.content.len + strlen(files);
    if (!bnc_link_fits(link, rest) || !rules_fit(link, rules_len, rest)) {
        return false;
    }
    bnc_link_value(link, object, link->output->key, object->desired.content);
    add_text(link, object, MANIFEST_KEY, files);
    if (rules != NULL) {
        add_text(link, object, link->entries[link->n_entries - 1].key, rules);
    }
    bnc_link_object(link, object);
    return true;
}

bool
bnc_link_file(struct bnc_link *link, const struct bnc_piece *piece)
{
    struct bnc_entry *entry = &link->entries[link->n_entries];
    link->n_entries += piece->n > 0; /* an empty slot has no file */
    if (link->slots == 0) {
        return add_part(link, piece, entry);
    }
    return piece->section == BNC_SECTION_RULES ? add_rules(link, piece, entry)
                                               : add_slot(link, piece, entry);
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
    link->entries[0] =
        (struct bnc_entry){BNC_SECTION_JOBS, root.desired.file, hex,
                           text.len,         root.desired.name, link->output->key};
    return add_root(link, &root, text,
                    manifest(link, link->entries, link->n_entries, &root.desired));
}
