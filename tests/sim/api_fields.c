#include <stdlib.h>
#include <string.h>

#include "tests/sim/api_internal.h"

/*
 * A field is a path of elements as in fieldsV1 ("f:metadata", "f:labels",
 * "f:app", "k:{\"type\":\"Ready\"}", "v:\"x\""), joined by SEP.
 */
#define SEP "\x1f"

/* ---- sets of paths -------------------------------------------------------------- */

struct bnc_api_set
bnc_api_set_new(struct bnc_arena *arena)
{
    return (struct bnc_api_set){.arena = arena};
}

void
bnc_api_set_add(struct bnc_api_set *set, const char *path)
{
    if (set->n == set->room) {
        size_t room = set->room == 0 ? 16 : set->room * 2;
        const char **bigger = bnc_arena_array(set->arena, room, sizeof(*bigger));
        if (set->n > 0) {
            memcpy(bigger, set->paths, set->n * sizeof(*bigger));
        }
        set->paths = bigger;
        set->room = room;
    }
    set->paths[set->n++] = path;
}

static int
by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

void
bnc_api_set_sort(struct bnc_api_set *set)
{
    size_t kept = 0;
    if (set->n == 0) {
        return;
    }
    qsort(set->paths, set->n, sizeof(*set->paths), by_text);
    for (size_t i = 0; i < set->n; i++) {
        if (kept == 0 || strcmp(set->paths[kept - 1], set->paths[i]) != 0) {
            set->paths[kept++] = set->paths[i];
        }
    }
    set->n = kept;
}

/* The first that is not before `path`. */
static size_t
lower_bound(const struct bnc_api_set *set, const char *path)
{
    size_t low = 0;
    size_t high = set->n;
    while (low < high) {
        size_t mid = (low + high) / 2;
        if (strcmp(set->paths[mid], path) < 0) {
            low = mid + 1;
        } else {
            high = mid;
        }
    }
    return low;
}

bool
bnc_api_set_has(const struct bnc_api_set *set, const char *path)
{
    size_t at = lower_bound(set, path);
    return at < set->n && strcmp(set->paths[at], path) == 0;
}

bool
bnc_api_set_has_below(const struct bnc_api_set *set, const char *path)
{
    size_t n = strlen(path);
    for (size_t at = lower_bound(set, path);
         at < set->n && strncmp(set->paths[at], path, n) == 0; at++) {
        if (set->paths[at][n] == '\0' || set->paths[at][n] == SEP[0]) {
            return true;
        }
    }
    return false;
}

bool
bnc_api_set_equal(const struct bnc_api_set *a, const struct bnc_api_set *b)
{
    if (a->n != b->n) {
        return false;
    }
    for (size_t i = 0; i < a->n; i++) {
        if (strcmp(a->paths[i], b->paths[i]) != 0) {
            return false;
        }
    }
    return true;
}

static struct bnc_api_set
pick(const struct bnc_api_set *a, const struct bnc_api_set *b, bool in_b)
{
    struct bnc_api_set out = bnc_api_set_new(a->arena);
    for (size_t i = 0; i < a->n; i++) {
        if (bnc_api_set_has(b, a->paths[i]) == in_b) {
            bnc_api_set_add(&out, a->paths[i]);
        }
    }
    return out;
}

struct bnc_api_set
bnc_api_set_and(const struct bnc_api_set *a, const struct bnc_api_set *b)
{
    return pick(a, b, true);
}

struct bnc_api_set
bnc_api_set_minus(const struct bnc_api_set *a, const struct bnc_api_set *b)
{
    return pick(a, b, false);
}

struct bnc_api_set
bnc_api_set_or(const struct bnc_api_set *a, const struct bnc_api_set *b)
{
    struct bnc_api_set out = pick(a, b, false);
    for (size_t i = 0; i < b->n; i++) {
        bnc_api_set_add(&out, b->paths[i]);
    }
    bnc_api_set_sort(&out);
    return out;
}

/* ---- fieldsV1 -----------------------------------------------------------------------
 */

static const char *
join(struct bnc_arena *arena, const char *path, const char *element)
{
    return *path == '\0' ? element : bnc_arena_fmt(arena, "%s" SEP "%s", path, element);
}

static void
parse_into(struct bnc_api_set *set, const char *path, const struct bnc_jv *node)
{
    if (node->child == NULL && *path != '\0') {
        bnc_api_set_add(set, path);
    }
    for (const struct bnc_jv *c = node->child; c != NULL; c = c->next) {
        if (strcmp(c->key, ".") == 0) {
            bnc_api_set_add(set, path);
        } else {
            parse_into(set, join(set->arena, path, c->key), c);
        }
    }
}

struct bnc_api_set
bnc_api_set_parse(struct bnc_arena *arena, const struct bnc_jv *fields_v1)
{
    struct bnc_api_set set = bnc_api_set_new(arena);
    if (fields_v1 != NULL) {
        parse_into(&set, "", fields_v1);
    }
    bnc_api_set_sort(&set);
    return set;
}

/* Sorted paths put a container before what is in it. */
struct bnc_jv *
bnc_api_set_tree(const struct bnc_api_set *set)
{
    struct bnc_jv *root = bnc_jv_object(set->arena);
    for (size_t i = 0; i < set->n; i++) {
        struct bnc_jv *node = root;
        char *save = NULL;
        char *path = bnc_arena_strdup(set->arena, set->paths[i]);
        for (char *element = strtok_r(path, SEP, &save); element != NULL;
             element = strtok_r(NULL, SEP, &save)) {
            node = bnc_jv_need(set->arena, node, element);
        }
        size_t n = strlen(set->paths[i]);
        bool container = i + 1 < set->n &&
                         strncmp(set->paths[i + 1], set->paths[i], n) == 0 &&
                         set->paths[i + 1][n] == SEP[0];
        if (container) {
            bnc_jv_set(set->arena, node, ".", bnc_jv_object(set->arena));
        }
    }
    return root;
}

const char *
bnc_api_path_text(struct bnc_arena *arena, const char *path)
{
    struct bnc_str text = bnc_str_new(arena, 65536);
    for (const char *p = path; *p != '\0';) {
        size_t n = strcspn(p, SEP);
        if (strncmp(p, "f:", 2) == 0) {
            bnc_str_putc(&text, '.');
            bnc_str_add(&text, p + 2, n - 2);
        } else {
            bnc_str_fmt(&text, "[%.*s]", (int)(n - 2), p + 2);
        }
        p += n + (p[n] == '\0' ? 0 : 1);
    }
    return text.ptr;
}

/* ---- the fields of a tree
 * -------------------------------------------------------------- */

/* What the server owns: part of nobody's set. */
static bool
is_servers(const char *path)
{
    static const char *const own[] = {
        "f:apiVersion",
        "f:kind",
        "f:metadata" SEP "f:name",
        "f:metadata" SEP "f:namespace",
        "f:metadata" SEP "f:uid",
        "f:metadata" SEP "f:resourceVersion",
        "f:metadata" SEP "f:generation",
        "f:metadata" SEP "f:creationTimestamp",
        "f:metadata" SEP "f:deletionTimestamp",
        "f:metadata" SEP "f:deletionGracePeriodSeconds",
        "f:metadata" SEP "f:managedFields",
    };
    for (size_t i = 0; i < BNC_LEN(own); i++) {
        if (strcmp(path, own[i]) == 0) {
            return true;
        }
    }
    return false;
}

struct walk {
    struct bnc_arena *arena;
    const struct bnc_api_kind *kind;
    bool containers; /* objects too, not only what is in them */
};

static void
flatten(const struct walk *w, const char *path, const struct bnc_jv *v,
        struct bnc_api_set *set)
{
    if (is_servers(path)) {
        return;
    }
    bool container = v->type == BNC_JV_OBJECT && v->child != NULL;
    if (v->type == BNC_JV_ARRAY && v->child != NULL) {
        container = bnc_api_element(w->arena, w->kind, path, v->child) != NULL;
    }
    if (!container) {
        bnc_api_set_add(set, path);
        return;
    }
    if (w->containers && *path != '\0' && strcmp(path, "f:metadata") != 0) {
        bnc_api_set_add(set, path);
    }
    for (const struct bnc_jv *c = v->child; c != NULL; c = c->next) {
        const char *element = v->type == BNC_JV_OBJECT
                                  ? bnc_arena_fmt(w->arena, "f:%s", c->key)
                                  : bnc_api_element(w->arena, w->kind, path, c);
        const char *below = join(w->arena, path, element);
        if (v->type == BNC_JV_ARRAY) {
            bnc_api_set_add(set, below); /* the item itself */
        }
        if (v->type == BNC_JV_OBJECT || c->type == BNC_JV_OBJECT) {
            flatten(w, below, c, set);
        }
    }
}

struct bnc_api_set
bnc_api_fields(struct bnc_arena *arena, const struct bnc_api_kind *kind,
               const struct bnc_jv *tree)
{
    struct walk w = {.arena = arena, .kind = kind};
    struct bnc_api_set set = bnc_api_set_new(arena);
    if (tree->child != NULL) {
        flatten(&w, "", tree, &set);
    }
    bnc_api_set_sort(&set);
    return set;
}

/* ---- differences
 * ---------------------------------------------------------------------------- */

struct pair {
    const struct walk *w;
    struct bnc_api_set *changed;
    struct bnc_api_set *removed;
};

static const struct bnc_jv *
counterpart(const struct pair *p, const char *path, const struct bnc_jv *list,
            const char *element)
{
    for (const struct bnc_jv *c = list->child; c != NULL; c = c->next) {
        const char *other = bnc_api_element(p->w->arena, p->w->kind, path, c);
        if (other != NULL && strcmp(other, element) == 0) {
            return c;
        }
    }
    return NULL;
}

static void differ(const struct pair *p, const char *path, const struct bnc_jv *before,
                   const struct bnc_jv *after);

/* The items of `a` against those of `b`; `forward`: a is the older. */
static void
differ_items(const struct pair *p, const char *path, const struct bnc_jv *a,
             const struct bnc_jv *b, bool forward)
{
    for (const struct bnc_jv *c = a->child; c != NULL; c = c->next) {
        bool object = a->type == BNC_JV_OBJECT;
        const char *element = object ? bnc_arena_fmt(p->w->arena, "f:%s", c->key)
                                     : bnc_api_element(p->w->arena, p->w->kind, path, c);
        const struct bnc_jv *other =
            object ? bnc_jv_get(b, c->key) : counterpart(p, path, b, element);
        const char *below = join(p->w->arena, path, element);
        if (forward) {
            differ(p, below, c, other);
        } else if (other == NULL) {
            differ(p, below, NULL, c);
        }
    }
}

static void
differ(const struct pair *p, const char *path, const struct bnc_jv *before,
       const struct bnc_jv *after)
{
    if (before == NULL || after == NULL) {
        const struct bnc_jv *v = before == NULL ? after : before;
        struct bnc_api_set *set = before == NULL ? p->changed : p->removed;
        if (strrchr(path, SEP[0]) != NULL && strrchr(path, SEP[0])[1] != 'f') {
            bnc_api_set_add(set, path);
            if (v->type != BNC_JV_OBJECT) {
                return;
            }
        }
        flatten(p->w, path, v, set);
        return;
    }
    bool same_type = before->type == after->type;
    bool keyed = same_type && before->type == BNC_JV_OBJECT;
    if (same_type && before->type == BNC_JV_ARRAY) {
        const struct bnc_jv *item = before->child != NULL ? before->child : after->child;
        keyed = item != NULL && bnc_api_element(p->w->arena, p->w->kind, path, item);
    }
    if (is_servers(path)) {
        return;
    }
    if (keyed) {
        differ_items(p, path, before, after, true);
        differ_items(p, path, after, before, false);
    } else if (!bnc_jv_equal(before, after)) {
        bnc_api_set_add(p->changed, path);
    }
}

void
bnc_api_compare(const struct bnc_api_kind *kind, const struct bnc_jv *before,
                const struct bnc_jv *after, struct bnc_api_set *changed,
                struct bnc_api_set *removed)
{
    struct walk w = {.arena = changed->arena, .kind = kind, .containers = true};
    struct pair p = {.w = &w, .changed = changed, .removed = removed};
    struct bnc_jv nothing = {.type = BNC_JV_OBJECT};
    differ(&p, "", before == NULL ? &nothing : before, after);
    bnc_api_set_sort(changed);
    bnc_api_set_sort(removed);
}
