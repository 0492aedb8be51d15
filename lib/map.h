/*
 * A map from text to pointers that iterates in byte order of its keys or in
 * order of insertion, never by address: the same inputs give the same order.
 */
#ifndef BNC_LIB_MAP_H
#define BNC_LIB_MAP_H

#include "lib/base.h"

struct bnc_map; /* opaque */

/* Owns: the caller. Values are borrowed; keys are copied. */
struct bnc_map *bnc_map_new(void);
void bnc_map_free(struct bnc_map *map); /* NULL is ignored; values are not freed */
BNC_DEFINE_AUTO(bnc_map);

void *bnc_map_get(const struct bnc_map *map, const char *key); /* NULL: not there */

/* Set; gives the value that was there before, or NULL.  `value` is never NULL. */
void *bnc_map_put(struct bnc_map *map, const char *key, void *value);

/* Take out; gives the value, or NULL when it was not there. */
void *bnc_map_take(struct bnc_map *map, const char *key);

/*
 * Give memory back when most was taken out.  bnc_map_put() does it as well;
 * bnc_map_take(), which may be called while somebody iterates, when nothing is left.
 */
void bnc_map_fit(struct bnc_map *map);

size_t bnc_map_count(const struct bnc_map *map);

/*
 * Iterate in order of insertion: `size_t at = 0; while (bnc_map_next(map, &at,
 * &key, &value))`.  The current key may be taken out meanwhile; what is put in
 * may or may not be met.  `key` may be NULL.
 */
bool bnc_map_next(const struct bnc_map *map, size_t *at, const char **key, void **value);

/*
 * All keys in byte order.
 * Owns: the caller frees the array with free(); the keys stay the map's.
 */
const char **bnc_map_sorted_keys(const struct bnc_map *map);

#endif
