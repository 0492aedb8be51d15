#include "tests/unit/test.h"

#include "lib/json.h"
#include "model/selector.h"

static cJSON *
parse(struct bnc_arena *arena, const char *text)
{
    cJSON *json = NULL;
    struct bnc_error err = {0};
    CHECK_INT(bnc_json_parse(arena, text, strlen(text), &json, &err), BNC_OK);
    return json;
}

static struct bnc_selector *
selector(struct bnc_arena *arena, const char *text)
{
    struct bnc_diags diags = bnc_diags_new(arena);
    struct bnc_selector *out = bnc_selector_decode(parse(arena, text), "s", &diags);
    CHECK_INT(diags.errors, 0);
    return out;
}

#define EXPRESSION(key, op, values)                                                      \
    "{\"matchExpressions\":[{\"key\":\"" key "\",\"operator\":\"" op "\"" values "}]}"
#define IN     EXPRESSION("app", "In", ",\"values\":[\"web\",\"api\"]")
#define NOT_IN EXPRESSION("app", "NotIn", ",\"values\":[\"web\",\"api\"]")
#define EXISTS EXPRESSION("app", "Exists", "")
#define IS_NOT EXPRESSION("app", "DoesNotExist", ",\"values\":[]")
#define BOTH                                                                             \
    "{\"matchLabels\":{\"app\":\"web\"},\"matchExpressions\":[{\"key\":\"old\","         \
    "\"operator\":\"DoesNotExist\"}]}"
#define TWO_ON_ONE_KEY                                                                   \
    "{\"matchExpressions\":[{\"key\":\"app\",\"operator\":\"In\",\"values\":[\"a\","     \
    "\"b\"]},{\"key\":\"app\",\"operator\":\"NotIn\",\"values\":[\"b\"]}]}"

static const struct {
    const char *name;
    const char *selector;
    const char *labels;
    bool matches;
} matches[] = {
    {"empty selector, no labels", "{}", "null", true},
    {"empty selector, labels", "{}", "{\"a\":\"b\"}", true},
    {"label is as wanted", "{\"matchLabels\":{\"a\":\"b\"}}", "{\"a\":\"b\"}", true},
    {"label differs", "{\"matchLabels\":{\"a\":\"b\"}}", "{\"a\":\"c\"}", false},
    {"label differs in case", "{\"matchLabels\":{\"a\":\"b\"}}", "{\"A\":\"b\"}", false},
    {"label is missing", "{\"matchLabels\":{\"a\":\"b\"}}", "{}", false},
    {"empty value is wanted", "{\"matchLabels\":{\"a\":\"\"}}", "{\"a\":\"\"}", true},
    {"empty value is not absence", "{\"matchLabels\":{\"a\":\"\"}}", "{}", false},
    {"two labels, one differs", "{\"matchLabels\":{\"a\":\"1\",\"b\":\"2\"}}",
     "{\"a\":\"1\",\"b\":\"3\"}", false},
    {"In: first", IN, "{\"app\":\"web\"}", true},
    {"In: second", IN, "{\"app\":\"api\"}", true},
    {"In: other", IN, "{\"app\":\"db\"}", false},
    {"In: absent", IN, "{}", false},
    {"NotIn: listed", NOT_IN, "{\"app\":\"web\"}", false},
    {"NotIn: other", NOT_IN, "{\"app\":\"db\"}", true},
    {"NotIn: absent", NOT_IN, "{}", true},
    {"Exists: there", EXISTS, "{\"app\":\"\"}", true},
    {"Exists: absent", EXISTS, "{\"apps\":\"x\"}", false},
    {"DoesNotExist: there", IS_NOT, "{\"app\":\"\"}", false},
    {"DoesNotExist: absent", IS_NOT, "null", true},
    {"both kinds, both met", BOTH, "{\"app\":\"web\"}", true},
    {"both kinds, one not met", BOTH, "{\"app\":\"web\",\"old\":\"1\"}", false},
    {"two on one key, allowed", TWO_ON_ONE_KEY, "{\"app\":\"a\"}", true},
    {"two on one key, taken out", TWO_ON_ONE_KEY, "{\"app\":\"b\"}", false},
};

TEST(matching)
{
    for (size_t i = 0; i < BNC_LEN(matches); i++) {
        BNC_AUTO(bnc_arena) arena = bnc_arena_new();
        bnc_test_row(matches[i].name);
        struct bnc_selector *s = selector(arena, matches[i].selector);
        cJSON *labels = parse(arena, matches[i].labels);
        CHECK_INT(bnc_selector_match(s, labels), matches[i].matches);
        CHECK_INT(bnc_selector_why_not(s, labels, arena) == NULL, matches[i].matches);
    }
}

TEST(no_selector_matches_nothing)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    cJSON *labels = parse(arena, "{\"a\":\"b\"}");
    CHECK(!bnc_selector_match(NULL, labels));
    CHECK(!bnc_selector_match(NULL, NULL));
    CHECK_STR(bnc_selector_why_not(NULL, labels, arena), "no selector");
    CHECK_STR(bnc_selector_text(NULL, arena), "nothing");
    CHECK(bnc_selector_match(selector(arena, "{}"), NULL));
}

static const struct {
    const char *selector;
    const char *text;
} texts[] = {
    {"{}", "everything"},
    {"{\"matchLabels\":{},\"matchExpressions\":[]}", "everything"},
    {"{\"matchLabels\":{\"tier\":\"front\",\"app\":\"web\"}}", "app=web,tier=front"},
    {IN, "app in (api,web)"},
    {NOT_IN, "app notin (api,web)"},
    {EXISTS, "app"},
    {IS_NOT, "!app"},
    {BOTH, "app=web,!old"},
    {EXPRESSION("a", "In", ",\"values\":[\"x\",\"x\"]"), "a=x"},
    {EXPRESSION("a", "NotIn", ",\"values\":[\"x\"]"), "a notin (x)"},
};

TEST(as_text)
{
    for (size_t i = 0; i < BNC_LEN(texts); i++) {
        BNC_AUTO(bnc_arena) arena = bnc_arena_new();
        bnc_test_row(texts[i].selector);
        CHECK_STR(bnc_selector_text(selector(arena, texts[i].selector), arena),
                  texts[i].text);
    }
}

TEST(why_not)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    cJSON *labels = parse(arena, "{\"app\":\"web\",\"old\":\"1\"}");
    CHECK_STR(bnc_selector_why_not(selector(arena, BOTH), labels, arena), "!old");
}

static const struct {
    const char *name;
    const char *selector;
    const char *want; /* the first diagnostic */
} wrong[] = {
    {"key", "{\"matchLabels\":{\"a b\":\"c\"}}",
     "s.matchLabels[\"a b\"]: the name \"a b\" is not valid; use the key of a label, as "
     "app "
     "or "
     "app.kubernetes.io/name"},
    {"value", "{\"matchLabels\":{\"a\":\"b c\"}}",
     "s.matchLabels[\"a\"]: \"b c\" is no value of a label; use letters, digits, \"-\", "
     "\"_\" "
     "and \".\", at most 63, a letter or digit at both ends"},
    {"value is a number", "{\"matchLabels\":{\"a\":1}}",
     "s.matchLabels[\"a\"]: 1 has the wrong type; put it in quotes: \"1\""},
    {"operator", EXPRESSION("a", "Equals", ",\"values\":[\"b\"]"),
     "s.matchExpressions[0].operator: \"Equals\" is none of the known values; use one of "
     "In, NotIn, Exists, DoesNotExist"},
    {"operator in lower case", EXPRESSION("a", "in", ",\"values\":[\"b\"]"),
     "s.matchExpressions[0].operator: \"in\" is none of the known values; did you mean "
     "\"In\"?"},
    {"no operator", "{\"matchExpressions\":[{\"key\":\"a\"}]}",
     "s.matchExpressions[0].operator: the field is required; set it"},
    {"no key", "{\"matchExpressions\":[{\"operator\":\"Exists\"}]}",
     "s.matchExpressions[0].key: the field is required; set it"},
    {"In without values", EXPRESSION("a", "In", ""),
     "s.matchExpressions[0].values: In needs values; give at least one value"},
    {"In with empty values", EXPRESSION("a", "In", ",\"values\":[]"),
     "s.matchExpressions[0].values: In needs values; give at least one value"},
    {"NotIn without values", EXPRESSION("a", "NotIn", ""),
     "s.matchExpressions[0].values: NotIn needs values; give at least one value"},
    {"Exists with values", EXPRESSION("a", "Exists", ",\"values\":[\"b\"]"),
     "s.matchExpressions[0].values: Exists takes no values; remove them"},
    {"DoesNotExist with values", EXPRESSION("a", "DoesNotExist", ",\"values\":[\"b\"]"),
     "s.matchExpressions[0].values: DoesNotExist takes no values; remove them"},
    {"bad value in a list", EXPRESSION("a", "In", ",\"values\":[\"b\",\"-\"]"),
     "s.matchExpressions[0].values[1]: \"-\" is no value of a label; use letters, "
     "digits, "
     "\"-\", \"_\" and \".\", at most 63, a letter or digit at both ends"},
    {"values of the wrong type", EXPRESSION("a", "In", ",\"values\":[1]"),
     "s.matchExpressions[0].values[0]: 1 has the wrong type; put it in quotes: \"1\""},
    {"labels directly", "{\"app\":\"web\"}", "s.app: unknown field \"app\"; remove it"},
};

TEST(every_wrong_selector)
{
    for (size_t i = 0; i < BNC_LEN(wrong); i++) {
        BNC_AUTO(bnc_arena) arena = bnc_arena_new();
        struct bnc_diags diags = bnc_diags_new(arena);
        bnc_test_row(wrong[i].name);
        CHECK(bnc_selector_decode(parse(arena, wrong[i].selector), "s", &diags) != NULL);
        CHECK_INT(diags.errors, 1);
        CHECK_STR(bnc_diag_text(&diags.items[0], arena), wrong[i].want);
    }
}

static const struct {
    const char *name;
    const char *a;
    const char *b;
    bool disjoint;
} pairs[] = {
    {"everything and everything", "{}", "{}", false},
    {"everything and one", "{}", "{\"matchLabels\":{\"a\":\"1\"}}", false},
    {"same", "{\"matchLabels\":{\"a\":\"1\"}}", "{\"matchLabels\":{\"a\":\"1\"}}", false},
    {"other value", "{\"matchLabels\":{\"a\":\"1\"}}", "{\"matchLabels\":{\"a\":\"2\"}}",
     true},
    {"other key", "{\"matchLabels\":{\"a\":\"1\"}}", "{\"matchLabels\":{\"b\":\"2\"}}",
     false},
    {"In and its NotIn", IN, NOT_IN, true},
    {"In and a narrower NotIn", IN, EXPRESSION("app", "NotIn", ",\"values\":[\"web\"]"),
     false},
    {"Exists and DoesNotExist", EXISTS, IS_NOT, true},
    {"In and DoesNotExist", IN, IS_NOT, true},
    {"NotIn and DoesNotExist", NOT_IN, IS_NOT, false},
    {"NotIn and Exists", NOT_IN, EXISTS, false},
    {"NotIn and NotIn", NOT_IN, NOT_IN, false},
    {"impossible by itself",
     "{\"matchLabels\":{\"app\":\"c\"},\"matchExpressions\":[{\"key\":\"app\","
     "\"operator\":\"NotIn\",\"values\":[\"c\"]}]}",
     "{}", true},
};

TEST(disjoint)
{
    for (size_t i = 0; i < BNC_LEN(pairs); i++) {
        BNC_AUTO(bnc_arena) arena = bnc_arena_new();
        bnc_test_row(pairs[i].name);
        struct bnc_selector *a = selector(arena, pairs[i].a);
        struct bnc_selector *b = selector(arena, pairs[i].b);
        CHECK_INT(bnc_selector_disjoint(a, b), pairs[i].disjoint);
        CHECK_INT(bnc_selector_disjoint(b, a), pairs[i].disjoint);
        CHECK(bnc_selector_disjoint(a, NULL));
    }
}

RUN_TESTS(matching, no_selector_matches_nothing, as_text, why_not, every_wrong_selector,
          disjoint)
