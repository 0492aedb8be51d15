/*
 * Texts that users write: the rules for names, keys and URLs, and how such a
 * text is shown in a message.
 */
#ifndef BNC_MODEL_FIELD_TEXT_H
#define BNC_MODEL_FIELD_TEXT_H

#include "lib/arena.h"
#include "model/field.h"

#define BNC_QUOTED_MAX 64 /* bytes of a user's text in a message */

/* True when `text` keeps `rule`; BNC_TEXT_ANY is kept by all. */
bool bnc_text_keeps(enum bnc_text_rule rule, const char *text);

/* What is right, for people: "use http:// or https:// with a host". */
const char *bnc_text_remedy(enum bnc_text_rule rule);

/* Regular expression for the CRD; NULL when only decoding checks the rule. */
const char *bnc_text_pattern(enum bnc_text_rule rule);

/* Units: bytes; the longest text that may keep the rule. */
size_t bnc_text_max(enum bnc_text_rule rule);

/*
 * `text` in quotes for a message: at most BNC_QUOTED_MAX bytes of it, then
 * "..."; what would steer a terminal is escaped.
 */
const char *bnc_text_quoted(struct bnc_arena *arena, const char *text);

/* The same without quotes, for paths. */
const char *bnc_text_shown(struct bnc_arena *arena, const char *text);

/* A whole message, which may hold a user's text, made safe in the same way. */
const char *bnc_text_safe(struct bnc_arena *arena, const char *text);

/* The same, uncut, however long it is. */
const char *bnc_text_escaped(struct bnc_arena *arena, const char *text);

/* The name most like `text`, by edit distance; NULL when none is near. */
const char *bnc_text_nearest(const char *text, const char *const *names, size_t n);

#endif
