/* Writing and comparing trees: the third part of lib/json.h. */
#include "lib/json.h"

#include <ctype.h>
#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A double holds at most this many decimal digits that matter. */
#define DIGITS_MAX 17

struct decimal {
    char digits[DIGITS_MAX + 1];
    int exponent; /* of the first digit */
};

/* Take "d.ddde-XX" apart; the locale's decimal point is whatever is no digit. */
static void
split(const char *text, struct decimal *out)
{
    size_t n = 0;
    const char *exponent = strchr(text, 'e');
    for (const char *p = text; p < exponent; p++) {
        if (isdigit((unsigned char)*p) && n < DIGITS_MAX) {
            out->digits[n++] = *p;
        }
    }
    while (n > 1 && out->digits[n - 1] == '0') {
        n--;
    }
    out->digits[n] = '\0';
    out->exponent = (int)strtol(exponent + 1, NULL, 10);
}

/* The fewest digits that read back as `value` (positive and finite). */
static void
shortest(double value, struct decimal *out)
{
    char text[48] = "";
    /* Fifteen digits always survive, so that fewer need a try only below DBL_MIN. */
    for (int n = value < DBL_MIN ? 1 : 15; n <= DIGITS_MAX; n++) {
        (void)snprintf(text, sizeof(text), "%.*e", n - 1, value);
        if (!(strtod(text, NULL) < value) && !(strtod(text, NULL) > value)) {
            break;
        }
    }
    split(text, out);
}

/* As Go's encoding/json and ECMAScript write numbers. */
void
bnc_json_print_double(double value, struct bnc_str *out)
{
    if (!isfinite(value)) {
        bnc_str_puts(out, "null");
        return;
    }
    if (signbit(value)) {
        bnc_str_putc(out, '-');
        value = -value;
    }
    if (value <= (double)BNC_JSON_EXACT_INT && !(floor(value) < value)) {
        bnc_str_fmt(out, "%" PRId64, (int64_t)value);
        return;
    }
    struct decimal d;
    shortest(value, &d);
    int n = (int)strlen(d.digits);
    if (d.exponent < -6 || d.exponent >= 21) {
        bnc_str_fmt(out, "%c%s%se%+d", d.digits[0], n > 1 ? "." : "", d.digits + 1,
                    d.exponent);
    } else if (d.exponent < 0) {
        bnc_str_fmt(out, "0.%.*s%s", -d.exponent - 1, "000000", d.digits);
    } else if (n <= d.exponent + 1) {
        bnc_str_fmt(out, "%s%.*s", d.digits, d.exponent + 1 - n, "000000000000000000000");
    } else {
        bnc_str_fmt(out, "%.*s.%s", d.exponent + 1, d.digits, d.digits + d.exponent + 1);
    }
}

struct member {
    const cJSON *item;
    size_t at;
};

static int
compare_members(const void *a, const void *b)
{
    const struct member *x = a;
    const struct member *y = b;
    int order = strcmp(x->item->string, y->item->string);
    if (order != 0) {
        return order;
    }
    return (x->at > y->at) - (x->at < y->at);
}

/* The children by key; the caller frees. */
static struct member *
sorted_members(const cJSON *object, size_t *n)
{
    *n = 0;
    for (const cJSON *child = object->child; child != NULL; child = child->next) {
        (*n)++;
    }
    struct member *members = bnc_alloc((*n + 1) * sizeof(*members));
    size_t i = 0;
    for (const cJSON *child = object->child; child != NULL; child = child->next, i++) {
        members[i] = (struct member){.item = child, .at = i};
    }
    qsort(members, *n, sizeof(*members), compare_members);
    return members;
}

static void print(const cJSON *item, bool sorted, struct bnc_str *out);

static void
print_member(const cJSON *item, bool first, bool sorted, struct bnc_str *out)
{
    if (!first) {
        bnc_str_putc(out, ',');
    }
    bnc_str_json(out, item->string);
    bnc_str_putc(out, ':');
    print(item, sorted, out);
}

static void
print_object(const cJSON *object, bool sorted, struct bnc_str *out)
{
    bnc_str_putc(out, '{');
    if (sorted) {
        size_t n;
        struct member *members = sorted_members(object, &n);
        for (size_t i = 0; i < n; i++) {
            print_member(members[i].item, i == 0, sorted, out);
        }
        free(members);
    } else {
        for (const cJSON *child = object->child; child != NULL; child = child->next) {
            print_member(child, child == object->child, sorted, out);
        }
    }
    bnc_str_putc(out, '}');
}

static void
print(const cJSON *item, bool sorted, struct bnc_str *out)
{
    if (cJSON_IsObject(item)) {
        print_object(item, sorted, out);
    } else if (cJSON_IsArray(item)) {
        bnc_str_putc(out, '[');
        for (const cJSON *child = item->child; child != NULL; child = child->next) {
            if (child != item->child) {
                bnc_str_putc(out, ',');
            }
            print(child, sorted, out);
        }
        bnc_str_putc(out, ']');
    } else if (cJSON_IsString(item)) {
        bnc_str_json(out, item->valuestring);
    } else if (cJSON_IsNumber(item)) {
        bnc_json_print_double(item->valuedouble, out);
    } else if (cJSON_IsRaw(item)) {
        bnc_str_puts(out, item->valuestring);
    } else if (cJSON_IsBool(item)) {
        bnc_str_puts(out, cJSON_IsTrue(item) ? "true" : "false");
    } else {
        bnc_str_puts(out, "null");
    }
}

void
bnc_json_print(const cJSON *tree, struct bnc_str *out)
{
    print(tree, false, out);
}

void
bnc_json_print_sorted(const cJSON *tree, struct bnc_str *out)
{
    print(tree, true, out);
}

static bool
equal_objects(const cJSON *a, const cJSON *b)
{
    size_t n_a;
    size_t n_b;
    struct member *x = sorted_members(a, &n_a);
    struct member *y = sorted_members(b, &n_b);
    bool same = n_a == n_b;
    for (size_t i = 0; same && i < n_a; i++) {
        same = strcmp(x[i].item->string, y[i].item->string) == 0 &&
               bnc_json_equal(x[i].item, y[i].item);
    }
    free(x);
    free(y);
    return same;
}

static bool
equal_arrays(const cJSON *a, const cJSON *b)
{
    const cJSON *x = a->child;
    const cJSON *y = b->child;
    while (x != NULL && y != NULL && bnc_json_equal(x, y)) {
        x = x->next;
        y = y->next;
    }
    return x == NULL && y == NULL;
}

/* By text: 1e20 is a double in one tree and exact text in another. */
static bool
equal_numbers(const cJSON *a, const cJSON *b)
{
    if (cJSON_IsNumber(a) && cJSON_IsNumber(b)) {
        return a->valuedouble <= b->valuedouble && a->valuedouble >= b->valuedouble;
    }
    struct bnc_str x = bnc_str_new(NULL, SIZE_MAX);
    struct bnc_str y = bnc_str_new(NULL, SIZE_MAX);
    print(a, false, &x);
    print(b, false, &y);
    bool same = bnc_str_eq(x.ptr, y.ptr);
    bnc_str_free(&x);
    bnc_str_free(&y);
    return same;
}

bool
bnc_json_equal(const cJSON *a, const cJSON *b)
{
    if (a == NULL || b == NULL) {
        return a == b;
    }
    if (bnc_json_is_number(a) && bnc_json_is_number(b)) {
        return equal_numbers(a, b);
    }
    if ((a->type & 0xff) != (b->type & 0xff)) {
        return false;
    }
    if (cJSON_IsObject(a)) {
        return equal_objects(a, b);
    }
    if (cJSON_IsArray(a)) {
        return equal_arrays(a, b);
    }
    return !cJSON_IsString(a) || strcmp(a->valuestring, b->valuestring) == 0;
}
