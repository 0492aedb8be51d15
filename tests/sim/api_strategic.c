#include <string.h>

#include "tests/sim/api_internal.h"

struct patching {
    struct bnc_arena *arena;
    const struct bnc_api_kind *kind;
    const char *wrong; /* the first thing that is */
};

static void patch_object(struct patching *p, const char *path, struct bnc_jv *tree,
                         const struct bnc_jv *patch);

static const char *
directive(const struct bnc_jv *patch)
{
    return bnc_jv_text(patch, "$patch", "");
}

static size_t
count_items(const struct bnc_jv *list)
{
    size_t n = 0;
    for (const struct bnc_jv *c = list == NULL ? NULL : list->child; c != NULL;
         c = c->next) {
        n++;
    }
    return n;
}

/* The place of the item that `element` stands for; the number of items: none. */
static size_t
place_of(const struct patching *p, const char *path, const struct bnc_jv *list,
         const char *element)
{
    size_t at = 0;
    for (const struct bnc_jv *c = list == NULL ? NULL : list->child; c != NULL;
         c = c->next, at++) {
        const char *other = bnc_api_element(p->arena, p->kind, path, c);
        if (other != NULL && strcmp(other, element) == 0) {
            break;
        }
    }
    return at;
}

static const struct bnc_jv *
item_at(const struct bnc_jv *list, size_t at)
{
    const struct bnc_jv *c = list->child;
    while (at-- > 0) {
        c = c->next;
    }
    return c;
}

/* Live items up to `to` that the patch does not name. */
static void
take_live(struct patching *p, struct bnc_jv *out, const struct bnc_jv *live, bool *named,
          size_t to)
{
    for (size_t at = 0; at < to; at++) {
        if (!named[at]) {
            named[at] = true;
            bnc_jv_append(out, bnc_jv_copy(p->arena, item_at(live, at)));
        }
    }
}

/*
 * The patch's items in its order, the other live ones in theirs; between the two the
 * live order counts, and what is new comes first.
 */
static struct bnc_jv *
patch_items(struct patching *p, const char *path, const struct bnc_jv *live,
            const struct bnc_jv *patch)
{
    size_t n = count_items(live);
    bool *named = bnc_arena_array(p->arena, n + 1, sizeof(*named));
    struct bnc_jv *out = bnc_jv_array(p->arena);

    for (const struct bnc_jv *c = patch->child; c != NULL; c = c->next) {
        named[place_of(p, path, live, bnc_api_element(p->arena, p->kind, path, c))] =
            true;
    }
    for (const struct bnc_jv *c = patch->child; c != NULL; c = c->next) {
        const char *element = bnc_api_element(p->arena, p->kind, path, c);
        size_t at = place_of(p, path, live, element);
        if (strcmp(directive(c), "delete") == 0) {
            continue;
        }
        if (strcmp(element, "k:{}") == 0 || *directive(c) != '\0') {
            p->wrong = "an item without the declared merge key, or with a directive that "
                       "the model does not know";
        }
        if (at < n) {
            take_live(p, out, live, named, at);
        }
        struct bnc_jv *item = at < n ? bnc_jv_copy(p->arena, item_at(live, at))
                              : c->type == BNC_JV_OBJECT ? bnc_jv_object(p->arena)
                                                         : bnc_jv_copy(p->arena, c);
        if (c->type == BNC_JV_OBJECT) {
            patch_object(p, bnc_arena_fmt(p->arena, "%s\x1f%s", path, element), item, c);
        }
        bnc_jv_append(out, item);
    }
    take_live(p, out, live, named, n);
    return out;
}

static void
patch_member(struct patching *p, const char *path, struct bnc_jv *tree,
             const struct bnc_jv *change)
{
    struct bnc_jv *live = bnc_jv_get(tree, change->key);
    bool same = live != NULL && live->type == change->type;
    bool keyed = change->type == BNC_JV_ARRAY && change->child != NULL &&
                 bnc_api_element(p->arena, p->kind, path, change->child) != NULL;

    if (change->type == BNC_JV_NULL) {
        bnc_jv_drop(tree, change->key);
    } else if (change->type == BNC_JV_OBJECT) {
        patch_object(p, path, same ? live : bnc_jv_need(p->arena, tree, change->key),
                     change);
    } else if (keyed) {
        struct bnc_jv *items = patch_items(p, path, same ? live : NULL, change);
        bnc_jv_drop(tree, change->key);
        if (items->child != NULL) { /* types leave out what is empty */
            bnc_jv_set(p->arena, tree, change->key, items);
        }
    } else {
        bnc_jv_set(p->arena, tree, change->key, bnc_jv_copy(p->arena, change));
    }
}

static void
patch_object(struct patching *p, const char *path, struct bnc_jv *tree,
             const struct bnc_jv *patch)
{
    if (strcmp(directive(patch), "replace") == 0 ||
        strcmp(directive(patch), "delete") == 0) {
        tree->child = tree->last = NULL;
    }
    for (const struct bnc_jv *c = patch->child; c != NULL; c = c->next) {
        if (strcmp(c->key, "$patch") == 0) {
            continue;
        }
        if (c->key[0] == '$') {
            p->wrong = "the model of the API server knows no directive but $patch";
            continue;
        }
        patch_member(p,
                     *path == '\0' ? bnc_arena_fmt(p->arena, "f:%s", c->key)
                                   : bnc_arena_fmt(p->arena,
                                                   "%s\x1f"
                                                   "f:%s",
                                                   path, c->key),
                     tree, c);
    }
}

const char *
bnc_api_strategic_patch(struct bnc_arena *arena, const struct bnc_api_kind *kind,
                        struct bnc_jv *tree, const struct bnc_jv *patch)
{
    struct patching p = {.arena = arena, .kind = kind};
    patch_object(&p, "", tree, patch);
    return p.wrong;
}
