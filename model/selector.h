/*
 * Label selectors (Kubernetes' metav1.LabelSelector).
 */
#ifndef BNC_MODEL_SELECTOR_H
#define BNC_MODEL_SELECTOR_H

#include <cjson/cJSON.h>

#include "lib/arena.h"
#include "model/diag.h"

enum bnc_selector_op {
    BNC_SELECTOR_IN,
    BNC_SELECTOR_NOT_IN,
    BNC_SELECTOR_EXISTS,
    BNC_SELECTOR_DOES_NOT_EXIST
};

/* matchLabels become IN with one value; sorted by key, then operator, then values. */
struct bnc_requirement {
    const char *key;
    enum bnc_selector_op op;
    const char **values; /* sorted, without repeats */
    size_t n_values;
};

struct bnc_selector {
    struct bnc_requirement *items;
    size_t n; /* 0: everything matches */
    /* The same as it is written: matchLabels by key, then matchExpressions. */
    const struct bnc_requirement *written;
    size_t n_labels; /* of matchLabels */
};

/* Decode into `arena` of `diags`; wrong parts become diagnostics below `path`. */
struct bnc_selector *
bnc_selector_decode(const cJSON *json, const char *path, struct bnc_diags *diags);

/* `labels`: a JSON object of texts, NULL for none. NULL selector: nothing matches. */
bool bnc_selector_match(const struct bnc_selector *selector, const cJSON *labels);

/* True when no set of labels can match both: only then never asked twice. */
bool bnc_selector_disjoint(const struct bnc_selector *a, const struct bnc_selector *b);

/* "app=web,tier in (a,b),!old" as kubectl writes it; "everything" when empty. */
const char *
bnc_selector_text(const struct bnc_selector *selector, struct bnc_arena *arena);

/* The first requirement that `labels` do not meet, as text; NULL when all are met. */
const char *bnc_selector_why_not(const struct bnc_selector *selector, const cJSON *labels,
                                 struct bnc_arena *arena);

#endif
