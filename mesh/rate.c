/* Percentages as decimal text, without a double in between: the rate part of istio.h. */
#include <inttypes.h>
#include <string.h>

#include "lib/json.h"
#include "mesh/istio.h"

#define DECIMALS  4 /* of BNC_RATE_PERCENT */
#define POWER_MAX 100000
#define RATE_DIGITS                                                                      \
    17 /* 10^17 and more is this: far above what anybody compares with                   \
        */
#define RATE_FARTHEST INT64_C(100000000000000000)

struct decimal {
    const char *digits; /* from the first that is not 0; may have a point in it */
    size_t n_chars;
    long point; /* digits in front of the point; below 0: zeros behind it */
    bool negative;
    bool zero;
};

/* The decimal exponent, capped where it says no more; false: it has no digits. */
static bool
read_power(const char **at, long *power)
{
    const char *s = *at + 1;
    bool negative = *s == '-';
    s += *s == '-' || *s == '+';
    size_t n = strspn(s, "0123456789");
    for (size_t i = 0; i < n; i++) {
        *power = *power < POWER_MAX ? *power * 10 + (s[i] - '0') : POWER_MAX;
    }
    *power = negative ? -*power : *power;
    *at = s + n;
    return n > 0;
}

static bool
read_decimal(const char *s, struct decimal *out)
{
    *out = (struct decimal){.negative = *s == '-'};
    s += *s == '-' || *s == '+';
    size_t whole = strspn(s, "0123456789");
    bool has_point = s[whole] == '.';
    size_t fraction = has_point ? strspn(s + whole + 1, "0123456789") : 0;
    const char *end = s + whole + has_point + fraction;
    long power = 0;
    if (whole + fraction == 0) {
        return false;
    }
    const char *rest = end;
    if ((*rest == 'e' || *rest == 'E') && !read_power(&rest, &power)) {
        return false;
    }
    size_t skip = strspn(s, "0.");
    skip = s + skip > end ? (size_t)(end - s) : skip;
    out->digits = s + skip;
    out->n_chars = (size_t)(end - out->digits);
    out->zero = out->n_chars == 0;
    out->point =
        (skip <= whole ? (long)(whole - skip) : (long)whole + 1 - (long)skip) + power;
    return *rest == '\0';
}

/* Digit `i` of it, 0 behind its end. */
static int
next_digit(struct decimal *d)
{
    if (d->n_chars > 0 && *d->digits == '.') {
        d->digits++;
        d->n_chars--;
    }
    if (d->n_chars == 0) {
        return 0;
    }
    d->n_chars--;
    return *d->digits++ - '0';
}

bool
bnc_rate_parse(const char *text, bnc_rate *out)
{
    struct decimal d;
    if (!read_decimal(text, &d)) {
        return false;
    }
    if (d.zero) {
        *out = 0;
        return true;
    }
    long n = d.point + DECIMALS; /* digits of the result */
    bnc_rate value = 0;
    for (long i = 0; i < n && i < RATE_DIGITS; i++) {
        value = value * 10 + next_digit(&d);
    }
    if (n > RATE_DIGITS) {
        value = RATE_FARTHEST;
    } else if (n >= 0) {
        bnc_rate cut = value;
        int first = next_digit(&d);
        bool more = first > 0 || d.n_chars > strspn(d.digits, "0.");
        value += first >= 5;
        value += cut == BNC_RATE_ALL && value == cut && more;
    }
    if (d.negative && value == 0) {
        value = 1;
    }
    *out = d.negative ? -value : value;
    return true;
}

bool
bnc_rate_from_json(const cJSON *number, struct bnc_arena *arena, bnc_rate *out)
{
    if (cJSON_IsRaw(number)) {
        return bnc_rate_parse(number->valuestring, out);
    }
    if (!cJSON_IsNumber(number)) {
        return false;
    }
    struct bnc_str text = bnc_str_new(arena, BNC_JSON_NUMBER_MAX);
    bnc_json_print_double(number->valuedouble, &text);
    return bnc_rate_parse(text.ptr, out);
}

const char *
bnc_rate_text(bnc_rate rate, struct bnc_arena *arena)
{
    const char *sign = rate < 0 ? "-" : "";
    uint64_t size = rate < 0 ? 0 - (uint64_t)rate : (uint64_t)rate;
    uint64_t rest = size % BNC_RATE_PERCENT;
    char *text = rest == 0
                     ? bnc_arena_fmt(arena, "%s%" PRIu64, sign, size / BNC_RATE_PERCENT)
                     : bnc_arena_fmt(arena, "%s%" PRIu64 ".%0*" PRIu64, sign,
                                     size / BNC_RATE_PERCENT, DECIMALS, rest);
    size_t n = strlen(text);
    while (rest != 0 && text[n - 1] == '0') {
        text[--n] = '\0';
    }
    return text;
}
