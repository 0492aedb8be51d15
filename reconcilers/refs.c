#include "reconcilers/refs.h"

#include <string.h>

#include "lib/hash.h"
#include "lib/pem.h"

#define FILE_NAME_MAX 253

static const char *
kind_word(enum bnc_kind kind)
{
    return kind == BNC_KIND_SECRET ? "Secret" : "ConfigMap";
}

/* True when it can be used; else says why not. */
static bool
usable(struct bnc_refs *refs, enum bnc_found found, enum bnc_kind kind,
       const struct bnc_ref *ref, const char *field)
{
    const char *word = kind_word(kind);

    switch (found) {
    case BNC_VIEW_FOUND:
        return true;
    case BNC_VIEW_PENDING:
        refs->pending = true;
        return false;
    case BNC_VIEW_DENIED:
        bnc_diag_add(refs->diags, BNC_REASON_REF_DENIED, field,
                     bnc_arena_fmt(refs->arena,
                                   "allow binnacle's service account to get, list and "
                                   "watch %s in namespace %s",
                                   kind == BNC_KIND_SECRET ? "secrets" : "configmaps",
                                   refs->ns),
                     "%s %s/%s may not be read", word, refs->ns, ref->name);
        return false;
    case BNC_VIEW_ABSENT:
        break;
    }
    if (bnc_view_exists(refs->view, kind, refs->ns, ref->name) == BNC_VIEW_FOUND) {
        bnc_diag_add(refs->diags, BNC_REASON_REF_NOT_FOUND, field,
                     "use a key that it has, or add this one",
                     "%s %s/%s has no key \"%s\"", word, refs->ns, ref->name, ref->key);
    } else {
        bnc_diag_add(refs->diags, BNC_REASON_REF_NOT_FOUND, field,
                     bnc_arena_fmt(refs->arena,
                                   "create it in namespace %s: references stay in the "
                                   "object's own namespace",
                                   refs->ns),
                     "there is no %s \"%s\" in namespace %s", word, ref->name, refs->ns);
    }
    return false;
}

/* "secret_NS_NAME_KEY"; a key of a Secret has at most 253 bytes. */
static const char *
asset_file(struct bnc_refs *refs, enum bnc_kind kind, const struct bnc_ref *ref)
{
    const char *word = kind == BNC_KIND_SECRET ? "secret" : "configmap";
    const char *file =
        bnc_arena_fmt(refs->arena, "%s_%s_%s_%s", word, refs->ns, ref->name, ref->key);
    char digest[BNC_SHA256_HEX];

    if (strlen(file) <= FILE_NAME_MAX) {
        return file;
    }
    bnc_sha256_hex(file, strlen(file), digest);
    return bnc_arena_fmt(refs->arena, "%s_%s_%s", word, refs->ns, digest);
}

static const char *
add_asset(struct bnc_refs *refs, enum bnc_kind kind, const struct bnc_ref *ref)
{
    const char *file = asset_file(refs, kind, ref);
    const char *path = bnc_arena_fmt(refs->arena, BNC_FILES_FOLDER "/%s", file);

    for (size_t i = 0; i < refs->n_assets; i++) {
        if (strcmp(refs->assets[i].file, file) == 0) {
            return path;
        }
    }
    if (refs->n_assets == refs->room) {
        size_t room = refs->room == 0 ? 4 : refs->room * 2;
        struct bnc_asset *items = bnc_arena_array(refs->arena, room, sizeof(*items));
        if (refs->n_assets > 0) {
            memcpy(items, refs->assets, refs->n_assets * sizeof(*items));
        }
        refs->assets = items;
        refs->room = room;
    }
    refs->assets[refs->n_assets++] = (struct bnc_asset){.kind = (int)kind,
                                                        .ns = refs->ns,
                                                        .name = ref->name,
                                                        .key = ref->key,
                                                        .file = file};
    return path;
}

static const char *
key_file(struct bnc_refs *refs, enum bnc_kind kind, const struct bnc_ref *ref,
         const char *field)
{
    if (ref == NULL || ref->name == NULL || ref->key == NULL) {
        return NULL; /* decoding has said what is missing */
    }
    enum bnc_found found = bnc_view_key(refs->view, kind, refs->ns, ref->name, ref->key);
    return usable(refs, found, kind, ref, field) ? add_asset(refs, kind, ref) : NULL;
}

/* The text under a key, in `arena`. */
static const char *
key_text(struct bnc_refs *refs, enum bnc_kind kind, const struct bnc_ref *ref,
         const char *field, struct bnc_arena *arena)
{
    struct bnc_bytes bytes = {0};

    if (ref == NULL || ref->name == NULL || ref->key == NULL) {
        return NULL;
    }
    enum bnc_found found =
        bnc_view_value(refs->view, kind, refs->ns, ref->name, ref->key, arena, &bytes);
    if (!usable(refs, found, kind, ref, field)) {
        return NULL;
    }
    bytes = bnc_bytes_trimmed(bytes);
    if (bytes.len == 0 || memchr(bytes.ptr, '\0', bytes.len) != NULL ||
        !bnc_utf8_valid(bytes.ptr, bytes.len)) {
        bnc_diag_add(refs->diags, BNC_REASON_INVALID_REF, field, "store UTF-8 text there",
                     "key \"%s\" of %s %s/%s is empty or no text", ref->key,
                     kind_word(kind), refs->ns, ref->name);
        return NULL;
    }
    return bnc_arena_strndup(arena, bytes.ptr, bytes.len);
}

bool
bnc_refs_map_bytes(struct bnc_refs *refs, const struct bnc_ref *ref, const char *field,
                   struct bnc_bytes *out)
{
    const enum bnc_kind kind = BNC_KIND_CONFIG_MAP;
    return ref != NULL && ref->name != NULL && ref->key != NULL &&
           usable(refs,
                  bnc_view_value(refs->view, kind, refs->ns, ref->name, ref->key,
                                 refs->arena, out),
                  kind, ref, field);
}

bool
bnc_refs_secret_value(struct bnc_refs *refs, const struct bnc_ref *ref, const char *field,
                      struct bnc_asset *out)
{
    BNC_AUTO(bnc_arena) scratch = bnc_arena_new();
    if (key_text(refs, BNC_KIND_SECRET, ref, field, scratch) == NULL) {
        return false;
    }
    *out = (struct bnc_asset){.kind = BNC_KIND_SECRET,
                              .ns = refs->ns,
                              .name = ref->name,
                              .key = ref->key,
                              .file = asset_file(refs, BNC_KIND_SECRET, ref)};
    return true;
}

const char *
bnc_refs_secret(struct bnc_refs *refs, const struct bnc_ref *ref, const char *field)
{
    return key_file(refs, BNC_KIND_SECRET, ref, field);
}

const char *
bnc_refs_secret_text(struct bnc_refs *refs, const struct bnc_ref *ref, const char *field)
{
    return key_text(refs, BNC_KIND_SECRET, ref, field, refs->arena);
}

/* As it stands, also when it is empty. */
static const char *
plain_text(struct bnc_refs *refs, const struct bnc_ref *ref, const char *field)
{
    struct bnc_bytes bytes = {0};
    if (ref == NULL || ref->name == NULL || ref->key == NULL) {
        return NULL;
    }
    enum bnc_found found = bnc_view_value(refs->view, BNC_KIND_SECRET, refs->ns,
                                          ref->name, ref->key, refs->arena, &bytes);
    if (!usable(refs, found, BNC_KIND_SECRET, ref, field)) {
        return NULL;
    }
    if ((bytes.len > 0 && memchr(bytes.ptr, '\0', bytes.len) != NULL) ||
        !bnc_utf8_valid(bytes.ptr, bytes.len)) {
        bnc_diag_add(refs->diags, BNC_REASON_INVALID_REF, field, "store UTF-8 text there",
                     "key \"%s\" of Secret %s/%s is no text", ref->key, refs->ns,
                     ref->name);
        return NULL;
    }
    return bnc_arena_strndup(refs->arena, bytes.ptr, bytes.len);
}

bool
bnc_refs_is_empty(struct bnc_refs *refs, const struct bnc_ref *ref)
{
    BNC_AUTO(bnc_arena) scratch = bnc_arena_new();
    struct bnc_bytes bytes = {0};
    return ref != NULL && ref->name != NULL && ref->key != NULL &&
           bnc_view_value(refs->view, BNC_KIND_SECRET, refs->ns, ref->name, ref->key,
                          scratch, &bytes) == BNC_VIEW_FOUND &&
           bytes.len == 0;
}

const char *
bnc_refs_user(struct bnc_refs *refs, const struct bnc_ref *ref, const char *field)
{
    const char *text = refs->empty_user
                           ? plain_text(refs, ref, field)
                           : key_text(refs, BNC_KIND_SECRET, ref, field, refs->arena);
    const struct bnc_bytes bytes = {text, text == NULL ? 0 : strlen(text)};
    const struct bnc_bytes trimmed = bnc_bytes_trimmed(bytes);
    return text == NULL ? NULL : bnc_arena_strndup(refs->arena, trimmed.ptr, trimmed.len);
}

const char *
bnc_refs_secret_clear(struct bnc_refs *refs, const struct bnc_ref *ref, const char *field)
{
    const char *text = plain_text(refs, ref, field);
    if (text != NULL && refs->clear == NULL) {
        refs->clear = field;
    }
    return text;
}

/* The side of a secret | configMap union that is set. */
static const struct bnc_ref *
pick(const struct bnc_secret_or_map *ref, enum bnc_kind *kind)
{
    *kind = ref != NULL && ref->secret == NULL ? BNC_KIND_CONFIG_MAP : BNC_KIND_SECRET;
    if (ref == NULL) {
        return NULL;
    }
    return ref->secret != NULL ? ref->secret : ref->config_map;
}

const char *
bnc_refs_either(struct bnc_refs *refs, const struct bnc_secret_or_map *ref,
                const char *field)
{
    enum bnc_kind kind = BNC_KIND_SECRET;
    const struct bnc_ref *one = pick(ref, &kind);
    return key_file(refs, kind, one, field);
}

const char *
bnc_refs_either_text(struct bnc_refs *refs, const struct bnc_secret_or_map *ref,
                     const char *field)
{
    enum bnc_kind kind = BNC_KIND_SECRET;
    const struct bnc_ref *one = pick(ref, &kind);
    return key_text(refs, kind, one, field, refs->arena);
}

/* PEM of one part, when it comes from an object that can be read. */
static bool
part_bytes(struct bnc_refs *refs, const struct bnc_secret_or_map *ref,
           struct bnc_bytes *out)
{
    enum bnc_kind kind = BNC_KIND_SECRET;
    const struct bnc_ref *one = pick(ref, &kind);

    return one != NULL && one->name != NULL && one->key != NULL &&
           bnc_view_value(refs->view, kind, refs->ns, one->name, one->key, refs->arena,
                          out) == BNC_VIEW_FOUND;
}

static void
check_pem(struct bnc_refs *refs, const struct bnc_tls_config *tls, const char *field)
{
    struct bnc_error err = {0};
    struct bnc_bytes ca = {0}, cert = {0}, key = {0};
    struct bnc_secret_or_map key_ref = {.secret = tls->key_secret};

    if (part_bytes(refs, tls->ca, &ca) && bnc_pem_check_ca(ca, &err)) {
        bnc_diag_add(refs->diags, BNC_REASON_INVALID_REF,
                     bnc_arena_fmt(refs->arena, "%s.ca", field),
                     "store PEM text with at least one certificate", "%s", err.message);
    }
    if (part_bytes(refs, tls->cert, &cert) && part_bytes(refs, &key_ref, &key) &&
        bnc_pem_check_pair(cert, key, &err)) {
        bnc_diag_add(refs->diags, BNC_REASON_INVALID_REF,
                     bnc_arena_fmt(refs->arena, "%s.cert", field),
                     "store a certificate and the private key that belongs to it", "%s",
                     err.message);
    }
}

static const char *
sub(struct bnc_refs *refs, const char *field, const char *part)
{
    return bnc_arena_fmt(refs->arena, "%s.%s", field, part);
}

static void
check_tls_shape(struct bnc_refs *refs, const struct bnc_tls_config *tls,
                const char *field)
{
    bool cert = tls->cert != NULL || tls->cert_file != NULL;
    bool key = tls->key_secret != NULL || tls->key_file != NULL;
    const struct {
        bool wrong;
        const char *part;
        const char *message;
        const char *remedy;
    } rows[] = {
        {tls->ca != NULL && tls->ca_file != NULL, "caFile", "ca and caFile are both set",
         "set one of them"},
        {tls->cert != NULL && tls->cert_file != NULL, "certFile",
         "cert and certFile are both set", "set one of them"},
        {tls->key_secret != NULL && tls->key_file != NULL, "keyFile",
         "keySecret and keyFile are both set", "set one of them"},
        {cert && !key, "keySecret", "a client certificate without its private key",
         "set keySecret as well"},
        {key && !cert, "cert", "a private key without its client certificate",
         "set cert as well"},
        {tls->min_version != NULL && tls->max_version != NULL &&
             strcmp(tls->min_version, tls->max_version) > 0,
         "minVersion", "minVersion is above maxVersion", "swap them"},
    };
    for (size_t i = 0; i < BNC_LEN(rows); i++) {
        if (rows[i].wrong) {
            bnc_diag_add(refs->diags, BNC_REASON_INVALID_FIELD,
                         sub(refs, field, rows[i].part), rows[i].remedy, "%s",
                         rows[i].message);
        }
    }
}

struct bnc_job_tls
bnc_refs_tls(struct bnc_refs *refs, const struct bnc_tls_config *tls, const char *field)
{
    struct bnc_job_tls out = {0};
    if (tls == NULL) {
        return out;
    }
    check_tls_shape(refs, tls, field);
    check_pem(refs, tls, field);
    out.present = true;
    out.insecure_skip_verify = tls->insecure_skip_verify;
    out.server_name = tls->server_name;
    out.min_version = tls->min_version;
    out.max_version = tls->max_version;
    out.ca_file = tls->ca != NULL ? bnc_refs_either(refs, tls->ca, sub(refs, field, "ca"))
                                  : tls->ca_file;
    out.cert_file = tls->cert != NULL
                        ? bnc_refs_either(refs, tls->cert, sub(refs, field, "cert"))
                        : tls->cert_file;
    out.key_file =
        tls->key_secret != NULL
            ? bnc_refs_secret(refs, tls->key_secret, sub(refs, field, "keySecret"))
            : tls->key_file;
    return out;
}
