#include "lib/map.h"

#include <stdlib.h>
#include <string.h>

#include "lib/arena.h"

#define SPARSE_MIN 64 /* entries, from which on a table that is nearly empty shrinks */
#define SPARSE     8  /* so many taken out for each that is left */

/* Open addressing over slots that index a dense array of entries. */
struct entry {
    char *key; /* NULL: taken out */
    void *value;
    uint64_t hash;
};

struct bnc_map {
    struct entry *entries;
    size_t n_entries; /* with those taken out */
    size_t room;
    size_t count;
    uint32_t *slots; /* index + 1; 0: free */
    size_t n_slots;  /* a power of two */
};

static uint64_t
hash_text(const char *s)
{
    uint64_t h =
        14695981039346656037U; /* FNV-1a: order of iteration never depends on it */
    for (; *s != '\0'; s++) {
        h = (h ^ (unsigned char)*s) * 1099511628211U;
    }
    return h ^ (h >> 29);
}

struct bnc_map *
bnc_map_new(void)
{
    return bnc_alloc(sizeof(struct bnc_map));
}

void
bnc_map_free(struct bnc_map *map)
{
    if (map == NULL) {
        return;
    }
    for (size_t i = 0; i < map->n_entries; i++) {
        free(map->entries[i].key);
    }
    free(map->entries);
    free(map->slots);
    free(map);
}

static struct entry *
find(const struct bnc_map *map, const char *key, uint64_t hash)
{
    if (map->n_slots == 0) {
        return NULL;
    }
    for (size_t i = hash & (map->n_slots - 1); map->slots[i] != 0;
         i = (i + 1) & (map->n_slots - 1)) {
        struct entry *e = &map->entries[map->slots[i] - 1];
        if (e->hash == hash && e->key != NULL && strcmp(e->key, key) == 0) {
            return e;
        }
    }
    return NULL;
}

static void
link_slot(struct bnc_map *map, size_t index)
{
    size_t i = map->entries[index].hash & (map->n_slots - 1);
    while (map->slots[i] != 0) {
        i = (i + 1) & (map->n_slots - 1);
    }
    map->slots[i] = (uint32_t)(index + 1);
}

/* Drop what was taken out and make room for one more at a load of one half. */
static void
rebuild(struct bnc_map *map)
{
    size_t kept = 0;
    for (size_t i = 0; i < map->n_entries; i++) {
        if (map->entries[i].key != NULL) {
            map->entries[kept++] = map->entries[i];
        }
    }
    map->n_entries = kept;
    size_t room = 8;
    while (room < kept * 2 + 2) {
        room *= 2;
    }
    map->entries = bnc_realloc(map->entries, room * sizeof(*map->entries));
    map->room = room;
    map->n_slots = room * 2;
    free(map->slots);
    map->slots = bnc_alloc(map->n_slots * sizeof(*map->slots));
    for (size_t i = 0; i < kept; i++) {
        link_slot(map, i);
    }
}

static bool
is_sparse(const struct bnc_map *map)
{
    return map->n_entries >= SPARSE_MIN && map->count < map->n_entries / SPARSE;
}

void
bnc_map_fit(struct bnc_map *map)
{
    if (is_sparse(map)) {
        rebuild(map);
    }
}

void *
bnc_map_get(const struct bnc_map *map, const char *key)
{
    const struct entry *e = find(map, key, hash_text(key));
    return e == NULL ? NULL : e->value;
}

void *
bnc_map_put(struct bnc_map *map, const char *key, void *value)
{
    uint64_t hash = hash_text(key);
    struct entry *e = find(map, key, hash);
    if (e != NULL) {
        void *old = e->value;
        e->value = value;
        return old;
    }
    if (map->n_entries == map->room || is_sparse(map)) {
        rebuild(map);
    }
    map->entries[map->n_entries] =
        (struct entry){.key = bnc_strdup(key), .value = value, .hash = hash};
    link_slot(map, map->n_entries);
    map->n_entries++;
    map->count++;
    return NULL;
}

void *
bnc_map_take(struct bnc_map *map, const char *key)
{
    struct entry *e = find(map, key, hash_text(key));
    if (e == NULL) {
        return NULL;
    }
    void *value = e->value;
    free(e->key);
    *e = (struct entry){.hash = e->hash};
    map->count--;
    if (map->count == 0 && map->room > SPARSE_MIN) { /* a walk is at its end then */
        free(map->entries);
        free(map->slots);
        *map = (struct bnc_map){0};
    }
    return value;
}

size_t
bnc_map_count(const struct bnc_map *map)
{
    return map->count;
}

bool
bnc_map_next(const struct bnc_map *map, size_t *at, const char **key, void **value)
{
    while (*at < map->n_entries) {
        const struct entry *e = &map->entries[(*at)++];
        if (e->key != NULL) {
            if (key != NULL) {
                *key = e->key;
            }
            *value = e->value;
            return true;
        }
    }
    return false;
}

static int
compare_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

const char **
bnc_map_sorted_keys(const struct bnc_map *map)
{
    const char **keys = bnc_alloc((map->count + 1) * sizeof(*keys));
    size_t n = 0;
    for (size_t i = 0; i < map->n_entries; i++) {
        if (map->entries[i].key != NULL) {
            keys[n++] = map->entries[i].key;
        }
    }
    qsort(keys, n, sizeof(*keys), compare_text);
    return keys;
}
