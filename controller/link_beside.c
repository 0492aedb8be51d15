/* What stands beside the configuration: credentials, and other documents. */
#include <string.h>

#include "controller/grafanas.h"
#include "controller/link_objects.h"

/* Certificates and credentials: files of one Secret beside the configuration. */
static bool
add_assets(struct bnc_link *link, struct bnc_view *view)
{
    const struct bnc_plan *plan = &link->hub->plan;
    struct bnc_link_object object = {
        .desired = {.role = BNC_ROLE_ASSETS,
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

/* An object of another kind: its content is the spec, as JSON. */
static void
add_spec(struct bnc_link *link, const struct bnc_document *d,
         struct bnc_link_object *object)
{
    struct bnc_str text = bnc_str_new(link->arena, BNC_OBJECT_DATA_MAX);
    bnc_json_print_sorted(d->spec, &text);
    object->desired.content = (struct bnc_bytes){text.ptr, text.len};
    object->desired.size = text.len;
    object->desired.revision = d->revision;
    object->data_name = "spec";
    object->data = bnc_json_clone(link->scratch, d->spec);
}

/*
 * `value` as a JSON text for a file of Grafana's, which takes $ for the beginning of a
 * variable: doubled.
 */
static void
put_value(struct bnc_bytes value, struct bnc_str *out)
{
    value = bnc_bytes_trimmed(value);
    bnc_str_putc(out, '"');
    for (size_t i = 0; i < value.len; i++) {
        unsigned char c = (unsigned char)value.ptr[i];
        if (c < 0x20 || c == 0x7f) {
            bnc_str_fmt(out, "\\u%04x", c);
            continue;
        }
        if (c == '$') {
            bnc_str_putc(out, '$');
        } else if (c == '"' || c == '\\') {
            bnc_str_putc(out, '\\');
        }
        bnc_str_putc(out, (char)c);
    }
    bnc_str_putc(out, '"');
}

/* The text with what is secret in it; false: a value is not there any more. */
static bool
fill(struct bnc_link *link, struct bnc_view *view, const struct bnc_document *d,
     struct bnc_str *out)
{
    size_t from = 0;
    for (size_t i = 0; i < d->n_fills; i++) {
        const struct bnc_asset *asset = &d->fills[i].asset;
        struct bnc_bytes value = {0};
        if (bnc_view_value(view, (enum bnc_kind)asset->kind, asset->ns, asset->name,
                           asset->key, link->arena, &value) != BNC_VIEW_FOUND) {
            return false; /* its reader is compiled again before this is published */
        }
        bnc_str_add(out, d->bytes.ptr + from, d->fills[i].at - from);
        put_value(value, out);
        from = d->fills[i].at;
    }
    bnc_str_add(out, d->bytes.ptr + from, d->bytes.len - from);
    return true;
}

static bool
fits(struct bnc_link *link, const struct bnc_document *d, size_t n)
{
    if (n <= BNC_OBJECT_DATA_MAX) {
        return true;
    }
    bnc_diag_add(&link->diags, BNC_REASON_TOO_BIG, "", "have less in it",
                 "%s %s/%s would have %zu bytes, an object takes %zu",
                 bnc_kind_info(d->kind)->name, d->ns, d->name, n, BNC_OBJECT_DATA_MAX);
    return false;
}

static bool
add_document(struct bnc_link *link, struct bnc_view *view, const struct bnc_document *d)
{
    struct bnc_link_object object = {.desired = {.role = BNC_ROLE_BESIDE,
                                                 .kind = d->kind,
                                                 .ns = d->ns,
                                                 .name = d->name,
                                                 .file = d->key,
                                                 .size = d->bytes.len,
                                                 .content = d->bytes},
                                     .labels = d->labels,
                                     .annotations = d->annotations};
    struct bnc_str filled = bnc_str_new(link->arena, BNC_DOCUMENT_MAX);
    struct bnc_bytes text = d->bytes;
    char hex[BNC_SHA256_HEX];

    if (d->spec != NULL) {
        add_spec(link, d, &object);
        text = object.desired.content;
    } else {
        if (d->n_fills > 0) {
            if (!fill(link, view, d, &filled)) {
                return false;
            }
            text = (struct bnc_bytes){filled.ptr, filled.len};
            object.desired.content = (struct bnc_bytes){0};
        }
        if (!fits(link, d, text.len)) {
            return false;
        }
        bnc_link_value(link, &object, d->key, text);
    }
    if (d->n_fills > 0) { /* salted: a digest of a short password must not tell it */
        bnc_str_puts(&filled, link->hub->member->object->uid);
        text = (struct bnc_bytes){filled.ptr, filled.len};
    }
    bnc_sha256_hex(text.ptr, text.len, hex);
    bnc_link_hash(&object.desired, hex);
    bnc_link_object(link, &object);
    return true;
}

static bool
add_documents(struct bnc_link *link, struct bnc_view *view)
{
    struct bnc_document *documents = NULL;
    bool whole = true;
    size_t n =
        link->planner->documents(&link->hub->plan, link->arena, &documents, &link->diags);
    for (size_t i = 0; i < n; i++) {
        whole = add_document(link, view, &documents[i]) && whole;
    }
    return whole;
}

bool
bnc_link_beside(struct bnc_link *link)
{
    struct bnc_view *view = bnc_reader_begin(link->hub->reader);
    bool whole = link->output == NULL || add_assets(link, view);
    whole = add_documents(link, view) && whole;
    if (link->hub->plan.grafana != NULL) {
        link->result.grafana =
            bnc_grafanas_want(link->hub->plan.grafana, view, link->arena);
        whole = whole && link->result.grafana != NULL;
    }
    bnc_reader_end(link->hub->reader);
    return whole;
}
