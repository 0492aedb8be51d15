/*
 * The syntax tree of a PromQL expression.  It lives in the arena that it was parsed into
 * and keeps what the printer needs to give back Prometheus' canonical text.
 */
#ifndef BNC_PROMQL_AST_H
#define BNC_PROMQL_AST_H

#include "lib/str.h"

/* What a text is made of.  Operators and words of the tree are of these too. */
enum bnc_pql {
    BNC_PQL_EOF = 0,
    BNC_PQL_NUMBER,
    BNC_PQL_DURATION,
    BNC_PQL_STRING,
    BNC_PQL_NAME,
    BNC_PQL_COLON_NAME, /* a name with a colon: of a metric only */
    BNC_PQL_PAREN_OPEN,
    BNC_PQL_PAREN_CLOSE,
    BNC_PQL_BRACE_OPEN,
    BNC_PQL_BRACE_CLOSE,
    BNC_PQL_BRACKET_OPEN,
    BNC_PQL_BRACKET_CLOSE,
    BNC_PQL_COMMA,
    BNC_PQL_COLON,
    BNC_PQL_AT,
    BNC_PQL_EQUAL,    /* = */
    BNC_PQL_MATCH,    /* =~ */
    BNC_PQL_NO_MATCH, /* !~ */
    /* operators */
    BNC_PQL_ADD,
    BNC_PQL_SUB,
    BNC_PQL_MUL,
    BNC_PQL_DIV,
    BNC_PQL_MOD,
    BNC_PQL_POW,
    BNC_PQL_ATAN2,
    BNC_PQL_SAME,      /* == */
    BNC_PQL_DIFFERENT, /* != */
    BNC_PQL_LESS,
    BNC_PQL_LESS_SAME,
    BNC_PQL_MORE,
    BNC_PQL_MORE_SAME,
    BNC_PQL_TRIM_UPPER, /* </ */
    BNC_PQL_TRIM_LOWER, /* >/ */
    BNC_PQL_AND,
    BNC_PQL_OR,
    BNC_PQL_UNLESS,
    /* aggregations */
    BNC_PQL_AVG,
    BNC_PQL_BOTTOMK,
    BNC_PQL_COUNT,
    BNC_PQL_COUNT_VALUES,
    BNC_PQL_GROUP,
    BNC_PQL_LIMITK,
    BNC_PQL_LIMIT_RATIO,
    BNC_PQL_MAX,
    BNC_PQL_MIN,
    BNC_PQL_QUANTILE,
    BNC_PQL_STDDEV,
    BNC_PQL_STDVAR,
    BNC_PQL_SUM,
    BNC_PQL_TOPK,
    /* other words */
    BNC_PQL_ANCHORED,
    BNC_PQL_BOOL,
    BNC_PQL_BY,
    BNC_PQL_END,
    BNC_PQL_FILL,
    BNC_PQL_FILL_LEFT,
    BNC_PQL_FILL_RIGHT,
    BNC_PQL_GROUP_LEFT,
    BNC_PQL_GROUP_RIGHT,
    BNC_PQL_IGNORING,
    BNC_PQL_MAX_OF,
    BNC_PQL_MIN_OF,
    BNC_PQL_OFFSET,
    BNC_PQL_ON,
    BNC_PQL_RANGE,
    BNC_PQL_SMOOTHED,
    BNC_PQL_START,
    BNC_PQL_STEP,
    BNC_PQL_WITHOUT,
    BNC_PQL_ROWS /* how many there are */
};

enum bnc_promql_type {
    BNC_PROMQL_TYPE_NONE = 0,
    BNC_PROMQL_TYPE_SCALAR,
    BNC_PROMQL_TYPE_VECTOR,
    BNC_PROMQL_TYPE_MATRIX, /* a range vector */
    BNC_PROMQL_TYPE_STRING,
    BNC_PROMQL_TYPES
};

/* "scalar", "vector", "matrix", "string" as the API of Prometheus names them. */
const char *bnc_promql_type_name(enum bnc_promql_type type);

enum bnc_promql_kind {
    BNC_PROMQL_KIND_NUMBER,
    BNC_PROMQL_KIND_STRING,
    BNC_PROMQL_KIND_SELECTOR,
    BNC_PROMQL_KIND_RANGE, /* selector[5m] */
    BNC_PROMQL_KIND_SUBQUERY,
    BNC_PROMQL_KIND_CALL,
    BNC_PROMQL_KIND_AGGREGATE,
    BNC_PROMQL_KIND_BINARY,
    BNC_PROMQL_KIND_UNARY,
    BNC_PROMQL_KIND_PAREN,
    BNC_PROMQL_KIND_DURATION /* arithmetic of durations: in brackets or after offset */
};

struct bnc_promql_node;
struct bnc_promql_function; /* promql/functions.h */

/* A name in a list. */
struct bnc_promql_label {
    struct bnc_bytes name;
    struct bnc_promql_label *next;
};

struct bnc_promql_matcher {
    struct bnc_bytes name;
    struct bnc_bytes value;
    enum bnc_pql op; /* EQUAL, DIFFERENT, MATCH, NO_MATCH */
    struct bnc_promql_matcher *next;
};

/* `offset` and `@`. */
struct bnc_promql_shift {
    int64_t offset_ns;
    struct bnc_promql_node *offset; /* a duration expression, or NULL */
    int64_t at_ms;
    bool has_at;
    enum bnc_pql edge; /* START or END: @ start(), @ end(); else EOF */
};

struct bnc_promql_selector {
    struct bnc_bytes name; /* before the braces; ptr NULL: none */
    /* In the order of the text; a name before the braces is the last of them. */
    struct bnc_promql_matcher *matchers;
    size_t n_matchers;
    struct bnc_promql_shift shift;
    bool anchored;
    bool smoothed;
    bool in_parameter; /* of topk, quantile and the like */
    uint32_t start;    /* bytes, without what follows the braces */
    uint32_t end;
    struct bnc_promql_selector *next; /* of the expression, in the order of the text */
};

struct bnc_promql_subquery {
    struct bnc_promql_node *of;
    int64_t range_ns;
    int64_t step_ns;               /* 0: none is given */
    struct bnc_promql_node *range; /* duration expressions, or NULL */
    struct bnc_promql_node *step;
    struct bnc_promql_shift shift;
};

struct bnc_promql_aggregate {
    enum bnc_pql op;
    bool without;
    struct bnc_promql_label *grouping;
    struct bnc_promql_node *parameter; /* of topk and the like, else NULL */
    struct bnc_promql_node *of;
};

struct bnc_promql_binary {
    enum bnc_pql op;
    struct bnc_promql_node *left;
    struct bnc_promql_node *right;
    bool returns_bool;
    /* Matching of vectors: false unless both sides are instant vectors. */
    bool matches;
    bool on; /* else ignoring */
    struct bnc_promql_label *labels;
    enum bnc_pql group; /* GROUP_LEFT, GROUP_RIGHT or EOF */
    struct bnc_promql_label *include;
    bool fills_left;
    bool fills_right;
    double fill_left;
    double fill_right;
};

struct bnc_promql_node {
    enum bnc_promql_kind kind;
    enum bnc_promql_type type;
    uint32_t start; /* bytes of the text */
    uint32_t end;
    struct bnc_promql_node *next; /* the next argument */
    union {
        struct {
            double value; /* of a duration: seconds */
            bool duration;
        } number;
        struct bnc_bytes text;
        struct bnc_promql_selector *selector;
        struct {
            struct bnc_promql_node *of;   /* a selector */
            struct bnc_promql_node *expr; /* a duration expression, or NULL */
            int64_t ns;
        } range;
        struct bnc_promql_subquery *subquery;
        struct {
            const struct bnc_promql_function *function;
            struct bnc_promql_node *args;
            size_t n;
        } call;
        struct bnc_promql_aggregate *aggregate;
        struct bnc_promql_binary *binary;
        struct {
            enum bnc_pql op; /* ADD or SUB */
            struct bnc_promql_node *of;
        } unary;
        struct bnc_promql_node *paren;
        struct {
            enum bnc_pql op; /* STEP and RANGE have no sides, a sign has a right one */
            bool wrapped;    /* in brackets */
            struct bnc_promql_node *left;
            struct bnc_promql_node *right;
        } duration;
    };
};

/* An expression that was parsed. */
struct bnc_promql {
    struct bnc_promql_node *root;
    struct bnc_promql_selector *selectors; /* all of them, linked */
    size_t n_selectors;
    bool unquoted_names; /* as it was parsed: names are printed so */
    bool old_extremes;   /* min_of and max_of of durations are min and max: 3.6 to 3.12 */
};

#endif
