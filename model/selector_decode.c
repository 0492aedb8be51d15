/* Decoding of label selectors. */
#include <stdlib.h>
#include <string.h>

#include "lib/json.h"
#include "lib/str.h"
#include "lib/units.h"
#include "model/field_decode.h"
#include "model/field_text.h"
#include "model/selector.h"

#define REQUIREMENTS_MAX 64
#define VALUES_MAX       128

struct bnc_selector_expression { /* as it is written */
    const char *key;
    const char *op;
    struct bnc_texts values;
};

struct selector_fields {
    struct bnc_pairs match_labels;
    struct bnc_list match_expressions;
};

static const char *const ops[] = {
    [BNC_SELECTOR_IN] = "In",
    [BNC_SELECTOR_NOT_IN] = "NotIn",
    [BNC_SELECTOR_EXISTS] = "Exists",
    [BNC_SELECTOR_DOES_NOT_EXIST] = "DoesNotExist",
    NULL,
};

#define AT(member) offsetof(struct bnc_selector_expression, member)
static const struct bnc_field expression_rows[] = {
    {.name = "key",
     .type = BNC_FIELD_TEXT,
     .offset = AT(key),
     .rule = BNC_TEXT_LABEL_KEY,
     .required = true,
     .doc = "Key of the label."},
    {.name = "operator",
     .type = BNC_FIELD_ENUM,
     .offset = AT(op),
     .values = ops,
     .required = true,
     .doc = "How the label is compared."},
    {.name = "values",
     .type = BNC_FIELD_TEXTS,
     .offset = AT(values),
     .max_items = VALUES_MAX,
     .doc = "With In and NotIn: the values. With Exists and DoesNotExist: none."},
};
#undef AT

static const struct bnc_table expression_table = {
    .name = "Expression",
    .size = sizeof(struct bnc_selector_expression),
    .fields = expression_rows,
    .n_fields = BNC_LEN(expression_rows),
};

#define AT(member) offsetof(struct selector_fields, member)
static const struct bnc_field selector_rows[] = {
    {.name = "matchLabels",
     .type = BNC_FIELD_MAP,
     .offset = AT(match_labels),
     .rule = BNC_TEXT_LABEL_KEY,
     .max_items = REQUIREMENTS_MAX,
     .doc = "Labels with the value that they must have."},
    {.name = "matchExpressions",
     .type = BNC_FIELD_LIST,
     .offset = AT(match_expressions),
     .sub = &expression_table,
     .max_items = REQUIREMENTS_MAX,
     .doc = "Conditions on labels, all of which must be met."},
};
#undef AT

const struct bnc_table bnc_table_selector = {
    .name = "Selector",
    .size = sizeof(struct selector_fields),
    .fields = selector_rows,
    .n_fields = BNC_LEN(selector_rows),
};

static int
by_text(const void *a, const void *b)
{
    const char *x = NULL;
    const char *y = NULL;
    memcpy(&x, a, sizeof(x));
    memcpy(&y, b, sizeof(y));
    return strcmp(x, y);
}

static int
by_requirement(const void *a, const void *b)
{
    const struct bnc_requirement *x = a;
    const struct bnc_requirement *y = b;
    int order = strcmp(x->key, y->key);
    if (order == 0) {
        order = (x->op > y->op) - (x->op < y->op);
    }
    for (size_t i = 0; order == 0 && i < x->n_values && i < y->n_values; i++) {
        order = strcmp(x->values[i], y->values[i]);
    }
    return order != 0 ? order : (x->n_values > y->n_values) - (x->n_values < y->n_values);
}

static void
wrong_value(const char *value, const char *path, struct bnc_diags *diags)
{
    bnc_diag_add(diags, BNC_REASON_INVALID_FIELD, path,
                 "use letters, digits, \"-\", \"_\" and \".\", at most 63, a letter or "
                 "digit at both ends",
                 "%s is no value of a label", bnc_text_quoted(diags->arena, value));
}

/* Sort the values, without what is there twice; those that are written stay. */
static void
sort_values(struct bnc_requirement *item, struct bnc_arena *arena)
{
    size_t kept = 0;
    if (item->n_values < 2) {
        return;
    }
    item->values =
        bnc_arena_memdup(arena, item->values, item->n_values * sizeof(*item->values));
    qsort(item->values, item->n_values, sizeof(*item->values), by_text);
    for (size_t i = 0; i < item->n_values; i++) {
        if (kept == 0 || strcmp(item->values[kept - 1], item->values[i]) != 0) {
            item->values[kept++] = item->values[i];
        }
    }
    item->n_values = kept;
}

static enum bnc_selector_op
op_of(const char *text)
{
    size_t i = 0;
    while (i < BNC_SELECTOR_DOES_NOT_EXIST && strcmp(ops[i], text) != 0) {
        i++;
    }
    return (enum bnc_selector_op)i;
}

/* `clean`: decoding found nothing wrong, so that what is missing was never there. */
static void
add_expression(struct bnc_selector *out, const struct bnc_selector_expression *expression,
               const char *path, bool clean, struct bnc_diags *diags)
{
    if (expression->key == NULL || expression->op == NULL) {
        return; /* reported already */
    }
    enum bnc_selector_op op = op_of(expression->op);
    bool compares = op == BNC_SELECTOR_IN || op == BNC_SELECTOR_NOT_IN;
    size_t n = expression->values.n;
    const char *at = bnc_arena_fmt(diags->arena, "%s.values", path);

    if (compares && n == 0) {
        if (clean || !expression->values.set) {
            bnc_diag_add(diags, BNC_REASON_INVALID_FIELD, at, "give at least one value",
                         "%s needs values", expression->op);
        }
        return;
    }
    if (!compares && n > 0) {
        bnc_diag_add(diags, BNC_REASON_INVALID_FIELD, at, "remove them",
                     "%s takes no values", expression->op);
        return;
    }
    for (size_t i = 0; i < n; i++) {
        if (!bnc_label_value_valid(expression->values.items[i])) {
            wrong_value(expression->values.items[i],
                        bnc_arena_fmt(diags->arena, "%s[%zu]", at, i), diags);
        }
    }
    struct bnc_requirement *added = &out->items[out->n++];
    *added = (struct bnc_requirement){.key = expression->key, .op = op};
    added->values = expression->values.items;
    added->n_values = n;
}

struct bnc_selector *
bnc_selector_decode(const cJSON *json, const char *path, struct bnc_diags *diags)
{
    struct selector_fields fields = {.match_labels = {.n = 0}};
    struct bnc_selector *out = bnc_arena_alloc(diags->arena, sizeof(*out));

    size_t before = diags->errors;
    bnc_fields_decode(&bnc_table_selector, json, path, &fields, diags);
    bool clean = diags->errors == before;
    size_t room = fields.match_labels.n + fields.match_expressions.n;
    out->items = bnc_arena_array(diags->arena, room, sizeof(*out->items));
    for (size_t i = 0; i < fields.match_labels.n; i++) {
        const struct bnc_pair *pair = &fields.match_labels.items[i];
        struct bnc_requirement *added = &out->items[out->n++];
        if (!bnc_label_value_valid(pair->value)) {
            wrong_value(
                pair->value,
                bnc_arena_fmt(diags->arena, "%s.matchLabels[\"%s\"]", path, pair->key),
                diags);
        }
        *added = (struct bnc_requirement){.key = pair->key, .op = BNC_SELECTOR_IN};
        added->values = bnc_arena_array(diags->arena, 1, sizeof(*added->values));
        added->values[0] = pair->value;
        added->n_values = 1;
    }
    const struct bnc_selector_expression *expressions = fields.match_expressions.items;
    for (size_t i = 0; i < fields.match_expressions.n; i++) {
        add_expression(out, &expressions[i],
                       bnc_arena_fmt(diags->arena, "%s.matchExpressions[%zu]", path, i),
                       clean, diags);
    }
    out->written =
        bnc_arena_memdup(diags->arena, out->items, out->n * sizeof(*out->items));
    out->n_labels = fields.match_labels.n;
    for (size_t i = 0; i < out->n; i++) {
        sort_values(&out->items[i], diags->arena);
    }
    if (out->n > 0) {
        qsort(out->items, out->n, sizeof(*out->items), by_requirement);
    }
    return out;
}
