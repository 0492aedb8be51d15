#include "model/selector.h"

#include <string.h>

#include "lib/json.h"
#include "lib/str.h"

#define TEXT_MAX ((size_t)256 * 1024) /* bytes of a selector as text */

static bool
has_value(const struct bnc_requirement *requirement, const char *value)
{
    for (size_t i = 0; i < requirement->n_values; i++) {
        if (strcmp(requirement->values[i], value) == 0) {
            return true;
        }
    }
    return false;
}

/* `value`: of the requirement's key, NULL when the label is not there. */
static bool
is_met(const struct bnc_requirement *requirement, const char *value)
{
    switch (requirement->op) {
    case BNC_SELECTOR_IN:
        return value != NULL && has_value(requirement, value);
    case BNC_SELECTOR_NOT_IN:
        return value == NULL || !has_value(requirement, value);
    case BNC_SELECTOR_EXISTS:
        return value != NULL;
    case BNC_SELECTOR_DOES_NOT_EXIST:
        break;
    }
    return value == NULL;
}

static const struct bnc_requirement *
first_unmet(const struct bnc_selector *selector, const cJSON *labels)
{
    for (size_t i = 0; i < selector->n; i++) {
        const struct bnc_requirement *requirement = &selector->items[i];
        if (!is_met(requirement, bnc_json_get_str(labels, requirement->key))) {
            return requirement;
        }
    }
    return NULL;
}

bool
bnc_selector_match(const struct bnc_selector *selector, const cJSON *labels)
{
    return selector != NULL && first_unmet(selector, labels) == NULL;
}

/* True when `value` meets every requirement on `key` of both selectors. */
static bool
all_met(const struct bnc_selector *const both[2], const char *key, const char *value)
{
    for (size_t s = 0; s < 2; s++) {
        for (size_t i = 0; i < both[s]->n; i++) {
            const struct bnc_requirement *requirement = &both[s]->items[i];
            if (strcmp(requirement->key, key) == 0 && !is_met(requirement, value)) {
                return false;
            }
        }
    }
    return true;
}

/* The first requirement on `key` with `op`; NULL: there is none. */
static const struct bnc_requirement *
find(const struct bnc_selector *const both[2], const char *key, enum bnc_selector_op op)
{
    for (size_t s = 0; s < 2; s++) {
        for (size_t i = 0; i < both[s]->n; i++) {
            const struct bnc_requirement *requirement = &both[s]->items[i];
            if (requirement->op == op && strcmp(requirement->key, key) == 0) {
                return requirement;
            }
        }
    }
    return NULL;
}

/* True when no value of `key`, nor its absence, meets both selectors. */
static bool
key_is_impossible(const struct bnc_selector *const both[2], const char *key)
{
    if (all_met(both, key, NULL)) {
        return false;
    }
    if (find(both, key, BNC_SELECTOR_DOES_NOT_EXIST) != NULL) {
        return true; /* it wants the absence that was just refused */
    }
    const struct bnc_requirement *in = find(both, key, BNC_SELECTOR_IN);
    if (in == NULL) {
        return false; /* NotIn never uses up all values */
    }
    for (size_t i = 0; i < in->n_values; i++) {
        if (all_met(both, key, in->values[i])) {
            return false;
        }
    }
    return true;
}

bool
bnc_selector_disjoint(const struct bnc_selector *a, const struct bnc_selector *b)
{
    if (a == NULL || b == NULL) {
        return true;
    }
    const struct bnc_selector *const both[2] = {a, b};
    for (size_t s = 0; s < 2; s++) {
        for (size_t i = 0; i < both[s]->n; i++) {
            if (key_is_impossible(both, both[s]->items[i].key)) {
                return true;
            }
        }
    }
    return false;
}

static void
add_requirement(struct bnc_str *out, const struct bnc_requirement *requirement)
{
    const char *key = requirement->key;
    if (requirement->op == BNC_SELECTOR_IN && requirement->n_values == 1) {
        bnc_str_fmt(out, "%s=%s", key, requirement->values[0]);
        return;
    }
    if (requirement->op == BNC_SELECTOR_EXISTS) {
        bnc_str_puts(out, key);
        return;
    }
    if (requirement->op == BNC_SELECTOR_DOES_NOT_EXIST) {
        bnc_str_fmt(out, "!%s", key);
        return;
    }
    bnc_str_fmt(out, "%s %s (", key, requirement->op == BNC_SELECTOR_IN ? "in" : "notin");
    for (size_t i = 0; i < requirement->n_values; i++) {
        bnc_str_fmt(out, "%s%s", i == 0 ? "" : ",", requirement->values[i]);
    }
    bnc_str_puts(out, ")");
}

const char *
bnc_selector_text(const struct bnc_selector *selector, struct bnc_arena *arena)
{
    struct bnc_str out = bnc_str_new(arena, TEXT_MAX);
    if (selector == NULL) {
        return "nothing";
    }
    if (selector->n == 0) {
        return "everything";
    }
    for (size_t i = 0; i < selector->n; i++) {
        bnc_str_puts(&out, i == 0 ? "" : ",");
        add_requirement(&out, &selector->items[i]);
    }
    return out.ptr;
}

const char *
bnc_selector_why_not(const struct bnc_selector *selector, const cJSON *labels,
                     struct bnc_arena *arena)
{
    if (selector == NULL) {
        return "no selector";
    }
    const struct bnc_requirement *unmet = first_unmet(selector, labels);
    if (unmet == NULL) {
        return NULL;
    }
    struct bnc_str out = bnc_str_new(arena, TEXT_MAX);
    add_requirement(&out, unmet);
    return out.ptr;
}
