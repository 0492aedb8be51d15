#include "render/prom_tree.h"

#include <stdlib.h>
#include <string.h>

#include "lib/json.h"

struct child {
    const cJSON *item;
};

static int
by_key(const void *a, const void *b)
{
    const struct child *left = a;
    const struct child *right = b;

    return strcmp(left->item->string, right->item->string);
}

/* The children of an object that `block` does not know, in byte order of keys. */
static const struct child *
sorted_rest(const cJSON *tree, enum bnc_prom_block block, struct bnc_arena *arena,
            size_t *n)
{
    struct child *items =
        bnc_arena_array(arena, (size_t)cJSON_GetArraySize(tree), sizeof(*items));
    const cJSON *child;

    *n = 0;
    cJSON_ArrayForEach(child, tree)
    {
        if (bnc_prom_key_find(block, child->string) == NULL) {
            items[(*n)++].item = child;
        }
    }
    if (*n > 1) {
        qsort(items, *n, sizeof(*items), by_key);
    }
    return items;
}

void
bnc_prom_keys_write(struct bnc_yaml *y, enum bnc_prom_block block, const cJSON *tree)
{
    size_t n;
    const struct bnc_prom_key *keys = bnc_prom_keys(block, &n);

    for (size_t i = 0; i < n; i++) {
        const cJSON *value = bnc_json_get(tree, keys[i].name);
        if (value != NULL) {
            bnc_prom_tree_write(y, keys[i].name, keys[i].sub, value);
        }
    }
    const struct child *rest = sorted_rest(tree, block, y->out.arena, &n);
    for (size_t i = 0; i < n; i++) {
        bnc_prom_tree_write(y, rest[i].item->string, BNC_PROM_NONE, rest[i].item);
    }
}

void
bnc_prom_tree_write(struct bnc_yaml *y, const char *key, enum bnc_prom_block block,
                    const cJSON *tree)
{
    const cJSON *child;

    if (cJSON_IsObject(tree)) {
        BNC_YAML_MAP (y, key) {
            bnc_prom_keys_write(y, block, tree);
        }
    } else if (cJSON_IsArray(tree)) {
        BNC_YAML_SEQ (y, key) {
            cJSON_ArrayForEach(child, tree)
            {
                bnc_prom_tree_write(y, NULL, block, child);
            }
        }
    } else {
        bnc_yaml_tree(y, key, tree);
    }
}
