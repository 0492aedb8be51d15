#include "promql/literal.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lib/units.h"
#include "promql/runes.h"

#define NS_PER_MS 1000000
#define DIGITS    17 /* that a double may need */

/* ---- numbers in ---------------------------------------------------------------- */

static bool
is_digit(char c, bool hex)
{
    return (c >= '0' && c <= '9') ||
           (hex && ((c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F')));
}

/*
 * The number without its underscores, NULL when one does not part two digits.
 * The x of 0x counts as a digit here.
 */
static char *
without_underscores(const char *text, size_t n, bool hex, struct bnc_arena *arena)
{
    char *plain = bnc_arena_alloc(arena, n + 1);
    size_t length = 0;

    for (size_t i = 0; i < n; i++) {
        if (text[i] != '_') {
            plain[length++] = text[i];
            continue;
        }
        bool after = i > 0 && (is_digit(text[i - 1], hex) || (hex && i == 2));
        if (!after || i + 1 == n || !is_digit(text[i + 1], hex)) {
            return NULL;
        }
    }
    plain[length] = '\0';
    return plain;
}

/* Digits of one base alone, below 2^63. */
static bool
read_integer(const char *text, unsigned base, double *value)
{
    uint64_t sum = 0;

    if (*text == '\0') {
        return false;
    }
    for (; *text != '\0'; text++) {
        char c = *text;
        unsigned digit = c >= '0' && c <= '9' ? (unsigned)(c - '0')
                                              : (unsigned)((c | 0x20) - 'a' + 10);
        if (!is_digit(c, base == 16) || digit >= base ||
            sum > ((uint64_t)INT64_MAX - digit) / base) {
            return false;
        }
        sum = sum * base + digit;
    }
    *value = (double)sum;
    return true;
}

bool
bnc_pql_number_read(const char *text, size_t n, struct bnc_arena *arena, double *value)
{
    bool hex = n > 1 && text[0] == '0' && (text[1] | 0x20) == 'x';

    if (n == 3 && strncasecmp(text, "inf", 3) == 0) {
        *value = (double)INFINITY;
        return true;
    }
    if (n == 3 && strncasecmp(text, "nan", 3) == 0) {
        *value = (double)NAN;
        return true;
    }
    char *plain = without_underscores(text, n, hex, arena);
    if (plain == NULL) {
        return false;
    }
    if (hex) {
        return read_integer(plain + 2, 16, value);
    }
    bool octal = plain[0] == '0' && plain[1] != '\0'; /* 010 is 8, 08 is 8 */
    if (read_integer(plain, octal ? 8 : 10, value)) {
        return true;
    }
    char *end = NULL;
    double number = strtod(plain, &end);
    if (end == plain || *end != '\0' || isinf(number)) {
        return false;
    }
    *value = number;
    return true;
}

int64_t
bnc_pql_nanoseconds(double seconds)
{
    double ns = round(seconds * 1e9);

    if (isnan(ns) || ns >= 9223372036854775808.0 || ns < -9223372036854775808.0) {
        return INT64_MIN;
    }
    return (int64_t)ns;
}

/* ---- numbers out --------------------------------------------------------------- */

/* A number as its significant digits, 0.DIGITS times 10 to the power of `point`. */
struct decimal {
    char digits[DIGITS + 1];
    int n;
    int point;
};

static void
to_decimal(double value, struct decimal *out)
{
    char text[40];
    /* as few digits as give the number back; 15 always come back but for tiny numbers */
    int precision = value < 1e-300 ? 1 : 15;

    for (;; precision++) {
        (void)snprintf(text, sizeof(text), "%.*e", precision - 1, value);
        if (precision == DIGITS || strtod(text, NULL) == value) {
            break;
        }
    }
    const char *e = strchr(text, 'e');
    out->n = 0;
    for (const char *p = text; p < e; p++) {
        if (*p != '.') {
            out->digits[out->n++] = *p;
        }
    }
    while (out->n > 1 && out->digits[out->n - 1] == '0') {
        out->n--;
    }
    out->digits[out->n] = '\0';
    out->point = (int)strtol(e + 1, NULL, 10) + 1;
}

static void
print_zeros(struct bnc_str *out, int n)
{
    for (int i = 0; i < n; i++) {
        bnc_str_putc(out, '0');
    }
}

static void
print_plain(const struct decimal *d, struct bnc_str *out)
{
    int whole = d->point < 0 ? 0 : d->point < d->n ? d->point : d->n;

    bnc_str_add(out, d->digits, (size_t)whole);
    print_zeros(out, whole == 0 ? 1 : d->point - whole);
    if (whole < d->n) {
        bnc_str_putc(out, '.');
        print_zeros(out, whole == 0 ? -d->point : 0);
        bnc_str_add(out, d->digits + whole, (size_t)(d->n - whole));
    }
}

static void
print_exponent(const struct decimal *d, struct bnc_str *out)
{
    int exponent = d->point - 1;

    bnc_str_putc(out, d->digits[0]);
    if (d->n > 1) {
        bnc_str_putc(out, '.');
        bnc_str_add(out, d->digits + 1, (size_t)d->n - 1);
    }
    bnc_str_fmt(out, "e%c%02d", exponent < 0 ? '-' : '+', abs(exponent));
}

/* The sign, and all of what has no digits.  True: it is done. */
static bool
print_special(double value, struct bnc_str *out)
{
    if (isnan(value)) {
        bnc_str_puts(out, "NaN");
        return true;
    }
    if (isinf(value)) {
        bnc_str_puts(out, value < 0 ? "-Inf" : "+Inf");
        return true;
    }
    if (signbit(value)) {
        bnc_str_putc(out, '-');
    }
    if (value == 0) {
        bnc_str_putc(out, '0');
        return true;
    }
    return false;
}

void
bnc_pql_number_print(double value, struct bnc_str *out)
{
    struct decimal d;

    if (!print_special(value, out)) {
        to_decimal(fabs(value), &d);
        print_plain(&d, out);
    }
}

void
bnc_pql_number_print_short(double value, struct bnc_str *out)
{
    struct decimal d;

    if (print_special(value, out)) {
        return;
    }
    to_decimal(fabs(value), &d);
    if (d.point - 1 < -4 || d.point - 1 >= 6) {
        print_exponent(&d, out);
    } else {
        print_plain(&d, out);
    }
}

void
bnc_pql_duration_print(int64_t ns, struct bnc_str *out)
{
    int64_t ms = ns / NS_PER_MS;

    if (ms < 0) {
        bnc_str_putc(out, '-');
    }
    bnc_duration_print(ms < 0 ? -ms : ms, out);
}

/* ---- strings ------------------------------------------------------------------- */

static void
add_rune(struct bnc_str *out, uint32_t rune)
{
    if (rune < 0x80) {
        bnc_str_putc(out, (char)rune);
    } else if (rune < 0x800) {
        bnc_str_putc(out, (char)(0xc0 | rune >> 6));
        bnc_str_putc(out, (char)(0x80 | (rune & 0x3f)));
    } else if (rune < 0x10000) {
        bnc_str_putc(out, (char)(0xe0 | rune >> 12));
        bnc_str_putc(out, (char)(0x80 | (rune >> 6 & 0x3f)));
        bnc_str_putc(out, (char)(0x80 | (rune & 0x3f)));
    } else {
        bnc_str_putc(out, (char)(0xf0 | rune >> 18));
        bnc_str_putc(out, (char)(0x80 | (rune >> 12 & 0x3f)));
        bnc_str_putc(out, (char)(0x80 | (rune >> 6 & 0x3f)));
        bnc_str_putc(out, (char)(0x80 | (rune & 0x3f)));
    }
}

static uint32_t
read_code(const char *digits, size_t n, uint32_t base)
{
    uint32_t value = 0;
    for (size_t i = 0; i < n; i++) {
        char c = digits[i];
        value = value * base + (uint32_t)(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
    }
    return value;
}

/* What stands behind a \; gives how long that is. */
static size_t
unescape(const char *text, struct bnc_str *out)
{
    static const char letters[] = "abfnrtv";
    static const char meant[] = "\a\b\f\n\r\t\v";
    const char *letter = strchr(letters, *text);

    if (letter != NULL && *text != '\0') {
        bnc_str_putc(out, meant[letter - letters]);
        return 1;
    }
    if (*text == 'x') { /* a byte, whatever it makes of the text */
        bnc_str_putc(out, (char)read_code(text + 1, 2, 16));
        return 3;
    }
    if (*text == 'u' || *text == 'U') {
        size_t n = *text == 'u' ? 4 : 8;
        add_rune(out, read_code(text + 1, n, 16));
        return n + 1;
    }
    if (*text >= '0' && *text <= '7') {
        bnc_str_putc(out, (char)read_code(text, 3, 8));
        return 3;
    }
    bnc_str_putc(out, *text);
    return 1;
}

struct bnc_bytes
bnc_pql_unquote(const char *text, size_t n, struct bnc_arena *arena)
{
    const char *inside = text + 1;
    size_t length = n - 2;

    if (text[0] == '`' || memchr(inside, '\\', length) == NULL) {
        return (struct bnc_bytes){bnc_arena_strndup(arena, inside, length), length};
    }
    struct bnc_str out = bnc_str_new(arena, n);
    bnc_str_reserve(&out, length);
    for (size_t i = 0; i < length;) {
        if (inside[i] == '\\') {
            i += 1 + unescape(inside + i + 1, &out);
        } else {
            bnc_str_putc(&out, inside[i++]);
        }
    }
    return (struct bnc_bytes){out.ptr, out.len};
}

static void
quote_rune(struct bnc_str *out, const char *bytes, size_t length, uint32_t rune)
{
    static const char letters[] = "abfnrtv\"\\";
    static const char meant[] = "\a\b\f\n\r\t\v\"\\";
    const char *escape = rune != 0 && rune < 0x80 ? strchr(meant, (int)rune) : NULL;

    if (escape != NULL) {
        bnc_str_putc(out, '\\');
        bnc_str_putc(out, letters[escape - meant]);
    } else if (length == 1 && (rune < ' ' || rune >= 0x7f)) {
        bnc_str_fmt(out, "\\x%02x", (unsigned char)bytes[0]);
    } else if (bnc_pql_is_printable(rune)) {
        bnc_str_add(out, bytes, length);
    } else if (rune < 0x10000) {
        bnc_str_fmt(out, "\\u%04x", rune);
    } else {
        bnc_str_fmt(out, "\\U%08x", rune);
    }
}

/* Bytes from `at` on that are written as they are. */
static size_t
plain_bytes(struct bnc_bytes text, size_t at)
{
    size_t n = 0;
    while (at + n < text.len && text.ptr[at + n] >= ' ' && text.ptr[at + n] < 0x7f &&
           text.ptr[at + n] != '"' && text.ptr[at + n] != '\\') {
        n++;
    }
    return n;
}

void
bnc_pql_quote(struct bnc_bytes text, struct bnc_str *out)
{
    bnc_str_putc(out, '"');
    for (size_t i = 0; i < text.len;) {
        size_t plain = plain_bytes(text, i);
        if (plain > 0) {
            bnc_str_add(out, text.ptr + i, plain);
            i += plain;
            continue;
        }
        uint32_t rune = 0;
        size_t length = bnc_pql_rune(text.ptr + i, text.len - i, &rune);
        quote_rune(out, text.ptr + i, length, rune);
        i += length;
    }
    bnc_str_putc(out, '"');
}
