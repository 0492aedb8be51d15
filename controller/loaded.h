/*
 * What the running servers have loaded, by what each binnacle sync says in
 * status.prometheus.instances, against what is published.
 */
#ifndef BNC_CONTROLLER_LOADED_H
#define BNC_CONTROLLER_LOADED_H

#include "controller/status.h"

#define BNC_INSTANCE_FRESH_MS 300000 /* an older report does not count */

struct bnc_blamed {
    size_t verdict;
    const char *why; /* in the words of the instance that says so */
};

struct bnc_loaded {
    struct bnc_condition condition; /* type Loaded */
    bool done;                      /* every instance runs what is desired now */
    bool failed;                    /* one at least says that it cannot */
    cJSON *block;                   /* status.prometheus.loaded; NULL: nobody reports */
    struct bnc_blamed *blamed;      /* whose jobs or rules are refused */
    size_t n_blamed;
    int64_t expires_ms; /* wall clock: when the first report gets old; 0: none is */
};

/* Read the live status.  `out` lives in `arena` and borrows from the result. */
void bnc_loaded_read(const struct bnc_result *result, int64_t wall_ms,
                     struct bnc_arena *arena, struct bnc_loaded *out);

/* Why a job or rule group of this verdict of the result's plan is refused; NULL: none is.
 */
const char *
bnc_loaded_blame(const struct bnc_loaded *loaded, const struct bnc_result *result,
                 const struct bnc_verdict *verdict);

#endif
