#include "sync/grafana_proof.h"

#include <string.h>

#include "lib/clip.h"
#include "lib/hash.h"
#include "lib/yaml_in.h"

#define TEXT_MAX  ((size_t)4 * 1024 * 1024)
#define NAMES_MAX 3 /* that are told */
#define NAME_MAX  80

static void
add_org(struct bnc_gsync_list *list, int64_t org)
{
    for (size_t i = 0; i < list->n_orgs; i++) {
        if (list->orgs[i] == org) {
            return;
        }
    }
    if (list->n_orgs < BNC_GSYNC_ORGS_MAX) {
        list->orgs[list->n_orgs++] = org;
    }
}

static void
add_source(struct bnc_gsync_list *list, const cJSON *item, struct bnc_arena *arena)
{
    struct bnc_gsync_source *source = &list->items[list->n];
    const char *uid = bnc_json_get_str(item, "uid");
    const char *name = bnc_json_get_str(item, "name");
    struct bnc_str text = bnc_str_new(NULL, TEXT_MAX);
    char hex[BNC_SHA256_HEX];

    if (uid == NULL || name == NULL) {
        return; /* not written by us */
    }
    bnc_json_print(item, &text);
    bnc_sha256_hex(text.ptr, text.len, hex);
    explicit_bzero(text.ptr, text.room);
    bnc_str_free(&text);
    *source = (struct bnc_gsync_source){.org = 1,
                                        .uid = bnc_arena_strdup(arena, uid),
                                        .name = bnc_arena_strdup(arena, name)};
    memcpy(source->digest, hex, sizeof(source->digest) - 1);
    (void)bnc_json_get_int(item, "orgId", &source->org);
    add_org(list, source->org);
    list->n++;
}

enum bnc_code
bnc_gsync_list_read(struct bnc_bytes text, struct bnc_arena *arena,
                    struct bnc_gsync_list *out, struct bnc_error *err)
{
    BNC_AUTO(bnc_arena) scratch = bnc_arena_new();
    const struct bnc_yaml_limits limits = BNC_YAML_LIMITS_DEFAULT;
    struct bnc_yaml_docs docs = {0};
    struct bnc_error broken = {0};
    const cJSON *item = NULL;

    *out = (struct bnc_gsync_list){0};
    if (text.len == 0) {
        return BNC_OK;
    }
    if (bnc_yaml_read(text.ptr, text.len, &limits, scratch, &docs, &broken) ||
        docs.n != 1) {
        return bnc_fail(err, BNC_INVALID, "the provisioning file is no YAML document");
    }
    const cJSON *list = bnc_json_get(docs.items[0].root, "datasources");
    out->items =
        bnc_arena_array(arena, (size_t)cJSON_GetArraySize(list) + 1, sizeof(*out->items));
    cJSON_ArrayForEach(item, list)
    {
        add_source(out, item, arena);
    }
    return BNC_OK;
}

/* ---- names for people ---------------------------------------------------------- */

struct names {
    struct bnc_str text;
    size_t n;
};

static struct names
names_new(struct bnc_arena *arena)
{
    return (struct names){
        .text = bnc_str_new(arena, (NAMES_MAX + 1) * (size_t)(NAME_MAX + 8))};
}

static void
add_name(struct names *names, const char *name)
{
    if (names->n < NAMES_MAX) {
        bnc_str_fmt(&names->text, "%s%.*s", names->n == 0 ? "" : ", ",
                    bnc_clip(name, NAME_MAX), name);
    } else if (names->n == NAMES_MAX) {
        bnc_str_puts(&names->text, ", ...");
    }
    names->n++;
}

static bool
has_uid(const cJSON *answer, const char *uid)
{
    const cJSON *item = NULL;
    cJSON_ArrayForEach(item, answer)
    {
        if (bnc_str_eq(bnc_json_get_str(item, "uid"), uid)) {
            return true;
        }
    }
    return false;
}

const char *
bnc_gsync_list_missing(const struct bnc_gsync_list *list, int64_t org,
                       const cJSON *answer, struct bnc_arena *arena)
{
    struct names names = names_new(arena);
    for (size_t i = 0; i < list->n; i++) {
        if (list->items[i].org == org && !has_uid(answer, list->items[i].uid)) {
            add_name(&names, list->items[i].name);
        }
    }
    return names.n == 0 ? NULL : names.text.ptr;
}

static bool
has_alike(const struct bnc_gsync_list *list, const struct bnc_gsync_source *source)
{
    for (size_t i = 0; i < list->n; i++) {
        const struct bnc_gsync_source *one = &list->items[i];
        if (one->org == source->org && strcmp(one->uid, source->uid) == 0 &&
            strcmp(one->digest, source->digest) == 0) {
            return true;
        }
    }
    return false;
}

const char *
bnc_gsync_list_changed(const struct bnc_gsync_list *before,
                       const struct bnc_gsync_list *now, struct bnc_arena *arena)
{
    struct names names = names_new(arena);
    for (size_t i = 0; i < now->n; i++) {
        if (!has_alike(before, &now->items[i])) {
            add_name(&names, now->items[i].name);
        }
    }
    return names.n == 0 ? NULL : names.text.ptr;
}
