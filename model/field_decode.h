/*
 * Inside decoding: one value, where it stands, and a function for each type.
 * Only model/field*.c include this.
 */
#ifndef BNC_MODEL_FIELD_DECODE_H
#define BNC_MODEL_FIELD_DECODE_H

#include "model/field.h"

/* A path as a chain on the stack; it becomes text only for a diagnostic. */
struct bnc_path {
    const struct bnc_path *up; /* NULL: the root */
    const char *text;          /* field name, or NULL for an index */
    size_t index;
    bool key; /* `text` is a key of a map: [text] */
};

struct bnc_decoder {
    struct bnc_diags *diags;
    struct bnc_arena *scratch; /* of what nobody keeps */
    size_t values;             /* that were met */
    bool foreign;              /* as the table at the root */
};

/* One value and where it stands. */
struct bnc_spot {
    struct bnc_decoder *decoder;
    const struct bnc_field *field;
    const cJSON *json;
    const struct bnc_path *path;
};

/* Fills `member`; leaves it when something is wrong. */
typedef void (*bnc_decode_fn)(const struct bnc_spot *spot, void *member);

const char *bnc_path_text(const struct bnc_path *path, struct bnc_arena *arena);

/* Add a diagnostic for `spot`; the message is made from `fmt`. */
void bnc_spot_wrong(const struct bnc_spot *spot, enum bnc_reason reason,
                    const char *remedy, const char *fmt, ...) BNC_PRINTF(4, 5);

/* A value for messages: "\"abc\"", "5", "true", "null", "a list", "an object". */
const char *bnc_json_shown(const cJSON *json, struct bnc_arena *arena);

/* The number's text: as written when it was an integer, else the shortest. */
const char *bnc_json_number_text(const cJSON *json, struct bnc_arena *arena);

/*
 * Check a text by the row of `spot`; `type` says what it is (of an item, not of
 * the list).  The text to keep, copied; NULL when it was wrong or counts as unset.
 */
const char *
bnc_decode_word(const struct bnc_spot *spot, enum bnc_field_type type, const char *text);

/* Count one more value; false, reported once, when there are too many. */
bool bnc_decode_more(const struct bnc_spot *spot);

/* The value at `spot`, by the type of its row: kind of JSON first, then the type. */
void bnc_decode_value(const struct bnc_spot *spot, void *member);

/* An object by `table` into `out`. */
void bnc_decode_table(struct bnc_decoder *decoder, const struct bnc_table *table,
                      const cJSON *json, const struct bnc_path *path, void *out);

/* matchLabels and matchExpressions, for the CRD as well. */
extern const struct bnc_table bnc_table_selector;

/* field_value.c */
void bnc_decode_text(const struct bnc_spot *spot, void *member); /* all texts, PORT */
void bnc_decode_bool(const struct bnc_spot *spot, void *member);
void bnc_decode_int(const struct bnc_spot *spot, void *member);
void bnc_decode_port(const struct bnc_spot *spot, void *member);
void bnc_decode_expr(const struct bnc_spot *spot, void *member);
void bnc_decode_number(const struct bnc_spot *spot, void *member);
void bnc_decode_percent(const struct bnc_spot *spot, void *member);
void bnc_decode_selector(const struct bnc_spot *spot, void *member);
void bnc_decode_raw(const struct bnc_spot *spot, void *member);

/* field_list.c */
void bnc_decode_texts(const struct bnc_spot *spot, void *member);
void bnc_decode_map(const struct bnc_spot *spot, void *member);
void bnc_decode_multimap(const struct bnc_spot *spot, void *member);
void bnc_decode_list(const struct bnc_spot *spot, void *member);

#endif
