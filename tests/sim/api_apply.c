#include <stdlib.h>
#include <string.h>

#include "tests/sim/api_internal.h"

/* Lists that are maps or sets; all others are atomic. */
static const struct {
    const char *parent; /* of the list; NULL: any */
    const char *list;
    const char *keys[2]; /* none: a set of values */
    bool custom;         /* in objects of CRDs as well */
} lists[] = {
    {"f:metadata", "f:ownerReferences", {"uid", NULL}, true},
    {"f:metadata", "f:finalizers", {NULL, NULL}, true},
    {NULL, "f:conditions", {"type", NULL}, true},
    {"f:status", "f:observatories", {"namespace", "name"}, true},
    {NULL, "f:containers", {"name", NULL}, false},
    {NULL, "f:initContainers", {"name", NULL}, false},
    {NULL, "f:volumes", {"name", NULL}, false},
    {NULL, "f:env", {"name", NULL}, false},
    {"f:spec", "f:ports", {"port", "protocol"}, false},
    {NULL, "f:ports", {"containerPort", "protocol"}, false},
};

/* The last element of `path`, and in `parent` the one before it. */
static const char *
last_elements(const char *path, const char **parent, size_t *parent_n)
{
    const char *last = strrchr(path, '\x1f');
    if (last == NULL) {
        *parent = "";
        *parent_n = 0;
        return path;
    }
    const char *p = last;
    while (p > path && p[-1] != '\x1f') {
        p--;
    }
    *parent = p;
    *parent_n = (size_t)(last - p);
    return last + 1;
}

static const char *
key_element(struct bnc_arena *arena, const char *const keys[2], const struct bnc_jv *item)
{
    struct bnc_jv *key = bnc_jv_object(arena);
    for (size_t i = 0; i < 2 && keys[i] != NULL; i++) {
        const struct bnc_jv *v = bnc_jv_get(item, keys[i]);
        if (v != NULL) {
            bnc_jv_set(arena, key, keys[i], bnc_jv_copy(arena, v));
        } else if (strcmp(keys[i], "protocol") == 0) {
            bnc_jv_set(arena, key, keys[i], bnc_jv_string(arena, "TCP"));
        }
    }
    struct bnc_str text = bnc_str_new(arena, 4096);
    bnc_str_puts(&text, "k:");
    bnc_jv_print(key, &text);
    return text.ptr;
}

/* The row of the list at `path`; its length when the list is atomic. */
static size_t
row_of(const struct bnc_api_kind *kind, const char *path)
{
    const char *parent;
    size_t parent_n;
    const char *last = last_elements(path, &parent, &parent_n);
    for (size_t i = 0; i < BNC_LEN(lists); i++) {
        if (strcmp(lists[i].list, last) == 0 && (!kind->custom || lists[i].custom) &&
            (lists[i].parent == NULL ||
             (strlen(lists[i].parent) == parent_n &&
              strncmp(lists[i].parent, parent, parent_n) == 0))) {
            return i;
        }
    }
    return BNC_LEN(lists);
}

const char *
bnc_api_element(struct bnc_arena *arena, const struct bnc_api_kind *kind,
                const char *path, const struct bnc_jv *item)
{
    size_t row = row_of(kind, path);
    if (row == BNC_LEN(lists)) {
        return NULL;
    }
    if (lists[row].keys[0] != NULL) {
        return key_element(arena, lists[row].keys, item);
    }
    struct bnc_str text = bnc_str_new(arena, 4096);
    bnc_str_puts(&text, "v:");
    bnc_jv_print(item, &text);
    return text.ptr;
}

static const char *
below(struct bnc_arena *arena, const char *path, const char *key)
{
    return *path == '\0' ? bnc_arena_fmt(arena, "f:%s", key)
                         : bnc_arena_fmt(arena,
                                         "%s\x1f"
                                         "f:%s",
                                         path, key);
}

static struct bnc_jv *
find_item(struct bnc_arena *arena, const struct bnc_api_kind *kind, const char *path,
          const struct bnc_jv *list, const char *element)
{
    for (struct bnc_jv *c = list->child; c != NULL; c = c->next) {
        const char *other = bnc_api_element(arena, kind, path, c);
        if (other != NULL && strcmp(other, element) == 0) {
            return c;
        }
    }
    return NULL;
}

/* ---- merging ------------------------------------------------------------------------
 */

static void
merge_object(struct bnc_arena *arena, const struct bnc_api_kind *kind, const char *path,
             struct bnc_jv *tree, const struct bnc_jv *config);

/* False when the list at `path` is atomic. */
static bool
merge_list(struct bnc_arena *arena, const struct bnc_api_kind *kind, const char *path,
           struct bnc_jv *tree, const struct bnc_jv *config)
{
    if (row_of(kind, path) == BNC_LEN(lists)) {
        return false;
    }
    for (const struct bnc_jv *c = config->child; c != NULL; c = c->next) {
        const char *element = bnc_api_element(arena, kind, path, c);
        struct bnc_jv *old = find_item(arena, kind, path, tree, element);
        if (old == NULL) {
            bnc_jv_append(tree, bnc_jv_copy(arena, c));
        } else if (c->type == BNC_JV_OBJECT) {
            merge_object(arena, kind, bnc_arena_fmt(arena, "%s\x1f%s", path, element),
                         old, c);
        }
    }
    return true;
}

static void
merge_object(struct bnc_arena *arena, const struct bnc_api_kind *kind, const char *path,
             struct bnc_jv *tree, const struct bnc_jv *config)
{
    for (const struct bnc_jv *c = config->child; c != NULL; c = c->next) {
        struct bnc_jv *old = bnc_jv_get(tree, c->key);
        const char *at = below(arena, path, c->key);
        bool same = old != NULL && old->type == c->type;
        if (same && c->type == BNC_JV_OBJECT) {
            merge_object(arena, kind, at, old, c);
        } else if (!(same && c->type == BNC_JV_ARRAY &&
                     merge_list(arena, kind, at, old, c))) {
            bnc_jv_set(arena, tree, c->key, bnc_jv_copy(arena, c));
        }
    }
}

void
bnc_api_merge(struct bnc_arena *arena, const struct bnc_api_kind *kind,
              struct bnc_jv *tree, const struct bnc_jv *config)
{
    merge_object(arena, kind, "", tree, config);
}

/* ---- taking out -----------------------------------------------------------------------
 */

/* True when `node` is empty afterwards. */
static bool
take_out(struct bnc_arena *arena, const struct bnc_api_kind *kind, struct bnc_jv *node,
         const char *path, const char *rest)
{
    size_t n = strcspn(rest, "\x1f");
    const char *element = bnc_arena_strndup(arena, rest, n);
    struct bnc_jv *child = node->type == BNC_JV_OBJECT
                               ? bnc_jv_get(node, element + 2)
                               : find_item(arena, kind, path, node, element);
    if (child == NULL) {
        return false;
    }
    const char *at =
        *path == '\0' ? element : bnc_arena_fmt(arena, "%s\x1f%s", path, element);
    if (rest[n] == '\0' || take_out(arena, kind, child, at, rest + n + 1)) {
        bnc_jv_unlink(node, child);
    }
    return node->child == NULL;
}

void
bnc_api_take_out(struct bnc_arena *arena, const struct bnc_api_kind *kind,
                 struct bnc_jv *tree, const char *path)
{
    (void)take_out(arena, kind, tree, "", path);
}
