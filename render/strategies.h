/*
 * Jaeger's file of sampling strategies: what clients of its remote sampling are told,
 * by service and by operation.
 */
#ifndef BNC_RENDER_STRATEGIES_H
#define BNC_RENDER_STRATEGIES_H

#include "lib/arena.h"
#include "lib/error.h"
#include "lib/str.h"

/* Below the 1 MiB of a ConfigMap, which holds more than the file. */
#define BNC_STRATEGIES_MAX ((size_t)900 * 1024)

/* Units: hundredths of 1 %, as bnc_percent_parse() gives them. */
struct bnc_strategy_operation {
    const char *operation; /* the name of a span, compared whole */
    int64_t percent;
};

struct bnc_strategy {
    const char *service; /* OTEL_SERVICE_NAME of the client */
    int64_t percent;
    const struct bnc_strategy_operation *operations;
    size_t n_operations;
};

/*
 * What Jaeger makes of it: a service that is not listed gets the default whole.  One that
 * is listed keeps its own percent and its own operations, and has the default's
 * operations besides, where it does not name them itself.
 */
struct bnc_strategies {
    int64_t default_percent;
    const struct bnc_strategy_operation *default_operations;
    size_t n_default_operations;
    const struct bnc_strategy *items;
    size_t n;
};

/*
 * The whole file as JSON, a line for each value, services and operations in byte order:
 * the same bytes for any order of the input.  All is probabilistic: Jaeger cuts a rate
 * limit down to whole traces a second, and takes none for an operation.
 * Owns:   `out` lives in `arena`.
 * Errors: INVALID for a percentage outside of 0 to 100 %, a name that is empty, no UTF-8
 *         or there twice; TOO_BIG over BNC_STRATEGIES_MAX.
 */
enum bnc_code
bnc_strategies_render(const struct bnc_strategies *strategies, struct bnc_arena *arena,
                      struct bnc_bytes *out, struct bnc_error *err) BNC_MUST_CHECK;

#endif
