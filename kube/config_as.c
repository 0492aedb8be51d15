/*
 * Impersonation: whom a kubeconfig lets us act as.  All of it is sent or the file is
 * refused, so that fewer rights never become more.
 */
#include <string.h>

#include "kube/config_fields.h"
#include "kube/url.h"
#include "lib/str.h"

#define LINES_MAX  200                /* headers */
#define HEADER_MAX ((size_t)8 * 1024) /* bytes of one */

struct lines {
    const struct bnc_kubeconfig_entry *entry;
    struct bnc_arena *arena;
    const char **items;
    size_t n;
};

static enum bnc_code
add(struct lines *lines, const char *key, const char *header, const char *value,
    struct bnc_error *err)
{
    if (strpbrk(value, "\r\n") != NULL || value[0] == '\0' ||
        strlen(value) > HEADER_MAX) {
        return bnc_kubeconfig_fail(err, lines->entry, key,
                                   "has an item that is empty, too long or of several "
                                   "lines");
    }
    if (lines->n == LINES_MAX) {
        return bnc_kubeconfig_fail(err, lines->entry, key, "has too many items");
    }
    lines->items[lines->n++] = bnc_arena_fmt(lines->arena, "%s: %s", header, value);
    return BNC_OK;
}

/* Names of headers are of one case and a few characters: the rest goes as %XX. */
static const char *
extra_header(struct bnc_arena *arena, const char *key)
{
    struct bnc_str text = bnc_str_new(arena, HEADER_MAX);
    char *lower = bnc_arena_strdup(arena, key);

    for (char *p = lower; *p != '\0'; p++) {
        *p = (char)(*p >= 'A' && *p <= 'Z' ? *p + 'a' - 'A' : *p);
    }
    bnc_str_puts(&text, "Impersonate-Extra-");
    bnc_url_encode(&text, lower);
    return text.too_big ? NULL : text.ptr;
}

/* {"scopes": ["view", "edit"]} */
static enum bnc_code
add_extra(struct lines *lines, struct bnc_error *err)
{
    static const char key[] = "as-user-extra";
    const cJSON *extra = bnc_json_get(lines->entry->body, key);
    const struct bnc_kubeconfig_entry entry = {lines->entry->file, lines->entry->what,
                                               lines->entry->name, extra};
    const cJSON *item = NULL;

    if (extra != NULL && !cJSON_IsNull(extra) && !cJSON_IsObject(extra)) {
        return bnc_kubeconfig_fail(err, lines->entry, key, "is not a map of lists");
    }
    cJSON_ArrayForEach(item, extra)
    {
        const char *const *values = NULL;
        const char *header = extra_header(lines->arena, item->string);
        if (header == NULL || item->string[0] == '\0') {
            return bnc_kubeconfig_fail(err, lines->entry, key, "has an unusable key");
        }
        if (bnc_kubeconfig_texts(&entry, item->string, false, lines->arena, &values,
                                 err)) {
            return err->code;
        }
        for (size_t i = 0; values[i] != NULL; i++) {
            if (add(lines, key, header, values[i], err)) {
                return err->code;
            }
        }
    }
    return BNC_OK;
}

enum bnc_code
bnc_kubeconfig_impersonate(const struct bnc_kubeconfig_entry *entry,
                           struct bnc_kube_config *config, struct bnc_error *err)
{
    const char *const *groups = NULL;
    struct lines lines = {
        .entry = entry,
        .arena = config->arena,
        .items = bnc_arena_array(config->arena, LINES_MAX + 1, sizeof(*lines.items)),
    };

    if (bnc_kubeconfig_text(entry, "as", &config->as, err) ||
        bnc_kubeconfig_text(entry, "as-uid", &config->as_uid, err) ||
        bnc_kubeconfig_texts(entry, "as-groups", false, config->arena, &groups, err)) {
        return err->code;
    }
    if ((config->as != NULL && add(&lines, "as", "Impersonate-User", config->as, err)) ||
        (config->as_uid != NULL &&
         add(&lines, "as-uid", "Impersonate-Uid", config->as_uid, err))) {
        return err->code;
    }
    for (size_t i = 0; groups[i] != NULL; i++) {
        if (add(&lines, "as-groups", "Impersonate-Group", groups[i], err)) {
            return err->code;
        }
    }
    if (add_extra(&lines, err)) {
        return err->code;
    }
    config->impersonate = lines.items;
    if (lines.n > 0 && config->as == NULL) {
        return bnc_kubeconfig_fail(
            err, entry, "as",
            "is missing while as-uid, as-groups or as-user-extra is set");
    }
    return BNC_OK;
}
