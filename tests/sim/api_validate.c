#include <ctype.h>
#include <string.h>

#include "tests/sim/api_internal.h"

#define MAX_DATA        ((size_t)1 << 20) /* of a Secret or ConfigMap */
#define MAX_ANNOTATIONS ((size_t)256 << 10)

static bool
is_name(const char *name)
{
    size_t n = strlen(name);
    if (n == 0 || n > 253 || name[0] == '-' || name[n - 1] == '-' || name[0] == '.' ||
        name[n - 1] == '.') {
        return false;
    }
    return strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-.") == n;
}

static bool
is_label_value(const char *value)
{
    size_t n = strlen(value);
    if (n == 0) {
        return true;
    }
    for (size_t i = 0; i < n; i++) {
        if (isalnum((unsigned char)value[i]) == 0 && strchr("-_.", value[i]) == NULL) {
            return false;
        }
    }
    return n <= 63 && isalnum((unsigned char)value[0]) != 0 &&
           isalnum((unsigned char)value[n - 1]) != 0;
}

static const char *
check_text_map(struct bnc_arena *arena, const struct bnc_jv *map, const char *field)
{
    for (const struct bnc_jv *c = map == NULL ? NULL : map->child; c != NULL;
         c = c->next) {
        if (c->type != BNC_JV_STRING) {
            return bnc_arena_fmt(arena, "%s.%s: Invalid value: must be a string", field,
                                 c->key);
        }
    }
    return NULL;
}

static const char *
check_owners(const struct bnc_jv *owners)
{
    static const char *const needed[] = {"apiVersion", "kind", "name", "uid"};
    int controllers = 0;
    for (const struct bnc_jv *o = owners == NULL ? NULL : owners->child; o != NULL;
         o = o->next) {
        for (size_t i = 0; i < BNC_LEN(needed); i++) {
            if (*bnc_jv_text(o, needed[i], "") == '\0') {
                return "metadata.ownerReferences: Required value: apiVersion, kind, name "
                       "and uid must not be empty";
            }
        }
        const struct bnc_jv *controller = bnc_jv_get(o, "controller");
        controllers += controller != NULL && controller->type == BNC_JV_TRUE;
    }
    return controllers > 1
               ? "metadata.ownerReferences: Invalid value: Only one reference "
                 "can have Controller set to true"
               : NULL;
}

static const char *
check_metadata(struct bnc_arena *arena, const struct bnc_jv *meta)
{
    size_t annotations = 0;
    const struct bnc_jv *labels = bnc_jv_get(meta, "labels");
    const char *name = bnc_jv_text(meta, "name", "");
    if (!is_name(name)) {
        return bnc_arena_fmt(arena, "metadata.name: Invalid value: \"%s\"", name);
    }
    const char *wrong = check_text_map(arena, labels, "metadata.labels");
    for (const struct bnc_jv *c = labels == NULL ? NULL : labels->child;
         c != NULL && wrong == NULL; c = c->next) {
        if (!is_label_value(c->text)) {
            return bnc_arena_fmt(arena, "metadata.labels: Invalid value: \"%s\"",
                                 c->text);
        }
    }
    const struct bnc_jv *notes = bnc_jv_get(meta, "annotations");
    if (wrong == NULL) {
        wrong = check_text_map(arena, notes, "metadata.annotations");
    }
    for (const struct bnc_jv *c = notes == NULL ? NULL : notes->child;
         c != NULL && wrong == NULL; c = c->next) {
        annotations += strlen(c->key) + strlen(c->text);
    }
    if (annotations > MAX_ANNOTATIONS) {
        return "metadata.annotations: Too long: must have at most 262144 bytes";
    }
    return wrong != NULL ? wrong : check_owners(bnc_jv_get(meta, "ownerReferences"));
}

/* Bytes after decoding; SIZE_MAX when it is no base64. */
static size_t
base64_size(const char *text)
{
    size_t n = strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                            "0123456789+/");
    size_t padding = strspn(text + n, "=");
    if (text[n + padding] != '\0' || padding > 2 || (n + padding) % 4 != 0) {
        return SIZE_MAX;
    }
    return (n + padding) / 4 * 3 - padding;
}

static const char *
check_data_map(struct bnc_arena *arena, const struct bnc_jv *tree, const char *field,
               bool encoded, size_t *total)
{
    const struct bnc_jv *data = bnc_jv_get(tree, field);
    const char *wrong = check_text_map(arena, data, field);
    for (const struct bnc_jv *c = data == NULL ? NULL : data->child;
         c != NULL && wrong == NULL; c = c->next) {
        size_t n = encoded ? base64_size(c->text) : strlen(c->text);
        if (n == SIZE_MAX) {
            return bnc_arena_fmt(arena, "%s.%s: illegal base64 data", field, c->key);
        }
        for (const char *p = c->key; *p != '\0'; p++) {
            if (isalnum((unsigned char)*p) == 0 && strchr("-._", *p) == NULL) {
                return bnc_arena_fmt(arena, "%s[%s]: Invalid value", field, c->key);
            }
        }
        *total += n;
    }
    return wrong;
}

static const char *
check_data(struct bnc_arena *arena, const struct bnc_api_kind *kind,
           const struct bnc_jv *live, const struct bnc_jv *tree)
{
    size_t total = 0;
    bool secret = strcmp(kind->kind, "Secret") == 0;
    const char *wrong = check_data_map(arena, tree, "data", secret, &total);
    if (wrong == NULL) {
        wrong = check_data_map(arena, tree, "binaryData", true, &total);
    }
    if (wrong == NULL && total > MAX_DATA) {
        wrong = "data: Too long: must have at most 1048576 bytes";
    }
    if (wrong != NULL || live == NULL) {
        return wrong;
    }
    const struct bnc_jv *fixed = bnc_jv_get(live, "immutable");
    if (fixed != NULL && fixed->type == BNC_JV_TRUE &&
        (!bnc_jv_equal(bnc_jv_get(live, "data"), bnc_jv_get(tree, "data")) ||
         !bnc_jv_equal(fixed, bnc_jv_get(tree, "immutable")))) {
        return "data: Forbidden: field is immutable when `immutable` is set";
    }
    if (secret && strcmp(bnc_jv_text(live, "type", "Opaque"),
                         bnc_jv_text(tree, "type", "Opaque")) != 0) {
        return "type: Invalid value: field is immutable";
    }
    return NULL;
}

static const char *
check_conditions(struct bnc_arena *arena, const struct bnc_jv *tree)
{
    static const char *const needed[] = {"type", "status", "reason",
                                         "lastTransitionTime"};
    const struct bnc_jv *list = bnc_jv_get(bnc_jv_get(tree, "status"), "conditions");
    for (const struct bnc_jv *c = list == NULL ? NULL : list->child; c != NULL;
         c = c->next) {
        for (size_t i = 0; i < BNC_LEN(needed); i++) {
            if (*bnc_jv_text(c, needed[i], "") == '\0') {
                return bnc_arena_fmt(arena, "status.conditions.%s: Required value",
                                     needed[i]);
            }
        }
        if (strlen(bnc_jv_text(c, "message", "")) > 32768 ||
            bnc_jv_get(c, "message") == NULL) {
            return "status.conditions.message: missing, or over 32768 bytes";
        }
    }
    return NULL;
}

static const char *
check_event(struct bnc_arena *arena, const struct bnc_jv *tree)
{
    static const struct {
        const char *key;
        size_t max;
    } rows[] = {{"eventTime", 64},
                {"type", 16},
                {"reason", 128},
                {"action", 128},
                {"reportingController", 253},
                {"reportingInstance", 128}};
    for (size_t i = 0; i < BNC_LEN(rows); i++) {
        size_t n = strlen(bnc_jv_text(tree, rows[i].key, ""));
        if (n == 0 || n > rows[i].max) {
            return bnc_arena_fmt(arena, "%s: missing, or over %zu bytes", rows[i].key,
                                 rows[i].max);
        }
    }
    if (strlen(bnc_jv_text(tree, "note", "")) > 1024) {
        return "note: can have at most 1024 characters";
    }
    const char *ns = bnc_jv_text(bnc_jv_get(tree, "regarding"), "namespace", "default");
    if (strcmp(ns, bnc_jv_text(bnc_jv_get(tree, "metadata"), "namespace", "")) != 0) {
        return "involvedObject.namespace: does not match event.namespace";
    }
    return NULL;
}

const char *
bnc_api_validate(struct bnc_arena *arena, const struct bnc_api_kind *kind,
                 const struct bnc_jv *live, const struct bnc_jv *tree)
{
    const char *wrong = check_metadata(arena, bnc_jv_get(tree, "metadata"));
    if (wrong != NULL) {
        return wrong;
    }
    if (strcmp(kind->kind, "Secret") == 0 || strcmp(kind->kind, "ConfigMap") == 0) {
        return check_data(arena, kind, live, tree);
    }
    if (strcmp(kind->kind, "Event") == 0) {
        return check_event(arena, tree);
    }
    return kind->custom ? check_conditions(arena, tree) : NULL;
}
