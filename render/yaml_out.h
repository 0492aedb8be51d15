/*
 * The one YAML writer: block style, two spaces a level, no line ever folded,
 * quoting decided here.  Sticky: add freely, check once with bnc_yaml_finish().
 */
#ifndef BNC_RENDER_YAML_OUT_H
#define BNC_RENDER_YAML_OUT_H

#include <cjson/cJSON.h>
#include <yaml.h>

#include "lib/arena.h"
#include "lib/error.h"
#include "lib/str.h"
#include "model/field.h"

#define BNC_YAML_DEPTH_MAX 128 /* levels; a JSON tree has at most 100 */

/* What the document, or the fragment, is as a whole. */
enum bnc_yaml_root { BNC_YAML_ROOT_MAP, BNC_YAML_ROOT_SEQ };

/* On the caller's stack; fields are private. */
struct bnc_yaml {
    yaml_emitter_t emitter;
    struct bnc_str out;
    struct bnc_error error; /* the first one */
    size_t indent;          /* before each line that is not empty */
    bool in_line;
    size_t depth;
    bool is_map[BNC_YAML_DEPTH_MAX];
};

/*
 * Begin; the root is open already.  Each start wants a bnc_yaml_finish(), also
 * when all is lost: it frees what libyaml holds.
 * Units:  `max` in bytes; `indent` in spaces before every line, so that a
 *         fragment stands where it will be pasted.
 * Owns:   the text lives in `arena`.
 */
void bnc_yaml_start(struct bnc_yaml *y, enum bnc_yaml_root root, size_t indent,
                    size_t max, struct bnc_arena *arena);

/*
 * Errors: INTERNAL for text that is not UTF-8 (names its key), a level left
 *         open, a key where none may be; TOO_BIG over `max`.
 */
enum bnc_code bnc_yaml_finish(struct bnc_yaml *y, struct bnc_bytes *out,
                              struct bnc_error *err) BNC_MUST_CHECK;

/*
 * Blocks with the shape of the YAML; never leave one early.  `key` is NULL
 * inside a list; BNC_YAML_ITEM is a map in a list.  An empty block becomes {} or [].
 */
#define BNC_YAML_MAP(y, key)      BNC_YAML_BLOCK(y, bnc_yaml_map_open(y, key))
#define BNC_YAML_SEQ(y, key)      BNC_YAML_BLOCK(y, bnc_yaml_seq_open(y, key))
#define BNC_YAML_ITEM(y)          BNC_YAML_BLOCK(y, bnc_yaml_map_open(y, NULL))
#define BNC_YAML_BLOCK(y, op)     BNC_YAML_FOR(BNC_YAML_NAME(bnc_yaml_at_, __LINE__), y, op)
#define BNC_YAML_FOR(once, y, op) for (bool once = (op); once; once = bnc_yaml_close(y))
#define BNC_YAML_NAME(a, b)       BNC_YAML_NAME2(a, b)
#define BNC_YAML_NAME2(a, b)      a##b

/* For the macros: opening gives true and closing false, whatever happens. */
bool bnc_yaml_map_open(struct bnc_yaml *y, const char *key);
bool bnc_yaml_seq_open(struct bnc_yaml *y, const char *key);
bool bnc_yaml_close(struct bnc_yaml *y);

/*
 * A value at `key`, or as an item when `key` is NULL.  Text is quoted whenever
 * a YAML reader could take it for something else; several lines become a
 * literal block where that keeps every byte.
 */
void bnc_yaml_str(struct bnc_yaml *y, const char *key, const char *text);
void bnc_yaml_int(struct bnc_yaml *y, const char *key, int64_t value);
void bnc_yaml_bool(struct bnc_yaml *y, const char *key, bool value);
void bnc_yaml_null(struct bnc_yaml *y, const char *key);
void
bnc_yaml_fmt(struct bnc_yaml *y, const char *key, const char *fmt, ...) BNC_PRINTF(3, 4);

/* Text written as it stands and unquoted: a number's source text. */
void bnc_yaml_raw(struct bnc_yaml *y, const char *key, const char *text);

/* As their plain twins, but nothing at all when the value is not set. */
void bnc_yaml_opt_str(struct bnc_yaml *y, const char *key, const char *text);
void bnc_yaml_opt_int(struct bnc_yaml *y, const char *key, struct bnc_opt_int value);
void bnc_yaml_opt_bool(struct bnc_yaml *y, const char *key, enum bnc_tri value);

/* A list of texts, one a line, or [a, b] on one line. */
void bnc_yaml_texts(struct bnc_yaml *y, const char *key, const struct bnc_texts *texts);
void
bnc_yaml_flow_texts(struct bnc_yaml *y, const char *key, const struct bnc_texts *texts);

/* A JSON tree, its keys in the tree's order, big integers exact. */
void bnc_yaml_tree(struct bnc_yaml *y, const char *key, const cJSON *tree);

#endif
