/*
 * Where each value of a YAML text stands, in bytes: for edits that leave the rest of the
 * text as it is.
 */
#ifndef BNC_MESH_YAML_SPAN_H
#define BNC_MESH_YAML_SPAN_H

#include "lib/arena.h"
#include "lib/error.h"
#include "lib/str.h"

enum bnc_span_kind { BNC_SPAN_SCALAR, BNC_SPAN_MAP, BNC_SPAN_LIST };

/* A value; of a map's children `key` is their key.  Units: bytes. */
struct bnc_span {
    enum bnc_span_kind kind;
    bool flow;     /* a list or map in brackets */
    size_t start;  /* with its tag; of what is not written: where it would be */
    size_t end;    /* behind the last byte, before the line break */
    size_t inside; /* of flow: behind the bracket */
    char *text;    /* of a scalar */
    struct bnc_span *key;
    struct bnc_span *child;
    struct bnc_span *next;
};

struct bnc_spans {
    struct bnc_span *root; /* NULL: the text has no value */
    bool marked;           /* by `---` */
    size_t start;          /* behind that marker, or 0 */
};

/*
 * The spans of a text of one document, which bnc_yaml_read() has taken already.
 * Owns:   all in `arena`; nothing is borrowed from `text`.
 * Errors: INVALID for what is no text of YAML, and for what is not safe to edit: anchors,
 *         aliases and merges; line breaks other than LF and CRLF; a byte order mark.
 */
enum bnc_code bnc_spans_read(struct bnc_bytes text, struct bnc_arena *arena,
                             struct bnc_spans *out, struct bnc_error *err) BNC_MUST_CHECK;

/* The value at `key` of a map; NULL: not there. */
const struct bnc_span *bnc_span_get(const struct bnc_span *map, const char *key);

/* ---- where something can be put ---------------------------------------------------- */

/*
 * Where new entries of a map or list go: in brackets behind the opening one, else on
 * lines of their own below the line of its key, so that comments stay with what they
 * speak of.
 */
struct bnc_span_place {
    size_t at;
    size_t indent; /* of a line: spaces before it */
    bool flow;
    bool broken_line; /* what is before it has no line break */
};

/*
 * In `span`, which has entries; `from` is behind what introduces it.  At the text's start
 * when nothing does.
 * Errors: INVALID: the text has another form than the usual ones there.
 */
enum bnc_code bnc_span_place(struct bnc_bytes text, const struct bnc_span *span,
                             size_t from, bool at_start, struct bnc_span_place *out,
                             struct bnc_error *err) BNC_MUST_CHECK;

/* Behind the colon of a value's key.  Errors: INVALID: it is not on the key's line. */
enum bnc_code bnc_span_colon(struct bnc_bytes text, const struct bnc_span *span,
                             size_t *out, struct bnc_error *err) BNC_MUST_CHECK;

/* The first byte behind the line of `at`; false: the text ends with it. */
bool bnc_span_next_line(struct bnc_bytes text, size_t at, size_t *out);

/* INVALID with the line of byte `at`: what is there is not edited. */
enum bnc_code bnc_span_refuse(struct bnc_bytes text, size_t at, struct bnc_error *err);

#endif
