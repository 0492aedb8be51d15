/*
 * The last step: head, fragments and tail become documents, documents become
 * the intents of objects.  What only the whole can break is checked here.
 */
#include <string.h>

#include "controller/hub.h"
#include "lib/base64.h"
#include "lib/json.h"
#include "lib/zip.h"

#define OBJECT_DATA_MAX                                                                  \
    ((size_t)1024 * 1024) /* what the API server takes in one Secret */
#define DOCUMENT_MAX      ((size_t)256 * 1024 * 1024)
#define LABEL_OBSERVATORY "binnacle.dev/observatory"

struct linking {
    struct bnc_hub *hub;
    const struct bnc_planner *planner;
    const struct bnc_output_spec *output;
    struct bnc_arena *arena;
    struct bnc_diags *diags;
    struct bnc_desired *desired;
    size_t n;
    bool orphan;
};

/* ---- documents ----------------------------------------------------------------------
 */

static bool
link_document(struct linking *l, int64_t shard, struct bnc_bytes *out)
{
    struct bnc_bytes head = {0};
    struct bnc_bytes tail = {0};
    struct bnc_error err = {0};
    if (l->planner->frame(&l->hub->plan, shard, l->arena, &head, &tail, l->diags, &err)) {
        bnc_diag_add(l->diags, BNC_REASON_INVALID_BASE, "spec.prometheus", NULL, "%s",
                     err.message);
        return false;
    }
    struct bnc_str text = bnc_str_new(l->arena, DOCUMENT_MAX);
    bnc_str_add(&text, head.ptr, head.len);
    for (size_t i = 0; i < l->hub->plan.n_units; i++) {
        const struct bnc_bytes *fragment =
            bnc_hub_fragment(l->hub, shard, l->hub->plan.units[i].job_name);
        if (fragment != NULL) {
            bnc_str_add(&text, fragment->ptr, fragment->len);
        }
    }
    if (tail.len > 0) {
        bnc_str_add(&text, tail.ptr, tail.len);
    }
    *out = (struct bnc_bytes){text.ptr, text.len};
    return !text.too_big;
}

/* ---- intents ------------------------------------------------------------------------
 */

static const char *
base64(struct bnc_arena *arena, struct bnc_bytes bytes)
{
    struct bnc_str out = bnc_str_new(arena, DOCUMENT_MAX);
    bnc_str_puts(&out, "");
    bnc_base64_add(&out, bytes);
    return out.ptr;
}

static cJSON *
metadata(struct linking *l, const char *name, const char *hash)
{
    const struct bnc_object *self = l->hub->member->object;
    cJSON *meta = bnc_json_object(l->arena);
    cJSON *labels = bnc_json_object(l->arena);
    cJSON *annotations = bnc_json_object(l->arena);

    bnc_json_set_str(l->arena, labels, "app.kubernetes.io/managed-by", "binnacle");
    bnc_json_set_str(l->arena, labels, LABEL_OBSERVATORY, self->name);
    for (size_t i = 0; i < l->output->labels.n; i++) {
        bnc_json_set_str(l->arena, labels, l->output->labels.items[i].key,
                         l->output->labels.items[i].value);
    }
    bnc_json_set_str(l->arena, annotations, "binnacle.dev/hash", hash);
    bnc_json_set_str(l->arena, annotations, "binnacle.dev/owner",
                     bnc_arena_fmt(l->arena, "%s/%s", self->ns, self->name));
    bnc_json_set_str(l->arena, meta, "name", name);
    bnc_json_set_str(l->arena, meta, "namespace", l->output->ns);
    bnc_json_set_item(l->arena, meta, "labels", labels);
    bnc_json_set_item(l->arena, meta, "annotations", annotations);
    if (!l->orphan && strcmp(l->output->ns, self->ns) == 0 && self->uid[0] != '\0') {
        /* an owner in another namespace would get the object collected */
        cJSON *owners = bnc_json_array(l->arena);
        cJSON *owner = bnc_json_object(l->arena);
        bnc_json_set_str(l->arena, owner, "apiVersion", bnc_kind_api_version(self->kind));
        bnc_json_set_str(l->arena, owner, "kind", bnc_kind_info(self->kind)->name);
        bnc_json_set_str(l->arena, owner, "name", self->name);
        bnc_json_set_str(l->arena, owner, "uid", self->uid);
        bnc_json_set_bool(l->arena, owner, "controller", true);
        bnc_json_add(owners, owner);
        bnc_json_set_item(l->arena, meta, "ownerReferences", owners);
    }
    return meta;
}

static void
add_desired(struct linking *l, enum bnc_kind kind, const char *name, const char *hash,
            const char *data_name, cJSON *data)
{
    cJSON *root = bnc_json_object(l->arena);
    struct bnc_str body = bnc_str_new(l->arena, OBJECT_DATA_MAX * 2);

    bnc_json_set_str(l->arena, root, "apiVersion", "v1");
    bnc_json_set_str(l->arena, root, "kind", bnc_kind_info(kind)->name);
    bnc_json_set_item(l->arena, root, "metadata", metadata(l, name, hash));
    if (kind == BNC_KIND_SECRET) {
        bnc_json_set_str(l->arena, root, "type", "Opaque");
    }
    bnc_json_set_item(l->arena, root, data_name, data);
    bnc_json_print(root, &body);
    struct bnc_desired *out = &l->desired[l->n++];
    *out = (struct bnc_desired){
        .kind = kind, .ns = l->output->ns, .name = name, .body = {body.ptr, body.len}};
    memcpy(out->hash, hash, strlen(hash) + 1);
}

static void
content_hash(const void *bytes, size_t n, char out[BNC_HASH_TEXT_MAX])
{
    memcpy(out, "sha256:", 7);
    bnc_sha256_hex(bytes, n, out + 7);
}

static bool
fits(struct linking *l, size_t n, bool zipped)
{
    if (n <= OBJECT_DATA_MAX) {
        return true;
    }
    bnc_diag_add(l->diags, BNC_REASON_TOO_BIG, "spec.prometheus.output.key",
                 zipped ? "select fewer objects, or split them over Observatories"
                        : "end the key in .gz to have it compressed",
                 "the configuration has %zu bytes, an object takes %zu", n,
                 OBJECT_DATA_MAX);
    return false;
}

static bool
link_output(struct linking *l, int64_t shard, int64_t shards)
{
    enum bnc_kind kind =
        bnc_str_eq(l->output->kind, "ConfigMap") ? BNC_KIND_CONFIG_MAP : BNC_KIND_SECRET;
    bool zipped = bnc_str_ends(l->output->key, ".gz");
    struct bnc_bytes document = {0};
    struct bnc_error err = {0};
    char hash[BNC_HASH_TEXT_MAX];

    if (!link_document(l, shard, &document)) {
        return false;
    }
    content_hash(document.ptr, document.len, hash);
    struct bnc_bytes bytes = document;
    if (zipped) {
        struct bnc_str packed = bnc_str_new(l->arena, DOCUMENT_MAX);
        if (bnc_zip_pack(document.ptr, document.len, &packed, &err)) {
            bnc_diag_add(l->diags, BNC_REASON_TOO_BIG, "", NULL, "%s", err.message);
            return false;
        }
        bytes = (struct bnc_bytes){packed.ptr, packed.len};
    }
    if (!fits(l, bytes.len, zipped)) {
        return false;
    }
    cJSON *data = bnc_json_object(l->arena);
    bool binary = kind == BNC_KIND_SECRET || zipped;
    bnc_json_set_str(l->arena, data, l->output->key,
                     binary ? base64(l->arena, bytes) : bytes.ptr);
    const char *name = shards == 1 ? l->output->name
                                   : bnc_arena_fmt(l->arena, "%s-shard-%lld",
                                                   l->output->name, (long long)shard);
    add_desired(l, kind, name, hash,
                kind == BNC_KIND_CONFIG_MAP && zipped ? "binaryData" : "data", data);
    l->desired[l->n - 1].content = document;
    return true;
}

/* Certificates and credentials: files of one Secret beside the configuration. */
static bool
link_assets(struct linking *l)
{
    const struct bnc_plan *plan = &l->hub->plan;
    struct bnc_view *view = bnc_reader_begin(l->hub->reader);
    cJSON *data = bnc_json_object(l->arena);
    struct bnc_str digest = bnc_str_new(l->arena, DOCUMENT_MAX);
    size_t total = 0;
    bool whole = true;

    for (size_t i = 0; i < plan->n_assets; i++) {
        const struct bnc_asset *asset = &plan->assets[i];
        struct bnc_bytes value = {0};
        if (bnc_view_value(view, (enum bnc_kind)asset->kind, asset->ns, asset->name,
                           asset->key, l->arena, &value) != BNC_VIEW_FOUND) {
            whole = false; /* its reader is compiled again before this is published */
            continue;
        }
        total += value.len;
        bnc_json_append(l->arena, data, asset->file,
                        bnc_json_str(l->arena, base64(l->arena, value)));
        bnc_str_json(&digest, asset->file);
        bnc_str_add(&digest, value.ptr, value.len);
    }
    bnc_reader_end(l->hub->reader);
    if (plan->n_assets == 0) {
        return true;
    }
    if (total > OBJECT_DATA_MAX) {
        bnc_diag_add(l->diags, BNC_REASON_TOO_BIG, "", "refer to fewer Secrets",
                     "the files of certificates and credentials have %zu bytes together, "
                     "an object takes %zu",
                     total, OBJECT_DATA_MAX);
        return false;
    }
    char hash[BNC_HASH_TEXT_MAX];
    /* salted: a digest of a short password must not tell it */
    bnc_str_puts(&digest, l->hub->member->object->uid);
    content_hash(digest.ptr, digest.len, hash);
    add_desired(l, BNC_KIND_SECRET, bnc_arena_fmt(l->arena, "%s-assets", l->output->name),
                hash, "data", data);
    return whole;
}

/* ---- the whole ----------------------------------------------------------------- */

static bool
has_finalizer(const cJSON *finalizers)
{
    const cJSON *item;
    cJSON_ArrayForEach(item, finalizers)
    {
        if (cJSON_IsString(item) && strcmp(item->valuestring, BNC_FINALIZER) == 0) {
            return true;
        }
    }
    return false;
}

void
bnc_hub_link(struct bnc_hub *hub, const struct bnc_planner *planner)
{
    struct bnc_arena *arena = bnc_arena_new();
    struct bnc_diags diags = bnc_diags_new(arena);
    struct bnc_result result = {.object = hub->member->object,
                                .plan = &hub->plan,
                                .pending = hub->plan.pending,
                                .n_jobs = hub->plan.n_units,
                                .revision = hub->result.revision + 1};
    bnc_diags_copy(&diags, hub->member->ir->diags.items, hub->member->ir->diags.n);
    bnc_diags_copy(&diags, hub->plan.diags.items, hub->plan.diags.n);

    const struct bnc_spec_observatory *spec = &hub->member->ir->as.observatory->spec;
    result.suspended = spec->suspend == BNC_TRUE;
    result.orphan = bnc_str_eq(
        bnc_json_get_str(hub->member->ir->annotations, "binnacle.dev/orphan"), "true");
    result.held = has_finalizer(hub->member->ir->finalizers);
    if (diags.errors == 0 && spec->prometheus != NULL) {
        int64_t shards = planner->shards(&hub->plan);
        struct linking l = {.hub = hub,
                            .planner = planner,
                            .output = planner->output(&hub->plan),
                            .arena = arena,
                            .diags = &diags,
                            .orphan = result.orphan};
        result.outside = strcmp(l.output->ns, result.object->ns) != 0;
        l.desired = bnc_arena_array(arena, (size_t)shards + 1, sizeof(*l.desired));
        bool whole = link_assets(&l); /* files before what names them */
        for (int64_t i = 0; i < shards; i++) {
            whole = link_output(&l, i, shards) && whole;
        }
        result.desired = l.desired;
        result.n_desired = l.n;
        result.ready = whole && !result.pending && diags.errors == 0;
    }
    bnc_arena_free(hub->desired_arena);
    hub->desired_arena = arena;
    hub->diags = diags;
    hub->result = result;
    hub->result.diags = &hub->diags;
}
