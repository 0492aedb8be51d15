#include "render/strategies.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define ALL 10000 /* 100 % */

/* Every failure but the size ends the rendering at once. */
struct writer {
    struct bnc_str text;
    struct bnc_arena *arena;
    struct bnc_error *err;
};

static enum bnc_code
check_name(const char *what, const char *name, struct bnc_error *err)
{
    if (name == NULL || *name == '\0') {
        return bnc_fail(err, BNC_INVALID, "%s without a name", what);
    }
    if (!bnc_utf8_valid(name, strlen(name))) {
        return bnc_fail(err, BNC_INVALID, "the name of %s is not UTF-8", what);
    }
    return BNC_OK;
}

/* The fields that every strategy has; `percent` as a ratio without a zero at its end. */
static enum bnc_code
put_sampler(struct writer *w, int64_t percent, const char *between)
{
    if (percent < 0 || percent > ALL) {
        return bnc_fail(w->err, BNC_INVALID, "%" PRId64 " is outside of 0 to 100 %%",
                        percent);
    }
    bnc_str_fmt(&w->text, "\"type\": \"probabilistic\",%s\"param\": ", between);
    if (percent % ALL == 0) {
        bnc_str_fmt(&w->text, "%" PRId64, percent / ALL);
        return BNC_OK;
    }
    int decimals = 4;
    for (; percent % 10 == 0; percent /= 10) {
        decimals--;
    }
    bnc_str_fmt(&w->text, "0.%0*" PRId64, decimals, percent);
    return BNC_OK;
}

static int
compare_operations(const void *a, const void *b)
{
    const struct bnc_strategy_operation *one = a;
    const struct bnc_strategy_operation *other = b;
    return strcmp(one->operation, other->operation);
}

static int
compare_services(const void *a, const void *b)
{
    const struct bnc_strategy *one = a;
    const struct bnc_strategy *other = b;
    return strcmp(one->service, other->service);
}

/* The list of operations, if there are any, at the end of an object at `indent`. */
static enum bnc_code
put_operations(struct writer *w, const struct bnc_strategy_operation *operations,
               size_t n, const char *indent)
{
    if (n == 0) {
        return BNC_OK;
    }
    struct bnc_strategy_operation *sorted =
        bnc_arena_array(w->arena, n, sizeof(*operations));
    for (size_t i = 0; i < n; i++) {
        if (check_name("an operation", operations[i].operation, w->err)) {
            return w->err->code;
        }
        sorted[i] = operations[i];
    }
    qsort(sorted, n, sizeof(*sorted), compare_operations);

    bnc_str_fmt(&w->text, ",\n%s\"operation_strategies\": [", indent);
    for (size_t i = 0; i < n; i++) {
        if (i > 0 && compare_operations(&sorted[i - 1], &sorted[i]) == 0) {
            return bnc_fail(w->err, BNC_INVALID, "operation \"%s\" is there twice",
                            sorted[i].operation);
        }
        bnc_str_fmt(&w->text, "%s\n%s  {\"operation\": ", i > 0 ? "," : "", indent);
        bnc_str_json(&w->text, sorted[i].operation);
        bnc_str_puts(&w->text, ", ");
        if (put_sampler(w, sorted[i].percent, " ")) {
            return bnc_wrap(w->err, "operation \"%s\"", sorted[i].operation);
        }
        bnc_str_putc(&w->text, '}');
    }
    bnc_str_fmt(&w->text, "\n%s]", indent);
    return BNC_OK;
}

static enum bnc_code
put_service(struct writer *w, const struct bnc_strategy *strategy)
{
    bnc_str_puts(&w->text, "\n    {\n      \"service\": ");
    bnc_str_json(&w->text, strategy->service);
    bnc_str_puts(&w->text, ",\n      ");
    if (put_sampler(w, strategy->percent, "\n      ") ||
        put_operations(w, strategy->operations, strategy->n_operations, "      ")) {
        return bnc_wrap(w->err, "service \"%s\"", strategy->service);
    }
    bnc_str_puts(&w->text, "\n    }");
    return BNC_OK;
}

static enum bnc_code
put_services(struct writer *w, const struct bnc_strategy *items, size_t n)
{
    struct bnc_strategy *sorted = bnc_arena_array(w->arena, n, sizeof(*items));
    for (size_t i = 0; i < n; i++) {
        if (check_name("a service", items[i].service, w->err)) {
            return w->err->code;
        }
        sorted[i] = items[i];
    }
    if (n > 0) { /* C11 7.22.5.2 wants an array, even for nothing */
        qsort(sorted, n, sizeof(*sorted), compare_services);
    }

    bnc_str_puts(&w->text, "  \"service_strategies\": [");
    for (size_t i = 0; i < n; i++) {
        if (i > 0 && compare_services(&sorted[i - 1], &sorted[i]) == 0) {
            return bnc_fail(w->err, BNC_INVALID, "service \"%s\" is there twice",
                            sorted[i].service);
        }
        bnc_str_puts(&w->text, i > 0 ? "," : "");
        if (put_service(w, &sorted[i])) {
            return w->err->code;
        }
    }
    bnc_str_puts(&w->text, n > 0 ? "\n  ]" : "]");
    return BNC_OK;
}

enum bnc_code
bnc_strategies_render(const struct bnc_strategies *strategies, struct bnc_arena *arena,
                      struct bnc_bytes *out, struct bnc_error *err)
{
    struct writer w = {
        .text = bnc_str_new(arena, BNC_STRATEGIES_MAX), .arena = arena, .err = err};

    bnc_str_puts(&w.text, "{\n  \"default_strategy\": {\n    ");
    if (put_sampler(&w, strategies->default_percent, "\n    ") ||
        put_operations(&w, strategies->default_operations,
                       strategies->n_default_operations, "    ")) {
        return bnc_wrap(err, "the default strategy");
    }
    bnc_str_puts(&w.text, "\n  },\n");
    if (put_services(&w, strategies->items, strategies->n)) {
        return err->code;
    }
    bnc_str_puts(&w.text, "\n}\n");
    if (bnc_str_check(&w.text, "the file of sampling strategies", err)) {
        return err->code;
    }
    *out = (struct bnc_bytes){.ptr = w.text.ptr, .len = w.text.len};
    return BNC_OK;
}
