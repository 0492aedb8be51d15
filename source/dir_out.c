/* Secrets and ConfigMaps as files, and the list of those that are ours. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base64.h"
#include "lib/clip.h"
#include "lib/json.h"
#include "lib/units.h"
#include "lib/zip.h"
#include "source/dir_priv.h"

#define LIST_NAME    ".binnacle-files"
#define LIST_HEAD    "# Files that binnacle wrote here and may remove.  Do not edit.\n"
#define FILES_FOLDER "files/"
#define LIST_MAX     ((size_t)16 * 1024 * 1024)
#define VALUE_MAX    ((size_t)64 * 1024 * 1024)
#define SECRET_MODE  0600
#define PUBLIC_MODE  0644

/* One key of an output. */
struct entry {
    const char *path; /* below `to` */
    struct bnc_bytes bytes;
};

struct output {
    struct bnc_dir *d;
    struct bnc_arena *arena;
    const char *owner;  /* "Secret shop/main" */
    const char *folder; /* below `to`, with "/" at its end */
    unsigned mode;
    struct entry *entries;
    size_t n;
};

/* ---- names: none leaves the folder --------------------------------------------- */

/* A key of a Secret or ConfigMap, as the API server takes it. */
static bool
is_key(const char *key)
{
    size_t n = strlen(key);
    return n > 0 && n <= 253 && strcmp(key, ".") != 0 && !bnc_str_starts(key, "..") &&
           strspn(key, "-._0123456789abcdefghijklmnopqrstuvwxyz"
                       "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == n;
}

/* NAMESPACE/NAME/[files/]KEY */
static bool
is_our_path(const char *path)
{
    char copy[1024];
    if (strlen(path) >= sizeof(copy)) {
        return false;
    }
    memcpy(copy, path, strlen(path) + 1);
    char *name = strchr(copy, '/');
    char *key = name == NULL ? NULL : strchr(name + 1, '/');
    if (key == NULL) {
        return false;
    }
    *name++ = '\0';
    *key++ = '\0';
    key += bnc_str_starts(key, FILES_FOLDER) ? strlen(FILES_FOLDER) : 0;
    return bnc_dns_label_valid(copy) && bnc_dns_subdomain_valid(name) && is_key(key);
}

static const char *
below(struct bnc_arena *arena, const struct bnc_dir *d, const char *path)
{
    const char *to = strcmp(d->to, "/") == 0 ? "" : d->to;
    return bnc_arena_fmt(arena, "%s/%s", to, path);
}

/* ---- the list of our files ----------------------------------------------------- */

static struct bnc_dir_owned *
own(struct bnc_dir *d, const char *path, const char *owner, size_t n)
{
    struct bnc_dir_owned *owned = bnc_map_get(d->owned, path);
    if (owned == NULL) {
        owned = bnc_alloc(sizeof(*owned));
        (void)bnc_map_put(d->owned, path, owned);
    }
    free(owned->owner);
    owned->owner = bnc_alloc(n + 1);
    memcpy(owned->owner, owner, n);
    return owned;
}

static void
disown(struct bnc_dir *d, const char *path)
{
    struct bnc_dir_owned *owned = bnc_map_take(d->owned, path);
    if (owned != NULL) {
        free(owned->owner);
        free(owned);
    }
}

void
bnc_dir_owned_free(struct bnc_dir *d)
{
    if (d->owned == NULL) {
        return;
    }
    size_t at = 0;
    void *value = NULL;
    while (bnc_map_next(d->owned, &at, NULL, &value)) {
        struct bnc_dir_owned *owned = value;
        free(owned->owner);
        free(owned);
    }
    bnc_map_free(d->owned);
    d->owned = NULL;
}

/* "Secret shop/main shop/main/prometheus.yml"; what is no such line is not ours. */
static void
read_line(struct bnc_dir *d, char *line)
{
    char *path = strrchr(line, ' ');
    if (line[0] == '#' || path == NULL || path == line || !is_our_path(path + 1)) {
        return;
    }
    (void)own(d, path + 1, line, (size_t)(path - line));
}

static enum bnc_code
load_list(struct bnc_dir *d, struct bnc_error *err)
{
    if (d->owned != NULL) {
        return BNC_OK;
    }
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    struct bnc_bytes text = {"", 0};
    const char *path = below(arena, d, LIST_NAME);
    enum bnc_code code = bnc_file_read(d->world, path, LIST_MAX, arena, &text, err);
    if (code != BNC_OK && code != BNC_NOT_FOUND) {
        return bnc_wrap(err, "the list of files that binnacle wrote");
    }
    d->owned = bnc_map_new();
    if (code == BNC_OK) {
        char *copy = bnc_arena_strndup(arena, text.ptr, text.len);
        char *rest = NULL;
        for (char *line = strtok_r(copy, "\n", &rest); line != NULL;
             line = strtok_r(NULL, "\n", &rest)) {
            read_line(d, line);
        }
    }
    return BNC_OK;
}

static enum bnc_code
save_list(struct bnc_dir *d, struct bnc_error *err)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    struct bnc_str text = bnc_str_new(arena, LIST_MAX);
    const char **paths = bnc_map_sorted_keys(d->owned);
    size_t n = bnc_map_count(d->owned);

    bnc_str_puts(&text, LIST_HEAD);
    for (size_t i = 0; i < n; i++) {
        const struct bnc_dir_owned *owned = bnc_map_get(d->owned, paths[i]);
        bnc_str_fmt(&text, "%s %s\n", owned->owner, paths[i]);
    }
    free(paths);
    if (bnc_str_check(&text, "the list of files that binnacle wrote", err)) {
        return err->code;
    }
    return bnc_file_write(d->world, below(arena, d, LIST_NAME),
                          (struct bnc_bytes){text.ptr, text.len}, PUBLIC_MODE, err);
}

bool
bnc_dir_is_ours(struct bnc_dir *d, const char *path)
{
    struct bnc_error ignored = {0};
    if (d->to == NULL || load_list(d, &ignored)) {
        return false;
    }
    size_t n = strcmp(d->to, ".") == 0 ? 0 : strlen(d->to);
    if (n > 0 && (strncmp(path, d->to, n) != 0 || path[n] != '/')) {
        return false;
    }
    return bnc_map_get(d->owned, path + n + (n > 0)) != NULL;
}

/* ---- from an object to bytes --------------------------------------------------- */

static enum bnc_code
add_entry(struct output *out, const cJSON *item, bool base64, struct bnc_error *err)
{
    const char *key = item->string;
    if (!is_key(key)) {
        return bnc_fail(err, BNC_INVALID, "\"%.*s\" is no key of a Secret or ConfigMap",
                        bnc_clip(key, 80), key);
    }
    if (!cJSON_IsString(item)) {
        return bnc_fail(err, BNC_INVALID, "the value of key %s is not text", key);
    }
    struct bnc_bytes bytes = {item->valuestring, strlen(item->valuestring)};
    if (base64 && !bnc_base64_decode(out->arena, item->valuestring, &bytes)) {
        return bnc_fail(err, BNC_INVALID, "the value of key %s is not base64", key);
    }
    const char *path = bnc_arena_fmt(out->arena, "%s%s", out->folder, key);
    for (size_t i = 0; i < out->n; i++) {
        if (strcmp(out->entries[i].path, path) == 0) {
            out->entries[i].bytes = bytes; /* stringData wins over data */
            return BNC_OK;
        }
    }
    out->entries[out->n++] = (struct entry){path, bytes};
    return BNC_OK;
}

/*
 * A part of a configuration says itself which file it is, beside its root: unpacked
 * there, so that a Prometheus can read the folder as it is.
 */
static enum bnc_code
place_part(struct output *out, const struct bnc_dir_item *write, const cJSON *tree,
           struct bnc_error *err)
{
    const cJSON *annotations = bnc_json_path(tree, "metadata", "annotations", NULL);
    const char *file = bnc_json_get_str(annotations, "binnacle.dev/file");
    const char *root = bnc_json_get_str(annotations, "binnacle.dev/part-of");
    struct bnc_str text = bnc_str_new(out->arena, VALUE_MAX);

    if (file == NULL || root == NULL || out->n != 1) {
        return BNC_OK;
    }
    const char *path = bnc_arena_fmt(out->arena, "%s/%s/%s", write->ns, root, file);
    if (!is_key(file) || !is_our_path(path)) {
        return bnc_fail(err, BNC_INVALID, "\"%.*s\" is no name of a part's file",
                        bnc_clip(file, 80), file);
    }
    struct entry *entry = &out->entries[0];
    if (bnc_zip_unpack(entry->bytes.ptr, entry->bytes.len, VALUE_MAX, &text, err)) {
        return bnc_wrap(err, "part %s", write->name);
    }
    *entry = (struct entry){path, {text.ptr, text.len}};
    return BNC_OK;
}

static enum bnc_code
read_entries(struct output *out, const struct bnc_dir_item *write, struct bnc_error *err)
{
    static const struct {
        enum bnc_kind kind;
        const char *field;
        bool base64;
    } maps[] = {
        {BNC_KIND_SECRET, "data", true},
        {BNC_KIND_SECRET, "stringData", false},
        {BNC_KIND_CONFIG_MAP, "data", false},
        {BNC_KIND_CONFIG_MAP, "binaryData", true},
    };
    cJSON *tree = NULL;
    if (bnc_json_parse(out->arena, write->text, write->text_len, &tree, err)) {
        return err->code;
    }
    size_t room = 0;
    for (size_t i = 0; i < BNC_LEN(maps); i++) {
        room += (size_t)cJSON_GetArraySize(bnc_json_get(tree, maps[i].field));
    }
    out->entries = bnc_arena_array(out->arena, room, sizeof(*out->entries));
    for (size_t i = 0; i < BNC_LEN(maps); i++) {
        const cJSON *item = NULL;
        if (maps[i].kind != write->kind) {
            continue;
        }
        cJSON_ArrayForEach(item, bnc_json_get(tree, maps[i].field))
        {
            if (item->string != NULL && add_entry(out, item, maps[i].base64, err)) {
                return err->code;
            }
        }
    }
    return place_part(out, write, tree, err);
}

/* ---- from bytes to files ------------------------------------------------------- */

static bool
is_on_disk(struct output *out, const struct entry *entry)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    struct bnc_error ignored = {0};
    struct bnc_bytes found = {"", 0};
    return bnc_file_read(out->d->world, below(arena, out->d, entry->path),
                         entry->bytes.len, arena, &found, &ignored) == BNC_OK &&
           found.len == entry->bytes.len &&
           memcmp(found.ptr, entry->bytes.ptr, found.len) == 0;
}

/* What another output wrote in this run, or somebody else at any time, is left. */
static enum bnc_code
check_free(struct output *out, const struct entry *entry, struct bnc_error *err)
{
    const struct bnc_dir_owned *owned = bnc_map_get(out->d->owned, entry->path);
    const char *path = below(out->arena, out->d, entry->path);
    if (owned != NULL) {
        if (owned->fresh && strcmp(owned->owner, out->owner) != 0) {
            return bnc_fail(err, BNC_CONFLICT, "%s is a file of %s already", path,
                            owned->owner);
        }
        return BNC_OK;
    }
    if (bnc_file_type(out->d->world, path) == BNC_FILE_NONE || is_on_disk(out, entry)) {
        return BNC_OK;
    }
    return bnc_fail(
        err, BNC_CONFLICT,
        "%s was not written by binnacle: move it away, or choose another folder", path);
}

/* The list first: after a crash it may name too much, never too little. */
static enum bnc_code
own_entries(struct output *out, struct bnc_error *err)
{
    bool changed = false;
    for (size_t i = 0; i < out->n; i++) {
        const struct bnc_dir_owned *owned =
            bnc_map_get(out->d->owned, out->entries[i].path);
        changed = changed || owned == NULL || strcmp(owned->owner, out->owner) != 0;
        own(out->d, out->entries[i].path, out->owner, strlen(out->owner))->fresh = true;
    }
    return changed ? save_list(out->d, err) : BNC_OK;
}

static enum bnc_code
write_entries(struct output *out, struct bnc_error *err)
{
    for (size_t i = 0; i < out->n; i++) {
        const struct entry *entry = &out->entries[i];
        if (!is_on_disk(out, entry) &&
            bnc_file_write(out->d->world, below(out->arena, out->d, entry->path),
                           entry->bytes, out->mode, err)) {
            return err->code;
        }
    }
    return BNC_OK;
}

static bool
has_entry(const struct output *out, const char *path)
{
    for (size_t i = 0; i < out->n; i++) {
        if (strcmp(out->entries[i].path, path) == 0) {
            return true;
        }
    }
    return false;
}

/*
 * Remove what the output had and has no more; without an output, what no write
 * of this run renewed.
 */
static enum bnc_code
remove_stale(struct bnc_dir *d, const struct output *out, struct bnc_error *err)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    bool changed = false;
    enum bnc_code code = BNC_OK;
    size_t at = 0;
    const char *path = NULL;
    void *value = NULL;

    while (bnc_map_next(d->owned, &at, &path, &value)) {
        const struct bnc_dir_owned *owned = value;
        bool stale = out == NULL
                         ? !owned->fresh
                         : strcmp(owned->owner, out->owner) == 0 && !has_entry(out, path);
        if (!stale) {
            continue;
        }
        enum bnc_code removed = bnc_file_remove(d->world, below(arena, d, path), err);
        if (removed != BNC_OK && removed != BNC_NOT_FOUND) {
            code = removed; /* stays on the list */
            continue;
        }
        disown(d, path);
        changed = true;
    }
    if (changed && save_list(d, err)) {
        return err->code;
    }
    return code;
}

static enum bnc_code
open_output(struct output *out, const struct bnc_dir_item *write, struct bnc_error *err)
{
    static const char suffix[] = "-assets";
    const char *kind = bnc_kind_info(write->kind)->name;
    if (!bnc_dns_label_valid(write->ns) || !bnc_dns_subdomain_valid(write->name)) {
        return bnc_fail(err, BNC_INVALID, "\"%.*s/%.*s\" is not the name of an object",
                        bnc_clip(write->ns, 80), write->ns, bnc_clip(write->name, 80),
                        write->name);
    }
    size_t n = strlen(write->name);
    bool assets = write->kind == BNC_KIND_SECRET && bnc_str_ends(write->name, suffix) &&
                  n > strlen(suffix);
    out->owner = bnc_arena_fmt(out->arena, "%s %s/%s", kind, write->ns, write->name);
    out->mode = assets ? SECRET_MODE : PUBLIC_MODE;
    n -= assets ? strlen(suffix) : 0;
    out->folder = bnc_arena_fmt(out->arena, "%s/%.*s/%s", write->ns, (int)n, write->name,
                                assets ? FILES_FOLDER : "");
    return load_list(out->d, err);
}

enum bnc_code
bnc_dir_apply(struct bnc_dir *d, const struct bnc_dir_item *write, struct bnc_error *err)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    struct output out = {.d = d, .arena = arena};

    if (open_output(&out, write, err) || read_entries(&out, write, err)) {
        return err->code;
    }
    for (size_t i = 0; i < out.n; i++) {
        if (check_free(&out, &out.entries[i], err)) {
            return err->code;
        }
    }
    if (own_entries(&out, err) || write_entries(&out, err)) {
        return err->code;
    }
    return remove_stale(d, &out, err);
}

enum bnc_code
bnc_dir_delete(struct bnc_dir *d, const struct bnc_dir_item *write, struct bnc_error *err)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    struct output out = {.d = d, .arena = arena};

    if (open_output(&out, write, err)) {
        return err->code;
    }
    return remove_stale(d, &out, err);
}

void
bnc_dir_sweep(struct bnc_dir *d)
{
    struct bnc_error err = {0};
    if (d->to == NULL) {
        return;
    }
    if (load_list(d, &err) || remove_stale(d, NULL, &err)) {
        struct bnc_problem problem = {.reason = BNC_REASON_WRITE_FAILED,
                                      .file = d->to,
                                      .kind = "",
                                      .ns = "",
                                      .name = "",
                                      .field = "",
                                      .message = err.message};
        bnc_dir_tell(d, &problem);
    }
}
