/*
 * A small JSON tree for the model of the API server.  It shares no code with
 * the product, so that a fault there cannot hide itself here.
 */
#ifndef BNC_TESTS_SIM_JV_H
#define BNC_TESTS_SIM_JV_H

#include "lib/arena.h"
#include "lib/str.h"

enum bnc_jv_type {
    BNC_JV_NULL,
    BNC_JV_FALSE,
    BNC_JV_TRUE,
    BNC_JV_NUMBER, /* `text` is the number as it was written */
    BNC_JV_STRING,
    BNC_JV_ARRAY,
    BNC_JV_OBJECT
};

struct bnc_jv {
    enum bnc_jv_type type;
    const char *key;  /* in an object */
    const char *text; /* of a string or number */
    struct bnc_jv *child;
    struct bnc_jv *last;
    struct bnc_jv *next;
};

/* NULL for what is no JSON.  Owns: the arena, as for all values here. */
struct bnc_jv *bnc_jv_parse(struct bnc_arena *arena, const char *text, size_t n);

/* Compact JSON as Go writes it: '<', '>' and '&' are escaped. */
void bnc_jv_print(const struct bnc_jv *v, struct bnc_str *out);

struct bnc_jv *bnc_jv_object(struct bnc_arena *arena);
struct bnc_jv *bnc_jv_array(struct bnc_arena *arena);
struct bnc_jv *bnc_jv_string(struct bnc_arena *arena, const char *text);
struct bnc_jv *bnc_jv_number(struct bnc_arena *arena, int64_t n);
struct bnc_jv *bnc_jv_copy(struct bnc_arena *arena, const struct bnc_jv *v);

/* NULL when `v` is NULL, no object, or has no such key. */
struct bnc_jv *bnc_jv_get(const struct bnc_jv *v, const char *key);
/* The string at `key`, else `otherwise`. */
const char *bnc_jv_text(const struct bnc_jv *v, const char *key, const char *otherwise);
int64_t bnc_jv_int(const struct bnc_jv *v, const char *key, int64_t otherwise);

/* Replace in place or append; `value` is taken. */
void bnc_jv_set(struct bnc_arena *arena, struct bnc_jv *v, const char *key,
                struct bnc_jv *value);
/* The object at `key`, made when it is not there. */
struct bnc_jv *bnc_jv_need(struct bnc_arena *arena, struct bnc_jv *v, const char *key);
void bnc_jv_drop(struct bnc_jv *v, const char *key);
void bnc_jv_append(struct bnc_jv *array, struct bnc_jv *value);
void bnc_jv_unlink(struct bnc_jv *parent, const struct bnc_jv *child);

/* Equal as values: the order of keys does not count.  NULL equals only NULL. */
bool bnc_jv_equal(const struct bnc_jv *a, const struct bnc_jv *b);

#endif
