/*
 * Any text as an expression, for several releases: what is taken prints as text that is
 * taken and prints the same; what is refused has a place and words.
 */
#include "promql/enforce.h"
#include "promql/print.h"
#include "promql/promql.h"
#include "tests/fuzz/fuzz.h"

#define PRINT_MAX ((size_t)4 << 20)

static void
require_problem(const struct bnc_promql_problem *problem, size_t n)
{
    require(problem->line >= 1 && problem->column >= 1);
    require(problem->start <= problem->end && problem->end <= n);
    require(bnc_utf8_valid(problem->message, strlen(problem->message)));
    for (const char *p = problem->message; *p != '\0'; p++) {
        require((unsigned char)*p >= ' ' && *p != 0x7f);
    }
}

static struct bnc_bytes
print(const struct bnc_promql *expr, struct bnc_arena *arena)
{
    struct bnc_str out = bnc_str_new(arena, PRINT_MAX);
    bnc_promql_print(expr, &out);
    return out.too_big ? (struct bnc_bytes){NULL, 0}
                       : (struct bnc_bytes){out.ptr, out.len};
}

/*
 * Prometheus' canonical text of an offset need not mean the same when it is read again:
 * `x offset --5m + 1m` becomes `x offset 5m + 1m`, a sum; and x[1e-10] becomes x[0s],
 * info(x, {}) becomes info(x, ): these are refused.  Others are read as they are.
 */
static void
check_again(struct bnc_bytes text, const struct bnc_promql_options *options,
            struct bnc_arena *arena)
{
    struct bnc_promql_problem problem = {0};

    if (text.ptr == NULL || text.len > BNC_PROMQL_TEXT_MAX) {
        return;
    }
    const struct bnc_promql *expr = bnc_promql_parse(text, options, arena, &problem);
    if (expr == NULL) {
        require_problem(&problem, text.len);
        require(strstr(text.ptr, " offset ") != NULL || strstr(text.ptr, "0s") != NULL ||
                strstr(text.ptr, "info(") != NULL);
        return;
    }
    struct bnc_bytes again = print(expr, arena);
    bool same = again.len == text.len && memcmp(again.ptr, text.ptr, text.len) == 0;
    require(same || strstr(text.ptr, " offset ") != NULL);
}

static void
check(struct bnc_bytes text, const struct bnc_promql_options *options,
      struct bnc_arena *arena)
{
    static const struct bnc_bytes label = {"namespace", 9};
    struct bnc_promql_problem problem = {0};
    size_t effort = 0;
    struct bnc_promql_options own = *options;

    own.effort = &effort;
    struct bnc_promql *expr = bnc_promql_parse(text, &own, arena, &problem);
    if (expr == NULL) {
        require_problem(&problem, text.len);
        return;
    }
    require(expr->root->end <= text.len && expr->root->start <= expr->root->end);
    struct bnc_bytes printed = print(expr, arena);
    check_again(printed, &own, arena);
    bnc_promql_enforce(expr, label, text, BNC_PROMQL_REACH_ALL, arena);
    check_again(print(expr, arena), &own, arena);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static const struct bnc_version old = {2, 42, 0};
    static const struct bnc_version middle = {3, 6, 0};
    static const struct bnc_promql_options all[] = {
        {.experimental_functions = true, .fill_modifiers = true},
        {.experimental_functions = true, .fill_modifiers = true, .unquoted_names = true},
        {.version = &old},
        {.version = &middle, .experimental_duration_expr = true, .legacy_names = true},
    };
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    const struct bnc_bytes text = {bnc_arena_strndup(arena, (const char *)data, n), n};
    struct bnc_promql_problem problem = {0};

    for (size_t i = 0; i < BNC_LEN(all); i++) {
        check(text, &all[i], arena);
    }
    if (bnc_promql_selector_parse(text, &all[0], arena, &problem) == NULL) {
        require_problem(&problem, n);
    }
    return 0;
}
