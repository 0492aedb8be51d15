/*
 * YAML files as JSON trees, read as kubectl reads them (Go's yaml.v2), and the
 * way back: from the path of a field to its line.
 */
#ifndef BNC_LIB_YAML_IN_H
#define BNC_LIB_YAML_IN_H

#include "lib/json.h"

#define BNC_YAML_ANCHORS_MAX 256 /* in one document */
#define BNC_YAML_TAGS_MAX    100 /* %TAG directives in one text */

struct bnc_yaml_limits {
    size_t max_bytes; /* of the whole text */
    size_t max_depth; /* levels of lists and maps; aliases count where they are used */
    size_t max_nodes; /* keys and values; aliases count where they are used */
    size_t max_docs;
};

#define BNC_YAML_LIMITS_DEFAULT                                                          \
    ((struct bnc_yaml_limits){.max_bytes = (size_t)32 << 20,                             \
                              .max_depth = BNC_JSON_DEPTH_MAX,                           \
                              .max_nodes = 2000000,                                      \
                              .max_docs = 20000})

struct bnc_yaml_doc {
    cJSON *root; /* a null for an empty document */
    size_t line; /* of its first value, from 1 */
};

struct bnc_yaml_docs {
    struct bnc_yaml_doc *items;
    size_t n;
};

/*
 * Read all documents; `limits` may be NULL (the defaults).
 *
 * Scalars: null, ~ and nothing are null; yes, no, on, off, y, n, true, false are
 * booleans; 0777 and 0o777 are octal, 0x and 0b work, 1_000 is 1000; dates stay
 * text; !!tags are followed, tags of others ignored; .inf and .nan are refused.
 * Keys become text (`1:` is "1", `yes:` is "true"); null, list and map keys and
 * keys that are there twice are refused.  `<<` merges; a merge after a key wins
 * over it, as in kubectl.  JSON is read as well.
 * An alias shares its subtree with its anchor: clone before changing a tree.
 * Owns:   the arena holds everything; `text` is not needed afterwards.
 * Errors: INVALID or TOO_BIG with "line 12, column 3: ...", never with a value.
 */
enum bnc_code
bnc_yaml_read(const char *text, size_t n, const struct bnc_yaml_limits *limits,
              struct bnc_arena *arena, struct bnc_yaml_docs *out, struct bnc_error *err)
    BNC_MUST_CHECK;

/*
 * Where a field stands: `spec.endpoints[2].port`, and for keys with dots
 * `metadata.annotations["prometheus.io/port"]` (or single quotes).  A field of a
 * map is found at its key, an item of a list at itself.  What does not exist is
 * found at its deepest ancestor that does, at worst the document.
 * Units:  lines and columns from 1, columns in characters; doc_index from 0.
 * False when there is no such document; nothing is written then.
 */
bool bnc_yaml_locate(const char *text, size_t n, size_t doc_index, const char *path,
                     size_t *line, size_t *column);

#endif
