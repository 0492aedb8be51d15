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
labels_of(struct bnc_link *link, const struct bnc_link_object *object)
{
    const struct bnc_desired *desired = &object->desired;
    cJSON *labels = bnc_json_object(link->arena);
    bool file = desired->kind == BNC_KIND_SECRET || desired->kind == BNC_KIND_CONFIG_MAP;
    const struct bnc_pairs *more = object->labels;
    bnc_json_set_str(link->arena, labels, "app.kubernetes.io/managed-by", "binnacle");
    bnc_json_set_str(link->arena, labels, LABEL_OBSERVATORY,
                     link->hub->member->object->name);
    if (desired->revision != NULL) {
        bnc_json_set_str(link->arena, labels, "istio.io/rev", desired->revision);
    }
    if (more == NULL && link->output != NULL) {
        more = &link->output->labels;
    }
    for (size_t i = 0; file && more != NULL && i < more->n; i++) {
        bnc_json_set_str(link->arena, labels, more->items[i].key, more->items[i].value);
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
    for (size_t i = 0; object->annotations != NULL && i < object->annotations->n; i++) {
        bnc_json_set_str(link->arena, annotations, object->annotations->items[i].key,
                         object->annotations->items[i].value);
    }
    bnc_json_set_str(link->arena, meta, "name", desired->name);
    bnc_json_set_str(link->arena, meta, "namespace", desired->ns);
    bnc_json_set_item(link->arena, meta, "labels", labels_of(link, object));
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

    bnc_json_set_str(link->arena, root, "apiVersion", bnc_kind_api_version(kind));
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

/* Pieces that are one document. */
struct joining {
    const struct bnc_piece *pieces;
    size_t n;
    size_t size; /* of the text */
};

static struct joining
pieces_of(const struct bnc_link *link, enum bnc_section section)
{
    struct joining out = {.pieces = link->pieces};
    for (size_t i = 0; i < link->n_pieces; i++) {
        if (link->pieces[i].section == section) {
            out.size += link->pieces[i].size;
            out.n++;
        } else if (out.n == 0) {
            out.pieces++;
        }
    }
    return out;
}

static enum bnc_code
join_blocks(struct bnc_link *link, const struct joining *joining, struct bnc_str *out,
            struct bnc_error *err)
{
    struct bnc_zip_block *blocks =
        bnc_arena_array(link->arena, joining->n, sizeof(*blocks));
    for (size_t i = 0; i < joining->n; i++) {
        blocks[i] = joining->pieces[i].packed->block;
    }
    return bnc_zip_join(blocks, joining->n, out, err);
}

/* A document as it travels; false, and told, when it cannot be made. */
static bool
join(struct bnc_link *link, const struct joining *joining, struct bnc_bytes *out)
{
    struct bnc_str text = bnc_str_new(link->arena, BNC_DOCUMENT_MAX);
    struct bnc_error err = {0};

    if (!link->zipped) {
        for (size_t i = 0; i < joining->n; i++) {
            bnc_link_add(&joining->pieces[i], &text);
        }
    } else if (join_blocks(link, joining, &text, &err)) {
        bnc_diag_add(&link->diags, BNC_REASON_TOO_BIG, "", NULL, "%s", err.message);
        return false;
    }
    *out = (struct bnc_bytes){text.ptr, text.len};
    return true;
}

/* Of the document; with rules as that of a manifest with both files. */
static void
hash_documents(struct bnc_link *link, struct bnc_link_object *object, bool rules)
{
    char hex[BNC_SECTION_COUNT][BNC_SHA256_HEX];

    for (size_t i = 0; i < BNC_SECTION_COUNT; i++) {
        bnc_link_digest_end(link, i, hex[i]);
    }
    if (rules) {
        const char *lines =
            bnc_arena_fmt(link->arena, "%s\n%s\n%s\n%s\n", object->desired.file,
                          hex[BNC_SECTION_JOBS], BNC_RULES_FILE, hex[BNC_SECTION_RULES]);
        bnc_sha256_hex(lines, strlen(lines), hex[BNC_SECTION_JOBS]);
    }
    bnc_link_hash(&object->desired, hex[BNC_SECTION_JOBS]);
}

/* The key of the rules, which travel as the document does. */
static void
add_rules(struct bnc_link *link, struct bnc_link_object *object, struct bnc_bytes rules)
{
    bool plain = object->desired.kind == BNC_KIND_CONFIG_MAP && !link->zipped;
    bnc_json_append(
        link->arena, object->data, link->zipped ? BNC_RULES_FILE ".gz" : BNC_RULES_FILE,
        plain ? bnc_json_str(link->scratch, rules.ptr) : bnc_link_base64(link, rules));
}

static bool
key_is_free(struct bnc_link *link, const struct bnc_link_object *object)
{
    if (strcmp(object->desired.file, BNC_RULES_FILE) != 0) {
        return true;
    }
    bnc_diag_add(&link->diags, BNC_REASON_INVALID_FIELD, "spec.prometheus.output.key",
                 "use another key, as prometheus.yml",
                 "the key %s is taken: rule groups are there", link->output->key);
    return false;
}

bool
bnc_link_document(struct bnc_link *link)
{
    struct bnc_link_object object = bnc_link_root(link);
    const struct joining jobs = pieces_of(link, BNC_SECTION_JOBS);
    const struct joining rules = pieces_of(link, BNC_SECTION_RULES);
    struct bnc_bytes text = {0};

    hash_documents(link, &object, rules.n > 0);
    object.desired.size = jobs.size;
    if ((rules.n > 0 && !key_is_free(link, &object)) ||
        (!link->zipped && !bnc_link_fits(link, jobs.size + rules.size)) ||
        !join(link, &jobs, &object.desired.content) ||
        (rules.n > 0 && !join(link, &rules, &text)) ||
        !bnc_link_fits(link, object.desired.content.len + text.len)) {
        return false;
    }
    bnc_link_value(link, &object, link->output->key, object.desired.content);
    if (rules.n > 0) {
        add_rules(link, &object, text);
    }
    bnc_link_object(link, &object);
    return true;
}
