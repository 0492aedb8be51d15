#include "promql/words.h"

#include <assert.h>
#include <string.h>
#include <strings.h>

#define LONGEST 12

#define R(major, minor) BNC_PQL_RELEASE(major, minor)
#define M               BNC_PQL_IS_METRIC
#define L               BNC_PQL_IS_LABEL
#define COMPARES        BNC_PQL_IS_COMPARISON
#define SET             (BNC_PQL_IS_SET | M | L)
#define AGGREGATE       (BNC_PQL_IS_AGGREGATE | M | L)
#define PARAMETER       (AGGREGATE | BNC_PQL_HAS_PARAMETER)
#define LIMITING        (PARAMETER | BNC_PQL_IS_EXPERIMENTAL)

static const struct bnc_pql_row rows[] = {
    [BNC_PQL_EOF] = {"end of the expression", 0, 0, 0},
    [BNC_PQL_NUMBER] = {"number", 0, 0, 0},
    [BNC_PQL_DURATION] = {"duration", 0, 0, 0},
    [BNC_PQL_STRING] = {"string", 0, 0, 0},
    [BNC_PQL_NAME] = {"name", 0, M | L, 0},
    [BNC_PQL_COLON_NAME] = {"name", 0, M | L, 0},
    [BNC_PQL_PAREN_OPEN] = {"(", 0, 0, 0},
    [BNC_PQL_PAREN_CLOSE] = {")", 0, 0, 0},
    [BNC_PQL_BRACE_OPEN] = {"{", 0, 0, 0},
    [BNC_PQL_BRACE_CLOSE] = {"}", 0, 0, 0},
    [BNC_PQL_BRACKET_OPEN] = {"[", 0, 0, 0},
    [BNC_PQL_BRACKET_CLOSE] = {"]", 0, 0, 0},
    [BNC_PQL_COMMA] = {",", 0, 0, 0},
    [BNC_PQL_COLON] = {":", 0, 0, 0},
    [BNC_PQL_AT] = {"@", 0, 0, 0},
    [BNC_PQL_EQUAL] = {"=", 0, 0, 0},
    [BNC_PQL_MATCH] = {"=~", 0, 0, 0},
    [BNC_PQL_NO_MATCH] = {"!~", 0, 0, 0},

    [BNC_PQL_ADD] = {"+", 4, 0, 0},
    [BNC_PQL_SUB] = {"-", 4, 0, 0},
    [BNC_PQL_MUL] = {"*", 5, 0, 0},
    [BNC_PQL_DIV] = {"/", 5, 0, 0},
    [BNC_PQL_MOD] = {"%", 5, 0, 0},
    [BNC_PQL_POW] = {"^", BNC_PQL_POWER, 0, 0},
    [BNC_PQL_ATAN2] = {"atan2", 5, L, 0},
    [BNC_PQL_SAME] = {"==", 3, COMPARES, 0},
    [BNC_PQL_DIFFERENT] = {"!=", 3, COMPARES, 0},
    [BNC_PQL_LESS] = {"<", 3, COMPARES, 0},
    [BNC_PQL_LESS_SAME] = {"<=", 3, COMPARES, 0},
    [BNC_PQL_MORE] = {">", 3, COMPARES, 0},
    [BNC_PQL_MORE_SAME] = {">=", 3, COMPARES, 0},
    [BNC_PQL_TRIM_UPPER] = {"</", 3, 0, R(3, 11)},
    [BNC_PQL_TRIM_LOWER] = {">/", 3, 0, R(3, 11)},
    [BNC_PQL_AND] = {"and", 2, SET, 0},
    [BNC_PQL_OR] = {"or", 1, SET, 0},
    [BNC_PQL_UNLESS] = {"unless", 2, SET, 0},

    [BNC_PQL_AVG] = {"avg", 0, AGGREGATE, 0},
    [BNC_PQL_BOTTOMK] = {"bottomk", 0, PARAMETER, 0},
    [BNC_PQL_COUNT] = {"count", 0, AGGREGATE, 0},
    [BNC_PQL_COUNT_VALUES] = {"count_values", 0, PARAMETER, 0},
    [BNC_PQL_GROUP] = {"group", 0, AGGREGATE, 0},
    [BNC_PQL_LIMITK] = {"limitk", 0, LIMITING, R(2, 54)},
    [BNC_PQL_LIMIT_RATIO] = {"limit_ratio", 0, LIMITING, R(2, 54)},
    [BNC_PQL_MAX] = {"max", 0, AGGREGATE, 0},
    [BNC_PQL_MIN] = {"min", 0, AGGREGATE, 0},
    [BNC_PQL_QUANTILE] = {"quantile", 0, PARAMETER, 0},
    [BNC_PQL_STDDEV] = {"stddev", 0, AGGREGATE, 0},
    [BNC_PQL_STDVAR] = {"stdvar", 0, AGGREGATE, 0},
    [BNC_PQL_SUM] = {"sum", 0, AGGREGATE, 0},
    [BNC_PQL_TOPK] = {"topk", 0, PARAMETER, 0},

    [BNC_PQL_ANCHORED] = {"anchored", 0, M | L, R(3, 7)},
    [BNC_PQL_BOOL] = {"bool", 0, L, 0},
    [BNC_PQL_BY] = {"by", 0, M | L, 0},
    [BNC_PQL_END] = {"end", 0, M | L, 0},
    [BNC_PQL_FILL] = {"fill", 0, M | L, R(3, 10)},
    [BNC_PQL_FILL_LEFT] = {"fill_left", 0, M | L, R(3, 10)},
    [BNC_PQL_FILL_RIGHT] = {"fill_right", 0, M | L, R(3, 10)},
    [BNC_PQL_GROUP_LEFT] = {"group_left", 0, L, 0},
    [BNC_PQL_GROUP_RIGHT] = {"group_right", 0, L, 0},
    [BNC_PQL_IGNORING] = {"ignoring", 0, L, 0},
    [BNC_PQL_MAX_OF] = {"max_of", 0, M | L, R(3, 13)},
    [BNC_PQL_MIN_OF] = {"min_of", 0, M | L, R(3, 13)},
    [BNC_PQL_OFFSET] = {"offset", 0, M | L, 0},
    [BNC_PQL_ON] = {"on", 0, L, 0},
    [BNC_PQL_RANGE] = {"range", 0, M | L, R(3, 10)},
    [BNC_PQL_SMOOTHED] = {"smoothed", 0, M | L, R(3, 7)},
    [BNC_PQL_START] = {"start", 0, M | L, 0},
    [BNC_PQL_STEP] = {"step", 0, M | L, R(3, 6)},
    [BNC_PQL_WITHOUT] = {"without", 0, M, 0}, /* no label: so in every release */
};
static_assert(BNC_LEN(rows) == BNC_PQL_ROWS, "every token needs a row");

/* In the order of the alphabet.  inf and nan are numbers. */
static const struct {
    const char *text;
    enum bnc_pql token;
} words[] = {
    {"anchored", BNC_PQL_ANCHORED},
    {"and", BNC_PQL_AND},
    {"atan2", BNC_PQL_ATAN2},
    {"avg", BNC_PQL_AVG},
    {"bool", BNC_PQL_BOOL},
    {"bottomk", BNC_PQL_BOTTOMK},
    {"by", BNC_PQL_BY},
    {"count", BNC_PQL_COUNT},
    {"count_values", BNC_PQL_COUNT_VALUES},
    {"end", BNC_PQL_END},
    {"fill", BNC_PQL_FILL},
    {"fill_left", BNC_PQL_FILL_LEFT},
    {"fill_right", BNC_PQL_FILL_RIGHT},
    {"group", BNC_PQL_GROUP},
    {"group_left", BNC_PQL_GROUP_LEFT},
    {"group_right", BNC_PQL_GROUP_RIGHT},
    {"ignoring", BNC_PQL_IGNORING},
    {"inf", BNC_PQL_NUMBER},
    {"limit_ratio", BNC_PQL_LIMIT_RATIO},
    {"limitk", BNC_PQL_LIMITK},
    {"max", BNC_PQL_MAX},
    {"max_of", BNC_PQL_MAX_OF},
    {"min", BNC_PQL_MIN},
    {"min_of", BNC_PQL_MIN_OF},
    {"nan", BNC_PQL_NUMBER},
    {"offset", BNC_PQL_OFFSET},
    {"on", BNC_PQL_ON},
    {"or", BNC_PQL_OR},
    {"quantile", BNC_PQL_QUANTILE},
    {"range", BNC_PQL_RANGE},
    {"smoothed", BNC_PQL_SMOOTHED},
    {"start", BNC_PQL_START},
    {"stddev", BNC_PQL_STDDEV},
    {"stdvar", BNC_PQL_STDVAR},
    {"step", BNC_PQL_STEP},
    {"sum", BNC_PQL_SUM},
    {"topk", BNC_PQL_TOPK},
    {"unless", BNC_PQL_UNLESS},
    {"without", BNC_PQL_WITHOUT},
};

const struct bnc_pql_row *
bnc_pql_row(enum bnc_pql token)
{
    return &rows[token];
}

enum bnc_pql
bnc_pql_word(const char *text, size_t n, uint32_t release)
{
    char word[LONGEST + 1];
    size_t low = 0;
    size_t high = BNC_LEN(words);

    if (n > LONGEST) {
        return BNC_PQL_NAME;
    }
    memcpy(word, text, n);
    word[n] = '\0';
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcasecmp(word, words[middle].text);
        if (order == 0) {
            enum bnc_pql token = words[middle].token;
            return rows[token].since > release ? BNC_PQL_NAME : token;
        }
        if (order < 0) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return BNC_PQL_NAME;
}
