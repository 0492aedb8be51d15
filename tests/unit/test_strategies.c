#include "render/strategies.h"

#include "lib/json.h"
#include "tests/unit/test.h"

static const char *
render(const struct bnc_strategies *strategies, struct bnc_arena *arena)
{
    struct bnc_bytes out = {0};
    struct bnc_error err = {0};

    if (bnc_strategies_render(strategies, arena, &out, &err)) {
        return bnc_arena_strdup(arena, err.message);
    }
    CHECK_INT(out.len, strlen(out.ptr));
    return out.ptr;
}

TEST(nothing_but_a_default)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    struct bnc_strategies strategies = {.default_percent = 100};

    CHECK_STR(render(&strategies, arena), "{\n"
                                          "  \"default_strategy\": {\n"
                                          "    \"type\": \"probabilistic\",\n"
                                          "    \"param\": 0.01\n"
                                          "  },\n"
                                          "  \"service_strategies\": []\n"
                                          "}\n");
}

#define WHOLE                                                                            \
    "{\n"                                                                                \
    "  \"default_strategy\": {\n"                                                        \
    "    \"type\": \"probabilistic\",\n"                                                 \
    "    \"param\": 0.01,\n"                                                             \
    "    \"operation_strategies\": [\n"                                                  \
    "      {\"operation\": \"GET /healthz\", \"type\": \"probabilistic\", "              \
    "\"param\": 0}\n"                                                                    \
    "    ]\n"                                                                            \
    "  },\n"                                                                             \
    "  \"service_strategies\": [\n"                                                      \
    "    {\n"                                                                            \
    "      \"service\": \"Zoo\",\n"                                                      \
    "      \"type\": \"probabilistic\",\n"                                               \
    "      \"param\": 1\n"                                                               \
    "    },\n"                                                                           \
    "    {\n"                                                                            \
    "      \"service\": \"checkout\",\n"                                                 \
    "      \"type\": \"probabilistic\",\n"                                               \
    "      \"param\": 0.125,\n"                                                          \
    "      \"operation_strategies\": [\n"                                                \
    "        {\"operation\": \"GET \\\"a\\\"\", \"type\": \"probabilistic\", "           \
    "\"param\": 0.5},\n"                                                                 \
    "        {\"operation\": \"POST /pay\", \"type\": \"probabilistic\", "               \
    "\"param\": 0.0001}\n"                                                               \
    "      ]\n"                                                                          \
    "    }\n"                                                                            \
    "  ]\n"                                                                              \
    "}\n"

TEST(any_order_gives_the_same_bytes)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    struct bnc_strategy_operation health = {"GET /healthz", 0};
    struct bnc_strategy_operation operations[] = {{"POST /pay", 1}, {"GET \"a\"", 5000}};
    struct bnc_strategy_operation turned[] = {operations[1], operations[0]};
    struct bnc_strategy items[] = {
        {.service = "checkout", 1250, operations, BNC_LEN(operations)},
        {.service = "Zoo", .percent = 10000}};
    struct bnc_strategy swapped[] = {items[1], items[0]};
    swapped[1].operations = turned;
    struct bnc_strategies strategies = {100, &health, 1, items, BNC_LEN(items)};
    struct bnc_strategies other = {100, &health, 1, swapped, BNC_LEN(swapped)};

    CHECK_STR(render(&strategies, arena), WHOLE);
    CHECK_STR(render(&other, arena), WHOLE);
    CHECK_STR(items[0].service, "checkout"); /* the caller's order is its own */
    CHECK_STR(operations[0].operation, "POST /pay");
}

static const struct {
    int64_t percent;
    const char *param;
} ratios[] = {
    {0, "0"},         {1, "0.0001"},   {10, "0.001"},    {25, "0.0025"},
    {100, "0.01"},    {125, "0.0125"}, {1000, "0.1"},    {1230, "0.123"},
    {1234, "0.1234"}, {5000, "0.5"},   {9999, "0.9999"}, {10000, "1"},
};

TEST(ratio_is_the_shortest_decimal)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();

    for (size_t i = 0; i < BNC_LEN(ratios); i++) {
        struct bnc_strategies strategies = {.default_percent = ratios[i].percent};
        const char *want = bnc_arena_fmt(arena, "\"param\": %s\n", ratios[i].param);

        bnc_test_row(ratios[i].param);
        CHECK(strstr(render(&strategies, arena), want) != NULL);
    }
}

/* Every one of the 10 001 values is JSON, and the number that was meant. */
TEST(every_ratio_reads_back)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();

    for (int64_t percent = 0; percent <= 10000; percent++) {
        struct bnc_strategies strategies = {.default_percent = percent};
        const char *text = render(&strategies, arena);
        struct bnc_error err = {0};
        cJSON *tree = NULL;

        CHECK_INT(bnc_json_parse(arena, text, strlen(text), &tree, &err), BNC_OK);
        double param =
            bnc_json_path(tree, "default_strategy", "param", NULL)->valuedouble;
        CHECK_INT((int64_t)(param * 10000 + 0.5), percent);
        bnc_arena_reset(arena);
    }
}

#define PAY                                                                              \
    {                                                                                    \
        "pay", 1                                                                         \
    }
static const struct bnc_strategy_operation twice[] = {PAY, {"a", 2}, PAY};
static const struct bnc_strategy_operation unnamed[] = {{"", 1}};
static const struct bnc_strategy_operation much[] = {{"a", 10001}};
static const struct bnc_strategy same[] = {
    {.service = "b"}, {.service = "a"}, {.service = "b"}};

static const struct {
    const char *name;
    const char *message;
    struct bnc_strategies strategies;
} refused[] = {
    {"above 100 %",
     "the default strategy: 10001 is outside of 0 to 100 %",
     {.default_percent = 10001}},
    {"below 0",
     "service \"a\": -1 is outside of 0 to 100 %",
     {.items = &(struct bnc_strategy){.service = "a", .percent = -1}, .n = 1}},
    {"operation above 100 %",
     "service \"a\": operation \"a\": 10001 is outside of 0 to 100 %",
     {.items = &(struct bnc_strategy){"a", 1, much, 1}, .n = 1}},
    {"service twice", "service \"b\" is there twice", {.items = same, .n = 3}},
    {"operation twice",
     "service \"a\": operation \"pay\" is there twice",
     {.items = &(struct bnc_strategy){"a", 1, twice, 3}, .n = 1}},
    {"default operation twice",
     "the default strategy: operation \"pay\" is there twice",
     {.default_operations = twice, .n_default_operations = 3}},
    {"service without a name",
     "a service without a name",
     {.items = &(struct bnc_strategy){.service = NULL}, .n = 1}},
    {"operation without a name",
     "the default strategy: an operation without a name",
     {.default_operations = unnamed, .n_default_operations = 1}},
    {"no UTF-8",
     "the name of a service is not UTF-8",
     {.items = &(struct bnc_strategy){.service = "a\xff"}, .n = 1}},
};

TEST(wrong_input_is_refused)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();

    for (size_t i = 0; i < BNC_LEN(refused); i++) {
        struct bnc_bytes out = {.len = 7};
        struct bnc_error err = {0};

        bnc_test_row(refused[i].name);
        CHECK_INT(bnc_strategies_render(&refused[i].strategies, arena, &out, &err),
                  BNC_INVALID);
        CHECK_STR(err.message, refused[i].message);
        CHECK_INT(out.len, 7);
    }
}

TEST(too_big)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    size_t n = BNC_STRATEGIES_MAX / 80;
    struct bnc_strategy *items = bnc_arena_array(arena, n, sizeof(*items));
    for (size_t i = 0; i < n; i++) {
        items[i] = (struct bnc_strategy){
            .service = bnc_arena_fmt(arena, "service-%zu", i), .percent = 1000};
    }
    struct bnc_strategies strategies = {.items = items, .n = n};
    struct bnc_bytes out = {0};
    struct bnc_error err = {0};

    CHECK_INT(bnc_strategies_render(&strategies, arena, &out, &err), BNC_TOO_BIG);
    strategies.n = n / 2;
    CHECK_INT(bnc_strategies_render(&strategies, arena, &out, &err), BNC_OK);
}

RUN_TESTS(nothing_but_a_default, any_order_gives_the_same_bytes,
          ratio_is_the_shortest_decimal, every_ratio_reads_back, wrong_input_is_refused,
          too_big)
