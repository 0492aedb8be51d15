#include <stdlib.h>
#include <string.h>

#include "tests/sim/api_internal.h"

/* The order in which Go's structs are written. */
static const char *const object_order[] = {"kind", "apiVersion", "metadata", NULL};
static const char *const metadata_order[] = {"name",
                                             "generateName",
                                             "namespace",
                                             "uid",
                                             "resourceVersion",
                                             "generation",
                                             "creationTimestamp",
                                             "deletionTimestamp",
                                             "deletionGracePeriodSeconds",
                                             "labels",
                                             "annotations",
                                             "ownerReferences",
                                             "finalizers",
                                             "managedFields",
                                             NULL};

static int
rank(const char *const *order, const char *key)
{
    int i = 0;
    while (order[i] != NULL && strcmp(order[i], key) != 0) {
        i++;
    }
    return i;
}

/* True when `a` goes behind `b`; `order` NULL: by the bytes of the key. */
static bool
behind(const char *const *order, const struct bnc_jv *a, const struct bnc_jv *b)
{
    return order == NULL ? strcmp(a->key, b->key) > 0
                         : rank(order, a->key) > rank(order, b->key);
}

static void
sort_keys(struct bnc_jv *v, const char *const *order)
{
    struct bnc_jv *rest = v == NULL ? NULL : v->child;
    if (rest == NULL || v->type != BNC_JV_OBJECT) {
        return;
    }
    v->child = v->last = NULL;
    while (rest != NULL) {
        struct bnc_jv *item = rest;
        rest = rest->next;
        if (v->last == NULL || !behind(order, v->last, item)) {
            bnc_jv_append(v, item);
            continue;
        }
        struct bnc_jv **link = &v->child;
        while (!behind(order, *link, item)) {
            link = &(*link)->next;
        }
        item->next = *link;
        *link = item;
    }
}

static void
sort_deep(struct bnc_jv *v)
{
    sort_keys(v, NULL);
    for (struct bnc_jv *c = v->child; c != NULL; c = c->next) {
        sort_deep(c);
    }
}

void
bnc_api_arrange(const struct bnc_api_kind *kind, struct bnc_jv *tree)
{
    if (kind->custom) {
        sort_deep(tree);
        return;
    }
    struct bnc_jv *meta = bnc_jv_get(tree, "metadata");
    sort_keys(tree, object_order);
    sort_keys(meta, metadata_order);
    sort_keys(bnc_jv_get(meta, "labels"), NULL);
    sort_keys(bnc_jv_get(meta, "annotations"), NULL);
    sort_keys(bnc_jv_get(tree, "data"), NULL);
}

const char *
bnc_api_meta_text(struct bnc_api_version *v)
{
    if (v->meta != NULL) {
        return v->meta;
    }
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    struct bnc_str text = bnc_str_new(NULL, (size_t)8 << 20);
    bnc_str_puts(&text, "{\"kind\":\"PartialObjectMetadata\",\"apiVersion\":"
                        "\"meta.k8s.io/v1\",\"metadata\":");
    bnc_jv_print(bnc_jv_get(bnc_api_tree(arena, v), "metadata"), &text);
    bnc_str_puts(&text, "}");
    v->meta = text.ptr;
    return v->meta;
}

struct bnc_bytes
bnc_api_text(struct bnc_api_version *v, bool meta)
{
    if (!meta) {
        return (struct bnc_bytes){v->text, v->len};
    }
    const char *text = bnc_api_meta_text(v);
    return (struct bnc_bytes){text, strlen(text)};
}

/* One requirement: "k=v", "k==v", "k!=v", "k", "!k". */
static bool
requirement_holds(const struct bnc_api_version *v, const char *text, size_t n)
{
    char found[600];
    char item[512];
    if (n == 0 || n >= sizeof(item)) {
        return n == 0;
    }
    memcpy(item, text, n);
    item[n] = '\0';
    char *op = strpbrk(item, "=!");
    if (op == NULL || op == item) {
        (void)snprintf(found, sizeof(found), "\n%s=", item + (op == item ? 1 : 0));
        return (strstr(v->labels, found) != NULL) == (op == NULL);
    }
    bool equal = *op == '=';
    const char *value = op + (op[1] == '=' ? 2 : 1);
    *op = '\0';
    (void)snprintf(found, sizeof(found), "\n%s=%s\n", item, value);
    return (strstr(v->labels, found) != NULL) == equal;
}

bool
bnc_api_labels_match(const struct bnc_api_version *v, const char *selector)
{
    while (*selector != '\0') {
        size_t n = strcspn(selector, ",");
        if (!requirement_holds(v, selector, n)) {
            return false;
        }
        selector += n + (selector[n] == ',' ? 1 : 0);
    }
    return true;
}
