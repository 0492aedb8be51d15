#include "promql/functions.h"

#include <string.h>

#include "promql/words.h"

#define R(major, minor) BNC_PQL_RELEASE(major, minor)
#define NEVER           BNC_PROMQL_NEVER

/* Sorted by name.  Name, arguments, variadic, returns, since, stable, gone. */
static const struct bnc_promql_function rows[] = {
    {"abs", "v", 0, 'v', 0, 0, 0},
    {"absent", "v", 0, 'v', 0, 0, 0},
    {"absent_over_time", "m", 0, 'v', 0, 0, 0},
    {"acos", "v", 0, 'v', 0, 0, 0},
    {"acosh", "v", 0, 'v', 0, 0, 0},
    {"asin", "v", 0, 'v', 0, 0, 0},
    {"asinh", "v", 0, 'v', 0, 0, 0},
    {"atan", "v", 0, 'v', 0, 0, 0},
    {"atanh", "v", 0, 'v', 0, 0, 0},
    {"avg_over_time", "m", 0, 'v', 0, 0, 0},
    {"ceil", "v", 0, 'v', 0, 0, 0},
    {"changes", "m", 0, 'v', 0, 0, 0},
    {"clamp", "vss", 0, 'v', 0, 0, 0},
    {"clamp_max", "vs", 0, 'v', 0, 0, 0},
    {"clamp_min", "vs", 0, 'v', 0, 0, 0},
    {"cos", "v", 0, 'v', 0, 0, 0},
    {"cosh", "v", 0, 'v', 0, 0, 0},
    {"count_over_time", "m", 0, 'v', 0, 0, 0},
    {"day_of_month", "v", 1, 'v', 0, 0, 0},
    {"day_of_week", "v", 1, 'v', 0, 0, 0},
    {"day_of_year", "v", 1, 'v', 0, 0, 0},
    {"days_in_month", "v", 1, 'v', 0, 0, 0},
    {"deg", "v", 0, 'v', 0, 0, 0},
    {"delta", "m", 0, 'v', 0, 0, 0},
    {"deriv", "m", 0, 'v', 0, 0, 0},
    {"double_exponential_smoothing", "mss", 0, 'v', R(3, 0), NEVER, 0},
    {"end", "", 0, 's', R(3, 12), NEVER, 0},
    {"exp", "v", 0, 'v', 0, 0, 0},
    {"first_over_time", "m", 0, 'v', R(3, 7), R(3, 14), 0},
    {"floor", "v", 0, 'v', 0, 0, 0},
    {"histogram_avg", "v", 0, 'v', R(2, 51), 0, 0},
    {"histogram_count", "v", 0, 'v', 0, 0, 0},
    {"histogram_fraction", "ssv", 0, 'v', 0, 0, 0},
    {"histogram_quantile", "sv", 0, 'v', 0, 0, 0},
    {"histogram_quantiles", "vtss", 9, 'v', R(3, 11), NEVER, 0},
    {"histogram_stddev", "v", 0, 'v', R(2, 47), 0, 0},
    {"histogram_stdvar", "v", 0, 'v', R(2, 47), 0, 0},
    {"histogram_sum", "v", 0, 'v', 0, 0, 0},
    {"holt_winters", "mss", 0, 'v', 0, 0, R(3, 0)},
    {"hour", "v", 1, 'v', 0, 0, 0},
    {"idelta", "m", 0, 'v', 0, 0, 0},
    {"increase", "m", 0, 'v', 0, 0, 0},
    {"info", "vv", 1, 'v', R(2, 55), NEVER, 0},
    {"integral", "ms", 1, 'v', R(3, 16), NEVER, 0},
    {"irate", "m", 0, 'v', 0, 0, 0},
    {"label_join", "vttt", -1, 'v', 0, 0, 0},
    {"label_replace", "vtttt", 0, 'v', 0, 0, 0},
    {"last_over_time", "m", 0, 'v', 0, 0, 0},
    {"ln", "v", 0, 'v', 0, 0, 0},
    {"log10", "v", 0, 'v', 0, 0, 0},
    {"log2", "v", 0, 'v', 0, 0, 0},
    {"mad_over_time", "m", 0, 'v', R(2, 49), NEVER, 0},
    {"max_of", "ss", 0, 's', R(3, 13), NEVER, 0},
    {"max_over_time", "m", 0, 'v', 0, 0, 0},
    {"min_of", "ss", 0, 's', R(3, 13), NEVER, 0},
    {"min_over_time", "m", 0, 'v', 0, 0, 0},
    {"minute", "v", 1, 'v', 0, 0, 0},
    {"month", "v", 1, 'v', 0, 0, 0},
    {"pi", "", 0, 's', 0, 0, 0},
    {"predict_linear", "ms", 0, 'v', 0, 0, 0},
    {"present_over_time", "m", 0, 'v', 0, 0, 0},
    {"quantile_over_time", "sm", 0, 'v', 0, 0, 0},
    {"rad", "v", 0, 'v', 0, 0, 0},
    {"range", "", 0, 's', R(3, 12), NEVER, 0},
    {"rate", "m", 0, 'v', 0, 0, 0},
    {"resets", "m", 0, 'v', 0, 0, 0},
    {"round", "vs", 1, 'v', 0, 0, 0},
    {"scalar", "v", 0, 's', 0, 0, 0},
    {"sgn", "v", 0, 'v', 0, 0, 0},
    {"sin", "v", 0, 'v', 0, 0, 0},
    {"sinh", "v", 0, 'v', 0, 0, 0},
    {"sort", "v", 0, 'v', 0, 0, 0},
    {"sort_by_label", "vt", -1, 'v', R(2, 49), NEVER, 0},
    {"sort_by_label_desc", "vt", -1, 'v', R(2, 49), NEVER, 0},
    {"sort_desc", "v", 0, 'v', 0, 0, 0},
    {"sqrt", "v", 0, 'v', 0, 0, 0},
    {"start", "", 0, 's', R(3, 12), NEVER, 0},
    {"start_timestamp", "v", 0, 'v', R(3, 14), NEVER, 0},
    {"stddev_over_time", "m", 0, 'v', 0, 0, 0},
    {"stdvar_over_time", "m", 0, 'v', 0, 0, 0},
    {"step", "", 0, 's', R(3, 12), NEVER, 0},
    {"sum_over_time", "m", 0, 'v', 0, 0, 0},
    {"tan", "v", 0, 'v', 0, 0, 0},
    {"tanh", "v", 0, 'v', 0, 0, 0},
    {"time", "", 0, 's', 0, 0, 0},
    {"timestamp", "v", 0, 'v', 0, 0, 0},
    {"ts_of_first_over_time", "m", 0, 'v', R(3, 7), NEVER, 0},
    {"ts_of_last_over_time", "m", 0, 'v', R(3, 5), NEVER, 0},
    {"ts_of_max_over_time", "m", 0, 'v', R(3, 5), NEVER, 0},
    {"ts_of_min_over_time", "m", 0, 'v', R(3, 5), NEVER, 0},
    {"vector", "s", 0, 'v', 0, 0, 0},
    {"year", "v", 1, 'v', 0, 0, 0},
};

const struct bnc_promql_function *
bnc_promql_function_find(const char *name, size_t n)
{
    size_t low = 0;
    size_t high = BNC_LEN(rows);

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const char *other = rows[middle].name;
        int order = strncmp(name, other, n);
        if (order == 0 && other[n] == '\0') {
            return &rows[middle];
        }
        if (order <= 0) {
            high = middle; /* the same so far: the other one is longer */
        } else {
            low = middle + 1;
        }
    }
    return NULL;
}

enum bnc_promql_type
bnc_promql_function_type(char letter)
{
    switch (letter) {
    case 's':
        return BNC_PROMQL_TYPE_SCALAR;
    case 'v':
        return BNC_PROMQL_TYPE_VECTOR;
    case 'm':
        return BNC_PROMQL_TYPE_MATRIX;
    default:
        return BNC_PROMQL_TYPE_STRING;
    }
}

const struct bnc_promql_function *
bnc_promql_functions(size_t *n)
{
    *n = BNC_LEN(rows);
    return rows;
}
