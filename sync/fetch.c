#include "sync/fetch.h"

#include <stdlib.h>
#include <string.h>

#include "lib/zip.h"
#include "sync/fetch_base64.h"
#include "sync/fetch_scan.h"
#include "sync/manifest.h"

#define HASH_ANNOTATION "binnacle.dev/hash"
#define HASH_PREFIX     "sha256:"
#define SHORT_MAX       ((size_t)512) /* bytes of a uid, a version, a hash */
#define ASSETS_N_MAX    1024
#define METADATA_ONLY                                                                    \
    "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json"

enum job { HEAD, ROOT, PART, ASSETS };

/* A value that goes to a sink. */
struct value {
    struct bnc_fetch *fetch;
    const char *key; /* NULL: not asked for */
    bnc_fetch_sink_fn sink;
    bool found;
    struct bnc_unzip *unzip;
    struct bnc_sha256 *sha;
    uint64_t size;
};

/* Where the text goes that is being read. */
enum target { NOWHERE, TO_UID, TO_VERSION, TO_HASH, TO_MANIFEST, TO_SINK, TO_ASSET };

struct bnc_fetch {
    struct bnc_kube_call *call;
    struct bnc_scan *scan;
    struct bnc_arena *arena; /* of the question, and of small answers */
    struct bnc_fetch_ask ask;
    enum job job;
    const char *salt;

    bool in_text;
    enum target target;
    bool encoded;
    struct bnc_unbase64 unbase64;
    struct bnc_str uid, version, hash, manifest;

    bool named;             /* the error says which value it is about */
    struct value values[2]; /* of the key, and of the other one */
    struct value *value;    /* that is being read */

    struct bnc_fetch_asset *assets;
    struct bnc_str *contents; /* of them; malloc'd, to be given back at once */
    size_t n_assets;
    size_t assets_size;
};

static void
free_fetch(struct bnc_fetch *f)
{
    for (size_t i = 0; i < f->n_assets; i++) {
        bnc_str_free(&f->contents[i]);
    }
    bnc_str_free(&f->manifest);
    for (size_t i = 0; i < BNC_LEN(f->values); i++) {
        bnc_unzip_free(f->values[i].unzip);
        bnc_sha256_free(f->values[i].sha);
    }
    bnc_scan_free(f->scan);
    bnc_arena_free(f->arena);
    free(f);
}

/* ---- a value on its way -------------------------------------------------------- */

/* The last stop: counted, digested, handed on. */
static enum bnc_code
to_sink(void *arg, const char *bytes, size_t n, struct bnc_error *err)
{
    struct value *value = arg;
    const struct bnc_fetch_ask *ask = &value->fetch->ask;
    if (n > ask->max_bytes - value->size) {
        return bnc_fail(err, BNC_TOO_BIG, "unpacked it is over %llu bytes",
                        (unsigned long long)ask->max_bytes);
    }
    value->size += n;
    bnc_sha256_add(value->sha, bytes, n);
    return value->sink(ask->arg, bytes, n, err);
}

static enum bnc_code
to_str(struct bnc_str *out, const char *bytes, size_t n, struct bnc_error *err)
{
    bnc_str_add(out, bytes, n);
    return bnc_str_check(out, "it", err);
}

static enum bnc_code
to_asset(struct bnc_fetch *f, const char *bytes, size_t n, struct bnc_error *err)
{
    if (n > BNC_FETCH_ASSETS_MAX - f->assets_size) {
        return bnc_fail(err, BNC_TOO_BIG, "the assets are over %zu bytes",
                        BNC_FETCH_ASSETS_MAX);
    }
    f->assets_size += n;
    bnc_str_add(&f->contents[f->n_assets - 1], bytes, n);
    return BNC_OK;
}

/* Decoded bytes to where they belong. */
static enum bnc_code
deliver(void *arg, const char *bytes, size_t n, struct bnc_error *err)
{
    struct bnc_fetch *f = arg;
    switch (f->target) {
    case TO_UID:
        return to_str(&f->uid, bytes, n, err);
    case TO_VERSION:
        return to_str(&f->version, bytes, n, err);
    case TO_HASH:
        return to_str(&f->hash, bytes, n, err);
    case TO_MANIFEST:
        return to_str(&f->manifest, bytes, n, err);
    case TO_ASSET:
        return to_asset(f, bytes, n, err);
    case TO_SINK:
        if (f->value->unzip != NULL) {
            return bnc_unzip_feed(f->value->unzip, bytes, n, err);
        }
        return n == 0 ? BNC_OK : to_sink(f->value, bytes, n, err);
    case NOWHERE:
        break;
    }
    return BNC_OK;
}

/* ---- which value it is --------------------------------------------------------- */

static enum target
new_asset(struct bnc_fetch *f, const char *name, struct bnc_error *err)
{
    if (f->n_assets == ASSETS_N_MAX) {
        (void)bnc_fail(err, BNC_TOO_BIG, "more than %d assets", ASSETS_N_MAX);
        return NOWHERE;
    }
    if (!bnc_manifest_name_ok(name) || strchr(name, '/') != NULL) {
        (void)bnc_fail(err, BNC_INVALID, "a key is no safe name of a file");
        return NOWHERE;
    }
    f->assets[f->n_assets].name = bnc_arena_strdup(f->arena, name);
    f->contents[f->n_assets] = bnc_str_new(NULL, BNC_FETCH_ASSETS_MAX);
    bnc_str_puts(&f->contents[f->n_assets++], "");
    return TO_ASSET;
}

/* A value below data or binaryData. */
static enum target
choose_value(struct bnc_fetch *f, const char *key, struct bnc_error *err)
{
    if (f->job == ASSETS) {
        return new_asset(f, key, err);
    }
    if (f->job == ROOT && strcmp(key, BNC_MANIFEST_KEY) == 0 && f->manifest.ptr == NULL) {
        bnc_str_puts(&f->manifest, "");
        return TO_MANIFEST;
    }
    for (size_t i = 0; i < BNC_LEN(f->values); i++) {
        struct value *value = &f->values[i];
        if (value->key == NULL || strcmp(key, value->key) != 0) {
            continue;
        }
        if (value->found) { /* in data and in binaryData */
            (void)bnc_fail(err, BNC_INVALID, "the key is there twice");
            return NOWHERE;
        }
        value->found = true;
        f->value = value;
        return TO_SINK;
    }
    return NOWHERE;
}

static enum target
choose(struct bnc_fetch *f, const struct bnc_scan_path *path, struct bnc_error *err)
{
    const char *top = path->keys[0];
    bool binary = strcmp(top, "binaryData") == 0;

    f->encoded = false;
    if (path->n == 2 && (binary || strcmp(top, "data") == 0)) {
        f->encoded = binary || f->ask.kind == BNC_KIND_SECRET;
        f->unbase64 = (struct bnc_unbase64){0};
        return choose_value(f, path->keys[1], err);
    }
    if (path->n < 2 || strcmp(top, "metadata") != 0) {
        return NOWHERE;
    }
    if (path->n == 2 && strcmp(path->keys[1], "uid") == 0) {
        return TO_UID;
    }
    if (path->n == 2 && strcmp(path->keys[1], "resourceVersion") == 0) {
        return TO_VERSION;
    }
    if (path->n == 3 && strcmp(path->keys[1], "annotations") == 0 &&
        strcmp(path->keys[2], HASH_ANNOTATION) == 0) {
        return TO_HASH;
    }
    return NOWHERE;
}

/* The value is complete. */
static enum bnc_code
end_value(struct bnc_fetch *f, struct bnc_error *err)
{
    if (f->encoded && f->target != NOWHERE && !bnc_unbase64_whole(&f->unbase64)) {
        return bnc_fail(err, BNC_INVALID, "it is not base64");
    }
    if (f->target == TO_SINK && f->value->unzip != NULL) {
        return bnc_unzip_end(f->value->unzip, err);
    }
    return BNC_OK;
}

/* The key is told, the value never is. */
static enum bnc_code
wrap_value(struct bnc_fetch *f, const struct bnc_scan_path *path, struct bnc_error *err)
{
    f->named = true;
    return bnc_wrap(err, "%s %s/%s, key %.100s", bnc_kind_info(f->ask.kind)->name,
                    f->ask.ns, f->ask.name, path->keys[path->n - 1]);
}

static enum bnc_code
wrap_object(struct bnc_fetch *f, struct bnc_error *err)
{
    return f->named ? err->code
                    : bnc_wrap(err, "%s %s/%s", bnc_kind_info(f->ask.kind)->name,
                               f->ask.ns, f->ask.name);
}

static enum bnc_code
on_text(void *arg, const struct bnc_scan_path *path, struct bnc_bytes piece, bool last,
        struct bnc_error *err)
{
    struct bnc_fetch *f = arg;
    enum bnc_code code = BNC_OK;

    if (!f->in_text) {
        f->in_text = true;
        f->target = choose(f, path, err);
        code = err->code;
    }
    if (code == BNC_OK && f->target != NOWHERE) {
        code = f->encoded ? bnc_unbase64_feed(&f->unbase64, piece, deliver, f, err)
                          : deliver(f, piece.ptr, piece.len, err);
    }
    if (code == BNC_OK && last) {
        f->in_text = false;
        code = end_value(f, err);
    }
    return code == BNC_OK ? BNC_OK : wrap_value(f, path, err);
}

/* ---- assets -------------------------------------------------------------------- */

static int
by_name(const void *a, const void *b)
{
    const struct bnc_fetch_asset *x = a;
    const struct bnc_fetch_asset *y = b;
    return strcmp(x->name, y->name);
}

static enum bnc_code
check_assets(struct bnc_fetch *f, struct bnc_error *err)
{
    BNC_AUTO(bnc_sha256) sha = bnc_sha256_new();
    char hex[BNC_SHA256_HEX];

    for (size_t i = 0; i < f->n_assets; i++) {
        f->assets[i].bytes = (struct bnc_bytes){f->contents[i].ptr, f->contents[i].len};
    }
    qsort(f->assets, f->n_assets, sizeof(*f->assets), by_name);
    for (size_t i = 0; i < f->n_assets; i++) {
        struct bnc_str name = bnc_str_new(f->arena, SHORT_MAX);
        bnc_str_json(&name, f->assets[i].name);
        bnc_sha256_add(sha, name.ptr, name.len);
        bnc_sha256_add(sha, f->assets[i].bytes.ptr, f->assets[i].bytes.len);
    }
    bnc_sha256_add(sha, f->salt, strlen(f->salt));
    bnc_sha256_final(sha, hex);
    if (!bnc_str_starts(f->hash.ptr, HASH_PREFIX) ||
        strcmp(f->hash.ptr + strlen(HASH_PREFIX), hex) != 0) {
        return bnc_fail(err, BNC_INVALID,
                        "Secret %s/%s: the content is not what its annotation "
                        "binnacle.dev/hash says",
                        f->ask.ns, f->ask.name);
    }
    return BNC_OK;
}

/* ---- the exchange -------------------------------------------------------------- */

static enum bnc_code
check_end(struct bnc_fetch *f, struct bnc_error *err)
{
    if (bnc_scan_end(f->scan, err)) {
        return wrap_object(f, err);
    }
    if (f->job == ASSETS) {
        return check_assets(f, err);
    }
    if (f->job != HEAD && !f->values[0].found) {
        return bnc_fail(err, BNC_NOT_FOUND, "%s %s/%s has no key %s",
                        bnc_kind_info(f->ask.kind)->name, f->ask.ns, f->ask.name,
                        f->ask.key);
    }
    return BNC_OK;
}

/* The callback; nothing of the fetch is there after it. */
static void
finish(struct bnc_fetch *f, const struct bnc_kube_result *answer,
       const struct bnc_error *why)
{
    struct bnc_fetch_result result = {.err = *why,
                                      .http_status = answer->http_status,
                                      .retry_after_ms = answer->retry_after_ms,
                                      .uid = f->uid.ptr,
                                      .resource_version = f->version.ptr,
                                      .hash = f->hash.ptr,
                                      .size = f->values[0].size,
                                      .more = f->values[1].found,
                                      .more_size = f->values[1].size};
    bnc_sha256_final(f->values[0].sha, result.sha256);
    bnc_sha256_final(f->values[1].sha, result.more_sha256);
    if (why->code == BNC_OK) {
        result.manifest = (struct bnc_bytes){f->manifest.ptr, f->manifest.len};
        result.assets = f->assets;
        result.n_assets = f->n_assets;
    }
    f->ask.fn(f->ask.arg, &result);
    free_fetch(f);
}

static void
on_data(void *arg, const char *bytes, size_t n)
{
    struct bnc_fetch *f = arg;
    const struct bnc_kube_result answer = {.http_status = 200};
    struct bnc_error err = {0};

    if (bnc_scan_feed(f->scan, bytes, n, &err)) {
        (void)wrap_object(f, &err);
        bnc_kube_cancel(f->call);
        finish(f, &answer, &err);
    }
}

static void
on_done(void *arg, const struct bnc_kube_result *answer)
{
    struct bnc_fetch *f = arg;
    struct bnc_error err = answer->err;

    if (err.code == BNC_OK) {
        (void)check_end(f, &err);
    }
    finish(f, answer, &err);
}

static void
init_value(struct bnc_fetch *f, struct value *value, const char *key,
           bnc_fetch_sink_fn sink)
{
    *value = (struct value){.fetch = f, .sink = sink, .sha = bnc_sha256_new()};
    value->key = key == NULL ? NULL : bnc_arena_strdup(f->arena, key);
    if (key != NULL && bnc_str_ends(key, ".gz")) {
        /* to_sink() has the limit */
        value->unzip = bnc_unzip_new(to_sink, value, UINT64_MAX);
    }
}

static struct bnc_fetch *
new_fetch(const struct bnc_fetch_ask *ask, enum job job, const char *salt)
{
    struct bnc_fetch *f = bnc_alloc(sizeof(*f));
    f->arena = bnc_arena_new();
    f->job = job;
    f->ask = *ask;
    f->ask.kind = job == ASSETS ? BNC_KIND_SECRET : ask->kind;
    f->ask.ns = bnc_arena_strdup(f->arena, ask->ns);
    f->ask.name = bnc_arena_strdup(f->arena, ask->name);
    f->ask.key = bnc_arena_strdup(f->arena, ask->key == NULL ? "" : ask->key);
    f->salt = bnc_arena_strdup(f->arena, salt == NULL ? "" : salt);
    f->uid = bnc_str_new(f->arena, SHORT_MAX);
    f->version = bnc_str_new(f->arena, SHORT_MAX);
    f->hash = bnc_str_new(f->arena, SHORT_MAX);
    bnc_str_puts(&f->uid, "");
    bnc_str_puts(&f->version, "");
    bnc_str_puts(&f->hash, "");
    f->manifest = bnc_str_new(NULL, BNC_MANIFEST_MAX);
    init_value(f, &f->values[0], job == ROOT || job == PART ? ask->key : NULL, ask->sink);
    init_value(f, &f->values[1], job == ROOT ? ask->more_key : NULL, ask->more_sink);
    f->scan = bnc_scan_new(on_text, f);
    if (job == ASSETS) {
        f->assets = bnc_arena_array(f->arena, ASSETS_N_MAX, sizeof(*f->assets));
        f->contents = bnc_arena_array(f->arena, ASSETS_N_MAX, sizeof(*f->contents));
    }
    return f;
}

static struct bnc_fetch *
start(struct bnc_kube *kube, const struct bnc_fetch_ask *ask, enum job job,
      const char *salt, struct bnc_error *err)
{
    static const struct bnc_kube_stream_ops ops = {.on_data = on_data,
                                                   .on_done = on_done};
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    struct bnc_str path = bnc_str_new(arena, BNC_URL_MAX);
    const struct bnc_kind_info *info =
        bnc_kind_info(job == ASSETS ? BNC_KIND_SECRET : ask->kind);

    if (!bnc_url_segment_ok(ask->ns) || !bnc_url_segment_ok(ask->name)) {
        (void)bnc_fail(err, BNC_INVALID, "%s \"%s/%s\" has no usable name", info->name,
                       ask->ns == NULL ? "" : ask->ns,
                       ask->name == NULL ? "" : ask->name);
        return NULL;
    }
    if (bnc_url_path(&path, info, ask->ns, ask->name, NULL, err)) {
        return NULL;
    }
    const struct bnc_kube_request request = {
        .group = BNC_HTTP_UNARY,
        .method = "GET",
        .path = path.ptr,
        .accept = job == HEAD ? METADATA_ONLY : NULL,
        .max_bytes = BNC_FETCH_BODY_MAX,
    };
    struct bnc_fetch *f = new_fetch(ask, job, salt);
    f->call = bnc_kube_stream(kube, &request, &ops, f);
    return f;
}

struct bnc_fetch *
bnc_fetch_head(struct bnc_kube *kube, const struct bnc_fetch_ask *ask,
               struct bnc_error *err)
{
    return start(kube, ask, HEAD, NULL, err);
}

struct bnc_fetch *
bnc_fetch_root(struct bnc_kube *kube, const struct bnc_fetch_ask *ask,
               struct bnc_error *err)
{
    return start(kube, ask, ROOT, NULL, err);
}

struct bnc_fetch *
bnc_fetch_part(struct bnc_kube *kube, const struct bnc_fetch_ask *ask,
               struct bnc_error *err)
{
    return start(kube, ask, PART, NULL, err);
}

struct bnc_fetch *
bnc_fetch_assets(struct bnc_kube *kube, const struct bnc_fetch_ask *ask, const char *salt,
                 struct bnc_error *err)
{
    return start(kube, ask, ASSETS, salt, err);
}

void
bnc_fetch_cancel(struct bnc_fetch *f)
{
    bnc_kube_cancel(f->call);
    free_fetch(f);
}
