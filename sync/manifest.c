#include "sync/manifest.h"

#include <stdlib.h>
#include <string.h>

#include "lib/clip.h"
#include "lib/json.h"

#define NAME_MAX_BYTES   255
#define OBJECT_MAX_BYTES 253 /* Kubernetes: of an object's name, and of a key */
#define ASSETS_FOLDER    "files"
#define HASH_PREFIX      "sha256:"
#define SHOWN            80 /* bytes of a bad name in a message */

#define LOWER  "abcdefghijklmnopqrstuvwxyz"
#define UPPER  "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS "0123456789"

/* ---- texts --------------------------------------------------------------------- */

/* 1 to `max` bytes of these characters only. */
static bool
is_made_of(const char *text, const char *characters, size_t max)
{
    size_t n = text == NULL ? 0 : strlen(text);
    return n > 0 && n <= max && strspn(text, characters) == n;
}

static bool
is_sha256(const char *text)
{
    return is_made_of(text, DIGITS "abcdef", BNC_SHA256_HEX - 1) &&
           strlen(text) == BNC_SHA256_HEX - 1;
}

static bool
is_hash(const char *text)
{
    return text != NULL && bnc_str_starts(text, HASH_PREFIX) &&
           is_sha256(text + strlen(HASH_PREFIX));
}

/* As the API server has it for keys of Secrets and ConfigMaps. */
static bool
is_key(const char *text)
{
    return is_made_of(text, LOWER UPPER DIGITS "-._", OBJECT_MAX_BYTES) &&
           strcmp(text, ".") != 0 && !bnc_str_starts(text, "..");
}

bool
bnc_manifest_name_ok(const char *name)
{
    if (!is_made_of(name, LOWER UPPER DIGITS "-._/", NAME_MAX_BYTES)) {
        return false;
    }
    for (const char *part = name;; part++) {
        size_t n = strcspn(part, "/");
        if (n == 0 || (n <= 2 && strspn(part, ".") >= n)) {
            return false;
        }
        part += n;
        if (*part == '\0') {
            return true;
        }
    }
}

/* "files", or below it. */
static bool
is_with_assets(const char *name)
{
    size_t n = strlen(ASSETS_FOLDER);
    return strncmp(name, ASSETS_FOLDER, n) == 0 && (name[n] == '\0' || name[n] == '/');
}

/* ---- all files together -------------------------------------------------------- */

/* Bytes as unsigned, '/' before all others: a folder comes right before its files. */
static int
by_path(const void *a, const void *b)
{
    const char *x = *(const char *const *)a;
    const char *y = *(const char *const *)b;
    while (*x != '\0' && *x == *y) {
        x++;
        y++;
    }
    int left = *x == '/' ? 1 : (unsigned char)*x + (*x != '\0');
    int right = *y == '/' ? 1 : (unsigned char)*y + (*y != '\0');
    return left - right;
}

/* No name twice, and none that is a folder of another. */
static enum bnc_code
check_names(struct bnc_arena *arena, const struct bnc_manifest *manifest,
            struct bnc_error *err)
{
    const char **names = bnc_arena_array(arena, manifest->n, sizeof(*names));
    for (size_t i = 0; i < manifest->n; i++) {
        names[i] = manifest->files[i].name;
    }
    qsort(names, manifest->n, sizeof(*names), by_path);
    for (size_t i = 1; i < manifest->n; i++) {
        size_t n = strlen(names[i - 1]);
        if (strncmp(names[i - 1], names[i], n) == 0 &&
            (names[i][n] == '\0' || names[i][n] == '/')) {
            return bnc_fail(err, BNC_INVALID,
                            "%s: file %s is there twice, or is a folder",
                            BNC_MANIFEST_KEY, names[i - 1]);
        }
    }
    return BNC_OK;
}

/* Of every file's name and content, in order. */
static void
hash_files(const struct bnc_manifest_file *files, size_t n, char hex[BNC_SHA256_HEX])
{
    BNC_AUTO(bnc_sha256) sha = bnc_sha256_new();

    for (size_t i = 0; i < n; i++) {
        bnc_sha256_add(sha, files[i].name, strlen(files[i].name));
        bnc_sha256_add(sha, "\n", 1);
        bnc_sha256_add(sha, files[i].sha256, strlen(files[i].sha256));
        bnc_sha256_add(sha, "\n", 1);
    }
    bnc_sha256_final(sha, hex);
}

static enum bnc_code
check_hash(const struct bnc_manifest *manifest, const char *root_hash,
           struct bnc_error *err)
{
    char hex[BNC_SHA256_HEX];

    hash_files(manifest->files, manifest->n, hex);
    if (strcmp(hex, manifest->hash + strlen(HASH_PREFIX)) != 0) {
        return bnc_fail(err, BNC_INVALID, "%s: its hash is not that of its files",
                        BNC_MANIFEST_KEY);
    }
    if (!bnc_str_eq(manifest->hash, root_hash)) {
        return bnc_fail(err, BNC_INVALID,
                        "%s: its hash is not that of the annotation binnacle.dev/hash",
                        BNC_MANIFEST_KEY);
    }
    return BNC_OK;
}

/* ---- reading ------------------------------------------------------------------- */

static enum bnc_code
refuse(struct bnc_error *err, size_t i, const char *name, const char *what)
{
    return bnc_fail(err, BNC_INVALID, "%s: files[%zu] (%.*s): %s", BNC_MANIFEST_KEY, i,
                    name == NULL ? 0 : bnc_clip(name, SHOWN), name == NULL ? "" : name,
                    what);
}

static enum bnc_code
read_file(const cJSON *item, size_t i, struct bnc_arena *arena,
          struct bnc_manifest_file *out, struct bnc_error *err)
{
    const char *name = bnc_json_get_str(item, "name");
    const char *sha256 = bnc_json_get_str(item, "sha256");
    const char *object = bnc_json_get_str(item, "object");
    const char *key = bnc_json_get_str(item, "key");
    int64_t size = -1;

    if (!bnc_manifest_name_ok(name) || is_with_assets(name)) {
        return refuse(err, i, name, "name is no safe relative path");
    }
    if (!is_sha256(sha256)) {
        return refuse(err, i, name, "sha256 is not 64 lower-case hexadecimal digits");
    }
    if (!bnc_json_get_int(item, "size", &size) || size < 0) {
        return refuse(err, i, name, "size is no number of bytes");
    }
    if ((uint64_t)size > BNC_MANIFEST_FILE_MAX) {
        return bnc_fail(err, BNC_TOO_BIG, "%s: file %s has %lld bytes, more than %llu",
                        BNC_MANIFEST_KEY, name, (long long)size,
                        (unsigned long long)BNC_MANIFEST_FILE_MAX);
    }
    if (!is_made_of(object, LOWER DIGITS "-.", OBJECT_MAX_BYTES) || object[0] == '.') {
        return refuse(err, i, name, "object is no name of an object");
    }
    if (!is_key(key)) {
        return refuse(err, i, name, "key is no key of an object");
    }
    *out = (struct bnc_manifest_file){.name = bnc_arena_strdup(arena, name),
                                      .sha256 = bnc_arena_strdup(arena, sha256),
                                      .size = (uint64_t)size,
                                      .object = bnc_arena_strdup(arena, object),
                                      .key = bnc_arena_strdup(arena, key)};
    return BNC_OK;
}

static enum bnc_code
read_files(const cJSON *list, struct bnc_arena *arena, struct bnc_manifest *out,
           struct bnc_error *err)
{
    int n = cJSON_IsArray(list) ? cJSON_GetArraySize(list) : 0;
    uint64_t total = 0;
    size_t i = 0;

    if (n == 0) {
        return bnc_fail(err, BNC_INVALID, "%s: files is no list, or empty",
                        BNC_MANIFEST_KEY);
    }
    if (n > BNC_MANIFEST_FILES_MAX) {
        return bnc_fail(err, BNC_TOO_BIG, "%s: %d files, more than %d", BNC_MANIFEST_KEY,
                        n, BNC_MANIFEST_FILES_MAX);
    }
    struct bnc_manifest_file *files = bnc_arena_array(arena, (size_t)n, sizeof(*files));
    const cJSON *item = NULL;
    cJSON_ArrayForEach(item, list)
    {
        if (read_file(item, i, arena, &files[i], err)) {
            return err->code;
        }
        total += files[i++].size;
    }
    if (total > BNC_MANIFEST_TOTAL_MAX) {
        return bnc_fail(err, BNC_TOO_BIG, "%s: the files have %llu bytes, more than %llu",
                        BNC_MANIFEST_KEY, (unsigned long long)total,
                        (unsigned long long)BNC_MANIFEST_TOTAL_MAX);
    }
    out->files = files;
    out->n = i;
    return BNC_OK;
}

static enum bnc_code
read_head(const cJSON *tree, struct bnc_arena *arena, struct bnc_manifest *out,
          struct bnc_error *err)
{
    const char *hash = bnc_json_get_str(tree, "hash");
    const char *config = bnc_json_get_str(tree, "config");
    int64_t version = 0;

    if (!bnc_json_get_int(tree, "version", &version) || version != 1) {
        return bnc_fail(
            err, BNC_INVALID,
            "%s: version is not 1; is the controller newer than this program?",
            BNC_MANIFEST_KEY);
    }
    if (!is_hash(hash)) {
        return bnc_fail(err, BNC_INVALID, "%s: hash is not sha256: and 64 digits",
                        BNC_MANIFEST_KEY);
    }
    if (!bnc_manifest_name_ok(config) || strchr(config, '/') != NULL) {
        return bnc_fail(err, BNC_INVALID, "%s: config is no safe name", BNC_MANIFEST_KEY);
    }
    out->hash = bnc_arena_strdup(arena, hash);
    out->config = bnc_arena_strdup(arena, config);
    return BNC_OK;
}

enum bnc_code
bnc_manifest_parse(struct bnc_arena *arena, struct bnc_bytes text, const char *root_hash,
                   const struct bnc_manifest **out, struct bnc_error *err)
{
    BNC_AUTO(bnc_arena) scratch = bnc_arena_new(); /* the tree is ten times the result */
    struct bnc_manifest *manifest = bnc_arena_alloc(arena, sizeof(*manifest));
    cJSON *tree = NULL;

    if (text.len > BNC_MANIFEST_MAX) {
        return bnc_fail(err, BNC_TOO_BIG, "%s has %zu bytes, more than %zu",
                        BNC_MANIFEST_KEY, text.len, BNC_MANIFEST_MAX);
    }
    if (bnc_json_parse(scratch, text.ptr, text.len, &tree, err)) {
        return bnc_wrap(err, "%s", BNC_MANIFEST_KEY);
    }
    if (read_head(tree, arena, manifest, err) ||
        read_files(bnc_json_get(tree, "files"), arena, manifest, err) ||
        check_names(scratch, manifest, err) || check_hash(manifest, root_hash, err)) {
        return err->code;
    }
    if (bnc_manifest_find(manifest, manifest->config) == NULL) {
        return bnc_fail(err, BNC_INVALID, "%s: config %s is none of the files",
                        BNC_MANIFEST_KEY, manifest->config);
    }
    *out = manifest;
    return BNC_OK;
}

/* ---- layout Single ------------------------------------------------------------- */

/* The files of it; gives how many. */
static size_t
list_single(struct bnc_arena *arena, const struct bnc_manifest_single *single,
            const char *name, struct bnc_manifest_file files[2])
{
    const char *object = bnc_arena_strdup(arena, single->object);

    files[0] =
        (struct bnc_manifest_file){.name = name,
                                   .sha256 = bnc_arena_strdup(arena, single->sha256),
                                   .size = single->size,
                                   .object = object,
                                   .key = bnc_arena_strdup(arena, single->key)};
    if (single->rules_key == NULL) {
        return 1;
    }
    files[1] = (struct bnc_manifest_file){
        .name = BNC_MANIFEST_RULES,
        .sha256 = bnc_arena_strdup(arena, single->rules_sha256),
        .size = single->rules_size,
        .object = object,
        .key = bnc_arena_strdup(arena, single->rules_key)};
    return 2;
}

static enum bnc_code
check_single(const struct bnc_manifest_single *single,
             const struct bnc_manifest_file *files, size_t n, struct bnc_error *err)
{
    char hex[BNC_SHA256_HEX];

    if (!is_hash(single->root_hash)) {
        return bnc_fail(err, BNC_INVALID,
                        "%s has no annotation binnacle.dev/hash, or a damaged one",
                        single->object);
    }
    hash_files(files, n, hex);
    if (!bnc_str_eq(single->root_hash + strlen(HASH_PREFIX),
                    n == 1 ? files[0].sha256 : hex)) {
        return bnc_fail(err, BNC_INVALID,
                        "%s, key %s%s%s: the content is not what binnacle.dev/hash says",
                        single->object, single->key, n == 1 ? "" : " and ",
                        n == 1 ? "" : single->rules_key);
    }
    return BNC_OK;
}

enum bnc_code
bnc_manifest_of_single(struct bnc_arena *arena, const struct bnc_manifest_single *single,
                       const struct bnc_manifest **out, struct bnc_error *err)
{
    size_t n = strlen(single->key);
    n -= bnc_str_ends(single->key, ".gz") ? strlen(".gz") : 0;
    const char *name = bnc_arena_strndup(arena, single->key, n);
    struct bnc_manifest_file *files = bnc_arena_array(arena, 2, sizeof(*files));

    if (!is_key(single->key) || !bnc_manifest_name_ok(name) || is_with_assets(name)) {
        return bnc_fail(err, BNC_INVALID, "key \"%.*s\" gives no safe name of a file",
                        bnc_clip(single->key, SHOWN), single->key);
    }
    n = list_single(arena, single, name, files);
    if (check_single(single, files, n, err)) {
        return err->code;
    }
    struct bnc_manifest *manifest = bnc_arena_alloc(arena, sizeof(*manifest));
    *manifest = (struct bnc_manifest){
        .hash = bnc_arena_strdup(arena, single->root_hash),
        .config = name,
        .n = n,
        .files = files,
    };
    *out = manifest;
    return BNC_OK;
}

/* ---- use ----------------------------------------------------------------------- */

const struct bnc_manifest_file *
bnc_manifest_find(const struct bnc_manifest *manifest, const char *name)
{
    for (size_t i = 0; i < manifest->n; i++) {
        if (strcmp(manifest->files[i].name, name) == 0) {
            return &manifest->files[i];
        }
    }
    return NULL;
}

bool
bnc_manifest_is_rules(const char *name)
{
    return strcmp(name, BNC_MANIFEST_RULES) == 0 || bnc_str_starts(name, "rules-");
}

enum bnc_code
bnc_manifest_check(const struct bnc_manifest_file *file, const char *sha256,
                   uint64_t size, struct bnc_error *err)
{
    if (file->size != size) {
        return bnc_fail(err, BNC_INVALID,
                        "file %s (%s, key %s) has %llu bytes, its manifest says %llu",
                        file->name, file->object, file->key, (unsigned long long)size,
                        (unsigned long long)file->size);
    }
    if (strcmp(file->sha256, sha256) != 0) {
        return bnc_fail(
            err, BNC_INVALID,
            "file %s (%s, key %s) is not the one of its manifest: the digests "
            "differ",
            file->name, file->object, file->key);
    }
    return BNC_OK;
}
