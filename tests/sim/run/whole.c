/* What a reader that comes at any moment finds: a whole set, or none. */
#include <string.h>

#include "lib/base64.h"
#include "lib/hash.h"
#include "lib/json.h"
#include "lib/zip.h"
#include "tests/sim/run/run.h"

#define FILE_MAX ((size_t)16 * 1024 * 1024)

struct reader {
    struct readers *readers;
    struct bnc_sim_api *api;
    struct bnc_arena *arena;
    const char *kind;
    const char *wrong;
};

static cJSON *
parse(struct reader *r, const char *json)
{
    struct bnc_error err = {0};
    cJSON *root = NULL;
    if (json == NULL || bnc_json_parse(r->arena, json, strlen(json), &root, &err)) {
        return NULL;
    }
    return root;
}

/* The bytes of one key, from whichever map it is in. */
static bool
value_of(struct reader *r, const cJSON *object, const char *key, struct bnc_bytes *out)
{
    const char *text = bnc_json_get_str(bnc_json_get(object, "data"), key);
    if (text != NULL && strcmp(r->kind, "ConfigMap") == 0) {
        *out = (struct bnc_bytes){text, strlen(text)};
        return true;
    }
    if (text == NULL) {
        text = bnc_json_get_str(bnc_json_get(object, "binaryData"), key);
    }
    return text != NULL && bnc_base64_decode(r->arena, text, out);
}

static void
check_file(struct reader *r, const char *ns, const cJSON *file)
{
    const char *object = bnc_json_get_str(file, "object");
    const char *key = bnc_json_get_str(file, "key");
    struct bnc_str text = bnc_str_new(r->arena, FILE_MAX);
    struct bnc_error err = {0};
    struct bnc_bytes bytes = {0};
    char hex[BNC_SHA256_HEX];

    cJSON *part = parse(r, bnc_sim_api_get(r->api, r->kind, ns, object));
    if (part == NULL || !value_of(r, part, key, &bytes)) {
        r->wrong = bnc_arena_fmt(r->arena, "%s %s/%s is named and is not there", r->kind,
                                 ns, object);
        return;
    }
    if (bnc_str_ends(key, ".gz")) {
        if (bnc_zip_unpack(bytes.ptr, bytes.len, FILE_MAX, &text, &err)) {
            r->wrong = bnc_arena_fmt(r->arena, "%s/%s: %s", ns, object, err.message);
            return;
        }
        bytes = (struct bnc_bytes){text.ptr, text.len};
    }
    bnc_sha256_hex(bytes.ptr, bytes.len, hex);
    if (!bnc_str_eq(hex, bnc_json_get_str(file, "sha256"))) {
        r->wrong = bnc_arena_fmt(r->arena, "%s %s/%s has other content than is named",
                                 r->kind, ns, object);
    }
}

static void
check_root(void *arg, const struct bnc_sim_api_item *item)
{
    struct reader *r = arg;
    struct bnc_error err = {0};
    struct bnc_bytes text = {0};
    cJSON *manifest = NULL;
    const cJSON *file;

    cJSON *root = r->wrong == NULL ? parse(r, item->json) : NULL;
    if (root == NULL || !readers_keep(r->readers, r->kind, item->ns, item->name) ||
        !value_of(r, root, "manifest.json", &text) ||
        bnc_json_parse(r->arena, text.ptr, text.len, &manifest, &err)) {
        return;
    }
    cJSON_ArrayForEach(file, bnc_json_get(manifest, "files"))
    {
        /* the root itself may have been edited by hand */
        if (!bnc_str_eq(bnc_json_get_str(file, "object"), item->name)) {
            check_file(r, item->ns, file);
        }
    }
}

const char *
judge_whole(struct readers *readers, struct bnc_sim_api *api, struct bnc_arena *arena)
{
    struct reader r = {.readers = readers, .api = api, .arena = arena, .kind = "Secret"};
    (void)bnc_sim_api_list(api, "Secret", check_root, &r);
    r.kind = "ConfigMap";
    (void)bnc_sim_api_list(api, "ConfigMap", check_root, &r);
    return r.wrong;
}
