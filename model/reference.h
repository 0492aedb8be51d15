/*
 * The reference page of a kind, in Markdown, made from its field tables.
 */
#ifndef BNC_MODEL_REFERENCE_H
#define BNC_MODEL_REFERENCE_H

#include "lib/str.h"
#include "model/field.h"

#define BNC_REFERENCE_MAX ((size_t)256 * 1024) /* bytes of a page */

/* Add the whole page to `out`. */
void bnc_reference_write(const struct bnc_kind_doc *doc, struct bnc_str *out);

/* "scrapepolicy.md": the page's name below docs/reference/. */
const char *bnc_reference_file(const struct bnc_kind_doc *doc, struct bnc_arena *arena);

#endif
