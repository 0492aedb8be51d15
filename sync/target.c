#include "sync/target.h"

#include <string.h>

#include "lib/json.h"

static const char *
text_or(const cJSON *object, const char *key, const char *otherwise,
        struct bnc_arena *arena)
{
    const char *text = bnc_json_get_str(object, key);
    return bnc_arena_strdup(arena, text == NULL ? otherwise : text);
}

/* Up to three digits; NULL: there are none, or more. */
static const char *
read_number(const char *text, int *out)
{
    size_t n = strspn(text, "0123456789");
    *out = 0;
    for (size_t i = 0; i < n && i < 3; i++) {
        *out = *out * 10 + (text[i] - '0');
    }
    return n == 0 || n > 3 ? NULL : text + n;
}

void
bnc_target_version(const char *text, int *major, int *minor)
{
    int a = 0;
    int b = 0;
    if (text == NULL) {
        return;
    }
    text = read_number(text[0] == 'v' ? text + 1 : text, &a);
    if (text != NULL && text[0] == '.' && read_number(text + 1, &b) != NULL) {
        *major = a;
        *minor = b;
    }
}

enum bnc_code
bnc_target_read(const struct bnc_pruned *observatory, int64_t shard,
                struct bnc_arena *arena, struct bnc_target *out, struct bnc_error *err)
{
    cJSON *root = NULL;
    struct bnc_target target = {.shards = 1, .major = 3, .minor = 5};

    if (bnc_json_parse(arena, observatory->text.ptr, observatory->text.len, &root, err)) {
        return bnc_wrap(err, "Observatory %s/%s", observatory->ns, observatory->name);
    }
    const cJSON *prometheus = bnc_json_path(root, "spec", "prometheus", NULL);
    const cJSON *output = bnc_json_get(prometheus, "output");
    if (prometheus == NULL) {
        return bnc_fail(err, BNC_INVALID,
                        "Observatory %s/%s has no spec.prometheus: nothing is published",
                        observatory->ns, observatory->name);
    }
    (void)bnc_json_get_int(prometheus, "shards", &target.shards);
    if (shard >= target.shards) {
        return bnc_fail(err, BNC_INVALID,
                        "Observatory %s/%s has %lld shards: there is no shard %lld, they "
                        "are counted from 0",
                        observatory->ns, observatory->name, (long long)target.shards,
                        (long long)shard);
    }
    bnc_target_version(bnc_json_get_str(prometheus, "version"), &target.major,
                       &target.minor);
    target.kind = bnc_str_eq(bnc_json_get_str(output, "kind"), "ConfigMap")
                      ? BNC_KIND_CONFIG_MAP
                      : BNC_KIND_SECRET;
    target.ns = text_or(output, "namespace", observatory->ns, arena);
    const char *name = text_or(
        output, "name", bnc_arena_fmt(arena, "%s-prometheus", observatory->name), arena);
    target.name = target.shards == 1
                      ? name
                      : bnc_arena_fmt(arena, "%s-shard-%lld", name, (long long)shard);
    target.assets = bnc_arena_fmt(arena, "%s-assets", name);
    target.key = text_or(output, "key", "prometheus.yml", arena);
    target.uid = bnc_arena_strdup(arena, observatory->uid);
    *out = target;
    return BNC_OK;
}

const char *
bnc_target_config(const struct bnc_target *target, struct bnc_arena *arena)
{
    size_t n = strlen(target->key) - (bnc_str_ends(target->key, ".gz") ? 3 : 0);
    return bnc_arena_strndup(arena, target->key, n);
}

bool
bnc_target_equal(const struct bnc_target *a, const struct bnc_target *b)
{
    return a->kind == b->kind && a->major == b->major && a->minor == b->minor &&
           strcmp(a->ns, b->ns) == 0 && strcmp(a->name, b->name) == 0 &&
           strcmp(a->assets, b->assets) == 0 && strcmp(a->key, b->key) == 0 &&
           strcmp(a->uid, b->uid) == 0;
}
