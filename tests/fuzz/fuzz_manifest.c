/*
 * Any bytes as manifest.json, and any lines as the names in one whose hash is right: no
 * crash, and what is taken has safe names, each once, and the file that it begins with.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/hash.h"
#include "lib/json.h"
#include "sync/manifest.h"

#define NAMES_MAX 16

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void
require(bool cond)
{
    if (!cond) {
        abort();
    }
}

static void
check(const struct bnc_manifest *manifest)
{
    const struct bnc_manifest_file *config =
        bnc_manifest_find(manifest, manifest->config);
    require(config != NULL && strchr(manifest->config, '/') == NULL);
    for (size_t i = 0; i < manifest->n; i++) {
        const struct bnc_manifest_file *file = &manifest->files[i];
        struct bnc_error err = {0};
        require(bnc_manifest_name_ok(file->name));
        require(bnc_manifest_find(manifest, file->name) == file); /* so: once */
        require(strlen(file->sha256) == BNC_SHA256_HEX - 1);
        require(bnc_manifest_check(file, file->sha256, file->size, &err) == BNC_OK);
        require(bnc_manifest_check(file, file->sha256, file->size + 1, &err) != BNC_OK);
    }
}

static const struct bnc_manifest *
parse(struct bnc_arena *arena, const char *text, size_t n, const char *hash)
{
    const struct bnc_manifest *manifest = NULL;
    struct bnc_error err = {0};
    enum bnc_code code =
        bnc_manifest_parse(arena, (struct bnc_bytes){text, n}, hash, &manifest, &err);
    require((code == BNC_OK) == (err.message[0] == '\0'));
    if (code != BNC_OK) {
        return NULL;
    }
    check(manifest);
    return manifest;
}

/* A manifest of files with these names, a line each, whose hash is right. */
static void
parse_names(struct bnc_arena *arena, char *lines)
{
    cJSON *root = bnc_json_object(arena);
    cJSON *files = bnc_json_array(arena);
    struct bnc_str hashed = bnc_str_new(arena, (size_t)1024 * 1024);
    struct bnc_str text = bnc_str_new(arena, (size_t)1024 * 1024);
    const char *config = NULL;
    char *rest = NULL;
    char hex[BNC_SHA256_HEX];
    size_t n = 0;

    bnc_str_puts(&hashed, "");
    for (char *name = strtok_r(lines, "\n", &rest); name != NULL && n < NAMES_MAX;
         name = strtok_r(NULL, "\n", &rest)) {
        cJSON *file = bnc_json_object(arena);
        config = n++ == 0 ? name : config;
        bnc_sha256_hex(name, strlen(name), hex);
        bnc_str_fmt(&hashed, "%s\n%s\n", name, hex);
        bnc_json_set_str(arena, file, "name", name);
        bnc_json_set_str(arena, file, "sha256", hex);
        bnc_json_set_int(arena, file, "size", (int64_t)strlen(name));
        bnc_json_set_str(arena, file, "object", "main-prometheus");
        bnc_json_set_str(arena, file, "key", "jobs.yml.gz");
        bnc_json_add(files, file);
    }
    bnc_sha256_hex(hashed.ptr, hashed.len, hex);
    const char *hash = bnc_arena_fmt(arena, "sha256:%s", hex);
    bnc_json_set_int(arena, root, "version", 1);
    bnc_json_set_str(arena, root, "hash", hash);
    bnc_json_set_str(arena, root, "config", config == NULL ? "" : config);
    bnc_json_set_item(arena, root, "files", files);
    bnc_json_print(root, &text);
    const struct bnc_manifest *manifest = parse(arena, text.ptr, text.len, hash);
    require(manifest == NULL || manifest->n == n);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static const char hash[] =
        "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    char *text = malloc(n + 1);

    memcpy(text, data, n);
    text[n] = '\0';
    (void)parse(arena, text, n, hash);
    parse_names(arena, text);
    free(text);
    return 0;
}
