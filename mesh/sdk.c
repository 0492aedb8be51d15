#include "mesh/sdk.h"

#include <ctype.h>
#include <inttypes.h>
#include <string.h>

#include "lib/json.h"

#define SAMPLER     "OTEL_TRACES_SAMPLER"
#define PROPAGATORS "OTEL_PROPAGATORS"

/* ---- texts ------------------------------------------------------------------------- */

/* Without blanks around; "" for NULL. */
static const char *
trim(const char *text, size_t n, struct bnc_arena *arena)
{
    while (n > 0 && isspace((unsigned char)text[n - 1])) {
        n--;
    }
    while (n > 0 && isspace((unsigned char)*text)) {
        text++;
        n--;
    }
    return text == NULL ? "" : bnc_arena_strndup(arena, text, n);
}

/* Cut the next item off a list with commas; false when there is none. */
static bool
next_item(const char **rest, struct bnc_arena *arena, const char **item)
{
    if (*rest == NULL) {
        return false;
    }
    size_t n = strcspn(*rest, ",");
    *item = trim(*rest, n, arena);
    *rest = (*rest)[n] == ',' ? *rest + n + 1 : NULL;
    return true;
}

/* ---- ratios ------------------------------------------------------------------------ */

/* Significant digits that fit; what follows them is below all rounding. */
#define DIGITS_MAX 18
#define SCALE      6 /* decimals of a bnc_rate as a ratio */

struct decimal {
    int64_t digits;
    int power; /* value = digits * 10^power */
};

static int64_t
power_of_ten(int n)
{
    int64_t value = 1;
    for (; n > 0; n--) {
        value *= 10;
    }
    return value;
}

/* Digits with at most one point; what follows them, NULL without a digit. */
static const char *
read_digits(const char *s, struct decimal *out)
{
    bool any = false;
    bool point = false;
    int significant = 0;

    for (; isdigit((unsigned char)*s) || (*s == '.' && !point); s++) {
        if (*s == '.') {
            point = true;
            continue;
        }
        any = true;
        if (significant == DIGITS_MAX) {
            out->power += point ? 0 : 1;
            continue;
        }
        out->digits = out->digits * 10 + (*s - '0');
        out->power -= point ? 1 : 0;
        significant += out->digits > 0 ? 1 : 0;
    }
    return any ? s : NULL;
}

static const char *
read_exponent(const char *s, int *power)
{
    if (*s != 'e' && *s != 'E') {
        return s;
    }
    s++;
    int sign = *s == '-' ? -1 : 1;
    s += *s == '-' || *s == '+';
    size_t n = strspn(s, "0123456789");
    if (n == 0 || n > 4) {
        return NULL;
    }
    int value = 0;
    for (; n > 0; n--) {
        value = value * 10 + (*s++ - '0');
    }
    *power += sign * value;
    return s;
}

/* A decimal from 0 to 1, rounded half up to the resolution. */
static bool
parse_ratio(const char *text, bnc_rate *out)
{
    struct decimal value = {0};
    const char *s = read_digits(text + (*text == '+'), &value);
    if (s != NULL) {
        s = read_exponent(s, &value.power);
    }
    if (s == NULL || *s != '\0') {
        return false;
    }
    int decimals = -value.power;
    if (value.digits == 0 || decimals > DIGITS_MAX + SCALE) {
        *out = 0;
        return true;
    }
    if (decimals <= 0) {
        *out = BNC_RATE_ALL;
        return decimals == 0 && value.digits == 1;
    }
    if (decimals <= DIGITS_MAX && value.digits > power_of_ten(decimals)) {
        return false; /* over 1, if only in a digit that would be rounded away */
    }
    if (decimals <= SCALE) {
        *out = value.digits * power_of_ten(SCALE - decimals);
        return true;
    }
    int64_t unit = power_of_ten(decimals - SCALE);
    *out = value.digits / unit + (value.digits % unit >= unit / 2 ? 1 : 0);
    return true;
}

const char *
bnc_sdk_sampler_argument(int64_t percent, struct bnc_arena *arena)
{
    if (percent % 10000 == 0) {
        return percent == 0 ? "0" : "1";
    }
    int decimals = 4;
    for (; percent % 10 == 0; percent /= 10) {
        decimals--;
    }
    return bnc_arena_fmt(arena, "0.%0*" PRId64, decimals, percent);
}

/* ---- samplers ---------------------------------------------------------------------- */

static bool
take_ratio(const char *text, struct bnc_arena *arena, struct bnc_sdk_sampler *out)
{
    BNC_UNUSED(arena);
    return parse_ratio(text, &out->ratio);
}

static bool
parse_ms(const char *text, int64_t *out)
{
    size_t n = strspn(text, "0123456789");
    if (n == 0 || n > DIGITS_MAX || text[n] != '\0') {
        return false;
    }
    *out = 0;
    for (size_t i = 0; i < n; i++) {
        *out = *out * 10 + (text[i] - '0');
    }
    return true;
}

/* One KEY=VALUE of Jaeger's list; a key that nobody knows says nothing. */
static bool
take_remote_item(const char *item, struct bnc_arena *arena, struct bnc_sdk_sampler *out)
{
    const char *equals = strchr(item, '=');
    if (equals == NULL || strchr(equals + 1, '=') != NULL) {
        return false;
    }
    const char *key = trim(item, (size_t)(equals - item), arena);
    const char *value = trim(equals + 1, strlen(equals + 1), arena);
    if (bnc_str_eq(key, "endpoint")) {
        out->endpoint = value;
        return *value != '\0';
    }
    if (bnc_str_eq(key, "initialSamplingRate")) {
        out->initial.set = true;
        return parse_ratio(value, &out->initial.value);
    }
    if (bnc_str_eq(key, "pollingIntervalMs")) {
        return parse_ms(value, &out->polling_interval_ms);
    }
    return true;
}

static bool
take_remote(const char *text, struct bnc_arena *arena, struct bnc_sdk_sampler *out)
{
    const char *item;
    for (const char *rest = text; next_item(&rest, arena, &item);) {
        if (!take_remote_item(item, arena, out)) {
            return false;
        }
    }
    return true;
}

typedef bool (*take_fn)(const char *text, struct bnc_arena *arena,
                        struct bnc_sdk_sampler *out);

/* The specification's values of OTEL_TRACES_SAMPLER. */
static const struct sampler_row {
    const char *type;
    enum bnc_sdk_kind kind;
    bool parent_based;
    take_fn take; /* of the argument; NULL: it has none */
} sampler_rows[] = {
    {"always_on", BNC_SDK_ALWAYS_ON, false, NULL},
    {"always_off", BNC_SDK_ALWAYS_OFF, false, NULL},
    {"traceidratio", BNC_SDK_RATIO, false, take_ratio},
    {"parentbased_always_on", BNC_SDK_ALWAYS_ON, true, NULL},
    {"parentbased_always_off", BNC_SDK_ALWAYS_OFF, true, NULL},
    {"parentbased_traceidratio", BNC_SDK_RATIO, true, take_ratio},
    {"jaeger_remote", BNC_SDK_JAEGER_REMOTE, false, take_remote},
    {"parentbased_jaeger_remote", BNC_SDK_JAEGER_REMOTE, true, take_remote},
    {"xray", BNC_SDK_XRAY, false, NULL},
};

static const struct sampler_row *
sampler_row(const char *type)
{
    for (size_t i = 0; i < BNC_LEN(sampler_rows); i++) {
        if (strcmp(sampler_rows[i].type, type) == 0) {
            return &sampler_rows[i];
        }
    }
    return NULL;
}

void
bnc_sdk_sampler_decode(const char *type, const char *argument, struct bnc_arena *arena,
                       struct bnc_sdk_sampler *out)
{
    type = trim(type, type == NULL ? 0 : strlen(type), arena);
    argument = trim(argument, argument == NULL ? 0 : strlen(argument), arena);
    const struct sampler_row *row =
        sampler_row(*type == '\0' ? "parentbased_always_on" : type);

    *out = (struct bnc_sdk_sampler){.kind = BNC_SDK_UNKNOWN, .polling_interval_ms = -1};
    if (row == NULL) {
        return;
    }
    const struct bnc_sdk_sampler plain = {
        .kind = row->kind,
        .parent_based = row->parent_based,
        .ratio = row->kind == BNC_SDK_RATIO ? BNC_RATE_ALL : 0,
        .polling_interval_ms = -1};
    *out = plain;
    if (row->take != NULL && *argument != '\0' && !row->take(argument, arena, out)) {
        *out = plain;
        out->argument_ignored = true;
    }
}

/* ---- propagation ------------------------------------------------------------------- */

struct format_row {
    const char *name;
    unsigned formats;
};

static const struct format_row propagator_rows[] = {
    {"tracecontext", BNC_SDK_W3C},
    {"baggage", 0}, /* carries no trace */
    {"b3", BNC_SDK_B3},
    {"b3multi", BNC_SDK_B3},
    {"jaeger", BNC_SDK_JAEGER},
    {"xray", BNC_SDK_XRAY_HEADER},
    {"ottrace", BNC_SDK_OTTRACE},
    {"none", 0},
};

static const struct format_row provider_rows[] = {
    {"zipkin", BNC_SDK_B3},
    {"opentelemetry", BNC_SDK_W3C},
};

static const struct format_row *
format_row(const struct format_row *rows, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++) {
        if (strcmp(rows[i].name, name) == 0) {
            return &rows[i];
        }
    }
    return NULL;
}

unsigned
bnc_sdk_propagators(const char *text, struct bnc_arena *arena)
{
    unsigned formats = 0;
    bool any = false;
    const char *item;

    for (const char *rest = text; next_item(&rest, arena, &item);) {
        const struct format_row *row =
            format_row(propagator_rows, BNC_LEN(propagator_rows), item);
        any = any || row != NULL;
        formats |= row == NULL ? 0 : row->formats;
    }
    return any ? formats : BNC_SDK_W3C;
}

unsigned
bnc_sdk_provider_formats(const char *type, bool both)
{
    const struct format_row *row =
        format_row(provider_rows, BNC_LEN(provider_rows), type);
    if (row == NULL) {
        return 0;
    }
    return row->formats | (both && row->formats == BNC_SDK_B3 ? BNC_SDK_W3C : 0U);
}

/* ---- mesh and SDK together --------------------------------------------------------- */

/* What the sampler does with a span without a parent; unset: nobody here knows. */
static struct bnc_opt_rate
root_rate(const struct bnc_sdk_sampler *sampler, struct bnc_opt_rate remote)
{
    const struct bnc_opt_rate unset = {0};

    switch (sampler->kind) {
    case BNC_SDK_ALWAYS_ON:
        return (struct bnc_opt_rate){true, BNC_RATE_ALL};
    case BNC_SDK_ALWAYS_OFF:
        return (struct bnc_opt_rate){true, 0};
    case BNC_SDK_RATIO:
        return sampler->not_known ? unset : (struct bnc_opt_rate){true, sampler->ratio};
    case BNC_SDK_JAEGER_REMOTE:
        return remote.set ? remote : sampler->initial;
    case BNC_SDK_UNKNOWN: /* the default is parentbased_always_on */
        return sampler->not_known ? unset : (struct bnc_opt_rate){true, BNC_RATE_ALL};
    case BNC_SDK_XRAY:
    default:
        return unset;
    }
}

enum share { NONE, SOME, ALL };

static enum share
share_of(bnc_rate rate)
{
    if (rate <= 0) {
        return NONE;
    }
    return rate >= BNC_RATE_ALL ? ALL : SOME;
}

/* Where both decide: [what the mesh takes][what the app takes]. */
static const enum bnc_sdk_finding both_decide[3][3] = {
    [NONE] = {BNC_SDK_FINE, BNC_SDK_PARENT_IGNORED, BNC_SDK_PARENT_IGNORED},
    [SOME] = {BNC_SDK_NOT_RECORDED, BNC_SDK_DOUBLE_SAMPLING, BNC_SDK_PARENT_IGNORED},
    [ALL] = {BNC_SDK_NOT_RECORDED, BNC_SDK_DOUBLE_SAMPLING, BNC_SDK_FINE},
};

void
bnc_sdk_combine(const struct bnc_sdk_facts *facts, struct bnc_sdk_answer *out)
{
    const struct bnc_sdk_sampler *sampler = facts->sampler;
    struct bnc_opt_rate root = root_rate(sampler, facts->remote);
    bool by_default = sampler->kind == BNC_SDK_UNKNOWN && !sampler->not_known;
    bool joined = facts->mesh_traces && (facts->mesh_formats & facts->sdk_formats) != 0;
    bnc_rate own = root.set ? root.value : BNC_RATE_ALL;
    enum bnc_sdk_finding doubt = BNC_SDK_FINE;

    if (by_default) {
        doubt = BNC_SDK_SAMPLER_UNKNOWN;
    } else if (!root.set) {
        doubt = BNC_SDK_RATE_UNKNOWN;
    }
    if (!joined) {
        *out = (struct bnc_sdk_answer){own, own, doubt};
        out->finding = facts->mesh_traces ? BNC_SDK_PROPAGATION_MISMATCH : doubt;
    } else if (sampler->parent_based || by_default) {
        *out = (struct bnc_sdk_answer){facts->mesh_rate, facts->mesh_rate, BNC_SDK_FINE};
        out->finding = by_default ? doubt : BNC_SDK_FINE;
    } else {
        out->rate = (facts->mesh_rate * own + BNC_RATE_ALL / 2) / BNC_RATE_ALL;
        out->app = own;
        out->finding =
            root.set ? both_decide[share_of(facts->mesh_rate)][share_of(own)] : doubt;
    }
}

static const char *const remedies[BNC_SDK_FINDING_COUNT] = {
    [BNC_SDK_DOUBLE_SAMPLING] =
        "use the parentbased_ form of the sampler: the mesh has decided already",
    [BNC_SDK_PARENT_IGNORED] = "use the parentbased_ form of the sampler, so that what "
                               "the mesh does not trace is "
                               "not recorded",
    [BNC_SDK_NOT_RECORDED] = "use parentbased_always_off, or take the sampler out, so "
                             "that the app's spans are "
                             "in the traces of the mesh",
    [BNC_SDK_PROPAGATION_MISMATCH] =
        "give both the same headers: b3multi in " PROPAGATORS
        " or in spec.propagators, or "
        "traceContextOption USE_B3_WITH_W3C_PROPAGATION in the zipkin provider, or a "
        "provider opentelemetry",
    [BNC_SDK_RATE_UNKNOWN] = "set a parentbased_ sampler, and its argument as a plain "
                             "value, to have a rate that "
                             "can be told",
    [BNC_SDK_SAMPLER_UNKNOWN] =
        "use a value of the specification for " SAMPLER ", as parentbased_traceidratio",
};

const char *
bnc_sdk_remedy(enum bnc_sdk_finding finding)
{
    return remedies[finding];
}
