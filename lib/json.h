/*
 * JSON as cJSON trees that live in an arena: strict reading, exact integers,
 * the same bytes out for the same tree.  Nobody calls cJSON_Delete().
 */
#ifndef BNC_LIB_JSON_H
#define BNC_LIB_JSON_H

#include <cjson/cJSON.h>

#include "lib/arena.h"
#include "lib/error.h"
#include "lib/str.h"

#define BNC_JSON_DEPTH_MAX  100                /* levels of arrays and objects */
#define BNC_JSON_NUMBER_MAX 60                 /* bytes of one number */
#define BNC_JSON_EXACT_INT  ((int64_t)1 << 53) /* a double holds all up to here */

/*
 * Read one JSON value.  Stricter than cJSON: UTF-8 only, no NUL (neither as a
 * byte nor as \u0000), numbers as in RFC 8259, nothing after the value.
 * An integer above 2^53 becomes a cJSON_Raw with its exact text; every other
 * number is a double, which prints as the shortest text that reads back.
 * A key that is there twice is kept twice; lookups find the first.
 * Owns:   the tree is the arena's; `text` is not needed afterwards.
 * Errors: INVALID or TOO_BIG (depth), with line and column, never with content.
 */
enum bnc_code bnc_json_parse(struct bnc_arena *arena, const char *text, size_t n,
                             cJSON **out, struct bnc_error *err) BNC_MUST_CHECK;

/* ---- look-ups: case-sensitive; a NULL object gives "not there" ----------------- */

cJSON *bnc_json_get(const cJSON *object, const char *key); /* NULL: not there */

/* The text at `key`; NULL when it is not there or no string. */
const char *bnc_json_get_str(const cJSON *object, const char *key);

/* The integer at `key`; false when it is not there or no integer of 64 bits. */
bool bnc_json_get_int(const cJSON *object, const char *key, int64_t *out);

/* True only for the boolean `true` at `key`. */
bool bnc_json_get_true(const cJSON *object, const char *key);

/* Descend by keys: bnc_json_path(pod, "metadata", "name", NULL). */
cJSON *bnc_json_path(const cJSON *object, ...) __attribute__((sentinel));

/* The value of a number, also of one kept as text; false when it does not fit. */
bool bnc_json_to_int(const cJSON *item, int64_t *out);

/* True for doubles and for integers kept as text. */
bool bnc_json_is_number(const cJSON *item);

/* ---- out: compact, independent of the locale ----------------------------------- */

/* Keys in the order of the tree. */
void bnc_json_print(const cJSON *tree, struct bnc_str *out);

/* Canonical: keys in byte order at every level. */
void bnc_json_print_sorted(const cJSON *tree, struct bnc_str *out);

/* One double as bnc_json_print() writes it: 5, 0.1, 1e+21; "null" for NaN. */
void bnc_json_print_double(double value, struct bnc_str *out);

/* Same values, whatever the order of keys.  Both NULL: equal. */
bool bnc_json_equal(const cJSON *a, const cJSON *b);

/* ---- building: all in `arena`; texts are copied; NULL text becomes null -------- */

cJSON *bnc_json_object(struct bnc_arena *arena);
cJSON *bnc_json_array(struct bnc_arena *arena);
cJSON *bnc_json_null(struct bnc_arena *arena);
cJSON *bnc_json_bool(struct bnc_arena *arena, bool value);
cJSON *bnc_json_str(struct bnc_arena *arena, const char *text);
cJSON *bnc_json_int(struct bnc_arena *arena, int64_t value);
cJSON *bnc_json_double(struct bnc_arena *arena, double value);

/* A number as it stands, an integer above 2^53: the text is printed verbatim. */
cJSON *bnc_json_raw(struct bnc_arena *arena, const char *text);

/* Set a key, in place when it is there already.  `item` is in no other tree. */
void
bnc_json_set_item(struct bnc_arena *arena, cJSON *object, const char *key, cJSON *item);
void bnc_json_set_str(struct bnc_arena *arena, cJSON *object, const char *key,
                      const char *text);
void
bnc_json_set_int(struct bnc_arena *arena, cJSON *object, const char *key, int64_t value);
void
bnc_json_set_bool(struct bnc_arena *arena, cJSON *object, const char *key, bool value);

/* Add a key at the end without looking whether it is there. */
void
bnc_json_append(struct bnc_arena *arena, cJSON *object, const char *key, cJSON *item);

/* Add at the end of an array. */
void bnc_json_add(cJSON *array, cJSON *item);

/* Take a key out; false when it was not there. */
bool bnc_json_remove(cJSON *object, const char *key);

/* A deep copy; NULL gives NULL. */
cJSON *bnc_json_clone(struct bnc_arena *arena, const cJSON *tree);

#endif
