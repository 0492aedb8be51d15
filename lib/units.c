#include "lib/units.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "lib/clip.h"

#define QUOTE_MAX 60 /* bytes of a bad text in a message */

static bool
is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool
is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static enum bnc_code
fail_text(struct bnc_error *err, const char *text, const char *what)
{
    return bnc_fail(err, BNC_INVALID, "\"%.*s\" is %s", bnc_clip(text, QUOTE_MAX), text,
                    what);
}

/* ---- durations ----------------------------------------------------------------- */

static const struct {
    const char *name;
    int64_t ms;
    bool exact; /* printed only when nothing is left: 90d reads better than 12w6d */
} duration_units[] = {
    {"y", INT64_C(365) * 24 * 3600 * 1000, true},
    {"w", INT64_C(7) * 24 * 3600 * 1000, true},
    {"d", INT64_C(24) * 3600 * 1000, false},
    {"h", INT64_C(3600) * 1000, false},
    {"m", INT64_C(60) * 1000, false},
    {"s", 1000, false},
    {"ms", 1, false},
};

/* The row of the unit of `n` bytes at `s`; BNC_LEN(duration_units) for none. */
static size_t
find_duration_unit(const char *s, size_t n)
{
    size_t i = 0;
    while (i < BNC_LEN(duration_units) && (strlen(duration_units[i].name) != n ||
                                           memcmp(duration_units[i].name, s, n) != 0)) {
        i++;
    }
    return i;
}

/* One "30m" at `*s`; its row has to be behind `*row`.  NULL: good, else what is wrong. */
static const char *
take_duration(const char **s, size_t *row, int64_t *total)
{
    const char *digits = *s;
    size_t n = strspn(digits, "0123456789");
    if (n == 0) {
        return "no duration; write a number and a unit, as in 30s or 1h30m";
    }
    const char *unit = digits + n;
    size_t length = strcspn(unit, "0123456789");
    size_t found = find_duration_unit(unit, length);
    if (found == BNC_LEN(duration_units)) {
        return length == 0
                   ? "a duration without a unit; write ms, s, m, h, d, w or y"
                   : "a duration with an unknown unit; write ms, s, m, h, d, w or y";
    }
    if (*row != BNC_LEN(duration_units) && found <= *row) {
        return "no duration; write each unit once and the largest first, as in 1h30m";
    }
    int64_t left = (BNC_DURATION_MAX_MS - *total) / duration_units[found].ms;
    int64_t value = 0;
    for (size_t i = 0; i < n; i++) {
        value = value * 10 + (digits[i] - '0');
        if (value > left) {
            return "a duration of over 292 years";
        }
    }
    *total += value * duration_units[found].ms;
    *row = found;
    *s = unit + length;
    return NULL;
}

enum bnc_code
bnc_duration_parse(const char *text, int64_t *ms, struct bnc_error *err)
{
    int64_t total = 0;
    size_t row = BNC_LEN(duration_units);
    const char *s = text;

    if (*s == '\0') {
        return bnc_fail(err, BNC_INVALID, "the duration is empty; write one as in 30s");
    }
    if (strcmp(s, "0") == 0) {
        s++;
    }
    while (*s != '\0') {
        const char *problem = take_duration(&s, &row, &total);
        if (problem != NULL) {
            return fail_text(err, text, problem);
        }
    }
    *ms = total;
    return BNC_OK;
}

void
bnc_duration_print(int64_t ms, struct bnc_str *out)
{
    if (ms <= 0) {
        bnc_str_puts(out, "0s");
        return;
    }
    for (size_t i = 0; i < BNC_LEN(duration_units); i++) {
        int64_t unit = duration_units[i].ms;
        if (ms < unit || (duration_units[i].exact && ms % unit != 0)) {
            continue;
        }
        bnc_str_fmt(out, "%" PRId64 "%s", ms / unit, duration_units[i].name);
        ms %= unit;
    }
}

/* ---- sizes --------------------------------------------------------------------- */

#define SIZE_PROBLEM "no size; write one as in 512KB, 5MB or 1.5GB (powers of 1024)"

/* Digits as Go's units package takes them: it gives up before 2^63. */
static bool
take_number(const char **s, double *out)
{
    int64_t value = 0;
    for (; is_digit(**s); (*s)++) {
        if (value >= (INT64_MAX - 9) / 10) {
            return false;
        }
        value = value * 10 + (**s - '0');
    }
    *out = (double)value;
    return true;
}

/* "B", "KB" or "KiB"; `*binary`: which of the two ways, -1 while not known. */
static bool
take_size_unit(const char **s, int *binary, double *out)
{
    static const char prefixes[] = "KMGTPE";
    const char *prefix = **s == '\0' ? NULL : strchr(prefixes, **s);
    *out = 1;
    if (prefix != NULL) {
        for (const char *p = prefixes; p <= prefix; p++) {
            *out *= 1024;
        }
        (*s)++;
        int with_i = **s == 'i';
        if (*binary >= 0 && *binary != with_i) {
            return false; /* Prometheus does not mix them either */
        }
        *binary = with_i;
        *s += with_i;
    }
    return *(*s)++ == 'B';
}

static bool
take_size(const char **s, int *binary, double *total)
{
    const char *start = *s;
    double value = 0;
    double fraction = 0;
    double unit = 0;

    if (!take_number(s, &value)) {
        return false;
    }
    bool digits = *s > start;
    if (**s == '.') {
        const char *point = (*s)++;
        if (!take_number(s, &fraction)) {
            return false;
        }
        double scale = 1; /* one division, or the last bit differs from Go's */
        for (const char *p = point + 1; p < *s; p++) {
            scale *= 10;
        }
        fraction /= scale;
        digits = digits || *s > point + 1;
    }
    if (!digits || !take_size_unit(s, binary, &unit)) {
        return false;
    }
    *total += (value + fraction) * unit;
    return true;
}

enum bnc_code
bnc_size_parse(const char *text, int64_t *bytes, struct bnc_error *err)
{
    double total = 0;
    int binary = -1;
    const char *s = text;

    if (strcmp(text, "0") == 0) {
        *bytes = 0;
        return BNC_OK;
    }
    do {
        if (!take_size(&s, &binary, &total)) {
            return fail_text(err, text, SIZE_PROBLEM);
        }
    } while (*s != '\0');
    if (total >= 9223372036854775808.0) {
        return fail_text(err, text, "a size of 8 EiB or more");
    }
    *bytes = (int64_t)total;
    return BNC_OK;
}

/* ---- percentages --------------------------------------------------------------------
 */

static bool
quantity_factor(const char *suffix, double *out)
{
    static const struct {
        const char *text;
        double factor;
    } rows[] = {
        {"", 1},        {"n", 1e-9},    {"u", 1e-6},    {"m", 1e-3},
        {"k", 1e3},     {"M", 1e6},     {"G", 1e9},     {"T", 1e12},
        {"P", 1e15},    {"E", 1e18},    {"Ki", 1024},   {"Mi", 1048576},
        {"Gi", 0x1p30}, {"Ti", 0x1p40}, {"Pi", 0x1p50}, {"Ei", 0x1p60},
    };
    for (size_t i = 0; i < BNC_LEN(rows); i++) {
        if (strcmp(rows[i].text, suffix) == 0) {
            *out = rows[i].factor;
            return true;
        }
    }
    return false;
}

/* The bytes of "-1.5e3" at the begin of `text`; 0: it is no number. */
static size_t
number_length(const char *text)
{
    size_t sign = text[0] == '+' || text[0] == '-' ? 1 : 0;
    size_t whole = strspn(text + sign, "0123456789");
    size_t n = sign + whole;
    size_t part = text[n] == '.' ? strspn(text + n + 1, "0123456789") : 0;
    if (whole + part == 0) {
        return 0;
    }
    n += text[n] == '.' ? 1 + part : 0;
    if (text[n] == 'e' || text[n] == 'E') {
        size_t power = text[n + 1] == '+' || text[n + 1] == '-' ? 2 : 1;
        size_t digits = strspn(text + n + power, "0123456789");
        n += digits > 0 ? power + digits : 0;
    }
    return n;
}

enum bnc_code
bnc_quantity_parse(const char *text, double *out, struct bnc_error *err)
{
    char number[64];
    double factor = 1;
    size_t n = number_length(text);

    if (n == 0 || n >= sizeof(number) || !quantity_factor(text + n, &factor)) {
        return bnc_fail(err, BNC_INVALID, "\"%.100s\" is no quantity", text);
    }
    memcpy(number, text, n);
    number[n] = '\0';
    *out =
        factor < 1 ? strtod(number, NULL) / (1 / factor) : strtod(number, NULL) * factor;
    return BNC_OK;
}

enum bnc_code
bnc_percent_parse(const char *text, int64_t *hundredths, struct bnc_error *err)
{
    const char *s = text;
    int64_t value = 0;
    size_t whole = strspn(s, "0123456789");
    size_t decimals = 0;
    bool good = whole > 0 && whole <= 3;

    for (size_t i = 0; good && i < whole; i++) {
        value = value * 10 + (s[i] - '0');
    }
    s += whole;
    if (good && *s == '.') {
        decimals = strspn(s + 1, "0123456789");
        good = decimals == 1 || decimals == 2;
        for (size_t i = 1; good && i <= decimals; i++) {
            value = value * 10 + (s[i] - '0');
        }
        s += decimals + 1;
    }
    for (; decimals < 2; decimals++) {
        value *= 10;
    }
    if (!good || *s != '\0' || value > 10000) {
        return fail_text(err, text,
                         "no percentage; write 0 to 100 with at most two decimals");
    }
    *hundredths = value;
    return BNC_OK;
}

/* ---- versions -------------------------------------------------------------------------
 */

/* A number without leading zeros; false when there is none. */
static bool
take_part(const char **s, uint32_t *out)
{
    size_t n = strspn(*s, "0123456789");
    if (n == 0 || n > 9 || (n > 1 && **s == '0')) {
        return false;
    }
    *out = (uint32_t)strtoul(*s, NULL, 10);
    *s += n;
    return true;
}

enum bnc_code
bnc_version_parse(const char *text, struct bnc_version *out, struct bnc_error *err)
{
    struct bnc_version version = {0};
    const char *s = text;

    s += *s == 'v';
    bool good =
        take_part(&s, &version.major) && *s++ == '.' && take_part(&s, &version.minor);
    if (good && *s == '.') {
        s++;
        good = take_part(&s, &version.patch);
    }
    if (good && (*s == '-' || *s == '+')) {
        size_t n = strlen(s + 1);
        good = n > 0 && n < 128;
        for (s++; good && *s != '\0'; s++) {
            good = is_digit(*s) || is_letter(*s) || strchr(".-+", *s) != NULL;
        }
    }
    if (!good || *s != '\0') {
        return fail_text(err, text, "no version; write one as in 3.5.0 or v2.53.3");
    }
    *out = version;
    return BNC_OK;
}

static int
compare(uint32_t a, uint32_t b)
{
    return (a > b) - (a < b);
}

int
bnc_version_compare(const struct bnc_version *a, const struct bnc_version *b)
{
    int order = compare(a->major, b->major);
    if (order == 0) {
        order = compare(a->minor, b->minor);
    }
    return order == 0 ? compare(a->patch, b->patch) : order;
}

/* ---- names --------------------------------------------------------------------- */

static bool
is_prometheus_name(const char *s, bool colons)
{
    if (s == NULL || *s == '\0' || is_digit(*s)) {
        return false;
    }
    for (; *s != '\0'; s++) {
        if (!is_letter(*s) && !is_digit(*s) && *s != '_' && !(colons && *s == ':')) {
            return false;
        }
    }
    return true;
}

bool
bnc_label_name_valid(const char *s)
{
    return is_prometheus_name(s, false);
}

bool
bnc_metric_name_valid(const char *s)
{
    return is_prometheus_name(s, true);
}

static bool
is_dns_byte(char c)
{
    return (c >= 'a' && c <= 'z') || is_digit(c);
}

/* [a-z0-9]([-a-z0-9]*[a-z0-9])? of `n` bytes */
static bool
is_dns_label(const char *s, size_t n)
{
    if (n == 0 || !is_dns_byte(s[0]) || !is_dns_byte(s[n - 1])) {
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        if (!is_dns_byte(s[i]) && s[i] != '-') {
            return false;
        }
    }
    return true;
}

bool
bnc_dns_label_valid(const char *s)
{
    size_t n = s == NULL ? 0 : strnlen(s, 64);
    return n <= 63 && is_dns_label(s, n);
}

/* The parts of a subdomain may be longer than 63 bytes, as in Kubernetes. */
static bool
is_subdomain(const char *s, size_t n)
{
    size_t start = 0;
    for (size_t i = 0; i <= n; i++) {
        if (i == n || s[i] == '.') {
            if (!is_dns_label(s + start, i - start)) {
                return false;
            }
            start = i + 1;
        }
    }
    return n <= 253;
}

bool
bnc_dns_subdomain_valid(const char *s)
{
    return s != NULL && is_subdomain(s, strnlen(s, 254));
}

bool
bnc_port_name_valid(const char *s)
{
    size_t n = s == NULL ? 0 : strnlen(s, 16);
    if (n > 15 || !is_dns_label(s, n) || strstr(s, "--") != NULL) {
        return false;
    }
    return strpbrk(s, "abcdefghijklmnopqrstuvwxyz") != NULL;
}

/* ([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9] of at most 63 bytes */
static bool
is_qualified_part(const char *s)
{
    size_t n = strnlen(s, 64);
    if (n == 0 || n > 63 || isalnum((unsigned char)s[0]) == 0 ||
        isalnum((unsigned char)s[n - 1]) == 0) {
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        if (!is_letter(s[i]) && !is_digit(s[i]) && strchr("-_.", s[i]) == NULL) {
            return false;
        }
    }
    return true;
}

bool
bnc_label_key_valid(const char *s)
{
    if (s == NULL) {
        return false;
    }
    const char *slash = strchr(s, '/');
    if (slash == NULL) {
        return is_qualified_part(s);
    }
    return is_subdomain(s, (size_t)(slash - s)) && is_qualified_part(slash + 1);
}

bool
bnc_label_value_valid(const char *s)
{
    return s != NULL && (*s == '\0' || is_qualified_part(s));
}
