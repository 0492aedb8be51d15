/*
 * What is wrong with a user's object, as data: printed alike by lint, render,
 * status, Events and explain.
 */
#ifndef BNC_MODEL_DIAG_H
#define BNC_MODEL_DIAG_H

#include "lib/arena.h"
#include "model/reason.h"

#define BNC_DIAGS_MAX 100 /* of one object; more are counted only */

struct bnc_diag {
    enum bnc_reason reason;
    const char *field;   /* "spec.endpoints[2].port"; "" for the whole object */
    const char *message; /* what is wrong, with the value, one sentence, no full stop */
    const char *remedy;  /* what would be right: "use a port name or 1 to 65535" */
    bool warning;        /* the object still counts */
};

struct bnc_diags {
    struct bnc_arena *arena;
    struct bnc_diag *items;
    size_t n;
    size_t room;
    size_t errors; /* those that are no warnings, also beyond the cap */
    size_t effort; /* that checks of regular expressions have cost (lib/regex.h) */
};

/* Owns: `arena` holds all texts. */
struct bnc_diags bnc_diags_new(struct bnc_arena *arena);

/* Add an error.  `field` and `remedy` are copied; `remedy` may be NULL. */
void bnc_diag_add(struct bnc_diags *diags, enum bnc_reason reason, const char *field,
                  const char *remedy, const char *fmt, ...) BNC_PRINTF(5, 6);
void bnc_diag_warn(struct bnc_diags *diags, enum bnc_reason reason, const char *field,
                   const char *remedy, const char *fmt, ...) BNC_PRINTF(5, 6);

/* Add copies of `n` others. */
void bnc_diags_copy(struct bnc_diags *diags, const struct bnc_diag *items, size_t n);

/* Likewise all of `found`, with the number of its errors beyond the cap, and its effort.
 */
void bnc_diags_take(struct bnc_diags *diags, const struct bnc_diags *found);

/*
 * True when an error stands at `path` or below, or when not all of them are known: what
 * is there may not be used.
 */
bool bnc_diags_error_at(const struct bnc_diags *diags, const char *path);

/* "field: message; remedy" in `arena`: the one text for people. */
const char *bnc_diag_text(const struct bnc_diag *diag, struct bnc_arena *arena);

#endif
