#include "reconcilers/scope.h"

#include <stdlib.h>
#include <string.h>

struct collect {
    const struct bnc_selector *selector;
    struct bnc_arena *arena;
    struct bnc_texts names;
    size_t room;
};

static void
text_add(struct collect *c, const char *name)
{
    if (c->names.n == c->room) {
        size_t room = c->room == 0 ? 8 : c->room * 2;
        const char **items = bnc_arena_array(c->arena, room, sizeof(*items));
        if (c->names.n > 0) {
            memcpy(items, c->names.items, c->names.n * sizeof(*items));
        }
        c->names.items = items;
        c->room = room;
    }
    c->names.items[c->names.n++] = bnc_arena_strdup(c->arena, name);
}

static void
collect_namespace(void *arg, const struct bnc_object *object)
{
    struct collect *c = arg;
    struct bnc_error err = {0};
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    cJSON *root = NULL;

    if (bnc_json_parse(arena, object->text.ptr, object->text.len, &root, &err)) {
        return;
    }
    if (bnc_selector_match(c->selector,
                           bnc_json_path(root, "metadata", "labels", NULL))) {
        text_add(c, object->name);
    }
}

struct bnc_scope
bnc_scope_own(const char *ns, struct bnc_arena *arena)
{
    struct bnc_scope scope = {.names = {.n = 1, .set = true}};
    scope.names.items = bnc_arena_array(arena, 1, sizeof(*scope.names.items));
    scope.names.items[0] = bnc_arena_strdup(arena, ns);
    return scope;
}

enum bnc_found
bnc_scope_resolve(const struct bnc_selector *selector, const char *own,
                  struct bnc_view *view, struct bnc_arena *arena, struct bnc_scope *out)
{
    if (selector == NULL) {
        *out = bnc_scope_own(own, arena);
        return BNC_VIEW_FOUND;
    }
    if (selector->n == 0) {
        *out = (struct bnc_scope){.all = true};
        return BNC_VIEW_FOUND;
    }
    struct collect c = {.selector = selector, .arena = arena};
    enum bnc_found found =
        bnc_view_list(view, BNC_KIND_NAMESPACE, NULL, collect_namespace, &c);
    c.names.set = true;
    *out = (struct bnc_scope){.names = c.names};
    return found;
}

struct bnc_scope
bnc_scope_limit(const struct bnc_scope *a, const struct bnc_scope *b,
                struct bnc_arena *arena)
{
    if (b->all) {
        return *a;
    }
    if (a->all) {
        return *b;
    }
    struct collect c = {.arena = arena};
    for (size_t i = 0; i < a->names.n; i++) {
        if (bnc_scope_has(b, a->names.items[i])) {
            text_add(&c, a->names.items[i]);
        }
    }
    c.names.set = true;
    return (struct bnc_scope){.names = c.names};
}

static int
compare_name(const void *key, const void *item)
{
    return strcmp(key, *(const char *const *)item);
}

bool
bnc_scope_has(const struct bnc_scope *scope, const char *ns)
{
    return scope->all ||
           (scope->names.n > 0 && bsearch(ns, scope->names.items, scope->names.n,
                                          sizeof(*scope->names.items), compare_name));
}

bool
bnc_scope_meet(const struct bnc_scope *a, const struct bnc_scope *b)
{
    if (a->all) {
        return b->all || b->names.n > 0;
    }
    for (size_t i = 0; i < a->names.n; i++) {
        if (bnc_scope_has(b, a->names.items[i])) {
            return true;
        }
    }
    return false;
}

bool
bnc_settings_trusts(const struct bnc_settings *settings, const char *ns)
{
    const char *const *list = settings->trusted_namespaces;
    if (list == NULL) {
        return true;
    }
    for (size_t i = 0; list[i] != NULL; i++) {
        if (strcmp(list[i], ns) == 0) {
            return true;
        }
    }
    return false;
}
