/*
 * The parts of the reader of manifests.  Included by source/docs*.c only.
 */
#ifndef BNC_SOURCE_DOCS_PRIV_H
#define BNC_SOURCE_DOCS_PRIV_H

#include "lib/json.h"
#include "source/docs.h"

struct bnc_docs_lines; /* where the items of lists begin */

struct bnc_docs_reader {
    const struct bnc_docs_input *input;
    const struct bnc_docs_ops *ops;
    void *arg;
    struct bnc_docs_counts *counts;
    struct bnc_arena *arena;
    struct bnc_docs_lines *lines; /* NULL: not yet looked for */
};

/* One object in its file. */
struct bnc_docs_place {
    size_t doc;         /* from 0 */
    size_t line;        /* from 1 */
    const char *prefix; /* "items[3]." inside a list, else "" */
    const char *kind;   /* texts, "" while they are not known */
    const char *ns;
    const char *name;
};

/* docs.c */
void bnc_docs_problem(struct bnc_docs_reader *r, const struct bnc_docs_place *place,
                      const char *field, const char *remedy, const char *fmt, ...)
    BNC_PRINTF(5, 6);

/* docs_check.c: false when a problem was told */
bool bnc_docs_check_metadata(struct bnc_docs_reader *r, struct bnc_docs_place *place,
                             enum bnc_kind kind, const cJSON *tree);
bool bnc_docs_check_maps(struct bnc_docs_reader *r, const struct bnc_docs_place *place,
                         enum bnc_kind kind, const cJSON *tree);
/* The tree with stringData folded into data; `tree` itself when there is none. */
const cJSON *bnc_docs_fold_secret(struct bnc_arena *arena, const cJSON *tree);

/* docs_lines.c: line of items[index] of a document that is a list; 0: not known */
size_t bnc_docs_item_line(struct bnc_docs_reader *r, size_t doc, size_t index);

#endif
